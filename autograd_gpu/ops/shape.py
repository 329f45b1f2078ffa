"""Views: other shapes of the same memory. Nothing here copies, except `reshape` and its kin where no view
exists.

Writing into a view writes into the tensor it was made from. The parameters of each op are canonical
(dimensions counted from the front, no -1), so that the op can be run again on another tensor of the base's
shape (see `core.graph.View`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import inplace_view
from autograd_gpu.core.op import FUNCTIONS, METHODS, REGISTRY, TensorNamespace, expose, op
from autograd_gpu.ops.arguments import canonical_dim, canonical_dims, check_tensor, numpy_names

Shape = tuple[int, ...]


def integers(values: Sequence[Any], function: str, name: str = "size") -> Shape:
    """The numbers of ``f(2, 3)``, ``f((2, 3))`` or ``f(tensor.shape)`` as a tuple.

    Raises:
        TypeError: one of them is no integer.
    """
    if len(values) == 1 and isinstance(values[0], (tuple, list)):
        values = values[0]
    try:
        return tuple([operator.index(value) for value in values])
    except TypeError:
        for position, value in enumerate(values):
            if not hasattr(value, "__index__"):
                raise TypeError(
                    f"{function}(): argument '{name}' must be tuple of ints, but found element of type "
                    f"{type(value).__name__} at pos {position}{errors.here()}"
                ) from None
        raise


def infer_shape(shape: Shape, size: int) -> Shape:
    """`shape` with its -1, if there is one, replaced so that it has `size` elements."""
    known = 1
    unknown = -1
    for axis, extent in enumerate(shape):
        if extent >= 0:
            known *= extent
        elif extent != -1:
            raise RuntimeError(
                f"invalid shape dimension {extent} at index {axis} of shape {list(shape)}{errors.here()}"
            )
        elif unknown >= 0:
            raise RuntimeError(
                f"only one dimension can be inferred, but the shape is {list(shape)}{errors.here()}"
            )
        else:
            unknown = axis
    if unknown >= 0:
        if known == 0 and size == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
                "dimension size -1 "
                f"can be any value and is ambiguous{errors.here()}"
            )
        if known and size % known == 0:
            return (*shape[:unknown], size // known, *shape[unknown + 1 :])
    elif known == size:
        return shape
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}{errors.here()}")


def viewable(shape: Shape, strides: Shape, new: Shape) -> bool:
    """Whether an array of `shape` and `strides` can be seen in the shape `new` without a copy.

    The old dimensions fall into blocks that are contiguous in themselves; the new ones must not cross their
    borders (the rule of PyTorch's computeStride).
    """
    if 0 in shape:
        return True
    blocks: list[int] = []
    expected = None
    for extent, stride in zip(reversed(shape), reversed(strides), strict=True):
        if extent == 1:
            continue
        if blocks and stride == expected:
            blocks[-1] *= extent
        else:
            blocks.append(extent)
        expected = stride * extent
    extents = [extent for extent in reversed(new) if extent != 1]
    position = 0
    for block in blocks:
        filled = 1
        while filled < block:
            filled *= extents[position]
            position += 1
        if filled != block:
            return False
    return True


# -- reshaping -----------------------------------------------------------------------------------------------


@op("view", grad_name="ViewBackward0")
def view(F: Any, input: Any, *, shape: Any) -> Any:
    """The same elements in another shape (ints; one may be -1), sharing memory; or, given a dtype, the same
    bytes read as another dtype, which scales the last dimension by the ratio of the item sizes (no gradient).

    Raises:
        RuntimeError: another number of elements; or the memory layout allows no view (use `reshape`).

    >>> x = ag.arange(6)
    >>> x.view(2, -1)[0, 0] = 9
    >>> x[0]
    tensor(9)
    """
    if not F.is_contiguous(input) and not viewable(input.shape, input.strides, shape):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans "
            "across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return input.reshape(shape)


view.rule(input=lambda F, g, input_like: F.reshape(g, shape=input_like.shape))


@op("view", out="infer", grad_name="ViewBackward1")
def view_dtype(F: Any, input: Any, *, dtype: Any) -> Any:
    """The same bytes read as another dtype."""
    return input.view(dtype)


view_dtype.no_rule()


@view.surface
def _view(input: Tensor, *sizes: Any, size: Any = None, shape: Any = None, dtype: Any = None) -> Tensor:
    check_tensor(input, "view", "self")
    if dtype is None and len(sizes) == 1 and isinstance(sizes[0], dtypes.DType):
        dtype = sizes[0]
    if dtype is not None:
        return _view_as_dtype(input, dtypes.as_dtype(dtype))
    named = size if shape is None else shape
    wanted = integers(sizes if named is None else (named,), "view")
    result: Tensor = view.apply(input, shape=infer_shape(wanted, input._array.size))
    return result


_view.__doc__ = view.__doc__


def _view_as_dtype(input: Tensor, dtype: dtypes.DType) -> Tensor:
    array, old, new = input._array, input._type.dtype.itemsize, dtype.itemsize
    if old != new:
        if array.ndim == 0:
            raise RuntimeError(
                f"self.dim() cannot be 0 to view {input._type.dtype.scalar_name} as {dtype.scalar_name} "
                "(different element "
                f"sizes){errors.here()}"
            )
        if array.shape[-1] * old % new:
            raise RuntimeError(
                f"self.size(-1) must be divisible by {new // old} to view {input._type.dtype.scalar_name} as "
                f"{dtype.scalar_name} (different element sizes), but got {array.shape[-1]}{errors.here()}"
            )
        if array.shape[-1] > 1 and array.strides[-1] != old:
            raise RuntimeError(
                f"self.stride(-1) must be 1 to view {input._type.dtype.scalar_name} as {dtype.scalar_name} "
                "(different element "
                f"sizes), but got {array.strides[-1] // old}{errors.here()}"
            )
    result: Tensor = view_dtype.apply(input, dtype=dtype.numpy)
    return result


@op("linear", grad_name="UnsafeViewBackward0")
def reshape_copy(F: Any, input: Any, *, shape: Any) -> Any:
    """A contiguous copy in another shape: what `reshape` makes where no view exists."""
    return F.copy(F.reshape(input, shape))


reshape_copy.rule(input=lambda F, g, input_like: F.reshape(g, shape=input_like.shape))


def reshape(input: Tensor, *size: Any, shape: Any = None) -> Tensor:
    """The same elements, in row-major order, in another shape: a view where the memory layout allows one,
    else a copy.

    Args:
        size: the extents, as ints or as one tuple; one may be -1 and is inferred.

    Raises:
        RuntimeError: another number of elements.

    >>> ag.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    check_tensor(input, "reshape")
    wanted = integers(size if shape is None else (shape,), "reshape", "shape")
    array = input._array
    wanted = infer_shape(wanted, array.size)
    result: Tensor
    if input._type.namespace.is_contiguous(array) or viewable(array.shape, array.strides, wanted):
        result = view.apply(input, shape=wanted)
    else:
        result = reshape_copy.apply(input, shape=wanted)
    return result


TensorNamespace.reshape = staticmethod(reshape)  # type: ignore[attr-defined]


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` viewed in the shape of `other`."""
    result: Tensor = _view(input, other.shape)
    return result


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` reshaped to the shape of `other`."""
    return reshape(input, other.shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` (inclusive) merged into one; a 0-d tensor becomes 1-d.

    >>> ag.zeros(2, 3, 4).flatten(1).shape
    ag.Size([2, 12])
    """
    check_tensor(input, "flatten")
    array = input._array
    if array.ndim == 0:
        return reshape(input, (1,))
    start, end = canonical_dim(start_dim, array.ndim), canonical_dim(end_dim, array.ndim)
    if start > end:
        raise RuntimeError(f"flatten() has invalid args: start_dim cannot come after end_dim{errors.here()}")
    if start == end:
        return input
    return reshape(
        input, (*array.shape[:start], math.prod(array.shape[start : end + 1]), *array.shape[end + 1 :])
    )


def ravel(input: Tensor) -> Tensor:
    """`input` as a contiguous 1-d tensor; a view where possible."""
    return reshape(input, (-1,)) if input._array.size else reshape(input, (0,))


def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """Dimension `dim` split into `sizes` (one may be -1).

    >>> ag.zeros(3, 6).unflatten(1, (2, -1)).shape
    ag.Size([3, 2, 3])
    """
    check_tensor(input, "unflatten")
    shape = input._array.shape
    dim = canonical_dim(dim, len(shape))
    sizes = integers((sizes,), "unflatten", "sizes")
    if not sizes:
        raise RuntimeError(f"unflatten: sizes must be non-empty{errors.here()}")
    extent = shape[dim] if shape else 1
    try:
        inferred = infer_shape(sizes, extent)
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({extent}) "
            "in the input "
            f"tensor{errors.here()}"
        ) from None
    result: Tensor = _view(input, (*shape[:dim], *inferred, *shape[dim + 1 :]))
    return result


