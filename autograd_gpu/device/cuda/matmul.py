"""Products of matrices by cuBLAS, one wrapper for all floating and complex dtypes.

CuPy's own ``matmul`` copies transposed operands, computes batches of float16 in float32 and refuses batches of bfloat16.
Here transposition is a flag, a broadcast batch has stride 0, and halves are multiplied as halves and summed in float32.
cuBLAS stores matrices by columns, so C = A B by rows is computed as C^T = B^T A^T: operands change places, and a matrix by
rows is to cuBLAS its transpose.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import cupy
import numpy as np
from cupy_backends.cuda.libs import cublas

from autograd_gpu.device import kernels, precision
from autograd_gpu.device.portable.base import Array, DType, Shape
from autograd_gpu.device.portable.linalg import LinearAlgebra

#: cudaDataType_t
REAL_16F, REAL_16BF, REAL_32F, REAL_64F, COMPLEX_32F, COMPLEX_64F = 2, 14, 0, 1, 4, 5
INT_MAX = 2**31 - 1
#: products in a row before operands are copied to make one product of them
MAX_CALLS = 16


#: cublasMath_t: the default, and without rounding to halves where a product is made in parts
DEFAULT_MATH, NO_REDUCED_SUMS = 0, 16


class _Numbers(NamedTuple):
    """How cuBLAS knows a dtype: code of the data, of the computation, and 1 and 0 in the type it computes with."""

    name: str
    data: int
    compute: int
    one: np.ndarray
    zero: np.ndarray


def _numbers(name: str, data: int, compute: int, dtype: str) -> _Numbers:
    return _Numbers(name, data, compute, np.ones(1, dtype), np.zeros(1, dtype))


#: name of the dtype -> its codes
NUMBERS = {
    found.name: found
    for found in (
        _numbers("float16", REAL_16F, cublas.CUBLAS_COMPUTE_32F, "f4"),
        _numbers("bfloat16", REAL_16BF, cublas.CUBLAS_COMPUTE_32F, "f4"),
        _numbers("float32", REAL_32F, cublas.CUBLAS_COMPUTE_32F, "f4"),
        _numbers("float64", REAL_64F, cublas.CUBLAS_COMPUTE_64F, "f8"),
        _numbers("complex64", COMPLEX_32F, cublas.CUBLAS_COMPUTE_32F, "c8"),
        _numbers("complex128", COMPLEX_64F, cublas.CUBLAS_COMPUTE_64F, "c16"),
    )
}
#: the same for operands rounded to TF32
TF32 = {
    "float32": _numbers("float32", REAL_32F, cublas.CUBLAS_COMPUTE_32F_FAST_TF32, "f4"),
    "complex64": _numbers("complex64", COMPLEX_32F, cublas.CUBLAS_COMPUTE_32F_FAST_TF32, "c8"),
}
#: dtype -> its codes, or None for integers; filled on first use, because the name of a dtype takes a microsecond
_known: dict[Any, _Numbers | None] = {}


def numbers_of(dtype: DType) -> _Numbers | None:
    """How cuBLAS knows a dtype under the present settings; None for integers, which it does not take."""
    try:
        found = _known[dtype]
    except KeyError:
        found = _known[dtype] = NUMBERS.get(dtype.name)
    return TF32.get(found.name, found) if precision.tf32 and found is not None else found


class CudaMatmul(LinearAlgebra):
    """matmul and what is made of it."""

    def matmul(self, a: Array, b: Array) -> Array:
        numbers = numbers_of(a.dtype)
        if numbers is None:  # integers: cuBLAS has none, CuPy its own kernel
            return cupy.matmul(a, b)
        if a.ndim == 0 or b.ndim == 0:
            raise ValueError(
                f"matmul: operands need at least 1 dimension, got shapes {a.shape} and {b.shape}"
            )
        left = a if a.ndim > 1 else a[None, :]
        right = b if b.ndim > 1 else b[:, None]
        result = _product(left, right, numbers)
        if a.ndim == 1:
            result = result[..., 0, :]
        return result if b.ndim > 1 else result[..., 0]

    def matmul_into(self, out: Array, a: Array, b: Array) -> None:
        """``out[...] = a @ b``, where `out` is contiguous, or some neighbouring columns of what is, and none of them is a
        vector or of integers."""
        numbers = numbers_of(a.dtype)
        assert numbers is not None
        _product(a, b, numbers, out)

    def tensordot(self, a: Array, b: Array, dims: int | tuple[tuple[int, ...], tuple[int, ...]]) -> Array:
        if numbers_of(a.dtype) is None:
            return cupy.tensordot(a, b, dims)
        if isinstance(dims, int):
            dims = tuple(range(a.ndim - dims, a.ndim)), tuple(range(dims))
        a_dims, b_dims = (tuple(axis % x.ndim for axis in axes) for x, axes in zip((a, b), dims, strict=True))
        a_free = tuple(axis for axis in range(a.ndim) if axis not in a_dims)
        b_free = tuple(axis for axis in range(b.ndim) if axis not in b_dims)
        inner = math.prod(a.shape[axis] for axis in a_dims)
        rows, columns = tuple(a.shape[axis] for axis in a_free), tuple(b.shape[axis] for axis in b_free)
        left = a.transpose(*a_free, *a_dims).reshape(math.prod(rows), inner)
        right = b.transpose(*b_dims, *b_free).reshape(inner, math.prod(columns))
        return self.matmul(left, right).reshape(*rows, *columns)


class _Matrix(NamedTuple):
    """A matrix, or a batch, in a layout that cuBLAS takes: by rows with distance `ld`, or (transposed) by columns."""

    array: Array
    transposed: bool
    ld: int


def _product(a: Array, b: Array, numbers: _Numbers, out: Array | None = None) -> Array:
    rows, inner = a.shape[-2:]
    columns = b.shape[-1]
    if b.shape[-2] != inner:
        raise ValueError(
            f"matmul: shapes {a.shape} and {b.shape} do not fit: {inner} columns, {b.shape[-2]} rows"
        )
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    shape = (*batch, rows, columns)
    result = cupy.empty(shape, a.dtype) if out is None else out
    if not inner:
        result.fill(0)
        return result
    if not result.size:
        return result
    if b.ndim == 2 and a.flags.c_contiguous:
        a, batch = a.reshape(-1, inner), ()  # one large product instead of one for each of the batch
        _multiply(for_cublas(a), for_cublas(b), result.reshape(-1, columns), numbers, (), (), ())
        return result
    left, right = for_cublas(a), for_cublas(b)
    sizes, a_steps, b_steps = batch_steps(batch, left.array, right.array)
    if math.prod(sizes) // max(sizes, default=1) > MAX_CALLS:
        left, right = _with_simple_batch(left), _with_simple_batch(right)
        sizes, a_steps, b_steps = batch_steps(batch, left.array, right.array)
    _multiply(left, right, result, numbers, sizes, a_steps, b_steps)
    return result


def for_cublas(x: Array) -> _Matrix:
    """`x` as it is where cuBLAS can read it, else a copy."""
    rows, columns = x.shape[-2:]
    row_step, column_step = x.strides[-2:]
    size = x.itemsize
    if (columns == 1 or column_step == size) and (
        rows == 1 or (row_step >= columns * size and row_step % size == 0)
    ):
        ld = row_step // size if rows > 1 else columns
        if ld <= INT_MAX:
            return _Matrix(x, False, ld)
    elif (rows == 1 or row_step == size) and (
        columns == 1 or (column_step >= rows * size and column_step % size == 0)
    ):
        ld = column_step // size if columns > 1 else rows
        if ld <= INT_MAX:
            return _Matrix(x, True, ld)
    return _Matrix(kernels.contiguous(x), False, columns)


def batch_steps(batch: Shape, a: Array, b: Array) -> tuple[Shape, Shape, Shape]:
    """The axes of a batch, neighbours made one where both operands allow it: sizes and the operands' steps in bytes."""
    sizes: list[int] = []
    steps: list[tuple[int, int]] = []
    for axis in range(-len(batch), 0):
        size = batch[axis]
        if size == 1:
            continue
        step = (_step(a, axis), _step(b, axis))
        if sizes and all(before == here * size for before, here in zip(steps[-1], step, strict=True)):
            sizes[-1] *= size
            steps[-1] = step
        else:
            sizes.append(size)
            steps.append(step)
    return tuple(sizes), tuple(step[0] for step in steps), tuple(step[1] for step in steps)


