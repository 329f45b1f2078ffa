"""Comparisons, logic and bits, and the functions that choose between values: maximum, clamp, where.

Operands broadcast and are compared in their common dtype (see `dtypes.result_type`); Python numbers are
operands too. Comparisons, tests and logic give bool tensors and have no derivative.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import METHODS, TensorNamespace, expose, op
from autograd_gpu.dtypes import BOOL, FLOAT, INTEGER, bool_, int64, uint8
from autograd_gpu.ops.operands import (
    INTEGRAL,
    REAL,
    accepts,
    as_operand,
    common_dtype,
    number,
    require,
)  # fmt: skip

# -- comparisons ---------------------------------------------------------------------------------------------


@op("elementwise", promote="common", out="infer")
def eq(F: Any, input: Any, other: Any) -> Any:
    """Where `input == other`.

    >>> ag.eq(ag.tensor([1, 2]), 2).tolist()
    [False, True]
    """
    return F.eq(input, other)


eq.no_rule()
expose(eq, "eq")
expose_inplace(eq, "eq_")


@op("elementwise", promote="common", out="infer")
def ne(F: Any, input: Any, other: Any) -> Any:
    """Where `input != other`; also where one of them is NaN.

    >>> ag.ne(ag.tensor([1, 2]), 2).tolist()
    [True, False]
    """
    return F.ne(input, other)


ne.no_rule()
expose(ne, "ne", "not_equal")
expose_inplace(ne, "ne_", "not_equal_")


@op("elementwise", promote="common", out="infer")
def lt(F: Any, input: Any, other: Any) -> Any:
    """Where `input < other`. Real only.

    >>> ag.lt(ag.tensor([1, 2, 3]), 2).tolist()
    [True, False, False]
    """
    return F.lt(input, other)


lt.no_rule()
accepts(lt, *REAL)
expose(lt, "lt", "less")
expose_inplace(lt, "lt_", "less_")


@op("elementwise", promote="common", out="infer")
def le(F: Any, input: Any, other: Any) -> Any:
    """Where `input <= other`. Real only.

    >>> ag.le(ag.tensor([1, 2, 3]), 2).tolist()
    [True, True, False]
    """
    return F.le(input, other)


le.no_rule()
accepts(le, *REAL)
expose(le, "le", "less_equal")
expose_inplace(le, "le_", "less_equal_")


@op("elementwise", promote="common", out="infer")
def gt(F: Any, input: Any, other: Any) -> Any:
    """Where `input > other`. Real only.

    >>> ag.gt(ag.tensor([1, 2, 3]), 2).tolist()
    [False, False, True]
    """
    return F.gt(input, other)


gt.no_rule()
accepts(gt, *REAL)
expose(gt, "gt", "greater")
expose_inplace(gt, "gt_", "greater_")


@op("elementwise", promote="common", out="infer")
def ge(F: Any, input: Any, other: Any) -> Any:
    """Where `input >= other`. Real only.

    >>> ag.ge(ag.tensor([1, 2, 3]), 2).tolist()
    [False, True, True]
    """
    return F.ge(input, other)


ge.no_rule()
accepts(ge, *REAL)
expose(ge, "ge", "greater_equal")
expose_inplace(ge, "ge_", "greater_equal_")


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements (NaN differs from itself): a Python bool.

    >>> ag.equal(ag.tensor([1, 2]), ag.tensor([1.0, 2.0]))
    True
    """
    if input._array.shape != other._array.shape:
        return False
    return builtins.bool(eq.apply(input, other).all())


