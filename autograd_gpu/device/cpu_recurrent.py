"""Recurrent layers on the CPU: the images of a batch in shares, each of which walks through all steps on one thread.

One wake-up for a whole layer, where a product on two threads in each step would cost one per step.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd_gpu.device import threads
from autograd_gpu.device.portable.recurrent import Recurrent

#: images of a share (half of that if there are no more), and how many shares there are at most
TOGETHER, MOST_SHARES = 32, 8
#: multiplications of a share's step below which threads only wait for each other
ALONE = 2**19


class CpuRecurrent(Recurrent):
    """The layers, their cells and gradients."""

    def _each_share(self, walk: Callable[[slice], None], images: int, products: int) -> None:
        shares = min(MOST_SHARES, max(2, images // TOGETHER))
        if images < TOGETHER or images // shares * products < ALONE:
            walk(slice(0, images))
            return
        edges = [number * images // shares for number in range(shares + 1)]
        threads.for_blocks(lambda number: walk(slice(edges[number], edges[number + 1])), shares)
