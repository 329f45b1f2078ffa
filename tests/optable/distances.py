"""Cases of autograd_gpu/ops/distances.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S


def _norm(difference: Any, p: float) -> Any:
    return np.linalg.norm(difference, p, -1)


def _pairs(x: Any, y: Any, p: float = 2.0, compute_mode: str = "") -> Any:
    return _norm(x[..., :, None, :] - y[..., None, :, :], p)


CASES = [
    OpCase(
        "cdist",
        samples=lambda make: [
            S(make(3, 2), make(4, 2)),
            *(S(make(3, 2), make(2, 2), p) for p in (1.0, 3.0, 0.5, math.inf)),
            S(make(2, 3, 2), make(2, 2)),
            S(make(2, 2), make(3, 2), 2.0, "use_mm_for_euclid_dist"),
            S(make(0, 2), make(3, 2)),
        ],
        ref=_pairs,
        dtypes="float",
        tol={"float32": 1e-4},  # differences of squares
        errors=[
            ErrorCase(
                lambda make: S(make(3), make(2, 3)),
                RuntimeError,
                "only supports at least 2D tensors, X1 got: 1D",
            ),
            ErrorCase(
                lambda make: S(make(3, 2), make(2, 3)),
                RuntimeError,
                "must have the same number of columns. X1: 2 X2: 3",
            ),
            ErrorCase(
                lambda make: S(make(3, 2), make(2, 2), -1),
                RuntimeError,
                "only supports non-negative p values",
            ),
            ErrorCase(
                lambda make: S(make(3, 2), make(2, 2)),
                RuntimeError,
                "only supports floating-point dtypes",
                dtype="int64",
            ),
            ErrorCase(
                lambda make: S(make(3, 2), make(2, 2), 2, "mm"),
                ValueError,
                "mm is not a valid value for compute_mode",
            ),
        ],
    ),
    OpCase(
        "cdist",
        variant="many",  # by a product of matrices
        samples=lambda make: [S(make(30, 2), make(2, 2))],
        ref=_pairs,
        dtypes="float",
        tol={"float32": 1e-3},  # differences of squares
        order=1,
    ),
    OpCase(
        "pdist",
        samples=lambda make: [
            S(make(4, 3)),
            S(make(3, 2), 1),
            S(make(3, 2), math.inf),
            S(make(1, 2)),
            S(make(0, 2)),
        ],
        ref=lambda x, p=2: _norm(x[np.triu_indices(len(x), 1)[0]] - x[np.triu_indices(len(x), 1)[1]], p),
        dtypes="float",
        errors=[
            ErrorCase(lambda make: S(make(3)), RuntimeError, "pdist only supports 2D tensors, got: 1D"),
            ErrorCase(
                lambda make: S(make(3, 2), -1), RuntimeError, "pdist only supports non-negative p values"
            ),
        ],
    ),
]
