"""Tensors from data and data from tensors: lists, numbers, NumPy arrays, buffers, other libraries' arrays.

`tensor` copies, `as_tensor` and `asarray` copy only what they must, `from_numpy`, `frombuffer` and
`from_dlpack` share memory.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu import dtypes, errors
from autograd_gpu.core import modes
from autograd_gpu.core.graph import Tensor, node_of, wrap
from autograd_gpu.core.leaves import detach, require_grad
from autograd_gpu.core.op import REGISTRY, expose
from autograd_gpu.device import ArrayType, Device, chosen, type_for
from autograd_gpu.dtypes import DType
from autograd_gpu.ops.sequences import array_of, type_name
from autograd_gpu.ops.transfer import page_locked, resolve_device, to

Host = np.ndarray[Any, Any]

# What the DLPack standard calls main memory, main memory pinned for CUDA, and CUDA's own kinds of memory.
_DLPACK_HOST = (1, 3)
_DLPACK_CUDA = (2, 13)


# -- where new tensors go --------------------------------------------------------------------------


def get_default_device() -> Device:
    """The device of new tensors whose ``device=`` is not given, in this thread.

    >>> ag.get_default_device()
    device(type='cpu')
    """
    return resolve_device(chosen.device)


def set_default_device(device: Any) -> None:
    """Set the device of new tensors whose ``device=`` is not given, in this thread; None means the CPU again.

    ``"cuda"`` without a number means the card that is the current one when a tensor is made. To choose a device for some
    lines only, use it as a context manager: ``with ag.device("cuda"):``.

    Raises:
        RuntimeError: the device cannot be used; the message says why.

    >>> ag.set_default_device("cpu")
    """
    place = Device("cpu" if device is None else device)
    usable = resolve_device(place)
    chosen.device = usable if place.index is not None or place.type == "cpu" else place


def target_type(dtype: Any, device: Any, inferred: DType | None = None) -> ArrayType:
    """The ArrayType that ``dtype=`` and ``device=`` ask for; None means `inferred` or the defaults."""
    if dtype is not None:
        wanted = dtypes.as_dtype(dtype)
    else:
        wanted = dtypes.get_default_dtype() if inferred is None else inferred
    return type_for(wanted, chosen.device if device is None else resolve_device(device))


def finish(tensor: Tensor, requires_grad: bool, pin_memory: bool = False) -> Tensor:
    """What every function that makes tensors does last: page-lock the memory, ask for gradients."""
    if pin_memory:
        tensor = page_locked(tensor, "pin_memory=True")
    return require_grad(tensor) if requires_grad else tensor


# -- data -> tensors -------------------------------------------------------------------------------


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new tensor with a copy of `data`. It is a leaf: it has no history, whatever `data` is.

    Args:
        data: a number, a sequence (nested to any depth) of numbers or one-element tensors, a NumPy array or
            scalar, or anything with ``__array__``.
        dtype: the element type. Default: that of `data`; Python floats have the default dtype (float32 unless
            `set_default_dtype` changed it), complex numbers its complex counterpart, ints int64, bools bool.
        device: where the tensor goes. Default: the default device; for tensors and CuPy arrays their own.
        requires_grad: whether backward should fill its ``.grad``.
        pin_memory: put it into page-locked main memory (needs CUDA).

    Raises:
        ValueError: sequences of different lengths; ints that do not fit int64.
        TypeError: data of a type that tensors cannot hold; a complex number for a real dtype.
        RuntimeError: elements that are no numbers; a value outside the range of an integer `dtype`;
            `requires_grad` for a dtype that has no gradients.

    Example:
        >>> ag.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
        >>> ag.tensor([1.5, 2], dtype=ag.float64, requires_grad=True)
        tensor([1.5000, 2.0000], dtype=ag.float64, requires_grad=True)
    """
    if isinstance(data, Tensor):
        _warn_copy("ag.tensor(sourceTensor)")
    return finish(convert(data, dtype, device, copy=True), requires_grad, pin_memory)


