"""What kernels need whose blocks share sums (partials.cuh): room for the partial sums, and counters that start at 0."""

from __future__ import annotations

import cupy
from cupy.cuda import runtime

from autograd_gpu.device import kernels
from autograd_gpu.device.instances import ROW_FORMS, WIDE_ROW_FORMS
from autograd_gpu.device.portable.base import Array, DType

#: elements that one block sums where all of an array are summed: the constant of the same name in partials.cuh
PIECE = 16384
#: rows in a slice at least, and slices at most, where columns are summed
SLICE_ROWS = 32
SLICES = 512
#: elements of a row that a warp takes at a time: the constant of the same name in partials.cuh
SEGMENT = 1024
#: segments for a block, and elements up to which a warp makes a result alone
SEGMENTS_EACH = 16
WARP_ELEMENTS = 4096

#: (card, stream) -> counters. Every launch leaves zeros behind, and launches of one stream follow each other.
_counters: dict[tuple[int, int], Array] = {}


def counters(count: int) -> Array:
    """At least `count` zeros (uint32) for a kernel on the current stream, which sets them back to zero itself."""
    key = (runtime.getDevice(), cupy.cuda.get_current_stream().ptr)
    found = _counters.get(key)
    if found is None or found.size < count:
        found = _counters[key] = cupy.zeros(max(1024, count), cupy.uint32)
    return found


class Columns:
    """How the columns of (outer, length, inner) are merged: template argument, slices, blocks and room."""

    def __init__(self, outer: int, length: int, inner: int, *arrays: Array | None) -> None:
        #: neighbouring columns for each thread
        self.together = together(inner, *arrays)
        self.rows_each = max(SLICE_ROWS, -(-length // SLICES))
        self.slices = max(1, -(-length // self.rows_each))
        units = inner // self.together
        self.tiles = outer * -(-units // min(units, kernels.BLOCK))
        self.blocks = self.tiles * self.slices
        self._results = outer * inner

    def room(self, dtype: DType, numbers: int = 1) -> tuple[Array | None, Array | None]:
        """For the partial states, of so many numbers each, and the counters; None where one block makes each result."""
        if self.slices == 1:
            return None, None
        return cupy.empty(self.slices * self._results * numbers, dtype), counters(self.tiles)


class Planes:
    """How the planes of (images, channels, places) are merged to one result for each channel."""

    def __init__(self, images: int, channels: int, places: int, *arrays: Array | None) -> None:
        self.together = together(places, *arrays)
        #: whether a warp makes each result, rather than one block or several
        self.by_warp = images * places <= WARP_ELEMENTS
        segments = images * -(-places // SEGMENT)
        self.slices = 1 if self.by_warp else -(-segments // SEGMENTS_EACH)
        self.blocks = kernels.blocks_for(32 * channels) if self.by_warp else channels * self.slices
        self._channels = channels

    def instance(self, name: str, kind: str) -> str:
        return f"{name}<{kind}, {self.together}, {'true' if self.by_warp else 'false'}>"

    def room(self, dtype: DType, numbers: int = 1) -> tuple[Array | None, Array | None]:
        """See ``Columns.room``."""
        if self.slices == 1:
            return None, None
        return cupy.empty(self.slices * self._channels * numbers, dtype), counters(self._channels)


def together(length: int, *arrays: Array | None) -> int:
    """How many neighbours in rows of `length` a thread reads at once: as many as make 16 bytes, or 1 where addresses do not
    allow it. The first array is of the type that kernels read."""
    packed = 16 // next(a.itemsize for a in arrays if a is not None)
    fits = length % packed == 0 and all(a is None or a.data.ptr % 16 == 0 for a in arrays)
    return int(packed) if fits else 1


def row_form(length: int, largest: int, *arrays: Array | None) -> tuple[int, int, int] | None:
    """How a team of threads keeps a row of `length` in registers: neighbours, how often, threads (the template arguments of
    RowPart in rows.cuh). None for rows of which each thread of a block would have more than `largest` elements."""
    neighbours = together(length, *arrays)
    forms = WIDE_ROW_FORMS if next(a.itemsize for a in arrays if a is not None) == 8 else ROW_FORMS
    for (elements, threads), (usual, _) in zip(forms, ROW_FORMS, strict=True):
        known = usual <= largest and (neighbours == 1 or elements > ROW_FORMS[0][0])
        if known and length <= elements * threads:
            return neighbours, elements // neighbours, threads
    return None
