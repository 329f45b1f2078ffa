"""PyTorch's word on gradcheck: the same verdicts on the same functions, right and wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402
from autograd_gpu.autograd import gradcheck, gradgradcheck  # noqa: E402


def hooked(lib: Any, function: Callable[..., Any], hook: Callable[..., Any]) -> Callable[..., Any]:
    def call(*inputs: Any) -> Any:
        output = function(*inputs)
        if output.requires_grad:  # not in forward mode
            # PyTorch calls hooks without a gradient when it checks undefined ones.
            output.register_hook(lambda g: None if g is None else hook(g))
        return output

    return call


# Each makes a function out of the library (ag or torch).
FUNCTIONS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "exp": lambda lib: lib.exp,
    "square": lambda lib: lambda x: x * x,
    "two outputs": lambda lib: lambda x: (x * 2.0, x * x),
    "integer output": lambda lib: lambda x: (x * x, lib.argmax(lib.abs(x).reshape(-1))),
    "constant output": lambda lib: lambda x: (x * x, lib.ones(2, dtype=lib.float64)),
    "conj": lambda lib: lib.conj,
    "abs": lambda lib: lib.abs,
    "detached factor": lambda lib: lambda x: x * x.detach(),
    "all detached": lambda lib: lambda x: x.detach() * 2.0,
    "constant": lambda lib: lambda x: lib.ones(2, dtype=lib.float64),
    "gradient 1 % off": lambda lib: hooked(lib, lib.exp, lambda g: g * 1.01),
    "gradient within rtol": lambda lib: hooked(lib, lib.exp, lambda g: g * 1.0001),
    "gradient conjugated": lambda lib: hooked(lib, lib.exp, lambda g: lib.conj(g)),
    "gradient detached": lambda lib: hooked(lib, lib.exp, lambda g: g.detach()),
    "gradient plus one": lambda lib: hooked(lib, lib.exp, lambda g: g + 1.0),
    "discontinuous": lambda lib: lambda x: lib.sum(x * x) if float(lib.abs(x.detach()).sum()) > 0 else x * x,
}


def verdict(function: Callable[..., bool], *arguments: Any, **options: Any) -> bool | str:
    try:
        return function(*arguments, raise_exception=False, **options)
    except Exception as error:
        return type(error).__name__


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.filterwarnings("ignore:Backwards compatibility:UserWarning:torch")
@pytest.mark.parametrize("fast_mode", [False, True], ids=["full", "fast"])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_verdicts(name: str, shape: tuple[int, ...], dtype: str, fast_mode: bool) -> None:
    generator = np.random.default_rng(0)
    values = np.asarray(generator.uniform(0.5, 1.5, shape))
    if dtype == "complex128":
        values = values + 1j * generator.uniform(0.5, 1.5, shape)
    mine, theirs = (lib.tensor(np.array(values)).requires_grad_() for lib in (ag, torch))
    make = FUNCTIONS[name]
    for options in ({}, {"check_forward_ad": True}, {"rtol": 1e-6, "atol": 1e-12}):
        assert verdict(gradcheck, make(ag), mine, fast_mode=fast_mode, **options) == verdict(
            torch.autograd.gradcheck, make(torch), theirs, fast_mode=fast_mode, **options
        ), options
    assert verdict(gradgradcheck, make(ag), mine, fast_mode=fast_mode) == verdict(
        torch.autograd.gradgradcheck, make(torch), theirs, fast_mode=fast_mode
    )
