"""Per-thread switches, and the two counters that keep them free of charge while nobody uses them.

An op must not pay a thread-local lookup to learn that everything is as usual. So each switch that leaves its default
is counted, over all threads, in a module-level integer; ops look at the integer and ask their own thread only if it is
not zero.
"""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


class _Local(threading.local):
    """What the current thread has switched. `interceptors` see every op call of the thread, innermost last."""

    grad_enabled: bool = True
    inference: bool = False
    #: how many of `ag.func`'s transforms the running code is inside of
    transforms: int = 0
    #: how many of their backward passes are running
    pulling: int = 0

    def __init__(self) -> None:
        self.interceptors: list[Any] = []
        #: pairs of functions that pack and unpack what nodes keep; the last one counts
        self.saved_hooks: list[tuple[Any, Any]] = []
        #: called with each tensor that is about to be changed in place, while changes of kept tensors are allowed
        self.before_change: Callable[[Any], None] | None = None
        #: why no such pair may be added, if it may not
        self.saved_hooks_refused: str | None = None


local = _Local()
lock = threading.Lock()

#: how many grad-disabling switches are on, in all threads together
grad_disabled = 0
#: how many threads are in inference mode
inferring = 0
#: how many interceptors (forward-mode levels, autocast, guards, ...) are active, in all threads together
intercepting = 0
#: how many pairs of saved-tensor hooks are active, in all threads together
packing = 0


def is_grad_enabled() -> bool:
    """Whether ops in this thread are recorded for backward.

    >>> ag.is_grad_enabled()
    True
    """
    return local.grad_enabled


def is_recording() -> bool:
    """Whether ops in this thread are recorded: grad mode may be turned on within inference mode, to no effect."""
    return (not grad_disabled or local.grad_enabled) and not (inferring and local.inference)


def _switch_grad(enabled: bool) -> bool:
    """Set this thread's grad mode; returns what it was."""
    global grad_disabled
    before = local.grad_enabled
    if before is not enabled:
        local.grad_enabled = enabled
        with lock:
            grad_disabled += -1 if enabled else 1
    return before


class _GradMode:
    """Context manager and decorator (functions, generator functions; of a class, what calling it runs) that sets grad mode
    while it is active."""

    enabled: bool

    def __init__(self) -> None:
        self._before: list[bool] = []

    def clone(self) -> _GradMode:
        """Another one of the same kind, not entered yet."""
        return type(self)()

    def __enter__(self) -> None:
        self._before.append(_switch_grad(self.enabled))

    def __exit__(self, *exception: object) -> None:
        _switch_grad(self._before.pop())

    def __call__(self, function: Wrapped) -> Wrapped:
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                # The mode holds while the generator's own code runs, not while its consumer does.
                inner = function(*args, **kwargs)
                send: Callable[[], Any] = functools.partial(next, inner)
                try:
                    while True:
                        with self.clone():
                            try:
                                value = send()
                            except StopIteration as stop:
                                return stop.value
                        try:
                            sent = yield value
                            send = functools.partial(inner.send, sent)
                        except GeneratorExit:
                            with self.clone():
                                inner.close()
                            raise
                        except BaseException as error:
                            send = functools.partial(inner.throw, error)
                finally:
                    inner.close()

            return cast(Wrapped, generator)
        if inspect.isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate functions "
                "or methods. To preserve the current behavior of class decoration, you can directly decorate the `__init__` "
                "method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )

        @functools.wraps(function, updated=() if inspect.isclass(function) else ("__dict__",))
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return cast(Wrapped, wrapper)


class no_grad(_GradMode):
    """Ops inside are not recorded. Context manager or decorator (with or without parentheses); affects this thread only.

    >>> x = ag.ones(2, requires_grad=True)
    >>> with ag.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    enabled = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        instance = super().__new__(cls)
        if function is None:
            return instance
        _GradMode.__init__(instance)
        return instance(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__()


class enable_grad(no_grad):
    """Ops inside are recorded, even within `no_grad`. Context manager or decorator; affects this thread only.

    >>> x = ag.ones(2, requires_grad=True)
    >>> with ag.no_grad():
    ...     with ag.enable_grad():
    ...         y = x * 2
    >>> y.requires_grad
    True
    """

    enabled = True


class set_grad_enabled(_GradMode):
    """Set grad mode by a flag: as a plain call (at once), as a context manager, or as a decorator.

    >>> with ag.set_grad_enabled(False):
    ...     ag.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.mode = self.enabled = bool(mode)
        self._entry = _switch_grad(self.enabled)

    def clone(self) -> _GradMode:
        return set_grad_enabled(self.enabled)

    def __repr__(self) -> str:
        return f"autograd_gpu.set_grad_enabled(mode={self.mode})"

    def __enter__(self) -> None:
        self._before.append(self._entry)
        _switch_grad(self.enabled)

    def __call__(self, function: Wrapped) -> Wrapped:
        _switch_grad(self._entry)  # as a decorator it changes nothing until the function is called
        return super().__call__(function)


