"""More special functions, of real tensors: `ag.special` has their names.

Bools and integers are computed in the default floating dtype. The algorithms are those of `device/portable/bessel.py`.
"""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import expose, op
from autograd_gpu.ops.operands import REAL, accepts, through_float32
from autograd_gpu.ops.special import lgamma

ROOT_HALF, ROOT_TWO_PI = math.sqrt(0.5), math.sqrt(2 * math.pi)


@op("elementwise", promote="float")
def i0(F: Any, input: Any) -> Any:
    """The modified Bessel function of the first kind of order zero.

    >>> ag.i0(ag.tensor([0.0])).tolist()
    [1.0]
    """
    return F.i0(input)


@op("elementwise", promote="float")
def i0e(F: Any, input: Any) -> Any:
    """`i0` scaled by ``exp(-|input|)``.

    >>> ag.special.i0e(ag.tensor([0.0])).tolist()
    [1.0]
    """
    return F.i0e(input)


@op("elementwise", promote="float")
def i1(F: Any, input: Any) -> Any:
    """The modified Bessel function of the first kind of order one.

    >>> ag.special.i1(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.i1(input)


@op("elementwise", promote="float")
def i1e(F: Any, input: Any) -> Any:
    """`i1` scaled by ``exp(-|input|)``.

    >>> ag.special.i1e(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.i1e(input)


def _over(F: Any, top: Any, x: Any) -> Any:
    """``top / x`` for an odd function of slope 1/2 at zero: 1/2 there."""
    zero = F.cast(x == 0, dtype=x.dtype)
    return (top + 0.5 * zero) / (x + zero)


i0.rule(input=lambda F, g, input: g * F.i1(input))
i0e.rule(input=lambda F, g, input, out: g * (F.i1e(input) - F.sign(input) * out))
i1.rule(input=lambda F, g, input, out: g * (F.i0(input) - _over(F, out, input)))
i1e.rule(input=lambda F, g, input, out: g * (F.i0e(input) - out * F.sign(input) - _over(F, out, input)))


@op("elementwise", promote="float")
def erfcx(F: Any, input: Any) -> Any:
    """``exp(input ** 2) * erfc(input)`` without overflow.

    >>> ag.special.erfcx(ag.tensor([0.0])).tolist()
    [1.0]
    """
    return F.erfcx(input)


erfcx.rule(input=lambda F, g, input, out: g * (2.0 * input * out - 2.0 / math.sqrt(math.pi)))


@op("elementwise", promote="float")
@through_float32
def ndtr(F: Any, input: Any) -> Any:
    """The probability that a normally distributed number is less than `input`.

    >>> ag.special.ndtr(ag.tensor([0.0])).tolist()
    [0.5]
    """
    return F.erfc(input * -ROOT_HALF) * 0.5


ndtr.rule(input=lambda F, g, input: g * (F.exp(input * input * -0.5) * (1.0 / ROOT_TWO_PI)))


@op("elementwise", promote="float")
@through_float32
def log_ndtr(F: Any, input: Any) -> Any:
    """The logarithm of `ndtr`, exact where that is zero, too.

    >>> ag.special.log_ndtr(ag.tensor([0.0])).exp().tolist()
    [0.5]
    """
    low = F.log(F.erfcx(input * -ROOT_HALF) * 0.5) - input * input * 0.5
    return F.where(input < -1, low, F.log1p(F.erfc(input * ROOT_HALF) * -0.5))


log_ndtr.rule(input=lambda F, g, input: g * (2.0 / ROOT_TWO_PI) / F.erfcx(input * -ROOT_HALF))


@op("elementwise", promote="float")
def ndtri(F: Any, input: Any) -> Any:
    """The inverse of `ndtr`; infinite at 0 and 1, nan outside.

    >>> ag.special.ndtri(ag.tensor([0.5])).tolist()
    [0.0]
    """
    return F.ndtri(input)


ndtri.rule(input=lambda F, g, out: g * (F.exp(out * out * 0.5) * ROOT_TWO_PI))


@op("elementwise", promote="float")
@through_float32
def entr(F: Any, input: Any) -> Any:
    """``-input * log(input)``: 0 at 0, -inf for negative numbers.

    >>> ag.special.entr(ag.tensor([0.0, 1.0, -1.0])).abs().tolist()
    [0.0, 0.0, inf]
    """
    below = F.cast(input < 0, input.dtype)
    return F.where(input < 0, F.log(1 - below), -F.xlogy(input, F.abs(input)))


entr.rule(input=lambda F, g, input: g * (-F.log(input) - 1.0))


@op("elementwise", promote="float")
@through_float32
def xlog1py(F: Any, input: Any, other: Any) -> Any:
    """``input * log1p(other)``, and 0 where `input` is 0 (nan where `other` is nan).

    >>> ag.special.xlog1py(ag.tensor([0.0]), ag.tensor([-1.0])).tolist()
    [0.0]
    """
    return F.where(F.isnan(other), other, F.zero_where(input * F.log1p(other), input == 0))


xlog1py.rule(
    input=lambda F, g, input, other: F.zero_where(
        F.xlog1py(g, other), F.logical_and(input == 0, other <= -1)
    ),
    other=lambda F, g, input, other: g * input / (other + 1),
)


@op("elementwise", promote="float")
def zeta(F: Any, input: Any, other: Any) -> Any:
    """Hurwitz's zeta function, ``sum over k >= 0 of 1 / (k + other) ** input``; inf at 1, nan below.

    Differentiable in `other`.

    >>> abs(ag.special.zeta(ag.tensor(2.0), ag.tensor(1.0)).item() - ag.pi**2 / 6) < 1e-6
    True
    """
    return F.zeta(input, other)


zeta.rule(other=lambda F, g, input, other: g * -input * F.zeta(input + 1, other))

for _op in (i0, i0e, i1, i1e, erfcx, ndtr, log_ndtr, ndtri, entr, xlog1py, zeta):
    accepts(_op, *REAL)


def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`:
    ``p (p - 1) / 4 log(pi) + sum over j < p of lgamma(input - j / 2)``.

    >>> ag.mvlgamma(ag.tensor([1.0]), 1).tolist()
    [0.0]
    """
    if p < 1:
        raise RuntimeError(f"p has to be greater than or equal to 1{errors.here()}")
    total = lgamma.public(input)
    for j in range(1, p):
        total = total + lgamma.public(input - j / 2)
    result: Tensor = total + p * (p - 1) / 4 * math.log(math.pi)
    return result


expose(i0, "i0")
expose_inplace(i0, "i0_")
expose(mvlgamma, "mvlgamma")
