"""Adagrad."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.optim.optimizer import (
    Optimizer,
    arrays,
    changed,
    check_lr,
    check_modes,
    check_not_negative,
    flag_on,
    must_skip,
    next_steps,
    number,
    pick,
    rate,
    run_closure,
    step_count,
    with_gradients,
)  # fmt: skip

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far: ``s += g^2; p -= lr / (1 + (t -
    1) * lr_decay) * g / (sqrt(s) + eps)``.

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: learning rate.
        lr_decay: see the formula.
        weight_decay: ``g += weight_decay * p``.
        initial_accumulator_value: what s starts from.
        eps: added to the denominator.
        maximize: ascend.
        foreach, fused: accepted for PyTorch's sake.
        differentiable: must be False.

    Source: J. Duchi et al., "Adaptive subgradient methods", 2011, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.Adagrad([w], lr=0.5).step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(lr_decay, "lr_decay value")
        check_not_negative(weight_decay, "weight_decay value")
        check_not_negative(initial_accumulator_value, "initial_accumulator_value value")
        check_not_negative(eps, "epsilon value")
        check_modes(foreach, fused, differentiable)
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                start = group["initial_accumulator_value"]
                full = FUNCTIONS["full_like"](
                    param.detach(), complex(start, start) if param.is_complex() else start
                )
                self.state[param] = {"step": step_count(), "sum": full}

    _reads_found_inf = True

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters that have a gradient; returns the closure's loss."""
        loss = run_closure(closure)
        if must_skip(self):
            return loss
        for group in self.param_groups:
            for namespace, params, gradients in with_gradients(group):
                states = [self.state[param] for param in params]
                flag = flag_on(self, params[0])
                columns = arrays(params), arrays(gradients), [state["sum"]._array for state in states]
                for step, places in next_steps(namespace, params, states, False, flag):
                    namespace.adagrad_step(
                        *(pick(column, places) for column in columns), step=step, lr=rate(group["lr"], params[0]),
                        lr_decay=group["lr_decay"], eps=group["eps"], weight_decay=number(group["weight_decay"]),
                        maximize=group["maximize"], found_inf=flag,
                    )  # fmt: skip
                changed(params)
        return loss
