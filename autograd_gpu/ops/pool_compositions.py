"""Pooling and normalisation made of other pools: power means, maxima put back in place, responses of neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.ops import joining, pool
from autograd_gpu.ops.arguments import check_tensor


def _power_pool(
    spatial: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Tensor:
    """Sums of powers from means: ``(sum x^p)^(1/p)``, the sign as PyTorch keeps it."""
    check_tensor(input, f"lp_pool{spatial}d", "input")
    kernel = tuple(kernel_size) if isinstance(kernel_size, Sequence) else (kernel_size,) * spatial
    function = (pool.avg_pool1d, pool.avg_pool2d, pool.avg_pool3d)[spatial - 1]
    mean: Any = function(input.pow(norm_type), kernel, stride, 0, ceil_mode)
    result: Tensor = (mean.sign() * mean.abs().relu() * math.prod(kernel)).pow(1.0 / norm_type)
    return result


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: Any,
    stride: int | Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """``(sum of x^norm_type over each window)^(1 / norm_type)``, windows along the last dimension.

    >>> ag.nn.functional.lp_pool1d(ag.tensor([[3.0, 4.0]]), 2, 2)
    tensor([[5.]])
    """
    return _power_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Any,
    stride: int | Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """`lp_pool1d` for windows in the last two dimensions.

    >>> ag.nn.functional.lp_pool2d(ag.ones(1, 2, 2), 2, 2)
    tensor([[[2.]]])
    """
    return _power_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Any,
    stride: int | Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """`lp_pool1d` for windows in the last three dimensions.

    >>> ag.nn.functional.lp_pool3d(ag.ones(1, 1, 2, 2), 2, (1, 2, 2))
    tensor([[[[2.]]]])
    """
    return _power_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def _unpool(
    spatial: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    output_size: Any,
) -> Tensor:
    name = f"max_unpool{spatial}d"
    check_tensor(input, name, "input")
    check_tensor(indices, name, "indices", 2)

    def each(value: Any) -> tuple[int, ...]:
        return tuple(value) if isinstance(value, Sequence) else (int(value),) * spatial

    kernel, pads = each(kernel_size), each(padding)
    strides = kernel if stride is None else each(stride)
    sizes = tuple(int(size) for size in input.shape[-spatial:])
    usual = tuple(
        (size - 1) * step + length - 2 * pad
        for size, step, length, pad in zip(sizes, strides, kernel, pads, strict=True)
    )
    if output_size is None:
        size = usual
    else:
        size = tuple(int(each) for each in output_size)[-spatial:]
        for wanted, likely, step in zip(size, usual, strides, strict=True):
            if not likely - step < wanted < likely + step:
                raise ValueError(
                    f'invalid output_size "{list(size)}" (each must be less than a stride from {list(usual)})\n  in '
                    f"{name}{errors.here()}"
                )
    if tuple(input.shape) != tuple(indices.shape):
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got indices "
            f"tensor with shape: {list(indices.shape)}{errors.here()}"
        )
    before = tuple(input.shape[:-spatial])
    flat = input.new_zeros((*before, math.prod(size)))
    result = flat.scatter(-1, indices.reshape(*before, -1).to(dtypes.int64), input.reshape(*before, -1))
    return result.reshape(*before, *size)


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: int | Sequence[int] | None = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """Zeros with the maxima of `max_pool1d` where they were, as the indices say that it returned.

    >>> x = ag.tensor([[1.0, 5.0, 2.0, 3.0]])
    >>> ag.nn.functional.max_unpool1d(*ag.nn.functional.max_pool1d(x, 2, return_indices=True), 2)
    tensor([[0., 5., 0., 3.]])
    """
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: int | Sequence[int] | None = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """`max_unpool1d` for `max_pool2d`.

    >>> x = ag.tensor([[[1.0, 5.0], [2.0, 3.0]]])
    >>> ag.nn.functional.max_unpool2d(*ag.nn.functional.max_pool2d(x, 2, return_indices=True), 2)
    tensor([[[0., 5.],
             [0., 0.]]])
    """
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: int | Sequence[int] | None = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """`max_unpool1d` for `max_pool3d`.

    >>> x = ag.arange(4.0).reshape(1, 1, 2, 2)
    >>> pooled = ag.nn.functional.max_pool3d(x, (1, 2, 2), return_indices=True)
    >>> ag.nn.functional.max_unpool3d(*pooled, (1, 2, 2)).flatten()
    tensor([0., 0., 0., 3.])
    """
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """``x / (k + alpha * mean of x² over `size` neighbouring channels)^beta`` (Krizhevsky et al., 2012).

    Args:
        input: (batch, channels, *).
        size: how many channels are neighbours.

    Raises:
        ValueError: fewer than 3 dimensions.

    >>> ag.nn.functional.local_response_norm(ag.ones(1, 2, 1), 1, alpha=3.0, beta=0.5)
    tensor([[[0.5000],
             [0.5000]]])
    """
    check_tensor(input, "local_response_norm", "input")
    if input.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality                          input (got {input.ndim} dimensions){errors.here()}"
        )
    if 0 in input.shape:
        return input
    squares = (input * input).flatten(2).transpose(1, 2)
    squares = joining.pad.public(squares, (size // 2, (size - 1) // 2))
    mean = pool.avg_pool1d(squares, size, 1).transpose(1, 2).reshape(input.shape)
    result: Tensor = input / (mean * alpha + k).pow(beta)
    return result
