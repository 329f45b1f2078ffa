"""Parametrizations: a parameter of a module that is computed from others.

``register_parametrization(linear, "weight", Symmetric())`` makes ``linear.weight`` the result of
``Symmetric()(original)``, computed whenever it is read; what is trained is
``linear.parametrizations.weight.original``. As in PyTorch, the module gets a class of its own
(`ParametrizedLinear`), whose property ``weight`` does this; the layers themselves know nothing of it.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.modes import no_grad
from autograd_gpu.nn.containers import ModuleDict, ModuleList
from autograd_gpu.nn.module import Module
from autograd_gpu.nn.parameter import Parameter
from autograd_gpu.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

_local = threading.local()


@contextmanager
def cached() -> Iterator[None]:
    """Inside, each parametrized tensor is computed when it is first read, and kept to the end of the block; for layers
    that read a weight several times, as recurrent ones do.

    >>> layer = ag.nn.utils.parametrizations.weight_norm(ag.nn.Linear(2, 2))
    >>> with ag.nn.utils.parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    _local.depth = getattr(_local, "depth", 0) + 1
    if _local.depth == 1:
        _local.values = {}
    try:
        yield
    finally:
        _local.depth -= 1
        if not _local.depth:
            _local.values = {}


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied one after the other, and what they start from: `original`, or
    `original0`, `original1`, ... where the last one's `right_inverse` gives several tensors.

    Args:
        modules: the parametrizations, the first one applied first.
        original: the tensor that is parametrized.
        unsafe: whether they may change shape and dtype.
    """

    original: Tensor

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError(f"ParametrizationList requires one or more modules.{errors.here()}")
        super().__init__(modules)
        self.unsafe = unsafe
        new: Any = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):
                        new = module.right_inverse(new)
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(new).__name__}{errors.here()}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1
        if isinstance(new, Tensor):
            if original.dtype is not new.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}{errors.here()}"
                )
            # The original keeps its place in memory: an optimiser may hold it already.
            with no_grad():
                original.data = new.data if isinstance(original, Parameter) else new
            _register(self, "original", original)
        else:
            self.ntensors = len(new)
            for number, each in enumerate(new):
                if not isinstance(each, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element "
                        f"{number} of the sequence with type {type(each).__name__}.{errors.here()}"
                    )
                if isinstance(original, Parameter):
                    each = Parameter(each.detach(), original.requires_grad)
                _register(self, f"original{number}", each)
        if not unsafe:
            result = self()
            if not isinstance(result, Tensor):
                raise ValueError(
                    f"A parametrization must return a tensor. Got {type(result).__name__}.{errors.here()}"
                )
            for what in ("dtype", "shape"):
                before, after = getattr(original, what), getattr(result, what)
                if before != after:
                    raise ValueError(
                        f"Registering a parametrization may not change the {what} of the tensor, unless `unsafe` flag is "
                        f"enabled.\nunparametrized {what}: {before}\nparametrized {what}: {after}{errors.here()}"
                    )

    def _originals(self) -> list[Any]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{number}") for number in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals such that the result is `value`, as far as the parametrizations can."""
        with no_grad():
            new: Any = value
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse.{errors.here()}"
                    )
                new = module.right_inverse(new)
            new = [new] if self.is_tensor else list(new)
            if len(new) != self.ntensors:
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors of length "
                    f"{self.ntensors}. Got a sequence of length {len(new)}.{errors.here()}"
                )
            for original, each in zip(self._originals(), new, strict=True):
                if original.dtype is not each.dtype:
                    raise ValueError(
                        f"The tensor returned by `right_inverse` has dtype {each.dtype} while `original` has dtype "
                        f"{original.dtype}{errors.here()}"
                    )
                original.data = each.detach()

    def forward(self) -> Any:
        first, *others = self
        value = first(*self._originals())
        for module in others:
            value = module(value)
        return value


def _register(module: Module, name: str, value: Any) -> None:
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _own_class(module: Module) -> None:
    """Give a module a class of its own, to which properties can be added."""
    base = type(module)

    def forbid(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(). See:\n"
            f"save and load the state_dict() of the module instead{errors.here()}"
        )

    def twin(self: Any, memo: dict[int, Any]) -> Any:
        known = memo.get(id(self))
        if known is not None:
            return known
        replica = self.__new__(type(self))
        memo[id(self)] = replica
        replica.__dict__ = copy.deepcopy(self.__dict__, memo)
        return replica

    members: dict[str, Any] = {"__getstate__": forbid, "__module__": base.__module__}
    if not hasattr(base, "__deepcopy__"):
        members["__deepcopy__"] = twin
    module.__class__ = type(f"Parametrized{base.__name__}", (base,), members)


