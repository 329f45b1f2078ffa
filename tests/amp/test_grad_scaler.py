"""`GradScaler` on every device; that the GPU decides for itself."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu import amp, optim

KINDS = [
    ("SGD", {}), ("SGD", {"momentum": 0.9}), ("SGD", {"momentum": 0.9, "dampening": 0.5}), ("Adam", {}),
    ("AdamW", {"amsgrad": True}), ("RMSprop", {"centered": True}), ("Adagrad", {}), ("NAdam", {}),
]  # fmt: skip


def train(device: str, kind: str, options: dict[str, Any]) -> tuple[list[Any], list[float], dict[str, Any]]:
    """Eight steps, two of which overflow."""
    w = ag.tensor([1.0, -2.0, 3.0], device=device, requires_grad=True)
    v = ag.tensor([[0.5]], device=device, requires_grad=True)
    optimizer = getattr(optim, kind)([w, v], lr=0.1, **options)
    scaler = amp.GradScaler(ag.device(device).type, init_scale=256.0, growth_interval=2)
    scales = []
    for step in range(8):
        optimizer.zero_grad()
        loss = (w * w).sum() * v.sum() * (float("inf") if step in (0, 4) else 1.0)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    return [w.tolist(), v.tolist()], scales, optimizer.state_dict()["state"]


@pytest.mark.gpu
@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_cuda_as_cpu(kind: str, options: dict[str, Any]) -> None:
    values, scales, state = train("cuda", kind, options)
    expected, expected_scales, expected_state = train("cpu", kind, options)
    assert scales == expected_scales
    for found, wanted in zip(values, expected, strict=True):
        assert ag.tensor(found).numpy() == pytest.approx(ag.tensor(wanted).numpy(), rel=1e-5)
    if "step" in expected_state.get(0, {}):
        assert float(state[0]["step"]) == float(expected_state[0]["step"]) == 6.0


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("kind", "options"), [k for k in KINDS if k[0] != "NAdam" and "dampening" not in k[1]]
)
def test_a_step_does_not_wait_for_the_gpu(kind: str, options: dict[str, Any]) -> None:
    w = ag.ones(5, device="cuda", requires_grad=True)
    optimizer = getattr(optim, kind)([w], lr=0.1, **options)
    scaler = amp.GradScaler("cuda")
    for step in range(3):
        optimizer.zero_grad()
        scaler.scale((w * w).sum()).backward()
        before = ag.cuda.get_sync_debug_mode()
        ag.cuda.set_sync_debug_mode("error")
        try:
            if step == 1:
                scaler.unscale_(optimizer)
                ag.nn.utils.clip_grad_norm_([w], 1.0)
            scaler.step(optimizer)
            scaler.update()
        finally:
            ag.cuda.set_sync_debug_mode(before)
    assert w.tolist() != [1.0] * 5


def test_gradients_are_unscaled_once(device: str) -> None:
    w = ag.ones(2, device=device, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.0)
    scaler = amp.GradScaler(ag.device(device).type, init_scale=8.0)
    scaler.scale(w.sum()).backward()
    assert w.grad.tolist() == [8.0, 8.0]
    version = w.grad._version
    scaler.unscale_(optimizer)
    assert w.grad.tolist() == [1.0, 1.0]
    assert w.grad._version > version
    scaler.step(optimizer)
    assert w.grad.tolist() == [1.0, 1.0]


def test_several_outputs_and_optimizers(device: str) -> None:
    a, b = (ag.ones(2, device=device, requires_grad=True) for _ in range(2))
    first, second = optim.SGD([a], lr=0.5), optim.SGD([b], lr=0.5)
    scaler = amp.GradScaler(ag.device(device).type, init_scale=4.0)
    outputs = scaler.scale([a.sum(), (b.sum() * float("inf"),)])
    assert isinstance(outputs, list)
    assert isinstance(outputs[1], tuple)
    outputs[0].backward()
    outputs[1][0].backward()
    scaler.step(first)
    scaler.step(second)
    scaler.update()
    assert a.tolist() == [0.5, 0.5]  # each optimiser skips for itself
    assert b.tolist() == [1.0, 1.0]
    assert scaler.get_scale() == 2.0  # one overflow is enough


def test_new_scales(device: str) -> None:
    scaler = amp.GradScaler(ag.device(device).type)
    scaler.scale(ag.ones(1, device=device))
    scaler.update(16.0)
    assert scaler.get_scale() == 16.0
    scaler.update(ag.tensor(32.0, device=device))
    assert scaler.get_scale() == 32.0


def test_the_scale_does_not_become_infinite(device: str) -> None:
    w = ag.ones(1, device=device, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)
    scaler = amp.GradScaler(ag.device(device).type, init_scale=3e38, growth_interval=1)
    scaler.scale(w.sum() * 0).backward()
    scaler.step(optimizer)
    scaler.update()
    assert scaler.get_scale() == pytest.approx(3e38, rel=1e-6)


def test_pickles_and_states(device: str) -> None:
    scaler = amp.GradScaler(ag.device(device).type, init_scale=64.0, growth_interval=7)
    scaler.scale(ag.ones(1, device=device))
    twin = pickle.loads(pickle.dumps(scaler))
    assert twin.state_dict() == scaler.state_dict()
    other = amp.GradScaler(ag.device(device).type)
    other.scale(ag.ones(1, device=device))
    other.load_state_dict({**scaler.state_dict(), "_growth_tracker": 3})
    assert other.get_scale() == 64.0
    assert other._get_growth_tracker() == 3
    assert other.get_growth_interval() == 7
    other.set_growth_factor(3.0)
    other.set_backoff_factor(0.1)
    other.set_growth_interval(1)
    assert (other.get_growth_factor(), other.get_backoff_factor(), other.get_growth_interval()) == (
        3.0,
        0.1,
        1,
    )
    off = amp.GradScaler(ag.device(device).type, enabled=False)
    assert off.state_dict() == {}
    assert off.get_scale() == 1.0


def test_optimizers_that_unscale_by_themselves(device: str) -> None:
    """PyTorch's protocol: `grad_scale` and `found_inf` come as attributes, or the scaler as an argument."""
    seen: list[Any] = []

    class Own(optim.Optimizer):
        _step_supports_amp_scaling = True

        def __init__(self, params: Any) -> None:
            super().__init__(params, {})

        def step(self, closure: Any = None) -> str:
            seen.append((None if self.grad_scale is None else float(self.grad_scale), float(self.found_inf)))
            return "done"

    class Older(Own):
        def step(self, closure: Any = None, *, grad_scaler: Any = None) -> None:
            seen.append(grad_scaler)

    w = ag.ones(2, device=device, requires_grad=True)
    optimizer = Own([w])
    scaler = amp.GradScaler(ag.device(device).type, init_scale=4.0)
    scaler.scale(w.sum()).backward()
    assert scaler.step(optimizer) == "done"
    scaler.update()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert seen == [(4.0, 0.0), (None, 0.0)]
    assert optimizer.grad_scale is None
    with pytest.warns(FutureWarning, match="GradScaler is going to stop passing itself"):
        scaler.step(Older([w]))
    assert seen[-1] is scaler


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_our_optimizers_take_a_scale_from_anyone(kind: str, device: str) -> None:
    results = []
    for scale in (None, 8.0):
        w = ag.ones(2, device=device, requires_grad=True)
        optimizer = getattr(optim, kind)([w], lr=0.1)
        w.grad = ag.full((2,), 3.0 * (scale or 1.0), device=device)
        if scale:
            optimizer.grad_scale = ag.tensor(scale, device=device)
            optimizer.found_inf = ag.tensor(0.0, device=device)
        optimizer.step()
        if scale:
            optimizer.found_inf = ag.tensor(1.0, device=device)
            optimizer.grad_scale = None
            optimizer.step()
        results.append(w.tolist())
    assert results[0] == pytest.approx(results[1], rel=1e-6)
