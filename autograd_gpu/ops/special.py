"""Special functions: the error function and the gamma function's family. For real tensors.

Bools and integers are computed in the default floating dtype. The algorithms are those of
`device/portable/special.py`.
"""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import expose, op
from autograd_gpu.ops.operands import REAL, accepts

TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


@op("elementwise", promote="float")
def erf(F: Any, input: Any) -> Any:
    """The error function, `2 / sqrt(pi) * integral of exp(-t ** 2) for t from 0 to input`.

    >>> ag.erf(ag.tensor([0.0])).tolist()
    [0.0]
    """
    return F.erf(input)


erf.rule(input=lambda F, g, input: g * (TWO_OVER_ROOT_PI * F.exp(-input * input)))
accepts(erf, *REAL)
expose(erf, "erf")
expose_inplace(erf, "erf_")


@op("elementwise", promote="float")
def erfc(F: Any, input: Any) -> Any:
    """The complementary error function, `1 - erf(input)` without its cancellation.

    >>> ag.erfc(ag.tensor([0.0])).tolist()
    [1.0]
    """
    return F.erfc(input)


erfc.rule(input=lambda F, g, input: g * (-TWO_OVER_ROOT_PI * F.exp(-input * input)))
accepts(erfc, *REAL)
expose(erfc, "erfc")
expose_inplace(erfc, "erfc_")


@op("elementwise", promote="float")
def erfinv(F: Any, input: Any) -> Any:
    """The inverse of `erf`; infinite at -1 and 1, NaN outside.

    >>> ag.erfinv(ag.tensor([0.0, 1.0])).tolist()
    [0.0, inf]
    """
    return F.erfinv(input)


erfinv.rule(input=lambda F, g, out: g * (F.exp(out * out) / TWO_OVER_ROOT_PI))
accepts(erfinv, *REAL)
expose(erfinv, "erfinv")
expose_inplace(erfinv, "erfinv_")


@op("elementwise", promote="float")
def lgamma(F: Any, input: Any) -> Any:
    """The natural logarithm of the absolute value of the gamma function.

    >>> ag.lgamma(ag.tensor([1.0, 0.0])).tolist()
    [0.0, inf]
    """
    return F.lgamma(input)


lgamma.rule(input=lambda F, g, input: g * F.digamma(input))
accepts(lgamma, *REAL)
expose(lgamma, "lgamma")
expose_inplace(lgamma, "lgamma_")


@op("elementwise", promote="float")
def digamma(F: Any, input: Any) -> Any:
    """The derivative of `lgamma`.

    >>> ag.digamma(ag.tensor([0.0])).tolist()
    [-inf]
    """
    return F.digamma(input)


digamma.rule(input=lambda F, g, input: g * F.polygamma(input, n=1))
accepts(digamma, *REAL)
expose(digamma, "digamma")
expose_inplace(digamma, "digamma_")


@op("elementwise", promote="float")
def polygamma(F: Any, input: Any, *, n: Any) -> Any:
    """The n-th derivative of `digamma`."""
    return F.polygamma(input, n=n)


polygamma.rule(input=lambda F, g, input, *, n: g * F.polygamma(input, n=n + 1))
accepts(polygamma, *REAL)


def _polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of `digamma`.

    Args:
        n: the order, 0 or more; 0 is `digamma` itself.
        input: a real tensor.

    Raises:
        RuntimeError: `n` is negative.

    >>> ag.polygamma(1, ag.tensor([ag.inf])).tolist()
    [0.0]
    """
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n. (n is {n}){errors.here()}")
    result: Tensor = digamma.apply(input) if n == 0 else polygamma.apply(input, n=n)
    return result


def _polygamma_method(self: Tensor, n: int) -> Tensor:
    """The n-th derivative of `digamma`: see `ag.polygamma`."""
    return _polygamma(n, self)


expose(_polygamma, "polygamma", method=False)
expose(_polygamma_method, "polygamma", function_too=False)
expose_inplace(_polygamma_method, "polygamma_")
