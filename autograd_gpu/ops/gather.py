"""Reading and writing along one dimension by index: gather and scatter, index_add and its kin, and masks that
select.

Everywhere `index` is an int64 or int32 tensor, and an index out of range is an error (on a GPU, where reading
indices back would make the program wait, it is not looked for).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import REGISTRY, TensorNamespace, constant, expose, op
from autograd_gpu.device import type_for
from autograd_gpu.device.checks import looked_at
from autograd_gpu.ops.arguments import canonical_dim, check_tensor, numpy_names
from autograd_gpu.ops.index import _index_put, getitem, index, index_select, masked_fill, out_of_range, varies
from autograd_gpu.ops.parts import slice_view
from autograd_gpu.ops.shape import common_shape, expand, reshape
from autograd_gpu.ops.transfer import resolve_device

int64 = dtypes.int64.numpy


def _check_index(function: str, value: Any, position: int = 3) -> Tensor:
    check_tensor(value, function, "index", position)
    if value._type.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(
            f"{function}(): Expected dtype int32/int64 for index, not {value._type.dtype}{errors.here()}"
        )
    return value  # type: ignore[no-any-return]


def _check_bounds(
    function: str,
    input: Tensor,
    index: Tensor,
    dim: int,
    error: type[Exception] = RuntimeError,
    negative: bool = False,
) -> None:
    extent = input._array.shape[dim] if input._array.ndim else 1
    bad = out_of_range(index, -extent if negative else 0, extent)
    if bad is not None:
        text = f"index {bad} is out of bounds for dimension {dim} with size {extent}"
        if error is IndexError and not negative:
            text = f"{function}_(): {text}"
        raise error(f"{text}\n  in {function}(){errors.here()}")


def _same_dtype(function: str, input: Tensor, src: Tensor, text: str) -> None:
    if src._type.dtype is not input._type.dtype:
        raise RuntimeError(
            text.format(input._type.dtype.scalar_name, src._type.dtype.scalar_name)
            + f"\n  in {function}(){errors.here()}"
        )


# -- gather and scatter --------------------------------------------------------------------------------------


@op("linear")
def gather(F: Any, input: Any, index: Any, *, dim: Any) -> Any:
    """``result[i][j][k] = input[i][index[i][j][k]][k]`` (for ``dim=1``). The result has the shape of `index`,
    which has as many dimensions as `input` and is not larger, except in `dim`.

    Raises:
        RuntimeError: an index out of range, or a shape or dtype of `index` that does not fit.

    >>> ag.tensor([[1, 2], [3, 4]]).gather(1, ag.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    return F.gather(input, index, dim=dim)


gather.rule(
    input=lambda F, g, input_like, index, *, dim: F.gather_backward(g, index, shape=input_like.shape, dim=dim)
)


@op("linear")
def gather_backward(F: Any, grad: Any, index: Any, *, shape: Any, dim: Any) -> Any:
    """Zeros of `shape` with `grad` added where `gather` read: its adjoint."""
    return F.scatter_add(F.zeros(shape, grad.dtype), index, grad, dim=dim)


gather_backward.rule(grad=lambda F, g, index, *, dim: F.gather(g, index, dim=dim))


@gather.surface
@numpy_names
def _gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    check_tensor(input, "gather")
    dim = canonical_dim(dim, input._array.ndim)
    _check_index("gather", index)
    if index._array.size:
        shape, wanted = input._array.shape, index._array.shape
        if max(len(wanted), 1) != max(len(shape), 1):
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as input tensor\n  in gather(): index "
                "has shape "
                f"{list(wanted)}, input {list(shape)}{errors.here()}"
            )
        _check_reach("gather", shape, wanted, dim)
        _check_bounds("gather", input, index, dim)
    result: Tensor = gather.apply(input, index, dim=dim)
    return result


def _check_reach(function: str, shape: Sequence[int], wanted: Sequence[int], dim: int) -> None:
    for axis, (there, asked) in enumerate(zip(shape, wanted, strict=False)):
        if axis != dim and asked > there:
            raise RuntimeError(
                f"Size does not match at dimension {axis} expected index {list(wanted)} to be no larger than "
                "self "
                f"{list(shape)} apart from dimension {dim}\n  in {function}(){errors.here()}"
            )


