"""Layer 2: the data model. A `Tensor` holds an array; a `Node` remembers how one was made; a `Leaf` collects a gradient.

Who holds whom (no cycles, so everything is freed the moment the last reference goes):

    Tensor ──► Node ──► Node ──► ... ──► Leaf ┄┄(weak)┄┄► Tensor
                │
                └─► kept arrays (raw, never tensors)

Edges point to nodes, not to tensors: an activation that no derivative needs dies when the user drops it.
A node's sequence number is larger than that of every node it points to; that order is all the scheduler needs.

A **version** is a list `[count]` (after an in-place change `[count, place]`), shared by a tensor, its views and its
`detach()`ed twins. A node that keeps an array keeps the list and the count it saw; backward compares.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from itertools import count
from types import CodeType
from typing import TYPE_CHECKING, Any

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.device import ArrayType, type_of

if TYPE_CHECKING:
    from autograd_gpu.core.op import Op
    from autograd_gpu.core.tensor_methods import TensorMethods  # a stub: python -m autograd_gpu.testing.stubs
else:
    TensorMethods = object

Array = Any
Version = list[Any]

next_sequence: Callable[[], int] = count(1).__next__


class Tensor(TensorMethods):
    """An n-dimensional array that can remember how it was computed.

    Use `ag.tensor(data)` or the other factories to make one. Methods are attached in `autograd_gpu/tensor.py`.
    """

    # _array    the raw array (numpy.ndarray or cupy.ndarray)
    # _type     its ArrayType: device and dtype
    # _node     None: no gradient wanted; a Leaf: it collects one; another Node: how this tensor was made
    # _view     None, or the View that says which part of which other tensor this one is
    # _changes  see the module's docstring
    # _grad     the accumulated gradient (a Tensor) or None
    # __dict__  whatever users hang on a tensor; empty costs nothing
    __slots__ = ("__dict__", "__weakref__", "_array", "_changes", "_grad", "_node", "_type", "_view")

    _array: Array
    _type: ArrayType
    _node: Node | None
    _view: View | None
    _changes: Version
    _grad: Tensor | None

    # NumPy must let our reflected operators run instead of looping over elements.
    __array_priority__ = 1000


class Node:
    """One recorded op: what `tensor.grad_fn` is.

    `pull(F, g, kept, params)` gives the gradients of the inputs from the gradient `g` of the output.
    `edges` has one entry per input: the node that made it, or None where no gradient is wanted.
    `code` and `offset` are the place in the user's code that ran the op.
    """

    __slots__ = (
        "__weakref__", "code", "edges", "hooks", "kept", "offset", "op", "params", "pull", "sequence", "shape", "type",
    )  # fmt: skip

    op: Op
    edges: tuple[Node | None, ...]
    kept: Any
    pull: Any
    params: dict[str, Any]
    sequence: int
    shape: tuple[int, ...]
    type: ArrayType
    hooks: Hooks | None
    code: CodeType
    offset: int

    def name(self) -> str:
        """PyTorch's name of the node, for example ``MulBackward0``."""
        return self.op.grad_name

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that this one passes gradients to, each with the number of the output it was."""
        return tuple(visible(edge) for edge in self.edges)

    @property
    def requires_grad(self) -> bool:
        """True: what needs no gradient has no node."""
        return True

    def _sequence_nr(self) -> int:
        """The order in which nodes were made."""
        return self.sequence

    @property
    def place(self) -> errors.Place:
        """File, line and expression of the user's code that made this node."""
        return errors.place(self.code, self.offset)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary of the user's own, as in PyTorch."""
        return hooks_of(self).metadata

    def __repr__(self) -> str:
        return f"<{self.name()} at {self.place}>"


class Leaf(Node):
    """Where a gradient ends up: accumulates into the ``.grad`` of a tensor that the user made. Weak, so no cycle."""

    __slots__ = ("tensor",)
    tensor: weakref.ref[Tensor]

    def __init__(self, tensor: Tensor, op: Op) -> None:
        self.op = op
        self.edges = ()
        self.kept = None
        self.pull = None
        self.params = {}
        self.sequence = next_sequence()
        self.shape = tensor._array.shape
        self.type = tensor._type
        self.hooks = None
        self.code, self.offset = errors.user_frame()
        self.tensor = weakref.ref(tensor)

    @property
    def variable(self) -> Tensor | None:
        """The tensor whose ``.grad`` this is, or None when it is gone."""
        return self.tensor()


