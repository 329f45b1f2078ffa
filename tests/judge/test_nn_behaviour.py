"""Modules, containers, states, optimisers and schedules in use: the same program through both libraries."""

from __future__ import annotations

import collections
import copy
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, raised, ramp, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


def small(L: Any) -> Any:
    net = L.nn.Sequential(L.nn.Linear(2, 3, dtype=L.float64), L.nn.ReLU(), L.nn.Linear(3, 1, dtype=L.float64))
    with L.no_grad():
        for number, parameter in enumerate(net.parameters()):
            parameter.copy_(ramp(L, *parameter.shape).detach().sin() + number * 0.1)
    return net


def text(value: Any) -> str:
    return repr(value).replace("torch.", "").replace("ag.", "")


# -- containers ----------------------------------------------------------------------------------------------


@program
def sequential_as_a_list(L: Any) -> Any:
    N = L.nn
    net = N.Sequential(N.ReLU(), N.Tanh())
    net.append(N.Sigmoid()).insert(1, N.GELU()).extend([N.SiLU(), N.Identity()])
    popped = net.pop(0)
    del net[-1]
    net[0] = N.ELU()
    both = net + N.Sequential(N.Softmax(dim=0))
    net += N.Sequential(N.CELU())
    return (
        text(net), text(both), text(popped), text(net[1:3]), len(net), text(2 * N.Sequential(N.ReLU())),
        raised(lambda: net[9]), raised(lambda: net.insert(30, N.ReLU())), raised(lambda: net.insert(0, 3)),
        raised(lambda: net + 3), raised(lambda: N.Sequential(N.ReLU()) * 0), [text(m) for m in reversed(list(net))],
    )  # fmt: skip


@program
def sequential_by_name(L: Any) -> Any:
    net = L.nn.Sequential(collections.OrderedDict(a=L.nn.ReLU(), b=L.nn.Tanh()))
    return text(net), text(net.a), text(net[1]), list(dict(net.named_children())), hasattr(net, "c")


@program
def module_list(L: Any) -> Any:
    N = L.nn
    items = N.ModuleList([N.ReLU(), N.Tanh()])
    items.append(N.GELU())
    items.insert(0, N.SiLU())
    items.extend(N.ReLU() for _ in range(3))
    items += [N.ELU()]
    popped = items.pop(1)
    del items[0]
    return (
        text(items), text(popped), len(items), text(items[-1]), text(items[1:3]), text([*items, N.CELU()]),
        popped in items, raised(lambda: items[20]), raised(lambda: items.extend(3)), raised(lambda: items(1)),
    )  # fmt: skip


@program
def module_dict(L: Any) -> Any:
    N = L.nn
    items = N.ModuleDict({"b": N.ReLU(), "a": N.Tanh()})
    items["c"] = N.GELU()
    items.update([("d", N.ELU()), ["e", N.SiLU()]])
    items.update(collections.OrderedDict(z=N.CELU(), y=N.CELU()))
    popped = items.pop("b")
    del items["a"]
    return (
        text(items), list(items), list(items.keys()), len(items), "c" in items, text(popped),
        [name for name, _ in items.items()], raised(lambda: items["x"]), raised(lambda: items.update(3)),
        raised(lambda: items.update([("a",)])), raised(lambda: N.ModuleDict({1: N.ReLU()})), items.clear(), len(items),
    )  # fmt: skip


@program
def parameter_list(L: Any) -> Any:
    N = L.nn
    items = N.ParameterList([N.Parameter(L.ones(2)), L.zeros(1)])
    items.append(N.Parameter(L.ones(3)))
    items.extend([L.ones(1), "text"])
    items += [N.Parameter(L.zeros(2))]
    items[0] = N.Parameter(L.full((2,), 5.0))
    return (
        len(items), [type(i).__name__ for i in items], [n for n, _ in items.named_parameters()], items[0], items[-1],
        len(items[1:3]), raised(lambda: items[10]), raised(lambda: items(1)), raised(lambda: items.extend(3)),
    )  # fmt: skip


