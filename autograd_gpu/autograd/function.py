"""Layer 5: `ag.autograd.Function`, an op whose forward and backward the user writes in tensors.

The context that both receive *is* the node of the graph, as in PyTorch: what a user hangs on it lives as long as the graph.
What is saved is stored as raw arrays and put together again when `saved_tensors` is read, so an output that is saved
makes no reference cycle.
"""

from __future__ import annotations

import functools
import inspect
import warnings
import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.call import REGISTRY, view_of
from autograd_gpu.core.forward import Level
from autograd_gpu.core.graph import (
    OWN,
    Array,
    Leaf,
    MultiNode,
    Node,
    Pick,
    Spec,
    Tensor,
    Version,
    View,
    alias_of,
    next_sequence,
    node_of,
    wrap,
)
from autograd_gpu.core.inplace import check_writable, rebase
from autograd_gpu.core.leaves import is_leaf
from autograd_gpu.core.op import TensorNamespace
from autograd_gpu.core.saved import NEVER, Packed, Withheld

__all__ = ["Function", "FunctionCtx", "InplaceFunction", "once_differentiable"]


_OVERRIDES = (
    "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle "
    "view+inplace would override the custom backward associated with the custom Function, leading to incorrect gradients. "
    "This behavior is forbidden. You can fix this by cloning the output of the custom Function."
)
FUNCTION_VIEW = f"Output {{index}} of {{name}} is a view and is being modified inplace. {_OVERRIDES}"
NO_GRAD_FUNCTION_VIEW = (
    f"A view was created in no_grad mode and is being modified inplace with grad mode enabled. {_OVERRIDES}"
)
MULTIPLE_OUTPUTS = (
    "Output {index} of {name} is a view and is being modified inplace. This view is the output of a function that returns "
    "multiple views. Such functions do not allow the output views to be modified inplace. You should replace the inplace "
    "operation by an out-of-place one."
)
VIEW_CHANGED = (
    "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more than one "
    "Tensor. This is not supported by the current autograd engine. You should either make sure the input is not a view (using "
    ".clone() for example) or make your Function only return one Tensor (potentially splitting it into two Functions: one "
    "doing the inplace that returns a single Tensor and a second one that does the other operations)."
)


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
    tangents: Any  # forward mode: what it carried on open levels
    tensor: Tensor | None = None  # itself, where that can make no cycle: users hang things on parameters


