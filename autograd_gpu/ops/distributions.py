"""Distributions over the raw namespace: what `ops/random.py` draws from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd_gpu import dtypes


def _uniform(F: Any, shape: Any, dtype: Any, seed: int, offset: int, low: float, high: float) -> Any:
    return _scaled(F, F.random_uniform(shape, seed, offset, dtype), high - low, low)


def _normal(F: Any, shape: Any, dtype: Any, seed: int, offset: int, mean: complex, std: float) -> Any:
    return _scaled(F, F.random_normal(shape, seed, offset, dtype), std, mean)


def _scaled(F: Any, values: Any, factor: float, shift: complex) -> Any:
    """``values * factor + shift``, in place; halves are brought to float32 for it."""
    if (factor, shift) == (1.0, 0.0):
        return values
    if values.dtype.itemsize == 2:
        values = F.cast(values, dtypes.float32.numpy)
    values *= factor
    values += shift
    return values


def _bernoulli(F: Any, shape: Any, dtype: Any, seed: int, offset: int, p: float) -> Any:
    return F.dropout_mask(shape, 1 - p, seed, offset)


def _integers(F: Any, shape: Any, dtype: Any, seed: int, offset: int, low: int, high: int) -> Any:
    return F.random_integers(shape, seed, offset, low, high, dtype)


def _double(F: Any, shape: Any, seed: int, offset: int) -> Any:
    # Where a logarithm or a tangent stretches the ends of [0, 1), float32 uniforms would be too coarse there.
    return F.random_uniform(shape, seed, offset, dtypes.float64.numpy)


def _exponential(F: Any, shape: Any, dtype: Any, seed: int, offset: int, rate: float) -> Any:
    return F.log1p(-_double(F, shape, seed, offset)) / -rate


def _geometric(F: Any, shape: Any, dtype: Any, seed: int, offset: int, p: float) -> Any:
    return F.floor(F.log1p(-_double(F, shape, seed, offset)) / math.log1p(-p)) + 1


def _cauchy(F: Any, shape: Any, dtype: Any, seed: int, offset: int, median: float, sigma: float) -> Any:
    return median + sigma * F.tan(math.pi * (_double(F, shape, seed, offset) - 0.5))


def _log_normal(F: Any, shape: Any, dtype: Any, seed: int, offset: int, mean: float, std: float) -> Any:
    return F.exp(mean + std * F.random_normal(shape, seed, offset, dtypes.float64.numpy))


def _truncated_normal(
    F: Any, shape: Any, dtype: Any, seed: int, offset: int, mean: float, std: float, low: float, high: float
) -> Any:
    """Inversion of the distribution function: uniform between its values at the bounds, through its
    inverse."""
    bottom, top = (math.erf((bound - mean) / (std * math.sqrt(2))) for bound in (low, high))
    values = F.erfinv(bottom + (top - bottom) * _double(F, shape, seed, offset))
    values = mean + std * math.sqrt(2) * values
    return F.minimum(F.maximum(values, low), high)


#: name -> fn(F, shape, dtype, seed, offset, *numbers), which returns an array of shape (of any dtype)
DISTRIBUTIONS: dict[str, Callable[..., Any]] = {
    "uniform": _uniform,
    "normal": _normal,
    "bernoulli": _bernoulli,
    "integers": _integers,
    "exponential": _exponential,
    "geometric": _geometric,
    "cauchy": _cauchy,
    "log_normal": _log_normal,
    "truncated_normal": _truncated_normal,
}


def sample(F: Any, shape: Any, dtype: Any, distribution: str, numbers: Any, seed: int, offset: int) -> Any:
    """An array of `shape` and `dtype` with samples of a distribution."""
    return F.cast(DISTRIBUTIONS[distribution](F, shape, dtype, seed, offset, *numbers), dtype)
