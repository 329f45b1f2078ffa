"""Threads, backward inside backward, anomaly mode and failures in the middle: the same program through both libraries."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, first_words, leaf, raised, ramp

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


def in_threads(count: int, function: Callable[[int], Any]) -> list[Any]:
    """``function(i)`` for each i < count, each in a thread of its own, all started together."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        return function(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


# -- threads ---------------------------------------------------------------------------------------------------------


@program
def graphs_of_their_own(L: Any) -> Any:
    def step(number: int) -> Any:
        x = leaf(L, 1.0 + number, 2.0)
        for _ in range(20):
            x.grad = None
            (x.exp() * x).sum().backward()
        return x.grad

    return in_threads(4, step)


@program
def one_leaf_for_all(L: Any) -> Any:
    x = ramp(L, 100)

    def step(number: int) -> None:
        for _ in range(10):
            (x * (number + 1)).sum().backward()

    in_threads(4, step)
    return x.grad


@program
def one_graph_for_all_with_grad(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    hidden = x.exp()
    y = (hidden * hidden).sum()
    return in_threads(4, lambda number: L.autograd.grad(y, x, retain_graph=True))


@program
def one_trunk_and_a_head_each(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    trunk = x.exp()
    return in_threads(4, lambda number: L.autograd.grad((trunk * (number + 1)).sum(), x, retain_graph=True))


@program
def forward_here_and_backward_there(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = (x * x).sum()
    thread = threading.Thread(target=y.backward)
    thread.start()
    thread.join()
    return x.grad


@program
def no_grad_in_one_thread_only(L: Any) -> Any:
    def step(number: int) -> Any:
        x = leaf(L, 1.0)
        if number % 2:
            with L.no_grad():
                return [(x * 2).requires_grad for _ in range(50)].count(True)
        return [(x * 2).requires_grad for _ in range(50)].count(True)

    return in_threads(4, step)


@program
def inference_in_one_thread_only(L: Any) -> Any:
    def step(number: int) -> Any:
        x = leaf(L, 1.0)
        if number % 2:
            with L.inference_mode():
                return [(x * 2).is_inference() for _ in range(50)].count(True)
        y = x * 2
        y.sum().backward()
        return y.is_inference(), x.grad

    return in_threads(4, step)


@program
def higher_order_in_threads(L: Any) -> Any:
    def step(number: int) -> Any:
        x = leaf(L, 1.0 + number, 2.0)
        (g,) = L.autograd.grad((x**3).sum(), x, create_graph=True)
        return L.autograd.grad((g * g).sum(), x)

    return in_threads(4, step)


@program
def hooks_run_in_the_thread_of_the_backward(L: Any) -> Any:
    def step(number: int) -> Any:
        x, seen = leaf(L, 1.0), []
        (y := x * 2).register_hook(lambda g: seen.append(threading.get_ident() == threading.get_ident()))
        y.sum().backward()
        return seen

    return in_threads(3, step)


@program
def errors_stay_in_their_thread(L: Any) -> Any:
    def step(number: int) -> Any:
        x = leaf(L, 1.0)
        y = x * 2

        def refuse(g: Any) -> None:
            raise KeyError("no")

        if number % 2:
            y.register_hook(refuse)
        return raised(lambda: y.sum().backward()), x.grad

    return in_threads(4, step)


@program
def leaf_hooks_in_threads(L: Any) -> Any:
    x, seen, lock = leaf(L, 1.0), [], threading.Lock()

    def note(g: Any) -> None:
        with lock:
            seen.append(float(g))

    x.register_hook(note)
    in_threads(4, lambda number: (x * (number + 1)).sum().backward())
    return sorted(seen), x.grad


@program
def modules_in_threads(L: Any) -> Any:
    net = L.nn.Sequential(L.nn.Linear(3, 3), L.nn.Tanh()).double()
    with L.no_grad():
        for p in net.parameters():
            p.copy_(ramp(L, *p.shape, start=-1.0))
    in_threads(4, lambda number: net(ramp(L, 2, 3) * (number + 1)).sum().backward())
    return [p.grad for p in net.parameters()]


# -- anomaly mode ------------------------------------------------------------------------------------------------------


def spoiled(L: Any, x: Any) -> Any:
    return (x * 0).sqrt().mul(0).sum()


@program
def anomaly_mode_holds_in_other_threads(L: Any) -> Any:
    with L.autograd.set_detect_anomaly(True):
        return in_threads(2, lambda number: raised(lambda: spoiled(L, leaf(L, 1.0)).backward()))


@program
def anomaly_mode_turned_on_in_a_thread(L: Any) -> Any:
    def switch() -> None:
        L.autograd.set_detect_anomaly(True)

    thread = threading.Thread(target=switch)
    thread.start()
    thread.join()
    try:
        return L.is_anomaly_enabled(), raised(lambda: spoiled(L, leaf(L, 1.0)).backward())
    finally:
        L.autograd.set_detect_anomaly(False)


@program
def anomaly_mode_in_several_threads(L: Any) -> Any:
    def step(number: int) -> Any:
        x = leaf(L, 1.0 + number)
        with L.autograd.set_detect_anomaly(True):
            for _ in range(5):
                x.grad = None
                (x.exp() * 2).sum().backward()
        return x.grad

    found = in_threads(3, step)
    L.autograd.set_detect_anomaly(False)
    return found, L.is_anomaly_enabled()


@program
def anomaly_mode_of_one_graph_in_several_threads(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x.exp().sum()
    with L.autograd.set_detect_anomaly(True):
        return in_threads(3, lambda number: L.autograd.grad(y, x, retain_graph=True))


@program
def anomaly_switches(L: Any) -> Any:
    seen = [(L.is_anomaly_enabled(), L.is_anomaly_check_nan_enabled())]
    with L.autograd.detect_anomaly():
        seen.append((L.is_anomaly_enabled(), L.is_anomaly_check_nan_enabled()))
        with L.autograd.detect_anomaly(check_nan=False):
            seen.append((L.is_anomaly_enabled(), L.is_anomaly_check_nan_enabled()))
        seen.append((L.is_anomaly_enabled(), L.is_anomaly_check_nan_enabled()))
        with L.autograd.set_detect_anomaly(False):
            seen.append((L.is_anomaly_enabled(), L.is_anomaly_check_nan_enabled()))
    seen.append((L.is_anomaly_enabled(), L.is_anomaly_check_nan_enabled()))
    return seen


@program
def anomaly_mode_and_hooks(L: Any) -> Any:
    x, order = leaf(L, 1.0, 2.0), []
    with L.autograd.set_detect_anomaly(True):
        y = x.exp()
        y.register_hook(lambda g: order.append("tensor"))
        y.grad_fn.register_prehook(lambda g: order.append("pre"))
        y.grad_fn.register_hook(lambda g, h: order.append("post"))
        y.sum().backward()
    return order, x.grad


@program
def anomaly_mode_with_a_hook_that_raises(L: Any) -> Any:
    x = leaf(L, 1.0)

    def refuse(g: Any) -> None:
        raise KeyError("no")

    with L.autograd.set_detect_anomaly(True):
        y = x.exp()
        y.register_hook(refuse)
        failed = raised(lambda: y.sum().backward())
    return failed, L.is_anomaly_enabled(), x.grad


@program
def anomaly_mode_through_a_function(L: Any) -> Any:
    class Spoil(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * float("nan")

    with L.autograd.set_detect_anomaly(True):
        return raised(lambda: Spoil.apply(leaf(L, 1.0)).sum().backward())


@program
def anomaly_mode_leaves_results_alone(L: Any) -> Any:
    x = ramp(L, 4)
    with L.autograd.set_detect_anomaly(True):
        a, b = (x.exp() * x).split(2)
        (g,) = L.autograd.grad((a * b).sum(), x, create_graph=True)
        (h,) = L.autograd.grad(g.sum(), x)
    return g, h


# -- backward inside backward --------------------------------------------------------------------------------------------


@program
def backward_in_a_hook_on_another_graph(L: Any) -> Any:
    x, w = leaf(L, 1.0, 2.0), leaf(L, 3.0, 4.0)
    y = x * 2
    y.register_hook(lambda g: (w * w).sum().backward())
    y.sum().backward()
    return x.grad, w.grad


@program
def backward_in_a_hook_on_the_same_leaf(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * 2
    y.register_hook(lambda g: (x * 10).sum().backward())
    y.sum().backward()
    return x.grad


@program
def grad_in_a_hook_replaces(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)

    def hook(g: Any) -> Any:
        with L.enable_grad():
            z = x.detach().requires_grad_()
            return L.autograd.grad((z**3).sum(), z)[0] * g

    y = x * 2
    y.register_hook(hook)
    y.sum().backward()
    return x.grad


@program
def grad_in_a_backward_of_a_function(L: Any) -> Any:
    class Implicit(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            with L.enable_grad():
                z = x.detach().requires_grad_()
                (inner,) = L.autograd.grad(z.sin().sum(), z)
            return inner * g

    x = leaf(L, 1.0, 2.0)
    (Implicit.apply(x) * x).sum().backward()
    return x.grad


@program
def nested_ten_deep(L: Any) -> Any:
    x = leaf(L, 1.0)
    depth: list[int] = []

    class Nest(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, level: int) -> Any:
            ctx.level = level
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            depth.append(ctx.level)
            if ctx.level:
                (x,) = ctx.saved_tensors
                with L.enable_grad():
                    z = x.detach().requires_grad_()
                    Nest.apply(z, ctx.level - 1).sum().backward()
                    return z.grad * g, None
            return g * 2, None

    Nest.apply(x, 10).sum().backward()
    return depth, x.grad


@program
def same_graph_again_from_a_hook(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = (x * x).sum()
    z = y * 3
    calls: list[Any] = []

    def again(g: Any) -> None:
        if not calls:
            calls.append(1)
            calls.append(L.autograd.grad(y, x, retain_graph=True)[0])

    y.register_hook(again)
    z.backward(retain_graph=True)
    return calls, x.grad


@program
def inner_failure_comes_out(L: Any) -> Any:
    x = leaf(L, 1.0)
    y = x * 2

    def hook(g: Any) -> None:
        with L.enable_grad():
            (x * x).backward(L.ones(3, dtype=L.float64))

    y.register_hook(hook)
    return raised(lambda: y.sum().backward()), x.grad


@program
def grad_mode_inside_an_inner_backward(L: Any) -> Any:
    x, seen = leaf(L, 1.0), []
    y = x * 2

    def hook(g: Any) -> None:
        seen.append(L.is_grad_enabled())
        with L.enable_grad():
            z = leaf(L, 1.0)
            w = z * z
            w.register_hook(lambda g: seen.append(L.is_grad_enabled()))
            w.sum().backward()
            seen.append(L.is_grad_enabled())
        seen.append(L.is_grad_enabled())

    y.register_hook(hook)
    y.sum().backward()
    return seen, L.is_grad_enabled()


# -- failures leave nothing behind -----------------------------------------------------------------------------------------


class Switch:
    """Something that can be told to fail."""

    def __init__(self) -> None:
        self.on = True

    def __call__(self, *arguments: Any) -> None:
        if self.on:
            raise ValueError("no")


@program
def failed_backward_can_be_repeated_with_retain_graph(L: Any) -> Any:
    x, refuse = leaf(L, 1.0, 2.0), Switch()
    h = x * x
    h.register_hook(refuse)
    y = h.exp().sum()
    first = raised(lambda: y.backward(retain_graph=True))
    refuse.on = False
    y.backward()
    return first, x.grad


@program
def failed_backward_without_retain_graph_has_freed_what_it_used(L: Any) -> Any:
    x, refuse = leaf(L, 1.0, 2.0), Switch()
    h = x * x
    h.register_hook(refuse)
    y = h.exp().sum()
    first = raised(lambda: y.backward())
    refuse.on = False
    return first, raised(lambda: y.backward()), x.grad


@program
def failed_backward_leaves_grad_mode(L: Any) -> Any:
    x, refuse = leaf(L, 1.0), Switch()
    y = x * 2
    y.register_hook(refuse)
    failed = [raised(lambda: y.sum().backward(retain_graph=True))]
    failed.append(raised(lambda: L.autograd.grad(y.sum(), x, create_graph=True)))
    with L.no_grad():
        z = y.detach()
    return failed, L.is_grad_enabled(), z.requires_grad, (x * 2).requires_grad


@program
def failed_post_accumulate_hook(L: Any) -> Any:
    x, refuse = leaf(L, 1.0), Switch()
    x.register_post_accumulate_grad_hook(refuse)
    first = raised(lambda: (x * 2).sum().backward())
    refuse.on = False
    (x * 2).sum().backward()
    return first, x.grad


@program
def failed_multi_grad_hook_then_a_good_pass(L: Any) -> Any:
    x, w, refuse = leaf(L, 1.0), leaf(L, 2.0), Switch()
    seen: list[Any] = []
    x.register_hook(refuse)
    L.autograd.graph.register_multi_grad_hook((x, w), lambda grads: seen.append(list(grads)))
    first = raised(lambda: (x * w).sum().backward())
    refuse.on = False
    x.grad = w.grad = None
    (x * w).sum().backward()
    return first, seen, x.grad, w.grad


@program
def failed_in_place_op_changes_nothing(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * 2
    node, version = y.grad_fn, y._version
    failed = [
        raised(lambda: y.mul_(L.ones(3, dtype=L.float64))),
        raised(lambda: y.add_(L.ones(2, dtype=L.complex128))),
        raised(lambda: y.copy_(L.ones(3, dtype=L.float64))),
        raised(lambda: y.__setitem__(5, 1.0)),
    ]
    unchanged = y.grad_fn is node, y._version == version
    y.sum().backward()
    return failed, unchanged, y, x.grad


@program
def failed_forward_of_a_function(L: Any) -> Any:
    class Fails(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            raise LookupError("no")

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    x = leaf(L, 1.0)
    first = raised(lambda: Fails.apply(x))
    y = x * 2
    return first, L.is_grad_enabled(), y.requires_grad


@program
def keyboard_interrupt_in_a_hook(L: Any) -> Any:
    x = leaf(L, 1.0)
    y = x * 2

    def interrupt(g: Any) -> None:
        raise KeyboardInterrupt

    handle = y.register_hook(interrupt)
    try:
        y.sum().backward(retain_graph=True)
    except KeyboardInterrupt:
        caught = True
    handle.remove()
    y.sum().backward()
    return caught, x.grad, L.is_grad_enabled()


@program
def system_exit_in_a_hook(L: Any) -> Any:
    y = leaf(L, 1.0) * 2

    def leave(g: Any) -> None:
        raise SystemExit(3)

    y.register_hook(leave)
    try:
        y.sum().backward()
    except SystemExit as error:
        return error.code
    return None


@program
def exception_keeps_its_type_and_cause(L: Any) -> Any:
    class Mine(Exception):
        def __init__(self, number: int) -> None:
            super().__init__(f"number {number}")
            self.number = number

    y = leaf(L, 1.0) * 2

    def refuse(g: Any) -> None:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise Mine(7) from error

    y.register_hook(refuse)
    try:
        y.sum().backward()
    except Mine as error:
        return error.number, type(error.__cause__).__name__, first_words(str(error))
    return None
