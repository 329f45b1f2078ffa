"""Several cards: whatever the current one is, an op and its derivatives run on the card of their arrays.

CuPy warns when a kernel of one card touches arrays of another, and warnings are errors here: results cannot come from the
wrong card unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import nn

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def two_cards() -> Iterator[None]:
    if ag.cuda.device_count() < 2:
        pytest.skip("needs two CUDA devices")
    yield
    assert ag.cuda.current_device() == 0, "the current card was changed"


PAIRS = [
    ("cuda:0", "cuda:1"),
    ("cuda:1", "cuda:0"),
    ("cuda:1", "cuda:1"),
    ("cpu", "cuda:1"),
    ("cuda:1", "cpu"),
]


def interleaved(first: str, second: str) -> tuple[float, ag.Tensor, ag.Tensor]:
    """A loss whose graph goes to and fro between two places, twice, so that gradients are accumulated."""
    ag.manual_seed(0)
    a = ag.randn(4, 5).to(first).requires_grad_()
    b = ag.randn(5, 3).to(second).requires_grad_()
    loss = ag.zeros(())
    for _ in range(2):
        h = (a * 2).tanh() * a
        k = (b * b).sigmoid() + b
        there = h.to(second)
        loss = ((there @ k).exp().sum() + (a**3).sum().to(second)) + (h.to(second) * there).sum()
        loss.backward()
    assert a.grad is not None
    assert b.grad is not None
    return loss.item(), a.grad, b.grad


@pytest.mark.parametrize("current", [0, 1])
@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_backward_follows_the_cards(pair: tuple[str, str], current: int) -> None:
    expected = interleaved("cpu", "cpu")
    with ag.cuda.device(current):
        loss, *gradients = interleaved(*pair)
        assert ag.cuda.current_device() == current
    assert loss == pytest.approx(expected[0], rel=1e-5)
    for gradient, other, place in zip(gradients, expected[1:], pair, strict=True):
        assert str(gradient.device) == place
        np.testing.assert_allclose(gradient.cpu().numpy(), other.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_second_derivatives_follow_them_too(pair: tuple[str, str]) -> None:
    a = ag.tensor([[1.0, -2.0]]).to(pair[0]).requires_grad_()
    b = ag.tensor([[0.5], [1.0]]).to(pair[1]).requires_grad_()
    (g,) = ag.autograd.grad(((a * a).to(pair[1]) @ b).sum(), a, create_graph=True)
    (h,) = ag.autograd.grad(g.sum(), a)
    assert str(h.device) == pair[0]
    assert h.tolist() == [[1.0, 2.0]]  # d/da of 2 a b


def test_training_on_the_second_card() -> None:
    def losses(place: str) -> list[float]:
        ag.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2),
            nn.Linear(36, 10),
        ).to(place)  # fmt: skip
        x, target = ag.randn(5, 1, 8, 8).to(place), ag.randint(0, 10, (5,)).to(place)
        optimizer = ag.optim.Adam(model.parameters(), lr=0.01)
        found = []
        for _ in range(4):
            optimizer.zero_grad(set_to_none=False)
            loss = nn.functional.cross_entropy(model(x), target)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            found.append(loss.item())
        return found

    np.testing.assert_allclose(losses("cuda:1"), losses("cpu"), rtol=2e-4)


def test_copies_between_cards_see_what_was_computed_before() -> None:
    x = ag.ones(1000, 1000, device="cuda:0")
    for _ in range(3):
        x = x @ x / 1000 + 1
    there = x.to("cuda:1")
    x.zero_()
    assert there[0, 0].item() == 26677.0 or there.min().item() == there.max().item() > 0
    back = there.to("cuda:0")
    assert back.device.index == 0
    y = ag.zeros(2, device="cuda:1")
    y.copy_(ag.ones(2, device="cuda:0"))
    assert y.tolist() == [1.0, 1.0]


def test_streams_and_memory_belong_to_a_card() -> None:
    stream = ag.cuda.Stream(device=1)
    assert stream.device == ag.device("cuda:1")
    with ag.cuda.stream(stream):
        assert ag.cuda.current_device() == 1
        assert ag.cuda.current_stream() == stream
        x = ag.ones(MANY, device="cuda")
        assert x.device == ag.device("cuda:1")
    assert ag.cuda.current_stream(1) == ag.cuda.default_stream(1)
    stream.synchronize()
    assert ag.cuda.memory_allocated(1) >= 4 * MANY
    event = ag.cuda.Event()
    event.record(stream)
    with pytest.raises(RuntimeError, match="Event device 1 does not match recording stream's device 0"):
        event.record(ag.cuda.current_stream())
    with ag.cuda.device_of(x):
        assert ag.cuda.current_device() == 1
    assert isinstance(ag.cuda.can_device_access_peer(0, 1), bool)


MANY = 100_000


def test_the_current_card_is_what_cuda_means() -> None:
    with ag.cuda.device(1):
        assert ag.zeros(1, device="cuda").device.index == 1
        assert ag.ones(1).cuda().device.index == 1
        with ag.device("cuda"):
            assert ag.zeros(1).device.index == 1
    assert ag.zeros(1, device="cuda").device.index == 0
    assert ag.ones(1).cuda(1).device.index == 1
    ag.set_default_device("cuda:1")
    try:
        assert ag.rand(1).device.index == 1
    finally:
        ag.set_default_device(None)


def test_two_cards_do_not_mix() -> None:
    x, y = ag.ones(2, device="cuda:0"), ag.ones(2, device="cuda:1")
    for mix in (
        lambda: x + y,
        lambda: x @ y,
        lambda: ag.cat([x, y]),
        lambda: x.add_(y),
        lambda: ag.where(x > 0, x, y),
    ):
        with pytest.raises(
            RuntimeError,
            match="Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cuda:1!",
        ):
            mix()
