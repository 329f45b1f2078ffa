"""States of many small parameters, one after another in memory, so that optimisers can go over them as one array.

An update of a few thousand elements is over before a second thread has begun to help. So the states of small parameters
are allocated together, and an update of neighbours is one of up to `TOGETHER` elements: gradients are copied together for
it, states need not be, and parameters only where the rule reads them. What was allocated together is remembered by the
arrays' identity, for as long as they live; arrays that came otherwise (from a saved state, say) are simply updated one by
one, with the same result.
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
#: how many elements a run has at most: with gradients and buffers, they take a second-level cache of a megabyte
TOGETHER = threads.BLOCK // 2
#: how many answers of `runs` are kept
MOST_FOUND = 16

#: id of an array -> the array, the one that it is a part of, and where it begins there
_parts: dict[int, tuple[weakref.ref[Array], Array, int]] = {}
#: what `runs` has found, by the identities of the states
_found: dict[tuple[object, ...], list[Run]] = {}


class Run(NamedTuple):
    """Neighbours: from which to before which place they are in the list of parameters, how many elements they have, and
    their states as flat arrays."""

    places: tuple[int, int]
    size: int
    states: list[Array | None]


def _fits(array: Array) -> bool:
    return _is_small(array) and array.flags.c_contiguous


def _is_small(array: Array) -> bool:
    return 0 < array.size < SMALL and array.dtype.char in "fd"


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
    _found.clear()  # which identities may be used again


def runs(params: Sequence[Array], columns: Sequence[Sequence[Array | None]]) -> list[Run]:
    """The runs of neighbours among parameters of one dtype, each of up to `TOGETHER` elements; none where threads would not
    pay.

    `columns` are the states, a list for each kind, None where a parameter has none of a kind."""
    if len(params) < 2:
        return []
    # Each step asks for the same again.
    key = (*(tuple(map(id, column)) for column in columns), *[(param.size, param.dtype) for param in params])
    found = _found.get(key)
    if found is None:
        found = _search(params, columns)
        if len(_found) >= MOST_FOUND:
            _found.clear()
        _found[key] = found
    return found


def _search(params: Sequence[Array], columns: Sequence[Sequence[Array | None]]) -> list[Run]:
    found: list[Run] = []
    dtype = None
    first = last = begin = end = 0
    flats: list[Array | None] = []

    def close() -> None:
        if last - first > 1:
            states = [None if flat is None else flat[begin:end] for flat in flats]
            found.append(Run((first, last), end - begin, states))

    for place, param in enumerate(params):
        where = _where([column[place] for column in columns]) if _is_small(param) else None
        if where is None or (dtype is not None and param.dtype is not dtype):
            close()
            first = last = place + 1
            continue
        start, these = where
        follows = first < last and start == end and len(these) == len(flats)
        follows = follows and all(a is b for a, b in zip(these, flats, strict=True))
        if not follows or end + param.size - begin > TOGETHER:
            close()
            first, begin, flats, dtype = place, start, these, param.dtype
        last, end = place + 1, start + param.size
    close()
    return found if sum(run.size for run in found) >= ENOUGH else []


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
