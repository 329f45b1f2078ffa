"""Schedules that go up and down: cosine with warm restarts, one cycle, many cycles."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

from autograd_gpu import errors
from autograd_gpu.optim.lr_scheduler.base import (
    LRScheduler,
    for_each_group,
    prepare_momentum,
    require_momentum,
    require_optimizer,
    set_momentum,
    set_rate,
)  # fmt: skip
from autograd_gpu.optim.optimizer import Optimizer

__all__ = ["CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR"]


class CosineAnnealingWarmRestarts(LRScheduler):
    """From the initial rate to `eta_min` along a cosine, again and again.

    Args:
        optimizer: whose rates are changed.
        T_0: epochs of the first descent.
        T_mult: how much longer each one is than the one before.
        eta_min: the lowest rate.
        last_epoch: see `LRScheduler`.

    `step` may be given a fraction of an epoch. Source: I. Loshchilov, F. Hutter, "SGDR", arXiv:1608.03983.

    >>> optimizer = ag.optim.SGD([ag.zeros(1)], lr=1.0)
    >>> scheduler = ag.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(scheduler.get_last_lr()[0], 6))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.5]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}{errors.here()}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}{errors.here()}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(
                f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}{errors.here()}"
            )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on to the next epoch, or to `epoch`, which may be a fraction."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}{errors.here()}")
        elif epoch < self.T_0:
            self.T_i = self.T_0
            self.T_cur = epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            restarts = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**restarts - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**restarts
        self.last_epoch = math.floor(epoch)
        self._set(self.get_lr())


class OneCycleLR(LRScheduler):
    """One cycle: up from ``max_lr / div_factor`` to `max_lr`, then down to ``max_lr / div_factor /
    final_div_factor``; the momentum goes the other way. One `step` per batch.

    Args:
        optimizer: whose rates are changed.
        max_lr: the highest rate, or a list of them, one for each group.
        total_steps: number of steps; or `epochs` and `steps_per_epoch`.
        pct_start: the part of the cycle that goes up.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether momentum (or beta1) moves between `base_momentum` and `max_momentum`.
        three_phase: go back down to where it started in the second phase, and to the lowest rate in a third
            one.
        last_epoch: see `LRScheduler`.

    Source: L. Smith, N. Topin, "Super-convergence", arXiv:1708.07120.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        require_optimizer(optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}{errors.here()}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "anneal_strategy must be one of 'cos' or 'linear', instead got "
                f"{anneal_strategy}{errors.here()}"
            )
        top = float(pct_start * self.total_steps) - 1
        #: (last step, lr at the start, lr at the end, momentum at the start, momentum at the end) of each
        #: phase
        self._schedule_phases: list[tuple[float, str, str, str, str]] = [
            (top, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        ]
        if three_phase:
            self._schedule_phases += [
                (
                    2 * float(pct_start * self.total_steps) - 2,
                    "max_lr",
                    "initial_lr",
                    "base_momentum",
                    "max_momentum",
                ),
                (self.total_steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        else:
            self._schedule_phases.append(
                (self.total_steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")
            )
        self._anneal_func_type = anneal_strategy
        self.cycle_momentum = cycle_momentum
        highest = for_each_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        if cycle_momentum:
            require_momentum(optimizer)
            largest = for_each_group("max_momentum", optimizer, max_momentum)
            smallest = for_each_group("base_momentum", optimizer, base_momentum)
            if last_epoch == -1:
                prepare_momentum(optimizer, smallest, largest)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, part: float) -> float:
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)

    def get_lr(self) -> list[Any]:
        number = self.last_epoch
        if number > self.total_steps:
            raise ValueError(
                f"Tried to step {number} times. The specified number of total steps is "
                f"{self.total_steps}{errors.here()}"
            )
        start = 0.0
        phase = self._schedule_phases[-1]
        for candidate in self._schedule_phases:
            if number <= candidate[0] or candidate is phase:
                phase = candidate
                break
            start = candidate[0]
        end, first_lr, last_lr, first_momentum, last_momentum = phase
        part = (number - start) / (end - start)
        values = []
        for group in self.optimizer.param_groups:
            values.append(self._between(group[first_lr], group[last_lr], part))
            if self.cycle_momentum:
                set_momentum(group, self._between(group[first_momentum], group[last_momentum], part))
        return values


def _total_steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    given = {"total_steps": total_steps}
    if total_steps is None:
        if epochs is None or steps_per_epoch is None:
            raise ValueError(
                f"You must define either total_steps OR (epochs AND steps_per_epoch){errors.here()}"
            )
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    for name, value in given.items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {value}{errors.here()}")
    return math.prod(given.values())


def _constant(gamma: float, x: float) -> float:
    return 1.0


def _halving(gamma: float, x: float) -> float:
    return math.pow(2.0, 1 - x)


def _power(gamma: float, x: float) -> float:
    return float(gamma**x)


#: mode: (what the height of a cycle is scaled with, of what number)
_SCALES: dict[str, tuple[Callable[[float, float], float], str]] = {
    "triangular": (_constant, "cycle"),
    "triangular2": (_halving, "cycle"),
    "exp_range": (_power, "iterations"),
}


class CyclicLR(LRScheduler):
    """Up and down between `base_lr` and `max_lr` again and again; the momentum goes the other way. One `step`
    per batch.

    Args:
        optimizer: whose rates are changed.
        base_lr, max_lr: lowest and highest rate, or lists of them.
        step_size_up, step_size_down: steps on the way up and down (default: as many).
        mode: "triangular": always as high; "triangular2": half as high each time; "exp_range": times gamma **
            steps.
        gamma: for "exp_range".
        scale_fn, scale_mode: a function of one's own of the number of the "cycle" or of "iterations", instead
            of a mode.
        cycle_momentum: whether momentum (or beta1) moves between `base_momentum` and `max_momentum`.
        last_epoch: see `LRScheduler`.

    Source: L. Smith, "Cyclical learning rates", arXiv:1506.01186.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:
        require_optimizer(optimizer)
        if mode not in _SCALES and scale_fn is None:
            raise ValueError(f"mode is invalid and scale_fn is None{errors.here()}")
        lowest = for_each_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, lowest, strict=True):
                set_rate(group, rate)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up) + float(down)
        self.step_ratio = float(step_size_up) / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else _SCALES[mode][1]
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            require_momentum(optimizer)
            self.base_momentums = for_each_group("base_momentum", optimizer, base_momentum)
            self.max_momentums = for_each_group("max_momentum", optimizer, max_momentum)
            if last_epoch == -1:
                prepare_momentum(optimizer, self.base_momentums, self.max_momentums)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> float:
        """What the height of a cycle is multiplied with."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return _SCALES[self.mode][0](self.gamma, x)

    def get_lr(self) -> list[Any]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            ends = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in ends:
                set_momentum(group, high - (high - low) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """As always; a function of one's own is left out, a callable object gives its attributes."""
        state = super().state_dict()
        function = state["_scale_fn_custom"]
        kept = function is not None and not isinstance(function, types.FunctionType)
        state["_scale_fn_custom"] = dict(vars(function)) if kept else None
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        super().load_state_dict(
            {key: value for key, value in state_dict.items() if key != "_scale_fn_custom"}
        )
        attributes = state_dict.get("_scale_fn_custom")
        if attributes is not None:
            vars(self._scale_fn_custom).update(attributes)
