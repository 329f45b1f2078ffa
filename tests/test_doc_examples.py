"""The examples in the docstrings of all public functions, methods and ops run and give what they show.

pytest's own `--doctest-modules` finds those of modules and classes; ops are records, and what users call is compiled.
"""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.core.op import FUNCTIONS, METHODS, REGISTRY


def documented() -> Iterator[tuple[str, Any]]:
    seen: set[int] = set()
    tables: tuple[tuple[str, dict[str, Any]], ...] = (
        ("ag", FUNCTIONS),
        ("Tensor", METHODS),
        ("op", {name: op.public for name, op in REGISTRY.items()}),
    )
    for place, table in tables:
        for name, function in table.items():
            if id(function) not in seen and ">>>" in (function.__doc__ or ""):
                seen.add(id(function))
                yield f"{place}.{name}", function


EXAMPLES = dict(documented())


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    text = EXAMPLES[name].__doc__
    test = doctest.DocTestParser().get_doctest(text, {"ag": ag}, name, name, 0)
    output: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=output.append)
    assert not output, "".join(output)


def test_every_public_function_is_documented() -> None:
    assert [name for name, function in FUNCTIONS.items() if not (function.__doc__ or "").strip()] == []
    assert [name for name, function in METHODS.items() if not (function.__doc__ or "").strip()] == []
