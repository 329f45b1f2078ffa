"""The CPU's raw array namespace: the portable one over NumPy, with what NumPy can do faster."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_gpu.device import (
    activations,
    blocks,
    cpu_cross_entropy,
    memory,  # noqa: F401 - large arrays' memory is kept from here on
    threads,
)
from autograd_gpu.device.cpu_attention import CpuAttention
from autograd_gpu.device.cpu_convolution import CpuConvolution
from autograd_gpu.device.cpu_embedding import CpuEmbedding
from autograd_gpu.device.cpu_pooling import CpuPooling
from autograd_gpu.device.cpu_recurrent import CpuRecurrent
from autograd_gpu.device.namespace import ArrayNamespace
from autograd_gpu.device.philox import MASK, philox4x32_10
from autograd_gpu.device.portable.base import Array, DType, Shape, Ufunc, boolean, float32, int64, is_half
from autograd_gpu.device.portable.special import ERF_TINY, TINY_SQUARE, Part, polynomial
from autograd_gpu.device.rows import ChannelNormalization, RowNormalization, RowSoftmax

SPECIAL_BLOCK_BYTES = 128 * 1024
SELECT_BLOCK, SELECT_FROM = 32768, 4096
#: how often a bound is repeated; from how many elements that is worth it
BOUND_ROW, BOUNDED_FROM = 2**14, 2**12
ONE_HOT_ROWS, ONE_HOT_ELEMENTS = 256, 2**20
ROUNDS = 4
#: multiplications of a product that BLAS's own threads share out well; of a batch that is worth waking a thread for
LARGE_PRODUCT, MANY_PRODUCTS = 2**24, 2**22
#: parts of a batch of products: enough for as many threads, and few enough to cost nothing
PARTS = 16
#: quadruples of random words that are made at once: six arrays of this many uint64 stay in the cache
QUADS = 2**15

#: what is put in front of an op's body: for the usual cases, it takes the body's arguments and does better
IN_FRONT = {
    "gelu": activations.gelu,
    "gelu_backward": activations.gelu_backward,
    "cross_entropy_forward": cpu_cross_entropy.forward,
    "cross_entropy_backward": cpu_cross_entropy.backward,
}


class CpuNamespace(
    RowSoftmax,
    RowNormalization,
    ChannelNormalization,
    CpuAttention,
    CpuConvolution,
    CpuEmbedding,
    CpuPooling,
    CpuRecurrent,
    ArrayNamespace,
):
    """The functions of ``ArrayNamespace`` on NumPy arrays."""

    blocks = blocks

    def __init__(self) -> None:
        super().__init__(np)
        # The ufuncs' own reductions cost a third of the functions np.sum, np.max, ... that wrap them.
        self._sum, self._prod = np.add.reduce, np.multiply.reduce
        self._amax, self._amin = np.maximum.reduce, np.minimum.reduce
        self._any, self._all = np.logical_or.reduce, np.logical_and.reduce

    def with_kernel(self, name: str, body: Callable[..., Any]) -> Callable[..., Any]:
        """What is to be used for an op's body: see ``core.op.install``."""
        return IN_FRONT[name](body) if name in IN_FRONT else body

    def scalar(self, value: complex, dtype: DType) -> Array:
        return np.array(value, dtype)

    def address(self, x: Array) -> int:
        return int(x.__array_interface__["data"][0])

    def to_device(self, x: Array, device: Any) -> Array:
        if device.type == "cpu":
            return x
        from autograd_gpu import dtypes
        from autograd_gpu.device import type_for

        return type_for(dtypes.of_numpy(x.dtype), device).namespace.from_host(x)

    def diagonal(self, x: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
        view = x.diagonal(offset, dim1, dim2)
        view.flags.writeable = x.flags.writeable  # NumPy hands diagonals out read-only
        return view

    def matmul(self, a: Array, b: Array) -> Array:
        if a.ndim == 2 and b.ndim == 2 and a.itemsize > 2:
            return a.dot(b)  # half a microsecond less than np.matmul; it copies odd strides itself
        if is_half(a.dtype):
            return self.matmul(a.astype(float32), b.astype(float32)).astype(a.dtype)
        if a.ndim > 1 and b.ndim > 1:
            a, b = _for_blas(a), _for_blas(b)
            if b.ndim == 2 and a.ndim > 2 and a.flags.c_contiguous and a.size:
                # One large product instead of one per batch.
                return np.matmul(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
            if a.ndim > 2 and a.shape[:-2] == b.shape[:-2] and a.shape[-1] == b.shape[-2]:
                each = a.shape[-2] * a.shape[-1] * b.shape[-1]
                if each < LARGE_PRODUCT and len(a) > 1 and math.prod(a.shape[:-2]) * each >= MANY_PRODUCTS:
                    return _matmul_in_parts(a, b)
        return np.matmul(a, b)

    # -- bounds: NumPy's maximum and minimum are vectorised for two arrays, not for an array and a number ------

    def relu(self, x: Array, out: Array | None = None) -> Array:
        if out is None and x.size >= BOUNDED_FROM and _is_plain(x):
            zeros = _zero_rows.get(x.dtype)
            if zeros is None:
                zeros = _zero_rows[x.dtype] = np.zeros(BOUND_ROW, x.dtype)
            return _bounded(np.maximum, x, zeros)
        return super().relu(x, out)

    def clamp(
        self, x: Array, min: Array | None = None, max: Array | None = None, out: Array | None = None
    ) -> Array:
        if out is None and x.size >= 4 * BOUND_ROW and _is_plain(x):
            bounds = [(f, bound) for f, bound in ((np.maximum, min), (np.minimum, max)) if bound is not None]
            if bounds and all(_is_number_like(bound, x) for _, bound in bounds):
                for function, bound in bounds:
                    x = _bounded(function, x, np.full(BOUND_ROW, bound, x.dtype))
                return x
        return super().clamp(x, min, max, out)

    def where(self, condition: Array, x: Array, y: Array, out: Array | None = None) -> Array:
        if condition.size >= SELECT_FROM and out is None:
            selected = _select_bits(condition, x, y)
            if selected is not None:
                return selected
        return super().where(condition, x, y, out=out)

    def masked_fill(self, x: Array, mask: Array, value: Array) -> Array:
        return self.where(mask, value, x)

    def expand(self, x: Array, shape: Shape) -> Array:
        if not x.ndim and shape and 0 not in shape and -1 not in shape:  # what backward of a sum begins with
            view = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
            if view.size != 1:
                view.flags.writeable = False
            return view
        leading = len(shape) - x.ndim
        if leading < 0 or not x.size or not x.flags.c_contiguous:
            return self._broadcast(x, shape)
        sizes, strides = list(shape), [0] * len(shape)
        for axis, (size, stride) in enumerate(zip(x.shape, x.strides, strict=True), leading):
            if size == sizes[axis] or sizes[axis] == -1:
                sizes[axis], strides[axis] = size, stride
            elif size != 1:
                return self._broadcast(x, shape)
        if 0 in sizes or -1 in sizes:
            return self._broadcast(x, shape)
        view = np.ndarray(sizes, x.dtype, x, 0, strides)  # a third of the cost of np.broadcast_to
        if view.size != x.size:
            view.flags.writeable = False
        return view

    def _broadcast(self, x: Array, shape: Shape) -> Array:
        view = super().expand(x, shape)
        if view.size == x.size and x.flags.writeable:
            view.flags.writeable = True  # nothing is repeated: an ordinary view
        return view

    def _accumulate_scan(self, function: Ufunc, x: Array, dim: int) -> Array:
        return function.accumulate(x, axis=dim)  # type: ignore[attr-defined]

    # -- special functions: blocks that stay in the cache, each element only through its own polynomial

    def _special(self, function: Part, x: Array, out: Array | None, inside: DType) -> Array:
        length = SPECIAL_BLOCK_BYTES // inside.itemsize
        if x.size <= length or (out is not None and not out.flags.c_contiguous):
            return super()._special(function, x, out, inside)
        result = np.empty(x.shape, x.dtype) if out is None else out
        source, target = x.reshape(-1), result.reshape(-1)
        for start in range(0, source.size, length):
            block = slice(start, start + length)
            target[block] = function(self.cast(source[block], inside))
        return result

    def _erf_near_zero(self, x: Array, square: Array, result: Array) -> Array:
        if not x.ndim:
            return super()._erf_near_zero(x, square, result)
        here = np.nonzero(
            square < np.float32(TINY_SQUARE)
        )  # places, not a mask: a tenth of the cost of a random one
        if here[0].size:
            x = x[here]
            tiny = polynomial(square[here], ERF_TINY)
            tiny *= x
            tiny += x
            result[here] = tiny
        return result

    def _piecewise(self, x: Array, key: Array, edges: Sequence[float], parts: Sequence[Part]) -> Array:
        if not x.ndim:
            return super()._piecewise(x, key, edges, parts)
        region = np.zeros(x.shape, np.int8)
        for edge in edges:
            region += key >= edge
        result = np.empty_like(x)
        for number, part in enumerate(parts):
            here = region == number
            count = np.count_nonzero(here)
            if count == x.size:
                return part(x)
            if count:
                result[here] = part(x[here])
        return result

    # -- random numbers: words are functions of their index, so any thread may make them -----------------

    def random_words(self, count: int, seed: int, offset: int) -> Array:
        quads = -(-count // 4)
        words = np.empty((quads, 4), np.uint32)
        key = (seed & MASK, seed >> 32 & MASK)
        low, high = offset & MASK, offset >> 32 & MASK

        def part(start: int, stop: int) -> None:
            number = np.arange(start, stop, dtype=np.uint64)
            counter = (number & np.uint64(MASK), number >> np.uint64(32), low, high)
            for lane, word in enumerate(philox4x32_10(counter, key)):
                words[start:stop, lane] = word

        threads.for_ranges(part, quads, QUADS)
        return words.reshape(-1)[:count]

    # -- indices ---------------------------------------------------------------------------------------

    def _index(self, index: Array, size: int, axis: int) -> Array:
        index = index.astype(int64, copy=False)
        if not index.size:
            return index
        lowest, highest = index.min(), index.max()
        if lowest < -size or highest >= size:
            wrong = lowest if lowest < -size else highest
            raise IndexError(f"index {wrong} is out of bounds for dimension {axis} with size {size}")
        return np.where(index < 0, index + size, index) if lowest < 0 else index

    def _add_rows(self, target: Array, rows: Array, values: Array) -> None:
        height, count = target.shape[0], rows.size
        if is_half(target.dtype) or target.dtype == boolean or target.shape[1] <= 1 or not values.size:
            if not is_half(target.dtype) and target.shape[1] == 1:
                target, values = target[:, 0], values[:, 0]  # np.add.at has a fast path for vectors
            super()._add_rows(target, rows, values)
            return
        if height <= ONE_HOT_ROWS and height * count <= ONE_HOT_ELEMENTS and target.dtype.kind == "f":
            one_hot = np.zeros((height, count), target.dtype)
            one_hot[rows, np.arange(count)] = 1
            total = one_hot @ values
            if np.isfinite(total).all():  # else zeros times infinities have spoilt other rows
                target += total
                return
        if count <= 4 * height:
            rows, values = _add_first_occurrences(target, rows, values)
        if rows.size:
            order = np.argsort(rows, kind="stable")
            rows = rows[order]
            starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
            target[rows[starts]] += np.add.reduceat(values[order], starts, axis=0)


_zero_rows: dict[DType, Array] = {}


def _is_plain(x: Array) -> bool:
    return bool(x.flags.c_contiguous) and x.dtype.kind in "fiu"


def _is_number_like(bound: Any, x: Array) -> bool:
    """Whether a bound is a Python number that the dtype of `x` takes, or an array without dimensions of that dtype."""
    if not hasattr(bound, "dtype"):
        return x.dtype.kind == "f" or isinstance(bound, int)
    return bool(bound.ndim == 0 and bound.dtype == x.dtype)


def _bounded(function: np.ufunc, x: Array, row: Array) -> Array:
    """``function(x, number)`` for a contiguous array, where `row` repeats the number."""
    if x.size <= row.size:
        return function(x, row[: x.size].reshape(x.shape))
    result = np.empty(x.shape, x.dtype)
    source, target = x.reshape(-1), result.reshape(-1)
    whole = x.size - x.size % row.size
    function(source[:whole].reshape(-1, row.size), row, out=target[:whole].reshape(-1, row.size))
    function(source[whole:], row[: x.size - whole], out=target[whole:])
    return result


def _select_bits(condition: Array, x: Array, y: Array) -> Array | None:
    """``where`` as ``y ^ ((x ^ y) & mask)`` on the bits; None where dtype or layout do not allow it.

    It costs the same for every mask, while ``np.where`` branches and is five times slower for a random one.
    """
    shape = condition.shape
    x, y = _of_dtype_of(y, x), _of_dtype_of(x, y)
    if x.__class__ is not np.ndarray or y.__class__ is not np.ndarray:
        return None
    if condition.dtype != boolean or x.dtype != y.dtype or not condition.flags.c_contiguous:
        return None
    integer = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}.get(x.itemsize)
    if integer is None:
        return None
    bits = []
    for operand in (x, y):
        if operand.shape == shape and operand.flags.c_contiguous:
            bits.append(operand.reshape(-1).view(integer))
        elif operand.ndim == 0:
            bits.append(operand.view(integer))
        else:
            return None
    result = np.empty(shape, x.dtype)
    target, mask = result.reshape(-1).view(integer), condition.reshape(-1).view(np.int8)
    wide = np.empty(min(SELECT_BLOCK, target.size), integer)
    for start in range(0, target.size, SELECT_BLOCK):
        block = slice(start, start + SELECT_BLOCK)
        part = target[block]
        ones = wide[: part.size]
        x_part, y_part = (operand[block] if operand.ndim else operand for operand in bits)
        np.negative(mask[block], out=ones, dtype=integer, casting="unsafe")
        np.bitwise_xor(x_part, y_part, out=part)
        np.bitwise_and(part, ones, out=part)
        np.bitwise_xor(part, y_part, out=part)
    return result


def _of_dtype_of(array: Any, x: Any) -> Any:
    """A Python number `x` as an operand of a floating array's dtype, which it would take on anyhow."""
    if isinstance(x, (int, float)) and isinstance(array, np.ndarray) and array.dtype.kind == "f":
        return np.array(x, array.dtype)
    return x


def _add_first_occurrences(target: Array, rows: Array, values: Array) -> tuple[Array, Array]:
    """Adds what can be added without repeated rows, a few times; returns the rows and values that are
    left."""
    place = np.empty(target.shape[0], int64)
    for _ in range(ROUNDS):
        number = np.arange(rows.size)
        place[rows[::-1]] = number[::-1]  # the last assignment, that of the first occurrence, stays
        first = place[rows] == number
        if first.all():
            target[rows] += values
            return rows[:0], values[:0]
        target[rows[first]] += values[first]
        rows, values = rows[~first], values[~first]
    return rows, values


def _matmul_in_parts(a: Array, b: Array) -> Array:
    """A batch of products that are too small for BLAS to share out well: parts of the batch on the pool of threads."""
    result = np.empty((*a.shape[:-1], b.shape[-1]), a.dtype)

    def part(start: int, stop: int) -> None:
        np.matmul(a[start:stop], b[start:stop], out=result[start:stop])

    threads.for_ranges(part, len(a), -(-len(a) // PARTS))
    return result


def _for_blas(x: Array) -> Array:
    """``x``, copied where its matrices have strides that BLAS cannot take and NumPy would loop over."""
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
