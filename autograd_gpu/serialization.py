"""``ag.save`` and ``ag.load``: objects with tensors in files, in PyTorch's own format.

A file of either library can be read by the other. It is a zip archive (nothing compressed) of a pickle,
``data.pkl``, and one entry per storage, ``data/0``, ``data/1``, ...: the memory that tensors are views of, so tensors that
share memory share it again when loaded. In the pickle, tensors are calls of ``torch._utils._rebuild_tensor_v2``;
`IN_FILES` says what PyTorch's names there stand for here.

A pickle can call any function. With ``weights_only=True``, the default, only those in `IN_FILES`, and what
`add_safe_globals` was told, are looked up: tensors, containers, numbers and strings.
"""

from __future__ import annotations

import builtins
import collections
import contextlib
import io
import os
import pickle
import pickletools
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import wrap
from autograd_gpu.core.leaves import require_grad
from autograd_gpu.device import CPU, Device, cuda_unavailable_reason, type_for
from autograd_gpu.dtypes import DType
from autograd_gpu.nn.parameter import Parameter
from autograd_gpu.tensor import PRIVATE_ATTRIBUTES, Size, Tensor

__all__ = ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "safe_globals", "save"]

File = str | os.PathLike[str] | IO[bytes]
MapLocation = str | Device | dict[str, str] | Callable[[Any, str], Any] | None

#: where data begins in the archive is a multiple of this many bytes, so that it can be mapped into memory
ALIGNMENT = 64


# -- what a pickle names ---------------------------------------------------------------------------------------


class Storage:
    """Memory that tensors are views of: one-dimensional, of one dtype."""

    def __init__(self, array: Any, dtype: DType, device: Device) -> None:
        self.array = array
        self.dtype = dtype
        self.device = device
        #: tensors on the same memory count its changes together
        self.changes = [0]

    def to(self, device: Device) -> Storage:
        if device is self.device:
            return self
        array = type_for(self.dtype, device).namespace.from_host(
            type_for(self.dtype, self.device).namespace.to_host(self.array)
        )
        return Storage(array, self.dtype, device)

    def cpu(self) -> Storage:
        return self.to(CPU)

    def cuda(self, index: int | None = None) -> Storage:
        return self.to(Device("cuda", index))


class _StorageType:
    """Stands for ``torch.FloatStorage`` and its like."""

    def __init__(self, dtype: DType) -> None:
        self.dtype = dtype
        self.name = f"{dtype.scalar_name}Storage"

    def __reduce__(self) -> str:
        return self.name


STORAGE_TYPES = {dtype: _StorageType(dtype) for dtype in dtypes.all_dtypes}
globals().update({kind.name: kind for kind in STORAGE_TYPES.values()})  # where pickle looks for them


def rebuild_tensor(
    storage: Storage,
    storage_offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: bool = False,
    backward_hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    kind = type_for(storage.dtype, storage.device)
    array = kind.namespace.as_strided(storage.array, tuple(size), tuple(stride), storage_offset)
    tensor = wrap(array, kind)
    tensor._changes = storage.changes
    return require_grad(tensor) if requires_grad else tensor


def rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: Any) -> Parameter:
    return Parameter(data, requires_grad)


def rebuild_parameter_with_state(
    data: Tensor, requires_grad: bool, backward_hooks: Any, state: dict[str, Any]
) -> Parameter:
    parameter = Parameter(data, requires_grad)
    parameter.__dict__.update(state)
    return parameter


def rebuild_from_type(
    function: Callable[..., Tensor], kind: type[Tensor], args: tuple[Any, ...], state: dict[str, Any]
) -> Tensor:
    tensor = function(*args)
    tensor.__dict__.update(state)
    return tensor


