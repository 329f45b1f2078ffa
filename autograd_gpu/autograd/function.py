"""Layer 5: `ag.autograd.Function`, an op whose forward and backward the user writes in tensors.

The context that both receive *is* the node of the graph, as in PyTorch: what a user hangs on it lives as long as the graph.
What is saved is stored as raw arrays and put together again when `saved_tensors` is read, so an output that is saved
makes no reference cycle.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.forward import Level
from autograd_gpu.core.graph import (
    Array,
    MultiNode,
    Node,
    Pick,
    Spec,
    Tensor,
    Version,
    alias_of,
    next_sequence,
    node_of,
    wrap,
)
from autograd_gpu.core.inplace import check_writable, rebase
from autograd_gpu.core.op import TensorNamespace
from autograd_gpu.core.saved import NEVER, Packed, Withheld

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionOp(NamedTuple):
    """What the engine wants to know of a node's op, for the op that a Function is."""

    name: str
    grad_name: str
    function: Any
    kind: str = "general"
    fused: bool = False


class Saved(NamedTuple):
    """One tensor given to `save_for_backward`."""

    array: Array
    version: Version
    expected: int
    node: Node | None
    output: int | None  # which output of the Function it is, if it is one


class FunctionCtx(MultiNode):
    """What `forward` and `backward` of a `Function` share: the node, with room for anything (`ctx.scale = 3`).

    Attributes:
        needs_input_grad: for each argument of `apply`, whether its gradient is wanted.
        saved_tensors: what `save_for_backward` was given.
    """

    needs_input_grad: tuple[bool, ...]
    #: shape and type of each argument of `apply` that is a tensor, None for the others
    arguments: tuple[Spec | None, ...]

    def run(self, F: Any, gradients: list[Any], kept: tuple[Any, ...] | None = None) -> list[Any]:
        """Call the user's backward with tensors, and check what it returns."""
        raw = not isinstance(F, TensorNamespace)
        given = [
            wrap(g, spec.type) if g is not None and not isinstance(g, Tensor) else g
            for g, spec in zip(gradients, self.outputs, strict=True)
        ]
        op: Any = self.op
        results = op.function.backward(self, *given)
        returned = list(results) if isinstance(results, (tuple, list)) else [results]
        while len(returned) > len(self.edges) and returned[-1] is None:
            returned.pop()
        if len(returned) != len(self.edges):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {len(self.edges)}, "
                f"got {len(returned)})\n  it was applied at {self.place}"
            )
        return [self._checked(index, g, raw) for index, g in enumerate(returned)]

    def _checked(self, index: int, g: Any, raw: bool) -> Any:
        spec = self.arguments[index]
        if g is None:
            return None
        if spec is None:
            raise RuntimeError(
                f"function {self.name()} returned a gradient different from None at position {index + 1}, but the "
                f"corresponding forward input was not a Variable\n  it was applied at {self.place}"
            )
        if not isinstance(g, Tensor):
            raise TypeError(
                f"expected Variable or None (got {type(g).__name__}) as gradient {index} of {self.name()}\n"
                f"  it was applied at {self.place}"
            )
        if self.edges[index] is None:
            return None
        shape = g._array.shape
        padded = (1,) * (len(shape) - len(spec.shape)) + spec.shape
        if len(padded) != len(shape) or any(
            want not in (1, have) for want, have in zip(padded, shape, strict=True)
        ):
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {index} - got {list(shape)} but expected "
                f"shape compatible with {list(spec.shape)}\n  it was applied at {self.place}"
            )
        if g._type.dtype is not spec.type.dtype:
            g = g.to(spec.type.dtype)
        return g._array if raw else g

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors (inputs, outputs or others; None is allowed) for `backward`, guarded against in-place changes."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument is of type {type(tensor).__name__}{errors.here()}"
                )
        self.__dict__["_to_save"] = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `jvp`; they are `saved_tensors` there."""
        self.__dict__["_for_forward"] = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs `forward` changed in place; they must be among its outputs."""
        self.__dict__["_dirty"] = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient."""
        self.__dict__["_non_differentiable"] = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (the default) or None for outputs that no gradient reached."""
        self.materialize = value

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What was saved, as tensors that know where they came from."""
        if "_for_forward" in self.__dict__ and "_in_jvp" in self.__dict__:
            return self.__dict__["_for_forward"]  # type: ignore[no-any-return]
        if "_to_save" in self.__dict__:  # still inside forward
            return self.__dict__["_to_save"]  # type: ignore[no-any-return]
        if isinstance(self.kept, Withheld):
            self.kept.open(self)  # raises: it was freed
        return tuple(self._restore(entry) for entry in self.kept or ())

    def _restore(self, entry: Saved | None) -> Tensor | None:
        if entry is None:
            return None
        if entry.version[0] != entry.expected:
            changed = entry.version[1] if len(entry.version) > 1 else None
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: a tensor of "
                f"shape {list(entry.array.shape)} saved by {self.name()} is at version {entry.version[0]}; expected version "
                f"{entry.expected} instead.\n  it was saved at {self.place}"
                + (f"\n  it was changed in place at {errors.place(*changed)}" if changed else "")
            )
        node = entry.node
        if entry.output is not None:
            node = Pick(self, entry.output)
        array = entry.array.open() if isinstance(entry.array, Packed) else entry.array
        tensor = wrap(array, None, node)
        tensor._changes = entry.version
        return tensor


class _FunctionMeta(type):
    """Gives each Function a class of contexts of its own, named as PyTorch names it."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        cls._context = type(f"{name}Backward", (FunctionCtx,), {})
        cls._op = FunctionOp(name, f"{name}Backward", cls)


