"""Cases of autograd_gpu/ops/sort.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S
from tests.optable.extremes import distinct

ORDERED = "float half int bool"
OUT_OF_RANGE = ErrorCase(
    lambda make: S(make(2, 3), dim=2), IndexError, r"Dimension out of range .*range of \[-2, 1\], but got 2"
)


def unordered(kind: type[Exception], *more: Any) -> ErrorCase:
    return ErrorCase(lambda make: S(make(3), *more), kind, "complex numbers have no order", dtype="complex64")


def order(x: Any, dim: int = -1, descending: bool = False) -> Any:
    """Stable, NaN last when ascending."""
    if not x.ndim:
        return np.int64(0)
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    return x.shape[dim] - 1 - np.flip(np.argsort(np.flip(x, dim), axis=dim, kind="stable"), dim)


def take(x: Any, indices: Any, dim: int) -> Any:
    return np.take_along_axis(x, indices, dim) if x.ndim else x


def sorting(x: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Any:
    indices = order(x, dim, descending)
    return take(x, indices, dim), indices


def chosen(x: Any, k: Any, dim: int = -1, keepdim: bool = False, descending: bool = False) -> Any:
    values, indices = sorting(x, dim, descending)
    if not x.ndim:
        return values, indices
    if isinstance(k, int):
        k = slice(k, k + 1)
        drop = not keepdim
    else:
        drop = False
    region = (slice(None),) * (dim % x.ndim) + (k,)
    values, indices = values[region], indices[region]
    return (values.squeeze(dim), indices.squeeze(dim)) if drop else (values, indices)


def sorts(make: Make) -> list[S]:
    nan = (
        np.array([2, np.nan, -1, np.inf, np.nan])
        if make.dtype.is_floating_point
        else np.array([3, 1, 1, 2, 3])
    )
    return [
        S(distinct(make, 3, 4)),
        S(distinct(make, 3, 4), 0),
        S(distinct(make, 2, 3, 4), dim=1, descending=True),
        S(distinct(make, 6), stable=True),
        S(make()),
        S(make(0, 3), 0),
        S(nan.astype(make.dtype.numpy)).only("float16 float32 int64"),
        S(nan.astype(make.dtype.numpy), descending=True).only("float16 float32 int64"),
    ]


def median(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None:
        return np.sort(x, axis=None)[(x.size - 1) // 2]
    return chosen(x, (x.shape[dim] - 1) // 2 if x.ndim else 0, dim, keepdim)


def medians(make: Make) -> list[S]:
    return [
        S(distinct(make, 3, 4)),
        S(distinct(make, 3, 5), 0),
        S(distinct(make, 3, 4), dim=1, keepdim=True),
        S(make()),
        S(make(), 0),
    ]


def place_reference(x: Any, index: Any, dim: int, size: int, unique: bool) -> Any:
    if not x.ndim:
        return x
    result = np.zeros((*x.shape[:dim], size, *x.shape[dim + 1 :]), x.dtype)
    for position in np.ndindex(*x.shape):
        target = list(position)
        target[dim] = index[position]
        result[tuple(target)] += x[position]
    return result


def numbers(make: Make, *values: int) -> Any:
    return np.array(values, make.dtype.numpy)


CASES = [
    OpCase(
        "place",
        samples=lambda make: [
            S(make(2, 2), np.array([[2, 0], [1, 2]]), dim=1, size=3, unique=True),
            S(
                make(2, 3), np.array([[1, 0, 1], [1, 1, 0]]), dim=0, size=2, unique=False
            ),  # several for one place
            S(make(), np.array(0), dim=0, size=1, unique=True),
        ],
        ref=place_reference,
        dtypes="float half",
    ),
    OpCase(
        "sort",
        samples=sorts,
        ref=sorting,
        dtypes=ORDERED,
        errors=[OUT_OF_RANGE, unordered(RuntimeError)],
    ),
    OpCase(
        "argsort",
        samples=sorts,
        ref=lambda *args, **named: sorting(*args, **named)[1],
        dtypes=ORDERED,
        gradient=False,
        errors=[OUT_OF_RANGE, unordered(RuntimeError)],
    ),
    OpCase(
        "msort",
        samples=lambda make: [S(distinct(make, 3, 4)), S(make())],
        ref=lambda x: np.sort(x, axis=0) if x.ndim else x,
        dtypes=ORDERED,
    ),
    OpCase(
        "topk",
        samples=lambda make: [
            S(distinct(make, 3, 4), 2),
            S(distinct(make, 3, 4), 3, 0),
            S(distinct(make, 3, 4), k=2, dim=1, largest=False),
            S(distinct(make, 5), 0),
            S(distinct(make, 5), 5, sorted=False),
            S(make(), 1),
        ],
        ref=lambda x, k, dim=-1, largest=True, sorted=True: chosen(x, slice(k), dim, descending=largest),
        dtypes="float half int",
        errors=[
            ErrorCase(lambda make: S(make(3, 4), 5), RuntimeError, "selected index k out of range"),
            ErrorCase(lambda make: S(make(3, 4), -1), RuntimeError, "selected index k out of range"),
            unordered(NotImplementedError, 1),
        ],
    ),
    OpCase(
        "kthvalue",
        samples=lambda make: [
            S(distinct(make, 3, 4), 2),
            S(distinct(make, 3, 4), 3, 0),
            S(distinct(make, 3, 4), k=1, dim=1, keepdim=True),
            S(make(), 1),
        ],
        ref=lambda x, k, dim=-1, keepdim=False: chosen(x, k - 1, dim, keepdim),
        dtypes="float half int",
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), 5),
                RuntimeError,
                r"kthvalue\(\): selected number k out of range for dimension 1",
            ),
            ErrorCase(
                lambda make: S(make(3, 4), 0),
                RuntimeError,
                r"kthvalue\(\): selected number k out of range for dimension 1",
            ),
        ],
    ),
    OpCase(
        "median",
        also="median_all median_with_index",
        samples=medians,
        ref=median,
        dtypes="float half int",
        errors=[
            OUT_OF_RANGE,
            unordered(NotImplementedError),
            ErrorCase(
                lambda make: S(make(0, 3), 0),
                IndexError,
                r"median\(\): Expected reduction dim 0 to have non-zero size",
            ),
        ],
    ),
    OpCase(
        "median",
        variant="with_nan",
        samples=lambda make: [
            S(np.array([1, np.nan, 0, np.nan], make.dtype.numpy)),
            S(np.array([[1, np.nan, 0], [1, 2, 3]], make.dtype.numpy), 1),
        ],
        ref=lambda x, dim=None: np.nan if dim is None else (np.array([np.nan, 2]), np.array([1, 1])),
        gradient=False,
    ),
    OpCase("nanmedian", samples=medians, ref=median, dtypes="float half int"),
    OpCase(
        "nanmedian",
        variant="with_nan",
        samples=lambda make: [
            S(np.array([1, np.nan, 0, np.nan, 5], make.dtype.numpy)),
            S(np.array([[1, np.nan, 0], [np.nan, np.nan, np.nan]], make.dtype.numpy), 1),
        ],
        ref=lambda x, dim=None: 1.0 if dim is None else (np.array([0, np.nan]), np.array([2, 0])),
        gradient=False,
    ),
    OpCase(
        "unique",
        also="distinct",
        samples=lambda make: [
            S(numbers(make, 3, 1, 1, 2, 3)),
            S(numbers(make, 3, 1, 1, 2, 3, 0).reshape(2, 3), return_inverse=True, return_counts=True),
            S(numbers(make, 3, 1, 3, 1, 0, 1).reshape(3, 2), return_counts=True, dim=0),
            S(make(0)),
        ],
        ref=lambda x, return_inverse=False, return_counts=False, dim=None: np.unique(
            x, return_inverse=return_inverse, return_counts=return_counts, axis=dim
        ),
        dtypes="float half int",
        gradient=False,
        errors=[unordered(NotImplementedError)],
    ),
    OpCase(
        "searchsorted",
        samples=lambda make: [
            S(numbers(make, 0, 1, 1, 3), numbers(make, 1, 3, 0, 2).reshape(2, 2)),
            S(numbers(make, 0, 1, 1, 3), numbers(make, 1, 3), right=True),
            S(numbers(make, 0, 1, 1, 3), numbers(make, 1, 3), side="right"),
            S(numbers(make, 0, 1, 1, 3), 2),
            S(numbers(make, 3, 0, 1), numbers(make, 1, 2), sorter=np.array([1, 2, 0])),
        ],
        ref=lambda a, v, right=False, side=None, sorter=None: np.searchsorted(
            a, v, "right" if right else side or "left", sorter
        ),
        dtypes="float half int",
        gradient=False,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(2)),
                RuntimeError,
                "boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor",
            ),
            ErrorCase(
                lambda make: S(make(3), make(2), side="top"),
                RuntimeError,
                "side can only be 'left' or 'right' but got top",
            ),
            ErrorCase(
                lambda make: S(make(3), make(2), side="left", right=True),
                RuntimeError,
                "side and right can't be set to opposites",
            ),
        ],
    ),
    OpCase(
        "searchsorted",
        variant="in_rows",
        samples=lambda make: [
            S(
                numbers(make, 0, 1, 3, 1, 2, 3).reshape(2, 3),
                numbers(make, 1, 2, 2, 3).reshape(2, 2),
                out_int32=True,
            )
        ],
        ref=lambda a, v, out_int32: np.stack(
            [np.searchsorted(*row) for row in zip(a, v, strict=True)]
        ).astype(np.int32),
        dtypes="float half int",
        gradient=False,
    ),
    OpCase(
        "bucketize",
        samples=lambda make: [
            S(make(3, 4), numbers(make, 0, 1)),
            S(make(3), numbers(make, 0, 1), right=True),
        ],
        ref=lambda x, boundaries, right=False: np.searchsorted(boundaries, x, "right" if right else "left"),
        dtypes="float int",
        gradient=False,
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(2, 2)), RuntimeError, "boundaries tensor must be 1 dimension"
            )
        ],
    ),
    OpCase(
        "bincount",
        samples=lambda make: [
            S(numbers(make, 1, 1, 3)),
            S(numbers(make, 1, 1, 3), minlength=6),
            S(numbers(make)),
        ],
        ref=np.bincount,
        dtypes="int",
        gradient=False,
        errors=[
            ErrorCase(
                lambda make: S(np.array([-1])),
                RuntimeError,
                "bincount only supports 1-d non-negative integral inputs",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(np.zeros((2, 2), np.int64)),
                RuntimeError,
                "bincount only supports 1-d non-negative",
            ),
            ErrorCase(lambda make: S(np.array([1]), minlength=-1), RuntimeError, "minlength should be >= 0"),
            ErrorCase(
                lambda make: S(np.array([1]), make(2)),
                RuntimeError,
                "weights should be 1-d and have the same length as input",
            ),
            ErrorCase(lambda make: S(make(2)), NotImplementedError, "not implemented for 'Float'"),
        ],
    ),
    OpCase(
        "bincount",
        variant="weighted",
        samples=lambda make: [S(np.array([1, 1, 3]), make(3)), S(np.array([0, 2]), make(2), minlength=4)],
        ref=np.bincount,
        dtypes="float",
        gradient=False,
    ),
    OpCase(
        "bincount",
        variant="weighted_by_integers",
        samples=lambda make: [S(np.array([1, 1, 3]), make(3))],
        ref=np.bincount,
        dtypes="int",
        out_dtype=ag.float64,
        gradient=False,
    ),
    OpCase(
        "histc",
        samples=lambda make: [
            S(make(50), bins=7),
            S(make(5, 6), bins=5, min=-1, max=1),  # what lies outside is not counted
            S(np.array([1, 2, 1], make.dtype.numpy), 4, 0, 3),  # on the edges, and on the last one
        ],
        ref=lambda x, bins=100, min=0, max=0: np.histogram(x, bins, None if min == max else (min, max))[
            0
        ].astype(float),
        gradient=False,
        upcast=False,
        dtypes="float",
        errors=[
            ErrorCase(lambda make: S(make(3), 0), RuntimeError, "bins must be > 0, but got 0"),
            ErrorCase(lambda make: S(make(3), 3, 4, 1), RuntimeError, "max must be larger than min"),
            ErrorCase(lambda make: S(make(3), 3, 0, float("inf")), RuntimeError, "is not finite"),
            ErrorCase(
                lambda make: S(make(3)), NotImplementedError, "not implemented for 'Long'", dtype="int64"
            ),
        ],
    ),
]
