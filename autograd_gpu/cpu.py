"""Layer 5: ``ag.cpu``: the CPU as a device, and the memory that is kept for its next large arrays."""

from __future__ import annotations

from typing import Any

from autograd_gpu.device import memory

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "is_available",
    "memory_allocated",
    "memory_reserved",
    "set_cache_limit",
    "synchronize",
]


def is_available() -> bool:
    """True: there is always a CPU."""
    return True


def device_count() -> int:
    """1: all processors together are one device."""
    return 1


def current_device() -> str:
    """``"cpu"``."""
    return "cpu"


def synchronize(device: Any = None) -> None:
    """Nothing to wait for: work on the CPU is done when a call returns."""


def empty_cache() -> None:
    """Give memory that is kept for the next large arrays back to the operating system.

    Freed memory of large arrays is kept up to a limit, since to get it anew costs more than to compute with it. No array
    is touched by this, whoever holds it.

    >>> ag.cpu.empty_cache()
    """
    memory.give_back()


def set_cache_limit(limit: int) -> None:
    """Set how many bytes of freed memory may be kept; ``empty_cache`` gives back what is kept already.

    The limit holds for the free memory at the end of malloc's heap; single blocks larger than a quarter of it always go
    back at once. The default is an eighth of the machine's memory, at most 1 GiB, or ``AUTOGRAD_GPU_CPU_CACHE`` from the
    environment, where 0 leaves malloc as it was.

    Args:
        limit: bytes, 1 MiB to 2 GiB.

    Raises:
        ValueError: a limit outside of that.
        RuntimeError: this system's malloc cannot be told (only glibc's can).
    """
    if not memory.MIB <= limit <= 2048 * memory.MIB:
        raise ValueError(f"set_cache_limit: the limit must be between 1 MiB and 2 GiB, not {limit} bytes")
    if not memory.keep(limit):
        raise RuntimeError("set_cache_limit: only glibc's malloc (on Linux) can be told how much to keep")


def memory_allocated(device: Any = None) -> int:
    """Bytes that malloc has handed out in this process and not got back: arrays, and all else that is not Python's own.

    Raises:
        RuntimeError: this system's malloc does not tell (only glibc's does).
    """
    return _usage("memory_allocated")[0]


def memory_reserved(device: Any = None) -> int:
    """Bytes that malloc holds of the operating system's: handed out, and kept for later. See `memory_allocated`."""
    return _usage("memory_reserved")[1]


def _usage(name: str) -> tuple[int, int]:
    found = memory.usage()
    if found is None:
        raise RuntimeError(f"{name}: only glibc's malloc (on Linux) tells how much memory is in use")
    return found
