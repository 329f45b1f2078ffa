"""Maxima of windows on the CPU, for a few planes at a time, which stay in the cache, on all threads.

A plane is one channel of one image; planes do not depend on each other. (For means and for gradients this did not pay.)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from autograd_gpu.device import threads
from autograd_gpu.device.portable.base import Array, Shape, is_half
from autograd_gpu.device.portable.convolution import seen_by
from autograd_gpu.device.portable.pooling import Pooling, needed_after, pool_size

#: elements of the planes that are computed together
BLOCK = 2**16


class CpuPooling(Pooling):
    """max_pool2d (of 1, 2 and 3 spatial axes)."""

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
        spatial = x.shape[2:]
        window = (kernel, stride, padding, dilation)
        size = pool_size(spatial, *window, ceil_mode)
        portable = super().max_pool2d
        if is_half(x.dtype) or math.prod(kernel) > 256:
            return portable(
                x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
            )
        best = np.empty((*x.shape[:2], *size), x.dtype)
        indices = np.empty(best.shape, np.int64)
        planes, best_planes, index_planes = _planes(x), _planes(best), _planes(indices)

        def compute(some: slice) -> None:
            part = planes[some]
            if not self._maxima(part, best_planes[some], index_planes[some], window):
                best_planes[some], index_planes[some] = portable(
                    part,
                    kernel=kernel,
                    stride=stride,
                    padding=padding,
                    dilation=dilation,
                    ceil_mode=ceil_mode,
                )

        _each_block(compute, planes)
        return best, indices

    def _maxima(
        self, x: Array, best: Array, indices: Array, window: tuple[Shape, Shape, Shape, Shape]
    ) -> bool:
        """Fill in maxima and their positions, in fewer passes than with an eye on NaN; False if there is one."""
        kernel, stride, padding, dilation = window
        spatial, size = x.shape[2:], best.shape[2:]
        after = needed_after(spatial, kernel, stride, padding, dilation, size)
        padded = any(padding) or any(after)
        lowest = -math.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        if padded:
            x = self._padded(x, padding, after, lowest)
            best[...] = lowest
        winner = np.empty(best.shape, np.uint8)
        winner[...] = (
            self._first_inside(kernel, stride, padding, dilation, size, winner.dtype) if padded else 0
        )
        improvement = np.empty(best.shape, np.uint8)
        candidate = np.empty(best.shape, best.dtype)
        for number, tap in enumerate(itertools.product(*map(range, kernel))):
            seen = x[(slice(None), slice(None), *seen_by(tap, stride, dilation, size))]
            if number == 0 and not padded:
                best[...] = seen
                continue
            candidate[...] = seen
            np.greater(candidate, best, out=improvement.view(bool))
            np.maximum(best, candidate, out=best)
            # Numbers rise from place to place, so the largest one is that of the last improvement.
            np.multiply(improvement, np.uint8(number), out=improvement)
            np.maximum(winner, improvement, out=winner)
        if best.dtype.kind == "f" and np.isnan(np.maximum.reduce(best, axis=None)):
            return False
        indices[...] = self._positions(winner, spatial, kernel, stride, padding, dilation, size)
        return True


def _planes(x: Array) -> Array:
    """(images, channels, ...) as (planes, 1, ...)."""
    return x.reshape(x.shape[0] * x.shape[1], 1, *x.shape[2:])


def _each_block(function: Callable[[slice], None], planes: Array) -> None:
    count = planes.shape[0]
    together = max(1, BLOCK // max(1, math.prod(planes.shape[1:])))
    if planes.size <= 2 * BLOCK:
        if count:
            function(slice(0, count))
        return
    threads.for_ranges(lambda first, last: function(slice(first, last)), count, together)
