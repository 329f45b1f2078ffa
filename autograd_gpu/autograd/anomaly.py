"""Layer 5: where NaN and infinity come from.

- `detect_anomaly` looks at backward: hooks on all nodes of the graph, put on for the length of a pass and taken off again,
  look at what every node returns. The engine knows nothing of it.
- `detect_nonfinite` looks at forward: an interceptor sees every op call, its inputs and its outputs.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ContextDecorator, contextmanager
from functools import partial
from typing import Any

import numpy as np

from autograd_gpu import errors
from autograd_gpu.core import engine, hooks, modes
from autograd_gpu.core.call import describe
from autograd_gpu.core.graph import Leaf, Node, Pick, Tensor, hooks_of, node_of, visible
from autograd_gpu.core.op import Op

# -- backward --------------------------------------------------------------------------------------------------------


class _State:
    """What anomaly mode is set to, for all threads as in PyTorch."""

    enabled = False
    check_nan = True


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on.

    >>> ag.autograd.is_anomaly_enabled()
    False
    """
    return _State.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode, when it is on, raises an error for NaN.

    >>> ag.autograd.is_anomaly_check_nan_enabled()
    True
    """
    return _State.check_nan


def _switch(enabled: bool, check_nan: bool) -> None:
    interceptors = modes.local.interceptors
    with modes.lock:
        # Counted once for the mode, not for each thread that sees it: a thread may end while it is on.
        modes.intercepting += enabled - _State.enabled
        _State.enabled, _State.check_nan = enabled, check_nan
        if (_checked in engine.around) is not enabled:
            (engine.around.append if enabled else engine.around.remove)(_checked)
        # Under all other interceptors: it is a call as it is recorded in the end that has a node.
        if enabled and _remember_traceback not in interceptors:
            interceptors.insert(0, _remember_traceback)
        elif not enabled and _remember_traceback in interceptors:
            interceptors.remove(_remember_traceback)


class set_detect_anomaly:
    """Switch anomaly mode on or off: as a plain call (at once), or as a context manager.

    Args:
        mode: on or off.
        check_nan: raise an error when backward makes NaN; see `detect_anomaly`.

    >>> with ag.autograd.set_detect_anomaly(True):
    ...     ag.autograd.is_anomaly_enabled()
    True
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = _State.enabled, _State.check_nan
        _switch(bool(mode), bool(check_nan))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        _switch(*self._before)


