"""Layer 2: how a call of an op is computed and recorded, whatever its inputs are.

This is the general road (`apply`): it checks operands, brings them to one device and dtype, runs the forward silently,
wraps the results, and makes the node. The compiled functions of `core/compile.py` are the same thing for plain tensors,
written out flat; they come here for everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_gpu import dtypes, errors
from autograd_gpu.core import modes, saved as saved_tensors
from autograd_gpu.core.graph import (
    Array,
    MultiNode,
    Node,
    Pick,
    Spec,
    Tensor,
    View,
    hooks_of,
    next_sequence,
    node_of,
    wrap,
)  # fmt: skip
from autograd_gpu.core.saved import NEVER
from autograd_gpu.device import SILENT, ArrayType, Device, restore, silence, type_for
from autograd_gpu.device.blocks import LARGE

if TYPE_CHECKING:
    from autograd_gpu.core.op import Op

#: every op by name; the tests and the namespaces are generated from it
REGISTRY: dict[str, Op] = {}


def apply_keywords(op: Op, *inputs: Any, **params: Any) -> Any:
    """What `op.apply` is for ops too irregular for compiled code."""
    return apply(op, inputs, params)


def apply(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
    """Compute and record a call of `op`, whatever its inputs are."""
    if op.check is not None:
        op.check(inputs)
    if modes.intercepting and modes.local.interceptors:
        return modes.local.interceptors[-1](op, inputs, params)
    tensors = prepare(op, inputs)
    first = next((t for t in tensors if t is not None), None)
    if first is None:
        raise TypeError(f"{op.name}(): expected at least one tensor")
    arrays = [None if t is None else t._array for t in tensors]
    namespace = first._type.namespace
    for t in tensors:
        if t is not None and t._type.namespace is not namespace:
            namespace = _innermost(tensors)
            break
    results = compute(op, namespace, tensors, arrays, params)
    return record(op, tensors, arrays, results, params)


def _innermost(tensors: Sequence[Tensor | None]) -> Any:
    """The namespace of the innermost batch among tensors, after the `vmap` that would have brought all of them into it."""
    found = [t._type.namespace for t in tensors if t is not None]
    return max(found, key=lambda F: F.batch.number if hasattr(F, "batch") else 0)


def apply_operator(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
    """`apply` for Python's operators, which let the other operand have a try at what they do not know."""
    if all(isinstance(value, (Tensor, np.ndarray, *_NUMBERS)) for value in inputs):
        return apply(op, inputs, params)
    return NotImplemented


def compute(
    op: Op, namespace: Any, inputs: Sequence[Any], arrays: Sequence[Array], params: dict[str, Any]
) -> Any:
    """Run the forward on raw arrays; errors come out in the users' terms."""
    token = silence(SILENT)
    try:
        function = getattr(namespace, op.forward_name)
        if op.kind == "elementwise" and _cut(op, namespace, arrays):
            return namespace.blocks.apply(function, arrays, params)
        return function(*arrays, **params)
    except Exception as error:
        raise_clearly(op, inputs, params, error)
    finally:
        restore(token)


def _cut(op: Op, namespace: Any, arrays: Sequence[Array]) -> bool:
    """Whether an elementwise op on these arrays is done block by block: large ones on the CPU. (Random numbers depend on
    the place of an element.)"""
    if getattr(type(namespace), "blocks", None) is None or "seed" in op.params:
        return False
    for array in arrays:
        if array is not None and array.size >= LARGE:
            return bool(namespace.blocks.worth_cutting(op.name, max(x.size for x in arrays if x is not None)))
    return False


def record(
    op: Op, tensors: Sequence[Tensor | None], arrays: Sequence[Array], results: Any, params: dict[str, Any]
) -> Any:
    """Wrap the results of a call and remember how they were made."""
    main = next(t for t in tensors if t is not None)
    edges = tuple([None if t is None else t._node if t._view is None else node_of(t) for t in tensors])
    recorded = bool(op.rules) and any(edges) and modes.is_recording()
    if op.outputs == ("out",) and op.kind != "view":
        out = _wrap_result(op, results[0] if op.saves else results, main)
        if recorded:
            attach(op, tensors, arrays, edges, (out,), results[1:] if op.saves else (), params)
        return out
    visible = 1 if op.outputs == ("out",) else len(op.outputs)
    if op.outputs == ("*",):
        outputs, saved = list(results), ()
    elif op.saves or visible > 1:
        outputs, saved = list(results[:visible]), results[visible:]
    else:
        outputs, saved = [results], ()
    wrapped = [_wrap_result(op, array, main) for array in outputs]
    if op.kind == "view":
        for index, tensor in enumerate(wrapped):
            tensor._changes = main._changes
            if op.outputs == ("*",):
                tensor._view = view_of(main, op, {**params, "output": index})
                tensor._view.restriction = "multiple"
            else:
                tensor._view = view_of(main, op, params)

    if recorded:
        attach(op, tensors, arrays, edges, wrapped, saved, params)
    if op.outputs == ("*",):
        return tuple(wrapped)
    return wrapped[0] if visible == 1 else tuple(wrapped)


