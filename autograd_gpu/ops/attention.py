"""Scaled dot-product attention, fused: keeps one number per query instead of one per query and key."""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import op
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.generators import default_generator
from autograd_gpu.ops.shape import broadcast_shapes


@op("general", saves=("logsumexp",), fused=True, grad_name="ScaledDotProductAttentionBackward0")
def attention(
    F: Any,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    *,
    scale: float,
    is_causal: bool,
    dropout_p: float,
    seed: int,
    offset: int,
) -> Any:
    """``softmax(query @ key^T * scale + mask) @ value``; a query that may see no key gets zeros."""
    dtype = query.dtype
    if dtype.itemsize == 2:
        wide = dtypes.float32.numpy
        query, key, value = F.cast(query, dtype=wide), F.cast(key, dtype=wide), F.cast(value, dtype=wide)
    scores = F.matmul(query, F.transpose(key, -1, -2)) * scale
    if is_causal:
        seen = F.tril(F.zeros_like(scores) + 1)
        scores = F.where(seen == 0, -math.inf, scores)
    if attn_mask is not None:
        if attn_mask.dtype.itemsize == 1:  # bool
            scores = F.where(attn_mask, scores, -math.inf)
        else:
            scores = scores + attn_mask
    alone = F.all(scores == -math.inf, dim=-1, keepdim=True)
    scores = F.where(alone, 0.0, scores)
    logsumexp = F.logsumexp(scores, dim=-1, keepdim=True)
    weights = F.where(alone, 0.0, F.exp(scores - logsumexp))
    if dropout_p > 0:
        weights = F.native_dropout(
            weights,
            p=dropout_p,
            scale=1 / (1 - dropout_p) if dropout_p < 1 else 0.0,
            mask_shape=tuple(weights.shape),
            seed=seed,
            offset=offset,
        )
    return F.cast(F.matmul(weights, value), dtype=dtype), logsumexp


def _attention_gradients(
    F: Any,
    g: Any,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any,
    out: Any,
    logsumexp: Any,
    *,
    scale: float,
    is_causal: bool,
    dropout_p: float,
    seed: int,
    offset: int,
    needs: tuple[bool, ...],
) -> Any:
    return F.attention_backward(
        g,
        query,
        key,
        value,
        attn_mask,
        out,
        logsumexp,
        scale=scale,
        is_causal=is_causal,
        dropout_p=dropout_p,
        seed=seed,
        offset=offset,
        needs=needs,
    )


