"""The pool of threads: each block once, errors, nesting, forks, and BLAS inside of blocks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.device import blas, threads


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    count, blas_count = threads.get_num_threads(), blas.get_num_threads()
    yield
    threads.set_num_threads(count)
    if blas_count:
        blas.set_num_threads(blas_count)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 1000])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_each_block_is_done_once(count: int, workers: int) -> None:
    threads.set_num_threads(workers)
    done: list[int] = []
    threads.for_blocks(done.append, count)
    assert sorted(done) == list(range(count))


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 64, 65])
def test_ranges_cover_everything_and_do_not_depend_on_the_number_of_threads(size: int) -> None:
    found = []
    for workers in (1, 3):
        threads.set_num_threads(workers)
        ranges: list[tuple[int, int]] = []
        threads.for_ranges(lambda start, stop, ranges=ranges: ranges.append((start, stop)), size, 8)
        found.append(sorted(ranges))
    assert found[0] == found[1]
    assert [number for start, stop in found[0] for number in range(start, stop)] == list(range(size))


def test_two_threads_work_at_the_same_time() -> None:
    threads.set_num_threads(2)
    met = threading.Barrier(2)
    threads.for_blocks(lambda block: met.wait(timeout=30), 2)  # one thread alone would wait in vain


def test_calls_inside_of_blocks_run_on_the_calling_thread() -> None:
    threads.set_num_threads(2)
    seen: list[tuple[int, int]] = []

    def outer(block: int) -> None:
        here = threading.get_ident()
        threads.for_blocks(lambda inner: seen.append((here, threading.get_ident())), 5)

    threads.for_blocks(outer, 4)
    assert len(seen) == 20
    assert all(outside == inside for outside, inside in seen)


def test_several_threads_of_a_program_may_call_at_once() -> None:
    threads.set_num_threads(2)
    totals: list[int] = []

    def program() -> None:
        for _ in range(50):
            done: list[int] = []
            threads.for_blocks(done.append, 10)
            totals.append(sum(done))

    running = [threading.Thread(target=program) for _ in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert totals == [45] * 200


def test_an_error_in_a_block_is_raised_and_the_pool_goes_on() -> None:
    threads.set_num_threads(2)

    def function(block: int) -> None:
        if block == 3:
            raise ValueError("block 3")

    for _ in range(20):
        with pytest.raises(ValueError, match="block 3"):
            threads.for_blocks(function, 8)
    done: list[int] = []
    threads.for_blocks(done.append, 8)
    assert sorted(done) == list(range(8))


def test_blas_has_one_thread_inside_of_blocks_and_what_it_had_after() -> None:
    if not blas.get_num_threads():
        pytest.skip("this NumPy's BLAS does not let its threads be counted")
    threads.set_num_threads(2)
    inside: list[int] = []
    threads.for_blocks(lambda block: inside.append(blas.get_num_threads()), 2)
    assert inside == [1, 1]
    assert blas.get_num_threads() == 2


def test_workers_do_not_warn() -> None:
    threads.set_num_threads(2)
    met = threading.Barrier(2)
    results: list[float] = []

    def function(block: int) -> None:
        met.wait(timeout=30)
        if threading.current_thread() is not threading.main_thread():
            results.append(float(np.divide(np.ones(1), 0)[0]))

    threads.for_blocks(function, 2)
    assert results == [np.inf]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork does not exist here")
def test_a_forked_child_has_a_pool_of_its_own() -> None:
    # In a process of its own: a child of pytest's would inherit its threads' locks.
    code = """
import os
from autograd_gpu.device import blas, threads
threads.set_num_threads(2)
threads.for_blocks(lambda block: None, 8)
def fork_and_count(block):
    if block:
        return
    child = os.fork()
    if child == 0:
        done = []
        threads.for_blocks(done.append, 100)
        os._exit(0 if sorted(done) == list(range(100)) and blas.get_num_threads() in (0, 2) else 1)
    statuses.append(os.waitpid(child, 0)[1])
statuses = []
fork_and_count(0)
threads.for_blocks(fork_and_count, 2)
print(statuses)
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120
    )
    assert run.stdout.strip() == "[0, 0]", run.stderr


@pytest.mark.parametrize(("wanted", "count"), [("3", 3), ("5,2", 5), (" 2 ", 2)])
def test_the_default_is_omp_num_threads(wanted: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    assert threads._default_count() == count


@pytest.mark.parametrize("wanted", ["", "0", "-1", "many"])
def test_without_it_the_default_is_the_usable_cores(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert threads._default_count() == usable


def test_set_num_threads_sets_blas_too_and_refuses_what_is_no_count() -> None:
    ag.set_num_threads(1)
    assert ag.get_num_threads() == 1
    assert blas.get_num_threads() in (0, 1)
    with pytest.raises(RuntimeError, match="expects a positive integer"):
        ag.set_num_threads(0)
    with pytest.raises(TypeError, match="expects an int, but got float"):
        ag.set_num_threads(2.0)  # type: ignore[arg-type]
