"""What is checked of every op, given its `OpCase`. Each check raises AssertionError with the sample that
failed.

tests/test_ops.py runs all of them for every op of this library; with cases of your own they check your ops.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_gpu import dtypes, errors
from autograd_gpu.autograd import grad
from autograd_gpu.autograd.gradcheck import gradcheck, gradgradcheck
from autograd_gpu.autograd.jacobian import as_tuple, differentiable, host
from autograd_gpu.core.graph import Tensor, node_of, wrap
from autograd_gpu.core.op import REGISTRY
from autograd_gpu.dtypes import DType
from autograd_gpu.testing.assert_close import assert_close
from autograd_gpu.testing.opcase import ErrorCase, HostArray, Make, OpCase, Sample, map_arrays, tensor_of

LAYOUTS = ("contiguous", "transposed", "strided")
#: how far a gradient in low precision may be from the one in double precision, relative to the largest
#: element: a gradient sums terms, which may cancel
GRADIENT_TOLERANCES: dict[str, float] = {
    "float16": 8e-3,
    "bfloat16": 6.4e-2,
    "float32": 1e-5,
    "complex64": 1e-5,
}
#: above this many elements of inputs and outputs together, derivatives are checked along random directions
#: only
FULL_JACOBIAN = 64


class Call:
    """One call of a case's function: its tensors and its outputs."""

    def __init__(
        self,
        case: OpCase,
        sample: Sample,
        device: str,
        *,
        layout: str | None = None,
        leaves: Sequence[int] | None = None,
    ) -> None:
        """`leaves`: positions of the arrays that require grad."""
        self.case = case
        self.tensors: list[Tensor] = []

        def convert(array: HostArray) -> Tensor:
            tensor = tensor_of(array, device, layout)
            if leaves is not None and len(self.tensors) in leaves:
                tensor.requires_grad_()
            self.tensors.append(tensor)
            return tensor

        self.args = map_arrays(sample.args, convert)
        self.kwargs = map_arrays(sample.kwargs, convert)
        if case.factory:
            self.kwargs["device"] = device
        self.leaves = [self.tensors[position] for position in leaves or ()]
        self.result: Any = case.function(*self.args, **self.kwargs)
        self.outputs = as_tuple(self.result)


def leaf_positions(case: OpCase, sample: Sample) -> list[int]:
    """Which of a sample's arrays are differentiated."""
    if case.gradient is False:
        return []
    floating = [
        position
        for position, array in enumerate(sample.arrays())
        if dtypes.of_numpy(array.dtype).category >= dtypes.FLOAT
    ]
    return floating if case.gradient is True else [floating[i] for i in case.gradient if i < len(floating)]


def failing(case: OpCase, dtype: DType, sample: Sample, what: str) -> Callable[[str], str]:
    """A message for `assert_close` that says which call went wrong."""
    return lambda text: f"{case.id}{sample!r} [{dtype.name}]: {what}\n{text}"


# -- values --------------------------------------------------------------------------------------------------


def check_forward(case: OpCase, dtype: DType, device: str = "cpu") -> None:
    """Values, dtypes and shapes against the reference, for all memory layouts; inputs unchanged; who shares
    memory."""
    for sample in case.make_samples(dtype):
        expected = case.expected(sample) if case.ref is not None else None
        layouts: tuple[str | None, ...] = (
            (None, *LAYOUTS) if sample.arrays() and expected is not None else (None,)
        )
        for layout in layouts:
            call = Call(case, sample, device, layout=layout)
            where = f"{layout or 'given'} layout on {device}"
            if expected is not None:
                compare(case, call.outputs, expected, failing(case, dtype, sample, where))
            _check_untouched(call, sample, failing(case, dtype, sample, f"an input was changed ({where})"))
            _check_memory(call, failing(case, dtype, sample, where))
            for output in call.outputs:
                assert not (isinstance(output, Tensor) and output.requires_grad), (
                    f"{case.id}{sample!r}: the output requires grad although no input does"
                )
            if case.check is not None:
                case.check(call.result, *call.args, **call.kwargs)
        if device != "cpu" and expected is not None:
            here, there = Call(case, sample, "cpu"), Call(case, sample, device)
            for ours, theirs in zip(there.outputs, here.outputs, strict=True):
                rtol, atol = case.tolerance(theirs._type.dtype if isinstance(theirs, Tensor) else dtype)
                assert_close(
                    ours, theirs, rtol=rtol, atol=atol, equal_nan=True, check_device=False,
                    msg=failing(case, dtype, sample, f"{device} differs from cpu"),
                )  # fmt: skip


