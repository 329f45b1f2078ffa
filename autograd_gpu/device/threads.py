"""One pool of threads for everything on the CPU that works block by block.

NumPy lets go of Python's global lock while it computes, so two threads that call it on two blocks really run at the
same time. What to know before using this module:

- **Worth it from about half a million elements.** Waking a thread costs 10 to 50 us. Use blocks of ``BLOCK`` elements:
  with smaller ones the threads wait for the global lock, larger ones fall out of the cache.
- **Results do not depend on the number of threads**, if the caller keeps to two rules: what a block is depends on the
  size of the work alone (never on ``get_num_threads()``), and a reduction stores one partial result per block and
  combines them in the order of the blocks, after ``for_blocks`` has returned. Which thread runs which block is open.
- **BLAS gets one thread inside of blocks**, so that it and the pool do not fight for the same cores, and so that its sums do
  not depend on the number of threads either. (A single block is simply called: then BLAS has all threads.)
- **A call inside of a block, or while another thread of the program uses the pool, runs on the calling thread.** There
  is nothing to deadlock, and never more threads at work than were asked for.
- A forked child starts with a pool of its own.

>>> from autograd_gpu.device import threads
>>> import numpy as np
>>> numbers, parts = np.ones(1_000_000), np.zeros(8)
>>> def part(start, stop):
...     parts[start // threads.BLOCK] = numbers[start:stop].sum()
>>> threads.for_ranges(part, numbers.size)
>>> float(parts.sum())
1000000.0
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu.device import blas

#: elements of a block: half a megabyte of float32, so that a few of them fit into a core's second-level cache
BLOCK = 2**17


def _default_count() -> int:
    """``OMP_NUM_THREADS`` if that is a number, else the cores that this process may use: what PyTorch does."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Job:
    """The blocks of one call that nobody has begun, and the first error."""

    __slots__ = ("blocks", "error", "function")

    def __init__(self, function: Callable[[int], object], count: int) -> None:
        self.function = function
        self.blocks = deque(range(count))
        self.error: BaseException | None = None

    def work(self) -> None:
        """Do blocks until none is left. An error ends the whole job, early."""
        function, take = self.function, self.blocks.popleft
        try:
            while True:
                try:
                    block = take()
                except IndexError:
                    return
                function(block)
        except BaseException as error:  # raised again by the thread that waits
            self.error = self.error or error
            self.blocks.clear()


class _Worker:
    """A thread that sleeps until it is given a job."""

    def __init__(self) -> None:
        self.job: _Job | None = None
        self.wake = threading.Lock()
        self.done = threading.Lock()
        self.wake.acquire()
        self.done.acquire()
        threading.Thread(target=self._run, name="autograd_gpu worker", daemon=True).start()

    def _run(self) -> None:
        # Overflow and division by zero give inf and nan, silently: the caller's thread decides about warnings.
        np.seterr(all="ignore")
        while True:
            self.wake.acquire()
            if self.job is not None:
                self.job.work()
                self.job = None
            self.done.release()

    def start(self, job: _Job) -> None:
        self.job = job
        self.wake.release()

    def finish(self) -> None:
        """Wait until the job is done; take it back if the thread has not even woken up."""
        if self.wake.acquire(blocking=False):
            self.job = None
        else:
            self.done.acquire()


class _Pool:
    """The workers, and the lock of the one thread that uses them."""

    def __init__(self) -> None:
        self.count = _default_count()
        self.reset()

    def reset(self) -> None:
        self.workers: list[_Worker] = []
        self.lock = threading.Lock()
        self.blas_before = 0

    def run(self, function: Callable[[int], object], count: int) -> None:
        if not self.lock.acquire(blocking=False):
            for block in range(count):
                function(block)
            return
        job = _Job(function, count)
        helpers = min(self.count, count) - 1
        started: list[_Worker] = []
        try:
            self.blas_before = blas.get_num_threads()
            if self.blas_before > 1:
                blas.set_num_threads(1)
            while len(self.workers) < helpers:
                self.workers.append(_Worker())
            for worker in self.workers[:helpers]:
                worker.start(job)
                started.append(worker)
            job.work()
        finally:
            # Also after a KeyboardInterrupt: nobody may still be writing when the caller goes on.
            job.blocks.clear()
            for worker in started:
                worker.finish()
            self._restore_blas()
            self.lock.release()
        if job.error is not None:
            try:
                raise job.error
            finally:
                job.error = None  # it holds this frame, which holds the job

    def _restore_blas(self) -> None:
        if self.blas_before > 1:
            blas.set_num_threads(self.blas_before)
        self.blas_before = 0

    def after_fork(self) -> None:
        """In the child: the other threads are gone, whatever they were doing."""
        self._restore_blas()
        self.reset()


_pool = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.after_fork)


def for_blocks(function: Callable[[int], Any], count: int) -> None:
    """Call ``function(0)`` ... ``function(count - 1)``, in any order, on up to ``get_num_threads()`` threads.

    It returns when all are done. An error in one of them is raised, and those that have not begun are left out.
    See the top of this module for what makes results independent of the number of threads.
    """
    if count == 1:
        function(0)
    else:
        _pool.run(function, count)


def for_ranges(
    function: Callable[[int, int], Any], size: int, block: int = BLOCK, *, limit_blas: bool = False
) -> None:
    """Call ``function(start, stop)`` for the ranges of ``block`` numbers (the last may be shorter) that make up
    ``range(size)``, in any order, on up to ``get_num_threads()`` threads. `limit_blas`: give BLAS one thread also where there
    is one block only, since its sums would depend on the number of threads."""
    if size <= block and not limit_blas:
        if size:
            function(0, size)
        return

    def part(number: int) -> None:
        start = number * block
        function(start, min(start + block, size))

    _pool.run(part, -(-size // block))


def get_num_threads() -> int:
    """The number of threads that an operation on the CPU may use, the calling one included.

    The default is ``OMP_NUM_THREADS``, or the number of cores that the process may run on.

    >>> ag.get_num_threads() >= 1
    True
    """
    return _pool.count


def set_num_threads(count: int) -> None:
    """Set the number of threads that an operation on the CPU may use, the calling one included.

    Elementwise work on large tensors and BLAS (matrix products) follow it. Results of the former do not depend on it.

    Args:
        count: a positive number; more than there are cores is allowed and does not help.

    Raises:
        TypeError: if ``count`` is not an int.
        RuntimeError: if it is not positive.

    >>> before = ag.get_num_threads()
    >>> ag.set_num_threads(1)
    >>> ag.get_num_threads()
    1
    >>> ag.set_num_threads(before)
    """
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(f"set_num_threads expects an int, but got {type(count).__name__}")
    if count < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    with _pool.lock:
        _pool.count = count
        blas.set_num_threads(count)
