"""Cases of autograd_gpu/ops/windows.py. NumPy's windows are symmetric; a periodic one is one sample of a longer one short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S


def _window(function: Callable[[int], Any]) -> Callable[..., Any]:
    def reference(length: int, periodic: bool = True, **options: Any) -> Any:
        found = function(length + 1)[:length] if periodic and length > 1 else function(length)
        return found.astype(np.float32)

    return reference


def _row(name: str, function: Callable[[int], Any]) -> OpCase:
    return OpCase(
        name,
        samples=lambda make: [S(length, periodic) for length in (0, 1, 2, 7) for periodic in (True, False)],
        ref=_window(function),
        dtypes="float32",
        gradient=False,
        factory=True,
        errors=[
            ErrorCase(
                lambda make: S(-1),
                RuntimeError,
                f"{name} requires non-negative window_length, got window_length=-1",
            )
        ],
    )


CASES = [
    _row("hann_window", np.hanning),
    _row("hamming_window", np.hamming),
    _row("blackman_window", lambda n: np.maximum(np.blackman(n), 0)),
    _row("bartlett_window", np.bartlett),
    _row("kaiser_window", lambda n: np.kaiser(n, 12.0)),
]
