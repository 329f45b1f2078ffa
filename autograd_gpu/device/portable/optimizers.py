"""Optimiser updates, in place, over lists of arrays. The formulas are those of PyTorch's ``torch.optim``.

Arrays are updated a block at a time through a few reused buffers, so that a block stays in the processor's
cache and nothing as large as a parameter is allocated. Halves are updated in float32; complex parameters as
pairs of reals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from autograd_gpu.device.portable.base import Array, Base, DType, float32, is_half

BLOCK = 128 * 1024


class Optimizers(Base):
    """sgd_step, adam_step, rmsprop_step."""

    def sgd_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        momentum_buffers: Sequence[Array | None],
        *,
        lr: float,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        maximize: bool = False,
        first_step: Sequence[bool] = (),
    ) -> None:
        """Stochastic gradient descent; a momentum buffer whose ``first_step`` is set is filled instead of
        updated."""
        work = _Workspace(self, params, 2)
        for number, (whole, gradient, velocity) in enumerate(
            zip(params, grads, momentum_buffers, strict=True)
        ):
            first = bool(first_step) and first_step[number]
            with_velocity = velocity is not None and momentum != 0
            for p, g, b in work.blocks(whole, gradient, velocity if with_velocity else None):
                g = self._effective(work, p, g, weight_decay, maximize)
                step = work.buffer(1, p)
                if with_velocity:
                    if first:
                        b[...] = g
                    else:
                        b *= p.dtype.type(momentum)
                        self.xp.multiply(g, p.dtype.type(1 - dampening), out=step)
                        b += step
                    if nesterov:
                        self.xp.multiply(b, p.dtype.type(momentum), out=step)
                        step += g
                        g = step
                    else:
                        g = b
                self.xp.multiply(g, p.dtype.type(-lr), out=step)
                p += step

    def adam_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        exp_avgs: Sequence[Array],
        exp_avg_sqs: Sequence[Array],
        max_exp_avg_sqs: Sequence[Array] | None,
        *,
        step: int,
        lr: float,
        beta1: float,
        beta2: float,
        eps: float,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        """Adam (Kingma and Ba 2015), with ``decoupled`` AdamW (Loshchilov and Hutter 2019); ``step`` counts
        from 1."""
        xp = self.xp
        work = _Workspace(self, params, 2)
        size = lr / (1 - beta1**step)
        root = math.sqrt(1 - beta2**step)
        largest: Sequence[Array | None] = [None] * len(params)
        if amsgrad and max_exp_avg_sqs is not None:
            largest = max_exp_avg_sqs
        for arrays in zip(params, grads, exp_avgs, exp_avg_sqs, largest, strict=True):
            for p, g, m, v, v_max in work.blocks(*arrays):
                number = p.dtype.type
                if decoupled and weight_decay != 0:
                    p *= number(1 - lr * weight_decay)
                g = self._effective(work, p, g, 0.0 if decoupled else weight_decay, maximize)
                t = work.buffer(1, p)
                xp.subtract(g, m, out=t)
                t *= number(1 - beta1)
                m += t
                xp.multiply(g, g, out=t)
                t *= number(1 - beta2)
                v *= number(beta2)
                v += t
                if v_max is not None:
                    xp.maximum(v_max, v, out=v_max)
                xp.sqrt(v if v_max is None else v_max, out=t)
                t /= number(root)
                t += number(eps)
                xp.divide(m, t, out=t)
                t *= number(-size)
                p += t

    def rmsprop_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        square_avgs: Sequence[Array],
        grad_avgs: Sequence[Array] | None,
        momentum_buffers: Sequence[Array] | None,
        *,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        """RMSprop (Hinton, Coursera lecture 6e), centred as in Graves (2013) if asked for."""
        xp = self.xp
        work = _Workspace(self, params, 2)
        none: Sequence[Array | None] = [None] * len(params)
        means: Sequence[Array | None] = grad_avgs if centered and grad_avgs is not None else none
        velocities: Sequence[Array | None] = (
            momentum_buffers if momentum > 0 and momentum_buffers is not None else none
        )
        for arrays in zip(params, grads, square_avgs, means, velocities, strict=True):
            for p, g, square, mean, velocity in work.blocks(*arrays):
                number = p.dtype.type
                g = self._effective(work, p, g, weight_decay, maximize)
                t = work.buffer(1, p)
                xp.multiply(g, g, out=t)
                t *= number(1 - alpha)
                square *= number(alpha)
                square += t
                if mean is None:
                    xp.sqrt(square, out=t)
                else:
                    xp.subtract(g, mean, out=t)
                    t *= number(1 - alpha)
                    mean += t
                    xp.multiply(mean, mean, out=t)
                    xp.subtract(square, t, out=t)
                    xp.sqrt(t, out=t)
                t += number(eps)
                xp.divide(g, t, out=t)
                if velocity is not None:
                    velocity *= number(momentum)
                    velocity += t
                    xp.multiply(velocity, number(-lr), out=t)
                else:
                    t *= number(-lr)
                p += t

    def _effective(self, work: _Workspace, p: Array, g: Array, weight_decay: float, maximize: bool) -> Array:
        """The gradient that is descended: its sign turned for ``maximize``, the decayed weight added."""
        if not maximize and weight_decay == 0:
            return g
        result = work.buffer(0, p)
        if weight_decay == 0:
            return self.xp.negative(g, out=result)
        self.xp.multiply(p, p.dtype.type(weight_decay), out=result)
        if maximize:
            result -= g
        else:
            result += g
        return result


class _Workspace:
    """Cuts arrays into blocks and lends buffers of a block's shape."""

    def __init__(self, namespace: Base, params: Sequence[Array], buffers: int) -> None:
        self.xp = namespace.xp
        self.size = min(BLOCK, max((_real(p).size for p in params), default=0))
        self.count = buffers
        self.lent: dict[DType, list[Array]] = {}

    def buffer(self, number: int, like: Array) -> Array:
        """Buffer ``number`` in the shape and dtype of ``like``, a block of a parameter."""
        if like.size > self.size:
            return self.xp.empty(like.shape, like.dtype)  # one row of an array that is not contiguous
        buffers = self.lent.get(like.dtype)
        if buffers is None:
            buffers = self.lent[like.dtype] = [
                self.xp.empty(self.size, like.dtype) for _ in range(self.count)
            ]
        return buffers[number][: like.size].reshape(like.shape)

    def blocks(self, *arrays: Array | None) -> Iterator[tuple[Array, ...]]:
        """Views of the same block of every array (None stays None), to be updated in place.

        Blocks of halves are float32 copies, written back when the next block is asked for; the second array,
        the gradient, is only read.
        """
        views = [None if array is None else _real(array) for array in arrays]
        if all(view is None or view.flags.c_contiguous for view in views):
            views = [None if view is None else view.reshape(-1) for view in views]
        param: Array = views[0]
        shape = param.shape
        row = math.prod(shape[1:])
        length = shape[0] if shape else 1
        rows = max(1, BLOCK // max(1, row))
        half = is_half(param.dtype)
        for start in range(0, length, rows):
            cut = slice(start, start + rows) if shape else Ellipsis
            block = [None if view is None else view[cut] for view in views]
            if not half:
                yield tuple(block)
                continue
            wide = [None if view is None else view.astype(float32) for view in block]
            yield tuple(wide)
            for number, (view, result) in enumerate(zip(block, wide, strict=True)):
                if view is not None and result is not None and number != 1:
                    view[...] = result.astype(view.dtype)


def _real(x: Array) -> Array:
    """A complex array as a view of its real and imaginary parts."""
    if x.dtype.kind != "c":
        return x
    return x.reshape(*x.shape, 1).view(np.dtype(f"f{x.itemsize // 2}"))
