"""Checkpoints: the same gradients with less kept, the same random numbers, and the limits of each variant."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.utils.checkpoint import (
    CheckpointError,
    checkpoint,
    checkpoint_sequential,
    create_selective_checkpoint_contexts,
)

both = pytest.mark.parametrize("use_reentrant", [True, False])


class Part:
    """A function with a weight and dropout, that counts its calls."""

    def __init__(self) -> None:
        self.weight = ag.randn(3, 3, dtype=ag.float64).requires_grad_()
        self.calls = 0

    def __call__(self, x: ag.Tensor) -> ag.Tensor:
        self.calls += 1
        h = (x @ self.weight).tanh()
        return (h * ag.rand(3, dtype=ag.float64) * x).exp()


def gradients(y: ag.Tensor, *leaves: ag.Tensor) -> list[Any]:
    for each in leaves:
        each.grad = None
    y.sum().backward()
    return [each.grad.tolist() for each in leaves]


@both
def test_gradients_and_random_numbers_are_the_same(use_reentrant: bool) -> None:
    part, x = Part(), ag.randn(2, 3, dtype=ag.float64).requires_grad_()
    ag.manual_seed(3)
    plain = part(x)
    following = ag.rand(2).tolist()
    expected = gradients(plain, x, part.weight)
    ag.manual_seed(3)
    y = checkpoint(part, x, use_reentrant=use_reentrant)
    assert y.tolist() == plain.tolist()
    found = gradients(y, x, part.weight)
    assert ag.rand(2).tolist() == following  # the second call left the stream alone
    assert found == expected
    assert part.calls == 3


def test_other_random_numbers_if_asked_for() -> None:
    x = ag.ones(64, requires_grad=True)
    y = checkpoint(lambda x: x * ag.rand(64), x, use_reentrant=False, preserve_rng_state=False)
    y.sum().backward()
    assert x.grad.tolist() != y.tolist()


def test_only_arguments_are_kept() -> None:
    part, x = Part(), ag.randn(2, 3, dtype=ag.float64)
    y = checkpoint(part, x * 1, use_reentrant=False)
    assert ag.autograd.memory(y).total == 2 * 3 * 8
    assert ag.autograd.memory(part(x)).total > 2 * 3 * 8


def test_grad_and_inputs_without_reentrance() -> None:
    w, x = ag.tensor(2.0, requires_grad=True), ag.tensor(3.0, requires_grad=True)
    y = checkpoint(lambda x: x * x * w, x, use_reentrant=False)
    assert [g.item() for g in ag.autograd.grad(y, [w, x], retain_graph=True)] == [9.0, 12.0]
    y.backward(inputs=[w])
    assert (x.grad, w.grad.item()) == (None, 9.0)
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()


def test_second_derivatives_without_reentrance() -> None:
    w, x = ag.tensor(2.0, requires_grad=True), ag.tensor(3.0, requires_grad=True)
    y = checkpoint(lambda x: x**3 * w**2, x, use_reentrant=False)
    gx, gw = ag.autograd.grad(y, [x, w], create_graph=True)
    assert [g.item() for g in ag.autograd.grad(gx + gw, [x, w])] == [
        6 * 3 * 4 + 3 * 9 * 4,
        3 * 9 * 4 + 27 * 2,
    ]


def test_hooks_outside_run_once_and_inside_run() -> None:
    w, x = ag.tensor(2.0, requires_grad=True), ag.tensor(3.0, requires_grad=True)
    w.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g * 100)

    def function(x: ag.Tensor) -> ag.Tensor:
        h = x * w
        h.register_hook(lambda g: g * 1000)
        return h * 1

    checkpoint(function, x, use_reentrant=False).backward()
    assert (w.grad.item(), x.grad.item()) == (3.0 * 10 * 1000, 2.0 * 100 * 1000)


@both
@pytest.mark.filterwarnings(
    "ignore:None of the inputs have requires_grad"
)  # in the outer forward, as in PyTorch
def test_nested_checkpoints(use_reentrant: bool) -> None:
    x = ag.tensor([0.5, 1.0], requires_grad=True)

    def inner(x: ag.Tensor) -> ag.Tensor:
        return (x * x).sin()

    def outer(x: ag.Tensor) -> ag.Tensor:
        return checkpoint(inner, x.exp(), use_reentrant=use_reentrant) * x

    assert gradients(checkpoint(outer, x, use_reentrant=use_reentrant), x) == gradients(inner(x.exp()) * x, x)


def test_several_outputs_keywords_and_structures() -> None:
    x, y = ag.tensor(2.0, requires_grad=True), ag.tensor(5.0, requires_grad=True)

    def function(pair: list[ag.Tensor], *, scale: float) -> dict[str, Any]:
        a, b = pair
        return {"product": a * b * scale, "rest": (a + 1, 7), "same": a}

    out = checkpoint(function, [x, y], scale=3.0, use_reentrant=False)
    assert out["same"] is x
    assert out["rest"][1] == 7
    (out["product"] + out["rest"][0]).backward(retain_graph=True)
    assert (x.grad.item(), y.grad.item()) == (16.0, 6.0)
    x.grad = None
    out["rest"][0].backward()  # the other output gets no gradient
    assert x.grad.item() == 1.0


@both
def test_without_recording_it_is_a_plain_call(use_reentrant: bool) -> None:
    part = Part()
    with ag.no_grad():
        y = checkpoint(part, part.weight, use_reentrant=use_reentrant)
    assert not y.requires_grad
    assert part.calls == 1


@both
def test_an_argument_that_was_changed(use_reentrant: bool) -> None:
    x = ag.ones(2, requires_grad=True)
    h = x * 1
    y = checkpoint(lambda h: h.exp(), h, use_reentrant=use_reentrant)
    h.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_contexts() -> None:
    entered: list[str] = []

    @contextlib.contextmanager
    def noted(name: str) -> Iterator[None]:
        entered.append(name)
        yield

    x = ag.ones(2, requires_grad=True)
    y = checkpoint(
        lambda x: x.exp(), x, use_reentrant=False, context_fn=lambda: (noted("first"), noted("second"))
    )
    assert entered == ["first"]
    y.sum().backward()
    assert entered == ["first", "second"]


def test_a_function_that_does_something_else_the_second_time() -> None:
    sizes = iter((2, 3))
    x = ag.ones(1, requires_grad=True)
    y = checkpoint(lambda x: x.expand(next(sizes)).exp(), x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="different metadata") as caught:
        y.sum().backward()
    assert "saved metadata: ((2,), 'float32', 'cpu')\n  recomputed metadata: ((3,), 'float32', 'cpu')" in str(
        caught.value
    )


def test_what_reentrance_refuses() -> None:
    x = ag.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: scale"):
        checkpoint(lambda x: x, x, use_reentrant=True, scale=3)
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        checkpoint(lambda x: x, x, use_reentrant=True, debug=True)
    with pytest.raises(ValueError, match="determinism_check"):
        checkpoint(lambda x: x, x, use_reentrant=False, determinism_check="all")
    y = checkpoint(lambda x: x.exp(), x, use_reentrant=True).sum()
    with pytest.raises(RuntimeError, match=r"incompatible with .grad\(\)"):
        ag.autograd.grad(y, x)
    y = checkpoint(lambda x: x.detach(), x, use_reentrant=True).sum()
    with pytest.raises(RuntimeError, match="none of output has requires_grad=True"):
        y.backward()


def test_warnings() -> None:
    x = ag.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(lambda x: x * 2, x)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(lambda x: x * 2, x.detach(), use_reentrant=True)


@both
@pytest.mark.parametrize("segments", [1, 2, 3])
def test_sequences(use_reentrant: bool, segments: int) -> None:
    layers = [ag.nn.Linear(3, 3), ag.nn.Tanh(), ag.nn.Linear(3, 3), ag.nn.Tanh(), ag.nn.Linear(3, 1)]
    model, x = ag.nn.Sequential(*layers), ag.randn(4, 3, requires_grad=True)
    weights = [x, *model.parameters()]
    expected = gradients(model(x), *weights)
    for functions in (model, layers):
        y = checkpoint_sequential(functions, segments, x, use_reentrant=use_reentrant)
        assert gradients(y, *weights) == expected


@both
def test_no_cycles(use_reentrant: bool) -> None:
    part, x = Part(), ag.randn(2, 3, dtype=ag.float64).requires_grad_()

    def step() -> None:
        checkpoint(part, x, use_reentrant=use_reentrant).sum().backward()

    step()
    gc.collect()
    gc.disable()
    try:
        step()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_chosen_results_are_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = ag.ones(2, 2, requires_grad=True), ag.full((2, 2), 0.5, requires_grad=True)
    computed: list[str] = []
    namespace = x._type.namespace
    product, tanh = namespace.matmul, namespace.tanh
    monkeypatch.setattr(namespace, "matmul", lambda a, b: computed.append("matmul") or product(a, b))
    monkeypatch.setattr(namespace, "tanh", lambda a: computed.append("tanh") or tanh(a))
    y = checkpoint(
        lambda x: ((x @ w).tanh() @ w).exp(),
        x,
        use_reentrant=False,
        context_fn=lambda: create_selective_checkpoint_contexts([ag.matmul]),
    )
    computed.clear()
    y.sum().backward()
    assert computed == ["tanh", "matmul", "matmul", "matmul", "matmul"]  # the products are those of backward
    expected = x.grad.tolist(), w.grad.tolist()
    x.grad = w.grad = None
    ((x @ w).tanh() @ w).exp().sum().backward()
    assert (x.grad.tolist(), w.grad.tolist()) == expected


def test_a_list_of_ops_that_are_none() -> None:
    with pytest.raises(ValueError, match="to be an op but got"):
        create_selective_checkpoint_contexts(["no such op"])
