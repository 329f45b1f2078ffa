"""CUDA's raw array namespace: the portable one over CuPy, with what CuPy lacks, does in many launches or does by chance."""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import Device
from autograd_gpu.device.cuda.activation import CudaActivations
from autograd_gpu.device.cuda.attention import CudaAttention
from autograd_gpu.device.cuda.batch_norm import CudaBatchNorm
from autograd_gpu.device.cuda.convolution import CudaConvolution
from autograd_gpu.device.cuda.cross_entropy import CudaCrossEntropy
from autograd_gpu.device.cuda.decompositions import CudaDecompositions
from autograd_gpu.device.cuda.guard import arrive
from autograd_gpu.device.cuda.indexing import CudaIndexing
from autograd_gpu.device.cuda.norm import CudaNormalization
from autograd_gpu.device.cuda.optimizers import CudaOptimizers
from autograd_gpu.device.cuda.pooling import CudaPooling
from autograd_gpu.device.cuda.random import CudaRandom
from autograd_gpu.device.cuda.reductions import CudaReductions
from autograd_gpu.device.cuda.scans import SCAN_GRADIENTS, CudaScans, scan_gradient
from autograd_gpu.device.cuda.softmax import CudaSoftmax
from autograd_gpu.device.cuda.special import CudaSpecial
from autograd_gpu.device.namespace import ArrayNamespace
from autograd_gpu.device.portable.base import Array, DType, Shape, Ufunc


class CudaNamespace(
    CudaActivations,
    CudaAttention,
    CudaBatchNorm,
    CudaCrossEntropy,
    CudaConvolution,
    CudaDecompositions,
    CudaIndexing,
    CudaNormalization,
    CudaOptimizers,
    CudaPooling,
    CudaRandom,
    CudaReductions,
    CudaScans,
    CudaSoftmax,
    CudaSpecial,
    ArrayNamespace,
):
    """The functions of ``ArrayNamespace`` on the CuPy arrays of one card."""

    def __init__(self, index: int) -> None:
        super().__init__(cupy)
        self._card = index
        #: where there are several cards, what to put around backward passes (see guard.py)
        self.around_passes: Any = None
        for name in ("logical_not", "logical_and", "logical_or", "logical_xor"):
            setattr(self, name, _with_complex(getattr(cupy, name)))

    def with_kernel(self, name: str, body: Any) -> Any:
        """`body`, or a function of the same arguments that launches the kernel of that name where it can."""
        if name in SCAN_GRADIENTS:
            return scan_gradient(SCAN_GRADIENTS[name], body)
        return super().with_kernel(name, body)

    # -- to and from the host and other cards ----------------------------------------------------------

    def from_host(self, x: np.ndarray[Any, Any]) -> Array:
        return cupy.array(x, order="C")

    def to_host(self, x: Array) -> np.ndarray[Any, Any]:
        return x.get() if isinstance(x, cupy.ndarray) else np.asarray(x)

    def to_device(self, x: Array, device: Device) -> Array:
        if device.type == "cpu":
            return self.to_host(x)
        if device.index == self._card:
            return x
        # The other card's stream waits until `x` is there, and this one's until it was read: nobody else does.
        with cupy.cuda.Device(self._card):
            mine = cupy.cuda.get_current_stream()
            ready = mine.record(cupy.cuda.Event(disable_timing=True))
            with cupy.cuda.Device(device.index):
                there = cupy.cuda.get_current_stream()
                there.wait_event(ready)
                result = cupy.array(x, order="C")
                taken = there.record(cupy.cuda.Event(disable_timing=True))
            mine.wait_event(taken)
        arrive(device.index)
        return result

    def address(self, x: Array) -> int:
        return int(x.data.ptr)

    # -- numbers where CuPy wants arrays -----------------------------------------------------------------

    def expand(self, x: Array, shape: Shape) -> Array:
        return super().expand(_array(x), shape)

    def searchsorted(self, boundaries: Array, values: Array, *, right: bool = False) -> Array:
        return super().searchsorted(boundaries, _array(values), right=right)

    # -- where CuPy differs from NumPy -----------------------------------------------------------------

    def where(self, condition: Array, x: Array, y: Array, out: Array | None = None) -> Array:
        return self._into(out, _where(condition, x, y))

    def zero_where(self, x: Array, condition: Array) -> Array:
        return _where(condition, x.dtype.type(0), x)

    def masked_fill(self, x: Array, mask: Array, value: Array) -> Array:
        return _where(mask, value, x)

    def tril(self, x: Array, k: int = 0) -> Array:
        return cupy.tril(x.view(np.uint16) if is_bfloat16(x) else x, k).view(x.dtype)

    def triu(self, x: Array, k: int = 0) -> Array:
        return cupy.triu(x.view(np.uint16) if is_bfloat16(x) else x, k).view(x.dtype)


def _array(x: Array) -> Array:
    """An operand that may be a NumPy scalar as an array; filled on the device, not copied to it."""
    return x if isinstance(x, cupy.ndarray) else cupy.full((), x, x.dtype)


def _with_complex(function: Ufunc) -> Ufunc:
    """CuPy's logical functions do not take complex numbers."""

    def call(*operands: Array, out: Array | None = None) -> Array:
        return function(*(x != 0 if x.dtype.kind == "c" else x for x in operands), out=out)

    return call


def _where(condition: Array, x: Array, y: Array) -> Array:
    """CuPy's ``where`` makes float32 of bfloat16: choose among the bits."""
    dtype = next((operand.dtype for operand in (x, y) if is_bfloat16(operand)), None)
    if dtype is None:
        return cupy.where(condition, x, y)
    return cupy.where(condition, _bits(x, dtype), _bits(y, dtype)).view(dtype)


def is_bfloat16(x: Any) -> bool:
    return not isinstance(x, (bool, int, float, complex)) and x.dtype.kind == "V"


def _bits(x: Any, dtype: DType) -> Array:
    """bfloat16 as integers of the same bits, Python numbers and other dtypes converted to it before."""
    if not is_bfloat16(x):
        x = x.astype(dtype) if isinstance(x, cupy.ndarray) else dtype.type(x)
    return x.view(np.uint16)
