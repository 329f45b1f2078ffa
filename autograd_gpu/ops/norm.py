"""Normalisation: to mean 0 and variance 1 over the last dimensions (layer), over a batch (batch), over groups
of channels (group, instance), to mean square 1 (RMS), or to length 1 (normalize).

The first two and RMS are fused: their bodies are the formulas, and what runs are the device's few-pass
versions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, bump
from autograd_gpu.core.op import expose, op
from autograd_gpu.device import SILENT, restore, silence, type_of
from autograd_gpu.ops.arguments import canonical_dim, check_tensor


def _wide(F: Any, x: Any) -> Any:
    """Statistics of halves are computed in float32."""
    return F.cast(x, dtype=dtypes.float32.numpy) if x.dtype.itemsize == 2 else x


def _in_dtype_of(F: Any, gradient: Any, like: Any) -> Any:
    return None if gradient is None else F.cast(gradient, dtype=like.dtype)


# -- over the last dimensions
# --------------------------------------------------------------------------------------------


@op("general", saves=("mean", "rstd"), fused=True)
def native_layer_norm(
    F: Any, input: Any, weight: Any = None, bias: Any = None, *, dims: int, eps: float
) -> Any:
    """``(input - mean) / sqrt(var + eps) * weight + bias`` with mean and variance over the last `dims`
    dimensions."""
    last = tuple(range(input.ndim - dims, input.ndim))
    x = _wide(F, input)
    mean = F.mean(x, dim=last, keepdim=True)
    deviation = x - mean
    rstd = F.rsqrt(F.mean(deviation * deviation, dim=last, keepdim=True) + eps)
    result = deviation * rstd
    if weight is not None:
        result = result * weight
    if bias is not None:
        result = result + bias
    return F.cast(result, dtype=input.dtype), mean, rstd


def _layer_norm_gradients(
    F: Any, g: Any, input: Any, weight: Any, bias_like: Any, mean: Any, rstd: Any, *, dims: int, needs: Any
) -> Any:
    g_input, g_weight, g_bias = F.native_layer_norm_backward(
        g, input, weight, mean, rstd, dims=dims, needs=needs
    )
    return g_input, g_weight, _in_dtype_of(F, g_bias, bias_like)


native_layer_norm.joint_rule(_layer_norm_gradients)


@op("general", saves=("rstd",), fused=True)
def fused_rms_norm(F: Any, input: Any, weight: Any = None, *, dims: int, eps: float) -> Any:
    """``input / sqrt(mean(input ** 2) + eps) * weight`` with the mean over the last `dims` dimensions."""
    last = tuple(range(input.ndim - dims, input.ndim))
    x = _wide(F, input)
    rstd = F.rsqrt(F.mean(x * x, dim=last, keepdim=True) + eps)
    result = x * rstd
    if weight is not None:
        result = result * weight
    return F.cast(result, dtype=input.dtype), rstd


fused_rms_norm.joint_rule(
    lambda F, g, input, weight, rstd, *, dims, needs: F.fused_rms_norm_backward(
        g, input, weight, rstd, dims=dims, needs=needs
    )
)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Layer normalisation (J. L. Ba, J. R. Kiros, G. E. Hinton, 2016).

    Args:
        input: ``(*, *normalized_shape)``, floating point.
        normalized_shape: the sizes of the last dimensions, over which mean and (biased) variance are taken.
        weight, bias: of shape `normalized_shape`, or None; float32 ones may go with a half `input`.
        eps: added to the variance.

    Raises:
        RuntimeError: shapes or dtypes that do not go together.
        NotImplementedError: `input` is not real floating point.

    >>> ag.layer_norm(ag.tensor([[1.0, 2.0, 3.0], [4.0, 4.0, 4.0]]), (3,))
    tensor([[-1.2247,  0.0000,  1.2247],
            [ 0.0000,  0.0000,  0.0000]])
    """
    shape = _normalized_shape("layer_norm", input, normalized_shape)
    _check_floating("LayerNormKernelImpl", "layer_norm", input)
    _check_parameters("layer_norm", input, shape, weight, bias)
    _check_normalized("[*, ", input, shape)
    result: Tensor = native_layer_norm.apply(input, weight, bias, dims=len(shape), eps=float(eps))
    return result


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """Root-mean-square normalisation (B. Zhang, R. Sennrich, 2019).

    Args:
        input: ``(*, *normalized_shape)``, floating point.
        normalized_shape: the sizes of the last dimensions, over which the mean square is taken.
        weight: of shape `normalized_shape`, or None.
        eps: added to the mean square; None: the spacing of 1.0 in the dtype that is computed in (float32 for
            halves).

    Raises:
        RuntimeError: shapes that do not go together.
        NotImplementedError: `input` is not real floating point.

    >>> ag.rms_norm(ag.tensor([[3.0, 4.0]]), (2,))
    tensor([[0.8485, 1.1314]])
    """
    shape = _normalized_shape("rms_norm", input, normalized_shape)
    _check_floating("rms_norm", "rms_norm", input)
    _check_parameters("rms_norm", input, shape, weight, None)
    _check_normalized("[*", input, shape)
    if eps is None:
        eps = dtypes.finfo(dtypes.float64 if input._type.dtype is dtypes.float64 else dtypes.float32).eps
    result: Tensor = fused_rms_norm.apply(input, weight, dims=len(shape), eps=float(eps))
    return result


