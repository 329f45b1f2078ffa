"""Data sets, samplers and loaders: the same program through both libraries. Orders drawn at random are compared as sets."""

from __future__ import annotations

import collections
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, raised

program = Programs()
Point = collections.namedtuple("Point", "x y")


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


def data(L: Any) -> Any:
    return __import__(f"{L.__name__}.utils.data", fromlist=["data"])


def squares(L: Any, count: int = 7) -> Any:
    class Squares(data(L).Dataset):
        def __len__(self) -> int:
            return count

        def __getitem__(self, index: int) -> Any:
            if not 0 <= index < count:
                raise IndexError(f"no element {index}")
            return L.tensor(float(index**2)), index

    return Squares()


def stream(L: Any, count: int = 7, length: int | None = None) -> Any:
    class Stream(data(L).IterableDataset):
        def __iter__(self) -> Any:
            return iter(range(count))

    if length is not None:
        Stream.__len__ = lambda self: length
    return Stream()


@program
def batches_in_order(L: Any) -> Any:
    loader = data(L).DataLoader(squares(L), batch_size=3)
    return list(loader), len(loader), loader.batch_size, loader.drop_last, loader.num_workers


@program
def default_batch_size(L: Any) -> Any:
    return list(data(L).DataLoader(squares(L, 2)))


@program
def drop_last(L: Any) -> Any:
    loader = data(L).DataLoader(squares(L), batch_size=3, drop_last=True)
    return list(loader), len(loader)


@program
def without_batches(L: Any) -> Any:
    loader = data(L).DataLoader(squares(L, 2), batch_size=None)
    return list(loader), len(loader)


@program
def shuffled(L: Any) -> Any:
    loader = data(L).DataLoader(squares(L), batch_size=3, shuffle=True)
    seen = [number for _, numbers in loader for number in numbers.tolist()]
    return sorted(seen), [len(numbers) for _, numbers in loader], type(loader.sampler).__name__


@program
def shuffled_the_same_with_the_same_generator(L: Any) -> Any:
    def order(seed: int) -> Any:
        loader = data(L).DataLoader(squares(L), shuffle=True, generator=L.Generator().manual_seed(seed))
        return [[number.item() for _, number in loader] for _ in range(2)]

    first, second = order(1)
    return order(1) == order(1), first == second, order(1) == order(2)


@program
def own_collate(L: Any) -> Any:
    return list(data(L).DataLoader(squares(L), 4, collate_fn=lambda items: [n for _, n in items]))


@program
def own_sampler(L: Any) -> Any:
    return list(data(L).DataLoader(squares(L), 2, sampler=[5, 3, 1])), len(
        data(L).DataLoader(squares(L), 2, sampler=[5, 3, 1])
    )


@program
def own_batch_sampler(L: Any) -> Any:
    loader = data(L).DataLoader(squares(L), batch_sampler=[[1, 2], [0]])
    return list(loader), len(loader), loader.batch_size, loader.drop_last


@program
def list_as_data_set(L: Any) -> Any:
    return list(data(L).DataLoader([1.5, 2.5, 3.5], batch_size=2))


@program
def stream_in_batches(L: Any) -> Any:
    return [list(data(L).DataLoader(stream(L), 3, drop_last=drop)) for drop in (False, True)]


@program
def stream_without_batches(L: Any) -> Any:
    return list(data(L).DataLoader(stream(L), batch_size=None))


@program
def stream_without_length(L: Any) -> Any:
    return raised(lambda: len(data(L).DataLoader(stream(L), 3)))


@program
def stream_with_length(L: Any) -> Any:
    return len(data(L).DataLoader(stream(L, 7, 7), 3)), len(
        data(L).DataLoader(stream(L, 7, 7), 3, drop_last=True)
    )


@program
def stream_longer_than_said(L: Any) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = list(data(L).DataLoader(stream(L, 5, 4), batch_size=1))
        loader = data(L).DataLoader(stream(L, 5, 4), batch_size=1)
        result += [len(loader), list(loader)]
    return result, [str(each.message)[:24] for each in caught]


