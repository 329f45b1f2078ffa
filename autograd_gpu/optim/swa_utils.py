"""Averages of a model's weights over training: equal ones (stochastic weight averaging, Izmailov et al. 2018) and
exponential ones (EMA)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.modes import no_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.nn.module import Module
from autograd_gpu.nn.norm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from autograd_gpu.optim.lr_scheduler import LRScheduler
from autograd_gpu.tensor import Tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The `avg_fn` of an exponential average: ``decay * average + (1 - decay) * present``.

    Raises:
        ValueError: `decay` is not in [0, 1].
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(average: Tensor, present: Tensor, count: Any) -> Tensor:
        return decay * average + (1 - decay) * present

    return ema_update


def get_swa_avg_fn() -> Average:
    """The `avg_fn` of an equal average."""

    @no_grad()
    def swa_update(average: Tensor, present: Tensor, count: Any) -> Tensor:
        result: Tensor = average + (present - average) / (count + 1)
        return result

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """The `multi_avg_fn` of an exponential average, which changes all averages in place.

    Raises:
        ValueError: `decay` is not in [0, 1].
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(averages: Sequence[Tensor], presents: Sequence[Tensor], count: Any) -> None:
        for average, present in zip(averages, presents, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(present, 1 - decay)
            else:
                average.copy_(average * decay + present * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> MultiAverage:
    """The `multi_avg_fn` of an equal average, which changes all averages in place."""

    @no_grad()
    def swa_update(averages: Sequence[Tensor], presents: Sequence[Tensor], count: Any) -> None:
        for average, present in zip(averages, presents, strict=True):
            average.copy_(average + (present - average) / (count + 1))

    return swa_update


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.{errors.here()}"
        )


class AveragedModel(Module):
    """A copy of a model, `module`, whose parameters are averages; calling it calls the copy.

    Args:
        model: the model, which is copied.
        device: where the copy is.
        avg_fn: (average, present, how many came before) -> new average, for each parameter; default: the equal
            average.
        multi_avg_fn: the same for all parameters at once, in place.
        use_buffers: whether buffers are averaged, too; otherwise they are copied.

    Raises:
        AssertionError: both `avg_fn` and `multi_avg_fn`.

    >>> model = ag.nn.Linear(1, 1, bias=False)
    >>> average = ag.optim.swa_utils.AveragedModel(model)
    >>> for value in (1.0, 3.0):
    ...     model.weight.data.fill_(value)
    ...     average.update_parameters(model)
    tensor([[1.]])
    tensor([[3.]])
    >>> average(ag.ones(1, 1))
    tensor([[2.]], grad_fn=<MmBackward0>)
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError(f"Only one of avg_fn and multi_avg_fn should be provided{errors.here()}")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", FUNCTIONS["tensor"](0, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def _averaged(self, module: Module) -> list[Tensor]:
        buffers = module.buffers() if self.use_buffers else ()
        return [tensor.detach() for tensor in itertools.chain(module.parameters(), buffers)]

    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of `model` into the averages."""
        averages = self._averaged(self.module)
        presents = [
            present.to(average.device)
            for present, average in zip(self._averaged(model), averages, strict=True)
        ]
        with no_grad():
            if int(self.n_averaged) == 0:
                for average, present in zip(averages, presents, strict=True):
                    average.copy_(present)
            elif self.avg_fn is None:
                (self.multi_avg_fn or get_swa_multi_avg_fn())(averages, presents, self.n_averaged)
            else:
                for average, present in zip(averages, presents, strict=True):
                    average.copy_(self.avg_fn(average, present, self.n_averaged.to(average.device)))
            if not self.use_buffers:
                for mine, theirs in zip(self.module.buffers(), model.buffers(), strict=True):
                    mine.detach().copy_(theirs.detach())
            self.n_averaged += 1


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of all batch normalisations of a model anew, over one pass of data.

    Args:
        loader: batches; of a list or tuple, the first entry is the model's input.
        model: the model; its training mode is as it was afterwards.
        device: where inputs are moved to.
    """
    momenta: dict[Any, float | None] = {}
    for module in model.modules():
        if isinstance(module, (BatchNorm1d, BatchNorm2d, BatchNorm3d)):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.momentum = None  # the plain mean over all batches
    with no_grad():
        for batch in loader:
            input = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(input if device is None else input.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Moves the learning rate of each group to a fixed one over some steps, and keeps it there.

    Args:
        optimizer: the optimiser.
        swa_lr: the learning rate to reach, for all groups or one each.
        anneal_epochs: over how many steps.
        anneal_strategy: "cos" or "linear".
        last_epoch: the step to go on after; -1: from the beginning.

    Raises:
        ValueError: an unknown strategy, or a number of steps that is not a non-negative integer.

    >>> optimizer = ag.optim.SGD(ag.nn.Linear(1, 1).parameters(), lr=1.0)
    >>> schedule = ag.optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
    [0.75]
    """

    def __init__(
        self,
        optimizer: Any,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        groups = optimizer.param_groups
        rates = list(swa_lr) if isinstance(swa_lr, (list, tuple)) else [swa_lr] * len(groups)
        if len(rates) != len(groups):
            raise ValueError(
                f"swa_lr must have the same length as optimizer.param_groups: swa_lr has {len(rates)}, "
                f"optimizer.param_groups has {len(groups)}{errors.here()}"
            )
        for rate, group in zip(rates, groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}{errors.here()}"
            )
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(
                f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}{errors.here()}"
            )
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _way(self, step: int) -> float:
        """Which part of the way is done after a step."""
        part = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return part if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * part)) / 2

    def get_lr(self) -> list[Any]:
        """The rate of each group: from where it was before the last step, on to the next part of the way."""
        step = self.last_epoch if self.anneal_epochs else max(1, self.last_epoch)
        before, now = self._way(max(0, step - 1)), self._way(step)
        rates = []
        for group in self.optimizer.param_groups:
            rate, goal = group["lr"], group["swa_lr"]
            start = rate if before == 1 else (rate - before * goal) / (1 - before)
            rates.append(goal * now + start * (1 - now))
        return rates
