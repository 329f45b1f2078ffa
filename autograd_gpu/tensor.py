"""Layer 4: what a `Tensor` can do. Properties are here; methods and operators come from the op table."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from autograd_gpu import dtypes, errors, ops, printing
from autograd_gpu.core import backward as _backward, hooks
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import (
    INFERENCE,
    OWN,
    Leaf,
    Node,
    Tensor,
    alias_of,
    bump,
    hooks_of,
    node_of,
    visible,
)
from autograd_gpu.core.inplace import base_of
from autograd_gpu.core.leaves import FROZEN, detach, is_leaf, refuse_within_transforms, require_grad
from autograd_gpu.core.op import FUNCTIONS, METHODS
from autograd_gpu.device import Device, type_for
from autograd_gpu.ops import creation

__all__ = ["Size", "Tensor"]

Attribute = TypeVar("Attribute")

#: entries of a tensor's ``__dict__`` that belong to the graph, and are not copied with it
PRIVATE_ATTRIBUTES = frozenset((FROZEN, "_owner", "_tangents"))


class Size(tuple[int, ...]):
    """A shape: a tuple of ints that also knows its number of elements.

    >>> ag.zeros(2, 3).shape
    ag.Size([2, 3])
    >>> ag.zeros(2, 3).shape.numel()
    6
    """

    __slots__ = ()

    def numel(self) -> int:
        """The product of all extents."""
        count = 1
        for extent in self:
            count *= extent
        return count

    def __repr__(self) -> str:
        return f"ag.Size({list(self)})"


NON_LEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be populated "
    "during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, use "
    ".retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf "
    "Tensor instead."
)


def _attach(name: str) -> Callable[[Attribute], Attribute]:
    def put(attribute: Attribute) -> Attribute:
        setattr(Tensor, name, attribute)
        return attribute

    return put


def _property(function: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    setattr(Tensor, function.__name__, property(function))
    return function


def _new(cls: type[Tensor], *arguments: Any, device: Any = None) -> Tensor:
    """``Tensor(data)`` or ``Tensor(2, 3)``: the default dtype, whatever the data's. Prefer `ag.tensor` and `ag.empty`."""
    dtype = dtypes.get_default_dtype()
    if not arguments or all(isinstance(a, int) and not isinstance(a, bool) for a in arguments):
        made: Tensor = FUNCTIONS["empty"](arguments or (0,), dtype=dtype, device=device)
    elif len(arguments) != 1:
        raise TypeError(f"new(): data must be a sequence (got {type(arguments[0]).__name__}){errors.here()}")
    elif isinstance(arguments[0], Size):
        made = FUNCTIONS["empty"](arguments[0], dtype=dtype, device=device)
    elif isinstance(arguments[0], Tensor):
        made = detach(arguments[0])
    else:
        made = creation.tensor(arguments[0], dtype=dtype, device=device)
    if cls is Tensor:
        return made
    instance = object.__new__(cls)
    for slot in ("_array", "_type", "_node", "_view", "_changes", "_grad"):
        setattr(instance, slot, getattr(made, slot))
    return instance


Tensor.__new__ = _new  # type: ignore[assignment, method-assign]


# -- what it is --------------------------------------------------------------------------------------------------------


@_property
def shape(self: Tensor) -> Size:
    """The extents."""
    return Size(self._array.shape)


@_property
def dtype(self: Tensor) -> dtypes.DType:
    """The element type."""
    return self._type.dtype


@_property
def device(self: Tensor) -> Device:
    """Where the array lives."""
    return self._type.device


@_property
def ndim(self: Tensor) -> int:
    """The number of dimensions."""
    return int(self._array.ndim)


@_property
def itemsize(self: Tensor) -> int:
    """Bytes per element."""
    return self._type.dtype.itemsize


@_property
def nbytes(self: Tensor) -> int:
    """Bytes of all elements."""
    return int(self._array.nbytes)


@_property
def is_cuda(self: Tensor) -> bool:
    """Whether the array lives on a GPU."""
    return self._type.device.type == "cuda"


