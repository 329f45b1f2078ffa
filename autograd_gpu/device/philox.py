"""Philox 4x32-10, the counter-based generator behind every random number of the library.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). A
word is a function of a counter and a key alone, so all devices produce the same words in any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF
BLOCK = 8192


def philox4x32_10(counter: tuple[Array, Array, Array, Array], key: tuple[int, int]) -> tuple[Array, ...]:
    """Ten rounds over four arrays (or NumPy integers that broadcast against them) of 32-bit counters.

    The words are returned as four uint64 arrays whose values are below 2^32.
    """
    c0, c1, c2, c3 = (
        np.asarray(word, np.uint64) if isinstance(word, int) else word.astype(np.uint64) for word in counter
    )
    first, second = (np.uint64(multiplier) for multiplier in MULTIPLIERS)
    mask, half = np.uint64(MASK), np.uint64(32)
    k0, k1 = key
    for _ in range(10):
        product0 = c0 * first
        product1 = c2 * second
        c0 = product1 >> half
        c0 ^= c1
        c0 ^= np.uint64(k0)
        c2 = product0 >> half
        c2 ^= c3
        c2 ^= np.uint64(k1)
        product1 &= mask
        product0 &= mask
        c1, c3 = product1, product0
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return c0, c1, c2, c3
