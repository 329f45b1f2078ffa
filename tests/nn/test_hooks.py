"""Hooks on modules: order, arguments, replacement, errors, and their cost where there are none."""

from __future__ import annotations

from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu import nn
from autograd_gpu.nn import hooks, module as module_file


class Scale(nn.Module):
    def __init__(self, factor: float = 2.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(ag.tensor(factor))

    def forward(self, x: Any, *, offset: float = 0.0) -> Any:
        return x * self.factor + offset


def test_a_module_without_hooks_goes_straight_to_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: Any) -> None:
        raise AssertionError("the long way was taken")

    monkeypatch.setattr(hooks, "call", never)
    assert Scale()(ag.tensor(3.0)).item() == 6.0


def test_forward_hooks() -> None:
    net = Scale()
    seen: list[Any] = []
    pre = net.register_forward_pre_hook(lambda m, args: (args[0] + 1,))
    net.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {"offset": kwargs.get("offset", 0.0) + 10.0}), with_kwargs=True
    )
    net.register_forward_hook(lambda m, args, output: seen.append((args[0].item(), output.item())))
    net.register_forward_hook(lambda m, args, kwargs, output: output + kwargs["offset"], with_kwargs=True)
    net.register_forward_hook(lambda m, args, output: seen.append("first"), prepend=True)
    assert net(ag.tensor(3.0)).item() == 28.0  # ((3 + 1) * 2 + 10) + 10
    assert seen == ["first", (4.0, 18.0)]
    pre.remove()
    assert net(ag.tensor(3.0), offset=1.0).item() == 28.0  # (3 * 2 + 11) + 11


def test_forward_hooks_that_return_nonsense() -> None:
    net = Scale()
    net.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple of \(new_args, new_kwargs\)"):
        net(ag.tensor(3.0))


def test_always_call() -> None:
    class Failing(nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("forward failed")

    net = Failing()
    seen: list[Any] = []
    net.register_forward_hook(lambda m, args, output: seen.append("never"))
    net.register_forward_hook(lambda m, args, output: seen.append(output), always_call=True)
    with pytest.raises(ValueError, match="forward failed"):
        net(1)
    assert seen == [None]

    def failing(m: Any, args: Any, output: Any) -> None:
        raise KeyError("hook failed")

    net.register_forward_hook(failing, always_call=True)
    with pytest.warns(UserWarning, match="was silenced"), pytest.raises(ValueError, match="forward failed"):
        net(1)


def test_backward_hooks_see_and_replace_gradients(device: str) -> None:
    net = Scale().to(device)
    seen: list[Any] = []
    net.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 10,))
    net.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output)))
    net.register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] + 1,))
    x = ag.tensor([1.0, 2.0], device=device, requires_grad=True)
    net(x).sum().backward()
    ((grad_input,), (grad_output,)) = seen[0]
    assert grad_output.tolist() == [10.0, 10.0]
    assert grad_input.tolist() == [20.0, 20.0]
    assert x.grad.tolist() == [21.0, 21.0]
    assert net.factor.grad.item() == 30.0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex64"])
def test_backward_hooks_for_other_dtypes(dtype: str) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="bfloat16 needs ml_dtypes")

    class Two(nn.Module):
        def forward(self, x: Any, y: Any, z: Any) -> Any:
            return x * 2, y * 3, z

    net = Two()
    seen: list[Any] = []
    net.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output)))
    x, y = (ag.ones(2, dtype=getattr(ag, dtype), requires_grad=True) for _ in range(2))
    a, b, z = net(x, y, "not a tensor")
    assert z == "not a tensor"
    (a + b).sum().abs().backward()
    (grad_input, grad_output) = seen[0]
    assert [None if g is None else g.dtype.name for g in grad_input] == [dtype, dtype, None]
    assert [None if g is None else g.dtype.name for g in grad_output] == [dtype, dtype, None]
    assert x.grad.tolist() == [2.0, 2.0]
    assert y.grad.tolist() == [3.0, 3.0]


def test_backward_hooks_with_outputs_that_are_not_used() -> None:
    class Two(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2, x * 3

    net = Two()
    seen: list[Any] = []
    net.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append(grad_output))
    x = ag.ones(2, requires_grad=True)
    net(x)[0].sum().backward()
    assert seen[0][0].tolist() == [1.0, 1.0]
    assert seen[0][1] is None
    assert x.grad.tolist() == [2.0, 2.0]


def test_backward_hooks_record_under_create_graph() -> None:
    net = Scale()
    net.register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] * 3,))
    x = ag.tensor(2.0, requires_grad=True)
    (gradient,) = ag.autograd.grad(net(x) ** 2, x, create_graph=True)
    assert gradient.item() == pytest.approx(48.0)  # 2 (2x) 2, times 3
    (second,) = ag.autograd.grad(gradient, x)
    assert second.item() == pytest.approx(72.0)  # the hook is called again on the way back


def test_backward_hooks_errors() -> None:
    net = Scale()
    handle = net.register_full_backward_hook(lambda m, grad_input, grad_output: (1, 2))
    x = ag.tensor(2.0, requires_grad=True)
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        net(x).backward()
    handle.remove()
    net.register_full_backward_hook(lambda m, grad_input, grad_output: None)
    with pytest.raises(RuntimeError, match="is a view and is being modified inplace"):
        net(x).mul_(2)
    with ag.no_grad():
        assert net(x).item() == 4.0


def test_a_module_whose_inputs_need_no_gradient() -> None:
    net = Scale()
    seen: list[Any] = []
    net.register_full_backward_hook(
        lambda m, grad_input, grad_output: seen.append((grad_input, grad_output[0].item()))
    )
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        net(ag.tensor(3.0)).backward()
    assert seen == [((None,), 1.0)]


def test_global_hooks() -> None:
    seen: list[str] = []
    handles = [
        module_file.register_module_forward_pre_hook(lambda m, args: seen.append(f"pre {type(m).__name__}")),
        module_file.register_module_forward_hook(
            lambda m, args, output: seen.append(f"post {type(m).__name__}")
        ),
        module_file.register_module_full_backward_pre_hook(
            lambda m, g: seen.append(f"in {type(m).__name__}")
        ),
        module_file.register_module_full_backward_hook(
            lambda m, gi, go: seen.append(f"out {type(m).__name__}")
        ),
    ]
    try:
        nn.Sequential(Scale())(ag.tensor(1.0, requires_grad=True)).backward()
    finally:
        for handle in handles:
            handle.remove()
    expected = ["pre Sequential", "pre Scale", "post Scale", "post Sequential"]
    expected += ["in Sequential", "in Scale", "out Scale", "out Sequential"]
    assert seen == expected
    nn.Sequential(Scale())(ag.tensor(1.0, requires_grad=True)).backward()
    assert seen == expected
