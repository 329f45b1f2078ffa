"""Layer 2: what a node has in the place of the tuple that it kept, when that is not simply there.

Usually `node.kept` is a tuple of raw arrays (or None), and the engine hands it to the rule. It is a `Withheld` if a
backward pass has used it up, or if the user packs what is kept (`ag.autograd.graph.saved_tensors_hooks`): then the
arrays among its entries are `Packed`, and `Withheld.open` asks the user for them again. The engine looks at the class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.graph import Array, Leaf, Node, Tensor, Version, alias_of, wrap

if TYPE_CHECKING:
    from autograd_gpu.core.op import Op

Pack = Callable[[Tensor], Any]
Unpack = Callable[[Any], Tensor]

#: the version of what can never change (or of which the library cannot know whether it does)
NEVER: Version = [0]

SECOND_BACKWARD = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)
CHANGED_BY_PACK = (
    "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be modified "
    "by in-place operations as this can lead to unexpected side-effects. Please open an issue if you need to perform "
    "in-place operations on the input to a pack hook."
)


class Packed:
    """One array that a node keeps, in the form that the user's pack hook gave it."""

    __slots__ = ("unpack", "value")

    def __init__(self, tensor: Tensor, pack: Pack, unpack: Unpack) -> None:
        self.unpack = unpack
        version = tensor._changes
        before = version[0]
        with modes.no_grad():
            self.value = pack(tensor)
            if self.value is tensor and tensor._node is not None and tensor._node.__class__ is not Leaf:
                # With its history it would hold the node that is to hold it, if it is the node's own result.
                self.value = wrap(tensor._array, tensor._type)
                self.value._changes = version
        if version[0] != before:
            raise RuntimeError(f"{CHANGED_BY_PACK}{errors.here()}")

    def open(self) -> Array:
        """The raw array, from the user's unpack hook."""
        tensor = self.unpack(self.value)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}{errors.here()}"
            )
        return tensor._array


class Withheld:
    """Takes the place of the tuple of what a node kept. Without entries: it was freed, by the backward call at its place."""

    __slots__ = ("code", "entries", "offset")

    def __init__(self, entries: tuple[Any, ...] | None = None) -> None:
        self.entries = entries
        self.code, self.offset = errors.user_frame()

    def open(self, node: Node) -> tuple[Any, ...]:
        """The tuple as the node's rule wants it.

        Raises:
            RuntimeError: it was freed.
        """
        if self.entries is None:
            raise RuntimeError(
                f"{SECOND_BACKWARD}\n  {node.name()} was made at {node.place}\n"
                f"  its saved values were freed by the backward at {errors.place(self.code, self.offset)}"
            )
        return tuple(
            tuple(_opened(member) for member in entry) if entry.__class__ is tuple else _opened(entry)
            for entry in self.entries
        )


def _opened(entry: Any) -> Any:
    return entry.open() if entry.__class__ is Packed else entry


def entries_of(node: Node) -> tuple[Any, ...]:
    """What a node keeps, packed or not; nothing if it was freed."""
    kept = node.kept.entries if node.kept.__class__ is Withheld else node.kept
    return kept or ()


def is_freed(node: Node) -> bool:
    """Whether a backward pass has used up what the node kept."""
    return node.kept.__class__ is Withheld and node.kept.entries is None


def pack(
    op: Op,
    node: Node,
    mask: int,
    tensors: Sequence[Tensor | None],
    wrapped: Sequence[Tensor],
    hooks: tuple[Pack, Unpack],
) -> None:
    """Let the user's hooks pack what a node, just made, keeps. `mask` says which inputs wanted gradients."""
    if node.kept is None:
        return
    entries = iter(node.kept)
    packed: list[Any] = []
    fixed = len(op.inputs)
    for name in op.layout(mask):
        entry = next(entries)
        if name in op.inputs:
            version, count = next(entries), next(entries)
            tensor = tensors[op.inputs.index(name)]
            if tensor is None or version is NEVER:
                packed += [entry, version, count]
            else:
                packed += [Packed(_shown(tensor), *hooks), NEVER, 0]
        elif name in op.outputs:
            next(entries), next(entries)
            packed += [Packed(_shown(wrapped[op.outputs.index(name)]), *hooks), NEVER, 0]
        elif name == op.variadic:
            next(entries), next(entries)
            members = [t for t in tensors[fixed:] if t is not None]
            packed += [
                tuple(Packed(_shown(t), *hooks) for t in members), (NEVER,) * len(members), (0,) * len(members),
            ]  # fmt: skip
        elif name in op.saves and hasattr(entry, "dtype"):
            packed.append(Packed(wrap(entry), *hooks))
        else:
            packed.append(entry)
    node.kept = Withheld(tuple(packed))


def _shown(tensor: Tensor) -> Tensor:
    """A tensor as pack hooks see it: a leaf itself, anything else by another name."""
    return tensor if tensor._node is None or tensor._node.__class__ is Leaf else alias_of(tensor)
