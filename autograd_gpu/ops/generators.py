"""Random number generators: seeds, offsets, states.

A generator is a seed and an offset, nothing else. Every call that draws (one `rand`, one `dropout`, whatever
its size) uses the current offset and moves it on by one; the sample at logical position i then is a function
of seed, offset and i alone (Philox 4x32-10, see `device/philox.py`). So all devices draw the same numbers,
and dropout need not keep its mask.
"""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core import modes
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.device import ArrayType, Device, type_for

#: what a new Generator starts from, as in PyTorch
DEFAULT_SEED = 67280421310721

_WORDS = 2**64
_STATE_BYTES = 16


class Generator:
    """A stream of random numbers: pass it as ``generator=`` to keep a stream apart from the default one.

    Args:
        device: kept for programs written for PyTorch, as the attribute `device`. Any generator serves every
            device.

    >>> g = ag.Generator().manual_seed(0)
    >>> a = ag.rand(3, generator=g)
    >>> bool((a == ag.rand(3, generator=g.manual_seed(0))).all())
    True
    """

    __slots__ = ("__weakref__", "_lock", "_offset", "_seed", "device")

    def __init__(self, device: Any = "cpu") -> None:
        self.device = Device(device)
        self._lock = threading.Lock()
        self._seed = DEFAULT_SEED
        self._offset = 0

    def __repr__(self) -> str:
        return f"<ag.Generator seed={self._seed} offset={self._offset}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.device, self._seed, self._offset)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed` from its beginning. Returns the generator.

        Args:
            seed: in [-2^63, 2^64 - 1]; a negative one means ``2^64 + seed``.

        Raises:
            ValueError: outside of that range.
        """
        seed = int(seed)
        if not -(2**63) <= seed < _WORDS:
            raise ValueError(
                f"Overflow when unpacking long long: a seed lies in [-2^63, 2^64 - 1], but got "
                f"{seed}{errors.here()}"
            )
        with self._lock:
            self._seed = seed % _WORDS
            self._offset = 0
        return self

    def seed(self) -> int:
        """Start a stream with a seed from the operating system, and return that seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """The seed of the stream."""
        return self._seed

    def get_offset(self) -> int:
        """How many calls have drawn from the stream."""
        return self._offset

    def set_offset(self, offset: int) -> None:
        """Go to where `offset` calls have drawn from the stream."""
        offset = operator.index(offset)
        if not 0 <= offset < _WORDS:
            raise ValueError(f"an offset lies in [0, 2^64 - 1], but got {offset}{errors.here()}")
        with self._lock:
            self._offset = offset

    def get_state(self) -> Tensor:
        """The state: 16 bytes (uint8, on the CPU), the seed and then the offset, both little-endian."""
        state = self._seed.to_bytes(8, "little") + self._offset.to_bytes(8, "little")
        type = type_for(dtypes.uint8, Device("cpu"))
        return wrap(type.namespace.asarray(list(state), type.numpy), type)

    def set_state(self, new_state: Tensor) -> None:
        """Go back to a state that `get_state` returned, of this or another generator.

        Raises:
            TypeError: not a uint8 tensor.
            RuntimeError: not of 16 bytes.
        """
        if not isinstance(new_state, Tensor):
            raise TypeError(
                f"expected a uint8 tensor (a ByteTensor), but got {type(new_state).__name__}{errors.here()}"
            )
        if new_state._type.dtype is not dtypes.uint8:
            raise TypeError(
                f"RNG state must be a uint8 tensor (a ByteTensor), but is of dtype "
                f"{new_state._type.dtype.name}{errors.here()}"
            )
        if new_state._array.size != _STATE_BYTES:
            raise RuntimeError(
                f"Expected an RNG state of size {_STATE_BYTES} but found the input RNG state size to be "
                f"{new_state._array.size}{errors.here()}"
            )
        state = bytes(new_state._array.reshape(-1).tolist())
        with self._lock:
            self._seed = int.from_bytes(state[:8], "little")
            self._offset = int.from_bytes(state[8:], "little")

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        return _rebuild(self.device, self._seed, self._offset)

    @contextmanager
    def draw(self) -> Iterator[tuple[int, int]]:
        """Seed and offset for one call; the offset moves on, unless the call fails."""
        if modes.intercepting:
            for each in modes.local.interceptors:
                if hasattr(each, "draw"):  # a vmap, which may forbid it
                    each.draw()
        with self._lock:
            seed, offset = self._seed, self._offset
            self._offset = (offset + 1) % _WORDS
        try:
            yield seed, offset
        except BaseException:
            with self._lock:
                if (self._seed, self._offset) == (seed, (offset + 1) % _WORDS):
                    self._offset = offset
            raise


def varied(type: ArrayType) -> ArrayType:
    """The type of new samples: inside a `vmap` whose examples draw different numbers, that of a batch."""
    if modes.intercepting:
        for each in modes.local.interceptors:
            if hasattr(each, "draw"):
                type = each.varied(type)
    return type


def _rebuild(device: Device, seed: int, offset: int) -> Generator:
    generator = Generator(device)
    generator._seed, generator._offset = seed, offset
    return generator


#: the stream of all calls without `generator=`; it starts from a seed of the operating system's
default_generator = Generator()
default_generator.seed()


def manual_seed(seed: int) -> Generator:
    """Start the default stream of `seed` from its beginning, on all devices; see `Generator.manual_seed`.

    >>> generator = ag.manual_seed(1)
    >>> ag.initial_seed()
    1
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default stream with a seed from the operating system, and return that seed.

    >>> ag.seed() == ag.initial_seed()
    True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default stream.

    >>> generator = ag.manual_seed(-1)
    >>> ag.initial_seed() == 2**64 - 1
    True
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default stream; see `Generator.get_state`.

    >>> ag.get_rng_state().shape
    ag.Size([16])
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Take the default stream back to a state that `get_rng_state` returned.

    >>> state = ag.get_rng_state()
    >>> x = ag.rand(2)
    >>> ag.set_rng_state(state)
    >>> bool((x == ag.rand(2)).all())
    True
    """
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """What is drawn inside does not change what is drawn after it.

    Args:
        devices: accepted for programs written for PyTorch; there is one default stream for all devices.
        enabled: False makes it do nothing.

    >>> with ag.fork_rng():
    ...     generator = ag.manual_seed(0)
    """
    state = default_generator.get_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            default_generator.set_state(state)


def the_generator(name: str, generator: Any) -> Generator:
    """The generator of a call: the default one, unless it was given one."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(
            f"{name}(): argument 'generator' must be Generator, not {type(generator).__name__}{errors.here()}"
        )
    return generator
