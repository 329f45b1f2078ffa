"""The memory of the cards: CuPy's pool, and what it does not know: the peak, and what to say when there is no room.

The pool tells what is in use now, not what was the most. Every allocation therefore goes through `allocate`. It asks the pool
only when the peak may have been passed: what was in use when it asked last, and all that was allocated since, is a bound on
what is in use, so below the recorded peak there is nothing to find out. That costs one addition for each allocation.
"""

from __future__ import annotations

import gc
from collections import deque
from typing import Any

import cupy
from cupy.cuda import memory, runtime

from autograd_gpu import errors
from autograd_gpu.device import holder_reports
from autograd_gpu.device.cuda.debugging import here

#: the pool hands out multiples of this many bytes
UNIT = 512


class Card:
    """What is remembered about the memory of one card, in bytes."""

    __slots__ = ("bound", "failures", "most_reserved", "peak", "retries")

    def __init__(self) -> None:
        #: at least what is in use now
        self.bound = 0
        #: the most that was in use at one time
        self.peak = 0
        #: the most that the pool held, where it may have given some back since
        self.most_reserved = 0
        #: how often there was room only after cleaning up, and how often not even then
        self.retries = 0
        self.failures = 0


class OutOfMemory(errors.OutOfMemoryError, memory.OutOfMemoryError):  # type: ignore[misc]
    """Ours for programs that use tensors, CuPy's for those that use CuPy beside them."""

    def __init__(self, message: str) -> None:
        RuntimeError.__init__(self, message)

    def __reduce__(self) -> tuple[Any, ...]:
        return errors.OutOfMemoryError, (str(self),)


cards: list[Card] = []
pool: Any = cupy.get_default_memory_pool()
_from_pool = pool.malloc


def start(count: int) -> None:
    """Count from now on, unless the program gave CuPy an allocator of its own."""
    cards.extend(Card() for _ in range(count))
    for index in range(count):
        reset_peak(index)
    if cupy.cuda.get_allocator() == _from_pool:
        cupy.cuda.set_allocator(allocate)


def allocate(size: int) -> Any:
    """CuPy's allocator: memory of the current card."""
    try:
        pointer = _from_pool(size)
    except MemoryError:
        pointer = _after_cleaning(size)
    card = cards[pointer.device_id]
    card.bound += size + UNIT
    if card.bound > card.peak:
        card.bound = used = pool.used_bytes()
        if used > card.peak:
            card.peak = used
    return pointer


def _after_cleaning(size: int) -> Any:
    """The second attempt, after everything that nobody refers to was given back."""
    card = cards[runtime.getDevice()]
    card.retries += 1
    card.most_reserved = max(card.most_reserved, pool.total_bytes())
    take_back()
    gc.collect()
    pool.free_all_blocks()
    try:
        return _from_pool(size)
    except MemoryError:
        card.failures += 1
    error = OutOfMemory(_no_room(size))
    error.add_note(f"the allocation was asked for{here()}")
    raise error


def _no_room(size: int) -> str:
    index = runtime.getDevice()
    free, total = runtime.memGetInfo()
    used, reserved, limit = pool.used_bytes(), pool.total_bytes(), pool.get_limit()
    message = (
        f"CUDA out of memory. Tried to allocate {readable(size)} ({size} bytes). GPU {index} has a total capacity of "
        f"{readable(total)} of which {readable(free)} is free. This process uses {readable(used)}"
    )
    if reserved > used:
        message += f" and keeps {readable(reserved - used)} more in pieces that are too small"
    if limit:
        message += f"; it may take no more than {readable(limit)} (ag.cuda.set_per_process_memory_fraction)"
    lines = [f"{message}."]
    for report in holder_reports:
        lines += report(index)
    lines.append(
        "To need less: smaller batches, ag.utils.checkpoint, ag.no_grad() where there is no backward, a smaller dtype; "
        "`del` what is no longer needed."
    )
    return "\n  ".join(lines)


def readable(count: int) -> str:
    """Bytes as PyTorch writes them: ``512 bytes``, ``20.00 MiB``."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{count} bytes" if unit == "bytes" else f"{amount:.2f} {unit}"
        amount /= 1024
    return f"{amount:.2f} GiB"


# -- arrays that another stream reads ------------------------------------------------------------------------------

#: arrays, each with the event after which its memory may be used again
_lent: deque[tuple[Any, Any]] = deque()


def lend(array: Any, stream: Any, index: int) -> None:
    """Keep an array until what a stream of a card has to do now is done."""
    take_back()
    with cupy.cuda.Device(index):
        _lent.append((stream.record(cupy.cuda.Event(disable_timing=True)), array))


def take_back() -> None:
    """Let go of arrays that are no longer needed by other streams."""
    while _lent and _lent[0][0].done:
        _lent.popleft()


# -- what ag.cuda asks ---------------------------------------------------------------------------------------------


def used(index: int) -> int:
    """Bytes of arrays on a card."""
    with cupy.cuda.Device(index):
        return int(pool.used_bytes())


def reserved(index: int) -> int:
    """Bytes that the pool holds of a card, in use or not."""
    with cupy.cuda.Device(index):
        return int(pool.total_bytes())


def peak(index: int) -> int:
    """The most that was in use at one time."""
    return max(cards[index].peak, used(index))


def most_reserved(index: int) -> int:
    """The most that the pool held at one time."""
    return max(cards[index].most_reserved, reserved(index))


def reset_peak(index: int) -> None:
    """Look for new peaks from now on."""
    card = cards[index]
    card.bound = card.peak = used(index)
    card.most_reserved = 0


def release() -> None:
    """Give what the pool does not use back to all cards."""
    take_back()
    for index, card in enumerate(cards):
        card.most_reserved = most_reserved(index)
        with cupy.cuda.Device(index):
            pool.free_all_blocks()
    cupy.get_default_pinned_memory_pool().free_all_blocks()


def free_and_total(index: int) -> tuple[int, int]:
    """Bytes free on a card and bytes that it has, as the driver says."""
    with cupy.cuda.Device(index):
        free, total = runtime.memGetInfo()
    return int(free), int(total)


def limit(index: int, fraction: float) -> None:
    """Let the pool take no more than a part of a card's memory."""
    with cupy.cuda.Device(index):
        pool.set_limit(fraction=fraction)
