"""Layer 5: ``ag.backends``: how exact products are on a GPU, and switches of PyTorch's that change nothing here.

>>> ag.backends.cuda.matmul.allow_tf32
False
"""

from __future__ import annotations

from autograd_gpu.backends import cuda, cudnn
from autograd_gpu.backends.precision import get_float32_matmul_precision, set_float32_matmul_precision

__all__ = ["cuda", "cudnn", "get_float32_matmul_precision", "set_float32_matmul_precision"]
