"""The optimisers' kernels: how many launches, nothing read back, the NumPy functions' results, and 16 bytes at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import nn, optim
from autograd_gpu.device import compiler, cpu_namespace as cpu, kernels

SIZES = [0, 1, 3, 8191, 8192, 8193, 100003]
FLOATS = ["float32", "float64", "float16", "bfloat16"]


def parameters(sizes: list[int], dtype: Any = ag.float32) -> list[Any]:
    made = []
    for size in sizes:
        p = ag.ones(size, device="cuda", dtype=dtype, requires_grad=True)
        p.grad = ag.full((size,), 0.5, device="cuda", dtype=dtype)
        made.append(p)
    return made


@contextmanager
def launches(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The kernels that are launched inside; reading anything from the GPU is an error."""
    seen: list[str] = []
    original = kernels.start

    def start(function: Any, name: str, *more: Any, **named: Any) -> None:
        seen.append(name.partition("<")[0])
        original(function, name, *more, **named)

    before = ag.cuda.get_sync_debug_mode()
    with monkeypatch.context() as patch:
        patch.setattr(kernels, "start", start)
        ag.cuda.set_sync_debug_mode("error")
        try:
            yield seen
        finally:
            ag.cuda.set_sync_debug_mode(before)


STEPS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "sgd": ("SGD", {"momentum": 0.9}, ["update"]),
    "adam": ("Adam", {}, ["update"]),
    "adamw": ("AdamW", {"amsgrad": True}, ["update"]),
    "capturable": ("Adam", {"capturable": True}, ["advance", "update"]),
    "rmsprop": ("RMSprop", {"centered": True, "momentum": 0.5}, ["update"]),
    "adagrad": ("Adagrad", {"lr_decay": 0.1}, ["update"]),
}


@pytest.mark.gpu
@pytest.mark.parametrize("name", STEPS)
def test_one_launch_for_all_parameters(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, options, expected = STEPS[name]
    optimizer = getattr(optim, kind)(parameters([5, 70, 900] * 20), **options)
    optimizer.step()
    with launches(monkeypatch) as seen:
        optimizer.step()
    assert seen == expected


@pytest.mark.gpu
def test_clipping_takes_two_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    params = parameters([5, 70, 20000] * 7)
    with launches(monkeypatch) as seen:
        nn.utils.clip_grad_norm_(params, 1.0)
        nn.utils.clip_grad_value_(params, 1.0)
    assert seen == ["norm", "scale_to_norm", "clamp_all"]


@pytest.mark.gpu
def test_rates_and_steps_in_device_memory() -> None:
    """A rate that changes in the GPU's memory, and parameters that began at different steps, as on the CPU."""
    results = []
    for device in ("cuda", "cpu"):
        rate = ag.tensor(0.1, device=device)
        a, b = (ag.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True) for _ in range(2))
        optimizer = optim.Adam([a, b], lr=rate, capturable=device != "cpu")
        for step in range(4):
            a.grad = a.detach().clone()
            b.grad = None if step % 2 else b.detach() * 2
            optimizer.step()
            rate.mul_(0.5)
        assert optimizer.state[a]["step"].device.type == ag.device(device).type
        results.append((a.tolist(), b.tolist(), float(optimizer.state[b]["step"])))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-6)
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-6)
    assert results[0][2] == results[1][2] == 2.0


@pytest.mark.gpu
def test_a_double_rate_and_different_steps_on_the_host() -> None:
    results = []
    for device in ("cuda", "cpu"):
        a, b = (ag.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True) for _ in range(2))
        optimizer = optim.Adagrad([a, b], lr=ag.tensor(0.3, dtype=ag.float64, device=device), lr_decay=0.5)
        for step in range(4):
            a.grad = a.detach().clone()
            b.grad = None if step % 2 else b.detach() * 2
            optimizer.step()
        results.append(a.tolist() + b.tolist())
    assert results[0] == pytest.approx(results[1], rel=1e-6)


# -- the kernels over gradients, against NumPy -----------------------------------------------------------------


def arrays(dtype: str, offset: int = 0) -> list[np.ndarray[Any, Any]]:
    kind = getattr(ag, dtype).numpy
    rng = np.random.default_rng(3)
    return [rng.normal(size=size + offset).astype(kind)[offset:] for size in SIZES]


def on_card(given: list[Any], offset: int) -> tuple[Any, list[Any]]:
    """The arrays in the GPU's memory, each `offset` elements behind an aligned address."""
    namespace = ag.ones(1, device="cuda")._type.namespace
    return namespace, [
        namespace.from_host(np.concatenate([np.zeros(offset, x.dtype), x]))[offset:] for x in given
    ]


def tolerance(dtype: str) -> float:
    return {"float64": 1e-12, "float32": 1e-5, "float16": 2e-3, "bfloat16": 1e-2}[dtype]


def same(found: list[Any], expected: list[Any], dtype: str) -> None:
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(
            mine.get().astype("f8"), theirs.astype("f8"), rtol=tolerance(dtype), atol=tolerance(dtype) / 10
        )


