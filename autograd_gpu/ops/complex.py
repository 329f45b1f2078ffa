"""Complex numbers: their parts, as views where that is possible, and how they are made of real ones.

None of these functions is holomorphic; their rules treat a complex number as two real ones, and the gradient
for `x + iy` is `dL/dx + i dL/dy`, as in PyTorch.
"""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose, op
from autograd_gpu.dtypes import COMPLEX, float32, float64
from autograd_gpu.ops.arithmetic import mul
from autograd_gpu.ops.elementwise import cos, sin
from autograd_gpu.ops.operands import is_complex, require


@op("view", out="infer", holomorphic=False)
def real(F: Any, input: Any) -> Any:
    """The real part."""
    return F.real(input)


real.rule(input=lambda F, g, input_like: F.cast(g, dtype=input_like.dtype))


@real.surface
def _real(input: Tensor) -> Tensor:
    """The real parts: a view of a complex tensor, or a real tensor itself.

    >>> ag.real(ag.tensor([1 + 2j])).tolist()
    [1.0]
    """
    result: Tensor = real.apply(input) if input._type.is_complex else input
    return result


@op("view", out="infer", holomorphic=False)
def imag(F: Any, input: Any) -> Any:
    """The imaginary part."""
    return F.imag(input)


imag.rule(input=lambda F, g, input_like: F.cast(g, dtype=input_like.dtype) * 1j)


@imag.surface
def _imag(input: Tensor) -> Tensor:
    """The imaginary parts: a view of a complex tensor.

    Raises:
        RuntimeError: `input` is real.

    >>> ag.imag(ag.tensor([1 + 2j])).tolist()
    [2.0]
    """
    require(
        "imag",
        [input],
        (COMPLEX,),
        "imag is not implemented for tensors with non-complex dtypes.",
        RuntimeError,
    )
    result: Tensor = imag.apply(input)
    return result


@op("linear", holomorphic=False)
def conj(F: Any, input: Any) -> Any:
    """The complex conjugate."""
    return F.conj(input)


conj.rule(input=lambda F, g: F.conj(g))


