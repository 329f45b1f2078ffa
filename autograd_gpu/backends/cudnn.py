"""``ag.backends.cudnn``: there for programs written for PyTorch. cuDNN is not used, so nothing here changes a result.

Convolutions are this library's own kernels and cuBLAS: always deterministic, nothing to benchmark; how exact they are in
float32 is `ag.backends.cuda.matmul.allow_tf32`'s. ``enabled``, ``deterministic``, ``benchmark``, ``benchmark_limit`` and
``allow_tf32`` can be assigned and read.

>>> ag.backends.cudnn.deterministic = True
>>> ag.backends.cudnn.is_available()
False
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

enabled: bool = True
deterministic: bool = False
benchmark: bool = False
benchmark_limit: int | None = 10
allow_tf32: bool = True


def is_available() -> bool:
    """False: cuDNN is not used.

    >>> ag.backends.cudnn.is_available()
    False
    """
    return False


def version() -> int | None:
    """None: cuDNN is not used.

    >>> ag.backends.cudnn.version() is None
    True
    """
    return None


@contextmanager
def flags(**settings: Any) -> Iterator[None]:
    """Assigns settings for the time of a ``with`` block.

    >>> with ag.backends.cudnn.flags(deterministic=True):
    ...     ag.backends.cudnn.deterministic
    True
    """
    here = globals()
    unknown = set(settings) - {"enabled", "deterministic", "benchmark", "benchmark_limit", "allow_tf32"}
    if unknown:
        raise TypeError(f"flags() got an unexpected keyword argument '{sorted(unknown)[0]}'")
    before = {name: here[name] for name in settings}
    here.update(settings)
    try:
        yield
    finally:
        here.update(before)