def new_tensor(
    input: Tensor,
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """As `ag.tensor`, but dtype and device default to those of the tensor whose method this is.

    >>> ag.zeros(1, dtype=ag.float64).new_tensor([1, 2])
    tensor([1., 2.], dtype=ag.float64)
    """
    if isinstance(data, Tensor):
        _warn_copy("tensor.new_tensor(sourceTensor)")
    dtype = input._type.dtype if dtype is None else dtype
    device = input._type.device if device is None else device
    return finish(convert(data, dtype, device, copy=True), requires_grad, pin_memory)


def _warn_copy(instead_of: str) -> None:
    warnings.warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
        f"sourceTensor.detach().clone().requires_grad_(True), rather than {instead_of}.",
        UserWarning,
        stacklevel=3,
    )


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor, sharing memory with it where dtype and device allow; a tensor keeps its history.

    Args:
        data: as for `ag.tensor`.
        dtype: the element type, as for `ag.tensor`.
        device: where the tensor goes, as for `ag.tensor`.

    Example:
        >>> import numpy as np
        >>> array = np.zeros(2)
        >>> shared = ag.as_tensor(array)
        >>> array[0] = 1
        >>> shared
        tensor([1., 0.], dtype=ag.float64)
    """
    if isinstance(data, Tensor):
        return to(data, dtype=dtype, device=device)
    return convert(data, dtype, device, copy=False)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:
    """`obj` as a tensor; `copy` says whether memory must (True), must not (False) or may (None) be copied.

    Args:
        obj: as for `ag.tensor`; also bytes, a bytearray or a memoryview, read as numbers of `dtype`.
        dtype: the element type, as for `ag.tensor`.
        device: where the tensor goes, as for `ag.tensor`.
        copy: see above.
        requires_grad: whether the result collects gradients. None: only a tensor that does already.

    Raises:
        ValueError: `copy=False`, and a copy is needed.

    Example:
        >>> x = ag.tensor([1.0, 2.0])
        >>> ag.asarray(x) is x, ag.asarray(x, copy=True) is x
        (True, False)
    """
    if isinstance(obj, (bytearray, memoryview, bytes)):
        read = frombuffer(obj, dtype=dtypes.get_default_dtype() if dtype is None else dtype)
        return asarray(read, device=device, copy=copy, requires_grad=requires_grad)
    if isinstance(obj, Tensor):
        result = to(obj, dtype=dtype, device=device)
        if result is not obj and copy is False:
            raise ValueError(_no_alias(obj._type, result._type) + errors.here())
        if result is obj and copy:
            result = REGISTRY["clone"].public(obj)
        if requires_grad is None or requires_grad == (node_of(result) is not None):
            return result
        return finish(detach(result), requires_grad)
    if copy is False:
        if not (hasattr(obj, "__array__") or hasattr(obj, "__cuda_array_interface__")):
            raise ValueError(f"can't alias arbitrary sequence into a tensor.{errors.here()}")
        result = convert(obj, None, "cuda" if hasattr(obj, "__cuda_array_interface__") else "cpu", copy=False)
        target = target_type(dtype, result._type.device if device is None else device, result._type.dtype)
        if target is not result._type:
            raise ValueError(_no_alias(result._type, target) + errors.here())
    else:
        result = convert(obj, dtype, device, copy=bool(copy))
    return finish(result, bool(requires_grad))


def _no_alias(have: ArrayType, want: ArrayType) -> str:
    if have.device is not want.device:
        return f"can't alias tensor from device '{have.device}' to '{want.device}'."
    return f"can't alias tensor with dtype '{have.dtype.scalar_name}' into dtype '{want.dtype.scalar_name}'."


def from_numpy(ndarray: Host) -> Tensor:
    """A tensor on the memory of a NumPy array: what is written into one appears in the other.

    Args:
        ndarray: any shape and strides; bool, int8 to int64, uint8, float16 to float64, complex64,
            complex128, or ml_dtypes' bfloat16.

    Raises:
        TypeError: not an array, or of a type that tensors cannot hold.
        ValueError: of foreign byte order.

    Example:
        >>> import numpy as np
        >>> ag.from_numpy(np.arange(3))
        tensor([0, 1, 2])
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type_name(type(ndarray))}){errors.here()}")
    own = type_for(dtypes.of_numpy(ndarray.dtype), Device("cpu"))
    return wrap(_own(ndarray, own.numpy, "NumPy array", 3), own)


