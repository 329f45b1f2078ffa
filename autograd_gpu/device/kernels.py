"""Loader of the CUDA sources in the folder kernels/: which instances there are, how they are compiled and launched.

A source file is compiled in groups, for most files one per element type, on first use of the group on a card. CuPy
keeps the result on disk under a key made of source, options and instances; our headers, which that key leaves out, enter
it as an option. What every launch must respect is here, in one place: raw kernels ignore strides (`launch` refuses arrays
that are not C-contiguous), Python numbers would be passed as `long long` and `double` (callers wrap them in NumPy
types), a grid of 0 is an error (nothing is launched for no threads).
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograd_gpu.device.instances import BLOCK, COMPLEX, FLOATS, INSTANCES, INTEGERS, TYPES

__all__ = [
    "BLOCK", "COMPLEX", "FLOATS", "INSTANCES", "INTEGERS", "TYPES", "blocks_for", "contiguous", "folder", "function",
    "launch", "options", "source",
]  # fmt: skip

#: the largest grid: x ends at 2^31 - 1
LARGEST_GRID = 2**31 - 1

def folder() -> Path:
    """Where the sources are: inside the package in an installed wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "kernels", package.parent / "kernels"):
        if candidate.is_dir():
            return candidate
    raise RuntimeError(f"the CUDA sources are missing beside {package}: reinstall autograd_gpu")


def source(file: str) -> str:
    """The text of a kernel file."""
    return (folder() / f"{file}.cu").read_text(encoding="utf-8")


@functools.cache
def options() -> tuple[str, ...]:
    """What NVRTC is told for every file, among it a hash of our headers."""
    digest = hashlib.sha256()
    for header in sorted(folder().glob("*.cuh")):
        digest.update(header.read_bytes())
    return ("-std=c++17", f"-I{folder()}", f"-DHEADERS=0x{digest.hexdigest()[:8]}", f"-DBLOCK={BLOCK}")


_lock = threading.Lock()
_modules: dict[tuple[str, str], Any] = {}
_functions: dict[tuple[int, str, str], Any] = {}


def function(file: str, group: str, instance: str) -> Any:
    """A kernel for the current card, compiled if need be; call it through `launch`."""
    from cupy.cuda import runtime

    key = (runtime.getDevice(), file, instance)
    found = _functions.get(key)
    if found is None:
        found = _functions[key] = _module(file, group).get_function(instance)
    return found


def _module(file: str, group: str) -> Any:
    import cupy

    with _lock:
        module = _modules.get((file, group))
        if module is None:
            module = _modules[file, group] = cupy.RawModule(
                code=source(file), options=options(), name_expressions=INSTANCES[file][group]
            )
    return module


def launch(
    file: str, group: str, instance: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0
) -> None:
    """Starts `blocks` blocks of BLOCK threads; nothing for no blocks.

    `arguments` are C-contiguous arrays, NumPy scalars, and None for a null pointer.
    """
    if blocks <= 0:
        return
    passed = []
    for argument in arguments:
        if argument is None:
            argument = np.uint64(0)
        elif not isinstance(argument, np.generic) and not argument.flags.c_contiguous:
            raise ValueError(f"{instance}: an array of shape {argument.shape} is not C-contiguous")
        passed.append(argument)
    function(file, group, instance)((min(blocks, LARGEST_GRID),), (BLOCK,), tuple(passed), shared_mem=shared)


def contiguous(x: Any, dtype: Any = None) -> Any:
    """A C-contiguous array for a kernel, of the given dtype: `x` itself where it is that, else a copy."""
    if dtype is not None and x.dtype != dtype:
        return x.astype(dtype, order="C")
    return x if x.flags.c_contiguous else x.copy(order="C")


def blocks_for(threads: int) -> int:
    """How many blocks hold so many threads."""
    return -(-threads // BLOCK)
