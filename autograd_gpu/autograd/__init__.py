"""Layer 5: ``ag.autograd``, PyTorch's `torch.autograd`."""

from autograd_gpu.autograd import forward_ad, function, functional, graph
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
from autograd_gpu.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from autograd_gpu.autograd.holders import holders as _holders  # noqa: F401 - gets known to the device layer
from autograd_gpu.autograd.memory import memory
from autograd_gpu.core.backward import backward, grad
from autograd_gpu.core.modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "GradcheckError",
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
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "memory",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
