"""`gradcheck` and `gradgradcheck`: derivatives against finite differences, as in `torch.autograd`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd_gpu import dtypes
from autograd_gpu.autograd import grad
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.testing.assert_close import is_close
from autograd_gpu.testing.jacobian import (
    Function, GradcheckError, HostArray, as_tuple, call, differentiable, forward_jacobian, gradients, host, like,
    numerical_jacobian, push_forward, unit_directions,
)  # fmt: skip

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

_BATCHED = (
    "{name}: {option}=True needs vmap over the backward, which autograd_gpu does not have; leave it False and check a "
    "batch with a loop over gradcheck"
)


def gradcheck(
    func: Function,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Check the gradients of a function against central finite differences.

    Every input that requires grad is checked against every output that does. Complex functions are checked through the
    real and the imaginary part of their outputs (PyTorch's convention: gradients are conjugate Wirtinger derivatives).
    At points where `func` is not differentiable the check may fail although nothing is wrong.

    Args:
        func: takes `inputs`, returns a tensor or a tuple or list of tensors.
        inputs: a tensor or a tuple of tensors (and other values, which are passed on). Those to be checked must require
            grad and should be float64 or complex128: in float32 a difference over `eps` has no correct digit left. They
            are changed in place during the check, and restored.
        eps: step of the finite differences.
        atol, rtol: a derivative is right if ``|analytical - numerical| <= atol + rtol * |numerical|``.
        raise_exception: raise `GradcheckError` when the check fails (the message shows the worst element); otherwise
            return False.
        nondet_tol: how much two identical backward passes may differ.
        check_undefined_grad: also check that outputs without a gradient count as outputs with zero gradient.
        check_grad_dtypes: also check that gradients have the dtypes of the inputs.
        check_batched_grad, check_batched_forward_grad: not available, must be False.
        check_forward_ad: also check forward mode.
        check_backward_ad: check backward mode.
        fast_mode: compare random projections of the Jacobian instead of all its elements: two evaluations of `func` per
            input instead of two per element.
        masked: accepted for PyTorch's sake; it concerns sparse tensors.

    Returns:
        True if the check passed; False if it failed and `raise_exception` is False.

    Raises:
        GradcheckError: a RuntimeError, if the check failed.
        ValueError: if no input requires grad.
        RuntimeError: if an input's elements overlap in memory (expanded tensors).
        NotImplementedError: for the batched checks.

    Example:
        >>> from autograd_gpu.testing import gradcheck
        >>> x = ag.tensor([0.5, 2.0], dtype=ag.float64, requires_grad=True)
        >>> gradcheck(lambda x: x * x, x)
        True
        >>> gradcheck(lambda x: x * x.detach(), x, raise_exception=False)
        False
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    _refuse(
        "gradcheck",
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=check_batched_forward_grad,
    )
    given = as_tuple(inputs)
    _check_inputs(given)
    check = _Check(func, given, eps, atol, rtol, check_grad_dtypes, fast_mode)
    try:
        check.outputs_of_func()
        if check_backward_ad:
            check.backward(nondet_tol)
        if check_forward_ad:
            check.forward()
            if check_undefined_grad:
                check.missing_tangents()
        if check_backward_ad and check.outputs:
            check.zero_cotangents()
            if check_undefined_grad:
                check.missing_cotangents()
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Function,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check second derivatives: `gradcheck` of the function that maps inputs and output gradients to input gradients.

    Args:
        func, inputs: as for `gradcheck`.
        grad_outputs: gradients of the outputs that require grad (a tensor or a tuple); by default random numbers in
            [-1, 1) that require grad.
        gen_non_contig_grad_outputs: make those random gradients non-contiguous in memory.
        check_fwd_over_rev: check forward mode over backward mode.
        check_rev_over_rev: check backward mode over backward mode.
        eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes, check_batched_grad,
            fast_mode, masked: as for `gradcheck`.

    Returns, Raises:
        as `gradcheck`.

    Example:
        >>> from autograd_gpu.testing import gradgradcheck
        >>> x = ag.tensor([0.5, 2.0], dtype=ag.float64, requires_grad=True)
        >>> gradgradcheck(lambda x: x * x * x, x)
        True
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    _refuse("gradgradcheck", check_batched_grad=check_batched_grad)
    given = as_tuple(inputs)
    if grad_outputs is None:
        outputs = [output for output in call(func, given) if output.requires_grad]
        cotangents: tuple[Any, ...] = _random_cotangents(outputs, gen_non_contig_grad_outputs)
    else:
        cotangents = as_tuple(grad_outputs)
    count = len(given)
    wanted = [isinstance(value, Tensor) and value.requires_grad for value in (*given, *cotangents)]

    def gradient_function(*arguments: Any) -> tuple[Tensor, ...]:
        for value, wants in zip(arguments, wanted, strict=True):
            if wants:  # forward mode was given detached ones
                value.requires_grad_()
        outputs = [output for output in call(func, arguments[:count]) if output.requires_grad]
        leaves = [value for value, wants in zip(arguments[:count], wanted[:count], strict=True) if wants]
        found = grad(outputs, leaves, list(arguments[count:]), create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        gradient_function,
        (*given, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


def _refuse(name: str, **options: bool) -> None:
    for option, wanted in options.items():
        if wanted:
            raise NotImplementedError(_BATCHED.format(name=name, option=option))


def _random_cotangents(outputs: Sequence[Tensor], strided: bool) -> tuple[Tensor, ...]:
    generator = np.random.default_rng(0)  # its own, so that the user's random numbers do not move
    cotangents = []
    for output in outputs:
        kind = output._type
        shape = output._array.shape
        full = (*shape[:-1], 2 * shape[-1]) if strided and shape else shape
        values = _uniform(generator, full, kind.is_complex)
        array = kind.namespace.from_host(values.astype(kind.numpy))
        cotangent = wrap(array[..., ::2] if full != shape else array, kind)
        cotangents.append(cotangent.requires_grad_())
    return tuple(cotangents)


def _uniform(generator: np.random.Generator, shape: tuple[int, ...], is_complex: bool) -> HostArray:
    values = np.asarray(generator.uniform(-1, 1, shape))
    return values + 1j * generator.uniform(-1, 1, shape) if is_complex else values


def _check_inputs(inputs: Sequence[Any]) -> None:
    found = False
    for position, value in enumerate(inputs):
        if not (isinstance(value, Tensor) and value.requires_grad):
            continue
        found = True
        if value._type.dtype not in (dtypes.float64, dtypes.complex128):
            warnings.warn(
                f"Input #{position} requires gradient and is not a double precision floating point or complex. This check "
                f"will likely fail if all the inputs are not of double precision floating point or complex. (it is "
                f"{value._type.dtype.name})",
                stacklevel=3,
            )
        array = value._array
        if any(stride == 0 and size > 1 for stride, size in zip(array.strides, array.shape, strict=True)):
            raise RuntimeError(
                f"The {position}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous on "
                "the input before passing it to gradcheck."
            )
    if not found:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


class _Check:
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
        generator = np.random.default_rng(0)
        self.random = lambda shape: _normalized(generator.uniform(0, 1, shape))

    def outputs_of_func(self) -> None:
        """Call the function; without a differentiable output it must be constant."""
        everything = call(self.func, self.inputs)
        self.selected = [i for i, output in enumerate(everything) if output.requires_grad]
        self.outputs = [everything[i] for i in self.selected]
        if self.outputs:
            return
        for position in self.positions:
            for factor in self.factors(self.inputs[position]):
                directions = self.directions(self.inputs[position])
                jacobians = numerical_jacobian(self.func, self.inputs, position, directions, factor, self.eps)
                for output, jacobian in zip(everything, jacobians, strict=True):
                    if differentiable(output) and np.any(jacobian != 0):
                        raise GradcheckError(
                            "Numerical gradient for function expected to be zero: no output of the function requires grad, "
                            f"but they change with input {position}"
                        )

    def directions(self, tensor: Tensor) -> Iterator[HostArray]:
        """Along what an input (or, for cotangents, an output) is varied."""
        return iter([self.random(tensor._array.shape)]) if self.fast else unit_directions(tensor)

    @staticmethod
    def factors(tensor: Tensor) -> tuple[complex, ...]:
        return (1.0, 1j) if tensor._type.is_complex else (1.0,)

    # -- backward ------------------------------------------------------------------------------------------------

    def backward(self, nondet_tol: float) -> None:
        """Compare the gradients of every output with respect to every input."""
        if not self.outputs:
            return
        cotangents = [list(self.directions(output)) for output in self.outputs]
        analytical = {}
        for index, output in enumerate(self.outputs):
            for factor in self.factors(output):
                arguments = (self.leaves, iter(cotangents[index]), factor, self.check_dtypes)
                first = gradients(output, *arguments)
                second = gradients(output, self.leaves, iter(cotangents[index]), factor, self.check_dtypes)
                if any(_largest(a - b) > nondet_tol for a, b in zip(first, second, strict=True)):
                    raise GradcheckError(
                        "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                        "gives different values, although analytical gradient matches numerical gradient."
                        f"The tolerance for nondeterminism was {nondet_tol}."
                    )
                analytical[index, factor] = first
        for number, position in enumerate(self.positions):
            leaf = self.inputs[position]
            moves = {factor: list(self.directions(leaf)) for factor in self.factors(leaf)}
            numerical = {
                factor: numerical_jacobian(
                    self.func, self.inputs, position, iter(moves[factor]), factor, self.eps
                )
                for factor in moves
            }
            for index, output in enumerate(self.outputs):
                for factor in reversed(self.factors(output)):
                    part = np.imag if factor == 1j else np.real
                    expected = part(numerical[1.0][self.selected[index]])
                    if leaf._type.is_complex:
                        expected = expected + 1j * part(numerical[1j][self.selected[index]])
                    found = analytical[index, factor][number]
                    allowed = self.atol
                    if self.fast:
                        v = cotangents[index][0].reshape(-1)
                        expected = expected @ v
                        found, scale = _project(found[0], [m[0].reshape(-1) for m in moves.values()])
                        allowed *= scale * float(v.sum())
                    else:
                        found = found.T
                    if self.agree(found, expected, allowed):
                        continue
                    if self.fast:
                        found, expected = self.in_full(index, position, factor)
                    raise GradcheckError(
                        self.message(found, expected, index, position, factor, forward=False)
                    )

    def agree(self, found: HostArray, expected: HostArray, allowed: float) -> bool:
        wide = np.result_type(found, expected)
        return bool(
            is_close(
                np.asarray(found, wide), np.asarray(expected, wide), self.rtol, allowed, equal_nan=False
            ).all()
        )

    def in_full(self, index: int, position: int, factor: complex) -> tuple[HostArray, HostArray]:
        """All elements of a Jacobian of which a projection was wrong: (analytical, numerical)."""
        output, leaf = self.outputs[index], self.inputs[position]
        found = gradients(output, [leaf], unit_directions(output), factor, False)[0].T
        part = np.imag if factor == 1j else np.real
        expected = np.zeros(())
        for direction in self.factors(leaf):
            jacobian = numerical_jacobian(
                self.func, self.inputs, position, unit_directions(leaf), direction, self.eps
            )
            expected = expected + direction * part(jacobian[self.selected[index]])
        return found, expected

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
                    f"grad is incorrect size: {list(g._array.shape)} instead of {list(leaf._array.shape)} for input {position}"
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
                    f"Expected backward function to handle undefined output grads: without a gradient for output "
                    f"{self.selected[missing]} it raised {type(error).__name__}: {error}"
                ) from error
            if any(g is not None and np.any(host(g) != 0) for g in found):
                raise GradcheckError(
                    "Expected all input grads to be undefined or zero when all output grads are undefined or zero. "
                    f"(output {self.selected[missing]} had no gradient, the others zeros)"
                )

    # -- forward -------------------------------------------------------------------------------------------------

    def forward(self) -> None:
        """Compare the tangents of every output with respect to every input."""
        for position in self.positions:
            leaf = self.inputs[position]
            for factor in reversed(self.factors(leaf)):
                moves = list(self.directions(leaf))
                numerical = numerical_jacobian(
                    self.func, self.inputs, position, iter(moves), factor, self.eps
                )
                analytical = forward_jacobian(
                    self.func, self.inputs, position, iter(moves), factor, self.check_dtypes
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
            position: _uniform(
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
                        f"Mismatch in tangent values for output with index: {index} when input {missing} has an undefined "
                        f"tangent value. Got: {b} but expected: {a}"
                    )

    # -- what went wrong -----------------------------------------------------------------------------------------

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
                "Fast gradcheck failed but element-wise differences are small. This means that the test might've passed in "
                "slow_mode! Call it with fast_mode=False."
            )
        else:
            with np.errstate(all="ignore"):
                excess = np.abs(found - expected) - self.rtol * np.abs(expected)
            excess = np.where(close, -np.inf, np.nan_to_num(excess, nan=np.inf, posinf=np.inf))
            row, column = np.unravel_index(int(np.argmax(excess)), excess.shape)
            n, a = expected[row, column], found[row, column]
            lines.append(
                f"{int(close.size - close.sum())} of {close.size} elements differ; the worst: the derivative of "
                f"output {self.selected[index]}{_index(output, int(column))} with respect to input {position}"
                f"{_index(leaf, int(row))} is {n:.9g} numerically, {a:.9g} analytically: a difference of {abs(a - n):.3g}, "
                f"allowed {self.atol + self.rtol * abs(n):.3g} (atol={self.atol:g} + rtol={self.rtol:g} * |numerical|)"
            )
        names = {self.inputs[i]._type.dtype.name for i in self.positions}
        low = sorted(names - {"float64", "complex128"})
        if low:
            lines.append(
                f"The inputs are {' and '.join(low)}: a finite difference over eps={self.eps:g} has hardly a correct digit in "
                "that precision, so this failure says little. Use double precision inputs (x.double(), or x.cdouble())."
            )
        return "\n".join(lines) + "\n"


def _index(tensor: Tensor, flat: int) -> str:
    shape = tensor._array.shape
    return str([int(i) for i in np.unravel_index(flat, shape)]) if shape else ""


def _normalized(values: Any) -> HostArray:
    array = np.asarray(values)
    norm = np.linalg.norm(array)
    return array / norm if norm else array


def _largest(difference: HostArray) -> float:
    return float(np.max(np.abs(difference))) if difference.size else 0.0


def _project(gradient: HostArray, moves: Sequence[HostArray]) -> tuple[HostArray, float]:
    """A gradient along the directions of a fast check (one, or a real and an imaginary one), and what a tolerance per
    element amounts to after the projection."""
    scale = float(sum(move.sum() for move in moves))
    if len(moves) == 1:
        return np.asarray([gradient @ moves[0]]), scale
    return np.asarray([gradient.real @ moves[0] + 1j * (gradient.imag @ moves[1])]), scale
