"""The CUDA device: whether it can be used, its array types, and what there is to say about it.

Nothing here imports CuPy before CUDA is asked for; `namespace.py` and its neighbours, which do, are imported on first
use. There is one namespace for each card. CuPy computes on the thread's current card; `guard.py` sees to it that this is the
right one where there are several.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from autograd_gpu import dtypes
from autograd_gpu.device import ArrayType, Device, namespace_hooks, type_of_array
from autograd_gpu.device.cuda import availability

if TYPE_CHECKING:
    from autograd_gpu.device.cuda.namespace import CudaNamespace

__all__ = ["describe", "is_started", "resolve", "type_for", "unavailable_reason"]

_lock = threading.RLock()


class _Types(dict[Any, ArrayType]):
    """NumPy dtype -> ArrayType on one card, filled on first use."""

    def __init__(self, namespace: CudaNamespace, place: Device, kind: type[ArrayType]) -> None:
        super().__init__()
        self.namespace = namespace
        self.place = place
        self.kind = kind

    def __missing__(self, dtype: Any) -> ArrayType:
        known = dtypes.of_numpy(dtype)
        with _lock:
            if known.numpy is dtype:
                found = self.setdefault(dtype, self.kind(self.namespace, known, self.place))
            else:
                found = self[dtype] = self[known.numpy]
        return found


#: card number -> the types on it; empty until CUDA is first used
_types: list[_Types] = []


def unavailable_reason() -> str | None:
    """None if CUDA can be used, else one sentence that says why not and what to do about it."""
    return None if _types else availability.unavailable_reason()


def is_started() -> bool:
    """Whether CUDA was used already."""
    return bool(_types)


def _start() -> list[_Types]:
    """Brings CUDA to life: namespaces for all cards, known to `device.type_of` and filled with the ops."""
    if _types:
        return _types
    reason = availability.unavailable_reason()
    if reason is not None:
        raise RuntimeError(reason)
    with _lock:
        if not _types:
            import cupy

            from autograd_gpu.device.cuda import memory
            from autograd_gpu.device.cuda.guard import CardType, guard, passes
            from autograd_gpu.device.cuda.namespace import CudaNamespace

            count = cupy.cuda.runtime.getDeviceCount()
            memory.start(count)
            types = []
            for index in range(count):
                namespace = CudaNamespace(index)
                namespace.around_passes = passes if count > 1 else None
                for hook in namespace_hooks:
                    hook(namespace)
                if count > 1:
                    guard(namespace, index)
                types.append(_Types(namespace, Device("cuda", index), CardType if count > 1 else ArrayType))
            type_of_array[cupy.ndarray] = lambda array: types[array.data.device_id][array.dtype]
            _types.extend(types)
    return _types


def resolve(place: Device) -> Device:
    """The device with its number: that of the current card where none was given.

    Raises RuntimeError where there is no such card.
    """
    types = _start()
    index = place.index
    if index is None:
        import cupy

        index = cupy.cuda.runtime.getDevice()
    if index >= len(types):
        raise RuntimeError(
            f"CUDA error: invalid device ordinal: there is no {place}; this machine has {len(types)} CUDA "
            f"device{'s' if len(types) > 1 else ''}, cuda:0{f' ... cuda:{len(types) - 1}' if len(types) > 1 else ''}"
        )
    return types[index].place


def type_for(dtype: dtypes.DType, place: Device) -> ArrayType:
    """The ArrayType of a dtype on a card; starts CUDA."""
    return _start()[resolve(place).index or 0][dtype.numpy]


def describe() -> dict[str, str]:
    """Facts for bug reports: versions of driver, runtime, compiler and BLAS, and every card."""
    _start()
    from autograd_gpu.device.cuda.facts import facts

    return facts()