def compare(
    case: OpCase, outputs: Sequence[Any], expected: Sequence[HostArray], message: Callable[[str], str]
) -> None:
    """Outputs (tensors; Python numbers where the function returns such) against the reference's."""
    assert len(outputs) == len(expected), message(f"{len(outputs)} outputs instead of {len(expected)}")
    for output, reference in zip(outputs, expected, strict=True):
        if not isinstance(output, Tensor):
            assert not reference.shape, message(
                f"got a {type(output).__name__} instead of shape {list(reference.shape)}"
            )
            assert_close(output, reference.item(), equal_nan=True, msg=message)
            continue
        rtol, atol = case.tolerance(output._type.dtype)
        assert_close(host(output), reference, rtol=rtol, atol=atol, equal_nan=True, msg=message)


def _check_untouched(call: Call, sample: Sample, message: Callable[[str], str]) -> None:
    for tensor, array in zip(call.tensors, sample.arrays(), strict=True):
        assert_close(host(tensor), np.array(array), rtol=0, atol=0, equal_nan=True, msg=message)


def _check_memory(call: Call, message: Callable[[str], str]) -> None:
    """A view shares its input's memory; any other result has its own, or is the input itself."""
    record = REGISTRY.get(call.case.name) if call.case.call is None else None
    for output in call.outputs:
        if (
            not isinstance(output, Tensor)
            or not isinstance(output._array, np.ndarray)
            or not output._array.size
        ):
            continue
        sharing = [
            tensor
            for tensor in call.tensors
            if output is not tensor and np.shares_memory(output._array, tensor._array)
        ]
        if sharing and output._view is None:
            raise AssertionError(message("the output shares an input's memory but is no view of it"))
        if record is not None and record.kind == "view" and output is not call.tensors[0] and not sharing:
            raise AssertionError(message("the output of a view op does not share its input's memory"))


def check_unlisted(case: OpCase, dtype: DType, device: str = "cpu") -> None:
    """A dtype that the case does not list: the op works, or raises an exception that tells the user what to
    change."""
    try:
        sample = case.make_samples(dtype)[0]
    except ValueError:
        return
    outcomes: list[type] = []
    for place in dict.fromkeys(("cpu", device)):
        try:
            Call(case, sample, place)
        except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
            check_place(f"{case.id}{sample!r}", error)
            outcomes.append(type(error))
        else:
            outcomes.append(type(None))
    assert len(set(outcomes)) == 1, (
        f"{case.id}{sample!r}: {outcomes[0].__name__} on cpu, {outcomes[1].__name__} on {device}"
    )


# -- gradients -----------------------------------------------------------------------------------------------


def check_gradient(case: OpCase, dtype: DType, device: str = "cpu") -> None:
    """First and second derivatives, backward and forward, against finite differences (double precision
    only)."""
    for sample in case.make_samples(dtype):
        positions = leaf_positions(case, sample)
        if not positions:
            continue
        leaves = [tensor_of(sample.arrays()[position], device).requires_grad_() for position in positions]
        function = _of_leaves(case, sample, positions, device)
        outputs = [output for output in as_tuple(function(*leaves)) if output.requires_grad]
        size = sum(tensor._array.size for tensor in (*leaves, *outputs))
        try:
            fast = size > FULL_JACOBIAN
            gradcheck(
                function,
                tuple(leaves),
                check_forward_ad=case.forward,
                check_grad_dtypes=True,
                fast_mode=fast,
            )
            if case.order > 1 and outputs:
                gradgradcheck(
                    function, tuple(leaves), check_grad_dtypes=True, fast_mode=2 * size > FULL_JACOBIAN
                )
        except Exception as error:
            error.add_note(f"{case.id}{sample!r} [{dtype.name}]")
            raise


