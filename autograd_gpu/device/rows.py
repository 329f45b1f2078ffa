"""What is done row by row, on the CPU: softmax and normalisation, a block of rows at a time.

Each step of a block works in place on what the step before left in the cache, so that operands and results are all that
moves through memory; blocks are spread over threads. Sums over rows of different blocks are stored per block and added in
the blocks' order, so results do not depend on the number of threads. (``einsum`` has loops of its own; BLAS would divide
long sums by the number of its threads.)
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from autograd_gpu.device import threads
from autograd_gpu.device.portable.base import Array, float32, is_half
from autograd_gpu.device.portable.norm import Gradients, Normalization
from autograd_gpu.device.portable.reductions import Reductions

#: elements from which rows are worth cutting into blocks
LARGE = 2**16


def _for_rows(part: Callable[[int, int], None], rows: int, length: int) -> int:
    """Call ``part(start, stop)`` for blocks of rows; returns the rows of a block."""
    block = max(1, threads.BLOCK // max(1, length))
    threads.for_ranges(part, rows, block)
    return block


class RowSoftmax(Reductions):
    """softmax, log_softmax and their gradients."""

    def softmax(self, input: Array, *, dim: int | None) -> Array:
        def part(x: Array, result: Array) -> None:
            np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=result)
            np.exp(result, out=result)
            result /= np.add.reduce(result, axis=1, keepdims=True)

        return _along(dim, part, input)

    def log_softmax(self, input: Array, *, dim: int | None) -> Array:
        def part(x: Array, result: Array) -> None:
            np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=result)
            result -= np.log(np.add.reduce(np.exp(result), axis=1, keepdims=True))

        return _along(dim, part, input)

    def softmax_backward(self, g: Array, out: Array, *, dim: int | None) -> Array:
        """``out * (g - sum(g * out))``"""

        def part(g: Array, out: Array, result: Array) -> None:
            np.subtract(g, _row_dot(g, out), out=result)
            result *= out

        return _along(dim, part, g, out)

    def log_softmax_backward(self, g: Array, out: Array, *, dim: int | None) -> Array:
        """``g - exp(out) * sum(g)``"""

        def part(g: Array, out: Array, result: Array) -> None:
            np.exp(out, out=result)
            result *= np.add.reduce(g, axis=1, keepdims=True)
            np.subtract(g, result, out=result)

        return _along(dim, part, g, out)


def _row_dot(a: Array, b: Array) -> Array:
    """The sums of products along axis 1, which is kept."""
    if a.ndim == 2:
        return np.einsum("ij,ij->i", a, b)[:, None]
    return np.einsum("ijk,ijk->ik", a, b)[:, None, :]


def _along(dim: int | None, part: Callable[..., None], *operands: Array) -> Array:
    """The result of ``part(*blocks, block of the result)``, where `dim` is axis 1 of the blocks; halves go through float32."""
    shape, dtype = operands[-1].shape, operands[-1].dtype
    axis = None if dim is None else dim % len(shape)
    outer = 1 if axis is None else math.prod(shape[:axis])
    length = 1 if axis is None else shape[axis]
    inner = 1 if axis is None else math.prod(shape[axis + 1 :])
    flat = (outer, length) if inner == 1 else (outer, length, inner)
    if not all(flat):
        return np.empty(shape, dtype)
    wide = float32 if is_half(dtype) else dtype
    views = [x.astype(wide, copy=False).reshape(flat) for x in operands]
    result = np.empty(flat, wide)
    _for_rows(
        lambda start, stop: part(*(view[start:stop] for view in views), result[start:stop]),
        outer,
        length * inner,
    )
    return result.astype(dtype, copy=False).reshape(shape)


class RowNormalization(Normalization):
    """Layer and root-mean-square normalisation and their gradients over large arrays of float32 or float64."""

    def native_layer_norm_forward(
        self, x: Array, weight: Array | None = None, bias: Array | None = None, *, dims: int, eps: float
    ) -> tuple[Array, Array, Array]:
        if x.size < LARGE or is_half(x.dtype):
            return super().native_layer_norm_forward(x, weight, bias, dims=dims, eps=eps)
        rows = self._rows(x, dims)
        count, width = rows.shape
        result = np.empty(rows.shape, x.dtype)
        mean, rstd = np.empty((count, 1), x.dtype), np.empty((count, 1), x.dtype)

        def part(start: int, stop: int) -> None:
            block = result[start:stop]
            mean[start:stop] = self._row_mean(rows[start:stop])
            np.subtract(rows[start:stop], mean[start:stop], out=block)
            rstd[start:stop] = self._inverse_root(self._row_mean_product(block, block), eps)
            block *= rstd[start:stop]
            self._affine(block, weight, bias)

        _for_rows(part, count, width)
        kept = (*x.shape[: x.ndim - dims], *(1,) * dims)
        return result.reshape(x.shape), mean.reshape(kept), rstd.reshape(kept)

    def native_layer_norm_backward(
        self,
        g: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        rstd: Array,
        *,
        dims: int,
        needs: tuple[bool, ...],
    ) -> Gradients:
        if x.size < LARGE or is_half(x.dtype) or not needs[0]:
            return super().native_layer_norm_backward(g, x, weight, mean, rstd, dims=dims, needs=needs)
        return self._norm_backward(g, x, weight, mean.reshape(-1, 1), rstd, dims, needs)

    def fused_rms_norm_forward(
        self, x: Array, weight: Array | None = None, *, dims: int, eps: float
    ) -> tuple[Array, Array]:
        if x.size < LARGE or is_half(x.dtype):
            return super().fused_rms_norm_forward(x, weight, dims=dims, eps=eps)
        rows = self._rows(x, dims)
        count, width = rows.shape
        result, rstd = np.empty(rows.shape, x.dtype), np.empty((count, 1), x.dtype)

        def part(start: int, stop: int) -> None:
            block = rows[start:stop]
            rstd[start:stop] = self._inverse_root(self._row_mean_product(block, block), eps)
            np.multiply(block, rstd[start:stop], out=result[start:stop])
            self._affine(result[start:stop], weight, None)

        _for_rows(part, count, width)
        return result.reshape(x.shape), rstd.reshape(*x.shape[: x.ndim - dims], *(1,) * dims)

    def fused_rms_norm_backward(
        self, g: Array, x: Array, weight: Array | None, rstd: Array, *, dims: int, needs: tuple[bool, ...]
    ) -> tuple[Array | None, Array | None]:
        if x.size < LARGE or is_half(x.dtype) or not needs[0]:
            return super().fused_rms_norm_backward(g, x, weight, rstd, dims=dims, needs=needs)
        return self._norm_backward(g, x, weight, None, rstd, dims, (*needs, False))[:2]

    def _norm_backward(
        self,
        g: Array,
        x: Array,
        weight: Array | None,
        mean: Array | None,
        rstd: Array,
        dims: int,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """With ``n = (x - mean) * rstd``: ``rstd * (g w - mean(g w) - n * mean(g w n))``, ``sum(g n)`` and ``sum(g)``; without
        `mean`, its terms are zero."""
        rows, g_rows, rstd = self._rows(x, dims), self._rows(g, dims), rstd.reshape(-1, 1)
        count, width = rows.shape
        result = np.empty(rows.shape, g.dtype)
        block = max(1, threads.BLOCK // width)
        blocks = -(-count // block)
        g_weight = np.empty((blocks, width), x.dtype) if needs[1] and weight is not None else None
        g_bias = np.empty((blocks, width), g.dtype) if needs[2] else None
        factors = None if weight is None else weight.reshape(-1)

        def part(start: int, stop: int) -> None:
            scale, toward = rstd[start:stop], result[start:stop]
            deviation = rows[start:stop] if mean is None else rows[start:stop] - mean[start:stop]
            np.multiply(g_rows[start:stop], scale, out=toward)
            if g_weight is not None:
                np.einsum("ij,ij->j", toward, deviation, out=g_weight[start // block])
            if g_bias is not None:
                np.add.reduce(g_rows[start:stop], axis=0, out=g_bias[start // block])
            if factors is not None:
                np.multiply(toward, factors, out=toward)
            # Now toward is rstd * g * w.
            slope = self._row_mean_product(toward, deviation)
            slope *= scale
            slope *= scale
            if mean is None:
                toward -= deviation * slope
            else:
                deviation *= slope
                deviation += self._row_mean(toward)
                toward -= deviation

        threads.for_ranges(part, count, block)
        shape = x.shape[x.ndim - dims :]
        return (
            result.reshape(x.shape),
            None if g_weight is None else np.add.reduce(g_weight, axis=0).reshape(shape),
            None if g_bias is None else np.add.reduce(g_bias, axis=0).reshape(shape),
        )
