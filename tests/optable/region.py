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


CASES = [
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
