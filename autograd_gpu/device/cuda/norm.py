"""Layer and root-mean-square normalisation by the kernels of norm.cu: one launch forward, one to three backward."""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, DType, float32, is_half
from autograd_gpu.device.portable.norm import Gradients, Normalization

#: elements of a row that one lane of a warp keeps: instances of the kernels for short rows
LANES = (4, 16)
#: rows that are summed together, at least, and sums that are added afterwards, at most, for the gradients of weight and bias
SLICE = 256
SLICES = 256


class CudaNormalization(Normalization):
    """native_layer_norm, fused_rms_norm and their gradients."""

    def native_layer_norm_forward(
        self, x: Array, weight: Array | None = None, bias: Array | None = None, *, dims: int, eps: float
    ) -> tuple[Array, Array, Array]:
        """See ``Normalization.native_layer_norm_forward``."""
        if not _fit(x, weight, bias):
            return super().native_layer_norm_forward(x, weight, bias, dims=dims, eps=eps)
        result, mean, rstd = _forward(x, weight, bias, dims, eps, "false")
        return result, mean, rstd

    def native_layer_norm_backward(
        self,
        g: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        rstd: Array,
        *,
        dims: int,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """See ``Normalization.native_layer_norm_backward``."""
        if not _fit(x, weight, g):
            return super().native_layer_norm_backward(g, x, weight, mean, rstd, dims=dims, needs=needs)
        return _backward(g, x, weight, mean, rstd, dims, needs, "false")

    def fused_rms_norm_forward(
        self, x: Array, weight: Array | None = None, *, dims: int, eps: float
    ) -> tuple[Array, Array]:
        """See ``Normalization.fused_rms_norm_forward``."""
        if not _fit(x, weight):
            return super().fused_rms_norm_forward(x, weight, dims=dims, eps=eps)
        result, _, rstd = _forward(x, weight, None, dims, eps, "true")
        return result, rstd

    def fused_rms_norm_backward(
        self, g: Array, x: Array, weight: Array | None, rstd: Array, *, dims: int, needs: tuple[bool, ...]
    ) -> tuple[Array | None, Array | None]:
        """See ``Normalization.fused_rms_norm_backward``."""
        if not _fit(x, weight, g):
            return super().fused_rms_norm_backward(g, x, weight, rstd, dims=dims, needs=needs)
        g_x, g_weight, _ = _backward(g, x, weight, None, rstd, dims, (*needs, False), "true")
        return g_x, g_weight


def _fit(x: Array, *others: Array | None) -> bool:
    """Whether the kernels take these: elements, all of one floating dtype."""
    dtype = x.dtype
    return (
        x.size > 0
        and dtype.name in kernels.FLOATS
        and all(other is None or other.dtype == dtype for other in others)
    )


def _statistics(dtype: DType) -> DType:
    return float32 if is_half(dtype) else dtype


def _layout(x: Array, dims: int) -> tuple[int, int]:
    """How many rows of how many columns."""
    columns = math.prod(x.shape[x.ndim - dims :])
    return x.size // columns, columns


def _per_row(
    direction: str, kind: str, rms: str, rows: int, columns: int, arrays: tuple[Any, ...], *more: Any
) -> None:
    """Launches the kernel for rows of this length."""
    lane = next((lane for lane in LANES if columns <= 32 * lane), None)
    length: np.int32 | np.int64
    if lane is None:
        name, blocks, length = f"{direction}_block<{kind}, {rms}>", rows, np.int64(columns)
    else:
        name, blocks = f"{direction}_warp<{kind}, {rms}, {lane}>", kernels.blocks_for(32 * rows)
        length = np.int32(columns)
    kernels.launch("norm", kind, name, blocks, (*arrays, np.int64(rows), length, *more))


def _optional(x: Array | None) -> Array | None:
    return None if x is None else kernels.contiguous(x)


def _forward(
    x: Array, weight: Array | None, bias: Array | None, dims: int, eps: float, rms: str
) -> tuple[Array, Any, Array]:
    rows, columns = _layout(x, dims)
    x = kernels.contiguous(x)
    statistics = _statistics(x.dtype)
    kept = (*x.shape[: x.ndim - dims], *(1,) * dims)
    result, rstd = cupy.empty(x.shape, x.dtype), cupy.empty(kept, statistics)
    mean = cupy.empty(kept, statistics) if rms == "false" else None
    arrays = (x, _optional(weight), _optional(bias), result, mean, rstd)
    _per_row("forward", kernels.FLOATS[x.dtype.name], rms, rows, columns, arrays, statistics.type(eps))
    return result, mean, rstd


def _backward(
    g: Array,
    x: Array,
    weight: Array | None,
    mean: Array | None,
    rstd: Array,
    dims: int,
    needs: tuple[bool, ...],
    rms: str,
) -> Gradients:
    rows, columns = _layout(x, dims)
    kind, statistics, shape = kernels.FLOATS[x.dtype.name], _statistics(x.dtype), x.shape[x.ndim - dims :]
    g, x, mean, rstd = kernels.contiguous(g), kernels.contiguous(x), _optional(mean), kernels.contiguous(rstd)
    g_x = g_weight = g_bias = None
    if needs[0]:
        g_x = cupy.empty(x.shape, x.dtype)
        _per_row("backward", kind, rms, rows, columns, (g, x, _optional(weight), mean, rstd, g_x))
    if needs[1] and weight is not None:
        g_weight = cupy.empty(shape, x.dtype)
    if needs[2]:
        g_bias = cupy.empty(shape, statistics)
    if g_weight is not None or g_bias is not None:
        each = max(SLICE, -(-rows // SLICES))
        slices = -(-rows // each)
        products = None if g_weight is None else cupy.empty((slices, columns), statistics)
        sums = None if g_bias is None else cupy.empty((slices, columns), statistics)
        numbers = (np.int64(rows), np.int64(columns), np.int64(each))
        blocks = slices * -(-columns // 32)
        kernels.launch(
            "norm", kind, f"slices<{kind}, {rms}>", blocks, (g, x, mean, rstd, products, sums, *numbers)
        )
        kernels.launch(
            "norm", kind, f"add_slices<{kind}>", kernels.blocks_for(columns),
            (products, sums, g_weight, g_bias, np.int64(slices), np.int64(columns)),
        )  # fmt: skip
    return g_x, g_weight, g_bias
