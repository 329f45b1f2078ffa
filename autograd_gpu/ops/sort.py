"""Sorting, order statistics, searching, counting.

NaN counts as larger than every number. Sorting is always stable. The gradient of a chosen element goes to the
place it was chosen from.
"""

from __future__ import annotations

import math
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose, op
from autograd_gpu.device.checks import extremes
from autograd_gpu.device.portable.base import int64
from autograd_gpu.dtypes import COMPLEX, FLOAT, INTEGER, int32
from autograd_gpu.ops import return_types
from autograd_gpu.ops.arguments import (
    canonical_dim,
    check_tensor,
    in_dtype,
    numpy_names,
)
from autograd_gpu.ops.extremes import shared_by_equals_and_nan, to_chosen


@op("linear")
def place(F: Any, input: Any, index: Any, *, dim: int, size: int, unique: bool) -> Any:
    """Zeros with `size` elements along `dim`, and there the elements of `input` at the places that `index`
    names: the adjoint of ``gather``. Elements for the same place add up; `unique` promises that there are
        none."""
    if input.ndim == 0:
        return F.copy(input)
    zeros = F.zeros((*input.shape[:dim], size, *input.shape[dim + 1 :]), input.dtype)
    return (F.scatter if unique else F.scatter_add)(zeros, index, input, dim=dim)


place.rule(input=lambda F, g, index, *, dim, size, unique: F.gather(g, dim=dim, index=index))

# -- sorting -------------------------------------------------------------------------------------------


@op("general", outputs=("values", "indices"))
def sort(F: Any, input: Any, *, dim: int, descending: bool) -> Any:
    return F.sort(input, dim=dim, descending=descending)


sort.rule(
    input=lambda F, g, indices, input_like, *, dim: to_chosen(
        F, g, indices, input_like, dim=dim, keepdim=True
    )
)


@op("general", outputs=("values", "indices"))
def topk(F: Any, input: Any, *, k: int, dim: int, largest: bool) -> Any:
    return F.topk(input, k, dim=dim, largest=largest)


topk.rule(
    input=lambda F, g, indices, input_like, *, dim: to_chosen(
        F, g, indices, input_like, dim=dim, keepdim=True
    )
)


@op("general", out="infer")
def argsort(F: Any, input: Any, *, dim: int, descending: bool) -> Any:
    return F.argsort(input, dim=dim, descending=descending)


argsort.no_rule()


@op("general", outputs=("values", "indices"))
def kthvalue(F: Any, input: Any, *, k: int, dim: int, keepdim: bool) -> Any:
    values, indices = F.sort(input, dim=dim)
    if input.ndim == 0:
        return values, indices
    chosen = (slice(None),) * dim + (slice(k - 1, k) if keepdim else k - 1,)
    return F.copy(values[chosen]), F.copy(indices[chosen])


kthvalue.rule(input=to_chosen)


