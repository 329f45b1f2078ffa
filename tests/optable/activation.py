"""Cases of autograd_gpu/ops/activation.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu.ops import activation
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

LONG = ErrorCase(lambda make: S(make(2)), NotImplementedError, "not implemented for 'Long'", dtype="int64")


def away(make: Make, *shape: int) -> Any:
    """Numbers in (-4, 4), a tenth or more away from multiples of one half, where functions have kinks."""
    if make.dtype.category < 2:
        return make(*shape, low=-9, high=9)
    halves = make.rng.integers(-8, 8, shape) / 2 + make.rng.uniform(0.1, 0.4, shape)
    return np.asarray(halves).astype(make.dtype.numpy)


def case(
    name: str,
    ref: Callable[..., Any],
    *options: dict[str, Any],
    dtypes: str = "float half",
    errors: Any = (LONG,),
    **more: Any,
) -> OpCase:
    """An activation, with its defaults and with every one of `options`."""
    function = getattr(activation, name)
    return OpCase(
        name,
        call=getattr(function, "public", function),
        samples=lambda make: [
            S(away(make, 3, 4)),
            S(away(make)),
            S(away(make, 0, 3)),
            *(S(away(make, 3, 4), **each) for each in options),
        ],
        ref=ref,
        dtypes=dtypes,
        errors=errors,
        **more,
    )


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def elu(x: Any, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Any:
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) * input_scale))


def gelu(x: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return np.where(x * beta > threshold, x, np.log1p(np.exp(x * beta)) / beta)


def softshrink(x: Any, lambd: float = 0.5) -> Any:
    return np.sign(x) * np.maximum(np.abs(x) - lambd, 0)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    return np.clip(x, min_val, max_val).astype(x.dtype)


def prelu(x: Any, weight: Any) -> Any:
    if weight.ndim and x.ndim > 1:
        weight = weight.reshape(1, -1, *(1,) * (x.ndim - 2))
    return np.where(x > 0, x, weight * x)


CASES = [
    case(
        "relu",
        lambda x: np.maximum(x, 0),
        dtypes="float half int",
        inplace="relu_",
        errors=[
            ErrorCase(lambda make: S(make(2)), RuntimeError, "not supported for relu", dtype=d)
            for d in ("bool", "complex64")
        ],
    ),
    case(
        "leaky_relu",
        lambda x, negative_slope=0.01: np.where(x > 0, x, x * negative_slope),
        {"negative_slope": 1.5},
        {"negative_slope": -0.5},
    ),
    OpCase(
        "prelu",
        samples=lambda make: [
            S(away(make, 2, 3), make(3)),
            S(away(make, 2, 3, 2), make(3)),
            S(away(make, 2, 3, 2), make(1)),
            S(away(make, 2, 3), make()),
            S(away(make, 4), make(1)),
            S(away(make), make()),
            S(away(make, 0, 3), make(3)),
        ],
        ref=prelu,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(1, 3)), RuntimeError, "scalar or 1D tensor, but got: ndim = 2"
            ),
            ErrorCase(
                lambda make: S(make(2, 3), make(2)),
                RuntimeError,
                "parameter numbers = 2 and channel size = 3",
            ),
            ErrorCase(
                lambda make: S(make(2), 0.5),
                TypeError,
                ".*",
                call=lambda x, w: activation.prelu.public("x", w),
            ),
        ],
    ),
    case("elu", elu, {"alpha": 0.5}, {"alpha": -0.5}, {"alpha": 0.5, "scale": 2.0, "input_scale": 3.0}),
    case("selu", lambda x: elu(x, 1.6732632423543772, 1.0507009873554805)),
    case(
        "celu",
        lambda x, alpha=1.0: elu(x, alpha, 1.0, 1 / alpha),
        {"alpha": 0.5},
        {"alpha": -2.0},
        errors=[
            LONG,
            ErrorCase(
                lambda make: S(make(2), alpha=0),
                RuntimeError,
                "ZeroDivisionError: alpha cannot be 0 for CELU",
            ),
        ],
    ),
    OpCase(
        "elu",
        variant="large",
        call=activation.elu.public,
        # exp(x) is infinite here, and must not come into any derivative
        samples=lambda make: [S(np.array([800.0, -800.0, 2.0]).astype(make.dtype.numpy))],
        ref=elu,
        dtypes="float",
    ),
    OpCase(
        "threshold",
        samples=lambda make: [S(away(make, 3, 4), 0.5, 3), S(away(make), 1, 0), S(away(make, 0, 2), 1, 2)],
        ref=lambda x, threshold, value: np.where(x > threshold, x, value).astype(x.dtype),
        dtypes="float half int",
    ),
    case(
        "hardtanh",
        hardtanh,
        {"min_val": -2, "max_val": 3},
        dtypes="float half int64 int32",
        errors=[
            ErrorCase(lambda make: S(make(2), 1, -1), ValueError, "min_val cannot be greater than max_val"),
            ErrorCase(
                lambda make: S(make(2)), RuntimeError, "unsigned type with negative limits", dtype="uint8"
            ),
        ],
    ),
    OpCase(
        "hardtanh",
        variant="relu6",
        call=activation.relu6,
        samples=lambda make: [S(away(make, 3, 4)), S(away(make)), S(away(make, 0, 3))],
        ref=lambda x: np.clip(x, 0, 6),
        dtypes="float half int",
    ),
    case("hardsigmoid", lambda x: np.clip(x + 3, 0, 6) / 6),
    case("hardswish", lambda x: x * np.clip(x + 3, 0, 6) / 6),
    case("hardshrink", lambda x, lambd=0.5: np.where(np.abs(x) <= lambd, 0, x), {"lambd": 1.5}),
    case(
        "softshrink",
        softshrink,
        {"lambd": 1.5},
        {"lambd": 0},
        errors=[
            LONG,
            ErrorCase(
                lambda make: S(make(2), -1), RuntimeError, r"lambda must be in range \[0, 3.40282e\+38\]"
            ),
        ],
    ),
    case(
        "gelu",
        gelu,
        {"approximate": "tanh"},
        errors=[
            LONG,
            ErrorCase(
                lambda make: S(make(2), approximate="exact"),
                RuntimeError,
                "must be either none or tanh, not 'exact'",
            ),
        ],
        # 1 + erf(x) where it is nearly 0
        tol={"float32": (2e-6, 1e-5)},
    ),
    case("silu", lambda x: x * sigmoid(x), dtypes="float half complex"),
    case("mish", lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    # beyond the threshold it is a line, and before it nearly one
    case("softplus", softplus, {"beta": 2.0}, {"beta": 1.0, "threshold": 60.0}, {"beta": -1.0}),
    case("logsigmoid", lambda x: np.log(sigmoid(x))),
    case("softsign", lambda x: x / (1 + np.abs(x)), dtypes="float half int", errors=()),
    case("tanhshrink", lambda x: x - np.tanh(x), dtypes="float half int complex", errors=()),
    OpCase(
        "sigmoid",
        variant="glu",
        call=activation.glu,
        samples=lambda make: [
            S(make(3, 4)),
            S(make(4, 3), 0),
            S(make(2, 2, 3), dim=1),
            S(make(2)),
            S(make(0, 2)),
        ],
        ref=lambda x, dim=-1: np.split(x, 2, dim)[0] * sigmoid(np.split(x, 2, dim)[1]),
        dtypes="float half complex",
        errors=[
            LONG,
            ErrorCase(
                lambda make: S(make(3)),
                RuntimeError,
                "Halving dimension must be even, but dimension 0 is size 3",
            ),
            ErrorCase(lambda make: S(make()), RuntimeError, "glu does not support scalars"),
            ErrorCase(lambda make: S(make(2), 3), IndexError, "Dimension out of range"),
        ],
    ),
]
