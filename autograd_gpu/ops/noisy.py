"""Activations with noise in them."""

from __future__ import annotations

import warnings

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.softmax import softmax


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """Samples of a relaxed categorical distribution: the softmax of `logits` with Gumbel noise (Jang et al., 2017).

    Args:
        logits: unnormalised logarithms of probabilities.
        tau: the temperature.
        hard: whether the samples are one-hot, with the gradient of the soft ones.
        eps: without effect, as in PyTorch.
        dim: the dimension of classes.

    >>> ag.nn.functional.gumbel_softmax(ag.tensor([0.0, 1000.0]), hard=True)
    tensor([0., 1.])
    """
    check_tensor(logits, "gumbel_softmax", "logits")
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -FUNCTIONS["empty_like"](logits.detach()).exponential_().log()
    soft: Tensor = softmax.public((logits + noise) / tau, dim)
    if not hard:
        return soft
    index = soft.detach().max(dim, keepdim=True)[1]
    one_hot = FUNCTIONS["zeros_like"](soft.detach()).scatter_(dim, index, 1.0)
    result: Tensor = one_hot - soft.detach() + soft
    return result


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """A leaky ReLU whose slope below zero is drawn for each element from [lower, upper); their mean if not `training`.

    Raises:
        RuntimeError: `lower` is larger than `upper`.

    >>> ag.nn.functional.rrelu(ag.tensor([-24.0, 1.0]))
    tensor([-5.5000,  1.0000])
    """
    check_tensor(input, "rrelu", "input")
    if lower > upper:
        raise RuntimeError(
            f"Lower bound should be less than or equal to the upper bound: {lower} and {upper}{errors.here()}"
        )
    before = input.clone() if inplace else input
    if training:
        slope = FUNCTIONS["empty_like"](input.detach()).uniform_(lower, upper)
        result: Tensor = before * slope.masked_fill(input.detach() > 0, 1.0)
    else:
        result = FUNCTIONS["where"](before > 0, before, before * ((lower + upper) / 2))
    return input.copy_(result) if inplace else result


def rrelu_(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """In-place form of `rrelu`."""
    return rrelu(input, lower, upper, training, inplace=True)