expose(equal, "equal")


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Where `|input - other| <= atol + rtol * |other|`. Infinities are close to themselves only.

    Args:
        input, other: tensors of one dtype whose shapes broadcast.
        rtol, atol: the tolerances, not negative.
        equal_nan: whether NaN is close to NaN.

    Raises:
        RuntimeError: the dtypes differ, or a tolerance is negative.

    >>> ag.isclose(ag.tensor([1.0, 1.1]), ag.tensor([1.0, 1.0])).tolist()
    [True, False]
    """
    first, second = input._type.dtype, other._type.dtype
    if first is not second:
        raise RuntimeError(f"{first.scalar_name} did not match {second.scalar_name}{errors.here()}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not tolerance >= 0:
            raise RuntimeError(
                f"{name} must be greater than or equal to zero, but got {tolerance}{errors.here()}"
            )
    with modes.no_grad():
        close = eq.apply(input, other)
        if first.category < FLOAT:
            input, other = (as_operand(each, int64, each._type.device) for each in (input, other))
        elif equal_nan:
            close = logical_or.apply(close, logical_and.apply(isnan.apply(input), isnan.apply(other)))
        if rtol == 0 and atol == 0:
            return close  # type: ignore[no-any-return]
        apart = REGISTRY["abs"].apply(REGISTRY["sub"].apply(input, other))
        allowed = REGISTRY["add"].apply(
            REGISTRY["mul"].apply(REGISTRY["abs"].apply(other), float(rtol)), float(atol)
        )
        near = logical_and.apply(isfinite.apply(apart), le.apply(apart, allowed))
        return logical_or.apply(close, near)  # type: ignore[no-any-return]


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether `isclose` is true everywhere: a Python bool.

    >>> ag.allclose(ag.tensor([1.0, 1.1]), ag.tensor([1.0, 1.0]))
    False
    """
    return builtins.bool(isclose(input, other, rtol, atol, equal_nan).all())


expose(isclose, "isclose")
expose(allclose, "allclose")


# -- tests ---------------------------------------------------------------------------------------------------


@op("elementwise", promote="common", out="infer")
def isnan(F: Any, input: Any) -> Any:
    """Where an element (or a part of a complex one) is NaN.

    >>> ag.isnan(ag.tensor([1.0, ag.nan])).tolist()
    [False, True]
    """
    return F.isnan(input)


isnan.no_rule()
expose(isnan, "isnan")


@op("elementwise", promote="common", out="infer")
def isinf(F: Any, input: Any) -> Any:
    """Where an element (or a part of a complex one) is infinite.

    >>> ag.isinf(ag.tensor([1.0, -ag.inf])).tolist()
    [False, True]
    """
    return F.isinf(input)


isinf.no_rule()
expose(isinf, "isinf")


@op("elementwise", promote="common", out="infer")
def isfinite(F: Any, input: Any) -> Any:
    """Where an element is neither infinite nor NaN.

    >>> ag.isfinite(ag.tensor([1.0, ag.nan])).tolist()
    [True, False]
    """
    return F.isfinite(input)


isfinite.no_rule()
expose(isfinite, "isfinite")


@op("elementwise", promote="common", out="infer")
def isposinf(F: Any, input: Any) -> Any:
    """Where an element is plus infinity. Real only.

    >>> ag.isposinf(ag.tensor([ag.inf, -ag.inf])).tolist()
    [True, False]
    """
    return F.eq(input, math.inf)


isposinf.no_rule()
accepts(isposinf, *REAL, message="isposinf does not support complex inputs.", error=RuntimeError)
expose(isposinf, "isposinf")


@op("elementwise", promote="common", out="infer")
def isneginf(F: Any, input: Any) -> Any:
    """Where an element is minus infinity. Real only.

    >>> ag.isneginf(ag.tensor([ag.inf, -ag.inf])).tolist()
    [False, True]
    """
    return F.eq(input, -math.inf)


isneginf.no_rule()
accepts(isneginf, *REAL, message="isneginf does not support complex inputs.", error=RuntimeError)
expose(isneginf, "isneginf")


@op("elementwise", promote="common", out="infer")
def isreal(F: Any, input: Any) -> Any:
    """Where an element has no imaginary part.

    >>> ag.isreal(ag.tensor([1 + 0j, 1j])).tolist()
    [True, False]
    """
    return F.eq(F.imag(input), 0)


isreal.no_rule()
expose(isreal, "isreal")