@program
def asks_for_several_at_once(L: Any) -> Any:
    class Together(data(L).Dataset):
        def __getitems__(self, indices: list[int]) -> list[int]:
            return [index * 10 + len(indices) for index in indices]

        def __len__(self) -> int:
            return 5

    return list(data(L).DataLoader(Together(), batch_size=2))


@program
def error_in_the_data_set(L: Any) -> Any:
    return list(data(L).DataLoader(squares(L), sampler=[0, 9]))


@program
def abstract_data_set(L: Any) -> Any:
    return raised(lambda: data(L).Dataset()[0]), raised(lambda: iter(data(L).IterableDataset()))


OPTIONS: dict[str, Any] = {
    "negative workers": {"num_workers": -1},
    "negative timeout": {"timeout": -1},
    "prefetch without workers": {"prefetch_factor": 2},
    "persistent without workers": {"persistent_workers": True},
    "sampler and shuffle": {"sampler": [0], "shuffle": True},
    "batch sampler and batch size": {"batch_sampler": [[0]], "batch_size": 2},
    "batch sampler and drop_last": {"batch_sampler": [[0]], "drop_last": True},
    "no batches and drop_last": {"batch_size": None, "drop_last": True},
    "batch size 0": {"batch_size": 0},
    "batch size as a float": {"batch_size": 2.0},
    "empty and shuffled": {"dataset": [], "shuffle": True},
}


@program
def options_that_are_refused(L: Any) -> Any:
    def make(options: Any) -> Any:
        return lambda: list(data(L).DataLoader(**{"dataset": [1, 2], **options}))

    return {name: raised(make(options)) for name, options in OPTIONS.items()}


@program
def options_that_are_refused_for_streams(L: Any) -> Any:
    def make(**options: Any) -> Any:
        return lambda: data(L).DataLoader(stream(L), **options)

    return raised(make(shuffle=True)), raised(make(sampler=[0])), raised(make(batch_sampler=[[0]]))


@program
def tensors(L: Any) -> Any:
    x = L.arange(12.0).reshape(4, 3)
    made = data(L).TensorDataset(x, L.arange(4))
    return (
        len(made),
        made[1],
        made[-1],
        made[1:3],
        list(data(L).DataLoader(made, batch_size=3)),
        raised(lambda: made[4]),
        raised(lambda: data(L).TensorDataset(x, L.arange(3))),
    )


@program
def joined(L: Any) -> Any:
    both = squares(L, 2) + squares(L, 3)
    return (
        len(both),
        [both[i] for i in range(-5, 5)],
        type(both).__name__,
        both.cumulative_sizes,
        raised(lambda: both[-6]),
        raised(lambda: data(L).ConcatDataset([])),
        raised(lambda: data(L).ConcatDataset([stream(L)])),
        list(data(L).DataLoader(both, sampler=[4, 0], batch_size=2)),
    )


@program
def chained(L: Any) -> Any:
    both = stream(L, 2, 2) + stream(L, 3, 3)
    return list(both), len(both), type(both).__name__, raised(lambda: list(data(L).ChainDataset([[1]])))


@program
def stacked(L: Any) -> Any:
    made = data(L).StackDataset([1, 2], [3.0, 4.0])
    named = data(L).StackDataset(a=[1, 2], b=[3.0, 4.0])
    return (
        made[1],
        named[0],
        len(made),
        list(data(L).DataLoader(named, batch_size=2)),
        list(data(L).DataLoader(made, batch_size=2)),
        raised(lambda: data(L).StackDataset([1], b=[2])),
        raised(lambda: data(L).StackDataset()),
        raised(lambda: data(L).StackDataset([1], [2, 3])),
    )


@program
def subset(L: Any) -> Any:
    part = data(L).Subset(squares(L), [3, 1])
    return len(part), part[0], list(data(L).DataLoader(part, batch_size=2)), raised(lambda: part[2])


@program
def split(L: Any) -> Any:
    whole = range(10)
    parts = data(L).random_split(whole, [7, 3])
    return [len(part) for part in parts], sorted(n for part in parts for n in part)


