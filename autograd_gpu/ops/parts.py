"""Views of parts of a tensor: slices, diagonals, windows, pieces; and the adjoints that put a gradient back
in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose, op
from autograd_gpu.ops.arguments import canonical_dim, check_tensor, numpy_names
from autograd_gpu.ops.shape import Shape, integers

int64 = dtypes.int64.numpy


def along(dim: int, part: Any) -> tuple[Any, ...]:
    """The key that takes `part` (a slice, an int) of dimension `dim` and everything of the others."""
    return (slice(None),) * dim + (part, Ellipsis)


# -- slices --------------------------------------------------------------------------------------------------


@op("linear")
def slice_backward(F: Any, grad: Any, *, shape: Any, key: Any) -> Any:
    """Zeros of `shape` with `grad` at ``[key]``: the adjoint of taking a slice."""
    result = F.zeros(shape, grad.dtype)
    result[key] = grad
    return result


slice_backward.rule(grad=lambda F, g, *, key: g[key])


@op("view", grad_name="SliceBackward0")
def slice_view(F: Any, input: Any, *, key: Any) -> Any:
    """``input[key]`` for a key of ints, slices with positive steps, None and an Ellipsis."""
    return input[key]


slice_view.rule(input=lambda F, g, input_like, *, key: F.slice_backward(g, shape=input_like.shape, key=key))


@op("view")
def select(F: Any, input: Any, *, dim: Any, index: Any) -> Any:
    """Entry `index` of dimension `dim`, which disappears.

    Raises:
        IndexError: `index` or `dim` is out of range.

    >>> ag.tensor([[1, 2], [3, 4]]).select(1, -1)
    tensor([2, 4])
    """
    return F.select(input, dim, index)


select.rule(
    input=lambda F, g, input_like, *, dim, index: F.slice_backward(
        g, shape=input_like.shape, key=along(dim, index)
    )
)


@select.surface
@numpy_names
def _select(input: Tensor, dim: int, index: int) -> Tensor:
    check_tensor(input, "select")
    shape = input._array.shape
    if not shape:
        raise IndexError(f"select() cannot be applied to a 0-dim tensor.{errors.here()}")
    dim = canonical_dim(dim, len(shape))
    (index,) = integers((index,), "select", "index")
    if not -shape[dim] <= index < shape[dim]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at dimension "
            f"{dim}{errors.here()}"
        )
    result: Tensor = select.apply(input, dim=dim, index=index + shape[dim] if index < 0 else index)
    return result


_select.__doc__ = select.__doc__


@op("view", grad_name="SliceBackward0")
def narrow(F: Any, input: Any, *, dim: Any, start: Any, length: Any) -> Any:
    """`length` entries of dimension `dim` from `start` on.

    Raises:
        RuntimeError: the range leaves the dimension.

    >>> ag.arange(5).narrow(0, 1, 3)
    tensor([1, 2, 3])
    """
    return F.narrow(input, dim, start, length)


narrow.rule(
    input=lambda F, g, input_like, *, dim, start, length: F.slice_backward(
        g, shape=input_like.shape, key=along(dim, slice(start, start + length))
    )
)


@narrow.surface
@numpy_names
def _narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    check_tensor(input, "narrow")
    shape = input._array.shape
    if not shape:
        raise RuntimeError(f"narrow() cannot be applied to a 0-dim tensor.{errors.here()}")
    dim = canonical_dim(dim, len(shape))
    start, length = integers((start, length), "narrow", "start")
    if length < 0:
        raise RuntimeError(f"narrow(): length must be non-negative.{errors.here()}")
    if not -shape[dim] <= start <= shape[dim]:
        raise IndexError(
            f"start out of range (expected to be in range of [{-shape[dim]}, {shape[dim]}], but got "
            f"{start}){errors.here()}"
        )
    if start < 0:
        start += shape[dim]
    if start + length > shape[dim]:
        raise RuntimeError(
            f"start ({start}) + length ({length}) exceeds dimension size ({shape[dim]}).{errors.here()}"
        )
    result: Tensor = narrow.apply(input, dim=dim, start=start, length=length)
    return result


_narrow.__doc__ = narrow.__doc__

expose(select, "select")
expose(narrow, "narrow")


# -- diagonals -----------------------------------------------------------------------------------------------


@op("linear")
def diagonal_backward(F: Any, grad: Any, *, shape: Any, offset: Any, dim1: Any, dim2: Any) -> Any:
    """Zeros of `shape` with `grad` on a diagonal: the adjoint of `diagonal`."""
    result = F.zeros(shape, grad.dtype)
    F.diagonal(result, offset, dim1, dim2)[...] = grad
    return result


diagonal_backward.rule(
    grad=lambda F, g, *, offset, dim1, dim2: F.diagonal(g, offset=offset, dim1=dim1, dim2=dim2)
)


@op("view")
def diagonal(F: Any, input: Any, *, offset: Any, dim1: Any, dim2: Any) -> Any:
    """The diagonal of the matrices in `dim1` and `dim2`, as the last dimension; `offset` > 0 is above the
    main one.

    >>> ag.tensor([[1, 2], [3, 4]]).diagonal()
    tensor([1, 4])
    """
    return F.diagonal(input, offset, dim1, dim2)


diagonal.rule(
    input=lambda F, g, input_like, *, offset, dim1, dim2: F.diagonal_backward(
        g, shape=input_like.shape, offset=offset, dim1=dim1, dim2=dim2
    )
)


def two_dims(dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    """Two different dimensions, counted from the front."""
    first, second = canonical_dim(dim1, ndim), canonical_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}{errors.here()}")
    return first, second


@diagonal.surface
def _diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    check_tensor(input, "diagonal")
    first, second = two_dims(dim1, dim2, input._array.ndim)
    result: Tensor = diagonal.apply(input, offset=offset, dim1=first, dim2=second)
    return result


_diagonal.__doc__ = diagonal.__doc__

expose(diagonal, "diagonal")


# -- windows -------------------------------------------------------------------------------------------------


def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """`ag.diagonal` of the last two dimensions: a view.

    >>> ag.linalg.diagonal(ag.ones(2, 3, 3)).shape
    ag.Size([2, 3])
    """
    result: Tensor = _diagonal(A, offset, dim1, dim2)
    return result


@op("linear")
def unfold_backward(F: Any, grad: Any, *, shape: Any, dim: Any, size: Any, step: Any) -> Any:
    """The sum over windows, each added back where it came from: the adjoint of `unfold`."""
    result = F.zeros(shape, grad.dtype)
    if not shape:
        result[...] = grad.sum()
        return result
    first = F.arange(0, grad.shape[dim] * step, step, int64)
    places = first[:, None] + F.arange(0, size, 1, int64)[None, :]
    windows = F.permute(grad, (*range(dim + 1), grad.ndim - 1, *range(dim + 1, grad.ndim - 1)))
    F.index_put_add(result, (slice(None),) * dim + (places,), windows)
    return result


unfold_backward.rule(grad=lambda F, g, *, dim, size, step: F.unfold(g, dim=dim, size=size, step=step))


@op("view")
def unfold(F: Any, input: Any, *, dim: Any, size: Any, step: Any) -> Any:
    """Windows of `size` entries, `step` apart, along dimension `dim`; the windows' entries are a new last
    dimension.

    >>> ag.arange(5).unfold(0, 3, 1)
    tensor([[0, 1, 2],
            [1, 2, 3],
            [2, 3, 4]])
    """
    return F.unfold(input, dim, size, step)


unfold.rule(
    input=lambda F, g, input_like, *, dim, size, step: F.unfold_backward(
        g, shape=input_like.shape, dim=dim, size=size, step=step
    )
)


@unfold.surface
def _unfold(input: Tensor, dim: int, size: int, step: int) -> Tensor:
    shape = input._array.shape
    dim = canonical_dim(dim, len(shape))
    size, step = integers((size, step), "unfold")
    extent = shape[dim] if shape else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0{errors.here()}")
    if size > extent:
        raise RuntimeError(
            f"maximum size for tensor at dimension {dim} is {extent} but size is {size}{errors.here()}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0{errors.here()}")
    result: Tensor = unfold.apply(input, dim=dim, size=size, step=step)
    return result


_unfold.__doc__ = unfold.__doc__

expose(unfold, "unfold", function_too=False)


# -- any strides ---------------------------------------------------------------------------------------------
#
# A geometry is (shape, strides, offset) in elements of the memory that a tensor and its views share.

Geometry = tuple[Shape, Shape, int]


def _memory(F: Any, x: Any) -> Any:
    """All the memory that `x` is a view of, as a vector."""
    while hasattr(x.base, "strides"):
        x = x.base
    flat = x.transpose(sorted(range(x.ndim), key=lambda axis: -x.strides[axis])).reshape(-1)
    if F.address(flat) != F.address(x) and x.size:
        raise RuntimeError("as_strided: the tensor's memory has gaps; use .contiguous() first")
    return flat


def _geometry(F: Any, x: Any) -> Geometry:
    offset = (F.address(x) - F.address(_memory(F, x))) // x.itemsize
    return x.shape, tuple(stride // x.itemsize for stride in x.strides), offset


def _places(F: Any, geometry: Geometry) -> Any:
    """Where in memory the elements of a geometry are, as an array of its shape."""
    shape, strides, offset = geometry
    places = F.full(shape, offset, int64)
    for axis, (extent, stride) in enumerate(zip(shape, strides, strict=True)):
        steps = F.arange(0, extent, 1, int64) * stride
        places += steps.reshape((extent,) + (1,) * (len(shape) - axis - 1))
    return places


def _extent(*geometries: Geometry) -> int:
    """How many elements of memory geometries reach."""
    return max(
        (
            1 + offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
            if 0 not in shape
            else 0
        )
        for shape, strides, offset in geometries
    )


@op("linear")
def as_strided_backward(F: Any, grad: Any, *, source: Any, target: Any) -> Any:
    """The adjoint of `as_strided`: what arrives at each place of memory, read in the geometry of the
    input."""
    memory = F.zeros((_extent(source, target),), grad.dtype)
    F.index_put_add(memory, (_places(F, target).reshape(-1),), grad.reshape(-1))
    return F.getitem(memory, (_places(F, source),))


as_strided_backward.rule(
    grad=lambda F, g, *, source, target: F.as_strided_copy(g, source=source, target=target)
)


@op("linear")
def as_strided_copy(F: Any, input: Any, *, source: Any, target: Any) -> Any:
    """The values that `as_strided` gives for an input laid out as in the geometry `source`."""
    memory = F.zeros((_extent(source, target),), input.dtype)
    memory[_places(F, source).reshape(-1)] = input.reshape(-1)
    return F.getitem(memory, (_places(F, target),))


as_strided_copy.rule(
    input=lambda F, g, *, source, target: F.as_strided_backward(g, source=source, target=target)
)


@op("view", grad_name="AsStridedBackward0")
def strided_view(F: Any, input: Any, *, source: Any, target: Any) -> Any:
    """A view of the tensor's memory with any `size`, `stride` and `storage_offset` (in elements; default: the
    tensor's own).

    The memory is that of the tensor which this one is a view of. Views whose elements overlap are for
    reading; their gradients add up.

    Raises:
        RuntimeError: the view would leave the memory, or a stride is negative.

    >>> ag.arange(4).as_strided((3, 2), (1, 1))
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    shape, strides, offset = target
    return F.as_strided(_memory(F, input), shape, strides, offset)