def bytes_of(text: str, encoding: str) -> bytes:
    """How pickles of this protocol write bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes are written as latin1, not {encoding}{errors.here()}")
    return text.encode("latin1")


#: (module, name) in files -> the object here
IN_FILES: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): rebuild_parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): rebuild_parameter_with_state,
    ("torch._tensor", "_rebuild_from_type_v2"): rebuild_from_type,
    ("torch", "Tensor"): Tensor,
    ("torch", "Size"): Size,
    ("torch", "device"): Device,
    ("torch.nn.parameter", "Parameter"): Parameter,
    **{("torch", kind.name): kind for kind in STORAGE_TYPES.values()},
    **{("torch", dtype.name): dtype for dtype in dtypes.all_dtypes},
    ("_codecs", "encode"): bytes_of,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    ("collections", "Counter"): collections.Counter,
    **{
        (module, name): getattr(builtins, name)
        for module in ("builtins", "__builtin__")
        for name in ("complex", "set", "frozenset", "bytearray", "list", "dict", "tuple", "int", "float", "str", "bytes")
    },
}  # fmt: skip

#: (module, name) here -> (module, name) in files, for what goes by another name there
_NAMES_IN_FILES = {
    (__name__, value.name if isinstance(value, _StorageType) else value.__name__): name
    for name, value in IN_FILES.items()
    if name[0].startswith("torch") and getattr(value, "__module__", None) == __name__
} | {
    ("autograd_gpu.core.graph", "Tensor"): ("torch", "Tensor"),
    (Tensor.__module__, Tensor.__qualname__): ("torch", "Tensor"),
    (Size.__module__, Size.__qualname__): ("torch", "Size"),
    (Device.__module__, Device.__qualname__): ("torch", "device"),
    **{("autograd_gpu.dtypes", dtype.__reduce__()): ("torch", dtype.name) for dtype in dtypes.all_dtypes},
}

_safe: dict[tuple[str, str], Any] = {}


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let ``ag.load(..., weights_only=True)`` look up these classes and functions; an entry may be a pair (object, its
    full name in the file)."""
    for entry in safe_globals:
        if isinstance(entry, tuple):
            value, full = entry
            module, _, name = full.rpartition(".")
        else:
            value, module, name = entry, entry.__module__, entry.__qualname__
        _safe[module, name] = value


def get_safe_globals() -> list[Any]:
    """What `add_safe_globals` was told."""
    return list(_safe.values())


def clear_safe_globals() -> None:
    """Forget what `add_safe_globals` was told."""
    _safe.clear()


@contextlib.contextmanager
def safe_globals(safe_globals: list[Any]) -> Iterator[None]:
    """As a context manager: `add_safe_globals` for the block only."""
    before = dict(_safe)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        _safe.clear()
        _safe.update(before)


# -- writing ---------------------------------------------------------------------------------------------------


class _Pickler(pickle.Pickler):
    """Pickles tensors as views of storages, and collects the storages."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, protocol=2)
        self.storages: list[Storage] = []
        self._keys: dict[int, int] = {}  # id of the array that owns the memory -> place in storages
        self._kept: list[Any] = []  # so that no id is used twice

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, _Reference):
            return None
        storage = obj.storage
        return (
            "storage",
            STORAGE_TYPES[storage.dtype],
            str(obj.key),
            str(storage.device),
            int(storage.array.size),
        )

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Tensor):
            return self._tensor(obj)
        if type(obj) is Size:
            return Size, (tuple(obj),)
        if type(obj) is Device:
            return Device, (obj.type,) if obj.index is None else (obj.type, obj.index)
        return NotImplemented

    def _tensor(self, tensor: Tensor) -> tuple[Any, ...]:
        storage, offset = self._storage_of(tensor)
        array = tensor._array
        strides = tuple(stride // array.itemsize for stride in array.strides)
        wants = bool(tensor.requires_grad)
        hooks: Any = collections.OrderedDict()
        parameter = isinstance(tensor, Parameter)
        state = {key: value for key, value in tensor.__dict__.items() if key not in PRIVATE_ATTRIBUTES}
        args = (storage, offset, tuple(array.shape), strides, wants and not parameter, hooks)
        if parameter:
            data = _Plain(rebuild_tensor, args)
            if state:
                return rebuild_parameter_with_state, (data, wants, hooks, state)
            return rebuild_parameter, (data, wants, hooks)
        if state:
            return rebuild_from_type, (rebuild_tensor, Tensor, args, state)
        return rebuild_tensor, args

    def _storage_of(self, tensor: Tensor) -> tuple[_Reference, int]:
        """The memory that a tensor is a view of, and where in it the tensor begins."""
        namespace, array = tensor._type.namespace, tensor._array
        owner = array
        while isinstance(owner.base, type(array)):
            owner = owner.base
        offset = namespace.address(array) - namespace.address(owner) if array.size else 0
        fits = (
            owner.dtype == array.dtype
            and owner.flags.c_contiguous
            and min(array.strides, default=0) >= 0
            and not any(stride % array.itemsize for stride in array.strides)
            and offset % array.itemsize == 0
        )
        if not fits:
            owner = array = namespace.contiguous(array)
            tensor = wrap(array, tensor._type)
            offset = 0
        key = self._keys.get(id(owner))
        if key is None:
            key = self._keys[id(owner)] = len(self.storages)
            self._kept.append(owner)
            self.storages.append(Storage(owner.reshape(-1), tensor._type.dtype, tensor._type.device))
        return _Reference(self.storages[key], key), offset // array.itemsize


class _Reference:
    """A storage, where the pickle refers to it."""

    def __init__(self, storage: Storage, key: int) -> None:
        self.storage = storage
        self.key = key


class _Plain:
    """A call to be made when loading."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._call = function, args

    def __reduce__(self) -> tuple[Any, ...]:
        return self._call


