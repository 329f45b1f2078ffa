"""Largest and smallest elements, and where they are.

NaN wins over every number. Where several elements share the extreme, `amax`, `amin` and the forms without
``dim`` share the gradient equally among them; the forms that also return indices give it to the one named.
"""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import REGISTRY, Op, expose, op
from autograd_gpu.dtypes import BOOL, COMPLEX
from autograd_gpu.ops import return_types
from autograd_gpu.ops.arguments import (
    canonical_dim,
    canonical_dims,
    check_tensor,
    kept_shape,
    numpy_names,
    with_kept,
)


def shared_by_equals(F: Any, g: Any, input: Any, out: Any, *, dim: Any, keepdim: bool) -> Any:
    """The gradient of an extreme, in equal parts to all elements that equal it."""
    shape = input.shape
    return _shared(F, g, input == with_kept(F, out, shape, dim, keepdim), dim=dim, keepdim=keepdim)


def shared_by_equals_and_nan(F: Any, g: Any, input: Any, out: Any) -> Any:
    """The same for the extreme of all elements; where it is NaN, to all elements that are."""
    equal = (input == out) | (F.isnan(input) & F.isnan(out))
    return _shared(F, g, equal, dim=None, keepdim=False)


def _shared(F: Any, g: Any, chosen: Any, *, dim: Any, keepdim: bool) -> Any:
    shape = chosen.shape
    equal = F.cast(chosen, dtype=g.dtype)
    share = with_kept(F, g, shape, dim, keepdim) / F.sum(equal, dim=dim, keepdim=True)
    return share * equal