_gather.__doc__ = gather.__doc__


@op("general", grad_name="ScatterBackward1")
def scatter_fill(F: Any, input: Any, index: Any, *, dim: Any, value: Any) -> Any:
    """A copy of `input` with the number `value` where `index` points along `dim`."""
    return F.scatter(input, index, F.full((), value, input.dtype), dim=dim)


scatter_fill.rule(input=lambda F, g, index, *, dim: F.scatter_fill(g, index, dim=dim, value=0))


@op("linear")
def scatter(F: Any, input: Any, index: Any, src: Any, *, dim: Any) -> Any:
    """A copy of `input` with ``result[i][index[i][j][k]][k] = src[i][j][k]`` (for ``dim=1``).

    Args:
        src: a tensor not smaller than `index`, or a number. Where indices repeat, one of the values is taken.
        reduce: None, or "add" or "multiply" to combine with what is there.

    Raises:
        RuntimeError: an index out of range, or shapes or dtypes that do not fit.

    >>> ag.zeros(3).scatter(0, ag.tensor([2, 0]), ag.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    return F.scatter(input, index, src, dim=dim)


scatter.rule(
    input=lambda F, g, index, *, dim: F.scatter_fill(g, index, dim=dim, value=0),
    src=lambda F, g, index, *, dim: F.gather(g, index, dim=dim),
)


@op("linear")
def scatter_add(F: Any, input: Any, index: Any, src: Any, *, dim: Any) -> Any:
    """A copy of `input` with ``result[i][index[i][j][k]][k] += src[i][j][k]`` (for ``dim=1``); repeated
    indices all add.

    >>> ag.zeros(2).scatter_add(0, ag.tensor([1, 1]), ag.tensor([1.0, 2.0]))
    tensor([0., 3.])
    """
    return F.scatter_add(input, index, src, dim=dim)


scatter_add.rule(input=lambda F, g: g, src=lambda F, g, index, *, dim: F.gather(g, index, dim=dim))


def _scatter_operands(
    function: str, input: Tensor, dim: int, index: Any, src: Any
) -> tuple[int, Tensor, Any]:
    check_tensor(input, function)
    dim = canonical_dim(dim, input._array.ndim)
    _check_index(function, index)
    shape, wanted = input._array.shape, index._array.shape
    if isinstance(src, Tensor):
        _same_dtype(
            function, input, src, "scatter(): Expected self.dtype to be equal to src.dtype, but got {} and {}"
        )
    if index._array.size == 0:
        return dim, index, src
    if max(len(wanted), 1) != max(len(shape), 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as self tensor\n  in {function}(): index "
            "has shape "
            f"{list(wanted)}, input {list(shape)}{errors.here()}"
        )
    given = src._array.shape if isinstance(src, Tensor) else None
    if given is not None and max(len(given), 1) != max(len(wanted), 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as src tensor\n  in {function}(): index "
            "has shape "
            f"{list(wanted)}, src {list(given)}{errors.here()}"
        )
    beyond = any(axis != dim and a > b for axis, (a, b) in enumerate(zip(wanted, shape, strict=False)))
    if beyond or (given is not None and any(a > b for a, b in zip(wanted, given, strict=False))):
        and_src = "" if given is None else f" and to be no larger size than src {list(given)}"
        raise RuntimeError(
            f"Expected index {list(wanted)} to be no larger than self {list(shape)} apart from dimension "
            f"{dim}{and_src}"
            f"\n  in {function}(){errors.here()}"
        )
    _check_bounds(function, input, index, dim)
    if given is not None and given != wanted and wanted:
        src = slice_view.apply(src, key=tuple(slice(0, extent) for extent in wanted))
    return dim, index, src


@scatter.surface
@numpy_names
def _scatter(
    input: Tensor, dim: Any, index: Any, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    src = value if src is None else src
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(f"reduce argument must be either add or multiply.{errors.here()}")
    dim, index, src = _scatter_operands("scatter", input, dim, index, src)
    result: Tensor
    if index._array.size == 0:
        return REGISTRY["clone"].apply(input)  # type: ignore[no-any-return]
    if reduce is not None:
        if not isinstance(src, Tensor):
            src = expand(constant(input._type, src), index._array.shape)
        if reduce == "add":
            return scatter_add.apply(input, index, src, dim=dim)  # type: ignore[no-any-return]
        return _scatter_reduce(input, dim, index, src, "prod")
    if isinstance(src, Tensor):
        result = scatter.apply(input, index, src, dim=dim)
    else:
        result = scatter_fill.apply(input, index, dim=dim, value=src)
    return result


_scatter.__doc__ = scatter.__doc__


@scatter_add.surface
@numpy_names
def _scatter_add(input: Tensor, dim: Any, index: Any, src: Any) -> Tensor:
    check_tensor(src, "scatter_add", "src", 4)
    dim, index, src = _scatter_operands("scatter_add", input, dim, index, src)
    if index._array.size == 0:
        return REGISTRY["clone"].apply(input)  # type: ignore[no-any-return]
    result: Tensor = scatter_add.apply(input, index, src, dim=dim)
    return result


_scatter_add.__doc__ = scatter_add.__doc__


@numpy_names
def _scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy of `input` in which the elements of `src` that `index` sends to one place along `dim` are
    combined.

    Args:
        reduce: "sum", "prod", "mean", "amax" or "amin".
        include_self: whether what `input` has at that place takes part.

    >>> ag.zeros(2).scatter_reduce(0, ag.tensor([0, 0, 1]), ag.tensor([1.0, 2.0, 3.0]), "amax")
    tensor([2., 3.])
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}{errors.here()}"
        )
    check_tensor(src, "scatter_reduce", "src", 4)
    dim, index, src = _scatter_operands("scatter_reduce", input, dim, index, src)
    if index._array.size == 0:
        return REGISTRY["clone"].apply(input)  # type: ignore[no-any-return]
    if reduce in ("amax", "amin"):
        result: Tensor = scatter_extreme.apply(
            input, index, src, dim=dim, largest=reduce == "amax", include_self=include_self
        )
        return result
    ones = expand(constant(input._type, 1), index._array.shape)
    zeros = expand(constant(input._type, 0), input._array.shape)
    hits: Tensor = scatter_add.apply(zeros, index, ones, dim=dim)  # how many elements arrive at each place
    if not include_self:
        input = masked_fill.public(input, hits.ne(0), 1 if reduce == "prod" else 0)
    if reduce == "prod":
        return _multiplied(input, dim, index, src)
    total: Tensor = scatter_add.apply(input, index, src, dim=dim)
    if reduce == "sum":
        return total
    count = hits + 1 if include_self else masked_fill.public(hits, hits.eq(0), 1)
    if input._type.differentiable:
        return total / count
    found: Tensor = total.div(count, rounding_mode="floor")
    return found


_scatter_reduce.__name__ = "scatter_reduce"


@op("general", grad_name="ScatterReduceBackward0")
def scatter_extreme(
    F: Any, input: Any, index: Any, src: Any, *, dim: Any, largest: Any, include_self: Any
) -> Any:
    """`scatter_reduce` with "amax" or "amin"; NaN wins. Equal extremes share the gradient."""
    result = F.copy(input if include_self else F.scatter(input, index, src, dim=dim))
    shape = index.shape or (1,)
    flat = F.reshape(result, (result.size,))
    strides = [1]
    for extent in reversed(input.shape[1:]):
        strides.insert(0, strides[0] * extent)
    places = F.reshape(index, shape) * strides[dim]
    for axis, extent in enumerate(index.shape):
        if axis != dim:
            steps = F.arange(0, extent, 1, int64) * strides[axis]
            places = places + F.reshape(steps, (extent,) + (1,) * (len(shape) - axis - 1))
    F.extreme_at(flat, F.reshape(places, (index.size,)), F.reshape(src, (index.size,)), largest)
    return F.reshape(flat, input.shape)


def _share(
    F: Any, g: Any, input: Any, index: Any, src: Any, out: Any, dim: int, include_self: bool
) -> tuple[Any, Any]:
    """The gradients of `scatter_extreme`: equal parts for all that equal the result at their place."""
    own = F.cast(input == out, dtype=g.dtype)
    if not include_self:
        own = F.scatter_fill(own, index, dim=dim, value=0)
    winners = F.cast(src == F.gather(out, index, dim=dim), dtype=g.dtype)
    part = g / F.scatter_add(own, index, winners, dim=dim)
    return part * own, F.gather(part, index, dim=dim) * winners


scatter_extreme.rule(
    input=lambda F, g, input, index, src, out, *, dim, include_self: _share(
        F, g, input, index, src, out, dim, include_self
    )[0],
    src=lambda F, g, input, index, src, out, *, dim, include_self: _share(
        F, g, input, index, src, out, dim, include_self
    )[1],
)


def _multiplied(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """The product of `input` and the elements of `src` that `index` sends to each place. Element number r
    among those sent to one place is multiplied in round r, so that no round has a repeated index and zeros
    need no special care."""
    flat_index = reshape(index, index._array.shape or (1,))
    result, src = reshape(input, input._array.shape or (1,)), reshape(src, flat_index._array.shape)
    ranks = _ranks(flat_index, dim)
    kind, shape = result._type, list(result._array.shape)
    size, shape[dim] = shape[dim], shape[dim] + 1
    ones = wrap(kind.namespace.ones(tuple(shape), kind.numpy))
    rounds = kind.namespace.run(lambda: int(ranks._array.max())) + 1
    for number in range(rounds):
        waiting = ranks.ne(number)
        # What has not its turn goes to a place beyond the end.
        places = masked_fill.public(flat_index, waiting, size)
        factors = scatter.apply(ones, places, masked_fill.public(src, waiting, 1), dim=dim)
        result = result * factors.narrow(dim, 0, size)
    return reshape(result, input._array.shape)


def _ranks(index: Tensor, dim: int) -> Tensor:
    """For each element of `index`, how many elements before it along `dim` point to the same place."""
    namespace = index._type.namespace
    return wrap(namespace.run(_raw_ranks, namespace, index._array.swapaxes(dim, -1)).swapaxes(dim, -1))


def _raw_ranks(F: Any, array: Any) -> Any:
    last = array.ndim - 1
    order = F.argsort(array, dim=-1)
    ordered = F.gather(array, order, dim=last)
    positions = F.arange(0, array.shape[-1], 1, int64) + F.zeros(array.shape, int64)
    starts = F.copy(positions)
    starts[..., 1:] *= ordered[..., 1:] != ordered[..., :-1]
    first, _ = F.cummax(starts, dim=last)
    return F.scatter(positions, order, positions - first, dim=last)


expose(gather, "gather")
expose(scatter, "scatter")
expose(scatter_add, "scatter_add")
expose(_scatter_reduce, "scatter_reduce")
expose_inplace(_scatter, "scatter_")
expose_inplace(_scatter_add, "scatter_add_")
expose_inplace(_scatter_reduce, "scatter_reduce_")


# -- along one dimension -------------------------------------------------------------------------------------


@op("linear")
def index_add(F: Any, input: Any, index: Any, source: Any, *, dim: Any) -> Any:
    """A copy of `input` with ``alpha * source`` added to the entries of dimension `dim` that `index` names;
    repeats add up.

    >>> ag.zeros(2, 2).index_add(0, ag.tensor([1, 1]), ag.ones(2, 2))
    tensor([[0., 0.],
            [2., 2.]])
    """
    return F.index_add(input, index, source, dim=dim)


index_add.rule(input=lambda F, g: g, source=lambda F, g, index, *, dim: F.index_select(g, index, dim=dim))


@op("general")
def index_fill(F: Any, input: Any, index: Any, *, dim: Any, value: Any) -> Any:
    """A copy of `input` with `value` (a number or a tensor without dimensions) in the entries of `dim` that
    `index` names.

    >>> ag.zeros(3).index_fill(0, ag.tensor([0, -1]), 5)
    tensor([5., 0., 5.])
    """
    return F.index_copy(input, index, F.full((), value, input.dtype), dim=dim)


index_fill.rule(input=lambda F, g, index, *, dim: F.index_fill(g, index, dim=dim, value=0))


@op("linear")
def index_copy(F: Any, input: Any, index: Any, source: Any, *, dim: Any) -> Any:
    """A copy of `input` with the entries of `source` in the places along `dim` that `index` names.

    >>> ag.zeros(3).index_copy(0, ag.tensor([2]), ag.tensor([7.0]))
    tensor([0., 0., 7.])
    """
    return F.index_copy(input, index, source, dim=dim)


index_copy.rule(
    input=lambda F, g, index, *, dim: F.index_fill(g, index, dim=dim, value=0),
    source=lambda F, g, index, *, dim: F.index_select(g, index, dim=dim),
)


def _rows(function: str, input: Tensor, dim: int, index: Any, source: Any) -> int:
    """Check the operands of index_add and index_copy."""
    check_tensor(input, function)
    check_tensor(source, function, "source", 4)
    dim = canonical_dim(dim, input._array.ndim)
    _check_index(function, index)
    if index._array.ndim > 1:
        raise IndexError(
            f"{function}_(): Index is supposed to be a vector, but got dim: "
            f"{index._array.ndim}{errors.here()}"
        )
    _same_dtype(
        function,
        input,
        source,
        f"{function}_(): self ({{}}) and source ({{}}) must have the same scalar type",
    )
    shape, given = input._array.shape, source._array.shape
    count = given[dim] if given else 1
    if count != index._array.size:
        raise RuntimeError(
            f"{function}_(): Number of indices ({index._array.size}) should be equal to source.size(dim): "
            f"({count}), for dim: "
            f"{dim}{errors.here()}"
        )
    around, offered = (*shape[:dim], *shape[dim + 1 :]), (*given[:dim], *given[dim + 1 :])
    if around != offered:
        raise RuntimeError(
            f"{function}_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{' '.join(map(str, around))} at dimension {dim} and source slice shape: "
            f"{' '.join(map(str, offered))} at "
            f"dimension {dim}.{errors.here()}"
        )
    return dim


@index_add.surface
@numpy_names
def _index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    dim = _rows("index_add", input, dim, index, source)
    _check_bounds("index_add", input, index, dim)
    if alpha != 1:
        source = source * alpha
    result: Tensor = index_add.apply(input, index, source, dim=dim)
    return result


@index_copy.surface
@numpy_names
def _index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    dim = _rows("index_copy", input, dim, index, source)
    _check_bounds("index_copy", input, index, dim, IndexError)
    result: Tensor = index_copy.apply(input, index, source, dim=dim)
    return result


@index_fill.surface
@numpy_names
def _index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    check_tensor(input, "index_fill")
    dim = canonical_dim(dim, input._array.ndim)
    _check_index("index_fill", index)
    _check_bounds("index_fill", input, index, dim, IndexError, negative=True)
    result: Tensor
    if not isinstance(value, Tensor):
        result = index_fill.apply(input, index, dim=dim, value=value)
        return result
    if value._array.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s).{errors.here()}"
        )
    # A mask, so that an entry that is named twice counts once in the derivative.
    shape = input._array.shape
    namespace = input._type.namespace
    named = namespace.zeros((shape[dim] if shape else 1,), dtypes.bool_.numpy)
    namespace.setitem(named, (index._array.reshape(-1),), True)
    mask = wrap(named.reshape((-1,) + (1,) * (len(shape) - dim - 1) if shape else ()))
    found: Tensor = masked_fill.apply(input, mask, value.to(input._type.dtype))
    return found


_index_add.__doc__, _index_copy.__doc__ = index_add.__doc__, index_copy.__doc__
_index_fill.__doc__ = index_fill.__doc__


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements of the flattened `input` at `index`, in the shape of `index`; negative ones count from the
    end.

    >>> ag.tensor([[1, 2], [3, 4]]).take(ag.tensor([3, 0]))
    tensor([4, 1])
    """
    check_tensor(input, "take")
    check_tensor(index, "take", "index", 2)
    if index._type.dtype is not dtypes.int64:
        raise RuntimeError(
            "take(): Expected a long tensor for index, but got "
            f"{index._type.dtype.scalar_name}{errors.here()}"
        )
    size = input._array.size
    bad = out_of_range(index, -size, size)
    if bad is not None:
        raise IndexError(
            f"out of range: tried to access index {bad} on a tensor of {size} elements.\n  in "
            f"take(){errors.here()}"
        )
    flat = reshape(input, (-1,)) if size else reshape(input, (0,))
    result: Tensor = _take(flat, index)
    return result


