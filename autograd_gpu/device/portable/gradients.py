"""What is done to all gradients of a model at once: their norm, limits, and the scaling of mixed precision.

Lists of arrays go in, and each function does its work in place or returns one number in an array without dimensions, so
that nothing has to be read from a device. CUDA has kernels for these (kernels/optimizers_gradients.cu); this is what they
compute.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd_gpu.device import threads
from autograd_gpu.device.portable.base import Array, Base, float32, float64, is_half

#: decorator: overflow gives inf and nan, silently
_silent = np.errstate(all="ignore")

#: elements whose powers are summed before sums are added up; fixed, so that results do not depend on threads or devices
PART = 8192
#: from how many elements on an array is worth several threads
LARGE = 2 * threads.BLOCK


class Gradients(Base):
    """total_norm, scale_to_norm, clamp_all, unscale, update_scale."""

    @_silent
    def total_norm(self, arrays: Sequence[Array], p: float) -> Array:
        """The p-norm (p > 0, may be infinite) of real arrays of one dtype as if they were one vector; in their dtype.

        Powers are summed in float32 (float64 for float64) over parts of fixed size, and these sums in float64.
        """
        reduce = np.maximum if p == np.inf else np.add
        parts: list[float] = []
        for array in arrays:
            flat = array.reshape(-1)  # a copy, if it is not contiguous
            if is_half(flat.dtype):
                flat = flat.astype(float32)
            if flat.size <= PART:
                parts.append(_power(flat, p))
            else:
                parts += _powers(flat, p).tolist()
        total = reduce.reduce(np.array(parts, float64), initial=0.0)
        if p != np.inf:
            total = np.power(total, 1 / p)
        return np.asarray(total).astype(arrays[0].dtype)

    @_silent
    def scale_to_norm(self, arrays: Sequence[Array], total: Array, *, limit: float) -> None:
        """Multiply all arrays by ``min(1, limit / (total + 1e-6))``."""
        factor = np.minimum(limit / (np.asarray(total, float64) + 1e-6), 1.0)
        _multiply(arrays, factor)

    @_silent
    def clamp_all(self, arrays: Sequence[Array], *, limit: float) -> None:
        """Limit all elements to [-limit, limit]; NaN stays NaN."""
        for array in arrays:
            low, high = array.dtype.type(-limit), array.dtype.type(limit)

            def clamp(piece: Array, low: Array = low, high: Array = high) -> None:
                np.maximum(piece, low, out=piece)
                np.minimum(piece, high, out=piece)

            _in_ranges(clamp, array)

    @_silent
    def unscale(self, arrays: Sequence[Array], scale: Array | None, found_inf: Array) -> None:
        """Divide all arrays by `scale` (None: leave them) and set `found_inf` to 1 if an element is inf or nan; it stays as
        it is otherwise. Complex arrays count as pairs of reals."""
        inverse = None if scale is None else 1.0 / float(scale)
        for array in arrays:
            if not bool(np.isfinite(array).all()):
                found_inf[...] = 1
        if inverse is not None and inverse != 1.0:
            _multiply(arrays, np.float32(inverse))

    @_silent
    def update_scale(
        self,
        scale: Array,
        tracker: Array,
        found_inf: Array,
        *,
        growth_factor: float,
        backoff_factor: float,
        growth_interval: int,
    ) -> None:
        """After an overflow the scale shrinks; after `growth_interval` steps in a row without it grows, unless it would
        become infinite. `tracker` counts the steps."""
        if float(found_inf):
            scale *= float32.type(backoff_factor)
            tracker[...] = 0
            return
        count = int(tracker) + 1
        if count == growth_interval:
            grown = scale * float32.type(growth_factor)
            if np.isfinite(grown):
                scale[...] = grown
            count = 0
        tracker[...] = count


def _powers(flat: Array, p: float) -> Array:
    """The sum (or, for infinite p, the maximum) of |x|^p over each part of an array, in float64."""
    parts = np.zeros(-(-flat.size // PART))

    def part(start: int, stop: int) -> None:
        piece = flat[start:stop]
        first, whole = start // PART, len(piece) // PART
        rows = piece[: whole * PART].reshape(whole, PART)
        parts[first : first + whole] = np.vecdot(rows, rows) if p == 2 else _power(rows, p)
        if whole * PART < len(piece):
            parts[first + whole] = _power(piece[whole * PART :], p)

    threads.for_ranges(part, flat.size)
    return parts


def _power(x: Array, p: float) -> Array:
    """The sum of |x|^p along the last axis, or the maximum of |x|."""
    if p == 2:
        return np.dot(x, x)  # at most PART elements: too few for BLAS to share them among threads
    size = np.abs(x)
    if p == np.inf:
        return np.max(size, axis=-1, initial=0)
    return np.sum(size if p == 1 else np.power(size, x.dtype.type(p)), axis=-1)


def _multiply(arrays: Sequence[Array], factor: object) -> None:
    """Multiply arrays by a number; halves are computed in float32."""
    factors: dict[object, Array] = {}
    for array in arrays:
        number = factors.get(array.dtype)
        if number is None:
            wide = float32 if is_half(array.dtype) else array.dtype
            number = factors[array.dtype] = np.array(factor, wide)
        if number.dtype is not array.dtype:
            array[...] = (array.astype(float32) * number).astype(array.dtype)
        elif array.size < LARGE:
            np.multiply(array, number, array)
        else:
            _in_ranges(lambda piece, number=number: np.multiply(piece, number, piece), array)


def _in_ranges(function: object, array: Array) -> None:
    """Call a function of an array for parts of it, on several threads where that pays."""
    if array.size < LARGE or not array.flags.c_contiguous:
        function(array)  # type: ignore[operator]
        return
    flat = array.reshape(-1)
    threads.for_ranges(lambda start, stop: function(flat[start:stop]), flat.size)  # type: ignore[operator]
