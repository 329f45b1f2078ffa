"""Memory of large arrays on the CPU: freed, it is kept for the next array, up to a limit.

glibc gives every block above some size (32 MB at most) back to the operating system when it is freed, and the next one
comes as pages that the processor has to fault in one by one: more than half of the time of elementwise work on large
arrays. So ``malloc`` is told to keep freed memory, up to ``LIMIT`` bytes (an eighth of the machine's memory, at most
1 GiB), and blocks above a quarter of that are still given back at once.

Arrays stay NumPy's own in every respect; there is no pool that somebody who holds one could surprise. The setting is
the process's: other libraries' large blocks are kept in the same way. ``AUTOGRAD_GPU_CPU_CACHE`` (bytes, in the
environment) is another limit, 0 leaves malloc as it is; ``ag.cpu.empty_cache()`` gives back what is kept. It works on
Linux with glibc; elsewhere malloc is left alone.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

# the parameters of mallopt(3), from malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

MIB = 2**20


class _Usage(ctypes.Structure):
    """``struct mallinfo2`` of malloc.h."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


def _glibc() -> Any:
    """The C library, if it is one whose malloc can be told what to keep."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    if not all(hasattr(library, name) for name in ("gnu_get_libc_version", "mallopt", "malloc_trim")):
        return None
    return library


_library = _glibc()


def _default_limit() -> int:
    wanted = os.environ.get("AUTOGRAD_GPU_CPU_CACHE", "").strip()
    if wanted.isdigit():
        return int(wanted)
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        memory = 0
    return min(1024 * MIB, memory // 8)


def keep(limit: int) -> bool:
    """Let malloc keep up to ``limit`` bytes at the end of its heap, and larger blocks than a quarter of that not at all;
    whether it took that on."""
    if _library is None or limit < MIB:
        return False
    limit = min(limit, 2**31 - 1)  # mallopt's values are ints
    kept = _library.mallopt(_TRIM_THRESHOLD, limit)
    return bool(_library.mallopt(_MMAP_THRESHOLD, limit // 4) and kept)


def give_back() -> None:
    """Return all free memory to the operating system."""
    if _library is not None:
        _library.malloc_trim(0)


def usage() -> tuple[int, int] | None:
    """Bytes that malloc has handed out in this process and not got back, and bytes that it holds; None where it does not
    tell."""
    if _library is None or not hasattr(_library, "mallinfo2"):
        return None
    _library.mallinfo2.restype = _Usage
    found = _library.mallinfo2()
    return found.uordblks + found.hblkhd, found.arena + found.hblkhd


#: whether freed memory is kept
KEEPING = keep(_default_limit())
