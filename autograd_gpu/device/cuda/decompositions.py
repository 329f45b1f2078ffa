"""Where CuPy's linear algebra tells of failures: only when asked, for the program has to wait for the answer.

PyTorch asks, too, so that a singular matrix is the same error on every device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cupyx

from autograd_gpu.device.portable.decompositions import Decompositions


class CudaDecompositions(Decompositions):
    """`Decompositions` that raise."""

    def _checked(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with cupyx.errstate(linalg="raise"):
            return function(*arguments, **options)
