"""Layer 1: NVRTC without a card: compiles CUDA texts for any architecture and says what came out of it.

NVRTC is found as a PyPI package (``nvidia-cuda-nvrtc-cu12``), where CUDA is installed, or on the library path; neither
CuPy nor a driver is needed. It contains the assembler that counts registers (``--ptxas-options=-v``).
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from autograd_gpu.device import kernels
from autograd_gpu.device.instances import INSTANCES, TYPES

#: Volta, Turing, Ampere (A100; RTX 30), Ada, Hopper, Blackwell (B200; RTX 50)
ARCHITECTURES = (70, 75, 80, 86, 89, 90, 100, 120)
MISSING = (
    "compiling kernels needs NVIDIA's run-time compiler NVRTC, which is not installed: "
    "pip install nvidia-cuda-nvrtc-cu12 (80 MB; no GPU and no driver needed)"
)

#: what CuPy tells NVRTC besides
_CUPY = ("-ftz=true", "-default-device")


class CompilerMissing(RuntimeError):
    """NVRTC cannot be loaded; the text says what to do."""


class CompileError(RuntimeError):
    """A text does not compile; the text is NVRTC's messages."""


class Facts(NamedTuple):
    """What the assembler and the PTX say of one kernel.

    Attributes:
        instance: its name in C++, with template arguments.
        registers: for each thread.
        shared: bytes of static shared memory for each block.
        stack: bytes of local memory for each thread, arrays included.
        spills: bytes of registers moved to local memory, stores and loads together.
        loads, stores: 16-byte accesses to global memory in the PTX, as places in the code.
    """

    instance: str
    registers: int
    shared: int
    stack: int
    spills: int
    loads: int
    stores: int


class Compiled(NamedTuple):
    """The outcome of one compilation."""

    facts: tuple[Facts, ...]
    warnings: tuple[str, ...]
    ptx: str
    size: int


# -- NVRTC -----------------------------------------------------------------------------------------------


@functools.cache
def _library() -> Any:
    for name in _candidates():
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.nvrtcGetErrorString.restype = ctypes.c_char_p
        return library
    raise CompilerMissing(MISSING)


def _candidates() -> Iterable[str]:
    pattern = "nvrtc64_*_0.dll" if sys.platform == "win32" else "libnvrtc.so.*"
    spec = importlib.util.find_spec("nvidia")
    folders = [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
    for folder in folders:
        for found in sorted(
            (*folder.glob(f"*/lib/{pattern}"), *folder.glob(f"*/bin/{pattern}")), reverse=True
        ):
            if "builtins" not in found.name:
                yield str(found)
    for variable in ("CUDA_PATH", "CUDA_HOME", "CONDA_PREFIX"):
        for below in ("lib64", "lib", "bin"):
            for found in sorted(
                Path(os.environ.get(variable, "/usr/local/cuda"), below).glob(pattern), reverse=True
            ):
                yield str(found)
    yield from ("libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so")


def unavailable_reason() -> str | None:
    """None if kernels can be compiled here, else one sentence with the remedy."""
    try:
        _library()
    except CompilerMissing as error:
        return str(error)
    return None


@functools.cache
def supported() -> tuple[int, ...]:
    """The architectures that this NVRTC knows: 90 for sm_90."""
    count = ctypes.c_int()
    _check(_library().nvrtcGetNumSupportedArchs(ctypes.byref(count)))
    found = (ctypes.c_int * count.value)()
    _check(_library().nvrtcGetSupportedArchs(found))
    return tuple(found)


@functools.cache
def version() -> str:
    """Of NVRTC: ``12.9``."""
    major, minor = ctypes.c_int(), ctypes.c_int()
    _check(_library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)))
    return f"{major.value}.{minor.value}"


def _check(status: int) -> None:
    if status:
        raise RuntimeError(f"NVRTC: {_library().nvrtcGetErrorString(status).decode()}")