@program
def parameter_dict(L: Any) -> Any:
    N = L.nn
    items = N.ParameterDict({"b": N.Parameter(L.ones(2)), "a": L.zeros(1)})
    items["c"] = N.Parameter(L.ones(3))
    items.update({"d": L.ones(1)})
    other = items | N.ParameterDict({"x": L.ones(1)})
    copied = items.copy()
    popped = items.pop("a")
    default = items.setdefault("q", L.ones(2))
    last = items.popitem()
    return (
        list(items), list(other), list(copied), type(popped).__name__, default, last[0], len(items), "b" in items,
        items.get("nothing"), items.get("b"), list(items.fromkeys(["m", "n"], 1.0)), list(reversed(items)),
        raised(lambda: items["zz"]), [n for n, _ in items.named_parameters()],
    )  # fmt: skip


# -- modules -------------------------------------------------------------------------------------------------


@program
def attributes_change_their_kind(L: Any) -> Any:
    module = L.nn.Module()
    module.x = L.nn.Parameter(L.ones(2))
    steps = [list(module._parameters), list(module._buffers), list(module._modules)]
    module.x = None
    steps.append([module.x, list(module._parameters)])
    module.x = L.nn.Parameter(L.ones(1))
    del module.x
    steps.append([hasattr(module, "x"), list(module._parameters)])
    module.x = L.nn.ReLU()
    steps.append(list(module._modules))
    module.x = L.nn.Parameter(L.ones(1))
    steps.append([list(module._modules), list(module._parameters)])
    module.register_buffer("b", L.ones(1))
    module.b = L.zeros(2)
    steps.append([module.b, list(module._buffers)])
    module.b = None
    steps.append(module.state_dict())
    return steps, raised(lambda: module.register_buffer("x", L.ones(1)))


@program
def names_and_duplicates(L: Any) -> Any:
    net = small(L)
    net.again = net[0]
    net.tied = net[0].weight
    return (
        [n for n, _ in net.named_parameters()],
        [n for n, _ in net.named_parameters(remove_duplicate=False)],
        [n for n, _ in net.named_modules(prefix="p")],
        [n for n, _ in net.named_modules(remove_duplicate=False)],
        [n for n, _ in net.named_parameters(prefix="q", recurse=False)],
        len(list(net.children())),
        len(list(net.modules())),
        list(net.state_dict()),
        list(net.state_dict(prefix="s.")),
    )


@program
def loading_states(L: Any) -> Any:
    net, other = small(L), small(L)
    state = net.state_dict()
    del state["0.weight"]
    state["extra"] = L.ones(1)
    loose = other.load_state_dict(state, strict=False)
    return (
        list(loose.missing_keys),
        list(loose.unexpected_keys),
        text(loose)[:14],
        raised(lambda: other.load_state_dict(state)),
        raised(lambda: other.load_state_dict({**net.state_dict(), "0.bias": L.ones(4)})),
        raised(lambda: other.load_state_dict({**net.state_dict(), "0.bias": 3})),
    )


@program
def loading_by_assignment(L: Any) -> Any:
    net, other = small(L), small(L)
    state = {name: value * 2 for name, value in net.state_dict().items()}
    before = other[0].weight
    other.load_state_dict(state, assign=True)
    return (
        other[0].weight is before,
        other[0].weight,
        other[0].weight.requires_grad,
        type(other[0].weight).__name__,
        other[0].weight.data_ptr() == state["0.weight"].data_ptr(),
    )


