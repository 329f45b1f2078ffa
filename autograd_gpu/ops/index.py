"""`x[key]` and `x[key] = value`, with everything that PyTorch takes as a key.

A key falls into a basic part (ints, slices, None, Ellipsis), which makes a view, and index tensors, which
copy. Basic comes first, as in PyTorch and unlike NumPy: ``x[0, :, index]`` has the dimension of the slice
first. Masks become the indices of their true elements. Index tensors are inputs of the op, so a change of one
between forward and backward is noticed.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core import modes
from autograd_gpu.core.call import constant, raise_clearly
from autograd_gpu.core.graph import Tensor, bump, node_of, wrap
from autograd_gpu.core.inplace import check_writable, inplace
from autograd_gpu.core.op import METHODS, REGISTRY, TensorNamespace, expose, op
from autograd_gpu.device.checks import extremes
from autograd_gpu.ops.arguments import canonical_dim, check_tensor, numpy_names
from autograd_gpu.ops.basic import alias
from autograd_gpu.ops.parts import select, slice_view
from autograd_gpu.ops.shape import common_shape, expand, reshape, unsqueeze

WRONG_INDEX = "tensors used as indices must be long, int, byte or bool tensors"
int64 = dtypes.int64.numpy


# -- the ops -------------------------------------------------------------------------------------------------


def raw_key(indices: Sequence[Any], dims: Sequence[int]) -> tuple[Any, ...]:
    """A key with ``indices[i]`` in dimension ``dims[i]`` and everything of the other dimensions."""
    key: list[Any] = [slice(None)] * (dims[-1] + 1)
    for dim, index in zip(dims, indices, strict=True):
        key[dim] = index
    return tuple(key)


@op("linear")
def index(F: Any, input: Any, *indices: Any, dims: Any) -> Any:
    """The elements of `input` at integer `indices` (which broadcast) into its dimensions `dims`.

    Where `dims` are adjacent the dimensions of the indices replace them, else they come first (NumPy's rule).
    """
    return F.getitem(input, raw_key(indices, dims))


index.rule(
    input=lambda F, g, input_like, indices, *, dims: F.index_backward(
        g, *indices, shape=input_like.shape, dims=dims
    )
)


@op("linear")
def index_backward(F: Any, grad: Any, *indices: Any, shape: Any, dims: Any) -> Any:
    """Zeros of `shape` with `grad` added at the indices, repeated ones included: the adjoint of `index`."""
    result = F.zeros(shape, grad.dtype)
    F.index_put_add(result, raw_key(indices, dims), grad)
    return result


index_backward.rule(grad=lambda F, g, indices, *, dims: F.index(g, *indices, dims=dims))


@op("linear")
def index_put(F: Any, input: Any, values: Any, *indices: Any, dims: Any, accumulate: Any) -> Any:
    """A copy of `input` with `values` (which broadcast) at `indices`; `accumulate` adds, repeated indices
    included.

    Args:
        indices: a tuple of integer or bool tensors for the first dimensions; None skips one.

    Raises:
        IndexError: an index is out of range, or a float.
        RuntimeError: `values` has another dtype or does not broadcast to the indexed shape.

    >>> ag.zeros(3).index_put((ag.tensor([0, 0]),), ag.tensor(1.0), accumulate=True)
    tensor([2., 0., 0.])
    """
    result = F.copy(input)
    (F.index_put_add if accumulate else F.setitem)(result, raw_key(indices, dims), values)
    return result


index_put.rule(
    input=lambda F, g, indices, *, dims, accumulate: (
        g if accumulate else F.index_put_zero(g, *indices, dims=dims)
    ),
    values=lambda F, g, indices, *, dims: F.index(g, *indices, dims=dims),
)


@op("linear")
def index_put_zero(F: Any, input: Any, *indices: Any, dims: Any) -> Any:
    """A copy of `input` with zeros at the indices."""
    result = F.copy(input)
    F.setitem(result, raw_key(indices, dims), F.zeros((), input.dtype))
    return result


index_put_zero.rule(input=lambda F, g, indices, *, dims: F.index_put_zero(g, *indices, dims=dims))


@op("linear", holomorphic=False, grad_name="CopyBackwards")
def copy_values(F: Any, input: Any, src: Any) -> Any:
    """The values of `src`, in the shape and dtype of `input`: what `Tensor.copy_` writes."""
    return F.cast(F.expand(src, input.shape), input.dtype)


copy_values.rule(
    input=lambda F, g: F.zeros_like(g), src=lambda F, g, src_like: F.cast(g, dtype=src_like.dtype)
)


@op("elementwise")
def masked_fill(F: Any, input: Any, mask: Any, value: Any) -> Any:
    """A copy of `input` with `value` (a number, or a tensor without dimensions) where the bool tensor `mask`,
    which broadcasts, is true.

    Raises:
        RuntimeError: `mask` is not bool, or `value` has dimensions.

    >>> ag.tensor([1.0, 2.0]).masked_fill(ag.tensor([True, False]), 9)
    tensor([9., 2.])
    """
    return F.masked_fill(input, mask, value)


def _explain_mask(inputs: Sequence[Any], params: dict[str, Any]) -> None:
    common_shape((inputs[1], inputs[0]))


masked_fill.explain_error = _explain_mask
masked_fill.rule(
    input=lambda F, g, mask: F.masked_zero(g, mask),
    value=lambda F, g, mask: F.masked_zero(g, F.logical_not(mask)),
)


@op("elementwise")
def masked_zero(F: Any, input: Any, mask: Any) -> Any:
    """A copy of `input` with zeros where `mask` is true."""
    return F.masked_fill(input, mask, F.zeros((), input.dtype))


masked_zero.rule(input=lambda F, g, mask: F.masked_zero(g, mask))


@op("linear")
def index_select(F: Any, input: Any, index: Any, *, dim: Any) -> Any:
    """The entries of dimension `dim` that the integer vector `index` names, in its order.

    Raises:
        IndexError: an index is out of range (negative ones are), or `index` has more than one dimension.

    >>> ag.tensor([[1, 2], [3, 4]]).index_select(1, ag.tensor([1, 1]))
    tensor([[2, 2],
            [4, 4]])
    """
    return F.index_select(input, index, dim=dim)


index_select.rule(
    input=lambda F, g, input_like, index, *, dim: F.index_select_backward(
        g, index, shape=input_like.shape, dim=dim
    )
)


@op("linear")
def index_select_backward(F: Any, grad: Any, index: Any, *, shape: Any, dim: Any) -> Any:
    """Zeros of `shape` with the entries of `grad` added at `index` along `dim`: the adjoint of
    `index_select`."""
    return F.index_add(F.zeros(shape, grad.dtype), index, grad, dim=dim)


index_select_backward.rule(grad=lambda F, g, index, *, dim: F.index_select(g, index, dim=dim))


@index_select.surface
@numpy_names
def _index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    check_tensor(input, "index_select")
    check_tensor(index, "index_select", "index", 3)
    if index._array.ndim > 1:
        raise IndexError(f"index_select(): Index is supposed to be a vector{errors.here()}")
    if index._type.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"index_select(): Expected dtype int32 or int64 for index{errors.here()}")
    dim = canonical_dim(dim, input._array.ndim)
    extent = input._array.shape[dim] if input._array.ndim else 1
    if (bad := out_of_range(index, 0, extent)) is not None:
        raise IndexError(
            f"index out of range in self: index_select() got index {bad} for dimension {dim} with size "
            f"{extent}{errors.here()}"
        )
    result: Tensor = index_select.apply(input, index, dim=dim)
    return result


_index_select.__doc__ = index_select.__doc__
# What rules call has the arguments of the raw namespace: F.index_select(x, index, dim=dim).
TensorNamespace.index_select = staticmethod(index_select.apply)  # type: ignore[attr-defined]


def out_of_range(index: Tensor, low: int, high: int) -> int | None:
    """An element of an index tensor outside [low, high), if there is one. On a GPU nothing is read back, unless that was
    asked for: None."""
    found = extremes(index._type, index._array)
    if found is None:
        return None
    least, most = map(int, found)
    return most if most >= high else least if least < low else None


def _explain(inputs: Sequence[Any], indices: Sequence[Tensor], dims: Sequence[int]) -> None:
    """What is wrong with indices that the array library did not take."""
    shape = inputs[0]._array.shape
    for dim, each in zip(dims, indices, strict=True):
        bad = out_of_range(each, -shape[dim], shape[dim])
        if bad is not None:
            raise IndexError(f"index {bad} is out of bounds for dimension {dim} with size {shape[dim]}")
    shapes = [list(each._array.shape) for each in indices]
    found = _broadcast([each._array.shape for each in indices])
    if found is None:
        raise IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
            f"{', '.join(map(str, shapes))}"
        )
    adjacent = list(dims) == list(range(dims[0], dims[0] + len(dims)))
    rest = tuple(extent for dim, extent in enumerate(shape) if dim not in dims)
    place = dims[0] if adjacent else 0
    if len(inputs) > 1:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(inputs[1]._array.shape)} cannot be broadcast to "
            "indexing result of "
            f"shape {list(rest[:place] + found + rest[place:])}"
        )


def _broadcast(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
    result: tuple[int, ...] = ()
    for shape in shapes:
        width = max(len(shape), len(result))
        a, b = (1,) * (width - len(result)) + result, (1,) * (width - len(shape)) + shape
        if any(m != n and 1 not in (m, n) for m, n in zip(a, b, strict=True)):
            return None
        result = tuple(n if m == 1 else m for m, n in zip(a, b, strict=True))
    return result


index.explain_error = lambda inputs, params: _explain(inputs[:1], inputs[1:], params["dims"])
index_put.explain_error = lambda inputs, params: _explain(inputs[:2], inputs[2:], params["dims"])


# -- keys ----------------------------------------------------------------------------------------------------


class Key:
    """A key taken apart: `basic` for the view, then `indices` into the dimensions `dims` of that view."""

    __slots__ = ("basic", "dims", "indices", "plain")

    def __init__(self, input: Tensor, key: Any) -> None:
        self.basic: list[Any] = []
        self.indices: list[Tensor] = []
        self.dims: list[int] = []
        #: whether the basic part is the whole tensor
        self.plain = True
        shape = input._array.shape
        items = [_item(input, item) for item in _items(key)]
        named = sum(_consumes(item) for item in items)
        if named > len(shape):
            raise IndexError(f"too many indices for tensor of dimension {len(shape)}{errors.here()}")
        source = target = 0  # the dimension of `input`, and of the view, that comes next
        skipped = len(shape) - named
        for item in items:
            if item is Ellipsis:
                self.basic += [slice(None)] * skipped
                source, target, skipped = source + skipped, target + skipped, 0
            elif item is None:
                self.basic.append(None)
                self.plain = False
                target += 1
            elif isinstance(item, slice):
                self.basic.append(item)
                self.plain = self.plain and item == slice(None)
                source, target = source + 1, target + 1
            elif isinstance(item, Tensor):
                source, target = self._advanced(item, shape, source, target)
            else:
                if not -shape[source] <= item < shape[source]:
                    raise IndexError(
                        f"index {item} is out of bounds for dimension {source} with size "
                        f"{shape[source]}{errors.here()}"
                    )
                self.basic.append(item)
                self.plain = False
                source += 1
        self.basic.append(Ellipsis)

    def _advanced(self, item: Tensor, shape: tuple[int, ...], source: int, target: int) -> tuple[int, int]:
        if item._type.dtype not in (dtypes.bool_, dtypes.uint8):
            self.basic.append(slice(None))
            self.indices.append(item)
            self.dims.append(target)
            return source + 1, target + 1
        namespace, array = item._type.namespace, item._array
        if array.ndim == 0:  # a new dimension of size 1, taken or not
            self.basic.append(None)
            self.plain = False
            self.indices.append(wrap(namespace.nonzero(array.reshape(1))[:, 0]))
            self.dims.append(target)
            return source, target + 1
        for axis, extent in enumerate(array.shape):
            if extent != shape[source + axis]:
                raise IndexError(
                    f"The shape of the mask {list(array.shape)} at index {axis} does not match the shape of "
                    "the indexed tensor "
                    f"{list(shape)} at index {source + axis}{errors.here()}"
                )
        places = namespace.nonzero(array)
        for axis in range(array.ndim):
            self.basic.append(slice(None))
            self.indices.append(wrap(places[:, axis]))
            self.dims.append(target + axis)
        return source + array.ndim, target + array.ndim

    def view(self, input: Tensor) -> Tensor:
        """`input` with the basic part of the key applied."""
        return input if self.plain else basic_view(input, self.basic)


def _items(key: Any) -> tuple[Any, ...]:
    if isinstance(key, tuple):
        return key
    if isinstance(key, list) and len(key) < 32:
        for item in key:
            if item is None or item is Ellipsis or isinstance(item, (slice, Tensor, list, tuple)):
                warnings.warn(
                    "Using a non-tuple sequence for multidimensional indexing is deprecated; use "
                    "x[tuple(seq)] instead of "
                    "x[seq]",
                    UserWarning,
                    stacklevel=4,
                )
                return tuple(key)
    return (key,)


def _item(input: Tensor, item: Any) -> Any:
    """One part of a key as an int, a slice of ints, None, Ellipsis or a tensor on the device of `input`."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        return _slice(item)
    if isinstance(item, Tensor):
        return _index_tensor(input, item)
    namespace = input._type.namespace
    if isinstance(item, bool):
        return wrap(namespace.full((), item, dtypes.bool_.numpy))
    if hasattr(item, "__index__") and not getattr(item, "ndim", 0):
        return operator.index(item)
    if isinstance(item, (list, tuple, range)) or hasattr(item, "__array__"):
        array = namespace.asarray(item if hasattr(item, "__array__") else list(item))
        if array.size == 0 and not hasattr(item, "__array__"):
            array = array.astype(int64)
        return _index_tensor(input, wrap(array))
    if isinstance(item, str):
        raise TypeError(f"new(): invalid data type 'str'{errors.here()}")
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {type(item).__name__}){errors.here()}"
    )


