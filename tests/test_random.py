"""Generators: known answers, states, independence of streams, and that samples have the distribution they
should."""

from __future__ import annotations

import copy
import math
import pickle
import threading
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.device.philox import philox4x32_10
from autograd_gpu.ops import random
from tests import philox

# Random123 (D. E. Shaw Research), file kat_vectors, lines "philox4x32 10": counter, key, words
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_published_words(counter: Any, key: Any, expected: Any) -> None:
    assert tuple(int(word) for word in philox4x32_10(counter, key)) == expected
    assert philox.block(counter, key) == expected


def test_the_first_numbers_of_seed_0() -> None:
    # The words of counter 0 and key 0, of which float32 keeps the upper 24 bits.
    expected = [(word >> 8) / 2**24 for word in KNOWN_ANSWERS[0][2]]
    assert ag.rand(4, generator=ag.Generator().manual_seed(0)).tolist() == expected


def test_streams_depend_on_seed_and_offset_alone() -> None:
    ag.manual_seed(3)
    first, second = ag.rand(5), ag.rand(5)
    ag.manual_seed(3)
    ag.randn(100, 100)  # however much a call draws, the next one starts at the same place
    assert (ag.rand(5) == second).all()
    assert not (first == second).any()
    ag.manual_seed(4)
    assert not (ag.rand(5) == first).any()


def test_a_prefix_of_a_larger_sample_is_the_smaller_sample() -> None:
    small = ag.rand(10, generator=ag.Generator().manual_seed(1))
    large = ag.rand(10, 3, generator=ag.Generator().manual_seed(1)).flatten()
    assert (large[:10] == small).all()


def test_long_samples_are_joined_from_blocks_without_seams() -> None:
    # The words are computed in blocks; these are around the first seam.
    values = ag.rand(32768 + 8, generator=ag.Generator().manual_seed(5)).numpy()
    expected = [
        (word >> 8) / 2**24 for quad in (8191, 8192, 8193) for word in philox.block((quad, 0, 0, 0), (5, 0))
    ]
    assert values[4 * 8191 : 4 * 8194].tolist() == expected


def test_state_goes_round() -> None:
    generator = ag.Generator().manual_seed(2**64 - 3)
    ag.rand(3, generator=generator)
    state = generator.get_state()
    assert state.dtype is ag.uint8
    assert state.shape == (16,)
    expected = ag.randn(5, generator=generator)
    other = ag.Generator()
    other.set_state(state)
    assert (ag.randn(5, generator=other) == expected).all()
    assert other.initial_seed() == 2**64 - 3
    generator.set_state(state)
    assert (ag.randn(5, generator=generator) == expected).all()


def test_default_state_goes_round() -> None:
    state = ag.get_rng_state()
    before = ag.rand(3)
    ag.set_rng_state(state)
    assert (ag.rand(3) == before).all()


def test_a_state_does_not_follow_its_generator() -> None:
    generator = ag.Generator()
    state = generator.get_state()
    ag.rand(3, generator=generator)
    assert state.tolist() != generator.get_state().tolist()


@pytest.mark.parametrize(
    ("state", "exception", "message"),
    [
        (
            ag.zeros(3, dtype=ag.uint8),
            RuntimeError,
            "RNG state of size 16 but found the input RNG state size to be 3",
        ),
        (ag.zeros(16), TypeError, "RNG state must be a uint8 tensor"),
        ([0] * 16, TypeError, "expected a uint8 tensor .* but got list"),
    ],
)
def test_foreign_states_are_refused(state: Any, exception: type[Exception], message: str) -> None:
    generator = ag.Generator().manual_seed(1)
    with pytest.raises(exception, match=message):
        generator.set_state(state)
    assert generator.initial_seed() == 1


@pytest.mark.parametrize(
    ("seed", "expected"), [(-1, 2**64 - 1), (-(2**63), 2**63), (2**64 - 1, 2**64 - 1), (0, 0)]
)
def test_seeds_are_taken_modulo_2_to_the_64(seed: int, expected: int) -> None:
    assert ag.manual_seed(seed) is random.default_generator
    assert ag.initial_seed() == expected


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seeds_out_of_range_are_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="Overflow when unpacking long long"):
        ag.manual_seed(seed)


def test_a_new_generator_always_starts_the_same_stream() -> None:
    assert ag.Generator().initial_seed() == 67280421310721  # as PyTorch's does
    assert (ag.rand(3, generator=ag.Generator()) == ag.rand(3, generator=ag.Generator())).all()


def test_seed_takes_one_from_the_operating_system() -> None:
    found = {ag.seed() for _ in range(4)}
    assert len(found) == 4
    assert ag.initial_seed() in found


