"""Training steps and ops on small arrays, where what counts is the cost of a call and not of arithmetic.

python -m benchmarks small                     # against PyTorch eager, interleaved
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import workloads

Step = Callable[[], object]


def mlp(lib: Any, batch: int = 32, width: int = 128) -> Step:
    """A training step of 784-128-10; Adam."""
    nn = lib.nn
    model = nn.Sequential(nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 10))
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-3)
    x = lib.randn(batch, 784)
    labels = lib.randint(0, 10, (batch,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()

    return step


def hessian_vector_product(lib: Any, batch: int = 32, width: int = 64) -> Step:
    """The product of the Hessian of a two-layer network's loss with a vector, by backward through backward."""
    weights = [lib.randn(width, width).requires_grad_() for _ in range(2)]
    vector = [lib.randn(width, width) for _ in range(2)]
    x = lib.randn(batch, width)

    def step() -> None:
        loss = ((x @ weights[0]).tanh() @ weights[1]).pow(2).mean()
        gradients = lib.autograd.grad(loss, weights, create_graph=True)
        lib.autograd.grad(sum((g * v).sum() for g, v in zip(gradients, vector, strict=True)), weights)

    return step


def _in_a_row(function: Callable[[Any, Any], Any]) -> Callable[[Any], Step]:
    """Forward and backward of an op, each time from the same input; one addition per op is part of the figure."""

    def make(lib: Any) -> Step:
        x = lib.randn(4, 4).requires_grad_()

        def step() -> None:
            x.grad = None
            total = None
            for _ in range(20):
                y = function(lib, x)
                total = y if total is None else total + y
            total.sum().backward()

        return step

    return make


OPS: dict[str, Callable[[Any, Any], Any]] = {
    "exp": lambda lib, x: x.exp(),
    "x * 2": lambda lib, x: x * 2,
    "x ** 2": lambda lib, x: x**2,
    "x @ x": lambda lib, x: x @ x,
    "sum": lambda lib, x: x.sum(),
    "sum(1)": lambda lib, x: x.sum(1),
    "mean": lambda lib, x: x.mean(),
    "mean(-1, keepdim)": lambda lib, x: x.mean(-1, keepdim=True),
    "max(1)": lambda lib, x: x.max(1)[0],
    "var": lambda lib, x: x.var(1),
    "reshape": lambda lib, x: x.reshape(16),
    "x.T": lambda lib, x: x.T,
    "transpose": lambda lib, x: x.transpose(0, 1),
    "permute": lambda lib, x: x.permute(1, 0),
    "unsqueeze": lambda lib, x: x.unsqueeze(0),
    "expand": lambda lib, x: x.unsqueeze(0).expand(2, 4, 4),
    "x[0]": lambda lib, x: x[0],
    "x[:, 1:3]": lambda lib, x: x[:, 1:3],
    "chunk": lambda lib, x: x.chunk(2, 1)[0],
    "cat": lambda lib, x: lib.cat([x, x], 1),
    "stack": lambda lib, x: lib.stack([x, x]),
    "where": lambda lib, x: lib.where(x > 0, x, x),
    "clamp": lambda lib, x: x.clamp(-1, 1),
    "softmax": lambda lib, x: x.softmax(-1),
    "log_softmax": lambda lib, x: x.log_softmax(-1),
    "relu": lambda lib, x: lib.relu(x),
    "gelu": lambda lib, x: lib.nn.functional.gelu(x),
    "layer_norm": lambda lib, x: lib.nn.functional.layer_norm(x, (4,)),
    "mse_loss": lambda lib, x: lib.nn.functional.mse_loss(x, x),
    "linear": lambda lib, x: lib.nn.functional.linear(x, x),
    "masked_fill": lambda lib, x: x.masked_fill(x > 0, 0.0),
    "einsum": lambda lib, x: lib.einsum("ij,jk->ik", x, x),
    "norm": lambda lib, x: x.norm(),
    "clone": lambda lib, x: x.clone(),
    "float64": lambda lib, x: x.double(),
}


def _with_labels(function: Callable[[Any, Any, Any], Any]) -> Callable[[Any], Step]:
    def make(lib: Any) -> Step:
        x = lib.randn(4, 4).requires_grad_()
        labels = lib.tensor([0, 1, 2, 3])

        def step() -> None:
            x.grad = None
            total = None
            for _ in range(20):
                y = function(lib, x, labels)
                total = y if total is None else total + y
            total.sum().backward()

        return step

    return make


TRAINING: dict[str, Callable[[Any], Step]] = {
    "MLP b32 step": mlp,
    "HVP": hessian_vector_product,
    "LSTM written out": workloads.lstm_written_out,
}
WORKLOADS: dict[str, Callable[[Any], Step]] = {
    **TRAINING,
    **{name: _in_a_row(function) for name, function in OPS.items()},
    "x[tensor]": _with_labels(lambda lib, x, labels: x[labels]),
    "cross_entropy": _with_labels(lambda lib, x, labels: lib.nn.functional.cross_entropy(x, labels)),
    "embedding": _with_labels(lambda lib, x, labels: lib.nn.functional.embedding(labels, x)),
    "gather": _with_labels(lambda lib, x, labels: x.gather(1, labels[:, None])),
}
UNITS = {name: 1 if name in TRAINING else 20 for name in WORKLOADS}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_small(benchmark: Any, workload: str) -> None:
    import autograd_gpu as ag

    benchmark(WORKLOADS[workload](ag))
