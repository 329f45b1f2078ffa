"""The checks of tests/test_ops.py must find what they look for: each is given a function with one fault."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import dtypes
from autograd_gpu.core.graph import wrap
from autograd_gpu.testing import GradcheckError, opchecks
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S, dtypes_of, spread_out, tensor_of

FLOAT32, FLOAT64 = dtypes.float32, dtypes.float64


def case(call: Any = None, **options: Any) -> OpCase:
    """x * y with `call` in its place."""
    settings: dict[str, Any] = {
        "samples": lambda make: [S(make(2, 3), make(3)), S(make(), make())],
        "ref": np.multiply,
        "dtypes": "float half int bool complex",
        **options,
    }
    return OpCase("mul", call=call, **settings)


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    good = case(inplace="mul_")
    for dtype in good.supported:
        opchecks.check_forward(good, dtype)
        opchecks.check_inplace(good, "mul_", dtype)
        if dtype.category >= dtypes.FLOAT:
            opchecks.check_backward(good, dtype)
    for dtype in (FLOAT64, dtypes.complex128):
        opchecks.check_gradient(good, dtype)


@pytest.mark.parametrize(
    ("fault", "call"),
    [
        ("not close", lambda x, y: x * y + 1e-4),
        ("attribute 'dtype'", lambda x, y: (x * y).double()),
        ("attribute 'shape'", lambda x, y: (x * y).unsqueeze(0)),
        ("outputs instead of 1", lambda x, y: (x * y, x)),
        ("requires grad", lambda x, y: (x * y).requires_grad_()),
    ],
)
def test_wrong_results_are_found(fault: str, call: Any) -> None:
    with pytest.raises(AssertionError, match=fault):
        opchecks.check_forward(case(call), FLOAT32)


def test_a_result_that_depends_on_the_layout_is_found() -> None:
    def call(x: ag.Tensor, y: ag.Tensor) -> ag.Tensor:
        return x * y if x.is_contiguous() else x * y + 1

    with pytest.raises(AssertionError, match="transposed layout"):
        opchecks.check_forward(case(call), FLOAT32)


def test_a_changed_input_is_found() -> None:
    def call(x: ag.Tensor, y: ag.Tensor) -> ag.Tensor:
        result = x * y
        x.add_(1)
        return result

    with pytest.raises(AssertionError, match="an input was changed"):
        opchecks.check_forward(case(call), FLOAT32)


def test_memory_shared_without_being_a_view_is_found() -> None:
    shares = case(lambda x, y: wrap(x._array), ref=lambda x, y: x)
    with pytest.raises(AssertionError, match="shares an input's memory but is no view"):
        opchecks.check_forward(shares, FLOAT32)
    opchecks.check_forward(case(lambda x, y: x[...], ref=lambda x, y: x), FLOAT32)
    opchecks.check_forward(case(lambda x, y: x, ref=lambda x, y: x), FLOAT32)


def test_wrong_derivatives_are_found() -> None:
    with pytest.raises(GradcheckError):
        opchecks.check_gradient(case(lambda x, y: x * y.detach()), FLOAT64)

    def wrong_second(x: ag.Tensor, y: ag.Tensor) -> ag.Tensor:
        z = x * y
        z.register_hook(lambda g: g.detach())
        return z

    opchecks.check_gradient(case(wrong_second, order=1, forward=False), FLOAT64)
    with pytest.raises(GradcheckError):
        opchecks.check_gradient(case(wrong_second, forward=False), FLOAT64)


def hooked(hook: Any) -> Any:
    def call(x: ag.Tensor, y: ag.Tensor) -> ag.Tensor:
        z = x * y
        z.register_hook(hook)
        return z

    return call


def test_a_gradient_that_differs_under_create_graph_is_found() -> None:
    hook = lambda g: g * 1.1 if ag.is_grad_enabled() else g  # noqa: E731
    with pytest.raises(AssertionError, match="create_graph=True changes the gradient"):
        opchecks.check_backward(case(hooked(hook)), FLOAT32)


def test_an_overwritten_gradient_is_found() -> None:
    def hook(g: ag.Tensor) -> None:
        g._array *= 2

    with pytest.raises(AssertionError, match="a second backward gives another gradient"):
        opchecks.check_backward(case(hooked(hook)), FLOAT32)


def test_an_inaccurate_gradient_is_found() -> None:
    hook = lambda g: g * (1 + 1e-3) if g.dtype is FLOAT32 else g  # noqa: E731
    with pytest.raises(AssertionError, match="against the gradient in double precision"):
        opchecks.check_backward(case(hooked(hook)), FLOAT32)


def test_a_gradient_that_depends_on_strides_is_found() -> None:
    hook = lambda g: g if g.is_contiguous() else g * 1.1  # noqa: E731
    with pytest.raises(AssertionError, match="backward of a gradient with strides"):
        opchecks.check_backward(case(hooked(hook)), FLOAT32)


def test_a_wrong_gradient_of_one_input_alone_is_found() -> None:
    def call(x: ag.Tensor, y: ag.Tensor) -> ag.Tensor:
        return x * y if x.requires_grad or not y.requires_grad else x * y + y * 0.5

    with pytest.raises(AssertionError, match="gradient of input 1 alone"):
        opchecks.check_backward(case(call), FLOAT32)


def test_wrong_inplace_methods_are_found() -> None:
    with pytest.raises(AssertionError, match="value"):
        opchecks.check_inplace(case(), "add_", FLOAT32)
    with pytest.raises(AssertionError, match="returned another tensor"):
        opchecks.check_inplace(case(), "mul", FLOAT32)


def test_error_cases() -> None:
    sample = lambda make: S(make(2), make(3))  # noqa: E731
    good = case()
    opchecks.check_error(good, ErrorCase(sample, RuntimeError, r"size of tensor a \(2\)"))
    with pytest.raises(AssertionError, match="lacks 'something else'"):
        opchecks.check_error(good, ErrorCase(sample, RuntimeError, "something else"))
    with pytest.raises(RuntimeError, match="size of tensor a"):
        opchecks.check_error(good, ErrorCase(sample, ValueError, "size of tensor a"))
    with pytest.raises(AssertionError, match="no RuntimeError was raised"):
        opchecks.check_error(good, ErrorCase(lambda make: S(make(3), make(3)), RuntimeError, ""))

    def placeless(x: ag.Tensor, y: ag.Tensor) -> ag.Tensor:
        raise RuntimeError("size of tensor a")

    with pytest.raises(AssertionError, match="does not say at which line"):
        opchecks.check_error(case(placeless), ErrorCase(sample, RuntimeError, "size of tensor a"))
    opchecks.check_error(case(placeless), ErrorCase(sample, RuntimeError, "size of", place=False))


def test_unclear_errors_for_other_dtypes_are_found() -> None:
    def refuses(x: ag.Tensor, y: ag.Tensor) -> ag.Tensor:
        raise TypeError("no")

    with pytest.raises(AssertionError, match="does not say at which line"):
        opchecks.check_unlisted(case(refuses, dtypes="float"), dtypes.int64)
    opchecks.check_unlisted(case(dtypes="float"), dtypes.int64)


def test_make() -> None:
    for dtype in dtypes.all_dtypes:
        array = Make(dtype)(3, 4)
        assert (array.shape, array.dtype) == ((3, 4), dtype.numpy)
        assert np.array_equal(array, Make(dtype)(3, 4)), "the same numbers in every run"
    make = Make(FLOAT32)
    assert make().shape == ()
    assert make(2, 3, transposed=True).strides == (4, 8)
    assert make(2, 3, strided=True).strides == (48, 8)
    assert set(make(100, low=0, high=3, dtype="int64").tolist()) == {0, 1, 2}
    assert set(make(100, dtype="uint8").tolist()) == {0, 1}
    assert make(100, low=0.1, high=0.5, dtype="int64").min() == 1
    assert make(100, low=0.1, dtype="bool").all()
    assert not make(100, dtype="bool").all()
    values = make(1000, low=0.5, high=1.5)
    assert 0.5 <= values.min() < values.max() < 1.5


def test_layouts() -> None:
    array = np.arange(6.0).reshape(2, 3)
    for layout, strides in (("contiguous", (24, 8)), ("transposed", (8, 16)), ("strided", (96, 16))):
        tensor = tensor_of(array, layout=layout)
        assert np.array_equal(tensor._array, array)
        assert tensor._array.strides == strides
        assert not np.shares_memory(tensor._array, array)
    assert tensor_of(array.T)._array.strides == (8, 24)
    assert spread_out(np.zeros(())).shape == ()


def test_expected_dtypes() -> None:
    table = {
        ("float16", np.multiply): "float16",
        ("bfloat16", np.multiply): "bfloat16",
        ("complex64", lambda x, y: np.abs(x * y)): "float32",
        ("int32", np.multiply): "int32",
        ("int32", np.true_divide): "float32",
        ("uint8", lambda x, y: np.sum(x * y)): "int64",
        ("float32", np.less): "bool",
        ("float64", lambda x, y: np.argmax(x * y)): "int64",
    }
    for (name, ref), expected in table.items():
        (dtype,) = dtypes_of(name)
        row = case(ref=ref, samples=lambda make: [S(make(2, 3, low=1), make(3, low=1))])
        (result,) = row.expected(row.make_samples(dtype)[0])
        assert dtypes.of_numpy(result.dtype).name == expected


def test_references_of_small_integers_are_exact() -> None:
    row = case(ref=np.exp, samples=lambda make: [S(make(2, 3))])
    (sample,) = row.make_samples(dtypes.uint8)
    (result,) = row.expected(sample)
    assert np.array_equal(result, np.exp(sample.args[0].astype(np.float64)).astype(np.float32))


def test_samples_for_some_dtypes() -> None:
    row = case(samples=lambda make: [S(make(2), 1.5).only("float"), S(make(2), 1)])
    assert len(row.make_samples(FLOAT32)) == 2
    assert len(row.make_samples(dtypes.int64)) == 1
    with pytest.raises(ValueError, match="no sample"):
        case(samples=lambda make: [S(make(2)).only("float")]).make_samples(dtypes.int64)
