"""What each function does under autocast, by device: PyTorch's lists (aten/src/ATen/autocast_mode.cpp), in our ops' names.

- LOWER: runs in the lower precision; all floating operands are cast to it.
- FULL: runs in float32.
- WIDEST: runs in float32 if any operand is float32, else in the lower precision.
- BANNED: raises.

Functions in none of the lists run in the dtype that their operands have, or are promoted to. float64 and integers are
never cast. The two devices differ where PyTorch's do: the CPU's list keeps more in the lower precision.
"""

from __future__ import annotations

from typing import Any

LOWER, FULL, WIDEST, BANNED = "lower", "full", "widest", "banned"

_LOWER = (
    "addbmm addmm attention baddbmm bmm conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution "
    "einsum linear linear_unbiased matmul mm prelu"
)
_LOSSES = (
    "binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy hinge_embedding_loss huber_loss kl_div l1_loss "
    "margin_ranking_loss mse_loss nll_loss poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss"
)

_LISTS: dict[str, dict[str, str]] = {
    "cuda": {
        LOWER: f"{_LOWER} addmv addr chain_matmul gru_cell gru_layer lstm_cell lstm_layer mv rnn_cell rnn_layer",
        FULL: (
            f"{_LOSSES} acos asin cosh erfinv exp expm1 log log10 log2 log1p reciprocal rsqrt sinh tan pow pow_scalar "
            "square softplus native_layer_norm fused_rms_norm rms_norm group_norm cosine_similarity dist logsumexp prod "
            "softmax log_softmax cumprod cumsum vector_norm sum"
        ),
        WIDEST: "addcdiv addcmul atan2 bilinear cross dot index_put tensordot scatter_add",
        BANNED: "binary_cross_entropy",
    },
    "cpu": {
        LOWER: f"{_LOWER} lstm_layer rnn_cell rnn_layer",
        FULL: (
            f"{_LOSSES} avg_pool3d max_pool3d adaptive_avg_pool3d adaptive_max_pool3d binary_cross_entropy polar prod trace "
            "view_as_complex"
        ),
        WIDEST: "stack cat index_copy",
    },
}

#: device type -> function or op -> what it does
POLICIES: dict[str, dict[str, str]] = {
    device: {name: policy for policy, names in lists.items() for name in names.split()}
    for device, lists in _LISTS.items()
}

_BANNED = (
    "torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast.\n"
    "Many models use a sigmoid layer right before the binary cross entropy layer.\n"
    "In this case, combine the two layers using torch.nn.functional.binary_cross_entropy_with_logits\n"
    "or torch.nn.BCEWithLogitsLoss.  binary_cross_entropy_with_logits and BCEWithLogits are\n"
    "safe to autocast."
)
#: what a banned function says (there is one)
BANNED_MESSAGE = _BANNED.replace("torch.nn", "ag.nn")


def policy_of(device: str, name: str, params: dict[str, Any]) -> str | None:
    """What a function or op does on a type of device."""
    if name == "pad" and device == "cpu" and params.get("mode") in ("reflect", "replicate"):
        return FULL
    return POLICIES[device].get(name)