expose(view, "view", function_too=False)
expose(reshape, "reshape")
expose(view_as, "view_as", function_too=False)
expose(reshape_as, "reshape_as", function_too=False)
expose(flatten, "flatten")
expose(ravel, "ravel")
expose(unflatten, "unflatten")


# -- order of dimensions -------------------------------------------------------------------------------------


@op("view")
def permute(F: Any, input: Any, *, dims: Any) -> Any:
    """The dimensions in another order: dimension i of the result is dimension ``dims[i]`` of the input.

    Raises:
        RuntimeError: `dims` does not name every dimension once.
        IndexError: one is out of range.

    >>> ag.zeros(2, 3, 4).permute(2, 0, 1).shape
    ag.Size([4, 2, 3])
    """
    return F.permute(input, dims)


permute.rule(input=lambda F, g, *, dims: F.permute(g, dims=inverse(dims)))


def inverse(dims: Shape) -> Shape:
    """The permutation that undoes `dims`."""
    return tuple(sorted(range(len(dims)), key=dims.__getitem__))


@permute.surface
def _permute(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    check_tensor(input, "permute")
    order = integers((named["dims"],) if "dims" in named else dims, "permute", "dims")
    ndim = input._array.ndim
    if len(order) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
            "desired ordering "
            f"of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(order)}{errors.here()}"
        )
    order = tuple(canonical_dim(dim, ndim) for dim in order)
    if len(set(order)) != ndim:
        raise RuntimeError(f"permute(): duplicate dims are not allowed.{errors.here()}")
    result: Tensor = permute.apply(input, dims=order)
    return result


