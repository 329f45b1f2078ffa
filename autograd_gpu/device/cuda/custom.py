"""Launches kernels that users bring, by the names of their parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import cupy
import numpy as np
from cupy.cuda import runtime

from autograd_gpu.device import kernels
from autograd_gpu.device.portable.base import Array, is_half
from autograd_gpu.device.signature import Launch, Result, Signature

#: axes that `elementwise.cuh` walks; more are made fewer by copying
AXES = 8

Allocate = Callable[[tuple[int, ...], Any], Array]


def run(
    card: int,
    source: kernels.Source,
    signature: Signature,
    instance: str,
    bound: Mapping[str, Any],
    inputs: Mapping[str, Array | None],
    results: Sequence[Result],
    numbers: Mapping[str, Any],
    launch: Launch,
    allocate: Allocate = cupy.empty,
) -> dict[str, Array]:
    """Runs a kernel once and returns what it filled; arrays without elements are not worth a launch."""
    with on(card):
        filled = {result.name: allocate(result.shape, result.dtype) for result in results}
        if not any(array.size for array in filled.values()):
            return filled
        if min(launch.grid) <= 0:
            raise RuntimeError(
                f"{signature.name}: a grid of {launch.grid} blocks launches nothing, and there are elements to compute: "
                + ", ".join(f"{result.name}: {list(result.shape)}" for result in results)
            )
        arguments: list[Any] = []
        for parameter in signature.parameters:
            name = parameter.name
            if not parameter.pointer:
                arguments.append(
                    number(signature.name, name, signature.dtype(parameter, bound), numbers[name])
                )
            elif name in filled:
                arguments.append(filled[name])
            else:
                given = inputs[name]
                arguments.append(None if given is None else kernels.contiguous(given))
        function = source.function(instance)
        kernels.start(function, instance, launch.grid, launch.block, arguments, launch.shared)
        return filled


def on(card: int) -> Any:
    """A context in which that card is the current one."""
    return nullcontext() if runtime.getDevice() == card else cupy.cuda.Device(card)


def number(kernel: str, name: str, dtype: Any, value: Any) -> Any:
    """A number in exactly the type that a kernel declares.

    Raises:
        TypeError: a fraction for an integer parameter, or no number.
        OverflowError: an integer that does not fit.
    """
    if dtype.kind in "iu":
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, (bool, int, np.integer, np.bool_)):
            raise TypeError(
                f"{kernel}: the parameter {name} is declared as an integer ({dtype.name}), got {value!r}"
            )
        limits = np.iinfo(dtype)
        if not limits.min <= value <= limits.max:
            hint = ": declare it as long long" if dtype.itemsize < 8 else ""
            raise OverflowError(
                f"{kernel}: {name} = {value} does not fit the type it is declared with ({dtype.name}){hint}"
            )
    elif not isinstance(value, (bool, int, float, complex, np.generic)):
        raise TypeError(
            f"{kernel}: the parameter {name} is a number ({dtype.name}), got {type(value).__name__}"
        )
    exact = dtype.type(value)
    return exact.view(np.uint16) if is_half(dtype) else exact


# -- formulas, element by element ----------------------------------------------------------------------


def run_formula(
    card: int,
    source: kernels.Source,
    kind: str,
    inputs: Sequence[Array],
    results: Sequence[Result],
    allocate: Allocate = cupy.empty,
) -> dict[str, Array]:
    """Runs the `Formula` of a source on every element; `inputs` are arrays that broadcast to the shape of the results,
    and NumPy scalars, which are handed over by value."""
    with on(card):
        filled = {result.name: allocate(result.shape, result.dtype) for result in results}
        shape = results[0].shape
        outputs = list(filled.values())
        size = outputs[0].size
        if not size:
            return filled
        scalars = [not isinstance(x, cupy.ndarray) for x in inputs]
        mask = sum(1 << position for position, is_scalar in enumerate(scalars) if is_scalar)
        arrays = [
            x if is_scalar or x.shape == shape else cupy.broadcast_to(x, shape)
            for x, is_scalar in zip(inputs, scalars, strict=True)
        ]
        given = [x for x, is_scalar in zip(arrays, scalars, strict=True) if not is_scalar]
        if not all(x.flags.c_contiguous for x in given):
            axes = merged(shape, [x.strides for x in given])
            if len(axes) > AXES:
                arrays = [
                    x if is_scalar else kernels.contiguous(x)
                    for x, is_scalar in zip(arrays, scalars, strict=True)
                ]
                axes = []
        else:
            axes = []
        operands = np.zeros((), _operands(len(inputs), len(outputs)))
        operands["input"] = [
            0 if is_scalar else x.data.ptr for x, is_scalar in zip(arrays, scalars, strict=True)
        ]
        operands["number"] = [
            float(x) if is_scalar else 0.0 for x, is_scalar in zip(arrays, scalars, strict=True)
        ]
        operands["output"] = [x.data.ptr for x in outputs]
        count = np.int64(size)
        if not axes:
            instance = f"contiguous<Formula, {kind}, {mask}>"
            packs = not any(address % 16 for field in ("input", "output") for address in operands[field])
            lanes = 16 // outputs[0].itemsize
            arguments: tuple[Any, ...] = (operands[()], count, np.bool_(packs))
            threads = -(-size // lanes)
        else:
            index = "unsigned" if size < 2**31 else "i64"
            instance = f"strided<Formula, {kind}, {mask}, {index}>"
            layout = np.zeros((), _layout(len(inputs)))
            layout["axes"] = len(axes)
            layout["size"][: len(axes)] = [extent for extent, _ in axes]
            rows = iter(range(len(given)))
            for position, is_scalar in enumerate(scalars):
                if not is_scalar:
                    row = next(rows)
                    layout["step"][position, : len(axes)] = [
                        steps[row] // outputs[0].itemsize for _, steps in axes
                    ]
            arguments = (operands[()], layout[()], count)
            threads = size
        function = source.function(instance)
        blocks = kernels.blocks_for(threads)
        kernels.start(function, instance, (blocks,), (kernels.BLOCK,), arguments)
        return filled


@functools.cache
def _operands(inputs: int, outputs: int) -> Any:
    """`Operands` of elementwise.cuh."""
    return np.dtype(
        [
            ("input", np.uint64, (inputs,)),
            ("number", np.float64, (inputs,)),
            ("output", np.uint64, (outputs,)),
        ],
        align=True,
    )


@functools.cache
def _layout(inputs: int) -> Any:
    """`Layout` of elementwise.cuh."""
    return np.dtype(
        [("size", np.int64, (AXES,)), ("step", np.int64, (inputs, AXES)), ("axes", np.int64)], align=True
    )


def merged(shape: tuple[int, ...], strides: Sequence[tuple[int, ...]]) -> list[tuple[int, tuple[int, ...]]]:
    """The axes of arrays of one shape, outermost first, with the strides of each array; neighbours that all arrays walk as
    one are one."""
    axes: list[tuple[int, tuple[int, ...]]] = []
    for axis, extent in enumerate(shape):
        if extent == 1:
            continue
        steps = tuple(each[axis] for each in strides)
        if axes and axes[-1][1] == tuple(extent * step for step in steps):
            axes[-1] = (axes[-1][0] * extent, steps)
        else:
            axes.append((extent, steps))
    return axes or [(1, (0,) * len(strides))]
