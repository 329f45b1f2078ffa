"""Derivatives of functions as functions: `grad`, `vjp`, `jvp`, `jacrev`, `jacfwd`, `hessian`, `linearize`.

A reverse transform calls the function on aliases of its inputs, so that only the way through the arguments counts. When
anything beyond those aliases wants gradients (an outer transform, a parameter), or anything watches ops (an outer
`vmap` or forward level), backward runs on tensors and its results keep their history; else on raw arrays.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core import engine, modes
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.forward import dual_level, make_dual, unpack_dual
from autograd_gpu.core.graph import INFERENCE, Leaf, Node, Tensor, alias_of, node_of, wrap
from autograd_gpu.core.leaves import LEAF, ONLY_FLOATING
from autograd_gpu.device import type_of
from autograd_gpu.func import trees
from autograd_gpu.func.vectorize import Vectorizer, into_the_innermost, pulled, vmap

Function = Callable[..., Any]
ArgNums = int | tuple[int, ...]


# -- levels of differentiation -------------------------------------------------------------------------------------------


def _argument(value: Any) -> Tensor:
    """An input as the function under a reverse transform sees it: it wants a gradient, for this transform alone."""
    if not isinstance(value, Tensor):
        raise ValueError(f"Thing passed to transform API must be Tensor, got {type(value)}")
    if not value._type.differentiable:
        raise RuntimeError(f"{ONLY_FLOATING}; this one is {value._type.dtype}{errors.here()}")
    twin: Tensor = REGISTRY["alias"].apply(into_the_innermost(value))
    twin._view = None  # in-place changes are this transform's own affair
    if twin._changes is INFERENCE:  # for others; what is recorded here may keep it
        twin._changes = [0]
    if twin._node is None:
        twin._node = Leaf(twin, LEAF)
    return twin


def _depends_beyond(roots: Sequence[Node | None], own: Sequence[Tensor]) -> bool:
    """Whether something else than the transform's own arguments wants gradients from these nodes."""
    arguments = {
        tensor._node.sequence for tensor in own if tensor._node is not None and tensor._node.__class__ is Leaf
    }
    seen: set[int] = set()
    stack = [node for node in roots if node is not None]
    while stack:
        node = stack.pop()
        if node.sequence in seen:
            continue
        seen.add(node.sequence)
        if isinstance(node, Leaf) and node.sequence not in arguments and node.tensor() is not None:
            return True  # (the leaf of a tensor that is gone collects nothing)
        stack.extend(edge for edge in node.edges if edge is not None)
    return False


def released(value: Any, own: Sequence[Tensor], recording: bool = True) -> Any:
    """A result as the outside sees it: without history unless something outside has a part in it, and is recording."""
    if not isinstance(value, Tensor):
        return value
    node = node_of(value)
    if node is None or (recording and _depends_beyond([node], own)):
        return value
    twin = alias_of(value)
    twin._node = None
    tangents = value.__dict__.get("_tangents")
    if tangents:
        twin.__dict__["_tangents"] = tangents
    return twin


def _released_aux(aux: Any, own: Sequence[Tensor], recording: bool) -> Any:
    """What a function returns beside its result, as the outside sees it."""
    _check_aux(aux)
    return trees.map_leaves(lambda leaf: released(leaf, own, recording), aux)


def _check_aux(aux: Any) -> None:
    for leaf in trees.flatten(aux)[0]:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(leaf)}{errors.here()}")


def _zeros_like(tensor: Tensor) -> Tensor:
    return wrap(tensor._type.namespace.zeros(tensor._array.shape, tensor._type.numpy))


