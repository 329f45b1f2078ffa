"""The special functions that CUDA's own library has, in one launch each."""

from __future__ import annotations

from cupyx.scipy import special

from autograd_gpu.device.portable.base import Array, Ufunc, float32, is_half
from autograd_gpu.device.portable.elementwise import Elementwise
from autograd_gpu.device.portable.special import Special


class CudaSpecial(Elementwise, Special):
    """erf, erfc, erfinv, lgamma, digamma."""

    def erf(self, x: Array, out: Array | None = None) -> Array:
        return self._library(special.erf, x, out)

    def erfc(self, x: Array, out: Array | None = None) -> Array:
        return self._library(special.erfc, x, out)

    def erfinv(self, x: Array, out: Array | None = None) -> Array:
        return self._library(special.erfinv, x, out)

    def lgamma(self, x: Array, out: Array | None = None) -> Array:
        return self._library(special.gammaln, x, out)

    def _library(self, function: Ufunc, x: Array, out: Array | None) -> Array:
        """CUDA has no halves here: they are computed in float32."""
        if not is_half(x.dtype):
            return function(x, out) if out is not None else function(x)
        return self._into(out, function(x.astype(float32)).astype(x.dtype))
