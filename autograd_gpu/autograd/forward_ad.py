"""Layer 5: ``ag.autograd.forward_ad``, PyTorch's forward-mode interface; the mechanism is `core/forward.py`.

Levels are counted from 0, per thread. Unlike PyTorch's they nest: each sees its own tangents only.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd_gpu import errors
from autograd_gpu.core import forward
from autograd_gpu.core.graph import Tensor

__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
]


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` returns: the value, and the tangent or None."""

    primal: Tensor
    tangent: Tensor | None


class _Open(threading.local):
    """The levels that are open in this thread, outermost first."""

    def __init__(self) -> None:
        self.levels: list[forward.dual_level] = []


_open = _Open()


def enter_dual_level() -> int:
    """Open a level without a `with` statement; returns its number, counted from 0. Prefer `dual_level`."""
    level = forward.dual_level()
    level.__enter__()
    _open.levels.append(level)
    return len(_open.levels) - 1


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level that was opened last: tensors lose its tangents.

    Raises:
        RuntimeError: if there is none, or `level` is not its number.
    """
    last = len(_open.levels) - 1
    if level is not None and level != last:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
            f"{errors.here()}"
        )
    if last < 0:
        raise RuntimeError(f"Dual level must be a positive number.\n  no level was entered{errors.here()}")
    _open.levels.pop().__exit__()


def __getattr__(name: str) -> Any:
    if name == "_current_level":  # -1 outside of all levels, as in PyTorch
        return len(_open.levels) - 1
    raise AttributeError(f"module 'autograd_gpu.autograd.forward_ad' has no attribute {name!r}")


class dual_level:
    """Context manager or decorator inside of which tensors can carry tangents; as a context it is the level's number.

    >>> fwAD = ag.autograd.forward_ad
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(ag.tensor(3.0), ag.tensor(1.0))
    ...     fwAD.unpack_dual(x * x).tangent
    tensor(6.)
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exception: object) -> None:
        exit_dual_level()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with dual_level():
                return function(*args, **kwargs)

        return wrapper


def _level(number: int | None) -> forward.Level | None:
    """The level of a number, or the innermost one (None if there is none)."""
    if number is None:
        return forward.innermost_level()
    if not 0 <= number < len(_open.levels):
        return None
    found: forward.Level = _open.levels[number].interceptor
    return found


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A view of `tensor` that carries `tangent` (same shape) on a level, by default the innermost open one.

    Raises:
        RuntimeError: if no level is open, or the shapes differ.
        ValueError: if one of them is not of a floating-point or complex dtype.

    >>> with ag.autograd.forward_ad.dual_level():
    ...     dual = ag.autograd.forward_ad.make_dual(ag.ones(2), ag.tensor([1.0, 2.0]))
    ...     ag.autograd.forward_ad.unpack_dual(dual.sum()).tangent
    tensor(3.)
    """
    for value, name in ((tensor, "tensor"), (tangent, "tangent")):
        if not isinstance(value, Tensor):
            raise TypeError(
                f"make_dual(): argument '{name}' must be Tensor, not {type(value).__name__}{errors.here()}"
            )
    found = _level(level)
    if found is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
            f"{errors.here()}"
        )
    return forward.make_dual(tensor, tangent, found)


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The primal and the tangent (None if it has none) of a tensor on a level, by default the innermost open one.

    >>> with ag.autograd.forward_ad.dual_level():
    ...     ag.autograd.forward_ad.unpack_dual(ag.ones(1)).tangent is None
    True
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"unpack_dual(): argument 'tensor' must be Tensor, not {type(tensor).__name__}{errors.here()}"
        )
    found = _level(level)
    if found is None:
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(*forward.unpack_dual(tensor, found))
