"""Changing shape. What NumPy can express as a view is one; the functions that copy say so."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_gpu.device.portable.base import Array, Base, Dim, Shape


class Shaping(Base):
    """Views, joining, splitting, padding."""

    def reshape(self, x: Array, shape: Shape) -> Array:
        return x.reshape(shape)

    def permute(self, x: Array, dims: Shape) -> Array:
        return x.transpose(dims)

    def transpose(self, x: Array, dim0: int, dim1: int) -> Array:
        return x.swapaxes(dim0, dim1) if x.ndim else x

    def expand(self, x: Array, shape: Shape) -> Array:
        """A broadcast view; -1 keeps a size. Where elements are repeated it must not be written to."""
        if -1 in shape:
            new = len(shape) - x.ndim
            shape = tuple(x.shape[axis - new] if size == -1 else size for axis, size in enumerate(shape))
        return self.xp.broadcast_to(x, shape)

    def squeeze(self, x: Array, dim: Dim = None) -> Array:
        """Drops the axes ``dim`` that have size 1; the others stay."""
        if dim is None:
            return x.squeeze()
        dims = (dim,) if isinstance(dim, int) else dim
        if not x.ndim:
            return x
        return x.squeeze(tuple(axis for axis in dims if x.shape[axis] == 1))

    def unsqueeze(self, x: Array, dim: int) -> Array:
        axis = dim if dim >= 0 else dim + x.ndim + 1
        return x[(slice(None),) * axis + (None,)]

    def flip(self, x: Array, dims: Shape) -> Array:
        """A copy with the axes ``dims`` reversed."""
        return self.xp.flip(x, dims).copy()

    def roll(self, x: Array, shifts: int | Shape, dims: Dim = None) -> Array:
        """A copy with elements moved cyclically; over the flattened array where ``dims`` is None."""
        return self.xp.roll(x, shifts, dims)

    def cat(self, arrays: Sequence[Array], *, dim: int = 0) -> Array:
        return self.xp.concatenate(arrays, axis=dim)

    def stack(self, arrays: Sequence[Array], *, dim: int = 0) -> Array:
        return self.xp.stack(arrays, axis=dim)

    def split(self, x: Array, sizes: Sequence[int], *, dim: int = 0) -> tuple[Array, ...]:
        """Views of ``sizes`` elements each, one after the other."""
        pieces = []
        start = 0
        for size in sizes:
            pieces.append(self.narrow(x, dim, start, size))
            start += size
        return tuple(pieces)

    def narrow(self, x: Array, dim: int, start: int, length: int) -> Array:
        return x[(slice(None),) * (dim % x.ndim) + (slice(start, start + length),)]

    def select(self, x: Array, dim: int, index: int) -> Array:
        return x[(slice(None),) * (dim % x.ndim) + (index, Ellipsis)]

    def tile(self, x: Array, reps: Shape) -> Array:
        return self.xp.tile(x, reps)

    def repeat_interleave(self, x: Array, repeats: int | Array, dim: int | None = None) -> Array:
        """Each element ``repeats`` times, in place; over the flattened array where ``dim`` is None."""
        return self.xp.repeat(x, repeats, axis=dim)

    def pad(self, x: Array, pad: Sequence[int], mode: str = "constant", value: complex = 0) -> Array:
        """Pads from the last axis on: ``pad`` is (before last, after last, before last but one, ...);
        negative ones crop.

        ``mode`` is constant, reflect (without the edge), replicate (the edge) or circular.
        """
        count = len(pad) // 2
        if mode != "constant":
            for position in range(count):
                before, after = pad[2 * position], pad[2 * position + 1]
                if before or after:
                    axis = x.ndim - 1 - position
                    index = self._pad_index(x.shape[axis], before, after, mode)
                    x = self.xp.take(x, index, axis=axis)
            return x
        shape = list(x.shape)
        inside = [slice(None)] * x.ndim
        outside = [slice(None)] * x.ndim
        for position in range(count):
            axis = x.ndim - 1 - position
            before, after = pad[2 * position], pad[2 * position + 1]
            outside[axis] = slice(
                max(before, 0), max(before, 0) + x.shape[axis] - max(-before, 0) - max(-after, 0)
            )
            inside[axis] = slice(max(-before, 0), x.shape[axis] - max(-after, 0))
            shape[axis] += before + after
        result = self.xp.full(tuple(shape), self.scalar(value, x.dtype), x.dtype)
        result[tuple(outside)] = x[tuple(inside)]
        return result

    def _pad_index(self, size: int, before: int, after: int, mode: str) -> Array:
        """For each place of a padded axis, the place of the original axis that its value comes from."""
        place = self._arange(before + size + after) - before
        if mode == "replicate":
            return place.clip(0, size - 1)
        if mode == "circular":
            first = max(-before, 0)  # what is left when negative ones have cropped is what repeats
            return first + (place - first) % (size - first - max(-after, 0))
        return (size - 1) - abs((size - 1) - abs(place))

    def unfold(self, x: Array, dim: int, size: int, step: int) -> Array:
        """A view of the windows of ``size`` elements, ``step`` apart, along ``dim``; the window is the last
        axis."""
        if x.ndim == 0:
            return x.reshape(1)[: size if size <= 1 else 1]
        axis = dim % x.ndim
        shape, strides = list(x.shape), list(x.strides)
        shape[axis] = (x.shape[axis] - size) // step + 1
        strides[axis] *= step
        return self._strided(x, (*shape, size), (*strides, x.strides[axis]))

    def as_strided(self, x: Array, shape: Shape, strides: Shape, offset: int = 0) -> Array:
        """A view of the memory of ``x`` (which must be C-contiguous); ``strides`` and ``offset`` count
        elements.

        Raises RuntimeError where the view would leave the memory of ``x``.
        """
        last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        if 0 not in shape and (last >= x.size or offset < 0 or min(strides, default=0) < 0):
            raise RuntimeError(
                f"as_strided: size {shape}, stride {strides} and storage offset {offset} reach element "
                f"{last} of a storage of {x.size} elements; use sizes and strides (none negative) inside it"
            )
        flat = x.reshape(-1)[offset:]
        return self._strided(flat, tuple(shape), tuple(stride * x.itemsize for stride in strides))

    def _strided(self, x: Array, shape: Shape, strides: Shape) -> Array:
        return self.xp.lib.stride_tricks.as_strided(x, shape, strides)