def test_copies_of_a_generator_go_on_alike_and_apart() -> None:
    generator = ag.Generator().manual_seed(9)
    ag.rand(1, generator=generator)
    copies = [generator.clone_state(), copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))]
    expected = ag.rand(3, generator=generator)
    for other in copies:
        assert (ag.rand(3, generator=other) == expected).all()


def test_offsets_count_calls() -> None:
    generator = ag.Generator().manual_seed(0)
    for draw in (
        lambda: ag.rand(1000, generator=generator),
        lambda: ag.randn(3, dtype=ag.float64, generator=generator),
        lambda: ag.zeros(5).uniform_(generator=generator),
        lambda: ag.multinomial(ag.ones(3), 2, generator=generator),
    ):
        before = generator.get_offset()
        draw()
        assert generator.get_offset() == before + 1
    generator.set_offset(0)
    assert (ag.rand(3, generator=generator) == ag.rand(3, generator=ag.Generator().manual_seed(0))).all()


def test_a_failed_call_leaves_the_generator_where_it_was() -> None:
    generator = ag.Generator().manual_seed(0)
    leaf = ag.zeros(2, requires_grad=True)
    for fail in (
        lambda: ag.rand(-1, generator=generator),
        lambda: ag.randint(5, 3, (2,), generator=generator),
        lambda: leaf.normal_(generator=generator),
        lambda: ag.normal(ag.zeros(2), ag.ones(3), generator=generator),
        lambda: ag.bernoulli(ag.tensor([2.0]), generator=generator),
    ):
        with pytest.raises(RuntimeError):
            fail()
        assert generator.get_offset() == 0


def test_generators_may_be_shared_by_threads() -> None:
    generator = ag.Generator().manual_seed(0)
    drawn: list[tuple[float, ...]] = []

    def draw() -> None:
        for _ in range(50):
            drawn.append(tuple(ag.rand(4, generator=generator).tolist()))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    generator.manual_seed(0)
    assert sorted(drawn) == sorted(tuple(ag.rand(4, generator=generator).tolist()) for _ in range(200))


def test_fork_rng_gives_the_stream_back() -> None:
    state = ag.get_rng_state().tolist()
    with random.fork_rng():
        ag.manual_seed(123)
        ag.rand(3)
    assert ag.get_rng_state().tolist() == state
    with pytest.raises(RuntimeError), random.fork_rng():
        ag.rand(ag.rand(3).numel() - 4)
    assert ag.get_rng_state().tolist() == state
    with random.fork_rng(enabled=False):
        ag.rand(3)
    assert ag.get_rng_state().tolist() != state


def test_requires_grad_makes_a_leaf() -> None:
    for tensor in (
        ag.rand(2, requires_grad=True),
        ag.randn(2, requires_grad=True),
        ag.randn_like(ag.ones(2), requires_grad=True),
    ):
        assert tensor.is_leaf
        assert tensor.requires_grad


def test_in_place_samples_cut_the_gradient_off() -> None:
    x = ag.ones(3, requires_grad=True)
    y = (x * 2).normal_()
    (y * 3).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    with ag.no_grad():
        x.uniform_()
    assert x.is_leaf
    assert x._version == 1


def test_in_place_samples_reach_the_base_of_a_view() -> None:
    base = ag.zeros(2, 3)
    base[0].uniform_(1, 2)
    assert (base[0] >= 1).all()
    assert (base[1] == 0).all()


def test_dropout_draws_from_the_default_stream_and_repeats_its_mask_in_backward() -> None:
    x = ag.ones(1000, requires_grad=True)
    y = ag.dropout(x, 0.3, True)
    assert not (ag.dropout(x, 0.3, True) == y).all()
    y.sum().backward()
    assert (x.grad == y).all()


# -- distributions: bounds of five standard errors, so that a right generator stays inside for any seed ------

COUNT = 40_000


def _moments(values: Any, mean: float, std: float) -> None:
    values = values.numpy().astype(np.float64).ravel()
    assert abs(values.mean() - mean) < 5 * std / math.sqrt(values.size)
    # the variance of a sample variance is at most (kurtosis - 1) / n, and 8 for an exponential distribution
    assert abs(values.std() / std - 1) < 5 * math.sqrt(8 / values.size) / 2


