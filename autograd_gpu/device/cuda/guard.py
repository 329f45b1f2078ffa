"""Several cards: CuPy computes on the thread's current one, so a namespace has to make its own the current one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cupy
from cupy.cuda import runtime


def guard(namespace: Any, index: int) -> None:
    """Replaces every function of a namespace by one that runs on card `index` and restores the caller's."""
    for name in dir(namespace):
        if not name.startswith("__"):
            member = getattr(namespace, name)
            if callable(member) and not isinstance(member, type):
                setattr(namespace, name, _on_card(member, index))


def _on_card(function: Callable[..., Any], index: int) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if runtime.getDevice() == index:
            return function(*args, **kwargs)
        with cupy.cuda.Device(index):
            return function(*args, **kwargs)

    call.__name__ = getattr(function, "__name__", "call")
    call.__doc__ = function.__doc__
    return call
