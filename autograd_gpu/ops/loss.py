"""Losses between an input and a target of the same shape, and losses made of distances.

Those that are one formula per element are ops with the reduction inside (one node, no stored intermediate);
the rest are compositions. Each derivative is that of one element's loss times `each(g, ...)`, the gradient
that reaches the element. Classifiers' losses are in `cross_entropy.py`.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import Op, elementwise_gradient, expose, op
from autograd_gpu.device.checks import extremes
from autograd_gpu.dtypes import FLOAT
from autograd_gpu.ops.arguments import check_tensor, numpy_names
from autograd_gpu.ops.reduction import each, reduced, reduced_tensor, reduction_name, share
from autograd_gpu.ops.vector_norm import vector_norm

# -- distances per element -----------------------------------------------------------------------------


@op("general", promote="common")
def mse_loss(F: Any, input: Any, target: Any, *, reduction: str) -> Any:
    difference = input - target
    return reduced(F, difference * difference, reduction)


@elementwise_gradient
def mse_loss_backward(F: Any, g: Any, input: Any, target: Any, *, share: float) -> Any:
    return (input - target) * (g * (2 * share))


mse_loss.rule(
    input=lambda F, g, input, target, *, reduction: F.mse_loss_backward(
        g, input, target, share=share(input, reduction)
    ),
    target=lambda F, g, input, target, *, reduction: F.mse_loss_backward(
        g, target, input, share=share(input, reduction)
    ),
)


@op("general", promote="common", out="infer", holomorphic=False, grad_name="L1LossBackward0")
def l1_loss(F: Any, input: Any, target: Any, *, reduction: str) -> Any:
    return reduced(F, F.abs(input - target), reduction)


@elementwise_gradient
def l1_loss_backward(F: Any, g: Any, input: Any, target: Any, *, share: float) -> Any:
    return F.sgn(input - target) * (g * share)


l1_loss.rule(
    input=lambda F, g, input, target, *, reduction: F.l1_loss_backward(
        g, input, target, share=share(input, reduction)
    ),
    target=lambda F, g, input, target, *, reduction: F.l1_loss_backward(
        g, target, input, share=share(input, reduction)
    ),
)


@op("general", promote="common")
def smooth_l1_loss(F: Any, input: Any, target: Any, *, beta: float, reduction: str) -> Any:
    distance = F.abs(input - target)
    near = distance * distance * (0.5 / beta)
    return reduced(F, F.where(distance < beta, near, distance - 0.5 * beta), reduction)


@elementwise_gradient
def smooth_l1_loss_backward(F: Any, g: Any, input: Any, target: Any, *, beta: float, share: float) -> Any:
    return F.clamp((input - target) / beta, min=-1.0, max=1.0) * (g * share)


smooth_l1_loss.rule(
    input=lambda F, g, input, target, *, beta, reduction: F.smooth_l1_loss_backward(
        g, input, target, beta=beta, share=share(input, reduction)
    ),
    target=lambda F, g, input, target, *, beta, reduction: F.smooth_l1_loss_backward(
        g, target, input, beta=beta, share=share(input, reduction)
    ),
)


@op("general", promote="common")
def huber_loss(F: Any, input: Any, target: Any, *, delta: float, reduction: str) -> Any:
    distance = F.abs(input - target)
    far = (distance - 0.5 * delta) * delta
    return reduced(F, F.where(distance <= delta, distance * distance * 0.5, far), reduction)


@elementwise_gradient
def huber_loss_backward(F: Any, g: Any, input: Any, target: Any, *, delta: float, share: float) -> Any:
    return F.clamp(input - target, min=-delta, max=delta) * (g * share)


huber_loss.rule(
    input=lambda F, g, input, target, *, delta, reduction: F.huber_loss_backward(
        g, input, target, delta=delta, share=share(input, reduction)
    ),
    target=lambda F, g, input, target, *, delta, reduction: F.huber_loss_backward(
        g, target, input, delta=delta, share=share(input, reduction)
    ),
)

# -- probabilities -------------------------------------------------------------------------------------


@op("general")
def binary_cross_entropy(F: Any, input: Any, target: Any, *, reduction: str) -> Any:
    # A logarithm of zero counts as -100, so that a loss stays finite.
    least = F.scalar(-100.0, input.dtype)
    of_one, of_zero = F.maximum(F.log(input), least), F.maximum(F.log1p(-input), least)
    return reduced(F, -(target * of_one + (1 - target) * of_zero), reduction)


@elementwise_gradient
def binary_cross_entropy_backward(F: Any, g: Any, input: Any, target: Any, *, share: float) -> Any:
    return (input - target) / F.clamp(input * (1 - input), min=1e-12) * (g * share)


binary_cross_entropy.rule(
    input=lambda F, g, input, target, *, reduction: F.binary_cross_entropy_backward(
        g, input, target, share=share(input, reduction)
    ),
    target=lambda F, g, input, *, reduction: (F.log1p(-input) - F.log(input)) * each(g, input, reduction),
)


@op("general")
def binary_cross_entropy_with_logits(
    F: Any, input: Any, target: Any, pos_weight: Any = None, *, reduction: str
) -> Any:
    """``(1 - t) x + (1 + (w - 1) t) log(1 + exp(-x))`` with `pos_weight` w, the exponential of a negative
    number only."""
    log_term = _softplus_of_negative(F, input)
    if pos_weight is not None:
        log_term = (1 + (pos_weight - 1) * target) * log_term
    return reduced(F, (1 - target) * input + log_term, reduction)


def _softplus_of_negative(F: Any, x: Any) -> Any:
    """``log(1 + exp(-x))``."""
    return F.maximum(-x, F.zeros_like(x)) + F.log1p(F.exp(-F.abs(x)))


@elementwise_gradient
def binary_cross_entropy_with_logits_backward(
    F: Any, g: Any, input: Any, target: Any, pos_weight: Any, *, share: float
) -> Any:
    g = g * share
    if pos_weight is None:
        return (F.sigmoid(input) - target) * g
    return (1 - target - (1 + (pos_weight - 1) * target) * F.sigmoid(-input)) * g


def _logits_to_target(F: Any, g: Any, input: Any, pos_weight: Any, *, reduction: str) -> Any:
    g = each(g, input, reduction)
    if pos_weight is None:
        return -input * g
    return ((pos_weight - 1) * _softplus_of_negative(F, input) - input) * g


binary_cross_entropy_with_logits.rule(
    input=lambda F, g, input, target, pos_weight, *, reduction: F.binary_cross_entropy_with_logits_backward(
        g, input, target, pos_weight, share=share(input, reduction)
    ),
    target=_logits_to_target,
    pos_weight=lambda F, g, input, target, *, reduction: (
        target * _softplus_of_negative(F, input) * each(g, input, reduction)
    ),
)


@op("general", promote="common")
def kl_div(F: Any, input: Any, target: Any, *, log_target: bool, reduction: str) -> Any:
    if log_target:
        return reduced(F, F.exp(target) * (target - input), reduction)
    # t log t is 0 at 0.
    entropy = F.where(target == 0, F.zeros_like(target), target * F.log(target))
    return reduced(F, entropy - target * input, reduction)


def _kl_to_target(F: Any, g: Any, input: Any, target: Any, *, log_target: bool, reduction: str) -> Any:
    g = each(g, input, reduction)
    if log_target:
        return F.exp(target) * (target - input + 1) * g
    return (F.log(target) + 1 - input) * g


kl_div.rule(
    input=lambda F, g, target, *, log_target, reduction: (
        -(F.exp(target) if log_target else target) * each(g, target, reduction)
    ),
    target=_kl_to_target,
)

# -- what users call -----------------------------------------------------------------------------------


def _pair(name: str, input: Any, target: Any, kinds: str = "floating") -> tuple[Tensor, Tensor]:
    """Input and target in one shape; a warning where they were broadcast to it, as in PyTorch."""
    check_tensor(input, name)
    check_tensor(target, name, "target", 2)
    for tensor in (input, target):
        if tensor._type.dtype.category < FLOAT or (kinds == "floating" and tensor._type.dtype.is_complex):
            if tensor is target and input._type.dtype.is_floating_point:
                continue  # an integer target is promoted
            raise NotImplementedError(
                f"\"{name}\" not implemented for '{tensor._type.dtype.scalar_name}': it takes {kinds} dtypes"
                f"{errors.here()}"
            )
    if target.shape == input.shape:
        return input, target
    warnings.warn(
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This "
        "will likely lead "
        "to incorrect results due to broadcasting. Please ensure they have the same size.",
        UserWarning,
        stacklevel=4,
    )
    shape = _common_shape(name, input, target)
    return input.expand(shape), target.expand(shape)


def _common_shape(name: str, input: Tensor, target: Tensor) -> tuple[int, ...]:
    width = max(input.ndim, target.ndim)
    first = (1,) * (width - input.ndim) + tuple(input.shape)
    second = (1,) * (width - target.ndim) + tuple(target.shape)
    for dim in reversed(range(width)):
        if first[dim] != second[dim] and 1 not in (first[dim], second[dim]):
            raise RuntimeError(
                f"The size of tensor a ({first[dim]}) must match the size of tensor b ({second[dim]}) at "
                "non-singleton "
                f"dimension {dim} ({name}: input {list(input.shape)}, target {list(target.shape)})"
                f"{errors.here()}"
            )
    return tuple(b if a == 1 else a for a, b in zip(first, second, strict=True))


def _weighted(
    record: Op, input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, **params: Any
) -> Tensor:
    """An op's loss; with `weight`, a factor for each element (a sum of weighted losses over their number is
    the mean)."""
    if weight is None:
        return record.apply(input, target, reduction=reduction, **params)  # type: ignore[no-any-return]
    check_tensor(weight, record.name, "weight", 3)
    return reduced_tensor(record.apply(input, target, reduction="none", **params) * weight, reduction)


@mse_loss.surface
def _mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``(input - target)^2``.

    Args:
        input, target: floating, of one shape (other shapes are broadcast, with a warning).
        reduction: "mean", "sum" or "none".
        weight: a factor for each element's loss; broadcasts.
        size_average, reduce: deprecated forms of `reduction`.

    Raises:
        ValueError: `reduction` is unknown.
        RuntimeError: the shapes do not broadcast.
        NotImplementedError: `input` is not floating.

    Example:
        >>> ag.nn.functional.mse_loss(ag.tensor([1.0, 2.0]), ag.tensor([0.0, 4.0]))
        tensor(2.5000)
    """
    reduction = reduction_name("mse_loss", reduction, size_average, reduce)
    return _weighted(mse_loss, *_pair("mse_loss", input, target), weight, reduction)


