"""Nothing waits for the garbage collector: tensor, node and kept array are freed the moment the last reference goes.

Each step below runs with the collector turned off; afterwards it must find nothing.
"""

from __future__ import annotations

import gc
import sys
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import nn
from autograd_gpu.nn import functional as F
from autograd_gpu.utils.checkpoint import checkpoint

STEPS: dict[str, Callable[[], Callable[[], Any]]] = {}


def step(make: Callable[[], Callable[[], Any]]) -> Callable[[], Callable[[], Any]]:
    """`make` builds a model and returns one training step."""
    STEPS[make.__name__] = make
    return make


def training(net: nn.Module, loss: Callable[[], ag.Tensor], **options: Any) -> Callable[[], None]:
    optimizer = ag.optim.AdamW(net.parameters(), lr=1e-3)

    def run() -> None:
        optimizer.zero_grad()
        loss().backward(**options)
        optimizer.step()

    return run


@step
def mlp() -> Callable[[], Any]:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    x, target = ag.randn(5, 4), ag.tensor([0, 1, 2, 0, 1])
    return training(net, lambda: F.cross_entropy(net(x), target))


@step
def cnn() -> Callable[[], Any]:
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 3),
    )
    x, target = ag.randn(2, 1, 8, 8), ag.tensor([0, 2])
    return training(net, lambda: F.cross_entropy(net(x), target))


@step
def lstm() -> Callable[[], Any]:
    net = nn.LSTM(3, 4, num_layers=2, bidirectional=True)
    x = ag.randn(6, 2, 3)
    return training(net, lambda: (net(x)[0] ** 2).mean())


@step
def transformer_block_with_dropout() -> Callable[[], Any]:
    net = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, dropout=0.1, batch_first=True)
    x = ag.randn(2, 5, 8)
    return training(net, lambda: (net(x) ** 2).mean())


@step
def checkpointed() -> Callable[[], Any]:
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Dropout(0.2))
    x = ag.randn(3, 4, requires_grad=True)
    return training(net, lambda: checkpoint(net, x, use_reentrant=False).sum())


@step
def checkpointed_with_reentrance() -> Callable[[], Any]:
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Dropout(0.2))
    x = ag.randn(3, 4, requires_grad=True)
    return training(net, lambda: checkpoint(net, x, use_reentrant=True).sum())


@step
def custom_function() -> Callable[[], Any]:
    class Scale(ag.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor, factor: float) -> tuple[ag.Tensor, ag.Tensor]:
            ctx.save_for_backward(x)
            ctx.factor = factor
            y = x * factor
            ctx.save_for_backward(x, y)
            return y, x + 1

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor, h: ag.Tensor) -> tuple[ag.Tensor, None]:
            x, _ = ctx.saved_tensors
            return g * ctx.factor + h * x, None

    net = nn.Linear(4, 4)
    x = ag.randn(3, 4)
    return training(net, lambda: sum(Scale.apply(net(x), 2.0)).sum())


@step
def hooks() -> Callable[[], Any]:
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    seen: list[Any] = []
    net.register_forward_hook(lambda module, args, out: seen.clear())
    net.register_full_backward_hook(lambda module, inputs, outputs: None)
    net.register_full_backward_pre_hook(lambda module, outputs: None)
    net[0].weight.register_hook(lambda g: g * 2)
    net[0].weight.register_post_accumulate_grad_hook(lambda t: None)
    x = ag.randn(3, 4, requires_grad=True)

    def loss() -> ag.Tensor:
        y = net(x)
        y.register_hook(lambda g: g * 2)
        y.retain_grad()
        y.grad_fn.register_hook(lambda inputs, outputs: None)
        return y.sum()

    run = training(net, loss)
    del loss
    return run


@step
def views_and_in_place() -> Callable[[], Any]:
    net = nn.Linear(4, 4)
    x = ag.randn(3, 4)

    def loss() -> ag.Tensor:
        y = net(x)
        buffer = ag.zeros(3, 4)
        view = buffer[1:]
        view.copy_(y[1:])
        buffer[0] = y[0] * 2
        buffer.mul_(y)
        first, second = y.split(2, dim=1)
        part = y * 1
        rows = part[1:]
        part.unsqueeze_(0).mul_(2)
        return buffer.sum() + view.exp().sum() + (first * second).sum() + part.sum() + rows.sum()

    return training(net, loss)


@step
def hessian_vector_product() -> Callable[[], Any]:
    x, v = ag.randn(4, requires_grad=True), ag.randn(4)

    def run() -> Any:
        (g,) = ag.autograd.grad((x.tanh() * x.roll(1)).sum(), x, create_graph=True)
        return ag.autograd.grad(g, x, v)

    return run