def _of_leaves(
    case: OpCase, sample: Sample, positions: Sequence[int], device: str
) -> Callable[..., tuple[Tensor, ...]]:
    """The case's function of the differentiated tensors alone, with its floating outputs."""
    others = [tensor_of(array, device) for array in sample.arrays()]

    def function(*leaves: Tensor) -> tuple[Tensor, ...]:
        tensors = list(others)
        for position, leaf in zip(positions, leaves, strict=True):
            tensors[position] = leaf
        remaining = iter(tensors)
        args = map_arrays(sample.args, lambda _: next(remaining))
        kwargs = map_arrays(sample.kwargs, lambda _: next(remaining))
        return tuple(output for output in as_tuple(case.function(*args, **kwargs)) if differentiable(output))

    return function


def check_backward(case: OpCase, dtype: DType, device: str = "cpu") -> None:
    """The gradients' dtypes and shapes; the same with and without a graph of their own, for repeated passes,
    for each input alone, for any layout of the incoming gradient; close to the gradients in double precision;
    nothing overwritten."""
    for sample in case.make_samples(dtype):
        positions = leaf_positions(case, sample)
        if not positions:
            continue
        tell = functools.partial(failing, case, dtype, sample)
        call = Call(case, sample, device, leaves=positions)
        outputs = [output for output in call.outputs if isinstance(output, Tensor) and output.requires_grad]
        if not outputs:
            continue
        generator = np.random.default_rng(0)
        given = [_random_like(generator, output) for output in outputs]
        cotangents = [tensor_of(array, device) for array in given]
        plain = grad(outputs, call.leaves, cotangents, retain_graph=True, allow_unused=True)
        for leaf, g in zip(call.leaves, plain, strict=True):
            if g is not None:
                assert g._type is leaf._type, tell("gradient")(f"{g._type} instead of {leaf._type}")
                assert g._array.shape == leaf._array.shape, tell("gradient")(f"shape {g._array.shape}")
        snapshot = [None if g is None else host(g) for g in plain]

        again = grad(outputs, call.leaves, cotangents, retain_graph=True, allow_unused=True)
        _same(again, snapshot, 0.0, tell("a second backward gives another gradient"))
        laid_out = [tensor_of(array, device, "strided") for array in given]
        tolerance = _gradient_tolerance(case, dtype)
        other = grad(outputs, call.leaves, laid_out, retain_graph=True, allow_unused=True)
        _same(other, snapshot, tolerance, tell("backward of a gradient with strides"))
        with_graph = grad(outputs, call.leaves, cotangents, create_graph=True, allow_unused=True)
        _same(with_graph, snapshot, tolerance, tell("create_graph=True changes the gradient"))
        _check_constant_cotangent(outputs, call, tolerance, tell("backward of an expanded gradient"))

        for tensor, array in zip(cotangents, given, strict=True):
            assert_close(
                host(tensor), array, rtol=0, atol=0, msg=tell("backward overwrote the incoming gradient")
            )
        _same(plain, snapshot, 0.0, tell("a later backward overwrote an earlier gradient"))
        _check_untouched(call, sample, tell("backward changed an input"))

        if len(positions) > 1:
            for index, position in enumerate(positions):
                alone = Call(case, sample, device, leaves=[position])
                targets = [
                    output for output in alone.outputs if isinstance(output, Tensor) and output.requires_grad
                ]
                if len(targets) == len(outputs):
                    single = grad(targets, alone.leaves, cotangents, allow_unused=True)
                    _same(single, [snapshot[index]], tolerance, tell(f"gradient of input {position} alone"))
        if dtype not in (dtypes.float64, dtypes.complex128):
            double = _double_gradients(case, sample, positions, given, outputs, call)
            _same(plain, double, tolerance, tell("against the gradient in double precision"))


