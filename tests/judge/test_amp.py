"""PyTorch's word on mixed precision: dtypes of results op by op under CPU autocast, gradients, and loss scaling."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("ml_dtypes", reason="bfloat16 needs ml_dtypes")

import autograd_gpu as ag  # noqa: E402

Make = Callable[..., Any]


def maker(lib: Any, dtype: str) -> Make:
    """A function that makes tensors in (0.2, 0.9) of the dtype, the same in both libraries."""
    rng = np.random.default_rng(0)

    def make(*shape: int, like: str | None = None) -> Any:
        values = rng.uniform(0.2, 0.9, shape).astype("f4")
        return lib.tensor(values).to(getattr(lib, like or dtype))

    return make


def labels(lib: Any) -> Any:
    return lib.tensor([0, 2, 1, 1])


# name -> (library, F, make) -> result. `make(..., like="float32")` gives an operand that is float32 whatever the others are.
CALLS: dict[str, Callable[[Any, Any, Make], Any]] = {
    # the lower precision
    "matmul": lambda t, F, m: t.matmul(m(4, 3), m(3, 5)),
    "matmul with a vector": lambda t, F, m: m(4, 3) @ m(3),
    "matmul of vectors": lambda t, F, m: t.matmul(m(3), m(3)),
    "matmul of stacks": lambda t, F, m: m(2, 4, 3) @ m(3, 5),
    "mixed matmul": lambda t, F, m: m(4, 3) @ m(3, 5, like="float32"),
    "mm": lambda t, F, m: t.mm(m(4, 3), m(3, 5, like="float32")),
    "bmm": lambda t, F, m: t.bmm(m(2, 4, 3), m(2, 3, 5)),
    "addmm": lambda t, F, m: t.addmm(m(4, 5, like="float32"), m(4, 3), m(3, 5)),
    "baddbmm": lambda t, F, m: t.baddbmm(m(2, 4, 5, like="float32"), m(2, 4, 3), m(2, 3, 5)),
    "addbmm": lambda t, F, m: t.addbmm(m(4, 5, like="float32"), m(2, 4, 3), m(2, 3, 5)),
    "linear": lambda t, F, m: F.linear(m(4, 3), m(5, 3, like="float32"), m(5, like="float32")),
    "linear without bias": lambda t, F, m: F.linear(m(4, 3), m(5, 3)),
    "conv1d": lambda t, F, m: F.conv1d(m(2, 3, 8), m(4, 3, 3, like="float32"), m(4, like="float32")),
    "conv2d": lambda t, F, m: F.conv2d(m(2, 3, 6, 6), m(4, 3, 3, 3, like="float32")),
    "conv3d": lambda t, F, m: F.conv3d(m(1, 2, 4, 4, 4), m(3, 2, 2, 2, 2)),
    "conv_transpose1d": lambda t, F, m: F.conv_transpose1d(m(2, 3, 8), m(3, 4, 3)),
    "conv_transpose2d": lambda t, F, m: F.conv_transpose2d(m(2, 3, 5, 5), m(3, 4, 3, 3, like="float32")),
    "prelu": lambda t, F, m: F.prelu(m(4, 3), m(1, like="float32")),
    "attention": lambda t, F, m: F.scaled_dot_product_attention(m(2, 4, 8), m(2, 5, 8), m(2, 5, 8)),
    "einsum": lambda t, F, m: t.einsum("ij,jk->ik", m(4, 3), m(3, 5)),
    # neither list: the operands' own dtype
    "mv": lambda t, F, m: t.mv(m(4, 3), m(3)),
    "dot": lambda t, F, m: t.dot(m(3), m(3)),
    "outer": lambda t, F, m: t.outer(m(3), m(4)),
    "add": lambda t, F, m: m(4, 3) + m(3),
    "mixed add": lambda t, F, m: m(4, 3) + m(3, like="float32"),
    "mul": lambda t, F, m: m(4, 3) * 2.0,
    "exp": lambda t, F, m: t.exp(m(4)),
    "log": lambda t, F, m: t.log(m(4)),
    "pow": lambda t, F, m: m(4) ** 2,
    "sum": lambda t, F, m: m(4, 3).sum(),
    "mean": lambda t, F, m: m(4, 3).mean(dim=0),
    "cumsum": lambda t, F, m: m(4, 3).cumsum(0),
    "softmax": lambda t, F, m: F.softmax(m(4, 3), dim=-1),
    "log_softmax": lambda t, F, m: F.log_softmax(m(4, 3), dim=-1),
    "relu": lambda t, F, m: F.relu(m(4)),
    "gelu": lambda t, F, m: F.gelu(m(4)),
    "sigmoid": lambda t, F, m: t.sigmoid(m(4)),
    "softplus": lambda t, F, m: F.softplus(m(4)),
    "layer_norm": lambda t, F, m: F.layer_norm(m(4, 3), (3,)),
    "cosine_similarity": lambda t, F, m: F.cosine_similarity(m(4, 3), m(4, 3)),
    "norm": lambda t, F, m: m(4, 3).norm(),
    "max_pool2d": lambda t, F, m: F.max_pool2d(m(1, 2, 4, 4), 2),
    "avg_pool2d": lambda t, F, m: F.avg_pool2d(m(1, 2, 4, 4), 2),
    "reflection pad with zeros": lambda t, F, m: F.pad(m(1, 2, 4), (1, 1)),
    "integers": lambda t, F, m: t.tensor([1, 2]) * 2,
    # float32
    "prod": lambda t, F, m: m(4).prod(),
    "trace": lambda t, F, m: m(3, 3).trace(),
    "max_pool3d": lambda t, F, m: F.max_pool3d(m(1, 2, 4, 4, 4), 2),
    "avg_pool3d": lambda t, F, m: F.avg_pool3d(m(1, 2, 4, 4, 4), 2),
    "adaptive_avg_pool3d": lambda t, F, m: F.adaptive_avg_pool3d(m(1, 2, 4, 4, 4), 2),
    "reflection pad": lambda t, F, m: F.pad(m(1, 2, 4), (1, 1), mode="reflect"),
    "replication pad": lambda t, F, m: F.pad(m(1, 2, 4, 4), (1, 1, 1, 1), mode="replicate"),
    "mse_loss": lambda t, F, m: F.mse_loss(m(4), m(4, like="float32")),
    "l1_loss": lambda t, F, m: F.l1_loss(m(4), m(4)),
    "smooth_l1_loss": lambda t, F, m: F.smooth_l1_loss(m(4), m(4)),
    "huber_loss": lambda t, F, m: F.huber_loss(m(4), m(4)),
    "kl_div": lambda t, F, m: F.kl_div(m(4, 3), m(4, 3), reduction="batchmean"),
    "nll_loss": lambda t, F, m: F.nll_loss(m(4, 3), labels(t)),
    "cross_entropy": lambda t, F, m: F.cross_entropy(m(4, 3), labels(t)),
    "binary_cross_entropy": lambda t, F, m: F.binary_cross_entropy(m(4), m(4)),
    "bce with logits": lambda t, F, m: F.binary_cross_entropy_with_logits(m(4), m(4)),
    "cosine_embedding_loss": lambda t, F, m: F.cosine_embedding_loss(
        m(4, 3), m(4, 3), t.tensor([1.0, -1.0, 1.0, 1.0])
    ),
    "hinge_embedding_loss": lambda t, F, m: F.hinge_embedding_loss(m(4), t.tensor([1.0, -1.0, 1.0, 1.0])),
    "margin_ranking_loss": lambda t, F, m: F.margin_ranking_loss(m(4), m(4), t.tensor([1.0, -1.0, 1.0, 1.0])),
    "poisson_nll_loss": lambda t, F, m: F.poisson_nll_loss(m(4), m(4)),
    "soft_margin_loss": lambda t, F, m: F.soft_margin_loss(m(4), t.tensor([1.0, -1.0, 1.0, 1.0])),
    "triplet_margin_loss": lambda t, F, m: F.triplet_margin_loss(m(4, 3), m(4, 3), m(4, 3)),
    # the widest
    "cat": lambda t, F, m: t.cat([m(4), m(3, like="float32")]),
    "stack": lambda t, F, m: t.stack([m(4), m(4)]),
    "index_copy": lambda t, F, m: m(4, 3, like="float32").index_copy(0, t.tensor([1, 2]), m(2, 3)),
    # compositions of several
    "layers": lambda t, F, m: F.cross_entropy(
        F.linear(F.relu(F.linear(m(4, 3), m(6, 3))), m(3, 6)), labels(t)
    ),
    "normalize": lambda t, F, m: F.normalize(m(4, 3) @ m(3, 3)),
}


def name_of(dtype: Any) -> str:
    return str(dtype).split(".")[-1]


@pytest.mark.parametrize("lower", ["bfloat16", "float16"])
@pytest.mark.parametrize("dtype", ["float32", "lower", "float64"])
@pytest.mark.parametrize("name", CALLS)
def test_op(name: str, dtype: str, lower: str) -> None:
    if dtype == "float64" and "like=" in _source(name):
        pytest.skip(
            "operands of two dtypes, one of them float64, which autocast leaves alone: an error in both"
        )
    if dtype == "float64" and name in (
        "cosine_embedding_loss",
        "hinge_embedding_loss",
        "margin_ranking_loss",
    ):
        pytest.skip("their float32 targets meet float64 inputs: what is promoted is not autocast's matter")
    given = lower if dtype == "lower" else dtype
    with torch.autocast("cpu", dtype=getattr(torch, lower)):
        theirs = CALLS[name](torch, torch.nn.functional, maker(torch, given))
    with ag.autocast("cpu", dtype=getattr(ag, lower)):
        mine = CALLS[name](ag, ag.nn.functional, maker(ag, given))
    assert name_of(mine.dtype) == name_of(theirs.dtype)
    tolerance = 1e-5 if given != lower and name_of(theirs.dtype) != lower else 4e-2
    np.testing.assert_allclose(mine.float().numpy(), theirs.float().numpy(), rtol=tolerance, atol=tolerance)


def _source(name: str) -> str:
    constants = CALLS[name].__code__.co_consts
    return "like=" if any("like" in c for c in constants if isinstance(c, tuple)) else ""


# -- a network -------------------------------------------------------------------------------------------------


def network(lib: Any) -> Any:
    nn = lib.nn
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 8), nn.LayerNorm(8), nn.Tanh(),
        nn.Linear(8, 3),
    )  # fmt: skip
    if lib is ag:
        net.load_state_dict({k: ag.tensor(v.numpy()) for k, v in network(torch).state_dict().items()})
    return net


def batch(lib: Any) -> tuple[Any, Any]:
    x = np.random.default_rng(1).normal(size=(8, 1, 6, 6)).astype("f4")
    return lib.tensor(x), lib.tensor([0, 1, 2, 0, 1, 2, 0, 1])


@pytest.mark.parametrize("lower", ["bfloat16", "float16"])
def test_gradients_of_a_network(lower: str) -> None:
    results = []
    for lib in (ag, torch):
        net = network(lib)
        x, y = batch(lib)
        with lib.autocast("cpu", dtype=getattr(lib, lower)):
            out = net(x)
            loss = lib.nn.functional.cross_entropy(out, y)
        assert name_of(out.dtype) == lower
        assert name_of(loss.dtype) == "float32"
        loss.backward()
        assert all(name_of(p.grad.dtype) == "float32" for p in net.parameters())
        results.append((float(loss.detach()), [p.grad.numpy() for p in net.parameters()]))
    assert results[0][0] == pytest.approx(results[1][0], rel=2e-2)
    for mine, theirs in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=3e-2 * max(1e-3, float(np.abs(theirs).max())) + 2e-3)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"])
def test_recurrent_layers(kind: str) -> None:
    found = []
    for lib in (ag, torch):
        layer = getattr(lib.nn, kind)(3, 4)
        x = lib.ones(2, 3) if kind.endswith("Cell") else lib.ones(5, 2, 3)
        with lib.autocast("cpu"):
            out = layer(x)
        out = out[0] if isinstance(out, tuple) else out
        out.float().sum().backward()
        found.append([name_of(out.dtype), *(name_of(p.grad.dtype) for p in layer.parameters())])
    assert found[0] == found[1]


# -- the scaler ------------------------------------------------------------------------------------------------


def trajectory(lib: Any, kind: str, options: dict[str, Any], scaling: dict[str, Any]) -> Any:
    """Ten steps, two of which overflow; clipping in between in every second step."""
    w = lib.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    optimizer = getattr(lib.optim, kind)([w], lr=0.05, **options)
    scaler = lib.amp.GradScaler("cpu", **scaling)
    seen = []
    for step in range(10):
        optimizer.zero_grad()
        loss = (w * w).sum() * (float("inf") if step in (0, 6) else 1.0)
        scaler.scale(loss).backward()
        if step % 2:
            scaler.unscale_(optimizer)
            lib.nn.utils.clip_grad_norm_([w], 2.0)
        scaler.step(optimizer)
        scaler.update()
        seen.append((scaler.get_scale(), scaler.state_dict(), w.tolist()))
    return seen, optimizer.state_dict()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SGD", {"momentum": 0.9, "dampening": 0.5}),
        ("Adam", {}),
        ("AdamW", {"amsgrad": True}),
        ("RMSprop", {"momentum": 0.5}),
        ("Adagrad", {}),
        ("NAdam", {}),
    ],
)
@pytest.mark.parametrize(
    "scaling",
    [
        {"init_scale": 1024.0, "growth_interval": 2},
        {"growth_factor": 4.0, "backoff_factor": 0.25, "growth_interval": 1},
        {"enabled": False},
    ],
)
def test_scaler_trajectory(kind: str, options: dict[str, Any], scaling: dict[str, Any]) -> None:
    mine, my_state = trajectory(ag, kind, options, scaling)
    theirs, their_state = trajectory(torch, kind, options, scaling)
    for (scale, state, values), (their_scale, their_scaler_state, expected) in zip(mine, theirs, strict=True):
        assert scale == their_scale
        assert state == their_scaler_state
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)
    if my_state["state"] and "step" in my_state["state"][0]:
        assert float(my_state["state"][0]["step"]) == float(their_state["state"][0]["step"])


def scaled(lib: Any, **options: Any) -> tuple[Any, Any, Any]:
    w = lib.tensor([1.0, 2.0], requires_grad=True)
    optimizer = lib.optim.SGD([w], lr=0.1)
    scaler = lib.amp.GradScaler("cpu", **options)
    scaler.scale((w * w).sum()).backward()
    return w, optimizer, scaler


def twice_unscaled(lib: Any) -> None:
    _, optimizer, scaler = scaled(lib)
    scaler.unscale_(optimizer)
    scaler.unscale_(optimizer)


def unscaled_after_step(lib: Any) -> None:
    _, optimizer, scaler = scaled(lib)
    scaler.step(optimizer)
    scaler.unscale_(optimizer)


def twice_stepped(lib: Any) -> None:
    _, optimizer, scaler = scaled(lib)
    scaler.step(optimizer)
    scaler.step(optimizer)


def with_closure(lib: Any) -> None:
    _, optimizer, scaler = scaled(lib)
    scaler.step(optimizer, closure=lambda: None)


def updated_without_a_step(lib: Any) -> None:
    scaled(lib)[2].update()


def of_halves(lib: Any) -> None:
    _, optimizer, scaler = scaled(lib)
    w = lib.ones(2, dtype=lib.float16, requires_grad=True)
    w.grad = lib.ones(2, dtype=lib.float16)
    optimizer = lib.optim.SGD([w], lr=0.1)
    scaler.unscale_(optimizer)


def without_gradients(lib: Any) -> None:
    w, optimizer, scaler = scaled(lib)
    w.grad = None
    scaler.step(optimizer)


def pickled_within(lib: Any) -> None:
    _, optimizer, scaler = scaled(lib)
    scaler.step(optimizer)
    pickle.dumps(scaler)


ERRORS: dict[str, Callable[[Any], Any]] = {
    "growth_factor": lambda lib: lib.amp.GradScaler("cpu", growth_factor=1.0),
    "backoff_factor": lambda lib: lib.amp.GradScaler("cpu", backoff_factor=1.0),
    "step before scale": lambda lib: lib.amp.GradScaler("cpu").step(scaled(lib)[1]),
    "update before scale": lambda lib: lib.amp.GradScaler("cpu").update(),
    "unscale_ before scale": lambda lib: lib.amp.GradScaler("cpu").unscale_(scaled(lib)[1]),
    "scale of text": lambda lib: lib.amp.GradScaler("cpu").scale(3),
    "new_scale": lambda lib: scaled(lib)[2].update(lib.ones(2)),
    "empty state": lambda lib: lib.amp.GradScaler("cpu").load_state_dict({}),
    "unscaled twice": twice_unscaled,
    "unscaled after the step": unscaled_after_step,
    "stepped twice": twice_stepped,
    "closure": with_closure,
    "updated without a step": updated_without_a_step,
    "float16 gradients": of_halves,
    "no gradients": without_gradients,
    "pickled within a step": pickled_within,
    "device type": lambda lib: lib.autocast("tpu"),
    "not a device type": lambda lib: lib.autocast(lib.float16),
    "not a function": lambda lib: lib.autocast("cpu")(3),
    "custom_fwd": lambda lib: lib.amp.custom_fwd(device_type=3),
    "custom_bwd": lambda lib: lib.amp.custom_bwd(device_type=3),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    def outcome(lib: Any) -> tuple[type, str]:
        with pytest.raises(Exception) as caught:
            ERRORS[name](lib)
        return caught.type, re.sub(r"torch\.|ag\.|<class '[^']*'>", "", str(caught.value).split("\n  at ")[0])

    their_type, theirs = outcome(torch)
    my_type, mine = outcome(ag)
    assert my_type is their_type
    length = 24 if name == "device type" else 45  # there are more devices in PyTorch
    assert mine[:length] == theirs[:length]


def test_other_dtypes_disable_with_a_warning() -> None:
    for lib in (ag, torch):
        with pytest.warns(UserWarning, match="In CPU autocast, but the target dtype is not supported"):
            region = lib.autocast("cpu", dtype=lib.float64)
        with region:
            assert not lib.is_autocast_enabled("cpu")


def test_switches() -> None:
    for lib in (ag, torch):
        assert not lib.is_autocast_enabled("cpu")
        assert name_of(lib.get_autocast_dtype("cpu")) == "bfloat16"
        assert name_of(lib.get_autocast_dtype("cuda")) == "float16"
        assert lib.is_autocast_cache_enabled()
        lib.set_autocast_dtype("cpu", lib.float16)
        lib.set_autocast_enabled("cpu", True)
        assert name_of((lib.ones(2, 2) @ lib.ones(2, 2)).dtype) == "float16"
        with lib.autocast("cpu", enabled=False, cache_enabled=False):
            assert not lib.is_autocast_cache_enabled()
            assert name_of((lib.ones(2, 2) @ lib.ones(2, 2)).dtype) == "float32"
        lib.set_autocast_enabled("cpu", False)
        lib.set_autocast_dtype("cpu", lib.bfloat16)
        assert name_of((lib.ones(2, 2) @ lib.ones(2, 2)).dtype) == "float32"
        assert lib.amp.is_autocast_available("cpu")
