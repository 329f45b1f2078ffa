"""Adamax, the variant of Adam by the maximum norm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.optim.optimizer import (
    check_betas,
    check_lr,
    check_modes,
    check_not_negative,
    number,
    zeros_like,
)  # fmt: skip
from autograd_gpu.optim.single import SingleTensorOptimizer, State

__all__ = ["Adamax"]


class Adamax(SingleTensorOptimizer):
    """Adam with a decaying maximum (u) in place of the root mean square: ``u = max(beta2 * u, |g| + eps); p -= lr / (1 -
    beta1^t) * m / u``.

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: learning rate.
        betas: how slowly m and u follow.
        eps: added to the gradient's size.
        weight_decay: ``g += weight_decay * p``.
        foreach: accepted for PyTorch's sake.
        maximize: ascend.
        capturable, differentiable: must be False.

    Source: D. Kingma, J. Ba, arXiv:1412.6980, section 7.1, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.Adamax([w], lr=0.25).step()
    >>> w
    tensor([0.7500], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(eps, "epsilon value")
        check_betas(betas)
        check_not_negative(weight_decay, "weight_decay value")
        check_modes(foreach, None, differentiable)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, group: dict[str, Any], param: Tensor) -> State:
        return {"exp_avg": zeros_like(param), "exp_inf": zeros_like(param)}

    def _change(self, group: dict[str, Any], step: float, p: Tensor, g: Tensor, state: State) -> None:
        beta1, beta2 = group["betas"]
        mean, largest = state["exp_avg"], state["exp_inf"]
        if group["weight_decay"] != 0:
            g = g + group["weight_decay"] * p
        mean.lerp_(g, 1 - beta1)
        largest.copy_(FUNCTIONS["maximum"](largest * beta2, g.abs() + group["eps"]))
        p.addcdiv_(mean, largest, value=-number(group["lr"]) / (1 - beta1**step))
