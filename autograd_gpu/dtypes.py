"""The element types, and every rule about how they combine.

A dtype is one `DType` object, so code compares dtypes with `is`, and a dictionary keyed by dtypes hashes
addresses. What an array library calls the type is `DType.numpy`; `of_numpy` leads back.

bfloat16 is the odd one: NumPy has no such type, the optional package ml_dtypes brings one. The object
`bfloat16` always exists and takes part in promotion; ml_dtypes is imported when its `.numpy` is first read.

All promotion is decided here and follows PyTorch (https://docs.pytorch.org/docs/stable/tensor_attributes.html):
the lattice `_DIRECTLY_ABOVE` says in which type two types meet, `result_type` adds that a tensor with
dimensions outranks a zero-dim one, which outranks a Python scalar. PyTorch's complex32 is left out, so
float16 meets complex numbers in complex64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

__all__ = [
    "BOOL",
    "COMPLEX",
    "DIMENSIONED",
    "FLOAT",
    "INTEGER",
    "SCALAR",
    "ZERO_DIM",
    "DType",
    "all_dtypes",
    "as_dtype",
    "bfloat16",
    "bool_",
    "can_cast",
    "cdouble",
    "cfloat",
    "complex64",
    "complex128",
    "double",
    "finfo",
    "float16",
    "float32",
    "float64",
    "float_",
    "get_default_dtype",
    "half",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "int_",
    "long",
    "of_numpy",
    "promote_types",
    "result_type",
    "scalar_dtype",
    "set_default_dtype",
    "short",
    "uint8",
]

# The values of DType.category: an operation's result never falls into a lower category than its operands.
BOOL: Final = 0
INTEGER: Final = 1
FLOAT: Final = 2
COMPLEX: Final = 3


class DType:
    """The type of a tensor's elements; one object per type, made by this module only.

    Attributes:
        name: ``"float32"``; ``"bool"`` for `bool_`.
        numpy: the `numpy.dtype`; reading it from `bfloat16` raises ImportError unless ml_dtypes is installed.
        itemsize: bytes per element.
        category: `BOOL` < `INTEGER` < `FLOAT` < `COMPLEX`.
        is_floating_point: whether it is float16, bfloat16, float32 or float64 (complex types are not).
        is_complex: whether it is complex64 or complex128.
        is_signed: whether it holds negative values (False for bool and uint8).
        scalar_name: what PyTorch calls it inside error messages, ``"Float"`` for float32.

    Two dtypes are equal only if they are the same object; pickling and copying give that object back.

    Example:
        >>> ag.float32
        ag.float32
        >>> ag.float32.itemsize, ag.float32.is_floating_point, ag.complex64.to_real()
        (4, True, ag.float32)
    """

    __slots__ = (
        "category",
        "is_complex",
        "is_floating_point",
        "is_signed",
        "itemsize",
        "name",
        "numpy",
        "scalar_name",
    )

    name: str
    numpy: np.dtype[Any]
    itemsize: int
    category: int
    is_floating_point: bool
    is_complex: bool
    is_signed: bool
    scalar_name: str

    def __init__(self, name: str, itemsize: int, category: int, is_signed: bool, scalar_name: str) -> None:
        put = object.__setattr__
        put(self, "name", name)
        put(self, "itemsize", itemsize)
        put(self, "category", category)
        put(self, "is_floating_point", category == FLOAT)
        put(self, "is_complex", category == COMPLEX)
        put(self, "is_signed", is_signed)
        put(self, "scalar_name", scalar_name)
        if name != "bfloat16":
            put(self, "numpy", np.dtype(name))

    if not TYPE_CHECKING:

        def __getattr__(self, attribute: str) -> Any:
            # Python asks here only for a slot that is empty, so the types NumPy knows never pay for this.
            if attribute == "numpy":
                object.__setattr__(self, "numpy", _bfloat16_numpy())
                return self.numpy
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {attribute!r}")

    def __setattr__(self, attribute: str, value: object) -> NoReturn:
        raise AttributeError(f"cannot set {attribute!r}: {self!r} is immutable")

    def __delattr__(self, attribute: str) -> NoReturn:
        raise AttributeError(f"cannot delete {attribute!r}: {self!r} is immutable")

    def __repr__(self) -> str:
        return f"ag.{self.name}"

    def __reduce__(self) -> str:
        # A string tells pickle and copy to look the object up as a global of this module.
        return "bool_" if self.category == BOOL else self.name

    def to_complex(self) -> DType:
        """The complex type whose parts hold this type: complex128 for float64, complex64 for smaller floats.

        Raises:
            RuntimeError: for bool and the integers, as PyTorch.

        Example:
            >>> ag.float64.to_complex()
            ag.complex128
        """
        if self.category < FLOAT:
            raise RuntimeError(
                f"Unknown Complex ScalarType for {self.scalar_name}: only floating-point types have a "
                "complex counterpart; convert to one of them first"
            )
        return _TO_COMPLEX.get(self, self)

    def to_real(self) -> DType:
        """The type of the real and imaginary parts of a complex type; any other type is returned as it is.

        Example:
            >>> ag.complex64.to_real(), ag.int32.to_real()
            (ag.float32, ag.int32)
        """
        return _TO_REAL.get(self, self)


def _bfloat16_numpy() -> np.dtype[Any]:
    try:
        import ml_dtypes
    except ImportError as error:
        raise ImportError(
            "bfloat16 needs the package ml_dtypes, which is not installed: "
            "pip install 'autograd_gpu[bfloat16]'"
        ) from error
    found: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return found


float16: Final = DType("float16", 2, FLOAT, True, "Half")
bfloat16: Final = DType("bfloat16", 2, FLOAT, True, "BFloat16")
float32: Final = DType("float32", 4, FLOAT, True, "Float")
float64: Final = DType("float64", 8, FLOAT, True, "Double")
uint8: Final = DType("uint8", 1, INTEGER, False, "Byte")
int8: Final = DType("int8", 1, INTEGER, True, "Char")
int16: Final = DType("int16", 2, INTEGER, True, "Short")
int32: Final = DType("int32", 4, INTEGER, True, "Int")
int64: Final = DType("int64", 8, INTEGER, True, "Long")
bool_: Final = DType("bool", 1, BOOL, False, "Bool")
complex64: Final = DType("complex64", 8, COMPLEX, True, "ComplexFloat")
complex128: Final = DType("complex128", 16, COMPLEX, True, "ComplexDouble")

# PyTorch's second names. `float_`, `int_` and `bool_` are public as ag.float, ag.int and ag.bool; here they
# would shadow the builtins.
half: Final = float16
float_: Final = float32
double: Final = float64
short: Final = int16
int_: Final = int32
long: Final = int64
cfloat: Final = complex64
cdouble: Final = complex128

all_dtypes: Final = (
    bool_,
    uint8,
    int8,
    int16,
    int32,
    int64,
    float16,
    bfloat16,
    float32,
    float64,
    complex64,
    complex128,
)

_TO_COMPLEX = {float16: complex64, bfloat16: complex64, float32: complex64, float64: complex128}
_TO_REAL = {complex64: float32, complex128: float64}


# ---- conversion from other libraries' names ------------------------------------------------------

_OF_NUMPY: dict[np.dtype[Any], DType] = {dtype.numpy: dtype for dtype in all_dtypes if dtype is not bfloat16}
_OF_NAME = {dtype.name: dtype for dtype in all_dtypes} | {
    "half": half,
    "float": float_,
    "double": double,
    "short": short,
    "int": int_,
    "long": long,
    "cfloat": cfloat,
    "cdouble": cdouble,
}
_OF_PYTHON: dict[type, DType] = {bool: bool_, int: int64, float: float64, complex: complex128}
_SUPPORTED = ", ".join(dtype.name for dtype in reversed(all_dtypes) if dtype is not bool_) + " and bool"


def of_numpy(dtype: np.dtype[Any]) -> DType:
    """The `DType` of a NumPy or CuPy array's `dtype`.

    Raises:
        TypeError: for a type that tensors cannot hold, such as uint32, strings and objects.
        ValueError: for a supported type in the other byte order.

    Example:
        >>> import numpy as np
        >>> from autograd_gpu.dtypes import of_numpy
        >>> of_numpy(np.dtype("int64"))
        ag.int64
    """
    found = _OF_NUMPY.get(dtype)
    return found if found is not None else _of_unusual_numpy(dtype)


def _of_unusual_numpy(dtype: np.dtype[Any]) -> DType:
    if dtype.name == "bfloat16" and dtype == bfloat16.numpy:
        _OF_NUMPY[dtype] = bfloat16
        return bfloat16
    if not dtype.isnative and dtype.newbyteorder("=") in _OF_NUMPY:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte "
            f"orders is currently not supported: convert it first with array.astype(np.{dtype.name})"
        )
    raise TypeError(
        f"can't convert np.ndarray of type numpy.{dtype.type.__name__}. The only supported types are: "
        f"{_SUPPORTED}. Convert it first with array.astype(...)"
    )


def as_dtype(dtype: Any) -> DType:
    """The `DType` that a user's `dtype=` argument names.

    Args:
        dtype: a `DType`; a `numpy.dtype` or NumPy scalar type; a name such as ``"float32"`` or ``"half"``; or
            one of the Python types bool (bool), int (int64), float (float64) and complex (complex128), whatever
            the default dtype is.

    Raises:
        TypeError: for anything else.

    Example:
        >>> import numpy as np
        >>> from autograd_gpu.dtypes import as_dtype
        >>> as_dtype("float64"), as_dtype(np.int8), as_dtype(float)
        (ag.float64, ag.int8, ag.float64)
    """
    if type(dtype) is DType:
        return dtype
    if isinstance(dtype, np.dtype):
        return of_numpy(dtype)
    if isinstance(dtype, str):
        found = _OF_NAME.get(dtype)
        if found is not None:
            return found
    elif isinstance(dtype, type):
        if dtype in _OF_PYTHON:
            return _OF_PYTHON[dtype]
        if issubclass(dtype, np.generic):
            return of_numpy(np.dtype(dtype))
    raise TypeError(
        "dtype must be a dtype such as ag.float32, a NumPy dtype, a name such as 'float32', or one of the "
        f"types bool, int, float and complex; got {dtype!r}"
    )


# ---- the default type ----------------------------------------------------------------------------

_default: DType = float32


def get_default_dtype() -> DType:
    """The type of new tensors made from Python floats: float32 unless `set_default_dtype` changed it.

    Example:
        >>> ag.get_default_dtype()
        ag.float32
    """
    return _default


def set_default_dtype(d: Any) -> None:
    """Set the floating type of new tensors made from Python floats, in all threads.

    Args:
        d: a floating dtype, in any form that `as_dtype` takes.

    Raises:
        TypeError: if `d` is not a floating-point type.

    Example:
        >>> ag.set_default_dtype(ag.float64)
        >>> ag.get_default_dtype()
        ag.float64
        >>> ag.set_default_dtype(ag.float32)
    """
    global _default
    try:
        dtype = as_dtype(d)
    except TypeError:
        raise TypeError(
            f"invalid dtype object: only floating-point types are supported as the default type, got {d!r}"
        ) from None
    if not dtype.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {dtype!r}")
    dtype.numpy  # noqa: B018  (bfloat16 without ml_dtypes must fail here, not at the next tensor)
    _default = dtype


def scalar_dtype(value: bool | int | float | complex) -> DType:
    """The type that a Python scalar counts as: bool, int64, the default dtype, or its complex counterpart.

    NumPy's scalars count by what they are: a `numpy.float32` is a float32.

    Raises:
        TypeError: if `value` is not a number.
    """
    if isinstance(value, np.generic):
        return of_numpy(value.dtype)
    if isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return int64
    if isinstance(value, float):
        return _default
    if isinstance(value, complex):
        return _default.to_complex()
    raise TypeError(f"expected a number, got {type(value).__name__}")


# ---- promotion -----------------------------------------------------------------------------------

# PyTorch's promotion as a lattice: two types are promoted to the lowest type that lies above (or at) both.
_DIRECTLY_ABOVE: dict[DType, tuple[DType, ...]] = {
    bool_: (uint8, int8),
    uint8: (int16,),
    int8: (int16,),
    int16: (int32,),
    int32: (int64,),
    int64: (float16, bfloat16),
    float16: (float32,),
    bfloat16: (float32,),
    float32: (float64, complex64),
    float64: (complex128,),
    complex64: (complex128,),
    complex128: (),
}


def _promotion_table() -> dict[tuple[DType, DType], DType]:
    at_or_above: dict[DType, set[DType]] = {}
    for dtype in reversed(_DIRECTLY_ABOVE):
        at_or_above[dtype] = {dtype}.union(*(at_or_above[higher] for higher in _DIRECTLY_ABOVE[dtype]))
    # Among the types above both, the lowest is the one with the most types above itself.
    return {
        (a, b): max(at_or_above[a] & at_or_above[b], key=lambda common: len(at_or_above[common]))
        for a in all_dtypes
        for b in all_dtypes
    }


_PROMOTED = _promotion_table()


def promote_types(type1: DType, type2: DType) -> DType:
    """The smallest type of the highest category among the two that holds both, as `torch.promote_types`.

    Raises:
        TypeError: if an argument is not a dtype.

    Example:
        >>> ag.promote_types(ag.int64, ag.float16), ag.promote_types(ag.uint8, ag.int8)
        (ag.float16, ag.int16)
    """
    try:
        return _PROMOTED[type1, type2]
    except (KeyError, TypeError):
        _require_dtypes("promote_types", type1=type1, type2=type2)
        raise


# The priorities of `result_type`, highest first.
DIMENSIONED: Final = 0
ZERO_DIM: Final = 1
SCALAR: Final = 2


def result_type(*operands: tuple[DType, int]) -> DType:
    """The type in which an operation on several operands is computed, as `torch.result_type`.

    Args:
        operands: for each operand its dtype and its priority: `DIMENSIONED` for a tensor with at least one
            dimension, `ZERO_DIM` for a tensor without, `SCALAR` for a Python number (whose dtype
            `scalar_dtype` gives).

    Operands of one priority are promoted with `promote_types`. A lower priority then counts only if its
    category is higher: a Python float turns integers into the default dtype, a complex number turns a
    floating type into the complex type of its precision.

    Raises:
        ValueError: without operands.

    Example:
        >>> from autograd_gpu.dtypes import DIMENSIONED, SCALAR, ZERO_DIM, result_type, scalar_dtype
        >>> result_type((ag.int64, DIMENSIONED), (scalar_dtype(2.5), SCALAR))
        ag.float32
        >>> result_type((ag.float32, DIMENSIONED), (ag.float64, ZERO_DIM))
        ag.float32
    """
    by_priority: list[DType | None] = [None, None, None]
    for dtype, priority in operands:
        if priority == SCALAR and dtype.category >= FLOAT:
            dtype = _default if dtype.category == FLOAT else _default.to_complex()
        previous = by_priority[priority]
        by_priority[priority] = dtype if previous is None else _PROMOTED[previous, dtype]
    result = None
    for dtype_or_none in by_priority:
        result = _outrank(result, dtype_or_none)
    if result is None:
        raise ValueError("result_type() needs at least one operand")
    return result


def _outrank(higher: DType | None, lower: DType | None) -> DType | None:
    """What is left of two priorities: the higher one's type, unless the lower one's category is higher."""
    if higher is None or lower is None:
        return higher or lower
    if higher.category >= lower.category:
        return higher
    return higher.to_complex() if higher.category == FLOAT else lower


def can_cast(from_: DType, to: DType) -> bool:
    """Whether PyTorch's rules let a result of type `from_` be stored in a tensor of type `to`.

    They forbid losing a category (complex to real, float to integer, anything but bool to bool), not losing
    precision.

    Raises:
        TypeError: if an argument is not a dtype.

    Example:
        >>> ag.can_cast(ag.float64, ag.float16), ag.can_cast(ag.float32, ag.int32)
        (True, False)
    """
    _require_dtypes("can_cast", from_=from_, to=to)
    return from_.category <= to.category


def _require_dtypes(function: str, **arguments: object) -> None:
    for position, (name, value) in enumerate(arguments.items(), 1):
        if type(value) is not DType:
            raise TypeError(
                f"{function}(): argument '{name}' (position {position}) must be a dtype such as ag.float32, "
                f"not {type(value).__name__}"
            )


# ---- limits --------------------------------------------------------------------------------------

# Per floating type: bits of the fraction, largest exponent, decimal digits that survive a round trip.
_FLOAT_FORMAT = {float16: (10, 15, 3), bfloat16: (7, 127, 2), float32: (23, 127, 6), float64: (52, 1023, 15)}


class finfo:
    """The limits of a floating-point type, as `torch.finfo`; for a complex type, those of its parts.

    Args:
        type: the dtype; the default dtype if left out.

    Attributes:
        bits: bits per value.
        eps: distance from 1.0 to the next larger value.
        max, min: the largest value and its negative.
        tiny, smallest_normal: the smallest positive value with full precision.
        resolution: the decimal precision, ``1e-6`` for float32.
        dtype: the name of the type, a string.

    Raises:
        TypeError: for bool, integers and what is not a dtype.

    Example:
        >>> ag.finfo(ag.float16).max
        65504.0
        >>> ag.finfo(ag.float32).eps == 2**-23
        True
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: Any = None) -> None:
        dtype = (_default if type is None else as_dtype(type)).to_real()
        if not dtype.is_floating_point:
            raise TypeError(
                f"ag.finfo() requires a floating point input type. Use ag.iinfo to handle {dtype!r}"
                if dtype is not bool_
                else "ag.finfo() requires a floating point input type, got ag.bool"
            )
        fraction_bits, largest_exponent, digits = _FLOAT_FORMAT[dtype]
        self.bits = dtype.itemsize * 8
        self.eps = 2.0**-fraction_bits
        self.max = (2.0 - self.eps) * 2.0**largest_exponent
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (1 - largest_exponent)
        self.resolution = float(f"1e-{digits}")
        self.dtype = dtype.name

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer type, as `torch.iinfo`.

    Attributes:
        bits: bits per value.
        max, min: the largest and the smallest value.
        dtype: the name of the type, a string.

    Raises:
        TypeError: for bool, floating and complex types and what is not a dtype.

    Example:
        >>> ag.iinfo(ag.int8)
        iinfo(min=-128, max=127, dtype=int8)
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: Any) -> None:
        dtype = as_dtype(type)
        if dtype is bool_:
            raise TypeError("ag.bool is not supported by ag.iinfo")
        if dtype.category != INTEGER:
            raise TypeError(f"ag.iinfo() requires an integer input type. Use ag.finfo to handle {dtype!r}")
        self.bits = dtype.itemsize * 8
        self.max = 2 ** (self.bits - dtype.is_signed) - 1
        self.min = -self.max - 1 if dtype.is_signed else 0
        self.dtype = dtype.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