@conj.surface
def _conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself.

    >>> ag.conj(ag.tensor([1 + 2j])).tolist()
    [(1-2j)]
    """
    result: Tensor = conj.apply(input) if input._type.is_complex else input
    return result


def resolve_conj(input: Tensor) -> Tensor:
    """`input` itself: conjugates are computed when they are asked for, never marked lazily.

    >>> ag.resolve_conj(ag.tensor([1 + 2j]).conj()).tolist()
    [(1-2j)]
    """
    return input


@op("view", out="infer", holomorphic=False)
def view_as_real(F: Any, input: Any) -> Any:
    """Complex numbers as pairs of real ones."""
    return F.view_as_real(input)


view_as_real.rule(input=lambda F, g: F.complex(g[..., 0], g[..., 1]))


@view_as_real.surface
def _view_as_real(input: Tensor) -> Tensor:
    """A view of a complex tensor as real numbers, with a last dimension for real and imaginary part.

    Raises:
        RuntimeError: `input` is real.

    >>> ag.view_as_real(ag.tensor([1 + 2j])).tolist()
    [[1.0, 2.0]]
    """
    require(
        "view_as_real",
        [input],
        (COMPLEX,),
        "view_as_real is only supported for complex tensors",
        RuntimeError,
    )
    result: Tensor = view_as_real.apply(input)
    return result


@op("view", out="infer", holomorphic=False)
def view_as_complex(F: Any, input: Any) -> Any:
    """Pairs of real numbers as complex ones."""
    return F.view_as_complex(input)


# What comes in may be a real gradient of a complex tensor that had no imaginary part.
view_as_complex.rule(input=lambda F, g: F.stack_parts(F.real(g), F.imag(g)))


@view_as_complex.surface
def _view_as_complex(input: Tensor) -> Tensor:
    """A view of a float32 or float64 tensor whose last dimension has size 2 (and stride 1) as complex
    numbers.

    Raises:
        RuntimeError: another dtype, or a last dimension of another size or stride.

    >>> ag.view_as_complex(ag.tensor([[1.0, 2.0]])).tolist()
    [(1+2j)]
    """
    dtype, array = input._type.dtype, input._array
    problem = None
    if dtype is not float32 and dtype is not float64:
        problem = (
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of "
            f"scalar type: {dtype.scalar_name}"
        )
    elif not array.ndim:
        problem = "Input tensor must have one or more dimensions"
    elif array.shape[-1] != 2:
        problem = f"Tensor must have a last dimension of size 2, not {array.shape[-1]}"
    elif array.size and not _pairs_adjoin(array):
        problem = (
            "Tensor must have a last dimension with stride 1, and other strides divisible by 2: "
            "call contiguous() first"
        )
    if problem:
        raise RuntimeError(f"{problem}\n  in view_as_complex({dtype.name}{list(array.shape)}){errors.here()}")
    result: Tensor = view_as_complex.apply(input)
    return result


def _pairs_adjoin(array: Any) -> bool:
    """Whether the last dimension lies in memory as pairs, each where a complex number may lie."""
    *others, last = array.strides
    return last == array.itemsize and all(stride % (2 * array.itemsize) == 0 for stride in others)


@op("linear", out="infer", holomorphic=False)
def stack_parts(F: Any, real: Any, imag: Any) -> Any:
    """Two real tensors side by side in a new last dimension."""
    return F.stack_parts(real, imag)


stack_parts.rule(real=lambda F, g: g[..., 0], imag=lambda F, g: g[..., 1])


@op("linear", out="infer", holomorphic=False)
def complex(F: Any, real: Any, imag: Any) -> Any:
    """`real + 1j * imag`."""
    return F.complex(real, imag)


complex.rule(real=lambda F, g: F.real(g), imag=lambda F, g: F.imag(g))


@complex.surface
def _complex(real: Tensor, imag: Tensor) -> Tensor:
    """A complex tensor with the given real and imaginary parts.

    Args:
        real, imag: tensors of one dtype (float32 gives complex64, float64 complex128), whose shapes
            broadcast.

    Raises:
        RuntimeError: another dtype, or two.

    >>> ag.complex(ag.tensor([1.0]), ag.tensor([2.0])).tolist()
    [(1+2j)]
    """
    first, second = real._type.dtype, imag._type.dtype
    if not {first, second} <= {float32, float64}:
        raise RuntimeError(
            "Expected both inputs to be Float or Double tensors but got "
            f"{first.scalar_name} and {second.scalar_name}{errors.here()}"
        )
    if first is not second:
        raise RuntimeError(
            f"Expected object of scalar type {first.scalar_name} but got scalar type {second.scalar_name} "
            f"for second argument{errors.here()}"
        )
    result: Tensor = complex.apply(real, imag)
    return result


def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """The complex numbers with the given distances from zero and angles in radians.

    Args:
        abs, angle: tensors of one dtype (float32 gives complex64, float64 complex128), whose shapes
            broadcast.

    >>> ag.polar(ag.tensor([2.0]), ag.tensor([0.0])).tolist()
    [(2+0j)]
    """
    result: Tensor = _complex(mul.apply(abs, cos.apply(angle)), mul.apply(abs, sin.apply(angle)))
    return result


@op("elementwise", promote="float", out="infer", holomorphic=False)
def angle(F: Any, input: Any) -> Any:
    """The angle of each number in the complex plane in radians: for real ones pi where they are negative,
    else 0.

    The derivative is zero for real numbers and at zero.

    >>> ag.angle(ag.tensor([1 + 0j, -2.0])).tolist()
    [0.0, 3.1415927410125732]
    """
    return F.angle(input)


def _angle_rule(F: Any, g: Any, input: Any, input_like: Any) -> Any:
    if not is_complex(input_like.dtype):
        return F.zeros_like(g)
    size = F.abs(input)
    return F.zero_where(g * (input * 1j) / (size * size), size == 0)


angle.rule(input=_angle_rule)


def is_conj(input: Tensor) -> bool:
    """False: conjugates are computed when they are asked for, never marked lazily.

    >>> ag.is_conj(ag.tensor([1 + 2j]).conj())
    False
    """
    return False


def resolve_neg(input: Tensor) -> Tensor:
    """`input` itself: negatives are computed when they are asked for, never marked lazily.

    >>> ag.resolve_neg(ag.tensor([1 + 2j]).conj().imag).tolist()
    [-2.0]
    """
    return input


def is_neg(input: Tensor) -> bool:
    """False: negatives are computed when they are asked for, never marked lazily.

    >>> ag.is_neg(ag.tensor([1 + 2j]).conj().imag)
    False
    """
    return False


expose(resolve_neg, "resolve_neg")
expose(is_neg, "is_neg")
expose(real, "real", method=False)
expose(imag, "imag", method=False)
expose(conj, "conj")
expose(conj, "conj_physical")
expose(resolve_conj, "resolve_conj")
expose(is_conj, "is_conj")
expose(view_as_real, "view_as_real", method=False)
expose(view_as_complex, "view_as_complex", method=False)
expose(complex, "complex", method=False)
expose(polar, "polar", method=False)
expose(angle, "angle")
