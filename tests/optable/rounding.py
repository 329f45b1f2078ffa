"""Cases of autograd_gpu/ops/rounding.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

ALL = "float half int bool complex"
REAL = "float half int"


def rounding(name: str, ref: Callable[..., Any], **more: Any) -> OpCase:
    """Integers stay what they are; no sample near a step."""
    return OpCase(
        name,
        samples=lambda make: [S(steps(make, 3, 4)), S(steps(make)), S(steps(make, 0, 3))],
        ref=lambda x: x if x.dtype.kind in "iu" else ref(x),
        dtypes=REAL,
        inplace=more.pop("inplace", f"{name}_"),
        errors=[not_complex("is not supported for complex inputs")],
        **more,
    )


def steps(make: Make, *shape: int) -> Any:
    """Numbers a tenth or more away from multiples of one half."""
    if make.dtype.category < 2:
        return make(*shape, low=-5, high=5)
    halves = make.rng.integers(-6, 6, shape) / 2 + make.rng.uniform(0.1, 0.4, shape)
    return np.asarray(halves).astype(make.dtype.numpy)


def not_complex(
    match: str = "not implemented for 'ComplexFloat'", number: int = 1, error: Any = NotImplementedError
) -> ErrorCase:
    return ErrorCase(lambda make: S(*(make(2) for _ in range(number))), error, match, dtype="complex64")


def special(make: Make) -> Any:
    return np.array([math.nan, math.inf, -math.inf, 1.5]).astype(make.dtype.numpy)


CASES = [
    rounding("floor", np.floor),
    rounding("ceil", np.ceil),
    rounding("trunc", np.trunc, inplace="trunc_ fix_", also="fix"),
    rounding("round", np.round),
    OpCase(
        "round",
        variant="decimals",
        samples=lambda make: [S(make(3, 4), decimals=1), S(make(3, low=-50, high=50), decimals=-1)],
        ref=lambda x, decimals: np.round(x, decimals),
        dtypes="float",
        gradient=False,  # no sample is safely away from a step
        errors=[
            ErrorCase(
                lambda make: S(make(2), decimals=1),
                NotImplementedError,
                "not implemented for 'Long'",
                dtype="int64",
            )
        ],
    ),
    OpCase(
        "frac",
        samples=lambda make: [S(steps(make, 3, 4)), S(steps(make)), S(steps(make, 0, 3))],
        ref=lambda x: x - np.trunc(x),
        inplace="frac_",
        errors=[not_complex()],
    ),
    OpCase(
        "abs",
        samples=lambda make: [S(make(3, 4)), S(make()), S(make(0, 3))],
        ref=np.abs,
        dtypes="float half int",
        inplace="abs_ absolute_",
        also="absolute",
        errors=[
            ErrorCase(
                lambda make: S(make(2)), NotImplementedError, "not implemented for 'Bool'", dtype="bool"
            )
        ],
    ),
    OpCase(
        "abs",
        variant="complex",
        samples=lambda make: [S(make(3, 4)), S(make()), S(make(0, 3))],
        ref=np.abs,
        dtypes="complex",
        errors=[
            ErrorCase(
                lambda make: S(make(2)),
                RuntimeError,
                "In-place abs is not supported for complex tensors",
                dtype="complex64",
                call=lambda x: x.abs_(),
            )
        ],
    ),
    OpCase(
        "sign",
        samples=lambda make: [S(make(3, 4)), S(make()), S(make(0, 3))],
        ref=lambda x: x if x.dtype.kind == "b" else np.sign(x),
        dtypes="float half int bool",
        inplace="sign_",
        errors=[not_complex("Please use ag.sgn instead")],
    ),
    OpCase(
        "sgn",
        samples=lambda make: [S(make(3, 4)), S(make()), S(make(0, 3))],
        ref=lambda x: x if x.dtype.kind == "b" else np.sign(x),
        dtypes="float half int bool complex",
        inplace="sgn_",
    ),
    OpCase(
        "nan_to_num",
        samples=lambda make: [
            S(make(3, 4)),
            S(make()),
            S(make(0, 3)),
            S(make(2), nan=1.0, posinf=2.0, neginf=3.0),
        ],
        ref=lambda x, **replaced: np.array(x),
        dtypes=ALL,
        inplace="nan_to_num_",
    ),
    OpCase(
        "nan_to_num",
        variant="replaced",
        samples=lambda make: [S(special(make)), S(special(make), nan=1.0, posinf=2.0, neginf=3.0)],
        ref=np.nan_to_num,
        dtypes="float float16",
        upcast=False,
        gradient=False,  # finite differences of an infinite number
    ),
]
