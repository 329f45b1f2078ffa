"""Batch normalisation by the kernels of batch_norm.cu: two launches each way, and one for the running statistics; with given
statistics, one launch each way."""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.cuda.partials import SEGMENTS_EACH, Columns, Planes, together
from autograd_gpu.device.portable.base import Array, DType, float32, is_half
from autograd_gpu.device.portable.norm import Gradients, Normalization

Layout = tuple[int, int, int]

#: struct Given of batch_norm.cu, for arrays of all types but double, and for double
GIVEN, GIVEN_DOUBLE = (
    np.dtype(
        [("mean", "u8"), ("var", "u8"), ("weight", "u8"), ("wide_statistics", "?"), ("wide_weight", "?"), ("eps", eps)],
        align=True,
    )
    for eps in ("f4", "f8")
)  # fmt: skip


class CudaBatchNorm(Normalization):
    """batch_norm_statistics, native_batch_norm, its gradients, and the running statistics."""

    def batch_norm_statistics(self, x: Array) -> tuple[Array, Array]:
        """See ``Normalization.batch_norm_statistics``."""
        if not _fit(x):
            return super().batch_norm_statistics(x)
        x, wide = kernels.contiguous(x), _wide(x.dtype)
        mean, var = cupy.empty(x.shape[1], wide), cupy.empty(x.shape[1], wide)
        _merge("statistics", (x,), (x, mean, var), _layout(x), wide, 3)
        return mean, var

    def native_batch_norm(
        self, x: Array, weight: Array | None, bias: Array | None, mean: Array, var: Array, *, eps: float
    ) -> Array:
        """See ``Normalization.native_batch_norm``."""
        wide = _wide(x.dtype)
        if not (_fit(x) and _are(wide, mean, var) and _are_parameters(x, weight, bias)):
            return super().native_batch_norm(x, weight, bias, mean, var, eps=eps)
        x = kernels.contiguous(x)
        out = cupy.empty(x.shape, x.dtype)
        _each(
            "normalize", (x, out),
            (x, *_given(mean, var, wide), wide.type(eps), *_parameter(weight, wide), *_parameter(bias, wide), out),
        )  # fmt: skip
        return out

    def channel_affine(
        self,
        x: Array,
        weight: Array | None = None,
        bias: Array | None = None,
        mean: Array | None = None,
        var: Array | None = None,
        *,
        eps: float,
    ) -> Array:
        """See ``Normalization.channel_affine``."""
        if not (_fit(x) and _are_parameters(x, weight, bias) and _are_statistics(x, mean, var)):
            return super().channel_affine(x, weight, bias, mean, var, eps=eps)
        wide, x = _wide(x.dtype), kernels.contiguous(x)
        out = cupy.empty(x.shape, x.dtype)
        _each(
            "normalize", (x, out),
            (x, *_given(mean, var, wide), wide.type(eps), *_parameter(weight, wide), *_parameter(bias, wide), out),
        )  # fmt: skip
        return out

    def channel_affine_backward(
        self,
        g: Array,
        x: Array,
        weight: Array | None,
        mean: Array | None,
        var: Array | None,
        *,
        eps: float,
        dtype: DType,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """See ``Normalization.channel_affine_backward``."""
        wide = _wide(x.dtype)
        fit = _fit(x, g) and _are_parameters(x, weight) and _are_statistics(x, mean, var)
        if not fit or dtype not in (x.dtype, wide):
            return super().channel_affine_backward(g, x, weight, mean, var, eps=eps, dtype=dtype, needs=needs)
        g, x, channels = kernels.contiguous(g), kernels.contiguous(x), x.shape[1]
        g_x = cupy.empty(x.shape, x.dtype) if needs[0] else None
        products, sums = (cupy.empty(channels, dtype) if need else None for need in needs[1:])
        vectors = tuple(None if v is None else kernels.contiguous(v) for v in (mean, var, weight))
        pointers = tuple(0 if v is None else v.data.ptr for v in vectors)
        given = np.zeros((), GIVEN_DOUBLE if wide.itemsize == 8 else GIVEN)
        given[()] = *pointers, _is_wide(wide, mean, var), _is_wide(wide, weight), eps
        _merge(
            "affine", (x, g, g_x), (g, x, given[()], g_x, products, sums, np.bool_(dtype == wide)), _layout(x), wide, 2
        )  # fmt: skip
        return g_x, products, sums

    def native_batch_norm_backward(
        self,
        g: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        var: Array,
        *,
        eps: float,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """See ``Normalization.native_batch_norm_backward``."""
        wide = _wide(x.dtype)
        if not (_fit(x, g) and _are(wide, mean, var) and _are_parameters(x, weight)):
            return super().native_batch_norm_backward(g, x, weight, mean, var, eps=eps, needs=needs)
        g, x = kernels.contiguous(g), kernels.contiguous(x)
        known = _statistics(mean, var, wide, eps)
        sums, products = cupy.empty(x.shape[1], wide), cupy.empty(x.shape[1], wide)
        # the gradients in the dtype of the parameters (a bias has that of the weight)
        narrow = weight is not None and weight.dtype != wide
        g_weight, g_bias = (cupy.empty(x.shape[1], x.dtype) if narrow else None for _ in range(2))
        _merge("products", (x, g), (g, x, *known, sums, products, g_weight, g_bias), _layout(x), wide, 2)
        g_x = None
        if needs[0]:
            g_x = cupy.empty(x.shape, x.dtype)
            _each("gradient", (x, g, g_x), (g, x, *known, *_parameter(weight, wide), sums, products, g_x))
        if not narrow:
            g_weight, g_bias = products, sums
        return g_x, g_weight if needs[1] and weight is not None else None, g_bias if needs[2] else None

    def track_statistics(
        self,
        running_mean: Array | None,
        running_var: Array | None,
        mean: Array,
        var: Array,
        *,
        momentum: float,
        unbiased: float,
    ) -> None:
        """See ``Normalization.track_statistics``."""
        running = [each for each in (running_mean, running_var) if each is not None]
        if not running:
            return
        dtype, wide = running[0].dtype, _wide(running[0].dtype)
        fit = dtype.name in kernels.FLOATS and _are(dtype, *running) and _are(wide, mean, var)
        if not fit or not all(each.flags.c_contiguous for each in running):
            super().track_statistics(
                running_mean, running_var, mean, var, momentum=momentum, unbiased=unbiased
            )
            return
        kind = kernels.FLOATS[dtype.name]
        kernels.launch(
            "batch_norm", kind, f"track<{kind}>", kernels.blocks_for(mean.size),
            (running_mean, running_var, kernels.contiguous(mean), kernels.contiguous(var), np.int64(mean.size),
             wide.type(momentum), wide.type(unbiased)),
        )  # fmt: skip


def _wide(dtype: DType) -> DType:
    return float32 if is_half(dtype) else dtype


def _are(dtype: DType, *arrays: Array) -> bool:
    return all(isinstance(array, cupy.ndarray) and array.dtype == dtype for array in arrays)


def _fit(x: Array, *others: Array) -> bool:
    return x.dtype.name in kernels.FLOATS and x.size > 0 and _are(x.dtype, x, *others)


def _are_parameters(x: Array, *vectors: Array | None) -> bool:
    return all(
        v is None or (isinstance(v, cupy.ndarray) and v.dtype in (x.dtype, _wide(x.dtype))) for v in vectors
    )


def _are_statistics(x: Array, mean: Array | None, var: Array | None) -> bool:
    return _are_parameters(x, mean, var) and (mean is None or var is None or mean.dtype == var.dtype)


def _is_wide(wide: DType, *vectors: Array | None) -> bool:
    return any(v is not None and v.dtype == wide for v in vectors)


def _given(mean: Array | None, var: Array | None, wide: DType) -> tuple[Any, Any, Any]:
    """Statistics as `normalize` takes them."""
    return (
        None if mean is None else kernels.contiguous(mean),
        None if var is None else kernels.contiguous(var),
        np.bool_(_is_wide(wide, mean, var)),
    )


def _layout(x: Array) -> Layout:
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])


