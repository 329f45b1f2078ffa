"""Elementwise arithmetic: sums, products, quotients, remainders, powers and what is made of them.

Operands broadcast, and have one dtype after promotion (see `dtypes.result_type`); Python numbers are operands
too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import adopt, check_writable, expose_inplace, inplace
from autograd_gpu.core.op import expose, op
from autograd_gpu.dtypes import BOOL, COMPLEX, FLOAT, INTEGER, complex128, float64, int64
from autograd_gpu.ops.operands import (
    FLOATING,
    INTEGRAL,
    REAL,
    accepts,
    as_operand,
    common_dtype,
    number,
    promoted,
    require,
    through_float32,
)  # fmt: skip

# -- sums and products ---------------------------------------------------------------------------------------


@op("elementwise", promote="common")
def add(F: Any, input: Any, other: Any) -> Any:
    """`input + other`."""
    return F.add(input, other)


add.rule(input=lambda F, g: g, other=lambda F, g: g)


@add.surface
def _add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """`input + alpha * other`, element by element.

    Args:
        input, other: tensors whose shapes broadcast, or numbers; the result has their common dtype.
        alpha: a number; an integer if the result is integral. Default 1.

    >>> ag.add(ag.tensor([1.0, 2.0]), 10, alpha=2).tolist()
    [21.0, 22.0]
    """
    return add.apply(input, other if is_one(alpha) else scaled(input, other, alpha))


def is_one(alpha: Any) -> bool:
    """Whether `alpha` is left at its default. (True and 1.0 are not: there are results they are not allowed
    for.)
    """
    return alpha.__class__ is int and alpha == 1


def scaled(input: Any, other: Any, alpha: Any) -> Any:
    """`alpha * other` in the dtype that `input` and `other` are promoted to."""
    dtype = common_dtype(input, other)
    if isinstance(alpha, bool) and dtype.category != BOOL:
        raise RuntimeError(f"Boolean alpha only supported for Boolean results.{errors.here()}")
    if isinstance(alpha, float) and dtype.category < FLOAT:
        raise RuntimeError(
            f"For integral input tensors, argument alpha must not be a floating point number.{errors.here()}"
        )
    if isinstance(alpha, complex) and dtype.category < COMPLEX:
        raise RuntimeError(
            f"For non-complex input tensors, argument alpha must not be a complex number.{errors.here()}"
        )
    device = next(value._type.device for value in (input, other) if isinstance(value, Tensor))
    return mul.apply(as_operand(other, dtype, device), bool(alpha) if dtype.category == BOOL else alpha)


@op("elementwise", promote="common")
def sub(F: Any, input: Any, other: Any) -> Any:
    """`input - other`."""
    return F.sub(input, other)


sub.rule(input=lambda F, g: g, other=lambda F, g: -g)


def _no_bools(inputs: Sequence[Any]) -> None:
    bools = [is_bool(value) for value in inputs]
    if all(bools):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. "
            f"Use the `^` or `logical_xor()` operator instead.{errors.here()}"
        )
    if any(bools):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. "
            "If you are trying to invert a mask, use the `~` or `logical_not()` operator instead."
            f"{errors.here()}"
        )


def is_bool(value: Any) -> bool:
    """Whether a number or tensor is of bools."""
    return value._type.dtype.category == BOOL if isinstance(value, Tensor) else isinstance(value, bool)


sub.check = _no_bools


@sub.surface
def _sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """`input - alpha * other`, element by element.

    Args:
        input, other: tensors whose shapes broadcast, or numbers; the result has their common dtype.
        alpha: a number; an integer if the result is integral. Default 1.

    Raises:
        RuntimeError: for bools.

    >>> ag.sub(ag.tensor([1.0, 2.0]), 10, alpha=2).tolist()
    [-19.0, -18.0]
    """
    if is_one(alpha):
        return sub.apply(input, other)
    _no_bools((input, other))
    return sub.apply(input, scaled(input, other, alpha))


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """`other - alpha * input`: `sub` with its operands exchanged.

    >>> ag.rsub(ag.tensor([1.0, 2.0]), 10).tolist()
    [9.0, 8.0]
    """
    return _sub(other, input, alpha=alpha)


@op("elementwise", promote="common")
def mul(F: Any, input: Any, other: Any) -> Any:
    """`input * other`, element by element; `and` for bools.

    Args:
        input, other: tensors whose shapes broadcast, or numbers; the result has their common dtype.

    >>> ag.mul(ag.tensor([1.0, 2.0]), ag.tensor([[3.0], [4.0]])).tolist()
    [[3.0, 6.0], [4.0, 8.0]]
    """
    return F.mul(input, other)


mul.rule(input=lambda F, g, other: g * other, other=lambda F, g, input: g * input)


@op("elementwise", promote="common")
def neg(F: Any, input: Any) -> Any:
    """`-input`, element by element; unsigned integers wrap around.

    Raises:
        RuntimeError: for bools.

    >>> ag.neg(ag.tensor([1.0, -2.0])).tolist()
    [-1.0, 2.0]
    """
    return F.neg(input)


neg.rule(input=lambda F, g: -g)
accepts(
    neg, INTEGER, *FLOATING, error=RuntimeError,
    message="Negation, the `-` operator, on a bool tensor is not supported. "
    "If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.",
)  # fmt: skip


def positive(input: Any) -> Any:
    """`input` itself.

    Raises:
        RuntimeError: for bools.

    >>> ag.positive(ag.tensor([1.0, -2.0])).tolist()
    [1.0, -2.0]
    """
    require(
        "positive",
        [input],
        (INTEGER, *FLOATING),
        "The `+` operator, on a bool tensor is not supported.",
        RuntimeError,
    )
    return input


# -- quotients -----------------------------------------------------------------------------------------------


@op("elementwise", promote="float")
def div(F: Any, input: Any, other: Any) -> Any:
    """`input / other`."""
    return F.div(input, other)


div.rule(
    input=lambda F, g, other: g / other,
    other=lambda F, g, input, other: -g * ((input / other) / other),
)


@div.surface
def _div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """`input / other`, element by element.

    Args:
        input, other: tensors whose shapes broadcast, or numbers.
        rounding_mode: None (default): the true quotient; of integers in the default floating dtype.
            "trunc": rounded towards zero, "floor": rounded down; integers stay integers. The derivative is
            zero then.

    Raises:
        RuntimeError: for another rounding mode, and for an integer rounded quotient by zero.

    >>> ag.div(ag.tensor([7, -7]), 2).tolist()
    [3.5, -3.5]
    >>> ag.div(ag.tensor([7, -7]), 2, rounding_mode="trunc").tolist()
    [3, -3]
    """
    if rounding_mode is None:
        return div.apply(input, other)
    if rounding_mode == "floor":
        return _floor_divide(input, other)
    if rounding_mode != "trunc":
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'{errors.here()}"
        )
    _no_zero_divisor(input, other)
    return trunc_divide.apply(input, other)


@op("elementwise", promote="common")
def trunc_divide(F: Any, input: Any, other: Any) -> Any:
    """`trunc(input / other)`, without a detour over floating numbers for integers."""
    if input.dtype.kind in "iu":
        return F.floor_divide(input - F.fmod(input, other), other)
    return F.trunc(input / other)


trunc_divide.rule(input=lambda F, g: F.zeros_like(g), other=lambda F, g: F.zeros_like(g))
accepts(trunc_divide, INTEGER, FLOAT)


def true_divide(input: Any, other: Any) -> Any:
    """`input / other`, element by element: `div` without a rounding mode.

    >>> ag.true_divide(ag.tensor([7, -7]), 2).tolist()
    [3.5, -3.5]
    """
    return div.apply(input, other)


@op("elementwise", promote="common")
def floor_divide(F: Any, input: Any, other: Any) -> Any:
    """`floor(input / other)`."""
    return F.floor_divide(input, other)


# The quotient moves in steps: its derivative is zero wherever there is one.
floor_divide.rule(input=lambda F, g: F.zeros_like(g), other=lambda F, g: F.zeros_like(g))
accepts(floor_divide, *REAL)


@floor_divide.surface
def _floor_divide(input: Any, other: Any) -> Any:
    """`floor(input / other)`, element by element; integers stay integers. The derivative is zero.

    Args:
        input, other: real tensors whose shapes broadcast, or numbers; the result has their common dtype.

    Raises:
        RuntimeError: for an integer division by zero.

    >>> ag.floor_divide(ag.tensor([7, -7]), 2).tolist()
    [3, -4]
    """
    _no_zero_divisor(input, other)
    return floor_divide.apply(input, other)


@op("elementwise", promote="common")
def remainder(F: Any, input: Any, other: Any) -> Any:
    """`input - other * floor(input / other)`."""
    return F.remainder(input, other)


remainder.rule(
    input=lambda F, g: g,
    other=lambda F, g, input, other: -g * F.floor_divide(input, other),
)
accepts(remainder, *REAL)


@remainder.surface
def _remainder(input: Any, other: Any) -> Any:
    """Python's ``input % other``, element by element: the result has the sign of `other`.

    Args:
        input, other: real tensors whose shapes broadcast, or numbers; the result has their common dtype.

    Raises:
        RuntimeError: for an integer division by zero.

    >>> ag.remainder(ag.tensor([7, -7]), 4).tolist()
    [3, 1]
    """
    _no_zero_divisor(input, other)
    return remainder.apply(input, other)


@op("elementwise", promote="common")
def fmod(F: Any, input: Any, other: Any) -> Any:
    """`input - other * trunc(input / other)`."""
    return F.fmod(input, other)


fmod.rule(
    input=lambda F, g: g,
    other=lambda F, g, input, other: -g * F.trunc(input / other),
)
accepts(fmod, *REAL)


@fmod.surface
def _fmod(input: Any, other: Any) -> Any:
    """C's ``fmod(input, other)``, element by element: the result has the sign of `input`.

    Args:
        input, other: real tensors whose shapes broadcast, or numbers; the result has their common dtype.

    Raises:
        RuntimeError: for an integer division by zero.

    >>> ag.fmod(ag.tensor([7, -7]), 4).tolist()
    [3, -3]
    """
    _no_zero_divisor(input, other)
    return fmod.apply(input, other)


def _no_zero_divisor(input: Any, other: Any) -> None:
    """PyTorch's error for an integer division by zero, which it raises on the CPU only."""
    if isinstance(other, Tensor):
        kind = other._type
        zero = kind.dtype.category < FLOAT and kind.device.type == "cpu" and bool((other._array == 0).any())
    else:
        zero = other == 0
    if zero and common_dtype(input, other).category < FLOAT:
        raise RuntimeError(f"ZeroDivisionError: integer division by zero{errors.here()}")


