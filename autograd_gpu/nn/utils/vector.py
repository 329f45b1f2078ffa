"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from autograd_gpu import errors
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other. Differentiable.

    >>> ag.nn.utils.parameters_to_vector([ag.ones(2, 2), ag.zeros(1)])
    tensor([1., 1., 1., 1., 0.])
    """
    given = list(parameters)
    devices = sorted({str(parameter.device) for parameter in given})
    if len(devices) > 1:
        raise TypeError(
            f"Found two parameters on different devices, {' and '.join(devices)}, this is currently not "
            f"supported.{errors.here()}"
        )
    return FUNCTIONS["cat"]([parameter.reshape(-1) for parameter in given])  # type: ignore[no-any-return]


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let each parameter hold (share the memory of) its part of a vector.

    >>> w = ag.nn.Parameter(ag.zeros(2))
    >>> ag.nn.utils.vector_to_parameters(ag.tensor([1.0, 2.0]), [w])
    >>> w.tolist()
    [1.0, 2.0]
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected ag.Tensor, but got: {type(vec).__name__}{errors.here()}")
    start = 0
    for parameter in parameters:
        size = parameter.numel()
        parameter.data = vec[start : start + size].reshape(parameter.shape).detach()
        start += size
