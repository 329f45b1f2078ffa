"""Running sums, products, logarithms of sums and extremes, and their gradients, by the kernels of scan.cu, scan_extremes.cu
and scan_gradients.cu: one launch for rows that are not very long."""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, DType, float32, int64, is_half
from autograd_gpu.device.portable.reductions import Reductions

#: elements of a row that one block scans where a row has more
CHUNK = 65536
#: columns below which long ones are turned into rows first
FEW_COLUMNS, LONG = 4096, 1024
#: gradient of an op -> functor of scan_gradients.cu
SCAN_GRADIENTS = {"cumprod_backward": "Product", "logcumsumexp_backward": "LogSum"}


class CudaScans(Reductions):
    """cumsum, cumprod, logcumsumexp, cummax, cummin."""

    def cumsum(self, x: Array, *, dim: int, dtype: DType | None = None) -> Array:
        """See ``Reductions.cumsum``."""
        return _scan(x, dim, "Plus") if _fit(x, dtype) else super().cumsum(x, dim=dim, dtype=dtype)

    def cumprod(self, x: Array, *, dim: int, dtype: DType | None = None) -> Array:
        """See ``Reductions.cumprod``."""
        return _scan(x, dim, "Times") if _fit(x, dtype) else super().cumprod(x, dim=dim, dtype=dtype)

    def logcumsumexp(self, x: Array, *, dim: int) -> Array:
        """See ``Reductions.logcumsumexp``."""
        return _scan(x, dim, "LogPlus") if _fit(x, None) else super().logcumsumexp(x, dim=dim)

    def cummax(self, x: Array, *, dim: int) -> tuple[Array, Array]:
        """See ``Reductions.cummax``."""
        return _extremes(x, dim, "true") if _ordered(x) else super().cummax(x, dim=dim)

    def cummin(self, x: Array, *, dim: int) -> tuple[Array, Array]:
        """See ``Reductions.cummin``."""
        return _extremes(x, dim, "false") if _ordered(x) else super().cummin(x, dim=dim)


def scan_gradient(of: str, body: Any) -> Any:
    """A function of the arguments of `body`, a gradient (g, input, out, dim), that launches its kernel where that can be."""

    def call(namespace: Any, g: Array, input: Array, out: Array, *, dim: int) -> Array:
        arrays = g, input, out
        fit = _fit(g, None) and all(isinstance(x, cupy.ndarray) and x.dtype == g.dtype for x in arrays)
        if not fit:
            return body(namespace, g, input, out, dim=dim)
        wide = float32 if is_half(g.dtype) else g.dtype
        kind = kernels.FLOATS[g.dtype.name]
        scan = _Scan("scan_gradients", kind, f"{kind}, {of}", 2 * wide.itemsize, carry=kind)
        (result,) = scan(tuple(map(kernels.contiguous, arrays)), (g.dtype,), dim)
        return result

    return call


def _fit(x: Array, dtype: DType | None) -> bool:
    return x.dtype.name in kernels.FLOATS and dtype in (None, x.dtype) and x.size > 0 and x.ndim > 0


def _ordered(x: Array) -> bool:
    return x.size > 0 and x.ndim > 0 and (x.dtype.name in kernels.FLOATS or x.dtype.name in kernels.INTEGERS)


def _scan(x: Array, dim: int, join: str) -> Array:
    dim %= x.ndim
    # A scan of a flipped array, as gradients are, reads from the end instead of making a copy.
    backwards = x.strides[dim] < 0
    x = kernels.contiguous(cupy.flip(x, dim) if backwards else x)
    kind, wide = kernels.FLOATS[x.dtype.name], float32 if is_half(x.dtype) else x.dtype
    scan = _Scan("scan", kind, f"{kind}, {join}", wide.itemsize, (np.bool_(backwards),))
    (out,) = scan((x,), (x.dtype,), dim)
    return cupy.flip(out, dim) if backwards else out


def _extremes(x: Array, dim: int, largest: str) -> tuple[Array, Array]:
    kind = kernels.TYPES[x.dtype.name]
    values, places = _Scan("scan_extremes", kind, f"{kind}, {largest}", 16)(
        (kernels.contiguous(x),), (x.dtype, int64), dim
    )
    return values, places


class _Scan:
    """The kernels of one scan: its file, group and template arguments, and the bytes of its state."""

    def __init__(
        self,
        file: str,
        kind: str,
        template: str,
        state_bytes: int,
        more: tuple[Any, ...] = (),
        carry: str | None = None,
    ) -> None:
        self._file, self._kind, self._template, self._more = file, kind, template, more
        self._state_bytes = state_bytes
        self._carry = template if carry is None else carry

    def __call__(self, arrays: tuple[Array, ...], dtypes: tuple[DType, ...], dim: int) -> tuple[Array, ...]:
        """New arrays of these dtypes, from contiguous ones of one shape."""
        shape = arrays[0].shape
        dim %= len(shape)
        outer, length, inner = math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :])
        if inner > 1 and outer * inner < FEW_COLUMNS and length > LONG:
            turned = tuple(kernels.contiguous(cupy.moveaxis(x, dim, -1)) for x in arrays)
            return tuple(cupy.moveaxis(out, -1, dim) for out in self(turned, dtypes, -1))
        outs = tuple(cupy.empty(shape, dtype) for dtype in dtypes)
        if inner > 1:
            self._launch(
                "columns", kernels.blocks_for(outer * inner),
                (*arrays, *outs, np.int64(outer), np.int64(length), np.int64(inner), *self._more),
            )  # fmt: skip
            return outs
        chunks = -(-length // CHUNK)
        sizes = np.int64(outer), np.int64(length), np.int64(CHUNK)
        before = None
        if chunks > 1:
            totals, before = (cupy.empty(outer * chunks * self._state_bytes, np.uint8) for _ in range(2))
            nothing = (None,) * len(outs)
            self._launch("rows", outer * chunks, (*arrays, *nothing, *sizes, totals, None, *self._more))
            self._launch("carry", outer, (totals, before, np.int64(outer), np.int64(chunks)))
        self._launch("rows", outer * chunks, (*arrays, *outs, *sizes, None, before, *self._more))
        return outs

    def _launch(self, name: str, blocks: int, arguments: tuple[Any, ...]) -> None:
        template = self._carry if name == "carry" else self._template
        kernels.launch(self._file, self._kind, f"{name}<{template}>", blocks, arguments)
