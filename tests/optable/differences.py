"""Cases of autograd_gpu/ops/differences.py. NumPy is the reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S


def _diff(x: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    given = {"prepend": prepend, "append": append}
    return np.diff(x, n, dim, **{name: value for name, value in given.items() if value is not None})


def _gradient(x: Any, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Any, ...]:
    steps = spacing if isinstance(spacing, list) else [spacing]
    found = np.gradient(x, *steps, axis=dim, edge_order=edge_order)
    return tuple(found) if isinstance(found, (list, tuple)) else (found,)


def _cumulative(y: Any, x: Any = None, dx: float = 1, dim: int = -1) -> Any:
    heights = np.moveaxis(y, dim, -1)
    widths = dx if x is None else np.diff(x) if x.ndim == 1 else np.diff(np.moveaxis(x, dim, -1))
    return np.moveaxis(np.cumsum((heights[..., 1:] + heights[..., :-1]) * widths / 2, -1), -1, dim)


TRAPEZOIDS = [((4,), {}), ((2, 3), {"dx": 0.5}), ((3, 2), {"dim": 0}), ((2, 1), {})]

CASES = [
    OpCase(
        "diff",
        samples=lambda make: [
            S(make(5)),
            S(make(3, 4), 2),
            S(make(3, 4), 1, 0),
            S(make(4), 0),
            S(make(3), 5),
            S(make(2, 3), prepend=make(2, 1), append=make(2, 2)),
        ],
        ref=_diff,
        dtypes="float half int bool complex",
        tol={"float16": 1e-2, "bfloat16": 8e-2},  # differences of rounded differences
        errors=[
            ErrorCase(lambda make: S(make()), RuntimeError, "expects input to be at least one-dimensional"),
            ErrorCase(lambda make: S(make(3), -1), RuntimeError, "order must be non-negative but got -1"),
        ],
    ),
    OpCase(
        "gradient",
        samples=lambda make: [
            S(make(5)),
            S(make(3, 4)),
            S(make(3, 4), spacing=0.5, dim=1),
            S(make(4, 3), spacing=[2.0, 0.5]),
            S(make(5), spacing=[np.array([0.0, 0.5, 2.0, 2.5, 4.0], make.dtype.to_real().numpy)]).only(
                "float"
            ),
            S(make(4), edge_order=2),
            S(
                make(5),
                spacing=[np.array([0.0, 0.5, 2.0, 2.5, 4.0], make.dtype.to_real().numpy)],
                edge_order=2,
            ).only("float"),
        ],
        ref=_gradient,
        dtypes="float complex int64",
        tol={"float32": 1e-5, "complex64": 1e-5},
        errors=[
            ErrorCase(lambda make: S(make(1)), RuntimeError, "each dimension size to be at least edge_order"),
            ErrorCase(
                lambda make: S(make(4), edge_order=3),
                RuntimeError,
                "only supports edge_order=1 and edge_order=2",
            ),
            ErrorCase(
                lambda make: S(make(2, 2, 2), spacing=[1.0, 2.0]),
                RuntimeError,
                "or a list of length equal to 'self.dim",
            ),
        ],
    ),
    OpCase(
        "trapezoid",
        also="trapz",
        samples=lambda make: [
            *(S(make(*shape), **options) for shape, options in TRAPEZOIDS),
            S(make(2, 4), make(4)),
            S(make(2, 4), make(2, 4)),
        ],
        ref=lambda y, x=None, dx=1, dim=-1: np.trapezoid(y, x, dx, dim),
        dtypes="float complex int64",
        errors=[
            ErrorCase(
                lambda make: S(make(3), make(2)), RuntimeError, "There must be one `x` value for each sample"
            ),
            ErrorCase(lambda make: S(make(3)), RuntimeError, "bool is not supported", dtype="bool"),
        ],
    ),
    OpCase(
        "cumulative_trapezoid",
        samples=lambda make: [
            *(S(make(*shape), **options) for shape, options in TRAPEZOIDS),
            S(make(2, 4), make(4)),
            S(make(2, 4), make(2, 4)),
        ],
        ref=_cumulative,
        dtypes="float complex int64",
        errors=[
            ErrorCase(
                lambda make: S(make(3), make(2)), RuntimeError, "There must be one `x` value for each sample"
            )
        ],
    ),
]
