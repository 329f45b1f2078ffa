"""Cases of autograd_gpu/ops/reduce.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

ALL = "float half int bool complex"
OUT_OF_RANGE = ErrorCase(
    lambda make: S(make(2, 3), 2), IndexError, r"Dimension out of range .*range of \[-2, 1\], but got 2"
)
TWICE = ErrorCase(
    lambda make: S(make(2, 3), (0, -2)), RuntimeError, "dim 0 appears multiple times in the list of dims"
)


def over_dims(make: Make) -> list[S]:
    return [
        S(make(3, 4)),
        S(make(3, 4), 0),
        S(make(3, 4), dim=-1, keepdim=True),
        S(make(2, 3, 4), dim=(0, 2)),
        S(make(2, 3, 4), dim=(-1, 0), keepdim=True),  # several dimensions, not in order
        S(make(3, 4), dim=()),  # () means all
        S(make()),  # no dimension at all
        S(make(), dim=0, keepdim=True),  # which PyTorch allows
        S(make(0, 3), dim=0),  # sums of nothing
        S(make(3, 0), dim=0),  # no sums
        S(make(5, 1), axis=1, keepdims=True),  # NumPy's names; a dimension of size 1
    ]


def of_numpy(function: Any) -> Any:
    """A NumPy reduction that takes `dim` and `keepdim`, and a dimension of an array without dimensions."""

    def reference(
        x: Any,
        dim: Any = None,
        keepdim: bool = False,
        *,
        axis: Any = None,
        keepdims: bool = False,
        **more: Any,
    ) -> Any:
        dim = axis if dim is None else dim
        if dim == () or not x.ndim:
            dim = None
        more.pop("dtype", None)
        return function(x, axis=dim, keepdims=keepdim or keepdims, **more)

    return reference


def variance(x: Any, axis: Any, keepdims: bool, correction: float = 1) -> Any:
    centred = np.abs(x - x.mean(axis=axis, keepdims=True)) ** 2
    count = x.size // max(1, centred.sum(axis=axis).size)
    return centred.sum(axis=axis, keepdims=keepdims) / (count - correction)


def moments(make: Make) -> list[S]:
    return [
        S(make(3, 4)),
        S(make(3, 4), 0),
        S(make(2, 3, 4), dim=(0, 2), keepdim=True),
        S(make(3, 4), dim=1, correction=0),
        S(make(6), correction=2),
    ]


def with_zeros(make: Make, *shape: int) -> Any:
    """Random numbers, a third of them zero."""
    array = make(*shape)
    return array * (make.rng.random(shape) > 0.3).astype(array.dtype)


CASES = [
    OpCase(
        "sum",
        samples=lambda make: [*over_dims(make), S(make(70, 70)).only("float half")],
        ref=of_numpy(lambda x, **k: x.sum(**k) if x.dtype.kind in "fc" else x.astype(np.int64).sum(**k)),
        dtypes=ALL,
        errors=[
            OUT_OF_RANGE,
            TWICE,
            ErrorCase(lambda make: S(make(2, 3), "a"), TypeError, "argument 'dim' must be int, not str"),
            ErrorCase(
                lambda make: S(3.0),
                TypeError,
                r"sum\(\): argument 'input' \(position 1\) must be Tensor, not float",
            ),
            ErrorCase(lambda make: S(make(2), dim=0, axis=0), TypeError, "got both 'dim' and 'axis'"),
        ],
    ),
    OpCase(
        "sum",
        variant="dtype",
        samples=lambda make: [S(make(3, 4), dtype=ag.float64), S(make(3, 4), dim=1, dtype=ag.float64)],
        ref=of_numpy(np.sum),
        dtypes="float half int bool",
    ),
    OpCase(
        "mean",
        samples=over_dims,
        ref=of_numpy(lambda x, **k: x.sum(**k) / (x.size / x.sum(**k).size if x.size else 0.0)),
        dtypes="float half complex",
        errors=[
            OUT_OF_RANGE,
            TWICE,
            ErrorCase(
                lambda make: S(make(2, 3)),
                RuntimeError,
                r"mean\(\): could not infer output dtype. Input dtype must be either a floating point or "
                "complex dtype. Got: Long",
                dtype="int64",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), dtype=ag.int64),
                RuntimeError,
                "Optional dtype must be either .* Got: Long",
            ),
        ],
    ),
    OpCase(
        "nansum",
        samples=lambda make: [
            *over_dims(make),
            S(np.where(make(3, 4, dtype="bool"), np.nan, make(3, 4)).astype(make.dtype.numpy), 1).only(
                "float32 float16"
            ),
        ],
        ref=of_numpy(lambda x, **k: np.nansum(x if x.dtype.kind == "f" else x.astype(np.int64), **k)),
        dtypes="float half int bool",
        errors=[OUT_OF_RANGE],
    ),
    OpCase(
        "nanmean",
        samples=lambda make: [
            S(make(3, 4)),
            S(make(3, 4), 1),
            S(make(3, 4), dim=0, keepdim=True),
            S(make()),
            S(np.array([np.nan, 1, 3], make.dtype.numpy)).only("float32 float16"),
        ],
        ref=of_numpy(np.nanmean),
        errors=[
            ErrorCase(
                lambda make: S(make(2)),
                RuntimeError,
                r"nanmean\(\): expected input to have floating point or complex dtype but got Long",
                dtype="int64",
            )
        ],
    ),
    OpCase(
        "prod",
        samples=lambda make: [
            S(make(3, 4)),
            S(make(3, 4), 0),
            S(make(3, 5), dim=-1, keepdim=True),  # a number that is no power of two
            S(make()),
            S(make(), dim=0),
            S(make(1, 3), dim=0),  # a product of one
            S(make(0, 3), dim=0),  # and of nothing
            S(make(3, 0), dim=0),
            S(with_zeros(make, 3, 4), dim=1),  # zeros: no division by what is multiplied
            S(with_zeros(make, 7)),
        ],
        ref=of_numpy(lambda x, **k: np.prod(x if x.dtype.kind in "fc" else x.astype(np.int64), **k)),
        dtypes=ALL,
        tol={"half": 2e-2, "complex64": 1e-5},  # products of products
        errors=[OUT_OF_RANGE],
    ),
    OpCase(
        "var",
        samples=lambda make: [*moments(make), S(make(3, 4), 1, False).only("float64")],
        ref=lambda x, dim=None, unbiased=True, keepdim=False, correction=None: variance(
            x, dim, keepdim, int(unbiased) if correction is None else correction
        ),
        dtypes="float half complex",
        tol={"float32": 1e-5},
        errors=[
            OUT_OF_RANGE,
            ErrorCase(
                lambda make: S(make(3)),
                RuntimeError,
                "std and var only support floating point and complex dtypes",
                dtype="int64",
            ),
            ErrorCase(
                lambda make: S(make(3), unbiased=True, correction=1),
                TypeError,
                "either 'unbiased' or 'correction', not both",
            ),
        ],
    ),
    OpCase(
        "std",
        samples=moments,
        ref=lambda x, dim=None, keepdim=False, correction=1: np.sqrt(variance(x, dim, keepdim, correction)),
        dtypes="float half complex",
        tol={"float32": 1e-5},
        errors=[OUT_OF_RANGE],
    ),
    OpCase(
        "std",
        variant="of_equal_elements",  # where the square root has no derivative, the gradient is zero
        samples=lambda make: [S(np.ones((2, 3), make.dtype.numpy), 1)],
        ref=lambda x, dim: np.zeros(2),
        dtypes="float half",
        order=0,
        gradient=False,
    ),
    OpCase(
        "var_mean",
        samples=moments,
        ref=lambda x, dim=None, keepdim=False, correction=1: (
            variance(x, dim, keepdim, correction),
            x.mean(axis=dim, keepdims=keepdim),
        ),
        dtypes="float half complex",
        tol={"float32": 1e-5},
        errors=[
            ErrorCase(
                lambda make: S(make(3)), RuntimeError, "var_mean only support floating point", dtype="int64"
            )
        ],
    ),
    OpCase(
        "std_mean",
        samples=moments,
        ref=lambda x, dim=None, keepdim=False, correction=1: (
            np.sqrt(variance(x, dim, keepdim, correction)),
            x.mean(axis=dim, keepdims=keepdim),
        ),
        dtypes="float half complex",
        tol={"float32": 1e-5},
    ),
    *(
        OpCase(
            name,
            samples=lambda make: [
                S(make(3, 4)),
                S(make(3, 4), 0),
                S(make(2, 3, 4), dim=(0, 2), keepdim=True),
                S(make(), dim=0),
                S(make(0, 3), dim=0),
                S(make(3, 0), dim=0),
                S(np.zeros((2, 3), make.dtype.numpy), 1),
                S(np.ones((2, 3), make.dtype.numpy), 1),
            ],
            ref=of_numpy(function),
            dtypes=ALL,
            gradient=False,
            out_dtype=lambda dtype: ag.uint8 if dtype is ag.uint8 else ag.bool,
            errors=[OUT_OF_RANGE, TWICE],
        )
        for name, function in (("any", np.any), ("all", np.all))
    ),
    *(
        OpCase(
            name,
            variant="of_no_dimension",  # unlike in a sum, () reduces nothing
            samples=lambda make: [S(make(2, 3), dim=())],
            ref=lambda x, dim: x.astype(bool),
            dtypes="float32 int64 bool",
            gradient=False,
        )
        for name in ("any", "all")
    ),
    OpCase(
        "count_nonzero",
        samples=lambda make: [
            S(with_zeros(make, 3, 4)),
            S(with_zeros(make, 3, 4), 0),
            S(with_zeros(make, 2, 3, 4), dim=(0, 2)),
            S(make()),
            S(make(0, 3), dim=0),
        ],
        ref=lambda x, dim=None: np.count_nonzero(x, axis=dim),
        dtypes=ALL,
        gradient=False,
        errors=[OUT_OF_RANGE],
    ),
]