strided_view.rule(
    input=lambda F, g, *, source, target: F.as_strided_backward(g, source=source, target=target)
)


@strided_view.surface
def _as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    check_tensor(input, "as_strided")
    array, namespace = input._array, input._type.namespace
    source = _geometry(namespace, array)
    offset = source[2] if storage_offset is None else storage_offset
    target = (integers((size,), "as_strided"), integers((stride,), "as_strided", "stride"), offset)
    if len(target[0]) != len(target[1]):
        raise RuntimeError(
            f"mismatch in length of strides and shape: size {list(target[0])}, stride "
            f"{list(target[1])}{errors.here()}"
        )
    if min(target[1], default=0) < 0:
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, "
            f"got strides: {list(target[1])}{errors.here()}"
        )
    available = _memory(namespace, array).size
    if offset < 0 or _extent(target) > available:
        raise RuntimeError(
            f"setStorage: sizes {list(target[0])}, strides {list(target[1])}, storage offset {offset}, and "
            "itemsize "
            f"{array.itemsize} requiring a storage size of {_extent(target) * array.itemsize} are out of "
            "bounds for storage "
            f"of size {available * array.itemsize}{errors.here()}"
        )
    if (
        any(stride == 0 and extent > 1 for extent, stride in zip(*source[:2], strict=True))
        and input.requires_grad
    ):
        raise RuntimeError(
            "as_strided: the gradient is not defined for a tensor that was expanded; use .contiguous() first"
            f"{errors.here()}"
        )
    result: Tensor = strided_view.apply(input, source=source, target=target)
    return result


