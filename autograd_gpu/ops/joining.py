"""New arrangements of the same elements: joined, stacked, mirrored, repeated, padded. All of these copy."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.op import REGISTRY, TensorNamespace, expose, op, operand
from autograd_gpu.ops.arguments import canonical_dim, canonical_dims, check_tensor, in_dtype, numpy_names
from autograd_gpu.ops.index import index_select
from autograd_gpu.ops.parts import diagonal, two_dims
from autograd_gpu.ops.shape import (
    Shape,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    expand,
    flatten,
    integers,
    ravel,
    reshape,
    transpose,
)  # fmt: skip

int64 = dtypes.int64.numpy


# -- copies --------------------------------------------------------------------------------------------------


@op("linear")
def clone(F: Any, input: Any) -> Any:
    """A copy with memory of its own; gradients flow through it.

    >>> x = ag.ones(2)
    >>> y = x.clone().zero_()
    >>> x
    tensor([1., 1.])
    """
    return F.copy(input)


clone.rule(input=lambda F, g: g)


@clone.surface
def _clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    check_tensor(input, "clone")
    result: Tensor = clone.apply(input)
    return result


_clone.__doc__ = clone.__doc__


def contiguous(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """The tensor itself if its elements lie in memory in row-major order, else a copy that does."""
    check_tensor(input, "contiguous")
    if input._type.namespace.is_contiguous(input._array):
        return input
    result: Tensor = clone.apply(input)
    return result


expose(clone, "clone")
expose(contiguous, "contiguous", function_too=False)


# -- joining -------------------------------------------------------------------------------------------------


@op("linear", promote="common")
def cat(F: Any, *tensors: Any, dim: Any) -> Any:
    """Tensors one after the other along dimension `dim`. Their other dimensions must agree; dtypes are
    promoted.

    Raises:
        ValueError: no tensors.
        RuntimeError: sizes or numbers of dimensions that do not fit.

    >>> ag.cat([ag.zeros(2), ag.ones(1)])
    tensor([0., 0., 1.])
    """
    return F.cat(tensors, dim=dim)


# The raw namespace's `cat` takes one sequence, as users' does; rules may call F.cat(list, dim=...) in both.
cat.forward_name = "cat_inputs"
cat.rule(
    tensors=lambda F, g, tensors_like, *, dim: F.split(
        g, tuple(spec.shape[dim] for spec in tensors_like), dim=dim
    )
)


def _explain_cat(tensors: Sequence[Tensor], params: dict[str, Any]) -> None:
    dim = params["dim"]
    first = tensors[0]._array.shape
    for position, tensor in enumerate(tensors):
        shape = tensor._array.shape
        if not shape:
            raise RuntimeError(f"zero-dimensional tensor (at position {position}) cannot be concatenated")
        if len(shape) != len(first):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        for axis, (a, b) in enumerate(zip(first, shape, strict=True)):
            if axis != dim and a != b:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {a} but got size "
                    f"{b} for tensor "
                    f"number {position} in the list."
                )


cat.explain_error = _explain_cat


def _sequence(tensors: Any, function: str) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not isinstance(tensors, (tuple, list)):
        raise TypeError(
            f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
            f"{type(tensors).__name__}"
            f"{errors.here()}"
        )
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{function}(): expected Tensor as element {position} in argument 0, but got "
                f"{type(tensor).__name__}"
                f"{errors.here()}"
            )
    return list(tensors)


@cat.surface
@numpy_names
def _cat(tensors: Any, dim: int = 0) -> Tensor:
    members = _sequence(tensors, "cat")
    if not members:
        raise ValueError(f"torch.cat(): expected a non-empty list of Tensors{errors.here()}")
    if any(tensor._array.shape == (0,) for tensor in members) and any(
        tensor._array.ndim > 1 for tensor in members
    ):
        # As in PyTorch, vectors without elements fit everywhere; their dtypes count.
        dtype = dtypes.result_type(*(operand(tensor) for tensor in members))
        members = [tensor for tensor in members if tensor._array.shape != (0,)]
        members[0] = in_dtype(members[0], dtype)
    result: Tensor = cat.apply(*members, dim=canonical_dim(dim, members[0]._array.ndim))
    return result


_cat.__doc__ = cat.__doc__


@op("linear", promote="common")
def stack(F: Any, *tensors: Any, dim: Any) -> Any:
    """Tensors of one shape, stacked along a new dimension at place `dim` of the result; dtypes are promoted.

    Raises:
        RuntimeError: no tensors, or different shapes.

    >>> ag.stack([ag.zeros(2), ag.ones(2)], dim=1)
    tensor([[0., 1.],
            [0., 1.]])
    """
    return F.stack(tensors, dim=dim)


stack.forward_name = "stack_inputs"
stack.rule(tensors=lambda F, g, *, dim: F.unbind(g, dim=dim))


def _explain_stack(tensors: Sequence[Tensor], params: dict[str, Any]) -> None:
    first = tensors[0]._array.shape
    for position, tensor in enumerate(tensors):
        if tensor._array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(tensor._array.shape)} at entry {position}"
            )


stack.explain_error = _explain_stack


@stack.surface
@numpy_names
def _stack(tensors: Any, dim: int = 0) -> Tensor:
    members = _sequence(tensors, "stack")
    if not members:
        raise RuntimeError(f"stack expects a non-empty TensorList{errors.here()}")
    result: Tensor = stack.apply(*members, dim=canonical_dim(dim, members[0]._array.ndim + 1))
    return result


_stack.__doc__ = stack.__doc__


def _some(tensors: Any, function: str) -> Any:
    """A sequence with at least one tensor."""
    members = _sequence(tensors, function)
    if not len(members):
        raise RuntimeError(f"{function} expects a non-empty TensorList{errors.here()}")
    return members


def hstack(tensors: Any) -> Tensor:
    """Joined along columns: dimension 1, or 0 for vectors and numbers."""
    members = atleast_1d(_some(tensors, "hstack"))
    result: Tensor = _cat(list(members), 0 if members and members[0]._array.ndim == 1 else 1)
    return result


def vstack(tensors: Any) -> Tensor:
    """Joined along rows: dimension 0; vectors are rows."""
    result: Tensor = _cat(list(atleast_2d(_some(tensors, "vstack"))), 0)
    return result


def dstack(tensors: Any) -> Tensor:
    """Joined along depth: dimension 2, added where there is none."""
    result: Tensor = _cat(list(atleast_3d(_some(tensors, "dstack"))), 2)
    return result


def column_stack(tensors: Any) -> Tensor:
    """Joined along dimension 1; vectors and numbers are columns."""
    columns = [
        reshape(tensor, (tensor._array.size, 1)) if tensor._array.ndim < 2 else tensor
        for tensor in _sequence(tensors, "column_stack")
    ]
    result: Tensor = _cat(columns, 1)
    return result


def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along the diagonal of a larger one, zeros elsewhere.

    >>> ag.block_diag(ag.ones(1, 1), ag.ones(1, 2))
    tensor([[1., 0., 0.],
            [0., 1., 1.]])
    """
    blocks = atleast_2d(list(tensors))
    for position, block in enumerate(blocks):
        if block._array.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {position} has "
                f"{block._array.ndim} dimensions{errors.here()}"
            )
    widths = [block._array.shape[1] for block in blocks]
    rows = [_pad(block, (sum(widths[:i]), sum(widths[i + 1 :]))) for i, block in enumerate(blocks)]
    result: Tensor = _cat(rows, 0)
    return result


