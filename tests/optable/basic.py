"""Cases of autograd_gpu/ops/basic.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.core.op import REGISTRY
from autograd_gpu.testing.opcase import OpCase, Sample as S

ALL = "float half int bool complex"


def _sum_to(x: Any, shape: Any) -> Any:
    leading = x.ndim - len(shape)
    axes = tuple(axis for axis in range(x.ndim) if axis < leading or shape[axis - leading] != x.shape[axis])
    return x.sum(axis=axes).reshape(shape) if axes else x


def _row_of(base: Any) -> tuple[tuple[Any, dict[str, Any]], ...]:
    """The view steps that lead to row 1 of a matrix, transposed."""
    moved = base.t()[:, 1]
    return tuple(moved._view.steps)


def _with_row(base: Any, values: Any) -> Any:
    changed = base.copy()
    changed[1] = values
    return changed


CASES = [
    OpCase(
        "copy_slices",
        call=lambda base, values: REGISTRY["copy_slices"].apply(base, values, steps=_row_of(base)),
        samples=lambda make: [S(make(2, 3), make(3))],
        ref=_with_row,
        dtypes=ALL,
    ),
    OpCase(
        "alias",
        samples=lambda make: [S(make(2, 3)), S(make()), S(make(0, 2))],
        ref=lambda x: x,
        dtypes=ALL,
    ),
    OpCase(
        "cast",
        samples=lambda make: [
            S(make(2, 3), dtype=np.dtype(np.float64)),
            S(make(), dtype=np.dtype(np.float64)),
            S(make(0), dtype=np.dtype(np.float64)),
        ],
        ref=lambda x, dtype: x.astype(dtype),
        dtypes="float half int bool",
    ),
    OpCase(
        "cast",
        variant="complex",
        samples=lambda make: [S(make(2, 3), dtype=np.dtype(np.complex128))],
        ref=lambda x, dtype: x.astype(dtype),
        dtypes="float complex",
    ),
    OpCase(
        "expand",
        samples=lambda make: [
            S(make(3), shape=(2, 3)),
            S(make(2, 1, 3), shape=(2, 4, 3)),
            S(make(), shape=(2, 2)),
            S(make(1), shape=(0,)),
            S(make(2), shape=(2,)),
        ],
        ref=lambda x, shape: np.broadcast_to(x, shape),
        dtypes=ALL,
    ),
    OpCase(
        "sum_to",
        samples=lambda make: [
            S(make(2, 3), shape=(3,)),
            S(make(2, 4, 3), shape=(2, 1, 3)),
            S(make(2, 2), shape=()),
            S(make(0, 3), shape=(1, 3)),
            S(make(2), shape=(2,)),
        ],
        ref=_sum_to,
        dtypes="float half complex",
    ),
]
