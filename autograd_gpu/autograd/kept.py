"""Layer 5: reading a recorded graph, for the tools that show it: its nodes, and the arrays that they keep for backward."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from autograd_gpu import errors
from autograd_gpu.core.engine import mask_of, reachable
from autograd_gpu.core.graph import Array, Leaf, Node, Pick, Tensor, node_of
from autograd_gpu.core.op import Op
from autograd_gpu.core.saved import NEVER, Packed, entries_of, is_freed
from autograd_gpu.device import type_of


class Kept(NamedTuple):
    """One array that a node keeps: what its rule calls it, and the change that makes it unusable if there was one."""

    name: str
    array: Array
    changed: bool
    #: the version list, whose second entry (if any) is the place of the last change
    version: list[Any] | None

    @property
    def dtype(self) -> str:
        return type_of(self.array).dtype.name


def root_of(loss: Any, function: str) -> Node:
    """The node of a tensor whose graph is to be shown.

    Raises:
        TypeError: not a tensor.
        RuntimeError: no graph.
    """
    if not isinstance(loss, Tensor):
        raise TypeError(
            f"{function}(): argument 'loss' must be Tensor, not {type(loss).__name__}{errors.here()}"
        )
    node = node_of(loss)
    if node is None:
        raise RuntimeError(
            f"{function}(): the tensor does not require grad, so it has no graph{errors.here()}"
        )
    return node


def nodes_below(root: Node) -> list[Node]:
    """The nodes of the graph below `root` and itself, the latest first; picks of outputs are left out."""
    nodes = [node for node in reachable([root]) if not isinstance(node, Pick)]
    return sorted(nodes, key=lambda node: -node.sequence)


def kept_by(node: Node) -> Iterator[Kept]:
    """The arrays that a node keeps for backward. None once they were freed."""
    if node.kept is None or is_freed(node):
        return
    entries = iter(entries_of(node))
    op: Any = node.op
    if not isinstance(op, Op):
        for number, saved in enumerate(entries):
            if saved is not None and isinstance(saved.array, Packed):
                yield from _packed(f"saved {number}", saved.array)
            elif saved is not None:
                yield Kept(f"saved {number}", saved.array, saved.version[0] != saved.expected, saved.version)
        return
    for name in op.layout(mask_of(op, node.edges)):
        entry = next(entries)
        if name in op.inputs or name in op.outputs:
            version, expected = next(entries), next(entries)
            if isinstance(entry, Packed):
                yield from _packed(name, entry)
            elif version is not NEVER:  # an absent input, or one of the library's own numbers
                yield Kept(name, entry, version[0] != expected, version)
        elif name == op.variadic:
            members = zip(entry, next(entries), next(entries), strict=True)
            for number, (array, version, expected) in enumerate(members):
                if isinstance(array, Packed):
                    yield from _packed(f"{name}[{number}]", array)
                    continue
                yield Kept(f"{name}[{number}]", array, version[0] != expected, version)
        elif isinstance(entry, Packed):
            yield from _packed(name, entry)
        elif name in op.saves and hasattr(entry, "nbytes"):
            yield Kept(name, entry, False, None)


def _packed(name: str, entry: Packed) -> Iterator[Kept]:
    """What a pack hook made of an array: a tensor, or something that says which arrays it holds. Of other things the
    library does not know the size."""
    if isinstance(entry.value, Tensor):
        yield Kept(f"{name} (packed)", entry.value._array, False, None)
    for label, array in getattr(entry.value, "holds", list)():
        yield Kept(label, array, False, None)


def owner(array: Array) -> Array:
    """The array that owns the memory which `array` is a part of: what stays allocated as long as `array` is kept."""
    base = getattr(array, "base", None)
    while base is not None and hasattr(base, "nbytes") and hasattr(base, "shape"):
        array, base = base, getattr(base, "base", None)
    return array


def leaf_owners(nodes: list[Node]) -> set[int]:
    """Ids of the memory of the leaves among `nodes`: parameters and inputs, which would be there without the graph."""
    tensors = (node.variable for node in nodes if isinstance(node, Leaf))
    return {id(owner(tensor._array)) for tensor in tensors if tensor is not None}


def short(node: Node) -> str:
    """``train.py:12: x * w``: the place of a node without folders."""
    place = node.place
    return f"{os.path.basename(place.filename)}:{place.line}: {place.expression}"


def size(count: int) -> str:
    """Bytes for people: ``512 B``, ``1.5 KiB``, ``3.0 MiB``."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


class Text(str):
    """Text of several lines that an interactive session shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
