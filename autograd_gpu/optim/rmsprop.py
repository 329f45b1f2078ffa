"""RMSprop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd_gpu.optim.optimizer import (
    Optimizer,
    arrays,
    begin_states,
    changed,
    check_lr,
    check_modes,
    check_not_negative,
    flag_on,
    must_skip,
    next_steps,
    rate,
    run_closure,
    step_count,
    with_gradients,
)  # fmt: skip

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient: ``v = alpha * v + (1 - alpha) * g^2; p -=
    lr * g / (sqrt(v) + eps)``.

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: learning rate.
        alpha: how slowly v follows.
        eps: added to the denominator.
        weight_decay: ``g += weight_decay * p``.
        momentum: ``b = momentum * b + g / (sqrt(v) + eps); p -= lr * b``.
        centered: subtract the square of the gradient's running mean from v (A. Graves, arXiv:1308.0850).
        maximize: ascend.
        foreach: accepted for PyTorch's sake; all parameters are updated by one call in any case.
        capturable: keep the numbers of the steps in the GPU's memory, as for `Adam`.
        differentiable: must be False.

    Source: G. Hinton, Coursera lecture 6e, 2012, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.RMSprop([w], lr=0.05).step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(eps, "epsilon value")
        check_not_negative(momentum, "momentum value")
        check_not_negative(weight_decay, "weight_decay value")
        check_not_negative(alpha, "alpha value")
        check_modes(foreach, None, differentiable)
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    _reads_found_inf = True

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters that have a gradient; returns the closure's loss."""
        loss = run_closure(closure)
        if must_skip(self):
            return loss
        for group in self.param_groups:
            names = ["square_avg"]
            names += ["momentum_buffer"] if group["momentum"] > 0 else []
            names += ["grad_avg"] if group["centered"] else []
            for namespace, params, gradients in with_gradients(group):
                states = [self.state[param] for param in params]
                for state in states:
                    if not state:
                        state["step"] = step_count()
                begin_states(self, namespace, params, names)
                kept = {name: [state[name]._array for state in states] for name in names}
                flag = flag_on(self, params[0])
                next_steps(namespace, params, states, group["capturable"], flag)
                namespace.rmsprop_step(
                    arrays(params), arrays(gradients), kept["square_avg"], kept.get("grad_avg"),
                    kept.get("momentum_buffer"), lr=rate(group["lr"], params[0]), alpha=group["alpha"],
                    eps=group["eps"], weight_decay=group["weight_decay"], momentum=group["momentum"],
                    centered=group["centered"], maximize=group["maximize"], found_inf=flag,
                )  # fmt: skip
                changed(params)
        return loss
