"""Linear algebra, for type checkers and editors.

Written by `python -m autograd_gpu.testing.stubs`; do not edit.
"""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Sequence
from typing import Any

from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.tensor_methods import Dims, DTypeLike

from autograd_gpu.errors import LinAlgError as LinAlgError

def cholesky(input: Tensor, upper: _bool = False, *, out: Any = None) -> Tensor:
    """The triangle `l` of a symmetric (complex: Hermitian) positive-definite matrix with ``l @ l.mH =
    input``.
    """

def cholesky_ex(A: Tensor, *, upper: _bool = False, check_errors: _bool = False, out: Any = None) -> Tensor:
    """`ag.linalg.cholesky` that does not raise for matrices that are not positive-definite, unless
    `check_errors`.
    """

def cond(A: Tensor, p: Tensor | _float | None = None, *, out: Any = None) -> Tensor:
    """The condition number ``norm(A, p) * norm(inv(A), p)``; of singular matrices inf."""

def cross(input: Tensor, other: Tensor, *, dim: _int = -1, out: Any = None) -> Tensor:
    """The cross product of the vectors of length 3 along dimension `dim`; the other dimensions broadcast."""

def det(A: Tensor, *, out: Any = None) -> Tensor:
    """The determinant of a square matrix (..., n, n)."""

def diagonal(A: Tensor, *, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
    """`ag.diagonal` of the last two dimensions: a view."""

def eig(A: Tensor, *, out: Any = None) -> Tensor:
    """Eigenvalues and eigenvectors (columns of norm one) of a square matrix: complex, in no particular
    order.
    """

def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Tensor:
    """Eigenvalues, real and in ascending order, and eigenvectors (columns) of a symmetric or Hermitian
    matrix.
    """

def eigvals(A: Tensor, *, out: Any = None) -> Tensor:
    """The eigenvalues of `ag.linalg.eig`."""

def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Tensor:
    """The eigenvalues of `ag.linalg.eigh`."""

def householder_product(A: Tensor, tau: Tensor, *, out: Any = None) -> Tensor:
    """The first n columns of the product of k Householder reflections ``1 - tau[i] v[i] v[i]^H``."""

def inv(A: Tensor, *, out: Any = None) -> Tensor:
    """The inverse of a square matrix (..., n, n)."""

def inv_ex(A: Tensor, *, check_errors: _bool = False, out: Any = None) -> Tensor:
    """`ag.linalg.inv` that does not raise for singular matrices, unless `check_errors`."""

def lstsq(A: Tensor, B: Tensor, rcond: _float | None = None, *, driver: str | None = None) -> Tensor:
    """The `X` for which ``A @ X - B`` has the least 2-norm; of several, the one of the least norm itself."""

def lu(A: Tensor, *, pivot: _bool = True, out: Any = None) -> Tensor:
    """A permutation, a lower and an upper triangle with ``A = P @ L @ U``."""

def lu_factor(A: Tensor, *, pivot: _bool = True, out: Any = None) -> Tensor:
    """Gaussian elimination with partial pivoting."""

def lu_factor_ex(A: Tensor, *, pivot: _bool = True, check_errors: _bool = False, out: Any = None) -> Tensor:
    """`ag.linalg.lu_factor`, and where the first zero on the diagonal of the upper triangle is (from 1; 0:
    nowhere).
    """

def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: _bool = True, adjoint: _bool = False, out: Any = None
) -> Tensor:
    """The solution `X` of ``A @ X = B`` (``X @ A = B`` with ``left=False``), given ``LU, pivots =
    lu_factor(A)``.
    """

def matmul(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """The matrix product, ``input @ other``."""

def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of a square matrix (..., n, n), ``1 + A + A @ A / 2 + ...``, by scaling and
    squaring.
    """

def matrix_norm(
    input: Tensor,
    ord: _float | str = "fro",
    dim: Dims = ...,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: Dims = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """A norm of the matrices in the two dimensions `dim`: `ag.linalg.matrix_norm`."""

def matrix_power(A: Tensor, n: _int, *, out: Any = None) -> Tensor:
    """The product of `n` times the square matrix `A` (..., n, n); of its inverse if `n` is negative."""

def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: _bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Any = None,
) -> Tensor:
    """How many singular values are above the tolerance, int64 (...)."""

def multi_dot(tensors: Sequence[Tensor], *, out: Any = None) -> Tensor:
    """The product of two or more matrices in the order of multiplication that takes the fewest operations
    (Cormen et al., Introduction to Algorithms, 15.2).
    """

def norm(
    input: Tensor,
    ord: _float | str | None = None,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """A vector or matrix norm: `ag.linalg.norm`."""

def pinv(
    A: Tensor,
    rcond: Any = None,
    hermitian: _bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Any = None,
) -> Tensor:
    """The Moore-Penrose pseudoinverse of a matrix (..., m, n): (..., n, m)."""

def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Tensor:
    """Orthonormal columns `Q` and an upper triangle `R` with ``Q @ R = A``."""

def slogdet(A: Tensor, *, out: Any = None) -> Tensor:
    """The sign of the determinant (complex: a number of size one), and the logarithm of its size."""

def solve(A: Tensor, B: Tensor, *, left: _bool = True, out: Any = None) -> Tensor:
    """The solution `X` of ``A @ X = B``, or of ``X @ A = B`` with ``left=False``."""

def solve_ex(
    A: Tensor, B: Tensor, *, left: _bool = True, check_errors: _bool = False, out: Any = None
) -> Tensor:
    """`ag.linalg.solve` that does not raise for singular matrices, unless `check_errors`."""

def solve_triangular(
    A: Tensor, B: Tensor, *, upper: _bool, left: _bool = True, unitriangular: _bool = False, out: Any = None
) -> Tensor:
    """The solution `X` of ``A @ X = B`` (``X @ A = B`` with ``left=False``) for a triangle `A`."""

def svd(A: Tensor, full_matrices: _bool = True, *, driver: str | None = None, out: Any = None) -> Tensor:
    """Singular values in descending order, and the vectors: ``A = U @ diag(S) @ Vh``."""

def svdvals(A: Tensor, *, driver: str | None = None, out: Any = None) -> Tensor:
    """The singular values of a matrix (..., m, n) in descending order."""

def tensorinv(A: Tensor, ind: _int = 2, *, out: Any = None) -> Tensor:
    """The inverse for `ag.tensordot`: ``tensordot(tensorinv(A, ind), A, ind)`` is the unit."""

def tensorsolve(A: Tensor, B: Tensor, dims: Sequence[_int] | None = None, *, out: Any = None) -> Tensor:
    """The `X` with ``tensordot(A, X, X.ndim) = B``."""

def vander(x: Tensor, *, N: _int | None = None) -> Tensor:
    """The powers 0, 1, ..., N - 1 of each element, in a new last dimension; N is by default the last
    extent of `x`.
    """

def vecdot(x: Tensor, y: Tensor, *, dim: _int = -1, out: Any = None) -> Tensor:
    """The sum of ``conj(x) * y`` over `dim`; the other dimensions broadcast."""

def vector_norm(
    input: Tensor,
    ord: _float = 2,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """The vector norm ``sum(|x|^ord)^(1/ord)`` over `dim`, or of all elements: `ag.linalg.vector_norm`."""