def _own(array: Host, dtype: np.dtype[Any], what: str, stacklevel: int) -> Host:
    """The memory of an array as a plain ndarray of a dtype equal to its own; a warning if it is read-only."""
    if not array.flags.writeable:
        warnings.warn(
            f"The given {what} is not writable: writing to the tensor made of it will raise an error. You "
            "may want to copy it (ag.tensor does) or make it writable before.",
            UserWarning,
            stacklevel=stacklevel,
        )
    if array.__class__ is not np.ndarray:  # memmap, matrix, ...: their own rules for indexing end here
        array = np.asarray(array)
    return array if array.dtype is dtype else array.view(dtype)


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A one-dimensional tensor on the memory of an object with the buffer protocol (bytearray, mmap, ...).

    Args:
        buffer: the object.
        dtype: how its bytes are to be read.
        count: how many elements; -1 for all that there are.
        offset: bytes to skip first.
        requires_grad: whether backward should fill its ``.grad``.

    Raises:
        ValueError: no buffer; `count` and `offset` do not fit its length.

    Example:
        >>> ag.frombuffer(bytearray(b"abcd"), dtype=ag.uint8)
        tensor([ 97,  98,  99, 100], dtype=ag.uint8)
    """
    wanted = dtypes.as_dtype(dtype)
    try:
        length = memoryview(buffer).nbytes
    except TypeError:
        raise ValueError(f"object does not implement Python buffer protocol.{errors.here()}") from None
    size = wanted.itemsize
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0{errors.here()}")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} "
            "bytes) minus 1"
            f"{errors.here()}"
        )
    if count < 0 and (length - offset) % size:
        raise ValueError(
            f"buffer length ({length} bytes) after offset ({offset} bytes) must be a multiple of "
            f"element size ({size})"
            f"{errors.here()}"
        )
    if count > 0 and offset + count * size > length:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must not "
            "be greater than "
            f"actual buffer length ({length} bytes){errors.here()}"
        )
    array = np.frombuffer(buffer, wanted.numpy, max(count, -1), offset)
    return finish(wrap(_own(array, wanted.numpy, "buffer", 3)), requires_grad)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor on the memory of another library's array (PyTorch, JAX, CuPy, ...), by the DLPack protocol.

    Args:
        ext_tensor: an object with ``__dlpack__`` and ``__dlpack_device__``.
        device: where the tensor is wanted; default: where the data are.
        copy: True for memory of its own; False to refuse to copy; None to copy only to change the device.

    Raises:
        TypeError: the object does not speak DLPack.
        ValueError: `copy=False`, and the data are elsewhere.

    Example:
        >>> import numpy as np
        >>> ag.from_dlpack(np.arange(3.0))
        tensor([0., 1., 2.], dtype=ag.float64)
    """
    if not (hasattr(ext_tensor, "__dlpack__") and hasattr(ext_tensor, "__dlpack_device__")):
        raise TypeError(
            f"from_dlpack(): argument 'ext_tensor' (position 1) must have __dlpack__ and __dlpack_device__, "
            f"which {type_name(type(ext_tensor))} has not{errors.here()}"
        )
    kind, index = ext_tensor.__dlpack_device__()
    if int(kind) in _DLPACK_HOST:
        library: Any = np
    elif int(kind) in _DLPACK_CUDA:
        library = type_for(dtypes.float32, resolve_device(Device("cuda", index))).namespace.xp
    else:
        raise RuntimeError(
            f"from_dlpack(): unsupported device type {int(kind)}; copy the data to the CPU first"
            f"{errors.here()}"
        )
    try:
        array = library.from_dlpack(ext_tensor)
    except (BufferError, RuntimeError) as error:
        raise BufferError(f"from_dlpack(): {error}{errors.here()}") from error
    return asarray(wrap(array), device=device, copy=copy)


# -- conversion of data ----------------------------------------------------------------------------


def convert(data: Any, dtype: Any, device: Any, copy: bool) -> Tensor:
    """Any data as a tensor without history; on memory of its own if `copy`, else only if it must be."""
    if isinstance(data, Tensor):
        target = target_type(dtype, data._type.device if device is None else device, data._type.dtype)
        return _transport(data._array, data._type, target, copy)
    if isinstance(data, (np.ndarray, np.generic)):
        return _from_array(np.asarray(data), dtype, device, copy)
    if hasattr(data, "__cuda_array_interface__"):
        place = resolve_device("cuda")
        array = type_for(dtypes.float32, place).namespace.asarray(data)
        own = type_for(dtypes.of_numpy(array.dtype), Device("cuda", array.device.id))
        return _transport(
            array, own, target_type(dtype, own.device if device is None else device, own.dtype), copy
        )
    if hasattr(data, "__array__"):
        return _from_array(np.asarray(data), dtype, device, copy)
    host = array_of(data, None if dtype is None else dtypes.as_dtype(dtype))
    target = target_type(None, device, dtypes.of_numpy(host.dtype))
    return wrap(target.namespace.from_host(host), target)


