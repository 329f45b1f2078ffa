"""Softmax and normalisation of large arrays on the CPU: what the portable code gives, whatever the number of threads."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.core.op import install
from autograd_gpu.device import cpu_cross_entropy, rows, threads
from autograd_gpu.device.cpu import cpu
from autograd_gpu.device.namespace import ArrayNamespace

portable = ArrayNamespace(np)
WIDTH = 600
COUNT = 5 * threads.BLOCK // WIDTH  # the last block is not a whole one


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    count = threads.get_num_threads()
    yield
    threads.set_num_threads(count)


def numbers(*shape: int, seed: int = 0, dtype: str = "float32") -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def on_any_number_of_threads(function: Callable[[], Any]) -> Any:
    """The results, which must be the same."""
    threads.set_num_threads(1)
    alone = function()
    for count in (2, 3):
        threads.set_num_threads(count)
        for a, b in zip(alone, function(), strict=True):
            np.testing.assert_array_equal(a, b)
    return alone


def softmax(x: Any, dim: int) -> Any:
    powers = np.exp(x.astype(float) - x.max(dim, keepdims=True))
    return powers / powers.sum(dim, keepdims=True)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(
    ("shape", "dim"), [((COUNT, WIDTH), 1), ((COUNT, WIDTH), 0), ((64, 100, 101), 1), ((7,), 0)]
)
def test_softmax(shape: tuple[int, ...], dim: int, dtype: str) -> None:
    x, g = numbers(*shape, dtype=dtype), numbers(*shape, seed=1, dtype=dtype)
    tolerance = {"float16": 2e-3, "float32": 1e-6, "float64": 1e-14}[dtype]
    p = softmax(x, dim)
    out, log, back, log_back = on_any_number_of_threads(
        lambda: (
            cpu.softmax(x, dim=dim),
            cpu.log_softmax(x, dim=dim),
            cpu.softmax_backward(g, p.astype(dtype), dim=dim),
            cpu.log_softmax_backward(g, np.log(p).astype(dtype), dim=dim),
        )
    )
    wide = g.astype(float)
    for found, expected in (
        (out, p),
        (log, np.log(p)),
        (back, p * (wide - (wide * p).sum(dim, keepdims=True))),
        (log_back, wide - p * wide.sum(dim, keepdims=True)),
    ):
        assert found.dtype == dtype
        assert found.shape == shape
        scale = np.abs(expected).max()
        np.testing.assert_allclose(
            found.astype(float), expected, rtol=10 * tolerance, atol=10 * tolerance * scale
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("offset", [0.0, 1000.0])  # where the mean is large, digits must not be lost
def test_layer_norm(dtype: str, affine: bool, offset: float) -> None:
    x = numbers(COUNT, WIDTH, dtype=dtype) + np.dtype(dtype).type(offset)
    g = numbers(COUNT, WIDTH, seed=1, dtype=dtype)
    weight, bias = (numbers(WIDTH, seed=seed, dtype=dtype) if affine else None for seed in (2, 3))
    assert x.size >= rows.LARGE
    needs = (True, affine, affine)

    def run(F: Any) -> list[Any]:
        forward = F.native_layer_norm_forward(x, weight, bias, dims=1, eps=1e-5)
        backward = F.native_layer_norm_backward(g, x, weight, *forward[1:], dims=1, needs=needs)
        return [part for part in (*forward, *backward) if part is not None]

    for found, expected in zip(on_any_number_of_threads(lambda: run(cpu)), run(portable), strict=True):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        tolerance = 3e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(
            found, expected, rtol=tolerance, atol=tolerance * max(1, np.abs(expected).max())
        )


@pytest.mark.parametrize("affine", [True, False])
def test_rms_norm(affine: bool) -> None:
    x, g = numbers(COUNT, 6, WIDTH // 6), numbers(COUNT, 6, WIDTH // 6, seed=1)
    weight = numbers(6, WIDTH // 6, seed=2) if affine else None

    def run(F: Any) -> list[Any]:
        forward = F.fused_rms_norm_forward(x, weight, dims=2, eps=1e-5)
        backward = F.fused_rms_norm_backward(g, x, weight, forward[1], dims=2, needs=(True, affine))
        return [part for part in (*forward, *backward) if part is not None]

    for found, expected in zip(on_any_number_of_threads(lambda: run(cpu)), run(portable), strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_only_the_wanted_gradients_are_made() -> None:
    x, weight = numbers(COUNT, WIDTH), numbers(WIDTH, seed=2)
    _, mean, rstd = cpu.native_layer_norm_forward(x, weight, None, dims=1, eps=1e-5)
    for needs in ((True, False, False), (False, True, False), (False, True, True), (True, True, False)):
        found = cpu.native_layer_norm_backward(x, x, weight, mean, rstd, dims=1, needs=needs)
        assert tuple(part is not None for part in found) == needs


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(reduction: str, weighted: bool) -> None:
    count, classes = 700, 1001
    x, g = numbers(count, classes) * 3, numbers(count, seed=1) if reduction == "none" else np.float32(2)
    target = np.random.default_rng(2).integers(0, classes, count)
    target[::7] = -100
    weight = np.abs(numbers(classes, seed=3)) if weighted else None
    assert x.size >= cpu_cross_entropy.LARGE
    given = {"dim": 1, "ignore_index": -100, "label_smoothing": 0.0, "inside": x.dtype}

    def run(F: Any) -> list[Any]:
        loss, *kept = F.cross_entropy_forward(x, target, weight, reduction=reduction, **given)
        return [loss, F.cross_entropy_backward(g, x, target, weight, *kept, **given)]

    install(portable)
    for found, expected in zip(on_any_number_of_threads(lambda: run(cpu)), run(portable), strict=True):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())


def test_cross_entropy_of_nothing_that_counts() -> None:
    x, target = ag.randn(300, 1000, requires_grad=True), ag.full((300,), -100, dtype=ag.int64)
    loss = ag.nn.functional.cross_entropy(x, target)
    loss.backward()
    assert bool(loss.isnan())
    assert bool((x.grad == 0).all())


def test_the_softmax_of_cross_entropy_is_not_stored() -> None:
    x, target = ag.randn(1000, 1000, requires_grad=True), ag.zeros(1000, dtype=ag.int64)
    tracemalloc.start()
    loss = ag.nn.functional.cross_entropy(x, target)
    forward = tracemalloc.get_traced_memory()[1]
    loss.backward()
    both = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert forward < 3_000_000  # a few blocks; the logits have 4 MB
    assert both < 7_000_000


@pytest.mark.parametrize("shape", [(16, 33, 20, 20), (2, 3, 60_000), (4, 2, 17, 19, 61)])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_batch_norm(shape: tuple[int, ...], affine: bool, dtype: str) -> None:
    x, g = numbers(*shape, dtype=dtype) + np.dtype(dtype).type(3), numbers(*shape, seed=1, dtype=dtype)
    weight, bias = (numbers(shape[1], seed=seed, dtype=dtype) if affine else None for seed in (2, 3))
    assert x.size >= rows.LARGE

    def run(F: Any) -> list[Any]:
        mean, var = F.batch_norm_statistics(x)
        out = F.native_batch_norm(x, weight, bias, mean, var, eps=1e-5)
        back = F.native_batch_norm_backward(g, x, weight, mean, var, eps=1e-5, needs=(True, affine, affine))
        return [part for part in (mean, var, out, *back) if part is not None]

    for found, expected in zip(on_any_number_of_threads(lambda: run(cpu)), run(portable), strict=True):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        tolerance = 1e-2 if dtype == "float16" else 2e-5
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())
