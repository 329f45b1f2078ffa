"""Registry, public names and tests/optable belong together: nothing without a case, no case without its
op."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import autograd_gpu
from autograd_gpu.core.op import FUNCTIONS, METHODS, REGISTRY
from tests.optable import CASES, FAMILIES

OPS = Path(autograd_gpu.__file__).with_name("ops")
#: what makes a module of autograd_gpu/ops a family, rather than something that families share
DEFINES_OPS = re.compile(r"^\s*(@op\(|expose\(|expose_inplace\()", re.MULTILINE)


def targets(name: str) -> list[Any]:
    """The functions that a name stands for."""
    found = [table[name] for table in (FUNCTIONS, METHODS) if name in table]
    return [*found, REGISTRY[name].public] if name in REGISTRY else found


#: what makes or moves tensors rather than computing with them is tested by name in a file of its own
ELSEWHERE = {
    "creation": "test_creation.py",
    "factories": "test_creation.py",
    "printing": "test_printing.py",
    "transfer": "test_transfer.py",
}
MENTIONED = {
    word
    for file in set(ELSEWHERE.values())
    for word in re.findall(r"\w+", Path(__file__).with_name(file).read_text("utf-8"))
}

NAMES = {name for case in CASES for name in case.names}
COVERED = {id(function) for name in NAMES for function in targets(name)}
INPLACE = {name for case in CASES for name in case.inplace_names}


def test_every_op_has_a_case() -> None:
    assert (
        sorted(
            name
            for name, op in REGISTRY.items()
            if name not in NAMES | MENTIONED and id(op.public) not in COVERED
        )
        == []
    )


def test_every_function_has_a_case() -> None:
    assert (
        sorted(
            name
            for name, f in FUNCTIONS.items()
            if name not in NAMES | INPLACE | MENTIONED and id(f) not in COVERED
        )
        == []
    )


def test_every_method_has_a_case() -> None:
    uncovered = [
        name
        for name, f in METHODS.items()
        if name not in NAMES | INPLACE | MENTIONED and id(f) not in COVERED
    ]
    assert sorted(uncovered) == []


def test_every_case_names_what_exists() -> None:
    assert sorted(name for name in NAMES if not targets(name)) == []
    assert sorted(name for name in INPLACE if name not in METHODS) == []


def test_every_family_has_its_cases() -> None:
    families = {
        path.stem for path in OPS.glob("*.py") if DEFINES_OPS.search(path.read_text(encoding="utf-8"))
    }
    assert families - set(ELSEWHERE) == set(FAMILIES)
    assert [name for name, cases in FAMILIES.items() if not cases] == []