@_property
def is_cpu(self: Tensor) -> bool:
    """Whether the array lives in main memory."""
    return self._type.device.type == "cpu"


@_attach("size")
def size(self: Tensor, dim: int | None = None) -> Size | int:
    """The shape, or one extent of it."""
    if dim is None:
        return Size(self._array.shape)
    return int(self._array.shape[ops.arguments.canonical_dim(dim, self._array.ndim)])


@_attach("dim")
def dim(self: Tensor) -> int:
    """The number of dimensions."""
    return int(self._array.ndim)


_attach("ndimension")(dim)


@_attach("numel")
def numel(self: Tensor) -> int:
    """The number of elements."""
    return int(self._array.size)


_attach("nelement")(numel)


@_attach("element_size")
def element_size(self: Tensor) -> int:
    """Bytes per element."""
    return self._type.dtype.itemsize


@_attach("stride")
def stride(self: Tensor, dim: int | None = None) -> tuple[int, ...] | int:
    """The steps between elements, in elements."""
    strides = tuple(s // self._type.dtype.itemsize for s in self._array.strides)
    return strides if dim is None else strides[dim]


@_attach("storage_offset")
def storage_offset(self: Tensor) -> int:
    """The position of the first element in the memory of the tensor that this one is a view of, in elements."""
    base = self if self._view is None else self._view.base
    address = self._type.namespace.address
    return int((address(self._array) - address(base._array)) // self._type.dtype.itemsize)


@_attach("data_ptr")
def data_ptr(self: Tensor) -> int:
    """The address of the first element."""
    return int(self._type.namespace.address(self._array))


@_attach("is_contiguous")
def is_contiguous(self: Tensor) -> bool:
    """Whether the elements lie in memory in row-major order without gaps."""
    return bool(self._type.namespace.is_contiguous(self._array))


@_attach("zero_")
def zero_(self: Tensor) -> Tensor:
    """Set every element to 0, in place."""
    return self.fill_(0)


@_attach("fill_")
def fill_(self: Tensor, value: Any) -> Tensor:
    """Set every element to a number or to a 0-d tensor (which may have a gradient), in place."""
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions.{errors.here()}"
        )
    return self.copy_(
        creation.as_tensor(value, dtype=None if isinstance(value, Tensor) else self._type.dtype)
    )


@_attach("resize_")
def resize_(self: Tensor, *sizes: Any) -> Tensor:
    """Give the tensor another number of elements, in place: the first ones stay; new ones are not initialised.
    Returns the tensor. It goes on sharing memory with its views as long as its own memory suffices.

    Raises:
        RuntimeError: the tensor requires grad; a negative size.

    >>> ag.arange(4).resize_(1, 2)
    tensor([[0, 1]])
    """
    shape = ops.shape.integers(sizes, "resize_")
    if node_of(self) is not None:
        raise RuntimeError(f"cannot resize variables that require grad{errors.here()}")
    if any(extent < 0 for extent in shape):
        raise RuntimeError(f"resize_(): sizes must not be negative, but got {list(shape)}{errors.here()}")
    count = 1
    for extent in shape:
        count *= extent
    namespace, old = self._type.namespace, self._array
    bump(self)
    if old.shape == shape:
        return self
    if count <= old.size and namespace.is_contiguous(old):
        self._array = old.reshape(-1)[:count].reshape(shape)
        return self
    fresh = namespace.zeros(count, self._type.numpy)
    kept = min(count, old.size)
    fresh[:kept] = namespace.copy(old).reshape(-1)[:kept]
    self._array, self._view = fresh.reshape(shape), None
    return self


@_attach("resize_as_")
def resize_as_(self: Tensor, other: Tensor) -> Tensor:
    """`resize_` to the shape of `other`."""
    return resize_(self, other.shape)


@_attach("is_floating_point")
def is_floating_point(self: Tensor) -> bool:
    """Whether the dtype is a real floating one."""
    return self._type.dtype.is_floating_point


@_attach("is_complex")
def is_complex(self: Tensor) -> bool:
    """Whether the dtype is complex."""
    return self._type.dtype.is_complex


@_attach("is_signed")
def is_signed(self: Tensor) -> bool:
    """Whether the dtype can hold negative numbers."""
    return self._type.dtype.is_signed


@_attach("get_device")
def get_device(self: Tensor) -> int:
    """The index of the GPU, -1 for the CPU."""
    return -1 if self._type.device.type == "cpu" else int(self._type.device.index or 0)


@_property
def real(self: Tensor) -> Tensor:
    """The real part: a view of complex tensors, the tensor itself otherwise."""
    return REGISTRY["real"].public(self) if self._type.is_complex else self


@_property
def imag(self: Tensor) -> Tensor:
    """The imaginary part of a complex tensor, a view."""
    return REGISTRY["imag"].public(self)  # type: ignore[no-any-return]


# -- in the graph ------------------------------------------------------------------------------------------------------


def _get_requires_grad(self: Tensor) -> bool:
    """Whether gradients are computed for this tensor."""
    return node_of(self) is not None


def _set_requires_grad(self: Tensor, flag: bool) -> None:
    if flag and not self._type.differentiable:
        raise RuntimeError(
            "only Tensors of floating point and complex dtype can require gradients; this one is "
            f"{self._type.dtype}{errors.here()}"
        )
    require_grad(self, flag)


_attach("requires_grad")(property(_get_requires_grad, _set_requires_grad))


@_attach("requires_grad_")
def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Set `requires_grad` in place; returns the tensor."""
    refuse_within_transforms("requires_grad_")
    if requires_grad and not self._type.differentiable:
        raise RuntimeError(
            "only Tensors of floating point dtype can require gradients (or of complex dtype); this one is "
            f"{self._type.dtype}{errors.here()}"
        )
    return require_grad(self, requires_grad)


@_property
def grad_fn(self: Tensor) -> Node | None:
    """The node that made this tensor; None for leaves."""
    node = node_of(self)
    return None if is_leaf(node) else visible(node)[0]


@_property
def output_nr(self: Tensor) -> int:
    """Which output of `grad_fn` this tensor is."""
    return visible(node_of(self))[1]


@_property
def _is_leaf(self: Tensor) -> bool:
    """Whether the tensor was made by the user rather than by a recorded op."""
    return is_leaf(node_of(self))


_attach("is_leaf")(Tensor.__dict__["_is_leaf"])


@_property
def _base(self: Tensor) -> Tensor | None:
    """The tensor whose memory this one is a view of."""
    return base_of(self)


@_attach("_is_view")
def _is_view(self: Tensor) -> bool:
    return base_of(self) is not None


@_attach("is_inference")
def is_inference(self: Tensor) -> bool:
    """Whether the tensor was made in inference mode."""
    return self._changes is INFERENCE


def _get_version(self: Tensor) -> int:
    """How often the memory was changed in place."""
    if self._changes is INFERENCE:
        raise RuntimeError(f"Inference tensors do not track version counter.{errors.here()}")
    return int(self._changes[0])


def _get_grad(self: Tensor) -> Tensor | None:
    """The accumulated gradient: None before the first backward, and again after it is set to None."""
    found = self._grad
    if found is None:
        node = node_of(self)
        if not is_leaf(node) and node is not None and (node.hooks is None or node.hooks.retained is None):
            warnings.warn(f"{NON_LEAF_GRAD}\n  it was made at {node.place}", UserWarning, stacklevel=2)
    return found


def _set_grad(self: Tensor, value: Tensor | None) -> None:
    if value is not None:
        if not isinstance(value, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        wanted = _grad_dtype_of(self)
        if wanted is not None and value._type.dtype is not wanted:
            if wanted is not self._type.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{value._type.dtype.scalar_name.lower()}' to a tensor with "
                    f"grad_dtype '{wanted.scalar_name}'. The gradient must match the tensor's grad_dtype (defaults to the "
                    "tensor's dtype). You can set the tensor's grad_dtype attribute with a specific dtype, or None to allow "
                    f"any dtype. Set grad_dtype with caution.{errors.here()}"
                )
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{value._type.dtype.name}' to a tensor with dtype "
                f"'{self._type.dtype.name}'. The gradient must match the tensor's dtype.{errors.here()}"
            )
        if value._type.device is not self._type.device:
            raise RuntimeError(
                f"attempting to assign a gradient with device '{value._type.device}' to a tensor with device "
                f"'{self._type.device}'. Please ensure that the gradient and the tensor are on the same device"
                f"{errors.here()}"
            )
        if value._array.shape != self._array.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(value._array.shape)}' to a tensor of size "
                f"'{list(self._array.shape)}'. Please ensure that the gradient and the tensor are the same size"
                f"{errors.here()}"
            )
    self._grad = value


def _delete_grad(self: Tensor) -> None:
    self._grad = None


_attach("grad")(property(_get_grad, _set_grad, _delete_grad))


def _grad_dtype_of(self: Tensor) -> dtypes.DType | None:
    node = self._node
    if isinstance(node, Leaf) and node.hooks is not None and node.hooks.grad_dtype is not OWN:
        return node.hooks.grad_dtype  # type: ignore[no-any-return]
    return self._type.dtype


def _get_grad_dtype(self: Tensor) -> dtypes.DType | None:
    """The dtype that backward gives ``.grad`` of this leaf: the tensor's own unless set; None for that of what arrives."""
    if not is_leaf(node_of(self)):
        raise RuntimeError(f"grad_dtype can only be accessed on leaf tensors.{errors.here()}")
    return _grad_dtype_of(self)


def _set_grad_dtype(self: Tensor, dtype: Any) -> None:
    node = node_of(self)
    if not is_leaf(node):
        raise RuntimeError(f"grad_dtype can only be set on leaf tensors.{errors.here()}")
    if node is None:
        raise RuntimeError(f"grad_dtype can only be set on tensors that require grad.{errors.here()}")
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if wanted is not None and self._grad is not None and self._grad._type.dtype is not wanted:
        raise RuntimeError(
            f"Cannot set grad_dtype to '{wanted.scalar_name}' because there is already a gradient of dtype "
            f"'{self._grad._type.dtype.scalar_name}'.{errors.here()}"
        )
    hooks_of(node).grad_dtype = wanted


_attach("grad_dtype")(property(_get_grad_dtype, _set_grad_dtype))


def _get_data(self: Tensor) -> Tensor:
    """The same memory as a leaf without gradient, and without the shared version count of `detach()`."""
    twin = alias_of(self)
    twin._node = None
    twin._changes = INFERENCE if self._changes is INFERENCE else [0]
    return twin


def _set_data(self: Tensor, value: Tensor) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
    node = node_of(self)
    if node is not None and not value._type.differentiable:
        raise RuntimeError(
            "data set to a tensor that requires gradients must be floating point or complex dtype"
            + errors.here()
        )
    self._array = value._array
    self._type = value._type
    self._view = None
    if isinstance(node, Leaf):
        node.shape = value._array.shape
        node.type = value._type


def _delete_data(self: Tensor) -> None:
    raise RuntimeError("Deleting tensor data is not allowed. Delete tensor instead!")


_attach("data")(property(_get_data, _set_data, _delete_data))
_attach("detach")(detach)


@_attach("detach_")
def detach_(self: Tensor) -> Tensor:
    """Cut the tensor from its history, in place."""
    if base_of(self) is not None:
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, "
            "and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be "
            f"called on these gradients.{errors.here()}"
        )
    if self._view is not None:  # reshaped in place before: what it was is cut loose, too
        self._view.base._node = self._view.base_node = None
    self._node = None
    return self


