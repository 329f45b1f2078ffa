"""Cases of autograd_gpu/ops/decompositions.py.

Factors are determined up to signs or phases; the cases look at what does not depend on these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu import linalg
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

FACTORED = "float complex"
LOOSE = {"float32": 1e-4, "complex64": 1e-4}  # several products, each rounded


def regular(make: Make, *shape: int) -> Any:
    """Matrices that are far from singular, with singular values and eigenvalues well apart."""
    ramp = np.arange(1, min(shape[-2:]) + 1) * 3
    diagonal = np.zeros(shape[-2:])
    np.fill_diagonal(diagonal, ramp)
    return (make(*shape, low=-1, high=1) + diagonal).astype(make.dtype.numpy)


def definite(make: Make, *shape: int) -> Any:
    """Hermitian matrices with positive eigenvalues, well apart."""
    x = regular(make, *shape)
    return (x @ x.conj().swapaxes(-1, -2)).astype(make.dtype.numpy)


def hermitian(x: Any) -> Any:
    return (x + x.conj().swapaxes(-1, -2)) / 2


def symmetric(x: Any) -> Any:
    return (x + x.mH) / 2


def not_square(name: str, call: Any = None) -> ErrorCase:
    return ErrorCase(
        lambda make: S(make(2, 3)),
        RuntimeError,
        f"{name}: A must be batches of square matrices, but they are 2 by 3 matrices",
        call=call,
    )


def wrong_dtypes(name: str, call: Any = None) -> list[ErrorCase]:
    return [
        ErrorCase(
            lambda make: S(make(2, 2)), RuntimeError, f"{name}: Low precision dtypes not supported. Got Half",
            dtype="float16", call=call,
        ),
        ErrorCase(
            lambda make: S(make(2, 2)), RuntimeError, "Expected a floating point or complex tensor as input. Got Long",
            dtype="int64", call=call,
        ),
        ErrorCase(lambda make: S(make(2)), RuntimeError, "must have at least 2 dimensions", call=call),
    ]  # fmt: skip


def _lu_reference(x: Any) -> Any:
    """Row by row, one matrix at a time."""
    flat = x.reshape(-1, *x.shape[-2:]).copy()
    for matrix in flat:
        for k in range(min(matrix.shape)):
            row = k + int(np.argmax(abs(matrix[k:, k].real) + abs(matrix[k:, k].imag)))
            matrix[[k, row]] = matrix[[row, k]]
            matrix[k + 1 :, k] /= matrix[k, k]
            matrix[k + 1 :, k + 1 :] -= np.outer(matrix[k + 1 :, k], matrix[k, k + 1 :])
    return flat.reshape(x.shape)


def _qr(x: Any, mode: str = "reduced") -> Any:
    q, r = linalg.qr(x, mode)
    return q @ r, r.abs(), q.mH @ q


def _svd(x: Any) -> Any:
    u, s, vh = linalg.svd(x, full_matrices=False)
    return u.abs(), s, vh.abs(), u @ vh


def _svd_reference(x: Any) -> Any:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return abs(u), s, abs(vh), u @ vh


def _qr_reference(x: Any, mode: str = "reduced") -> Any:
    q, r = np.linalg.qr(x, mode)
    return q @ r, abs(r), q.conj().swapaxes(-1, -2) @ q


SHAPES: tuple[tuple[int, ...], ...] = ((3, 3), (2, 4, 3), (3, 4), (0, 2, 2), (1, 1))

CASES = [
    OpCase(
        "cholesky",
        samples=lambda make: [
            S(definite(make, 3, 3)),
            S(definite(make, 2, 2, 2)),
            S(definite(make, 3, 3), upper=True),
            S(definite(make, 0, 2, 2)),
        ],
        call=lambda x, upper=False: linalg.cholesky(symmetric(x), upper=upper),
        ref=lambda x, upper=False: (
            np.linalg.cholesky(hermitian(x)).swapaxes(-1, -2).conj()
            if upper
            else np.linalg.cholesky(hermitian(x))
        ),
        dtypes=FACTORED,
        tol=LOOSE,
        errors=[
            not_square("linalg.cholesky", linalg.cholesky),
            *wrong_dtypes("linalg.cholesky", linalg.cholesky),
            ErrorCase(
                lambda make: S(np.diag([1.0, -1.0]).astype(np.float32)),
                linalg.LinAlgError,
                r"not positive-definite \(the leading minor of order 2 is not positive-definite\)",
                call=linalg.cholesky,
                looks_at_values=True,
            ),
        ],
    ),
    OpCase(
        "qr",
        samples=lambda make: [
            *(S(regular(make, *shape)) for shape in SHAPES),
            S(regular(make, 3, 4), "complete"),
        ],
        call=_qr,
        ref=_qr_reference,
        dtypes=FACTORED,
        tol=LOOSE,
        errors=[
            *wrong_dtypes("linalg.qr", linalg.qr),
            ErrorCase(
                lambda make: S(make(2, 2), "raw"), RuntimeError, "unrecognized mode 'raw'", call=linalg.qr
            ),
            ErrorCase(
                lambda make: S(make(3, 2), "complete"),
                RuntimeError,
                "not differentiable when mode='complete' and nrows > ncols",
                call=linalg.qr,
                requires_grad=True,
            ),
        ],
    ),
    OpCase(
        "eigh",
        samples=lambda make: [
            S(regular(make, 3, 3)),
            S(regular(make, 2, 3, 3)),
            S(regular(make, 2, 2), "U"),
            S(regular(make, 0, 2, 2)),
        ],
        call=lambda x, uplo="L": (lambda r: (r[0], r[1].abs()))(linalg.eigh(symmetric(x), uplo)),
        ref=lambda x, uplo="L": (lambda r: (r[0], abs(r[1])))(np.linalg.eigh(hermitian(x), uplo)),
        dtypes=FACTORED,
        tol=LOOSE,
        errors=[
            not_square("linalg.eigh", linalg.eigh),
            *wrong_dtypes("linalg.eigh", linalg.eigh),
            ErrorCase(
                lambda make: S(make(2, 2), "X"),
                RuntimeError,
                "Expected UPLO argument to be 'L' or 'U'",
                call=linalg.eigh,
            ),
        ],
    ),
    OpCase(
        "eig",
        samples=lambda make: [S(regular(make, 3, 3)), S(regular(make, 2, 2, 2)), S(regular(make, 0, 2, 2))],
        # in the order of the sizes, which differ
        call=lambda x: (lambda r: (r[0].abs().sort(-1).values, r[1].abs().sum((-2, -1)), r[0].sum(-1)))(
            linalg.eig(x)
        ),
        ref=lambda x: (
            lambda r: (np.sort(abs(r[0]), -1), abs(r[1]).sum((-2, -1)), r[0].sum(-1).astype(np.complex128))
        )(np.linalg.eig(x)),
        dtypes=FACTORED,
        tol=LOOSE,
        errors=[not_square("linalg.eig", linalg.eig), *wrong_dtypes("linalg.eig", linalg.eig)],
    ),
    OpCase(
        "svd",
        samples=lambda make: [S(regular(make, *shape)) for shape in SHAPES],
        call=_svd,
        ref=_svd_reference,
        dtypes=FACTORED,
        tol=LOOSE,
        errors=wrong_dtypes("linalg.svd", linalg.svd),
    ),
    OpCase(
        "svd",
        variant="V",
        samples=lambda make: [S(regular(make, 3, 2)), S(regular(make, 2, 3)), S(regular(make, 2, 3), False)],
        call=lambda x, some=True: (lambda r: (r.S, (r.U[..., :2] * r.S[..., None, :]) @ r.V[..., :2].mH))(
            ag.svd(x, some)
        ),
        ref=lambda x, some=True: (np.linalg.svd(x, compute_uv=False), x),
        dtypes=FACTORED,
        tol=LOOSE,
    ),
    OpCase(
        "qr",
        variant="some",
        samples=lambda make: [S(regular(make, 3, 2)), S(regular(make, 2, 3), False)],
        call=lambda x, some=True: ag.matmul(*ag.qr(x, some)),
        ref=lambda x, some=True: x,
        dtypes=FACTORED,
        tol=LOOSE,
    ),
    OpCase(
        "svdvals",
        samples=lambda make: [S(regular(make, *shape)) for shape in SHAPES],
        ref=lambda x: np.linalg.svd(x, compute_uv=False),
        dtypes=FACTORED,
        tol=LOOSE,
        errors=wrong_dtypes("linalg.svdvals"),
    ),
    OpCase(
        "lu_factor",
        also="permutation_of",
        samples=lambda make: [S(make(*shape)) for shape in SHAPES],
        call=lambda x: linalg.lu_factor(x)[0],
        ref=_lu_reference,
        dtypes=FACTORED,
        tol=LOOSE,
        errors=wrong_dtypes("linalg.lu_factor", linalg.lu_factor),
    ),
    OpCase(
        "lu",
        also="lu_unpack",
        samples=lambda make: [S(make(*shape)) for shape in SHAPES],
        call=lambda x: (lambda r: (r.P @ r.L @ r.U, r.U))(linalg.lu(x)),
        ref=lambda x: (x, np.triu(_lu_reference(x))[..., : min(x.shape[-2:]), :]),
        dtypes=FACTORED,
        tol=LOOSE,
        errors=wrong_dtypes("linalg.lu", linalg.lu),
    ),
    OpCase(
        "lu",
        variant="infos",
        samples=lambda make: [S(make(3, 3)), S(make(2, 3, 2))],
        call=lambda x: ag.lu(x, get_infos=True)[::2],
        ref=lambda x: (_lu_reference(x), np.zeros(x.shape[:-2], np.int32)),
        dtypes=FACTORED,
        tol=LOOSE,
    ),
    OpCase(
        "orgqr",
        samples=lambda make: [S(make(3, 2), make(2)), S(make(2, 3, 3), make(2, 3)), S(make(3, 1), make(1))],
        ref=lambda a, tau: _reflections(a, tau),
        dtypes=FACTORED,
        tol=LOOSE,
        errors=[
            ErrorCase(lambda make: S(make(2, 3), make(2)), RuntimeError, r"input.shape\[-2\] must be greater")
        ],
    ),
]


def _reflections(a: Any, tau: Any) -> Any:
    """The product of the reflections as matrices."""
    flat, taus = a.reshape(-1, *a.shape[-2:]), tau.reshape(-1, tau.shape[-1])
    results = []
    for matrix, factors in zip(flat, taus, strict=True):
        product = np.eye(len(matrix), dtype=a.dtype)
        for k, factor in enumerate(factors):
            v = np.concatenate([np.zeros(k), [1], matrix[k + 1 :, k]])[:, None]
            product = product @ (np.eye(len(matrix)) - factor * (v @ v.conj().T))
        results.append(product[:, : a.shape[-1]])
    return np.stack(results).reshape(a.shape)
