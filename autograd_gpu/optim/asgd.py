"""ASGD, stochastic gradient descent that averages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_gpu import dtypes
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.optim.optimizer import (
    check_lr,
    check_modes,
    check_not_negative,
    number,
    zeros_like,
)  # fmt: skip
from autograd_gpu.optim.single import SingleTensorOptimizer, State

__all__ = ["ASGD"]


class ASGD(SingleTensorOptimizer):
    """Stochastic gradient descent with a falling rate; the mean of the parameters over the steps after t0 is kept in the
    state as "ax".

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: learning rate of the first step; that of step t is ``lr / (1 + lambd * lr * t)^alpha``.
        lambd: see lr; also a decay of the parameters, ``p -= lambd * rate * p``.
        alpha: see lr.
        t0: the step at which averaging begins.
        weight_decay: ``g += weight_decay * p``.
        foreach: accepted for PyTorch's sake.
        maximize: ascend.
        capturable, differentiable: must be False.

    Source: B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.ASGD([w], lr=0.25, lambd=0.0).step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    _needed = "params, mus, etas, and state_steps"
    _numbers = frozenset({"step", "eta", "mu"})

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(weight_decay, "weight_decay value")
        check_modes(foreach, None, differentiable)
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, group: dict[str, Any], param: Tensor) -> State:
        return {"eta": _single(number(group["lr"])), "mu": _single(1.0), "ax": zeros_like(param)}

    def _change(self, group: dict[str, Any], step: float, p: Tensor, g: Tensor, state: State) -> None:
        lr, lambd = number(group["lr"]), group["lambd"]
        rate, weight, mean = float(state["eta"]), float(state["mu"]), state["ax"]
        if group["weight_decay"] != 0:
            g = g + group["weight_decay"] * p
        p.mul_(1 - lambd * rate)
        p.add_(g, alpha=-rate)
        if weight == 1:
            mean.copy_(p)
        else:
            mean.add_((p - mean).mul_(weight))
        state["eta"].copy_(_single(lr / (1 + lambd * lr * step) ** group["alpha"]))
        state["mu"].copy_(_single(1 / max(1, step - group["t0"])))


def _single(value: float) -> Tensor:
    """A number on the CPU, rounded to float32 as in PyTorch."""
    return FUNCTIONS["full"]((), value, dtype=dtypes.float32, device="cpu")  # type: ignore[no-any-return]
