"""Function transforms and `autograd.functional`: the same program through both libraries."""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the judge here")

import autograd_gpu as ag  # noqa: E402 - after the check for PyTorch

for _name in ("func", "autograd.functional"):
    importlib.import_module(f"autograd_gpu.{_name}")

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


def numbers(L: Any, *shape: int, start: float = 0.3) -> Any:
    count = int(np.prod(shape)) if shape else 1
    return L.from_numpy(np.asarray(np.sin(np.arange(count) * 1.7 + start)).reshape(shape))


def weights(L: Any) -> Any:
    return {
        "first": numbers(L, 4, 3),
        "second": numbers(L, 2, 4, start=1.1),
        "bias": numbers(L, 4, start=2.0),
    }


def network(L: Any, p: Any, x: Any) -> Any:
    return L.tanh(L.nn.functional.linear(x, p["first"], p["bias"])) @ p["second"].transpose(0, 1)


def loss(L: Any, p: Any, x: Any, y: Any) -> Any:
    return L.nn.functional.cross_entropy(network(L, p, x), y)


# -- one line each -------------------------------------------------------------------------------------------------------

#: text -> what to compute with F = func, A = autograd.functional, L = the library, x = 4 numbers, m = a 3 by 4 matrix
LINES = """
F.hessian(lambda a: (L.softmax(a, 0) * x).sum() + L.logsumexp(a, 0))(x)
F.hessian(lambda a: F.vmap(lambda r: (r**3).prod())(a).sum())(m)
F.grad(L.sin)(x[0])
F.grad(F.grad(L.sin))(x[0])
F.grad(F.grad(F.grad(lambda a: a**5)))(x[1])
F.grad(lambda a, b: (a * b).sum(), argnums=1)(x, x + 1)
F.grad(lambda a, b: (a * b**2).sum(), argnums=(0, 1))(x, x + 1)
F.grad(lambda a, b: (a * b**2).sum(), argnums=(1, 0))(x, x + 1)
F.grad(lambda a, b: (a * b**2).sum(), argnums=-1)(x, x + 1)
F.grad(lambda a: ((a**2).sum(), a * 2), has_aux=True)(x)
F.grad(lambda d: (d["a"] * d["b"][0]).sum())({"a": x, "b": [x + 1]})
F.grad(lambda a, *, k: (a * k).sum())(x, k=3.0)
F.grad_and_value(lambda a: (a**2).sum())(x)
F.grad_and_value(lambda a: ((a**2).sum(), {"twice": a * 2}), has_aux=True)(x)
F.grad(lambda a: L.zeros((), dtype=L.float64))(x)
F.grad(lambda a: a.detach().sum() * a[0])(x)
F.grad(lambda a: a * F.grad(lambda b: a * b)(a))(x[0])
F.grad(lambda a: a)(x)
F.grad(lambda a: (a.sum(), a.sum()))(x)
F.grad(lambda a: 3.0)(x)
F.grad(lambda a: a.sum(), argnums=2)(x)
F.grad(lambda a: a.sum(), argnums=())(x)
F.grad(lambda a: a.sum(), argnums=(0, 0))(x)
F.grad(lambda a: a.sum(), argnums="a")(x)
F.grad(lambda a: a.sum())(3.0)
F.grad(lambda a: a.sum(), has_aux=True)(x)
F.vjp(L.sin, x)[0]
F.vjp(L.sin, x)[1](x)
F.vjp(lambda a, b: (a * b, a.sum()), x, x + 1)[1]((x, x[0]))
F.vjp(lambda a: {"out": a**2}, x)[1]({"out": x})
F.vjp(lambda a: (a**2, a * 3), x, has_aux=True)[2]
F.vjp(lambda a: a.sum().long(), x)
F.vjp(lambda a: 2, x)
F.vjp(lambda a: a, x)[1]((x, x))
F.vjp(lambda a: a, x)[1](x[:2])
F.vmap(F.vjp(L.exp, x)[1])(m)
F.jvp(L.sin, (x,), (x + 1,))
F.jvp(lambda a, b: (a @ b, a * 2), (m, x), (m + 1, x * 0.5))
F.jvp(lambda a: (a**2, a * 3), (x,), (x,), has_aux=True)
F.jvp(lambda a: x * 2, (x,), (x,))
F.jvp(lambda a: x * 2, (x,), (x,), strict=True)
F.jvp(L.sin, x, x)
F.jvp(L.sin, (x,), (x, x))
F.jvp(L.sin, (x,), (3.0,))
F.jvp(L.sin, (x,), (x[:2],))
F.jvp(lambda a: F.jvp(L.sin, (a,), (a * a,))[1], (x,), (x + 1,))
F.jacrev(L.sin)(x)
F.jacrev(lambda a: a.sum())(m)
F.jacrev(lambda a: a @ x)(m)
F.jacrev(lambda a, b: a @ b, argnums=(0, 1))(m, x)
F.jacrev(lambda a, b: (a @ b, {"s": a.sum()}), argnums=1)(m, x)
F.jacrev(lambda a: (a**2, a * 3), has_aux=True)(x)
F.jacrev(lambda d: d["a"] ** 2 * d["b"])({"a": x, "b": x + 1})
F.jacrev(lambda a: a**3, chunk_size=1)(x)
F.jacrev(lambda a: (a**3, a.sum()), chunk_size=3)(x)
F.jacrev(L.sin, chunk_size=0)(x)
F.jacrev(L.sin)(x.to(L.complex128))
F.jacfwd(L.sin)(x)
F.jacfwd(lambda a: a.sum())(m)
F.jacfwd(lambda a, b: a @ b, argnums=(0, 1))(m, x)
F.jacfwd(lambda a, b: (a @ b, {"s": b.sum()}), argnums=1)(m, x)
F.jacfwd(lambda a: (a**2, a * 3), has_aux=True)(x)
F.jacfwd(lambda a: L.softmax(a, 0))(x)
F.jacfwd(lambda a: L.logsumexp(a, 1))(m)
F.jacfwd(L.sin)(x.to(L.complex128))
F.jacfwd(F.jacrev(lambda a: (a**3).sum() * a[0]))(x)
F.jacrev(F.jacfwd(lambda a: (a**3).sum() * a[0]))(x)
F.jacrev(F.jacrev(lambda a: (a**3).sum() * a[0]))(x)
F.jacfwd(F.jacfwd(lambda a: (a**3).sum() * a[0]))(x)
F.hessian(lambda a: (L.softmax(a, 0) * x).sum() * L.log_softmax(a, 0)[1])(x)
F.hessian(lambda a, b: (a * b**2).sum(), argnums=(0, 1))(x, x + 1)
F.hessian(lambda a: (a @ x).exp().sum())(m)
F.vmap(F.hessian(lambda a: (a**3).sum() * a[0]))(m)
F.hessian(lambda a: F.vmap(lambda r: (r**3).sum() ** 2)(a).sum())(m)
F.linearize(L.sin, x)[1](x + 1)
F.linearize(lambda a, b: (a @ b, a.sum()), m, x)[1](m * 2, x * 0.5)
F.linearize(lambda a: a, x)[1](x[:2])
F.vmap(L.sin)(m)
F.vmap(lambda a: a.sum())(m)
F.vmap(lambda a: a.shape[0] * a)(m)
F.vmap(lambda a: a.reshape(2, -1).t())(m)
F.vmap(lambda a, b: a @ b)(m, m)
F.vmap(lambda a, b: a @ b, in_dims=(0, None))(m, x)
F.vmap(lambda a, b: a @ b, in_dims=(None, 1))(m, m.t().contiguous() @ m)
F.vmap(lambda a: a * 2, in_dims=1)(m)
F.vmap(lambda a: a * 2, in_dims=-1, out_dims=1)(m)
F.vmap(lambda a: (a * 2, a.sum()), out_dims=(1, 0))(m)
F.vmap(lambda a: L.stack([a, a]), out_dims=-1)(m)
F.vmap(lambda d: d["a"] * d["b"], in_dims=({"a": 0, "b": None},))({"a": m, "b": x})
F.vmap(lambda a: {"out": a * 2})(m)
F.vmap(lambda a: x * 2)(m)
F.vmap(lambda a: (a, x), out_dims=(0, None))(m)
F.vmap(lambda a: a * 2, chunk_size=2)(m)
F.vmap(lambda a, b: (a * b, a), in_dims=(0, None), out_dims=(1, 0), chunk_size=1)(m, x)
F.vmap(F.vmap(lambda a, b: a * b), in_dims=(0, None))(m, x)
F.vmap(F.vmap(lambda a, b: a * b, in_dims=(None, 0)), in_dims=(0, None))(m, x)
F.vmap(F.vmap(F.vmap(lambda a, b, c: a + b * c, (0, None, None)), (None, 0, None)), (None, None, 0))(x, x, x)
F.vmap(F.grad(lambda a: (a**3).sum()))(m)
F.vmap(F.grad(F.grad(lambda a: a**4)))(x)
F.vmap(F.jacrev(lambda a: a**2))(m)
F.vmap(F.jacfwd(lambda a: a**2))(m)
F.vmap(lambda a: F.jvp(L.sin, (a,), (a,))[1])(m)
F.grad(lambda a: F.vmap(lambda r: (r**3).sum())(a).sum())(m)
F.jacrev(F.vmap(lambda r: r.sum() * r))(m)
F.jacfwd(F.vmap(lambda r: r.sum() * r))(m)
F.vmap(lambda a: a.sum().item())(m)
F.vmap(lambda a: a if a.sum() > 0 else -a)(m)
F.vmap(lambda a: L.nonzero(a))(m)
F.vmap(lambda a: x.clone().add_(a))(m)
F.vmap(lambda a: L.dropout(a, 0.5, True))(m)
F.vmap(lambda a: L.randn(2) + a[0])(m)
F.vmap(lambda a: a, randomness="some")(m)
F.vmap(lambda a: a, chunk_size=0)(m)
F.vmap(lambda a: a)(3.0)
F.vmap(lambda a: a)()
F.vmap(lambda a: a, in_dims="0")(m)
F.vmap(lambda a: a, in_dims=(0, 0))(m)
F.vmap(lambda a: a, in_dims=None)(m)
F.vmap(lambda a: a, in_dims=2)(m)
F.vmap(lambda a: a, in_dims=(0.5,))(m)
F.vmap(lambda a, b: a)(m, x)
F.vmap(lambda a: 3)(m)
F.vmap(lambda a: a, out_dims=None)(m)
F.vmap(lambda a: a, out_dims=5)(m)
F.vmap(lambda a: (a, a), out_dims=(0, 0, 0))(m)
F.vmap(lambda a: a, out_dims="0")(m)
A.vjp(L.sin, x, x)
A.vjp(lambda a, b: (a * b, a.sum()), (x, x + 1), (x, x[0]))
A.vjp(L.sin, x)
A.vjp(L.sin, x, (x, x))
A.vjp(L.sin, x, x[:2])
A.vjp(L.sin, [x], x)
A.vjp(lambda a: 3, x)
A.vjp(lambda a: x * 2, x, x, strict=True)
A.vjp(lambda a: a * 2, x, x, strict=True, create_graph=True)
A.jvp(L.sin, x, x)
A.jvp(lambda a, b: (a @ b, a.sum()), (m, x), (m, x))
A.jvp(L.sin, x)
A.jvp(lambda a: a * 2, x, x, strict=True)
A.hvp(lambda a: (a**3).sum(), x, x)
A.hvp(lambda a, b: (a * b**2).sum(), (x, x + 1), (x, x))
A.hvp(lambda a: a, x, x)
A.hvp(lambda a: (a.sum(),), x, x)
A.hvp(lambda a: a.sum(), x, x, strict=True)
A.vhp(lambda a: (a**3).sum(), x, x)
A.vhp(lambda a, b: (a * b**2).sum(), (x, x + 1), (x, x))
A.vhp(lambda a: a.sum(), x, x)
A.vhp(lambda a: a.sum(), x)
A.jacobian(L.sin, x)
A.jacobian(lambda a: a @ x, m)
A.jacobian(lambda a, b: (a @ b, a.sum()), (m, x))
A.jacobian(lambda a, b: (a @ b, a.sum()), (m, x), vectorize=True)
A.jacobian(lambda a, b: (a @ b, a.sum()), (m, x), vectorize=True, strategy="forward-mode")
A.jacobian(lambda a: a, (x,))
A.jacobian(lambda a: (a,), x)
A.jacobian(lambda a: x * 2, x)
A.jacobian(lambda a: x * 2, x, strict=True)
A.jacobian(L.sin, x, strict=True, vectorize=True)
A.jacobian(L.sin, x, strategy="sideways")
A.jacobian(L.sin, x, strategy="forward-mode")
A.jacobian(L.sin, x, strategy="forward-mode", create_graph=True)
A.jacobian(L.sin, 3.0)
A.hessian(lambda a: (a**3).sum() * a[0], x)
A.hessian(lambda a, b: (a * b**2).sum(), (x, x + 1))
A.hessian(lambda a, b: (a * b**2).sum(), (x, x + 1), vectorize=True)
A.hessian(lambda a: (a**3).sum() * a[0], x, vectorize=True, outer_jacobian_strategy="forward-mode")
A.hessian(lambda a: a.sum(), x)
A.hessian(lambda a: a.sum(), x, strict=True)
A.hessian(lambda a: a, x)
A.hessian(lambda a: (a.sum(),), x)
"""