def _pull(
    outputs: Sequence[Tensor],
    own: Sequence[Tensor],
    cotangents: Sequence[Tensor],
    retain_graph: bool,
    recording: bool,
) -> list[Tensor]:
    """Gradients of the transform's arguments, zeros where there are none."""
    pairs = [(out, g) for out, g in zip(outputs, cotangents, strict=True) if node_of(out) is not None]
    roots = [node for node in (node_of(out) for out, _ in pairs) if node is not None]
    beyond = recording and (_depends_beyond(roots, own) or any(node_of(g) is not None for _, g in pairs))
    watching = modes.local.interceptors
    in_batches = bool(watching) and all(isinstance(each, Vectorizer) for each in watching)
    on_tensors = beyond or (bool(watching) and not in_batches)
    with modes.within_reverse_pass():
        found = engine.run(
            roots,
            [g if on_tensors else g._array for _, g in pairs],
            wanted=[tensor._node for tensor in own if tensor._node is not None],
            retain_graph=retain_graph or on_tensors,
            create_graph=on_tensors,
            recording=beyond,
            within=pulled if in_batches and not on_tensors else None,
        )
        held = {id(start._array) for _, start in pairs}  # by others than the result
        results: list[Tensor] = []
        for tensor, g in zip(own, found, strict=True):
            if g is None:
                results.append(_zeros_like(tensor))
            elif isinstance(g, Tensor):
                results.append(g if beyond else released(g, own))
            else:
                results.append(wrap(type_of(g).namespace.copy(g) if id(g) in held else g))
                held.add(id(g))
    return results


# -- argnums -------------------------------------------------------------------------------------------------------------


def _position(argnum: Any, count: int) -> int:
    if not isinstance(argnum, int):
        raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
    if not -count <= argnum < count:
        raise RuntimeError(f"Got argnum={argnum}, but only {count} positional inputs")
    return argnum % count


def _positions(argnums: Any, count: int) -> list[int]:
    if isinstance(argnums, int):
        return [_position(argnums, count)]
    if not isinstance(argnums, tuple):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    if not argnums:
        raise RuntimeError("argnums must be non-empty")
    found = [_position(argnum, count) for argnum in argnums]
    if len(set(found)) != len(found):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return found


def _chosen(args: tuple[Any, ...], argnums: ArgNums) -> Any:
    found = [args[position] for position in _positions(argnums, len(args))]
    return found[0] if isinstance(argnums, int) else tuple(found)


def _replaced(args: tuple[Any, ...], argnums: ArgNums, new: Any) -> tuple[Any, ...]:
    result = list(args)
    members = (new,) if isinstance(argnums, int) else new
    for position, value in zip(_positions(argnums, len(args)), members, strict=True):
        result[position] = value
    return tuple(result)


# -- reverse mode --------------------------------------------------------------------------------------------------------


