"""Attention on the CPU: the portable one with its blocks on all threads, and products on one thread each."""

from __future__ import annotations

from collections.abc import Callable

from autograd_gpu.device import threads
from autograd_gpu.device.portable.attention import Attention

#: products below which waking the other threads does not pay
ALONE = 2**19


class CpuAttention(Attention):
    """attention_forward, attention_backward."""

    def _each_block(self, function: Callable[[int], None], count: int, products: int) -> None:
        if products < ALONE:
            super()._each_block(function, count, products)
        else:
            threads.for_blocks(function, count)
