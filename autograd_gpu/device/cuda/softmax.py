"""Softmax and log-softmax over any axis by the kernels of softmax.cu: one launch each way."""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.cuda.partials import row_form
from autograd_gpu.device.portable.base import Array, Base

#: elements of a row that a thread keeps at most
LARGEST = {"forward": 32, "backward": 16}


#: elements of a column that a thread keeps: the template argument COUNT of softmax.cu
KEPT = 16


class CudaSoftmax(Base):
    """softmax, log_softmax and their gradients."""

    def softmax(self, input: Array, *, dim: int | None) -> Array:
        return _forward(input, dim, "false")

    def log_softmax(self, input: Array, *, dim: int | None) -> Array:
        return _forward(input, dim, "true")

    def softmax_backward(self, g: Array, out: Array, *, dim: int | None) -> Array:
        return _backward(g, out, dim, "false")

    def log_softmax_backward(self, g: Array, out: Array, *, dim: int | None) -> Array:
        return _backward(g, out, dim, "true")


def _forward(x: Array, dim: int | None, log: str) -> Array:
    x = kernels.contiguous(x)
    result = cupy.empty(x.shape, x.dtype)
    _launch("forward", (x, result), dim, log)
    return result


def _backward(g: Array, out: Array, dim: int | None, log: str) -> Array:
    g, out = kernels.contiguous(g), kernels.contiguous(out)
    result = cupy.empty(out.shape, out.dtype)
    _launch("backward", (g, out, result), dim, log)
    return result


def _launch(direction: str, arrays: tuple[Any, ...], dim: int | None, log: str) -> None:
    shape = arrays[0].shape or (1,)
    dim = 0 if dim is None else dim % len(shape)  # None: no dimension
    outer, length, inner = math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :])
    kind = kernels.FLOATS[arrays[0].dtype.name]
    rows = outer * inner
    if not rows * length:
        return
    if inner > 1:
        wide, lanes, kept = column_form(length, inner, arrays[0].itemsize)
        name = f"{direction}_columns<{kind}, {log}, {kept}>"
        blocks = kernels.blocks_for(outer * -(-inner // wide) * wide * lanes)
        numbers: tuple[Any, ...] = (
            np.int64(outer), np.int64(length), np.int64(inner), np.int32(wide), np.int32(lanes),
        )  # fmt: skip
    else:
        form = row_form(length, LARGEST[direction], *arrays)
        if form is None:
            name, blocks = f"{direction}_block<{kind}, {log}>", rows
            numbers = (np.int64(rows), np.int64(length))
        else:
            neighbours, count, threads = form
            name = f"{direction}_row<{kind}, {log}, {neighbours}, {count}, {threads}>"
            blocks, numbers = kernels.blocks_for(threads * rows), (np.int64(rows), np.int32(length))
    kernels.launch("softmax", kind, name, blocks, (*arrays, *numbers))


def column_form(length: int, inner: int, itemsize: int) -> tuple[int, int, int]:
    """How threads share columns: how many columns side by side, how many threads down each (powers of two, a block at most),
    and how many elements each keeps in registers (0 where that is not enough)."""
    wide = min(kernels.BLOCK, 1 << (inner - 1).bit_length())
    # Columns side by side fill a sector of 32 bytes at least; more threads down a column let longer ones stay in registers.
    while wide * itemsize > 32 and kernels.BLOCK // wide * KEPT < length:
        wide //= 2
    lanes = 1 << (-(-length // KEPT) - 1).bit_length()
    if wide < 32:  # neighbours in a column are near in memory
        lanes = max(lanes, min(32 // wide, 1 << length.bit_length() >> 1))
    if wide * lanes > kernels.BLOCK:
        wide = min(32, wide)
        return wide, kernels.BLOCK // wide, 0
    return wide, lanes, KEPT