def _slice(item: slice) -> slice:
    start, stop, step = (
        None if bound is None else _bound(bound) for bound in (item.start, item.stop, item.step)
    )
    if step is not None and step <= 0:
        raise ValueError(
            f"{'slice step cannot be zero' if step == 0 else 'step must be greater than zero'}{errors.here()}"
        )
    return slice(start, stop, step)


def _bound(value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(
            "slice indices must be integers or None or have an __index__ method, not "
            f"{type(value).__name__}{errors.here()}"
        ) from None


def varies(tensor: Tensor) -> bool:
    """Whether a tensor is one example's view of a batch (under `vmap`), so that no number can be read from it."""
    return hasattr(tensor._type.namespace, "batch")


def _index_tensor(input: Tensor, item: Tensor) -> Any:
    dtype = item._type.dtype
    if dtype not in (dtypes.int64, dtypes.int32, dtypes.uint8, dtypes.bool_):
        raise IndexError(f"{WRONG_INDEX}, not {dtype}{errors.here()}")
    if dtype is dtypes.uint8:
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
            UserWarning,
            stacklevel=5,
        )
    elif item._array.ndim == 0 and dtype is not dtypes.bool_ and not varies(item):
        return int(item._array)
    if item._type.device is not input._type.device:
        moved: Tensor = item.to(input._type.device)
        return moved
    return item


