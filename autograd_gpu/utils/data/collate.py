"""Batches: a list of elements as one, tensor by tensor."""

from __future__ import annotations

import collections.abc
import copy
from typing import Any

import numpy as np

from autograd_gpu import dtypes, errors
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.tensor import Tensor


def default_convert(data: Any) -> Any:
    """NumPy arrays in `data`, at any depth of sequences and mappings, as tensors; everything else as it is.

    >>> import numpy
    >>> ag.utils.data.default_convert({"x": numpy.array([1, 2]), "name": "a"})
    {'x': tensor([1, 2]), 'name': 'a'}
    """
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return data if data.dtype.kind in "SUO" else FUNCTIONS["as_tensor"](data)
    if isinstance(data, collections.abc.Mapping):
        return _like(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(each) for each in data))
    if isinstance(data, tuple):
        return [default_convert(each) for each in data]
    if isinstance(data, collections.abc.Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(each) for each in data])
    return data


def default_collate(batch: Any) -> Any:
    """A list of elements as one element with a new first dimension.

    Tensors and NumPy arrays are stacked, numbers become tensors (Python's floats float64, ints int64), strings stay
    a list; tuples, lists, named tuples and mappings are gone through.

    Raises:
        RuntimeError: sequences of different lengths.
        TypeError: elements of another kind.

    >>> ag.utils.data.default_collate([(ag.tensor([1.0]), 3), (ag.tensor([2.0]), 4)])
    [tensor([[1.],
            [2.]]), tensor([3, 4])]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return FUNCTIONS["stack"](list(batch))
    if isinstance(first, np.ndarray):
        if first.dtype.kind in "SUO":
            raise _unknown(first.dtype)
        return FUNCTIONS["stack"]([FUNCTIONS["as_tensor"](each) for each in batch])
    if isinstance(first, np.generic) and first.dtype.kind not in "SUO":
        return FUNCTIONS["as_tensor"](np.stack(batch))
    if isinstance(first, float):
        return FUNCTIONS["tensor"](batch, dtype=dtypes.float64)
    if isinstance(first, int):
        return FUNCTIONS["tensor"](batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, collections.abc.Mapping):
        return _like(first, {key: default_collate([each[key] for each in batch]) for key in first})
    if isinstance(first, collections.abc.Sequence):
        if any(len(each) != len(first) for each in batch):
            raise RuntimeError(f"each element in list of batch should be of equal size{errors.here()}")
        columns = [default_collate(list(column)) for column in zip(*batch, strict=True)]
        if isinstance(first, tuple) and hasattr(first, "_fields"):
            return type(first)(*columns)
        return columns if isinstance(first, tuple) else _like_sequence(first, columns)
    raise _unknown(type(first))


def _unknown(kind: Any) -> TypeError:
    return TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{kind}{errors.here()}"
    )


def _like(example: Any, values: dict[Any, Any]) -> Any:
    """A mapping of the class of `example`; a dict where that cannot be made."""
    try:
        if isinstance(example, collections.abc.MutableMapping):
            twin = copy.copy(example)
            twin.update(values)
            return twin
        return type(example)(values)
    except TypeError:
        return values


def _like_sequence(example: Any, values: list[Any]) -> Any:
    """A sequence of the class of `example`; a list where that cannot be made."""
    if type(example) in (list, range):
        return values
    try:
        return type(example)(values)
    except TypeError:
        return values


def pin_memory(data: Any) -> Any:
    """`data` with its tensors, at any depth, in page-locked memory; objects with a method `pin_memory` are
    asked."""
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, collections.abc.Mapping):
        return _like(data, {key: pin_memory(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(pin_memory(each) for each in data))
    if isinstance(data, tuple):
        return [pin_memory(each) for each in data]
    if isinstance(data, collections.abc.Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [pin_memory(each) for each in data])
    return data