def _normalized_shape(name: str, input: Any, normalized_shape: Any) -> tuple[int, ...]:
    check_tensor(input, name)
    if not isinstance(normalized_shape, Sequence) or isinstance(normalized_shape, str):
        raise TypeError(
            f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, "
            f"not {type(normalized_shape).__name__}{errors.here()}"
        )
    shape = tuple(int(size) for size in normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
            "but got "
            f"normalized_shape = []{errors.here()}"
        )
    return shape


def _check_normalized(prefix: str, input: Tensor, shape: tuple[int, ...]) -> None:
    if input._array.shape[-len(shape) :] != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape "
            f"{prefix}{', '.join(map(str, shape))}], but got "
            f"input of size{list(input._array.shape)}{errors.here()}"
        )


def _check_floating(kernel: str, name: str, input: Tensor) -> None:
    if not input._type.dtype.is_floating_point:
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{input._type.dtype.scalar_name}'\n  in {name}: input must be "
            f"real floating "
            f"point, not {input._type.dtype.name}; convert it with .float(){errors.here()}"
        )


def _check_parameters(name: str, input: Tensor, shape: tuple[int, ...], weight: Any, bias: Any) -> None:
    for label, parameter in (("weight", weight), ("bias", bias)):
        if parameter is None:
            continue
        check_tensor(parameter, name, label, 3 if label == "weight" else 4)
        if parameter._array.shape != shape:
            raise RuntimeError(
                f"Expected {label} to be of same shape as normalized_shape, but got {label} of shape "
                f"{list(parameter._array.shape)} and normalized_shape = {list(shape)}{errors.here()}"
            )
    _check_parameter_dtypes(name, input, weight=weight, bias=bias)


def _check_parameter_dtypes(name: str, input: Tensor, **parameters: Tensor | None) -> None:
    """Parameters and statistics have the dtype of the input, or float32 if that is a half."""
    dtype = input._type.dtype
    for label, parameter in parameters.items():
        if parameter is None or parameter._type.dtype is dtype:
            continue
        if dtype.itemsize == 2 and parameter._type.dtype is dtypes.float32:
            continue
        raise RuntimeError(
            f"mixed dtype (CPU): expect parameter to have scalar type of "
            f"{'Float' if dtype.itemsize == 2 else dtype.scalar_name}"
            f"\n  in {name}: input is {dtype.name}, {label} is {parameter._type.dtype.name}{errors.here()}"
        )


# -- over a batch
# --------------------------------------------------------------------------------------------------------