_as_strided.__doc__ = strided_view.__doc__

expose(strided_view, "as_strided")


# -- pieces --------------------------------------------------------------------------------------------------
#
# The gradient of such an op is a list with one entry per piece, hence the joint rules.


def _join(F: Any, g: Any, *, dim: int) -> Any:
    """The gradients of pieces side by side (a single piece comes without a list around it)."""
    return F.cat(g, dim=dim) if isinstance(g, (list, tuple)) else g


@op("view", outputs=("*",), holomorphic=False)
def split(F: Any, input: Any, *, sizes: Any, dim: Any) -> Any:
    """Pieces of dimension `dim`, one after the other: of `split_size_or_sections` entries each (the last one
    may be smaller), or of the sizes that it lists.

    Raises:
        RuntimeError: listed sizes do not add up to the dimension's.

    >>> ag.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    return F.split(input, sizes, dim=dim)


split.joint_rule(lambda F, g, *, dim, needs: (_join(F, g, dim=dim),))


@op("view", outputs=("*",), holomorphic=False)
def split_with_sizes(F: Any, input: Any, *, sizes: Any, dim: Any) -> Any:
    """Pieces of the given `split_sizes` along dimension `dim`."""
    return F.split(input, sizes, dim=dim)


split_with_sizes.joint_rule(lambda F, g, *, dim, needs: (_join(F, g, dim=dim),))


@split.surface
@numpy_names
def _split(input: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    check_tensor(input, "split", "tensor")
    if isinstance(split_size_or_sections, (tuple, list)):
        result: tuple[Tensor, ...] = _split_with_sizes(input, split_size_or_sections, dim)
        return result
    shape = input._array.shape
    dim, extent = _extent_of(input, dim, "split")
    (size,) = integers((split_size_or_sections,), "split", "split_size")
    if size < 0:
        raise RuntimeError(
            f"split expects split_size be non-negative, but got split_size={size}{errors.here()}"
        )
    if size == 0 and extent:
        raise RuntimeError(
            "split_size can only be 0 if dimension size is 0, but got dimension size of "
            f"{shape[dim]}{errors.here()}"
        )
    sizes = [size] * (extent // size) if size else []
    if not sizes or extent % size:
        sizes.append(extent % size if size else 0)
    found: tuple[Tensor, ...] = split.apply(input, sizes=tuple(sizes), dim=dim)
    return found


_split.__doc__ = split.__doc__


def _extent_of(input: Tensor, dim: int, function: str) -> tuple[int, int]:
    shape = input._array.shape
    if not shape:
        raise RuntimeError(f"{function} expects at least a 1-dimensional tensor{errors.here()}")
    dim = canonical_dim(dim, len(shape))
    return dim, shape[dim]


@split_with_sizes.surface
@numpy_names
def _split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    dim, extent = _extent_of(input, dim, "split_with_sizes")
    sizes = integers((split_sizes,), "split_with_sizes", "split_sizes")
    if min(sizes, default=0) < 0:
        raise RuntimeError(
            "split_with_sizes expects split_sizes have only non-negative entries, but got "
            f"split_sizes={list(sizes)}"
            f"{errors.here()}"
        )
    if sum(sizes) != extent:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {extent} (input tensor's size at "
            f"dimension {dim}), but "
            f"got split_sizes={list(sizes)}{errors.here()}"
        )
    result: tuple[Tensor, ...] = split_with_sizes.apply(input, sizes=sizes, dim=dim)
    return result


_split_with_sizes.__doc__ = split_with_sizes.__doc__


@numpy_names
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of equal size along `dim` (the last one may be smaller).

    >>> [piece.shape[0] for piece in ag.zeros(5).chunk(3)]
    [2, 2, 1]
    """
    check_tensor(input, "chunk")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}{errors.here()}")
    dim, extent = _extent_of(input, dim, "chunk")
    if extent == 0:
        result: tuple[Tensor, ...] = _split_with_sizes(input, (0,) * chunks, dim)
        return result
    found: tuple[Tensor, ...] = _split(input, -(-extent // chunks), dim)
    return found


@numpy_names
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along `dim`: that many of nearly equal size, the larger ones first; or cut at the listed
    indices.

    >>> ag.arange(5).tensor_split((1, 3))
    (tensor([0]), tensor([1, 2]), tensor([3, 4]))
    """
    check_tensor(input, "tensor_split")
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    dim, extent = _extent_of(input, dim, "tensor_split")
    if isinstance(indices_or_sections, (tuple, list)):
        cuts = [0, *integers((indices_or_sections,), "tensor_split", "indices"), None]
        bounds = [slice(a, b).indices(extent)[:2] for a, b in pairwise(cuts)]
    else:
        (sections,) = integers((indices_or_sections,), "tensor_split", "sections")
        if sections <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {sections}{errors.here()}")
        small, larger = divmod(extent, sections)
        ends = [small * i + min(i, larger) for i in range(sections + 1)]
        bounds = list(pairwise(ends))
    return tuple(narrow.apply(input, dim=dim, start=a, length=max(b - a, 0)) for a, b in bounds)


def _directed(
    name: str, least: int, dim_of: Callable[[int], int]
) -> Callable[[Tensor, Any], tuple[Tensor, ...]]:
    def function(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        check_tensor(input, name)
        ndim = input._array.ndim
        if ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with "
                f"{ndim} dimensions!"
                f"{errors.here()}"
            )
        dim = dim_of(ndim)
        if isinstance(indices_or_sections, int):
            extent = input._array.shape[dim]
            if indices_or_sections <= 0 or extent % indices_or_sections:
                raise RuntimeError(
                    f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension "
                    f"{extent} is not "
                    f"divisible by the split_size {indices_or_sections}!{errors.here()}"
                )
        return tensor_split(input, indices_or_sections, dim)

    function.__name__ = function.__qualname__ = name
    return function


hsplit = _directed("hsplit", 1, lambda ndim: 0 if ndim == 1 else 1)
hsplit.__doc__ = (
    "`tensor_split` along columns: dimension 1, or 0 of a vector; a number of sections must divide it."
)
vsplit = _directed("vsplit", 2, lambda ndim: 0)
vsplit.__doc__ = "`tensor_split` along rows: dimension 0; a number of sections must divide it."
dsplit = _directed("dsplit", 3, lambda ndim: 2)
dsplit.__doc__ = "`tensor_split` along depth: dimension 2; a number of sections must divide it."


@op("view", outputs=("*",), holomorphic=False)
def unbind(F: Any, input: Any, *, dim: Any) -> Any:
    """The entries of dimension `dim`, which disappears, as a tuple.

    >>> ag.tensor([[1, 2], [3, 4]]).unbind()
    (tensor([1, 2]), tensor([3, 4]))
    """
    return tuple(F.select(input, dim, index) for index in range(input.shape[dim]))


unbind.joint_rule(lambda F, g, *, dim, needs: (_stack(F, g, dim=dim),))


def _stack(F: Any, g: Any, *, dim: int) -> Any:
    return F.stack(g, dim=dim) if isinstance(g, (list, tuple)) else F.unsqueeze(g, dim=dim)


@unbind.surface
@numpy_names
def _unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    check_tensor(input, "unbind")
    shape: Sequence[int] = input._array.shape
    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions{errors.here()}")
    dim = canonical_dim(dim, len(shape))
    result: tuple[Tensor, ...] = unbind.apply(input, dim=dim) if shape[dim] else ()
    return result


_unbind.__doc__ = unbind.__doc__

expose(split, "split")
expose(split_with_sizes, "split_with_sizes")
expose(chunk, "chunk")
expose(tensor_split, "tensor_split")
expose(hsplit, "hsplit")
expose(vsplit, "vsplit")
expose(dsplit, "dsplit")
expose(unbind, "unbind")
