"""Random numbers by the kernels of philox.cu: the CPU's words, bit for bit."""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, DType, Shape, boolean
from autograd_gpu.device.portable.random import Random

WORDS = 2**64


class CudaRandom(Random):
    """random_words, random_uniform, random_normal, dropout_mask, native_dropout."""

    def random_words(self, count: int, seed: int, offset: int) -> Array:
        return _fill("bits", "random_words", (count,), np.dtype(np.uint32), count, 4, seed, offset)

    def random_uniform(self, shape: Shape, seed: int, offset: int, dtype: DType) -> Array:
        return _numbers("uniform", shape, dtype, seed, offset)

    def random_normal(self, shape: Shape, seed: int, offset: int, dtype: DType) -> Array:
        values = _numbers("normal", shape, dtype, seed, offset)
        if dtype.kind == "c":  # real and imaginary parts of variance 1/2
            values *= dtype.type(math.sqrt(0.5))
        return values

    def dropout_mask(self, shape: Shape, p: float, seed: int, offset: int) -> Array:
        threshold = round(p * 2**32)
        if threshold >= 2**32:
            return cupy.zeros(shape, boolean)
        count = math.prod(shape)
        return _fill("bits", "dropout_mask", shape, boolean, count, 4, seed, offset, np.uint32(threshold))

    def native_dropout(
        self, input: Array, *, p: float, scale: float, mask_shape: Shape, seed: int, offset: int
    ) -> Array:
        """``input * mask * scale``, forward and backward: the mask is made on the fly."""
        dtype, threshold = input.dtype, round(p * 2**32)
        inner = _inner(input.shape, mask_shape)
        if inner is None or threshold >= 2**32:
            return input * self.dropout_mask(mask_shape, p, seed, offset) * self.scalar(scale, dtype)
        part, lanes = _real_parts(dtype)
        x = kernels.contiguous(input)
        result = cupy.empty(x.shape, dtype)
        count = x.size * lanes
        kind = kernels.FLOATS[part.name]
        number = np.float64 if part.itemsize == 8 else np.float32
        kernels.launch(
            "philox", kind, f"dropout<{kind}>", kernels.blocks_for(-(-count // (16 // part.itemsize))),
            (x, result, np.int64(count), np.int64(inner * lanes), *_state(seed, offset), np.uint32(threshold), number(scale)),
        )  # fmt: skip
        return result


def _fill(
    group: str,
    instance: str,
    shape: Shape,
    dtype: DType,
    count: int,
    per_thread: int,
    seed: int,
    offset: int,
    *more: Any,
) -> Array:
    """A new array from a kernel whose threads make `per_thread` elements each."""
    result = cupy.empty(shape, dtype)
    blocks = kernels.blocks_for(-(-count // per_thread))
    kernels.launch("philox", group, instance, blocks, (result, np.int64(count), *_state(seed, offset), *more))
    return result


def _numbers(name: str, shape: Shape, dtype: DType, seed: int, offset: int) -> Array:
    part, lanes = _real_parts(dtype)
    kind = kernels.FLOATS[part.name]
    per_thread = 16 // part.itemsize
    return _fill(kind, f"{name}<{kind}>", shape, dtype, lanes * math.prod(shape), per_thread, seed, offset)


def _real_parts(dtype: DType) -> tuple[DType, int]:
    """The dtype of a number's parts, and how many it has."""
    return (np.dtype(f"f{dtype.itemsize // 2}"), 2) if dtype.kind == "c" else (dtype, 1)


def _state(seed: int, offset: int) -> tuple[Any, Any]:
    return np.uint64(seed % WORDS), np.uint64(offset % WORDS)


def _inner(shape: Shape, mask_shape: Shape) -> int | None:
    """How many elements next to each other share one of the mask; None where those that do are spread out."""
    if len(mask_shape) != len(shape):
        return None
    inner, shared = 1, True
    for size, own in zip(reversed(shape), reversed(mask_shape), strict=True):
        if shared and own == 1:
            inner *= size
        elif own == size:
            shared = False
        else:
            return None
    return inner
