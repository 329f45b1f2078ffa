"""Layer 6: ``ag.utils.checkpoint``: compute a part of a network again in backward instead of keeping what it needs.

A checkpointed part is one node of the graph. It keeps the arguments of the part's function; backward calls the function
again, recorded this time, and goes through the graph of that call.

The two variants are PyTorch's. With ``use_reentrant=True`` the forward runs without recording and backward starts a
second `backward` inside the first, so only arguments and leaves get gradients and `autograd.grad` is refused. With
``use_reentrant=False`` the first call is recorded just long enough to learn which tensors the part depends on (those the
function closes over, too); these are the inputs of the node, and everything works as without a checkpoint.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from autograd_gpu import errors
from autograd_gpu.autograd import graph
from autograd_gpu.autograd.function import Function, FunctionCtx, FunctionOp, Saved
from autograd_gpu.core import engine, modes
from autograd_gpu.core.backward import backward
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import Node, Pick, Spec, Tensor, alias_of, next_sequence, node_of
from autograd_gpu.core.leaves import detach
from autograd_gpu.core.op import TensorNamespace
from autograd_gpu.ops.generators import default_generator, fork_rng

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn"]

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]

_PASS_IT = (
    "{name}: the use_reentrant parameter should be passed explicitly. use_reentrant=False is recommended; without it, "
    "use_reentrant=True is taken, as in PyTorch."
)


class CheckpointError(RuntimeError):
    """Raised when a function does something else when it is called again in backward."""


def noop_context_fn() -> Contexts:
    """The default `context_fn`: two contexts that do nothing."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, of which only the arguments are kept for backward; the rest is computed again.

    Args:
        function: must do the same when it is called again.
        use_reentrant: see the module's text; False is recommended. Without it there is a warning, and True is taken.
        context_fn: returns two context managers, for the first call and for the second; only without re-entrance.
        determinism_check: "default" compares the outputs' shapes and dtypes in the second call with those in the first,
            "none" does not; only without re-entrance.
        debug: accepted for programs written for PyTorch, only without re-entrance: errors name lines without it.
        early_stop: accepted for programs written for PyTorch: the function is always computed to its end.
        preserve_rng_state: let the second call draw the same random numbers, and leave the stream as it was.
        kwargs: for the function; only without re-entrance.

    Raises:
        ValueError: for options and keyword arguments that the re-entrant variant does not have.
        CheckpointError: in backward, if the second call gives other outputs.
        RuntimeError: in backward, if an argument was changed in place, or for `autograd.grad` with re-entrance.

    >>> w = ag.ones(3, 3, requires_grad=True)
    >>> x = ag.ones(2, 3)
    >>> y = ag.utils.checkpoint.checkpoint(lambda x: (x @ w).tanh().exp(), x, use_reentrant=False)
    >>> ag.autograd.memory(y).total  # x, and no result in between
    24
    >>> ag.autograd.grad(y.sum(), w)[0].shape
    ag.Size([3, 3])
    """
    if use_reentrant is None:
        warnings.warn(_PASS_IT.format(name="checkpoint"), stacklevel=2)
        use_reentrant = True
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'] but got {determinism_check}{errors.here()}"
        )
    if use_reentrant:
        if kwargs:
            raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}{errors.here()}")
        if context_fn is not noop_context_fn or debug:
            raise ValueError(
                f"Passing `context_fn` or `debug` is only supported when use_reentrant=False.{errors.here()}"
            )
        if not any(isinstance(each, Tensor) and node_of(each) is not None for each in args):
            warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)
        return _Reentrant.apply(function, preserve_rng_state, *args)
    first, second = context_fn()
    state = default_generator.get_state() if preserve_rng_state else None
    if not modes.is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    start = next_sequence()
    with first:
        result = function(*args, **kwargs)
    outputs = [out for out in _tensors(result) if _made_since(start, out)]
    if not outputs:
        return result
    node = _Recomputed.__new__(_Recomputed)
    node.prepare(function, args, kwargs, second, state, determinism_check == "default", start, outputs)
    replaced = {id(out): node.output(index, out) for index, out in enumerate(outputs)}
    return _rebuilt(result, replaced)


def _made_since(start: int, tensor: Tensor) -> bool:
    node = node_of(tensor)
    return node is not None and node.sequence > start


def _tensors(value: Any) -> list[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [each for item in value for each in _tensors(item)] if isinstance(value, (tuple, list)) else []


def _rebuilt(value: Any, replaced: dict[int, Tensor]) -> Any:
    if isinstance(value, Tensor):
        return replaced.get(id(value), value)
    if isinstance(value, dict):
        return type(value)((key, _rebuilt(item, replaced)) for key, item in value.items())
    if isinstance(value, (tuple, list)):
        items = [_rebuilt(item, replaced) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


class _Recomputed(FunctionCtx):
    """The node of a checkpointed part, without re-entrance. Its edges are all nodes that the part got values from."""

    def prepare(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        context: AbstractContextManager[Any],
        state: Tensor | None,
        check: bool,
        start: int,
        outputs: Sequence[Tensor],
    ) -> None:
        inside = _inside([node for out in outputs if (node := node_of(out)) is not None], start)
        outside = {
            edge.sequence: edge for node in inside for edge in node.edges if edge and edge.sequence < start
        }
        self.op = FunctionOp("checkpoint", "CheckpointBackward", None)  # type: ignore[assignment]
        self.edges = tuple(outside.values())
        self.arguments = tuple(Spec(edge.shape, edge.type) for edge in outside.values())
        self.needs_input_grad = (True,) * len(self.edges)
        self.kept = (
            tuple(
                Saved(each._array, each._changes, each._changes[0], node_of(each), None)
                for each in args
                if isinstance(each, Tensor)
            )
            or None
        )
        self.params = {}
        self.pull = None
        self.hooks = None
        self.materialize = False
        self.shape = ()
        self.type = outputs[0]._type
        self.outputs = tuple(Spec(out._array.shape, out._type) for out in outputs)
        self.sequence = next_sequence()
        self.code, self.offset = errors.user_frame()
        self.call = function, tuple(None if isinstance(each, Tensor) else each for each in args), kwargs
        self.tensor_positions = [i for i, each in enumerate(args) if isinstance(each, Tensor)]
        self.context, self.state, self.check = context, state, check

    def output(self, index: int, out: Tensor) -> Tensor:
        """The output as users get it: the same memory, made by this node."""
        made = alias_of(out)
        made._node = Pick(self, index)
        made.__dict__.update(out.__dict__)
        return made

    def run(self, F: Any, gradients: list[Any], kept: tuple[Any, ...] | None = None) -> list[Any]:
        """Call the function again, and go backward through it."""
        # The second call's graph ends in stand-ins for the nodes outside, so that hooks there run once, in the outer pass.
        standins = {edge.sequence: _standin(edge) for edge in self.edges if edge is not None}
        start = next_sequence()
        outputs = self._again(start)
        nodes = [node_of(out) for out in outputs]
        for node in _inside([node for node in nodes if node is not None], start):
            node.edges = tuple(None if e is None else standins.get(e.sequence, e) for e in node.edges)
        pairs = [
            (node, g) for node, g in zip(nodes, gradients, strict=True) if node is not None and g is not None
        ]
        return engine.run(
            [node for node, _ in pairs],
            [g for _, g in pairs],
            wanted=list(standins.values()),
            create_graph=isinstance(F, TensorNamespace),
            retain_graph=isinstance(F, TensorNamespace),
        )

    def _again(self, start: int) -> list[Tensor]:
        function, given, kwargs = self.call
        args = list(given)
        for position, tensor in zip(self.tensor_positions, self.saved_tensors, strict=True):
            args[position] = tensor
        with fork_rng(enabled=self.state is not None), modes.enable_grad(), self.context:
            if self.state is not None:
                default_generator.set_state(self.state)
            result = function(*args, **kwargs)
        outputs = [out for out in _tensors(result) if _made_since(start, out)]
        found = [(tuple(out._array.shape), out._type) for out in outputs]
        expected = [(spec.shape, spec.type) for spec in self.outputs]
        if len(found) != len(expected) or (self.check and found != expected):
            raise CheckpointError(
                "ag.utils.checkpoint: Recomputed values have different metadata than during the forward pass.\n"
                f"  then: {', '.join(_said(*each) for each in expected)}\n"
                f"  now: {', '.join(_said(*each) for each in found)}\n  the checkpoint is at {self.place}"
            )
        return outputs


def _said(shape: tuple[int, ...], type: Any) -> str:
    return f"{type.dtype.name}{list(shape)}"


def _inside(roots: Sequence[Node], start: int) -> list[Node]:
    """The nodes below `roots` that were made after `start`."""
    found: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.sequence > start and node.sequence not in found:
            found[node.sequence] = node
            stack += [edge for edge in node.edges if edge is not None]
    return list(found.values())


def _standin(node: Node) -> Node:
    """A node that passes gradients on to `node` as they are."""
    op = REGISTRY["alias"]
    made = Node()
    made.op, made.edges, made.pull, made.kept, made.params = op, (node,), op.pull(1, 1), None, {}
    made.sequence, made.shape, made.type, made.hooks = next_sequence(), node.shape, node.type, None
    made.code, made.offset = node.code, node.offset
    return made


class _Reentrant(Function):
    """A checkpointed part whose backward starts another backward."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        graph.note_passes()
        ctx.function = function
        ctx.state = default_generator.get_state() if preserve else None
        ctx.given = [None if isinstance(each, Tensor) else each for each in args]
        ctx.wanted = ctx.needs_input_grad[2:]
        ctx.positions = [position for position, each in enumerate(args) if isinstance(each, Tensor)]
        ctx.save_for_backward(*(args[position] for position in ctx.positions))
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        if not graph.reaches_all_leaves():
            raise RuntimeError(
                "When use_reentrant=True, ag.utils.checkpoint is incompatible with .grad() or passing an `inputs` parameter "
                "to .backward(). To resolve this error, you can either set use_reentrant=False, or call .backward() without "
                f"passing the `inputs` argument.\n  the checkpoint is at {ctx.place}"
            )
        args = list(ctx.given)
        for position, tensor in zip(ctx.positions, ctx.saved_tensors, strict=True):
            args[position] = detach(tensor)
            if ctx.wanted[position]:
                args[position].requires_grad_()
        with fork_rng(enabled=ctx.state is not None), modes.enable_grad():
            if ctx.state is not None:
                default_generator.set_state(ctx.state)
            result = ctx.function(*args)
        outputs = result if isinstance(result, tuple) else (result,)
        pairs = [
            (out, g)
            for out, g in zip(outputs, gradients, strict=True)
            if isinstance(out, Tensor) and node_of(out) is not None
        ]
        if not pairs:
            raise RuntimeError(
                f"none of output has requires_grad=True, this checkpoint() is not necessary\n  it is at {ctx.place}"
            )
        backward([out for out, _ in pairs], [g for _, g in pairs])
        return None, None, *(each._grad if isinstance(each, Tensor) else None for each in args)


