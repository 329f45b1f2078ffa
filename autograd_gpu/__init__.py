"""PyTorch's autograd API over NumPy on the CPU, and over CuPy and our own CUDA kernels on the GPU.

>>> import autograd_gpu as ag
>>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> y = (x * x).sum()
>>> y.backward()
>>> x.grad
tensor([2., 4., 6.])
"""

import math as _math
from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING, Any as _Any

from autograd_gpu import amp, autograd, backends, ops, random
from autograd_gpu.amp.autocast_mode import (
    autocast,
    autocast_decrement_nesting,
    autocast_increment_nesting,
    clear_autocast_cache,
    get_autocast_dtype,
    is_autocast_cache_enabled,
    is_autocast_enabled,
    set_autocast_cache_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
)
from autograd_gpu.autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
from autograd_gpu.backends.precision import get_float32_matmul_precision, set_float32_matmul_precision
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.device import Device as device
from autograd_gpu.device.threads import get_num_threads, set_num_threads
from autograd_gpu.dtypes import (
    DType as dtype,
    all_dtypes as _all_dtypes,
    bfloat16,
    bool_ as bool,
    can_cast,
    cdouble,
    cfloat,
    complex64,
    complex128,
    double,
    finfo,
    float16,
    float32,
    float64,
    float_ as float,
    get_default_dtype,
    half,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    int_ as int,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
)
from autograd_gpu.errors import OutOfMemoryError
from autograd_gpu.func.vectorize import vmap
from autograd_gpu.ops.generators import Generator, default_generator, fork_rng, get_rng_state, set_rng_state
from autograd_gpu.storage import TYPES as _TYPES, layout, strided
from autograd_gpu.tensor import Size

if _TYPE_CHECKING:
    from autograd_gpu import cpu, cuda, fft, func, linalg, nn, optim, serialization, special, testing, utils
    from autograd_gpu.kernel_ops import kernel
    from autograd_gpu.serialization import load, save

__version__ = "0.1.0"

inf = _math.inf
nan = _math.nan
pi = _math.pi
e = _math.e

#: what is imported when it is first used
_LAZY = (
    "cpu", "cuda", "fft", "func", "kernel", "linalg", "load", "nn", "optim", "save", "serialization", "special",
    "testing", "utils",
)  # fmt: skip

globals().update(FUNCTIONS, **_TYPES)

# What is public is settled here: modules that are imported later become attributes of the package too.
_INSIDE = {"FUNCTIONS", "core", "dtypes", "errors", "ops", "printing", "storage"}
__all__ = sorted(({name for name in globals() if not name.startswith("_")} | set(_LAZY)) - _INSIDE)


def __getattr__(name: str) -> _Any:
    # `from autograd_gpu import nn` would ask this function again.
    if name == "cpu":
        return _import_module("autograd_gpu.cpu")
    if name == "cuda":
        return _import_module("autograd_gpu.cuda")
    if name == "fft":
        return _import_module("autograd_gpu.fft")
    if name == "func":
        return _import_module("autograd_gpu.func")
    if name == "kernel":
        return _import_module("autograd_gpu.kernel_ops").kernel
    if name == "linalg":
        return _import_module("autograd_gpu.linalg")
    if name == "nn":
        return _import_module("autograd_gpu.nn")
    if name == "optim":
        return _import_module("autograd_gpu.optim")
    if name in ("load", "save", "serialization"):
        serialization = _import_module("autograd_gpu.serialization")
        return serialization if name == "serialization" else getattr(serialization, name)
    if name == "special":
        return _import_module("autograd_gpu.special")
    if name == "testing":
        return _import_module("autograd_gpu.testing")
    if name == "utils":
        return _import_module("autograd_gpu.utils")
    raise AttributeError(f"module 'autograd_gpu' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
