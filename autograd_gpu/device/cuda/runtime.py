"""What programs ask of the CUDA runtime itself: how many cards, which one, wait for it."""

from __future__ import annotations

from typing import Any

import cupy
import cupyx
import numpy as np


def count() -> int:
    """The number of cards."""
    return int(cupy.cuda.runtime.getDeviceCount())


def current() -> int:
    """The index of this thread's current card."""
    return int(cupy.cuda.runtime.getDevice())


def use(index: int) -> None:
    """Make a card this thread's current one."""
    cupy.cuda.runtime.setDevice(index)


def synchronize(index: int | None = None) -> None:
    """Wait until all work given to a card (the current one) is done."""
    cupy.cuda.Device(index).synchronize()


def name(index: int) -> str:
    """What a card calls itself."""
    properties: dict[str, Any] = cupy.cuda.runtime.getDeviceProperties(index)
    return str(properties["name"].decode())


def page_locked(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy in main memory that the operating system does not move: cards read it directly."""
    if array.size == 0:
        return array
    copy: np.ndarray[Any, Any] = cupyx.empty_pinned(array.shape, array.dtype)
    copy[...] = array
    return copy
