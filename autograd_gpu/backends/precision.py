"""How exact products of float32 matrices are: one switch, under the three names that PyTorch has for it."""

from __future__ import annotations

import warnings
from typing import Any

from autograd_gpu.device import precision
from autograd_gpu.errors import here

#: what was asked for last; "medium" is TF32 here, as "high" is
_asked = "highest"


def set_float32_matmul_precision(precision: str) -> None:
    """Say how exact products of float32 matrices are on a GPU.

    Args:
        precision: "highest": computed in float32. "high" or "medium": operands may be rounded to TF32 (8 bits of exponent,
            10 of mantissa), which tensor cores multiply about eight times as fast; sums stay in float32. GPUs without
            TF32 (before compute capability 8.0) and the CPU compute in float32 anyway.

    Any other value warns and changes nothing, as in PyTorch.

    >>> ag.set_float32_matmul_precision("high")
    >>> ag.backends.cuda.matmul.allow_tf32
    True
    >>> ag.set_float32_matmul_precision("highest")
    """
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current setFloat32MatmulPrecision call has no "
            "effect.",
            UserWarning,
            stacklevel=2,
        )
        return
    allow_tf32(precision != "highest", precision)


def get_float32_matmul_precision() -> str:
    """ "highest", "high" or "medium": see `set_float32_matmul_precision`.

    >>> ag.get_float32_matmul_precision()
    'highest'
    """
    return _asked


def allow_tf32(allowed: Any, asked: str | None = None) -> None:
    """Let products of float32 round their operands to TF32, or not."""
    global _asked
    if not isinstance(allowed, bool):
        raise RuntimeError(f"set_allow_tf32_cublas expects a bool, but got {type(allowed).__name__}{here()}")
    precision.tf32 = allowed
    _asked = asked or ("high" if allowed else "highest")
