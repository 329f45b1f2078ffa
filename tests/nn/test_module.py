"""What a Module is: registration, iteration, modes, conversion, state, text."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import nn
from autograd_gpu.nn import module as module_file


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.scale = nn.Parameter(ag.ones(4))
        self.nothing = None
        self.register_parameter("absent", None)
        self.register_buffer("running", ag.zeros(4))
        self.register_buffer("scratch", ag.zeros(2), persistent=False)
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(4, 2, bias=False))

    def forward(self, x: Any) -> Any:
        return self.rest(self.first(x) * self.scale)


def test_registration_and_iteration() -> None:
    net = Net()
    names = ["scale", "first.weight", "first.bias", "rest.1.weight"]
    assert [name for name, _ in net.named_parameters()] == names
    assert [id(p) for p in net.parameters()] == [id(net.get_parameter(name)) for name in names]
    assert [name for name, _ in net.named_parameters("net", recurse=False)] == ["net.scale"]
    assert [name for name, _ in net.named_buffers()] == ["running", "scratch"]
    assert [name for name, _ in net.named_modules()] == ["", "first", "rest", "rest.0", "rest.1"]
    assert list(net.children()) == [net.first, net.rest]
    assert net.get_submodule("rest.1") is net.rest[1]
    assert net.get_submodule("") is net
    assert net.get_buffer("running") is net.running
    assert net.absent is None
    assert {"first", "scale", "running", "forward", "training"} <= set(dir(net))


def test_shared_parts_are_listed_once() -> None:
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, layer)
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    both = ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == both
    assert list(net.state_dict()) == both
    assert len(list(net.modules())) == 2


def test_an_attribute_changes_its_kind() -> None:
    net = nn.Module()
    net.x = 3
    net.x = nn.Parameter(ag.ones(2))
    assert list(net._parameters) == ["x"]
    assert "x" not in net.__dict__
    net.x = None
    assert list(net._parameters) == ["x"]
    assert net.x is None
    net.x = nn.ReLU()
    assert list(net._parameters) == []
    assert list(net._modules) == ["x"]
    del net.x
    assert not hasattr(net, "x")
    net.b = nn.Buffer(ag.ones(2), persistent=False)
    assert list(net.state_dict()) == []
    net.b = ag.zeros(3)  # stays a buffer, and not persistent
    assert list(net._buffers) == ["b"]
    assert list(net.state_dict()) == []
    net.b = nn.Buffer(ag.zeros(3))
    assert list(net.state_dict()) == ["b"]


def test_set_submodule() -> None:
    net = Net()
    net.set_submodule("rest.0", nn.Tanh())
    assert isinstance(net.rest[0], nn.Tanh)
    with pytest.raises(AttributeError, match="has no attribute `nothing`"):
        net.set_submodule("rest.nothing", nn.Tanh(), strict=True)
    with pytest.raises(AttributeError, match="is not an nn.Module"):
        net.set_submodule("scale", nn.Tanh())


def test_modes_and_freezing() -> None:
    net = Net()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    assert not net(ag.ones(1, 3)).requires_grad


def test_zero_grad() -> None:
    net = Net()
    net(ag.ones(1, 3)).sum().backward()
    before = net.scale.grad
    net.zero_grad(set_to_none=False)
    assert net.scale.grad is before
    assert before.tolist() == [0.0] * 4
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_apply_visits_children_first() -> None:
    seen: list[str] = []
    Net().apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Linear", "ReLU", "Linear", "Sequential", "Net"]


def test_conversion_keeps_parameters_and_their_graphs(device: str) -> None:
    net = Net()
    net.register_buffer("count", ag.tensor(3))
    net(ag.ones(2, 3)).sum().backward()
    parameters = list(net.parameters())
    net.to(device=device, dtype=ag.float64)
    assert [id(p) for p in net.parameters()] == [id(p) for p in parameters]
    for p in parameters:
        assert (p.dtype, p.grad.dtype) == (ag.float64, ag.float64)
        assert p.device.type == p.grad.device.type == ag.device(device).type
        assert p.requires_grad
        assert p.is_leaf
    assert net.running.dtype is ag.float64
    assert net.count.dtype is ag.int64  # only floating ones are converted
    net.zero_grad()
    net(ag.ones(2, 3, dtype=ag.float64, device=device)).sum().backward()
    assert all(p.grad is not None and p.grad.dtype is ag.float64 for p in parameters)
    assert net.half().scale.dtype is ag.float16
    assert net.float().scale.dtype is ag.float32
    assert net.double().scale.dtype is ag.float64
    assert net.cpu().scale.device.type == "cpu"
    assert net.type(ag.float32).count.dtype is ag.float32


def test_state_dict_shares_memory_and_loads(device: str) -> None:
    net = Net().to(device)
    state = net.state_dict()
    assert list(state) == ["scale", "running", "first.weight", "first.bias", "rest.1.weight"]
    assert not any(value.requires_grad for value in state.values())
    with ag.no_grad():
        net.scale.fill_(7.0)
    assert state["scale"].tolist() == [7.0] * 4
    other = Net().to(device)
    scale = other.scale
    assert repr(other.load_state_dict(state)) == "<All keys matched successfully>"
    assert other.scale is scale
    assert scale.tolist() == [7.0] * 4
    # From another dtype and device: converted.
    wide = {name: value.double().cpu() for name, value in state.items()}
    other.load_state_dict(wide)
    assert other.scale.dtype is ag.float32
    other.load_state_dict(wide, assign=True)
    assert other.scale.dtype is ag.float64
    assert type(other.scale) is nn.Parameter
    assert other.scale.requires_grad


def test_state_dict_that_does_not_fit() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    state = net.state_dict()
    del state["0.bias"]
    state["2.weight"] = ag.ones(1)
    state["0.weight"] = ag.ones(3, 4)
    before = net[1].weight.tolist()
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    lines = str(caught.value).split("\n\t")
    assert lines[:3] == [
        "Error(s) in loading state_dict for Sequential:",
        'Missing key(s) in state_dict: "0.bias". ',
        'Unexpected key(s) in state_dict: "2.weight". ',
    ]
    assert lines[3].startswith(
        "size mismatch for 0.weight: copying a param with shape ag.Size([3, 4]) from checkpoint, the shape "
        "in current "
        "model is ag.Size([3, 2])."
    )
    assert "test_module.py" in lines[3]
    del state["0.weight"]
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["0.weight", "0.bias"]
    assert result.unexpected_keys == ["2.weight"]
    assert net[1].weight.tolist() == before


def test_state_hooks_and_extra_state() -> None:
    class Counting(nn.Linear):
        count = 0

        def get_extra_state(self) -> Any:
            return {"count": self.count}

        def set_extra_state(self, state: Any) -> None:
            self.count = state["count"]

    layer = Counting(1, 1)
    layer.count = 5
    calls: list[str] = []
    layer.register_state_dict_pre_hook(lambda module, prefix, keep_vars: calls.append(f"pre {prefix!r}"))
    layer.register_state_dict_post_hook(lambda module, state, prefix, meta: state.update(extra=ag.ones(1)))
    state = layer.state_dict()
    assert calls == ["pre ''"]
    assert list(state) == ["weight", "bias", "_extra_state", "extra"]

    other = Counting(1, 1)

    def drop(module: Any, state: Any, *rest: Any) -> None:
        state.pop("extra")

    other.register_load_state_dict_pre_hook(drop)
    other.register_load_state_dict_post_hook(lambda module, keys: calls.append(f"post {keys}"))
    other.load_state_dict(state)
    assert other.count == 5
    assert calls[1:] == ["post <All keys matched successfully>"]
    with pytest.raises(RuntimeError, match="Unexpected key.*_extra_state"):
        nn.Linear(1, 1).load_state_dict({name: value for name, value in state.items() if name != "extra"})


def test_copies_and_pickles() -> None:
    net = Net()
    net.register_forward_hook(double)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(twin) == repr(net)
        assert type(twin.scale) is nn.Parameter
        x = ag.randn(2, 3)
        assert twin(x).tolist() == net(x).tolist()
        with ag.no_grad():
            twin.scale.zero_()
        assert net.scale.tolist() == [1.0] * 4
        assert list(twin.state_dict()) == list(net.state_dict())  # what is not persistent stays so


def double(module: Any, args: Any, output: Any) -> Any:
    return output * 2


def test_text() -> None:
    class Empty(nn.Module):
        pass

    class Described(nn.Module):
        def extra_repr(self) -> str:
            return "first\nsecond"

    assert repr(Empty()) == "Empty()"
    assert repr(Described()) == "Described(\n  first\n  second\n)"
    text = repr(nn.Sequential(OrderedDict(a=nn.Linear(1, 2), b=nn.Sequential(nn.ReLU(inplace=True)))))
    assert text == (
        "Sequential(\n  (a): Linear(in_features=1, out_features=2, bias=True)\n"
        "  (b): Sequential(\n    (0): ReLU(inplace=True)\n  )\n)"
    )
    assert repr(nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()])) == (
        "ModuleList(\n  (0-1): 2 x ReLU()\n  (2): Tanh()\n)"
    )


def test_modules_are_freed_at_once() -> None:
    gc.collect()
    gc.disable()
    try:
        net = Net()
        net.register_full_backward_hook(lambda module, grad_input, grad_output: None)
        x = ag.ones(1, 3, requires_grad=True)
        net(x).sum().backward()
        alive = weakref.ref(net), weakref.ref(net.scale)
        del net, x
        assert [each() for each in alive] == [None, None]
    finally:
        gc.enable()


def test_registration_hooks() -> None:
    seen: list[tuple[str, str]] = []
    handles = [
        module_file.register_module_parameter_registration_hook(
            lambda m, name, p: seen.append(("parameter", name))
        ),
        module_file.register_module_buffer_registration_hook(
            lambda m, name, b: seen.append(("buffer", name))
        ),
        module_file.register_module_module_registration_hook(
            lambda m, name, s: seen.append(("module", name))
        ),
    ]
    try:
        nn.Sequential(nn.BatchNorm1d(2, affine=False))
        nn.Linear(1, 1)
    finally:
        for handle in handles:
            handle.remove()
    assert seen == [
        *(("buffer", name) for name in ("running_mean", "running_var", "num_batches_tracked")),
        ("module", "0"),
        ("parameter", "weight"),
        ("parameter", "bias"),
    ]


# -- containers ------------------------------------------------------------------------------------------


def test_sequential_as_a_list() -> None:
    layers = [nn.Linear(1, 1) for _ in range(4)]
    net = nn.Sequential(*layers)
    assert len(net) == 4
    assert list(net) == layers
    assert net[-1] is layers[3]
    assert list(net[1:3]) == layers[1:3]
    assert list((net[1:3]).state_dict()) == ["1.weight", "1.bias", "2.weight", "2.bias"]  # names stay
    net.append(nn.ReLU()).insert(1, nn.Tanh())
    assert [type(m).__name__ for m in net] == ["Linear", "Tanh", "Linear", "Linear", "Linear", "ReLU"]
    assert list(net._modules) == list("012345")
    del net[1:4]
    assert [type(m).__name__ for m in net] == ["Linear", "Linear", "ReLU"]
    assert list(net._modules) == list("012")
    assert isinstance(net.pop(-1), nn.ReLU)
    net[0] = nn.Tanh()
    assert isinstance(net[0], nn.Tanh)
    assert len(net + net) == 4
    assert len(net * 3) == 6
    net *= 2
    assert len(net) == 4
    net.extend([nn.ReLU()])
    assert isinstance(net[4], nn.ReLU)
    with pytest.raises(IndexError, match="index 5 is out of range"):
        net[5]
    with pytest.raises(ValueError, match="add operator supports only objects of Sequential class"):
        net + [nn.ReLU()]  # noqa: RUF005 - the operator is what is tested
    with pytest.raises(ValueError, match="Non-positive multiplication factor"):
        net * 0


def test_module_list_and_dict() -> None:
    layers = nn.ModuleList([nn.Linear(1, 1)])
    layers += [nn.ReLU()]
    layers.insert(0, nn.Tanh())
    assert [type(m).__name__ for m in layers] == ["Tanh", "Linear", "ReLU"]
    assert isinstance(layers[1:], nn.ModuleList)
    more = layers + [nn.ReLU()]  # noqa: RUF005 - the operator is what is tested
    assert len(more) == 4
    with pytest.raises(NotImplementedError, match='missing the required "forward" function'):
        layers(1)
    named = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Linear(1, 1)})
    assert list(named) == ["b", "a"]
    assert "a" in named
    named.update([("c", nn.Tanh())])
    assert list(named.keys()) == ["b", "a", "c"]
    assert isinstance(named.pop("b"), nn.ReLU)
    assert [name for name, _ in named.named_parameters()] == ["a.weight", "a.bias"]
    named.clear()
    assert len(named) == 0
    with pytest.raises(ValueError, match="ModuleDict update sequence element #0 has length 3; 2 is required"):
        named.update([("a", "b", "c")])


def test_parameter_list_and_dict() -> None:
    values = nn.ParameterList([ag.ones(2), nn.Parameter(ag.zeros(1)), "text"])
    assert [type(value).__name__ for value in values] == ["Parameter", "Parameter", "str"]
    values.append(ag.ones(3))
    values[0] = ag.full((2,), 5.0)
    assert [name for name, _ in values.named_parameters()] == ["0", "1", "3"]
    assert len(values[1:3]) == 2
    assert values[-1].shape == (3,)
    with pytest.raises(TypeError, match="should be called with an iterable"):
        values.extend(ag.ones(2))
    named = nn.ParameterDict({"b": ag.ones(2), "a": ag.zeros(1)})
    assert list(named) == ["a", "b"]  # a plain dict is taken in sorted order
    assert type(named["a"]) is nn.Parameter
    named |= {"c": ag.ones(3)}
    assert named.get("z") is None
    assert named.setdefault("d", ag.ones(4)).shape == (4,)
    assert named.popitem()[0] == "d"
    assert list(reversed(named)) == ["c", "b", "a"]
    assert named.copy()["a"] is named["a"]
    with pytest.raises(RuntimeError, match="ParameterDict should not be called"):
        named(1)


# -- parameters ------------------------------------------------------------------------------------------


def test_parameters_share_memory_and_give_plain_results() -> None:
    data = ag.ones(3)
    parameter = nn.Parameter(data)
    assert type(parameter * 2) is ag.Tensor
    assert type(parameter.detach()) is ag.Tensor
    with ag.no_grad():
        parameter.mul_(3)
    assert data.tolist() == [3.0] * 3
    assert nn.Parameter().shape == (0,)
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    assert not nn.Parameter(ag.tensor([1, 2]), requires_grad=False).requires_grad
    with pytest.raises(
        RuntimeError, match="Only Tensors of floating point and complex dtype can require gradients"
    ):
        nn.Parameter(ag.tensor([1, 2]))
    with pytest.raises(TypeError, match="must be Tensor or None, not list"):
        nn.Parameter([1.0])
    assert repr(parameter) == "Parameter containing:\ntensor([3., 3., 3.], requires_grad=True)"


def test_buffers() -> None:
    buffer = nn.Buffer(ag.ones(2), persistent=False)
    twin = copy.deepcopy(buffer)
    assert type(twin) is nn.Buffer
    assert not twin.persistent
    assert not buffer.requires_grad
    np.testing.assert_array_equal(twin.numpy(), buffer.numpy())
