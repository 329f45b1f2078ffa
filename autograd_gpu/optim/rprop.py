"""Rprop, resilient backpropagation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.optim.optimizer import check_lr, check_modes, number, zeros_like
from autograd_gpu.optim.single import SingleTensorOptimizer, State

__all__ = ["Rprop"]


class Rprop(SingleTensorOptimizer):
    """Steps that look at the gradient's sign only, with a size for each element that grows while the sign stays and shrinks
    when it turns. For full batches.

    Args:
        params: the parameters, or groups of them (see `Optimizer`).
        lr: the first size of all steps.
        etas: what a size is multiplied by when the sign turns, and when it stays.
        step_sizes: the smallest and the largest size.
        foreach: accepted for PyTorch's sake.
        maximize: ascend.
        capturable, differentiable: must be False.

    Source: M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning", 1993, as in PyTorch.

    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.optim.Rprop([w], lr=0.25).step()
    >>> w
    tensor([0.7500], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}{errors.here()}")
        check_modes(foreach, None, differentiable)
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, group: dict[str, Any], param: Tensor) -> State:
        size = number(group["lr"])
        value = complex(size, size) if param.is_complex() else size
        return {"prev": zeros_like(param), "step_size": FUNCTIONS["full_like"](param.detach(), value)}

    def _change(self, group: dict[str, Any], step: float, p: Tensor, g: Tensor, state: State) -> None:
        (shrink, grow), (smallest, largest) = group["etas"], group["step_sizes"]
        before, sizes = state["prev"], state["step_size"]
        where = FUNCTIONS["where"]
        agreement = g * before
        turned = agreement < 0
        changed = where(turned, sizes * shrink, where(agreement > 0, sizes * grow, sizes))
        sizes.copy_(changed.clamp_(smallest, largest))
        g = g.masked_fill(turned, 0.0)
        p.addcmul_(g.sign(), sizes, value=-1)
        before.copy_(g)
