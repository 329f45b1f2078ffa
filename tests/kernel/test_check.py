"""`Kernel.check`: what it finds, and what it says of what it could not look at."""

from __future__ import annotations

from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.device import compiler, cuda_unavailable_reason
from autograd_gpu.testing import GradcheckError
from tests.kernel.kernels_of_users import (
    both,
    fused,
    monomial,
    polar,
    row_max,
    scale_rows,
    silu,
    softplus,
    twice,
)

CALLS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "silu": (silu, lambda: (ag.randn(3, 5),), {}),
    "fused": (fused, lambda: (ag.randn(3, 1), ag.randn(5), ag.randn(3, 5)), {}),
    "polar": (polar, lambda: (ag.rand(4) + 1, ag.rand(4) + 1), {}),
    "softplus": (softplus, lambda: (ag.randn(7, dtype=ag.float64),), {"beta": 0.5}),
    "scale_rows": (scale_rows, lambda: (ag.randn(3, 5), ag.randn(3)), {}),
    "row_max": (row_max, lambda: (ag.arange(15.0).reshape(3, 5) * 7 % 15 / 8,), {}),
    "both": (both, lambda: (ag.randn(4),), {}),
    "monomial": (monomial, lambda: (ag.randn(5), None), {"degree": 3}),
    "twice": (twice, lambda: (ag.randn(5),), {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_kernels_that_are_right_pass(name: str, device: str) -> None:
    kernel, inputs, params = CALLS[name]
    report = kernel.check(*(None if x is None else x.to(device) for x in inputs()), **params)
    print(report)
    done = [step.what for step in report.steps if step.done]
    assert "shapes and dtypes of the reference" in done
    assert "gradient, by finite differences" in done
    assert "second order, by finite differences" in done
    if device == "cuda":
        assert report.complete
        assert "kernel against reference, float32" in done
        assert ("kernel against reference, bfloat16" in done) is (name != "twice")
    assert str(report).startswith(f"{kernel.__name__}:\n  ok ")


@pytest.mark.skipif(cuda_unavailable_reason() is None, reason="there is a GPU here")
def test_without_a_gpu_it_says_so() -> None:
    report = silu.check(ag.randn(3))
    assert not report.complete
    last = report.steps[-1]
    assert (last.what, last.done) == ("kernel against reference", False)
    assert last.outcome == f"not run: {cuda_unavailable_reason()}"


@pytest.mark.skipif(cuda_unavailable_reason() is None, reason="there is a GPU here, which compiles")
@pytest.mark.skipif(compiler.unavailable_reason() is not None, reason=str(compiler.unavailable_reason()))
def test_without_a_gpu_kernels_are_compiled() -> None:
    steps = {step.what: step for step in scale_rows.check(ag.randn(2, 3), ag.randn(2)).steps}
    assert "float32: " in steps["scale_rows compiles"].outcome
    assert steps["scale_rows_backward compiles"].done
    wrong = ag.kernel("__global__ void wrong(const float *x, float *y) { y[0] = nothing; }", lambda x: x + 0)
    with pytest.raises(compiler.CompileError, match='identifier "nothing" is undefined'):
        wrong.check(ag.ones(2))


def test_a_wrong_derivative_is_found() -> None:
    for backward in ("x_grad = y_grad * x", lambda x, y_grad: y_grad * x):
        wrong = ag.kernel("y = x * x", backward=backward)
        with pytest.raises(GradcheckError, match="the derivative .* disagrees with finite differences"):
            wrong.check(ag.randn(3))


def test_a_wrong_second_derivative_is_found() -> None:
    wrong = ag.kernel("y = x * x * x", backward=lambda x, y_grad: 3 * y_grad * (x * x).detach())
    with pytest.raises(GradcheckError):
        wrong.check(ag.randn(3))


def test_a_reference_that_changes_its_input_is_found() -> None:
    wrong = ag.kernel("__global__ void f(const float *x, float *y) { }", lambda x: x.mul_(2).clone())
    with pytest.raises(AssertionError, match="changes its input x in place"):
        wrong.check(ag.ones(2))


def test_arguments() -> None:
    with pytest.raises(TypeError, match="silu.check: x must be Tensor, not list"):
        silu.check([1.0])
    with pytest.raises(TypeError, match="too many positional"):
        silu.check(ag.ones(1), ag.ones(1))


def copy(body: str, **options: Any) -> Any:
    text = (
        "template <typename T> __global__ void copy(const T *x, T *y, i64 n) { i64 i = thread_index(); %s }"
    )
    return ag.kernel(text.replace("%s", body), lambda x: x + 0, **options)


WRONG = {
    "if (i < n + 1) y[i] = x[i];": "wrote after the result y",
    "if (i < n) y[i - 1] = x[i];": "wrote before the result y",
    "if (i < n - 1) y[i] = x[i];": "it does not write every element",
    "if (i < n) y[i] = store<T>(load(x[i]) * 1.02f);": r"y of the kernel \(float64, contiguous inputs\) is",
    "if (i < n) { y[i] = x[i]; ((T *)x)[i] = store<T>(0); }": "changed its input x|left different numbers",
}


@pytest.mark.gpu
@pytest.mark.parametrize("body", WRONG)
def test_wrong_kernels_are_found(body: str) -> None:
    with pytest.raises(AssertionError, match=WRONG[body]):
        copy(body).check(ag.randn(3, 5) + 4)


@pytest.mark.gpu
def test_a_wrong_backward_kernel_is_found() -> None:
    backward = (
        "template <typename T> __global__ void b(const T *y_grad, T *x_grad, i64 n) "
        "{ i64 i = thread_index(); if (i < n) x_grad[i] = store<T>(2 * load(y_grad[i])); }"
    )
    with pytest.raises(AssertionError, match="x_grad of the kernel"):
        copy("if (i < n) y[i] = x[i];", backward=backward).check(ag.randn(3))


@pytest.mark.gpu
def test_tolerances() -> None:
    near = copy("if (i < n) y[i] = store<T>(load(x[i]) * 1.001f);")
    with pytest.raises(AssertionError):
        near.check(ag.randn(3))
    assert near.check(ag.randn(3), rtol=2e-2).complete
