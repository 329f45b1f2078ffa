"""Limiting gradients. Nothing is read on the host: norm and factor stay on the gradients' device, where all tensors of
a dtype are worked on by one kernel."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from types import GeneratorType
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import bump, wrap
from autograd_gpu.core.modes import no_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.device import ArrayType, type_of_array
from autograd_gpu.tensor import Tensor

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [parameter._grad for parameter in given if parameter._grad is not None]


def _by_type(tensors: Iterable[Tensor]) -> dict[ArrayType, list[Tensor]]:
    found: dict[ArrayType, list[Tensor]] = {}
    for tensor in tensors:
        found.setdefault(tensor._type, []).append(tensor)
    return found


def _at_once(kind: ArrayType, members: list[Tensor]) -> bool:
    """Whether these are plain arrays of real floating numbers, for which a device has functions over lists."""
    return kind.dtype.is_floating_point and all(t._array.__class__ in type_of_array for t in members)


@no_grad()
def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of several tensors as if they were one vector, as a 0-d tensor on the device of the first.

    Args:
        tensors: one tensor or several.
        norm_type: the p of the p-norm; may be ``inf``.
        error_if_nonfinite: raise if the norm is nan or infinite; this reads it on the host.
        foreach: accepted for PyTorch's sake.

    >>> ag.nn.utils.get_total_norm([ag.tensor([3.0]), ag.tensor([4.0])])
    tensor(5.)
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return FUNCTIONS["tensor"](0.0)  # type: ignore[no-any-return]
    device = tensors[0].device
    norms = []
    for kind, members in _by_type(tensors).items():
        if norm_type > 0 and _at_once(kind, members):
            norms.append(wrap(kind.namespace.total_norm([t._array for t in members], norm_type)).to(device))
        else:
            norms += [tensor.detach().norm(norm_type).to(device) for tensor in members]
    # The 0-norm counts: of one number that is not 0, it is 1.
    alone = len(norms) == 1 and norm_type != 0
    total: Tensor = norms[0] if alone else FUNCTIONS["stack"](norms).norm(norm_type)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped. To disable this error and scale the gradients by the non-finite norm "
            f"anyway, set `error_if_nonfinite=False`{errors.here()}"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients by ``max_norm / (total_norm + 1e-6)``, where that is smaller than 1."""
    limit = float(max_norm)
    for kind, members in _by_type(_gradients(parameters)).items():
        total = total_norm.to(kind.device)
        if _at_once(kind, members) and total._type.dtype.is_floating_point:
            kind.namespace.scale_to_norm([t._array for t in members], total._array, limit=limit)
            for gradient in members:
                bump(gradient)
        else:
            factor = (limit / (total + 1e-6)).clamp(max=1.0)
            for gradient in members:
                gradient.mul_(factor.to(dtype=gradient.dtype))


@no_grad()
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients, in place, so that the norm of all of them together is at most `max_norm`.

    Args:
        parameters: a tensor or several whose ``.grad`` is meant; those without are passed over.
        max_norm: the largest norm allowed.
        norm_type: the p of the p-norm; may be ``inf``.
        error_if_nonfinite: raise if the norm is nan or infinite; this reads it on the host.
        foreach: accepted for PyTorch's sake.

    Returns:
        The norm before, a 0-d tensor.

    >>> w = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.nn.utils.clip_grad_norm_([w], max_norm=1.0)
    tensor(10.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    generator = isinstance(parameters, GeneratorType)
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if generator and not parameters:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3)
    total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Deprecated, as in PyTorch: use `clip_grad_norm_`."""
    warnings.warn(
        "`ag.nn.utils.clip_grad_norm` is now deprecated in favor of `ag.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    total: Tensor = clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)
    return total


@no_grad()
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: Any = None) -> None:
    """Limit every element of the gradients, in place, to [-clip_value, clip_value].

    >>> w = ag.tensor([3.0, 0.25], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> ag.nn.utils.clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([1.0000, 0.5000])
    """
    limit = float(clip_value)
    for kind, members in _by_type(_gradients(parameters)).items():
        if _at_once(kind, members):
            kind.namespace.clamp_all([t._array for t in members], limit=limit)
            for gradient in members:
                bump(gradient)
        else:
            for gradient in members:
                gradient.clamp_(-limit, limit)
