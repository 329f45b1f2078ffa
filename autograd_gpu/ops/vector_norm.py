"""Norms of vectors and matrices, and what is made of them. (Normalisation layers are in `norm.py`.)"""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose, op
from autograd_gpu.device.portable.base import float32, is_half
from autograd_gpu.dtypes import FLOAT
from autograd_gpu.ops.arguments import (
    canonical_dims,
    check_tensor,
    in_dtype,
    numpy_names,
    reduced_count,
    with_kept,
)
from autograd_gpu.ops.comparison import where
from autograd_gpu.ops.decompositions import svdvals
from autograd_gpu.ops.extremes import amax, amin
from autograd_gpu.ops.reduce import sum as sum_


@op("general", out="infer", holomorphic=False, grad_name="LinalgVectorNormBackward0")
def vector_norm(F: Any, input: Any, *, ord: float, dim: Any, keepdim: bool) -> Any:
    size = F.abs(F.cast(input, float32) if is_half(input.dtype) else input)
    if ord == math.inf:
        out = F.amax(size, dim=dim, keepdim=keepdim)
    elif ord == -math.inf:
        out = F.amin(size, dim=dim, keepdim=keepdim)
    elif ord == 0:
        out = F.cast(F.count_nonzero(size, dim=dim, keepdim=keepdim), size.dtype)
    elif ord == 1:
        out = F.sum(size, dim=dim, keepdim=keepdim)
    elif ord == 2:
        out = F.sqrt(F.sum(size * size, dim=dim, keepdim=keepdim))
    else:
        power = F.scalar(ord, size.dtype)
        out = F.pow(F.sum(F.pow(size, power), dim=dim, keepdim=keepdim), F.scalar(1 / ord, size.dtype))
    return F.cast(out, input.dtype) if is_half(input.dtype) else out


def _norm_gradient(F: Any, g: Any, input: Any, out: Any, *, ord: float, dim: Any, keepdim: bool) -> Any:
    """``sgn(x) (|x| / norm)^(p-1)``; zero where the norm is zero; for p = inf in equal parts to the
    largest."""
    g = with_kept(F, g, input.shape, dim, keepdim)
    out = with_kept(F, out, input.shape, dim, keepdim)
    if ord == 0:
        return F.zeros_like(input)
    if ord == 1:
        return F.sgn(input) * g
    if abs(ord) == math.inf:
        equal = F.cast(F.abs(input) == out, dtype=g.dtype)
        return F.sgn(input) * (g / F.sum(equal, dim=dim, keepdim=True) * equal)
    nonzero = out + F.cast(out == 0, dtype=out.dtype)
    if ord == 2:
        return input * (g / nonzero)
    size = F.abs(input)
    if ord < 2:  # |x|^(p-2) is infinite at zero
        size = size + F.cast(size == 0, dtype=size.dtype)
        return F.sgn(input) * ((size / nonzero) ** (ord - 1) * g)
    return input * ((size / nonzero) ** (ord - 2) * (g / nonzero))


vector_norm.rule(input=_norm_gradient)