# -- powers --------------------------------------------------------------------------------------------------


@op("elementwise", grad_name="PowBackward0")
@through_float32
def pow_scalar(F: Any, input: Any, *, exponent: Any) -> Any:
    """`input` to the power of a number; the common exponents by multiplications and roots, as in PyTorch."""
    if exponent == 2:
        return F.mul(input, input)
    if exponent == 3:
        return F.mul(F.mul(input, input), input)
    if input.dtype.kind in "fc":
        if exponent == 0.5:
            return F.sqrt(input)
        if exponent == -0.5:
            return F.rsqrt(input)
        if exponent == -1:
            return F.reciprocal(input)
    return F.pow(input, F.scalar(exponent, input.dtype))


def _pow_scalar_rule(F: Any, g: Any, input: Any, *, exponent: Any) -> Any:
    if exponent == 0:
        return F.zeros_like(g)
    if exponent == 2:
        return (2 * g) * input  # one op to record where g is a constant
    return g * (exponent * F.pow_scalar(input, exponent=exponent - 1))


pow_scalar.rule(input=_pow_scalar_rule)


@op("elementwise", promote="common", grad_name="PowBackward1")
def pow(F: Any, input: Any, exponent: Any) -> Any:
    """`input` to the power of `exponent`."""
    return F.pow(input, exponent)


