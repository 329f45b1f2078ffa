"""Running sums, products and logarithms of sums by the kernels of scan.cu: one launch for rows that are not very long."""

from __future__ import annotations

import math

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, DType, float32, is_half
from autograd_gpu.device.portable.reductions import Reductions

#: elements of a row that one block scans where a row has more
CHUNK = 65536
#: columns below which long ones are turned into rows first
FEW_COLUMNS, LONG = 4096, 1024


class CudaScans(Reductions):
    """cumsum, cumprod, logcumsumexp."""

    def cumsum(self, x: Array, *, dim: int, dtype: DType | None = None) -> Array:
        """See ``Reductions.cumsum``."""
        return _scan(x, dim, "Plus") if _fit(x, dtype) else super().cumsum(x, dim=dim, dtype=dtype)

    def cumprod(self, x: Array, *, dim: int, dtype: DType | None = None) -> Array:
        """See ``Reductions.cumprod``."""
        return _scan(x, dim, "Times") if _fit(x, dtype) else super().cumprod(x, dim=dim, dtype=dtype)

    def logcumsumexp(self, x: Array, *, dim: int) -> Array:
        """See ``Reductions.logcumsumexp``."""
        return _scan(x, dim, "LogPlus") if _fit(x, None) else super().logcumsumexp(x, dim=dim)


def _fit(x: Array, dtype: DType | None) -> bool:
    return x.dtype.name in kernels.FLOATS and dtype in (None, x.dtype) and x.size > 0 and x.ndim > 0


def _scan(x: Array, dim: int, join: str) -> Array:
    dim %= x.ndim
    # A scan of a flipped array, as gradients are, reads from the end instead of making a copy.
    backwards = x.strides[dim] < 0
    x = kernels.contiguous(cupy.flip(x, dim) if backwards else x)
    columns = x.size // x.shape[dim]
    if math.prod(x.shape[dim + 1 :]) > 1 and columns < FEW_COLUMNS and x.shape[dim] > LONG:
        turned = kernels.contiguous(cupy.moveaxis(x, dim, -1))
        out = cupy.moveaxis(_launched(turned, turned.ndim - 1, join, backwards), -1, dim)
    else:
        out = _launched(x, dim, join, backwards)
    return cupy.flip(out, dim) if backwards else out


def _launched(x: Array, dim: int, join: str, backwards: bool) -> Array:
    outer, length, inner = math.prod(x.shape[:dim]), x.shape[dim], math.prod(x.shape[dim + 1 :])
    kind = kernels.FLOATS[x.dtype.name]
    out = cupy.empty(x.shape, x.dtype)
    if inner > 1:
        kernels.launch(
            "scan", kind, f"columns<{kind}, {join}>", kernels.blocks_for(outer * inner),
            (x, out, np.int64(outer), np.int64(length), np.int64(inner), np.bool_(backwards)),
        )  # fmt: skip
    else:
        _rows(x, out, outer, length, min(length, CHUNK), join, backwards)
    return out


def _rows(x: Array, out: Array, count: int, length: int, chunk: int, join: str, backwards: bool) -> None:
    kind, wide = kernels.FLOATS[x.dtype.name], float32 if is_half(x.dtype) else x.dtype
    chunks = -(-length // chunk)
    numbers = np.int64(count), np.int64(length), np.int64(chunk), np.bool_(backwards)
    before = None
    if chunks > 1:
        totals, before = cupy.empty((count, chunks), wide), cupy.empty((count, chunks), wide)
        kernels.launch(
            "scan", kind, f"rows<{kind}, {join}>", count * chunks, (x, None, *numbers, totals, None)
        )
        _rows(totals, before, count, chunks, chunks, join, False)
    kernels.launch("scan", kind, f"rows<{kind}, {join}>", count * chunks, (x, out, *numbers, None, before))
