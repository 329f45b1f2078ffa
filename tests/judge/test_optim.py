"""PyTorch's word on optimisers and schedules: the same network trained in both gives the same weights and
states."""

from __future__ import annotations

import copy
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402

STEPS = 20

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"lr": 0.1}),
    "sgd, default rate": ("SGD", {}),
    "sgd, momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "sgd, dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    "sgd, nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "sgd, ascent": ("SGD", {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1, "maximize": True}),
    "adam": ("Adam", {"lr": 0.01}),
    "adam, default rate": ("Adam", {}),
    "adam, decay": ("Adam", {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1}),
    "adam, amsgrad": ("Adam", {"lr": 0.05, "amsgrad": True, "weight_decay": 0.01}),
    "adam, ascent": ("Adam", {"lr": 0.01, "maximize": True}),
    "adam, decoupled": ("Adam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "adamw": ("AdamW", {"lr": 0.01}),
    "adamw, amsgrad": ("AdamW", {"lr": 0.05, "weight_decay": 0.3, "amsgrad": True, "maximize": True}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop, centered": ("RMSprop", {"lr": 0.003, "centered": True, "alpha": 0.9, "eps": 1e-4}),
    "rmsprop, momentum": ("RMSprop", {"lr": 0.003, "momentum": 0.9, "weight_decay": 0.1}),
    "rmsprop, all": ("RMSprop", {"lr": 0.003, "momentum": 0.5, "centered": True, "maximize": True}),
    "adagrad": ("Adagrad", {}),
    "adagrad, all": (
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-4},
    ),
    "adagrad, ascent": ("Adagrad", {"lr": 0.01, "maximize": True}),
    "adadelta": ("Adadelta", {}),
    "adadelta, all": (
        "Adadelta",
        {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1, "maximize": True},
    ),
    "adamax": ("Adamax", {}),
    "adamax, all": (
        "Adamax",
        {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1, "maximize": True},
    ),
    "nadam": ("NAdam", {}),
    "nadam, all": (
        "NAdam",
        {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1, "momentum_decay": 0.01},
    ),
    "nadam, decoupled": ("NAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "radam": ("RAdam", {}),
    "radam, all": (
        "RAdam",
        {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1, "maximize": True},
    ),
    "radam, decoupled": ("RAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "asgd": ("ASGD", {"lr": 0.1}),
    "asgd, all": (
        "ASGD",
        {"lr": 0.1, "lambd": 0.01, "alpha": 0.5, "t0": 5, "weight_decay": 0.1},
    ),
    "rprop": ("Rprop", {}),
    "rprop, all": ("Rprop", {"lr": 0.001, "etas": (0.4, 1.3), "step_sizes": (1e-5, 0.01), "maximize": True}),
}  # fmt: skip


def ours(tensor: Any) -> Any:
    return ag.tensor(tensor.detach().numpy())


def close(mine: Any, theirs: Any, what: str, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(
        mine.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance, err_msg=what
    )


def networks(dtype: str = "float32") -> tuple[Any, Any]:
    """The same small network in both libraries."""

    def build(lib: Any) -> Any:
        nn = lib.nn
        net = nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5), nn.Tanh(), nn.Linear(5, 3)
        )
        return net.to(getattr(lib, dtype))

    torch.manual_seed(0)
    theirs, mine = build(torch), build(ag)
    mine.load_state_dict({name: ours(value) for name, value in theirs.state_dict().items()})
    return mine, theirs


def data(dtype: str = "float32") -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(16, 1, 6, 6, generator=generator).to(getattr(torch, dtype))
    return x, torch.randint(3, (16,), generator=generator)


def train(
    net: Any, optimizer: Any, lib: Any, x: Any, y: Any, steps: int, schedule: Any = None
) -> list[float]:
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = lib.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
        losses.append(float(loss.detach()))
    return losses


def same_state(mine: Any, theirs: Any, tolerance: float) -> None:
    """Two optimisers' state_dicts hold the same."""
    a, b = mine.state_dict(), theirs.state_dict()
    assert [{**group, "lr": float(group["lr"])} for group in a["param_groups"]] == b["param_groups"]
    assert list(a["state"]) == list(b["state"])
    for number, expected in b["state"].items():
        found = a["state"][number]
        assert set(found) == set(expected)
        for name, value in expected.items():
            if value is None:
                assert found[name] is None
            else:
                assert str(found[name].dtype).split(".")[1] == str(value.dtype).split(".")[1]
                close(found[name], value, f"{name} of parameter {number}", tolerance)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_trajectory(name: str, dtype: str) -> None:
    kind, options = OPTIMIZERS[name]
    if kind == "Rprop" and dtype == "float32":
        pytest.skip(
            "Rprop looks at signs only: in float32, rounding decides about gradients that nearly vanish"
        )
    mine, theirs = networks(dtype)
    x, y = data(dtype)
    my_optimizer = getattr(ag.optim, kind)(mine.parameters(), **options)
    their_optimizer = getattr(torch.optim, kind)(theirs.parameters(), **options)
    assert repr(my_optimizer) == repr(their_optimizer)
    my_losses = train(mine, my_optimizer, ag, ours(x), ours(y), STEPS)
    their_losses = train(theirs, their_optimizer, torch, x, y, STEPS)
    # Rounding errors grow along a trajectory, and Adam's first steps turn the sign of tiny gradients into
    # whole steps.
    tolerance = 2e-4 if dtype == "float32" else 1e-10
    np.testing.assert_allclose(my_losses, their_losses, rtol=tolerance)
    for (label, a), (_, b) in zip(mine.named_parameters(), theirs.named_parameters(), strict=True):
        close(a, b, label, tolerance)
    same_state(my_optimizer, their_optimizer, tolerance)


@pytest.mark.parametrize(
    "name",
    [
        "sgd, nesterov",
        "adamw, amsgrad",
        "rmsprop, all",
        "adagrad, all",
        "adadelta, all",
        "adamax, all",
        "nadam, all",
        "radam, all",
        "asgd, all",
        "rprop, all",
    ],
)
def test_resumed_trajectory(name: str) -> None:
    """State saved by PyTorch and loaded by us continues where PyTorch would."""
    kind, options = OPTIMIZERS[name]
    _, theirs = networks("float64")
    x, y = data("float64")
    their_optimizer = getattr(torch.optim, kind)(theirs.parameters(), **options)
    train(theirs, their_optimizer, torch, x, y, 3)

    mine, _ = networks("float64")
    mine.load_state_dict({name: ours(value) for name, value in theirs.state_dict().items()})
    my_optimizer = getattr(ag.optim, kind)(mine.parameters(), lr=77.0)

    def converted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: converted(each) for key, each in value.items()}
        return ours(value) if isinstance(value, torch.Tensor) else value

    my_optimizer.load_state_dict(converted(copy.deepcopy(their_optimizer.state_dict())))
    # Loading gives numbers like NAdam's mu_product the parameters' dtype, also in PyTorch.
    their_optimizer.load_state_dict(copy.deepcopy(their_optimizer.state_dict()))
    np.testing.assert_allclose(
        train(mine, my_optimizer, ag, ours(x), ours(y), 5),
        train(theirs, their_optimizer, torch, x, y, 5),
        rtol=1e-10,
    )
    same_state(my_optimizer, their_optimizer, 1e-10)


