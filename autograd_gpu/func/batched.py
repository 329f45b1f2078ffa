"""Arrays with a hidden dimension, and the namespace that computes with them: what `vmap` is made of.

A `BatchedArray` looks like one example: its shape, its dtype and its operators are an example's. Inside is an array
with one more dimension in front, as long as the batch, or of length 1 where all examples are the same. Since the hidden
dimension comes first and has length 1 where nothing varies, most rules are the function itself with dimensions shifted
by one, and broadcasting does the rest.

`BatchedNamespace` is the list of array primitives over such arrays, found through their `ArrayType` like NumPy's and
CuPy's. So the graph, the engine and the derivative rules need not know about batches: they see one more device. What
is inside may be a BatchedArray of an outer `vmap`; namespaces then call each other.
"""

from __future__ import annotations

import operator
import warnings
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NoReturn

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.device import ArrayType, type_of, type_of_array

Array = Any

ITEM = (
    "vmap: It looks like you're either (1) calling .item() on a Tensor or (2) attempting to use a Tensor in some "
    "data-dependent control flow or (3) turning a Tensor into a NumPy array or (4) changing in place a Tensor that is not "
    "being vmapped over, by one that is. We don't support vmap over calling .item() "
    "on a Tensor, please try to rewrite what you're doing with other operations (where(), masked_fill(), clamp())."
)

_numbers = count(1).__next__


class Batch:
    """One `vmap` in progress: how many examples there are, and what random numbers may do."""

    def __init__(self, size: int, randomness: str) -> None:
        self.number = _numbers()
        #: how many transforms it is inside of, itself included
        self.level = modes.local.transforms + 1
        self.size = size
        self.randomness = randomness
        # Held by tensors and nodes; they hold the batch, so it must not hold them.
        self._types: dict[ArrayType, weakref.ref[ArrayType]] = {}
        self._namespaces: dict[Any, weakref.ref[BatchedNamespace]] = {}

    def type_of(self, inner: ArrayType) -> ArrayType:
        """The type of arrays that hide a batch in an array of type `inner`."""
        reference = self._types.get(inner)
        found = None if reference is None else reference()
        if found is None:
            known = self._namespaces.get(inner.namespace)
            namespace = None if known is None else known()
            if namespace is None:
                namespace = batched_namespace(self, inner.namespace)
                self._namespaces[inner.namespace] = weakref.ref(namespace)
            found = ArrayType(namespace, inner.dtype, inner.device)
            found.fast = False
            self._types[inner] = weakref.ref(found)
        return found


