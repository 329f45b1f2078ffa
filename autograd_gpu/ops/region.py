"""Copies of a tensor in which one region, the one that a view op shows, is replaced by other values.

They are what writing into the view does, out of place: for code that must not change its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import Op, expose, op
from autograd_gpu.ops.arguments import canonical_dim, check_tensor
from autograd_gpu.ops.joining import tril, triu
from autograd_gpu.ops.parts import along, select, two_dims


def _check_source(src: Tensor, shape: tuple[int, ...]) -> None:
    if src._array.shape != shape:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. "
            f"src size = {list(src._array.shape)}, slice size = {list(shape)}{errors.here()}"
        )


def _cast(src: Tensor, input: Tensor) -> Tensor:
    return src if src._type is input._type else src.to(input._type.dtype)


@op("linear")
def select_scatter(F: Any, input: Any, src: Any, *, dim: Any, index: Any) -> Any:
    """A copy of `input` with `src` as entry `index` of dimension `dim`.

    Args:
        src: of the shape of ``input.select(dim, index)``; it is converted to the dtype of `input`.

    Raises:
        RuntimeError: `src` has another shape.
        IndexError: `dim` or `index` is out of range.

    >>> ag.select_scatter(ag.zeros(2, 2), ag.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    result = F.copy(input)
    F.select(result, dim, index)[...] = src
    return result


select_scatter.rule(
    input=lambda F, g, *, dim, index: F.select_scatter(
        g, F.zeros_like(F.select(g, dim=dim, index=index)), dim=dim, index=index
    ),
    src=lambda F, g, *, dim, index: F.select(g, dim=dim, index=index),
)


@select_scatter.surface
def _select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    check_tensor(input, "select_scatter")
    check_tensor(src, "select_scatter", "src", 2)
    region = select.public(input.detach(), dim, index)  # raises for what is out of range
    _check_source(src, region._array.shape)
    dim = canonical_dim(dim, input._array.ndim)
    index = index + input._array.shape[dim] if index < 0 else index
    result: Tensor = select_scatter.apply(input, _cast(src, input), dim=dim, index=index)
    return result


@op("linear")
def slice_scatter(F: Any, input: Any, src: Any, *, dim: Any, start: Any, stop: Any, step: Any) -> Any:
    """A copy of `input` with `src` as the entries ``start:end:step`` of dimension `dim`.

    Args:
        src: of the shape of that slice; it is converted to the dtype of `input`.
        start, end: as in slices of lists: None is the beginning or the end, negative numbers count from the end.
        step: at least 1.

    Raises:
        RuntimeError: `src` has another shape; `step` is not positive.

    >>> ag.slice_scatter(ag.zeros(4), ag.ones(2), start=1, end=3)
    tensor([0., 1., 1., 0.])
    """
    result = F.copy(input)
    result[along(dim, slice(start, stop, step))] = src
    return result


slice_scatter.rule(
    input=lambda F, g, *, dim, start, stop, step: F.slice_scatter(
        g, F.zeros_like(g[along(dim, slice(start, stop, step))]), dim=dim, start=start, stop=stop, step=step
    ),
    src=lambda F, g, *, dim, start, stop, step: g[along(dim, slice(start, stop, step))],
)


@slice_scatter.surface
def _slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
    *,
    stop: int | None = None,
) -> Tensor:
    check_tensor(input, "slice_scatter")
    check_tensor(src, "slice_scatter", "src", 2)
    if step < 1:
        raise RuntimeError(f"slice step must be positive{errors.here()}")
    shape = input._array.shape
    if not shape:
        raise RuntimeError(f"slice() cannot be applied to a 0-dim tensor.{errors.here()}")
    dim = canonical_dim(dim, len(shape))
    first, last, _ = slice(start, end if stop is None else stop).indices(shape[dim])
    _check_source(src, (*shape[:dim], len(range(first, last, step)), *shape[dim + 1 :]))
    result: Tensor = slice_scatter.apply(
        input, _cast(src, input), dim=dim, start=first, stop=max(first, last), step=step
    )
    return result