@pytest.mark.parametrize(
    "name",
    [
        "sgd, nesterov",
        "adam, amsgrad",
        "rmsprop, all",
        "adagrad, all",
        "adadelta, all",
        "adamax, all",
        "nadam, all",
        "radam, all",
        "asgd, all",
        "rprop, all",
    ],
)
def test_complex_parameters(name: str) -> None:
    kind, options = OPTIMIZERS[name]
    start = np.array([1 + 2j, -0.5 + 0.25j, 3j])
    mine, theirs = ag.tensor(start, requires_grad=True), torch.tensor(start, requires_grad=True)
    optimizers = getattr(ag.optim, kind)([mine], **options), getattr(torch.optim, kind)([theirs], **options)
    for _ in range(5):
        for parameter, optimizer in zip((mine, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            (parameter * parameter.conj()).real.sum().backward()
            optimizer.step()
    close(mine, theirs, name, 1e-10)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.5, "max_iter": 5},
        {"line_search_fn": "strong_wolfe"},
        {"line_search_fn": "strong_wolfe", "max_eval": 7, "history_size": 2},
        {"tolerance_grad": 10.0},
        {"tolerance_change": 1e-2, "lr": 0.1},
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_lbfgs(options: dict[str, Any], dtype: str) -> None:
    """Rosenbrock's valley, or a network of one complex unit: the same values, losses and counts after each step."""

    def run(lib: Any) -> Any:
        start = [-1.5, 2.0, 0.3, -0.7]
        w = lib.tensor(start, dtype=getattr(lib, dtype), requires_grad=True)
        optimizer = lib.optim.LBFGS([w], **options)

        def closure() -> Any:
            optimizer.zero_grad()
            if dtype == "float64":
                loss = (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum()
            else:
                out = w[0] * (w[1] + 2j) - 1.5
                loss = (out * out.conj()).real + ((w - 1j) * (w - 1j).conj()).real.sum()
            loss.backward()
            return loss

        losses = [float(optimizer.step(closure).detach()) for _ in range(4)]
        state = optimizer.state_dict()["state"][0]
        return losses, w.detach().numpy(), state["func_evals"], state["n_iter"]

    for mine, theirs in zip(run(ag), run(torch), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-9)


def test_groups_and_missing_gradients() -> None:
    def run(lib: Any) -> Any:
        a, b, c = (lib.tensor([1.0, 2.0], requires_grad=True) for _ in range(3))
        optimizer = lib.optim.Adam(
            [{"params": [a, c]}, {"params": b, "lr": 0.5, "weight_decay": 0.1}], lr=0.1
        )
        for step in range(4):
            optimizer.zero_grad()
            loss = (a * b).sum() if step % 2 else (a * b * c).sum()  # every second time c has no gradient
            loss.backward()
            optimizer.step()
        return a, b, c, optimizer

    *mine, my_optimizer = run(ag)
    *theirs, their_optimizer = run(torch)
    for found, expected in zip(mine, theirs, strict=True):
        close(found, expected, "parameter")
    assert [float(s["step"]) for s in my_optimizer.state.values()] == [
        float(s["step"]) for s in their_optimizer.state.values()
    ]
    assert repr(my_optimizer) == repr(their_optimizer)


ERRORS: dict[str, Callable[[Any], Any]] = {
    "no parameters": lambda lib: lib.optim.SGD([]),
    "a tensor": lambda lib: lib.optim.SGD(lib.ones(1)),
    "no tensors": lambda lib: lib.optim.SGD([3.0]),
    "a set": lambda lib: lib.optim.SGD([{"params": {lib.ones(1)}}]),
    "not a group": lambda lib: lib.optim.SGD([{"params": []}, 3]),
    "not a leaf": lambda lib: lib.optim.SGD([lib.ones(1, requires_grad=True) * 2]),
    "twice": lambda lib: (lambda p: lib.optim.SGD([{"params": [p]}, {"params": [p]}]))(lib.ones(1)),
    "some names": lambda lib: lib.optim.SGD([("a", lib.ones(1)), lib.ones(1)]),
    "lr": lambda lib: lib.optim.SGD([lib.ones(1)], lr=-1),
    "lr of adam": lambda lib: lib.optim.Adam([lib.ones(1)], lr=-1.0),
    "momentum": lambda lib: lib.optim.SGD([lib.ones(1)], momentum=-0.5),
    "decay": lambda lib: lib.optim.AdamW([lib.ones(1)], weight_decay=-0.5),
    "nesterov": lambda lib: lib.optim.SGD([lib.ones(1)], nesterov=True),
    "beta": lambda lib: lib.optim.Adam([lib.ones(1)], betas=(0.9, 1.0)),
    "eps": lambda lib: lib.optim.RMSprop([lib.ones(1)], eps=-1.0),
    "alpha": lambda lib: lib.optim.RMSprop([lib.ones(1)], alpha=-1.0),
    "lr_decay": lambda lib: lib.optim.Adagrad([lib.ones(1)], lr_decay=-1.0),
    "tensor rate and foreach": lambda lib: lib.optim.Adam([lib.ones(1)], lr=lib.tensor(0.1), foreach=True),
    "tensor rate of two": lambda lib: lib.optim.SGD([lib.ones(1)], lr=lib.ones(2)),
    "one tensor beta": lambda lib: lib.optim.Adam([lib.ones(1)], betas=(lib.tensor(0.9), 0.99)),
    "fused and differentiable": lambda lib: lib.optim.Adam([lib.ones(1)], fused=True, differentiable=True),
    "capturable on the CPU": lambda lib: stepped(lib, "Adam", capturable=True),
    "capturable rmsprop on the CPU": lambda lib: stepped(lib, "RMSprop", capturable=True),
    "capturable nadam on the CPU": lambda lib: stepped(lib, "NAdam", capturable=True),
    "capturable asgd on the CPU": lambda lib: stepped(lib, "ASGD", capturable=True),
    "rho": lambda lib: lib.optim.Adadelta([lib.ones(1)], rho=1.5),
    "etas": lambda lib: lib.optim.Rprop([lib.ones(1)], etas=(1.5, 1.2)),
    "momentum_decay": lambda lib: lib.optim.NAdam([lib.ones(1)], momentum_decay=-1.0),
    "groups of lbfgs": lambda lib: lib.optim.LBFGS([{"params": lib.ones(1)}, {"params": lib.zeros(1)}]),
    "line search": lambda lib: (lambda p: lib.optim.LBFGS([p], line_search_fn="x").step(lambda: descend(p)))(
        lib.ones(1, requires_grad=True)
    ),
    "norm is not finite": lambda lib: (
        lambda p: (
            (p * float("inf")).sum().backward()
            or lib.nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
        )
    )(lib.ones(1, requires_grad=True)),
    "fused and foreach": lambda lib: lib.optim.SGD([lib.ones(1)], fused=True, foreach=True),
    "other groups": lambda lib: lib.optim.SGD([lib.ones(1)]).load_state_dict(
        {"state": {}, "param_groups": []}
    ),
    "other sizes": lambda lib: lib.optim.SGD([lib.ones(1)]).load_state_dict(
        lib.optim.SGD([lib.ones(1), lib.ones(1)]).state_dict()
    ),
    "scheduler of nothing": lambda lib: lib.optim.lr_scheduler.StepLR(3, 1),
    "resumed without initial_lr": lambda lib: lib.optim.lr_scheduler.StepLR(sgd(lib), 1, last_epoch=3),
    "lambdas": lambda lib: lib.optim.lr_scheduler.LambdaLR(sgd(lib), [abs, abs]),
    "factor": lambda lib: lib.optim.lr_scheduler.ConstantLR(sgd(lib), factor=2.0),
    "start_factor": lambda lib: lib.optim.lr_scheduler.LinearLR(sgd(lib), start_factor=0.0),
    "plateau factor": lambda lib: lib.optim.lr_scheduler.ReduceLROnPlateau(sgd(lib), factor=1.0),
    "plateau mode": lambda lib: lib.optim.lr_scheduler.ReduceLROnPlateau(sgd(lib), mode="x"),
    "no total_steps": lambda lib: lib.optim.lr_scheduler.OneCycleLR(sgd(lib), 1.0),
    "total_steps": lambda lib: lib.optim.lr_scheduler.OneCycleLR(sgd(lib), 1.0, total_steps=-3),
    "strategy": lambda lib: lib.optim.lr_scheduler.OneCycleLR(
        sgd(lib), 1.0, total_steps=3, anneal_strategy="x"
    ),
    "no momentum": lambda lib: lib.optim.lr_scheduler.OneCycleLR(
        lib.optim.Adagrad([lib.ones(1)]), 1.0, total_steps=3
    ),
    "T_0": lambda lib: lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(sgd(lib), 0),
    "no schedulers": lambda lib: lib.optim.lr_scheduler.ChainedScheduler([]),
    "milestones": lambda lib: (
        lambda o: lib.optim.lr_scheduler.SequentialLR(o, [lib.optim.lr_scheduler.ExponentialLR(o, 0.5)], [1])
    )(sgd(lib)),
}


def stepped(lib: Any, kind: str, **options: Any) -> Any:
    p = lib.ones(1, requires_grad=True)
    optimizer = getattr(lib.optim, kind)([p], **options)
    p.grad = lib.ones(1)
    return optimizer.step()


def descend(p: Any) -> Any:
    loss = (p * p).sum()
    loss.backward()
    return loss


def sgd(lib: Any) -> Any:
    return lib.optim.SGD([lib.ones(1)], lr=0.1)


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    def outcome(lib: Any) -> tuple[type, str]:
        with pytest.raises(Exception) as caught:
            ERRORS[name](lib)
        return caught.type, str(caught.value)

    their_type, theirs = outcome(torch)
    my_type, mine = outcome(ag)
    assert my_type is their_type, (mine, theirs)

    def words(text: str) -> str:
        return re.sub(r"torch\.|ag\.|autograd_gpu\.|Error: ", "", text.split("\n  at ")[0]).strip("'\"")

    # Ours may say more than PyTorch, and class paths differ.
    assert words(mine)[:45] == words(theirs)[:45], (mine, theirs)


SCHEDULES: dict[str, Callable[[Any, Any], Any]] = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, [lambda epoch: 0.9**epoch, lambda epoch: 1 / (1 + epoch)]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.9),
    "StepLR": lambda s, o: s.StepLR(o, 3, gamma=0.5),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [2, 5, 5, 11], gamma=0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o, factor=0.3, total_iters=4),
    "LinearLR": lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.8, total_iters=6),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, total_iters=7, power=2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 5, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=3, step_size_down=5, mode="triangular2"),
    "CyclicLR exp_range": lambda s, o: s.CyclicLR(o, [0.01, 0.02], 0.2, 3, mode="exp_range", gamma=0.9),
    "CyclicLR own": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 3, scale_fn=lambda x: 0.8**x, cycle_momentum=False),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=25),
    "OneCycleLR linear": lambda s, o: s.OneCycleLR(
        o, [0.5, 0.3], epochs=5, steps_per_epoch=5, three_phase=True, anneal_strategy="linear", pct_start=0.25
    ),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, 3), s.LinearLR(o, 0.5, total_iters=4), s.ExponentialLR(o, 0.9)], [4, 9]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [s.LinearLR(o, 0.3, total_iters=5), s.ExponentialLR(o, 0.9)]
    ),
}