def checkpoint_sequential(
    functions: Any,
    segments: int,
    input: Tensor,
    use_reentrant: bool | None = None,
    *,
    preserve_rng_state: bool = True,
) -> Any:
    """Run functions one after the other in segments, each but the last checkpointed.

    Args:
        functions: a sequence of functions or modules, or an `nn.Sequential`.
        segments: into how many parts the sequence is divided.
        input: what the first function gets; the others get what the one before returned.
        use_reentrant, preserve_rng_state: as for `checkpoint`.

    >>> layers = [lambda x: x.tanh(), lambda x: x * x, lambda x: x.exp()]
    >>> x = ag.zeros(2, requires_grad=True)
    >>> y = ag.utils.checkpoint.checkpoint_sequential(layers, 3, x, use_reentrant=False)
    >>> y.tolist()
    [1.0, 1.0]
    """
    if use_reentrant is None:
        warnings.warn(_PASS_IT.format(name="checkpoint_sequential"), stacklevel=2)
        use_reentrant = True
    steps = list(functions)

    def part(start: int, end: int) -> Callable[[Any], Any]:
        def run(value: Any) -> Any:
            for step in steps[start:end]:
                value = step(value)
            return value

        return run

    size = len(steps) // segments
    last = size * (segments - 1)
    value: Any = input
    for start in range(0, last, size or 1):
        value = checkpoint(
            part(start, start + size),
            value,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserve_rng_state,
        )
    return part(last, len(steps))(value)
