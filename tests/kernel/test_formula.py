"""Formulas: the same text as a function of tensors and, on a GPU, as a kernel."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.kernel_ops.formula import _FUNCTIONS, Formula

#: what each function is in NumPy (or in the standard library), and the range that its operands come from
EXPECTED: dict[str, tuple[Callable[..., Any], float, float]] = {
    **{
        name: (getattr(np, name), -2, 2)
        for name in (
            "exp", "exp2", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil", "trunc", "abs", "round",
            "minimum", "maximum", "where", "isnan",
        )
    },
    **{name: (getattr(np, name), 0.1, 4) for name in ("log", "log2", "log10", "log1p", "sqrt")},
    "asin": (np.arcsin, -1, 1), "acos": (np.arccos, -1, 1), "atan": (np.arctan, -3, 3), "atan2": (np.arctan2, -3, 3),
    "asinh": (np.arcsinh, -3, 3), "acosh": (np.arccosh, 1, 4), "atanh": (np.arctanh, -0.9, 0.9),
    "pow": (np.power, 0.1, 3), "rsqrt": (lambda x: 1 / np.sqrt(x), 0.1, 4),
    "erf": (np.vectorize(math.erf), -2, 2), "erfc": (np.vectorize(math.erfc), -2, 2),
    "sign": (lambda x: np.nan_to_num(np.sign(x)), -2, 2), "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -4, 4),
}  # fmt: skip


def test_every_function_is_here() -> None:
    assert set(EXPECTED) == set(_FUNCTIONS)
    documented = str(ag.kernel.__doc__).replace("\n", " ")
    assert [name for name in _FUNCTIONS if not re.search(rf"\b{name}\b", documented)] == []


@pytest.mark.parametrize("dtype", [ag.float64, ag.float32], ids=str)
@pytest.mark.parametrize("name", EXPECTED)
def test_functions(name: str, dtype: ag.dtype, device: str) -> None:
    function, low, high = EXPECTED[name]
    operands = ("x", "y", "z")[: _FUNCTIONS[name][0]]
    kernel = ag.kernel(f"result = 1.0 * {name}({', '.join(operands)})")
    generator = np.random.default_rng(0)
    values = [generator.uniform(low, high, 50).astype(dtype.numpy) for _ in operands]
    if name in ("sign", "minimum", "maximum"):
        values[0][:2] = np.nan, 0
    if name == "where":
        values[0] = np.round(values[0])
    expected = function(
        *(value.astype(bool) if name == "where" and k == 0 else value for k, value in enumerate(values))
    )
    got = kernel(*(ag.tensor(value, device=device) for value in values))
    tolerance = 1e-12 if dtype is ag.float64 else 2e-6
    np.testing.assert_allclose(got.cpu().numpy(), expected, rtol=tolerance, atol=tolerance)


FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "z = x + y - 1 * x / 2": lambda x, y: x + y - x / 2,
    "z = -x ** 2 + +y": lambda x, y: -(x**2) + y,
    "z = x ** -3 + y ** 0 + x ** 7": lambda x, y: x**-3.0 + 1 + x**7,
    "z = abs(x) ** 0.5 * abs(x) ** y": lambda x, y: abs(x) ** 0.5 * abs(x) ** y,
    "z = 2 ** x + 1e-3 + pi + e": lambda x, y: 2**x + 1e-3 + math.pi + math.e,
    "z = x if x > y else y": np.maximum,
    "z = 1 if x > 0 and y > 0 or not x != y else 0": lambda x, y: ((x > 0) & (y > 0) | (x == y)).astype(
        x.dtype
    ),
    "z = x if x >= 0 else (y if y <= 0 else inf)": lambda x, y: np.where(
        x >= 0, x, np.where(y <= 0, y, np.inf)
    ),
    "z = (x if round(x) else y) + where(round(y), 0, 2)": lambda x, y: (
        np.where(np.round(x), x, y) + 2 * (np.round(y) == 0)
    ),
    "m = x > y\nz = where(m, x, -y)": lambda x, y: np.where(x > y, x, -y),
    "z = x; z = z * z; z = z + y": lambda x, y: x * x + y,
    "z = (x == y) * 1 + (x < y) * x": lambda x, y: (x == y) + (x < y) * x,
}


@pytest.mark.parametrize("text", FORMULAS)
def test_grammar(text: str, device: str) -> None:
    generator = np.random.default_rng(1)
    x, y = generator.uniform(-2, 2, 30), generator.uniform(-2, 2, 30)
    y[:3] = x[:3]
    kernel = ag.kernel(text)
    given = {"x": ag.tensor(x, device=device), "y": ag.tensor(y, device=device)}
    got = kernel(*(given[name] for name in kernel.inputs))
    np.testing.assert_allclose(got.cpu().numpy(), FORMULAS[text](x, y), rtol=1e-12, atol=1e-12)


def test_inputs_are_in_the_order_of_their_first_use() -> None:
    assert Formula("t = b * a; y = t + c if a > 0 else d", "f").inputs == ("b", "a", "c", "d")
    assert Formula("y = x; z = 2 * y", "f").outputs == ("z",)
    assert Formula("y = x; z = 2 * y", "f", ("z", "y")).outputs == ("z", "y")


def test_some_of_the_results_need_some_of_the_inputs() -> None:
    formula = Formula("s = x * w; s = s + v; t = u; a = s * g; b = t * g", "f", ("a", "b"))
    assert formula.inputs == ("x", "w", "v", "u", "g")
    assert formula.only(("a",)).inputs == ("x", "w", "v", "g")
    assert formula.only(("b",)).inputs == ("u", "g")
    assert formula.only(("a",))({"x": 2.0, "w": 3.0, "v": 1.0, "g": 10.0}) == (70.0,)


def test_halves_are_rounded_once(device: str) -> None:
    kernel = ag.kernel("y = (x + 1) - 1")
    for dtype, small in ((ag.float16, 2.0**-12), (ag.bfloat16, 2.0**-10)):
        x = ag.tensor([small], device=device).to(dtype)
        assert kernel(x).tolist() == [small]  # x + 1 is 1 in the half type
        assert kernel(x).dtype is dtype
