"""Exact counts of what a call asks of a CUDA device, where the environment has an instrument for them.

An instrument is a module, named by the variable BENCHMARK_COUNTERS or the option --counters, with a context manager
``profile()`` that gives a dict once its block has ended:

    {"counts": {"kernel_launches": int, "d2h_copies": int, ...},
     "kernel_totals": {"global_read_bytes": int, "global_write_bytes": int,
                       "global_read_sectors": int, "global_write_sectors": int, ...}}

A sector is 32 bytes. Without an instrument there are times instead, of which the achieved bandwidth follows.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

VARIABLE = "BENCHMARK_COUNTERS"
SECTOR = 32
SYNCHRONISING = ("d2h_copies", "device_synchronisations", "stream_synchronisations", "event_synchronisations")


@dataclass(frozen=True)
class Counts:
    """What one call asked of the device."""

    launches: int
    library_calls: int
    bytes: int
    sectors: int
    waits: int


def instrument(name: str | None = None) -> Any:
    """The module that counts, or None."""
    name = name or os.environ.get(VARIABLE)
    return importlib.import_module(name) if name else None


def count(counting: Any, call: Callable[[], object]) -> Counts:
    """What `call` does, after a first call that compiles and allocates."""
    call()
    with counting.profile() as profile:
        call()
    counts, totals = profile["counts"], profile["kernel_totals"]
    return Counts(
        launches=counts["kernel_launches"],
        library_calls=counts["library_calls"],
        bytes=totals["global_read_bytes"] + totals["global_write_bytes"],
        sectors=totals["global_read_sectors"] + totals["global_write_sectors"],
        waits=sum(counts[name] for name in SYNCHRONISING),
    )


def seconds(call: Callable[[], object], repeats: int = 20) -> float:
    """The median time of a call on the current card, by events."""
    from cupyx.profiler import benchmark

    result = benchmark(call, n_repeat=repeats, n_warmup=3)
    return float(sorted(result.gpu_times[0])[repeats // 2])
