"""Checkpoints without re-entrance: the same program through both libraries."""

from __future__ import annotations

import functools
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, raised, ramp

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


def module(L: Any) -> Any:
    return __import__(f"{L.__name__}.utils.checkpoint", fromlist=["checkpoint"])


def checkpoint(L: Any, function: Any, *args: Any, **options: Any) -> Any:
    return module(L).checkpoint(function, *args, use_reentrant=False, **options)


class Counted:
    """A function of several steps that notes how far it got each time."""

    def __init__(self) -> None:
        self.reached: list[int] = []

    def __call__(self, x: Any) -> Any:
        self.reached.append(0)
        for step in (lambda x: x.sin(), lambda x: x * x, lambda x: x.exp(), lambda x: x + 1):
            x = step(x)
            self.reached[-1] += 1
        return x


@program
def second_call_stops_early(L: Any) -> Any:
    part, x = Counted(), ramp(L, 3)
    checkpoint(L, part, x).sum().backward()
    return part.reached, x.grad


@program
def second_call_goes_on(L: Any) -> Any:
    part, x = Counted(), ramp(L, 3)
    checkpoint(L, part, x, early_stop=False).sum().backward()
    return part.reached, x.grad


@program
def early_stop_by_context(L: Any) -> Any:
    part, x = Counted(), ramp(L, 3)
    with module(L).set_checkpoint_early_stop(False):
        y = checkpoint(L, part, x)
    y.sum().backward()
    return part.reached, x.grad


@program
def names_of_the_nodes(L: Any) -> Any:
    y = checkpoint(L, lambda x: (x * x).sin(), ramp(L, 2))
    return y.grad_fn.name(), y.grad_fn.next_functions[0][0].name()


@program
def one_call_for_each_backward(L: Any) -> Any:
    part, x = Counted(), ramp(L, 3)
    y = checkpoint(L, part, x).sum()
    y.backward(retain_graph=True)
    first = len(part.reached)
    y.backward()
    return first, len(part.reached), x.grad


@program
def grad_of_an_intermediate_result(L: Any) -> Any:
    inside: list[Any] = []

    def part(x: Any) -> Any:
        inside.append(x * x)
        return inside[-1].exp()

    y = checkpoint(L, part, ramp(L, 2))
    return L.autograd.grad(y.sum(), inside[0])


@program
def no_call_for_what_needs_nothing(L: Any) -> Any:
    calls = []

    def part(x: Any) -> Any:
        calls.append(1)
        return x + 1

    x = ramp(L, 2)
    checkpoint(L, part, x).sum().backward()
    return len(calls), x.grad


@program
def nested_with_counts(L: Any) -> Any:
    calls: list[str] = []

    def inner(x: Any) -> Any:
        calls.append("inner")
        return x.sin().exp()

    def outer(x: Any) -> Any:
        calls.append("outer")
        return checkpoint(L, inner, x * x).tanh()

    x = ramp(L, 2)
    checkpoint(L, outer, x).sum().backward()
    return calls, x.grad


@program
def second_derivative(L: Any) -> Any:
    x = ramp(L, 3)
    y = checkpoint(L, lambda x: (x.sin() * x).exp(), x)
    (g,) = L.autograd.grad(y.sum(), x, create_graph=True)
    return L.autograd.grad(g.sum(), x)


@program
def hooks_inside_run_once(L: Any) -> Any:
    calls: list[int] = []

    def part(x: Any) -> Any:
        h = x * x
        h.register_hook(lambda g: calls.append(1))
        return h.exp()

    checkpoint(L, part, ramp(L, 2)).sum().backward()
    return len(calls)


@program
def more_is_saved_the_second_time(L: Any) -> Any:
    rounds = iter((1, 2))

    def part(x: Any) -> Any:
        for _ in range(next(rounds)):
            x = x.exp()
        return x

    checkpoint(L, part, ramp(L, 2), early_stop=False).sum().backward()


