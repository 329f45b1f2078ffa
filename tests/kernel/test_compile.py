"""What formulas and users' texts compile to, for every card: without a GPU."""

from __future__ import annotations

from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.device import compiler
from autograd_gpu.kernel_ops.formula import _FUNCTIONS
from tests.kernel.kernels_of_users import fused, polar, scale_rows, silu, softplus

pytestmark = pytest.mark.skipif(
    compiler.unavailable_reason() is not None, reason=str(compiler.unavailable_reason())
)
DTYPES = (ag.float16, ag.bfloat16, ag.float32, ag.float64)


def compiled(program: Any, architecture: int) -> list[compiler.Facts]:
    """One for each dtype; a text is read once for all of them."""
    examples = [program.example(dtype) for dtype in DTYPES]
    names = [instance for _, instance in examples]
    outcome = compiler.compile_source(examples[0][0], names, architecture)
    assert outcome.warnings == ()
    found = {facts.instance: facts for facts in outcome.facts}
    return [found[name] for name in names]


@pytest.mark.parametrize("architecture", compiler.ARCHITECTURES)
@pytest.mark.parametrize(
    "kernel", [silu, fused, polar, softplus, scale_rows], ids=lambda kernel: kernel.__name__
)
def test_kernels_compile_for_every_card(kernel: Any, architecture: int) -> None:
    if architecture not in compiler.supported():
        pytest.skip(f"this NVRTC does not know sm_{architecture}")
    for program in filter(None, (kernel._program, kernel._backward)):
        for facts in compiled(program, architecture):
            assert facts.spills == 0
            assert facts.registers <= 128


def test_formulas_move_16_bytes_at_a_time() -> None:
    for facts in compiled(fused._program, 80):
        assert (facts.loads, facts.stores) == (3, 1)


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_every_function_of_formulas_compiles(name: str) -> None:
    operands = ", ".join(("x", "y", "x * y")[: _FUNCTIONS[name][0]])
    kernel = ag.kernel(f"z = 1.0 * {name}({operands}) + x * pi - x**3 + x**-2 + x**0.5")
    assert all(facts.spills == 0 for facts in compiled(kernel._program, 90))


def test_strided_instances_compile() -> None:
    source = silu._program.source
    names = [
        f"strided<Formula, {kind}, 0, {index}>" for kind in ("float", "half") for index in ("unsigned", "i64")
    ]
    outcome = compiler.compile_source(source, names, 80)
    assert {facts.instance for facts in outcome.facts} == set(names)
    assert all(facts.spills == 0 and facts.stack == 0 for facts in outcome.facts)
