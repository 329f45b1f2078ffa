"""Parametrizations for everyday use: weights of given norm, and of spectral norm 1."""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.modes import no_grad
from autograd_gpu.nn import functional as F
from autograd_gpu.nn.module import Module
from autograd_gpu.nn.utils import parametrize
from autograd_gpu.tensor import Tensor

__all__ = ["spectral_norm", "weight_norm"]


def norm_except_dim(value: Tensor, dim: int) -> Tensor:
    """The 2-norm over all dimensions but `dim`, which keeps its place; over all of them for -1."""
    if dim == -1:
        return value.norm()
    others = [each for each in range(value.ndim) if each != dim]
    return value.norm(2, others, True) if others else value.abs()


def normalised(direction: Tensor, magnitude: Tensor, dim: int) -> Tensor:
    """`direction` with the norm `magnitude`."""
    return direction * (magnitude / norm_except_dim(direction, dim))


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, magnitude: Tensor, direction: Tensor) -> Tensor:
        return normalised(direction, magnitude, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """A weight as magnitude times direction: ``g v / |v|`` (Salimans and Kingma, 2016).

    Args:
        module: the module.
        name: its parameter.
        dim: each slice along this dimension has a magnitude of its own; None: one for all.

    Returns:
        `module`, with ``parametrizations.weight.original0`` (magnitude) and ``original1`` (direction).

    >>> layer = ag.nn.utils.parametrizations.weight_norm(ag.nn.Linear(20, 40), name="weight")
    >>> layer.parametrizations.weight.original0.shape
    ag.Size([40, 1])
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def from_old_names(module: Any, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        old = f"{prefix}{name}_g", f"{prefix}{name}_v"
        if all(key in state_dict for key in old):
            for number, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{number}"] = state_dict.pop(key)

    module.register_load_state_dict_pre_hook(from_old_names)
    return module


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if dim >= ndim or dim < -ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim}){errors.here()}"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}{errors.here()}"
            )
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight)
            height, width = matrix.shape
            self.register_buffer("_u", F.normalize(matrix.new_empty((height,)).normal_(0, 1), dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(matrix.new_empty((width,)).normal_(0, 1), dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        return weight.transpose(0, self.dim).flatten(1) if self.dim else weight.flatten(1)

    def _iterate(self, matrix: Tensor, count: int) -> None:
        """The power method, in place: `_u` and `_v` converge to the singular vectors of the largest singular value."""
        with no_grad():
            for _ in range(count):
                self._u.copy_(F.normalize(matrix @ self._v, dim=0, eps=self.eps))
                self._v.copy_(F.normalize(matrix.T @ self._u, dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix.detach(), self.n_power_iterations)
        # Copies: the next call changes the vectors in place, and this one's graph keeps them.
        sigma = self._u.clone() @ (matrix @ self._v.clone())
        return weight / sigma

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """A weight divided by its largest singular value (Miyato et al., 2018), which the power method estimates: one step
    in each forward call in training mode.

    Args:
        module: the module.
        name: its parameter.
        n_power_iterations: steps per call.
        eps: keeps norms from zero.
        dim: the dimension of outputs; 0, or 1 for transposed convolutions.

    Returns:
        `module`.

    Raises:
        ValueError: the module has no such tensor, or steps are not positive.

    >>> layer = ag.nn.utils.parametrizations.spectral_norm(ag.nn.Linear(20, 40))
    >>> abs(ag.linalg.matrix_norm(layer.weight, 2).item() - 1) < 0.1
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'{errors.here()}")
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    return parametrize.register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, dim, eps)
    )
