"""The raw array namespace: every array computation of the library, over NumPy or CuPy.

``ArrayNamespace(xp)`` is the portable implementation. A device's own class derives from it and replaces what
it can do faster; names, signatures and results stay the same.
"""

from __future__ import annotations

from autograd_gpu.device.portable.attention import Attention
from autograd_gpu.device.portable.bessel import Bessel
from autograd_gpu.device.portable.decompositions import Decompositions
from autograd_gpu.device.portable.fourier import Fourier
from autograd_gpu.device.portable.integers import Integers
from autograd_gpu.device.portable.linalg import LinearAlgebra
from autograd_gpu.device.portable.norm import Normalization
from autograd_gpu.device.portable.optimizers import Optimizers
from autograd_gpu.device.portable.ordering import Ordering
from autograd_gpu.device.portable.pooling import Pooling
from autograd_gpu.device.portable.random import Random
from autograd_gpu.device.portable.recurrent import Recurrent
from autograd_gpu.device.portable.shape import Shaping


class ArrayNamespace(
    Attention,
    Recurrent,
    Bessel,
    Normalization,
    Ordering,
    LinearAlgebra,
    Decompositions,
    Fourier,
    Integers,
    Shaping,
    Pooling,
    Random,
    Optimizers,
):
    """All families together.

    Elementwise functions, creation, indexing, reductions and convolution come in through what builds on them.
    """
