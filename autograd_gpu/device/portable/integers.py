"""Divisors and multiples of integers; numbers as mantissa and exponent."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.device.portable.base import Array, Base, float32, is_half


class Integers(Base):
    """gcd, lcm, frexp."""

    def __init__(self, xp: Any) -> None:
        super().__init__(xp)
        self.gcd = xp.gcd

    def lcm(self, a: Array, b: Array) -> Array:
        """``|a * b| / gcd(a, b)``, divided first; 0 where one is 0."""
        divisor = self.xp.gcd(a, b)
        return abs(a // self.xp.where(divisor == 0, divisor.dtype.type(1), divisor) * b)

    def frexp(self, x: Array) -> tuple[Array, Array]:
        """Mantissas of size 1/2 to 1, and exponents."""
        mantissa, exponent = self.xp.frexp(x.astype(float32) if is_half(x.dtype) else x)
        return mantissa.astype(x.dtype, copy=False), exponent.astype(np.int32, copy=False)
