"""Layer 5: `ag.autograd.explain`, why a gradient is None or zero.

Two sources of evidence. The graph of a loss says what it was computed from, which arrays entered it as constants, what
was freed, and where gradients become zero. What the graph cannot say (which line detached a value, or computed it while
recording was off) is learned by watching the computation once more: `explain` does so if it is given the function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograd_gpu import errors
from autograd_gpu.autograd.function import Function as FunctionBase
from autograd_gpu.autograd.kept import Text, kept_by, nodes_below, owner
from autograd_gpu.core import engine, modes
from autograd_gpu.core.graph import Leaf, MultiNode, Node, Pick, Tensor, node_of
from autograd_gpu.core.op import Op
from autograd_gpu.core.saved import is_freed
from autograd_gpu.device import type_of

#: how many lines of one kind are listed
_LISTED = 8


def explain(loss: Tensor | Callable[[], Tensor], tensor: Tensor) -> str:
    """Say why the gradient of `loss` with respect to `tensor` is None, zero or NaN, in plain words and naming lines.

    Args:
        loss: the tensor that backward starts from; or better, a function without arguments that computes it. The
            function is called once, and what becomes of `tensor` is watched, so that the very line is named which
            detached it or ran under `no_grad`.
        tensor: the tensor whose gradient is missed.

    Returns:
        the explanation, a str of one or several lines. No ``.grad`` is changed.

    >>> x = ag.ones(2, requires_grad=True)
    >>> w = ag.ones(2, requires_grad=True)
    >>> def loss():
    ...     y = (x * 2).detach()
    ...     return (y * w).sum()
    >>> ag.autograd.explain(loss, x)
    The gradient is None: no path of recorded ops leads from the loss to the tensor.
    detach() (or .data) cut the path: the result of MulBackward0 at ..., in loss: x * 2
      entered mul as a constant at ..., in loss: y * w
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"explain(): argument 'tensor' must be Tensor, not {type(tensor).__name__}{errors.here()}"
        )
    cuts: list[str] | None = None
    if not isinstance(loss, Tensor):
        if not callable(loss):
            raise TypeError(
                f"explain(): argument 'loss' must be Tensor or a function, not {type(loss).__name__}{errors.here()}"
            )
        watcher = _Watcher(tensor)
        with modes.intercept(watcher):
            loss = loss()
        if not isinstance(loss, Tensor):
            raise TypeError(
                f"explain(): the function must return a Tensor, not {type(loss).__name__}{errors.here()}"
            )
        cuts = watcher.cuts
        if watcher.uses == 0:
            cuts = [
                "No op used the tensor: the function computes with another one, or with numbers taken from it."
            ]
    return Text("\n".join(_explain(loss, tensor, cuts)))


def _explain(loss: Tensor, tensor: Tensor, cuts: list[str] | None) -> list[str]:
    if not tensor._type.differentiable:
        return [
            f"The gradient is None: the tensor's dtype is {tensor._type.dtype.name}, and only floating and complex ones "
            "have gradients."
        ]
    goal, root = node_of(tensor), node_of(loss)
    if goal is None:
        return [
            "The gradient is None: the tensor does not require grad. If it is a leaf, call requires_grad_() before the "
            "computation; if it was computed, then without recording (no_grad, detach, or from tensors that do not "
            "require grad).",
            *_constants(root, tensor),
        ]
    if root is None:
        return [
            "The gradient is None: the loss does not require grad. It was computed while recording was off (no_grad), was "
            "detached, or comes out of ops without derivative.",
            *(cuts or _how_to_watch(cuts)),
        ]
    nodes = engine.reachable([root])
    if all(node is not goal for node in nodes):
        return [
            "The gradient is None: no path of recorded ops leads from the loss to the tensor.",
            *_late(goal, root, tensor),
            *_constants(root, tensor),
            *(cuts or _how_to_watch(cuts)),
        ]
    return _on_a_path(loss, root, tensor, goal)


def _how_to_watch(cuts: list[str] | None) -> list[str]:
    if cuts is None:
        return [
            "For the line that cut the path, give explain() the function that computes the loss: explain(lambda: ..., tensor)."
        ]
    return [
        "No op that was watched cut it: the values left the library on the way (item(), tolist(), numpy())."
    ]


def _late(goal: Node, root: Node, tensor: Tensor) -> list[str]:
    if goal.sequence < root.sequence:
        return []
    if isinstance(goal, Leaf):
        return [f"requires_grad was set after the loss was computed, at {goal.place}"]
    return [
        f"The tensor's value was computed, or changed in place, after the loss: {goal.name()} at {goal.place}"
    ]


