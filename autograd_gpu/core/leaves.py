"""Layer 2: where graphs begin. Turning gradients on and off for a tensor, and cutting one loose."""

from __future__ import annotations

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.graph import INFERENCE, Leaf, Node, Tensor, alias_of, node_of
from autograd_gpu.core.op import Op

ONLY_FLOATING = "Only Tensors of floating point and complex dtype can require gradients"


def _accumulate_grad(F: object, variable: object) -> object:
    """What a leaf does with its gradient; the engine knows by heart, this is the name and the record."""
    return variable


#: the op of every leaf; not in the registry, for nobody calls it
LEAF = Op(
    _accumulate_grad, "general", promote="none", out="same", outputs=("out",), saves=(),
    holomorphic=True, fused=False, grad_name="AccumulateGrad", register=False,
)  # fmt: skip


def require_grad(tensor: Tensor, flag: bool = True) -> Tensor:
    """Make a leaf collect gradients, or stop it. In place; returns the tensor.

    Raises:
        RuntimeError: for a dtype that has no gradients, or when gradients are turned off for a tensor that was computed.
    """
    node = node_of(tensor)
    if flag:
        if not tensor._type.differentiable:
            raise RuntimeError(f"{ONLY_FLOATING}; this one is {tensor._type.dtype}{errors.here()}")
        if tensor._changes is INFERENCE and not modes.local.inference:
            raise RuntimeError(
                f"Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.{errors.here()}"
            )
        if node is None:
            tensor._node = _thawed(tensor) or Leaf(tensor, LEAF)
    elif node is not None:
        if not isinstance(node, Leaf):
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
                "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                f"\n  this one was computed by {node.name()} at {node.place}"
            )
        if node.hooks is not None:  # they wait until the tensor requires grad again
            tensor.__dict__[FROZEN] = node
        tensor._node = None
    return tensor


#: attribute of a tensor that requires no grad any more, and whose leaf had hooks: that leaf
FROZEN = "_frozen_leaf"


def _thawed(tensor: Tensor) -> Leaf | None:
    """The leaf with hooks that the tensor had before gradients were turned off, if it had one."""
    leaf: Leaf | None = tensor.__dict__.pop(FROZEN, None)
    if leaf is None or leaf.tensor() is not tensor:  # attributes are copied to copies of a tensor
        return None
    leaf.shape, leaf.type = tensor._array.shape, tensor._type
    return leaf


def refuse_within_transforms(call: str) -> None:
    """Raise if this thread is inside of one of `ag.func`'s transforms, which track gradients in their own way.

    Raises:
        RuntimeError: with PyTorch's advice.
    """
    if modes.local.transforms:
        raise RuntimeError(
            f"You are attempting to call Tensor.{call}() (or perhaps using ag.autograd.functional.* APIs) inside of a "
            "function being transformed by a functorch transform. This is unsupported, please attempt to use the functorch "
            f"transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call {call}() outside of a function being transformed "
            f"instead.{errors.here()}"
        )


def detach(tensor: Tensor) -> Tensor:
    """A tensor on the same memory (and version) that is a leaf without gradient."""
    twin = alias_of(tensor)
    twin._node = None
    return twin


def is_leaf(node: Node | None) -> bool:
    """Whether a tensor with this node is a leaf in PyTorch's sense."""
    return node is None or isinstance(node, Leaf)
