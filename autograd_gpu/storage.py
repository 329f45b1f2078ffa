"""Layer 4: the memory of tensors, and the names that PyTorch's first versions had for making them.

PyTorch's tensors are views of a storage; ours are views of an array. What programs do with a storage is to compare
addresses and to count bytes: `UntypedStorage` answers that. Sharing memory between processes it cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Leaf, Tensor, bump, node_of
from autograd_gpu.core.inplace import check_writable
from autograd_gpu.core.leaves import LEAF
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.device import Device
from autograd_gpu.ops import creation

__all__ = ["UntypedStorage", "layout", "strided"]


class layout:
    """How a tensor lies in memory. There is one: `ag.strided`, an address and a step for each dimension.

    >>> ag.ones(2).layout
    ag.strided
    """

    def __repr__(self) -> str:
        return "ag.strided"

    def __reduce__(self) -> str:
        return "strided"


strided = layout()


class UntypedStorage:
    """The memory that a tensor is a view of; made by `Tensor.untyped_storage`.

    >>> x = ag.zeros(3, 4)
    >>> x[1].untyped_storage().data_ptr() == x.data_ptr()
    True
    >>> x[1].untyped_storage().nbytes()
    48
    """

    def __init__(self, tensor: Tensor) -> None:
        array = tensor._array
        while hasattr(array.base, "strides"):
            array = array.base
        self._array = array
        self._address = tensor._type.namespace.address
        #: where the memory is
        self.device: Device = tensor._type.device

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return int(self._address(self._array))

    def nbytes(self) -> int:
        """The number of bytes."""
        return int(self._array.nbytes)

    size = nbytes
    __len__ = nbytes

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UntypedStorage):
            return NotImplemented
        return self.data_ptr() == other.data_ptr() and self.device == other.device

    def __hash__(self) -> int:
        return hash(self.data_ptr())

    def __repr__(self) -> str:
        return f"<ag.UntypedStorage of {self.nbytes()} bytes at {self.data_ptr():#x} on {self.device}>"


def _attach(function: Callable[..., Any]) -> Callable[..., Any]:
    setattr(Tensor, function.__name__, function)
    return function


def _property(function: Callable[[Tensor], Any]) -> None:
    setattr(Tensor, function.__name__, property(function))


@_attach
def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that this tensor is a view of; two tensors share memory if it has the same `data_ptr()`."""
    return UntypedStorage(self)


def _layout(self: Tensor) -> layout:
    """`ag.strided`: every tensor is a dense one."""
    return strided


def _never(what: str) -> Any:
    def answer(self: Tensor) -> bool:
        return False

    answer.__doc__ = f"Whether the tensor is {what}: never."
    return answer


for _name, _what in {
    "is_sparse": "sparse", "is_quantized": "quantized", "is_meta": "without memory", "is_nested": "a list of tensors",
}.items():  # fmt: skip
    setattr(Tensor, _name, property(_never(_what)))
for _name, _getter in {"layout": _layout}.items():
    setattr(Tensor, _name, property(_getter))


@_attach
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both are the same elements of the same memory, in the same order."""
    return (
        self._type is tensor._type
        and self._array.shape == tensor._array.shape
        and self._array.strides == tensor._array.strides
        and self.data_ptr() == tensor.data_ptr()
    )


@_attach
def is_same_size(self: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape."""
    return bool(self._array.shape == other._array.shape)


@_attach
def set_(self: Tensor, source: Tensor | None = None) -> Tensor:
    """Let the tensor be the memory of `source` (nothing without one) from now on, in place; returns the tensor.

    What was computed from a leaf before does not reach its gradient any more: the graph knows it by its old memory.

    Raises:
        TypeError: `source` is no tensor.
        RuntimeError: another dtype or device; a leaf that requires grad, outside of `ag.no_grad()`.

    >>> ag.zeros(3).set_(ag.ones(2))
    tensor([1., 1.])
    """
    if source is None:
        source = FUNCTIONS["empty"]((0,), dtype=self._type.dtype, device=self._type.device)
    if not isinstance(source, Tensor):
        raise TypeError(
            f"set_(): argument 'source' must be Tensor, not {type(source).__name__}{errors.here()}"
        )
    if source._type is not self._type:
        raise RuntimeError(
            f"Could not set tensor of type {source._type.dtype.scalar_name} to a tensor of type "
            f"{self._type.dtype.scalar_name}: source is {source._type}, the tensor {self._type}{errors.here()}"
        )
    check_writable(self, "set")
    bump(self)
    self._array, self._view = source._array, None
    if isinstance(node_of(self), Leaf):
        self._node = Leaf(self, LEAF)
    return self


def _refuse(self: Tensor, name: str) -> None:
    if node_of(self) is not None:
        raise RuntimeError(
            f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.{errors.here()}"
        )
    if self._type.device.type != "cpu":
        raise TypeError(
            f"{name} is only implemented on CPU tensors; this one is on {self._type.device}{errors.here()}"
        )


