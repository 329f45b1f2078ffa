"""The same program through both libraries, for the tests of the engine: what both must agree on, and how it is compared.

A program is a function of the library. Its outcome is the value that it returns (tensors, numbers, names, anything in lists
and dictionaries of these) or the exception that it raises; both libraries must have the same one.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the judge here")

import autograd_gpu as ag  # noqa: E402 - after the check for PyTorch

Program = Callable[[Any], Any]


class Programs(dict[str, Program]):
    """The programs of one file, by name; ``programs(function)`` adds one."""

    def __call__(self, function: Program) -> Program:
        if function.__name__ in self:
            raise ValueError(f"there is a program named {function.__name__} already")
        self[function.__name__] = function
        return function

    def check(self, name: str) -> None:
        """Run one program with both libraries and compare the outcomes."""
        theirs = outcome(self[name], torch)
        ours = outcome(self[name], ag)
        assert same(ours, theirs), f"\n  ours: {ours}\ntheirs: {theirs}"


def leaf(L: Any, *values: Any) -> Any:
    """A float64 leaf of these values."""
    return L.tensor(list(values), dtype=L.float64, requires_grad=True)


def ramp(L: Any, *shape: int, start: float = 1.0) -> Any:
    """A float64 leaf of this shape: `start`, and 0.25 more from element to element."""
    return (L.arange(int(np.prod(shape)), dtype=L.float64).reshape(shape) * 0.25 + start).requires_grad_()


def raised(function: Callable[[], Any]) -> Any:
    """What a call raises (type and first words), for programs that go on afterwards; "nothing" if it returns."""
    try:
        function()
    except Exception as error:
        return [type(error).__name__, first_words(str(error))]
    return "nothing"


def warned(function: Callable[[], Any]) -> Any:
    """Categories and first words of the warnings of a call, and what it returns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = function()
    return [[w.category.__name__, first_words(str(w.message))] for w in caught], result


def first_words(message: str) -> str:
    """What messages begin with, without what each library calls its own things."""
    message = re.sub(r"torch\.|ag\.|autograd_gpu\.", "", message.strip().split("\n")[0])
    return re.split(r"[.;:\[(] ?| '", message)[0].strip()[:60]


def plain(value: Any) -> Any:
    """Tensors of either library as NumPy arrays; names of nodes without PyTorch's prefix and the number of the overload;
    everything else as it is."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "detach"):
        return value.detach().numpy()
    if isinstance(value, str):
        return re.sub(r"Backward\d+$", "Backward", value.removeprefix("torch::autograd::"))
    return value


def replayed(library: Any) -> Any:
    """PyTorch derives the history of a view whose base was written anew from strides or, in this mode, by running the view
    ops again as this library does: then the nodes have the same names."""
    if library is torch:
        return torch.autograd.grad_mode._force_original_view_tracking(True)
    return nullcontext()


def outcome(program: Program, library: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with replayed(library):
                return ["value", plain(program(library))]
        except Exception as error:
            return ["error", type(error).__name__, first_words(str(error))]


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, dict):
        return (
            isinstance(ours, dict)
            and list(ours) == list(theirs)
            and all(map(same, ours.values(), theirs.values()))
        )
    if isinstance(theirs, np.ndarray):
        return (
            isinstance(ours, np.ndarray)
            and ours.shape == theirs.shape
            and ours.dtype == theirs.dtype
            and np.allclose(ours, theirs, rtol=1e-10 if theirs.dtype.itemsize >= 8 else 1e-5, equal_nan=True)
        )
    return type(ours) is type(theirs) and bool(ours == theirs)