@op("elementwise", promote="common", out="infer")
def signbit(F: Any, input: Any) -> Any:
    """Where an element is negative, -0.0 included. Real only.

    >>> ag.signbit(ag.tensor([-0.0, 1.0])).tolist()
    [True, False]
    """
    return F.signbit(input)


signbit.no_rule()
accepts(signbit, *REAL, message="signbit is not implemented for complex tensors.", error=RuntimeError)
expose(signbit, "signbit")


# -- logic and bits ------------------------------------------------------------------------------------------


@op("elementwise", promote="common", out="infer")
def logical_not(F: Any, input: Any) -> Any:
    """Where `input` is zero.

    >>> ag.logical_not(ag.tensor([0.0, 2.0])).tolist()
    [True, False]
    """
    return F.logical_not(input)


logical_not.no_rule()
expose(logical_not, "logical_not")
expose_inplace(logical_not, "logical_not_")


@op("elementwise", promote="common", out="infer")
def logical_and(F: Any, input: Any, other: Any) -> Any:
    """Where both `input` and `other` are not zero.

    >>> ag.logical_and(ag.tensor([0.0, 2.0]), ag.tensor([1, 1])).tolist()
    [False, True]
    """
    return F.logical_and(input, other)


logical_and.no_rule()
expose(logical_and, "logical_and")
expose_inplace(logical_and, "logical_and_")


@op("elementwise", promote="common", out="infer")
def logical_or(F: Any, input: Any, other: Any) -> Any:
    """Where `input` or `other` is not zero.

    >>> ag.logical_or(ag.tensor([0.0, 2.0]), ag.tensor([0, 0])).tolist()
    [False, True]
    """
    return F.logical_or(input, other)


logical_or.no_rule()
expose(logical_or, "logical_or")
expose_inplace(logical_or, "logical_or_")


@op("elementwise", promote="common", out="infer")
def logical_xor(F: Any, input: Any, other: Any) -> Any:
    """Where one of `input` and `other` is zero and the other is not.

    >>> ag.logical_xor(ag.tensor([0.0, 2.0]), ag.tensor([1, 1])).tolist()
    [True, False]
    """
    return F.logical_xor(input, other)


logical_xor.no_rule()
expose(logical_xor, "logical_xor")
expose_inplace(logical_xor, "logical_xor_")


@op("elementwise", promote="common")
def bitwise_not(F: Any, input: Any) -> Any:
    """Every bit inverted; `not` for bools. Bools and integers only.

    >>> ag.bitwise_not(ag.tensor([0, 5])).tolist()
    [-1, -6]
    """
    return F.bitwise_not(input)


bitwise_not.no_rule()
accepts(bitwise_not, *INTEGRAL)
expose(bitwise_not, "bitwise_not")
expose_inplace(bitwise_not, "bitwise_not_")


@op("elementwise", promote="common")
def bitwise_and(F: Any, input: Any, other: Any) -> Any:
    """The bits set in both; `and` for bools. Bools and integers only.

    >>> ag.bitwise_and(ag.tensor([6, 5]), 3).tolist()
    [2, 1]
    """
    return F.bitwise_and(input, other)


bitwise_and.no_rule()
accepts(bitwise_and, *INTEGRAL)
expose(bitwise_and, "bitwise_and")
expose_inplace(bitwise_and, "bitwise_and_")


@op("elementwise", promote="common")
def bitwise_or(F: Any, input: Any, other: Any) -> Any:
    """The bits set in one or both; `or` for bools. Bools and integers only.

    >>> ag.bitwise_or(ag.tensor([6, 5]), 3).tolist()
    [7, 7]
    """
    return F.bitwise_or(input, other)


bitwise_or.no_rule()
accepts(bitwise_or, *INTEGRAL)
expose(bitwise_or, "bitwise_or")
expose_inplace(bitwise_or, "bitwise_or_")