#: ops of every kind under vmap, on a row r of m (4 numbers) and m itself, each also under its gradient
BATCHED_OPS = """
r.view(2, 2).transpose(0, 1).reshape(-1)
r.unsqueeze(0).expand(3, 4)
r.unsqueeze(-1).squeeze(-1)
r[1:] * r[:-1]
r[..., None] * r
r[[0, 2]]
r[L.tensor([0, 0, 3])]
m[:, 1:] @ r[1:]
m + r
L.outer(r, r)
r.dot(r)
L.cat([r, r * 2], 0)
L.cat([r, m[0]], 0)
L.stack([r, m[0]], 1)
r.cumsum(0)
r.cumprod(0)
r.sort(0)[0]
r.sort(0, descending=True)[0]
r.topk(2)[0]
r.max(0)[0]
r.amax()
r.max()
r.min(0).values
r.mean()
r.var()
r.std(0)
r.norm()
r.prod()
(r * r).sum(-1, keepdim=True)
r.logsumexp(0)
L.softmax(r, 0)
L.log_softmax(r, -1)
L.flip(r, (0,))
L.roll(r, 1, 0)
r.repeat(2)
r.gather(0, L.tensor([1, 1, 3]))
L.zeros(4, dtype=L.float64).scatter(0, L.tensor([1, 0, 3]), r[:3])
r.index_select(0, L.tensor([3, 1]))
r.split(2)[1]
r.chunk(2)[0]
r.unbind()[2]
L.where(r > 0, r, r * 3)
r.clamp(-0.5, 0.5)
r.masked_fill(r > 0, 0.25)
L.tril(r.view(2, 2))
r.view(2, 2).diagonal()
L.diag_embed(r)
r.view(2, 2) @ r.view(2, 2)
L.bmm(r.view(1, 2, 2), r.view(1, 2, 2))
L.nn.functional.linear(r, m)
L.nn.functional.linear(m, m * r)
L.nn.functional.mse_loss(r, m[0])
L.nn.functional.smooth_l1_loss(r, m[0])
L.nn.functional.layer_norm(r, (4,))
L.nn.functional.gelu(r)
L.nn.functional.pad(r, (1, 2))
L.nn.functional.conv1d(r.view(1, 1, 4), m[:, :3].view(3, 1, 3))
L.nn.functional.conv1d(m.view(1, 3, 4), r.view(1, 1, 4).expand(2, 3, 4))
L.nn.functional.max_pool1d(r.view(1, 1, 4), 2)
L.nn.functional.avg_pool1d(r.view(1, 1, 4), 2)
L.nn.functional.scaled_dot_product_attention(r.view(1, 2, 2), r.view(1, 2, 2), r.view(1, 2, 2))
L.nn.functional.cross_entropy(r.view(1, 4), L.tensor([2]))
L.einsum("i,ji->j", r, m)
L.lerp(r, m[0], 0.3)
L.atan2(r, m[1])
r.abs().sqrt() ** 1.5
(2.0 - r) / (3 + r)
r.contiguous().clone().mul_(3)
"""