def _with_names_of_files(data: bytes) -> bytes:
    """A pickle in which what is called otherwise in files goes by its name there."""
    pieces, done = [], 0
    for opcode, argument, position in pickletools.genops(data):
        if opcode.name == "GLOBAL" and position is not None:
            module, name = str(argument).split(" ")
            if (module, name) in _NAMES_IN_FILES:
                there = "\n".join(_NAMES_IN_FILES[module, name])
                pieces += [data[done:position], f"c{there}\n".encode()]
                done = position + len(f"c{module}\n{name}\n".encode())
    return b"".join([*pieces, data[done:]])


def save(obj: Any, f: File) -> None:
    """Write an object to a file, in PyTorch's format: `torch.load` reads it, too.

    Args:
        obj: tensors, modules' and optimisers' `state_dict`s, or anything that can be pickled. Tensors that share memory
            share it in the file; what a view does not show of its memory is written, too (``x.clone()`` avoids
            that).
        f: a path, or a binary file that is open for writing.

    Raises:
        Whatever pickling an object raises, or writing.

    >>> import io
    >>> file = io.BytesIO()
    >>> ag.save({"weight": ag.tensor([1.0, 2.0]), "epoch": 3}, file)
    >>> ag.load(file)
    {'weight': tensor([1., 2.]), 'epoch': 3}
    """
    data = io.BytesIO()
    pickler = _Pickler(data)
    pickler.dump(obj)
    with zipfile.ZipFile(f, "w", zipfile.ZIP_STORED) as archive:
        _write(archive, "data.pkl", _with_names_of_files(data.getvalue()))
        _write(archive, "byteorder", sys.byteorder.encode())
        for number, storage in enumerate(pickler.storages):
            host = type_for(storage.dtype, storage.device).namespace.to_host(storage.array)
            _write(archive, f"data/{number}", memoryview(host.view(np.uint8)))
        _write(archive, "version", b"3\n")


def _write(archive: zipfile.ZipFile, name: str, data: bytes | memoryview) -> None:
    entry = zipfile.ZipInfo(f"archive/{name}")
    size = len(data)
    # A large entry's sizes take 20 more bytes in its header.
    large = size * 1.05 > zipfile.ZIP64_LIMIT
    start = archive.fp.tell() + 30 + len(entry.filename) + 4 + (20 if large else 0)  # type: ignore[union-attr]
    padding = -start % ALIGNMENT
    entry.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    entry.file_size = size
    with archive.open(entry, "w", force_zip64=large) as file:
        file.write(data)


# -- reading ---------------------------------------------------------------------------------------------------


class _Unpickler(pickle.Unpickler):
    """Reads a pickle's names as `IN_FILES` says, and its storages from the archive."""

    def __init__(
        self,
        data: IO[bytes],
        storage: Callable[[str, DType, str, int], Storage],
        weights_only: bool,
    ) -> None:
        super().__init__(data)
        self._storage = storage
        self._weights_only = weights_only

    def find_class(self, module: str, name: str) -> Any:
        found = IN_FILES.get((module, name)) or _safe.get((module, name))
        if found is not None:
            return found
        if not self._weights_only:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"Weights only load failed. The file names {module}.{name}, which is not among what weights_only=True looks up: "
            f"tensors, containers, numbers and strings. If you trust the file's source, use "
            f"`ag.load(..., weights_only=False)` (which can run any code that the file names), or allow this name "
            f"with `ag.serialization.add_safe_globals([...])`{errors.here()}"
        )

    def persistent_load(self, saved_id: Any) -> Storage:
        kind, storage_type, key, location, size = saved_id
        if kind != "storage" or not isinstance(storage_type, _StorageType):
            raise pickle.UnpicklingError(
                f"load: a storage of an unknown kind, {saved_id!r}; dtypes that are read are "
                f"{', '.join(dtype.name for dtype in STORAGE_TYPES)}{errors.here()}"
            )
        return self._storage(key, storage_type.dtype, location, size)