_permute.__doc__ = permute.__doc__


@op("view")
def transpose(F: Any, input: Any, *, dim0: Any, dim1: Any) -> Any:
    """Dimensions `dim0` and `dim1` swapped.

    >>> ag.zeros(2, 3, 4).transpose(0, -1).shape
    ag.Size([4, 3, 2])
    """
    return F.transpose(input, dim0, dim1)


transpose.rule(input=lambda F, g, *, dim0, dim1: F.transpose(g, dim0=dim0, dim1=dim1))


@transpose.surface
def _transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    check_tensor(input, "transpose")
    ndim = input._array.ndim
    result: Tensor = transpose.apply(input, dim0=canonical_dim(dim0, ndim), dim1=canonical_dim(dim1, ndim))
    return result


_transpose.__doc__ = transpose.__doc__


@op("view")
def t(F: Any, input: Any) -> Any:
    """The transpose of a matrix; vectors and numbers stay as they are.

    Raises:
        RuntimeError: more than 2 dimensions.

    >>> ag.zeros(2, 3).t().shape
    ag.Size([3, 2])
    """
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return input.transpose()


t.rule(input=lambda F, g: F.t(g))


def _mT(input: Tensor) -> Tensor:
    """The last two dimensions swapped."""
    if input._array.ndim < 2:
        raise RuntimeError(
            "tensor.mT is only supported on matrices or batches of matrices. "
            f"Got {input._array.ndim}-D tensor.{errors.here()}"
        )
    ndim = input._array.ndim
    result: Tensor = transpose.apply(input, dim0=ndim - 2, dim1=ndim - 1)
    return result


