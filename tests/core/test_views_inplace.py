"""Views and in-place ops: shared memory, shared versions, and histories that follow the memory."""

from __future__ import annotations

import pytest

import autograd_gpu as ag


def test_a_view_shares_memory_and_version() -> None:
    x = ag.zeros(2, 3)
    row = x[0]
    row.add_(1)
    assert x.tolist() == [[1.0] * 3, [0.0] * 3]
    assert x._version == row._version == 1
    assert row._base is x
    assert x.t()[0]._base is x


def test_in_place_on_a_view_changes_the_history_of_its_base() -> None:
    x = ag.ones(3, requires_grad=True)
    base = x * 1
    part = base[1:]
    part.mul_(5)
    assert base.grad_fn.name() == "CopySlices"
    base.sum().backward()
    assert x.grad.tolist() == [1.0, 5.0, 5.0]


def test_in_place_on_a_base_changes_the_history_of_its_views() -> None:
    x = ag.ones(3, requires_grad=True)
    base = x * 1
    part = base[1:]
    base.mul_(4)
    part.sum().backward()
    assert x.grad.tolist() == [0.0, 4.0, 4.0]


def test_two_levels_of_views() -> None:
    x = ag.ones(2, 3, requires_grad=True)
    base = x * 1
    inner = base.t()[1]
    inner.mul_(ag.tensor([2.0, 3.0]))
    base.sum().backward()
    assert x.grad.tolist() == [[1.0, 2.0, 1.0], [1.0, 3.0, 1.0]]


def test_a_constant_buffer_that_takes_recorded_values() -> None:
    w = ag.tensor([2.0, 3.0], requires_grad=True)
    buffer = ag.zeros(2, 2)
    buffer[0] = w
    buffer[1] = w * w
    assert buffer.requires_grad
    (buffer * ag.tensor([[1.0, 1.0], [10.0, 10.0]])).sum().backward()
    assert w.grad.tolist() == [41.0, 61.0]


def test_gradient_of_overwritten_values_is_zero() -> None:
    x = ag.ones(3, requires_grad=True)
    y = x * 2
    y[0] = 7.0
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 2.0, 2.0]


def test_mul_in_place_keeps_the_old_value_where_its_rule_needs_it() -> None:
    x = ag.tensor([2.0], requires_grad=True)
    w = ag.tensor([3.0], requires_grad=True)
    y = x * 1
    y.mul_(w)
    y.backward()
    assert (x.grad.item(), w.grad.item()) == (3.0, 2.0)


def test_second_order_through_an_in_place_op_on_a_view() -> None:
    x = ag.tensor([2.0, 3.0], dtype=ag.float64, requires_grad=True)

    def f(x: ag.Tensor) -> ag.Tensor:
        y = x * x
        y[0:1].mul_(x[1:2])
        return (y * y).sum()

    assert ag.autograd.gradcheck(f, (x,))
    assert ag.autograd.gradgradcheck(f, (x,))


def test_leaf() -> None:
    x = ag.ones(2, requires_grad=True)
    with pytest.raises(
        RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"
    ):
        x.add_(1)
    with pytest.raises(
        RuntimeError, match="a view of a leaf Variable that requires grad is being used in an in-place"
    ):
        x[0:1].add_(1)
    with ag.no_grad():
        x.add_(1)
        x[0:1].add_(1)
    assert x.tolist() == [3.0, 2.0]


def test_a_view_made_under_no_grad() -> None:
    x = ag.ones(2, requires_grad=True)
    y = x * 1
    with ag.no_grad():
        view = y[0:1]
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode"):
        view.add_(1)


def test_one_of_several_views() -> None:
    x = ag.ones(4, requires_grad=True)
    first, _ = (x * 1).split(2)
    with pytest.raises(
        RuntimeError, match="is a view and is being modified inplace. This view is the output of a function"
    ):
        first.add_(1)


def test_an_expanded_tensor() -> None:
    with pytest.raises(
        RuntimeError, match="more than one element of the written-to tensor refers to a single memory"
    ):
        ag.zeros(1).expand(3).add_(1)


def test_shape_and_dtype_must_fit() -> None:
    with pytest.raises(
        RuntimeError, match=r"output with shape \[2\] doesn't match the broadcast shape \[3, 2\]"
    ):
        ag.zeros(2).add_(ag.zeros(3, 2))
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        ag.zeros(2, dtype=ag.int64).add_(1.5)


def test_in_place_in_a_wider_dtype() -> None:
    x = ag.ones(2, requires_grad=True)
    w = ag.full((2,), 3.0, dtype=ag.float64, requires_grad=True)
    y = x * 1
    y.mul_(w)
    assert y.dtype is ag.float32
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert w.grad.dtype is ag.float64


def test_detach_shares_the_version() -> None:
    x = ag.ones(2, requires_grad=True)
    y = x.exp()
    y.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_data_does_not_share_the_version() -> None:
    x = ag.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    y.data.zero_()
    z.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_retain_grad_moves_on() -> None:
    x = ag.ones(2, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    assert y.grad.tolist() == [1.0, 1.0]


def test_state_after_an_error() -> None:
    x = ag.ones(2, requires_grad=True)
    y = x * 2
    node, version = y.grad_fn, y._version
    with pytest.raises(RuntimeError):
        y.add_(ag.ones(3))
    assert y.grad_fn is node
    assert y._version == version
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("mode", [False, True])
def test_an_operand_that_shares_the_memory_is_used_as_it_was(mode: bool) -> None:
    x = ag.tensor([3.0, 5.0], requires_grad=True)
    with ag.autograd.set_detect_anomaly(mode):  # every call of an op is watched
        y = x * 1
        y.mul_(y)
        y.sum().backward()
        assert x.grad.tolist() == [6.0, 10.0]
        x.grad = None
        y = x * 1
        y.mul_(y[:1])
        y.sum().backward()
        assert x.grad.tolist() == [3 * 2 + 5, 3.0]
