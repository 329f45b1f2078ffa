"""Which BLAS NumPy computes with, and on how many threads: it decides how fast matrix products are."""

from __future__ import annotations

import ctypes
import os
from glob import escape, glob
from typing import Any

import numpy as np

#: (getter, setter) of the number of threads, as the BLAS libraries export them; the 64 stands for 64-bit integers
_CONTROLS = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
    ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
)


def description() -> str:
    """Name, version and settings of NumPy's BLAS, as NumPy reports them."""
    build: Any = np.show_config(mode="dicts")
    blas = build.get("Build Dependencies", {}).get("blas", {}) if isinstance(build, dict) else {}
    parts = [str(blas.get("name", "unknown")), str(blas.get("version", ""))]
    detail = blas.get("openblas configuration")
    if detail and detail != "unknown":
        parts.append(f"({detail})")
    return " ".join(part for part in parts if part)


def get_num_threads() -> int:
    """The number of threads of a matrix product; 0 where the BLAS has no such control (Apple's Accelerate)."""
    return int(_get()) if _get is not None else 0


def set_num_threads(count: int) -> None:
    """Set the number of threads of a matrix product. It costs less than a microsecond."""
    if _set is not None:
        _set(count)


def _controls() -> tuple[Any, Any]:
    """The BLAS's own getter and setter, found without importing or loading anything that NumPy has not loaded."""
    extension: Any = np._core._multiarray_umath  # type: ignore[attr-defined]
    beside = os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "numpy.libs")
    # A symbol is looked for in the extension and all it depends on; on Windows, in the library itself alone.
    for path in (extension.__file__, *glob(os.path.join(escape(beside), "*openblas*"))):
        try:
            # PyDLL: the calls are too short to be worth letting go of Python's global lock.
            library = ctypes.PyDLL(path)
        except OSError:
            continue
        for getter, setter in _CONTROLS:
            if hasattr(library, getter) and hasattr(library, setter):
                return getattr(library, getter), getattr(library, setter)
    return None, None


_get, _set = _controls()
