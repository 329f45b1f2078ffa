"""A module as a function of its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.leaves import detach, require_grad

Tensors = dict[str, Tensor]


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Tensors | Sequence[Tensors],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in the place of its parameters and buffers.

    Args:
        module: the `ag.nn.Module`; it is as before when the call returns (or raises).
        parameter_and_buffer_dicts: name -> tensor, or several such dictionaries with different names. Names that are
            missing keep the module's own tensors, and names that it does not have are left alone.
            Buffers that the call replaces are written back to the dictionary.
        args: the argument, or a tuple of arguments.
        kwargs: keyword arguments.
        tie_weights: names that are the same tensor in the module are so in the call.
        strict: every name must be given, and no other.

    Raises:
        ValueError: for names that are given twice, and for tied names that are given different tensors.
        RuntimeError: in strict mode, for missing and unexpected names.

    >>> layer = ag.nn.Linear(2, 1)
    >>> ag.func.functional_call(layer, {"weight": ag.ones(1, 2), "bias": ag.zeros(1)}, ag.tensor([1.0, 2.0]))
    tensor([3.])
    """
    if isinstance(parameter_and_buffer_dicts, dict):
        given = parameter_and_buffer_dicts
    elif isinstance(parameter_and_buffer_dicts, Sequence):
        if not all(isinstance(each, dict) for each in parameter_and_buffer_dicts):
            raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
        names = [name for each in parameter_and_buffer_dicts for name in each]
        repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if repeated:
            raise ValueError(
                f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous"
            )
        given = {name: value for each in parameter_and_buffer_dicts for name, value in each.items()}
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with _swapped(module, given, tie_weights, strict):
        return module(*arguments, **(kwargs or {}))


def _members(module: Any) -> Tensors:
    """Every parameter and buffer by each of its names."""
    found: Tensors = dict(module.named_parameters(remove_duplicate=False))
    found.update(module.named_buffers(remove_duplicate=False))
    return found


def _untied(module: Any, given: Tensors) -> Tensors:
    """`given`, with the other names of tensors that have several."""
    names: dict[int, list[str]] = {}
    for name, tensor in _members(module).items():
        names.setdefault(id(tensor), []).append(name)
    result = dict(given)
    for tied in names.values():
        values = {id(given[name]): given[name] for name in tied if name in given}
        if len(values) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(tied)}, which are tied. Consider using "
                "tie_weights=False"
            )
        for value in values.values():
            result.update(dict.fromkeys(tied, value))
    return result


def _places(module: Any, names: Iterable[str]) -> dict[str, tuple[dict[str, Any], str]]:
    """For each parameter and buffer the dictionary of the submodule that holds it, and its key there."""
    submodules = dict(module.named_modules(remove_duplicate=False))
    found = {}
    for name in names:
        path, _, key = name.rpartition(".")
        owner = submodules.get(path)
        for table in () if owner is None else (owner._parameters, owner._buffers):
            if key in table:
                found[name] = (table, key)
    return found


@contextmanager
def _swapped(module: Any, given: Tensors, tie_weights: bool, strict: bool) -> Iterator[None]:
    values = _untied(module, given) if tie_weights else given
    if strict:
        own = _members(module)
        problems = []
        unexpected = [repr(name) for name in values if name not in own]
        missing = [repr(name) for name in own if name not in values]
        if unexpected:
            problems.append(f"Unexpected key(s): {', '.join(unexpected)}.")
        if missing:
            problems.append(f"Missing key(s): {', '.join(missing)}.")
        if problems:
            raise RuntimeError(
                "Error(s) in reparametrizing for {}:\n\t{}".format(
                    type(module).__name__, "\n\t".join(problems)
                )
            )
    places = _places(module, values)
    before = {name: table[key] for name, (table, key) in places.items()}
    try:
        for name, (table, key) in places.items():
            table[key] = values[name]
        yield
    finally:
        for name, (table, key) in places.items():
            if name in given:
                given[name] = table[key]
            table[key] = before[name]


def stack_module_state(models: Sequence[Any]) -> tuple[Tensors, Tensors]:
    """The parameters and the buffers of several models of one class, stacked: an ensemble for `vmap`.

    Args:
        models: the models, all in training mode or all not.

    Returns:
        ``(parameters, buffers)``: name -> tensor with a new first dimension, one entry per model. They are leaves, and
        require grad where the models' own do.

    Raises:
        RuntimeError: for no models, mixed modes or classes, or a name that requires grad in some models only.

    >>> models = [ag.nn.Linear(2, 3) for _ in range(4)]
    >>> parameters, buffers = ag.func.stack_module_state(models)
    >>> parameters["weight"].shape
    ag.Size([4, 3, 2])
    """
    if len(models) == 0:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({bool(model.training) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(model.named_parameters()) for model in models]
    buffers = [dict(model.named_buffers()) for model in models]
    return (
        {name: _stacked([each[name] for each in parameters], name) for name in parameters[0]},
        {name: _stacked([each[name] for each in buffers], name) for name in buffers[0]},
    )


def _stacked(tensors: list[Tensor], name: str) -> Tensor:
    wanting = [tensor.requires_grad for tensor in tensors]
    if len(set(wanting)) > 1:
        raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
    result: Tensor = REGISTRY["stack"].public(tensors)
    return require_grad(detach(result)) if wanting[0] else result
