"""Sums and means by the kernels of reduce.cu: one launch over any axes, the same order of additions on every GPU."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.cuda.partials import SEGMENTS_EACH, Columns, Planes
from autograd_gpu.device.portable.base import Array, Dim, DType, float32, is_half
from autograd_gpu.device.portable.reductions import Reductions, reduced_size

#: sizes of neighbouring axes made one, and whether they are summed
Groups = list[tuple[int, bool]]


class CudaReductions(Reductions):
    """sum and mean, and the sum that other functions use."""

    def __init__(self, xp: Any) -> None:
        super().__init__(xp)
        self._sum = self._kernel_sum

    def sum(self, x: Array, *, dim: Dim = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
        """See ``Reductions.sum``."""
        if _fit(x, x.dtype if dtype is None else dtype):
            return _summed(x, dim, keepdim, x.dtype if dtype is None else dtype)
        return super().sum(x, dim=dim, keepdim=keepdim, dtype=dtype)

    def mean(self, x: Array, *, dim: Dim = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
        """See ``Reductions.mean``."""
        result = x.dtype if dtype is None else dtype
        if _fit(x, result):
            return _summed(x, dim, keepdim, result, reduced_size(x.shape, dim))
        return super().mean(x, dim=dim, keepdim=keepdim, dtype=dtype)

    def _kernel_sum(
        self, x: Array, axis: Dim = None, keepdims: bool = False, dtype: DType | None = None
    ) -> Array:
        result = x.dtype if dtype is None else np.dtype(dtype)
        if _fit(x, result):
            return _summed(x, axis, keepdims, result)
        # integers, complex numbers, views: CuPy's own kernel, which takes strides
        return cupy.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)


def _wide(dtype: DType) -> DType:
    return float32 if is_half(dtype) else dtype


def _fit(x: Array, result: DType) -> bool:
    """Whether the kernels take this: contiguous, with elements, the result of the same type or as wide as the sums."""
    return (
        isinstance(x, cupy.ndarray)
        and x.dtype.name in kernels.FLOATS
        and x.flags.c_contiguous
        and x.size > 0
        and x.ndim > 0
        and result in (x.dtype, _wide(x.dtype))
    )


def _summed(x: Array, dim: Dim, keepdim: bool, dtype: DType, divisor: int = 1) -> Array:
    axes = (
        set(range(x.ndim))
        if dim is None
        else {axis % x.ndim for axis in ((dim,) if isinstance(dim, int) else dim)}
    )
    flags = [axis in axes for axis in range(x.ndim)]
    shape = tuple(
        1 if summed else size for size, summed in zip(x.shape, flags, strict=True) if keepdim or not summed
    )
    groups = _grouped(zip(x.shape, flags, strict=True))
    while len(groups) > 3:  # more than planes have: the last ones first, in the type of the sums
        at = max(place for place, (_, summed) in enumerate(groups) if summed)
        outer, inner = (math.prod(size for size, _ in part) for part in (groups[:at], groups[at + 1 :]))
        x = _launched(_grouped(((outer, False), groups[at], (inner, False))), x, _wide(x.dtype), 1)
        groups = _grouped((*groups[:at], *groups[at + 1 :]))
    if dtype != x.dtype and dtype != _wide(x.dtype):  # a part has been summed in the type of the sums
        return _launched(groups, x, x.dtype, divisor).astype(dtype).reshape(shape)
    return _launched(groups, x, dtype, divisor).reshape(shape)


def _grouped(axes: Iterable[tuple[int, bool]]) -> Groups:
    """Axes without those of size 1, and with neighbours of a kind made one."""
    groups: Groups = []
    for size, summed in axes:
        if size == 1:
            continue
        if groups and groups[-1][1] == summed:
            groups[-1] = groups[-1][0] * size, summed
        else:
            groups.append((size, summed))
    return groups


def _launched(groups: Groups, x: Array, dtype: DType, divisor: int) -> Array:
    """The sum of at most three groups of axes."""
    kinds = [summed for _, summed in groups]
    sizes = [size for size, _ in groups]
    kind, wide = kernels.FLOATS[x.dtype.name], _wide(x.dtype)
    out = cupy.empty(math.prod(size for size, summed in groups if not summed), dtype)
    first = (x, out, np.bool_(dtype == wide), wide.type(divisor))
    if not any(kinds):
        out[...] = x.reshape(-1)
        return out
    if kinds[-1]:
        images = sizes[0] if len(sizes) == 3 else 1
        channels = sizes[-2] if len(sizes) > 1 else 1
        planes = Planes(images, channels, sizes[-1], x)
        kernels.launch(
            "reduce", kind, planes.instance("planes", kind), planes.blocks,
            (*first, np.int64(images), np.int64(channels), np.int64(sizes[-1]), np.int64(SEGMENTS_EACH), *planes.room(wide)),
        )  # fmt: skip
        return out
    outer = sizes[0] if len(sizes) == 3 else 1
    length, inner = sizes[-2:]
    columns = Columns(outer, length, inner, x)
    kernels.launch(
        "reduce", kind, f"columns<{kind}, {columns.together}>", columns.blocks,
        (*first, np.int64(length), np.int64(inner), np.int64(columns.rows_each), *columns.room(wide)),
    )  # fmt: skip
    return out
