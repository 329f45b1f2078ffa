"""Cases of autograd_gpu/ops/scan.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S
from tests.optable.extremes import distinct
from tests.optable.reduce import with_zeros

ERRORS = [
    ErrorCase(
        lambda make: S(make(2, 3), 2), IndexError, r"Dimension out of range .*range of \[-2, 1\], but got 2"
    ),
    ErrorCase(lambda make: S(make(2, 3)), TypeError, 'missing 1 required positional arguments: "dim"'),
]


def along(make: Make) -> list[S]:
    return [
        S(make(3, 4), 0),
        S(make(3, 5), dim=-1),  # a length that is no power of two
        S(make(2, 3, 2), 1),
        S(make(), 0),
        S(make(1), 0),
        S(make(0, 3), 0),
        S(make(3, 0), 0),
    ]


def running(function: Any) -> Any:
    def reference(x: Any, dim: int, dtype: Any = None) -> Any:
        wide = x if x.dtype.kind in "fc" else x.astype(np.int64)
        return function(wide, axis=dim) if x.ndim else wide

    return reference


def running_extreme(pick: Any) -> Any:
    def reference(x: Any, dim: int) -> Any:
        if not x.ndim or not x.size:
            return x, np.zeros(x.shape, np.int64)
        values = pick.accumulate(x, axis=dim)
        shape = [1] * x.ndim
        shape[dim] = x.shape[dim]
        places = np.where(x == values, np.arange(x.shape[dim]).reshape(shape), 0)
        return values, np.maximum.accumulate(places, axis=dim)

    return reference


CASES = [
    OpCase(
        "cumsum",
        samples=lambda make: [*along(make), S(make(3, 2), 0, dtype=ag.float64).only("float half int bool")],
        ref=running(np.cumsum),
        dtypes="float half int bool complex",
        inplace="cumsum_",
        errors=ERRORS,
    ),
    OpCase(
        "cumprod",
        samples=lambda make: [
            *along(make),
            S(with_zeros(make, 3, 6), 1),  # zeros: the gradient needs no division
            S(with_zeros(make, 6), 0),
        ],
        ref=running(np.cumprod),
        dtypes="float half int bool complex",
        tol={"half": 2e-2, "float32": 1e-5, "complex64": 1e-5},  # products of products
        inplace="cumprod_",
        errors=ERRORS,
    ),
    OpCase(
        "logcumsumexp",
        samples=lambda make: [
            *along(make),
            S(make(4, low=-100, high=100), 0).only("float64"),  # differences that would overflow
        ],
        ref=lambda x, dim: np.logaddexp.accumulate(x, axis=dim) if x.ndim else x,
        dtypes="float half",
        errors=[
            *ERRORS,
            ErrorCase(
                lambda make: S(make(3), 0), NotImplementedError, "not implemented for 'Long'", dtype="int64"
            ),
        ],
    ),
    *(
        OpCase(
            name,
            samples=lambda make: [
                S(distinct(make, 3, 4), 0),
                S(distinct(make, 2, 5), dim=-1),
                S(make(), 0),
                S(make(0, 3), 0),
                S(np.array([1, 1, 0, 1, 0], make.dtype.numpy), 0).only(
                    "float16 int64"
                ),  # of equal ones, the last
            ],
            ref=running_extreme(function),
            dtypes="float half int bool",
            errors=[
                *ERRORS,
                ErrorCase(
                    lambda make: S(make(3), 0), NotImplementedError, "not implemented for", dtype="complex64"
                ),
            ],
        )
        for name, function in (("cummax", np.maximum), ("cummin", np.minimum))
    ),
]