def _constants(root: Node | None, tensor: Tensor) -> list[str]:
    """Where the graph keeps the tensor's memory as that of a constant."""
    if root is None:
        return []
    memory = id(owner(tensor._array))
    goal = node_of(tensor)
    found = [
        f"Its memory is a constant in {node.name()} at {node.place}"
        for node in nodes_below(root)
        if any(id(owner(kept.array)) == memory for kept in kept_by(node))
        and (goal is None or goal not in node.edges)
    ]
    return found[:_LISTED]


# -- a path exists -------------------------------------------------------------------------------------------------


def _on_a_path(loss: Tensor, root: Node, tensor: Tensor, goal: Node) -> list[str]:
    lines = []
    on_path = engine.on_a_path([root], {goal.sequence: None})
    path = [node for node in engine.reachable([root]) if node.sequence in on_path]
    path.sort(key=lambda node: -node.sequence)
    for node in path:
        if is_freed(node):
            return [
                f"A second gradient cannot be computed: what {node.name()} at {node.place} kept was freed by the backward "
                f"at {errors.place(node.kept.code, node.kept.offset)}. Use retain_graph=True there."
            ]
        for kept in kept_by(node):
            if kept.changed:
                where = (
                    errors.place(*kept.version[1])
                    if kept.version and len(kept.version) > 1
                    else "an unknown place"
                )
                return [
                    f"Backward raises an error: {node.name()} at {node.place} kept {kept.name}, which was changed in place "
                    f"at {where}. Use the out-of-place op there, or clone() the tensor before."
                ]
    found = _gradients(loss, root, [*path, goal])
    g = found.get(goal.sequence)
    if g is None:
        lines.append("The gradient is None although a path exists:")
        lines += [_why_nothing(node) for node in _last(path, found, lambda g: g is None)]
    elif g.size and not _any(g):
        lines.append(f"The gradient is zero{' everywhere' if g.size > 1 else ''}.")
        lines += [
            f"It becomes zero in {node.name()} at {node.place}{_reason(node)}"
            for node in _last(path, found, lambda g: g is None or not _any(g))
        ]
        if root is goal or not _any(found[root.sequence]):
            lines.append("The gradient that backward starts with is zero.")
    elif not _finite(g):
        lines.append("The gradient has elements that are NaN or infinite.")
        lines += [
            f"The first come out of {node.name()} at {node.place}"
            for node in path
            if _finite(found.get(node.sequence))
            and any(not _finite(found.get(s)) for s in _children(node, found))
        ][:_LISTED]
    else:
        zeros = int(g.size - _count(g))
        lines.append(f"The gradient is there: {zeros} of its {g.size} elements are zero.")
    if tensor._grad is None:
        if not isinstance(goal, Leaf):
            lines.append(
                f"Its .grad is None because it is not a leaf (it was made by {goal.name()} at {goal.place}): call "
                "retain_grad() on it before backward, or use ag.autograd.grad."
            )
        else:
            lines.append("Its .grad is None: backward has not run since it was made or set to None.")
    return lines


def _gradients(loss: Tensor, root: Node, wanted: Sequence[Node]) -> dict[int, Any]:
    """The gradient that arrives at each of the nodes, as raw arrays; the graph stays as it is."""
    single = [node for node in wanted if not isinstance(node, MultiNode)]
    retained = [
        node.hooks.retained() for node in single if node.hooks is not None and node.hooks.retained is not None
    ]
    before = [(tensor, tensor._grad) for tensor in retained if tensor is not None]
    kind = loss._type
    start = kind.namespace.ones(loss._array.shape, kind.numpy)
    try:
        found = engine.run([root], [start], wanted=single, retain_graph=True)
    finally:
        for tensor, gradient in before:
            tensor._grad = gradient
    return {node.sequence: g for node, g in zip(single, found, strict=True)}


def _children(node: Node, found: dict[int, Any]) -> list[int]:
    """The nodes on the path that a node sends gradients to; through a node of several outputs to those beyond."""
    children: list[int] = []
    for edge in node.edges:
        if isinstance(edge, MultiNode):
            children += _children(edge, found)
        elif edge is not None and edge.sequence in found:
            children.append(edge.sequence)
    return children


def _last(path: Sequence[Node], found: dict[int, Any], lost: Callable[[Any], bool]) -> list[Node]:
    """The nodes that get a gradient which is not lost yet and send on only lost ones."""
    return [
        node
        for node in path
        if node.sequence in found
        and not lost(found[node.sequence])
        and (children := _children(node, found))
        and all(lost(found[child]) for child in children)
    ][:_LISTED]


