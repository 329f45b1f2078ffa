"""Moving and converting tensors: `.to(...)`, `.cpu()`, `.cuda()`, `.float()` and their kin."""

from __future__ import annotations

from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core import engine
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.op import expose, op
from autograd_gpu.device import Device, cuda_unavailable_reason, namespace_hooks, type_for


@op("linear", out="infer", grad_name="ToCopyBackward0")
def to_device(F: Any, input: Any, *, device: Any) -> Any:
    """The same values on another device. The gradient travels back."""
    return F.to_device(input, device)


to_device.rule(input=lambda F, g, input_like: F.to_device(g, device=input_like.device))


def _follow_the_cards(namespace: Any) -> None:
    """Where there are several cards, the nodes of a backward pass compute on their own: see `device/cuda/guard.py`."""
    watch = getattr(namespace, "around_passes", None)
    if watch is not None and watch not in engine.around:
        engine.around.append(watch)


namespace_hooks.append(_follow_the_cards)


def resolve_device(device: Any) -> Device:
    """A `Device` that can be used: "cuda" gets the current card's index; without CUDA, one sentence says why."""
    found = Device(device)
    if found.type == "cuda":
        reason = cuda_unavailable_reason()
        if reason is not None:
            raise RuntimeError(reason)
        from autograd_gpu.device import cuda

        return cuda.resolve(found)
    if found.index not in (None, 0):
        raise RuntimeError(f"there is one CPU device; {found} does not exist")
    return Device("cpu")


