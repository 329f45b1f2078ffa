"""Cases of autograd_gpu/ops/resample.py: the reference is a matrix per dimension, made of the kernels' definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_gpu.ops import resample
from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S


def _hat(x: Any) -> Any:
    return np.maximum(1 - np.abs(x), 0)


def _keys(x: Any, a: float) -> Any:
    x = np.abs(x)
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    return np.where(x <= 1, near, np.where(x < 2, a * (x**3 - 5 * x**2 + 8 * x - 4), 0))


def _matrix(size: int, count: int, step: float, mode: str, align: bool) -> Any:
    """(count, size): what each output takes of each input."""
    rows = np.zeros((count, size))
    for i in range(count):
        if mode == "nearest":
            rows[i, min(math.floor(i * step), size - 1)] = 1
        elif mode == "nearest-exact":
            rows[i, min(math.floor((i + 0.5) * step), size - 1)] = 1
        elif mode.endswith("-antialias"):
            distance = (np.arange(size) + 0.5 - (i + 0.5) * step) / max(step, 1)
            row = _keys(distance, -0.5) if mode.startswith("cubic") else _hat(distance)
            rows[i] = row / row.sum()
        else:
            place = i * step if align else (i + 0.5) * step - 0.5
            if mode == "linear":
                rows[i] = _hat(np.clip(place, 0, size - 1) - np.arange(size))
            else:
                for k in range(math.floor(place) - 1, math.floor(place) + 3):
                    rows[i, min(max(k, 0), size - 1)] += _keys(place - k, -0.75)
    return rows


def _resized(
    x: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool = False,
    recompute_scale_factor: bool = False,
    antialias: bool = False,
    adjoint_of: Any = None,
) -> Any:
    spatial = x.shape[2:] if adjoint_of is None else adjoint_of
    kind = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
    kind += "-antialias" if antialias else ""
    result = x.astype(np.float64)
    for axis, length in enumerate(spatial):
        factor = scale_factor[axis] if isinstance(scale_factor, tuple) else scale_factor
        count = (
            math.floor(length * factor) if size is None else size[axis] if isinstance(size, tuple) else size
        )
        if align_corners:
            step = (length - 1) / (count - 1) if count > 1 else 0.0
        else:
            step = length / count if factor is None or recompute_scale_factor else 1 / factor
        matrix = _matrix(length, count, step, kind, align_corners)
        if adjoint_of is not None:
            matrix = matrix.T
        result = np.moveaxis(np.tensordot(matrix, result, (1, axis + 2)), 0, axis + 2)
    return result.astype(x.dtype)


def _gradient(g: Any, spatial: tuple[int, ...], **options: Any) -> Any:
    x = g.new_zeros((*g.shape[:2], *spatial)).requires_grad_()
    resample.interpolate(x, **options).backward(g)
    return x.grad


LINEAR = [
    {"size": 7},
    {"size": 2, "align_corners": True},
    {"scale_factor": 1.7},
    {"scale_factor": 1.7, "recompute_scale_factor": True},
    {"scale_factor": 0.6},
    {"size": 1, "align_corners": True},
]
MODES: list[tuple[str, tuple[int, ...]]] = [
    ("linear", (5,)), ("bilinear", (5, 4)), ("bicubic", (5, 4)), ("trilinear", (2, 3, 4))
]  # fmt: skip


def _identity_grid(make: Any, *shape: int) -> Any:
    """Places between the elements, not at whole positions, where derivatives jump."""
    return make(*shape, low=-1.3, high=1.3)


CASES = [
    OpCase(
        "resample",
        also="resample_backward",
        call=resample.interpolate,
        samples=lambda make: [
            *(S(make(1, 2, *shape), mode=mode, **o) for mode, shape in MODES for o in LINEAR),
            S(make(1, 2, 5, 4), size=(8, 3), mode="bilinear", antialias=True),
            S(make(1, 1, 9, 8), size=(3, 5), mode="bicubic", antialias=True),
            S(make(1, 1, 9, 4), scale_factor=(0.5, 2), mode="bilinear", antialias=True),
            S(make(0, 2, 5), size=3, mode="linear"),
            S(make(2, 1, 5), size=5, mode="linear"),
        ],
        ref=_resized,
        dtypes="float half",
        # weights are computed in the dtype, the reference's in float64
        tol={"float32": 1e-5, "float16": 8e-3, "bfloat16": 6.4e-2},
        errors=[
            ErrorCase(
                lambda make: S(make(1, 1, 3)), ValueError, "either size or scale_factor should be defined"
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 3), 2, 2.0),
                ValueError,
                "only one of size or scale_factor should be defined",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 3), (2, 2)),
                ValueError,
                "Input and output_size must have the same number of spatial dimensions",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 3), 2, align_corners=True),
                ValueError,
                "align_corners option can only be set with the interpolating modes",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 3), 2, mode="bilinear"),
                NotImplementedError,
                "Got 3D input, but bilinear mode needs 4D input",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 3), 2, mode="quadratic"),
                NotImplementedError,
                "Only 3D, 4D and 5D input Tensors supported",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 3), 2, mode="linear", antialias=True),
                ValueError,
                "Anti-alias option is restricted to bilinear and bicubic modes",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 3), 0),
                RuntimeError,
                "Input and output sizes should be greater than 0",
            ),
            ErrorCase(lambda make: S([1.0], 2), TypeError, "must be Tensor, not list"),
        ],
    ),
    OpCase(
        "resample",
        variant="nearest",
        call=resample.interpolate,
        samples=lambda make: [
            S(make(1, 2, 5), size=7),
            S(make(1, 2, 5), scale_factor=1.7, mode="nearest-exact"),
            S(make(1, 2, 5, 4), scale_factor=2),
            S(make(1, 2, 5, 4), size=(2, 9), mode="nearest-exact"),
            S(make(1, 2, 3, 2, 4), scale_factor=(2.0, 1.0, 0.5)),
        ],
        ref=_resized,
        dtypes="float half int bool",
    ),
    OpCase(
        "resample_backward",
        variant="gradient",
        call=_gradient,
        samples=lambda make: [
            S(make(1, 2, 10, 8), (5, 4), scale_factor=2, mode="bicubic"),
            S(make(1, 2, 2, 9), (5, 4), size=(2, 9), mode="bilinear"),
            S(make(1, 2, 7), (5,), size=7),
            S(make(1, 2, 3), (9,), size=3),
        ],
        ref=lambda g, spatial, **options: _resized(g, adjoint_of=spatial, **options),
        gradient=False,
        tol={"float32": 1e-5, "float16": 1.6e-2, "bfloat16": 1.3e-1},  # sums of up to sixteen terms
    ),
    OpCase(
        "gather",
        variant="grid_sample",
        call=resample.grid_sample,
        samples=lambda make: [
            S(make(1, 2, 3, 4), _identity_grid(make, 1, 2, 3, 2), align_corners=True),
        ],
        ref=lambda x, grid, align_corners: _bilinear_samples(x, grid),
        tol={"float32": 1e-5},
        errors=[
            ErrorCase(
                lambda make: S(make(1, 1, 2, 2), make(1, 1, 1, 3), align_corners=False),
                RuntimeError,
                "expected grid to have size 2 in last dimension",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 2, 2), make(2, 1, 1, 2), align_corners=False),
                RuntimeError,
                "expected grid and input to have same batch size",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 2), make(1, 1, 1, 2), align_corners=False),
                RuntimeError,
                "expected 4D or 5D input and grid with same number of dimensions",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 2, 2), make(1, 1, 1, 2), mode="cubic"),
                ValueError,
                "expected mode to be 'bilinear', 'nearest' or 'bicubic'",
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 2, 2), make(1, 1, 1, 2), padding_mode="none"),
                ValueError,
                "expected padding_mode to be 'zeros', 'border', or 'reflection'",
            ),
        ],
    ),
    OpCase(
        "matmul",
        variant="affine_grid",
        call=resample.affine_grid,
        samples=lambda make: [
            S(make(2, 2, 3), (2, 1, 3, 4), align_corners=True),
            S(make(1, 3, 4), (1, 2, 2, 3, 1), align_corners=False),
        ],
        ref=lambda theta, size, align_corners: _affine(theta, size, align_corners),
        tol={"float32": 1e-5},
        errors=[
            ErrorCase(
                lambda make: S(make(1, 2, 2), (1, 1, 2, 2), align_corners=False),
                ValueError,
                "Expected a batch of 2D affine matrices of shape Nx2x3",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 3), (1, 1, 2), align_corners=False),
                NotImplementedError,
                "affine_grid only supports 4D and 5D sizes",
            ),
        ],
    ),
]


def _bilinear_samples(x: Any, grid: Any) -> Any:
    """With align_corners, and zeros outside: every element weighted by its hat."""
    height, width = x.shape[2:]
    columns = _hat(
        (grid[..., 0].astype(np.float64) + 1) / 2 * (width - 1) - np.arange(width)[:, None, None, None]
    )
    rows = _hat(
        (grid[..., 1].astype(np.float64) + 1) / 2 * (height - 1) - np.arange(height)[:, None, None, None]
    )
    return np.einsum("nchw,hnij,wnij->ncij", x, rows, columns).astype(x.dtype)


def _affine(theta: Any, size: tuple[int, ...], align_corners: bool) -> Any:
    axes = [
        np.linspace(-1, 1, n) * (1 if align_corners else (n - 1) / n) if n > 1 else np.zeros(1)
        for n in size[2:]
    ]
    places = np.stack([*reversed(np.meshgrid(*axes, indexing="ij")), np.ones(size[2:])], -1)
    return np.einsum("...k,nik->n...i", places, theta).astype(theta.dtype)
