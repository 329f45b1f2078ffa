"""relu and clamp of large arrays on the CPU, which go through rows of repeated bounds, against the portable namespace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_gpu.device import cpu_namespace
from autograd_gpu.device.namespace import ArrayNamespace

portable: Any = ArrayNamespace(np)


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "i4", "i1"])
@pytest.mark.parametrize("shape", [(5,), (4096,), (3, 1000, 7), (16385,), (300, 301)])
def test_bounds(dtype: str, shape: tuple[int, ...]) -> None:
    x = (np.random.default_rng(0).standard_normal(shape) * 9).astype(dtype)
    if x.dtype.kind == "f":
        flat = x.reshape(-1)
        flat[::7], flat[1::11], flat[3] = np.nan, -np.inf, np.inf
    low, high = np.array(-2, dtype), np.array(3, dtype)
    for operand in (x, x.T):
        np.testing.assert_array_equal(cpu_namespace.relu(operand), portable.relu(operand))
        for bounds in (
            (low, high),
            (None, high),
            (low, None),
            (high, low),
            (-2, 3),
            (1e-3, None) if x.dtype.kind == "f" else (1, 1),
        ):
            ours, theirs = cpu_namespace.clamp(operand, *bounds), portable.clamp(operand, *bounds)
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
