"""Windows for spectra: how much each sample of a stretch of a signal counts."""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose
from autograd_gpu.ops.bessel import i0
from autograd_gpu.ops.factories import arange, zeros


def _samples(name: str, window_length: int, periodic: bool, options: dict[str, Any]) -> tuple[Tensor, float]:
    """0, 1, ..., n - 1 in the dtype asked for, and the length of a period."""
    if window_length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={window_length}{errors.here()}"
        )
    dtype = options.get("dtype") or dtypes.get_default_dtype()
    if dtypes.as_dtype(dtype).category != dtypes.FLOAT:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype}{errors.here()}")
    options["dtype"] = dtype
    if window_length <= 1:
        return zeros(window_length, **options), 1.0
    return arange(window_length, **options), float(window_length if periodic else window_length - 1)


def _cosines(
    name: str, window_length: int, periodic: bool, options: dict[str, Any], coefficients: tuple[float, ...]
) -> Tensor:
    """``a0 - a1 cos(2 pi k / n) + a2 cos(4 pi k / n) - ...``."""
    wants_grad = options.pop("requires_grad", False)
    options.pop("layout", None)
    k, period = _samples(name, window_length, periodic, options)
    if window_length <= 1:
        return (k + 1).requires_grad_(wants_grad)
    result = k * 0 + coefficients[0]
    for order, coefficient in enumerate(coefficients[1:], 1):
        result = result + (-1) ** order * coefficient * (k * (2 * math.pi * order / period)).cos()
    return result.requires_grad_(wants_grad)


def hann_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """The Hann window, ``sin(pi k / n) ** 2``.

    Args:
        window_length: the number of samples.
        periodic: the period is `window_length` (for spectra); False: one less, so that the window is symmetric.
        options: dtype, device, requires_grad as for `ag.arange`.

    >>> ag.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _cosines("hann_window", window_length, periodic, options, (0.5, 0.5))


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, **options: Any
) -> Tensor:
    """The Hamming window, ``alpha - beta cos(2 pi k / n)``. Arguments as for `ag.hann_window`.

    >>> ag.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    return _cosines("hamming_window", window_length, periodic, options, (alpha, beta))


def blackman_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """The Blackman window, ``0.42 - 0.5 cos(2 pi k / n) + 0.08 cos(4 pi k / n)``, not below 0. Arguments as for
    `ag.hann_window`.

    >>> ag.blackman_window(4)
    tensor([0.0000, 0.3400, 1.0000, 0.3400])
    """
    wants_grad = options.pop("requires_grad", False)
    window = _cosines("blackman_window", window_length, periodic, options, (0.42, 0.5, 0.08))
    return window.clamp(min=0).requires_grad_(wants_grad)


def bartlett_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """The triangular window. Arguments as for `ag.hann_window`.

    >>> ag.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    wants_grad = options.pop("requires_grad", False)
    options.pop("layout", None)
    k, period = _samples("bartlett_window", window_length, periodic, options)
    if window_length <= 1:
        return (k + 1).requires_grad_(wants_grad)
    return (1 - (k * (2 / period) - 1).abs()).requires_grad_(wants_grad)


def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0, **options: Any) -> Tensor:
    """The Kaiser window, ``i0(beta sqrt(1 - (2 k / n - 1)^2)) / i0(beta)``. Arguments as for `ag.hann_window`.

    >>> ag.kaiser_window(3, periodic=False, beta=0.0)
    tensor([1., 1., 1.])
    """
    wants_grad = options.pop("requires_grad", False)
    options.pop("layout", None)
    k, period = _samples("kaiser_window", window_length, periodic, options)
    if window_length <= 1:
        return (k + 1).requires_grad_(wants_grad)
    place = k * (2 / period) - 1
    top = i0.public(beta * (1 - place * place).clamp(min=0).sqrt())
    return (top / i0.public(k.new_full((), beta))).requires_grad_(wants_grad)  # type: ignore[no-any-return]


for _window in (hann_window, hamming_window, blackman_window, bartlett_window, kaiser_window):
    expose(_window, _window.__name__, method=False)
