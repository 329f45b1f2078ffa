"""Attention, the transformer block and the training step of a small language model; embeddings.

python -m benchmarks attention                 # against PyTorch eager, interleaved
pytest benchmarks/bench_attention.py           # this library alone
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import workloads

WORKLOADS = {
    "transformer block d 256, T 128, batch 8": workloads.transformer_block,
    "char-GPT 4 layers, d 128, T 64, batch 16": workloads.char_gpt,
    "attention 8x4x128x64, causal": workloads.attention,
    "nn.MultiheadAttention d 256, T 128": workloads.multihead_attention,
    "embedding 50k x 128, 8192 indices": workloads.embedding,
}
UNITS = dict.fromkeys(WORKLOADS, 1)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_attention(benchmark: Any, workload: str) -> None:
    import autograd_gpu as ag

    benchmark(WORKLOADS[workload](ag))
