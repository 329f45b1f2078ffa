"""What nodes keep for backward: packing it, reading it, changing it. The same program through both libraries."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, raised, ramp

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


def identity(x: Any) -> Any:
    return x


class Log:
    """Hooks that note what they see."""

    def __init__(self) -> None:
        self.packed: list[Any] = []
        self.unpacked = 0

    def pack(self, x: Any) -> Any:
        self.packed.append([list(x.shape), x.requires_grad, x.is_leaf, x._version])
        return x

    def unpack(self, x: Any) -> Any:
        self.unpacked += 1
        return x

    def hooks(self, L: Any) -> Any:
        return L.autograd.graph.saved_tensors_hooks(self.pack, self.unpack)


def _packed_by(name: str, function: Any) -> None:
    def run(L: Any) -> Any:
        log, x = Log(), ramp(L, 3, 4)
        with log.hooks(L):
            y = function(L, x)
        L.manual_seed(0)
        y.sum().backward()
        return log.packed, log.unpacked, x.grad

    run.__name__ = f"packed_by_{name}"
    program(run)


for _name, _function in {
    "product": lambda L, x: x * x,
    "product_with_a_number": lambda L, x: x * 2,
    "product_with_a_constant": lambda L, x: x * L.ones(4, dtype=L.float64),
    "sum": lambda L, x: x + x,
    "exp": lambda L, x: x.exp(),
    "tanh": lambda L, x: (x * 2).tanh(),
    "power": lambda L, x: x**3,
    "matmul": lambda L, x: x @ x.T,
    "softmax": lambda L, x: x.softmax(1),
    "log_softmax": lambda L, x: x.log_softmax(1),
    "relu": lambda L, x: x.relu(),
    "mean": lambda L, x: x.mean(),
    "cat": lambda L, x: L.cat([x, x]),
    "view": lambda L, x: x.reshape(4, 3).T,
    "division": lambda L, x: x / (x + 1),
    "chain": lambda L, x: (x.sin() * x.cos()).exp(),
    "max": lambda L, x: x.max(1)[0],
    "index": lambda L, x: x[L.tensor([0, 2])],
    "where": lambda L, x: L.where(x > 1.5, x, x * 2),
    "in_place": lambda L, x: (x * 1).mul_(x).exp_(),
}.items():
    _packed_by(_name, _function)


@program
def packed_as_another_type(L: Any) -> Any:
    x = ramp(L, 4)
    with L.autograd.graph.saved_tensors_hooks(lambda t: t.detach().numpy() * 2, lambda a: L.from_numpy(a)):
        y = (x * x * x).sum()
    y.backward()
    return x.grad


@program
def unpacked_at_each_backward(L: Any) -> Any:
    log, x = Log(), ramp(L, 2)
    with log.hooks(L):
        y = (x * x).sum()
    y.backward(retain_graph=True)
    first = log.unpacked
    y.backward(retain_graph=True)
    return first, log.unpacked, x.grad


@program
def freed_although_packed(L: Any) -> Any:
    x = ramp(L, 2)
    with Log().hooks(L):
        y = (x * x).sum()
    y.backward()
    y.backward()


@program
def only_the_innermost_hooks(L: Any) -> Any:
    outer, inner, x = Log(), Log(), ramp(L, 2)
    with outer.hooks(L):
        a = x * x
        with inner.hooks(L):
            b = a.exp()
        c = b.sin()
    c.sum().backward()
    return outer.packed, outer.unpacked, inner.packed, inner.unpacked, x.grad


@program
def backward_of_second_order(L: Any) -> Any:
    log, x = Log(), ramp(L, 3)
    with log.hooks(L):
        y = (x**3 * x).sum()
        (g,) = L.autograd.grad(y, x, create_graph=True)
    g.pow(2).sum().backward()
    return x.grad


@program
def grad_mode_in_the_hooks(L: Any) -> Any:
    seen, x = [], ramp(L, 2)

    def note(t: Any) -> Any:
        seen.append(L.is_grad_enabled())
        return t

    with L.autograd.graph.saved_tensors_hooks(note, note):
        y = (x * x).sum()
    y.backward(create_graph=True)
    return seen


@program
def pack_that_changes_its_input(L: Any) -> Any:
    x = ramp(L, 2)
    with L.autograd.graph.saved_tensors_hooks(lambda t: t.add_(1), identity):
        return x * x


@program
def unpack_that_gives_no_tensor(L: Any) -> Any:
    x = ramp(L, 2)
    with L.autograd.graph.saved_tensors_hooks(identity, lambda t: "text"):
        y = x * x
    y.sum().backward()


@program
def pack_that_raises(L: Any) -> Any:
    def pack(t: Any) -> Any:
        raise ValueError("refused")

    x = ramp(L, 2)
    with L.autograd.graph.saved_tensors_hooks(pack, identity):
        return x * x


@program
def unpack_that_raises(L: Any) -> Any:
    def unpack(t: Any) -> Any:
        raise ValueError("lost")

    x = ramp(L, 2)
    with L.autograd.graph.saved_tensors_hooks(identity, unpack):
        y = x * x
    return raised(lambda: y.sum().backward()), x.grad is None


@program
def changes_in_place_are_not_seen_through_hooks(L: Any) -> Any:
    x = ramp(L, 2)
    a = x * 1
    with L.autograd.graph.saved_tensors_hooks(lambda t: t.detach().clone(), identity):
        y = a * a
    a.add_(1)
    y.sum().backward()
    return x.grad


@program
def hooks_are_off_outside(L: Any) -> Any:
    log, x = Log(), ramp(L, 2)
    with log.hooks(L):
        pass
    (x * x).sum().backward()
    return log.packed


@program
def hooks_see_nothing_under_no_grad(L: Any) -> Any:
    log, x = Log(), ramp(L, 2)
    with log.hooks(L), L.no_grad():
        x * x
    return log.packed


@program
def disabled_hooks(L: Any) -> Any:
    with L.autograd.graph.disable_saved_tensors_hooks("not here"), L.autograd.graph.save_on_cpu():
        pass


@program
def disabling_active_hooks(L: Any) -> Any:
    with L.autograd.graph.save_on_cpu(), L.autograd.graph.disable_saved_tensors_hooks("not here"):
        pass


@program
def disabled_and_enabled_again(L: Any) -> Any:
    x = ramp(L, 2)
    with L.autograd.graph.disable_saved_tensors_hooks("not here"):
        pass
    with L.autograd.graph.save_on_cpu():
        y = (x * x).sum()
    y.backward()
    return x.grad


@program
def nested_disabling(L: Any) -> Any:
    with L.autograd.graph.disable_saved_tensors_hooks("outer"):
        with L.autograd.graph.disable_saved_tensors_hooks("inner"):
            first = raised(L.autograd.graph.save_on_cpu().__enter__)
        return first, raised(L.autograd.graph.save_on_cpu().__enter__)


@program
def kept_on_the_cpu(L: Any) -> Any:
    x = ramp(L, 3)
    with L.autograd.graph.save_on_cpu():
        y = (x.exp() * x).sum()
    y.backward()
    return x.grad


@program
def hooks_and_a_function(L: Any) -> Any:
    class Cube(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x**3
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            return 3 * y / x * g

    log, x = Log(), ramp(L, 3)
    with log.hooks(L):
        y = Cube.apply(x)
    y.sum().backward()
    return log.packed, log.unpacked, x.grad


# -- reading -------------------------------------------------------------------------------------------------------


@program
def saved_self_is_the_leaf(L: Any) -> Any:
    x = ramp(L, 2)
    y = x * x
    return y.grad_fn._saved_self is x, y.grad_fn._saved_other is x


@program
def saved_result(L: Any) -> Any:
    y = ramp(L, 2).exp()
    saved = y.grad_fn._saved_result
    return saved, saved.requires_grad, saved.grad_fn is y.grad_fn


@program
def saved_intermediate_has_its_history(L: Any) -> Any:
    x = ramp(L, 2)
    y = (x * 2).sin()
    saved = y.grad_fn._saved_self
    return saved, saved.grad_fn.name(), L.autograd.grad(saved.sum(), x)


@program
def saved_parameters(L: Any) -> Any:
    x = ramp(L, 2, 3)
    return x.softmax(1).grad_fn._saved_dim, x.pow(3).grad_fn._saved_exponent, x.sum(1).grad_fn._saved_keepdim


@program
def saved_of_what_needs_no_gradient(L: Any) -> Any:
    return (ramp(L, 2) * L.ones(2, dtype=L.float64)).grad_fn._saved_self


@program
def saved_that_does_not_exist(L: Any) -> Any:
    return hasattr(ramp(L, 2).exp().grad_fn, "_saved_condition"), hasattr(
        ramp(L, 2).exp().grad_fn, "_saved_result"
    )


@program
def saved_after_it_was_freed(L: Any) -> Any:
    y = ramp(L, 2).exp()
    y.sum().backward()
    return y.grad_fn._saved_result


@program
def saved_after_it_was_changed(L: Any) -> Any:
    a = ramp(L, 2) * 1
    y = a.sin()
    a.add_(1)
    return y.grad_fn._saved_self


@program
def saved_with_retained_graph(L: Any) -> Any:
    y = ramp(L, 2).exp()
    y.sum().backward(retain_graph=True)
    return y.grad_fn._saved_result


@program
def saved_attributes_listed(L: Any) -> Any:
    node = (ramp(L, 2) * ramp(L, 2)).grad_fn
    return [name for name in dir(node) if "saved" in name]


@program
def saved_through_hooks(L: Any) -> Any:
    with L.autograd.graph.saved_tensors_hooks(lambda t: t.detach() * 2, identity):
        y = ramp(L, 2).exp()
    return y.grad_fn._saved_result.detach()


@program
def hooks_on_one_saved_tensor(L: Any) -> Any:
    x = ramp(L, 2)
    y = x * x
    y.grad_fn._raw_saved_self.register_hooks(lambda t: t.detach() * 3, identity)
    y.sum().backward()
    return x.grad


@program
def hooks_on_a_saved_result(L: Any) -> Any:
    x = ramp(L, 2)
    y = x.exp()
    y.grad_fn._raw_saved_result.register_hooks(lambda t: t.detach().numpy(), lambda a: L.from_numpy(a) * 2)
    y.sum().backward()
    return x.grad


@program
def two_hooks_on_one_saved_tensor(L: Any) -> Any:
    y = (
        ramp(L, 2).exp()
    )  # PyTorch's saved tensor is a reference into the node: without a node, it writes into foreign memory
    saved = y.grad_fn._raw_saved_result
    saved.register_hooks(identity, identity)
    saved.register_hooks(identity, identity)


@program
def hooks_on_what_was_freed(L: Any) -> Any:
    y = ramp(L, 2).exp()
    saved = y.grad_fn._raw_saved_result
    y.sum().backward()
    saved.register_hooks(identity, identity)


@program
def hooks_on_nothing(L: Any) -> Any:
    y = ramp(L, 2) * 2
    y.grad_fn._raw_saved_self.register_hooks(identity, identity)


@program
def hooks_on_what_hooks_packed(L: Any) -> Any:
    with Log().hooks(L):
        y = ramp(L, 2).exp()
    y.grad_fn._raw_saved_result.register_hooks(identity, identity)


# -- changing ------------------------------------------------------------------------------------------------------


@program
def mutation_allowed(L: Any) -> Any:
    a = ramp(L, 3)
    with L.autograd.graph.allow_mutation_on_saved_tensors():
        b = a.clone()
        out = (b * b).sum()
        b.sin_()
        out.backward()
    return a.grad, b


@program
def mutation_of_a_result(L: Any) -> Any:
    a = ramp(L, 3)
    with L.autograd.graph.allow_mutation_on_saved_tensors():
        y = a.exp()
        z = y * 2
        y.zero_()
        (z.sum() + y.sum()).backward()
    return a.grad


@program
def mutation_of_the_base(L: Any) -> Any:
    a = ramp(L, 3)
    with L.autograd.graph.allow_mutation_on_saved_tensors():
        b = a.clone()
        part = b[:2]
        out = (part * part).sum()
        b.add_(1)
        out.backward()
    return a.grad


@program
def mutation_twice(L: Any) -> Any:
    a = ramp(L, 3)
    with L.autograd.graph.allow_mutation_on_saved_tensors():
        b = a.clone()
        first = (b * b).sum()
        b.mul_(2)
        second = (b * b).sum()
        b.mul_(2)
        (first + second).backward()
    return a.grad


@program
def mutation_by_assignment(L: Any) -> Any:
    a = ramp(L, 3)
    with L.autograd.graph.allow_mutation_on_saved_tensors():
        b = a.clone()
        out = b.sin().sum()
        b[0] = 7.0
        out.backward()
    return a.grad


@program
def mutation_under_no_grad(L: Any) -> Any:
    a = ramp(L, 3)
    with L.autograd.graph.allow_mutation_on_saved_tensors():
        out = (a * a).sum()
        with L.no_grad():
            a.mul_(3)
        out.backward()
    return a.grad


@program
def mutation_and_backward_outside(L: Any) -> Any:
    a = ramp(L, 3)
    with L.autograd.graph.allow_mutation_on_saved_tensors():
        b = a.clone()
        out = (b * b).sum()
    out.backward()


@program
def nested_permission(L: Any) -> Any:
    graph = L.autograd.graph
    with graph.allow_mutation_on_saved_tensors(), graph.allow_mutation_on_saved_tensors():
        pass


@program
def mutation_without_permission(L: Any) -> Any:
    b = ramp(L, 3).clone()
    out = (b * b).sum()
    b.sin_()
    out.backward()
