"""The scheduler: order, accumulation, what is kept and freed, and the errors of a graph used wrongly."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import autograd_gpu as ag


def leaf(*values: float) -> ag.Tensor:
    return ag.tensor(values if len(values) > 1 else values[0], requires_grad=True)


def test_gradient_of_a_product_and_a_sum() -> None:
    x, y = leaf(2.0), leaf(3.0)
    (x * y + x).backward()
    assert (x.grad.item(), y.grad.item()) == (4.0, 2.0)


def test_gradients_accumulate_and_keep_their_address() -> None:
    x = leaf(1.0, 2.0)
    (x * 3).sum().backward()
    first = x.grad
    (x * 4).sum().backward()
    assert x.grad is first
    assert x.grad.tolist() == [7.0, 7.0]


def test_a_gradient_that_two_leaves_share_is_not_shared_memory() -> None:
    x, y = leaf(1.0, 2.0), leaf(1.0, 2.0)
    start = ag.ones(2)
    (x + y).backward(start)
    x.grad.add_(1)
    assert y.grad.tolist() == [1.0, 1.0]
    assert start.tolist() == [1.0, 1.0]


def test_the_given_gradient_is_never_written_into() -> None:
    x = leaf(1.0, 2.0)
    start = ag.ones(2)
    y = x + x
    y.backward(start, retain_graph=True)
    y.backward(start)
    assert start.tolist() == [1.0, 1.0]
    assert x.grad.tolist() == [4.0, 4.0]


def test_broadcast_gradients_are_summed_to_the_shape_of_the_input() -> None:
    x = ag.ones(3, 1, requires_grad=True)
    y = ag.ones(4, requires_grad=True)
    z = ag.ones((), requires_grad=True)
    (x * y + z).sum().backward()
    assert x.grad.shape == (3, 1)
    assert y.grad.tolist() == [3.0] * 4
    assert z.grad.item() == 12.0


def test_a_diamond_runs_each_node_once() -> None:
    x = leaf(2.0)
    shared = x * x
    calls: list[float] = []
    shared.register_hook(lambda g: calls.append(g.item()))
    (shared * 3 + shared * 4).backward()
    assert calls == [7.0]
    assert x.grad.item() == 28.0


def test_second_backward_names_the_place_of_the_first() -> None:
    x = leaf(2.0)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time") as caught:
        y.backward()
    message = str(caught.value)
    assert "MulBackward0 was made at" in message
    assert "test_engine.py" in message
    assert "y.backward()" in message


def test_a_graph_that_keeps_no_array_can_be_gone_through_again() -> None:
    x = leaf(1.0, 2.0)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_retain_graph() -> None:
    x = leaf(3.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12.0


def test_non_scalar_backward_needs_a_gradient() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        (x * x).backward()


def test_no_graph() -> None:
    with pytest.raises(
        RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"
    ):
        ag.ones(1).backward()


def test_mismatched_gradient() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(
        RuntimeError, match=r"Mismatch in shape: grad_output\[0\] has a shape of ag.Size\(\[3\]\)"
    ):
        (x * x).backward(ag.ones(3))


def test_changed_in_place_names_both_lines() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    z = y.exp()
    z.add_(1)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation") as caught:
        z.sum().backward()
    message = str(caught.value)
    assert "which is output 0 of ExpBackward0, is at version 1; expected version 0" in message
    assert "y.exp()" in message
    assert "z.add_(1)" in message


def test_grad_returns_and_leaves_grad_alone() -> None:
    x, y = leaf(2.0), leaf(3.0)
    (gx,) = ag.autograd.grad(x * y, x)
    assert gx.item() == 3.0
    assert x.grad is None
    assert y.grad is None


def test_grad_of_a_tensor_in_the_middle() -> None:
    x = leaf(2.0)
    middle = x * x
    end = middle * middle
    gm, gx = ag.autograd.grad(end, (middle, x))
    assert (gm.item(), gx.item()) == (8.0, 32.0)


def test_grad_of_the_output_itself() -> None:
    x = leaf(2.0)
    y = x * 2
    assert ag.autograd.grad(y, y)[0].item() == 1.0


def test_unused_input() -> None:
    x, unused = leaf(2.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        ag.autograd.grad(x * x, (x, unused))
    assert ag.autograd.grad(x * x, unused, allow_unused=True) == (None,)
    assert ag.autograd.grad(x * x, unused, materialize_grads=True)[0].item() == 0.0


def test_only_the_path_to_a_wanted_input_runs() -> None:
    x, y = leaf(2.0), leaf(3.0)
    ran: list[str] = []
    a = x * x
    a.register_hook(lambda g: ran.append("a"))
    b = y * y
    b.register_hook(lambda g: ran.append("b"))
    ag.autograd.grad(a * b, x)
    assert ran == ["a"]


def test_backward_with_inputs() -> None:
    x, y = leaf(2.0), leaf(3.0)
    middle = x * y
    (middle * middle).backward(inputs=[x, middle])
    assert x.grad.item() == 36.0
    assert y.grad is None
    assert middle.grad.item() == 12.0


def test_higher_orders() -> None:
    x = leaf(2.0)
    y = x * x * x * x
    for expected in (32.0, 48.0, 48.0, 24.0):
        (y,) = ag.autograd.grad(y, x, create_graph=True)
        assert y.item() == expected


def test_create_graph_gives_grad_a_history() -> None:
    x = leaf(3.0)
    (x * x * x).backward(create_graph=True)
    assert x.grad.item() == 27.0
    (gg,) = ag.autograd.grad(x.grad, x)
    assert gg.item() == 18.0


def test_is_grads_batched() -> None:
    x = leaf(1.0, 2.0)
    (rows,) = ag.autograd.grad(x * x, x, ag.eye(2), is_grads_batched=True)
    assert rows.tolist() == [[2.0, 0.0], [0.0, 4.0]]


def test_a_failed_backward_changes_no_grad() -> None:
    x, y = leaf(1.0), leaf(2.0)
    bad = y * 3

    def refuse(g: ag.Tensor) -> None:
        raise ValueError("no")

    bad.register_hook(refuse)
    total = x * 2 + bad
    with pytest.raises(ValueError, match="no"):
        total.backward()
    assert x.grad is None
    assert y.grad is None
    assert ag.is_grad_enabled()
    (x * 5).backward()
    assert x.grad.item() == 5.0


def test_an_error_in_backward_names_the_forward_line() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    y.register_hook(lambda g: "not a tensor")
    with pytest.raises(TypeError, match="expected Variable, but hook returned 'str'"):
        y.sum().backward()


def test_frozen_after_the_forward() -> None:
    x = leaf(1.0)
    y = x * 2
    x.requires_grad_(False)
    y.backward()
    assert x.grad is None


def test_a_chain_of_a_million_nodes() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1.0
    del y  # frees a million nodes, one inside the other
    assert sys.getrecursionlimit() < 10_000


def test_many_leaves_in_one_graph() -> None:
    leaves = [leaf(float(i)) for i in range(100)]
    total = leaves[0]
    for tensor in leaves[1:]:
        total = total * 1.0 + tensor * 2.0
    total.backward()
    assert leaves[0].grad.item() == 1.0
    assert all(t.grad.item() == 2.0 for t in leaves[1:])


def test_a_training_step_leaves_nothing_for_the_garbage_collector() -> None:
    w = ag.ones(8, 4, requires_grad=True)
    x = ag.ones(3, 8)

    def step() -> None:
        y = (x @ w).relu()
        loss = ((y - y.mean()) * y[:, 1:2]).sum() + y.exp().log().softmax(dim=1).sum()
        parts = y.split(2, dim=1)
        (loss + (parts[0] * parts[1]).sum()).backward()
        (g,) = ag.autograd.grad((w * w * w).sum(), w, create_graph=True)
        g.sum().backward()
        z = y.detach() * 2
        z.add_(1)
        z[0] = 3.0

    step()
    gc.collect()
    gc.disable()
    try:
        step()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_an_activation_that_nobody_needs_dies_at_once() -> None:
    x = ag.ones(10, requires_grad=True)
    y = x + 1
    z = y + 1
    alive = weakref.ref(y)
    del y
    assert alive() is None
    z.sum().backward()
    assert x.grad.tolist() == [1.0] * 10


def test_additions_keep_no_arrays() -> None:
    x = ag.ones(1_000_000, requires_grad=True)
    tracemalloc.start()
    try:
        y = x
        for _ in range(50):
            y = y + x
        held, _ = tracemalloc.get_traced_memory()
        assert held < 3 * x.nbytes  # the result, and what Python itself needs
        tracemalloc.reset_peak()
        y.sum().backward()
        _, peak = tracemalloc.get_traced_memory()
        assert peak < 6 * x.nbytes
    finally:
        tracemalloc.stop()


def test_kept_arrays_are_freed_while_backward_runs() -> None:
    x = ag.ones(1_000_000, requires_grad=True)
    y = x
    for _ in range(20):
        y = y.exp().log()
    tracemalloc.start()
    try:
        y.sum().backward()
        _, peak = tracemalloc.get_traced_memory()
        assert peak < 5 * x.nbytes  # gradients only: nothing of the forward is held twice
    finally:
        tracemalloc.stop()


def test_backward_inside_a_hook() -> None:
    x = leaf(2.0)
    inner = leaf(3.0)
    y = x * x

    def hook(g: ag.Tensor) -> ag.Tensor:
        with ag.enable_grad():
            (inner * inner).backward()
        return g * inner.grad

    y.register_hook(hook)
    y.backward()
    assert x.grad.item() == 24.0


def test_threads_with_graphs_of_their_own() -> None:
    results: dict[int, float] = {}

    def work(number: int) -> None:
        for _ in range(50):
            x = leaf(float(number))
            y = x
            for _ in range(20):
                y = y * 1.0 + x
            y.backward()
            results[number] = x.grad.item()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(4), 21.0)


def test_grad_mode_is_per_thread() -> None:
    seen: list[bool] = []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: seen.append((leaf(1.0) * 2).requires_grad))
        thread.start()
        thread.join()
        assert not (leaf(1.0) * 2).requires_grad
    assert seen == [True]


@pytest.mark.parametrize("dtype", [ag.float16, ag.bfloat16, ag.float64, ag.complex64])
def test_gradients_have_the_dtype_of_their_leaf(dtype: ag.dtype) -> None:
    x = ag.ones(3, dtype=dtype, requires_grad=True)
    y = (x * 2.5 + 1) * x
    y.backward(ag.ones(3, dtype=dtype))
    assert x.grad.dtype is dtype
    np.testing.assert_allclose(x.grad.to(ag.complex128).numpy(), 6.0)


def test_mixed_dtypes_are_cast_and_cast_back() -> None:
    x = ag.ones(2, requires_grad=True)
    y = ag.ones(2, dtype=ag.float64, requires_grad=True)
    z = x * y
    assert z.dtype is ag.float64
    z.sum().backward()
    assert x.grad.dtype is ag.float32
    assert y.grad.dtype is ag.float64
