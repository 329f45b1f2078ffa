"""Tensors from a size: zeros, ones, full, empty, ranges, the identity, and their `_like` and `new_` forms.

All take ``dtype=`` (default: the default dtype, or what the values say), ``device=`` (default: the default
device), ``requires_grad=`` and ``pin_memory=``; those with ``out=`` write into that tensor, which gets the
size of the result.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, bump, node_of, wrap
from autograd_gpu.core.op import TensorNamespace, expose, operand
from autograd_gpu.device import SILENT, ArrayType, restore, silence, type_of
from autograd_gpu.dtypes import DType
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.creation import finish, item, target_type

Shape = tuple[int, ...]
Number = bool | int | float | complex
Build = Callable[[Any, Any], Any]


# -- arguments -------------------------------------------------------------------------------------


def size_of(function: str, values: Sequence[Any], size: Any = None) -> Shape:
    """The size that ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))`` asks for.

    Raises:
        TypeError: missing, given twice, or not made of ints.
        RuntimeError: negative.
    """
    if size is not None:
        if values:
            raise TypeError(f"{function}() got multiple values for argument 'size'{errors.here()}")
        values = (size,)
        if not isinstance(size, (tuple, list)):
            raise TypeError(
                f"{function}(): argument 'size' must be tuple of ints, not {type(size).__name__}"
                f"{errors.here()}"
            )
    if not values:
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"{errors.here()}')
    nested = isinstance(values[0], (tuple, list))
    if nested:
        if len(values) > 1:
            raise TypeError(
                f"{function}() takes 1 positional argument but {len(values)} were given{errors.here()}"
            )
        values = values[0]
    shape = tuple([_extent(function, value, position, nested) for position, value in enumerate(values)])
    if shape and min(shape) < 0:
        raise RuntimeError(
            f"{function}: Dimension size must be non-negative, but the size is {list(shape)}{errors.here()}"
        )
    return shape


def _extent(function: str, value: Any, position: int, nested: bool) -> int:
    if value.__class__ is int:
        return value
    if not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            pass
    found = type(value).__name__
    if nested:
        raise TypeError(
            f"{function}(): argument 'size' (position 1) must be tuple of ints, but found element of "
            f"type {found} at pos "
            f"{position}{errors.here()}"
        )
    if position:
        raise TypeError(
            f"{function}(): argument 'size' failed to unpack the object at pos {position + 1} with "
            'error "type must be '
            f'tuple of ints,but got {found}"{errors.here()}'
        )
    raise TypeError(
        f"{function}(): argument 'size' (position 1) must be tuple of ints, not {found}{errors.here()}"
    )


def tuple_size(function: str, size: Any) -> Shape:
    """The size of functions that take it as one tuple."""
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            f"{function}(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}"
            f"{errors.here()}"
        )
    return size_of(function, (size,))


def number_of(function: str, name: str, position: int, value: Any) -> Number:
    """A Python number, NumPy scalar or tensor without dimensions as a Python number."""
    if isinstance(value, Tensor) and not value._array.ndim:
        return item(value)
    if (
        hasattr(value, "dtype")
        and hasattr(value, "item")
        and not isinstance(value, Tensor)
        and not getattr(value, "ndim", 1)
    ):
        value = value.item()
    if isinstance(value, (bool, int, float, complex)):
        return value
    raise TypeError(
        f"{function}(): argument '{name}' (position {position}) must be Number, not {type(value).__name__}"
        f"{errors.here()}"
    )


def fitting(value: Number, dtype: DType) -> Number:
    """A number as one that `dtype` holds: real for real types, truncated for integers, wrapped for uint8.

    Raises:
        RuntimeError: it is out of the range of the type.
    """
    real: Number = value
    if dtype.category == dtypes.COMPLEX:
        parts = (complex(value).real, complex(value).imag)
        limit = dtypes.finfo(dtype).max
        fits = all(abs(part) <= limit or not math.isfinite(part) for part in parts)
    elif dtype.category == dtypes.BOOL:
        return bool(value)
    else:
        fits = not isinstance(value, complex) or value.imag == 0
        real = value.real
        if fits and dtype.is_floating_point:
            fits = not math.isfinite(real) or abs(real) <= dtypes.finfo(dtype).max
        elif fits:
            info = dtypes.iinfo(dtype)
            # As PyTorch: in the type's range before truncation; an unsigned type takes negative ints modulo.
            lowest = info.min if dtype.is_signed or isinstance(real, float) else -info.max
            fits = lowest <= real <= info.max
            if fits:
                real = int(real) if dtype.is_signed else int(real) % (info.max + 1)
    if not fits:
        raise RuntimeError(
            f"value cannot be converted to type {dtype.name} without overflow: {value}{errors.here()}"
        )
    return real


# -- the one road to a new tensor ------------------------------------------------------------------


def allocate(function: str, shape: Shape, type: ArrayType, build: Build) -> Any:
    """The raw array that ``build(namespace, numpy dtype)`` makes; errors name function, size and bytes."""
    count = math.prod(shape) * type.dtype.itemsize
    if count >= 2**63:
        raise RuntimeError(
            f"{function}(): Storage size calculation overflowed with sizes={list(shape)}{errors.here()}"
        )
    token = silence(SILENT)
    try:
        return build(type.namespace, type.numpy)
    except MemoryError as error:
        what = f"{type.dtype.name}{list(shape)}"
        if type.device.type == "cpu":
            message = f"can't allocate memory: you tried to allocate {count} bytes on cpu for {what}"
        else:
            message = f"{error}\n  for {what} on {type.device}"
        raise errors.OutOfMemoryError(f"{function}(): {message}{errors.here()}") from error
    finally:
        restore(token)


def _new(
    function: str,
    shape: Shape,
    build: Build,
    type: ArrayType,
    requires_grad: bool,
    pin_memory: bool,
    out: Tensor | None = None,
) -> Tensor:
    array = allocate(function, shape, type, build)
    if out is None:
        return finish(wrap(array, type), requires_grad, pin_memory)
    if out._array.shape == array.shape:
        out._array[...] = array
    else:
        out._array = array
    bump(out)
    return out


def _type(
    function: str, dtype: Any, device: Any, out: Tensor | None, inferred: DType | None = None
) -> ArrayType:
    """What is to be made: what the arguments ask for, or what `out` is."""
    if out is None:
        return target_type(dtype, device, inferred)
    if not isinstance(out, Tensor):
        raise TypeError(
            f"{function}(): argument 'out' must be Tensor, not {type(out).__name__}{errors.here()}"
        )
    own = out._type
    if node_of(out) is not None:
        raise RuntimeError(
            f"{function}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the "
            f"arguments requires grad.{errors.here()}"
        )
    if dtype is not None and dtypes.as_dtype(dtype) is not own.dtype:
        raise RuntimeError(
            f"{function}(): dtype {dtypes.as_dtype(dtype).scalar_name} does not match dtype of out parameter "
            f"({own.dtype.scalar_name}){errors.here()}"
        )
    if device is not None and target_type(own.dtype, device) is not own:
        raise RuntimeError(
            f"{function}(): device type {device} does not match device type of out parameter ({own.device})"
            f"{errors.here()}"
        )
    return own


# -- sizes -----------------------------------------------------------------------------------------


def zeros(
    *sizes: Any, size: Any = None, out: Tensor | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of zeros; its size is given as ``zeros(2, 3)``, ``zeros((2, 3))`` or ``zeros(size=(2, 3))``.

    Args:
        sizes, size: the size; ``()`` for a tensor without dimensions.
        out: a tensor to write the result into.
        dtype: default: the default dtype.
        device: default: the default device.
        requires_grad: whether backward should fill its ``.grad``.
        pin_memory: put it into page-locked main memory (needs CUDA).

    Raises:
        TypeError: sizes that are no ints.
        RuntimeError: negative sizes; `dtype` or `device` contradict `out`.
        OutOfMemoryError: there is no room.

    Example:
        >>> ag.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    shape = size_of("zeros", sizes, size)
    type = _type("zeros", dtype, device, out)
    return _new("zeros", shape, lambda F, kind: F.zeros(shape, kind), type, requires_grad, pin_memory, out)


def ones(
    *sizes: Any, size: Any = None, out: Tensor | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of ones; the arguments are those of `ag.zeros`.

    >>> ag.ones(2, dtype=ag.int32)
    tensor([1, 1], dtype=ag.int32)
    """
    shape = size_of("ones", sizes, size)
    type = _type("ones", dtype, device, out)
    return _new("ones", shape, lambda F, kind: F.ones(shape, kind), type, requires_grad, pin_memory, out)