@program
def extra_state(L: Any) -> Any:
    class Counting(L.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = 3

        def get_extra_state(self) -> Any:
            return {"count": self.count}

        def set_extra_state(self, state: Any) -> None:
            self.count = state["count"]

    module = L.nn.Sequential(Counting())
    state = module.state_dict()
    module[0].count = 7
    module.load_state_dict(state)
    return state, module[0].count, raised(lambda: module.load_state_dict({}))


@program
def conversions(L: Any) -> Any:
    net = L.nn.Sequential(L.nn.Linear(2, 2), L.nn.BatchNorm1d(2))
    weight = net[0].weight
    net.double()
    kinds = [str(t.dtype).split(".")[-1] for t in net.state_dict().values()]
    net.half().float().to(L.float64).to("cpu").cpu()
    net.type(L.float32)
    return kinds, net[0].weight is weight, [str(t.dtype).split(".")[-1] for t in net.state_dict().values()]


@program
def modes_and_gradients(L: Any) -> Any:
    net = small(L)
    net.eval()
    flags = [m.training for m in net.modules()]
    net[0].train()
    flags += [m.training for m in net.modules()]
    net(ramp(L, 4, 2)).sum().backward()
    net[0].requires_grad_(False)
    kept = net[0].weight.grad is not None
    net.zero_grad(set_to_none=False)
    zeros = net[2].weight.grad
    net.zero_grad()
    return flags, kept, zeros, net[2].weight.grad, [p.requires_grad for p in net.parameters()]


@program
def finding_parts(L: Any) -> Any:
    net = small(L)
    return (
        text(net.get_submodule("0")),
        net.get_submodule("") is net,
        net.get_parameter("2.bias"),
        raised(lambda: net.get_submodule("7")),
        raised(lambda: net.get_parameter("0.nothing")),
        raised(lambda: net.get_buffer("0.weight")),
        raised(lambda: net.set_submodule("", net)),
        text((net.set_submodule("1", L.nn.Tanh()), net)[1]),
    )


@program
def data_parallel_on_one_device(L: Any) -> Any:
    net = small(L)
    wrapped = L.nn.DataParallel(net)
    return wrapped(ramp(L, 4, 2)), list(wrapped.state_dict()), wrapped.module is net, text(wrapped)


@program
def apply_and_extra_repr(L: Any) -> Any:
    seen: list[str] = []

    class Named(L.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = L.nn.Linear(1, 1)

        def extra_repr(self) -> str:
            return "first\nsecond"

        def _get_name(self) -> str:
            return "Other"

    module = Named()
    returned = module.apply(lambda m: seen.append(type(m).__name__))
    return text(module), seen, returned is module


@program
def old_names_of_starting_values(L: Any) -> Any:
    init, x = L.nn.init, L.zeros(3, 3)
    seen, result = warned(lambda: init.constant(x, 2.0))
    names = (
        "uniform",
        "normal",
        "xavier_uniform",
        "xavier_normal",
        "kaiming_uniform",
        "kaiming_normal",
        "orthogonal",
    )
    others = [warned(lambda name=name: getattr(init, name)(x))[0][0][0] for name in names]
    return (
        seen,
        result is x,
        others,
        warned(lambda: init.eye(L.zeros(3, 3)))[1],
        warned(lambda: init.sparse(x, 0.5))[0],
    )


# -- optimisers ----------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "Adadelta": {}, "Adagrad": {"lr_decay": 0.1}, "Adam": {"amsgrad": True}, "AdamW": {}, "Adamax": {}, "ASGD": {},
    "NAdam": {}, "RAdam": {}, "RMSprop": {"centered": True, "momentum": 0.9}, "Rprop": {}, "SGD": {"momentum": 0.9},
}  # fmt: skip


def steps(L: Any, net: Any, optimizer: Any, count: int) -> list[Any]:
    losses = []
    for _ in range(count):
        optimizer.zero_grad()
        loss = (net(ramp(L, 4, 2).detach()) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses


@program
def states_move_between_optimizers(L: Any) -> Any:
    results = {}
    for name, options in OPTIMIZERS.items():
        net = small(L)
        optimizer = getattr(L.optim, name)(net.parameters(), lr=0.01, **options)
        steps(L, net, optimizer, 3)
        state = copy.deepcopy(optimizer.state_dict())
        twin = small(L)
        twin.load_state_dict(net.state_dict())
        other = getattr(L.optim, name)(twin.parameters(), lr=0.5)
        other.load_state_dict(state)
        results[name] = [
            steps(L, net, optimizer, 2), steps(L, twin, other, 2), sorted(state["state"][0]),
            sorted(state["param_groups"][0]), state["param_groups"][0]["params"],
        ]  # fmt: skip
    return results


@program
def wrong_states(L: Any) -> Any:
    net = small(L)
    optimizer = L.optim.SGD(net.parameters(), lr=0.1)
    two = L.optim.SGD([{"params": net[0].parameters()}, {"params": net[2].parameters()}], lr=0.1)
    fewer = L.optim.SGD(net[0].parameters(), lr=0.1)
    return (
        raised(lambda: optimizer.load_state_dict(two.state_dict())),
        raised(lambda: optimizer.load_state_dict(fewer.state_dict())),
    )


@program
def groups(L: Any) -> Any:
    net = small(L)
    optimizer = L.optim.SGD([{"params": net[0].parameters(), "lr": 0.5}], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": net[2].weight, "name": "last"})
    return (
        [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups],
        [len(g["params"]) for g in optimizer.param_groups],
        raised(lambda: optimizer.add_param_group({"params": net[2].weight})),
        raised(lambda: optimizer.add_param_group({"params": {net[2].bias}})),
        raised(lambda: optimizer.add_param_group({"params": [3]})),
        raised(lambda: optimizer.add_param_group({"params": [net[2].bias * 2]})),
        raised(lambda: optimizer.add_param_group([1])),
        raised(lambda: L.optim.SGD([], lr=0.1)),
        raised(lambda: L.optim.SGD(net[0].weight, lr=0.1)),
        raised(lambda: L.optim.Adam([{"params": [net[0].weight]}, {"params": [net[0].weight]}])),
        text(optimizer),
    )


@program
def named_parameters(L: Any) -> Any:
    net = small(L)
    optimizer = L.optim.Adam(net.named_parameters(), lr=0.1)
    return (
        optimizer.param_groups[0]["param_names"],
        optimizer.state_dict()["param_groups"][0]["param_names"],
        raised(lambda: L.optim.SGD([("a", net[0].weight), net[0].bias], lr=0.1)),
        raised(lambda: optimizer.add_param_group({"params": [L.nn.Parameter(L.ones(1))]})),
    )


@program
def refused_options(L: Any) -> Any:
    p = [L.nn.Parameter(L.ones(1))]
    optim = L.optim
    return [
        raised(lambda: optim.SGD(p, lr=-1.0)), raised(lambda: optim.SGD(p, lr=0.1, momentum=-1)),
        raised(lambda: optim.SGD(p, lr=0.1, nesterov=True)), raised(lambda: optim.SGD(p, lr=0.1, weight_decay=-1)),
        raised(lambda: optim.Adam(p, betas=(1.0, 0.5))), raised(lambda: optim.Adam(p, betas=(0.5, 1.0))),
        raised(lambda: optim.Adam(p, eps=-1)), raised(lambda: optim.AdamW(p, weight_decay=-1)),
        raised(lambda: optim.RMSprop(p, alpha=-1)), raised(lambda: optim.Adagrad(p, lr_decay=-0.5)),
        raised(lambda: optim.Adadelta(p, rho=1.1)), raised(lambda: optim.Rprop(p, etas=(1.0, 0.5))),
        raised(lambda: optim.NAdam(p, momentum_decay=-0.2)), raised(lambda: optim.Adamax(p, betas=(0.0, 1.0))),
        raised(lambda: optim.LBFGS([{"params": p}, {"params": [L.nn.Parameter(L.ones(1))]}])),
        raised(lambda: optim.ASGD(p, weight_decay=-0.5)), raised(lambda: optim.RAdam(p, lr=-1)),
        raised(lambda: optim.Adam(p, foreach=True, fused=True)),
    ]  # fmt: skip


@program
def optimizer_hooks(L: Any) -> Any:
    net, seen = small(L), []
    optimizer = L.optim.SGD(net.parameters(), lr=0.1)
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("pre")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("post")),
        optimizer.register_state_dict_pre_hook(lambda o: seen.append("state pre")),
        optimizer.register_state_dict_post_hook(lambda o, state: seen.append("state post")),
        optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append("load pre")),
        optimizer.register_load_state_dict_post_hook(lambda o: seen.append("load post")),
    ]
    steps(L, net, optimizer, 1)
    optimizer.load_state_dict(optimizer.state_dict())
    for handle in handles:
        handle.remove()
    steps(L, net, optimizer, 1)
    return seen


