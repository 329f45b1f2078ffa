"""Convolution and its gradients as batched products of cuBLAS over the columns of convolution.cu.

The products write the output in its own layout: (images, outputs, places) = weight (outputs, row) times columns (images, row,
places), where a row is a channel and a tap. Halves stay halves and are summed in float32. Kernels of one tap that skip
nothing need no columns, nor do depthwise convolutions, which have kernels of their own (depthwise.py).

The columns are made for as many images together as a workspace of fixed size holds and, where one image is too much for it, for
some of its places at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.cuda import depthwise
from autograd_gpu.device.cuda.geometry import geometry
from autograd_gpu.device.cuda.matmul import CudaMatmul
from autograd_gpu.device.portable.base import Array, Shape, float32, is_half
from autograd_gpu.device.portable.convolution import Convolution, output_size

#: what the columns of as many images as are computed together may take
WORKSPACE_BYTES = 2**28


class CudaConvolution(CudaMatmul, Convolution):
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
        """See ``Convolution.conv2d``."""
        if x.dtype.name not in kernels.FLOATS:
            return super().conv2d(
                x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups
            )
        vectors = () if bias is None else (bias,)
        if depthwise.is_depthwise(x.shape, groups, x, weight, *vectors):
            return depthwise.forward(x, weight, bias, stride, padding, dilation)
        outputs = weight.shape[0]
        problem = _Problem(x.shape, weight.shape, stride, padding, dilation, groups)
        result = cupy.empty((x.shape[0], outputs, *problem.size), x.dtype)
        matrix = weight.reshape(groups, outputs // groups, -1)
        for images, places in problem.parts(x.itemsize):
            columns = problem.columns(x[images], places)
            here = result[images].reshape(-1, groups, outputs // groups, problem.places)
            self.matmul_into(here[..., places], matrix, columns)
        if bias is not None:
            result += bias.reshape(-1, *(1,) * len(problem.size))
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
        if g.dtype.name not in kernels.FLOATS:
            return super().conv2d_input(
                g,
                weight,
                input_shape=input_shape,
                stride=stride,
                padding=padding,
                dilation=dilation,
                groups=groups,
            )
        if depthwise.is_depthwise(input_shape, groups, g, weight):
            return depthwise.input_gradient(g, weight, input_shape, stride, padding, dilation)
        outputs = weight.shape[0]
        problem = _Problem(input_shape, weight.shape, stride, padding, dilation, groups, g.shape[2:])
        # Parts of an image add up in the type of sums.
        inside = float32 if is_half(g.dtype) and problem.splits_images(g.itemsize) else g.dtype
        result = cupy.empty(input_shape, inside)
        matrix = weight.reshape(groups, outputs // groups, -1).swapaxes(1, 2)
        for images, places in problem.parts(g.itemsize):
            rows = g[images].reshape(-1, groups, outputs // groups, problem.places)
            if problem.is_pointwise:
                self.matmul_into(
                    result[images].reshape(-1, groups, problem.row, problem.places), matrix, rows
                )
            else:
                columns = self.matmul(matrix, rows[..., places])
                problem.overlap(columns.astype(inside, copy=False), result[images], places)
        return result.astype(g.dtype, copy=False)

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
        if g.dtype.name not in kernels.FLOATS:
            return super().conv2d_weight(
                g,
                x,
                weight_shape=weight_shape,
                stride=stride,
                padding=padding,
                dilation=dilation,
                groups=groups,
            )
        if depthwise.is_depthwise(x.shape, groups, g, x):
            return depthwise.weight_gradient(g, x, weight_shape, stride, padding, dilation)
        outputs = weight_shape[0]
        problem = _Problem(x.shape, weight_shape, stride, padding, dilation, groups, g.shape[2:])
        # One product over images and places together, with as many rows of columns as the workspace holds.
        inside = float32 if is_half(g.dtype) else g.dtype
        total = None
        for images, places in problem.parts(x.itemsize):
            here = g[images].reshape(-1, outputs, problem.places)[..., places]
            rows = kernels.contiguous(here.swapaxes(0, 1)).reshape(groups, outputs // groups, -1)
            part = self.matmul(rows, problem.columns(x[images], places, images_inside=True).swapaxes(1, 2))
            total = part if total is None else total.astype(inside, copy=False) + part
        if total is None:
            return cupy.zeros(weight_shape, g.dtype)
        return total.astype(g.dtype, copy=False).reshape(weight_shape)


class _Problem:
    """Sizes of a convolution, and its images as columns."""

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
        kernel = weight_shape[2:]
        self.size = output_size(tuple(spatial), kernel, stride, padding, dilation) if size is None else size
        self.places = math.prod(self.size)
        self.groups = groups
        self.row = math.prod(weight_shape[1:])
        self.is_pointwise = math.prod(kernel) == 1 and not any(padding) and math.prod(stride) == 1
        self.geometry = geometry(tuple(spatial), kernel, stride, padding, dilation, self.size)

    def splits_images(self, itemsize: int) -> bool:
        """Whether the columns of one image are too many for the workspace."""
        return not self.is_pointwise and self._image_bytes(itemsize) > WORKSPACE_BYTES

    def parts(self, itemsize: int) -> Iterator[tuple[slice, slice]]:
        """Ranges of images with all their places, or ranges of one image's places, whose columns fit the workspace."""
        if self.splits_images(itemsize):
            count = max(1, WORKSPACE_BYTES // (self.groups * self.row * itemsize))
            for image in range(self.images):
                for first in range(0, self.places, count):
                    yield slice(image, image + 1), slice(first, min(first + count, self.places))
            return
        count = self.images if self.is_pointwise else WORKSPACE_BYTES // self._image_bytes(itemsize)
        for start in range(0, self.images, max(1, count)):
            yield slice(start, min(start + count, self.images)), slice(0, self.places)

    def _image_bytes(self, itemsize: int) -> int:
        return max(1, self.groups * self.row * self.places * itemsize)

    def columns(self, x: Array, places: slice, *, images_inside: bool = False) -> Array:
        """(images, groups, row, places), or (groups, row, images x places)."""
        images, count = x.shape[0], places.stop - places.start
        x = kernels.contiguous(x)
        if self.is_pointwise:
            columns = x.reshape(images, self.groups, self.row, self.places)
            if images_inside:
                columns = kernels.contiguous(columns.transpose(1, 2, 0, 3))
                columns = columns.reshape(self.groups, self.row, images * self.places)
            return columns
        rows = self.groups * self.row
        if images_inside:
            columns = cupy.empty((self.groups, self.row, images * count), x.dtype)
            steps = count, images * count
        else:
            columns = cupy.empty((images, self.groups, self.row, count), x.dtype)
            steps = rows * count, count
        self._launch(
            "windows", (x, columns), columns.size, images, places, np.int64(steps[0]), np.int64(steps[1])
        )
        return columns

    def overlap(self, columns: Array, x: Array, places: slice) -> None:
        """Adds columns (images, groups, row, places) up in the images that they are windows of; those of later places are
        added to what is there."""
        self._launch("overlap", (columns, x), x.size, x.shape[0], places, np.bool_(places.start > 0))

    def _launch(
        self,
        name: str,
        arrays: tuple[Array, Array],
        threads: int,
        images: int,
        places: slice,
        *more: np.generic,
    ) -> None:
        kind = kernels.FLOATS[arrays[0].dtype.name]
        kernels.launch(
            "convolution", kind, f"{name}<{kind}>", kernels.blocks_for(threads),
            (*arrays, np.int64(images), np.int64(self.channels), self.geometry, np.int64(places.start),
             np.int64(places.stop - places.start), *more),
        )  # fmt: skip