@_attach("backward")
def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradient of this tensor to the ``.grad`` of the leaves it was computed from; see `ag.autograd.backward`.

    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> (x * x).backward()
    >>> x.grad
    tensor(6.)
    """
    _backward.backward(self, None if gradient is None else [gradient], retain_graph, create_graph, inputs)


@_attach("retain_grad")
def retain_grad(self: Tensor) -> None:
    """Let ``.grad`` of a tensor that is not a leaf be filled by backward too."""
    refuse_within_transforms("retain_grad")
    node = node_of(self)
    if node is None:
        raise RuntimeError(f"can't retain_grad on Tensor that has requires_grad=False{errors.here()}")
    if not isinstance(node, Leaf):
        hooks_of(node).retained = weakref.ref(self)


@_property
def retains_grad(self: Tensor) -> bool:
    """Whether `retain_grad` was called on this (non-leaf) tensor."""
    node = node_of(self)
    if node is None or isinstance(node, Leaf) or node.hooks is None or node.hooks.retained is None:
        return False
    return node.hooks.retained() is self


@_attach("register_hook")
def register_hook(self: Tensor, hook: Callable[[Tensor], Tensor | None]) -> hooks.RemovableHandle:
    """Call ``hook(grad)`` when the gradient of this tensor is known; a tensor it returns takes the gradient's place."""
    node = node_of(self)
    if node is None:
        raise RuntimeError(f"cannot register a hook on a tensor that doesn't require gradient{errors.here()}")
    return hooks.add(node, "tensor", hook)


