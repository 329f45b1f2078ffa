"""Layer and root-mean-square normalisation by the kernels of norm.cu: one launch forward, two backward (rows that no block
can hold: three)."""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.cuda.partials import SLICE_ROWS, SLICES, row_form
from autograd_gpu.device.portable.base import Array, DType, float32, is_half
from autograd_gpu.device.portable.norm import Gradients, Normalization

#: elements of a row that a thread keeps at most
LARGEST = {"forward": 32, "backward": 16}


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
        if not _fit(x, weight, g=g):
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
        if not _fit(x, weight, g=g):
            return super().fused_rms_norm_backward(g, x, weight, rstd, dims=dims, needs=needs)
        g_x, g_weight, _ = _backward(g, x, weight, None, rstd, dims, (*needs, False), "true")
        return g_x, g_weight


def _fit(x: Array, weight: Array | None, bias: Array | None = None, g: Array | None = None) -> bool:
    """Whether the kernels take these: elements of a floating dtype, and parameters of that dtype or, both, of float32."""
    parameters = {each.dtype for each in (weight, bias) if each is not None}
    return (
        x.size > 0
        and x.dtype.name in kernels.FLOATS
        and (g is None or g.dtype == x.dtype)
        and (not parameters or parameters == {x.dtype} or parameters == {_statistics(x.dtype)})
        and isinstance(x, cupy.ndarray)
    )


def _statistics(dtype: DType) -> DType:
    return float32 if is_half(dtype) else dtype


def _layout(x: Array, dims: int) -> tuple[int, int]:
    """How many rows of how many columns."""
    columns = math.prod(x.shape[x.ndim - dims :])
    return x.size // columns, columns


def _optional(x: Array | None) -> Array | None:
    return None if x is None else kernels.contiguous(x)


def _parameters(x: Array, *vectors: Array | None) -> tuple[Any, ...]:
    """The vectors, and whether they are of another type than the array: that of the statistics."""
    wide = any(vector is not None and vector.dtype != x.dtype for vector in vectors)
    return *map(_optional, vectors), np.bool_(wide)


def _forward(
    x: Array, weight: Array | None, bias: Array | None, dims: int, eps: float, rms: str
) -> tuple[Array, Any, Array]:
    rows, columns = _layout(x, dims)
    x = kernels.contiguous(x)
    kind, statistics = kernels.FLOATS[x.dtype.name], _statistics(x.dtype)
    kept = (*x.shape[: x.ndim - dims], *(1,) * dims)
    result, rstd = cupy.empty(x.shape, x.dtype), cupy.empty(kept, statistics)
    mean = cupy.empty(kept, statistics) if rms == "false" else None
    *vectors, wide = _parameters(x, weight, bias)
    form = row_form(columns, LARGEST["forward"], x, result, *vectors)
    length: np.int32 | np.int64
    if form is None:
        name, blocks, length = f"forward_long<{kind}, {rms}>", rows, np.int64(columns)
    else:
        neighbours, count, threads = form
        name = f"forward_row<{kind}, {rms}, {neighbours}, {count}, {threads}>"
        blocks, length = kernels.blocks_for(threads * rows), np.int32(columns)
    kernels.launch(
        "norm", kind, name, blocks, (x, *vectors, wide, result, mean, rstd, np.int64(rows), length, statistics.type(eps))
    )  # fmt: skip
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
    vector, wide = _parameters(x, weight)
    g_x = cupy.empty(x.shape, x.dtype) if needs[0] else None
    g_weight = cupy.empty(shape, weight.dtype) if needs[1] and weight is not None else None
    # a bias has the dtype of the weight
    g_bias = cupy.empty(shape, statistics if weight is None else weight.dtype) if needs[2] else None
    rows_each = max(SLICE_ROWS, -(-rows // SLICES))
    slices = -(-rows // rows_each)
    partials = None
    if g_weight is not None or g_bias is not None:
        partials = cupy.empty((slices, 2, columns), statistics)
    form = row_form(columns, LARGEST["backward"], g, x, vector, g_x)
    known = (mean, rstd)
    if form is not None:
        neighbours, count, threads = form
        kernels.launch(
            "norm", kind, f"backward_row<{kind}, {rms}, {neighbours}, {count}, {threads}>", slices,
            (g, x, vector, wide, *known, g_x, partials, np.int64(rows), np.int32(columns), np.int64(rows_each)),
        )  # fmt: skip
    else:
        if g_x is not None:
            kernels.launch(
                "norm", kind, f"backward_long<{kind}, {rms}>", rows,
                (g, x, vector, wide, *known, g_x, np.int64(rows), np.int64(columns)),
            )  # fmt: skip
        if partials is not None:
            kernels.launch(
                "norm", kind, f"slices<{kind}, {rms}>", slices * -(-columns // 32),
                (g, x, *known, partials, np.int64(rows), np.int64(columns), np.int64(rows_each)),
            )  # fmt: skip
    if partials is not None:
        kernels.launch(
            "norm", kind, f"add_slices<{kind}>", -(-columns // 32),
            (partials, g_weight, wide, g_bias, np.bool_(g_bias is not None and g_bias.dtype != x.dtype),
             np.int64(slices), np.int64(columns)),
        )  # fmt: skip
    return g_x, g_weight, g_bias
