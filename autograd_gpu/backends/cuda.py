"""``ag.backends.cuda``: products of matrices on a GPU."""

from __future__ import annotations

from typing import Any

from autograd_gpu.backends.precision import allow_tf32
from autograd_gpu.device import cuda_unavailable_reason, precision
from autograd_gpu.errors import here

__all__ = ["is_built", "matmul"]

_PRECISIONS = {"ieee": False, "tf32": True, "none": False}


class MatmulSettings:
    """Settings of cuBLAS; assign to them.

    ``allow_tf32`` (False): products of float32 and complex64 may round their operands to TF32, which is about eight times as
    fast on tensor cores and keeps 10 bits after the point. ``fp32_precision``: the same as "ieee" or "tf32".

    ``allow_fp16_reduced_precision_reduction``, ``allow_bf16_reduced_precision_reduction`` (True): where cuBLAS splits a product
    of halves into parts, their sums may be halves; otherwise all sums are float32.

    >>> ag.backends.cuda.matmul.allow_tf32 = True
    >>> ag.get_float32_matmul_precision()
    'high'
    >>> ag.backends.cuda.matmul.allow_tf32 = False
    """

    __slots__ = ()

    @property
    def allow_tf32(self) -> bool:
        return precision.tf32

    @allow_tf32.setter
    def allow_tf32(self, value: bool) -> None:
        allow_tf32(value)

    @property
    def fp32_precision(self) -> str:
        return "tf32" if precision.tf32 else "ieee"

    @fp32_precision.setter
    def fp32_precision(self, value: str) -> None:
        if value not in _PRECISIONS:
            raise RuntimeError(f"fp32_precision is one of 'ieee' and 'tf32', not {value!r}{here()}")
        allow_tf32(_PRECISIONS[value])

    @property
    def allow_fp16_reduced_precision_reduction(self) -> bool:
        return precision.reduced_sums["float16"]

    @allow_fp16_reduced_precision_reduction.setter
    def allow_fp16_reduced_precision_reduction(self, value: bool) -> None:
        _allow_reduced_sums("float16", value)

    @property
    def allow_bf16_reduced_precision_reduction(self) -> bool:
        return precision.reduced_sums["bfloat16"]

    @allow_bf16_reduced_precision_reduction.setter
    def allow_bf16_reduced_precision_reduction(self, value: bool) -> None:
        _allow_reduced_sums("bfloat16", value)

    def __setattr__(self, name: str, value: Any) -> None:
        if not isinstance(getattr(type(self), name, None), property):
            raise AttributeError(f"Unknown attribute {name}")
        super().__setattr__(name, value)


def _allow_reduced_sums(dtype: str, value: Any) -> None:
    if not isinstance(value, bool):
        short = "fp16" if dtype == "float16" else "bf16"
        raise TypeError(
            f"allow_{short}_reduced_precision_reduction expects a bool, but got {type(value)!r}{here()}"
        )
    precision.reduced_sums[dtype] = value


matmul = MatmulSettings()


def is_built() -> bool:
    """Whether this installation can use CUDA.

    >>> ag.backends.cuda.is_built() == ag.cuda.is_available()
    True
    """
    return cuda_unavailable_reason() is None
