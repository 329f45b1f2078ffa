"""Cases of autograd_gpu/ops/sets.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S


def _runs(x: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """One slice after another."""
    rows = list(x.reshape(-1)) if dim is None else list(np.moveaxis(x, dim, 0))
    starts = [k for k in range(len(rows)) if k == 0 or not np.array_equal(rows[k], rows[k - 1])]
    kept = (x.reshape(-1) if dim is None else np.moveaxis(x, dim, 0))[starts]
    results = [kept if dim is None else np.moveaxis(kept, 0, dim)]
    if return_inverse:
        inverse = np.array([sum(start <= k for start in starts) - 1 for k in range(len(rows))], np.int64)
        results.append(inverse.reshape(x.shape if dim is None else (-1,)))
    if return_counts:
        results.append(np.diff(np.array([*starts, len(rows)], np.int64))[: len(starts)])
    return tuple(results)


def few(make: Make, *shape: int) -> Any:
    """Numbers with many repetitions."""
    return make.rng.integers(0, 3, shape).astype(make.dtype.numpy)


CASES = [
    OpCase(
        "unique_consecutive",
        samples=lambda make: [
            S(few(make, 9)),
            S(few(make, 3, 4), True),
            S(few(make, 3, 4), True, True),
            S(few(make, 6, 1), True, True, 0),
            S(few(make, 2, 5), False, True, 1),
            S(few(make, 0), True, True),
        ],
        ref=_runs,
        dtypes="float half int bool",
        gradient=False,
        errors=[ErrorCase(lambda make: S(make(3), dim=2), IndexError, "Dimension out of range")],
    ),
    OpCase(
        "isin",
        samples=lambda make: [
            S(few(make, 2, 3), few(make, 2)),
            S(few(make, 2, 3), few(make, 0)),
            S(few(make, 4), 1),
            S(1, few(make, 4)),
            S(few(make, 4), few(make, 2), invert=True),
            S(few(make, 4), few(make, 0), invert=True),
            S(few(make, 0), few(make, 2)),
        ],
        ref=lambda x, y, invert=False: np.isin(x, y, invert=invert),
        dtypes="float half int",
        gradient=False,
        errors=[
            ErrorCase(lambda make: S(1, 2), TypeError, "elements or test_elements must be a Tensor"),
            ErrorCase(
                lambda make: S(make(2), make(2)),
                RuntimeError,
                "Unsupported input type encountered for isin",
                dtype="complex64",
            ),
        ],
    ),
    OpCase(
        "unravel_index",
        samples=lambda make: [
            S(np.array([[0, 5], [11, 7]], make.dtype.numpy), (2, 3, 2)),
            S(np.array(3, make.dtype.numpy), 4),
        ],
        ref=lambda x, shape: tuple(
            np.asarray(each, np.int64) for each in np.unravel_index(x.astype(np.int64), shape)
        ),
        dtypes="int",
        gradient=False,
        errors=[
            ErrorCase(lambda make: S(make(2), (2, 2)), TypeError, "expected 'indices' to be integer dtype"),
            ErrorCase(
                lambda make: S(make(2), (2, -2)),
                ValueError,
                "'shape' cannot have negative values",
                dtype="int64",
            ),
        ],
    ),
]