@op("elementwise", promote="common")
def bitwise_xor(F: Any, input: Any, other: Any) -> Any:
    """The bits set in one of them; exclusive `or` for bools. Bools and integers only.

    >>> ag.bitwise_xor(ag.tensor([6, 5]), 3).tolist()
    [5, 6]
    """
    return F.bitwise_xor(input, other)


bitwise_xor.no_rule()
accepts(bitwise_xor, *INTEGRAL)
expose(bitwise_xor, "bitwise_xor")
expose_inplace(bitwise_xor, "bitwise_xor_")


def _integers(inputs: Any) -> None:
    """Integers shift, and a bool among them counts as one."""
    require("bitwise_shift", inputs, INTEGRAL)
    if common_dtype(*inputs).category == BOOL:
        require("bitwise_shift", inputs, (INTEGER,))


@op("elementwise", promote="common")
def bitwise_left_shift(F: Any, input: Any, other: Any) -> Any:
    """The bits moved up by `other` places. Integers only.

    >>> ag.bitwise_left_shift(ag.tensor([6, 5]), 2).tolist()
    [24, 20]
    """
    return F.bitwise_left_shift(input, other)


bitwise_left_shift.no_rule()
accepts(bitwise_left_shift, *INTEGRAL)
bitwise_left_shift.check = _integers

expose(bitwise_left_shift, "bitwise_left_shift")
expose_inplace(bitwise_left_shift, "bitwise_left_shift_")


@op("elementwise", promote="common")
def bitwise_right_shift(F: Any, input: Any, other: Any) -> Any:
    """The bits moved down by `other` places, the sign kept. Integers only.

    >>> ag.bitwise_right_shift(ag.tensor([6, 5]), 2).tolist()
    [1, 1]
    """
    return F.bitwise_right_shift(input, other)


bitwise_right_shift.no_rule()
accepts(bitwise_right_shift, *INTEGRAL)
bitwise_right_shift.check = _integers

expose(bitwise_right_shift, "bitwise_right_shift")
expose_inplace(bitwise_right_shift, "bitwise_right_shift_")


# -- choosing ------------------------------------------------------------------------------------------------


@op("elementwise")
def zero_where(F: Any, input: Any, condition: Any) -> Any:
    """`input`, but 0 where `condition` (bool) is true, even if `input` is infinite or NaN there: what
    derivatives need.
    """
    return F.zero_where(input, condition)


zero_where.rule(input=lambda F, g, condition: F.zero_where(g, condition))


def _share(F: Any, g: Any, loses: Any, ties: Any) -> Any:
    """The gradient of the larger (smaller) of two: nothing where it lost, half of it where they are equal."""
    return F.zero_where(F.where(ties, g / 2, g), loses)


@op("elementwise", promote="common")
def maximum(F: Any, input: Any, other: Any) -> Any:
    """The larger of two elements; NaN if one of them is. Real only.

    Where they are equal, each gets half of the gradient.

    >>> ag.maximum(ag.tensor([1.0, 5.0]), ag.tensor([3.0, ag.nan])).tolist()
    [3.0, nan]
    """
    return F.maximum(input, other)


maximum.rule(
    input=lambda F, g, input, other: _share(F, g, input < other, input == other),
    other=lambda F, g, input, other: _share(F, g, input > other, input == other),
)
accepts(maximum, *REAL, message="maximum not implemented for complex tensors.", error=RuntimeError)
expose(maximum, "maximum")


@op("elementwise", promote="common")
def minimum(F: Any, input: Any, other: Any) -> Any:
    """The smaller of two elements; NaN if one of them is. Real only.

    Where they are equal, each gets half of the gradient.

    >>> ag.minimum(ag.tensor([1.0, 5.0]), ag.tensor([3.0, ag.nan])).tolist()
    [1.0, nan]
    """
    return F.minimum(input, other)


minimum.rule(
    input=lambda F, g, input, other: _share(F, g, input > other, input == other),
    other=lambda F, g, input, other: _share(F, g, input < other, input == other),
)
accepts(minimum, *REAL, message="minimum not implemented for complex tensors.", error=RuntimeError)
expose(minimum, "minimum")


