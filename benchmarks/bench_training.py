"""The workloads that the comparison with other libraries is about: `python -m benchmarks`.

The lines here run on every library with PyTorch's interface; `benchmarks/peers/` has the same workloads for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from benchmarks import bench_elementwise, bench_small, workloads

Step = Callable[[], object]


def chain(lib: Any, elements: int, backward: bool) -> Step:
    """50 times ``y * w + b``."""
    x, w, b = (lib.full((elements,), value).requires_grad_() for value in (0.5, 0.9, 0.1))

    def forward() -> Any:
        y = x
        for _ in range(50):
            y = y * w + b
        return y

    def step() -> None:
        x.grad = w.grad = b.grad = None
        forward().sum().backward()

    return step if backward else forward


def adam(lib: Any, count: int, elements: int) -> Step:
    """One step of Adam for parameters that have a gradient."""
    parameters = [lib.randn(elements).requires_grad_() for _ in range(count)]
    for parameter in parameters:
        parameter.grad = lib.randn(elements)
    optimizer = lib.optim.Adam(parameters, lr=1e-3)
    return lambda: optimizer.step()


def jacobian(lib: Any, size: int = 100) -> Step:
    """The full Jacobian of a function of 100 numbers with 100 results."""
    w = lib.randn(size, size)
    x = lib.randn(size)
    return lambda: lib.autograd.functional.jacobian(lambda x: (w @ x).tanh(), x)


def deep_mlp(lib: Any, layers: int = 50, width: int = 1024, batch: int = 512) -> Step:
    """Forward and backward of a deep network: what counts is its peak memory."""
    nn = lib.nn
    model = nn.Sequential(*(each for _ in range(layers) for each in (nn.Linear(width, width), nn.ReLU())))
    x = lib.randn(batch, width)

    def step() -> None:
        model.zero_grad()
        model(x).sum().backward()

    return step


WORKLOADS: dict[str, Callable[[Any], Step]] = {
    "chain of 100 ops, 4 elements, forward": partial(chain, elements=4, backward=False),
    "chain of 100 ops, 4 elements": partial(chain, elements=4, backward=True),
    "chain of 100 ops, 1000 elements, forward": partial(chain, elements=1000, backward=False),
    "chain of 100 ops, 1000 elements": partial(chain, elements=1000, backward=True),
    "MLP 784-128-10, batch 32, Adam": bench_small.mlp,
    "MLP 784-1024-1024-10, batch 1024": bench_elementwise.mlp,
    "CNN 1-32-64, batch 64, Adam": workloads.cnn,
    "ResNet block, batch 16": workloads.resnet_block,
    "LSTM unrolled, 32 steps": workloads.lstm_written_out,
    "nn.LSTM, 32 steps": partial(workloads.recurrent, kind="LSTM"),
    "transformer block": workloads.transformer_block,
    "char-GPT step": workloads.char_gpt,
    "gelu chain, 10M": bench_elementwise.gelu_chain,
    "softmax + cross-entropy, 4096 x 10000": bench_elementwise.cross_entropy,
    "batched matmul, 64 x 128 x 128": bench_elementwise.batched_matmul,
    "embedding 50k x 128, 8192 indices": workloads.embedding,
    "Adam, 100 x 10k": partial(adam, count=100, elements=10_000),
    "Adam, 10M": partial(adam, count=1, elements=10_000_000),
    "Hessian-vector product": bench_small.hessian_vector_product,
    "Jacobian 100 -> 100": jacobian,
}
UNITS = dict.fromkeys(WORKLOADS, 1)
#: measured by its memory (`python -m benchmarks`), not by its time
MEMORY = deep_mlp


@pytest.mark.parametrize("workload", WORKLOADS)
def test_training(benchmark: Any, workload: str) -> None:
    import autograd_gpu as ag

    benchmark(WORKLOADS[workload](ag))
