"""Sums, means, products, moments, counts and truth: the reductions that look at every element.

``dim`` is one dimension or several; without it all are reduced. Reduced dimensions vanish from the result, or
stay with size 1 under ``keepdim``. NumPy's ``axis`` and ``keepdims`` are accepted too. Extremes are in
`extremes.py`, norms in `vector_norm.py`.
"""

from __future__ import annotations

import warnings
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import Op, expose, op
from autograd_gpu.dtypes import FLOAT, as_dtype, bool_, uint8
from autograd_gpu.ops.arguments import (
    canonical_dim,
    canonical_dims,
    check_tensor,
    in_dtype,
    numpy_names,
    reduced_count,
    spread,
    with_kept,
)

# -- sums ----------------------------------------------------------------------------------------------


@op("linear", out="infer", grad_name="SumBackward0")
def sum(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.sum(input, dim=dim, keepdim=keepdim)


sum.rule(input=lambda F, g, input_like, *, dim, keepdim: spread(F, g, input_like.shape, dim, keepdim))


@sum.surface
@numpy_names
def _sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum over `dim`, or of all elements.

    Args:
        input: any dtype. Bool and integer tensors are summed in int64; halves accumulate in float32.
        dim: int or tuple of ints; None or () for all dimensions. NumPy's `axis` is accepted too.
        keepdim: keep the reduced dimensions with size 1. NumPy's `keepdims` is accepted too.
        dtype: dtype of the result; `input` is converted to it first.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension appears twice.

    Example:
        >>> x = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> ag.sum(x)
        tensor(10.)
        >>> x.sum(dim=0)
        tensor([4., 6.])
        >>> x.sum(axis=1, keepdims=True).shape
        ag.Size([2, 1])
    """
    if dim is None and dtype is None and isinstance(input, Tensor):
        return sum.apply(input, dim=None, keepdim=keepdim)  # type: ignore[no-any-return]
    check_tensor(input, "sum")
    result: Tensor = sum.apply(in_dtype(input, dtype), dim=canonical_dims(dim, input.ndim), keepdim=keepdim)
    return in_dtype(result, dtype)


@op("linear", grad_name="MeanBackward0")
def mean(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.mean(input, dim=dim, keepdim=keepdim)


mean.rule(
    input=lambda F, g, input_like, *, dim, keepdim: spread(
        F, g / (reduced_count(input_like.shape, dim) or 1), input_like.shape, dim, keepdim
    )
)


@mean.surface
@numpy_names
def _mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Arithmetic mean over `dim`, or of all elements; NaN of no elements.

    Args:
        input: floating or complex; halves accumulate in float32. Integers only together with `dtype`.
        dim, keepdim: see `ag.sum`.
        dtype: floating or complex dtype of the result; `input` is converted to it first.

    Raises:
        RuntimeError: the dtype is neither floating nor complex.

    Example:
        >>> ag.mean(ag.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
        tensor([1.5000, 3.5000])
    """
    if dim is None and dtype is None and isinstance(input, Tensor) and input._type.fast:
        return mean.apply(input, dim=None, keepdim=keepdim)  # type: ignore[no-any-return]
    check_tensor(input, "mean")
    target = input._type.dtype if dtype is None else as_dtype(dtype)
    if target.category < FLOAT:
        raise RuntimeError(
            f"mean(): could not infer output dtype. {'Input' if dtype is None else 'Optional'} dtype must be "
            f"either a floating point or complex dtype. Got: {target.scalar_name} "
            f"(convert first, for example mean(x, dtype=ag.float32)){errors.here()}"
        )
    return mean.apply(in_dtype(input, dtype), dim=canonical_dims(dim, input.ndim), keepdim=keepdim)  # type: ignore[no-any-return]


@op("general", grad_name="NansumBackward0")
def nansum(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.sum(F.where(F.isnan(input), F.scalar(0, input.dtype), input), dim=dim, keepdim=keepdim)


nansum.rule(
    input=lambda F, g, input, *, dim, keepdim: (
        spread(F, g, input.shape, dim, keepdim) * F.cast(F.logical_not(F.isnan(input)), dtype=g.dtype)
    )
)


@nansum.surface
@numpy_names
def _nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum over `dim` that counts NaN as zero. Arguments as for `ag.sum`.

    Example:
        >>> ag.nansum(ag.tensor([1.0, float("nan"), 2.0]))
        tensor(3.)
    """
    check_tensor(input, "nansum")
    input = in_dtype(input, dtype)
    if input._type.dtype.category < FLOAT:  # no NaN
        return _sum(input, dim, keepdim, dtype=dtype)  # type: ignore[no-any-return]
    return nansum.apply(input, dim=canonical_dims(dim, input.ndim), keepdim=keepdim)  # type: ignore[no-any-return]


@numpy_names
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Mean over `dim` of the elements that are not NaN; NaN where there is none. Arguments as for `ag.mean`.

    Raises:
        RuntimeError: `input` is neither floating nor complex.

    Example:
        >>> ag.nanmean(ag.tensor([1.0, float("nan"), 2.0]))
        tensor(1.5000)
    """
    check_tensor(input, "nanmean")
    if input._type.dtype.category < FLOAT:
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{input._type.dtype.scalar_name}{errors.here()}"
        )
    numbers = _sum(input.isnan().logical_not(), dim, keepdim)
    return _nansum(input, dim, keepdim, dtype=dtype) / numbers  # type: ignore[no-any-return]


# -- products ------------------------------------------------------------------------------------------


@op("general", out="infer", grad_name="ProdBackward0")
def prod(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.prod(input, dim=dim, keepdim=keepdim)


def _prod_gradient(F: Any, g: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """``d prod(x) / d x_i`` is the product of the others."""
    shape = input.shape
    if input.ndim == 0:
        return g
    if dim is None:
        others = F.reshape(product_of_others(F, F.reshape(input, shape=(-1,))), shape=shape)
    else:
        others = F.transpose(product_of_others(F, F.transpose(input, dim, -1)), dim, -1)
    return with_kept(F, g, shape, dim, keepdim) * others


def product_of_others(F: Any, x: Any) -> Any:
    """For each element of the last axis the product of all the others, exact whatever is zero, without a
    division.

    A binary tree: on the way up each pair is multiplied; on the way down each member of a pair gets what the
    pair got times its sibling. Linear work, and differentiable to any order since it only multiplies.
    """
    size = x.shape[-1]
    lead = tuple(x.shape[:-1])
    full = width = max(2, 1 << (size - 1).bit_length())
    x = F.pad(x, (0, full - size), "constant", 1.0)
    levels = []
    while width > 1:
        width //= 2
        pairs = F.reshape(x, shape=(*lead, width, 2))
        levels.append(pairs)
        x = pairs[..., 0] * pairs[..., 1]
    others = F.flip(levels.pop(), dims=(-1,))
    for pairs in reversed(levels):
        siblings = F.flip(pairs, dims=(-1,))
        others = F.reshape(others, shape=(*siblings.shape[:-1], 1)) * siblings
    return F.reshape(others, shape=(*lead, full))[..., :size]


prod.rule(input=_prod_gradient)


@prod.surface
@numpy_names
def _prod(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Product over `dim`, or of all elements. The gradient is right where elements are zero, to any order.

    Args:
        input: any dtype. Bool and integer tensors are multiplied in int64; halves accumulate in float32.
        dim: int; None for all dimensions.
        keepdim: keep the reduced dimension with size 1.
        dtype: dtype of the result; `input` is converted to it first.

    Example:
        >>> x = ag.tensor([2.0, 0.0, 4.0], requires_grad=True)
        >>> x.prod().backward()
        >>> x.grad
        tensor([0., 8., 0.])
    """
    check_tensor(input, "prod")
    axis = None if dim is None else canonical_dim(dim, input.ndim)
    if not input.ndim:
        axis = None
    result: Tensor = prod.apply(in_dtype(input, dtype), dim=axis, keepdim=keepdim)
    return in_dtype(result, dtype)


# -- moments -------------------------------------------------------------------------------------------


@op("general", out="infer", holomorphic=False, grad_name="VarBackward0")
def var(F: Any, input: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
    return F.var(input, dim=dim, keepdim=keepdim, correction=correction)


def _var_gradient(F: Any, g: Any, input: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
    """``2 (x - mean) / (n - correction)``."""
    freedom = reduced_count(input.shape, dim) - correction
    scale = 2 / freedom if freedom > 0 else float("inf")
    deviation = input - F.mean(input, dim=dim, keepdim=True)
    return with_kept(F, g * scale, input.shape, dim, keepdim) * deviation


var.rule(input=_var_gradient)


@op("general", out="infer", holomorphic=False, grad_name="StdBackward0")
def std(F: Any, input: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
    return F.std(input, dim=dim, keepdim=keepdim, correction=correction)


def _std_gradient(F: Any, g: Any, input: Any, out: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
    """That of ``sqrt(var)``; zero where all elements are equal, as in PyTorch."""
    positive = out + F.cast(out == 0, dtype=out.dtype)
    return _var_gradient(F, g / (2 * positive), input, dim=dim, correction=correction, keepdim=keepdim)


std.rule(input=_std_gradient)


def _moment_arguments(
    name: str, input: Any, dim: Any, unbiased: Any, keepdim: bool, correction: Any
) -> dict[str, Any]:
    """The canonical parameters of `var` and its relatives from any of PyTorch's ways to call them."""
    check_tensor(input, name)
    if isinstance(dim, bool):  # var(x, unbiased)
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}(): give either 'unbiased' or 'correction', not both{errors.here()}")
    if input._type.dtype.category < FLOAT:
        both = "std and var" if name in ("std", "var") else name
        raise RuntimeError(
            f"{both} only support floating point and complex dtypes, got {input._type.dtype.scalar_name}"
            f"{errors.here()}"
        )
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    dims = canonical_dims(dim, input.ndim)
    if reduced_count(input.shape, dims) <= correction:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction "
            "factor "
            "(input numel divided by output numel).",
            UserWarning,
            stacklevel=4,
        )
    return {"dim": dims, "correction": correction, "keepdim": keepdim}


@var.surface
@numpy_names
def _var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Tensor:
    """Variance over `dim`, or of all elements: ``sum(|x - mean|^2) / (n - correction)``, in two passes.

    Args:
        input: floating or complex; the variance of complex numbers is real.
        dim, keepdim: see `ag.sum`.
        correction: 1 (Bessel's, the default) for the unbiased estimate, 0 for the population's variance.
        unbiased: the older way to say ``correction=1`` (True) or ``correction=0`` (False).

    Raises:
        RuntimeError: `input` is neither floating nor complex.

    Warns:
        UserWarning: no degree of freedom is left; the result is NaN or infinite.

    Example:
        >>> ag.var(ag.tensor([1.0, 2.0, 3.0, 4.0]))
        tensor(1.6667)
        >>> ag.var(ag.tensor([1.0, 2.0, 3.0, 4.0]), correction=0)
        tensor(1.2500)
    """
    return var.apply(input, **_moment_arguments("var", input, dim, unbiased, keepdim, correction))  # type: ignore[no-any-return]


@std.surface
@numpy_names
def _std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Tensor:
    """Standard deviation: the square root of `ag.var`, with the same arguments. Its gradient where all
    elements are equal is zero.

    Example:
        >>> ag.std(ag.tensor([1.0, 2.0, 3.0, 4.0]), correction=0)
        tensor(1.1180)
    """
    return std.apply(input, **_moment_arguments("std", input, dim, unbiased, keepdim, correction))  # type: ignore[no-any-return]


def _with_mean(name: str, record: Op, input: Tensor, arguments: tuple[Any, ...]) -> tuple[Tensor, Tensor]:
    canonical = _moment_arguments(name, input, *arguments)
    average = mean.apply(input, dim=canonical["dim"], keepdim=canonical["keepdim"])
    return record.apply(input, **canonical), average


@numpy_names
def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Tensor, Tensor]:
    """`ag.var` and `ag.mean` over the same dimensions, as a tuple. Arguments as for `ag.var`.

    Example:
        >>> ag.var_mean(ag.tensor([1.0, 2.0, 3.0, 4.0]))
        (tensor(1.6667), tensor(2.5000))
    """
    return _with_mean("var_mean", var, input, (dim, unbiased, keepdim, correction))


@numpy_names
def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Tensor, Tensor]:
    """`ag.std` and `ag.mean` over the same dimensions, as a tuple. Arguments as for `ag.var`.

    Example:
        >>> ag.std_mean(ag.tensor([1.0, 2.0, 3.0, 4.0]), correction=0)
        (tensor(1.1180), tensor(2.5000))
    """
    return _with_mean("std_mean", std, input, (dim, unbiased, keepdim, correction))