def lines(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line]


def evaluate(L: Any, line: str) -> Any:
    names = {"L": L, "F": L.func, "A": L.autograd.functional, "x": numbers(L, 4), "m": numbers(L, 3, 4)}
    return eval(line, names)


def batched(L: Any, line: str) -> Any:
    m = numbers(L, 3, 4)

    def function(r: Any) -> Any:
        return eval(line, {"L": L, "m": m, "r": r})

    def total(r: Any) -> Any:
        return (function(r) * 1.3).sum()

    return [
        L.func.vmap(function)(m),
        L.func.vmap(L.func.grad(total))(m),
        L.func.vmap(L.func.jacfwd(total))(m),
    ]


# -- longer programs -----------------------------------------------------------------------------------------------------


@program
def per_sample_gradients(L: Any) -> Any:
    one = L.func.grad(lambda p, x, y: loss(L, p, x.unsqueeze(0), y.unsqueeze(0)))
    return L.func.vmap(one, in_dims=(None, 0, 0))(weights(L), numbers(L, 5, 3), L.tensor([0, 1, 1, 0, 1]))


@program
def per_sample_gradients_in_chunks(L: Any) -> Any:
    one = L.func.grad(lambda p, x, y: loss(L, p, x.unsqueeze(0), y.unsqueeze(0)))
    return L.func.vmap(one, in_dims=(None, 0, 0), chunk_size=2)(
        weights(L), numbers(L, 5, 3), L.tensor([0, 1, 1, 0, 1])
    )


