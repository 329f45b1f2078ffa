"""Convolution, pooling and batch normalisation: single layers and the training steps made of them.

python -m benchmarks conv                      # against PyTorch eager, interleaved
pytest benchmarks/bench_conv.py                # this library alone
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from benchmarks import workloads

WORKLOADS = {
    "cnn 1-32-64, 28x28, batch 64": workloads.cnn,
    "resnet block 64x32x32, batch 16": workloads.resnet_block,
    "conv 1->32 28x28 b64": partial(workloads.convolution, images=64, channels=1, outputs=32, size=28),
    "conv 32->64 13x13 b64": partial(workloads.convolution, images=64, channels=32, outputs=64, size=13),
    "conv 64->64 32x32 b16": partial(
        workloads.convolution, images=16, channels=64, outputs=64, size=32, padding=1
    ),
    "conv 1x1 64->256 32x32 b16": partial(
        workloads.convolution, images=16, channels=64, outputs=256, size=32, kernel=1
    ),
    "max_pool 32x26x26 b64": partial(workloads.max_pool, images=64, channels=32, size=26),
    "batch_norm 64x32x32 b16": workloads.batch_norm,
}
UNITS = dict.fromkeys(WORKLOADS, 1)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_convolution(benchmark: Any, workload: str) -> None:
    import autograd_gpu as ag

    benchmark(WORKLOADS[workload](ag))
