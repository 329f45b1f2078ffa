"""Discrete Fourier transforms under PyTorch's names: `ag.fft`.

>>> from autograd_gpu import fft
>>> fft.irfft(fft.rfft(ag.tensor([1.0, 2.0, 3.0, 4.0])))
tensor([1., 2., 3., 4.])
"""

from __future__ import annotations

from autograd_gpu.core.out import accepts_out as _accepts_out
from autograd_gpu.ops import fourier as _fourier
from autograd_gpu.ops.fourier import fftshift, ifftshift

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ifftshift",
    "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

fft, ifft, rfft, irfft, hfft, ihfft = map(
    _accepts_out,
    (_fourier.fft, _fourier.ifft, _fourier.rfft, _fourier.irfft, _fourier.hfft, _fourier.ihfft),
)
fftn, ifftn, rfftn, irfftn, hfftn, ihfftn = map(
    _accepts_out,
    (_fourier.fftn, _fourier.ifftn, _fourier.rfftn, _fourier.irfftn, _fourier.hfftn, _fourier.ihfftn),
)
fft2, ifft2, rfft2, irfft2, hfft2, ihfft2 = map(
    _accepts_out,
    (_fourier.fft2, _fourier.ifft2, _fourier.rfft2, _fourier.irfft2, _fourier.hfft2, _fourier.ihfft2),
)
fftfreq = _accepts_out(_fourier.fftfreq)
rfftfreq = _accepts_out(_fourier.rfftfreq)
