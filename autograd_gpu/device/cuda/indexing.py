"""Sums over repeated indices by the kernels of scatter.cu: sorted, without atomics, the same in every run."""

from __future__ import annotations

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, float32, is_half
from autograd_gpu.device.portable.indexing import Indexing

#: sorted places that one thread sums; the constant of the same name in scatter.cu
CHUNK = 32


class CudaIndexing(Indexing):
    """_add_rows and _add_flat."""

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

    def _add_flat(self, target: Array, places: Array, values: Array) -> None:
        self._add_rows(target.reshape(-1, 1), places, values.reshape(-1, 1))
