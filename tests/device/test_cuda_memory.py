"""The accounts of a GPU's memory, and what is said when there is no room left."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

import autograd_gpu as ag
from autograd_gpu import nn
from autograd_gpu.autograd.holders import holders

pytestmark = pytest.mark.gpu
MIB = 2**20


@pytest.fixture
def little_room() -> Iterator[int]:
    """24 MiB more than is in use now; returns how many bytes."""
    x = ag.zeros(1, device="cuda")
    gc.collect()  # what the exceptions of other tests still refer to
    ag.cuda.empty_cache()
    total = ag.cuda.mem_get_info()[1]
    room = 24 * MIB
    ag.cuda.set_per_process_memory_fraction((ag.cuda.memory_reserved() + room) / total)
    yield room
    ag.cuda.set_per_process_memory_fraction(0.0)  # no limit
    ag.cuda.empty_cache()
    del x


def test_what_is_allocated_and_what_was() -> None:
    ag.cuda.empty_cache()
    ag.cuda.reset_peak_memory_stats()
    before = ag.cuda.memory_allocated()
    x = ag.zeros(MIB // 4, device="cuda")
    assert ag.cuda.memory_allocated() == before + MIB
    y = [x + 1 for _ in range(3)]
    assert ag.cuda.memory_allocated() == before + 4 * MIB
    del y
    assert ag.cuda.memory_allocated() == before + MIB
    assert ag.cuda.max_memory_allocated() == before + 4 * MIB
    assert ag.cuda.max_memory_reserved() >= ag.cuda.memory_reserved() >= before + 4 * MIB
    ag.cuda.empty_cache()
    assert ag.cuda.memory_reserved() < before + 4 * MIB
    assert ag.cuda.max_memory_reserved() >= before + 4 * MIB
    stats = ag.cuda.memory_stats()
    assert stats["allocated_bytes.all.peak"] == before + 4 * MIB
    assert stats["allocated_bytes.all.current"] == before + MIB
    ag.cuda.reset_peak_memory_stats()
    assert ag.cuda.max_memory_allocated() == before + MIB


def test_the_peak_is_exact_over_many_allocations() -> None:
    ag.cuda.reset_peak_memory_stats()
    start = ag.cuda.memory_allocated()
    peak = 0
    alive: list[ag.Tensor] = []
    for number in range(200):
        alive.append(ag.empty(1 + (number * 7919) % 5000, device="cuda"))
        peak = max(peak, ag.cuda.memory_allocated())
        if number % 3 == 2:
            del alive[(number * 31) % len(alive)]
        if number % 50 == 49:
            alive.clear()
    assert ag.cuda.max_memory_allocated() == peak > start


def test_the_peak_of_a_training_step_has_its_activations() -> None:
    model = nn.Sequential(*(nn.Linear(64, 64, device="cuda") for _ in range(4)))
    x = ag.ones(256, 64, device="cuda")
    ag.cuda.reset_peak_memory_stats()
    before = ag.cuda.memory_allocated()
    model(x).sum().backward()
    assert ag.cuda.max_memory_allocated() - before >= 4 * 256 * 64 * 4


def test_summary() -> None:
    model = nn.Linear(30, 40, device="cuda")
    text = ag.cuda.memory_summary()
    assert text.startswith("cuda:0: ")
    assert "allocated" in text
    assert "parameter float32[40, 30] that requires grad (weight)" in text
    assert "requires grad" not in ag.cuda.memory_summary(abbreviated=True)
    assert model.weight.shape == (40, 30)


def test_out_of_memory_names_op_bytes_and_holders(little_room: int) -> None:
    weight = ag.zeros(MIB // 2, device="cuda", requires_grad=True)  # 2 MiB
    kept = []
    with pytest.raises(ag.OutOfMemoryError) as caught:
        kept.extend((weight * 2).exp() for _ in range(100))  # 2 MiB each
    message = str(caught.value)
    assert "CUDA out of memory. Tried to allocate 2.00 MiB (2097152 bytes)." in message
    assert "it may take no more than" in message
    assert "kept by ExpBackward0 (out) for the backward of test_cuda_memory.py" in message
    assert "(weight * 2).exp()" in message
    assert "tensor float32[524288] that requires grad" in message
    assert f"at {__file__}:" in message
    assert "in mul(" in message or "in exp(" in message
    kept.clear()
    del caught
    assert (weight * 2).exp().sum().item() == MIB // 2  # the program can go on


def test_out_of_memory_in_a_factory(little_room: int) -> None:
    with pytest.raises(
        ag.OutOfMemoryError, match=r"^zeros\(\): CUDA out of memory. Tried to allocate 64.00 MiB"
    ) as caught:
        ag.zeros(16 * MIB, device="cuda")
    assert "for float32[16777216] on cuda:0\n  at " in str(caught.value)


def test_out_of_memory_in_backward_names_the_line_of_the_forward(little_room: int) -> None:
    x = ag.zeros(MIB, device="cuda", requires_grad=True)  # 4 MiB
    y = x.exp()
    loss = y.sum()
    full = []
    with pytest.raises(ag.OutOfMemoryError):
        full.extend(ag.empty(MIB // 4, device="cuda") for _ in range(100))
    with pytest.raises(ag.OutOfMemoryError) as caught:
        loss.backward()
    assert any(
        "in the backward of ExpBackward0" in note and "x.exp()" in note for note in caught.value.__notes__
    )
    assert x.grad is None
    full.clear()


def test_what_nobody_needs_is_given_back_before_giving_up(little_room: int) -> None:
    pieces = [ag.empty(MIB // 4, device="cuda") for _ in range(16)]
    stream = ag.cuda.Stream()
    with ag.cuda.stream(stream):
        other = [ag.empty(MIB, device="cuda") for _ in range(1)]
    del pieces, other  # back in the pool, 1 MiB by 1 MiB, and in another stream's part of it
    x = ag.empty(5 * MIB, device="cuda")
    assert x.shape == (5 * MIB,)
    del x
    with pytest.raises(ag.OutOfMemoryError):
        ag.empty(7 * MIB, device="cuda")
    stats = ag.cuda.memory_stats()
    assert stats["num_alloc_retries"] >= stats["num_ooms"] >= 1


def test_cupy_code_sees_its_own_exception(little_room: int) -> None:
    import cupy

    with pytest.raises(cupy.cuda.memory.OutOfMemoryError):
        cupy.empty(64 * MIB, "u1")


def test_holders_are_of_one_card() -> None:
    x = ag.zeros(1234, device="cuda")
    assert any("float32[1234]" in line for line in holders(0))
    assert not any("float32[1234]" in line for line in holders(1))
    assert x.device.index == 0


def test_fractions() -> None:
    with pytest.raises(ValueError, match="Invalid fraction value: 2.0. Allowed range: 0~1"):
        ag.cuda.set_per_process_memory_fraction(2.0)
    with pytest.raises(TypeError, match="Invalid type for fraction"):
        ag.cuda.set_per_process_memory_fraction(1)
