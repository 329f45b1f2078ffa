"""Matrices as products of simpler ones. Of stacks (..., m, n), each matrix by itself; float32, float64, complex.

The derivatives are those of M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), for complex matrices as in PyTorch. Where factors are determined up to a sign or phase only, a
loss must not depend on it; where singular values or eigenvalues coincide, derivatives of vectors are infinite.
"""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose, op
from autograd_gpu.ops import return_types
from autograd_gpu.ops.matrices import adjoint, check_matrices, identity_like
from autograd_gpu.ops.operands import is_complex

# -- Cholesky ------------------------------------------------------------------------------------------------


@op("general", holomorphic=False, grad_name="LinalgCholeskyExBackward0")
def cholesky(F: Any, input: Any) -> Any:
    return F.cholesky(input)


def _cholesky_rule(F: Any, g: Any, out: Any) -> Any:
    """``1/2 l^-H (phi + phi^H) l^-1`` with phi the lower triangle of ``l^H g``, its diagonal halved."""
    phi = F.tril(F.matmul(adjoint(F, out), g))
    phi = phi - F.diag_embed(F.diagonal(phi, 0, -2, -1)) * 0.5
    symmetric = (phi + adjoint(F, phi)) * 0.5
    upper = adjoint(F, out)
    half = F.solve_triangular(upper, symmetric, upper=True, unitriangular=False)
    return adjoint(F, F.solve_triangular(upper, adjoint(F, half), upper=True, unitriangular=False))


cholesky.rule(input=_cholesky_rule)