def grouped(lib: Any, kind: str) -> Any:
    params = [{"params": [lib.zeros(1)]}, {"params": [lib.zeros(1)], "lr": 0.05}]
    return getattr(lib.optim, kind)(params, lr=0.1, **({"momentum": 0.9} if kind == "SGD" else {}))


def settings(optimizer: Any) -> list[Any]:
    return [(group["lr"], group.get("momentum"), group.get("betas")) for group in optimizer.param_groups]


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.filterwarnings("ignore:The epoch parameter in")
def test_schedule(name: str, kind: str) -> None:
    mine, theirs = grouped(ag, kind), grouped(torch, kind)
    make = SCHEDULES[name]
    my_schedule, their_schedule = make(ag.optim.lr_scheduler, mine), make(torch.optim.lr_scheduler, theirs)
    saved: Any = None
    record = []
    for step in range(24):
        for found, expected in zip(settings(mine), settings(theirs), strict=True):
            np.testing.assert_allclose(found[0], expected[0], rtol=1e-12, err_msg=f"lr of step {step}")
            if expected[1] is not None:
                np.testing.assert_allclose(
                    found[1], expected[1], rtol=1e-12, err_msg=f"momentum of step {step}"
                )
            if expected[2] is not None:
                np.testing.assert_allclose(found[2], expected[2], rtol=1e-12, err_msg=f"betas of step {step}")
        np.testing.assert_allclose(my_schedule.get_last_lr(), their_schedule.get_last_lr(), rtol=1e-12)
        if step == 10:
            saved = copy.deepcopy((mine.state_dict(), my_schedule.state_dict()))
        record.append(settings(mine))
        for optimizer, schedule in ((mine, my_schedule), (theirs, their_schedule)):
            optimizer.step()
            schedule.step()
    # A fresh optimiser and scheduler with the saved state go on alike.
    again = grouped(ag, kind)
    schedule = make(ag.optim.lr_scheduler, again)
    again.load_state_dict(saved[0])
    schedule.load_state_dict(saved[1])
    for step in range(10, 24):
        assert settings(again) == record[step]
        again.step()
        schedule.step()