@program
def per_sample_hessians(L: Any) -> Any:
    one = L.func.hessian(lambda p, x: L.tanh(p @ x).sum())
    return L.func.vmap(one, in_dims=(None, 0))(numbers(L, 2, 3), numbers(L, 4, 3))


@program
def ensemble(L: Any) -> Any:
    stacked = {name: L.stack([value, value * 0.5]) for name, value in weights(L).items()}
    return L.func.vmap(lambda p, x: network(L, p, x), in_dims=(0, None))(stacked, numbers(L, 5, 3))


@program
def backward_through_vmap(L: Any) -> Any:
    x, w = numbers(L, 3, 4).requires_grad_(), numbers(L, 4).requires_grad_()
    L.func.vmap(lambda r: (r * w).sin().sum())(x).prod().backward()
    return x.grad, w.grad


@program
def second_derivative_through_vmap(L: Any) -> Any:
    x, w = numbers(L, 3, 4).requires_grad_(), numbers(L, 4).requires_grad_()
    y = L.func.vmap(lambda r: 1 / (2 - (r * w).sin()).sum())(x).sum()
    first = L.autograd.grad(y, (x, w), create_graph=True)
    return L.autograd.grad(sum((g * g).sum() for g in first), (x, w))


@program
def outer_parameters_get_gradients(L: Any) -> Any:
    w = numbers(L, 4).requires_grad_()
    found = L.func.grad(lambda a: (a * w).sin().sum())(numbers(L, 4))
    (found * found).sum().backward()
    return found.requires_grad, w.grad


