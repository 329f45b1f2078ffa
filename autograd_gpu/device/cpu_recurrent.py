"""Recurrent layers on the CPU: the images of a batch in shares, each of which walks through all steps on one thread.

One wake-up for a whole layer, where a product on two threads in each step would cost one per step. The products over all
steps are cut into pieces for the same threads: BLAS's own wait busily for each other, which is expensive where other
programs run.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from autograd_gpu.device import threads
from autograd_gpu.device.portable.base import Array
from autograd_gpu.device.portable.recurrent import Recurrent

#: images of a share (half of that if there are no more), and how many shares there are at most
TOGETHER, MOST_SHARES = 32, 8
#: multiplications of a share's step below which threads only wait for each other
ALONE = 2**19
#: multiplications from which waking threads pays; into how many pieces products are cut, and how many rows a piece should have
LARGE, PIECES, PIECE_ROWS = 2**23, 4, 64


class CpuRecurrent(Recurrent):
    """The layers, their cells and gradients."""

    def _each_share(self, walk: Callable[[slice], None], images: int, length: int, products: int) -> None:
        shares = min(MOST_SHARES, max(2, images // TOGETHER))
        few = images < TOGETHER or length * images * products < LARGE
        if few or images // shares * products < ALONE:
            walk(slice(0, images))
            return
        edges = [number * images // shares for number in range(shares + 1)]
        threads.for_blocks(lambda number: walk(slice(edges[number], edges[number + 1])), shares)

    def _products(self, *wanted: tuple[Array, Array, Array]) -> None:
        if sum(a.size * b.shape[1] for a, b, _ in wanted) < LARGE:
            super()._products(*wanted)
            return
        pieces = [
            (a[first:last], b, out[first:last]) for a, b, out in wanted for first, last in _cuts(a.shape[0])
        ]

        def compute(number: int) -> None:
            a, b, out = pieces[number]
            np.matmul(a, b, out=out)

        threads.for_blocks(compute, len(pieces))


def _cuts(rows: int) -> list[tuple[int, int]]:
    """Ranges of the rows of a product that are computed by themselves."""
    count = max(1, min(PIECES, rows // PIECE_ROWS))
    edges = [number * rows // count for number in range(count + 1)]
    return list(itertools.pairwise(edges))