@l1_loss.surface
def _l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``|input - target|``; its derivative at zero is zero. Arguments as for `mse_loss`; complex numbers work
    too.

    Example:
        >>> ag.nn.functional.l1_loss(ag.tensor([1.0, 2.0]), ag.tensor([0.0, 4.0]))
        tensor(1.5000)
    """
    reduction = reduction_name("l1_loss", reduction, size_average, reduce)
    return _weighted(l1_loss, *_pair("l1_loss", input, target, "floating and complex"), weight, reduction)


@smooth_l1_loss.surface
def _smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """``d^2 / (2 beta)`` for distances d below `beta`, else ``d - beta / 2``; with ``beta=0`` the L1 loss.

    Other arguments as for `mse_loss`.

    Raises:
        RuntimeError: `beta` is negative.

    Example:
        >>> ag.nn.functional.smooth_l1_loss(ag.tensor([1.0, 2.0]), ag.tensor([0.5, 4.0]), reduction="none")
        tensor([0.1250, 1.5000])
    """
    reduction = reduction_name("smooth_l1_loss", reduction, size_average, reduce)
    pair = _pair("smooth_l1_loss", input, target)
    if beta < 0:
        raise RuntimeError(
            f"smooth_l1_loss does not support negative values for beta. Got {beta}{errors.here()}"
        )
    if beta == 0:
        return l1_loss.apply(*pair, reduction=reduction)  # type: ignore[no-any-return]
    return smooth_l1_loss.apply(*pair, beta=float(beta), reduction=reduction)  # type: ignore[no-any-return]


@huber_loss.surface
def _huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """``d^2 / 2`` for distances d up to `delta`, else ``delta (d - delta / 2)``. Other arguments as for
    `mse_loss`.

    Raises:
        RuntimeError: `delta` is not positive.

    Example:
        >>> ag.nn.functional.huber_loss(ag.tensor([1.0, 2.0]), ag.tensor([0.5, 4.0]), reduction="none")
        tensor([0.1250, 1.5000])
    """
    reduction = reduction_name("huber_loss", reduction)
    pair = _pair("huber_loss", input, target)
    if delta <= 0:
        raise RuntimeError(
            f"huber_loss does not support non-positive values for delta. Got {delta}{errors.here()}"
        )
    return _weighted(huber_loss, *pair, weight, reduction, delta=float(delta))


@binary_cross_entropy.surface
def _binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-(target log(input) + (1 - target) log(1 - input))``; logarithms are at least -100.

    Args:
        input: floating, probabilities in [0, 1] (checked on the CPU only).
        target: of the same shape and dtype.
        weight: a factor for each element's loss; broadcasts.
        reduction: "mean", "sum" or "none".
        size_average, reduce: deprecated forms of `reduction`.

    Raises:
        ValueError: the shapes differ.
        RuntimeError: the dtypes differ, or an element of `input` is no probability.

    Example:
        >>> ag.nn.functional.binary_cross_entropy(ag.tensor([0.5, 0.5]), ag.tensor([1.0, 0.0]))
        tensor(0.6931)
    """
    reduction = reduction_name("binary_cross_entropy", reduction, size_average, reduce)
    check_tensor(input, "binary_cross_entropy")
    check_tensor(target, "binary_cross_entropy", "target", 2)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is "
            "deprecated. "
            f"Please ensure they have the same size.{errors.here()}"
        )
    _check_floating("binary_cross_entropy", input)
    if target._type.dtype is not input._type.dtype:
        raise RuntimeError(
            f"Found dtype {target._type.dtype.scalar_name} but expected {input._type.dtype.scalar_name} "
            f"(binary_cross_entropy: target and input){errors.here()}"
        )
    found = extremes(input._type, input._array)
    if found is not None and (found[0] < 0 or found[1] > 1):
        raise RuntimeError(
            "all elements of input should be between 0 and 1 (binary_cross_entropy; for logits use "
            f"binary_cross_entropy_with_logits){errors.here()}"
        )
    return _weighted(binary_cross_entropy, input, target, weight, reduction)