def load(f: File, map_location: MapLocation = None, *, weights_only: bool = True, mmap: bool = False) -> Any:
    """Read what `ag.save` or `torch.save` wrote.

    Args:
        f: a path, or a binary file that is open for reading and can seek.
        map_location: where tensors go: a device, a dict from devices in the file to devices, or a function (storage,
            device in the file) -> storage, whose None means as in the file; None: where they were.
        weights_only: True: only tensors, containers, numbers and strings (and what `add_safe_globals` allows) are
            made, whatever the file says. False: anything that the file names is imported and called: for files
            whose source you trust.
        mmap: tensors' memory is the file's, read when it is used; writing to them does not change the file.
            `f` must be a path.

    Raises:
        pickle.UnpicklingError: not such a file, or with ``weights_only`` one that names something else.
        RuntimeError: tensors of a CUDA device where there is none, and no `map_location`.
        ValueError: `mmap` with an open file.

    >>> import io
    >>> file = io.BytesIO()
    >>> ag.save(ag.nn.Linear(2, 1).state_dict(), file)
    >>> list(ag.load(file))
    ['weight', 'bias']
    """
    if mmap and not isinstance(f, (str, os.PathLike)):
        raise ValueError(f"f must be a file path in order to use the mmap argument{errors.here()}")
    if isinstance(f, (str, os.PathLike)):
        os.stat(f)  # the operating system's own error where there is no such file
    if not zipfile.is_zipfile(f):
        raise pickle.UnpicklingError(
            "load: the file is not a zip archive, as torch.save has made them since PyTorch 1.6 and ag.save does; "
            f"in PyTorch, torch.save(torch.load(old), new) makes one of an older file{errors.here()}"
        )
    with zipfile.ZipFile(f) as archive:
        names = archive.namelist()
        folder = names[0].split("/")[0]
        if f"{folder}/data.pkl" not in names or f"{folder}/constants.pkl" in names:
            raise pickle.UnpicklingError(
                "load: the archive is not one that torch.save or ag.save wrote: it "
                + ("is a TorchScript program" if f"{folder}/constants.pkl" in names else "has no data.pkl")
                + errors.here()
            )
        order = archive.read(f"{folder}/byteorder").decode() if f"{folder}/byteorder" in names else "little"
        storages: dict[str, Storage] = {}

        def storage(key: str, dtype: DType, location: str, size: int) -> Storage:
            if key not in storages:
                entry = archive.getinfo(f"{folder}/data/{key}")
                array = _mapped(f, entry, dtype, size) if mmap else _read(archive, entry, dtype)  # type: ignore[arg-type]
                if order != sys.byteorder:
                    array = array.byteswap()
                storages[key] = _placed(Storage(array, dtype, CPU), location, map_location)
            return storages[key]

        return _Unpickler(io.BytesIO(archive.read(f"{folder}/data.pkl")), storage, weights_only).load()


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, dtype: DType) -> Any:
    array = np.empty(entry.file_size // dtype.itemsize, dtype.numpy)
    with archive.open(entry) as file:
        file.readinto(array.view(np.uint8))  # type: ignore[attr-defined]
    return array


def _mapped(path: str, entry: zipfile.ZipInfo, dtype: DType, size: int) -> Any:
    """The memory of an entry, copied page by page when it is written to."""
    with open(path, "rb") as file:
        file.seek(entry.header_offset + 26)
        name, extra = struct.unpack("<HH", file.read(4))
    start = entry.header_offset + 30 + name + extra
    return np.asarray(np.memmap(path, dtype.numpy, "c", start, (size,))) if size else np.empty(0, dtype.numpy)


def _placed(storage: Storage, location: str, map_location: MapLocation) -> Storage:
    """A storage on the device where it shall be."""
    if callable(map_location) and not isinstance(map_location, Device):
        chosen = map_location(storage, location)
        if isinstance(chosen, Storage):
            return chosen
        target = location if chosen is None else chosen
    elif isinstance(map_location, dict):
        target = map_location.get(location, location)
    else:
        target = location if map_location is None else map_location
    device = target if isinstance(target, Device) else Device(target)
    if device.type == "cuda" and (reason := cuda_unavailable_reason()) is not None:
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but ag.cuda.is_available() is False. If you are running on "
            "a CPU-only machine, please use ag.load with map_location=ag.device('cpu') to map your storages to the "
            f"CPU.\n  in load: {reason}{errors.here()}"
        )
    return storage.to(device)
