"""Cases of autograd_gpu/ops/rearrange.py."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from autograd_gpu.ops import embedding_bag, rearrange
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S


def _windows(x: Any, kernel: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """im2col, window by window."""
    kernel, dilation, padding, stride = (np.broadcast_to(o, 2) for o in (kernel, dilation, padding, stride))
    batched = x if x.ndim == 4 else x[None]
    padded = np.pad(batched, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    reach = dilation * (kernel - 1) + 1
    columns = [
        padded[:, :, i : i + reach[0] : dilation[0], j : j + reach[1] : dilation[1]]
        for i in range(0, padded.shape[2] - reach[0] + 1, stride[0])
        for j in range(0, padded.shape[3] - reach[1] + 1, stride[1])
    ]
    result = np.stack(columns, -1).reshape(len(batched), x.shape[-3] * kernel[0] * kernel[1], len(columns))
    return result if x.ndim == 4 else result[0]


def _added(columns: Any, size: Any, kernel: Any, *options: Any) -> Any:
    """col2im: the matrix of im2col, transposed."""
    batched = columns if columns.ndim == 3 else columns[None]
    channels = batched.shape[1] // int(np.prod(np.broadcast_to(kernel, 2)))
    count = channels * size[0] * size[1]
    basis = np.eye(count).reshape(count, channels, *size)
    matrix = _windows(basis, kernel, *options).reshape(count, -1)
    result = (batched.reshape(len(batched), -1) @ matrix.T.astype(columns.dtype)).reshape(-1, channels, *size)
    return result if columns.ndim == 3 else result[0]


def _shuffled(x: Any, r: int) -> Any:
    c, h, w = x.shape[-3] // r**2, *x.shape[-2:]
    result = np.zeros((*x.shape[:-3], c, h * r, w * r), x.dtype)
    for k, i, j in itertools.product(range(c), range(r), range(r)):
        result[..., k, i::r, j::r] = x[..., k * r * r + i * r + j, :, :]
    return result


def _unshuffled(x: Any, r: int) -> Any:
    parts = [x[..., k, i::r, j::r] for k in range(x.shape[-3]) for i in range(r) for j in range(r)]
    return np.stack(parts, -3)


def _bag_reference(
    indices: Any, weight: Any, offsets: Any = None, mode: str = "mean", padding_idx: Any = None
) -> Any:
    if offsets is None:
        bags = list(indices)
    else:
        bags = np.split(indices, offsets[1:])
    result = np.zeros((len(bags), weight.shape[1]), weight.dtype)
    for number, bag in enumerate(bags):
        rows = weight[[i for i in bag if i != padding_idx]]
        if len(rows):
            result[number] = {"sum": np.sum, "mean": np.mean, "max": np.max}[mode](rows, axis=0)
    return result


BAGS = np.array([0, 3, 1, 2, 2, 0, 3])
STARTS = np.array([0, 2, 2, 6])

CASES = [
    OpCase(
        "im2col",
        call=rearrange.unfold,
        samples=lambda make: [
            S(make(2, 3, 4, 5), 2),
            S(make(3, 4, 5), (2, 3)),
            S(make(1, 2, 5, 6), (2, 3), (2, 1), (1, 0), (1, 2)),
            S(make(0, 2, 3, 3), 2),
        ],
        ref=_windows,
        dtypes="float half complex int64",
        errors=[
            ErrorCase(
                lambda make: S(make(3, 4), 2),
                RuntimeError,
                "Expected 3D or 4D (batch mode) tensor".replace("(", r"\(").replace(")", r"\)"),
            ),
            ErrorCase(
                lambda make: S(make(1, 3, 3), 4), RuntimeError, "but its components must be at least one"
            ),
            ErrorCase(
                lambda make: S(make(1, 3, 3), 0), RuntimeError, "kernel_size should be greater than zero"
            ),
            ErrorCase(lambda make: S([1.0], 2), TypeError, "must be Tensor, not list"),
        ],
    ),
    OpCase(
        "col2im",
        call=rearrange.fold,
        samples=lambda make: [
            S(make(2, 8, 6), (3, 4), 2),
            S(make(8, 6), (3, 4), 2),
            S(make(1, 6, 8), (4, 6), (2, 3), (2, 1), (1, 0), (1, 2)).only("float64"),
        ],
        ref=_added,
        dtypes="float half",
        tol={"float16": 1.6e-2, "bfloat16": 1.3e-1},  # sums of up to four terms
        errors=[
            ErrorCase(
                lambda make: S(make(1, 7, 6), (3, 4), 2),
                RuntimeError,
                "Expected size of input's dimension 1 to be divisible by the product of kernel_size",
            ),
            ErrorCase(
                lambda make: S(make(1, 8, 5), (3, 4), 2), RuntimeError, "calculated number of sliding blocks"
            ),
        ],
    ),
    OpCase(
        "pixel_shuffle",
        samples=lambda make: [S(make(2, 8, 3, 2), 2), S(make(9, 1, 2), 3), S(make(2, 2, 4, 1, 1), 2)],
        ref=_shuffled,
        dtypes="float half complex int bool",
        errors=[
            ErrorCase(lambda make: S(make(3, 2, 2), 2), RuntimeError, "is not divisible by 4"),
            ErrorCase(
                lambda make: S(make(2, 2), 2), RuntimeError, "expects input to have at least 3 dimensions"
            ),
            ErrorCase(lambda make: S(make(4, 2, 2), 0), RuntimeError, "expects a positive upscale_factor"),
        ],
    ),
    OpCase(
        "pixel_unshuffle",
        samples=lambda make: [S(make(2, 2, 6, 4), 2), S(make(1, 3, 6), 3)],
        ref=_unshuffled,
        dtypes="float half complex int bool",
        errors=[
            ErrorCase(lambda make: S(make(1, 3, 4), 2), RuntimeError, "expects height to be divisible by"),
            ErrorCase(lambda make: S(make(1, 4, 3), 2), RuntimeError, "expects width to be divisible by"),
            ErrorCase(lambda make: S(make(1, 4, 4), -1), RuntimeError, "expects a positive downscale_factor"),
        ],
    ),
    OpCase(
        "channel_shuffle",
        samples=lambda make: [S(make(2, 6, 3, 2), 3), S(make(1, 4, 2), 2)],
        ref=lambda x, groups: np.concatenate(
            [x[:, k :: x.shape[1] // groups] for k in range(x.shape[1] // groups)], 1
        ),
        dtypes="float half complex int bool",
        errors=[
            ErrorCase(
                lambda make: S(make(1, 5, 2), 2),
                RuntimeError,
                "Number of channels must be divisible by groups",
            ),
            ErrorCase(lambda make: S(make(1, 4, 2), 0), RuntimeError, "must be positive"),
            ErrorCase(lambda make: S(make(4, 2), 2), RuntimeError, "expects input with > 2 dims"),
        ],
    ),
    OpCase(
        "embedding_rows",
        variant="bag",
        call=embedding_bag.embedding_bag,
        samples=lambda make: [
            *(S(BAGS, make(4, 3), STARTS, mode=mode) for mode in ("sum", "mean", "max")),
            S(BAGS[:6].reshape(2, 3), make(4, 3)),
            # a row that is not looked up: to finite differences one that is has a gradient
            S(np.array([0, 3, 0]), make(4, 2), np.array([0, 1]), mode="sum", padding_idx=2),
            S(np.zeros(0, np.int64), make(4, 2), np.array([0, 0])),
        ],
        ref=_bag_reference,
        tol={"float32": 1e-5},
        errors=[
            ErrorCase(lambda make: S(BAGS, make(4, 2)), ValueError, "offsets has to be a 1D Tensor but got"),
            ErrorCase(
                lambda make: S(BAGS[None], make(4, 2), STARTS),
                ValueError,
                "if input is 2D, then offsets has to be None",
            ),
            ErrorCase(
                lambda make: S(BAGS, make(4, 2), STARTS, mode="min"),
                ValueError,
                "mode has to be one of sum, mean or max",
            ),
            ErrorCase(
                lambda make: S(BAGS, make(4, 2), STARTS, per_sample_weights=make(7)),
                NotImplementedError,
                "per_sample_weights is only supported for mode='sum'",
            ),
            ErrorCase(
                lambda make: S(BAGS, make(4, 2), STARTS, mode="sum", per_sample_weights=make(6)),
                ValueError,
                "then it must have the same shape as the input",
            ),
            ErrorCase(
                lambda make: S(BAGS, make(4, 2), STARTS + 1),
                RuntimeError,
                r"offsets\[0\] has to be 0",
                looks_at_values=True,
            ),
        ],
    ),
]