@op("general", outputs=("mean", "var"))
def batch_norm_statistics(F: Any, input: Any) -> Any:
    """Mean and biased variance of each channel of `input` (n, c, ...), without derivative."""
    x = _wide(F, input)
    others = (0, *range(2, input.ndim))
    return F.mean(x, dim=others), F.var(x, dim=others, correction=0)


batch_norm_statistics.no_rule()


@op("general", fused=True)
def native_batch_norm(
    F: Any, input: Any, weight: Any = None, bias: Any = None, mean: Any = None, var: Any = None, *, eps: float
) -> Any:
    """``(input - mean) / sqrt(var + eps) * weight + bias`` for each channel.

    `mean` and `var` are what `batch_norm_statistics` found: given, so that they are computed once, and
    without gradient of their own, because the gradient of `input` accounts for its way through them. The
    body, which is what derivatives of higher order are taken of, therefore computes them from `input`.
    """
    others = (0, *range(2, input.ndim))
    x = _wide(F, input)
    deviation = x - F.mean(x, dim=others, keepdim=True)
    result = deviation * F.rsqrt(F.mean(deviation * deviation, dim=others, keepdim=True) + eps)
    channels = (-1, *(1,) * (input.ndim - 2))
    if weight is not None:
        result = result * F.reshape(weight, shape=channels)
    if bias is not None:
        result = result + F.reshape(bias, shape=channels)
    return F.cast(result, dtype=input.dtype)


def _batch_norm_gradients(
    F: Any, g: Any, input: Any, weight: Any, bias_like: Any, mean: Any, var: Any, *, eps: float, needs: Any
) -> Any:
    g_input, g_weight, g_bias = F.native_batch_norm_backward(
        g, input, weight, mean, var, eps=eps, needs=needs
    )
    return g_input, g_weight, _in_dtype_of(F, g_bias, bias_like), None, None


