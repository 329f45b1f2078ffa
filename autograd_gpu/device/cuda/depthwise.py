"""Depthwise convolution and its gradients by the kernels of depthwise.cu: one launch each, no workspace."""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.cuda.geometry import geometry
from autograd_gpu.device.cuda.partials import counters
from autograd_gpu.device.portable.base import Array, Shape, float32, is_half
from autograd_gpu.device.portable.convolution import output_size

#: places of an output channel that one block takes: the constant of the same name in depthwise.cu
SLICE = 16384


def is_depthwise(input_shape: Shape, groups: int, *arrays: Array) -> bool:
    """Whether the kernels take these: several groups of one channel, of one floating dtype, that have elements; an image and
    its output have fewer than 2^31 places."""
    return (
        groups > 1
        and input_shape[1] == groups
        and math.prod(input_shape[2:]) < 2**31
        and all(x.size > 0 and x.dtype == arrays[0].dtype and math.prod(x.shape[2:]) < 2**31 for x in arrays)
    )


def forward(
    x: Array, weight: Array, bias: Array | None, stride: Shape, padding: Shape, dilation: Shape
) -> Array:
    outputs = weight.shape[0]
    size = output_size(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    result = cupy.empty((x.shape[0], outputs, *size), x.dtype)
    _launch(
        "forward", kernels.blocks_for(result.size), x.shape, outputs,
        (x, weight, bias, result), (x.shape[2:], weight.shape[2:], stride, padding, dilation, size),
    )  # fmt: skip
    return result


def input_gradient(
    g: Array, weight: Array, input_shape: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Array:
    result = cupy.empty(input_shape, g.dtype)
    _launch(
        "input_gradient", kernels.blocks_for(result.size), input_shape, weight.shape[0],
        (g, weight, result), (input_shape[2:], weight.shape[2:], stride, padding, dilation, g.shape[2:]),
    )  # fmt: skip
    return result


def weight_gradient(
    g: Array, x: Array, weight_shape: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Array:
    result = cupy.empty(weight_shape, g.dtype)
    slices = -(-x.shape[0] * math.prod(g.shape[2:]) // SLICE)
    room = (None, None)
    if slices > 1:
        wide = float32 if is_half(g.dtype) else g.dtype
        room = cupy.empty(result.size * slices, wide), counters(result.size)
    _launch(
        "weight_gradient", result.size * slices, x.shape, weight_shape[0], (g, x, result),
        (x.shape[2:], weight_shape[2:], stride, padding, dilation, g.shape[2:]), room,
    )  # fmt: skip
    return result


def _launch(
    name: str,
    blocks: int,
    input_shape: Shape,
    outputs: int,
    arrays: tuple[Array | None, ...],
    sizes: tuple[Shape, Shape, Shape, Shape, Shape, Shape],
    more: tuple[Any, ...] = (),
) -> None:
    arrays = tuple(None if x is None else kernels.contiguous(x) for x in arrays)
    assert arrays[0] is not None
    kind = kernels.FLOATS[arrays[0].dtype.name]
    kernels.launch(
        "depthwise", kind, f"{name}<{kind}>", blocks,
        (*arrays, np.int64(input_shape[0]), np.int64(input_shape[1]), np.int64(outputs), geometry(*sizes), *more),
    )  # fmt: skip
