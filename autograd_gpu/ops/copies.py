"""Names that PyTorch has besides the ones above: views as copies, in-place methods as functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS, METHODS, expose
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.joining import pad

#: methods that give views, and are functions that give copies with "_copy" behind their names
VIEWS = "diagonal expand permute select squeeze t transpose unfold unsqueeze view".split()

#: the same, of methods that give several views
SEVERAL_VIEWS = "split unbind".split()

#: in-place methods that are functions, too
INPLACE = """
abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ celu_ clamp_
clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ gcd_ i0_ index_put_
lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ round_ rsqrt_ selu_
sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ threshold_ trunc_ xlogy_ zero_ detach_
""".split()


def _copying(method: Callable[..., Any], name: str, several: bool) -> Callable[..., Any]:
    @functools.wraps(method)
    def copy(input: Tensor, *arguments: Any, **named: Any) -> Any:
        check_tensor(input, f"{name}_copy")
        result = method(input, *arguments, **named)
        return tuple(part.clone() for part in result) if several else result.clone()

    copy.__name__ = copy.__qualname__ = f"{name}_copy"
    copy.__doc__ = f"`ag.Tensor.{name}`, as a copy instead of a view."
    return copy


def alias_copy(input: Tensor) -> Tensor:
    """A copy of the tensor.

    >>> ag.alias_copy(ag.tensor([1.0]))
    tensor([1.])
    """
    return input.clone()


def detach_copy(input: Tensor) -> Tensor:
    """A copy of the tensor that does not require grad.

    >>> ag.detach_copy(ag.ones(1, requires_grad=True)).requires_grad
    False
    """
    return input.detach().clone()


def constant_pad_nd(input: Tensor, pad: Any, value: Any = 0) -> Tensor:
    """`ag.nn.functional.pad` with a constant.

    >>> ag.constant_pad_nd(ag.ones(2), (1, 0))
    tensor([0., 1., 1.])
    """
    return _pad(input, pad, "constant", value)  # type: ignore[no-any-return]


_pad = pad.public


def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like `input`, filled with `value`: a number, or a tensor without dimensions, which has a gradient.

    >>> ag.fill(ag.zeros(2), 3.0)
    tensor([3., 3.])
    """
    return input.clone().fill_(value)


def publish() -> None:
    """Make the in-place methods functions: the last step, since it needs all of them."""
    for name in INPLACE:
        if name in METHODS:
            FUNCTIONS[name] = METHODS[name]


for _name in VIEWS:
    expose(_copying(METHODS[_name], _name, False), f"{_name}_copy", method=False)
for _name in SEVERAL_VIEWS:
    expose(_copying(METHODS[_name], _name, True), f"{_name}_copy", method=False)
expose(METHODS["chunk"], "unsafe_chunk")
expose(METHODS["split"], "unsafe_split")
expose(alias_copy, "alias_copy", method=False)
expose(detach_copy, "detach_copy", method=False)
expose(constant_pad_nd, "constant_pad_nd", method=False)
expose(fill, "fill", method=False)
