"""Linear algebra under PyTorch's names: `ag.linalg`.

Functions that factor or solve take float32, float64 and complex matrices, one or a stack of them.

>>> from autograd_gpu import linalg
>>> linalg.norm(ag.tensor([3.0, 4.0]))
tensor(5.)
>>> linalg.solve(ag.tensor([[2.0, 0.0], [0.0, 4.0]]), ag.tensor([2.0, 4.0]))
tensor([1., 1.])
"""

from __future__ import annotations

from autograd_gpu.core.out import accepts_out as _accepts_out
from autograd_gpu.errors import LinAlgError
from autograd_gpu.ops import (
    decompositions as _decompositions,
    equations as _equations,
    linalg as _linalg,
    parts as _parts,
    vector_norm as _norms,
)

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh",
    "householder_product", "inv", "inv_ex", "lstsq", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "matmul",
    "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve",
    "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot", "vector_norm",
]  # fmt: skip

cholesky = _accepts_out(_decompositions.cholesky.public)
cholesky_ex = _accepts_out(_equations.cholesky_ex)
cond = _accepts_out(_equations.cond)
cross = _accepts_out(_linalg.linalg_cross.public)
det = _accepts_out(_equations.det.public)
diagonal = _parts.linalg_diagonal
eig = _accepts_out(_decompositions.eig.public)
eigh = _accepts_out(_decompositions.eigh.public)
eigvals = _accepts_out(_decompositions.eigvals)
eigvalsh = _accepts_out(_decompositions.eigvalsh)
householder_product = _accepts_out(_decompositions.householder_product)
inv = _accepts_out(_equations.inv.public)
inv_ex = _accepts_out(_equations.inv_ex)
lstsq = _equations.lstsq
lu = _accepts_out(_decompositions.lu)
lu_factor = _accepts_out(_decompositions.lu_factor.public)
lu_factor_ex = _accepts_out(_decompositions.lu_factor_ex)
lu_solve = _accepts_out(_equations.lu_solve)
matmul = _accepts_out(_linalg.matmul.public, "exact")
matrix_exp = _equations.matrix_exp.public
matrix_norm = _accepts_out(_norms.matrix_norm)
matrix_power = _accepts_out(_equations.matrix_power)
matrix_rank = _accepts_out(_equations.matrix_rank)
multi_dot = _accepts_out(_linalg.multi_dot)
norm = _accepts_out(_norms.linalg_norm)
pinv = _accepts_out(_equations.pinv)
qr = _accepts_out(_decompositions.qr.public)
slogdet = _accepts_out(_equations.slogdet)
solve = _accepts_out(_equations.solve.public)
solve_ex = _accepts_out(_equations.solve_ex)
solve_triangular = _accepts_out(_equations.solve_triangular.public)
svd = _accepts_out(_decompositions.svd.public)
svdvals = _accepts_out(_decompositions.svdvals.public)
tensorinv = _accepts_out(_equations.tensorinv)
tensorsolve = _accepts_out(_equations.tensorsolve)
vander = _equations.vander
vecdot = _accepts_out(_equations.vecdot)
vector_norm = _accepts_out(_norms.vector_norm.public)
