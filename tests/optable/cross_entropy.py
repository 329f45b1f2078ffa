"""Cases of autograd_gpu/ops/cross_entropy.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

LABELS = np.array([0, 3, 1, 2, 2])


def log_softmax(x: Any, dim: int) -> Any:
    shifted = x - x.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))


def reduce(loss: Any, weights: Any, reduction: str) -> Any:
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.sum() / weights


def of_labels(
    log_p: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0,
) -> Any:
    """Literally: for each row, minus the log-probability of its class, times the weight of the class."""
    dim = 0 if log_p.ndim == 1 else 1
    rows = np.moveaxis(log_p, dim, -1).reshape(-1, log_p.shape[dim])
    weight = np.ones(log_p.shape[dim]) if weight is None else weight
    losses, weights = [], 0.0
    for row, label in zip(rows, target.reshape(-1), strict=True):
        if label == ignore_index:
            losses.append(0.0)
            continue
        weights += weight[label]
        smooth = -(weight * row).mean() if label_smoothing else 0.0
        losses.append((1 - label_smoothing) * -row[label] * weight[label] + label_smoothing * smooth)
    return reduce(np.array(losses).reshape(target.shape if log_p.ndim > 1 else ()), weights, reduction)


def of_probabilities(
    x: Any, target: Any, weight: Any = None, reduction: str = "mean", label_smoothing: float = 0
) -> Any:
    dim = 0 if x.ndim == 1 else 1
    classes = x.shape[dim]
    shape = [1] * x.ndim
    shape[dim] = classes
    weight = np.ones(shape) if weight is None else weight.reshape(shape)
    target = target * (1 - label_smoothing) + label_smoothing / classes
    loss = -(log_softmax(x, dim) * target * weight).sum(axis=dim)
    return reduce(loss, loss.size, reduction)


def classifying(make: Make) -> list[S]:
    classes = make(4, low=0.5, high=1.5)
    return [
        S(make(5, 4), LABELS),
        S(make(5, 4), LABELS, reduction="sum"),
        S(make(5, 4), LABELS, reduction="none"),
        S(make(5, 4), LABELS.astype(np.uint8)),
        S(make(4), np.array(2)),  # no batch
        S(make(4), np.array([2])),
        S(make(2, 4, 3), np.array([[0, 1, 3], [2, 2, 0]])),  # classes not last
        S(make(1, 4, 2, 2), np.array([[[0, 1], [3, 2]]]), reduction="none"),
        S(make(0, 4), np.zeros(0, np.int64), reduction="sum"),
        S(make(5, 4), np.array([0, -100, 1, 2, -100])),  # ignored labels
        S(make(5, 4), LABELS, ignore_index=2, reduction="none"),
        S(make(5, 4), LABELS, weight=classes),
        S(make(5, 4), np.array([0, -100, 1, 2, -100]), weight=classes),
    ]


def smoothed(make: Make) -> list[S]:
    return [
        S(make(5, 4), LABELS, label_smoothing=0.1),
        S(make(5, 4), np.array([0, -100, 1, 2, -100]), label_smoothing=0.2),
        S(make(5, 4), LABELS, weight=make(4, low=0.5, high=1.5), label_smoothing=0.1),
        S(make(2, 4, 3), np.array([[0, 1, 3], [2, 2, 0]]), label_smoothing=0.3, reduction="none"),
    ]


def label_errors(name: str) -> list[ErrorCase]:
    return [
        ErrorCase(
            lambda make: S(make(5, 4), LABELS[:3]),
            ValueError,
            r"Expected input batch_size \(5\) to match target batch_size \(3\)",
        ),
        ErrorCase(
            lambda make: S(make(5, 4), LABELS, reduction="avg"),
            ValueError,
            "avg is not a valid value for reduction",
        ),
        ErrorCase(
            lambda make: S(make(5, 4), LABELS.astype(np.float32)),
            RuntimeError,
            "expected target dtype to be Long or Byte, but got Float",
        ),
        ErrorCase(
            lambda make: S(make(5, 4), LABELS, weight=make(3)),
            RuntimeError,
            r"weight tensor should be defined either for all 4 classes or no classes but got weight "
            r"tensor of shape: \[3\]",
        ),
        ErrorCase(
            lambda make: S(make(5, 4), LABELS, weight=make(4, dtype="float64")),
            RuntimeError,
            "expected scalar type Float but found Double",
        ),
        ErrorCase(
            lambda make: S(make(5, 4), LABELS, weight=make(4)),
            RuntimeError,
            "not differentiable with respect to argument 'weight'",
            requires_grad=True,
        ),
        ErrorCase(
            lambda make: S(make(2, 4, 3), LABELS), RuntimeError, r"Expected target size \[2, 3\], got \[5\]"
        ),
        ErrorCase(
            lambda make: S(make(5, 4), [1, 2]),
            TypeError,
            r"argument 'target' \(position 2\) must be Tensor, not list",
        ),
        ErrorCase(
            lambda make: S(make(5, 4), LABELS),
            NotImplementedError,
            "not implemented for 'Long'",
            dtype="int64",
        ),
    ]


CASES = [
    OpCase(
        "cross_entropy",
        samples=classifying,
        ref=lambda x, target, **more: of_labels(log_softmax(x, 0 if x.ndim == 1 else 1), target, **more),
        gradient=(0,),
        errors=label_errors("cross_entropy"),
    ),
    OpCase(
        "cross_entropy",
        variant="smoothed",
        samples=smoothed,
        ref=lambda x, target, **more: of_labels(log_softmax(x, 1), target, **more),
        gradient=(0,),
        errors=[
            ErrorCase(
                lambda make: S(make(5, 4), LABELS, label_smoothing=1.5),
                RuntimeError,
                "label_smoothing must be between 0.0 and 1.0. Got: 1.5",
            )
        ],
    ),
    OpCase(
        "cross_entropy",
        variant="large_logits",  # would overflow if rows were not shifted
        samples=lambda make: [S(make(5, 4, low=-1000, high=1000), LABELS, reduction="none")],
        ref=lambda x, target, **more: of_labels(log_softmax(x, 1), target, **more),
        dtypes="float",
        tol={"float32": (1e-6, 1e-4)},  # a difference of numbers near 1000
        order=0,
        gradient=False,
    ),
    OpCase(
        "cross_entropy",
        variant="of_probabilities",
        samples=lambda make: [
            S(make(5, 4), make(5, 4, low=0, high=1)),
            S(make(4), make(4, low=0, high=1)),
            S(make(2, 4, 3), make(2, 4, 3, low=0, high=1), reduction="none"),
            S(make(5, 4), make(5, 4, low=0, high=1), weight=make(4, low=0.5, high=1.5), reduction="sum"),
            S(make(5, 4), make(5, 4, low=0, high=1), label_smoothing=0.1),
        ],
        ref=of_probabilities,
        gradient=(0, 1),
        tol={"half": 4e-2},  # sums of rounded products, about 10
        errors=[
            ErrorCase(
                lambda make: S(make(2, 4), make(2, 4), ignore_index=1),
                RuntimeError,
                "ignore_index is not supported for floating point target",
            ),
            ErrorCase(
                lambda make: S(make(2, 2), np.zeros((2, 2), np.int64)),
                RuntimeError,
                "Expected floating point type for target with class probabilities, got Long",
            ),
        ],
    ),
    OpCase(
        "nll_loss",
        samples=classifying,
        ref=of_labels,
        gradient=(0,),
        errors=label_errors("nll_loss"),
    ),
]
