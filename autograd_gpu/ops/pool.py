"""Pooling: maxima and means of windows, with given windows or adapted to a given output size.

Maxima come with where they were found, and their gradient goes there. Average pooling and its gradient are
linear, and each other's adjoint.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose, op
from autograd_gpu.ops.arguments import check_tensor

Sizes = tuple[int, ...]


# -- maxima --------------------------------------------------------------------------------------------------


@op("general", outputs=("out", "indices"), grad_name="MaxPool2DWithIndicesBackward0")
def max_pool(
    F: Any, input: Any, *, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Any:
    """The maximum of each window of `input` (n, c, *size), and its position in the flattened spatial
    dimensions."""
    return F.max_pool2d(
        input, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )


max_pool.rule(
    input=lambda F, g, indices, input_like, *, kernel, stride, dilation: F.max_pool_backward(
        g, indices, input_shape=tuple(input_like.shape), kernel=kernel, stride=stride, dilation=dilation
    )
)


@op("general", grad_name="MaxPool2DWithIndicesBackwardBackward0")
def max_pool_backward(
    F: Any, grad: Any, indices: Any, *, input_shape: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> Any:
    """Zeros of `input_shape` to which each element of `grad` is added at its index."""
    return F.max_pool2d_backward(
        grad, indices, input_shape=input_shape, kernel=kernel, stride=stride, dilation=dilation
    )


def _at_indices(F: Any, g: Any, indices: Any) -> Any:
    """The elements of `g` that were maxima: the adjoint of `max_pool_backward`."""
    images, channels, *there = g.shape
    places = (images, channels, math.prod(there))
    chosen = (images, channels, math.prod(indices.shape[2:]))
    flat = F.gather(F.reshape(g, shape=places), F.reshape(indices, shape=chosen), dim=2)
    return F.reshape(flat, shape=tuple(indices.shape))


max_pool_backward.rule(grad=_at_indices)


@op("general", outputs=("out", "indices"), grad_name="AdaptiveMaxPool2DBackward0")
def adaptive_max_pool(F: Any, input: Any, *, output_size: Sizes) -> Any:
    """The maximum of each adaptive window, and its position in the flattened spatial dimensions."""
    spatial = input.shape[2:]
    values, indices = input, None
    # One dimension at a time, the last first: the maximum of maxima; what is remembered is where they came
    # from.
    for axis in reversed(range(len(spatial))):
        dim = axis + 2
        best, places = [], []
        for start, end in _windows(spatial[axis], output_size[axis]):
            part = (*(slice(None),) * dim, slice(start, end))
            value, at = F.max_with_index(values[part], dim=dim, keepdim=True)
            best.append(value)
            if indices is None:
                places.append(at + start)
            else:
                places.append(F.gather(indices[part], at, dim=dim) + (at + start) * _step(spatial, axis))
        values = F.cat(best, dim=dim)
        indices = F.cat(places, dim=dim)
    return values, indices


# Windows may overlap, which is what a stride below the kernel's size tells max_pool_backward.
adaptive_max_pool.rule(
    input=lambda F, g, indices, input_like: F.max_pool_backward(
        g,
        indices,
        input_shape=tuple(input_like.shape),
        kernel=(2,) * (g.ndim - 2),
        stride=(1,) * (g.ndim - 2),
        dilation=(1,) * (g.ndim - 2),
    )
)


def _step(spatial: Sizes, axis: int) -> int:
    """How far apart neighbours along a spatial axis are in the flattened spatial dimensions."""
    return math.prod(spatial[axis + 1 :])


def _windows(size: int, count: int) -> list[tuple[int, int]]:
    """Start and end of `count` windows that cover `size` places, as evenly as whole numbers allow."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


# -- means ---------------------------------------------------------------------------------------------------


