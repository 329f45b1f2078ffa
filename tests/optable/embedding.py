"""Cases of autograd_gpu/ops/embedding.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.ops import embedding
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

INDICES = np.array([[0, 3, 3], [2, 3, 0]])


def _limited(indices: Any, weight: Any, max_norm: float, norm_type: float = 2.0) -> Any:
    weight = weight.clone()
    return embedding.embedding(indices, weight, max_norm=max_norm, norm_type=norm_type), weight


def _limited_reference(indices: Any, weight: Any, max_norm: float, norm_type: float = 2.0) -> Any:
    weight = weight.copy()
    for row in set(indices.ravel().tolist()):
        size = (np.abs(weight[row]) ** norm_type).sum() ** (1 / norm_type)
        if size > max_norm:
            weight[row] *= max_norm / (size + 1e-7)
    return weight[indices], weight


def _gradient(**options: Any) -> Any:
    """The gradient of the weight itself as a function of the incoming one: what padding_idx and its like
    change."""

    def call(g: Any, indices: Any, rows: int) -> Any:
        weight = g.new_zeros((rows, g.shape[-1])).requires_grad_()
        embedding.embedding(indices, weight, **options).backward(g)
        return weight.grad

    return call


def _gradient_reference(padding: int | None = None, by_frequency: bool = False) -> Any:
    def reference(g: Any, indices: Any, rows: int) -> Any:
        result = np.zeros((rows, g.shape[-1]), g.dtype)
        for place in np.ndindex(indices.shape):
            if indices[place] != padding:
                result[indices[place]] += g[place] / (
                    (indices == indices[place]).sum() if by_frequency else 1
                )
        return result

    return reference


def _gradient_samples(make: Make) -> list[S]:
    return [S(make(2, 3, 2), INDICES, 4), S(make(0, 2), np.zeros((0,), np.int64), 4)]


CASES = [
    OpCase(
        "embedding_rows",
        also="embedding_backward",
        variant="embedding",
        dtypes="float half complex int64",
        call=embedding.embedding,
        samples=lambda make: [
            S(INDICES, make(4, 2)),
            S(INDICES, make(300, 1), padding_idx=2).only(
                "float32"
            ),  # many rows, on the CPU written differently
            # a row that is not looked up: to finite differences one that is has a gradient; see the next case
            S(INDICES.astype(np.int32), make(4, 2), padding_idx=1),
            S(INDICES, make(4, 2), padding_idx=-3),
            S(np.array(1), make(4, 3)),
            S(np.zeros((0, 2), np.int64), make(4, 3)),
            S(np.array([1, 1]), make(2, 0)),
        ],
        ref=lambda indices, weight, padding_idx=None: weight[indices],
        errors=[
            ErrorCase(
                lambda make: S(np.array([1, 5]), make(5, 2)),
                IndexError,
                "index out of range in self",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(np.array([1, -1]), make(5, 2)),
                IndexError,
                "index out of range in self",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(2), make(5, 2)),
                RuntimeError,
                "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, "
                "Int",
            ),
            ErrorCase(lambda make: S(np.array([1]), make(5)), RuntimeError, "'weight' must be 2-D"),
            ErrorCase(
                lambda make: S(np.array([1]), make(5, 2), padding_idx=5),
                AssertionError,
                "Padding_idx must be within num_embeddings",
            ),
            ErrorCase(
                lambda make: S(np.array([1]), make(5, 2), sparse=True),
                NotImplementedError,
                "sparse gradients are not supported",
            ),
            ErrorCase(lambda make: S([1], make(5, 2)), TypeError, "must be Tensor, not list"),
        ],
    ),
    OpCase(
        "embedding_rows",
        variant="padding_gradient",
        call=_gradient(padding_idx=-1),
        samples=_gradient_samples,
        ref=_gradient_reference(padding=3),
        gradient=False,
    ),
    OpCase(
        "embedding_rows",
        variant="gradient",
        call=_gradient(),
        samples=_gradient_samples,
        ref=_gradient_reference(),
        gradient=False,
        tol={"float16": 8e-3, "bfloat16": 6.4e-2},  # up to three terms of up to 2
    ),
    OpCase(
        "embedding_frequency",
        call=_gradient(scale_grad_by_freq=True),
        samples=_gradient_samples,
        ref=_gradient_reference(by_frequency=True),
        gradient=False,
        tol={"float16": 8e-3, "bfloat16": 6.4e-2},
    ),
    OpCase(
        "embedding_rows",
        variant="max_norm",
        dtypes="float",
        call=_limited,
        samples=lambda make: [S(INDICES, make(4, 3), 1.0), S(INDICES, make(4, 3), 1.0, 1.0)],
        ref=_limited_reference,
        gradient=False,
    ),
    OpCase(
        "embedding",
        call=lambda weight, indices, **options: FUNCTIONS["embedding"](weight, indices, **options),
        samples=lambda make: [S(make(4, 2), INDICES)],
        ref=lambda weight, indices: weight[indices],
    ),
    OpCase(
        "eq",
        variant="one_hot",
        dtypes="int64",
        call=embedding.one_hot,
        samples=lambda make: [
            S(INDICES),
            S(INDICES, 5),
            S(np.array(2), 4),
            S(np.zeros((0, 2), np.int64), 3),
        ],
        ref=lambda x, classes=4: np.eye(classes, dtype=np.int64)[x],
        gradient=False,
        errors=[
            ErrorCase(
                lambda make: S(INDICES, 3),
                RuntimeError,
                "Class values must be smaller than num_classes.",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(INDICES, -2),
                RuntimeError,
                "Class values must be smaller than num_classes.",
                looks_at_values=True,
            ),
            ErrorCase(lambda make: S(-INDICES), RuntimeError, "Class values must be non-negative."),
            ErrorCase(lambda make: S(INDICES[:0]), RuntimeError, "Can not infer total number of classes"),
            ErrorCase(
                lambda make: S(make(2)),
                RuntimeError,
                "one_hot is only applicable to index tensor of type LongTensor",
            ),
        ],
    ),
]
