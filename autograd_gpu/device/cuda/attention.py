"""Attention as matrix products of cuBLAS around one kernel each way (attention.cu), for a bounded part of the scores at a time.

What is kept for the gradient is what the portable version keeps. Halves are multiplied as halves; their scores are float32.

Heads that are split off a last axis, (batch, length, heads, width) transposed, are not copied where cuBLAS can take them with
one step from head to head: in one product where they follow each other through the batch (a batch of one, or the length in
front), else in a product for each of the batch, unless these are so small that copies cost less than launches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import cupy
import numpy as np
from cupy_backends.cuda.libs import cublas

from autograd_gpu.device import kernels
from autograd_gpu.device.cuda.matmul import NUMBERS, CudaMatmul, batch_steps, for_cublas
from autograd_gpu.device.portable.attention import Attention
from autograd_gpu.device.portable.base import Array, DType, boolean, float32, is_half

#: what the scores that are computed together may take
SCORES_BYTES = 2**27
#: bytes of scores from which heads that do not follow each other in memory are a product for each of the batch
BATCH_BYTES = 2**22
#: fours of keys that a thread keeps where a warp, and where a block has a row
WARP_FOURS = (1, 4)
BLOCK_FOURS = (1, 4)
#: leading axes of a mask that the kernel knows; more are made one
MASK_AXES = 4

PROBLEM = np.dtype(
    [
        ("first_image", "i8"), ("first_query", "i8"), ("images", "i8"), ("queries", "i8"), ("all_queries", "i8"),
        ("keys", "i8"), ("seed", "u8"), ("offset", "u8"), ("scale", "f8"), ("kept_scale", "f8"), ("threshold", "u4"),
        ("dropped", "i4"), ("causal", "i4"), ("unused", "i4"),
    ]
)  # fmt: skip
MASK = np.dtype(
    [
        ("values", "u8"), ("kind", "i4"), ("unused", "i4"), ("sizes", "i8", MASK_AXES), ("steps", "i8", MASK_AXES),
        ("query_step", "i8"), ("key_step", "i8"),
    ]
)  # fmt: skip


class CudaAttention(CudaMatmul, Attention):
    """attention_forward, attention_backward."""

    def attention_forward(
        self,
        query: Array,
        key: Array,
        value: Array,
        mask: Array | None = None,
        *,
        scale: float,
        is_causal: bool,
        dropout_p: float,
        seed: int,
        offset: int,
    ) -> tuple[Array, Array]:
        """See ``Attention.attention_forward``."""
        options = {
            "scale": scale,
            "is_causal": is_causal,
            "dropout_p": dropout_p,
            "seed": seed,
            "offset": offset,
        }
        if not _fit(query, key, value):
            return super().attention_forward(query, key, value, mask, **options)  # type: ignore[arg-type]
        problem = _Problem((query, key, value), mask, **options)  # type: ignore[arg-type]
        q, k, v = map(problem.images_of, (query, key, value))
        out = cupy.empty((*query.shape[:-1], value.shape[-1]), query.dtype)
        lse = cupy.empty(query.shape[:-1], problem.wide)
        flat, lse_flat = out.reshape(-1, *out.shape[-2:]), lse.reshape(-1, lse.shape[-1])
        for images, rows in problem.parts():
            scores = self._scores_of(q(images, rows), k(images))
            weights = scores if problem.wide == problem.dtype else cupy.empty(scores.shape, problem.dtype)
            # whole images, or queries of a single one: both are contiguous
            problem.launch("forward", images, rows, scores, weights, lse_flat[images, rows])
            self.matmul_into(flat[images, rows], weights, v(images))
        return out, lse

    def attention_backward(
        self,
        g: Array,
        query: Array,
        key: Array,
        value: Array,
        mask: Array | None,
        out: Array,
        lse: Array,
        *,
        scale: float,
        is_causal: bool,
        dropout_p: float,
        seed: int,
        offset: int,
        needs: tuple[bool, ...],
    ) -> tuple[Array | None, ...]:
        """See ``Attention.attention_backward``."""
        options = {
            "scale": scale,
            "is_causal": is_causal,
            "dropout_p": dropout_p,
            "seed": seed,
            "offset": offset,
        }
        if not _fit(g, query, key, value):
            return super().attention_backward(g, query, key, value, mask, out, lse, needs=needs, **options)  # type: ignore[arg-type]
        problem = _Problem((query, key, value, g), mask, **options)  # type: ignore[arg-type]
        towards_out, q, k, v = map(problem.images_of, (g, query, key, value))
        lse = kernels.contiguous(lse).reshape(-1, query.shape[-2])
        dtype, wide = problem.dtype, problem.wide
        g_query = cupy.empty(problem.flat(query), dtype) if needs[0] else None
        g_key = _Total(problem.flat(key), problem) if needs[1] else None
        g_value = _Total(problem.flat(value), problem) if needs[2] else None
        g_mask = None
        if needs[3] and mask is not None:
            g_mask = cupy.zeros((1,) * (len(problem.shape) - mask.ndim) + mask.shape, wide)
        for images, rows in problem.parts():
            scores = self._scores_of(q(images, rows), k(images))
            towards = None
            if needs[0] or needs[1] or g_mask is not None:
                towards = self._scores_of(towards_out(images, rows), v(images))
            same = wide == dtype
            weights = (scores if same else cupy.empty(scores.shape, dtype)) if g_value is not None else None
            products = None if towards is None else towards if same else cupy.empty(scores.shape, dtype)
            for_mask = cupy.empty(scores.shape, wide) if g_mask is not None else None
            problem.launch(
                "backward", images, rows, scores, towards, lse[images, rows], weights, products, for_mask
            )  # fmt: skip
            if g_value is not None:
                g_value.add(self, images, weights, towards_out(images, rows))
            if g_query is not None:
                self.matmul_into(g_query[images, rows], products, k(images))
            if g_key is not None:
                g_key.add(self, images, products, q(images, rows))
            if g_mask is not None:
                self._add_to_mask(g_mask, for_mask, problem, images, rows)
        if g_mask is not None and mask is not None:
            g_mask = g_mask.reshape(mask.shape).astype(mask.dtype, copy=False)
        return (
            None if g_query is None else g_query.reshape(query.shape),
            None if g_key is None else g_key.array().reshape(key.shape),
            None if g_value is None else g_value.array().reshape(value.shape),
            g_mask,
        )

    def _scores_of(self, a: Array, b: Array) -> Array:
        """``a @ b^T`` for (images, rows, width) and (images, keys, width), float32 for halves."""
        wide = float32 if is_half(a.dtype) else a.dtype
        result = cupy.empty((a.shape[0], a.shape[1], b.shape[1]), wide)
        if a.dtype == wide:
            self.matmul_into(result, a, b.swapaxes(1, 2))
            return result
        left, right = for_cublas(a), for_cublas(b)
        images, rows, width = a.shape
        keys = b.shape[1]
        halves, singles = NUMBERS[a.dtype.name], NUMBERS["float32"]
        steps = [
            0 if x.array.shape[0] == 1 else x.array.strides[0] // x.array.itemsize for x in (left, right)
        ]
        cublas.gemmStridedBatchedEx(
            cupy.cuda.device.get_cublas_handle(),
            cublas.CUBLAS_OP_N if right.transposed else cublas.CUBLAS_OP_T,
            cublas.CUBLAS_OP_T if left.transposed else cublas.CUBLAS_OP_N,
            keys, rows, width, halves.one.ctypes.data, right.array.data.ptr, halves.data, right.ld, steps[1],
            left.array.data.ptr, halves.data, left.ld, steps[0],
            halves.zero.ctypes.data, result.data.ptr, singles.data, keys, rows * keys, images,
            halves.compute, cublas.CUBLAS_GEMM_DEFAULT,
        )  # fmt: skip
        return result

    def _add_to_mask(self, total: Array, part: Array, problem: _Problem, images: slice, rows: slice) -> None:
        """Adds the gradient of some scores to that of a mask, which is broadcast to all scores."""
        *leading, _, keys = problem.shape
        if images.stop - images.start == math.prod(leading):
            full = part.reshape(*leading, rows.stop - rows.start, keys)
            at: tuple[slice, ...] = (slice(None),) * len(leading)
            self._put(total, full, (*at, rows))
            return
        for image in range(images.start, images.stop):
            place = np.unravel_index(image, leading)
            at = tuple(slice(int(index), int(index) + 1) for index in place)
            one = part[image - images.start].reshape((1,) * len(leading) + part.shape[1:])
            self._put(total, one, (*at, rows))

    def _put(self, total: Array, part: Array, at: tuple[slice, ...]) -> None:
        view = total[
            tuple(slice(None) if size == 1 else index for size, index in zip(total.shape, at, strict=False))
        ]
        view += self.sum_to(part, view.shape)


def _fit(query: Array, *others: Array) -> bool:
    """Whether the kernels take these: scores, of one floating dtype."""
    return (
        isinstance(query, cupy.ndarray)
        and query.dtype.name in kernels.FLOATS
        and query.size > 0
        and all(other.dtype == query.dtype and other.size > 0 for other in others)
    )


def _follow(x: Array) -> bool:
    """Whether the images of (..., rows, width) have one step from each to the next."""
    return len(batch_steps(x.shape[:-2], x, x)[0]) <= 1


class _Total:
    """A gradient that several ranges of queries add to, in the type of sums where there are several."""

    def __init__(self, shape: tuple[int, ...], problem: _Problem) -> None:
        self._dtype = problem.dtype
        self._summed = not problem.whole_images
        self._array = (cupy.zeros if self._summed else cupy.empty)(
            shape, problem.wide if self._summed else problem.dtype
        )

    def add(self, namespace: CudaAttention, images: slice, weights: Array, rows: Array) -> None:
        """``weights^T @ rows``"""
        if self._summed:
            self._array[images] += namespace.matmul(weights.swapaxes(1, 2), rows)
        else:
            namespace.matmul_into(self._array[images], weights.swapaxes(1, 2), rows)

    def array(self) -> Array:
        return self._array.astype(self._dtype, copy=False)


class _Problem:
    """Sizes and options of an attention, its parts, and the launch for one of them."""

    def __init__(
        self,
        operands: tuple[Array, ...],
        mask: Array | None,
        *,
        scale: float,
        is_causal: bool,
        dropout_p: float,
        seed: int,
        offset: int,
    ) -> None:
        query, key, *_ = operands
        self.shape = (*query.shape[:-1], key.shape[-2])
        self.dtype: DType = query.dtype
        self.wide = float32 if is_half(query.dtype) else query.dtype
        *leading, self._queries, self._keys = self.shape
        self._images = math.prod(leading)
        each = self._queries * self._keys * self.wide.itemsize
        #: whether all queries of an image are in one part
        self.whole_images = each <= SCORES_BYTES
        self._together = max(
            1, SCORES_BYTES // (each if self.whole_images else self._keys * self.wide.itemsize)
        )
        heads = leading[-1] if leading else 1
        #: how many images of a part have one step from each to the next where not all have; 0: copies are made
        self._alike = 0
        if not all(map(_follow, operands)) and (not self.whole_images or heads * each >= BATCH_BYTES):
            self._alike = heads
        # All words are below 2^32: what is dropped with certainty is multiplied by 0.
        threshold = round(dropout_p * 2**32)
        all_dropped = threshold >= 2**32
        self._numbers = (
            seed % 2**64, offset % 2**64, scale, 0.0 if all_dropped else 1 / (1 - dropout_p),
            min(threshold, 2**32 - 1), int(dropout_p > 0), int(is_causal), 0,
        )  # fmt: skip
        self._mask_values, self._mask = _mask(mask, self.shape, self.dtype, self.wide)

    def flat(self, x: Array) -> tuple[int, ...]:
        """The shape of `x` as (images, rows, width)."""
        return (self._images, *x.shape[-2:])

    def images_of(self, x: Array) -> Callable[..., Array]:
        """A function of ranges of images and rows, as `parts` gives them, to these of `x`."""
        if self._alike and not _follow(x):

            def some(images: slice, rows: slice = slice(None)) -> Array:
                outer, first = divmod(images.start, self._alike)
                here = x[np.unravel_index(outer, x.shape[:-3])] if x.ndim > 3 else x
                return here[first : first + images.stop - images.start, rows]

            return some
        flat = (x if _follow(x) else kernels.contiguous(x)).reshape(self.flat(x))
        return lambda images, rows=slice(None): flat[images, rows]

    def parts(self) -> Iterator[tuple[slice, slice]]:
        """Ranges of images with all their queries, or ranges of one image's queries."""
        if self.whole_images:
            alike = self._alike or self._images
            for start in range(0, self._images, alike):
                for first in range(start, start + alike, self._together):
                    yield slice(first, min(first + self._together, start + alike)), slice(0, self._queries)
            return
        for image in range(self._images):
            for row in range(0, self._queries, self._together):
                yield slice(image, image + 1), slice(row, min(row + self._together, self._queries))

    def launch(self, direction: str, images: slice, rows: slice, *arrays: Array | None) -> None:
        """Starts the kernel for rows of this length."""
        sizes = images.stop - images.start, rows.stop - rows.start
        problem = np.array(
            (images.start, rows.start, *sizes, self._queries, self._keys, *self._numbers), PROBLEM
        )[()]
        kind, count, keys = kernels.FLOATS[self.dtype.name], math.prod(sizes), self._keys
        fours = next((fours for fours in WARP_FOURS if keys <= 128 * fours), None)
        if fours is not None:
            name, blocks = f"{direction}<{kind}, 32, {fours}>", kernels.blocks_for(32 * count)
        else:
            fours = next((fours for fours in BLOCK_FOURS if keys <= 4 * kernels.BLOCK * fours), None)
            block = f"{direction}<{kind}, {kernels.BLOCK}, {fours}>"
            name, blocks = f"{direction}_long<{kind}>" if fours is None else block, count
        kernels.launch("attention", kind, name, blocks, (*arrays, problem, self._mask))


def _mask(mask: Array | None, shape: tuple[int, ...], dtype: DType, wide: DType) -> tuple[Array | None, Any]:
    """The struct Mask of attention.cu: where each score's element of the mask is; and the array that holds them."""
    if mask is None:
        return None, np.zeros((), MASK)[()]
    if mask.dtype not in (boolean, dtype, wide):
        mask = mask.astype(wide)
    full = cupy.broadcast_to(mask, shape)
    if len(shape) - 2 > MASK_AXES:
        full = cupy.ascontiguousarray(full).reshape(-1, *shape[-2:])
    more = MASK_AXES + 2 - full.ndim
    steps = (0,) * more + tuple(step // full.itemsize for step in full.strides)
    sizes = (1,) * more + full.shape[:-2]
    kind = 1 if mask.dtype == boolean else 2 if mask.dtype == dtype else 3
    return full, np.array((full.data.ptr, kind, 0, sizes, steps[:MASK_AXES], *steps[MASK_AXES:]), MASK)[()]
