"""Systems of linear equations, inverses, determinants, and functions of square matrices.

Of stacks (..., n, n), each matrix by itself, and batches broadcast; float32, float64 and complex.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose, op
from autograd_gpu.ops import return_types
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.comparison import where
from autograd_gpu.ops.decompositions import cholesky, eigh, permutation_of, svdvals
from autograd_gpu.ops.joining import cat
from autograd_gpu.ops.linalg import matmul
from autograd_gpu.ops.matrices import adjoint, check_matrices, check_right_side
from autograd_gpu.ops.operands import is_complex
from autograd_gpu.ops.vector_norm import matrix_norm

# -- inverses and equations ----------------------------------------------------------------------------------


@op("general", grad_name="LinalgInvExBackward0")
def inv(F: Any, input: Any) -> Any:
    return F.inv(input)


inv.rule(input=lambda F, g, out: -F.matmul(F.mT(out), F.matmul(g, F.mT(out))))


@inv.surface
def _inv(A: Tensor) -> Tensor:
    """The inverse of a square matrix (..., n, n).

    Raises:
        RuntimeError: `A` is not square, or not floating. `linalg.LinAlgError`, a RuntimeError, if it is singular.

    >>> ag.linalg.inv(ag.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    check_matrices("linalg.inv", A, square=True)
    result: Tensor = inv.apply(A)
    return result


@op("general", grad_name="LinalgSolveExBackward0")
def solve(F: Any, A: Any, B: Any) -> Any:
    return F.solve(A, B)


def _solve_rule(F: Any, g: Any, A: Any, out: Any, *, needs: Any) -> Any:
    """``A^-T g`` for the right side, and minus that times ``x^T`` for the matrix."""
    grad = F.solve(F.mT(A), g)
    return (-F.matmul(grad, F.mT(out)) if needs[0] else None), grad


solve.joint_rule(_solve_rule)


@solve.surface
def _solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The solution `X` of ``A @ X = B``, or of ``X @ A = B`` with ``left=False``.

    Args:
        A: (..., n, n).
        B: (..., n, k), or a vector (n), or (..., n) for a stack of vectors of A's batches. Batches broadcast.

    Raises:
        RuntimeError: shapes that do not fit. `linalg.LinAlgError`, a RuntimeError, if `A` is singular.

    >>> ag.linalg.solve(ag.tensor([[2.0, 0.0], [0.0, 4.0]]), ag.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    check_matrices("linalg.solve", A, square=True)
    check_tensor(B, "linalg.solve", "B", 2)
    vector = B._array.ndim == 1 or (
        A._array.ndim - 1 == B._array.ndim and B._array.shape == A._array.shape[:-1]
    )
    right = B.unsqueeze(-1) if vector else B
    check_matrices("linalg.solve", A, right)
    if vector and not left:
        raise RuntimeError(
            f"linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this case "
            f"linalg.solve is equivalent to B / A.squeeze(-1){errors.here()}"
        )
    check_right_side("linalg.solve", A, right, left=left)
    if not left:
        turned: Tensor = solve.apply(A.mT, right.mT)
        return turned.mT
    result: Tensor = solve.apply(A, right)
    return result.squeeze(-1) if vector else result


@op("general", grad_name="LinalgSolveTriangularBackward0")
def solve_triangular(F: Any, A: Any, B: Any, *, upper: bool, unitriangular: bool) -> Any:
    return F.solve_triangular(A, B, upper=upper, unitriangular=unitriangular)


def _solve_triangular_rule(
    F: Any, g: Any, A: Any, out: Any, *, upper: bool, unitriangular: bool, needs: Any
) -> Any:
    """As for `solve`; of the matrix only the triangle that counts."""
    grad = F.solve_triangular(F.mT(A), g, upper=not upper, unitriangular=unitriangular)
    if not needs[0]:
        return None, grad
    whole = -F.matmul(grad, F.mT(out))
    off = int(unitriangular)
    return (F.triu(whole, off) if upper else F.tril(whole, -off)), grad


solve_triangular.joint_rule(_solve_triangular_rule)


@solve_triangular.surface
def _solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """The solution `X` of ``A @ X = B`` (``X @ A = B`` with ``left=False``) for a triangle `A`.

    Args:
        A: (..., n, n); the other triangle is not read.
        B: (..., n, k), with ``left=False`` (..., k, n). Batches broadcast.
        upper: which triangle.
        unitriangular: take the diagonal for ones; it is not read.

    Zeros on the diagonal are no error: they give inf and nan.

    >>> ag.linalg.solve_triangular(ag.tensor([[2.0, 2.0], [0.0, 4.0]]), ag.tensor([[4.0], [4.0]]), upper=True)
    tensor([[1.],
            [1.]])
    """
    check_matrices("linalg.solve_triangular", A, B, square=True)
    check_right_side("linalg.solve_triangular", A, B, left=left)
    result: Tensor
    if left:
        result = solve_triangular.apply(A, B, upper=upper, unitriangular=unitriangular)
        return result
    result = solve_triangular.apply(A.mT, B.mT, upper=not upper, unitriangular=unitriangular)
    return result.mT


# -- determinants --------------------------------------------------------------------------------------------


@op("general", grad_name="LinalgDetBackward0")
def det(F: Any, input: Any) -> Any:
    return F.det(input)


det.rule(input=lambda F, g, input: g[..., None, None] * F.cofactor(input))


@op("general")
def cofactor(F: Any, input: Any) -> Any:
    """The matrix of cofactors, ``det(input) * inv(input).T``."""
    return F.cofactor(input)


def _cofactor_rule(F: Any, g: Any, input: Any, out: Any) -> Any:
    """Of ``det(A) A^-T``, for A that has an inverse."""
    inverse = F.mT(F.inv(input))
    along = F.sum(g * out, dim=(-2, -1), keepdim=True)
    return along * inverse - F.matmul(F.matmul(out, F.mT(g)), inverse)


cofactor.rule(input=_cofactor_rule)


@det.surface
def _det(A: Tensor) -> Tensor:
    """The determinant of a square matrix (..., n, n). The derivative is right for singular matrices, too.

    >>> ag.linalg.det(ag.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(8.)
    """
    check_matrices("linalg.det", A, square=True)
    result: Tensor = det.apply(A)
    return result


@op("general", outputs=("sign", "logabsdet"), holomorphic=False, grad_name="LinalgSlogdetBackward0")
def slogdet_parts(F: Any, input: Any) -> Any:
    return F.slogdet(input)


def _slogdet_rule(F: Any, g: Any, input: Any, sign: Any) -> Any:
    """``g A^-H``; the sign of a complex determinant turns with the imaginary part."""
    grad_sign, grad_log = g
    size = F.cast(grad_log, dtype=sign.dtype)
    if is_complex(sign.dtype):
        size = size - F.cast(F.imag(F.conj(grad_sign) * sign), dtype=sign.dtype) * 1j
    return size[..., None, None] * adjoint(F, F.inv(input))


slogdet_parts.rule(input=_slogdet_rule)


def slogdet(A: Tensor) -> Any:
    """The sign of the determinant (complex: a number of size one), and the logarithm of its size.

    Args:
        A: (..., n, n).

    Returns:
        A named tuple (sign, logabsdet); for a singular matrix (0, -inf).

    >>> ag.linalg.slogdet(ag.tensor([[1.0, 0.0], [0.0, -1.0]]))
    ag.return_types.linalg_slogdet(
    sign=tensor(-1.),
    logabsdet=tensor(0.))
    """
    check_matrices("linalg.slogdet", A, square=True)
    return return_types.linalg_slogdet(*slogdet_parts.apply(A))


def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant of a square matrix; nan where that is negative, -inf where it is zero.

    >>> ag.logdet(ag.tensor([[1.0, 0.0], [0.0, 1.0]]))
    tensor(0.)
    """
    check_matrices("linalg.slogdet", input, square=True)
    sign, logabsdet = slogdet_parts.apply(input)
    if input._type.is_complex:
        return sign.log() + logabsdet  # type: ignore[no-any-return]
    result: Tensor = where(sign == -1, math.nan, logabsdet)
    return result


# -- without an inverse --------------------------------------------------------------------------------------


@op("general", holomorphic=False, grad_name="LinalgPinvBackward0")
def pinv_within(F: Any, input: Any, atol: Any, rtol: Any) -> Any:
    """The pseudoinverse; singular values up to the larger of `atol` and `rtol` times the largest count as zero."""
    U, S, Vh = F.svd(input, full_matrices=False)
    if not S.shape[-1]:
        return F.matmul(adjoint(F, Vh), adjoint(F, U))
    bound = F.maximum(atol, rtol * S[..., :1])
    kept = F.cast(bound < S, S.dtype)
    scale = kept / (S + (1 - kept))
    return F.matmul(adjoint(F, Vh) * F.cast(scale, U.dtype)[..., None, :], adjoint(F, U))


def _pinv_rule(F: Any, g: Any, input: Any, out: Any) -> Any:
    """G. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
    separate" (1973): ``-P^H g P^H + (1 - A P) g^H P P^H + P^H P g^H (1 - P A)``."""
    adjoined, turned = adjoint(F, out), adjoint(F, g)
    first = F.matmul(F.matmul(turned, out), adjoined)
    second = F.matmul(F.matmul(adjoined, out), turned)
    return (
        first
        - F.matmul(input, F.matmul(out, first))
        + second
        - F.matmul(F.matmul(second, out), input)
        - F.matmul(F.matmul(adjoined, g), adjoined)
    )


pinv_within.rule(input=_pinv_rule)


def _tolerances(A: Tensor, atol: Any, rtol: Any) -> tuple[Tensor, Tensor]:
    """Absolute and relative tolerance, (..., 1); by default no absolute one, and the larger extent times eps."""
    real = A._type.dtype.to_real()
    if rtol is None:
        given = atol is not None and not (isinstance(atol, Tensor) or atol == 0)
        exact = max(A._array.shape[-2:]) * dtypes.finfo(real).eps
        if isinstance(atol, Tensor):
            rtol = where(atol > 0, 0.0, A.new_full((), exact, dtype=real))
        else:
            rtol = 0.0 if given and atol > 0 else exact
    bounds = []
    for bound in (0.0 if atol is None else atol, rtol):
        tensor = bound if isinstance(bound, Tensor) else A.new_full((), bound, dtype=real)
        bounds.append(tensor.to(dtype=real).unsqueeze(-1))
    return bounds[0], bounds[1]


def pinv(
    A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """The Moore-Penrose pseudoinverse of a matrix (..., m, n): (..., n, m).

    Args:
        A: any matrix.
        rcond: an older name of `rtol`.
        hermitian: whether `A` is symmetric or Hermitian: only its lower triangle counts then.
        atol, rtol: singular values up to ``max(atol, rtol * largest)`` count as zero; a number, or a tensor (...).
            By default `rtol` is ``max(m, n)`` times the dtype's eps, or 0 where `atol` is given.

    >>> ag.linalg.pinv(ag.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    check_matrices("linalg.pinv", A, square=hermitian)
    if hermitian:
        A = A.tril() + A.tril(-1).mH
    bounds = _tolerances(A, atol, rcond if rtol is None else rtol)
    return pinv_within.apply(A, *bounds)  # type: ignore[no-any-return]


def _pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudoinverse: `ag.linalg.pinv` with ``rtol=rcond``.

    >>> ag.pinverse(ag.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return pinv(input, rtol=rcond)


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """The `X` for which ``A @ X - B`` has the least 2-norm; of several, the one of the least norm itself.

    Args:
        A: (..., m, n).
        B: (..., m, k), or (..., m) for a stack of vectors of A's batches.
        rcond: singular values up to this share of the largest count as zero; by default ``max(m, n)`` times the
            dtype's eps.
        driver: "gels", "gelsy", "gelsd" or "gelss", as in LAPACK; all are computed by singular values here.

    Returns:
        A named tuple (solution, residuals, rank, singular_values). The residuals are the squared norms of the columns
        of ``A @ X - B`` where m > n, every matrix has full rank, and the driver is not "gelsy" (the default); else
            empty; rank and singular values are
        empty where PyTorch's driver does not give them ("gels"; "gelsy" gives the rank).

    >>> ag.linalg.lstsq(ag.tensor([[1.0], [1.0]]), ag.tensor([[1.0], [3.0]])).solution.round()
    tensor([[2.]])
    """
    check_matrices("linalg.lstsq", A)
    check_tensor(B, "linalg.lstsq", "B", 2)
    driver = driver or "gelsy"
    if driver not in ("gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            f"linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss){errors.here()}"
        )
    vector = B._array.ndim == 1 or (
        B._array.ndim == A._array.ndim - 1 and B._array.shape == A._array.shape[:-1]
    )
    right = B.unsqueeze(-1) if vector else B
    check_matrices("linalg.lstsq", A, right)
    rows, columns = A._array.shape[-2:]
    if right._array.shape[-2] != rows:
        raise RuntimeError(f"linalg.lstsq: input.size(-2) should match other.size(-2){errors.here()}")
    solution = matmul.public(pinv(A, rtol=rcond), right)
    values = svdvals.apply(A.detach())
    bound = _tolerances(A, None, rcond)[1] * (values[..., :1] if values.shape[-1] else 0.0)
    rank = (values > bound).sum(-1)
    nothing = values.new_empty((0,))
    residuals = nothing
    if rows > columns and driver != "gelsy" and bool((rank == columns).all()):
        difference = (matmul.public(A, solution) - right).abs()
        residuals = (difference * difference).sum(-2)
    return return_types.linalg_lstsq(
        solution.squeeze(-1) if vector else solution,
        residuals,
        rank if driver != "gels" else rank.new_empty((0,)),
        values if driver in ("gelsd", "gelss") else nothing,
    )


def matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values are above the tolerance, int64 (...).

    Args:
        A: (..., m, n).
        tol: an older name of `atol`, with which `rtol` is 0.
        hermitian: whether `A` is symmetric or Hermitian: eigenvalues are computed then.
        atol, rtol: as for `ag.linalg.pinv`.

    >>> ag.linalg.matrix_rank(ag.ones(3, 3))
    tensor(1)
    """
    check_matrices("linalg.matrix_rank", A, square=hermitian)
    if tol is not None:
        atol, rtol = tol, 0.0
    plain = A.detach()
    values = eigh.apply(plain, uplo="L")[0].abs() if hermitian else svdvals.apply(plain)
    if not values.shape[-1]:
        return values.sum(-1).to(dtype=dtypes.int64)  # type: ignore[no-any-return]
    absolute, relative = _tolerances(plain, atol, rtol)
    bound = (values.amax(-1, keepdim=True) * relative).maximum(absolute)
    return (values > bound).sum(-1)  # type: ignore[no-any-return]


def cond(A: Tensor, p: Any = None) -> Tensor:
    """The condition number ``norm(A, p) * norm(inv(A), p)``; of singular matrices inf.

    Args:
        A: (..., n, n); for the 2-norms (..., m, n).
        p: None or 2, -2: of singular values; "fro", "nuc", inf, -inf, 1, -1: the matrix norm.

    >>> ag.linalg.cond(ag.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(2.)
    """
    check_matrices("linalg.cond", A, square=p not in (None, 2, -2))
    if p in (None, 2, -2):
        values = svdvals.public(A)
        if not values.shape[-1]:
            return values.sum(-1)  # type: ignore[no-any-return]
        return values[..., 0] / values[..., -1] if p != -2 else values[..., -1] / values[..., 0]  # type: ignore[no-any-return]
    if A.numel() == 0 and A.shape[-1] == 0:
        return A.abs().sum((-2, -1))
    try:
        inverse = inv.apply(A)
    except errors.LinAlgError:
        singular = det.apply(A.detach()) == 0
        unit = A.new_ones((A.shape[-1],)).diag_embed()
        inverse = where(
            singular[..., None, None], math.inf, inv.apply(where(singular[..., None, None], unit, A))
        )
    return matrix_norm(A, p) * matrix_norm(inverse, p)


# -- powers and exponentials ---------------------------------------------------------------------------------


@op("general", grad_name="LinalgMatrixExpBackward0")
def matrix_exp(F: Any, input: Any) -> Any:
    return F.matrix_exp(input)


def _matrix_exp_rule(F: Any, g: Any, input: Any) -> Any:
    """The corner of the exponential of ``[[A^T, g], [0, A^T]]``: R. Mathias, "A chain rule for matrix functions and
    applications" (1996)."""
    turned = F.mT(input)
    n = input.shape[-1]
    both = F.cat((F.cat((turned, g), dim=-1), F.cat((F.zeros_like(turned), turned), dim=-1)), dim=-2)
    return F.matrix_exp(both)[..., :n, n:]


matrix_exp.rule(input=_matrix_exp_rule)


@matrix_exp.surface
def _matrix_exp(A: Tensor) -> Tensor:
    """The exponential of a square matrix (..., n, n), ``1 + A + A @ A / 2 + ...``, by scaling and squaring.

    >>> ag.linalg.matrix_exp(ag.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if isinstance(A, Tensor) and A._type.dtype in (dtypes.float16, dtypes.bfloat16):
        return _matrix_exp(A.to(dtype=dtypes.float32)).to(dtype=A._type.dtype)  # type: ignore[no-any-return]
    check_matrices("linalg.matrix_exp", A, square=True)
    result: Tensor = matrix_exp.apply(A)
    return result


def matrix_power(A: Tensor, n: int) -> Tensor:
    """The product of `n` times the square matrix `A` (..., n, n); of its inverse if `n` is negative.

    Raises:
        RuntimeError: `A` is not square. `linalg.LinAlgError`, a RuntimeError, if it has no inverse and needs one.

    >>> ag.linalg.matrix_power(ag.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    tensor([[1., 3.],
            [0., 1.]])
    """
    check_tensor(A, "linalg.matrix_power", "A")
    shape = A._array.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"linalg.matrix_power: The input tensor A must have at least 2 dimensions.{errors.here()}"
        )
    if shape[-1] != shape[-2]:
        raise RuntimeError(
            f"linalg.matrix_power: A must be batches of square matrices, but they are {shape[-2]} by {shape[-1]} "
            f"matrices{errors.here()}"
        )
    if n == 0:
        unit = A.new_ones((shape[-1],)).diag_embed()
        return unit.expand(shape).clone()
    if n < 0:
        A = _inv(A)
        n = -n
    result: Any = None
    while True:
        if n & 1:
            result = A if result is None else matmul.public(result, A)
        n >>= 1
        if not n:
            break
        A = matmul.public(A, A)
    return result.clone() if result is A else result


# -- without an error ----------------------------------------------------------------------------------------


def _info(A: Tensor, check_errors: bool, compute: Callable[[], Any]) -> tuple[Any, Tensor]:
    """What `compute` gives and zeros; or, where it fails, nan and ones for all matrices of the stack."""
    try:
        return compute(), A.new_zeros(A._array.shape[:-2], dtype=dtypes.int32)
    except errors.LinAlgError:
        if check_errors:
            raise
        return None, A.new_ones(A._array.shape[:-2], dtype=dtypes.int32)


def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """`ag.linalg.inv` that does not raise for singular matrices, unless `check_errors`.

    Returns:
        A named tuple (inverse, info): info is int32, zero for success; if a matrix is singular, all of the stack is nan
        and info is one.

    >>> ag.linalg.inv_ex(ag.zeros(1, 1)).info
    tensor(1, dtype=ag.int32)
    """
    found, info = _info(A, check_errors, lambda: _inv(A))
    return return_types.linalg_inv_ex(A.new_full(A._array.shape, math.nan) if found is None else found, info)


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """`ag.linalg.cholesky` that does not raise for matrices that are not positive-definite, unless `check_errors`.

    Returns:
        A named tuple (L, info): see `ag.linalg.inv_ex`.

    >>> ag.linalg.cholesky_ex(ag.tensor([[-1.0]])).info
    tensor(1, dtype=ag.int32)
    """
    found, info = _info(A, check_errors, lambda: cholesky.public(A, upper))
    return return_types.linalg_cholesky_ex(
        A.new_full(A._array.shape, math.nan) if found is None else found, info
    )


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """`ag.linalg.solve` that does not raise for singular matrices, unless `check_errors`.

    Returns:
        A named tuple (result, info): see `ag.linalg.inv_ex`.

    >>> ag.linalg.solve_ex(ag.zeros(1, 1), ag.ones(1)).info
    tensor(1, dtype=ag.int32)
    """
    found, info = _info(A, check_errors, lambda: _solve(A, B, left=left))
    return return_types.linalg_solve_ex(
        B.new_full(B._array.shape, math.nan) if found is None else found, info
    )


# -- with factors that are there already ---------------------------------------------------------------------


def lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    """The solution `X` of ``A @ X = B`` (``X @ A = B`` with ``left=False``), given ``LU, pivots = lu_factor(A)``.

    Args:
        LU, pivots: what `ag.linalg.lu_factor` returned for a square matrix.
        B: (..., n, k). Batches broadcast.
        adjoint: solve with the conjugate transpose of A.

    >>> a = ag.tensor([[2.0, 0.0], [0.0, 4.0]])
    >>> ag.linalg.lu_solve(*ag.linalg.lu_factor(a), ag.tensor([[2.0], [2.0]]))
    tensor([[1.0000],
            [0.5000]])
    """
    check_matrices("linalg.lu_solve", LU, B, square=True, names=("LU", "B"))
    check_right_side("linalg.lu_solve", LU, B, left=left)
    if not left:
        return lu_solve(LU, pivots, B.mH, adjoint=not adjoint).mH
    P = permutation_of.apply(pivots, rows=LU._array.shape[-1]).to(dtype=LU._type.dtype)
    if adjoint:
        inner = _solve_triangular(LU.mH, B, upper=False)
        return matmul.public(P, _solve_triangular(LU.mH, inner, upper=True, unitriangular=True))  # type: ignore[no-any-return]
    inner = _solve_triangular(LU, matmul.public(P.mT, B), upper=False, unitriangular=True)
    return _solve_triangular(LU, inner, upper=True)  # type: ignore[no-any-return]


def _legacy_lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """`ag.linalg.lu_solve` with the right side first.

    >>> a = ag.tensor([[2.0, 0.0], [0.0, 4.0]])
    >>> ag.lu_solve(ag.tensor([[2.0], [2.0]]), *ag.linalg.lu_factor(a))
    tensor([[1.0000],
            [0.5000]])
    """
    return lu_solve(LU_data, LU_pivots, b)


def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """The solution `X` of ``A @ X = B``, given ``L = linalg.cholesky(A)`` (or ``L.mH``, if `upper`).

    Args:
        B: (..., n, k).
        L: (..., n, n). Batches broadcast.

    >>> ag.cholesky_solve(ag.tensor([[8.0]]), ag.tensor([[2.0]]))
    tensor([[2.]])
    """
    check_matrices("cholesky_solve", L, B, square=True)
    check_right_side("cholesky_solve", L, B)
    lower = L.mH if upper else L
    inner = _solve_triangular(lower, B, upper=False)
    return _solve_triangular(lower.mH, inner, upper=True)  # type: ignore[no-any-return]


def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """The inverse of the matrix of which `input` is the Cholesky factor.

    >>> ag.cholesky_inverse(ag.tensor([[2.0]]))
    tensor([[0.2500]])
    """
    check_matrices("cholesky_inverse", input, square=True)
    unit = input.new_ones((input._array.shape[-1],)).diag_embed()
    return cholesky_solve(unit, input, upper)


def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """The solution of ``A @ X = b`` for a triangle `A`: a named tuple (solution, a copy of A).

    `ag.linalg.solve_triangular` is the function to use.

    >>> ag.triangular_solve(ag.tensor([[8.0]]), ag.tensor([[2.0]])).solution
    tensor([[4.]])
    """
    matrix, up = (A.mT, not upper) if transpose else (A, upper)
    solution = _solve_triangular(matrix, b, upper=up, unitriangular=unitriangular)
    return return_types.triangular_solve(solution, A.clone())


# -- tensors as matrices -------------------------------------------------------------------------------------


def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse for `ag.tensordot`: ``tensordot(tensorinv(A, ind), A, ind)`` is the unit.

    Args:
        A: the product of its first `ind` extents is that of the others.

    >>> ag.linalg.tensorinv(ag.eye(4).reshape(2, 2, 4), ind=2).shape
    ag.Size([4, 2, 2])
    """
    check_tensor(A, "linalg.tensorinv", "A")
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind'{errors.here()}")
    first, last = A._array.shape[:ind], A._array.shape[ind:]
    if math.prod(first) != math.prod(last):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{math.prod(last)} != {math.prod(first)}{errors.here()}"
        )
    return _inv(A.reshape(math.prod(first), -1 if first else 1)).reshape(*last, *first)  # type: ignore[no-any-return]


def tensorsolve(A: Tensor, B: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """The `X` with ``tensordot(A, X, X.ndim) = B``.

    Args:
        A: its extents are those of B, then those of X.
        dims: dimensions of `A` to be moved to the end first.

    >>> ag.linalg.tensorsolve(2 * ag.eye(4).reshape(2, 2, 4), ag.ones(2, 2))
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """
    check_tensor(A, "linalg.tensorsolve", "A")
    check_tensor(B, "linalg.tensorsolve", "B", 2)
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.ndim - len(dims), A.ndim)))
    shape = A._array.shape[B._array.ndim :]
    if math.prod(shape) != B.numel():
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {math.prod(shape)} != {B.numel()}{errors.here()}"
        )
    return _solve(A.reshape(B.numel(), -1), B.reshape(-1)).reshape(shape)  # type: ignore[no-any-return]


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The powers 0, 1, ..., N - 1 of each element, in a new last dimension; N is by default the last extent of `x`.

    >>> ag.linalg.vander(ag.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    check_tensor(x, "linalg.vander", "x")
    if not x._array.ndim and N is None:
        raise RuntimeError(f"linalg.vander: expected x to be at least 1-D{errors.here()}")
    x = x if x._array.ndim else x.unsqueeze(0)
    count = x._array.shape[-1] if N is None else N
    if count < 1:
        raise RuntimeError(f"N must be greater than 1.{errors.here()}")
    if x._type.dtype is dtypes.bool_:
        x = x.to(dtype=dtypes.int64)
    rest = x.unsqueeze(-1).expand(*x._array.shape, count - 1)
    ones = x.new_ones((*x._array.shape, 1))
    return ones if count == 1 else cat.public((ones, rest.cumprod(-1)), -1)


def _legacy_vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each element of a vector as columns, N - 1 first unless `increasing`, as in NumPy.

    >>> ag.vander(ag.tensor([2, 3]), N=3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    if x._array.ndim != 1:
        raise RuntimeError(f"x must be a one-dimensional tensor.{errors.here()}")
    if N == 0 or (N is None and not x._array.size):
        return x.new_empty((x._array.shape[0], 0))
    result = vander(x, N=N)
    return result if increasing else result.flip(-1)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The sum of ``conj(x) * y`` over `dim`; the other dimensions broadcast.

    >>> ag.linalg.vecdot(ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0]))
    tensor(11.)
    """
    check_tensor(x, "linalg.vecdot", "x")
    check_tensor(y, "linalg.vecdot", "y", 2)
    return (x.conj() * y).sum(dim)


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The sum of ``conj(input) * other`` for two vectors.

    >>> ag.vdot(ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0]))
    tensor(11.)
    """
    check_tensor(input, "vdot")
    return input.conj().dot(other)


expose(inv, "inverse")
expose(det, "det")
expose(slogdet, "slogdet")
expose(logdet, "logdet")
expose(_pinverse, "pinverse")
expose(matrix_exp, "matrix_exp")
expose(matrix_power, "matrix_power")
expose(_legacy_lu_solve, "lu_solve")
expose(cholesky_solve, "cholesky_solve")
expose(cholesky_inverse, "cholesky_inverse")
expose(triangular_solve, "triangular_solve")
expose(_legacy_vander, "vander", method=False)
expose(vdot, "vdot")
