"""Which GPUs there are, what they are, and which one this thread uses."""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd_gpu.core.graph import Tensor
from autograd_gpu.device import Device, cuda as cuda_device, cuda_unavailable_reason


def started() -> Any:
    """The module that asks the CUDA runtime, after CUDA was brought to life.

    Raises:
        RuntimeError: CUDA cannot be used; the message says why, and what to do.
    """
    cuda_device.resolve(Device("cuda"))
    from autograd_gpu.device.cuda import runtime

    return runtime


def index_of(given: Any) -> int:
    """The number of a card that exists: from an index, "cuda:1" or a device; the current one's for None.

    Raises:
        ValueError: a device that is no GPU.
        RuntimeError: CUDA cannot be used, or there is no such card.
    """
    if isinstance(given, device):
        return current_device() if given.idx < 0 else given.idx
    place = Device("cuda" if given is None else given)
    if place.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {place}")
    return int(cuda_device.resolve(place).index or 0)


def is_available() -> bool:
    """Whether CUDA can be used: CuPy is installed, and there is a driver and a card.

    >>> isinstance(ag.cuda.is_available(), bool)
    True
    """
    return cuda_unavailable_reason() is None


def init() -> None:
    """Start CUDA now, not at its first use.

    Raises:
        RuntimeError: CUDA cannot be used; the message says why, and what to do.
    """
    started()


def is_initialized() -> bool:
    """Whether CUDA was used already.

    >>> isinstance(ag.cuda.is_initialized(), bool)
    True
    """
    return cuda_device.is_started()


def device_count() -> int:
    """The number of GPUs; 0 where CUDA cannot be used.

    >>> ag.cuda.device_count() > 0 or not ag.cuda.is_available()
    True
    """
    return int(started().count()) if is_available() else 0


def current_device() -> int:
    """The index of the GPU that ``device="cuda"`` means in this thread."""
    return int(started().current())


def set_device(device: Any) -> None:
    """Choose the GPU that ``device="cuda"`` means in this thread: an index, "cuda:1" or a `Device`. Negative: do nothing."""
    if not (isinstance(device, int) and device < 0):
        index = index_of(device)
        started().use(index)


def synchronize(device: Any = None) -> None:
    """Wait until the work given to a GPU (the current one) is done: needed before reading a clock."""
    index = index_of(device)
    started().synchronize(index)


class device:
    """Context manager that makes a GPU the current one; None or a negative index changes nothing.

    Args:
        device: an index, "cuda:1" or a `Device`.
    """

    def __init__(self, device: Any) -> None:
        nothing = device is None or (isinstance(device, int) and device < 0)
        self.idx = -1 if nothing else index_of(device)
        self.prev_idx: list[int] = []

    def __enter__(self) -> None:
        if self.idx >= 0:
            self.prev_idx.append(current_device())
            started().use(self.idx)

    def __exit__(self, *exception: object) -> None:
        if self.idx >= 0:
            started().use(self.prev_idx.pop())


class device_of(device):
    """Context manager that makes the GPU of a tensor the current one; a tensor on the CPU changes nothing.

    >>> with ag.cuda.device_of(ag.ones(2)):
    ...     pass
    """

    def __init__(self, obj: Tensor) -> None:
        place = obj._type.device
        super().__init__(place if place.type == "cuda" else -1)


class DeviceProperties(NamedTuple):
    """What a GPU is: memory in bytes, clocks in kHz, the memory bus in bits."""

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    warp_size: int
    max_threads_per_multi_processor: int
    regs_per_multiprocessor: int
    shared_memory_per_block: int
    shared_memory_per_block_optin: int
    shared_memory_per_multiprocessor: int
    L2_cache_size: int
    clock_rate: int
    memory_clock_rate: int
    memory_bus_width: int
    is_integrated: bool
    is_multi_gpu_board: bool
    uuid: str
    pci_bus_id: int
    pci_device_id: int
    pci_domain_id: int


def get_device_properties(device: Any = None) -> DeviceProperties:
    """What a GPU (the current one) is; see `DeviceProperties`."""
    index = index_of(device)
    found = started().properties(index)
    uuid = bytes(found["uuid"]).ljust(16, b"\0").hex()
    return DeviceProperties(
        name=found["name"].decode(),
        major=found["major"],
        minor=found["minor"],
        total_memory=found["totalGlobalMem"],
        multi_processor_count=found["multiProcessorCount"],
        warp_size=found["warpSize"],
        max_threads_per_multi_processor=found["maxThreadsPerMultiProcessor"],
        regs_per_multiprocessor=found["regsPerMultiprocessor"],
        shared_memory_per_block=found["sharedMemPerBlock"],
        shared_memory_per_block_optin=found["sharedMemPerBlockOptin"],
        shared_memory_per_multiprocessor=found["sharedMemPerMultiprocessor"],
        L2_cache_size=found["l2CacheSize"],
        clock_rate=found["clockRate"],
        memory_clock_rate=found["memoryClockRate"],
        memory_bus_width=found["memoryBusWidth"],
        is_integrated=bool(found["integrated"]),
        is_multi_gpu_board=bool(found["isMultiGpuBoard"]),
        uuid="-".join((uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:])),
        pci_bus_id=found["pciBusID"],
        pci_device_id=found["pciDeviceID"],
        pci_domain_id=found["pciDomainID"],
    )


def get_device_name(device: Any = None) -> str:
    """What a GPU (the current one) calls itself."""
    return get_device_properties(device).name


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability of a GPU (the current one): major and minor, (9, 0) for an H100."""
    found = get_device_properties(device)
    return found.major, found.minor


def get_arch_list() -> list[str]:
    """The architectures of the GPUs here, for which kernels are compiled when they are first used.

    >>> ag.cuda.get_arch_list() == [] or ag.cuda.is_available()
    True
    """
    found = {get_device_capability(index) for index in range(device_count())}
    return [f"sm_{major}{minor}" for major, minor in sorted(found)]


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the current GPU computes with bfloat16: from compute capability 8.0 on by itself, on older ones by conversion to
    float32 and back, which counts if `including_emulation`. False without CUDA.

    >>> ag.cuda.is_bf16_supported() == ag.cuda.is_available()
    True
    """
    if not is_available():
        return False
    return including_emulation or get_device_capability()[0] >= 8


def is_tf32_supported() -> bool:
    """Whether the current GPU has TF32 tensor cores (compute capability 8.0 or higher). False without CUDA.

    >>> ag.cuda.is_tf32_supported() and not ag.cuda.is_available()
    False
    """
    return is_available() and get_device_capability()[0] >= 8


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Whether a GPU can read the memory of another one directly."""
    index, other = index_of(device), index_of(peer_device)
    return bool(started().can_access_peer(index, other))