class Function(metaclass=_FunctionMeta):
    """Base class of ops with a backward of the user's own.

    Write static methods ``forward(ctx, *args)`` and ``backward(ctx, *grad_outputs)`` (or ``forward(*args)`` and
    ``setup_context(ctx, inputs, output)``), and call ``MyFunction.apply(*args)``. `forward` runs without recording;
    `backward` returns one gradient per argument of `forward`, None for those that have none. Written in differentiable
    ops, it can be differentiated again. An optional ``jvp(ctx, *tangents)`` serves forward mode.

    Raises (from `apply` or backward):
        RuntimeError: wrong number or shape of gradients, a saved tensor that was changed in place.

    Example:
        >>> class Cube(ag.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x ** 3
        ...     @staticmethod
        ...     def backward(ctx, g):
        ...         (x,) = ctx.saved_tensors
        ...         return 3 * x ** 2 * g
        >>> x = ag.tensor(2.0, requires_grad=True)
        >>> Cube.apply(x)
        tensor(8., grad_fn=<CubeBackward>)
        >>> ag.autograd.grad(Cube.apply(x), x)
        (tensor(12.),)
    """

    _context: type[FunctionCtx]
    _op: FunctionOp

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"{type(self).__name__} should not be instantiated. Methods on autograd functions are all static, so you should "
            f"invoke them on the class itself: {type(self).__name__}.apply(...)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward "
            "mode AD."
        )

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run the forward and record it."""
        level = _level_of_a_tangent(args)
        if level is None:
            return cls._record(args)[0]
        interceptors = modes.local.interceptors
        interceptors.remove(level)
        try:
            outputs, ctx = cls._record(args)
            ctx.__dict__["_in_jvp"] = True
            tangents = cls.jvp(ctx, *(level.tangent(a) for a in args))
        finally:
            interceptors.append(level)
        several = isinstance(outputs, tuple)
        for out, tangent in zip(
            outputs if several else (outputs,),
            tangents if isinstance(tangents, tuple) else (tangents,),
            strict=True,
        ):
            if tangent is not None:
                level.set_tangent(out, tangent)
        return outputs

    @classmethod
    def _record(cls, args: tuple[Any, ...]) -> tuple[Any, FunctionCtx]:
        edges = tuple(node_of(a) if isinstance(a, Tensor) else None for a in args)
        recording = modes.local.grad_enabled and any(edge is not None for edge in edges)
        ctx: FunctionCtx = object.__new__(cls._context)
        ctx.op = cls._op  # type: ignore[assignment]
        ctx.edges = edges
        ctx.kept = None
        ctx.params = {}
        ctx.arguments = tuple(_spec(a) for a in args)
        ctx.pull = None
        ctx.hooks = None
        ctx.shape = ()
        ctx.materialize = True
        ctx.sequence = next_sequence()
        ctx.code, ctx.offset = errors.user_frame()
        ctx.needs_input_grad = tuple(recording and edge is not None for edge in edges)
        with modes.no_grad():
            if cls.setup_context is Function.setup_context:
                result = cls.forward(ctx, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
        several = isinstance(result, tuple)
        outputs = list(result) if several else [result]
        state = ctx.__dict__
        dirty = {id(t) for t in state.pop("_dirty", ())}
        constant = {id(t) for t in state.pop("_non_differentiable", ())}
        to_save: Sequence[Tensor | None] = state.pop("_to_save", ())
        positions = {id(t): index for index, t in enumerate(outputs) if isinstance(t, Tensor)}
        missing = dirty - set(positions)
        if missing:
            raise RuntimeError(
                f"Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
                f"modified inplace must all be outputs of the Function.{errors.here()}"
            )
        inputs = {id(a) for a in args if isinstance(a, Tensor)}
        saved = [_save(t, inputs, positions, dirty, constant) for t in to_save]
        final: list[Any] = []
        for out in outputs:
            if isinstance(out, Tensor) and id(out) not in dirty:
                # An input that is returned as it is, or a view: the Function's own output, on the same memory.
                out = alias_of(out)
                out._node = None
            final.append(out)
        if recording:
            tensors = [out for out in final if isinstance(out, Tensor)]
            if tensors:
                ctx.type = tensors[0]._type
            ctx.outputs = tuple(
                Spec(out._array.shape, out._type) if isinstance(out, Tensor) else Spec((), ctx.type)
                for out in final
            )
            ctx.kept = tuple(saved) or None
            for index, (raw, out) in enumerate(zip(outputs, final, strict=True)):
                if isinstance(out, Tensor) and id(raw) not in constant and out._type.differentiable:
                    if id(raw) in dirty:
                        check_writable(out, cls.__name__)
                        before = out._node
                        out._node = Pick(ctx, index)
                        rebase(out, before)
                    else:
                        out._node = Pick(ctx, index)
            if modes.packing and modes.local.saved_hooks:
                ctx.kept = tuple(_packed(ctx, entry) for entry in saved) or None
        return (tuple(final) if several else final[0]), ctx


def _spec(argument: Any) -> Spec | None:
    return Spec(argument._array.shape, argument._type) if isinstance(argument, Tensor) else None


def _save(
    tensor: Tensor | None, inputs: set[int], outputs: dict[int, int], dirty: set[int], constant: set[int]
) -> Saved | None:
    if tensor is None:
        return None
    output = outputs.get(id(tensor))
    if output is not None and id(tensor) in inputs and id(tensor) not in dirty:
        output = None
    if id(tensor) in constant or not tensor._type.differentiable:
        output = None
    node = None if output is not None else node_of(tensor)
    return Saved(tensor._array, tensor._changes, tensor._changes[0], node, output)


def _packed(ctx: FunctionCtx, entry: Saved | None) -> Saved | None:
    """What was saved, in the form that the user's pack hook gives it."""
    tensor = ctx._restore(entry)
    if entry is None or tensor is None:
        return None
    return entry._replace(array=Packed(tensor, *modes.local.saved_hooks[-1]), version=NEVER, expected=0)


def _level_of_a_tangent(args: Sequence[Any]) -> Level | None:
    if not modes.intercepting:
        return None
    for interceptor in reversed(modes.local.interceptors):
        if isinstance(interceptor, Level) and any(interceptor.tangent(a) is not None for a in args):
            return interceptor
    return None


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a `backward` that cannot be differentiated itself: trying to says so instead of being wrong."""

    @functools.wraps(function)
    def wrapper(ctx: FunctionCtx, *gradients: Any) -> Any:
        recording = modes.is_grad_enabled()
        with modes.no_grad():
            results = function(ctx, *gradients)
        if not recording or not any(isinstance(g, Tensor) and node_of(g) is not None for g in gradients):
            return results
        several = isinstance(results, tuple)
        refused = tuple(
            _Refuse.apply(g, *gradients) if isinstance(g, Tensor) else g
            for g in (results if several else (results,))
        )
        return refused if several else refused[0]

    return wrapper


class _Refuse(Function):
    """The identity, which objects to being differentiated."""

    @staticmethod
    def forward(ctx: FunctionCtx, result: Tensor, *others: Any) -> Tensor:
        return result.clone()

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
