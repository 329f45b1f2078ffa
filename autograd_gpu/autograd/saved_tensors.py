"""Layer 5: what nodes keep for backward, in users' hands: reading it (``node._saved_self``), packing it (hooks), moving it
to the CPU, and letting it be changed in place.

The mechanism is `core/saved.py`; `ag.autograd.graph` offers what is here, as `torch.autograd.graph` does.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.compile import own
from autograd_gpu.core.engine import mask_of
from autograd_gpu.core.graph import Array, Leaf, Node, Tensor, Version, alias_of, node_of, wrap
from autograd_gpu.core.op import REGISTRY, Op, when_defined
from autograd_gpu.core.saved import NEVER, Packed, Withheld, entries_of, is_freed

__all__ = [
    "SavedTensor",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class saved_tensors_hooks:
    """Context manager: what ops inside keep for backward is given to `pack_hook`, and asked back from `unpack_hook`.

    Args:
        pack_hook: ``pack_hook(tensor) -> object``, called for each tensor that an op keeps; must not change it in place.
        unpack_hook: ``unpack_hook(object) -> tensor``, called each time backward needs it; the tensor must have the values of
            the one that was packed.

    Only the innermost pair is used. What is packed is not guarded against in-place changes.

    Raises:
        RuntimeError: inside `disable_saved_tensors_hooks`, or when `pack_hook` changes its argument.
        TypeError: in backward, when `unpack_hook` does not return a tensor.

    >>> pack = lambda x: x.detach().numpy().astype("float16")
    >>> unpack = lambda packed: ag.from_numpy(packed).float()
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.autograd.graph.saved_tensors_hooks(pack, unpack):
    ...     y = x.exp()
    >>> ag.autograd.grad(y.sum(), x)
    (tensor([2.7188, 7.3906]),)
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook
        self._entered: list[modes.packing_saved_tensors] = []

    def __enter__(self) -> None:
        entered = modes.packing_saved_tensors(self.pack_hook, self.unpack_hook)
        entered.__enter__()
        self._entered.append(entered)

    def __exit__(self, *exception: object) -> None:
        self._entered.pop().__exit__(*exception)


class save_on_cpu(saved_tensors_hooks):
    """Context manager: what ops inside keep for backward is moved to the CPU, and back when backward needs it.

    Args:
        pin_memory: keep it in page-locked memory, from which copies to a GPU are faster and can overlap with computation.
        device_type: the kind of device whose memory is saved.

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.autograd.graph.save_on_cpu():
    ...     y = (x * x).sum()
    >>> ag.autograd.grad(y, x)
    (tensor([2., 4.]),)
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        def pack(tensor: Tensor) -> tuple[Any, Tensor]:
            if not pin_memory:
                return tensor.device, tensor.cpu()
            return tensor.device, tensor.cpu().pin_memory()

        def unpack(packed: tuple[Any, Tensor]) -> Tensor:
            device, tensor = packed
            return tensor.to(device, non_blocking=pin_memory)

        super().__init__(pack, unpack)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Context manager: inside, adding saved-tensor hooks raises a RuntimeError with `error_message`.

    Raises:
        RuntimeError: with `error_message`, when such hooks are active already.

    >>> with ag.autograd.graph.disable_saved_tensors_hooks("not here"):
    ...     with ag.autograd.graph.save_on_cpu():
    ...         pass
    Traceback (most recent call last):
        ...
    RuntimeError: not here
    """
    if modes.local.saved_hooks:
        raise RuntimeError(error_message)
    before = modes.local.saved_hooks_refused
    modes.local.saved_hooks_refused = error_message
    try:
        yield
    finally:
        modes.local.saved_hooks_refused = before


# -- keeping outside of nodes ----------------------------------------------------------------------------------------


class Kept:
    """A tensor kept as nodes keep theirs: packed if hooks are active, guarded against in-place changes if not."""

    __slots__ = ("_expected", "_node", "_packed", "_place", "_twin")

    def __init__(self, tensor: Tensor) -> None:
        self._node = node_of(tensor)
        self._place = errors.user_frame()
        self._packed = Packed(tensor, *modes.local.saved_hooks[-1]) if modes.local.saved_hooks else None
        self._twin = None if self._packed else alias_of(tensor)
        self._expected = tensor._changes[0]

    def arrays(self) -> list[Array]:
        """The array, if it was not packed."""
        return [] if self._twin is None else [self._twin._array]

    def tensor(self) -> Tensor:
        """The tensor, with its history.

        Raises:
            RuntimeError: it was changed in place.
        """
        if self._packed is not None:
            return wrap(self._packed.open(), None, self._node)
        twin = self._twin
        assert twin is not None
        version = twin._changes
        if version[0] != self._expected:
            changed = (
                f"\n  it was changed in place at {errors.place(*version[1])}" if len(version) > 1 else ""
            )
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: a tensor of "
                f"shape {list(twin._array.shape)} is at version {version[0]}; expected version {self._expected} instead.\n"
                f"  it was kept at {errors.place(*self._place)}{changed}"
            )
        leaf = self._node.tensor() if isinstance(self._node, Leaf) else None
        return twin if leaf is None else leaf


