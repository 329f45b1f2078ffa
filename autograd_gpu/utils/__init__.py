"""Layer 6: ``ag.utils``: tools around training, PyTorch's `torch.utils`."""

from autograd_gpu.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
