"""Schedules without PyTorch at hand: chained steps equal the closed forms, ends, state, and the rules of
use."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.optim import SGD, lr_scheduler as schedules


def sgd(lr: float = 1.0) -> SGD:
    return SGD([ag.zeros(1)], lr=lr, momentum=0.9)


def run(make: Callable[[SGD], Any], steps: int) -> list[float]:
    optimizer = sgd()
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


FORMULAS: dict[str, tuple[Callable[[SGD], Any], Callable[[int], float]]] = {
    "LambdaLR": (lambda o: schedules.LambdaLR(o, lambda t: 1 / (1 + t)), lambda t: 1 / (1 + t)),
    "MultiplicativeLR": (lambda o: schedules.MultiplicativeLR(o, lambda t: 0.9), lambda t: 0.9**t),
    "StepLR": (lambda o: schedules.StepLR(o, 3, 0.5), lambda t: 0.5 ** (t // 3)),
    "MultiStepLR": (lambda o: schedules.MultiStepLR(o, [2, 5], 0.5), lambda t: 0.5 ** ((t >= 2) + (t >= 5))),
    "ConstantLR": (lambda o: schedules.ConstantLR(o, 0.25, 4), lambda t: 0.25 if t < 4 else 1.0),
    "LinearLR": (lambda o: schedules.LinearLR(o, 0.2, 1.0, 4), lambda t: 0.2 + 0.8 * min(t, 4) / 4),
    "ExponentialLR": (lambda o: schedules.ExponentialLR(o, 0.9), lambda t: 0.9**t),
    "PolynomialLR": (lambda o: schedules.PolynomialLR(o, 6, 2.0), lambda t: (1 - min(t, 6) / 6) ** 2),
    "CosineAnnealingLR": (
        lambda o: schedules.CosineAnnealingLR(o, 4, 0.1),
        lambda t: 0.1 + 0.9 * (1 + math.cos(math.pi * t / 4)) / 2,
    ),
    "CosineAnnealingWarmRestarts": (
        lambda o: schedules.CosineAnnealingWarmRestarts(o, 4),
        lambda t: (1 + math.cos(math.pi * (t % 4) / 4)) / 2,
    ),
    "CyclicLR": (lambda o: schedules.CyclicLR(o, 0.0, 1.0, 4), lambda t: 1 - abs(4 - t % 8) / 4),
    "Chained": (
        lambda o: schedules.ChainedScheduler([schedules.ExponentialLR(o, 0.9), schedules.StepLR(o, 2, 0.5)]),
        lambda t: 0.9**t * 0.5 ** (t // 2),
    ),
    "Sequential": (
        lambda o: schedules.SequentialLR(
            o, [schedules.LinearLR(o, 0.25, 1.0, 3), schedules.ExponentialLR(o, 0.5)], [3]
        ),
        lambda t: 0.25 + 0.25 * t if t < 3 else 0.5 ** (t - 3),
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(name: str) -> None:
    make, formula = FORMULAS[name]
    assert run(make, 12) == pytest.approx([formula(t) for t in range(12)], abs=1e-12)


def test_one_cycle() -> None:
    optimizer = sgd()
    scheduler = schedules.OneCycleLR(optimizer, max_lr=1.0, total_steps=10, pct_start=0.4)
    rates, momenta = [], []
    for _ in range(10):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    assert rates[0] == pytest.approx(1 / 25)
    assert rates.index(max(rates)) == momenta.index(min(momenta)) == 3
    assert max(rates) == pytest.approx(1.0)
    assert rates[9] == pytest.approx(1 / 25 / 1e4)
    assert (momenta[0], momenta[3], momenta[9]) == pytest.approx((0.95, 0.85, 0.95))
    with pytest.raises(ValueError, match="Tried to step 11 times. The specified number of total steps is 10"):
        scheduler.step()


def test_plateau() -> None:
    optimizer = sgd()
    scheduler = schedules.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1, min_lr=0.2)
    rates = []
    for value in (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, ag.tensor(1.0), 1.0, 0.5):
        scheduler.step(value)
        rates.append(scheduler.get_last_lr()[0])
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
    assert scheduler.best == 0.5


def test_state_dict_resumes() -> None:
    optimizer = sgd()
    scheduler = schedules.CosineAnnealingLR(optimizer, 10)
    for _ in range(4):
        optimizer.step()
        scheduler.step()
    state, groups = scheduler.state_dict(), optimizer.state_dict()
    assert "optimizer" not in state
    other = sgd()
    again = schedules.CosineAnnealingLR(other, 10)
    other.load_state_dict(groups)
    again.load_state_dict(state)
    for one, two in ((optimizer, scheduler), (other, again)):
        one.step()
        two.step()
    assert again.get_last_lr() == scheduler.get_last_lr()


def test_last_epoch_resumes() -> None:
    optimizer = sgd()
    scheduler = schedules.ExponentialLR(optimizer, 0.5)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    again = schedules.ExponentialLR(optimizer, 0.5, last_epoch=scheduler.last_epoch - 1)
    assert again.get_last_lr() == [0.125]
    optimizer.step()
    again.step()
    assert optimizer.param_groups[0]["lr"] == 0.0625


def test_the_order_of_steps() -> None:
    optimizer = sgd()
    scheduler = schedules.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()
    with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step"):
        scheduler.step(3)
