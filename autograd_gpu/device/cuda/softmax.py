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
        name, blocks = f"{direction}_columns<{kind}, {log}>", kernels.blocks_for(rows)
        numbers: tuple[Any, ...] = (np.int64(outer), np.int64(length), np.int64(inner))
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
