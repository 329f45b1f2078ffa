"""Hooks on modules, one by one: the same program through both libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, leaf, raised, ramp, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


def scale(L: Any) -> Any:
    """A module with a parameter, a keyword argument, and a forward that fails for None."""

    class Scale(L.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = L.nn.Parameter(L.tensor([2.0, 3.0], dtype=L.float64))

        def forward(self, x: Any, *more: Any, factor: Any = 1.0) -> Any:
            if x is None:
                raise ValueError("no input")
            y = x * self.weight * factor
            for other in more:
                y = y + other
            return y

    return Scale()


def two(L: Any) -> Any:
    """A module with two inputs and two outputs."""

    class Two(L.nn.Module):
        def forward(self, x: Any, y: Any) -> Any:
            return x * y, x + y

    return Two()


# -- forward ---------------------------------------------------------------------------------------------------------


@program
def pre_hook_sees(L: Any) -> Any:
    m, seen = scale(L), []
    m.register_forward_pre_hook(lambda module, args: seen.append((module is m, len(args), args[0])))
    y = m(leaf(L, 1.0, 2.0), factor=3.0)
    return seen, y


@program
def pre_hook_replaces_one(L: Any) -> Any:
    m = scale(L)
    m.register_forward_pre_hook(lambda module, args: args[0] * 10)
    return m(leaf(L, 1.0, 2.0))


@program
def pre_hook_replaces_with_a_tuple(L: Any) -> Any:
    m = scale(L)
    m.register_forward_pre_hook(lambda module, args: (args[0], args[0] * 100))
    return m(leaf(L, 1.0, 2.0))


@program
def pre_hook_replaces_with_a_list(L: Any) -> Any:
    m = scale(L)
    m.register_forward_pre_hook(lambda module, args: [args[0]])
    return m(leaf(L, 1.0, 2.0))


@program
def pre_hooks_chain(L: Any) -> Any:
    m = scale(L)
    m.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    m.register_forward_pre_hook(lambda module, args: (args[0] * 10,))
    m.register_forward_pre_hook(lambda module, args: (args[0] - 3,), prepend=True)
    return m(leaf(L, 1.0, 2.0))


@program
def pre_hook_with_kwargs(L: Any) -> Any:
    m, seen = scale(L), []

    def hook(module: Any, args: Any, kwargs: Any) -> Any:
        seen.append(sorted(kwargs))
        return args, {"factor": kwargs.get("factor", 1.0) * 5}

    m.register_forward_pre_hook(hook, with_kwargs=True)
    return m(leaf(L, 1.0, 2.0), factor=3.0), m(leaf(L, 1.0, 2.0)), seen


@program
def pre_hook_with_kwargs_returns_nothing(L: Any) -> Any:
    m = scale(L)
    m.register_forward_pre_hook(lambda module, args, kwargs: None, with_kwargs=True)
    return m(leaf(L, 1.0, 2.0), factor=3.0)


@program
def pre_hook_with_kwargs_returns_args_only(L: Any) -> Any:
    m = scale(L)
    m.register_forward_pre_hook(lambda module, args, kwargs: args, with_kwargs=True)
    return m(leaf(L, 1.0, 2.0))


@program
def pre_hook_that_raises(L: Any) -> Any:
    m, seen = scale(L), []

    def refuse(module: Any, args: Any) -> None:
        raise KeyError("no")

    m.register_forward_pre_hook(refuse)
    m.register_forward_hook(lambda module, args, out: seen.append("after"))
    return raised(lambda: m(leaf(L, 1.0, 2.0))), seen


@program
def forward_hook_sees(L: Any) -> Any:
    m, seen = scale(L), []
    m.register_forward_hook(lambda module, args, out: seen.append((module is m, len(args), args[0], out)))
    return m(leaf(L, 1.0, 2.0), factor=3.0), seen


@program
def forward_hook_replaces(L: Any) -> Any:
    m, x = scale(L), leaf(L, 1.0, 2.0)
    m.register_forward_hook(lambda module, args, out: out * args[0])
    y = m(x)
    y.sum().backward()
    return y, x.grad, m.weight.grad


@program
def forward_hooks_chain(L: Any) -> Any:
    m = scale(L)
    m.register_forward_hook(lambda module, args, out: out + 1)
    m.register_forward_hook(lambda module, args, out: out * 10)
    m.register_forward_hook(lambda module, args, out: out - 3, prepend=True)
    return m(leaf(L, 1.0, 2.0))


@program
def forward_hook_sees_replaced_arguments(L: Any) -> Any:
    m, seen = scale(L), []
    m.register_forward_pre_hook(lambda module, args: (args[0] + 5,))
    m.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    m(leaf(L, 1.0, 2.0))
    return seen


@program
def forward_hook_with_kwargs(L: Any) -> Any:
    m, seen = scale(L), []
    m.register_forward_hook(
        lambda module, args, kwargs, out: seen.append((len(args), kwargs)) or out * 2, with_kwargs=True
    )
    return m(leaf(L, 1.0, 2.0), factor=3.0), seen


@program
def forward_hook_returns_something_else(L: Any) -> Any:
    m = scale(L)
    m.register_forward_hook(lambda module, args, out: {"y": out})
    return m(leaf(L, 1.0, 2.0))


@program
def forward_hook_returns_false(L: Any) -> Any:
    m = scale(L)
    m.register_forward_hook(lambda module, args, out: False)
    return m(leaf(L, 1.0, 2.0))


@program
def always_called_hook(L: Any) -> Any:
    m, seen = scale(L), []
    m.register_forward_hook(lambda module, args, out: seen.append(("usual", out is None)))
    m.register_forward_hook(lambda module, args, out: seen.append(("always", out is None)), always_call=True)
    failed = raised(lambda: m(None))
    m(leaf(L, 1.0, 2.0))
    return failed, seen


@program
def always_called_hook_that_raises_too(L: Any) -> Any:
    m = scale(L)

    def refuse(*arguments: Any) -> None:
        raise KeyError("second")

    m.register_forward_hook(refuse, always_call=True)
    return warned(lambda: raised(lambda: m(None)))


@program
def always_called_hook_after_a_failing_hook(L: Any) -> Any:
    m, seen = scale(L), []

    def refuse(*arguments: Any) -> None:
        raise KeyError("first")

    m.register_forward_hook(refuse)
    m.register_forward_hook(lambda module, args, out: seen.append(out), always_call=True)
    return raised(lambda: m(leaf(L, 1.0, 2.0))), seen


@program
def always_called_hook_before_a_failing_hook(L: Any) -> Any:
    m, seen = scale(L), []

    def refuse(*arguments: Any) -> None:
        raise KeyError("first")

    m.register_forward_hook(lambda module, args, out: seen.append(1), always_call=True)
    m.register_forward_hook(refuse)
    return raised(lambda: m(leaf(L, 1.0, 2.0))), seen


@program
def removed_hooks(L: Any) -> Any:
    m, seen = scale(L), []
    handles = [
        m.register_forward_pre_hook(lambda module, args: seen.append("pre")),
        m.register_forward_hook(lambda module, args, out: seen.append("post")),
        m.register_full_backward_pre_hook(lambda module, g: seen.append("back pre")),
        m.register_full_backward_hook(lambda module, g, h: seen.append("back")),
    ]
    x = leaf(L, 1.0, 2.0)
    m(x).sum().backward()
    for handle in handles:
        handle.remove()
    m(x).sum().backward()
    return seen


@program
def hook_removes_itself(L: Any) -> Any:
    m, seen, handles = scale(L), [], []

    def once(module: Any, args: Any, out: Any) -> None:
        seen.append("once")
        handles.pop().remove()

    handles.append(m.register_forward_hook(once))
    m.register_forward_hook(lambda module, args, out: seen.append("always"))
    return raised(lambda: m(leaf(L, 1.0, 2.0))), raised(lambda: m(leaf(L, 1.0, 2.0))), seen


@program
def pre_hook_removes_itself(L: Any) -> Any:
    m, seen, handles = scale(L), [], []

    def once(module: Any, args: Any) -> None:
        seen.append("once")
        handles.pop().remove()

    handles.append(m.register_forward_pre_hook(once))
    m.register_forward_pre_hook(lambda module, args: seen.append("always"))
    return raised(lambda: m(leaf(L, 1.0, 2.0))), raised(lambda: m(leaf(L, 1.0, 2.0))), seen


@program
def handle_as_a_context(L: Any) -> Any:
    m, seen = scale(L), []
    with m.register_forward_hook(lambda module, args, out: seen.append(1)):
        m(leaf(L, 1.0, 2.0))
    m(leaf(L, 1.0, 2.0))
    return seen


@program
def forward_called_directly_runs_no_hooks(L: Any) -> Any:
    m, seen = scale(L), []
    m.register_forward_hook(lambda module, args, out: seen.append(1))
    m.forward(leaf(L, 1.0, 2.0))
    return seen


@program
def hooks_of_children_in_order(L: Any) -> Any:
    net, order = L.nn.Sequential(L.nn.Identity(), L.nn.Sequential(L.nn.Tanh())).double(), []
    for name, module in net.named_modules():
        module.register_forward_pre_hook(lambda module, args, name=name: order.append(("pre", name)))
        module.register_forward_hook(lambda module, args, out, name=name: order.append(("post", name)))
        module.register_full_backward_pre_hook(lambda module, g, name=name: order.append(("back pre", name)))
        module.register_full_backward_hook(lambda module, g, h, name=name: order.append(("back", name)))
    net(leaf(L, 1.0, 2.0)).sum().backward()
    return order


# -- backward --------------------------------------------------------------------------------------------------------


@program
def backward_hook_sees(L: Any) -> Any:
    m, x, seen = scale(L), leaf(L, 1.0, 2.0), []
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append((module is m, inputs, outputs)))
    (m(x) ** 2).sum().backward()
    return seen, x.grad, m.weight.grad


@program
def backward_hook_replaces(L: Any) -> Any:
    m, x = scale(L), leaf(L, 1.0, 2.0)
    m.register_full_backward_hook(lambda module, inputs, outputs: (inputs[0] * 100,))
    m(x).sum().backward()
    return x.grad, m.weight.grad


@program
def backward_hooks_chain(L: Any) -> Any:
    m, x = scale(L), leaf(L, 1.0, 2.0)
    m.register_full_backward_hook(lambda module, inputs, outputs: (inputs[0] + 1,))
    m.register_full_backward_hook(lambda module, inputs, outputs: (inputs[0] * 10,))
    m.register_full_backward_hook(lambda module, inputs, outputs: (inputs[0] - 5,), prepend=True)
    m(x).sum().backward()
    return x.grad


@program
def backward_pre_hook_replaces(L: Any) -> Any:
    m, x, seen = scale(L), leaf(L, 1.0, 2.0), []
    m.register_full_backward_pre_hook(lambda module, outputs: (outputs[0] * 7,))
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append((inputs, outputs)))
    m(x).sum().backward()
    return x.grad, m.weight.grad, seen


@program
def backward_pre_hooks_chain(L: Any) -> Any:
    m, x = scale(L), leaf(L, 1.0, 2.0)
    m.register_full_backward_pre_hook(lambda module, outputs: (outputs[0] + 1,))
    m.register_full_backward_pre_hook(lambda module, outputs: (outputs[0] * 10,), prepend=True)
    m(x).sum().backward()
    return x.grad


@program
def backward_hooks_of_two_inputs_and_outputs(L: Any) -> Any:
    m, x, y, seen = two(L), leaf(L, 1.0, 2.0), leaf(L, 3.0, 4.0), []
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append((inputs, outputs)))
    m.register_full_backward_pre_hook(lambda module, outputs: seen.append(outputs))
    a, b = m(x, y)
    (a * a + b).sum().backward()
    return seen, x.grad, y.grad


@program
def backward_hooks_with_one_output_used(L: Any) -> Any:
    m, x, y, seen = two(L), leaf(L, 1.0, 2.0), leaf(L, 3.0, 4.0), []
    m.register_full_backward_pre_hook(lambda module, outputs: seen.append([g is None for g in outputs]))
    m.register_full_backward_hook(
        lambda module, inputs, outputs: seen.append(
            [[g is None for g in inputs], [g is None for g in outputs]]
        )
    )
    _, b = m(x, y)
    b.sum().backward()
    return seen, x.grad, y.grad


@program
def backward_hooks_with_a_constant_input(L: Any) -> Any:
    m, x, seen = two(L), leaf(L, 1.0, 2.0), []
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append([g is None for g in inputs]))
    a, b = m(x, L.ones(2, dtype=L.float64))
    (a + b).sum().backward()
    return seen, x.grad


@program
def backward_hooks_without_inputs_that_need_grad(L: Any) -> Any:
    m, seen = scale(L), []
    m.register_full_backward_hook(
        lambda module, inputs, outputs: seen.append(([g is None for g in inputs], outputs))
    )
    caught, _ = warned(lambda: m(L.ones(2, dtype=L.float64)).sum().backward())
    return caught, seen, m.weight.grad


@program
def backward_hook_replaces_what_there_is_not(L: Any) -> Any:
    m = scale(L)
    m.register_full_backward_hook(lambda module, inputs, outputs: (L.ones(2, dtype=L.float64),))
    m(L.ones(2, dtype=L.float64)).sum().backward()


def backward_returning(name: str, value: Callable[[Any], Any]) -> None:
    def from_hook(L: Any) -> Any:
        m, x = scale(L), leaf(L, 1.0, 2.0)
        m.register_full_backward_hook(lambda module, inputs, outputs: value(L))
        m(x).sum().backward()
        return x.grad

    def from_pre_hook(L: Any) -> Any:
        m, x = scale(L), leaf(L, 1.0, 2.0)
        m.register_full_backward_pre_hook(lambda module, outputs: value(L))
        m(x).sum().backward()
        return x.grad

    program[f"backward_hook_returns_{name}"] = from_hook
    program[f"backward_pre_hook_returns_{name}"] = from_pre_hook


backward_returning("a_tensor", lambda L: L.ones(2, dtype=L.float64) * 4)
backward_returning("too_many", lambda L: (L.ones(2, dtype=L.float64),) * 2)
backward_returning("another_shape", lambda L: (L.ones(3, dtype=L.float64),))
backward_returning("a_number", lambda L: 3.0)
backward_returning("an_empty_tuple", lambda L: ())


@program
def backward_hook_under_no_grad(L: Any) -> Any:
    m, seen = scale(L), []
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append(1))
    with L.no_grad():
        y = m(leaf(L, 1.0, 2.0))
    return y, y.requires_grad, seen


@program
def backward_hook_of_a_dict_output(L: Any) -> Any:
    class Named(L.nn.Module):
        def forward(self, x: Any) -> Any:
            return {"y": x * 2}

    m, x, seen = Named(), leaf(L, 1.0), []
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append(1))
    caught, out = warned(lambda: m(x))
    out["y"].sum().backward()
    return caught, seen, x.grad


@program
def backward_hook_of_a_list_output(L: Any) -> Any:
    class Listed(L.nn.Module):
        def forward(self, x: Any) -> Any:
            return [x * 2, x * 3]

    m, x = Listed(), leaf(L, 1.0)
    m.register_full_backward_hook(lambda module, inputs, outputs: None)
    caught, out = warned(lambda: m(x))
    return caught, out


@program
def backward_hook_that_raises(L: Any) -> Any:
    m, x = scale(L), leaf(L, 1.0, 2.0)

    def refuse(*arguments: Any) -> None:
        raise KeyError("no")

    m.register_full_backward_hook(refuse)
    return raised(lambda: m(x).sum().backward()), x.grad


@program
def backward_hook_twice_through_one_graph(L: Any) -> Any:
    m, x, seen = scale(L), leaf(L, 1.0, 2.0), []
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append((inputs, outputs)))
    y = m(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return seen, x.grad


@program
def backward_hook_of_a_module_used_twice(L: Any) -> Any:
    m, x, seen = scale(L), leaf(L, 1.0, 2.0), []
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append((inputs, outputs)))
    m(m(x)).sum().backward()
    return seen, x.grad


@program
def backward_hook_under_autograd_grad(L: Any) -> Any:
    m, x, seen = scale(L), leaf(L, 1.0, 2.0), []
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append((inputs, outputs)))
    return L.autograd.grad(m(x).sum(), x), L.autograd.grad(m(x).sum(), m.weight), len(seen)


@program
def backward_hook_under_create_graph(L: Any) -> Any:
    m, x = scale(L), leaf(L, 1.0, 2.0)
    m.register_full_backward_hook(lambda module, inputs, outputs: (inputs[0] * x,))
    (g,) = L.autograd.grad((m(x) ** 2).sum(), x, create_graph=True)
    return g, L.autograd.grad(g.sum(), x)


@program
def output_of_a_module_with_backward_hooks_written_in_place(L: Any) -> Any:
    m, x = scale(L), leaf(L, 1.0, 2.0)
    m.register_full_backward_hook(lambda module, inputs, outputs: None)
    m(x).mul_(2)


@program
def input_of_a_module_with_backward_hooks_written_in_place(L: Any) -> Any:
    class Writes(L.nn.Module):
        def forward(self, x: Any) -> Any:
            return x.mul_(2)

    m, x = Writes(), leaf(L, 1.0, 2.0)
    m.register_full_backward_hook(lambda module, inputs, outputs: None)
    m(x * 1)


@program
def keyword_inputs_are_not_seen_by_backward_hooks(L: Any) -> Any:
    m, x, f, seen = scale(L), leaf(L, 1.0, 2.0), leaf(L, 3.0), []
    m.register_full_backward_hook(lambda module, inputs, outputs: seen.append(len(inputs)))
    m(x, factor=f).sum().backward()
    return seen, x.grad, f.grad


@program
def node_of_an_output_with_backward_hooks(L: Any) -> Any:
    m, x = scale(L), leaf(L, 1.0, 2.0)
    m.register_full_backward_hook(lambda module, inputs, outputs: None)
    y = m(x)
    return y.grad_fn.name(), y.is_leaf, y.requires_grad


@program
def old_and_full_backward_hooks_together(L: Any) -> Any:
    m = scale(L)
    m.register_backward_hook(lambda module, inputs, outputs: None)
    m.register_full_backward_hook(lambda module, inputs, outputs: None)


@program
def old_backward_hook(L: Any) -> Any:
    m, x, seen = scale(L), leaf(L, 1.0, 2.0), []
    m.register_backward_hook(lambda module, inputs, outputs: seen.append((len(inputs), outputs)))
    m(x).sum().backward()
    return x.grad, m.weight.grad, len(seen)


# -- hooks on all modules ------------------------------------------------------------------------------------------------


@contextmanager
def everywhere(L: Any, **hooks: Any) -> Iterator[None]:
    module = L.nn.modules.module
    handles = [getattr(module, f"register_module_{kind}")(hook) for kind, hook in hooks.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@program
def global_hooks_come_first(L: Any) -> Any:
    net, x, order = L.nn.Sequential(L.nn.Tanh()), leaf(L, 1.0, 2.0), []
    net[0].register_forward_pre_hook(lambda m, a: order.append("own pre"))
    net[0].register_forward_hook(lambda m, a, o: order.append("own post"))
    net[0].register_full_backward_pre_hook(lambda m, g: order.append("own back pre"))
    net[0].register_full_backward_hook(lambda m, g, h: order.append("own back"))
    with everywhere(
        L,
        forward_pre_hook=lambda m, a: order.append(f"pre {type(m).__name__}"),
        forward_hook=lambda m, a, o: order.append(f"post {type(m).__name__}"),
        full_backward_pre_hook=lambda m, g: order.append(f"back pre {type(m).__name__}"),
        full_backward_hook=lambda m, g, h: order.append(f"back {type(m).__name__}"),
    ):
        net(x).sum().backward()
    net(x).sum().backward()
    return order


@program
def global_hooks_replace(L: Any) -> Any:
    m, x = scale(L), leaf(L, 1.0, 2.0)
    with everywhere(
        L,
        forward_pre_hook=lambda m, a: (a[0] + 1,),
        forward_hook=lambda m, a, o: o * 10,
        full_backward_hook=lambda m, g, h: (g[0] * 3,),
    ):
        y = m(x)
        y.sum().backward()
    return y, x.grad, m.weight.grad


@program
def global_forward_hook_with_options(L: Any) -> Any:
    m, seen = scale(L), []
    register = L.nn.modules.module.register_module_forward_hook
    with register(lambda module, args, kwargs, out: seen.append(kwargs), with_kwargs=True):
        m(leaf(L, 1.0, 2.0), factor=2.0)
    with register(lambda module, args, out: seen.append(out is None), always_call=True):
        failed = raised(lambda: m(None))
    return seen, failed


@program
def registration_hooks(L: Any) -> Any:
    seen: list[Any] = []
    with everywhere(
        L,
        parameter_registration_hook=lambda m, name, p: seen.append(("parameter", name)),
        buffer_registration_hook=lambda m, name, b: seen.append(("buffer", name)),
        module_registration_hook=lambda m, name, s: seen.append(("module", name)),
    ):
        L.nn.Sequential(L.nn.Linear(2, 3), L.nn.BatchNorm1d(3))
    return seen


# -- together with other things --------------------------------------------------------------------------------------------


@program
def hooks_are_copied_with_the_module(L: Any) -> Any:
    import copy

    m, seen = L.nn.Tanh(), []
    m.register_forward_hook(lambda module, args, out: seen.append(1))
    copy.deepcopy(m)(leaf(L, 1.0))
    return seen


@program
def activations_and_gradients_of_every_layer(L: Any) -> Any:
    net = L.nn.Sequential(L.nn.Linear(3, 4), L.nn.ReLU(), L.nn.Linear(4, 2)).double()
    with L.no_grad():
        for number, p in enumerate(net.parameters()):
            p.copy_(ramp(L, *p.shape, start=-1.0 + number))
    activations: dict[str, Any] = {}
    gradients: dict[str, Any] = {}
    for name, module in net.named_children():
        module.register_forward_hook(lambda m, a, out, name=name: activations.update({name: out.detach()}))
        module.register_full_backward_hook(lambda m, g, h, name=name: gradients.update({name: h[0]}))
    net(ramp(L, 5, 3, start=-1.0)).pow(2).mean().backward()
    return activations, gradients