expose(cat, "cat", "concat", "concatenate", method=False)
expose(stack, "stack", method=False)
expose(hstack, "hstack", method=False)
expose(vstack, "vstack", "row_stack", method=False)
expose(dstack, "dstack", method=False)
expose(column_stack, "column_stack", method=False)
expose(block_diag, "block_diag", method=False)


# -- mirrored, rotated ---------------------------------------------------------------------------------------


@op("linear")
def flip(F: Any, input: Any, *, dims: Any) -> Any:
    """A copy with the order of the dimensions `dims` reversed.

    >>> ag.arange(3).flip(0)
    tensor([2, 1, 0])
    """
    return F.flip(input, dims)


flip.rule(input=lambda F, g, *, dims: F.flip(g, dims=dims))


@flip.surface
def _flip(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    check_tensor(input, "flip")
    chosen = integers((named["dims"],) if "dims" in named else dims, "flip", "dims")
    result: Tensor = flip.apply(input, dims=canonical_dims(chosen, input._array.ndim) or ())
    return result


_flip.__doc__ = flip.__doc__


def fliplr(input: Tensor) -> Tensor:
    """A copy with columns (dimension 1) in reversed order."""
    if input._array.ndim < 2:
        raise RuntimeError(f"Input must be >= 2-d.{errors.here()}")
    result: Tensor = _flip(input, 1)
    return result


def flipud(input: Tensor) -> Tensor:
    """A copy with rows (dimension 0) in reversed order."""
    if input._array.ndim < 1:
        raise RuntimeError(f"Input must be >= 1-d.{errors.here()}")
    result: Tensor = _flip(input, 0)
    return result


@op("linear")
def roll(F: Any, input: Any, *, shifts: Any, dims: Any) -> Any:
    """A copy with elements moved cyclically by `shifts` along `dims` (ints or tuples); over the flattened
    tensor if there are no `dims`.

    >>> ag.arange(4).roll(1)
    tensor([3, 0, 1, 2])
    """
    return F.roll(input, shifts, dims)


roll.rule(input=lambda F, g, *, shifts, dims: F.roll(g, shifts=tuple(-shift for shift in shifts), dims=dims))


@roll.surface
@numpy_names
def _roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    check_tensor(input, "roll")
    moves = integers((shifts,), "roll", "shifts")
    axes = None if dims is None or dims == () else integers((dims,), "roll", "dims")
    if not moves:
        raise RuntimeError(f"`shifts` required{errors.here()}")
    if len(moves) != (1 if axes is None else len(axes)):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(moves)}, dims:{len(axes or ())}{errors.here()}"
        )
    if axes is not None:
        axes = tuple(canonical_dim(dim, input._array.ndim) for dim in axes)
    result: Tensor = roll.apply(input, shifts=moves, dims=axes if input._array.ndim else None)
    return result