def to(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor with another dtype and/or on another device; itself if it has both already.

    Call it as ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(other)``, each with ``non_blocking=False`` and
    ``copy=False``. Differentiable.

    Args:
        device, dtype, other: what the result is to be, or a tensor that is so.
        non_blocking: accepted, and not needed: the program never waits for a copy to a GPU, and may change the source at once;
            it always waits for a copy to the CPU, because it can read the result at once.
        copy: return a copy even where dtype and device are right already.

    Raises:
        RuntimeError: the device cannot be used; the message says why, and what to do.

    >>> ag.tensor([1, 2]).to(ag.float64)
    tensor([1., 2.], dtype=ag.float64)
    """
    device: Device | None = None
    dtype: dtypes.DType | None = None
    given = list(args)
    if "other" in kwargs:
        given.insert(0, kwargs.pop("other"))
    copy = bool(kwargs.pop("copy", False))
    kwargs.pop("non_blocking", None)
    kwargs.pop("memory_format", None)
    for position, value in enumerate(given):
        if isinstance(value, Tensor):
            device, dtype = value._type.device, value._type.dtype
        elif isinstance(value, (str, Device)) and not _names_dtype(value):
            device = resolve_device(value)
        elif isinstance(value, bool):  # non_blocking, then copy
            copy = copy or (value and position == len(given) - 1 and isinstance(given[position - 1], bool))
        elif isinstance(value, int):
            device = resolve_device(value)
        elif value is not None:
            dtype = dtypes.as_dtype(value)
    if kwargs.get("device") is not None:
        device = resolve_device(kwargs["device"])
    if kwargs.get("dtype") is not None:
        dtype = dtypes.as_dtype(kwargs["dtype"])
    unknown = set(kwargs) - {"device", "dtype"}
    if unknown:
        raise TypeError(
            f"to() received an invalid combination of arguments - unexpected {sorted(unknown)}{errors.here()}"
        )
    result = input
    # Convert on the side where less has to be moved.
    target = dtype or input._type.dtype
    if device is None or device is input._type.device or target.itemsize <= input._type.dtype.itemsize:
        result = _convert(result, target)
        result = _move(result, device)
    else:
        result = _convert(_move(result, device), target)
    return REGISTRY["clone"].public(result) if copy and result is input else result


def _names_dtype(value: Any) -> bool:
    return isinstance(value, str) and value.partition(":")[0] not in ("cpu", "cuda")


def _convert(tensor: Tensor, dtype: dtypes.DType) -> Tensor:
    if dtype is tensor._type.dtype:
        return tensor
    return REGISTRY["cast"].apply(tensor, dtype=dtype.numpy)  # type: ignore[no-any-return]


def _move(tensor: Tensor, device: Device | None) -> Tensor:
    if device is None or device is tensor._type.device:
        return tensor
    type_for(tensor._type.dtype, device)  # starts the device before the op runs on it
    return to_device.apply(tensor, device=device)  # type: ignore[no-any-return]


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """The tensor with the dtype and on the device of `other`."""
    return to(input, other)


def cpu(input: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor in main memory."""
    return to(input, "cpu", memory_format=memory_format)


def cuda(input: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """The tensor on a GPU (default: the current one)."""
    place = Device("cuda" if device is None else device)
    if place.type != "cuda":
        raise RuntimeError(f"Invalid device, must be cuda device, but got {place}{errors.here()}")
    return to(input, place, non_blocking=non_blocking, memory_format=memory_format)


# -- memory that GPUs read directly ----------------------------------------------------------------------------------


def page_locked(tensor: Tensor, function: str) -> Tensor:
    """A tensor without history on a copy in page-locked main memory.

    Raises:
        RuntimeError: CUDA cannot be used; the tensor is on a GPU.
    """
    reason = cuda_unavailable_reason()
    if reason is not None:
        raise RuntimeError(
            f"{function} requires a CUDA backend; no pinned memory allocator is available: {reason}{errors.here()}"
        )
    if tensor._type.device.type != "cpu":
        raise RuntimeError(
            f"cannot pin '{tensor.type()}': only dense CPU tensors can be pinned; this one is on "
            f"{tensor._type.device}{errors.here()}"
        )
    resolve_device("cuda")
    from autograd_gpu.device.cuda import runtime

    return wrap(runtime.page_locked(tensor._array), tensor._type)


def pin_memory(input: Tensor, device: Any = None) -> Tensor:
    """The values, without history, in page-locked main memory, which GPUs read directly; the tensor itself if it is there.

    Args:
        input: a tensor on the CPU.
        device: accepted for programs written for PyTorch; the memory is the same for all GPUs.

    Raises:
        RuntimeError: CUDA cannot be used; the tensor is on a GPU.
    """
    return input if is_pinned(input) else page_locked(input, "pin_memory()")


def is_pinned(input: Tensor, device: Any = None) -> bool:
    """Whether the tensor is in page-locked main memory.

    >>> ag.zeros(2).is_pinned()
    False
    """
    from autograd_gpu.device import cuda

    if input._type.device.type != "cpu" or not cuda.is_started():
        return False
    from autograd_gpu.device.cuda import runtime

    return runtime.is_page_locked(input._array)


def record_stream(input: Tensor, stream: Any) -> None:
    """Keep the tensor's memory until the work that a stream has now is done, even if the tensor goes before.

    Args:
        input: a tensor on a GPU, that work in another stream than the current one uses.
        stream: that `ag.cuda.Stream`.
    """
    if input._type.device.type != "cuda":
        raise NotImplementedError(
            f"record_stream: the tensor is on {input._type.device}, and streams are a GPU's{errors.here()}"
        )
    from autograd_gpu.device.cuda import memory

    memory.lend(input._array, stream._raw, stream.device_index)


expose(pin_memory, "pin_memory", function_too=False)
expose(is_pinned, "is_pinned", function_too=False)
expose(record_stream, "record_stream", function_too=False)
expose(to, "to", function_too=False)
expose(type_as, "type_as", function_too=False)
expose(cpu, "cpu", function_too=False)
expose(cuda, "cuda", function_too=False)


def _converter(dtype: dtypes.DType) -> Any:
    def convert(input: Tensor, memory_format: Any = None) -> Tensor:
        return _convert(input, dtype)

    convert.__doc__ = f"The tensor as {dtype.name}. (`memory_format` is accepted and makes no difference.)"
    return convert


for _name, _dtype in {
    "half": dtypes.float16, "bfloat16": dtypes.bfloat16, "float": dtypes.float32, "double": dtypes.float64,
    "byte": dtypes.uint8, "char": dtypes.int8, "short": dtypes.int16, "int": dtypes.int32, "long": dtypes.int64,
    "bool": dtypes.bool_, "cfloat": dtypes.complex64, "cdouble": dtypes.complex128,
}.items():  # fmt: skip
    expose(_converter(_dtype), _name, function_too=False)
