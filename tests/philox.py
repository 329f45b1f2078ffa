"""Philox 4x32-10 and what is made of its words, in plain Python integers: the reference for everything
random.

Written from the paper (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, 2011), not from the library's
code.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def block(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """The four 32-bit words of one counter."""
    a, b, c, d = counter
    first, second = key
    for number in range(10):
        if number:
            first, second = (first + 0x9E3779B9) % 2**32, (second + 0xBB67AE85) % 2**32
        high_a, low_a = divmod(a * 0xD2511F53, 2**32)
        high_c, low_c = divmod(c * 0xCD9E8D57, 2**32)
        a, b, c, d = high_c ^ b ^ first, low_c, high_a ^ d ^ second, low_a
    return a, b, c, d


def words(count: int, seed: int, offset: int) -> list[int]:
    """The first `count` words of call number `offset` of the stream `seed`."""
    found: list[int] = []
    for quad in range(-(-count // 4)):
        counter = (quad % 2**32, quad >> 32, offset % 2**32, offset >> 32)
        found += block(counter, (seed % 2**32, seed >> 32))
    return found[:count]


def longs(count: int, seed: int, offset: int) -> list[int]:
    """64-bit words: the low half first."""
    halves = words(2 * count, seed, offset)
    return [low + (high << 32) for low, high in zip(halves[::2], halves[1::2], strict=True)]


def uniforms(shape: tuple[int, ...], seed: int, offset: int, digits: int) -> Array:
    """On [0, 1), with as many binary digits as the dtype has."""
    count = math.prod(shape)
    if digits == 53:
        values = [word >> 11 for word in longs(count, seed, offset)]
    else:
        values = [word >> (32 - digits) for word in words(count, seed, offset)]
    return np.array(values, np.float64).reshape(shape) / 2.0**digits


def normals(shape: tuple[int, ...], seed: int, offset: int, double: bool) -> Array:
    """Box and Muller's pairs from pairs of words."""
    pairs = -(-math.prod(shape) // 2)
    if double:
        uniform = [((word >> 11) + 0.5) / 2**53 for word in longs(2 * pairs, seed, offset)]
    else:
        uniform = [(word + 0.5) / 2**32 for word in words(2 * pairs, seed, offset)]
    values: list[float] = []
    for first, second in zip(uniform[::2], uniform[1::2], strict=True):
        radius = math.sqrt(-2 * math.log(first))
        values += [radius * math.cos(2 * math.pi * second), radius * math.sin(2 * math.pi * second)]
    return np.array(values[: math.prod(shape)]).reshape(shape)


def integers(shape: tuple[int, ...], seed: int, offset: int, low: int, high: int) -> Array:
    """On [low, high): 64-bit words times the width, their high half."""
    values = [low + (word * (high - low) >> 64) for word in longs(math.prod(shape), seed, offset)]
    return np.array(values, np.int64).reshape(shape)


def permutation(n: int, seed: int, offset: int) -> Array:
    keys = longs(n, seed, offset)
    return np.array(sorted(range(n), key=keys.__getitem__), np.int64)


def kept(shape: tuple[int, ...], p: float, seed: int, offset: int) -> Array:
    """What dropout keeps."""
    threshold = round(p * 2**32)
    found = [word >= threshold for word in words(math.prod(shape), seed, offset)]
    return np.array(found, bool).reshape(shape)
