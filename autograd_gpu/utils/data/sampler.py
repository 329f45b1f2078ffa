"""Samplers: in what order a DataLoader reads a data set. They are iterables of indices, or of lists of indices."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

from autograd_gpu import dtypes, errors
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.ops.generators import Generator

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """The base class of samplers: subclasses define `__iter__` and, if the number is known, `__len__`."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"Subclasses of Sampler should implement __iter__.{errors.here()}")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ... to the end of the data set.

    >>> list(ag.utils.data.SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """All indices in random order, or random indices.

    Args:
        data_source: anything with a length.
        replacement: whether an index may come again before all others have come.
        num_samples: how many indices are drawn; the length of `data_source` if None. More than that without
            replacement goes through several random orders.
        generator: the source of randomness; if None, one that each iteration seeds from the default generator.

    Raises:
        TypeError: `replacement` is not a bool.
        ValueError: `num_samples` is not a positive integer.

    >>> sorted(ag.utils.data.RandomSampler(range(4)))
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement}{errors.here()}"
            )
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(
                "num_samples should be a positive integer value, but got "
                f"num_samples={self.num_samples}{errors.here()}"
            )

    @property
    def num_samples(self) -> int:
        # The length of a data set may change between epochs.
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        generator = self.generator or Generator().manual_seed(random_seed())
        count, wanted = len(self.data_source), self.num_samples
        if self.replacement:
            yield from FUNCTIONS["randint"](count, (wanted,), generator=generator).tolist()
            return
        for start in range(0, wanted, max(count, 1)):
            yield from FUNCTIONS["randperm"](count, generator=generator).tolist()[: wanted - start]

    def __len__(self) -> int:
        return self.num_samples


def random_seed(generator: Generator | None = None) -> int:
    """A seed drawn from `generator`, or from the default one."""
    return int(FUNCTIONS["randint"](2**62, (), generator=generator, dtype=dtypes.int64).item())


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order.

    >>> sorted(ag.utils.data.SubsetRandomSampler([3, 5]))
    [3, 5]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for place in FUNCTIONS["randperm"](len(self.indices), generator=self.generator).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Random indices, each as likely as its weight says (weights need not sum to 1).

    Args:
        weights: one per index.
        num_samples: how many indices are drawn.
        replacement: whether an index may come several times.
        generator: the source of randomness; the default generator if None.

    Raises:
        ValueError: `num_samples` is not a positive integer, `replacement` not a bool, or `weights` not
            one-dimensional.

    >>> list(ag.utils.data.WeightedRandomSampler([0.0, 1.0], 3))
    [1, 1, 1]
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}{errors.here()}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(
                f"replacement should be a boolean value, but got replacement={replacement}{errors.here()}"
            )
        self.weights = FUNCTIONS["as_tensor"](weights, dtype=dtypes.float64)
        if self.weights.ndim != 1:
            raise ValueError(
                "weights should be a 1d sequence but given weights have shape "
                f"{tuple(self.weights.shape)}{errors.here()}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = FUNCTIONS["multinomial"](
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices that another sampler gives; the last may be shorter, or is left out.

    Raises:
        ValueError: `batch_size` is not a positive integer, or `drop_last` not a bool.

    >>> list(ag.utils.data.BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}{errors.here()}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(
                f"drop_last should be a boolean value, but got drop_last={drop_last}{errors.here()}"
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


def as_sampler(dataset: Any, shuffle: bool, generator: Generator | None) -> Sampler[int]:
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
