"""`autograd.Function` under the transforms of `func`, and what it does alone: the same programs through both libraries."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from tests.judge.programs import Programs, leaf, raised, warned

programs = Programs()


def functions(L: Any) -> dict[str, Any]:
    """Functions of each kind, as classes of the library."""
    base = L.autograd.Function

    class Old(base):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 3 * x**2 * g

    class Gen(base):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any, y: Any) -> Any:
            return x**2 * y

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            return 2 * x * y * g, x**2 * g

        @staticmethod
        def jvp(ctx: Any, a: Any, b: Any) -> Any:
            x, y = ctx.saved_tensors
            return (2 * x * y * a if a is not None else 0) + (x**2 * b if b is not None else 0)

    class NoRule(Gen):
        generate_vmap_rule = False

    class Both(Gen):
        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, y: Any) -> Any:
            return x, 0

    class Own(Gen):
        generate_vmap_rule = False
        seen: ClassVar[list[Any]] = []

        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, y: Any) -> Any:
            Own.seen.append([info.batch_size, info.randomness, [d is None for d in in_dims]])
            x = x[None] if in_dims[0] is None else x.movedim(in_dims[0], 0)
            y = y[None] if in_dims[1] is None else y.movedim(in_dims[1], 0)
            return Own.apply(x, y), 0

    class NotATuple(Own):
        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, y: Any) -> Any:
            return x

    class Three(Own):
        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, y: Any) -> Any:
            return x, 0, 1

    class WrongDims(Own):
        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, y: Any) -> Any:
            return x, (0, 0)

    class NoOutDim(Own):
        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, y: Any) -> Any:
            return x.sum(0), None

    class Nothing(base):
        @staticmethod
        def forward(x: Any) -> Any:
            return x * 2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

    class Sum(base):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any) -> Any:
            return x.sum()

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.shape = inputs[0].shape

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g.expand(ctx.shape)

    class Two(base):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any) -> Any:
            return x.exp(), x * 2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(output[0])

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            (e,) = ctx.saved_tensors
            return g * e + 2 * h

    class WithNumPy(base):
        @staticmethod
        def forward(x: Any) -> Any:
            return L.from_numpy(np.exp(x.detach().numpy()))

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(output)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (out,) = ctx.saved_tensors
            return g * out

        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any) -> Any:
            return WithNumPy.apply(x), in_dims[0]

    class Options(base):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any, power: int = 2, scale: float = 1.0) -> Any:
            return x**power * scale

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            x, ctx.power, ctx.scale = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return ctx.power * x ** (ctx.power - 1) * ctx.scale * g, None, None

    class Outer(base):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any) -> Any:
            return Gen.apply(x, x)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 3 * Gen.apply(x, L.ones_like(x)) * g

    found = {
        name: value
        for name, value in locals().items()
        if isinstance(value, type) and name not in ("L", "base")
    }
    found.pop("Any", None)
    return found


#: F = func, C = the functions, x and y = 3 by 4, X = a leaf like x
LINES = """
F.grad(lambda a: C["Old"].apply(a).sum())(x)
F.vmap(C["Old"].apply)(x)
F.jvp(C["Old"].apply, (x,), (x,))
F.vjp(C["Old"].apply, x)
F.grad(lambda a: C["Gen"].apply(a, y).sum())(x)
F.grad(lambda a, b: C["Gen"].apply(a, b).sum(), argnums=(0, 1))(x, y)
F.vmap(C["Gen"].apply)(x, y)
F.vmap(C["Gen"].apply, (0, None))(x, y[0])
F.vmap(C["Gen"].apply, (None, 0))(x[0], y)
F.vmap(C["Gen"].apply, (1, 1))(x, y)
F.vmap(C["Gen"].apply, (1, 1), 1)(x, y)
F.vmap(F.vmap(C["Gen"].apply))(x, y)
F.vmap(F.vmap(C["Gen"].apply, (0, None)), (None, 0))(x[0], y[:, 0])
F.vmap(F.grad(lambda a, b: C["Gen"].apply(a, b).sum(), argnums=(0, 1)), (0, None))(x, y[0])
F.grad(lambda a, b: F.vmap(C["Gen"].apply, (0, None))(a, b).sum(), argnums=(0, 1))(x, y[0])
F.grad(lambda a: F.grad(lambda b: C["Gen"].apply(b, y).sum())(a).sum())(x)
F.jvp(C["Gen"].apply, (x, y), (x, y))
F.jvp(lambda a: C["Gen"].apply(a, y), (x,), (x,))
F.jvp(lambda b: C["Gen"].apply(x, b), (y,), (x,))
F.jvp(F.vmap(C["Gen"].apply), (x, y), (x, y))
F.vmap(lambda a, b: F.jvp(C["Gen"].apply, (a, b), (a, b))[1])(x, y)
F.grad(lambda a: F.jvp(lambda b: C["Gen"].apply(b, y), (a,), (a,))[1].sum())(x)
F.jvp(F.grad(lambda a: C["Gen"].apply(a, y).sum()), (x,), (y,))
F.hessian(lambda a: C["Gen"].apply(a, y[0]).sum())(x[0])
F.hessian(lambda a, b: C["Gen"].apply(a, b).sum(), argnums=(0, 1))(x[0], y[0])
F.vmap(F.hessian(lambda a: C["Gen"].apply(a, y[0]).sum()))(x)
F.jacfwd(lambda a: C["Gen"].apply(a, y[0]))(x[0])
F.jacrev(lambda a: C["Gen"].apply(a, y[0]))(x[0])
F.jacrev(F.jacrev(lambda a: C["Gen"].apply(a, y[0])))(x[0])
F.jacrev(F.vmap(C["Gen"].apply))(x, y)
F.jacfwd(F.vmap(C["Gen"].apply))(x, y)
F.vjp(C["Gen"].apply, x, y)[1](x)
F.linearize(lambda a: C["Gen"].apply(a, y), x)[1](y)
F.vmap(C["NoRule"].apply)(x, y)
F.grad(lambda a: C["NoRule"].apply(a, y).sum())(x)
F.vmap(lambda a: C["NoRule"].apply(y, y) + a)(x)
F.vmap(C["Both"].apply)(x, y)
F.grad(lambda a: C["Both"].apply(a, y).sum())(x)
(F.vmap(C["Own"].apply)(x, y), C["Own"].seen)
(F.vmap(C["Own"].apply, (0, None))(x, y[0]), C["Own"].seen)
(F.vmap(C["Own"].apply, (None, 0), randomness="same")(x[0], y), C["Own"].seen)
(F.vmap(F.vmap(C["Own"].apply))(x, y), C["Own"].seen)
(F.vmap(lambda a: C["Own"].apply(y, y) + a)(y), C["Own"].seen)
F.vmap(F.grad(lambda a, b: C["Own"].apply(a, b).sum()))(x, y)
F.grad(lambda a: F.vmap(C["Own"].apply)(a, y).sum())(x)
F.jvp(F.vmap(C["Own"].apply), (x, y), (y, x))
F.vmap(lambda a, b: F.jvp(C["Own"].apply, (a, b), (b, a)))(x, y)
F.vmap(C["NotATuple"].apply)(x, y)
F.vmap(C["Three"].apply)(x, y)
F.vmap(C["WrongDims"].apply)(x, y)
F.vmap(C["NoOutDim"].apply)(x, y)
F.vmap(C["NoOutDim"].apply, out_dims=None)(x, y)
F.jvp(C["Nothing"].apply, (x,), (x,))
F.grad(lambda a: C["Nothing"].apply(a).sum())(x)
F.vmap(F.grad(C["Sum"].apply))(x)
L.autograd.grad((F.vmap(C["Sum"].apply)(X) ** 2).sum(), X)
L.autograd.grad((F.vmap(C["Gen"].apply, (0, None))(X, y[0]) ** 2).sum(), X)
L.autograd.grad((F.vmap(C["Gen"].apply, (None, 0))(y[0], X) ** 2).sum(), X)
L.autograd.grad(F.vmap(C["Gen"].apply, (0, None))(y, X[0]).sum(), X)
L.autograd.grad((F.vmap(C["Two"].apply)(X)[0] ** 2).sum(), X)
F.vmap(F.grad(lambda a: (C["Two"].apply(a)[0] * C["Two"].apply(a)[1]).sum()))(x)
F.jacrev(lambda a: C["Two"].apply(a)[0])(x[0])
F.hessian(lambda a: C["Two"].apply(a)[0].sum())(x[0])
F.jacrev(F.jacrev(lambda a: C["Two"].apply(a)[0].sum()))(x[0])
F.vmap(C["WithNumPy"].apply)(x)
F.vmap(F.grad(lambda a: C["WithNumPy"].apply(a).sum()))(x)
F.vjp(C["WithNumPy"].apply, x)[1](x)
F.jacrev(C["WithNumPy"].apply)(x[0])
F.grad(lambda a: C["WithNumPy"].apply(a).sum())(x)
F.vmap(lambda a: C["Options"].apply(a, 3))(x)
F.vmap(F.grad(lambda a: C["Options"].apply(a, 3, 2.0).sum()))(x)
F.grad(lambda a: C["Options"].apply(a, scale=3.0).sum())(x)
C["Options"].apply(scale=3.0, x=x)
F.grad(lambda a: C["Outer"].apply(a).sum())(x)
F.vmap(F.grad(lambda a: C["Outer"].apply(a).sum()))(x)
F.jacrev(F.grad(lambda a: C["Outer"].apply(a).sum()))(x[0])
L.autograd.grad(C["Gen"].apply(X, y), X, L.stack([x, y]), is_grads_batched=True)
L.autograd.grad(C["Old"].apply(X), X, L.stack([x, y]), is_grads_batched=True)
L.autograd.grad(C["Two"].apply(X), X, (L.stack([x, y]), L.stack([y, x])), is_grads_batched=True)
L.autograd.functional.jacobian(C["Old"].apply, x[0], vectorize=True)
L.autograd.functional.hessian(lambda a: C["Old"].apply(a).sum(), x[0], vectorize=True)
L.autograd.functional.jacobian(lambda a: C["Gen"].apply(a, a), x[0], vectorize=True, strategy="forward-mode")
L.autograd.gradcheck(C["Gen"].apply, (X, X.detach().requires_grad_()), check_forward_ad=True, check_batched_grad=True)
L.autograd.gradcheck(C["Gen"].apply, (X, y), check_forward_ad=True, check_batched_forward_grad=True)
L.autograd.gradgradcheck(C["Old"].apply, (X,), check_batched_grad=True)
L.autograd.gradgradcheck(C["Two"].apply, (X,), check_batched_grad=True)
(C["Old"].generate_vmap_rule, C["Gen"].generate_vmap_rule)
L.autograd.Function.vmap(None, None)
L.autograd.Function.jvp(None, None)
C["Old"]()(x)
""".strip().splitlines()


def evaluate(L: Any, line: str) -> Any:
    x = (L.arange(12, dtype=L.float64).reshape(3, 4) * 1.7).sin()
    names = {
        "L": L,
        "F": L.func,
        "C": functions(L),
        "x": x,
        "y": x.abs() + 0.25,
        "X": x.clone().requires_grad_(),
    }
    return eval(line, names)


for _line in LINES:
    programs[_line] = lambda L, line=_line: evaluate(L, line)


# -- alone ---------------------------------------------------------------------------------------------------------------


@programs
def gradient_with_respect_to_a_saved_output(L: Any) -> Any:
    class Exp(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y, x * 2

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            (y,) = ctx.saved_tensors
            return g * y + 2 * h

    x = leaf(L, 0.5, 1.0)
    y, _ = Exp.apply(x)
    (first,) = L.autograd.grad(y.sum(), x, create_graph=True)
    by_y = L.autograd.grad(first.sum(), y, retain_graph=True)
    (second,) = L.autograd.grad(first.sum(), x, create_graph=True)
    return by_y, second, L.autograd.grad(second.sum(), x)


@programs
def the_saved_output_is_that_output(L: Any) -> Any:
    kept: list[Any] = []

    class Exp(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (y,) = ctx.saved_tensors
            kept.append([y.requires_grad, y.grad_fn is ctx, y.output_nr, y.is_leaf])
            return g * y

    x = leaf(L, 0.5)
    Exp.apply(x).sum().backward()
    Exp.apply(x).sum().backward(create_graph=True)
    return kept


@programs
def vjp_instead_of_backward(L: Any) -> Any:
    class Twice(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def vjp(ctx: Any, g: Any) -> Any:
            return g * 2

    class Double(Twice):
        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    x = leaf(L, 0.5)
    return L.autograd.grad(Twice.apply(x), x), raised(lambda: L.autograd.grad(Double.apply(x), x))


@programs
def saving_what_is_no_tensor_for_forward(L: Any) -> Any:
    class Bad(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_forward(3)
            return x

    return Bad.apply(leaf(L, 1.0))


@programs
def instances_are_deprecated(L: Any) -> Any:
    return warned(lambda: functions(L)["Old"]())[0][0][0]


@programs
def no_forward(L: Any) -> Any:
    class Empty(L.autograd.Function):
        pass

    return Empty.apply(leaf(L, 1.0))


@programs
def once_differentiable_under_batched_gradients(L: Any) -> Any:
    class Square(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        @L.autograd.function.once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 2 * x * g

    x = leaf(L, 1.0, 2.0, 3.0)
    return L.autograd.grad(Square.apply(x), x, L.eye(3, dtype=L.float64), is_grads_batched=True)


@programs
def non_differentiable_outputs_under_vmap(L: Any) -> Any:
    class Sorted(L.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any) -> Any:
            return tuple(x.sort())

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.mark_non_differentiable(output[1])
            ctx.save_for_backward(output[1])

        @staticmethod
        def backward(ctx: Any, g: Any, _: Any) -> Any:
            (order,) = ctx.saved_tensors
            return L.zeros_like(g).scatter(0, order, g)

    x = L.tensor([[3.0, 1.0, 2.0], [1.0, 3.0, 2.0]], dtype=L.float64)
    weights = L.tensor([1.0, 2.0, 3.0], dtype=L.float64)
    values = L.func.vmap(Sorted.apply)(x)
    return values, L.func.vmap(L.func.grad(lambda a: (Sorted.apply(a)[0] * weights).sum()))(x)


@programs
def gradients_that_are_missing_under_vmap(L: Any) -> Any:
    class First(L.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any, y: Any) -> Any:
            return x * 2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2, None

    x = L.ones(3, 2, dtype=L.float64)
    return L.func.vmap(L.func.grad(lambda a, b: First.apply(a, b).sum(), argnums=(0, 1)))(x, x)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", programs)
def test_programs(name: str) -> None:
    programs.check(name)