def _T(input: Tensor) -> Tensor:
    """All dimensions in reversed order."""
    result: Tensor = permute.apply(input, dims=tuple(reversed(range(input._array.ndim))))
    return result


def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions swapped, and complex numbers conjugated.

    >>> ag.adjoint(ag.tensor([[1 + 2j, 3j]]))
    tensor([[1.-2.j],
            [0.-3.j]])
    """
    result: Tensor = _mT(input)
    return REGISTRY["conj"].public(result) if input._type.is_complex else result


def _H(input: Tensor) -> Tensor:
    """The conjugate transpose of a matrix."""
    if input._array.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input._array.ndim}-D "
            f"tensor.{errors.here()}"
        )
    return adjoint(input) if input._array.ndim else input


TensorNamespace.mT = staticmethod(_mT)  # type: ignore[attr-defined]
for _name, _function in {"T": _T, "mT": _mT, "H": _H, "mH": adjoint}.items():
    METHODS[_name] = property(_function)  # type: ignore[assignment]


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved from `source` to `destination` (ints, or tuples of equal length); the others keep
    their order.

    >>> ag.zeros(2, 3, 4).movedim(0, -1).shape
    ag.Size([3, 4, 2])
    """
    check_tensor(input, "movedim")
    ndim = input._array.ndim
    sources = integers((source,), "movedim", "source")
    destinations = integers((destination,), "movedim", "destination")
    if len(sources) != len(destinations):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source "
            f"({list(sources)} dims) should contain the same number of dims as destination "
            f"({list(destinations)} dims)"
            f"{errors.here()}"
        )
    sources = tuple(canonical_dim(dim, ndim) for dim in sources)
    destinations = tuple(canonical_dim(dim, ndim) for dim in destinations)
    for name, dims in (("source", sources), ("destination", destinations)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(dims)}){errors.here()}")
    if not ndim:
        return input
    order = [dim for dim in range(ndim) if dim not in sources]
    for place, dim in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, dim)
    result: Tensor = permute.apply(input, dims=tuple(order))
    return result


expose(permute, "permute")
expose(transpose, "transpose", "swapaxes", "swapdims")
expose(t, "t")
expose(adjoint, "adjoint")
expose(movedim, "movedim", "moveaxis")


# -- dimensions of size 1, broadcasting ----------------------------------------------------------------------


@op("view")
def squeeze(F: Any, input: Any, *, dim: Any) -> Any:
    """The dimensions `dim` (an int, a tuple, or None for all) dropped where they have size 1; others stay.

    >>> ag.zeros(1, 3, 1).squeeze().shape, ag.zeros(1, 3, 1).squeeze(0).shape
    (ag.Size([3]), ag.Size([3, 1]))
    """
    return F.squeeze(input, dim=dim)


squeeze.rule(input=lambda F, g, input_like: F.reshape(g, shape=input_like.shape))


@squeeze.surface
@numpy_names
def _squeeze(input: Tensor, dim: Any = None) -> Tensor:
    check_tensor(input, "squeeze")
    ndim = input._array.ndim
    dims = None if dim is None else () if dim == () else canonical_dims(dim, ndim)
    result: Tensor = squeeze.apply(input, dim=dims)
    return result


_squeeze.__doc__ = squeeze.__doc__


@op("view")
def unsqueeze(F: Any, input: Any, *, dim: Any) -> Any:
    """A new dimension of size 1 at place `dim` of the result.

    >>> ag.zeros(2, 3).unsqueeze(-1).shape
    ag.Size([2, 3, 1])
    """
    return F.unsqueeze(input, dim)


unsqueeze.rule(input=lambda F, g, *, dim: F.squeeze(g, dim=dim))


@unsqueeze.surface
@numpy_names
def _unsqueeze(input: Tensor, dim: int) -> Tensor:
    check_tensor(input, "unsqueeze")
    result: Tensor = unsqueeze.apply(input, dim=canonical_dim(dim, input._array.ndim + 1))
    return result