def _consumes(item: Any) -> int:
    """How many dimensions of the tensor a part of a key stands for."""
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, Tensor) and item._type.dtype in (dtypes.bool_, dtypes.uint8):
        return int(item._array.ndim)
    return 1


def basic_view(input: Tensor, key: list[Any]) -> Tensor:
    """The view that a key of ints, slices and None makes, by the op whose name PyTorch users expect."""
    result: Tensor
    ints = [dim for dim, item in enumerate(key) if isinstance(item, int)]
    rest = [
        item for item in key if not isinstance(item, int) and item != slice(None) and item is not Ellipsis
    ]
    if len(ints) == 1 and not rest:
        place, extent = key[ints[0]], input._array.shape[ints[0]]
        result = select.apply(input, dim=ints[0], index=place + extent if place < 0 else place)
    elif rest == [None] and not ints:
        result = unsqueeze.apply(input, dim=key.index(None))
    else:
        result = slice_view.apply(input, key=tuple(key))
    return result


# -- x[key] --------------------------------------------------------------------------------------------------


def getitem(input: Tensor, key: Any) -> Tensor:
    """``input[key]``: a view for ints, slices, None and Ellipsis; a copy for integer and bool tensors, lists
    and arrays.

    Raises:
        IndexError: out of range, too many indices, or an index of another type.
        ValueError: a slice with a negative step (use `flip`).

    >>> x = ag.arange(6).reshape(2, 3)
    >>> x[0, ::2], x[:, [2, 0]], x[x > 3]
    (tensor([0, 2]), tensor([[2, 0],
            [5, 3]]), tensor([4, 5]))
    """
    result: Tensor
    if key.__class__ is int and input._array.ndim:
        extent = input._array.shape[0]
        if -extent <= key < extent:
            result = select.apply(input, dim=0, index=key + extent if key < 0 else key)
            return result
    items = list(key) if key.__class__ is tuple else [key]
    if _is_simple(items, input._array.shape):
        return basic_view(input, [*items, Ellipsis])
    if input._array.ndim == 0:
        _check_no_dimensions(key)
    parts = Key(input, key)
    if parts.indices:
        result = index.apply(parts.view(input), *parts.indices, dims=tuple(parts.dims))
        return result
    if parts.plain:
        return slice_view.apply(input, key=(Ellipsis,)) if isinstance(key, slice) else alias.apply(input)  # type: ignore[no-any-return]
    return basic_view(input, parts.basic)


