"""Cases of autograd_gpu/ops/statistics.py. NumPy is the reference."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S


def _quantile(function: Any) -> Any:
    return lambda x, q, dim=None, keepdim=False, interpolation="linear": function(
        x, q, axis=dim, keepdims=keepdim, method=interpolation
    )


def _with_gaps(make: Any) -> Any:
    x = make(3, 5)
    if x.dtype.kind == "f":
        x[0, 1] = x[2, :] = np.nan
    return x


def _quantile_samples(make: Any) -> list[S]:
    return [
        S(make(5), 0.3),
        S(make(3, 5), 0.5, 1),
        S(make(4, 3), 0.25, 0, True),
        S(make(3, 5), np.array([0.0, 0.4, 1.0], make.dtype.numpy), 1),
        S(make(3, 4), np.array([0.1, 0.8], make.dtype.numpy)),
        S(make(3, 4), np.array([0.1, 0.8], make.dtype.numpy), -1, True),
        S(make(), 0.7),
        *(
            S(make(6), 0.37, interpolation=interpolation)
            for interpolation in ("lower", "higher", "midpoint", "nearest")
        ),
    ]


def _most_frequent(x: Any, dim: int = -1, keepdim: bool = False) -> Any:
    def of_row(row: Any) -> tuple[Any, int]:
        values, counts = np.unique(row, return_counts=True)
        value = values[counts.argmax()]
        return value, int(np.nonzero(row == value)[0][-1])

    rows = np.moveaxis(x, dim, -1)
    found = [of_row(row) for row in rows.reshape(-1, rows.shape[-1])]
    values = np.array([value for value, _ in found], x.dtype).reshape(rows.shape[:-1])
    indices = np.array([index for _, index in found], np.int64).reshape(rows.shape[:-1])
    return (np.expand_dims(values, dim), np.expand_dims(indices, dim)) if keepdim else (values, indices)


QUANTILE_ERRORS = [
    ErrorCase(lambda make: S(make(3), 0.5), RuntimeError, "must be either float or double", dtype="int64"),
    ErrorCase(lambda make: S(make(0), 0.5), RuntimeError, "input tensor must be non-empty"),
    ErrorCase(lambda make: S(make(3), 1.5), RuntimeError, r"q must be in the range \[0, 1\] but got 1.5"),
    ErrorCase(lambda make: S(make(3), make(2, 2)), RuntimeError, "q must be a scalar or 1D tensor"),
    ErrorCase(
        lambda make: S(make(3), np.array([0.5])),
        RuntimeError,
        "q tensor must be same dtype as the input tensor",
    ),
    ErrorCase(
        lambda make: S(make(3), 0.5, interpolation="none"), RuntimeError, "interpolation must be one of"
    ),
]


def _histogram(x: Any, bins: Any = 100, range: Any = None, weight: Any = None, density: bool = False) -> Any:
    if not isinstance(bins, int):
        bins = np.asarray(bins, np.float64)
    return np.histogram(x, bins, range, density, weight)


CASES = [
    OpCase(
        "histogram",
        samples=lambda make: [
            S(make(20), 5),
            S(make(4, 5), 4, range=(-1.0, 1.5)),
            S(make(20), 3, density=True),
            S(make(6), 3, weight=make(6)),
            S(make(20), np.array([-1.0, 0.0, 0.25, 2.0]).astype(make.dtype.numpy)),
            S(make(0), 3),
            S(np.full(3, 2.0, make.dtype.numpy), 2),
        ],
        ref=lambda x, bins, **options: tuple(
            each.astype(np.float64) for each in _histogram(x, bins, **options)
        ),
        dtypes="float",
        gradient=False,
        errors=[
            ErrorCase(lambda make: S(make(3), 0), RuntimeError, "bins must be > 0, but got 0"),
            ErrorCase(
                lambda make: S(make(3), 2), NotImplementedError, "not implemented for 'Long'", dtype="int64"
            ),
        ],
    ),
    OpCase(
        "quantile",
        samples=_quantile_samples,
        ref=_quantile(np.quantile),
        dtypes="float",
        gradient=(0,),
        errors=QUANTILE_ERRORS,
    ),
    OpCase(
        "nanquantile",
        samples=_quantile_samples,
        ref=_quantile(np.nanquantile),
        dtypes="float",
        gradient=(0,),
        errors=[ErrorCase(lambda make: S(make(0), 0.5), RuntimeError, "input tensor must be non-empty")],
    ),
    OpCase(
        "quantile",
        variant="nan",
        samples=lambda make: [S(_with_gaps(make), 0.3, 1), S(_with_gaps(make), 0.3)],
        ref=_quantile(np.quantile),
        dtypes="float",
        gradient=False,
    ),
    OpCase(
        "nanquantile",
        variant="nan",
        samples=lambda make: [S(_with_gaps(make)[:2], 0.3, 1), S(_with_gaps(make), 0.3)],
        ref=_quantile(np.nanquantile),
        dtypes="float",
        gradient=False,
    ),
    OpCase(
        "mode",
        samples=lambda make: [
            S(np.array([3, 1, 2, 1, 3, 1], make.dtype.numpy)),
            S(np.array([[2, 1, 2, 1], [0, 0, 0, 1]], make.dtype.numpy)),
            S(np.array([[2, 1, 2, 1], [2, 0, 0, 1]], make.dtype.numpy), 0, True),
            S(make(3, 4)),
        ],
        ref=_most_frequent,
        dtypes="float half int",
        gradient=False,
        errors=[ErrorCase(lambda make: S(make(0)), IndexError, "to have non-zero size")],
    ),
    OpCase(
        "mode",
        variant="gradient",  # no two elements are equal
        samples=lambda make: [S(make(3, 4)), S(make(3, 4), 0)],
        ref=_most_frequent,
        dtypes="float",
    ),
    OpCase(
        "cov",
        samples=lambda make: [
            S(make(3, 5)),
            S(make(4)),
            S(make(2, 4), correction=0),
            S(make(2, 4), fweights=np.array([1, 2, 1, 3])),
            S(make(2, 4), aweights=np.array([0.5, 1, 2, 1], make.dtype.to_real().numpy)).only(
                "float complex"
            ),
        ],
        ref=lambda x, correction=1, fweights=None, aweights=None: np.cov(
            x, ddof=correction, fweights=fweights, aweights=aweights
        ),
        dtypes="float complex int64",
        gradient=(0,),
        tol={"float32": 1e-5, "complex64": 1e-5},
        errors=[
            ErrorCase(
                lambda make: S(make(2, 2, 2)), RuntimeError, "two or fewer dimensions but got an input with 3"
            ),
            ErrorCase(
                lambda make: S(make(2, 3), fweights=make(3)),
                RuntimeError,
                "expected fweights to have integral dtype",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), fweights=np.array([1, -1, 2])),
                RuntimeError,
                "fweights cannot be negative",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(2, 3), aweights=make(2)),
                RuntimeError,
                "to have the same numel as there are",
            ),
        ],
    ),
    OpCase(
        "corrcoef",
        samples=lambda make: [S(make(3, 5)), S(make(4))],
        ref=np.corrcoef,
        dtypes="float complex int64",
        tol={"float32": 1e-5, "complex64": 1e-5},
        gradient=False,
    ),
    OpCase(
        "corrcoef",
        variant="gradient",
        # away from the diagonal, whose ones lie on the border of the range they are held to
        samples=lambda make: [S(make(2, 5))],
        call=lambda x: ag.corrcoef(x)[0, 1],
        ref=lambda x: np.corrcoef(x)[0, 1],
        dtypes="float",
        tol={"float32": 1e-5},
        errors=[ErrorCase(lambda make: S(make(2, 2, 2)), RuntimeError, "two or fewer dimensions")],
    ),
]
