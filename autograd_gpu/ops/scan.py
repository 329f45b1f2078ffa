"""Running sums, products and extremes along one dimension."""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import Op, elementwise_gradient, expose, op
from autograd_gpu.dtypes import COMPLEX, FLOAT
from autograd_gpu.ops import return_types
from autograd_gpu.ops.arguments import canonical_dim, check_tensor, in_dtype, numpy_names


@op("linear", out="infer")
def cumsum(F: Any, input: Any, *, dim: int) -> Any:
    return F.cumsum(input, dim=dim)


def reversed_cumsum(F: Any, g: Any, *, dim: int) -> Any:
    """Each element adds to every later sum."""
    if g.ndim == 0:
        return g
    return F.flip(F.cumsum(F.flip(g, dims=(dim,)), dim=dim), dims=(dim,))


cumsum.rule(input=reversed_cumsum)


@op("general", out="infer")
def cumprod(F: Any, input: Any, *, dim: int) -> Any:
    return F.cumprod(input, dim=dim)


def recurrence(F: Any, a: Any, b: Any) -> Any:
    """The h with ``h[i] = b[i] + a[i] h[i + 1]`` along the last axis, h being 0 behind its end; `a` is one
    shorter.

    By doubling (Hillis and Steele 1986; for recurrences Blelloch 1990, section 1.4): after each step b[i]
    holds what the next 2^k elements give, a[i] the product of their factors.
    """
    size, step = b.shape[-1], 1
    while step < size:
        b = b + F.pad(a * b[..., step:], (0, step))
        a = a[..., :-step] * a[..., step:] if 2 * step < size else a
        step *= 2
    return b


@elementwise_gradient
def cumprod_backward(F: Any, g: Any, input: Any, out: Any, *, dim: int) -> Any:
    """The adjoint of ``y[i] = y[i-1] x[i]``: no division, so zeros are no special case."""
    if g.ndim == 0:
        return g
    g, x, y = (F.transpose(each, dim, -1) for each in (g, input, out))
    adjoint = recurrence(F, x[..., 1:], g)
    before = F.pad(y[..., :-1], (1, 0), "constant", 1.0)
    return F.transpose(adjoint * before, dim, -1)


cumprod.rule(input=lambda F, g, input, out, *, dim: F.cumprod_backward(g, input, out, dim=dim))


@op("general")
def logcumsumexp(F: Any, input: Any, *, dim: int) -> Any:
    return F.logcumsumexp(input, dim=dim)


@elementwise_gradient
def logcumsumexp_backward(F: Any, g: Any, input: Any, out: Any, *, dim: int) -> Any:
    """``sum over j >= i of g[j] exp(x[i] - y[j])``. No exponent is positive, so nothing overflows."""
    if g.ndim == 0:
        return g
    g, x, y = (F.transpose(each, dim, -1) for each in (g, input, out))
    # Where nothing has been summed yet, y is -inf and the difference would be NaN.
    empty = y == -math.inf
    level = F.where(empty, F.zeros_like(y), y)
    adjoint = recurrence(F, F.exp(y[..., :-1] - level[..., 1:]), g)
    return F.transpose(F.exp(x - level) * adjoint, dim, -1)


logcumsumexp.rule(input=lambda F, g, input, out, *, dim: F.logcumsumexp_backward(g, input, out, dim=dim))


def _to_seen(F: Any, g: Any, indices: Any, input_like: Any, *, dim: int) -> Any:
    """Each running extreme's gradient goes to where it was seen."""
    size = input_like.shape[dim] if input_like.ndim else 1
    return F.place(g, indices, dim=dim, size=size, unique=False)


@op("general", outputs=("values", "indices"))
def cummax(F: Any, input: Any, *, dim: int) -> Any:
    return F.cummax(input, dim=dim)


cummax.rule(input=_to_seen)


@op("general", outputs=("values", "indices"))
def cummin(F: Any, input: Any, *, dim: int) -> Any:
    return F.cummin(input, dim=dim)


cummin.rule(input=_to_seen)

# -- what users call -----------------------------------------------------------------------------------


