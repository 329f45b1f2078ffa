"""`autograd.graph`, checkpoints and anomaly mode: the same program through both libraries, with the same outcome."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the judge here")

import autograd_gpu as ag  # noqa: E402 - after the check for PyTorch

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


def leaf(L: Any, *values: float) -> Any:
    return L.tensor(list(values), dtype=L.float64, requires_grad=True)


def plain(value: Any) -> Any:
    """Tensors of either library as lists, everything else as it is."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return np.round(value.detach().numpy(), 10).tolist() if hasattr(value, "detach") else value


def outcome(function: Callable[[Any], Any], library: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "value", plain(function(library))
        except Exception as error:
            # The first words, without what each library calls its own things.
            message = re.sub(r"torch\.|ag\.", "", str(error).split("\n")[0])
            return (
                "error",
                type(error).__name__,
                re.split(r"[.;:\[( ] ?on |[.;:\[(]", message)[0].strip()[:60],
            )


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    assert outcome(PROGRAMS[name], ag) == outcome(PROGRAMS[name], torch)


# -- hooks on nodes ----------------------------------------------------------------------


@program
def post_hook_sees(L: Any) -> Any:
    x, b = leaf(L, 1.0, 2.0), leaf(L, 3.0)
    y, seen = x * b, []
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs, outputs)))
    y.sum().backward()
    return seen


@program
def post_hook_with_one_input_wanted(L: Any) -> Any:
    x, b = leaf(L, 1.0, 2.0), leaf(L, 3.0)
    y, seen = x * b, []
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append([g is None for g in inputs]))
    L.autograd.grad(y.sum(), x)
    return seen


@program
def post_hook_replaces(L: Any) -> Any:
    x, b = leaf(L, 1.0, 2.0), leaf(L, 3.0)
    y = x * b
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 10, inputs[1] * 20))
    y.sum().backward()
    return x.grad, b.grad


@program
def post_hooks_in_order(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x.exp()
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1,))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 10,))
    y.sum().backward()
    return x.grad


@program
def post_hook_removes_a_gradient(L: Any) -> Any:
    x, b = leaf(L, 1.0), leaf(L, 3.0)
    y = x * b
    y.grad_fn.register_hook(lambda inputs, outputs: (None, inputs[1]))
    y.sum().backward()
    return x.grad is None, b.grad


@program
def prehook_replaces(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x.exp()
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 10,))
    y.sum().backward()
    return x.grad


