"""Winograd's minimal filtering F(4x4, 3x3) on the CPU: a quarter of the multiplications of a 3x3 convolution.

Tiles of 6x6 of the input give 4x4 of the output (A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", 2016).
Both transforms of a tile are products with one 36-row matrix for all tiles of a part, and what lies between are 36 products
(outputs, channels) times (channels, tiles). Errors are up to 9e-6 of the largest value of the output, where a sum of products
has 7e-7: so this is for float32 with many channels alone, and float64 never comes here.
"""

from __future__ import annotations

import itertools

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

_INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1],
    ], float
)  # fmt: skip
_WEIGHT = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
_OUTPUT = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], float
)
# Along both axes at once.
INPUT, WEIGHT, OUTPUT = (np.kron(matrix, matrix).astype(np.float32) for matrix in (_INPUT, _WEIGHT, _OUTPUT))


def suits(x: Array, weight: Array, size: Shape, stride: Shape, dilation: Shape, groups: int) -> bool:
    """Whether a convolution is one that this is faster for."""
    if weight.shape[2:] != (3, 3) or groups != 1 or stride != (1, 1) or dilation != (1, 1):
        return False
    if x.dtype != float32 or weight.dtype != float32 or min(weight.shape[:2]) < CHANNELS:
        return False
    places = size[0] * size[1]
    return places >= PLACES and 16 * _tiles(size[0]) * _tiles(size[1]) <= EXCESS * places


def convolve(x: Array, weight: Array, bias: Array | None, size: Shape, padding: Shape) -> Array:
    """``x`` (n, c, *) with ``weight`` (o, c, 3, 3) and ``bias`` (o,) or None: (n, o, *size)."""
    outputs, channels = weight.shape[:2]
    rows, columns = _tiles(size[0]), _tiles(size[1])
    transformed = np.empty((36, outputs, channels), x.dtype)
    taps = weight.reshape(-1, 9).T

    def transform(number: int) -> None:
        some = slice(9 * number, 9 * number + 9)
        np.matmul(WEIGHT[some], taps, out=transformed[some].reshape(9, -1))

    threads.for_blocks(transform, 4)
    result = np.empty((x.shape[0], outputs, *size), x.dtype)
    shift = None if bias is None else bias.reshape(-1, 1, 1)
    together = max(1, PART_BYTES // (36 * 4 * max(outputs, channels) * columns))
    count = max(-(-rows // together), 1 if x.shape[0] > 1 else min(2, rows))  # something for two threads
    edges = [number * rows // count for number in range(count + 1)]
    parts = [(image, *ends) for image in range(x.shape[0]) for ends in itertools.pairwise(edges)]

    def compute(number: int) -> None:
        image, first, last = parts[number]
        height = last - first
        seen = np.zeros((channels, 4 * height + 2, 4 * columns + 2), x.dtype)
        top = 4 * first - padding[0]
        low, high = max(top, 0), min(top + seen.shape[1], x.shape[2])
        width = min(x.shape[3], seen.shape[2] - padding[1])
        if high > low:
            seen[:, low - top : high - top, padding[1] : padding[1] + width] = x[image, :, low:high, :width]
        channel, row, column = seen.strides
        tiles = as_strided(
            seen, (6, 6, channels, height, columns), (row, column, channel, 4 * row, 4 * column)
        ).reshape(36, -1)
        tiles = np.matmul(INPUT, tiles).reshape(36, channels, height * columns)
        products = np.matmul(transformed, tiles).reshape(36, -1)
        block = np.matmul(OUTPUT, products).reshape(4, 4, outputs, height, columns)
        block = block.transpose(2, 3, 0, 4, 1).reshape(outputs, 4 * height, 4 * columns)
        if shift is not None:
            block += shift
        stop = min(4 * last, size[0])
        result[image, :, 4 * first : stop] = block[:, : stop - 4 * first, : size[1]]

    threads.for_blocks(compute, len(parts))
    return result


def _tiles(length: int) -> int:
    return -(-length // 4)