_roll.__doc__ = roll.__doc__


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Rotated by `k` times 90 degrees in the plane of `dims`, from the first towards the second.

    >>> ag.rot90(ag.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    check_tensor(input, "rot90")
    ndim = input._array.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}{errors.here()}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}{errors.here()}")
    first, second = (canonical_dim(dim, ndim) for dim in dims)
    if first == second:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = "
            f"{dims[1]}{errors.here()}"
        )
    result: Tensor
    if k % 4 == 0:
        result = clone.apply(input)
    elif k % 4 == 1:
        result = transpose.apply(flip.apply(input, dims=(second,)), dim0=first, dim1=second)
    elif k % 4 == 2:
        result = flip.apply(input, dims=(first, second))
    else:
        result = flip.apply(transpose.apply(input, dim0=first, dim1=second), dims=(second,))
    return result


for _function in (flip, fliplr, flipud, roll, rot90):
    expose(_function, _function.__name__)


# -- repeated ------------------------------------------------------------------------------------------------


@op("linear")
def repeat(F: Any, input: Any, *, repeats: Any) -> Any:
    """A copy with each dimension repeated that many times; more repeats than dimensions add dimensions in
    front.

    Raises:
        RuntimeError: fewer repeats than dimensions, or a negative one.

    >>> ag.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    return F.tile(input, repeats)


repeat.rule(input=lambda F, g, input_like, *, repeats: _sum_repeats(F, g, input_like.shape, repeats))


def _sum_repeats(F: Any, g: Any, shape: Shape, repeats: Shape) -> Any:
    """Each repeat is a dimension of its own, to sum over."""
    extents = (1,) * (len(repeats) - len(shape)) + tuple(shape)
    blocks = tuple(itertools.chain.from_iterable(zip(repeats, extents, strict=True)))
    if not blocks:
        return g
    return F.sum(F.reshape(g, shape=blocks), dim=tuple(range(0, len(blocks), 2)), keepdim=False)


@repeat.surface
def _repeat(input: Tensor, *repeats: Any, **named: Any) -> Tensor:
    check_tensor(input, "repeat")
    counts = integers((named["repeats"],) if "repeats" in named else repeats, "repeat", "repeats")
    shape = input._array.shape
    if len(counts) < len(shape):
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
            f" (got {len(counts)} and {len(shape)}){errors.here()}"
        )
    if min(counts, default=0) < 0:
        extents = (1,) * (len(counts) - len(shape)) + shape
        wanted = [count * extent for count, extent in zip(counts, extents, strict=True)]
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(wanted)}: {wanted}{errors.here()}"
        )
    result: Tensor = repeat.apply(input, repeats=counts)
    return result


_repeat.__doc__ = repeat.__doc__


def tile(input: Tensor, *dims: Any) -> Tensor:
    """Like `repeat`, but fewer repeats than dimensions are allowed: missing ones, in front, are 1.

    >>> ag.tensor([[1, 2]]).tile(2)
    tensor([[1, 2, 1, 2]])
    """
    check_tensor(input, "tile")
    counts = integers(dims, "tile", "dims")
    result: Tensor = _repeat(input, (1,) * (input._array.ndim - len(counts)) + counts)
    return result


@op("linear")
def repeat_interleave(F: Any, input: Any, *, repeats: Any, dim: Any) -> Any:
    """Each entry of dimension `dim` (None: of the flattened tensor) `repeats` times in a row.

    Args:
        repeats: a number, or an integer tensor with one number per entry (then `output_size`, their sum, is
        checked).

    >>> ag.tensor([1, 2]).repeat_interleave(2)
    tensor([1, 1, 2, 2])
    >>> ag.tensor([1, 2]).repeat_interleave(ag.tensor([1, 3]))
    tensor([1, 2, 2, 2])
    """
    return F.repeat_interleave(input, repeats, dim)


repeat_interleave.rule(
    input=lambda F, g, input_like, *, repeats, dim: F.sum(
        F.reshape(g, shape=(*input_like.shape[: dim + 1], repeats, *input_like.shape[dim + 1 :])),
        dim=(dim + 1,),
        keepdim=False,
    )
)


@repeat_interleave.surface
@numpy_names
def _repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    check_tensor(input, "repeat_interleave")
    if repeats is None:  # repeat_interleave(repeats): the index of the entry that each place repeats
        return _places_repeated(input, output_size)
    if dim is None:
        input, dim = flatten(input), 0
    else:
        dim = canonical_dim(dim, input._array.ndim)
        if input._array.ndim == 0:
            input = reshape(input, (1,))
    if isinstance(repeats, (list, tuple)):
        repeats = wrap(input._type.namespace.asarray(repeats, int64))
    if isinstance(repeats, Tensor) and repeats._array.size == 1:
        repeats = int(repeats._array.reshape(()))
    if isinstance(repeats, Tensor):
        extent = input._array.shape[dim]
        if repeats._array.ndim != 1 or repeats._array.shape[0] != extent:
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{repeats._array.shape[0] if repeats._array.ndim else 1} and input.size({dim}) = "
                f"{extent}{errors.here()}"
            )
        return index_select.apply(input, _places_repeated(repeats, output_size), dim=dim)
    (count,) = integers((repeats,), "repeat_interleave", "repeats")
    if count < 0:
        raise RuntimeError(f"Repeats must be non-negative{errors.here()}")
    return repeat_interleave.apply(input, repeats=count, dim=dim)


_repeat_interleave.__doc__ = repeat_interleave.__doc__


def _places_repeated(repeats: Tensor, output_size: int | None) -> Tensor:
    array, namespace = repeats._array, repeats._type.namespace
    if repeats._type.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"repeats has to be Long or Int tensor, not {repeats._type.dtype}{errors.here()}")
    if namespace.run(lambda: bool((array < 0).any())):
        raise RuntimeError(f"repeats can not be negative{errors.here()}")
    places = namespace.repeat_interleave(namespace.arange(0, array.size, 1, int64), array.reshape(-1), 0)
    if output_size is not None and output_size != places.size:
        raise RuntimeError(f"allocated size does not match required size {places.size}{errors.here()}")
    return wrap(places)


expose(repeat, "repeat", function_too=False)
expose(tile, "tile")
expose(repeat_interleave, "repeat_interleave")


# -- padded --------------------------------------------------------------------------------------------------


@op("general", grad_name="ConstantPadNdBackward0")
def pad(F: Any, input: Any, *, pad: Any, mode: Any, value: Any) -> Any:
    """`input` with a border. `pad` lists (before, after) for the last dimension, then for the one before it,
    and so on; negative numbers crop.

    Args:
        mode: "constant" (`value`, default 0), "reflect" (mirrored, without the edge), "replicate" (the edge)
        or "circular".

    Raises:
        RuntimeError: `pad` has an odd length or too many entries, or is larger than what there is to mirror.
        NotImplementedError: an unknown mode, or one of the last three on more dimensions than PyTorch pads.

    >>> ag.nn.functional.pad(ag.ones(2), (1, 2))
    tensor([0., 1., 1., 0., 0.])
    """
    return F.pad(input, pad, mode, value)


# The adjoint of padding with a constant is cropping, which is padding by the negative.
pad.rule(
    input=lambda F, g, input_like, *, pad, mode: (
        F.pad(g, pad=tuple(-n for n in pad), mode="constant", value=0)
        if mode == "constant"
        else F.pad_backward(g, shape=input_like.shape, pad=pad, mode=mode)
    )
)


@op("linear")
def pad_backward(F: Any, grad: Any, *, shape: Any, pad: Any, mode: Any) -> Any:
    """Each element of the border added to the one it is a copy of: the adjoint of `pad` (but with a
    constant)."""
    for position in reversed(range(len(pad) // 2)):
        axis = len(shape) - 1 - position
        places = F.pad(F.arange(0, shape[axis], 1, int64), pad[2 * position : 2 * position + 2], mode)
        total = F.zeros((*grad.shape[:axis], shape[axis], *grad.shape[axis + 1 :]), grad.dtype)
        F.index_put_add(total, (slice(None),) * axis + (places,), grad)
        grad = total
    return grad


pad_backward.rule(grad=lambda F, g, *, pad, mode: F.pad(g, pad=pad, mode=mode, value=0))


@pad.surface
def _pad(input: Tensor, pad: Any, mode: str = "constant", value: Any = None) -> Tensor:
    check_tensor(input, "pad")
    amounts = integers((pad,), "pad", "pad")
    shape = input._array.shape
    if len(amounts) % 2:
        raise RuntimeError(
            f"Padding length must be divisible by 2, but pad is {list(amounts)}{errors.here()}"
        )
    if len(amounts) > 2 * len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding "
            "length "
            f"{len(amounts)} and input of dimension {len(shape)}{errors.here()}"
        )
    if mode not in ("constant", "reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}{errors.here()}")
    if mode != "constant":
        _check_border(shape, amounts, mode, value)
    for position in range(len(amounts) // 2):
        axis = len(shape) - 1 - position
        if shape[axis] + amounts[2 * position] + amounts[2 * position + 1] < 0:
            raise RuntimeError(
                f"narrow(): length must be non-negative: pad {list(amounts)} crops more than there is at "
                f"dimension {axis} of "
                f"input {list(shape)}.{errors.here()}"
            )
    result: Tensor = REGISTRY["pad"].apply(input, pad=amounts, mode=mode, value=0 if value is None else value)
    return result


_pad.__doc__ = pad.__doc__


def _check_border(shape: Shape, amounts: Shape, mode: str, value: Any) -> None:
    if value not in (None, 0):
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument{errors.here()}')
    padded = len(amounts) // 2
    if not (1 <= padded <= 3 and padded + 1 <= len(shape) <= padded + 2):
        raise NotImplementedError(
            f"Padding size {len(amounts)} is not supported for {len(shape)}D input tensor in mode {mode!r}: "
            "pad the last "
            f"1, 2 or 3 dimensions of an input with one or two more{errors.here()}"
        )
    for position in range(padded):
        axis = len(shape) - 1 - position
        before, after = amounts[2 * position : 2 * position + 2]
        extent = shape[axis]
        if mode == "reflect" and max(before, after) >= max(extent, 1):
            raise RuntimeError(
                "Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {axis} of input {list(shape)}{errors.here()}"
            )
        if mode == "circular" and max(before, after) > extent:
            raise RuntimeError(
                f"Padding value causes wrapping around more than once: padding ({before}, {after}) at "
                f"dimension {axis} of "
                f"input {list(shape)}.{errors.here()}"
            )
        if mode == "replicate" and extent == 0 and (before or after):
            raise RuntimeError(
                f"Expected a non-zero size at dimension {axis} of input {list(shape)} for "
                f"padding{errors.here()}"
            )


# -- triangles and diagonals ---------------------------------------------------------------------------------


def _matrices(input: Any, function: str) -> None:
    check_tensor(input, function)
    if input._array.ndim < 2:
        raise RuntimeError(f"{function}: input tensor must have at least 2 dimensions{errors.here()}")


@op("linear")
def tril(F: Any, input: Any, *, k: Any) -> Any:
    """The lower triangles of matrices, zeros above; `diagonal` > 0 keeps that many diagonals more.

    >>> ag.ones(2, 2).tril()
    tensor([[1., 0.],
            [1., 1.]])
    """
    return F.tril(input, k)


tril.rule(input=lambda F, g, *, k: F.tril(g, k))


@tril.surface
def _tril(input: Tensor, diagonal: int = 0) -> Tensor:
    _matrices(input, "tril")
    result: Tensor = tril.apply(input, k=diagonal)
    return result


@op("linear")
def triu(F: Any, input: Any, *, k: Any) -> Any:
    """The upper triangles of matrices, zeros below; `diagonal` > 0 leaves that many diagonals out.

    >>> ag.ones(2, 2).triu()
    tensor([[1., 1.],
            [0., 1.]])
    """
    return F.triu(input, k)


triu.rule(input=lambda F, g, *, k: F.triu(g, k))


@triu.surface
def _triu(input: Tensor, diagonal: int = 0) -> Tensor:
    _matrices(input, "triu")
    result: Tensor = triu.apply(input, k=diagonal)
    return result


_tril.__doc__, _triu.__doc__ = tril.__doc__, triu.__doc__


@op("linear")
def diag_embed(F: Any, input: Any, *, offset: Any, dim1: Any, dim2: Any) -> Any:
    """Zeros with the last dimension of `input` on the diagonal of the new dimensions `dim1` and `dim2`.

    >>> ag.diag_embed(ag.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    return F.diag_embed(input, offset, dim1, dim2)


diag_embed.rule(input=lambda F, g, *, offset, dim1, dim2: F.diagonal(g, offset=offset, dim1=dim1, dim2=dim2))


@diag_embed.surface
def _diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    check_tensor(input, "diag_embed")
    ndim = input._array.ndim
    if ndim == 0:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [-1, 0], but got {dim1}): diag_embed needs "
            "a tensor with a "
            f"dimension{errors.here()}"
        )
    first, second = two_dims(dim1, dim2, ndim + 1)
    result: Tensor = diag_embed.apply(input, offset=offset, dim1=first, dim2=second)
    return result


