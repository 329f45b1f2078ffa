"""States of many small parameters, one after another in memory, so that optimisers can go over them as one array.

An update of a few thousand elements is over before a second thread has begun to help. So the states of small parameters
are allocated together, and an update of neighbours is one of up to a block: parameters and gradients are copied together
for it, states need not be. What was allocated together is remembered by the arrays' identity, for as long as they live;
arrays that came otherwise (from a saved state, say) are simply updated one by one, with the same result.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from autograd_gpu.device import threads
from autograd_gpu.device.portable.base import Array, DType

#: from how many elements on a parameter is worked on by itself
SMALL = threads.BLOCK // 4
#: how many elements must come together for threads to be worth their while
ENOUGH = 2 * threads.BLOCK

#: id of an array -> the array, the one that it is a part of, and where it begins there
_parts: dict[int, tuple[weakref.ref[Array], Array, int]] = {}


class Run(NamedTuple):
    """Neighbours: their places in the list of parameters, how many elements they have, and their states as flat arrays."""

    places: list[int]
    size: int
    states: list[Array | None]


def _fits(array: Array) -> bool:
    return 0 < array.size < SMALL and array.flags.c_contiguous and array.dtype.char in "fd"


def zeros(arrays: Sequence[Array]) -> list[Array]:
    """Zeros of the shapes and dtypes of NumPy arrays; those for small arrays of a dtype lie together."""
    lengths: dict[DType, int] = {}
    for array in arrays:
        if _fits(array):
            lengths[array.dtype] = lengths.get(array.dtype, 0) + array.size
    flats = {dtype: np.zeros(length, dtype) for dtype, length in lengths.items()}
    starts = dict.fromkeys(flats, 0)
    made = []
    for array in arrays:
        if not _fits(array):
            made.append(np.zeros_like(array))
            continue
        start, flat = starts[array.dtype], flats[array.dtype]
        starts[array.dtype] = start + array.size
        part = flat[start : start + array.size].reshape(array.shape)
        _parts[id(part)] = weakref.ref(part, partial(_forget, id(part))), flat, start
        made.append(part)
    return made


def _forget(key: int, _: weakref.ref[Array]) -> None:
    _parts.pop(key, None)


def runs(params: Sequence[Array], columns: Sequence[Sequence[Array | None]]) -> list[Run]:
    """The runs of neighbours among parameters of one dtype, each of up to a block; none where threads would not pay.

    `columns` are the states, a list for each kind, None where a parameter has none of a kind."""
    found: list[Run] = []
    if len(params) < 2 or sum(param.size for param in params) < ENOUGH:
        return found
    grouped = 0
    dtype = None
    places: list[int] = []
    begin = end = 0
    flats: list[Array | None] = []

    def close() -> None:
        nonlocal places, grouped
        if len(places) > 1:
            states = [None if flat is None else flat[begin:end] for flat in flats]
            found.append(Run(places, end - begin, states))
            grouped += end - begin
        places = []

    for place, param in enumerate(params):
        where = _where([column[place] for column in columns]) if _fits(param) else None
        if where is None or (dtype is not None and param.dtype is not dtype):
            close()
            continue
        start, these = where
        follows = start == end and len(these) == len(flats)
        follows = follows and all(a is b for a, b in zip(these, flats, strict=True))
        if not places or not follows or end + param.size - begin > threads.BLOCK:
            close()
            begin, flats, dtype = start, these, param.dtype
        places.append(place)
        end = start + param.size
    close()
    return found if grouped >= ENOUGH else []


def _where(states: list[Array | None]) -> tuple[int, list[Array | None]] | None:
    """Where the states of a parameter begin, and in which arrays; None where they do not lie together with others."""
    start = -1
    flats: list[Array | None] = []
    for state in states:
        if state is None:
            flats.append(None)
            continue
        part = _parts.get(id(state))
        if part is None or part[0]() is not state or start not in (-1, part[2]):
            return None
        start = part[2]
        flats.append(part[1])
    return None if start < 0 else (start, flats)