Leaf.__name__ = "AccumulateGrad"  # what users see of it


class MultiNode(Node):
    """A node with several differentiable outputs, each reached through a `Pick`. Its gradient is a list."""

    __slots__ = ("materialize", "outputs")
    #: None for an output of a user's Function that has no gradient to show: its rule gets None
    outputs: tuple[Spec | None, ...]
    #: whether the rule wants zeros where no gradient arrived (None otherwise)
    materialize: bool

    def run(self, F: Any, gradients: list[Any], kept: tuple[Any, ...] | None) -> Any:
        """The gradients of the inputs; a user's Function has its own way."""
        return self.pull(F, gradients, kept, self.params)


class Pick(Node):
    """Output number `index` of a node with several differentiable outputs; its only edge is that node.

    With it every other node has exactly one gradient coming in, and the hot loop never sees a slot number.
    """

    __slots__ = ("index",)
    index: int

    def __init__(self, node: MultiNode, index: int) -> None:
        self.op = node.op
        self.edges = (node,)
        self.pull = None
        self.kept = None
        self.params = node.params
        self.hooks = None
        self.sequence = next_sequence()
        spec = node.outputs[index]
        assert spec is not None
        self.shape = spec.shape
        self.type = spec.type
        self.code, self.offset = node.code, node.offset
        self.index = index


#: see `Hooks.grad_dtype`
OWN: Any = object()


class Hooks:
    """What users attached to a node; most nodes have none."""

    __slots__ = ("grad_dtype", "metadata", "post", "post_accumulate", "pre", "retained", "tangents", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, Callable[[Tensor], Tensor | None]] = {}
        self.pre: dict[int, Callable[..., Any]] = {}
        self.post: dict[int, Callable[..., Any]] = {}
        self.post_accumulate: dict[int, Callable[[Tensor], None]] = {}
        self.retained: weakref.ref[Tensor] | None = None
        self.metadata: dict[str, Any] = {}
        #: leaves: the dtype of the gradient, None for that of whatever arrives; OWN for the tensor's
        self.grad_dtype: Any = OWN
        #: forward mode: what the op's inputs and output (by name) carried on open levels; see core/forward.py
        self.tangents: dict[str, Any] = {}


def hooks_of(node: Node) -> Hooks:
    """The node's hooks, made on first use."""
    if node.hooks is None:
        node.hooks = Hooks()
    return node.hooks


def visible(node: Node | None) -> tuple[Node | None, int]:
    """(grad_fn, output number) as users see them: picks are an inside matter."""
    if isinstance(node, Pick):
        return _named(node.edges[0]), node.index
    return _named(node), 0


_named_classes: dict[tuple[type[Node], str], type[Node]] = {}


def _named(node: Node | None) -> Node | None:
    """The node, in a class that has its name, as in PyTorch (``type(y.grad_fn).__name__``). Only nodes that users look at
    get one: that all others are of one class is what makes the engine's access to their attributes fast."""
    kind = node.__class__
    if node is not None and (kind is Node or kind is MultiNode):
        name = node.name().rpartition("::")[2]
        named = _named_classes.get((kind, name))
        if named is None:
            named = _named_classes[kind, name] = type(
                name, (kind,), {"__slots__": (), "__module__": kind.__module__}
            )
        node.__class__ = named
    return node


class View:
    """Which part of `base` a tensor is: the view ops that lead there, so that they can be run again.

    `base_node` is the base's node when this view's own node was made; if the base has another one now, an in-place op
    came between and the view's history is derived anew (`node_of`).
    """

    __slots__ = ("base", "base_node", "restriction", "steps")

    def __init__(
        self,
        base: Tensor,
        steps: tuple[tuple[Op, dict[str, Any]], ...],
        restriction: str | None,
    ) -> None:
        self.base = base
        self.steps = steps
        self.base_node = base._node
        #: None, or why in-place ops on this view cannot be recorded: "no_grad", "multiple", or a whole message
        self.restriction = restriction


