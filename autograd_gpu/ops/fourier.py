"""Discrete Fourier transforms: three ops (complex to complex, real to complex, complex to real) and PyTorch's functions
over them. Their derivatives are transforms again, since the matrix of the transform is symmetric.

The ops count dimensions from the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import op
from autograd_gpu.ops.arguments import canonical_dim, check_tensor
from autograd_gpu.ops.factories import arange
from autograd_gpu.ops.joining import pad, roll

#: the normalisation with which the opposite direction has the same scale
OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


@op("linear", grad_name="FftC2CBackward0")
def fft_c2c(F: Any, input: Any, *, dim: Any, norm: str, forward: bool) -> Any:
    """The transform of complex numbers, forward or back."""
    return F.fft_c2c(input, dim=dim, norm=norm, forward=forward)


fft_c2c.rule(input=lambda F, g, *, dim, norm, forward: F.fft_c2c(g, dim=dim, norm=norm, forward=forward))


@op("linear", out="infer", holomorphic=False, grad_name="FftR2CBackward0")
def fft_r2c(F: Any, input: Any, *, dim: Any, norm: str, onesided: bool) -> Any:
    """The transform of real numbers; onesided: without the half of the last dimension that the other half implies."""
    return F.fft_r2c(input, dim=dim, norm=norm, onesided=onesided)


def _along(dim: int, part: slice) -> tuple[Any, ...]:
    return (Ellipsis, part, *(slice(None),) * (-dim - 1))


def _fft_r2c_rule(F: Any, g: Any, input_like: Any, *, dim: Any, norm: str, onesided: bool) -> Any:
    """The real part of the transform back; what was left out has no gradient."""
    if onesided:
        half = slice(0, g.shape[dim[-1]])
        g = F.slice_backward(g, shape=input_like.shape, key=_along(dim[-1], half))
    return F.real(F.fft_c2c(g, dim=dim, norm=OPPOSITE[norm], forward=False))


fft_r2c.rule(input=_fft_r2c_rule)


@op("linear", out="infer", holomorphic=False, grad_name="FftC2RBackward0")
def fft_c2r(F: Any, input: Any, *, dim: Any, norm: str, last: int) -> Any:
    """The transform back to `last` real numbers along the last dimension, of which half is given."""
    return F.fft_c2r(input, dim=dim, norm=norm, last=last)


def _fft_c2r_rule(F: Any, g: Any, *, dim: Any, norm: str, last: int) -> Any:
    """The transform of the gradient; what stands for its conjugate, too, counts twice."""
    result = F.fft_r2c(g, dim=dim, norm=OPPOSITE[norm], onesided=True)
    twice = _along(dim[-1], slice(1, (last + 1) // 2))
    return result + F.slice_backward(result[twice], shape=result.shape, key=twice)


fft_c2r.rule(input=_fft_c2r_rule)

# -- arguments -----------------------------------------------------------------------------------------------


def _checked(
    function: str, input: Any, norm: str | None, *, real: bool = False, complex: bool = False
) -> tuple[Tensor, str]:
    """The input as a floating or complex tensor, and the normalisation by its full name."""
    check_tensor(input, function)
    dtype = input._type.dtype
    if real and dtype.is_complex:
        raise RuntimeError(
            f"{function} expects a real input tensor, but got {dtype.scalar_name}{errors.here()}"
        )
    if norm not in (None, *OPPOSITE):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"{errors.here()}')
    if dtype.category < dtypes.FLOAT:
        dtype = dtypes.get_default_dtype()
    if dtype.numpy.itemsize == 2:
        raise RuntimeError(f"Unsupported dtype {dtype.scalar_name}\n  in fft.{function}(){errors.here()}")
    if complex:
        dtype = dtype.to_complex()
    return input.to(dtype=dtype), norm or "backward"


def _resized(input: Tensor, sizes: Sequence[int | None], dims: Sequence[int]) -> Tensor:
    """Cut, or filled with zeros at the end, to `sizes` along `dims`; None leaves a dimension as it is."""
    amounts = [0] * (-2 * min(dims))
    for size, dim in zip(sizes, dims, strict=True):
        extent = input._array.shape[dim]
        wanted = extent if size is None else size
        if wanted < 1:
            raise RuntimeError(f"Invalid number of data points ({wanted}) specified{errors.here()}")
        amounts[-2 * dim - 1] = wanted - extent  # pairs, for the last dimension first
    return pad.public(input, amounts) if any(amounts) else input


def _one(function: str, input: Tensor, dim: int) -> tuple[int]:
    if not input._array.ndim:
        raise IndexError(
            f"{function}: Dimension specified as {dim} but tensor has no dimensions{errors.here()}"
        )
    return (canonical_dim(dim, input._array.ndim) - input._array.ndim,)


def _several(
    input: Tensor, s: Sequence[int] | int | None, dim: Sequence[int] | int | None
) -> tuple[list[int | None], tuple[int, ...]]:
    """Sizes (None: as it is) and dimensions from the end."""
    rank = input._array.ndim
    lengths = [s] if isinstance(s, int) else s
    chosen = [dim] if isinstance(dim, int) else dim
    if chosen is None:
        if lengths is not None and len(lengths) > rank:
            raise RuntimeError(
                f"Got shape with {len(lengths)} values but input tensor only has {rank} dimensions.{errors.here()}"
            )
        chosen = range(-(rank if lengths is None else len(lengths)), 0)
    if not rank and len(chosen):
        raise IndexError(f"Dimension specified as {chosen[0]} but tensor has no dimensions{errors.here()}")
    dims = tuple(canonical_dim(each, rank) - rank for each in chosen)
    if len(set(dims)) < len(dims):
        raise RuntimeError(f"FFT dims must be unique{errors.here()}")
    if lengths is None:
        return [None] * len(dims), dims
    if len(lengths) != len(dims):
        raise RuntimeError(f"When given, dim and shape arguments must have the same length{errors.here()}")
    return [None if size == -1 else size for size in lengths], dims


def _complex(input: Tensor, sizes: Any, dims: Any, norm: str, forward: bool) -> Tensor:
    result: Tensor
    if not dims:
        return input.to(dtype=input._type.dtype.to_complex())
    input = _resized(input, sizes, dims)
    if input._type.is_complex or not forward:
        complex = input.to(dtype=input._type.dtype.to_complex())
        result = fft_c2c.apply(complex, dim=dims, norm=norm, forward=forward)
    else:
        result = fft_r2c.apply(input, dim=dims, norm=norm, onesided=False)
    return result


def _to_real(input: Tensor, sizes: Any, dims: Any, norm: str) -> Tensor:
    if not dims:
        raise RuntimeError(f"irfftn must transform at least one axis{errors.here()}")
    last = sizes[-1]
    if last is None:
        last = 2 * (input._array.shape[dims[-1]] - 1)
    if last < 1:
        raise RuntimeError(f"Invalid number of data points ({last}) specified{errors.here()}")
    input = _resized(input, [*sizes[:-1], last // 2 + 1], dims)
    result: Tensor = fft_c2r.apply(input, dim=dims, norm=norm, last=last)
    return result


def _to_half(input: Tensor, sizes: Any, dims: Any, norm: str) -> Tensor:
    if not dims:
        raise RuntimeError(f"rfftn must transform at least one axis{errors.here()}")
    result: Tensor = fft_r2c.apply(_resized(input, sizes, dims), dim=dims, norm=norm, onesided=True)
    return result


# -- one dimension -------------------------------------------------------------------------------------------


def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The discrete Fourier transform ``X[k] = sum over t of x[t] exp(-2 pi i k t / n)`` along `dim`.

    Args:
        input: real or complex; integers are computed in the default dtype, halves are an error.
        n: the length: what is longer is cut, what is shorter gets zeros.
        dim: the dimension.
        norm: "backward" (the default): no factor; "ortho": ``1 / sqrt(n)``; "forward": ``1 / n``.

    Returns:
        A complex tensor.

    >>> ag.fft.fft(ag.tensor([1.0, 0.0, 0.0, 0.0])).real
    tensor([1., 1., 1., 1.])
    """
    input, norm = _checked("fft", input, norm)
    return _complex(input, [n], _one("fft", input, dim), norm, True)


