"""assert_close: what is close, what is not, what the message says. tests/judge compares it with PyTorch's."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.testing import assert_close


def differs(actual: Any, expected: Any, match: str, **options: Any) -> None:
    with pytest.raises(AssertionError, match=match):
        assert_close(actual, expected, **options)


def test_default_tolerances_depend_on_the_dtype() -> None:
    for dtype, inside, outside in (
        (ag.float64, 1e-7, 3e-7),
        (ag.float32, 1e-5, 2e-5),
        (ag.float16, 9e-4, 4e-3),
        (ag.bfloat16, 1e-2, 4e-2),
    ):
        one = ag.ones(2, dtype=dtype)
        assert_close(one + inside, one)
        differs(one + outside, one, "not close")
    assert_close(ag.tensor([1, 2]), ag.tensor([1, 2]))
    differs(ag.tensor([1, 2]), ag.tensor([1, 3]), "Tensor-likes are not equal!")


def test_message_of_arrays() -> None:
    expected = ag.tensor([[1.0, 2.0], [4.0, 8.0]])
    actual = ag.tensor([[1.0, 3.0], [4.0, 10.0]])
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected)
    assert str(caught.value) == (
        "Tensor-likes are not close!\n\n"
        "Mismatched elements: 2 / 4 (50.0%)\n"
        "Greatest absolute difference: 2.0 at index (1, 1) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 0.5 at index (0, 1) (up to 1.3e-06 allowed)"
    )


def test_message_of_scalars() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_close(1.0, 2.0)
    assert str(caught.value) == (
        "Scalars are not close!\n\nExpected 2.0 but got 1.0.\n"
        "Absolute difference: 1.0 (up to 1e-07 allowed)\n"
        "Relative difference: 0.5 (up to 1e-07 allowed)"
    )


def test_infinities_and_nans() -> None:
    inf, nan = float("inf"), float("nan")
    assert_close(ag.tensor([inf, -inf]), ag.tensor([inf, -inf]))
    differs(ag.tensor([inf]), ag.tensor([-inf]), "not close")
    differs(ag.tensor([1e30]), ag.tensor([inf]), "not close")
    differs(ag.tensor([inf]), ag.tensor([1e30]), "not close")
    differs(ag.tensor([nan]), ag.tensor([nan]), "not close")
    differs(ag.tensor([nan, 1.0]), ag.tensor([1.0, 1.0]), "difference: nan at index \\(0,\\)")
    assert_close(ag.tensor([nan]), ag.tensor([nan]), equal_nan=True)
    assert_close(nan, nan, equal_nan=True)


def test_attributes() -> None:
    x = ag.zeros(2, 3)
    differs(x, ag.zeros(3, 2), "attribute 'shape' do not match: \\(2, 3\\) != \\(3, 2\\)")
    differs(x, x.double(), "attribute 'dtype' do not match: ag.float32 != ag.float64")
    assert_close(x, x.double(), check_dtype=False)
    transposed = ag.zeros(3, 2).t()
    assert_close(x, transposed)
    differs(x, transposed, r"attribute 'stride\(\)' do not match: \(3, 1\) != \(1, 2\)", check_stride=True)


def test_large_integers_are_not_rounded() -> None:
    big = 2**62
    differs(ag.tensor([big]), ag.tensor([big + 1]), "difference: 1 at index")
    assert_close(ag.tensor([big]), ag.tensor([big + 1]), rtol=0, atol=1)


def test_nested_values_name_the_item() -> None:
    differs(
        {"a": [ag.ones(2), ag.ones(2)]},
        {"a": (ag.ones(2), ag.zeros(2))},
        r"The failure occurred for item \['a'\]\[1\]",
    )
    differs([1, 2], [1], "length of the sequences mismatch: 2 != 1")
    differs({"a": 1}, {"b": 1}, r"Missing keys in the actual mapping: \['b'\]")
    differs(None, 1, "None mismatch: None is not 1")
    differs(True, False, "Booleans mismatch: True is not False")
    differs(1, 1.0, r"\(d\)types do not match: <class 'int'> != <class 'float'>")
    assert_close(1, 1.0, check_dtype=False)


def test_structure_is_compared_before_values() -> None:
    differs([ag.ones(2), {"a": 1}], [ag.zeros(2), {"b": 1}], "keys of the mappings")


def test_messages_of_ones_own() -> None:
    differs(1.0, 2.0, "^mine$", msg="mine")
    differs(1.0, 2.0, r"^\[Scalars are not close!", msg=lambda text: f"[{text}]")


def test_what_cannot_be_compared() -> None:
    with pytest.raises(TypeError, match="No comparison pair was able to handle inputs of type"):
        assert_close(ag.ones(2), np.ones(2))
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close("a", "a")
    with pytest.raises(ValueError, match="'rtol' and 'atol' must be either specified or omitted"):
        assert_close(1.0, 1.0, rtol=0.1)


def test_subclasses() -> None:
    class Mine(ag.Tensor):
        pass

    mine = ag.ones(2)
    mine.__class__ = Mine
    assert_close(mine, ag.ones(2))
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(mine, ag.ones(2), allow_subclasses=False)


def test_numpy_arrays() -> None:
    equal = functools.partial(assert_close, rtol=0, atol=0)
    equal(np.arange(3), np.arange(3))
    differs(np.arange(3.0), np.arange(3.0) + 1, "not close")


def test_devices(device: str) -> None:
    here, there = ag.ones(3), ag.ones(3, device=device)
    assert_close(there, ag.ones(3, device=device))
    assert_close(there, here, check_device=False)
    if device != "cpu":
        differs(there, here, f"attribute 'device' do not match: {there.device} != cpu")
