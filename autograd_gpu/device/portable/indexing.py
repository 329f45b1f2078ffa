"""Reading and writing by index.

All sums over repeated indices go through two methods, ``_add_rows`` and ``_add_flat``, which a device
replaces. ``_index`` prepares indices that are about to be turned into positions by arithmetic, where the
array library would no longer notice one that is out of range.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_gpu.device.portable.base import Array, Shape, boolean, float32, int64, is_half
from autograd_gpu.device.portable.creation import Creation

Key = tuple[Any, ...]


class Indexing(Creation):
    """Basic and advanced indexing, gather and scatter, masks, embedding gradients."""

    # -- x[key] ----------------------------------------------------------------------------------------

    def getitem(self, x: Array, key: Key) -> Array:
        """``x[key]``; ``key`` holds ints, slices, None, Ellipsis, int64 and bool arrays.

        As in PyTorch, ints are applied before arrays: ``x[0, :, index]`` has the axis of the slice first.
        """
        x, key = self._ints_first(x, key)
        return x[key]

    def setitem(self, x: Array, key: Key, value: Array) -> None:
        """``x[key] = value``, in place."""
        x, key = self._ints_first(x, key)
        x[key] = value

    def _ints_first(self, x: Array, key: Key) -> tuple[Array, Key]:
        """A view with the ints of ``key`` applied, and the rest of the key, where the order matters."""
        ndarray = self.xp.ndarray
        arrays = ints = False
        for part in key:
            if isinstance(part, ndarray):
                arrays = True
            elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
                ints = True
        return self._basic_first(x, key) if arrays and ints else (x, key)

    def _basic_first(self, x: Array, key: Key) -> tuple[Array, Key]:
        """A view with all of ``key`` but its arrays applied, and a key of full slices and the arrays for that
        view."""
        basic: list[Any] = []
        rest: list[Any] = []
        for part in key:
            if self._is_mask(part) or isinstance(part, self.xp.ndarray):
                basic.extend([slice(None)] * (np.ndim(part) if self._is_mask(part) else 1))
                rest.append(part)
            elif part is Ellipsis:
                basic.append(part)
                rest.append(part)
            elif part is None or isinstance(part, slice):
                basic.append(part)
                rest.append(slice(None))
            else:
                basic.append(part)
        return x[tuple(basic)], tuple(rest)

    def index_put_add(self, out: Array, key: Key, value: Array) -> None:
        """``out[key] += value`` in place, where an element that ``key`` names several times gets all its
        values."""
        arrays = [part for part in key if isinstance(part, self.xp.ndarray)]
        if not any(part.dtype.kind != "b" for part in arrays):
            view, key = self._ints_first(out, key)
            view[key] += value
            return
        view, key = self._basic_first(out, key)
        axes, indices = self._index_arrays(view, key)
        indices = list(self.xp.broadcast_arrays(*indices))
        others = tuple(axis for axis in range(view.ndim) if axis not in axes)
        # Where the result of view[key] has the axes of the indices: in place of theirs if those are adjacent,
        # else first.
        adjacent = axes == list(range(axes[0], axes[0] + len(axes)))
        position = axes[0] if adjacent else 0
        found = indices[0].shape
        rest = tuple(view.shape[axis] for axis in others)
        value = self.xp.broadcast_to(value, rest[:position] + found + rest[position:])
        front = tuple(range(position, position + len(found)))
        value = value.transpose(*front, *(axis for axis in range(value.ndim) if axis not in front))
        count, width = math.prod(found), math.prod(rest)
        sizes = tuple(view.shape[axis] for axis in axes)
        rows = self._index(indices[0], sizes[0], axes[0])
        for index, size, axis in zip(indices[1:], sizes[1:], axes[1:], strict=True):
            rows = rows * size + self._index(index, size, axis)
        target = view.transpose(*axes, *others)
        height = math.prod(sizes)
        if target.flags.c_contiguous:
            self._add_rows(target.reshape(height, width), rows.reshape(-1), value.reshape(count, width))
        else:
            inside = float32 if is_half(out.dtype) else out.dtype
            total = self.xp.zeros((height, width), inside)
            self._add_rows(total, rows.reshape(-1), self.cast(value.reshape(count, width), inside))
            target[...] = self.cast(total.reshape(target.shape) + target, out.dtype)

    def _is_mask(self, part: Any) -> bool:
        return isinstance(part, bool) or getattr(part, "dtype", None) == boolean

    def _index_arrays(self, view: Array, key: Key) -> tuple[list[int], list[Array]]:
        """The axes of ``view`` that the arrays of ``key`` index, and integer indices for each (masks are
        looked up)."""
        consumed = sum(np.ndim(part) if self._is_mask(part) else part is not Ellipsis for part in key)
        axes: list[int] = []
        indices: list[Array] = []
        axis = 0
        for part in key:
            if part is Ellipsis:
                axis += view.ndim - consumed
            elif isinstance(part, slice):
                axis += 1
            elif self._is_mask(part):
                for index in self.xp.nonzero(part):
                    axes.append(axis)
                    indices.append(index)
                    axis += 1
            else:
                axes.append(axis)
                indices.append(part)
                axis += 1
        return axes, indices

    def _index(self, index: Array, size: int, axis: int) -> Array:
        """``index`` as int64 with negative ones counted from the end."""
        index = index.astype(int64, copy=False)
        return self.xp.where(index < 0, index + size, index)

    def _add_rows(self, target: Array, rows: Array, values: Array) -> None:
        """``target[rows[i]] += values[i]`` for all i, in place; ``target`` and ``values`` are 2-d."""
        if is_half(target.dtype):
            wide = target.astype(float32)
            self._add_rows(wide, rows, values.astype(float32))
            target[...] = wide.astype(target.dtype)
        else:
            self.xp.add.at(target, rows, values)

    def extreme_at(self, target: Array, places: Array, values: Array, largest: bool) -> None:
        """``target[place] = max(target[place], value)`` for each place and value in turn (or min), in place; NaN wins."""
        (self.xp.maximum if largest else self.xp.minimum).at(target, places, values)

    def _add_flat(self, target: Array, places: Array, values: Array) -> None:
        """``target[places[i]] += values[i]`` for all i, in place; all are vectors."""
        if is_half(target.dtype):
            wide = target.astype(float32)
            self._add_flat(wide, places, values.astype(float32))
            target[...] = wide.astype(target.dtype)
        else:
            self.xp.add.at(target, places, values)

    # -- along one axis --------------------------------------------------------------------------------

    def index_select(self, x: Array, index: Array, *, dim: int) -> Array:
        """The slices of ``x`` along ``dim`` that the vector ``index`` names."""
        if x.ndim == 0:
            return x.copy()
        return x.take(index.reshape(-1), axis=dim)

    def index_add(self, x: Array, index: Array, src: Array, *, dim: int) -> Array:
        """A copy of ``x`` with the slices of ``src`` added at ``index`` along ``dim``."""
        result = self.copy(x)
        if x.ndim == 0:
            result += src.sum(dtype=src.dtype) if index.size else src.dtype.type(0)
            return result
        self.index_put_add(result, (slice(None),) * (dim % x.ndim) + (index.reshape(-1),), src)
        return result

    def index_copy(self, x: Array, index: Array, src: Array, *, dim: int) -> Array:
        """A copy of ``x`` with the slices of ``src`` at ``index`` along ``dim``."""
        result = self.copy(x)
        if x.ndim == 0:
            result[...] = src.reshape(-1)[-1] if index.size else x
            return result
        result[(slice(None),) * (dim % x.ndim) + (index.reshape(-1),)] = src
        return result

    def gather(self, x: Array, index: Array, *, dim: int) -> Array:
        """``result[i, j, k] = x[i, index[i, j, k], k]`` (for dim 1); ``index`` may be smaller than ``x`` on
        other axes."""
        if x.ndim == 0:
            return self.xp.broadcast_to(x, index.shape).copy()
        return self.xp.take_along_axis(x[_region(x, index, dim)], index, dim)

    def scatter(self, x: Array, index: Array, src: Array, *, dim: int) -> Array:
        """A copy of ``x`` with ``result[i, index[i, j, k], k] = src[i, j, k]`` (for dim 1); ``src`` may have
        no dimension."""
        result = self.copy(x)
        if x.ndim == 0:
            result[...] = src.reshape(-1)[-1] if index.size else x
            return result
        self.xp.put_along_axis(result[_region(x, index, dim)], index, _cut(src, index), dim)
        return result

    def scatter_add(self, x: Array, index: Array, src: Array, *, dim: int) -> Array:
        """A copy of ``x`` with ``result[i, index[i, j, k], k] += src[i, j, k]`` (for dim 1)."""
        result = self.copy(x)
        if x.ndim == 0:
            result += src.sum(dtype=src.dtype) if index.size else src.dtype.type(0)
            return result
        places = self._places(x.shape, index, dim % x.ndim)
        values = self.xp.broadcast_to(_cut(src, index), index.shape)
        self._add_flat(result.reshape(-1), places.reshape(-1), values.reshape(-1))
        return result

    def _places(self, shape: Shape, index: Array, dim: int) -> Array:
        """The positions in a flat array of ``shape`` that ``index`` along ``dim`` names."""
        places: Array = 0
        stride = 1
        for axis in reversed(range(len(shape))):
            if axis == dim:
                places = places + self._index(index, shape[axis], axis) * stride
            else:
                along = [1] * len(shape)
                along[axis] = index.shape[axis]
                places = places + (self._arange(index.shape[axis]) * stride).reshape(along)
            stride *= shape[axis]
        return places

    def take_along_dim(self, x: Array, index: Array, dim: int | None = None) -> Array:
        """Like ``gather``, but ``x`` and ``index`` broadcast on the other axes; over the flat array if
        ``dim`` is None."""
        if dim is None:
            return x.reshape(-1).take(index)
        return self.xp.take_along_axis(x, index, dim)

    # -- masks -----------------------------------------------------------------------------------------

    def masked_fill(self, x: Array, mask: Array, value: Array) -> Array:
        """A copy of ``x`` with ``value`` (without dimensions, of the same dtype) where ``mask``; both
        broadcast."""
        return self.xp.where(mask, value, x)

    def masked_select(self, x: Array, mask: Array) -> Array:
        """The elements of ``x`` where ``mask``, as a vector; both broadcast."""
        x, mask = self.xp.broadcast_arrays(x, mask)
        return x[mask]

    # -- embedding -------------------------------------------------------------------------------------

    def embedding_backward(
        self, g: Array, indices: Array, num_embeddings: int, padding_idx: int | None = None
    ) -> Array:
        """The gradient of ``weight[indices]``: (num_embeddings, width), each row the sum of its gradients, in
        order."""
        width = g.shape[-1]
        result = self.xp.zeros((num_embeddings, width), g.dtype)
        rows = self._index(indices.reshape(-1), num_embeddings, 0)
        self._add_rows(result, rows, g.reshape(rows.size, width))
        if padding_idx is not None:
            result[padding_idx] = 0
        return result


def _region(x: Array, index: Array, dim: int) -> tuple[slice, ...]:
    """The part of ``x`` that ``index`` along ``dim`` can reach."""
    dim %= x.ndim
    return tuple(slice(None) if axis == dim else slice(index.shape[axis]) for axis in range(x.ndim))


def _cut(src: Array, index: Array) -> Array:
    """The part of ``src`` that ``index`` uses."""
    return src[tuple(slice(size) for size in index.shape)] if src.ndim else src