@program
def less_is_saved_the_second_time(L: Any) -> Any:
    rounds = iter((2, 1))

    def part(x: Any) -> Any:
        for _ in range(next(rounds)):
            x = x.exp()
        return x

    checkpoint(L, part, ramp(L, 2)).sum().backward()


@program
def other_shapes_the_second_time(L: Any) -> Any:
    sizes = iter((2, 3))
    checkpoint(L, lambda x: x.expand(next(sizes)).exp(), ramp(L, 1)).sum().backward()


@program
def other_shapes_unchecked(L: Any) -> Any:
    dtypes = iter((L.float64, L.float32))
    x = ramp(L, 2)
    checkpoint(L, lambda x: x.to(next(dtypes)).double().exp(), x, determinism_check="none").sum().backward()
    return x.grad.dtype == L.float64


@program
def an_argument_changed_in_place(L: Any) -> Any:
    x = ramp(L, 2) * 1
    y = checkpoint(L, lambda x: x.exp(), x)
    x.add_(1)
    return raised(lambda: y.sum().backward())


@program
def a_function_inside(L: Any) -> Any:
    class Square(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * ctx.saved_tensors[0] * g

    x = ramp(L, 2)
    checkpoint(L, lambda x: Square.apply(x.sin()).exp(), x).sum().backward()
    return x.grad


@program
def an_error_in_the_first_call(L: Any) -> Any:
    def part(x: Any) -> Any:
        raise KeyError("first")

    checkpoint(L, part, ramp(L, 2))


@program
def an_error_in_the_second_call(L: Any) -> Any:
    calls: list[int] = []

    def part(x: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            raise KeyError("second")
        return x.exp()

    x = ramp(L, 2)
    y = checkpoint(L, part, x)
    return raised(lambda: y.sum().backward()), x.grad is None


@program
def under_no_grad(L: Any) -> Any:
    with L.no_grad():
        y = checkpoint(L, lambda x: x.exp(), ramp(L, 2))
    return y.requires_grad


@program
def partial_backward(L: Any) -> Any:
    a, b = ramp(L, 2), ramp(L, 2, start=3.0)
    y = checkpoint(L, lambda a, b: (a * b).exp() * a, a, b).sum()
    (ga,) = L.autograd.grad(y, a, retain_graph=True)
    y.backward()
    return ga, a.grad, b.grad


@program
def two_outputs(L: Any) -> Any:
    x = ramp(L, 2)
    a, b = checkpoint(L, lambda x: (x.sin(), x.exp() * 2), x)
    a.sum().backward(retain_graph=True)
    first = x.grad.clone()
    b.sum().backward()
    return first, x.grad


# -- selective -----------------------------------------------------------------------------------------------------


def _policy(seen: list[bool]) -> Any:
    def policy(ctx: Any, op: Any, *args: Any, **kwargs: Any) -> bool:
        seen.append(ctx.is_recompute)
        return True

    return policy


@program
def everything_stored(L: Any) -> Any:
    seen: list[bool] = []
    contexts = functools.partial(module(L).create_selective_checkpoint_contexts, _policy(seen))
    x = ramp(L, 2, 2)
    y = checkpoint(L, lambda x: (x.sin() * x).exp(), x, context_fn=contexts)
    y.sum().backward()
    return seen, x.grad


@program
def nothing_stored(L: Any) -> Any:
    contexts = functools.partial(
        module(L).create_selective_checkpoint_contexts,
        lambda ctx, op, *args, **kwargs: module(L).CheckpointPolicy.MUST_RECOMPUTE,
    )
    x = ramp(L, 2, 2)
    y = checkpoint(L, lambda x: (x.sin() * x).exp(), x, context_fn=contexts)
    y.sum().backward()
    return x.grad


@program
def stored_and_used_twice(L: Any) -> Any:
    contexts = functools.partial(module(L).create_selective_checkpoint_contexts, _policy([]))
    y = checkpoint(L, lambda x: x.sin().exp(), ramp(L, 2), context_fn=contexts).sum()
    y.backward(retain_graph=True)
    y.backward()


@program
def neither_policy_nor_list(L: Any) -> Any:
    module(L).create_selective_checkpoint_contexts(3)
