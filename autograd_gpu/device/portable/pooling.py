"""Maximum and average pooling over (batch, channels, *spatial), one pass per place of the kernel.

The number of spatial axes is that of ``kernel``, so the same code serves 1, 2 and 3 of them.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from autograd_gpu.device.portable.base import Array, DType, Shape, boolean, float32, float64, int64, is_half
from autograd_gpu.device.portable.convolution import Convolution, seen_by
from autograd_gpu.device.portable.indexing import Indexing


class Pooling(Convolution, Indexing):
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
        """Maxima and where they are: int64 positions in the flattened spatial axes; the first of equals, NaN
        wins."""
        xp = self.xp
        spatial = x.shape[2:]
        size = pool_size(spatial, kernel, stride, padding, dilation, ceil_mode)
        lowest = -math.inf if x.dtype.kind in "fV" else np.iinfo(x.dtype).min
        after = needed_after(spatial, kernel, stride, padding, dilation, size)
        padded = self._padded(x, padding, after, lowest)
        best = xp.full((*x.shape[:2], *size), self.scalar(lowest, x.dtype), x.dtype)
        counting = np.dtype(np.uint8 if math.prod(kernel) <= 256 else np.int32)
        first = self._first_inside(kernel, stride, padding, dilation, size, counting)
        winner = xp.broadcast_to(first, best.shape).copy()
        better = xp.empty(best.shape, boolean)
        for number, tap in enumerate(itertools.product(*map(range, kernel))):
            candidate = padded[(slice(None), slice(None), *seen_by(tap, stride, dilation, size))]
            xp.greater(candidate, best, out=better)
            if x.dtype.kind in "fV":
                better |= candidate != candidate
            xp.maximum(best, candidate, out=best)
            # Numbers rise from place to place, so the largest one is that of the last improvement.
            xp.maximum(winner, better * counting.type(number), out=winner)
        return best, self._positions(winner, spatial, kernel, stride, padding, dilation, size)

    def _first_inside(
        self, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, size: Shape, counting: DType
    ) -> Array:
        """The number of each window's first place inside the input: PyTorch names it where nothing beats the padding (all
        -inf)."""
        first = self.xp.zeros(size, counting)
        for axis, length in enumerate(size):
            skipped = -(-(padding[axis] - self._arange(length) * stride[axis]) // dilation[axis])
            shape = [1] * len(size)
            shape[axis] = length
            first = first * counting.type(kernel[axis]) + skipped.clip(0, None).reshape(shape).astype(
                counting
            )
        return first

    def _positions(
        self,
        winner: Array,
        spatial: Shape,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        size: Shape,
    ) -> Array:
        """Positions in the flattened input of the kernel's places numbered in ``winner``."""
        # A kernel's place is at (start of window) + (offset of place): two small tables and one lookup.
        strides = [math.prod(spatial[axis + 1 :]) for axis in range(len(spatial))]
        offsets = [
            sum(at * apart * step for at, apart, step in zip(tap, dilation, strides, strict=True))
            for tap in itertools.product(*map(range, kernel))
        ]
        result = self.from_host(np.array(offsets, int64)).take(winner)
        for axis, length in enumerate(size):
            shape = [1] * len(size)
            shape[axis] = length
            starts = (self._arange(length) * stride[axis] - padding[axis]) * strides[axis]
            result += starts.reshape(shape)
        return result

    def max_pool2d_backward(
        self, g: Array, indices: Array, *, input_shape: Shape, kernel: Shape, stride: Shape, dilation: Shape
    ) -> Array:
        """``g`` at the positions that ``max_pool2d`` returned, summed where windows share one."""
        planes = math.prod(input_shape[:2])
        plane = math.prod(input_shape[2:])
        result = self.xp.zeros((planes * plane,), g.dtype)
        places = (
            indices.reshape(planes, math.prod(g.shape[2:])) + self._arange(planes)[:, None] * plane
        ).reshape(-1)
        apart = all(
            step >= spread * (taps - 1) + 1
            for step, taps, spread in zip(stride, kernel, dilation, strict=True)
        )
        if apart:
            result[places] = g.reshape(-1)
        else:
            self._add_flat(result, places, g.reshape(-1))
        return result.reshape(input_shape)

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
        """Sums over windows divided by how many places they have, padding counted or not, or by
        ``divisor_override``."""
        inside = float32 if is_half(x.dtype) else x.dtype
        spatial = x.shape[2:]
        dilation = (1,) * len(kernel)
        size = pool_size(spatial, kernel, stride, padding, dilation, ceil_mode)
        after = needed_after(spatial, kernel, stride, padding, dilation, size)
        padded = self._padded(x, padding, after)
        total = self.xp.zeros((*x.shape[:2], *size), inside)
        for tap in itertools.product(*map(range, kernel)):
            total += padded[(slice(None), slice(None), *seen_by(tap, stride, dilation, size))]
        divisor = self._divisor(spatial, kernel, stride, padding, size, count_include_pad, divisor_override)
        total /= divisor.astype(inside)
        return self.cast(total, x.dtype)

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
        """The gradient of ``avg_pool2d``."""
        inside = float32 if is_half(g.dtype) else g.dtype
        spatial, size = input_shape[2:], g.shape[2:]
        dilation = (1,) * len(kernel)
        divisor = self._divisor(spatial, kernel, stride, padding, size, count_include_pad, divisor_override)
        share = g / divisor.astype(inside)
        after = needed_after(spatial, kernel, stride, padding, dilation, size)
        padded = tuple(
            left + length + right for left, length, right in zip(padding, spatial, after, strict=True)
        )
        total = self.xp.zeros((*input_shape[:2], *padded), inside)
        for tap in itertools.product(*map(range, kernel)):
            total[(slice(None), slice(None), *seen_by(tap, stride, dilation, size))] += share
        cut = tuple(slice(left, left + length) for left, length in zip(padding, spatial, strict=True))
        return self.cast(self.contiguous(total[(slice(None), slice(None), *cut)]), g.dtype)

    def _divisor(
        self,
        spatial: Shape,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        size: Shape,
        count_include_pad: bool,
        divisor_override: int | None,
    ) -> Array:
        """What each window's sum is divided by."""
        if divisor_override is not None:
            return self.xp.full((1,) * len(size), divisor_override, float64)
        result = self.xp.ones((1,) * len(size), float64)
        for axis, (length, taps, step, pad, count) in enumerate(
            zip(spatial, kernel, stride, padding, size, strict=True)
        ):
            start = self._arange(count) * step - pad
            end = self.xp.minimum(start + taps, length + pad)
            if not count_include_pad:
                start, end = self.xp.maximum(start, 0), self.xp.minimum(end, length)
            shape = [1] * len(size)
            shape[axis] = count
            result = result * (end - start).reshape(shape)
        return result


def pool_size(
    size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> Shape:
    """The spatial size of a pooling's output; with ``ceil_mode`` windows may leave the input, but must start
    in it."""
    result = []
    for length, taps, step, pad, apart in zip(size, kernel, stride, padding, dilation, strict=True):
        room = length + 2 * pad - apart * (taps - 1) - 1
        count = (-(-room // step) if ceil_mode else room // step) + 1
        if ceil_mode and (count - 1) * step >= length + pad:
            count -= 1
        result.append(count)
    return tuple(result)


def needed_after(
    spatial: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, size: Shape
) -> Shape:
    """How many places behind the input the last window of each axis reaches."""
    return tuple(
        max(0, (count - 1) * step + apart * (taps - 1) + 1 - pad - length)
        for length, taps, step, pad, apart, count in zip(
            spatial, kernel, stride, padding, dilation, size, strict=True
        )
    )
