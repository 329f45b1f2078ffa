"""Padding layers: they add elements around the last one, two or three dimensions."""

from __future__ import annotations

from typing import Any

from autograd_gpu.nn import functional as F
from autograd_gpu.nn.module import Module
from autograd_gpu.tensor import Tensor

__all__ = [
    f"{kind}Pad{dimensions}d"
    for kind in ("Circular", "Constant", "Reflection", "Replication", "Zero")
    for dimensions in (1, 2, 3)
]


class _Padding(Module):
    """Arguments of all padding layers.

    Args:
        padding: one number for all sides, or (left, right), (left, right, top, bottom) or with (..., front,
            back).
    """

    dimensions: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self.dimensions) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPad(_Padding):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Adds elements of one value around the last dimension.

    >>> ag.nn.ConstantPad1d((1, 2), 9.0)(ag.zeros(1, 2))
    tensor([[9., 0., 0., 9., 9.]])
    """

    dimensions = 1


class ConstantPad2d(_ConstantPad):
    """Adds elements of one value around the last two dimensions."""

    dimensions = 2


class ConstantPad3d(_ConstantPad):
    """Adds elements of one value around the last three dimensions."""

    dimensions = 3


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return str(self.padding)


class ZeroPad1d(_ZeroPad):
    """Adds zeros around the last dimension."""

    dimensions = 1


class ZeroPad2d(_ZeroPad):
    """Adds zeros around the last two dimensions.

    >>> ag.nn.ZeroPad2d(1)(ag.ones(1, 1, 1))
    tensor([[[0., 0., 0.],
             [0., 1., 0.],
             [0., 0., 0.]]])
    """

    dimensions = 2


class ZeroPad3d(_ZeroPad):
    """Adds zeros around the last three dimensions."""

    dimensions = 3


class ReflectionPad1d(_Padding):
    """Adds the mirror image of the last dimension, without repeating the outermost element."""

    dimensions, mode = 1, "reflect"


class ReflectionPad2d(_Padding):
    """Adds the mirror image of the last two dimensions, without repeating the outermost elements."""

    dimensions, mode = 2, "reflect"


class ReflectionPad3d(_Padding):
    """Adds the mirror image of the last three dimensions, without repeating the outermost elements."""

    dimensions, mode = 3, "reflect"


class ReplicationPad1d(_Padding):
    """Repeats the outermost element of the last dimension."""

    dimensions, mode = 1, "replicate"


class ReplicationPad2d(_Padding):
    """Repeats the outermost elements of the last two dimensions."""

    dimensions, mode = 2, "replicate"


class ReplicationPad3d(_Padding):
    """Repeats the outermost elements of the last three dimensions."""

    dimensions, mode = 3, "replicate"


class CircularPad1d(_Padding):
    """Goes on with the elements of the other end of the last dimension."""

    dimensions, mode = 1, "circular"


class CircularPad2d(_Padding):
    """Goes on with the elements of the other end of the last two dimensions."""

    dimensions, mode = 2, "circular"


class CircularPad3d(_Padding):
    """Goes on with the elements of the other end of the last three dimensions."""

    dimensions, mode = 3, "circular"
