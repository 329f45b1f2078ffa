"""RAdam, Adam with a rectified variance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_gpu.core.graph import Tensor
from autograd_gpu.optim.optimizer import (
    check_betas,
    check_lr,
    check_modes,
    check_not_negative,
    number,
    zeros_like,
)  # fmt: skip
from autograd_gpu.optim.single import SingleTensorOptimizer, State

__all__ = ["RAdam"]


class RAdam(SingleTensorOptimizer):
    """Adam that divides by the root mean square only when enough steps were taken to know it, and then carefully.

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: learning rate.
        betas: how slowly the means follow.
        eps: added to the denominator.
        weight_decay: ``g += weight_decay * p``, or, decoupled, ``p -= lr * weight_decay * p``.
        decoupled_weight_decay: see weight_decay.
        foreach: accepted for PyTorch's sake.
        maximize: ascend.
        capturable, differentiable: must be False.

    Source: L. Liu et al., "On the variance of the adaptive learning rate and beyond", arXiv:1908.03265, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.RAdam([w], lr=0.25).step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(eps, "epsilon value")
        check_betas(betas)
        check_not_negative(weight_decay, "weight_decay value")
        check_modes(foreach, None, differentiable)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, group: dict[str, Any], param: Tensor) -> State:
        return {"exp_avg": zeros_like(param), "exp_avg_sq": zeros_like(param)}

    def _change(self, group: dict[str, Any], step: float, p: Tensor, g: Tensor, state: State) -> None:
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        mean, squares = state["exp_avg"], state["exp_avg_sq"]
        if group["weight_decay"] != 0:
            if group["decoupled_weight_decay"]:
                p.mul_(1 - lr * group["weight_decay"])
            else:
                g = g + group["weight_decay"] * p
        mean.lerp_(g, 1 - beta1)
        squares.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        size, left = lr / (1 - beta1**step), 1 - beta2**step
        # rho: the length of the simple moving average that the exponential one stands for
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * step * beta2**step / left
        if rho > 5.0:
            rectified = ((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5
            p.addcdiv_(mean, squares.sqrt().add_(group["eps"]), value=-size * rectified * left**0.5)
        else:
            p.add_(mean, alpha=-size)