@op("linear")
def diagonal_scatter(F: Any, input: Any, src: Any, *, offset: Any, dim1: Any, dim2: Any) -> Any:
    """A copy of `input` with `src` on a diagonal of the matrices in `dim1` and `dim2`.

    Args:
        src: of the shape of ``input.diagonal(offset, dim1, dim2)``; it is converted to the dtype of `input`.
        offset: 0 for the main diagonal, positive above it, negative below.

    Raises:
        RuntimeError: `src` has another shape.

    >>> ag.diagonal_scatter(ag.zeros(2, 2), ag.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    result = F.copy(input)
    F.diagonal(result, offset, dim1, dim2)[...] = src
    return result


diagonal_scatter.rule(
    input=lambda F, g, *, offset, dim1, dim2: F.diagonal_scatter(
        g,
        F.zeros_like(F.diagonal(g, offset=offset, dim1=dim1, dim2=dim2)),
        offset=offset,
        dim1=dim1,
        dim2=dim2,
    ),
    src=lambda F, g, *, offset, dim1, dim2: F.diagonal(g, offset=offset, dim1=dim1, dim2=dim2),
)


@diagonal_scatter.surface
def _diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    check_tensor(input, "diagonal_scatter")
    check_tensor(src, "diagonal_scatter", "src", 2)
    shape = input._array.shape
    dim1, dim2 = two_dims(dim1, dim2, len(shape))
    length = max(0, min(shape[dim1] + min(offset, 0), shape[dim2] - max(offset, 0)))
    rest = tuple(extent for axis, extent in enumerate(shape) if axis not in (dim1, dim2))
    _check_source(src, (*rest, length))
    result: Tensor = diagonal_scatter.apply(input, _cast(src, input), offset=offset, dim1=dim1, dim2=dim2)
    return result


def _publish(record: Op, surface: Callable[..., Tensor]) -> None:
    surface.__doc__ = record.__doc__
    expose(record, record.name)


def as_strided_scatter(
    input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None
) -> Tensor:
    """A copy of `input` with `src` as the elements that ``input.as_strided(size, stride, storage_offset)`` shows.

    Args:
        src: of shape `size`; it is converted to the dtype of `input`.
        storage_offset: counted from the first element of the copy, 0 by default.

    Raises:
        RuntimeError: `src` has another shape; the elements are not all of them the copy's.

    >>> ag.as_strided_scatter(ag.zeros(2, 2), ag.ones(2), (2,), (3,))
    tensor([[1., 0.],
            [0., 1.]])
    """
    check_tensor(input, "as_strided_scatter")
    check_tensor(src, "as_strided_scatter", "src", 2)
    result: Tensor = input.clone()
    part = result.as_strided(size, stride, 0 if storage_offset is None else storage_offset)
    _check_source(src, part._array.shape)
    part.copy_(src)
    return result


expose(as_strided_scatter, "as_strided_scatter")


def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`narrow`, copied: `length` entries of dimension `dim` from `start` on.

    >>> ag.arange(5).narrow_copy(0, 1, 3)
    tensor([1, 2, 3])
    """
    check_tensor(input, "narrow_copy")
    return input.narrow(dim, start, length).clone()


expose(narrow_copy, "narrow_copy")


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of `input` with the elements of `source` at the places `index`, counted as if `input` had one dimension.

    Args:
        index: of int64, any shape; negative places count from the end.
        source: with as many elements as `index`, of the dtype of `input`.
        accumulate: add to what is there instead of replacing it. (Without it, which one wins among equal places is
            not defined.)

    Raises:
        RuntimeError: dtypes or numbers of elements do not fit.
        IndexError: a place is out of range.

    >>> ag.put(ag.zeros(2, 2), ag.tensor([1, 3]), ag.tensor([5.0, 6.0]))
    tensor([[0., 5.],
            [0., 6.]])
    """
    for name, tensor, position in (("input", input, 1), ("index", index, 2), ("source", source, 3)):
        check_tensor(tensor, "put", name, position)
    if index._type.dtype is not dtypes.int64:
        raise RuntimeError(
            f"put_(): Expected a long tensor for index, but got {index._type.dtype.scalar_name}{errors.here()}"
        )
    if index._array.size != source._array.size:
        raise RuntimeError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source._array.size}, index.numel() = {index._array.size}{errors.here()}"
        )
    if source._type.dtype is not input._type.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{input._type.dtype.scalar_name} and source.dtype = {source._type.dtype.scalar_name}{errors.here()}"
        )
    flat = input.reshape(-1).index_put((index.reshape(-1),), source.reshape(-1), accumulate)
    return flat.reshape(input._array.shape)


expose(put, "put")
expose_inplace(put, "put_")


def fill_diagonal_(input: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Write a number on the main diagonal, in place. Returns the tensor.

    Args:
        input: of 2 dimensions, or of more that are all equal.
        fill_value: the number.
        wrap: in a matrix with more rows than columns start again, one row below the end of each diagonal.

    Raises:
        RuntimeError: fewer than 2 dimensions, or more that are not all equal.

    >>> ag.zeros(2, 2).fill_diagonal_(3)
    tensor([[3., 0.],
            [0., 3.]])
    """
    shape = input._array.shape
    if len(shape) < 2:
        raise RuntimeError(f"dimensions must larger than 1{errors.here()}")
    if len(shape) > 2:
        if len(set(shape)) > 1:
            raise RuntimeError(f"all dimensions of input must be of equal length{errors.here()}")
        input[(list(range(shape[0])),) * len(shape)] = fill_value
        return input
    rows, columns = shape
    for start in range(0, rows, columns + 1) if wrap and columns else (0,):
        input[start:].diagonal().fill_(fill_value)
    return input


expose(fill_diagonal_, "fill_diagonal_", function_too=False)
expose_inplace(tril.public, "tril_")
expose_inplace(triu.public, "triu_")
_publish(select_scatter, _select_scatter)
_publish(slice_scatter, _slice_scatter)
_publish(diagonal_scatter, _diagonal_scatter)