@program
def results_have_no_history_of_their_own(L: Any) -> Any:
    x = numbers(L, 4)
    gradient, value = L.func.grad_and_value(lambda a: (a**2).sum())(x)
    output, vjp_fn = L.func.vjp(L.sin, x)
    softmax = L.func.jvp(lambda a: L.softmax(a, 0), (x,), (x,))
    found = [gradient, value, output, vjp_fn(x)[0], *softmax, L.func.hessian(lambda a: (a**3).sum())(x)]
    return [each.requires_grad for each in found], x.requires_grad


@program
def no_grad_outside_does_not_matter(L: Any) -> Any:
    with L.no_grad():
        return L.func.grad(lambda a: (a**2).sum())(numbers(L, 4)), L.func.hessian(lambda a: (a**3).sum())(
            numbers(L, 4)
        )


@program
def no_grad_inside_matters(L: Any) -> Any:
    def function(a: Any) -> Any:
        with L.no_grad():
            constant = a**2
        return (a * constant).sum()

    return L.func.grad(function)(numbers(L, 4))


@program
def vjp_more_than_once(L: Any) -> Any:
    _, vjp_fn = L.func.vjp(L.exp, numbers(L, 4))
    return vjp_fn(numbers(L, 4)), vjp_fn(numbers(L, 4, start=1.0))


@program
def functional_results_can_be_differentiated(L: Any) -> Any:
    x = numbers(L, 4).requires_grad_()
    jacobian = L.autograd.functional.jacobian(lambda a: a**3, x, create_graph=True)
    return L.autograd.grad(jacobian.sum(), x), L.autograd.functional.jacobian(lambda a: a**3, x).requires_grad


@program
def functional_call(L: Any) -> Any:
    layer = L.nn.Linear(3, 2).double()
    given = {"weight": numbers(L, 2, 3), "bias": numbers(L, 2)}
    return L.func.functional_call(layer, given, (numbers(L, 4, 3),))


