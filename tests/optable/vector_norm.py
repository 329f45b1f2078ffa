"""Cases of autograd_gpu/ops/vector_norm.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_gpu.ops import vector_norm
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S


def vector(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    size = np.abs(x)
    options = {"axis": dim, "keepdims": keepdim}
    if ord == math.inf:
        return size.max(**options)
    if ord == -math.inf:
        return size.min(**options)
    if ord == 0:
        return (size != 0).sum(**options).astype(size.dtype)
    return (size**ord).sum(**options) ** (1 / ord)


def _renorm(x: Any, p: float, dim: int, maxnorm: float) -> Any:
    others = tuple(axis for axis in range(x.ndim) if axis != dim % x.ndim)
    size = (abs(x) ** p).sum(others, keepdims=True) ** (1 / p)
    return x * np.where(size > maxnorm, maxnorm / (size + 1e-7), 1)


CASES = [
    OpCase(
        "renorm",
        samples=lambda make: [
            S(make(3, 4), 2, 0, 1.5),
            S(make(2, 3, 2), 1, 1, 2.0),
            S(make(3, 2), 3.0, -1, 9.0),
        ],
        ref=_renorm,
        dtypes="float complex",
        tol={"float32": 1e-5, "complex64": 1e-5},
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), 0, 0, 1.0), RuntimeError, "non-positive norm degree not supported"
            ),
            ErrorCase(
                lambda make: S(make(3, 4), 2, 0, -1.0), RuntimeError, "expected maxnorm to be >= 0 but got -1"
            ),
            ErrorCase(
                lambda make: S(make(3), 2, 0, 1.0), RuntimeError, "at least 2 dimensions, got 1 dimensions"
            ),
        ],
    ),
    OpCase(
        "vector_norm",
        samples=lambda make: [
            S(make(3, 4)),
            *(S(make(3, 4), order, 1) for order in (0, 1, 1.5, 2, 3, math.inf, -math.inf)),
            S(make(3, 4, low=0.5, high=2), -1, 0),
            S(make(3, 4, low=0.5, high=2), 0.5, 0),
            S(make(2, 3, 4), dim=(0, -1), keepdim=True),
            S(make()),
            S(make(0, 3), 2, 0),
        ],
        ref=vector,
        dtypes="float half complex",
        tol={"half": 3e-2},  # powers of roots, whose size is more than one
        errors=[
            ErrorCase(
                lambda make: S(make(3)),
                RuntimeError,
                "linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long",
                dtype="int64",
            ),
            ErrorCase(
                lambda make: S(make(0, 3), math.inf),
                RuntimeError,
                "linalg.vector_norm cannot compute the inf norm on an empty tensor because the operation "
                "does not have an identity",
            ),
        ],
    ),
    OpCase(
        "norm",
        samples=lambda make: [
            S(make(3, 4)),
            S(make(3, 4), 1, 1),
            S(make(3, 4), p=math.inf),
            S(make(3, 4), dim=(0, 1), keepdim=True),
        ],
        ref=lambda x, p=2, dim=None, keepdim=False: vector(x, p, dim, keepdim),
        dtypes="float half complex",
        errors=[
            ErrorCase(
                lambda make: S(make(3), "foo"),
                RuntimeError,
                "only valid string values are 'fro' and 'nuc', found foo",
            )
        ],
    ),
    OpCase(
        "norm",
        variant="linalg",
        call=vector_norm.linalg_norm,
        samples=lambda make: [
            S(make(3, 4)),
            S(make(2, 3, 4)),
            S(make(3), 1),
            *(S(make(3, 4), order) for order in (1, -1, math.inf, -math.inf, "fro", "nuc", 2, -2)),
            *(S(make(0, 3), order) for order in (1, math.inf, 2, "nuc")),  # of nothing: 0
        ],
        ref=lambda x, ord=None: (
            np.linalg.norm(x.reshape(-1) if ord is None else x, ord) if x.size else np.zeros((), abs(x).dtype)
        ),
        dtypes="float complex",
        errors=[
            ErrorCase(
                lambda make: S(make(2, 2, 2), 1),
                RuntimeError,
                "If dim is not specified but ord is, the input must be 1D or 2D",
            )
        ],
    ),
    OpCase(
        "norm",
        variant="matrix",
        call=vector_norm.matrix_norm,
        samples=lambda make: [
            S(make(2, 3, 4)),
            *(
                S(make(2, 3, 4), order, dims, keep)
                for order in (1, math.inf)
                for dims in ((0, 2), (2, 1))
                for keep in (False, True)
            ),
        ],
        ref=lambda x, ord="fro", dim=(-2, -1), keepdim=False: np.linalg.norm(x, ord, dim, keepdim),
        dtypes="float",
        errors=[
            ErrorCase(lambda make: S(make(3)), RuntimeError, "must have at least 2 dimensions"),
            ErrorCase(lambda make: S(make(3, 3), 7), RuntimeError, "Order 7 not supported"),
        ],
    ),
    OpCase(
        "dist",
        samples=lambda make: [S(make(3, 4), make(3, 4)), S(make(3, 4), make(4), 1), S(make(5), make(5), p=3)],
        ref=lambda x, y, p=2: vector(x - y, p),
        dtypes="float half",
        tol={"half": 3e-2},  # a root of a sum of powers
        errors=[ErrorCase(lambda make: S(make(2), make(3)), RuntimeError, "must match the size of tensor b")],
    ),
]
