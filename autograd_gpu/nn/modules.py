"""``ag.nn.modules``: PyTorch's path to the layers by family, and to the hooks on all modules.

>>> handle = ag.nn.modules.module.register_module_forward_hook(lambda module, args, output: output * 2)
>>> ag.nn.Identity()(ag.tensor(1.0))
tensor(2.)
>>> handle.remove()
"""

from autograd_gpu.nn import (
    activation,
    containers as container,
    conv,
    dropout,
    embedding as sparse,
    linear,
    loss,
    module,
    norm as normalization,
    pooling,
    rnn,
    transformer,
)
from autograd_gpu.nn.module import Module

__all__ = [
    "Module",
    "activation",
    "container",
    "conv",
    "dropout",
    "linear",
    "loss",
    "module",
    "normalization",
    "pooling",
    "rnn",
    "sparse",
    "transformer",
]