def _from_array(host: Host, dtype: Any, device: Any, copy: bool) -> Tensor:
    own = type_for(dtypes.of_numpy(host.dtype), Device("cpu"))
    target = target_type(dtype, device, own.dtype)
    if not copy and target is own:
        return wrap(_own(host, own.numpy, "NumPy array", 5), own)
    return _transport(host, own, target, copy)


def _transport(array: Any, source: ArrayType, target: ArrayType, copy: bool) -> Tensor:
    """A raw array of one type as a tensor of another."""
    with np.errstate(all="ignore"):
        result = source.namespace.cast(array, target.numpy)
    if source.device is not target.device:
        result = target.namespace.from_host(source.namespace.to_host(result))
    elif copy and result is array:
        result = target.namespace.copy(result)
    return wrap(result, target)


# -- tensors -> data -------------------------------------------------------------------------------


def to_numpy(input: Tensor, *, force: bool = False) -> Host:
    """The values as a NumPy array; for a tensor in main memory, an array on the same memory.

    bfloat16 tensors give arrays of ml_dtypes' bfloat16.

    Args:
        input: any tensor.
        force: detach it and copy it to main memory as needed, instead of raising.

    Raises:
        RuntimeError: the tensor requires grad.
        TypeError: the tensor is on a GPU.

    Example:
        >>> ag.tensor([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """
    if not force:
        if modes.local.grad_enabled and node_of(input) is not None:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
                f"{errors.here()}"
            )
        if input._type.device.type != "cpu":
            raise TypeError(
                f"can't convert {input._type.device} device type tensor to numpy. Use Tensor.cpu() to "
                "copy the tensor to "
                f"host memory first.{errors.here()}"
            )
    return input._type.namespace.to_host(input._array)  # type: ignore[no-any-return]


def item(input: Tensor) -> bool | int | float | complex:
    """The only element as a Python number. On a GPU this waits until the number is known.

    Raises:
        RuntimeError: the tensor has not exactly one element.

    Example:
        >>> ag.tensor([[2.5]]).item()
        2.5
    """
    array = input._array
    if array.size != 1:
        raise RuntimeError(
            f"a Tensor with {array.size} elements cannot be converted to Scalar\n  its shape is "
            f"{list(array.shape)}"
            f"{errors.here()}"
        )
    return array.item()  # type: ignore[no-any-return]


def tolist(input: Tensor) -> Any:
    """The values as nested lists of Python numbers; a number for a tensor without dimensions.

    >>> ag.tensor([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return input._type.namespace.to_host(input._array).tolist()


def dlpack(input: Tensor, **options: Any) -> Any:
    """A DLPack capsule on the tensor's memory, for other libraries' ``from_dlpack``.

    Args:
        input: any tensor.
        options: ``stream``, ``max_version``, ``dl_device`` and ``copy`` of the DLPack protocol.

    Raises:
        BufferError: the tensor requires grad.
    """
    if node_of(input) is not None:
        raise BufferError(f"Can't export tensors that require gradient, use tensor.detach(){errors.here()}")
    return input._array.__dlpack__(**options)


def dlpack_device(input: Tensor) -> tuple[int, int]:
    """The device as DLPack knows it: (1, 0) for the CPU, (2, index) for a GPU."""
    kind, index = input._array.__dlpack_device__()
    return int(kind), int(index)


_FUNCTIONS: tuple[Callable[..., Any], ...] = (
    tensor, as_tensor, asarray, from_numpy, frombuffer, from_dlpack, get_default_device, set_default_device,
)  # fmt: skip
for _function in _FUNCTIONS:
    expose(_function, _function.__name__, method=False)
_METHODS: dict[str, Callable[..., Any]] = {
    "new_tensor": new_tensor, "numpy": to_numpy, "item": item, "tolist": tolist, "__dlpack__": dlpack,
    "__dlpack_device__": dlpack_device,
}  # fmt: skip
for _name, _method in _METHODS.items():
    expose(_method, _name, function_too=False)
