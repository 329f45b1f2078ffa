"""`autocast` on every device: regions, threads, the cache, what it composes with."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu import amp, nn
from autograd_gpu.amp import autocast_mode, lists
from autograd_gpu.core import modes
from autograd_gpu.core.op import FUNCTIONS, REGISTRY
from autograd_gpu.ops.compositions import COMPOSITIONS
from autograd_gpu.utils.checkpoint import checkpoint

F = nn.functional


def half(device: str) -> Any:
    return ag.autocast(ag.device(device).type, dtype=ag.float16)


def test_lists_name_ops_and_compositions() -> None:
    for device, policies in lists.POLICIES.items():
        unknown = set(policies) - set(REGISTRY) - COMPOSITIONS
        assert not unknown, device
    known = set(FUNCTIONS) | set(F.__all__) | set(REGISTRY)
    assert known >= COMPOSITIONS
    assert set().union(*lists.POLICIES.values()) >= COMPOSITIONS


# what CUDA's lists say, for a float16 and a float32 operand
ON_CUDA = {
    "mv": (lambda a, v: a.mv(v), "float16"),
    "addmv": (lambda a, v: ag.addmv(v, a, v), "float16"),
    "addr": (lambda a, v: ag.addr(a, v, v), "float16"),
    "chain": (lambda a, v: ag.chain_matmul(a, a, a), "float16"),
    "exp": (lambda a, v: a.exp(), "float32"),
    "pow": (lambda a, v: a**2, "float32"),
    "pow of tensors": (lambda a, v: a**a, "float32"),
    "rsqrt": (lambda a, v: a.rsqrt(), "float32"),
    "softmax": (lambda a, v: a.softmax(0), "float32"),
    "log_softmax": (lambda a, v: F.log_softmax(a, 0), "float32"),
    "sum": (lambda a, v: a.sum(), "float32"),
    "prod": (lambda a, v: v.prod(), "float32"),
    "cumsum": (lambda a, v: v.cumsum(0), "float32"),
    "norm": (lambda a, v: a.norm(), "float32"),
    "logsumexp": (lambda a, v: a.logsumexp(0), "float32"),
    "softplus": (lambda a, v: F.softplus(a), "float32"),
    "layer_norm": (lambda a, v: F.layer_norm(a, (3,)), "float32"),
    "rms_norm": (lambda a, v: F.rms_norm(a, (3,)), "float32"),
    "group_norm": (lambda a, v: F.group_norm(a, 1), "float32"),
    "cosine_similarity": (lambda a, v: F.cosine_similarity(a, a), "float32"),
    "mse_loss": (lambda a, v: F.mse_loss(a, a), "float32"),
    "cross_entropy": (lambda a, v: F.cross_entropy(a, ag.tensor([0, 1, 2], device=a.device)), "float32"),
    "dist": (lambda a, v: ag.dist(a, a), "float32"),
    "dot": (lambda a, v: v.dot(v), None),
    "tensordot": (lambda a, v: ag.tensordot(a, a, 1), None),
    "atan2": (lambda a, v: ag.atan2(a, a), None),
    "addcmul": (lambda a, v: ag.addcmul(a, a, a.float()), "float32"),
    "scatter_add": (lambda a, v: a.float().scatter_add(0, a.long() * 0, a), "float32"),
    "relu": (lambda a, v: a.relu(), None),
    "mean": (lambda a, v: a.mean(), None),
    "sigmoid": (lambda a, v: a.sigmoid(), None),
}


@pytest.mark.gpu
@pytest.mark.parametrize("given", ["float16", "float32"])
@pytest.mark.parametrize("name", ON_CUDA)
def test_dtypes_on_cuda(name: str, given: str) -> None:
    call, expected = ON_CUDA[name]
    a = ag.full((3, 3), 0.5, device="cuda", dtype=getattr(ag, given))
    with ag.autocast("cuda"):
        out = call(a, a[0])
    assert out.dtype.name == (expected or given)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"])
def test_recurrent_layers_on_cuda(kind: str) -> None:
    layer = getattr(nn, kind)(3, 4).to("cuda")
    x = ag.ones(2, 3, device="cuda") if kind.endswith("Cell") else ag.ones(5, 2, 3, device="cuda")
    with ag.autocast("cuda"):
        out = layer(x)
    out = out[0] if isinstance(out, tuple) else out
    assert out.dtype is ag.float16
    out.float().sum().backward()
    assert all(p.grad.dtype is ag.float32 and bool(p.grad.isfinite().all()) for p in layer.parameters())


@pytest.mark.gpu
def test_binary_cross_entropy_is_banned_on_cuda() -> None:
    p = ag.full((3,), 0.5, device="cuda")
    with ag.autocast("cuda"), pytest.raises(RuntimeError, match="are unsafe to autocast"):
        F.binary_cross_entropy(p, p)
    with ag.autocast("cuda"):
        assert F.binary_cross_entropy_with_logits(p.half(), p).dtype is ag.float32
    with ag.autocast("cpu", dtype=ag.float16):  # means the other device
        assert (ag.ones(2, 2, device="cuda") @ ag.ones(2, 2, device="cuda")).dtype is ag.float32


def test_regions_nest_and_end(device: str) -> None:
    x = ag.ones(2, 2, device=device)
    assert modes.intercepting == 0
    with half(device):
        assert ag.is_autocast_enabled(device)
        assert (x @ x).dtype is ag.float16
        with ag.autocast(ag.device(device).type, enabled=False):
            assert not ag.is_autocast_enabled(device)
            assert (x @ x).dtype is ag.float32
            with half(device):
                assert (x @ x).dtype is ag.float16
            assert (x @ x).dtype is ag.float32
        assert (x @ x).dtype is ag.float16
        assert (x.double() @ x.double()).dtype is ag.float64
        assert x.add(1).dtype is ag.float32
    assert (x @ x).dtype is ag.float32
    with pytest.raises(KeyError), half(device):
        raise KeyError
    assert modes.intercepting == 0
    assert not modes.local.interceptors


def test_as_a_decorator(device: str) -> None:
    @half(device)
    def product(x: Any, depth: int = 3) -> Any:
        """Documented."""
        return product(x, depth - 1) if depth else x @ x

    assert product(ag.ones(2, 2, device=device)).dtype is ag.float16
    assert product.__doc__ == "Documented."
    assert modes.intercepting == 0


def test_a_parameter_is_cast_once_and_gets_its_gradient(device: str) -> None:
    w = ag.tensor([[1.0, 2.0], [3.0, 4.0]], device=device, requires_grad=True)
    x = ag.ones(1, 2, device=device)
    casts = []
    cast = REGISTRY["cast"]

    def watch(op: Any, inputs: Any, params: Any) -> Any:
        casts.extend(1 for each in inputs if op is cast and each is w)
        interceptors = modes.local.interceptors
        interceptors.remove(watch)
        try:
            from autograd_gpu.core.call import apply

            return apply(op, inputs, params)
        finally:
            interceptors.insert(0, watch)

    with modes.intercept(watch), half(device):
        out = x @ w + x @ w
        with ag.no_grad():
            x @ w  # a cast of its own: that one has no history
            x @ w
    assert len(casts) == 2
    out.sum().backward()
    assert w.grad.dtype is ag.float32
    assert w.grad.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert not autocast_mode._state.casts

    casts.clear()
    with modes.intercept(watch), ag.autocast(ag.device(device).type, dtype=ag.float16, cache_enabled=False):
        x @ w
        x @ w
    assert len(casts) == 2


def test_a_changed_parameter_is_cast_anew(device: str) -> None:
    w = ag.ones(2, 2, device=device, requires_grad=True)
    x = ag.ones(1, 2, device=device)
    with half(device):
        assert (x @ w).tolist() == [[2.0, 2.0]]
        with ag.no_grad():
            w.mul_(3)
        assert (x @ w).tolist() == [[6.0, 6.0]]
        with ag.autocast(ag.device(device).type, dtype=ag.float16):
            assert len(autocast_mode._state.casts) == 1
        ag.clear_autocast_cache()
        assert not autocast_mode._state.casts


def test_each_thread_has_its_own(device: str) -> None:
    x = ag.ones(2, 2, device=device)
    seen: list[Any] = []

    def other() -> None:
        seen.append((x @ x).dtype)
        with ag.autocast(ag.device(device).type, dtype=ag.float16):
            seen.append((x @ x).dtype)
        seen.append(ag.is_autocast_enabled(device))

    with half(device):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert (x @ x).dtype is ag.float16
    assert seen == [ag.float32, ag.float16, False]


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_checkpoints_recompute_under_the_same_setting(device: str, use_reentrant: bool) -> None:
    ag.manual_seed(1)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4)).to(device)
    x = ag.randn(3, 4, device=device, requires_grad=True)
    gradients = []
    for part in (net, lambda x: checkpoint(net, x, use_reentrant=use_reentrant)):
        net.zero_grad()
        x.grad = None
        with half(device):
            out = part(x) + net(x)  # the same weights outside, too: their casts are remembered
            assert out.dtype is ag.float16
            loss = F.mse_loss(out, ag.zeros_like(out))
        loss.backward()
        gradients.append([x.grad.tolist(), *(p.grad.tolist() for p in net.parameters())])
    assert gradients[0] == gradients[1]


def test_transforms(device: str) -> None:
    w = ag.randn(3, 3, device=device)
    x = ag.randn(5, 3, device=device)
    with half(device):
        assert ag.func.vmap(lambda row: row @ w)(x).dtype is ag.float16
        gradient = ag.func.grad(lambda w: (x @ w).float().sum())(w)
        value, tangent = ag.func.jvp(lambda w: x @ w, (w,), (w,))
    assert gradient.dtype is ag.float32
    assert value.dtype is ag.float16
    assert tangent.dtype is ag.float16

    def inside(row: Any) -> Any:
        with half(device):
            return row @ w

    assert ag.func.vmap(inside)(x).dtype is ag.float16
    assert modes.intercepting == 0


def test_functions_of_ones_own(device: str) -> None:
    seen: list[Any] = []

    class Scale(ag.autograd.Function):
        @staticmethod
        @amp.custom_fwd(device_type=device)
        def forward(ctx: Any, x: Any, w: Any) -> Any:
            ctx.save_for_backward(x, w)
            return x @ w

        @staticmethod
        @amp.custom_bwd(device_type=device)
        def backward(ctx: Any, g: Any) -> Any:
            x, w = ctx.saved_tensors
            seen.append(ag.is_autocast_enabled(device))
            return (g @ w.T).to(x.dtype), (x.T @ g).to(w.dtype)

    class Exact(Scale):
        @staticmethod
        @amp.custom_fwd(device_type=device, cast_inputs=ag.float32)
        def forward(ctx: Any, x: Any, w: Any) -> Any:
            seen.append((ag.is_autocast_enabled(device), x.dtype))
            ctx.save_for_backward(x, w)
            return x @ w

    x = ag.ones(2, 2, device=device, requires_grad=True)
    with half(device):
        out = Scale.apply(x, x)
        exact = Exact.apply(x.half(), x)
    assert out.dtype is ag.float16
    assert exact.dtype is ag.float32
    out.sum().backward()
    exact.sum().backward()
    assert seen == [(False, ag.float32), True, False]
    assert x.grad.dtype is ag.float32


def test_bfloat16_without_ml_dtypes_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> Any:
        raise ImportError("bfloat16 needs the package ml_dtypes, which is not installed")

    monkeypatch.setattr(type(ag.bfloat16), "numpy", property(missing))
    with pytest.raises(ImportError, match="ml_dtypes"), ag.autocast("cpu"):
        pass
    assert not ag.is_autocast_enabled("cpu")
    assert modes.intercepting == 0


@pytest.mark.skipif(ag.cuda.is_available(), reason="there is CUDA, so nothing to warn about")
def test_without_cuda_there_is_a_warning_and_nothing_else() -> None:
    with pytest.warns(UserWarning, match="CUDA is not available. Disabling"):
        region = ag.autocast("cuda")
    with region:
        assert not ag.is_autocast_enabled("cuda")
    with pytest.warns(UserWarning, match="CUDA is not available.  Disabling"):
        scaler = amp.GradScaler()
    assert not scaler.is_enabled()
    x = ag.ones(2)
    assert scaler.scale(x) is x


@pytest.mark.filterwarnings("ignore:CUDA is not available", "ignore:GradScaler is enabled, but")
def test_older_names_are_deprecated() -> None:
    from autograd_gpu.cuda.amp import GradScaler, autocast, custom_bwd, custom_fwd

    for old in (autocast, GradScaler, custom_fwd, lambda: custom_bwd(lambda ctx, g: g)):
        with pytest.warns(FutureWarning, match="is deprecated. Please use"):
            old()
    with pytest.warns(FutureWarning):
        assert isinstance(GradScaler(), amp.GradScaler)
