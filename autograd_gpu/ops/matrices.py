"""What the functions of matrices share: what they ask of their operands, and adjoints."""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.dtypes import COMPLEX, FLOAT
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.operands import is_complex


def adjoint(F: Any, x: Any) -> Any:
    """The conjugate transpose."""
    return F.conj(F.mT(x)) if is_complex(x.dtype) else F.mT(x)


def identity_like(F: Any, diagonal: Any) -> Any:
    """Unit matrices with as many rows as `diagonal` has elements."""
    return F.diag_embed(F.ones_like(diagonal))


def check_matrices(
    function: str, *tensors: Any, square: bool = False, names: tuple[str, ...] = ("A", "B")
) -> None:
    """Floating or complex tensors of two dimensions and more, all of one dtype; with `square`, the first as said."""
    for position, tensor in enumerate(tensors):
        check_tensor(tensor, function, names[position], position + 1)
        check_precision(function, tensor)
        if tensor._array.ndim < 2:
            raise RuntimeError(
                f"{function}: The input tensor {names[position]} must have at least 2 dimensions.{errors.here()}"
            )
        if tensor._type.dtype is not tensors[0]._type.dtype:
            raise RuntimeError(
                f"{function}: Expected {names[0]} and {names[position]} to have the same dtype, but found "
                f"{names[0]} of type {tensors[0]._type.dtype.scalar_name} and {names[position]} of type "
                f"{tensor._type.dtype.scalar_name} instead{errors.here()}"
            )
    shape = tensors[0]._array.shape
    if square and shape[-2] != shape[-1]:
        raise RuntimeError(
            f"{function}: {names[0]} must be batches of square matrices, but they are {shape[-2]} by {shape[-1]} "
            f"matrices{errors.here()}"
        )


def check_precision(function: str, tensor: Tensor) -> None:
    """Raise PyTorch's errors for integers and halves."""
    dtype = tensor._type.dtype
    if dtype.category not in (FLOAT, COMPLEX):
        raise RuntimeError(
            f"{function}: Expected a floating point or complex tensor as input. Got {dtype.scalar_name}{errors.here()}"
        )
    if dtype.numpy.itemsize == 2:
        raise RuntimeError(
            f"{function}: Low precision dtypes not supported. Got {dtype.scalar_name}{errors.here()}"
        )


def check_right_side(function: str, a: Tensor, b: Tensor, *, left: bool = True) -> None:
    """Raise PyTorch's error where the matrices of an equation do not fit."""
    rows = b._array.shape[-2 if left else -1]
    if a._array.shape[-1] != rows:
        shapes = [f"{x._array.shape[-2]}x{x._array.shape[-1]}" for x in (a, b)]
        order = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{function}: Incompatible shapes of A and B for the equation {order} ({shapes[0]} and {shapes[1]})"
            f"{errors.here()}"
        )