# -- changing what is kept -----------------------------------------------------------------------------------------


class _Handle:
    """What a node holds in the place of a tensor, while changes of the tensor are allowed."""

    __slots__ = ("__weakref__",)


class _Mutable:
    """The tensors that are kept, by the version that they share with their views; and copies of those that were changed."""

    def __init__(self) -> None:
        self._kept: weakref.WeakKeyDictionary[_Handle, Tensor] = weakref.WeakKeyDictionary()
        self._by_version: dict[int, tuple[Version, weakref.WeakSet[_Handle]]] = {}
        self.open = True

    def clear(self) -> None:
        """Drop everything that was kept."""
        self._kept.clear()
        self._by_version.clear()
        self.open = False

    def pack(self, tensor: Tensor) -> _Handle:
        handle = _Handle()
        twin = wrap(tensor._array, tensor._type)
        version = twin._changes = tensor._changes
        self._kept[handle] = twin
        self._by_version.setdefault(id(version), (version, weakref.WeakSet()))[1].add(handle)
        return handle

    def unpack(self, handle: _Handle) -> Tensor:
        if not self.open:
            raise AssertionError(  # the type is PyTorch's
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in which the graph was "
                f"originally recorded.{errors.here()}"
            )
        return self._kept[handle]

    def before_change(self, tensor: Tensor) -> None:
        """Copy what is kept of a tensor that is about to be written to."""
        found = self._by_version.pop(id(tensor._changes), None)
        for handle in found[1] if found is not None else ():
            kept = self._kept[handle]
            self._kept[handle] = wrap(kept._type.namespace.copy(kept._array), kept._type)


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_Mutable]:
    """Context manager: tensors that are kept for backward may be changed in place; the values they had are copied before.

    Run backward inside, too.

    Raises:
        RuntimeError: when it is entered inside itself.
        AssertionError: in a backward after it was left.

    >>> with ag.autograd.graph.allow_mutation_on_saved_tensors():
    ...     a = ag.ones(2, requires_grad=True)
    ...     b = a.clone()
    ...     out = (b * b).sum()
    ...     _ = b.sin_()
    ...     out.backward()
    >>> a.grad
    tensor([2., 2.])
    """
    if modes.local.before_change is not None:
        raise RuntimeError(f"allow_mutation_on_saved_tensors contexts cannot be nested{errors.here()}")
    state = _Mutable()
    with modes.packing_saved_tensors(state.pack, state.unpack):
        modes.local.before_change = state.before_change
        try:
            yield state
        finally:
            modes.local.before_change = None
            state.clear()


# -- reading what is kept ------------------------------------------------------------------------------------------

#: PyTorch's words for what our ops call otherwise
_OURS = {"self": "input", "result": "out", "mat1": "input", "mat2": "other"}


