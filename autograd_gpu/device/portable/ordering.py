"""Sorting, searching, counting.

NaN counts as larger than every number, as in PyTorch. Sorting is always stable.
"""

from __future__ import annotations

from autograd_gpu.device.portable.base import Array, Base, float32, int64


class Ordering(Base):
    """sort, topk, searchsorted, unique, bincount, occurrences, nonzero."""

    def sort(
        self, x: Array, *, dim: int = -1, descending: bool = False, stable: bool = True
    ) -> tuple[Array, Array]:
        """Sorted values and the places they came from. ``stable=False`` only allows what is done anyway."""
        if x.ndim == 0:
            return x.copy(), self.xp.zeros((), int64)
        indices = self.argsort(x, dim=dim, descending=descending)
        return self.xp.take_along_axis(x, indices, dim), indices

    def argsort(self, x: Array, *, dim: int = -1, descending: bool = False) -> Array:
        if x.ndim == 0:
            return self.xp.zeros((), int64)
        keys = x.astype(float32) if x.dtype.kind == "V" else x
        if not descending:
            return self.xp.argsort(keys, axis=dim, kind="stable")
        # Sorting the reversed array and reversing the result keeps equal elements in their order.
        backwards = (slice(None),) * (dim % x.ndim) + (slice(None, None, -1),)
        reversed_indices = self.xp.argsort(keys[backwards], axis=dim, kind="stable")
        return (x.shape[dim] - 1) - reversed_indices[backwards]

    def topk(
        self, x: Array, k: int, *, dim: int = -1, largest: bool = True, sorted: bool = True
    ) -> tuple[Array, Array]:
        """The ``k`` largest or smallest elements, in order, and their places; of equal ones the first."""
        if x.ndim == 0:
            return x.copy(), self.xp.zeros((), int64)
        indices = self.argsort(x, dim=dim, descending=largest)
        indices = indices[(slice(None),) * (dim % x.ndim) + (slice(k),)]
        return self.xp.take_along_axis(x, indices, dim), indices

    def searchsorted(self, boundaries: Array, values: Array, *, right: bool = False) -> Array:
        """Where ``values`` would go in the sorted last axis of ``boundaries``: after equal elements if
        ``right``.

        ``boundaries`` is a vector, or has the leading axes of ``values``. NaN goes last.
        """
        if boundaries.ndim == 1:
            return self.xp.searchsorted(boundaries, values, side="right" if right else "left").astype(int64)
        # Binary search in every row at once: [low, high) holds the answer.
        size = boundaries.shape[-1]
        low = self.xp.zeros(values.shape, int64)
        high = self.xp.full(values.shape, size, int64)
        for _ in range(size.bit_length()):
            middle = (low + high) // 2
            there = self.xp.take_along_axis(boundaries, middle.clip(0, max(size - 1, 0)), -1)
            # Negated, so that a comparison with NaN, which is false, moves right, as in PyTorch.
            below = ~(there > values if right else there >= values) & (low < high)
            low = self.xp.where(below, middle + 1, low)
            high = self.xp.where(below, high, middle)
        return low

    def unique(
        self, x: Array, *, dim: int | None = None, return_inverse: bool = False, return_counts: bool = False
    ) -> tuple[Array, Array | None, Array | None]:
        """Sorted distinct elements (slices along ``dim``), where each element of ``x`` went, how often each
        occurs.

        What was not asked for is None. Every NaN is distinct.
        """
        keys = x.astype(float32) if x.dtype.kind == "V" else x
        found = self.xp.unique(
            keys, return_inverse=return_inverse, return_counts=return_counts, axis=dim, equal_nan=False
        )
        if not (return_inverse or return_counts):
            return found.astype(x.dtype, copy=False), None, None
        values, *rest = found
        inverse = rest[0].reshape(x.shape if dim is None else (x.shape[dim],)) if return_inverse else None
        return values.astype(x.dtype, copy=False), inverse, rest[-1] if return_counts else None

    def bincount(self, x: Array, weights: Array | None = None, minlength: int = 0) -> Array:
        """How often each number occurs, or the sum of its ``weights`` (float32 stays, others come out as
        float64)."""
        counts = self.xp.bincount(x, weights, minlength)
        return counts.astype(float32) if weights is not None and weights.dtype == float32 else counts

    def occurrences(self, x: Array, size: int) -> Array:
        """How often each of the numbers 0 ... size - 1 occurs in a vector that has no others."""
        return self.xp.bincount(x, minlength=size)

    def nonzero(self, x: Array) -> Array:
        """The indices of elements that are not zero: (count, ndim) int64."""
        if x.ndim == 0:
            return self.xp.zeros((int(bool(x)), 0), int64)
        return self.xp.stack(self.xp.nonzero(x), axis=1)