class BatchedArray:
    """One example's view of an array with a batch of them; see the module's docstring."""

    __slots__ = ("__weakref__", "batch", "growable", "value")
    __array_priority__ = 1001

    def __init__(self, value: Array, batch: Batch) -> None:
        self.value = value if hasattr(value, "__setitem__") else type_of(value).namespace.asarray(value)
        self.batch = batch
        #: whether nobody else sees this memory yet, so that it may give way to memory for each example
        self.growable = False

    @property
    def type(self) -> ArrayType:
        return self.batch.type_of(type_of(self.value))

    @property
    def namespace(self) -> BatchedNamespace:
        return self.type.namespace  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape[1:])

    @property
    def ndim(self) -> int:
        return len(self.value.shape) - 1

    @property
    def size(self) -> int:
        result = 1
        for extent in self.shape:
            result *= extent
        return result

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def itemsize(self) -> int:
        return int(self.value.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        return tuple(self.value.strides[1:])

    @property
    def base(self) -> Batch:
        """Never None: the engine may not add into it, for others may hold what is inside."""
        return self.batch

    @property
    def real(self) -> BatchedArray:
        return self.namespace.real(self)  # type: ignore[no-any-return]

    @property
    def imag(self) -> BatchedArray:
        return self.namespace.imag(self)  # type: ignore[no-any-return]

    @property
    def T(self) -> BatchedArray:
        return self.namespace.permute(self, tuple(reversed(range(self.ndim))))  # type: ignore[no-any-return]

    def astype(self, dtype: Any, copy: bool = True) -> BatchedArray:
        return self.namespace.cast(self, dtype)  # type: ignore[no-any-return]

    def reshape(self, *shape: Any) -> BatchedArray:
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return self.namespace.reshape(self, tuple(wanted))  # type: ignore[no-any-return]

    def copy(self) -> BatchedArray:
        return self.namespace.copy(self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> BatchedArray:
        return self.namespace.sum(self, dim=axis, keepdim=keepdims)  # type: ignore[no-any-return]

    def mean(self, axis: Any = None, keepdims: bool = False) -> BatchedArray:
        return self.namespace.mean(self, dim=axis, keepdim=keepdims)  # type: ignore[no-any-return]

    def transpose(self, *axes: Any) -> BatchedArray:
        order = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        return self.namespace.permute(self, tuple(order or reversed(range(self.ndim))))  # type: ignore[no-any-return]

    def swapaxes(self, first: int, second: int) -> BatchedArray:
        return self.namespace.transpose(self, first, second)  # type: ignore[no-any-return]

    def min(self) -> Any:
        """The smallest element of all examples: what checks of labels and indices want to know."""
        return inside(self.value).run(self.value.min)

    def max(self) -> Any:
        """The largest element of all examples."""
        return inside(self.value).run(self.value.max)

    def any(self) -> Any:
        """Whether any element of any example is true."""
        return inside(self.value).run(self.value.any)

    def all(self) -> Any:
        """Whether all elements of all examples are true."""
        return inside(self.value).run(self.value.all)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> BatchedArray:
        return self.namespace.getitem(self, key)  # type: ignore[no-any-return]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.namespace.setitem(self, key, value)

    def item(self) -> NoReturn:
        raise RuntimeError(ITEM + errors.here())

    def tolist(self) -> NoReturn:
        self.item()

    def __bool__(self) -> bool:
        self.item()

    def __int__(self) -> int:
        self.item()

    def __float__(self) -> float:
        self.item()

    def __index__(self) -> int:
        self.item()

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        self.item()

    def __array_ufunc__(self, ufunc: Any, method: str, *arrays: Any, **options: Any) -> Any:
        """NumPy was called with a constant first: elementwise functions take batches like any other operand."""
        if (
            options.get("out") is not None
        ):  # an in-place operator of an array that is the same for all examples
            refuse_to_write()
        if method != "__call__" or ufunc.signature is not None:
            return self.namespace.matmul(*arrays) if ufunc.__name__ == "matmul" else NotImplemented
        return elementwise(self.batch, lambda *values: ufunc(*values, **options), arrays)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        return loop(self.batch, function.__name__, function, arguments, options)


def _binary(name: str) -> None:
    function = getattr(operator, name)

    def forward(self: BatchedArray, other: Any) -> Any:
        return elementwise(self.batch, function, (self, other))

    def reflected(self: BatchedArray, other: Any) -> Any:
        return elementwise(self.batch, function, (other, self))

    bare = name.strip("_")
    setattr(BatchedArray, f"__{bare}__", forward)
    if bare not in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(BatchedArray, f"__r{bare}__", reflected)


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "and_",
    "or_",
    "xor",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
):
    _binary(_name)


def _unary(name: str) -> None:
    function = getattr(operator, name)

    def method(self: BatchedArray) -> Any:
        return elementwise(self.batch, function, (self,))

    setattr(BatchedArray, f"__{name}__", method)


for _name in ("neg", "abs", "invert"):
    _unary(_name)


def _matmul(self: BatchedArray, other: Any) -> Any:
    return self.namespace.matmul(self, other)


def _rmatmul(self: BatchedArray, other: Any) -> Any:
    return self.namespace.matmul(other, self)


def _inplace(name: str) -> None:
    function = getattr(operator, name)

    def method(self: BatchedArray, other: Any) -> BatchedArray:
        self.namespace.setitem(self, (...,), function(self, other).astype(self.dtype))
        return self

    setattr(BatchedArray, f"__i{name}__", method)


for _name in ("add", "sub", "mul", "truediv"):
    _inplace(_name)

setattr(BatchedArray, "__matmul__", _matmul)  # noqa: B010 - beside the operators that the table makes
setattr(BatchedArray, "__rmatmul__", _rmatmul)  # noqa: B010
BatchedArray.__hash__ = object.__hash__  # type: ignore[method-assign]

type_of_array[BatchedArray] = lambda array: array.type


# -- what the rules are made of ------------------------------------------------------------------------------------------


def refuse_to_write() -> NoReturn:
    """What differs between examples cannot be written into an array that is the same for all."""
    raise RuntimeError(
        "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in "
        "extra_args that has more elements than `self`. This happened due to `other` being vmapped over but "
        "`self` not being vmapped over in a vmap. Please try to use out-of-place operators instead of inplace "
        f"arithmetic.{errors.here()}"
    )


def is_array(value: Any) -> bool:
    """Whether a value is a raw array of any kind (NumPy's scalars are not: they broadcast with anything)."""
    return value.__class__ in type_of_array or (hasattr(value, "__setitem__") and hasattr(value, "dtype"))


def lifted(batch: Batch, value: Array) -> BatchedArray:
    """An array as one that is the same for all examples; batched ones as they are."""
    if isinstance(value, BatchedArray) and value.batch is batch:
        return value
    return BatchedArray(type_of(value).namespace.unsqueeze(value, 0), batch)


def inside(value: Array) -> Any:
    """The namespace of what is inside."""
    return type_of(value).namespace


def joint(values: Sequence[Array]) -> Any:
    """The namespace that can compute with all of these arrays: that of the innermost batch among them."""
    found: Any = None
    depth = -1
    for value in values:
        number = value.batch.number if isinstance(value, BatchedArray) else 0
        if number > depth:
            found, depth = type_of(value).namespace, number
    return found


def grown(batch: Batch, array: BatchedArray) -> Array:
    """What is inside with as many examples as the batch has."""
    value = array.value
    if value.shape[0] == batch.size:
        return value
    return inside(value).expand(value, (batch.size, *value.shape[1:]))


def copy_for(target: Array, values: Array) -> Array:
    """A copy of `target` that `values` can be written into, whatever batches they vary over."""
    if not isinstance(values, BatchedArray):
        return inside(target).copy(target)
    array = lifted(values.batch, target)
    value = array.value if values.value.shape[0] == 1 else grown(values.batch, array)
    return BatchedArray(copy_for(value, values.value), values.batch)


def aligned(arrays: Sequence[BatchedArray]) -> list[Array]:
    """The values with ones inserted behind the hidden dimension, so that the examples' shapes broadcast."""
    result = [array.value for array in arrays]
    if len(arrays) > 1:
        ranks = [len(value.shape) for value in result]
        width = max(ranks)
        for place, (value, rank) in enumerate(zip(result, ranks, strict=True)):
            if rank < width:
                shape = value.shape
                result[place] = inside(value).reshape(value, (shape[0], *(1,) * (width - rank), *shape[1:]))
    return result


def elementwise(batch: Batch, function: Callable[..., Any], arrays: Sequence[Any]) -> Any:
    """`function` of batched arrays, plain arrays and numbers, broadcast example by example."""
    batch, values, where = broadcast(batch, arrays)
    return BatchedArray(where.run(function, *values), batch)


def broadcast(batch: Batch, arrays: Sequence[Any]) -> tuple[Batch, list[Any], Any]:
    """The innermost batch among arrays (and `batch`), what is inside of them so that examples broadcast (numbers as they
    are), and the namespace that can compute with it (None without arrays)."""
    values: list[Any] = []
    found: Any = None
    for a in arrays:  # the usual case: memory for examples of as many dimensions
        if a.__class__ is BatchedArray and a.batch is batch:
            a = a.value
            if a.__class__ is BatchedArray or (found is not None and len(a.shape) != len(found.shape)):
                break
            found = a
        elif is_array(a):
            break
        values.append(a)
    else:
        return batch, values, None if found is None else type_of(found).namespace
    for a in arrays:
        if a.__class__ is BatchedArray and a.batch.number > batch.number:
            batch = a.batch
    values = list(arrays)
    places = [place for place, a in enumerate(arrays) if is_array(a)]
    inner = aligned([lifted(batch, arrays[place]) for place in places])
    for place, value in zip(places, inner, strict=True):
        values[place] = value
    return batch, values, joint(inner)


# -- where there is no rule ----------------------------------------------------------------------------------------------

_warned: set[str] = set()


def warn_slow(name: str) -> None:
    """Say once per op that it runs example by example."""
    if name not in _warned:
        _warned.add(name)
        warnings.warn(
            f"There is a performance drop because we have not yet implemented the batching rule for {name}: it runs once for "
            f"each example of the batch.{errors.here()}",
            UserWarning,
            stacklevel=2,
        )


def _example(batch: Batch, value: Any, index: int) -> Any:
    if isinstance(value, BatchedArray) and value.batch is batch:
        inner = value.value
        return inside(inner).select(inner, 0, index if inner.shape[0] > 1 else 0)
    if isinstance(value, (tuple, list)):
        return type(value)(_example(batch, member, index) for member in value)
    return value


def _stacked(batch: Batch, name: str, results: list[Any]) -> Any:
    first = results[0]
    if isinstance(first, (tuple, list)):
        return type(first)(_stacked(batch, name, list(column)) for column in zip(*results, strict=True))
    if first is None:
        return None
    if len({tuple(result.shape) for result in results}) > 1:
        raise RuntimeError(
            f"vmap: We do not support batching operators that can output dynamic shape; {name} gave "
            f"{', '.join(str(list(result.shape)) for result in results[:4])}{errors.here()}"
        )
    namespace = (
        joint([result for result in results if is_array(result)]) if is_array(first) else inside(first)
    )
    return BatchedArray(namespace.stack([namespace.asarray(result) for result in results], dim=0), batch)


def loop(
    batch: Batch, name: str, function: Callable[..., Any], arguments: Sequence[Any], options: dict[str, Any]
) -> Any:
    """`function` of each example by itself."""
    if not batch.size:
        raise RuntimeError(f"vmap: {name} has no batching rule, and no example to run it on{errors.here()}")
    results = [
        function(
            *(_example(batch, a, index) for a in arguments),
            **{key: _example(batch, value, index) for key, value in options.items()},
        )
        for index in range(batch.size)
    ]
    return _stacked(batch, name, results)


#: namespace -> the class of namespaces over batches of its arrays
_classes: dict[int, type[BatchedNamespace]] = {}


def batched_namespace(batch: Batch, base: Any) -> BatchedNamespace:
    """The namespace over arrays that hide a batch in arrays of the namespace `base`."""
    plain = base.plain if isinstance(base, BatchedNamespace) else base
    found = _classes.get(id(plain))
    if found is None:
        found = type("BatchedNamespace", (BatchedNamespace,), {"plain": plain})
        _classes[id(plain)] = found  # which keeps `plain`, and so its id
    return found(batch, base)


class BatchedNamespace:
    """Array primitives over `BatchedArray`s; each is made from its rule (`func/rules.py`) when it is first asked for.

    Those of one device are methods of one class, which `batched_namespace` makes.
    """

    #: the namespace of the memory, innermost
    plain: Any

    def __init__(self, batch: Batch, base: Any) -> None:
        self.batch = batch
        #: the namespace of what is inside, where factories make arrays
        self.base = base
        self.xp = base.xp

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        from autograd_gpu.func.rules import method

        setattr(type(self), name, method(self.plain, name))
        return getattr(self, name)  # type: ignore[no-any-return]

    def scalar(self, value: complex, dtype: Any) -> Any:
        """A number as an operand; nothing varies."""
        return self.base.scalar(value, dtype)

    def asarray(self, array: Any, dtype: Any = None) -> Any:
        return (
            array if isinstance(array, BatchedArray) else lifted(self.batch, self.base.asarray(array, dtype))
        )

    def copy(self, array: BatchedArray) -> BatchedArray:
        """A copy to write into: if what is written varies, it gets memory for each example."""
        result = BatchedArray(
            inside(lifted(self.batch, array).value).copy(lifted(self.batch, array).value), self.batch
        )
        result.growable = True
        return result

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """``function(*args, **kwargs)``: it comes back here with each operator."""
        return function(*args, **kwargs)

    def whole(self, array: BatchedArray) -> Array:
        """All examples, as they are printed."""
        return grown(self.batch, array)

    def grow(self, array: BatchedArray) -> Array:
        """Memory for each example in the place of memory for all.

        Raises:
            RuntimeError: if others may see that memory.
        """
        if array.value.shape[0] == 1 and self.batch.size != 1:
            if not array.growable:
                refuse_to_write()
            array.value = inside(array.value).copy(grown(self.batch, array))
        return array.value

    def is_contiguous(self, array: BatchedArray) -> bool:
        return bool(inside(array.value).is_contiguous(array.value))

    def address(self, array: BatchedArray) -> int:
        return int(inside(array.value).address(array.value))

    def to_host(self, array: BatchedArray) -> NoReturn:
        array.item()

    def setitem(self, array: BatchedArray, key: Any, value: Any) -> None:
        """Write into the memory that is inside.

        Raises:
            RuntimeError: when what is written varies over the batch and what it is written to does not.
        """
        target = array.value
        keys = key if isinstance(key, tuple) else (key,)
        indexed = any(is_array(k) for k in keys)
        if is_array(value):
            source = lifted(self.batch, value)
            if target.shape[0] == 1 and source.value.shape[0] != 1:
                target = self.grow(array)
            value = source.value
            if not indexed:
                region = self.getitem(array, keys)
                if source.ndim < region.ndim:
                    value = aligned([source, region])[0]
        if indexed:
            from autograd_gpu.func.index_rules import setitem

            setitem(self.batch, array, keys, value)
        else:
            inside(target).setitem(target, (slice(None), *keys), value)