native_batch_norm.joint_rule(_batch_norm_gradients)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Batch normalisation (S. Ioffe, C. Szegedy, 2015) of each channel.

    Args:
        input: ``(n, c)`` or ``(n, c, ...)``, floating point.
        running_mean, running_var: ``(c,)``. In training they are moved, in place, towards the mean and the
            unbiased variance of this batch by the fraction `momentum` (None: not kept); otherwise they are
            what is used.
        weight, bias: ``(c,)`` or None; as statistics, they may be float32 for a half `input`.
        training: whether to use the batch's own mean and (biased) variance.
        momentum: the weight of this batch in the running statistics.
        eps: added to the variance.

    Raises:
        ValueError: training with one value per channel.
        RuntimeError: shapes or dtypes that do not go together, or no statistics outside of training.
        NotImplementedError: `input` is not real floating point.

    >>> x = ag.tensor([[1.0, 10.0], [3.0, 30.0]])
    >>> mean, var = ag.zeros(2), ag.ones(2)
    >>> ag.nn.functional.batch_norm(x, mean, var, training=True, momentum=0.5)
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]])
    >>> mean, var
    (tensor([ 1., 10.]), tensor([  1.5000, 100.5000]))
    """
    check_tensor(input, "batch_norm")
    canonical_dim(1, input._array.ndim)
    shape = input._array.shape
    if training:
        if eps <= 0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}{errors.here()}")
        if math.prod(shape) == shape[1] and shape[1]:
            raise ValueError(
                f"Expected more than 1 value per channel when training, got input size "
                f"{list(shape)}{errors.here()}"
            )
    _check_floating("batch_norm", "batch_norm", input)
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for label, vector in given.items():
        if vector is not None:
            check_tensor(vector, "batch_norm", label)
            if vector._array.size != shape[1]:
                raise RuntimeError(
                    f"{label} should contain {shape[1]} elements not {vector._array.size}{errors.here()}"
                )
        elif not training and label.startswith("running"):
            raise RuntimeError(f"{label} must be defined in evaluation mode\n  in batch_norm{errors.here()}")
    _check_parameter_dtypes("batch_norm", input, **given)
    if not training:
        assert running_mean is not None
        assert running_var is not None
        evaluated: Tensor = channel_affine.apply(
            input, weight, bias, running_mean, running_var, eps=float(eps)
        )
        return evaluated
    mean, var = batch_norm_statistics.apply(input)
    per_channel = math.prod(shape) // shape[1] if shape[1] else 0
    if per_channel:
        _track(
            running_mean,
            running_var,
            mean._array,
            var._array,
            momentum,
            per_channel / max(per_channel - 1, 1),
        )
    result: Tensor = native_batch_norm.apply(input, weight, bias, mean, var, eps=float(eps))
    return result


def _track(
    running_mean: Tensor | None,
    running_var: Tensor | None,
    mean: Any,
    var: Any,
    momentum: float,
    unbiased: float,
) -> None:
    """Moves running statistics towards those of a batch (raw arrays), in place and outside of the graph."""
    running = [each for each in (running_mean, running_var) if each is not None]
    if not running:
        return
    token = silence(SILENT)
    try:
        type_of(mean).namespace.track_statistics(
            None if running_mean is None else running_mean._array,
            None if running_var is None else running_var._array,
            mean,
            var,
            momentum=momentum,
            unbiased=unbiased,
        )
    finally:
        restore(token)
    for each in running:
        bump(each)


@op("general", fused=True)
def channel_affine(
    F: Any, input: Any, weight: Any = None, bias: Any = None, mean: Any = None, var: Any = None, *, eps: float
) -> Any:
    """``(input - mean) / sqrt(var + eps) * weight + bias`` with one number per channel, that is, per place along
    dimension 1, of each vector that there is. Halves are computed in float32."""
    channels = (-1, *(1,) * (input.ndim - 2))
    result = _wide(F, input)
    if mean is not None:
        result = result - F.reshape(_wide(F, mean), shape=channels)
    if var is not None:
        result = result * F.rsqrt(F.reshape(_wide(F, var), shape=channels) + eps)
    if weight is not None:
        result = result * F.reshape(weight, shape=channels)
    if bias is not None:
        result = result + F.reshape(bias, shape=channels)
    return F.cast(result, dtype=input.dtype)


def _channel_affine_gradients(
    F: Any, g: Any, input: Any, weight: Any, bias_like: Any, mean: Any, var: Any, *, eps: float, needs: Any
) -> Any:
    """With the sums over a channel of g, and of g times the normalised input n: ``g_mean = -sum(g) weight / std`` and
    ``g_var = -sum(g n) weight / (2 var)``."""
    _, _, _, needs_mean, needs_var = needs
    parameter = weight if bias_like is None else bias_like
    wide = needs_mean or needs_var or parameter is None
    g_input, products, sums = F.channel_affine_backward(
        g, input, weight, mean, var, eps=eps,
        dtype=_wide(F, input[:0]).dtype if wide else parameter.dtype,
        needs=(needs[0], needs[1] or needs_var, needs[2] or needs_mean),
    )  # fmt: skip
    g_mean = g_var = None
    if needs_mean or needs_var:
        scale = 1 if weight is None else _wide(F, weight)
        rstd = 1 if var is None else F.rsqrt(_wide(F, var) + eps)
        if needs_mean:
            g_mean = _in_dtype_of(F, -sums * scale * rstd, mean)
        if needs_var:
            g_var = _in_dtype_of(F, products * scale * rstd * rstd * -0.5, var)
    return (
        g_input,
        _in_dtype_of(F, products, weight) if needs[1] else None,
        _in_dtype_of(F, sums, bias_like) if needs[2] else None,
        g_mean,
        g_var,
    )


channel_affine.joint_rule(_channel_affine_gradients)


# -- over groups of channels
# ---------------------------------------------------------------------------------------------


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Group normalisation (Y. Wu, K. He, 2018): each image's channels in `num_groups` groups, each to mean 0
    and variance 1.

    Args:
        input: ``(n, c, ...)``, floating point, c a multiple of `num_groups`.
        weight, bias: ``(c,)`` or None, applied per channel.
        eps: added to the variance.

    Raises:
        RuntimeError: shapes or dtypes that do not go together.
        ValueError: one value per group.
        NotImplementedError: `input` is not real floating point.

    >>> ag.group_norm(ag.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 5.0], [5.0, 5.0]]]), 2)[0, :2]
    tensor([[-1.3416, -0.4472],
            [ 0.4472,  1.3416]])
    """
    check_tensor(input, "group_norm")
    shape = input._array.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {len(shape)}{errors.here()}"
        )
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}{errors.here()}")
    if shape[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(shape)} and num_groups={num_groups}{errors.here()}"
        )
    if math.prod(shape) and shape[0] * num_groups == math.prod(shape):
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size "
            f"{list(shape)}{errors.here()}"
        )
    for label, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter._array.shape != shape[1:2]:
            raise RuntimeError(
                f"Expected {label} to be a vector of size equal to the number of channels in input, but got "
                f"{label} of shape "
                f"{list(parameter._array.shape)} and input of shape {list(shape)}{errors.here()}"
            )
    _check_floating("GroupNormKernelImpl", "group_norm", input)
    _check_parameter_dtypes("group_norm", input, weight=weight, bias=bias)
    size = math.prod(shape[1:]) // num_groups
    rows = input.reshape(shape[0] * num_groups, size)
    normal: Tensor = native_layer_norm.apply(rows, None, None, dims=1, eps=float(eps)).reshape(shape)
    if weight is None and bias is None:
        return normal
    result: Tensor = channel_affine.apply(normal, weight, bias, None, None, eps=0.0)
    return result


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Instance normalisation (D. Ulyanov, A. Vedaldi, V. Lempitsky, 2016): each channel of each image by
    itself.

    Args:
        input: ``(n, c, ...)`` with at least one spatial dimension, floating point.
        running_mean, running_var: ``(c,)`` or None: moved in place towards the images' average mean and
            unbiased variance, or, if `use_input_stats` is False, what is used instead of the images' own.
        weight, bias: ``(c,)`` or None.
        momentum: the weight of this batch in the running statistics.
        eps: added to the variance.

    Raises:
        ValueError: one value per channel.
        RuntimeError: shapes or dtypes that do not go together, or no statistics where they are needed.

    >>> ag.nn.functional.instance_norm(ag.tensor([[[1.0, 3.0], [10.0, 30.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    check_tensor(input, "instance_norm")
    shape = input._array.shape
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                f"Expected running_mean and running_var to be defined when use_input_stats is "
                f"false{errors.here()}"
            )
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    canonical_dim(1, len(shape))
    if math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {list(shape)}{errors.here()}"
        )
    _check_floating("batch_norm", "instance_norm", input)
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for label, vector in given.items():
        if vector is not None and vector._array.size != shape[1]:
            raise RuntimeError(
                f"{label} should contain {shape[1]} elements not {vector._array.size}{errors.here()}"
            )
    _check_parameter_dtypes("instance_norm", input, **given)
    places = math.prod(shape[2:])
    if (running_mean is not None or running_var is not None) and math.prod(shape):
        one = input.detach().reshape(1, shape[0] * shape[1], places)
        F = one._type.namespace
        mean, var = (
            F.mean(each._array.reshape(shape[:2]), dim=0) for each in batch_norm_statistics.apply(one)
        )
        _track(running_mean, running_var, mean, var, momentum, places / (places - 1))
    rows = input.reshape(shape[0] * shape[1], places)
    normal: Tensor = native_layer_norm.apply(rows, None, None, dims=1, eps=float(eps)).reshape(shape)
    if weight is None and bias is None:
        return normal
    result: Tensor = channel_affine.apply(normal, weight, bias, None, None, eps=0.0)
    return result


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """``input / max(norm, eps)`` with the `p`-norm over `dim` (an int or a tuple).

    >>> ag.nn.functional.normalize(ag.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    check_tensor(input, "normalize")
    result: Tensor = input / input.norm(p, dim, keepdim=True).clamp(min=eps)
    return result


for _function in (layer_norm, rms_norm, group_norm):
    expose(_function, _function.__name__, method=False)
