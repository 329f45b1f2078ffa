"""`ag.autograd.Function` under `vmap`: with its own rule for batches, or with its methods run on them as they are."""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.graph import Tensor
from autograd_gpu.func import trees


class VmapInfo(NamedTuple):
    """What the `vmap` staticmethod of a Function is told of the `vmap` around it."""

    batch_size: int
    randomness: str


def apply_function(
    vectorizer: Any,
    function: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    around: list[Any],
    vectorizers: tuple[Any, ...],
) -> Any:
    """Apply `function` inside a vectorizer, which itself is inside of `around`.

    Raises:
        RuntimeError: if the Function has no rule for `vmap`, or two, or one whose results do not fit together.
    """
    from autograd_gpu.autograd.function import Function

    overridden = function.vmap is not Function.vmap
    on_batches = function.generate_vmap_rule or vectorizer.lenient
    if function.generate_vmap_rule and overridden:
        raise RuntimeError(
            f"You tried to vmap over {function.__name__}, but it has both generate_vmap_rule=True and an overridden vmap "
            "staticmethod. Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid "
            f"ambiguity.{errors.here()}"
        )
    if not on_batches and not overridden:
        raise RuntimeError(
            f"You tried to vmap over {function.__name__}, but it does not have vmap support. Please override and implement "
            f"the vmap staticmethod or set generate_vmap_rule=True.{errors.here()}"
        )
    concerned = any(vectorizer.batched(arg) for arg in trees.flatten(args)[0])
    if on_batches and concerned:
        lifted = tuple(
            vectorizer.lifted(arg) if isinstance(arg, Tensor) and arg._type.differentiable else arg
            for arg in args
        )
        return function.applied(lifted, kwargs, around, (vectorizer, *vectorizers))
    interceptors = modes.local.interceptors
    position = interceptors.index(vectorizer)
    del interceptors[position]
    try:
        if not concerned:
            return function.applied(args, kwargs, around, vectorizers)
        with modes.within_transforms(max(modes.local.transforms - 1, 0)):
            return _by_its_own_rule(vectorizer, function, args, kwargs)
    finally:
        interceptors.insert(position, vectorizer)


def _by_its_own_rule(vectorizer: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    given, nesting = trees.flatten(args)
    varying = [0 if vectorizer.batched(each) else None for each in given]
    whole = [each if dim is None else vectorizer.left(each) for each, dim in zip(given, varying, strict=True)]
    batch = vectorizer.batch
    result = function.vmap(
        VmapInfo(batch.size, batch.randomness),
        trees.unflatten(varying, nesting),
        *trees.unflatten(whole, nesting),
        **kwargs,
    )
    wanted = (
        "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree structure compatible with the "
        "output. "
    )
    if not isinstance(result, tuple):
        raise RuntimeError(f"{wanted}Got a {type(result)} instead")
    if len(result) != 2:
        raise RuntimeError(f"{wanted}Got {len(result)} returns instead")
    output, out_dims = result
    leaves, structure = trees.flatten(output)
    found = trees.broadcast(out_dims, structure)
    if found is None:
        raise RuntimeError(
            "The autograd.Function's vmap staticmethod returned an incompatible (output, out_dims) tuple. Expected "
            f"out_dims={out_dims} to be compatible with the structure of `output`. out_dims has structure "
            f"{trees.flatten(out_dims)[1]} but output has structure {structure}.{errors.here()}"
        )
    inputs = {
        id(each): original for each, original in zip(whole, given, strict=True) if isinstance(each, Tensor)
    }
    entered = []
    for leaf, dim in zip(leaves, found, strict=True):
        if isinstance(leaf, Tensor) and id(leaf) in inputs:  # an input, changed in place perhaps
            leaf = inputs[id(leaf)]
        elif isinstance(leaf, Tensor) and dim is not None:
            leaf = vectorizer.entered(leaf, dim)
        entered.append(leaf)
    return trees.unflatten(entered, structure)
