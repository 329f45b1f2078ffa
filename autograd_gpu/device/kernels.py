"""Loader of CUDA sources: how they are compiled, and what every launch must respect.

Ours are the files in the folder kernels/, with the instances listed in `instances.py`; users bring theirs through
`ag.kernel`. Both are a `Source`, compiled in groups (for most of our files one per element type) on first use of a group
on a card. CuPy keeps the result on disk under a key made of source, options and instances; our headers, which that key
leaves out, enter it as an option.

`start` is the one place where kernels are launched: raw kernels ignore strides (it refuses arrays that are not
C-contiguous), Python numbers would be passed as `long long` and `double` (it refuses them: callers wrap them in NumPy
types), and a grid of 0 is an error (nothing is launched for no threads).
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
    "BLOCK", "COMPLEX", "FLOATS", "INSTANCES", "INTEGERS", "TYPES", "Source", "blocks_for", "contiguous", "folder",
    "launch", "messages", "options", "source", "source_of", "start",
]  # fmt: skip

#: the largest grid: x ends at 2^31 - 1, y and z before 2^16
LARGEST_GRID = (2**31 - 1, 65535, 65535)
#: the largest block, on every card
LARGEST_BLOCK = 1024
#: shared memory in bytes that a block may have without being asked for specially
ORDINARY_SHARED = 48 * 1024


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
def options(block: int = BLOCK) -> tuple[str, ...]:
    """What NVRTC is told for every file, among it a hash of our headers."""
    digest = hashlib.sha256()
    for header in sorted(folder().glob("*.cuh")):
        digest.update(header.read_bytes())
    return ("-std=c++17", f"-I{folder()}", f"-DHEADERS=0x{digest.hexdigest()[:16]}", f"-DBLOCK={block}")


class Source:
    """A CUDA source, and the kernels that have been compiled from it for each card.

    Args:
        name: what it is called in messages.
        text: CUDA C++.
        options: for NVRTC.
    """

    def __init__(self, name: str, text: str, options: tuple[str, ...]) -> None:
        self.name = name
        self.text = text
        self.options = options
        self._lock = threading.Lock()
        self._modules: dict[tuple[str, ...], Any] = {}
        self._functions: dict[tuple[int, str], Any] = {}

    def function(self, instance: str, group: tuple[str, ...] = ()) -> Any:
        """A kernel for the current card, for `start`; compiled, with the other instances of its group, if need be.

        Raises:
            RuntimeError: it does not compile; the compiler's messages are in the text.
        """
        from cupy.cuda import runtime

        key = (runtime.getDevice(), instance)
        found = self._functions.get(key)
        if found is None:
            found = self._functions[key] = self._compiled(instance, group or (instance,))
        return found

    def _compiled(self, instance: str, group: tuple[str, ...]) -> Any:
        import cupy

        with self._lock:
            module = self._modules.get(group)
            if module is None:
                module = self._modules[group] = cupy.RawModule(
                    code=self.text, options=self.options, name_expressions=group
                )
        try:
            return module.get_function(instance)
        except cupy.cuda.compiler.CompileException as error:
            raise RuntimeError(f"{self.name}: {instance} does not compile:\n{messages(str(error))}") from None


def messages(log: str) -> str:
    """What a compiler said, without the count of errors at the end, which names a temporary file."""
    lines = [line for line in log.splitlines() if "detected in the compilation of" not in line]
    return "\n".join(lines).strip("\n")


def start(
    function: Any,
    name: str,
    grid: tuple[int, ...],
    block: tuple[int, ...],
    arguments: Sequence[Any],
    shared: int = 0,
) -> None:
    """Launches a kernel on the current stream; nothing for a grid without blocks.

    Args:
        function: from `Source.function`.
        name: what the kernel is called in messages.
        grid, block: one to three sizes.
        arguments: C-contiguous arrays, NumPy scalars (of exactly the types that the kernel declares), and None for a
            null pointer.
        shared: bytes of dynamic shared memory.

    Raises:
        ValueError: a grid that no card can take, an array that is not contiguous.
        TypeError: a Python number.
        RuntimeError: the card refuses the launch.
    """
    if min(grid) <= 0:
        return
    if any(size > most for size, most in zip(grid, LARGEST_GRID, strict=False)):
        raise ValueError(f"{name}: a grid of {grid} blocks; the largest is {LARGEST_GRID}")
    passed = []
    for argument in arguments:
        if argument is None:
            argument = np.uint64(0)
        elif not isinstance(argument, np.generic):
            if isinstance(argument, (bool, int, float, complex)):
                raise TypeError(
                    f"{name}: wrap the number {argument!r} in the NumPy type that the kernel declares"
                )
            if not argument.flags.c_contiguous:
                raise ValueError(f"{name}: an array of shape {argument.shape} is not C-contiguous")
        passed.append(argument)
    try:
        if shared > ORDINARY_SHARED:
            function.max_dynamic_shared_size_bytes = shared
        function(grid, block, tuple(passed), shared_mem=shared)
    except Exception as error:
        from cupy.cuda import driver

        if isinstance(error, driver.CUDADriverError):
            raise RuntimeError(
                f"{name}: the card refuses to launch {grid} blocks of {block} threads with {shared} bytes of dynamic "
                f"shared memory ({error}); the kernel takes {function.num_regs} registers a thread and "
                f"{function.shared_size_bytes} bytes of static shared memory, and at most "
                f"{function.max_threads_per_block} threads"
            ) from None
        raise


@functools.cache
def source_of(file: str) -> Source:
    """A kernel file of ours, ready to be compiled."""
    return Source(f"{file}.cu", source(file), options())


def launch(
    file: str, group: str, instance: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0
) -> None:
    """Starts `blocks` blocks of BLOCK threads of one of our own kernels; see `start`."""
    if blocks > 0:
        function = source_of(file).function(instance, INSTANCES[file][group])
        start(function, instance, (blocks,), (BLOCK,), arguments, shared)


def contiguous(x: Any, dtype: Any = None) -> Any:
    """A C-contiguous array for a kernel, of the given dtype: `x` itself where it is that, else a copy."""
    if dtype is not None and x.dtype != dtype:
        return x.astype(dtype, order="C")
    return x if x.flags.c_contiguous else x.copy(order="C")


def blocks_for(threads: int) -> int:
    """How many blocks hold so many threads."""
    return -(-threads // BLOCK)
