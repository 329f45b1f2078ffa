"""Workers of a DataLoader: threads that fetch batches ahead of the loop that uses them.

PyTorch's workers are processes, with a copy of the data set each. Threads share it: nothing is pickled, nothing is
started anew, and reading files, decompressing and NumPy's larger loops run side by side, since they let other
threads run. Worker `w` fetches batches ``w``, ``w + workers``, ...; they are handed out in order.

A worker refers to its queues only, never to the loader or its iterator, so both go when nobody holds them.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: what a worker sends when its data set has ended
END = object()

Fetch = Callable[[Any], Any]
Tasks = queue.SimpleQueue[Any]


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker knows about itself.

    Attributes:
        id: its number, from 0.
        num_workers: how many there are.
        seed: a number of its own, from the loader's generator.
        dataset: the data set, shared by all workers.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


_local = threading.local()


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a DataLoader: its `id`, `num_workers`, `seed` and `dataset`; elsewhere None.

    >>> ag.utils.data.get_worker_info() is None
    True
    """
    return getattr(_local, "info", None)


class Failure:
    """An exception on its way from a worker to the loop."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _work(info: WorkerInfo, tasks: Tasks, init: Callable[[int], None] | None) -> None:
    """A worker's life: tasks are (where to send the result, what to compute, with what); None ends it."""
    _local.info = info
    failed: Failure | None = None
    try:
        if init is not None:
            init(info.id)
    except Exception as error:
        failed = Failure(error)
    while (task := tasks.get()) is not None:
        results, fetch, argument = task
        if failed is not None:
            results.put(failed)
            continue
        try:
            results.put(fetch(argument))
        except StopIteration:
            results.put(END)
        except Exception as error:
            results.put(Failure(error))
        del task, results, fetch, argument  # nothing is held while waiting


class Pool:
    """The threads of one loader: as many as `workers`, ended by `close` or with the last reference."""

    def __init__(self, workers: int, dataset: Any, seed: int, init: Callable[[int], None] | None) -> None:
        self.tasks: list[Tasks] = [queue.SimpleQueue() for _ in range(workers)]
        for number, tasks in enumerate(self.tasks):
            info = WorkerInfo(number, workers, seed + number, dataset)
            threading.Thread(
                target=_work, args=(info, tasks, init), name=f"DataLoader worker {number}", daemon=True
            ).start()

    def close(self) -> None:
        for tasks in self.tasks:
            tasks.put(None)

    def __del__(self) -> None:
        self.close()
