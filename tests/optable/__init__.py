"""The op cases, one module per family, named as the family's file in autograd_gpu/ops."""

from __future__ import annotations

import importlib
import pkgutil

from autograd_gpu.testing.opcase import OpCase

FAMILIES: dict[str, list[OpCase]] = {
    name: list(importlib.import_module(f"{__name__}.{name}").CASES)
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__))
}
CASES: list[OpCase] = [case for cases in FAMILIES.values() for case in cases]
