"""Linear algebra under PyTorch's names: `ag.linalg`.

>>> from autograd_gpu import linalg
>>> linalg.norm(ag.tensor([3.0, 4.0]))
tensor(5.)
"""

from __future__ import annotations

from autograd_gpu.ops import linalg as _linalg, vector_norm as _norms
from autograd_gpu.ops.linalg import multi_dot
from autograd_gpu.ops.vector_norm import linalg_norm as norm, matrix_norm

__all__ = ["cross", "matmul", "matrix_norm", "multi_dot", "norm", "vector_norm"]

cross = _linalg.linalg_cross.public
matmul = _linalg.matmul.public
vector_norm = _norms.vector_norm.public
