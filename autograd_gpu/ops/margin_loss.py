"""Losses of classifiers with a margin, and of several labels at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.ops.activation import logsigmoid
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.loss import pairwise_distance
from autograd_gpu.ops.reduction import reduced_tensor, reduction_name


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``sum over i != y of weight[y] max(0, margin - x[y] + x[i])^p / classes``.

    Args:
        input: scores, (batch, classes) or (classes,).
        target: int64 classes, (batch,) or a number.
        p: 1 or 2.
        margin: how much larger the score of the right class shall be.
        weight: of each class, (classes,).
        reduction: "none", "mean" or "sum" over the batch; `size_average` and `reduce` are its old form.

    Raises:
        ValueError: `p` is neither 1 nor 2.
        RuntimeError: shapes that do not fit.

    >>> ag.nn.functional.multi_margin_loss(ag.tensor([[0.1, 0.2, 0.4, 0.8]]), ag.tensor([3]))
    tensor(0.3250)
    """
    reduction = reduction_name("multi_margin_loss", reduction, size_average, reduce)
    check_tensor(input, "multi_margin_loss", "input")
    check_tensor(target, "multi_margin_loss", "target", 2)
    if p not in (1, 2):
        raise ValueError(f"only p == 1 and p == 2 supported{errors.here()}")
    if weight is not None and weight.ndim != 1:
        raise ValueError(f"weight must be one-dimensional{errors.here()}")
    single = input.ndim < 2
    scores, classes = input.reshape(-1, input.shape[-1] if input.ndim else 1), target.reshape(-1, 1)
    if classes.shape[0] != scores.shape[0]:
        raise RuntimeError(
            f"inconsistent target size, expected {scores.shape[0]} but got {list(target.shape)}{errors.here()}"
        )
    distance = (margin - scores.gather(1, classes) + scores).clamp(min=0)
    if p == 2:
        distance = distance * distance
    if weight is not None:
        distance = distance * weight.gather(0, classes.reshape(-1)).unsqueeze(1)
    wrong = FUNCTIONS["arange"](scores.shape[1], device=scores.device) != classes
    loss = distance.masked_fill(wrong.logical_not(), 0.0).sum(1) / scores.shape[1]
    return reduced_tensor(loss.squeeze(0) if single else loss, reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``sum over right j and wrong i of max(0, 1 - (x[y_j] - x[i])) / classes``.

    Args:
        input: scores, (batch, classes) or (classes,).
        target: int64 of the same shape: the right classes, then -1.
        reduction: "none", "mean" or "sum" over the batch; `size_average` and `reduce` are its old form.

    Raises:
        RuntimeError: shapes that do not fit.

    >>> scores = ag.tensor([[0.1, 0.2, 0.4, 0.8]])
    >>> ag.nn.functional.multilabel_margin_loss(scores, ag.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """
    reduction = reduction_name("multilabel_margin_loss", reduction, size_average, reduce)
    check_tensor(input, "multilabel_margin_loss", "input")
    check_tensor(target, "multilabel_margin_loss", "target", 2)
    if tuple(input.shape) != tuple(target.shape):
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}{errors.here()}"
        )
    single = input.ndim < 2
    scores = input.reshape(-1, input.shape[-1] if input.ndim else 1)
    labels = target.reshape(scores.shape)
    given = (labels < 0).to(dtypes.int64).cumsum(1) == 0
    safe = labels.clamp(min=0)
    right = FUNCTIONS["zeros_like"](labels).scatter_add(1, safe, given.to(dtypes.int64)) > 0
    distance = (1 - (scores.gather(1, safe).unsqueeze(2) - scores.unsqueeze(1))).clamp(min=0)
    counted = given.unsqueeze(2) & right.logical_not().unsqueeze(1)
    loss = distance.masked_fill(counted.logical_not(), 0.0).sum((1, 2)) / scores.shape[1]
    return reduced_tensor(loss.squeeze(0) if single else loss, reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of ``-w (y log sigmoid(x) + (1 - y) log sigmoid(-x))``.

    Args:
        input: scores, (*, classes).
        target: 0 or 1, of the same shape.
        weight: of each class.
        reduction: "none", "mean" or "sum" over the batch; `size_average` and `reduce` are its old form.

    >>> ag.nn.functional.multilabel_soft_margin_loss(ag.zeros(1, 2), ag.tensor([[0.0, 1.0]]))
    tensor(0.6931)
    """
    reduction = reduction_name("multilabel_soft_margin_loss", reduction, size_average, reduce)
    check_tensor(input, "multilabel_soft_margin_loss", "input")
    check_tensor(target, "multilabel_soft_margin_loss", "target", 2)
    loss: Any = -(target * logsigmoid.public(input) + (1 - target) * logsigmoid.public(-input))
    if weight is not None:
        loss = loss * weight
    return reduced_tensor(loss.mean(-1), reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, d(a, p) - d(a, n) + margin)`` with a distance of one's own.

    Args:
        anchor, positive, negative: vectors, (batch, *).
        distance_function: d; the Euclidean distance if None.
        margin: how much farther the negative shall be; positive.
        swap: whether d(p, n) counts instead of d(a, n) where it is smaller.
        reduction: "none", "mean" or "sum".

    Raises:
        ValueError: an unknown reduction, or a margin that is not positive.

    >>> a, b = ag.zeros(1, 2), ag.tensor([[3.0, 4.0]])
    >>> ag.nn.functional.triplet_margin_with_distance_loss(a, b, a, margin=1.0)
    tensor(6.0000)
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction{errors.here()}")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}{errors.here()}")
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = FUNCTIONS["minimum"](far, distance(positive, negative))
    loss: Tensor = (margin + near - far).clamp(min=0)
    return reduced_tensor(loss, reduction)