class FunctionCtx(MultiNode):
    """What `forward` and `backward` of a `Function` share: the node, with room for anything (`ctx.scale = 3`).

    Attributes:
        needs_input_grad: for each argument of `apply`, whether its gradient is wanted.
        saved_tensors: what `save_for_backward` was given.
    """

    needs_input_grad: tuple[bool, ...]
    #: shape and type of each argument of `apply` that is a tensor, None for the others
    arguments: tuple[Spec | None, ...]
    #: the `vmap`s that the call is part of: backward computes inside of them, wherever it is called
    vectorizers: tuple[Any, ...]
    #: the numbers of the outputs that were marked as not differentiable
    constant: frozenset[int]
    #: the places in the graph of the outputs that are still in use
    picks: dict[int, weakref.ref[Pick]]

    def pick(self, index: int) -> Pick:
        """The place in the graph of output number `index`: always the same one while anybody knows it."""
        known = self.picks.get(index)
        found = None if known is None else known()
        if found is None:
            found = Pick(self, index)
            self.picks[index] = weakref.ref(found)
        return found

    def run(self, F: Any, gradients: list[Any], kept: tuple[Any, ...] | None = None) -> list[Any]:
        """Call the user's backward with tensors, and check what it returns."""
        raw = not isinstance(F, TensorNamespace)
        given = [
            wrap(g, spec.type) if g is not None and spec is not None and not isinstance(g, Tensor) else g
            for g, spec in zip(gradients, self.outputs, strict=True)
        ]
        op: Any = self.op
        active = modes.local.interceptors
        with ExitStack() as stack:
            for vectorizer in self.vectorizers:
                if vectorizer not in active:
                    stack.enter_context(modes.intercept(vectorizer))
            results = op.function.pull_back(self, given)
            if self.vectorizers and isinstance(results, (tuple, list)):
                results = [self._inside(g, spec) for g, spec in zip(results, self.arguments, strict=False)]
            elif self.vectorizers:
                results = self._inside(results, self.arguments[0])
        returned = list(results) if isinstance(results, (tuple, list)) else [results]
        while len(returned) > len(self.edges) and returned[-1] is None:
            returned.pop()
        if len(returned) != len(self.edges):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {len(self.edges)}, "
                f"got {len(returned)})\n  it was applied at {self.place}"
            )
        return [self._checked(index, g, raw) for index, g in enumerate(returned)]

    def _inside(self, g: Any, spec: Spec | None) -> Any:
        """The gradient of a part of a batch as one itself."""
        if isinstance(g, Tensor) and spec is not None:
            for vectorizer in self.vectorizers:
                if vectorizer.holds(spec.type):
                    g = vectorizer.lifted(g)
        return g

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
        wanted = spec.type.dtype
        edge = self.edges[index]
        if isinstance(edge, Leaf) and edge.hooks is not None and edge.hooks.grad_dtype is not OWN:
            wanted = edge.hooks.grad_dtype
        if wanted is not None and g._type.dtype is not wanted:
            g = g.to(wanted)
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
        if not all(tensor is None or isinstance(tensor, Tensor) for tensor in tensors):
            raise AssertionError(
                "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes on ctx."
            )
        self.__dict__["_for_forward"] = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs `forward` changed in place; they must be among its outputs."""
        self.__dict__["_dirty"] = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient."""
        self.__dict__["_non_differentiable"] = tensors

    def carry(self, index: int, output: Tensor) -> None:
        """Forward mode: let an output that is saved have the tangents that it has got meanwhile."""
        if isinstance(self.kept, tuple):
            self.kept = tuple(
                entry._replace(tangents=output.__dict__["_tangents"])
                if isinstance(entry, Saved) and entry.output == index
                else entry
                for entry in self.kept
            )

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (the default) or None for outputs that no gradient reached."""
        self.materialize = value

    @property
    def saved_variables(self) -> tuple[Tensor | None, ...]:
        """`saved_tensors`, by the name it had before."""
        warnings.warn(
            "'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning, stacklevel=2
        )
        return self.saved_tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What was saved, as tensors that know where they came from."""
        if "_in_jvp" in self.__dict__:
            return self.__dict__.get("_for_forward", ())  # type: ignore[no-any-return]
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
            node = self.pick(entry.output)
        if entry.tensor is not None and entry.tensor._array is entry.array:
            return entry.tensor
        array = entry.array.open() if isinstance(entry.array, Packed) else entry.array
        tensor = wrap(array, None, node)
        tensor._changes = entry.version
        if entry.tangents:
            tensor.__dict__["_tangents"] = entry.tangents
        return tensor


