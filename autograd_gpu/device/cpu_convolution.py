"""Convolution and its gradients on the CPU: unrolled windows (im2col) in parts that stay in the cache, on all threads.

A part is a range of output rows of one image, or several whole images, each with a product of its own that lands in the
result without another copy; where images are so small that products would be narrow, one for several images. Windows of one
place are not copied at all. The division into parts depends on the sizes alone, and sums over parts are taken in their
order, so results do not depend on the number of threads. `benchmarks/NOTES.md` has what else was tried.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd_gpu.device import cpu_winograd, threads
from autograd_gpu.device.portable.base import Array, Shape, float32, is_half
from autograd_gpu.device.portable.convolution import Convolution, output_size, seen_by

#: what the windows of one part may take: they are written and read once more, best from the second-level cache
PART_BYTES = 2**20
#: how many places a product should have, if there are enough images
ENOUGH_PLACES = 192
#: how much longer padded rows may be for windows to be added up in whole planes
IN_ROWS = 1.3
#: multiplications below which waking the other threads does not pay
ALONE = 2**20
#: what the partial sums of a weight's gradient may take together
PARTIAL_BYTES = 2**25
MOST_PARTIALS = 16


class CpuConvolution(Convolution):
    """conv2d, conv2d_input, conv2d_weight (of 1, 2 and 3 spatial axes)."""

    def conv2d(
        self,
        x: Array,
        weight: Array,
        bias: Array | None = None,
        *,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        groups: int = 1,
    ) -> Array:
        """See ``Convolution.conv2d``."""
        if is_half(x.dtype):
            return super().conv2d(
                x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups
            )
        problem = _Problem(x.shape, weight.shape, stride, padding, dilation, groups)
        if cpu_winograd.suits(x, weight, weight.shape, problem.size, stride, dilation, groups):
            return cpu_winograd.convolve(x, weight, bias, problem.size, padding)
        outputs, places = weight.shape[0], problem.places
        result = np.empty((x.shape[0], outputs, *problem.size), np.result_type(x, weight))
        matrix = weight.reshape(groups, outputs // groups, -1)
        shift = None if bias is None else bias.reshape(groups, -1, 1)
        flat = result.reshape(x.shape[0], groups, outputs // groups, places)
        parts = problem.parts(x.itemsize)

        def compute(number: int) -> None:
            images, rows = parts[number]
            columns = problem.columns(x[images], rows)
            if not problem.merged:
                out = flat[images, :, :, problem.places_of(rows)]
                np.matmul(matrix, columns, out=out)
                if shift is not None:
                    out += shift
            else:
                product = np.matmul(matrix, columns)
                if shift is not None:
                    product += shift
                flat[images] = product.reshape(groups, outputs // groups, -1, places).transpose(2, 0, 1, 3)

        _run(compute, len(parts), result.size * matrix.shape[2])
        return result

    def conv2d_input(
        self,
        g: Array,
        weight: Array,
        *,
        input_shape: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        groups: int = 1,
    ) -> Array:
        """See ``Convolution.conv2d_input``."""
        channels, spatial = input_shape[1], input_shape[2:]
        outputs, kernel, size = weight.shape[0], weight.shape[2:], g.shape[2:]
        around = tuple(
            apart * (taps - 1) - pad for apart, taps, pad in zip(dilation, kernel, padding, strict=True)
        )
        as_convolution = math.prod(stride) == 1 and min(around) >= 0
        if is_half(g.dtype) or math.prod(size) == 0:
            return super().conv2d_input(
                g, weight, input_shape=input_shape, stride=stride, padding=padding, dilation=dilation,
                groups=groups,
            )  # fmt: skip
        if as_convolution and outputs * math.prod(spatial) <= 2.5 * channels * math.prod(size):
            # Every place of the input is seen through the kernel back to front: a convolution again.
            turned = weight.reshape(groups, outputs // groups, channels // groups, *kernel).swapaxes(1, 2)
            turned = turned[(slice(None), slice(None), slice(None), *(slice(None, None, -1) for _ in kernel))]
            turned = turned.reshape(channels, outputs // groups, *kernel)
            return self.conv2d(g, turned, stride=stride, padding=around, dilation=dilation, groups=groups)
        problem = _Problem(input_shape, weight.shape, stride, padding, dilation, groups, size)
        result = np.empty(input_shape, np.result_type(g, weight))
        matrix = weight.reshape(groups, outputs // groups, -1).swapaxes(1, 2)
        padded = tuple(length + 2 * pad for length, pad in zip(spatial, padding, strict=True))
        inside = tuple(slice(pad, pad + length) for length, pad in zip(spatial, padding, strict=True))
        # Adding up windows costs a call per place of the kernel: as many images together as stay in the cache.
        parts = problem.groups_of_images(PART_BYTES // max(1, problem.height * problem.places * g.itemsize))

        def compute(number: int) -> None:
            images = parts[number]
            count = images.stop - images.start
            rows = g[images].swapaxes(0, 1).reshape(groups, outputs // groups, -1)
            columns = np.matmul(matrix, rows).reshape(channels, *kernel, count, *size)
            total = np.zeros((channels, count, *padded), result.dtype)
            for tap in itertools.product(*map(range, kernel)):
                total[(slice(None), slice(None), *seen_by(tap, stride, dilation, size))] += columns[
                    (slice(None), *tap)
                ]
            result[images] = total[(slice(None), slice(None), *inside)].swapaxes(0, 1)

        along = math.prod(padded[1:])  # places of a padded row
        shifts = [
            sum(at * apart * math.prod(padded[axis + 1 :]) for axis, (at, apart) in enumerate(zip(tap, dilation, strict=True)))
            for tap in itertools.product(*map(range, kernel))
        ]  # fmt: skip

        def compute_in_rows(number: int) -> None:
            # With rows as long as those of the padded input, filled up with zeros, windows are added up in one run for all
            # places of a plane, each tap's shifted.
            images = parts[number]
            rows = np.zeros((outputs, images.stop - images.start, size[0], *padded[1:]), g.dtype)
            rows[(slice(None), slice(None), *map(slice, size))] = g[images].swapaxes(0, 1)
            rows = rows.reshape(groups, outputs // groups, -1)
            columns = np.matmul(matrix, rows).reshape(channels, len(shifts), -1, size[0] * along)
            total = np.zeros((channels, columns.shape[2], shifts[-1] + size[0] * along), result.dtype)
            for place, shift in enumerate(shifts):
                seen = total[:, :, shift : shift + size[0] * along]
                seen += columns[:, place]
            total = total[:, :, : math.prod(padded)].reshape(channels, -1, *padded)
            result[images] = total[(slice(None), slice(None), *inside)].swapaxes(0, 1)

        in_rows = len(size) > 1 and math.prod(stride) == 1 and along <= IN_ROWS * problem.row_places
        in_rows = in_rows and problem.height >= 2 * outputs
        _run(compute_in_rows if in_rows else compute, len(parts), g.size * matrix.shape[1])
        return result

    def conv2d_weight(
        self,
        g: Array,
        x: Array,
        *,
        weight_shape: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        groups: int = 1,
    ) -> Array:
        """See ``Convolution.conv2d_weight``."""
        if is_half(g.dtype):
            wide = self.conv2d_weight(
                g.astype(float32), x.astype(float32), weight_shape=weight_shape, stride=stride, padding=padding,
                dilation=dilation, groups=groups,
            )  # fmt: skip
            return wide.astype(g.dtype)
        if cpu_winograd.suits(x, g, weight_shape, g.shape[2:], stride, dilation, groups):
            return cpu_winograd.weight_gradient(g, x, padding)
        problem = _Problem(x.shape, weight_shape, stride, padding, dilation, groups, g.shape[2:])
        outputs, places = weight_shape[0], problem.places
        shape = (groups, outputs // groups, math.prod(weight_shape[1:]))
        parts = problem.parts(x.itemsize)
        flat = g.reshape(g.shape[0], groups, outputs // groups, places)
        dtype = np.result_type(g, x)
        # Each partial sum is of neighbouring parts, so that there are few of them.
        count = max(
            1, min(len(parts), MOST_PARTIALS, PARTIAL_BYTES // max(1, math.prod(shape) * dtype.itemsize))
        )
        partial = np.empty((count, *shape), dtype)

        def compute(number: int) -> None:
            total = partial[number]
            mine = parts[number * len(parts) // count : (number + 1) * len(parts) // count]
            for position, (images, rows) in enumerate(mine):
                columns = problem.columns(x[images], rows).swapaxes(-1, -2)
                if problem.merged:
                    toward = flat[images].transpose(1, 2, 0, 3).reshape(groups, outputs // groups, -1)
                    product = np.matmul(toward, columns)
                else:
                    each = np.matmul(flat[images, :, :, problem.places_of(rows)], columns)
                    product = each[0] if len(each) == 1 else np.add.reduce(each, axis=0)
                if position:
                    total += product
                else:
                    total[...] = product

        if parts:
            _run(compute, count, g.size * shape[2])
            return np.add.reduce(partial, axis=0).reshape(weight_shape)
        return np.zeros(weight_shape, dtype)


class _Problem:
    """Sizes of a convolution, its division into parts, and the windows of a part."""

    def __init__(
        self,
        input_shape: Shape,
        weight_shape: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        groups: int,
        size: Shape | None = None,
    ) -> None:
        self.images, self.channels, *spatial = input_shape
        self.spatial = tuple(spatial)
        self.kernel = weight_shape[2:]
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.size = (
            output_size(self.spatial, self.kernel, stride, padding, dilation) if size is None else size
        )
        self.places = math.prod(self.size)
        #: places of one row, that is, for one index along the first spatial axis
        self.row_places = math.prod(self.size[1:])
        self.height = self.channels * math.prod(self.kernel)
        self.weights = math.prod(weight_shape)
        #: whether the places of several images are side by side in one product
        self.merged = self.images > 1 and 0 < self.places <= ENOUGH_PLACES // 2

    def parts(self, itemsize: int) -> list[tuple[slice, slice]]:
        """Images and output rows that are computed together."""
        if not self.images or not self.places:
            return []
        every = slice(0, self.size[0])
        if self.merged:
            return [(images, every) for images in self.groups_of_images(ENOUGH_PLACES // self.places)]
        # Several images cost fewer calls; their weights' gradients exist one by one.
        together = PART_BYTES // (itemsize * max(self.height * self.places, self.weights // 4, 1))
        together = min(together, self.images // MOST_PARTIALS)
        if together > 1:
            return [(images, every) for images in self.groups_of_images(together)]
        rows = max(1, PART_BYTES // max(1, self.height * self.row_places * itemsize))
        # Equal shares: a short last one would be an inefficient product.
        count = -(-self.size[0] // rows)
        edges = [number * self.size[0] // count for number in range(count + 1)]
        return [
            (slice(image, image + 1), slice(first, last))
            for image in range(self.images)
            for first, last in itertools.pairwise(edges)
        ]

    def groups_of_images(self, together: int) -> list[slice]:
        """Equal ranges of at most `together` images."""
        count = -(-self.images // max(1, together))
        edges = [number * self.images // count for number in range(count + 1)] if count else []
        return [slice(first, last) for first, last in itertools.pairwise(edges)]

    def columns(self, x: Array, rows: slice) -> Array:
        """The windows of output rows of some images: (images, groups, channels / groups x kernel, places); merged (groups,
        channels / groups x kernel, images x places)."""
        seen = self._seen(x, rows)
        image, channel, *steps = seen.strides
        between = [step * apart for step, apart in zip(steps, self.dilation, strict=True)]
        along = [step * apart for step, apart in zip(steps, self.stride, strict=True)]
        size = (rows.stop - rows.start, *self.size[1:])
        if self.merged:
            shape: Shape = (self.channels, *self.kernel, x.shape[0], *size)
            windows = _strided(seen, shape, (channel, *between, image, *along))
            return windows.reshape(self.groups, self.height // self.groups, -1)
        shape = (x.shape[0], self.channels, *self.kernel, *size)
        windows = _strided(seen, shape, (image, channel, *between, *along))
        return windows.reshape(x.shape[0], self.groups, self.height // self.groups, -1)

    def places_of(self, rows: slice) -> slice:
        """The places of output rows."""
        return slice(rows.start * self.row_places, rows.stop * self.row_places)

    def _seen(self, x: Array, rows: slice) -> Array:
        """The part of the padded images that output rows see; a view if there is no padding in it."""
        first = rows.start * self.stride[0] - self.padding[0]
        stop = (
            (rows.stop - 1) * self.stride[0] + self.dilation[0] * (self.kernel[0] - 1) + 1 - self.padding[0]
        )
        low, high = max(first, 0), min(stop, self.spatial[0])
        part = x[:, :, low:high]
        if not any(self.padding[1:]) and low == first and high == stop:
            return part
        widths = (length + 2 * pad for length, pad in zip(self.spatial[1:], self.padding[1:], strict=True))
        padded = np.zeros((*x.shape[:2], stop - first, *widths), x.dtype)
        beside = (
            slice(pad, pad + length) for length, pad in zip(self.spatial[1:], self.padding[1:], strict=True)
        )
        if high > low:
            padded[(slice(None), slice(None), slice(low - first, high - first), *beside)] = part
        return padded


def _strided(x: Array, shape: Shape, strides: Shape) -> Array:
    """``as_strided``, for a quarter of its cost where ``x`` is contiguous."""
    if x.flags.c_contiguous:
        return np.ndarray(shape, x.dtype, x, 0, strides)
    return as_strided(x, shape, strides)


def _run(function: Callable[[int], None], count: int, multiplications: int) -> None:
    """Do all parts, on several threads if there is enough to do; BLAS has one thread in any case."""

    def some(first: int, last: int) -> None:
        for number in range(first, last):
            function(number)

    if count:
        threads.for_ranges(some, count, count if multiplications < ALONE else 1, limit_blas=True)
