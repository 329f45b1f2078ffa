"""`autocast`: inside a region, each op runs in the dtype that suits it, whatever dtype its operands have.

The region shows every op call of the thread to an interceptor (`core.modes`), which casts the operands as the lists in
`lists.py` say and lets the call go on. The casts are recorded like any others, so gradients come back in the dtype of the
parameters. Outside of regions nothing is asked.

Casts of parameters (float32 leaves that want a gradient) are remembered until the outermost region ends: a weight that
is used often is cast once. A weight that is changed in place within the region is cast anew.
"""

from __future__ import annotations

import functools
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.amp.lists import BANNED, BANNED_MESSAGE, FULL, LOWER, policy_of
from autograd_gpu.core import modes
from autograd_gpu.core.call import REGISTRY, apply
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.leaves import is_leaf
from autograd_gpu.core.op import Op
from autograd_gpu.device import Device, cuda_unavailable_reason, type_of_array

__all__ = [
    "autocast",
    "autocast_decrement_nesting",
    "autocast_increment_nesting",
    "clear_autocast_cache",
    "get_autocast_dtype",
    "is_autocast_available",
    "is_autocast_cache_enabled",
    "is_autocast_enabled",
    "set_autocast_cache_enabled",
    "set_autocast_dtype",
    "set_autocast_enabled",
]

DEVICES = ("cpu", "cuda")
_HALVES = (dtypes.bfloat16, dtypes.float16)


class _State(threading.local):
    """A thread's own setting. A new thread starts with autocast off."""

    def __init__(self) -> None:
        self.enabled = dict.fromkeys(DEVICES, False)
        self.dtype = {"cpu": dtypes.bfloat16, "cuda": dtypes.float16}
        self.cache_enabled = True
        self.nesting = 0
        #: id of a parameter and whether gradients were recorded -> (the parameter, its version, its cast)
        self.casts: dict[tuple[int, bool], tuple[weakref.ref[Tensor], int, Tensor]] = {}
        self.interceptor = _Interceptor(self)
        self.intercepted = False