_unsqueeze.__doc__ = unsqueeze.__doc__


def expand(input: Tensor, *sizes: Any, size: Any = None, implicit: bool = False) -> Tensor:
    """Dimensions of size 1 repeated, and new ones added in front, without using memory; -1 keeps a size.

    Args:
        sizes: the extents, as ints or as one tuple; or give the tuple as `size`.

    Raises:
        RuntimeError: a dimension of another size than 1 would change, or there are fewer sizes than dimensions.

    >>> ag.tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    check_tensor(input, "expand", "self")
    wanted = integers(sizes if size is None else (size,), "expand")
    shape = input._array.shape
    new = len(wanted) - len(shape)
    if new < 0:
        raise RuntimeError(
            f"expand(ag.{input._type.dtype.scalar_name}Tensor{{{list(shape)}}}, size={list(wanted)}): the "
            "number of sizes "
            f"provided ({len(wanted)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
            f"{errors.here()}"
        )
    result = []
    for axis, extent in enumerate(wanted):
        old = shape[axis - new] if axis >= new else 1
        if extent == -1:
            if axis < new:
                raise RuntimeError(
                    "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
                    f"dimension {axis}"
                    f"{errors.here()}"
                )
            extent = old
        elif extent < 0 or (extent != old and old != 1):
            raise RuntimeError(
                f"The expanded size of the tensor ({extent}) must match the existing size ({old}) at "
                "non-singleton dimension "
                f"{axis}.  Target sizes: {list(wanted)}.  Tensor sizes: {list(shape)}{errors.here()}"
            )
        result.append(extent)
    expanded: Tensor = REGISTRY["expand"].apply(input, shape=tuple(result))
    return expanded


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` expanded to the shape of `other`."""
    return expand(input, other.shape)


def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """`input` expanded to `size` (a tuple); the same as ``input.expand(size)``."""
    return expand(input, size)


def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """`input` summed to `size`, which must be broadcastable to its shape: the opposite of `expand`.

    >>> ag.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    wanted = integers(size, "sum_to_size")
    shape = input._array.shape
    new = len(shape) - len(wanted)
    if new < 0 or any(extent not in (1, shape[new + axis]) for axis, extent in enumerate(wanted)):
        raise RuntimeError(
            f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.{errors.here()}"
        )
    dims = tuple(range(new)) + tuple(
        new + axis for axis, n in enumerate(wanted) if n == 1 and shape[new + axis] != 1
    )
    if not dims:
        return input
    return reshape(REGISTRY["sum"].public(input, dim=dims, keepdim=True), wanted)


def broadcast_shapes(*shapes: Any) -> Shape:
    """The shape that `shapes` (tuples or ints) broadcast to.

    >>> ag.broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    tuples = [integers((shape,), "broadcast_shapes", "shapes") for shape in shapes]
    width = max(map(len, tuples), default=0)
    result = [1] * width
    for shape in tuples:
        for axis, extent in enumerate(shape, width - len(shape)):
            if extent != 1 and result[axis] not in (1, extent):
                raise RuntimeError(
                    "Shape mismatch: objects cannot be broadcast to a single shape: "
                    f"{', '.join(str(list(s)) for s in tuples)}{errors.here()}"
                )
            result[axis] = extent if extent != 1 else result[axis]
    return tuple(result)