@program
def order_of_hooks(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y, order = x.exp(), []
    y.grad_fn.register_hook(lambda inputs, outputs: order.append("post"))
    y.grad_fn.register_prehook(lambda outputs: order.append("pre"))
    y.register_hook(lambda g: order.append("tensor"))
    x.register_hook(lambda g: order.append("leaf"))
    x.register_post_accumulate_grad_hook(lambda t: order.append("accumulated"))
    y.sum().backward()
    return order


@program
def hooks_of_a_captured_node(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y, order = x.exp(), []
    y.grad_fn.register_hook(lambda inputs, outputs: order.append("post"))
    y.grad_fn.register_prehook(lambda outputs: order.append("pre"))
    y.register_hook(lambda g: order.append("tensor"))
    return L.autograd.grad(y.sum(), y), order


@program
def captured_before_prehooks(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x.exp()
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 10,))
    return L.autograd.grad(y.sum(), [y, x])


@program
def hooks_of_accumulate_grad(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y, seen = x.exp(), []
    accumulate = y.grad_fn.next_functions[0][0]
    accumulate.register_prehook(lambda outputs: (outputs[0] * 2,))
    accumulate.register_hook(lambda inputs, outputs: seen.append((inputs, outputs)))
    y.sum().backward()
    return x.grad, seen


@program
def prehook_of_several_outputs(L: Any) -> Any:
    x, seen = leaf(L, 1.0, 2.0, 3.0, 4.0), []
    first, _ = (x * 1).split(2)
    first.grad_fn.register_prehook(lambda outputs: seen.append([g is None for g in outputs]))
    first.sum().backward()
    return x.grad, seen


@program
def post_hook_under_create_graph(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * x
    y.grad_fn.register_hook(lambda inputs, outputs: tuple(g * x for g in inputs))
    (g,) = L.autograd.grad(y.sum(), x, create_graph=True)
    return g, L.autograd.grad(g.sum(), x)


def returning(name: str, register: str, value: Callable[[Any], Any]) -> None:
    def run(L: Any) -> Any:
        x, b = leaf(L, 1.0), leaf(L, 3.0)
        y = x * b
        getattr(y.grad_fn, register)(lambda *arguments: value(L))
        y.sum().backward()
        return x.grad, b.grad

    PROGRAMS[name] = run


returning("post_hook_returns_a_number", "register_hook", lambda L: 3)
returning("post_hook_returns_numbers", "register_hook", lambda L: (1, 2))
returning("post_hook_returns_too_few", "register_hook", lambda L: (L.ones(1, dtype=L.float64),))
returning("post_hook_returns_another_shape", "register_hook", lambda L: (L.ones(3, dtype=L.float64), None))
returning("prehook_returns_too_many", "register_prehook", lambda L: (L.ones(1, dtype=L.float64),) * 2)
returning("prehook_returns_another_shape", "register_prehook", lambda L: (L.ones(3, dtype=L.float64),))
returning("prehook_returns_a_tensor", "register_prehook", lambda L: L.ones(1, dtype=L.float64) * 4)
returning("prehook_returns_a_number", "register_prehook", lambda L: 4)
returning("prehook_returns_numbers", "register_prehook", lambda L: (4,))


@program
def removed_hooks(L: Any) -> Any:
    x, order = leaf(L, 1.0), []
    y = x.exp()
    handle = y.grad_fn.register_hook(lambda inputs, outputs: order.append("post"))
    with y.grad_fn.register_prehook(lambda outputs: order.append("pre")):
        y.sum().backward(retain_graph=True)
    handle.remove()
    handle.remove()
    y.sum().backward()
    return order


# -- edges ------------------------------------------------------------------------------


@program
def grad_at_an_edge(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * x
    edge = L.autograd.graph.get_gradient_edge(y)
    return L.autograd.grad((y * 3).sum(), edge), edge.output_nr


@program
def grad_from_an_edge(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * x
    edge = L.autograd.graph.get_gradient_edge(y)
    return L.autograd.grad(edge, x, L.ones(2, dtype=L.float64))


@program
def edge_of_the_second_output(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0, 3.0, 4.0)
    a, b = (x * 2).split(2)
    edge = L.autograd.graph.get_gradient_edge(b)
    loss = (a * b).sum()
    return edge.output_nr, L.autograd.grad(loss, edge, retain_graph=True), L.autograd.grad(loss, [x, edge])


@program
def edge_by_hand(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0, 3.0, 4.0)
    a, b = (x * 2).split(2)
    edge = L.autograd.graph.GradientEdge(b.grad_fn, 1)
    loss = (a * b).sum()
    return L.autograd.grad(loss, edge, retain_graph=True), L.autograd.grad(
        edge, x, L.ones(2, dtype=L.float64)
    )


@program
def output_and_its_edge(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0, 3.0, 4.0)
    a, b = (x * 2).split(2)
    edge = L.autograd.graph.GradientEdge(b.grad_fn, 1)
    L.autograd.backward([(a * b).sum(), edge], [None, L.ones(2, dtype=L.float64)])
    return x.grad


@program
def backward_into_an_edge_of_a_leaf(L: Any) -> Any:
    x, b = leaf(L, 1.0, 2.0), leaf(L, 3.0)
    (x * b).sum().backward(inputs=[L.autograd.graph.get_gradient_edge(x)])
    return x.grad, b.grad is None


@program
def edge_of_a_scalar_root(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    L.autograd.backward(L.autograd.graph.get_gradient_edge((x * x).sum()))
    return x.grad


@program
def edge_of_a_root_that_is_no_scalar(L: Any) -> Any:
    L.autograd.backward(L.autograd.graph.get_gradient_edge(leaf(L, 1.0, 2.0) * 2))


@program
def edge_with_a_wrong_gradient(L: Any) -> Any:
    edge = L.autograd.graph.get_gradient_edge(leaf(L, 1.0, 2.0) * 2)
    L.autograd.backward([edge], [L.ones(3, dtype=L.float64)])


@program
def edge_without_grad(L: Any) -> Any:
    return L.autograd.graph.get_gradient_edge(L.ones(2))


@program
def edge_that_is_unused(L: Any) -> Any:
    x = leaf(L, 1.0)
    return L.autograd.grad(x * 2, L.autograd.graph.get_gradient_edge(x * 3))


@program
def edge_that_may_be_unused(L: Any) -> Any:
    x = leaf(L, 1.0)
    (g,) = L.autograd.grad(x * 2, L.autograd.graph.get_gradient_edge(x * 3), allow_unused=True)
    return g is None


@program
def edge_materialized(L: Any) -> Any:
    x = leaf(L, 1.0)
    return L.autograd.grad(x * 2, L.autograd.graph.get_gradient_edge(x * 3), materialize_grads=True)


@program
def edge_batched(L: Any) -> Any:
    x = leaf(L, 1.0)
    edge = L.autograd.graph.get_gradient_edge(x * 2)
    return L.autograd.grad(edge, x, L.ones(2, 1, dtype=L.float64), is_grads_batched=True)


@program
def inputs_in_a_dict(L: Any) -> Any:
    x, b = leaf(L, 1.0, 2.0), leaf(L, 3.0)
    found = L.autograd.grad((x * b).sum(), {"x": x, "b": b})
    (x * b).sum().backward(inputs={"b": b})
    return sorted(found.items()), x.grad is None, b.grad


@program
def no_inputs_for_grad(L: Any) -> Any:
    return L.autograd.grad(leaf(L, 1.0) * 2, [])


@program
def no_inputs_for_backward(L: Any) -> Any:
    (leaf(L, 1.0) * 2).backward(inputs=[])


# -- hooks on several gradients, changes from outside --------------------------------------------------------------------


@program
def hook_on_several_gradients(L: Any) -> Any:
    a, b = leaf(L, 1.0, 2.0), leaf(L, 3.0, 4.0)
    c, d, seen = a * b, a * b, []
    handle = L.autograd.graph.register_multi_grad_hook(
        (a, b, c, d), lambda gs: seen.append([g is None for g in gs])
    )
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    (c * d).sum().backward(retain_graph=True)
    handle.remove()
    c.sum().backward()
    return seen


@program
def hook_on_any_gradient(L: Any) -> Any:
    x, seen = leaf(L, 1.0, 2.0), []
    y = x * 2
    L.autograd.graph.register_multi_grad_hook((x, y), seen.append, mode="any")
    (y * 3).sum().backward(retain_graph=True)
    (y * 5).sum().backward()
    return seen


@program
def hook_on_any_of_constants(L: Any) -> Any:
    L.autograd.graph.register_multi_grad_hook((L.ones(2),), print, mode="any")
    return "fine"


@program
def hook_on_a_constant(L: Any) -> Any:
    L.autograd.graph.register_multi_grad_hook((leaf(L, 1.0), L.ones(2)), print)


@program
def hook_with_an_unknown_mode(L: Any) -> Any:
    L.autograd.graph.register_multi_grad_hook((leaf(L, 1.0),), print, mode="most")


@program
def changes_from_outside(L: Any) -> Any:
    x, w = leaf(L, 1.0, 2.0), L.ones(2, dtype=L.float64)
    L.autograd.graph.increment_version(w)
    y = (x * w).sum()
    L.autograd.graph.increment_version([w, w])
    y.backward()


@program
def changes_from_outside_are_counted(L: Any) -> Any:
    w = L.ones(2)
    L.autograd.graph.increment_version(w)
    L.autograd.graph.increment_version((w, w))
    return w._version


@program
def double_backward_through_a_saved_output(L: Any) -> Any:
    class Exp(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (y,) = ctx.saved_tensors
            return g * y

    x = leaf(L, 0.5)
    y = Exp.apply(x)
    (g,) = L.autograd.grad(y.sum(), x, create_graph=True)
    return L.autograd.grad((y + g).sum(), x)


# -- anomaly mode ------------------------------------------------------------


@program
def nan_in_backward(L: Any) -> Any:
    with L.autograd.detect_anomaly():
        (leaf(L, 0.0).sqrt() * 0).sum().backward()


@program
def nan_in_the_second_gradient(L: Any) -> Any:
    with L.autograd.set_detect_anomaly(True):
        (leaf(L, 1.0) / leaf(L, 0.0) * 0).sum().backward()


@program
def nan_that_is_not_looked_for(L: Any) -> Any:
    x = leaf(L, 0.0)
    with L.autograd.detect_anomaly(check_nan=False):
        (x.sqrt() * 0).sum().backward()
    return x.grad.isnan().tolist()


@program
def infinity_is_no_anomaly(L: Any) -> Any:
    x = leaf(L, 0.0)
    with L.autograd.detect_anomaly():
        x.sqrt().sum().backward()
    return x.grad.isinf().tolist()


@program
def anomaly_mode_of_the_forward_only(L: Any) -> Any:
    x = leaf(L, 0.0)
    with L.autograd.detect_anomaly():
        y = (x.sqrt() * 0).sum()
    y.backward()
    return x.grad.isnan().tolist()


@program
def anomaly_mode_under_create_graph(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    with L.autograd.detect_anomaly():
        (g,) = L.autograd.grad((x**3).sum(), x, create_graph=True)
        return L.autograd.grad(g.sum(), x)


# -- checkpoints -------------------------------------------------------------


def checkpoints(L: Any) -> Any:
    return __import__(f"{L.__name__}.utils.checkpoint", fromlist=["checkpoint"])


@program
def reentrant_checkpoint(L: Any) -> Any:
    x, w = leaf(L, 1.0, 2.0), leaf(L, 3.0, 4.0)
    y = checkpoints(L).checkpoint(lambda x: (x * w).sin() * x, x, use_reentrant=True)
    y.sum().backward()
    return y, x.grad, w.grad


@program
def checkpoint_without_reentrance(L: Any) -> Any:
    x, w = leaf(L, 1.0, 2.0), leaf(L, 3.0, 4.0)
    y = checkpoints(L).checkpoint(lambda x: (x * w).sin() * x, x, use_reentrant=False)
    gradients = L.autograd.grad(y.sum(), [x, w], create_graph=True)
    return y, gradients, L.autograd.grad(sum(g.sum() for g in gradients), [x, w])


@program
def reentrant_checkpoint_under_grad(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = checkpoints(L).checkpoint(lambda x: x.sin(), x, use_reentrant=True)
    return L.autograd.grad(y.sum(), x)


@program
def checkpoint_used_up(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = checkpoints(L).checkpoint(lambda x: x.sin(), x, use_reentrant=False).sum()
    y.backward()
    y.backward()


@program
def checkpoint_that_changes(L: Any) -> Any:
    x, sizes = leaf(L, 1.0), iter((2, 3))
    checkpoints(L).checkpoint(
        lambda x: (x.expand(next(sizes)) * 2).exp(), x, use_reentrant=False
    ).sum().backward()


@program
def checkpoint_with_keywords_and_reentrance(L: Any) -> Any:
    return checkpoints(L).checkpoint(lambda x, s: x * s, leaf(L, 1.0), use_reentrant=True, s=2)


@program
def checkpoint_of_detached(L: Any) -> Any:
    checkpoints(L).checkpoint(lambda x: x.detach(), leaf(L, 1.0), use_reentrant=True).sum().backward()


@program
def checkpointed_sequence(L: Any) -> Any:
    x = leaf(L, 0.5, 1.0)
    steps = [lambda x: x.sin(), lambda x: x * x, lambda x: x.exp(), lambda x: x.cos(), lambda x: x + 1]
    y = checkpoints(L).checkpoint_sequential(steps, 2, x, use_reentrant=False)
    return y, L.autograd.grad(y.sum(), x)
