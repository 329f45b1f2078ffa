"""Power means of windows, maxima put back in place, normalised responses, and a ReLU with random slopes."""

from __future__ import annotations

from typing import Any

from autograd_gpu.nn import functional as F
from autograd_gpu.nn.module import Module
from autograd_gpu.tensor import Tensor

__all__ = [
    "LPPool1d", "LPPool2d", "LPPool3d", "LocalResponseNorm", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "RReLU",
]  # fmt: skip


class _PowerPool(Module):
    dimensions: int

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        function = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)[self.dimensions - 1]
        return function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_PowerPool):
    """Power sums of windows along the last dimension: `lp_pool1d`.

    >>> ag.nn.LPPool1d(2, 2)(ag.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """

    dimensions = 1


class LPPool2d(_PowerPool):
    """Power sums of windows in the last two dimensions: `lp_pool2d`.

    >>> ag.nn.LPPool2d(2, 2)(ag.ones(1, 2, 2))
    tensor([[[2.]]])
    """

    dimensions = 2


class LPPool3d(_PowerPool):
    """Power sums of windows in the last three dimensions: `lp_pool3d`.

    >>> ag.nn.LPPool3d(2, 2)(ag.ones(1, 1, 2, 2, 2)).shape
    ag.Size([1, 1, 1, 1, 1])
    """

    dimensions = 3


class _Unpool(Module):
    dimensions: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = self._each(kernel_size)
        self.stride = self._each(kernel_size if stride is None else stride)
        self.padding = self._each(padding)

    def _each(self, value: Any) -> tuple[int, ...]:
        return tuple(value) if isinstance(value, (tuple, list)) else (value,) * self.dimensions

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        function = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[self.dimensions - 1]
        return function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_Unpool):
    """Undoes `MaxPool1d`, as far as it can: `max_unpool1d`.

    >>> pool, unpool = ag.nn.MaxPool1d(2, return_indices=True), ag.nn.MaxUnpool1d(2)
    >>> unpool(*pool(ag.tensor([[1.0, 5.0, 2.0, 3.0]])))
    tensor([[0., 5., 0., 3.]])
    """

    dimensions = 1


class MaxUnpool2d(_Unpool):
    """Undoes `MaxPool2d`, as far as it can: `max_unpool2d`.

    >>> pool, unpool = ag.nn.MaxPool2d(2, return_indices=True), ag.nn.MaxUnpool2d(2)
    >>> unpool(*pool(ag.ones(1, 1, 4, 4))).sum()
    tensor(4.)
    """

    dimensions = 2


class MaxUnpool3d(_Unpool):
    """Undoes `MaxPool3d`, as far as it can: `max_unpool3d`.

    >>> pool, unpool = ag.nn.MaxPool3d(2, return_indices=True), ag.nn.MaxUnpool3d(2)
    >>> unpool(*pool(ag.ones(1, 1, 2, 2, 2))).sum()
    tensor(1.)
    """

    dimensions = 3


class LocalResponseNorm(Module):
    """Each element by the squares of its neighbours in other channels: `local_response_norm`.

    >>> ag.nn.LocalResponseNorm(2)(ag.ones(1, 4, 3)).shape
    ag.Size([1, 4, 3])
    """

    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class RReLU(Module):
    """A leaky ReLU with random slopes in training mode: `rrelu`.

    >>> ag.nn.RReLU().eval()(ag.tensor([-24.0, 1.0]))
    tensor([-5.5000,  1.0000])
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")