@program
def functional_call_partial(L: Any) -> Any:
    layer = L.nn.Sequential(L.nn.Linear(3, 2), L.nn.Tanh()).double()
    L.func.functional_call(layer, {"0.weight": numbers(L, 2, 3)}, (numbers(L, 4, 3),))
    before = layer[0].weight
    L.func.functional_call(layer, {"0.weight": numbers(L, 2, 3)}, numbers(L, 4, 3))
    return before is layer[0].weight


@program
def functional_call_strict(L: Any) -> Any:
    return L.func.functional_call(
        L.nn.Linear(3, 2), {"weight": numbers(L, 2, 3)}, (numbers(L, 4, 3),), strict=True
    )


@program
def functional_call_unknown(L: Any) -> Any:
    return list(
        L.func.functional_call(
            L.nn.Linear(3, 2).double(), {"wait": numbers(L, 2, 3)}, (numbers(L, 4, 3),)
        ).shape
    )


@program
def functional_call_twice_the_same_name(L: Any) -> Any:
    given = {"weight": numbers(L, 2, 3)}
    return L.func.functional_call(L.nn.Linear(3, 2), (given, given), (numbers(L, 4, 3),))


@program
def functional_call_buffers(L: Any) -> Any:
    layer = L.nn.BatchNorm1d(3).double()
    buffers = {"running_mean": numbers(L, 3), "running_var": numbers(L, 3) ** 2}
    found = L.func.functional_call(layer, buffers, (numbers(L, 4, 3),))
    return found, buffers["running_mean"], layer.running_mean


@program
def stack_of_models(L: Any) -> Any:
    models = [L.nn.Linear(3, 2) for _ in range(4)]
    parameters, buffers = L.func.stack_module_state(models)
    return (
        [list(value.shape) for value in parameters.values()],
        parameters["weight"].requires_grad,
        list(buffers),
    )


@program
def stack_of_no_models(L: Any) -> Any:
    return L.func.stack_module_state([])


@program
def stack_of_different_models(L: Any) -> Any:
    return L.func.stack_module_state([L.nn.Linear(3, 2), L.nn.Tanh()])


# -- comparison ----------------------------------------------------------------------------------------------------------


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which ops have no batching rule is each library's own affair
        try:
            return function(*arguments)
        except Exception as error:
            return error


def first_words(error: Exception, count: int = 5) -> list[str]:
    text = (
        str(error).replace("torch.Size", "ag.Size").replace("torch.", "ag.").replace("autograd_gpu.", "ag.")
    )
    return re.sub(r"0x[0-9a-f]+|<class '[^']*'>|<[^>]*>", "", text).split()[:count]


def equal(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"PyTorch raises {theirs!r}, we return {ours!r}"
        assert type(ours) is type(theirs), (ours, theirs)
        if isinstance(theirs, AssertionError) or "vmap: It looks like" in str(theirs):
            return
        if "doesn't match the broadcast shape" in str(theirs):  # PyTorch shows shapes that users never see
            assert "changing in place" in str(ours)
            return
        assert first_words(ours) == first_words(theirs)
        return
    if isinstance(ours, Exception):
        raise ours
    if isinstance(theirs, (tuple, list)):
        assert isinstance(ours, (tuple, list))
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            equal(a, b)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            equal(ours[key], theirs[key])
    elif isinstance(theirs, torch.Tensor):
        assert list(ours.shape) == list(theirs.shape)
        assert str(ours.dtype).split(".")[-1] == str(theirs.dtype).split(".")[-1]
        tolerance = 1e-6 if theirs.dtype is torch.float32 else 1e-10
        np.testing.assert_allclose(
            ours.detach().numpy(), theirs.numpy(force=True), rtol=tolerance, atol=tolerance, equal_nan=True
        )
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    equal(outcome(PROGRAMS[name], ag), outcome(PROGRAMS[name], torch))


@pytest.mark.parametrize("line", lines(LINES))
def test_lines(line: str) -> None:
    equal(outcome(evaluate, ag, line), outcome(evaluate, torch, line))


@pytest.mark.parametrize("line", lines(BATCHED_OPS))
def test_ops_under_vmap(line: str) -> None:
    theirs = outcome(batched, torch, line)
    assert not isinstance(theirs, Exception), theirs
    equal(outcome(batched, ag, line), theirs)