@program
def split_by_fractions(L: Any) -> Any:
    return [
        [len(part) for part in data(L).random_split(range(count), fractions)]
        for count, fractions in ((10, [0.5, 0.5]), (11, [0.1] * 10), (17, [0.7, 0.2, 0.1]), (106, [0.333, 0.667]))
    ]  # fmt: skip


@program
def split_wrong(L: Any) -> Any:
    def fail(lengths: Any) -> Any:
        return raised(lambda: data(L).random_split(range(10), lengths))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data(L).random_split(range(1), [0.5, 0.5])
    return fail([3, 3]), fail([-0.5, 1.5]), fail([0.5, 0.25]), [str(each.message) for each in caught]


@program
def split_reproducibly(L: Any) -> Any:
    def once() -> Any:
        parts = data(L).random_split(range(10), [5, 5], generator=L.Generator().manual_seed(3))
        return [list(part) for part in parts]

    return once() == once()


@program
def samplers(L: Any) -> Any:
    D = data(L)
    return (
        list(D.SequentialSampler("abcd")),
        len(D.SequentialSampler("abcd")),
        sorted(D.RandomSampler("abcd")),
        len(D.RandomSampler("abcd", num_samples=10)),
        [sorted(list(D.RandomSampler("abcd", num_samples=10))[i : i + 4]) for i in (0, 4)],
        len(list(D.RandomSampler("abcd", True, 9))),
        sorted(D.SubsetRandomSampler([5, 2, 9])),
        list(D.WeightedRandomSampler([0.0, 3.0], 4)),
        sorted(D.WeightedRandomSampler([1.0, 3.0, 1.0], 3, replacement=False)),
        list(D.BatchSampler(D.SequentialSampler(range(5)), 2, False)),
        list(D.BatchSampler(range(5), 2, True)),
        [len(D.BatchSampler(range(5), 2, drop)) for drop in (False, True)],
    )


@program
def samplers_that_are_refused(L: Any) -> Any:
    D = data(L)
    return [
        raised(lambda: D.RandomSampler("ab", replacement=1)),
        raised(lambda: D.RandomSampler("ab", num_samples=0)),
        raised(lambda: D.RandomSampler("ab", num_samples=1.5)),
        raised(lambda: D.WeightedRandomSampler([1.0], 0)),
        raised(lambda: D.WeightedRandomSampler([1.0], True)),
        raised(lambda: D.WeightedRandomSampler([1.0], 1, replacement=1)),
        raised(lambda: D.WeightedRandomSampler([[1.0]], 1)),
        raised(lambda: D.BatchSampler([1], 0, False)),
        raised(lambda: D.BatchSampler([1], 2, 0)),
    ]


@program
def collating(L: Any) -> Any:
    collate = data(L).default_collate
    return (
        collate([L.ones(2), L.zeros(2)]),
        collate([1, 2]),
        collate([1.5, 2.5]),
        collate([True, False]),
        collate(["a", "b"]),
        collate([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        collate([(1, 2.0), (3, 4.0)]),
        collate([[1, 2], [3, 4]]),
        collate([Point(1, 2), Point(3, 4)]).y,
        type(collate([Point(1, 2)])).__name__,
        collate([np.ones(2, np.float32), np.zeros(2, np.float32)]),
        collate([np.float64(1), np.float64(2)]),
        collate([np.int32(1), np.int32(2)]),
        collate([collections.OrderedDict(a=1), collections.OrderedDict(a=2)]),
        raised(lambda: collate([[1, 2], [3]])),
        raised(lambda: collate([object()])),
        raised(lambda: collate([np.array("a")])),
        raised(lambda: collate([L.ones(2), L.ones(3)])),
    )


@program
def converting(L: Any) -> Any:
    convert = data(L).default_convert
    return convert(
        [np.ones(2), 3, 2.5, "text", (np.zeros(1), 4), {"a": np.arange(2), "b": b"x"}, Point(np.ones(1), 2)]
    )
