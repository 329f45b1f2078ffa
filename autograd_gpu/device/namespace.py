"""The raw array namespace: every array computation of the library, over NumPy or CuPy.

``ArrayNamespace(xp)`` is the portable implementation. A device's own class derives from it and replaces what it can
do faster; names, signatures and results stay the same.
"""

from __future__ import annotations

from autograd_gpu.device.portable.creation import Creation
from autograd_gpu.device.portable.elementwise import Elementwise
from autograd_gpu.device.portable.linalg import LinearAlgebra
from autograd_gpu.device.portable.reductions import Reductions
from autograd_gpu.device.portable.shape import Shaping


class ArrayNamespace(Elementwise, Creation, Reductions, LinearAlgebra, Shaping):
    """All families together."""
