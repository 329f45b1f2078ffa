"""Cases of autograd_gpu/ops/conv.py."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, OpCase, Sample as S


def _per_axis(value: Any, spatial: int) -> tuple[int, ...]:
    return (value,) * spatial if isinstance(value, int) else tuple(value) * (spatial // len(value))


def _conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """The definition: one product and sum per place of the kernel."""
    spatial = weight.ndim - 2
    if x.ndim == spatial + 1:
        return _conv(x[None], weight, bias, stride, padding, dilation, groups)[0]
    stride, dilation, kernel = _per_axis(stride, spatial), _per_axis(dilation, spatial), weight.shape[2:]
    reach = [apart * (taps - 1) for apart, taps in zip(dilation, kernel, strict=True)]
    if padding == "same":
        around = [(places // 2, places - places // 2) for places in reach]
    else:
        around = [(pad, pad) for pad in _per_axis(0 if padding == "valid" else padding, spatial)]
    x = np.pad(x, [(0, 0), (0, 0), *around])
    size = [
        (length - far - 1) // step + 1 for length, far, step in zip(x.shape[2:], reach, stride, strict=True)
    ]
    n, outputs, inputs = x.shape[0], weight.shape[0] // groups, weight.shape[1]
    result = np.zeros((n, weight.shape[0], *size), np.result_type(x, weight))
    for group in range(groups):
        rows, columns = (
            slice(group * outputs, (group + 1) * outputs),
            slice(group * inputs, (group + 1) * inputs),
        )
        for tap in itertools.product(*map(range, kernel)):
            seen = tuple(
                slice(place * apart, place * apart + (count - 1) * step + 1, step)
                for place, apart, count, step in zip(tap, dilation, size, stride, strict=True)
            )
            part = x[(slice(None), columns, *seen)]
            result[:, rows] += np.einsum("oc,nc...->no...", weight[(rows, slice(None), *tap)], part)
    return result if bias is None else result + bias.reshape(-1, *(1,) * spatial)


def _conv_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """The definition: every element of the input adds a scaled kernel to the output."""
    spatial = weight.ndim - 2
    if x.ndim == spatial + 1:
        return _conv_transpose(x[None], weight, bias, stride, padding, output_padding, groups, dilation)[0]
    stride, dilation, kernel = _per_axis(stride, spatial), _per_axis(dilation, spatial), weight.shape[2:]
    padding, output_padding = _per_axis(padding, spatial), _per_axis(output_padding, spatial)
    whole = [
        (length - 1) * step + apart * (taps - 1) + 1 + extra
        for length, step, apart, taps, extra in zip(
            x.shape[2:], stride, dilation, kernel, output_padding, strict=True
        )
    ]
    inputs, outputs = weight.shape[0] // groups, weight.shape[1]
    result = np.zeros((x.shape[0], outputs * groups, *whole), np.result_type(x, weight))
    for group in range(groups):
        rows, columns = (
            slice(group * inputs, (group + 1) * inputs),
            slice(group * outputs, (group + 1) * outputs),
        )
        for tap in itertools.product(*map(range, kernel)):
            seen = tuple(
                slice(place * apart, place * apart + (length - 1) * step + 1, step)
                for place, apart, length, step in zip(tap, dilation, x.shape[2:], stride, strict=True)
            )
            part = np.einsum("co,nc...->no...", weight[(rows, slice(None), *tap)], x[:, rows])
            result[(slice(None), columns, *seen)] += part
    inside = tuple(slice(pad, size - pad) for pad, size in zip(padding, whole, strict=True))
    result = result[(slice(None), slice(None), *inside)]
    return result if bias is None else result + bias.reshape(-1, *(1,) * spatial)


CHANNELS = r"weight of size \[4, 2, 3, 3\], expected input\[1, 3, 5, 5\] to have 2 channels, but got 3"

CASES = [
    OpCase(
        "conv2d",
        also="convolution convolution_input convolution_weight",
        dtypes="float half int64 complex",
        samples=lambda make: [
            S(make(2, 2, 4, 5), make(3, 2, 3, 2), make(3)),
            S(make(1, 2, 5, 4), make(2, 2, 2, 3), None, 2, 1),  # stride and padding: zeros between gradients
            S(make(1, 1, 5, 5), make(1, 1, 2, 2), make(1), (1, 2), (1, 0), (2, 3)),
            S(make(1, 4, 3, 3), make(6, 2, 2, 2), make(6), groups=2),
            S(make(1, 3, 4, 3), make(3, 1, 2, 2), groups=3, padding=1),  # depthwise
            S(make(2, 3, 2, 3), make(2, 3, 1, 1), make(2)),  # pointwise: one matrix product
            S(make(1, 2, 4, 4), make(2, 2, 1, 1), stride=2),  # pointwise on every second place
            S(make(1, 1, 4, 3), make(1, 1, 3, 3), padding="same"),
            S(make(1, 1, 4, 3), make(1, 1, 2, 4), padding="same"),  # one more place behind than before
            S(make(1, 1, 4, 3), make(1, 1, 3, 3), padding="valid"),
            S(make(2, 3, 3), make(1, 2, 2, 2), make(1)),  # no batch
            S(make(0, 2, 3, 3), make(1, 2, 2, 2), make(1)),
            S(make(1, 1, 2, 2), make(1, 1, 2, 2)),  # one window
        ],
        ref=_conv,
        # sums of products up to 4 * 4, in float32 and rounded once
        tol={"float16": (4e-3, 2e-2), "bfloat16": (3.2e-2, 1e-1)},
        errors=[
            ErrorCase(lambda make: S(make(1, 3, 5, 5), make(4, 2, 3, 3)), RuntimeError, CHANNELS),
            ErrorCase(
                lambda make: S(make(4, 5), make(3, 2, 3, 3)),
                RuntimeError,
                r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d, but got input of size: \[4, "
                r"5\]",
            ),
            ErrorCase(
                lambda make: S(make(1, 4, 5, 5), make(3, 2, 3)), RuntimeError, "Expected 4-dimensional weight"
            ),
            ErrorCase(
                lambda make: S(make(1, 4, 5, 5), make(3, 2, 3, 3), groups=2),
                RuntimeError,
                "Given groups=2, expected weight to be divisible by 2 at dimension 0",
            ),
            ErrorCase(
                lambda make: S(make(1, 4, 5, 5), make(3, 2, 3, 3), groups=0),
                RuntimeError,
                "non-positive groups is not supported",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(0, 2, 3, 3)),
                RuntimeError,
                "expected weight to be at least 1 at dimension 0",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 2, 2), make(3, 2, 3, 3)),
                RuntimeError,
                r"Calculated padded input size per channel: \(2 x 2\). Kernel size: \(3 x 3\). Kernel size "
                r"can't be",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 2, 2), make(3, 2, 0, 3)),
                RuntimeError,
                "kernel size should be greater than zero",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3), make(4)),
                RuntimeError,
                r"Given weight of size \[3, 2, 3, 3\], expected bias to be 1-dimensional with 3 elements, "
                r"but got bias",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3), stride=0),
                RuntimeError,
                "non-positive stride is not supported",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3), dilation=0),
                RuntimeError,
                "dilation should be greater than zero",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3), padding=-1),
                RuntimeError,
                "negative padding is not supported",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3), stride=(1, 2, 3)),
                RuntimeError,
                r"expected stride to be a single integer value or a list of 2 values .* but got stride=\[1, "
                r"2, 3\]",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3), stride=1.5), TypeError, "must be an int"
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3), stride=2, padding="same"),
                RuntimeError,
                "padding='same' is not supported for strided convolutions",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3), padding="sam"),
                RuntimeError,
                "Invalid padding string: 'sam'",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3, dtype="float64")),
                RuntimeError,
                "expected scalar type Float but found Double",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3), make(3, dtype="float64")),
                RuntimeError,
                r"Input type \(float32\) and bias type \(float64\) should be the same",
            ),
            ErrorCase(
                lambda make: S(make(1, 2, 5, 5), make(3, 2, 3, 3)),
                NotImplementedError,
                "not implemented for 'Bool'",
                dtype="bool",
            ),
        ],
    ),
    OpCase(
        "conv1d",
        samples=lambda make: [
            S(make(2, 2, 5), make(3, 2, 3), make(3)),
            S(make(1, 2, 6), make(2, 1, 2), None, 2, 1, 2, 2),
            S(make(2, 4), make(1, 2, 2), padding="same"),
            S(make(1, 2, 3), make(2, 2, 1), make(2)),
        ],
        ref=_conv,
        tol={"float16": (4e-3, 2e-2), "bfloat16": (3.2e-2, 1e-1)},
        errors=[
            ErrorCase(
                lambda make: S(make(1, 3, 5), make(4, 2, 3)),
                RuntimeError,
                r"weight of size \[4, 2, 3\], expected input\[1, 3, 5\] to have 2 channels, but got 3 "
                r"channels instead",
            ),
            ErrorCase(
                lambda make: S(make(3), make(4, 2, 3)),
                RuntimeError,
                r"Expected 2D \(unbatched\) or 3D \(batched\) input to conv1d",
            ),
        ],
    ),
    OpCase(
        "conv3d",
        samples=lambda make: [
            S(make(1, 2, 3, 3, 2), make(1, 2, 2, 2, 2), make(1)),
            S(make(1, 1, 3, 2, 3), make(1, 1, 2, 1, 2), None, (2, 1, 1), 1),
        ],
        ref=_conv,
        tol={"float16": (4e-3, 2e-2), "bfloat16": (3.2e-2, 1e-1)},
    ),
    OpCase(
        "conv_transpose2d",
        dtypes="float half int64 complex",
        samples=lambda make: [
            S(make(2, 2, 2, 3), make(2, 3, 3, 2), make(3)),
            S(make(1, 2, 2, 2), make(2, 1, 3, 3), None, 2, 1, 1),
            S(make(1, 4, 2, 2), make(4, 3, 2, 2), make(6), groups=2),
            S(make(1, 2, 2, 3), make(2, 1, 2, 2), dilation=(2, 1), padding=(1, 0)),
            # output_padding beyond the stride: places that no window reaches, and some that windows of
            # nothing do
            S(make(1, 1, 2, 2), make(1, 1, 2, 2), make(1), output_padding=2, dilation=3),
            S(make(1, 1, 3, 3), make(1, 1, 2, 2), padding=1, output_padding=1, dilation=2),
            S(make(1, 2, 2, 2), make(2, 3, 1, 1), stride=2, output_padding=1),
            S(make(1, 2, 2, 2), make(2, 3, 1, 1), output_padding=1, dilation=2),
            S(make(2, 2, 2), make(2, 1, 2, 2), make(1)),
            S(make(0, 2, 2, 2), make(2, 1, 2, 2)),
        ],
        ref=_conv_transpose,
        tol={"float16": (4e-3, 2e-2), "bfloat16": (3.2e-2, 1e-1)},
        errors=[
            ErrorCase(
                lambda make: S(make(1, 3, 5, 5), make(4, 2, 3, 3)),
                RuntimeError,
                r"Given transposed=1, weight of size \[4, 2, 3, 3\], expected input\[1, 3, 5, 5\] to have 4 "
                r"channels",
            ),
            ErrorCase(
                lambda make: S(make(1, 4, 5, 5), make(4, 2, 3, 3), output_padding=1),
                RuntimeError,
                "output padding must be smaller than either stride or dilation",
            ),
            ErrorCase(
                lambda make: S(make(1, 4, 5, 5), make(4, 2, 3, 3), make(3)),
                RuntimeError,
                r"Given transposed=1, weight of size \[4, 2, 3, 3\], expected bias to be 1-dimensional with "
                r"2 elements",
            ),
            ErrorCase(
                lambda make: S(make(1, 4, 5, 5), make(4, 2, 3, 3), groups=3),
                RuntimeError,
                "Given groups=3, expected weight to be divisible by 3 at dimension 0",
            ),
            ErrorCase(
                lambda make: S(make(1, 4, 1, 1), make(4, 2, 3, 3), padding=2),
                RuntimeError,
                r"Given input size per channel: \(1 x 1\). Calculated output size per channel: \(-1 x -1\)",
            ),
            ErrorCase(
                lambda make: S(make(4, 5), make(4, 2, 3, 3)),
                RuntimeError,
                r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv_transpose2d",
            ),
            ErrorCase(
                lambda make: S(make(1, 4, 5, 5), make(4, 2, 3, 3), output_padding=-1),
                RuntimeError,
                "negative output_padding is not supported",
            ),
        ],
    ),
    OpCase(
        "conv_transpose1d",
        samples=lambda make: [
            S(make(2, 2, 3), make(2, 2, 2), make(2)),
            S(make(1, 2, 3), make(2, 1, 3), None, 2, 1, 1),
            S(make(2, 3), make(2, 1, 2)),
        ],
        ref=_conv_transpose,
        tol={"float16": (4e-3, 2e-2), "bfloat16": (3.2e-2, 1e-1)},
    ),
    OpCase(
        "conv_transpose3d",
        samples=lambda make: [S(make(1, 2, 2, 2, 1), make(2, 1, 2, 1, 2), make(1), 2)],
        ref=_conv_transpose,
        tol={"float16": (4e-3, 2e-2), "bfloat16": (3.2e-2, 1e-1)},
    ),
]