@step
def create_graph_through_a_fused_op() -> Callable[[], Any]:
    x = ag.randn(3, 4, requires_grad=True)

    def run() -> Any:
        y = F.layer_norm(x, (4,)).softmax(-1).max(dim=1).values
        (g,) = ag.autograd.grad((y * y).sum(), x, create_graph=True)
        return ag.autograd.grad(g.pow(2).sum(), x)

    return run


@step
def func_grad() -> Callable[[], Any]:
    x = ag.randn(3, 4)
    return lambda: ag.func.grad(lambda rows: (rows.sin() * rows).sum())(x)


@step
def func_grad_of_grad() -> Callable[[], Any]:
    x = ag.randn(3)
    inner = ag.func.grad(lambda row: (row**3).sum() * row.sum())
    return lambda: ag.func.grad(lambda row: inner(row).sum())(x)


#: functions under transforms, each of the rows of a matrix, the matrix, or one row
TRANSFORMED: dict[str, Callable[[ag.Tensor], Any]] = {
    "vmap": lambda m: ag.func.vmap(lambda row: row * 2)(m),
    "vmap_of_vmap": lambda m: ag.func.vmap(ag.func.vmap(ag.sin))(m),
    "vmap_of_grad": lambda m: ag.func.vmap(ag.func.grad(lambda row: (row.sin() * row).sum()))(m),
    "vmap_of_grad_of_a_fused_op": lambda m: ag.func.vmap(
        ag.func.grad(lambda row: F.layer_norm(row, (4,)).pow(3).sum())
    )(m),
    "vmap_in_place": lambda m: ag.func.vmap(lambda row: row.mul_(1.0))(m.clone()),
    "vmap_with_random_numbers": lambda m: ag.func.vmap(lambda row: row + ag.rand(4), randomness="different")(
        m
    ),
    "vmap_example_by_example": lambda m: ag.func.vmap(lambda row: ag.histc(row, 3))(m),
    "backward_through_vmap": lambda m: (
        ag.func.vmap(lambda row: row @ row)(m.clone().requires_grad_()).sum().backward()
    ),
    "grad_of_vmap": lambda m: ag.func.grad(lambda x: ag.func.vmap(ag.sin)(x).sum())(m),
    "jacrev": lambda m: ag.func.jacrev(lambda row: (m @ row).tanh())(m[0]),
    "jacfwd": lambda m: ag.func.jacfwd(lambda row: (m @ row).tanh())(m[0]),
    "hessian": lambda m: ag.func.hessian(lambda row: (m @ row).tanh().sum())(m[0]),
    "vjp": lambda m: ag.func.vjp(ag.sin, m)[1](m),
    "linearize": lambda m: ag.func.linearize(ag.sin, m)[1](m),
    "jvp_of_jvp": lambda m: ag.func.jvp(lambda x: ag.func.jvp(ag.sin, (x,), (x,))[1], (m,), (m,)),
    "vectorized_jacobian": lambda m: ag.autograd.functional.jacobian(ag.sin, m[0], vectorize=True),
}


def _transformed(function: Callable[[ag.Tensor], Any]) -> Callable[[], Callable[[], Any]]:
    def make() -> Callable[[], Any]:
        matrix = ag.randn(4, 4)
        return lambda: function(matrix)

    return make


STEPS.update({name: _transformed(function) for name, function in TRANSFORMED.items()})


@step
def forward_mode() -> Callable[[], Any]:
    x, v = ag.randn(3), ag.randn(3)
    return lambda: ag.func.jvp(lambda x: (x.exp() * x).sum(), (x,), (v,))


@step
def anomaly_mode() -> Callable[[], Any]:
    net = nn.Linear(4, 4)
    x = ag.randn(3, 4)
    run = training(net, lambda: net(x).tanh().sum())

    def watched() -> None:
        with ag.autograd.set_detect_anomaly(True):
            run()

    return watched


@step
def retained_graph() -> Callable[[], Any]:
    net = nn.Linear(4, 4)
    x = ag.randn(3, 4)

    def run() -> None:
        loss = net(x).exp().sum()
        loss.backward(retain_graph=True)
        loss.backward()

    return run


@step
def graph_without_backward() -> Callable[[], Any]:
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    x = ag.randn(3, 4)
    return lambda: net(x).exp().sum().item()


@step
def failed_backward() -> Callable[[], Any]:
    x = ag.randn(3, requires_grad=True)

    def refuse(g: ag.Tensor) -> None:
        raise KeyError("no")

    def run() -> None:
        y = x.exp()
        y.register_hook(refuse)
        try:
            (y * y).sum().backward()
        except KeyError as error:
            error.__traceback__ = None  # it holds the frames, and they hold the tensors

    return run


