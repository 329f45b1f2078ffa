"""`assert_close`: whether two results agree, up to rounding, with a message that says where they do not.

The comparison is made on the host, in NumPy; tolerances, options and texts are
`torch.testing.assert_close`'s.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_gpu import dtypes
from autograd_gpu.autograd.closeness import is_close
from autograd_gpu.core.graph import Tensor
from autograd_gpu.device import ArrayType, type_of, type_of_array
from autograd_gpu.dtypes import DType

#: PyTorch's table: dtype -> (rtol, atol); what is not listed must be equal
TOLERANCES: dict[DType, tuple[float, float]] = {
    dtypes.float16: (1e-3, 1e-5),
    dtypes.bfloat16: (1.6e-2, 1e-5),
    dtypes.float32: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7),
    dtypes.complex64: (1.3e-6, 1e-5),
    dtypes.complex128: (1e-7, 1e-7),
}
_DTYPE_OF_NUMBER: dict[type, DType] = {
    bool: dtypes.bool_,
    int: dtypes.int64,
    float: dtypes.float64,
    complex: dtypes.complex128,
}


class _Mismatch(Exception):
    """What is wrong, and at which item of nested sequences and mappings."""

    def __init__(self, error: type[Exception], text: str, item: tuple[Any, ...]) -> None:
        super().__init__(text)
        self.error = error
        self.text = text
        self.item = item

    def to_error(self, msg: str | Callable[[str], str] | None) -> Exception:
        if isinstance(msg, str):
            return self.error(msg)
        text = self.text
        if self.item:
            text += f"\n\nThe failure occurred for item {''.join(str([key]) for key in self.item)}"
        return self.error(msg(text) if msg is not None else text)


class _Options:
    def __init__(
        self,
        allow_subclasses: bool,
        rtol: float | None,
        atol: float | None,
        equal_nan: bool,
        check_device: bool,
        check_dtype: bool,
        check_stride: bool,
    ) -> None:
        self.allow_subclasses = allow_subclasses
        self.rtol = rtol
        self.atol = atol
        self.equal_nan = equal_nan
        self.check_device = check_device
        self.check_dtype = check_dtype
        self.check_stride = check_stride

    def check_tolerances(self, item: tuple[Any, ...]) -> None:
        if (self.rtol is None) is not (self.atol is None):
            missing = "rtol" if self.rtol is None else "atol"
            text = f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
            raise _Mismatch(ValueError, text, item)

    def tolerances(self, *compared: DType) -> tuple[float, float]:
        """The given (rtol, atol), or the looser of the two dtypes' defaults."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        defaults = [TOLERANCES.get(dtype, (0.0, 0.0)) for dtype in compared]
        return max(rtol for rtol, _ in defaults), max(atol for _, atol in defaults)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise an AssertionError unless ``actual`` and ``expected`` are close.

    Finite values are close if ``|actual - expected| <= atol + rtol * |expected|``; infinities only if they
    are equal, NaNs only with `equal_nan`.

    Args:
        actual, expected: tensors, NumPy or CuPy arrays, Python or NumPy numbers, None, or sequences and
            mappings of those, nested to any depth. Apart from numbers, two values must be of related types: a
            tensor is never close to an array. The types of sequences and mappings may differ, their lengths
            and keys may not.
        allow_subclasses: whether a `Tensor` may be compared with a tensor of a subclass.
        rtol, atol: relative and absolute tolerance; both or none. By default they depend on the dtype (the
            looser of the two): float16 1e-3, 1e-5; bfloat16 1.6e-2, 1e-5; float32 and complex64 1.3e-6, 1e-5;
            float64 and complex128 1e-7, 1e-7; all others 0, 0.
        equal_nan: whether two NaNs are close.
        check_device: whether the devices must be the same; if not, values are compared on the host either
            way.
        check_dtype: whether the dtypes (of numbers: the types) must be the same; if not, values are compared
            in the promoted dtype.
        check_layout: accepted for PyTorch's sake; all tensors are strided.
        check_stride: whether the strides must be the same.
        msg: what to say where values differ, or a function that makes it from the generated message.

    Raises:
        AssertionError: if values, shapes, dtypes, devices, strides, lengths or keys differ.
        TypeError: for values that cannot be compared with each other.
        ValueError: if only one of `rtol` and `atol` is given.

    Example:
        >>> import autograd_gpu.testing as testing
        >>> testing.assert_close(ag.tensor([1.0, 2.0]), ag.tensor([1.0, 2.0000001]))
        >>> testing.assert_close(ag.tensor([1.0, 2.0]), ag.tensor([1.0, 2.5]))
        Traceback (most recent call last):
        AssertionError: Tensor-likes are not close!
        <BLANKLINE>
        Mismatched elements: 1 / 2 (50.0%)
        Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)
        Greatest relative difference: 0.20000000298023224 at index (1,) (up to 1.3e-06 allowed)
    """
    __tracebackhide__ = True
    options = _Options(allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_stride)
    # Structure first, all of it: a missing key says more than the first value that differs.
    try:
        pairs = _pairs(actual, expected, options, ())
    except _Mismatch as mismatch:
        raise mismatch.to_error(None) from None
    for pair in pairs:
        try:
            pair()
        except _Mismatch as mismatch:
            raise mismatch.to_error(msg) from None


def _pairs(actual: Any, expected: Any, options: _Options, item: tuple[Any, ...]) -> list[Callable[[], None]]:
    """The comparisons of all items, not yet made."""
    if _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            text = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            raise _Mismatch(AssertionError, text, item)
        return [
            pair
            for index in range(len(actual))
            for pair in _pairs(actual[index], expected[index], options, (*item, index))
        ]
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            raise _Mismatch(
                AssertionError,
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {_in_order(expected.keys() - actual.keys())}\n"
                f"Additional keys in the actual mapping: {_in_order(actual.keys() - expected.keys())}",
                item,
            )
        return [
            pair
            for key in _in_order(actual)
            for pair in _pairs(actual[key], expected[key], options, (*item, key))
        ]
    return [_pair(actual, expected, options, item)]


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _in_order(keys: Any) -> list[Any]:
    try:
        return sorted(keys)
    except TypeError:  # keys of different types have no order
        return list(keys)


def _pair(actual: Any, expected: Any, options: _Options, item: tuple[Any, ...]) -> Callable[[], None]:
    """The comparison of two values that are no containers."""
    if actual is None or expected is None:
        return lambda: _compare_none(actual, expected, item)
    numbers = (bool, int, float, complex, np.bool_, np.number)
    if isinstance(actual, numbers) and isinstance(expected, numbers):
        if not (isinstance(actual, (bool, np.bool_)) and isinstance(expected, (bool, np.bool_))):
            options.check_tolerances(item)
        a = actual.item() if isinstance(actual, np.generic) else actual
        e = expected.item() if isinstance(expected, np.generic) else expected
        return lambda: _compare_numbers(a, e, options, item)
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if related and (options.allow_subclasses or type(actual) is type(expected)):
        first, second = _type_of(actual), _type_of(expected)
        if first is not None and second is not None:
            options.check_tolerances(item)
            return lambda: _compare_arrays(actual, expected, first, second, options, item)
    raise _Mismatch(
        TypeError,
        f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.",
        item,
    )


def _type_of(value: Any) -> ArrayType | None:
    if isinstance(value, Tensor):
        return value._type
    if type(value) in type_of_array:
        try:
            return type_of(value)
        except (TypeError, ValueError):  # arrays of strings, objects, ...
            return None
    return None


def _compare_none(actual: Any, expected: Any, item: tuple[Any, ...]) -> None:
    if actual is not expected:
        raise _Mismatch(AssertionError, f"None mismatch: {actual} is not {expected}", item)


def _compare_numbers(actual: Any, expected: Any, options: _Options, item: tuple[Any, ...]) -> None:
    if isinstance(actual, bool) and isinstance(expected, bool):
        if actual is not expected:
            raise _Mismatch(AssertionError, f"Booleans mismatch: {actual} is not {expected}", item)
        return
    if options.check_dtype and type(actual) is not type(expected):
        raise _Mismatch(
            AssertionError, f"The (d)types do not match: {type(actual)} != {type(expected)}.", item
        )
    rtol, atol = options.tolerances(_DTYPE_OF_NUMBER[type(actual)], _DTYPE_OF_NUMBER[type(expected)])
    if actual == expected or (options.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)):
        return
    difference = abs(actual - expected)
    if not (cmath.isfinite(difference) and difference <= atol + rtol * abs(expected)):
        raise _Mismatch(AssertionError, _scalar_message(actual, expected, rtol, atol), item)


def _compare_arrays(
    actual: Any,
    expected: Any,
    actual_type: ArrayType,
    expected_type: ArrayType,
    options: _Options,
    item: tuple[Any, ...],
) -> None:
    def differ(attribute: str, first: Any, second: Any) -> _Mismatch:
        text = f"The values for attribute '{attribute}' do not match: {first} != {second}."
        return _Mismatch(AssertionError, text, item)

    a = actual._array if isinstance(actual, Tensor) else actual
    e = expected._array if isinstance(expected, Tensor) else expected
    if a.shape != e.shape:
        raise differ("shape", tuple(a.shape), tuple(e.shape))
    if options.check_stride and _strides(a) != _strides(e):
        raise differ("stride()", _strides(a), _strides(e))
    if options.check_device and actual_type.device is not expected_type.device:
        raise differ("device", actual_type.device, expected_type.device)
    if options.check_dtype and actual_type.dtype is not expected_type.dtype:
        raise differ("dtype", actual_type.dtype, expected_type.dtype)

    rtol, atol = options.tolerances(actual_type.dtype, expected_type.dtype)
    common = dtypes.promote_types(actual_type.dtype, expected_type.dtype).numpy
    a = actual_type.namespace.to_host(a).astype(common, copy=False)
    e = expected_type.namespace.to_host(e).astype(common, copy=False)
    matches = is_close(a, e, rtol, atol, options.equal_nan)
    if not matches.all():
        if a.ndim == 0:
            text = _scalar_message(a.item(), e.item(), rtol, atol)
        else:
            text = _array_message(a, e, matches, rtol, atol)
        raise _Mismatch(AssertionError, text, item)


def _strides(array: Any) -> tuple[int, ...]:
    """Strides in elements, as PyTorch counts them."""
    return tuple(stride // array.itemsize for stride in array.strides)


def _scalar_message(actual: Any, expected: Any, rtol: float, atol: float) -> str:
    difference = abs(actual - expected)
    relative = float("inf") if expected == 0 else difference / abs(expected)
    exact = rtol == 0 and atol == 0
    return (
        f"Scalars are not {'equal' if exact else 'close'}!\n\n"
        f"Expected {expected} but got {actual}.\n"
        f"Absolute difference: {difference}{_allowed(atol, exact)}\n"
        f"Relative difference: {relative}{_allowed(rtol, exact)}"
    )


def _array_message(
    actual: np.ndarray[Any, Any],
    expected: np.ndarray[Any, Any],
    matches: np.ndarray[Any, Any],
    rtol: float,
    atol: float,
) -> str:
    integers = actual.dtype.kind in "bui"
    if integers:
        actual, expected = actual.astype(np.int64), expected.astype(np.int64)
    with np.errstate(all="ignore"):
        absolute = np.where(matches, 0, np.abs(actual - expected))
        size = np.abs(expected)
        # PyTorch divides integers in float32.
        quotient = absolute.astype(np.float32) / size.astype(np.float32) if integers else absolute / size
        relative = np.where(matches, 0, quotient)
    wrong, total = int(matches.size - matches.sum()), matches.size
    exact = rtol == 0 and atol == 0
    lines = [
        f"Tensor-likes are not {'equal' if exact else 'close'}!\n",
        f"Mismatched elements: {wrong} / {total} ({wrong / total:.1%})",
    ]
    for kind, differences, tolerance in (("absolute", absolute, atol), ("relative", relative, rtol)):
        index = tuple(int(i) for i in np.unravel_index(int(np.argmax(differences)), differences.shape))
        greatest = (
            differences[index].item() if isinstance(differences[index], np.generic) else differences[index]
        )
        lines.append(f"Greatest {kind} difference: {greatest} at index {index}{_allowed(tolerance, exact)}")
    return "\n".join(lines)


def _allowed(tolerance: float, exact: bool) -> str:
    return "" if exact else f" (up to {tolerance} allowed)"