def _why_nothing(node: Node) -> str:
    user = "" if isinstance(node.op, Op) else ": its backward returns None for this input"
    return f"{node.name()} at {node.place} passes no gradient on{user}"


def _reason(node: Node) -> str:
    """What is known of ops whose derivative is zero in places."""
    source = node.edges[0] if isinstance(node, Pick) and node.edges[0] is not None else node
    return {
        "relu": " (all of its inputs are negative or zero)",
        "clamp": " (all of its inputs lie outside of the limits)",
        "floor": " (its derivative is zero)",
        "ceil": " (its derivative is zero)",
        "round": " (its derivative is zero)",
        "trunc": " (its derivative is zero)",
        "sign": " (its derivative is zero)",
        "mul": " (the other factor is zero, or this factor of it)",
        "tanh": " (it is saturated)",
        "sigmoid": " (it is saturated)",
    }.get(source.op.name, "")


def _any(g: Any) -> bool:
    return bool((g != 0).any())


def _count(g: Any) -> int:
    return int((g != 0).sum())


def _finite(g: Any) -> bool:
    return g is None or bool(type_of(g).namespace.isfinite(g).all())


# -- watching the computation ----------------------------------------------------------------------------------------


class _Watcher:
    """Sees every op of the function that computes the loss, follows the values that depend on a tensor, and notes where
    the recorded path of one ends."""

    def __init__(self, tensor: Tensor) -> None:
        self.cuts: list[str] = []
        self.uses = 0
        goal = node_of(tensor)
        #: sequence of a node -> whether a path leads from it to the tensor
        self._leads: dict[int, bool] = {} if goal is None else {goal.sequence: True}
        #: values that depend on the tensor: by the identity of the array (which detach() shares), a tensor that holds it,
        #: what it is, and whether a recorded path led from it to the tensor
        self._followed: dict[int, tuple[Tensor, str, bool]] = {}
        self._follow(tensor, "the tensor")

    def _follow(self, tensor: Tensor, what: str, connected: bool | None = None) -> None:
        known = self._connected(tensor) if connected is None else connected
        self._followed[id(tensor._array)] = (tensor, what, known)

    def _connected(self, tensor: Tensor) -> bool:
        root = node_of(tensor)
        if root is None:
            return False
        unknown: dict[int, Node] = {}
        stack = [root]
        while stack:
            node = stack.pop()
            if node.sequence not in self._leads and node.sequence not in unknown:
                unknown[node.sequence] = node
                stack += [edge for edge in node.edges if edge is not None]
        for sequence in sorted(unknown):
            edges = unknown[sequence].edges
            self._leads[sequence] = any(self._leads[edge.sequence] for edge in edges if edge is not None)
        return self._leads[root.sequence]

    def __call__(self, op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        interceptors = modes.local.interceptors
        interceptors.remove(self)
        try:
            result = op.apply(*inputs, **params)
        finally:
            interceptors.append(self)
        where = errors.place(*errors.user_frame())
        outputs = result if isinstance(result, (tuple, list)) else (result,)
        tensors = [value for value in inputs if isinstance(value, Tensor)]
        sources = [value for value in tensors if id(value._array) in self._followed]
        self.uses += len(sources)
        if _inside_function():  # not recorded, on purpose: the Function is, and returns one of these arrays
            connected = any(self._followed[id(value._array)][2] for value in sources)
            for out in outputs if sources else ():
                self._follow(out, f"the result of {op.name} at {where}", connected)
            return result
        for value in sources:
            _, what, was_connected = self._followed[id(value._array)]
            if was_connected and not self._connected(value):
                self.cuts.append(
                    f"detach() (or .data) cut the path: {what}\n  entered {op.name} as a constant at {where}"
                )
        connected = any(map(self._connected, tensors))
        if sources or connected:
            for out in outputs:
                node = node_of(out)
                if connected and node is None:
                    self.cuts.append(f"{_lost_in(out)} {op.name} at {where}")
                self._follow(out, f"the result of {op.name if node is None else node.name()} at {where}")
        return result


def _inside_function() -> bool:
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code is _RECORD:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


#: what runs the forward of a Function
_RECORD = FunctionBase._record.__func__.__code__  # type: ignore[attr-defined]


def _lost_in(out: Tensor) -> str:
    if not out._type.differentiable:
        return f"A result of dtype {out._type.dtype.name} has no gradient:"
    if not modes.is_grad_enabled():
        return "Recording was off (no_grad) in"
    return "There is no derivative for this input of"
