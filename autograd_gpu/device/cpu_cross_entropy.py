"""Cross-entropy of matrices of logits on the CPU: of large ones, the softmax of a block of rows exists in the cache only.

The op's body goes through memory once per step and holds two more arrays of the size of the logits. What is not the usual
case (other class dimensions, label smoothing, halves) goes to the body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu.device import threads
from autograd_gpu.device.portable.base import Array, DType

Function = Callable[..., Any]

#: elements from which logits are worth cutting into blocks
LARGE = 2**17


def _fit(input: Array, dim: int, label_smoothing: float, inside: DType) -> bool:
    return (
        input.ndim == 2
        and dim == 1
        and not label_smoothing
        and input.dtype == inside
        and input.flags.c_contiguous
        and input.size > 0
    )


def _for_rows(part: Callable[[int, int], None], input: Array) -> None:
    rows, classes = input.shape
    if input.size < LARGE:
        part(0, rows)
        return
    threads.for_ranges(part, rows, max(1, threads.BLOCK // classes), limit_blas=True)


def _rows(target: Array, weight: Array | None, ignore_index: int, dtype: DType) -> tuple[Array, Array, Array]:
    """For each target: whether it counts, a class that can be looked up, and the weight of its loss."""
    valid = target != ignore_index
    label = target * valid  # class 0 stands in for what is ignored
    return valid, label, valid.astype(dtype) if weight is None else weight[label] * valid


def forward(body: Function) -> Function:
    """In front of the body of ``cross_entropy``: loss, the rows' largest logits, sums of exponentials, divisor of the mean."""

    def cross_entropy(
        F: Any,
        input: Array,
        target: Array,
        weight: Array | None = None,
        *,
        dim: int,
        ignore_index: int,
        reduction: str,
        label_smoothing: float,
        inside: DType,
    ) -> Any:
        if not _fit(input, dim, label_smoothing, inside):
            return body(
                F, input, target, weight, dim=dim, ignore_index=ignore_index, reduction=reduction,
                label_smoothing=label_smoothing, inside=inside,
            )  # fmt: skip
        rows, classes = input.shape
        valid, label, per_row = _rows(target, weight, ignore_index, inside)
        highest, total = np.empty((rows, 1), inside), np.empty((rows, 1), inside)
        ones = np.ones(classes, inside)

        def part(start: int, stop: int) -> None:
            x = input[start:stop]
            np.maximum.reduce(x, axis=1, keepdims=True, out=highest[start:stop])
            powers = x - highest[start:stop]
            np.exp(powers, out=powers)
            np.matmul(powers, ones, out=total[start:stop, 0])

        _for_rows(part, input)
        picked = input[np.arange(rows), label] - highest[:, 0]
        loss = np.where(valid, (np.log(total[:, 0]) - picked) * per_row, 0)
        divisor = None
        if reduction != "none":
            loss = np.add.reduce(loss)
        if reduction == "mean":
            divisor = np.add.reduce(per_row)
            loss = loss / divisor
        return loss.astype(inside, copy=False), highest, total, divisor

    return cross_entropy


def backward(body: Function) -> Function:
    """In front of ``cross_entropy_backward``: ``softmax(input) - onehot(target)``, weighted."""

    def cross_entropy_backward(
        F: Any,
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
        if not _fit(input, dim, label_smoothing, inside):
            return body(
                F, g, input, target, weight, highest, total, divisor, dim=dim, ignore_index=ignore_index,
                label_smoothing=label_smoothing, inside=inside,
            )  # fmt: skip
        valid, label, per_row = _rows(target, weight, ignore_index, inside)
        # Where nothing counts, the divisor is zero.
        on_target = np.where(valid, g if divisor is None else g / divisor, 0) * per_row
        scale = on_target[:, None] / total
        result = np.empty_like(input)

        def part(start: int, stop: int) -> None:
            block = result[start:stop]
            np.subtract(input[start:stop], highest[start:stop], out=block)
            np.exp(block, out=block)
            block *= scale[start:stop]

        _for_rows(part, input)
        result[np.arange(len(input)), label] -= on_target
        return result

    return cross_entropy_backward
