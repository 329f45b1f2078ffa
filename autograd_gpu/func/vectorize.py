"""`vmap`: a function of one example becomes a function of a batch of them.

While the function runs, a `Vectorizer` sees its op calls. It brings operands that do not vary into the batch (so that
what they get back in backward is summed over it) and lets the call go on, to outer transforms and then to the arrays,
where `batched.py` takes over. Three linear ops lead in and out; they are recorded like others, so derivatives may be
taken outside a `vmap`, inside it, or across it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

from autograd_gpu import dtypes, errors
from autograd_gpu.core import backward, engine, modes
from autograd_gpu.core.call import REGISTRY, compute, constant, operand, prepare, record
from autograd_gpu.core.graph import INFERENCE, Node, Tensor, wrap
from autograd_gpu.core.inplace import adopt, check_writable
from autograd_gpu.core.op import Op, TensorNamespace, tensor_namespace
from autograd_gpu.device import ArrayType, type_for
from autograd_gpu.func import (
    index_rules as _index_rules,  # noqa: F401 - puts its rules beside the others
    trees,
)
from autograd_gpu.func.batched import (
    Array,
    Batch,
    BatchedArray,
    BatchedNamespace,
    grown,
    inside,
    is_array,
    lifted,
)
from autograd_gpu.func.custom import apply_function
from autograd_gpu.func.rules import RANDOM

# -- into the batch and out of it ----------------------------------------------------------------------------------------


# (A graph that was recorded in one batch may be pulled within a later one. Then that one's dimension comes first, and what
# passes the boundary is inside.)


def _enter(F: Any, input: Array, *, batch: Batch, dim: int) -> Array:
    if _is_deeper(input, batch):
        return BatchedArray(_enter(F, input.value, batch=batch, dim=dim + 1), input.batch)
    return BatchedArray(moved(input, dim, 0), batch)


def _leave(F: Any, input: Array, *, batch: Batch, dim: int) -> Array:
    if _is_deeper(input, batch):
        return BatchedArray(_leave(F, input.value, batch=batch, dim=dim + 1), input.batch)
    return moved(grown(batch, lifted(batch, input)), 0, dim)


def _lift(F: Any, input: Array, *, batch: Batch) -> Array:
    if _is_deeper(input, batch):
        return BatchedArray(_lift(F, input.value, batch=batch), input.batch)
    return lifted(batch, input)


def _gather(F: Any, input: Array, *, batch: Batch) -> Array:
    if _is_deeper(input, batch):
        return BatchedArray(_gather(F, input.value, batch=batch), input.batch)
    array = lifted(batch, input)
    value = array.value
    if value.shape[0] == batch.size:
        return inside(value).sum(value, dim=0)
    return inside(value).select(value, 0, 0) * batch.size


def _is_deeper(array: Array, batch: Batch) -> bool:
    """Whether an array is part of a batch that was started after another one."""
    return isinstance(array, BatchedArray) and array.batch.number > batch.number


def moved(array: Array, source: int, target: int) -> Array:
    """The array with one dimension moved."""
    if source == target:
        return array
    order = [d for d in range(len(array.shape)) if d != source]
    order.insert(target, source)
    return inside(array).permute(array, tuple(order))


def _boundary(body: Callable[..., Any], name: str) -> Op:
    body.__name__ = name
    return Op(
        body, "linear", promote="none", out="infer", outputs=("out",), saves=(),
        holomorphic=True, fused=False, grad_name=None, register=False,
    )  # fmt: skip


ENTER = _boundary(_enter, "vmap_enter")
LEAVE = _boundary(_leave, "vmap_leave")
LIFT = _boundary(_lift, "vmap_lift")
GATHER = _boundary(_gather, "vmap_gather")
_BOUNDARIES = {op.name: op for op in (ENTER, LEAVE, LIFT, GATHER)}


def cross(op: Op, value: Any, **params: Any) -> Any:
    """Through a boundary: a tensor as any op would, a raw array at once."""
    if not isinstance(value, Tensor):
        return op.body(None, value, **params)
    if value._node is None and value._view is None and not modes.local.interceptors:  # nothing to record
        return wrap(op.body(None, value._array, **params))
    known = value._type.namespace.__dict__
    if op.name not in known:  # arrays of other kinds than batches are not told of these ops
        known[op.name] = partial(op.body, None)
    return _call(op, [value], params)


ENTER.rule(input=lambda F, g, *, batch, dim: cross(LEAVE, g, batch=batch, dim=dim))
LEAVE.rule(input=lambda F, g, *, batch, dim: cross(ENTER, g, batch=batch, dim=dim))
LIFT.rule(input=lambda F, g, *, batch: cross(GATHER, g, batch=batch))
GATHER.rule(input=lambda F, g, *, batch: cross(LIFT, g, batch=batch))
for _op in _BOUNDARIES.values():
    delattr(TensorNamespace, _op.name)  # nobody looks them up
    setattr(BatchedNamespace, _op.name, staticmethod(partial(_op.body, None)))


def _call(op: Op, tensors: Sequence[Tensor | None], params: dict[str, Any]) -> Any:
    """A call whose inputs are prepared, seen by the remaining interceptors."""
    if modes.local.interceptors:
        return modes.local.interceptors[-1](op, tensors, params)
    namespace = next(t for t in tensors if t is not None)._type.namespace
    arrays = [None if t is None else t._array for t in tensors]
    return record(op, tensors, arrays, compute(op, namespace, tensors, arrays, params), params)


# -- while the function runs ---------------------------------------------------------------------------------------------

RANDOMNESS = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' randomness "
    "flags on vmap or perform the randomness operation out of vmap"
)


class Vectorizer:
    """The interceptor of one `vmap`."""

    def __init__(self, batch: Batch, lenient: bool) -> None:
        self.batch = batch
        #: whether every Function may run on batches, whatever it says of itself
        self.lenient = lenient
        #: id of a constant -> it (so that the id stays its own), and what it is in the batch
        self._constants: dict[int, tuple[Tensor, Tensor]] = {}

    def batched(self, value: Any) -> bool:
        if not isinstance(value, Tensor):
            return False
        array = value._array
        return array.__class__ is BatchedArray and array.batch is self.batch

    def __call__(self, op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        """A call that this one, the last of the thread's interceptors, is the first to see."""
        concerned = False
        if op.name not in _BOUNDARIES:
            differs = self.batch.randomness == "different" and self._draws(op, params)
            concerned = differs or any(self.batched(value) for value in inputs)
            if concerned and op.fused and op.name not in RANDOM:
                device = next(t for t in inputs if isinstance(t, Tensor))._type.device
                result = op.body(tensor_namespace(device), *inputs, **params)
                return result[0] if op.saves else result
            inputs = self._prepared(op, inputs)
        interceptors = modes.local.interceptors
        interceptors.pop()
        try:
            if concerned:
                inputs = [t if t is None or self._inside(t) else self._lifted(t) for t in inputs]
            return _call(op, inputs, params)
        finally:
            interceptors.append(self)

    # -- for `autograd.Function` --

    def apply_function(self, *call: Any) -> Any:
        """See `func/custom.py`."""
        return apply_function(self, *call)

    def holds(self, type: ArrayType) -> bool:
        """Whether arrays of this type are part of the batch."""
        return isinstance(type.namespace, BatchedNamespace) and type.namespace.batch is self.batch

    def lifted(self, tensor: Tensor) -> Tensor:
        """A tensor as part of the batch."""
        return tensor if self._inside(tensor) else self._crossed(self._lifted, tensor)

    def left(self, tensor: Tensor) -> Tensor:
        """A part of the batch as the whole, with the batch in front."""
        return self._crossed(lambda value: cross(LEAVE, value, batch=self.batch, dim=0), tensor)

    def entered(self, tensor: Tensor, dim: int) -> Tensor:
        """The inverse of `left`."""
        place = dim % max(tensor._array.ndim, 1)
        return self._crossed(lambda value: cross(ENTER, value, batch=self.batch, dim=place), tensor)

    def _crossed(self, crossing: Callable[[Tensor], Tensor], tensor: Tensor) -> Tensor:
        """Out of this vectorizer's own sight."""
        interceptors = modes.local.interceptors
        if self not in interceptors:
            return crossing(tensor)
        position = interceptors.index(self)
        del interceptors[position]
        try:
            return crossing(tensor)
        finally:
            interceptors.insert(position, self)

    def _lifted(self, tensor: Tensor) -> Tensor:
        """A tensor that does not vary as part of the batch; constants (host scalars on all devices) become arrays once."""
        if is_array(tensor._array):
            return cross(LIFT, tensor, batch=self.batch)  # type: ignore[no-any-return]
        found = self._constants.get(id(tensor))
        if found is None:
            array = tensor._type.namespace.asarray(tensor._array)
            found = self._constants[id(tensor)] = (tensor, wrap(lifted(self.batch, array)))
        return found[1]

    def _inside(self, tensor: Tensor) -> bool:
        """Whether a tensor is in this batch, or in one that was started within it."""
        array = tensor._array
        return array.__class__ is BatchedArray and array.batch.number >= self.batch.number

    def draw(self) -> None:
        """Somebody wants random numbers.

        Raises:
            RuntimeError: if this `vmap` does not allow it.
        """
        if self.batch.randomness == "error":
            raise RuntimeError(RANDOMNESS + errors.here())

    def varied(self, type: ArrayType) -> ArrayType:
        """The type of new random arrays of a type."""
        if self.batch.randomness == "same" or (
            isinstance(type.namespace, BatchedNamespace)
            and (type.namespace.batch.number >= self.batch.number)
        ):
            return type
        return self.batch.type_of(type)

    def _draws(self, op: Op, params: dict[str, Any]) -> bool:
        return op.name in RANDOM or (op.name == "attention" and params.get("dropout_p", 0) > 0)

    def _prepared(self, op: Op, inputs: Sequence[Any]) -> list[Any]:
        """What `core.call.prepare` does, knowing that arrays of one dtype may differ in their batches."""
        first = inputs[0] if inputs else None
        if isinstance(first, Tensor) and (op.promote != "float" or first._type.differentiable):
            kind = first._type
            for other in inputs:
                if not (
                    isinstance(other, Tensor)
                    and other._type.dtype is kind.dtype
                    and other._type.device is kind.device
                ):
                    break
            else:
                return list(inputs)
        regular = (Tensor, bool, int, float, complex)
        if (
            op.promote == "none"
            or not all(isinstance(v, regular) for v in inputs if v is not None)
            or None in inputs[:1]
        ):
            return prepare(op, inputs)
        if any(
            v is None and op.inputs[i] not in op.optional for i, v in enumerate(inputs) if i < len(op.inputs)
        ):
            return prepare(op, inputs)
        devices = {v._type.device for v in inputs if isinstance(v, Tensor)}
        if len(devices) != 1:
            return prepare(op, inputs)
        dtype = dtypes.result_type(*(operand(value) for value in inputs if value is not None))
        if op.promote == "float" and dtype.category < dtypes.FLOAT:
            dtype = dtypes.get_default_dtype()
        target = type_for(dtype, devices.pop())
        tensors: list[Any] = []
        for value in inputs:
            if value is None or (isinstance(value, Tensor) and value._type.dtype is dtype):
                tensors.append(value)
            elif isinstance(value, Tensor):
                tensors.append(REGISTRY["cast"].apply(value, dtype=target.numpy))
            else:
                tensors.append(constant(target, value))
        return tensors


