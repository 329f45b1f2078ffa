"""The comparison's own correctness: every library does the same work, and the table says what was measured."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from benchmarks import bench_training, comparison, harness, workloads
from benchmarks.peers import numpy_peer
from benchmarks.tiny import shrink

PEERS = Path(numpy_peer.__file__).parent


def _names(path: Path) -> set[str]:
    """The keys of WORKLOADS in a peer's file, without importing its library."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.AnnAssign) and getattr(statement.target, "id", "") == "WORKLOADS":
            assert isinstance(statement.value, ast.Dict)
            return {key.value for key in statement.value.keys if isinstance(key, ast.Constant)}
    raise AssertionError(f"{path} has no WORKLOADS")


@pytest.mark.parametrize("path", sorted(PEERS.glob("*_peer.py")), ids=lambda path: path.stem)
def test_peers_have_workloads_of_the_comparison(path: Path) -> None:
    names = _names(path)
    assert names
    assert names <= set(bench_training.WORKLOADS)


def _closure(step: Any) -> dict[str, Any]:
    return {
        name: cell.cell_contents
        for name, cell in zip(step.__code__.co_freevars, step.__closure__, strict=True)
    }


def test_the_floor_computes_the_chain() -> None:
    step = numpy_peer.chain(4, True)
    step()
    held = _closure(step)
    x, w, b = (ag.full((4,), value, requires_grad=True) for value in (0.5, 0.9, 0.1))
    y = x
    for _ in range(50):
        y = y * w + b
    y.sum().backward()
    for name, leaf in (("g", x), ("gw", w), ("gb", b)):
        np.testing.assert_allclose(held[name], leaf.grad.numpy(), rtol=1e-5)


def test_the_floor_computes_cross_entropy() -> None:
    step = numpy_peer.cross_entropy(32, 7, 16)
    loss = step()
    held = _closure(step)
    x = ag.tensor(held["x"], requires_grad=True)
    expected = ag.nn.functional.cross_entropy(x, ag.tensor(held["labels"]))
    expected.backward()
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-5)
    np.testing.assert_allclose(held["g"], x.grad.numpy(), atol=1e-6)


def test_the_floor_computes_gelu() -> None:
    step = numpy_peer.gelu_chain(1000, 256)
    step()
    held = _closure(step)
    x = ag.tensor(held["x"], requires_grad=True)
    inner = (x * x * x * 0.044715 + x) * 0.7978845608
    y = x * (ag.tanh(inner) + 1.0)
    y.sum().backward()
    np.testing.assert_allclose(held["out"], y.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(held["gx"], x.grad.numpy(), atol=1e-5)


def test_the_floor_computes_the_hessian_vector_product() -> None:
    step = numpy_peer.hessian_vector_product(5, 4)
    found = step()
    held = _closure(step)
    weights = [ag.tensor(held[name], requires_grad=True) for name in ("w1", "w2")]
    vector = [ag.tensor(held[name]) for name in ("v1", "v2")]
    x = ag.tensor(held["x"])

    def loss(a: ag.Tensor, b: ag.Tensor) -> ag.Tensor:
        return ((x @ a).tanh() @ b).pow(2).mean()

    _, expected = ag.autograd.functional.hvp(loss, tuple(weights), tuple(vector))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=2e-4, atol=1e-5)


def _row(workload: str, library: str, value: float, ratio: float | None) -> harness.Row:
    return harness.Row(workload, library, "1", value, 0.0, ratio, 1, [value])


def test_the_table_and_the_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib")
    rows = [
        _row("a chain", "autograd_gpu", 500.0, 0.5),
        _row("a chain", "torch", 1000.0, 1.0),
        _row("import [ms]", "autograd_gpu", 100.0, None),
    ]
    lines = comparison.table(rows).splitlines()
    assert lines[0].split() == ["PyTorch", "autograd_gpu"]
    assert lines[2].split() == ["a", "chain", "1.000", "ms", "0.50", "x"]
    assert lines[3].split() == ["import", "[ms]", "100"]
    comparison.plot(rows, tmp_path / "ratios.png")
    assert (tmp_path / "ratios.png").read_bytes()[:4] == b"\x89PNG"


def test_a_peer_of_the_harness_runs() -> None:
    import sys

    peer = harness.Peer("numpy", sys.executable, "training", 1)
    try:
        assert "Adam, 10M" in peer.names()
        assert peer.seconds("chain of 100 ops, 4 elements", 2) > 0
    finally:
        peer.close()


@pytest.mark.parametrize("family", ["attention", "conv", "elementwise", "rnn", "small", "training"])
def test_tiny_workloads_run(family: str) -> None:
    module = importlib.import_module(f"benchmarks.bench_{family}")
    assert module.UNITS.keys() == module.WORKLOADS.keys()
    for make in module.WORKLOADS.values():
        shrink(make)(ag)()


def test_tiny_workloads_are_small() -> None:
    assert shrink(bench_training.adam).keywords == {"count": 3, "elements": 64}
    assert shrink(workloads.embedding).keywords == {"rows": 16, "width": 16, "count": 3}
