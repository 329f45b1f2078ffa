"""Views and in-place ops: shared memory, shared versions, and histories that follow the memory."""

from __future__ import annotations

import copy
import pickle

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


# -- view ops in place -----------------------------------------------------------------------------------------------


def test_views_made_before_and_after_a_reshape_in_place_stay_in_step() -> None:
    x = ag.arange(6, dtype=ag.float64).reshape(2, 3).requires_grad_()
    y = x * 1
    before = y[0]
    y.t_()
    after = y[1]
    assert y.shape == (3, 2)
    assert y._base is None
    assert before._base is y
    assert after._base is y
    y.mul_(2)
    before.mul_(5)
    after.add_(1)
    (before.sum() + y.sum()).backward()
    assert before.tolist() == [0.0, 11.0, 20.0]
    assert x.grad.tolist() == [[20.0, 20.0, 20.0], [2.0, 2.0, 2.0]]


def test_a_reshape_in_place_of_plain_data_then_recorded_writes() -> None:
    w = ag.ones(3, requires_grad=True)
    buffer = ag.zeros(3)
    part = buffer[1:]
    buffer.unsqueeze_(0)
    buffer[0] = w * 2
    (part * part).sum().backward()
    assert w.grad.tolist() == [0.0, 8.0, 8.0]


def test_detaching_after_a_reshape_in_place() -> None:
    x = ag.ones(2, 3, requires_grad=True)
    y = (x * 2).t_().detach_()
    y.mul_(x.t())
    y.sum().backward()
    assert x.grad.tolist() == [[2.0] * 3] * 2


def test_a_leaf_reshaped_under_no_grad_is_still_that_leaf() -> None:
    x = ag.ones(2, 3, requires_grad=True)
    with ag.no_grad():
        x.t_()
    (x * 2).sum().backward()
    assert x.is_leaf
    assert x.grad.shape == (3, 2)


# -- what else writing changes ---------------------------------------------------------------------------------------


def test_the_gradient_through_a_written_part_of_complex_numbers() -> None:
    z = ag.tensor([1 + 2j], dtype=ag.complex128, requires_grad=True)
    w = z * 1
    ag.view_as_real(w)[:, 1].mul_(2)
    w.imag.sum().backward()
    assert z.grad.tolist() == [2j]


def test_an_expansion_that_repeats_nothing_may_be_written() -> None:
    base = ag.zeros(2, 3)
    base.t().expand(1, 3, 2).add_(1)
    assert base.sum().item() == 6.0
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        ag.zeros(1).expand(3).add_(1)


def test_a_view_keeps_retain_grad_when_its_base_is_written() -> None:
    base = ag.ones(3, requires_grad=True) * 1
    view = base[1:]
    view.retain_grad()
    base.mul_(2)
    (view * view).sum().backward()
    assert view.retains_grad
    assert view.grad.tolist() == [4.0, 4.0]


def test_hooks_wait_while_a_leaf_is_frozen() -> None:
    x, seen = ag.ones(1, requires_grad=True), []
    x.register_hook(lambda g: seen.append(g.item()))
    x.requires_grad_(False)
    twin = copy.deepcopy(x).requires_grad_()
    (twin * 2).sum().backward()
    assert seen == []
    assert pickle.loads(pickle.dumps(x)).tolist() == [1.0]
    x.requires_grad_()
    (x * 3).sum().backward()
    assert seen == [3.0]


def test_resize_keeps_the_first_elements() -> None:
    x = ag.arange(6)
    head = x.view(2, 3)
    x.resize_(4).fill_(7)
    assert head.tolist() == [[7, 7, 7], [7, 4, 5]]
    assert x.resize_(2, 4).shape == (2, 4)
    assert x.view(-1)[:4].tolist() == [7, 7, 7, 7]
    with pytest.raises(RuntimeError, match="cannot resize variables that require grad"):
        ag.ones(2, requires_grad=True).resize_(1)


# -- out= ----------------------------------------------------------------------------------------------------------------


def test_out_is_written_and_returned(device: str) -> None:
    x = ag.tensor([1.0, 4.0], device=device)
    out = ag.zeros(2, device=device)
    assert ag.sqrt(x, out=out) is out
    assert out.tolist() == [1.0, 2.0]
    assert out._version == 1
    assert ag.add(x, 1, alpha=2, out=out).tolist() == [3.0, 6.0]
    assert ag.matmul(x, x, out=ag.zeros((), device=device)).item() == 17.0
    values, indices = ag.empty(0, device=device), ag.empty(0, dtype=ag.int64, device=device)
    result = ag.sort(x, descending=True, out=(values, indices))
    assert result.values is values
    assert (values.tolist(), indices.tolist()) == ([4.0, 1.0], [1, 0])


def test_out_of_another_shape_is_resized_with_a_warning() -> None:
    out = ag.zeros(5)
    with pytest.warns(UserWarning, match=r"was resized since it had shape \[5\]"):
        ag.exp(ag.zeros(2), out=out)
    assert out.tolist() == [1.0, 1.0]
    with pytest.warns(UserWarning, match="was resized"):
        ag.mul(ag.ones(2, 2), 3, out=out)


def test_out_refuses_what_cannot_be_recorded_or_converted() -> None:
    x = ag.ones(2, requires_grad=True)
    with pytest.raises(
        RuntimeError, match=r"exp\(\): functions with out=... arguments don't support automatic"
    ):
        ag.exp(x, out=ag.zeros(2))
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        ag.add(ag.ones(2), 1, out=ag.zeros(2, dtype=ag.int64))
    with pytest.raises(
        RuntimeError, match="Expected out tensor to have dtype float32, but got float64 instead"
    ):
        ag.mm(ag.ones(2, 2), ag.ones(2, 2), out=ag.zeros(2, 2, dtype=ag.float64))
    with pytest.raises(TypeError, match=r"exp\(\): argument 'out' must be Tensor, not list"):
        ag.exp(ag.ones(2), out=[1.0])
    with ag.no_grad():
        assert ag.exp(x, out=ag.zeros(2)).shape == (2,)


def test_an_array_kept_for_backward_and_used_as_out_is_noticed() -> None:
    x, kept = ag.ones(2, requires_grad=True), ag.ones(2)
    y = (x * kept).sum()
    ag.exp(kept, out=kept)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
