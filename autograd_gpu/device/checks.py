"""Whether ops look at what tensors hold: on a GPU that makes the program wait, so only when asked (`ag.cuda.check_values`)."""

from __future__ import annotations

from typing import Any

#: whether ops on a GPU look at their indices and probabilities, too
values = False


def looked_at(kind: Any) -> bool:
    """Whether ops look at the values of tensors of an ArrayType, to refuse those that are out of range."""
    return values or kind.device.type == "cpu"
