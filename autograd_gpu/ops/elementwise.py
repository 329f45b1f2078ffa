"""Elementwise mathematical functions of one tensor, and the binary ones that are no arithmetic.

Unless said otherwise, bools and integers are computed in the default floating dtype, complex numbers are
accepted, and the result has the shape of the input (the broadcast shape of the inputs).
"""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import elementwise_gradient, expose, op
from autograd_gpu.dtypes import FLOAT
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.arithmetic import mul
from autograd_gpu.ops.operands import REAL, accepts, is_complex, require, through_float32

LN2 = math.log(2.0)
LN10 = math.log(10.0)


# -- roots and reciprocals -----------------------------------------------------------------------------------


@op("elementwise", promote="float")
def sqrt(F: Any, input: Any) -> Any:
    """The square root; NaN for negative numbers.

    >>> ag.sqrt(ag.tensor([1.0, 4.0])).tolist()
    [1.0, 2.0]
    """
    return F.sqrt(input)


sqrt.rule(input=lambda F, g, out: g / (2 * out))
expose(sqrt, "sqrt")
expose_inplace(sqrt, "sqrt_")


@op("elementwise", promote="float")
def rsqrt(F: Any, input: Any) -> Any:
    """`1 / sqrt(input)`.

    >>> ag.rsqrt(ag.tensor([1.0, 4.0])).tolist()
    [1.0, 0.5]
    """
    return F.rsqrt(input)


rsqrt.rule(input=lambda F, g, out: -0.5 * g * (out * out * out))
expose(rsqrt, "rsqrt")
expose_inplace(rsqrt, "rsqrt_")


@op("elementwise", promote="float")
def reciprocal(F: Any, input: Any) -> Any:
    """`1 / input`.

    >>> ag.reciprocal(ag.tensor([1.0, 4.0])).tolist()
    [1.0, 0.25]
    """
    return F.reciprocal(input)


reciprocal.rule(input=lambda F, g, out: -g * (out * out))
expose(reciprocal, "reciprocal")
expose_inplace(reciprocal, "reciprocal_")


# -- exponentials and logarithms -----------------------------------------------------------------------------


@op("elementwise", promote="float")
def exp(F: Any, input: Any) -> Any:
    """`e` to the power of each element.

    >>> ag.exp(ag.tensor([0.0, -ag.inf])).tolist()
    [1.0, 0.0]
    """
    return F.exp(input)


exp.rule(input=lambda F, g, out: g * out)
expose(exp, "exp")
expose_inplace(exp, "exp_")


@op("elementwise", promote="float")
def exp2(F: Any, input: Any) -> Any:
    """2 to the power of each element.

    >>> ag.exp2(ag.tensor([0.0, 3.0])).tolist()
    [1.0, 8.0]
    """
    return F.exp2(input)


exp2.rule(input=lambda F, g, out: g * (out * LN2))
expose(exp2, "exp2")
expose_inplace(exp2, "exp2_")


