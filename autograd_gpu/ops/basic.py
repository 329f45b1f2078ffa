"""Ops that other ops and the engine stand on: identity, casts, device transfers, broadcasting and its adjoint."""

from __future__ import annotations

from typing import Any

from autograd_gpu.core.op import op
from autograd_gpu.dtypes import as_dtype


@op("view", grad_name="AliasBackward0")
def alias(F: Any, x: Any) -> Any:
    """The same values as a tensor with a node of its own."""
    return x[...]


alias.rule(x=lambda F, g: g)


@op("linear", out="infer", holomorphic=False, grad_name="ToCopyBackward0")
def cast(F: Any, x: Any, *, dtype: Any) -> Any:
    """The values in another dtype (`dtype`: a NumPy dtype). The gradient comes back in the dtype of `x`."""
    return F.cast(x, dtype)


# Where the input was real and the output complex, the cast back drops the imaginary part, as it must.
cast.rule(x=lambda F, g, x_like: F.cast(g, dtype=x_like.dtype))


@cast.surface
def _cast(x: Any, dtype: Any) -> Any:
    dtype = as_dtype(dtype)
    return x if x._type.dtype is dtype else cast.apply(x, dtype=dtype.numpy)


@op("view", grad_name="ExpandBackward0")
def expand(F: Any, x: Any, *, shape: Any) -> Any:
    return F.expand(x, shape)


expand.rule(x=lambda F, g, x_like: F.sum_to(g, shape=x_like.shape))


@op("linear")
def sum_to(F: Any, x: Any, *, shape: Any) -> Any:
    """The sum of `x` over the dimensions in which `shape` was broadcast to it: the adjoint of `expand`."""
    return F.sum_to(x, shape)


sum_to.rule(x=lambda F, g, x_like: F.expand(g, shape=x_like.shape))


@sum_to.surface
def _sum_to(x: Any, shape: Any) -> Any:
    return x if x.shape == shape else sum_to.apply(x, shape=tuple(shape))
