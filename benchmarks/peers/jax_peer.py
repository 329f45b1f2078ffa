"""The workloads in JAX, compiled (`jax.jit`), waiting for the results as a user who looks at them does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Step = Callable[[], object]


def _randn(*shape: int) -> Any:
    return jnp.asarray(np.random.default_rng(0).standard_normal(shape, dtype=np.float32))


def _ready(function: Callable[..., Any], *arguments: Any) -> Step:
    compiled = jax.jit(function)
    return lambda: jax.block_until_ready(compiled(*arguments))


def chain(elements: int, backward: bool) -> Step:
    def forward(x: Any, w: Any, b: Any) -> Any:
        y = x
        for _ in range(50):
            y = y * w + b
        return y

    arguments = [jnp.full(elements, value, jnp.float32) for value in (0.5, 0.9, 0.1)]
    if not backward:
        return _ready(forward, *arguments)
    return _ready(jax.grad(lambda *a: forward(*a).sum(), (0, 1, 2)), *arguments)


def _cross_entropy(logits: Any, labels: Any) -> Any:
    logs = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(logs, labels[:, None], 1).mean()


def _adam(p: Any, g: Any, m: Any, v: Any, t: Any) -> Any:
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    return p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


def _stepping(update: Callable[..., Any], state: Any, *data: Any) -> Step:
    compiled = jax.jit(update, donate_argnums=0)
    held = [state]

    def step() -> None:
        held[0] = jax.block_until_ready(compiled(held[0], *data))

    return step


def mlp(batch: int, *sizes: int, rate: float | None = None) -> Step:
    parameters = [
        array for m, n in itertools.pairwise(sizes) for array in (_randn(m, n) / m**0.5, jnp.zeros(n))
    ]
    x = _randn(batch, sizes[0])
    labels = jnp.asarray(np.random.default_rng(1).integers(0, sizes[-1], batch))

    def loss(parameters: Any, x: Any, labels: Any) -> Any:
        for i in range(0, len(parameters), 2):
            x = x @ parameters[i] + parameters[i + 1]
            if i + 2 < len(parameters):
                x = jax.nn.relu(x)
        return _cross_entropy(x, labels)

    if rate is not None:

        def descend(parameters: Any, x: Any, labels: Any) -> Any:
            gradients = jax.grad(loss)(parameters, x, labels)
            return [p - rate * g for p, g in zip(parameters, gradients, strict=True)]

        return _stepping(descend, parameters, x, labels)

    def update(state: Any, x: Any, labels: Any) -> Any:
        parameters, ms, vs, t = state
        gradients = jax.grad(loss)(parameters, x, labels)
        new = [_adam(*each, t) for each in zip(parameters, gradients, ms, vs, strict=True)]
        return [n[0] for n in new], [n[1] for n in new], [n[2] for n in new], t + 1

    zeros = [jnp.zeros_like(p) for p in parameters]
    return _stepping(update, (parameters, zeros, [z + 0 for z in zeros], jnp.float32(1)), x, labels)


def adam(count: int, elements: int) -> Step:
    gradients = [_randn(elements) for _ in range(count)]

    def update(state: Any, gradients: Any) -> Any:
        parameters, ms, vs, t = state
        new = [_adam(*each, t) for each in zip(parameters, gradients, ms, vs, strict=True)]
        return [n[0] for n in new], [n[1] for n in new], [n[2] for n in new], t + 1

    state = (
        [g + 0 for g in gradients],
        [g * 0 for g in gradients],
        [g * 0 for g in gradients],
        jnp.float32(1),
    )
    return _stepping(update, state, gradients)


def lstm(steps: int = 32, batch: int = 32, hidden: int = 128) -> Step:
    weight, bias = _randn(2 * hidden, 4 * hidden) * 0.05, jnp.zeros(4 * hidden)
    x = _randn(steps, batch, hidden)

    def total(weight: Any, bias: Any, x: Any) -> Any:
        h = c = jnp.zeros((batch, hidden))
        for t in range(steps):
            i, f, g, o = jnp.split(jnp.concatenate([x[t], h], 1) @ weight + bias, 4, 1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return h.sum()

    return _ready(jax.grad(total, (0, 1)), weight, bias, x)


def gelu_chain(elements: int = 10_000_000) -> Step:
    def gelu(x: Any) -> Any:
        inner = (x * x * x * 0.044715 + x) * 0.7978845608
        return x * (jnp.tanh(inner) + 1.0)

    return _ready(jax.grad(lambda x: gelu(x).sum()), _randn(elements))


def cross_entropy(rows: int = 4096, classes: int = 10_000) -> Step:
    labels = jnp.asarray(np.random.default_rng(1).integers(0, classes, rows))
    return _ready(jax.value_and_grad(_cross_entropy), _randn(rows, classes), labels)


def batched_matmul(batch: int = 64, size: int = 128) -> Step:
    a, b = _randn(batch, size, size), _randn(batch, size, size)
    return _ready(jax.grad(lambda a, b: (a @ b).sum(), (0, 1)), a, b)


def embedding(rows: int = 50_000, width: int = 128, count: int = 8192) -> Step:
    indices = jnp.asarray(np.random.default_rng(1).integers(0, rows, count))
    return _ready(jax.grad(lambda table, indices: table[indices].sum()), _randn(rows, width), indices)


def hessian_vector_product(batch: int = 32, width: int = 64) -> Step:
    weights, vector = ([_randn(width, width) for _ in range(2)] for _ in range(2))
    x = _randn(batch, width)

    def loss(weights: Any) -> Any:
        return ((jnp.tanh(x @ weights[0]) @ weights[1]) ** 2).mean()

    return _ready(lambda w, v: jax.jvp(jax.grad(loss), (w,), (v,))[1], weights, vector)


def jacobian(size: int = 100) -> Step:
    w = _randn(size, size)
    return _ready(jax.jacrev(lambda x: jnp.tanh(w @ x)), _randn(size))


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
    "Adam, 100 x 10k": partial(adam, 100, 10_000),
    "Adam, 10M": partial(adam, 1, 10_000_000),
    "Hessian-vector product": hessian_vector_product,
    "Jacobian 100 -> 100": jacobian,
}