def empty(
    *sizes: Any, size: Any = None, out: Tensor | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor with whatever is in its memory; the arguments are those of `ag.zeros`.

    >>> ag.empty(2, 3).shape
    ag.Size([2, 3])
    """
    shape = size_of("empty", sizes, size)
    type = _type("empty", dtype, device, out)
    return _new("empty", shape, lambda F, kind: F.empty(shape, kind), type, requires_grad, pin_memory, out)


def full(
    size: Any, fill_value: Any, *, out: Tensor | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of one value.

    Args:
        size: a tuple of ints.
        fill_value: a number, or a tensor without dimensions.
        out, device, requires_grad, pin_memory: as for `ag.zeros`.
        dtype: default: that of the value, found as by `ag.tensor`.

    Raises:
        RuntimeError: the value is out of the range of `dtype`.

    Example:
        >>> ag.full((2, 2), 7)
        tensor([[7, 7],
                [7, 7]])
    """
    shape = tuple_size("full", size)
    value = number_of("full", "fill_value", 2, fill_value)
    type = _type("full", dtype, device, out, dtypes.scalar_dtype(value))
    value = fitting(value, type.dtype)
    return _new(
        "full", shape, lambda F, kind: F.full(shape, value, kind), type, requires_grad, pin_memory, out
    )


def scalar_tensor(
    s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A number as a tensor without dimensions, of the default dtype unless `dtype` says otherwise.

    >>> ag.scalar_tensor(3)
    tensor(3.)
    """
    type = target_type(dtype, device)
    value = fitting(number_of("scalar_tensor", "s", 1, s), type.dtype)
    return _new("scalar_tensor", (), lambda F, kind: F.full((), value, kind), type, requires_grad, pin_memory)


# -- ranges ----------------------------------------------------------------------------------------


def arange(
    *bounds: Any, start: Any = None, end: Any = None, step: Any = None, out: Tensor | None = None,
    dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """``start``, ``start + step``, ... up to, but without, ``end``.

    Call it as ``arange(end)``, ``arange(start, end)`` or ``arange(start, end, step)``.
    There are ``ceil((end - start) / step)`` values. With a fractional step rounding can add one that equals
    `end`; `ag.linspace` has no such doubt.

    Args:
        bounds, start, end, step: numbers, or tensors without dimensions; `start` is 0, `step` 1 if left out.
        dtype: default: int64 if all three are ints, else the default dtype.
        out, device, requires_grad, pin_memory: as for `ag.zeros`.

    Raises:
        RuntimeError: `step` is 0 or leads away from `end`; bounds that are not finite.
        NotImplementedError: for bool and complex dtypes.

    Example:
        >>> ag.arange(5)
        tensor([0, 1, 2, 3, 4])
        >>> ag.arange(1, 2.5, 0.5)
        tensor([1.0000, 1.5000, 2.0000])
    """
    first, last, by = _bounds(bounds, start, end, step)
    fractional = any(isinstance(value, float) for value in (first, last, by))
    type = _type("arange", dtype, device, out, dtypes.get_default_dtype() if fractional else dtypes.int64)
    _refuse_bool_and_complex("arange", type, real=True)
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first} -> {last}{errors.here()}")
    if type.dtype is dtypes.int64:
        first, last, by = int(first), int(last), int(by)
    if by == 0:
        raise RuntimeError(f"step must be nonzero{errors.here()}")
    if (last - first) * by < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign: from {first} to {last} by {by}"
            f"{errors.here()}"
        )
    count = math.ceil((last - first) / by)
    return _new(
        "arange",
        (count,),
        lambda F, kind: F.arange(first, last, by, kind),
        type,
        requires_grad,
        pin_memory,
        out,
    )


def _bounds(bounds: tuple[Any, ...], start: Any, end: Any, step: Any) -> tuple[Any, Any, Any]:
    named: dict[str, Any] = {"start": start, "end": end, "step": step}
    names = ("end",) if len(bounds) == 1 and end is None else ("start", "end", "step")
    if len(bounds) > len(names):
        raise TypeError(
            f"arange() takes at most 3 positional arguments but {len(bounds)} were given{errors.here()}"
        )
    for name, value in zip(names, bounds, strict=False):
        if named[name] is not None:
            raise TypeError(f"arange() got multiple values for argument '{name}'{errors.here()}")
        named[name] = value
    if named["end"] is None:
        raise TypeError(
            f"arange() received an invalid combination of arguments: 'end' is missing{errors.here()}"
        )
    values: list[Any] = []
    for name, default in (("start", 0), ("end", None), ("step", 1)):
        position = names.index(name) + 1 if name in names else 1
        value = default if named[name] is None else number_of("arange", name, position, named[name])
        if isinstance(value, complex):
            raise RuntimeError(f"arange(): argument '{name}' must be real, but it is {value}{errors.here()}")
        values.append(value)
    return values[0], values[1], values[2]


def _refuse_bool_and_complex(function: str, type: ArrayType, real: bool) -> None:
    category = type.dtype.category
    if category == dtypes.BOOL or (real and category == dtypes.COMPLEX):
        raise NotImplementedError(
            f"\"{function}_{type.device.type}\" not implemented for '{type.dtype.scalar_name}'{errors.here()}"
        )


def linspace(
    start: Any, end: Any, steps: Any, *, out: Tensor | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` values at equal distances, from `start` to `end`, both included.

    Args:
        start, end: numbers, or tensors without dimensions; may be complex.
        steps: how many values; with one, it is `start`.
        dtype: default: the default dtype, or its complex counterpart.
        out, device, requires_grad, pin_memory: as for `ag.zeros`.

    Raises:
        RuntimeError: `steps` is negative; complex bounds with a real `dtype`.

    Example:
        >>> ag.linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    first, last, count, type = _spaced("linspace", start, end, steps, dtype, device, out)
    return _new(
        "linspace",
        (count,),
        lambda F, kind: F.linspace(first, last, count, kind),
        type,
        requires_grad,
        pin_memory,
        out,
    )


def logspace(
    start: Any, end: Any, steps: Any, base: float = 10.0, *, out: Tensor | None = None, dtype: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`base` to the power of each of `ag.linspace(start, end, steps)`; other arguments as for `ag.linspace`.

    >>> ag.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    first, last, count, type = _spaced("logspace", start, end, steps, dtype, device, out)
    number = number_of("logspace", "base", 4, base)
    if isinstance(number, complex):
        raise TypeError(f"logspace(): argument 'base' (position 4) must be float, not complex{errors.here()}")
    work = (dtypes.complex128 if type.dtype.is_complex else dtypes.float64).numpy

    def build(F: Any, kind: Any) -> Any:
        return F.cast(F.pow(F.full((count,), number, work), F.linspace(first, last, count, work)), kind)

    return _new("logspace", (count,), build, type, requires_grad, pin_memory, out)


def _spaced(
    function: str, start: Any, end: Any, steps: Any, dtype: Any, device: Any, out: Tensor | None
) -> tuple[Any, Any, int, ArrayType]:
    """The canonical arguments of `linspace` and `logspace`."""
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, Tensor) and value._array.ndim:
            raise RuntimeError(
                f"{function} only supports 0-dimensional start and end tensors, but got {name} with "
                f"{value._array.ndim} "
                f"dimension(s).{errors.here()}"
            )
    first, last = number_of(function, "start", 1, start), number_of(function, "end", 2, end)
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(
            f"{function}(): argument 'steps' (position 3) must be int, not {type(steps).__name__}"
            f"{errors.here()}"
        )
    count = operator.index(steps)
    if count < 0:
        raise RuntimeError(f"number of steps must be non-negative, but it is {count}{errors.here()}")
    inferred = dtypes.get_default_dtype()
    if isinstance(first, complex) or isinstance(last, complex):
        inferred = inferred.to_complex()
    target = _type(function, dtype, device, out, inferred)
    if inferred.is_complex and not target.dtype.is_complex:
        raise RuntimeError(
            f"{function}(): inferred dtype {inferred.scalar_name} can't be safely cast to passed dtype "
            f"{target.dtype.scalar_name}{errors.here()}"
        )
    _refuse_bool_and_complex(function, target, real=False)
    if target.dtype.category == dtypes.INTEGER:
        first, last = fitting(first, target.dtype), fitting(last, target.dtype)
    return first, last, count, target


def eye(
    n: Any, m: Any = None, *, out: Tensor | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an ``(n, m)`` matrix of zeros; `m` is `n` if left out.

    The other arguments are those of `ag.zeros`.

    Raises:
        RuntimeError: `n` or `m` is negative.

    Example:
        >>> ag.eye(2)
        tensor([[1., 0.],
                [0., 1.]])
    """
    extents = []
    for position, (name, value) in enumerate((("n", n), ("m", n if m is None else m))):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(
                f"eye(): argument '{name}' (position {position + 1}) must be int, not {type(value).__name__}"
                f"{errors.here()}"
            )
        extents.append(operator.index(value))
        if extents[-1] < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {extents[-1]}{errors.here()}")
    rows, columns = extents
    target = _type("eye", dtype, device, out)
    return _new(
        "eye",
        (rows, columns),
        lambda F, kind: F.eye(rows, columns, kind),
        target,
        requires_grad,
        pin_memory,
        out,
    )


# -- like another tensor ---------------------------------------------------------------------------


def _like(
    function: str,
    input: Any,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    pin_memory: bool,
    make: Callable[..., Any],
) -> Tensor:
    """``make(F, shape, dtype)`` in the shape, with the memory order and, by default, the type of `input`."""
    check_tensor(input, function)
    own = input._type
    target = own
    if dtype is not None or device is not None:
        target = target_type(own.dtype if dtype is None else dtype, own.device if device is None else device)
    array = input._array
    shape = tuple(array.shape)
    if array.ndim < 2 or own.namespace.is_contiguous(array):
        return _new(function, shape, lambda F, kind: make(F, shape, kind), target, requires_grad, pin_memory)
    # Where the steps of memory are not in the order of the dimensions, neither are those of the result.
    order = sorted(range(array.ndim), key=lambda dim: -abs(array.strides[dim]))
    places = tuple(order.index(dim) for dim in range(array.ndim))
    stored = tuple(shape[dim] for dim in order)

    def build(F: Any, kind: Any) -> Any:
        return make(F, stored, kind).transpose(places)

    return _new(function, shape, build, target, requires_grad, pin_memory)


def zeros_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Zeros in the shape of `input`, and with its dtype, device and memory order unless told otherwise.

    >>> ag.zeros_like(ag.tensor([1, 2]))
    tensor([0, 0])
    """
    return _like(
        "zeros_like",
        input,
        dtype,
        device,
        requires_grad,
        pin_memory,
        lambda F, shape, kind: F.zeros(shape, kind),
    )


def ones_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Ones in the shape of `input`, and with its dtype, device and memory order unless told otherwise.

    >>> ag.ones_like(ag.tensor([1.5, 2]))
    tensor([1., 1.])
    """
    return _like(
        "ones_like",
        input,
        dtype,
        device,
        requires_grad,
        pin_memory,
        lambda F, shape, kind: F.ones(shape, kind),
    )


def empty_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Uninitialised memory in the shape of `input`, with its dtype, device and memory order by default.

    >>> ag.empty_like(ag.zeros(2, 3)).shape
    ag.Size([2, 3])
    """
    return _like(
        "empty_like",
        input,
        dtype,
        device,
        requires_grad,
        pin_memory,
        lambda F, shape, kind: F.empty(shape, kind),
    )


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """One value in the shape of `input`, and with its dtype, device and memory order unless told otherwise.

    >>> ag.full_like(ag.zeros(2), 7)
    tensor([7., 7.])
    """
    number = number_of("full_like", "fill_value", 2, fill_value)
    check_tensor(input, "full_like")
    value = fitting(number, input._type.dtype if dtype is None else dtypes.as_dtype(dtype))
    return _like(
        "full_like",
        input,
        dtype,
        device,
        requires_grad,
        pin_memory,
        lambda F, shape, kind: F.full(shape, value, kind),
    )


# -- methods: new_zeros and its kin ----------------------------------------------------------------


def _new_from(name: str, factory: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def make(
        input: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None,
        requires_grad: bool = False, pin_memory: bool = False,
    ) -> Tensor:  # fmt: skip
        made = factory(
            size_of(name, sizes, size), dtype=input._type.dtype if dtype is None else dtype,
            device=input._type.device if device is None else device, requires_grad=requires_grad,
            pin_memory=pin_memory,
        )  # fmt: skip
        namespace = input._type.namespace
        if hasattr(namespace, "whole") and made._type.device is input._type.device:
            # each example of a vmap may write its own values into it
            made._array = namespace.copy(made._array)
            made._type = type_of(made._array)
        return made

    make.__name__ = make.__qualname__ = name
    make.__doc__ = (
        f"`ag.{factory.__name__}` with the dtype and on the device of this tensor, unless told otherwise.\n\n"
        f"    >>> ag.ones(1, dtype=ag.float64).{name}(2, 3).dtype\n    ag.float64\n    "
    )
    return make


def new_full(
    input: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`ag.full` with the dtype and on the device of this tensor, unless told otherwise.

    >>> ag.ones(1).new_full((2,), 3)
    tensor([3., 3.])
    """
    return full(
        tuple_size("new_full", size), fill_value, dtype=input._type.dtype if dtype is None else dtype,
        device=input._type.device if device is None else device, requires_grad=requires_grad,
        pin_memory=pin_memory,
    )  # fmt: skip


# -- questions -------------------------------------------------------------------------------------


def is_tensor(obj: Any, /) -> bool:
    """Whether an object is a tensor.

    >>> ag.is_tensor(ag.zeros(1)), ag.is_tensor([0.0])
    (True, False)
    """
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Whether a tensor's dtype is a real floating one.

    >>> ag.is_floating_point(ag.zeros(1)), ag.is_floating_point(ag.arange(1))
    (True, False)
    """
    check_tensor(input, "is_floating_point")
    return input._type.dtype.is_floating_point


def is_complex(input: Tensor) -> bool:
    """Whether a tensor's dtype is complex.

    >>> ag.is_complex(ag.zeros(1)), ag.is_complex(ag.tensor(1j))
    (False, True)
    """
    check_tensor(input, "is_complex")
    return input._type.dtype.is_complex


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element of a tensor is not zero.

    Raises:
        RuntimeError: the tensor has not exactly one element.

    Example:
        >>> ag.is_nonzero(ag.tensor([0.0]))
        False
    """
    check_tensor(input, "is_nonzero")
    return bool(input)


def numel(input: Tensor) -> int:
    """The number of elements of a tensor.

    >>> ag.numel(ag.zeros(2, 3))
    6
    """
    check_tensor(input, "numel")
    return int(input._array.size)


def result_type(tensor: Any, other: Any) -> DType:
    """The dtype of the result of arithmetic on two tensors or numbers.

    A number changes a tensor's dtype only if it is of a higher category (bool < integer < floating <
    complex); so does a tensor without dimensions when it meets one with dimensions.

    >>> ag.result_type(ag.tensor([1, 2]), 1.5)
    ag.float32
    """
    for position, value in enumerate((tensor, other)):
        if not isinstance(value, Tensor):
            number_of("result_type", ("tensor", "other")[position], position + 1, value)
    return dtypes.result_type(operand(tensor), operand(other))


for _function in (
    zeros, ones, empty, full, scalar_tensor, arange, linspace, logspace, eye, zeros_like, ones_like,
    empty_like, full_like, is_tensor, is_floating_point, is_complex, numel, result_type,
):  # fmt: skip
    expose(_function, _function.__name__, method=False)
expose(is_nonzero, "is_nonzero")
for _factory in (zeros, ones, empty):
    expose(_new_from(f"new_{_factory.__name__}", _factory), f"new_{_factory.__name__}", function_too=False)
expose(new_full, "new_full", function_too=False)


# -- what rules call under create_graph: the raw namespace's factories, on tensors -----------------

_RAW_FACTORIES: dict[str, Callable[..., Tensor]] = {
    "zeros": lambda F, shape, dtype: zeros(shape, dtype=dtype, device=F.device),
    "ones": lambda F, shape, dtype: ones(shape, dtype=dtype, device=F.device),
    "empty": lambda F, shape, dtype: empty(shape, dtype=dtype, device=F.device),
    "full": lambda F, shape, value, dtype: full(shape, value, dtype=dtype, device=F.device),
    "arange": lambda F, start, stop, step, dtype: arange(start, stop, step, dtype=dtype, device=F.device),
    "eye": lambda F, n, m, dtype: eye(n, m, dtype=dtype, device=F.device),
    "linspace": lambda F, start, stop, steps, dtype: linspace(
        start, stop, steps, dtype=dtype, device=F.device
    ),
    "zeros_like": lambda F, x: zeros_like(x),
    "ones_like": lambda F, x: ones_like(x),
    "empty_like": lambda F, x: empty_like(x),
    "full_like": lambda F, x, value: full_like(x, value),
}
for _name, _made in _RAW_FACTORIES.items():
    setattr(TensorNamespace, _name, _made)
