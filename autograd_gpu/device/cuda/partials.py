"""What kernels need whose blocks share sums (partials.cuh): room for the partial sums, and counters that start at 0."""

from __future__ import annotations

import cupy
from cupy.cuda import runtime

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, DType

#: elements that one block sums where all of an array are summed: the constant of the same name in partials.cuh
PIECE = 16384
#: rows in a slice at least, and slices at most, where columns are summed
SLICE_ROWS = 32
SLICES = 512

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
    """How the columns of (outer, length, inner) are summed: template argument, slices, blocks and room."""

    def __init__(self, outer: int, length: int, inner: int, *arrays: Array | None, itemsize: int) -> None:
        packed = 16 // itemsize
        fits = inner % packed == 0 and all(a is None or a.data.ptr % 16 == 0 for a in arrays)
        #: neighbouring columns for each thread
        self.together = packed if fits else 1
        self.rows_each = max(SLICE_ROWS, -(-length // SLICES))
        self.slices = max(1, -(-length // self.rows_each))
        units = inner // self.together
        self.tiles = outer * -(-units // min(units, kernels.BLOCK))
        self.blocks = self.tiles * self.slices
        self._sums = outer * inner

    def room(self, dtype: DType, sums: int = 1) -> tuple[Array | None, Array | None]:
        """For the partial sums and for the counters; None where one block makes each sum."""
        if self.slices == 1:
            return None, None
        return cupy.empty(self.slices * self._sums * sums, dtype), counters(self.tiles)
