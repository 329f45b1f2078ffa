"""Cases of autograd_gpu/ops/integers.py. NumPy is the reference."""

from __future__ import annotations

import numpy as np

import autograd_gpu as ag
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S

FLOATING = [
    ErrorCase(lambda make: S(make(2), make(2)), NotImplementedError, "not implemented for 'Float'"),
]


def _row(name: str, reference: np.ufunc) -> OpCase:
    return OpCase(
        name,
        samples=lambda make: [
            S(make(3, 4, low=-20, high=20), make(3, 4, low=-20, high=20)),
            S(make(3, 1, low=0, high=9), make(4, low=0, high=9)),
            S(np.zeros(2, make.dtype.numpy), np.array([0, 3], make.dtype.numpy)),
            S(make(0, 3), make(3)),
            S(make(3), 6),
        ],
        ref=reference,
        dtypes="int64 int32 uint8 int16",
        inplace=f"{name}_",
        gradient=False,
        errors=FLOATING,
    )


CASES = [
    _row("gcd", np.gcd),
    _row("lcm", np.lcm),
    OpCase(
        "frexp",
        also="frexp_parts",
        samples=lambda make: [
            S(make(3, 4, low=-50, high=50)),
            S(np.array([0.0, 1.0, -0.25]).astype(make.dtype.numpy)),
            S(make(0, 2)),
        ],
        ref=lambda x: (np.frexp(x)[0], np.frexp(x)[1].astype(np.int32)),
        dtypes="float half",
        gradient=False,
        errors=[
            ErrorCase(
                lambda make: S(make(2)), RuntimeError, "only supports floating-point dtypes", dtype="int64"
            )
        ],
    ),
    OpCase(
        "frexp",
        variant="gradient",
        samples=lambda make: [S(make(3, 4, low=2.1, high=3.9))],  # away from powers of two
        call=lambda x: ag.frexp(x).mantissa,
        ref=lambda x: np.frexp(x)[0],
        dtypes="float",
    ),
]
