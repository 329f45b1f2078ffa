"""Recurrent layers and cells, and a cell that a user wrote of small ops.

python -m benchmarks rnn                       # against PyTorch eager, interleaved
pytest benchmarks/bench_rnn.py                 # this library alone
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from benchmarks import workloads

WORKLOADS = {
    "nn.LSTM 32 steps, batch 32, hidden 128": partial(workloads.recurrent, kind="LSTM"),
    "nn.GRU 32 steps": partial(workloads.recurrent, kind="GRU"),
    "nn.RNN 32 steps": partial(workloads.recurrent, kind="RNN"),
    "nn.LSTMCell x 32": partial(workloads.recurrent_cell, kind="LSTMCell"),
    "nn.GRUCell x 32": partial(workloads.recurrent_cell, kind="GRUCell"),
    "nn.RNNCell x 32": partial(workloads.recurrent_cell, kind="RNNCell"),
    "LSTM written out x 32": workloads.lstm_written_out,
}
UNITS = dict.fromkeys(WORKLOADS, 1)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_recurrent(benchmark: Any, workload: str) -> None:
    import autograd_gpu as ag

    benchmark(WORKLOADS[workload](ag))
