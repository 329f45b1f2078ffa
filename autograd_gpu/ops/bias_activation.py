"""An activation behind the addition of a bias, in one pass each way where a device can do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import fused_gradient, op
from autograd_gpu.dtypes import FLOAT
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.operands import accepts
from autograd_gpu.ops.shape import common_shape

#: name -> the function, and its gradient for what it was given
ACTIVATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "relu": (lambda F, z: F.relu(z), lambda F, g, z: F.relu_backward(g, z)),
    "gelu": (
        lambda F, z: F.gelu(z, approximate="none"),
        lambda F, g, z: F.gelu_backward(g, z, approximate="none"),
    ),
    "gelu_tanh": (
        lambda F, z: F.gelu(z, approximate="tanh"),
        lambda F, g, z: F.gelu_backward(g, z, approximate="tanh"),
    ),
    "silu": (lambda F, z: F.silu(z), lambda F, g, z: F.silu_backward(g, z)),
    "tanh": (lambda F, z: F.tanh(z), lambda F, g, z: F.tanh_backward(g, F.tanh(z))),
    "sigmoid": (lambda F, z: F.sigmoid(z), lambda F, g, z: F.sigmoid_backward(g, F.sigmoid(z))),
}


@op("general", promote="common", fused=True)
def bias_activation(F: Any, input: Any, bias: Any, *, activation: str) -> Any:
    """``activation(input + bias)``."""
    return ACTIVATIONS[activation][0](F, input + bias)


@fused_gradient
def bias_activation_backward(
    F: Any, g: Any, input: Any, bias: Any, *, activation: str, needs: tuple[bool, ...]
) -> tuple[Any, Any]:
    """The gradients for input and bias."""
    g = F.cast(ACTIVATIONS[activation][1](F, g, input + bias), g.dtype)
    return (F.sum_to(g, input.shape) if needs[0] else None), (F.sum_to(g, bias.shape) if needs[1] else None)


bias_activation.joint_rule(
    lambda F, g, input, bias, *, activation, needs: F.bias_activation_backward(
        g, input, bias, activation=activation, needs=needs
    )
)
accepts(bias_activation, FLOAT)


@bias_activation.surface
def _bias_activation(input: Tensor, bias: Tensor, activation: str = "gelu") -> Tensor:
    """``activation(input + bias)``: what follows a matrix product in most networks, without a sum in memory.

    On the GPU this is one kernel forward and one backward, which also makes the gradient for `bias`. PyTorch has no function
    of this name; it leaves the fusion to a compiler.

    Args:
        input: ``(..., columns)``, floating point.
        bias: ``(columns,)``, or any shape that broadcasts.
        activation: "relu", "gelu" (with the error function), "gelu_tanh", "silu", "tanh" or "sigmoid".

    Raises:
        ValueError: another `activation`.
        RuntimeError: shapes that do not broadcast.
        NotImplementedError: operands that are not floating point.

    >>> ag.nn.functional.bias_activation(ag.tensor([[-1.0, 2.0]]), ag.tensor([0.5, 0.5]), "relu")
    tensor([[0.0000, 2.5000]])
    """
    check_tensor(input, "bias_activation")
    check_tensor(bias, "bias_activation", "bias", 2)
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"bias_activation: activation must be one of {', '.join(ACTIVATIONS)}, not {activation!r}{errors.here()}"
        )
    if bias._array.shape != input._array.shape[-1:]:
        common_shape((input, bias))  # raises where there is none
    return bias_activation.apply(input, bias, activation=activation)  # type: ignore[no-any-return]