@op("elementwise", promote="common")
def fmax(F: Any, input: Any, other: Any) -> Any:
    """The larger of two elements; the other one if one of them is NaN. Real only.

    Where they are equal, `input` gets the gradient.

    >>> ag.fmax(ag.tensor([1.0, 5.0]), ag.tensor([3.0, ag.nan])).tolist()
    [3.0, 5.0]
    """
    return F.fmax(input, other)


fmax.rule(
    input=lambda F, g, input, other: F.zero_where(
        g, F.logical_not(F.logical_or(input >= other, F.isnan(other)))
    ),
    other=lambda F, g, input, other: F.zero_where(g, F.logical_or(input >= other, F.isnan(other))),
)
accepts(fmax, *REAL, message="fmax not implemented for complex tensors.", error=RuntimeError)
expose(fmax, "fmax")


@op("elementwise", promote="common")
def fmin(F: Any, input: Any, other: Any) -> Any:
    """The smaller of two elements; the other one if one of them is NaN. Real only.

    Where they are equal, `input` gets the gradient.

    >>> ag.fmin(ag.tensor([1.0, 5.0]), ag.tensor([3.0, ag.nan])).tolist()
    [1.0, 5.0]
    """
    return F.fmin(input, other)


fmin.rule(
    input=lambda F, g, input, other: F.zero_where(
        g, F.logical_not(F.logical_or(input <= other, F.isnan(other)))
    ),
    other=lambda F, g, input, other: F.zero_where(g, F.logical_or(input <= other, F.isnan(other))),
)
accepts(fmin, *REAL, message="fmin not implemented for complex tensors.", error=RuntimeError)
expose(fmin, "fmin")


@op("elementwise", promote="common")
def clamp(F: Any, input: Any, min: Any = None, max: Any = None) -> Any:
    """`min(max(input, min), max)`."""
    return F.clamp(input, min, max)


