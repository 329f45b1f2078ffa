"""Weights of spectral norm 1, in PyTorch's first form: a parameter `weight_orig`, buffers `weight_u` and `weight_v`, and a
hook that computes `weight` before each call. `parametrizations.spectral_norm` is the present form."""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.modes import no_grad
from autograd_gpu.nn import functional as F
from autograd_gpu.nn.hooks import forward_pre_hooks
from autograd_gpu.nn.module import Module
from autograd_gpu.nn.parameter import Parameter
from autograd_gpu.tensor import Tensor

__all__ = ["SpectralNorm", "remove_spectral_norm", "spectral_norm"]


class SpectralNorm:
    """The hook: sets `name` from `name`_orig, `name`_u and `name`_v."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}{errors.here()}"
            )
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def matrix(self, weight: Tensor) -> Tensor:
        return (weight.transpose(0, self.dim) if self.dim else weight).reshape(weight.shape[self.dim], -1)

    def compute_weight(self, module: Module, iterate: bool) -> Tensor:
        weight = getattr(module, f"{self.name}_orig")
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        matrix = self.matrix(weight)
        if iterate:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.T @ u, dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix @ v, dim=0, eps=self.eps))
            # Copies: the next call changes the vectors in place, and this one's graph keeps them.
            u, v = u.clone(), v.clone()
        sigma = u @ (matrix @ v)
        result: Tensor = weight / sigma
        return result

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))

    def remove(self, module: Module) -> None:
        with no_grad():
            weight = self.compute_weight(module, False)
        for name in (self.name, f"{self.name}_u", f"{self.name}_v", f"{self.name}_orig"):
            delattr(module, name)
        module.register_parameter(self.name, Parameter(weight.detach()))


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """A weight divided by its largest singular value (Miyato et al., 2018), which the power method estimates: one step
    before each call in training mode.

    Args:
        module: the module, which is changed.
        name: its parameter; becomes `name`_orig.
        n_power_iterations: steps per call.
        eps: keeps norms from zero.
        dim: the dimension of outputs; 0, or 1 for transposed convolutions.

    Returns:
        `module`.

    Raises:
        RuntimeError: the parameter has such a hook already.
        ValueError: steps are not positive.

    >>> layer = ag.nn.utils.spectral_norm(ag.nn.Linear(20, 40))
    >>> layer.weight_u.shape
    ag.Size([40])
    """
    for _, hook in forward_pre_hooks(module):
        if isinstance(hook, SpectralNorm) and hook.name == name:
            raise RuntimeError(
                f"Cannot register two spectral_norm hooks on the same parameter {name}{errors.here()}"
            )
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    norm = SpectralNorm(name, n_power_iterations, dim, eps)
    weight: Any = module._parameters[name]
    height, width = norm.matrix(weight).shape
    u = F.normalize(weight.detach().new_empty((height,)).normal_(0, 1), dim=0, eps=eps)
    v = F.normalize(weight.detach().new_empty((width,)).normal_(0, 1), dim=0, eps=eps)
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    # Not a parameter, so that nobody trains it; a plain attribute, so that there is one before the first call.
    setattr(module, name, weight.data)
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)
    module.register_forward_pre_hook(norm)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make a weight of `spectral_norm` an ordinary parameter again.

    Raises:
        ValueError: it is none.
    """
    for remove, hook in forward_pre_hooks(module):
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            remove()
            return module
    raise ValueError(f"spectral_norm of '{name}' not found in {module}{errors.here()}")
