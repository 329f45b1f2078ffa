"""Optimiser updates and the care of gradients by the kernels of optimizers.cu and optimizers_gradients.cu: one launch for
all arrays of a dtype.

The table of addresses that a launch reads is copied to the card only when an address has changed since it was last used.
Arrays that are not contiguous are worked on in copies.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cupy
import numpy as np

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, DType
from autograd_gpu.device.portable.optimizers import Arrays, Optimizers

#: elements of a block, and states of a parameter: the constants of the same names in the kernels
CHUNK = 8192
STATES = 3
#: how many tables are remembered
TABLES = 64

#: `Settings` of optimizers.cu
_SETTINGS = np.dtype(
    [
        ("lr", "f8"), ("step", "f8"), ("options", "f8", 6), ("lr_at", "u8"), ("found_inf", "u8"), ("lr_is_double", "i4"),
        ("maximize", "i4"), ("flags", "i4"), ("", "i4"),
    ]
)  # fmt: skip


class CudaOptimizers(Optimizers):
    """The functions of ``Optimizers`` and ``Gradients``."""

    def __init__(self, xp: Any) -> None:
        super().__init__(xp)
        self._tables: OrderedDict[tuple[int, ...], Array] = OrderedDict()

    # -- optimisers --------------------------------------------------------------------------------------------

    def zeros_together(self, arrays: Sequence[Array]) -> list[Array]:
        """See ``Optimizers.zeros_together``; the kernels take states from anywhere."""
        return [cupy.zeros_like(array, order="C") for array in arrays]

    def advance_steps(self, steps: Sequence[Array], found_inf: Array | None = None) -> None:
        """See ``Optimizers.advance_steps``; the arrays are float32."""
        kernels.launch(
            "optimizers", "steps", "advance", kernels.blocks_for(len(steps)),
            (self._table([step.data.ptr for step in steps]), np.int64(len(steps)), found_inf),
        )  # fmt: skip

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
        """See ``Optimizers.sgd_step``."""
        self._update(
            "Sgd", params, grads, (momentum_buffers if momentum != 0 else None,), (momentum, dampening, weight_decay),
            lr=lr, step=1, flags=int(nesterov), maximize=maximize, found_inf=found_inf, first_step=first_step,
        )  # fmt: skip

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
        """See ``Optimizers.adam_step``."""
        self._update(
            "Adam", params, grads, (exp_avgs, exp_avg_sqs, max_exp_avg_sqs if amsgrad else None),
            (beta1, beta2, eps, weight_decay), lr=lr, step=step, flags=int(decoupled) + 2 * int(amsgrad),
            maximize=maximize, found_inf=found_inf,
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
        """See ``Optimizers.rmsprop_step``."""
        self._update(
            "RmsProp", params, grads,
            (square_avgs, grad_avgs if centered else None, momentum_buffers if momentum > 0 else None),
            (alpha, eps, weight_decay, momentum), lr=lr, step=1, flags=int(centered), maximize=maximize,
            found_inf=found_inf,
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
        """See ``Optimizers.adagrad_step``."""
        self._update(
            "Adagrad", params, grads, (sums,), (lr_decay, eps, weight_decay), lr=lr, step=step, flags=0,
            maximize=maximize, found_inf=found_inf,
        )  # fmt: skip

    def _update(
        self,
        rule: str,
        params: Sequence[Array],
        grads: Sequence[Array],
        states: tuple[Arrays, ...],
        options: tuple[float, ...],
        *,
        lr: Any,
        step: float | Sequence[Array],
        flags: int,
        maximize: bool,
        found_inf: Array | None,
        first_step: Sequence[bool] = (),
    ) -> None:
        """One launch for each dtype."""
        settings = np.zeros((), _SETTINGS)
        settings["options"][: len(options)] = options
        settings["flags"], settings["maximize"] = flags, maximize
        if isinstance(lr, cupy.ndarray):
            lr = lr if lr.dtype.kind == "f" and lr.itemsize >= 4 else lr.astype(np.float32)
            settings["lr_at"], settings["lr_is_double"] = lr.data.ptr, lr.itemsize == 8
        else:
            settings["lr"] = float(lr)
        steps = None
        if isinstance(step, (int, float)):
            settings["step"] = step
        else:
            steps = step
        if found_inf is not None:
            settings["found_inf"] = found_inf.data.ptr
        columns: list[list[Array | None]] = [list(params), list(grads)]
        columns += [[None] * len(params) if arrays is None else list(arrays) for arrays in states]
        with _contiguous(columns, read_only=1):
            for dtype, places in _by_dtype(columns[0]).items():
                part = _real_dtype(dtype)
                rows: list[int] = []
                chunks = 0
                for place in places:
                    addresses = [0 if (x := column[place]) is None else x.data.ptr for column in columns]
                    size = params[place].size * (dtype.itemsize // part.itemsize)
                    rows += [*addresses, *[0] * (STATES - len(states))]
                    rows += [0 if steps is None else steps[place].data.ptr]
                    rows += [size, chunks, int(first_step[place]) if first_step else 0]
                    chunks += -(-size // CHUNK)
                kind = kernels.FLOATS[part.name]
                kernels.launch(
                    "optimizers", kind, f"update<{kind}, {rule}>", chunks,
                    (self._table(rows), np.int32(len(places)), settings[()]),
                )  # fmt: skip

    # -- gradients ---------------------------------------------------------------------------------------------

    def total_norm(self, arrays: Sequence[Array], p: float) -> Array:
        """See ``Gradients.total_norm``."""
        dtype = arrays[0].dtype
        total = cupy.empty((), dtype)
        kind = kernels.FLOATS[dtype.name]
        form = {1.0: 1, 2.0: 2, np.inf: -1}.get(p, 0)
        columns: list[list[Array | None]] = [list(arrays)]
        with _contiguous(columns, read_only=0):
            table, count, chunks = self._pieces(columns[0])
            if not chunks:
                total.fill(0)
            # the table is followed by room for a number per chunk and the counter of blocks
            sums = table[3 * count :]
            kernels.launch(
                "optimizers_gradients", kind, f"norm<{kind}, {form}>", chunks,
                (table, np.int32(count), sums[1:], sums[:1], np.float64(p), total),
            )  # fmt: skip
        return total

    def scale_to_norm(self, arrays: Sequence[Array], total: Array, *, limit: float) -> None:
        """See ``Gradients.scale_to_norm``."""
        for dtype, own in self._real_arrays(arrays):
            self._over(
                own,
                f"scale_to_norm<{kernels.FLOATS[dtype.name]}>",
                kernels.contiguous(total, dtype),
                np.float64(limit),
            )

    def clamp_all(self, arrays: Sequence[Array], *, limit: float) -> None:
        """See ``Gradients.clamp_all``."""
        for dtype, own in self._real_arrays(arrays):
            self._over(own, f"clamp_all<{kernels.FLOATS[dtype.name]}>", np.float64(limit))

    def unscale(self, arrays: Sequence[Array], scale: Array | None, found_inf: Array) -> None:
        """See ``Gradients.unscale``."""
        divide = "false" if scale is None else "true"
        for dtype, own in self._real_arrays(arrays):
            self._over(own, f"unscale<{kernels.FLOATS[dtype.name]}, {divide}>", scale, found_inf)

    def update_scale(
        self,
        scale: Array,
        tracker: Array,
        found_inf: Array,
        *,
        growth_factor: float,
        backoff_factor: float,
        growth_interval: int,
    ) -> None:
        """See ``Gradients.update_scale``."""
        kernels.launch(
            "optimizers_gradients", "scale", "update_scale", 1,
            (
                scale, tracker, found_inf, np.float32(growth_factor), np.float32(backoff_factor),
                np.int32(growth_interval),
            ),
        )  # fmt: skip

    def _real_arrays(self, arrays: Sequence[Array]) -> Iterator[tuple[DType, list[Array]]]:
        """The arrays of each dtype; complex ones as reals."""
        for dtype, places in _by_dtype(arrays).items():
            part = _real_dtype(dtype)
            own = [arrays[place] for place in places]
            yield part, own if part is dtype else [x.reshape(*x.shape, 1).view(part) for x in own]

    def _over(self, arrays: list[Array], instance: str, *arguments: Any) -> None:
        """Launch a kernel that changes arrays of one dtype."""
        columns: list[list[Array | None]] = [list(arrays)]
        kind = kernels.FLOATS[arrays[0].dtype.name]
        with _contiguous(columns, read_only=None):
            table, count, chunks = self._pieces(columns[0])
            kernels.launch(
                "optimizers_gradients", kind, instance, chunks, (table, np.int32(count), *arguments)
            )

    def _pieces(self, arrays: Sequence[Any]) -> tuple[Array, int, int]:
        """The table of rows `Piece`, how many there are, and the number of chunks."""
        rows: list[int] = []
        chunks = 0
        for array in arrays:
            if array.size:
                rows += [array.data.ptr, array.size, chunks]
                chunks += -(-array.size // CHUNK)
        return self._table(rows, chunks + 1), len(rows) // 3, chunks

    # -- tables ------------------------------------------------------------------------------------------------

    def _table(self, rows: list[int], room: int = 0) -> Array:
        """The numbers in device memory, followed by zeros."""
        key = (room, *rows)
        found = self._tables.pop(key, None)
        if found is None:
            found = cupy.array(rows + [0] * room, np.int64)
            if len(self._tables) >= TABLES:
                self._tables.popitem(last=False)
        self._tables[key] = found
        return found


def _by_dtype(arrays: Sequence[Any]) -> dict[DType, list[int]]:
    """The places of the arrays that have elements, by dtype."""
    found: dict[DType, list[int]] = {}
    for place, array in enumerate(arrays):
        if array.size:
            found.setdefault(array.dtype, []).append(place)
    return found


def _real_dtype(dtype: DType) -> DType:
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


@contextmanager
def _contiguous(columns: list[list[Array | None]], read_only: int | None) -> Iterator[None]:
    """Replace arrays that a kernel cannot take (not contiguous, or not of the dtype of their row's first) by copies, which
    are written back afterwards, except those of the column `read_only`."""
    replaced: list[tuple[Array, Array]] = []
    for number, column in enumerate(columns):
        for place, array in enumerate(column):
            if array is None:
                continue
            own = columns[0][place].dtype  # type: ignore[union-attr]
            if not (array.flags.c_contiguous and array.dtype == own):
                column[place] = kernels.contiguous(array, own)
                if number != read_only:
                    replaced.append((array, column[place]))
    yield
    for array, copy in replaced:
        array[...] = copy
