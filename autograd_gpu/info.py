"""Layer 8: facts as text: what a bug report needs (`python -m autograd_gpu info`), what our kernels take of a card
(`python -m autograd_gpu kernels`)."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from typing import Any

import autograd_gpu as ag
from autograd_gpu.device import blas, compiler, cuda_unavailable_reason


def report() -> str:
    """One "name: value" line per fact."""
    facts: dict[str, Any] = {
        "autograd_gpu": f"{ag.__version__} ({os.path.dirname(os.path.abspath(ag.__file__))})",
        "Python": f"{sys.version.split()[0]} ({platform.python_implementation()})",
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "NumPy": _version("numpy"),
        "BLAS": blas.description(),
        "ml_dtypes (bfloat16)": _version("ml_dtypes"),
        "default dtype": ag.get_default_dtype(),
        "CuPy": next(
            (
                f"{name} {_version(name)}"
                for name in ("cupy-cuda12x", "cupy-cuda13x", "cupy")
                if _version(name) != "not installed"
            ),
            "not installed",
        ),
    }
    reason = cuda_unavailable_reason()
    if compiler.unavailable_reason() is None:
        facts["NVRTC"] = compiler.version()
    if reason is not None:
        facts["CUDA"] = f"not available: {reason}"
    else:
        from autograd_gpu.device import cuda

        facts.update(cuda.describe())
    width = max(len(name) for name in facts) + 1
    return "\n".join(f"{name + ':':{width}} {value}" for name, value in facts.items())


#: what the columns of the table say -> how a row says it
_COLUMNS: dict[str, Callable[[compiler.Facts], int]] = {
    "registers": lambda facts: facts.registers,
    "shared": lambda facts: facts.shared,
    "stack": lambda facts: facts.stack,
    "spills": lambda facts: facts.spills,
    "loads of 16": lambda facts: facts.loads,
    "stores of 16": lambda facts: facts.stores,
}


def kernels(architecture: int, files: Sequence[str] = (), as_json: bool = False) -> str:
    """A table of all kernels of the package (or of some files), compiled for an architecture: registers for each thread,
    bytes of static shared memory for each block, bytes of stack and of spilled registers for each thread, and how many
    places load or store 16 bytes of global memory at once.

    Raises:
        compiler.CompilerMissing: NVRTC is not installed.
        ValueError: an architecture or a file that there is not.
    """
    listed = list(compiler.listing(architecture, files))
    if as_json:
        rows = [{"file": f"{each.file}.cu", "dtype": each.dtype, **each.facts._asdict()} for each in listed]
        return json.dumps(
            {"architecture": f"sm_{architecture}", "nvrtc": compiler.version(), "kernels": rows}, indent=1
        )
    width = max(len(each.facts.instance) for each in listed) + 2
    title = f"sm_{architecture}, NVRTC {compiler.version()}"
    lines = [f"{title:{width}}{'dtype':12}{'  '.join(_COLUMNS)}"]
    for file in dict.fromkeys(each.file for each in listed):
        own = [each for each in listed if each.file == file]
        lines += ["", f"{file}.cu"]
        for each in own:
            figures = "  ".join(f"{figure(each.facts):>{len(name)}}" for name, figure in _COLUMNS.items())
            lines.append(f"{each.facts.instance:{width}}{each.dtype:12}{figures}")
    spilling = sum(each.facts.spills > 0 for each in listed)
    wide = sum(each.facts.loads > 0 or each.facts.stores > 0 for each in listed)
    lines += [
        "",
        f"{len(listed)} kernels in {len({each.file for each in listed})} files; {spilling} spill registers; {wide} move 16 "
        "bytes at a time",
    ]
    return "\n".join(lines)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
