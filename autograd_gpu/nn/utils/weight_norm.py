"""Weights as magnitude times direction, in PyTorch's first form: parameters `weight_g` and `weight_v`, and a hook that
computes `weight` before each call. `parametrizations.weight_norm` is the present form."""

from __future__ import annotations

import warnings
from typing import Any

from autograd_gpu import errors
from autograd_gpu.nn.hooks import forward_pre_hooks
from autograd_gpu.nn.module import Module
from autograd_gpu.nn.parameter import Parameter
from autograd_gpu.nn.utils.parametrizations import norm_except_dim, normalised
from autograd_gpu.tensor import Tensor

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]


class WeightNorm:
    """The hook: sets `name` from `name`_g and `name`_v."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Tensor:
        return normalised(getattr(module, f"{self.name}_v"), getattr(module, f"{self.name}_g"), self.dim)

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))

    def remove(self, module: Module) -> None:
        weight = self.compute_weight(module)
        for name in (self.name, f"{self.name}_g", f"{self.name}_v"):
            delattr(module, name)
        module.register_parameter(self.name, Parameter(weight.detach()))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """A weight as magnitude times direction: ``g v / |v|`` (Salimans and Kingma, 2016).

    Args:
        module: the module, which is changed.
        name: its parameter; becomes `name`_g and `name`_v.
        dim: each slice along this dimension has a magnitude of its own; None: one for all.

    Returns:
        `module`.

    Warns:
        FutureWarning: as in PyTorch; use `ag.nn.utils.parametrizations.weight_norm`.

    Raises:
        RuntimeError: the parameter has such a hook already.
    """
    warnings.warn(
        "`nn.utils.weight_norm` is deprecated in favor of `nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    for _, hook in forward_pre_hooks(module):
        if isinstance(hook, WeightNorm) and hook.name == name:
            raise RuntimeError(
                f"Cannot register two weight_norm hooks on the same parameter {name}{errors.here()}"
            )
    norm = WeightNorm(name, dim)
    weight: Any = getattr(module, name)
    del module._parameters[name]
    module.register_parameter(f"{name}_g", Parameter(norm_except_dim(weight, norm.dim).detach()))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    setattr(module, name, norm.compute_weight(module))
    module.register_forward_pre_hook(norm)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make a weight of `weight_norm` an ordinary parameter again.

    Raises:
        ValueError: it is none.
    """
    for remove, hook in forward_pre_hooks(module):
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            remove()
            return module
    raise ValueError(f"weight_norm of '{name}' not found in {module}{errors.here()}")
