"""`Kernel.check`: kernel, reference and derivative against each other, as far as the machine goes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_gpu import dtypes, errors
from autograd_gpu.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from autograd_gpu.core import modes
from autograd_gpu.core.backward import grad
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.leaves import detach, require_grad
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.device import Device, compiler, cuda_unavailable_reason, type_for
from autograd_gpu.kernel_ops.programs import CudaProgram, Like, Program

if TYPE_CHECKING:
    from autograd_gpu.kernel_ops.definition import Kernel

#: how far rounding may take a kernel from the reference in float64, relative to the largest element
TOLERANCES = {
    dtypes.float64: 1e-10, dtypes.float32: 2e-5, dtypes.float16: 2e-3, dtypes.bfloat16: 1.6e-2,
}  # fmt: skip
#: the card that kernels are compiled for where there is none
ARCHITECTURE = 80
#: elements around each result that a kernel must leave alone
MARGIN = 256


class Step(NamedTuple):
    """One thing that was looked at: what, and what came of it; `done` is False for what could not be done here."""

    what: str
    outcome: str
    done: bool


@dataclass(frozen=True, repr=False)
class Report:
    """What `Kernel.check` found; prints as a table.

    Attributes:
        name: of the kernel.
        steps: what was looked at. (What is wrong raises; a report exists if nothing was.)
    """

    name: str
    steps: tuple[Step, ...]

    @property
    def complete(self) -> bool:
        """Whether everything was looked at: False on a machine without a GPU."""
        return all(step.done for step in self.steps)

    def __str__(self) -> str:
        width = max(len(step.what) for step in self.steps)
        return "\n".join(
            [
                f"{self.name}:",
                *(
                    f"  {'ok ' if step.done else '-- '} {step.what:{width}}  {step.outcome}"
                    for step in self.steps
                ),
            ]
        )

    def __repr__(self) -> str:
        return str(self)


def check(
    kernel: Kernel, inputs: Sequence[Any], params: dict[str, Any], rtol: float | None, atol: float | None
) -> Report:
    """See `Kernel.check`."""
    steps: list[Step] = []
    _check_given(kernel, inputs)
    on_host = [None if x is None else detach(x).cpu() for x in inputs]
    exact = [_in_dtype(x, dtypes.float64) for x in on_host]
    steps.append(_results(kernel, on_host, params))
    steps += _derivative(kernel, exact, params)
    programs = [program for program in (kernel._program, kernel._backward) if program is not None]
    candidates = [dtype for dtype in TOLERANCES if _takes(kernel, on_host, dtype)]
    reason = cuda_unavailable_reason()
    if reason is None:
        for dtype in candidates:
            steps += _on_card(kernel, on_host, params, dtype, rtol, atol)
    else:
        steps += _compiles(programs, candidates)
        steps.append(Step("kernel against reference", f"not run: {reason}", False))
    return Report(kernel.__name__, tuple(steps))


def _check_given(kernel: Kernel, inputs: Sequence[Any]) -> None:
    for name, value in zip(kernel.inputs, inputs, strict=True):
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"{kernel.__name__}.check: {name} must be Tensor, not {type(value).__name__}{errors.here()}"
            )
    if all(value is None for value in inputs):
        raise TypeError(f"{kernel.__name__}.check: expected at least one tensor{errors.here()}")


def _in_dtype(x: Tensor | None, dtype: dtypes.DType) -> Tensor | None:
    """A copy, floating tensors in another dtype."""
    if x is None:
        return None
    return x.to(dtype) if x._type.dtype.is_floating_point else x.clone()


def _likes(kernel: Kernel, inputs: Sequence[Tensor | None]) -> dict[str, Like | None]:
    from autograd_gpu.kernel_ops.definition import like

    return {name: None if x is None else like(x) for name, x in zip(kernel.inputs, inputs, strict=True)}


# -- on any machine ------------------------------------------------------------------------------------------


def _results(kernel: Kernel, inputs: Sequence[Tensor | None], params: dict[str, Any]) -> Step:
    likes = _likes(kernel, inputs)
    kernel.check_dtypes(likes)
    results = kernel._program.describe(likes, params)
    copies = [None if x is None else x.clone() for x in inputs]
    with modes.no_grad():
        kernel.compare(kernel.as_tuple(kernel.reference(*copies, **params)), results)
    for name, x, copy in zip(kernel.inputs, inputs, copies, strict=True):
        if x is not None and copy is not None and not bool(((x == copy) | (x != x)).all()):
            raise AssertionError(f"the reference of {kernel.__name__} changes its input {name} in place")
    return Step(
        "shapes and dtypes of the reference",
        ", ".join(f"{result.name}: {result.dtype.name}{list(result.shape)}" for result in results),
        True,
    )


def _derivative(kernel: Kernel, inputs: Sequence[Tensor | None], params: dict[str, Any]) -> Iterator[Step]:
    """Against finite differences, in float64."""
    leaves = [x if x is None or not x._type.differentiable else require_grad(x.contiguous()) for x in inputs]
    if not any(x is not None and x.requires_grad for x in leaves):
        yield Step("derivative", "none: no input is floating", True)
        return

    def forward(*arguments: Any) -> Any:
        return kernel._call(kernel._reference_op, arguments, params)

    source = "the reference's" if kernel._formula is None else "the formula in backward"
    try:
        gradcheck(forward, tuple(leaves))
        yield Step("gradient, by finite differences", source, True)
        gradcheck(forward, tuple(leaves), check_backward_ad=False, check_forward_ad=True)
        yield Step("forward mode, by finite differences", "the reference's", True)
        gradgradcheck(forward, tuple(leaves))
        yield Step("second order, by finite differences", source, True)
    except GradcheckError as error:
        raise GradcheckError(
            f"{kernel.__name__}: the derivative ({source}) disagrees with finite differences of the reference:\n{error}"
        ) from None


def _takes(kernel: Kernel, inputs: Sequence[Tensor | None], dtype: dtypes.DType) -> bool:
    """Whether the kernel takes floating inputs of that dtype."""
    if dtype is dtypes.bfloat16 and not _has_bfloat16():
        return False
    likes = {
        name: like if like is None or not like.dtype.is_floating_point else like._replace(dtype=dtype)
        for name, like in _likes(kernel, inputs).items()
    }
    try:
        kernel.check_dtypes(likes)
        kernel._program.describe(likes, kernel._params)
    except TypeError:
        return False
    return True


def _has_bfloat16() -> bool:
    try:
        return dtypes.bfloat16.numpy is not None
    except (ImportError, RuntimeError):
        return False


def _compiles(programs: Sequence[Program], candidates: Sequence[dtypes.DType]) -> Iterator[Step]:
    for program in programs:
        what = f"{program.name} compiles"
        reason = compiler.unavailable_reason()
        if reason is not None:
            yield Step(what, f"not tried: {reason}", False)
            continue
        found = []
        for dtype in candidates:
            example = program.example(dtype)
            if example is None:
                break
            source, instance = example
            facts = compiler.compile_source(source, (instance,), ARCHITECTURE).facts
            found += [f"{dtype.name}: {each.registers} registers" + (f", {each.spills} bytes spilled" if each.spills else "")
                      for each in facts if each.instance == instance]  # fmt: skip
            if isinstance(program, CudaProgram) and not program.signature.types:
                break
        if found:
            yield Step(what, f"for sm_{ARCHITECTURE}, {'; '.join(found)}", True)
        else:
            yield Step(what, "not tried: its template numbers or its block are known only in a call", False)


# -- on a card -----------------------------------------------------------------------------------------------


def _on_card(
    kernel: Kernel,
    inputs: Sequence[Tensor | None],
    params: dict[str, Any],
    dtype: dtypes.DType,
    rtol: float | None,
    atol: float | None,
) -> Iterator[Step]:
    """Kernel against reference in one dtype: values, gradients, layouts, and what it leaves alone."""
    rounded = [_in_dtype(x, dtype) for x in inputs]
    exact = [_in_dtype(x, dtypes.float64) for x in rounded]
    on_card = [None if x is None else x.to("cuda") for x in rounded]
    _untouched(kernel, on_card, params)
    yield Step(f"writes its results, nothing else, {dtype.name}", f"{MARGIN} elements around each", True)
    tolerance = TOLERANCES[dtype] if rtol is None else rtol
    worst = 0.0
    expected = _with_gradients(kernel, kernel._reference_op, exact, params)
    for layout, arrange in (("contiguous", Tensor.contiguous), ("strided", _strided)):
        given = [None if x is None else arrange(x) for x in on_card]
        got = _with_gradients(kernel, kernel._op, given, params)
        for name, a, b in zip(got, got.values(), expected.values(), strict=True):
            if a is not None and b is not None:
                what = f"{kernel.__name__}: {name} of the kernel ({dtype.name}, {layout} inputs)"
                worst = max(worst, _compare(what, a, b, tolerance, atol))
    yield Step(
        f"kernel against reference, {dtype.name}",
        f"largest error {worst:.1e} (allowed {tolerance:.1e})",
        True,
    )


def _strided(x: Tensor) -> Tensor:
    """The same values with every other element of memory between them."""
    if not x.ndim:
        return x
    spread = FUNCTIONS["stack"]([x, FUNCTIONS["zeros_like"](x)], dim=-1)
    return spread.select(-1, 0)  # type: ignore[no-any-return]


def _with_gradients(
    kernel: Kernel, record: Any, inputs: Sequence[Tensor | None], params: dict[str, Any]
) -> dict[str, Tensor | None]:
    """Results, and the gradients of the inputs for fixed gradients of the results, by name, on the host."""
    with modes.enable_grad():
        leaves = [x if x is None or not x._type.differentiable else require_grad(detach(x)) for x in inputs]
        returned = kernel._call(record, leaves, params)
        outputs = list(returned) if isinstance(returned, tuple) else [returned]
        roots = [output for output in outputs if output.requires_grad]
        wanted = {
            name: x
            for name, x in zip(kernel.inputs, leaves, strict=True)
            if x is not None and x.requires_grad
        }
        gradients: Sequence[Tensor | None] = ()
        if roots and wanted:
            cotangents = [_cotangent(root) for root in roots]
            gradients = grad(roots, list(wanted.values()), cotangents, allow_unused=True)
    found: dict[str, Tensor | None] = dict(zip(kernel.outputs, outputs, strict=True))
    found.update((f"{name}_grad", g) for name, g in zip(wanted, gradients, strict=False))
    return {name: None if x is None else detach(x).cpu() for name, x in found.items()}


def _cotangent(output: Tensor) -> Tensor:
    """Numbers between -1 and 1 that halves hold exactly, the same for every dtype and device."""
    count = output.numel()
    numbers = FUNCTIONS["arange"](count, device=output.device) * 7 % 33 - 16
    return (numbers.to(output.dtype) / 16).reshape(output.shape)  # type: ignore[no-any-return]


def _compare(what: str, got: Tensor, expected: Tensor, rtol: float, atol: float | None) -> float:
    """The largest difference, relative to the largest element; AssertionError if it is too large."""
    if tuple(got.shape) != tuple(expected.shape):
        raise AssertionError(f"{what} has shape {list(got.shape)}, the reference's {list(expected.shape)}")
    if not got.numel():
        return 0.0
    if not got._type.dtype.is_floating_point:
        if not bool((got == expected).all()):
            raise AssertionError(f"{what} differs from the reference's:\n{got}\nand\n{expected}")
        return 0.0
    a = got.to(dtypes.float64)
    b = expected.to(got.dtype).to(dtypes.float64)  # overflows where the dtype does
    same = (a == b) | (a.isnan() & b.isnan())
    difference = FUNCTIONS["where"](same, FUNCTIONS["zeros_like"](a), (a - b).abs()).reshape(-1)
    scale = max(1.0, float(FUNCTIONS["where"](b.isfinite(), b.abs(), FUNCTIONS["zeros_like"](b)).max()))
    error = float(difference.max()) / scale
    allowed = rtol if atol is None else rtol + atol / scale
    if not error <= allowed:  # NaN too
        place = int(difference.nan_to_num(nan=math.inf).argmax())
        raise AssertionError(
            f"{what} is {float(a.reshape(-1)[place]):.9g} at element {place} of {list(got.shape)}, the reference's is "
            f"{float(b.reshape(-1)[place]):.9g}: they differ by {error:.1e} of the largest element, {allowed:.1e} is allowed"
        )
    return error


def _untouched(kernel: Kernel, inputs: Sequence[Tensor | None], params: dict[str, Any]) -> None:
    """Run the kernels into memory with margins, and look at the margins, at the inputs, and whether all was written."""
    from autograd_gpu.kernel_ops.definition import like

    arrays: dict[str, Any] = {
        name: None if x is None else x._array for name, x in zip(kernel.inputs, inputs, strict=True)
    }
    likes = _likes(kernel, inputs)
    filled = _into_margins(kernel._program, arrays, likes, params)
    if kernel._backward is None:
        return
    for name, array in filled.items():
        found = like(array)
        arrays[name] = array
        likes[name] = found
        if found.dtype.is_floating_point:
            arrays[f"{name}_grad"] = _cotangent(wrap(array))._array
            likes[f"{name}_grad"] = found
    _into_margins(kernel._backward, arrays, likes, params)


def _into_margins(
    program: Program,
    arrays: Mapping[str, Any],
    likes: Mapping[str, Like | None],
    params: Mapping[str, Any],
) -> dict[str, Any]:
    namespace = type_for(dtypes.float32, Device("cuda")).namespace
    before = {name: namespace.to_host(array) for name, array in arrays.items() if array is not None}
    results = program.describe(likes, params)
    outcomes: list[dict[str, Any]] = []
    for fill in (0, 1):  # what a kernel does not write stays
        buffers: list[Any] = []

        def allocate(
            shape: tuple[int, ...], dtype: Any, fill: int = fill, buffers: list[Any] = buffers
        ) -> Any:
            size = math.prod(shape)
            buffer = namespace.full((size + 2 * MARGIN,), fill, dtype)
            buffers.append(buffer)
            return buffer[MARGIN : MARGIN + size].reshape(shape)

        outcomes.append(program.run(namespace, arrays, likes, params, results, allocate))
        for result, buffer in zip(results, buffers, strict=True):
            host = namespace.to_host(buffer)
            for side, margin in (("before", host[:MARGIN]), ("after", host[-MARGIN:])):
                if (margin != margin.dtype.type(fill)).any():
                    raise AssertionError(
                        f"{program.name}: the kernel wrote {side} the result {result.name} of {list(result.shape)}: compare "
                        "the index with the number of elements (`if (i < n)`)"
                    )
    for name in outcomes[0]:
        first, second = (namespace.to_host(outcome[name]) for outcome in outcomes)
        if first.tobytes() != second.tobytes():
            raise AssertionError(
                f"{program.name}: two runs of the kernel left different numbers in {name}: it does not write every element "
                "(are there enough threads?), or it races"
            )
    for name, array in before.items():
        if namespace.to_host(arrays[name]).tobytes() != array.tobytes():
            raise AssertionError(f"{program.name}: the kernel changed its input {name}")
    return outcomes[0]