def grad(func: Function, argnums: ArgNums = 0, has_aux: bool = False) -> Function:
    """The function that computes the gradient of `func` with respect to an argument.

    Args:
        func: returns a real or complex tensor with one element; with `has_aux` a pair of it and anything else.
        argnums: the argument(s) to differentiate by: a number, or a tuple of them (then gradients come as a tuple).
            Arguments may be nested containers of tensors.
        has_aux: return ``(gradient, aux)``.

    Raises:
        RuntimeError: if `func` does not return a tensor without dimensions.

    >>> ag.func.grad(ag.func.grad(ag.sin))(ag.tensor(0.5))
    tensor(-0.4794)
    """
    value_too = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func, updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = value_too(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(func: Function, argnums: ArgNums = 0, has_aux: bool = False) -> Function:
    """Like `grad`, but the function returns ``(gradient, value)``, or ``(gradient, (value, aux))`` with `has_aux`.

    >>> ag.func.grad_and_value(lambda x: x * x)(ag.tensor(3.0))
    (tensor(6.), tensor(9.))
    """

    @functools.wraps(func, updated=())
    def gradient_and_value(*args: Any, **kwargs: Any) -> Any:
        recording = modes.is_grad_enabled()
        with modes.within_reverse_transform():
            leaves, structure = trees.flatten(_chosen(args, argnums))
            own = [_argument(leaf) for leaf in leaves]
            output = func(*_replaced(args, argnums, trees.unflatten(own, structure)), **kwargs)
            aux = None
            if has_aux:
                if not (isinstance(output, tuple) and len(output) == 2):
                    raise RuntimeError(
                        "grad_and_value(f)(*args): output of function f should be a tuple: (output, aux) if has_aux is True"
                    )
                output, aux = output
            if not isinstance(output, Tensor):
                raise RuntimeError(
                    f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(output)}"
                )
            if output._array.ndim != 0:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                    f"{output._array.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
                )
            kind = output._type
            one = wrap(kind.namespace.ones((), kind.numpy))
        found = _pull([output], own, [one], False, recording)
        result = trees.unflatten(found, structure)
        value = released(output, own, recording)
        if has_aux:
            return result, (value, _released_aux(aux, own, recording))
        return result, value

    return gradient_and_value


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The value of `func`, and the function that multiplies a vector with its Jacobian from the left.

    Args:
        func: takes and returns (nested containers of) tensors; with `has_aux` returns a pair of those and anything else.
        primals: where to compute.

    Returns:
        ``(output, vjp_fn)``, or ``(output, vjp_fn, aux)``. ``vjp_fn(cotangents)`` takes a nesting like the output's and
        returns a tuple with one entry per primal; it may be called any number of times.

    >>> output, vjp_fn = ag.func.vjp(lambda x: x ** 2, ag.tensor([1.0, 2.0]))
    >>> vjp_fn(ag.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    return _vjp(func, primals, None, has_aux)


def _vjp(func: Function, primals: tuple[Any, ...], argnums: ArgNums | None, has_aux: bool) -> Any:
    recorded = modes.is_grad_enabled()
    with modes.within_reverse_transform():
        chosen = primals if argnums is None else _chosen(primals, argnums)
        leaves, structure = trees.flatten(chosen)
        own = [_argument(leaf) for leaf in leaves]
        inputs = trees.unflatten(own, structure)
        output = func(*(inputs if argnums is None else _replaced(primals, argnums, inputs)))
        aux = None
        if has_aux:
            if not (isinstance(output, tuple) and len(output) == 2):
                raise RuntimeError(
                    "vjp(f, *primals): output of function f should be a tuple: (output, aux) if has_aux is True"
                )
            output, aux = output
        outputs, shape = trees.flatten(output)
        _check_outputs(outputs, output, "vjp(f, *primals)")
        for each in outputs:
            if not each._type.differentiable:
                raise RuntimeError(
                    "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype "
                    f"{each._type.dtype}"
                )

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given, found_shape = trees.flatten(cotangents)
        if found_shape != shape:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
                f"cotangents: {found_shape}, primal output: {shape}"
            )
        for position, (g, out) in enumerate(zip(given, outputs, strict=True)):
            if g._array.shape != out._array.shape:
                raise RuntimeError(
                    f"Mismatch in shape: grad_output[{position}] has a shape of {list(g._array.shape)} and output[{position}] "
                    f"has a shape of {list(out._array.shape)}.{errors.here()}"
                )
        recording = modes.is_grad_enabled() if create_graph is None else create_graph
        return trees.unflatten(_pull(outputs, own, given, retain_graph, recording), structure)

    result = trees.unflatten([released(each, own, recorded) for each in outputs], shape)
    if has_aux:
        return result, vjp_fn, _released_aux(aux, own, recorded)
    return result, vjp_fn


def _check_outputs(outputs: list[Any], output: Any, api: str) -> None:
    if not outputs:
        raise RuntimeError(
            f"{api}: Expected f to be a function that has non-empty output (got output = {output})"
        )
    for each in outputs:
        if not isinstance(each, Tensor):
            raise RuntimeError(
                f"{api}: expected f(*primals) to return only tensors, got unsupported type {type(each)}"
            )


# -- forward mode --------------------------------------------------------------------------------------------------------