def compile_source(source: kernels.Source, instances: Sequence[str], architecture: int) -> Compiled:
    """Compile instances of a source for an architecture (90 for sm_90).

    Raises:
        CompilerMissing: NVRTC is not installed.
        CompileError: the source does not compile.
    """
    library = _library()
    program = ctypes.c_void_p()
    _check(
        library.nvrtcCreateProgram(
            ctypes.byref(program), source.text.encode(), source.name.encode(), 0, None, None
        )
    )
    try:
        for name in instances:
            _check(library.nvrtcAddNameExpression(program, name.encode()))
        told = [*source.options, *_CUPY, f"-arch=sm_{architecture}", "--ptxas-options=-v"]
        options = (ctypes.c_char_p * len(told))(*(option.encode() for option in told))
        status = library.nvrtcCompileProgram(program, len(told), options)
        log = _text(program, "ProgramLog")
        if status:
            raise CompileError(f"{source.name}, sm_{architecture}:\n{kernels.messages(log)}")
        compiled_names = {}
        for name in instances:
            lowered = ctypes.c_char_p()
            _check(library.nvrtcGetLoweredName(program, name.encode(), ctypes.byref(lowered)))
            compiled_names[(lowered.value or b"").decode()] = name
        ptx = _text(program, "PTX")
        size = ctypes.c_size_t()
        _check(library.nvrtcGetCUBINSize(program, ctypes.byref(size)))
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))
    warnings = tuple(
        line for line in log.splitlines() if "warning" in line and "Architectures prior to" not in line
    )  # NVRTC 12.9 warns of Volta's end
    return Compiled(tuple(_facts(log, ptx, compiled_names)), warnings, ptx, size.value)


def _text(program: Any, what: str) -> str:
    size = ctypes.c_size_t()
    _check(getattr(_library(), f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    _check(getattr(_library(), f"nvrtcGet{what}")(program, buffer))
    return buffer.value.decode()


# -- reading the messages and the PTX ----------------------------------------------------------------------

_ENTRY = re.compile(r"Compiling entry function '(\w+)'(.*?)(?=Compiling entry function|\Z)", re.DOTALL)
_ACCESS = re.compile(r"\b(ld|st)\.global(?:\.\w+)*?\.(v[248])\.[a-z]+(\d+)")


def _facts(log: str, ptx: str, names: dict[str, str]) -> Iterable[Facts]:
    bodies = _bodies(ptx)
    for entry, text in _ENTRY.findall(log):

        def figure(pattern: str, text: str = text) -> int:
            return sum(int(number) for number in re.findall(pattern, text))

        accesses = [
            kind
            for kind, lanes, bits in _ACCESS.findall(bodies.get(entry, ""))
            if int(lanes[1:]) * int(bits) >= 128
        ]
        yield Facts(
            names.get(entry, entry),
            figure(r"Used (\d+) registers"),
            figure(r"(\d+) bytes smem"),
            figure(r"(\d+) bytes stack frame"),
            figure(r"(\d+) bytes spill (?:stores|loads)"),
            accesses.count("ld"),
            accesses.count("st"),
        )


def _bodies(ptx: str) -> dict[str, str]:
    """The PTX of each kernel, by its compiled name."""
    parts = re.split(r"^\s*(?:\.visible |\.weak )?\.entry (\w+)\(", ptx, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# -- our own kernels -----------------------------------------------------------------------------------------


class Listed(NamedTuple):
    """One of our kernels: its file, the dtype that it is for (NumPy's name, or "any"), and what it became."""

    file: str
    dtype: str
    facts: Facts


_DTYPES = {name: dtype for dtype, name in TYPES.items()}


def listing(architecture: int, files: Sequence[str] = ()) -> Iterable[Listed]:
    """Compile all kernels of the package (or of some files) and describe each.

    Raises:
        CompilerMissing: NVRTC is not installed.
        ValueError: this NVRTC does not know the architecture, or there is no such file.
    """
    if architecture not in supported():
        raise ValueError(
            f"NVRTC {version()} does not compile for sm_{architecture}; it knows "
            f"{', '.join(f'sm_{each}' for each in supported())}"
        )
    if unknown := [file for file in files if file not in INSTANCES]:
        raise ValueError(f"there is no kernel file {', '.join(unknown)}; there are {', '.join(INSTANCES)}")
    groups = [(file, group) for file in files or INSTANCES for group in INSTANCES[file]]

    def compiled(place: tuple[str, str]) -> Compiled:
        file, group = place
        return compile_source(kernels.source_of(file), INSTANCES[file][group], architecture)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (file, group), outcome in zip(groups, pool.map(compiled, groups), strict=True):
            wanted = set(INSTANCES[file][group])
            for facts in outcome.facts:
                if facts.instance in wanted:  # a kernel that is no template is in every group
                    yield Listed(file, _dtype(facts.instance), facts)


def _dtype(instance: str) -> str:
    """NumPy's name of the element type that an instance is for: the first argument of its template."""
    first = re.match(r"\w+<([\w ]+(?:<\w+>)?)[,>]", instance)
    return _DTYPES.get(first.group(1), "any") if first else "any"
