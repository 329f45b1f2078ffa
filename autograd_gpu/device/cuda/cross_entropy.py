"""Cross-entropy of class indices by the kernels of cross_entropy.cu: one launch each way."""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.cuda.partials import counters, together
from autograd_gpu.device.portable.base import Array, Base, DType

#: rows of up to so many classes get one thread, up to so many a warp
FEW, MANY = 32, 1024


#: the struct Ending of cross_entropy.cu
ENDING = np.dtype([("loss", "u8"), ("divisor", "u8"), ("partials", "u8"), ("counter", "u8"), ("mean", "i8")])


class CudaCrossEntropy(Base):
    """cross_entropy_forward and cross_entropy_backward."""

    def cross_entropy_forward(
        self,
        input: Array,
        target: Array,
        weight: Array | None = None,
        *,
        dim: int,
        ignore_index: int,
        reduction: str,
        label_smoothing: float,
        inside: DType,
    ) -> tuple[Array, Array, Array, Array | None]:
        """The loss; for each row its maximum and sum of exponentials; for a mean the sum of the weights."""
        shape, dtype = input.shape, input.dtype
        kept = (*shape[:dim], 1, *shape[dim + 1 :])
        problem = _Problem(input, target, weight, dim, ignore_index, label_smoothing, inside)
        highest, total = cupy.empty(kept, inside), cupy.empty(kept, inside)
        if reduction == "none":
            losses = cupy.empty(target.shape, dtype)
            problem.launch("forward", losses, highest, total, np.zeros((), ENDING)[()])
            return losses, highest, total, None
        loss, divisor = cupy.empty((), dtype), cupy.empty((), inside)
        partials = cupy.empty((max(1, problem.blocks), 2), inside)
        ending = (
            loss.data.ptr,
            divisor.data.ptr,
            partials.data.ptr,
            counters(1).data.ptr,
            int(reduction == "mean"),
        )
        if problem.blocks:
            problem.launch("forward", None, highest, total, np.array(ending, ENDING)[()])
        else:  # the mean of nothing is 0 / 0
            loss.fill(math.nan if reduction == "mean" else 0)
            divisor.fill(0)
        return loss, highest, total, divisor if reduction == "mean" else None

    def cross_entropy_backward(
        self,
        g: Array,
        input: Array,
        target: Array,
        weight: Array | None,
        highest: Array,
        total: Array,
        divisor: Array | None,
        *,
        dim: int,
        ignore_index: int,
        label_smoothing: float,
        inside: DType,
    ) -> Array:
        """The gradient for the input."""
        problem = _Problem(input, target, weight, dim, ignore_index, label_smoothing, inside)
        weight_sum = None
        if label_smoothing and weight is not None:
            weight_sum = weight.sum(dtype=inside)
        result = cupy.empty(input.shape, input.dtype)
        g = kernels.contiguous(g, input.dtype)
        problem.launch("backward", g, np.bool_(g.ndim == 0), divisor, weight_sum, highest, total, result)
        return result


class _Problem:
    """What the kernels of both directions are told first."""

    def __init__(
        self,
        input: Array,
        target: Array,
        weight: Array | None,
        dim: int,
        ignore_index: int,
        label_smoothing: float,
        inside: DType,
    ) -> None:
        shape = input.shape
        self.kind = kernels.FLOATS[input.dtype.name]
        self.outer, self.classes = math.prod(shape[:dim]), shape[dim]
        self.inner = math.prod(shape[dim + 1 :])
        self.rows = self.outer * self.inner
        self.first = (
            kernels.contiguous(input), kernels.contiguous(target),
            None if weight is None else kernels.contiguous(weight, input.dtype), np.int64(self.classes),
            np.int64(ignore_index), inside.type(label_smoothing),
        )  # fmt: skip

        if self.inner > 1 or self.classes <= FEW:
            self._name, self._threads = "columns", 1
            self._size: tuple[Any, ...] = (np.int64(self.outer), np.int64(self.inner))
        else:
            self._name, self._threads = "rows", 32 if self.classes <= MANY else kernels.BLOCK
            self._size = (np.int64(self.rows),)
        self.blocks = kernels.blocks_for(self.rows * self._threads)

    def launch(self, direction: str, *arguments: Any) -> None:
        """Starts the kernel for rows of this layout and length."""
        name = f"{direction}_columns<{self.kind}>"
        if self._name == "rows":
            neighbours = together(self.classes, self.first[0])
            name = f"{direction}_rows<{self.kind}, {self._threads}, {neighbours}>"
        kernels.launch("cross_entropy", self.kind, name, self.blocks, (*self.first, *self._size, *arguments))
