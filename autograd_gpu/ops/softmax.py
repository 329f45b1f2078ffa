"""Softmax and its relatives.

Every row is shifted by its maximum, so that nothing overflows; halves are computed in float32, rounded once.
"""

from __future__ import annotations

import warnings
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import Op, expose, op
from autograd_gpu.device.portable.base import float32, is_half
from autograd_gpu.ops.arguments import (
    canonical_dim,
    canonical_dims,
    check_tensor,
    in_dtype,
    numpy_names,
    with_kept,
)
from autograd_gpu.ops.operands import accepts


def widened(F: Any, x: Any) -> Any:
    """A raw array in the precision that exponentials are computed in: halves become float32."""
    return F.cast(x, float32) if is_half(x.dtype) else x


@op("general")
def softmax(F: Any, input: Any, *, dim: int | None) -> Any:
    x = widened(F, input)
    if not x.size:
        return F.copy(input)
    powers = F.exp(x - F.amax(x, dim=dim, keepdim=True))
    return F.cast(powers / F.sum(powers, dim=dim, keepdim=True), input.dtype)


@op("general")
def softmax_backward(F: Any, grad: Any, result: Any, *, dim: int | None) -> Any:
    """``(diag(p) - p p^T) grad`` for ``p = result``: the Jacobian of the softmax, which is symmetric, times a vector."""
    return result * (grad - F.sum(grad * result, dim=dim, keepdim=True))


softmax_backward.rule(
    grad=lambda F, g, result, *, dim: F.softmax_backward(g, result, dim=dim),
    result=lambda F, g, grad, result, *, dim: (
        g * (grad - F.sum(grad * result, dim=dim, keepdim=True))
        - grad * F.sum(g * result, dim=dim, keepdim=True)
    ),
)
accepts(softmax_backward, dtypes.FLOAT)
softmax.rule(input=lambda F, g, out, *, dim: F.softmax_backward(g, out, dim=dim))


@op("general")
def log_softmax(F: Any, input: Any, *, dim: int | None) -> Any:
    x = widened(F, input)
    if not x.size:
        return F.copy(input)
    shifted = x - F.amax(x, dim=dim, keepdim=True)
    return F.cast(shifted - F.log(F.sum(F.exp(shifted), dim=dim, keepdim=True)), input.dtype)


@op("general")
def log_softmax_backward(F: Any, grad: Any, result: Any, *, dim: int | None) -> Any:
    """``grad - p sum(grad)`` for ``p = exp(result)``: the transposed Jacobian of the log-softmax times a vector."""
    return grad - F.exp(result) * F.sum(grad, dim=dim, keepdim=True)


log_softmax_backward.rule(
    grad=lambda F, g, result, *, dim: g - F.sum(g * F.exp(result), dim=dim, keepdim=True),
    result=lambda F, g, grad, result, *, dim: -g * F.exp(result) * F.sum(grad, dim=dim, keepdim=True),
)
accepts(log_softmax_backward, dtypes.FLOAT)
log_softmax.rule(input=lambda F, g, out, *, dim: F.log_softmax_backward(g, out, dim=dim))


@op("general")
def logsumexp(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.logsumexp(input, dim=dim, keepdim=keepdim)


def _logsumexp_gradient(F: Any, g: Any, input: Any, out: Any, *, dim: Any, keepdim: bool) -> Any:
    """The softmax."""
    shape = input.shape
    return with_kept(F, g, shape, dim, keepdim) * F.exp(input - with_kept(F, out, shape, dim, keepdim))


logsumexp.rule(input=_logsumexp_gradient)

# -- what users call -----------------------------------------------------------------------------------


def _over(record: Op, input: Any, dim: Any, dtype: Any) -> Tensor:
    name = record.name
    check_tensor(input, name)
    if dim is None:
        # The old rule: the channels of images and of batches of vectors, else the first dimension.
        dim = 0 if input.ndim in (0, 1, 3) else 1
        warnings.warn(
            f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X "
            "as an argument.",
            UserWarning,
            stacklevel=4,
        )
    axis = canonical_dim(dim, input.ndim)
    input = in_dtype(input, dtype)
    if not input._type.dtype.is_floating_point:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input._type.dtype.scalar_name}': it takes floating dtypes; "
            f"convert first, for example {name}(x, dim, dtype=ag.float32){errors.here()}"
        )
    return record.apply(input, dim=axis if input.ndim else None)  # type: ignore[no-any-return]


@softmax.surface
@numpy_names
def _softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along `dim`: positive numbers that add up to one.

    Args:
        input: floating (integers only together with `dtype`).
        dim: int. Without it the dimension is guessed as in old versions of PyTorch, with a warning.
        dtype: dtype of the result; `input` is converted to it first.

    Raises:
        IndexError: `dim` is out of range.
        NotImplementedError: `input` is not floating.

    Example:
        >>> ag.softmax(ag.tensor([[0.0, 0.0], [1000.0, 0.0]]), dim=1)
        tensor([[0.5000, 0.5000],
                [1.0000, 0.0000]])
    """
    return _over(softmax, input, dim, dtype)


@log_softmax.surface
@numpy_names
def _log_softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """The logarithm of `ag.softmax`, without overflow and exact where the softmax is tiny. Arguments as for
    `ag.softmax`.

    Example:
        >>> ag.log_softmax(ag.tensor([1000.0, 0.0]), dim=0)
        tensor([    0., -1000.])
    """
    return _over(log_softmax, input, dim, dtype)


@numpy_names
def softmin(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """The softmax of ``-input``. Arguments as for `ag.softmax`.

    Example:
        >>> ag.nn.functional.softmin(ag.tensor([0.0, 0.0]), dim=0)
        tensor([0.5000, 0.5000])
    """
    check_tensor(input, "softmin")
    return _over(softmax, -input, dim, dtype)


@logsumexp.surface
@numpy_names
def _logsumexp(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """``log(sum(exp(x)))`` over `dim`, without overflow; -inf for no elements.

    Args:
        input: any dtype; integers become the default dtype.
        dim: int or tuple of ints, required.
        keepdim: keep the reduced dimensions with size 1.

    Example:
        >>> ag.logsumexp(ag.tensor([[1000.0, 1000.0]]), dim=1)
        tensor([1000.6932])
    """
    check_tensor(input, "logsumexp")
    if dim is None:
        raise TypeError(f'logsumexp() missing 1 required positional arguments: "dim"{errors.here()}')
    if input._type.dtype.category < dtypes.FLOAT:
        input = in_dtype(input, dtypes.get_default_dtype())
    return logsumexp.apply(input, dim=canonical_dims(dim, input.ndim), keepdim=keepdim)  # type: ignore[no-any-return]


expose(softmax, "softmax")
expose(log_softmax, "log_softmax")
expose(logsumexp, "logsumexp")
