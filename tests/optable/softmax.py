"""Cases of autograd_gpu/ops/softmax.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.ops import softmax
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S


def probabilities(x: Any, dim: int, dtype: Any = None) -> Any:
    if not x.size or not x.ndim:
        return np.ones(x.shape)
    powers = np.exp(x - x.max(axis=dim, keepdims=True))
    return powers / powers.sum(axis=dim, keepdims=True)


def total(x: Any, dim: Any, keepdim: bool = False) -> Any:
    x, dim = x.astype(np.float64), dim if x.ndim else None
    highest = x.max(axis=dim, keepdims=True, initial=-1e300)
    summed = np.log(np.exp(x - highest).sum(axis=dim, keepdims=True)) + highest
    return summed if keepdim else summed.reshape(x.sum(axis=dim).shape)


def along(make: Make) -> list[S]:
    return [
        S(make(3, 4), 1),
        S(make(3, 4), dim=0),
        S(make(2, 3, 4), -2),
        S(make(), 0),
        S(make(1), 0),
        S(make(0, 3), 1),
        S(make(3, 0), 1),
        S(make(2, 300, low=-8, high=8), 1),  # a row longer than a block of the kernels
        S(make(4, low=-1000, high=1000), 0).only("float"),  # would overflow if it were not shifted
        S(make(3, 2), 0, dtype=ag.float64),
    ]


ERRORS = [
    ErrorCase(
        lambda make: S(make(2, 3), 2), IndexError, r"Dimension out of range .*range of \[-2, 1\], but got 2"
    ),
    ErrorCase(lambda make: S(make(3), 0), NotImplementedError, "not implemented for 'Long'", dtype="int64"),
]


def pairs(make: Make) -> list[S]:
    return [
        S(make(3, 4), make(3, 4, low=0, high=1), dim=1),
        S(make(2, 3, 4), make(2, 3, 4, low=0, high=1), dim=0),
        S(make(), make(), dim=None),
        S(make(0, 3), make(0, 3), dim=1),
        S(make(2, 300), make(2, 300, low=0, high=0.01), dim=1),  # a row longer than a block of the kernels
    ]


CASES = [
    OpCase(
        "softmax_backward",
        samples=pairs,
        ref=lambda g, p, dim: p * (g - (g * p).sum(axis=dim, keepdims=True)),
        tol={"float16": 2e-2, "bfloat16": 1e-1},  # sums of hundreds of rounded products
    ),
    OpCase(
        "log_softmax_backward",
        samples=lambda make: pairs(make)[:-1],
        ref=lambda g, out, dim: g - np.exp(out) * g.sum(axis=dim, keepdims=True),
        tol={"float16": 2e-2, "bfloat16": 1e-1},
    ),
    OpCase("softmax", samples=along, ref=probabilities, errors=ERRORS),
    OpCase(
        "log_softmax",
        samples=along,
        ref=lambda x, dim, dtype=None: x - total(x, dim, True) if x.size else x,
        tol={"float16": 1e-2, "bfloat16": 6e-2},  # logarithms of long rows are about 10
        errors=ERRORS,
    ),
    OpCase(
        "softmax",
        variant="of_negative",
        call=softmax.softmin,
        samples=lambda make: [S(make(3, 4), 1), S(make(3, 4), dim=0)],
        ref=lambda x, dim: probabilities(-x, dim),
        errors=ERRORS[:1],
    ),
    OpCase(
        "logsumexp",
        samples=lambda make: [
            S(make(3, 4), 1),
            S(make(3, 4), dim=0, keepdim=True),
            S(make(2, 3, 4), dim=(0, -1)),
            S(make(), 0),
            S(make(4, low=-1000, high=1000), 0).only("float"),
            S(make(3, 0), 0),
        ],
        ref=total,
        dtypes="float half int bool",
        out_dtype=lambda dtype: dtype if dtype.is_floating_point else ag.float32,
        errors=[
            ERRORS[0],
            ErrorCase(
                lambda make: S(make(2, 3)), TypeError, 'missing 1 required positional arguments: "dim"'
            ),
        ],
    ),
    OpCase(
        "logsumexp",
        variant="of_complex",
        samples=lambda make: [S(make(3, 4), 1), S(make(3, 4), dim=(0, 1)), S(make(3, 4, low=-8, high=8), 0)],
        ref=lambda x, dim: np.log(np.exp(x).sum(axis=dim)),
        dtypes="complex",
        tol={"complex64": 1e-5},
    ),
    OpCase(
        "logsumexp",
        variant="of_nothing",
        samples=lambda make: [S(make(0, 3), 0), S(np.full((2, 3), -np.inf, make.dtype.numpy), 1)],
        ref=lambda x, dim: np.full(x.shape[1 - dim], -np.inf),
        gradient=False,
    ),
]
