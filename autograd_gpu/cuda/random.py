"""Seeds and states. One stream of random numbers serves all devices (see `ag.Generator`), so these functions, which are
there for programs written for PyTorch, do what those without ``cuda`` do, and need no GPU."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_gpu.core.graph import Tensor
from autograd_gpu.ops.generators import default_generator


def manual_seed(seed: int) -> None:
    """Start the random numbers of `seed` from their beginning, on all devices: `ag.manual_seed`.

    >>> ag.cuda.manual_seed(0)
    >>> ag.cuda.initial_seed()
    0
    """
    default_generator.manual_seed(seed)


def manual_seed_all(seed: int) -> None:
    """The same as `manual_seed`.

    >>> ag.cuda.manual_seed_all(0)
    """
    manual_seed(seed)


def seed() -> None:
    """Take a seed from the operating system, for all devices: `ag.seed`.

    >>> ag.cuda.seed()
    """
    default_generator.seed()


def seed_all() -> None:
    """The same as `seed`.

    >>> ag.cuda.seed_all()
    """
    seed()


def initial_seed() -> int:
    """The seed of all devices: `ag.initial_seed`.

    >>> ag.cuda.manual_seed(1)
    >>> ag.cuda.initial_seed()
    1
    """
    return default_generator.initial_seed()


def get_rng_state(device: Any = "cuda") -> Tensor:
    """The state of the random numbers of all devices: `ag.get_rng_state`.

    >>> ag.cuda.get_rng_state().shape
    ag.Size([16])
    """
    return default_generator.get_state()


def get_rng_state_all() -> list[Tensor]:
    """`get_rng_state` in a list of one, since the state is the same for all devices.

    >>> len(ag.cuda.get_rng_state_all())
    1
    """
    return [get_rng_state()]


def set_rng_state(new_state: Tensor, device: Any = "cuda") -> None:
    """Go back to a state that `get_rng_state` returned, on all devices: `ag.set_rng_state`.

    >>> ag.cuda.set_rng_state(ag.cuda.get_rng_state())
    """
    default_generator.set_state(new_state)


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """`set_rng_state` with each of a list of states; the last one stays.

    >>> ag.cuda.set_rng_state_all(ag.cuda.get_rng_state_all())
    """
    for state in new_states:
        set_rng_state(state)