def pulled(
    node: Node, edges: Sequence[Node | None], pull: Any, g: Any, kept: Any
) -> tuple[Any, Sequence[Any]]:
    """Raw gradients through a node (see `engine.run`), in the innermost batch that they or the node are part of: this is all
    that backward within `vmap` takes where nobody but vectorizers watches ops, and nothing is differentiated further."""
    given = g if isinstance(g, list) else (g,)
    namespace = node.type.namespace
    depth = namespace.batch.number if isinstance(namespace, BatchedNamespace) else 0
    for each in given:
        if isinstance(each, BatchedArray) and each.batch.number > depth:
            namespace, depth = each.namespace, each.batch.number
    op = node.op
    if not isinstance(op, Op) or (op.fused and namespace is not node.type.namespace):
        tensors = [None if each is None else wrap(each) for each in given]
        on_tensors = tensors if isinstance(g, list) else tensors[0]
        results = engine.differentiable_pull(
            node, edges, pull, tensor_namespace(node.type.device), on_tensors, kept
        )
        return namespace, [each._array if isinstance(each, Tensor) else each for each in results]
    if pull.variant == "blocks":
        pull = op.pull(pull.recorded, pull.needed)
    return namespace, pull(namespace, g, kept, node.params)


def into_the_innermost(value: Tensor) -> Tensor:
    """A tensor as part of the innermost batch, where each example's gradient with respect to it is its own."""
    for interceptor in reversed(modes.local.interceptors):
        if isinstance(interceptor, Vectorizer):
            if interceptor.batched(value):
                return value
            lifted_value: Tensor = cross(LIFT, value, batch=interceptor.batch)
            return lifted_value
    return value


