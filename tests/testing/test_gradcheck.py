"""gradcheck must pass where a derivative is right, and above all fail where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.testing import GradcheckError, gradcheck, gradgradcheck


def leaf(*shape: int, dtype: Any = np.float64, low: float = -1.0) -> ag.Tensor:
    generator = np.random.default_rng(len(shape))
    values = np.asarray(generator.uniform(low, 1, shape))
    if np.dtype(dtype).kind == "c":
        values = values + 1j * generator.uniform(low, 1, shape)
    return ag.tensor(np.asarray(values, dtype)).requires_grad_()


def times_its_constant(x: ag.Tensor) -> ag.Tensor:
    """x², but the derivative comes out as x."""
    return x * x.detach()


def with_hook(hook: Callable[[ag.Tensor], ag.Tensor]) -> Callable[[ag.Tensor], ag.Tensor]:
    """exp, with the incoming gradient put through a hook."""

    def function(x: ag.Tensor) -> ag.Tensor:
        y = ag.exp(x)
        y.register_hook(hook)
        return y

    return function


FAST = pytest.mark.parametrize("fast_mode", [False, True], ids=["full", "fast"])


@FAST
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("shapes", [((2, 3), (3,)), ((), (2,)), ((0, 3), (1,))], ids=str)
def test_right_derivatives_pass(fast_mode: bool, dtype: Any, shapes: Any) -> None:
    inputs = tuple(leaf(*shape, dtype=dtype) for shape in shapes)
    assert gradcheck(lambda x, y: (x * y, ag.exp(x)), inputs, fast_mode=fast_mode, check_forward_ad=True)
    assert gradgradcheck(lambda x, y: (x * y, ag.exp(x)), inputs, fast_mode=fast_mode)


@FAST
def test_real_and_complex_inputs_together(fast_mode: bool) -> None:
    assert gradcheck(
        lambda x, y: x * y,
        (leaf(2, 3), leaf(3, dtype=np.complex128)),
        fast_mode=fast_mode,
        check_forward_ad=True,
    )


@FAST
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_a_wrong_gradient_fails(fast_mode: bool, dtype: Any) -> None:
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
        gradcheck(times_its_constant, leaf(3, dtype=dtype), fast_mode=fast_mode)
    assert gradcheck(times_its_constant, leaf(3), fast_mode=fast_mode, raise_exception=False) is False


@FAST
def test_a_gradient_one_percent_off_fails(fast_mode: bool) -> None:
    with pytest.raises(GradcheckError):
        gradcheck(with_hook(lambda g: g * 1.01), leaf(3), fast_mode=fast_mode)


@FAST
def test_a_wrong_tangent_fails(fast_mode: bool) -> None:
    with pytest.raises(GradcheckError, match="Jacobian computed with forward mode mismatch"):
        gradcheck(
            times_its_constant, leaf(3), fast_mode=fast_mode, check_forward_ad=True, check_backward_ad=False
        )


@FAST
def test_a_missing_conjugate_fails(fast_mode: bool) -> None:
    """The gradient of exp(z) is conj(exp(z)); without the conjugate it is right for real numbers only."""

    def function(x: ag.Tensor) -> ag.Tensor:
        y = x * 1.0
        y.register_hook(ag.conj)
        return ag.exp(y)

    assert gradcheck(function, leaf(3), fast_mode=fast_mode)
    with pytest.raises(
        GradcheckError, match="While considering the (real|imaginary) part of complex outputs only"
    ):
        gradcheck(function, leaf(3, dtype=np.complex128), fast_mode=fast_mode)


@FAST
def test_a_wrong_second_derivative_fails(fast_mode: bool) -> None:
    function = with_hook(lambda g: g.detach())
    assert gradcheck(function, leaf(3), fast_mode=fast_mode)
    with pytest.raises(GradcheckError):
        gradgradcheck(function, leaf(3), fast_mode=fast_mode)


@FAST
def test_only_the_wrong_pair_of_several_is_named(fast_mode: bool) -> None:
    with pytest.raises(GradcheckError, match="mismatch for output 1 with respect to input 2"):
        gradcheck(
            lambda x, k, y: (x * y, x * times_its_constant(y)),
            (leaf(3), 2.5, leaf(3)),
            fast_mode=fast_mode,
        )


def test_the_message_shows_the_worst_element() -> None:
    x = ag.tensor(np.array([[0.0, 1.0], [3.0, 0.5]])).requires_grad_()
    with pytest.raises(GradcheckError) as caught:
        gradcheck(times_its_constant, x)
    text = str(caught.value)
    assert "numerical:[[" in text
    assert "analytical:[[" in text
    assert "3 of 16 elements differ" in text
    assert "output 0[1, 0] with respect to input 0[1, 0] is 6" in text
    assert "numerically, 3 analytically: a difference of 3," in text
    assert "float32" not in text


def test_float32_inputs_are_warned_of_and_named_as_the_cause() -> None:
    x = leaf(3, dtype=np.float32)
    with (
        pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double precision"),
        pytest.raises(GradcheckError, match="The inputs are float32"),
    ):
        gradcheck(ag.exp, x)


def test_a_backward_that_is_not_reproducible_fails() -> None:
    counter = iter(range(10**6))
    function = with_hook(lambda g: g * (1 + 1e-9 * next(counter)))
    with pytest.raises(GradcheckError, match="Backward is not reentrant"):
        gradcheck(function, leaf(3))
    assert gradcheck(function, leaf(3), nondet_tol=1e-3)


def test_a_backward_that_ignores_its_gradient_fails() -> None:
    """Right for every unit gradient but not for zero."""
    function = with_hook(lambda g: g if bool((g != 0).any()) else g + 1.0)
    with pytest.raises(GradcheckError, match="backward not multiplied by grad_output"):
        gradcheck(function, leaf(1))


def test_a_dependence_that_is_not_recorded_fails() -> None:
    with pytest.raises(GradcheckError, match="Numerical gradient for function expected to be zero"):
        gradcheck(lambda x: x.detach() * 2.0, leaf(3))
    assert gradcheck(lambda x: ag.floor(x.detach()), leaf(3))


def test_inputs_are_restored_and_their_versions_untouched() -> None:
    x = leaf(3)
    before = x.detach().numpy().copy()
    gradcheck(lambda x: x * x, x)
    assert np.array_equal(x.detach().numpy(), before)
    assert x._version == 0
    assert x.grad is None


def test_a_function_may_close_over_its_inputs() -> None:
    x = leaf(3)
    assert gradcheck(lambda _: x * x, x)
    with pytest.raises(GradcheckError):
        gradcheck(lambda _: x * x.detach(), x)


def test_given_grad_outputs() -> None:
    x, g = leaf(3), leaf(3)
    assert gradgradcheck(lambda x: x * x * x, x, g)
    assert gradgradcheck(lambda x: x * x * x, x, gen_non_contig_grad_outputs=True)


def test_forward_over_reverse() -> None:
    assert gradgradcheck(ag.exp, leaf(3), check_fwd_over_rev=True)


def test_what_is_refused() -> None:
    x = leaf(3)
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(ag.exp, ag.ones(3, dtype=ag.float64))
    with pytest.raises(RuntimeError, match="The 0th input has a dimension with stride 0"):
        gradcheck(ag.exp, ag.ones(1, dtype=ag.float64).expand(3).requires_grad_())
    with pytest.raises(TypeError, match="output 1 is a float"):
        gradcheck(lambda x: (x, 1.0), x)
    with pytest.raises(AssertionError, match="check_batched_grad=True requires check_backward_ad"):
        gradcheck(ag.exp, x, check_batched_grad=True, check_backward_ad=False, check_forward_ad=True)
    with pytest.raises(AssertionError, match="check_batched_forward_grad=True requires check_forward_ad"):
        gradcheck(ag.exp, x, check_batched_forward_grad=True)
    with pytest.raises(
        AssertionError, match="Expected at least one of check_forward_ad or check_backward_ad"
    ):
        gradcheck(ag.exp, x, check_backward_ad=False)


class LooksAtValues(ag.autograd.Function):
    """Twice its input; the backward looks at numbers, which single passes allow and batches do not."""

    @staticmethod
    def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
        return g * 2 if float(g.sum()) < 1e9 else g


class MixesExamples(ag.autograd.Function):
    """Twice its input; under vmap the backward is wrong."""

    generate_vmap_rule = True

    @staticmethod
    def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
        return g * (2 if "Batched" not in repr(g) else 3)

    @staticmethod
    def jvp(ctx: Any, t: ag.Tensor) -> ag.Tensor:
        return t * (2 if "Batched" not in repr(t) else 3)


def test_batches() -> None:
    x = leaf(3)
    assert gradcheck(
        lambda a: (a * a, a.sum()),
        x,
        check_batched_grad=True,
        check_forward_ad=True,
        check_batched_forward_grad=True,
    )
    assert gradgradcheck(lambda a: a**3, x, check_batched_grad=True)
    assert gradcheck(LooksAtValues.apply, x)
    with pytest.raises(GradcheckError, match="While computing batched gradients, got: vmap: It looks like"):
        gradcheck(LooksAtValues.apply, x, check_batched_grad=True)
    assert gradcheck(MixesExamples.apply, x)
    with pytest.raises(GradcheckError, match="For output 0 and input 0:"):
        gradcheck(MixesExamples.apply, x, check_batched_grad=True)
    assert not gradcheck(MixesExamples.apply, x, check_batched_grad=True, raise_exception=False)


def test_batched_tangents_that_differ() -> None:
    with pytest.raises(GradcheckError, match="(?s)For output 0 and input 0:.*forward-mode"):
        gradcheck(
            MixesExamples.apply, leaf(2), check_forward_ad=True, check_batched_forward_grad=True,
        )  # fmt: skip


def test_a_shape_that_depends_on_the_values() -> None:
    x = ag.tensor(np.array([0.0, 1.0])).requires_grad_()
    with pytest.raises(AssertionError, match="outputs with the same shape when inputs are perturbed"):
        gradcheck(lambda x: x * 1.0 if float(x[0]) > 0 else x.sum(), x)
