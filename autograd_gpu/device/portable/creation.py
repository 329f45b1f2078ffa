"""Making arrays, copying them, changing their dtype, moving them between host and device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_gpu.device.portable.base import Array, Base, DType, Shape, float64


class Creation(Base):
    """Creation, conversion and triangles."""

    def empty(self, shape: Shape, dtype: DType) -> Array:
        return self.xp.empty(shape, dtype)

    def zeros(self, shape: Shape, dtype: DType) -> Array:
        return self.xp.zeros(shape, dtype)

    def ones(self, shape: Shape, dtype: DType) -> Array:
        return self.xp.ones(shape, dtype)

    def full(self, shape: Shape, value: complex, dtype: DType) -> Array:
        return self.xp.full(shape, self.scalar(value, dtype), dtype)

    def empty_like(self, x: Array) -> Array:
        return self.xp.empty(x.shape, x.dtype)

    def zeros_like(self, x: Array) -> Array:
        return self.xp.zeros(x.shape, x.dtype)

    def ones_like(self, x: Array) -> Array:
        return self.xp.ones(x.shape, x.dtype)

    def full_like(self, x: Array, value: complex) -> Array:
        return self.full(x.shape, value, x.dtype)

    def arange(self, start: float, stop: float, step: float, dtype: DType) -> Array:
        """``ceil((stop - start) / step)`` values; each is computed from its index, so errors do not add
        up."""
        count = max(0, math.ceil((stop - start) / step))
        if dtype.kind in "iub" and all(isinstance(number, int) for number in (start, stop, step)):
            count = max(0, -((start - stop) // step))  # type: ignore[assignment]
            return self.cast(self._arange(count) * np.int64(step) + np.int64(start), dtype)
        if dtype.kind in "iub":
            # PyTorch converts the bounds to the integer type first.
            return self.cast(self._arange(count) * np.int64(step) + np.int64(start), dtype)
        return self.cast(self._arange(count, float64) * float(step) + float(start), dtype)

    def linspace(self, start: complex, stop: complex, steps: int, dtype: DType) -> Array:
        """``steps`` values from ``start`` to ``stop`` inclusive; the second half is counted back from
        ``stop``."""
        if steps == 0:
            return self.empty((0,), dtype)
        if steps == 1:
            return self.full((1,), start, dtype)
        step = (stop - start) / (steps - 1)
        index = self._arange(steps, float64)
        values = self.xp.where(index < steps // 2, start + index * step, stop - (steps - 1 - index) * step)
        return self.cast(values, dtype)

    def eye(self, n: int, m: int, dtype: DType) -> Array:
        return self.xp.eye(n, m, dtype=dtype)

    def asarray(self, obj: Any, dtype: DType | None = None) -> Array:
        return self.xp.asarray(obj, dtype=dtype)

    def from_host(self, x: np.ndarray[Any, Any]) -> Array:
        """A NumPy array as an array of this device."""
        return self.xp.asarray(x)

    def to_host(self, x: Array) -> np.ndarray[Any, Any]:
        """An array of this device as a NumPy array; waits for the device."""
        return np.asarray(x)

    def to_device(self, x: Array, device: Any) -> Array:
        """``x`` on another device (a ``Device``), or itself where it is there."""
        raise NotImplementedError

    def address(self, x: Array) -> int:
        """Where in the device's memory the first element is."""
        raise NotImplementedError

    def cast(self, x: Array, dtype: DType) -> Array:
        """``x`` in ``dtype``; ``x`` itself where it has it. Complex to real drops the imaginary part, float
        to integer truncates."""
        if x.dtype == dtype:
            return x
        kind = dtype.kind
        if x.dtype.kind == "c" and kind not in "cb":
            x = x.real
        if kind in "iu" and x.dtype.kind in "fV":
            with np.errstate(invalid="ignore"):
                return x.astype(dtype)
        return x.astype(dtype)

    def copy(self, x: Array) -> Array:
        """A C-contiguous copy."""
        return self.xp.array(x, copy=True, order="C")

    def contiguous(self, x: Array) -> Array:
        """``x`` itself where it is C-contiguous, else a copy."""
        return x if x.flags.c_contiguous else self.copy(x)

    def is_contiguous(self, x: Array) -> bool:
        return bool(x.flags.c_contiguous)

    def tril(self, x: Array, k: int = 0) -> Array:
        return self.xp.tril(x, k)

    def triu(self, x: Array, k: int = 0) -> Array:
        return self.xp.triu(x, k)

    def diagonal(self, x: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
        """A view of the diagonal, which becomes the last axis."""
        return x.diagonal(offset, dim1, dim2)

    def diag_embed(self, x: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
        """Zeros with the last axis of ``x`` on the diagonal of the new axes ``dim1`` and ``dim2``."""
        size = x.shape[-1] + abs(offset)
        ndim = x.ndim + 1
        first, second = dim1 % ndim, dim2 % ndim
        shape = list(x.shape[:-1])
        for axis in sorted((first, second)):
            shape.insert(axis, size)
        result = self.xp.zeros(tuple(shape), x.dtype)
        self.diagonal(result, offset, first, second)[...] = x
        return result