@op("general")
def amax(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.amax(input, dim=dim, keepdim=keepdim)


amax.rule(input=shared_by_equals)


@op("general")
def amin(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.amin(input, dim=dim, keepdim=keepdim)


amin.rule(input=shared_by_equals)


@op("general", grad_name="MaxBackward1")
def max_all(F: Any, input: Any) -> Any:
    """The largest element of a tensor."""
    return F.amax(input)


max_all.rule(input=shared_by_equals_and_nan)


@op("general", grad_name="MinBackward1")
def min_all(F: Any, input: Any) -> Any:
    """The smallest element of a tensor."""
    return F.amin(input)


min_all.rule(input=shared_by_equals_and_nan)


def to_chosen(F: Any, g: Any, indices: Any, input_like: Any, *, dim: int, keepdim: bool) -> Any:
    """The gradient of elements that were chosen along `dim`, back at their places."""
    shape = input_like.shape
    if not shape:
        return g
    if not keepdim:
        kept = kept_shape(shape, dim)
        g, indices = F.reshape(g, shape=kept), F.reshape(indices, shape=kept)
    return F.place(g, indices, dim=dim, size=shape[dim], unique=True)


@op("general", outputs=("values", "indices"), grad_name="MaxBackward0")
def max_with_index(F: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """The largest elements along one dimension and their indices."""
    return F.max_with_index(input, dim=dim, keepdim=keepdim)


max_with_index.rule(input=to_chosen)


@op("general", outputs=("values", "indices"), grad_name="MinBackward0")
def min_with_index(F: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """The smallest elements along one dimension and their indices."""
    return F.min_with_index(input, dim=dim, keepdim=keepdim)


min_with_index.rule(input=to_chosen)


@op("general", out="infer")
def argmax(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.argmax(input, dim=dim, keepdim=keepdim)


argmax.no_rule()


@op("general", out="infer")
def argmin(F: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    return F.argmin(input, dim=dim, keepdim=keepdim)


argmin.no_rule()

# -- what users call -----------------------------------------------------------------------------------


def _check(
    name: str, input: Any, dims: tuple[int, ...] | None, unspecified: type[Exception] = RuntimeError
) -> None:
    """PyTorch's errors for complex numbers, and for an extreme of nothing."""
    if input._type.dtype.category == COMPLEX:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input._type.dtype.scalar_name}': complex numbers have no "
            "order; "
            f"compare x.abs() or x.real{errors.here()}"
        )
    if 0 not in input.shape:
        return
    if dims is None:
        raise unspecified(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim "
            f"with the 'dim' argument. (input has shape {list(input.shape)}){errors.here()}"
        )
    for dim in dims:
        if input.shape[dim] == 0:
            raise IndexError(
                f"{name}(): Expected reduction dim {dim} to have non-zero size. "
                f"(input has shape {list(input.shape)}){errors.here()}"
            )


@amax.surface
@numpy_names
def _amax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The largest value over `dim`; equal ones share the gradient.

    Args:
        input: any dtype but complex. NaN counts as the largest.
        dim: int or tuple of ints; None or () for all dimensions. NumPy's `axis` is accepted too.
        keepdim: keep the reduced dimensions with size 1. NumPy's `keepdims` is accepted too.

    Raises:
        IndexError: a dimension is out of range, or a reduced one is empty.
        NotImplementedError: complex input.

    Example:
        >>> ag.amax(ag.tensor([[1.0, 5.0], [5.0, 2.0]]), dim=(0, 1))
        tensor(5.)
    """
    return _extreme("amax", amax, input, dim, keepdim)


@amin.surface
@numpy_names
def _amin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The smallest value over `dim`; equal ones share the gradient. Arguments and errors as for `ag.amax`.

    Example:
        >>> ag.amin(ag.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=0)
        tensor([1., 2.])
    """
    return _extreme("amin", amin, input, dim, keepdim)


def _extreme(name: str, record: Op, input: Any, dim: Any, keepdim: bool) -> Tensor:
    check_tensor(input, name)
    dims = canonical_dims(dim, input.ndim)
    _check(name, input, dims)
    return record.apply(input, dim=dims, keepdim=keepdim)  # type: ignore[no-any-return]


@numpy_names
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Largest elements, in three forms:

    - ``max(input)``: the largest element of the tensor; equal ones share the gradient.
    - ``max(input, dim, keepdim=False)``: a named tuple ``(values, indices)`` along one dimension, of equal
      elements the first.
    - ``max(input, other)``: elementwise, `ag.maximum`.

    NaN counts as the largest.

    Raises:
        IndexError: `dim` is out of range or empty.
        RuntimeError: the tensor is empty and no `dim` is given.
        NotImplementedError: complex input.

    Example:
        >>> x = ag.tensor([[1.0, 3.0], [4.0, 2.0]])
        >>> ag.max(x)
        tensor(4.)
        >>> ag.max(x, dim=1).indices
        tensor([1, 0])
        >>> ag.max(x, ag.tensor(2.5))
        tensor([[2.5000, 3.0000],
                [4.0000, 2.5000]])
    """
    return _three_forms(
        "max", "maximum", max_all, max_with_index, return_types.max, input, dim, keepdim, other
    )


@numpy_names
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Smallest elements, in the three forms of `ag.max`. NaN counts as the smallest.

    Example:
        >>> x = ag.tensor([[1.0, 3.0], [4.0, 2.0]])
        >>> ag.min(x, 0).values
        tensor([1., 2.])
    """
    return _three_forms(
        "min", "minimum", min_all, min_with_index, return_types.min, input, dim, keepdim, other
    )


def _three_forms(
    name: str, binary: str, whole: Op, along: Op, named: Any, input: Any, dim: Any, keepdim: bool, other: Any
) -> Any:
    check_tensor(input, name)
    if isinstance(dim, Tensor) and other is None:
        dim, other = None, dim
    if other is not None:
        return REGISTRY[binary].public(input, other)
    if dim is None:
        _check(name, input, None)
        return whole.apply(input)
    axis = canonical_dim(dim, input.ndim)
    _check(name, input, (axis,) if input.ndim else None)
    return named(*along.apply(input, dim=axis, keepdim=keepdim))


def _arg(name: str, record: Op, input: Any, dim: Any, keepdim: bool) -> Tensor:
    check_tensor(input, name)
    if input._type.dtype.category in (BOOL, COMPLEX):
        kind = "bool" if input._type.dtype.category == BOOL else "complex"
        raise RuntimeError(f"{name}(): does not support {kind} input{errors.here()}")
    axis = None if dim is None else canonical_dim(dim, input.ndim)
    if not input.ndim:
        axis = None
    _check(name, input, None if axis is None else (axis,), IndexError)
    return record.apply(input, dim=axis, keepdim=keepdim)  # type: ignore[no-any-return]


@argmax.surface
@numpy_names
def _argmax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Index (int64) of the first largest element along `dim`, or in the flattened tensor without `dim`.

    Args:
        input: integer or floating; NaN counts as the largest.
        dim: int or None. NumPy's `axis` is accepted too.
        keepdim: keep the reduced dimensions with size 1.

    Raises:
        IndexError: nothing to choose from, or `dim` out of range.
        RuntimeError: bool or complex input.

    Example:
        >>> ag.argmax(ag.tensor([[1.0, 5.0], [7.0, 2.0]]))
        tensor(2)
        >>> ag.argmax(ag.tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
        tensor([1, 0])
    """
    return _arg("argmax", argmax, input, dim, keepdim)


@argmin.surface
@numpy_names
def _argmin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Index (int64) of the first smallest element along `dim`, or in the flattened tensor without `dim`.
    Arguments and errors as for `ag.argmax`; NaN counts as the smallest.

    Example:
        >>> ag.argmin(ag.tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
        tensor([0, 1])
    """
    return _arg("argmin", argmin, input, dim, keepdim)


@numpy_names
def aminmax(input: Tensor, *, dim: Any = None, keepdim: bool = False) -> Any:
    """Smallest and largest value along one dimension, or of all elements, as a named tuple ``(min, max)``.

    Example:
        >>> ag.aminmax(ag.tensor([3.0, 1.0, 2.0])).max
        tensor(3.)
    """
    check_tensor(input, "aminmax")
    if dim is None and 0 in input.shape:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity. "
            f"(input has shape {list(input.shape)}){errors.here()}"
        )
    axis = None if dim is None else canonical_dim(dim, input.ndim)
    return return_types.aminmax(
        _extreme("amin", amin, input, axis, keepdim), _extreme("amax", amax, input, axis, keepdim)
    )


expose(amax, "amax")
expose(amin, "amin")
expose(max, "max")
expose(min, "min")
expose(argmax, "argmax")
expose(argmin, "argmin")
expose(aminmax, "aminmax")
