"""The comparisons that `gradcheck` makes, for one function and its inputs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd_gpu.autograd import forward_ad
from autograd_gpu.autograd.closeness import is_close
from autograd_gpu.autograd.jacobian import (
    Function,
    GradcheckError,
    HostArray,
    call,
    differentiable,
    forward_jacobian,
    gradients,
    host,
    like,
    like_stack,
    numerical_jacobian,
    push_forward,
    uniform,
    unit_directions,
    zeros_like,
)
from autograd_gpu.core import backward
from autograd_gpu.core.backward import grad
from autograd_gpu.core.graph import Tensor

BATCHED_BACKWARD = """\
gradcheck or gradgradcheck failed while testing batched gradient computation: `vmap` over the backward pass (what
jacobian(vectorize=True), is_grads_batched=True and ag.func.jacrev do) does not give what single passes give. Write the backward
in tensor ops without .item() and data-dependent shapes, or leave check_batched_grad=False."""
BATCHED_FORWARD = """\
gradcheck failed while testing batched gradient computation with forward-mode AD: `vmap` over tangents (what ag.func.jacfwd
does) does not give what single tangents give. Write the function in tensor ops without .item() and data-dependent shapes, or
leave check_batched_forward_grad=False."""


class Check:
    """One run of `gradcheck`: the function, its inputs and what is tolerated."""

    def __init__(
        self,
        func: Function,
        inputs: tuple[Any, ...],
        eps: float,
        atol: float,
        rtol: float,
        check_dtypes: bool,
        fast: bool,
    ) -> None:
        self.func = func
        self.inputs = inputs
        self.eps = eps
        self.atol = atol
        self.rtol = rtol
        self.check_dtypes = check_dtypes
        self.fast = fast
        #: positions of the inputs to be checked
        self.positions = [
            i for i, value in enumerate(inputs) if isinstance(value, Tensor) and value.requires_grad
        ]
        self.leaves: list[Tensor] = [inputs[i] for i in self.positions]
        #: positions of the outputs to be checked, and those outputs
        self.selected: list[int] = []
        self.outputs: list[Tensor] = []
        # Not the user's generator, and the same numbers in every run: a failure can be repeated.
        self.generator = np.random.default_rng(0)
        #: for each output, along what its gradients are taken; and those gradients, as they become known
        self.cotangents: list[list[HostArray]] = []
        self.known: dict[tuple[int, complex], list[HostArray]] = {}

    def outputs_of_func(self) -> None:
        """Call the function; without a differentiable output it must be constant."""
        everything = call(self.func, self.inputs)
        self.selected = [i for i, output in enumerate(everything) if output.requires_grad]
        self.outputs = [everything[i] for i in self.selected]
        self.cotangents = [list(self.directions(output)) for output in self.outputs]
        if self.outputs:
            return
        for position in self.positions:
            for factor in self.factors(self.inputs[position]):
                directions = self.directions(self.inputs[position])
                jacobians = numerical_jacobian(self.func, self.inputs, position, directions, factor, self.eps)
                for output, jacobian in zip(everything, jacobians, strict=True):
                    if differentiable(output) and np.any(jacobian != 0):
                        raise GradcheckError(
                            "Numerical gradient for function expected to be zero: no output of the function "
                            "requires grad, "
                            f"but they change with input {position}"
                        )

    def directions(self, tensor: Tensor) -> Iterator[HostArray]:
        """Along what an input (or, for cotangents, an output) is varied."""
        if not self.fast:
            return unit_directions(tensor)
        return iter([_normalized(np.asarray(self.generator.uniform(0, 1, tensor._array.shape)))])

    @staticmethod
    def factors(tensor: Tensor) -> tuple[complex, ...]:
        return (1.0, 1j) if tensor._type.is_complex else (1.0,)

    # -- backward --------------------------------------------------------------------------------------------

    def backward(self, nondet_tol: float) -> None:
        """Compare the gradients of every output with respect to every input."""
        for number, position in enumerate(self.positions):
            leaf = self.inputs[position]
            moves = {factor: list(self.directions(leaf)) for factor in self.factors(leaf)}
            numerical = {
                factor: numerical_jacobian(self.func, self.inputs, position, moves[factor], factor, self.eps)
                for factor in moves
            }
            for index, output in enumerate(self.outputs):
                cotangents = self.cotangents[index]
                for factor in reversed(self.factors(output)):
                    found = self.gradients(index, factor, nondet_tol)[number]
                    rows = [numerical[each][self.selected[index]] for each in moves]
                    expected = _gradient_of_part(rows, factor)
                    if not self.fast:
                        right = self.agree(found.T, expected, self.atol)
                    else:
                        v = cotangents[0].reshape(-1)
                        u = [move[0].reshape(-1) for move in moves.values()]
                        # An error of atol in every element, seen through the projections
                        allowed = self.atol * float(sum(each.sum() for each in u) * v.sum())
                        right = self.agree(_along(found[0], u), expected[0] @ v, allowed)
                    if not right:
                        self.fail_backward(index, position, factor)

    def gradients(self, index: int, factor: complex, nondet_tol: float) -> list[HostArray]:
        """The gradients of an output, for each input; computed once, with a repetition as a test."""
        known = self.known.get((index, factor))
        if known is not None:
            return known
        output, cotangents = self.outputs[index], self.cotangents[index]
        first, second = (
            gradients(output, self.leaves, cotangents, factor, self.check_dtypes) for _ in range(2)
        )
        if any(_largest(a - b) > nondet_tol for a, b in zip(first, second, strict=True)):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
                "times gives different values, although analytical gradient matches numerical gradient."
                f"The tolerance for nondeterminism was {nondet_tol}."
            )
        self.known[index, factor] = first
        return first

    def fail_backward(self, index: int, position: int, factor: complex) -> None:
        """Raise, with all elements of the Jacobian (of which fast mode has seen a projection only)."""
        output, leaf = self.outputs[index], self.inputs[position]
        found = gradients(output, [leaf], unit_directions(output), factor, False)[0].T
        rows = [
            numerical_jacobian(self.func, self.inputs, position, unit_directions(leaf), each, self.eps)
            for each in self.factors(leaf)
        ]
        expected = _gradient_of_part([row[self.selected[index]] for row in rows], factor)
        raise GradcheckError(self.message(found, expected, index, position, factor, forward=False))

    def agree(self, found: HostArray, expected: HostArray, allowed: float) -> bool:
        wide = np.result_type(found, expected)
        return bool(
            is_close(
                np.asarray(found, wide), np.asarray(expected, wide), self.rtol, allowed, equal_nan=False
            ).all()
        )

    def zero_cotangents(self) -> None:
        """Gradients of zero must give gradients of zero."""
        zeros = [like(output, np.zeros(output._array.shape)) for output in self.outputs]
        found = grad(self.outputs, self.leaves, zeros, retain_graph=True, allow_unused=True)
        for position, leaf, g in zip(self.positions, self.leaves, found, strict=True):
            if g is None:
                continue
            if np.any(host(g) != 0):
                raise GradcheckError(
                    f"backward not multiplied by grad_output (the gradient of input {position})"
                )
            if g._type is not leaf._type:
                what = "device" if g._type.dtype is leaf._type.dtype else "type"
                raise GradcheckError(
                    f"grad is incorrect {what}: {g._type} instead of {leaf._type} for input {position}"
                )
            if g._array.shape != leaf._array.shape:
                raise GradcheckError(
                    f"grad is incorrect size: {list(g._array.shape)} instead of {list(leaf._array.shape)} "
                    f"for input {position}"
                )

    def missing_cotangents(self) -> None:
        """An output that gets no gradient must count as one that gets zeros."""
        if len(self.outputs) < 2:
            return
        for missing in range(len(self.outputs)):
            everything = [output for output in call(self.func, self.inputs) if output.requires_grad]
            outputs = [output for index, output in enumerate(everything) if index != missing]
            zeros = [like(output, np.zeros(output._array.shape)) for output in outputs]
            try:
                found = grad(outputs, self.leaves, zeros, allow_unused=True)
            except RuntimeError as error:
                raise GradcheckError(
                    "Expected backward function to handle undefined output grads: without a gradient for "
                    "output "
                    f"{self.selected[missing]} it raised {type(error).__name__}: {error}"
                ) from error
            if any(g is not None and np.any(host(g) != 0) for g in found):
                raise GradcheckError(
                    "Expected all input grads to be undefined or zero when all output grads are undefined "
                    "or zero. "
                    f"(output {self.selected[missing]} had no gradient, the others zeros)"
                )

    # -- forward ---------------------------------------------------------------------------------------------

    def forward(self) -> None:
        """Compare the tangents of every output with respect to every input."""
        for position in self.positions:
            leaf = self.inputs[position]
            for factor in reversed(self.factors(leaf)):
                moves = list(self.directions(leaf))
                numerical = numerical_jacobian(self.func, self.inputs, position, moves, factor, self.eps)
                analytical = forward_jacobian(
                    self.func, self.inputs, position, moves, factor, self.check_dtypes
                )
                for index, selected in enumerate(self.selected):
                    found, expected = analytical[selected], numerical[selected]
                    allowed = self.atol * float(moves[0].sum()) if self.fast and moves else self.atol
                    if self.agree(found, expected, allowed):
                        continue
                    if self.fast:
                        expected = numerical_jacobian(
                            self.func, self.inputs, position, unit_directions(leaf), factor, self.eps
                        )[selected]
                        found = forward_jacobian(
                            self.func, self.inputs, position, unit_directions(leaf), factor, False
                        )[selected]
                    raise GradcheckError(self.message(found, expected, index, position, factor, forward=True))

    def missing_tangents(self) -> None:
        """An input without a tangent must count as one whose tangent is zero."""
        if not self.outputs:
            return
        generator = np.random.default_rng(1)
        given = {
            position: uniform(
                generator, self.inputs[position]._array.shape, self.inputs[position]._type.is_complex
            )
            for position in self.positions
        }
        for missing in self.positions:
            zeros = {**given, missing: np.zeros(self.inputs[missing]._array.shape)}
            none = {position: tangent for position, tangent in given.items() if position != missing}
            with_zeros = push_forward(self.func, self.inputs, zeros)
            with_none = push_forward(self.func, self.inputs, none)
            for index in self.selected:
                first, second = with_zeros[index][1], with_none[index][1]
                if first is None or second is None:
                    continue
                a, b = host(first), host(second)
                if not is_close(a, b, 1e-5, 1e-8, equal_nan=False).all():
                    raise GradcheckError(
                        f"Mismatch in tangent values for output with index: {index} when input {missing} "
                        "has an undefined "
                        f"tangent value. Got: {b} but expected: {a}"
                    )

    # -- many at once ----------------------------------------------------------------------------------------

    def batched_backward(self) -> None:
        """Backward passes over a batch of gradients must give what single passes give."""
        for index, output in enumerate(self.outputs):
            cotangents = self.two_of(output)
            single = [
                grad(output, self.leaves, g, retain_graph=True, materialize_grads=True) for g in cotangents
            ]
            stacked = like_stack(output, cotangents)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="There is a performance drop")
                try:
                    found = grad(
                        output,
                        self.leaves,
                        stacked,
                        retain_graph=True,
                        materialize_grads=True,
                        is_grads_batched=True,
                    )
                except RuntimeError as error:
                    raise GradcheckError(
                        f"While computing batched gradients, got: {error}\n\n{BATCHED_BACKWARD}"
                    ) from error
            for position, batch, *members in zip(self.positions, found, *single, strict=True):
                assert batch is not None
                expected = np.stack([host(g) for g in members if g is not None])
                self.agree_batched(self.selected[index], position, host(batch), expected, BATCHED_BACKWARD)

    def batched_forward(self) -> None:
        """Forward mode over a batch of tangents must give what single tangents give."""
        for position in self.positions:
            leaf = self.inputs[position]

            def push(tangent: Tensor, position: int = position) -> tuple[Tensor, ...]:
                with forward_ad.dual_level():
                    moving = [value.detach() if isinstance(value, Tensor) else value for value in self.inputs]
                    moving[position] = forward_ad.make_dual(moving[position], tangent)
                    unpacked = [forward_ad.unpack_dual(output) for output in call(self.func, moving)]
                    return tuple(
                        zeros_like(dual.primal) if dual.tangent is None else dual.tangent
                        for dual in unpacked
                        if differentiable(dual.primal)
                    )

            tangents = self.two_of(leaf)
            single = [push(tangent) for tangent in tangents]
            assert backward.vectorize is not None
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="There is a performance drop")
                try:
                    found = backward.vectorize(push)(like_stack(leaf, tangents))
                except RuntimeError as error:
                    raise GradcheckError(
                        f"While computing batched gradients, got: {error}\n\n{BATCHED_FORWARD}"
                    ) from error
            for number, tangent in enumerate(found):
                expected = np.stack([host(each[number]) for each in single])
                self.agree_batched(number, position, host(tangent), expected, BATCHED_FORWARD)

    def two_of(self, tensor: Tensor) -> list[Tensor]:
        """Two random tensors like one."""
        shape, is_complex = tensor._array.shape, tensor._type.is_complex
        return [like(tensor, uniform(self.generator, shape, is_complex)) for _ in range(2)]

    @staticmethod
    def agree_batched(output: int, position: int, found: HostArray, expected: HostArray, advice: str) -> None:
        """Raise unless a batch gave what its members give."""
        if not is_close(found, expected, 1e-5, 1e-8, equal_nan=False).all():
            raise GradcheckError(
                f"For output {output} and input {position}:\n\n{advice}\n\nGot:\n{found}\n\nExpected:\n{expected}"
            )

    # -- what went wrong -------------------------------------------------------------------------------------

    def message(
        self, found: HostArray, expected: HostArray, index: int, position: int, factor: complex, forward: bool
    ) -> str:
        """PyTorch's message, and below it the element that is farthest off."""
        leaf, output = self.inputs[position], self.outputs[index]
        prefix = ""
        if (leaf if forward else output)._type.is_complex:
            part, element = "imaginary" if factor == 1j else "real", "inputs" if forward else "outputs"
            prefix = f"While considering the {part} part of complex {element} only, "
        lines = [
            f"{prefix}Jacobian {'computed with forward mode ' if forward else ''}mismatch for output "
            f"{self.selected[index]} with respect to input {position},",
            f"numerical:{expected}",
            f"analytical:{found}",
        ]
        wide = np.result_type(found, expected)
        close = is_close(found.astype(wide), expected.astype(wide), self.rtol, self.atol, equal_nan=False)
        if close.all():
            lines.append(
                "Fast gradcheck failed but element-wise differences are small. This means that the test "
                "might've passed in "
                "slow_mode! Call it with fast_mode=False."
            )
        else:
            with np.errstate(all="ignore"):
                excess = np.abs(found - expected) - self.rtol * np.abs(expected)
            excess = np.where(close, -np.inf, np.nan_to_num(excess, nan=np.inf, posinf=np.inf))
            row, column = np.unravel_index(int(np.argmax(excess)), excess.shape)
            n, a = expected[row, column], found[row, column]
            lines.append(
                f"{int(close.size - close.sum())} of {close.size} elements differ; the worst: the "
                "derivative of "
                f"output {self.selected[index]}{_index(output, int(column))} with respect to input {position}"
                f"{_index(leaf, int(row))} is {n:.9g} numerically, {a:.9g} analytically: a difference of "
                f"{abs(a - n):.3g}, "
                f"allowed {self.atol + self.rtol * abs(n):.3g} (atol={self.atol:g} + rtol={self.rtol:g} * "
                "|numerical|)"
            )
        names = {self.inputs[i]._type.dtype.name for i in self.positions}
        low = sorted(names - {"float64", "complex128"})
        if low:
            lines.append(
                f"The inputs are {' and '.join(low)}: a finite difference over eps={self.eps:g} has hardly "
                "a correct digit in "
                "that precision, so this failure says little. Use double precision inputs (x.double(), or "
                "x.cdouble())."
            )
        return "\n".join(lines) + "\n"


def _index(tensor: Tensor, flat: int) -> str:
    shape = tensor._array.shape
    return str([int(i) for i in np.unravel_index(flat, shape)]) if shape else ""


def _normalized(values: HostArray) -> HostArray:
    norm = np.linalg.norm(values)
    return np.asarray(values / norm if norm else values)


def _largest(difference: HostArray) -> float:
    return float(np.max(np.abs(difference))) if difference.size else 0.0


def _gradient_of_part(rows: Sequence[HostArray], factor: complex) -> HostArray:
    """The gradient of the real (`factor` 1) or imaginary (1j) part of an output, from what moving the input
    along the real and, if it is complex, along the imaginary axis does to the output."""
    part = np.imag if factor == 1j else np.real
    return np.asarray(part(rows[0]) + 1j * part(rows[1]) if len(rows) > 1 else part(rows[0]))


def _along(gradient: HostArray, moves: Sequence[HostArray]) -> HostArray:
    """A gradient along a real direction, or along a real and an imaginary one."""
    if len(moves) == 1:
        return np.asarray(gradient @ moves[0])
    return np.asarray(gradient.real @ moves[0] + 1j * (gradient.imag @ moves[1]))
