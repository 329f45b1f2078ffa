"""Divisors and multiples of integers; numbers as mantissa and exponent."""

from __future__ import annotations

from typing import Any

from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import expose, op
from autograd_gpu.dtypes import FLOAT, INTEGER
from autograd_gpu.ops import return_types
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.operands import accepts, require


@op("elementwise", promote="common")
def gcd(F: Any, input: Any, other: Any) -> Any:
    """The greatest common divisor of two integer tensors, element by element; ``gcd(0, 0)`` is 0.

    >>> ag.gcd(ag.tensor([12, 7]), ag.tensor([18, 0]))
    tensor([6, 7])
    """
    return F.gcd(input, other)


gcd.no_rule()
accepts(gcd, INTEGER)


@op("elementwise", promote="common")
def lcm(F: Any, input: Any, other: Any) -> Any:
    """The least common multiple of two integer tensors, element by element, not negative.

    >>> ag.lcm(ag.tensor([4, 7]), ag.tensor([6, 0]))
    tensor([12,  0])
    """
    return F.lcm(input, other)


lcm.no_rule()
accepts(lcm, INTEGER)


@op("general", outputs=("mantissa", "exponent"))
def frexp_parts(F: Any, input: Any) -> Any:
    """Mantissas of size 1/2 to 1, and exponents."""
    return F.frexp(input)


frexp_parts.rule(input=lambda F, g, exponent: g * F.exp2(F.cast(-exponent, dtype=g.dtype)))


def frexp(input: Tensor) -> Any:
    """Each number as ``mantissa * 2 ** exponent``, the mantissa's size from 1/2 to 1 (0 for 0).

    Returns:
        A named tuple (mantissa, exponent); exponents are int32.

    >>> ag.frexp(ag.tensor([6.0])).exponent
    tensor([3], dtype=ag.int32)
    """
    check_tensor(input, "frexp")
    require("frexp", [input], (FLOAT,), "frexp() only supports floating-point dtypes", RuntimeError)
    return return_types.frexp(*frexp_parts.apply(input))


expose(gcd, "gcd")
expose_inplace(gcd, "gcd_")
expose(lcm, "lcm")
expose_inplace(lcm, "lcm_")
expose(frexp, "frexp")