def _random_like(generator: np.random.Generator, output: Tensor) -> HostArray:
    values = np.asarray(generator.uniform(-1, 1, output._array.shape))
    if output._type.is_complex:
        values = values + 1j * generator.uniform(-1, 1, output._array.shape)
    return np.asarray(values.astype(output._type.numpy))


def _gradient_tolerance(case: OpCase, dtype: DType) -> float:
    default = GRADIENT_TOLERANCES.get(dtype.name, 1e-10)
    return max(case.gradient_tolerance(dtype, (default, default)))


def _same(
    found: Sequence[Tensor | None],
    expected: Sequence[HostArray | None],
    tolerance: float,
    message: Callable[[str], str],
) -> None:
    """Gradients against arrays, within `tolerance` of the largest element. None is zero."""
    for position, (g, reference) in enumerate(zip(found, expected, strict=True)):
        if g is None or reference is None:
            for value in (None if g is None else host(g), reference):
                assert value is None or not np.any(value), message(
                    f"gradient {position} is missing once, but not zero"
                )
            continue
        values = host(g)
        with np.errstate(all="ignore"):
            rounded = reference.astype(values.dtype)
        finite = np.abs(np.where(np.isfinite(rounded), rounded, 0).astype(np.complex128))
        scale = max(1.0, float(finite.max(initial=0)))
        assert_close(values, rounded, rtol=tolerance, atol=tolerance * scale, equal_nan=True, msg=message)


def _check_constant_cotangent(
    outputs: Sequence[Tensor], call: Call, tolerance: float, message: Callable[[str], str]
) -> None:
    """`sum().backward()` sends a gradient whose elements all lie at one address."""
    dense = [wrap(o._type.namespace.ones(o._array.shape, o._type.numpy), o._type) for o in outputs]
    flat = [
        wrap(o._type.namespace.expand(o._type.namespace.ones((), o._type.numpy), o._array.shape), o._type)
        for o in outputs
    ]
    expected = grad(outputs, call.leaves, dense, retain_graph=True, allow_unused=True)
    found = grad(outputs, call.leaves, flat, retain_graph=True, allow_unused=True)
    _same(found, [None if g is None else host(g) for g in expected], tolerance, message)


def _double_gradients(
    case: OpCase,
    sample: Sample,
    positions: Sequence[int],
    given: Sequence[HostArray],
    outputs: Sequence[Tensor],
    call: Call,
) -> list[HostArray | None]:
    """The gradients of the same call with all floating arrays in double precision, on the CPU."""

    def widen(array: HostArray) -> HostArray:
        kind = dtypes.of_numpy(array.dtype)
        if kind.category < dtypes.FLOAT:
            return array
        return array.astype(np.complex128 if kind.is_complex else np.float64)

    double = Call(case, sample.map(widen), "cpu", leaves=positions)
    chosen = [index for index, output in enumerate(call.outputs) if any(output is each for each in outputs)]
    targets = [double.outputs[index] for index in chosen]
    wide = [tensor_of(array.astype(target._type.numpy)) for array, target in zip(given, targets, strict=True)]
    found = grad(targets, double.leaves, wide, allow_unused=True)
    return [None if g is None else host(g) for g in found]


# -- in place ------------------------------------------------------------------------------------------------


