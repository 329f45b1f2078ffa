"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd_gpu import errors
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
    number,
    rate,
    run_closure,
    with_gradients,
)  # fmt: skip

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent with momentum: ``b = momentum * b + (1 - dampening) * g; p -= lr * b``.

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: learning rate.
        momentum: how much of the last direction is kept; the first step sets ``b = g``.
        dampening: see the formula.
        weight_decay: ``g += weight_decay * p``.
        nesterov: use ``g + momentum * b`` instead of ``b``.
        maximize: ascend.
        foreach, fused: accepted for PyTorch's sake; all parameters are updated by one call in any case.
        differentiable: must be False.

    Source: I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, as
    in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.SGD([w], lr=0.25).step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(momentum, "momentum value")
        check_not_negative(weight_decay, "weight_decay value")
        check_modes(foreach, fused, differentiable)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(f"Nesterov momentum requires a momentum and zero dampening{errors.here()}")
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
            "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    _reads_found_inf = True

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters that have a gradient; returns the closure's loss."""
        loss = run_closure(closure)
        if must_skip(self):
            return loss
        for group in self.param_groups:
            momentum, dampening = group["momentum"], group["dampening"]
            for namespace, params, gradients in with_gradients(group):
                velocities: list[Any] = [None] * len(params)
                first: list[bool] = []
                flag = flag_on(self, params[0])
                if momentum != 0:
                    states = [self.state[param] for param in params]
                    first = [state.get("momentum_buffer") is None for state in states]
                    # A first step that does not happen leaves zeros: the next one gives what a first step would, unless
                    # it is damped. So then it is found out here.
                    if flag is not None and dampening != 0 and any(first) and bool(flag):
                        continue
                    for state in states:
                        if state.get("momentum_buffer", state) is None:
                            del state["momentum_buffer"]  # as PyTorch saves it before the first step
                    begin_states(self, namespace, params, ["momentum_buffer"])
                    velocities = [state["momentum_buffer"]._array for state in states]
                namespace.sgd_step(
                    arrays(params), arrays(gradients), velocities, lr=rate(group["lr"], params[0]),
                    momentum=momentum, dampening=dampening, weight_decay=number(group["weight_decay"]),
                    nesterov=group["nesterov"], maximize=group["maximize"], first_step=first, found_inf=flag,
                )  # fmt: skip
                changed(params)
        return loss
