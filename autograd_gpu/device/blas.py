"""Which BLAS NumPy computes with: it decides how fast matrix products are."""

from __future__ import annotations

from typing import Any

import numpy as np


def description() -> str:
    """Name, version and settings of NumPy's BLAS, as NumPy reports them."""
    build: Any = np.show_config(mode="dicts")
    blas = build.get("Build Dependencies", {}).get("blas", {}) if isinstance(build, dict) else {}
    parts = [str(blas.get("name", "unknown")), str(blas.get("version", ""))]
    detail = blas.get("openblas configuration")
    if detail and detail != "unknown":
        parts.append(f"({detail})")
    return " ".join(part for part in parts if part)
