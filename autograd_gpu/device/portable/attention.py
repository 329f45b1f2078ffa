"""Scaled dot-product attention and its gradients without ever holding all scores.

The scores of a few images and heads at a time, and of a range of queries where one head's are many, go
through scale, mask, softmax and the product with the values while they are in the cache. What is kept for the
gradient is the output and, per query, the logarithm of its sum of exponentials, from which the probabilities
are computed again (T. Dao, D. Fu, S. Ermon, A. Rudra, C. Re, "FlashAttention", 2022).

Masks are True (or 0) where a key may be seen. A query that sees no key gets zeros.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from autograd_gpu.device.portable.base import Array, Shape, boolean, float32, is_half
from autograd_gpu.device.portable.elementwise import Elementwise
from autograd_gpu.device.portable.linalg import LinearAlgebra
from autograd_gpu.device.portable.random import Random
from autograd_gpu.device.portable.reductions import Reductions

SCORES_BYTES = 2**20

Images = tuple[slice, ...]
Block = tuple[Images, slice]


class Attention(Elementwise, Reductions, LinearAlgebra, Random):
    """attention_forward, attention_backward."""

    def attention_forward(
        self,
        query: Array,
        key: Array,
        value: Array,
        mask: Array | None = None,
        *,
        scale: float,
        is_causal: bool,
        dropout_p: float,
        seed: int,
        offset: int,
    ) -> tuple[Array, Array]:
        """``softmax(query @ key^T * scale, masked) @ value`` and the logarithms of the sums of exponentials.

        Args:
            query: (..., L, E); key: (..., S, E); value: (..., S, V); with the same leading axes, at least
                one.
            mask: bool or float, broadcasts to (..., L, S); float ones are added.
            is_causal: whether query i sees keys 0 ... i only.
            dropout_p: which part of the probabilities becomes 0 (the others grow by 1 / (1 - p)).

        Returns:
            (..., L, V) in the dtype of `query`, and (..., L), float32 for halves; +inf where no key is seen.
        """
        dtype = query.dtype
        query, key, value = self._widened(query), self._widened(key), self._widened(value)
        scores_shape = (*query.shape[:-1], key.shape[-2])
        kept = self._kept(scores_shape, dropout_p, seed, offset)
        out = self.xp.zeros((*query.shape[:-1], value.shape[-1]), query.dtype)
        lse = self.xp.full(query.shape[:-1], math.inf, query.dtype)
        if key.shape[-2] == 0:
            return self.cast(out, dtype), lse
        mask = None if mask is None else self.xp.broadcast_to(mask, scores_shape)
        for images, rows in _blocks(scores_shape, query.itemsize):
            scores = self._scores(query, key, mask, images, rows, scale, is_causal)
            highest = self._amax(scores, axis=-1, keepdims=True)
            seen = highest > -math.inf
            # Where no key is seen: -inf - 0, not -inf + inf. (Writing through a mask makes a GPU's program wait.)
            unseen = ~seen & (highest == highest)
            highest = self.masked_fill(highest, unseen, self._constant(0, highest.dtype))
            scores -= highest
            self.exp(scores, out=scores)
            total = self._sum(scores, axis=-1, keepdims=True)
            lonely = total == 0
            total = self.masked_fill(total, lonely, self._constant(1, total.dtype))
            scores /= total
            if kept is not None:
                scores *= kept[images][..., rows, :]
            out[images][..., rows, :] = self.matmul(scores, value[images])
            total = self.log(total, out=total)
            total += highest
            total = self.masked_fill(total, lonely, self._constant(math.inf, total.dtype))
            lse[images][..., rows] = total[..., 0]
        if kept is not None:
            out *= 1 / (1 - dropout_p) if dropout_p < 1 else 0
        return self.cast(out, dtype), lse

    def attention_backward(
        self,
        g: Array,
        query: Array,
        key: Array,
        value: Array,
        mask: Array | None,
        out: Array,
        lse: Array,
        *,
        scale: float,
        is_causal: bool,
        dropout_p: float,
        seed: int,
        offset: int,
        needs: tuple[bool, ...],
    ) -> tuple[Array | None, ...]:
        """The gradients for query, key, value and mask (None where not needed)."""
        dtypes = (query.dtype, key.dtype, value.dtype)
        g, out = self._widened(g), self._widened(out)
        query, key, value = self._widened(query), self._widened(key), self._widened(value)
        scores_shape = (*query.shape[:-1], key.shape[-2])
        kept = self._kept(scores_shape, dropout_p, seed, offset)
        if kept is not None:
            g = g * (1 / (1 - dropout_p) if dropout_p < 1 else 0)
            out = out * (1 - dropout_p)
        full_mask = None if mask is None else self.xp.broadcast_to(mask, scores_shape)
        needs_scores = needs[0] or needs[1] or needs[3]
        g_query = self.xp.zeros(query.shape, query.dtype) if needs[0] else None
        g_key = self.xp.zeros(key.shape, key.dtype) if needs[1] else None
        g_value = self.xp.zeros(value.shape, value.dtype) if needs[2] else None
        g_mask = self.xp.zeros(scores_shape, query.dtype) if needs[3] else None
        if key.shape[-2]:
            # p are the probabilities: dv = p^T g, dp = g v^T, ds = p (dp - sum(p dp)), and sum(p dp) =
            # sum(out g).
            inner = self._sum(g * out, axis=-1, keepdims=True) if needs_scores else None
            for images, rows in _blocks(scores_shape, query.itemsize):
                p = self._scores(query, key, full_mask, images, rows, scale, is_causal)
                p -= lse[images][..., rows, None]
                self.exp(p, out=p)
                g_rows = g[images][..., rows, :]
                dropped = p if kept is None else p * kept[images][..., rows, :]
                if g_value is not None:
                    g_value[images] += self.matmul(self.mT(dropped), g_rows)
                if inner is None:
                    continue
                towards = self.matmul(g_rows, self.mT(value[images]))
                if kept is not None:
                    towards *= kept[images][..., rows, :]
                towards -= inner[images][..., rows, :]
                towards *= p
                if g_mask is not None:
                    g_mask[images][..., rows, :] = towards
                towards *= scale
                if g_query is not None:
                    g_query[images][..., rows, :] = self.matmul(towards, key[images])
                if g_key is not None:
                    g_key[images] += self.matmul(self.mT(towards), query[images][..., rows, :])
        if g_mask is not None and mask is not None:
            g_mask = self.cast(self.sum_to(g_mask, mask.shape), mask.dtype)
        found = [
            None if gradient is None else self.cast(gradient, dtype)
            for gradient, dtype in zip((g_query, g_key, g_value), dtypes, strict=True)
        ]
        return (*found, g_mask)

    def _widened(self, x: Array) -> Array:
        return x.astype(float32) if is_half(x.dtype) else x

    def _kept(self, shape: Shape, dropout_p: float, seed: int, offset: int) -> Array | None:
        """Which probabilities dropout keeps, by their place among all scores."""
        return self.dropout_mask(shape, dropout_p, seed, offset) if dropout_p > 0 else None

    def _scores(
        self,
        query: Array,
        key: Array,
        mask: Array | None,
        images: Images,
        rows: slice,
        scale: float,
        is_causal: bool,
    ) -> Array:
        """The scaled scores of a block, -inf where a key may not be seen."""
        scores = self.matmul(query[images][..., rows, :], self.mT(key[images]))
        scores *= scale
        if is_causal:
            hidden = self._arange(key.shape[-2]) > self.xp.arange(rows.start, rows.stop)[:, None]
            self.xp.copyto(scores, self._constant(-math.inf, scores.dtype), where=hidden)
        if mask is not None:
            part = mask[images][..., rows, :]
            if part.dtype == boolean:
                self.xp.copyto(scores, self._constant(-math.inf, scores.dtype), where=~part)
            else:
                scores += part
        return scores


def _blocks(shape: Shape, itemsize: int) -> Iterator[Block]:
    """Parts of the scores: ranges of the first axis, or, where one place of that has too many scores, ranges
    of the queries of each single head."""
    *leading, queries, keys = shape
    each = max(1, math.prod(shape[1:]) * itemsize)
    if each <= SCORES_BYTES:
        count = SCORES_BYTES // each
        for first in range(0, leading[0], count):
            yield (slice(first, min(first + count, leading[0])),), slice(0, queries)
        return
    count = max(1, SCORES_BYTES // (keys * itemsize))
    for place in itertools.product(*map(range, leading)):
        images = tuple(slice(index, index + 1) for index in place)
        for row in range(0, queries, count):
            yield images, slice(row, min(row + count, queries))
