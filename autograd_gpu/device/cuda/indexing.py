"""Sums over repeated indices by the kernels of scatter.cu: sorted, without atomics, the same in every run."""

from __future__ import annotations

import cupy
import numpy as np

from autograd_gpu.device import checks, kernels
from autograd_gpu.device.portable.base import Array, float32, float64, is_half
from autograd_gpu.device.portable.indexing import Indexing, Key

#: sorted places that one thread sums; the constant of the same name in scatter.cu
CHUNK = 32


class CudaIndexing(Indexing):
    """_add_rows, _add_flat, extreme_at and counts; CuPy takes indices that are out of range modulo the size, so looking at
    them, when that is asked for, is done here."""

    def getitem(self, x: Array, key: Key) -> Array:
        if checks.values:
            self._check(x, key)
        return super().getitem(x, key)

    def setitem(self, x: Array, key: Key, value: Array) -> None:
        if checks.values:
            self._check(x, key)
        super().setitem(x, key, value)

    def _check(self, x: Array, key: Key) -> None:
        view, rest = self._basic_first(x, key)
        for axis, index in zip(*self._index_arrays(view, rest), strict=True):
            _check_bounds(index, view.shape[axis], axis)

    def _index(self, index: Array, size: int, axis: int) -> Array:
        if checks.values:
            _check_bounds(index, size, axis)
        if not size:
            return super()._index(index, size, axis)
        # Negative ones count from the end: modulo the size, as CuPy's own indexing takes them, in one launch.
        return cupy.remainder(index.astype(np.int64, copy=False), size)

    def _add_rows(self, target: Array, rows: Array, values: Array) -> None:
        height, width = target.shape
        if not (values.size and target.size):
            return
        order = cupy.argsort(rows, kind="stable")
        rows = rows[order]
        kind = kernels.TYPES[target.dtype.name]
        carried = float32 if is_half(target.dtype) else target.dtype
        values = kernels.contiguous(values)
        count, first = rows.size, True
        while True:
            chunks = -(-count // CHUNK)
            last = chunks == 1
            left_rows = None if last else cupy.empty(2 * chunks, np.int64)
            left = None if last else cupy.empty((2 * chunks, width), carried)
            kernels.launch(
                "scatter", kind, f"add_runs<{kind}, {'true' if first else 'false'}>", kernels.blocks_for(chunks * width),
                (target, np.int64(height), np.int64(width), rows, order if first else None, values, np.int64(count),
                 left_rows, left),
            )  # fmt: skip
            if last:
                return
            rows, values, count, first = left_rows, left, 2 * chunks, False

    def extreme_at(self, target: Array, places: Array, values: Array, largest: bool) -> None:
        """The extreme of each run of equal places, after sorting: CuPy's atomic maximum of doubles goes through float32."""
        if not values.size:
            return
        key = values.astype(float32) if is_half(values.dtype) else values
        if not largest:  # backwards, with NaN still last
            key = -key if key.dtype.kind == "f" else ~key
        order = cupy.argsort(key.astype(np.uint8) if key.dtype.kind == "b" else key)
        order = order[cupy.argsort(places[order], kind="stable")]
        places, values = places[order], values[order]
        last = cupy.concatenate([places[1:] != places[:-1], cupy.ones(1, bool)])
        # All but the last of a run go to a place behind the end, so that no place is written twice.
        places = cupy.where(last, places, target.size)
        room = cupy.concatenate([target, target[:1]])
        room[places] = (cupy.maximum if largest else cupy.minimum)(room[places], values)
        target[...] = room[:-1]

    def bincount(self, x: Array, weights: Array | None = None, minlength: int = 0) -> Array:
        """See ``Ordering.bincount``. Waits for the largest number, which decides the length."""
        length = max(minlength, int(x.max()) + 1 if x.size else 0)
        if weights is None:
            return self.occurrences(x, length)
        sums = cupy.zeros(length, float32 if weights.dtype == float32 else float64)
        self._add_flat(sums, x.astype(np.int64, copy=False), weights.astype(sums.dtype, copy=False))
        return sums

    def occurrences(self, x: Array, size: int) -> Array:
        """See ``Ordering.occurrences``: ``cupy.bincount`` would wait."""
        counts = cupy.zeros(size, np.int64)
        self._add_flat(counts, x.astype(np.int64, copy=False), cupy.ones(x.size, np.int64))
        return counts

    def _add_flat(self, target: Array, places: Array, values: Array) -> None:
        self._add_rows(target.reshape(-1, 1), places, values.reshape(-1, 1))


def _check_bounds(index: Array, size: int, axis: int) -> None:
    """Raises IndexError, as NumPy does, for an index out of range."""
    if index.size:
        lowest, highest = int(index.min()), int(index.max())
        if lowest < -size or highest >= size:
            wrong = lowest if lowest < -size else highest
            raise IndexError(f"index {wrong} is out of bounds for dimension {axis} with size {size}")
