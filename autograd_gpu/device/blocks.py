"""Elementwise work on large arrays, block by block: what one step makes, the next finds in the cache, and the blocks
are spread over threads.

An elementwise function of several steps makes a temporary array per step. Over blocks these are small, and only operands
and results move through memory. Any elementwise function, and the rules of its derivative, can simply be called on blocks
of their operands; they need not know.

Blocks are ranges of the flattened arrays where all operands have the same shape (or are single elements), else ranges
of rows, so that operands broadcast as before. What a block is depends on shapes alone, so results do not depend on the
number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_gpu.device import threads
from autograd_gpu.device.portable.base import Array, Shape
from autograd_gpu.device.portable.elementwise import UFUNC_NAMES

#: elements from which arrays are cut: for functions of several steps, and for those of one, where only the second thread
#: gains anything. The way here costs 20 us and a block 4.
LARGE, LARGER = 2**18, 2**21

#: functions that round exactly, so that it may depend on the number of threads whether they are cut
EXACT = frozenset(
    ("add", "sub", "mul", "div", "neg", "abs", "sqrt", "square", "reciprocal", "maximum", "minimum")
)


def smallest(name: str) -> int:
    """The number of elements from which a function is cut."""
    return LARGER if name in UFUNC_NAMES else LARGE


def worth_cutting(name: str, size: int) -> bool:
    """Whether a function of so many elements, and the rules of its derivative, are done block by block."""
    return size >= smallest(name) and (name not in EXACT or threads.get_num_threads() > 1)


class Cut:
    """The operands of an elementwise function, one of them at least of the common shape, ready to be cut into blocks."""

    __slots__ = ("block", "operands", "rows", "shape")

    def __init__(self, operands: Sequence[Any], shape: Shape) -> None:
        partial = [x.shape for x in operands if _is_partial(x, shape)]
        leading = len(shape)
        if partial:
            # Leading dimensions along which every operand repeats (or has it all) are as good as one.
            leading = max(1, len(shape) - max(map(_own_dimensions, partial)))
        tail = shape[leading:]
        #: the common shape with its leading dimensions made one, which is what is cut
        self.shape = (math.prod(shape[:leading]), *tail)
        self.rows = self.shape[0]
        self.block = max(1, threads.BLOCK // max(1, math.prod(tail)))
        #: each operand, and whether it is cut or goes whole into every block
        self.operands: list[tuple[Any, bool]] = []
        for x in operands:
            if not isinstance(x, np.ndarray):
                self.operands.append((x, False))
            elif x.shape == shape:
                self.operands.append((_reshaped(x, self.shape), True))
            else:
                own = _own_dimensions(x.shape)
                self.operands.append((x.reshape(x.shape[x.ndim - own :]), own == len(shape) and x.size > 1))

    def part(self, start: int, stop: int) -> list[Any]:
        """The operands' blocks from row `start` to `stop`."""
        return [x[start:stop] if cut else x for x, cut in self.operands]


def _is_partial(x: Any, shape: Shape) -> bool:
    return isinstance(x, np.ndarray) and x.shape != shape and x.size != 1


def _own_dimensions(shape: Shape) -> int:
    """The number of dimensions without leading ones of size 1."""
    for position, size in enumerate(shape):
        if size != 1:
            return len(shape) - position
    return 0


def cut(operands: Sequence[Any]) -> Cut | None:
    """The operands ready to be cut; None if they are small, not contiguous, or not of one of their own shapes."""
    arrays = [x for x in operands if isinstance(x, np.ndarray)]
    shape = max(arrays, key=_size).shape
    if math.prod(shape) < LARGE or not all(x.flags.c_contiguous or not any(x.strides) for x in arrays):
        return None
    try:
        common = np.broadcast_shapes(*(x.shape for x in arrays))
    except ValueError:
        return None
    return Cut(operands, shape) if common == shape else None


def _reshaped(x: Array, shape: Shape) -> Array:
    """A view: of a contiguous array, or of one element that stands for all."""
    return x.reshape(shape) if x.flags.c_contiguous else np.broadcast_to(x[(0,) * x.ndim], shape)


def _size(x: Array) -> int:
    return int(x.size)


def apply(
    function: Callable[..., Array], operands: Sequence[Any], params: dict[str, Any], out: Array | None = None
) -> Array:
    """``function(*operands, **params)`` for an elementwise function.

    `out` is an array for the result, of the operands' common shape and contiguous; it may be one of them.
    """
    whole = cut(operands)
    if whole is not None:
        # What the results are, a first row tells.
        sample = function(*whole.part(0, 1), **params)
        if not isinstance(sample, np.ndarray) or sample.shape != (1, *whole.shape[1:]):
            whole = None
    if whole is None:
        return function(*operands, **params) if out is None else function(*operands, **params, out=out)
    if out is None:
        out = np.empty(
            np.broadcast_shapes(*(x.shape for x in operands if isinstance(x, np.ndarray))), sample.dtype
        )
    result = out.reshape(whole.shape)

    if isinstance(function, np.ufunc):

        def block(start: int, stop: int) -> None:
            function(*whole.part(start, stop), out=result[start:stop])

    else:

        def block(start: int, stop: int) -> None:
            result[start:stop] = function(*whole.part(start, stop), **params)

    threads.for_ranges(block, whole.rows, whole.block)
    return out


def pull(
    rules: Callable[..., Any],
    F: Any,
    g: Array,
    kept: tuple[Any, ...] | None,
    params: dict[str, Any],
    mine: bool,
) -> Any:
    """``rules(F, g, kept, params)``, the gradients of an elementwise function's operands.

    `mine` says that nobody else sees `g`, so that a result may be written over it.
    """
    whole = None if kept is not None and tuple in map(type, kept) else cut((g, *(kept or ())))
    samples: Any = ()
    if whole is not None:
        first, *others = whole.part(0, 1)
        samples = rules(F, first, others if kept else None, params)
        expected = (1, *whole.shape[1:])
        if g.size != whole.rows * math.prod(whole.shape[1:]) or not all(
            x is None or (isinstance(x, np.ndarray) and x.shape == expected) for x in samples
        ):
            whole = None
    if whole is None:
        return rules(F, g, kept, params)
    results: list[Array | None] = []
    targets: list[tuple[int, Array]] = []
    untouched = all(x is not first for x in samples)
    for position, sample in enumerate(samples):
        if sample is None or sample is first:
            results.append(None if sample is None else g)
            continue
        if mine and untouched and sample.dtype == g.dtype and g.flags.c_contiguous and g.flags.writeable:
            result, mine = g, False
        else:
            result = np.empty(g.shape, sample.dtype)
        results.append(result)
        targets.append((position, result.reshape(whole.shape)))
    if targets:

        def block(start: int, stop: int) -> None:
            part, *others = whole.part(start, stop)
            found = rules(F, part, others if kept else None, params)
            for position, target in targets:
                target[start:stop] = found[position]

        threads.for_ranges(block, whole.rows, whole.block)
    return results
