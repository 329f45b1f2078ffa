"""The gradient of an embedding on the CPU: first occurrences are assigned, and only repeated rows are added."""

from __future__ import annotations

import numpy as np

from autograd_gpu.device.portable.base import Array, int64, is_half
from autograd_gpu.device.portable.indexing import Indexing

#: tables of so few rows are sums over one-hot products, which `_add_rows` knows about
FEW_ROWS = 256


class CpuEmbedding(Indexing):
    """embedding_backward."""

    def embedding_backward(
        self, g: Array, indices: Array, num_embeddings: int, padding_idx: int | None = None
    ) -> Array:
        """See ``Indexing.embedding_backward``."""
        count = indices.size
        if num_embeddings <= FEW_ROWS or count > 4 * num_embeddings or is_half(g.dtype) or not count:
            return super().embedding_backward(g, indices, num_embeddings, padding_idx)
        rows = self._index(indices.reshape(-1), num_embeddings, 0)
        values = g.reshape(count, g.shape[-1])
        result = np.zeros((num_embeddings, g.shape[-1]), g.dtype)
        # Of several assignments to one row the last one stays: backwards, that of the first occurrence.
        place = np.empty(num_embeddings, int64)
        place[rows[::-1]] = np.arange(count - 1, -1, -1)
        result[rows[::-1]] = values[::-1]
        again = np.flatnonzero(place[rows] != np.arange(count))
        if again.size:
            self._add_rows(result, rows[again], values[again])
        if padding_idx is not None:
            result[padding_idx] = 0
        return result
