"""Hooks on tensors and nodes, `retain_grad`, accumulation: the same program through both libraries."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, leaf, raised, ramp, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


# -- tensor hooks ----------------------------------------------------------------------------------------------------


@program
def leaf_hooks_see_the_sum(L: Any) -> Any:
    x, seen = leaf(L, 1.0, 2.0), []
    x.register_hook(lambda g: seen.append(g.clone()))
    (x * 2 + x * x).sum().backward()
    return seen, x.grad


@program
def leaf_hook_replaces_what_is_accumulated(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    x.register_hook(lambda g: g * 0 + 7)
    for _ in range(2):
        (x * x).sum().backward()
    return x.grad


@program
def hooks_are_not_called_for_other_inputs(L: Any) -> Any:
    x, w, seen = leaf(L, 1.0), leaf(L, 2.0), []
    x.register_hook(lambda g: seen.append("x"))
    w.register_hook(lambda g: seen.append("w"))
    y = x * w
    L.autograd.grad(y.sum(), w)
    return seen


@program
def hooks_run_for_grad_too(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    x.register_hook(lambda g: g * 5)
    return L.autograd.grad((x * x).sum(), x), x.grad


@program
def hook_on_the_root(L: Any) -> Any:
    x, seen = leaf(L, 1.0, 2.0), []
    y = (x * x).sum()
    y.register_hook(lambda g: seen.append(g))
    y.register_hook(lambda g: g * 3)
    y.backward()
    return seen, x.grad


@program
def hook_under_create_graph(L: Any) -> Any:
    x, seen = leaf(L, 1.0, 2.0), []
    y = x * x
    y.register_hook(lambda g: seen.append(g.requires_grad))
    y.register_hook(lambda g: g * x)
    (g,) = L.autograd.grad((y * y).sum(), x, create_graph=True)
    return g, seen, L.autograd.grad(g.sum(), x)


@program
def hook_sees_grad_mode(L: Any) -> Any:
    x, seen = leaf(L, 1.0), []
    y = x * x
    y.register_hook(lambda g: seen.append(L.is_grad_enabled()))
    y.sum().backward(retain_graph=True)
    L.autograd.grad(y.sum(), x, create_graph=True)
    return seen


@program
def hook_changes_its_argument_in_place(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * 2
    y.register_hook(lambda g: g.mul_(3))
    (y * y).sum().backward()
    return x.grad


@program
def hook_removed_by_handle(L: Any) -> Any:
    x, seen = leaf(L, 1.0), []
    y = x * 2
    first = y.register_hook(lambda g: seen.append(1))
    with y.register_hook(lambda g: seen.append(2)):
        y.sum().backward(retain_graph=True)
    first.remove()
    first.remove()
    y.sum().backward()
    return seen


@program
def hook_that_removes_itself(L: Any) -> Any:
    x, seen, handles = leaf(L, 1.0), [], []

    def once(g: Any) -> None:
        seen.append("once")
        handles.pop().remove()

    y = x * 2
    handles.append(y.register_hook(once))
    y.register_hook(lambda g: seen.append("always"))
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    return seen


@program
def hook_registered_in_a_hook(L: Any) -> Any:
    x, seen = leaf(L, 1.0), []
    y = x * 2
    y.register_hook(lambda g: seen.append("y") or (x.register_hook(lambda g: seen.append("x")) and None))
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    return seen


@program
def the_same_hook_twice(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    double = lambda g: g * 2  # noqa: E731
    x.register_hook(double)
    x.register_hook(double)
    (x * 1).sum().backward()
    return x.grad


def returning(name: str, value: Callable[[Any], Any]) -> None:
    def on_a_tensor(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0)
        y = x * 2
        y.register_hook(lambda g: value(L))
        y.sum().backward()
        return x.grad

    def on_a_leaf(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0)
        x.register_hook(lambda g: value(L))
        (x * 2).sum().backward()
        return x.grad

    for function in (on_a_tensor, on_a_leaf):
        program[f"hook_returns_{name}_{function.__name__}"] = function


returning("a_number", lambda L: 3.0)
returning("another_shape", lambda L: L.ones(3, dtype=L.float64))
returning("another_dtype", lambda L: L.ones(2))
returning("integers", lambda L: L.ones(2, dtype=L.int64))
returning("one_that_requires_grad", lambda L: leaf(L, 5.0, 6.0))
returning("a_tuple", lambda L: (L.ones(2, dtype=L.float64),))
returning("a_string", lambda L: "no")


@program
def hook_that_is_no_function(L: Any) -> Any:
    y = leaf(L, 1.0) * 2
    y.register_hook(3)
    y.sum().backward()


@program
def hook_that_raises(L: Any) -> Any:
    x = leaf(L, 1.0)
    y = x * 2

    def refuse(g: Any) -> None:
        raise KeyError("no")

    handle = y.register_hook(refuse)
    first = raised(lambda: y.sum().backward(retain_graph=True))
    handle.remove()
    y.sum().backward()
    return first, x.grad


@program
def leaf_hook_that_raises_leaves_other_leaves_alone(L: Any) -> Any:
    x = leaf(L, 1.0)

    def refuse(g: Any) -> None:
        raise ValueError("no")

    x.register_hook(refuse)
    first = raised(lambda: (x * 2).sum().backward())
    return first, x.grad


@program
def hook_on_a_frozen_leaf(L: Any) -> Any:
    x, seen = leaf(L, 1.0), []
    x.register_hook(lambda g: seen.append(g))
    x.requires_grad_(False)
    w = leaf(L, 2.0)
    (x * w).sum().backward()
    x.requires_grad_(True)
    (x * w).sum().backward()
    return seen, x.grad


@program
def hook_survives_data_changes(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    x.register_hook(lambda g: g * 10)
    with L.no_grad():
        x.add_(1)
    (x * x).sum().backward()
    return x.grad


@program
def hooks_are_not_copied(L: Any) -> Any:
    x, seen = leaf(L, 1.0, 2.0), []
    x.register_hook(lambda g: seen.append(1))
    y = x.clone().detach().requires_grad_()
    y.sum().backward()
    return seen


@program
def hooks_keep_their_tensor_alive_only_while_needed(L: Any) -> Any:
    x = leaf(L, 1.0)
    y = x * 2
    y.register_hook(lambda g: None)
    gone = weakref.ref(y)
    z = y * 3
    del y
    alive = gone() is not None
    z.sum().backward()
    return alive, x.grad


@program
def order_over_a_graph(L: Any) -> Any:
    x, order = leaf(L, 1.0), []
    a = x * 2
    b = a * 3
    c = a * 5
    d = b + c
    for name, t in {"x": x, "a": a, "b": b, "c": c, "d": d}.items():
        t.register_hook(lambda g, name=name: order.append(name))
    d.sum().backward()
    return order[0], sorted(order[1:3]), order[3:]


# -- retain_grad -----------------------------------------------------------------------------------------------------


@program
def retain_grad_of_a_leaf(L: Any) -> Any:
    x = leaf(L, 1.0)
    x.retain_grad()
    (x * 2).sum().backward()
    return x.grad, x.retains_grad


@program
def retain_grad_twice(L: Any) -> Any:
    y = leaf(L, 1.0) * 2
    y.retain_grad()
    y.retain_grad()
    (y * 3).sum().backward()
    return y.grad


@program
def retain_grad_after_backward(L: Any) -> Any:
    y = leaf(L, 1.0) * 2
    z = (y * 3).sum()
    z.backward(retain_graph=True)
    y.retain_grad()
    z.backward(retain_graph=True)
    z.backward()
    return y.grad


@program
def retain_grad_under_autograd_grad(L: Any) -> Any:
    x = leaf(L, 1.0)
    y = x * 2
    y.retain_grad()
    g = L.autograd.grad((y * 3).sum(), x)
    return g, y.grad


@program
def retain_grad_of_the_root(L: Any) -> Any:
    y = (leaf(L, 1.0) * 2).sum()
    y.retain_grad()
    y.backward()
    return y.grad


@program
def retained_grad_after_hooks(L: Any) -> Any:
    y = leaf(L, 1.0) * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    (y * 3).sum().backward()
    return y.grad


@program
def retain_grad_under_create_graph(L: Any) -> Any:
    x = leaf(L, 1.0, 3.0)
    y = x * x
    y.retain_grad()
    (y * y).sum().backward(create_graph=True)
    return y.grad, y.grad.requires_grad, L.autograd.grad(y.grad.sum(), x)


@program
def retain_grad_on_one_of_several_outputs(L: Any) -> Any:
    x = leaf(L, 3.0, 1.0, 2.0)
    values, indices = x.sort()
    values.retain_grad()
    (values * L.arange(3, dtype=L.float64)).sum().backward()
    return values.grad, x.grad, indices


@program
def retain_grad_on_both_parts(L: Any) -> Any:
    x = leaf(L, 3.0, 1.0, 2.0, 5.0)
    a, b = (x * 1).chunk(2)
    a.retain_grad()
    b.retain_grad()
    (a * b).sum().backward()
    return a.grad, b.grad, a.retains_grad, x.grad


@program
def grad_of_a_tensor_that_is_not_retained(L: Any) -> Any:
    y = leaf(L, 1.0) * 2
    y.sum().backward()
    caught, grad = warned(lambda: y.grad)
    return caught, grad is None


@program
def no_warning_for_what_needs_no_grad(L: Any) -> Any:
    return warned(lambda: L.ones(1).grad), warned(lambda: leaf(L, 1.0).grad)


# -- accumulation ----------------------------------------------------------------------------------------------------


@program
def post_accumulate_hook_on_a_computed_tensor(L: Any) -> Any:
    (leaf(L, 1.0) * 2).register_post_accumulate_grad_hook(lambda t: None)


@program
def post_accumulate_hook_without_grad(L: Any) -> Any:
    L.ones(1).register_post_accumulate_grad_hook(lambda t: None)


@program
def post_accumulate_hook_does_not_run_for_grad(L: Any) -> Any:
    x, seen = leaf(L, 1.0), []
    x.register_post_accumulate_grad_hook(lambda t: seen.append(1))
    L.autograd.grad((x * 2).sum(), x)
    return seen


@program
def post_accumulate_hook_steps_and_frees(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)

    def step(t: Any) -> None:
        with L.no_grad():
            t.sub_(t.grad, alpha=0.1)
        t.grad = None

    x.register_post_accumulate_grad_hook(step)
    for _ in range(3):
        (x * x).sum().backward()
    return x, x.grad


@program
def post_accumulate_hook_removed(L: Any) -> Any:
    x, seen = leaf(L, 1.0), []
    handle = x.register_post_accumulate_grad_hook(lambda t: seen.append(1))
    (x * 2).sum().backward()
    handle.remove()
    (x * 2).sum().backward()
    return seen


@program
def post_accumulate_hook_returns_something(L: Any) -> Any:
    x = leaf(L, 1.0)
    x.register_post_accumulate_grad_hook(lambda t: t.grad * 100)
    (x * 2).sum().backward()
    return x.grad


@program
def address_of_an_accumulated_gradient(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    (x * x).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    return x.grad is first, first


@program
def accumulated_gradient_under_create_graph(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    (x * x).sum().backward(create_graph=True)
    first = x.grad
    (x * x).sum().backward(create_graph=True)
    return x.grad is first, first, x.grad, x.grad.requires_grad


@program
def given_gradient_is_not_aliased(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    g = L.ones(2, dtype=L.float64)
    x.backward(g)
    g.mul_(5)
    return x.grad, x.grad is g


@program
def two_leaves_do_not_share_a_gradient(L: Any) -> Any:
    x, w = leaf(L, 1.0), leaf(L, 2.0)
    (x + w).sum().backward()
    x.grad.add_(5)
    return x.grad, w.grad


@program
def gradient_of_another_layout(L: Any) -> Any:
    x = ramp(L, 2, 3)
    (x.t() * ramp(L, 3, 2).detach()).sum().backward()
    return x.grad, x.grad.is_contiguous(), x.grad.stride()


@program
def gradient_of_an_expanded_sum(L: Any) -> Any:
    x = ramp(L, 2, 3)
    x.sum().backward()
    x.grad[0, 0] = 7.0
    return x.grad


@program
def grad_set_to_none_and_again(L: Any) -> Any:
    x = leaf(L, 1.0)
    (x * 2).sum().backward()
    x.grad = None
    (x * 3).sum().backward()
    return x.grad


@program
def grad_zeroed_in_place(L: Any) -> Any:
    x = leaf(L, 1.0)
    (x * 2).sum().backward()
    kept = x.grad
    x.grad.zero_()
    (x * 3).sum().backward()
    return x.grad, kept is x.grad


@program
def grad_deleted(L: Any) -> Any:
    x = leaf(L, 1.0)
    (x * 2).sum().backward()
    del x.grad
    return x.grad is None


@program
def grad_requires_no_grad(L: Any) -> Any:
    x = leaf(L, 1.0)
    (x * x).sum().backward()
    return x.grad.requires_grad, x.grad.is_leaf, x.grad.grad_fn is None


WRONG: dict[str, Callable[[Any, Any], Any]] = {
    "itself": lambda L, x: x,
    "number": lambda L, x: 3.0,
    "list": lambda L, x: [1.0, 2.0],
    "shape": lambda L, x: L.ones(3, dtype=L.float64),
    "dtype": lambda L, x: L.ones(2),
    "integers": lambda L, x: L.ones(2, dtype=L.int64),
    "fitting": lambda L, x: L.ones(2, dtype=L.float64),
    "one_that_requires_grad": lambda L, x: leaf(L, 3.0, 4.0),
    "transposed": lambda L, x: L.ones(1, 2, dtype=L.float64).t(),
}


def assigning(name: str, value: Callable[[Any, Any], Any]) -> None:
    def run(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0)
        x.grad = value(L, x)
        (x * x).sum().backward()
        return x.grad

    program[f"grad_assigned_{name}"] = run


for _name, _value in WRONG.items():
    assigning(_name, _value)


@program
def grad_assigned_to_a_computed_tensor(L: Any) -> Any:
    y = leaf(L, 1.0, 2.0) * 2
    y.grad = L.ones(2, dtype=L.float64)
    return y.grad


@program
def grad_assigned_without_requires_grad(L: Any) -> Any:
    x = L.ones(2)
    x.grad = L.zeros(2)
    return x.grad


# -- nodes -----------------------------------------------------------------------------------------------------------


def seen_by_hooks(L: Any, make: Callable[[Any], Any], use: Callable[[Any], Any]) -> Any:
    """What pre- and post-hooks of a node with several outputs see."""
    x, seen = ramp(L, 4), []
    outputs = make(x * 1)
    node = outputs[0].grad_fn
    node.register_prehook(
        lambda outputs: seen.append(("pre", [g if g is not None else "none" for g in outputs]))
    )
    node.register_hook(
        lambda inputs, outputs: seen.append(
            ("post", list(inputs), [g if g is not None else "none" for g in outputs])
        )
    )
    use(outputs).sum().backward()
    return seen, x.grad


SEVERAL: dict[str, Callable[[Any], Any]] = {
    "split": lambda x: x.split(2),
    "chunk": lambda x: x.chunk(2),
    "unbind": lambda x: x.view(2, 2).unbind(),
}

for _name, _make in SEVERAL.items():
    program[f"hooks_of_{_name}_one_used"] = lambda L, make=_make: seen_by_hooks(L, make, lambda o: o[1] * 2)
    program[f"hooks_of_{_name}_all_used"] = lambda L, make=_make: seen_by_hooks(
        L, make, lambda o: o[0] * o[1]
    )


@program
def hooks_of_a_function_with_several_outputs(L: Any) -> Any:
    class Both(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            return g * 2 + h * 3

    return seen_by_hooks(L, Both.apply, lambda outputs: outputs[1])


@program
def hooks_of_a_function_that_wants_none(L: Any) -> Any:
    class Both(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            return h * 3 if g is None else g * 2

    return seen_by_hooks(L, Both.apply, lambda outputs: outputs[1])


@program
def prehook_fills_in_what_is_missing(L: Any) -> Any:
    x = ramp(L, 4)
    a, b = (x * 1).split(2)
    a.grad_fn.register_prehook(lambda outputs: (outputs[1] * 5, outputs[1]))
    b.sum().backward()
    return x.grad


@program
def prehook_takes_a_gradient_away(L: Any) -> Any:
    x = ramp(L, 4)
    a, b = (x * 1).split(2)
    a.grad_fn.register_prehook(lambda outputs: (None, outputs[1]))
    (a.sum() + b.sum()).backward()
    return x.grad


@program
def hooks_of_several_outputs_under_create_graph(L: Any) -> Any:
    x = ramp(L, 4)
    a, b = (x * x).split(2)
    a.grad_fn.register_prehook(lambda outputs: tuple(None if g is None else g * 2 for g in outputs))
    (g,) = L.autograd.grad((b * b).sum(), x, create_graph=True)
    return g, L.autograd.grad(g.sum(), x)


@program
def node_prehook_under_grad_for_one_input(L: Any) -> Any:
    x, w, seen = leaf(L, 1.0), leaf(L, 2.0), []
    y = x * w
    y.grad_fn.register_prehook(lambda outputs: seen.append(len(outputs)))
    L.autograd.grad(y.sum(), x)
    return seen


@program
def node_hook_that_raises(L: Any) -> Any:
    x = leaf(L, 1.0)
    y = x.exp()

    def refuse(*arguments: Any) -> None:
        raise LookupError("no")

    y.grad_fn.register_hook(refuse)
    first = raised(lambda: y.sum().backward(retain_graph=True))
    return first, x.grad


@program
def metadata_of_a_node(L: Any) -> Any:
    y = leaf(L, 1.0) * 2
    y.grad_fn.metadata["mine"] = 5
    return y.grad_fn.metadata["mine"], list((leaf(L, 1.0) * 2).grad_fn.metadata)


@program
def nodes_are_the_same_object(L: Any) -> Any:
    x = leaf(L, 1.0)
    y = x * 2
    z = y + 1
    return (
        y.grad_fn is y.grad_fn,
        z.grad_fn.next_functions[0][0] is y.grad_fn,
        hash(y.grad_fn) == hash(y.grad_fn),
    )


@program
def accumulate_node_of_a_leaf(L: Any) -> Any:
    x = leaf(L, 1.0)
    node = (x * 2).grad_fn.next_functions[0][0]
    again = (x * 3).grad_fn.next_functions[0][0]
    return node.name(), node is again, node.variable is x, node.next_functions


@program
def name_of_a_function(L: Any) -> Any:
    class Cube(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    y = Cube.apply(leaf(L, 1.0))
    return y.grad_fn.name(), type(y.grad_fn).__name__, len(y.grad_fn.next_functions)


@program
def hooks_on_an_output_written_in_place(L: Any) -> Any:
    x, seen = leaf(L, 1.0, 2.0), []
    y = x * 2
    y.register_hook(lambda g: seen.append(("before", g.clone())))
    y.mul_(3)
    y.register_hook(lambda g: seen.append(("after", g.clone())))
    y.retain_grad()
    y.add_(1)
    (y * y).sum().backward()
    return seen, x.grad, y.grad


@program
def multi_grad_hook_raises(L: Any) -> Any:
    x, w = leaf(L, 1.0), leaf(L, 2.0)

    def refuse(grads: Any) -> None:
        raise ValueError("no")

    L.autograd.graph.register_multi_grad_hook((x, w), refuse)
    return raised(lambda: (x * w).sum().backward())


@program
def multi_grad_hook_twice(L: Any) -> Any:
    x, w, seen = leaf(L, 1.0), leaf(L, 2.0), []
    handle = L.autograd.graph.register_multi_grad_hook((x, w), lambda grads: seen.append(list(grads)))
    (x * w).sum().backward()
    (x * w * 2).sum().backward()
    handle.remove()
    (x * w).sum().backward()
    return seen
