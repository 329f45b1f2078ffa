"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.optim.optimizer import (
    check_lr,
    check_modes,
    check_not_negative,
    number,
    zeros_like,
)  # fmt: skip
from autograd_gpu.optim.single import SingleTensorOptimizer, State

__all__ = ["Adadelta"]


class Adadelta(SingleTensorOptimizer):
    """Steps whose size comes from running means of squared gradients (s) and of squared steps (d): ``step = sqrt(d + eps) /
    sqrt(s + eps) * g; p -= lr * step``.

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: what steps are multiplied by.
        rho: how slowly s and d follow.
        eps: see the formula.
        weight_decay: ``g += weight_decay * p``.
        foreach: accepted for PyTorch's sake.
        maximize: ascend.
        capturable, differentiable: must be False.

    Source: M. Zeiler, arXiv:1212.5701, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.Adadelta([w], lr=1.0, eps=0.01).step()
    >>> w
    tensor([0.6877], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}{errors.here()}")
        check_not_negative(eps, "epsilon value")
        check_not_negative(weight_decay, "weight_decay value")
        check_modes(foreach, None, differentiable)
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, group: dict[str, Any], param: Tensor) -> State:
        return {"square_avg": zeros_like(param), "acc_delta": zeros_like(param)}

    def _change(self, group: dict[str, Any], step: float, p: Tensor, g: Tensor, state: State) -> None:
        rho, eps = group["rho"], group["eps"]
        squares, deltas = state["square_avg"], state["acc_delta"]
        if group["weight_decay"] != 0:
            g = g + group["weight_decay"] * p
        squares.mul_(rho).addcmul_(g, g, value=1 - rho)
        delta = (deltas + eps).sqrt_().div_((squares + eps).sqrt_()).mul_(g)
        deltas.mul_(rho).addcmul_(delta, delta, value=1 - rho)
        p.add_(delta, alpha=-number(group["lr"]))
