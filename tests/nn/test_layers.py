"""Layers without PyTorch at hand: random ones, halves, devices, in-place activations, recurrent nets against
formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import nn
from autograd_gpu.nn import functional as F


@pytest.mark.parametrize(
    ("kind", "shape", "per_channel"),
    [
        ("Dropout", (50, 40), False),
        ("Dropout1d", (20, 30, 5), True),
        ("Dropout2d", (20, 30, 3, 2), True),
        ("Dropout3d", (20, 30, 2, 1, 2), True),
        ("AlphaDropout", (50, 40), False),
        ("FeatureAlphaDropout", (20, 30, 3, 2), True),
    ],
)
def test_dropout(kind: str, shape: tuple[int, ...], per_channel: bool) -> None:
    layer = getattr(nn, kind)(0.25)
    x = ag.ones(shape)
    y = layer(x).numpy()
    changed = y != 1 / 0.75 if "Alpha" not in kind else y < 0
    assert 0.2 < changed.mean() < 0.3
    if per_channel:
        flat = y.reshape(shape[0], shape[1], -1)
        assert (flat == flat[..., :1]).all()
    assert layer.eval()(x) is x or (layer.eval()(x).numpy() == 1).all()
    assert repr(layer) == f"{kind}(p=0.25, inplace=False)"
    with pytest.raises(ValueError, match="has to be between 0 and 1, but got -1"):
        getattr(nn, kind)(-1)


INPLACE = [
    nn.CELU(inplace=True), nn.ELU(inplace=True), nn.Hardsigmoid(inplace=True), nn.Hardswish(inplace=True),
    nn.Hardtanh(inplace=True), nn.LeakyReLU(inplace=True), nn.Mish(inplace=True), nn.ReLU(inplace=True),
    nn.ReLU6(inplace=True), nn.SELU(inplace=True), nn.SiLU(inplace=True),
    nn.Threshold(0.1, 5.0, inplace=True),
]  # fmt: skip


@pytest.mark.parametrize("layer", INPLACE, ids=lambda layer: type(layer).__name__)
def test_inplace_activations(layer: Any) -> None:
    values = np.linspace(-4, 4, 9, dtype=np.float32)
    layer.inplace = False
    x = ag.tensor(values, requires_grad=True)
    expected = layer(x)
    expected.sum().backward()
    layer.inplace = True
    other = ag.tensor(values, requires_grad=True)
    base = other * 1
    result = layer(base)
    assert result is base
    np.testing.assert_array_equal(result.detach().numpy(), expected.detach().numpy())
    result.sum().backward()
    np.testing.assert_array_equal(other.grad.numpy(), x.grad.numpy())
    with pytest.raises(
        RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"
    ):
        layer(x)


def test_functional_inplace_forms() -> None:
    x = ag.tensor([-1.0, 2.0])
    assert F.relu_(x) is x
    assert x.tolist() == [0.0, 2.0]
    assert F.leaky_relu(ag.tensor([-1.0]), 0.5, True).tolist() == [-0.5]
    assert F.hardtanh(ag.tensor([-3.0, 3.0]), -2.0, 2.0, True).tolist() == [-2.0, 2.0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_networks_in_other_dtypes(dtype: str, device: str) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="bfloat16 needs ml_dtypes")
    wanted = getattr(ag, dtype)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 8),
        nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3),
    ).to(device, wanted)  # fmt: skip
    x = ag.randn(6, 1, 6, 6, device=device).to(wanted)
    loss = nn.CrossEntropyLoss()(net(x), ag.tensor([0, 1, 2, 0, 1, 2], device=device))
    loss.backward()
    assert loss.dtype is wanted
    assert all(p.grad.dtype is wanted for p in net.parameters())
    assert all(bool(p.grad.isfinite().all()) for p in net.parameters())


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_recurrent_layers_on_devices(kind: str, device: str) -> None:
    net = getattr(nn, kind)(
        3, 4, num_layers=2, bidirectional=True, dropout=0.5, batch_first=True, device=device
    )
    output, _ = net(ag.randn(2, 5, 3, device=device))
    output.sum().backward()
    assert output.device.type == ag.device(device).type
    assert all(p.grad is not None for p in net.parameters())
    assert [len(group) for group in net.all_weights] == [4, 4, 4, 4]


def test_cells_are_steps_of_layers() -> None:
    for kind in ("RNN", "LSTM", "GRU"):
        layer, cell = getattr(nn, kind)(3, 4), getattr(nn, f"{kind}Cell")(3, 4)
        cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
        x = ag.randn(6, 2, 3)
        output, last = layer(x)
        state: Any = None
        for step in range(6):
            state = cell(x[step], state)
            h = state[0] if kind == "LSTM" else state
            np.testing.assert_allclose(
                output[step].detach().numpy(), h.detach().numpy(), rtol=1e-5, atol=1e-6
            )
        h = last[0] if kind == "LSTM" else last
        np.testing.assert_allclose(h[0].detach().numpy(), output[5].detach().numpy(), rtol=1e-5, atol=1e-6)


def test_dropout_between_recurrent_layers_needs_two() -> None:
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last recurrent layer"):
        nn.LSTM(2, 2, dropout=0.5)


def test_causal_attention_sees_no_future() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    x = ag.randn(1, 5, 8)
    first, _ = attention(x, x, x, attn_mask=mask, is_causal=True)
    changed = x.clone()
    changed[:, 3:] = 7.0
    second, _ = attention(changed, changed, changed, attn_mask=mask, need_weights=False)
    np.testing.assert_allclose(
        first[:, :3].detach().numpy(), second[:, :3].detach().numpy(), rtol=1e-5, atol=1e-6
    )
    with pytest.raises(RuntimeError, match="Need attn_mask if specifying the is_causal hint"):
        attention(x, x, x, is_causal=True)


def test_starting_values_depend_on_the_seed_only(device: str) -> None:
    ag.manual_seed(3)
    on_cpu = nn.Linear(5, 4)
    ag.manual_seed(3)
    there = nn.Linear(5, 4, device=device)
    np.testing.assert_array_equal(on_cpu.weight.detach().numpy(), there.weight.detach().cpu().numpy())


def test_init_takes_a_generator() -> None:
    results = []
    for _ in range(2):
        generator = ag.Generator().manual_seed(5)
        results.append([
            nn.init.uniform_(ag.empty(3, 4), generator=generator).tolist(),
            nn.init.kaiming_normal_(ag.empty(3, 4), generator=generator).tolist(),
            nn.init.trunc_normal_(ag.empty(3, 4), generator=generator).tolist(),
            nn.init.orthogonal_(ag.empty(3, 4), generator=generator).tolist(),
            nn.init.sparse_(ag.empty(3, 4), 0.5, generator=generator).tolist(),
        ])  # fmt: skip
    assert results[0] == results[1]


def test_init_of_parameters_leaves_no_graph() -> None:
    weight = nn.Parameter(ag.empty(3, 4))
    assert nn.init.xavier_uniform_(weight) is weight
    assert weight.is_leaf
    assert weight.requires_grad
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        nn.init.kaiming_uniform_(ag.empty(0, 4))
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        nn.init.trunc_normal_(ag.empty(4), mean=10.0)


def test_errors_name_the_line_of_the_user() -> None:
    with pytest.raises(RuntimeError, match="test_layers.py"):
        nn.Linear(3, 4)(ag.ones(2, 5))
    with pytest.raises(ValueError, match=r"expected 4D input \(got 2D input\)(.|\n)*test_layers.py"):
        nn.BatchNorm2d(3)(ag.ones(2, 3))


def test_losses_take_the_deprecated_flags() -> None:
    for flags, expected in (
        ({"size_average": False}, "sum"),
        ({"reduce": False}, "none"),
        ({"reduce": True}, "mean"),
    ):
        with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
            assert nn.MSELoss(**flags).reduction == expected


def test_parameters_as_a_vector() -> None:
    net = nn.Linear(3, 2)
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (8,)
    nn.utils.vector_to_parameters(ag.arange(8.0), net.parameters())
    assert net.weight.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert net.bias.tolist() == [6.0, 7.0]
    with pytest.raises(TypeError, match="expected ag.Tensor, but got: list"):
        nn.utils.vector_to_parameters([1.0], net.parameters())
