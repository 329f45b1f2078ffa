"""Layer, root-mean-square and batch normalisation with their gradients, in few passes and temporaries.

Rows (what shares one mean) are brought into one of two layouts without copying contiguous arrays: (rows,
elements) for layer and RMS normalisation, (images, channels, places) for batch normalisation. Variances are
taken in a second pass over the deviations: the difference of mean square and squared mean loses all digits
where the mean is large. Halves are computed in float32; statistics of halves stay float32.
"""

from __future__ import annotations

import math

from autograd_gpu.device.portable.base import Array, DType, Shape, float32, is_half
from autograd_gpu.device.portable.reductions import Reductions

Gradients = tuple[Array | None, Array | None, Array | None]


class Normalization(Reductions):
    """native_layer_norm, fused_rms_norm, native_batch_norm and their gradients."""

    # -- over the last axes ----------------------------------------------------------------------------

    def native_layer_norm_forward(
        self, x: Array, weight: Array | None = None, bias: Array | None = None, *, dims: int, eps: float
    ) -> tuple[Array, Array, Array]:
        """``(x - mean) * rstd * weight + bias`` over the last ``dims`` axes, the means, and the ``rstd``: the
        inverse square roots of variance + eps (both with axes of size 1)."""
        rows = self._rows(x, dims)
        mean = self._row_mean(rows)
        result = rows - mean
        rstd = self._inverse_root(self._row_mean_product(result, result), eps)
        result *= rstd
        self._affine(result, weight, bias)
        kept = (*x.shape[: x.ndim - dims], *(1,) * dims)
        return self._back(result, x.shape, x.dtype), mean.reshape(kept), rstd.reshape(kept)

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
        """The gradients for x, weight and bias (None where not needed); that for bias has the weight's dtype, and without
        a weight is float32 if x is a half."""
        rows, g_rows, rstd = self._rows(x, dims), self._rows(g, dims), rstd.reshape(-1, 1)
        normal = None
        if needs[0] or needs[1]:
            normal = rows - mean.reshape(-1, 1)
            normal *= rstd
        g_weight, g_bias = self._affine_gradients(g_rows, normal, weight, x.shape[x.ndim - dims :], needs)
        if not needs[0]:
            return None, g_weight, g_bias
        # dx = rstd * (dn - mean(dn) - n * mean(dn * n)) with n = (x - mean) * rstd and dn = g * weight
        toward = g_rows if weight is None else g_rows * self._wide(weight).reshape(-1)
        normal *= self._row_mean_product(toward, normal)
        result = toward - normal
        result -= self._row_mean(toward)
        result *= rstd
        return self._back(result, x.shape, g.dtype), g_weight, g_bias

    def fused_rms_norm_forward(
        self, x: Array, weight: Array | None = None, *, dims: int, eps: float
    ) -> tuple[Array, Array]:
        """``x * rstd * weight`` and ``rstd = 1 / sqrt(mean(x * x) + eps)`` over the last ``dims`` axes."""
        rows = self._rows(x, dims)
        rstd = self._inverse_root(self._row_mean_product(rows, rows), eps)
        result = rows * rstd
        self._affine(result, weight, None)
        return self._back(result, x.shape, x.dtype), rstd.reshape(*x.shape[: x.ndim - dims], *(1,) * dims)

    def fused_rms_norm_backward(
        self, g: Array, x: Array, weight: Array | None, rstd: Array, *, dims: int, needs: tuple[bool, ...]
    ) -> tuple[Array | None, Array | None]:
        """The gradients for x and weight (None where not needed)."""
        g_rows, rstd = self._rows(g, dims), rstd.reshape(-1, 1)
        normal = self._rows(x, dims) * rstd
        shape = x.shape[x.ndim - dims :]
        g_weight, _ = self._affine_gradients(g_rows, normal, weight, shape, (*needs, False))
        if not needs[0]:
            return None, g_weight
        toward = g_rows if weight is None else g_rows * self._wide(weight).reshape(-1)
        normal *= self._row_mean_product(toward, normal)
        result = toward - normal
        result *= rstd
        return self._back(result, x.shape, g.dtype), g_weight

    # -- over all axes but the channels' ---------------------------------------------------------------

    def batch_norm_statistics(self, x: Array) -> tuple[Array, Array]:
        """Mean and (biased) variance of each channel of ``x`` (n, c, ...); NaN where there is nothing."""
        planes = self._planes(x)
        mean = self._channel_mean(planes)
        deviation = planes - mean[:, None]
        return mean, self._channel_dot(deviation, deviation) / self._per_channel(x)

    def native_batch_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        mean: Array,
        var: Array,
        *,
        eps: float,
    ) -> Array:
        """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel."""
        planes = self._planes(x)
        scale = self._inverse_root(var, eps)
        if weight is not None:
            scale = scale * self._wide(weight)
        result = planes - mean[:, None]
        result *= scale[:, None]
        if bias is not None:
            result += self._wide(bias)[:, None]
        return self._back(result, x.shape, x.dtype)

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
        """The gradients for x, weight and bias (None where not needed), where mean and var are those of ``x``. That for
        bias has a dtype as in ``native_layer_norm_backward``."""
        planes, g_planes, rstd = self._planes(x), self._planes(g), self._inverse_root(var, eps)
        # Sums over a channel: of g, and of g times the normalised x.
        g_sum = self._channel_sum(g_planes)
        g_bias = self._bias_gradient(g_sum, weight) if needs[2] else None
        if not (needs[0] or needs[1]):
            return None, None, g_bias
        normal = planes - mean[:, None]
        normal *= rstd[:, None]
        g_normal = self._channel_dot(g_planes, normal)
        g_weight = (
            self._back(g_normal, weight.shape, weight.dtype) if needs[1] and weight is not None else None
        )
        if not needs[0]:
            return None, g_weight, g_bias
        # dx = rstd * weight * (g - mean(g) - n * mean(g * n))
        count = self._per_channel(x)
        normal *= (g_normal / count)[:, None]
        result = g_planes - normal
        result -= (g_sum / count)[:, None]
        scale = rstd if weight is None else rstd * self._wide(weight)
        result *= scale[:, None]
        return self._back(result, x.shape, g.dtype), g_weight, g_bias

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
        """``running = momentum * value + (1 - momentum) * running``, in place, for means and for variances times
        ``unbiased``; what is None is not kept."""
        for running, value in ((running_mean, mean), (running_var, var * unbiased)):
            if running is not None:
                running *= 1 - momentum
                running += self._back(value * momentum, running.shape, running.dtype)

    # -- with numbers that are given for each channel ----------------------------------------------------

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
        """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel, by what there is of them."""
        planes, scale, shift = self._planes(x), self._channel_scale(weight, var, eps), None
        if mean is not None:
            shift = -self._wide(mean) if scale is None else -self._wide(mean) * scale
        if bias is not None:
            shift = self._wide(bias) if shift is None else shift + self._wide(bias)
        result = planes.copy() if scale is None else planes * scale[:, None]
        if shift is not None:
            result += shift[:, None]
        return self._back(result, x.shape, x.dtype)

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
        """The gradient for x; and, in ``dtype``, the sums over each channel of g times the normalised x (that is, the
        gradient for weight) and of g (for bias). None where not needed."""
        planes, g_planes, scale = self._planes(x), self._planes(g), self._channel_scale(weight, var, eps)
        g_x = products = sums = None
        if needs[0]:
            g_x = self._back(g_planes if scale is None else g_planes * scale[:, None], x.shape, x.dtype)
        if needs[1]:
            normal = planes if mean is None else planes - self._wide(mean)[:, None]
            products = self._channel_dot(g_planes, normal)
            if var is not None:
                products = products * self._inverse_root(self._wide(var), eps)
            products = self._back(products, products.shape, dtype)
        if needs[2]:
            sums = self._channel_sum(g_planes)
            sums = self._back(sums, sums.shape, dtype)
        return g_x, products, sums

    # -- parts -----------------------------------------------------------------------------------------

    def _channel_scale(self, weight: Array | None, var: Array | None, eps: float) -> Array | None:
        scale = None if var is None else self._inverse_root(self._wide(var), eps)
        if weight is None:
            return scale
        return self._wide(weight) if scale is None else scale * self._wide(weight)

    def _wide(self, x: Array) -> Array:
        return x.astype(float32) if is_half(x.dtype) else x

    def _back(self, x: Array, shape: Shape, dtype: DType) -> Array:
        return (x if x.dtype == dtype else x.astype(dtype)).reshape(shape)

    def _inverse_root(self, var: Array, eps: float) -> Array:
        return 1 / self.xp.sqrt(var + eps)

    def _rows(self, x: Array, dims: int) -> Array:
        """(rows, elements)"""
        width = math.prod(x.shape[x.ndim - dims :])
        return self._wide(x).reshape(math.prod(x.shape[: x.ndim - dims]), width)

    def _row_mean(self, rows: Array) -> Array:
        return self._sum(rows, axis=1, keepdims=True) / rows.shape[1]

    def _row_mean_product(self, a: Array, b: Array) -> Array:
        return (self.xp.einsum("ij,ij->i", a, b) / a.shape[1])[:, None]

    def _affine(self, rows: Array, weight: Array | None, bias: Array | None) -> None:
        """``rows * weight + bias``, in place."""
        if weight is not None:
            rows *= self._wide(weight).reshape(-1)
        if bias is not None:
            rows += self._wide(bias).reshape(-1)

    def _affine_gradients(
        self,
        g_rows: Array,
        normal: Array | None,
        weight: Array | None,
        shape: Shape,
        needs: tuple[bool, ...],
    ) -> tuple[Array | None, Array | None]:
        g_weight = g_bias = None
        if needs[1] and weight is not None:
            g_weight = self._back(self.xp.einsum("ij,ij->j", g_rows, normal), shape, weight.dtype)
        if needs[2]:
            g_bias = self._bias_gradient(self._sum(g_rows, axis=0).reshape(shape), weight)
        return g_weight, g_bias

    def _bias_gradient(self, g_bias: Array, weight: Array | None) -> Array:
        # A bias has the dtype of the weight; without a weight it is the caller who knows the dtype.
        return g_bias if weight is None else self._back(g_bias, g_bias.shape, weight.dtype)

    def _planes(self, x: Array) -> Array:
        """(images, channels, places)"""
        return self._wide(x).reshape(*x.shape[:2], math.prod(x.shape[2:]))

    def _per_channel(self, x: Array) -> int:
        return math.prod(x.shape) // x.shape[1] if x.shape[1] else 0

    def _channel_sum(self, planes: Array) -> Array:
        # The long contiguous axis first: each of its sums is pairwise, so the error does not grow with its
        # length.
        return self._sum(self._sum(planes, axis=2), axis=0)

    def _channel_mean(self, planes: Array) -> Array:
        return self._channel_sum(planes) / self._per_channel(planes)

    def _channel_dot(self, a: Array, b: Array) -> Array:
        if a.shape[2] == 1:
            return self.xp.einsum("nc,nc->c", a[:, :, 0], b[:, :, 0])
        return self._sum(self.xp.einsum("ncl,ncl->nc", a, b), axis=0)