def _step(x: Array, axis: int) -> int:
    """The distance along an axis of the batch (counted from the last one); 0 where `x` is broadcast."""
    axis -= 2
    return 0 if -axis > x.ndim or x.shape[axis] == 1 else int(x.strides[axis])


def _with_simple_batch(x: _Matrix) -> _Matrix:
    """A copy where the batch's axes do not follow each other in memory."""
    sizes, _, _ = batch_steps(x.array.shape[:-2], x.array, x.array)
    return x if len(sizes) <= 1 else _Matrix(kernels.contiguous(x.array), False, x.array.shape[-1])


def _multiply(
    a: _Matrix, b: _Matrix, out: Array, numbers: _Numbers, sizes: Shape, a_steps: Shape, b_steps: Shape
) -> None:
    """As few calls of cuBLAS as the batch allows: the largest axis is one call's, the others are looped over."""
    if precision.reduced_sums.get(numbers.name, True):
        _call(a, b, out, numbers, sizes, a_steps, b_steps)
        return
    handle = cupy.cuda.device.get_cublas_handle()
    cublas.setMathMode(handle, NO_REDUCED_SUMS)
    try:
        _call(a, b, out, numbers, sizes, a_steps, b_steps)
    finally:
        cublas.setMathMode(handle, DEFAULT_MATH)


