"""Adam, and AdamW, which decays weights apart from the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.optim.optimizer import (
    Optimizer,
    begin_states,
    changed,
    check_betas,
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

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Steps of a size that running means of the gradient (m) and of its square (v) decide: ``p -= lr * m / (1
    - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)``.

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: learning rate.
        betas: how slowly m and v follow.
        eps: added to the denominator.
        weight_decay: ``g += weight_decay * p``, or, decoupled, ``p -= lr * weight_decay * p``.
        amsgrad: use the largest v so far (S. Reddi et al., 2018).
        maximize: ascend.
        decoupled_weight_decay: as `AdamW`.
        foreach, fused: accepted for PyTorch's sake; all parameters are updated by one call in any case.
        capturable: keep the numbers of the steps in the GPU's memory; with `lr` a tensor there, nothing in a step depends
            on the host. Not for parameters on the CPU.
        differentiable: must be False.

    Source: D. Kingma, J. Ba, arXiv:1412.6980, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.Adam([w], lr=0.25).step()
    >>> w
    tensor([0.7500], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_lr(lr)
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError(
                f"lr as a Tensor is not supported for capturable=False and foreach=True{errors.here()}"
            )
        check_not_negative(eps, "epsilon value")
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError(f"betas must be either both floats or both Tensors{errors.here()}")
        check_betas(betas)
        check_not_negative(weight_decay, "weight_decay value")
        check_modes(foreach, fused, differentiable)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    _reads_found_inf = True

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters that have a gradient; returns the closure's loss."""
        loss = run_closure(closure)
        if must_skip(self):
            return loss
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            amsgrad = group["amsgrad"]
            for namespace, params, gradients in with_gradients(group):
                states = [self.state[param] for param in params]
                for state in states:
                    if not state:
                        state["step"] = step_count()
                names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
                begin_states(self, namespace, params, names if amsgrad else names[:2])
                flag = flag_on(self, params[0])
                columns = [
                    [param._array for param in params],
                    [gradient._array for gradient in gradients],
                    [state["exp_avg"]._array for state in states],
                    [state["exp_avg_sq"]._array for state in states],
                    [state["max_exp_avg_sq"]._array for state in states] if amsgrad else None,
                ]
                for step, places in next_steps(namespace, params, states, group["capturable"], flag):
                    namespace.adam_step(
                        *(pick(column, places) for column in columns), step=step, lr=rate(group["lr"], params[0]),
                        beta1=number(beta1), beta2=number(beta2), eps=group["eps"],
                        weight_decay=group["weight_decay"], decoupled=group["decoupled_weight_decay"],
                        amsgrad=amsgrad, maximize=group["maximize"], found_inf=flag,
                    )  # fmt: skip
                changed(params)
        return loss


class AdamW(Adam):
    """Adam with decoupled weight decay: ``p -= lr * weight_decay * p`` before each step. Arguments as for
    `Adam`.

    Source: I. Loshchilov, F. Hutter, arXiv:1711.05101, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.AdamW([w], lr=0.25, weight_decay=1.0).step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip
