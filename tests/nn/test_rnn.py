"""Recurrent layers beyond the op table: shares of a batch, threads, outputs that users write into, derivatives of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import nn
from autograd_gpu.core.op import REGISTRY, tensor_namespace

KINDS = ["RNN", "GRU", "LSTM"]


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = ag.get_num_threads()
    ag.set_num_threads(2)
    yield
    ag.set_num_threads(before)


def _gradients(layer: Any, x: Any) -> list[np.ndarray]:
    """Output, and gradients of input and parameters, for a sum in which every output has its own weight."""
    x = x.detach().requires_grad_()
    layer.zero_grad()
    output, _ = layer(x)
    (output * ag.arange(output.numel()).reshape(output.shape).remainder(7.0)).sum().backward()
    return [output.detach().numpy(), x.grad.numpy(), *(p.grad.numpy() for p in layer.parameters())]


@pytest.mark.parametrize("kind", KINDS)
def test_images_of_a_large_batch_do_not_touch_each_other(kind: str, two_threads: None) -> None:
    # 64 images of this size are walked through in shares, 1 is not.
    layer = getattr(nn, kind)(8, 128, bidirectional=True)
    x = ag.randn(9, 64, 8)
    together, _ = layer(x)
    for image in (0, 31, 32, 63):
        alone, _ = layer(x[:, image : image + 1])
        np.testing.assert_allclose(
            together[:, image : image + 1].detach().numpy(), alone.detach().numpy(), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("kind", KINDS)
def test_results_do_not_depend_on_the_number_of_threads(kind: str, two_threads: None) -> None:
    layer = getattr(nn, kind)(4, 128)
    x = ag.randn(9, 64, 4)
    with_two = _gradients(layer, x)
    ag.set_num_threads(1)
    with_one = _gradients(layer, x)
    np.testing.assert_array_equal(with_two[0], with_one[0])
    for a, b in zip(with_two[1:], with_one[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)  # products over all steps are BLAS's own


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_may_be_written_into(kind: str) -> None:
    layer, x = getattr(nn, kind)(3, 4), ag.randn(5, 2, 3)
    layer(x)[0].mul(3.0).sum().backward()
    expected = [p.grad.numpy().copy() for p in layer.parameters()]
    layer.zero_grad()
    output, last = layer(x)
    state = last if kind != "LSTM" else last[0]
    before = state.detach().numpy().copy()
    output.mul_(3.0)
    np.testing.assert_array_equal(state.detach().numpy(), before)
    output.sum().backward()
    for p, wanted in zip(layer.parameters(), expected, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_one_node_for_a_layer(kind: str) -> None:
    output, _ = getattr(nn, kind)(3, 4)(ag.randn(20, 2, 3))
    assert output.grad_fn.name() == f"{kind.capitalize()}LayerBackward0"


def test_the_last_states_have_gradients() -> None:
    layer = nn.LSTM(3, 4, num_layers=2).double()
    x = ag.randn(4, 2, 3, dtype=ag.float64).requires_grad_()
    h, c = (ag.randn(2, 2, 4, dtype=ag.float64).requires_grad_() for _ in range(2))

    def last(x: Any, h: Any, c: Any) -> Any:
        _, (h_n, c_n) = layer(x, (h, c))
        return h_n, c_n

    assert ag.autograd.gradcheck(last, (x, h, c), check_forward_ad=True)
    assert ag.autograd.gradgradcheck(last, (x, h, c))


@pytest.mark.parametrize("kind", KINDS)
def test_vmap_over_a_layer_is_the_layer_on_each_example(kind: str) -> None:
    layer, x = getattr(nn, kind)(3, 4), ag.randn(6, 5, 2, 3)
    together = ag.func.vmap(lambda example: layer(example)[0])(x)
    for example in range(6):
        np.testing.assert_allclose(
            together[example].detach().numpy(), layer(x[example])[0].detach().numpy(), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["rnn_layer", "gru_layer", "lstm_layer"])
def test_shares_and_pieces_give_what_the_body_gives(name: str, reverse: bool, two_threads: None) -> None:
    record = REGISTRY[name]
    gates = {"rnn_layer": 1, "gru_layer": 3, "lstm_layer": 4}[name]

    def make(*shape: int) -> Any:
        return (ag.randn(*shape, dtype=ag.float64) * 0.2).requires_grad_()

    states = [make(64, 128) for _ in range(2 if name == "lstm_layer" else 1)]
    rows = 128 * gates
    inputs = [make(9, 64, 96), *states, make(rows, 96), make(rows, 128), make(rows), make(rows)]
    params: dict[str, Any] = {"reverse": reverse}
    if name == "rnn_layer":
        params["nonlinearity"] = "tanh"
    ours = record.public(*inputs, **params)
    oracle = record.body(tensor_namespace(ag.device("cpu")), *inputs, **params)[: len(ours)]
    toward = [ag.randn(*each.shape, dtype=ag.float64) for each in ours]
    pairs = [
        *zip(ours, oracle, strict=True),
        *zip(ag.autograd.grad(ours, inputs, toward), ag.autograd.grad(oracle, inputs, toward), strict=True),
    ]
    for found, wanted in pairs:
        np.testing.assert_allclose(found.detach().numpy(), wanted.detach().numpy(), rtol=1e-9, atol=1e-11)