def _dim(name: str, input: Any, dim: Any) -> int:
    check_tensor(input, name)
    if dim is None:
        raise TypeError(f'{name}() missing 1 required positional arguments: "dim"{errors.here()}')
    return canonical_dim(dim, input.ndim)


@cumsum.surface
@numpy_names
def _cumsum(input: Tensor, dim: Any = None, *, dtype: Any = None) -> Tensor:
    """Running sum along `dim`.

    Args:
        input: any dtype. Bool and integer tensors are summed in int64; halves accumulate in float32.
        dim: int, required.
        dtype: dtype of the result; `input` is converted to it first.

    Example:
        >>> ag.cumsum(ag.tensor([1.0, 2.0, 3.0]), dim=0)
        tensor([1., 3., 6.])
    """
    axis = _dim("cumsum", input, dim)
    return in_dtype(cumsum.apply(in_dtype(input, dtype), dim=axis), dtype)


@cumprod.surface
@numpy_names
def _cumprod(input: Tensor, dim: Any = None, *, dtype: Any = None) -> Tensor:
    """Running product along `dim`; the gradient is right where elements are zero. Arguments as for
    `ag.cumsum`.

    Example:
        >>> ag.cumprod(ag.tensor([1.0, 2.0, 3.0]), dim=0)
        tensor([1., 2., 6.])
    """
    axis = _dim("cumprod", input, dim)
    return in_dtype(cumprod.apply(in_dtype(input, dtype), dim=axis), dtype)


@logcumsumexp.surface
@numpy_names
def _logcumsumexp(input: Tensor, dim: Any = None) -> Tensor:
    """Running ``log(sum(exp(x)))`` along `dim`, without overflow.

    Args:
        input: floating.
        dim: int, required.

    Raises:
        NotImplementedError: `input` is not floating.

    Example:
        >>> ag.logcumsumexp(ag.tensor([1000.0, 1000.0]), dim=0)
        tensor([1000.0000, 1000.6932])
    """
    axis = _dim("logcumsumexp", input, dim)
    if input._type.dtype.category != FLOAT:
        raise NotImplementedError(
            f"\"logcumsumexp\" not implemented for '{input._type.dtype.scalar_name}': it takes floating "
            "dtypes"
            f"{errors.here()}"
        )
    return logcumsumexp.apply(input, dim=axis)  # type: ignore[no-any-return]


def _extreme(name: str, record: Op, named: Any, input: Any, dim: Any) -> Any:
    axis = _dim(name, input, dim)
    if input._type.dtype.category == COMPLEX:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input._type.dtype.scalar_name}': complex numbers have no order"
            f"{errors.here()}"
        )
    return named(*record.apply(input, dim=axis))


@cummax.surface
@numpy_names
def _cummax(input: Tensor, dim: Any = None) -> Any:
    """Running maximum along `dim` and where it was last seen: a named tuple ``(values, indices)``. NaN, once
    met, stays.

    Example:
        >>> ag.cummax(ag.tensor([1.0, 3.0, 2.0]), dim=0).values
        tensor([1., 3., 3.])
    """
    return _extreme("cummax", cummax, return_types.cummax, input, dim)


@cummin.surface
@numpy_names
def _cummin(input: Tensor, dim: Any = None) -> Any:
    """Running minimum along `dim` and where it was last seen: a named tuple ``(values, indices)``. NaN, once
    met, stays.

    Example:
        >>> ag.cummin(ag.tensor([2.0, 3.0, 1.0]), dim=0).indices
        tensor([0, 0, 2])
    """
    return _extreme("cummin", cummin, return_types.cummin, input, dim)


def _cumprod_of_copy(input: Tensor, dim: Any = None, *, dtype: Any = None) -> Tensor:
    """Running product along `dim`."""
    copy: Tensor = input.clone()  # the derivative needs what is about to be overwritten
    result: Tensor = _cumprod(copy, dim, dtype=dtype)
    return result


for record in (cumsum, cumprod, logcumsumexp, cummax, cummin):
    expose(record, record.name)
expose_inplace(cumsum.public, "cumsum_")
expose_inplace(_cumprod_of_copy, "cumprod_")
