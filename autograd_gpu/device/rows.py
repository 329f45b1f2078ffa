"""What is done row by row, on the CPU: softmax and normalisation, a block of rows at a time.

Each step of a block works in place on what the step before left in the cache, so that operands and results are all that
moves through memory; blocks are spread over threads. Sums over rows of different blocks are stored per block and added in
the blocks' order, so results do not depend on the number of threads.

Sums over rows are products with a vector of ones where the last digit does not matter: BLAS takes a third of the time of
NumPy's sum. (Means that are subtracted use NumPy's, whose error does not grow with the length.)
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
#: elements up to which BLAS uses one thread whatever it was told
SMALL = 2**13


def _for_rows(part: Callable[[int, int], None], rows: int, length: int) -> None:
    """Call ``part(start, stop)`` for blocks of rows."""
    threads.for_ranges(part, rows, _block(length), limit_blas=True)


def _block(length: int) -> int:
    """The number of rows of a block."""
    return max(1, threads.BLOCK // max(1, length))


class RowSoftmax(Reductions):
    """softmax, log_softmax and their gradients."""

    def softmax(self, input: Array, *, dim: int | None) -> Array:
        def part(x: Array, result: Array) -> None:
            np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=result)
            np.exp(result, out=result)
            result *= np.reciprocal(_row_sum(result))

        return _along(dim, part, input)

    def log_softmax(self, input: Array, *, dim: int | None) -> Array:
        def part(x: Array, result: Array) -> None:
            np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=result)
            result -= np.log(_row_sum(np.exp(result)))

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
            result *= _row_sum(g)
            np.subtract(g, result, out=result)

        return _along(dim, part, g, out)


def _row_dot(a: Array, b: Array) -> Array:
    """The sums of products along axis 1, which is kept."""
    if a.ndim == 2:
        return np.vecdot(a, b)[:, None]
    return np.einsum("ijk,ijk->ik", a, b)[:, None, :]


def _row_sum(x: Array) -> Array:
    """The sums along axis 1, which is kept."""
    if x.ndim == 2 and x.size > SMALL:
        return (x @ np.ones(x.shape[1], x.dtype))[:, None]
    return np.add.reduce(x, axis=1, keepdims=True)


def _along(dim: int | None, part: Callable[..., None], *operands: Array) -> Array:
    """The result of ``part(*blocks, block of the result)``, where `dim` is axis 1 of the blocks; halves go through float32."""
    last = operands[-1]
    shape, dtype = last.shape, last.dtype
    if dim == 1 and last.ndim == 2 and 0 < last.size <= SMALL and dtype.char in "fd":
        result = np.empty(shape, dtype)
        part(*operands, result)
        return result
    axis = None if dim is None else dim % len(shape)
    outer = 1 if axis is None else math.prod(shape[:axis])
    length = 1 if axis is None else shape[axis]
    inner = 1 if axis is None else math.prod(shape[axis + 1 :])
    flat = (outer, length) if inner == 1 else (outer, length, inner)
    if not all(flat):
        return np.empty(shape, dtype)
    wide = float32 if is_half(dtype) else dtype
    views = [x.astype(wide, copy=False).reshape(flat) for x in operands]
    whole = np.empty(shape, wide)
    result = whole.reshape(flat)
    _for_rows(
        lambda start, stop: part(*(view[start:stop] for view in views), result[start:stop]),
        outer,
        length * inner,
    )
    return whole.astype(dtype, copy=False)


def _mean_square(rows: Array) -> Array:
    return np.vecdot(rows, rows)[:, None] / rows.shape[1]


class RowNormalization(Normalization):
    """Layer and root-mean-square normalisation and their gradients over large arrays of float32 or float64."""

    def _row_mean_product(self, a: Array, b: Array) -> Array:
        if a.shape[1] > SMALL:
            return super()._row_mean_product(a, b)
        sums = np.vecdot(a, b)
        sums /= a.shape[1]
        return sums[:, None]

    def native_layer_norm_forward(
        self, x: Array, weight: Array | None = None, bias: Array | None = None, *, dims: int, eps: float
    ) -> tuple[Array, Array, Array]:
        if x.size < LARGE or is_half(x.dtype):
            return super().native_layer_norm_forward(x, weight, bias, dims=dims, eps=eps)
        rows = self._rows(x, dims)
        count, width = rows.shape
        whole = np.empty(x.shape, x.dtype)
        result = whole.reshape(rows.shape)
        mean, rstd = np.empty((count, 1), x.dtype), np.empty((count, 1), x.dtype)

        def part(start: int, stop: int) -> None:
            block = result[start:stop]
            mean[start:stop] = self._row_mean(rows[start:stop])
            np.subtract(rows[start:stop], mean[start:stop], out=block)
            rstd[start:stop] = self._inverse_root(_mean_square(block), eps)
            block *= rstd[start:stop]
            self._affine(block, weight, bias)

        _for_rows(part, count, width)
        kept = (*x.shape[: x.ndim - dims], *(1,) * dims)
        return whole, mean.reshape(kept), rstd.reshape(kept)

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
        whole, rstd = np.empty(x.shape, x.dtype), np.empty((count, 1), x.dtype)
        result = whole.reshape(rows.shape)

        def part(start: int, stop: int) -> None:
            block = rows[start:stop]
            rstd[start:stop] = self._inverse_root(_mean_square(block), eps)
            np.multiply(block, rstd[start:stop], out=result[start:stop])
            self._affine(result[start:stop], weight, None)

        _for_rows(part, count, width)
        return whole, rstd.reshape(*x.shape[: x.ndim - dims], *(1,) * dims)

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
        whole = np.empty(x.shape, g.dtype)
        result = whole.reshape(rows.shape)
        block = _block(width)
        blocks = -(-count // block)
        g_weight = np.empty((blocks, width), x.dtype) if needs[1] and weight is not None else None
        g_bias = np.empty((blocks, width), g.dtype) if needs[2] else None
        factors = None if weight is None else weight.reshape(-1)
        ones = np.ones(block, g.dtype)
        shares = np.full(width, 1 / width, g.dtype)

        def part(start: int, stop: int) -> None:
            scale, toward = rstd[start:stop], result[start:stop]
            deviation = rows[start:stop] if mean is None else rows[start:stop] - mean[start:stop]
            np.multiply(g_rows[start:stop], scale, out=toward)
            if g_weight is not None:
                np.einsum("ij,ij->j", toward, deviation, out=g_weight[start // block])
            if g_bias is not None:
                np.matmul(ones[: stop - start], g_rows[start:stop], out=g_bias[start // block])
            if factors is not None:
                np.multiply(toward, factors, out=toward)
            # Now toward is rstd * g * w.
            slope = np.vecdot(toward, deviation)[:, None]
            slope *= scale * scale / width
            if mean is None:
                toward -= deviation * slope
            else:
                deviation *= slope
                deviation += (toward @ shares)[:, None]
                toward -= deviation

        _for_rows(part, count, width)
        shape = x.shape[x.ndim - dims :]
        return (
            whole,
            None if g_weight is None else np.add.reduce(g_weight, axis=0).reshape(shape),
            None if g_bias is None else np.add.reduce(g_bias, axis=0).reshape(shape),
        )


class ChannelNormalization(Normalization):
    """Batch normalisation of large arrays: a few channels at a time, each of them whole, so no sum is divided."""

    def batch_norm_statistics(self, x: Array) -> tuple[Array, Array]:
        inner = super().batch_norm_statistics
        if not _has_channels(x):
            return inner(x)
        mean, var = np.empty(x.shape[1], x.dtype), np.empty(x.shape[1], x.dtype)

        def part(start: int, stop: int) -> None:
            mean[start:stop], var[start:stop] = inner(x[:, start:stop])

        _for_channels(part, x)
        return mean, var

    def native_batch_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        mean: Array,
        var: Array,
        *,
        eps: float,
    ) -> Array:
        if not _has_channels(x):
            return super().native_batch_norm(x, weight, bias, mean, var, eps=eps)
        scale = self._inverse_root(var, eps)
        if weight is not None:
            scale = scale * weight
        shift = -mean * scale
        if bias is not None:
            shift += bias
        result = np.empty(x.shape, x.dtype)
        planes, target = self._planes(x), self._planes(result)

        def part(start: int, stop: int) -> None:
            block = target[:, start:stop]
            np.multiply(planes[:, start:stop], scale[start:stop, None], out=block)
            block += shift[start:stop, None]

        _for_channels(part, x)
        return result

    def native_batch_norm_backward(
        self,
        g: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        var: Array,
        *,
        eps: float,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """``rstd * weight * (g - mean(g) - n * mean(g * n))`` with ``n = (x - mean) * rstd``."""
        if not _has_channels(x) or not needs[0] or not g.flags.c_contiguous:
            return super().native_batch_norm_backward(g, x, weight, mean, var, eps=eps, needs=needs)
        rstd = self._inverse_root(var, eps)
        scale = rstd if weight is None else rstd * weight
        count = self._per_channel(x)
        result = np.empty(x.shape, g.dtype)
        planes, g_planes, target = self._planes(x), self._planes(g), self._planes(result)
        g_sum, g_normal = np.empty_like(mean), np.empty_like(mean)

        def part(start: int, stop: int) -> None:
            mine = slice(start, stop)
            block, arrived = target[:, mine], g_planes[:, mine]
            np.subtract(planes[:, mine], mean[mine, None], out=block)
            g_sum[mine] = self._channel_sum(arrived)
            g_normal[mine] = self._channel_dot(arrived, block) * rstd[mine]
            block *= (-scale[mine] * rstd[mine] * g_normal[mine] / count)[:, None]
            block += arrived * scale[mine, None]
            block -= (scale[mine] * g_sum[mine] / count)[:, None]

        _for_channels(part, x)
        return result, g_normal if needs[1] and weight is not None else None, g_sum if needs[2] else None


def _has_channels(x: Array) -> bool:
    """Whether an array (n, c, ...) is worth cutting into channels, each of which is a long part of every image."""
    return (
        x.size >= LARGE
        and x.ndim > 2
        and x.shape[1] > 1
        and bool(x.flags.c_contiguous)
        and not is_half(x.dtype)
    )


def _for_channels(part: Callable[[int, int], None], x: Array) -> None:
    threads.for_ranges(part, x.shape[1], _block(x.size // x.shape[1]), limit_blas=True)