@_attach("register_post_accumulate_grad_hook")
def register_post_accumulate_grad_hook(self: Tensor, hook: Callable[[Tensor], None]) -> hooks.RemovableHandle:
    """Call ``hook(tensor)`` after backward has added to this leaf's ``.grad``."""
    node = node_of(self)
    if node is None:
        raise RuntimeError(f"cannot register a hook on a tensor that doesn't require gradient{errors.here()}")
    if not isinstance(node, Leaf):
        raise RuntimeError(
            f"post accumulate grad hooks cannot be registered on non-leaf tensors{errors.here()}"
        )
    return hooks.add(node, "post_accumulate", hook)


# -- Python's own protocols --------------------------------------------------------------------------------------------


@_attach("__repr__")
def _repr(self: Tensor) -> str:
    return printing.tensor_repr(self)


@_attach("__format__")
def _format(self: Tensor, spec: str) -> str:
    if self._array.ndim == 0:
        return format(creation.item(self), spec)
    return object.__format__(self, spec)


@_attach("__hash__")
def _hash(self: Tensor) -> int:
    return id(self)


@_attach("__len__")
def _len(self: Tensor) -> int:
    if self._array.ndim == 0:
        raise TypeError("len() of a 0-d tensor")
    return int(self._array.shape[0])