def _clamp_rule(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    """The gradient where nothing was cut off, the bounds themselves included; NaN counts as cut off."""
    if min is None:
        inside = input <= max
    elif max is None:
        inside = input >= min
    else:
        inside = F.logical_and(input >= min, input <= max)
    return F.zero_where(g, F.logical_not(inside))


def _clamp_min_rule(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    """The gradient where `min` replaced the input and `max` did not replace `min`."""
    replaced = input < min if max is None else F.logical_and(min < max, input < min)
    return F.zero_where(g, F.logical_not(replaced))


def _clamp_max_rule(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    """The gradient where `max` replaced the input, or `min`."""
    replaced = input > max if min is None else F.logical_or(input > max, max < min)
    return F.zero_where(g, F.logical_not(replaced))


clamp.rule(input=_clamp_rule, min=_clamp_min_rule, max=_clamp_max_rule)


_REAL_NUMBERS = frozenset((int, float, type(None)))


@op("elementwise", grad_name="ClampBackward1")
def clamp_numbers(F: Any, input: Any, *, min: Any, max: Any) -> Any:
    """`clamp` with numbers, or None, for bounds that fit the dtype."""
    return F.clamp(
        input,
        None if min is None else F.scalar(min, input.dtype),
        None if max is None else F.scalar(max, input.dtype),
    )


clamp_numbers.rule(input=lambda F, g, input, *, min, max: _clamp_rule(F, g, input, min, max))


@clamp.surface
def _clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """`min(max(input, min), max)`, element by element.

    Args:
        input: a real tensor.
        min, max: numbers, tensors whose shapes broadcast with that of `input`, or None (no bound); not both
            None. Where `min` is above `max`, the result is `max`.

    The derivative is one where the input lies within the bounds, the bounds included, and zero elsewhere.

    >>> ag.clamp(ag.tensor([-2.0, 0.5, 3.0]), 0, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    plain = isinstance(input, Tensor) and input._type.fast and not (min is None and max is None)
    if plain and min.__class__ in _REAL_NUMBERS and max.__class__ in _REAL_NUMBERS:
        return clamp_numbers.apply(input, min=min, max=max)
    if min is None and max is None:
        raise RuntimeError(f"ag.clamp: At least one of 'min' or 'max' must not be None{errors.here()}")
    require("clamp", (input, min, max), REAL, "clamp is not supported for complex types")
    return clamp.apply(input, min, max)


def clamp_min(input: Any, min: Any) -> Any:
    """`clamp` with a lower bound only.

    >>> ag.clamp_min(ag.tensor([-2.0, 3.0]), 0).tolist()
    [0.0, 3.0]
    """
    return _clamp(input, min)


def clamp_max(input: Any, max: Any) -> Any:
    """`clamp` with an upper bound only.

    >>> ag.clamp_max(ag.tensor([-2.0, 3.0]), 0).tolist()
    [-2.0, 0.0]
    """
    return _clamp(input, None, max)


@op("elementwise", grad_name="WhereBackward0")
def choose(F: Any, input: Any, other: Any, condition: Any) -> Any:
    """`input` where `condition`, else `other`, which have one dtype.

    The bools come last because compiled code takes the type of the result from the first operand.
    """
    return F.where(condition, input, other)


choose.rule(
    input=lambda F, g, condition: F.zero_where(g, F.logical_not(condition)),
    other=lambda F, g, condition: F.zero_where(g, condition),
)


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where `condition` is true, `other` elsewhere.

    Args:
        condition: a bool tensor.
        input, other: tensors or numbers; the shapes of all three broadcast, the result has the common dtype
            of the two. Without them, the indices of the elements of `condition` that are not zero, as
            `nonzero(as_tuple=True)`.

    Raises:
        RuntimeError: `condition` is not of bools.

    >>> ag.where(ag.tensor([True, False]), ag.tensor([1.0, 2.0]), 0).tolist()
    [1.0, 0.0]
    """
    tensors = isinstance(condition, Tensor) and isinstance(input, Tensor) and isinstance(other, Tensor)
    if tensors and condition._type.dtype is bool_ and input._type is other._type:
        return choose.apply(input, other, condition)
    if not isinstance(condition, Tensor):
        raise TypeError(
            "where(): argument 'condition' (position 1) must be Tensor, not "
            f"{type(condition).__name__}{errors.here()}"
        )
    if input is None and other is None:
        return METHODS["nonzero"](condition, as_tuple=True)
    if condition._type.dtype is not bool_:
        if condition._type.dtype is not uint8:
            raise RuntimeError(
                "where expected condition to be a boolean tensor, but got a tensor with dtype "
                f"{condition._type.dtype.scalar_name}{errors.here()}"
            )
        condition = as_operand(condition, bool_, condition._type.device)
    for position, value in enumerate((input, other), 2):
        if not isinstance(number(value), (Tensor, bool, int, float, complex)):
            raise TypeError(
                f"where(): argument {'input' if position == 2 else 'other'!r} (position {position}) "
                f"must be Tensor, not {type(value).__name__}{errors.here()}"
            )
    dtype = common_dtype(input, other)
    input, other = (as_operand(number(value), dtype, _device(value, condition)) for value in (input, other))
    return choose.apply(input, other, condition)


# rules and bodies call it by this name
TensorNamespace.where = staticmethod(where)  # type: ignore[attr-defined]


def _device(value: Any, condition: Tensor) -> Any:
    return value._type.device if isinstance(value, Tensor) else condition._type.device


def where_method(self: Tensor, condition: Tensor, other: Any) -> Any:
    """`self` where `condition` is true, `other` elsewhere: see `ag.where`."""
    return where(condition, self, other)


expose(clamp, "clamp", "clip")
expose(clamp_min, "clamp_min")
expose(clamp_max, "clamp_max")
expose_inplace(_clamp, "clamp_", "clip_")
expose_inplace(clamp_min, "clamp_min_")
expose_inplace(clamp_max, "clamp_max_")
expose(where, "where", method=False)
expose(where_method, "where", function_too=False)