def _statistics(mean: Array, var: Array, wide: DType, eps: float) -> tuple[Any, ...]:
    return kernels.contiguous(mean), kernels.contiguous(var), wide.type(eps)


def _parameter(vector: Array | None, wide: DType) -> tuple[Any, Any]:
    """A vector, and whether it is of the wide type."""
    if vector is None:
        return None, np.bool_(False)
    return kernels.contiguous(vector), np.bool_(vector.dtype == wide)


def _merge(
    name: str,
    read: tuple[Array | None, ...],
    arguments: tuple[Any, ...],
    layout: Layout,
    wide: DType,
    numbers: int,
) -> None:
    """Launches what makes `numbers` numbers of each channel."""
    images, channels, places = layout
    assert read[0] is not None
    kind = kernels.FLOATS[read[0].dtype.name]
    if places == 1:
        columns = Columns(1, images, channels, *read)
        kernels.launch(
            "batch_norm", kind, f"{name}_columns<{kind}, {columns.together}>", columns.blocks,
            (*arguments, np.int64(images), np.int64(channels), np.int64(columns.rows_each), *columns.room(wide, numbers)),
        )  # fmt: skip
        return
    planes = Planes(images, channels, places, *read)
    kernels.launch(
        "batch_norm", kind, planes.instance(f"{name}_planes", kind), planes.blocks,
        (*arguments, *map(np.int64, layout), np.int64(SEGMENTS_EACH), *planes.room(wide, numbers)),
    )  # fmt: skip


def _each(name: str, touched: tuple[Array, ...], arguments: tuple[Any, ...]) -> None:
    """Launches what makes each element of an array like the first one."""
    x = touched[0]
    _, channels, places = _layout(x)
    kind = kernels.FLOATS[x.dtype.name]
    neighbours = together(channels if places == 1 else places, *touched)
    kernels.launch(
        "batch_norm", kind, f"{name}<{kind}, {neighbours}>", kernels.blocks_for(x.size // neighbours),
        (*arguments, np.int64(x.size), np.int64(channels), np.int64(places)),
    )  # fmt: skip
