"""Quantiles, the most frequent element, covariances."""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose
from autograd_gpu.device.checks import looked_at
from autograd_gpu.ops import return_types
from autograd_gpu.ops.arguments import canonical_dim, check_tensor, numpy_names
from autograd_gpu.ops.comparison import where
from autograd_gpu.ops.complex import complex
from autograd_gpu.ops.joining import cat
from autograd_gpu.ops.sort import searchsorted, sort

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile_of(
    name: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str, ignore_nan: bool
) -> Tensor:
    check_tensor(input, name)
    if input._type.dtype not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype{errors.here()}")
    if not input._array.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty{errors.here()}")
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got "
            f"{interpolation}{errors.here()}"
        )
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}{errors.here()}")
        q = input.new_full((), q)
    if q._array.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor{errors.here()}")
    if q._type.dtype is not input._type.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor{errors.here()}")
    if q._type.device.type == "cpu" and not bool(((q >= 0) & (q <= 1)).all()):
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]{errors.here()}")
    rank = input._array.ndim
    if dim is None:
        rows, kept = input.reshape(-1), (1,) * rank
    else:
        place = canonical_dim(dim, rank)
        rows = input.movedim(place, -1) if rank else input.reshape(1)
        kept = tuple(1 if axis == place else extent for axis, extent in enumerate(input.shape))
    rows = sort.public(rows, -1)[0]  # nan comes last
    last = rows.shape[-1] - 1
    nans = rows.isnan().sum(-1, True)
    if ignore_nan:
        ranks = q * (last - nans).clamp(min=0)
    else:
        ranks = where(nans > 0, input.new_full((), last), q * last)
    ranks = ranks.expand((*rows.shape[:-1], q.numel()))
    if interpolation == "nearest":
        found = rows.gather(-1, ranks.round().to(dtype=dtypes.int64))
    elif interpolation == "lower":
        found = rows.gather(-1, ranks.floor().to(dtype=dtypes.int64))
    elif interpolation == "higher":
        found = rows.gather(-1, ranks.ceil().to(dtype=dtypes.int64))
    else:
        below = ranks.floor()
        weight = ranks - below if interpolation == "linear" else input.new_full((), 0.5)
        if interpolation == "midpoint":
            weight = weight * (ranks != below)
        above = ranks.ceil().to(dtype=dtypes.int64)
        found = rows.gather(-1, below.to(dtype=dtypes.int64)).lerp(rows.gather(-1, above), weight)
    if not q._array.ndim:
        found = found.squeeze(-1)
        return found.reshape(kept) if keepdim else found  # type: ignore[no-any-return]
    found = found.movedim(-1, 0)
    return found.reshape((q.numel(), *kept)) if keepdim else found  # type: ignore[no-any-return]


@numpy_names
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The `q`-quantiles of the elements along `dim`, or of all elements; nan where there is a nan.

    Args:
        input: float32 or float64, not empty.
        q: a number from 0 to 1, or a tensor (k) of input's dtype: then the result has a first dimension of size k.
        dim: the dimension; None for all elements.
        keepdim: keep the reduced dimension with size 1.
        interpolation: between the elements that the quantile lies between: "linear", "lower", "higher", "midpoint" or
            "nearest".

    Raises:
        RuntimeError: another dtype, no elements, or `q` out of range.

    >>> ag.quantile(ag.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
    tensor(1.5000)
    """
    return _quantile_of("quantile", input, q, dim, keepdim, interpolation, False)


@numpy_names
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """`ag.quantile` of the elements that are not nan.

    >>> ag.nanquantile(ag.tensor([0.0, ag.nan, 2.0]), 0.5)
    tensor(1.)
    """
    return _quantile_of("nanquantile", input, q, dim, keepdim, interpolation, True)


@numpy_names
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element along `dim` (the smallest of several), and the index of its last occurrence.

    Returns:
        A named tuple (values, indices).

    >>> ag.mode(ag.tensor([3, 1, 1, 2])).values
    tensor(1)
    """
    check_tensor(input, "mode")
    place = canonical_dim(dim, input._array.ndim)
    if not input._array.ndim:
        return return_types.mode(input.clone(), input.new_zeros((), dtype=dtypes.int64))
    if not input._array.shape[place]:
        raise IndexError(f"mode(): Expected reduction dim {place} to have non-zero size.{errors.here()}")
    rows, order = sort.public(input.detach().movedim(place, -1), -1, stable=True)
    first = rows.new_ones((*rows.shape[:-1], 1), dtype=dtypes.bool_)
    starts = cat.public((first, rows[..., 1:] != rows[..., :-1]), -1)
    numbers = rows.new_ones((rows.shape[-1],), dtype=dtypes.int64).cumsum(-1)
    start = where(starts, numbers, 0).cummax(-1)[0]
    ending = (numbers - start).argmax(-1, True)
    indices = order.gather(-1, ending).movedim(-1, place)
    values = input.gather(place, indices)
    if keepdim:
        return return_types.mode(values, indices)
    return return_types.mode(values.squeeze(place), indices.squeeze(place))


def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariance matrix of variables (rows) over observations (columns).

    Args:
        input: (variables, observations), or one variable (observations).
        correction: what is subtracted from the number of observations, or from the sum of their weights.
        fweights: integers (observations): how often each was observed.
        aweights: floating (observations): how much each counts.

    >>> ag.cov(ag.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    check_tensor(input, "cov")
    if input._array.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input._array.ndim} "
            f"dimensions{errors.here()}"
        )
    if input._type.dtype is dtypes.bool_:
        raise RuntimeError(f"cov(): bool dtype is not supported for input{errors.here()}")
    x = input.reshape(1, -1) if input._array.ndim < 2 else input
    if x._type.dtype.category < dtypes.FLOAT:
        x = x.to(dtype=dtypes.get_default_dtype())
    count = x._array.shape[1]
    weights = None
    for name, given, floating in (("fweights", fweights, False), ("aweights", aweights, True)):
        if given is None:
            continue
        if given._array.ndim > 1:
            raise RuntimeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
                f"{given._array.ndim} dimensions{errors.here()}"
            )
        if (given._type.dtype.category >= dtypes.FLOAT) is not floating:
            kind = "floating point" if floating else "integral"
            raise RuntimeError(
                f"cov(): expected {name} to have {kind} dtype but got {name} with "
                f"{given._type.dtype.scalar_name} dtype{errors.here()}"
            )
        if given.numel() != count:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                f"{given.numel()} != {count}{errors.here()}"
            )
        if looked_at(given._type) and bool((given < 0).any()):
            raise RuntimeError(f"cov(): {name} cannot be negative{errors.here()}")
        weights = given if weights is None else weights * given
    if weights is None:
        mean = x.sum(1, True) / count if count else x.sum(1, True) * math.nan
        divisor: Any = max(count - correction, 0)
        spread = x - mean
        weighted = spread
    else:
        total = weights.sum()
        mean = (x * weights).sum(1, True) / total
        divisor = total - correction
        if aweights is not None and correction:
            divisor = total - correction * (weights * aweights).sum() / total
        divisor = divisor.clamp(min=0)
        spread = x - mean
        weighted = spread * weights
    result = (weighted @ spread.to(dtype=weighted._type.dtype).mH) / divisor
    return result.squeeze()  # type: ignore[no-any-return]