pow.rule(
    # 0 * x ** -1 is 0 for every x, and x ** y does not depend on y where x is 0 and y is not negative
    input=lambda F, g, input, exponent: F.zero_where(
        g * (exponent * F.pow(input, exponent - 1)), exponent == 0
    ),
    exponent=lambda F, g, input, exponent, out: F.zero_where(
        g * (out * F.log(input)), F.logical_and(input == 0, F.real(exponent) >= 0)
    ),
)


@pow.surface
def _pow(input: Any, exponent: Any) -> Any:
    """`input` to the power of `exponent`, element by element.

    Args:
        input, exponent: tensors whose shapes broadcast, or one of them a number; the result has their common
            dtype.

    The derivative by `input` is zero where `exponent` is, that by `exponent` zero where `input` is zero and
    `exponent` is not negative.

    Raises:
        RuntimeError: integers to the power of a negative number. (A tensor of negative integers as exponent
            of integers is allowed: the result is rounded towards zero.)

    >>> ag.pow(ag.tensor([1.0, 2.0, 3.0]), 2).tolist()
    [1.0, 4.0, 9.0]
    >>> ag.pow(2, ag.tensor([1, 2, 3])).tolist()
    [2, 4, 8]
    """
    exponent = number(exponent)
    if isinstance(exponent, Tensor) or not isinstance(input, Tensor):
        if is_bool(input) and is_bool(exponent):
            require("pow", [exponent], (INTEGER, *FLOATING), "\"pow\" not implemented for 'Bool'")
        return pow.apply(input, exponent)
    if not input._type.fast or exponent.__class__ not in (int, float):
        if not isinstance(exponent, (bool, int, float, complex)):
            raise TypeError(
                "pow(): argument 'exponent' must be Tensor or Number, not "
                f"{type(exponent).__name__}{errors.here()}"
            )
        (input,) = promoted(input, dtype=common_dtype(input, exponent))
        if input._type.dtype.category < FLOAT and isinstance(exponent, int) and exponent < 0:
            raise RuntimeError(f"Integers to negative integer powers are not allowed.{errors.here()}")
    return pow_scalar.apply(input, exponent=exponent)


