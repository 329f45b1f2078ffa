"""What functions do with their arguments before an op sees them: dimensions, dtypes, NumPy's names.

Ops take canonical parameters only (no negative dimension, no list); the texts of the errors are PyTorch's.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import REGISTRY

Function = TypeVar("Function", bound=Callable[..., Any])

#: NumPy's name of an argument: ours
NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(function: Function) -> Function:
    """Decorator: the function also takes NumPy's ``axis=`` for ``dim=`` and ``keepdims=`` for ``keepdim=``.

    >>> ag.sum(ag.ones(2, 3), axis=0)
    tensor([2., 2., 2.])
    """

    @functools.wraps(function)
    def accepting(*arguments: Any, **named: Any) -> Any:
        if named:
            for there, here in NUMPY_NAMES.items():
                if there in named:
                    if here in named:
                        raise TypeError(
                            f"{function.__name__.lstrip('_')}() got both '{here}' and '{there}', which "
                            "mean the same"
                            f"{errors.here()}"
                        )
                    named[here] = named.pop(there)
        return function(*arguments, **named)

    accepting.plain = function  # type: ignore[attr-defined] # what a call without keywords may use at once
    return accepting  # type: ignore[return-value]


def check_tensor(value: Any, function: str, name: str = "input", position: int = 1) -> None:
    """TypeError unless `value` is a tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{function}(): argument '{name}' (position {position}) must be Tensor, not "
            f"{type(value).__name__}{errors.here()}"
        )


def canonical_dim(dim: Any, ndim: int) -> int:
    """A dimension counted from the front. A tensor without dimensions has, as in PyTorch, the dimensions 0
    and -1.

    Raises:
        IndexError: outside ``[-ndim, ndim - 1]``.
        TypeError: not an integer.
    """
    if isinstance(dim, (str, float)) or dim is None:
        raise TypeError(f"argument 'dim' must be int, not {type(dim).__name__}{errors.here()}")
    position: int = operator.index(dim)
    limit = ndim or 1
    if not -limit <= position < limit:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {position})"
            f"{errors.here()}"
        )
    return position + limit if position < 0 else position


def canonical_dims(dim: Any, ndim: int) -> tuple[int, ...] | None:
    """The dimensions of a reduction: None for all of them (`dim` is None or empty), else a tuple in the order
    given.

    Raises:
        IndexError: one is out of range.
        RuntimeError: one appears twice.
    """
    if dim is None:
        return None
    if not isinstance(dim, Sequence) or isinstance(dim, str):
        dims: tuple[int, ...] = (canonical_dim(dim, ndim),)
    else:
        dims = tuple(canonical_dim(each, ndim) for each in dim)
        for each in dims:
            if dims.count(each) > 1:
                raise RuntimeError(f"dim {each} appears multiple times in the list of dims{errors.here()}")
    return dims if dims and ndim else None


def kept_shape(shape: Sequence[int], dims: tuple[int, ...] | int | None) -> tuple[int, ...]:
    """`shape` with the reduced dimensions of size 1."""
    if dims is None:
        return (1,) * len(shape)
    if isinstance(dims, int):
        dims = (dims,)
    return tuple(1 if axis in dims else size for axis, size in enumerate(shape))


def reduced_count(shape: Sequence[int], dims: tuple[int, ...] | int | None) -> int:
    """How many elements one result of a reduction over `dims` sees."""
    if isinstance(dims, int):
        dims = (dims,)
    count = 1
    for axis, size in enumerate(shape):
        if dims is None or axis in dims:
            count *= size
    return count


def spread(F: Any, g: Any, shape: Sequence[int], dims: tuple[int, ...] | int | None, keepdim: bool) -> Any:
    """`g`, one value per result of a reduction over `dims`, broadcast to the `shape` that was reduced."""
    return F.expand(with_kept(F, g, shape, dims, keepdim), shape=tuple(shape))


def with_kept(F: Any, g: Any, shape: Sequence[int], dims: tuple[int, ...] | int | None, keepdim: bool) -> Any:
    """`g`, one value per result of a reduction of `shape` over `dims`, such that it broadcasts to `shape`."""
    return g if keepdim or g.ndim == 0 else F.reshape(g, shape=kept_shape(shape, dims))


def in_dtype(input: Tensor, dtype: Any) -> Tensor:
    """`input` in the `dtype` that a user asked for; None leaves it as it is. Differentiable."""
    if dtype is None:
        return input
    wanted = dtypes.as_dtype(dtype)
    result: Tensor = (
        input if input._type.dtype is wanted else REGISTRY["cast"].apply(input, dtype=wanted.numpy)
    )
    return result