@_attach("__iter__")
def _iter(self: Tensor) -> Iterator[Tensor]:
    if self._array.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    return iter(REGISTRY["unbind"].public(self, 0))


@_attach("__reversed__")
def _reversed(self: Tensor) -> Tensor:
    """The first dimension flipped, as in PyTorch."""
    if self._array.ndim == 0:
        return self
    return REGISTRY["flip"].public(self, (0,))  # type: ignore[no-any-return]


@_attach("__bool__")
def _bool(self: Tensor) -> bool:
    if self._array.size != 1:
        word = "no values" if self._array.size == 0 else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {word} is ambiguous{errors.here()}")
    return bool(creation.item(self))


def _number(self: Tensor) -> Any:
    if self._array.size != 1:
        raise ValueError(
            f"only one element tensors can be converted to Python scalars; this one has {self._array.size}"
        )
    return creation.item(self)


@_attach("__float__")
def _float(self: Tensor) -> float:
    value = _number(self)
    if isinstance(value, complex):
        raise RuntimeError(
            "value cannot be converted to type double without overflow: it is complex; use .real or abs()"
        )
    return float(value)


@_attach("__int__")
def _int(self: Tensor) -> int:
    value = _number(self)
    if isinstance(value, complex):
        raise RuntimeError(
            "value cannot be converted to type int64 without overflow: it is complex; use .real or abs()"
        )
    return int(value)


