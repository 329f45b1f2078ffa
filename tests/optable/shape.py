"""Cases of autograd_gpu/ops/shape.py. Each names the layouts that decide between a view and a copy."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S

ALL = "float half int bool complex"
INVALID = r"shape '\[5\]' is invalid for input of size 6"


def _view_as(x: Any, shape: Any) -> Any:
    return x.reshape(shape)


def _other_shape(method: str) -> Any:
    """The method with a tensor that lends its shape."""
    return lambda x, shape: getattr(x, method)(ag.zeros(shape, device=x.device))


def _unflatten(x: Any, dim: int, sizes: Any) -> Any:
    dim %= x.ndim
    return x.reshape(*x.shape[:dim], *sizes, *x.shape[dim + 1 :])


def _flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    if x.ndim == 0:
        return x.reshape(1)
    return x.reshape(*x.shape[:start_dim], -1, *x.shape[end_dim % x.ndim + 1 :]) if x.size else x


def _sum_to_size(x: Any, *size: int) -> Any:
    leading = x.ndim - len(size)
    axes = tuple(axis for axis in range(x.ndim) if axis < leading or size[axis - leading] != x.shape[axis])
    return x.sum(axis=axes).reshape(size) if axes else x


def _atleast_3d(x: Any) -> Any:
    return np.atleast_3d(x)


CASES = [
    OpCase(
        "view",
        call=lambda x, *shape: x.contiguous().view(*shape),  # the other layouts may have no view
        samples=lambda make: [
            S(make(2, 3), 3, 2),
            S(make(2, 3), (-1,)),
            S(make(), 1, 1),
            S(make(0, 3), 3, 0),
        ],
        ref=lambda x, *shape: x.reshape(*shape),
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(2, 3), 5), RuntimeError, INVALID),
            ErrorCase(
                lambda make: S(make(2, 3, transposed=True)),
                RuntimeError,
                r"view size is not compatible with input tensor's size and stride",
                call=lambda x: x.view(6),
            ),
            ErrorCase(lambda make: S(make(2, 3), -1, -1), RuntimeError, "only one dimension can be inferred"),
            ErrorCase(lambda make: S(make(2, 3), 2.5), TypeError, "must be tuple of ints"),
        ],
    ),
    OpCase(
        "view_dtype",
        call=lambda x, dtype: x.contiguous().view(dtype),
        samples=lambda make: [S(make(2, 4), ag.uint8), S(make(3), ag.int8)],
        ref=lambda x, dtype: x.view(dtype.numpy),
        upcast=False,
        dtypes=ALL,
        gradient=False,
        out_dtype=None,
        check=lambda out, x, dtype: _assert_dtype(out, dtype),
    ),
    OpCase(
        "reshape",
        also="reshape_copy",
        samples=lambda make: [
            S(make(2, 3), 3, 2),
            S(make(2, 3, transposed=True), 6),  # a copy
            S(make(4, 3, transposed=True), 2, 2, 3),  # still a view
            S(make(2, 3, strided=True), (-1, 1)),
            S(make(), 1),
            S(make(1), ()),
            S(make(0, 3), 3, -1),
        ],
        ref=lambda x, *shape: x.reshape(*shape),
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(2, 3), 5), RuntimeError, INVALID),
            ErrorCase(lambda make: S(make(0, 3), -1, 0), RuntimeError, "is ambiguous"),
            ErrorCase(lambda make: S(make(2, 3), -2, 3), RuntimeError, "invalid shape dimension -2"),
        ],
    ),
    OpCase(
        "view_as",
        call=lambda x, shape: x.contiguous().view_as(ag.zeros(shape, device=x.device)),
        samples=lambda make: [S(make(2, 3), (3, 2))],
        ref=_view_as,
        dtypes=ALL,
    ),
    OpCase(
        "reshape_as",
        call=_other_shape("reshape_as"),
        samples=lambda make: [S(make(2, 3), (3, 2))],
        ref=_view_as,
        dtypes=ALL,
    ),
    OpCase(
        "flatten",
        samples=lambda make: [
            S(make(2, 3)),
            S(make(2, 3, 2), 1),
            S(make(2, 3, 2), 0, 1),
            S(make()),
            S(make(3), 0, 0),
        ],
        ref=_flatten,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3, 4), 2, 1), RuntimeError, "start_dim cannot come after end_dim"
            ),
            ErrorCase(lambda make: S(make(2, 3), 2), IndexError, "Dimension out of range"),
        ],
    ),
    OpCase(
        "ravel",
        samples=lambda make: [S(make(2, 3)), S(make()), S(make(0, 2))],
        ref=lambda x: x.ravel(),
        dtypes=ALL,
    ),
    OpCase(
        "unflatten",
        call=lambda x, dim, sizes: x.contiguous().unflatten(dim, sizes),
        samples=lambda make: [S(make(2, 6), 1, (2, 3)), S(make(6, 2), -2, (3, -1))],
        ref=_unflatten,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), 1, (2, 3)),
                RuntimeError,
                r"Provided sizes \[2, 3\] don't multiply up",
            )
        ],
    ),
    OpCase(
        "permute",
        samples=lambda make: [
            S(make(2, 3, 4), 2, 0, 1),
            S(make(2, 3), (-1, 0)),
            S(make(), ()),
            S(make(0, 2), 1, 0),
        ],
        ref=lambda x, *dims: np.transpose(x, dims[0] if isinstance(dims[0], tuple) else dims),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), 0),
                RuntimeError,
                r"input.dim\(\) = 2 is not equal to len\(dims\) = 1",
            ),
            ErrorCase(lambda make: S(make(2, 3), 0, 0), RuntimeError, "duplicate dims are not allowed"),
            ErrorCase(lambda make: S(make(2, 3), 0, 2), IndexError, r"range of \[-2, 1\], but got 2"),
        ],
    ),
    OpCase(
        "transpose",
        also="swapaxes swapdims",
        samples=lambda make: [
            S(make(2, 3, 4), 0, 2),
            S(make(2, 3), -1, 0),
            S(make(), 0, -1),
            S(make(0, 2), 0, 1),
        ],
        ref=lambda x, a, b: np.swapaxes(x, a, b) if x.ndim else x,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(2, 3), 0, 2), IndexError, r"range of \[-2, 1\], but got 2")],
    ),
    OpCase(
        "t",
        samples=lambda make: [S(make(2, 3)), S(make(3)), S(make()), S(make(0, 2))],
        ref=lambda x: x.T,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(2, 3, 4)), RuntimeError, "expects a tensor with <= 2 dimensions")
        ],
    ),
    OpCase(
        "T",
        call=lambda x: x.T,
        samples=lambda make: [S(make(2, 3)), S(make(2, 3, 4)), S(make(3)), S(make())],
        ref=lambda x: x.T,
        dtypes=ALL,
    ),
    OpCase(
        "mT",
        call=lambda x: x.mT,
        samples=lambda make: [S(make(2, 3)), S(make(2, 3, 4))],
        ref=lambda x: np.swapaxes(x, -1, -2),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3)), RuntimeError, "only supported on matrices or batches of matrices"
            )
        ],
    ),
    OpCase(
        "H",
        call=lambda x: x.H,
        samples=lambda make: [S(make(2, 3))],
        ref=lambda x: x.conj().T,
        dtypes="float half int complex",
        errors=[ErrorCase(lambda make: S(make(2, 3, 4)), RuntimeError, "only supported on matrices")],
    ),
    OpCase(
        "adjoint",
        also="mH",
        samples=lambda make: [S(make(2, 3)), S(make(2, 3, 4))],
        ref=lambda x: np.swapaxes(x, -1, -2).conj(),
        dtypes="float half int complex",
    ),
    OpCase(
        "movedim",
        also="moveaxis",
        samples=lambda make: [S(make(2, 3, 4), 0, -1), S(make(2, 3, 4), (0, 1), (1, 2)), S(make(2, 3), 1, 0)],
        ref=np.moveaxis,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(2, 3), (0, 0), (0, 1)), RuntimeError, "repeated dim in `source`")
        ],
    ),
    OpCase(
        "squeeze",
        samples=lambda make: [
            S(make(1, 3, 1)),
            S(make(1, 3, 1), 0),
            S(make(1, 3, 1), 1),  # not of size 1: stays
            S(make(1, 3, 1), (0, -1)),
            S(make(), 0),
            S(make(1, 0), 0),
        ],
        ref=lambda x, dim=None: np.squeeze(
            x,
            None
            if dim is None
            else tuple(d for d in (dim if isinstance(dim, tuple) else (dim,)) if x.ndim and x.shape[d] == 1),
        ),
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(1, 3), 2), IndexError, r"range of \[-2, 1\], but got 2")],
    ),
    OpCase(
        "unsqueeze",
        samples=lambda make: [S(make(2, 3), 0), S(make(2, 3), -1), S(make(), 0), S(make(0), 1)],
        ref=np.expand_dims,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(2, 3), 3), IndexError, r"range of \[-3, 2\], but got 3")],
    ),
    OpCase(
        "expand",
        variant="method",
        call=lambda x, *size: x.expand(*size),
        samples=lambda make: [
            S(make(3, 1), 3, 4),
            S(make(3, 1), (2, -1, 4)),
            S(make(), 2),
            S(make(1, 2), 0, 2),
        ],
        ref=lambda x, *size: np.broadcast_to(x, (2, 3, 4) if isinstance(size[0], tuple) else size),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), 3, 5),
                RuntimeError,
                r"The expanded size of the tensor \(5\) must match the existing size \(4\) at non-singleton "
                r"dimension 1",
            ),
            ErrorCase(
                lambda make: S(make(3, 4), 4),
                RuntimeError,
                r"the number of sizes provided \(1\) must be greater",
            ),
            ErrorCase(
                lambda make: S(make(3), -1, 3),
                RuntimeError,
                "isn't allowed in a leading, non-existing dimension 0",
            ),
        ],
    ),
    OpCase(
        "expand_as",
        call=_other_shape("expand_as"),
        samples=lambda make: [S(make(3, 1), (3, 4))],
        ref=np.broadcast_to,
        dtypes=ALL,
    ),
    OpCase(
        "broadcast_to",
        samples=lambda make: [S(make(3, 1), (3, 4)), S(make(), (2, 2))],
        ref=np.broadcast_to,
        dtypes=ALL,
    ),
    OpCase(
        "sum_to_size",
        samples=lambda make: [S(make(2, 3), 1, 3), S(make(2, 3), 3), S(make(2, 3), 2, 3)],
        ref=_sum_to_size,
        dtypes="float half complex",
        errors=[ErrorCase(lambda make: S(make(2, 3), 2), RuntimeError, "is not expandable to size")],
    ),
    OpCase(
        "broadcast_tensors",
        also="broadcast_shapes",  # the arithmetic of it; its doctest and its errors are in tests of their own
        samples=lambda make: [S(make(3, 1), make(4)), S([make(), make(2, 1)])],
        ref=lambda *xs: tuple(np.broadcast_arrays(*(xs[0] if isinstance(xs[0], list) else xs))),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), make(2)),
                RuntimeError,
                r"The size of tensor a \(4\) must match the size of tensor b \(2\) at non-singleton "
                r"dimension 1",
            ),
            ErrorCase(
                lambda make: S((3, 4), (2,)),
                RuntimeError,
                "objects cannot be broadcast to a single shape",
                call=ag.broadcast_shapes,
            ),
        ],
    ),
    *(
        OpCase(
            name,
            samples=lambda make: [
                S(make()),
                S(make(3)),
                S(make(2, 3)),
                S(make(2, 3, 1, 2)),
                S(make(), make(2)),
            ],
            ref=lambda *xs, name=name: (
                tuple(getattr(np, name)(x) for x in xs) if len(xs) > 1 else getattr(np, name)(xs[0])
            ),
            dtypes=ALL,
        )
        for name in ("atleast_1d", "atleast_2d", "atleast_3d")
    ),
    # the view ops that change the shape of the tensor itself
    OpCase(
        "t_",
        call=lambda x: x.clone().t_(),
        samples=lambda make: [S(make(2, 3)), S(make(3)), S(make())],
        ref=lambda x: x.T,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(2, 3, 4)), RuntimeError, "expects a tensor with <= 2 dimensions")
        ],
    ),
    OpCase(
        "transpose_",
        also="swapaxes_ swapdims_",
        call=lambda x, a, b: x.clone().transpose_(a, b),
        samples=lambda make: [S(make(2, 3, 4), 0, 2), S(make(2, 3), -1, 0), S(make(0, 2), 0, 1)],
        ref=np.swapaxes,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(2, 3), 0, 2), IndexError, r"range of \[-2, 1\], but got 2")],
    ),
    OpCase(
        "squeeze_",
        call=lambda x, *dim: x.clone().squeeze_(*dim),
        samples=lambda make: [S(make(1, 3, 1)), S(make(1, 3, 1), 0), S(make(1, 0), 0)],
        ref=np.squeeze,
        dtypes=ALL,
    ),
    OpCase(
        "unsqueeze_",
        call=lambda x, dim: x.clone().unsqueeze_(dim),
        samples=lambda make: [S(make(2, 3), 0), S(make(2, 3), -1), S(make(), 0)],
        ref=np.expand_dims,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(2, 3), 3), IndexError, r"range of \[-3, 2\], but got 3")],
    ),
]


def _assert_dtype(out: Any, dtype: Any) -> None:
    assert out.dtype is dtype
