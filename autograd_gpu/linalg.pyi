"""Linear algebra, for type checkers and editors.

Written by `python -m autograd_gpu.testing.stubs`; do not edit.
"""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Sequence

from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.tensor_methods import Dims, DTypeLike

def cross(input: Tensor, other: Tensor, *, dim: _int = -1) -> Tensor:
    """The cross product of the vectors of length 3 along dimension `dim`; the other dimensions broadcast."""

def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product, ``input @ other``."""

def matrix_norm(
    input: Tensor,
    ord: _float | str = "fro",
    dim: Dims = ...,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    axis: Dims = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """A norm of the matrices in the two dimensions `dim`: `ag.linalg.matrix_norm`."""

def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
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
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """A vector or matrix norm: `ag.linalg.norm`."""

def vector_norm(
    input: Tensor,
    ord: _float = 2,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """The vector norm ``sum(|x|^ord)^(1/ord)`` over `dim`, or of all elements: `ag.linalg.vector_norm`."""
