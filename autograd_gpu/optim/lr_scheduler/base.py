"""What all learning rate schedulers have in common."""

from __future__ import annotations

import warnings
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.modes import no_grad
from autograd_gpu.optim.optimizer import Optimizer

__all__ = ["LRScheduler"]

WRONG_ORDER = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call them in the "
    "opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will result in "
    "skipping the first value of the learning rate schedule."
)
EPOCH_DEPRECATED = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. "
    "Please use `scheduler.step()` to step the scheduler."
)


class LRScheduler:
    """Base class of the schedulers: changes ``group["lr"]`` of an optimiser once per `step`.

    Making a scheduler does its first step. A subclass defines `get_lr`, which gives the new rates; the
    formulas of the built-in ones start from the rates as they are, so that several schedulers can work on one
    optimiser.

    Args:
        optimizer: whose rates are changed.
        last_epoch: number of the last epoch done; -1: start anew, from the rates that the optimiser has now.
    """

    #: whether the step is the one that making the scheduler does
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = require_optimizer(optimizer)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, rates(optimizer), strict=True):
                group.setdefault("initial_lr", rate)
        for number, group in enumerate(optimizer.param_groups):
            if "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{number}] when resuming scheduler "
                    "with last_epoch >= 0: load the optimizer's state_dict first, or use last_epoch=-1 for "
                    "a fresh run"
                )
        self.base_lrs = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[Any]:
        """The rates of `last_epoch`, one for each group."""
        raise NotImplementedError

    def get_last_lr(self) -> list[Any]:
        """The rates that the last step set."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch. Call it after the optimiser's step.

        Args:
            epoch: deprecated: the epoch to go to.
        """
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(WRONG_ORDER, UserWarning, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATED, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        closed_form = getattr(self, "_get_closed_form_lr", None)
        if epoch is None:
            self.last_epoch += 1
            values = self.get_lr()
        else:
            self.last_epoch = epoch
            values = self.get_lr() if closed_form is None else closed_form()
        self._set(values)

    def _set(self, values: list[Any]) -> None:
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            set_rate(group, value)
        self._last_lr = rates(self.optimizer)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the scheduler knows, but the optimiser."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.__dict__.update(state_dict)


def require_optimizer(value: Any) -> Optimizer:
    """TypeError unless it is one."""
    if not isinstance(value, Optimizer):
        raise TypeError(f"{type(value).__name__} is not an Optimizer{errors.here()}")
    return value


def copied(rate: Any) -> Any:
    """A rate that nobody else changes."""
    return rate.detach().clone() if isinstance(rate, Tensor) else rate


def rates(optimizer: Optimizer) -> list[Any]:
    """The rates as they are."""
    return [copied(group["lr"]) for group in optimizer.param_groups]


def set_rate(group: dict[str, Any], value: Any) -> None:
    """Set a group's rate; a tensor is filled, for others may hold it."""
    if isinstance(group["lr"], Tensor):
        with no_grad():
            group["lr"].fill_(value)
    else:
        group["lr"] = value


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """One value per group, from a list of them or one for all."""
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in range(count)]
    if len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
            f"param_groups has {count}.{errors.here()}"
        )
    return [copied(entry) for entry in value]


def set_momentum(group: dict[str, Any], value: float) -> None:
    """Set what plays the part of momentum: ``momentum``, or the first of ``betas``."""
    if "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


def prepare_momentum(optimizer: Optimizer, smallest: list[float], largest: list[float]) -> None:
    """Give each group the two ends of a momentum cycle, and the upper one to start from."""
    for group, low, high in zip(optimizer.param_groups, smallest, largest, strict=True):
        set_momentum(group, high)
        group["max_momentum"] = high
        group["base_momentum"] = low


def require_momentum(optimizer: Optimizer) -> None:
    """ValueError unless there is a momentum to cycle."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            f"optimizer must support momentum or beta1 with `cycle_momentum` option enabled{errors.here()}"
        )
