"""What every family of the raw array namespace shares: the array module, halves, constants.

A namespace's functions take and return raw arrays (``numpy.ndarray`` or ``cupy.ndarray``). The caller has
already promoted the operands to one dtype and normalised ``dim``; the functions here therefore check nothing
that the array library checks, and never look at an array's values unless the operation is about that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
"""A raw array; NumPy itself returns scalars (``numpy.float32``) where a result has no dimension, and so do
we."""

Ufunc = Callable[..., Array]
"""An elementwise function: arrays in, array out, ``out=`` accepted."""

DType = np.dtype[Any]
Dim = int | tuple[int, ...] | None
Shape = tuple[int, ...]

float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)
int64 = np.dtype(np.int64)
boolean = np.dtype(np.bool_)


def is_half(dtype: DType) -> bool:
    """Whether ``dtype`` is float16 or bfloat16 (which ml_dtypes registers with kind ``V``)."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


class Base:
    """Holds the array module ``xp``; every family derives from it."""

    #: a module like ``device.blocks`` where elementwise work on large arrays is better done in blocks
    blocks: Any = None

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        self._constants: dict[tuple[float, DType], Array] = {}

    def run(self, function: Callable[..., Array], *args: Any, **kwargs: Any) -> Array:
        """``function(*args, **kwargs)`` where this namespace computes: for code outside that uses operators on raw arrays."""
        return function(*args, **kwargs)

    def scalar(self, value: complex, dtype: DType) -> Array:
        """``value`` as an operand without dimensions that decides nothing about the result's dtype but
        ``dtype``."""
        return dtype.type(value)

    def _constant(self, value: float, dtype: DType) -> Array:
        """A remembered ``scalar``; only for the few values that functions of this package use themselves."""
        key = (value, dtype)
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = self.scalar(value, dtype)
        return found

    def _arange(self, stop: int, dtype: DType = int64) -> Array:
        return self.xp.arange(stop, dtype=dtype)
