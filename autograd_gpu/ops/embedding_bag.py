"""Sums, means and maxima over bags of rows of a table."""

from __future__ import annotations

from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.device.checks import looked_at
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.embedding import embedding

_MODES = ("sum", "mean", "max")


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of each bag of rows of `weight`.

    Args:
        input: int64 or int32 indices: (bags, length), each row a bag; or (indices,), with `offsets`.
        weight: the table, (rows, width).
        offsets: for 1-D `input`: where each bag begins in it, (bags,); the first is 0. Bags may be empty: their
            result is 0.
        max_norm, norm_type, scale_grad_by_freq, sparse: as in `ag.nn.functional.embedding`.
        mode: "sum", "mean" or "max".
        per_sample_weights: of the shape of `input`: what rows are multiplied by, for ``mode="sum"``.
        include_last_offset: whether `offsets` has one entry more, where the last bag ends.
        padding_idx: rows of this index are left out of their bags.

    Returns:
        (bags, width).

    Raises:
        ValueError: shapes that do not fit, or an unknown mode.
        NotImplementedError: `per_sample_weights` with another mode than "sum"; ``sparse=True``.
        RuntimeError: `scale_grad_by_freq` with ``mode="max"``.

    >>> table = ag.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> ag.nn.functional.embedding_bag(ag.tensor([0, 1, 2]), table, ag.tensor([0, 2]), mode="sum")
    tensor([[4., 6.],
            [5., 6.]])
    """
    check_tensor(input, "embedding_bag", "input")
    check_tensor(weight, "embedding_bag", "weight", 2)
    if mode not in _MODES:
        raise ValueError(f"mode has to be one of sum, mean or max{errors.here()}")
    if per_sample_weights is not None and tuple(input.shape) != tuple(per_sample_weights.shape):
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({list(per_sample_weights.shape)}) is not None, then it must have the "
            f"same shape as the input ({list(input.shape)}){errors.here()}"
        )
    if weight.ndim != 2:
        raise ValueError(
            f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}{errors.here()}"
        )
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}').{errors.here()}"
        )
    if scale_grad_by_freq and mode == "max":
        raise RuntimeError(
            f"embedding_bag: scaling the gradient by frequency is not supported with mode='max'{errors.here()}"
        )
    flat, bags, count = _bags(input, offsets, include_last_offset)
    rows = embedding(flat, weight, None, max_norm, norm_type, scale_grad_by_freq, sparse)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1, 1)
    width = int(weight.shape[1])
    kept: Any = None
    if padding_idx is not None:
        kept = flat != (padding_idx if padding_idx >= 0 else padding_idx + int(weight.shape[0]))
    result = rows.new_zeros((count, width))
    if mode == "max":
        if kept is not None:
            bags, rows = bags[kept], rows[kept]
        places = bags.unsqueeze(1).expand(-1, width)
        return result.scatter_reduce(0, places, rows, "amax", include_self=False)
    if kept is not None:
        rows = rows.masked_fill(kept.logical_not().unsqueeze(1), 0.0)
    total: Tensor = result.index_add(0, bags, rows)
    if mode == "mean":
        ones = FUNCTIONS["ones_like"](flat, dtype=weight.dtype) if kept is None else kept.to(weight.dtype)
        total = total / result.new_zeros((count,)).index_add(0, bags, ones).clamp(min=1).unsqueeze(1)
    return total


def _bags(input: Tensor, offsets: Tensor | None, include_last: bool) -> tuple[Tensor, Any, int]:
    """All indices, the bag of each, and how many bags there are."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
                f"However, found offsets of type {type(offsets)}{errors.here()}"
            )
        count, length = (int(each) for each in input.shape)
        bags = FUNCTIONS["arange"](count, device=input.device).repeat_interleave(length)
        return input.reshape(-1), bags, count
    if input.ndim != 1:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}{errors.here()}"
        )
    if not isinstance(offsets, Tensor):
        raise ValueError(f"offsets has to be a 1D Tensor but got {type(offsets)}{errors.here()}")
    if offsets.ndim != 1:
        raise ValueError(f"offsets has to be a 1D Tensor{errors.here()}")
    if looked_at(offsets._type) and offsets.shape[0]:
        first, last = int(offsets._array[0]), int(offsets._array[-1])
        if first != 0:
            raise RuntimeError(
                f"offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
                f"got {first}{errors.here()}"
            )
        if last > input.shape[0]:
            raise RuntimeError(
                f"offsets[-1] can not be greater than input's length({input.shape[0]}) but got offsets[-1] of "
                f"{last}{errors.here()}"
            )
    count = int(offsets.shape[0]) - include_last
    if count < 0:
        raise RuntimeError(f"include_last_offset: number of offsets should be at least 1{errors.here()}")
    # The bag of an index is the last that begins at or before it.
    places = FUNCTIONS["arange"](input.shape[0], device=input.device)
    starts = offsets[:count].to(dtypes.int64)
    return input, FUNCTIONS["searchsorted"](starts, places, right=True) - 1, count
