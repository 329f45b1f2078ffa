"""Finding what is hidden on a GPU: operations that make the program wait, and values that nobody looked at."""

from __future__ import annotations

from typing import Any

from autograd_gpu.cuda.devices import started

_MODES = {"default": 0, "warn": 1, "error": 2}


def set_sync_debug_mode(debug_mode: int | str) -> None:
    """Say when an operation copies from a GPU to the program, which then waits for all work given before.

    Found is everything that reads a value: ``item()``, ``float(x)``, ``bool(x)``, printing, ``x[mask]``, ``nonzero``,
    ``.cpu()``.
    Not meant are `ag.cuda.synchronize` and the like, which are there to wait.

    Args:
        debug_mode: "default" or 0 for nothing, "warn" or 1 for a warning, "error" or 2 for a RuntimeError; each with the
            user's line.

    Raises:
        RuntimeError: any other mode; CUDA cannot be used.
    """
    started()
    from autograd_gpu.device.cuda import debugging

    mode: Any = _MODES.get(debug_mode, debug_mode) if isinstance(debug_mode, str) else debug_mode
    if mode not in _MODES.values():
        raise RuntimeError(
            f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode!r}"
        )
    debugging.watch_copies(mode)


def get_sync_debug_mode() -> int:
    """0, 1 or 2: see `set_sync_debug_mode`."""
    started()
    from autograd_gpu.device.cuda import debugging

    return debugging.copies


class check_values:
    """Let ops on a GPU look at their indices, as they do on the CPU: an index out of range raises IndexError with the op and
    the user's line.

    Without it, such an index reads or writes another element, or none: looking would make the program wait in every op. A
    call switches it, for all threads; used as a context manager, the end of the block switches it back.

    Args:
        enabled: on or off.

    >>> with ag.cuda.check_values(True):
    ...     ag.cuda.is_checking_values()
    True
    """

    def __init__(self, enabled: bool = True) -> None:
        from autograd_gpu.device import checks

        self._before = checks.values
        checks.values = bool(enabled)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        from autograd_gpu.device import checks

        checks.values = self._before


def is_checking_values() -> bool:
    """Whether `check_values` is on.

    >>> ag.cuda.is_checking_values()
    False
    """
    from autograd_gpu.device import checks

    return checks.values