def float_power(input: Any, exponent: Any) -> Any:
    """`input` to the power of `exponent`, computed and returned in float64, or in complex128 if an operand is
    complex.

    >>> ag.float_power(ag.tensor([1, 2, 3]), -1).dtype
    ag.float64
    """
    dtype = complex128 if common_dtype(input, exponent).is_complex else float64
    given = [
        promoted(value, dtype=dtype)[0] if isinstance(value, Tensor) else value for value in (input, exponent)
    ]
    return _pow(*given)


@op("elementwise", promote="common", grad_name="PowBackward0")
def square(F: Any, input: Any) -> Any:
    """`input * input`."""
    return F.square(input)


square.rule(input=lambda F, g, input: g * (2 * input))


@square.surface
def _square(input: Any) -> Any:
    """The square of each element; integers stay integers.

    >>> ag.square(ag.tensor([1.0, -2.0])).tolist()
    [1.0, 4.0]
    """
    return (
        pow_scalar.apply(*promoted(input, dtype=int64), exponent=2) if is_bool(input) else square.apply(input)
    )


def ldexp(input: Any, other: Any) -> Any:
    """`input * 2 ** other`, element by element.

    >>> ag.ldexp(ag.tensor([1.0, 1.0]), ag.tensor([1, -1])).tolist()
    [2.0, 0.5]
    """
    return mul.apply(input, pow.apply(2.0, other))


# -- three operands ------------------------------------------------------------------------------------------


@op("elementwise", promote="common")
def addcmul(F: Any, input: Any, tensor1: Any, tensor2: Any, *, value: Any) -> Any:
    """`input + value * tensor1 * tensor2`."""
    return F.addcmul(input, tensor1, tensor2, value=value)


addcmul.rule(
    input=lambda F, g: g,
    tensor1=lambda F, g, tensor2, *, value: _times(value, g * tensor2),
    tensor2=lambda F, g, tensor1, *, value: _times(value, g * tensor1),
)


def _times(value: Any, x: Any) -> Any:
    return x if value == 1 else value * x


@addcmul.surface
def _addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """`input + value * tensor1 * tensor2`, element by element.

    Args:
        input, tensor1, tensor2: tensors whose shapes broadcast; the result has their common dtype.
        value: a number. Default 1.

    >>> ag.addcmul(ag.tensor([1.0, 1.0]), ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0]), value=0.5).tolist()
    [2.5, 5.0]
    """
    return addcmul.apply(input, tensor1, tensor2, value=number(value))


@op("elementwise", promote="common")
def addcdiv(F: Any, input: Any, tensor1: Any, tensor2: Any, *, value: Any) -> Any:
    """`input + value * tensor1 / tensor2`."""
    return F.addcdiv(input, tensor1, tensor2, value=value)


