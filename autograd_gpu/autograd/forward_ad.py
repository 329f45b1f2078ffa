"""Layer 5: ``ag.autograd.forward_ad``, PyTorch's forward-mode interface; the mechanism is `core/forward.py`."""

from __future__ import annotations

from typing import NamedTuple

from autograd_gpu.core import forward
from autograd_gpu.core.forward import dual_level, make_dual
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


_entered: list[dual_level] = []


def enter_dual_level() -> int:
    """Open a level without a `with` statement; returns its depth. Prefer `dual_level`."""
    level = dual_level()
    level.__enter__()
    _entered.append(level)
    return len(_entered) - 1


def exit_dual_level() -> None:
    """Close the level that `enter_dual_level` opened last."""
    if not _entered:
        raise RuntimeError("exit_dual_level: no level was entered")
    _entered.pop().__exit__()


def unpack_dual(tensor: Tensor) -> UnpackedDualTensor:
    """The primal and the tangent of a tensor on the innermost open level.

    >>> with ag.autograd.forward_ad.dual_level():
    ...     ag.autograd.forward_ad.unpack_dual(ag.ones(1)).tangent is None
    True
    """
    return UnpackedDualTensor(*forward.unpack_dual(tensor))