def _wrap_result(op: Op, array: Array, main: Tensor) -> Tensor:
    tensor = wrap(array)
    if op.out == "same" and tensor._type is not main._type and op.outputs == ("out",):
        # ml_dtypes promotes bfloat16 with Python scalars; the op's dtype is what it was given.
        tensor = wrap(main._type.namespace.cast(tensor._array, main._type.numpy))
    return tensor


def attach(
    op: Op,
    tensors: Sequence[Tensor | None],
    arrays: Sequence[Array],
    edges: tuple[Node | None, ...],
    wrapped: Sequence[Tensor],
    saved: Sequence[Array],
    params: dict[str, Any],
) -> None:
    """Make the node of a call and give it to the outputs that can have a gradient."""
    targets = [t for t in wrapped if t._type.differentiable]
    if not targets:
        return
    fixed = len(op.inputs)
    mask = 0
    for position, edge in enumerate(edges):
        if edge is not None:
            mask |= 1 << min(position, fixed)
    node = Node.__new__(Node) if len(targets) == 1 else MultiNode.__new__(MultiNode)
    node.op = op
    node.edges = edges
    variant = _variant(tensors, targets[0])
    single = op.kind == "elementwise" and len(targets) == 1
    if single and not variant and _cut(op, targets[0]._type.namespace, arrays):
        variant = "blocks"
    node.pull = op.pull(mask, mask, variant)
    node.params = params
    node.sequence = next_sequence()
    node.hooks = None
    node.code, node.offset = errors.user_frame()
    node.kept = (op.keepers.get(mask) or op.keeper(mask))(tensors, arrays, wrapped, saved)
    if modes.intercepting:
        carry_tangents(op, node, tensors)
    if len(targets) == 1:
        node.shape = targets[0]._array.shape
        node.type = targets[0]._type
        targets[0]._node = node
    else:
        _attach_several(node, wrapped, targets)
    if modes.packing and modes.local.saved_hooks:
        saved_tensors.pack(op, node, mask, tensors, wrapped, modes.local.saved_hooks[-1])


def _attach_several(node: Node, wrapped: Sequence[Tensor], targets: Sequence[Tensor]) -> None:
    assert isinstance(node, MultiNode)
    node.shape = ()
    node.type = targets[0]._type
    node.outputs = tuple(Spec(t._array.shape, t._type) for t in wrapped)
    node.materialize = True
    for index, tensor in enumerate(wrapped):
        if tensor._type.differentiable:
            tensor._node = Pick(node, index)


def carry_tangents(op: Op, node: Node, tensors: Sequence[Tensor | None]) -> None:
    """Let a node remember the tangents of its inputs, so that its derivative can be differentiated forward."""
    found = [None if t is None else t.__dict__.get("_tangents") for t in tensors]
    if any(found):
        fixed = len(op.inputs)
        tangents = hooks_of(node).tangents
        tangents.update(zip(op.inputs, found[:fixed], strict=True))
        if op.variadic:
            tangents[op.variadic] = found[fixed:]


def _variant(tensors: Sequence[Tensor | None], output: Tensor) -> str:
    if output._type.fast:
        for t in tensors:
            if t is not None and not t._type.fast and t._type.differentiable:
                break
        else:
            return ""
    types = [t._type for t in tensors if t is not None and t._type.differentiable]
    if output._type.is_complex or any(t.is_complex for t in types):
        return "conjugate"
    if any(t.dtype is dtypes.bfloat16 for t in types) and all(t is output._type for t in types):
        return "cast"
    return ""


# -- views ---------------------------------------------------------------------------------------------------------


