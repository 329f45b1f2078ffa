"""Cross-entropy of class indices by the kernels of cross_entropy.cu: two launches forward, one backward."""

from __future__ import annotations

import math
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, Base, DType

#: rows of up to so many classes get one thread, up to so many a warp
FEW, MANY = 32, 1024
#: rows whose losses one block adds: the constant of the same name in cross_entropy.cu
CHUNK = 16 * kernels.BLOCK


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
        losses, weights = cupy.empty(problem.rows, inside), cupy.empty(problem.rows, inside)
        highest, total = cupy.empty(kept, inside), cupy.empty(kept, inside)
        problem.launch("forward", losses, weights, highest, total)
        if reduction == "none":
            return losses.reshape(target.shape).astype(dtype, copy=False), highest, total, None
        mean = reduction == "mean"
        loss = cupy.empty((), dtype)
        count = problem.rows
        while True:
            chunks = max(1, -(-count // CHUNK))
            last = chunks == 1
            more_losses = None if last else cupy.empty(chunks, inside)
            more_weights = cupy.empty(() if last else chunks, inside)
            kernels.launch(
                "cross_entropy", problem.kind, f"add_chunks<{problem.kind}>", chunks,
                (losses, weights, np.int64(count), more_losses, more_weights, loss if last else None, np.bool_(mean)),
            )  # fmt: skip
            if last:
                return loss, highest, total, more_weights if mean else None
            losses, weights, count = more_losses, more_weights, chunks

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

    def launch(self, direction: str, *arguments: Any) -> None:
        """Starts the kernel for rows of this layout and length."""
        if self.inner > 1 or self.classes <= FEW:
            name, threads = f"{direction}_columns<{self.kind}>", 1
            size: tuple[Any, ...] = (np.int64(self.outer), np.int64(self.inner))
        else:
            threads = 32 if self.classes <= MANY else kernels.BLOCK
            name, size = f"{direction}_rows<{self.kind}, {threads}>", (np.int64(self.rows),)
        blocks = kernels.blocks_for(self.rows * threads)
        kernels.launch("cross_entropy", self.kind, name, blocks, (*self.first, *size, *arguments))
