"""What a bug report should say about CUDA."""

from __future__ import annotations

import cupy
from cupy.cuda import runtime
from cupy_backends.cuda.libs import nvrtc

from autograd_gpu.device.cuda.availability import cupy_packages


def facts() -> dict[str, str]:
    """Names and values, as text."""
    major, minor = nvrtc.getVersion()
    found = {
        "CUDA": f"runtime {_version(runtime.runtimeGetVersion())}, driver {_version(runtime.driverGetVersion())}",
        "NVRTC": f"{major}.{minor}",
        "CuPy build": f"{cupy.__version__} ({', '.join(cupy_packages())})",
    }
    for index in range(runtime.getDeviceCount()):
        card = runtime.getDeviceProperties(index)
        with cupy.cuda.Device(index):
            free, total = runtime.memGetInfo()
        found[f"cuda:{index}"] = (
            f"{card['name'].decode()}, compute capability {card['major']}.{card['minor']}, "
            f"{card['multiProcessorCount']} multiprocessors, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
        )
    return found


def _version(number: int) -> str:
    """12040 -> 12.4"""
    return f"{number // 1000}.{number % 1000 // 10}"
