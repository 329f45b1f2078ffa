"""How tensors are printed. tests/judge/test_creation_printing.py compares a large table with PyTorch."""

from __future__ import annotations

import pytest

import autograd_gpu as ag


@pytest.fixture(autouse=True)
def _default_options():
    yield
    ag.set_printoptions(profile="default")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (2.5, "tensor(2.5000)"),
        (3.0, "tensor(3.)"),
        (7, "tensor(7)"),
        (True, "tensor(True)"),
        (1 - 2j, "tensor(1.-2.j)"),
        ([1.0, 10.0], "tensor([ 1., 10.])"),
        ([0.5, -10.0], "tensor([  0.5000, -10.0000])"),
        ([1.0, float("nan"), float("-inf")], "tensor([1., nan, -inf])"),
        ([1e-9, 1.0], "tensor([1.0000e-09, 1.0000e+00])"),
        ([[1, 2], [3, 4]], "tensor([[1, 2],\n        [3, 4]])"),
        ([[[1], [2]], [[3], [4]]], "tensor([[[1],\n         [2]],\n\n        [[3],\n         [4]]])"),
        ([True, False], "tensor([ True, False])"),
        ([], "tensor([])"),
        ([[], []], "tensor([], size=(2, 0))"),
    ],
)
def test_values(data: object, expected: str) -> None:
    assert repr(ag.tensor(data)) == str(ag.tensor(data)) == expected


def test_a_large_tensor_is_shown_in_part() -> None:
    assert repr(ag.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    rows = ["[   0,    1,    2,  ...,   97,   98,   99]", "[1900, 1901, 1902,  ..., 1997, 1998, 1999]"]
    shown = repr(ag.tensor([list(range(100 * row, 100 * row + 100)) for row in range(20)]))
    assert shown.startswith("tensor([" + rows[0] + ",\n        [ 100,")
    assert ",\n        ...,\n        [1700, 1701, 1702,  ..., 1797, 1798, 1799],\n" in shown
    assert shown.endswith(",\n        " + rows[1] + "])")


def test_only_what_is_shown_decides_on_the_format() -> None:
    values = [1.0] * 2000
    values[1000] = 1e30
    assert repr(ag.tensor(values)) == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


def test_dtype_is_said_unless_the_values_show_it() -> None:
    assert repr(ag.tensor([1], dtype=ag.int32)) == "tensor([1], dtype=ag.int32)"
    assert repr(ag.tensor([1.0], dtype=ag.float64)) == "tensor([1.], dtype=ag.float64)"
    assert repr(ag.tensor([1.0], dtype=ag.bfloat16)) == "tensor([1.], dtype=ag.bfloat16)"
    assert repr(ag.zeros(0, dtype=ag.int64)) == "tensor([], dtype=ag.int64)"
    assert repr(ag.zeros(0, 3, dtype=ag.float16)) == "tensor([], size=(0, 3), dtype=ag.float16)"


def test_gradients_are_said() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], grad_fn=<MulBackward0>)"
    assert repr(x.detach()) == "tensor([1., 2.])"


@pytest.mark.parametrize(("linewidth", "separator"), [(33, ", "), (32, ",\n       ")])
def test_remarks_get_a_line_of_their_own_when_the_line_is_full(linewidth: int, separator: str) -> None:
    with ag.printoptions(linewidth=linewidth):
        shown = repr(ag.tensor([0.0], requires_grad=True))
    assert shown == f"tensor([0.]{separator}requires_grad=True)"


def test_every_remark_can_start_a_line() -> None:
    with ag.printoptions(linewidth=10):
        shown = repr(ag.zeros(0, 1, dtype=ag.float64, requires_grad=True))
    assert shown == ("tensor([],\n       size=(0, 1),\n       dtype=ag.float64,\n       requires_grad=True)")


def test_lines_break_before_the_last_column() -> None:
    assert repr(ag.arange(30)) == (
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])"
    )


def test_subclasses_and_parameters_are_named() -> None:
    class Special(ag.Tensor):
        pass

    class Parameter(ag.Tensor):
        pass

    x = ag.tensor([1.0], requires_grad=True)
    for kind, expected in (
        (Special, "Special([1.])"),
        (Parameter, "Parameter containing:\ntensor([1.], requires_grad=True)"),
    ):
        twin = object.__new__(kind)
        for slot in ("_array", "_type", "_node", "_view", "_changes", "_grad"):
            setattr(twin, slot, getattr(x if kind is Parameter else x.detach(), slot))
        assert repr(twin) == expected


def test_options() -> None:
    x = ag.tensor([1 / 3, 20.0])
    ag.set_printoptions(precision=2)
    assert repr(x) == "tensor([ 0.33, 20.00])"
    ag.set_printoptions(sci_mode=True)
    assert repr(x) == "tensor([3.33e-01, 2.00e+01])"
    ag.set_printoptions(threshold=3, edgeitems=1)
    assert repr(ag.arange(5)) == "tensor([0,  ..., 4])"
    ag.set_printoptions(profile="full")
    assert ag.get_printoptions() == {
        "precision": 4, "threshold": float("inf"), "edgeitems": 3, "linewidth": 80, "sci_mode": None,
    }  # fmt: skip
    assert len(repr(ag.arange(2000)).split(",")) == 2000


def test_options_of_a_block_end_with_it() -> None:
    before = ag.get_printoptions()

    def fail() -> None:
        with ag.printoptions(precision=1, sci_mode=True):
            assert repr(ag.tensor(0.25)) == "tensor(2.5e-01)"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert ag.get_printoptions() == before


def test_unknown_profile() -> None:
    with pytest.raises(ValueError, match=r"profile must be 'default', 'short' or 'full', not 'long'"):
        ag.set_printoptions(profile="long")


@pytest.mark.gpu
def test_device_is_said() -> None:
    assert repr(ag.zeros(2, device="cuda")) == "tensor([0., 0.], device='cuda:0')"
    shown = repr(ag.arange(3000, device="cuda").reshape(3, 1000))
    assert shown.startswith("tensor([[   0,    1,    2,  ...,  997,  998,  999],\n")
    assert shown.endswith("2999]], device='cuda:0')")