# -- the function users call ---------------------------------------------------------------------------------------------


def name_of(func: Any) -> str:
    """What to call a function in messages."""
    if hasattr(func, "__name__"):
        return str(func.__name__)
    if isinstance(func, functools.partial):
        return f"functools.partial({name_of(func.func)}, ...)"
    return repr(func)


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that applies `func` to each example of a batch, computing all of them at once.

    Inside `func` tensors look like one example: their shapes lack the batch dimension. Ops without a batching rule run
    example by example, with one warning per op. Nests with itself and with `grad`, `jacrev` and the others.

    Args:
        func: takes tensors (in nested tuples, lists and dictionaries, too), returns tensors.
        in_dims: which dimension of each input is the batch; None for inputs that all examples share. One value for
            all, or a nesting like that of the inputs.
        out_dims: where the batch goes in each output; None for outputs that do not depend on the example.
        randomness: what random ops do: "error", draw "different" numbers for each example, or the "same" for all.
        chunk_size: how many examples to compute at once, to save memory; None for all.

    Raises:
        ValueError: when `in_dims` or `out_dims` do not fit, or batch sizes differ.
        RuntimeError: inside `func`, for `.item()`, `bool()` and results whose shapes depend on values.

    >>> dot = ag.func.vmap(lambda a, b: (a * b).sum())
    >>> dot(ag.ones(2, 3), ag.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    tensor([ 6., 15.])
    >>> ag.func.vmap(ag.func.grad(lambda x: x ** 3))(ag.tensor([1.0, 2.0]))
    tensor([ 3., 12.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    return _vmap(func, in_dims, out_dims, randomness, chunk_size, lenient=False)


def passes(func: Callable[..., Any]) -> Callable[..., Any]:
    """`vmap` for passes through a graph, which was recorded by then: no business of functions that refuse transforms."""
    return _vmap(func, 0, 0, "error", None, lenient=True)


def _vmap(
    func: Callable[..., Any],
    in_dims: Any,
    out_dims: Any,
    randomness: str,
    chunk_size: int | None,
    lenient: bool,
) -> Callable[..., Any]:
    @functools.wraps(func, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        for found in () if out_dims.__class__ is int else trees.flatten(out_dims)[0]:
            if found is not None and not isinstance(found, int):
                raise ValueError(
                    f"vmap({name_of(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection "
                    "of ints representing where in the outputs the vmapped dimension should appear."
                )
        leaves, tree = trees.flatten(args)
        dims = _in_dims(func, in_dims, args, leaves, tree)
        size = _batch_size(leaves, dims)
        if chunk_size is None or chunk_size >= size:
            return _once(func, size, leaves, dims, tree, out_dims, randomness, kwargs, lenient)
        results = []
        for start in range(0, size, chunk_size):
            length = min(chunk_size, size - start)
            part = [
                x if dim is None else x.narrow(dim, start, length)
                for x, dim in zip(leaves, dims, strict=True)
            ]
            results.append(_once(func, length, part, dims, tree, out_dims, randomness, kwargs, lenient))
        return _joined(results, out_dims)

    return wrapped


def _in_dims(
    func: Any, in_dims: Any, args: tuple[Any, ...], leaves: list[Any], tree: trees.Tree
) -> list[int | None]:
    start = f"vmap({name_of(func)}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{start}expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got: "
            f"{type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({name_of(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a "
            "function with no inputs. The latter is unsupported."
        )
    if in_dims.__class__ is int and in_dims >= 0:  # the usual case
        for value in leaves:
            if not (isinstance(value, Tensor) and in_dims < value._array.ndim):
                break
        else:
            return [in_dims] * len(leaves)
    dims = trees.broadcast(in_dims, tree)
    if dims is None:
        raise ValueError(
            f"{start}in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{trees.flatten(in_dims)[1]} but inputs has structure {tree}."
        )
    result: list[int | None] = []
    for value, dim in zip(leaves, dims, strict=True):
        if dim is not None and not isinstance(dim, int):
            raise ValueError(
                f"{start}Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
            )
        if dim is not None and not isinstance(value, Tensor):
            raise ValueError(
                f"{start}Got in_dim={dim} for an input but the input is of type {type(value)}. We cannot vmap over non-Tensor "
                "arguments, please use None as the respective in_dim"
            )
        if dim is not None and not -value.ndim <= dim < value.ndim:
            raise ValueError(
                f"{start}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {value.ndim} so "
                f"expected in_dim to satisfy -{value.ndim} <= in_dim < {value.ndim}."
            )
        result.append(None if dim is None else dim % value.ndim)
    return result


def _batch_size(leaves: list[Any], dims: list[int | None]) -> int:
    sizes = [value._array.shape[dim] for value, dim in zip(leaves, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped "
            "dimension"
        )
    return int(sizes[0])


def _once(
    func: Any, size: int, leaves: list[Any], dims: list[int | None], tree: trees.Tree, out_dims: Any, randomness: str,
    kwargs: dict[str, Any], lenient: bool,
) -> Any:  # fmt: skip
    batch = Batch(size, randomness)
    given = [
        value if dim is None else cross(ENTER, value, batch=batch, dim=dim)
        for value, dim in zip(leaves, dims, strict=True)
    ]
    vectorizer = Vectorizer(batch, lenient)
    depth = modes.local.transforms + (not lenient)
    arrays = [None if dim is None else x._array for x, dim in zip(given, dims, strict=True)]
    with modes.intercept(vectorizer), modes.within_transforms(depth):
        outputs = func(*trees.unflatten(given, tree), **kwargs)
    unchanged = {}  # id of what went in, and still is what it was, to the tensor outside and the dimension of its examples
    for value, dim, entered, array in zip(leaves, dims, given, arrays, strict=True):
        if dim is not None and entered._array is array:
            _changed_in_place(value, dim, entered, batch)
            unchanged[id(entered)] = value, dim
    return _left(func, batch, outputs, out_dims, unchanged)


def _changed_in_place(value: Tensor, dim: int, entered: Tensor, batch: Batch) -> None:
    """If the examples were changed in place, so was the tensor that they are parts of: the memory is the same, and the
    tensor takes on the history."""
    if entered._changes is not INFERENCE and entered._changes[0]:
        check_writable(value, "vmap")
        adopt(value, cross(LEAVE, entered, batch=batch, dim=dim))


def _out_dims(func: Any, outputs: Any, structure: trees.Tree, out_dims: Any) -> list[int | None]:
    def incompatible() -> NoReturn:
        raise ValueError(
            f"vmap({name_of(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of "
            f"`outputs`. out_dims has structure {trees.flatten(out_dims)[1]} but outputs has structure {structure}."
        )

    if isinstance(outputs, Tensor):
        if isinstance(out_dims, tuple) and len(out_dims) == 1:
            return [out_dims[0]]
        if out_dims is not None and not isinstance(out_dims, int):
            incompatible()
        return [out_dims]
    found = trees.broadcast(out_dims, structure)
    if found is None:
        incompatible()
    return found


def _left(
    func: Any, batch: Batch, outputs: Any, out_dims: Any, unchanged: dict[int, tuple[Tensor, int]]
) -> Any:
    values, structure = trees.flatten(outputs)
    name = name_of(func)
    results = []
    for value, place in zip(values, _out_dims(func, outputs, structure, out_dims), strict=True):
        varies = (
            isinstance(value, Tensor)
            and value._array.__class__ is BatchedArray
            and value._array.batch is batch
        )
        if place is None:
            if varies:
                raise ValueError(
                    f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None"
                )
            results.append(value)
            continue
        if not isinstance(value, Tensor):
            raise ValueError(
                f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(value)}. Did you mean to set out_dims= "
                "to None for output?"
            )
        ndim = value._array.ndim + 1
        if not -ndim <= place < ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {place}){errors.here()}"
            )
        if id(value) in unchanged:
            original, dim = unchanged[id(value)]
            results.append(original if dim == place % ndim else original.movedim(dim, place))
            continue
        if not varies:
            value = cross(LIFT, value, batch=batch)
        results.append(cross(LEAVE, value, batch=batch, dim=place % ndim))
    return trees.unflatten(results, structure)


def _joined(results: list[Any], out_dims: Any) -> Any:
    structure = trees.flatten(results[0])[1]
    places = (
        [out_dims]
        if isinstance(results[0], Tensor) and not isinstance(out_dims, tuple)
        else trees.broadcast(out_dims[0] if isinstance(results[0], Tensor) else out_dims, structure)
    )
    assert places is not None
    columns = zip(*(trees.flatten(result)[0] for result in results), strict=True)
    cat = REGISTRY["cat"].public
    return trees.unflatten(
        [
            column[0] if place is None else cat(list(column), place)
            for column, place in zip(columns, places, strict=True)
        ],
        structure,
    )


backward.vectorize = passes
