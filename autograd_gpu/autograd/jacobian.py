"""Jacobians of functions of tensors, by finite differences and by differentiation: the two sides of
`gradcheck`.

All of them are host arrays of shape (rows, elements of the output). A row belongs to a **direction**, an
array of the input's shape along which the input moves: one unit vector per element, or a single random vector
in fast mode.

A complex function has no Jacobian of complex numbers. As PyTorch, we look at the real and the imaginary part
of an output by themselves, each a real function ``s``, and compare the conjugate Wirtinger derivative (times
two) ``ds/dx + i ds/dy`` with respect to an input ``x + iy``, which is the gradient that backward returns.
Forward mode is compared along the real and along the imaginary direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd_gpu.autograd import forward_ad
from autograd_gpu.core.backward import grad
from autograd_gpu.core.graph import Tensor, wrap

HostArray = np.ndarray[Any, Any]
Function = Callable[..., Any]


class GradcheckError(RuntimeError):
    """Raised by `gradcheck` and `gradgradcheck` when a derivative is wrong."""


def as_tuple(value: Any) -> tuple[Any, ...]:
    """A function's result, or its inputs, as a tuple."""
    if isinstance(value, (tuple, list)):
        return tuple(value)
    return (value,)


def call(function: Function, inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    """The outputs of the function to be checked.

    Raises:
        TypeError: if they are not all tensors.
    """
    outputs = as_tuple(function(*inputs))
    for position, output in enumerate(outputs):
        if not isinstance(output, Tensor):
            raise TypeError(
                f"gradcheck: func must return a Tensor or a tuple of Tensors; output {position} is a "
                f"{type(output).__name__}"
            )
    return outputs


def differentiable(tensor: Any) -> bool:
    """Whether a value is a tensor with floating or complex elements."""
    return isinstance(tensor, Tensor) and tensor._type.differentiable


def host(tensor: Tensor) -> HostArray:
    """A copy of the elements in main memory."""
    return np.array(tensor._type.namespace.to_host(tensor._array))


def like(tensor: Tensor, values: HostArray) -> Tensor:
    """A tensor of the dtype, shape and device of `tensor`, with other values."""
    kind = tensor._type
    array = np.ascontiguousarray(values).astype(kind.numpy).reshape(tensor._array.shape)
    return wrap(kind.namespace.from_host(array), kind)


def like_stack(tensor: Tensor, members: Sequence[Tensor]) -> Tensor:
    """Tensors like `tensor`, stacked."""
    kind = tensor._type
    return wrap(kind.namespace.stack([member._array for member in members], dim=0), kind)


def zeros_like(tensor: Tensor) -> Tensor:
    """Zeros of the dtype, shape and device of a tensor."""
    return wrap(tensor._type.namespace.zeros(tensor._array.shape, tensor._type.numpy), tensor._type)


def unit_directions(tensor: Tensor) -> Iterator[HostArray]:
    """One direction per element of a tensor."""
    shape = tensor._array.shape
    for index in np.ndindex(*shape):
        direction = np.zeros(shape)
        direction[index] = 1.0
        yield direction


def uniform(generator: np.random.Generator, shape: tuple[int, ...], is_complex: bool) -> HostArray:
    """Random numbers in [-1, 1), real and imaginary part each."""
    values = np.asarray(generator.uniform(-1, 1, shape))
    return values + 1j * generator.uniform(-1, 1, shape) if is_complex else values


# -- by finite differences -----------------------------------------------------------------------------------


def _move(array: Any, original: Any, step: Any = None) -> None:
    array[...] = original if step is None else original + step


def numerical_row(
    function: Function, inputs: Sequence[Any], position: int, direction: HostArray, eps: float
) -> list[HostArray]:
    """Central difference of every output, flattened, with input number `position` moved along `direction`.

    The input is changed in place, unseen by its version count, and then restored: functions that close over
    their inputs are checked too.
    """
    tensor: Tensor = inputs[position]
    array = tensor._array
    kind = tensor._type
    original = kind.namespace.copy(array)
    step, back = (kind.namespace.from_host((direction * signed).astype(kind.numpy)) for signed in (eps, -eps))
    run = kind.namespace.run
    try:
        run(_move, array, original, back)
        below = call(function, inputs)
        lower = [host(output) for output in below]
        run(_move, array, original, step)
        above = call(function, inputs)
        upper = [host(output) for output in above]
    finally:
        run(_move, array, original)
    rows = []
    for before, after in zip(lower, upper, strict=True):
        for attribute in ("shape", "dtype"):
            first, second = getattr(before, attribute), getattr(after, attribute)
            if first != second:
                raise AssertionError(
                    f"Expected `func` to return outputs with the same {attribute} when inputs are perturbed "
                    f"by {eps}, "
                    f"but got: {attribute}s {first} and {second}."
                )
        wide = np.complex128 if before.dtype.kind == "c" else np.float64
        rows.append((after.astype(wide) - before.astype(wide)).reshape(-1) / (2 * eps))
    return rows


def numerical_jacobian(
    function: Function,
    inputs: Sequence[Any],
    position: int,
    directions: Iterable[HostArray],
    factor: complex,
    eps: float,
) -> list[HostArray]:
    """For each output the numerical Jacobian along `factor` (1 or 1j) times the directions."""
    rows = [numerical_row(function, inputs, position, factor * d, eps) for d in directions]
    if rows:
        return [np.stack(columns) for columns in zip(*rows, strict=True)]
    return [np.zeros((0, output._array.size)) for output in call(function, inputs)]


# -- by differentiation --------------------------------------------------------------------------------------


def gradients(
    output: Tensor,
    leaves: Sequence[Tensor],
    cotangents: Iterable[HostArray],
    factor: complex,
    check_dtypes: bool,
) -> list[HostArray]:
    """For each leaf the gradients, one flattened row per cotangent (of `output`, times `factor`)."""
    rows: list[list[HostArray]] = [[] for _ in leaves]
    for cotangent in cotangents:
        found = grad(output, leaves, like(output, factor * cotangent), retain_graph=True, allow_unused=True)
        for position, (leaf, g) in enumerate(zip(leaves, found, strict=True)):
            wide = np.complex128 if leaf._type.is_complex else np.float64
            if g is None:
                rows[position].append(np.zeros(leaf._array.size, wide))
                continue
            if g._array.shape != leaf._array.shape:
                raise GradcheckError(
                    f"Analytical gradient has incorrect size: the gradient of input {position} has shape "
                    f"{list(g._array.shape)}, the input {list(leaf._array.shape)}"
                )
            if check_dtypes and g._type.dtype is not leaf._type.dtype:
                raise GradcheckError(
                    f"Gradient has dtype mismatch: the gradient of input {position} is {g._type.dtype.name}, "
                    f"the input {leaf._type.dtype.name}"
                )
            rows[position].append(host(g).reshape(-1).astype(wide))
    return [
        np.stack(each) if each else np.zeros((0, leaf._array.size))
        for each, leaf in zip(rows, leaves, strict=True)
    ]


def forward_jacobian(
    function: Function,
    inputs: Sequence[Any],
    position: int,
    directions: Iterable[HostArray],
    factor: complex,
    check_dtypes: bool,
) -> list[HostArray]:
    """For each output the tangents, flattened, with input number `position` moved along `factor` times the
    directions."""
    rows: list[list[HostArray]] = []
    for direction in directions:
        tangents = {
            index: np.zeros(value._array.shape) if index != position else factor * direction
            for index, value in enumerate(inputs)
            if differentiable(value) and value.requires_grad
        }
        row = []
        for primal, tangent in push_forward(function, inputs, tangents):
            if tangent is None:
                row.append(np.zeros(primal._array.size))
                continue
            if check_dtypes and tangent._type.dtype is not primal._type.dtype:
                raise GradcheckError(
                    f"Forward AD gradient has dtype mismatch: the tangent is {tangent._type.dtype.name}, "
                    f"the output {primal._type.dtype.name}"
                )
            if tangent._array.shape != primal._array.shape:
                raise GradcheckError(
                    "Forward AD gradient has incorrect size: the tangent has shape "
                    f"{list(tangent._array.shape)}, "
                    f"the output {list(primal._array.shape)}"
                )
            row.append(host(tangent).reshape(-1))
        rows.append(row)
    if rows:
        return [np.stack(columns) for columns in zip(*rows, strict=True)]
    return [np.zeros((0, output._array.size)) for output in call(function, inputs)]


def push_forward(
    function: Function, inputs: Sequence[Any], tangents: dict[int, HostArray]
) -> list[tuple[Tensor, Tensor | None]]:
    """(output, its tangent) for every output, given tangents of some inputs. The other inputs have none."""
    with forward_ad.dual_level():
        moving = list(inputs)
        for index, value in enumerate(inputs):
            if isinstance(value, Tensor):
                moving[index] = value.detach()
            if index in tangents:
                moving[index] = forward_ad.make_dual(moving[index], like(value, tangents[index]))
        unpacked = [forward_ad.unpack_dual(output) for output in call(function, moving)]
        return [(dual.primal, dual.tangent) for dual in unpacked]