class _FunctionMeta(type):
    """Gives each Function a class of contexts of its own, named as PyTorch names it."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        cls._context = cls._backward_cls = type(f"{name}Backward", (FunctionCtx,), {})
        cls._op = FunctionOp(name, f"{name}Backward", cls)


class Function(metaclass=_FunctionMeta):
    """Base class of ops with a backward of the user's own.

    Write static methods ``forward(ctx, *args)`` and ``backward(ctx, *grad_outputs)`` (or ``forward(*args)`` and
    ``setup_context(ctx, inputs, output)``), and call ``MyFunction.apply(*args)``. `forward` runs without recording;
    `backward` returns one gradient per argument of `forward`, None for those that have none. Written in differentiable
    ops, it can be differentiated again. An optional ``jvp(ctx, *tangents)`` serves forward mode.

    The transforms of `ag.func` take Functions that have a `setup_context`. Under `vmap` one must also set
    ``generate_vmap_rule = True`` (if all its methods are written in tensor ops), or have a static method
    ``vmap(info, in_dims, *args)``, which gets whole batches and returns ``(output, out_dims)``.

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
    #: the class of the nodes in the graph, by the name it has in PyTorch
    _backward_cls: type[FunctionCtx]
    _op: FunctionOp

    #: whether `vmap` may run the methods on batches as they are
    generate_vmap_rule = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future version "
            "of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function "
            f"with static forward method: {type(self).__name__}.apply(...)"
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

    vjp = backward

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )

    @classmethod
    def pull_back(cls, ctx: FunctionCtx, gradients: Sequence[Any]) -> Any:
        """The user's backward, by whichever name."""
        if cls.vjp is Function.vjp:
            return cls.backward(ctx, *gradients)
        if cls.backward is not Function.backward:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one "
                "of them."
            )
        return cls.vjp(ctx, *gradients)

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the forward and record it."""
        if cls.setup_context is not Function.setup_context:
            if kwargs or len(args) != inspect.unwrap(cls.forward).__code__.co_argcount:
                bound = inspect.signature(cls.forward).bind(*args, **kwargs)
                bound.apply_defaults()
                args, kwargs = bound.args, bound.kwargs
        elif modes.local.transforms:
            raise RuntimeError(
                "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must "
                f"override the setup_context staticmethod.\n  it is {cls.__name__}{errors.here()}"
            )
        return cls.applied(args, kwargs, list(modes.local.interceptors), ())

    @classmethod
    def applied(
        cls, args: tuple[Any, ...], kwargs: dict[str, Any], around: list[Any], vectorizers: tuple[Any, ...]
    ) -> Any:
        """Apply inside the interceptors `around`, of which the innermost that is concerned acts first.

        `vectorizers` are those inside of which the methods themselves run.
        """
        while around:
            interceptor = around.pop()
            if isinstance(interceptor, Level):
                if any(interceptor.tangent(a) is not None for a in args):
                    return cls._pushed(interceptor, args, kwargs, around, vectorizers)
            elif hasattr(interceptor, "apply_function"):
                return interceptor.apply_function(cls, args, kwargs, around, vectorizers)
        return cls._record(args, kwargs, vectorizers)[0]

    @classmethod
    def _pushed(
        cls,
        level: Level,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        around: list[Any],
        vectorizers: tuple[Any, ...],
    ) -> Any:
        """Forward mode: apply one level down, and compute the tangents of the outputs there."""
        interceptors = modes.local.interceptors
        position = interceptors.index(level)
        del interceptors[position]
        ctx: FunctionCtx | None = None
        try:
            alone = not any(hasattr(other, "apply_function") or isinstance(other, Level) for other in around)
            if alone or cls.setup_context is Function.setup_context:
                outputs, ctx = cls._record(args, kwargs, vectorizers)
            else:
                outputs = cls.applied(args, kwargs, around, vectorizers)
                ctx = cls._new_context(args, vectorizers)
                with modes.no_grad():
                    cls.setup_context(ctx, args, outputs)
            ctx.__dict__["_in_jvp"] = True
            given = [_tangent(level, a, ctx.materialize) for a in args]
            versions = [None if t is None else t._changes[0] for t in given]
            tangents = cls.jvp(ctx, *given)
        finally:
            if ctx is not None:
                ctx.__dict__.pop("_in_jvp", None)
            interceptors.insert(position, level)
        values = outputs if isinstance(outputs, tuple) else (outputs,)
        found = tangents if isinstance(tangents, (tuple, list)) else (tangents,)
        if len(values) != len(found):
            raise RuntimeError(
                f"Function's jvp returned an invalid number of forward gradients (expected {len(values)} but got "
                f"{len(found)})\n  it is {cls.__name__}{errors.here()}"
            )
        for index, (out, tangent) in enumerate(zip(values, found, strict=True)):
            if index in ctx.constant and tangent is not None:
                raise RuntimeError(
                    f"Function's jvp returned a gradient at position {index}, but  the corresponding forward output is not a "
                    f"differentiable Tensor.You should return None at that position instead.\n  it is {cls.__name__}"
                    f"{errors.here()}"
                )
            if tangent is not None and isinstance(out, Tensor):
                cls._check_tangent(index, out, tangent)
                for a, own, version in zip(args, given, versions, strict=True):
                    if isinstance(a, Tensor) and own is not None and level.tangent(a) is own:
                        cls._check_shared(out, tangent, a, own, version)
                level.set_tangent(out, tangent)
                ctx.carry(index, out)
        return outputs

    @classmethod
    def _check_tangent(cls, index: int, output: Tensor, tangent: Any) -> None:
        if not isinstance(tangent, Tensor):
            raise RuntimeError(
                f"expected Variable or None (got {type(tangent).__name__}) for grad output {index}.\n"
                f"  the jvp of {cls.__name__} returned it{errors.here()}"
            )
        if tangent._array.shape != output._array.shape:
            raise RuntimeError(
                "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
                f"supported. Tensor is of size {list(output._array.shape)} while the given forward gradient is of size "
                f"{list(tangent._array.shape)}.\n  the jvp of {cls.__name__} returned it{errors.here()}"
            )

    @classmethod
    def _check_shared(
        cls, output: Tensor, tangent: Tensor, input: Tensor, own: Tensor, version: int | None
    ) -> None:
        """Where an output is an input's memory, its tangent must be the memory of that input's tangent."""
        problem = None
        if output is input:
            if tangent is not own or own._changes[0] == version:
                problem = (
                    "An inplace custom Function is not modifying the forward mode gradients inplace. If the forward is "
                    "modifying an input inplace, then the jvp function must modify the corresponding gradient inplace."
                )
        elif output._changes is input._changes:
            if tangent._view is None:
                problem = (
                    "A custom Function's forward is returning a view (or an input as-is) but the jvp is not returning a "
                    "view."
                )
            elif tangent._changes is not own._changes:
                problem = "A custom Function is returning a view but the jvp is not returning a view of the given grad input."
        if problem is not None:
            raise RuntimeError(f"{problem}\n  it is {cls.__name__}{errors.here()}")

    @classmethod
    def _own_output(
        cls, out: Tensor, args: tuple[Any, ...], index: int, count: int, recording: bool
    ) -> Tensor:
        """The Function's own tensor for what `forward` returned: if that is memory of an input, a view that cannot be
        written to, since its history is what the user's backward says."""
        own = alias_of(out)
        own._node = None
        source = next((a for a in args if isinstance(a, Tensor) and a._changes is out._changes), None)
        view = out._view
        as_it_is = any(out is a for a in args)
        if source is None or (not recording and (as_it_is or view is None)):
            return own
        if view is not None and not as_it_is:
            own._view = View(view.base, view.steps, None)
        else:
            own._view = view_of(source, REGISTRY["alias"], {})
        if not recording:
            if not modes.local.grad_enabled:
                own._view.restriction = NO_GRAD_FUNCTION_VIEW
        elif count > 1:
            own._view.restriction = MULTIPLE_OUTPUTS.format(index=index, name=cls.__name__)
        else:
            own._view.restriction = FUNCTION_VIEW.format(index=index, name=cls.__name__)
        return own

    @classmethod
    def _not_an_input(cls, out: Tensor) -> None:
        message = (
            "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should be "
            "passed to ctx.mark_dirty()."
        )
        if out._view is not None:
            raise RuntimeError(f"{message}\n  it is {cls.__name__}{errors.here()}")
        warnings.warn(message, UserWarning, stacklevel=5)

    @classmethod
    def _new_context(cls, args: tuple[Any, ...], vectorizers: tuple[Any, ...]) -> FunctionCtx:
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
        ctx.vectorizers = vectorizers
        ctx.picks = {}
        ctx.constant = frozenset()
        return ctx

    @classmethod
    def _record(
        cls, args: tuple[Any, ...], kwargs: dict[str, Any], vectorizers: tuple[Any, ...]
    ) -> tuple[Any, FunctionCtx]:
        ctx = cls._new_context(args, vectorizers)
        recording = any(ctx.needs_input_grad)
        with modes.no_grad(), modes.within_transforms(len(vectorizers)):
            if cls.setup_context is Function.setup_context:
                result = cls.forward(ctx, *args, **kwargs)
            else:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
        several = isinstance(result, tuple)
        outputs = list(result) if several else [result]
        state = ctx.__dict__
        dirty = {id(t) for t in state.pop("_dirty", ())}
        constant = {id(t) for t in state.pop("_non_differentiable", ())}
        shows_all = state.pop("_materialize_non_diff_grads", True)  # private in PyTorch, too
        to_save: Sequence[Tensor | None] = state.pop("_to_save", ())
        positions = {id(t): index for index, t in enumerate(outputs) if isinstance(t, Tensor)}
        missing = dirty - set(positions)
        if missing:
            raise RuntimeError(
                f"Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
                f"modified inplace must all be outputs of the Function.{errors.here()}"
            )
        inputs = {id(a) for a in args if isinstance(a, Tensor)}
        for each in outputs:
            if id(each) in dirty and id(each) not in inputs:
                cls._not_an_input(each)
        ctx.constant = frozenset(index for index, out in enumerate(outputs) if id(out) in constant)
        if cls.setup_context is not Function.setup_context:
            kept = (*to_save, *state.get("_for_forward", ()))
            if any(id(t) in inputs and id(t) in positions and id(t) not in dirty for t in kept):
                raise RuntimeError(
                    "An input that has been returned as-is as output is being saved for backward. This is not supported if "
                    "you override setup_context. You should return and save a view of the input instead, e.g. with "
                    f"x.view_as(x) or setup ctx inside the forward function itself.\n  it is {cls.__name__}{errors.here()}"
                )
        saved = [_save(t, inputs, positions, dirty, constant) for t in to_save]
        final: list[Any] = []
        count = sum(isinstance(out, Tensor) for out in outputs)
        made: dict[int, Tensor] = {}  # what is returned twice is one output
        for index, out in enumerate(outputs):
            if isinstance(out, Tensor) and id(out) not in dirty:
                # An input that is returned as it is, or a view: the Function's own output, on the same memory.
                if id(out) not in made:
                    made[id(out)] = cls._own_output(out, args, index, count, recording)
                out = made[id(out)]
            final.append(out)
        if recording:
            tensors = [out for out in final if isinstance(out, Tensor)]
            if tensors:
                ctx.type = tensors[0]._type
            ctx.outputs = tuple(
                Spec(out._array.shape, out._type)
                if isinstance(out, Tensor) and (shows_all or id(raw) not in constant)
                else None
                for raw, out in zip(outputs, final, strict=True)
            )
            ctx.kept = tuple(saved) or None
            for index, (raw, out) in enumerate(zip(outputs, final, strict=True)):
                if isinstance(out, Tensor) and id(raw) not in constant and out._type.differentiable:
                    if id(raw) in dirty:
                        if isinstance(out._node, Pick) and out._node.edges[0] is ctx:
                            continue  # returned a second time
                        check_writable(out, cls.__name__)
                        if out._view is not None and len(tensors) > 1:
                            raise RuntimeError(f"{VIEW_CHANGED}\n  it is {cls.__name__}{errors.here()}")
                        before = out._node
                        out._node = ctx.pick(index)
                        rebase(out, before)
                    else:
                        out._node = ctx.pick(index)
            if modes.packing and modes.local.saved_hooks:
                ctx.kept = tuple(_packed(ctx, entry) for entry in saved) or None
        return (tuple(final) if several else final[0]), ctx


