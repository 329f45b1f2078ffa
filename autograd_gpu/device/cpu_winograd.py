"""Winograd's minimal filtering F(4x4, 3x3) on the CPU: a quarter of the multiplications of a 3x3 convolution.

Tiles of 6x6 of the input give 4x4 of the output (A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", 2016).
Both transforms of a tile are products with one 36-row matrix for all tiles of a part, and what lies between are 36 products
(outputs, channels) times (channels, tiles); for the gradient of the weight, (outputs, tiles) times (tiles, channels).

The transforms evaluate polynomials at five points and infinity. The usual points 0, 1, -1, 2, -2 make for simple factors;
since the transforms are products with dense matrices here, points may be chosen for small errors instead: 1.5e-6 of
the largest value of the result, where the usual ones have 6e-6 and a sum of products has 3e-7. So this is for float32 with
many channels alone, and float64 never comes here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd_gpu.device import threads
from autograd_gpu.device.portable.base import Array, Shape, float32

#: the fewest channels and outputs: with fewer, the transforms take longer than the products they save
CHANNELS = 32
#: the fewest places of the output, and by how much tiles may exceed it
PLACES, EXCESS = 144, 1.35
#: what the tiles of one part may take
PART_BYTES = 2**20
#: what the partial sums of a weight's gradient may take together, and how many there are at most
PARTIAL_BYTES, MOST_PARTIALS = 2**24, 8

#: points 0, +-NEAR, +-FAR and infinity, found by search for the smallest errors
NEAR, FAR = 0.625, 1.5


def _matrices(a: float, b: float) -> tuple[Array, Array, Array]:
    """The transforms of input (6, 6), weight (6, 3) and output (4, 6) along one axis, for points 0, a, -a, b, -b, infinity."""
    aa, bb = a * a, b * b
    # Row of a point: the polynomial (lowest power first) that has the other points as its roots.
    of_input = [
        [aa * bb, 0, -aa - bb, 0, 1, 0], [0, -a * bb, -bb, a, 1, 0], [0, a * bb, -bb, -a, 1, 0],
        [0, -b * aa, -aa, b, 1, 0], [0, b * aa, -aa, -b, 1, 0], [0, aa * bb, 0, -aa - bb, 0, 1],
    ]  # fmt: skip
    # Powers of the point over the value of that polynomial there.
    for_a, for_b = 2 * aa * (aa - bb), 2 * bb * (bb - aa)
    of_weight = [
        [1 / (aa * bb), 0, 0],
        *([1 / norm, point / norm, point * point / norm]
          for point, norm in ((a, for_a), (-a, for_a), (b, for_b), (-b, for_b))),
        [0, 0, 1],
    ]  # fmt: skip
    of_output = [[float(point**power) for point in (0, a, -a, b, -b)] + [power // 3] for power in range(4)]
    return np.array(of_input), np.array(of_weight), np.array(of_output)


# Along both axes at once.
INPUT, WEIGHT, OUTPUT = (np.kron(matrix, matrix).astype(np.float32) for matrix in _matrices(NEAR, FAR))


def suits(
    x: Array, other: Array, weight_shape: Shape, size: Shape, stride: Shape, dilation: Shape, groups: int
) -> bool:
    """Whether a convolution of ``x``, with a weight or a gradient as the other operand, is one that this is faster for."""
    if weight_shape[2:] != (3, 3) or groups != 1 or stride != (1, 1) or dilation != (1, 1):
        return False
    if x.dtype != float32 or other.dtype != float32 or min(weight_shape[:2]) < CHANNELS:
        return False
    places = size[0] * size[1]
    return places >= PLACES and 16 * _tiles(size[0]) * _tiles(size[1]) <= EXCESS * places


def convolve(x: Array, weight: Array, bias: Array | None, size: Shape, padding: Shape) -> Array:
    """``x`` (n, c, *) with ``weight`` (o, c, 3, 3) and ``bias`` (o,) or None: (n, o, *size)."""
    outputs, channels = weight.shape[:2]
    columns = _tiles(size[1])
    transformed = np.empty((36, outputs, channels), x.dtype)
    taps = weight.reshape(-1, 9).T

    def transform(number: int) -> None:
        some = slice(9 * number, 9 * number + 9)
        np.matmul(WEIGHT[some], taps, out=transformed[some].reshape(9, -1))

    _run(transform, 4)
    result = np.empty((x.shape[0], outputs, *size), x.dtype)
    shift = None if bias is None else bias.reshape(-1, 1)
    parts = _parts(x.shape[0], size, max(outputs, channels))

    def compute(number: int) -> None:
        images, first, last = parts[number]
        tiles = _input_tiles(x[images], first, last, columns, padding)
        products = np.matmul(transformed, tiles).reshape(36, -1)
        block = np.matmul(OUTPUT, products)
        if shift is not None:
            each = block.reshape(16, outputs, -1)
            each += shift
        block = block.reshape(4, 4, outputs, -1, last - first, columns).transpose(3, 2, 4, 0, 5, 1)
        height = min(4 * last, size[0]) - 4 * first
        target = result[images, :, 4 * first : 4 * first + height]
        if height == 4 * (last - first) and size[1] == 4 * columns:
            target.reshape(*target.shape[:2], -1, 4, columns, 4, copy=False)[...] = block
        else:
            target[...] = block.reshape(*target.shape[:2], -1, 4 * columns)[:, :, :height, : size[1]]

    _run(compute, len(parts))
    return result


def weight_gradient(g: Array, x: Array, padding: Shape) -> Array:
    """The gradient of ``convolve`` for its weight, from that of its result: (o, c, 3, 3)."""
    outputs, channels = g.shape[1], x.shape[1]
    columns = _tiles(g.shape[3])
    parts = _parts(x.shape[0], g.shape[2:], max(outputs, channels))
    # Each partial sum is of neighbouring parts, so that there are few of them; two at least, for two threads.
    each = 36 * 4 * outputs * channels
    count = min(len(parts), MOST_PARTIALS, max(2, PARTIAL_BYTES // each))
    partial = np.empty((count, 36, outputs, channels), x.dtype)

    def compute(number: int) -> None:
        total = partial[number]
        mine = parts[number * len(parts) // count : (number + 1) * len(parts) // count]
        product = np.empty_like(total) if len(mine) > 1 else total
        for position, (images, first, last) in enumerate(mine):
            tiles = _input_tiles(x[images], first, last, columns, padding)
            toward = _output_gradient_tiles(g[images], first, last, columns)
            np.matmul(toward, tiles.swapaxes(1, 2), out=product if position else total)
            if position:
                total += product

    _run(compute, count)
    total = np.add.reduce(partial, axis=0).reshape(36, -1)
    result = np.empty((outputs * channels, 9), x.dtype)

    def back(start: int, stop: int) -> None:
        np.matmul(total[:, start:stop].T, WEIGHT, out=result[start:stop])

    threads.for_ranges(back, len(result), -(-len(result) // 4))
    return result.reshape(outputs, channels, 3, 3)


def _input_tiles(x: Array, first: int, last: int, columns: int, padding: Shape) -> Array:
    """The transformed tiles `first` to `last` (along the first axis) of images: (36, channels, images x tiles)."""
    height = last - first
    seen = np.zeros((*x.shape[:2], 4 * height + 2, 4 * columns + 2), x.dtype)
    top = 4 * first - padding[0]
    low, high = max(top, 0), min(top + seen.shape[2], x.shape[2])
    width = min(x.shape[3], seen.shape[3] - padding[1])
    if high > low:
        seen[:, :, low - top : high - top, padding[1] : padding[1] + width] = x[:, :, low:high, :width]
    image, channel, row, column = seen.strides
    tiles = as_strided(
        seen,
        (6, 6, x.shape[1], x.shape[0], height, columns),
        (row, column, channel, image, 4 * row, 4 * column),
    )
    return np.matmul(INPUT, tiles.reshape(36, -1)).reshape(36, x.shape[1], -1)


def _output_gradient_tiles(g: Array, first: int, last: int, columns: int) -> Array:
    """The transformed tiles of 4x4 of the gradients of images' results: (36, outputs, images x tiles)."""
    height = last - first
    part = g[:, :, 4 * first : 4 * last]
    if part.shape[2:] != (4 * height, 4 * columns):
        whole = np.zeros((*g.shape[:2], 4 * height, 4 * columns), g.dtype)
        whole[:, :, : part.shape[2], : part.shape[3]] = part
        part = whole
    tiles = part.reshape(*g.shape[:2], height, 4, columns, 4).transpose(3, 5, 1, 0, 2, 4)
    return np.matmul(OUTPUT.T, tiles.reshape(16, -1)).reshape(36, g.shape[1], -1)


def _parts(count: int, size: Shape, channels: int) -> list[tuple[slice, int, int]]:
    """Images and rows of tiles that are computed together: several small images, or some rows of a large one."""
    rows, columns = _tiles(size[0]), _tiles(size[1])
    together = max(1, PART_BYTES // (36 * 4 * channels * columns))
    if together >= 2 * rows:
        return [(images, 0, rows) for images in _shares(count, min(together // rows, -(-count // 2)))]
    edges = [(share.start, share.stop) for share in _shares(rows, together if count > 1 else -(-rows // 2))]
    return [(slice(image, image + 1), *ends) for image in range(count) for ends in edges]


def _run(function: Callable[[int], None], count: int) -> None:
    """Do all parts, with BLAS on one thread also where there is only one."""
    if count:
        threads.for_ranges(lambda number, _: function(number), count, 1, limit_blas=True)


def _shares(length: int, most: int) -> list[slice]:
    """Equal ranges of at most `most` numbers."""
    count = -(-length // max(1, most))
    edges = [number * length // count for number in range(count + 1)] if count else []
    return [slice(first, last) for first, last in itertools.pairwise(edges)]


def _tiles(length: int) -> int:
    return -(-length // 4)