@pytest.mark.parametrize(
    "name",
    ["StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR"],
)
@pytest.mark.filterwarnings("ignore:The epoch parameter in")
def test_schedule_by_epoch(name: str) -> None:
    mine, theirs = grouped(ag, "SGD"), grouped(torch, "SGD")
    make = SCHEDULES[name]
    my_schedule, their_schedule = make(ag.optim.lr_scheduler, mine), make(torch.optim.lr_scheduler, theirs)
    for optimizer in (mine, theirs):
        optimizer.step()
    for epoch in (3, 1, 8):
        my_schedule.step(epoch)
        their_schedule.step(epoch)
        np.testing.assert_allclose(my_schedule.get_last_lr(), their_schedule.get_last_lr(), rtol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 1},
        {"mode": "max", "threshold_mode": "abs", "threshold": 0.5, "patience": 0},
        {"factor": 0.5, "cooldown": 2, "patience": 0, "min_lr": [0.01, 0.02]},
        {"patience": 0, "eps": 0.06},
    ],
)
def test_plateau(options: dict[str, Any]) -> None:
    mine, theirs = grouped(ag, "SGD"), grouped(torch, "SGD")
    schedules = [
        lib.optim.lr_scheduler.ReduceLROnPlateau(o, **options) for lib, o in ((ag, mine), (torch, theirs))
    ]
    for value in (3.0, 2.0, 2.0, 2.1, 2.2, 1.0, 1.0, 1.0, 1.0, 5.0, 6.0, 7.0, 7.1, 7.2, 7.3):
        for schedule in schedules:
            schedule.step(value)
        np.testing.assert_allclose(*(schedule.get_last_lr() for schedule in schedules), rtol=1e-12)
        assert schedules[0].num_bad_epochs == schedules[1].num_bad_epochs
        assert schedules[0].best == schedules[1].best