def replay(F: Any, x: Any, steps: Sequence[tuple[Op, dict[str, Any]]]) -> Any:
    """Run the view ops of a `View` again: with a raw namespace on a raw array, with a TensorNamespace on a tensor."""
    for step, params in steps:
        given = {name: value for name, value in params.items() if name != "output"}
        x = step.apply(x, **given) if isinstance(x, Tensor) else getattr(F, step.forward_name)(x, **given)
        if "output" in params:
            x = x[params["output"]]
    return x


def view_of(x: Tensor, op: Op, params: dict[str, Any]) -> View:
    """The View that `op` makes of `x`: always in terms of the tensor that owns the memory."""
    restriction = None
    if modes.grad_disabled and not modes.local.grad_enabled:
        restriction = "no_grad"
    old = x._view
    if old is None:
        return View(x, ((op, params),), restriction)
    return View(old.base, (*old.steps, (op, params)), old.restriction or restriction)


# -- operands ------------------------------------------------------------------------------------------------------------

_NUMBERS = (bool, int, float, complex, np.generic)


def constant(type: ArrayType, value: Any) -> Tensor:
    """A Python number as an operand of the given type. Common ones are made once."""
    key = value if value else repr(value)  # 0.0 and -0.0 are equal but not the same
    try:
        return type.constants[key]  # type: ignore[no-any-return]
    except KeyError:
        pass
    try:
        if type.dtype.category == dtypes.INTEGER and isinstance(value, int):
            bits = type.dtype.itemsize * 8  # integers that do not fit wrap around, as in PyTorch
            value &= (1 << bits) - 1
            if type.dtype.is_signed and value >> (bits - 1):
                value -= 1 << bits
        array = type.namespace.scalar(value, type.numpy)
    except OverflowError:
        raise RuntimeError(
            f"value cannot be converted to type {type.dtype.name} without overflow: {value}{errors.here()}"
        ) from None
    tensor = object.__new__(Tensor)
    tensor._array = array
    tensor._type = type
    tensor._node = None
    tensor._view = None
    tensor._changes = NEVER
    tensor._grad = None
    if len(type.constants) >= 4096:
        type.constants.clear()
    type.constants[key] = tensor
    return tensor


def _are_ready(op: Op, inputs: Sequence[Any]) -> bool:
    """Whether all inputs are tensors of one type (of one device, where that is all the op asks): the usual case."""
    first = inputs[0] if inputs else None
    if not isinstance(first, Tensor):
        return False
    kind = first._type
    if op.promote == "none":
        device = kind.device
        required = len(op.inputs) - len(op.optional)
        for position, value in enumerate(inputs):
            if not isinstance(value, Tensor):
                if value is not None or not required <= position < len(op.inputs):
                    return False
            elif value._type.device is not device:
                return False
        return True
    if op.promote == "float" and not kind.differentiable:
        return False
    for value in inputs:  # noqa: SIM110
        if not isinstance(value, Tensor) or value._type is not kind:
            return False
    return True


def prepare(op: Op, inputs: Sequence[Any]) -> list[Tensor | None]:
    """Check the inputs of a call and bring them to one device and, if the op wants that, one dtype."""
    if _are_ready(op, inputs):
        return list(inputs)
    tensors: list[Any] = list(inputs)
    device: Device | None = None
    plain = True
    for position, value in enumerate(tensors):
        if isinstance(value, Tensor):
            if device is None or (value._type.device is not device and device.type == "cpu"):
                device = value._type.device
        elif value is None:
            if not (position < len(op.inputs) and op.inputs[position] in op.optional):
                raise _not_a_tensor(op, position, value)
        elif op.promote == "none" or not isinstance(value, _NUMBERS):
            raise _not_a_tensor(op, position, value)
        else:
            plain = False
    if device is None:
        if op.promote == "none" or all(value is None for value in tensors):
            raise _not_a_tensor(op, 0, tensors[0])
        device = Device("cpu")
    for position, value in enumerate(tensors):
        if isinstance(value, Tensor) and value._type.device is not device:
            # As in PyTorch, a zero-dim CPU tensor may meet tensors on a GPU.
            if op.promote != "none" and value._type.device.type == "cpu" and value._array.ndim == 0:
                tensors[position] = value.to(device)
            else:
                found = sorted({str(t._type.device) for t in tensors if isinstance(t, Tensor)})
                raise RuntimeError(
                    f"Expected all tensors to be on the same device, but found at least two devices, {' and '.join(found)}! "
                    f"(when checking argument {_argument_name(op, position)!r} of {op.name}; move it with .to({str(device)!r}))"
                    f"{errors.here()}"
                )
    if op.promote == "none":
        return tensors
    first = tensors[0]
    if plain and all(t is None or t._type is first._type for t in tensors):
        dtype = first._type.dtype
    else:
        dtype = dtypes.result_type(*(operand(value) for value in tensors if value is not None))
    if op.promote == "float" and dtype.category < dtypes.FLOAT:
        dtype = dtypes.get_default_dtype()
    target = type_for(dtype, device)
    for position, value in enumerate(tensors):
        if value is None:
            continue
        if not isinstance(value, Tensor):
            tensors[position] = constant(target, value.item() if isinstance(value, np.generic) else value)
        elif value._type is not target:
            tensors[position] = REGISTRY["cast"].apply(value, dtype=target.numpy)
    return tensors


