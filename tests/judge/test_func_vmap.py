"""`vmap` of layers, indexing, random numbers and derivatives: the same programs through both libraries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judge.programs import Programs, leaf, outcome, ramp, torch

programs = Programs()

#: one behaviour per line; F = func, N = nn.functional, x = 3 by 4, y = 3 by 4 (positive), v = 4 numbers, i = 3 by 2 indices
LINES = """
F.vmap(lambda a, k: a[k])(x, L.tensor([0, 2, 3]))
F.vmap(lambda k: x[k])(L.tensor([0, 2, 1]))
F.vmap(lambda k: x[:, k])(L.tensor([0, 2, 1]))
F.vmap(lambda k: x[k, 1:])(L.tensor([0, 2, 1]))
F.vmap(lambda a, k: a[k])(x, i)
F.vmap(lambda a, k: a.reshape(2, 2)[:, k])(x, i % 2)
F.vmap(lambda a, k: a.reshape(2, 2)[k, k])(x, i % 2)
F.vmap(lambda a: a[[0, 3]])(x)
F.vmap(lambda a: a[L.tensor([True, False, True, True])])(x)
F.vmap(lambda a: a[a > 0])(x)
F.vmap(lambda a: a[None, 1:3, None])(x)
F.vmap(lambda a: a[..., -1])(x)
F.vmap(lambda a, k: a.index_select(0, k))(x, i)
F.vmap(lambda k: v.index_select(0, k))(i)
F.vmap(lambda a, k: a.gather(0, k))(x, i)
F.vmap(lambda a, k: a.scatter(0, k, 7.0))(x, i)
F.vmap(lambda a, k: a.scatter_add(0, k, a[:2]))(x, i)
F.vmap(lambda a, k: a.index_add(0, k, a[:2]))(x, i)
F.vmap(lambda a, k: a.index_copy(0, k, a[2:]))(x, i)
F.vmap(lambda a, k: a.index_fill(0, k, 5.0))(x, i)
F.vmap(lambda a, k: a.index_put((k,), a[:2]))(x, i)
F.vmap(lambda a, k: a.index_put((k,), a[:2], accumulate=True))(x, i)
F.vmap(lambda a, k: L.take_along_dim(a, k, 0))(x, i)
F.vmap(lambda a, k: a.scatter_reduce(0, k, a[:2], "prod"))(x, i)
F.vmap(lambda a, k: a.scatter_reduce(0, k, a[:2], "amax"))(x, i)
F.vmap(lambda a, m: a.masked_fill(m, 0.0))(x, x > 0)
F.vmap(lambda a, m: a.masked_scatter(m, v))(x, x > 0)
F.vmap(lambda a, m: a.masked_select(m))(x, x > 0)
F.vmap(lambda a: a.nonzero())(x)
F.vmap(lambda a: L.unique(a))(x)
F.vmap(lambda a: L.bincount(a, minlength=4))(i)
F.vmap(lambda a, r: a.repeat_interleave(r))(x, L.tensor([[1, 2, 0, 1], [4, 0, 0, 0], [1, 1, 1, 1]]))
F.vmap(lambda a: a.repeat_interleave(2))(x)
F.vmap(lambda a: L.searchsorted(a.sort()[0], v))(x)
F.vmap(lambda a: a.as_strided((2, 2), (1, 1)))(x)
F.vmap(lambda a: a.unfold(0, 2, 1))(x)
F.vmap(lambda a: a.item())(x[:, 0])
F.vmap(lambda a: float(a.sum()) * a)(x)
F.vmap(lambda a: (3.0 in a) * a)(x)
F.vmap(lambda a: L.stack([a, a]).t(), out_dims=-1)(x)
F.vmap(lambda a: a.to(L.float32))(x)
F.vmap(lambda a: a.long())(x)
F.vmap(lambda a: a.new_zeros(2))(x)
F.vmap(lambda a: L.zeros_like(a) + 1)(x)
F.vmap(lambda a: a.flatten().unsqueeze(0).expand(2, -1).contiguous())(x)
F.vmap(lambda a: a.shape)(x)
F.vmap(lambda a: a * a.ndim + a.numel() + a.size(0))(x)
F.vmap(lambda a: L.meshgrid(a, v, indexing="ij"))(x)
F.vmap(lambda a: L.cat([a, v]))(x)
F.vmap(lambda a: L.where(a > 0, a, v))(x)
F.vmap(lambda a: L.where(a > 0, a, 0.0))(x)
F.vmap(lambda a: a.clone().fill_(2.0))(x)
F.vmap(lambda a: a.clone().copy_(v))(x)
F.vmap(lambda a: a.clone().add_(v).mul_(a))(x)
F.vmap(lambda a: v.clone().copy_(a))(x)
F.vmap(lambda a: L.logsumexp(a, 0) + a.var() + a.std() + a.median())(x)
F.vmap(lambda a: a.sort(descending=True))(x)
F.vmap(lambda a: a.topk(2))(x)
F.vmap(lambda a: (a.argmax(), a.argmin(0, keepdim=True)))(x)
F.vmap(lambda a: L.histc(a, 3, 0.0, 1.0))(y)
F.vmap(lambda a: L.einsum("i,j->ij", a, v))(x)
F.vmap(lambda a: L.outer(a, v) @ a)(x)
F.vmap(lambda a: a.any() | a.all())(x > 0)
F.vmap(lambda a: a.cumsum(0).flip(0).roll(1))(x)
F.vmap(lambda a: a.dot(v))(x)
F.vmap(lambda a: N.embedding(a, x))(i)
F.vmap(lambda w: N.embedding(i[0] % 2, w.reshape(2, 2)))(x)
F.vmap(lambda a, w: N.embedding(a % 2, w.reshape(2, 2)))(i, x)
F.vmap(F.grad(lambda w: N.embedding(i[0] % 2, w.reshape(2, 2)).pow(3).sum()))(x)
F.vmap(F.grad(lambda w, a: N.embedding(a % 2, w.reshape(2, 2)).pow(3).sum()), (None, 0))(v, i)
F.vmap(F.grad(lambda w, a: N.embedding(a % 2, w.reshape(2, 2), padding_idx=0).pow(3).sum()), (None, 0))(v, i)
F.vmap(lambda a: N.one_hot(a, 4))(i)
F.vmap(lambda a: N.layer_norm(a, (4,), v, v))(x)
F.vmap(lambda a: N.group_norm(a.reshape(1, 2, 2), 2))(x)
F.vmap(lambda a: N.batch_norm(a.reshape(2, 2), None, None, training=True))(x)
F.vmap(lambda a: N.instance_norm(a.reshape(1, 2, 2)))(x)
F.vmap(lambda a: N.batch_norm(a.reshape(2, 2), v[:2], y[0, :2]))(x)
F.vmap(lambda a: N.normalize(a, dim=0))(x)
F.vmap(lambda a: N.pad(a.reshape(1, 1, 4), (1, 1), mode="reflect"))(x)
F.vmap(lambda a: N.max_pool2d(a.reshape(1, 1, 2, 2), 2))(x)
F.vmap(lambda a: N.avg_pool2d(a.reshape(1, 1, 2, 2), 2))(x)
F.vmap(lambda a: N.cross_entropy(a.reshape(2, 2), L.tensor([0, 1])))(x)
F.vmap(lambda a, t: N.cross_entropy(a.reshape(2, 2), t % 2))(x, i)
F.vmap(lambda a, t: N.nll_loss(a.reshape(2, 2).log_softmax(1), t % 2))(x, i)
F.vmap(lambda a: N.binary_cross_entropy_with_logits(a, y[0]))(x)
F.vmap(lambda a: N.scaled_dot_product_attention(*(a.reshape(1, 2, 2),) * 3))(x)
F.vmap(F.vmap(lambda a, b: a * b, (0, None)), (None, 0))(v, x)
F.vmap(F.vmap(lambda k: v[k]))(i)
F.vmap(F.vmap(lambda a, k: a * v[k]), (0, 0))(x[:, :2], i)
F.vmap(F.jacrev(lambda a: a.sin() * v))(x)
F.vmap(F.jacfwd(lambda a: a.softmax(0)))(x)
F.vmap(F.hessian(lambda a: (a.softmax(0) * v).sum()))(x)
F.vmap(F.grad_and_value(lambda a: (a.exp() * v).sum()))(x)
F.vmap(lambda a: F.vjp(L.tanh, a)[1](v)[0])(x)
F.jacrev(F.vmap(lambda a: a[[1, 0]] * a[2]))(x)
F.jacfwd(F.vmap(lambda a: a[[1, 0]] * a[2]))(x)
F.jvp(F.vmap(L.sin), (x,), (y,))
F.jvp(F.vmap(lambda a: a.softmax(0)), (x,), (y,))
F.jvp(F.vmap(lambda a, b: a * b, (0, None)), (x, v), (y, v))
F.vjp(F.vmap(lambda a, b: a * b, (0, None)), x, v)[1](y)
F.hessian(F.vmap(lambda a: (a**3).sum()))(x)
F.vmap(lambda a, b: a + b, in_dims=(0, 1))(x, x.t().contiguous())
F.vmap(lambda a, k=None: a + k.sum())(x, k=v)
F.vmap(lambda t: t[0] + t[1], in_dims=((0, None),))((x, v))
F.vmap(lambda a: [a, {"k": a.sum()}])(x)
F.vmap(lambda a: a.sum(), chunk_size=2)(x)
F.vmap(lambda a: a, out_dims=2)(x)
F.vmap(lambda a: None)(x)
F.vmap(lambda a, b: a, in_dims=(0, 0))(x, v)
F.rearrange(x, "a (b c) -> c b a", b=2)
F.rearrange([x, x], "s a b -> a (s b)")
F.rearrange(x, "... b -> b ... 1")
F.rearrange(x, "a b -> a")
F.rearrange(x, "a b c -> a b c")
F.rearrange(x, "a b, a b")
F.rearrange(x, "a (b c -> a b c")
F.rearrange(x, "a a -> a a")
F.rearrange(x, "a 2 -> a 2")
F.functionalize(lambda a: a.clone().add_(1))(x)
F.functionalize(lambda a: a, remove="everything")(x)
F.debug_unwrap(x)
""".strip().splitlines()


def values(L: Any) -> dict[str, Any]:
    x = (L.arange(12, dtype=L.float64).reshape(3, 4) * 1.7).sin()
    return {
        "L": L, "F": L.func, "N": L.nn.functional, "x": x, "y": x.abs() + 0.25, "v": L.arange(4, dtype=L.float64) * 0.5,
        "i": L.tensor([[0, 3], [2, 1], [3, 0]]),
    }  # fmt: skip


for _line in LINES:
    programs[_line] = lambda L, line=_line: eval(line, values(L))


# -- layers --------------------------------------------------------------------------------------------------------------


def filled(L: Any, module: Any) -> Any:
    """The module in double precision, with the same parameters in both libraries."""
    module = module.double()
    with L.no_grad():
        for number, parameter in enumerate(module.parameters()):
            count = parameter.numel()
            parameter.copy_(
                (L.arange(count, dtype=L.float64).reshape(parameter.shape) * 0.7 + number).sin() * 0.5
            )
    return module


def state(module: Any) -> dict[str, Any]:
    return {name: parameter.detach() for name, parameter in module.named_parameters()}


def per_sample(L: Any, module: Any, batch: Any) -> Any:
    """Gradients of one loss per example, all computed at once, and for the first example by itself."""
    module = filled(L, module)

    def loss(parameters: Any, example: Any) -> Any:
        out = L.func.functional_call(module, parameters, (example.unsqueeze(0),))
        return (out**2).sum()

    gradients = L.func.vmap(L.func.grad(loss), in_dims=(None, 0))(state(module), batch)
    alone = L.func.grad(loss)(state(module), batch[0])
    return gradients, alone


@programs
def per_sample_gradients_of_a_linear_layer(L: Any) -> Any:
    return per_sample(L, L.nn.Linear(4, 3), values(L)["x"])


@programs
def per_sample_gradients_of_a_convolution(L: Any) -> Any:
    return per_sample(L, L.nn.Conv2d(1, 2, 2, padding=1), values(L)["x"].reshape(3, 1, 2, 2))


@programs
def per_sample_gradients_of_a_strided_grouped_convolution(L: Any) -> Any:
    return per_sample(L, L.nn.Conv1d(2, 4, 2, stride=2, groups=2), values(L)["x"].reshape(3, 2, 2))


@programs
def per_sample_gradients_of_a_transposed_convolution(L: Any) -> Any:
    return per_sample(L, L.nn.ConvTranspose2d(1, 2, 2), values(L)["x"].reshape(3, 1, 2, 2))


@programs
def per_sample_gradients_of_layer_norm(L: Any) -> Any:
    return per_sample(L, L.nn.LayerNorm(4), values(L)["x"])


@programs
def per_sample_gradients_of_group_norm(L: Any) -> Any:
    return per_sample(L, L.nn.GroupNorm(2, 4), values(L)["x"])


@programs
def per_sample_gradients_of_an_embedding(L: Any) -> Any:
    return per_sample(L, L.nn.Embedding(4, 3), values(L)["i"])


@programs
def per_sample_gradients_of_a_network(L: Any) -> Any:
    n = L.nn
    net = n.Sequential(
        n.Conv2d(1, 2, 3, padding=1),
        n.ReLU(),
        n.MaxPool2d(2),
        n.Flatten(),
        n.Linear(8, 5),
        n.GELU(),
        n.Linear(5, 2),
    )
    return per_sample(L, net, ramp(L, 3, 1, 4, 4).detach().sin())


@programs
def per_sample_gradients_of_attention(L: Any) -> Any:
    module = filled(L, L.nn.MultiheadAttention(4, 2, batch_first=True))

    def loss(parameters: Any, example: Any) -> Any:
        row = example.reshape(1, 3, 4)
        out, weights = L.func.functional_call(module, parameters, (row, row, row))
        return (out**2).sum() + weights[0, 0, 0]

    return L.func.vmap(L.func.grad(loss), in_dims=(None, 0))(state(module), ramp(L, 2, 12).detach().sin())


@programs
def per_sample_gradients_of_a_transformer_layer(L: Any) -> Any:
    module = filled(L, L.nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True))

    def loss(parameters: Any, example: Any) -> Any:
        return (L.func.functional_call(module, parameters, (example.unsqueeze(0),)) ** 2).mean()

    return L.func.vmap(L.func.grad(loss), in_dims=(None, 0))(state(module), ramp(L, 2, 3, 4).detach().sin())


@programs
def ensemble_of_networks(L: Any) -> Any:
    nets = [filled(L, L.nn.Sequential(L.nn.Linear(4, 3), L.nn.Tanh(), L.nn.Linear(3, 2))) for _ in range(3)]
    with L.no_grad():
        for number, net in enumerate(nets):
            for parameter in net.parameters():
                parameter.mul_(number + 1)
    parameters, buffers = L.func.stack_module_state(nets)
    x = values(L)["x"]

    def call(p: Any, b: Any, batch: Any) -> Any:
        return L.func.functional_call(nets[0], (p, b), (batch,))

    out = L.func.vmap(call, in_dims=(0, 0, None))(parameters, buffers, x)
    out.pow(2).sum().backward()
    return out, {name: value.grad for name, value in parameters.items()}


@programs
def ensemble_with_minibatches_of_their_own(L: Any) -> Any:
    nets = [filled(L, L.nn.Linear(4, 2)) for _ in range(3)]
    parameters, buffers = L.func.stack_module_state(nets)
    x = ramp(L, 3, 5, 4).detach().sin()
    return L.func.vmap(lambda p, b, rows: L.func.functional_call(nets[0], (p, b), (rows,)))(
        parameters, buffers, x
    )


@programs
def batch_norm_under_vmap(L: Any) -> Any:
    module = filled(L, L.nn.BatchNorm1d(4))
    return L.func.vmap(lambda rows: module(rows))(ramp(L, 3, 5, 4).detach())


@programs
def batch_norm_without_running_statistics_under_vmap(L: Any) -> Any:
    net = L.nn.Sequential(filled(L, L.nn.BatchNorm1d(4)))
    same = L.func.replace_all_batch_norm_modules_(net)
    return L.func.vmap(net)(ramp(L, 3, 5, 4).detach().sin()), same is net, net[0].track_running_stats


@programs
def batched_running_statistics(L: Any) -> Any:
    module = filled(L, L.nn.BatchNorm1d(2))
    mean, var = L.zeros(3, 2, dtype=L.float64), L.ones(3, 2, dtype=L.float64)

    def call(rows: Any, m: Any, s: Any) -> Any:
        buffers = {"running_mean": m, "running_var": s}
        return L.func.functional_call(module, buffers, (rows,))

    return L.func.vmap(call)(ramp(L, 3, 5, 2).detach().sin(), mean, var), mean, var


# -- in place, random numbers, printing ----------------------------------------------------------------------------------


@programs
def assigning_to_rows(L: Any) -> Any:
    def function(a: Any, k: Any) -> Any:
        out = a.clone()
        out[k] = a[:2] * 10
        out[3] = 1.0
        return out

    v = values(L)
    return L.func.vmap(function)(v["x"], v["i"])


@programs
def assigning_with_a_mask_that_does_not_vary(L: Any) -> Any:
    def function(a: Any) -> Any:
        out = a.clone()
        out[L.tensor([True, False, False, True])] = 0.0
        return out

    x = values(L)["x"].requires_grad_()
    out = L.func.vmap(function)(x)
    out.pow(2).sum().backward()
    return out, x.grad


@programs
def writing_into_what_does_not_vary(L: Any) -> Any:
    def function(a: Any) -> Any:
        out = L.zeros(4, dtype=L.float64)
        out[:] = a
        return out

    return L.func.vmap(function)(values(L)["x"])


@programs
def in_place_on_an_argument(L: Any) -> Any:
    x = values(L)["x"]
    return L.func.vmap(lambda a: a.mul_(2))(x), x


@programs
def in_place_on_a_view_inside(L: Any) -> Any:
    def function(a: Any) -> Any:
        b = a * 1
        b[1:3].mul_(a[0])
        return b.sum()

    return L.func.vmap(L.func.grad(function))(values(L)["x"])


@programs
def random_numbers_are_refused(L: Any) -> Any:
    return L.func.vmap(lambda a: a + L.rand(4))(values(L)["x"])


@programs
def random_numbers_of_a_generator_are_refused(L: Any) -> Any:
    return L.func.vmap(lambda a: a + L.rand(4, generator=L.Generator()))(values(L)["x"])


@programs
def random_numbers_that_differ(L: Any) -> Any:
    out = L.func.vmap(lambda a: L.rand(4, generator=L.Generator()), randomness="different")(values(L)["x"])
    return list(out.shape), bool((out[0] == out[1]).any())


@programs
def random_numbers_that_are_the_same(L: Any) -> Any:
    out = L.func.vmap(lambda a: L.randn(4), randomness="same")(values(L)["x"])
    return list(out.shape), bool((out[0] == out[1]).all())


@programs
def permutations_that_differ(L: Any) -> Any:
    out = L.func.vmap(lambda a: L.randperm(50), randomness="different")(values(L)["x"])
    return list(out.shape), bool((out[0] == out[1]).all()), out.sort(1)[0]


@programs
def random_shapes(L: Any) -> Any:
    x = values(L)["y"]
    draws = [
        lambda a: L.rand_like(a), lambda a: L.randint(0, 9, (2,)), lambda a: L.bernoulli(a.clamp(0, 1)),
        lambda a: L.normal(a, a), lambda a: L.multinomial(a, 2), lambda a: a.clone().normal_(),
        lambda a: L.nn.functional.dropout(a, 0.5),
    ]  # fmt: skip
    return [list(L.func.vmap(draw, randomness="different")(x).shape) for draw in draws]


@programs
def printed(L: Any) -> Any:
    texts: list[str] = []

    def inner(a: Any) -> Any:
        texts.append(repr(a))
        return a

    L.func.vmap(inner)(L.tensor([[1.0, 2.0], [3.0, 4.0]]))
    L.func.vmap(L.func.vmap(inner))(L.tensor([[1.0, 2.0], [3.0, 4.0]]))
    L.func.vmap(inner)(L.tensor([[1, 2], [3, 4]]))
    return texts


@programs
def closing_over_a_leaf(L: Any) -> Any:
    w = leaf(L, 1.0, 2.0, 3.0, 4.0)
    out = L.func.vmap(lambda a, k: (a * w)[k])(values(L)["x"], L.tensor([0, 1, 1]))
    out.sum().backward()
    return w.grad


@programs
def second_order_across(L: Any) -> Any:
    x = values(L)["x"].requires_grad_()
    y = L.func.vmap(lambda a: a[[0, 0, 1]].prod())(x)
    (g,) = L.autograd.grad(y.sum(), x, create_graph=True)
    return L.autograd.grad((g * g).sum(), x)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", programs)
def test_programs(name: str) -> None:
    programs.check(name)


def test_the_lines_are_not_all_errors() -> None:

    assert sum(outcome(programs[line], torch)[0] == "value" for line in LINES) > 0.8 * len(LINES)
