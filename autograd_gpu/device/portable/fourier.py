"""Discrete Fourier transforms, in the precision of what is transformed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_gpu.device.portable.base import Array, Base, Shape

Norm = str


class Fourier(Base):
    """Transforms along axes that count from the end; ``norm`` is NumPy's: "backward", "ortho" or "forward"."""

    def _transform(self, function: Callable[..., Any], x: Array, *arguments: Any, **named: Any) -> Array:
        """A function of the array library; NumPy has transformed in single precision since 2.0."""
        return function(x, *arguments, **named)

    def fft_c2c(self, x: Array, *, dim: Shape, norm: Norm, forward: bool) -> Array:
        """Complex to complex."""
        fft = self.xp.fft
        return self._transform(fft.fftn if forward else fft.ifftn, x, axes=dim, norm=norm)

    def fft_r2c(self, x: Array, *, dim: Shape, norm: Norm, onesided: bool) -> Array:
        """Real to complex: half of the last axis, since the rest is its conjugate, or all of it."""
        fft = self.xp.fft
        return self._transform(fft.rfftn if onesided else fft.fftn, x, axes=dim, norm=norm)

    def fft_c2r(self, x: Array, *, dim: Shape, norm: Norm, last: int) -> Array:
        """Complex to real: ``last`` elements along the last axis, of which half is given."""
        sizes = [x.shape[axis] for axis in dim[:-1]]
        return self._transform(self.xp.fft.irfftn, x, s=(*sizes, last), axes=dim, norm=norm)
