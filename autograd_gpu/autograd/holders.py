"""Layer 5: who holds a card's memory, by the user's line: for the error that says that there is no room left.

Nothing is recorded for it. Tensors and graphs that are alive are found through the garbage collector, when somebody asks.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Any

from autograd_gpu.autograd.kept import kept_by, owner, short, size
from autograd_gpu.core.graph import Leaf, Node, Tensor
from autograd_gpu.device import holder_reports, type_of

#: how many lines a report has at most
LINES = 8


def holders(index: int) -> list[str]:
    """The largest holders of a card's memory, one per line: bytes, what it is, where it was made, how often."""
    found: dict[str, list[int]] = {}
    parameters: dict[str, Tensor] = {}
    seen: set[int] = set()
    total = 0

    def count(array: Any, what: str) -> None:
        nonlocal total
        memory = owner(array)
        if id(memory) not in seen and memory.nbytes and type_of(memory).device.index == index:
            seen.add(id(memory))
            row = found.setdefault(what, [0, 0])
            row[0] += memory.nbytes
            row[1] += 1
            total += memory.nbytes

    objects = gc.get_objects()
    tensors = [found for found in objects if issubclass(type(found), Tensor) and hasattr(found, "_type")]
    nodes = [found for found in objects if issubclass(type(found), Node) and hasattr(found, "kept")]
    del objects
    on_gpus = [tensor for tensor in tensors if tensor._type.device.type == "cuda"]
    for tensor in on_gpus:
        if isinstance(tensor._node, Leaf) or tensor._grad is not None:
            what = f"{type(tensor).__name__.lower()} {_shape(tensor)} that requires grad"
            parameters.setdefault(what, tensor)
            count(tensor._array, what)
            if tensor._grad is not None and tensor._grad._type.device is tensor._type.device:
                count(tensor._grad._array, f"gradients of the shape {_shape(tensor)}")
    for node in nodes:
        if node.type.device.type == "cuda" and not isinstance(node, Leaf):
            for kept in kept_by(node):
                if type_of(kept.array).device.type == "cuda":
                    count(
                        kept.array, f"kept by {node.name()} ({kept.name}) for the backward of {short(node)}"
                    )
    for tensor in on_gpus:
        count(
            tensor._array,
            f"{_shape(tensor)} made by {short(tensor._node)}" if tensor._node else _shape(tensor),
        )
    rows = sorted(found.items(), key=lambda row: -row[1][0])
    if not rows:
        return []
    lines = [f"Held by tensors and graphs: {size(total)}, most of it by"]
    for what, (amount, times) in rows[:LINES]:
        names = _names(parameters.pop(what)) if what in parameters else ""
        lines.append(f"  {size(amount):>10}  {what}{names}{f', {times} times' if times > 1 else ''}")
    return lines


def _shape(tensor: Tensor) -> str:
    return f"{tensor._type.dtype.name}{list(tensor._array.shape)}"


def _names(tensor: Tensor) -> str:
    """What modules and other dictionaries call a tensor."""
    referrers: Iterable[Any] = gc.get_referrers(tensor)
    names = {
        key
        for holder in referrers
        if isinstance(holder, dict)
        for key, value in list(holder.items())
        if value is tensor and isinstance(key, str)
    }
    return f" ({', '.join(sorted(names))})" if names else ""


holder_reports.append(holders)
