"""Noticing copies from a card to the program.

Whatever reads a value of a CuPy array ends in ``cupy.ndarray.get``: ``item``, ``float``, ``bool``, ``nonzero``, masks. While
copies are watched, that method is one that reports them.
"""

from __future__ import annotations

import sys
import warnings
from types import FrameType
from typing import Any

import cupy

from autograd_gpu import errors

#: 0: not watched; 1: warn; 2: raise
copies = 0

_own = "get" in vars(cupy.ndarray)
_get = cupy.ndarray.get


def here() -> str:
    """As `errors.here`, for code that CuPy calls: the user's line is none of CuPy's either."""
    frame: FrameType = sys._getframe(1)
    while frame.f_back is not None and (
        frame.f_code.co_filename in errors.internal
        or str(frame.f_globals.get("__name__")).partition(".")[0] in ("cupy", "cupyx")
    ):
        frame = frame.f_back
    return f"\n  at {errors.place(frame.f_code, frame.f_lasti)}"


def watch_copies(mode: int) -> None:
    """Report copies as `mode` says, or, for 0, no longer."""
    global copies
    copies = mode
    if mode:
        cupy.ndarray.get = _watched
    elif _own:
        cupy.ndarray.get = _get
    elif "get" in vars(cupy.ndarray):
        del cupy.ndarray.get


def _watched(self: Any, *args: Any, **kwargs: Any) -> Any:
    message = (
        f"called a synchronizing CUDA operation: {self.dtype}{list(self.shape)} is copied to the host{here()}"
    )
    if copies == 2:
        raise RuntimeError(message)
    warnings.warn(message, UserWarning, stacklevel=2)
    return _get(self, *args, **kwargs)
