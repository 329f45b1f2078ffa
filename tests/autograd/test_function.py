"""Functions with a forward and a backward of the user's own."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.autograd import Function
from autograd_gpu.autograd.function import once_differentiable


class Cube(Function):
    @staticmethod
    def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g


class SplitContext(Function):
    """The other way to write one: forward without context, then setup_context; with forward mode."""

    @staticmethod
    def forward(x: ag.Tensor, n: int) -> ag.Tensor:
        return x**n

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: ag.Tensor) -> None:
        x, ctx.n = inputs
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)

    @staticmethod
    def backward(ctx: Any, g: ag.Tensor) -> tuple[ag.Tensor, None]:
        (x,) = ctx.saved_tensors
        return ctx.n * x ** (ctx.n - 1) * g, None

    @staticmethod
    def jvp(ctx: Any, t: ag.Tensor, _: None) -> ag.Tensor:
        (x,) = ctx.saved_tensors
        return ctx.n * x ** (ctx.n - 1) * t


class TwoOutputs(Function):
    @staticmethod
    def forward(ctx: Any, x: ag.Tensor, y: ag.Tensor) -> tuple[ag.Tensor, ag.Tensor]:
        product = x * y
        ctx.save_for_backward(x, y, product)
        return product, product.exp()

    @staticmethod
    def backward(ctx: Any, g: ag.Tensor, h: ag.Tensor) -> tuple[ag.Tensor, ag.Tensor]:
        x, y, product = ctx.saved_tensors
        inner = g + h * product.exp()
        return inner * y, inner * x


def leaf(*values: float) -> ag.Tensor:
    return ag.tensor(values, dtype=ag.float64, requires_grad=True)


def test_value_gradient_and_name() -> None:
    x = leaf(1.0, 2.0)
    y = Cube.apply(x)
    assert y.grad_fn.name() == "CubeBackward"
    assert y.grad_fn.next_functions[0][0].variable is x
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 12.0]


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (Cube.apply, (leaf(1.0, 2.0),)),
        (lambda x: SplitContext.apply(x, 4), (leaf(1.0, 2.0),)),
        (TwoOutputs.apply, (leaf(0.5, 1.0), leaf(1.5, -1.0))),
    ],
)
def test_derivatives_of_first_and_second_order(function: Any, inputs: tuple[ag.Tensor, ...]) -> None:
    assert ag.autograd.gradcheck(function, inputs)
    assert ag.autograd.gradgradcheck(function, inputs)


def test_forward_mode() -> None:
    assert ag.autograd.gradcheck(lambda x: SplitContext.apply(x, 3), (leaf(1.0, 2.0),), check_forward_ad=True)
    with ag.autograd.forward_ad.dual_level():
        dual = ag.autograd.forward_ad.make_dual(ag.ones(2), ag.ones(2))
        with pytest.raises(NotImplementedError, match="You must implement the jvp function"):
            Cube.apply(dual)


def test_gradients_that_nobody_wants() -> None:
    x, y = leaf(1.0), ag.ones(1, dtype=ag.float64)
    seen: list[tuple[bool, ...]] = []

    class Look(TwoOutputs):
        @staticmethod
        def backward(ctx: Any, g: ag.Tensor, h: ag.Tensor) -> tuple[ag.Tensor, ag.Tensor]:
            seen.append(ctx.needs_input_grad)
            return TwoOutputs.backward(ctx, g, h)

    Look.apply(x, y)[0].sum().backward()
    assert seen == [(True, False)]
    assert y.grad is None


def test_materialized_gradients() -> None:
    received: list[Any] = []

    class Look(TwoOutputs):
        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> tuple[None, None]:
            received.append(h)
            return None, None

    class Bare(Look):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor, y: ag.Tensor) -> tuple[ag.Tensor, ag.Tensor]:
            ctx.set_materialize_grads(False)
            return TwoOutputs.forward(ctx, x, y)

    for function in (Look, Bare):
        function.apply(leaf(1.0), leaf(2.0))[0].sum().backward()
    assert received[0].tolist() == [0.0]
    assert received[1] is None


def test_no_recording() -> None:
    with ag.no_grad():
        assert not Cube.apply(leaf(1.0)).requires_grad
    assert not Cube.apply(ag.ones(1)).requires_grad


def test_an_input_changed_in_place() -> None:
    class Double(Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
            return g * 2

    x = leaf(1.0, 2.0)
    y = x * 1
    z = Double.apply(y)
    assert z is y
    z.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        Double.apply(leaf(1.0))


def test_an_output_without_gradient() -> None:
    class WithIndex(Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> tuple[ag.Tensor, ag.Tensor]:
            ranks = x * 0 + 7
            ctx.mark_non_differentiable(ranks)
            return x * 2, ranks

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor, _: ag.Tensor) -> ag.Tensor:
            return g * 2

    value, ranks = WithIndex.apply(leaf(1.0))
    assert value.requires_grad
    assert not ranks.requires_grad


def test_an_input_returned_as_it_is() -> None:
    class Same(Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            return x

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
            return g * 5

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x
    y.sum().backward()
    assert x.grad.tolist() == [5.0]


def backward_of(result: Any) -> type[Function]:
    class Given(Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor, n: int) -> ag.Tensor:
            return x * n

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor) -> Any:
            return result

    return Given


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (ag.ones(2), RuntimeError, r"returned an incorrect number of gradients \(expected 2, got 1\)"),
        (
            (ag.ones(3), None),
            RuntimeError,
            r"invalid gradient at index 0 - got \[3\] but expected shape compatible with \[2\]",
        ),
        ((ag.ones(2), ag.ones(2)), RuntimeError, "returned a gradient different from None at position 2"),
        (("x", None), TypeError, r"expected Variable or None \(got str\)"),
    ],
)
def test_wrong_gradients(result: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        backward_of(result).apply(leaf(1.0, 2.0), 3).sum().backward()
    assert "backward_of(result).apply(leaf(1.0, 2.0), 3)" in str(caught.value)


def test_more_nones_than_arguments_are_fine() -> None:
    x = leaf(1.0, 2.0)
    backward_of((ag.ones(2), None, None, None)).apply(x, 3).sum().backward()
    assert x.grad.dtype is ag.float64


def test_saved_tensors_are_guarded() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    z = Cube.apply(y)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
    w = Cube.apply(x).sum()
    w.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        w.backward()


def test_once_differentiable() -> None:
    class Once(Cube):
        @staticmethod
        @once_differentiable
        def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
            return Cube.backward(ctx, g)

    x = leaf(2.0)
    (g,) = ag.autograd.grad(Once.apply(x) * x, x, create_graph=True)
    with pytest.raises(RuntimeError, match="marked with @once_differentiable"):
        g.sum().backward()


def test_it_is_not_instantiated() -> None:
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        function = Cube()
    with pytest.raises(RuntimeError, match="use new-style autograd function with static forward method"):
        function(leaf(1.0))


def test_nothing_is_left_for_the_garbage_collector() -> None:
    def step() -> None:
        a, b = TwoOutputs.apply(leaf(0.5), leaf(1.5))
        (a.sum() + b.sum()).backward()

    step()
    gc.collect()
    gc.disable()
    try:
        step()
        assert gc.collect() == 0
    finally:
        gc.enable()