_BOUNDS = (int, type(None))


def _is_simple(items: list[Any], shape: tuple[int, ...]) -> bool:
    """Whether a key is nothing but ints in range and slices without a step, which need no taking apart."""
    dim = 0
    for item in items:
        if item.__class__ is slice:
            if (
                item.step is not None
                or item.start.__class__ not in _BOUNDS
                or item.stop.__class__ not in _BOUNDS
            ):
                return False
        elif item.__class__ is not int or dim >= len(shape) or not -shape[dim] <= item < shape[dim]:
            return False
        dim += 1
    return 0 < dim <= len(shape)


def _check_no_dimensions(key: Any) -> None:
    if isinstance(key, int) and not isinstance(key, bool):
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to "
            "convert a 0-dim "
            f"tensor to a number{errors.here()}"
        )
    if isinstance(key, slice):
        raise IndexError(f"slice() cannot be applied to a 0-dim tensor.{errors.here()}")


def setitem(input: Tensor, key: Any, value: Any) -> None:
    """``input[key] = value``, in place and recorded. `value` is a number, or a tensor that broadcasts to
    ``input[key]``.

    With repeated integer indices the last value wins; use `index_put` with ``accumulate=True`` to add.

    Raises:
        TypeError: `value` is neither number nor tensor.
        RuntimeError: `value` does not broadcast; or, for integer and bool keys, has another dtype.
        IndexError: as for reading.
    """
    if not isinstance(value, Tensor):
        if not isinstance(value, (bool, int, float, complex)) and not (
            hasattr(value, "item") and not getattr(value, "ndim", 1)
        ):
            raise TypeError(
                "can't assign a "
                f"{'numpy.' if hasattr(value, '__array__') else ''}{type(value).__name__} "
                f"to a ag.{input._type.dtype.scalar_name}Tensor (make a tensor of it){errors.here()}"
            )
        value = _constant(input, value)
    elif value._type.device is not input._type.device:
        value = value.to(input._type.device)
    if input._array.ndim == 0:
        _check_no_dimensions(key)
    if value._array.ndim == 0 and value._type.dtype is input._type.dtype and _is_mask(input, key):
        # The same result without looking up where the mask is true.
        inplace(
            masked_fill,
            input,
            reshape(key, key._array.shape + (1,) * (input._array.ndim - key._array.ndim)),
            value,
        )
        return
    parts = Key(input, key)
    target = parts.view(input)
    if not parts.indices:
        _copy_into(target, _without_leading_ones(value, target._array.ndim))
        return
    if value._type.dtype is not input._type.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input._type.dtype.scalar_name} for the "
            f"destination and {value._type.dtype.scalar_name} for the source.{errors.here()}"
        )
    index_put_(target, _fitting(value, target, parts), parts.indices, parts.dims, False)


