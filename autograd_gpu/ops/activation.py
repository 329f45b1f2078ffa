"""Activation functions.

Each is one op that keeps one tensor, and its rule is a closed form, so that it can be differentiated again.
They take floating tensors (relu, hardtanh, relu6 and threshold also integers). float16 and bfloat16 are
computed in float32. Sigmoid and tanh are in `elementwise.py`; softmax and its kin reduce and are in
`softmax.py`.
"""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.call import constant
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import METHODS, elementwise_gradient, expose, op
from autograd_gpu.dtypes import FLOAT, INTEGER, finfo
from autograd_gpu.ops.arguments import canonical_dim
from autograd_gpu.ops.operands import FLOATING, accepts, require, through_float32

# -- relu and its variations ---------------------------------------------------------------------------------


@op("elementwise")
def relu(F: Any, input: Any) -> Any:
    """`max(input, 0)`; NaN stays NaN. The derivative at zero is zero.

    >>> ag.relu(ag.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return F.relu(input)


@elementwise_gradient
def relu_backward(F: Any, g: Any, out: Any) -> Any:
    return F.zero_where(g, out <= 0)


relu.rule(input=lambda F, g, out: F.relu_backward(g, out))
accepts(relu, INTEGER, FLOAT, error=RuntimeError, message="Boolean and complex inputs not supported for relu")


@op("elementwise", grad_name="LeakyReluBackward0")
@through_float32
def leaky_relu(F: Any, input: Any, *, negative_slope: Any) -> Any:
    """`input` where it is positive, else `negative_slope * input`."""
    if 0 <= negative_slope <= 1:
        return F.maximum(input, input * negative_slope)
    return F.where(input > 0, input, input * negative_slope)


@elementwise_gradient
def leaky_relu_backward(F: Any, g: Any, input: Any, *, negative_slope: Any) -> Any:
    return F.where(input > 0, g, g * negative_slope)


leaky_relu.rule(
    input=lambda F, g, input, *, negative_slope: F.leaky_relu_backward(
        g, input, negative_slope=negative_slope
    )
)
accepts(leaky_relu, FLOAT)


@leaky_relu.surface
def _leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Any:
    """`input` where it is positive, else `negative_slope * input`.

    >>> from autograd_gpu.nn import functional
    >>> functional.leaky_relu(ag.tensor([-2.0, 2.0]), 0.5).tolist()
    [-1.0, 2.0]
    """
    return leaky_relu.apply(input, negative_slope=negative_slope)


@op("elementwise", promote="common", grad_name="PreluKernelBackward0")
@through_float32
def prelu(F: Any, input: Any, weight: Any) -> Any:
    """`input` where it is positive, else `weight * input`; the shapes broadcast."""
    return F.where(input > 0, input, weight * input)


prelu.rule(
    input=lambda F, g, input, weight: F.where(input > 0, g, g * weight),
    weight=lambda F, g, input: F.zero_where(g * input, input > 0),
)
accepts(prelu, FLOAT)


@prelu.surface
def _prelu(input: Tensor, weight: Tensor) -> Any:
    """`input` where it is positive, else `weight * input`.

    Args:
        input: (N, C, ...), or fewer dimensions with a single weight.
        weight: (C,), (1,) or (): one slope per channel, or one for all.

    Raises:
        RuntimeError: `weight` has more dimensions, or is not as long as there are channels.

    >>> ag.prelu(ag.tensor([[-2.0, -2.0]]), ag.tensor([0.5, 0.25])).tolist()
    [[-1.0, -0.5]]
    """
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        return prelu.apply(input, weight)
    shape, size = input._array.shape, weight._array.size
    if weight._array.ndim > 1:
        raise RuntimeError(
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = "
            f"{weight._array.ndim}{errors.here()}"
        )
    if size != 1 or (weight._array.ndim == 1 and len(shape) == 0):
        channels = shape[1] if len(shape) > 1 else 1
        if size != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. "
                f"Found parameter numbers = {size} and channel size = {channels}.{errors.here()}"
            )
    if weight._array.ndim == 1:
        weight = METHODS["reshape"](
            weight, ((1, size) + (1,) * (len(shape) - 2)) if len(shape) > 1 else (size,) * len(shape)
        )
    return prelu.apply(input, weight)


@op("elementwise")
@through_float32
def elu(F: Any, input: Any, *, alpha: Any, scale: Any, input_scale: Any) -> Any:
    """`scale * input` where it is positive, else `scale * alpha * (exp(input_scale * input) - 1)`."""
    below = F.expm1(F.minimum(input, F.scalar(0, input.dtype)) * input_scale) * (alpha * scale)
    return F.where(input > 0, input * scale, below)


@elementwise_gradient
def elu_backward(F: Any, g: Any, input: Any, *, alpha: Any, scale: Any, input_scale: Any) -> Any:
    negative = input <= 0
    # zero instead of the positive inputs, lest their exponential is infinite: 0 * inf would spoil the second
    # derivative
    below = F.exp(F.where(negative, input, 0) * input_scale) * (alpha * scale * input_scale)
    return g * F.where(negative, below, scale)


elu.rule(
    input=lambda F, g, input, *, alpha, scale, input_scale: F.elu_backward(
        g, input, alpha=alpha, scale=scale, input_scale=input_scale
    )
)
accepts(elu, FLOAT)


@elu.surface
def _elu(input: Tensor, alpha: float = 1.0, *, scale: float = 1.0, input_scale: float = 1.0) -> Any:
    """`input` where it is positive, else `alpha * (exp(input) - 1)`.

    Source: D.-A. Clevert, T. Unterthiner, S. Hochreiter, arXiv:1511.07289.

    >>> from autograd_gpu.nn import functional
    >>> functional.elu(ag.tensor([-ag.inf, 2.0])).tolist()
    [-1.0, 2.0]
    """
    return elu.apply(input, alpha=alpha, scale=scale, input_scale=input_scale)


def selu(input: Tensor) -> Any:
    """`elu` with the scales that keep mean 0 and variance 1 from layer to layer.

    Source: G. Klambauer et al., "Self-Normalizing Neural Networks", arXiv:1706.02515.

    >>> ag.selu(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return elu.apply(input, alpha=1.6732632423543772, scale=1.0507009873554805, input_scale=1.0)


def celu(input: Tensor, alpha: float = 1.0) -> Any:
    """`max(input, 0) + min(0, alpha * (exp(input / alpha) - 1))`.

    Source: J. T. Barron, "Continuously Differentiable Exponential Linear Units", arXiv:1704.07483.

    Raises:
        RuntimeError: `alpha` is zero.

    >>> ag.celu(ag.tensor([-ag.inf, 2.0]), 0.5).tolist()
    [-0.5, 2.0]
    """
    if alpha == 0:
        raise RuntimeError(f"ZeroDivisionError: alpha cannot be 0 for CELU{errors.here()}")
    return elu.apply(input, alpha=alpha, scale=1.0, input_scale=1.0 / alpha)


@op("elementwise")
def threshold(F: Any, input: Any, *, threshold: Any, value: Any) -> Any:
    """`input` where it is above `threshold`, else `value`."""
    return F.where(input <= threshold, F.scalar(value, input.dtype), input)


threshold.rule(input=lambda F, g, input, *, threshold: F.zero_where(g, input <= threshold))
accepts(threshold, INTEGER, FLOAT)


@threshold.surface
def _threshold(input: Tensor, threshold: float, value: float) -> Any:
    """`input` where it is above `threshold`, else `value`.

    >>> ag.threshold(ag.tensor([0.5, 2.0]), 1.0, -1.0).tolist()
    [-1.0, 2.0]
    """
    constant(input._type, value)  # raises where the dtype cannot hold it
    return _threshold_op.apply(input, threshold=threshold, value=value)


_threshold_op = threshold


# -- piecewise linear ----------------------------------------------------------------------------------------


@op("elementwise")
def hardtanh(F: Any, input: Any, *, min_val: Any, max_val: Any) -> Any:
    """`input` between `min_val` and `max_val`."""
    return F.clamp(input, F.scalar(min_val, input.dtype), F.scalar(max_val, input.dtype))


@elementwise_gradient
def hardtanh_backward(F: Any, g: Any, input: Any, *, min_val: Any, max_val: Any) -> Any:
    return F.zero_where(g, F.logical_or(input <= min_val, input >= max_val))


hardtanh.rule(
    input=lambda F, g, input, *, min_val, max_val: F.hardtanh_backward(
        g, input, min_val=min_val, max_val=max_val
    )
)
accepts(hardtanh, INTEGER, FLOAT)


@hardtanh.surface
def _hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """`input`, but not below `min_val` and not above `max_val`. The derivative is zero outside and at the
    bounds.

    Raises:
        ValueError: `min_val` is above `max_val`.

    >>> from autograd_gpu.nn import functional
    >>> functional.hardtanh(ag.tensor([-2.0, 0.5])).tolist()
    [-1.0, 0.5]
    """
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val: {min_val} > {max_val}{errors.here()}")
    if input._type.dtype.category == INTEGER and not input._type.dtype.is_signed and int(min_val) < 0:
        raise RuntimeError(f"cannot do hardtanh on an unsigned type with negative limits{errors.here()}")
    return hardtanh.apply(input, min_val=min_val, max_val=max_val)


def relu6(input: Tensor) -> Any:
    """`min(max(input, 0), 6)`.

    >>> from autograd_gpu.nn import functional
    >>> functional.relu6(ag.tensor([-1.0, 8.0])).tolist()
    [0.0, 6.0]
    """
    return hardtanh.apply(input, min_val=0, max_val=6)


def _six(F: Any, input: Any) -> Any:
    """`relu6(input + 3)`."""
    return F.clamp(input + 3, F.scalar(0, input.dtype), F.scalar(6, input.dtype))


@op("elementwise")
@through_float32
def hardsigmoid(F: Any, input: Any) -> Any:
    """`relu6(input + 3) / 6`: a sigmoid made of lines.

    >>> from autograd_gpu.nn import functional
    >>> functional.hardsigmoid(ag.tensor([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return _six(F, input) / 6


@elementwise_gradient
def hardsigmoid_backward(F: Any, g: Any, input: Any) -> Any:
    return F.zero_where(g / 6, F.logical_not(F.logical_and(input > -3, input < 3)))


hardsigmoid.rule(input=lambda F, g, input: F.hardsigmoid_backward(g, input))
accepts(hardsigmoid, FLOAT)


@op("elementwise")
@through_float32
def hardswish(F: Any, input: Any) -> Any:
    """`input * relu6(input + 3) / 6`.

    Source: A. Howard et al., "Searching for MobileNetV3", arXiv:1905.02244.

    >>> from autograd_gpu.nn import functional
    >>> functional.hardswish(ag.tensor([-4.0, 0.0, 4.0])).tolist()
    [-0.0, 0.0, 4.0]
    """
    return input * _six(F, input) / 6


@elementwise_gradient
def hardswish_backward(F: Any, g: Any, input: Any) -> Any:
    return F.zero_where(F.where(input < 3, g * (input / 3 + 0.5), g), input <= -3)


hardswish.rule(input=lambda F, g, input: F.hardswish_backward(g, input))
accepts(hardswish, FLOAT)


@op("elementwise")
def hardshrink(F: Any, input: Any, *, lambd: Any) -> Any:
    """`input`, but 0 between `-lambd` and `lambd`."""
    return F.zero_where(input, F.abs(input) <= lambd)


hardshrink.rule(input=lambda F, g, input, *, lambd: F.zero_where(g, F.abs(input) <= lambd))
accepts(hardshrink, FLOAT)


@hardshrink.surface
def _hardshrink(input: Tensor, lambd: float = 0.5) -> Any:
    """`input`, but 0 between `-lambd` and `lambd`, the two included.

    >>> ag.hardshrink(ag.tensor([-2.0, 0.25, 1.0])).tolist()
    [-2.0, 0.0, 1.0]
    """
    return hardshrink.apply(input, lambd=lambd)


@op("elementwise")
@through_float32
def softshrink(F: Any, input: Any, *, lambd: Any) -> Any:
    """`input` moved towards zero by `lambd`, and 0 between `-lambd` and `lambd`."""
    return input - F.clamp(input, F.scalar(-lambd, input.dtype), F.scalar(lambd, input.dtype))


softshrink.rule(input=lambda F, g, input, *, lambd: F.zero_where(g, F.abs(input) <= lambd))
accepts(softshrink, FLOAT)


@softshrink.surface
def _softshrink(input: Tensor, lambd: float = 0.5) -> Any:
    """`input` moved towards zero by `lambd`, and 0 between `-lambd` and `lambd`, the two included.

    Raises:
        RuntimeError: `lambd` is negative.

    >>> from autograd_gpu.nn import functional
    >>> functional.softshrink(ag.tensor([-2.0, 0.25, 1.0])).tolist()
    [-1.5, 0.0, 0.5]
    """
    if not lambd >= 0:
        dtype = input._type.dtype
        raise RuntimeError(
            f"lambda must be in range [0, {finfo(dtype).max:g}] for input dtype {dtype.scalar_name}, "
            f"but found {lambd}{errors.here()}"
        )
    return softshrink.apply(input, lambd=lambd)


# -- smooth --------------------------------------------------------------------------------------------------

ROOT_HALF = math.sqrt(0.5)
ROOT_2_OVER_PI = math.sqrt(2.0 / math.pi)
ROOT_2_PI = math.sqrt(2.0 * math.pi)
#: the coefficient of the cube in the tanh approximation of gelu
CUBE = 0.044715


@op("elementwise")
@through_float32
def gelu(F: Any, input: Any, *, approximate: Any) -> Any:
    """`input * Phi(input)`, where Phi is the distribution function of the normal distribution."""
    if approximate == "none":
        curve = F.erf(input * ROOT_HALF)
    else:
        curve = F.tanh((input * input * CUBE + 1) * input * ROOT_2_OVER_PI)
    curve += 1
    curve *= input
    curve *= 0.5
    return curve


@elementwise_gradient
def gelu_backward(F: Any, g: Any, input: Any, *, approximate: Any) -> Any:
    square = input * input
    if approximate == "none":
        density = F.exp(square * -0.5) / ROOT_2_PI
        return g * ((F.erf(input * ROOT_HALF) + 1) * 0.5 + input * density)
    curve = F.tanh((square * CUBE + 1) * input * ROOT_2_OVER_PI)
    slope = (1 - curve * curve) * ((square * (3 * CUBE) + 1) * ROOT_2_OVER_PI)
    return g * ((curve + 1) * 0.5 + input * slope * 0.5)


gelu.rule(input=lambda F, g, input, *, approximate: F.gelu_backward(g, input, approximate=approximate))
accepts(gelu, FLOAT)


@gelu.surface
def _gelu(input: Tensor, approximate: str = "none") -> Any:
    """`input * Phi(input)`, where Phi is the distribution function of the normal distribution.

    Args:
        input: a floating tensor.
        approximate: "none" (default): with the error function; "tanh":
            `0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`.

    Source: D. Hendrycks, K. Gimpel, arXiv:1606.08415.

    Raises:
        RuntimeError: another `approximate`.

    >>> from autograd_gpu.nn import functional
    >>> functional.gelu(ag.tensor([0.0, 10.0])).tolist()
    [0.0, 10.0]
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(
            f"approximate argument must be either none or tanh, not {approximate!r}.{errors.here()}"
        )
    return gelu.apply(input, approximate=approximate)


@op("elementwise")
@through_float32
def silu(F: Any, input: Any) -> Any:
    """`input * sigmoid(input)`, also called swish.

    Source: S. Elfwing, E. Uchibe, K. Doya, arXiv:1702.03118.

    >>> from autograd_gpu.nn import functional
    >>> functional.silu(ag.tensor([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    return input * F.sigmoid(input)


@elementwise_gradient
def silu_backward(F: Any, g: Any, input: Any) -> Any:
    sigmoid = F.sigmoid(input)
    return g * (sigmoid * (1 + input * (1 - sigmoid)))


silu.rule(input=lambda F, g, input: F.silu_backward(g, input))
accepts(silu, *FLOATING)


@op("elementwise")
@through_float32
def mish(F: Any, input: Any) -> Any:
    """`input * tanh(softplus(input))`.

    Source: D. Misra, arXiv:1908.08681.

    >>> from autograd_gpu.nn import functional
    >>> functional.mish(ag.tensor([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    return input * F.tanh(F.softplus(input, beta=1, threshold=20))


@elementwise_gradient
def mish_backward(F: Any, g: Any, input: Any) -> Any:
    curve = F.tanh(F.softplus(input, beta=1, threshold=20))
    return g * (curve + input * F.sigmoid(input) * (1 - curve * curve))


mish.rule(input=lambda F, g, input: F.mish_backward(g, input))
accepts(mish, FLOAT)


@op("elementwise")
@through_float32
def softplus(F: Any, input: Any, *, beta: Any, threshold: Any) -> Any:
    """`log(1 + exp(beta * input)) / beta`."""
    scaled = input * beta
    return F.where(scaled > threshold, input, F.log1p(F.exp(scaled)) / beta)


@elementwise_gradient
def softplus_backward(F: Any, g: Any, input: Any, *, beta: Any, threshold: Any) -> Any:
    return F.where(input * beta > threshold, g, g * F.sigmoid(input * beta))


softplus.rule(
    input=lambda F, g, input, *, beta, threshold: F.softplus_backward(
        g, input, beta=beta, threshold=threshold
    )
)
accepts(softplus, FLOAT)


@softplus.surface
def _softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """`log(1 + exp(beta * input)) / beta`: a smooth relu.

    Args:
        input: a floating tensor.
        beta: how sharp the bend is. Default 1.
        threshold: where `beta * input` is above it, the result is `input`. Default 20.

    >>> from autograd_gpu.nn import functional
    >>> functional.softplus(ag.tensor([-ag.inf, 100.0])).tolist()
    [0.0, 100.0]
    """
    return softplus.apply(input, beta=beta, threshold=threshold)


@op("elementwise", grad_name="LogSigmoidBackward0")
@through_float32
def logsigmoid(F: Any, input: Any) -> Any:
    """`log(sigmoid(input))`, without underflow.

    >>> from autograd_gpu.nn import functional
    >>> functional.logsigmoid(ag.tensor([-1000.0])).tolist()
    [-1000.0]
    """
    return F.minimum(input, F.scalar(0, input.dtype)) - F.log1p(F.exp(-F.abs(input)))


@elementwise_gradient
def logsigmoid_backward(F: Any, g: Any, input: Any) -> Any:
    return g * F.sigmoid(-input)


logsigmoid.rule(input=lambda F, g, input: F.logsigmoid_backward(g, input))
accepts(logsigmoid, FLOAT)


@op("elementwise", promote="float")
@through_float32
def softsign(F: Any, input: Any) -> Any:
    """`input / (1 + abs(input))`.

    >>> from autograd_gpu.nn import functional
    >>> functional.softsign(ag.tensor([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """
    return input / (1 + F.abs(input))


@elementwise_gradient
def softsign_backward(F: Any, g: Any, input: Any) -> Any:
    scale = 1 + F.abs(input)
    return g / (scale * scale)


softsign.rule(input=lambda F, g, input: F.softsign_backward(g, input))
accepts(softsign, FLOAT, INTEGER)


@op("elementwise", promote="float")
@through_float32
def tanhshrink(F: Any, input: Any) -> Any:
    """`input - tanh(input)`.

    >>> from autograd_gpu.nn import functional
    >>> functional.tanhshrink(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return input - F.tanh(input)


def _tanhshrink_rule(F: Any, g: Any, input: Any) -> Any:
    curve = F.tanh(input)
    return g * (curve * curve)


tanhshrink.rule(input=_tanhshrink_rule)


def glu(input: Tensor, dim: int = -1) -> Any:
    """The gated linear unit: the first half along `dim` times the sigmoid of the second half.

    Source: Y. Dauphin et al., arXiv:1612.08083.

    Raises:
        RuntimeError: `input` has no dimension, or an odd size along `dim`.

    >>> from autograd_gpu.nn import functional
    >>> functional.glu(ag.tensor([4.0, 0.0])).tolist()
    [2.0]
    """
    require("glu", [input], FLOATING)
    shape = input._array.shape
    if not shape:
        raise RuntimeError(f"glu does not support scalars because halving size must be even{errors.here()}")
    dim = canonical_dim(dim, len(shape))
    if shape[dim] % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim} is size {shape[dim]}{errors.here()}"
        )
    half = shape[dim] // 2
    narrow, sigmoid, mul = METHODS["narrow"], METHODS["sigmoid"], METHODS["mul"]
    return mul(narrow(input, dim, 0, half), sigmoid(narrow(input, dim, half, half)))


# -- names: those that PyTorch has outside nn.functional -----------------------------------------------------

expose(relu, "relu")
expose(prelu, "prelu")
expose(selu, "selu", method=False)
expose(celu, "celu", method=False)
expose(threshold, "threshold", method=False)
expose(hardshrink, "hardshrink")
expose_inplace(relu, "relu_")
