"""Grad modes, hooks, the names and places of nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import autograd_gpu as ag


def leaf(*values: float) -> ag.Tensor:
    return ag.tensor(values if len(values) > 1 else values[0], requires_grad=True)


def test_no_grad_and_enable_grad() -> None:
    x = leaf(1.0)
    with ag.no_grad():
        assert not ag.is_grad_enabled()
        assert not (x * 2).requires_grad
        with ag.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


@pytest.mark.parametrize("decorator", [ag.no_grad, ag.no_grad()])
def test_no_grad_as_a_decorator(decorator: object) -> None:
    @decorator  # type: ignore[operator]
    def double(x: ag.Tensor) -> ag.Tensor:
        return x * 2

    assert not double(leaf(1.0)).requires_grad
    assert ag.is_grad_enabled()


def test_no_grad_on_a_generator_function() -> None:
    @ag.no_grad()
    def produce(x: ag.Tensor) -> Iterator[ag.Tensor]:
        received = yield x * 2
        assert received == "sent"
        assert not ag.is_grad_enabled()
        yield x * 3

    generator = produce(leaf(1.0))
    assert not next(generator).requires_grad
    assert ag.is_grad_enabled()
    assert not generator.send("sent").requires_grad  # type: ignore[attr-defined]


def test_set_grad_enabled() -> None:
    x = leaf(1.0)
    with ag.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    ag.set_grad_enabled(False)
    assert not (x * 2).requires_grad
    ag.set_grad_enabled(True)

    @ag.set_grad_enabled(False)
    def double(x: ag.Tensor) -> ag.Tensor:
        return x * 2

    assert ag.is_grad_enabled()
    assert not double(x).requires_grad


def test_an_exception_restores_the_mode() -> None:
    with pytest.raises(ValueError, match="x"), ag.no_grad():
        raise ValueError("x")
    assert ag.is_grad_enabled()


def test_modes_leave_no_trace() -> None:
    from autograd_gpu.core import modes

    with ag.no_grad(), ag.enable_grad():
        pass
    assert modes.grad_disabled == 0
    assert modes.intercepting == 0


def test_tensor_hooks_run_in_order_and_can_replace() -> None:
    x = leaf(1.0)
    y = x * 2
    seen: list[float] = []
    y.register_hook(lambda g: seen.append(g.item()))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(g.item()))
    y.backward()
    assert seen == [1.0, 10.0]
    assert x.grad.item() == 20.0


def test_hooks_on_leaves() -> None:
    x = leaf(1.0)
    x.register_hook(lambda g: g + 1)
    after: list[float] = []
    x.register_post_accumulate_grad_hook(lambda t: after.append(t.grad.item()))
    (x * 2).backward()
    assert x.grad.item() == 3.0
    assert after == [3.0]


def test_removing_a_hook() -> None:
    x = leaf(1.0)
    handle = x.register_hook(lambda g: g * 100)
    handle.remove()
    handle.remove()
    with x.register_hook(lambda g: g * 7):
        (x * 1).backward()
    (x * 1).backward()
    assert x.grad.item() == 8.0


def test_a_hook_must_keep_shape_and_type() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    y.register_hook(lambda g: g.sum())
    with pytest.raises(RuntimeError, match="has changed the size of value"):
        y.sum().backward()


def test_hooks_see_create_graph() -> None:
    x = leaf(2.0)
    y = x * x
    seen: list[bool] = []
    y.register_hook(lambda g: seen.append((g * 1).requires_grad))
    (y * y).backward(create_graph=True)
    assert seen == [True]


def test_retain_grad() -> None:
    x = leaf(2.0)
    y = x * 3
    assert not y.retains_grad
    y.retain_grad()
    assert y.retains_grad
    (y * y).backward()
    assert y.grad.item() == 12.0


def test_grad_of_a_non_leaf_warns_and_names_its_line() -> None:
    y = leaf(2.0) * 3
    with pytest.warns(UserWarning, match=r"not a leaf Tensor is being accessed(.|\n)*leaf\(2\.0\) \* 3"):
        assert y.grad is None


def test_names_and_next_functions() -> None:
    x, w = leaf(1.0), leaf(2.0)
    y = (x * w).exp()
    assert y.grad_fn.name() == "ExpBackward0"
    product = y.grad_fn.next_functions[0][0]
    assert product.name() == "MulBackward0"
    assert [node.name() for node, _ in product.next_functions] == ["AccumulateGrad", "AccumulateGrad"]
    assert product.next_functions[0][0].variable is x


def test_outputs_of_one_node() -> None:
    first, second = (leaf(1.0, 2.0, 3.0, 4.0) * 1).split(2)
    assert first.grad_fn is second.grad_fn
    assert (first.output_nr, second.output_nr) == (0, 1)


def test_the_place_of_a_node() -> None:
    x = leaf(1.0)
    y = x * 2 + x.exp()
    place = y.grad_fn.place
    assert place.filename == __file__
    assert place.expression == "x * 2 + x.exp()"
    inner = y.grad_fn.next_functions[1][0].place
    assert inner.expression == "x.exp()"


def test_the_place_of_an_op_inside_a_module() -> None:
    module = ag.nn.Sequential(ag.nn.Linear(2, 2), ag.nn.ReLU())
    y = module(ag.ones(1, 2))
    assert y.grad_fn.place.expression == "module(ag.ones(1, 2))"


def test_leaves() -> None:
    x = leaf(1.0)
    assert x.is_leaf
    assert x.grad_fn is None
    assert not (x * 2).is_leaf
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables"):
        (x * 2).requires_grad_(False)
    with pytest.raises(
        RuntimeError, match="Only Tensors of floating point and complex dtype can require gradients"
    ):
        ag.tensor([1, 2], requires_grad=True)


def test_assigning_grad() -> None:
    x = leaf(1.0, 2.0)
    x.grad = ag.ones(2)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    with pytest.raises(RuntimeError, match="attempting to assign a gradient of size"):
        x.grad = ag.ones(3)
    with pytest.raises(TypeError, match="assigned grad expected to be a Tensor or None"):
        x.grad = 1.0
    del x.grad
    assert x.grad is None


def test_deepcopy_and_pickle() -> None:
    import copy
    import pickle

    x = leaf(1.0, 2.0)
    x.note = "mine"
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.tolist() == x.tolist()
        assert twin.requires_grad
        assert twin.note == "mine"
        assert twin is not x
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(x * 2)
