"""The CPU's pooling against the portable one, for blocks of planes and a NaN in one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_gpu.device import cpu_namespace, cpu_pooling
from autograd_gpu.device.namespace import ArrayNamespace

portable: Any = ArrayNamespace(np)

# spatial size, kernel, stride, padding, dilation, ceil_mode
WINDOWS: dict[str, tuple[Any, ...]] = {
    "halves": ((8, 10), (2, 2), (2, 2), (0, 0), (1, 1), False),
    "overlapping": ((9, 9), (3, 2), (1, 2), (0, 0), (1, 1), False),
    "padded": ((9, 8), (3, 3), (2, 2), (1, 1), (1, 1), False),
    "dilated": ((9, 9), (2, 3), (1, 1), (0, 1), (3, 2), False),
    "beyond the end": ((7, 7), (2, 2), (2, 2), (0, 0), (1, 1), True),
    "one axis": ((21,), (3,), (2,), (1,), (1,), True),
    "three axes": ((4, 6, 5), (2, 2, 2), (2, 1, 2), (0, 1, 0), (1, 1, 1), False),
}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("values", ["float32", "float64", "int32", "float16", "nan", "minus infinity"])
def test_maxima_are_those_of_the_portable_namespace(
    window: str, values: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu_pooling, "BLOCK", 100)  # one or two planes at a time
    spatial, kernel, stride, padding, dilation, ceil_mode = WINDOWS[window]
    # Few different numbers, so that there are equal ones in a window: the first counts.
    x = np.random.default_rng(0).integers(-3, 3, (3, 5, *spatial))
    x = x.astype(values if values in ("float32", "float64", "int32", "float16") else np.float32)
    if values == "nan":
        x[1, 2].reshape(-1)[::4] = np.nan
    if values == "minus infinity":
        x[:, 1] = -np.inf
    options = {
        "kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode,
    }  # fmt: skip
    for ours, theirs in zip(
        cpu_namespace.max_pool2d(x, **options), portable.max_pool2d(x, **options), strict=True
    ):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
