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
from collections.abc import Callable

from autograd_gpu.device.portable.base import Array, DType, Shape, boolean, float32, is_half
from autograd_gpu.device.portable.elementwise import Elementwise
from autograd_gpu.device.portable.linalg import LinearAlgebra
from autograd_gpu.device.portable.random import Random
from autograd_gpu.device.portable.reductions import Reductions

#: what the scores that are computed together may take; the gradient needs twice that
SCORES_BYTES = 2**18
#: with a causal mask, ranges of so many queries leave out the keys behind them
CAUSAL_ROWS = 64

Images = tuple[slice, ...]


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
        xp, scores_shape = self.xp, (*query.shape[:-1], key.shape[-2])
        kept = self._kept(scores_shape, dropout_p, seed, offset)
        out = self._rows_apart((*query.shape[:-1], value.shape[-1]), query)
        lse = xp.empty(query.shape[:-1], query.dtype)
        if key.shape[-2] == 0:
            out[...] = 0
            lse[...] = math.inf
            return self.cast(out, dtype), lse
        added = self._added(mask, scores_shape, query.dtype, is_causal)
        blocks = _blocks(scores_shape, query.itemsize)

        def compute(number: int) -> None:
            images = blocks[number]
            q, k, v = query[images], key[images], value[images]
            for rows in _ranges(scores_shape, images, query.itemsize, is_causal):
                seen = min(rows.stop, k.shape[-2]) if is_causal else k.shape[-2]
                scores = self._scores(q, k, added, images, rows, seen, scale)
                highest = self._amax(scores, axis=-1, keepdims=True)
                # Where no key is seen: -inf - 0, not -inf + inf.
                self._fill(highest, highest == -math.inf, 0)
                scores -= highest
                xp.exp(scores, out=scores)
                total = self._sum(scores, axis=-1, keepdims=True)
                alone = total == 0
                self._fill(total, alone, 1)
                if kept is not None:
                    scores *= kept[images][..., rows, :seen]
                result = xp.matmul(scores, v[..., :seen, :])
                xp.divide(result, total, out=out[images][..., rows, :])
                xp.log(total, out=total)
                total += highest
                self._fill(total, alone, math.inf)
                lse[images][..., rows] = total[..., 0]

        self._each_block(compute, len(blocks), math.prod(scores_shape) * query.shape[-1])
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
        xp = self.xp
        needs_scores = needs[0] or needs[1] or needs[3]
        g_query = self._rows_apart(query.shape, query) if needs[0] else None
        g_key = self._rows_apart(key.shape, key, zeros=True) if needs[1] else None
        g_value = self._rows_apart(value.shape, value, zeros=True) if needs[2] else None
        g_mask = xp.zeros(scores_shape, query.dtype) if needs[3] else None
        added = self._added(mask, scores_shape, query.dtype, is_causal)
        blocks = _blocks(scores_shape, query.itemsize) if key.shape[-2] else []
        if g_query is not None and not blocks:
            g_query[...] = 0

        # p are the probabilities: dv = p^T g, dp = g v^T, ds = p (dp - sum(p dp)), and sum(p dp) = sum(out g).
        def compute(number: int) -> None:
            images = blocks[number]
            q, k, v = query[images], key[images], value[images]
            for rows in _ranges(scores_shape, images, query.itemsize, is_causal):
                seen = min(rows.stop, k.shape[-2]) if is_causal else k.shape[-2]
                p = self._scores(q, k, added, images, rows, seen, scale)
                p -= lse[images][..., rows, None]
                xp.exp(p, out=p)
                g_rows = g[images][..., rows, :]
                dropped = p if kept is None else p * kept[images][..., rows, :seen]
                if g_value is not None:
                    g_value[images][..., :seen, :] += xp.matmul(self.mT(dropped), g_rows)
                if not needs_scores:
                    continue
                towards = xp.matmul(g_rows, self.mT(v[..., :seen, :]))
                if kept is not None:
                    towards *= kept[images][..., rows, :seen]
                towards -= self._sum(g_rows * out[images][..., rows, :], axis=-1, keepdims=True)
                towards *= p
                if g_mask is not None:
                    g_mask[images][..., rows, :seen] = towards
                if g_query is not None:
                    xp.multiply(
                        xp.matmul(towards, k[..., :seen, :]), scale, out=g_query[images][..., rows, :]
                    )
                if g_key is not None:
                    towards *= scale
                    g_key[images][..., :seen, :] += xp.matmul(self.mT(towards), q[..., rows, :])

        self._each_block(compute, len(blocks), math.prod(scores_shape) * query.shape[-1])
        if g_mask is not None and mask is not None:
            g_mask = self.cast(self.sum_to(g_mask, mask.shape), mask.dtype)
        found = [
            None if gradient is None else self.cast(gradient, dtype)
            for gradient, dtype in zip((g_query, g_key, g_value), dtypes, strict=True)
        ]
        return (*found, g_mask)

    def _each_block(self, function: Callable[[int], None], count: int, products: int) -> None:
        """Do all blocks; a device may do several at a time, if there is enough to do."""
        for number in range(count):
            function(number)

    def _widened(self, x: Array) -> Array:
        return x.astype(float32) if is_half(x.dtype) else x

    def _kept(self, shape: Shape, dropout_p: float, seed: int, offset: int) -> Array | None:
        """Which probabilities dropout keeps, by their place among all scores."""
        return self.dropout_mask(shape, dropout_p, seed, offset) if dropout_p > 0 else None

    def _rows_apart(self, shape: Shape, like: Array, zeros: bool = False) -> Array:
        """Room for a result of `shape` (..., heads, rows, width), laid out with the heads of a row side by side: so the
        product that comes next, over all heads of a row, needs no copy."""
        make = self.xp.zeros if zeros else self.xp.empty
        if len(shape) < 4:
            return make(shape, like.dtype)
        *leading, heads, rows, width = shape
        return make((*leading, rows, heads, width), like.dtype).swapaxes(-2, -3)

    def _added(self, mask: Array | None, shape: Shape, dtype: DType, is_causal: bool) -> Array | None:
        """What is added to the scores: 0 where a key may be seen and -inf where not, or a float mask."""
        if is_causal:
            hidden = self._arange(shape[-1]) > self._arange(shape[-2])[:, None]
        elif mask is None:
            return None
        elif mask.dtype != boolean:
            return self.xp.broadcast_to(mask, shape)
        else:
            hidden = ~mask
        added = self.xp.zeros(hidden.shape, dtype)
        self._fill(added, hidden, -math.inf)
        return self.xp.broadcast_to(added, shape)

    def _fill(self, x: Array, where: Array, value: float) -> None:
        """Write `value` where a mask is set. (Indexing with a mask would make a GPU's program wait.)"""
        self.xp.copyto(x, self._constant(value, x.dtype), where=where)

    def _scores(
        self, q: Array, k: Array, added: Array | None, images: Images, rows: slice, seen: int, scale: float
    ) -> Array:
        """The scaled scores of a block, -inf where a key may not be seen."""
        scores = self.xp.matmul(q[..., rows, :], self.mT(k[..., :seen, :]))
        scores *= scale
        if added is not None:
            scores += added[images][..., rows, :seen]
        return scores


def _blocks(shape: Shape, itemsize: int) -> list[Images]:
    """Parts of the scores whose queries, keys and values nobody else needs: ranges of the first axis, or, where one place of
    that has too many scores, single heads."""
    *leading, _, _ = shape
    each = max(1, math.prod(shape[1:]) * itemsize)
    if each <= SCORES_BYTES:
        count = SCORES_BYTES // each
        return [(slice(first, min(first + count, leading[0])),) for first in range(0, leading[0], count)]
    return [
        tuple(slice(index, index + 1) for index in place) for place in itertools.product(*map(range, leading))
    ]


def _ranges(shape: Shape, images: Images, itemsize: int, is_causal: bool) -> list[slice]:
    """Ranges of queries of a block that are computed together."""
    *leading, queries, keys = shape
    heads = (images[0].stop - images[0].start) * (1 if len(images) > 1 else math.prod(leading[1:]))
    count = max(1, SCORES_BYTES // max(1, heads * keys * itemsize))
    if is_causal:
        count = min(count, CAUSAL_ROWS)
    return [slice(first, min(first + count, queries)) for first in range(0, queries, count)]
