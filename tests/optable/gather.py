"""Cases of autograd_gpu/ops/gather.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

ALL = "float half int bool complex"
NUMBERS = "float half int complex"
DIFFERENTIABLE = "float half complex"
# smaller than the (3, 4) input, with repeats along dimension 1
INDEX = np.array([[0, 0, 3], [2, 1, 2]])
# no repeats along dimension 1, so that scatter is defined
DISTINCT = np.array([[0, 3, 1], [2, 1, 0]])
EMPTY = np.zeros((0, 4), np.int64)


def _places(index: Any, dim: int) -> Any:
    grid = list(np.indices(index.shape))
    grid[dim] = index
    return tuple(grid)


def _gather(x: Any, dim: int, index: Any) -> Any:
    return x[_places(index, dim)]


def _scatter(x: Any, dim: int, index: Any, src: Any) -> Any:
    result = x.copy()
    if index.size:
        result[_places(index, dim)] = (
            src[tuple(map(slice, index.shape))] if isinstance(src, np.ndarray) else src
        )
    return result


def _scatter_add(x: Any, dim: int, index: Any, src: Any) -> Any:
    result = x.copy()
    np.add.at(result, _places(index, dim), src[tuple(map(slice, index.shape))])
    return result


def _scatter_reduce(x: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool = True) -> Any:
    result = x.copy()
    arrived: dict[Any, list[Any]] = {}
    for place in np.ndindex(index.shape):
        target = list(place)
        target[dim] = index[place]
        arrived.setdefault(tuple(target), []).append(src[place])
    combine = {"sum": np.sum, "prod": np.prod, "mean": np.mean, "amax": np.max, "amin": np.min}[reduce]
    for place, values in arrived.items():
        result[place] = combine(([x[place]] if include_self else []) + values)
    return result


def _reduce_samples(make: Make, *reduces: str) -> list[S]:
    return [
        S(make(3, 4), 1, INDEX, make(3, 4), reduce, include_self=own)
        for reduce in reduces
        for own in (True, False)
    ]


def _written(function: Any, x: Any, dim: int, index: Any, src: Any) -> Any:
    result = x.copy()
    key = (slice(None),) * (dim % x.ndim) + (index,)
    function(result, key, src)
    return result


def _set(x: Any, key: Any, value: Any) -> None:
    x[key] = value


def _gather_backward(g: Any, index: Any, shape: Any, dim: int) -> Any:
    return _scatter_add(np.zeros(shape, g.dtype), dim, index, g)


def _masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    result = np.broadcast_to(x, np.broadcast_shapes(x.shape, mask.shape)).copy()
    mask = np.broadcast_to(mask, result.shape)
    result[mask] = source.reshape(-1)[: mask.sum()]
    return result


CASES = [
    OpCase(
        "gather",
        samples=lambda make: [
            S(make(3, 4), 1, INDEX),
            S(make(3, 4), 0, np.array([[2, 0, 1, 2]])),
            S(make(3), -1, np.array([2, 2])),
            S(make(3, 4), 0, EMPTY),
        ],
        ref=lambda x, dim, index: _gather(x, dim % x.ndim, index),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0, np.array([5])),
                RuntimeError,
                "index 5 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([-1])),
                RuntimeError,
                "index -1 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3, 4), 0, np.array([1])),
                RuntimeError,
                "same number of dimensions as input tensor",
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([1.0])),
                RuntimeError,
                "Expected dtype int32/int64 for index",
            ),
            ErrorCase(
                lambda make: S(make(3, 4), 0, np.zeros((1, 9), np.int64)),
                RuntimeError,
                r"expected index \[1, 9\] to be no larger than self \[3, 4\]",
            ),
        ],
    ),
    OpCase(
        "gather_backward",
        samples=lambda make: [S(make(2, 3), INDEX, shape=(3, 4), dim=1)],
        ref=_gather_backward,
        dtypes=DIFFERENTIABLE,
    ),
    OpCase(
        "scatter",
        inplace="scatter_",
        samples=lambda make: [
            S(make(3, 4), 1, DISTINCT, make(2, 3)),
            S(make(3, 4), 1, DISTINCT, make(3, 4)),  # src may be larger
            S(make(3, 4), 0, EMPTY, make(0, 4)),
        ],
        ref=_scatter,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0, np.array([5]), 1.0),
                RuntimeError,
                "index 5 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([0]), make(1, dtype="float64")),
                RuntimeError,
                "Expected self.dtype to be equal to src.dtype",
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([0, 1]), make(1)),
                RuntimeError,
                r"to be no larger size than src \[1\]",
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([0]), 1.0, reduce="max"),
                RuntimeError,
                "must be either add or multiply",
            ),
        ],
    ),
    OpCase(
        "scatter_fill",
        samples=lambda make: [S(make(3, 4), INDEX, dim=1, value=1)],
        ref=lambda x, index, dim, value: _scatter(x, dim, index, np.full(index.shape, value, x.dtype)),
        dtypes=ALL,
    ),
    OpCase(
        "scatter_add",
        inplace="scatter_add_",
        samples=lambda make: [S(make(3, 4), 1, INDEX, make(2, 3)), S(make(3, 4), 0, INDEX % 3, make(3, 4))],
        ref=_scatter_add,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0, np.array([5]), make(1)),
                RuntimeError,
                "index 5 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
        ],
    ),
    OpCase(
        "scatter_reduce",
        also="scatter_extreme",
        inplace="scatter_reduce_",
        samples=lambda make: _reduce_samples(make, "sum", "prod", "mean", "amax", "amin"),
        ref=_scatter_reduce,
        dtypes="float",
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0, np.array([0]), make(1), "median"),
                RuntimeError,
                "must be either sum, prod, mean, amax or amin, got median",
            )
        ],
    ),
    OpCase(
        "scatter_reduce",
        variant="integers",
        samples=lambda make: _reduce_samples(make, "sum", "prod", "amax", "amin"),
        ref=_scatter_reduce,
        dtypes="int64 int32",
    ),
    OpCase(
        "index_add",
        variant="0-d",
        samples=lambda make: [S(make(), 0, np.array([0]), make())],
        ref=lambda x, dim, index, src: x + src,
        dtypes=NUMBERS + " bool",
    ),
    OpCase(
        "index_add",
        inplace="index_add_",
        samples=lambda make: [
            S(make(3, 4), 0, np.array([2, 0, 2]), make(3, 4)),
            S(make(3, 4), 1, np.array([1]), make(3, 1)),
        ],
        ref=lambda x, dim, index, src: _written(np.add.at, x, dim, index, src),
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0, np.array([5]), make(1)),
                RuntimeError,
                "index 5 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([0]), make(2)),
                RuntimeError,
                r"Number of indices \(1\) should be equal to source.size\(dim\): \(2\)",
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([0]), make(1, dtype="float64")),
                RuntimeError,
                "must have the same scalar type",
            ),
        ],
    ),
    OpCase(
        "index_copy",
        inplace="index_copy_",
        samples=lambda make: [
            S(make(3, 4), 0, np.array([2, 0]), make(2, 4)),
            S(make(3, 4), -1, np.array([1]), make(3, 1)),
        ],
        ref=lambda x, dim, index, src: _written(_set, x, dim, index, src),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0, np.array([5]), make(1)),
                IndexError,
                "index 5 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3, 4), 0, np.array([0]), make(1, 3)),
                RuntimeError,
                "must have same slice shapes",
            ),
        ],
    ),
    OpCase(
        "index_fill",
        inplace="index_fill_",
        samples=lambda make: [
            S(make(3, 4), 1, np.array([0, -1]), 1),
            S(make(3, 4), 0, np.array([1, 1]), make()),
        ],
        ref=lambda x, dim, index, value: _written(_set, x, dim, index, value),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0, np.array([5]), 1),
                IndexError,
                "index 5 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), 0, np.array([0]), make(2)),
                RuntimeError,
                "only supports a 0-dimensional value tensor",
            ),
        ],
    ),
    OpCase(
        "take",
        samples=lambda make: [
            S(make(3, 4), np.array([[0, -1], [5, 5]])),
            S(make(3), np.zeros((0,), np.int64)),
            S(make(), np.array(0)),
        ],
        ref=np.take,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), np.array([7])),
                IndexError,
                "tried to access index 7 on a tensor of 3 elements",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), np.array([1.0])),
                RuntimeError,
                "Expected a long tensor for index, but got Double",
            ),
        ],
    ),
    OpCase(
        "take_along_dim",
        samples=lambda make: [
            S(make(3, 4), np.array([[0], [-1], [2]]), 1),
            S(make(3, 1), np.array([[0, 2, 1]]), 0),
            S(make(3, 4), np.array([11, 0])),
        ],
        ref=lambda x, index, dim=None: np.take_along_axis(x, index, dim),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), np.array([1]), 0),
                RuntimeError,
                "should have the same number of dimensions",
            ),
            ErrorCase(
                lambda make: S(make(3), np.array([5]), 0),
                RuntimeError,
                "index 5 is out of bounds for dimension 0 with size 3",
                looks_at_values=True,
            ),
        ],
    ),
    OpCase(
        "masked_select",
        samples=lambda make: [
            S(make(3, 4), make(3, 4, dtype="bool")),
            S(make(3, 4), np.array([True, False, True, True])),
            S(make(3, 1), np.ones((3, 2), bool)),
            S(make(), np.array(True)),
        ],
        ref=lambda x, mask: (lambda a, b: a[b])(*np.broadcast_arrays(x, mask)),
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(3), make(3)), RuntimeError, "expected BoolTensor for mask")],
    ),
    OpCase(
        "masked_scatter",
        inplace="masked_scatter_",
        samples=lambda make: [
            S(make(3, 4), make(3, 4, dtype="bool"), make(12)),
            S(make(3, 4), np.array([True, False, True, False]), make(2, 3)),
        ],
        ref=_masked_scatter,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), np.ones(3, bool), make(2)),
                RuntimeError,
                "Number of elements of source < number of ones in mask",
                looks_at_values=True,
            ),
        ],
    ),
    OpCase(
        "nonzero",
        samples=lambda make: [
            S(make(3, 4)),
            S(make(2, 3) * make(2, 3, low=0, high=2, dtype="int64").astype(bool)),
            S(make()),
            S(make(0, 2)),
        ],
        ref=lambda x: np.stack(np.nonzero(x), 1) if x.ndim else np.zeros((int(bool(x)), 0), np.int64),
        dtypes=ALL,
        gradient=False,
    ),
    OpCase(
        "nonzero",
        variant="as_tuple",
        samples=lambda make: [S(make(3, 4), as_tuple=True), S(make(), as_tuple=True)],
        ref=lambda x, as_tuple: np.nonzero(np.atleast_1d(x)),
        dtypes=ALL,
        gradient=False,
    ),
    OpCase(
        "argwhere",
        samples=lambda make: [S(make(3, 4)), S(make(0))],
        ref=np.argwhere,
        dtypes=ALL,
        gradient=False,
    ),
    *(
        OpCase(
            name,
            samples=lambda make: [S(3, 3), S(3, 4, 1), S(4, 2, -1), S(0, 3)],
            ref=lambda row, col, offset=0, name=name: np.stack(getattr(np, name)(row, offset, col)),
            dtypes="int64",
            gradient=False,
            factory=True,
            errors=[ErrorCase(lambda make: S(-1, 2), RuntimeError, "row must be non-negative, got -1")],
        )
        for name in ("tril_indices", "triu_indices")
    ),
]