@vector_norm.surface
@numpy_names
def _vector_norm(
    input: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The vector norm ``sum(|x|^ord)^(1/ord)`` over `dim`, or of all elements: `ag.linalg.vector_norm`.

    Args:
        input: floating or complex; the norm is real.
        ord: any number; 0 counts the elements that are not zero, inf and -inf give the largest and the
            smallest size.
        dim: int or tuple of ints; None for all dimensions.
        keepdim: keep the reduced dimensions with size 1.
        dtype: `input` is converted to it first.

    The gradient of the 2-norm at zero is zero, as in PyTorch.

    Raises:
        RuntimeError: `input` is neither floating nor complex; or empty where the norm of nothing is not
            defined.

    Example:
        >>> from autograd_gpu import linalg
        >>> linalg.vector_norm(ag.tensor([3.0, 4.0]))
        tensor(5.)
    """
    check_tensor(input, "linalg.vector_norm")
    input = in_dtype(input, dtype)
    if input._type.dtype.category < FLOAT:
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{input._type.dtype.scalar_name}{errors.here()}"
        )
    ord = float(ord)
    dims = canonical_dims(dim, input.ndim)
    if (ord < 0 or ord == math.inf) and reduced_count(input.shape, dims) == 0:
        shown = f"{ord:g}" if math.isinf(ord) else str(ord)
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {shown} norm on an empty "
            f"{'tensor' if dims is None else 'dimension'} because the operation does not have an identity"
            f"{errors.here()}"
        )
    return vector_norm.apply(input, ord=ord, dim=dims, keepdim=keepdim)  # type: ignore[no-any-return]


@numpy_names
def matrix_norm(
    input: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """A norm of the matrices in the two dimensions `dim`: `ag.linalg.matrix_norm`.

    Args:
        input: floating or complex, at least two dimensions.
        ord: "fro"; inf or -inf (largest or smallest sum of a row's sizes); 1 or -1 (of a column's).
            "nuc", 2 and -2: the sum, the largest, the smallest of the singular values.
        dim: the dimensions of the rows and of the columns.
        keepdim, dtype: as for `ag.linalg.vector_norm`.

    Example:
        >>> from autograd_gpu import linalg
        >>> linalg.matrix_norm(ag.tensor([[1.0, -2.0], [3.0, 4.0]]), ord=1)
        tensor(6.)
    """
    check_tensor(input, "linalg.matrix_norm")
    input = in_dtype(input, dtype)
    if input.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions. Got "
            f"{list(input.shape)}{errors.here()}"
        )
    dims = canonical_dims(dim, input.ndim) or ()
    if len(dims) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}{errors.here()}")
    if ord == "fro":
        return _vector_norm(input, 2, dims, keepdim)  # type: ignore[no-any-return]
    if ord in ("nuc", 2, -2):
        return _spectral_norm(input, ord, dims, keepdim)
    if isinstance(ord, str) or abs(ord) not in (1, math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.{errors.here()}")
    row, column = dims
    summed, picked = (row, column) if abs(ord) == 1 else (column, row)
    if not keepdim and summed < picked:
        picked -= 1
    sums = sum_.public(input.abs(), summed, keepdim)
    return _extreme(ord, sums, picked, keepdim)


def _extreme(ord: float, values: Tensor, dim: int, keepdim: bool) -> Tensor:
    """The largest of sizes, 0 if there is none; with a negative `ord` the smallest."""
    if ord > 0 and not values._array.shape[dim]:
        return sum_.public(values, dim, keepdim)  # type: ignore[no-any-return]
    return (amax if ord > 0 else amin).public(values, dim, keepdim)  # type: ignore[no-any-return]


def _spectral_norm(input: Tensor, ord: Any, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """Norms of the singular values: their sum, the largest, the smallest."""
    values = svdvals.public(input.movedim(dims, (-2, -1)))
    norm_ = sum_.public(values, -1) if ord == "nuc" else _extreme(ord, values, -1, False)
    if keepdim:
        for dim in sorted(dims):
            norm_ = norm_.unsqueeze(dim)
    return norm_


@numpy_names
def linalg_norm(
    input: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """A vector or matrix norm: `ag.linalg.norm`.

    Without `ord`, the 2-norm of the elements. With it: the matrix norm if `dim` names two dimensions, or is
    None and `input` is a matrix; else the vector norm.

    Example:
        >>> from autograd_gpu import linalg
        >>> linalg.norm(ag.tensor([[3.0, 0.0], [0.0, 4.0]]))
        tensor(5.)
        >>> linalg.norm(ag.tensor([[3.0, 0.0], [0.0, 4.0]]), ord=1)
        tensor(4.)
    """
    check_tensor(input, "linalg.norm")
    dims = canonical_dims(dim, input.ndim)
    if ord is None:
        return _vector_norm(input, 2, dims, keepdim, dtype=dtype)  # type: ignore[no-any-return]
    if dims is None and input.ndim > 2:
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{input.ndim}D.{errors.here()}"
        )
    if (input.ndim == 2 and dims is None) or (dims is not None and len(dims) == 2):
        return matrix_norm(input, ord, (0, 1) if dims is None else dims, keepdim, dtype=dtype)
    return _vector_norm(input, ord, dims, keepdim, dtype=dtype)  # type: ignore[no-any-return]


@numpy_names
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """The p-norm of the elements over `dim`, or of all of them.

    Args:
        input: floating or complex; the norm is real.
        p: a number, inf, -inf; "fro" (the 2-norm) or "nuc" (of a matrix).
        dim: int or tuple of ints; None for all dimensions.
        keepdim: keep the reduced dimensions with size 1.
        dtype: `input` is converted to it first.

    Raises:
        RuntimeError: `input` is neither floating nor complex.

    Example:
        >>> ag.norm(ag.tensor([3.0, 4.0]))
        tensor(5.)
        >>> ag.norm(ag.tensor([[3.0, -4.0], [1.0, 1.0]]), p=1, dim=1)
        tensor([7., 2.])
    """
    check_tensor(input, "norm")
    if p == "nuc":
        return matrix_norm(input, "nuc", (0, 1) if dim is None else dim, keepdim, dtype=dtype)
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str):
        raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found {p}{errors.here()}")
    return _vector_norm(input, p, dim, keepdim, dtype=dtype)  # type: ignore[no-any-return]


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of ``input - other``, which are broadcast together.

    Example:
        >>> ag.dist(ag.tensor([1.0, 2.0]), ag.tensor([4.0, 6.0]))
        tensor(5.)
    """
    check_tensor(input, "dist")
    check_tensor(other, "dist", "other", 2)
    return _vector_norm(input - other, p)  # type: ignore[no-any-return]


def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """`input` with each slice along `dim` scaled down to the p-norm `maxnorm` where its norm is larger.

    Args:
        input: floating or complex, at least two dimensions.
        p: the norm's order, above 0.
        dim: the dimension that counts the slices.
        maxnorm: the largest norm, 0 or more.

    Example:
        >>> ag.renorm(ag.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
        tensor([[0.6000, 0.8000],
                [0.3000, 0.4000]])
    """
    check_tensor(input, "renorm")
    if p <= 0:
        raise RuntimeError(f"renorm: non-positive norm degree not supported{errors.here()}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}{errors.here()}")
    if input.ndim < 2:
        raise RuntimeError(
            f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions{errors.here()}"
        )
    (kept,) = canonical_dims(dim, input.ndim) or ()
    others = tuple(axis for axis in range(input.ndim) if axis != kept)
    size = _vector_norm(input, p, others, True)
    over = size > maxnorm
    return input * where(over, maxnorm / (size + 1e-7), 1.0)  # type: ignore[no-any-return]


expose(renorm, "renorm")
expose(norm, "norm")
expose(dist, "dist")
