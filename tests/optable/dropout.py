"""Cases of autograd_gpu/ops/dropout.py. Every call is the first of the stream of seed 7, so what it drops is
known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.ops import dropout
from autograd_gpu.ops.random import manual_seed
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S
from tests import philox

SEED = 7
ALPHA = 1.6732632423543772 * 1.0507009873554805


def _seeded(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        manual_seed(SEED)
        return function(*arguments, **named)

    return call


def _elements(shape: Any) -> Any:
    return shape


def _channels(shape: Any) -> Any:
    return (*shape[:2], *(1,) * (len(shape) - 2))


def _reference(mask_shape: Callable[[Any], Any] = _elements, alpha: bool = False) -> Callable[..., Any]:
    def reference(x: Any, p: float = 0.5, training: bool = True) -> Any:
        if not training or p == 0 or not x.size:
            return x
        kept = philox.kept(mask_shape(x.shape), p, SEED, 0)
        if p == 1:
            return x * 0
        if not alpha:
            return x * kept / (1 - p)
        # Klambauer et al. (2017), section "New dropout technique": a (x kept + alpha' (1 - kept)) + b
        scale = 1 / math.sqrt((1 - p) * (1 + p * ALPHA * ALPHA))
        return scale * (x * kept - ALPHA * ~kept) + scale * p * ALPHA

    return reference


PROBABILITY = "dropout probability has to be between 0 and 1, but got 1.5"

CASES = [
    OpCase(
        "native_dropout",
        variant="dropout",
        dtypes="float half complex",
        call=_seeded(dropout.dropout),
        samples=lambda make: [
            S(make(3, 5)),
            S(make(2, 2, 2), 0.2),
            S(make()),
            S(make(0, 3)),
            S(make(4), 0.0),
            S(make(4), 1.0),
            S(make(4), training=False),
        ],
        ref=_reference(),
        errors=[
            ErrorCase(lambda make: S(make(3), 1.5), ValueError, PROBABILITY),
            ErrorCase(
                lambda make: S(make(3), float("nan")), ValueError, "has to be between 0 and 1, but got nan"
            ),
            ErrorCase(
                lambda make: S(make(3)),
                RuntimeError,
                "result type Float can't be cast to the desired output type Long",
                dtype="int64",
            ),
            ErrorCase(lambda make: S([1.0]), TypeError, r"argument 'input' \(position 1\) must be Tensor"),
            ErrorCase(
                lambda make: S(make(3), inplace=True),
                RuntimeError,
                "a leaf Variable that requires grad is being used in an in-place operation",
                requires_grad=True,
            ),
        ],
    ),
    OpCase(
        "native_dropout",
        variant="inplace",
        call=_seeded(lambda x, p: dropout.dropout(x * 1, p, inplace=True)),
        samples=lambda make: [S(make(3, 5), 0.5), S(make(3), 1.0)],
        ref=_reference(),
    ),
    OpCase(
        "native_dropout",
        variant="dropout1d",
        call=_seeded(dropout.dropout1d),
        samples=lambda make: [S(make(4, 3, 2)), S(make(4, 3), 0.7)],
        ref=lambda x, p=0.5: x * philox.kept((*x.shape[:-1], 1), p, SEED, 0) / (1 - p),
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4, 4, 4)),
                RuntimeError,
                "dropout1d: Expected 2D or 3D input, but received a 4D input",
            ),
        ],
    ),
    OpCase(
        "native_dropout",
        variant="dropout2d",
        call=_seeded(dropout.dropout2d),
        samples=lambda make: [S(make(2, 3, 2, 2)), S(make(3, 4))],
        ref=_reference(_channels),
        errors=[
            ErrorCase(
                lambda make: S(make(3)), RuntimeError, "Feature dropout requires at least 2 dimensions"
            ),
        ],
    ),
    OpCase(
        "native_dropout",
        variant="dropout3d",
        call=_seeded(dropout.dropout3d),
        samples=lambda make: [S(make(2, 3, 1, 2, 2)), S(make(3, 1, 2, 2))],
        ref=lambda x, p=0.5: (
            x * philox.kept(_channels(x.shape) if x.ndim == 5 else (len(x), 1, 1, 1), p, SEED, 0) / (1 - p)
        ),
    ),
    OpCase(
        "alpha_dropout_shift",
        variant="alpha_dropout",
        call=_seeded(dropout.alpha_dropout),
        samples=lambda make: [S(make(3, 5), 0.3, True), S(make(3), 0.3), S(make(3), 1.0, True)],
        ref=lambda x, p, training=False: _reference(alpha=True)(x, p, training),
        tol={"float16": 8e-3, "bfloat16": 6.4e-2},  # a product and a sum, each rounded
    ),
    OpCase(
        "native_dropout",
        variant="feature_alpha_dropout",
        call=_seeded(dropout.feature_alpha_dropout),
        samples=lambda make: [S(make(2, 3, 2), 0.3, True)],
        ref=lambda x, p, training=False: _reference(_channels, alpha=True)(x, p, training),
        tol={"float16": 8e-3, "bfloat16": 6.4e-2},
    ),
    OpCase(
        "dropout",
        also="alpha_dropout feature_alpha_dropout",
        call=_seeded(lambda x, p, train: FUNCTIONS["dropout"](x, p, train=train)),
        samples=lambda make: [S(make(3, 5), 0.5, True), S(make(3), 0.5, False)],
        ref=_reference(),
        errors=[ErrorCase(lambda make: S(make(3), 1.5, True), RuntimeError, PROBABILITY)],
    ),
    OpCase(
        "feature_dropout",
        call=_seeded(lambda x, p, train: FUNCTIONS["feature_dropout"](x, p, train)),
        samples=lambda make: [S(make(2, 3, 2), 0.5, True)],
        ref=_reference(_channels),
    ),
    OpCase(
        "dropout_",
        also="alpha_dropout_ feature_alpha_dropout_",
        call=_seeded(lambda x, p, train: FUNCTIONS["dropout_"](x * 1, p, train)),
        samples=lambda make: [S(make(3, 5), 0.5, True)],
        ref=_reference(),
    ),
    OpCase(
        "feature_dropout_",
        call=_seeded(lambda x, p, train: FUNCTIONS["feature_dropout_"](x * 1, p, train)),
        samples=lambda make: [S(make(2, 3, 2), 0.5, True)],
        ref=_reference(_channels),
    ),
]