@program
def closures(L: Any) -> Any:
    net = small(L)
    results = []
    for name in ("SGD", "Adam", "LBFGS"):
        optimizer = getattr(L.optim, name)(net.parameters(), lr=0.01)

        def closure(optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = (net(ramp(L, 4, 2).detach()) ** 2).mean()
            loss.backward()
            return loss

        results.append(optimizer.step(closure))
    return results, optimizer.state_dict()["state"][0]["func_evals"], raised(lambda: optimizer.step())


# -- schedules -----------------------------------------------------------------------------------------------

SCHEDULES: dict[str, Any] = {
    "StepLR": lambda S, o: S.StepLR(o, 3, gamma=0.5),
    "MultiStepLR": lambda S, o: S.MultiStepLR(o, [2, 4, 4, 6]),
    "ExponentialLR": lambda S, o: S.ExponentialLR(o, 0.9),
    "ConstantLR": lambda S, o: S.ConstantLR(o, 0.25, 4),
    "LinearLR": lambda S, o: S.LinearLR(o, 0.25, 1.0, 4),
    "PolynomialLR": lambda S, o: S.PolynomialLR(o, 5, 2.0),
    "LambdaLR": lambda S, o: S.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1 / (e + 1)]),
    "MultiplicativeLR": lambda S, o: S.MultiplicativeLR(o, lambda e: 0.9),
    "CosineAnnealingLR": lambda S, o: S.CosineAnnealingLR(o, 4, 0.01),
    "CosineAnnealingWarmRestarts": lambda S, o: S.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    "CyclicLR": lambda S, o: S.CyclicLR(o, 0.01, 0.1, 3, 2, mode="exp_range", gamma=0.9),
    "OneCycleLR": lambda S, o: S.OneCycleLR(
        o, [0.1, 0.3], total_steps=12, three_phase=True, anneal_strategy="linear"
    ),
    "SequentialLR": lambda S, o: S.SequentialLR(o, [S.ConstantLR(o, 0.1, 3), S.ExponentialLR(o, 0.9)], [3]),
    "ChainedScheduler": lambda S, o: S.ChainedScheduler([S.ConstantLR(o, 0.1, 3), S.ExponentialLR(o, 0.9)]),
}


