"""Rows of a table by index, and one-hot vectors."""

from __future__ import annotations

import operator
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, bump, wrap
from autograd_gpu.core.op import expose, op
from autograd_gpu.device.checks import looked_at
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.index import out_of_range


@op("general", grad_name="EmbeddingBackward0")
def embedding_rows(
    F: Any, weight: Any, indices: Any, *, padding_idx: int | None, scale_grad_by_freq: bool
) -> Any:
    """``weight[indices]``; the row `padding_idx` gets no gradient, and rows can share theirs with their
    number."""
    return F.index_select(weight, F.reshape(indices, (-1,)), dim=0).reshape((*indices.shape, weight.shape[1]))


def _to_table(
    F: Any, g: Any, indices: Any, weight_like: Any, *, padding_idx: int | None, scale_grad_by_freq: bool
) -> Any:
    rows = weight_like.shape[0]
    if scale_grad_by_freq:
        g = g / F.embedding_frequency(indices, num_embeddings=rows, dtype=weight_like.dtype)
    return F.embedding_backward(g, indices, num_embeddings=rows, padding_idx=padding_idx)


embedding_rows.rule(weight=_to_table)


@op("general")
def embedding_frequency(F: Any, indices: Any, *, num_embeddings: int, dtype: Any) -> Any:
    """How often each index occurs in all of `indices`: of their shape, with a dimension of size 1 at the
    end."""
    counts = F.occurrences(F.reshape(indices, (-1,)), num_embeddings)
    return F.cast(counts[indices], dtype)[..., None]


embedding_frequency.no_rule()


@op("general", grad_name="EmbeddingDenseBackward0")
def embedding_backward(F: Any, g: Any, indices: Any, *, num_embeddings: int, padding_idx: int | None) -> Any:
    """The table of zeros to whose row `i` all rows of `g` are added that belong to index `i`, but for
    `padding_idx`."""
    return F.embedding_backward(g, indices, num_embeddings=num_embeddings, padding_idx=padding_idx)


def _to_rows(F: Any, g: Any, indices: Any, *, padding_idx: int | None) -> Any:
    rows = F.embedding_rows(g, indices, padding_idx=None, scale_grad_by_freq=False)
    return (
        rows
        if padding_idx is None
        else F.where((indices == padding_idx)[..., None], F.zeros_like(rows), rows)
    )


embedding_backward.rule(g=_to_rows)


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` that `input` names: ``(*, width)`` for indices ``(*)``.

    Args:
        input: int64 or int32 indices in [0, rows), any shape.
        weight: the table, ``(rows, width)``.
        padding_idx: a row that gets no gradient (negative: counted from the end).
        max_norm: rows that are looked up and have a larger norm are scaled to it first, in `weight` itself.
        norm_type: which norm that is.
        scale_grad_by_freq: whether gradients are divided by how often the index occurs in `input`.
        sparse: must be False: gradients are dense.

    Raises:
        IndexError: an index is out of range (on a GPU, where looking would stall it, only if larger than the
            table).
        RuntimeError: `weight` is not 2-D, or `input` of another dtype.
        NotImplementedError: `sparse` is True.

    >>> table = ag.tensor([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])
    >>> ag.nn.functional.embedding(ag.tensor([2, 1]), table)
    tensor([[3., 4.],
            [1., 2.]])
    """
    check_tensor(weight, "embedding", "weight", 2)
    check_tensor(input, "embedding", "input")
    rows = weight._array.shape[0] if weight._array.ndim else 0
    if padding_idx is not None:
        padding_idx = operator.index(padding_idx)
        if not -rows <= padding_idx < rows:
            raise AssertionError(
                f"Padding_idx must be within num_embeddings: {padding_idx} of {rows}{errors.here()}"
            )
        padding_idx %= rows
    if sparse:
        raise NotImplementedError(
            f"embedding: sparse gradients are not supported; use sparse=False, whose gradient is "
            f"dense{errors.here()}"
        )
    if weight._array.ndim != 2:
        raise RuntimeError(
            f"'weight' must be 2-D\n  in embedding: its shape is {list(weight._array.shape)}{errors.here()}"
        )
    if input._type.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
            "but got "
            f"{input._type.dtype.scalar_name}Tensor instead (while checking arguments for "
            f"embedding){errors.here()}"
        )
    _check_indices(input, weight)
    if max_norm is not None:
        _limit_norms(weight, input, float(max_norm), float(norm_type))
    result: Tensor = embedding_rows.apply(
        weight, input, padding_idx=padding_idx, scale_grad_by_freq=bool(scale_grad_by_freq)
    )
    return result


def _check_indices(indices: Tensor, weight: Tensor) -> None:
    """Where values are looked at: a GPU would have to be waited for."""
    bad = out_of_range(indices, 0, weight._array.shape[0])
    if bad is not None:
        raise IndexError(
            f"index out of range in self\n  in embedding: index {bad} into weight {list(weight._array.shape)}{errors.here()}"
        )


def _limit_norms(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    """Scale the rows named by `indices` to norm `max_norm` where theirs is larger; in place, outside of the
    graph."""
    rows = indices.reshape(-1)
    seen = weight.detach().index_select(0, rows)
    norms = seen.norm(norm_type, 1, keepdim=True)
    # An index that occurs several times writes the same row several times.
    scaled = (seen * (max_norm / (norms + 1e-7))).where(norms > max_norm, seen)
    weight._type.namespace.setitem(weight._array, (rows._array,), scaled._array)
    bump(weight)


def _as_in_torch(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """`ag.nn.functional.embedding` with its arguments the other way round; `padding_idx` -1 means none.

    >>> ag.embedding(ag.tensor([[0.0], [1.0]]), ag.tensor([1]))
    tensor([[1.]])
    """
    padding = None if padding_idx == -1 else padding_idx
    return embedding(indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 vectors ``(*, num_classes)`` of zeros with a 1 at the place that each element of `tensor` says.

    Args:
        tensor: int64, any shape.
        num_classes: the length of the vectors; -1: one more than the largest element.

    Raises:
        RuntimeError: another dtype; an element that is negative or not below `num_classes`; no element to
            infer from.

    >>> ag.nn.functional.one_hot(ag.tensor([0, 2]), num_classes=3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    check_tensor(tensor, "one_hot", "tensor")
    array, type = tensor._array, tensor._type
    if type.dtype is not dtypes.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of type LongTensor, not "
            f"{type.dtype.name}{errors.here()}"
        )
    if not array.size:
        if num_classes <= 0:
            raise RuntimeError(f"Can not infer total number of classes from empty tensor.{errors.here()}")
    elif looked_at(type) or num_classes == -1:
        if type.namespace.run(lambda: int(array.min())) < 0:
            raise RuntimeError(f"Class values must be non-negative.\n  in one_hot{errors.here()}")
        largest = type.namespace.run(lambda: int(array.max()))
        if num_classes == -1:
            num_classes = largest + 1
        elif largest >= num_classes:
            raise RuntimeError(
                f"Class values must be smaller than num_classes.\n  in one_hot: {largest} with "
                f"num_classes={num_classes}{errors.here()}"
            )
    F = type.namespace
    hot = F.eq(array[..., None], F.arange(0, num_classes, 1, type.numpy))
    return wrap(F.cast(hot, type.numpy), type)


expose(_as_in_torch, "embedding", method=False)
