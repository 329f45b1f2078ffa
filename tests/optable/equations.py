"""Cases of autograd_gpu/ops/equations.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu import linalg
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S
from tests.optable.decompositions import (
    FACTORED,
    LOOSE,
    definite,
    not_square,
    regular,
    wrong_dtypes,
)

SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]], np.float32)


def _triangular(a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    a = np.triu(a) if upper else np.tril(a)
    if unitriangular:
        diagonal = np.arange(a.shape[-1])
        a[..., diagonal, diagonal] = 1
    return np.linalg.inv(a) @ b if left else b @ np.linalg.inv(a)


def _exponential(x: Any) -> Any:
    """The series, after 2 ** 8 halvings."""
    unit = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    term, total = unit, unit
    for k in range(1, 12):
        term = term @ (x / 256) / k
        total = total + term
    for _ in range(8):
        total = total @ total
    return total


def _with_factors(solve: Any) -> Any:
    return lambda a, b, **options: solve(a, linalg.lu_factor(a), b, **options)


CASES = [
    OpCase(
        "inv",
        also="inverse",
        samples=lambda make: [
            S(regular(make, 3, 3)),
            S(regular(make, 2, 2, 2)),
            S(regular(make, 0, 2, 2)),
            S(make(0, 0)),
        ],
        ref=np.linalg.inv,
        dtypes=FACTORED,
        errors=[
            not_square("linalg.inv"),
            *wrong_dtypes("linalg.inv"),
            ErrorCase(
                lambda make: S(SINGULAR),
                linalg.LinAlgError,
                "linalg.inv: The diagonal element 2 is zero",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(np.stack([np.eye(2, dtype=np.float32), SINGULAR])),
                linalg.LinAlgError,
                r"linalg.inv: \(Batch element 1\): The diagonal element 2 is zero",
                looks_at_values=True,
            ),
        ],
    ),
    OpCase(
        "solve",
        samples=lambda make: [
            S(regular(make, 3, 3), make(3, 2)),
            S(regular(make, 3, 3), make(3)),
            S(regular(make, 2, 3, 3), make(3, 2)),  # batches broadcast
            S(regular(make, 3, 3), make(2, 3, 1)),
            S(regular(make, 0, 2, 2), make(0, 2, 1)),
        ],
        ref=lambda a, b: np.linalg.solve(a, b[:, None])[:, 0] if b.ndim == 1 else np.linalg.solve(a, b),
        dtypes=FACTORED,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 3), make(2, 2)),
                RuntimeError,
                r"linalg.solve: Incompatible shapes of A and B for the equation AX = B \(3x3 and 2x2\)",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), make(2, 2)), RuntimeError, "must be batches of square matrices"
            ),
            ErrorCase(
                lambda make: S(make(2, 2), make(2, 2, dtype="float64")),
                RuntimeError,
                "to have the same dtype",
            ),
            ErrorCase(
                lambda make: S(SINGULAR, make(2)),
                linalg.LinAlgError,
                "The solver failed because the input matrix is singular",
                looks_at_values=True,
            ),
        ],
    ),
    OpCase(
        "solve",
        variant="right",
        samples=lambda make: [S(regular(make, 3, 3), make(2, 3)), S(regular(make, 2, 3, 3), make(2, 2, 3))],
        call=lambda a, b: linalg.solve(a, b, left=False),
        ref=lambda a, b: b @ np.linalg.inv(a),
        dtypes=FACTORED,
    ),
    OpCase(
        "solve_triangular",
        samples=lambda make: (
            [
                S(regular(make, 3, 3), make(3, 2), upper=upper, left=left, unitriangular=unit)
                for upper in (True, False)
                for left in (True,)
                for unit in (True, False)
            ]
            + [
                S(regular(make, 3, 3), make(2, 3), upper=True, left=False),
                S(regular(make, 2, 3, 3), make(3, 2), upper=False),
            ]
        ),
        ref=_triangular,
        dtypes=FACTORED,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 3), make(2, 2), upper=True),
                RuntimeError,
                r"Incompatible shapes of A and B for the equation AX = B \(3x3 and 2x2\)",
            )
        ],
    ),
    OpCase(
        "solve_triangular",
        variant="singular",
        samples=lambda make: [
            S(np.array([[2, 1], [0, 0]], make.dtype.numpy), np.ones((2, 1), make.dtype.numpy), upper=True)
        ],
        ref=lambda a, b, upper: np.array([[-np.inf], [np.inf]]),
        dtypes="float",
        gradient=False,
    ),
    OpCase(
        "triangular_solve",
        samples=lambda make: [
            S(make(3, 2), regular(make, 3, 3)),
            S(make(3, 2), regular(make, 3, 3), False, True),
        ],
        ref=lambda b, a, upper=True, transpose=False: (
            np.linalg.solve((np.triu if upper else np.tril)(a).T if transpose else np.triu(a), b),
            a,
        ),
        dtypes=FACTORED,
    ),
    OpCase(
        "det",
        also="cofactor",
        samples=lambda make: [
            S(regular(make, 3, 3)),
            S(regular(make, 2, 2, 2)),
            S(regular(make, 0, 2, 2)),
        ],
        ref=np.linalg.det,
        dtypes=FACTORED,
        tol=LOOSE,
        errors=[not_square("linalg.det"), *wrong_dtypes("linalg.det")],
    ),
    OpCase(
        "det",
        variant="singular",  # the gradient is that of the cofactors
        samples=lambda make: [S(SINGULAR.astype(make.dtype.numpy))],
        ref=np.linalg.det,
        dtypes="float",
        order=1,
        forward=False,
    ),
    OpCase(
        "slogdet_parts",
        samples=lambda make: [
            S(regular(make, 3, 3)),
            S(regular(make, 2, 2, 2)[:, ::-1].copy()),
            S(regular(make, 0, 2, 2)),
        ],
        call=lambda x: tuple(linalg.slogdet(x)),
        ref=lambda x: tuple(np.linalg.slogdet(x)),
        dtypes=FACTORED,
        tol=LOOSE,
        errors=[
            not_square("linalg.slogdet", linalg.slogdet),
            *wrong_dtypes("linalg.slogdet", linalg.slogdet),
        ],
    ),
    OpCase(
        "slogdet",
        samples=lambda make: [S(regular(make, 3, 3))],
        ref=lambda x: tuple(np.linalg.slogdet(x)),
        dtypes="float",
        tol=LOOSE,
    ),
    OpCase(
        "logdet",
        samples=lambda make: [S(definite(make, 3, 3)), S(definite(make, 2, 2, 2))],
        ref=lambda x: np.log(np.linalg.det(x).real) if x.dtype.kind == "f" else np.log(np.linalg.det(x)),
        dtypes="float",
        tol=LOOSE,
    ),
    OpCase(
        "pinv_within",
        also="pinverse",
        samples=lambda make: [
            S(regular(make, 3, 3)),
            S(regular(make, 2, 4, 2)),
            S(regular(make, 2, 3)),
            S(regular(make, 0, 2, 3)),
        ],
        call=linalg.pinv,
        ref=np.linalg.pinv,
        dtypes=FACTORED,
        tol=LOOSE,
        errors=wrong_dtypes("linalg.pinv", linalg.pinv),
    ),
    OpCase(
        "pinv_within",
        variant="rank",
        samples=lambda make: [
            S(regular(make, 3, 2), regular(make, 2, 3)),
            S(regular(make, 3, 2), regular(make, 2, 3), rtol=1e-3),
            S(regular(make, 3, 2), regular(make, 2, 3), atol=1e-2),
        ],
        call=lambda a, b, **bounds: linalg.pinv(a @ b, **bounds),
        ref=lambda a, b, **bounds: np.linalg.pinv(a @ b, rcond=1e-3),
        dtypes=FACTORED,
        tol=LOOSE,
    ),
    OpCase(
        "pinv_within",
        variant="lstsq",
        samples=lambda make: [
            S(regular(make, 4, 2), make(4, 3)),
            S(regular(make, 2, 4), make(2, 1)),
            S(regular(make, 2, 3, 2), make(2, 3)),
        ],
        call=lambda a, b: linalg.lstsq(a, b).solution,
        ref=lambda a, b: (
            (np.linalg.pinv(a) @ b[..., None])[..., 0] if b.ndim < a.ndim else np.linalg.pinv(a) @ b
        ),
        dtypes=FACTORED,
        tol=LOOSE,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 2), make(2, 2)),
                RuntimeError,
                r"input.size\(-2\) should match other.size\(-2\)",
                call=linalg.lstsq,
            ),
            ErrorCase(
                lambda make: S(make(3, 2), make(3, 2), driver="lu"),
                RuntimeError,
                "parameter `driver` should be one of",
                call=linalg.lstsq,
            ),
        ],
    ),
    OpCase(
        "matrix_exp",
        samples=lambda make: [
            S(make(3, 3)),
            S(make(2, 2, 2)),
            S(make(2, 2, low=-6, high=6)),  # halved
            S(make(0, 2, 2)),
            S(np.zeros((2, 2), make.dtype.numpy)),
        ],
        ref=_exponential,
        dtypes=FACTORED,
        tol={"float32": (1e-4, 1e-3), "complex64": (1e-4, 1e-3)},  # squared several times
        errors=[not_square("linalg.matrix_exp"), *wrong_dtypes("linalg.matrix_exp")[1:]],
    ),
    OpCase(
        "matrix_power",
        samples=lambda make: [
            *(S(regular(make, 3, 3), n) for n in (0, 1, 2, 3, -1, -2)),
            S(regular(make, 2, 2, 2), 5),
        ],
        ref=np.linalg.matrix_power,
        dtypes=FACTORED,
        tol={"float32": (1e-4, 1e-2), "complex64": (1e-4, 1e-2)},  # products of ten thousands
        errors=[
            ErrorCase(lambda make: S(make(2, 3), 2), RuntimeError, "must be batches of square matrices"),
            ErrorCase(lambda make: S(make(2), 2), RuntimeError, "must have at least 2 dimensions"),
        ],
    ),
    OpCase(
        "lu_solve",
        samples=lambda make: [
            S(regular(make, 3, 3), make(3, 2)),
            S(regular(make, 2, 3, 3), make(2, 3, 1)),
            S(regular(make, 3, 3), make(2, 3), left=False),
            S(regular(make, 3, 3), make(3, 2), adjoint=True),
        ],
        call=lambda a, b, **options: linalg.lu_solve(*linalg.lu_factor(a), b, **options),
        ref=lambda a, b, left=True, adjoint=False: (
            np.linalg.inv(a.conj().swapaxes(-1, -2) if adjoint else a) @ b if left else b @ np.linalg.inv(a)
        ),
        dtypes=FACTORED,
        tol=LOOSE,
    ),
    OpCase(
        "lu_solve",
        variant="b",
        samples=lambda make: [S(regular(make, 3, 3), make(3, 2))],
        call=lambda a, b: ag.lu_solve(b, *linalg.lu_factor(a)),
        ref=np.linalg.solve,
        dtypes=FACTORED,
        tol=LOOSE,
    ),
    OpCase(
        "cholesky_solve",
        also="cholesky_inverse",
        samples=lambda make: [
            S(make(3, 2), regular(make, 3, 3)),
            S(make(3, 2), regular(make, 3, 3), upper=True),
        ],
        ref=lambda b, x, upper=False: (
            np.linalg.solve(np.triu(x).conj().T @ np.triu(x), b)
            if upper
            else np.linalg.solve(np.tril(x) @ np.tril(x).conj().T, b)
        ),
        dtypes=FACTORED,
        tol=LOOSE,
    ),
    OpCase(
        "cholesky_inverse",
        samples=lambda make: [S(regular(make, 3, 3))],
        ref=lambda x: np.linalg.inv(np.tril(x) @ np.tril(x).conj().T),
        dtypes=FACTORED,
        tol=LOOSE,
    ),
    OpCase(
        "vander",
        samples=lambda make: [S(make(3)), S(make(3), 2), S(make(3), 4, True)],
        ref=lambda x, N=None, increasing=False: np.vander(x, N, increasing),
        dtypes="float complex int64 int32",
        errors=[ErrorCase(lambda make: S(make(2, 2)), RuntimeError, "x must be a one-dimensional tensor")],
    ),
    OpCase(
        "vdot",
        samples=lambda make: [S(make(3), make(3)), S(make(0), make(0))],
        ref=np.vdot,
        dtypes="float half complex int64",
        errors=[ErrorCase(lambda make: S(make(2, 2), make(2)), RuntimeError, "1D tensors expected")],
    ),
]
