"""The functions behind the layers, with the names and arguments of torch.nn.functional.

They are the ops of `autograd_gpu/ops`, where their documentation is; here they get PyTorch's `inplace` where
it has one.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from autograd_gpu import ops
from autograd_gpu.core.graph import node_of
from autograd_gpu.core.inplace import adopt, check_writable
from autograd_gpu.core.op import METHODS, Op

_FAMILIES: dict[ModuleType, str] = {
    ops.activation: "gelu glu hardshrink logsigmoid prelu softplus softshrink softsign tanhshrink",
    ops.attention: "scaled_dot_product_attention",
    ops.bias_activation: "bias_activation",
    ops.conv: "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    ops.cross_entropy: "cross_entropy nll_loss",
    ops.ctc: "ctc_loss",
    ops.dropout: "alpha_dropout dropout dropout1d dropout2d dropout3d feature_alpha_dropout",
    ops.embedding: "embedding one_hot",
    ops.embedding_bag: "embedding_bag",
    ops.joining: "pad",
    ops.linalg: "bilinear linear",
    ops.loss: (
        "binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cosine_similarity "
        "gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss "
        "pairwise_distance poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss"
    ),
    ops.margin_loss: (
        "multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss "
        "triplet_margin_with_distance_loss"
    ),
    ops.noisy: "gumbel_softmax rrelu rrelu_",
    ops.norm: "batch_norm group_norm instance_norm layer_norm normalize rms_norm",
    ops.pool: (
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d "
        "adaptive_max_pool2d adaptive_max_pool3d avg_pool1d avg_pool2d avg_pool3d "
        "max_pool1d max_pool2d max_pool3d"
    ),
    ops.pool_compositions: (
        "local_response_norm lp_pool1d lp_pool2d lp_pool3d max_unpool1d max_unpool2d max_unpool3d"
    ),
    ops.rearrange: "channel_shuffle fold pixel_shuffle pixel_unshuffle unfold",
    ops.resample: "affine_grid grid_sample interpolate upsample upsample_bilinear upsample_nearest",
    ops.softmax: "log_softmax softmax softmin",
}

#: activations that can write into their input, and how many arguments come between the input and `inplace`
_IN_PLACE = {
    "celu": 1, "elu": 1, "hardsigmoid": 0, "hardswish": 0, "hardtanh": 2, "leaky_relu": 1, "mish": 0,
    "relu": 0, "relu6": 0, "selu": 0, "silu": 0, "threshold": 2,
}  # fmt: skip


def _public(family: ModuleType, name: str) -> Callable[..., Any]:
    """What users call of an op or a function."""
    found = getattr(family, name)
    return found.public if isinstance(found, Op) else found


def _with_inplace(name: str, count: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """An activation with the argument `inplace`, and its in-place form."""
    function = _public(ops.activation, name)

    def out_of_place(input: Any, *args: Any, inplace: bool = False, **params: Any) -> Any:
        if len(args) > count:
            *args, inplace = args  # type: ignore[assignment]
        return (in_place if inplace else function)(input, *args, **params)

    def in_place(input: Any, *args: Any, **params: Any) -> Any:
        check_writable(input, name)
        # Rules may keep the value that is about to be overwritten.
        before = input if node_of(input) is None else METHODS["clone"](input)
        return adopt(input, function(before, *args, **params))

    out_of_place.__name__ = out_of_place.__qualname__ = name
    out_of_place.__doc__ = function.__doc__
    in_place.__name__ = in_place.__qualname__ = f"{name}_"
    in_place.__doc__ = f"In-place form of `{name}`."
    return out_of_place, in_place


for _family, _names in _FAMILIES.items():
    for _name in _names.split():
        globals()[_name] = _public(_family, _name)
for _name, _count in _IN_PLACE.items():
    globals()[_name], globals()[f"{_name}_"] = _with_inplace(_name, _count)

__all__ = sorted(
    [
        *" ".join(_FAMILIES.values()).split(),
        *_IN_PLACE,
        *(f"{name}_" for name in _IN_PLACE),
        "sigmoid",
        "tanh",
    ]
)

sigmoid = METHODS["sigmoid"]
tanh = METHODS["tanh"]
