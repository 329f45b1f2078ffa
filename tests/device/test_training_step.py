"""A training step on a GPU never makes the program wait: no value is read, nothing is copied to the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu import nn

pytestmark = pytest.mark.gpu
F = nn.functional


class Block(nn.Module):
    """A transformer's encoder block over embedded tokens, with dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.first, self.second = nn.LayerNorm(16), nn.LayerNorm(16)
        self.attention = nn.MultiheadAttention(16, 2, dropout=0.1, batch_first=True)
        self.forward_layers = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Dropout(0.1), nn.Linear(32, 16))
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(16, 10)

    def forward(self, tokens: ag.Tensor) -> ag.Tensor:
        x = self.embed(tokens)
        normal = self.first(x)
        x = x + self.drop(self.attention(normal, normal, normal, need_weights=False)[0])
        x = x + self.drop(self.forward_layers(self.second(x)))
        result: ag.Tensor = self.head(x.mean(1))
        return result


def mlp() -> tuple[nn.Module, ag.Tensor]:
    layers = (nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 32), nn.GELU(), nn.Dropout(0.1), nn.Linear(32, 10))
    return nn.Sequential(*layers), ag.randn(16, 20)


def cnn() -> tuple[nn.Module, ag.Tensor]:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3),
        nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(8, 10),
    ), ag.randn(4, 3, 8, 8)  # fmt: skip


def transformer() -> tuple[nn.Module, ag.Tensor]:
    return Block(), ag.randint(0, 50, (4, 6))


OPTIMIZERS = ["SGD", "Adam", "AdamW", "RMSprop"]


@pytest.fixture
def no_copies_to_the_host() -> Iterator[Callable[[], None]]:
    yield lambda: ag.cuda.set_sync_debug_mode("error")
    ag.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("make", [mlp, cnn, transformer])
def test_a_step_reads_nothing_back(
    make: Any, optimizer: str, no_copies_to_the_host: Callable[[], None]
) -> None:
    model, x = make()
    model, x = model.to("cuda"), x.to("cuda")
    target = ag.randint(0, 10, (len(x),), device="cuda")
    update = getattr(ag.optim, optimizer)(model.parameters(), lr=1e-3)

    def step() -> ag.Tensor:
        update.zero_grad()
        loss = F.cross_entropy(model(x), target)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        update.step()
        return loss

    step()
    no_copies_to_the_host()
    loss = step()
    with pytest.raises(RuntimeError, match="synchronizing"):
        loss.item()
    ag.cuda.set_sync_debug_mode("default")
    assert 0 < loss.item() < 10
