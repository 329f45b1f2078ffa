"""Cases of autograd_gpu/ops/attention.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_gpu.device.portable import attention as device_attention
from autograd_gpu.ops.attention import scaled_dot_product_attention
from autograd_gpu.ops.random import manual_seed
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S
from tests import philox

SEED = 7


def _attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    if enable_gqa:
        each = query.shape[-3] // key.shape[-3]
        key, value = key.repeat(each, -3), value.repeat(each, -3)
    scores = query @ key.swapaxes(-1, -2) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -np.inf)
    if attn_mask is not None:
        scores = np.where(attn_mask, scores, -np.inf) if attn_mask.dtype == bool else scores + attn_mask
    highest = scores.max(-1, keepdims=True, initial=-np.inf)
    weights = np.exp(scores - np.where(np.isinf(highest), 0, highest))
    total = weights.sum(-1, keepdims=True)
    weights = weights / np.where(total == 0, 1, total)
    if dropout_p:
        weights = weights * philox.kept(weights.shape, dropout_p, SEED, 0) / (1 - dropout_p)
    return weights @ value


def _seeded(*arguments: Any, **named: Any) -> Any:
    manual_seed(SEED)
    return scaled_dot_product_attention(*arguments, **named)


def _in_small_blocks(*arguments: Any, **named: Any) -> Any:
    """With a workspace of 64 bytes: one image after the other, a few queries at a time."""
    before = device_attention.SCORES_BYTES
    device_attention.SCORES_BYTES = 64
    try:
        result = _seeded(*arguments, **named)
    finally:
        device_attention.SCORES_BYTES = before
    return result


MASK = np.array([[True, False, True], [False, False, False], [True, True, True], [False, True, False]])

CASES = [
    OpCase(
        "attention",
        call=_seeded,
        samples=lambda make: [
            S(make(2, 4, 3), make(2, 5, 3), make(2, 5, 2)),
            S(make(1, 2, 3, 2), make(1, 2, 4, 2), make(1, 2, 4, 2), scale=0.3),
            S(make(3, 2), make(3, 2), make(3, 2), is_causal=True),  # no leading dimension
            S(make(1, 4, 2), make(1, 3, 2), make(1, 3, 2), is_causal=True),  # more queries than keys
            S(make(2, 4, 2), make(2, 3, 2), make(2, 3, 2), MASK),  # the second query sees nothing
            S(
                make(2, 4, 2), make(2, 3, 2), make(2, 3, 2), make(2, 1, 3)
            ),  # a mask that is added, and has a gradient
            S(make(2, 4, 2), make(1, 3, 2), make(1, 3, 2), make(3)),
            S(make(1, 4, 3, 2), make(1, 2, 3, 2), make(1, 2, 3, 2), enable_gqa=True),
            S(make(2, 4, 2), make(2, 3, 2), make(2, 3, 2), dropout_p=0.4),
            S(make(1, 2, 2), make(1, 0, 2), make(1, 0, 3)),  # no key
            S(make(1, 0, 2), make(1, 2, 2), make(1, 2, 3)),
            S(make(0, 2, 2), make(0, 2, 2), make(0, 2, 3)),
        ],
        ref=_attention,
        # sums of up to five products of numbers up to 2, in float32 and rounded once
        tol={"float16": (4e-3, 8e-3), "bfloat16": (3.2e-2, 6.4e-2)},
        errors=[
            ErrorCase(
                lambda make: S(make(4), make(4), make(4)),
                RuntimeError,
                "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: 1",
            ),
            ErrorCase(
                lambda make: S(make(2, 4, 8), make(2, 4, 8, dtype="float64"), make(2, 4, 8)),
                RuntimeError,
                "Expected query, key, and value to have the same dtype, but got query.dtype: float32 "
                "key.dtype: float64",
            ),
            ErrorCase(
                lambda make: S(make(2, 4, 8), make(2, 4, 7), make(2, 4, 7)),
                RuntimeError,
                "last dimensions of query and key to be equal, but got 8 and 7",
            ),
            ErrorCase(
                lambda make: S(make(2, 4, 8), make(2, 5, 8), make(2, 4, 8)),
                RuntimeError,
                "as many keys as values, but got 5 and 4",
            ),
            ErrorCase(
                lambda make: S(make(2, 4, 8), make(3, 4, 8), make(3, 4, 8)), RuntimeError, "(?i)shape|size"
            ),
            ErrorCase(
                lambda make: S(make(4, 8), make(4, 8), make(4, 8), MASK, is_causal=True),
                RuntimeError,
                "Explicit attn_mask should not be set when is_causal=True",
            ),
            ErrorCase(
                lambda make: S(make(4, 8), make(4, 8), make(4, 8), MASK),
                RuntimeError,
                r"The size of tensor a \(4\) must match the size of tensor b \(3\)",
            ),
            ErrorCase(
                lambda make: S(make(4, 8), make(4, 8), make(4, 8), make(4, 4, dtype="int64")),
                RuntimeError,
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
                "attn_mask.dtype: int64",
            ),
            ErrorCase(
                lambda make: S(make(4, 8), make(4, 8), make(4, 8), dropout_p=1.5),
                RuntimeError,
                "dropout probability has to be between 0 and 1, but got 1.5",
            ),
            ErrorCase(
                lambda make: S(make(4, 3, 8), make(3, 3, 8), make(3, 3, 8), enable_gqa=True),
                RuntimeError,
                "Number of heads in key and value must divide the number of heads in query",
            ),
            ErrorCase(
                lambda make: S(make(4, 8), make(4, 8), make(4, 8)),
                RuntimeError,
                "expected scalar type Float but found Long",
                dtype="int64",
            ),
            ErrorCase(
                lambda make: S(make(4, 8), make(4, 8), make(4, 8)),
                NotImplementedError,
                "not implemented for 'ComplexFloat'",
                dtype="complex64",
            ),
        ],
    ),
    OpCase(
        "attention",
        variant="blocks",
        dtypes="float",
        call=_in_small_blocks,
        samples=lambda make: [
            S(make(2, 6, 3), make(2, 5, 3), make(2, 5, 2), is_causal=True),
            S(make(2, 4, 2), make(2, 3, 2), make(2, 3, 2), MASK, 0.4),
            S(make(3, 1, 2), make(3, 2, 2), make(3, 2, 2), make(3, 1, 2)),  # several images at a time
        ],
        ref=_attention,
    ),
]
