"""Cases of autograd_gpu/ops/elementwise.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S

ALL = "float half int bool complex"
REAL = "float half int"


def wide(x: Any) -> Any:
    """Integers as float64: NumPy computes functions of uint8 in float16."""
    x = np.asarray(x)
    return x.astype(np.float64) if x.dtype.kind in "iub" else x


def unary(
    name: str, ref: Callable[..., Any], low: float = -2, high: float = 2, dtypes: str = ALL, **more: Any
) -> OpCase:
    """A function of one tensor, on numbers of an interval; its in-place method has its name with an
    underscore.
    """
    more.setdefault("inplace", f"{name}_")
    return OpCase(
        name,
        samples=lambda make: [S(make(3, 4, low=low, high=high)), S(make(low=low, high=high)), S(make(0, 3))],
        ref=lambda x: ref(wide(x)),
        dtypes=dtypes,
        **more,
    )


def not_complex(
    match: str = "not implemented for 'ComplexFloat'", number: int = 1, error: Any = NotImplementedError
) -> ErrorCase:
    return ErrorCase(lambda make: S(*(make(2) for _ in range(number))), error, match, dtype="complex64")


def binary(name: str, ref: Callable[..., Any], dtypes: str, low: float = -2, **more: Any) -> OpCase:
    return OpCase(
        name,
        samples=lambda make: [
            S(make(3, 4, low=low), make(3, 4, low=low)),
            S(make(3, 1, low=low), make(2, 1, 4, low=low)),
            S(make(low=low), make(low=low)),
            S(make(0, 3), make(3)),
        ],
        ref=lambda x, y: ref(wide(x), wide(y)),
        dtypes=dtypes,
        errors=[
            ErrorCase(lambda make: S(make(2), make(3)), RuntimeError, "must match the size of tensor b"),
            not_complex(number=2),
        ],
        **more,
    )


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def logit(x: Any, eps: float | None = None) -> Any:
    x = x if eps is None else np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


#: sums of squares of the inputs, and their roots, lose digits where the inputs are complex and the result is
#: near a zero
CANCELS = {"complex64": (2e-6, 2e-5)}

CASES = [
    unary("sqrt", np.sqrt, 0.1, 3),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), 0.3, 3),
    unary("reciprocal", lambda x: 1 / x, 0.3, 3),
    unary("exp", np.exp),
    unary("exp2", np.exp2),
    unary("expm1", np.expm1),
    unary("log", np.log, 0.1, 3),
    unary("log2", np.log2, 0.1, 3),
    unary("log10", np.log10, 0.1, 3),
    unary("log1p", np.log1p, -0.8, 2, tol=CANCELS),
    unary("sin", np.sin),
    unary("cos", np.cos),
    unary("tan", np.tan, -1, 1),
    unary("asin", np.arcsin, -0.9, 0.9, inplace="asin_ arcsin_", also="arcsin"),
    unary("acos", np.arccos, -0.9, 0.9, inplace="acos_ arccos_", also="arccos"),
    unary("atan", np.arctan, inplace="atan_ arctan_", also="arctan"),
    unary("sinh", np.sinh),
    unary("cosh", np.cosh),
    unary("tanh", np.tanh),
    unary("asinh", np.arcsinh, inplace="asinh_ arcsinh_", also="arcsinh", tol=CANCELS),
    unary("acosh", np.arccosh, 1.2, 4, inplace="acosh_ arccosh_", also="arccosh", tol=CANCELS),
    unary("atanh", np.arctanh, -0.9, 0.9, inplace="atanh_ arctanh_", also="arctanh", tol=CANCELS),
    # the derivative of sinc is a difference of nearly equal numbers near zero
    unary("sinc", np.sinc, 0.3, 2, grad_tol={"half": 8e-2, "float32": 3e-5}),
    unary(
        "deg2rad",
        np.deg2rad,
        -180,
        180,
        dtypes=REAL,
        errors=[not_complex("not supported for complex", error=RuntimeError)],
    ),
    unary(
        "rad2deg",
        np.rad2deg,
        dtypes=REAL,
        errors=[not_complex("not supported for complex", error=RuntimeError)],
    ),
    unary("sigmoid", sigmoid),
    OpCase(
        "sigmoid",
        variant="saturated",
        samples=lambda make: [S(np.array([-1000.0, -50.0, 50.0, 1000.0]).astype(make.dtype.numpy))],
        ref=sigmoid,
        dtypes="float",
    ),
    OpCase(
        "logit",
        samples=lambda make: [
            S(make(3, 4, low=0.1, high=0.9)),
            S(make(low=0.1, high=0.9)),
            S(make(0, 3)),
            S(make(3, low=0.4, high=0.6), eps=0.3),
            S(make(3, low=0.0, high=0.2), eps=0.3),
        ],
        ref=logit,
        dtypes="float half",
        inplace="logit_",
        errors=[not_complex()],
    ),
    binary("atan2", np.arctan2, REAL, inplace="atan2_ arctan2_", also="arctan2"),
    binary("hypot", np.hypot, "float half", inplace="hypot_"),
    binary("copysign", np.copysign, REAL, inplace="copysign_"),
    binary("xlogy", lambda x, y: x * np.log(y), "float half", low=0.2, inplace="xlogy_"),
    OpCase(
        "xlogy",
        variant="zero",
        samples=lambda make: [S(make(3) * 0, np.array([0.0, math.nan, 2.0]).astype(make.dtype.numpy))],
        ref=lambda x, y: np.where(np.isnan(y), y, 0.0),
        dtypes="float half",
        gradient=False,  # not continuous
    ),
    binary("logaddexp", np.logaddexp, "float half"),
    binary("logaddexp2", np.logaddexp2, "float half"),
    OpCase(
        "heaviside",
        samples=lambda make: [
            S(make(3, 4), make(4)),
            S(make(3) * 0, make(3)),
            S(make(), make()),
            S(make(0, 3), make(3)),
        ],
        ref=lambda x, y: np.where(x == 0, y, (x > 0).astype(y.dtype)),
        dtypes=REAL,
        gradient=False,
        inplace="heaviside_",
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(2, dtype="int64")),
                RuntimeError,
                "not yet implemented for tensors with different dtypes",
            ),
            not_complex("not yet implemented for complex", number=2, error=RuntimeError),
        ],
    ),
    OpCase(
        "nextafter",
        samples=lambda make: [S(make(3, 4), make(4)), S(make(), make()), S(make(0, 3), make(3))],
        ref=np.nextafter,
        dtypes="float half",
        upcast=False,
        order=1,
        tol={"float": 0.0, "half": 0.0},
        gradient=False,  # finite differences see the steps
        inplace="nextafter_",
        errors=[not_complex(number=2)],
    ),
]
