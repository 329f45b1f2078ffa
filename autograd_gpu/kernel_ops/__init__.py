"""Layer 5: `ag.kernel`, ops with CUDA kernels that users write.

`api.py` is what users call, `definition.py` makes an op of it; `programs.py` is what runs on a card (a user's CUDA text, or a
formula from `formula.py`), `check.py` holds kernel, reference and derivative against each other.
"""

from autograd_gpu.kernel_ops.api import kernel
from autograd_gpu.kernel_ops.definition import Kernel

__all__ = ["Kernel", "kernel"]