class _Interceptor:
    """Sees the op calls of one thread; see `core.modes.intercept`."""

    def __init__(self, state: _State) -> None:
        # A threading.local held by a per-thread object of itself: attribute access finds the right thread's values.
        self.state = state

    def __call__(self, op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        device, plain = None, True
        for value in inputs:
            if isinstance(value, Tensor):
                device = device or value._type.device.type
                plain = plain and value._array.__class__ in type_of_array
        policy = policy_of(device, op.name, params) if device and self.state.enabled[device] else None
        return self._go_on(self._compute, op, inputs, params, device, policy, plain)

    def _compute(
        self,
        op: Op,
        inputs: Sequence[Any],
        params: dict[str, Any],
        device: Any,
        policy: str | None,
        plain: bool,
    ) -> Any:
        if policy is not None:
            target = self._target(device, policy, _tensors(inputs))
            inputs = [self._cast(value, device, target) for value in inputs]
        if plain:
            return op.apply(*inputs, **params)
        return apply(op, inputs, params)  # batches of vmap

    def whole(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """A call of a function that is made of several ops, see `ops.compositions`."""
        device = self._device((*args, *kwargs.values()))
        policy = None if device is None else policy_of(device, name, {})
        if device is None or policy is None:
            return function(*args, **kwargs)

        def run() -> Any:
            target = self._target(device, policy, _tensors((args, kwargs)))
            return function(*self._cast(args, device, target), **self._cast(kwargs, device, target))

        return self._go_on(run)

    def _go_on(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function with autocast out of the way."""
        interceptors = modes.local.interceptors
        position = interceptors.index(self)
        del interceptors[position]
        with modes.lock:
            modes.intercepting -= (
                1  # so that, if nobody else looks, calls are as fast as they are without autocast
            )
        try:
            return function(*args)
        finally:
            interceptors.insert(position, self)
            with modes.lock:
                modes.intercepting += 1

    def _device(self, values: Any) -> str | None:
        """The type of the first tensor's device, if autocast is enabled for it."""
        enabled = self.state.enabled
        for value in values:
            if isinstance(value, Tensor):
                kind = value._type.device.type
                return kind if enabled[kind] else None
            if isinstance(value, (list, tuple)):
                found = self._device(value)
                if found is not None:
                    return found
        return None

    def _target(self, device: str, policy: str, tensors: Iterator[Tensor]) -> dtypes.DType:
        if policy == BANNED:
            raise RuntimeError(f"{BANNED_MESSAGE}{errors.here()}")
        if policy == FULL:
            return dtypes.float32
        if policy == LOWER:
            return self.state.dtype[device]
        wide = any(t._type.dtype is dtypes.float32 for t in tensors if t._type.device.type == device)
        return dtypes.float32 if wide else self.state.dtype[device]

    def _cast(self, value: Any, device: str, target: dtypes.DType) -> Any:
        if isinstance(value, Tensor):
            kind = value._type
            if (
                kind.dtype is target
                or not kind.dtype.is_floating_point
                or kind.dtype is dtypes.float64
                or kind.device.type != device
            ):
                return value
            return self._cast_tensor(value, target)
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            return type(value)(self._cast(each, device, target) for each in value)
        if isinstance(value, dict):
            return {name: self._cast(each, device, target) for name, each in value.items()}
        return value

    def _cast_tensor(self, tensor: Tensor, target: dtypes.DType) -> Tensor:
        cast: Callable[..., Tensor] = REGISTRY["cast"].apply
        state = self.state
        node = tensor._node
        if (
            target is dtypes.float32
            or not state.cache_enabled
            or tensor._type.dtype is not dtypes.float32
            or node is None
            or not is_leaf(node)
            or tensor._view is not None
        ):
            return cast(tensor, dtype=target.numpy)
        key = id(tensor), modes.local.grad_enabled
        version = tensor._changes[0]
        found = state.casts.get(key)
        if found is not None:
            source, seen, made = found
            if source() is tensor and seen == version and made._type.dtype is target:
                return made
        made = cast(tensor, dtype=target.numpy)
        state.casts[key] = weakref.ref(tensor), version, made
        return made


_state = _State()


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _tensors(each)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


# -- the switches --------------------------------------------------------------------------------------------


def _device_type(device_type: Any, function: str) -> str:
    if not isinstance(device_type, str):
        raise TypeError(
            f"{function}(): argument 'device_type' must be str, not {type(device_type).__name__}{errors.here()}"
        )
    return Device(device_type).type


def is_autocast_available(device_type: str) -> bool:
    """Whether there is an autocast for a type of device: "cpu" and "cuda" have one.

    >>> ag.amp.is_autocast_available("cpu")
    True
    """
    return _device_type(device_type, "is_autocast_available") in DEVICES


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether this thread is inside of an `autocast` region for a type of device.

    >>> ag.is_autocast_enabled("cpu")
    False
    """
    return _state.enabled[_device_type(device_type, "is_autocast_enabled")]


def get_autocast_dtype(device_type: str) -> dtypes.DType:
    """The lower precision of a type of device: bfloat16 on the CPU and float16 on CUDA, unless it was set.

    >>> ag.get_autocast_dtype("cpu")
    ag.bfloat16
    """
    return _state.dtype[_device_type(device_type, "get_autocast_dtype")]


def set_autocast_dtype(device_type: str, dtype: dtypes.DType) -> None:
    """Set the lower precision of a type of device, in this thread."""
    _state.dtype[_device_type(device_type, "set_autocast_dtype")] = dtype


def set_autocast_enabled(device_type: str | bool, enabled: bool | None = None) -> None:
    """Switch autocast on or off in this thread; the context manager `autocast` is safer. Without a device type, for CUDA."""
    if enabled is None:
        device_type, enabled = "cuda", bool(device_type)
    _state.enabled[_device_type(device_type, "set_autocast_enabled")] = bool(enabled)
    if enabled:
        _intercept(0)
    elif _state.nesting == 0 and not any(_state.enabled.values()):
        _let_pass()


def is_autocast_cache_enabled() -> bool:
    """Whether casts of parameters are remembered until the outermost `autocast` region ends.

    >>> ag.is_autocast_cache_enabled()
    True
    """
    return _state.cache_enabled


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Set whether casts of parameters are remembered, in this thread."""
    _state.cache_enabled = bool(enabled)


def clear_autocast_cache() -> None:
    """Forget the casts of parameters that this thread has made."""
    _state.casts.clear()


def autocast_increment_nesting() -> int:
    """Count one more region around this thread; returns the new depth."""
    _state.nesting += 1
    return _state.nesting


def autocast_decrement_nesting() -> int:
    """Count one region less; returns the new depth."""
    _state.nesting -= 1
    return _state.nesting


def _intercept(position: int | None = None) -> bool:
    """Put the interceptor among the thread's, if anything is enabled; returns whether it was not there before.

    A region is left before what surrounds it: its place is the end. A switch may stay on for longer: its place is 0."""
    if _state.intercepted or not any(_state.enabled.values()):
        return False
    interceptors = modes.local.interceptors
    interceptors.insert(len(interceptors) if position is None else position, _state.interceptor)
    with modes.lock:
        modes.intercepting += 1
    _state.intercepted = True
    return True


def _let_pass() -> None:
    """Take the interceptor away."""
    if _state.intercepted:
        modes.local.interceptors.remove(_state.interceptor)
        with modes.lock:
            modes.intercepting -= 1
        _state.intercepted = False


class _Region:
    """What `autocast` and `remembered` do on the way in and out."""

    def __init__(self) -> None:
        self._before: list[tuple[dict[str, bool], dict[str, dtypes.DType], bool, bool]] = []

    def enter(self, enabled: dict[str, bool], lower: dict[str, dtypes.DType], cache_enabled: bool) -> None:
        state = _state
        before = dict(state.enabled), dict(state.dtype), state.cache_enabled
        state.enabled.update(enabled)
        state.dtype.update(lower)
        state.cache_enabled = cache_enabled
        autocast_increment_nesting()
        self._before.append((*before, _intercept()))

    def leave(self) -> None:
        state = _state
        enabled, lower, state.cache_enabled, began = self._before.pop()
        if autocast_decrement_nesting() == 0:
            clear_autocast_cache()
        state.enabled.update(enabled)
        state.dtype.update(lower)
        if began:
            _let_pass()


class autocast(_Region):
    """Context manager and decorator: ops inside run in mixed precision.

    Matrix products and convolutions run in `dtype`, ops that need range or precision (losses; on CUDA also exponentials,
    sums, norms) in float32, others in the dtype of their operands. The lists are PyTorch's. Use it for the forward and the
    loss; backward runs in the dtypes of the forward by itself. float64 and integer tensors are left alone.

    Args:
        device_type: "cuda" or "cpu": tensors of which devices are meant.
        dtype: float16 or bfloat16 (on the CPU the default, which needs the package ml_dtypes; on CUDA float16).
        enabled: False switches autocast off inside, also within another region.
        cache_enabled: whether the cast of a parameter is remembered within the outermost region.

    Raises:
        RuntimeError: another type of device.
        ValueError: `device_type` is not a string.

    Source: P. Micikevicius et al., "Mixed precision training", arXiv:1710.03740.

    >>> layer = ag.nn.Linear(3, 2)
    >>> with ag.autocast("cpu", dtype=ag.float16):
    ...     y = layer(ag.ones(1, 3))
    >>> y.dtype, layer.weight.dtype
    (ag.float16, ag.float32)
    """

    def __init__(
        self,
        device_type: str,
        dtype: dtypes.DType | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(device_type, str):
            raise ValueError(
                f"Expected `device_type` of type `str`, got: `{type(device_type)}`{errors.here()}"
            )
        if Device(device_type).type != device_type:
            raise RuntimeError(
                f"User specified an unsupported autocast device_type '{device_type}'{errors.here()}"
            )
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        if enabled and device_type == "cuda" and cuda_unavailable_reason() is not None:
            warnings.warn(
                f"CUDA is not available. Disabling autocast. ({cuda_unavailable_reason()})", stacklevel=2
            )
            enabled = False
        elif enabled and self.fast_dtype not in _HALVES:
            warnings.warn(
                f"In {device_type.upper()} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"{device_type.upper()} Autocast only supports dtypes of "
                f"{', '.join(map(str, _HALVES))} currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = bool(enabled)

    def __enter__(self) -> autocast:
        if self._enabled:
            self.fast_dtype.numpy  # noqa: B018 - bfloat16 without ml_dtypes fails here, with the remedy
        self.enter({self.device: self._enabled}, {self.device: self.fast_dtype}, self._cache_enabled)
        return self

    def __exit__(self, *exception: object) -> None:
        self.leave()

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(func):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(func).__name__}. "
                f"Did you mean to use autocast as a context manager? For example:\n"
                f"    with ag.autocast(device_type=...):\n"
                f"        output = model(input)"
            )

        @functools.wraps(func)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return decorated


def remembered() -> Callable[[], Any]:
    """The present setting, as a function that makes a context manager in which it holds again, in any thread.

    For what is computed twice (checkpoints): casts of parameters are not shared with the surroundings, so that each
    computation has its own."""
    enabled, lower = dict(_state.enabled), dict(_state.dtype)

    @contextmanager
    def again() -> Iterator[None]:
        region = _Region()
        region.enter(enabled, lower, cache_enabled=False)
        try:
            yield
        finally:
            region.leave()

    return again


# -- a user's own functions ----------------------------------------------------------------------------------


def _converted(value: Any, device_type: str, dtype: dtypes.DType) -> Any:
    """Floating tensors of a device (not float64) in nested containers as `dtype`."""
    if isinstance(value, Tensor):
        kind = value._type
        eligible = (
            kind.dtype.is_floating_point
            and kind.device.type == device_type
            and kind.dtype is not dtypes.float64
        )
        return value.to(dtype) if eligible else value
    if isinstance(value, Mapping):
        return {
            _converted(key, device_type, dtype): _converted(each, device_type, dtype)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return type(value)(_converted(each, device_type, dtype) for each in value)
    return value


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: dtypes.DType | None = None
) -> Any:
    """Decorator for the ``forward`` of an `autograd.Function` that is used under `autocast`.

    Args:
        fwd: the method.
        device_type: "cuda" or "cpu".
        cast_inputs: inside of an autocast region, floating inputs (not float64) are cast to this dtype, and ``forward``
            runs with autocast off. None: ``forward`` runs under autocast as it is.

    Raises:
        ValueError: `device_type` is not a string.

    >>> class Product(ag.autograd.Function):
    ...     @staticmethod
    ...     @ag.amp.custom_fwd(device_type="cpu", cast_inputs=ag.float32)
    ...     def forward(ctx, a, b):
    ...         ctx.save_for_backward(a, b)
    ...         return a @ b
    ...     @staticmethod
    ...     @ag.amp.custom_bwd(device_type="cpu")
    ...     def backward(ctx, g):
    ...         a, b = ctx.saved_tensors
    ...         return g @ b.T, a.T @ g
    >>> with ag.autocast("cpu", dtype=ag.float16):
    ...     Product.apply(ag.ones(2, 2, dtype=ag.float16), ag.ones(2, 2)).dtype
    ag.float32
    """
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`{errors.here()}")
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(*args: Any, **kwargs: Any) -> Any:
        ctx = args[0]
        ctx._dtype = get_autocast_dtype(device_type)
        enabled = is_autocast_enabled(device_type)
        ctx._fwd_used_autocast = enabled and cast_inputs is None
        if cast_inputs is None or not enabled:
            return fwd(*args, **kwargs)
        with autocast(device_type=device_type, enabled=False):
            return fwd(
                *_converted(args, device_type, cast_inputs), **_converted(kwargs, device_type, cast_inputs)
            )

    return forward


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Decorator for the ``backward`` of an `autograd.Function`: it runs under the autocast setting that its ``forward``
    (decorated with `custom_fwd`) had.

    Args:
        bwd: the method.
        device_type: "cuda" or "cpu".

    Raises:
        ValueError: `device_type` is not a string.
    """
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`{errors.here()}")
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(*args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, enabled=args[0]._fwd_used_autocast, dtype=args[0]._dtype):
            return bwd(*args, **kwargs)

    return backward
