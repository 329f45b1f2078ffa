"""Optimisers without PyTorch at hand: formulas, groups, state, hooks, halves, devices."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import nn, optim

ALL = [
    "SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop",
]  # fmt: skip


def make(kind: str, params: Any, **options: Any) -> Any:
    if kind == "SGD":
        options.setdefault("momentum", 0.9)
    return getattr(optim, kind)(params, **{"lr": 0.05, **options})


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_finds_the_minimum(kind: str, dtype: str, device: str) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="bfloat16 needs ml_dtypes")
    goal = ag.tensor([[1.0, -2.0], [0.5, 0.0]], device=device).to(getattr(ag, dtype))
    w = ag.zeros(2, 2, dtype=getattr(ag, dtype), device=device, requires_grad=True)
    optimizer = make(kind, [w], lr={"Adagrad": 0.5, "Adadelta": 30.0}.get(kind, 0.05))
    identity, first = id(w), float(((w - goal) ** 2).sum())
    for _ in range(200):
        optimizer.zero_grad()
        ((w - goal) ** 2).sum().backward()
        optimizer.step()
    assert id(w) == identity
    assert w.dtype.name == dtype
    assert w.device.type == ag.device(device).type
    assert float(((w - goal) ** 2).sum()) < first * 1e-2
    for value in optimizer.state[w].values():
        assert not isinstance(value, ag.Tensor) or not value.requires_grad
    states = [value for value in optimizer.state[w].values() if value.shape == w.shape]
    assert states or kind == "SGD"
    assert all(value.device.type == ag.device(device).type and value.dtype is w.dtype for value in states)


def test_sgd_formula() -> None:
    w = ag.tensor([1.0], requires_grad=True, dtype=ag.float64)
    optimizer = optim.SGD([w], lr=0.1, momentum=0.5, weight_decay=0.2, nesterov=True)
    p, b = 1.0, None
    for _ in range(3):
        w.grad = ag.tensor([3.0], dtype=ag.float64)
        optimizer.step()
        g = 3.0 + 0.2 * p
        b = g if b is None else 0.5 * b + g
        p -= 0.1 * (g + 0.5 * b)
        assert w.item() == pytest.approx(p, rel=1e-12)


def test_a_step_is_an_in_place_change() -> None:
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    version = w._version
    w.grad = ag.ones(2)
    optim.SGD([w], lr=0.1).step()
    assert w._version == version + 1
    assert w.is_leaf
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("kind", ALL)
def test_parameters_without_gradient_are_left_alone(kind: str) -> None:
    a, b = (ag.ones(2, requires_grad=True) for _ in range(2))
    optimizer = make(kind, [a, b])
    a.grad = ag.ones(2)
    optimizer.step()
    assert b.tolist() == [1.0, 1.0]
    assert kind == "Adagrad" or b not in optimizer.state
    assert a.tolist() != [1.0, 1.0]


@pytest.mark.parametrize("kind", ALL)
def test_layouts(kind: str) -> None:
    """Transposed, strided, empty and 0-d parameters and gradients give what contiguous ones give."""
    rng = np.random.default_rng(0)
    values, gradient = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    results = []
    for arrange in ("plain", "transposed", "strided"):
        if arrange == "transposed":
            w = ag.tensor(values.T.copy()).T.detach()
        elif arrange == "strided":
            wide = ag.zeros(4, 12, dtype=ag.float64)
            wide[:, ::2] = ag.tensor(values)
            w = wide[:, ::2].detach()
        else:
            w = ag.tensor(values)
        w.requires_grad_()
        optimizer = make(kind, [w], **({} if kind == "Rprop" else {"weight_decay": 0.1}))
        for _ in range(3):
            w.grad = ag.tensor(gradient.T.copy()).T if arrange == "transposed" else ag.tensor(gradient)
            optimizer.step()
        results.append(w.detach().numpy())
    np.testing.assert_allclose(results[1], results[0], rtol=1e-12)
    np.testing.assert_allclose(results[2], results[0], rtol=1e-12)
    small = [ag.zeros(0, requires_grad=True), ag.tensor(2.0, requires_grad=True)]
    for p in small:
        p.grad = ag.ones_like(p.detach())
    make(kind, small).step()
    assert small[1].item() < 2.0


def test_closures_and_results() -> None:
    w = ag.tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with ag.no_grad():
        assert optimizer.step(closure).item() == 4.0
    assert w.item() == pytest.approx(1.6)
    assert optimizer.step() is None


def test_zero_grad() -> None:
    w = ag.tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)
    (w * w).sum().backward()
    gradient = w.grad
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is gradient
    assert gradient.item() == 0.0
    optimizer.zero_grad()
    assert w.grad is None


def test_groups() -> None:
    a, b, c = (ag.ones(1, requires_grad=True) for _ in range(3))
    optimizer = optim.SGD([{"params": a}, {"params": [b], "lr": 1.0}], lr=0.5)
    optimizer.add_param_group({"params": [c], "weight_decay": 1.0})
    for w in (a, b, c):
        w.grad = ag.ones(1)
    optimizer.step()
    assert [w.item() for w in (a, b, c)] == [0.5, 0.0, 0.0]
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        optimizer.add_param_group({"params": [a]})
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([a, a])


def test_named_parameters() -> None:
    optimizer = optim.SGD(nn.Linear(2, 3).named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]


@pytest.mark.parametrize("kind", ALL)
def test_state_dict_continues_bit_for_bit(kind: str, device: str) -> None:
    def steps(net: Any, optimizer: Any, count: int) -> None:
        x = ag.arange(12.0, device=device).reshape(4, 3) / 10
        for _ in range(count):
            optimizer.zero_grad()
            (net(x) ** 2).mean().backward()
            optimizer.step()

    net = nn.Linear(3, 2).to(device)
    optimizer = make(kind, net.parameters())
    steps(net, optimizer, 3)
    saved = copy.deepcopy((net.state_dict(), optimizer.state_dict()))
    steps(net, optimizer, 3)
    again = nn.Linear(3, 2).to(device)
    other = make(kind, again.parameters(), lr=9.0)
    again.load_state_dict(saved[0])
    other.load_state_dict(saved[1])
    steps(again, other, 3)
    assert again.weight.tolist() == net.weight.tolist()
    assert again.bias.tolist() == net.bias.tolist()
    for value in saved[1]["state"][0].values():  # what was loaded is a copy
        assert all(value is not mine for mine in other.state[again.weight].values())


def test_state_follows_dtype() -> None:
    net = nn.Linear(3, 2)
    optimizer = optim.Adam(net.parameters())
    net(ag.ones(1, 3)).sum().backward()
    optimizer.step()
    wide = nn.Linear(3, 2).double()
    other = optim.Adam(wide.parameters())
    other.load_state_dict(optimizer.state_dict())
    state = other.state[wide.weight]
    assert state["exp_avg"].dtype is ag.float64
    assert state["step"].dtype is ag.float32
    assert state["step"].item() == 1.0


def test_pickles() -> None:
    w = ag.tensor([2.0], requires_grad=True)
    optimizer = optim.Adam([w], lr=0.1)
    w.grad = ag.ones(1)
    optimizer.step()
    twin = pickle.loads(pickle.dumps(optimizer))
    (parameter,) = twin.param_groups[0]["params"]
    assert parameter.tolist() == w.tolist()
    parameter.grad, w.grad = ag.ones(1), ag.ones(1)
    twin.step()
    optimizer.step()
    assert parameter.tolist() == w.tolist()


def test_hooks() -> None:
    w = ag.tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    seen: list[str] = []
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("pre")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("post")),
        optim.optimizer.register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("global pre")),
        optim.optimizer.register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("global post")),
    ]
    optimizer.step()
    assert seen == ["global pre", "pre", "post", "global post"]
    for handle in handles:
        handle.remove()
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "mark": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append(f"load {state['mark']}"))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("save"))
    optimizer.load_state_dict(optimizer.state_dict())
    assert seen[4:] == ["save", "load 1", "loaded"]


def test_an_optimizer_of_ones_own() -> None:
    class Sign(optim.Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, {"lr": lr})

        @ag.no_grad()
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    p.sub_(group["lr"] * p.grad.sign())
                    self.state[p]["steps"] = self.state[p].get("steps", 0) + 1

    w = ag.tensor([2.0, -2.0], requires_grad=True)
    optimizer = Sign([w], lr=0.5)
    seen: list[int] = []
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(1))
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    for _ in range(2):
        w.grad = w.detach().clone()
        optimizer.step()
        scheduler.step()
    assert w.tolist() == [1.25, -1.25]
    assert seen == [1, 1]
    assert optimizer.state_dict()["state"] == {0: {"steps": 2}}
    with pytest.raises(ValueError, match="didn't specify a value of required optimization parameter lr"):
        optim.Optimizer([w], {"lr": optim.optimizer.required})


def test_differentiable_says_what_to_do() -> None:
    with pytest.raises(NotImplementedError, match="differentiable=True is not supported"):
        optim.SGD([ag.ones(1)], differentiable=True)


def test_clipping_stays_on_the_device(device: str) -> None:
    net = nn.Linear(3, 2).to(device)
    (net(ag.ones(4, 3, device=device)) * 100).sum().backward()
    total = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    assert total.device.type == ag.device(device).type
    assert nn.utils.get_total_norm([p.grad for p in net.parameters()]).item() == pytest.approx(1.0, rel=1e-4)
    nn.utils.clip_grad_value_(net.parameters(), 0.1)
    assert all(float(p.grad.abs().max()) <= 0.1 + 1e-6 for p in net.parameters())
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0.0
