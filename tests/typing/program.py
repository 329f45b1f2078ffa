"""A user's program for `mypy --strict`, see tests/test_stubs.py.

Every line of the last function is a mistake and ends in the error that mypy must find; mypy complains where
it finds none.
"""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np

import autograd_gpu as ag
from autograd_gpu import nn, optim
from autograd_gpu.nn import functional as F


class Network(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(2, width)
        self.output = nn.Linear(width, 1)

    def forward(self, input: ag.Tensor) -> ag.Tensor:
        return self.output(F.relu(self.hidden(input)))  # type: ignore[no-any-return]  # calls run hooks: Any


def train(points: ag.Tensor, labels: ag.Tensor, steps: int = 10) -> float:
    network = Network(8)
    optimizer = optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    loss = ag.zeros(())
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(network(points), labels)
        loss.backward()
        optimizer.step()
    return float(loss)


def functions(x: ag.Tensor, dtype: ag.dtype, device: ag.device) -> None:
    assert_type(ag.exp(x), ag.Tensor)
    assert_type(ag.add(x, 2, alpha=0.5), ag.Tensor)
    assert_type(ag.where(x > 0, x, 0.0), ag.Tensor)
    assert_type(ag.where(x > 0), tuple[ag.Tensor, ...])
    assert_type(ag.zeros(2, 3, dtype=ag.float64, device="cpu"), ag.Tensor)
    assert_type(ag.zeros((2, 3), dtype="float32", requires_grad=True), ag.Tensor)
    assert_type(ag.tensor([[1, 2], [3, 4]], dtype=np.float32), ag.Tensor)
    assert_type(ag.sum(x, dim=(0, 1), keepdim=True), ag.Tensor)
    assert_type(ag.sum(x, axis=0, keepdims=True), ag.Tensor)
    assert_type(ag.max(x), ag.Tensor)
    assert_type(ag.max(x, dim=0).indices, ag.Tensor)
    values, indices = ag.topk(x, 2)
    assert_type(values * indices, ag.Tensor)
    assert_type(ag.unique(x), ag.Tensor)
    assert_type(ag.allclose(x, x), bool)
    assert_type(ag.get_default_dtype(), ag.dtype)
    assert_type(ag.float32.is_floating_point, bool)
    assert_type(ag.pi, float)
    assert_type(ag.manual_seed(0), ag.Generator)
    assert_type(F.max_pool2d(x, 2), ag.Tensor)
    assert_type(F.max_pool2d(x, 2, return_indices=True), tuple[ag.Tensor, ag.Tensor])
    assert_type(F.leaky_relu(x, 0.2, inplace=True), ag.Tensor)
    with ag.no_grad(), ag.printoptions(precision=2):
        print(x.to(dtype), x.to(device, dtype), x.to("cpu"), x.to(x))
    if ag.is_tensor(values):
        assert_type(values.shape, ag.Size)


def methods(x: ag.Tensor) -> Any:
    assert_type(x + 1, ag.Tensor)
    assert_type(2.0 * x - x / 3 + x**2 @ x, ag.Tensor)
    assert_type(-x[0, ..., None], ag.Tensor)
    assert_type(x == 0, ag.Tensor)
    assert_type(x.mean(dim=-1), ag.Tensor)
    assert_type(x.view(2, -1).reshape((4,)).permute(0), ag.Tensor)
    assert_type(x.split([1, 1]), tuple[ag.Tensor, ...])
    assert_type(x.size(), ag.Size)
    assert_type(x.size(0), int)
    assert_type(x.shape[0], int)
    assert_type(x.dtype, ag.dtype)
    assert_type(x.device, ag.device)
    assert_type(x.grad, ag.Tensor | None)
    assert_type(x.clone().add_(1).clamp_(min=0), ag.Tensor)
    assert_type(x.requires_grad_(), ag.Tensor)
    assert_type(x.requires_grad, bool)
    assert_type(x.max(1).values, ag.Tensor)
    assert_type(x.float().T, ag.Tensor)
    assert_type(len(x), int)
    assert_type([row for row in x], list[ag.Tensor])  # noqa: C416
    x.requires_grad = True
    x.grad = None
    y = x * 2
    y += 1
    y[0] = 1.0
    handle = x.register_hook(lambda grad: grad * 2)
    handle.remove()
    (gradient,) = ag.autograd.grad(x.sum(), [x])
    y.backward(gradient, retain_graph=True)
    return x.detach().cpu().numpy(), x.sum().item(), x.tolist()


def mistakes(x: ag.Tensor) -> None:
    ag.exp("x")  # type: ignore[arg-type]
    ag.exp(x, x)  # type: ignore[call-arg]
    ag.no_such_function(x)  # type: ignore[attr-defined]
    ag.sum(x, dimension=0)  # type: ignore[call-arg]
    ag.zeros(2.5)  # type: ignore[arg-type]
    ag.cat(x, x)  # type: ignore[arg-type]
    ag.max(x, dim=0) + 1  # type: ignore[operator]
    ag.tensor([1.0], requires_grad="yes")  # type: ignore[arg-type]
    x.no_such_method()  # type: ignore[attr-defined]
    x.sum(keep=True)  # type: ignore[call-arg]
    x.add_("1")  # type: ignore[arg-type]
    x.shape = (2, 3)  # type: ignore[misc, assignment]
    x + "1"  # type: ignore[operator]
    x.grad * 2  # type: ignore[operator]
    x.dim() + x.size()  # type: ignore[operator]
    F.relu(x, inplace="yes")  # type: ignore[arg-type]
    F.conv2d(x)  # type: ignore[call-arg]