def _check_floating(name: str, input: Any) -> None:
    if not input._type.dtype.is_floating_point:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input._type.dtype.scalar_name}': it takes floating dtypes"
            f"{errors.here()}"
        )


@binary_cross_entropy_with_logits.surface
def _binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of ``sigmoid(input)``, computed without overflow.

    Args:
        input: floating, any numbers.
        target: of the same shape.
        weight: a factor for each element's loss; broadcasts.
        pos_weight: a factor for the term of positive targets, for example one per class; broadcasts.
        reduction: "mean", "sum" or "none".
        size_average, reduce: deprecated forms of `reduction`.

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> ag.nn.functional.binary_cross_entropy_with_logits(ag.tensor([0.0, 1000.0]), ag.tensor([1.0, 1.0]))
        tensor(0.3466)
    """
    name = "binary_cross_entropy_with_logits"
    reduction = reduction_name(name, reduction, size_average, reduce)
    check_tensor(input, name)
    check_tensor(target, name, "target", 2)
    if target.shape != input.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape}){errors.here()}"
        )
    _check_floating(name, input)
    if target._type is not input._type:
        target = target.to(input._type.dtype)
    if pos_weight is not None:
        check_tensor(pos_weight, name, "pos_weight", 7)
        pos_weight = pos_weight.to(input._type.dtype)
    inner = reduction if weight is None else "none"
    loss: Tensor = binary_cross_entropy_with_logits.apply(input, target, pos_weight, reduction=inner)
    return loss if weight is None else reduced_tensor(loss * weight, reduction)


@kl_div.surface
def _kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """The Kullback-Leibler divergence ``target (log(target) - input)``; `input` holds log-probabilities.

    Args:
        input: floating, log-probabilities.
        target: probabilities, or log-probabilities under `log_target`; broadcasts with `input`.
        reduction: "batchmean" (the sum over the size of the first dimension, which is the divergence's
            mathematical definition), "mean" (over all elements), "sum" or "none".
        log_target: whether `target` holds logarithms.
        size_average, reduce: deprecated forms of `reduction`.

    Example:
        >>> p = ag.tensor([[0.5, 0.5]])
        >>> ag.nn.functional.kl_div(p.log(), p, reduction="batchmean")
        tensor(0.)
    """
    check_tensor(input, "kl_div")
    check_tensor(target, "kl_div", "target", 2)
    _check_floating("kl_div", input)
    batchmean = reduction == "batchmean"
    reduction = "sum" if batchmean else reduction_name("kl_div", reduction, size_average, reduce)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. "
            "'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.",
            UserWarning,
            stacklevel=3,
        )
    first = input.shape[0] if input.ndim else 1
    if target.shape != input.shape:
        shape = _common_shape("kl_div", input, target)
        input, target = input.expand(shape), target.expand(shape)
    loss: Tensor = kl_div.apply(input, target, log_target=bool(log_target), reduction=reduction)
    return loss / first if batchmean else loss


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of counts `target` under Poisson distributions with rate ``exp(input)``, or
    `input`.

    Args:
        log_input: whether `input` is the logarithm of the rate.
        full: add Stirling's approximation of ``log(target!)`` for targets above 1.
        eps: added to the rate before its logarithm is taken, if `input` is the rate.
        reduction: "mean", "sum" or "none".
        size_average, reduce: deprecated forms of `reduction`.

    Example:
        >>> ag.nn.functional.poisson_nll_loss(ag.tensor([0.0]), ag.tensor([2.0]))
        tensor(1.)
    """
    check_tensor(input, "poisson_nll_loss")
    check_tensor(target, "poisson_nll_loss", "target", 2)
    reduction = reduction_name("poisson_nll_loss", reduction, size_average, reduce)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return reduced_tensor(loss, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood of `target` under normal distributions with mean `input` and variance `var`.

    Args:
        var: a non-negative number or tensor: of the shape of `input`, or with the last dimension missing or
            of size 1. Below `eps` it counts as `eps` (without a gradient).
        full: add the constant ``log(2 pi) / 2``.
        reduction: "mean", "sum" or "none".

    Raises:
        ValueError: `var` has the wrong shape or (checked on the CPU only) negative entries.

    Example:
        >>> ag.nn.functional.gaussian_nll_loss(ag.tensor([0.0]), ag.tensor([2.0]), ag.tensor([1.0]))
        tensor(2.)
    """
    check_tensor(input, "gaussian_nll_loss")
    check_tensor(target, "gaussian_nll_loss", "target", 2)
    reduction = reduction_name("gaussian_nll_loss", reduction)
    for operand in (input, var):
        if isinstance(operand, Tensor) and operand._type.is_complex:
            raise NotImplementedError(
                f"\"gaussian_nll_loss\" not implemented for '{operand._type.dtype.scalar_name}'{errors.here()}"
            )
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError(f"var has negative entry/entries (gaussian_nll_loss: var={var}){errors.here()}")
        var = input.new_full((), var)
    elif (found := extremes(var._type, var._array)) is not None and found[0] < 0:
        raise ValueError(f"var has negative entry/entries (gaussian_nll_loss){errors.here()}")
    if var.ndim and var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = var.unsqueeze(-1)
        elif not (var.ndim == input.ndim and var.shape[:-1] == input.shape[:-1] and var.shape[-1] == 1):
            raise ValueError(
                f"var is of incorrect size (gaussian_nll_loss: var {list(var.shape)}, input "
                f"{list(input.shape)}){errors.here()}"
            )
    # The bound has no gradient of its own, as in PyTorch.
    lifted = var + (var.detach().clamp(min=eps) - var.detach())
    loss = 0.5 * (lifted.log() + (input - target) ** 2 / lifted)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced_tensor(loss, reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``log(1 + exp(-target * input))`` for targets 1 and -1, without overflow.

    Example:
        >>> ag.nn.functional.soft_margin_loss(ag.tensor([0.0]), ag.tensor([1.0]))
        tensor(0.6931)
    """
    check_tensor(input, "soft_margin_loss")
    check_tensor(target, "soft_margin_loss", "target", 2)
    reduction = reduction_name("soft_margin_loss", reduction, size_average, reduce)
    margin = target * input
    # It is the cross-entropy of the logits `margin` with the target 1.
    loss: Tensor = binary_cross_entropy_with_logits.apply(
        margin, margin.new_ones(margin.shape), None, reduction=reduction
    )
    return loss


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`input` where `target` is 1, ``max(0, margin - input)`` where it is -1 (elsewhere both).

    Example:
        >>> distance, label = ag.tensor([0.5, 0.25]), ag.tensor([1.0, -1.0])
        >>> ag.nn.functional.hinge_embedding_loss(distance, label, reduction="none")
        tensor([0.5000, 0.7500])
    """
    check_tensor(input, "hinge_embedding_loss")
    check_tensor(target, "hinge_embedding_loss", "target", 2)
    reduction = reduction_name("hinge_embedding_loss", reduction, size_average, reduce)
    far = (margin - input).clamp(min=0).masked_fill(target.eq(1), 0)
    return reduced_tensor(far + input.masked_fill(target.eq(-1), 0), reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, -target (input1 - input2) + margin)``: target 1 wants `input1` larger, -1 `input2`.

    Raises:
        RuntimeError: the tensors do not have the same number of dimensions.

    Example:
        >>> ag.nn.functional.margin_ranking_loss(ag.tensor([1.0]), ag.tensor([3.0]), ag.tensor([1.0]))
        tensor(2.)
    """
    for position, (name, value) in enumerate((("input1", input1), ("input2", input2), ("target", target)), 1):
        check_tensor(value, "margin_ranking_loss", name, position)
    reduction = reduction_name("margin_ranking_loss", reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} {errors.here()}"
        )
    return reduced_tensor((-target * (input1 - input2) + margin).clamp(min=0), reduction)


