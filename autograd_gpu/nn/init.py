"""Fill tensors with the usual starting values, in place, without a graph. Names and formulas are those of
torch.nn.init.

`fan_in` is the number of inputs that a unit of the layer sees (for a convolution: input channels per group
times kernel size), `fan_out` the number of units that an input goes to.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.modes import no_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.ops.random import truncated_normal_
from autograd_gpu.tensor import Tensor

__all__ = [
    "calculate_gain", "constant", "constant_", "dirac", "dirac_", "eye", "eye_", "kaiming_normal",
    "kaiming_normal_", "kaiming_uniform", "kaiming_uniform_", "normal", "normal_", "ones_", "orthogonal",
    "orthogonal_", "sparse", "sparse_", "trunc_normal_", "uniform", "uniform_", "xavier_normal",
    "xavier_normal_", "xavier_uniform", "xavier_uniform_", "zeros_",
]  # fmt: skip

_LINEAR = (
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "sigmoid",
)  # fmt: skip


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """By how much a nonlinearity shrinks the standard deviation, inverted: the factor for the weights before
    it.

    Args:
        nonlinearity: its name in ``nn.functional``.
        param: the negative slope of leaky_relu (default 0.01).

    >>> ag.nn.init.calculate_gain("relu")
    1.4142135623730951
    """
    if nonlinearity in _LINEAR:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is None:
            param = 0.01
        if isinstance(param, bool) or not isinstance(param, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number{errors.here()}")
        return math.sqrt(2.0 / (1 + param**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}{errors.here()}")


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight of shape (out, in, *kernel)."""
    if tensor.ndim < 2:
        raise ValueError(
            f"Fan in and fan out can not be computed for tensor with fewer than 2 dimensions{errors.here()}"
        )
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    modes = ["fan_in", "fan_out"]
    if mode not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {modes}{errors.here()}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode)]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with samples that are uniform on [a, b).

    >>> w = ag.nn.init.uniform_(ag.empty(3, 5), -1, 1)
    """
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with samples of the normal distribution.

    >>> w = ag.nn.init.normal_(ag.empty(3, 5), std=0.02)
    """
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Fill with samples of the normal distribution that lie in [a, b].

    >>> w = ag.nn.init.trunc_normal_(ag.empty(3, 5), std=0.02)
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
            "incorrect.",
            stacklevel=2,
        )
    with no_grad():
        return truncated_normal_(tensor, mean, std, a, b, generator=generator)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    >>> ag.nn.init.constant_(ag.empty(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    >>> ag.nn.init.ones_(ag.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    >>> ag.nn.init.zeros_(ag.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on the diagonal and zeros elsewhere.

    >>> ag.nn.init.eye_(ag.empty(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported{errors.here()}")
    with no_grad():
        return tensor.copy_(FUNCTIONS["eye"](*tensor.shape, dtype=tensor.dtype, device=tensor.device))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution such that it hands on as many channels unchanged as it can.

    Args:
        tensor: of 3, 4 or 5 dimensions, (out, in / groups, *kernel).
        groups: each group hands on its own channels.

    >>> ag.nn.init.dirac_(ag.empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"Only tensors with 3, 4, or 5 dimensions are supported{errors.here()}")
    if tensor.shape[0] % groups:
        raise ValueError(f"dim 0 must be divisible by groups{errors.here()}")
    per_group = tensor.shape[0] // groups
    centre = tuple(extent // 2 for extent in tensor.shape[2:])
    with no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(per_group, tensor.shape[1])):
                tensor[(group * per_group + channel, channel, *centre)] = 1
    return tensor


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with samples uniform on [-a, a), a = gain * sqrt(6 / (fan_in + fan_out)).

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    2010.

    >>> w = ag.nn.init.xavier_uniform_(ag.empty(3, 5))
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    bound = math.sqrt(3.0) * gain * math.sqrt(2.0 / (fan_in + fan_out))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with samples of the normal distribution with std = gain * sqrt(2 / (fan_in + fan_out)).

    Source: see `xavier_uniform_`.

    >>> w = ag.nn.init.xavier_normal_(ag.empty(3, 5))
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    """The standard deviation, None for an empty tensor."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill with samples uniform on [-b, b), b = gain * sqrt(3 / fan).

    Args:
        tensor: of at least 2 dimensions, (out, in, *kernel).
        a: the negative slope of leaky_relu.
        mode: "fan_in" keeps the variance in the forward pass, "fan_out" in the backward pass.
        nonlinearity: what follows the layer; see `calculate_gain`.

    Source: K. He et al., "Delving deep into rectifiers", 2015.

    >>> w = ag.nn.init.kaiming_uniform_(ag.empty(3, 5), nonlinearity="relu")
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill with samples of the normal distribution with std = gain / sqrt(fan); see `kaiming_uniform_`.

    >>> w = ag.nn.init.kaiming_normal_(ag.empty(3, 5), mode="fan_out")
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Fill with a random matrix whose rows or columns (whichever are fewer) are orthonormal, times `gain`.

    Dimensions after the first count as one. The matrix is uniformly distributed: it is the Q of a QR
    decomposition, with a positive diagonal of R, of a matrix of normal samples (F. Mezzadri,
    arXiv:math-ph/0609050).

    >>> w = ag.nn.init.orthogonal_(ag.empty(3, 3))
    >>> ag.allclose(w @ w.T, ag.eye(3), atol=1e-5)
    True
    """
    if tensor.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported{errors.here()}")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    columns = tensor.numel() // rows
    with no_grad():
        samples = normal_(tensor.new_empty((rows, columns)), 0.0, 1.0, generator)
        q = _orthonormal_columns(samples.T).T if rows < columns else _orthonormal_columns(samples)
        return tensor.copy_((q * gain).reshape(tensor.shape))


def _orthonormal_columns(matrix: Tensor, panel: int = 32) -> Tensor:
    """The Q of a QR decomposition of a tall matrix with a positive diagonal of R, in float64.

    Gram and Schmidt's method, a panel of columns at a time, each projection done twice, which leaves rounding
    errors only (L. Giraud et al., "The loss of orthogonality in the Gram-Schmidt orthogonalization process",
    2005).
    """
    wide = matrix.to(dtypes.complex128 if matrix.is_complex() else dtypes.float64).clone()
    for start in range(0, wide.shape[1], panel):
        done, block = wide[:, :start], wide[:, start : start + panel]
        for _ in range(2):
            block -= done @ (done.mH @ block)
        for column in range(block.shape[1]):
            before, vector = block[:, :column], block[:, column]
            for _ in range(2):
                vector -= before @ (before.mH @ vector)
            vector /= (vector.abs() ** 2).sum().sqrt()
    return wide


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Fill a matrix with samples of the normal distribution, and a fraction `sparsity` of each column with
    zeros.

    Source: J. Martens, "Deep learning via Hessian-free optimization", 2010.

    >>> w = ag.nn.init.sparse_(ag.empty(4, 5), sparsity=0.5)
    >>> (w == 0).sum(0)
    tensor([2, 2, 2, 2, 2])
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported{errors.here()}")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[FUNCTIONS["randperm"](rows, generator=generator, device=tensor.device)[:zeros], column] = 0
    return tensor


def _under_old_name(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`function` under the name that PyTorch gave up, which warns as PyTorch's does."""
    new = function.__name__
    old = new.removesuffix("_")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2
        )
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = old
    call.__doc__ = f"`{new}` under its old name."
    return call


uniform = _under_old_name(uniform_)
normal = _under_old_name(normal_)
constant = _under_old_name(constant_)
eye = _under_old_name(eye_)
dirac = _under_old_name(dirac_)
xavier_uniform = _under_old_name(xavier_uniform_)
xavier_normal = _under_old_name(xavier_normal_)
kaiming_uniform = _under_old_name(kaiming_uniform_)
kaiming_normal = _under_old_name(kaiming_normal_)
orthogonal = _under_old_name(orthogonal_)
sparse = _under_old_name(sparse_)