_diag_embed.__doc__ = diag_embed.__doc__


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A matrix with a vector on a diagonal, or a copy of a matrix's diagonal as a vector.

    >>> ag.diag(ag.tensor([1, 2]), 1)
    tensor([[0, 1, 0],
            [0, 0, 2],
            [0, 0, 0]])
    """
    check_tensor(input, "diag")
    if input._array.ndim == 1:
        result: Tensor = _diag_embed(input, diagonal)
        return result
    if input._array.ndim == 2:
        found: Tensor = clone.apply(_diagonal(input, diagonal))
        return found
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D{errors.here()}")


_diagonal = diagonal.public


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements of `input` on a diagonal."""
    result: Tensor = _diag_embed(ravel(input), offset)
    return result


for _function in (tril, triu, diag_embed, diag, diagflat):
    expose(_function, _function.__name__)


# -- grids ---------------------------------------------------------------------------------------------------


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Grids of coordinates: tensor number i of the result varies along dimension i like vector number i.

    Args:
        indexing: "ij" (matrix order, default) or "xy" (the first two dimensions swapped, as in plots).

    >>> x, y = ag.meshgrid(ag.arange(2), ag.arange(3))
    >>> y
    tensor([[0, 1, 2],
            [0, 1, 2]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}{errors.here()}'
        )
    if not tensors:
        raise RuntimeError(f"meshgrid expects a non-empty TensorList{errors.here()}")
    for tensor in tensors:
        if tensor._array.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got a tensor of shape "
                f"{list(tensor._array.shape)}{errors.here()}"
            )
        if (tensor._type.dtype, tensor._type.device) != (tensors[0]._type.dtype, tensors[0]._type.device):
            raise RuntimeError(
                "torch.meshgrid expects all tensors to have the same dtype and to be on the same "
                f"device{errors.here()}"
            )
    swapped = indexing == "xy" and len(tensors) >= 2
    vectors = [reshape(tensor, (-1,)) for tensor in tensors]
    if swapped:
        vectors[:2] = vectors[1], vectors[0]
    shape = tuple(vector._array.size for vector in vectors)
    grids = []
    for axis, vector in enumerate(vectors):
        placed = reshape(vector, (1,) * axis + (vector._array.size,) + (1,) * (len(shape) - axis - 1))
        grids.append(expand(placed, shape))
    if swapped:
        grids[:2] = grids[1], grids[0]
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Tensor:
    """All combinations of one element from each vector, as rows.

    >>> ag.cartesian_prod(ag.arange(2), ag.arange(2))
    tensor([[0, 0],
            [0, 1],
            [1, 0],
            [1, 1]])
    """
    if len(tensors) == 1:
        return reshape(tensors[0], (-1,))
    result: Tensor = _stack([reshape(grid, (-1,)) for grid in meshgrid(*tensors)], 1)
    return result


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of `r` elements of a vector, in order, as rows; each element once, or more often
    `with_replacement`.

    >>> ag.combinations(ag.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    check_tensor(input, "combinations")
    if input._array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input._array.shape)}{errors.here()}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}{errors.here()}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = list(choose(range(input._array.shape[0]), r))
    namespace = input._type.namespace
    flat = namespace.asarray([place for row in places for place in row], int64)
    chosen: Tensor = index_select.apply(input, wrap(flat), dim=0)
    return reshape(chosen, (len(places), r))


expose(meshgrid, "meshgrid", method=False)
expose(cartesian_prod, "cartesian_prod", method=False)
expose(combinations, "combinations")

TensorNamespace.contiguous = staticmethod(contiguous)  # type: ignore[attr-defined]
