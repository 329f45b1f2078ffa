"""Optimiser updates by the kernels of optimizers.cu: one launch for all parameters of a dtype.

The table of addresses that a launch reads is copied to the card only when an address has changed since it was last used.
Parameters that are not contiguous go the portable way.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, DType
from autograd_gpu.device.portable.optimizers import Optimizers

#: elements that one block updates, and states of a parameter: the constants of the same names in optimizers.cu
CHUNK = 4096
STATES = 3
#: how many tables are remembered
TABLES = 64

Arrays = Sequence[Array | None] | None


class CudaOptimizers(Optimizers):
    """sgd_step, adam_step, rmsprop_step."""

    def __init__(self, xp: Any) -> None:
        super().__init__(xp)
        self._tables: OrderedDict[tuple[int, ...], Array] = OrderedDict()

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
        """See ``Optimizers.sgd_step``."""

        def numbers(number: Any) -> tuple[Any, ...]:
            return (
                number(lr), number(momentum), number(1 - dampening), number(weight_decay), np.bool_(nesterov),
                np.bool_(maximize),
            )  # fmt: skip

        velocities = momentum_buffers if momentum != 0 else None
        for places in self._update("sgd", numbers, params, grads, (velocities,), first_step):
            super().sgd_step(
                *(_pick(arrays, places) for arrays in (params, grads, momentum_buffers)),
                lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
                maximize=maximize, first_step=_pick(first_step, places) if first_step else (),
            )  # fmt: skip

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
        """See ``Optimizers.adam_step``."""
        largest = max_exp_avg_sqs if amsgrad else None

        def numbers(number: Any) -> tuple[Any, ...]:
            return (
                number(lr / (1 - beta1**step)), number(math.sqrt(1 - beta2**step)), number(1 - beta1), number(beta2),
                number(1 - beta2), number(eps), number(0.0 if decoupled else weight_decay),
                number(1 - lr * weight_decay if decoupled else 1.0), np.bool_(largest is not None), np.bool_(maximize),
            )  # fmt: skip

        for places in self._update("adam", numbers, params, grads, (exp_avgs, exp_avg_sqs, largest)):
            super().adam_step(
                _pick(params, places), _pick(grads, places),
                _pick(exp_avgs, places), _pick(exp_avg_sqs, places),
                None if max_exp_avg_sqs is None else _pick(max_exp_avg_sqs, places),
                step=step, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay, decoupled=decoupled,
                amsgrad=amsgrad, maximize=maximize,
            )  # fmt: skip

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
        """See ``Optimizers.rmsprop_step``."""
        means = grad_avgs if centered else None
        velocities = momentum_buffers if momentum > 0 else None

        def numbers(number: Any) -> tuple[Any, ...]:
            return (
                number(lr), number(alpha), number(1 - alpha), number(eps), number(weight_decay),
                number(momentum if velocities is not None else 0.0), np.bool_(means is not None), np.bool_(maximize),
            )  # fmt: skip

        for places in self._update("rmsprop", numbers, params, grads, (square_avgs, means, velocities)):
            super().rmsprop_step(
                *(_pick(arrays, places) for arrays in (params, grads, square_avgs)),
                *(None if arrays is None else _pick(arrays, places) for arrays in (grad_avgs, momentum_buffers)),
                lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered,
                maximize=maximize,
            )  # fmt: skip

    def _update(
        self,
        rule: str,
        numbers: Callable[[Any], tuple[Any, ...]],
        params: Sequence[Array],
        grads: Sequence[Array],
        states: tuple[Arrays, ...],
        first_step: Sequence[bool] = (),
    ) -> list[list[int]]:
        """One launch for each dtype; returns the positions of the parameters that it leaves to the caller (one list, or
        none)."""
        groups: dict[DType, list[int]] = {}
        rest: list[int] = []
        gradients = list(grads)
        for position, param in enumerate(params):
            if not param.size:
                continue
            dtype, own = param.dtype, [None if arrays is None else arrays[position] for arrays in states]
            if all(x is None or (x.flags.c_contiguous and x.dtype == dtype) for x in (param, *own)):
                gradients[position] = kernels.contiguous(gradients[position], dtype)
                groups.setdefault(dtype, []).append(position)
            else:
                rest.append(position)
        for dtype, places in groups.items():
            part = np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype
            rows: list[int] = []
            chunks = 0
            for position in places:
                size = params[position].size * (dtype.itemsize // part.itemsize)
                addresses = [
                    0 if arrays is None or (state := arrays[position]) is None else state.data.ptr
                    for arrays in states
                ]
                first = int(first_step[position]) if first_step else 0
                rows += [params[position].data.ptr, gradients[position].data.ptr, *addresses]
                rows += [*[0] * (STATES - len(states)), size, chunks, first]
                chunks += -(-size // CHUNK)
            kind = kernels.FLOATS[part.name]
            number = np.float64 if part.itemsize == 8 else np.float32
            kernels.launch(
                "optimizers", kind, f"{rule}<{kind}>", chunks,
                (self._table(rows), np.int32(len(places)), *numbers(number)),
            )  # fmt: skip
        return [rest] if rest else []

    def _table(self, rows: list[int]) -> Array:
        """The numbers in device memory."""
        key = tuple(rows)
        found = self._tables.pop(key, None)
        if found is None:
            found = cupy.array(rows, np.int64)
            if len(self._tables) >= TABLES:
                self._tables.popitem(last=False)
        self._tables[key] = found
        return found


def _pick(items: Sequence[Any], places: Sequence[int]) -> list[Any]:
    return [items[position] for position in places]
