"""Layer 8: what a bug report needs, as text (`python -m autograd_gpu info`)."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from typing import Any

import autograd_gpu as ag
from autograd_gpu.device import blas, cuda_unavailable_reason


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
    if reason is not None:
        facts["CUDA"] = f"not available: {reason}"
    else:
        from autograd_gpu.device import cuda

        facts.update(cuda.describe())
    width = max(len(name) for name in facts) + 1
    return "\n".join(f"{name + ':':{width}} {value}" for name, value in facts.items())


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
