"""The fused kernels' launches and traffic against the formulas, where the environment has an instrument that counts them."""

from __future__ import annotations

import pytest

import autograd_gpu as ag
from benchmarks import counters, traffic


@pytest.mark.gpu
def test_launches_and_traffic_are_within_their_limits() -> None:
    counting = counters.instrument()
    if counting is None:
        pytest.skip(f"{counters.VARIABLE} names no module that counts what a device is asked for")
    lines, failures = traffic.measured(counting, [ag.float32], 1)
    assert len(lines) > 80
    assert failures == []