def _fitting(value: Tensor, target: Tensor, parts: Key) -> Tensor:
    """`value` with no more dimensions than what the indices select."""
    found = max(each._array.ndim for each in parts.indices)
    return _without_leading_ones(value, target._array.ndim - len(parts.dims) + found)


def _is_mask(input: Tensor, key: Any) -> bool:
    if (
        not isinstance(key, Tensor)
        or key._type.dtype is not dtypes.bool_
        or key._type.device is not input._type.device
    ):
        return False
    shape = key._array.shape
    result: bool = 0 < len(shape) <= input._array.ndim and input._array.shape[: len(shape)] == shape
    return result


def _constant(input: Tensor, value: Any) -> Tensor:
    value = value if isinstance(value, (bool, int, float, complex)) else value.item()
    if isinstance(value, complex) and not input._type.is_complex:
        raise RuntimeError(
            f"value cannot be converted to type {input._type.dtype.name} without overflow: "
            f"{value}{errors.here()}"
        )
    return constant(input._type, value)


def _without_leading_ones(value: Tensor, ndim: int) -> Tensor:
    """Assignment by slices ignores dimensions of size 1 in front of a value."""
    shape = value._array.shape
    extra = len(shape) - ndim
    while extra > 0 and shape[0] == 1:
        shape, extra = shape[1:], extra - 1
    return value if shape == value._array.shape else reshape(value, shape)


