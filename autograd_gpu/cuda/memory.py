"""The memory of GPUs: how much is used, was used at most, is kept for later, is free.

Arrays come from CuPy's pool, which keeps what is freed. "Allocated" is what arrays occupy now (in pieces of 512 bytes),
"reserved" is that and what the pool keeps. CuPy arrays of the program's own count too. As in PyTorch, there is nothing
allocated before CUDA is used, so these functions then return 0 rather than start it.
"""

from __future__ import annotations

from typing import Any

from autograd_gpu.cuda.devices import index_of, is_initialized, started


def _memory() -> Any:
    """The module that keeps the accounts."""
    from autograd_gpu.device.cuda import memory

    return memory


def memory_allocated(device: Any = None) -> int:
    """Bytes that arrays occupy on a GPU (the current one).

    >>> ag.cuda.memory_allocated() >= 0
    True
    """
    return int(_memory().used(index_of(device))) if is_initialized() else 0


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes that arrays occupied at one time, since the program or `reset_peak_memory_stats` started.

    >>> ag.cuda.max_memory_allocated() >= ag.cuda.memory_allocated()
    True
    """
    return int(_memory().peak(index_of(device))) if is_initialized() else 0


def memory_reserved(device: Any = None) -> int:
    """Bytes that the pool holds of a GPU (the current one), in use or kept for later.

    >>> ag.cuda.memory_reserved() >= ag.cuda.memory_allocated()
    True
    """
    return int(_memory().reserved(index_of(device))) if is_initialized() else 0


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes that the pool held at one time.

    >>> ag.cuda.max_memory_reserved() >= ag.cuda.memory_reserved()
    True
    """
    return int(_memory().most_reserved(index_of(device))) if is_initialized() else 0


def reset_peak_memory_stats(device: Any = None) -> None:
    """Let `max_memory_allocated` and `max_memory_reserved` look at what comes from now on.

    >>> ag.cuda.reset_peak_memory_stats()
    """
    if is_initialized():
        _memory().reset_peak(index_of(device))


def reset_max_memory_allocated(device: Any = None) -> None:
    """The older name of `reset_peak_memory_stats`.

    >>> ag.cuda.reset_max_memory_allocated()
    """
    reset_peak_memory_stats(device)


def memory_stats(device: Any = None) -> dict[str, int]:
    """The accounts of a GPU's memory under PyTorch's names; empty before CUDA is used.

    ``allocated_bytes.all.current`` and ``.peak``, ``reserved_bytes.all.current`` and ``.peak``, ``num_alloc_retries`` (how
    often there was room only after cleaning up) and ``num_ooms`` (how often not even then).

    >>> isinstance(ag.cuda.memory_stats(), dict)
    True
    """
    if not is_initialized():
        return {}
    index = index_of(device)
    memory = _memory()
    return {
        "allocated_bytes.all.current": memory.used(index),
        "allocated_bytes.all.peak": memory.peak(index),
        "num_alloc_retries": memory.cards[index].retries,
        "num_ooms": memory.cards[index].failures,
        "reserved_bytes.all.current": memory.reserved(index),
        "reserved_bytes.all.peak": memory.most_reserved(index),
    }


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """The accounts of a GPU's memory, and who holds the most of it, as text.

    Args:
        device: an index, "cuda:1" or a `Device`; default: the current one.
        abbreviated: leave out who holds the memory.

    Raises:
        RuntimeError: CUDA cannot be used; the message says why, and what to do.
    """
    started()
    index = index_of(device)
    memory = _memory()
    free, total = memory.free_and_total(index)
    stats = memory_stats(index)
    rows = [
        ("", "now", "at most"),
        ("allocated", stats["allocated_bytes.all.current"], stats["allocated_bytes.all.peak"]),
        ("reserved", stats["reserved_bytes.all.current"], stats["reserved_bytes.all.peak"]),
    ]
    lines = [f"cuda:{index}: {memory.readable(free)} of {memory.readable(total)} free"]
    for label, now, most in rows:
        cells = [cell if isinstance(cell, str) else memory.readable(cell) for cell in (now, most)]
        lines.append(f"  {label:<10}{cells[0]:>14}{cells[1]:>14}")
    lines.append(
        f"  {stats['num_alloc_retries']} allocations found room only after cleaning up, {stats['num_ooms']} none at all"
    )
    if not abbreviated:
        for report in memory.holder_reports:
            lines += [f"  {line}" for line in report(index)]
    return "\n".join(lines)


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Bytes free on a GPU (the current one) and bytes that it has, as the driver says: other processes count too."""
    index = index_of(device)
    free, total = _memory().free_and_total(index)
    return int(free), int(total)


def empty_cache() -> None:
    """Give the memory that the pool keeps, and no array uses, back to the GPUs, for other programs.

    It does not make more room for this program, which gets that memory back from the pool anyway.

    >>> ag.cuda.empty_cache()
    """
    if is_initialized():
        _memory().release()


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Let arrays take no more than a part of a GPU's memory.

    Args:
        fraction: of the total memory, in [0, 1].
        device: an index, "cuda:1" or a `Device`; default: the current one.

    Raises:
        TypeError: `fraction` is no float.
        ValueError: `fraction` is out of range.
    """
    if not isinstance(fraction, float):
        raise TypeError("Invalid type for fraction argument, must be `float`")
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    index = index_of(device)
    _memory().limit(index, fraction)


def ipc_collect() -> None:
    """Does nothing: memory is not shared between processes here. There for programs written for PyTorch.

    >>> ag.cuda.ipc_collect()
    """
