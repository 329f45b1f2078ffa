"""Products of matrices. Halves are multiplied and summed in float32 and rounded once at the end."""

from __future__ import annotations

from typing import Any

from autograd_gpu.device.portable.base import Array, Base, float32, is_half


class LinearAlgebra(Base):
    """Matrix products."""

    def __init__(self, xp: Any) -> None:
        super().__init__(xp)
        self._matmul = xp.matmul

    def matmul(self, a: Array, b: Array) -> Array:
        """NumPy's and PyTorch's rule: 1-d operands are vectors, leading axes are batches and broadcast."""
        if is_half(a.dtype):
            return self._matmul(a.astype(float32), b.astype(float32)).astype(a.dtype)
        return self._matmul(a, b)

    def mT(self, x: Array) -> Array:
        """The last two axes swapped: a view."""
        return x.swapaxes(-1, -2)

    def dot(self, a: Array, b: Array) -> Array:
        """The product of two vectors."""
        return self.matmul(a, b)

    def outer(self, a: Array, b: Array) -> Array:
        return a[:, None] * b[None, :]

    def tensordot(self, a: Array, b: Array, dims: int | tuple[tuple[int, ...], tuple[int, ...]]) -> Array:
        """Contracts the last ``dims`` axes of ``a`` with the first of ``b``, or the listed pairs."""
        if is_half(a.dtype):
            return self.xp.tensordot(a.astype(float32), b.astype(float32), dims).astype(a.dtype)
        return self.xp.tensordot(a, b, dims)