def scheduled(L: Any) -> Any:
    net = small(L)
    return L.optim.SGD(
        [{"params": net[0].parameters(), "lr": 0.5}, {"params": net[2].parameters()}], lr=0.1, momentum=0.9
    )


@program
def schedules_go_on_from_their_state(L: Any) -> Any:
    results = {}
    for name, make in SCHEDULES.items():
        optimizer = scheduled(L)
        schedule = make(L.optim.lr_scheduler, optimizer)
        rates = [schedule.get_last_lr()]
        for _ in range(4):
            optimizer.step()
            schedule.step()
            rates.append(schedule.get_last_lr())
        state, saved = copy.deepcopy(schedule.state_dict()), copy.deepcopy(optimizer.state_dict())
        other = scheduled(L)
        twin = make(L.optim.lr_scheduler, other)
        other.load_state_dict(saved)
        twin.load_state_dict(state)
        for o, s in ((optimizer, schedule), (other, twin)):
            for _ in range(6):
                o.step()
                s.step()
                rates.append(s.get_last_lr())
        results[name] = [
            [[round(float(r), 10) for r in row] for row in rates],
            optimizer.param_groups[0]["momentum"],
        ]
    return results


@program
def states_of_schedules(L: Any) -> Any:
    # What PyTorch's constructors set anew is not needed in a state.
    private = {"_get_lr_called_within_step", "use_beta1"}

    def names(make: Any) -> Any:
        return sorted(set(make(L.optim.lr_scheduler, scheduled(L)).state_dict()) - private)

    return {name: names(make) for name, make in SCHEDULES.items()}


