"""Tensors that a module owns: `Parameter`s are trained, `Buffer`s are only kept with them."""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.leaves import require_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.tensor import Tensor

__all__ = ["Buffer", "Parameter", "type_name"]


class _Owned(Tensor):
    """A tensor of a subclass on the memory (and version) of another one."""

    __slots__ = ()

    @classmethod
    def _on(cls, data: Any) -> Any:
        if data is None:
            data = FUNCTIONS["empty"](0)
        if not isinstance(data, Tensor):
            raise TypeError(
                f"{cls.__name__}(): argument 'data' must be Tensor or None, not "
                f"{type(data).__name__}{errors.here()}"
            )
        self = object.__new__(cls)
        self._array = data._array
        self._type = data._type
        self._node = None
        self._view = None
        self._changes = data._changes
        self._grad = None
        return self


class Parameter(_Owned):
    """A tensor that a module registers when it is assigned to an attribute, and that an optimiser trains.

    Args:
        data: the tensor whose memory it uses (not a copy); None: an empty tensor of shape (0,).
        requires_grad: whether it collects gradients.

    Results of ops on it are plain tensors.

    Raises:
        RuntimeError: a dtype that has no gradients, with ``requires_grad=True``.
        TypeError: `data` is not a tensor.

    >>> ag.nn.Parameter(ag.tensor([1.0, 2.0]))
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        self: Parameter = cls._on(data)
        return require_grad(self) if requires_grad else self  # type: ignore[return-value]

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A parameter with a copy of the values and, as in PyTorch, no ``.grad``."""
        twin = memo.get(id(self))
        if twin is None:
            twin = memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return twin


class Buffer(_Owned):
    """A tensor that a module keeps in its `state_dict` and moves between devices, but that is not trained.

    Args:
        data: the tensor whose memory it uses; None: an empty tensor of shape (0,).
        persistent: whether `state_dict` includes it.

    >>> class Counter(ag.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.count = ag.nn.Buffer(ag.tensor(0))
    >>> dict(Counter().state_dict())
    {'count': tensor(0)}
    """

    __slots__ = ()
    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        self: Buffer = cls._on(data)
        self.persistent = persistent
        if isinstance(data, Tensor) and data.requires_grad:
            require_grad(self)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        twin = memo.get(id(self))
        if twin is None:
            twin = memo[id(self)] = type(self)(self.data.clone(), persistent=self.persistent)
        return twin


def type_name(value: Any) -> str:
    """A value's class as PyTorch spells it in messages: ``int``, ``autograd_gpu.nn.linear.Linear``."""
    if isinstance(value, Tensor) and type(value) is Tensor:
        return f"autograd_gpu.{value._type.dtype.scalar_name}Tensor"
    module = type(value).__module__
    name = type(value).__qualname__
    return name if module in ("builtins", "", None) else f"{module}.{name}"