addcdiv.rule(
    input=lambda F, g: g,
    tensor1=lambda F, g, tensor2, *, value: _times(value, g / tensor2),
    tensor2=lambda F, g, tensor1, tensor2, *, value: -g * (_times(value, tensor1) / (tensor2 * tensor2)),
)


@addcdiv.surface
def _addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """`input + value * tensor1 / tensor2`, element by element.

    Args:
        input, tensor1, tensor2: tensors whose shapes broadcast; the result has their common dtype.
        value: a number. Default 1.

    Raises:
        RuntimeError: if `tensor1` and `tensor2` are integral.

    >>> ag.addcdiv(ag.tensor([1.0, 1.0]), ag.tensor([1.0, 2.0]), ag.tensor([2.0, 4.0]), value=2).tolist()
    [2.0, 2.0]
    """
    if all(
        isinstance(tensor, Tensor) and tensor._type.dtype.category in INTEGRAL
        for tensor in (tensor1, tensor2)
    ):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported: write input + value * tensor1 / tensor2, "
            f"or input + value * ag.div(tensor1, tensor2, rounding_mode='trunc'){errors.here()}"
        )
    return addcdiv.apply(input, tensor1, tensor2, value=number(value))


@op("elementwise", promote="common")
def lerp(F: Any, input: Any, end: Any, weight: Any) -> Any:
    """`input + weight * (end - input)`, element by element: linear interpolation; exact for weights 0 and 1.

    Args:
        input, end: floating tensors whose shapes broadcast.
        weight: a tensor, or a number.

    >>> ag.lerp(ag.tensor([0.0, 10.0]), ag.tensor([4.0, 20.0]), 0.25).tolist()
    [1.0, 12.5]
    """
    return F.lerp(input, end, weight)


lerp.rule(
    input=lambda F, g, weight: g * (1 - weight),
    end=lambda F, g, weight: g * weight,
    weight=lambda F, g, input, end: g * (end - input),
)
accepts(lerp, *FLOATING)


def add_(self: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """In-place `add`."""
    return inplace(add, self, other if is_one(alpha) else scaled(self, other, alpha))


def sub_(self: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """In-place `sub`."""
    _no_bools((self, other))
    return inplace(sub, self, other if is_one(alpha) else scaled(self, other, alpha))


def div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """In-place `div`."""
    if rounding_mode is None:
        return inplace(div, self, other)
    check_writable(self, "div")
    return adopt(self, _div(self, other, rounding_mode=rounding_mode))


def pow_(self: Tensor, exponent: Any) -> Tensor:
    """In-place `pow`."""
    exponent = number(exponent)
    if isinstance(exponent, Tensor) or common_dtype(self, exponent) is not self._type.dtype:
        return inplace(pow, self, exponent)
    return inplace(pow_scalar, self, exponent=exponent)


# -- names ---------------------------------------------------------------------------------------------------

expose(add, "add")
expose(sub, "sub", "subtract")
expose(rsub, "rsub", method=False)
expose(mul, "mul", "multiply")
expose(neg, "neg", "negative")
expose(positive, "positive")
expose(div, "div", "divide")
expose(true_divide, "true_divide")
expose(floor_divide, "floor_divide")
expose(remainder, "remainder")
expose(fmod, "fmod")
expose(pow, "pow")
expose(float_power, "float_power")
expose(square, "square")
expose(ldexp, "ldexp")
expose(addcmul, "addcmul")
expose(addcdiv, "addcdiv")
expose(lerp, "lerp")


expose(add_, "add_", function_too=False)
expose(sub_, "sub_", "subtract_", function_too=False)
expose(div_, "div_", "divide_", function_too=False)
expose(pow_, "pow_", function_too=False)
expose_inplace(mul, "mul_", "multiply_")
expose_inplace(neg, "neg_", "negative_")
expose_inplace(div, "true_divide_")
expose_inplace(_floor_divide, "floor_divide_")
expose_inplace(_remainder, "remainder_")
expose_inplace(_fmod, "fmod_")
expose_inplace(float_power, "float_power_")
expose_inplace(_square, "square_")
expose_inplace(ldexp, "ldexp_")
expose_inplace(_addcmul, "addcmul_")
expose_inplace(_addcdiv, "addcdiv_")
expose_inplace(lerp, "lerp_")