@_attach
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element by what a Python function makes of it, in place: slow, and for the CPU only.

    Raises:
        RuntimeError: the tensor requires grad.
        TypeError: it is not on the CPU.

    >>> ag.tensor([1, 2, 3]).apply_(lambda value: value * 10)
    tensor([10, 20, 30])
    """
    _refuse(self, "apply_")
    return _fill(self, [callable(value) for value in self._array.ravel().tolist()])


@_attach
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """`apply_` with a function of two numbers, the other one from `tensor` (which is broadcast).

    >>> ag.tensor([1, 2, 3]).map_(ag.tensor([10, 20, 30]), lambda mine, other: mine + other)
    tensor([11, 22, 33])
    """
    _refuse(self, "map_")
    others = tensor.detach().expand(self.shape)._array.ravel().tolist()
    return _fill(self, [callable(*both) for both in zip(self._array.ravel().tolist(), others, strict=True)])


def _fill(tensor: Tensor, values: list[Any]) -> Tensor:
    return tensor.copy_(creation.tensor(values, dtype=tensor._type.dtype).reshape(tensor.shape))


@_attach
def new(self: Tensor, *arguments: Any, device: Any = None) -> Tensor:
    """A tensor of the same dtype and device, from data or with a shape: `new_tensor` and `new_empty` by their old name.

    >>> ag.ones(2, dtype=ag.int64).new([1.0, 2.0])
    tensor([1, 2])
    """
    return _made(arguments, self._type.dtype, self._type.device if device is None else device)


def _made(arguments: tuple[Any, ...], dtype: dtypes.DType, device: Any) -> Tensor:
    if all(isinstance(a, int) and not isinstance(a, bool) for a in arguments):
        return FUNCTIONS["empty"](arguments or (0,), dtype=dtype, device=device)  # type: ignore[no-any-return]
    if len(arguments) != 1:
        raise TypeError(f"new(): data must be a sequence (got {type(arguments[0]).__name__}){errors.here()}")
    (data,) = arguments
    if isinstance(data, tuple) and type(data) is not tuple:  # a shape
        return FUNCTIONS["empty"](tuple(data), dtype=dtype, device=device)  # type: ignore[no-any-return]
    if isinstance(data, Tensor):
        if data._type.dtype is not dtype:
            raise TypeError(f"expected {dtype} (got {data._type.dtype}){errors.here()}")
        return data.detach()
    return creation.tensor(data, dtype=dtype, device=device)


class _TensorType(type):
    """The class of ``ag.FloatTensor`` and its like: its instances are the tensors of one dtype on the CPU."""

    dtype: dtypes.DType

    def __instancecheck__(cls, instance: Any) -> bool:
        return (
            isinstance(instance, Tensor)
            and instance._type.dtype is cls.dtype
            and instance._type.device.type == "cpu"
        )

    def __call__(cls, *arguments: Any) -> Any:
        return _made(arguments, cls.dtype, "cpu")


def _tensor_type(dtype: dtypes.DType) -> _TensorType:
    name = f"{dtype.scalar_name}Tensor"
    made = _TensorType(name, (), {"dtype": dtype, "__module__": "autograd_gpu"})
    made.__doc__ = (
        f"Tensors of dtype {dtype.name} on the CPU, for old code: ``ag.{name}(data)`` or ``ag.{name}(2, 3)`` (not "
        f"initialised) makes one. Prefer ``ag.tensor(data, dtype={dtype!r})``."
    )
    return made


def _type(self: Tensor, dtype: Any = None) -> Tensor | str:
    """The tensor with another dtype; without one, the name of its type, such as ``ag.FloatTensor``.

    Args:
        dtype: a dtype, a class such as ``ag.FloatTensor``, or its name; the latter two move it to the CPU as well.
    """
    if dtype is None:
        return f"ag.{'cuda.' if self._type.device.type == 'cuda' else ''}{self._type.dtype.scalar_name}Tensor"
    if isinstance(dtype, str) and dtype.endswith("Tensor"):
        place, _, name = dtype.rpartition(".")
        if name not in TYPES:
            raise ValueError(f"invalid type: '{dtype}'{errors.here()}")
        return self.to("cuda" if place.endswith("cuda") else "cpu", TYPES[name].dtype)
    if isinstance(dtype, _TensorType):
        return self.to("cpu", dtype.dtype)
    return self.to(dtypes.as_dtype(dtype))


_type.__name__ = "type"
Tensor.type = _type  # type: ignore[method-assign, assignment]

#: ``FloatTensor``, ``LongTensor`` and the others, by name
TYPES = {
    kind.__name__: kind
    for kind in map(
        _tensor_type,
        (
            dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.uint8, dtypes.int8, dtypes.int16,
            dtypes.int32, dtypes.int64, dtypes.bool_,
        ),
    )
}  # fmt: skip
