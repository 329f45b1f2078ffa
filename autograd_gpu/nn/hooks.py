"""Hooks on modules: how they are stored, and what calling a module that has some does.

A module without hooks never comes here; `Module.__call__` sees that with one look.

Full backward hooks need the gradients of all inputs (or outputs) of a module at one moment. So the tensors
that go in, and those that come out, pass through one node each, a **boundary**: an identity with as many
outputs as inputs, whose node-hooks the engine calls when all of these gradients are final.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.call import record, view_of
from autograd_gpu.core.graph import MultiNode, Node, Pick, Spec, Tensor, node_of, visible, wrap
from autograd_gpu.core.hooks import RemovableHandle, add
from autograd_gpu.core.leaves import is_leaf
from autograd_gpu.core.op import REGISTRY, Op

if TYPE_CHECKING:
    from autograd_gpu.nn.module import Module


class Hook(NamedTuple):
    """A function and how it wants to be called."""

    function: Callable[..., Any]
    with_kwargs: bool = False
    always_call: bool = False


class HookTables:
    """All hooks of one module (or of all modules): number -> hook, in the order in which they are called."""

    __slots__ = (
        "backward",
        "backward_pre",
        "forward",
        "forward_pre",
        "load_post",
        "load_pre",
        "node",
        "state_post",
        "state_pre",
    )

    def __init__(self) -> None:
        self.forward_pre: dict[int, Hook] = {}
        self.forward: dict[int, Hook] = {}
        self.backward_pre: dict[int, Hook] = {}
        self.backward: dict[int, Hook] = {}
        #: of the old kind, on the last node of forward
        self.node: dict[int, Hook] = {}
        self.state_pre: dict[int, Hook] = {}
        self.state_post: dict[int, Hook] = {}
        self.load_pre: dict[int, Hook] = {}
        self.load_post: dict[int, Hook] = {}


class Everywhere:
    """The hooks that hold for every module. `calls` stays None until there is one that calling a module must
    look at."""

    calls: HookTables | None = None
    parameter_registration: dict[int, Callable[..., Any]] = {}  # noqa: RUF012 - one table for the whole process
    buffer_registration: dict[int, Callable[..., Any]] = {}  # noqa: RUF012
    module_registration: dict[int, Callable[..., Any]] = {}  # noqa: RUF012


def attach(table: dict[int, Hook], hook: Hook, *, prepend: bool = False) -> RemovableHandle:
    """Put a hook at the end (or the beginning) of a table."""
    before = dict(table) if prepend else {}
    handle = RemovableHandle(table, hook)  # type: ignore[arg-type] # a record with the function in it
    if prepend:
        for number, other in before.items():
            del table[number]
            table[number] = other
    return handle


def forward_pre_hooks(module: Module) -> list[tuple[Callable[[], Any], Callable[..., Any]]]:
    """The hooks before a module's forward: for each a function that removes it, and the hook."""
    table = module._hooks.forward_pre if module._hooks is not None else {}
    return [(partial(table.pop, number), hook.function) for number, hook in table.items()]


