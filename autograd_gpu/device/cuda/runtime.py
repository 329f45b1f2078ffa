"""What programs ask of the CUDA runtime itself: how many cards, which one, wait for it; streams, events, pinned memory."""

from __future__ import annotations

from typing import Any

import cupy
import cupyx
import numpy as np
from cupy.cuda import runtime

#: cudaMemoryTypeHost
PINNED = 1
#: the default stream's handle, as CuPy counts it; it belongs to every card
DEFAULT_STREAM = 0


def count() -> int:
    """The number of cards."""
    return int(runtime.getDeviceCount())


def current() -> int:
    """The index of this thread's current card."""
    return int(runtime.getDevice())


def use(index: int) -> None:
    """Make a card this thread's current one."""
    runtime.setDevice(index)


def synchronize(index: int | None = None) -> None:
    """Wait until all work given to a card (the current one) is done."""
    cupy.cuda.Device(index).synchronize()


def name(index: int) -> str:
    """What a card calls itself."""
    return str(properties(index)["name"].decode())


def properties(index: int) -> dict[str, Any]:
    """What the runtime knows about a card."""
    found: dict[str, Any] = runtime.getDeviceProperties(index)
    return found


def can_access_peer(index: int, other: int) -> bool:
    """Whether a card can read another one's memory."""
    return index != other and bool(runtime.deviceCanAccessPeer(index, other))


# -- main memory that cards read directly ------------------------------------------------------------------------------


def page_locked(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy in main memory that the operating system does not move: cards read it directly."""
    if array.size == 0:
        return array
    copy: np.ndarray[Any, Any] = cupyx.empty_pinned(array.shape, array.dtype)
    copy[...] = array
    return copy


def is_page_locked(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array is in such memory."""
    return bool(array.size) and runtime.pointerGetAttributes(array.ctypes.data).type == PINNED


# -- streams and events ------------------------------------------------------------------------------------------------


def new_stream(index: int, priority: int) -> Any:
    """A stream of a card that does not wait for the default stream."""
    with cupy.cuda.Device(index):
        return cupy.cuda.Stream(non_blocking=True, priority=priority)


def default_stream() -> Any:
    """The stream that is used where none was chosen; the same object for every card."""
    return cupy.cuda.Stream.null


def current_stream(index: int) -> Any:
    """The stream that this thread uses on a card."""
    with cupy.cuda.Device(index):
        return cupy.cuda.get_current_stream()


def use_stream(stream: Any, index: int) -> None:
    """Make a stream the one that this thread uses on its card, and the card the current one."""
    runtime.setDevice(index)
    stream.use()


def foreign_stream(handle: int, index: int) -> Any:
    """A stream that another library made, by its handle."""

    class Handle:
        def __cuda_stream__(self) -> tuple[int, int]:
            return 0, handle

    with cupy.cuda.Device(index):
        return cupy.cuda.Stream.from_external(Handle())


def synchronize_current_stream(index: int) -> None:
    """Wait until the work given to a card's current stream is done."""
    with cupy.cuda.Device(index):
        cupy.cuda.get_current_stream().synchronize()


def new_event(index: int, *, timing: bool, blocking: bool, interprocess: bool) -> Any:
    """An event on a card."""
    with cupy.cuda.Device(index):
        return cupy.cuda.Event(block=blocking, disable_timing=not timing, interprocess=interprocess)


def milliseconds(start: Any, end: Any) -> float:
    """The time between two events that are done."""
    return float(cupy.cuda.get_elapsed_time(start, end))
