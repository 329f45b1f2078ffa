"""Grad modes and inference mode, in every form: the same program through both libraries."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, leaf, raised, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


MODES: dict[str, Callable[[Any], Any]] = {
    "no_grad": lambda L: L.no_grad(),
    "enable_grad": lambda L: L.enable_grad(),
    "set_false": lambda L: L.set_grad_enabled(False),
    "set_true": lambda L: L.set_grad_enabled(True),
    "inference": lambda L: L.inference_mode(),
    "no_inference": lambda L: L.inference_mode(False),
    "inference_keyword": lambda L: L.inference_mode(mode=True),
}


def state(L: Any) -> Any:
    return L.is_grad_enabled(), L.is_inference_mode_enabled()


def for_each_mode(name: str, mode: Callable[[Any], Any]) -> None:
    def on_a_function(L: Any) -> Any:
        @mode(L)
        def f(a: Any, b: Any = 2, *rest: Any, **named: Any) -> Any:
            """Documented."""
            return state(L), a, b, rest, named

        outside = state(L)
        with L.no_grad():
            under = f(1, 3, 4, key=5)
        return outside, f(1), under, state(L), f.__name__, f.__doc__

    def on_a_function_that_raises(L: Any) -> Any:
        @mode(L)
        def f() -> Any:
            raise ValueError("no")

        return raised(f), state(L)

    def on_a_generator(L: Any) -> Any:
        @mode(L)
        def f() -> Any:
            got = yield state(L)
            got = yield state(L), got
            try:
                yield state(L), got
            except KeyError:
                yield state(L), "caught"
            return state(L)

        generator = f()
        seen = [next(generator), state(L)]
        with L.no_grad():
            seen += [generator.send("sent"), state(L)]
        seen += [generator.send(None), generator.throw(KeyError("no")), state(L)]
        try:
            next(generator)
        except StopIteration as stop:
            seen.append(stop.value)
        return seen, state(L), inspect.isgeneratorfunction(f)

    def on_a_generator_that_is_closed(L: Any) -> Any:
        seen: list[Any] = []

        @mode(L)
        def f() -> Any:
            try:
                yield 1
            finally:
                seen.append(state(L))

        generator = f()
        next(generator)
        generator.close()
        return seen, state(L)

    def on_a_coroutine(L: Any) -> Any:
        @mode(L)
        async def f() -> Any:
            first = state(L)
            await asyncio.sleep(0)
            return first, state(L)

        return asyncio.run(f()), state(L)

    def on_an_async_generator(L: Any) -> Any:
        @mode(L)
        async def f() -> Any:
            yield state(L)

        async def collect() -> Any:
            return [each async for each in f()]

        return asyncio.run(collect()), state(L)

    def on_a_class(L: Any) -> Any:
        def decorate() -> Any:
            @mode(L)
            class Decorated:
                def __init__(self) -> None:
                    self.made = state(L)

                def method(self) -> Any:
                    return state(L)

            return Decorated

        caught, made = warned(decorate)
        instance = made()
        return caught, instance.made, instance.method(), state(L)

    def on_a_method(L: Any) -> Any:
        class Owner:
            @mode(L)
            def method(self, x: Any) -> Any:
                return state(L), x

            @staticmethod
            @mode(L)
            def static() -> Any:
                return state(L)

        return Owner().method(3), Owner.static(), state(L)

    def as_a_context(L: Any) -> Any:
        seen = [state(L)]
        with mode(L) as value:
            seen.append(state(L))
            with L.enable_grad():
                seen.append(state(L))
            seen.append(state(L))
        return seen, state(L), value is None

    def entered_twice(L: Any) -> Any:
        manager = mode(L)
        seen: list[Any] = []
        for _ in range(2):
            with manager:
                seen.append(state(L))
            seen.append(state(L))
        return seen

    def nested(L: Any) -> Any:
        seen: list[Any] = []
        with mode(L), L.enable_grad(), mode(L):
            seen.append(state(L))
        return seen, state(L)

    def left_by_an_exception(L: Any) -> Any:
        def run() -> None:
            with mode(L):
                raise KeyError("no")

        return raised(run), state(L)

    def what_it_does(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0)
        with mode(L):
            y = x * 2
            z = L.ones(2, requires_grad=True)
            w = z.exp()
        return (
            y.requires_grad, y.is_leaf, z.requires_grad, z.is_leaf, w.requires_grad, y.is_inference(), z.is_inference(),
            raised(lambda: y.sum().backward()),
        )  # fmt: skip

    def of_another_thread(L: Any) -> Any:
        seen: list[Any] = []
        with mode(L):
            thread = threading.Thread(target=lambda: seen.append(state(L)))
            thread.start()
            thread.join()
        return seen

    for function in (
        on_a_function, on_a_function_that_raises, on_a_generator, on_a_generator_that_is_closed, on_a_coroutine,
        on_an_async_generator, on_a_class, on_a_method, as_a_context, entered_twice, nested, left_by_an_exception,
        what_it_does, of_another_thread,
    ):  # fmt: skip
        program[f"{name}_{function.__name__}"] = function


for _name, _mode in MODES.items():
    for_each_mode(_name, _mode)


@program
def decorators_without_parentheses(L: Any) -> Any:
    seen = []
    for mode in (L.no_grad, L.enable_grad, L.inference_mode):

        @mode
        def f() -> Any:
            return state(L)

        with L.no_grad():
            seen.append(f())
        seen.append(f.__name__)
    return seen, state(L)


@program
def set_grad_enabled_as_a_call(L: Any) -> Any:
    L.set_grad_enabled(False)
    first = state(L)
    L.set_grad_enabled(True)
    return first, state(L)


@program
def set_grad_enabled_without_a_value(L: Any) -> Any:
    L.set_grad_enabled()


@program
def set_grad_enabled_as_a_decorator_changes_nothing_yet(L: Any) -> Any:
    @L.set_grad_enabled(False)
    def f() -> Any:
        return state(L)

    return state(L), f(), state(L)


@program
def no_grad_with_an_argument(L: Any) -> Any:
    L.no_grad(3)


@program
def grad_enabled_in_inference_mode(L: Any) -> Any:
    x = leaf(L, 1.0)
    with L.inference_mode(), L.enable_grad():
        y = x * 2
        return state(L), y.requires_grad, y.is_inference()


@program
def no_grad_results_are_leaves(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    with L.no_grad():
        y = x * 2
        y.requires_grad_()
    (y * y).sum().backward()
    return y.grad, x.grad


@program
def no_grad_in_place_keeps_history(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * 2
    with L.no_grad():
        y.mul_(3)
    y.sum().backward()
    return x.grad, y, y._version


@program
def backward_under_no_grad(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = (x * x).sum()
    with L.no_grad():
        y.backward()
    return x.grad


@program
def grad_under_no_grad_with_create_graph(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = (x * x).sum()
    with L.no_grad():
        (g,) = L.autograd.grad(y, x, create_graph=True)
    return g, g.requires_grad


@program
def backward_in_inference_mode(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = (x * x).sum()
    with L.inference_mode():
        y.backward()
    return x.grad, x.grad.is_inference()


# -- inference tensors --------------------------------------------------------------------------------------------------


def inferred(L: Any, *values: float) -> Any:
    with L.inference_mode():
        return L.tensor(list(values), dtype=L.float64)


INFERENCE: dict[str, Callable[[Any, Any], Any]] = {
    "clone": lambda L, x: (x.clone() * leaf(L, 1.0, 2.0)).sum().requires_grad,
    "mul_by_leaf": lambda L, x: x * leaf(L, 1.0, 2.0),
    "leaf_plus": lambda L, x: (leaf(L, 1.0, 2.0) + x).requires_grad,
    "matmul": lambda L, x: leaf(L, 1.0, 2.0) @ x,
    "functional": lambda L, x: (x * 2 + 1).exp(),
    "view": lambda L, x: x.view(2, 1).is_inference(),
    "in_place": lambda L, x: x.mul_(2),
    "setitem": lambda L, x: x.__setitem__(0, 1.0),
    "in_place_of_a_view": lambda L, x: x.view(2, 1).add_(1),
    "detach": lambda L, x: x.detach().is_inference(),
    "detach_": lambda L, x: x.detach_(),
    "requires_grad_": lambda L, x: x.requires_grad_(),
    "requires_grad_false": lambda L, x: x.requires_grad_(False),
    "requires_grad_inside": lambda L, x: inside(L, lambda: x.requires_grad_().requires_grad),
    "backward_of_it": lambda L, x: x.sum().backward(),
    "version": lambda L, x: x._version,
    "version_inside": lambda L, x: inside(L, lambda: x._version),
    "numpy": lambda L, x: x.numpy().tolist(),
    "to_other_dtype": lambda L, x: x.to(L.float32).is_inference(),
    "to_same_dtype": lambda L, x: x.to(L.float64).is_inference(),
    "deepcopy": lambda L, x: __import__("copy").deepcopy(x).is_inference(),
    "in_place_inside": lambda L, x: inside(L, lambda: x.mul_(2)),
    "normal_in_place_inside": lambda L, x: inside(
        L, lambda: L.ones(2, dtype=L.float64).add_(x).is_inference()
    ),
    "normal_made_outside_written_inside": lambda L, x: written_inside(L),
    "view_of_a_normal_tensor_inside": lambda L, x: viewed_inside(L),
    "copied_into_a_normal_tensor": lambda L, x: L.zeros(2, dtype=L.float64).copy_(x),
    "as_a_target_of_a_recorded_write": lambda L, x: x.add_(leaf(L, 1.0, 2.0)),
    "written_into_a_recorded_tensor": lambda L, x: (leaf(L, 1.0, 2.0) * 1).copy_(x).requires_grad,
    "as_a_kept_index": lambda L, x: leaf(L, 1.0, 2.0)[x.long()].sum().requires_grad,
    "grad": lambda L, x: x.grad is None,
    "stack": lambda L, x: L.stack([x, leaf(L, 1.0, 2.0)]).requires_grad,
    "repr": lambda L, x: x.tolist(),
    "data": lambda L, x: x.data.is_inference(),
    "retain_grad": lambda L, x: x.retain_grad(),
    "register_hook": lambda L, x: x.register_hook(lambda g: g),
}


def inside(L: Any, function: Callable[[], Any]) -> Any:
    with L.inference_mode():
        return function()


def written_inside(L: Any) -> Any:
    x = L.ones(2, dtype=L.float64)
    with L.inference_mode():
        x.add_(1)
    return x, x.is_inference(), x._version


def viewed_inside(L: Any) -> Any:
    x = L.ones(2, dtype=L.float64)
    with L.inference_mode():
        view = x[:1]
    view.add_(1)
    return x, view.is_inference(), x._version


def for_each_use(name: str, use: Callable[[Any, Any], Any]) -> None:
    program[f"inference_tensor_{name}"] = lambda L: use(L, inferred(L, 1.0, 2.0))


for _name, _use in INFERENCE.items():
    for_each_use(_name, _use)


@program
def recorded_tensor_written_in_inference_mode(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * 1
    with L.inference_mode():
        y.mul_(5)
    z = y.sum()
    z.backward()
    return x.grad, y


@program
def leaf_written_in_inference_mode(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    with L.inference_mode():
        x.mul_(5)
    return x, x.requires_grad, x._version
