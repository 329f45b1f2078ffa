"""Layer 5: ``ag.autograd``, PyTorch's `torch.autograd`."""

from autograd_gpu.autograd import anomaly as anomaly_mode, forward_ad, function, functional, grad_mode, graph
from autograd_gpu.autograd.anomaly import (
    detect_anomaly,
    detect_nonfinite,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from autograd_gpu.autograd.draw import draw
from autograd_gpu.autograd.explain import explain
from autograd_gpu.autograd.function import Function
from autograd_gpu.autograd.grad_mode import (
    _unsafe_preserve_version_counter as _unsafe_preserve_version_counter,
    is_multithreading_enabled,
    set_multithreading_enabled,
)
from autograd_gpu.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from autograd_gpu.autograd.holders import holders as _holders  # noqa: F401 - gets known to the device layer
from autograd_gpu.autograd.memory import memory
from autograd_gpu.autograd.variable import Variable
from autograd_gpu.core.backward import backward, grad
from autograd_gpu.core.modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "anomaly_mode",
    "backward",
    "detect_anomaly",
    "detect_nonfinite",
    "draw",
    "enable_grad",
    "explain",
    "forward_ad",
    "function",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_multithreading_enabled",
    "memory",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]
