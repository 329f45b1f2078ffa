"""Reductions and scans.

``dim`` is an int, a tuple of ints or None (all axes). Halves accumulate in float32 and come out as halves;
sums and products of bool and integer arrays come out as int64, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_gpu.device.portable.base import Array, Base, Dim, DType, Shape, Ufunc, float32, int64, is_half


class Reductions(Base):
    """Sums, products, extremes, moments and their running versions.

    The attributes ``_sum``, ``_prod``, ... are called as ``f(x, axis=, keepdims=)`` and may be replaced by a
    faster function of the same meaning.
    """

    _sum: Ufunc
    _prod: Ufunc
    _amax: Ufunc
    _amin: Ufunc
    _any: Ufunc
    _all: Ufunc

    def __init__(self, xp: Any) -> None:
        super().__init__(xp)
        self._sum, self._prod, self._amax, self._amin = xp.sum, xp.prod, xp.amax, xp.amin
        self._any, self._all = xp.any, xp.all

    def sum(self, x: Array, *, dim: Dim = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
        if dtype is None and x.dtype.char in "fd":
            return self._sum(x, axis=dim, keepdims=keepdim)
        return self._accumulate(self._sum, x, dim, keepdim, dtype)

    def prod(self, x: Array, *, dim: Dim = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
        return self._accumulate(self._prod, x, dim, keepdim, dtype)

    def _accumulate(self, function: Ufunc, x: Array, dim: Dim, keepdim: bool, dtype: DType | None) -> Array:
        inside = x.dtype if dtype is None else dtype
        if inside.kind in "iub" and dtype is None:
            inside = int64
        elif is_half(inside):
            return function(x, axis=dim, keepdims=keepdim, dtype=float32).astype(inside)
        if inside == x.dtype:
            if inside.kind in "iub":  # left alone, array libraries widen small integers
                return function(x, axis=dim, keepdims=keepdim, dtype=inside)
            return function(x, axis=dim, keepdims=keepdim)
        if x.dtype.kind == "c" and inside.kind != "c":
            x = x.real
        return function(x.astype(inside), axis=dim, keepdims=keepdim)

    def mean(self, x: Array, *, dim: Dim = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
        if dtype is None and x.dtype.char in "fd":
            total = self._sum(x, axis=dim, keepdims=keepdim)
            total /= x.size if dim is None else reduced_size(x.shape, dim)
            return total
        result = x.dtype if dtype is None else dtype
        inside = float32 if is_half(result) else result
        total = self.sum(x, dim=dim, keepdim=keepdim, dtype=inside)
        total /= reduced_size(x.shape, dim)
        return total.astype(result) if inside != result else total

    def var(self, x: Array, *, dim: Dim = None, keepdim: bool = False, correction: float = 1) -> Array:
        """``sum(|x - mean|^2) / max(0, n - correction)``, in two passes."""
        if is_half(x.dtype):
            wide = x.astype(float32)
            return self.var(wide, dim=dim, keepdim=keepdim, correction=correction).astype(x.dtype)
        deviation = x - self.mean(x, dim=dim, keepdim=True)
        if x.dtype.kind == "c":
            squares = deviation.real**2 + deviation.imag**2
        else:
            squares = deviation
            squares *= deviation
        total = self._sum(squares, axis=dim, keepdims=keepdim)
        total /= max(0.0, reduced_size(x.shape, dim) - correction)
        return total

    def std(self, x: Array, *, dim: Dim = None, keepdim: bool = False, correction: float = 1) -> Array:
        return self.xp.sqrt(self.var(x, dim=dim, keepdim=keepdim, correction=correction))

    def amax(self, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        return self._amax(x, axis=dim, keepdims=keepdim)

    def amin(self, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        return self._amin(x, axis=dim, keepdims=keepdim)

    def argmax(self, x: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
        """The index of the first maximum; NaN counts as the largest."""
        return self.xp.argmax(x, axis=dim, keepdims=keepdim)

    def argmin(self, x: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
        """The index of the first minimum; NaN counts as the smallest."""
        return self.xp.argmin(x, axis=dim, keepdims=keepdim)

    def max_with_index(self, x: Array, *, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
        return self._with_index(x, self.xp.argmax, dim, keepdim)

    def min_with_index(self, x: Array, *, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
        return self._with_index(x, self.xp.argmin, dim, keepdim)

    def _with_index(self, x: Array, function: Ufunc, dim: int, keepdim: bool) -> tuple[Array, Array]:
        if x.ndim == 0:
            return x.copy(), self.xp.zeros((), int64)
        indices = function(x, axis=dim, keepdims=True)
        values = self.xp.take_along_axis(x, indices, dim)
        return (values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))

    def any(self, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        return self._any(x, axis=dim, keepdims=keepdim)

    def all(self, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        return self._all(x, axis=dim, keepdims=keepdim)

    def count_nonzero(self, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        return self._sum(x.astype(bool), axis=dim, keepdims=keepdim, dtype=int64)

    def logsumexp(self, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        """``log(sum(exp(x)))`` without overflow; -inf where every element is -inf or there is none."""
        if is_half(x.dtype):
            return self.logsumexp(x.astype(float32), dim=dim, keepdim=keepdim).astype(x.dtype)
        if reduced_size(x.shape, dim) == 0:
            total = self._sum(x, axis=dim, keepdims=keepdim)
            return self.xp.full(total.shape, -math.inf, x.dtype)
        highest = self._amax(x.real if x.dtype.kind == "c" else x, axis=dim, keepdims=True)
        # Subtracting an infinite maximum would give inf - inf.
        highest = self.xp.where(self.xp.isfinite(highest), highest, highest.dtype.type(0))
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            result = self.xp.log(self._sum(self.xp.exp(x - highest), axis=dim, keepdims=keepdim))
        return result + highest.reshape(result.shape)

    def sum_to(self, g: Array, shape: Shape) -> Array:
        """``g`` summed to ``shape``, which broadcasts to ``g``'s; ``g`` itself where the shapes are equal."""
        if g.shape == shape:
            return g
        leading = g.ndim - len(shape)
        if leading and g.shape[leading:] == shape:
            return self.sum(g, dim=tuple(range(leading)), dtype=g.dtype)
        axes = tuple(range(leading)) + tuple(
            leading + axis for axis, size in enumerate(shape) if size == 1 and g.shape[leading + axis] != 1
        )
        if not axes:
            return g.reshape(shape)
        return self.sum(g, dim=axes, keepdim=True, dtype=g.dtype).reshape(shape)

    # -- scans -----------------------------------------------------------------------------------------

    def cumsum(self, x: Array, *, dim: int, dtype: DType | None = None) -> Array:
        return self._scan(self.xp.cumsum, x, dim, dtype)

    def cumprod(self, x: Array, *, dim: int, dtype: DType | None = None) -> Array:
        return self._scan(self.xp.cumprod, x, dim, dtype)

    def _scan(self, function: Ufunc, x: Array, dim: int, dtype: DType | None) -> Array:
        result = x.dtype if dtype is None else dtype
        if result.kind in "iub" and dtype is None:
            result = int64
        inside = float32 if is_half(result) else result
        if x.ndim == 0:
            return self.xp.array(x, dtype=result)
        scanned = function(x, axis=dim, dtype=inside)
        return scanned if inside == result else scanned.astype(result)

    def logcumsumexp(self, x: Array, *, dim: int) -> Array:
        """``log(cumsum(exp(x)))`` without overflow."""
        if x.ndim == 0:
            return x.copy()
        if is_half(x.dtype):
            return self.logcumsumexp(x.astype(float32), dim=dim).astype(x.dtype)
        return self._accumulate_scan(self.xp.logaddexp, x, dim)

    def cummax(self, x: Array, *, dim: int) -> tuple[Array, Array]:
        """Running maximum and where it was last seen; NaN stays once met."""
        return self._running_extreme(x, self.xp.maximum, dim)

    def cummin(self, x: Array, *, dim: int) -> tuple[Array, Array]:
        """Running minimum and where it was last seen; NaN stays once met."""
        return self._running_extreme(x, self.xp.minimum, dim)

    def _running_extreme(self, x: Array, pick: Ufunc, dim: int) -> tuple[Array, Array]:
        if x.ndim == 0:
            return x.copy(), self.xp.zeros((), int64)
        values = self._accumulate_scan(pick, x, dim)
        reached = (x == values) | (x != x)
        shape = [1] * x.ndim
        shape[dim] = x.shape[dim]
        positions = self.xp.where(reached, self._arange(x.shape[dim]).reshape(shape), 0)
        return values, self._accumulate_scan(self.xp.maximum, positions, dim)

    def _accumulate_scan(self, function: Ufunc, x: Array, dim: int) -> Array:
        """Inclusive scan with an associative function, by doubling (Hillis and Steele 1986)."""
        result = self.xp.moveaxis(x, dim, 0).copy()
        step = 1
        while step < result.shape[0]:
            result[step:] = function(result[step:], result[:-step])
            step *= 2
        return self.xp.moveaxis(result, 0, dim)


def reduced_size(shape: Shape, dim: Dim) -> int:
    """How many elements one result of a reduction over ``dim`` sees."""
    if dim is None:
        return math.prod(shape)
    if isinstance(dim, int):
        return shape[dim] if shape else 1
    return math.prod(shape[axis] for axis in dim) if shape else 1