def _take(flat: Tensor, places: Tensor) -> Tensor:
    result: Tensor = index.apply(flat, places, dims=(0,))
    return result


@numpy_names
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Like `gather`, but `input` and `indices` broadcast in the other dimensions; without `dim`, from the
    flattened tensor.

    >>> x = ag.tensor([[3, 1], [2, 4]])
    >>> ag.take_along_dim(x, ag.tensor([[1], [0]]), dim=1)
    tensor([[1],
            [2]])
    """
    check_tensor(input, "take_along_dim")
    _check_index("take_along_dim", indices, 2)
    if dim is None:
        return take_along_dim(
            reshape(input, (input._array.size,)), reshape(indices, (indices._array.size,)), 0
        )
    if indices._array.ndim != input._array.ndim:
        raise RuntimeError(
            f"torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input._array.ndim} dimensions for input, and {indices._array.ndim} dimensions for "
            f"indices{errors.here()}"
        )
    dim = canonical_dim(dim, input._array.ndim)
    shape, wanted = list(input._array.shape), list(indices._array.shape)
    for axis in range(len(shape)):
        if axis != dim and shape[axis] != wanted[axis]:
            if 1 not in (shape[axis], wanted[axis]):
                raise RuntimeError(
                    f"The size of tensor a ({shape[axis]}) must match the size of tensor b ({wanted[axis]}) "
                    "at non-singleton "
                    f"dimension {axis}{errors.here()}"
                )
            shape[axis] = wanted[axis] = (
                max(shape[axis], wanted[axis]) if 0 not in (shape[axis], wanted[axis]) else 0
            )
    _check_bounds("take_along_dim", input, indices, dim, negative=True)
    namespace = indices._type.namespace
    extent = input._array.shape[dim] if input._array.ndim else 1
    counted = wrap(namespace.run(_from_the_end, namespace, indices._array, extent))
    result: Tensor = gather.apply(expand(input, shape), expand(counted, wanted), dim=dim)
    return result


def _from_the_end(F: Any, indices: Any, extent: int) -> Any:
    """Negative indices counted from the end."""
    return F.where(indices < 0, indices + extent, indices)


# What rules call has the arguments of the raw namespace: F.gather(x, index, dim=dim).
for _op in (gather, scatter, scatter_add, index_add, index_copy, index_fill):
    setattr(TensorNamespace, _op.name, staticmethod(_op.apply))

expose(index_add, "index_add")
expose(index_copy, "index_copy")
expose(index_fill, "index_fill")
expose(take, "take")
expose(take_along_dim, "take_along_dim")
expose_inplace(_index_add, "index_add_")
expose_inplace(_index_copy, "index_copy_")
expose_inplace(_index_fill, "index_fill_")


# -- masks, nonzero ------------------------------------------------------------------------------------------


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements of `input` where the bool tensor `mask` is true, as a vector; both broadcast.

    >>> ag.tensor([1, 2, 3]).masked_select(ag.tensor([True, False, True]))
    tensor([1, 3])
    """
    check_tensor(input, "masked_select")
    check_tensor(mask, "masked_select", "mask", 2)
    if mask._type.dtype is not dtypes.bool_:
        raise RuntimeError(
            f"masked_select: expected BoolTensor for mask, not {mask._type.dtype}{errors.here()}"
        )
    shape = common_shape((input, mask)) or (1,)
    return getitem(expand(input, shape), expand(mask, shape))


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy of `input` with the elements of `source`, one after the other, where `mask` is true; `mask`
    broadcasts.

    Raises:
        RuntimeError: `source` has fewer elements than `mask` is true at, or another dtype than `input`.

    >>> ag.zeros(3).masked_scatter(ag.tensor([True, False, True]), ag.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    check_tensor(input, "masked_scatter")
    check_tensor(mask, "masked_scatter", "mask", 2)
    check_tensor(source, "masked_scatter", "source", 3)
    if mask._type.dtype is not dtypes.bool_:
        raise RuntimeError(
            "masked_scatter_ only supports boolean masks, but got mask with dtype "
            f"{mask._type.dtype.name}{errors.here()}"
        )
    _same_dtype(
        "masked_scatter",
        input,
        source,
        "masked_scatter: expected self and source to have same dtypes but got {} and {}",
    )
    shape = common_shape((input, mask))
    if varies(mask) or (source._array.size and not looked_at(mask._type)):
        # How many places there are is not to be known, or not without waiting for the GPU: number them.
        chosen = expand(mask, shape)
        flat = chosen.reshape(-1)
        places = flat.cumsum(0) - 1
        if out_of_range(places, -1, source._array.size) is not None:
            raise RuntimeError(_TOO_FEW + errors.here())
        taken = index_select.apply(source.reshape(-1), places.clamp(min=0), dim=0)
        filled: Tensor = taken.reshape(shape).where(chosen, expand(input, shape))
        return filled
    where = expand(mask, shape).nonzero(as_tuple=True)
    count = where[0]._array.size
    if source._array.size < count:
        raise RuntimeError(_TOO_FEW + errors.here())
    values = reshape(source, (source._array.size,))[:count]
    if not shape:
        return reshape(_index_put(reshape(input, (1,)), where, values), ())
    result: Tensor = _index_put(expand(input, shape), where, values)
    return result


_TOO_FEW = "Number of elements of source < number of ones in mask\n  in masked_scatter()"


@op("general", out="infer")
def nonzero(F: Any, input: Any) -> Any:
    """The places of the elements that are not zero: an int64 tensor with one row each; or, with
    ``as_tuple=True``, one vector of indices for each dimension.

    >>> ag.tensor([[0, 1], [2, 0]]).nonzero()
    tensor([[0, 1],
            [1, 0]])
    """
    return F.nonzero(input)


nonzero.no_rule()


@nonzero.surface
def _nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    check_tensor(input, "nonzero")
    if not as_tuple:
        return nonzero.apply(input)
    if input._array.ndim == 0:
        input = reshape(input, (1,))
    places = nonzero.apply(input)._array
    return tuple(wrap(places[:, axis]) for axis in range(places.shape[1]))


_nonzero.__doc__ = nonzero.__doc__


def argwhere(input: Tensor) -> Tensor:
    """The places of the elements that are not zero, one row each: `nonzero`."""
    result: Tensor = _nonzero(input)
    return result


expose(masked_select, "masked_select")
expose(masked_scatter, "masked_scatter")
expose(nonzero, "nonzero")
expose(argwhere, "argwhere")
expose_inplace(masked_scatter, "masked_scatter_")


def _triangle(name: str, row: int, col: int, offset: int, dtype: Any, device: Any) -> Tensor:
    for argument, value in (("row", row), ("col", col)):
        if value < 0:
            raise RuntimeError(f"{argument} must be non-negative, got {value}{errors.here()}")
    wanted = dtypes.as_dtype(dtype)
    if wanted not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f'"{name}" not implemented for {wanted.scalar_name!r}{errors.here()}')
    namespace = type_for(dtypes.bool_, resolve_device(device)).namespace
    everywhere = namespace.ones((row, col), dtypes.bool_.numpy)
    corner = getattr(namespace, name)(everywhere, offset)
    return wrap(namespace.copy(namespace.cast(namespace.nonzero(corner).swapaxes(0, 1), wanted.numpy)))


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = "cpu"
) -> Tensor:
    """The places of the lower triangle of a (row, col) matrix: rows and columns as an integer tensor of shape
    (2, count).

    >>> ag.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle("tril", row, col, offset, dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = "cpu"
) -> Tensor:
    """The places of the upper triangle of a (row, col) matrix: rows and columns as an integer tensor of shape
    (2, count).

    >>> ag.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle("triu", row, col, offset, dtype, device)


expose(tril_indices, "tril_indices", method=False)
expose(triu_indices, "triu_indices", method=False)
