"""Elementwise work, softmax and normalisation on large arrays: memory, not arithmetic, is what it costs.

python -m benchmarks elementwise               # against PyTorch eager, interleaved
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from benchmarks import workloads

Step = Callable[[], object]

LARGE = 10_000_000


def _there_and_back(lib: Any, function: Callable[[Any], Any], *shape: int) -> Step:
    x = lib.randn(*shape).requires_grad_()
    with lib.no_grad():
        g = lib.ones_like(function(x))

    def step() -> None:
        x.grad = None
        function(x).backward(g)

    return step


def gelu_chain(lib: Any, elements: int = LARGE) -> Step:
    """The tanh approximation of gelu as eight separate ops."""

    def gelu(x: Any) -> Any:
        inner = (x * x * x * 0.044715 + x) * 0.7978845608
        return x * (lib.tanh(inner) + 1.0)

    return _there_and_back(lib, gelu, elements)


def activation(lib: Any, name: str, elements: int = LARGE) -> Step:
    """One activation function."""
    return _there_and_back(lib, getattr(lib.nn.functional, name), elements)


def cross_entropy(lib: Any, rows: int = 4096, classes: int = 10_000) -> Step:
    """Softmax and cross-entropy."""
    labels = lib.randint(0, classes, (rows,))
    x = lib.randn(rows, classes).requires_grad_()

    def step() -> None:
        x.grad = None
        lib.nn.functional.cross_entropy(x, labels).backward()

    return step


def softmax(lib: Any, rows: int = 4096, length: int = 1000) -> Step:
    """A softmax over rows."""
    return _there_and_back(lib, lambda x: lib.softmax(x, -1), rows, length)


def layer_norm(lib: Any, rows: int, width: int) -> Step:
    """Layer normalisation with weight and bias."""
    layer = lib.nn.LayerNorm(width)

    def function(x: Any) -> Any:
        layer.zero_grad()
        return layer(x)

    return _there_and_back(lib, function, rows, width)


def dropout(lib: Any, elements: int = LARGE) -> Step:
    """Dropout of a tenth."""
    return _there_and_back(lib, lambda x: lib.nn.functional.dropout(x, 0.1), elements)


def batched_matmul(lib: Any, batch: int = 64, size: int = 128) -> Step:
    """A product of batches of matrices."""
    a, b = (lib.randn(batch, size, size).requires_grad_() for _ in range(2))
    g = lib.ones(batch, size, size)

    def step() -> None:
        a.grad = b.grad = None
        (a @ b).backward(g)

    return step


def mlp(lib: Any, batch: int = 1024, width: int = 1024) -> Step:
    """A training step of 784-1024-1024-10 with plain gradient descent."""
    nn = lib.nn
    model = nn.Sequential(
        nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)
    )
    optimizer = lib.optim.SGD(model.parameters(), lr=1e-2)
    x = lib.randn(batch, 784)
    labels = lib.randint(0, 10, (batch,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()

    return step


def total(lib: Any, elements: int = LARGE) -> Step:
    """The sum of all elements."""
    return _there_and_back(lib, lambda x: x.sum(), elements)


def bias(lib: Any, rows: int = 4096, width: int = 1024) -> Step:
    """A bias added to rows, relu."""
    b = lib.randn(width).requires_grad_()

    def function(x: Any) -> Any:
        b.grad = None
        return lib.relu(x + b)

    return _there_and_back(lib, function, rows, width)


WORKLOADS: dict[str, Callable[[Any], Step]] = {
    "gelu chain of 8 ops": gelu_chain,
    **{
        name: partial(activation, name=name)
        for name in ("gelu", "silu", "mish", "softplus", "sigmoid", "relu")
    },
    "cross_entropy 4096x10000": cross_entropy,
    "softmax 4096x1000": softmax,
    "layer_norm 1024x512": partial(layer_norm, rows=1024, width=512),
    "layer_norm 4096x1024": partial(layer_norm, rows=4096, width=1024),
    "dropout": dropout,
    "bias 4096x1024": bias,
    "sum": total,
    "embedding": workloads.embedding,
    "batched_matmul 64x128": batched_matmul,
    "mlp b1024": mlp,
}
UNITS = dict.fromkeys(WORKLOADS, 1)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_elementwise(benchmark: Any, workload: str) -> None:
    import autograd_gpu as ag

    benchmark(WORKLOADS[workload](ag))
