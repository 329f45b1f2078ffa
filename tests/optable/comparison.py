"""Cases of autograd_gpu/ops/comparison.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu.core.op import METHODS, REGISTRY
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

ALL = "float half int bool complex"
REAL = "float half int bool"
MISMATCH = ErrorCase(lambda make: S(make(2), make(3)), RuntimeError, "must match the size of tensor b")


def not_complex(
    match: str = "not implemented for 'ComplexFloat'", error: Any = NotImplementedError, number: int = 2
) -> ErrorCase:
    return ErrorCase(lambda make: S(*(make(2) for _ in range(number))), error, match, dtype="complex64")


def two(make: Make) -> list[S]:
    """Also equal elements, and NaN."""
    same = make(4)
    samples = [
        S(make(3, 4), make(3, 4)),
        S(make(3, 1), make(2, 1, 4)),
        S(make(), make()),
        S(make(0, 3), make(3)),
        S(same, same.copy()),
    ]
    if make.dtype.category >= 2:
        samples.append(S(np.array([1, math.nan, math.nan]).astype(make.dtype.numpy), make(3)))
    return samples


def compared(name: str, ref: Callable[..., Any], ordered: bool, also: str = "") -> OpCase:
    names = " ".join(f"{each}_" for each in (name, *also.split()))
    return OpCase(
        name,
        samples=lambda make: [*two(make), S(make(3, 2), 1), S(make(3, 2, low=0), 0.5).only(REAL)],
        ref=ref,
        dtypes=REAL if ordered else ALL,
        gradient=False,
        inplace=names,
        also=also,
        errors=[MISMATCH, *([not_complex()] if ordered else [])],
    )


def examined(name: str, ref: Callable[..., Any], dtypes: str = ALL) -> OpCase:
    def samples(make: Make) -> list[S]:
        plain = [S(make(3, 4)), S(make()), S(make(0, 3))]
        if make.dtype.category >= 2:
            plain.append(S(np.array([0.0, -0.0, math.nan, math.inf, -math.inf]).astype(make.dtype.numpy)))
        return plain

    errors = [] if dtypes == ALL else [not_complex("complex", RuntimeError, 1)]
    return OpCase(name, samples=samples, ref=ref, dtypes=dtypes, gradient=False, errors=errors)


def logical(name: str, ref: Callable[..., Any], number: int) -> OpCase:
    return OpCase(
        name,
        samples=two
        if number == 2
        else lambda make: [S(make(3, 4)), S(make()), S(make(0, 3)), S(make(3) * 0)],
        ref=ref,
        dtypes=ALL,
        gradient=False,
        inplace=f"{name}_",
    )


def bits(name: str, ref: Callable[..., Any], dtypes: str, number: int = 2) -> OpCase:
    def samples(make: Make) -> list[S]:
        if number == 1:
            return [S(make(3, 4, low=0, high=9)), S(make()), S(make(0, 3))]
        values = make(3, 4, low=-9, high=9), make(3, 4, low=0, high=5)
        return [
            S(*values),
            S(make(3, 1), make(4, low=0)),
            S(make(), make(low=0)),
            S(make(0, 3), make(3, low=0)),
            S(make(3), 1),
        ]

    return OpCase(
        name,
        samples=samples,
        ref=ref,
        dtypes=dtypes,
        gradient=False,
        inplace=f"{name}_",
        # True counts as a number where the other operand is bool: a Python bool is needed there
        errors=[
            ErrorCase(
                lambda make: S(*(make(2) for _ in range(number))),
                NotImplementedError,
                "not implemented for 'Float'",
            )
        ],
    )


def extreme(name: str, ref: Callable[..., Any]) -> OpCase:
    return OpCase(
        name,
        # equal elements share the gradient, which finite differences see too: the derivative from both sides
        samples=lambda make: two(make)[:4],
        ref=ref,
        dtypes=REAL,
        errors=[MISMATCH, not_complex("not implemented for complex tensors", RuntimeError)],
    )


def clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    if min is not None:
        x = np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


def isclose(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    return np.isclose(x, y, rtol, atol, equal_nan)


CASES = [
    compared("eq", np.equal, False),
    compared("ne", np.not_equal, False, "not_equal"),
    compared("lt", np.less, True, "less"),
    compared("le", np.less_equal, True, "less_equal"),
    compared("gt", np.greater, True, "greater"),
    compared("ge", np.greater_equal, True, "greater_equal"),
    OpCase(
        "equal",
        samples=lambda make: [
            *two(make)[:4],
            S(make(2), make(3)),
            *(S(same, same.copy()) for same in (make(4), make(0))),
        ],
        ref=lambda x, y: np.array(np.array_equal(x, y)),
        dtypes=ALL,
        gradient=False,
    ),
    OpCase(
        "isclose",
        samples=lambda make: [
            *two(make),
            S(make(9), make(9), rtol=0.2, atol=0.3),
            S(make(9), make(9), rtol=0, atol=0),
            S(np.array([math.nan, math.inf]).astype(make.dtype.numpy), make(2), equal_nan=True).only(
                "float half complex"
            ),
        ],
        ref=isclose,
        dtypes="float float16 int64 int32 complex",
        gradient=False,
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(2, dtype="int64")), RuntimeError, "Float did not match Long"
            ),
            ErrorCase(
                lambda make: S(make(2), make(2), rtol=-1),
                RuntimeError,
                "rtol must be greater than or equal to zero",
            ),
            ErrorCase(
                lambda make: S(make(2), make(2), atol=-1),
                RuntimeError,
                "atol must be greater than or equal to zero",
            ),
        ],
    ),
    OpCase(
        "allclose",
        samples=lambda make: [*two(make), S(make(9), make(9), rtol=5.0, atol=3.0)],
        ref=lambda x, y, **more: np.array(isclose(x, y, **more).all()),
        dtypes="float int64 complex",
        gradient=False,
    ),
    examined("isnan", np.isnan),
    examined("isinf", np.isinf),
    examined("isfinite", np.isfinite),
    examined("isposinf", lambda x: x == np.inf, REAL),
    examined("isneginf", lambda x: x == -np.inf, REAL),
    examined("signbit", lambda x: np.signbit(x) if x.dtype.kind == "f" else x < 0, REAL),
    examined("isreal", lambda x: x.imag == 0),
    logical("logical_not", np.logical_not, 1),
    logical("logical_and", np.logical_and, 2),
    logical("logical_or", np.logical_or, 2),
    logical("logical_xor", np.logical_xor, 2),
    bits("bitwise_not", np.invert, "int bool", 1),
    bits("bitwise_and", np.bitwise_and, "int"),
    bits("bitwise_or", np.bitwise_or, "int"),
    bits("bitwise_xor", np.bitwise_xor, "int"),
    bits("bitwise_left_shift", np.left_shift, "int64 int32"),
    bits("bitwise_right_shift", np.right_shift, "int"),
    OpCase(
        "bitwise_and",
        variant="bool",
        samples=lambda make: [S(make(3, 4), make(4)), S(make(3), True)],
        ref=np.logical_and,
        dtypes="bool",
        gradient=False,
    ),
    OpCase(
        "zero_where",
        call=lambda x, condition: REGISTRY["zero_where"].apply(x, condition),
        samples=lambda make: [
            S(make(3, 4), make(3, 4, dtype="bool")),
            S(make(3, 4), make(4, dtype="bool")),
            S(make(), make(dtype="bool")),
            S(make(0, 3), make(3, dtype="bool")),
        ],
        ref=lambda x, condition: np.where(condition, 0, x),
        dtypes="float half complex",
    ),
    OpCase(
        "zero_where",
        variant="infinite",
        call=lambda x, condition: REGISTRY["zero_where"].apply(x, condition),
        samples=lambda make: [
            S(
                np.array([math.nan, math.inf, math.nan]).astype(make.dtype.numpy),
                np.array([True, True, False]),
            )
        ],
        ref=lambda x, condition: np.where(condition, 0, x),
        dtypes="float half complex",
        gradient=False,  # finite differences of infinite numbers
    ),
    extreme("maximum", np.maximum),
    extreme("minimum", np.minimum),
    extreme("fmax", np.fmax),
    extreme("fmin", np.fmin),
    OpCase(
        "clamp",
        samples=lambda make: [
            S(make(3, 4), 0, 1),
            S(make(3, 4), min=1),
            S(make(3, 4), max=1),
            S(make(3, 4), make(4), make(3, 1)),  # the bounds cross here and there
            S(make(3, 4), min=make(3, 4)),
            S(make(3, 4), max=make(2, 1, 1)),
            S(make(), 0, 1),
            S(make(0, 3), 0, 1),
        ],
        ref=clamp,
        dtypes="float half int",
        inplace="clamp_ clip_",
        also="clip clamp_numbers",
        errors=[
            ErrorCase(
                lambda make: S(make(2)), RuntimeError, "At least one of 'min' or 'max' must not be None"
            ),
            ErrorCase(
                lambda make: S(make(2), 0),
                NotImplementedError,
                "clamp is not supported for complex types",
                dtype="complex64",
            ),
        ],
    ),
    OpCase(
        "clamp_min",
        samples=lambda make: [S(make(3, 4), 1), S(make(2), make(2))],
        ref=np.maximum,
        inplace="clamp_min_",
    ),
    OpCase(
        "clamp_max",
        samples=lambda make: [S(make(3, 4), 1), S(make(2), make(2))],
        ref=np.minimum,
        inplace="clamp_max_",
    ),
    OpCase(
        "where",
        also="choose",
        samples=lambda make: [
            S(make(3, 4, dtype="bool"), make(3, 4), make(3, 4)),
            S(make(3, 1, dtype="bool"), make(4), make(2, 1, 1)),
            S(make(3, dtype="bool"), make(3), 1),
            S(make(3, dtype="bool"), 1, make(3)),
            S(make(dtype="bool"), make(), make()),
            S(make(0, 3, dtype="bool"), make(3), make(3)),
        ],
        ref=np.where,
        dtypes="float half int64 bool complex",
        errors=[
            ErrorCase(
                lambda make: S(make(2, dtype="int64"), make(2), make(2)),
                RuntimeError,
                "where expected condition to be a boolean tensor, but got a tensor with dtype Long",
            ),
            ErrorCase(lambda make: S(True, make(2), make(2)), TypeError, "argument 'condition'"),
            ErrorCase(lambda make: S(make(2, dtype="bool"), make(2), "1"), TypeError, "argument 'other'"),
            ErrorCase(
                lambda make: S(make(2, dtype="bool"), make(3), 1),
                RuntimeError,
                "must match the size of tensor b",
            ),
        ],
    ),
    OpCase(
        "where",
        variant="method",
        call=METHODS["where"],
        samples=lambda make: [S(make(3, 4), make(3, 4, dtype="bool"), make(3, 4))],
        ref=lambda x, condition, y: np.where(condition, x, y),
    ),
    OpCase(
        "where",
        variant="numbers",
        samples=lambda make: [S(make(3, 4), 1, 2)],
        ref=np.where,
        dtypes="bool",
        gradient=False,
    ),
]
