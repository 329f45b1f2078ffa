"""Sizes of windows that move over images, as the kernels of convolution.cu and pooling.cu are told."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.device.portable.base import Shape

GEOMETRY = np.dtype(
    [(name, np.int32, 3) for name in ("image", "kernel", "stride", "padding", "dilation", "places")]
)


def geometry(
    image: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, places: Shape
) -> Any:
    """The struct Geometry of geometry.cuh, passed by value; one and two spatial axes become three."""
    more = 3 - len(image)
    rows = zip((1, 1, 1, 0, 1, 1), (image, kernel, stride, padding, dilation, places), strict=True)
    return np.array(tuple((filling,) * more + tuple(row) for filling, row in rows), GEOMETRY)[()]
