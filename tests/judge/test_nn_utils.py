"""Parametrizations, weights of given norm and averaged models: the same program through both libraries."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, raised, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


def utils(L: Any, name: str) -> Any:
    return __import__(f"{L.__name__}.nn.utils.{name}", fromlist=["x"])


def filled(L: Any, module: Any) -> Any:
    """A module with weights that are the same in both libraries."""
    with L.no_grad():
        for number, parameter in enumerate(module.parameters()):
            values = L.arange(parameter.numel(), dtype=parameter.dtype).reshape(parameter.shape)
            parameter.copy_((values * 0.7 + number).sin())
    return module


def layer(L: Any, *sizes: int) -> Any:
    return filled(L, L.nn.Linear(*(sizes or (4, 3)), dtype=L.float64))


def ramp(L: Any, *shape: int) -> Any:
    count = 1
    for size in shape:
        count *= size
    return (L.arange(count, dtype=L.float64).reshape(shape) * 0.3).cos()


def trained(L: Any, module: Any, *shape: int, steps: int = 3) -> Any:
    """Losses and state after some steps."""
    optimizer = L.optim.SGD(module.parameters(), lr=0.1)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (module(ramp(L, *shape)) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses, dict(sorted(module.state_dict().items()))


def quiet(function: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function()


# -- weight norm ---------------------------------------------------------------------------------------------


@program
def weight_norm(L: Any) -> Any:
    new = utils(L, "parametrizations").weight_norm
    return [trained(L, new(layer(L), dim=dim), 5, 4) for dim in (0, 1, None)]


@program
def weight_norm_of_convolutions(L: Any) -> Any:
    new = utils(L, "parametrizations").weight_norm
    conv = filled(L, L.nn.Conv2d(2, 3, 2, dtype=L.float64))
    transposed = filled(L, L.nn.ConvTranspose1d(2, 3, 2, dtype=L.float64))
    return trained(L, new(conv), 1, 2, 4, 4), trained(L, new(transposed, dim=1), 1, 2, 4)


@program
def old_weight_norm(L: Any) -> Any:
    old = L.nn.utils.weight_norm
    return [trained(L, quiet(lambda dim=dim: old(layer(L), dim=dim)), 5, 4) for dim in (0, 1, None)]


@program
def old_weight_norm_warns(L: Any) -> Any:
    return [category for category, _ in warned(lambda: L.nn.utils.weight_norm(layer(L)))[0]]


@program
def old_weight_norm_twice(L: Any) -> Any:
    module = quiet(lambda: L.nn.utils.weight_norm(layer(L)))
    return raised(lambda: quiet(lambda: L.nn.utils.weight_norm(module)))


@program
def old_weight_norm_removed(L: Any) -> Any:
    module = quiet(lambda: L.nn.utils.weight_norm(layer(L)))
    before = module(ramp(L, 2, 4))
    L.nn.utils.remove_weight_norm(module)
    return (
        before,
        module(ramp(L, 2, 4)),
        [n for n, _ in module.named_parameters()],
        raised(lambda: L.nn.utils.remove_weight_norm(module)),
    )


@program
def state_of_old_weight_norm_is_read_by_the_new_one(L: Any) -> Any:
    old = quiet(lambda: L.nn.utils.weight_norm(layer(L)))
    new = utils(L, "parametrizations").weight_norm(L.nn.Linear(4, 3, dtype=L.float64))
    return str(new.load_state_dict(old.state_dict())), new(ramp(L, 2, 4))


# -- spectral norm -------------------------------------------------------------------------------------------


def known_vectors(L: Any, module: Any) -> Any:
    with L.no_grad():
        for buffer in module.buffers():
            buffer.copy_(L.ones_like(buffer) / buffer.numel() ** 0.5)
    return module


@program
def spectral_norm(L: Any) -> Any:
    new = utils(L, "parametrizations").spectral_norm
    results = []
    for options in ({}, {"n_power_iterations": 3}, {"dim": 1}):
        module = known_vectors(L, new(layer(L), **options))
        results.append([trained(L, module, 5, 4), module.eval()(ramp(L, 2, 4))])
    return results


@program
def spectral_norm_of_convolutions(L: Any) -> Any:
    new = utils(L, "parametrizations").spectral_norm
    conv = known_vectors(L, new(filled(L, L.nn.Conv2d(2, 3, 2, dtype=L.float64))))
    transposed = known_vectors(L, new(filled(L, L.nn.ConvTranspose1d(2, 3, 2, dtype=L.float64))))
    return trained(L, conv, 1, 2, 4, 4), trained(L, transposed, 1, 2, 4)


@program
def old_spectral_norm(L: Any) -> Any:
    results = []
    for options in ({}, {"n_power_iterations": 3}, {"dim": 1}):
        module = known_vectors(L, L.nn.utils.spectral_norm(layer(L), **options))
        losses, state = trained(L, module, 5, 4)
        results.append([losses, state, module.eval()(ramp(L, 2, 4))])
    return results


@program
def old_spectral_norm_removed(L: Any) -> Any:
    module = known_vectors(L, L.nn.utils.spectral_norm(layer(L))).eval()
    before = module(ramp(L, 2, 4))
    L.nn.utils.remove_spectral_norm(module)
    return (
        before,
        module(ramp(L, 2, 4)),
        [n for n, _ in module.named_parameters()],
        raised(lambda: L.nn.utils.remove_spectral_norm(module)),
    )


@program
def spectral_norm_refused(L: Any) -> Any:
    new, old = utils(L, "parametrizations").spectral_norm, L.nn.utils.spectral_norm
    return [
        raised(lambda: new(layer(L), "nothing")),
        raised(lambda: new(layer(L), n_power_iterations=0)),
        raised(lambda: new(layer(L), dim=2)),
        raised(lambda: old(layer(L), n_power_iterations=0)),
        raised(lambda: old(old(layer(L)))),
    ]


# -- parametrizations of one's own ---------------------------------------------------------------------------


def symmetric(L: Any) -> Any:
    class Symmetric(L.nn.Module):
        def forward(self, x: Any) -> Any:
            return x.triu() + x.triu(1).transpose(-1, -2)

        def right_inverse(self, x: Any) -> Any:
            return x.triu()

    return Symmetric()


def doubled(L: Any) -> Any:
    class Doubled(L.nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2

    return Doubled()


def of_two(L: Any) -> Any:
    class Sum(L.nn.Module):
        def forward(self, a: Any, b: Any) -> Any:
            return a + b

        def right_inverse(self, x: Any) -> Any:
            return x / 4, x * 3 / 4

    return Sum()


@program
def own_parametrization(L: Any) -> Any:
    P = utils(L, "parametrize")
    module = layer(L, 3, 3)
    returned = P.register_parametrization(module, "weight", symmetric(L))
    text = repr(module).replace("torch.", "").replace("ag.", "")
    return (
        returned is module,
        type(module).__name__,
        P.type_before_parametrizations(module).__name__,
        P.is_parametrized(module),
        P.is_parametrized(module, "weight"),
        P.is_parametrized(module, "bias"),
        [n for n, _ in module.named_parameters()],
        text,
        trained(L, module, 2, 3),
        module.weight,
    )


@program
def several_parametrizations(L: Any) -> Any:
    P = utils(L, "parametrize")
    module = layer(L, 3, 3)
    P.register_parametrization(module, "weight", symmetric(L))
    P.register_parametrization(module, "weight", doubled(L))
    P.register_parametrization(module, "bias", doubled(L))
    return len(module.parametrizations.weight), trained(L, module, 2, 3), module.weight, module.bias


@program
def several_originals(L: Any) -> Any:
    P = utils(L, "parametrize")
    module = P.register_parametrization(layer(L, 3, 3), "weight", of_two(L))
    first = trained(L, module, 2, 3)
    module.weight = L.ones(3, 3, dtype=L.float64)
    return first, module.parametrizations.weight.original0, module.weight


@program
def assigning(L: Any) -> Any:
    P = utils(L, "parametrize")
    module = P.register_parametrization(layer(L, 3, 3), "weight", symmetric(L))
    module.weight = ramp(L, 3, 3)
    plain = P.register_parametrization(layer(L, 3, 3), "weight", doubled(L))
    return (
        module.weight,
        module.parametrizations.weight.original,
        raised(lambda: setattr(plain, "weight", ramp(L, 3, 3))),
    )


@program
def caching(L: Any) -> Any:
    P = utils(L, "parametrize")
    module = P.register_parametrization(layer(L, 3, 3), "weight", symmetric(L))
    before = module.weight is module.weight
    with P.cached():
        inside = module.weight
        with P.cached():
            same = module.weight is inside
        still = module.weight is inside
    return before, same, still, module.weight is inside


@program
def removing(L: Any) -> Any:
    P = utils(L, "parametrize")
    results = []
    for leave in (True, False):
        module = P.register_parametrization(layer(L, 3, 3), "weight", symmetric(L))
        P.register_parametrization(module, "bias", doubled(L))
        P.remove_parametrizations(module, "weight", leave_parametrized=leave)
        names = sorted(n for n, _ in module.named_parameters())
        P.remove_parametrizations(module, "bias")
        results.append(
            [names, module.weight, module.bias, type(module).__name__, hasattr(module, "parametrizations")]
        )
    two = P.register_parametrization(layer(L, 3, 3), "weight", of_two(L))
    failed = raised(lambda: P.remove_parametrizations(two, "weight", leave_parametrized=False))
    P.remove_parametrizations(two, "weight")
    return results, failed, two.weight, raised(lambda: P.remove_parametrizations(two, "weight"))


@program
def buffers_can_be_parametrized(L: Any) -> Any:
    P = utils(L, "parametrize")
    module = L.nn.BatchNorm1d(2, dtype=L.float64)
    P.register_parametrization(module, "running_mean", doubled(L))
    return sorted(module.state_dict()), module.running_mean, type(module).__name__


@program
def refused_parametrizations(L: Any) -> Any:
    P = utils(L, "parametrize")

    class Shrunk(L.nn.Module):
        def forward(self, x: Any) -> Any:
            return x[:1]

    class Single(L.nn.Module):
        def forward(self, x: Any) -> Any:
            return x.float()

    unsafe = P.register_parametrization(layer(L, 3, 3), "weight", Shrunk(), unsafe=True)
    return (
        raised(lambda: P.register_parametrization(layer(L, 3, 3), "nothing", doubled(L))),
        raised(lambda: P.register_parametrization(layer(L, 3, 3), "weight", Shrunk())),
        raised(lambda: P.register_parametrization(layer(L, 3, 3), "weight", Single())),
        list(unsafe.weight.shape),
    )


@program
def state_and_copies(L: Any) -> Any:
    P = utils(L, "parametrize")
    module = P.register_parametrization(layer(L, 3, 3), "weight", symmetric(L))
    twin = copy.deepcopy(module)
    fresh = P.register_parametrization(L.nn.Linear(3, 3, dtype=L.float64), "weight", symmetric(L))
    fresh.load_state_dict(module.state_dict())
    with L.no_grad():
        module.parametrizations.weight.original.zero_()
    return twin.weight, fresh.weight, module.weight, type(twin).__name__, twin.weight.requires_grad


@program
def transferring(L: Any) -> Any:
    P = utils(L, "parametrize")
    source = P.register_parametrization(layer(L, 3, 3), "weight", symmetric(L))
    target = P.transfer_parametrizations_and_params(source, L.nn.Linear(3, 3, dtype=L.float64))
    return target.weight, sorted(target.state_dict())


# -- averages ------------------------------------------------------------------------------------------------


def averaged(L: Any, **options: Any) -> Any:
    swa = __import__(f"{L.__name__}.optim.swa_utils", fromlist=["x"])
    chosen = {name: function(swa) for name, function in options.items()}
    net = L.nn.Sequential(layer(L, 4, 3), L.nn.BatchNorm1d(3, dtype=L.float64))
    optimizer = L.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    average = swa.AveragedModel(net, **chosen)
    for step in range(4):
        optimizer.zero_grad()
        (net(ramp(L, 5, 4) * (step + 1)) ** 3).sum().backward()
        optimizer.step()
        average.update_parameters(net)
    state = {name: value.clone() for name, value in average.state_dict().items()}
    before = average.eval()(ramp(L, 2, 4))
    swa.update_bn([ramp(L, 3, 4), (ramp(L, 4, 4) * 2, "label")], average)
    return state, before, average(ramp(L, 2, 4)), average.training


@program
def equal_average(L: Any) -> Any:
    return (
        averaged(L),
        averaged(L, use_buffers=lambda swa: True),
        averaged(L, avg_fn=lambda swa: swa.get_swa_avg_fn()),
    )


@program
def exponential_average(L: Any) -> Any:
    return (
        averaged(L, avg_fn=lambda swa: swa.get_ema_avg_fn(0.9)),
        averaged(L, multi_avg_fn=lambda swa: swa.get_ema_multi_avg_fn(0.9)),
        averaged(L, avg_fn=lambda swa: lambda a, b, count: a * 0.5 + b * 0.5 + count * 0.01),
    )


@program
def averages_refused(L: Any) -> Any:
    swa = __import__(f"{L.__name__}.optim.swa_utils", fromlist=["x"])
    optimizer = L.optim.SGD(layer(L).parameters(), lr=0.1)
    return [
        raised(lambda: swa.get_ema_avg_fn(1.5)),
        raised(lambda: swa.get_ema_multi_avg_fn(-1.0)),
        raised(lambda: swa.AveragedModel(layer(L), avg_fn=max, multi_avg_fn=max)),
        raised(lambda: swa.SWALR(optimizer, 0.1, anneal_strategy="x")),
        raised(lambda: swa.SWALR(optimizer, 0.1, anneal_epochs=-1)),
        raised(lambda: swa.SWALR(optimizer, [0.1, 0.2])),
    ]


@program
def swa_rates(L: Any) -> Any:
    swa = __import__(f"{L.__name__}.optim.swa_utils", fromlist=["x"])
    results = []
    for strategy in ("cos", "linear"):
        for epochs in (0, 1, 5):
            a, b = layer(L), layer(L)
            optimizer = L.optim.SGD(
                [{"params": a.parameters(), "lr": 0.5}, {"params": b.parameters()}], lr=0.1
            )
            schedule = swa.SWALR(optimizer, [0.05, 0.2], anneal_epochs=epochs, anneal_strategy=strategy)
            rates = [schedule.get_last_lr()]
            for _ in range(7):
                optimizer.step()
                schedule.step()
                rates.append([float(round(rate, 12)) for rate in schedule.get_last_lr()])
            results.append(rates)
    return results