@cholesky.surface
def _cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The triangle `l` of a symmetric (complex: Hermitian) positive-definite matrix with ``l @ l.mH = input``.

    Args:
        input: (..., n, n); only its lower triangle is read.
        upper: give ``l.mH`` instead.

    Raises:
        RuntimeError: `input` is not square, or not floating. `linalg.LinAlgError`, a RuntimeError, if it is not
            positive-definite.

    >>> ag.linalg.cholesky(ag.tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    check_matrices("linalg.cholesky", input, square=True)
    if upper:
        factor: Tensor = cholesky.apply(input.mH)
        return factor.mH
    result: Tensor = cholesky.apply(input)
    return result


# -- QR ------------------------------------------------------------------------------------------------------


@op("general", outputs=("Q", "R"), holomorphic=False, grad_name="LinalgQrBackward0")
def qr(F: Any, input: Any, *, mode: str) -> Any:
    return F.qr(input, mode=mode)


def _qr_rule(F: Any, g: Any, Q: Any, R: Any) -> Any:
    """``(gQ + Q copyltu(M)) R^-H`` with ``M = R gR^H - gQ^H Q``; of a wide matrix, that of its left square, and
    ``Q gR`` for the rest: D. Roberts, L. Roberts, "QR and LQ decomposition matrix backpropagation algorithms for
    square, wide, and deep matrices" (2020)."""
    grad_q, grad_r = g
    size = Q.shape[-1]
    square, grad_square = R[..., :size], grad_r[..., :size]
    wide = R.shape[-1] > size
    if wide:
        grad_q = grad_q + F.matmul(Q, F.matmul(R[..., size:], adjoint(F, grad_r[..., size:])))
    m = F.matmul(square, adjoint(F, grad_square)) - F.matmul(adjoint(F, grad_q), Q)
    strict = F.tril(m, -1)
    diagonal = F.diagonal(m, 0, -2, -1)
    if is_complex(m.dtype):  # R's diagonal is real
        diagonal = F.cast(F.real(diagonal), dtype=m.dtype)
    symmetric = strict + adjoint(F, strict) + F.diag_embed(diagonal)
    right = grad_q + F.matmul(Q, symmetric)
    # x r^H = right  <=>  r x^H = right^H
    result = adjoint(F, F.solve_triangular(square, adjoint(F, right), upper=True, unitriangular=False))
    return F.cat((result, F.matmul(Q, grad_r[..., size:])), dim=-1) if wide else result


qr.rule(input=_qr_rule)


@qr.surface
def _qr(A: Tensor, mode: str = "reduced") -> Any:
    """Orthonormal columns `Q` and an upper triangle `R` with ``Q @ R = A``.

    Args:
        A: (..., m, n).
        mode: "reduced": Q (..., m, k) and R (..., k, n) with ``k = min(m, n)``. "complete": Q is square.
            "r": only R; Q is empty, and there is no derivative.

    Returns:
        A named tuple (Q, R).

    Raises:
        RuntimeError: `A` is not floating, or another mode; in backward, "r", or "complete" of more rows than columns.

    >>> q, r = ag.linalg.qr(ag.tensor([[3.0, 0.0], [4.0, 5.0]]))
    >>> ag.allclose(q @ r, ag.tensor([[3.0, 0.0], [4.0, 5.0]]), atol=1e-5)
    True
    """
    check_matrices("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
            f"{errors.here()}"
        )
    rows, columns = A._array.shape[-2:]
    if (mode == "complete" and rows > columns) or mode == "r":
        if A.requires_grad:
            why = (
                "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
                "linalg.qr(A, mode='reduced')"
                if mode == "r"
                else "The QR decomposition is not differentiable when mode='complete' and nrows > ncols"
            )
            raise RuntimeError(f"{why}{errors.here()}")
        if mode == "r":
            _, r = qr.apply(A, mode="reduced")
            return return_types.linalg_qr(A.new_empty((0,)), r)
    return return_types.linalg_qr(*qr.apply(A, mode=mode))


# -- eigenvalues ---------------------------------------------------------------------------------------------


@op("general", outputs=("eigenvalues", "eigenvectors"), holomorphic=False, grad_name="LinalgEighBackward0")
def eigh(F: Any, input: Any, *, uplo: str) -> Any:
    return F.eigh(input, uplo=uplo)


def _between(F: Any, values: Any) -> Any:
    """``values[j] - values[i]``, ones on the diagonal."""
    return values[..., None, :] - values[..., :, None] + identity_like(F, values)


def _eigh_rule(F: Any, g: Any, eigenvalues: Any, eigenvectors: Any) -> Any:
    """``V (diag(gL) + offdiagonal(V^H gV) / (L_j - L_i)) V^H``."""
    grad_values, grad_vectors = g
    adjoined = adjoint(F, eigenvectors)
    inner = F.matmul(adjoined, grad_vectors)
    inner = inner - F.diag_embed(F.diagonal(inner, 0, -2, -1))
    inner = inner / F.cast(_between(F, eigenvalues), dtype=inner.dtype)
    inner = inner + F.diag_embed(F.cast(grad_values, dtype=inner.dtype))
    return F.matmul(F.matmul(eigenvectors, inner), adjoined)


eigh.rule(input=_eigh_rule)


@eigh.surface
def _eigh(A: Tensor, UPLO: str = "L") -> Any:
    """Eigenvalues, real and in ascending order, and eigenvectors (columns) of a symmetric or Hermitian matrix.

    Args:
        A: (..., n, n).
        UPLO: "L" or "U": the triangle of `A` that is read.

    Returns:
        A named tuple (eigenvalues, eigenvectors).

    >>> ag.linalg.eigh(ag.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    check_matrices("linalg.eigh", A, square=True)
    return return_types.linalg_eigh(*eigh.apply(A, uplo=_triangle(UPLO)))


def _triangle(UPLO: str) -> str:
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}{errors.here()}")
    return UPLO.upper()


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of `ag.linalg.eigh`.

    >>> ag.linalg.eigvalsh(ag.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([1., 2.])
    """
    check_matrices("linalg.eigh", A, square=True)
    values: Tensor = eigh.apply(A, uplo=_triangle(UPLO))[0]
    return values


@op(
    "general",
    outputs=("eigenvalues", "eigenvectors"),
    out="infer",
    holomorphic=False,
    grad_name="LinalgEigBackward0",
)
def eig(F: Any, input: Any) -> Any:
    return F.eig(input)


def _eig_rule(F: Any, g: Any, eigenvalues: Any, eigenvectors: Any, input_like: Any) -> Any:
    """``V^-H (diag(gL) + (V^H gV - V^H V diag(real(V^H gV))) / conj(L_j - L_i)) V^H``: C. Boeddeker et al., "On the
    computation of complex-valued gradients with application to statistically optimum beamforming" (2017), 4.77, 5.19."""
    grad_values, grad_vectors = (F.cast(each, dtype=eigenvectors.dtype) for each in g)
    adjoined = adjoint(F, eigenvectors)
    inner = F.matmul(adjoined, grad_vectors)
    size = F.cast(F.real(F.diagonal(inner, 0, -2, -1)), dtype=inner.dtype)
    inner = inner - F.matmul(adjoined, eigenvectors) * size[..., None, :]
    inner = inner / F.conj(_between(F, eigenvalues))
    inner = inner - F.diag_embed(F.diagonal(inner, 0, -2, -1)) + F.diag_embed(grad_values)
    result = F.solve(adjoined, F.matmul(inner, adjoined))
    return result if is_complex(input_like.dtype) else F.real(result)


eig.rule(input=_eig_rule)


@eig.surface
def _eig(A: Tensor) -> Any:
    """Eigenvalues and eigenvectors (columns of norm one) of a square matrix: complex, in no particular order.

    Args:
        A: (..., n, n).

    Returns:
        A named tuple (eigenvalues, eigenvectors).

    >>> ag.linalg.eig(ag.tensor([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues.imag.sort().values
    tensor([-1.,  1.])
    """
    check_matrices("linalg.eig", A, square=True)
    return return_types.linalg_eig(*eig.apply(A))


def eigvals(A: Tensor) -> Tensor:
    """The eigenvalues of `ag.linalg.eig`.

    >>> ag.linalg.eigvals(ag.tensor([[0.0, 1.0], [-1.0, 0.0]])).imag.sort().values
    tensor([-1.,  1.])
    """
    check_matrices("linalg.eigvals", A, square=True)
    values: Tensor = eig.apply(A)[0]
    return values


# -- singular values -----------------------------------------------------------------------------------------


@op("general", outputs=("U", "S", "Vh"), holomorphic=False, grad_name="LinalgSvdBackward0")
def svd(F: Any, input: Any, *, full_matrices: bool) -> Any:
    return F.svd(input, full_matrices=full_matrices)


def _svd_rule(F: Any, g: Any, U: Any, S: Any, Vh: Any) -> Any:
    """``U (skew(U^H gU) / E S + S skew(V^H gV) / E + diag(gS)) V^H``, with ``E = S_j^2 - S_i^2``, and what the singular
    vectors turn out of their spaces: J. Townsend, "Differentiating the singular value decomposition" (2016)."""
    grad_u, grad_s, grad_vh = g
    k = S.shape[-1]
    U, grad_u = U[..., :k], grad_u[..., :k]
    V, grad_v = adjoint(F, Vh[..., :k, :]), adjoint(F, grad_vh[..., :k, :])
    s = F.cast(S, dtype=U.dtype)
    turned_u, turned_v = F.matmul(adjoint(F, U), grad_u), F.matmul(adjoint(F, V), grad_v)
    squares = F.cast(_between(F, S * S), dtype=U.dtype)
    skew_u, skew_v = ((each - adjoint(F, each)) / squares for each in (turned_u, turned_v))
    unit = identity_like(F, s)
    skew_u, skew_v = (each - each * unit for each in (skew_u, skew_v))
    inner = skew_u * s[..., None, :] + s[..., :, None] * skew_v
    diagonal = F.cast(grad_s, dtype=U.dtype)
    if is_complex(U.dtype):  # the phase that both vectors of a pair share
        phase = F.diagonal(turned_u - adjoint(F, turned_u), 0, -2, -1)
        diagonal = diagonal + phase / (s + s)
    inner = inner + F.diag_embed(diagonal)
    result = F.matmul(F.matmul(U, inner), adjoint(F, V))
    if U.shape[-2] > k:
        out_of_space = (grad_u - F.matmul(U, turned_u)) / s[..., None, :]
        result = result + F.matmul(out_of_space, adjoint(F, V))
    if V.shape[-2] > k:
        out_of_space = (grad_v - F.matmul(V, turned_v)) / s[..., None, :]
        result = result + F.matmul(U, adjoint(F, out_of_space))
    return result


svd.rule(input=_svd_rule)


@svd.surface
def _svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """Singular values in descending order, and the vectors: ``A = U @ diag(S) @ Vh``.

    Args:
        A: (..., m, n).
        full_matrices: U (..., m, m) and Vh (..., n, n); else (..., m, k) and (..., k, n) with ``k = min(m, n)``.
        driver: accepted; the array library chooses the algorithm.

    Returns:
        A named tuple (U, S, Vh). What is more than k vectors has no derivative.

    >>> ag.linalg.svd(ag.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    check_matrices("linalg.svd", A)
    return return_types.linalg_svd(*svd.apply(A, full_matrices=full_matrices))


@op("general", holomorphic=False, out="infer", grad_name="LinalgSvdBackward0")
def svdvals(F: Any, input: Any) -> Any:
    return F.svdvals(input)


def _svdvals_rule(F: Any, g: Any, input: Any) -> Any:
    """``U diag(g) V^H``."""
    U, _, Vh = F.svd(input, full_matrices=False)
    return F.matmul(U * F.cast(g, dtype=U.dtype)[..., None, :], Vh)


svdvals.rule(input=_svdvals_rule)


@svdvals.surface
def _svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values of a matrix (..., m, n) in descending order.

    >>> ag.linalg.svdvals(ag.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    check_matrices("linalg.svdvals", A)
    result: Tensor = svdvals.apply(A)
    return result


# -- LU ------------------------------------------------------------------------------------------------------


@op("general", outputs=("LU", "pivots"), holomorphic=False, grad_name="LinalgLuFactorExBackward0")
def lu_factor(F: Any, input: Any) -> Any:
    return F.lu_factor(input)


def _lu_rule(F: Any, g: Any, LU: Any, pivots: Any) -> Any:
    """``P L^-H (tril(L^H gL, -1) + triu(gU U^H)) U^-H``. What is below or beside the square is ``L2 = Y U^-1`` or
    ``U2 = L^-1 Y``."""
    rows, columns = LU.shape[-2:]
    k = min(rows, columns)
    square = LU[..., :k, :k]
    grad_l, grad_u = F.tril(g[..., :k, :k], -1), F.triu(g[..., :k, :k])
    upper, lower = adjoint(F, F.triu(square)), adjoint(F, square)  # their adjoints
    below = beside = None
    if rows > k:  # Y = L2 U
        below = adjoint(
            F, F.solve_triangular(F.triu(square), adjoint(F, g[..., k:, :k]), upper=True, unitriangular=False)
        )
        grad_u = grad_u - F.triu(F.matmul(adjoint(F, LU[..., k:, :k]), below))
    if columns > k:  # Y = L U2
        beside = F.solve_triangular(lower, g[..., :k, k:], upper=True, unitriangular=True)
        grad_l = grad_l - F.tril(F.matmul(beside, adjoint(F, LU[..., :k, k:])), -1)
    lower_full = F.tril(square, -1) + identity_like(F, F.diagonal(square, 0, -2, -1))
    inner = F.tril(F.matmul(adjoint(F, lower_full), grad_l), -1) + F.triu(F.matmul(grad_u, upper))
    inner = F.solve_triangular(lower, inner, upper=True, unitriangular=True)
    result = adjoint(
        F, F.solve_triangular(F.triu(square), adjoint(F, inner), upper=True, unitriangular=False)
    )
    if below is not None:
        result = F.cat((result, below), dim=-2)
    if beside is not None:
        result = F.cat((result, beside), dim=-1)
    return F.matmul(F.cast(F.permutation_of(pivots, rows=rows), dtype=LU.dtype), result)


lu_factor.rule(input=_lu_rule)


@op("general", out="infer")
def permutation_of(F: Any, pivots: Any, *, rows: int) -> Any:
    """The permutation matrix, of bools, of the exchanges of rows that `ag.linalg.lu_factor` gives."""
    return F.permutation_of(pivots, rows=rows)


permutation_of.no_rule()


@lu_factor.surface
def _lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """Gaussian elimination with partial pivoting.

    Args:
        A: (..., m, n).
        pivot: must be True.

    Returns:
        A named tuple (LU, pivots): both triangles in one matrix, the lower one without its ones on the diagonal; and the
        row, counted from 1, that each row was exchanged with, int32.

    >>> ag.linalg.lu_factor(ag.tensor([[1.0, 2.0], [4.0, 4.0]])).pivots.tolist()
    [2, 2]
    """
    check_matrices("linalg.lu_factor", A)
    if not pivot:
        raise RuntimeError(
            f"linalg.lu_factor: LU without pivoting is not implemented on the CPU{errors.here()}"
        )
    return return_types.linalg_lu_factor(*lu_factor.apply(A))


def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """`ag.linalg.lu_factor`, and where the first zero on the diagonal of the upper triangle is (from 1; 0: nowhere).

    Returns:
        A named tuple (LU, pivots, info); info is int32.

    Raises:
        RuntimeError: with `check_errors`, `linalg.LinAlgError`, a RuntimeError, if there is a zero.

    >>> ag.linalg.lu_factor_ex(ag.zeros(2, 2)).info
    tensor(1, dtype=ag.int32)
    """
    factors, pivots = _lu_factor(A, pivot=pivot)
    zero = factors.detach().diagonal(0, -2, -1) == 0
    if zero.shape[-1]:
        info = ((zero.to(dtype=pivots.dtype).argmax(-1) + 1) * zero.any(-1)).to(dtype=pivots.dtype)
    else:
        info = zero.sum(-1).to(dtype=pivots.dtype)
    if check_errors and bool(zero.any()):
        raise errors.LinAlgError(
            f"linalg.lu_factor_ex: U[{int(info.max())},{int(info.max())}] is zero and using it on lu_solve would "
            f"result in a division by zero{errors.here()}"
        )
    return return_types.linalg_lu_factor_ex(factors, pivots, info)


def lu(A: Tensor, *, pivot: bool = True) -> Any:
    """A permutation, a lower and an upper triangle with ``A = P @ L @ U``.

    Args:
        A: (..., m, n).
        pivot: must be True.

    Returns:
        A named tuple (P, L, U).

    >>> ag.linalg.lu(ag.tensor([[1.0, 2.0], [4.0, 4.0]])).U
    tensor([[4., 4.],
            [0., 1.]])
    """
    check_matrices("linalg.lu", A)
    factors, pivots = _lu_factor(A, pivot=pivot)
    return return_types.linalg_lu(*lu_unpack(factors, pivots))


def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """The three matrices that `ag.linalg.lu_factor` packs: a named tuple (P, L, U).

    Args:
        LU_data, LU_pivots: what `ag.linalg.lu_factor` returned.
        unpack_data, unpack_pivots: what is not wanted comes out empty.

    >>> factors, pivots = ag.linalg.lu_factor(ag.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> ag.lu_unpack(factors, pivots).L
    tensor([[1.0000, 0.0000],
            [0.2500, 1.0000]])
    """
    rows, columns = LU_data._array.shape[-2:]
    k = min(rows, columns)
    nothing = LU_data.new_empty((0,))
    permutation, lower, upper = nothing, nothing, nothing
    if unpack_pivots:
        permutation = permutation_of.apply(LU_pivots, rows=rows).to(dtype=LU_data._type.dtype)
    if unpack_data:
        left = LU_data[..., :k]
        unit = LU_data.new_ones((k,)).diag_embed()
        if rows > k:
            unit = LU_data.new_ones((rows,)).diag_embed()[:, :k]
        lower = left.tril(-1) + unit
        upper = LU_data[..., :k, :].triu()
    return return_types.lu_unpack(permutation, lower, upper)


def _legacy_svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """Singular values: ``input = U @ diag(S) @ V.mH``, a named tuple (U, S, V). `ag.linalg.svd` gives ``V.mH``.

    Args:
        input: (..., m, n).
        some: only the first ``min(m, n)`` vectors.
        compute_uv: False: U and V are zeros.

    >>> ag.svd(ag.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    if not compute_uv:
        rows, columns = input._array.shape[-2:]
        batch = input._array.shape[:-2]
        return return_types.svd(
            input.new_zeros((*batch, rows, rows)),
            _svdvals(input),
            input.new_zeros((*batch, columns, columns)),
        )
    u, s, vh = _svd(input, not some)
    return return_types.svd(u, s, vh.mH)


def _legacy_qr(input: Tensor, some: bool = True) -> Any:
    """``input = Q @ R``: `ag.linalg.qr`, reduced if `some`, else complete.

    >>> ag.qr(ag.tensor([[3.0, 0.0], [0.0, 5.0]])).R.abs()
    tensor([[3., 0.],
            [0., 5.]])
    """
    return return_types.qr(*_qr(input, "reduced" if some else "complete"))


def _legacy_lu(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """`ag.linalg.lu_factor`: (LU, pivots), and with `get_infos` zeros, int32.

    >>> ag.lu(ag.tensor([[1.0, 2.0], [4.0, 4.0]]))[1].tolist()
    [2, 2]
    """
    factors, pivots, info = lu_factor_ex(A, pivot=pivot)
    return (factors, pivots, info) if get_infos else (factors, pivots)


def householder_product(A: Tensor, tau: Tensor) -> Tensor:
    """The first n columns of the product of k Householder reflections ``1 - tau[i] v[i] v[i]^H``.

    Args:
        A: (..., m, n); v[i] is its column i below the diagonal, with a one on it and zeros above.
        tau: (..., k).

    >>> ag.linalg.householder_product(ag.zeros(2, 2), ag.tensor([2.0, 0.0]))
    tensor([[-1.,  0.],
            [ 0.,  1.]])
    """
    check_matrices("linalg.householder_product", A)
    rows, columns = A._array.shape[-2:]
    if rows < columns:
        raise RuntimeError(
            f"linalg.householder_product: input.shape[-2] must be greater than or equal to input.shape[-1]{errors.here()}"
        )
    unit = A.new_ones((rows,)).diag_embed()[:, :columns]
    vectors = A.tril(-1) + unit
    result = unit.expand(A._array.shape)
    for k in reversed(range(tau._array.shape[-1])):
        v = vectors[..., :, k : k + 1]
        result = result - tau[..., k : k + 1, None] * (v @ (v.mH @ result))
    return result


expose(_cholesky, "cholesky")
expose(_legacy_svd, "svd")
expose(_legacy_qr, "qr")
expose(_legacy_lu, "lu")
expose(lu_unpack, "lu_unpack", method=False)
expose(householder_product, "orgqr")
