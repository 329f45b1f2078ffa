"""Cases of autograd_gpu/ops/index.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.core.op import METHODS
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

ALL = "float half int bool complex"
DIFFERENTIABLE = "float half complex"
ROWS = np.array([2, 0, 2])
COLUMNS = np.array([1, -1, 1])
MASK = np.array([True, False, True])


def _full(indices: Any, dims: Any) -> Any:
    key = [slice(None)] * (dims[-1] + 1)
    for dim, index in zip(dims, indices, strict=True):
        key[dim] = index
    return tuple(key)


def _index_backward(g: Any, *indices: Any, shape: Any, dims: Any) -> Any:
    result = np.zeros(shape, g.dtype)
    np.add.at(result, _full(indices, dims), g)
    return result


def _put(x: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    result = x.copy()
    key = tuple(slice(None) if index is None else index for index in indices)
    if accumulate:
        np.add.at(result, key, values)
    else:
        result[key] = values
    return result


def _assigned(x: Any, key: Any, value: Any) -> Any:
    x = x.copy()
    x[key] = value
    return x


def _setitem(x: Any, key: Any, value: Any) -> Any:
    x = x.clone()
    METHODS["__setitem__"](x, key, value)
    return x


def _put_inplace(x: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    return x.clone().index_put_(indices, values, accumulate)


def _put_samples(make: Make) -> list[S]:
    return [
        S(make(3, 4), (np.array([2, 0]),), make(2, 4)),
        S(make(3, 4), (np.array([2, 0]), np.array([1, -1])), make(2)),
        S(make(3, 4), (MASK,), make(4)),
        S(make(3, 4), (None, np.array([0, 3])), make()),
    ]


CASES = [
    OpCase(
        "__getitem__",
        samples=lambda make: [
            S(make(3, 4), 1),
            S(make(3, 4), (-1, 2)),
            S(make(3, 4), (slice(None, None, 2), None, -1)),
            S(make(3, 4), (Ellipsis, 0)),
            S(make(3, 4), Ellipsis),
            S(make(), None),
            S(make(), ()),
            S(make(3, 4), ROWS),
            S(make(3, 4), (slice(1, None), COLUMNS)),
            S(make(3, 4), (ROWS, COLUMNS)),
            S(make(3, 4, 2), (ROWS, slice(None), np.array([[0], [1]]))),
            S(make(3, 4), MASK),
            S(make(3, 4), (MASK, 1)),
            S(make(3, 4), [0, 2]),
            S(make(3, 4), True),
            S(make(3, 4), np.zeros((0,), np.int64)),
        ],
        ref=lambda x, key: x[(np.array(key),) if isinstance(key, list) else key],
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 5), IndexError, "index 5 is out of bounds for dimension 0 with size 3"
            ),
            ErrorCase(
                lambda make: S(make(3), [0, 5]),
                IndexError,
                "index 5 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), (0, 0)), IndexError, "too many indices for tensor of dimension 1"
            ),
            ErrorCase(
                lambda make: S(make(3), slice(None, None, -1)), ValueError, "step must be greater than zero"
            ),
            ErrorCase(
                lambda make: S(make(3), np.array([0.5])),
                IndexError,
                "tensors used as indices must be long, int, byte or bool",
            ),
            ErrorCase(
                lambda make: S(make(3), np.array([np.nan])),
                IndexError,
                "tensors used as indices must be long, int, byte or bool",
            ),
            ErrorCase(lambda make: S(make(3), 1.5), IndexError, "only integers, slices"),
            ErrorCase(
                lambda make: S(make(3, 4), np.array([True, False])),
                IndexError,
                r"The shape of the mask \[2\] at index 0",
            ),
            ErrorCase(
                lambda make: S(make(3, 4), ([0, 1], [0, 1, 2])),
                IndexError,
                r"broadcast together with shapes \[2\], \[3\]",
            ),
            ErrorCase(lambda make: S(make(), 0), IndexError, "invalid index of a 0-dim tensor"),
        ],
    ),
    OpCase(
        "__setitem__",
        also="copy_values copy_",
        call=_setitem,
        samples=lambda make: [
            S(make(3, 4), 1, make(4)),
            S(make(3, 4), (slice(None), 1), make()),
            S(make(3, 4), Ellipsis, make(1, 4)),
            S(make(3, 4), (slice(0, 2), slice(None, None, 2)), make(2, 2)),
            S(make(3, 4), [0, 2], make(2, 4)),
            S(make(3, 4), (0, np.array([1, 2])), make(2)),
            S(make(3, 4), MASK, make(2, 4)),
            S(make(3, 4), MASK, make()),
            S(make(3), np.array([False, False, False]), make()),
        ],
        ref=lambda x, key, value: _assigned(x, np.array(key) if isinstance(key, list) else key, value),
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(3), 0, [1]), TypeError, "can't assign a list to a ag.FloatTensor"),
            ErrorCase(
                lambda make: S(make(3, 4), 0, make(3)),
                RuntimeError,
                r"The expanded size of the tensor \(4\) must match",
            ),
            ErrorCase(
                lambda make: S(make(3, 4), [0, 1], make(3)),
                RuntimeError,
                r"value tensor of shape \[3\] cannot be broadcast to indexing result of shape \[2, 4\]",
            ),
            ErrorCase(
                lambda make: S(make(3), [0], make(1, dtype="float64")),
                RuntimeError,
                "Index put requires the source and destination dtypes match",
            ),
            ErrorCase(
                lambda make: S(make(3), 0, 1j),
                RuntimeError,
                "value cannot be converted to type float32 without overflow",
            ),
            ErrorCase(
                lambda make: S(make(3), 7, 1),
                IndexError,
                "index 7 is out of bounds for dimension 0 with size 3",
            ),
        ],
    ),
    OpCase(
        "index",
        samples=lambda make: [
            S(make(3, 4), ROWS, dims=(0,)),
            S(make(3, 4), COLUMNS, dims=(1,)),
            S(make(3, 4, 2), ROWS, np.array([[0], [1]]), dims=(0, 2)),
        ],
        ref=lambda x, *indices, dims: x[_full(indices, dims)],
        dtypes=ALL,
    ),
    OpCase(
        "index_backward",
        samples=lambda make: [
            S(make(3, 4), ROWS, shape=(3, 4), dims=(0,)),
            S(make(3, 3), COLUMNS, shape=(3, 4), dims=(1,)),
            S(make(3), ROWS, COLUMNS, shape=(3, 4), dims=(0, 1)),
        ],
        ref=_index_backward,
        dtypes=DIFFERENTIABLE,
    ),
    OpCase(
        "index_put",
        samples=_put_samples,
        ref=_put,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), (np.array([5]),), make()),
                IndexError,
                "index 5 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), (np.array([0.0]),), make()),
                IndexError,
                "tensors used as indices must be long, int, byte or bool",
            ),
            ErrorCase(
                lambda make: S(make(3), (np.array([0]),), make(dtype="float64")),
                RuntimeError,
                "dtypes match, got Float for the destination and Double",
            ),
        ],
    ),
    OpCase(
        "index_put",
        variant="accumulate",
        samples=lambda make: [
            S(make(3, 4), (ROWS,), make(3, 4), True),
            S(make(3, 4), (ROWS, COLUMNS), make(3), True),
            S(make(3), (np.array([0, 0, 0]),), make(), accumulate=True),
        ],
        ref=_put,
        dtypes="float half int complex",
    ),
    OpCase("index_put_", call=_put_inplace, samples=_put_samples, ref=_put, dtypes=ALL),
    OpCase(
        "index_put_zero",
        samples=lambda make: [S(make(3, 4), ROWS, dims=(0,)), S(make(3, 4), COLUMNS, dims=(1,))],
        ref=lambda x, *indices, dims: _assigned(x, _full(indices, dims), 0),
        dtypes=DIFFERENTIABLE,
    ),
    OpCase(
        "masked_fill",
        inplace="masked_fill_",
        samples=lambda make: [
            S(make(3, 4), make(3, 4, dtype="bool"), 1),
            S(make(3, 4), make(4, dtype="bool"), make()),
            S(make(), np.array(True), 0),
            S(make(0, 2), make(2, dtype="bool"), 1),
        ],
        ref=lambda x, mask, value: np.where(mask, np.asarray(value).astype(x.dtype), x),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), make(3), 1),
                RuntimeError,
                "only supports boolean masks, but got mask with dtype float",
            ),
            ErrorCase(
                lambda make: S(make(3), make(3, dtype="bool"), make(2)),
                RuntimeError,
                "only supports a 0-dimensional value tensor",
            ),
            ErrorCase(
                lambda make: S(make(3), make(2, dtype="bool"), 1),
                RuntimeError,
                "must match the size of tensor b",
            ),
            ErrorCase(lambda make: S(make(3), make(3, dtype="bool"), 1j), RuntimeError, "without overflow"),
        ],
    ),
    OpCase(
        "masked_zero",
        samples=lambda make: [S(make(3, 4), make(3, 4, dtype="bool")), S(make(3, 4), make(4, dtype="bool"))],
        ref=lambda x, mask: np.where(mask, x.dtype.type(0), x),
        dtypes=DIFFERENTIABLE,
    ),
    OpCase(
        "index_select",
        samples=lambda make: [
            S(make(3, 4), 0, ROWS),
            S(make(3, 4), -1, np.array([3, 3])),
            S(make(3), 0, np.zeros((0,), np.int64)),
        ],
        ref=lambda x, dim, index: np.take(x, index, axis=dim),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0, np.array([5])),
                IndexError,
                "index out of range in self",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([[1]])), IndexError, "Index is supposed to be a vector"
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([1.0])),
                RuntimeError,
                "Expected dtype int32 or int64 for index",
            ),
        ],
    ),
    OpCase(
        "index_select_backward",
        samples=lambda make: [
            S(make(3, 4), ROWS, shape=(3, 4), dim=0),
            S(make(3, 3), ROWS, shape=(3, 4), dim=1),
        ],
        ref=lambda g, index, shape, dim: _index_backward(g, index, shape=shape, dims=(dim,)),
        dtypes=DIFFERENTIABLE,
    ),
]