# -- truth and counts ----------------------------------------------------------------------------------


@op("general", out="infer")
def any(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.any(input, dim=dim, keepdim=keepdim)


any.no_rule()


@op("general", out="infer")
def all(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.all(input, dim=dim, keepdim=keepdim)


all.no_rule()


def _truth(name: str, record: Op, input: Any, dim: Any, keepdim: bool) -> Tensor:
    check_tensor(input, name)
    dims = canonical_dims(dim, input.ndim)
    if dim is not None and dims is None and input.ndim:  # unlike in a sum, () reduces nothing
        dims = ()
    result: Tensor = record.apply(in_dtype(input, bool_), dim=dims, keepdim=keepdim)
    return in_dtype(result, uint8) if input._type.dtype is uint8 else result


@any.surface
@numpy_names
def _any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether any element over `dim` is true (not zero). The result is bool; uint8 for uint8.

    Args:
        input: any dtype; NaN is true.
        dim, keepdim: see `ag.sum`; but ``dim=()`` reduces nothing, as in PyTorch.

    Example:
        >>> ag.any(ag.tensor([[False, True], [False, False]]), dim=1)
        tensor([ True, False])
    """
    return _truth("any", any, input, dim, keepdim)


@all.surface
@numpy_names
def _all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements over `dim` are true (not zero). Arguments and result as for `ag.any`.

    Example:
        >>> ag.all(ag.tensor([[True, True], [False, True]]), dim=1)
        tensor([ True, False])
    """
    return _truth("all", all, input, dim, keepdim)


@op("general", out="infer")
def count_nonzero(F: Any, input: Any, *, dim: Any) -> Any:
    return F.count_nonzero(input, dim=dim)


count_nonzero.no_rule()


@count_nonzero.surface
@numpy_names
def _count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements over `dim` (int or tuple of ints; None for all) are not zero, as int64.

    Example:
        >>> ag.count_nonzero(ag.tensor([[0.0, 1.0], [2.0, 3.0]]), dim=0)
        tensor([1, 2])
    """
    check_tensor(input, "count_nonzero")
    return count_nonzero.apply(input, dim=canonical_dims(dim, input.ndim))  # type: ignore[no-any-return]


expose(sum, "sum")
expose(mean, "mean")
expose(nansum, "nansum")
expose(nanmean, "nanmean")
expose(prod, "prod")
expose(var, "var")
expose(std, "std")
expose(var_mean, "var_mean", method=False)
expose(std_mean, "std_mean", method=False)
expose(any, "any")
expose(all, "all")
expose(count_nonzero, "count_nonzero")
