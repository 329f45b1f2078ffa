"""Why CUDA cannot be used here, and what to do about it: one sentence for each way to be without it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re

USE_CPU = "or use device='cpu'"
#: the oldest CuPy with NumPy 2's promotion rules and kernels in C++17
OLDEST_CUPY = 14
#: cudaErrorInsufficientDriver, which also says that there is no driver, and cudaErrorNoDevice
INSUFFICIENT_DRIVER, NO_DEVICE = 35, 100


def unavailable_reason() -> str | None:
    """None if CUDA can be used, else one sentence with the remedy. Never raises."""
    try:
        return _missing_package() or _unusable_driver() or _missing_compiler()
    except Exception as error:  # whatever else can be wrong with an installation
        return f"CUDA cannot be used, because CuPy fails with {type(error).__name__}: {_one_line(error)}; repair it, {USE_CPU}."


def _missing_package() -> str | None:
    packages = cupy_packages()
    if len(packages) > 1:
        return (
            f"CUDA cannot be used while several CuPy packages are installed ({', '.join(packages)}), which overwrite each "
            f"other: pip uninstall -y {' '.join(packages)}, then pip install 'autograd_gpu[cuda12]' (or [cuda13]), {USE_CPU}."
        )
    if importlib.util.find_spec("cupy") is None:
        return (
            "CUDA needs CuPy, which is not installed: pip install 'autograd_gpu[cuda12]' "
            f"(or [cuda13] for a CUDA 13 driver), {USE_CPU}."
        )
    try:
        import cupy
    except ImportError as error:
        name = packages[0] if packages else "cupy"
        return (
            f"CUDA needs CuPy, and importing it fails ({_one_line(error)}): "
            f"pip install --force-reinstall {name}, {USE_CPU}."
        )
    if int(cupy.__version__.partition(".")[0]) < OLDEST_CUPY:
        return (
            f"CUDA needs CuPy {OLDEST_CUPY} or newer, and {cupy.__version__} is installed: "
            f"pip install -U 'autograd_gpu[cuda12]' (or [cuda13]), {USE_CPU}."
        )
    if cupy.cuda.runtime.is_hip:
        return (
            f"CUDA needs CuPy built for CUDA, and the installed one is for ROCm: pip uninstall -y {' '.join(packages)}, "
            f"then pip install 'autograd_gpu[cuda12]' (or [cuda13]), {USE_CPU}."
        )
    return None


def _unusable_driver() -> str | None:
    from cupy.cuda import runtime

    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        needed = runtime.runtimeGetVersion()
        supported = runtime.driverGetVersion() if error.status == INSUFFICIENT_DRIVER else needed
        if supported == 0:
            return (
                "CUDA needs an NVIDIA driver, and none is loaded: install one (on Linux, nvidia-smi then lists the GPU; in a "
                f"container, pass --gpus all), {USE_CPU}."
            )
        if supported < needed:
            wanted = supported // 1000
            return (
                f"CUDA cannot be used: the NVIDIA driver is too old for the installed CuPy (it supports CUDA "
                f"{_version(supported)}, "
                f"CuPy needs {_version(needed)}): update the driver"
                + (f", or pip uninstall -y cupy-cuda{needed // 1000}x and pip install 'autograd_gpu[cuda{wanted}]'"
                   if 12 <= wanted < needed // 1000 else "")
                + f", {USE_CPU}."
            )  # fmt: skip
        if error.status == NO_DEVICE:
            count = 0
        else:
            raise
    if count == 0:
        return (
            "CUDA needs an NVIDIA GPU, and the driver shows none: check nvidia-smi and the environment variable "
            f"CUDA_VISIBLE_DEVICES, {USE_CPU}."
        )
    return None


def _missing_compiler() -> str | None:
    from cupy.cuda import runtime
    from cupy_backends.cuda.libs import nvrtc

    try:
        nvrtc.getVersion()
    except (ImportError, OSError, RuntimeError) as error:
        major = runtime.runtimeGetVersion() // 1000
        return (
            f"CUDA needs NVIDIA's run-time compiler NVRTC, which cannot be loaded ({_one_line(error)}): "
            f"pip install 'autograd_gpu[cuda{major}]', {USE_CPU}."
        )
    return None


def cupy_packages() -> list[str]:
    """The names of all installed distributions of CuPy."""
    found = set()
    for distribution in importlib.metadata.distributions():
        name = str(distribution.metadata["Name"] or "").lower()
        if re.fullmatch(r"cupy(-cuda\d+x?|-rocm[-\w]*)?", name):
            found.add(name)
    return sorted(found)


def _version(number: int) -> str:
    """12040 -> 12.4"""
    return f"{number // 1000}.{number % 1000 // 10}"


def _one_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
