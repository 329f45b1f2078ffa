"""Nested sequences of numbers as arrays: what `ag.tensor` does with lists.

The dtype comes from the types of the elements, never from their values: Python floats give the default
dtype, complex numbers its complex counterpart, ints int64, bools bool; NumPy's scalars and arrays and
tensors keep theirs; where several meet, `promote_types` decides.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Set
from itertools import chain
from numbers import Number
from typing import Any

import numpy as np

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.dtypes import DType

#: kinds of elements, although some of them have a length
_ELEMENTS = (Number, np.generic, Tensor, str, bytes, Mapping, Set)
_MOST_DIMENSIONS = 64


def array_of(data: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    """A number or nested sequences of numbers as a NumPy array of `dtype` (None: see the module's docstring).

    Raises:
        ValueError: sequences of different lengths; ints that do not fit int64.
        TypeError: sequences mixed with elements; text; a complex number for a real dtype.
        RuntimeError: elements that are no numbers; a value outside the range of an integer dtype.
    """
    shape, leaves, kinds = _flatten(data)
    known = set()
    if any(issubclass(kind, Tensor) for kind in kinds):
        known = {leaf._type.dtype for leaf in leaves if isinstance(leaf, Tensor)}
        leaves = [_element(leaf) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        kinds = {kind for kind in kinds if not issubclass(kind, Tensor)}
    _refuse_text(kinds, bool(shape))
    if dtype is None:
        found = known | {_dtype_of(kind) for kind in kinds}
        dtype = functools.reduce(dtypes.promote_types, found) if found else dtypes.get_default_dtype()
        try:
            return _build(leaves, dtype).reshape(shape)
        except OverflowError:
            raise ValueError(
                "Overflow when unpacking long long: an int of the data does not fit int64; dtype=ag.float64 "
                f"rounds it{errors.here()}"
            ) from None
    _check_kinds(kinds, dtype)
    try:
        return _build(leaves, dtype).reshape(shape)
    except (OverflowError, ValueError) as error:
        if dtype.category >= dtypes.FLOAT:
            raise type(error)(f"{error}{errors.here()}") from None
    return _wrapped(leaves, dtype).reshape(shape)


def type_name(kind: type) -> str:
    """A type's name as PyTorch writes it in messages: ``list``, ``numpy.float32``."""
    return (
        kind.__name__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__name__}"
    )


def _flatten(data: Any) -> tuple[tuple[int, ...], Any, set[type]]:
    """Shape, elements and types of elements of nested sequences, found level by level."""
    shape: list[int] = []
    level: list[Any] = [data]
    kinds: set[type] = set()
    while level:
        kinds = set(map(type, level))
        if np.ndarray in kinds:
            stacked = _stack(level, kinds)
            if stacked is not None:
                return (*shape, *stacked.shape[1:]), stacked.reshape(-1), {stacked.dtype.type}
            level = [each[()] if isinstance(each, np.ndarray) and not each.ndim else each for each in level]
            kinds = set(map(type, level))
        sequences = [kind for kind in kinds if _is_sequence(kind)]
        if not sequences:
            break
        if len(sequences) < len(kinds):
            odd = next(each for each in level if not _is_sequence(type(each)))
            raise TypeError(
                f"not a sequence: at dim {len(shape)} the data mix sequences with elements such as {odd!r}"
                f"{errors.here()}"
            )
        if len(shape) == _MOST_DIMENSIONS:
            raise ValueError(
                f"too many dimensions '{type_name(sequences[0])}': a tensor has at most {_MOST_DIMENSIONS}"
                f"{errors.here()}"
            )
        length = len(level[0])
        for each in level:
            if len(each) != length:
                raise ValueError(
                    f"expected sequence of length {length} at dim {len(shape)} (got {len(each)})"
                    f"{errors.here()}"
                )
        shape.append(length)
        level = list(chain.from_iterable(level))
    return tuple(shape), level, kinds if level else set()


def _stack(level: list[Any], kinds: set[type]) -> np.ndarray[Any, Any] | None:
    """Arrays of one shape and dtype as one array: nobody needs to look at their elements."""
    if (
        kinds != {np.ndarray}
        or len({(each.shape, each.dtype) for each in level}) > 1
        or level[0].dtype == object
    ):
        return None
    return np.stack(level)


def _is_sequence(kind: type) -> bool:
    return kind in (list, tuple) or (
        hasattr(kind, "__len__") and hasattr(kind, "__getitem__") and not issubclass(kind, _ELEMENTS)
    )


def _element(tensor: Tensor) -> Any:
    if tensor._array.size != 1:
        text = "only one element tensors can be converted to Python scalars"
        if tensor._type.dtype.category <= dtypes.INTEGER:
            raise TypeError(
                f"only integer tensors of a single element can be converted to an index; {_STACK}"
                f"{errors.here()}"
            )
        raise ValueError(f"{text}; {_STACK}{errors.here()}")
    return tensor._array.item()


_STACK = "use ag.stack to make one tensor of several"


def _refuse_text(kinds: set[type], nested: bool) -> None:
    for kind in kinds:
        if issubclass(kind, (str, bytes)):
            if nested:
                raise ValueError(f"too many dimensions '{type_name(kind)}': text is no number{errors.here()}")
            raise TypeError(f"new(): invalid data type '{type_name(kind)}'{errors.here()}")


def _dtype_of(kind: type) -> DType:
    """The dtype that elements of a type ask for."""
    if issubclass(kind, np.generic):
        return dtypes.of_numpy(np.dtype(kind))
    if kind.__module__ == "ml_dtypes" and kind.__name__ == "bfloat16":
        return dtypes.bfloat16
    for python in (bool, int, float, complex):
        if issubclass(kind, python):
            return dtypes.scalar_dtype(python())
    raise RuntimeError(f"Could not infer dtype of {type_name(kind)}{errors.here()}")


def _check_kinds(kinds: set[type], dtype: DType) -> None:
    """TypeError where elements of a type cannot become numbers of a dtype."""
    for kind in kinds:
        if dtype.category == dtypes.COMPLEX or not issubclass(kind, (complex, np.complexfloating)):
            fits = any(hasattr(kind, name) for name in ("__float__", "__index__", "__complex__"))
        else:
            fits = dtype.category == dtypes.BOOL
        if not fits:
            raise TypeError(f"must be real number, not {type_name(kind)} (for dtype={dtype}){errors.here()}")


def _build(leaves: Any, dtype: DType) -> np.ndarray[Any, Any]:
    with np.errstate(all="ignore"):
        if dtype.itemsize == 2 and dtype.is_floating_point:
            # Rounded to float32 on the way, as PyTorch does.
            return np.array(leaves, np.float32).astype(dtype.numpy)
        return np.array(leaves, dtype.numpy)


def _wrapped(leaves: Any, dtype: DType) -> np.ndarray[Any, Any]:
    """Integers for a dtype that cannot hold them all: negative ones wrap in uint8, the rest are errors."""
    largest = dtypes.iinfo(dtype).max
    if not dtype.is_signed and all(
        isinstance(leaf, (int, np.integer)) and -largest <= leaf <= largest for leaf in leaves
    ):
        return np.array(leaves, np.int64).astype(dtype.numpy)
    raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow{errors.here()}")
