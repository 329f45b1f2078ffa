"""`ag.kernel`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.compile import execute
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS, parameter_names
from autograd_gpu.device.signature import Signature, signatures
from autograd_gpu.dtypes import DType, float32
from autograd_gpu.kernel_ops.definition import Kernel
from autograd_gpu.kernel_ops.formula import Formula
from autograd_gpu.kernel_ops.programs import (
    CudaProgram,
    FormulaProgram,
    Options,
    backward_program,
    forward_program,
)
from autograd_gpu.kernel_ops.text import CudaText, is_file, read

Source = str | os.PathLike[str]
Reference = Callable[..., Any]
Size = int | tuple[int, ...] | Callable[..., int | tuple[int, ...]]


def kernel(
    source: Source,
    reference: Reference | None = None,
    *,
    backward: Source | Reference | None = None,
    name: str | None = None,
    shape: Any = None,
    dtype: Any = None,
    grid: Size | None = None,
    block: Size | None = None,
    shared: int | Callable[..., int] = 0,
    scalars: Mapping[str, Any] | None = None,
    backward_launch: Mapping[str, Any] | None = None,
    outputs: Sequence[str] | None = None,
) -> Any:
    """An op with a CUDA kernel of your own: differentiable to any order, on the CPU as on the GPU.

    **A formula** is the short form: assignments in Python's grammar, computed for every element of tensors (and numbers)
    that broadcast, and rounded once at the end. It is its own reference; on a GPU each direction is one launch. It knows
    ``+ - * / **``, comparisons, ``and or not``, ``a if condition else b``, the functions abs, acos, acosh, asin, asinh,
    atan, atan2, atanh, ceil, cos, cosh, erf, erfc, exp, exp2, expm1, floor, isnan, log, log10, log1p, log2, maximum,
    minimum, pow, round, rsqrt, sigmoid, sign, sin, sinh, sqrt, tan, tanh, trunc, where, and the numbers pi, e, inf, nan.
    All other names are its inputs, in the order of their first use.

    >>> silu = ag.kernel(
    ...     "y = x / (1 + exp(-x))",
    ...     backward="s = 1 / (1 + exp(-x)); x_grad = y_grad * s * (1 + x * (1 - s))",
    ... )
    >>> x = ag.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> silu(x)
    tensor([-0.2689,  0.0000,  1.7616], grad_fn=<FormulaBackward0>)
    >>> silu(x).sum().backward(); x.grad
    tensor([0.0723, 0.5000, 1.0908])

    **A CUDA text** (or a ``.cu`` file) with a ``__global__`` function decorates its reference, the same function in plain
    ops. The reference runs on the CPU and wherever derivatives of higher order, forward mode or `ag.vmap` need it. The
    kernel's parameters are found by name and are given exactly the C types that they declare: arrays that are positional
    parameters of the reference are inputs, other arrays are results; numbers are its keyword-only parameters, `scalars`,
    ``n`` (the elements of the first result), or sizes of arrays (``x_size``, ``x_shape_0``).

    >>> @ag.kernel(
    ...     '''
    ...     template <typename T>
    ...     __global__ void softplus(const T *x, T *y, long long n, Wide<T> beta) {
    ...         long long i = thread_index();
    ...         if (i < n) y[i] = store<T>(log1p(exp(beta * load(x[i]))) / beta);
    ...     }''',
    ...     backward=lambda x, y_grad, *, beta: y_grad * ag.sigmoid(beta * x),
    ... )
    ... def softplus(x, *, beta=1.0):
    ...     return ag.log1p(ag.exp(beta * x)) / beta
    >>> softplus(ag.tensor([0.0, 1.0]), beta=2.0)
    tensor([0.3466, 1.0635])

    ``softplus.check(x)`` then holds kernel, reference and derivative against each other.

    In the text, `common.cuh` is there: `thread_index()` in 64 bits, `BLOCK` (threads in a block), ``half`` and
    ``bfloat16``, `load` and `store<T>` to and from the type to compute in (``Wide<T>``: float for halves), `warp_sum`,
    `block_sum`. A text that includes ``cuda_fp16.h`` or ``cuda_bf16.h`` gets CUDA's ``__half`` instead. Arrays arrive
    C-contiguous, on the current stream, and results that have no elements are not worth a launch. A template over element
    types is compiled for each dtype on first use and kept, on disk too; template numbers (``template <typename T, int
    columns>``) are found by name as other numbers are.

    Args:
        source: a formula, a CUDA text, or the path of a ``.cu`` file.
        reference: a function of tensors in plain ops; without it, `kernel` of a CUDA text is a decorator. Positional
            parameters are tensors (default None: optional, a null pointer in the kernel), keyword-only ones anything else.
        backward: the gradient ``x_grad`` of each input x from inputs, outputs (y) and their gradients (``y_grad``), by
            name. One of: a formula (``"x_grad = 2 * x * y_grad"``); a function in plain ops of just those values that it needs,
            only they are kept (``lambda x, y_grad: 2 * x * y_grad``), which returns one gradient for each input; a CUDA text,
            a ``.cu`` file, or the name of another kernel in `source`, with parameters of those names. Derivatives of higher
            order go through the function or formula; through the reference where `backward` is a kernel. None: every
            derivative goes through the reference.
        name: what the op is called in messages and graphs; the reference's name, or "formula".
        shape: shape of the results, if it is not that of the first input: the name of another input, ints, or a function of
            what it needs, by name (``lambda x: x.shape[:-1]``); a dict with the results' names for several.
        dtype: dtype of results whose type in the kernel is a template parameter that no input has.
        grid, block: blocks and threads in each: numbers, tuples of up to three, or functions as for `shape`. By default
            one thread for each element of the first result, in blocks of 256.
        shared: bytes of dynamic shared memory, a number or a function.
        scalars: further numbers for the kernels: name -> number or function as for `shape`.
        backward_launch: grid, block and shared of the backward kernel, as a dict.
        outputs: of a formula with several results, their names; by default the last one assigned.

    Returns:
        a `Kernel`, to be called like a function of tensors; or a decorator that makes it.

    Raises:
        ValueError: a formula or a CUDA declaration that cannot be read.
        TypeError: parameters that do not fit the reference; when called, a dtype that the kernel does not take.
        RuntimeError: when called, results of other shapes or dtypes than declared; a text that does not compile (with the
            compiler's messages, under the text's own file and lines).
    """
    given: dict[str, Any] = {
        "shape": shape, "dtype": dtype, "grid": grid, "block": block, "scalars": scalars,
        "backward_launch": backward_launch, "shared": shared or None,
    }  # fmt: skip
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            f"kernel(): argument 'source' must be a text or a path, not {type(source).__name__}{errors.here()}"
        )
    if isinstance(source, str) and not is_file(source) and "__global__" not in source:
        unused = [key for key, value in given.items() if value is not None]
        if reference is not None or unused:
            raise TypeError(
                f"kernel(): a formula is its own reference and launches itself; leave out "
                f"{', '.join(['reference'] * (reference is not None) + unused)} (a CUDA text has a __global__ function)"
                f"{errors.here()}"
            )
        return _of_formula(source, name or "formula", backward, outputs)
    if outputs is not None:
        raise TypeError(
            f"kernel(): outputs= is for formulas; a kernel's results are its arrays that are no inputs{errors.here()}"
        )
    if isinstance(dtype, DType) or dtype is None or isinstance(dtype, (str, Mapping)):
        options = Options(shape, dtype, grid, block, shared, dict(scalars or {}))
    else:
        raise TypeError(
            f"kernel(): argument 'dtype' must be ag.dtype, not {type(dtype).__name__}{errors.here()}"
        )
    launch = dict(backward_launch or {})
    if unknown := [key for key in launch if key not in ("grid", "block", "shared")]:
        raise TypeError(
            f"kernel(): backward_launch takes grid, block and shared, not {', '.join(unknown)}{errors.here()}"
        )
    text = read(source)
    found = signatures(text.text)
    if not found:
        raise ValueError(f"kernel(): there is no __global__ function in {text.file}{errors.here()}")
    pending = Pending(text, found, backward, name, options, launch)
    return pending if reference is None else pending(reference)


class Pending:
    """A kernel that waits for its reference: a decorator."""

    def __init__(
        self,
        text: CudaText,
        found: dict[str, Signature],
        backward: Any,
        name: str | None,
        options: Options,
        launch: dict[str, Any],
    ) -> None:
        self._text = text
        self._found = found
        self._backward = backward
        self._name = name
        self._options = options
        self._launch = launch

    def __repr__(self) -> str:
        return f"<kernel {', '.join(self._found)} without a reference: use it as a decorator of one>"

    def __call__(self, reference: Reference, *more: Any) -> Kernel:
        if isinstance(reference, Tensor) or more or not callable(reference):
            raise TypeError(
                f"kernel {', '.join(self._found)}: the reference is missing: decorate the same function in plain ops with "
                f"it, or give it as ag.kernel(source, reference), before calling it with tensors{errors.here()}"
            )
        positional, variadic, _ = parameter_names(reference)
        if variadic is not None or not positional:
            raise TypeError(
                f"kernel: the reference takes tensors by position, a fixed number of them and at least one; "
                f"{reference.__name__} does not{errors.here()}"
            )
        params = _params(reference)
        defaults = reference.__defaults__ or ()
        optional = frozenset(positional[len(positional) - len(defaults) :])
        if any(value is not None for value in defaults):
            raise TypeError(
                f"kernel {reference.__name__}: an optional tensor has the default None; make other parameters keyword-only "
                f"(def {reference.__name__}({', '.join(positional)}, *, name=value)){errors.here()}"
            )
        signature = self._chosen(reference.__name__)
        name = self._name or (reference.__name__ if reference.__name__.isidentifier() else signature.name)
        program = forward_program(self._text, signature, positional, list(params), self._options)
        backward, formula = self._derivative(program, positional, list(params))
        return Kernel(
            name,
            reference,
            positional,
            optional,
            params,
            program.results,
            program,
            backward,
            formula,
            promote=False,
        )

    def _chosen(self, name: str) -> Signature:
        """The kernel of that name, or the only one, or the only one that is not the backward one."""
        for wanted in (self._name, name):
            if wanted in self._found:
                return self._found[wanted]
        left = [
            each
            for each in self._found.values()
            if each.name != self._backward and not any(p.name.endswith("_grad") for p in each.pointers)
        ]
        if len(left) != 1:
            raise ValueError(
                f"kernel(): there are several __global__ functions ({', '.join(self._found)}), and none is called "
                f"{self._name or name}, as the reference is: say name={errors.here()}"
            )
        return left[0]

    def _derivative(
        self, program: CudaProgram, inputs: Sequence[str], params: Sequence[str]
    ) -> tuple[CudaProgram | FormulaProgram | None, Reference | None]:
        backward = self._backward
        outputs = program.results
        if backward is None:
            return None, None
        if isinstance(backward, (str, os.PathLike)):
            if isinstance(backward, str) and backward in self._found:
                text, signature = self._text, self._found[backward]
            elif is_file(backward) or "__global__" in str(backward):
                text = read(backward)
                found = signatures(text.text)
                if len(found) != 1:
                    raise ValueError(
                        f"kernel(): the text of backward has {len(found)} __global__ functions ({', '.join(found)}), and is to "
                        f"have one{errors.here()}"
                    )
                (signature,) = found.values()
            elif isinstance(backward, str) and "=" in backward:
                return _gradient_formula(backward, program.name, inputs, outputs, exact=False)
            else:
                raise ValueError(
                    f"kernel(): backward={backward!r} is no __global__ function of the source ({', '.join(self._found)})"
                    f"{errors.here()}"
                )
            options = Options(scalars=self._options.scalars, **self._launch)
            return backward_program(text, signature, inputs, outputs, params, options), None
        if not callable(backward):
            raise TypeError(
                f"kernel(): argument 'backward' must be a text or a function, not {type(backward).__name__}{errors.here()}"
            )
        _check_names(backward, [*inputs, *outputs, *(f"{name}_grad" for name in outputs), *params])
        return None, backward


def _check_names(function: Reference, known: Sequence[str]) -> None:
    positional, _, named = parameter_names(function)
    unknown = [name for name in (*positional, *named) if name not in known]
    if unknown:
        raise TypeError(
            f"kernel(): backward asks for {', '.join(unknown)}; there are {', '.join(known)}{errors.here()}"
        )


def _params(reference: Reference) -> dict[str, Any]:
    """Keyword-only parameters and their defaults; those without one must be given in each call."""
    import inspect

    return {
        name: parameter.default
        for name, parameter in inspect.signature(reference).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


# -- formulas --------------------------------------------------------------------------------------------


def _of_formula(text: str, name: str, backward: Any, outputs: Sequence[str] | None) -> Kernel:
    if not name.isidentifier():
        raise ValueError(f"kernel(): name={name!r} is to be an identifier{errors.here()}")
    formula = Formula(text, name, outputs)
    if not formula.inputs:
        raise ValueError(f"{name}: the formula {text!r} has no inputs{errors.here()}")
    program = FormulaProgram(name, formula, formula.outputs)
    derivative: tuple[FormulaProgram | None, Reference | None] = None, None
    if isinstance(backward, str):
        derivative = _gradient_formula(backward, name, formula.inputs, formula.outputs)
    elif callable(backward):
        known = [*formula.inputs, *formula.outputs, *(f"{each}_grad" for each in formula.outputs)]
        _check_names(backward, known)
        derivative = None, backward
    elif backward is not None:
        raise TypeError(
            f"kernel(): argument 'backward' must be a formula or a function, not {type(backward).__name__}{errors.here()}"
        )

    reference = _function(name, formula, f"The formula ``{text.strip()}``, element by element.", single=True)
    return Kernel(
        name, reference, formula.inputs, frozenset(), {}, formula.outputs, program, *derivative, promote=True
    )


def _gradient_formula(
    text: str, name: str, inputs: Sequence[str], outputs: Sequence[str], exact: bool = True
) -> tuple[FormulaProgram | None, Reference]:
    """The program and the function of tensors for a formula that assigns gradients."""
    wanted = [f"{each}_grad" for each in inputs]
    what = f"backward of {name}"
    assigned = Formula(text, what)
    gradients = [each for each in wanted if each in assigned.assigned]
    if not gradients:
        raise ValueError(f"{what}: none of {', '.join(wanted)} is assigned in {text!r}{errors.here()}")
    formula = Formula(text, what, gradients)
    known = [*inputs, *outputs, *(f"{each}_grad" for each in outputs)]
    if unknown := [each for each in formula.inputs if each not in known]:
        raise ValueError(
            f"{what}: {', '.join(unknown)} is not known; there are {', '.join(known)}{errors.here()}"
        )
    if not any(f"{each}_grad" in formula.inputs for each in outputs):
        raise ValueError(
            f"{what}: a gradient is a multiple of {' or '.join(f'{each}_grad' for each in outputs)}, and {text!r} does not "
            f"use it{errors.here()}"
        )
    function = _function(name, formula, "The gradients of the inputs.", single=False)
    # Beside a CUDA text, arrays need not broadcast: there the formula is plain ops.
    return (FormulaProgram(what, formula, gradients) if exact else None), function


def _function(name: str, formula: Formula, doc: str, *, single: bool) -> Reference:
    """A formula as a function of tensors with its inputs as parameters; halves are computed in float32 and rounded once."""

    def run(given: dict[str, Any]) -> Any:
        tensors = [value for value in given.values() if isinstance(value, Tensor)]
        dtype = tensors[0].dtype
        if dtype.itemsize == 2:
            given = {
                key: value.to(float32) if isinstance(value, Tensor) else value for key, value in given.items()
            }
        shape = tensors[0].shape
        if any(tensor.shape != shape for tensor in tensors):
            shape = FUNCTIONS["broadcast_shapes"](*(tensor.shape for tensor in tensors))
        results = [_as(result, shape, tensors[0]) for result in formula(given)]
        if not single:
            return dict(zip(formula.outputs, results, strict=True))
        return results[0] if len(results) == 1 else tuple(results)

    names = ", ".join(formula.inputs)
    environment = {"run": run}
    function: Reference = execute(
        f"def {name}({names}): return run({{{', '.join(f'{each!r}: {each}' for each in formula.inputs)}}})",
        name,
        environment,
    )
    function.__doc__ = doc
    return function


def _as(result: Any, shape: Any, like: Tensor) -> Any:
    """A result (a number, if no tensor went into it) as a tensor of that shape, of the dtype and device of `like`."""
    if not isinstance(result, Tensor):
        return FUNCTIONS["full"](shape, result, dtype=like.dtype, device=like.device)
    if result.dtype is not like.dtype:
        result = result.to(like.dtype)
    return result if result.shape == shape else FUNCTIONS["broadcast_to"](result, shape)
