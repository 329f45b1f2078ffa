"""Cases of autograd_gpu/ops/bessel.py. References are sums and integrals, one number at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu import special
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S
from tests.optable.special import COMPLEX, lgamma, one_by_one


def _bessel(order: int, scaled: bool) -> Any:
    """The mean of ``exp(x cos t) cos(order t)`` over the circle (DLMF 10.32.3); of a periodic function, the mean of
    equidistant samples is exact."""
    cosines = np.cos(np.arange(256) * (2 * np.pi / 256))
    weights = cosines if order else np.ones(256)

    def reference(x: float) -> float:
        return float(np.mean(np.exp(x * cosines - (abs(x) if scaled else 0.0)) * weights))

    return reference


def _erfcx(x: float) -> float:
    return math.exp(x * x) * math.erfc(x)


def _ndtr(x: float) -> float:
    return math.erfc(-x * math.sqrt(0.5)) / 2


def _ndtri(p: float) -> float:
    """By halving."""
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _ndtr(middle) < p else (low, middle)
    return low


def _zeta(x: Any, q: Any) -> Any:
    """10000 terms, and the integral over the rest with half a term."""

    def one(s: float, start: float) -> float:
        terms = (np.arange(10000) + start) ** -s
        end = start + 10000
        return float(terms.sum() + end ** (1 - s) / (s - 1) + end**-s / 2 + s * end ** (-s - 1) / 12)

    return np.vectorize(one, otypes=[np.float64])(x, q)


def _row(name: str, reference: Any, *, low: float, high: float, dtypes: str = "float half int") -> OpCase:
    return OpCase(
        name,
        samples=lambda make: [S(make(3, 4, low=low, high=high)), S(make(low=low, high=high)), S(make(0, 2))],
        ref=one_by_one(reference),
        dtypes=dtypes,
        inplace="i0_" if name == "i0" else None,
        errors=COMPLEX,
    )


CASES = [
    _row("i0", _bessel(0, False), low=-3, high=3),
    _row("i0e", _bessel(0, True), low=-20, high=20),
    _row("i1", _bessel(1, False), low=-3, high=3),
    _row("i1e", _bessel(1, True), low=-20, high=20),
    _row("erfcx", _erfcx, low=-2, high=4),
    _row("ndtr", _ndtr, low=-4, high=4),
    _row("log_ndtr", lambda x: math.log(_ndtr(x)), low=-6, high=4),
    _row("ndtri", _ndtri, low=0.01, high=0.99, dtypes="float"),
    _row("entr", lambda x: -x * math.log(x) if x > 0 else -math.inf * (x < 0) if x else 0.0, low=0.1, high=4),
    OpCase(
        "ndtri",
        variant="limits",
        samples=lambda make: [S(np.array([0.0, 1.0, -0.5, 1.5]).astype(make.dtype.numpy))],
        ref=lambda x: np.array([-np.inf, np.inf, np.nan, np.nan]),
        dtypes="float half",
        gradient=False,
    ),
    OpCase(
        "entr",
        variant="limits",
        samples=lambda make: [S(np.array([0.0, 1.0, -1.0]).astype(make.dtype.numpy))],
        ref=lambda x: np.array([0, 0, -np.inf]),
        dtypes="float half",
        gradient=False,
    ),
    OpCase(
        "xlog1py",
        samples=lambda make: [
            S(make(3, 4), make(3, 4, low=-0.9, high=2)),
            S(make(3, 1), make(4, low=0, high=2)),
            S(make(0, 3), make(3)),
        ],
        ref=lambda x, y: x * np.log1p(y),
        dtypes="float half",
        call=special.xlog1py,
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(2)),
                NotImplementedError,
                "not implemented for 'ComplexFloat'",
                dtype="complex64",
            )
        ],
    ),
    OpCase(
        "xlog1py",
        variant="zero",
        samples=lambda make: [
            S(np.zeros(2, make.dtype.numpy), np.array([-1.0, np.nan]).astype(make.dtype.numpy))
        ],
        ref=lambda x, y: np.array([0, np.nan]),
        dtypes="float half",
        gradient=False,
    ),
    OpCase(
        "zeta",
        samples=lambda make: [
            S(make(3, 4, low=1.5, high=6), make(3, 4, low=0.5, high=4)),
            S(make(3, 1, low=2, high=5), make(4, low=1, high=4)),
            S(make(0, 3), make(3)),
        ],
        ref=_zeta,
        dtypes="float half",
        gradient=(1,),
    ),
    OpCase(
        "mvlgamma",
        samples=lambda make: [S(make(3, 4, low=1.5, high=6), p) for p in (1, 2, 3)],
        ref=lambda x, p: (
            sum(one_by_one(lgamma)(x - j / 2) for j in range(p)) + p * (p - 1) / 4 * math.log(math.pi)
        ),
        dtypes="float",
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0),
                RuntimeError,
                "p has to be greater than or equal to 1",
                call=ag.mvlgamma,
            )
        ],
    ),
]
