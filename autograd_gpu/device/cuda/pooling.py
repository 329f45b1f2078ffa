"""Maximum and average pooling by the kernels of pooling.cu: one launch each way, no sort, no padded copy."""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.cuda.geometry import geometry
from autograd_gpu.device.portable.base import Array, Shape, int64
from autograd_gpu.device.portable.pooling import Pooling, pool_size


class CudaPooling(Pooling):
    """max_pool2d, avg_pool2d and their gradients."""

    def max_pool2d(
        self,
        x: Array,
        *,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        ceil_mode: bool = False,
    ) -> tuple[Array, Array]:
        """See ``Pooling.max_pool2d``."""
        if x.dtype.name not in kernels.FLOATS:
            return super().max_pool2d(
                x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
            )
        size = pool_size(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
        best, where = cupy.empty((*x.shape[:2], *size), x.dtype), cupy.empty((*x.shape[:2], *size), int64)
        shape = geometry(x.shape[2:], kernel, stride, padding, dilation, size)
        x = kernels.contiguous(x)
        _launch("max_forward", (x, best, where), best.size, shape, pairs=_in_pairs(shape, x))
        return best, where

    def max_pool2d_backward(
        self, g: Array, indices: Array, *, input_shape: Shape, kernel: Shape, stride: Shape, dilation: Shape
    ) -> Array:
        """See ``Pooling.max_pool2d_backward``."""
        fits = all(map(_could_be_pooled, input_shape[2:], kernel, stride, dilation, g.shape[2:]))
        if g.dtype.name not in kernels.FLOATS or not fits:
            return super().max_pool2d_backward(
                g, indices, input_shape=input_shape, kernel=kernel, stride=stride, dilation=dilation
            )
        result = cupy.empty(input_shape, g.dtype)
        shape = geometry(input_shape[2:], kernel, stride, (0,) * len(kernel), dilation, g.shape[2:])
        arrays = (kernels.contiguous(g), kernels.contiguous(indices), result)
        # Which padding there was is not known; of windows of one or two places that cover the input, there is none.
        if int(shape["kernel"].max()) <= 2 and _apart(shape, result):
            _launch("max_backward_apart", arrays, g.size, shape)
        else:
            _launch("max_backward", arrays, result.size, shape)
        return result

    def avg_pool2d(
        self,
        x: Array,
        *,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Array:
        """See ``Pooling.avg_pool2d``."""
        if x.dtype.name not in kernels.FLOATS:
            return super().avg_pool2d(
                x, kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode,
                count_include_pad=count_include_pad, divisor_override=divisor_override,
            )  # fmt: skip
        near = (1,) * len(kernel)
        size = pool_size(x.shape[2:], kernel, stride, padding, near, ceil_mode)
        result = cupy.empty((*x.shape[:2], *size), x.dtype)
        shape = geometry(x.shape[2:], kernel, stride, padding, near, size)
        divisor = np.bool_(count_include_pad), np.float64(divisor_override or 0)
        x = kernels.contiguous(x)
        _launch("average_forward", (x, result), result.size, shape, *divisor, pairs=_in_pairs(shape, x))
        return result

    def avg_pool2d_backward(
        self,
        g: Array,
        *,
        input_shape: Shape,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Array:
        """See ``Pooling.avg_pool2d_backward``."""
        if g.dtype.name not in kernels.FLOATS:
            return super().avg_pool2d_backward(
                g, input_shape=input_shape, kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode,
                count_include_pad=count_include_pad, divisor_override=divisor_override,
            )  # fmt: skip
        result = cupy.empty(input_shape, g.dtype)
        shape = geometry(input_shape[2:], kernel, stride, padding, (1,) * len(kernel), g.shape[2:])
        divisor = np.bool_(count_include_pad), np.float64(divisor_override or 0)
        if not any(padding) and _apart(shape, result):
            _launch("average_backward_apart", (kernels.contiguous(g), result), g.size, shape, *divisor)
        else:
            _launch("average_backward", (kernels.contiguous(g), result), result.size, shape, *divisor)
        return result


def _could_be_pooled(length: int, taps: int, step: int, apart: int, places: int) -> bool:
    """Whether some padding makes so many windows. If not, the windows are others than these numbers say (adaptive ones), and
    only the positions count."""
    paddings = range((apart * (taps - 1) + 1) // 2 + 1)
    return any(
        pool_size((length,), (taps,), (step,), (padding,), (apart,), ceil_mode) == (places,)
        for padding in paddings
        for ceil_mode in (False, True)
    )


def _in_pairs(shape: Any, x: Array) -> bool:
    """Whether every window's rows are two neighbours that can be read, or written, at once."""
    last = {name: int(shape[name][2]) for name in shape.dtype.names}
    return (
        (last["kernel"], last["stride"], last["dilation"], last["padding"]) == (2, 2, 1, 0)
        and last["image"] == 2 * last["places"]
        and x.data.ptr % (2 * x.itemsize) == 0
    )


def _apart(shape: Any, result: Array) -> bool:
    """Whether windows without padding cover the input exactly, each place once, and in pairs."""
    side_by_side = (shape["kernel"] == shape["stride"]) & (shape["dilation"] == 1)
    covered = shape["image"] == shape["places"] * shape["kernel"]
    return bool((side_by_side & covered).all()) and _in_pairs(shape, result)


def _launch(
    name: str, arrays: tuple[Array, ...], threads: int, shape: Any, *more: Any, pairs: bool | None = None
) -> None:
    kind = kernels.FLOATS[arrays[0].dtype.name]
    form = "" if pairs is None else f", {'true' if pairs else 'false'}"
    kernels.launch(
        "pooling",
        kind,
        f"{name}<{kind}{form}>",
        kernels.blocks_for(threads),
        (*arrays, np.int64(threads), shape, *more),
    )
