"""Activation functions on the CPU that are worth a formula of their own: gelu in float32.

``gelu`` and its gradient only need the normal distribution's Phi to 6e-8 of 1, not the last digit of an error function that is
nearly zero. That makes the polynomial shorter, and the steps work in place: on a block of a large array (see
``blocks.py``) they all stay in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu.device.portable.base import Array, float32
from autograd_gpu.device.portable.special import polynomial

Function = Callable[..., Array]

#: atanh(erf(x / sqrt(2))) / x in x * x for |x| < 3.93 sqrt(2), where float32's erf becomes 1; weighted for the smallest
#: error of Phi (3e-8) as ``atanh_erf`` of ``tests/device/special_coefficients.py``
ATANH_PHI = (
    0.7978849411010742, 0.03633308410644531, -3.259497680119239e-05, -5.530619455385022e-05, 3.964744337281445e-06,
    -1.3226333805960167e-07, 1.7561707643665159e-09,
)  # fmt: skip
LARGEST_SQUARE = np.float32(2 * 3.93**2)
HALF, ONE = np.float32(0.5), np.float32(1)
INVERSE_ROOT_2_PI = np.float32(1 / math.sqrt(2 * math.pi))


def gelu(body: Function) -> Function:
    """In front of the body of ``gelu``."""

    def of_float32(F: Any, input: Array, *, approximate: str) -> Array:
        if approximate != "none" or input.dtype != float32 or not input.ndim:
            return body(F, input, approximate=approximate)
        result = _twice_phi(input, input * input)
        result *= input
        result *= HALF
        return result

    return of_float32


def gelu_backward(body: Function) -> Function:
    """In front of ``gelu_backward``."""

    def of_float32(F: Any, g: Array, input: Array, *, approximate: str) -> Array:
        if (
            approximate != "none"
            or input.dtype != float32
            or g.dtype != float32
            or not (input.ndim and g.ndim)
        ):
            return body(F, g, input, approximate=approximate)
        square = input * input
        density = square * -HALF
        np.exp(density, out=density)
        density *= INVERSE_ROOT_2_PI
        density *= input
        slope = _twice_phi(input, square)
        slope *= HALF
        slope += density
        slope *= g
        return slope

    return of_float32


def _twice_phi(x: Array, square: Array) -> Array:
    """``1 + erf(x / sqrt(2))``; changes `square`, which is ``x * x``."""
    np.minimum(square, LARGEST_SQUARE, out=square)
    curve = polynomial(square, ATANH_PHI)
    curve *= x
    np.tanh(curve, out=curve)
    curve += ONE
    return curve
