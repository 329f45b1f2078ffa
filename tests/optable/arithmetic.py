"""Cases of autograd_gpu/ops/arithmetic.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

ALL = "float half int bool complex"
NUMBERS = "float half int complex"
MISMATCH = ErrorCase(
    lambda make: S(make(2), make(3)),
    RuntimeError,
    r"The size of tensor a \(2\) must match the size of tensor b \(3\) at non-singleton dimension 0",
)
ARRAY = ErrorCase(
    lambda make: S(make(2), [1.0, 2.0]),
    TypeError,
    r"argument 'other' \(position 2\) must be Tensor, not list",
)
BY_ZERO = ErrorCase(lambda make: S(make(3), 0), RuntimeError, "ZeroDivisionError", dtype="int64")


def two(make: Make) -> list[S]:
    """Two tensors of equal shapes, broadcast both ways, without dimensions, without elements; one of another
    dtype.
    """
    return [
        S(make(3, 4), make(3, 4)),
        S(make(3, 1), make(2, 1, 4)),
        S(make(2, 3), make()),
        S(make(), make()),
        S(make(0, 3), make(3)),
        S(make(3, dtype="int32"), make(3)).only("float64 complex128"),
    ]


def with_number(make: Make) -> list[S]:
    return [
        *two(make),
        S(make(2, 3), 3),
        S(make(2, 3), -1.5).only("float half complex"),
        S(make(2), 1j).only("complex"),
    ]


def divisors(make: Make) -> list[S]:
    """Divisors of both signs, far from zero."""
    positive = make(3, 4, low=1, high=3)
    return [
        S(make(3, 4, low=-9, high=9), positive),
        S(make(3, 4, low=-9, high=9), 0 - positive).only("float half int64 int32 complex"),
        S(make(3, 1, low=-9, high=9), make(2, 1, 4, low=1, high=3)),
        S(make(), make(low=1, high=3)),
        S(make(0, 3), make(3, low=1, high=3)),
        S(make(2, 3, low=-9, high=9), 3),
        S(make(2, 3, low=-9, high=9), -2.5).only("float half"),
    ]


def wide(x: Any) -> Any:
    """Integers as float64, in which the references of true division are computed."""
    x = np.asarray(x)
    return x.astype(np.float64) if x.dtype.kind in "iub" else x


def trunc_divide(x: Any, y: Any) -> Any:
    if np.asarray(x).dtype.kind in "iu":
        return (x - np.fmod(x, y)) // y
    return np.trunc(x / y)


CASES = [
    OpCase("add", samples=with_number, ref=np.add, dtypes=ALL, inplace="add_", errors=[MISMATCH, ARRAY]),
    OpCase(
        "add",
        variant="alpha",
        samples=lambda make: [
            S(make(3, 4), make(4), alpha=2),
            S(make(2), make(2), alpha=-0.5).only("float half complex"),
            S(make(2), 3, alpha=2),
        ],
        ref=lambda x, y, alpha: x + alpha * y,
        dtypes=NUMBERS,
        inplace="add_",
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(2), alpha=0.5),
                RuntimeError,
                "For integral input tensors, argument alpha must not be a floating point number",
                dtype="int64",
            ),
            ErrorCase(
                lambda make: S(make(2), make(2), alpha=True),
                RuntimeError,
                "Boolean alpha only supported for Boolean results",
            ),
            ErrorCase(
                lambda make: S(make(2), make(2), alpha=1j),
                RuntimeError,
                "For non-complex input tensors, argument alpha must not be a complex number",
            ),
        ],
    ),
    OpCase(
        "sub",
        samples=with_number,
        ref=np.subtract,
        dtypes=NUMBERS,
        inplace="sub_ subtract_",
        also="subtract",
        errors=[
            MISMATCH,
            ErrorCase(
                lambda make: S(make(2), make(2)),
                RuntimeError,
                "with two bool tensors is not supported",
                dtype="bool",
            ),
            ErrorCase(
                lambda make: S(make(2), make(2, dtype="bool")),
                RuntimeError,
                "with a bool tensor is not supported",
            ),
            ErrorCase(
                lambda make: S(make(2)),
                RuntimeError,
                "with a bool tensor is not supported",
                dtype="bool",
                call=lambda x: 1 - x,
            ),
        ],
    ),
    OpCase(
        "sub",
        variant="alpha",
        samples=lambda make: [S(make(3, 4), make(4), alpha=2), S(make(2), 3, alpha=2)],
        ref=lambda x, y, alpha: x - alpha * y,
        dtypes="float half int64 complex",
        inplace="sub_",
    ),
    OpCase(
        "rsub",
        samples=lambda make: [S(make(3, 4), make(4)), S(make(2), 3), S(make(2), 3, alpha=2)],
        ref=lambda x, y, alpha=1: y - alpha * x,
        dtypes="float half int64 int32 complex",
    ),
    OpCase(
        "mul",
        samples=with_number,
        ref=np.multiply,
        dtypes=ALL,
        inplace="mul_ multiply_",
        also="multiply",
        errors=[MISMATCH, ARRAY],
    ),
    OpCase(
        "neg",
        samples=lambda make: [S(make(3, 4)), S(make()), S(make(0, 2))],
        ref=np.negative,
        dtypes=NUMBERS,
        inplace="neg_ negative_",
        also="negative",
        errors=[
            ErrorCase(
                lambda make: S(make(2)),
                RuntimeError,
                "Negation, the `-` operator, on a bool tensor",
                dtype="bool",
            )
        ],
    ),
    OpCase(
        "positive",
        samples=lambda make: [S(make(3, 4)), S(make())],
        ref=np.positive,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(2)), RuntimeError, "on a bool tensor is not supported", dtype="bool"
            )
        ],
    ),
    OpCase(
        "div",
        samples=divisors,
        ref=lambda x, y: wide(x) / wide(y),
        dtypes=ALL,
        inplace="div_ divide_ true_divide_",
        also="divide true_divide",
        errors=[
            MISMATCH,
            ErrorCase(
                lambda make: S(make(2), 2, rounding_mode="up"),
                RuntimeError,
                "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found 'up'",
            ),
        ],
    ),
    OpCase(
        "trunc_divide",
        call=lambda x, y: ag.div(x, y, rounding_mode="trunc"),
        samples=divisors,
        ref=trunc_divide,
        dtypes="float int",
        errors=[BY_ZERO],
    ),
    OpCase(
        "div",
        variant="in-place",
        samples=lambda make: [
            S(make(3, low=-9, high=9), make(3, low=1, high=3), rounding_mode=mode)
            for mode in ("floor", "trunc")
        ],
        ref=lambda x, y, rounding_mode: (
            np.floor_divide(x, y) if rounding_mode == "floor" else trunc_divide(x, y)
        ),
        dtypes="float int",
        inplace="div_",
    ),
    OpCase(
        "floor_divide",
        samples=divisors,
        ref=np.floor_divide,
        dtypes="float int",
        inplace="floor_divide_",
        errors=[MISMATCH, BY_ZERO],
    ),
    OpCase(
        "remainder",
        samples=divisors,
        ref=np.remainder,
        dtypes="float int",
        inplace="remainder_",
        errors=[MISMATCH, BY_ZERO],
    ),
    OpCase(
        "fmod", samples=divisors, ref=np.fmod, dtypes="float int", inplace="fmod_", errors=[MISMATCH, BY_ZERO]
    ),
    OpCase(
        "pow",
        samples=lambda make: [
            S(make(3, 4, low=0.2, high=3), make(3, 4)).only("float half complex"),
            S(make(3, 4), make(3, 4, low=0, high=4)).only("int"),
            S(make(3, 1, low=0.2, high=3), make(4)).only("float half complex"),
            S(make(low=0.2, high=3), make()).only("float complex"),
            S(make(0, 2), make(2, low=0, high=3)),
            S(2.5, make(3)).only("float half complex"),
            S(3, make(3, low=0, high=3)).only("int"),
        ],
        ref=np.power,
        dtypes=NUMBERS,
        inplace="pow_",
        errors=[
            MISMATCH,
            ErrorCase(
                lambda make: S(make(2), -1),
                RuntimeError,
                "Integers to negative integer powers are not allowed",
                dtype="int64",
            ),
            ErrorCase(
                lambda make: S(make(2), make(2)),
                NotImplementedError,
                "not implemented for 'Bool'",
                dtype="bool",
            ),
            ErrorCase(
                lambda make: S(make(2), "2"),
                TypeError,
                "argument 'exponent' must be Tensor or Number, not str",
            ),
        ],
        # products of as many factors as the exponent says
        tol={"float32": (4e-6, 1e-5)},
    ),
    OpCase(
        "pow_scalar",
        call=lambda x, exponent: ag.pow(x, exponent),
        # every shortcut, and the general way
        samples=lambda make: [
            *(S(make(3, 2), exponent) for exponent in (0, 1, 2, 3, 5)),
            *(
                S(make(3, 2, low=0.3, high=3), exponent).only("float half complex")
                for exponent in (0.5, -0.5, -1, -2, 1.5, 2.0)
            ),
            S(make(), 2),
            S(make(0, 2), 3),
        ],
        ref=np.power,
        dtypes=NUMBERS,
        tol={"float32": (4e-6, 1e-5)},
    ),
    OpCase(
        "pow",
        variant="number",
        samples=lambda make: [
            S(make(3, 2), 2),
            S(make(3, 2), 3),
            S(make(3, low=1, high=3), 0.5).only("float half complex"),
        ],
        ref=np.power,
        dtypes=NUMBERS,
        inplace="pow_",
    ),
    OpCase(
        "float_power",
        samples=lambda make: [
            S(make(3, low=1, high=3), make(3)),
            S(make(3, low=1, high=3), 2),
            S(2, make(3)),
        ],
        ref=lambda x, y: np.power(wide(x), wide(y)),
        dtypes="float int complex",
        out_dtype=lambda dtype: ag.complex128 if dtype.is_complex else ag.float64,
        # the inputs keep their precision
        tol={"complex128": 1e-6, "float64": 1e-6},
        inplace="float_power_",
    ),
    OpCase(
        "square",
        samples=lambda make: [S(make(3, 4)), S(make()), S(make(0, 2))],
        ref=np.square,
        dtypes=NUMBERS,
        inplace="square_",
    ),
    OpCase(
        "square",
        variant="bool",
        samples=lambda make: [S(make(3, 4))],
        ref=lambda x: x.astype(np.int64),
        dtypes="bool",
    ),
    OpCase(
        "ldexp",
        samples=lambda make: [
            S(make(3, 4), make(4, low=-3, high=3, dtype="int64")),
            S(make(), make(dtype="int32")),
        ],
        ref=lambda x, y: x * 2.0**y,
        dtypes="float",
        gradient=(0,),
        inplace="ldexp_",
    ),
    OpCase(
        "addcmul",
        samples=lambda make: [
            S(make(3, 4), make(3, 4), make(3, 4)),
            S(make(3, 4), make(3, 1), make(4), value=2),
            S(make(2), make(2), make(2), value=-0.5).only("float half complex"),
            S(make(), make(), make()),
            S(make(0, 2), make(2), make(2)),
        ],
        ref=lambda x, a, b, value=1: x + value * a * b,
        dtypes=NUMBERS,
        inplace="addcmul_",
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(3), make(2)), RuntimeError, "must match the size of tensor b"
            )
        ],
    ),
    OpCase(
        "addcdiv",
        samples=lambda make: [
            S(make(3, 4), make(3, 4), make(3, 4, low=0.5)),
            S(make(3, 4), make(3, 1), make(4, low=0.5), value=2),
            S(make(2), make(2), make(2, low=0.5), value=-0.5),
            S(make(), make(), make(low=0.5)),
            S(make(0, 2), make(2), make(2)),
        ],
        ref=lambda x, a, b, value=1: x + value * a / b,
        dtypes="float half complex",
        inplace="addcdiv_",
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(2), make(2)),
                RuntimeError,
                "Integer division with addcdiv is no longer supported",
                dtype="int64",
            )
        ],
    ),
    OpCase(
        "lerp",
        # weights on both sides of one half, from where it is computed differently
        samples=lambda make: [
            S(make(3, 4), make(3, 4), make(3, 4, low=0, high=1)),
            S(make(3, 1), make(4), 0.3),
            S(make(2), make(2), 0.8),
            S(make(), make(), make()),
            S(make(0, 2), make(2), 0.5),
        ],
        ref=lambda x, y, w: x + w * (y - x),
        dtypes="float half complex",
        inplace="lerp_",
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(2), 0.5),
                NotImplementedError,
                "not implemented for 'Long'",
                dtype="int64",
            )
        ],
    ),
]
