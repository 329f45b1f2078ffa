"""Layer 5: ``ag.func``, function transforms: derivatives and batches of functions, as PyTorch's `torch.func` has them.

>>> def loss(w, x, y):
...     return ((x @ w - y) ** 2).mean()
>>> w, x, y = ag.ones(2), ag.tensor([[1.0, 2.0], [3.0, 4.0]]), ag.tensor([1.0, 2.0])
>>> ag.func.vmap(ag.func.grad(loss), in_dims=(None, 0, 0))(w, x, y)  # one gradient per example
tensor([[ 4.,  8.],
        [30., 40.]])
"""

from autograd_gpu.func.functional_call import functional_call, stack_module_state
from autograd_gpu.func.rearrangement import rearrange
from autograd_gpu.func.replacement import debug_unwrap, functionalize, replace_all_batch_norm_modules_
from autograd_gpu.func.transforms import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from autograd_gpu.func.vectorize import vmap

__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp",
    "linearize", "rearrange", "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]  # fmt: skip
