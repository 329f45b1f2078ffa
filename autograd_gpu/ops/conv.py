"""Convolution (cross-correlation, as in every deep learning library) and its transpose, in 1, 2 and 3
dimensions.

``sum(g * convolution(x, w))`` is linear in each of x, w and g. Its derivatives for the three are three ops:
`convolution` (for g), `convolution_input` (for x) and `convolution_weight` (for w), and so every derivative
of each is one of the others, to any order.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import REGISTRY, expose, op
from autograd_gpu.ops.arguments import check_tensor

Sizes = tuple[int, ...]


@op("general")
def convolution(
    F: Any,
    input: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Any:
    """`input` (n, c, *size) with `weight` (o, c / groups, *kernel) and `bias` (o,): (n, o, *output size)."""
    return F.conv2d(input, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


@op("bilinear", grad_name="ConvolutionBackward0")
def convolution_input(
    F: Any,
    grad: Any,
    weight: Any,
    *,
    input_shape: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Any:
    """The gradient of a convolution for its input, which is also the transposed convolution of `grad`."""
    return F.conv2d_input(
        grad,
        weight,
        input_shape=input_shape,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )


@op("bilinear", grad_name="ConvolutionBackward0")
def convolution_weight(
    F: Any,
    grad: Any,
    input: Any,
    *,
    weight_shape: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Any:
    """The gradient of a convolution for its weight."""
    return F.conv2d_weight(
        grad,
        input,
        weight_shape=weight_shape,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )


def _for_output(F: Any, input: Any, weight: Any, **params: Any) -> Any:
    return F.convolution(input, weight, **params)


def _for_input(F: Any, grad: Any, weight: Any, input_like: Any, **params: Any) -> Any:
    return F.convolution_input(grad, weight, input_shape=tuple(input_like.shape), **params)


def _for_weight(F: Any, grad: Any, input: Any, weight_like: Any, **params: Any) -> Any:
    return F.convolution_weight(grad, input, weight_shape=tuple(weight_like.shape), **params)


# In the rules of the last two ops, `g` has the shape of what they return: that of an input, that of a weight.
convolution.rule(
    input=lambda F, g, weight, input_like, *, stride, padding, dilation, groups: _for_input(
        F, g, weight, input_like, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    weight=lambda F, g, input, weight_like, *, stride, padding, dilation, groups: _for_weight(
        F, g, input, weight_like, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    bias=lambda F, g: F.sum(g, dim=(0, *range(2, g.ndim)), keepdim=False),
)
convolution_input.rule(
    grad=lambda F, g, weight, *, stride, padding, dilation, groups: _for_output(
        F, g, weight, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    weight=lambda F, g, grad, weight_like, *, stride, padding, dilation, groups: _for_weight(
        F, grad, g, weight_like, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
)
convolution_weight.rule(
    grad=lambda F, g, input, *, stride, padding, dilation, groups: _for_output(
        F, input, g, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    input=lambda F, g, grad, input_like, *, stride, padding, dilation, groups: _for_input(
        F, grad, g, input_like, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
)


# -- what users call
# -----------------------------------------------------------------------------------------------


def _convolve(
    spatial: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    name = f"conv{spatial}d"
    _check_tensors(name, spatial, input, weight, bias, groups)
    stride = _positive("stride", stride, spatial)
    dilation = _positive("dilation", dilation, spatial)
    kernel = weight._array.shape[2:]
    if isinstance(padding, str):
        input, padding = _named_padding(input, padding, kernel, stride, dilation)
    else:
        padding = _not_negative("padding", padding, spatial)
    outputs, channels = weight._array.shape[0], weight._array.shape[1] * groups
    size = list(weight._array.shape)
    if outputs < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight "
            f"of "
            f"size {size} instead{errors.here()}"
        )
    if outputs % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got "
            f"weight "
            f"of size [{size}] instead{errors.here()}"
        )
    shape = input._array.shape
    batched = len(shape) == spatial + 2
    if shape[-spatial - 1] != channels:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {size}, expected input{list(shape)} to have {channels} "
            f"channels, "
            f"but got {shape[-spatial - 1]} channels instead\n  in {name}{errors.here()}"
        )
    _check_bias("", bias, weight, outputs)
    if 0 in kernel:
        raise RuntimeError(
            f"kernel size should be greater than zero, but got {_by(kernel)}\n  in {name}{errors.here()}"
        )
    padded = [length + 2 * pad for length, pad in zip(shape[-spatial:], padding, strict=True)]
    reach = [apart * (taps - 1) + 1 for apart, taps in zip(dilation, kernel, strict=True)]
    if any(length < taps for length, taps in zip(padded, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({_by(padded)}). Kernel size: ({_by(reach)}). Kernel "
            f"size "
            f"can't be greater than actual input size\n  in {name}{errors.here()}"
        )
    result: Tensor = convolution.apply(
        input if batched else input.unsqueeze(0),
        weight,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )
    return result if batched else result.squeeze(0)


def _convolve_transposed(
    spatial: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Tensor:
    name = f"conv_transpose{spatial}d"
    _check_tensors(name, spatial, input, weight, bias, groups)
    stride = _positive("stride", stride, spatial)
    dilation = _positive("dilation", dilation, spatial)
    padding = _not_negative("padding", padding, spatial)
    output_padding = _not_negative("output_padding", output_padding, spatial)
    inputs, outputs = weight._array.shape[0], weight._array.shape[1] * groups
    kernel, size = weight._array.shape[2:], list(weight._array.shape)
    if inputs % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got "
            f"weight "
            f"of size [{size}] instead{errors.here()}"
        )
    shape = input._array.shape
    batched = len(shape) == spatial + 2
    if shape[-spatial - 1] != inputs:
        raise RuntimeError(
            f"Given transposed=1, weight of size {size}, expected input{list(shape)} to have {inputs} "
            f"channels, but "
            f"got {shape[-spatial - 1]} channels instead\n  in {name}{errors.here()}"
        )
    _check_bias("transposed=1, ", bias, weight, outputs)
    for extra, step, apart in zip(output_padding, stride, dilation, strict=True):
        if extra >= step and extra >= apart:
            raise RuntimeError(
                "output padding must be smaller than either stride or dilation, but got output_padding: "
                f"{list(output_padding)} stride: {list(stride)} dilation: {list(dilation)}\n  in "
                f"{name}{errors.here()}"
            )
    seen = shape[-spatial:]
    grown = tuple(
        (length - 1) * step - 2 * pad + apart * (taps - 1) + extra + 1
        for length, step, pad, apart, taps, extra in zip(
            seen, stride, padding, dilation, kernel, output_padding, strict=True
        )
    )
    if 0 in kernel or min(grown) < 1:
        raise RuntimeError(
            f"Given input size per channel: ({_by(seen)}). Calculated output size per channel: "
            f"({_by(grown)}). "
            f"Output size is too small\n  in {name}{errors.here()}"
        )
    # A convolution of the output would see windows beyond the input where output_padding reaches a stride:
    # zeros.
    beyond = [extra // step for extra, step in zip(output_padding, stride, strict=True)]
    if any(beyond):
        input = REGISTRY["pad"].public(
            input, [amount for places in reversed(beyond) for amount in (0, places)]
        )
    batch = shape[0] if batched else 1
    result: Tensor = convolution_input.apply(
        input if batched else input.unsqueeze(0),
        weight,
        input_shape=(batch, outputs, *grown),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )
    if bias is not None:
        result = result + bias.reshape((-1, *(1,) * spatial))
    return result if batched else result.squeeze(0)


def _by(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))


def _check_tensors(name: str, spatial: int, input: Any, weight: Any, bias: Any, groups: int) -> None:
    check_tensor(input, name)
    check_tensor(weight, name, "weight", 2)
    shape, kernel = input._array.shape, weight._array.shape
    if len(shape) not in (spatial + 1, spatial + 2):
        raise RuntimeError(
            f"Expected {spatial + 1}D (unbatched) or {spatial + 2}D (batched) input to {name}, but got input "
            f"of "
            f"size: {list(shape)}{errors.here()}"
        )
    if len(kernel) != spatial + 2:
        raise RuntimeError(
            f"Expected {spatial + 2}-dimensional weight for {name}, but got weight of size "
            f"{list(kernel)}{errors.here()}"
        )
    if groups <= 0:
        raise RuntimeError(f"non-positive groups is not supported\n  groups is {groups}{errors.here()}")
    dtype = input._type.dtype
    if weight._type.dtype is not dtype:
        raise RuntimeError(
            f"expected scalar type {dtype.scalar_name} but found {weight._type.dtype.scalar_name}\n  in "
            f"{name}: input is "
            f"{dtype.name}, weight is {weight._type.dtype.name}{errors.here()}"
        )
    if bias is not None:
        check_tensor(bias, name, "bias", 3)
        if bias._type.dtype is not dtype:
            raise RuntimeError(
                f"Input type ({dtype.name}) and bias type ({bias._type.dtype.name}) should be the same\n  in "
                f"{name}"
                f"{errors.here()}"
            )
    if dtype is dtypes.bool_:
        raise NotImplementedError(
            f"\"slow_{name}_cpu\" not implemented for 'Bool'\n  in {name}: convert with "
            f".float(){errors.here()}"
        )


def _check_bias(prefix: str, bias: Any, weight: Tensor, outputs: int) -> None:
    if bias is not None and bias._array.shape != (outputs,):
        raise RuntimeError(
            f"Given {prefix}weight of size {list(weight._array.shape)}, expected bias to be 1-dimensional "
            f"with {outputs} "
            f"elements, but got bias of size {list(bias._array.shape)} instead{errors.here()}"
        )


def _sizes(label: str, value: Any, spatial: int) -> Sizes:
    """One number for each spatial dimension."""
    values = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if len(values) == 1:
        values = values * spatial
    if len(values) != spatial:
        raise RuntimeError(
            f"expected {label} to be a single integer value or a list of {spatial} values to match the "
            f"convolution "
            f"dimensions, but got {label}={list(values)}{errors.here()}"
        )
    try:
        return tuple(operator.index(size) for size in values)
    except TypeError:
        raise TypeError(f"{label} must be an int or a tuple of ints, not {value!r}{errors.here()}") from None


def _positive(label: str, value: Any, spatial: int) -> Sizes:
    sizes = _sizes(label, value, spatial)
    if min(sizes) <= 0:
        if label == "stride":
            raise RuntimeError(
                f"non-positive stride is not supported\n  stride is {list(sizes)}{errors.here()}"
            )
        raise RuntimeError(f"dilation should be greater than zero, but got {list(sizes)}{errors.here()}")
    return sizes


def _not_negative(label: str, value: Any, spatial: int) -> Sizes:
    sizes = _sizes(label, value, spatial)
    if min(sizes) < 0:
        raise RuntimeError(f"negative {label} is not supported\n  {label} is {list(sizes)}{errors.here()}")
    return sizes


def _named_padding(
    input: Tensor, padding: str, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[Tensor, Sizes]:
    """What padding="valid" and "same" mean. Where "same" needs an odd number of places, the one more is
    behind."""
    if padding == "valid":
        return input, (0,) * len(kernel)
    if padding != "same":
        raise RuntimeError(
            f"Invalid padding string: '{padding}' (it can be 'valid' or 'same'){errors.here()}"
        )
    if any(step != 1 for step in stride):
        raise RuntimeError(f"padding='same' is not supported for strided convolutions{errors.here()}")
    total = [max(0, apart * (taps - 1)) for apart, taps in zip(dilation, kernel, strict=True)]
    if any(places % 2 for places in total):
        more = [amount for places in reversed(total) for amount in (0, places % 2)]
        input = REGISTRY["pad"].public(input, more)
    return input, tuple(places // 2 for places in total)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 1 spatial dimension.

    Args:
        input: ``(n, c, length)`` or ``(c, length)``, any dtype but bool.
        weight: ``(o, c / groups, kernel)``.
        bias: ``(o,)`` or None.
        stride: how far apart windows start; an int.
        padding: zeros on both sides; an int, or "valid" (none), or "same" (the output has the
            size of the input; needs stride 1).
        dilation: how far apart the places of a window are; an int.
        groups: input and output channels are cut into so many groups, which see nothing of each other.

    Returns:
        ``(n, o, out)`` with ``out = (in + 2 padding - dilation (kernel - 1) - 1) // stride + 1``.

    Raises:
        RuntimeError: shapes, sizes or dtypes that do not go together.

    Source: K. Chellapilla, S. Puri, P. Simard, "High performance convolutional neural networks for document
    processing" (2006): windows are unrolled and multiplied as one matrix.

    >>> ag.conv1d(ag.tensor([[[1.0, 2.0, 4.0]]]), ag.tensor([[[-1.0, 1.0]]]))
    tensor([[[1., 2.]]])
    """
    return _convolve(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 2 spatial dimensions.

    Args:
        input: ``(n, c, height, width)`` or ``(c, height, width)``, any dtype but bool.
        weight: ``(o, c / groups, kernel height, kernel width)``.
        bias: ``(o,)`` or None.
        stride: how far apart windows start; an int or one per dimension.
        padding: zeros on both sides; an int or one per dimension, or "valid" (none), or "same" (the output
            has the size of the input; needs stride 1).
        dilation: how far apart the places of a window are; an int or one per dimension.
        groups: input and output channels are cut into so many groups, which see nothing of each other.

    Returns:
        ``(n, o, out height, out width)`` with ``out = (in + 2 padding - dilation (kernel - 1) - 1) // stride
        + 1``.

    Raises:
        RuntimeError: shapes, sizes or dtypes that do not go together.

    Source: K. Chellapilla, S. Puri, P. Simard, "High performance convolutional neural networks for document
    processing" (2006): windows are unrolled and multiplied as one matrix. On the CPU, float32 convolutions of 3x3 without
    strides and with at least 32 channels and outputs go through Winograd's F(4x4), with errors up to 2e-6 of the
    output's largest value (A. Lavin, S. Gray, 2016); float64 never does.

    >>> ag.conv2d(ag.ones(1, 1, 3, 3), ag.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    return _convolve(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 3 spatial dimensions.

    Args:
        input: ``(n, c, depth, height, width)`` or ``(c, depth, height, width)``, any dtype but bool.
        weight: ``(o, c / groups, kernel depth, kernel height, kernel width)``.
        bias: ``(o,)`` or None.
        stride: how far apart windows start; an int or one per dimension.
        padding: zeros on both sides; an int or one per dimension, or "valid" (none), or "same" (the output
            has the size of the input; needs stride 1).
        dilation: how far apart the places of a window are; an int or one per dimension.
        groups: input and output channels are cut into so many groups, which see nothing of each other.

    Returns:
        ``(n, o, out depth, out height, out width)`` with ``out = (in + 2 padding - dilation (kernel - 1) - 1)
        // stride + 1``.

    Raises:
        RuntimeError: shapes, sizes or dtypes that do not go together.

    Source: K. Chellapilla, S. Puri, P. Simard, "High performance convolutional neural networks for document
    processing" (2006): windows are unrolled and multiplied as one matrix.

    >>> ag.conv3d(ag.ones(1, 1, 2, 2, 2), ag.ones(1, 1, 2, 2, 2))
    tensor([[[[[8.]]]]])
    """
    return _convolve(3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """Transposed convolution over 1 spatial dimension (M. D. Zeiler et al., 2010): the gradient of `conv1d`
    for its input.

    Args:
        input: ``(n, c, length)`` or ``(c, length)``, any dtype but bool.
        weight: ``(c, o / groups, kernel)``.
        bias: ``(o,)`` or None.
        stride, padding, dilation, groups: those of the convolution of which this is the transpose.
        output_padding: how many places more the output has at its end; an int, below stride or dilation.

    Returns:
        ``(n, o, out)`` with
        ``out = (in - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1``.

    Raises:
        RuntimeError: shapes, sizes or dtypes that do not go together.

    >>> ag.conv_transpose1d(ag.tensor([[[1.0, 2.0]]]), ag.tensor([[[1.0, 10.0]]]), stride=2)
    tensor([[[ 1., 10.,  2., 20.]]])
    """
    return _convolve_transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """Transposed convolution over 2 spatial dimensions (M. D. Zeiler et al., 2010): the gradient of `conv2d`
    for its input.

    Args:
        input: ``(n, c, height, width)`` or ``(c, height, width)``, any dtype but bool.
        weight: ``(c, o / groups, kernel height, kernel width)``.
        bias: ``(o,)`` or None.
        stride, padding, dilation, groups: those of the convolution of which this is the transpose.
        output_padding: how many places more the output has at its end; an int or one per dimension, below
            stride or dilation.

    Returns:
        ``(n, o, out height, out width)`` with
        ``out = (in - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1``.

    Raises:
        RuntimeError: shapes, sizes or dtypes that do not go together.

    >>> ag.conv_transpose2d(ag.ones(1, 1, 2, 2), ag.ones(1, 1, 2, 2))
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    return _convolve_transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """Transposed convolution over 3 spatial dimensions (M. D. Zeiler et al., 2010): the gradient of `conv3d`
    for its input.

    Args:
        input: ``(n, c, depth, height, width)`` or ``(c, depth, height, width)``, any dtype but bool.
        weight: ``(c, o / groups, kernel depth, kernel height, kernel width)``.
        bias: ``(o,)`` or None.
        stride, padding, dilation, groups: those of the convolution of which this is the transpose.
        output_padding: how many places more the output has at its end; an int or one per dimension, below
            stride or dilation.

    Returns:
        ``(n, o, out depth, out height, out width)`` with
        ``out = (in - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1``.

    Raises:
        RuntimeError: shapes, sizes or dtypes that do not go together.

    >>> ag.conv_transpose3d(ag.ones(1, 1, 1, 1, 1), ag.ones(1, 1, 1, 1, 2))
    tensor([[[[[1., 1.]]]]])
    """
    return _convolve_transposed(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


for _function in (conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d):
    expose(_function, _function.__name__, method=False)
