"""Layer 5: ``ag.random``, PyTorch's `torch.random`: the state of the random number generators.

>>> with ag.random.fork_rng():
...     _ = ag.random.manual_seed(0)
>>> ag.random.get_rng_state().dtype
ag.uint8
"""

from autograd_gpu.ops.generators import (
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)

__all__ = [
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]