class InplaceFunction(Function):
    """A `Function`, by the name that those with in-place forwards had; `FunctionCtx.mark_dirty` is for all of them."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


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
    tangents = tensor.__dict__.get("_tangents")
    itself = tensor if output is None and not tangents and is_leaf(node) and tensor._view is None else None
    return Saved(tensor._array, tensor._changes, tensor._changes[0], node, output, tangents, itself)


def _packed(ctx: FunctionCtx, entry: Saved | None) -> Saved | None:
    """What was saved, in the form that the user's pack hook gives it."""
    tensor = ctx._restore(entry)
    if entry is None or tensor is None:
        return None
    return entry._replace(array=Packed(tensor, *modes.local.saved_hooks[-1]), version=NEVER, expected=0)


def _tangent(level: Level, argument: Any, materialize: bool) -> Tensor | None:
    """What `jvp` gets for an argument: zeros where it has none, if they are wanted."""
    found = level.tangent(argument)
    if found is None and materialize and isinstance(argument, Tensor) and argument._type.differentiable:
        kind = argument._type
        return wrap(kind.namespace.zeros(argument._array.shape, kind.numpy), kind)
    return found


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

    generate_vmap_rule = True

    @staticmethod
    def forward(result: Tensor, *others: Any) -> Tensor:
        return result.clone()

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
