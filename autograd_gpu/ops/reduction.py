"""The argument `reduction` of the losses: what it means, in one place."""

from __future__ import annotations

import math
import warnings
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor


def reduction_name(function: str, reduction: Any, size_average: Any = None, reduce: Any = None) -> str:
    """The canonical `reduction`, "none", "mean" or "sum", from it and the two deprecated flags.

    Raises:
        ValueError: it is none of them.
    """
    if size_average is not None or reduce is not None:
        averaged = size_average is None or size_average
        reduction = "none" if reduce is not None and not reduce else "mean" if averaged else "sum"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            UserWarning,
            stacklevel=4,
        )
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"{reduction} is not a valid value for reduction ({function}: 'none', 'mean' or 'sum')"
            f"{errors.here()}"
        )
    return str(reduction)


def reduced(F: Any, loss: Any, reduction: str) -> Any:
    """Raw losses, reduced."""
    if reduction == "none":
        return loss
    return F.mean(loss) if reduction == "mean" else F.sum(loss)


def reduced_tensor(loss: Tensor, reduction: str) -> Tensor:
    """Losses, reduced."""
    if reduction == "none":
        return loss
    return loss.mean() if reduction == "mean" else loss.sum()


def each(g: Any, like: Any, reduction: str) -> Any:
    """The gradient of each loss, from that of the reduced one; `like` has their shape."""
    if reduction != "mean":
        return g
    count = 1
    for size in like.shape:
        count *= size
    return g / (count or 1)


def share(like: Any, reduction: str) -> float:
    """What an element's loss counts in the reduced one; `like` has the shape of the losses."""
    return 1 / (math.prod(like.shape) or 1) if reduction == "mean" else 1.0