class inference_mode(_GradMode):
    """Ops inside are not recorded, and what they make can never take part in recorded computation: its versions are not
    counted, and keeping it for backward raises. Context manager or decorator (with or without parentheses); this thread only.

    Args:
        mode: False leaves inference mode for a while, inside one.

    >>> with ag.inference_mode():
    ...     x = ag.ones(2) * 3
    >>> x.is_inference()
    True
    """

    enabled = False

    def __new__(cls, mode: bool | Callable[..., Any] = True) -> Any:
        instance = super().__new__(cls)
        if callable(mode):
            instance.__init__(True)  # type: ignore[misc]
            return instance(mode)
        return instance

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = bool(mode)
        self.enabled = not self.mode

    def clone(self) -> _GradMode:
        return inference_mode(self.mode)

    def __enter__(self) -> None:
        self._before.append(_switch_inference(self.mode))
        self._before.append(_switch_grad(self.enabled))

    def __exit__(self, *exception: object) -> None:
        _switch_grad(self._before.pop())
        _switch_inference(self._before.pop())


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in inference mode.

    >>> ag.is_inference_mode_enabled()
    False
    """
    return local.inference


def _switch_inference(on: bool) -> bool:
    """Set this thread's inference mode; returns what it was. Compiled calls stand aside for `apply` while it is on."""
    global inferring, intercepting
    before = local.inference
    if before is not on:
        local.inference = on
        with lock:
            inferring += 1 if on else -1
            intercepting += 1 if on else -1
    return before


class within_transforms:
    """Context manager: the code inside runs within a number of `ag.func`'s transforms, by default one more than around."""

    def __init__(self, count: int | None = None) -> None:
        self.count = local.transforms + 1 if count is None else count

    def __enter__(self) -> None:
        self._before = local.transforms
        local.transforms = self.count

    def __exit__(self, *exception: object) -> None:
        local.transforms = self._before


class within_reverse_transform:
    """Context manager: the code inside is what one of `ag.func`'s reverse transforms differentiates. It is recorded, whatever
    the modes around it are."""

    def __enter__(self) -> None:
        self._grad = _switch_grad(True)
        self._inference = _switch_inference(False)
        local.transforms += 1

    def __exit__(self, *exception: object) -> None:
        local.transforms -= 1
        _switch_inference(self._inference)
        _switch_grad(self._grad)


class within_reverse_pass:
    """Context manager: the code inside computes the results of one of `ag.func`'s reverse transforms, which are ordinary
    tensors in inference mode too."""

    def __enter__(self) -> None:
        self._inference = local.inference
        if self._inference:
            _switch_inference(False)
        local.pulling += 1

    def __exit__(self, *exception: object) -> None:
        local.pulling -= 1
        if self._inference:
            _switch_inference(True)


class intercept:
    """Context manager that shows every op call of this thread to `interceptor` (see `core.op.apply`)."""

    def __init__(self, interceptor: Any) -> None:
        self.interceptor = interceptor

    def __enter__(self) -> Any:
        global intercepting
        local.interceptors.append(self.interceptor)
        with lock:
            intercepting += 1
        return self.interceptor

    def __exit__(self, *exception: object) -> None:
        global intercepting
        local.interceptors.pop()
        with lock:
            intercepting -= 1


class packing_saved_tensors:
    """Context manager: `pack` gets each tensor that this thread's nodes keep, `unpack` gives it back to backward."""

    def __init__(self, pack: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> None:
        self.pair = (pack, unpack)

    def __enter__(self) -> None:
        global intercepting, packing
        if local.saved_hooks_refused is not None:
            raise RuntimeError(local.saved_hooks_refused)
        local.saved_hooks.append(self.pair)
        with lock:
            packing += 1
            intercepting += 1  # compiled calls keep arrays by themselves: they stand aside for `apply`

    def __exit__(self, *exception: object) -> None:
        global intercepting, packing
        local.saved_hooks.pop()
        with lock:
            packing -= 1
            intercepting -= 1
