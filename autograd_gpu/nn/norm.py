"""Normalisation layers."""

from __future__ import annotations

import warnings
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.modes import no_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.nn import functional as F, init
from autograd_gpu.nn.linear import new_parameter
from autograd_gpu.nn.module import Module
from autograd_gpu.nn.parameter import Parameter
from autograd_gpu.tensor import Tensor

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d",
    "InstanceNorm3d", "LayerNorm", "RMSNorm",
]  # fmt: skip


class _ChannelNorm(Module):
    """What batch and instance normalisation have in common: scale and shift per channel, running
    statistics."""

    _version = 2
    #: numbers of dimensions that forward takes
    ranks: tuple[int, ...]
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        self.register_parameter("weight", new_parameter(num_features, **place) if affine else None)
        self.register_parameter("bias", new_parameter(num_features, **place) if affine and bias else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", FUNCTIONS["zeros"](num_features, **place) if tracked else None)
        self.register_buffer("running_var", FUNCTIONS["ones"](num_features, **place) if tracked else None)
        count = FUNCTIONS["zeros"]((), dtype=dtypes.int64, device=device) if tracked else None
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.track_running_stats:
            with no_grad():
                self.running_mean.zero_()  # type: ignore[union-attr]
                self.running_var.fill_(1)  # type: ignore[union-attr]
                self.num_batches_tracked.zero_()  # type: ignore[union-attr]

    def reset_parameters(self) -> None:
        """Scale 1, shift 0, no statistics."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in self.ranks:
            ranks = " or ".join(f"{rank}D" for rank in self.ranks)
            raise ValueError(f"expected {ranks} input (got {input.ndim}D input){errors.here()}")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        version = local_metadata.get("version")
        key = f"{prefix}num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            state_dict[key] = self.num_batches_tracked  # older checkpoints have no count
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_ChannelNorm):
    """Batch normalisation of each channel: ``(x - mean) / sqrt(var + eps) * weight + bias``.

    In training mode mean and variance are the batch's, and the running ones move towards them by `momentum`
    (None: they are the average over all batches); in evaluation mode they are the running ones.
    """

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        factor = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                factor = 1.0 / float(self.num_batches_tracked)
        mean, var = self.running_mean, self.running_var
        if self.training and not self.track_running_stats:
            mean = var = None
        use_batch = self.training or (mean is None and var is None)
        return F.batch_norm(input, mean, var, self.weight, self.bias, use_batch, factor, self.eps)


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, L) input, for each of the C channels.

    In training mode the batch's mean and biased variance are used, and ``running = (1 - momentum) * running +
    momentum * batch`` (with the unbiased variance); in evaluation mode the running ones.

    Args:
        num_features: C.
        eps: added to the variance.
        momentum: weight of the newest batch; None: the average of all batches (reads the count on the host).
        affine: whether there are `weight` and `bias`.
        track_running_stats: whether there are `running_mean`, `running_var` and `num_batches_tracked`.
        bias: whether `affine` includes a bias.

    Source: S. Ioffe, C. Szegedy, "Batch normalization", 2015.

    >>> ag.nn.BatchNorm1d(100)(ag.randn(20, 100)).shape
    ag.Size([20, 100])
    """

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W) input; see `BatchNorm1d`.

    >>> ag.nn.BatchNorm2d(3)(ag.randn(2, 3, 8, 8)).shape
    ag.Size([2, 3, 8, 8])
    """

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of (N, C, D, H, W) input; see `BatchNorm1d`.

    >>> ag.nn.BatchNorm3d(3)(ag.randn(2, 3, 4, 8, 8)).shape
    ag.Size([2, 3, 4, 8, 8])
    """

    ranks = (5,)


class _InstanceNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        without_batch = self.ranks[0]
        channels = input.ndim - without_batch
        if input.shape[channels] != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={channels} to match num_features ({self.num_features}), "
                    f"but got: {input.shape[channels]}.{errors.here()}"
                )
            warnings.warn(
                f"input's size at dim={channels} does not match num_features. You can silence this warning "
                "by not passing in num_features, which is not used because affine=False",
                stacklevel=2,
            )
        if input.ndim == without_batch:
            return self._normalized(input.unsqueeze(0)).squeeze(0)
        return self._normalized(input)

    def _normalized(self, input: Tensor) -> Tensor:
        return F.instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats, 0.0 if self.momentum is None else self.momentum,
            self.eps,
        )  # fmt: skip


class InstanceNorm1d(_InstanceNorm):
    """Instance normalisation of (N, C, L) or (C, L) input: each channel of each sample by itself.

    Arguments as for `BatchNorm1d`, with ``affine=False`` and ``track_running_stats=False`` as the defaults.

    Source: D. Ulyanov et al., "Instance normalization", 2016.

    >>> ag.nn.InstanceNorm1d(100)(ag.randn(20, 100, 40)).shape
    ag.Size([20, 100, 40])
    """

    ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Instance normalisation of (N, C, H, W) or (C, H, W) input; see `InstanceNorm1d`.

    >>> ag.nn.InstanceNorm2d(3)(ag.randn(2, 3, 8, 8)).shape
    ag.Size([2, 3, 8, 8])
    """

    ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Instance normalisation of (N, C, D, H, W) or (C, D, H, W) input; see `InstanceNorm1d`.

    >>> ag.nn.InstanceNorm3d(3)(ag.randn(2, 3, 4, 8, 8)).shape
    ag.Size([2, 3, 4, 8, 8])
    """

    ranks = (4, 5)


class LayerNorm(Module):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` with mean and variance over the last dimensions.

    Args:
        normalized_shape: the sizes of these dimensions; one number for the last one.
        eps: added to the variance.
        elementwise_affine: whether there are `weight` (ones) and `bias` (zeros), of that shape.
        bias: whether there is a bias.

    Source: J. L. Ba et al., "Layer normalization", 2016.

    >>> ag.nn.LayerNorm(10)(ag.randn(20, 5, 10)).shape
    ag.Size([20, 5, 10])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (
            (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        )
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        self.register_parameter(
            "weight", new_parameter(*self.normalized_shape, **place) if elementwise_affine else None
        )
        with_bias = elementwise_affine and bias
        self.register_parameter("bias", new_parameter(*self.normalized_shape, **place) if with_bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """``x / sqrt(mean(x ** 2) + eps) * weight`` with the mean over the last dimensions.

    Args:
        normalized_shape: the sizes of these dimensions; one number for the last one.
        eps: None: the dtype's epsilon.
        elementwise_affine: whether there is a `weight` (ones) of that shape.

    Source: B. Zhang, R. Sennrich, "Root mean square layer normalization", 2019.

    >>> ag.nn.RMSNorm(10)(ag.randn(20, 5, 10)).shape
    ag.Size([20, 5, 10])
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (
            (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        )
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = (
            new_parameter(*self.normalized_shape, device=device, dtype=dtype) if elementwise_affine else None
        )
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Normalisation of (N, C, *) input over groups of channels: each sample's group to mean 0 and variance 1.

    Args:
        num_groups: how many groups the channels fall into.
        num_channels: C.
        eps: added to the variance.
        affine: whether there are `weight` (ones) and `bias` (zeros), one value per channel.

    Source: Y. Wu, K. He, "Group normalization", 2018.

    >>> ag.nn.GroupNorm(3, 6)(ag.randn(20, 6, 10, 10)).shape
    ag.Size([20, 6, 10, 10])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups}){errors.here()}"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        self.register_parameter("weight", new_parameter(num_channels, **place) if affine else None)
        self.register_parameter("bias", new_parameter(num_channels, **place) if affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
