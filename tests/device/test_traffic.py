"""The fused kernels' launches and traffic against the formulas, where the environment has an instrument that counts them."""

from __future__ import annotations

from typing import Any

import pytest

import autograd_gpu as ag
from benchmarks import traffic


@pytest.mark.gpu
def test_launches_and_traffic_are_within_their_limits(counting: Any) -> None:
    figures = traffic.measured(counting, [ag.float32], 1)
    assert len(figures) > 80
    assert traffic.failures(figures) == []
