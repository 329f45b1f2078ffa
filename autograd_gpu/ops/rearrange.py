"""Channels to pixels and back, shuffled channels, and windows as columns (`unfold`) and added up again (`fold`)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose, op
from autograd_gpu.ops.arguments import check_tensor

Sizes = tuple[int, ...]


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels as pixels: ``(*, c r², h, w)`` to ``(*, c, h r, w r)``.

    Raises:
        RuntimeError: fewer than 3 dimensions, a factor that is not positive, or channels that its square does not
            divide.

    >>> ag.nn.functional.pixel_shuffle(ag.arange(4.0).reshape(4, 1, 1), 2)
    tensor([[[0., 1.],
             [2., 3.]]])
    """
    check_tensor(input, "pixel_shuffle", "input")
    _check_rank(input, "pixel_shuffle")
    factor = int(upscale_factor)
    if factor <= 0:
        raise RuntimeError(
            f"pixel_shuffle expects a positive upscale_factor, but got {upscale_factor}{errors.here()}"
        )
    *batch, channels, height, width = (int(each) for each in input.shape)
    if channels % factor**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {factor**2}{errors.here()}"
        )
    n, c = len(batch), channels // factor**2
    parts = input.reshape(*batch, c, factor, factor, height, width)
    parts = parts.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return parts.reshape(*batch, c, height * factor, width * factor)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Pixels as channels: ``(*, c, h r, w r)`` to ``(*, c r², h, w)``; undoes `pixel_shuffle`.

    Raises:
        RuntimeError: fewer than 3 dimensions, a factor that is not positive, or one that does not divide height and
            width.

    >>> ag.nn.functional.pixel_unshuffle(ag.tensor([[[0.0, 1.0], [2.0, 3.0]]]), 2).flatten()
    tensor([0., 1., 2., 3.])
    """
    check_tensor(input, "pixel_unshuffle", "input")
    _check_rank(input, "pixel_unshuffle")
    factor = int(downscale_factor)
    if factor <= 0:
        raise RuntimeError(
            f"pixel_unshuffle expects a positive downscale_factor, but got {downscale_factor}{errors.here()}"
        )
    *batch, c, height, width = (int(each) for each in input.shape)
    for name, size, dim in (("height", height, -2), ("width", width, -1)):
        if size % factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({dim})={size} is "
                f"not divisible by {factor}{errors.here()}"
            )
    n = len(batch)
    parts = input.reshape(*batch, c, height // factor, factor, width // factor, factor)
    parts = parts.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return parts.reshape(*batch, c * factor**2, height // factor, width // factor)


def _check_rank(input: Tensor, name: str) -> None:
    if input.ndim < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {input.ndim} "
            f"dimension(s){errors.here()}"
        )


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels (dimension 1) dealt out anew: of each group the first, then of each the second, and so on.

    Raises:
        RuntimeError: fewer than 3 dimensions, a number of groups that is not positive or does not divide the channels.

    >>> ag.nn.functional.channel_shuffle(ag.arange(4.0).reshape(1, 4, 1), 2).flatten()
    tensor([0., 2., 1., 3.])
    """
    check_tensor(input, "channel_shuffle", "input")
    if input.ndim < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}{errors.here()}"
        )
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}{errors.here()}"
        )
    n, channels, *rest = (int(each) for each in input.shape)
    if channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} "
            f"groups.{errors.here()}"
        )
    return input.reshape(n, groups, channels // groups, -1).transpose(1, 2).reshape(n, channels, *rest)


# -- windows -----------------------------------------------------------------------------------------------------


def _counts(size: Sizes, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> Sizes:
    """How many windows there are in each dimension."""
    return tuple(
        (s + 2 * p - d * (k - 1) - 1) // step + 1
        for s, k, d, p, step in zip(size, kernel, dilation, padding, stride, strict=True)
    )


def _places(kernel: Sizes, dilation: Sizes, stride: Sizes, counts: Sizes) -> Any:
    """For each place of the kernel, the slices of the (padded) input that it meets."""
    for place in itertools.product(*(range(k) for k in kernel)):
        yield tuple(
            slice(at * d, at * d + (count - 1) * step + 1, step)
            for at, d, step, count in zip(place, dilation, stride, counts, strict=True)
        )


@op("linear", grad_name="Im2ColBackward0")
def im2col(F: Any, input: Any, *, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> Any:
    """The windows of `input` (n, c, height, width) as columns, (n, c times kernel, windows)."""
    n, channels, *size = input.shape
    counts = _counts(tuple(size), kernel, dilation, padding, stride)
    if any(padding):
        input = F.pad(input, pad=(padding[1], padding[1], padding[0], padding[0]), mode="constant", value=0)
    parts = [input[(slice(None), slice(None), *place)] for place in _places(kernel, dilation, stride, counts)]
    return F.reshape(F.stack(parts, dim=2), (n, channels * math.prod(kernel), math.prod(counts)))


@op("linear", grad_name="Col2ImBackward0")
def col2im(
    F: Any, input: Any, *, size: Sizes, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
) -> Any:
    """The adjoint of `im2col`: columns added up where their windows were, (n, c, *size)."""
    n, columns, _ = input.shape
    counts = _counts(size, kernel, dilation, padding, stride)
    channels = columns // math.prod(kernel)
    parts = F.reshape(input, (n, channels, math.prod(kernel), *counts))
    padded = [s + 2 * p for s, p in zip(size, padding, strict=True)]
    total = F.zeros((n, channels, *padded), input.dtype)
    for number, place in enumerate(_places(kernel, dilation, stride, counts)):
        total[(slice(None), slice(None), *place)] += parts[:, :, number]
    inside = tuple(slice(p, p + s) for p, s in zip(padding, size, strict=True))
    return F.contiguous(total[(slice(None), slice(None), *inside)])


im2col.rule(
    input=lambda F, g, input_like, *, kernel, dilation, padding, stride: F.col2im(
        g, size=tuple(input_like.shape[2:]), kernel=kernel, dilation=dilation, padding=padding, stride=stride
    )
)
col2im.rule(
    input=lambda F, g, *, kernel, dilation, padding, stride: F.im2col(
        g, kernel=kernel, dilation=dilation, padding=padding, stride=stride
    )
)


def _pair(value: Any) -> Sizes:
    pair = tuple(int(each) for each in value) if isinstance(value, Sequence) else (int(value),) * 2
    return pair * 2 if len(pair) == 1 else pair


def _options(kernel: Any, dilation: Any, padding: Any, stride: Any) -> dict[str, Sizes]:
    options = {
        "kernel": _pair(kernel),
        "dilation": _pair(dilation),
        "padding": _pair(padding),
        "stride": _pair(stride),
    }
    for name, least in (("kernel", 1), ("dilation", 1), ("padding", 0), ("stride", 1)):
        if min(options[name]) < least:
            raise RuntimeError(
                f"{name}{'_size' if name == 'kernel' else ''} should be "
                f"{'greater than zero' if least else 'non-negative'}, but got {options[name]}{errors.here()}"
            )
    return options


def unfold(
    input: Tensor,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """The windows of images as columns.

    Args:
        input: (n, c, height, width) or (c, height, width).
        kernel_size, dilation, padding, stride: the windows', a number or (height, width).

    Returns:
        (n, c times the kernel's size, number of windows).

    Raises:
        RuntimeError: an input of another rank, options out of range, or no window fits.

    >>> ag.nn.functional.unfold(ag.arange(4.0).reshape(1, 1, 2, 2), (1, 2))
    tensor([[[0., 2.],
             [1., 3.]]])
    """
    check_tensor(input, "unfold", "input")
    options = _options(kernel_size, dilation, padding, stride)
    if input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but "
            f"got: {list(input.shape)}{errors.here()}"
        )
    counts = _counts(tuple(input.shape[-2:]), **options)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {tuple(input.shape[-2:])}, kernel_size={options['kernel']}, "
            f"dilation={options['dilation']}, padding={options['padding']}, calculated shape of the array of sliding "
            f"blocks as {counts}, but its components must be at least one.{errors.here()}"
        )
    if input.ndim == 3:
        return im2col.apply(input.unsqueeze(0), **options).squeeze(0)  # type: ignore[no-any-return]
    return im2col.apply(input, **options)  # type: ignore[no-any-return]


def fold(
    input: Tensor,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """Columns added up where their windows are: the adjoint of `unfold`.

    Args:
        input: (n, c times the kernel's size, number of windows), or without n.
        output_size: (height, width) of the result.
        kernel_size, dilation, padding, stride: the windows', a number or (height, width).

    Returns:
        (n, c, height, width).

    Raises:
        RuntimeError: an input of another rank, options out of range, or numbers of columns that do not fit.

    >>> ag.nn.functional.fold(ag.ones(1, 2, 2), (1, 3), (1, 2))
    tensor([[[[1., 2., 1.]]]])
    """
    check_tensor(input, "fold", "input")
    options = _options(kernel_size, dilation, padding, stride)
    size = _pair(output_size)
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, "
            f"but got: {list(input.shape)}{errors.here()}"
        )
    kernel = math.prod(options["kernel"])
    if input.shape[-2] % kernel:
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={input.shape[-2]} and kernel_size={options['kernel']}.{errors.here()}"
        )
    counts = _counts(size, **options)
    if min(counts) < 1 or math.prod(counts) != input.shape[-1]:
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={options['kernel']}, dilation={options['dilation']}, "
            f"padding={options['padding']}, stride={options['stride']}, expected size of input's dimension 2 to match the "
            f"calculated number of sliding blocks {' * '.join(map(str, counts))} = {math.prod(counts)}, but got "
            f"input.size(2)={input.shape[-1]}.{errors.here()}"
        )
    if input.ndim == 2:
        return col2im.apply(input.unsqueeze(0), size=size, **options).squeeze(0)  # type: ignore[no-any-return]
    return col2im.apply(input, size=size, **options)  # type: ignore[no-any-return]


for _function in (pixel_shuffle, pixel_unshuffle, channel_shuffle):
    expose(_function, _function.__name__, method=False)
