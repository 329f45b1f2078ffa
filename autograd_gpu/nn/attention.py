"""Attention with several heads and its projections."""

from __future__ import annotations

import math
from typing import Any, cast

from autograd_gpu import dtypes, errors
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.nn import functional as F, init
from autograd_gpu.nn.linear import Linear, new_parameter
from autograd_gpu.nn.module import Module
from autograd_gpu.nn.parameter import Parameter
from autograd_gpu.tensor import Tensor

__all__ = ["MultiheadAttention", "additive_mask"]


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear` under the name that PyTorch's repr shows here."""


class MultiheadAttention(Module):
    """Projects query, key and value, splits them into heads, lets each attend, and projects the heads'
    outputs.

    Args:
        embed_dim: size of the query and of the output.
        num_heads: how many heads share it.
        dropout: part of the attention weights that becomes 0 in training.
        bias: whether the projections have biases.
        add_bias_kv: append a trained key and value to the sequences.
        add_zero_attn: append a key and value of zeros.
        kdim, vdim: sizes of key and value (default: embed_dim).
        batch_first: sequences are (N, L, E) instead of (L, N, E).

    Source: A. Vaswani et al., "Attention is all you need", 2017.

    >>> attention = ag.nn.MultiheadAttention(8, 2, batch_first=True)
    >>> x = ag.randn(3, 5, 8)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    (ag.Size([3, 5, 8]), ag.Size([3, 5, 5]))
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads} instead{errors.here()}"
            )
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads{errors.here()}")
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.add_zero_attn = add_zero_attn
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        same = self._qkv_same_embed_dim
        if not same:
            self.q_proj_weight = new_parameter(embed_dim, embed_dim, **place)
            self.k_proj_weight = new_parameter(embed_dim, self.kdim, **place)
            self.v_proj_weight = new_parameter(embed_dim, self.vdim, **place)
            self.register_parameter("in_proj_weight", None)
        else:
            self.in_proj_weight = new_parameter(3 * embed_dim, embed_dim, **place)
            for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
                self.register_parameter(name, None)
        self.register_parameter("in_proj_bias", new_parameter(3 * embed_dim, **place) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **place)
        self.bias_k = new_parameter(1, 1, embed_dim, **place) if add_bias_kv else None
        self.bias_v = new_parameter(1, 1, embed_dim, **place) if add_bias_kv else None
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.constant_(cast(Tensor, self.out_proj.bias), 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend.

        Args:
            query: (L, N, embed_dim), or (L, embed_dim) without batch; `batch_first`: (N, L, embed_dim).
            key, value: (S, N, kdim) and (S, N, vdim), likewise.
            key_padding_mask: (N, S), bool: True for keys that are passed over; floating: added to the scores.
            need_weights: whether the attention weights are returned too; without them it is faster.
            attn_mask: (L, S) or (N * num_heads, L, S), bool: True where attending is forbidden; floating:
                added.
            average_attn_weights: average the weights over the heads.
            is_causal: a promise that `attn_mask` is the causal mask.

        Returns:
            Output of the query's shape; weights (N, L, S) or, not averaged, (N, num_heads, L, S), or None.
        """
        batched = _check_ranks(query, key, value, key_padding_mask, attn_mask, self.num_heads)
        of_itself = query is key and key is value
        if not batched:
            query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        # Which dimension has the places of the sequences, and which the sequences
        along, of = (1, 0) if batched and self.batch_first else (0, 1)
        if is_causal and attn_mask is None:
            raise RuntimeError(
                "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
                f"`generate_square_subsequent_mask` to create this mask.{errors.here()}"
            )
        length, batch, width = query.shape[along], query.shape[of], query.shape[2]
        if width != self.embed_dim:
            raise AssertionError(
                f"was expecting embedding dimension of {self.embed_dim}, but got {width}{errors.here()}"
            )
        mask = self._mask(attn_mask, length, key.shape[along], batch, query.dtype)
        padding = (
            None
            if key_padding_mask is None
            else additive_mask(key_padding_mask, "key_padding_mask", query.dtype)
        )
        q, k, v = self._project(query, key, value, of_itself)
        extra = 0
        if self.bias_k is not None and self.bias_v is not None:
            one = (batch, 1, width) if along else (1, batch, width)
            k = FUNCTIONS["cat"]([k, self.bias_k.expand(one)], along)
            v = FUNCTIONS["cat"]([v, self.bias_v.expand(one)], along)
            extra += 1
        if self.add_zero_attn:
            zeros = (0, 0, 0, 1) if along else (0, 0, 0, 0, 0, 1)
            k, v = F.pad(k, zeros), F.pad(v, zeros)
            extra += 1
        if extra:  # what was appended may be seen by everyone
            mask = None if mask is None else F.pad(mask, (0, extra))
            padding = None if padding is None else F.pad(padding, (0, extra))
        if padding is not None:
            if padding.shape != (batch, k.shape[along]):
                raise AssertionError(
                    f"Expected key_padded_mask.shape[1] to be {k.shape[along]}, but got "
                    f"{padding.shape[1]}{errors.here()}"
                )
            padding = padding.reshape(batch, 1, 1, -1)
            mask = padding if mask is None else mask + padding
        q, k, v = (self._heads(each, along) for each in (q, k, v))
        if is_causal and not need_weights and padding is None and not extra:
            mask = None  # keys behind the query are then not even looked at
        output, weights = self._attend(q, k, v, mask, need_weights, is_causal and mask is None)
        if along:
            output = output.transpose(1, 2).reshape(batch, length, width)
        else:
            output = output.permute(2, 0, 1, 3).reshape(length, batch, width)
        output = self.out_proj(output)
        if weights is not None and average_attn_weights:
            weights = weights.mean(dim=1)
        if not batched:
            return output.squeeze(1), None if weights is None else weights.squeeze(0)
        return output, weights

    def _project(
        self, query: Tensor, key: Tensor, value: Tensor, of_itself: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        if of_itself and self.in_proj_weight is not None:  # one product for all three
            q, k, v = F.linear(query, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
            return q, k, v
        weights: Any
        biases: Any = (None, None, None) if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        if self.in_proj_weight is None:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        else:
            weights = self.in_proj_weight.chunk(3)
        q, k, v = (F.linear(*each) for each in zip((query, key, value), weights, biases, strict=True))
        return q, k, v

    def _heads(self, sequence: Tensor, along: int) -> Tensor:
        """(L, N, embed_dim), or (N, L, embed_dim) if L is `along` 1, as (N, num_heads, L, head_dim)."""
        parts = sequence.reshape(*sequence.shape[:2], self.num_heads, self.head_dim)
        return parts.transpose(1, 2) if along else parts.permute(1, 2, 0, 3)

    def _mask(
        self, mask: Tensor | None, length: int, keys: int, batch: int, dtype: dtypes.DType
    ) -> Tensor | None:
        if mask is None:
            return None
        expected = (length, keys) if mask.ndim == 2 else (batch * self.num_heads, length, keys)
        if mask.shape != expected:
            raise RuntimeError(
                f"The shape of the {mask.ndim}D attn_mask is {mask.shape}, but should be "
                f"{expected}.{errors.here()}"
            )
        mask = additive_mask(mask, "attn_mask", dtype)
        return mask if mask.ndim == 2 else mask.reshape(batch, self.num_heads, length, keys)

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, need_weights: bool, is_causal: bool
    ) -> tuple[Tensor, Tensor | None]:
        dropout = self.dropout if self.training else 0.0
        if not need_weights:
            return F.scaled_dot_product_attention(q, k, v, mask, dropout, is_causal), None
        scores = (q * math.sqrt(1.0 / self.head_dim)) @ k.transpose(-2, -1)
        if mask is not None:
            scores = scores + mask
        weights = F.softmax(scores, dim=-1)
        if dropout > 0.0:
            weights = F.dropout(weights, p=dropout)
        return weights @ v, weights


def additive_mask(mask: Tensor, name: str, dtype: dtypes.DType) -> Tensor:
    """A mask that is added to scores: minus infinity where a bool mask is True."""
    if mask.dtype is dtypes.bool_:
        return FUNCTIONS["zeros"](mask.shape, dtype=dtype, device=mask.device).masked_fill_(mask, -math.inf)  # type: ignore[no-any-return]
    if not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported{errors.here()}")
    return mask


def _check_ranks(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_padding_mask: Tensor | None,
    attn_mask: Tensor | None,
    num_heads: int,
) -> bool:
    """Whether the sequences have a batch dimension, after checking that all numbers of dimensions agree."""
    if query.ndim not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query "
            f"tensor{errors.here()}"
        )
    batched: bool = query.ndim == 3
    head = f"For {'batched (3-D)' if batched else 'unbatched (2-D)'} `query`, expected"
    if key.ndim != query.ndim or value.ndim != query.ndim:
        raise AssertionError(
            f"{head} `key` and `value` to be {query.ndim}-D but found {key.ndim}-D and {value.ndim}-D "
            f"tensors respectively{errors.here()}"
        )
    if key_padding_mask is not None and key_padding_mask.ndim != query.ndim - 1:
        raise AssertionError(
            f"{head} `key_padding_mask` to be `None` or {query.ndim - 1}-D but found "
            f"{key_padding_mask.ndim}-D tensor instead{errors.here()}"
        )
    if attn_mask is not None:
        if attn_mask.ndim not in (2, 3):
            raise AssertionError(
                f"{head} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.ndim}-D tensor "
                f"instead{errors.here()}"
            )
        expected = (num_heads, query.shape[0], key.shape[0])
        if not batched and attn_mask.ndim == 3 and attn_mask.shape != expected:
            raise AssertionError(
                f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}{errors.here()}"
            )
    return batched
