"""`Variable`, from before tensors recorded: kept for old code, as in PyTorch."""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.leaves import detach, require_grad
from autograd_gpu.tensor import Tensor


class _IsTensor(type):
    """Every tensor is an instance of `Variable`."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_IsTensor):
    """``Variable(data, requires_grad)`` is a tensor on the memory of `data`: a leaf that may collect gradients.

    Args:
        data: a tensor.
        requires_grad: whether it does.

    Raises:
        TypeError: `data` is no tensor.

    >>> x = ag.autograd.Variable(ag.tensor([1.0]), requires_grad=True)
    >>> isinstance(x, ag.Tensor), isinstance(x, ag.autograd.Variable)
    (True, True)
    """

    def __new__(cls, data: Tensor, requires_grad: bool = False) -> Any:
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}{errors.here()}")
        leaf = detach(data)
        return require_grad(leaf) if requires_grad else leaf