def common_shape(tensors: Sequence[Tensor]) -> Shape:
    """The shape that tensors broadcast to, with PyTorch's message for those that do not."""
    shape: Shape = ()
    for tensor in tensors:
        other = tensor._array.shape
        width = max(len(shape), len(other))
        a, b = (1,) * (width - len(shape)) + shape, (1,) * (width - len(other)) + other
        for axis in reversed(range(width)):
            if a[axis] != b[axis] and 1 not in (a[axis], b[axis]):
                raise RuntimeError(
                    f"The size of tensor a ({a[axis]}) must match the size of tensor b ({b[axis]}) at "
                    "non-singleton "
                    f"dimension {axis}{errors.here()}"
                )
        shape = tuple(n if m == 1 else m for m, n in zip(a, b, strict=True))
    return shape


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """All tensors expanded to their common shape.

    >>> a, b = ag.broadcast_tensors(ag.zeros(3, 1), ag.zeros(4))
    >>> a.shape == b.shape == (3, 4)
    True
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    shape = common_shape(tensors)
    return tuple(expand(tensor, shape) for tensor in tensors)


def _each(function: Callable[[Tensor], Tensor]) -> Callable[..., Any]:
    """`function` for one tensor, for several, or for a list of them."""

    def on_all(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
            return tuple(function(tensor) for tensor in tensors[0])
        return function(tensors[0]) if len(tensors) == 1 else tuple(function(tensor) for tensor in tensors)

    on_all.__name__ = on_all.__qualname__ = function.__name__
    on_all.__doc__ = function.__doc__
    return on_all


@_each
def atleast_1d(input: Tensor) -> Tensor:
    """A number as a tensor of shape (1,); others as they are. Takes one tensor or several."""
    return reshape(input, (1,)) if input._array.ndim == 0 else input


@_each
def atleast_2d(input: Tensor) -> Tensor:
    """Dimensions added in front until there are 2. Takes one tensor or several."""
    if input._array.ndim == 0:
        return reshape(input, (1, 1))
    return _unsqueeze(input, 0) if input._array.ndim == 1 else input


@_each
def atleast_3d(input: Tensor) -> Tensor:
    """At least 3 dimensions: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1). Takes one tensor or
    several."""
    if input._array.ndim == 0:
        return reshape(input, (1, 1, 1))
    if input._array.ndim == 1:
        result: Tensor = _unsqueeze(_unsqueeze(input, 0), -1)
        return result
    return _unsqueeze(input, -1) if input._array.ndim == 2 else input


# -- in place ------------------------------------------------------------------------------------------------


def t_(input: Tensor) -> Tensor:
    """`t` in place: the tensor itself gets the transposed shape. Returns the tensor."""
    if input._array.ndim > 2:
        raise RuntimeError(
            f"t_() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D{errors.here()}"
        )
    return inplace_view(t, input)


def transpose_(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose` in place: the tensor itself gets the other shape. Returns the tensor.

    >>> ag.zeros(2, 3, 4).transpose_(0, -1).shape
    ag.Size([4, 3, 2])
    """
    ndim = input._array.ndim
    return inplace_view(transpose, input, dim0=canonical_dim(dim0, ndim), dim1=canonical_dim(dim1, ndim))


@numpy_names
def squeeze_(input: Tensor, dim: Any = None) -> Tensor:
    """`squeeze` in place: the tensor itself loses dimensions of size 1. Returns the tensor."""
    ndim = input._array.ndim
    dims = None if dim is None else () if dim == () else canonical_dims(dim, ndim)
    return inplace_view(squeeze, input, dim=dims)


@numpy_names
def unsqueeze_(input: Tensor, dim: int) -> Tensor:
    """`unsqueeze` in place: the tensor itself gets a dimension of size 1. Returns the tensor.

    >>> ag.zeros(2, 3).unsqueeze_(0).shape
    ag.Size([1, 2, 3])
    """
    return inplace_view(unsqueeze, input, dim=canonical_dim(dim, input._array.ndim + 1))


expose(t_, "t_", function_too=False)
expose(transpose_, "transpose_", "swapaxes_", "swapdims_", function_too=False)
expose(squeeze_, "squeeze_", function_too=False)
expose(unsqueeze_, "unsqueeze_", function_too=False)
expose(squeeze, "squeeze")
expose(unsqueeze, "unsqueeze")
expose(expand, "expand", function_too=False)
expose(expand_as, "expand_as", function_too=False)
expose(broadcast_to, "broadcast_to")
expose(sum_to_size, "sum_to_size", function_too=False)
FUNCTIONS["broadcast_shapes"] = broadcast_shapes
expose(broadcast_tensors, "broadcast_tensors", method=False)
expose(atleast_1d, "atleast_1d", method=False)
expose(atleast_2d, "atleast_2d", method=False)
expose(atleast_3d, "atleast_3d", method=False)
