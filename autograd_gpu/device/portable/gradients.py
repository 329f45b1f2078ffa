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
        parts: list[np.ndarray[object, np.dtype[np.float64]]] = []
        for array in arrays:
            flat = array.reshape(-1)  # a copy, if it is not contiguous
            wide = float32 if is_half(array.dtype) else array.dtype
            sums = np.zeros(-(-flat.size // PART))
            parts.append(sums)

            def part(
                start: int, stop: int, flat: Array = flat, wide: np.dtype[object] = wide, sums: Array = sums
            ) -> None:
                piece = np.abs(flat[start:stop].astype(wide, copy=False))
                if p == np.inf:
                    pass
                elif p == 2:
                    np.multiply(piece, piece, out=piece)
                elif p != 1:
                    np.power(piece, wide.type(p), out=piece)
                reduce = np.maximum if p == np.inf else np.add
                first = start // PART
                whole = len(piece) // PART
                sums[first : first + whole] = reduce.reduce(
                    piece[: whole * PART].reshape(whole, PART), axis=1
                )
                if whole * PART < len(piece):
                    sums[first + whole] = reduce.reduce(piece[whole * PART :])

            threads.for_ranges(part, flat.size)
        together = np.concatenate(parts) if parts else np.zeros(0)
        if p == np.inf:
            total = np.max(together, initial=0.0)
        else:
            total = np.sum(together) ** (1 / p)
        return np.asarray(total).astype(arrays[0].dtype)

    @_silent
    def scale_to_norm(self, arrays: Sequence[Array], total: Array, *, limit: float) -> None:
        """Multiply all arrays by ``min(1, limit / (total + 1e-6))``."""
        factor = np.minimum(limit / (np.asarray(total, float64) + 1e-6), 1.0)
        for array in arrays:
            _multiply(array, factor)

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
                _multiply(array, np.float32(inverse))

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


def _multiply(array: Array, factor: object) -> None:
    """Multiply an array by a number; halves are computed in float32."""
    if is_half(array.dtype):
        array[...] = (array.astype(float32) * float32.type(factor)).astype(array.dtype)
    else:
        number = array.dtype.type(factor)
        _in_ranges(lambda piece: np.multiply(piece, number, out=piece), array)


def _in_ranges(function: object, array: Array) -> None:
    """Call a function of an array for parts of it, on several threads where that pays."""
    if array.size < LARGE or not array.flags.c_contiguous:
        function(array)  # type: ignore[operator]
        return
    flat = array.reshape(-1)
    threads.for_ranges(lambda start, stop: function(flat[start:stop]), flat.size)  # type: ignore[operator]