def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of variables (rows) over observations (columns): between -1 and 1.

    >>> ag.corrcoef(ag.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    check_tensor(input, "corrcoef")
    if input._array.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input._array.ndim} "
            f"dimensions{errors.here()}"
        )
    c = cov(input)
    if not c._array.ndim:
        return c / c
    size = c.diagonal()
    deviation = (size.real if c._type.is_complex else size).sqrt()
    c = c / deviation.unsqueeze(-1) / deviation.unsqueeze(0)
    if c._type.is_complex:
        return complex.public(c.real.clamp(-1, 1), c.imag.clamp(-1, 1))  # type: ignore[no-any-return]
    return c.clamp(-1, 1)


def histogram(
    input: Tensor,
    bins: Any = 100,
    *,
    range: tuple[float, float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Any:
    """How many elements lie in each bin, or the sum of their weights.

    Args:
        input: float32 or float64.
        bins: the number of bins of equal width, or their edges: an increasing tensor of input's dtype.
        range: the first and the last edge, if `bins` is a number; by default the smallest and the largest element.
        weight: of input's shape and dtype.
        density: divide by the total and by the width of each bin, so that the integral is 1.

    Returns:
        A named tuple (hist, bin_edges), of input's dtype. The last bin includes its last edge; what lies outside is not
        counted.

    >>> ag.histogram(ag.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    check_tensor(input, "histogram")
    dtype = input._type.dtype
    if dtype not in (dtypes.float32, dtypes.float64):
        raise NotImplementedError(f"\"histogram\" not implemented for '{dtype.scalar_name}'{errors.here()}")
    values = input.detach().reshape(-1)
    if isinstance(bins, Tensor):
        if bins._type.dtype is not dtype:
            raise RuntimeError(
                "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype "
                f"{dtype.scalar_name} and bins with dtype {bins._type.dtype.scalar_name}{errors.here()}"
            )
        edges = bins.detach().clone()
    else:
        if bins <= 0:
            raise RuntimeError(
                f"histogram(): bins must be > 0, but got {bins} for dimension 0{errors.here()}"
            )
        if range is not None:
            low, high = values.new_full((), range[0]), values.new_full((), range[1])
        elif values.numel():
            low, high = values.amin(), values.amax()
        else:
            low, high = values.new_zeros(()), values.new_ones(())
        flat = (low == high).to(dtype=dtype) * 0.5  # a range of no width is widened by a half on both sides
        low, high = low - flat, high + flat
        steps = values.new_ones((bins + 1,)).cumsum(0) - 1
        edges = low + (high - low) * steps / bins
        edges = cat.public((edges[:-1], high.reshape(1)), 0)
    count = edges.shape[0] - 1
    place = searchsorted.public(edges, values, right=True) - 1
    place = where(values == edges[-1], count - 1, place)
    inside = (values >= edges[0]) & (values <= edges[-1])
    weights = inside.to(dtype=dtype)
    if weight is not None:
        weights = where(inside, weight.detach().reshape(-1), 0.0)
    hist = values.new_zeros((count,)).index_add(0, where(inside, place, 0), weights)
    if density:
        hist = hist / (hist.sum() * (edges[1:] - edges[:-1]))
    return return_types.histogram(hist, edges)


expose(histogram, "histogram")
expose(quantile, "quantile")
expose(nanquantile, "nanquantile")
expose(mode, "mode")
expose(cov, "cov")
expose(corrcoef, "corrcoef")
