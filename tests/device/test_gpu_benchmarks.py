"""The GPU's benchmark suite runs from end to end, at sizes that say nothing about speed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import bench_training
from benchmarks.harness import ROOT


@pytest.mark.gpu
def test_the_suite_runs_and_writes_tables_and_a_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib")
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--device", "cuda", "--tiny", "--output", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    comparison = (tmp_path / "comparison-cuda.md").read_text(encoding="utf-8")
    for workload in bench_training.WORKLOADS:
        assert workload in comparison
    assert "peak memory" in comparison
    kernels = (tmp_path / "kernels.md").read_text(encoding="utf-8")
    for name in (
        "softmax backward",
        "layer_norm forward",
        "cross_entropy backward",
        "batch_norm forward",
        "Adam",
    ):
        assert f"| {name}" in kernels
    assert (tmp_path / "kernels.png").read_bytes()[:4] == b"\x89PNG"
