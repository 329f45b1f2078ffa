"""Tensors as sets and sequences: runs of equal elements, membership, places of elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose
from autograd_gpu.ops.arguments import canonical_dim, check_tensor
from autograd_gpu.ops.joining import cat
from autograd_gpu.ops.operands import common_dtype, promoted
from autograd_gpu.ops.sort import searchsorted, sort


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements (or slices along `dim`) that differ from the one before.

    Args:
        return_inverse: also the index of each element in the result.
        return_counts: also the length of each run.
        dim: None for the elements in order.

    Returns:
        A tensor, or a tuple (output, inverse, counts) without what was not asked for.

    >>> ag.unique_consecutive(ag.tensor([1, 1, 2, 2, 1]))
    tensor([1, 2, 1])
    """
    check_tensor(input, "unique_consecutive")
    if dim is None:
        rows, place, shape = input.reshape(-1), 0, tuple(input.shape)
        flat = rows
    else:
        place = canonical_dim(dim, input.ndim)
        rows, shape = input.movedim(place, 0), (input.shape[place],)
        flat = rows.reshape(rows.shape[0], -1)
    count = rows.shape[0]
    differs = flat[1:] != flat[:-1] if count else flat.new_zeros((0,), dtype=dtypes.bool_)
    if dim is not None and count:
        differs = differs.any(-1)
    first = differs.new_ones((min(count, 1),))
    starts = cat.public((first, differs), 0)
    where = starts.nonzero().reshape(-1)
    results = [rows.index_select(0, where).movedim(0, place)]
    if return_inverse:
        results.append((starts.to(dtype=dtypes.int64).cumsum(0) - 1).reshape(shape))
    if return_counts:
        ends = cat.public((where[1:], where.new_full((min(count, 1),), count)), 0)
        results.append(ends - where)
    return results[0] if len(results) == 1 else tuple(results)


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each of `elements` is among `test_elements` (with `invert`: is not).

    Args:
        elements, test_elements: tensors, one of them may be a number.
        assume_unique: accepted; makes no difference.

    >>> ag.isin(ag.tensor([1, 2, 3]), ag.tensor([3, 1]))
    tensor([ True, False,  True])
    """
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise TypeError(f"isin(): elements or test_elements must be a Tensor{errors.here()}")
    if isinstance(elements, Tensor) and isinstance(test_elements, Tensor):
        sought, among = promoted(elements, test_elements)
    else:
        dtype = common_dtype(elements, test_elements)
        tensor = elements if isinstance(elements, Tensor) else test_elements
        sought, among = (
            each.to(dtype=dtype) if isinstance(each, Tensor) else tensor.new_full((), each, dtype=dtype)
            for each in (elements, test_elements)
        )
    for tensor in (sought, among):
        if tensor._type.is_complex or tensor._type.dtype is dtypes.bool_:
            raise RuntimeError(
                f"Unsupported input type encountered for isin(): {tensor._type.dtype.scalar_name}{errors.here()}"
            )
    among = among.reshape(-1)
    if not among.numel():
        found = sought != sought
        found = found & ~found
    else:
        ordered = sort.public(among, -1)[0]
        place = searchsorted.public(ordered, sought).clamp(max=among.numel() - 1)
        found = ordered[place] == sought
    return ~found if invert else found


def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """The places in a tensor of `shape` that indices into its elements in order stand for, one tensor per dimension.

    >>> ag.unravel_index(ag.tensor([5]), (2, 3))
    (tensor([1]), tensor([2]))
    """
    check_tensor(indices, "unravel_index", "indices")
    if indices._type.dtype.category != dtypes.INTEGER:
        raise TypeError(
            f"expected 'indices' to be integer dtype, but got {indices._type.dtype.name}{errors.here()}"
        )
    extents = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(extent < 0 for extent in extents):
        raise ValueError(f"'shape' cannot have negative values, but got {extents}{errors.here()}")
    indices = indices.to(dtype=dtypes.int64)
    places = []
    for extent in reversed(extents):
        places.append(indices % extent)
        indices = indices // extent
    return tuple(reversed(places))


expose(unique_consecutive, "unique_consecutive")
expose(isin, "isin", method=False)
expose(unravel_index, "unravel_index", method=False)
