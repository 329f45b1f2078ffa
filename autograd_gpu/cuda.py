"""Layer 5: ``ag.cuda``: whether there are GPUs, and which one is used. Importing it starts nothing."""

from __future__ import annotations

from typing import Any

from autograd_gpu.device import Device, cuda_unavailable_reason

__all__ = ["current_device", "device_count", "get_device_name", "is_available", "set_device", "synchronize"]


def _runtime() -> Any:
    reason = cuda_unavailable_reason()
    if reason is not None:
        raise RuntimeError(reason)
    from autograd_gpu.device.cuda import runtime

    return runtime


def is_available() -> bool:
    """Whether CUDA can be used: CuPy is installed, and there is a driver and a card.

    >>> isinstance(ag.cuda.is_available(), bool)
    True
    """
    return cuda_unavailable_reason() is None


def device_count() -> int:
    """The number of GPUs; 0 where CUDA cannot be used."""
    return int(_runtime().count()) if is_available() else 0


def current_device() -> int:
    """The index of the GPU that ``device="cuda"`` means in this thread."""
    return int(_runtime().current())


def set_device(device: Any) -> None:
    """Choose the GPU that ``device="cuda"`` means in this thread: an index, "cuda:1" or a `Device`."""
    place = Device(device)
    if place.index is not None:
        _runtime().use(place.index)


def synchronize(device: Any = None) -> None:
    """Wait until the work given to a GPU (the current one) is done: needed before reading a clock."""
    _runtime().synchronize(None if device is None else Device(device).index)


def get_device_name(device: Any = None) -> str:
    """What a GPU calls itself."""
    index = None if device is None else Device(device).index
    return str(_runtime().name(current_device() if index is None else index))
