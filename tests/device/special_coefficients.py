"""Where the polynomials of ``autograd_gpu/device/portable/special.py`` come from.

Run with mpmath installed (it is no dependency of the project): prints each polynomial's coefficients. All but
the first two interpolate a function at the Chebyshev nodes of an interval; those two, whose error fades
where tanh saturates, are weighted least-squares fits repeated with weights that level the error (Lawson 1961).
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


def atanh_erf() -> list[float]:
    """``atanh(erf(x)) / x - 1``, weighted for the relative error of erf."""
    count = 1500
    part = np.maximum((1 - np.cos(np.linspace(0, np.pi, count))) / 2, 1e-6)
    x = np.sqrt(part * 16)
    y = np.array([float(mp.atanh(mp.erf(mp.mpf(value)))) for value in x])
    weight = x / (np.sinh(y) * np.cosh(y))
    return _levelled(part, 16.0, y / x - 1, weight, 8)


def atanh_phi() -> list[float]:
    """``atanh(erf(x / sqrt(2))) / x``, weighted for the absolute error of ``(1 + erf(x / sqrt(2))) / 2``."""
    count = 1500
    largest = 2 * 3.93**2
    part = np.maximum((1 - np.cos(np.linspace(0, np.pi, count))) / 2, 1e-6)
    x = np.sqrt(part * largest)
    y = np.array([float(mp.atanh(mp.erf(mp.mpf(value) / mp.sqrt(2)))) for value in x])
    return _levelled(part, largest, y / x, x / np.cosh(y) ** 2, 6)


def _levelled(part: Any, largest: float, wanted: Any, weight: Any, degree: int) -> list[float]:
    """The polynomial in ``part * largest`` with about the least largest weighted error."""
    powers = np.vander(part, degree + 1, increasing=True)
    levels, best = np.ones(len(part)), (np.inf, np.zeros(degree + 1))
    for _ in range(400):
        scale = levels * weight
        coefficients, *_ = np.linalg.lstsq(powers * scale[:, None], wanted * scale, rcond=None)
        error = np.abs(powers @ coefficients - wanted) * weight
        if error.max() < best[0]:
            best = (float(error.max()), coefficients)
        levels *= np.sqrt(0.02 + error / error.max())
        levels /= levels.max()
    return [float(np.float32(value)) for value in best[1] / largest ** np.arange(degree + 1)]


if __name__ == "__main__":
    print("ATANH_ERF", atanh_erf())
    print("ATANH_PHI", atanh_phi())
    print("ERF_SMALL", interpolation(erf_small, 0, 1, 12))
    print("ERFC_LARGE", interpolation(erfc_large, variable(1), variable(28), 20))
    print("LGAMMA_NEAR_2", interpolation(lgamma_near_2, mp.mpf(-1) / 2, mp.mpf(1) / 2, 18))
