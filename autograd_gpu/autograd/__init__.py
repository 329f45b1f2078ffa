"""Layer 5: ``ag.autograd``, PyTorch's `torch.autograd`."""

from autograd_gpu.autograd import forward_ad
from autograd_gpu.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from autograd_gpu.core.backward import backward, grad
from autograd_gpu.core.modes import enable_grad, no_grad, set_grad_enabled

__all__ = [
    "GradcheckError",
    "backward",
    "enable_grad",
    "forward_ad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "no_grad",
    "set_grad_enabled",
]
