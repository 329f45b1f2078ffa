"""What workers of a DataLoader do: threads that fetch ahead, in order, and end."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info


class Slow(Dataset[int]):
    """Later elements are ready earlier."""

    def __init__(self, count: int = 12) -> None:
        self.count = count
        self.threads: set[str] = set()

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        self.threads.add(threading.current_thread().name)
        time.sleep(0.001 * (self.count - index))
        return index


def workers() -> int:
    return sum(thread.name.startswith("DataLoader worker") for thread in threading.enumerate())


def gone() -> bool:
    """Whether all workers end soon."""
    deadline = time.monotonic() + 10
    while workers() and time.monotonic() < deadline:
        time.sleep(0.005)
    return not workers()


@pytest.mark.parametrize("count", [1, 3])
def test_batches_come_in_order_from_all_workers(count: int) -> None:
    dataset = Slow()
    batches = [batch.tolist() for batch in DataLoader(dataset, batch_size=2, num_workers=count)]
    assert batches == [[i, i + 1] for i in range(0, 12, 2)]
    assert dataset.threads == {f"DataLoader worker {number}" for number in range(count)}
    assert gone()


def test_workers_end_when_the_loop_breaks() -> None:
    for _ in DataLoader(Slow(), num_workers=2):
        break
    gc.collect()
    assert gone()


def test_persistent_workers_stay_and_end_with_the_loader() -> None:
    started: list[int] = []
    loader = DataLoader(Slow(4), num_workers=2, persistent_workers=True, worker_init_fn=started.append)
    next(iter(loader))  # an epoch that is given up leaves nothing behind
    assert [int(x) for x in loader] == [0, 1, 2, 3]
    assert [int(x) for x in loader] == [0, 1, 2, 3]
    assert sorted(started) == [0, 1]
    reference = weakref.ref(loader)
    del loader
    gc.collect()
    assert reference() is None
    assert gone()


def test_new_workers_in_each_epoch_otherwise() -> None:
    started: list[int] = []
    loader = DataLoader(Slow(4), num_workers=2, worker_init_fn=started.append)
    for _ in range(2):
        assert [int(x) for x in loader] == [0, 1, 2, 3]
    assert sorted(started) == [0, 0, 1, 1]


def test_an_exception_reaches_the_loop() -> None:
    class Broken(Slow):
        def __getitem__(self, index: int) -> int:
            if index == 2:
                raise KeyError("element 2")
            return index

    loop = iter(DataLoader(Broken(), num_workers=2))
    assert [int(next(loop)), int(next(loop))] == [0, 1]
    with pytest.raises(KeyError, match="element 2"):
        next(loop)


def test_an_exception_of_worker_init_fn_reaches_the_loop() -> None:
    def fail(number: int) -> None:
        raise ValueError(f"worker {number} cannot start")

    with pytest.raises(ValueError, match="worker 0 cannot start"):
        list(DataLoader(Slow(), num_workers=2, worker_init_fn=fail))


def test_timeout() -> None:
    with pytest.raises(RuntimeError, match="timed out after 0.01 seconds"):
        list(DataLoader(Slow(500), num_workers=1, timeout=0.01))


class Parts(IterableDataset[int]):
    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Any:
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if info else (0, 1)
        return iter(range(first, self.count, step))


def test_workers_share_a_stream() -> None:
    batches = [batch.tolist() for batch in DataLoader(Parts(10), batch_size=2, num_workers=3)]
    assert batches == [[0, 3], [1, 4], [2, 5], [6, 9], [7], [8]]
    loader = DataLoader(Parts(7), batch_size=None, num_workers=3, persistent_workers=True)
    assert [sorted(loader) for _ in range(2)] == [list(range(7))] * 2


def test_worker_info() -> None:
    seen: dict[int, Any] = {}

    class Asking(Slow):
        def __getitem__(self, index: int) -> int:
            info = get_worker_info()
            assert info is not None
            seen[info.id] = info
            return index

    dataset = Asking(4)
    list(DataLoader(dataset, num_workers=2, generator=ag.Generator().manual_seed(1)))
    assert [seen[number].num_workers for number in (0, 1)] == [2, 2]
    assert seen[1].seed == seen[0].seed + 1
    assert seen[0].dataset is dataset
    assert get_worker_info() is None


def test_processes_are_refused() -> None:
    with pytest.raises(ValueError, match="workers are threads of this process"):
        DataLoader([1], num_workers=1, multiprocessing_context="spawn")
    with pytest.raises(ValueError, match="pin_memory_device option must be"):
        DataLoader([1], pin_memory_device="xpu")


def test_the_order_is_that_of_the_seed() -> None:
    def order() -> list[int]:
        ag.manual_seed(5)
        return [int(x) for (x,) in DataLoader(TensorDataset(ag.arange(20)), shuffle=True)]

    assert order() == order()
    assert order() != list(range(20))