def _tables() -> HookTables:
    if Everywhere.calls is None:
        Everywhere.calls = HookTables()
    return Everywhere.calls


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before the forward of every module; what it returns replaces the
    arguments."""
    return attach(_tables().forward_pre, Hook(hook))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the forward of every module; what it returns replaces the
    output."""
    return attach(_tables().forward, Hook(hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` when the gradients of any module's outputs are known."""
    return attach(_tables().backward_pre, Hook(hook))


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when the gradients of any module's inputs are known."""
    refuse_both_kinds(_tables().node, "as a global Module hook")
    return attach(_tables().backward, Hook(hook))


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` at the last node of every module's forward: what PyTorch had
    before `register_module_full_backward_hook`."""
    refuse_both_kinds(_tables().backward, "as a global Module hook")
    return attach(_tables().node, Hook(hook))


def refuse_both_kinds(others: dict[int, Hook], where: str) -> None:
    """Raise if there are hooks of the other kind."""
    if others:
        raise RuntimeError(
            f"Cannot use both regular backward hooks and full backward hooks {where}. Please use only one of them."
            f"{errors.here()}"
        )


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` for every parameter registered; what it returns is registered
    instead."""
    return RemovableHandle(Everywhere.parameter_registration, hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` for every buffer registered; what it returns is registered
    instead."""
    return RemovableHandle(Everywhere.buffer_registration, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` for every submodule registered; what it returns is registered
    instead."""
    return RemovableHandle(Everywhere.module_registration, hook)


# -- calling a module that has hooks -------------------------------------------------------------------------


def call(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``module(*args, **kwargs)`` with all hooks: global ones first, each kind in order of registration."""
    common, own = Everywhere.calls or _NONE, module._hooks or _NONE
    forward = {**common.forward, **own.forward}
    called: set[int] = set()
    result: Any = None
    try:
        for hook in (*common.forward_pre.values(), *own.forward_pre.values()):
            args, kwargs = _before_forward(module, hook, args, kwargs)
        boundary = None
        backward = [hook.function for hook in (*common.backward.values(), *own.backward.values())]
        backward_pre = [hook.function for hook in (*common.backward_pre.values(), *own.backward_pre.values())]
        if backward or backward_pre:
            boundary = BackwardHooks(module, backward, backward_pre)
            args = boundary.enter(args)
        result = module.forward(*args, **kwargs)
        for number, hook in forward.items():
            called.add(number)
            replacement = _after_forward(module, hook, args, kwargs, result)
            if replacement is not None:
                result = replacement
        if boundary is not None:
            result = boundary.leave(result)
        at_node = (*common.node.values(), *own.node.values())
        if at_node:
            _on_last_node(module, at_node, args, result)
        return result
    except Exception:
        for number, hook in forward.items():
            if hook.always_call and number not in called:
                try:
                    replacement = _after_forward(module, hook, args, kwargs, result)
                    result = result if replacement is None else replacement
                except Exception as second:
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception that was "
                        f"silenced as another error was raised in forward: {second}",
                        stacklevel=3,
                    )
        raise


_NONE = HookTables()


def _before_forward(
    module: Module, hook: Hook, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if hook.with_kwargs:
        both = hook.function(module, args, kwargs)
        if both is None:
            return args, kwargs
        if isinstance(both, tuple) and len(both) == 2:
            return both
        raise RuntimeError(
            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {both}."
        )
    given = hook.function(module, args)
    if given is None:
        return args, kwargs
    return (given if isinstance(given, tuple) else (given,)), kwargs


def _after_forward(
    module: Module, hook: Hook, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
) -> Any:
    if hook.with_kwargs:
        return hook.function(module, args, kwargs, result)
    return hook.function(module, args, result)


def _on_last_node(module: Module, hooks: Sequence[Hook], args: tuple[Any, ...], result: Any) -> None:
    """Put backward hooks of the old kind on the node that made the (first) output."""
    output = result
    while not isinstance(output, Tensor):
        if isinstance(output, dict):
            output = next(value for value in output.values() if isinstance(value, Tensor))
        else:
            output = output[0]
    node = visible(node_of(output))[0]
    if is_leaf(node) or node is None:
        return
    for hook in hooks:
        add(node, "post", partial(hook.function, module))
    outputs = result if isinstance(result, tuple) else (result,)
    inputs = {node_of(value) for value in args if isinstance(value, Tensor)} - {None}
    if not all(isinstance(value, Tensor) for value in (*outputs, *args)):
        problem = "on a Module that takes or returns something else than Tensors"
    elif len({visible(node_of(value))[0] for value in outputs}) > 1:
        problem = "when outputs are generated by different autograd Nodes"
    elif inputs != {each for each, _ in node.next_functions if each is not None}:
        problem = "when the forward contains multiple autograd Nodes"
    else:
        return
    warnings.warn(
        f"Using a non-full backward hook {problem} is deprecated and will be removed in future versions. This hook will be "
        "missing some gradients. Please use register_full_backward_hook to get the documented behavior.",
        FutureWarning,
        stacklevel=4,
    )


# -- backward hooks ------------------------------------------------------------------------------------------


def _boundary(F: Any, *tensors: Any) -> Any:
    """The same tensors."""
    return tensors


#: not in the registry: only this module records it
BOUNDARY = Op(
    _boundary, "linear", promote="none", out="infer", outputs=("*",), saves=(), holomorphic=False,
    fused=False, grad_name="BackwardHookFunctionBackward", register=False,
)  # fmt: skip
BOUNDARY.joint_rule(lambda F, g, *, needs: tuple(g) if isinstance(g, list) else (g,))
#: `alias` under the name that the error of an in-place op on an output should say
SAME = Op(
    REGISTRY["alias"].body, "view", promote="none", out="same", outputs=("out",), saves=(), holomorphic=False,
    fused=False, grad_name="BackwardHookFunctionBackward0", register=False,
)  # fmt: skip
SAME.rule(**{SAME.inputs[0]: lambda F, g: g})


def _through_boundary(tensors: Sequence[Tensor]) -> tuple[list[Tensor], Node]:
    """Tensors that require grad, each as an output of one new node; and that node."""
    arrays = [tensor._array for tensor in tensors]
    results = list(record(BOUNDARY, tensors, arrays, arrays, {}))
    for source, result in zip(tensors, results, strict=True):
        result._changes = source._changes
        # Writing into it would have to change the history of the tensor that went in: refused, as in PyTorch.
        result._view = view_of(source, SAME, {})
        result._view.restriction = "multiple"
        if "_tangents" in source.__dict__:
            result.__dict__["_tangents"] = source.__dict__["_tangents"]
    node = results[0]._node
    if isinstance(node, Pick):
        node = node.edges[0]
    if isinstance(node, MultiNode):
        node.materialize = False  # hooks see None where no gradient arrived
    return results, node


def _spread(positions: Sequence[int], values: Sequence[Any], length: int) -> tuple[Any, ...]:
    """`values` at their `positions` among `length` places, None elsewhere."""
    places: list[Any] = [None] * length
    for position, value in zip(positions, values, strict=True):
        places[position] = value
    return tuple(places)


class BackwardHooks:
    """What one call of a module sets up so that its full backward hooks run."""

    def __init__(
        self, module: Module, hooks: Sequence[Callable[..., Any]], pre_hooks: Sequence[Callable[..., Any]]
    ) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.inputs: list[int] = []  # which arguments require grad
        self.input_count = 0
        self.outputs: list[int] = []
        self.output_count = 0
        self.grad_outputs: tuple[Any, ...] | None = None
        #: arguments that are tensors without gradient: hooks see zeros for them, as in PyTorch
        self.constants: dict[int, Spec] = {}

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments for forward, those that require grad through the boundary."""
        self.input_count = len(args)
        self.inputs = _requiring_grad(args)
        if not self.inputs:
            return args
        passed, node = _through_boundary([args[position] for position in self.inputs])
        add(node, "post", self._with_input_gradients)
        self.constants = {
            position: Spec(value._array.shape, value._type)
            for position, value in enumerate(args)
            if isinstance(value, Tensor) and position not in self.inputs
        }
        through = list(args)
        for position, tensor in zip(self.inputs, passed, strict=True):
            through[position] = tensor
        return tuple(through)

    def leave(self, result: Any) -> Any:
        """The module's output, tensors that require grad through the boundary."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors "
                f"but received {type(result)}",
                stacklevel=3,
            )
            return result
        several = isinstance(result, tuple)
        outputs: list[Any] = list(result) if several else [result]
        self.output_count = len(outputs)
        self.outputs = _requiring_grad(outputs)
        if not self.outputs:
            return result
        passed, node = _through_boundary([outputs[position] for position in self.outputs])
        add(node, "pre", self._with_output_gradients)
        for position, tensor in zip(self.outputs, passed, strict=True):
            outputs[position] = tensor
        if not several:
            return outputs[0]
        return type(result)(*outputs) if hasattr(result, "_fields") else tuple(outputs)

    def _with_output_gradients(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        found: tuple[Any, ...] = _spread(self.outputs, gradients, self.output_count)
        for hook in self.pre_hooks:
            replacement = hook(self.module, found)
            if replacement is not None:
                found = _checked(
                    replacement, found, "Backward pre hook returned an invalid number of grad_output"
                )
        if self.inputs:
            self.grad_outputs = found
        else:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs "
                "since "
                "no inputs require gradients.",
                stacklevel=2,
            )
            for hook in self.hooks:
                replacement = hook(self.module, (None,) * self.input_count, found)
                if replacement is not None and any(value is not None for value in replacement):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return "
                        "None or None for all gradients."
                    )
        return tuple(found[position] for position in self.outputs)

    def _with_input_gradients(self, gradients: tuple[Any, ...], _: Any) -> tuple[Any, ...] | None:
        if self.grad_outputs is None:  # backward came in through a side door, not through the outputs
            return None
        places = list(_spread(self.inputs, gradients, self.input_count))
        for position, spec in self.constants.items():
            places[position] = wrap(spec.type.namespace.zeros(spec.shape, spec.dtype), spec.type)
        found: tuple[Any, ...] = tuple(places)
        for hook in self.hooks:
            replacement = hook(self.module, found, self.grad_outputs)
            if replacement is not None:
                found = _checked(replacement, found, "Backward hook returned an invalid number of grad_input")
        self.grad_outputs = None
        return tuple(found[position] for position in self.inputs)


def _requiring_grad(values: Sequence[Any]) -> list[int]:
    if not modes.is_grad_enabled():
        return []
    return [i for i, value in enumerate(values) if isinstance(value, Tensor) and node_of(value) is not None]


def _checked(replacement: Any, expected: tuple[Any, ...], message: str) -> tuple[Any, ...]:
    if len(replacement) != len(expected):
        raise RuntimeError(f"{message}, got {len(replacement)}, but expected {len(expected)}{errors.here()}")
    return tuple(replacement)
