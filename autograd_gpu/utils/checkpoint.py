"""Layer 6: ``ag.utils.checkpoint``: compute a part of a network again in backward instead of keeping what it needs.

The two variants are PyTorch's. With ``use_reentrant=True`` the forward runs without recording and backward starts a
second `backward` inside the first, so only arguments and leaves get gradients and `autograd.grad` is refused. With
``use_reentrant=False`` the graph is the one that there would be without a checkpoint, but its nodes keep nothing
(`recomputation.py`); everything works as without a checkpoint.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

from autograd_gpu import errors
from autograd_gpu.amp.autocast_mode import remembered
from autograd_gpu.autograd import graph
from autograd_gpu.autograd.function import Function
from autograd_gpu.core import modes
from autograd_gpu.core.backward import backward
from autograd_gpu.core.graph import Tensor, node_of
from autograd_gpu.core.leaves import detach
from autograd_gpu.ops.generators import default_generator, fork_rng
from autograd_gpu.utils.recomputation import CheckpointError, Frame
from autograd_gpu.utils.selective import (
    CheckpointPolicy,
    SelectiveCheckpointContext,
    create_selective_checkpoint_contexts,
)

__all__ = [
    "CheckpointError", "CheckpointPolicy", "SelectiveCheckpointContext", "checkpoint", "checkpoint_sequential",
    "create_selective_checkpoint_contexts", "noop_context_fn", "set_checkpoint_early_stop",
]  # fmt: skip

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]

_PASS_IT = (
    "{name}: the use_reentrant parameter should be passed explicitly. use_reentrant=False is recommended; without it, "
    "use_reentrant=True is taken, as in PyTorch."
)


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
        determinism_check: "default" compares shapes, dtypes and devices of what the second call computes with those in
            the first, "none" does not; only without re-entrance.
        debug: accepted for programs written for PyTorch, only without re-entrance: errors name lines without it.
        early_stop: end the second call as soon as backward has what it needs; only without re-entrance.
        preserve_rng_state: let the second call draw the same random numbers, and leave the stream as it was.
        kwargs: for the function; only without re-entrance.

    Raises:
        ValueError: for options and keyword arguments that the re-entrant variant does not have.
        CheckpointError: in backward, if the second call computes something else.
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
    if not modes.is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    state = default_generator.get_state() if preserve_rng_state else None
    autocast = remembered()

    def again(*args: Any) -> None:
        with ExitStack() as stack:
            stack.enter_context(fork_rng(enabled=state is not None))
            if state is not None:
                default_generator.set_state(state)
            stack.enter_context(autocast())
            stack.enter_context(second)
            function(*args, **kwargs)

    stops = early_stop if _early_stop.override is None else _early_stop.override
    frame = Frame(again, args, stops, determinism_check == "default")
    with modes.packing_saved_tensors(frame.pack, frame.unpack), first:
        return function(*args, **kwargs)


class _EarlyStop(threading.local):
    """What `set_checkpoint_early_stop` says in this thread."""

    override: bool | None = None


_early_stop = _EarlyStop()


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Context manager: whether checkpoints made inside end their second call as soon as backward has what it needs.

    Args:
        enable: takes precedence over the argument `early_stop` of `checkpoint`.

    >>> x = ag.ones(2, requires_grad=True)
    >>> with ag.utils.checkpoint.set_checkpoint_early_stop(False):
    ...     y = ag.utils.checkpoint.checkpoint(lambda x: x.exp().sum(), x, use_reentrant=False)
    >>> y.backward()
    """
    before = _early_stop.override
    _early_stop.override = enable
    try:
        yield
    finally:
        _early_stop.override = before


class _Reentrant(Function):
    """A checkpointed part whose backward starts another backward."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        graph.note_passes()
        ctx.function = function
        ctx.state = default_generator.get_state() if preserve else None
        ctx.autocast = remembered()
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
        with fork_rng(enabled=ctx.state is not None), modes.enable_grad(), ctx.autocast():
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
