"""Rounding, absolute values and signs: functions whose derivative is constant between jumps and kinks."""

from __future__ import annotations

from typing import Any

from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import expose_inplace, inplace
from autograd_gpu.core.op import expose, op
from autograd_gpu.dtypes import FLOAT, INTEGER
from autograd_gpu.ops.operands import FLOATING, REAL, accepts, is_complex, require


@op("elementwise", promote="common")
def floor(F: Any, input: Any) -> Any:
    """The largest integer not above each element. Integers come back as they are. The derivative is zero.

    >>> ag.floor(ag.tensor([1.5, -1.5])).tolist()
    [1.0, -2.0]
    """
    return F.floor(input)


floor.rule(input=lambda F, g: F.zeros_like(g))
accepts(floor, INTEGER, FLOAT, message="floor is not supported for complex inputs")
expose(floor, "floor")
expose_inplace(floor, "floor_")


@op("elementwise", promote="common")
def ceil(F: Any, input: Any) -> Any:
    """The smallest integer not below each element. Integers come back as they are. The derivative is zero.

    >>> ag.ceil(ag.tensor([1.5, -1.5])).tolist()
    [2.0, -1.0]
    """
    return F.ceil(input)


ceil.rule(input=lambda F, g: F.zeros_like(g))
accepts(ceil, INTEGER, FLOAT, message="ceil is not supported for complex inputs")
expose(ceil, "ceil")
expose_inplace(ceil, "ceil_")


@op("elementwise", promote="common")
def trunc(F: Any, input: Any) -> Any:
    """Each element rounded towards zero. Integers come back as they are. The derivative is zero.

    >>> ag.trunc(ag.tensor([1.5, -1.5])).tolist()
    [1.0, -1.0]
    """
    return F.trunc(input)


trunc.rule(input=lambda F, g: F.zeros_like(g))
accepts(trunc, INTEGER, FLOAT, message="trunc is not supported for complex inputs")
expose(trunc, "trunc", "fix")
expose_inplace(trunc, "trunc_", "fix_")


@op("elementwise", promote="common")
def frac(F: Any, input: Any) -> Any:
    """`input - trunc(input)`: the part after the point, with the sign of the number.

    >>> ag.frac(ag.tensor([1.5, -1.25])).tolist()
    [0.5, -0.25]
    """
    return F.frac(input)


frac.rule(input=lambda F, g: g)
accepts(frac, FLOAT)
expose(frac, "frac")
expose_inplace(frac, "frac_")


@op("elementwise", promote="common")
def round(F: Any, input: Any, *, decimals: Any) -> Any:
    """`input` rounded to the nearest integer."""
    return F.round(input, decimals)


round.rule(input=lambda F, g: F.zeros_like(g))
accepts(round, INTEGER, FLOAT, message="round is not supported for complex inputs")


@round.surface
def _round(input: Any, *, decimals: int = 0) -> Any:
    """Each element rounded to the nearest integer, halves to the even one. The derivative is zero.

    Args:
        input: a floating tensor, or one of integers, which come back as they are.
        decimals: the number of decimal places to round to; negative ones round to tens, hundreds, ...
            (floating only).

    >>> ag.round(ag.tensor([0.5, 1.5, -2.7])).tolist()
    [0.0, 2.0, -3.0]
    """
    if decimals:
        require("round", [input], (FLOAT,))
    return round.apply(input, decimals=decimals)


expose(round, "round")
expose_inplace(_round, "round_")


@op("elementwise", promote="common", out="infer", holomorphic=False)
def abs(F: Any, input: Any) -> Any:
    """The absolute value; for complex numbers their (real) distance from zero. The derivative at zero is
    zero.

    >>> ag.abs(ag.tensor([-2, 3])).tolist(), ag.abs(ag.tensor([3 + 4j])).tolist()
    ([2, 3], [5.0])
    """
    return F.abs(input)


abs.rule(input=lambda F, g, input: g * F.sgn(input))
accepts(abs, INTEGER, *FLOATING)
expose(abs, "abs", "absolute")


def abs_(self: Tensor) -> Tensor:
    """In-place `abs`."""
    require(
        "abs_", [self], (INTEGER, FLOAT), "In-place abs is not supported for complex tensors.", RuntimeError
    )
    return inplace(abs, self)


expose(abs_, "abs_", "absolute_", function_too=False)


@op("elementwise", promote="common")
def sign(F: Any, input: Any) -> Any:
    """-1, 0 or 1, as the sign of each element (for complex numbers see `sgn`). The derivative is zero.

    >>> ag.sign(ag.tensor([-2.5, 0.0, 4.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    return F.sign(input)


sign.rule(input=lambda F, g: F.zeros_like(g))
accepts(
    sign,
    *REAL,
    message="Unlike NumPy, ag.sign is not intended to support complex numbers. Please use ag.sgn instead.",
)
expose(sign, "sign")
expose_inplace(sign, "sign_")


@op("elementwise", promote="common", holomorphic=False)
def sgn(F: Any, input: Any) -> Any:
    """`input / abs(input)`, and 0 at 0: the sign of each element, also of complex ones.

    >>> ag.sgn(ag.tensor([3 + 4j, 0j])).tolist()
    [(0.6000000238418579+0.800000011920929j), 0j]
    """
    return F.sign(input)


def _sgn_rule(F: Any, g: Any, input: Any, input_like: Any, out: Any) -> Any:
    if not is_complex(input_like.dtype):
        return F.zeros_like(g)
    # the part of g along the circle, shortened as the circle of radius |z| is mapped to the one of radius 1
    return F.zero_where((g - F.real(g * F.conj(out)) * out) / F.abs(input), input == 0)


sgn.rule(input=_sgn_rule)
expose(sgn, "sgn")
expose_inplace(sgn, "sgn_")


@op("elementwise", promote="common")
def nan_to_num(F: Any, input: Any, *, nan: Any, posinf: Any, neginf: Any) -> Any:
    """`input` with NaN and the infinities replaced."""
    return F.nan_to_num(input, nan, posinf, neginf)


nan_to_num.rule(input=lambda F, g, input: F.zero_where(g, F.logical_not(F.isfinite(input))))


@nan_to_num.surface
def _nan_to_num(
    input: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """`input` with NaN and the infinities replaced by numbers. The derivative is zero where one was.

    Args:
        input: a tensor of any dtype.
        nan: what replaces NaN. Default 0.
        posinf, neginf: what replaces the infinities. Default: the largest and smallest number of the dtype.

    >>> ag.nan_to_num(ag.tensor([ag.nan, ag.inf, 1.0]), posinf=9.0).tolist()
    [0.0, 9.0, 1.0]
    """
    return nan_to_num.apply(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


expose(nan_to_num, "nan_to_num")
expose_inplace(_nan_to_num, "nan_to_num_")
