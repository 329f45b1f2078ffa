"""Reading and writing with index arrays over a hidden batch dimension.

A key of an example falls into a basic part, which makes a view of what is inside, and index arrays. Where the arrays are
the same for all examples they index the same dimensions, one further back. Where they vary, the batch itself becomes an
index array, ``0, 1, 2, ...``, that broadcasts against them; the array library then puts the indexed dimensions first, and
`Target.order` says how to bring them back to where an example has them.
"""

from __future__ import annotations

from typing import Any

from autograd_gpu.func.batched import (
    Array,
    Batch,
    BatchedArray,
    aligned,
    grown,
    inside,
    is_array,
    joint,
    lifted,
)
from autograd_gpu.func.rules import NO_RULE, along, rule, run, wrapped


class Target:
    """Where in an array inside a key points.

    `array[key]`, with its dimensions in the `order` (None: as they are), has the batch first and then what an example's
    key selects.
    """

    __slots__ = ("array", "key", "order")

    def __init__(self, array: Array, key: tuple[Any, ...], order: tuple[int, ...] | None) -> None:
        self.array = array
        self.key = key
        self.order = order

    @property
    def namespace(self) -> Any:
        return joint([self.array, *(part for part in self.key if is_array(part))])

    def read(self) -> Array:
        found = self.namespace.getitem(self.array, self.key)
        return found if self.order is None else inside(found).permute(found, self.order)

    def write(self, name: str, values: Any) -> None:
        """`setitem` or `index_put_add` of values that have the batch in front (or a number)."""
        if is_array(values) and len(values.shape):
            space = inside(values)
            width = self._width()
            lead, rest = values.shape[0], tuple(values.shape[1:])
            while len(rest) >= width and rest and rest[0] == 1:
                rest = rest[1:]
            values = space.reshape(values, (lead, *(1,) * (width - 1 - len(rest)), *rest))
            if self.order is not None:
                back = sorted(range(width), key=self.order.__getitem__)
                values = space.permute(values, tuple(back))
        getattr(self.namespace, name)(self.array, self.key, values)

    def _width(self) -> int:
        arrays = [part for part in self.key if is_array(part)]
        return len(self.array.shape) - len(arrays) + max(len(part.shape) for part in arrays)


def target_of(batch: Batch, array: BatchedArray, key: Any, writing: bool = False) -> Target | None:
    """Where `key` points; None if that depends on values (a mask that varies)."""
    basic, found = _taken_apart(batch, array, key)
    if found is None:
        return None
    if writing and any(index.value.shape[0] != 1 for index in found[1]):
        array.namespace.grow(array)
    space = inside(array.value)
    view = array.value if basic is None else space.getitem(array.value, basic)
    dims, indices = found
    adjacent = dims == list(range(dims[0], dims[0] + len(dims)))
    width = max(index.ndim for index in indices)
    count = len(view.shape) - len(dims) + width  # dimensions of the result, the batch's included
    if all(index.value.shape[0] == 1 for index in indices):
        plain = [inside(index.value).select(index.value, 0, 0) for index in indices]
        order = None if adjacent else (width, *range(width), *range(width + 1, count))
        return Target(view, _key(plain, [dim + 1 for dim in dims]), order)
    values = aligned(indices)
    if view.shape[0] == 1 and not writing:  # a table for all: the indices bring the batch along
        before = dims[0] if adjacent else 0
        order = (before, *range(before), *range(before + 1, count)) if before else None
        return Target(space.select(view, 0, 0), _key(values, dims), order)
    if view.shape[0] != batch.size:
        view = space.expand(view, (batch.size, *view.shape[1:]))
    namespace = inside(values[0])
    rows = namespace.arange(0, batch.size, 1, values[0].dtype)
    rows = namespace.reshape(rows, (batch.size, *(1,) * (len(values[0].shape) - 1)))
    before = dims[0] if adjacent else 0
    order = None
    if before:
        order = (
            0,
            *range(width + 1, width + 1 + before),
            *range(1, width + 1),
            *range(width + 1 + before, count),
        )
    return Target(view, _key([rows, *values], [0, *(dim + 1 for dim in dims)]), order)


