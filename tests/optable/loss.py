"""Cases of autograd_gpu/ops/loss.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu.ops import loss
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

UNKNOWN = ErrorCase(
    lambda make: S(make(2), make(2), reduction="avg"), ValueError, "avg is not a valid value for reduction"
)
NOT_FLOATING = ErrorCase(
    lambda make: S(make(2), make(2)), NotImplementedError, "not implemented for 'Long'", dtype="int64"
)
NO_TENSOR = ErrorCase(
    lambda make: S(make(2), 3.0), TypeError, r"argument 'target' \(position 2\) must be Tensor, not float"
)


def reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    """The reference of a loss from that of its elements."""

    def reference(*args: Any, reduction: str = "mean", weight: Any = None, **more: Any) -> Any:
        values = np.asarray(function(*args, **more))
        if weight is not None:
            values = values * weight
        if reduction == "none":
            return values
        return values.sum() if reduction == "sum" else values.sum() / values.size

    return reference


def apart(make: Make, *shape: int, gap: float = 0.2) -> tuple[Any, Any]:
    """Two arrays that differ everywhere by at least `gap` and by nothing near 1, so that derivatives
    exist."""
    x = make(*shape)
    distance = make.rng.choice([gap, 0.6, 1.5, 2.0], shape) * make.rng.choice([-1, 1], shape)
    return x, np.asarray(x + distance).astype(x.dtype)


def pairs(make: Make) -> list[S]:
    return [
        S(*apart(make, 3, 4)),
        S(*apart(make, 3, 4), reduction="sum"),
        S(*apart(make, 3, 4), reduction="none"),
        S(*apart(make)),
        S(make(0, 3), make(0, 3), reduction="sum"),
    ]


def probabilities(make: Make, *shape: int) -> Any:
    return make(*shape, low=0.1, high=0.9)


def signs(make: Make, *shape: int) -> Any:
    return make.rng.choice(np.array([-1, 1]), shape)


def huber(x: Any, y: Any, delta: float = 1.0) -> Any:
    d = np.abs(x - y)
    return np.where(d <= delta, d * d / 2, delta * (d - delta / 2))


def bce(x: Any, t: Any) -> Any:
    return -(t * np.maximum(np.log(x), -100) + (1 - t) * np.maximum(np.log1p(-x), -100))


def bce_logits(x: Any, t: Any, pos_weight: Any = 1.0) -> Any:
    return (1 - t) * np.logaddexp(0, x) + t * pos_weight * np.logaddexp(0, -x)


def kl(x: Any, t: Any, log_target: bool = False) -> Any:
    if log_target:
        return np.exp(t) * (t - x)
    return np.where(t > 0, t * np.log(np.where(t > 0, t, 1)), 0) - t * x


def kl_batchmean(x: Any, t: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    if reduction == "batchmean":
        return kl(x, t, log_target).sum() / x.shape[0]
    return reduced(kl)(x, t, reduction=reduction, log_target=log_target)


def poisson(x: Any, t: Any, log_input: bool = True, full: bool = False, eps: float = 1e-8) -> Any:
    value = np.exp(x) - t * x if log_input else x - t * np.log(x + eps)
    if full:
        safe = np.maximum(t, 1)
        value = value + np.where(t > 1, safe * np.log(safe) - safe + 0.5 * np.log(2 * math.pi * safe), 0)
    return value


def gaussian(x: Any, t: Any, var: Any, full: bool = False, eps: float = 1e-6) -> Any:
    if np.ndim(var) == x.ndim - 1:
        var = np.expand_dims(var, -1) if np.ndim(var) else var
    var = np.maximum(var, eps)
    return 0.5 * (np.log(var) + (x - t) ** 2 / var) + (0.5 * math.log(2 * math.pi) if full else 0)


def cosine(a: Any, b: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    def size(x: Any) -> Any:
        return np.maximum(np.sqrt((x * x).sum(axis=dim)), eps)

    a, b = np.broadcast_arrays(a, b)
    return (a * b).sum(axis=dim) / (size(a) * size(b))


def distance(a: Any, b: Any, p: float = 2, eps: float = 1e-6, keepdim: bool = False) -> Any:
    return (np.abs(a - b + eps) ** p).sum(axis=-1, keepdims=keepdim) ** (1 / p)


def triplet(a: Any, b: Any, c: Any, margin: float = 1.0, p: float = 2, swap: bool = False) -> Any:
    far = distance(a, c, p)
    if swap:
        far = np.minimum(far, distance(b, c, p))
    return np.maximum(distance(a, b, p) - far + margin, 0)


def cosine_embedding(a: Any, b: Any, t: Any, margin: float = 0) -> Any:
    c = cosine(a, b, -1)
    return np.where(t == 1, 1 - c, np.maximum(0, c - margin))


CASES = [
    OpCase(
        "mse_loss",
        samples=lambda make: [*pairs(make), S(make(3, 4), make(3, 4), weight=make(4))],
        ref=reduced(lambda x, y: (x - y) ** 2),
        errors=[UNKNOWN, NOT_FLOATING, NO_TENSOR],
    ),
    OpCase(
        "l1_loss",
        samples=pairs,
        ref=reduced(lambda x, y: np.abs(x - y)),
        dtypes="float half",
        errors=[UNKNOWN, NOT_FLOATING],
    ),
    OpCase(
        "l1_loss",
        variant="complex",
        samples=lambda make: [
            S(make(3), make(3, low=3, high=5)),
            S(make(3), make(3, low=3, high=5), reduction="none"),
        ],
        ref=reduced(lambda x, y: np.abs(x - y)),
        dtypes="complex",
    ),
    OpCase(
        "smooth_l1_loss",
        samples=lambda make: [*pairs(make), S(*apart(make, 4), beta=0.4)],
        ref=reduced(lambda x, y, beta=1.0: huber(x, y, beta) / beta),
        tol={"half": 1.5e-2},  # a quotient of differences
        errors=[
            UNKNOWN,
            NOT_FLOATING,
            ErrorCase(
                lambda make: S(make(2), make(2), beta=-1),
                RuntimeError,
                "smooth_l1_loss does not support negative values for beta",
            ),
        ],
    ),
    OpCase(
        "smooth_l1_loss",
        variant="sharp",  # beta = 0 is the L1 loss
        samples=lambda make: [S(*apart(make, 3, 4), beta=0)],
        ref=reduced(lambda x, y, beta: np.abs(x - y)),
    ),
    OpCase(
        "huber_loss",
        samples=lambda make: [
            *pairs(make),
            S(*apart(make, 4), delta=0.4),
            S(*apart(make, 4), weight=make(4)),
        ],
        ref=reduced(huber),
        tol={"half": 1.5e-2},
        errors=[
            UNKNOWN,
            NOT_FLOATING,
            ErrorCase(
                lambda make: S(make(2), make(2), delta=0),
                RuntimeError,
                "huber_loss does not support non-positive values for delta",
            ),
        ],
    ),
    OpCase(
        "binary_cross_entropy",
        samples=lambda make: [
            S(probabilities(make, 3, 4), probabilities(make, 3, 4)),
            S(probabilities(make, 3, 4), probabilities(make, 3, 4), reduction="sum"),
            S(probabilities(make, 3, 4), probabilities(make, 3, 4), reduction="none", weight=make(4)),
            S(probabilities(make), probabilities(make)),
        ],
        ref=reduced(bce),
        tol={"bfloat16": 6e-2},  # sums of rounded logarithms
        errors=[
            ErrorCase(
                lambda make: S(make(3, low=2, high=3), make(3)),
                RuntimeError,
                "all elements of input should be between 0 and 1",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), make(2)),
                ValueError,
                r"Using a target size \(.*2.*\) that is different to the input size \(.*3.*\)",
            ),
            ErrorCase(
                lambda make: S(probabilities(make, 3), make(3, dtype="float64")),
                RuntimeError,
                "Found dtype Double but expected Float",
            ),
        ],
    ),
    OpCase(
        "binary_cross_entropy",
        variant="of_certainty",  # logarithms of zero count as -100
        samples=lambda make: [
            S(
                np.array([0, 1, 0, 1], make.dtype.numpy),
                np.array([1, 0, 0, 1], make.dtype.numpy),
                reduction="none",
            )
        ],
        ref=reduced(bce),
        gradient=False,
    ),
    OpCase(
        "binary_cross_entropy_with_logits",
        samples=lambda make: [
            S(make(3, 4), probabilities(make, 3, 4)),
            S(make(3, 4), probabilities(make, 3, 4), reduction="sum"),
            S(make(3, 4), probabilities(make, 3, 4), weight=make(4), reduction="none"),
            S(make(3, 4), probabilities(make, 3, 4), pos_weight=make(4, low=0.5, high=2)),
            S(make(), probabilities(make)),
            S(make(4, low=-1000, high=1000), probabilities(make, 4)).only("float"),
        ],
        ref=reduced(bce_logits),
        errors=[
            UNKNOWN,
            NOT_FLOATING,
            ErrorCase(
                lambda make: S(make(3), make(2)),
                ValueError,
                r"Target size \(.*2.*\) must be the same as input size \(.*3.*\)",
            ),
        ],
    ),
    OpCase(
        "kl_div",
        samples=lambda make: [
            S(make(3, 4), probabilities(make, 3, 4), reduction="batchmean"),
            S(make(3, 4), probabilities(make, 3, 4), reduction="sum"),
            S(make(3, 4), probabilities(make, 3, 4), reduction="none"),
            S(make(3, 4), probabilities(make, 4), reduction="batchmean"),  # broadcast
            S(make(3, 4), make(3, 4), reduction="sum", log_target=True),
        ],
        ref=kl_batchmean,
        tol={"half": 8e-2},  # sums of products, about 10
        errors=[UNKNOWN, NOT_FLOATING],
    ),
    OpCase(
        "poisson_nll_loss",
        samples=lambda make: [
            S(make(3, 4), make(3, 4, low=2, high=5)),
            S(make(3, 4), make(3, 4, low=2, high=5), full=True, reduction="none"),
            S(
                make(3, 4, low=0.5, high=2),
                make(3, 4, low=0, high=0.9),
                log_input=False,
                full=True,
                reduction="sum",
            ),
        ],
        ref=reduced(poisson),
        tol={"half": 8e-2},
        errors=[UNKNOWN, NO_TENSOR],
    ),
    OpCase(
        "mse_loss",
        variant="gaussian_nll_loss",
        call=loss.gaussian_nll_loss,
        samples=lambda make: [
            S(make(3, 4), make(3, 4), make(3, 4, low=0.5, high=2)),
            S(make(3, 4), make(3, 4), make(3, low=0.5, high=2), full=True, reduction="sum"),
            S(make(3, 4), make(3, 4), make(3, 1, low=0.5, high=2), reduction="none"),
            S(make(3, 4), make(3, 4), 0.5),
        ],
        ref=reduced(gaussian),
        tol={"half": 8e-2},
        errors=[
            ErrorCase(
                lambda make: S(make(3), make(3), make(3, low=-2, high=-1)),
                ValueError,
                "var has negative entry/entries",
                looks_at_values=True,
            ),
            ErrorCase(lambda make: S(make(3), make(3), -1.0), ValueError, "var has negative entry/entries"),
            ErrorCase(
                lambda make: S(make(4, 3), make(4, 3), make(2, 1, low=1, high=2)),
                ValueError,
                "var is of incorrect size",
            ),
        ],
    ),
    OpCase(
        "binary_cross_entropy_with_logits",
        variant="soft_margin_loss",
        call=loss.soft_margin_loss,
        samples=lambda make: [S(make(3, 4), signs(make, 3, 4)), S(make(3), signs(make, 3), reduction="none")],
        ref=reduced(lambda x, t: np.logaddexp(0, -t * x)),
        errors=[UNKNOWN],
    ),
    OpCase(
        "hinge_embedding_loss",
        samples=lambda make: [
            S(make(3, 4, low=0, high=0.9), signs(make, 3, 4)),
            S(make(3, 4, low=1.1, high=2), signs(make, 3, 4), reduction="sum"),
            S(make(4, low=0, high=0.9), signs(make, 4), margin=2.0, reduction="none"),
        ],
        ref=reduced(lambda x, t, margin=1.0: np.where(t == 1, x, np.maximum(0, margin - x))),
        errors=[UNKNOWN, NO_TENSOR],
    ),
    OpCase(
        "margin_ranking_loss",
        samples=lambda make: [
            S(*apart(make, 3, 4, gap=0.3), signs(make, 3, 4)),
            S(*apart(make, 4, gap=0.3), signs(make, 4), margin=0.1, reduction="none"),
        ],
        ref=reduced(lambda x, y, t, margin=0: np.maximum(0, -t * (x - y) + margin)),
        tol={"half": 1.5e-2},
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(3), make(3)),
                RuntimeError,
                "All input tensors should have same dimension but got sizes",
            )
        ],
    ),
    OpCase(
        "cosine_similarity",
        samples=lambda make: [
            S(make(3, 4), make(3, 4)),
            S(make(3, 4), make(3, 4), dim=0),
            S(make(3, 4), make(4)),
            S(make(3, 4), make(3, 4), axis=-1),
        ],
        ref=lambda a, b, dim=1, axis=None: cosine(a, b, dim if axis is None else axis),
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(2, 3)),
                RuntimeError,
                "expected common dtype to be floating point, yet common dtype is Long",
                dtype="int64",
            )
        ],
    ),
    OpCase(
        "pairwise_distance",
        samples=lambda make: [
            S(*apart(make, 3, 4)),
            S(make(3, 4, low=3, high=4), make(4)),
            S(*apart(make, 3, 4), p=1.0, keepdim=True),
            S(*apart(make, 4), p=3),
        ],
        ref=distance,
        tol={"half": 4e-2},  # a root of a sum of powers
    ),
    OpCase(
        "triplet_margin_loss",
        samples=lambda make: [
            S(make(3, 4), make(3, 4), make(3, 4)),
            S(make(3, 4), make(3, 4), make(3, 4), swap=True, margin=3.0, reduction="none"),
            S(make(3, 4), make(3, 4), make(3, 4), p=3, reduction="sum", margin=2.0),
        ],
        ref=reduced(triplet),
        tol={"half": 8e-2},  # differences of distances of about 5
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(2, 3), make(3)),
                RuntimeError,
                "expected to have the same number of dimensions",
            ),
            ErrorCase(
                lambda make: S(make(2), make(2), make(2), margin=-1),
                ValueError,
                "margin must be greater than 0, got -1",
            ),
        ],
    ),
    OpCase(
        "cosine_embedding_loss",
        samples=lambda make: [
            S(make(3, 4), make(3, 4), signs(make, 3)),
            S(make(3, 4), make(3, 4), signs(make, 3), margin=0.2, reduction="none"),
            S(make(4), make(4), np.array(1)),
        ],
        ref=reduced(cosine_embedding),
        tol={"half": 3e-2},
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), make(4), signs(make, 3)),
                RuntimeError,
                "1D target tensor expects 2D input tensors",
            ),
            ErrorCase(
                lambda make: S(make(3, 4), make(3, 4), signs(make, 3, 1)),
                RuntimeError,
                "0D or 1D target tensor expected",
            ),
        ],
    ),
]