# -- distances between vectors -------------------------------------------------------------------------


@numpy_names
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """``x1 . x2 / (max(|x1|, eps) max(|x2|, eps))`` along `dim`, after broadcasting.

    Raises:
        RuntimeError: the common dtype is not floating.

    Example:
        >>> ag.cosine_similarity(ag.tensor([[1.0, 0.0]]), ag.tensor([[1.0, 1.0]]))
        tensor([0.7071])
    """
    check_tensor(x1, "cosine_similarity", "x1", 1)
    check_tensor(x2, "cosine_similarity", "x2", 2)
    if x1._type.dtype.category < FLOAT and x2._type.dtype.category < FLOAT:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {x1._type.dtype.scalar_name} "
            f"(cosine_similarity){errors.here()}"
        )
    if x1.shape != x2.shape:
        shape = _common_shape("cosine_similarity", x1, x2)
        x1, x2 = x1.expand(shape), x2.expand(shape)
    if x1._type.dtype.category < FLOAT:
        x1 = x1.to(x2._type.dtype)
    elif x2._type.dtype.category < FLOAT:
        x2 = x2.to(x1._type.dtype)
    units = [x / vector_norm.public(x, 2, dim, True).clamp(min=eps) for x in (x1, x2)]
    return (units[0] * units[1]).sum(dim)  # type: ignore[no-any-return]


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` over the last dimension, after broadcasting.

    Example:
        >>> ag.pairwise_distance(ag.tensor([[0.0, 0.0]]), ag.tensor([[3.0, 4.0]]))
        tensor([5.0000])
    """
    check_tensor(x1, "pairwise_distance", "x1", 1)
    check_tensor(x2, "pairwise_distance", "x2", 2)
    return vector_norm.public(x1 - x2 + eps, p, -1, keepdim)  # type: ignore[no-any-return]


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, d(anchor, positive) - d(anchor, negative) + margin)`` with the distance
    `ag.pairwise_distance`.

    Args:
        anchor, positive, negative: (N, D) or (D,).
        margin: greater than 0.
        p, eps: of the distance.
        swap: take d(positive, negative) for the second distance where that is smaller.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: different numbers of dimensions.
        ValueError: `margin` is not positive.

    Example:
        >>> a, b, c = ag.tensor([[0.0]]), ag.tensor([[1.0]]), ag.tensor([[1.5]])
        >>> ag.nn.functional.triplet_margin_loss(a, b, c)
        tensor(0.5000)
    """
    for position, (name, value) in enumerate(
        (("anchor", anchor), ("positive", positive), ("negative", negative)), 1
    ):
        check_tensor(value, "triplet_margin_loss", name, position)
    reduction = reduction_name("triplet_margin_loss", reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}{errors.here()}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            "dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
            f"{errors.here()}"
        )
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = far.minimum(pairwise_distance(positive, negative, p, eps))
    return reduced_tensor((margin + near - far).clamp(min=0), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``1 - cos(input1, input2)`` where `target` is 1, ``max(0, cos - margin)`` where it is -1.

    Args:
        input1, input2: (N, D) with a target (N,), or (D,) with a target ().
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: the dimensions do not go together.

    Example:
        >>> a, b = ag.tensor([1.0, 0.0]), ag.tensor([0.0, 1.0])
        >>> ag.nn.functional.cosine_embedding_loss(a, b, ag.tensor(1))
        tensor(1.)
    """
    for position, (name, value) in enumerate((("input1", input1), ("input2", input2), ("target", target)), 1):
        check_tensor(value, "cosine_embedding_loss", name, position)
    reduction = reduction_name("cosine_embedding_loss", reduction, size_average, reduce)
    if target.ndim > 1:
        raise RuntimeError(
            "0D or 1D target tensor expected, multi-target not supported (cosine_embedding_loss)"
            f"{errors.here()}"
        )
    if input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with "
            "sizes "
            f"{list(input1.shape)} and {list(input2.shape)}. (cosine_embedding_loss){errors.here()}"
        )
    # PyTorch's own formula: the small number is added to the squared norms.
    tiny = 1e-12
    product = (input1 * input2).sum(-1)
    cosine = product / (((input1 * input1).sum(-1) + tiny) * ((input2 * input2).sum(-1) + tiny)).sqrt()
    alike = (1 - cosine).masked_fill(target.ne(1), 0)
    different = (cosine - margin).clamp(min=0).masked_fill(target.ne(-1), 0)
    return reduced_tensor(alike + different, reduction)


for function in (
    kl_div, binary_cross_entropy_with_logits, poisson_nll_loss, hinge_embedding_loss, margin_ranking_loss,
    cosine_similarity, pairwise_distance, triplet_margin_loss, cosine_embedding_loss,
):  # fmt: skip
    expose(function, function.__name__, method=False)