def _copy_into(target: Tensor, value: Tensor) -> Tensor:
    if value._array.ndim and value._array.shape != target._array.shape:
        value = expand(value, target._array.shape)
    return inplace(copy_values, target, value)


def copy_(input: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Writes the values of `src`, which broadcasts, into this tensor, converting dtype and device. Returns
    the tensor.

    >>> ag.zeros(2).copy_(ag.tensor(3))
    tensor([3., 3.])
    """
    check_tensor(src, "copy_", "other")
    if src._type.device is not input._type.device:
        src = src.to(input._type.device)
    shape = input._array.shape
    if src._array.shape != shape:
        common = common_shape((input, src))
        if common != shape or src._array.ndim > len(shape):
            raise RuntimeError(
                f"output with shape {list(shape)} doesn't match the broadcast shape {list(common)}{errors.here()}"
            )
    return _copy_into(input, src)


def index_put_(
    target: Tensor, values: Tensor, indices: Sequence[Tensor], dims: Sequence[int], accumulate: bool
) -> Tensor:
    """`index_put` in place; without a copy of the tensor where nothing is recorded."""
    params = {"dims": tuple(dims), "accumulate": accumulate}
    recording = modes.local.grad_enabled and (node_of(target) is not None or node_of(values) is not None)
    if recording or modes.intercepting:
        return inplace(index_put, target, values, *indices, **params)
    check_writable(target, "index_put")
    namespace = target._type.namespace
    write = namespace.index_put_add if accumulate else namespace.setitem
    try:
        write(target._array, raw_key([each._array for each in indices], dims), values._array)
    except (IndexError, ValueError) as error:
        raise_clearly(index_put, (target, values, *indices), params, error)
    bump(target)
    return target


def _put_parts(input: Tensor, indices: Any, values: Any) -> tuple[Key, Tensor]:
    check_tensor(input, "index_put")
    key = tuple(slice(None) if each is None else each for each in indices)
    for each in key:
        if not isinstance(each, (Tensor, slice)):
            raise TypeError(
                f"index_put(): indices must be Tensors or None, not {type(each).__name__}{errors.here()}"
            )
    parts = Key(
        input,
        tuple(each.reshape(1) if isinstance(each, Tensor) and not each._array.ndim else each for each in key),
    )
    if not isinstance(values, Tensor):
        values = _constant(input, values)
    if values._type.dtype is not input._type.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input._type.dtype.scalar_name} for the "
            f"destination and {values._type.dtype.scalar_name} for the source.{errors.here()}"
        )
    return parts, values


@index_put.surface
def _index_put(input: Tensor, indices: Any, values: Any, accumulate: bool = False) -> Tensor:
    parts, values = _put_parts(input, indices, values)
    target = parts.view(input)
    result: Tensor = index_put.apply(
        target, _fitting(values, target, parts), *parts.indices, dims=tuple(parts.dims), accumulate=accumulate
    )
    return result


_index_put.__doc__ = index_put.__doc__


def _index_put_inplace(input: Tensor, indices: Any, values: Any, accumulate: bool = False) -> Tensor:
    """In-place `index_put`. Returns the tensor."""
    parts, values = _put_parts(input, indices, values)
    target = parts.view(input)
    index_put_(target, _fitting(values, target, parts), parts.indices, parts.dims, accumulate)
    return input


@masked_fill.surface
def _masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    result: Tensor = masked_fill.apply(input, *_fill_operands(input, mask, value))
    return result


def _fill_operands(input: Tensor, mask: Any, value: Any) -> tuple[Tensor, Tensor]:
    check_tensor(input, "masked_fill")
    check_tensor(mask, "masked_fill", "mask", 2)
    if mask._type.dtype is not dtypes.bool_:
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype "
            f"{mask._type.dtype.name}{errors.here()}"
        )
    if not isinstance(value, Tensor):
        return mask, _constant(input, value)
    if value._array.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s).{errors.here()}"
        )
    if not dtypes.can_cast(value._type.dtype, input._type.dtype):
        raise RuntimeError(
            f"value cannot be converted to type {input._type.dtype.name} without overflow{errors.here()}"
        )
    converted: Tensor = REGISTRY["cast"].public(value, dtype=input._type.dtype)
    return mask, converted


def _masked_fill_inplace(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """In-place `masked_fill`. Returns the tensor."""
    return inplace(masked_fill, input, *_fill_operands(input, mask, value))


_masked_fill.__doc__ = masked_fill.__doc__

METHODS["__getitem__"] = getitem
METHODS["__setitem__"] = setitem
METHODS["copy_"] = copy_
METHODS["index_put_"] = _index_put_inplace
METHODS["masked_fill_"] = _masked_fill_inplace
expose(index_put, "index_put")
expose(index_select, "index_select")
expose(masked_fill, "masked_fill")
