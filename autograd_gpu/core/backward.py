"""Layer 2: `backward` and `grad`, the two ways into the engine, with their checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core import engine
from autograd_gpu.core.graph import Node, Tensor, node_of, wrap
from autograd_gpu.core.call import REGISTRY

Tensors = Tensor | Sequence[Tensor]


def _sequence(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, Tensor) or value is None else tuple(value)


def _roots(outputs: Sequence[Tensor]) -> list[Node]:
    roots: list[Node] = []
    for position, output in enumerate(outputs):
        node = node_of(output)
        if node is None:
            raise RuntimeError(
                f"element {position} of tensors does not require grad and does not have a grad_fn{errors.here()}"
            )
        roots.append(node)
    return roots


def _gradients(outputs: Sequence[Tensor], given: Sequence[Tensor | None], create_graph: bool) -> list[Any]:
    """The gradient to start from for each output, as the engine wants it."""
    if len(given) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(given)} gradients{errors.here()}")
    result: list[Any] = []
    for position, (output, g) in enumerate(zip(outputs, given, strict=True)):
        kind = output._type
        shape = output._array.shape
        if g is None:
            if output._array.size != 1:
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
            raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}{errors.here()}")
        elif g._array.shape != shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{position}] has a shape of {list(g._array.shape)} and output[{position}] "
                f"has a shape of {list(shape)}.{errors.here()}"
            )
        elif g._type.device is not kind.device:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, {g._type.device} and "
                f"{kind.device}! (grad_output[{position}] against output[{position}]){errors.here()}"
            )
        elif g._type is not kind:
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
    inputs: Tensors | None = None,
) -> None:
    """Add the gradients of `tensors` to the ``.grad`` of the leaves they were computed from.

    Args:
        tensors: one or several tensors of any shape.
        grad_tensors: for each of them the gradient to start from, of its shape; None (allowed for tensors with one
            element) means ones.
        retain_graph: keep what the graph kept, so that it can be gone through again (default: `create_graph`).
        create_graph: record the computation of the gradients, for derivatives of higher order.
        inputs: add gradients only to these tensors (leaves or not), not to all leaves.

    Raises:
        RuntimeError: if an output has no graph, if a gradient is missing or does not fit, if the graph was used up, or
            if an array that it kept was changed in place.

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> ag.autograd.backward((x * x).sum())
    >>> x.grad
    tensor([2., 4.])
    """
    outputs = _sequence(tensors)
    given = (None,) * len(outputs) if grad_tensors is None else _sequence(grad_tensors)
    keep_graph = create_graph if retain_graph is None else retain_graph
    roots = _roots(outputs)
    gradients = _gradients(outputs, given, create_graph)
    if inputs is None:
        engine.run(roots, gradients, retain_graph=keep_graph, create_graph=create_graph)
        return
    goals = _sequence(inputs)
    if not goals:
        raise RuntimeError(f"'inputs' argument to backward() cannot be empty.{errors.here()}")
    found = engine.run(
        roots, gradients, wanted=_wanted(goals), retain_graph=keep_graph, create_graph=create_graph
    )
    for goal, g in zip(goals, found, strict=True):
        if g is not None:
            engine.accumulate_into(goal, g, False, create_graph)


def _wanted(inputs: Sequence[Tensor]) -> list[Node]:
    wanted: list[Node] = []
    for position, tensor in enumerate(inputs):
        node = node_of(tensor)
        if node is None:
            raise RuntimeError(f"One of the differentiated Tensors does not require grad\n  it is input {position}{errors.here()}")
        wanted.append(node)
    return wanted


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The sum of gradients of `outputs` with respect to `inputs`, returned, with no ``.grad`` changed.

    Args:
        outputs: one or several tensors.
        inputs: one or several tensors that `outputs` were computed from, leaves or not.
        grad_outputs: the vector in the vector-Jacobian product; None means ones for outputs with one element.
        retain_graph: keep the graph for another pass (default: `create_graph`).
        create_graph: record the computation of the gradients, for derivatives of higher order.
        allow_unused: return None for inputs that the outputs do not depend on, instead of raising.
        is_grads_batched: the first dimension of `grad_outputs` is a batch; one gradient per entry, stacked.
        materialize_grads: return zeros instead of None.

    Raises:
        RuntimeError: as `backward`; and if an input was not used and `allow_unused` is not set.

    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> ag.autograd.grad(x ** 3, x)
    (tensor(27.),)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.")
    if allow_unused is None:
        allow_unused = materialize_grads
    results = _sequence(outputs)
    goals = _sequence(inputs)
    given = (None,) * len(results) if grad_outputs is None else _sequence(grad_outputs)
    keep_graph = create_graph if retain_graph is None else retain_graph
    roots = _roots(results)
    wanted = _wanted(goals)
    if is_grads_batched:
        return _batched(results, goals, given, keep_graph, create_graph, allow_unused, materialize_grads)
    gradients = _gradients(results, given, create_graph)
    found = engine.run(roots, gradients, wanted=wanted, retain_graph=keep_graph, create_graph=create_graph)
    answer: list[Tensor | None] = []
    for position, (goal, g) in enumerate(zip(goals, found, strict=True)):
        if g is None:
            if materialize_grads:
                g = wrap(goal._type.namespace.zeros(goal._array.shape, goal._type.numpy), goal._type)
            elif not allow_unused:
                raise RuntimeError(
                    f"The differentiated Tensor at index {position} appears to not have been used in the graph. Set "
                    f"allow_unused=True if this is the desired behavior.{errors.here()}"
                )
        elif not isinstance(g, Tensor):
            # Pass-through rules hand on the very array they were given: the caller must not share it with others.
            namespace = goal._type.namespace
            shared = any(g is other for other in found[:position]) or any(g is start for start in gradients)
            g = wrap(namespace.copy(g) if shared else g, goal._type)
        answer.append(g)
    return tuple(answer)


def _batched(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    given: Sequence[Tensor | None],
    retain_graph: bool,
    create_graph: bool,
    allow_unused: bool,
    materialize_grads: bool,
) -> tuple[Tensor | None, ...]:
    """One pass for each entry of the batch in `given`'s first dimension."""
    if any(g is None for g in given):
        raise RuntimeError(f"is_grads_batched needs a gradient for every output{errors.here()}")
    sizes = {len(g) for g in given if g is not None}
    if len(sizes) != 1:
        raise RuntimeError(f"is_grads_batched: the batch sizes of grad_outputs differ: {sorted(sizes)}{errors.here()}")
    (size,) = sizes
    rows = [
        grad(
            outputs, inputs, [g[index] for g in given if g is not None],
            retain_graph=retain_graph or index < size - 1, create_graph=create_graph,
            allow_unused=allow_unused, materialize_grads=materialize_grads,
        )
        for index in range(size)
    ]  # fmt: skip
    stack = REGISTRY["stack"].public
    return tuple(None if column[0] is None else stack(list(column)) for column in zip(*rows, strict=True))
