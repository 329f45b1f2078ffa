"""Layer 5: ``ag.autograd.graph``, PyTorch's `torch.autograd.graph`: the recorded graph in users' hands.

The nodes themselves are data (`core/graph.py`); what users can do with one is attached to the class here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from autograd_gpu import errors
from autograd_gpu.autograd.saved_tensors import (
    allow_mutation_on_saved_tensors,
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)
from autograd_gpu.core import engine, hooks
from autograd_gpu.core.backward import GradientEdge
from autograd_gpu.core.graph import INFERENCE, MultiNode, Node, Spec, Tensor, bump, node_of, visible
from autograd_gpu.core.hooks import RemovableHandle
from autograd_gpu.device import Device
from autograd_gpu.dtypes import DType

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge",
    "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip


# -- nodes ---------------------------------------------------------------------------------------------------------


def _register_hook(self: Node, fn: Callable[..., Any]) -> RemovableHandle:
    """Call ``fn(grad_inputs, grad_outputs)`` after backward has computed what the node passes on.

    Args:
        fn: gets two tuples of tensors (None where there is no gradient): one gradient per input of the op, of the
            input's shape, and one per output. It must not change them; it may return a tuple that takes the place of
            `grad_inputs`.

    Returns:
        a handle; ``handle.remove()`` takes the hook off.

    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> handle = y.grad_fn.register_hook(lambda inputs, outputs: tuple(g * 10 for g in inputs))
    >>> ag.autograd.grad(y, x)
    (tensor(60.),)
    """
    return hooks.add(self, "post", fn)


def _register_prehook(self: Node, fn: Callable[..., Any]) -> RemovableHandle:
    """Call ``fn(grad_outputs)`` before the node computes the gradients of its inputs.

    Args:
        fn: gets a tuple with one tensor per output of the op (None where no gradient arrived). It must not change
            them; it may return a tuple that takes their place.

    Returns:
        a handle; ``handle.remove()`` takes the hook off.

    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> handle = y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 2,))
    >>> ag.autograd.grad(y, x)
    (tensor(12.),)
    """
    return hooks.add(self, "pre", fn)


def _attach(name: str, method: Callable[..., Any]) -> None:
    method.__name__ = name
    method.__qualname__ = f"Node.{name}"
    setattr(Node, name, method)


def _call(self: Node, *gradients: Any) -> Any:
    """What the node makes of the gradients of its outputs: one tensor, or a tuple with one per input of the op.

    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> (x * x).grad_fn(ag.tensor(1.0))
    (tensor(3., grad_fn=<MulBackward0>), tensor(3., grad_fn=<MulBackward0>))
    """
    count = len(self.outputs) if isinstance(self, MultiNode) else 1
    if len(gradients) != count:
        raise TypeError(f"expected {count} arguments, got {len(gradients)} instead{errors.here()}")
    found = tuple(engine.evaluate(self, gradients))
    return found[0] if len(found) == 1 else found


class InputMetadata(NamedTuple):
    """What a node says of a gradient that comes in, before it does."""

    shape: tuple[int, ...]
    dtype: DType
    device: Device


def _input_metadata(self: Node) -> tuple[InputMetadata | None, ...]:
    """Shape, dtype and device of the gradients that come in, one per output of the op."""
    specs = self.outputs if isinstance(self, MultiNode) else (Spec(self.shape, self.type),)
    return tuple(None if s is None else InputMetadata(s.shape, s.type.dtype, s.type.device) for s in specs)


_attach("__call__", _call)
Node._input_metadata = property(_input_metadata)  # type: ignore[attr-defined]
_attach("register_hook", _register_hook)
_attach("register_prehook", _register_prehook)


# -- edges ---------------------------------------------------------------------------------------------------------


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place in the graph where the gradient of `tensor` is computed.

    It can be given to `ag.autograd.grad` and `backward` in place of the tensor, whose memory may then go.

    Raises:
        RuntimeError: if the tensor does not require grad.

    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> edge = ag.autograd.graph.get_gradient_edge(y)
    >>> z = y.exp().log()
    >>> del y
    >>> ag.autograd.grad(z, edge)
    (tensor(1.),)
    """
    node = node_of(tensor)
    if node is None:
        raise RuntimeError(
            f"It is not possible to get the gradient edge for a Tensor that does not require gradients{errors.here()}"
        )
    shown, number = visible(node)
    assert shown is not None
    # One output of several is known by its pick, which only the tensor holds: the edge holds it from now on.
    return GradientEdge(shown, number, None if shown is node else node)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Say that the memory of tensors was changed by something that the library did not see.

    Args:
        tensor: one tensor or several. Derivatives that kept one of them then refuse to use it.

    >>> x = ag.ones(2)
    >>> ag.autograd.graph.increment_version(x)
    >>> x._version
    1
    """
    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        if not isinstance(each, Tensor):
            raise TypeError(
                f"increment_version expects each element of the iterable to be a tensor{errors.here()}"
            )
        if each._changes is not INFERENCE:  # which has no version
            bump(each)


# -- hooks on several gradients --------------------------------------------------------------------------------------


class _Pass:
    """One run of the engine: which nodes get a gradient in it, and what the hooks on several tensors have seen."""

    def __init__(self, roots: Sequence[Node], computed: set[int] | None) -> None:
        self._roots = roots
        self.computed = computed
        self._reached: set[int] | None = None
        #: per hook, the gradients so far and how many more are to come
        self.states: dict[object, list[Any]] = {}

    def computes(self, sequence: int) -> bool:
        if self._reached is None:
            reached = {each.sequence for each in engine.reachable(self._roots)}
            self._reached = reached if self.computed is None else reached & self.computed
        return sequence in self._reached


class _Passes(threading.local):
    """The engine's runs in this thread, the innermost last."""

    def __init__(self) -> None:
        self.running: list[_Pass] = []


