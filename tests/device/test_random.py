"""Philox and what is made of its words: known answers, exact distributions on small ranges, moments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograd_gpu.device.cpu import cpu
from autograd_gpu.device.philox import philox4x32_10

ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16 arrays are those of ml_dtypes")

#: counter, key, words: the known answers of Random123 (kat_vectors, philox4x32 10)
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, int], words: tuple[int, ...]) -> None:
    columns = tuple(np.array([word], np.uint32) for word in counter)
    got = philox4x32_10(columns, key)  # type: ignore[arg-type]
    assert tuple(int(word[0]) for word in got) == words


def test_words_are_those_of_their_counters() -> None:
    seed, offset = 0x299F31D0A4093822, 0x0370734413198A2E
    words = cpu.random_words(10, seed, offset)
    assert words.dtype == np.uint32
    for index in (0, 5, 9):
        counter = tuple(np.array([word], np.uint32) for word in (index // 4, 0, 0x13198A2E, 0x03707344))
        assert words[index] == philox4x32_10(counter, (0xA4093822, 0x299F31D0))[index % 4][0]  # type: ignore[arg-type]


def test_a_word_depends_on_its_index_alone() -> None:
    long = cpu.random_words(100_003, 7, 3)
    np.testing.assert_array_equal(cpu.random_words(5, 7, 3), long[:5])
    assert len(np.unique(long)) > 99_990
    assert not np.array_equal(long, cpu.random_words(100_003, 7, 4))
    assert not np.array_equal(long, cpu.random_words(100_003, 8, 3))
    assert cpu.random_words(0, 7, 3).shape == (0,)


@pytest.mark.parametrize(
    "dtype", ["float16", ml_dtypes.bfloat16, "float32", "float64", "complex64", "complex128"]
)
def test_uniform(dtype: Any) -> None:
    x = cpu.random_uniform((300, 200), 1, 2, np.dtype(dtype))
    assert x.dtype == dtype
    assert x.shape == (300, 200)
    assert cpu.random_uniform((), 1, 2, np.dtype(dtype)).shape == ()
    for part in (x.real, x.imag) if x.dtype.kind == "c" else (x,):
        part = part.astype("f8")
        assert part.min() >= 0
        assert part.max() < 1
        digits = {"float16": 11, "bfloat16": 8}.get(str(x.dtype), 24)
        assert abs(part.mean() - 0.5 + 2.0 ** -(digits + 1)) < 5 / math.sqrt(12 * part.size)
        assert abs(part.var() - 1 / 12) < 0.01


def test_the_largest_uniform_is_below_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "random_words", lambda count, seed, offset: np.full(count, 2**32 - 1, np.uint32))
    for dtype in ("float16", ml_dtypes.bfloat16, "float32", "float64"):
        assert cpu.random_uniform((3,), 0, 0, np.dtype(dtype)).max() < np.array(1).astype(dtype)
        assert np.isfinite(cpu.random_normal((3,), 0, 0, np.dtype(dtype)).astype("f8")).all()
    monkeypatch.setattr(cpu, "random_words", lambda count, seed, offset: np.zeros(count, np.uint32))
    for dtype in ("float16", ml_dtypes.bfloat16, "float32", "float64"):
        assert np.isfinite(cpu.random_normal((3,), 0, 0, np.dtype(dtype)).astype("f8")).all()


@pytest.mark.parametrize("dtype", ["float16", ml_dtypes.bfloat16, "float32", "float64", "complex64"])
def test_normal(dtype: Any) -> None:
    x = cpu.random_normal((301, 201), 1, 2, np.dtype(dtype))
    assert x.dtype == dtype
    assert x.shape == (301, 201)
    wide = x.astype("c16") if x.dtype.kind == "c" else x.astype("f8")
    count = x.size
    assert abs(wide.mean()) < 5 / math.sqrt(count)
    assert abs((np.abs(wide) ** 2).mean() - 1) < 5 * math.sqrt(2 / count) + (
        1e-2 if x.dtype.itemsize == 2 else 0
    )
    if wide.dtype.kind == "f":
        assert abs((wide**3).mean()) < 0.1
        assert abs((wide**4).mean() - 3) < 0.2
        assert abs((wide[:, :-1] * wide[:, 1:]).mean()) < 5 / math.sqrt(
            count
        )  # the two of a pair are independent
    np.testing.assert_array_equal(
        cpu.random_normal((5,), 1, 2, np.dtype(dtype)), cpu.random_normal((8,), 1, 2, np.dtype(dtype))[:5]
    )


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 10), (-5, 5), (0, 1), (-(2**63), 2**63), (0, 2**33 + 7), (-(2**62), 2**62), (2**63 - 3, 2**63)],
)
def test_integers_are_the_high_half_of_the_product(low: int, high: int) -> None:
    x = cpu.random_integers((200,), 3, 4, low, high, np.dtype(np.int64))
    words = cpu.random_words(400, 3, 4)
    for index in range(200):
        number = int(words[2 * index + 1]) << 32 | int(words[2 * index])
        assert int(x[index]) == low + (number * (high - low) >> 64)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "float32", "bool"])
def test_integers_of_other_dtypes(dtype: str) -> None:
    x = cpu.random_integers((4, 50), 3, 4, 0, 2, np.dtype(dtype))
    assert x.dtype == dtype
    assert set(np.unique(x).tolist()) == {0, 1}


def test_permutation() -> None:
    order = cpu.random_permutation(1000, 5, 6)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert not np.array_equal(order, np.arange(1000))
    assert cpu.random_permutation(0, 5, 6).shape == (0,)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.999, 1.0])
def test_dropout_mask(p: float) -> None:
    mask = cpu.dropout_mask((400, 250), p, 5, 6)
    assert mask.dtype == bool
    assert mask.shape == (400, 250)
    if p in (0.0, 1.0):
        assert mask.all() != bool(p)
        assert mask.any() != bool(p)
    assert abs(mask.mean() - (1 - p)) <= 5 * math.sqrt(p * (1 - p) / mask.size)
    words = cpu.random_words(mask.size, 5, 6).reshape(mask.shape)
    np.testing.assert_array_equal(mask, words.astype(float) >= p * 2**32)