def jvp(func: Function, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """The value of `func` and its derivative in a direction, computed together in forward mode.

    Args:
        func: takes and returns (nested containers of) tensors.
        primals: a tuple of the arguments.
        tangents: the direction: a tuple of the same nesting and shapes.
        strict: raise if an output does not depend on the inputs, instead of returning zeros.
        has_aux: `func` returns a pair ``(output, aux)``, and so does this a third value.

    Returns:
        ``(output, tangent)``, or ``(output, tangent, aux)``.

    >>> ag.func.jvp(ag.sin, (ag.tensor(0.0),), (ag.tensor(2.0),))
    (tensor(0.), tensor(2.))
    """
    return _jvp(func, primals, tangents, None, strict, has_aux)


def _jvp(
    func: Function, primals: Any, tangents: Any, argnums: ArgNums | None, strict: bool, has_aux: bool
) -> Any:
    api = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{api}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    chosen = primals if argnums is None else _chosen(primals, argnums)
    if isinstance(argnums, int):
        chosen = (chosen,)
    leaves, structure = trees.flatten(chosen)
    directions, given = trees.flatten(tangents)
    if structure != given:
        raise RuntimeError(
            f"{api}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 "
            f"tensors, tangents also must be. Got primals with structure {structure} and tangents with structure {given}"
        )
    for name, values in (("primals", leaves), ("tangents", directions)):
        if not values:
            raise RuntimeError(f"{api}: Expected {name} to be non-empty")
        for value in values:
            if not isinstance(value, Tensor):
                raise RuntimeError(f"{api}: Expected {name} to contain only tensors, got {type(value)}")
    # What rules need inside (see core/forward.py) must be recorded wherever others watch, whatever the grad mode is.
    recording = modes.is_grad_enabled()
    watched = bool(modes.local.interceptors)
    with modes.set_grad_enabled(recording or watched), modes.within_transforms(), dual_level() as level:
        duals = [make_dual(p, t, level) for p, t in zip(leaves, directions, strict=True)]
        inputs = trees.unflatten(duals, structure)
        if argnums is None:
            output = func(*inputs)
        else:
            output = func(*_replaced(primals, argnums, inputs[0] if isinstance(argnums, int) else inputs))
        aux = None
        if has_aux:
            if not (isinstance(output, tuple) and len(output) == 2):
                raise RuntimeError(
                    f"{api}: output of function f should be a tuple: (output, aux) if has_aux is True"
                )
            output, aux = output
        outputs, shape = trees.flatten(output)
        _check_outputs(outputs, output, api)
        values, moved = [], []
        for each in outputs:
            value, tangent = unpack_dual(each, level)
            if tangent is None and strict:
                raise RuntimeError(
                    "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed "
                    "with strict=True."
                )
            values.append(released(value, ()))
            moved.append(_zeros_like(value) if tangent is None else released(tangent, ()))
        if has_aux:
            _check_aux(aux)
            aux = trees.map_leaves(lambda leaf: unpack_dual(leaf, level)[0], aux)
    result = trees.unflatten(values, shape), trees.unflatten(moved, shape)
    return (*result, aux) if has_aux else result


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """The value of `func` at a point, and the linear function that is its derivative there.

    The derivative is kept as the graph of the vector-Jacobian product, whose own transpose is applied to tangents: `func`
    itself runs once.

    >>> output, derivative = ag.func.linearize(lambda x: x ** 3, ag.tensor(2.0))
    >>> derivative(ag.tensor(1.0))
    tensor(12.)
    """
    with modes.within_reverse_transform():
        leaves, structure = trees.flatten(primals)
        own = [_argument(leaf) for leaf in leaves]
        output = func(*trees.unflatten(own, structure))
        outputs, shape = trees.flatten(output)
        _check_outputs(outputs, output, "linearize(f, *primals)")
        cotangents = [_argument(_zeros_like(each)) for each in outputs]
        attached = [(out, g) for out, g in zip(outputs, cotangents, strict=True) if node_of(out) is not None]
        rows = engine.run(
            [node for node in (node_of(out) for out, _ in attached) if node is not None],
            [g for _, g in attached],
            wanted=[tensor._node for tensor in own if tensor._node is not None],
            retain_graph=True,
            create_graph=True,
        )

    def derivative(*tangents: Any) -> Any:
        directions, given = trees.flatten(tangents)
        if given != structure:
            raise RuntimeError(
                f"Expected the tangents {given} to have the same argspec as the primals {structure}"
            )
        for position, (direction, leaf) in enumerate(zip(directions, leaves, strict=True)):
            if direction._array.shape != leaf._array.shape:
                raise RuntimeError(
                    f"tangent:{position} with shape {direction.shape} in flattened pytree doesn't match the shape "
                    f"{leaf.shape} of the corresponding primal.{errors.here()}"
                )
            for what, given_one, wanted in (
                ("device", direction._type.device, leaf._type.device),
                ("dtype", direction._type.dtype, leaf._type.dtype),
            ):
                if given_one is not wanted:
                    raise RuntimeError(
                        f"tangent:{position} with {what} {given_one} in flattened pytree doesn't match the {what} {wanted} of "
                        f"the corresponding primal.{errors.here()}"
                    )
        pairs = [
            (row, t)
            for row, t in zip(rows, directions, strict=True)
            if row is not None and node_of(row) is not None
        ]
        found = _pull(
            [row for row, _ in pairs], cotangents, [t for _, t in pairs], True, modes.is_grad_enabled()
        )
        kept = [*own, *cotangents]
        return trees.unflatten([released(each, kept) for each in found], shape)

    return trees.unflatten([released(each, own) for each in outputs], shape), derivative


# -- Jacobians -----------------------------------------------------------------------------------------------------------


def _refuse_complex(api: str, values: Sequence[Any], what: str) -> None:
    for position, value in enumerate(values):
        if isinstance(value, Tensor) and value._type.is_complex:
            raise RuntimeError(
                f"{api}: Expected all {what} to be real but received complex tensor at flattened input idx: {position}"
            )


def _basis(tensors: Sequence[Tensor], chunk: int | None) -> Iterator[list[Tensor]]:
    """The unit vectors of the space that the tensors span together, some at a time: (vectors, *shape) for each tensor."""
    sizes = [int(tensor._array.size) for tensor in tensors]
    total = sum(sizes)
    step = total if chunk is None else min(chunk, total)
    for start in range(0, total, max(step, 1)):
        rows = min(step, total - start)
        result, offset = [], 0
        for tensor, size in zip(tensors, sizes, strict=True):
            namespace = tensor._type.namespace
            plain = getattr(
                namespace, "base", namespace
            )  # unit vectors are the same for all examples of an outer vmap
            block = plain.zeros((rows, size), tensor._type.numpy)
            first = max(start, offset)
            count = min(start + rows, offset + size) - first
            if count > 0:
                place = (
                    slice(first - start, first - start + count),
                    slice(first - offset, first - offset + count),
                )
                plain.setitem(block, place, plain.eye(count, count, tensor._type.numpy))
            result.append(wrap(plain.reshape(block, (rows, *tensor._array.shape))))
            offset += size
        yield result


def _over_basis(
    function: Function, tensors: Sequence[Tensor], chunk: int | None, randomness: str
) -> list[Tensor]:
    """The results (a flat list) of `function` for all unit vectors, stacked."""
    parts: list[list[Tensor]] = []
    for basis in _basis(tensors, chunk):
        if chunk == 1:
            parts.append([each.unsqueeze(0) for each in function(*(each.squeeze(0) for each in basis))])
        else:
            parts.append(list(vmap(function, randomness=randomness)(*basis)))
    if len(parts) == 1:
        return parts[0]
    cat = REGISTRY["cat"].public
    return [cat(list(column), 0) for column in zip(*parts, strict=True)]


def jacrev(
    func: Function, argnums: ArgNums = 0, *, has_aux: bool = False, chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Function:  # fmt: skip
    """The function that computes the Jacobian of `func` row by row in reverse mode, all rows at once.

    For an output of shape S and an argument of shape T the Jacobian has shape S + T; outputs and arguments may be nested
    (the nesting of the arguments is inside that of the outputs).

    Args:
        func: returns (a nesting of) real tensors; with `has_aux` a pair of those and anything else.
        argnums: the argument(s) to differentiate by; with a tuple, Jacobians come as tuples.
        has_aux: return ``(jacobian, aux)``.
        chunk_size: how many rows to compute at once, to save memory; None for all.

    Raises:
        RuntimeError: for complex inputs or outputs.

    >>> ag.func.jacrev(lambda x: x ** 2)(ag.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func, updated=())
    def jacobian(*args: Any) -> Any:
        _refuse_complex("jacrev", trees.flatten(args)[0], "inputs")
        found = _vjp(func, args, argnums, has_aux)
        output, vjp_fn = found[:2]
        outputs, shape = trees.flatten(output)
        _refuse_complex("jacrev", outputs, "outputs")
        inputs, structure = trees.flatten(_chosen(args, argnums))

        def row(*cotangents: Tensor) -> tuple[Tensor, ...]:
            return tuple(trees.flatten(vjp_fn(trees.unflatten(cotangents, shape)))[0])

        rows = _over_basis(row, outputs, chunk_size, "error")
        sizes = [int(each._array.size) for each in outputs]
        columns = [
            [
                part.reshape((*out.shape, *value.shape))
                for part, out in zip(stacked.split(sizes, 0), outputs, strict=True)
            ]
            for stacked, value in zip(rows, inputs, strict=True)
        ]
        result = trees.unflatten(
            [trees.unflatten([column[i] for column in columns], structure) for i in range(len(outputs))],
            shape,
        )
        return (result, found[2]) if has_aux else result

    return jacobian


def jacfwd(
    func: Function,
    argnums: ArgNums = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    randomness: str = "error",
) -> Function:
    """The function that computes the Jacobian of `func` column by column in forward mode, all columns at once.

    Shapes, nesting and arguments are those of `jacrev`; this is the better choice where outputs are larger than inputs.

    Args:
        chunk_size: how many columns to compute at once, to save memory; None for all.
        randomness: what random ops in `func` do; see `vmap`.

    Raises:
        RuntimeError: for complex inputs or outputs.

    >>> ag.func.jacfwd(lambda x: x ** 2)(ag.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacfwd: `chunk_size` should be greater than 0.")

    @functools.wraps(func, updated=())
    def jacobian(*args: Any) -> Any:
        _refuse_complex("jacfwd", trees.flatten(args)[0], "inputs")
        chosen = _chosen(args, argnums)
        inputs, structure = trees.flatten(chosen if isinstance(argnums, tuple) else (chosen,))
        seen: dict[str, Any] = {}

        def column(*tangents: Tensor) -> tuple[Tensor, ...]:
            found = _jvp(func, args, trees.unflatten(tangents, structure), argnums, False, has_aux)
            outputs, seen["shape"] = trees.flatten(found[1])
            _refuse_complex("jacfwd", outputs, "outputs")
            if has_aux:
                leaves, seen["aux"] = trees.flatten(found[2])
                seen["count"] = len(outputs)
                return (*outputs, *leaves)
            return tuple(outputs)

        columns = _over_basis(column, inputs, chunk_size, randomness)
        aux = None
        if has_aux:
            aux = trees.unflatten([leaf[0] for leaf in columns[seen["count"] :]], seen["aux"])
            columns = columns[: seen["count"]]
        sizes = [int(each._array.size) for each in inputs]
        blocks = []
        for stacked in columns:
            parts = [
                part.movedim(0, -1).reshape((*part.shape[1:], *value.shape))
                for part, value in zip(stacked.split(sizes, 0), inputs, strict=True)
            ]
            block = trees.unflatten(parts, structure)
            blocks.append(block if isinstance(argnums, tuple) else block[0])
        result = trees.unflatten(blocks, seen["shape"])
        return (result, aux) if has_aux else result

    return jacobian


def hessian(func: Function, argnums: ArgNums = 0) -> Function:
    """The function that computes the matrix of second derivatives: forward mode over reverse mode.

    For an argument of shape T (and a result without dimensions) it has shape T + T; with a tuple of `argnums` it is a
    tuple of tuples.

    >>> ag.func.hessian(lambda x: (x ** 3).sum())(ag.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
