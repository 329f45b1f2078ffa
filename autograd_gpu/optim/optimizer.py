"""`Optimizer`: parameter groups, state and its saving. What a step does is in one file per rule.

Parameters are changed in place, outside of the graph; their version counts move on, so that a
backward through values from before a step is noticed.
"""

from __future__ import annotations

import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.hooks import RemovableHandle
from autograd_gpu.core.leaves import is_leaf
from autograd_gpu.core.modes import enable_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.nn.parameter import type_name

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook", "required"]


class _Required:
    """The default of an option that every group must give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()

_global_pre_hooks: dict[int, Callable[..., Any]] = {}
_global_post_hooks: dict[int, Callable[..., Any]] = {}


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before every step of every optimiser."""
    return RemovableHandle(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after every step of every optimiser."""
    return RemovableHandle(_global_post_hooks, hook)


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A subclass's `step` with the hooks around it."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True  # learning rate schedulers ask
        if not (_global_pre_hooks or _global_post_hooks or self._hooks):
            return step(self, *args, **kwargs)
        everything = (self, *args)  # as in PyTorch, hooks see the optimiser among the arguments
        for hook in (*_global_pre_hooks.values(), *self._hook_table("step_pre").values()):
            replacement = hook(self, everything, kwargs)
            if replacement is not None:
                if not (isinstance(replacement, tuple) and len(replacement) == 2):
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), but got "
                        f"{replacement}."
                    )
                everything, kwargs = replacement
        result = step(*everything, **kwargs)
        for hook in (*self._hook_table("step_post").values(), *_global_post_hooks.values()):
            hook(self, everything, kwargs)
        return result

    return hooked


class Optimizer:
    """Base class of all optimisers.

    Args:
        params: tensors, (name, tensor) pairs, or dictionaries with a key "params" and options for that group.
        defaults: the options of groups that do not give them.

    Attributes:
        param_groups: a list of dictionaries: "params" and the options.
        state: what a rule remembers, a dictionary for each parameter.

    Raises:
        ValueError: no parameters, a tensor that was computed from others, or one in two groups.
        TypeError: something else than tensors.
    """

    _opt_called = False
    #: whether `step` leaves it to the GPU to look at `found_inf`
    _reads_found_inf = False
    #: set for one step by `amp.GradScaler` or by who unscales gradients: what gradients must be divided by, and a number
    #: that is not 0 if the step must not happen
    grad_scale: Tensor | None = None
    found_inf: Tensor | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._hooks: dict[str, dict[int, Callable[..., Any]]] = {}
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{type_name(params)}{errors.here()}"
            )
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError(f"optimizer got an empty parameter list{errors.here()}")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group: a dictionary with a key "params" and any options that differ from the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}{errors.here()}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of "
                f"tensors in sets will change between runs. Please use a list instead.{errors.here()}"
            )
        given = [given] if isinstance(given, Tensor) else list(given)
        names = [entry[0] for entry in given if isinstance(entry, tuple)]
        params = [entry[1] if isinstance(entry, tuple) else entry for entry in given]
        param_group["params"] = params
        if names:
            if len(names) != len(params):
                raise ValueError(
                    "all optimizer params should be with/without names. Some param names are "
                    f"missing{errors.here()}"
                )
            param_group["param_names"] = names
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is "
                    f"{type_name(param)}{errors.here()}"
                )
            if not is_leaf(param._node) and not param.retains_grad:
                raise ValueError(f"can't optimize a non-leaf Tensor{errors.here()}")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{name}{errors.here()}"
                )
            param_group.setdefault(name, default)
        if len({id(param) for param in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause "
                "an error",
                stacklevel=3,
            )
        known: set[int] = set()
        for group in self.param_groups:
            known.update(id(param) for param in group["params"])
            if ("param_names" in param_group) != ("param_names" in group):
                kind = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{kind} to the optimizer{errors.here()}"
                )
        if any(id(param) in known for param in params):
            raise ValueError(f"some parameters appear in more than one parameter group{errors.here()}")
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with ``set_to_none=False`` fill them with zeros instead."""
        for group in self.param_groups:
            for param in group["params"]:
                gradient = param._grad
                if gradient is not None:
                    if set_to_none:
                        param._grad = None
                    else:
                        gradient.detach_().zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters once. A `closure`, if given, computes the loss and its gradients first; its
        result is returned."""
        raise NotImplementedError

    # -- text and copies -------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for number, group in enumerate(self.param_groups):
            options = "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
            text += f"\nParameter Group {number}\n{options}"
        return f"{text})"

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("_hooks", {})

    # -- state_dict ------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """State and options in PyTorch's format: {"state": {number: ...}, "param_groups": [...]}, parameters
        being named by their numbers in order. The tensors are the optimiser's own, not copies."""
        for hook in self._hook_table("state_pre").values():
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        start = 0
        for group in self.param_groups:
            for number, param in enumerate(group["params"], start):
                numbers.setdefault(id(param), number)
            start += len(group["params"])
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            groups.append(packed)
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()
        }
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._hook_table("state_post").values():
            replacement = hook(self, result)
            result = result if replacement is None else replacement
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over state and options from `state_dict()`. Tensors are converted to their parameter's dtype
        and device.

        Raises:
            ValueError: the groups do not match in number or size.
        """
        state_dict = dict(state_dict)
        for hook in self._hook_table("load_pre").values():
            replacement = hook(self, state_dict)
            state_dict = state_dict if replacement is None else replacement
        saved = deepcopy(state_dict["param_groups"])
        if len(saved) != len(self.param_groups):
            raise ValueError(f"loaded state dict has a different number of parameter groups{errors.here()}")
        params: dict[Any, Tensor] = {}
        for ours, theirs in zip(self.param_groups, saved, strict=True):
            if len(ours["params"]) != len(theirs["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group{errors.here()}"
                )
            params.update(zip(theirs["params"], ours["params"], strict=True))
            theirs["params"] = ours["params"]
            if "param_names" in ours:
                theirs.setdefault("param_names", ours["param_names"])
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                state[params[key]] = _fitted(params[key], value)
            else:
                state[key] = value
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._hook_table("load_post").values():
            hook(self)

    # -- hooks -----------------------------------------------------------------------------------------------

    def _hook_table(self, name: str) -> dict[int, Callable[..., Any]]:
        return self._hooks.get(name, {})

    def _add_hook(self, name: str, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        table = self._hooks.setdefault(name, {})
        before = dict(table) if prepend else {}
        handle = RemovableHandle(table, hook)
        for number in before:
            table[number] = table.pop(number)
        return handle

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new (args, kwargs)."""
        return self._add_hook("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self._add_hook("step_post", hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict`."""
        return self._add_hook("state_pre", hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after it; it may return another dictionary."""
        return self._add_hook("state_post", hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before `load_state_dict`; it may return another dictionary."""
        return self._add_hook("load_pre", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after it."""
        return self._add_hook("load_post", hook, prepend)


def _fitted(param: Tensor, value: Any, key: Any = None) -> Any:
    """Saved state with tensors in the dtype and on the device of their parameter. Counts of steps stay as they are; they
    and NAdam's product, which is computed of them, stay on the CPU, where they are read."""
    if isinstance(value, Tensor):
        if key == "step":
            return value.to("cpu", copy=True)
        place = "cpu" if key == "mu_product" else param.device
        return value.to(place, param.dtype if param._type.differentiable else value.dtype, copy=True)
    if isinstance(value, dict):
        return {name: _fitted(param, entry, name) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_fitted(param, entry) for entry in value)
    return value


# -- for the rules -------------------------------------------------------------------------------------------


def run_closure(closure: Callable[[], Any] | None) -> Any:
    """The loss that a closure computes, None without one."""
    if closure is None:
        return None
    with enable_grad():
        return closure()


def number(value: Any) -> float:
    """An option as a plain number; a tensor (of one element) is read, which waits for its device."""
    return float(value) if isinstance(value, Tensor) else value


def check_lr(lr: Any) -> None:
    """The learning rate must not be negative, and if it is a tensor, hold one number."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError(f"Tensor lr must be 1-element{errors.here()}")
    if not number(lr) >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}{errors.here()}")


def check_not_negative(value: Any, what: str) -> None:
    """Raise PyTorch's error for an option that is negative."""
    if not number(value) >= 0.0:
        raise ValueError(f"Invalid {what}: {value}{errors.here()}")


def check_betas(betas: Any) -> None:
    """Both in [0, 1)."""
    for index, beta in enumerate(betas):
        if not 0.0 <= number(beta) < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}{errors.here()}")


def check_modes(foreach: Any, fused: Any, differentiable: bool) -> None:
    """`foreach` and `fused` choose between implementations in PyTorch; here there is one, over lists, for all
    values."""
    if fused and differentiable:
        raise RuntimeError(f"`fused` does not support `differentiable`{errors.here()}")
    if fused and foreach:
        raise RuntimeError(f"`fused` and `foreach` cannot be `True` together.{errors.here()}")
    if differentiable:
        raise NotImplementedError(
            "differentiable=True is not supported: compute new parameters out of place from "
            f"autograd.grad(..., create_graph=True) instead{errors.here()}"
        )


def must_skip(optimizer: Optimizer) -> bool:
    """What comes before a step: unscale the gradients, if someone asks for that, and tell whether nothing is to be done,
    if that can be told without waiting for a GPU."""
    if optimizer.grad_scale is not None:
        for group in optimizer.param_groups:
            for namespace, params, gradients in with_gradients(group):
                device = params[0].device
                scale = optimizer.grad_scale.to(device)._array
                namespace.unscale(arrays(gradients), scale, zeros_for_flag(device)._array)
                changed(gradients)
    flag = optimizer.found_inf
    return flag is not None and flag.device.type == "cpu" and bool(flag)


def zeros_for_flag(device: Any) -> Tensor:
    """A float32 zero on a device."""
    return FUNCTIONS["zeros"]((), dtype=dtypes.float32, device=device)  # type: ignore[no-any-return]


def flag_on(optimizer: Optimizer, param: Tensor) -> Any:
    """`found_inf` as a raw array on the device of a parameter, or None. (On the CPU `must_skip` has looked at it.)"""
    flag = optimizer.found_inf
    return None if flag is None or flag.device.type == "cpu" else flag.to(param.device)._array


def rate(value: Any, param: Tensor) -> Any:
    """A learning rate for the device of a parameter: a raw array where it lies in that GPU's memory, else a number."""
    if isinstance(value, Tensor) and value.device.type == "cuda" and value._type.device is param._type.device:
        return value._array.reshape(())
    return number(value)


def next_steps(
    namespace: Any, params: list[Tensor], states: list[dict[str, Any]], capturable: bool, flag: Any
) -> list[tuple[Any, Any]]:
    """Count one more step in all states. Returns pairs: the numbers of the step (one number, or arrays in the GPU's memory),
    and the places of its parameters (None for all).

    Numbers of steps live in the GPU's memory where `capturable` says so, and from when on a `GradScaler` decides there
    whether a step happens; else on the CPU."""
    device = params[0].device
    if capturable and device.type == "cpu":
        raise AssertionError(
            "If capturable=True, params and state_steps must be on supported devices: ['cuda']."
            f"{errors.here()}"
        )
    counts = [state["step"] for state in states]
    if device.type == "cuda" and (
        capturable or flag is not None or any(count.device.type == "cuda" for count in counts)
    ):
        for place, count in enumerate(counts):
            if count._type.device is not params[place]._type.device:
                counts[place] = states[place]["step"] = count.to(device)
        steps = arrays(counts)
        namespace.advance_steps(steps, flag)
        return [(steps, None)]
    found: dict[float, list[int]] = {}
    for place, count in enumerate(counts):
        array = count._array
        array += 1
        found.setdefault(float(array), []).append(place)
    if len(found) == 1:
        return [(next(iter(found)), None)]
    return list(found.items())


def pick(items: Any, places: list[int] | None) -> Any:
    """The items at these places; all for None."""
    return items if places is None or items is None else [items[place] for place in places]


def with_gradients(group: dict[str, Any]) -> Iterator[tuple[Any, list[Tensor], list[Tensor]]]:
    """(array namespace, parameters, gradients) of a group's parameters that have a gradient, one entry per
    device."""
    found: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
    for param in group["params"]:
        gradient = param._grad
        if gradient is not None:
            params, gradients = found.setdefault(param._type.device, ([], []))
            params.append(param)
            gradients.append(gradient)
    for params, gradients in found.values():
        yield params[0]._type.namespace, params, gradients


def arrays(tensors: Iterable[Tensor]) -> list[Any]:
    """The raw arrays of tensors."""
    return [tensor._array for tensor in tensors]


def changed(params: Iterable[Tensor]) -> None:
    """Count the change of all these parameters: `bump` for many, whose place is one."""
    place = errors.user_frame()
    for param in params:
        version = param._changes
        version[0] += 1
        version[1:] = (place,)


def begin_states(optimizer: Optimizer, namespace: Any, params: list[Tensor], names: Iterable[str]) -> None:
    """Give each parameter zeros for those of its state's entries `names` that it has not yet."""
    for name in names:
        missing = [param for param in params if name not in optimizer.state[param]]
        if missing:
            for param, array in zip(missing, namespace.zeros_together(arrays(missing)), strict=True):
                optimizer.state[param][name] = wrap(array, param._type)


def zeros_like(param: Tensor) -> Tensor:
    """State of a parameter's shape, dtype and device."""
    return FUNCTIONS["zeros_like"](param.detach())  # type: ignore[no-any-return]


def step_count() -> Tensor:
    """A count of steps, as PyTorch keeps it: a float32 number on the CPU."""
    return FUNCTIONS["zeros"]((), dtype=dtypes.float32, device="cpu")  # type: ignore[no-any-return]