@op("linear", grad_name="AvgPool2DBackward0")
def average_pool(
    F: Any,
    input: Any,
    *,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    """The mean of each window of `input` (n, c, *size)."""
    return F.avg_pool2d(
        input,
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )


@op("linear", grad_name="AvgPool2DBackwardBackward0")
def average_pool_backward(
    F: Any,
    grad: Any,
    *,
    input_shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    """Each element of `grad` shared out equally among the places of its window."""
    return F.avg_pool2d_backward(
        grad,
        input_shape=input_shape,
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )


def _share_out(
    F: Any,
    g: Any,
    input_like: Any,
    *,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    return F.average_pool_backward(
        g,
        input_shape=tuple(input_like.shape),
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )


def _average(
    F: Any,
    g: Any,
    *,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    return F.average_pool(
        g,
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )


average_pool.rule(input=_share_out)
average_pool_backward.rule(grad=_average)


@op("linear", grad_name="AdaptiveAvgPool2DBackward0")
def adaptive_average_pool(F: Any, input: Any, *, output_size: Sizes) -> Any:
    """The mean of each adaptive window: of one dimension after the other, since windows are products of
    ranges."""
    for axis, count in enumerate(output_size):
        dim = axis + 2
        parts = [
            F.mean(input[(*(slice(None),) * dim, slice(start, end))], dim=dim, keepdim=True)
            for start, end in _windows(input.shape[dim], count)
        ]
        input = F.cat(parts, dim=dim)
    return input


@op("linear", grad_name="AdaptiveAvgPool2DBackwardBackward0")
def adaptive_average_pool_backward(F: Any, grad: Any, *, input_shape: Sizes) -> Any:
    """Each element of `grad` shared out equally among the places of its window."""
    for axis in range(len(input_shape) - 2):
        dim = axis + 2
        before = (slice(None),) * dim
        total = F.zeros((*grad.shape[:dim], input_shape[dim], *grad.shape[dim + 1 :]), grad.dtype)
        for i, (start, end) in enumerate(_windows(input_shape[dim], grad.shape[dim])):
            total[(*before, slice(start, end))] += grad[(*before, slice(i, i + 1))] / (end - start)
        grad = total
    return grad


adaptive_average_pool.rule(
    input=lambda F, g, input_like: F.adaptive_average_pool_backward(g, input_shape=tuple(input_like.shape))
)
adaptive_average_pool_backward.rule(
    grad=lambda F, g, grad_like: F.adaptive_average_pool(g, output_size=tuple(grad_like.shape[2:]))
)


# -- what users call: maxima ---------------------------------------------------------------------------------


def _max_pool(
    spatial: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    name = f"max_pool{spatial}d"
    _check_input(name, spatial, input, integers_too=spatial > 1)
    kernel, stride, padding = _window(name, spatial, kernel_size, stride, padding)
    dilation = _sizes(name, "dilation", dilation, spatial)
    if min(dilation) <= 0:
        raise RuntimeError(
            f"dilation should be greater than zero, but got dilation: {list(dilation)}\n  in "
            f"{name}{errors.here()}"
        )
    _check_padding(name, kernel, padding, dilation)
    _check_output(name, spatial, input, kernel, stride, padding, dilation, ceil_mode)
    batched = input._array.ndim == spatial + 2
    out, indices = max_pool.apply(
        input if batched else input.unsqueeze(0),
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=bool(ceil_mode),
    )
    return _unbatched(batched, return_indices, out, indices)


def _unbatched(batched: bool, return_indices: bool, out: Tensor, indices: Tensor) -> Any:
    if not return_indices:
        return out if batched else out.squeeze(0)
    return (out, indices) if batched else (out.squeeze(0), indices.squeeze(0))


def _average_pool(
    spatial: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    name = f"avg_pool{spatial}d"
    _check_input(name, spatial, input, integers_too=True)
    kernel, stride, padding = _window(name, spatial, kernel_size, stride, padding)
    if divisor_override == 0:
        raise RuntimeError(f"divisor must be not zero\n  in {name}{errors.here()}")
    ones = (1,) * spatial
    _check_padding(name, kernel, padding, ones)
    _check_output(name, spatial, input, kernel, stride, padding, ones, ceil_mode)
    tensor: Tensor = input
    if not tensor._type.dtype.is_floating_point:  # integers: the quotient is rounded towards zero
        tensor = tensor.to(dtypes.float64)
    batched = tensor._array.ndim == spatial + 2
    result: Tensor = average_pool.apply(
        tensor if batched else tensor.unsqueeze(0),
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=bool(ceil_mode),
        count_include_pad=bool(count_include_pad),
        divisor_override=None if divisor_override is None else operator.index(divisor_override),
    )
    if tensor is not input:
        result = result.to(input._type.dtype)
    return result if batched else result.squeeze(0)


def _check_input(name: str, spatial: int, input: Any, integers_too: bool) -> None:
    check_tensor(input, name)
    shape, dtype = input._array.shape, input._type.dtype
    if len(shape) not in (spatial + 1, spatial + 2) or 0 in shape[-spatial - 1 :]:
        raise RuntimeError(
            f"{name}: Expected {spatial + 1}D or {spatial + 2}D (batch mode) tensor with optional 0 dim "
            f"batch size for "
            f"input, but got:{list(shape)}{errors.here()}"
        )
    if not input._type.dtype.is_floating_point and not (integers_too and dtype.category == dtypes.INTEGER):
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{dtype.scalar_name}'\n  in {name}: convert with "
            f".float(){errors.here()}"
        )


def _sizes(name: str, label: str, value: Any, spatial: int) -> Sizes:
    """One number for each spatial dimension."""
    values = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if len(values) == 1:
        values = values * spatial
    if len(values) != spatial:
        raise RuntimeError(
            f"{name}: {label} must either be a single int, or a tuple of {spatial} ints, but is "
            f"{values}{errors.here()}"
        )
    try:
        return tuple(operator.index(size) for size in values)
    except TypeError:
        raise TypeError(
            f"{name}(): argument '{label}' must be int or tuple of ints, not {value!r}{errors.here()}"
        ) from None


def _window(
    name: str, spatial: int, kernel_size: Any, stride: Any, padding: Any
) -> tuple[Sizes, Sizes, Sizes]:
    """Kernel, stride (which is the kernel if it is missing) and padding."""
    kernel = _sizes(name, "kernel_size", kernel_size, spatial)
    if min(kernel) <= 0:
        raise RuntimeError(
            f"kernel size should be greater than zero, but got {list(kernel)}\n  in {name}{errors.here()}"
        )
    missing = stride is None or (isinstance(stride, Sequence) and not stride)
    steps = kernel if missing else _sizes(name, "stride", stride, spatial)
    if 0 in steps:
        raise RuntimeError(f"stride should not be zero\n  in {name}: stride={list(steps)}{errors.here()}")
    if min(steps) < 0:
        raise RuntimeError(f"stride must be positive, but got {list(steps)}\n  in {name}{errors.here()}")
    return kernel, steps, _sizes(name, "padding", padding, spatial)


def _check_padding(name: str, kernel: Sizes, padding: Sizes, dilation: Sizes) -> None:
    for taps, pad, apart in zip(kernel, padding, dilation, strict=True):
        if pad < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {pad}\n  in {name}{errors.here()}")
        if pad > (apart * (taps - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={pad}, kernel_size={taps} "
                f"and "
                f"dilation={apart}\n  in {name}{errors.here()}"
            )


def _check_output(
    name: str,
    spatial: int,
    input: Tensor,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> None:
    shape = input._array.shape[-spatial - 1 :]
    size = []
    for length, taps, step, pad, apart in zip(shape[1:], kernel, stride, padding, dilation, strict=True):
        room = length + 2 * pad - apart * (taps - 1) - 1
        count = (-(-room // step) if ceil_mode else room // step) + 1
        if ceil_mode and (count - 1) * step >= length + pad:
            count -= 1
        size.append(count)
    if min(size) < 1:
        before, after = ("x".join(map(str, sizes)) for sizes in (shape, (shape[0], *size)))
        raise RuntimeError(
            f"Given input size: ({before}). Calculated output size: ({after}). Output size is too small\n  "
            f"in {name}"
            f"{errors.here()}"
        )


def max_pool1d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window; NaN counts as the largest, the first of equals is taken.

    Args:
        input: ``(n, c, length)`` or ``(c, length)``, floating point.
        kernel_size: the size of the windows; an int.
        stride: how far apart windows start. Default: `kernel_size`.
        padding: places of minus infinity on both sides, at most half a window.
        dilation: how far apart the places of a window are.
        ceil_mode: whether the last window may reach beyond the end.
        return_indices: whether to return positions (in the flattened spatial dimensions, int64) as well.

    Returns:
        The maxima, or maxima and positions.

    Raises:
        RuntimeError: shapes and sizes that do not go together.
        NotImplementedError: a dtype without order.

    >>> ag.max_pool1d(ag.tensor([[[1.0, 3.0, 2.0, 4.0]]]), 2)
    tensor([[[3., 4.]]])
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window; NaN counts as the largest, the first of equals is taken.

    Args:
        input: ``(n, c, height, width)`` or ``(c, height, width)``, floating point or integer.
        kernel_size: the size of the windows; an int or one per dimension.
        stride: how far apart windows start. Default: `kernel_size`.
        padding: places of minus infinity on both sides, at most half a window.
        dilation: how far apart the places of a window are.
        ceil_mode: whether the last window may reach beyond the end.
        return_indices: whether to return positions (in the flattened spatial dimensions, int64) as well.

    Returns:
        The maxima, or maxima and positions.

    Raises:
        RuntimeError: shapes and sizes that do not go together.
        NotImplementedError: a dtype without order.

    >>> ag.nn.functional.max_pool2d(ag.arange(4.0).reshape(1, 1, 2, 2), 2)
    tensor([[[[3.]]]])
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window; NaN counts as the largest, the first of equals is taken.

    Args:
        input: ``(n, c, depth, height, width)`` or ``(c, depth, height, width)``, floating point or integer.
        kernel_size: the size of the windows; an int or one per dimension.
        stride: how far apart windows start. Default: `kernel_size`.
        padding: places of minus infinity on both sides, at most half a window.
        dilation: how far apart the places of a window are.
        ceil_mode: whether the last window may reach beyond the end.
        return_indices: whether to return positions (in the flattened spatial dimensions, int64) as well.

    Returns:
        The maxima, or maxima and positions.

    Raises:
        RuntimeError: shapes and sizes that do not go together.
        NotImplementedError: a dtype without order.

    >>> ag.nn.functional.max_pool3d(ag.arange(8.0).reshape(1, 1, 2, 2, 2), 2)
    tensor([[[[[7.]]]]])
    """
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def avg_pool1d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window.

    Args:
        input: ``(n, c, length)`` or ``(c, length)``, floating point or integer (rounded towards zero).
        kernel_size: the size of the windows; an int.
        stride: how far apart windows start. Default: `kernel_size`.
        padding: zeros on both sides, at most half a window.
        ceil_mode: whether the last window may reach beyond the end.
        count_include_pad: whether padding counts as places of a window.

    Raises:
        RuntimeError: shapes and sizes that do not go together.
        NotImplementedError: bool or complex numbers.

    >>> ag.avg_pool1d(ag.tensor([[[1.0, 3.0, 2.0, 4.0]]]), 2)
    tensor([[[2., 3.]]])
    """
    return _average_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window.

    Args:
        input: ``(n, c, height, width)`` or ``(c, height, width)``, floating point or integer (rounded towards
            zero).
        kernel_size: the size of the windows; an int or one per dimension.
        stride: how far apart windows start. Default: `kernel_size`.
        padding: zeros on both sides, at most half a window.
        ceil_mode: whether the last window may reach beyond the end.
        count_include_pad: whether padding counts as places of a window.
        divisor_override: what the sums are divided by instead of the number of places.

    Raises:
        RuntimeError: shapes and sizes that do not go together.
        NotImplementedError: bool or complex numbers.

    >>> ag.nn.functional.avg_pool2d(ag.arange(4.0).reshape(1, 1, 2, 2), 2)
    tensor([[[[1.5000]]]])
    """
    return _average_pool(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window.

    Args:
        input: ``(n, c, depth, height, width)`` or ``(c, depth, height, width)``, floating point or integer
            (rounded towards zero).
        kernel_size: the size of the windows; an int or one per dimension.
        stride: how far apart windows start. Default: `kernel_size`.
        padding: zeros on both sides, at most half a window.
        ceil_mode: whether the last window may reach beyond the end.
        count_include_pad: whether padding counts as places of a window.
        divisor_override: what the sums are divided by instead of the number of places.

    Raises:
        RuntimeError: shapes and sizes that do not go together.
        NotImplementedError: bool or complex numbers.

    >>> ag.nn.functional.avg_pool3d(ag.arange(8.0).reshape(1, 1, 2, 2, 2), 2)
    tensor([[[[[3.5000]]]]])
    """
    return _average_pool(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


# -- what users call: adaptive windows -----------------------------------------------------------------------


def _adaptive(name: str, spatial: int, input: Any, output_size: Any) -> tuple[Tensor, Sizes, bool]:
    """The input with a batch dimension, the output's size, and whether the input had that dimension."""
    check_tensor(input, name)
    shape = input._array.shape
    if len(shape) not in (spatial + 1, spatial + 2):
        raise RuntimeError(
            f"{name}(): Expected {spatial + 1}D or {spatial + 2}D tensor, but got "
            f"{list(shape)}{errors.here()}"
        )
    seen = shape[-spatial:]
    for axis, size in enumerate(shape[-spatial - 1 :]):
        if size == 0:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has "
                f"sizes "
                f"{list(shape)} with dimension {len(shape) - spatial - 1 + axis} being empty{errors.here()}"
            )
    wanted = tuple(output_size) if isinstance(output_size, Sequence) else (output_size,) * spatial
    if len(wanted) != spatial:
        raise RuntimeError(
            f"{name}: output_size must be an int or have {spatial} elements, but is {wanted}{errors.here()}"
        )
    size = tuple(
        length if count is None else operator.index(count) for length, count in zip(seen, wanted, strict=True)
    )
    if min(size) < 0:
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received "
            f"{list(size)}{errors.here()}"
        )
    if not input._type.dtype.is_floating_point:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input._type.dtype.scalar_name}'\n  in {name}: convert with "
            f".float()"
            f"{errors.here()}"
        )
    batched = len(shape) == spatial + 2
    return input if batched else input.unsqueeze(0), size, batched


def _regular(shape: Sizes, size: Sizes) -> Sizes | None:
    """The size of adaptive windows if they all have the same and do not overlap."""
    if 0 in size or any(length % count for length, count in zip(shape, size, strict=True)):
        return None
    return tuple(length // count for length, count in zip(shape, size, strict=True))


def _adaptive_average(spatial: int, input: Any, output_size: Any) -> Tensor:
    tensor, size, batched = _adaptive(f"adaptive_avg_pool{spatial}d", spatial, input, output_size)
    kernel = _regular(tensor._array.shape[2:], size)
    result: Tensor
    if 0 in size:
        result = tensor[(slice(None), slice(None), *map(slice, size))].clone()
    elif kernel is None:
        result = adaptive_average_pool.apply(tensor, output_size=size)
    elif size == (1,) * spatial:
        result = tensor.mean(tuple(range(2, spatial + 2)), keepdim=True)
    else:
        result = average_pool.apply(
            tensor,
            kernel=kernel,
            stride=kernel,
            padding=(0,) * spatial,
            ceil_mode=False,
            count_include_pad=True,
            divisor_override=None,
        )
    return result if batched else result.squeeze(0)


def _adaptive_max(spatial: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    tensor, size, batched = _adaptive(f"adaptive_max_pool{spatial}d", spatial, input, output_size)
    kernel = _regular(tensor._array.shape[2:], size)
    if kernel is None:
        out, indices = adaptive_max_pool.apply(tensor, output_size=size)
    else:
        zeros, ones = (0,) * spatial, (1,) * spatial
        out, indices = max_pool.apply(
            tensor, kernel=kernel, stride=kernel, padding=zeros, dilation=ones, ceil_mode=False
        )
    return _unbatched(batched, return_indices, out, indices)


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Means of windows that cover the input evenly: window i of m is [floor(i size / m), ceil((i + 1) size /
    m)).

    Args:
        input: ``(n, c, length)`` or ``(c, length)``, floating point.
        output_size: how many windows; an int.

    >>> ag.adaptive_avg_pool1d(ag.arange(5.0).reshape(1, 1, 5), 2)
    tensor([[[1., 3.]]])
    """
    return _adaptive_average(1, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of the windows of `adaptive_avg_pool1d`, and with `return_indices` where they are (as
    `max_pool1d` has it).

    >>> ag.nn.functional.adaptive_max_pool1d(ag.arange(5.0).reshape(1, 1, 5), 2)
    tensor([[[2., 4.]]])
    """
    return _adaptive_max(1, input, output_size, return_indices)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Means of windows that cover the input evenly: window i of m is [floor(i size / m), ceil((i + 1) size /
    m)).

    Args:
        input: ``(n, c, height, width)`` or ``(c, height, width)``, floating point.
        output_size: how many windows; an int or one per dimension; None keeps the size of the input.

    >>> ag.nn.functional.adaptive_avg_pool2d(ag.arange(6.0).reshape(1, 1, 2, 3), (1, 2))
    tensor([[[[2., 3.]]]])
    """
    return _adaptive_average(2, input, output_size)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of the windows of `adaptive_avg_pool2d`, and with `return_indices` where they are (as
    `max_pool2d` has it).

    >>> ag.nn.functional.adaptive_max_pool2d(ag.arange(6.0).reshape(1, 1, 2, 3), (1, 2))
    tensor([[[[4., 5.]]]])
    """
    return _adaptive_max(2, input, output_size, return_indices)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Means of windows that cover the input evenly: window i of m is [floor(i size / m), ceil((i + 1) size /
    m)).

    Args:
        input: ``(n, c, depth, height, width)`` or ``(c, depth, height, width)``, floating point.
        output_size: how many windows; an int or one per dimension; None keeps the size of the input.

    >>> ag.nn.functional.adaptive_avg_pool3d(ag.arange(8.0).reshape(1, 1, 2, 2, 2), 1)
    tensor([[[[[3.5000]]]]])
    """
    return _adaptive_average(3, input, output_size)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of the windows of `adaptive_avg_pool3d`, and with `return_indices` where they are (as
    `max_pool3d` has it).

    >>> ag.nn.functional.adaptive_max_pool3d(ag.arange(8.0).reshape(1, 1, 2, 2, 2), 1)
    tensor([[[[[7.]]]]])
    """
    return _adaptive_max(3, input, output_size, return_indices)


for _function in (max_pool1d, max_pool2d, max_pool3d, avg_pool1d, adaptive_avg_pool1d):
    expose(_function, _function.__name__, method=False)