def _key(indices: list[Array], dims: list[int]) -> tuple[Any, ...]:
    key: list[Any] = [slice(None)] * (dims[-1] + 1)
    for dim, index in zip(dims, indices, strict=True):
        key[dim] = index
    return tuple(key)


def _taken_apart(
    batch: Batch, array: BatchedArray, key: Any
) -> tuple[tuple[Any, ...] | None, tuple[list[int], list[BatchedArray]] | None]:
    """The basic part of a key (None: everything), and dimensions of that view with the arrays that index them."""
    items = list(key) if isinstance(key, tuple) else [key]
    named = sum(item.ndim if _is_mask(item) else item is not None and item is not Ellipsis for item in items)
    basic: list[Any] = [slice(None)]
    dims: list[int] = []
    indices: list[BatchedArray] = []
    dim = 0
    for item in items:
        if item is Ellipsis:
            basic += [slice(None)] * (array.ndim - named)
            dim += array.ndim - named
        elif item is None or isinstance(item, slice):
            basic.append(item)
            dim += 1
        elif not is_array(item):
            basic.append(item)
        elif _is_mask(item):
            mask = lifted(batch, item)
            if mask.value.shape[0] != 1:
                return None, None
            space = inside(mask.value)
            places = space.nonzero(space.select(mask.value, 0, 0))
            for axis in range(mask.ndim):
                basic.append(slice(None))
                dims.append(dim)
                indices.append(lifted(batch, places[:, axis]))
                dim += 1
        else:
            basic.append(slice(None))
            dims.append(dim)
            indices.append(lifted(batch, item))
            dim += 1
    trivial = all(isinstance(part, slice) and part == slice(None) for part in basic)
    return None if trivial else tuple(basic), (dims, indices)


def _is_mask(item: Any) -> bool:
    return is_array(item) and str(item.dtype) == "bool"


def has_arrays(key: Any) -> bool:
    """Whether a key holds index arrays."""
    return any(is_array(part) for part in (key if isinstance(key, tuple) else (key,)))


@rule("slice_view", "getitem")
def _getitem(batch: Batch, name: str, x: BatchedArray, key: Any) -> Any:
    keys = key if isinstance(key, tuple) else (key,)
    if not has_arrays(keys):
        return wrapped(batch, run(name, x.value, key=(slice(None), *keys)))
    found = target_of(batch, x, keys)
    return NO_RULE if found is None else wrapped(batch, found.read())


@rule("index_put_add")
def _index_put_add(batch: Batch, name: str, out: BatchedArray, key: Any, value: BatchedArray) -> Any:
    if value.value.shape[0] != 1:
        out.namespace.grow(out)
    found = target_of(batch, out, key, writing=True)
    if found is None:
        return NO_RULE
    found.write(name, value.value)
    return None


def setitem(batch: Batch, array: BatchedArray, key: tuple[Any, ...], value: Any) -> None:
    """``array[key] = value`` with index arrays in the key, the batch's part of writing done."""
    found = target_of(batch, array, key, writing=True)
    if found is None:
        _set_where(batch, array, key, value)
        return
    found.write("setitem", value)


