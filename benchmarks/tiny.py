"""`--tiny`: sizes that show on any machine that the benchmarks run, and nothing about how fast.

Workloads name their sizes alike, as arguments with defaults; what has one of these names gets the small value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

SIZES = {
    "batch": 2, "channels": 4, "classes": 10, "count": 3, "elements": 64, "heads": 2, "hidden": 8, "images": 2, "layers": 1,
    "length": 8, "outputs": 4, "rows": 16, "size": 12, "steps": 3, "width": 16,
}  # fmt: skip


def shrink(workload: Callable[..., Any]) -> Callable[..., Any]:
    """A workload (function of a library module) with all its sizes made small."""
    names = inspect.signature(workload).parameters
    return partial(workload, **{name: size for name, size in SIZES.items() if name in names})