def check_inplace(case: OpCase, name: str, dtype: DType, device: str = "cpu") -> None:
    """A method that works in place: result, identity, version and gradient as out of place; PyTorch's errors
    where the result does not fit."""
    for sample in case.make_samples(dtype):
        if not sample.args or not isinstance(sample.args[0], np.ndarray):
            continue
        tell = functools.partial(failing, case, dtype, sample)
        plain = Call(case, sample, device)
        target, *others = plain.args
        if not isinstance(plain.result, Tensor):
            raise AssertionError(tell("only ops with one output work in place")(""))
        method = getattr(target, name)
        if plain.result._array.shape != target._array.shape:
            _expect(
                method,
                others,
                plain.kwargs,
                RuntimeError,
                r"output with shape .* doesn't match the broadcast shape",
                tell,
            )
            continue
        if not dtypes.can_cast(plain.result._type.dtype, target._type.dtype):
            _expect(method, others, plain.kwargs, RuntimeError, r"result type .* can't be cast to", tell)
            continue
        result = method(*others, **plain.kwargs)
        assert result is target, tell("returned another tensor")("")
        assert target._version == 1, tell(f"version {target._version} after one change")("")
        reference = host(plain.result).astype(target._type.numpy)
        rtol, atol = case.tolerance(target._type.dtype)
        assert_close(host(target), reference, rtol=rtol, atol=atol, equal_nan=True, msg=tell("value"))
        if dtype.category >= dtypes.FLOAT and leaf_positions(case, sample):
            _check_inplace_gradient(
                case, name, sample, device, _gradient_tolerance(case, dtype), tell("gradient")
            )


def _expect(
    method: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Any,
    kind: type[Exception],
    match: str,
    tell: Callable[..., Any],
) -> None:
    raised = _exception(method, args, kwargs)
    assert isinstance(raised, kind), tell(f"no {kind.__name__} was raised")(f"but {raised!r}")
    assert re.search(match, str(raised)), tell("message")(f"{raised}\n  does not contain {match!r}")
    check_place(tell("place")(""), raised)


def _exception(function: Callable[..., Any], args: Sequence[Any], kwargs: Any) -> Exception | None:
    try:
        function(*args, **kwargs)
    except Exception as error:
        return error
    return None


def _check_inplace_gradient(
    case: OpCase, name: str, sample: Sample, device: str, tolerance: float, message: Callable[[str], str]
) -> None:
    positions = leaf_positions(case, sample)
    plain = Call(case, sample, device, leaves=positions)
    changed = Call(case, sample, device, leaves=positions)
    if node_of(plain.result) is None:
        return
    target = changed.args[0]
    if target.requires_grad:
        target = REGISTRY["clone"].public(target)  # a leaf must not be changed
    result = getattr(target, name)(*changed.args[1:], **changed.kwargs)
    cotangent = tensor_of(_random_like(np.random.default_rng(0), plain.result), device)
    expected = grad(plain.result, plain.leaves, cotangent, allow_unused=True)
    found = grad(result, changed.leaves, cotangent, allow_unused=True)
    _same(found, [None if g is None else host(g) for g in expected], tolerance, message)


# -- errors --------------------------------------------------------------------------------------------------


def check_error(case: OpCase, error: ErrorCase, device: str = "cpu") -> None:
    """The call fails with the exception, the message, and the user's line."""
    sample = error.sample(
        Make(dtypes.as_dtype(error.dtype) if error.dtype != "bool" else dtypes.bool_, case.id)
    )

    def convert(array: HostArray) -> Tensor:
        tensor = tensor_of(array, device)
        return tensor.requires_grad_() if error.requires_grad and tensor._type.differentiable else tensor

    args = map_arrays(sample.args, convert)
    kwargs = map_arrays(sample.kwargs, convert)
    if case.factory:
        kwargs["device"] = device
    name = f"{case.id}{sample!r}"
    raised = _exception(error.call or case.function, args, kwargs)
    assert raised is not None, f"{name}: no {error.type.__name__} was raised"
    if type(raised) is not error.type:
        raised.add_note(f"{name}: expected {error.type.__name__}")
        raise raised
    # Not in the place, which quotes the line of the call
    text = re.sub(r"\n  at .*", "", str(raised))
    assert re.search(error.match, text), f"{name}: the message\n{raised}\n  lacks {error.match!r}"
    if error.place:
        check_place(name, raised)


def check_place(name: str, error: BaseException) -> None:
    """The message names a line of code outside the package."""
    found = re.search(r"\n  at (.+?):\d+, in ", str(error))
    assert found, (
        f"{name}: the message does not say at which line of the user's code:\n{type(error).__name__}: {error}"
    )
    assert found[1] not in errors.internal, f"{name}: the message names a line inside the package: {found[1]}"
