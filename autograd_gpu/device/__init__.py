"""Layer 1: where arrays live and what can be computed with them.

A **namespace** (`namespace.py`) is the list of array primitives; `cpu.py` is it on NumPy, `cuda.py` on CuPy and our own
kernels. Everything above this layer calls a namespace and never asks which one it is.

An `ArrayType` is one (device, dtype) pair and exists once, so that "same device and same dtype" is a single identity
test on the hot path. Every tensor carries the type of its array.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from autograd_gpu import dtypes
from autograd_gpu.device.cpu import cpu

try:  # The two calls behind numpy.errstate, which is ten times slower than an add of four elements needs.
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    SILENT: Any = _make_extobj(all="ignore")
    silence: Callable[[Any], Any] = _extobj_contextvar.set
    restore: Callable[[Any], Any] = _extobj_contextvar.reset
except (
    ImportError
):  # pragma: no cover - NumPy moved its private parts; the public road is slower, not different
    SILENT = None

    def silence(_: Any) -> Any:
        state = np.errstate(all="ignore")
        state.__enter__()
        return state

    def restore(state: Any) -> Any:
        state.__exit__(None, None, None)


Function = TypeVar("Function", bound=Callable[..., Any])


class Device:
    """A place for arrays: ``Device("cpu")``, ``Device("cuda")`` (the current card), ``Device("cuda", 1)`` or ``"cuda:1"``.

    One instance exists per place, so devices compare by identity. As a context manager or a decorator of functions it is
    the device of new tensors whose ``device=`` is not given, in this thread.

    >>> ag.device("cpu")
    device(type='cpu')
    >>> ag.device("cuda:1").index
    1
    >>> with ag.device("cpu"):
    ...     x = ag.zeros(2)
    >>> x.device
    device(type='cpu')
    """

    __slots__ = ("index", "type")
    _known: ClassVar[dict[tuple[str, int | None], Device]] = {}
    type: str
    index: int | None

    def __new__(cls, type: str | int | Device, index: int | None = None) -> Device:
        if isinstance(type, Device):
            return type
        if isinstance(type, int) and not isinstance(type, bool):
            index, type = type, "cuda"
        if not isinstance(type, str):
            raise TypeError(
                f"device(): argument 'type' must be str, int or device, not {type.__class__.__name__}"
            )
        name, colon, number = type.partition(":")
        if name not in ("cpu", "cuda"):
            raise RuntimeError(f"Expected one of cpu, cuda device type at start of device string: {type}")
        if colon:
            if index is not None:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed explicitly: {type}"
                )
            if not number.isdigit():
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        if index is not None and index < 0:
            raise RuntimeError(f"Device index must be non-negative, got {index}")
        key = (name, index)
        device = cls._known.get(key)
        if device is None:
            device = object.__new__(cls)
            device.type = name
            device.index = index
            device = cls._known.setdefault(key, device)
        return device

    def __repr__(self) -> str:
        return (
            f"device(type={self.type!r})"
            if self.index is None
            else f"device(type={self.type!r}, index={self.index})"
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Device, (self.type, self.index))

    def __enter__(self) -> Device:
        chosen.before.append(chosen.device)
        chosen.device = self
        return self

    def __exit__(self, *exception: object) -> None:
        chosen.device = chosen.before.pop()

    def __call__(self, function: Function) -> Function:
        @functools.wraps(function)
        def on_this_device(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast(Function, on_this_device)

    def __copy__(self) -> Device:
        return self

    def __deepcopy__(self, memo: Any) -> Device:
        return self


class ArrayType:
    """A device and a dtype: what two arrays must share to be computed with directly. One instance per pair."""

    __slots__ = (
        "__weakref__", "constants", "device", "differentiable", "dtype", "fast", "is_complex", "namespace", "numpy",
    )  # fmt: skip

    def __init__(self, namespace: Any, dtype: dtypes.DType, device: Device) -> None:
        self.namespace = namespace
        self.dtype = dtype
        self.numpy: np.dtype[Any] = dtype.numpy
        self.device = device
        self.is_complex: bool = dtype.is_complex
        self.differentiable: bool = dtype.is_floating_point or dtype.is_complex
        #: NumPy keeps this type when it meets Python numbers, and conj() is the identity: compiled code handles it.
        #: (ml_dtypes promotes bfloat16 with Python floats.)
        self.fast: bool = dtype.is_floating_point and dtype is not dtypes.bfloat16
        #: Python numbers already turned into operands of this type (filled by core.op, bounded there)
        self.constants: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"{self.device}:{self.dtype.name}"

    def with_dtype(self, dtype: dtypes.DType) -> ArrayType:
        """The type of the same device with another dtype."""
        return self if dtype is self.dtype else type_for(dtype, self.device)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type_for, (self.dtype, self.device))


CPU = Device("cpu")
cpu_namespace = cpu


class _Chosen(threading.local):
    """The device of new tensors in this thread, and those that the ``with device:`` around it will come back to."""

    device: Device = CPU

    def __init__(self) -> None:
        self.before: list[Device] = []


chosen = _Chosen()


class _CpuTypes(dict[Any, ArrayType]):
    """NumPy dtype -> ArrayType on the CPU, filled on first use."""

    def __missing__(self, dtype: Any) -> ArrayType:
        known = dtypes.of_numpy(dtype)
        found = ArrayType(cpu, known, CPU) if known.numpy is dtype else self[known.numpy]
        self[dtype] = found
        return found


cpu_types = _CpuTypes()

#: class of the raw array -> function from such an array to its ArrayType; CuPy's is added by `cuda.py` on first use
type_of_array: dict[type, Callable[[Any], ArrayType]] = {
    np.ndarray: lambda array: cpu_types[array.dtype],
}

#: called with each namespace that comes to life after the ops were registered (CuPy's)
namespace_hooks: list[Callable[[Any], None]] = []

#: what says, for the error when a card has no room left, who holds its memory: given the card's index, lines of text
holder_reports: list[Callable[[int], list[str]]] = []


def type_of(array: Any) -> ArrayType:
    """The ArrayType of a raw array (NumPy scalars count as CPU arrays)."""
    finder = type_of_array.get(array.__class__)
    return finder(array) if finder is not None else cpu_types[array.dtype]


def type_for(dtype: dtypes.DType, device: Device) -> ArrayType:
    """The ArrayType of a dtype on a device; starts CUDA if that is asked for."""
    if device.type == "cpu":
        return cpu_types[dtype.numpy]
    from autograd_gpu.device import cuda

    return cuda.type_for(dtype, device)


def cuda_unavailable_reason() -> str | None:
    """None if CUDA can be used, else one sentence that says why not and what to do about it."""
    try:
        from autograd_gpu.device import cuda
    except ImportError:
        return (
            "CUDA needs CuPy, which is not installed: pip install 'autograd_gpu[cuda12]' "
            "(or [cuda13] for a CUDA 13 driver), or use device='cpu'."
        )
    return cuda.unavailable_reason()
