"""Where the polynomials of ``autograd_gpu/device/portable/special.py`` come from.

Run with mpmath installed (it is no dependency of the project): prints each polynomial's coefficients. All but
the first interpolate a function at the Chebyshev nodes of an interval; the first, whose error fades where
tanh saturates, is a weighted least-squares fit repeated with weights that level the error (Lawson 1961).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

mp.mp.dps = 60


def interpolation(function: Callable[[Any], Any], low: Any, high: Any, degree: int) -> list[float]:
    """Coefficients, in powers of the variable itself, of the interpolant at the Chebyshev nodes of [low,
    high]."""
    low, high = mp.mpf(low), mp.mpf(high)
    nodes = [
        (low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * k + 1) / (2 * degree + 2))
        for k in range(degree + 1)
    ]
    # Newton's divided differences, expanded; 60 digits make up for what that costs.
    table = [function(node) for node in nodes]
    for order in range(1, degree + 1):
        for k in range(degree, order - 1, -1):
            table[k] = (table[k] - table[k - 1]) / (nodes[k] - nodes[k - order])
    result = [mp.mpf(0)] * (degree + 1)
    for k in range(degree, -1, -1):
        for power in range(degree, 0, -1):
            result[power] = result[power - 1] - nodes[k] * result[power]
        result[0] = table[k] - nodes[k] * result[0]
    return [float(value) for value in result]


def erf_small(s: Any) -> Any:
    root = mp.sqrt(s)
    return mp.erf(root) / root


def erfc_large(t: Any) -> Any:
    x = mp.mpf("3.75") * (1 + t) / (1 - t)
    return mp.exp(x * x) * mp.erfc(x) * (x + mp.mpf("3.75"))


def lgamma_near_2(u: Any) -> Any:
    return mp.loggamma(2 + u) / u if abs(u) > mp.mpf("1e-25") else mp.digamma(2)


def variable(x: float) -> Any:
    """The variable of ``erfc_large``."""
    return (mp.mpf(x) - mp.mpf("3.75")) / (mp.mpf(x) + mp.mpf("3.75"))


def atanh_erf(degree: int = 7, rounds: int = 400) -> list[float]:
    count = 1500
    part = np.maximum((1 - np.cos(np.linspace(0, np.pi, count))) / 2, 1e-6)
    x = np.sqrt(part * 16)
    y = np.array([float(mp.atanh(mp.erf(mp.mpf(value)))) for value in x])
    wanted = y / x
    fades = y / (np.sinh(y) * np.cosh(y))
    powers = np.vander(part, degree + 1, increasing=True)
    weight, best = np.ones(count), (np.inf, np.zeros(degree + 1))
    for _ in range(rounds):
        scale = weight * fades / wanted
        coefficients, *_ = np.linalg.lstsq(powers * scale[:, None], wanted * scale, rcond=None)
        error = np.abs(powers @ coefficients / wanted - 1) * fades
        if error.max() < best[0]:
            best = (float(error.max()), coefficients)
        weight *= np.sqrt(0.02 + error / error.max())
        weight /= weight.max()
    return [float(np.float32(value)) for value in best[1] / 16.0 ** np.arange(degree + 1)]


if __name__ == "__main__":
    print("ATANH_ERF", atanh_erf())
    print("ERF_SMALL", interpolation(erf_small, 0, 1, 12))
    print("ERFC_LARGE", interpolation(erfc_large, variable(1), variable(28), 20))
    print("LGAMMA_NEAR_2", interpolation(lgamma_near_2, mp.mpf(-1) / 2, mp.mpf(1) / 2, 18))
