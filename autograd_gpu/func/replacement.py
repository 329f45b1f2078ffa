"""What functions under transforms should not have: running statistics; and what they are made of, for debuggers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.func.batched import BatchedArray, grown


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Let every batch normalisation in a module use the statistics of its batch alone. In place; returns the module.

    Under `vmap` running statistics, which all examples share, could not be moved towards each example's own.

    Args:
        root: a module. In it every `BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d` with running statistics loses them.

    >>> net = ag.func.replace_all_batch_norm_modules_(ag.nn.Sequential(ag.nn.BatchNorm1d(2)))
    >>> net[0].running_mean is None
    True
    """
    for module in root.modules():
        if hasattr(module, "num_batches_tracked") and getattr(module, "track_running_stats", False):
            module.running_mean = None
            module.running_var = None
            module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """All examples at once of a tensor inside `vmap`, with the batch in front; other tensors as they are.

    For looking at values in a debugger: what is computed with the result has undefined derivatives and batches.

    Args:
        recurse: look through all `vmap`s, not only through the innermost.

    >>> seen = []
    >>> _ = ag.func.vmap(lambda x: seen.append(ag.func.debug_unwrap(x)) or x)(ag.tensor([1.0, 2.0]))
    >>> seen
    [tensor([1., 2.])]
    """
    array = tensor._array
    if not isinstance(array, BatchedArray):
        return tensor
    found = wrap(grown(array.batch, array))
    return debug_unwrap(found) if recurse else found


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """`func` itself, in other words: a function with the same results and the same effects.

    In PyTorch this prepares a function for a tracer that cannot see in-place changes. There is no such tracer here, and all
    transforms understand in-place changes and views, so there is nothing to remove.

    Args:
        remove: "mutations" or "mutations_and_views".

    Raises:
        RuntimeError: for another `remove`.

    >>> ag.func.functionalize(lambda x: x.clone().add_(1))(ag.tensor(1.0))
    tensor(2.)
    """
    removals = (
        "     remove='mutations': all inplace and out= operators will be removed from the program, and replaced with their "
        "out-of-place equivalents.\n"
        "     remove='mutations_and_views': In addition to the above, all aliasing operators {view} will be replaced with "
        "their non-aliasing counterparts, {view}_copy."
    )
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are:\n"
            f"{removals}{errors.here()}"
        )

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return wrapped
