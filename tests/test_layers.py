"""The layers: modules import from their own layer and lower ones, and one layer computes with arrays.

The imports are read from the source, so those inside functions and under `if TYPE_CHECKING` count too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = "autograd_gpu"
ROOT = Path(__file__).resolve().parents[1] / PACKAGE

# The first name below the package -> its layer.
LAYERS = {
    "dtypes": 0,
    "errors": 0,
    "config": 0,
    "device": 1,
    "core": 2,
    "ops": 3,
    "printing": 4,
    "storage": 4,
    "tensor": 4,
    "amp": 5,
    "autograd": 5,
    "backends": 5,
    "cpu": 5,
    "cuda": 5,
    "func": 5,
    "kernel_ops": 5,
    "random": 5,
    "nn": 6,
    "utils": 6,
    "optim": 7,
    "__main__": 8,
    "capture": 8,
    "data": 8,
    "demo": 8,
    "fft": 8,
    "info": 8,
    "linalg": 8,
    "distributed": 8,
    "profiler": 8,
    "serialization": 8,
    "special": 8,
    "testing": 8,
    "viz": 8,
    "": 8,  # the package itself: the public names
}
DEVICE_LAYER = LAYERS["device"]

ARRAY_LIBRARIES = {"cupy", "cupyx", "cupy_backends", "numpy", "scipy"}
# The modules above the device layer that may import an array library, and what for.
MAY_IMPORT_ARRAYS = {
    "core.call": "knows NumPy's arrays and scalars by their class, when one is handed to an op as an operand",
    "ops.creation": "turns what users have (lists, NumPy arrays, DLPack) into arrays",
    "ops.sequences": "turns nested lists into arrays",
    "autograd": "gradcheck compares numerical with analytical derivatives, on the host",
    "tensor": "turns tensors into NumPy arrays and back (numpy(), tensor(), __array__)",
    "testing": "compares results with references, on the host",
    "utils.data": "NumPy arrays in data sets become tensors",
    "serialization": "reads and maps files as NumPy arrays",
    "demo": "scikit-learn's data set comes as NumPy arrays",
}


class Import(NamedTuple):
    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{PACKAGE}.{self.importer}:{self.line} imports {self.imported}"


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name below the package; the package itself is ''."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(name: str, path: Path) -> Iterator[Import]:
    """All imports in a module, relative ones and import_module("...") resolved to full names."""
    own_package = [PACKAGE, *name.split(".")] if name else [PACKAGE]
    if path.name != "__init__.py":
        own_package = own_package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            above = own_package[: len(own_package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                # `from package import x` imports the module package.x if there is one, else a name of package
                yield Import(
                    name, f"{origin}.{alias.name}" if _is_module(origin, alias.name) else origin, node.lineno
                )
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "import_module":
            argument = node.args[0]
            assert isinstance(argument, ast.Constant), (
                f"{name}:{node.lineno}: import_module() of a computed name"
            )
            yield Import(name, str(argument.value), node.lineno)


def _is_module(origin: str, name: str) -> bool:
    return origin.split(".")[0] == PACKAGE and ".".join([*origin.split(".")[1:], name]) in MODULES


IMPORTS = [found for name, path in MODULES.items() for found in imports(name, path)]


def layer(name: str) -> int:
    return LAYERS[name.split(".")[0]]


def test_every_module_has_a_layer() -> None:
    assert {name.split(".")[0] for name in MODULES} - set(LAYERS) == set()


def test_imports_point_to_the_same_layer_or_down() -> None:
    upward = []
    for found in IMPORTS:
        top, _, below = found.imported.partition(".")
        if top == PACKAGE and layer(below) > layer(found.importer):
            upward.append(str(found))
    assert upward == []


def test_only_the_device_layer_computes_with_arrays() -> None:
    outside = [
        str(found)
        for found in IMPORTS
        if found.imported.split(".")[0] in ARRAY_LIBRARIES
        and layer(found.importer) > DEVICE_LAYER
        and not _may_import_arrays(found.importer)
    ]
    assert outside == []


def _may_import_arrays(importer: str) -> bool:
    return any(importer == allowed or importer.startswith(f"{allowed}.") for allowed in MAY_IMPORT_ARRAYS)


@pytest.mark.parametrize("allowed", MAY_IMPORT_ARRAYS)
def test_no_exception_outlives_its_reason(allowed: str) -> None:
    users = {found.importer for found in IMPORTS if found.imported.split(".")[0] in ARRAY_LIBRARIES}
    assert any(user == allowed or user.startswith(f"{allowed}.") for user in users)


def test_cupy_is_imported_by_the_cuda_module_only() -> None:
    cupy = {
        found.importer
        for found in IMPORTS
        if found.imported.split(".")[0] in {"cupy", "cupyx", "cupy_backends"}
    }
    assert {name for name in cupy if not name.startswith(("device.cuda", "device.kernels"))} == set()


def test_the_scan_sees_all_forms_of_import(tmp_path: Path) -> None:
    source = (
        "import numpy as np, autograd_gpu.core.op\n"
        "from . import dtypes\n"
        "from .core import graph, nothing\n"
        "def later():\n"
        "    from autograd_gpu import core\n"
        "    from numpy.linalg import inv\n"
        "    import_module = importlib.import_module('autograd_gpu.optim')\n"
    )
    path = tmp_path / "__init__.py"
    path.write_text(source)
    assert [
        (found.imported, found.line) for found in sorted(imports("", path), key=lambda found: found.line)
    ] == [
        ("numpy", 1),
        ("autograd_gpu.core.op", 1),
        ("autograd_gpu.dtypes", 2),
        ("autograd_gpu.core.graph", 3),
        ("autograd_gpu.core", 3),
        ("autograd_gpu.core", 5),
        ("numpy.linalg", 6),
        ("autograd_gpu.optim", 7),
    ]
