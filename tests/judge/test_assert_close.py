"""PyTorch's word on assert_close: the same verdicts, and the same messages."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402
from autograd_gpu.testing import assert_close  # noqa: E402

generator = np.random.default_rng(0)
BASE = generator.normal(size=(3, 4)).astype(np.float32)
OFF = BASE.copy()
OFF[1, 2] += 1
SPECIAL = BASE.copy()
SPECIAL[0, 0], SPECIAL[2, 2] = np.nan, np.inf
INTEGERS = np.arange(6).reshape(2, 3)
OTHER_INTEGERS = INTEGERS.copy()
OTHER_INTEGERS[1, 1] = 9
ARRAYS = [
    BASE,
    OFF,
    SPECIAL,
    BASE.astype(np.float64),
    BASE.astype(np.float16),
    OFF.astype(np.float16),
    INTEGERS,
    OTHER_INTEGERS,
    BASE > 0,
    OFF < 0,
    np.array(3.0),
    np.array(0.0),
    np.zeros((0, 3)),
    np.ones((0, 3)),
    np.array([1.0, np.inf]),
    np.array([np.inf, np.inf]),
    np.array([np.nan, 1.0]),
    np.array([0.0, 1e-9]),
    np.array([0.0, 0.0]),
    BASE.T,
]
VALUES: list[Any] = [
    None,
    True,
    1,
    1.0,
    1 + 0j,
    2,
    2.5,
    float("nan"),
    np.float32(1),
    np.int64(2),
    "a",
    [1, 2],
    [1, 3],
    (1, 2),
    {"a": 1},
    {"a": 2},
    {"b": 1, "c": 2},
    [[1, 2], {"x": [1.0]}],
    [[1, 2], {"x": [1.5]}],
    [],
    {},
    object,
]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"rtol": 0, "atol": 0},
    {"check_dtype": False},
    {"equal_nan": True},
    {"rtol": 1e-3},
    {"msg": "mine"},
    {"msg": "[{}]".format},
    {"rtol": 0.5, "atol": 0.5, "check_dtype": False},
    {"check_stride": True},
]


def outcome(function: Any, *arguments: Any, **options: Any) -> tuple[str, str] | None:
    try:
        function(*arguments, **options)
    except Exception as error:
        text = re.sub(r"torch\.Size\(\[(\d+)\]\)", r"(\1,)", str(error))
        text = re.sub(r"torch\.Size\(\[(.*?)\]\)", r"(\1)", text).replace("torch.", "ag.")
        return type(error).__name__, text
    return None


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "none")
def test_tensors(options: dict[str, Any]) -> None:
    for x, y in itertools.product(ARRAYS, repeat=2):
        ours = outcome(assert_close, ag.tensor(x), ag.tensor(y), **options)
        theirs = outcome(torch.testing.assert_close, torch.tensor(x), torch.tensor(y), **options)
        assert ours == theirs, (x, y)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "none")
def test_values(options: dict[str, Any]) -> None:
    for x, y in itertools.product([*VALUES, BASE, INTEGERS], repeat=2):
        ours = outcome(assert_close, x, y, **options)
        theirs = outcome(torch.testing.assert_close, x, y, **options)
        if theirs is not None and "resulted in the unexpected exception" in theirs[1]:
            # A bool against another number: PyTorch fails with a KeyError inside.
            assert ours is None or ours[0] in ("AssertionError", "ValueError")
            continue
        assert ours == theirs, (x, y)