class SavedTensor:
    """One tensor that a node keeps for backward: ``node._raw_saved_self``. Its value is ``node._saved_self``."""

    def __init__(self, node: Node, position: int | None, is_none: bool) -> None:
        self._node = node
        self._position = position
        self._is_none = is_none

    def register_hooks(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        """Pack what is kept now, and unpack it whenever backward needs it; see `saved_tensors_hooks`.

        Raises:
            RuntimeError: it was freed, nothing is kept, or it has hooks already.
        """
        if self._is_none:
            raise RuntimeError(
                f"Calling register_hooks on a saved tensor with value None is forbidden{errors.here()}"
            )
        node = self._node
        if is_freed(node):
            raise RuntimeError(
                "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph are "
                "freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward through "
                f"the graph a second time or if you need to access saved variables after calling backward.{errors.here()}"
            )
        position = self._position
        assert position is not None
        entries = list(entries_of(node))
        if isinstance(entries[position], Packed):
            raise RuntimeError(
                "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair of hooks is "
                f"allowed at a time.{errors.here()}"
            )
        entries[position] = Packed(wrap(entries[position]), pack_hook, unpack_hook)
        if position + 2 < len(entries) and isinstance(entries[position + 1], list):
            entries[position + 1 : position + 3] = [NEVER, 0]
        node.kept = Withheld(tuple(entries))


def _positions(node: Node) -> dict[str, int]:
    """Where in the tuple of what it keeps a node has each named entry."""
    found: dict[str, int] = {}
    position = 0
    for name in node.op.layout(mask_of(node.op, node.edges)):
        found[name] = position
        position += 3 if name in node.op.inputs or name in node.op.outputs or name == node.op.variadic else 1
    return found


def _known(node: Node, name: str) -> str | None:
    """The op's own name for what users call `name`, if its derivative uses it."""
    op = node.op
    if not isinstance(op, Op) or isinstance(node, Leaf):
        return None
    for candidate in (name, _OURS.get(name)):
        if candidate in op.params:
            return candidate
        if candidate is not None and any(candidate in rule.names for rule in op.rules.values()):
            return candidate
    return None


def _saved(node: Node, name: str) -> Any:
    """The value of ``node._saved_NAME``."""
    known = _known(node, name)
    if known is None:
        raise AttributeError(f"'{node.name()}' object has no attribute '_saved_{name}'")
    op = node.op
    if known in op.params:
        return node.params.get(known)
    position = _positions(node).get(known)
    if position is None:
        return None
    entries = node.kept.open(node) if isinstance(node.kept, Withheld) else node.kept
    entry = entries[position]
    if known == op.variadic:
        edges = node.edges[len(op.inputs) :]
        versions = zip(entry, entries[position + 1], entries[position + 2], strict=True)
        return tuple(_tensor(node, known, *each, edge) for each, edge in zip(versions, edges, strict=True))
    if known in op.saves:
        return wrap(entry) if hasattr(entry, "dtype") else entry
    edge = (
        node.edges[op.inputs.index(known)]
        if known in op.inputs
        else own(node, entry, op.outputs.index(known))
    )
    return _tensor(node, known, entry, entries[position + 1], entries[position + 2], edge)


def _tensor(node: Node, name: str, array: Any, version: Version, expected: int, edge: Node | None) -> Any:
    if array is None:
        return None
    if version[0] != expected:
        changed = f"\n  it was changed in place at {errors.place(*version[1])}" if len(version) > 1 else ""
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"{name} of {node.name()} is at version {version[0]}; expected version {expected} instead.\n"
            f"  it was kept at {node.place}{changed}"
        )
    if isinstance(edge, Leaf):
        variable = edge.tensor()
        if variable is not None and variable._array is array:
            return variable
    tensor = wrap(array, None, edge)
    tensor._changes = version
    return tensor


def _raw_saved(node: Node, name: str) -> SavedTensor:
    """The value of ``node._raw_saved_NAME``."""
    known = _known(node, name)
    if known is None or known in node.op.params:
        raise AttributeError(f"'{node.name()}' object has no attribute '_raw_saved_{name}'")
    return SavedTensor(
        node, _positions(node).get(known), not is_freed(node) and known not in _positions(node)
    )


def _node_attributes(node: Node) -> list[str]:
    """``dir(node)``: what every node has, and of ``_saved_NAME`` what this one's op has."""
    names = [name for name in object.__dir__(node) if not name.startswith(("_saved_", "_raw_saved_"))]
    op: Any = node.op
    if isinstance(op, Op) and not isinstance(node, Leaf):
        theirs = {ours: name for name, ours in _OURS.items() if name in ("self", "result")}
        tensors = {name for rule in op.rules.values() for name in rule.names if not name.endswith("_like")}
        names += [f"_saved_{theirs.get(name, name)}" for name in (*tensors, *op.params)]
        names += [f"_raw_saved_{theirs.get(name, name)}" for name in tensors]
    return sorted(names)


def _offer_all(op: Op) -> None:
    """Let nodes of `op` be asked for what they keep, as ``node._saved_NAME`` and ``node._raw_saved_NAME``."""
    names = {name for rule in op.rules.values() for name in rule.names if not name.endswith("_like")}
    for name in (*names, *op.params):
        _offer(name)


def _offer(name: str) -> None:
    # Properties, not __getattr__: a class with that has slow attributes, and nodes are the engine's daily bread.
    if not hasattr(Node, f"_saved_{name}"):
        setattr(Node, f"_saved_{name}", property(lambda node: _saved(node, name)))
        setattr(Node, f"_raw_saved_{name}", property(lambda node: _raw_saved(node, name)))


for _name in _OURS:
    _offer(_name)
for _op in REGISTRY.values():
    _offer_all(_op)
when_defined.append(_offer_all)
Node.__dir__ = _node_attributes  # type: ignore[method-assign, assignment]