attention.joint_rule(_attention_gradients)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(query @ key^T * scale + mask) @ value`` (A. Vaswani et al., 2017).

    Args:
        query: ``(..., L, E)``, floating point; leading dimensions (images, heads) broadcast with those of
            `key`, `value`.
        key: ``(..., S, E)``.
        value: ``(..., S, V)``.
        attn_mask: broadcasts to ``(..., L, S)``; bool: True where a key may be seen; floating point: added to
            the scores.
        dropout_p: the part of the probabilities that becomes 0 (always: pass 0.0 outside of training).
        is_causal: whether query i may see keys 0 ... i only; not together with `attn_mask`.
        scale: what the scores are multiplied with. Default: ``1 / sqrt(E)``.
        enable_gqa: whether dimension -3 of `key` and `value` (heads) may be a divisor of that of `query`;
            each is then used by as many neighbouring heads.

    Returns:
        ``(..., L, V)``. A query that may see no key gets zeros.

    Raises:
        RuntimeError: shapes or dtypes that do not go together, `dropout_p` outside [0, 1].
        NotImplementedError: complex numbers.

    >>> q = ag.tensor([[[1.0, 0.0]]])
    >>> kv = ag.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    >>> ag.nn.functional.scaled_dot_product_attention(q, kv, kv)
    tensor([[[0.6698, 0.3302]]])
    """
    for position, (label, tensor) in enumerate((("query", query), ("key", key), ("value", value))):
        check_tensor(tensor, "scaled_dot_product_attention", label, position + 1)
    if attn_mask is not None:
        check_tensor(attn_mask, "scaled_dot_product_attention", "attn_mask", 4)
    _check(query, key, value, attn_mask, dropout_p, is_causal)
    if scale is None:
        scale = 1 / math.sqrt(query._array.shape[-1]) if query._array.shape[-1] else 1.0
    if enable_gqa:
        key, value = _per_query_head(query, key, "key"), _per_query_head(query, value, "value")
    leading = [tensor._array.shape[:-2] for tensor in (query, key, value)]
    if attn_mask is not None:
        leading.append(attn_mask._array.shape[:-2])
    batch = broadcast_shapes(*leading)
    shapes = [(*(batch or (1,)), *tensor._array.shape[-2:]) for tensor in (query, key, value)]
    inputs = [
        tensor if tensor._array.shape == shape else tensor.expand(shape)
        for tensor, shape in zip((query, key, value), shapes, strict=True)
    ]
    params = {"scale": float(scale), "is_causal": bool(is_causal), "dropout_p": float(dropout_p)}
    if dropout_p > 0:
        with default_generator.draw() as (seed, offset):
            result: Tensor = attention.apply(*inputs, attn_mask, seed=seed, offset=offset, **params)
    else:
        result = attention.apply(*inputs, attn_mask, seed=0, offset=0, **params)
    if not batch:
        result = result.squeeze(0)
    return result


def _per_query_head(query: Tensor, tensor: Tensor, label: str) -> Tensor:
    """`tensor` with each head repeated for the neighbouring heads of `query` that share it."""
    if query._array.ndim < 3 or tensor._array.ndim < 3:
        raise RuntimeError(
            f"enable_gqa needs a dimension of heads: {_described(query=query, **{label: tensor})}"
        )
    heads, own = query._array.shape[-3], tensor._array.shape[-3]
    if own == heads:
        return tensor
    if own == 0 or heads % own:
        raise RuntimeError(
            "Number of heads in key and value must divide the number of heads in query"
            f"{_described(query=query, **{label: tensor})}"
        )
    *outer, _, length, width = tensor._array.shape
    repeated: Tensor = tensor.unsqueeze(-3).expand((*outer, own, heads // own, length, width))
    result: Tensor = repeated.reshape((*outer, heads, length, width))
    return result


def _check(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None, dropout_p: float, is_causal: bool
) -> None:
    q, k, v = (tensor._array.shape for tensor in (query, key, value))
    names = (query._type.dtype.name, key._type.dtype.name, value._type.dtype.name)
    if len(set(names)) > 1:
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {names[0]} "
            f"key.dtype: "
            f"{names[1]} and value.dtype: {names[2]} instead.{errors.here()}"
        )
    if min(len(q), len(k), len(v)) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{len(q)} key.dim: {len(k)} and value.dim: {len(v)} instead.{errors.here()}"
        )
    if query._type.is_complex:
        raise NotImplementedError(
            '"softmax_lastdim_kernel_impl" not implemented for '
            f"'{query._type.dtype.scalar_name}'{_described(query=query)}"
        )
    if not query._type.dtype.is_floating_point:
        raise RuntimeError(
            f"expected scalar type Float but found {query._type.dtype.scalar_name}{_described(query=query)}"
        )
    if q[-1] != k[-1]:
        raise RuntimeError(
            f"Expected the last dimensions of query and key to be equal, but got {q[-1]} and {k[-1]}"
            f"{_described(query=query, key=key)}"
        )
    if k[-2] != v[-2]:
        raise RuntimeError(
            f"Expected as many keys as values, but got {k[-2]} and {v[-2]}{_described(key=key, value=value)}"
        )
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(
            f"dropout probability has to be between 0 and 1, but got {dropout_p}{errors.here()}"
        )
    if attn_mask is None:
        return
    if is_causal:
        raise RuntimeError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
            f"{_described(attn_mask=attn_mask)}"
        )
    dtype = attn_mask._type.dtype
    if dtype not in (dtypes.bool_, dtypes.float32, query._type.dtype):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{dtype.name} and  query.dtype: {names[0]} instead.{errors.here()}"
        )
    sizes = reversed(attn_mask._array.shape)
    for size, there, label in zip(sizes, (k[-2], q[-2]), ("keys", "queries"), strict=False):
        if size not in (1, there):
            raise RuntimeError(
                f"The size of tensor a ({there}) must match the size of tensor b ({size}): attn_mask does "
                f"not "
                f"broadcast to the number of {label}{_described(query=query, key=key, attn_mask=attn_mask)}"
            )


def _described(**tensors: Tensor) -> str:
    parts = [f"{label}: {t._type.dtype.name}{list(t._array.shape)}" for label, t in tensors.items()]
    return f"\n  in scaled_dot_product_attention({', '.join(parts)}){errors.here()}"