@op("elementwise", promote="float")
def expm1(F: Any, input: Any) -> Any:
    """`exp(input) - 1`, accurate near zero.

    >>> ag.expm1(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.expm1(input)


expm1.rule(input=lambda F, g, out: g * (out + 1))
expose(expm1, "expm1")
expose_inplace(expm1, "expm1_")


@op("elementwise", promote="float")
def log(F: Any, input: Any) -> Any:
    """The natural logarithm; NaN for negative numbers.

    >>> ag.log(ag.tensor([1.0, 0.0])).tolist()
    [0.0, -inf]
    """
    return F.log(input)


log.rule(input=lambda F, g, input: g / input)
expose(log, "log")
expose_inplace(log, "log_")


@op("elementwise", promote="float")
def log2(F: Any, input: Any) -> Any:
    """The logarithm to base 2.

    >>> ag.log2(ag.tensor([1.0, 8.0])).tolist()
    [0.0, 3.0]
    """
    return F.log2(input)


log2.rule(input=lambda F, g, input: g / (input * LN2))
expose(log2, "log2")
expose_inplace(log2, "log2_")


@op("elementwise", promote="float")
def log10(F: Any, input: Any) -> Any:
    """The logarithm to base 10.

    >>> ag.log10(ag.tensor([1.0, 0.0])).tolist()
    [0.0, -inf]
    """
    return F.log10(input)


log10.rule(input=lambda F, g, input: g / (input * LN10))
expose(log10, "log10")
expose_inplace(log10, "log10_")


@op("elementwise", promote="float", grad_name="Log1PBackward0")
def log1p(F: Any, input: Any) -> Any:
    """`log(1 + input)`, accurate near zero.

    >>> ag.log1p(ag.tensor([0.0, -1.0])).tolist()
    [0.0, -inf]
    """
    return F.log1p(input)


log1p.rule(input=lambda F, g, input: g / (input + 1))
expose(log1p, "log1p")
expose_inplace(log1p, "log1p_")


# -- trigonometry and its hyperbolic kin ---------------------------------------------------------------------


@op("elementwise", promote="float")
def sin(F: Any, input: Any) -> Any:
    """The sine of angles in radians.

    >>> ag.sin(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.sin(input)


sin.rule(input=lambda F, g, input: g * F.cos(input))
expose(sin, "sin")
expose_inplace(sin, "sin_")


@op("elementwise", promote="float")
def cos(F: Any, input: Any) -> Any:
    """The cosine of angles in radians.

    >>> ag.cos(ag.tensor([0.0])).tolist()
    [1.0]
    """
    return F.cos(input)


cos.rule(input=lambda F, g, input: g * -F.sin(input))
expose(cos, "cos")
expose_inplace(cos, "cos_")


@op("elementwise", promote="float")
def tan(F: Any, input: Any) -> Any:
    """The tangent of angles in radians.

    >>> ag.tan(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.tan(input)


tan.rule(input=lambda F, g, out: g * (1 + out * out))
expose(tan, "tan")
expose_inplace(tan, "tan_")


@op("elementwise", promote="float")
def asin(F: Any, input: Any) -> Any:
    """The inverse sine, in radians; NaN outside [-1, 1].

    >>> ag.asin(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.asin(input)


asin.rule(input=lambda F, g, input: g * F.rsqrt(1 - input * input))
expose(asin, "asin", "arcsin")
expose_inplace(asin, "asin_", "arcsin_")


@op("elementwise", promote="float")
def acos(F: Any, input: Any) -> Any:
    """The inverse cosine, in radians; NaN outside [-1, 1].

    >>> ag.acos(ag.tensor([1.0])).tolist()
    [0.0]
    """
    return F.acos(input)


acos.rule(input=lambda F, g, input: g * -F.rsqrt(1 - input * input))
expose(acos, "acos", "arccos")
expose_inplace(acos, "acos_", "arccos_")


@op("elementwise", promote="float")
def atan(F: Any, input: Any) -> Any:
    """The inverse tangent, in radians.

    >>> ag.atan(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.atan(input)


atan.rule(input=lambda F, g, input: g / (input * input + 1))
expose(atan, "atan", "arctan")
expose_inplace(atan, "atan_", "arctan_")


@op("elementwise", promote="float")
def sinh(F: Any, input: Any) -> Any:
    """The hyperbolic sine.

    >>> ag.sinh(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.sinh(input)


sinh.rule(input=lambda F, g, input: g * F.cosh(input))
expose(sinh, "sinh")
expose_inplace(sinh, "sinh_")


@op("elementwise", promote="float")
def cosh(F: Any, input: Any) -> Any:
    """The hyperbolic cosine.

    >>> ag.cosh(ag.tensor([0.0])).tolist()
    [1.0]
    """
    return F.cosh(input)


cosh.rule(input=lambda F, g, input: g * F.sinh(input))
expose(cosh, "cosh")
expose_inplace(cosh, "cosh_")


@op("elementwise", promote="float")
def tanh(F: Any, input: Any) -> Any:
    """The hyperbolic tangent.

    >>> ag.tanh(ag.tensor([0.0, ag.inf])).tolist()
    [0.0, 1.0]
    """
    return F.tanh(input)


@elementwise_gradient
def tanh_backward(F: Any, g: Any, out: Any) -> Any:
    return g * (1 - out * out)


tanh.rule(input=lambda F, g, out: F.tanh_backward(g, out))
expose(tanh, "tanh")
expose_inplace(tanh, "tanh_")


@op("elementwise", promote="float")
def asinh(F: Any, input: Any) -> Any:
    """The inverse hyperbolic sine.

    >>> ag.asinh(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.asinh(input)


asinh.rule(input=lambda F, g, input: g * F.rsqrt(input * input + 1))
expose(asinh, "asinh", "arcsinh")
expose_inplace(asinh, "asinh_", "arcsinh_")


@op("elementwise", promote="float")
def acosh(F: Any, input: Any) -> Any:
    """The inverse hyperbolic cosine; NaN below 1.

    >>> ag.acosh(ag.tensor([1.0])).tolist()
    [0.0]
    """
    return F.acosh(input)


def _acosh_rule(F: Any, g: Any, input: Any, input_like: Any) -> Any:
    if is_complex(input_like.dtype):  # one root of the product would be the wrong one for half of the numbers
        return g * (F.rsqrt(input - 1) * F.rsqrt(input + 1))
    return g * F.rsqrt(input * input - 1)


acosh.rule(input=_acosh_rule)
expose(acosh, "acosh", "arccosh")
expose_inplace(acosh, "acosh_", "arccosh_")


@op("elementwise", promote="float")
def atanh(F: Any, input: Any) -> Any:
    """The inverse hyperbolic tangent; NaN outside [-1, 1].

    >>> ag.atanh(ag.tensor([0.0, 1.0])).tolist()
    [0.0, inf]
    """
    return F.atanh(input)


atanh.rule(input=lambda F, g, input: g / (1 - input * input))
expose(atanh, "atanh", "arctanh")
expose_inplace(atanh, "atanh_", "arctanh_")


@op("elementwise", promote="float")
@through_float32
def sinc(F: Any, input: Any) -> Any:
    """`sin(pi * input) / (pi * input)`, and 1 at 0.

    >>> ag.sinc(ag.tensor([0.0])).tolist()
    [1.0]
    """
    return F.where(input == 0, 1, F.sin(math.pi * input) / (math.pi * input))


def _sinc_rule(F: Any, g: Any, input: Any) -> Any:
    angle = math.pi * input
    return F.zero_where(g * ((angle * F.cos(angle) - F.sin(angle)) / (angle * input)), input == 0)


sinc.rule(input=_sinc_rule)
expose(sinc, "sinc")
expose_inplace(sinc, "sinc_")


def deg2rad(input: Any) -> Any:
    """Angles in degrees as radians.

    >>> ag.deg2rad(ag.tensor([0.0])).tolist()
    [0.0]
    """
    require("deg2rad", [input], REAL, "deg2rad is not supported for complex tensors.", RuntimeError)
    return mul.apply(input, math.pi / 180)


def rad2deg(input: Any) -> Any:
    """Angles in radians as degrees.

    >>> ag.rad2deg(ag.tensor([0.0])).tolist()
    [0.0]
    """
    require("rad2deg", [input], REAL, "rad2deg is not supported for complex tensors.", RuntimeError)
    return mul.apply(input, 180 / math.pi)


expose(deg2rad, "deg2rad")
expose(rad2deg, "rad2deg")
expose_inplace(deg2rad, "deg2rad_")
expose_inplace(rad2deg, "rad2deg_")


# -- the logistic function -----------------------------------------------------------------------------------


@op("elementwise", promote="float")
def sigmoid(F: Any, input: Any) -> Any:
    """`1 / (1 + exp(-input))`.

    >>> ag.sigmoid(ag.tensor([0.0, ag.inf])).tolist()
    [0.5, 1.0]
    """
    return F.sigmoid(input)


@elementwise_gradient
def sigmoid_backward(F: Any, g: Any, out: Any) -> Any:
    return g * ((1 - out) * out)


sigmoid.rule(input=lambda F, g, out: F.sigmoid_backward(g, out))
expose(sigmoid, "sigmoid")
expose_inplace(sigmoid, "sigmoid_")


@op("elementwise", promote="float")
@through_float32
def logit(F: Any, input: Any, *, eps: Any) -> Any:
    """`log(input / (1 - input))`."""
    if eps is not None:
        input = F.clamp(input, F.scalar(eps, input.dtype), F.scalar(1 - eps, input.dtype))
    return F.log(input / (1 - input))


def _logit_rule(F: Any, g: Any, input: Any, *, eps: Any) -> Any:
    if eps is None:
        return F.where(F.logical_or(input < 0, input > 1), math.nan, g / (input * (1 - input)))
    inside = F.logical_and(input >= eps, input <= 1 - eps)
    return F.zero_where(g / (input * (1 - input)), F.logical_not(inside))


logit.rule(input=_logit_rule)
accepts(logit, *REAL)


@logit.surface
def _logit(input: Any, eps: float | None = None) -> Any:
    """`log(input / (1 - input))`, the inverse of `sigmoid`.

    Args:
        input: a real tensor with values in [0, 1].
        eps: if given, `input` is first clamped to [eps, 1 - eps]; if None (default), values outside [0, 1]
            give NaN.

    >>> ag.logit(ag.tensor([0.5, 1.0])).tolist()
    [0.0, inf]
    """
    return logit.apply(input, eps=eps)


expose(logit, "logit")
expose_inplace(_logit, "logit_")


# -- two operands --------------------------------------------------------------------------------------------


@op("elementwise", promote="float")
def atan2(F: Any, input: Any, other: Any) -> Any:
    """The angle in radians, in [-pi, pi], of the point with the coordinates y = `input` and x = `other`. Real
    only.

    At the origin the derivatives are zero.

    >>> ag.atan2(ag.tensor([0.0]), ag.tensor([1.0])).tolist()
    [0.0]
    """
    return F.atan2(input, other)


def _over_squares(F: Any, x: Any, a: Any, b: Any) -> Any:
    squares = a * a + b * b
    return F.zero_where(x / squares, squares == 0)


atan2.rule(
    input=lambda F, g, input, other: g * _over_squares(F, other, input, other),
    other=lambda F, g, input, other: g * -_over_squares(F, input, input, other),
)
accepts(atan2, *REAL)
expose(atan2, "atan2", "arctan2")
expose_inplace(atan2, "atan2_", "arctan2_")


@op("elementwise", promote="common")
def hypot(F: Any, input: Any, other: Any) -> Any:
    """`sqrt(input ** 2 + other ** 2)` without overflow. Floating only.

    >>> ag.hypot(ag.tensor([3.0]), ag.tensor([4.0])).tolist()
    [5.0]
    """
    return F.hypot(input, other)


hypot.rule(
    input=lambda F, g, input, out: g * (input / out),
    other=lambda F, g, other, out: g * (other / out),
)
accepts(hypot, FLOAT)
expose(hypot, "hypot")
expose_inplace(hypot, "hypot_")


@op("elementwise", promote="float")
def copysign(F: Any, input: Any, other: Any) -> Any:
    """The size of `input` with the sign of `other` (also of -0.0). Real only.

    >>> ag.copysign(ag.tensor([3.0, -3.0]), ag.tensor([-0.0, 1.0])).tolist()
    [-3.0, 3.0]
    """
    return F.copysign(input, other)


copysign.rule(
    input=lambda F, g, input, out: F.zero_where(g * (out / input), input == 0),
    other=lambda F, g: F.zeros_like(g),
)
accepts(copysign, *REAL)
expose(copysign, "copysign")
expose_inplace(copysign, "copysign_")


@op("elementwise", promote="float")
@through_float32
def xlogy(F: Any, input: Any, other: Any) -> Any:
    """`input * log(other)`, and 0 where `input` is 0 (NaN where `other` is NaN). Real only.

    >>> ag.xlogy(ag.tensor([0.0, 2.0]), ag.tensor([0.0, 1.0])).tolist()
    [0.0, 0.0]
    """
    return F.where(F.isnan(other), other, F.zero_where(input * F.log(other), input == 0))


xlogy.rule(
    input=lambda F, g, input, other: F.zero_where(F.xlogy(g, other), F.logical_and(input == 0, other <= 0)),
    other=lambda F, g, input, other: g * input / other,
)
accepts(xlogy, *REAL)
expose(xlogy, "xlogy")
expose_inplace(xlogy, "xlogy_")


@op("elementwise", promote="common")
def logaddexp(F: Any, input: Any, other: Any) -> Any:
    """`log(exp(input) + exp(other))` without overflow. Floating only.

    >>> ag.logaddexp(ag.tensor([-ag.inf]), ag.tensor([2.0])).tolist()
    [2.0]
    """
    return F.logaddexp(input, other)


logaddexp.rule(
    input=lambda F, g, input, other: g / (1 + F.exp(other - input)),
    other=lambda F, g, input, other: g / (1 + F.exp(input - other)),
)
accepts(logaddexp, FLOAT)
expose(logaddexp, "logaddexp")


@op("elementwise", promote="common")
def logaddexp2(F: Any, input: Any, other: Any) -> Any:
    """`log2(2 ** input + 2 ** other)` without overflow. Floating only.

    >>> ag.logaddexp2(ag.tensor([3.0]), ag.tensor([3.0])).tolist()
    [4.0]
    """
    return F.logaddexp2(input, other)


logaddexp2.rule(
    input=lambda F, g, input, other: g / (1 + F.exp2(other - input)),
    other=lambda F, g, input, other: g / (1 + F.exp2(input - other)),
)
accepts(logaddexp2, FLOAT)
expose(logaddexp2, "logaddexp2")


@op("elementwise", promote="none")
def heaviside(F: Any, input: Any, values: Any) -> Any:
    """0 where `input` is negative, `values` where it is zero, 1 where it is positive. Not differentiable.

    >>> ag.heaviside(ag.tensor([-1.0, 0.0, 2.0]), ag.tensor(0.5)).tolist()
    [0.0, 0.5, 1.0]
    """
    return F.heaviside(input, values)


heaviside.no_rule()


@heaviside.surface
def _heaviside(input: Any, values: Any) -> Any:
    check_tensor(input, "heaviside")
    check_tensor(values, "heaviside", "values", 2)
    if input._type.dtype is not values._type.dtype:
        raise RuntimeError(
            "heaviside is not yet implemented for tensors with different dtypes: "
            f"input is {input._type.dtype.name}, values is {values._type.dtype.name}{errors.here()}"
        )
    require("heaviside", [input], REAL, "heaviside is not yet implemented for complex tensors.", RuntimeError)
    return heaviside.apply(input, values)


_heaviside.__doc__ = heaviside.__doc__


@op("elementwise", promote="common")
def nextafter(F: Any, input: Any, other: Any) -> Any:
    """The next number of the dtype after each element of `input`, towards `other`. Floating only.

    `input` gets the gradient, except where the two are equal.

    >>> ag.nextafter(ag.tensor([1.0]), ag.tensor([2.0])).tolist()
    [1.0000001192092896]
    """
    return F.nextafter(input, other)


nextafter.rule(
    input=lambda F, g, input, other: F.zero_where(g, input == other),
    other=lambda F, g: F.zeros_like(g),
)
accepts(nextafter, FLOAT)
expose(heaviside, "heaviside")
expose(nextafter, "nextafter")
expose_inplace(_heaviside, "heaviside_")
expose_inplace(nextafter, "nextafter_")