def _call(
    a: _Matrix, b: _Matrix, out: Array, numbers: _Numbers, sizes: Shape, a_steps: Shape, b_steps: Shape
) -> None:
    rows, columns, inner = out.shape[-2], out.shape[-1], a.array.shape[-1]
    if max(rows, columns, inner, *sizes, 0) > INT_MAX:
        raise ValueError(
            f"matmul: cuBLAS takes sizes up to 2^31 - 1, got {rows} x {inner} times {inner} x {columns} in batches of {sizes}"
        )
    itemsize = out.itemsize
    ld = columns if out.flags.c_contiguous else out.strides[-2] // itemsize
    handle = cupy.cuda.device.get_cublas_handle()
    operations = (
        cublas.CUBLAS_OP_T if b.transposed else cublas.CUBLAS_OP_N,
        cublas.CUBLAS_OP_T if a.transposed else cublas.CUBLAS_OP_N,
    )
    one, zero = numbers.one.ctypes.data, numbers.zero.ctypes.data
    a_start, b_start, out_start = a.array.data.ptr, b.array.data.ptr, out.data.ptr
    if not sizes:
        cublas.gemmEx(
            handle, *operations, columns, rows, inner, one, b_start, numbers.data, b.ld, a_start, numbers.data, a.ld,
            zero, out_start, numbers.data, ld, numbers.compute, cublas.CUBLAS_GEMM_DEFAULT,
        )  # fmt: skip
        return
    out_steps = [itemsize * rows * ld * math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    together = max(range(len(sizes)), key=lambda axis: sizes[axis])
    others = [axis for axis in range(len(sizes)) if axis != together]
    for place in itertools.product(*(range(sizes[axis]) for axis in others)):
        a_at, b_at, out_at = (
            start + sum(at * steps[axis] for at, axis in zip(place, others, strict=True))
            for start, steps in ((a_start, a_steps), (b_start, b_steps), (out_start, out_steps))
        )
        cublas.gemmStridedBatchedEx(
            handle, *operations, columns, rows, inner, one,
            b_at, numbers.data, b.ld, b_steps[together] // itemsize, a_at, numbers.data, a.ld, a_steps[together] // itemsize,
            zero, out_at, numbers.data, ld, out_steps[together] // itemsize, sizes[together],
            numbers.compute, cublas.CUBLAS_GEMM_DEFAULT,
        )  # fmt: skip