@_attach("__complex__")
def _complex(self: Tensor) -> complex:
    return complex(_number(self))


@_attach("__index__")
def _index(self: Tensor) -> int:
    if self._array.size == 1:
        value = creation.item(self)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    raise TypeError("only integer tensors of a single element can be converted to an index")


@_attach("__contains__")
def _contains(self: Tensor, element: Any) -> bool:
    return bool(REGISTRY["eq"].public(self, element).any())


@_attach("__array__")
def _array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
    return np.array(creation.to_numpy(self), dtype=dtype, copy=copy)


def _attributes(self: Tensor) -> dict[str, Any]:
    """What users hung on a tensor."""
    return {name: value for name, value in self.__dict__.items() if name not in PRIVATE_ATTRIBUTES}


@_attach("__deepcopy__")
def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not is_leaf(node_of(self)):
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If you "
            "were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001"
        )
    if id(self) in memo:
        return memo[id(self)]  # type: ignore[no-any-return]
    twin = object.__new__(type(self))
    twin._array = self._type.namespace.copy(self._array)
    twin._type = self._type
    twin._node = None
    twin._view = None
    twin._changes = [0]
    twin._grad = None if self._grad is None else _deepcopy(self._grad, memo)
    twin.__dict__.update(_attributes(self))
    if self._node is not None:
        require_grad(twin)
    memo[id(self)] = twin
    return twin


def _rebuild(
    kind: type[Tensor], array: np.ndarray[Any, Any], device: str, requires_grad: bool, attributes: Any
) -> Tensor:
    """The other end of pickling."""
    place = Device(device)
    target = type_for(dtypes.of_numpy(array.dtype), place)
    twin = object.__new__(kind)
    twin._array = target.namespace.from_host(array)
    twin._type = target
    twin._node = None
    twin._view = None
    twin._changes = [0]
    twin._grad = None
    twin.__dict__.update(attributes)
    return require_grad(twin) if requires_grad else twin


@_attach("__reduce_ex__")
def _reduce(self: Tensor, protocol: Any) -> tuple[Any, ...]:
    host = np.ascontiguousarray(self._type.namespace.to_host(self._array)).reshape(self._array.shape)
    return _rebuild, (type(self), host, str(self._type.device), node_of(self) is not None, _attributes(self))


# -- operators -----------------------------------------------------------------------------------------------------------

_attach("_version")(property(_get_version))


def _reflected(name: str) -> Callable[[Tensor, Any], Tensor]:
    function = _operator(name)

    def operator(self: Tensor, other: Any) -> Any:
        return function(other, self)

    return operator


#: ops whose public functions do more than their compiled calls: broadcasting rules of their own, checks, special cases
_SURFACED = ("matmul", "pow", "floor_divide", "remainder")


def _operator(name: str) -> Callable[..., Any]:
    record = REGISTRY[name]
    if name not in _SURFACED:
        return record.operator()
    function = record.public

    def operator(self: Any, other: Any) -> Any:
        if isinstance(self, _OPERANDS) and isinstance(other, _OPERANDS):
            return function(self, other)
        return NotImplemented

    return operator


_OPERANDS = (Tensor, bool, int, float, complex, np.generic, np.ndarray)


_OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "mod": "remainder", "pow": "pow",
    "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}  # fmt: skip
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def _attach_operators() -> None:
    for python, name in _OPERATORS.items():
        setattr(Tensor, f"__{python}__", _operator(name))
        setattr(Tensor, f"__r{python}__", _reflected(name))
        inplace = METHODS.get(f"{name}_")
        if inplace is not None:
            setattr(Tensor, f"__i{python}__", inplace)
    for name in _COMPARISONS:
        setattr(Tensor, f"__{name}__", _operator(name))
    for python, name in {"neg": "neg", "pos": "alias", "abs": "abs", "invert": "bitwise_not"}.items():
        setattr(Tensor, f"__{python}__", REGISTRY[name].apply)


for _name, _function in METHODS.items():
    setattr(Tensor, _name, _function)
_attach_operators()