@step
def saved_tensors_on_the_host() -> Callable[[], Any]:
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    x = ag.randn(3, 4)

    def run() -> None:
        with ag.autograd.graph.saved_tensors_hooks(lambda t: t.detach().numpy(), lambda a: ag.from_numpy(a)):
            loss = net(x).exp().sum()
        loss.backward()

    return run


@pytest.mark.parametrize("name", STEPS)
def test_a_step_leaves_nothing_for_the_collector(name: str) -> None:
    run = STEPS[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of create_graph with backward, of anomaly mode
        run()  # compiles, fills caches
        gc.collect()
        gc.disable()
        try:
            run()
            assert gc.collect() == 0
        finally:
            gc.enable()


# -- when what is freed ------------------------------------------------------------------------------------------------


def _tracked(tensor: ag.Tensor) -> weakref.ref[Any]:
    """A reference that tells when the memory of a tensor is gone."""
    memory = tensor._array
    while isinstance(memory.base, np.ndarray):
        memory = memory.base
    return weakref.ref(memory)


def test_kept_arrays_go_as_backward_proceeds() -> None:
    x = ag.ones(4, requires_grad=True)
    hidden = x
    kept: list[weakref.ref[Any]] = []
    alive: list[int] = []
    for _ in range(5):
        hidden = hidden.exp().mul(0.1)
        hidden.register_hook(lambda g: alive.append(sum(ref() is not None for ref in kept)))
        # the output of exp, which its derivative needs
        kept.append(
            _tracked(ag.autograd.graph.get_gradient_edge(hidden).node.next_functions[0][0]._saved_result)
        )
    loss = hidden.sum()
    del hidden
    assert sum(ref() is not None for ref in kept) == 5
    loss.backward()
    assert alive == [5, 4, 3, 2, 1]
    assert not any(ref() is not None for ref in kept)


def test_everything_kept_goes_with_the_last_output() -> None:
    x = ag.ones(4, requires_grad=True)
    y = x.exp()
    kept = _tracked(y)
    z = (y * y).sum()
    del y
    assert kept() is not None
    del z
    assert kept() is None


def test_gradients_on_the_way_go_when_they_were_passed_on() -> None:
    x = ag.ones(4, requires_grad=True)
    passed: list[weakref.ref[Any]] = []
    alive: list[int] = []

    def note(g: ag.Tensor) -> None:
        alive.append(sum(ref() is not None for ref in passed))
        passed.append(weakref.ref(g._array))

    y = x
    for _ in range(4):
        y = y.sin()
        y.register_hook(note)
    y.sum().backward()
    # sin's derivative makes a new array each time; the one before is gone when the next hook runs
    assert max(alive) <= 1


def test_a_graph_of_a_hundred_thousand_nodes_is_freed_without_recursion() -> None:
    x = ag.ones(1, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    limit = sys.getrecursionlimit()
    kept = weakref.ref(y)
    del y
    assert kept() is None
    assert sys.getrecursionlimit() == limit


def test_backward_through_a_hundred_thousand_nodes() -> None:
    x = ag.ones(1, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0]


def test_a_recurrent_loop_of_ten_thousand_steps() -> None:
    cell = nn.RNNCell(3, 4)
    x, hidden = ag.randn(2, 3), ag.zeros(2, 4)
    for _ in range(10_000):
        hidden = cell(x, hidden)
    hidden.sum().backward()
    assert all(bool(p.grad.isfinite().all()) for p in cell.parameters())
    del hidden


def test_a_deep_chain_of_views_and_writes() -> None:
    x = ag.ones(4, requires_grad=True)
    y = x * 1
    for _ in range(3_000):
        y[1:].mul_(1.0)
        y.view(2, 2)[0].add_(0.0)
    y.sum().backward()
    assert x.grad.tolist() == [1.0] * 4


def test_a_deep_create_graph() -> None:
    x = ag.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(20_000):
        y = y * 1.0
    (g,) = ag.autograd.grad(y * x, x, create_graph=True)
    (h,) = ag.autograd.grad(g, x)
    assert h.item() == 2.0


def test_a_deep_graph_with_hooks_and_anomaly_mode() -> None:
    x = ag.ones(1, requires_grad=True)
    y = x
    with ag.autograd.set_detect_anomaly(True):
        for _ in range(2_000):
            y = y * 1.0
        y.sum().backward()
    assert x.grad.tolist() == [1.0]
