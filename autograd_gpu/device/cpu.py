"""The CPU's raw array namespace: the portable one over NumPy, with what NumPy can do faster."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.device.namespace import ArrayNamespace
from autograd_gpu.device.portable.base import Array, DType, Ufunc, float32, is_half


class CpuNamespace(ArrayNamespace):
    """The functions of ``ArrayNamespace`` on NumPy arrays."""

    def __init__(self) -> None:
        super().__init__(np)
        # The ufuncs' own reductions cost a third of the functions np.sum, np.max, ... that wrap them.
        self._sum, self._prod = np.add.reduce, np.multiply.reduce
        self._amax, self._amin = np.maximum.reduce, np.minimum.reduce
        self._any, self._all = np.logical_or.reduce, np.logical_and.reduce

    def scalar(self, value: complex, dtype: DType) -> Array:
        return np.array(value, dtype)

    def to_host(self, x: Array) -> np.ndarray[Any, Any]:
        return np.asarray(x)

    def diagonal(self, x: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
        view = x.diagonal(offset, dim1, dim2)
        view.flags.writeable = x.flags.writeable  # NumPy hands diagonals out read-only
        return view

    def matmul(self, a: Array, b: Array) -> Array:
        if is_half(a.dtype):
            return self.matmul(a.astype(float32), b.astype(float32)).astype(a.dtype)
        if a.ndim > 1 and b.ndim > 1:
            a, b = _for_blas(a), _for_blas(b)
            if b.ndim == 2 and a.ndim > 2 and a.flags.c_contiguous:
                # One large product instead of one per batch.
                return np.matmul(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
        return np.matmul(a, b)

    def _accumulate_scan(self, function: Ufunc, x: Array, dim: int) -> Array:
        return function.accumulate(x, axis=dim)  # type: ignore[attr-defined]


def _for_blas(x: Array) -> Array:
    """``x``, copied where the strides of its matrices are none that BLAS takes: NumPy would use a plain loop."""
    if x.flags.c_contiguous or x.flags.f_contiguous:
        return x
    rows, columns = x.strides[-2:]
    itemsize = x.itemsize
    if columns == itemsize and rows >= x.shape[-1] * itemsize and rows % itemsize == 0:
        return x
    if rows == itemsize and columns >= x.shape[-2] * itemsize and columns % itemsize == 0:
        return x
    return np.ascontiguousarray(x)


cpu = CpuNamespace()
