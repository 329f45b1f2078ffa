"""Forward mode: every kind of op, over reverse mode and under it, levels inside levels."""

from __future__ import annotations

import pytest

import autograd_gpu as ag
from autograd_gpu.autograd import forward_ad as fw


def jvp(function: object, x: ag.Tensor, v: ag.Tensor) -> ag.Tensor:
    with fw.dual_level():
        return fw.unpack_dual(function(fw.make_dual(x, v))).tangent  # type: ignore[operator]


X = ag.tensor([[0.5, 1.5], [2.0, 3.0]], dtype=ag.float64)
V = ag.tensor([[1.0, -1.0], [0.5, 2.0]], dtype=ag.float64)
FUNCTIONS = {
    "elementwise": lambda x: x.exp() * x + 2 / x,
    "linear": lambda x: x.sum(dim=0),
    "view": lambda x: x.t()[0],
    "bilinear": lambda x: x @ x,
    "general": lambda x: x.softmax(dim=1),
    "several outputs": lambda x: x.max(dim=1).values,
    "in place": lambda x: (x * 1).mul_(x),
    "into a view": lambda x: _into_view(x),
    "cast": lambda x: (x.float() * 2).double(),
    "fused": lambda x: ag.nn.functional.layer_norm(x, (2,)),
}


def _into_view(x: ag.Tensor) -> ag.Tensor:
    y = x * 1
    y[0] = x[1] * x[0]
    return y


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tangent_is_the_directional_derivative(name: str) -> None:
    function = FUNCTIONS[name]
    step = 1e-6 if name != "cast" else 1e-2
    numeric = (function(X + V * step) - function(X - V * step)) / (2 * step)
    ag.testing.assert_close(jvp(function, X, V), numeric, rtol=1e-4, atol=1e-6)


def test_no_tangent_outside() -> None:
    with pytest.raises(RuntimeError, match="no level exists"):
        fw.make_dual(X, V)


def test_shapes_must_match() -> None:
    with (
        fw.dual_level(),
        pytest.raises(RuntimeError, match="different size than that of the original Tensor"),
    ):
        fw.make_dual(X, V[0])


def test_backward_through_a_tangent() -> None:
    x = ag.tensor([1.0, 2.0], dtype=ag.float64, requires_grad=True)
    v = ag.tensor([1.0, 1.0], dtype=ag.float64)
    (g,) = ag.autograd.grad(jvp(lambda x: x**3, x, v).sum(), x)
    ag.testing.assert_close(g, 6 * x.detach())


def test_tangent_of_a_gradient() -> None:
    def gradient(x: ag.Tensor) -> ag.Tensor:
        x = x.requires_grad_() if not x.requires_grad else x
        return ag.autograd.grad((x**3).sum(), x, create_graph=True)[0]

    x = ag.tensor([1.0, 2.0], dtype=ag.float64, requires_grad=True)
    v = ag.tensor([1.0, 1.0], dtype=ag.float64)
    ag.testing.assert_close(jvp(gradient, x, v).detach(), 6 * x.detach())


def test_levels_nest() -> None:
    x = ag.tensor(2.0, dtype=ag.float64)
    one = ag.tensor(1.0, dtype=ag.float64)
    second = jvp(lambda x: jvp(lambda y: y**3, x, one), x, one)
    assert second.item() == pytest.approx(12.0)


def test_a_level_leaves_the_tensor_as_it_was() -> None:
    with fw.dual_level():
        fw.make_dual(X, V)
    with fw.dual_level():
        assert fw.unpack_dual(X).tangent is None
