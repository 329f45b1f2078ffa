"""`GradScaler`: a loss multiplied by a large number keeps small gradients from vanishing in float16.

Nothing here waits for a GPU. Whether there was an overflow stays in the device's memory, where the optimisers of this
package read it (they have `_reads_found_inf`); only for optimisers that cannot do so, and on the CPU, it is looked at here.
"""

from __future__ import annotations

import inspect
import warnings
from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, bump
from autograd_gpu.core.modes import no_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.device import cuda_unavailable_reason

__all__ = ["GradScaler", "OptState"]


class OptState(Enum):
    """What has been done for an optimiser since the last `GradScaler.update`."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


def _fresh() -> dict[str, Any]:
    return {"stage": OptState.READY, "found_inf_per_device": {}}


def _number(value: float, dtype: dtypes.DType, device: Any) -> Tensor:
    return FUNCTIONS["full"]((), value, dtype=dtype, device=device)  # type: ignore[no-any-return]


class GradScaler:
    """Scales losses up and gradients down again, skips steps whose gradients overflowed, and finds the largest scale
    that does not overflow.

    Args:
        device: "cuda" or "cpu": where the loss is.
        init_scale: the scale to begin with.
        growth_factor: the scale is multiplied by it after `growth_interval` steps without overflow.
        backoff_factor: the scale is multiplied by it after an overflow.
        growth_interval: see growth_factor.
        enabled: False makes `scale` return its argument and `step` the optimiser's plain step.

    Raises:
        AssertionError: growth_factor <= 1 or backoff_factor >= 1.

    Source: P. Micikevicius et al., "Mixed precision training", arXiv:1710.03740, with the interface of PyTorch.

    >>> w = ag.tensor([2.0], requires_grad=True)
    >>> optimizer = ag.optim.SGD([w], lr=0.25)
    >>> scaler = ag.amp.GradScaler("cpu", init_scale=8.0)
    >>> scaler.scale((w * w).sum()).backward()
    >>> w.grad
    tensor([32.])
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w
    tensor([1.], requires_grad=True)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = enabled
        if enabled and device == "cuda" and cuda_unavailable_reason() is not None:
            warnings.warn(
                f"GradScaler is enabled, but CUDA is not available.  Disabling. ({cuda_unavailable_reason()})",
                stacklevel=2,
            )
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError(f"The growth factor must be > 1.0.{errors.here()}")
        if backoff_factor >= 1.0:
            raise AssertionError(f"The backoff factor must be < 1.0.{errors.here()}")
        self._init_scale = init_scale
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._init_growth_tracker = 0
        # Both are made by the first call of scale(), which knows the device.
        self._scale: Tensor | None = None
        self._growth_tracker: Tensor | None = None
        self._per_optimizer_states: defaultdict[int, dict[str, Any]] = defaultdict(_fresh)

    def _started(self, function: str) -> tuple[Tensor, Tensor]:
        """Scale and growth tracker."""
        if self._scale is None or self._growth_tracker is None:
            raise AssertionError(
                f"Attempted {function} but _scale is None.  This may indicate your script did not use "
                f"scaler.scale(loss or outputs) earlier in the iteration.{errors.here()}"
            )
        return self._scale, self._growth_tracker

    # -- forward -----------------------------------------------------------------------------------------------

    def scale(self, outputs: Any) -> Any:
        """A tensor, or nested lists and tuples of them, multiplied by the scale.

        Raises:
            ValueError: for anything else.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._scale = _number(self._init_scale, dtypes.float32, outputs.device)
                self._growth_tracker = _number(self._init_growth_tracker, dtypes.int32, outputs.device)
            return outputs * self._scale.to(outputs.device)
        if isinstance(outputs, (list, tuple)):
            return type(outputs)(self.scale(each) for each in outputs)
        if isinstance(outputs, Iterable):
            return (self.scale(each) for each in outputs)
        raise ValueError(f"outputs must be a Tensor or an iterable of Tensors{errors.here()}")

    # -- gradients -----------------------------------------------------------------------------------------------

    @no_grad()
    def _check(self, optimizer: Any, scale: Tensor, unscale: bool, allow_fp16: bool) -> dict[Any, Tensor]:
        """Divide an optimiser's gradients by the scale, if wanted, and look for inf and nan among them: a float32 number
        for each device, 0 or 1."""
        gradients: dict[Any, dict[Any, list[Tensor]]] = defaultdict(lambda: defaultdict(list))
        for group in optimizer.param_groups:
            for param in group["params"]:
                gradient = param._grad
                if gradient is None:
                    continue
                if not allow_fp16 and gradient._type.dtype is dtypes.float16:
                    raise ValueError(f"Attempting to unscale FP16 gradients.{errors.here()}")
                gradients[gradient._type.device][gradient._type].append(gradient)
        found: dict[Any, Tensor] = {}
        for device, types in gradients.items():
            flag = found[device] = _number(0.0, dtypes.float32, device)
            local = scale.to(device)._array if unscale else None
            for kind, members in types.items():
                kind.namespace.unscale([each._array for each in members], local, flag._array)
                if unscale:
                    for each in members:
                        bump(each)
        return found

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimiser's parameters by the scale, in place; `step` does so otherwise. For clipping
        or looking at gradients between backward and step. Waits for nothing.

        Raises:
            RuntimeError: called twice for an optimiser, or after its step.
            ValueError: float16 gradients, which would lose what the scale saved.
        """
        if not self._enabled:
            return
        scale, _ = self._started("unscale_")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.UNSCALED:
            raise RuntimeError(
                f"unscale_() has already been called on this optimizer since the last update().{errors.here()}"
            )
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError(f"unscale_() is being called after step().{errors.here()}")
        state["found_inf_per_device"] = self._check(optimizer, scale, unscale=True, allow_fp16=False)
        state["stage"] = OptState.UNSCALED

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Unscale the gradients, unless that was done, and call ``optimizer.step(*args, **kwargs)`` if none of them is inf
        or nan. On a GPU the optimisers of this package are always called and decide on the device.

        Returns:
            what the optimiser's step returns; None if it was skipped.

        Raises:
            RuntimeError: a second time without `update`, or with a closure.
            AssertionError: before `scale`, or no parameter has a gradient.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError(
                f"Closure use is not currently supported if GradScaler is enabled.{errors.here()}"
            )
        scale, _ = self._started("step")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError(f"step() has already been called since the last update().{errors.here()}")
        ours = getattr(optimizer, "_reads_found_inf", False)
        if not ours and getattr(optimizer, "_step_supports_amp_scaling", False):
            return self._step_of_others(optimizer, state, scale, args, kwargs)
        if state["stage"] is OptState.READY:
            self.unscale_(optimizer)
        found = state["found_inf_per_device"]
        if not found:
            raise AssertionError(f"No inf checks were recorded for this optimizer.{errors.here()}")
        result = None
        if ours and all(device.type == "cuda" for device in found):
            optimizer.found_inf = _sum(found, scale)
            try:
                result = optimizer.step(*args, **kwargs)
            finally:
                optimizer.found_inf = None
        elif not any(flag.item() for flag in found.values()):
            result = optimizer.step(*args, **kwargs)
        state["stage"] = OptState.STEPPED
        return result

    def _step_of_others(
        self,
        optimizer: Any,
        state: dict[str, Any],
        scale: Tensor,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """The step of an optimiser that says that it unscales by itself, by PyTorch's protocol: it gets the tensors
        `grad_scale` (None if the gradients are unscaled already) and `found_inf` as attributes."""
        if "grad_scaler" in inspect.signature(optimizer.step).parameters:
            warnings.warn(
                "GradScaler is going to stop passing itself as a keyword argument to the passed optimizer. In the near "
                "future GradScaler registers `grad_scale: Tensor` and `found_inf: Tensor` to the passed optimizer and let "
                "the optimizer use them directly.",
                FutureWarning,
                stacklevel=3,
            )
            result = optimizer.step(*args, **kwargs, grad_scaler=self)
            state["stage"] = OptState.STEPPED
            return result
        if state["stage"] is OptState.READY:
            state["found_inf_per_device"] = self._check(optimizer, scale, unscale=False, allow_fp16=True)
            optimizer.grad_scale = scale
        else:
            optimizer.grad_scale = None
        optimizer.found_inf = _sum(state["found_inf_per_device"], scale)
        result = optimizer.step(*args, **kwargs)
        state["stage"] = OptState.STEPPED
        del optimizer.grad_scale, optimizer.found_inf
        return result

    @no_grad()
    def update(self, new_scale: Any = None) -> None:
        """Adapt the scale: smaller after an overflow, larger after `growth_interval` steps without. Once per iteration,
        after the steps of all optimisers.

        Args:
            new_scale: a number or a tensor of one float32 element that becomes the scale instead.

        Raises:
            AssertionError: no step was taken since the last update, or `new_scale` does not fit.
        """
        if not self._enabled:
            return
        scale, tracker = self._started("update")
        if isinstance(new_scale, (int, float)):
            scale.fill_(float(new_scale))
        elif new_scale is not None:
            reason = (
                "new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with "
                f"requires_grad=False.{errors.here()}"
            )
            if not isinstance(new_scale, Tensor) or new_scale.device.type != self._device:
                raise AssertionError(reason)
            if new_scale.numel() != 1 or new_scale.requires_grad:
                raise AssertionError(reason)
            scale.copy_(new_scale.reshape(()))
        else:
            found = {
                (number, device): flag
                for number, state in self._per_optimizer_states.items()
                for device, flag in state["found_inf_per_device"].items()
            }
            if not found:
                raise AssertionError(f"No inf checks were recorded prior to update.{errors.here()}")
            scale._type.namespace.update_scale(
                scale._array, tracker._array, _sum(found, scale)._array, growth_factor=self._growth_factor,
                backoff_factor=self._backoff_factor, growth_interval=self._growth_interval,
            )  # fmt: skip
            bump(scale)
            bump(tracker)
        self._per_optimizer_states = defaultdict(_fresh)

    # -- numbers -------------------------------------------------------------------------------------------------

    def get_scale(self) -> float:
        """The scale as a number, 1.0 if disabled. Waits for the device."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else float(self._scale.item())

    def get_growth_factor(self) -> float:
        """What the scale is multiplied by after `growth_interval` good steps."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by after `growth_interval` good steps."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by after an overflow."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by after an overflow."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many good steps the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many good steps the scale grows."""
        self._growth_interval = new_interval

    def _get_growth_tracker(self) -> int:
        if not self._enabled:
            return 0
        return self._init_growth_tracker if self._growth_tracker is None else int(self._growth_tracker.item())

    def is_enabled(self) -> bool:
        """Whether this scaler does anything."""
        return self._enabled

    # -- saving --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Scale, factors, interval and the number of good steps in a row; empty if disabled. After `update`."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a `state_dict()`; nothing happens if disabled.

        Raises:
            RuntimeError: the dictionary is empty.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of "
                f"GradScaler.{errors.here()}"
            )
        self._init_scale = float(state_dict["scale"])
        self._growth_factor = float(state_dict["growth_factor"])
        self._backoff_factor = float(state_dict["backoff_factor"])
        self._growth_interval = int(state_dict["growth_interval"])
        self._init_growth_tracker = int(state_dict["_growth_tracker"])
        if self._scale is not None:
            self._scale.fill_(self._init_scale)
        if self._growth_tracker is not None:
            self._growth_tracker.fill_(self._init_growth_tracker)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        if self._enabled:
            if self._per_optimizer_states:
                raise AssertionError(
                    "A GradScaler instance may only be pickled at the beginning of an iteration, or at the end after "
                    f"scaler.update().{errors.here()}"
                )
            state["_init_scale"] = self.get_scale()
            state["_init_growth_tracker"] = self._get_growth_tracker()
            state["_scale"] = None
            state["_growth_tracker"] = None
        return state


def _sum(found: dict[Any, Tensor], scale: Tensor) -> Tensor:
    """The flags of all devices, added where the scale is."""
    total: Tensor | None = None
    for flag in found.values():
        local = flag.to(scale.device)
        total = local if total is None else total + local
    assert total is not None
    return total
