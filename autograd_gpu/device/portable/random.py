"""Random numbers from Philox words: word ``i`` of a call depends on the seed, the call's offset and ``i``
alone.

Counter: (low and high half of i // 4, low and high half of the offset); key: the halves of the seed; lane i %
4. The element index is the logical (C-order) one, so words, uniforms, integers, masks and permutations are
the same on all devices; normals agree to rounding, since they use the device's own log, sin and cos.
"""

from __future__ import annotations

import math

import numpy as np

from autograd_gpu.device.philox import BLOCK, MASK, philox4x32_10
from autograd_gpu.device.portable.base import Array, DType, Shape, boolean, float32, float64, int64, is_half
from autograd_gpu.device.portable.creation import Creation


class Random(Creation):
    """random_words and what is made of them."""

    def random_words(self, count: int, seed: int, offset: int) -> Array:
        """``count`` uniformly distributed uint32 words."""
        xp = self.xp
        quads = -(-count // 4)
        words = xp.empty((quads, 4), np.uint32)
        key = (seed & MASK, seed >> 32 & MASK)
        low, high = offset & MASK, offset >> 32 & MASK
        for start in range(0, quads, BLOCK):
            number = xp.arange(start, min(start + BLOCK, quads), dtype=np.uint64)
            counter = (number & np.uint64(MASK), number >> np.uint64(32), low, high)
            for lane, word in enumerate(philox4x32_10(counter, key)):
                words[start : start + BLOCK, lane] = word
        return words.reshape(-1)[:count]

    def _random_long(self, count: int, seed: int, offset: int) -> Array:
        """``count`` uniformly distributed uint64: words 2i (low) and 2i + 1 (high)."""
        words = self.random_words(2 * count, seed, offset).reshape(-1, 2).astype(np.uint64)
        return words[:, 1] << np.uint64(32) | words[:, 0]

    def random_uniform(self, shape: Shape, seed: int, offset: int, dtype: DType) -> Array:
        """Uniform on [0, 1): as many random bits as the dtype has digits, so 1 never occurs.

        Complex numbers have both parts uniform.
        """
        count = math.prod(shape)
        if dtype.kind == "c":
            part = np.dtype(f"f{dtype.itemsize // 2}")
            return self.random_uniform((2 * count,), seed, offset, part).view(dtype).reshape(shape)
        if dtype == float64:
            values = (self._random_long(count, seed, offset) >> np.uint64(11)).astype(float64)
            values *= 2.0**-53
            return values.reshape(shape)
        digits = 24 if dtype == float32 else 11 if dtype.kind == "f" else 8
        values = (self.random_words(count, seed, offset) >> np.uint32(32 - digits)).astype(float32)
        values *= np.float32(2.0**-digits)
        return self.cast(values, dtype).reshape(shape)

    def random_normal(self, shape: Shape, seed: int, offset: int, dtype: DType) -> Array:
        """Standard normal by G. E. P. Box and M. E. Muller (1958), two values from two uniforms.

        Complex numbers have real and imaginary parts of variance 1/2.
        """
        xp = self.xp
        count = math.prod(shape)
        if dtype.kind == "c":
            part = np.dtype(f"f{dtype.itemsize // 2}")
            values = self.random_normal((2 * count,), seed, offset, part)
            values *= part.type(math.sqrt(0.5))
            return values.view(dtype).reshape(shape)
        if is_half(dtype):
            return self.cast(self.random_normal(shape, seed, offset, float32), dtype)
        pairs = -(-count // 2)
        if dtype == float64:
            uniform = (self._random_long(2 * pairs, seed, offset) >> np.uint64(11)).astype(float64)
            unit = 2.0**-53
        else:
            uniform = self.random_words(2 * pairs, seed, offset).astype(float32)
            unit = 2.0**-32
        # Half a unit above the lower edge: the logarithm's argument is in (0, 1].
        uniform *= dtype.type(unit)
        uniform += dtype.type(unit / 2)
        uniform = uniform.reshape(pairs, 2)
        radius = xp.sqrt(dtype.type(-2) * xp.log(uniform[:, 0]))
        angle = uniform[:, 1] * dtype.type(2 * math.pi)
        values = xp.empty((pairs, 2), dtype)
        xp.multiply(radius, xp.cos(angle), out=values[:, 0])
        xp.multiply(radius, xp.sin(angle), out=values[:, 1])
        return values.reshape(-1)[:count].reshape(shape)

    def random_integers(
        self, shape: Shape, seed: int, offset: int, low: int, high: int, dtype: DType
    ) -> Array:
        """Uniform on [low, high): the high half of a 64-bit random number times the width of the range."""
        values = self._random_long(math.prod(shape), seed, offset)
        width = high - low
        if width < 2**64:
            values = _high_product(values, width)
        values += np.uint64(low % 2**64)
        return self.cast(values.view(int64), dtype).reshape(shape)

    def random_permutation(self, n: int, seed: int, offset: int) -> Array:
        """The numbers 0 ... n - 1 in the order of n 64-bit random numbers."""
        return self.xp.argsort(self._random_long(n, seed, offset), kind="stable")

    def dropout_mask(self, shape: Shape, p: float, seed: int, offset: int) -> Array:
        """True with probability ``1 - p`` (to 2^-32): what dropout keeps."""
        threshold = round(p * 2**32)
        if threshold >= 2**32:
            return self.xp.zeros(shape, boolean)
        words = self.random_words(math.prod(shape), seed, offset)
        return (words >= np.uint32(threshold)).reshape(shape)


def _high_product(x: Array, factor: int) -> Array:
    """The high 64 bits of the 128-bit products of uint64 ``x`` with ``factor``, by halves."""
    half, mask = np.uint64(32), np.uint64(MASK)
    x_low, x_high = x & mask, x >> half
    low, high = np.uint64(factor & MASK), np.uint64(factor >> 32)
    middle = (x_low * low >> half) + x_high * low
    other = (middle & mask) + x_low * high
    return x_high * high + (middle >> half) + (other >> half)
