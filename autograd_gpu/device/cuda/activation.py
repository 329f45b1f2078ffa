"""Activation functions and losses of one element by the kernels of activation.cu and loss.cu: one launch each way.

Their ops stay as they are: where a namespace has no function of an op's name, it is given the op's body
(`core.op.install`), and for the ops in the tables below `with_kernel` puts a kernel in front of the body. What the kernels
do not take (complex numbers, integers, operands of different shapes) goes to the body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import instances, kernels
from autograd_gpu.device.cuda.partials import PIECE, Columns, counters, together
from autograd_gpu.device.portable.base import Array, float32, is_half
from autograd_gpu.device.portable.elementwise import Elementwise

Function = Callable[..., Array]
Curve = tuple[str, float, float]

#: op -> functor of curves.cuh and its two numbers, from the op's parameters; None where there is none for them
CURVES: dict[str, Callable[..., Curve | None]] = {
    "gelu": lambda approximate: ("Gelu" if approximate == "none" else "GeluTanh", 0, 0),
    "silu": lambda: ("Silu", 0, 0),
    "mish": lambda: ("Mish", 0, 0),
    "softplus": lambda beta, threshold: ("Softplus", beta, threshold),
    "logsigmoid": lambda: ("LogSigmoid", 0, 0),
    "elu": lambda alpha, scale, input_scale: ("Elu", alpha, scale) if input_scale == 1 else None,
    "leaky_relu": lambda negative_slope: ("LeakyRelu", negative_slope, 0),
    "hardtanh": lambda min_val, max_val: ("HardTanh", min_val, max_val),
    "hardsigmoid": lambda: ("HardSigmoid", 0, 0),
    "hardswish": lambda: ("HardSwish", 0, 0),
    "softsign": lambda: ("SoftSign", 0, 0),
    "relu": lambda: ("Relu", 0, 0),
    "sigmoid": lambda: ("Sigmoid", 0, 0),
    "tanh": lambda: ("Tanh", 0, 0),
}
#: op -> functor of loss.cu and its number
LOSSES: dict[str, Callable[..., tuple[str, float]]] = {
    "mse_loss": lambda: ("Square", 0),
    "l1_loss": lambda: ("Distance", 0),
    "smooth_l1_loss": lambda beta: ("SmoothL1", beta),
    "huber_loss": lambda delta: ("Huber", delta),
    "binary_cross_entropy": lambda: ("Binary", 0),
    "binary_cross_entropy_with_logits": lambda: ("BinaryLogits", 0),
    "kl_div": lambda log_target: ("LogDivergence" if log_target else "Divergence", 0),
}
#: the ones that there are behind a bias: name in `bias_activation` -> functor
BEHIND_BIAS = {
    "relu": "Relu", "gelu": "Gelu", "gelu_tanh": "GeluTanh", "silu": "Silu", "tanh": "Tanh", "sigmoid": "Sigmoid",
}  # fmt: skip


#: rows for each thread forward: the constant of the same name in activation.cu
ROWS = 8
#: the op that is both, by its own parameter
BIASED = {"bias_activation": BEHIND_BIAS}


class CudaActivations(Elementwise):
    """sigmoid, and kernels in front of the bodies of other ops."""

    def with_kernel(self, name: str, body: Function) -> Function:
        """`body`, or a function of the same arguments that launches the kernel of that name where it can."""
        op = name.removesuffix("_backward")
        families: tuple[tuple[dict[str, Any], Callable[..., Function], Callable[..., Function]], ...] = (
            (CURVES, _curve, _curve_gradient),
            (LOSSES, _loss, _loss_gradient),
            (BIASED, _biased, _biased_gradient),
        )
        for table, make, make_gradient in families:
            if op in table:
                return make(table[op], body) if op == name else make_gradient(table[op], body)
        return body

    def sigmoid(self, x: Array, out: Array | None = None) -> Array:
        """See ``Elementwise.sigmoid``."""
        if out is not None or not _fit(x):
            return super().sigmoid(x, out)
        return _run_curve(("Sigmoid", 0, 0), x)


def _fit(x: Array, *others: Array) -> bool:
    """Whether the kernels take these: arrays on the card with elements, of one floating dtype."""
    dtype = x.dtype
    return (
        dtype.name in kernels.FLOATS
        and x.size > 0
        and all(other.dtype == dtype for other in others)
        and all(isinstance(each, cupy.ndarray) for each in (x, *others))
    )


def _group(functor: str, kind: str) -> str:
    return kind if functor in instances.COMMON_CURVES else f"{kind} more"


def _blocks(x: Array) -> int:
    """Each thread does 16 bytes' worth of elements."""
    return kernels.blocks_for(-(-x.size // (16 // x.itemsize)))


def _run_curve(curve: Curve, x: Array) -> Array:
    functor, a, b = curve
    x = kernels.contiguous(x)
    out = cupy.empty(x.shape, x.dtype)
    kind = kernels.FLOATS[x.dtype.name]
    kernels.launch(
        "activation", _group(functor, kind), f"forward<{kind}, {functor}>", _blocks(x),
        (x, out, np.int64(x.size), np.float64(a), np.float64(b)),
    )  # fmt: skip
    return out


def _curve(chosen: Callable[..., Curve | None], body: Function) -> Function:
    def call(F: Any, input: Array, **params: Any) -> Array:
        curve = chosen(**params) if _fit(input) else None
        return body(F, input, **params) if curve is None else _run_curve(curve, input)

    return call


def _curve_gradient(chosen: Callable[..., Curve | None], body: Function) -> Function:
    def call(F: Any, g: Array, kept: Array, **params: Any) -> Array:
        curve = chosen(**params) if g.shape == kept.shape and _fit(g, kept) else None
        if curve is None:
            return body(F, g, kept, **params)
        functor, a, b = curve
        g, kept = kernels.contiguous(g), kernels.contiguous(kept)
        dx = cupy.empty(g.shape, g.dtype)
        kind = kernels.FLOATS[g.dtype.name]
        kernels.launch(
            "activation", _group(functor, kind), f"backward<{kind}, {functor}>", _blocks(g),
            (g, kept, dx, np.int64(g.size), np.float64(a), np.float64(b)),
        )  # fmt: skip
        return dx

    return call


def _loss(chosen: Callable[..., tuple[str, float]], body: Function) -> Function:
    def call(
        F: Any, input: Array, target: Array, *more: Array | None, reduction: str, **params: Any
    ) -> Array:
        plain = all(array is None for array in more)
        if not (plain and input.shape == target.shape and _fit(input, target)):
            return body(F, input, target, *more, reduction=reduction, **params)
        functor, number = chosen(**params)
        x, target = kernels.contiguous(input), kernels.contiguous(target)
        kind, count = kernels.FLOATS[x.dtype.name], x.size
        first = (x, target)
        if reduction == "none":
            out = cupy.empty(x.shape, x.dtype)
            kernels.launch(
                "loss", kind, f"each<{kind}, {functor}>", _blocks(x), (*first, out, np.int64(count), np.float64(number))
            )  # fmt: skip
            return out
        out = cupy.empty((), x.dtype)
        blocks = -(-count // PIECE)
        several = blocks > 1
        kernels.launch(
            "loss", kind, f"total<{kind}, {functor}>", blocks,
            (*first, out, np.int64(count), np.float64(number), np.float64(1 / count if reduction == "mean" else 1),
             cupy.empty(blocks, float32 if is_half(x.dtype) else x.dtype) if several else None,
             counters(1) if several else None),
        )  # fmt: skip
        return out

    return call


def _loss_gradient(chosen: Callable[..., tuple[str, float]], body: Function) -> Function:
    def call(
        F: Any, g: Array, input: Array, target: Array, *more: Array | None, share: float, **params: Any
    ) -> Array:
        plain = all(array is None for array in more) and g.shape in ((), input.shape)
        if not (plain and input.shape == target.shape and _fit(input, target, g)):
            return body(F, g, input, target, *more, share=share, **params)
        functor, number = chosen(**params)
        g, x, target = kernels.contiguous(g), kernels.contiguous(input), kernels.contiguous(target)
        kind = kernels.FLOATS[x.dtype.name]
        dx = cupy.empty(x.shape, x.dtype)
        kernels.launch(
            "loss", kind, f"gradient<{kind}, {functor}>", _blocks(x),
            (g, np.bool_(g.ndim == 0), x, target, dx, np.int64(x.size), np.float64(number), np.float64(share)),
        )  # fmt: skip
        return dx

    return call


def _biased(functors: dict[str, str], body: Function) -> Function:
    def call(F: Any, input: Array, bias: Array, *, activation: str) -> Array:
        if not (_fit(input, bias) and bias.shape == input.shape[-1:]):
            return body(F, input, bias, activation=activation)
        x, bias = kernels.contiguous(input), kernels.contiguous(bias)
        out = cupy.empty(x.shape, x.dtype)
        kind, columns = kernels.FLOATS[x.dtype.name], bias.size
        rows = x.size // columns
        neighbours = together(columns, x, bias)
        kernels.launch(
            "activation", f"{kind} bias", f"bias_forward<{kind}, {neighbours}, {functors[activation]}>",
            kernels.blocks_for(-(-rows // ROWS) * (columns // neighbours)), (x, bias, out, np.int64(rows), np.int64(columns)),
        )  # fmt: skip
        return out

    return call


def _biased_gradient(functors: dict[str, str], body: Function) -> Function:
    def call(
        F: Any, g: Array, input: Array, bias: Array, *, activation: str, needs: tuple[bool, ...]
    ) -> tuple[Array | None, Array | None]:
        if not (_fit(g, input, bias) and bias.shape == input.shape[-1:]):
            return body(F, g, input, bias, activation=activation, needs=needs)  # type: ignore[no-any-return]
        g, x, bias = kernels.contiguous(g), kernels.contiguous(input), kernels.contiguous(bias)
        dz, dbias = cupy.empty(x.shape, x.dtype), cupy.empty(bias.shape, x.dtype)
        kind, columns = kernels.FLOATS[x.dtype.name], bias.size
        rows = x.size // columns
        plan = Columns(1, rows, columns, g, x, bias)
        kernels.launch(
            "activation", f"{kind} bias", f"bias_backward<{kind}, {plan.together}, {functors[activation]}>", plan.blocks,
            (g, x, bias, dz, dbias, np.int64(rows), np.int64(columns), np.int64(plan.rows_each),
             *plan.room(float32 if is_half(x.dtype) else x.dtype)),
        )  # fmt: skip
        return dz, dbias

    return call
