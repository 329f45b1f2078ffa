"""Cases of autograd_gpu/ops/parts.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S

ALL = "float half int bool complex"
DIFFERENTIABLE = "float half complex"
# the layout of a contiguous (3, 4) matrix, and two ways to look at its memory: overlapping, and with an
# offset
SOURCE = ((3, 4), (4, 1), 0)
OVERLAPPING = ((3, 3), (1, 1), 0)
WITH_OFFSET = ((2, 2), (4, 1), 5)


def _narrow(x: Any, dim: int, start: int, length: int) -> Any:
    start %= x.shape[dim] + (start >= 0)
    return np.take(x, range(start, start + length), axis=dim)


def _unfold(x: Any, dim: int, size: int, step: int) -> Any:
    if x.ndim == 0:
        return x.reshape(1)[:size]
    dim %= x.ndim
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=dim)
    return np.take(windows, range(0, windows.shape[dim], step), axis=dim)


def _split(x: Any, size: Any, dim: int = 0) -> Any:
    cuts = np.cumsum(size)[:-1] if isinstance(size, (list, tuple)) else range(size, x.shape[dim], size)
    return tuple(np.split(x, list(cuts), axis=dim))


def _chunk(x: Any, chunks: int, dim: int = 0) -> Any:
    return _split(x, -(-x.shape[dim] // chunks), dim)


def _put(g: Any, shape: Any, key: Any) -> Any:
    result = np.zeros(shape, g.dtype)
    result[key] = g
    return result


def _put_diagonal(g: Any, shape: Any, offset: int, dim1: int, dim2: int) -> Any:
    result = np.zeros(shape, g.dtype)
    view = np.diagonal(result, offset, dim1, dim2)
    view.flags.writeable = True
    view[...] = g
    return result


def _add_windows(g: Any, shape: Any, dim: int, size: int, step: int) -> Any:
    result = np.zeros(shape, g.dtype)
    for number in range(g.shape[dim]):
        region = [slice(None)] * len(shape)
        region[dim] = slice(number * step, number * step + size)
        result[tuple(region)] += np.moveaxis(np.take(g, number, axis=dim), -1, dim)
    return result


def _as_strided(x: Any, size: Any, stride: Any, offset: int = 0) -> Any:
    places = offset + sum(
        (np.arange(n) * s).reshape((n,) + (1,) * (len(size) - axis - 1))
        for axis, (n, s) in enumerate(zip(size, stride, strict=True))
    )
    return x.reshape(-1)[places]


def _strided_back(g: Any, source: Any, target: Any) -> Any:
    total = np.zeros(12, g.dtype)
    np.add.at(total, _as_strided(np.arange(12), *target).reshape(-1), g.reshape(-1))
    return total.reshape(source[0])


CASES = [
    OpCase(
        "slice_view",
        samples=lambda make: [
            S(make(4, 5), key=(slice(1, None, 2), Ellipsis)),
            S(make(4, 5), key=(None, 1, slice(0, 3), Ellipsis)),
            S(make(3), key=(slice(2, 2), Ellipsis)),
        ],
        ref=lambda x, key: x[key],
        dtypes=ALL,
    ),
    OpCase(
        "slice_backward",
        samples=lambda make: [
            S(make(2, 5), shape=(4, 5), key=(slice(1, None, 2), Ellipsis)),
            S(make(3), shape=(4, 3), key=(-1, Ellipsis)),
            S(make(), shape=(2,), key=(0, Ellipsis)),
        ],
        ref=_put,
        dtypes=DIFFERENTIABLE,
    ),
    OpCase(
        "select",
        samples=lambda make: [S(make(3, 4), 0, 1), S(make(3, 4), -1, -2), S(make(2), 0, 0)],
        ref=lambda x, dim, index: np.take(x, index, axis=dim),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), 0, 7),
                IndexError,
                r"index 7 out of range for tensor of size \[3, 4\] at dimension 0",
            ),
            ErrorCase(lambda make: S(make(), 0, 0), IndexError, "cannot be applied to a 0-dim tensor"),
        ],
    ),
    OpCase(
        "narrow",
        samples=lambda make: [S(make(3, 4), 1, 1, 2), S(make(3, 4), 0, -2, 1), S(make(3), 0, 3, 0)],
        ref=_narrow,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), 0, 2, 5),
                RuntimeError,
                r"start \(2\) \+ length \(5\) exceeds dimension size \(3\)",
            ),
            ErrorCase(lambda make: S(make(3, 4), 0, 0, -1), RuntimeError, "length must be non-negative"),
        ],
    ),
    OpCase(
        "diagonal",
        samples=lambda make: [
            S(make(3, 4)),
            S(make(3, 4), 1),
            S(make(3, 4), -2, 1, 0),
            S(make(2, 3, 4), 0, -1, 0),
            S(make(2, 2), 5),
        ],
        ref=lambda x, offset=0, dim1=0, dim2=1: np.diagonal(x, offset, dim1, dim2),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), 0, 0, 0),
                RuntimeError,
                "diagonal dimensions cannot be identical 0, 0",
            ),
            ErrorCase(lambda make: S(make(3)), IndexError, r"range of \[-1, 0\], but got 1"),
        ],
    ),
    OpCase(
        "diagonal_backward",
        samples=lambda make: [
            S(make(3), shape=(3, 4), offset=0, dim1=0, dim2=1),
            S(make(2, 3), shape=(3, 2, 4), offset=1, dim1=0, dim2=2),
        ],
        ref=_put_diagonal,
        dtypes=DIFFERENTIABLE,
    ),
    OpCase(
        "unfold",
        samples=lambda make: [
            S(make(5), 0, 3, 1),
            S(make(3, 6), 1, 2, 3),
            S(make(3, 4), -2, 2, 2),
            S(make(), 0, 1, 1),
        ],
        ref=_unfold,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), 0, 5, 1),
                RuntimeError,
                "maximum size for tensor at dimension 0 is 3 but size is 5",
            ),
            ErrorCase(lambda make: S(make(3, 4), 0, 2, 0), RuntimeError, "step is 0 but must be > 0"),
        ],
    ),
    OpCase(
        "unfold_backward",
        samples=lambda make: [
            S(make(3, 3), shape=(5,), dim=0, size=3, step=1),
            S(make(2, 2, 3), shape=(2, 6), dim=1, size=3, step=3),
        ],
        ref=_add_windows,
        dtypes=DIFFERENTIABLE,
    ),
    OpCase(
        "as_strided",
        also="strided_view",
        call=lambda x, *rest: x.contiguous().as_strided(*rest),  # the reference knows the contiguous layout
        samples=lambda make: [
            S(make(3, 4), (3, 3), (1, 1)),
            S(make(3, 4), (2, 2), (4, 1), 5),
            S(make(2), (), ()),
        ],
        ref=_as_strided,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), (20, 20), (1, 2)), RuntimeError, "are out of bounds for storage"
            ),
            ErrorCase(
                lambda make: S(make(3, 4), (2, 2), (-1, 2)),
                RuntimeError,
                "Negative strides are not supported",
            ),
        ],
    ),
    OpCase(
        "as_strided_copy",
        samples=lambda make: [
            S(make(3, 4), source=SOURCE, target=OVERLAPPING),
            S(make(3, 4), source=SOURCE, target=WITH_OFFSET),
        ],
        ref=lambda x, source, target: _as_strided(x, *target),
        dtypes=DIFFERENTIABLE,
    ),
    OpCase(
        "as_strided_backward",
        samples=lambda make: [
            S(make(3, 3), source=SOURCE, target=OVERLAPPING),
            S(make(2, 2), source=SOURCE, target=WITH_OFFSET),
        ],
        ref=_strided_back,
        dtypes=DIFFERENTIABLE,
    ),
    OpCase(
        "split",
        samples=lambda make: [
            S(make(5, 2), 2),
            S(make(2, 4), 4, 1),
            S(make(5), [1, 4]),
            S(make(3, 2), 1, -2),
        ],
        ref=_split,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0), RuntimeError, "split_size can only be 0 if dimension size is 0"
            ),
            ErrorCase(lambda make: S(make(3), -1), RuntimeError, "split expects split_size be non-negative"),
        ],
    ),
    OpCase(
        "split_with_sizes",
        samples=lambda make: [S(make(5, 2), (2, 0, 3)), S(make(2, 3), [1, 2], 1)],
        ref=_split,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), (1, 1)), RuntimeError, "expects split_sizes to sum exactly to 3"
            ),
            ErrorCase(lambda make: S(make(3), (-1, 4)), RuntimeError, "only non-negative entries"),
        ],
    ),
    OpCase(
        "chunk",
        samples=lambda make: [S(make(5), 3), S(make(2, 6), 2, 1), S(make(3), 5)],
        ref=_chunk,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0), RuntimeError, "expects `chunks` to be greater than 0, got: 0"
            )
        ],
    ),
    OpCase(
        "tensor_split",
        samples=lambda make: [S(make(5), 3), S(make(2, 6), (1, 4), 1), S(make(3), 5), S(make(3), (2, 1))],
        ref=lambda x, sections, dim=0: tuple(
            np.array_split(x, sections if isinstance(sections, int) else list(sections), axis=dim)
        ),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), 0), RuntimeError, "number of sections must be larger than 0, got 0"
            )
        ],
    ),
    *(
        OpCase(
            name,
            samples=lambda make: [S(make(2, 4, 2), 2), S(make(2, 4, 2), (1,))],
            ref=lambda x, sections, name=name: tuple(getattr(np, name)(x, sections)),
            dtypes=ALL,
            errors=[
                ErrorCase(lambda make: S(make(), 2), RuntimeError, "requires a tensor with at least"),
                ErrorCase(
                    lambda make: S(make(5, 5, 5), 2), RuntimeError, "is not divisible by the split_size 2!"
                ),
            ],
        )
        for name in ("hsplit", "vsplit", "dsplit")
    ),
    OpCase(
        "unbind",
        samples=lambda make: [S(make(3, 2)), S(make(2, 3), 1), S(make(2)), S(make(1, 2)), S(make(2, 0), 0)],
        ref=lambda x, dim=0: tuple(np.moveaxis(x, dim, 0)),
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make()), IndexError, "tensor has no dimensions")],
    ),
]