class Spec:
    """What a derivative may know of an array that was not kept."""

    __slots__ = ("shape", "type")

    def __init__(self, shape: tuple[int, ...], type: ArrayType) -> None:
        self.shape = shape
        self.type = type

    @property
    def dtype(self) -> Any:
        """The NumPy dtype."""
        return self.type.numpy

    @property
    def device(self) -> Any:
        return self.type.device

    @property
    def ndim(self) -> int:
        return len(self.shape)


class InferenceVersion(list[Any]):
    """The version of tensors made in inference mode: there is none, and whoever asks for it gets the reason; but `ag.func`'s
    transforms, whose graphs go with them, may keep such tensors."""

    def __getitem__(self, index: Any) -> Any:
        if modes.local.transforms or modes.local.pulling:
            return 0
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
            "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in "
            f"autograd, or use `ag.no_grad()` instead of `ag.inference_mode()`.{errors.here()}"
        )


INFERENCE = InferenceVersion()


class Specs(tuple[Spec, ...]):
    """The Specs of a variadic input."""

    __slots__ = ()


def wrap(array: Array, type: ArrayType | None = None, node: Node | None = None) -> Tensor:
    """A new tensor around a raw array (NumPy scalars become 0-d arrays)."""
    if type is None:
        type = type_of(array)
    tensor = object.__new__(Tensor)
    tensor._array = array if hasattr(array, "__setitem__") else type.namespace.asarray(array)
    tensor._type = type
    tensor._node = node
    tensor._view = None
    tensor._changes = INFERENCE if modes.inferring and modes.local.inference else [0]
    tensor._grad = None
    return tensor


def node_of(tensor: Tensor) -> Node | None:
    """The tensor's node; for a view whose base was changed in place since, derived anew from the base's history."""
    view = tensor._view
    if view is not None:
        base = view.base
        if view.base_node is not base._node or base._view is not None:
            refresh(tensor, view)
    return tensor._node


MULTIPLE_VIEWS = (
    "Output {output} of {name} is a view and its base or another view of its base has been modified inplace. This view is the "
    "output of a function that returns multiple views. Such functions do not allow the output views to be modified inplace. "
    "You should replace the inplace operation by an out-of-place one."
)


def refresh(tensor: Tensor, view: View) -> None:
    """Give a view the node that running its steps again on the base as it is now would make."""
    from autograd_gpu.core.call import replay

    base = view.base
    if base._view is not None:  # it was reshaped in place: what it was before is the base of both
        base = view.base = base._view.base
    fresh = base._node
    if fresh is view.base_node or fresh is None or (isinstance(fresh, Leaf) and view.base_node is not None):
        view.base_node = fresh  # the base was detached since, but not written to
        return
    if view.restriction == "multiple":
        last, params = view.steps[-1]
        raise RuntimeError(
            MULTIPLE_VIEWS.format(
                output=params.get("output", 0), name=last.grad_name.removesuffix("Backward0")
            )
            + errors.here()
        )
    if view.restriction not in (None, "no_grad"):
        raise RuntimeError(f"{view.restriction}{errors.here()}")
    with modes.enable_grad():
        node = replay(None, alias_of(base), view.steps)._node
    before, tensor._node = tensor._node, node
    view.base_node = fresh
    if (
        node is not None
        and before is not None
        and before.hooks is not None
        and before.hooks.retained is not None
    ):
        hooks_of(node).retained, before.hooks.retained = before.hooks.retained, None


def alias_of(tensor: Tensor, node: Node | None = None) -> Tensor:
    """Another tensor on the same array, version and node (or `node`), which is no view in the user's sense."""
    twin = wrap(tensor._array, tensor._type, tensor._node if node is None else node)
    twin._changes = tensor._changes
    return twin


def bump(tensor: Tensor) -> None:
    """Count an in-place change and remember where it came from."""
    version = tensor._changes
    if version is INFERENCE:
        if modes.local.inference:
            return
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone to get a normal "
            f"tensor before doing inplace update.{errors.here()}"
        )
    version[0] += 1
    version[1:] = (errors.user_frame(),)
