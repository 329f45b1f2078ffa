"""Modules to dictionaries of tensors and back: the half of `Module` that saves and loads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_gpu import errors
from autograd_gpu.core.hooks import RemovableHandle
from autograd_gpu.core.modes import no_grad
from autograd_gpu.nn.hooks import Hook, HookTables, attach
from autograd_gpu.nn.parameter import Parameter
from autograd_gpu.tensor import Tensor

if TYPE_CHECKING:
    from autograd_gpu.nn.module import Module

EXTRA_STATE = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` could not match: keys that the module lacks, keys that it has too many."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class HasState:
    """`state_dict`, `load_state_dict` and their hooks."""

    _version: int = 1
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]
    _hooks: HookTables | None

    def _hook_tables(self) -> HookTables:
        """This module's hooks, made on first use."""
        if self._hooks is None:
            self._hooks = HookTables()
        return self._hooks

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        """Names and tensors of this module alone that belong in a state_dict."""
        for name, parameter in self._parameters.items():
            if parameter is not None:
                yield name, parameter
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                yield name, buffer

    # -- saving ----------------------------------------------------------------------------------------------

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Names and values of all parameters and persistent buffers. The tensors share the module's memory.

        Args:
            destination: a dictionary to add to; None: a new one.
            prefix: put before each name.
            keep_vars: give the tensors themselves instead of detached ones.

        >>> list(ag.nn.Linear(2, 3).state_dict())
        ['weight', 'bias']
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata: dict[str, Any] = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        hooks = self._hooks
        for hook in () if hooks is None else tuple(hooks.state_pre.values()):
            hook.function(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in () if hooks is None else tuple(hooks.state_post.values()):
            replacement = hook.function(self, destination, prefix, metadata)
            if replacement is not None:
                raise RuntimeError("state_dict post-hook must return None")
        return destination  # type: ignore[no-any-return]

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Put this module's own state into `destination`; subclasses may add to it."""
        for name, tensor in self._state():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if _overridden(self, "get_extra_state"):
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def get_extra_state(self) -> Any:
        """What a module wants in its state_dict beyond tensors; override it together with
        `set_extra_state`."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called. Override it in "
            f"{type(self).__name__} before calling it."
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called. Override it in "
            f"{type(self).__name__} before calling it."
        )

    # -- loading ---------------------------------------------------------------------------------------------

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy the values of a state_dict into this module's parameters and buffers.

        Args:
            state_dict: names and tensors, as from `state_dict()`.
            strict: raise if a name is missing or unknown.
            assign: take the given tensors (with their dtype and device) instead of copying their values.

        Returns:
            The names that were missing and those that were unexpected.

        Raises:
            RuntimeError: sizes or (with `strict`) names do not match; the message lists all of them.
            TypeError: `state_dict` is not a mapping.

        >>> net = ag.nn.Linear(2, 3)
        >>> net.load_state_dict(ag.nn.Linear(2, 3).state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.{errors.here()}")
        metadata = getattr(state_dict, "_metadata", {})
        result = IncompatibleKeys([], [])
        problems: list[str] = []

        def load(module: HasState, state: dict[str, Any], prefix: str) -> None:
            local = dict(metadata.get(prefix[:-1], {}))
            if assign:
                local["assign_to_params_buffers"] = True
            module._load_from_state_dict(state, prefix, local, True, *result, problems)
            for name, child in module._modules.items():
                if child is not None:
                    start = f"{prefix}{name}."
                    load(child, {key: value for key, value in state.items() if key.startswith(start)}, start)
            for hook in () if module._hooks is None else tuple(module._hooks.load_post.values()):
                if hook.function(module, result) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to "
                        "return new values, if incompatible_keys need to be modified, it should be done "
                        "inplace."
                    )

        load(self, dict(state_dict), "")
        if strict:
            for title, keys in (("Missing", result.missing_keys), ("Unexpected", result.unexpected_keys)):
                if keys:
                    names = ", ".join(f'"{key}"' for key in keys)
                    problems.insert(
                        0 if title == "Missing" else bool(result.missing_keys),
                        f"{title} key(s) in state_dict: {names}. ",
                    )
        if problems:
            lines = "\n\t".join(problems)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{lines}{errors.here()}"
            )
        return result

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Take this module's own state out of `state_dict`; what goes wrong is appended to the lists."""
        for hook in () if self._hooks is None else tuple(self._hooks.load_pre.values()):
            arguments = (
                state_dict,
                prefix,
                local_metadata,
                strict,
                missing_keys,
                unexpected_keys,
                error_msgs,
            )
            hook.function(self, *arguments)
        assign = bool(local_metadata.get("assign_to_params_buffers"))
        own = dict(self._state())
        for name, tensor in own.items():
            key = prefix + name
            if key in state_dict:
                problem = self._load_tensor(name, key, tensor, state_dict[key], assign)
                if problem is not None:
                    error_msgs.append(problem)
            elif strict:
                missing_keys.append(key)
        extra = prefix + EXTRA_STATE
        takes_extra = _overridden(self, "set_extra_state")
        if takes_extra and extra in state_dict:
            self.set_extra_state(state_dict[extra])
        elif strict and takes_extra:
            missing_keys.append(extra)
        elif strict and extra in state_dict:
            unexpected_keys.append(extra)
        if strict:
            for key in state_dict:
                if key.startswith(prefix) and key != extra:
                    first, dot, _ = key[len(prefix) :].partition(".")
                    if first not in (self._modules if dot else own):
                        unexpected_keys.append(key)

    def _load_tensor(self, name: str, key: str, tensor: Tensor, given: Any, assign: bool) -> str | None:
        """Give the tensor called `name` the values `given`; returns what is wrong with them, None if
        nothing."""
        if not isinstance(given, Tensor):
            return (
                f'While copying the parameter named "{key}", expected Tensor or Tensor-like object from '
                f"checkpoint but received {type(given)}"
            )
        if tensor.ndim == 0 and given.shape == (1,):  # so were scalars saved long ago
            given = given[0]
        if given.shape != tensor.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, the "
                f"shape in current model is {tensor.shape}."
            )
        try:
            with no_grad():
                if not assign:
                    tensor.copy_(given)
                elif not isinstance(tensor, Parameter):
                    setattr(self, name, given)
                elif isinstance(given, Parameter):
                    setattr(self, name, given.requires_grad_(tensor.requires_grad))
                else:
                    setattr(self, name, Parameter(given, tensor.requires_grad))
        except Exception as error:
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are '
                f"{tensor.shape} and whose dimensions in the checkpoint are {given.shape}, an exception "
                f"occurred : {error.args}."
            )
        return None

    # -- hooks -----------------------------------------------------------------------------------------------

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict` reads this module."""
        return attach(self._hook_tables().state_pre, Hook(hook))

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after it; the dictionary may be changed
        in place."""
        return attach(self._hook_tables().state_post, Hook(hook))

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs)`` before this module's own tensors are loaded; the dictionary and the lists may be changed
        in place."""
        return attach(self._hook_tables().load_pre, Hook(hook))

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after this module and its children were loaded; the two
        lists may be changed in place."""
        return attach(self._hook_tables().load_post, Hook(hook))


def _overridden(module: HasState, name: str) -> bool:
    return getattr(type(module), name) is not getattr(HasState, name)
