"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import errors
from autograd_gpu.nn import functional as F, init
from autograd_gpu.nn.linear import new_parameter
from autograd_gpu.nn.module import Module
from autograd_gpu.nn.parameter import Parameter
from autograd_gpu.tensor import Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

PADDING_STRINGS = {"same", "valid"}
PADDING_MODES = {"zeros", "reflect", "replicate", "circular"}


def repeated(value: Any, times: int) -> tuple[Any, ...]:
    """A size for each spatial dimension: a tuple as it is, a number `times` times."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * times


class _Convolution(Module):
    """What all convolutions have in common: arguments, parameters and their starting values."""

    dimensions: int
    transposed = False
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer{errors.here()}")
        if in_channels % groups:
            raise ValueError(f"in_channels must be divisible by groups{errors.here()}")
        if out_channels % groups:
            raise ValueError(f"out_channels must be divisible by groups{errors.here()}")
        if isinstance(padding, str):
            if padding not in PADDING_STRINGS:
                raise ValueError(
                    f"Invalid padding string {padding!r}, should be one of {PADDING_STRINGS}{errors.here()}"
                )
            if padding == "same" and any(step != 1 for step in repeated(stride, self.dimensions)):
                raise ValueError(f"padding='same' is not supported for strided convolutions{errors.here()}")
        if padding_mode not in PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {PADDING_MODES}, but got "
                f"padding_mode='{padding_mode}'{errors.here()}"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = repeated(kernel_size, self.dimensions)
        self.stride = repeated(stride, self.dimensions)
        self.padding = padding if isinstance(padding, str) else repeated(padding, self.dimensions)
        self.dilation = repeated(dilation, self.dimensions)
        self.output_padding = repeated(output_padding, self.dimensions)
        self.groups = groups
        self.padding_mode = padding_mode
        channels = (
            (in_channels, out_channels // groups)
            if self.transposed
            else (out_channels, in_channels // groups)
        )
        self.weight = new_parameter(*channels, *self.kernel_size, device=device, dtype=dtype)
        self.register_parameter(
            "bias", new_parameter(out_channels, device=device, dtype=dtype) if bias else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new starting values: uniform on [-b, b) with b = 1 / sqrt(fan_in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        ]
        none = (0,) * self.dimensions
        if self.padding != none:
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * self.dimensions:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != none:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Forward(_Convolution):
    """A convolution that is not transposed."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode,
            device, dtype
        )  # fmt: skip

    def _edges(self) -> list[int]:
        """`padding` as F.pad takes it: before and after, last dimension first."""
        edges: list[int] = []
        for number in reversed(range(self.dimensions)):
            if self.padding == "same":
                total = self.dilation[number] * (self.kernel_size[number] - 1)
                edges += [total // 2, total - total // 2]
            elif self.padding == "valid":
                edges += [0, 0]
            else:
                edges += [self.padding[number]] * 2  # type: ignore[list-item]
        return edges

    def _input_and_padding(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input, padded already where the padding is not zeros, and the padding left to do."""
        if self.padding_mode == "zeros":
            return input, self.padding
        return F.pad(input, self._edges(), mode=self.padding_mode), 0


class Conv1d(_Forward):
    """Convolution (cross-correlation) over one dimension: (N, C_in, L) or (C_in, L) to (N, C_out, L_out).

    ``L_out = floor((L + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Args:
        in_channels, out_channels: numbers of channels.
        kernel_size, stride, padding, dilation: of the sliding window, in elements; padding may be "same" or
            "valid".
        groups: into how many groups channels fall; a group of outputs sees one group of inputs.
        bias: whether there is a bias.
        padding_mode: "zeros", "reflect", "replicate" or "circular".
        device, dtype: of the parameters.

    >>> ag.nn.Conv1d(16, 33, 3, stride=2)(ag.randn(20, 16, 50)).shape
    ag.Size([20, 33, 24])
    """

    dimensions = 1

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._input_and_padding(input)
        return F.conv1d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_Forward):
    """Convolution (cross-correlation) over two dimensions: (N, C_in, H, W) or (C_in, H, W) to (N, C_out,
    H_out, W_out).

    Arguments as for `Conv1d`; sizes are one number for both dimensions or a tuple (height, width).

    >>> ag.nn.Conv2d(3, 8, 3, padding=1)(ag.randn(2, 3, 32, 32)).shape
    ag.Size([2, 8, 32, 32])
    """

    dimensions = 2

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._input_and_padding(input)
        return F.conv2d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(_Forward):
    """Convolution (cross-correlation) over three dimensions: (N, C_in, D, H, W) to (N, C_out, D_out, H_out,
    W_out).

    Arguments as for `Conv1d`; sizes are one number for all dimensions or a tuple (depth, height, width).

    >>> ag.nn.Conv3d(3, 8, 3, padding=1)(ag.randn(2, 3, 4, 8, 8)).shape
    ag.Size([2, 8, 4, 8, 8])
    """

    dimensions = 3

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._input_and_padding(input)
        return F.conv3d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class _Transposed(_Convolution):
    transposed = True
    padding: tuple[int, ...]  # "same" and "valid" are for the others

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(
                f'Only "zeros" padding mode is supported for {type(self).__name__}{errors.here()}'
            )
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def _output_padding(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """What has to be added on one side so that the output has the size asked for."""
        if output_size is None:
            return self.output_padding
        count = self.dimensions
        leading = 2 if input.ndim == count + 2 else 1
        sizes = list(output_size)[leading:] if len(output_size) == leading + count else list(output_size)
        if len(sizes) != count:
            raise ValueError(
                f"ConvTranspose{count}D: for {input.ndim}D input, output_size must have {count} or "
                f"{leading + count} elements (got {len(sizes)}){errors.here()}"
            )
        smallest = [
            (extent - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
            for extent, stride, padding, dilation, kernel in zip(
                input.shape[leading:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        largest = [size + stride - 1 for size, stride in zip(smallest, self.stride, strict=True)]
        if any(not low <= size <= high for low, size, high in zip(smallest, sizes, largest, strict=True)):
            raise ValueError(
                f"requested an output size of {sizes}, but valid sizes range from {smallest} to {largest} "
                f"(for an input of {input.shape[2:]}){errors.here()}"
            )
        return tuple(size - low for low, size in zip(smallest, sizes, strict=True))


class ConvTranspose1d(_Transposed):
    """The transpose of `Conv1d` with respect to its input: (N, C_in, L) to (N, C_out, L_out).

    ``L_out = (L - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1``; forward
    also takes `output_size`, which chooses the `output_padding`.

    >>> ag.nn.ConvTranspose1d(16, 33, 3, stride=2)(ag.randn(20, 16, 50)).shape
    ag.Size([20, 33, 101])
    """

    dimensions = 1

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        return F.conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )


class ConvTranspose2d(_Transposed):
    """The transpose of `Conv2d` with respect to its input; see `ConvTranspose1d`.

    >>> ag.nn.ConvTranspose2d(3, 8, 2, stride=2)(ag.randn(2, 3, 16, 16)).shape
    ag.Size([2, 8, 32, 32])
    """

    dimensions = 2

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        return F.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )


class ConvTranspose3d(_Transposed):
    """The transpose of `Conv3d` with respect to its input; see `ConvTranspose1d`.

    >>> ag.nn.ConvTranspose3d(3, 8, 2, stride=2)(ag.randn(2, 3, 4, 8, 8)).shape
    ag.Size([2, 8, 8, 16, 16])
    """

    dimensions = 3

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        return F.conv_transpose3d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )
