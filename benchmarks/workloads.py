"""Workloads of the size that training on a CPU has: each a function of a library module `lib` with PyTorch's interface that
returns the step to time, so that the very same lines run on every library.

The families' files (`bench_conv.py`, `bench_attention.py`, `bench_rnn.py`) choose from here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Step = Callable[[], object]


def convolution(
    lib: Any, images: int, channels: int, outputs: int, size: int, kernel: int = 3, padding: int = 0
) -> Step:
    """One convolution, forward and both gradients."""
    x = lib.randn(images, channels, size, size).requires_grad_()
    layer = lib.nn.Conv2d(channels, outputs, kernel, padding=padding)
    with lib.no_grad():
        g = lib.ones_like(layer(x))

    def step() -> None:
        x.grad = None
        layer.zero_grad()
        layer(x).backward(g)

    return step


def max_pool(lib: Any, images: int, channels: int, size: int) -> Step:
    """Maxima of 2 x 2 windows and their gradient."""
    x = lib.randn(images, channels, size, size).requires_grad_()
    g = lib.ones(images, channels, size // 2, size // 2)

    def step() -> None:
        x.grad = None
        lib.nn.functional.max_pool2d(x, 2).backward(g)

    return step


def cnn(lib: Any, batch: int = 64) -> Step:
    """A training step of 1-32-64 convolutions of 3 x 3 on 28 x 28 with max-pooling; Adam."""
    nn = lib.nn
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 5 * 5, 10),
    )  # fmt: skip
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-3)
    images = lib.randn(batch, 1, 28, 28)
    labels = lib.randint(0, 10, (batch,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return step


def resnet_block(lib: Any, batch: int = 16, channels: int = 64, size: int = 32) -> Step:
    """relu(x + bn(conv(relu(bn(conv(x)))))), forward and backward."""
    nn = lib.nn
    first, second = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
    norm_first, norm_second = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
    modules = nn.ModuleList([first, second, norm_first, norm_second])
    x = lib.randn(batch, channels, size, size).requires_grad_()
    g = lib.ones(batch, channels, size, size)

    def step() -> None:
        x.grad = None
        modules.zero_grad()
        inner = lib.relu(norm_first(first(x)))
        lib.relu(x + norm_second(second(inner))).backward(g)

    return step


def batch_norm(lib: Any, batch: int = 16, channels: int = 64, size: int = 32) -> Step:
    """Batch normalisation in training, forward and backward."""
    layer = lib.nn.BatchNorm2d(channels)
    x = lib.randn(batch, channels, size, size).requires_grad_()
    g = lib.randn(batch, channels, size, size)

    def step() -> None:
        x.grad = None
        layer.zero_grad()
        layer(x).backward(g)

    return step


def recurrent(lib: Any, kind: str, steps: int = 32, batch: int = 32, hidden: int = 128) -> Step:
    """`nn.LSTM` (or GRU, RNN), forward and backward."""
    layer = getattr(lib.nn, kind)(hidden, hidden)
    x = lib.randn(steps, batch, hidden).requires_grad_()
    g = lib.ones(steps, batch, hidden)

    def step() -> None:
        x.grad = None
        layer.zero_grad()
        layer(x)[0].backward(g)

    return step


def recurrent_cell(lib: Any, kind: str, steps: int = 32, batch: int = 32, hidden: int = 128) -> Step:
    """`nn.LSTMCell` (or GRUCell, RNNCell) unrolled by the user, forward and backward."""
    cell = getattr(lib.nn, kind)(hidden, hidden)
    x = lib.randn(steps, batch, hidden)
    g = lib.ones(batch, hidden)
    start = lib.zeros(batch, hidden)

    def step() -> None:
        cell.zero_grad()
        state = (start, start) if kind == "LSTMCell" else start
        for each in x:
            state = cell(each, state)
        (state[0] if kind == "LSTMCell" else state).backward(g)

    return step


def lstm_written_out(lib: Any, steps: int = 32, batch: int = 32, hidden: int = 128) -> Step:
    """An LSTM cell that the user wrote of linear, chunk, sigmoid and tanh, unrolled; forward and backward."""
    linear = lib.nn.Linear(2 * hidden, 4 * hidden)
    x = lib.randn(steps, batch, hidden)
    g = lib.ones(batch, hidden)
    start = lib.zeros(batch, hidden)

    def step() -> None:
        linear.zero_grad()
        h = c = start
        for each in x:
            i, f, new, o = linear(lib.cat([each, h], 1)).chunk(4, 1)
            c = lib.sigmoid(f) * c + lib.sigmoid(i) * lib.tanh(new)
            h = lib.sigmoid(o) * lib.tanh(c)
        h.backward(g)

    return step


def attention(lib: Any, batch: int = 8, heads: int = 4, length: int = 128, width: int = 64) -> Step:
    """scaled_dot_product_attention, forward and backward."""
    q, k, v = (lib.randn(batch, heads, length, width).requires_grad_() for _ in range(3))
    g = lib.ones(batch, heads, length, width)

    def step() -> None:
        q.grad = k.grad = v.grad = None
        lib.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).backward(g)

    return step


def multihead_attention(
    lib: Any, batch: int = 8, heads: int = 4, length: int = 128, width: int = 256
) -> Step:
    """`nn.MultiheadAttention` without weights returned, forward and backward."""
    layer = lib.nn.MultiheadAttention(width, heads, batch_first=True)
    x = lib.randn(batch, length, width).requires_grad_()
    g = lib.ones(batch, length, width)

    def step() -> None:
        x.grad = None
        layer.zero_grad()
        layer(x, x, x, need_weights=False)[0].backward(g)

    return step


def transformer_block(
    lib: Any, width: int = 256, heads: int = 4, length: int = 128, batch: int = 8, causal: bool = False
) -> Step:
    """A block that normalises first, with a gelu MLP four times as wide; forward and backward."""
    block = _block(lib, width, heads, causal)
    x = lib.randn(batch, length, width).requires_grad_()
    g = lib.ones(batch, length, width)

    def step() -> None:
        x.grad = None
        block.zero_grad()
        block(x).backward(g)

    return step


def _block(lib: Any, width: int, heads: int, causal: bool) -> Any:
    nn = lib.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.before = nn.LayerNorm(width)
            self.project = nn.Linear(width, 3 * width)
            self.out = nn.Linear(width, width)
            self.between = nn.LayerNorm(width)
            self.widen = nn.Linear(width, 4 * width)
            self.narrow = nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            n, t, _ = x.shape
            q, k, v = (
                part.reshape(n, t, heads, width // heads).transpose(1, 2)
                for part in self.project(self.before(x)).chunk(3, -1)
            )
            seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
            x = x + self.out(seen.transpose(1, 2).reshape(n, t, width))
            return x + self.narrow(nn.functional.gelu(self.widen(self.between(x))))

    return Block()


def char_gpt(
    lib: Any, layers: int = 4, width: int = 128, heads: int = 4, length: int = 64, batch: int = 16
) -> Step:
    """A training step of a character model: embeddings, blocks, logits of 65 characters, cross-entropy; AdamW."""
    nn, vocabulary = lib.nn, 65

    class Model(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(vocabulary, width)
            self.position = nn.Embedding(length, width)
            self.blocks = nn.Sequential(*(_block(lib, width, heads, True) for _ in range(layers)))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, vocabulary, bias=False)

        def forward(self, tokens: Any) -> Any:
            x = self.token(tokens) + self.position.weight
            return self.head(self.norm(self.blocks(x)))

    model = Model()
    optimizer = lib.optim.AdamW(model.parameters(), lr=1e-3)
    tokens = lib.randint(0, vocabulary, (batch, length))
    targets = lib.randint(0, vocabulary, (batch * length,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(tokens).reshape(-1, vocabulary), targets).backward()
        optimizer.step()

    return step


def embedding(lib: Any, rows: int = 50_000, width: int = 128, count: int = 8192) -> Step:
    """Rows of a table by index and the gradient of the table."""
    table = lib.randn(rows, width).requires_grad_()
    indices = lib.randint(0, rows, (count,))
    g = lib.ones(count, width)

    def step() -> None:
        table.grad = None
        lib.nn.functional.embedding(indices, table).backward(g)

    return step
