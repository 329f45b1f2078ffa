"""Layer 2: running what users attached to nodes. The engine comes here only for nodes that have something attached."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, zip_longest
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import Array, Node, Tensor, hooks_of, wrap

_next_key = count().__next__


class RemovableHandle:
    """Takes a hook off again: ``handle.remove()``, or use the handle as a context manager.

    >>> x = ag.ones(2, requires_grad=True)
    >>> handle = x.register_hook(lambda g: g * 10)
    >>> handle.remove()
    """

    def __init__(self, hooks: dict[int, Any], hook: Callable[..., Any]) -> None:
        self._hooks: dict[int, Any] | None = hooks
        self.id = _next_key()
        hooks[self.id] = hook

    def remove(self) -> None:
        """Take the hook off; a second call does nothing."""
        if self._hooks is not None:
            self._hooks.pop(self.id, None)
            self._hooks = None

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def add(node: Node, kind: str, hook: Callable[..., Any]) -> RemovableHandle:
    """Attach a hook to a node; `kind` is an attribute of `Hooks`."""
    return RemovableHandle(getattr(hooks_of(node), kind), hook)


def _as_tensor(node: Node, g: Any) -> Any:
    return g if isinstance(g, Tensor) or g is None else wrap(g)


def _like(value: Any, example: Any, node: Node, hook: Any) -> Any:
    """A hook's result in the form the engine had the gradient in, after checking it."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"expected Variable, but hook returned '{type(value).__name__}': {_name(hook)} on {node.name()} must return "
            f"None or a Tensor{errors.here()}"
        )
    if example is not None:
        shape = tuple(example.shape)
        if value._array.shape != shape:
            raise RuntimeError(
                f"hook '{_name(hook)}' has changed the size of value: {list(shape)} became {list(value._array.shape)} "
                f"on {node.name()}, made at {node.place}"
            )
        expected = example._type if isinstance(example, Tensor) else node.type
        if value._type is not expected and example.dtype not in (value._type.dtype, value._type.numpy):
            raise RuntimeError(
                f"hook '{_name(hook)}' has changed the type of value (was {expected} got {value._type}) "
                f"on {node.name()}, made at {node.place}"
            )
        if not isinstance(example, Tensor):
            return value._array
    else:
        raise RuntimeError(
            f"can't replace a None gradient with a non-None value: {_name(hook)} on {node.name()}, made at {node.place}"
        )
    return value


def _name(hook: Any) -> str:
    return getattr(hook, "__name__", type(hook).__name__)


def before(node: Node, g: Any) -> Any:
    """The gradient that arrives at a node, after tensor hooks and `retain_grad`."""
    hooks = node.hooks
    assert hooks is not None
    if not isinstance(g, list):
        for hook in tuple(hooks.tensor.values()):
            replacement = hook(_as_tensor(node, g))
            if replacement is not None:
                g = _like(replacement, g, node, hook)
        retained = hooks.retained() if hooks.retained is not None else None
        if retained is not None:
            if retained._grad is None:
                retained._grad = g if isinstance(g, Tensor) else wrap(node.type.namespace.copy(g), node.type)
            else:
                addition = g if isinstance(g, Tensor) else wrap(g, node.type)
                retained._grad = retained._grad + addition
    return g


def entering(node: Node, g: Any) -> Any:
    """The gradient that a node works with, after its pre-hooks ``hook(grad_outputs)``."""
    hooks = node.hooks
    assert hooks is not None
    for hook in tuple(hooks.pre.values()):
        several = isinstance(g, list)
        given = tuple(_as_tensor(node, item) for item in g) if several else (_as_tensor(node, g),)
        replacement = hook(given)
        if replacement is not None:
            checked = _replace(replacement, list(g) if several else [g], node, hook)
            g = checked if several else checked[0]
    return g


def after(node: Node, results: Any, g: Any) -> Any:
    """The gradients that leave a node, after its post-hooks ``hook(grad_inputs, grad_outputs)``."""
    hooks = node.hooks
    assert hooks is not None
    if hooks.post:  # what the engine sums to an input's shape only when it delivers
        results = tuple(_delivered(result, edge) for result, edge in zip_longest(results, node.edges))
    for hook in tuple(hooks.post.values()):
        outputs = (
            tuple(_as_tensor(node, item) for item in g) if isinstance(g, list) else (_as_tensor(node, g),)
        )
        inputs = tuple(_as_tensor(node, item) for item in results)
        replacement = hook(inputs, outputs)
        if replacement is not None:
            results = tuple(_replace(replacement, list(results), node, hook))
    return results


def _delivered(result: Any, edge: Node | None) -> Any:
    if result is None or edge is None:
        return None
    if tuple(result.shape) == edge.shape:
        return result
    if isinstance(result, Tensor):
        return REGISTRY["sum_to"].public(result, edge.shape)
    return edge.type.namespace.sum_to(result, edge.shape)


def _replace(replacement: Any, originals: list[Array], node: Node, hook: Any) -> list[Any]:
    if not isinstance(replacement, tuple):
        raise TypeError(
            f"expected tuple, but hook returned '{type(replacement).__name__}': {_name(hook)} on {node.name()}, made at "
            f"{node.place}"
        )
    if len(replacement) != len(originals):
        raise RuntimeError(
            f"hook '{_name(hook)}' has returned an incorrect number of values (got {len(replacement)}, but expected "
            f"{len(originals)}) on {node.name()}, made at {node.place}"
        )
    return [
        None if value is None else _like(value, original, node, hook)
        for value, original in zip(replacement, originals, strict=True)
    ]
