"""NAdam, Adam with Nesterov momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_gpu import dtypes
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

__all__ = ["NAdam"]


class NAdam(SingleTensorOptimizer):
    """Adam whose mean of the gradient looks one step ahead, with a momentum that grows during training: ``mu_t = beta1 * (1 -
    0.5 * 0.96^(t * momentum_decay))``.

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: learning rate.
        betas: how slowly the means follow.
        eps: added to the denominator.
        weight_decay: ``g += weight_decay * p``, or, decoupled, ``p -= lr * weight_decay * p``.
        momentum_decay: see the formula.
        decoupled_weight_decay: see weight_decay.
        foreach: accepted for PyTorch's sake.
        maximize: ascend.
        capturable, differentiable: must be False.

    Source: T. Dozat, "Incorporating Nesterov momentum into Adam", 2016, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.NAdam([w], lr=0.25).step()
    >>> w
    tensor([0.7359], requires_grad=True)
    """

    _needed = "params, mu_products and state_steps"
    _numbers = frozenset({"step", "mu_product"})

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_not_negative(momentum_decay, "momentum_decay value")
        check_modes(foreach, None, differentiable)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, group: dict[str, Any], param: Tensor) -> State:
        return {
            "mu_product": FUNCTIONS["ones"]((), dtype=dtypes.float32, device="cpu"),
            "exp_avg": zeros_like(param),
            "exp_avg_sq": zeros_like(param),
        }

    def _change(self, group: dict[str, Any], step: float, p: Tensor, g: Tensor, state: State) -> None:
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        mean, squares, product = state["exp_avg"], state["exp_avg_sq"], state["mu_product"]
        if group["weight_decay"] != 0:
            if group["decoupled_weight_decay"]:
                p.mul_(1 - lr * group["weight_decay"])
            else:
                g = g + group["weight_decay"] * p
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * group["momentum_decay"]))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * group["momentum_decay"]))
        past = float(product.mul_(mu))
        mean.lerp_(g, 1 - beta1)
        squares.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        root = (squares / (1 - beta2**step)).sqrt_().add_(group["eps"])
        p.addcdiv_(g, root, value=-lr * (1.0 - mu) / (1.0 - past))
        p.addcdiv_(mean, root, value=-lr * mu_next / (1.0 - past * mu_next))
