"""Mixed precision: `autocast` chooses the dtype of each op, `GradScaler` keeps small gradients from vanishing in float16."""

from autograd_gpu.amp.autocast_mode import autocast, custom_bwd, custom_fwd, is_autocast_available
from autograd_gpu.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