class detect_anomaly:
    """Context manager: find out which forward op a failing backward belongs to.

    While it is on, the first node whose backward returns NaN raises an error that names the node and the line of the
    forward that made it; and every error in backward gets a note with the whole traceback of that forward call, if it ran
    with the mode on too. All passes are slower: use it for debugging.

    Args:
        check_nan: raise an error for NaN; False only adds tracebacks to errors.

    Raises:
        RuntimeError: when a backward returns NaN.

    >>> import warnings
    >>> x = ag.tensor([0.0], requires_grad=True)
    >>> with warnings.catch_warnings(action="ignore"), ag.autograd.detect_anomaly():
    ...     try:
    ...         (x * 0).sqrt().mul(0).backward()
    ...     except RuntimeError as error:
    ...         print(str(error).splitlines()[0])
    Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = bool(check_nan)
        self._before = _State.enabled, _State.check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._before = _State.enabled, _State.check_nan
        _switch(True, self.check_nan)

    def __exit__(self, *exception: object) -> None:
        _switch(*self._before)


@contextmanager
def _checked(roots: Sequence[Node], computed: set[int] | None) -> Iterator[None]:
    """Around one pass of the engine: hooks on every node of the graph."""
    running: list[Node] = []
    handles = []
    for node in engine.reachable(roots):
        if not isinstance(node, (Leaf, Pick)):
            handles.append(hooks.add(node, "pre", partial(_enter, running, node)))
            handles.append(hooks.add(node, "post", partial(_leave, running, node)))
    try:
        yield
    except Exception as error:
        if running:
            story = _story(running[-1])
            error.add_note(story)
            try:
                warnings.warn(story, UserWarning, stacklevel=2)
            except UserWarning:  # warnings are errors here: the error is on its way already
                print(story, file=sys.stderr)
        raise
    finally:
        for handle in handles:
            handle.remove()


def _enter(running: list[Node], node: Node, outputs: tuple[Any, ...]) -> None:
    running[:] = [node]


def _leave(running: list[Node], node: Node, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
    if _State.check_nan:
        for position, g in enumerate(inputs):
            if g is not None and _has_nan(g):
                already = any(given is not None and _has_nan(given) for given in outputs)
                raise RuntimeError(
                    f"Function '{node.name()}' returned nan values in its {position}th output.\n"
                    f"  the forward was at {node.place}\n"
                    f"  the gradient that it got {'had NaN already' if already else 'was free of NaN'}"
                )
    running.clear()


def _has_nan(g: Tensor) -> bool:
    return bool(g._type.namespace.isnan(g._array).any())  # of any example, within a vmap


def _story(node: Node) -> str:
    stack = hooks_of(node).metadata.get("traceback_")
    if stack is None:
        return (
            f"Error detected in {node.name()}, made at {node.place}. No forward traceback: run the forward with "
            "detect_anomaly, too."
        )
    return (
        f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{''.join(stack)}"
    )


def _remember_traceback(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
    """Interceptor that gives nodes the traceback of the forward (``node.metadata["traceback_"]``, as in PyTorch)."""
    result = _pass_on(_remember_traceback, op, inputs, params)
    for out in result if isinstance(result, (tuple, list)) else (result,):
        node = visible(node_of(out))[0] if isinstance(out, Tensor) else None
        if node is not None and not isinstance(node, Leaf):
            hooks_of(node).metadata.setdefault("traceback_", _user_stack())
    return result


def _user_stack() -> list[str]:
    return traceback.format_list(
        [frame for frame in traceback.extract_stack() if frame.filename not in errors.internal]
    )


def _pass_on(interceptor: Callable[..., Any], op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
    """The call as it would be without `interceptor`, which must be the innermost."""
    interceptors = modes.local.interceptors
    position = interceptors.index(interceptor)
    interceptors.remove(interceptor)
    try:
        return op.apply(*inputs, **params)
    finally:
        interceptors.insert(position, interceptor)


# -- forward ---------------------------------------------------------------------------------------------------------


class detect_nonfinite(ContextDecorator):
    """Context manager and decorator: stop at the first op whose result has NaN or infinity though its inputs had none.

    The error is raised where the op was called, so a debugger stops there. It names the op, its arguments, the line, how
    many elements are affected and where the first is, and describes the values of each input. Infinities that were asked
    for (an infinite number as an argument, as in masks) do not count. Affects this thread only.

    Args:
        check_inf: False lets infinities pass, and looks for NaN only.

    Raises:
        FloatingPointError: when an op makes NaN or infinity.

    >>> x = ag.tensor([1.0, 0.0, 4.0])
    >>> with ag.autograd.detect_nonfinite():
    ...     try:
    ...         y = (x - 1).log()
    ...     except FloatingPointError as error:
    ...         print(str(error).splitlines()[0])
    log made 2 values that are not finite (1 NaN, 1 infinite) of 3, the first at index [0]
    """

    def __init__(self, check_inf: bool = True) -> None:
        self.check_inf = bool(check_inf)
        self._open: list[modes.intercept] = []

    def __enter__(self) -> detect_nonfinite:
        guard = modes.intercept(self._guard)
        guard.__enter__()
        self._open.append(guard)
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.pop().__exit__(*exception)

    def _guard(self, op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        result = _pass_on(self._guard, op, inputs, params)
        for out in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(out, Tensor) and self._bad(out) and not self._expected(inputs, params):
                raise FloatingPointError(_what_happened(op, inputs, params, out))
        return result

    def _expected(self, inputs: Sequence[Any], params: dict[str, Any]) -> bool:
        numbers = [value for value in (*inputs, *params.values()) if isinstance(value, (float, complex))]
        return any(map(self._bad, [value for value in inputs if isinstance(value, Tensor)])) or not all(
            np.isfinite(numbers)
        )

    def _bad(self, tensor: Tensor) -> bool:
        if not tensor._type.differentiable:
            return False
        if self.check_inf:
            namespace = tensor._type.namespace
            return not bool(namespace.all(namespace.isfinite(tensor._array)))
        return _has_nan(tensor)


def _host(tensor: Tensor) -> np.ndarray[Any, Any]:
    array = tensor._type.namespace.to_host(tensor._array)
    return np.asarray(array).astype(np.complex128 if tensor._type.is_complex else np.float64)


def _what_happened(op: Op, inputs: Sequence[Any], params: dict[str, Any], out: Tensor) -> str:
    values = _host(out)
    bad = ~np.isfinite(values)
    nans = int(np.isnan(values).sum())
    count = int(bad.sum())
    first = [int(index) for index in np.argwhere(bad)[0]]
    lines = [
        f"{op.name} made {count} value{'s' * (count != 1)} that {'are' if count != 1 else 'is'} not finite ({nans} NaN, "
        f"{count - nans} infinite) of {values.size}, the first at index {first}"
    ]
    for position, value in enumerate(inputs):
        if isinstance(value, Tensor):
            lines.append(f"  {op.groups[min(position, len(op.groups) - 1)]}: {_statistics(value)}")
    return "\n".join(lines) + describe(op, inputs, params)


def _statistics(tensor: Tensor) -> str:
    name = f"{tensor._type.dtype.name}{list(tensor._array.shape)}"
    if not tensor._array.size:
        return f"{name}, empty"
    values = _host(tensor)
    prefix = "absolute values: " if np.iscomplexobj(values) else ""
    values = np.abs(values) if prefix else values
    return (
        f"{name}, {prefix}min {values.min():.6g}, max {values.max():.6g}, mean {values.mean():.6g}, "
        f"{int((values == 0).sum())} zeros, {int((values < 0).sum())} negative"
    )
