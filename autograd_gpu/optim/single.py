"""Base of the optimisers that update one parameter after the other, in ops on tensors.

They work on every device, but on a GPU each op is a launch, and what depends on the number of the step is decided on the
host: `capturable=True` is refused. The optimisers of common use (SGD, Adam, AdamW, RMSprop, Adagrad) have kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.modes import no_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.optim.optimizer import Optimizer, must_skip, run_closure, step_count

__all__ = ["SingleTensorOptimizer"]

State = dict[str, Any]


class SingleTensorOptimizer(Optimizer):
    """`step` for rules that say how a parameter's state begins (`_begin`) and how one parameter changes (`_change`)."""

    #: what capturable=True speaks of, in PyTorch's message
    _needed = "params and state_steps"
    #: entries of a state that are one number for a parameter
    _numbers: frozenset[str] = frozenset({"step"})

    def _begin(self, group: dict[str, Any], param: Tensor) -> State:
        """The state of a parameter, without "step"."""
        raise NotImplementedError

    def _change(self, group: dict[str, Any], step: float, p: Tensor, g: Tensor, state: State) -> None:
        """Change a parameter and its state in place. All are real; halves come as float32."""
        raise NotImplementedError

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters that have a gradient; returns the closure's loss."""
        loss = run_closure(closure)
        flag = self.found_inf
        if must_skip(self) or (flag is not None and bool(flag)):
            return loss
        for group in self.param_groups:
            for param in group["params"]:
                gradient = param._grad
                if gradient is not None:
                    self._step_of(group, param, gradient.detach())
        return loss

    def _step_of(self, group: dict[str, Any], param: Tensor, g: Tensor) -> None:
        if group["capturable"]:
            if param.device.type == "cpu":
                raise AssertionError(
                    f"If capturable=True, {self._needed} must be on supported devices: ['cuda'].{errors.here()}"
                )
            raise NotImplementedError(
                f"{type(self).__name__} does not support capturable=True: SGD, Adam, AdamW and RMSprop do{errors.here()}"
            )
        state = self.state[param]
        if not state:
            state["step"] = step_count()
            state.update(self._begin(group, param))
        state["step"]._array += 1
        p = param.detach()
        shaped = {
            name: value
            for name, value in state.items()
            if isinstance(value, Tensor) and name not in self._numbers
        }
        if param.is_complex():  # as pairs of reals
            view = FUNCTIONS["view_as_real"]
            p, g = view(p), view(g)
            shaped = {name: view(value) for name, value in shaped.items()}
        wide = dtypes.promote_types(p.dtype, dtypes.float32)
        work = {name: value.to(wide) for name, value in shaped.items()}
        target = p.to(wide)
        g = g.to(wide)
        if group["maximize"]:
            g = -g
        self._change(group, float(state["step"]), target, g, {**state, **work})
        if target is not p:
            p.copy_(target)
            for name, value in work.items():
                shaped[name].copy_(value)
