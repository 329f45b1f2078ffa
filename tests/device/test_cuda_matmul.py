"""What is handed to cuBLAS: one call for each product, transposes as flags, broadcast batches by stride 0, no copy; and the
precision that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag

pytestmark = pytest.mark.gpu


class Recorder:
    """Stands for the module of cuBLAS's functions, and notes the calls."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        if not callable(found):
            return found

        def call(*args: Any) -> Any:
            self.calls.append((name, args))
            return found(*args)

        return call

    def products(self) -> int:
        return sum(name.startswith("gemm") for name, _ in self.calls)

    def compute_types(self) -> set[int]:
        return {args[-2] for name, args in self.calls if name.startswith("gemm")}


@pytest.fixture
def cublas(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The calls to cuBLAS; a copy of an operand fails the test."""
    ag.cuda.init()
    from autograd_gpu.device import kernels
    from autograd_gpu.device.cuda import matmul

    recorder = Recorder(matmul.cublas)
    monkeypatch.setattr(matmul, "cublas", recorder)

    def no_copy(x: Any, *_: Any) -> Any:
        raise AssertionError(f"an operand of shape {x.shape} and strides {x.strides} was copied")

    class Kernels:
        contiguous = staticmethod(no_copy)

        def __getattr__(self, name: str) -> Any:
            return getattr(kernels, name)

    monkeypatch.setattr(matmul, "kernels", Kernels())
    yield recorder
    ag.set_float32_matmul_precision("highest")


#: shapes, product, cuBLAS calls: forward, backward
CASES: dict[str, tuple[tuple[tuple[int, ...], tuple[int, ...]], Callable[[Any, Any], Any], int, int]] = {
    "matrices": (((5, 6), (6, 7)), lambda a, b: a @ b, 1, 2),
    "x @ W.T": (((5, 6), (7, 6)), lambda a, b: a @ b.T, 1, 2),
    "x.T @ y.T": (((6, 5), (7, 6)), lambda a, b: a.T @ b.T, 1, 2),
    "3-d x @ W.T": (((4, 5, 6), (7, 6)), lambda a, b: a @ b.T, 1, 2),
    "linear": (((4, 5, 6), (7, 6)), ag.nn.functional.linear, 1, 2),
    "batches": (((4, 5, 6), (4, 6, 7)), lambda a, b: a @ b, 1, 2),
    "batches, transposed": (((4, 5, 6), (4, 7, 6)), lambda a, b: a @ b.mT, 1, 2),
    "bmm": (((4, 6, 5), (4, 6, 7)), lambda a, b: ag.bmm(a.mT, b), 1, 2),
    "W @ batch": (((7, 6), (4, 6, 5)), lambda a, b: a @ b, 1, 2),
    "expanded batch": (((1, 5, 6), (4, 6, 7)), lambda a, b: a.expand(4, 5, 6) @ b, 1, 2),
    "broadcast batch": (((1, 5, 6), (4, 6, 7)), lambda a, b: a @ b, 1, 2),
    "attention heads": (
        ((2, 5, 3, 8), (2, 5, 3, 8)),
        lambda a, b: a.transpose(1, 2) @ b.permute(0, 2, 3, 1),
        2,
        4,
    ),
    "one row": (((1, 6), (6, 7)), lambda a, b: a @ b, 1, 2),
    "one column": (((5, 6), (6, 1)), lambda a, b: a @ b, 1, 2),
    "K = 1": (((5, 1), (1, 7)), lambda a, b: a @ b, 1, 2),
    "K = 0": (((5, 0), (0, 7)), lambda a, b: a @ b, 0, 0),
    "a matrix in a larger one": (((5, 12), (6, 7)), lambda a, b: a[:, 3:9] @ b, 1, 2),
}


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64", "complex64"])
@pytest.mark.parametrize("name", CASES)
def test_no_operand_is_copied(name: str, dtype: str, cublas: Recorder) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="bfloat16 arrays are those of ml_dtypes")
    shapes, product, forward, backward = CASES[name]
    kind = getattr(ag, dtype)
    a, b = (ag.randn(*shape).to("cuda", kind).requires_grad_() for shape in shapes)
    out = product(a, b)
    assert cublas.products() == forward
    g = ag.randn(*out.shape).to("cuda", kind)
    gradients = ag.autograd.grad(out, (a, b), g)
    assert cublas.products() - forward == backward
    # against the CPU, in float64
    wide = ag.complex128 if kind.is_complex else ag.float64
    c, d = (x.detach().cpu().to(wide).requires_grad_() for x in (a, b))
    expected = product(c, d)
    towards = ag.autograd.grad(expected, (c, d), g.cpu().to(wide))
    tolerance = {"float16": 1e-2, "bfloat16": 8e-2, "float64": 1e-12}.get(dtype, 1e-5)
    for found, right in zip((out, *gradients), (expected, *towards), strict=True):
        np.testing.assert_allclose(
            found.detach().cpu().to(wide).numpy(), right.detach().numpy(), rtol=tolerance, atol=tolerance
        )


def test_tf32_only_on_request(cublas: Recorder) -> None:
    plain, tf32 = cublas.real.CUBLAS_COMPUTE_32F, cublas.real.CUBLAS_COMPUTE_32F_FAST_TF32
    weight = ag.ones(4, 4, device="cuda", requires_grad=True)

    def used(*shape: int, dtype: Any = ag.float32) -> set[int]:
        cublas.calls.clear()
        out = ag.ones(*shape, device="cuda", dtype=dtype) @ weight.to(dtype)
        out.backward(ag.ones_like(out))
        return cublas.compute_types()

    assert used(3, 4) == used(2, 3, 4) == {plain}
    ag.backends.cuda.matmul.allow_tf32 = True
    assert used(3, 4) == used(2, 3, 4) == {tf32}
    assert used(3, 4, dtype=ag.complex64) == {tf32}
    assert used(3, 4, dtype=ag.float16) == {plain}
    assert used(3, 4, dtype=ag.float64) == {cublas.real.CUBLAS_COMPUTE_64F}
    ag.set_float32_matmul_precision("highest")
    assert used(3, 4) == {plain}


def test_sums_of_halves_can_be_kept_in_float32(cublas: Recorder) -> None:
    from autograd_gpu.device.cuda.matmul import DEFAULT_MATH, NO_REDUCED_SUMS

    def modes(dtype: Any) -> list[int]:
        cublas.calls.clear()
        x = ag.ones(4, 4, device="cuda", dtype=dtype)
        assert (x @ x)[0, 0].item() == 4
        return [args[1] for name, args in cublas.calls if name == "setMathMode"]

    assert modes(ag.float16) == []
    settings = ag.backends.cuda.matmul
    settings.allow_fp16_reduced_precision_reduction = False
    try:
        assert modes(ag.float16) == [NO_REDUCED_SUMS, DEFAULT_MATH]
        assert modes(ag.float32) == []
    finally:
        settings.allow_fp16_reduced_precision_reduction = True