@pytest.mark.parametrize("dtype", [ag.float16, ag.bfloat16, ag.float32, ag.float64])
def test_uniform(dtype: Any) -> None:
    values = ag.rand(COUNT, dtype=dtype)
    assert (values >= 0).all()
    assert (values < 1).all()
    # samples are whole multiples of 2 ** -digits and below by half of that on average
    digits = {ag.float16: 11, ag.bfloat16: 8, ag.float32: 24, ag.float64: 53}[dtype]
    _moments(values, 0.5 - 2.0 ** -(digits + 1), math.sqrt(1 / 12))
    counts = np.histogram(values.numpy().astype(np.float64), 16, (0, 1))[0]
    assert ((counts - COUNT / 16) ** 2 / (COUNT / 16)).sum() < 15 + 6 * math.sqrt(30)


@pytest.mark.parametrize("dtype", [ag.float16, ag.bfloat16, ag.float32, ag.float64])
def test_normal(dtype: Any) -> None:
    values = ag.randn(COUNT, dtype=dtype)
    _moments(values, 0, 1)
    inside = [float((values.abs() < bound).to(ag.float64).mean()) for bound in (1.0, 2.0, 3.0)]
    for share, bound in zip(inside, (1, 2, 3), strict=True):
        expected = math.erf(bound / math.sqrt(2))
        allowed = 5 * math.sqrt(expected * (1 - expected) / COUNT)
        # bfloat16 rounds some of what lies below a bound up to it
        assert abs(share - expected) < allowed + (0.003 if dtype.itemsize == 2 else 0)


def test_neighbours_are_uncorrelated() -> None:
    values = ag.randn(COUNT).numpy()
    for lag in (1, 2, 3, 4):
        assert abs((values[lag:] * values[:-lag]).mean()) < 5 / math.sqrt(COUNT)


def test_integers_are_even() -> None:
    counts = np.bincount(ag.randint(3, 10, (COUNT,)).numpy(), minlength=10)
    assert (counts[:3] == 0).all()
    expected = COUNT / 7
    assert ((counts[3:] - expected) ** 2 / expected).sum() < 6 + 6 * math.sqrt(12)


def test_permutations_are_permutations_and_even() -> None:
    first = [0] * 4
    for _ in range(2000):
        values = ag.randperm(4).tolist()
        assert sorted(values) == [0, 1, 2, 3]
        first[values[0]] += 1
    assert max(abs(count - 500) for count in first) < 5 * math.sqrt(2000 * 0.25 * 0.75)


def test_multinomial_follows_its_weights() -> None:
    weights = ag.tensor([[1.0, 2.0, 0.0, 5.0], [0.0, 0.0, 3.0, 1.0]])
    for replacement, draws in ((True, 4000), (False, 1)):
        if replacement:
            drawn = ag.multinomial(weights, draws, replacement=True).numpy()
        else:
            drawn = ag.multinomial(weights.repeat(2000, 1), 1).numpy().reshape(2000, 2).T
        for row, probabilities in zip(drawn, weights.numpy(), strict=True):
            share = np.bincount(row, minlength=4) / len(row)
            p = probabilities / probabilities.sum()
            assert (np.abs(share - p) <= 5 * np.sqrt(p * (1 - p) / len(row))).all()


@pytest.mark.parametrize(
    ("fill", "mean", "std"),
    [
        (lambda x: x.uniform_(-1, 3), 1, 4 / math.sqrt(12)),
        (lambda x: x.normal_(2, 0.5), 2, 0.5),
        (lambda x: x.bernoulli_(0.3), 0.3, math.sqrt(0.21)),
        (lambda x: x.exponential_(2.0), 0.5, 0.5),
        (lambda x: x.geometric_(0.5), 2, math.sqrt(2)),
        (
            lambda x: x.log_normal_(0.0, 0.25),
            math.exp(1 / 32),
            math.exp(1 / 32) * math.sqrt(math.expm1(1 / 16)),
        ),
        (lambda x: x.cauchy_().atan(), 0, math.pi / math.sqrt(12)),  # uniform on (-pi/2, pi/2)
        (lambda x: x.random_(0, 11), 5, math.sqrt(10)),
        # a standard normal cut at +-2
        (lambda x: random.truncated_normal_(x), 0, 0.8796256610342398),
        (lambda x: ag.bernoulli(x + 0.25), 0.25, math.sqrt(3 / 16)),
        (lambda x: ag.dropout(x + 1, 0.2, True), 1, 0.5),
    ],
    ids="uniform normal bernoulli exponential geometric log_normal cauchy random cut samples dropout".split(),
)
def test_moments(fill: Any, mean: float, std: float) -> None:
    _moments(fill(ag.zeros(COUNT)), mean, std)


def test_exponential_is_never_0() -> None:
    assert (ag.zeros(COUNT).exponential_() > 0).all()


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    _moments(ag.alpha_dropout(ag.randn(COUNT), 0.3, True), 0, 1)
