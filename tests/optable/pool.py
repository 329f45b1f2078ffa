"""Cases of autograd_gpu/ops/pool.py."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_gpu.ops import pool
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S


def _per_axis(value: Any, spatial: int) -> tuple[int, ...]:
    return (value,) * spatial if isinstance(value, int) else tuple(value) * (spatial // len(value))


def _windows(
    spatial: tuple[int, ...], kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Iterator[tuple[tuple[int, ...], list[range], int]]:
    """For each place of the output: the place, the ranges of the input that it sees (padding cut off), and
    how many places the window has with padding, but without what ceil_mode adds."""
    axes = len(spatial)
    kernel, padding, dilation = (_per_axis(value, axes) for value in (kernel, padding, dilation))
    stride = kernel if stride is None else _per_axis(stride, axes)
    counts = []
    for length, taps, step, pad, apart in zip(spatial, kernel, stride, padding, dilation, strict=True):
        room = (length + 2 * pad - apart * (taps - 1) - 1) / step
        count = (math.ceil(room) if ceil_mode else math.floor(room)) + 1
        if ceil_mode and (count - 1) * step >= length + pad:
            count -= 1
        counts.append(count)
    for place in itertools.product(*map(range, counts)):
        ranges, size = [], 1
        for at, length, taps, step, pad, apart in zip(
            place, spatial, kernel, stride, padding, dilation, strict=True
        ):
            seen = range(at * step - pad, at * step - pad + apart * (taps - 1) + 1, apart)
            size *= min(seen.start + taps, length + pad) - seen.start
            inside = [index for index in seen if 0 <= index < length]
            ranges.append(range(inside[0], inside[-1] + 1, apart))
        yield place, ranges, size


def _pooled(x: Any, axes: int, windows: Any, pick: Any) -> tuple[Any, ...]:
    """`pick(values, positions, size)` of each window; one output for each thing it returns."""
    flat = x.reshape(-1, *x.shape[-axes:])
    positions = np.arange(math.prod(x.shape[-axes:])).reshape(x.shape[-axes:])
    found = [
        (
            place,
            [
                pick(plane[np.ix_(*ranges)].ravel(), positions[np.ix_(*ranges)].ravel(), size)
                for plane in flat
            ],
        )
        for place, ranges, size in windows
    ]
    shape = tuple(last + 1 for last in found[-1][0]) if found else (0,) * axes
    count = len(found[0][1][0]) if found and len(flat) else 1
    results = []
    for output in range(count):
        kind = np.int64 if output else x.dtype
        result = np.zeros((len(flat), *shape), kind)
        for place, values in found:
            result[(slice(None), *place)] = [value[output] for value in values]
        results.append(result.reshape(*x.shape[:-axes], *shape))
    return tuple(results)


def _largest(values: Any, positions: Any, size: int) -> tuple[Any, Any]:
    at = int(np.argmax(values))
    return values[at], positions[at]


def _max_pool(axes: int) -> Any:
    def reference(
        x: Any, kernel: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
    ) -> Any:
        windows = list(_windows(x.shape[-axes:], kernel, stride, padding, dilation, ceil_mode))
        if not x.size:
            shape = (*x.shape[:-axes], *(last + 1 for last in windows[-1][0]))
            return np.zeros(shape, x.dtype), np.zeros(shape, np.int64)
        return _pooled(x, axes, windows, _largest)

    return reference


def _average_pool(axes: int) -> Any:
    def reference(
        x: Any,
        kernel: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Any:
        def mean(values: Any, positions: Any, size: int) -> tuple[Any]:
            return (values.sum() / (divisor_override or (size if count_include_pad else len(values))),)

        windows = _windows(x.shape[-axes:], kernel, stride, padding, 1, ceil_mode)
        return _pooled(x, axes, windows, mean)[0]

    return reference


def _adaptive_windows(spatial: tuple[int, ...], counts: tuple[int, ...]) -> Any:
    for place in itertools.product(*map(range, counts)):
        ranges = [
            range(math.floor(i * length / count), math.ceil((i + 1) * length / count))
            for i, length, count in zip(place, spatial, counts, strict=True)
        ]
        yield place, ranges, 0


def _adaptive(axes: int, pick: Any, outputs: int) -> Any:
    def reference(x: Any, output_size: Any) -> Any:
        wanted = (output_size,) * axes if isinstance(output_size, int) else output_size
        counts = tuple(
            length if count is None else count for length, count in zip(x.shape[-axes:], wanted, strict=True)
        )
        if 0 in counts or not x.size:
            return np.zeros((*x.shape[:-axes], *counts), x.dtype)
        found = _pooled(x, axes, _adaptive_windows(x.shape[-axes:], counts), pick)
        return found[0] if outputs == 1 else found

    return reference


def _with_indices(function: Any) -> Any:
    return lambda *arguments, **named: function(*arguments, return_indices=True, **named)


def _mean(values: Any, positions: Any, size: int) -> tuple[Any]:
    return (values.mean(),)


def _distinct(make: Make, *shape: int) -> Any:
    """No two elements are equal: finite differences need to know the maximum."""
    values = make.rng.permutation(math.prod(shape)).reshape(shape)
    return np.asarray(
        (values if make.dtype.category == 1 else (values - values.size / 2) / 8).astype(make.dtype.numpy)
    )


NAN = np.array([[[1.0, np.nan, 3.0, 2.0]]])

CASES = [
    OpCase(
        "max_pool",
        variant="max_pool2d",
        also="max_pool2d max_pool_backward",
        dtypes="float half int",
        call=_with_indices(pool.max_pool2d),
        samples=lambda make: [
            S(_distinct(make, 2, 2, 4, 4), 2),  # windows that touch
            S(_distinct(make, 1, 2, 4, 5), (3, 2), 1, (1, 0)),  # windows that overlap, padding
            S(_distinct(make, 1, 1, 5, 4), 2, 2, 1, 2),  # dilation
            S(_distinct(make, 1, 1, 5, 4), 2, (2, 3), ceil_mode=True),
            S(_distinct(make, 2, 3, 3), 2),
            S(_distinct(make, 0, 2, 3, 3), 2),
            S(np.zeros((1, 1, 3, 3), make.dtype.numpy), 2, 1).only("int64 uint8"),  # of equals the first
        ],
        ref=_max_pool(2),
        gradient=True,
        errors=[
            ErrorCase(
                lambda make: S(make(5, 5), 2), RuntimeError, r"Expected 3D or 4D \(batch mode\) tensor"
            ),
            ErrorCase(lambda make: S(make(1, 2, 0, 5), 2), RuntimeError, r"but got:\[1, 2, 0, 5\]"),
            ErrorCase(
                lambda make: S(make(1, 5, 5), 2, padding=2),
                RuntimeError,
                "pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and "
                "dilation=1",
            ),
            ErrorCase(lambda make: S(make(1, 5, 5), 2, padding=-1), RuntimeError, "pad must be non-negative"),
            ErrorCase(
                lambda make: S(make(2, 3, 4), 5),
                RuntimeError,
                r"Given input size: \(2x3x4\). Calculated output size: \(2x0x0\). Output size is too small",
            ),
            ErrorCase(
                lambda make: S(make(1, 5, 5), 0), RuntimeError, "kernel size should be greater than zero"
            ),
            ErrorCase(lambda make: S(make(1, 5, 5), 2, stride=0), RuntimeError, "stride should not be zero"),
            ErrorCase(
                lambda make: S(make(1, 5, 5), 2, dilation=0),
                RuntimeError,
                "dilation should be greater than zero",
            ),
            ErrorCase(
                lambda make: S(make(1, 5, 5), (2, 2, 2)),
                RuntimeError,
                "max_pool2d: kernel_size must either be a single int, or a tuple of 2 ints",
            ),
            ErrorCase(lambda make: S(make(1, 5, 5), 2.5), TypeError, "must be int or tuple of ints"),
            ErrorCase(
                lambda make: S(make(1, 5, 5), 2),
                NotImplementedError,
                "\"max_pool2d\" not implemented for 'Bool'",
                dtype="bool",
            ),
        ],
    ),
    OpCase(
        "max_pool1d",
        call=_with_indices(pool.max_pool1d),
        samples=lambda make: [
            S(_distinct(make, 2, 2, 5), 2),
            S(_distinct(make, 1, 2, 6), 3, 2, 1),
            S(_distinct(make, 2, 5), 2, ceil_mode=True),
        ],
        ref=_max_pool(1),
        errors=[ErrorCase(lambda make: S(make(5), 2), RuntimeError, "max_pool1d: Expected 2D or 3D")],
    ),
    OpCase(
        "max_pool3d",
        call=_with_indices(pool.max_pool3d),
        samples=lambda make: [
            S(_distinct(make, 1, 2, 3, 2, 4), 2),
            S(_distinct(make, 1, 1, 3, 3, 3), 2, 1, 1),
        ],
        ref=_max_pool(3),
    ),
    OpCase(
        "max_pool",
        variant="nan",
        call=_with_indices(pool.max_pool1d),
        dtypes="float",
        gradient=False,
        samples=lambda make: [S(NAN.astype(make.dtype.numpy), 2)],
        ref=lambda x, kernel: (x[:, :, 1:3], np.array([[[1, 2]]])),
    ),
    OpCase(
        "average_pool",
        variant="avg_pool2d",
        also="average_pool_backward",
        call=pool.avg_pool2d,
        samples=lambda make: [
            S(make(2, 2, 4, 4), 2),
            S(make(1, 2, 4, 5), (3, 2), 1, (1, 0)),
            S(make(1, 1, 5, 5), 3, 2, 1, True),  # windows beyond the end
            S(make(1, 1, 5, 5), 3, 2, 1, True, False),
            S(make(1, 1, 4, 4), 2, 2, 1, count_include_pad=False),
            S(make(1, 1, 4, 4), 2, divisor_override=3),
            S(make(1, 1, 2, 2), 2, divisor_override=-1),
            S(make(2, 3, 3), 2),
        ],
        ref=_average_pool(2),
        errors=[
            ErrorCase(
                lambda make: S(make(5, 5), 2), RuntimeError, r"Expected 3D or 4D \(batch mode\) tensor"
            ),
            ErrorCase(
                lambda make: S(make(1, 5, 5), 2, padding=2), RuntimeError, "pad should be at most half"
            ),
            ErrorCase(
                lambda make: S(make(1, 1, 1), 2),
                RuntimeError,
                r"Given input size: \(1x1x1\). Calculated output size: \(1x0x0\). Output size is too small",
            ),
            ErrorCase(
                lambda make: S(make(1, 5, 5), 2, divisor_override=0), RuntimeError, "divisor must be not zero"
            ),
            ErrorCase(
                lambda make: S(make(1, 5, 5), 2),
                NotImplementedError,
                "\"avg_pool2d\" not implemented for 'Bool'",
                dtype="bool",
            ),
            ErrorCase(
                lambda make: S(make(1, 5, 5), 2),
                NotImplementedError,
                "not implemented for 'ComplexFloat'",
                dtype="complex64",
            ),
        ],
    ),
    OpCase(
        "avg_pool1d",
        samples=lambda make: [S(make(2, 2, 5), 2), S(make(2, 5), 3, 2, 1, True, False)],
        ref=_average_pool(1),
    ),
    OpCase(
        "average_pool",
        variant="avg_pool3d",
        call=pool.avg_pool3d,
        samples=lambda make: [S(make(1, 2, 3, 2, 4), 2), S(make(1, 1, 3, 3, 2), 2, 1, 1)],
        ref=_average_pool(3),
    ),
    OpCase(
        "average_pool",
        variant="integers",
        dtypes="int",
        call=pool.avg_pool2d,
        samples=lambda make: [S(make(1, 4, 4, low=-9, high=9), 2)],
        ref=lambda x, kernel: np.trunc(_average_pool(2)(x.astype(np.float64), kernel)).astype(x.dtype),
    ),
    OpCase(
        "adaptive_average_pool",
        variant="adaptive_avg_pool2d",
        also="adaptive_average_pool_backward",
        call=pool.adaptive_avg_pool2d,
        samples=lambda make: [
            S(make(2, 2, 4, 6), (2, 3)),  # equal windows
            S(make(1, 2, 5, 4), 3),  # windows that overlap
            S(make(1, 1, 2, 2), (3, 2)),  # more windows than places
            S(make(1, 2, 3, 3), 1),
            S(make(1, 2, 3, 4), (None, 2)),
            S(make(2, 3, 3), 2),
            S(make(1, 1, 3, 3), 0),
            S(make(0, 1, 3, 3), 2),
        ],
        ref=_adaptive(2, _mean, 1),
        errors=[
            ErrorCase(
                lambda make: S(make(5, 5), 2),
                RuntimeError,
                r"adaptive_avg_pool2d\(\): Expected 3D or 4D tensor, but got \[5, 5\]",
            ),
            ErrorCase(
                lambda make: S(make(1, 5, 5), -1),
                RuntimeError,
                "elements of output_size must be greater than or equal to 0",
            ),
            ErrorCase(
                lambda make: S(make(1, 5, 5), (1, 2, 3)), RuntimeError, "output_size must be an int or have 2"
            ),
            ErrorCase(
                lambda make: S(make(1, 0, 2), 3),
                RuntimeError,
                r"non-zero size for non-batch dimensions, but input has sizes \[1, 0, 2\] with dimension 1 "
                r"being",
            ),
            ErrorCase(
                lambda make: S(make(1, 5, 5), 2),
                NotImplementedError,
                "not implemented for 'Long'",
                dtype="int64",
            ),
        ],
    ),
    OpCase(
        "adaptive_avg_pool1d",
        samples=lambda make: [S(make(2, 2, 5), 2), S(make(2, 4), 2)],
        ref=_adaptive(1, _mean, 1),
    ),
    OpCase(
        "adaptive_average_pool",
        variant="adaptive_avg_pool3d",
        call=pool.adaptive_avg_pool3d,
        samples=lambda make: [S(make(1, 1, 3, 2, 4), (2, 1, 3))],
        ref=_adaptive(3, _mean, 1),
    ),
    OpCase(
        "adaptive_max_pool",
        variant="adaptive_max_pool2d",
        call=_with_indices(pool.adaptive_max_pool2d),
        samples=lambda make: [
            S(_distinct(make, 2, 2, 4, 6), (2, 3)),
            S(_distinct(make, 1, 2, 5, 4), 3),
            S(_distinct(make, 1, 1, 2, 2), (3, 2)),
            S(_distinct(make, 2, 3, 3), 2),
        ],
        ref=_adaptive(2, _largest, 2),
        errors=[
            ErrorCase(
                lambda make: S(make(5, 5), 2), RuntimeError, r"adaptive_max_pool2d\(\): Expected 3D or 4D"
            ),
        ],
    ),
    OpCase(
        "adaptive_max_pool",
        variant="adaptive_max_pool1d",
        call=_with_indices(pool.adaptive_max_pool1d),
        samples=lambda make: [S(_distinct(make, 2, 2, 5), 2)],
        ref=_adaptive(1, _largest, 2),
    ),
    OpCase(
        "adaptive_max_pool",
        variant="adaptive_max_pool3d",
        call=_with_indices(pool.adaptive_max_pool3d),
        samples=lambda make: [S(_distinct(make, 1, 1, 3, 2, 3), 2)],
        ref=_adaptive(3, _largest, 2),
    ),
]
