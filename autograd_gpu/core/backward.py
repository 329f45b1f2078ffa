"""Layer 2: `backward` and `grad`, the two ways into the engine, with their checks.

Where a tensor is expected, a `GradientEdge` will do: the place in the graph that the tensor had, without the tensor.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, overload

from autograd_gpu import errors
from autograd_gpu.core import engine, modes
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import Leaf, MultiNode, Node, Pick, Tensor, node_of, wrap
from autograd_gpu.core.leaves import require_grad
from autograd_gpu.device import ArrayType


class GradientEdge(NamedTuple):
    """A place in the graph where a gradient passes: output number `output_nr` of `node`.

    Get one with `ag.autograd.graph.get_gradient_edge(tensor)`, and give it to `backward` and `grad` in place of the
    tensor, which can be dropped. `ownership_token` is the graph's own.
    """

    node: Node
    output_nr: int
    ownership_token: Node | None = None


Tensors = Tensor | GradientEdge | Sequence[Tensor | GradientEdge]


def _sequence(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, (Tensor, GradientEdge)) or value is None else tuple(value)


def _inputs(value: Any, name: str) -> tuple[Any, ...]:
    if isinstance(value, Mapping):
        if type(value) is not dict:
            raise TypeError(
                f"`inputs` argument to `{name}()` must be a dict, not {type(value).__name__}. Other Mapping types are "
                f"not supported.{errors.here()}"
            )
        value = value.values()
    goals = _sequence(value)
    if not goals:
        raise RuntimeError(f"`inputs` argument to `{name}()` cannot be empty.{errors.here()}")
    return goals


def _node(end: Tensor | GradientEdge, roots: Sequence[Node] = ()) -> Node | None:
    """The node at a tensor or an edge; `roots` is where to look for the outputs of a node that has several."""
    if not isinstance(end, GradientEdge):
        return node_of(end)
    node, number, token = end
    count = len(node.outputs) if isinstance(node, MultiNode) else 1
    if not 0 <= number < count:
        raise IndexError(
            f"GradientEdge: {node.name()} has {count} output{'s' * (count > 1)}, but output_nr is {number}{errors.here()}"
        )
    if not isinstance(node, MultiNode):
        return node
    if isinstance(token, Pick):
        return token
    for found in engine.reachable(roots):
        if isinstance(found, Pick) and found.edges[0] is node and found.index == number:
            return found
    return Pick(node, number)


def _shape_and_type(end: Tensor | GradientEdge, node: Node) -> tuple[tuple[int, ...], ArrayType]:
    return (end._array.shape, end._type) if isinstance(end, Tensor) else (node.shape, node.type)


def _roots(outputs: Sequence[Tensor | GradientEdge]) -> list[Node]:
    roots: list[Node] = []
    for position, output in enumerate(outputs):
        node = _node(output)
        if node is None:
            raise RuntimeError(
                f"element {position} of tensors does not require grad and does not have a grad_fn{errors.here()}"
            )
        roots.append(node)
    return roots


def _gradients(
    outputs: Sequence[Tensor | GradientEdge],
    roots: Sequence[Node],
    given: Sequence[Tensor | None],
    create_graph: bool,
) -> list[Any]:
    """The gradient to start from for each output, as the engine wants it."""
    if len(given) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(given)} gradients{errors.here()}")
    result: list[Any] = []
    for position, (output, root, g) in enumerate(zip(outputs, roots, given, strict=True)):
        shape, kind = _shape_and_type(output, root)
        if g is None:
            if any(extent != 1 for extent in shape):
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs; output {position} has shape {list(shape)}: "
                    f"reduce it (.sum(), .mean()) or pass gradient={errors.here()}"
                )
            if kind.is_complex:
                raise RuntimeError(
                    f"grad can be implicitly created only for real scalar outputs but got {kind.dtype}{errors.here()}"
                )
            g = wrap(kind.namespace.ones(shape, kind.numpy), kind)
        elif not isinstance(g, Tensor):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(g).__name__}{errors.here()}"
            )
        elif g._array.shape != shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{position}] has a shape of ag.Size({list(g._array.shape)}) and "
                f"output[{position}] has a shape of ag.Size({list(shape)}).{errors.here()}"
            )
        elif g._type.device is not kind.device:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, {g._type.device} and "
                f"{kind.device}! (grad_output[{position}] against output[{position}]){errors.here()}"
            )
        elif g._type.dtype is not kind.dtype:
            if g._type.is_complex != kind.is_complex:
                raise RuntimeError(
                    f"For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                    f"dtype: grad_output[{position}] has a dtype of {g._type.dtype} and output[{position}] has a dtype of "
                    f"{kind.dtype}.{errors.here()}"
                )
            g = REGISTRY["cast"].apply(g, dtype=kind.numpy)
        result.append(g if create_graph else g._array)
    return result


def backward(
    tensors: Tensors,
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | dict[str, Tensor] | None = None,
) -> None:
    """Add the gradients of `tensors` to the ``.grad`` of the leaves they were computed from.

    Args:
        tensors: one or several tensors of any shape (or edges, see `ag.autograd.graph.get_gradient_edge`).
        grad_tensors: for each of them the gradient to start from, of its shape; None (allowed for tensors with one
            element) means ones.
        retain_graph: keep what the graph kept, so that it can be gone through again (default: `create_graph`).
        create_graph: record the computation of the gradients, for derivatives of higher order.
        inputs: add gradients only to these tensors (leaves or not; edges; a dict's values), not to all leaves.

    Raises:
        RuntimeError: if an output has no graph, if a gradient is missing or does not fit, if the graph was used up,
            if an array that it kept was changed in place, or inside of one of `ag.func`'s transforms.

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> ag.autograd.backward((x * x).sum())
    >>> x.grad
    tensor([2., 4.])
    """
    if modes.local.transforms:
        raise RuntimeError(
            "backward() called inside a functorch transform. This is not supported, please use ag.func.grad or ag.func.vjp "
            f"instead or call backward() outside of functorch transforms.{errors.here()}"
        )
    outputs = _sequence(tensors)
    given = (None,) * len(outputs) if grad_tensors is None else _sequence(grad_tensors)
    keep_graph = create_graph if retain_graph is None else retain_graph
    roots = _roots(outputs)
    gradients = _gradients(outputs, roots, given, create_graph)
    if inputs is None:
        engine.run(roots, gradients, retain_graph=keep_graph, create_graph=create_graph)
        return
    goals = _inputs(inputs, "backward")
    wanted = _wanted(goals, roots)
    found = engine.run(
        roots, gradients, wanted=wanted, retain_graph=keep_graph, create_graph=create_graph, accumulating=True
    )
    for goal, node, g in zip(goals, wanted, found, strict=True):
        if g is None:
            continue
        tensor = node.variable if isinstance(node, Leaf) else goal
        if isinstance(node, Leaf) and tensor is not None:
            engine.accumulate_at(node, tensor, g, False, create_graph)
        elif isinstance(tensor, Tensor):
            engine.accumulate_into(tensor, g, False, create_graph)


def _wanted(inputs: Sequence[Tensor | GradientEdge], roots: Sequence[Node]) -> list[Node]:
    wanted: list[Node] = []
    for position, tensor in enumerate(inputs):
        node = _node(tensor, roots)
        if node is None:
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad\n  it is input {position}{errors.here()}"
            )
        wanted.append(node)
    return wanted


@overload
def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]: ...


@overload
def grad(
    outputs: Tensors,
    inputs: dict[str, Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> dict[str, Tensor | None]: ...


def grad(
    outputs: Tensors,
    inputs: Tensors | dict[str, Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...] | dict[str, Tensor | None]:
    """The sum of gradients of `outputs` with respect to `inputs`, returned, with no ``.grad`` changed.

    Args:
        outputs: one or several tensors, or edges (see `ag.autograd.graph.get_gradient_edge`).
        inputs: one or several tensors that `outputs` were computed from, leaves or not, or edges; for a dict of
            tensors the result is a dict with its keys.
        grad_outputs: the vector in the vector-Jacobian product; None means ones for outputs with one element.
        retain_graph: keep the graph for another pass (default: `create_graph`).
        create_graph: record the computation of the gradients, for derivatives of higher order.
        only_inputs: True; it was for old code, and False (which also filled ``.grad`` of leaves) is deprecated: use `backward`.
        allow_unused: return None for inputs that the outputs do not depend on, instead of raising.
        is_grads_batched: the first dimension of `grad_outputs` is a batch; one gradient per entry, stacked.
        materialize_grads: return zeros instead of None.

    Raises:
        RuntimeError: as `backward`; and if an input was not used and `allow_unused` is not set.

    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> ag.autograd.grad(x ** 3, x)
    (tensor(27.),)
    """
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other "
            "parts of the graph, please use ag.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if allow_unused is None:
        allow_unused = materialize_grads
    results = _sequence(outputs)
    goals = _inputs(inputs, "grad")
    given = (None,) * len(results) if grad_outputs is None else _sequence(grad_outputs)
    keep_graph = create_graph if retain_graph is None else retain_graph
    roots = _roots(results)
    wanted = _wanted(goals, roots)
    gradients: list[Any] = []
    if is_grads_batched:
        found = _batched(results, roots, wanted, given, keep_graph, create_graph)
    else:
        gradients = _gradients(results, roots, given, create_graph)
        found = engine.run(
            roots, gradients, wanted=wanted, retain_graph=keep_graph, create_graph=create_graph
        )
    answer: list[Tensor | None] = []
    for position, (goal, node, g) in enumerate(zip(goals, wanted, found, strict=True)):
        shape, kind = _shape_and_type(goal, node)
        if g is None:
            if materialize_grads and isinstance(goal, GradientEdge):
                raise RuntimeError(
                    f"materialize_grads cannot be used when the given input is a GradientEdge{errors.here()}"
                )
            if materialize_grads:
                if is_grads_batched:
                    shape = (given[0]._array.shape[0], *shape)  # type: ignore[union-attr]
                g = require_grad(wrap(kind.namespace.zeros(shape, kind.numpy), kind), create_graph)
            elif not allow_unused:
                raise RuntimeError(
                    f"The differentiated Tensor at index {position} appears to not have been used in the graph. Set "
                    f"allow_unused=True if this is the desired behavior.{errors.here()}"
                )
        elif not isinstance(g, Tensor):
            # Pass-through rules hand on the very array they were given: the caller must not share it with others.
            shared = any(g is other for other in found[:position]) or any(g is start for start in gradients)
            g = wrap(kind.namespace.copy(g) if shared else g, kind)
        answer.append(g)
    return dict(zip(inputs, answer, strict=True)) if isinstance(inputs, dict) else tuple(answer)


#: `ag.func.vmap` for passes through graphs, which puts itself here
vectorize: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None


def _batched(
    outputs: Sequence[Tensor | GradientEdge],
    roots: Sequence[Node],
    wanted: Sequence[Node],
    given: Sequence[Tensor | None],
    retain_graph: bool,
    create_graph: bool,
) -> list[Tensor | None]:
    """One pass for the whole batch in the first dimension of `given`."""
    assert vectorize is not None
    _check_batch(outputs, roots, given)
    present: list[int] = []

    def pull(*gradients: Tensor) -> tuple[Tensor, ...]:
        with modes.enable_grad():
            starts = _gradients(outputs, roots, gradients, True)
            found = engine.run(roots, starts, wanted=wanted, retain_graph=retain_graph, create_graph=True)
        present[:] = [position for position, g in enumerate(found) if g is not None]
        return tuple(found[position] for position in present)

    rows = vectorize(pull)(*given)
    result: list[Tensor | None] = [None] * len(wanted)
    for position, row in zip(present, rows, strict=True):
        result[position] = row if create_graph else wrap(row._array, row._type)
    return result


def _check_batch(
    outputs: Sequence[Tensor | GradientEdge], roots: Sequence[Node], given: Sequence[Tensor | None]
) -> None:
    if len(given) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(given)} gradients{errors.here()}")
    for position, (output, root, g) in enumerate(zip(outputs, roots, given, strict=True)):
        if not isinstance(g, Tensor):
            raise RuntimeError(f"is_grads_batched needs a gradient for every output{errors.here()}")
        shape, _ = _shape_and_type(output, root)
        if g._array.shape[1:] != shape or not g._array.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension. The "
                "sizes of the remaining dimensions are expected to match the shape of corresponding output, but a mismatch was "
                f"detected: grad_output[{position}] has a shape of {g.shape} and output[{position}] has a shape of "
                f"{list(shape)}. If you only want some tensors in `grad_output` to be considered batched, consider using "
                f"vmap.{errors.here()}"
            )