def test_fractional_restarts() -> None:
    mine, theirs = grouped(ag, "SGD"), grouped(torch, "SGD")
    schedules = [
        lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 3, T_mult=2)
        for lib, o in ((ag, mine), (torch, theirs))
    ]
    for epoch in (0.5, 2.75, 3.0, 8.5, 9.25, 30.0, 1.0):
        for schedule in schedules:
            schedule.step(epoch)
        np.testing.assert_allclose(*(schedule.get_last_lr() for schedule in schedules), rtol=1e-12)


def test_warning_about_the_order() -> None:
    for lib in (ag, torch):
        optimizer = sgd(lib)
        schedule = lib.optim.lr_scheduler.StepLR(optimizer, 2)
        with pytest.warns(
            UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"
        ):
            schedule.step()
        optimizer = sgd(lib)
        schedule = lib.optim.lr_scheduler.StepLR(optimizer, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            optimizer.step()
            schedule.step()


def test_tensor_rates() -> None:
    def run(lib: Any) -> Any:
        parameter = lib.tensor([1.0, -2.0], requires_grad=True)
        optimizer = lib.optim.SGD([parameter], lr=lib.tensor(0.5))
        schedule = lib.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        for _ in range(3):
            optimizer.zero_grad()
            (parameter * parameter).sum().backward()
            optimizer.step()
            schedule.step()
        return parameter, optimizer.param_groups[0]["lr"]

    (mine, my_rate), (theirs, their_rate) = run(ag), run(torch)
    close(mine, theirs, "parameter")
    assert math.isclose(float(my_rate), float(their_rate))
    assert isinstance(my_rate, ag.Tensor)


GRADIENTS = {
    "several": lambda lib: [lib.tensor([3.0, -4.0]), lib.tensor([[1.0], [2.0]]), lib.tensor(0.5)],
    "small": lambda lib: [lib.tensor([0.01, -0.02])],
    "halves": lambda lib: [lib.tensor([3.0, -4.0], dtype=lib.float16), lib.tensor([1.0], dtype=lib.float16)],
    "two dtypes": lambda lib: [lib.tensor([3.0, -4.0], dtype=lib.float64), lib.tensor([1.0, 2.0])],
    "complex": lambda lib: [lib.tensor([3.0 + 4.0j, 1.0j])],
    "inf": lambda lib: [lib.tensor([3.0, float("inf")]), lib.tensor([1.0])],
    "nan": lambda lib: [lib.tensor([3.0, float("nan")]), lib.tensor([1.0])],
    "strided": lambda lib: [lib.arange(12.0).reshape(3, 4)[:, ::2], lib.arange(6.0).reshape(2, 3).T],
    "none": lambda lib: [],
    "many": lambda lib: [(lib.arange(30000.0) - 7000) / 1000, lib.ones(8193)],
}


def with_gradients(lib: Any, name: str) -> list[Any]:
    gradients = GRADIENTS[name](lib)
    params = [lib.zeros(g.shape, dtype=g.dtype, requires_grad=True) for g in gradients]
    for p, g in zip(params, gradients, strict=True):
        p.grad = g
    return [*params, lib.zeros(1, requires_grad=True)]  # one without


@pytest.mark.parametrize("p", [2.0, 1.0, float("inf"), 3.0, 0.5, 0.0, "inf", -1.0, -float("inf")])
@pytest.mark.parametrize("name", GRADIENTS)
def test_clip_grad_norm(name: str, p: Any) -> None:
    results = []
    for lib in (ag, torch):
        params = with_gradients(lib, name)
        total = lib.nn.utils.clip_grad_norm_(params, 2.0, norm_type=p)
        results.append([total, *(each.grad for each in params if each.grad is not None)])
    for mine, theirs in zip(*results, strict=True):
        assert str(mine.dtype).split(".")[1] == str(theirs.dtype).split(".")[1]
        close(mine, theirs, name, 2e-3 if name == "halves" else 1e-5)


@pytest.mark.parametrize("name", [name for name in GRADIENTS if name not in ("complex", "none")])
def test_clip_grad_value(name: str) -> None:
    results = []
    for lib in (ag, torch):
        params = with_gradients(lib, name)
        lib.nn.utils.clip_grad_value_(params, 1.5)
        results.append([each.grad for each in params if each.grad is not None])
    for mine, theirs in zip(*results, strict=True):
        close(mine, theirs, name, 0.0)


def test_clipping_with_a_given_norm_and_nothing_to_clip() -> None:
    results = []
    for lib in (ag, torch):
        params = with_gradients(lib, "several")
        total = lib.nn.utils.get_total_norm([each.grad for each in params if each.grad is not None])
        lib.nn.utils.clip_grads_with_norm_(params, 1.0, total * 2)
        results.append([total, *(each.grad for each in params if each.grad is not None)])
        with pytest.warns(UserWarning, match="`parameters` is an empty generator"):
            lib.nn.utils.clip_grad_norm_((each for each in ()), 1.0)
        with pytest.warns(FutureWarning, match="clip_grad_norm` is now deprecated"):
            lib.nn.utils.clip_grad_norm(params, 1.0)
    for mine, theirs in zip(*results, strict=True):
        close(mine, theirs, "given norm")
