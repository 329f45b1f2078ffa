"""`ag.autograd.graph`: hooks on nodes, edges, hooks on several gradients, counting changes from outside."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.core import engine

graph = ag.autograd.graph


def leaf(*values: float) -> ag.Tensor:
    return ag.tensor(values if len(values) > 1 else values[0], requires_grad=True)


def test_a_post_hook_sees_gradients_in_the_shapes_of_the_inputs() -> None:
    x, b = leaf(1.0, 2.0), leaf(3.0)
    y = x * b
    seen: list[Any] = []
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs, outputs)))
    y.sum().backward()
    ((inputs, outputs),) = seen
    assert [tuple(g.shape) for g in inputs] == [(2,), ()]
    assert inputs[1].item() == 3.0
    assert outputs[0].tolist() == [1.0, 1.0]


def test_hooks_replace_what_leaves_and_what_enters() -> None:
    x = leaf(3.0)
    y = x * 2
    first = y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 10, None))
    second = y.grad_fn.register_prehook(lambda outputs: (outputs[0] + 1,))
    assert ag.autograd.grad(y, x, retain_graph=True)[0].item() == 40.0
    first.remove()
    assert ag.autograd.grad(y, x, retain_graph=True)[0].item() == 4.0
    second.remove()
    assert ag.autograd.grad(y, x)[0].item() == 2.0


def test_a_node_that_is_only_asked_for_its_gradient_does_not_run_its_hooks() -> None:
    x = leaf(3.0)
    y = x * 2
    called: list[str] = []
    y.grad_fn.register_prehook(lambda outputs: called.append("pre"))
    y.grad_fn.register_hook(lambda inputs, outputs: called.append("post"))
    ag.autograd.grad(y * 3, y)
    assert called == []
    y.backward()
    assert called == ["pre", "post"]


def test_the_gradient_asked_for_is_the_one_before_the_prehooks() -> None:
    x = leaf(3.0)
    y = x * 2
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 5,))
    found = ag.autograd.grad(y * 3, [y, x])
    assert [g.item() for g in found] == [3.0, 30.0]


def test_hooks_on_a_leafs_node() -> None:
    x = leaf(3.0)
    y = x * 2
    accumulate = y.grad_fn.next_functions[0][0]
    called: list[Any] = []
    accumulate.register_prehook(lambda outputs: (outputs[0] * 10,))
    accumulate.register_hook(lambda inputs, outputs: called.append((inputs, outputs[0].item())))
    y.backward()
    assert x.grad.item() == 20.0
    assert called == [((), 20.0)]


def test_a_prehook_of_several_outputs_sees_none_and_cannot_fill_it_in() -> None:
    x = leaf(1.0, 2.0, 3.0, 4.0)
    first, _ = (x * 1).split(2)
    seen: list[Any] = []

    def fill(outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        seen.append([g is None for g in outputs])
        return outputs[0], ag.ones(2) * 7

    first.grad_fn.register_prehook(fill)
    with pytest.raises(RuntimeError, match="can't replace a None gradient with a non-None value"):
        first.sum().backward()
    assert seen == [[False, True]]
    assert x.grad is None


def test_hooks_under_create_graph_are_differentiated() -> None:
    x = leaf(3.0)
    y = x * x
    y.grad_fn.register_hook(lambda inputs, outputs: tuple(g * x for g in inputs))  # doubles one power of x
    (g,) = ag.autograd.grad(y, x, create_graph=True)
    assert g.item() == 18.0
    assert ag.autograd.grad(g, x)[0].item() == 12.0


@pytest.mark.parametrize(
    ("returned", "kind", "words"),
    [
        (3, TypeError, "expected tuple, but hook returned 'int'"),
        ((1, 2), TypeError, "expected Variable, but hook returned 'int'"),
        ((None,), RuntimeError, r"incorrect number of values \(got 1, but expected 2\)"),
        ((ag.ones(3), None), RuntimeError, "has changed the size of value"),
    ],
)
def test_what_a_post_hook_may_not_return(returned: Any, kind: type[Exception], words: str) -> None:
    x, b = leaf(3.0), leaf(2.0)
    y = x * b
    y.grad_fn.register_hook(lambda inputs, outputs: returned)
    with pytest.raises(kind, match=words):
        y.backward()


def test_an_edge_outlives_its_tensor() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    gone = weakref.ref(y)
    edge = graph.get_gradient_edge(y)
    z = (y * 3).sum()
    del y
    assert gone() is None
    assert ag.autograd.grad(z, edge, retain_graph=True)[0].tolist() == [3.0, 3.0]
    assert ag.autograd.grad(edge, x, ag.ones(2))[0].tolist() == [2.0, 2.0]


def test_an_edge_of_one_output_of_several() -> None:
    x = leaf(1.0, 2.0, 3.0, 4.0)
    _, second = (x * 1).split(2)
    edge = graph.get_gradient_edge(second)
    assert edge.output_nr == 1
    assert edge.node is second.grad_fn
    loss = (second * second).sum()
    assert ag.autograd.grad(loss, edge, retain_graph=True)[0].tolist() == [6.0, 8.0]
    by_hand = graph.GradientEdge(second.grad_fn, 1)
    assert ag.autograd.grad(loss, by_hand, retain_graph=True)[0].tolist() == [6.0, 8.0]
    ag.autograd.backward([loss, by_hand], [None, ag.ones(2)])
    assert x.grad.tolist() == [0.0, 0.0, 7.0, 9.0]


def test_edges_of_leaves_and_implicit_gradients() -> None:
    x = leaf(3.0)
    y = x * x
    edge = graph.get_gradient_edge(x)
    assert edge.node.variable is x
    ag.autograd.backward(graph.get_gradient_edge(y), inputs=edge)
    assert x.grad.item() == 6.0


def test_refusals_of_edges() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    edge = graph.get_gradient_edge(y)
    with pytest.raises(RuntimeError, match="does not require gradients"):
        graph.get_gradient_edge(ag.ones(2))
    with pytest.raises(IndexError, match="MulBackward0 has 1 output, but output_nr is 1"):
        ag.autograd.backward(graph.GradientEdge(y.grad_fn, 1), ag.ones(2))
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        ag.autograd.backward(edge)
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        ag.autograd.backward(edge, ag.ones(3))
    other = graph.get_gradient_edge(x * 3)
    with pytest.raises(RuntimeError, match="materialize_grads cannot be used"):
        ag.autograd.grad(y.sum(), other, materialize_grads=True)


def test_inputs_by_name() -> None:
    x, y = leaf(2.0), leaf(5.0)
    found = ag.autograd.grad(x * y, {"x": x, "y": y})
    assert {name: g.item() for name, g in found.items()} == {"x": 5.0, "y": 2.0}
    (x * y).backward(inputs={"y": y})
    assert x.grad is None
    assert y.grad.item() == 2.0
    with pytest.raises(RuntimeError, match="cannot be empty"):
        ag.autograd.grad(x * y, {})


def test_several_gradients_at_once() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    c, d = a * b, a * b
    seen: list[list[bool]] = []
    handle = graph.register_multi_grad_hook((a, b, c, d), lambda gs: seen.append([g is not None for g in gs]))
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    (c.sum() + d.sum()).backward(retain_graph=True)
    assert seen == [[True, True, True, False], [True, False, True, False], [True] * 4]
    handle.remove()
    c.sum().backward()
    assert len(seen) == 3


def test_the_first_of_several_gradients() -> None:
    x = leaf(3.0)
    y = x * 2
    seen: list[float] = []
    graph.register_multi_grad_hook((x, y), lambda g: seen.append(g.item()), mode="any")
    (y * 5).backward(retain_graph=True)
    (y * 7).backward()
    assert seen == [5.0, 7.0]


def test_a_pass_inside_a_hook_has_its_own_count() -> None:
    x, y = leaf(2.0), leaf(3.0)
    seen: list[list[float]] = []
    graph.register_multi_grad_hook((x, y), lambda gs: seen.append([g.item() for g in gs]))
    z, other = x * y, x * y * 10
    z.register_hook(lambda g: other.backward())
    z.backward()
    assert seen == [[30.0, 20.0], [3.0, 2.0]]


def test_a_pass_that_fails_leaves_nothing_behind() -> None:
    x = leaf(2.0)
    graph.register_multi_grad_hook((x,), lambda gs: None)
    y = x * 2

    def refuse(g: ag.Tensor) -> None:
        raise ValueError("no")

    handle = y.register_hook(refuse)
    with pytest.raises(ValueError, match="no"):
        y.backward(retain_graph=True)
    handle.remove()
    assert graph._passes.running == []
    y.backward()
    assert x.grad.item() == 2.0


def test_refusals_of_hooks_on_several_gradients() -> None:
    with pytest.raises(ValueError, match="Expects mode to be one of"):
        graph.register_multi_grad_hook([leaf(1.0)], print, mode="some")  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="tensor 1 does not require grad"):
        graph.register_multi_grad_hook([leaf(1.0), ag.ones(1)], print)


def test_hooks_make_no_reference_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = x * 2
        y.grad_fn.register_hook(lambda inputs, outputs: None)
        graph.register_multi_grad_hook((x, y), lambda gs: None)
        edge = graph.get_gradient_edge(y)
        y.sum().backward()
        gone = weakref.ref(y.grad_fn)
        del x, y, edge
        assert gone() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_changes_from_outside_are_counted() -> None:
    x, w = leaf(1.0, 2.0), ag.ones(2)
    y = (x * w).sum()
    graph.increment_version(w)
    graph.increment_version([w, w])
    assert w._version == 3
    with pytest.raises(RuntimeError, match="modified by an inplace operation") as caught:
        y.backward()
    assert "graph.increment_version([w, w])" in str(caught.value)
    with pytest.raises(TypeError, match="to be a tensor"):
        graph.increment_version([3])  # type: ignore[list-item]


def test_a_saved_output_and_the_output_itself_both_count() -> None:
    class Exp(ag.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
            (y,) = ctx.saved_tensors
            return g * y

    x = ag.tensor(0.5, dtype=ag.float64, requires_grad=True)
    y = Exp.apply(x)
    (g,) = ag.autograd.grad(y, x, create_graph=True)
    (total,) = ag.autograd.grad(y + g, x)
    assert total.item() == pytest.approx(2 * y.item())


def test_nobody_watches_passes_unless_asked() -> None:
    before = list(engine.around)
    x = leaf(1.0)
    (x * 2).backward()
    assert engine.around == before
