"""Systems of equations and decompositions of stacks of matrices (..., m, n), in float32, float64 and complex.

What the array library offers is used; LU with its pivots and the exponential, which NumPy lacks, are written here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu import errors
from autograd_gpu.device.portable.base import Array, Base

#: b(13), ..., b(0) of the Padé approximant of the exponential, and the norm up to which it is exact to 53 bits:
#: N. J. Higham, "The scaling and squaring method for the matrix exponential revisited", SIAM J. Matrix Anal. 26 (2005)
PADE = (
    1.0, 182.0, 16380.0, 960960.0, 40840800.0, 1323241920.0, 33522128640.0, 670442572800.0, 10559470521600.0,
    129060195264000.0, 1187353796428800.0, 7771770303897600.0, 32382376266240000.0, 64764752532480000.0,
)  # fmt: skip
PADE_NORM = 5.371920351148152

Matrix = Array
"""A stack of matrices."""


class Decompositions(Base):
    """Matrices taken apart."""

    def _checked(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """A function of the array library that raises NumPy's LinAlgError where it fails."""
        return function(*arguments, **options)

    # -- equations -----------------------------------------------------------------------------------------

    def inv(self, x: Matrix) -> Matrix:
        """The inverses of square matrices."""
        try:
            return self._checked(self.xp.linalg.inv, x)
        except np.linalg.LinAlgError:
            batch, row = self._zero_pivot(x)
            raise errors.LinAlgError(
                f"linalg.inv: {batch}The diagonal element {row} is zero, the inversion could not be completed "
                "because the input matrix is singular."
            ) from None

    def solve(self, a: Matrix, b: Matrix) -> Matrix:
        """``x`` with ``a @ x = b``; batches broadcast."""
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a = self.xp.broadcast_to(a, (*batch, *a.shape[-2:]))
        b = self.xp.broadcast_to(b, (*batch, *b.shape[-2:]))
        try:
            return self._checked(self.xp.linalg.solve, a, b)
        except np.linalg.LinAlgError:
            where, _ = self._zero_pivot(a)
            raise errors.LinAlgError(
                f"linalg.solve: {where}The solver failed because the input matrix is singular."
            ) from None

    def solve_triangular(self, a: Matrix, b: Matrix, *, upper: bool, unitriangular: bool) -> Matrix:
        """``x`` with ``a @ x = b``, where only one triangle of ``a`` counts. Zeros on its diagonal give inf and nan.

        LU with partial pivoting leaves an upper triangle as it is, so that what is left of it is substitution; a lower
        triangle is an upper one with rows and columns in reverse.
        """
        a = self.xp.triu(a) if upper else self.xp.tril(a)
        if unitriangular:
            diagonal = self.xp.arange(a.shape[-1])
            a[..., diagonal, diagonal] = 1
        if not upper:
            a, b = a[..., ::-1, ::-1], b[..., ::-1, :]
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a = self.xp.broadcast_to(a, (*batch, *a.shape[-2:]))
        b = self.xp.broadcast_to(b, (*batch, *b.shape[-2:]))
        try:
            x = self.xp.linalg.solve(a, b)
        except np.linalg.LinAlgError:
            x = self._substituted(a, b)
        return x if upper else x[..., ::-1, :].copy()

    def _substituted(self, a: Matrix, b: Matrix) -> Matrix:
        x = b.copy()
        with np.errstate(all="ignore"):
            for row in reversed(range(a.shape[-1])):
                known = self.xp.matmul(a[..., row : row + 1, row + 1 :], x[..., row + 1 :, :])
                x[..., row : row + 1, :] = (x[..., row : row + 1, :] - known) / a[..., row, row][
                    ..., None, None
                ]
        return x

    def _zero_pivot(self, x: Matrix) -> tuple[str, int]:
        """Which matrix of a stack is singular, in the words of a message, and at which pivot (from 1) that shows."""
        factors, _ = self.lu_factor(x)
        zero = self.xp.diagonal(factors, 0, -2, -1) == 0
        rows = zero.reshape(-1, zero.shape[-1])
        number = int(rows.any(-1).argmax())
        return self._which(x, number), int(rows[number].argmax()) + 1

    def _which(self, x: Matrix, number: int) -> str:
        return f"(Batch element {number}): " if x.ndim > 2 else ""

    def det(self, x: Matrix) -> Array:
        """Determinants."""
        return self.xp.linalg.det(x)

    def slogdet(self, x: Matrix) -> tuple[Array, Array]:
        """Signs of determinants and logarithms of their sizes."""
        sign, logabsdet = self.xp.linalg.slogdet(x)
        return sign, logabsdet

    def cofactor(self, x: Matrix) -> Matrix:
        """The derivative of the determinant: ``det(x) * inv(x).T`` where ``x`` has an inverse. By singular values, so
        that it is right for every matrix."""
        u, s, vh = self.svd(x, full_matrices=False)
        n = x.shape[-1]
        others = self.xp.where(self.xp.eye(n, dtype=bool), s.dtype.type(1), s[..., None, :]).prod(-1)
        scale = (self.det(u) * self.det(vh))[..., None] * others
        return self.xp.matmul(self.xp.conj(u) * scale[..., None, :], self.xp.conj(vh))

    # -- decompositions ------------------------------------------------------------------------------------

    def cholesky(self, x: Matrix) -> Matrix:
        """The lower triangle ``l`` with ``l @ l.mH = x``; of ``x`` only the lower triangle counts."""
        try:
            return self._checked(self.xp.linalg.cholesky, x)
        except np.linalg.LinAlgError:
            number, order = self._not_positive(x)
            raise errors.LinAlgError(
                f"linalg.cholesky: {self._which(x, number)}The factorization could not be completed because the input is "
                f"not positive-definite (the leading minor of order {order} is not positive-definite)."
            ) from None

    def _not_positive(self, x: Matrix) -> tuple[int, int]:
        """The first matrix of a stack that is not positive-definite, and the order of its first minor that is not."""
        for number, matrix in enumerate(x.reshape(-1, *x.shape[-2:])):
            for order in range(1, x.shape[-1] + 1):
                try:
                    self._checked(self.xp.linalg.cholesky, matrix[:order, :order])
                except np.linalg.LinAlgError:
                    return number, order
        return 0, x.shape[-1]

    def qr(self, x: Matrix, *, mode: str) -> tuple[Matrix, Matrix]:
        """Orthonormal columns and an upper triangle, as many as the smaller extent ("reduced") or square ("complete")."""
        q, r = self.xp.linalg.qr(x, mode)
        return q, r

    def eigh(self, x: Matrix, *, uplo: str) -> tuple[Array, Matrix]:
        """Eigenvalues in ascending order and eigenvectors of Hermitian matrices, of which one triangle counts."""
        try:
            values, vectors = self._checked(self.xp.linalg.eigh, x, uplo)
        except np.linalg.LinAlgError:
            raise errors.LinAlgError(_NOT_CONVERGED.format("eigh")) from None
        return values, vectors

    def eig(self, x: Matrix) -> tuple[Array, Matrix]:
        """Complex eigenvalues and eigenvectors of square matrices."""
        try:
            values, vectors = self._checked(self.xp.linalg.eig, x)
        except np.linalg.LinAlgError:
            raise errors.LinAlgError(_NOT_CONVERGED.format("eig")) from None
        kind = np.result_type(x.dtype, np.complex64)
        return values.astype(kind, copy=False), vectors.astype(kind, copy=False)

    def svd(self, x: Matrix, *, full_matrices: bool) -> tuple[Matrix, Array, Matrix]:
        """``u``, ``s`` and ``vh`` with ``u @ diag(s) @ vh = x``; ``s`` is real and descends."""
        try:
            u, s, vh = self._checked(self.xp.linalg.svd, x, full_matrices)
        except np.linalg.LinAlgError:
            raise errors.LinAlgError(_NOT_CONVERGED.format("svd")) from None
        return u, s, vh

    def svdvals(self, x: Matrix) -> Array:
        """The singular values alone."""
        try:
            return self._checked(self.xp.linalg.svd, x, compute_uv=False)
        except np.linalg.LinAlgError:
            raise errors.LinAlgError(_NOT_CONVERGED.format("svd")) from None

    def lu_factor(self, x: Matrix) -> tuple[Matrix, Array]:
        """Gaussian elimination with partial pivoting: both triangles in one matrix (the ones on the diagonal of the
        lower one left out), and the row, counted from 1, that each row was exchanged with."""
        xp = self.xp
        factors = xp.array(x, copy=True, order="C")
        rank = min(x.shape[-2:])
        pivots = xp.empty((*x.shape[:-2], rank), np.int32)
        if not factors.size:
            pivots[...] = xp.arange(1, rank + 1)
            return factors, pivots
        for k in range(rank):
            column = factors[..., k:, k]
            size = abs(column.real) + abs(column.imag) if column.dtype.kind == "c" else abs(column)
            chosen = size.argmax(-1) + k
            pivots[..., k] = chosen + 1
            index = chosen[..., None, None]
            pivot_row = xp.take_along_axis(factors, index, -2)
            xp.put_along_axis(factors, index, factors[..., k : k + 1, :].copy(), -2)
            factors[..., k : k + 1, :] = pivot_row
            pivot = factors[..., k, k][..., None]
            below = factors[..., k + 1 :, k]
            below /= xp.where(pivot == 0, pivot.dtype.type(1), pivot)
            factors[..., k + 1 :, k + 1 :] -= below[..., None] * factors[..., k : k + 1, k + 1 :]
        return factors, pivots

    def permutation_of(self, pivots: Array, *, rows: int) -> Matrix:
        """The matrix ``p`` of bools with ``x = p @ l @ u``, of the exchanges of rows that `lu_factor` made."""
        xp = self.xp
        order = xp.broadcast_to(xp.arange(rows), (*pivots.shape[:-1], rows)).copy()
        for k in range(pivots.shape[-1]):
            other = pivots[..., k : k + 1].astype(np.int64) - 1
            there = xp.take_along_axis(order, other, -1)
            xp.put_along_axis(order, other, order[..., k : k + 1].copy(), -1)
            order[..., k : k + 1] = there
        return xp.arange(rows)[:, None] == order[..., None, :]

    # -- functions -----------------------------------------------------------------------------------------

    def matrix_exp(self, x: Matrix) -> Matrix:
        """The exponential by scaling and squaring."""
        if not x.size:
            return x.copy()
        xp = self.xp
        largest = float(abs(x).sum(-2).max())
        halvings = max(0, math.ceil(math.log2(largest / PADE_NORM))) if 0 < largest < math.inf else 0
        unit = xp.eye(x.shape[-1], dtype=x.dtype)
        a = x * x.dtype.type(0.5**halvings)
        power = [unit, a @ a]
        power += [power[1] @ power[1]]
        power += [power[2] @ power[1]]
        b = [x.dtype.type(value) for value in reversed(PADE)]

        def even(first: int) -> Matrix:
            high = b[first + 8] * power[1] + b[first + 10] * power[2] + b[first + 12] * power[3]
            low = sum(b[first + 2 * k] * power[k] for k in range(4))
            return power[3] @ high + low

        u, v = a @ even(1), even(0)
        result = xp.linalg.solve(v - u, v + u)
        for _ in range(halvings):
            result = result @ result
        return result


_NOT_CONVERGED = (
    "linalg.{}: The algorithm failed to converge because the input matrix is ill-conditioned, has too many repeated values, "
    "or contains infinite or nan values."
)
