"""Optimiser updates, in place, over lists of arrays. The formulas are those of PyTorch's ``torch.optim``.

Arrays are updated a block at a time through two reused buffers, so that a block stays in the processor's cache and
nothing as large as a parameter is allocated; the blocks of large arrays are shared among the threads. Halves are updated
in float32; complex parameters as pairs of reals.

What an update reads may be in a device's memory: the learning rate, the numbers of the steps, and `found_inf`, a number
that is not 0 if the step must not happen. On the CPU these are simply read; CUDA has kernels (kernels/optimizers.cu),
for which this is the reference.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograd_gpu.device import threads
from autograd_gpu.device.portable import together
from autograd_gpu.device.portable.base import Array, DType, float32, is_half
from autograd_gpu.device.portable.gradients import LARGE, Gradients

BLOCK = threads.BLOCK

Arrays = Sequence[Array | None] | None


class Optimizers(Gradients):
    """zeros_together, advance_steps, sgd_step, adam_step, rmsprop_step, adagrad_step."""

    def zeros_together(self, arrays: Sequence[Array]) -> list[Array]:
        """States for these parameters: zeros of their shapes and dtypes. Those of small neighbours in the list are
        neighbours in memory, and an update may go over them as if they were one array."""
        return together.zeros(arrays)

    def advance_steps(self, steps: Sequence[Array], found_inf: Array | None = None) -> None:
        """Count one more step in each array of one number, unless `found_inf` is set."""
        if not _skipped(found_inf):
            for step in steps:
                step += 1

    def sgd_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        momentum_buffers: Sequence[Array | None],
        *,
        lr: Any,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        maximize: bool = False,
        first_step: Sequence[bool] = (),
        found_inf: Array | None = None,
    ) -> None:
        """Stochastic gradient descent; a momentum buffer whose ``first_step`` is set is filled instead of
        updated."""
        if _skipped(found_inf):
            return
        plain = weight_decay == 0 and not maximize

        def numbers(of: Callable[[float], Array]) -> tuple[Array, ...]:
            return of(float(lr)), of(momentum), of(1 - dampening), of(weight_decay)

        def rule(n: tuple[Array, ...], s: Array, t: Array, first: bool, p: Array, g: Array, b: Array) -> None:
            size, keep, undamped, decay = n
            if not plain:
                g = _effective(s, p, g, decay, maximize)
            if b is None:
                np.multiply(g, size, t)
                return
            if first:
                np.copyto(b, g)
            else:
                np.multiply(b, keep, b)
                np.multiply(g, undamped, t)
                np.add(b, t, b)
            if nesterov:
                np.multiply(b, keep, t)
                np.add(t, g, t)
                np.multiply(t, size, t)
            else:
                np.multiply(b, size, t)

        velocities = momentum_buffers if momentum != 0 else None
        _update(rule, numbers, params, grads, (velocities,), first_step)

    def adam_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        exp_avgs: Sequence[Array],
        exp_avg_sqs: Sequence[Array],
        max_exp_avg_sqs: Sequence[Array] | None,
        *,
        step: float | Sequence[Array],
        lr: Any,
        beta1: float,
        beta2: float,
        eps: float,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        amsgrad: bool = False,
        maximize: bool = False,
        found_inf: Array | None = None,
    ) -> None:
        """Adam (Kingma and Ba 2015), with ``decoupled`` AdamW (Loshchilov and Hutter 2019); ``step`` counts
        from 1, and may be a list of arrays, one for each parameter."""
        if _skipped(found_inf):
            return
        lr = float(lr)
        plain = (decoupled or weight_decay == 0) and not maximize
        largest = max_exp_avg_sqs if amsgrad else None

        def rule(
            n: tuple[Array, ...],
            s: Array,
            t: Array,
            _: bool,
            p: Array,
            g: Array,
            m: Array,
            v: Array,
            top: Array,
        ) -> None:
            size, b1, unlike1, b2, unlike2, small, decay = n
            if not plain:
                g = _effective(s, p, g, decay, maximize)
            np.multiply(g, unlike1, t)
            np.multiply(m, b1, m)
            np.add(m, t, m)
            np.multiply(g, g, t)
            np.multiply(t, unlike2, t)
            np.multiply(v, b2, v)
            np.add(v, t, v)
            if top is not None:
                np.maximum(top, v, out=top)
                v = top
            # m / (sqrt(v) / root + eps), with numerator and denominator multiplied by root
            np.sqrt(v, t)
            np.add(t, small, t)
            np.divide(m, t, t)
            np.multiply(t, size, t)

        for count, chosen in _by_step(step, len(params)):
            root = math.sqrt(1 - beta2**count)
            size = lr / (1 - beta1**count) * root

            def numbers(
                of: Callable[[float], Array], size: float = size, root: float = root
            ) -> tuple[Array, ...]:
                return (
                    of(size), of(beta1), of(1 - beta1), of(beta2), of(1 - beta2), of(eps * root),
                    of(0.0 if decoupled else weight_decay),
                )  # fmt: skip

            _update(
                rule, numbers, chosen(params), chosen(grads),
                (chosen(exp_avgs), chosen(exp_avg_sqs), None if largest is None else chosen(largest)),
                keep=1 - lr * weight_decay if decoupled else 1.0, long=True, reads_params=weight_decay != 0 and not decoupled,
            )  # fmt: skip

    def rmsprop_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        square_avgs: Sequence[Array],
        grad_avgs: Sequence[Array] | None,
        momentum_buffers: Sequence[Array] | None,
        *,
        lr: Any,
        alpha: float,
        eps: float,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
        found_inf: Array | None = None,
    ) -> None:
        """RMSprop (Hinton, Coursera lecture 6e), centred as in Graves (2013) if asked for."""
        if _skipped(found_inf):
            return
        plain = weight_decay == 0 and not maximize

        def numbers(of: Callable[[float], Array]) -> tuple[Array, ...]:
            return of(float(lr)), of(alpha), of(1 - alpha), of(eps), of(weight_decay), of(momentum)

        def rule(
            n: tuple[Array, ...],
            s: Array,
            t: Array,
            _: bool,
            p: Array,
            g: Array,
            square: Array,
            mean: Array,
            velocity: Array,
        ) -> None:
            size, keep, unlike, small, decay, friction = n
            if not plain:
                g = _effective(s, p, g, decay, maximize)
            np.multiply(g, g, t)
            np.multiply(t, unlike, t)
            np.multiply(square, keep, square)
            np.add(square, t, square)
            if mean is None:
                np.sqrt(square, t)
            else:
                np.subtract(g, mean, t)
                np.multiply(t, unlike, t)
                np.add(mean, t, mean)
                np.multiply(mean, mean, t)
                np.subtract(square, t, t)
                np.sqrt(t, t)
            np.add(t, small, t)
            np.divide(g, t, t)
            if velocity is not None:
                np.multiply(velocity, friction, velocity)
                np.add(velocity, t, velocity)
                np.multiply(velocity, size, t)
            else:
                np.multiply(t, size, t)

        means = grad_avgs if centered else None
        velocities = momentum_buffers if momentum > 0 else None
        _update(
            rule, numbers, params, grads, (square_avgs, means, velocities), long=True,
            reads_params=weight_decay != 0,
        )  # fmt: skip

    def adagrad_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        sums: Sequence[Array],
        *,
        step: float | Sequence[Array],
        lr: Any,
        lr_decay: float = 0.0,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
        maximize: bool = False,
        found_inf: Array | None = None,
    ) -> None:
        """Adagrad (Duchi et al. 2011); ``step`` as for `adam_step`."""
        if _skipped(found_inf):
            return
        lr = float(lr)
        plain = weight_decay == 0 and not maximize

        def rule(n: tuple[Array, ...], s: Array, t: Array, _: bool, p: Array, g: Array, total: Array) -> None:
            size, small, decay = n
            if not plain:
                g = _effective(s, p, g, decay, maximize)
            np.multiply(g, g, t)
            np.add(total, t, total)
            np.sqrt(total, t)
            np.add(t, small, t)
            np.divide(g, t, t)
            np.multiply(t, size, t)

        for count, chosen in _by_step(step, len(params)):

            def numbers(of: Callable[[float], Array], count: float = count) -> tuple[Array, ...]:
                return of(lr / (1 + (count - 1) * lr_decay)), of(eps), of(weight_decay)

            _update(rule, numbers, chosen(params), chosen(grads), (chosen(sums),))


def _skipped(found_inf: Array | None) -> bool:
    return found_inf is not None and bool(found_inf)


def _by_step(
    step: float | Sequence[Array], count: int
) -> list[tuple[float, Callable[[Sequence[Any]], Sequence[Any]]]]:
    """The numbers of steps, and for each what picks its parameters from a list."""
    if isinstance(step, (int, float)):
        return [(step, lambda items: items)]
    places: dict[float, list[int]] = {}
    for place in range(count):
        places.setdefault(float(step[place]), []).append(place)
    return [(number, partial(_chosen, own)) for number, own in places.items()]


def _chosen(places: list[int], items: Sequence[Any]) -> Sequence[Any]:
    return [items[place] for place in places]


def _effective(s: Array, p: Array, g: Array, decay: Array, maximize: bool) -> Array:
    """The gradient that is descended, in the buffer `s`: its sign turned for ``maximize``, the decayed weight added."""
    if not decay:
        return np.negative(g, s) if maximize else g
    np.multiply(p, decay, s)
    return np.subtract(s, g, s) if maximize else np.add(s, g, s)


class _Scratch(threading.local):
    """Two buffers of a block for each thread and dtype, lent in any shape, and two more."""

    def __init__(self) -> None:
        self.others: dict[DType, tuple[Array, Array]] = {}
        self.buffers: dict[DType, tuple[Array, Array]] = {}
        self.lent: dict[tuple[tuple[int, ...], DType], tuple[Array, Array]] = {}

    def like(self, x: Array) -> tuple[Array, Array]:
        """Two arrays of the shape and dtype of `x`."""
        key = x.shape, x.dtype
        found = self.lent.get(key)
        if found is None:
            if x.size > BLOCK:  # one row of an array that is not contiguous
                return np.empty(x.shape, x.dtype), np.empty(x.shape, x.dtype)
            buffers = self.buffers.get(x.dtype)
            if buffers is None:
                buffers = self.buffers[x.dtype] = np.empty(BLOCK, x.dtype), np.empty(BLOCK, x.dtype)
            if len(self.lent) >= 256:
                self.lent.clear()
            first, second = (buffer[: x.size].reshape(x.shape) for buffer in buffers)
            found = self.lent[key] = first, second
        return found

    def more(self, size: int, dtype: DType) -> tuple[Array, Array]:
        """Two flat arrays besides those of `like`."""
        found = self.others.get(dtype)
        if found is None:
            found = self.others[dtype] = np.empty(BLOCK, dtype), np.empty(BLOCK, dtype)
        return found[0][:size], found[1][:size]


_scratch = _Scratch()


def _update(
    rule: Callable[..., None],
    numbers: Callable[[Callable[[float], Array]], tuple[Array, ...]],
    params: Sequence[Array],
    grads: Sequence[Array],
    states: tuple[Arrays, ...],
    first_step: Sequence[bool] = (),
    *,
    keep: float = 1.0,
    long: bool = False,
    reads_params: bool = False,
) -> None:
    """``param = keep * param - step`` for blocks of all parameters, where ``rule(numbers, buffer, step, first, param, grad,
    *states)`` fills in the step.

    `long` says that the rule goes over the arrays so often that it pays to put small ones together (see together.py);
    `reads_params`, that it reads parameters, too. `numbers` makes the rule's constants from a function that makes an array
    of a number; they are made once per dtype."""
    with np.errstate(
        all="ignore"
    ):  # overflow gives inf and nan, silently; the pool's threads are silent anyway
        columns = [[None] * len(params) if column is None else column for column in states]
        done: set[int] = set()
        if long:
            done = _update_runs(rule, numbers, params, grads, columns, keep, reads_params)
        if len(done) < len(params):
            _update_each(_changing(rule, keep), numbers, params, grads, columns, first_step, done)


def _changing(rule: Callable[..., None], keep: float) -> Callable[..., None]:
    """The rule with what it is for: the step is taken."""

    def change(n: tuple[Array, ...], s: Array, t: Array, first: bool, p: Array, *others: Array) -> None:
        rule(n, s, t, first, p, *others)
        _take(p, t, keep)

    return change


def _take(p: Array, step: Array, keep: float) -> None:
    if keep != 1:
        np.multiply(p, p.dtype.type(keep), p)
    np.subtract(p, step, p)


def _update_each(
    change: Callable[..., None],
    numbers: Callable[[Callable[[float], Array]], tuple[Array, ...]],
    params: Sequence[Array],
    grads: Sequence[Array],
    columns: Sequence[Sequence[Array | None]],
    first_step: Sequence[bool],
    done: set[int],
) -> None:
    """Parameter by parameter, those at the places that are done left out."""
    constants: dict[DType, tuple[Array, ...]] = {}
    like = _scratch.like
    first = False
    for place, arrays in enumerate(zip(params, grads, *columns, strict=True)):
        if place in done:
            continue
        whole = arrays[0]
        dtype = whole.dtype
        if dtype.kind == "c":
            arrays = tuple(None if x is None else _real(x) for x in arrays)
            whole = arrays[0]
            dtype = whole.dtype
        known = constants.get(dtype)
        if known is None:
            wide = float32 if is_half(dtype) else dtype
            known = constants[dtype] = numbers(partial(np.array, dtype=wide))
        if first_step:
            first = first_step[place]
        if dtype.itemsize == 2:
            _by_blocks(_in_float32(change, known, first), arrays)
        elif whole.size <= BLOCK:
            change(known, *like(whole), first, *arrays)
        else:
            _by_blocks(_on_blocks(change, known, first), arrays)


def _update_runs(
    rule: Callable[..., None],
    numbers: Callable[[Callable[[float], Array]], tuple[Array, ...]],
    params: Sequence[Array],
    grads: Sequence[Array],
    columns: Sequence[Sequence[Array | None]],
    keep: float,
    reads_params: bool,
) -> set[int]:
    """Runs of small parameters (see together.py), each as one array, on all threads; returns their places."""
    runs = together.runs(params, columns)
    if not runs:
        return set()
    dtype = params[runs[0].places[0]].dtype
    known = numbers(partial(np.array, dtype=dtype))

    def update(number: int) -> None:
        run = runs[number]
        first, last = run.places
        p, g = _scratch.more(run.size, dtype)
        np.concatenate([grad.reshape(-1) for grad in grads[first:last]], out=g)
        if reads_params:
            np.concatenate([param.reshape(-1) for param in params[first:last]], out=p)
        buffer, step = _scratch.like(g)
        rule(known, buffer, step, False, p, g, *run.states)
        start = 0
        for param in params[first:last]:
            stop = start + param.size
            part = step[start:stop]
            _take(param, part if param.ndim == 1 else part.reshape(param.shape), keep)
            start = stop

    threads.for_blocks(update, len(runs))
    return {place for run in runs for place in range(*run.places)}


def _on_blocks(rule: Callable[..., None], known: tuple[Array, ...], first: bool) -> Callable[..., None]:
    def block(*arrays: Array) -> None:
        rule(known, *_scratch.like(arrays[0]), first, *arrays)

    return block


def _by_blocks(function: Callable[..., None], arrays: Sequence[Array | None]) -> None:
    """Call a function for the same block of every array; None stays None."""
    whole: Array = arrays[0]
    if all(x is None or x.flags.c_contiguous for x in arrays):
        flat = [None if x is None else x.reshape(-1) for x in arrays]
        size = whole.size

        def part(start: int, stop: int) -> None:
            function(*(None if x is None else x[start:stop] for x in flat))

        if size >= LARGE:
            threads.for_ranges(part, size, BLOCK)
        else:
            for start in range(0, size, BLOCK):
                part(start, min(start + BLOCK, size))
        return
    if whole.ndim == 0:
        function(*arrays)
        return
    rows = max(1, BLOCK // max(1, math.prod(whole.shape[1:])))
    for start in range(0, len(whole), rows):
        function(*(None if x is None else x[start : start + rows] for x in arrays))


def _in_float32(rule: Callable[..., None], known: tuple[Array, ...], first: bool) -> Callable[..., None]:
    """The rule on float32 copies of halves, which are rounded once, when they are written back."""

    def block(*halves: Array | None) -> None:
        wide: list[Any] = [None if x is None else x.astype(float32) for x in halves]
        rule(known, *_scratch.like(wide[0]), first, *wide)
        for place, (half, result) in enumerate(zip(halves, wide, strict=True)):
            if half is not None and place != 1:  # the gradient is only read
                half[...] = result.astype(half.dtype)

    return block


def _real(x: Array) -> Array:
    """A complex array as a view of its real and imaginary parts."""
    if x.dtype.kind != "c":
        return x
    return x.reshape(*x.shape, 1).view(np.dtype(f"f{x.itemsize // 2}"))
