"""What transforms do to what is around them: the modes they run in, changes in place, batches within batches, containers,
and what they refuse. The same program through both libraries."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, leaf, raised, ramp

programs = Programs()


def line(L: Any, *shape: int) -> Any:
    return ramp(L, *shape).detach()


def square(x: Any) -> Any:
    return (x**2).sum()


# -- modes around and inside ---------------------------------------------------------------------------------------------


@programs
def reverse_transforms_work_in_inference_mode(L: Any) -> Any:
    F, x, m = L.func, line(L, 3), line(L, 2, 3)
    with L.inference_mode():
        results = [
            F.grad(square)(x),
            F.grad(F.grad(lambda a: a**3))(x[0]),
            F.vjp(square, x)[1](x[0])[0],
            F.jacrev(L.sin)(x),
            F.jacfwd(L.sin)(x),
            F.hessian(square)(x),
            F.vmap(F.grad(square))(m),
            F.grad(lambda a: F.vmap(square)(a).sum())(m),
        ]
        return [*results, L.is_inference_mode_enabled(), results[0].is_inference()]


@programs
def tensors_made_in_inference_mode_may_be_kept(L: Any) -> Any:
    with L.inference_mode():
        x, factor = line(L, 3), line(L, 3) * 2
        inside = L.func.grad(lambda a: (a * a * factor).sum())(x)
    outside = L.func.grad(lambda a: (a * a * factor).sum())(line(L, 3))
    refused = raised(lambda: leaf(L, 1.0, 2.0, 3.0) * factor)
    return inside, inside.is_inference(), outside, refused


@programs
def inference_mode_inside_makes_constants(L: Any) -> Any:
    def f(x: Any) -> Any:
        with L.inference_mode():
            constant = x**2
        return (x - constant).sum()

    return L.func.grad(f)(line(L, 3))


@programs
def values_of_transforms_under_no_grad_are_constants(L: Any) -> Any:
    def f(x: Any) -> Any:
        with L.no_grad():
            _, value = L.func.grad_and_value(lambda a: a**3)(x)
        return x**3 - value

    x = leaf(L, 1.5)[0]
    slope = L.func.grad(f)(x)
    return slope, L.autograd.grad(slope, x)


@programs
def vjp_under_no_grad(L: Any) -> Any:
    x, one = L.tensor(2.0, requires_grad=True), L.tensor(1.0)
    with L.no_grad():
        output, pull = L.func.vjp(lambda a: a**2, x)
        (within,) = pull(one)
    (after,) = pull(one)
    return output.requires_grad, within.requires_grad, after.requires_grad, L.autograd.grad(after, x)


# -- changes in place ----------------------------------------------------------------------------------------------------


@programs
def vmap_changes_what_it_is_given(L: Any) -> Any:
    x = line(L, 2, 3)
    result = L.func.vmap(lambda row: row.mul_(2))(x)
    other = L.func.vmap(lambda row: row.add_(1), out_dims=1)(x)
    return x, result is x, other._base is x, x._version, L.func.vmap(lambda row: row)(x) is x


@programs
def vmap_in_place_moves_the_history(L: Any) -> Any:
    weight = leaf(L, 1.0, 2.0, 3.0)
    hidden = weight * 2
    L.func.vmap(lambda each: each.sin_())(hidden)
    hidden.sum().backward()
    return hidden, weight.grad


@programs
def vmap_in_place_on_a_view_moves_the_history_of_its_base(L: Any) -> Any:
    weight = ramp(L, 3, 2)
    hidden = weight * 2
    L.func.vmap(lambda column: column.mul_(3), in_dims=1)(hidden[1:])
    hidden.sum().backward()
    return hidden, weight.grad


@programs
def vmap_in_place_brings_a_history(L: Any) -> Any:
    target, weight = line(L, 3, 2), leaf(L, 1.0, 2.0, 3.0)

    def step(row: Any, factor: Any) -> None:
        row.mul_(factor)

    L.func.vmap(step, out_dims=None)(target, weight)
    target.sum().backward()
    return weight.grad


@programs
def vmap_in_place_on_what_a_node_kept(L: Any) -> Any:
    hidden = ramp(L, 3) * 2
    loss = (hidden * hidden).sum()
    L.func.vmap(lambda each: each.mul_(3))(hidden)
    return loss.backward()


@programs
def vmap_in_place_on_a_leaf(L: Any) -> Any:
    return L.func.vmap(lambda each: each.sin_())(ramp(L, 3))


@programs
def new_tensors_in_a_batch_may_be_written_to(L: Any) -> Any:
    def total(row: Any, other: Any) -> Any:
        buffer, rest = other.new_zeros((4,)), row.new_empty((4,))
        buffer.copy_(row)
        rest.copy_(row * 2)
        return (buffer * buffer).sum() + rest.sum() + other.new_full((2,), 3.0).sum()

    return L.func.vmap(L.func.grad(total))(line(L, 3, 4), line(L, 3))


@programs
def tangents_follow_a_write_into_the_base(L: Any) -> Any:
    def pushed(start: Any, value: Any, tangent: Any) -> Any:
        def f(v: Any) -> Any:
            buffer = start.clone()
            view = buffer[::2]
            buffer.copy_(v)
            return buffer, view

        return L.func.jvp(f, (value,), (tangent,))

    return L.func.vmap(pushed)(line(L, 3, 4), line(L, 3, 4) + 1, line(L, 3, 4) * 2)


# -- batches within batches ----------------------------------------------------------------------------------------------


def network(L: Any) -> Any:
    net = L.nn.Sequential(
        L.nn.Conv2d(1, 2, 2), L.nn.ReLU(), L.nn.Flatten(), L.nn.Linear(8, 2), L.nn.Tanh()
    ).double()
    weights = {name: (line(L, *p.shape) * 3).sin() for name, p in net.named_parameters()}
    return weights, lambda p, x: L.func.functional_call(net, p, (x.unsqueeze(0),)).squeeze(0)


@programs
def tangent_kernel_by_products(L: Any) -> Any:
    weights, f = network(L)

    def kernel(first: Any, second: Any) -> Any:
        output, pull = L.func.vjp(lambda p: f(p, first), weights)

        def column(cotangent: Any) -> Any:
            return L.func.jvp(lambda p: f(p, second), (weights,), pull(cotangent))[1]

        return L.func.vmap(column)(L.eye(output.numel(), dtype=L.float64))

    a, b = line(L, 2, 1, 3, 3).cos(), line(L, 3, 1, 3, 3).sin()
    return L.func.vmap(L.func.vmap(kernel, (None, 0)), (0, None))(a, b)


@programs
def hooks_and_anomaly_mode_within_a_batch(L: Any) -> Any:
    seen: list[Any] = []

    def f(row: Any) -> Any:
        hidden = row.sin()
        hidden.register_hook(lambda g: (seen.append(list(g.shape)), g * 2)[1])
        return (hidden * hidden).sum()

    with L.autograd.set_detect_anomaly(True):
        slopes = L.func.vmap(L.func.grad(f))(line(L, 3, 4))
        broken = raised(lambda: L.func.vmap(L.func.grad(lambda row: (row - row).sqrt().sum()))(line(L, 3, 4)))
    return slopes, seen, broken


@programs
def second_derivatives_across_a_batch(L: Any) -> Any:
    x, weight = ramp(L, 3, 4), ramp(L, 4)
    slopes = L.func.vmap(L.func.grad(lambda row: (row.sin() * row * weight).sum()))(x)
    return slopes, L.autograd.grad((slopes**2).sum(), (x, weight))


@programs
def one_pullback_for_many_cotangents(L: Any) -> Any:
    x = line(L, 40_000).sin()  # long enough to be cut into blocks
    _, pull = L.func.vjp(lambda a: (a.sin() * a).exp(), x)
    return L.func.vmap(lambda v: pull(v)[0].sum())(L.stack([x, x * 2]))


@programs
def tangent_kernel_by_jacobians(L: Any) -> Any:
    weights, f = network(L)
    rows = L.func.vmap(L.func.jacrev(f), (None, 0))(weights, line(L, 2, 1, 3, 3).cos())
    return sum(L.einsum("Naf,Mbf->NMab", j.flatten(2), j.flatten(2)) for j in rows.values())


@programs
def a_vjp_of_the_outer_batch_pulled_in_an_inner_one(L: Any) -> Any:
    m, matrix = line(L, 3, 2), line(L, 2, 2)

    def rows(row: Any) -> Any:
        _, pull = L.func.vjp(lambda a: (matrix @ a).sin() * row, row)
        return L.func.vmap(lambda v: pull(v)[0])(L.eye(2, dtype=L.float64))

    return L.func.vmap(rows)(m)


@programs
def steps_of_gradient_descent_for_each_task(L: Any) -> Any:
    weights, f = network(L)
    weights = {name: w.requires_grad_() for name, w in weights.items()}

    def loss(p: Any, x: Any) -> Any:
        return f(p, x).pow(2).sum()

    def task(x: Any) -> Any:
        p = weights
        for _ in range(2):
            slopes = L.func.grad(loss)(p, x)
            p = {name: p[name] - 0.1 * slopes[name] for name in p}
        return loss(p, x)

    losses = L.func.vmap(task)(line(L, 3, 1, 3, 3).cos())
    return losses, L.autograd.grad(losses.sum(), list(weights.values()))


@programs
def forward_mode_where_only_the_tangent_cannot_be_viewed(L: Any) -> Any:
    return L.func.jvp(lambda a: a.flatten(), (line(L, 2, 3),), (line(L, 3, 2).T,))


# -- containers ----------------------------------------------------------------------------------------------------------


@programs
def containers_of_every_kind(L: Any) -> Any:
    x, m = line(L, 3), line(L, 2, 3)
    ordered = L.func.grad(lambda d: (d["a"] * d["b"]).sum())(OrderedDict(a=x, b=x * 2))
    missing = L.func.grad(lambda d: (d["a"] * 2).sum())(defaultdict(list, a=x))
    queue = L.func.grad(lambda d: (d[0] * d[1]).sum())(deque([x, x * 2], maxlen=5))
    rows = L.func.vmap(lambda row: OrderedDict(sin=row.sin(), twice=[row * 2]))(m)
    return [
        [type(each).__name__ for each in (ordered, missing, queue, rows)],
        [ordered, dict(missing), list(queue), rows],
        [missing.default_factory is list, queue.maxlen],
        L.func.vmap(lambda d: d["a"] * 2)(OrderedDict(a=m)),
    ]


@programs
def jacobians_of_containers(L: Any) -> Any:
    def f(pair: Any, b: Any, c: Any) -> Any:
        return pair[0] + pair[1] * 2, {"foo": b * 3 + c * 4}

    x = L.tensor(1.0)
    return [
        [J(f)((x, x), x, x), J(f, argnums=(0,))((x, x), x, x), J(f, argnums=(0, 1))((x, x), x, x)]
        for J in (L.func.jacrev, L.func.jacfwd)
    ]


# -- what is refused -----------------------------------------------------------------------------------------------------


@programs
def what_is_returned_beside_the_result_must_be_tensors(L: Any) -> Any:
    F, x = L.func, line(L, 3)

    def of(other: Any) -> list[Any]:
        return [
            raised(lambda: F.grad(lambda a: (a.sum(), other), has_aux=True)(x)),
            raised(lambda: F.grad_and_value(lambda a: (a.sum(), other), has_aux=True)(x)),
            raised(lambda: F.vjp(lambda a: (a, other), x, has_aux=True)),
            raised(lambda: F.jvp(lambda a: (a, other), (x,), (x,), has_aux=True)),
            raised(lambda: F.jacrev(lambda a: (a, other), has_aux=True)(x)),
            raised(lambda: F.jacfwd(lambda a: (a, other), has_aux=True)(x)),
        ]

    return [of(1), of("abc"), of(None), of([x, 2.0])]


@programs
def requires_grad_and_retain_grad_inside(L: Any) -> Any:
    F, x, m, outside = L.func, line(L, 3), line(L, 2, 3), line(L, 3)
    return [
        raised(lambda: F.grad(lambda a: a.requires_grad_().sum())(x)),
        raised(lambda: F.grad(lambda a: a.requires_grad_(False).sum())(x)),
        raised(lambda: F.grad(lambda a: (a * outside.requires_grad_()).sum())(x)),
        raised(lambda: F.vmap(lambda a: a.requires_grad_().sum())(m)),
        raised(lambda: F.vmap(F.grad(lambda a: a.requires_grad_().sum()))(m)),
        raised(lambda: F.grad(lambda a: a.sin().retain_grad())(x)),
        raised(lambda: F.vmap(lambda a: a.sum().backward())(m)),
    ]


@programs
def the_older_interface_inside_transforms(L: Any) -> Any:
    A = L.autograd.functional

    def of(transform: Any, value: Any) -> list[Any]:
        return [
            raised(lambda: transform(lambda a: A.jacobian(lambda b: b.sin().sum(), a))(value)),
            raised(lambda: transform(lambda a: A.hessian(lambda b: b.sin().sum(), a))(value)),
            raised(lambda: transform(lambda a: A.vjp(lambda b: b.sin().sum(), a))(value)),
            raised(lambda: transform(lambda a: A.jvp(lambda b: b.sin().sum(), (a,), (a,)))(value)),
        ]

    return of(L.func.grad, line(L, 3)), of(L.func.vmap, line(L, 2, 3))


@programs
def tangents_of_another_dtype_or_shape(L: Any) -> Any:
    x = line(L, 3)
    push = L.func.linearize(L.sin, x)[1]
    return raised(lambda: push(x.float())), raised(lambda: push(x[:2]))


@programs
def an_input_that_a_function_returns_and_saves(L: Any) -> Any:
    def made(in_place: bool) -> Any:
        class Same(L.autograd.Function):
            @staticmethod
            def forward(x: Any) -> Any:
                return x

            @staticmethod
            def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
                if in_place:
                    ctx.mark_dirty(inputs[0])
                ctx.save_for_backward(inputs[0])

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g * 2

        return Same

    x = L.tensor(2.0)
    return [
        raised(lambda: made(False).apply(x)),
        raised(lambda: L.func.grad(lambda a: made(False).apply(a * 1))(x)),
        L.func.grad(lambda a: made(True).apply(a * 1))(x),
    ]


@programs
def a_rule_for_batches_gets_nested_arguments(L: Any) -> Any:
    seen: list[Any] = []

    class Sum(L.autograd.Function):
        @staticmethod
        def forward(x: Any, others: Any) -> Any:
            return x + others[0] + others[1]

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, others: Any) -> Any:
            seen.append(in_dims)
            return x + others[0] + others[1], 0

    x, constant = line(L, 3), line(L, 1)[0]
    return L.func.vmap(lambda a: Sum.apply(a, [a, constant]))(x), seen


@pytest.mark.parametrize("name", programs)
def test_programs(name: str) -> None:
    programs.check(name)
