"""Layer 2: in-place ops. `x.mul_(y)` writes into the array that `x`, its views and its base share.

The graph stays functional: the tensor's name moves on to a new node whose input is the node it had before. Writing into
a view changes its base too, so the base gets a `CopySlices` node (old base with one region replaced), and views of the
base derive their own nodes anew when they are next looked at (`graph.node_of`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from autograd_gpu import dtypes, errors
from autograd_gpu.core import modes
from autograd_gpu.core.call import REGISTRY, attach, compute, prepare, replay
from autograd_gpu.core.graph import (
    INFERENCE,
    Leaf,
    Node,
    Tensor,
    View,
    alias_of,
    bump,
    hooks_of,
    node_of,
    wrap,
)
from autograd_gpu.core.op import METHODS, Op, op

NO_GRAD_VIEW = (
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use case is "
    "ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either "
    "both inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want the inplace "
    "to be tracked)."
)
MULTIPLE_VIEWS = (
    "Output {output} of {name} is a view and is being modified inplace. This view is the output of a function that returns "
    "multiple views. Such functions do not allow the output views to be modified inplace. You should replace the inplace "
    "operation by an out-of-place one."
)


@op("general", holomorphic=False, grad_name="CopySlices")
def copy_slices(F: Any, base: Any, values: Any, *, steps: Any) -> Any:
    """`base` with the region that the view ops `steps` lead to replaced by `values`. Out of place; the in-place
    machinery records it without running it, since the memory has been changed already. Its rules hold for complex
    numbers as they are: they move values, through views that may show the parts of a complex number."""
    result = F.copy(base)
    replay(F, result, steps)[...] = values
    return result


copy_slices.rule(
    base=lambda F, g, *, steps: F.copy_slices(g, F.zeros_like(follow(F, g, steps=steps)), steps=steps),
    values=lambda F, g, *, steps: follow(F, g, steps=steps),
)


def follow(F: Any, x: Any, *, steps: Any) -> Any:
    """The region of `x` that view ops lead to."""
    if any(
        step.name == "strided_view" for step, _ in steps
    ):  # it counts in memory: laid out as what it was a view of
        x = F.clone(x)
    return replay(F, x, steps)


def inplace(op: Op, tensor: Tensor, *others: Any, **params: Any) -> Tensor:
    """``tensor = op(tensor, *others)`` in the tensor's own memory, recorded. Returns the tensor.

    Raises:
        RuntimeError: for leaves and views that autograd cannot let change, for results that do not fit in shape or dtype.
    """
    check_writable(tensor, op.name)
    if modes.intercepting and modes.local.interceptors:
        operands = [
            _before_the_change(each, (tensor, *others)) if _shares_memory(each, tensor) else each
            for each in (tensor, *others)
        ]
        result = op.apply(*operands, **params)
        _check_fits(op, tensor, result._array.shape, result._type.dtype)
        return adopt(tensor, result)
    inputs = prepare(op, (tensor, *others))
    arrays = [None if t is None else t._array for t in inputs]
    namespace = tensor._type.namespace
    edges = tuple(None if t is None else node_of(t) for t in inputs)
    recording = modes.is_recording() and bool(op.rules) and any(edges) and tensor._type.differentiable
    direct = inputs[0] is tensor
    if recording and direct and op.inputs[0] in op.layout(_mask(op, edges)):
        # The rule wants the value that is about to be overwritten.
        old = wrap(namespace.copy(arrays[0]), tensor._type, edges[0])
        inputs[0], arrays[0] = old, old._array
    for position, other in enumerate(inputs[1:], 1):
        if recording and _shares_memory(other, tensor):
            old = wrap(namespace.copy(arrays[position]), other._type)
            inputs[position], arrays[position] = old, old._array
    target = tensor._array
    if direct and op.kind == "elementwise" and fits(target, arrays) and op.name in WRITES_OUT:
        compute(op, Into(namespace, target), inputs, arrays, params)
    else:
        result = compute(op, namespace, inputs, arrays, params)
        _check_fits(op, tensor, result.shape, dtypes.of_numpy(result.dtype))
        namespace.setitem(target, (...,), namespace.cast(result, tensor._type.numpy))
    bump(tensor)
    if recording:
        before = tensor._node
        if direct:
            attach(op, inputs, arrays, edges, [tensor], (), params)
        else:  # promoted: compute in the wider dtype, then back
            shadow = wrap(tensor._array, inputs[0]._type if inputs[0] is not None else None)
            attach(op, inputs, arrays, edges, [shadow], (), params)
            tensor._node = REGISTRY["cast"].apply(shadow, dtype=tensor._type.numpy)._node
        rebase(tensor, before)
    return tensor


#: elementwise ops whose raw function takes `out=` on every device
WRITES_OUT = frozenset(("add", "sub", "mul", "div", "exp", "sqrt", "tanh", "sigmoid", "neg", "relu"))


class Into:
    """A raw namespace whose elementwise functions write into a given array."""

    def __init__(self, namespace: Any, out: Any) -> None:
        self.namespace = namespace
        self.out = out

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(self.namespace, name)
        return lambda *arrays, **params: function(*arrays, out=self.out, **params)


def fits(target: Any, arrays: Sequence[Any]) -> bool:
    """Whether all arrays broadcast to the shape of the target."""
    goal = target.shape
    for array in arrays:
        if array is not None and array.shape != goal:
            padded = (1,) * (len(goal) - array.ndim) + array.shape
            if len(padded) != len(goal) or any(n not in (1, m) for n, m in zip(padded, goal, strict=True)):
                return False
    return True


def _mask(op: Op, edges: Sequence[Node | None]) -> int:
    return sum(1 << i for i, edge in enumerate(edges) if edge is not None and i < len(op.inputs))


def _check_fits(op: Op, tensor: Tensor, shape: tuple[int, ...], dtype: dtypes.DType) -> None:
    if tuple(shape) != tensor._array.shape:
        raise RuntimeError(
            f"output with shape {list(tensor._array.shape)} doesn't match the broadcast shape {list(shape)}"
            f"\n  in {op.name}_{errors.here()}"
        )
    if not dtypes.can_cast(dtype, tensor._type.dtype):
        raise RuntimeError(
            f"result type {dtype.scalar_name} can't be cast to the desired output type {tensor._type.dtype.scalar_name}"
            f"\n  in {op.name}_{errors.here()}"
        )


def check_writable(tensor: Tensor, name: str) -> None:
    """Raise if autograd cannot let `tensor` be written to now."""
    if modes.packing and modes.local.before_change is not None:
        modes.local.before_change(tensor)
    array = tensor._array
    if (
        array.size > 1
        and 0 in array.strides
        and any(stride == 0 and extent > 1 for stride, extent in zip(array.strides, array.shape, strict=True))
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            f"Please clone() the tensor before performing the operation.\n  in {name}_{errors.here()}"
        )
    if tensor._changes is INFERENCE and not modes.local.inference:
        bump(tensor)  # raises, before anything is written
    if not modes.local.grad_enabled:
        return
    node = node_of(tensor)
    view = tensor._view
    if view is None:
        if node.__class__ is Leaf:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
                f"\n  in {name}_; wrap it in ag.no_grad() or work on a clone{errors.here()}"
            )
        return
    if view.restriction is not None:
        _check_restriction(view, node, name)
    if view.base._node.__class__ is Leaf:
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation."
            f"\n  in {name}_; wrap it in ag.no_grad() or work on a clone{errors.here()}"
        )
    if node.__class__ is Leaf:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation."
            f"\n  in {name}_; wrap it in ag.no_grad() or work on a clone{errors.here()}"
        )


def _check_restriction(view: View, node: Node | None, name: str) -> None:
    """Raise if the history of a view (whose node is `node`) could not be told from now on."""
    if node is None and view.base._node is None:
        return
    if view.restriction == "no_grad":
        raise RuntimeError(f"{NO_GRAD_VIEW}\n  in {name}_{errors.here()}")
    if view.restriction != "multiple":
        raise RuntimeError(f"{view.restriction}\n  in {name}_{errors.here()}")
    if node is not None:
        last, params = view.steps[-1]
        message = MULTIPLE_VIEWS.format(
            output=params.get("output", 0), name=last.grad_name.removesuffix("Backward0")
        )
        raise RuntimeError(f"{message}\n  in {name}_{errors.here()}")


def rebase(tensor: Tensor, before: Node | None) -> None:
    """After `tensor._node` became the node of an in-place op: tell the base of a view, and move `retain_grad`."""
    node = tensor._node
    view = tensor._view
    if view is not None:
        base = view.base
        earlier = base._node
        _move_retained(before, node)
        values = wrap(tensor._array, tensor._type, node)
        edges = (base._node, node)
        attach(
            copy_slices,
            [base, values],
            [base._array, values._array],
            edges,
            [base],
            (),
            {"steps": view.steps},
        )
        view.base_node = NOT_YET
        _move_retained(earlier, base._node)
    else:
        _move_retained(before, node)


def _move_retained(before: Node | None, node: Node | None) -> None:
    """`retain_grad` is for the tensor as it is now."""
    if (
        before is not None
        and node is not None
        and before.hooks is not None
        and before.hooks.retained is not None
    ):
        hooks_of(node).retained = before.hooks.retained
        before.hooks.retained = None


#: the base node of a view whose own node must be derived anew: equal to no node
NOT_YET: Any = object()


#: attribute of such a former self: the tensor that it was
OWNER = "_owner"


def base_of(tensor: Tensor) -> Tensor | None:
    """The tensor whose memory this one is a view of, as users see it; None for a tensor that is no view."""
    if tensor._view is None:
        return None
    base = tensor._view.base
    if OWNER not in base.__dict__:
        return base
    owner = base.__dict__[OWNER]()
    if owner is tensor:
        return None
    return base if owner is None else owner


def inplace_view(op: Op, tensor: Tensor, **params: Any) -> Tensor:
    """``tensor = op(tensor)`` for a view op: the tensor itself gets the other shape. Returns the tensor.

    Views of the tensor were made from the shape it had. So that they and it stay in step, its former self becomes the
    base of both: a tensor that only the graph knows, and that `base_of` never shows.
    """
    check_writable(tensor, op.name)
    leaf = tensor._node if tensor._node.__class__ is Leaf else None
    if leaf is not None or tensor._view is not None:
        former = tensor
    else:
        former = alias_of(tensor)
        former.__dict__.update(tensor.__dict__)  # with the tangents of forward mode
        former.__dict__[OWNER] = weakref.ref(tensor)
    result = op.apply(former, **params)
    bump(tensor)
    tensor._array = result._array
    if modes.intercepting and "_tangents" in result.__dict__:
        tensor.__dict__["_tangents"] = result.__dict__["_tangents"]
    if isinstance(leaf, Leaf):
        leaf.shape = tensor._array.shape
        return tensor
    restriction = None if tensor._view is None else tensor._view.restriction
    tensor._view = result._view
    tensor._view.restriction = restriction
    if tensor._node is None or modes.local.grad_enabled:
        tensor._node = result._node
    return tensor


def adopt(tensor: Tensor, result: Tensor) -> Tensor:
    """Copy a result's values into `tensor`, and let it take the result's history (and tangents) as its own."""
    namespace = tensor._type.namespace
    namespace.setitem(tensor._array, (...,), namespace.cast(result._array, tensor._type.numpy))
    bump(tensor)
    _move_tangents(tensor, result)
    if result._type is not tensor._type:
        result = REGISTRY["cast"].apply(result, dtype=tensor._type.numpy)
    node = node_of(result)
    if node is not None and tensor._type.differentiable:
        before = tensor._node
        tensor._node = node
        rebase(tensor, before)
    return tensor


def _move_tangents(tensor: Tensor, result: Tensor) -> None:
    """Forward mode: what was written takes its tangents along, into the base too if `tensor` is a view."""
    tangents = result.__dict__.get("_tangents", {})
    view = tensor._view
    if view is not None:
        below = view.base.__dict__.get("_tangents", {})
        for level in {*tangents, *below}:
            region = tangents.get(level)
            base = below.get(level)
            below[level] = copy_slices.apply(
                _zeros(view.base) if base is None else base,
                _zeros(tensor) if region is None else region,
                steps=view.steps,
            )
        if below:
            view.base.__dict__["_tangents"] = below
    if tangents or "_tangents" in tensor.__dict__:
        tensor.__dict__["_tangents"] = tangents


def _shares_memory(value: Any, tensor: Tensor) -> TypeGuard[Tensor]:
    """Whether an operand will change with `tensor`, as in ``y.mul_(y)`` or ``y.mul_(y[:1])``."""
    return isinstance(value, Tensor) and value._changes is tensor._changes


def _before_the_change(tensor: Tensor, others: Sequence[Any]) -> Tensor:
    """The operand of a recorded computation whose result will overwrite `tensor`: a copy, for rules may keep it."""
    nodes = [node_of(t) for t in (tensor, *others) if isinstance(t, Tensor)]
    if not (modes.local.grad_enabled and any(nodes)):
        return tensor
    copied = wrap(tensor._type.namespace.copy(tensor._array), tensor._type, node_of(tensor))
    if modes.intercepting and "_tangents" in tensor.__dict__:
        copied.__dict__["_tangents"] = tensor.__dict__["_tangents"]
    return copied


def _zeros(tensor: Tensor) -> Tensor:
    return wrap(tensor._type.namespace.zeros(tensor._array.shape, tensor._type.numpy), tensor._type)


def expose_inplace(function: Op | Callable[..., Any], *names: str) -> None:
    """Publish the in-place form of an op, or of a function that computes one out of place, as ``Tensor.name``."""
    if isinstance(function, Op):
        record = function

        def method(self: Tensor, *others: Any, **params: Any) -> Tensor:
            return inplace(record, self, *others, **params)

        doc: str | None = record.__doc__
    else:
        surface = function

        def method(self: Tensor, *others: Any, **params: Any) -> Tensor:
            check_writable(self, surface.__name__)
            result = surface(_before_the_change(self, others), *others, **params)
            if result._array.shape != self._array.shape or not dtypes.can_cast(
                result._type.dtype, self._type.dtype
            ):
                _check_fits(REGISTRY["alias"], self, result._array.shape, result._type.dtype)
            return adopt(self, result)

        doc = surface.__doc__
    summary = (doc or "").strip().split("\n")[0]
    for name in names:
        if name in METHODS:
            raise ValueError(f"{name} is exposed already")
        method.__name__ = method.__qualname__ = name
        method.__doc__ = f"In-place `{name[:-1]}`: {summary}"
        METHODS[name] = method