def operand(value: Any) -> tuple[dtypes.DType, int]:
    """A value as `dtypes.result_type` wants it: dtype and rank among operands."""
    if isinstance(value, Tensor):
        return value._type.dtype, dtypes.DIMENSIONED if value._array.ndim else dtypes.ZERO_DIM
    if isinstance(value, np.generic):
        value = value.item()
    return dtypes.scalar_dtype(value), dtypes.SCALAR


def _argument_name(op: Op, position: int) -> str:
    return op.inputs[position] if position < len(op.inputs) else f"{op.variadic}[{position - len(op.inputs)}]"


def _not_a_tensor(op: Op, position: int, value: Any) -> TypeError:
    hint = ""
    if isinstance(value, np.ndarray):
        hint = " (turn it into one with ag.from_numpy or ag.tensor)"
    return TypeError(
        f"{op.name}(): argument '{_argument_name(op, position)}' (position {position + 1}) must be Tensor, "
        f"not {type(value).__name__}{hint}{errors.here()}"
    )


# -- errors --------------------------------------------------------------------------------------------------------------


def describe(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> str:
    """``add(x: float32[2, 3], y: float32[4])`` and the user's line, for the end of a message."""
    parts = []
    for position, value in enumerate(inputs):
        if isinstance(value, Tensor):
            parts.append(
                f"{_argument_name(op, position)}: {value._type.dtype.name}{list(value._array.shape)}"
            )
        else:
            parts.append(f"{_argument_name(op, position)}: {value!r}")
    parts += [f"{name}={value!r}" for name, value in params.items() if not hasattr(value, "__array__")]
    return f"\n  in {op.name}({', '.join(parts)}){errors.here()}"


def raise_clearly(op: Op, inputs: Sequence[Any], params: dict[str, Any], error: Exception) -> None:
    """Raise what PyTorch would for a failed forward, with op, arguments, shapes and the user's line."""
    where = describe(op, inputs, params)
    if op.explain_error is not None:
        try:
            op.explain_error(inputs, params)
        except Exception as better:
            raise type(better)(f"{better}{where}") from None
    shapes = [tuple(t._array.shape) for t in inputs if isinstance(t, Tensor)]
    if op.kind == "elementwise" and isinstance(error, ValueError) and len(shapes) > 1:
        raise RuntimeError(broadcast_message(shapes) + where) from None
    if isinstance(error, MemoryError):
        raise errors.OutOfMemoryError(f"{op.name}: {error}{where}") from error
    if isinstance(error, (IndexError, TypeError, NotImplementedError, RuntimeError, OverflowError)):
        raise type(error)(f"{error}{where}") from error
    raise RuntimeError(f"{op.name}: {error}{where}") from error


def broadcast_message(shapes: Sequence[tuple[int, ...]]) -> str:
    """PyTorch's sentence for shapes that do not broadcast."""
    for position, first in enumerate(shapes):
        for second in shapes[position + 1 :]:
            width = max(len(first), len(second))
            a = (1,) * (width - len(first)) + first
            b = (1,) * (width - len(second)) + second
            for dim in reversed(range(width)):
                if a[dim] != b[dim] and 1 not in (a[dim], b[dim]):
                    return (
                        f"The size of tensor a ({a[dim]}) must match the size of tensor b ({b[dim]}) "
                        f"at non-singleton dimension {dim}"
                    )
    return f"shapes {', '.join(str(list(s)) for s in shapes)} cannot be broadcast together"
