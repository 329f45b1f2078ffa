"""Cases of autograd_gpu/ops/joining.py."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S

ALL = "float half int bool complex"
DIFFERENTIABLE = "float half complex"


def _pad(x: Any, pad: Any, mode: str = "constant", value: float = 0) -> Any:
    widths = [(0, 0)] * x.ndim
    crops = [slice(None)] * x.ndim
    for position in range(len(pad) // 2):
        before, after = pad[2 * position : 2 * position + 2]
        axis = x.ndim - 1 - position
        widths[axis] = max(before, 0), max(after, 0)
        crops[axis] = slice(max(-before, 0), x.shape[axis] - max(-after, 0))
    x = x[tuple(crops)]
    names = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    if mode == "constant":
        return np.pad(x, widths, constant_values=np.asarray(value).astype(x.dtype))
    return np.pad(x, widths, mode=names[mode])  # type: ignore[call-overload]


def _pad_backward(g: Any, shape: Any, pad: Any, mode: str) -> Any:
    places = _pad(np.arange(int(np.prod(shape))).reshape(shape), pad, mode)
    result = np.zeros(int(np.prod(shape)), g.dtype)
    np.add.at(result, places.reshape(-1), g.reshape(-1))
    return result.reshape(shape)


def _diag_embed(x: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    size = x.shape[-1] + abs(offset)
    result = np.zeros((*x.shape[:-1], size, size), x.dtype)
    places = np.arange(x.shape[-1])
    result[..., places + max(-offset, 0), places + max(offset, 0)] = x
    return np.moveaxis(result, (-2, -1), (dim1, dim2))


def _block_diag(*blocks: Any) -> Any:
    blocks = tuple(np.atleast_2d(block) for block in blocks)
    result = np.zeros(tuple(sum(block.shape[axis] for block in blocks) for axis in (0, 1)), blocks[0].dtype)
    row = column = 0
    for block in blocks:
        result[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return result


def _combinations(x: Any, r: int = 2, with_replacement: bool = False) -> Any:
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = np.array(list(choose(range(len(x)), r)), np.int64).reshape(-1, r)
    return x[places]


CASES = [
    OpCase("clone", samples=lambda make: [S(make(2, 3)), S(make()), S(make(0))], ref=lambda x: x, dtypes=ALL),
    OpCase("contiguous", samples=lambda make: [S(make(2, 3)), S(make())], ref=lambda x: x, dtypes=ALL),
    OpCase(
        "cat",
        also="concat concatenate",
        samples=lambda make: [
            S([make(2, 3), make(1, 3)]),
            S((make(2, 3), make(2, 1), make(2, 2)), -1),
            S([make(2, 3), make(0)]),  # vectors without elements fit everywhere
            S([make(3)]),
            S([make(2), make(0)]),
        ],
        ref=lambda xs, dim=0: np.concatenate([x for x in xs if x.shape != (0,) or xs[0].ndim == 1], dim),
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S([]), ValueError, "expected a non-empty list of Tensors"),
            ErrorCase(lambda make: S(make(2)), TypeError, "must be tuple of Tensors, not Tensor"),
            ErrorCase(
                lambda make: S([make(2), 1]),
                TypeError,
                "expected Tensor as element 1 in argument 0, but got int",
            ),
            ErrorCase(
                lambda make: S([make(3, 4), make(2, 5)]),
                RuntimeError,
                r"must match except in dimension 0. Expected size 4 but got size 5 for tensor number 1",
            ),
            ErrorCase(
                lambda make: S([make(3, 4), make(2)]), RuntimeError, "same number of dimensions: got 2 and 1"
            ),
            ErrorCase(
                lambda make: S([make(3), make()]), RuntimeError, r"zero-dimensional tensor \(at position 1\)"
            ),
        ],
    ),
    OpCase(
        "stack",
        samples=lambda make: [
            S([make(2, 3), make(2, 3)]),
            S((make(2), make(2)), -1),
            S([make(), make()]),
            S([make(0)]),
        ],
        ref=np.stack,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S([]), RuntimeError, "expects a non-empty TensorList"),
            ErrorCase(
                lambda make: S([make(2), make(3)]),
                RuntimeError,
                r"each tensor to be equal size, but got \[2\] at entry 0",
            ),
        ],
    ),
    OpCase(
        "hstack",
        samples=lambda make: [S([make(2), make(3)]), S([make(2, 1), make(2, 3)]), S([make(), make()])],
        ref=np.hstack,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S([]), RuntimeError, "hstack expects a non-empty TensorList")],
    ),
    OpCase(
        "vstack",
        also="row_stack",
        samples=lambda make: [S([make(3), make(2, 3)]), S([make(), make()])],
        ref=np.vstack,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S([]), RuntimeError, "vstack expects a non-empty TensorList")],
    ),
    OpCase(
        "dstack",
        samples=lambda make: [S([make(2, 3), make(2, 3)]), S([make(3), make(3)])],
        ref=np.dstack,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S([]), RuntimeError, "dstack expects a non-empty TensorList")],
    ),
    OpCase(
        "column_stack",
        samples=lambda make: [S([make(2), make(2, 3)]), S([make(), make()])],
        ref=np.column_stack,
        dtypes=ALL,
    ),
    OpCase(
        "block_diag",
        samples=lambda make: [S(make(2, 3), make(1, 2)), S(make(2), make()), S(make(2, 2))],
        ref=_block_diag,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(2, 2, 2)), RuntimeError, "Input 0 has 3 dimensions")],
    ),
    OpCase(
        "flip",
        samples=lambda make: [
            S(make(2, 3), 0),
            S(make(2, 3), (0, -1)),
            S(make(2, 3), 0, 1),
            S(make(0, 2), 0),
            S(make(2), ()),
        ],
        ref=lambda x, *dims: np.flip(x, dims[0] if isinstance(dims[0], tuple) else dims),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), 0, 0),
                RuntimeError,
                "dim 0 appears multiple times in the list of dims",
            )
        ],
    ),
    OpCase(
        "fliplr",
        samples=lambda make: [S(make(2, 3))],
        ref=np.fliplr,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(2)), RuntimeError, "Input must be >= 2-d")],
    ),
    OpCase(
        "flipud",
        samples=lambda make: [S(make(2, 3)), S(make(3))],
        ref=np.flipud,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make()), RuntimeError, "Input must be >= 1-d")],
    ),
    OpCase(
        "roll",
        samples=lambda make: [
            S(make(2, 3), 4),
            S(make(2, 3), -1, 1),
            S(make(2, 3), (1, 2), (0, 1)),
            S(make(0), 1),
            S(make(), 1),
        ],
        ref=np.roll,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(2, 3), (1, 2), (0,)), RuntimeError, "shifts: 2, dims:1"),
            ErrorCase(lambda make: S(make(2, 3), (1, 2)), RuntimeError, "shifts: 2, dims:0"),
        ],
    ),
    OpCase(
        "rot90",
        samples=lambda make: [
            S(make(2, 3)),
            S(make(2, 3), 2),
            S(make(2, 3), -1),
            S(make(2, 3, 2), 3, (2, 0)),
            S(make(2, 3), 4),
        ],
        ref=np.rot90,
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), 1, (0, 0)), RuntimeError, "expected rotation dims to be different"
            ),
            ErrorCase(
                lambda make: S(make(3)), RuntimeError, "expected total dims >= 2, but got total dims = 1"
            ),
        ],
    ),
    OpCase(
        "repeat",
        samples=lambda make: [
            S(make(2, 3), 2, 3),
            S(make(3), (2, 1, 2)),
            S(make(), 2),
            S(make(2), 0),
            S(make(), ()),
        ],
        ref=lambda x, *counts: np.tile(x, counts[0] if isinstance(counts[0], tuple) else counts),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), 2),
                RuntimeError,
                "can not be smaller than number of dimensions of tensor",
            ),
            ErrorCase(lambda make: S(make(2, 3), -1, 2), RuntimeError, r"negative dimension -2: \[-2, 6\]"),
        ],
    ),
    OpCase(
        "tile",
        samples=lambda make: [S(make(2, 3), 2), S(make(2, 3), (2, 1, 2)), S(make(), 3)],
        ref=np.tile,
        dtypes=ALL,
    ),
    OpCase(
        "repeat_interleave",
        samples=lambda make: [
            S(make(2, 3), 2),
            S(make(2, 3), 3, 0),
            S(make(2, 3), 2, dim=-1),
            S(make(3), np.array([1, 0, 2])),
            S(make(2, 3), np.array([2, 1]), 0),
            S(make(), 2),
            S(make(3), 0),
        ],
        ref=lambda x, repeats, dim=None: np.repeat(x, repeats, dim),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(3), np.array([1, 2])),
                RuntimeError,
                "repeats must have the same size as input along dim",
            ),
            ErrorCase(lambda make: S(make(3), -1), RuntimeError, "Repeats must be non-negative"),
            ErrorCase(
                lambda make: S(make(3), np.array([1, -2, 1])), RuntimeError, "repeats can not be negative"
            ),
        ],
    ),
    OpCase(
        "pad",
        samples=lambda make: [
            S(make(2, 3), (1, 2)),
            S(make(2, 3), (0, 1, 2, 0), "constant", 1.0),
            S(make(2, 3), (-1, 1, 2, -1)),
            S(make(0, 2), (1, 1, 1, 0)),
            S(make(2, 4), (3, 2), "reflect"),
            S(make(2, 4), (5, 1), "replicate"),
            S(make(2, 4), (4, 2), "circular"),
            S(make(2, 5), (-1, 2), "circular"),  # cropped before it is repeated
            S(make(2, 5), (2, -1), "circular"),
            S(make(2, 4), (-1, 2), "replicate"),
            S(make(1, 3, 3), (1, 2, 2, 1), "reflect"),
            S(make(1, 2, 2, 3), (1, 1, 0, 2, 1, 0), "replicate"),
        ],
        ref=_pad,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make(3), (1,)), RuntimeError, "Padding length must be divisible by 2"),
            ErrorCase(
                lambda make: S(make(3), (1,) * 4),
                RuntimeError,
                "less than or equal to two times the input dimension",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), (3, 0), "reflect"),
                RuntimeError,
                r"got: padding \(3, 0\) at dimension 1 of input \[2, 3\]",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), (4, 0), "circular"), RuntimeError, "wrapping around more than once"
            ),
            ErrorCase(
                lambda make: S(make(2, 3), (1, 1), "mirror"),
                NotImplementedError,
                "Unrecognised padding mode mirror",
            ),
            ErrorCase(
                lambda make: S(make(3), (1, 1), "reflect"),
                NotImplementedError,
                "not supported for 1D input tensor",
            ),
            ErrorCase(lambda make: S(make(3), (-2, -2)), RuntimeError, "length must be non-negative"),
            ErrorCase(
                lambda make: S(make(2, 3), (1, 1), "reflect", 2.0),
                RuntimeError,
                "doesn't take in value argument",
            ),
        ],
    ),
    OpCase(
        "pad_backward",
        samples=lambda make: [
            S(make(2, 9), shape=(2, 4), pad=(3, 2), mode="reflect"),
            S(make(1, 6, 6), shape=(1, 3, 3), pad=(1, 2, 2, 1), mode="replicate"),
            S(make(2, 7), shape=(2, 4), pad=(2, 1), mode="circular"),
        ],
        ref=_pad_backward,
        dtypes=DIFFERENTIABLE,
    ),
    *(
        OpCase(
            name,
            samples=lambda make: [
                S(make(3, 4)),
                S(make(3, 4), 1),
                S(make(2, 3, 3), diagonal=-1),
                S(make(0, 2)),
            ],
            ref=lambda x, diagonal=0, name=name: getattr(np, name)(x, diagonal),
            dtypes=ALL,
            inplace=f"{name}_",
            errors=[
                ErrorCase(
                    lambda make: S(make(3)), RuntimeError, "input tensor must have at least 2 dimensions"
                )
            ],
        )
        for name in ("tril", "triu")
    ),
    OpCase(
        "diag_embed",
        samples=lambda make: [S(make(3)), S(make(2, 3), 1), S(make(2, 3), -1, 0, 2), S(make(0))],
        ref=_diag_embed,
        dtypes=ALL,
        errors=[
            ErrorCase(lambda make: S(make()), IndexError, "Dimension out of range"),
            ErrorCase(
                lambda make: S(make(3), 0, 1, 1), RuntimeError, "diagonal dimensions cannot be identical 1, 1"
            ),
        ],
    ),
    OpCase(
        "diag",
        samples=lambda make: [S(make(3)), S(make(3), -1), S(make(3, 4)), S(make(3, 4), 1)],
        ref=np.diag,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make()), RuntimeError, "Supports 1D or 2D tensors. Got 0D")],
    ),
    OpCase(
        "diagflat",
        samples=lambda make: [S(make(3)), S(make(2, 2), 1), S(make())],
        ref=np.diagflat,
        dtypes=ALL,
    ),
    OpCase(
        "meshgrid",
        samples=lambda make: [
            S(make(2), make(3)),
            S(make(2), make(3), make(2), indexing="xy"),
            S([make(2), make()]),
        ],
        ref=lambda *xs, indexing="ij": tuple(
            np.meshgrid(*(xs[0] if isinstance(xs[0], list) else xs), indexing=indexing)
        ),
        dtypes=ALL,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 2)), RuntimeError, "Expected 0D or 1D tensor in the tensor list"
            ),
            ErrorCase(
                lambda make: S(make(2), indexing="xx"),
                RuntimeError,
                'must be one of "xy" or "ij", but received: xx',
            ),
        ],
    ),
    OpCase(
        "cartesian_prod",
        samples=lambda make: [S(make(2), make(3)), S(make(2))],
        ref=lambda *xs: (
            xs[0] if len(xs) == 1 else np.stack([g.reshape(-1) for g in np.meshgrid(*xs, indexing="ij")], 1)
        ),
        dtypes=ALL,
    ),
    OpCase(
        "combinations",
        samples=lambda make: [S(make(4)), S(make(3), 3), S(make(3), with_replacement=True), S(make(2), 3)],
        ref=_combinations,
        dtypes=ALL,
        errors=[ErrorCase(lambda make: S(make(2, 2)), RuntimeError, "Expect a 1D vector")],
    ),
]
