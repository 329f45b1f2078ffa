"""Whether ops look at what tensors hold: on a GPU that makes the program wait, so only when asked (`ag.cuda.check_values`)."""

from __future__ import annotations

from typing import Any

from autograd_gpu.device import type_of

#: whether ops on a GPU look at their indices and probabilities, too
values = False


def looked_at(kind: Any) -> bool:
    """Whether ops look at the values of tensors of an ArrayType, to refuse those that are out of range."""
    return values or kind.device.type == "cpu"


def extremes(kind: Any, array: Any) -> tuple[Any, Any] | None:
    """The least and the largest element (NaN if there is one) of an array of an ArrayType, where values are looked at and
    there are any."""
    if not array.size or not looked_at(kind):
        return None
    low, high = kind.namespace.run(_extremes, array)
    return low, high


def on_host(kind: Any, array: Any) -> Any:
    """All elements of an array of an ArrayType (of all examples of a `vmap`) as NumPy's, to see which are at fault."""
    while hasattr(kind.namespace, "whole"):
        array = kind.namespace.whole(array)
        kind = type_of(array)
    return kind.namespace.to_host(array)


def _extremes(array: Any) -> tuple[Any, Any]:
    return array.min().item(), array.max().item()
