"""``ag.autograd.grad_mode``: the grad modes under PyTorch's path, and its switch for backward threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_multithreading_enabled",
    "no_grad",
    "set_grad_enabled",
    "set_multithreading_enabled",
]


class _State:
    multithreading = True


def is_multithreading_enabled() -> bool:
    """What `set_multithreading_enabled` was last called with.

    >>> ag.autograd.is_multithreading_enabled()
    True
    """
    return _State.multithreading


class set_multithreading_enabled:
    """PyTorch's switch for running backward in a thread per device. Here backward always runs in the thread that calls it,
    so it is accepted and remembered, and changes nothing. A plain call, or a context manager.

    >>> with ag.autograd.set_multithreading_enabled(False):
    ...     ag.autograd.is_multithreading_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.prev = _State.multithreading
        _State.multithreading = mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        _State.multithreading = self.prev


@contextmanager
def _unsafe_preserve_version_counter(tensors: Tensor | Sequence[Tensor]) -> Iterator[None]:
    """Changes of these tensors are not counted inside: backward will not notice them. (Private in PyTorch, too.)"""
    several = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
    before = [tensor._changes[0] for tensor in several]
    try:
        yield
    finally:
        for tensor, count in zip(several, before, strict=True):
            tensor._changes[0] = count
