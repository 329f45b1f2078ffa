"""Freed memory of large arrays is kept, up to a limit, and given back on demand."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import autograd_gpu as ag
from autograd_gpu.device import memory

glibc = pytest.mark.skipif(not memory.KEEPING, reason="this system's malloc cannot be told what to keep")


def run(code: str, **environment: str) -> str:
    """In a process of its own: malloc's heap is the whole process's."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


FAULTS = """
import resource
import autograd_gpu as ag
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    before = faults()
    for _ in range(5):
        x = ag.ones(500_000)
        del x
    return faults() - before
work()
kept = work()
ag.cpu.empty_cache()
anew = work()
print(kept, anew)
"""


@glibc
def test_kept_memory_is_not_faulted_in_again() -> None:
    kept, anew = map(int, run(FAULTS, AUTOGRAD_GPU_CPU_CACHE=str(2**28)).split())
    assert kept < anew / 4
    assert anew >= 400  # 2 MB of pages


@glibc
def test_the_environment_can_leave_malloc_alone() -> None:
    code = "from autograd_gpu.device import memory; print(memory.KEEPING)"
    assert run(code, AUTOGRAD_GPU_CPU_CACHE="0") == "False"
    assert run(code, AUTOGRAD_GPU_CPU_CACHE="100000000") == "True"


@glibc
def test_memory_in_use_is_counted_and_given_back() -> None:
    before = ag.cpu.memory_allocated()
    x = ag.ones(4_000_000)
    assert ag.cpu.memory_allocated() >= before + 16_000_000
    assert ag.cpu.memory_reserved() >= ag.cpu.memory_allocated()
    del x
    ag.cpu.empty_cache()
    assert ag.cpu.memory_allocated() < before + 16_000_000


@glibc
def test_an_array_that_somebody_holds_is_not_touched() -> None:
    x = ag.ones(1_000_000)
    array = x.numpy()
    del x
    ag.cpu.empty_cache()
    others = [ag.zeros(1_000_000) for _ in range(3)]
    assert array.sum() == 1_000_000
    assert array.base is None or array.base.flags.owndata
    assert all(other.sum() == 0 for other in others)


@pytest.mark.parametrize("limit", [0, -1, 2**20 - 1, 2**31 + 1])
def test_a_limit_must_be_sensible(limit: int) -> None:
    with pytest.raises(ValueError, match="between 1 MiB and 2 GiB"):
        ag.cpu.set_cache_limit(limit)


@glibc
def test_the_limit_can_be_set() -> None:
    code = "import autograd_gpu as ag; ag.cpu.set_cache_limit(2**28); print(ag.cpu.memory_reserved() > 0)"
    assert run(code) == "True"


def test_the_cpu_is_a_device() -> None:
    assert ag.cpu.is_available()
    assert ag.cpu.device_count() == 1
    assert ag.cpu.current_device() == "cpu"
    ag.cpu.synchronize()
