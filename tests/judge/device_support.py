"""What the tests of the raw array namespace against PyTorch share: conversion, comparison, sample values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the judge here")
ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16 arrays are those of ml_dtypes")

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)

MARKS = [
    pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:.*not writable.*:UserWarning"),
    pytest.mark.filterwarnings("ignore:Casting complex values to real:UserWarning"),
]

#: relative tolerance by dtype: a few units in the last place
TOLERANCE = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 2e-6, "float64": 1e-13, "complex64": 3e-6}


def to_torch(x: Any) -> Any:
    x = np.array(x)
    if x.dtype == BFLOAT16:
        return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(x)


def from_torch(t: Any) -> Any:
    if t.dtype == torch.bfloat16:
        return t.contiguous().view(torch.int16).numpy().view(BFLOAT16)
    return t.resolve_conj().numpy()


def check(got: Any, expected: Any, tolerance: float | None = None, absolute: float = 0.0) -> None:
    expected = from_torch(expected)
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if tolerance is None:
        tolerance = TOLERANCE.get(str(got.dtype), 0.0)
    if got.dtype == BFLOAT16:
        got, expected = got.astype("f4"), expected.astype("f4")
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=absolute or tolerance * 1e-3)


def values(shape: tuple[int, ...], dtype: Any, low: float = -3.0, high: float = 3.0, seed: int = 0) -> Any:
    generator = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return generator.random(shape) < 0.5
    if dtype.kind in "iu":
        return generator.integers(max(0, low) if dtype.kind == "u" else low, high + 1, shape).astype(dtype)
    x = generator.uniform(low, high, shape)
    if dtype.kind == "c":
        x = x + 1j * generator.uniform(low, high, shape)
    return np.asarray(x).astype(dtype)


def layouts(dtype: Any, low: float = -3.0, high: float = 3.0) -> Any:
    """0-d, empty, contiguous, transposed, strided with a negative step."""
    yield values((), dtype, low, high)
    yield values((0, 3), dtype, low, high)
    yield values((4, 5), dtype, low, high)
    yield values((3, 4, 5), dtype, low, high).transpose(2, 0, 1)
    yield values((6, 8), dtype, low, high)[::-2, 1::3]


REAL = ("float16", BFLOAT16, "float32", "float64")
FLOAT = (*REAL, "complex64")
INTEGER = ("int64", "int32", "uint8")
ANY = (*FLOAT, *INTEGER)
