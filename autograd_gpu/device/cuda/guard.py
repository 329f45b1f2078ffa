"""Several cards: CuPy computes on the thread's current one, so what has arrays of a card has to make it the current one.

Three things see to it, and none of them exists where there is one card only. Every function of a namespace runs on its card and
restores the caller's (`guard`). Derivatives compute with operators too (`g * other`), which no namespace sees: while a backward
pass runs (`passes`), asking an array type for its namespace, as the engine does for each node, makes its card the
current one (`CardType`). The end of the pass restores the caller's.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cupy
from cupy.cuda import runtime

from autograd_gpu import dtypes
from autograd_gpu.device import ArrayType, Device


class _Running(threading.local):
    """Whether this thread is in a backward pass."""

    passes: bool = False


_running = _Running()


class CardType(ArrayType):
    """An array type of one of several cards."""

    __slots__ = ("_card", "_namespace")

    def __init__(self, namespace: Any, dtype: dtypes.DType, device: Device) -> None:
        self._namespace = namespace
        self._card = device.index
        super().__init__(namespace, dtype, device)

    @property
    def namespace(self) -> Any:
        if _running.passes:
            runtime.setDevice(self._card)
        return self._namespace

    @namespace.setter
    def namespace(self, namespace: Any) -> None:
        self._namespace = namespace


@contextmanager
def passes(roots: Sequence[Any], _: Any) -> Iterator[None]:
    """For the time of a backward pass (`core.engine.around`), cards follow the nodes."""
    outer, card = _running.passes, runtime.getDevice()
    _running.passes = True
    try:
        if roots:
            _ = roots[0].type.namespace
        yield
    finally:
        _running.passes = outer
        runtime.setDevice(card)


def guard(namespace: Any, index: int) -> None:
    """Replaces every function of a namespace by one that runs on card `index` and restores the caller's."""
    for name in dir(namespace):
        if not name.startswith("__") and name not in UNGUARDED:
            member = getattr(namespace, name)
            if callable(member) and not isinstance(member, type):
                setattr(namespace, name, on_card(member, index))


#: what chooses the card itself
UNGUARDED = ("to_device", "around_passes")


def arrive(index: int | None) -> None:
    """Gradients that came to another card are added to others there: within a pass, make it the current one."""
    if _running.passes:
        runtime.setDevice(index)


def on_card(function: Callable[..., Any], index: int) -> Callable[..., Any]:
    """A function that runs on card `index` and restores the caller's."""

    @functools.wraps(function)  # with the function's signature, which transforms look at
    def call(*args: Any, **kwargs: Any) -> Any:
        if runtime.getDevice() == index:
            return function(*args, **kwargs)
        with cupy.cuda.Device(index):
            return function(*args, **kwargs)

    return call
