"""The workloads in HIPS autograd, which records NumPy calls."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad, hessian_vector_product as hvp, jacobian as jacobian_of, value_and_grad

Step = Callable[[], object]


def _randn(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def chain(elements: int, backward: bool) -> Step:
    def forward(x: Any, w: Any, b: Any) -> Any:
        y = x
        for _ in range(50):
            y = y * w + b
        return y

    arguments = [np.full(elements, value, np.float32) for value in (0.5, 0.9, 0.1)]
    if not backward:
        return lambda: forward(*arguments)
    gradient = grad(lambda three: forward(*three).sum())
    return lambda: gradient(arguments)


def _cross_entropy(logits: Any, labels: Any) -> Any:
    shifted = logits - logits.max(1, keepdims=True)
    logs = shifted - anp.log(anp.exp(shifted).sum(1, keepdims=True))
    return -logs[np.arange(len(labels)), labels].mean()


def mlp(batch: int, *sizes: int, rate: float | None = None) -> Step:
    parameters = [
        array
        for m, n in itertools.pairwise(sizes)
        for array in (_randn(m, n) / np.float32(m**0.5), np.zeros(n, np.float32))
    ]
    x = _randn(batch, sizes[0])
    labels = np.random.default_rng(1).integers(0, sizes[-1], batch)

    def loss(parameters: Any) -> Any:
        h = x
        for i in range(0, len(parameters), 2):
            h = anp.dot(h, parameters[i]) + parameters[i + 1]
            if i + 2 < len(parameters):
                h = anp.maximum(h, 0)
        return _cross_entropy(h, labels)

    gradient = grad(loss)
    ms = [np.zeros_like(p) for p in parameters]
    vs = [np.zeros_like(p) for p in parameters]

    def step() -> None:
        gradients = gradient(parameters)
        for p, g, m, v in zip(parameters, gradients, ms, vs, strict=True):
            if rate is not None:
                p -= np.float32(rate) * g
                continue
            m *= 0.9
            m += 0.1 * g
            v *= 0.999
            v += 0.001 * g * g
            p -= (0.001 * m / (np.sqrt(v) + 1e-8)).astype(np.float32)

    return step


def lstm(steps: int = 32, batch: int = 32, hidden: int = 128) -> Step:
    weights = [_randn(2 * hidden, 4 * hidden) * np.float32(0.05), np.zeros(4 * hidden, np.float32)]
    x = _randn(steps, batch, hidden)

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + anp.exp(-x))

    def total(weights: Any) -> Any:
        h = c = np.zeros((batch, hidden), np.float32)
        for t in range(steps):
            gates = anp.dot(anp.concatenate([x[t], h], 1), weights[0]) + weights[1]
            i, f, g, o = (gates[:, k * hidden : (k + 1) * hidden] for k in range(4))
            c = sigmoid(f) * c + sigmoid(i) * anp.tanh(g)
            h = sigmoid(o) * anp.tanh(c)
        return h.sum()

    gradient = grad(total)
    return lambda: gradient(weights)


def gelu_chain(elements: int = 10_000_000) -> Step:
    x = _randn(elements)

    def gelu(x: Any) -> Any:
        inner = (x * x * x * np.float32(0.044715) + x) * np.float32(0.7978845608)
        return (x * (anp.tanh(inner) + 1)).sum()

    gradient = grad(gelu)
    return lambda: gradient(x)


def cross_entropy(rows: int = 4096, classes: int = 10_000) -> Step:
    labels = np.random.default_rng(1).integers(0, classes, rows)
    x = _randn(rows, classes)
    both = value_and_grad(lambda x: _cross_entropy(x, labels))
    return lambda: both(x)


def batched_matmul(batch: int = 64, size: int = 128) -> Step:
    operands = [_randn(batch, size, size), _randn(batch, size, size)]
    gradient = grad(lambda two: anp.matmul(two[0], two[1]).sum())
    return lambda: gradient(operands)


def embedding(rows: int = 50_000, width: int = 128, count: int = 8192) -> Step:
    indices = np.random.default_rng(1).integers(0, rows, count)
    table = _randn(rows, width)
    gradient = grad(lambda table: table[indices].sum())
    return lambda: gradient(table)


def hessian_vector_product(batch: int = 32, width: int = 64) -> Step:
    weights, vector = _randn(2, width, width), _randn(2, width, width)
    x = _randn(batch, width)
    product = hvp(lambda w: (anp.dot(anp.tanh(anp.dot(x, w[0])), w[1]) ** 2).mean())
    return lambda: product(weights, vector)


def jacobian(size: int = 100) -> Step:
    w, x = _randn(size, size), _randn(size)
    function = jacobian_of(lambda x: anp.tanh(anp.dot(w, x)))
    return lambda: function(x)


WORKLOADS: dict[str, Callable[[], Step]] = {
    "chain of 100 ops, 4 elements, forward": partial(chain, 4, False),
    "chain of 100 ops, 4 elements": partial(chain, 4, True),
    "chain of 100 ops, 1000 elements, forward": partial(chain, 1000, False),
    "chain of 100 ops, 1000 elements": partial(chain, 1000, True),
    "MLP 784-128-10, batch 32, Adam": partial(mlp, 32, 784, 128, 10),
    "MLP 784-1024-1024-10, batch 1024": partial(mlp, 1024, 784, 1024, 1024, 10, rate=1e-2),
    "LSTM unrolled, 32 steps": lstm,
    "gelu chain, 10M": gelu_chain,
    "softmax + cross-entropy, 4096 x 10000": cross_entropy,
    "batched matmul, 64 x 128 x 128": batched_matmul,
    "embedding 50k x 128, 8192 indices": embedding,
    "Hessian-vector product": hessian_vector_product,
    "Jacobian 100 -> 100": jacobian,
}
