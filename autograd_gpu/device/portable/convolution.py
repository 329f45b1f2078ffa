"""Convolution and its two gradients, as matrix products over unrolled windows (im2col).

Layout is (batch, channels, *spatial); the number of spatial axes is that of ``stride``, so the same code
serves 1, 2 and 3 of them. Windows are unrolled for as many images at a time as fit a bounded workspace: the
matrix of windows is (channels x kernel, images x places), so every block is one large product per group.
Source of the method: K. Chellapilla, S. Puri, P. Simard, "High performance convolutional neural networks for
document processing" (2006).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from autograd_gpu.device.portable.base import Array, Base, Shape, float32, is_half

WORKSPACE_BYTES = 4 * 2**20


class Convolution(Base):
    """conv2d, conv2d_input, conv2d_weight."""

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
        """``x`` (n, c, *spatial) with ``weight`` (o, c / groups, *kernel): cross-correlation, (n, o,
        *output)."""
        if is_half(x.dtype):
            wide = self.conv2d(
                x.astype(float32),
                weight.astype(float32),
                None if bias is None else bias.astype(float32),
                stride=stride,
                padding=padding,
                dilation=dilation,
                groups=groups,
            )
            return wide.astype(x.dtype)
        n, outputs, kernel = x.shape[0], weight.shape[0], weight.shape[2:]
        size = output_size(x.shape[2:], kernel, stride, padding, dilation)
        result = self.xp.empty((n, outputs, *size), x.dtype)
        if _is_pointwise(kernel, padding, groups):
            seen = _every(x, stride)
            matrix = weight.reshape(outputs, -1)
            self.xp.matmul(matrix, seen.reshape(n, -1, math.prod(size)), out=result.reshape(n, outputs, -1))
        else:
            matrix = weight.reshape(groups, outputs // groups, -1)
            padded = self._padded(x, padding)
            for images in _blocks(n, weight[0].size * groups * math.prod(size) * x.itemsize):
                columns = self._columns(padded[images], kernel, stride, dilation, size, groups)
                product = self.xp.matmul(matrix, columns).reshape(outputs, -1, *size)
                result[images] = product.swapaxes(0, 1)
        if bias is not None:
            result += bias.reshape(-1, *(1,) * len(size))
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
        """The gradient of ``conv2d`` for its input (which is also the transposed convolution of ``g``)."""
        if is_half(g.dtype):
            wide = self.conv2d_input(
                g.astype(float32),
                weight.astype(float32),
                input_shape=input_shape,
                stride=stride,
                padding=padding,
                dilation=dilation,
                groups=groups,
            )
            return wide.astype(g.dtype)
        n, channels, *spatial = input_shape
        outputs, kernel, size = weight.shape[0], weight.shape[2:], g.shape[2:]
        if _is_pointwise(kernel, padding, groups):
            matrix = weight.reshape(outputs, -1).swapaxes(0, 1)
            product = self.xp.matmul(matrix, g.reshape(n, outputs, math.prod(size))).reshape(
                n, channels, *size
            )
            if tuple(spatial) == tuple(size) and math.prod(stride) == 1:
                return product
            result = self.xp.zeros(input_shape, g.dtype)
            _every(result, stride)[...] = product
            return result
        around = tuple(
            apart * (taps - 1) - pad for apart, taps, pad in zip(dilation, kernel, padding, strict=True)
        )
        if outputs <= channels and math.prod(stride) == 1 and min(around) >= 0:
            # Every place of the input is seen through the kernel back to front: a convolution again.
            turned = weight.reshape(groups, outputs // groups, channels // groups, *kernel).swapaxes(1, 2)
            turned = turned[(slice(None), slice(None), slice(None), *(slice(None, None, -1) for _ in kernel))]
            turned = turned.reshape(channels, outputs // groups, *kernel)
            return self.conv2d(g, turned, stride=stride, padding=around, dilation=dilation, groups=groups)
        result = self.xp.empty(input_shape, g.dtype)
        matrix = weight.reshape(groups, outputs // groups, -1).swapaxes(1, 2)
        padded_size = tuple(length + 2 * pad for length, pad in zip(spatial, padding, strict=True))
        inside = tuple(slice(pad, pad + length) for length, pad in zip(spatial, padding, strict=True))
        for images in _blocks(n, weight[0].size * groups * math.prod(size) * g.itemsize):
            count = images.stop - images.start
            rows = g[images].swapaxes(0, 1).reshape(groups, outputs // groups, -1)
            columns = self.xp.matmul(matrix, rows).reshape(channels, *kernel, count, *size)
            total = self.xp.zeros((channels, count, *padded_size), g.dtype)
            for tap in itertools.product(*map(range, kernel)):
                total[(slice(None), slice(None), *seen_by(tap, stride, dilation, size))] += columns[
                    (slice(None), *tap)
                ]
            result[images] = total[(slice(None), slice(None), *inside)].swapaxes(0, 1)
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
        """The gradient of ``conv2d`` for its weight."""
        if is_half(g.dtype):
            wide = self.conv2d_weight(
                g.astype(float32),
                x.astype(float32),
                weight_shape=weight_shape,
                stride=stride,
                padding=padding,
                dilation=dilation,
                groups=groups,
            )
            return wide.astype(g.dtype)
        n, outputs, kernel, size = x.shape[0], weight_shape[0], weight_shape[2:], g.shape[2:]
        row = math.prod(weight_shape[1:])
        result = self.xp.zeros((groups, outputs // groups, row), g.dtype)
        padded = self._padded(x, padding)
        for images in _blocks(n, row * groups * math.prod(size) * x.itemsize):
            columns = self._columns(padded[images], kernel, stride, dilation, size, groups)
            rows = g[images].swapaxes(0, 1).reshape(groups, outputs // groups, -1)
            result += self.xp.matmul(rows, columns.swapaxes(1, 2))
        return result.reshape(weight_shape)

    def _padded(self, x: Array, padding: Shape, after: Shape | None = None, value: float = 0) -> Array:
        """``x`` with ``padding`` places of ``value`` before and ``after`` (else the same) behind each spatial
        axis."""
        after = padding if after is None else after
        if not any(padding) and not any(after):
            return x
        spatial = x.shape[2:]
        shape = tuple(
            left + length + right for left, length, right in zip(padding, spatial, after, strict=True)
        )
        result = self.xp.full((*x.shape[:2], *shape), value, x.dtype)
        inside = tuple(slice(left, left + length) for left, length in zip(padding, spatial, strict=True))
        result[(slice(None), slice(None), *inside)] = x
        return result

    def _columns(
        self, x: Array, kernel: Shape, stride: Shape, dilation: Shape, size: Shape, groups: int
    ) -> Array:
        """The windows of ``x``: (groups, channels / groups x kernel, images x places), a copy."""
        image, channel, *steps = x.strides
        windows = self.xp.lib.stride_tricks.as_strided(
            x,
            (x.shape[1], *kernel, x.shape[0], *size),
            (
                channel,
                *(step * apart for step, apart in zip(steps, dilation, strict=True)),
                image,
                *(step * apart for step, apart in zip(steps, stride, strict=True)),
            ),
        )
        return windows.reshape(groups, x.shape[1] // groups * math.prod(kernel), -1)


def output_size(size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Shape:
    """The spatial size of a convolution's output."""
    return tuple(
        (length + 2 * pad - apart * (taps - 1) - 1) // step + 1
        for length, taps, step, pad, apart in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def _is_pointwise(kernel: Shape, padding: Shape, groups: int) -> bool:
    return groups == 1 and math.prod(kernel) == 1 and not any(padding)


def _every(x: Array, stride: Shape) -> Array:
    """A view of every ``stride``-th place."""
    return x[(slice(None), slice(None), *(slice(None, None, step) for step in stride))]


def seen_by(tap: Shape, stride: Shape, dilation: Shape, size: Shape) -> tuple[slice, ...]:
    """The places of a padded input that one tap of the kernel sees, over all places of the output."""
    return tuple(
        slice(place * apart, place * apart + (count - 1) * step + 1, step)
        for place, apart, step, count in zip(tap, dilation, stride, size, strict=True)
    )


def _blocks(images: int, bytes_each: int) -> Iterator[slice]:
    """Ranges of images whose windows fit the workspace."""
    at_once = max(1, WORKSPACE_BYTES // max(1, bytes_each))
    for start in range(0, images, at_once):
        yield slice(start, min(start + at_once, images))