@op("general", outputs=("values", "indices"), grad_name="MedianBackward1")
def median_with_index(F: Any, input: Any, *, dim: int, keepdim: bool, ignore_nan: bool) -> Any:
    """The lower of the middle elements along one dimension, and its index; the first NaN where there is one,
    unless NaN is to be ignored."""
    values, indices = F.sort(input, dim=dim)
    if input.ndim == 0:
        return values, indices
    size = input.shape[dim]
    if input.dtype.kind in "iub":
        nans = F.zeros((), indices.dtype)
    else:
        nans = F.count_nonzero(F.isnan(values), dim=dim, keepdim=True)
    if ignore_nan:
        middle = F.maximum((size - nans - 1) // 2, 0)
    else:
        middle = F.where(nans == 0, F.scalar((size - 1) // 2, int64), size - nans)
    shape = (*input.shape[:dim], 1, *input.shape[dim + 1 :])
    middle = F.expand(middle, shape)
    results = F.gather(values, middle, dim=dim), F.gather(indices, middle, dim=dim)
    return results if keepdim else tuple(F.squeeze(result, dim) for result in results)


median_with_index.rule(input=to_chosen)


@op("general", grad_name="MedianBackward0")
def median_all(F: Any, input: Any, *, ignore_nan: bool) -> Any:
    """The lower of the middle elements of a tensor."""
    if not input.size:
        return F.scalar(math.nan, input.dtype)
    return F.median_with_index(F.reshape(input, (-1,)), dim=0, keepdim=False, ignore_nan=ignore_nan)[0]


median_all.rule(input=shared_by_equals_and_nan)

# -- searching and counting ----------------------------------------------------------------------------


@op("general", outputs=("*",))
def distinct(F: Any, input: Any, *, dim: Any, return_inverse: bool, return_counts: bool) -> Any:
    """Sorted distinct elements, and what else was asked for: see `ag.unique`."""
    found = F.unique(input, dim=dim, return_inverse=return_inverse, return_counts=return_counts)
    return [part for part in found if part is not None]


distinct.no_rule()


@op("general", promote="common", out="infer")
def searchsorted(F: Any, sorted_sequence: Any, input: Any, *, right: bool) -> Any:
    return F.searchsorted(sorted_sequence, input, right=right)


searchsorted.no_rule()


@op("general", out="infer")
def bincount(F: Any, input: Any, weights: Any = None, *, minlength: int) -> Any:
    return F.bincount(input, weights, minlength)


bincount.no_rule()


@op("general")
def histc(F: Any, input: Any, *, bins: int, min: float, max: float) -> Any:
    x = F.reshape(input, (-1,))
    if min == max == 0 and x.size:
        low, high = F.amin(x), F.amax(x)
    else:
        low, high = F.scalar(min, x.dtype), F.scalar(max, x.dtype)
    flat = F.cast(low == high, x.dtype)  # a range of no width is widened by one on both sides
    low, high = low - flat, high + flat
    inside = F.logical_and(x >= low, x <= high)
    bin_of = F.floor((x - low) * (bins / (high - low)))
    # What is outside is counted in a bin more, which is left out; the last bin includes its end.
    bin_of = F.where(inside, F.minimum(bin_of, F.scalar(bins - 1, x.dtype)), F.scalar(bins, x.dtype))
    counts = F.occurrences(F.cast(bin_of, int64), bins + 1)
    return F.cast(counts[:bins], x.dtype)


histc.no_rule()

# -- what users call -----------------------------------------------------------------------------------


def _check_ordered(name: str, input: Any, error: type[Exception] = NotImplementedError) -> None:
    check_tensor(input, name)
    if input._type.dtype.category == COMPLEX:
        raise error(
            f"\"{name}\" not implemented for '{input._type.dtype.scalar_name}': complex numbers have no "
            "order; "
            f"sort x.abs() or x.real{errors.here()}"
        )


@sort.surface
@numpy_names
def _sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """Sorted values along `dim` and the indices they came from: a named tuple ``(values, indices)``.

    Args:
        input: any dtype but complex; NaN counts as the largest.
        dim: int, the last by default.
        descending: largest first.
        stable: equal elements keep their order; they always do here.

    Raises:
        IndexError: `dim` is out of range.
        RuntimeError: complex input.

    Example:
        >>> ag.sort(ag.tensor([3.0, 1.0, 2.0]))
        ag.return_types.sort(
        values=tensor([1., 2., 3.]),
        indices=tensor([1, 2, 0]))
    """
    _check_ordered("sort", input, RuntimeError)
    return return_types.sort(
        *sort.apply(input, dim=canonical_dim(dim, input.ndim), descending=bool(descending))
    )


@argsort.surface
@numpy_names
def _argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices (int64) that sort `input` along `dim`. Arguments as for `ag.sort`.

    Example:
        >>> ag.argsort(ag.tensor([3.0, 1.0, 2.0]))
        tensor([1, 2, 0])
    """
    _check_ordered("argsort", input, RuntimeError)
    return argsort.apply(input, dim=canonical_dim(dim, input.ndim), descending=bool(descending))  # type: ignore[no-any-return]


@numpy_names
def msort(input: Tensor) -> Tensor:
    """Values sorted along the first dimension.

    Example:
        >>> ag.msort(ag.tensor([3.0, 1.0, 2.0]))
        tensor([1., 2., 3.])
    """
    return _sort(input, 0).values  # type: ignore[no-any-return]


@topk.surface
@numpy_names
def _topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The `k` largest (or smallest) elements along `dim`, in order, and their indices: a named tuple
    ``(values, indices)``. Of equal elements the first come first.

    Args:
        input: any dtype but complex; NaN counts as the largest.
        k: how many, at most the size of the dimension.
        dim: int, the last by default.
        largest: False for the smallest.
        sorted: False allows any order; the result is sorted all the same.

    Raises:
        RuntimeError: `k` is negative or larger than the dimension.

    Example:
        >>> ag.topk(ag.tensor([3.0, 1.0, 2.0]), 2).values
        tensor([3., 2.])
    """
    _check_ordered("topk", input)
    axis = canonical_dim(dim, input.ndim)
    if not 0 <= k <= (input.shape[axis] if input.ndim else 1):
        raise RuntimeError(
            f"selected index k out of range: k={k}, dimension {axis} of {list(input.shape)}{errors.here()}"
        )
    return return_types.topk(*topk.apply(input, k=int(k), dim=axis, largest=bool(largest)))


@kthvalue.surface
@numpy_names
def _kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The `k`-th smallest element (counted from 1) along `dim` and its index: a named tuple ``(values,
    indices)``.

    Raises:
        RuntimeError: `k` is not between 1 and the size of the dimension.

    Example:
        >>> ag.kthvalue(ag.tensor([3.0, 1.0, 2.0]), 2).values
        tensor(2.)
    """
    _check_ordered("kthvalue", input)
    axis = canonical_dim(dim, input.ndim)
    if not 1 <= k <= (input.shape[axis] if input.ndim else 1):
        raise RuntimeError(
            f"kthvalue(): selected number k out of range for dimension {axis}: k={k}, input "
            f"{list(input.shape)}"
            f"{errors.here()}"
        )
    return return_types.kthvalue(*kthvalue.apply(input, k=int(k), dim=axis, keepdim=bool(keepdim)))


def _median_of(name: str, named: Any, input: Any, dim: Any, keepdim: bool, ignore_nan: bool) -> Any:
    _check_ordered(name, input)
    if dim is None:
        return median_all.apply(input, ignore_nan=ignore_nan)
    axis = canonical_dim(dim, input.ndim)
    if input.ndim and input.shape[axis] == 0:
        raise IndexError(
            f"{name}(): Expected reduction dim {axis} to have non-zero size. (input has shape "
            f"{list(input.shape)})"
            f"{errors.here()}"
        )
    return named(*median_with_index.apply(input, dim=axis, keepdim=bool(keepdim), ignore_nan=ignore_nan))


@numpy_names
def median(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The median: of the two middle elements the lower one. NaN where there is a NaN.

    Without `dim` a tensor; with it a named tuple ``(values, indices)``.

    Example:
        >>> ag.median(ag.tensor([4.0, 1.0, 3.0, 2.0]))
        tensor(2.)
    """
    return _median_of("median", return_types.median, input, dim, keepdim, ignore_nan=False)


@numpy_names
def nanmedian(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The median of the elements that are not NaN; see `ag.median`.

    Example:
        >>> ag.nanmedian(ag.tensor([4.0, float("nan"), 3.0]))
        tensor(3.)
    """
    return _median_of("nanmedian", return_types.nanmedian, input, dim, keepdim, ignore_nan=True)


@numpy_names
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: Any = None,
) -> Any:
    """The distinct elements, or slices along `dim`, in ascending order.

    Args:
        input: any dtype but complex. Every NaN is distinct.
        sorted: accepted for PyTorch's sake; the result is always sorted.
        return_inverse: also where each element of `input` went (int64).
        return_counts: also how often each occurs (int64).
        dim: int; None for the flattened tensor.

    Returns:
        The distinct elements, or a tuple of them and what else was asked for.

    Example:
        >>> ag.unique(ag.tensor([3, 1, 1]), return_counts=True)
        (tensor([1, 3]), tensor([2, 1]))
    """
    _check_ordered("unique", input)
    axis = None if dim is None else canonical_dim(dim, input.ndim)
    found = distinct.apply(
        input, dim=axis, return_inverse=bool(return_inverse), return_counts=bool(return_counts)
    )
    return found if len(found) > 1 else found[0]


@searchsorted.surface
def _searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where each value would have to go in the sorted last dimension of `sorted_sequence` to keep it sorted.

    Args:
        sorted_sequence: a vector, or a tensor with the leading dimensions of `input`.
        input: a tensor or a number.
        out_int32: indices as int32 instead of int64.
        right, side: ``right=True`` (or ``side="right"``) goes behind equal elements, the default before them.
        sorter: indices that sort `sorted_sequence`, if it is not sorted.

    Raises:
        RuntimeError: the leading dimensions differ, or `right` and `side` contradict each other.

    Example:
        >>> ag.searchsorted(ag.tensor([1.0, 2.0, 3.0]), ag.tensor([2.0, 5.0]))
        tensor([1, 3])
    """
    check_tensor(sorted_sequence, "searchsorted", "sorted_sequence")
    if side not in (None, "left", "right"):
        raise RuntimeError(
            f"searchsorted(): side can only be 'left' or 'right' but got {side}{errors.here()}"
        )
    if side == "left" and right:
        raise RuntimeError(
            "searchsorted(): side and right can't be set to opposites, got side of left while right was "
            f"True{errors.here()}"
        )
    if sorter is not None:
        sorted_sequence = sorted_sequence.gather(-1, sorter)
    if sorted_sequence.ndim != 1 and (
        not isinstance(input, Tensor) or sorted_sequence.shape[:-1] != input.shape[:-1] or not input.ndim
    ):
        found = list(input.shape) if isinstance(input, Tensor) else input
        raise RuntimeError(
            "searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of "
            "boundaries "
            "tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(sorted_sequence.shape)} and "
            f"input value tensor {found}{errors.here()}"
        )
    result: Tensor = searchsorted.apply(sorted_sequence, input, right=bool(right or side == "right"))
    return in_dtype(result, int32) if out_int32 else result


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The index of the bucket between sorted `boundaries` that each value of `input` falls into:
    `ag.searchsorted` with the arguments swapped.

    Example:
        >>> ag.bucketize(ag.tensor([0.5, 1.5]), ag.tensor([1.0, 2.0]))
        tensor([0, 1])
    """
    check_tensor(boundaries, "bucketize", "boundaries", 2)
    if boundaries.ndim != 1:
        raise RuntimeError(
            f"bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})"
            f"{errors.here()}"
        )
    return _searchsorted(boundaries, input, out_int32=out_int32, right=right)  # type: ignore[no-any-return]


@bincount.surface
def _bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number occurs in a vector of non-negative integers, or the sum of its weights.

    Args:
        input: 1-d, integer, no element negative.
        weights: 1-d, as long as `input`.
        minlength: the least length of the result.

    Returns:
        A vector of ``max(minlength, largest + 1)`` elements: int64, or with weights float32 for float32
        weights and float64 for others.

    Raises:
        RuntimeError: wrong shape, negative elements, or `minlength` negative.

    Example:
        >>> ag.bincount(ag.tensor([1, 1, 3]))
        tensor([0, 2, 0, 1])
    """
    check_tensor(input, "bincount")
    if input._type.dtype.category != INTEGER:
        raise NotImplementedError(
            f"\"bincount\" not implemented for '{input._type.dtype.scalar_name}': it counts integers"
            f"{errors.here()}"
        )
    found = extremes(input._type, input._array)
    if input.ndim != 1 or (found is not None and found[0] < 0):
        raise RuntimeError(
            f"bincount only supports 1-d non-negative integral inputs. (input: {list(input.shape)})"
            f"{errors.here()}"
        )
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, got {minlength}{errors.here()}")
    if weights is not None and weights.shape != input.shape:
        raise RuntimeError(
            "weights should be 1-d and have the same length as input: "
            f"weights {list(weights.shape)}, input {list(input.shape)}{errors.here()}"
        )
    if weights is not None and weights._type.is_complex:
        weights = weights.double()  # as in PyTorch, the imaginary part does not count
    return bincount.apply(input, weights, minlength=int(minlength))  # type: ignore[no-any-return]


@histc.surface
def _histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Histogram of all elements with `bins` bins of equal width between `min` and `max`; if both are 0,
    between the smallest and the largest element. Elements outside are not counted; the result has the dtype
    of `input`.

    Raises:
        RuntimeError: no bins, or `max` below `min`.
        NotImplementedError: `input` is not floating.

    Example:
        >>> ag.histc(ag.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
        tensor([0., 2., 1., 0.])
    """
    check_tensor(input, "histc")
    if input._type.dtype.category != FLOAT:
        raise NotImplementedError(
            f"\"histc\" not implemented for '{input._type.dtype.scalar_name}': it takes floating dtypes"
            f"{errors.here()}"
        )
    if bins <= 0:
        raise RuntimeError(f"histogram(): bins must be > 0, but got {bins} for dimension 0{errors.here()}")
    if not (math.isfinite(min) and math.isfinite(max)):
        raise RuntimeError(f"histc: range of [{min}, {max}] is not finite{errors.here()}")
    if max < min:
        raise RuntimeError(f"histc: max must be larger than min, got min={min}, max={max}{errors.here()}")
    return histc.apply(input, bins=int(bins), min=float(min), max=float(max))  # type: ignore[no-any-return]


expose(sort, "sort")
expose(argsort, "argsort")
expose(msort, "msort")
expose(topk, "topk")
expose(kthvalue, "kthvalue")
expose(median, "median")
expose(nanmedian, "nanmedian")
expose(unique, "unique")
expose(searchsorted, "searchsorted", method=False)
expose(bucketize, "bucketize", method=False)
expose(bincount, "bincount")
expose(histc, "histc")
