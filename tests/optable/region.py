"""Cases of autograd_gpu/ops/region.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S

ALL = "float half int bool complex"
WRONG_SHAPE = r"expected src to have a size equal to the slice of self. src size = \[2\], slice size = "


def _select_scatter(x: Any, src: Any, dim: int, index: int) -> Any:
    result = x.copy()
    np.moveaxis(result, dim, 0)[index] = src
    return result


def _slice_scatter(x: Any, src: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    result = x.copy()
    np.moveaxis(result, dim, 0)[start:end:step] = np.moveaxis(src, dim, 0)
    return result


def _diagonal_scatter(x: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    result = x.copy()
    view = np.diagonal(result, offset, dim1, dim2)
    view.flags.writeable = True
    view[...] = src
    return result


def _fill_diagonal(x: Any, value: Any, wrap: bool = False) -> Any:
    result = x.copy()
    if result.size:
        np.fill_diagonal(result, value, wrap=wrap)
    return result


def _put(x: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    result = x.copy().reshape(-1)
    if accumulate:
        np.add.at(result, index.reshape(-1), source.reshape(-1))
    else:
        result[index.reshape(-1)] = source.reshape(-1)
    return result.reshape(x.shape)


def _as_strided_scatter(x: Any, src: Any, size: Any, stride: Any, storage_offset: int = 0) -> Any:
    result = np.ascontiguousarray(x).copy()
    flat = result.reshape(-1)[storage_offset:]
    np.lib.stride_tricks.as_strided(flat, size, [step * flat.itemsize for step in stride])[...] = src
    return result


CASES = [
    OpCase(
        "put",
        samples=lambda make: [
            S(make(3, 4), np.array([0, 5, -1]), make(3)),
            S(make(3, 4), np.array([[0, 5], [7, 2]]), make(4)),
            S(make(3, 4), np.array([1, 1, 2]), make(3), accumulate=True),
            S(make(2), np.array(1), make()),
            S(make(2, 3), np.zeros(0, np.int64), make(0)),
        ],
        ref=_put,
        dtypes=ALL,
        inplace="put_",
        errors=[
            ErrorCase(
                lambda make: S(make(3), np.array([0, 1], np.int32), make(2)),
                RuntimeError,
                "Expected a long tensor",
            ),
            ErrorCase(
                lambda make: S(make(3), np.array([0]), make(2)), RuntimeError, "same number of elements"
            ),
            ErrorCase(
                lambda make: S(make(3), np.array([3]), make(1)),
                IndexError,
                "out of (range|bounds)",
                looks_at_values=True,
            ),
        ],
    ),
    OpCase(
        "as_strided_scatter",
        samples=lambda make: [
            S(make(3, 4), make(2, 2), (2, 2), (4, 1)),
            S(make(3, 4), make(3), (3,), (5,), 1),
            S(make(4), make(2), (2,), (2,)),
        ],
        ref=_as_strided_scatter,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), make(2), (3,), (5,)), RuntimeError, "src to have a size equal to"
            ),
            ErrorCase(lambda make: S(make(4), make(3), (3,), (2,)), RuntimeError, "out of bounds"),
        ],
    ),
    OpCase(
        "narrow_copy",
        samples=lambda make: [S(make(3, 4), 1, 1, 2), S(make(3, 4), -2, 0, 3), S(make(5), 0, 5, 0)],
        ref=lambda x, dim, start, length: np.take(x, range(start, start + length), dim),
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(3), 0, 2, 2), RuntimeError, "exceeds dimension size")],
    ),
    OpCase(
        "select_scatter",
        samples=lambda make: [
            S(make(3, 4), make(4), 0, 1),
            S(make(3, 4), make(3), -1, -1),
            S(make(2, 3, 4), make(2, 4), 1, 2),
            S(make(2, 0), make(0), 0, 1),
            S(make(2), make(), 0, 0),
        ],
        ref=_select_scatter,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(3, 4), make(2), 0, 1), RuntimeError, WRONG_SHAPE),
            ErrorCase(lambda make: S(make(3, 4), make(4), 0, 3), IndexError, "index 3 out of range"),
            ErrorCase(lambda make: S(make(3, 4), 1.0, 0, 1), TypeError, "must be Tensor, not float"),
        ],
    ),
    OpCase(
        "slice_scatter",
        samples=lambda make: [
            S(make(3, 4), make(2, 4), 0, 1),
            S(make(3, 4), make(3, 2), dim=1, start=-2),
            S(make(3, 4), make(3, 2), dim=-1, start=0, end=4, step=2),
            S(make(3, 4), make(3, 4)),
            S(make(3), make(0), 0, 2, 1),  # an empty slice
            S(make(3), make(2), 0, 1, 9),  # the end is cut off
            S(make(0, 2), make(0, 2)),
        ],
        ref=_slice_scatter,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(3, 4), make(2), 0, 1, 2), RuntimeError, WRONG_SHAPE),
            ErrorCase(lambda make: S(make(3), make(3), step=0), RuntimeError, "slice step must be positive"),
            ErrorCase(lambda make: S(make(3), make(3), 1), IndexError, "Dimension out of range"),
            ErrorCase(lambda make: S(make(), make()), RuntimeError, "cannot be applied to a 0-dim tensor"),
        ],
    ),
    OpCase(
        "diagonal_scatter",
        samples=lambda make: [
            S(make(3, 3), make(3)),
            S(make(3, 4), make(3), 1),
            S(make(3, 4), make(2), -1),
            S(make(2, 3, 4), make(3, 2), 0, 0, 2),
            S(make(2, 2), make(0), 5),  # a diagonal outside
            S(make(0, 3), make(0)),
        ],
        ref=_diagonal_scatter,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(3, 4), make(2)), RuntimeError, WRONG_SHAPE),
            ErrorCase(
                lambda make: S(make(3, 4), make(3), 0, 1, 1),
                RuntimeError,
                "diagonal dimensions cannot be identical",
            ),
        ],
    ),
    OpCase(
        "fill_diagonal_",
        call=lambda x, value, **named: x.clone().fill_diagonal_(value, **named),
        samples=lambda make: [
            S(make(3, 3), 2),
            S(make(2, 4), 1),
            S(make(7, 2), 1),
            S(make(7, 2), 1, wrap=True),
            S(make(2, 2, 2), 0),
            S(make(0, 3), 1, wrap=True),
        ],
        ref=_fill_diagonal,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(3), 1), RuntimeError, "dimensions must larger than 1"),
            ErrorCase(lambda make: S(make(2, 2, 3), 1), RuntimeError, "must be of equal length"),
        ],
    ),
]
