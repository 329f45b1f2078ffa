"""Distances between all pairs of points."""

from __future__ import annotations

import math

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.comparison import where
from autograd_gpu.ops.gather import triu_indices
from autograd_gpu.ops.linalg import matmul
from autograd_gpu.ops.vector_norm import vector_norm

#: from how many points on Euclidean distances are made of a product of matrices
MANY_POINTS = 25

COMPUTE_MODES = (
    "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist",
)  # fmt: skip


def cdist(
    x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary"
) -> Tensor:
    """The p-norm of the difference of each point of `x1` and each of `x2`.

    Args:
        x1: (..., n, k).
        x2: (..., m, k). Batches broadcast.
        p: 0 or more; inf for the largest difference.
        compute_mode: whether Euclidean distances may be computed as ``sqrt(x1^2 + x2^2 - 2 x1 x2)`` with a product of
            matrices, which is faster and less exact: "use_mm_for_euclid_dist_if_necessary" (from 26 points on),
            "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist".

    Returns:
        (..., n, m). The derivative of the Euclidean distance at zero is zero.

    >>> ag.cdist(ag.tensor([[0.0, 0.0]]), ag.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[5., 0.]])
    """
    check_tensor(x1, "cdist", "x1")
    check_tensor(x2, "cdist", "x2", 2)
    if x1._array.ndim < 2 or x2._array.ndim < 2:
        name, tensor = ("X1", x1) if x1._array.ndim < 2 else ("X2", x2)
        raise RuntimeError(
            f"cdist only supports at least 2D tensors, {name} got: {tensor._array.ndim}D{errors.here()}"
        )
    for name, tensor in (("X1", x1), ("X2", x2)):
        if tensor._type.dtype.category != dtypes.FLOAT:
            raise RuntimeError(
                f"cdist only supports floating-point dtypes, {name} got: {tensor._type.dtype.scalar_name}{errors.here()}"
            )
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}{errors.here()}"
        )
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values{errors.here()}")
    if compute_mode not in COMPUTE_MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode{errors.here()}")
    many = max(x1.shape[-2], x2.shape[-2]) > MANY_POINTS
    if p == 2 and (compute_mode == COMPUTE_MODES[1] or (compute_mode == COMPUTE_MODES[0] and many)):
        squares = (x1 * x1).sum(-1, True) + (x2 * x2).sum(-1).unsqueeze(-2)
        squares = (squares - 2 * matmul.public(x1, x2.mT)).clamp(min=0)
        zero = squares == 0
        return where(zero, 0.0, where(zero, 1.0, squares).sqrt())  # type: ignore[no-any-return]
    difference = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    if not difference.shape[-1]:
        return difference.sum(-1)
    return vector_norm.public(difference, p, -1)  # type: ignore[no-any-return]


def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The p-norms of the differences of each two rows of a matrix (n, k): n (n - 1) / 2 numbers.

    >>> ag.pdist(ag.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    check_tensor(input, "pdist")
    if input._array.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input._array.ndim}D{errors.here()}")
    if input._type.dtype.category != dtypes.FLOAT:
        raise RuntimeError(f"pdist only supports floating-point dtypes{errors.here()}")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values{errors.here()}")
    first, second = triu_indices(input.shape[0], input.shape[0], 1, device=input._type.device)
    difference = input.index_select(0, first) - input.index_select(0, second)
    if not difference.numel():
        return difference.sum(-1)
    return vector_norm.public(difference, math.inf if p == math.inf else p, -1)  # type: ignore[no-any-return]


expose(cdist, "cdist", method=False)
expose(pdist, "pdist", method=False)