def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `ag.fft.fft`, with the same arguments; "backward" is the factor ``1 / n`` here.

    >>> ag.fft.ifft(ag.tensor([4.0, 0.0, 0.0, 0.0])).real
    tensor([1., 1., 1., 1.])
    """
    input, norm = _checked("ifft", input, norm)
    return _complex(input, [n], _one("ifft", input, dim), norm, False)


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The first ``n // 2 + 1`` numbers of the transform of a real signal; the others are their conjugates.

    >>> ag.fft.rfft(ag.tensor([1.0, 0.0, 0.0, 0.0])).real
    tensor([1., 1., 1.])
    """
    input, norm = _checked("rfft", input, norm, real=True)
    return _to_half(input, [n], _one("rfft", input, dim), norm)


def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `ag.fft.rfft`; `n` is the length of the real signal, by default ``2 * (input.size(dim) - 1)``.

    >>> ag.fft.irfft(ag.tensor([1.0, 1.0, 1.0]))
    tensor([1., 0., 0., 0.])
    """
    input, norm = _checked("irfft", input, norm, complex=True)
    return _to_real(input, [n], _one("irfft", input, dim), norm)


def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The transform, which is real, of a signal whose second half is the conjugate of the first, which is given.

    >>> ag.fft.hfft(ag.tensor([1.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """
    input, norm = _checked("hfft", input, norm, complex=True)
    return _to_real(input.conj(), [n], _one("hfft", input, dim), OPPOSITE[norm])


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `ag.fft.hfft`.

    >>> ag.fft.ihfft(ag.tensor([1.0, 1.0, 1.0, 1.0])).real
    tensor([1., 0., 0.])
    """
    input, norm = _checked("ihfft", input, norm, real=True)
    return _to_half(input, [n], _one("ihfft", input, dim), OPPOSITE[norm]).conj()


# -- several dimensions --------------------------------------------------------------------------------------


def fftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`ag.fft.fft` along several dimensions: `dim`, by default the last ``len(s)``, or all.

    Args:
        s: the length along each; -1 leaves it.

    >>> ag.fft.fftn(ag.ones(2, 2)).real
    tensor([[4., 0.],
            [0., 0.]])
    """
    input, norm = _checked("fftn", input, norm)
    return _complex(input, *_several(input, s, dim), norm, True)


def ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `ag.fft.fftn`.

    >>> ag.fft.ifftn(ag.tensor([[4.0, 0.0], [0.0, 0.0]])).real
    tensor([[1., 1.],
            [1., 1.]])
    """
    input, norm = _checked("ifftn", input, norm)
    return _complex(input, *_several(input, s, dim), norm, False)


def rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`ag.fft.fftn` of a real tensor; of the last dimension the first ``n // 2 + 1`` numbers.

    >>> ag.fft.rfftn(ag.ones(2, 2)).real
    tensor([[4., 0.],
            [0., 0.]])
    """
    input, norm = _checked("rfftn", input, norm, real=True)
    return _to_half(input, *_several(input, s, dim), norm)


def irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `ag.fft.rfftn`; the last of `s` is the length of the real signal.

    >>> ag.fft.irfftn(ag.tensor([[4.0, 0.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [1., 1.]])
    """
    input, norm = _checked("irfftn", input, norm, complex=True)
    return _to_real(input, *_several(input, s, dim), norm)


def hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`ag.fft.hfft` along the last of several dimensions, `ag.fft.fft` along the others.

    >>> ag.fft.hfftn(ag.tensor([[1.0, 0.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [1., 1.]])
    """
    input, norm = _checked("hfftn", input, norm, complex=True)
    return _to_real(input.conj(), *_several(input, s, dim), OPPOSITE[norm])


def ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `ag.fft.hfftn`.

    >>> ag.fft.ihfftn(ag.ones(2, 2)).real
    tensor([[1., 0.],
            [0., 0.]])
    """
    input, norm = _checked("ihfftn", input, norm, real=True)
    return _to_half(input, *_several(input, s, dim), OPPOSITE[norm]).conj()


def _two(several: Any, name: str) -> Any:
    def two(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
        return several(input, s, dim, norm)  # type: ignore[no-any-return]

    two.__name__ = two.__qualname__ = name
    two.__doc__ = f"`ag.fft.{several.__name__}` along two dimensions, by default the last."
    return two


fft2, ifft2 = _two(fftn, "fft2"), _two(ifftn, "ifft2")
rfft2, irfft2 = _two(rfftn, "rfft2"), _two(irfftn, "irfft2")
hfft2, ihfft2 = _two(hfftn, "hfft2"), _two(ihfftn, "ihfft2")

# -- frequencies ---------------------------------------------------------------------------------------------


def fftfreq(n: int, d: float = 1.0, **options: Any) -> Tensor:
    """The frequencies that `ag.fft.fft` of `n` samples at distance `d` stands for: zero, positive, negative.

    Args:
        options: dtype, device, requires_grad as for `ag.arange`.

    >>> ag.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    _check_count(n)
    options.setdefault("dtype", dtypes.get_default_dtype())
    wants_grad = options.pop("requires_grad", False)
    numbers = arange(n, **options)
    return ((numbers - n * (numbers >= (n + 1) // 2)) * (1.0 / (n * d))).requires_grad_(wants_grad)


def rfftfreq(n: int, d: float = 1.0, **options: Any) -> Tensor:
    """The frequencies that `ag.fft.rfft` of `n` samples at distance `d` stands for.

    >>> ag.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    _check_count(n)
    options.setdefault("dtype", dtypes.get_default_dtype())
    wants_grad = options.pop("requires_grad", False)
    return (arange(n // 2 + 1, **options) * (1.0 / (n * d))).requires_grad_(wants_grad)


def _check_count(n: int) -> None:
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified{errors.here()}")


def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The second half first, along `dim` (int or tuple; by default every dimension): zero comes to be in the middle.

    >>> ag.fft.fftshift(ag.tensor([0, 1, -2, -1]))
    tensor([-2, -1,  0,  1])
    """
    check_tensor(input, "fftshift")
    _, dims = _several(input, None, dim)
    return roll.public(input, [input.shape[d] // 2 for d in dims], dims)  # type: ignore[no-any-return]


def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The inverse of `ag.fft.fftshift`.

    >>> ag.fft.ifftshift(ag.tensor([-2, -1, 0, 1]))
    tensor([ 0,  1, -2, -1])
    """
    check_tensor(input, "ifftshift")
    _, dims = _several(input, None, dim)
    return roll.public(input, [(input.shape[d] + 1) // 2 for d in dims], dims)  # type: ignore[no-any-return]
