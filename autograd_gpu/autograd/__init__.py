"""Layer 5: ``ag.autograd``, PyTorch's `torch.autograd`."""

from autograd_gpu.autograd import forward_ad, function, graph
from autograd_gpu.autograd.function import Function
from autograd_gpu.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from autograd_gpu.core.backward import backward, grad
from autograd_gpu.core.modes import enable_grad, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "GradcheckError",
    "backward",
    "enable_grad",
    "forward_ad",
    "function",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "no_grad",
    "set_grad_enabled",
]