def _add_property(module: Module, name: str) -> None:
    def read(self: Any) -> Any:
        parametrizations = self.parametrizations[name]
        if not getattr(_local, "depth", 0):
            return parametrizations()
        key = (id(self), name)
        value = _local.values.get(key)
        if value is None:
            value = _local.values[key] = parametrizations()
        return value

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Make a parameter or buffer of a module the result of a parametrization.

    Args:
        module: the module.
        tensor_name: which of its tensors; one that is parametrized already is parametrized on top.
        parametrization: a module whose `forward` maps the original to the tensor, and whose `right_inverse`, if there is
            one, maps a tensor to an original (or several): it gives the original from the present value, and is used by
            ``module.weight = value``.
        unsafe: whether the tensor's shape and dtype may change.

    Returns:
        `module`.

    Raises:
        ValueError: the module has no such tensor, or the shape or dtype changes.

    >>> class Positive(ag.nn.Module):
    ...     def forward(self, x):
    ...         return x.exp()
    ...     def right_inverse(self, x):
    ...         return x.log()
    >>> layer = ag.nn.Linear(2, 1)
    >>> layer = ag.nn.utils.parametrize.register_parametrization(layer, "weight", Positive())
    >>> layer.weight = ag.ones(1, 2)
    >>> layer.parametrizations.weight.original
    Parameter containing:
    tensor([[0., 0.]], requires_grad=True)
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        parametrizations: Any = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            after = parametrization(before)
            for what in ("dtype", "shape"):
                if getattr(before, what) != getattr(after, what):
                    raise ValueError(
                        f"Registering a parametrization may not change the {what} of the tensor, unless the `unsafe` flag "
                        f"is enabled.\nmodule.{tensor_name}.{what}: {getattr(before, what)}\n"
                        f"parametrization(module.{tensor_name}).{what}: {getattr(after, what)}{errors.here()}"
                    )
            if hasattr(parametrization, "right_inverse"):
                with no_grad():
                    parametrizations.right_inverse(parametrization.right_inverse(before))
        parametrizations.append(parametrization)
        parametrizations.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        parametrizations = ParametrizationList([parametrization], original, unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _own_class(module)
            module.parametrizations = ModuleDict()
        _add_property(module, tensor_name)
        module.parametrizations[tensor_name] = parametrizations
    else:
        raise ValueError(
            f"Module '{type(module).__name__}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'{errors.here()}"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrized tensors, or one of this name.

    >>> ag.nn.utils.parametrize.is_parametrized(ag.nn.Linear(2, 2))
    False
    """
    parametrizations = module._modules.get("parametrizations")
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized tensor an ordinary one again.

    Args:
        module: the module.
        tensor_name: which of its tensors.
        leave_parametrized: True: with its present value. False: with the original's, which there must be only one
            of.

    Returns:
        `module`.

    Raises:
        ValueError: it is not parametrized; or ``leave_parametrized=False`` with several originals.

    >>> layer = ag.nn.utils.parametrizations.weight_norm(ag.nn.Linear(2, 2))
    >>> ag.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    Linear(in_features=2, out_features=2, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}{errors.here()}")
    parametrizations: Any = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name).data
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of "
            f"tensors.{errors.here()}"
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Copy parametrizations, and the tensors they start from, from one module to another.

    Args:
        from_module: has the parametrizations.
        to_module: gets copies of them.
        tensor_name: of this tensor only.

    Returns:
        `to_module`.
    """
    if not is_parametrized(from_module):
        return to_module
    names = [tensor_name] if tensor_name is not None else list(from_module.parametrizations.keys())
    for name in names:
        source: Any = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
        for module in source:
            register_parametrization(to_module, name, copy.deepcopy(module))
        target: Any = to_module.parametrizations[name]
        with no_grad():
            for mine, theirs in zip(target._originals(), source._originals(), strict=True):
                mine.data = theirs.detach().clone()
    return to_module
