"""Cases of autograd_gpu/ops/special.py. References of the standard library, one number at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S

COMPLEX = [
    ErrorCase(
        lambda make: S(make(2)), NotImplementedError, "not implemented for 'ComplexFloat'", dtype="complex64"
    )
]


def one_by_one(function: Any) -> Any:
    return lambda x: np.array([function(float(v)) for v in np.ravel(x)], np.float64).reshape(np.shape(x))


def lgamma(x: float) -> float:
    return math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)


def polygamma(n: int, x: float) -> float:
    """(-1)^(n+1) n! sum 1 / (x + k)^(n+1): 50 terms, and the rest by the Euler-Maclaurin formula."""
    s = n + 1
    total = sum((x + k) ** -s for k in range(50))
    y = x + 50
    total += (
        y ** (1 - s) / (s - 1)
        + y**-s / 2
        + s * y ** (-s - 1) / 12
        - s * (s + 1) * (s + 2) * y ** (-s - 3) / 720
    )
    return (-1) ** s * math.factorial(n) * total


def digamma(x: float) -> float:
    """log y - 1 / (2 y) - ... at y = x + 50, brought back by the recurrence."""
    y = x + 50
    series = math.log(y) - 1 / (2 * y) - 1 / (12 * y**2) + 1 / (120 * y**4) - 1 / (252 * y**6)
    return series - sum(1 / (x + k) for k in range(50))


def erfinv(x: float) -> float:
    """Newton's method on erf."""
    y = 0.0
    for _ in range(60):
        y -= (math.erf(y) - x) * math.sqrt(math.pi) / 2 * math.exp(y * y)
    return y


CASES = [
    OpCase(
        "erf",
        samples=lambda make: [S(make(3, 4, low=-4, high=4)), S(make()), S(make(0, 2))],
        ref=one_by_one(math.erf),
        dtypes="float half int",
        inplace="erf_",
        errors=COMPLEX,
    ),
    OpCase(
        "erfc",
        samples=lambda make: [S(make(3, 4, low=-4, high=4)), S(make()), S(make(0, 2))],
        ref=one_by_one(math.erfc),
        dtypes="float half int",
        inplace="erfc_",
        errors=COMPLEX,
    ),
    OpCase(
        "erfinv",
        samples=lambda make: [
            S(make(3, 4, low=-0.95, high=0.95)),
            S(make(low=-0.9, high=0.9)),
            S(make(0, 2)),
        ],
        ref=one_by_one(erfinv),
        dtypes="float half",
        inplace="erfinv_",
        errors=COMPLEX,
    ),
    OpCase(
        "lgamma",
        # both sides of zero, and of the border to Stirling's series
        samples=lambda make: [
            S(make(3, 4, low=0.2, high=20)),
            S(make(3, 2, low=-0.9, high=-0.1)).only("float half"),
            S(make(low=1, high=3)),
            S(make(0, 2)),
        ],
        ref=one_by_one(lgamma),
        dtypes="float half int",
        inplace="lgamma_",
        errors=COMPLEX,
        tol={"float32": (4e-6, 1e-5)},
    ),
    OpCase(
        "digamma",
        samples=lambda make: [S(make(3, 4, low=0.3, high=20)), S(make(low=1, high=3)), S(make(0, 2))],
        ref=one_by_one(digamma),
        dtypes="float half",
        inplace="digamma_",
        errors=COMPLEX,
    ),
    OpCase(
        "polygamma",
        call=lambda x, n: ag.polygamma(n, x),
        samples=lambda make: [
            *(S(make(3, 2, low=0.6, high=15), n) for n in (1, 2, 3)),
            S(make(low=1, high=3), 1),
            S(make(0, 2), 1),
        ],
        ref=lambda x, n: one_by_one(lambda v: polygamma(n, v))(x),
        dtypes="float half",
        errors=[
            *[
                ErrorCase(lambda make: S(make(2), 1), each.type, each.match, dtype=each.dtype)
                for each in COMPLEX
            ],
            ErrorCase(lambda make: S(make(2), -1), RuntimeError, "polygamma.* does not support negative n"),
        ],
    ),
    OpCase(
        "polygamma",
        variant="method",
        call=lambda x, n: x.polygamma(n),
        # the reflection formula: psi_1(1 - x) + psi_1(x) = (pi / sin(pi x))^2
        samples=lambda make: [S(make(3, low=-0.9, high=-0.1), 1), S(make(3, low=0.1, high=0.4), 1)],
        ref=lambda x, n: (np.pi / np.sin(np.pi * x)) ** 2 - one_by_one(lambda v: polygamma(n, 1 - v))(x),
        dtypes="float",
        inplace="polygamma_",
    ),
]
