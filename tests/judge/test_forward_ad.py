"""Forward mode: levels, in-place changes, nesting with backward. The same programs through both libraries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judge.programs import Programs, leaf, raised, ramp

programs = Programs()


def pushed(L: Any, function: Any, *inputs: Any) -> Any:
    """Value and tangent of a function whose inputs move in fixed directions."""
    fw = L.autograd.forward_ad
    with fw.dual_level():
        duals = [fw.make_dual(x, (x.detach() * 1.7 + 0.3).sin()) for x in inputs]
        found = fw.unpack_dual(function(*duals))
        return found.primal.detach(), None if found.tangent is None else found.tangent.detach()


#: functions of x (3 by 4) and v (4 numbers), of every kind of op
LINES = """
x * v + x / (v + 2) - v
x.exp().log1p().sin().tanh()
x.abs().sqrt() ** 1.5
x ** v.abs()
L.where(x > 0, x, v * 2)
x.clamp(0.2, 0.8)
L.maximum(x, v)
L.atan2(x, v + 3)
L.lerp(x, v.expand(3, 4), 0.3)
x.sum(0) + x.mean(0) + x.prod(0)
x.var(1) + x.std(1)
x.amax(1) + x.amin(1)
x.max(1).values
x.sort(1).values
x.topk(2, 1).values
x.median(1).values
x.norm(dim=1)
x.cumsum(1) + x.cumprod(1)
x.logsumexp(1)
x.softmax(1).log() + x.log_softmax(0)
x @ v
x.t() @ x
x @ x.t() @ x
L.einsum("ij,kj->ik", x, x)
v.dot(v) + v.outer(v).trace()
x.t().reshape(2, 6).permute(1, 0)
x.unsqueeze(0).expand(2, 3, 4).flip(0).roll(1, 2)
L.cat([x, x * 2], 1).split(3, 1)[1]
L.stack([v, v * v]).unbind(1)[2]
x[1:, ::2] * x[0, 1]
x[L.tensor([0, 2, 0])]
x.index_select(1, L.tensor([3, 3])).gather(0, L.tensor([[0, 1]]))
L.zeros(3, 4, dtype=L.float64).index_add(0, L.tensor([0, 0, 1]), x)
x.scatter(1, L.tensor([[1], [0], [2]]), 5.0)
x.masked_fill(x > 0.5, 0.0)
x.tril().triu(-1).diagonal()
N.pad(x, (1, 1)).unfold(1, 2, 2)
N.linear(x, x, x[:, 0])
N.layer_norm(x, (4,), v)
N.conv1d(x.reshape(1, 3, 4), x[:2, :3].reshape(1, 3, 2))
N.max_pool1d(x.reshape(1, 3, 4), 2)
N.avg_pool1d(x.reshape(1, 3, 4), 2)
N.gelu(x) + N.silu(x) + N.softplus(x) + N.leaky_relu(x)
N.cross_entropy(x, L.tensor([0, 1, 2]))
N.mse_loss(x, v.expand(3, 4)) + N.smooth_l1_loss(x, v.expand(3, 4))
N.scaled_dot_product_attention(x.reshape(1, 3, 4), x.reshape(1, 3, 4), x.reshape(1, 3, 4))
N.embedding(L.tensor([0, 2]), x)
N.batch_norm(x, None, None, training=True)
N.group_norm(x.reshape(1, 4, 3), 2)
L.complex(x, x * 2).abs()
(L.complex(x, v.expand(3, 4)) * 1j).exp().real
x.detach() * x
x.clone().zero_() + 1
x.round() + x.floor() + x.sign()
L.zeros_like(x)
(x > 0).to(L.float64)
x.to(L.float32)
x.argmax(1)
""".strip().splitlines()

for _line in LINES:

    def _program(L: Any, line: str = _line) -> Any:
        def function(x: Any, v: Any) -> Any:
            return eval(line, {"L": L, "N": L.nn.functional, "x": x, "v": v})

        x = (L.arange(12, dtype=L.float64).reshape(3, 4) * 1.7).sin() + 0.2
        return pushed(L, function, x, L.arange(4, dtype=L.float64) * 0.4)

    programs[_line] = _program


# -- levels --------------------------------------------------------------------------------------------------------------


@programs
def levels_have_numbers(L: Any) -> Any:
    fw = L.autograd.forward_ad
    with fw.dual_level() as first:
        pass
    number = fw.enter_dual_level()
    fw.exit_dual_level(level=number)
    return first, number


@programs
def wrong_levels(L: Any) -> Any:
    fw = L.autograd.forward_ad
    number = fw.enter_dual_level()
    try:
        return raised(lambda: fw.exit_dual_level(level=number + 3))
    finally:
        fw.exit_dual_level()


@programs
def no_level_to_leave(L: Any) -> Any:
    L.autograd.forward_ad.exit_dual_level()


@programs
def no_level_to_make_a_dual_on(L: Any) -> Any:
    L.autograd.forward_ad.make_dual(L.ones(2), L.ones(2))


@programs
def no_level_to_unpack(L: Any) -> Any:
    return L.autograd.forward_ad.unpack_dual(L.ones(2)).tangent


@programs
def a_level_as_a_decorator(L: Any) -> Any:
    fw = L.autograd.forward_ad

    @fw.dual_level()
    def function(x: Any) -> Any:
        return fw.unpack_dual(fw.make_dual(x, x) ** 2)

    return list(function(L.ones(2))), raised(lambda: fw.make_dual(L.ones(2), L.ones(2)))


@programs
def tangents_end_with_their_level(L: Any) -> Any:
    fw = L.autograd.forward_ad
    with fw.dual_level():
        y = fw.make_dual(L.ones(2), L.ones(2)) * 2
    with fw.dual_level():
        return fw.unpack_dual(y).tangent


@programs
def what_cannot_be_dual(L: Any) -> Any:
    fw = L.autograd.forward_ad
    with fw.dual_level():
        return [
            raised(lambda: fw.make_dual(L.ones(2), L.ones(3))),
            raised(lambda: fw.make_dual(L.ones(2, dtype=L.int64), L.ones(2))),
            raised(lambda: fw.make_dual(L.ones(2), L.ones(2, dtype=L.int64))),
        ]


@programs
def no_grad_and_detach_do_not_stop_or_stop(L: Any) -> Any:
    fw = L.autograd.forward_ad
    with fw.dual_level():
        d = fw.make_dual(L.ones(2), L.ones(2))
        with L.no_grad():
            y = d * 2
        return fw.unpack_dual(y).tangent, fw.unpack_dual(y.detach()).tangent


# -- in place ------------------------------------------------------------------------------------------------------------


def changed(L: Any, change: Any) -> Any:
    """Value and tangent of what `change` does to a dual and a plain tensor, and their own."""
    fw = L.autograd.forward_ad
    with fw.dual_level():
        p = L.arange(4, dtype=L.float64) + 1
        d = fw.make_dual(p, L.tensor([1.0, 2.0, 3.0, 4.0], dtype=L.float64))
        q = L.ones(4, dtype=L.float64)
        out = change(d, q)
        return [list(fw.unpack_dual(each)) for each in (out, d, q)]


CHANGES = """
(d * 1).mul_(d)
q.add_(d)
q.copy_(d)
q[1:].mul_(d[1:])
q[::2].copy_(d[1:3])
d.zero_()
d.mul_(3)
d.fill_(2.0)
(d * 1)[1:3].zero_()
d.clone().sin_().mul_(q)
d.view(2, 2)[0].mul_(d.view(2, 2)[1])
q.view(2, 2).t()[0].copy_(d[:2])
d.detach().mul_(2)
d.clone().index_fill_(0, d.long()[:1], 9.0)
d.clone().masked_fill_(d > 2, 0.0)
d.clone().index_add_(0, d.long()[:2] % 4, d[:2])
d.addcmul_(q, d)
d.clamp_(1.5, 3.5)
d.clone().cumsum_(0)
d.add_(q, alpha=2).sub_(d)
""".strip().splitlines()

for _line in CHANGES:
    programs[_line] = lambda L, line=_line: changed(L, lambda d, q: eval(line, {"d": d, "q": q, "L": L}))


@programs
def assigning_a_dual(L: Any) -> Any:
    fw = L.autograd.forward_ad
    with fw.dual_level():
        d = fw.make_dual(L.arange(3.0), L.ones(3))
        y = L.zeros(2, 3)
        y[1] = d
        y[0, 1:] = d[:2] * 2
        y[:, 0] = 5.0
        return list(fw.unpack_dual(y.sin()))


# -- with backward -------------------------------------------------------------------------------------------------------


@programs
def reverse_over_forward(L: Any) -> Any:
    fw = L.autograd.forward_ad
    x = ramp(L, 3)
    with fw.dual_level():
        tangent = fw.unpack_dual((fw.make_dual(x, L.ones(3, dtype=L.float64)) ** 3).sin()).tangent
        return tangent, L.autograd.grad(tangent.sum(), x)


@programs
def forward_over_reverse(L: Any) -> Any:
    fw = L.autograd.forward_ad
    x = ramp(L, 3)
    with fw.dual_level():
        d = fw.make_dual(x, L.ones(3, dtype=L.float64))
        (g,) = L.autograd.grad((d**3).sin().sum(), d, create_graph=True)
        return list(fw.unpack_dual(g))


@programs
def forward_over_reverse_through_a_network(L: Any) -> Any:
    fw = L.autograd.forward_ad
    w, v = ramp(L, 4, 3, start=-1.0), ramp(L, 2, 4, start=-0.5)
    x = (L.arange(6, dtype=L.float64).reshape(2, 3) * 1.3).sin()
    with fw.dual_level():
        d = fw.make_dual(w, w.detach().sin())
        out = L.nn.functional.layer_norm(L.tanh(x @ d.t()), (4,)) @ v.t()
        (g,) = L.autograd.grad(L.nn.functional.cross_entropy(out, L.tensor([0, 1])), d, create_graph=True)
        return list(fw.unpack_dual(g))


@programs
def backward_in_a_level_gives_the_gradient_a_tangent(L: Any) -> Any:
    fw = L.autograd.forward_ad
    x = ramp(L, 3)
    with fw.dual_level():
        d = fw.make_dual(x, L.ones(3, dtype=L.float64))
        (d**3).sum().backward()
        return list(fw.unpack_dual(x.grad)), x.grad


@programs
def third_order_mixed(L: Any) -> Any:
    F = L.func
    f = lambda a: (a.sin() * a**2).sum()  # noqa: E731
    x = ramp(L, 3).detach()
    one = L.ones(3, dtype=L.float64)
    return [
        F.jvp(F.grad(lambda a: F.grad(f)(a).sum()), (x,), (one,)),
        F.grad(lambda a: F.jvp(F.grad(f), (a,), (one,))[1].sum())(x),
        F.jvp(lambda a: F.jvp(F.grad(f), (a,), (one,))[1], (x,), (one,)),
        F.grad(lambda a: F.jvp(lambda b: F.jvp(f, (b,), (one,))[1], (a,), (one,))[1])(x),
    ]


@programs
def nested_jvp_keeps_levels_apart(L: Any) -> Any:
    F = L.func
    one = L.ones((), dtype=L.float64)
    x = L.tensor(2.0, dtype=L.float64)
    # Perturbation confusion (Siskind, Pearlmutter 2005): d/dx (x * d/dy (x + y)) = 1
    return F.jvp(lambda a: a * F.jvp(lambda b: a + b, (one,), (one,))[1], (x,), (one,))


@programs
def hessian_of_a_function_that_changes_things_in_place(L: Any) -> Any:
    def function(a: Any) -> Any:
        b = a * 2
        b[0] = a[1] * a[2]
        b[1:].mul_(b[0].clone())
        return (b**2).sum()

    x = ramp(L, 3).detach()
    return L.func.jacrev(L.func.jacrev(function))(x), L.func.jvp(L.func.grad(function), (x,), (x.sin(),))


@programs
def functional_jvp_and_forward_jacobian(L: Any) -> Any:
    A = L.autograd.functional
    x = leaf(L, 1.0, 2.0, 3.0)
    forward = A.jacobian(lambda a: a.softmax(0), x, vectorize=True, strategy="forward-mode")
    return A.jvp(L.sin, x, L.ones(3, dtype=L.float64)), forward


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", programs)
def test_programs(name: str) -> None:
    programs.check(name)
