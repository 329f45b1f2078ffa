"""Data sets: what can be indexed by a number, or iterated over, and what is made of others."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from autograd_gpu import errors
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.ops.generators import Generator
from autograd_gpu.tensor import Tensor

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Dataset(Generic[T_co]):
    """A data set that is read by index: subclasses define `__getitem__` and, for most samplers, `__len__`.

    A method `__getitems__(indices)`, if there is one, is asked for a whole batch at once.

    >>> class Squares(ag.utils.data.Dataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         return index * index
    >>> list(ag.utils.data.DataLoader(Squares(), batch_size=2))
    [tensor([0, 1]), tensor([4])]
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"Subclasses of Dataset should implement __getitem__.{errors.here()}")

    def __add__(self, other: Dataset[Any]) -> ConcatDataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], ABC):
    """A data set that is read from its beginning to its end: subclasses define `__iter__`.

    Where a DataLoader has workers, each of them iterates; `get_worker_info` tells `__iter__` which part is its
    own.
    """

    @abstractmethod
    def __iter__(self) -> Iterator[T_co]: ...

    def __add__(self, other: Dataset[Any]) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors with the same first size; element `i` is the tuple of their rows `i`.

    Raises:
        AssertionError: the first sizes differ.

    >>> inputs, labels = ag.tensor([[1.0], [2.0]]), ag.tensor([0, 1])
    >>> ag.utils.data.TensorDataset(inputs, labels)[1]
    (tensor([2.]), tensor(1))
    """

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].shape[0] != tensor.shape[0] for tensor in tensors):
            raise AssertionError(
                f"Size mismatch between tensors\n  in TensorDataset: the first sizes are "
                f"{[tensor.shape[0] for tensor in tensors]}{errors.here()}"
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].shape[0])


class StackDataset(Dataset[Any]):
    """Data sets side by side: element `i` is the tuple of their elements `i`, or the dict if they are given by
    name.

    Raises:
        ValueError: lengths differ, both positions and names are used, or nothing is given.

    >>> ag.utils.data.StackDataset(image=[10, 11], text=["a", "b"])[1]
    {'image': 11, 'text': 'b'}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or ``dict``- (via ``kwargs``) like input/output, but "
                f"both types are given.{errors.here()}"
            )
        if not (args or kwargs):
            raise ValueError(f"At least one dataset should be passed{errors.here()}")
        self.datasets = args or kwargs
        lengths = [len(dataset) for dataset in args or kwargs.values()]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"Size mismatch between datasets\n  in StackDataset: lengths {lengths}{errors.here()}"
            )
        self._length = lengths[0]

    def __getitem__(self, index: int) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: list[int]) -> list[Any]:
        if isinstance(self.datasets, dict):
            columns = [elements(dataset, indices) for dataset in self.datasets.values()]
            return [dict(zip(self.datasets, row, strict=True)) for row in zip(*columns, strict=True)]
        return list(zip(*(elements(dataset, indices) for dataset in self.datasets), strict=True))

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T_co]):
    """Data sets one after the other; ``a + b`` makes one, too.

    Raises:
        AssertionError: no data set, or one that can only be iterated over.
        ValueError: an index before the beginning.

    >>> both = ag.utils.data.ConcatDataset([[1, 2], [3]])
    >>> len(both), both[2], both[-1]
    (3, 3, 3)
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    @staticmethod
    def cumsum(sequence: Iterable[Any]) -> list[int]:
        return list(itertools.accumulate(len(each) for each in sequence))

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError(f"datasets should not be an empty iterable{errors.here()}")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError(f"ConcatDataset does not support IterableDataset{errors.here()}")
        self.cumulative_sizes = self.cumsum(self.datasets)

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def _find(self, index: int) -> tuple[int, int]:
        """Which data set an index is in, and its index there."""
        if index < 0:
            if -index > len(self):
                raise ValueError(f"absolute value of index should not exceed dataset length{errors.here()}")
            index += len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return which, index - (self.cumulative_sizes[which - 1] if which else 0)

    def __getitem__(self, index: int) -> Any:
        which, within = self._find(index)
        return self.datasets[which][within]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        found: list[Any] = [None] * len(indices)
        places: dict[int, list[tuple[int, int]]] = {}
        for position, index in enumerate(indices):
            which, within = self._find(index)
            places.setdefault(which, []).append((position, within))
        for which, asked in places.items():
            values = elements(self.datasets[which], [within for _, within in asked])
            for (position, _), value in zip(asked, values, strict=True):
                found[position] = value
        return found


class ChainDataset(IterableDataset[Any]):
    """Data sets that can only be iterated over, one after the other; ``a + b`` makes one, too.

    Raises (in use):
        AssertionError: one of them is not an IterableDataset.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def _checked(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(f"ChainDataset only supports IterableDataset{errors.here()}")
            yield dataset

    def __iter__(self) -> Iterator[Any]:
        for dataset in self._checked():
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self._checked())


class Subset(Dataset[T_co]):
    """The elements of a data set at some indices.

    >>> part = ag.utils.data.Subset(["a", "b", "c"], [2, 0])
    >>> len(part), part[0]
    (2, 'c')
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[each] for each in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        return elements(self.dataset, [self.indices[each] for each in indices])

    def __len__(self) -> int:
        return len(self.indices)


def elements(dataset: Any, indices: list[int]) -> list[Any]:
    """The elements at `indices`, all at once where the data set can."""
    together = getattr(dataset, "__getitems__", None)
    return together(indices) if callable(together) else [dataset[index] for index in indices]


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset[Any]]:
    """Parts of a data set that do not overlap, of elements drawn at random.

    Args:
        dataset: anything with a length.
        lengths: how many elements each part gets; or fractions that sum to at most 1: what is left over by rounding
            down goes to the first parts, one each in turn.
        generator: the source of randomness; the default generator of the CPU if None.

    Raises:
        ValueError: the lengths do not sum to the data set's, or a fraction is not in [0, 1].

    >>> [len(part) for part in ag.utils.data.random_split(range(10), [0.7, 0.3])]
    [7, 3]
    """
    count = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        sizes: list[int] = []
        for number, fraction in enumerate(lengths):
            if fraction < 0 or fraction > 1:
                raise ValueError(f"Fraction at index {number} is not between 0 and 1{errors.here()}")
            sizes.append(math.floor(count * fraction))
        for number in range(count - sum(sizes)):
            sizes[number % len(sizes)] += 1
        for number, size in enumerate(sizes):
            if size == 0:
                warnings.warn(
                    f"Length of split at index {number} is 0. This might result in an empty dataset.",
                    stacklevel=2,
                )
        lengths = sizes
    if sum(lengths) != count:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset!\n  in random_split: "
            f"{list(lengths)} sum to {sum(lengths)}, not {count}{errors.here()}"
        )
    order = FUNCTIONS["randperm"](count, generator=generator).tolist()
    ends = itertools.accumulate(int(length) for length in lengths)
    return [
        Subset(dataset, order[end - int(length) : end]) for end, length in zip(ends, lengths, strict=True)
    ]
