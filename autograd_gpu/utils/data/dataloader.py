"""`DataLoader`: batches of a data set, in a chosen order, fetched by the loop itself or ahead of it by workers."""

from __future__ import annotations

import itertools
import queue
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from autograd_gpu import errors
from autograd_gpu.ops.generators import Generator
from autograd_gpu.utils.data.collate import default_collate, default_convert, pin_memory as pinned
from autograd_gpu.utils.data.dataset import IterableDataset, elements
from autograd_gpu.utils.data.sampler import BatchSampler, as_sampler, random_seed
from autograd_gpu.utils.data.workers import END, Failure, Pool

T_co = TypeVar("T_co", covariant=True)


class DataLoader(Generic[T_co]):
    """An iterable of batches.

    Args:
        dataset: something with `__getitem__` and `__len__`, or an `IterableDataset`.
        batch_size: elements per batch; None: elements one by one, without a new dimension.
        shuffle: a new random order in each epoch; default False.
        sampler: an iterable of indices, instead of `shuffle`.
        batch_sampler: an iterable of lists of indices, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
        num_workers: how many threads fetch batches ahead; 0: the loop fetches them itself. Workers are threads, not
            processes: they share the data set and the generators of random numbers.
        collate_fn: list of elements -> batch; `default_collate`, or without batches `default_convert`.
        pin_memory: whether batches are put into page-locked memory (where there is a CUDA device).
        drop_last: whether a last batch that is not full is left out.
        timeout: seconds to wait for a worker; 0: as long as it takes.
        worker_init_fn: called with the worker's number in each worker before it starts.
        multiprocessing_context: must be None: workers are threads.
        generator: the source of randomness of the order and of the workers' seeds.
        prefetch_factor: how many batches each worker fetches ahead; 2 if None.
        persistent_workers: whether the workers stay between epochs.
        pin_memory_device: must be "" or "cuda".
        in_order: batches always come in order, whatever it says.

    Raises:
        ValueError: options that exclude each other, or numbers out of range.
        RuntimeError: no batch from a worker within `timeout`.
        Whatever the data set raises, in the loop.

    >>> data = ag.utils.data.TensorDataset(ag.arange(5), ag.arange(5) * 10)
    >>> for x, y in ag.utils.data.DataLoader(data, batch_size=2):
    ...     print(x, y)
    tensor([0, 1]) tensor([ 0, 10])
    tensor([2, 3]) tensor([20, 30])
    tensor([4]) tensor([40])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if num_workers < 0:
            raise _option(
                "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."
            )
        if timeout < 0:
            raise _option("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise _option(
                "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to enable "
                "multiprocessing, otherwise set prefetch_factor to None."
            )
        if prefetch_factor is not None and prefetch_factor < 1:
            raise _option("prefetch_factor option should be positive")
        if persistent_workers and num_workers == 0:
            raise _option("persistent_workers option needs num_workers > 0")
        if multiprocessing_context is not None:
            raise _option(
                "multiprocessing_context option must be None: workers are threads of this process, which need none"
            )
        if pin_memory_device not in ("", "cuda"):
            raise _option(f"pin_memory_device option must be '' or 'cuda', not {pin_memory_device!r}")
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable and shuffle not in (False, None):
            raise _option(
                f"DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle={shuffle}"
            )
        if self._iterable and sampler is not None:
            raise _option(
                f"DataLoader with IterableDataset: expected unspecified sampler option, but got sampler={sampler}"
            )
        if self._iterable and batch_sampler is not None:
            raise _option(
                "DataLoader with IterableDataset: expected unspecified batch_sampler option, but got "
                f"batch_sampler={batch_sampler}"
            )
        if sampler is not None and shuffle:
            raise _option("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise _option(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise _option(
                "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
            )
        if sampler is None:
            sampler = (
                itertools.repeat(None) if self._iterable else as_sampler(dataset, bool(shuffle), generator)
            )
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)

        self.dataset = dataset
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn: Callable[[Any], Any] = collate_fn or (
            default_convert if batch_sampler is None else default_collate
        )
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = None
        self.generator = generator
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self._pool: Pool | None = None
        #: the length of an iterable data set, if somebody asked for the loader's
        self._said_length: int | None = None

    def __len__(self) -> int:
        if not self._iterable:
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]
        count = self._said_length = len(self.dataset)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        # The order is drawn when the epoch begins, not when its first batch is asked for.
        order = iter(self.sampler if self.batch_sampler is None else self.batch_sampler)
        if not self.num_workers:
            batches = self._own_batches(order)
        else:
            if self._pool is None or not self.persistent_workers:
                self._pool = Pool(
                    self.num_workers, self.dataset, random_seed(self.generator), self.worker_init_fn
                )
            batches = self._fetched_ahead(order, self._pool)
            if not self.persistent_workers:
                self._pool = None
        if self._said_length is not None:
            batches = self._counted(batches)
        return map(pinned, batches) if self.pin_memory and _has_cuda() else batches

    def _fetcher(self) -> Callable[[Any], Any]:
        """The function: entry of the order -> batch; StopIteration at the end of an iterable data set."""
        dataset, collate, batched = self.dataset, self.collate_fn, self.batch_sampler is not None
        if not self._iterable:
            if batched:
                return lambda indices: collate(elements(dataset, indices))
            return lambda index: collate(dataset[index])
        items = iter(dataset)
        if not batched:
            return lambda _: collate(next(items))
        size, whole_only = self.batch_size or 1, self.drop_last

        def next_batch(_: Any) -> Any:
            batch = list(itertools.islice(items, size))
            if not batch or (whole_only and len(batch) < size):
                raise StopIteration
            return collate(batch)

        return next_batch

    def _own_batches(self, order: Iterator[Any]) -> Iterator[Any]:
        fetch = self._fetcher()
        for entry in order:
            try:
                batch = fetch(entry)
            except StopIteration:
                return
            yield batch

    def _fetched_ahead(self, order: Iterator[Any], pool: Pool) -> Iterator[Any]:
        results: list[queue.SimpleQueue[Any]] = [queue.SimpleQueue() for _ in pool.tasks]
        fetch: Callable[[Any], Any]
        if self._iterable:
            fetchers: dict[int, Callable[[Any], Any]] = {}

            def fetch(task: Any) -> Any:  # each worker iterates for itself, and begins in its own thread
                number, entry = task
                if number not in fetchers:
                    fetchers[number] = self._fetcher()
                return fetchers[number](entry)

        else:
            fetch_entry = self._fetcher()

            def fetch(task: Any) -> Any:
                return fetch_entry(task[1])

        waiting: deque[int] = deque()  # the workers that owe a batch, in order
        active = itertools.cycle(range(len(pool.tasks)))
        ended: set[int] = set()

        def assign() -> None:
            if len(ended) == len(results):
                return
            for entry in itertools.islice(order, 1):
                number = next(number for number in active if number not in ended)
                pool.tasks[number].put((results[number], fetch, (number, entry)))
                waiting.append(number)

        for _ in range(len(results) * (self.prefetch_factor or 2)):
            assign()
        while waiting:
            number = waiting.popleft()
            try:
                batch = results[number].get(timeout=self.timeout or None)
            except queue.Empty:
                raise RuntimeError(
                    f"DataLoader timed out after {self.timeout} seconds{errors.here()}"
                ) from None
            if batch is END:
                ended.add(number)
                assign()
                continue
            if isinstance(batch, Failure):
                raise batch.error
            assign()
            yield batch

    def _counted(self, batches: Iterator[Any]) -> Iterator[Any]:
        """A data set that says its length, and gives more, is a mistake of many: each worker gives all of it."""
        length = len(self)
        for number, batch in enumerate(batches):
            if number == length:
                warnings.warn(
                    f"Length of IterableDataset {self.dataset} was reported to be {length} (when accessing "
                    f"len(dataloader)), but {number + 1} samples have been fetched. For multiprocessing data-loading, "
                    "each worker iterates over the whole data set unless its __iter__ asks get_worker_info() for its "
                    "own part.",
                    stacklevel=2,
                )
            yield batch


def _option(text: str) -> ValueError:
    return ValueError(f"{text}{errors.here()}")


def _has_cuda() -> bool:
    from autograd_gpu import cuda

    return cuda.is_available()
