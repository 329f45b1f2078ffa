"""What the methods of a `Function` may return: the same program through both libraries."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, leaf, raised, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


# -- what a Function returns ---------------------------------------------------------------------------------------


def function(L: Any, forward: Any, backward: Any = lambda ctx, *g: g[0], jvp: Any = None) -> Any:
    """A `Function` of these methods."""
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    if jvp is not None:
        methods["jvp"] = staticmethod(jvp)
    return type("Made", (L.autograd.Function,), methods)


@program
def writing_into_a_view_that_a_function_returned(L: Any) -> Any:
    out = function(L, lambda ctx, x: x[:1]).apply(leaf(L, 1.0, 2.0) * 1)
    return out._is_view(), raised(lambda: out.zero_())


@program
def writing_into_an_input_that_a_function_returned(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0) * 1
    out = function(L, lambda ctx, x: x).apply(x)
    return out._base is x, raised(lambda: out.zero_())


@program
def writing_into_one_of_several_views_of_a_function(L: Any) -> Any:
    out = function(L, lambda ctx, x: (x[:1], x + 1)).apply(leaf(L, 1.0, 2.0) * 1)
    return raised(lambda: out[0].zero_())


@program
def writing_into_a_view_of_a_function_without_recording(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    with L.no_grad():
        out = function(L, lambda ctx, x: x[:]).apply(x)
    return raised(lambda: out.zero_())


@program
def reading_a_view_that_a_function_returned(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    out = function(L, lambda ctx, x: x[:], lambda ctx, g: g * 5).apply(x * 2)
    (out * out).sum().backward()
    return x.grad, out.grad_fn.name()


@program
def one_tensor_returned_twice(L: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        y = x * 2
        return y, y

    x = leaf(L, 1.0)
    a, b = function(L, forward, lambda ctx, g, h: 2 * g + 2 * h).apply(x)
    (a + b).sum().backward()
    return a is b, x.grad


@program
def one_input_changed_and_returned_twice(L: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        x.mul_(2)
        ctx.mark_dirty(x)
        return x, x

    double = function(L, forward, lambda ctx, g, h: 2 * g + 2 * h)
    x = leaf(L, 1.0, 2.0)
    a, b = double.apply(x.clone())
    (a + b).sum().backward()
    return a is b, x.grad, raised(lambda: double.apply(x.clone()[:1]))


@program
def dirty_but_not_an_input(L: Any) -> Any:
    def copied(ctx: Any, x: Any) -> Any:
        y = x * 3
        ctx.mark_dirty(y)
        return y

    def viewed(ctx: Any, x: Any) -> Any:
        y = x.clone().view_as(x)
        ctx.mark_dirty(y)
        return y

    x = leaf(L, 1.0)
    return warned(lambda: function(L, copied).apply(x)), raised(lambda: function(L, viewed).apply(x))


@program
def dirty_views(L: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        x.add_(1)
        ctx.mark_dirty(x)
        return x

    x = leaf(L, 1.0, 2.0)
    change = function(L, forward)
    first, _ = x.split([1, 1])
    return (
        raised(lambda: change.apply(first)),
        raised(lambda: change.apply(x.view_as(x))),
        raised(lambda: first.add_(1)),
    )


# -- jvp -----------------------------------------------------------------------------------------------------------


def pushed(L: Any, forward: Any, jvp: Any) -> Any:
    forward_ad = L.autograd.forward_ad
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(L.ones(2, dtype=L.float64), L.full((2,), 3.0, dtype=L.float64))

        def call() -> Any:
            return forward_ad.unpack_dual(function(L, forward, jvp=jvp).apply(dual)).tangent.clone()

        return [raised(call), forward_ad.unpack_dual(dual).tangent.clone()]


def doubled_in_place(ctx: Any, x: Any) -> Any:
    ctx.mark_dirty(x)
    return x.mul_(2)


JVPS = {
    "in_place": (doubled_in_place, lambda ctx, t: t.mul_(2)),
    "in_place_but_not_the_tangent": (doubled_in_place, lambda ctx, t: t * 2),
    "in_place_but_the_tangent_unchanged": (doubled_in_place, lambda ctx, t: t),
    "view": (lambda ctx, x: x[:1], lambda ctx, t: t[:1]),
    "view_but_the_tangent_copied": (lambda ctx, x: x[:1], lambda ctx, t: t[:1].clone()),
    "view_of_another_tangent": (lambda ctx, x: x[:1], lambda ctx, t: (t * 1)[:1]),
    "as_it_is": (lambda ctx, x: x, lambda ctx, t: t.view_as(t)),
    "as_it_is_with_the_tangent_itself": (lambda ctx, x: x, lambda ctx, t: t),
}
for _name, _methods in JVPS.items():

    def _pushed(L: Any, methods: Any = _methods) -> Any:
        return pushed(L, *methods)

    _pushed.__name__ = f"jvp_{_name}"
    program(_pushed)


@program
def jvp_of_what_is_not_differentiable(L: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        y = x.clone()
        ctx.mark_non_differentiable(y)
        return y

    return pushed(L, forward, lambda ctx, t: t)


@program
def saved_for_backward_is_not_for_jvp(L: Any) -> Any:
    counts: list[int] = []

    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * 2

    def backward(ctx: Any, g: Any) -> Any:
        counts.append(len(ctx.saved_tensors))
        return g * 2

    def jvp(ctx: Any, t: Any) -> Any:
        counts.append(len(ctx.saved_tensors))
        return t * 2

    x = leaf(L, 1.0)
    with L.autograd.forward_ad.dual_level():
        dual = L.autograd.forward_ad.make_dual(x, L.ones(1, dtype=L.float64))
        function(L, forward, backward, jvp).apply(dual).sum().backward()
    return counts, x.grad


@program
def out_of_duals(L: Any) -> Any:
    forward_ad = L.autograd.forward_ad
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(L.ones(2), L.ones(2))
        return raised(lambda: L.add(L.ones(2), 1, out=dual)), raised(lambda: L.add(dual, 1, out=L.ones(2)))


@program
def extremes_of_nan(L: Any) -> Any:
    found = []
    for name in ("max", "min", "median", "nanmedian"):
        for values in ((1.0, 0.0, 1.0, 0.0, 1.0, 0.0), (float("nan"),) * 3, (float("nan"), 1.0)):
            x = leaf(L, *values)
            getattr(x, name)().backward()
            found.append(x.grad)
    return found


# -- what is kept --------------------------------------------------------------------------------------------------


@program
def saved_leaves_are_themselves(L: Any) -> Any:
    found: list[bool] = []
    x, constant = leaf(L, 1.0), L.ones(1, dtype=L.float64)
    x.note = "hung on"

    def forward(ctx: Any, x: Any, constant: Any) -> Any:
        y = x * constant
        ctx.save_for_backward(x, constant, y)
        return y

    def backward(ctx: Any, g: Any) -> Any:
        first, second, third = ctx.saved_tensors
        found.extend([first is x, second is constant, first.note == "hung on", third.grad_fn is not None])
        return g * second, None

    function(L, forward, backward).apply(x, constant).sum().backward()
    return found, x.grad


@program
def saved_leaves_that_changed(L: Any) -> Any:
    constant = L.ones(1, dtype=L.float64)

    def forward(ctx: Any, x: Any, constant: Any) -> Any:
        ctx.save_for_backward(x, constant)
        return x * constant

    made = function(L, forward, lambda ctx, g: (g * ctx.saved_tensors[1], None)).apply(leaf(L, 1.0), constant)
    constant.add_(1)
    return raised(lambda: made.sum().backward())


@program
def levels_open(L: Any) -> Any:
    forward_ad = L.autograd.forward_ad
    before = forward_ad._current_level
    with forward_ad.dual_level():
        return before, forward_ad._current_level


@program
def versions_preserved(L: Any) -> Any:
    x = leaf(L, 1.0).clone()
    x.add_(1)
    with L.autograd._unsafe_preserve_version_counter(x):
        x.mul_(2)
    return x._version, x


@program
def anomalies_of_other_errors(L: Any) -> Any:
    def call() -> Any:
        with L.autograd.detect_anomaly():
            x = leaf(L, 1.0)
            y = x + 1
            z = y**2
            y += 1
            return raised(lambda: z.sum().backward())

    warnings, error = warned(call)
    return [category for category, _ in warnings], [words[:14] for _, words in warnings], error