_passes = _Passes()


@contextmanager
def _noted(roots: Sequence[Node], computed: set[int] | None) -> Iterator[None]:
    _passes.running.append(_Pass(roots, computed))
    try:
        yield
    finally:
        _passes.running.pop()


def note_passes() -> None:
    """From now on every pass of the engine is noted (which costs each about a microsecond)."""
    if _noted not in engine.around:
        engine.around.append(_noted)


def current_pass() -> object:
    """What stands for the innermost pass that was noted; something new if there is none."""
    return _passes.running[-1] if _passes.running else _Pass((), None)


def reaches_all_leaves() -> bool:
    """Whether the innermost pass that was noted goes to all leaves, and not only to chosen inputs."""
    return bool(_passes.running) and _passes.running[-1].computed is None


class _SeveralHandles(RemovableHandle):
    """Takes the hooks off all tensors."""

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self._handles = handles

    def remove(self) -> None:
        """Take the hook off; a second call does nothing."""
        for handle in self._handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor],
    fn: Callable[[Sequence[Tensor | None]], object] | Callable[[Tensor], object],
    *,
    mode: Literal["all", "any"] = "all",
) -> RemovableHandle:
    """Call `fn` once per backward pass when the gradients of `tensors` are known.

    Args:
        tensors: tensors that require grad.
        fn: must not change its arguments. With mode "all" it is called as ``fn(grads)``, one per tensor, when the
            last of them is there; None for tensors that the pass computes no gradient for. With mode "any" it is
            called as ``fn(grad)``, with the first gradient that is computed.
        mode: "all" or "any".

    Returns:
        a handle; ``handle.remove()`` takes the hook off.

    Raises:
        ValueError: for another mode.
        AssertionError: with mode "all", for a tensor that does not require grad (the type is PyTorch's).

    >>> a, b = ag.ones(2, requires_grad=True), ag.ones(2, requires_grad=True)
    >>> c, d = a * b, a + b
    >>> hook = lambda grads: print([g is not None for g in grads])
    >>> handle = ag.autograd.graph.register_multi_grad_hook((a, b, c, d), hook)
    >>> c.sum().backward()
    [True, True, True, False]
    """
    call: Callable[[Any], object] = fn
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}{errors.here()}")
    nodes = [node_of(tensor) for tensor in tensors]
    if mode == "all" and None in nodes:
        raise AssertionError(
            f"Expected gradient function to be set: tensor {nodes.index(None)} does not require grad{errors.here()}"
        )
    note_passes()
    state_key = object()

    def one_of_all(position: int) -> Callable[[Tensor], None]:
        def hook(gradient: Tensor) -> None:
            current = _passes.running[-1]
            if state_key not in current.states:
                expected = sum(map(current.computes, watched))
                current.states[state_key] = [[None] * len(watched), expected]
            state = current.states[state_key]
            state[0][position] = gradient
            state[1] -= 1
            if state[1] == 0:
                call(state[0])

        return hook

    def first_of_any(gradient: Tensor) -> None:
        states = _passes.running[-1].states
        if state_key not in states:
            states[state_key] = []
            call(gradient)

    watched = [node.sequence for node in nodes if node is not None]  # not the nodes: they hold the hooks
    handles = [
        hooks.add(node, "tensor", one_of_all(position) if mode == "all" else first_of_any)
        for position, node in enumerate(nodes)
        if node is not None
    ]
    return _SeveralHandles(handles)