@pytest.mark.gpu
@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, 0.5, np.inf])
def test_norms(p: float, dtype: str, offset: int) -> None:
    given = arrays(dtype)
    namespace, there = on_card(given, offset)
    total = namespace.total_norm(there, p)
    assert total.dtype == given[0].dtype
    assert total.shape == ()
    expected = cpu.total_norm(given, p)
    np.testing.assert_allclose(total.get().astype("f8"), expected.astype("f8"), rtol=tolerance(dtype))
    exact = np.concatenate([x.astype("f8") for x in given])
    norm = np.abs(exact).max() if p == np.inf else (np.abs(exact) ** p).sum() ** (1 / p)
    with np.errstate(over="ignore"):
        rounded = norm.astype(given[0].dtype).astype("f8")  # which may be too large for float16
    np.testing.assert_allclose(expected.astype("f8"), rounded, rtol=tolerance(dtype))
    again = namespace.total_norm(there, p)
    assert again.get() == total.get()


@pytest.mark.gpu
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_norms_of_what_is_not_finite(value: float) -> None:
    given = arrays("float32")
    given[-1][50000] = value
    namespace, there = on_card(given, 0)
    for p in (1.0, 2.0, 3.0, np.inf):
        expected = cpu.total_norm(given, p)
        np.testing.assert_array_equal(namespace.total_norm(there, p).get(), expected)
        assert not np.isfinite(expected)
    assert float(namespace.total_norm([there[0]], 2.0)) == 0.0


CHANGES: dict[str, Callable[[Any, list[Any], Callable[[float], Any]], None]] = {
    "scale": lambda F, x, number: F.scale_to_norm(x, F.total_norm(x, 2.0), limit=1.5),
    "no scale": lambda F, x, number: F.scale_to_norm(x, F.total_norm(x, 2.0), limit=1e6),
    "clamp": lambda F, x, number: F.clamp_all(x, limit=0.5),
    "unscale": lambda F, x, number: F.unscale(x, number(8.0), number(0.0)),
    "check": lambda F, x, number: F.unscale(x, None, number(0.0)),
}


@pytest.mark.gpu
@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", CHANGES)
def test_changes(name: str, dtype: str, offset: int) -> None:
    given = arrays(dtype)
    given[-2][5] = np.nan if name == "clamp" else 1.0
    namespace, there = on_card(given, offset)
    before = [x.copy() for x in given]
    CHANGES[name](cpu, given, lambda v: np.array(v, "f4"))
    CHANGES[name](namespace, there, lambda v: namespace.from_host(np.array(v, "f4")))
    same(there, given, dtype)
    assert any((a != b).any() for a, b in zip(before, given, strict=True)) != (name in ("check", "no scale"))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.0])
def test_what_is_not_finite_is_found(dtype: str, value: float, device: str) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="bfloat16 needs ml_dtypes")
    x = ag.ones(20000, dtype=getattr(ag, dtype), device=device)
    x[12345] = value
    flag, scale = ag.zeros((), device=device), ag.tensor(2.0, device=device)
    x._type.namespace.unscale([x._array], scale._array, flag._array)
    assert float(flag) == float(not np.isfinite(value))
    assert float(x[0]) == 0.5


@pytest.mark.gpu
def test_complex_and_strided_arrays() -> None:
    rng = np.random.default_rng(0)
    given = rng.normal(size=(6, 8))[:, ::2] + 1j
    namespace = ag.ones(1, device="cuda")._type.namespace
    wide = namespace.from_host(np.repeat(given, 2, axis=1))
    there = [wide[:, ::2]]
    flag = namespace.from_host(np.zeros((), "f4"))
    namespace.unscale(there, namespace.from_host(np.array(4.0, "f4")), flag)
    np.testing.assert_allclose(there[0].get(), given / 4)
    np.testing.assert_allclose(wide[:, 1::2].get(), given)  # what lies between is as it was


# -- the machine code, without a GPU ---------------------------------------------------------------------------


@pytest.mark.skipif(compiler.unavailable_reason() is not None, reason=str(compiler.unavailable_reason()))
@pytest.mark.parametrize("kind", kernels.FLOATS.values())
@pytest.mark.parametrize("file", ["optimizers", "optimizers_gradients"])
@pytest.mark.parametrize("architecture", [80, 90])
def test_sixteen_bytes_at_a_time_and_no_spills(file: str, kind: str, architecture: int) -> None:
    if architecture not in compiler.supported():
        pytest.skip(f"this NVRTC does not know sm_{architecture}")
    names = kernels.INSTANCES[file][kind]
    compiled = compiler.compile_source(kernels.source_of(file), names, architecture)
    facts = {each.instance: each for each in compiled.facts}
    for name in names:
        assert facts[name].spills == 0
        assert facts[name].loads > 0
        only_reads = name.startswith("norm") or name.endswith("false>")
        assert (facts[name].stores > 0) != only_reads