@program
def plateau(L: Any) -> Any:
    results = []
    for options in ({}, {"mode": "max", "threshold_mode": "abs"}, {"cooldown": 2, "min_lr": [0.01, 0.05]}):
        optimizer = scheduled(L)
        schedule = L.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.5, **options)
        for value in (1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8):
            schedule.step(value)
            results.append([*schedule.get_last_lr(), schedule.num_bad_epochs, schedule.best])
    refused = [
        raised(lambda: L.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=1.0)),
        raised(lambda: L.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="x")),
        raised(lambda: L.optim.lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=[0.1])),
    ]
    return results, refused, sorted(schedule.state_dict())


@program
def schedules_refused(L: Any) -> Any:
    S, o = L.optim.lr_scheduler, scheduled(L)
    return [
        raised(lambda: S.LambdaLR(o, [lambda e: 1])), raised(lambda: S.StepLR(3, 1)),
        raised(lambda: S.StepLR(o, 1, last_epoch=3)), raised(lambda: S.OneCycleLR(o, 0.1)),
        raised(lambda: S.OneCycleLR(o, 0.1, total_steps=-1)),
        raised(lambda: S.OneCycleLR(o, 0.1, epochs=1, steps_per_epoch=0)),
        raised(lambda: S.OneCycleLR(o, 0.1, total_steps=5, pct_start=1.5)),
        raised(lambda: S.OneCycleLR(o, 0.1, total_steps=5, anneal_strategy="x")),
        raised(lambda: S.CyclicLR(o, 0.1, 0.2, mode="x")), raised(lambda: S.CosineAnnealingWarmRestarts(o, 0)),
        raised(lambda: S.CosineAnnealingWarmRestarts(o, 1, 0)), raised(lambda: S.ConstantLR(o, 1.5)),
        raised(lambda: S.LinearLR(o, 0.0)), raised(lambda: S.LinearLR(o, 0.5, 1.5)),
        raised(lambda: S.SequentialLR(o, [S.StepLR(o, 1)], [1])), raised(lambda: S.SequentialLR(o, [], [])),
        raised(lambda: S.ChainedScheduler([])),
        raised(lambda: S.SequentialLR(o, [S.StepLR(o, 1), S.StepLR(scheduled(L), 1)], [1])),
        raised(lambda: S.ChainedScheduler([S.StepLR(o, 1), S.StepLR(scheduled(L), 1)])),
    ]  # fmt: skip


@program
def rates_as_tensors(L: Any) -> Any:
    results = []
    for name in ("ExponentialLR", "CosineAnnealingLR", "LinearLR"):
        net = small(L)
        optimizer = L.optim.SGD(net.parameters(), lr=L.tensor(0.5, dtype=L.float64))
        rate = optimizer.param_groups[0]["lr"]
        schedule = SCHEDULES[name](L.optim.lr_scheduler, optimizer)
        for _ in range(3):
            optimizer.step()
            schedule.step()
        results.append([optimizer.param_groups[0]["lr"] is rate, rate, schedule.get_last_lr()[0]])
    return results