def _set_where(batch: Batch, array: BatchedArray, key: tuple[Any, ...], value: Any) -> None:
    """A mask that varies, and one value for all it selects: no place need be known.

    Raises:
        RuntimeError: for several values, whose places depend on the mask.
    """
    mask = lifted(batch, next(part for part in key if is_array(part)))
    if not all(part is Ellipsis or part == slice(None) for part in key if not is_array(part)) or (
        is_array(value) and value.size > value.shape[0]
    ):
        raise RuntimeError(
            "vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over nonzero: it is "
            "what a mask as an index stands for; use where() or masked_fill()"
        )
    if mask.value.shape[0] != 1:
        array.namespace.grow(array)
    target = array.value
    trailing = (1,) * (array.ndim - mask.ndim)
    space = inside(mask.value)
    wide = space.reshape(mask.value, (*mask.value.shape, *trailing))
    filled = (
        value if not is_array(value) else inside(value).reshape(value, (value.shape[0], *(1,) * array.ndim))
    )
    namespace = joint([each for each in (target, wide, filled) if is_array(each)])
    if not is_array(filled):
        filled = namespace.full((), filled, target.dtype)
    namespace.setitem(target, (...,), namespace.where(wide, namespace.cast(filled, target.dtype), target))


# -- slices named by a vector --------------------------------------------------------------------------------------------


@rule("index_select")
def _index_select(batch: Batch, name: str, x: BatchedArray, index: BatchedArray, dim: int) -> Any:
    if not x.ndim:
        return x
    vector = index.reshape(-1)
    if vector.value.shape[0] == 1:
        return wrapped(
            batch, run(name, x.value, inside(vector.value).select(vector.value, 0, 0), dim=along(dim))
        )
    found = target_of(batch, x, (*(slice(None),) * (dim % x.ndim), vector))
    assert found is not None
    return wrapped(batch, found.read())


@rule("index_add", "index_copy")
def _index_write(
    batch: Batch, name: str, x: BatchedArray, index: BatchedArray, src: BatchedArray, dim: int
) -> Any:
    whole = x.reshape(1) if not x.ndim else x
    given = src.reshape(index.size) if x.ndim < 2 and src.ndim else src
    result = whole.namespace.copy(whole)
    if given.value.shape[0] != 1:
        result.namespace.grow(result)
    key = (*(slice(None),) * (dim % whole.ndim), index.reshape(-1))
    found = target_of(batch, result, key, writing=True)
    assert found is not None
    found.write("index_put_add" if name == "index_add" else "setitem", given.value)
    return result if x.ndim else result.reshape()


@rule("embedding_backward")
def _embedding_backward(
    batch: Batch,
    name: str,
    x: BatchedArray,
    indices: BatchedArray,
    num_embeddings: int,
    padding_idx: int | None = None,
) -> Any:
    """One table for the whole batch: example b has rows b * num_embeddings and on."""
    g, rows = grown(batch, x), indices.value
    space = inside(rows)
    shifts = space.arange(0, batch.size, 1, rows.dtype) * num_embeddings
    rows = rows + space.reshape(shifts, (batch.size, *(1,) * indices.ndim))
    table = run(name, g, rows, num_embeddings=batch.size * num_embeddings)
    table = inside(table).reshape(table, (batch.size, num_embeddings, g.shape[-1]))
    if padding_idx is not None:
        inside(table).setitem(table, (slice(None), padding_idx), 0)
    return wrapped(batch, table)


@rule("gather", "scatter", "scatter_add", "scatter_fill", "scatter_extreme")
def _gather(
    batch: Batch, name: str, x: BatchedArray, index: BatchedArray, src: Any = None, *, dim: int, **params: Any
) -> Any:
    arrays = [each for each in (x, index, src) if each is not None]
    if all(each.ndim for each in (x, index)):
        values = [grown(batch, each) for each in arrays]
        if src is not None and not src.ndim:  # one value for all places
            values[2] = inside(values[2]).reshape(values[2], (batch.size, *(1,) * index.ndim))
            values[2] = inside(values[2]).expand(values[2], (batch.size, *index.shape))
        return wrapped(batch, run(name, *values, dim=along(dim), **params))
    wide = [inside(each.value).reshape(grown(batch, each), (batch.size, -1)) for each in arrays]
    result = run(name, *wide, dim=1, **params)
    shape = index.shape if name == "gather" else x.shape
    return wrapped(batch, inside(result).reshape(result, (batch.size, *shape)))
