"""The floor: forward and backward written by hand in NumPy, with buffers that are made once and ``out=`` everywhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Step = Callable[[], object]
Array = Any


def _randn(*shape: int) -> Array:
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def chain(elements: int, backward: bool) -> Step:
    x, w, b = (np.full(elements, value, np.float32) for value in (0.5, 0.9, 0.1))
    y = np.empty((101, elements), np.float32)
    g, part, gw, gb = (np.empty(elements, np.float32) for _ in range(4))

    def forward() -> None:
        np.copyto(y[0], x)
        for i in range(0, 100, 2):
            np.multiply(y[i], w, y[i + 1])
            np.add(y[i + 1], b, y[i + 2])

    def step() -> None:
        forward()
        g.fill(1)
        gw.fill(0)
        gb.fill(0)
        for i in range(98, -1, -2):
            np.add(gb, g, gb)
            np.multiply(g, y[i], part)
            np.add(gw, part, gw)
            np.multiply(g, w, g)

    return step if backward else forward


class _Adam:
    def __init__(self, parameters: list[Array], rate: float = 1e-3) -> None:
        self.parameters, self.rate, self.steps = parameters, np.float32(rate), 0
        self.m = [np.zeros_like(p) for p in parameters]
        self.v = [np.zeros_like(p) for p in parameters]
        self.scratch = [np.empty_like(p) for p in parameters]

    def step(self, gradients: list[Array]) -> None:
        self.steps += 1
        size = np.float32(self.rate / (1 - 0.9**self.steps))
        root = np.float32(1 / (1 - 0.999**self.steps) ** 0.5)
        state = zip(self.parameters, gradients, self.m, self.v, self.scratch, strict=True)
        for p, g, m, v, s in state:
            m *= np.float32(0.9)
            np.multiply(g, np.float32(0.1), s)
            m += s
            v *= np.float32(0.999)
            np.multiply(g, g, s)
            s *= np.float32(0.001)
            v += s
            np.sqrt(v, s)
            s *= root
            s += np.float32(1e-8)
            np.divide(m, s, s)
            s *= size
            p -= s


def adam(count: int, elements: int) -> Step:
    gradients = [_randn(elements) for _ in range(count)]
    optimizer = _Adam([_randn(elements) for _ in range(count)])
    return lambda: optimizer.step(gradients)


def mlp(batch: int, *sizes: int, rate: float | None = None) -> Step:
    weights = [_randn(n, m) / np.float32(m**0.5) for m, n in itertools.pairwise(sizes)]
    biases = [np.zeros(n, np.float32) for n in sizes[1:]]
    x = _randn(batch, sizes[0])
    labels = np.random.default_rng(1).integers(0, sizes[-1], batch)
    rows = np.arange(batch)
    outs = [np.empty((batch, n), np.float32) for n in sizes[1:]]
    slopes = [np.empty((batch, n), np.float32) for n in sizes[1:]]
    masks = [np.empty((batch, n), np.float32) for n in sizes[1:]]
    gw = [np.empty_like(w) for w in weights]
    gb = [np.empty_like(b) for b in biases]
    optimizer = _Adam(weights + biases) if rate is None else None
    last = len(weights) - 1

    def step() -> None:
        h = x
        for i, (w, b, out) in enumerate(zip(weights, biases, outs, strict=True)):
            np.matmul(h, w.T, out)
            out += b
            if i < last:
                np.maximum(out, 0, out)
            h = out
        g = slopes[last]
        np.subtract(h, h.max(1, keepdims=True), g)
        np.exp(g, g)
        g /= g.sum(1, keepdims=True)
        g[rows, labels] -= 1
        g *= np.float32(1 / batch)
        for i in range(last, -1, -1):
            below = outs[i - 1] if i else x
            np.matmul(slopes[i].T, below, gw[i])
            np.add.reduce(slopes[i], 0, out=gb[i])
            if i:
                np.matmul(slopes[i], weights[i], slopes[i - 1])
                np.greater(outs[i - 1], 0, masks[i - 1], casting="unsafe")
                slopes[i - 1] *= masks[i - 1]
        if optimizer is not None:
            optimizer.step(gw + gb)
        else:
            for p, d in zip(weights + biases, gw + gb, strict=True):
                d *= np.float32(rate)
                p -= d

    return step


def gelu_chain(elements: int = 10_000_000, block: int = 65_536) -> Step:
    """All eight ops and their derivatives on one block after the other, so that what is in between stays in the cache."""
    x, gx = _randn(elements), np.empty(elements, np.float32)
    a, b, c = (np.empty(block, np.float32) for _ in range(3))
    out = np.empty(elements, np.float32)
    k0, k1 = np.float32(0.7978845608), np.float32(0.044715)

    def step() -> None:
        for start in range(0, elements, block):
            part = slice(start, min(start + block, elements))
            n = part.stop - start
            xs, t, u, s = x[part], a[:n], b[:n], c[:n]
            np.multiply(xs, xs, u)
            np.multiply(u, k1, t)
            t += 1
            t *= xs
            t *= k0
            np.tanh(t, t)
            np.add(t, 1, out[part])
            np.multiply(t, t, s)
            np.subtract(1, s, s)  # the slope of tanh
            u *= 3 * k1
            u += 1
            u *= k0
            u *= xs
            s *= u
            s += out[part]
            gx[part] = s
            out[part] *= xs

    return step


def cross_entropy(rows: int = 4096, classes: int = 10_000, block: int = 16) -> Step:
    x, g = _randn(rows, classes), np.empty((rows, classes), np.float32)
    labels = np.random.default_rng(1).integers(0, classes, rows)
    index = np.arange(block)

    def step() -> float:
        loss = 0.0
        for start in range(0, rows, block):
            part = slice(start, start + block)
            own = labels[part]
            out = g[part]
            np.subtract(x[part], x[part].max(1, keepdims=True), out)
            at = out[index, own]
            np.exp(out, out)
            total = out.sum(1, keepdims=True)
            loss += float((np.log(total[:, 0]) - at).sum())
            out *= np.float32(1 / rows) / total
            out[index, own] -= np.float32(1 / rows)
        return loss / rows

    return step


def batched_matmul(batch: int = 64, size: int = 128) -> Step:
    a, b, g = (_randn(batch, size, size) for _ in range(3))
    out, ga, gb = (np.empty_like(a) for _ in range(3))

    def step() -> None:
        np.matmul(a, b, out)
        np.matmul(g, b.mT, ga)
        np.matmul(a.mT, g, gb)

    return step


def embedding(rows: int = 50_000, width: int = 128, count: int = 8192) -> Step:
    table, g = _randn(rows, width), np.ones((count, width), np.float32)
    indices = np.random.default_rng(1).integers(0, rows, count)
    out, gradient = np.empty((count, width), np.float32), np.empty_like(table)

    def step() -> None:
        np.take(table, indices, 0, out)
        gradient.fill(0)
        np.add.at(gradient, indices, g)

    return step


def hessian_vector_product(batch: int = 32, width: int = 64) -> Step:
    w1, w2, v1, v2 = (_randn(width, width) for _ in range(4))
    x = _randn(batch, width)
    scale = np.float32(2 / (batch * width))

    def step() -> tuple[Array, Array]:
        h = np.tanh(x @ w1)
        slope = 1 - h * h
        out = h @ w2
        d_h = (x @ v1) * slope
        d_out = d_h @ w2 + h @ v2
        g, d_g = scale * out, scale * d_out
        inner, d_inner = g @ w2.T, d_g @ w2.T + g @ v2.T
        d_z = d_inner * slope - inner * 2 * h * d_h
        return x.T @ d_z, h.T @ d_g + d_h.T @ g

    return step


WORKLOADS: dict[str, Callable[[], Step]] = {
    "chain of 100 ops, 4 elements, forward": partial(chain, 4, False),
    "chain of 100 ops, 4 elements": partial(chain, 4, True),
    "chain of 100 ops, 1000 elements, forward": partial(chain, 1000, False),
    "chain of 100 ops, 1000 elements": partial(chain, 1000, True),
    "MLP 784-128-10, batch 32, Adam": partial(mlp, 32, 784, 128, 10),
    "MLP 784-1024-1024-10, batch 1024": partial(mlp, 1024, 784, 1024, 1024, 10, rate=1e-2),
    "gelu chain, 10M": gelu_chain,
    "softmax + cross-entropy, 4096 x 10000": cross_entropy,
    "batched matmul, 64 x 128 x 128": batched_matmul,
    "embedding 50k x 128, 8192 indices": embedding,
    "Adam, 100 x 10k": partial(adam, 100, 10_000),
    "Adam, 10M": partial(adam, 1, 10_000_000),
    "Hessian-vector product": hessian_vector_product,
}
