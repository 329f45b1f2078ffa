"""Layer 2: ``out=``. Functions (not methods, not operators, as in PyTorch) that can write their result into a tensor given.

A function gets this with `accepts_out`, in `ops/outputs.py`, and only as ``ag.name``: methods, operators and what rules call
stay what they were. The function of a compiled op looks at `out` in its own code; others get a generated function in front,
of the same signature, so that a call without `out` costs next to nothing.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any, Literal

from autograd_gpu import dtypes, errors
from autograd_gpu.core import modes
from autograd_gpu.core.call import compute
from autograd_gpu.core.compile import compile_call, execute
from autograd_gpu.core.graph import Tensor, bump, node_of
from autograd_gpu.core.inplace import WRITES_OUT, Into, check_writable, fits
from autograd_gpu.core.op import Op

Fit = Literal["cast", "exact", "compute"]


def op_into(op: Op, out: Any, inputs: tuple[Any, ...], params: dict[str, Any], *, fit: Fit = "cast") -> Any:
    """A call of a compiled op with ``out=``: straight into the memory where the device's function can do that."""
    _check(op.name, (out,), inputs)
    if op.name in WRITES_OUT and all(isinstance(x, Tensor) and x._type is out._type for x in inputs):
        arrays = [x._array for x in inputs]
        if fits(out._array, arrays) and not modes.intercepting:
            with modes.no_grad():
                check_writable(out, op.name)
            compute(op, Into(out._type.namespace, out._array), inputs, arrays, params)
            bump(out)
            return out
    with modes.no_grad():
        result = op.apply(*inputs, **params)
    _store(op.name, out, result, fit)
    return out


def function_into(
    function: Callable[..., Any], fit: Fit, out: Any, inputs: tuple[Any, ...], named: dict[str, Any]
) -> Any:
    """A call of any function with ``out=``: computed, then copied. `out` is a tuple where there are several results."""
    name = function.__name__
    several = isinstance(out, tuple)
    targets: tuple[Any, ...] = out if isinstance(out, tuple) else (out,)
    _check(name, targets, (*inputs, *named.values()))
    if fit == "compute" and named.get("dtype") is None:
        named["dtype"] = out._type.dtype
    with modes.no_grad():
        results = function(*inputs, **named)
    if isinstance(results, tuple) is not several:
        expected = f"tuple of {len(results)} Tensors" if isinstance(results, tuple) else "Tensor"
        raise TypeError(
            f"{name}(): argument 'out' must be {expected}, not {type(out).__name__}{errors.here()}"
        )
    if not several:
        _store(name, out, results, fit)
        return out
    if len(results) != len(targets):
        raise TypeError(
            f"{name}(): 'out' must have {len(results)} Tensors, not {len(targets)}{errors.here()}"
        )
    for target, result in zip(targets, results, strict=True):
        _store(name, target, result, fit)
    make = getattr(type(results), "_make", type(results))
    return make(targets)


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _tensors(value)


def _check(name: str, targets: tuple[Any, ...], inputs: Iterable[Any]) -> None:
    for target in targets:
        if not isinstance(target, Tensor):
            raise TypeError(
                f"{name}(): argument 'out' must be Tensor, not {type(target).__name__}{errors.here()}"
            )
    if modes.intercepting and any(each.__dict__.get("_tangents") for each in (*targets, *_tensors(inputs))):
        raise NotImplementedError(
            f"Trying to use forward AD with {name}_out that does not support it because it is an out= function{errors.here()}"
        )
    if modes.local.grad_enabled and any(node_of(each) is not None for each in (*targets, *_tensors(inputs))):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            f"arguments requires grad.{errors.here()}"
        )


def _store(name: str, out: Tensor, result: Tensor, fit: Fit) -> None:
    """Write a result into `out`, resized if its shape is another."""
    found, wanted = result._type.dtype, out._type.dtype
    if out._type.device is not result._type.device:
        raise RuntimeError(
            f"{name}(): Expected all tensors to be on the same device, but 'out' is on {out._type.device} and the result on "
            f"{result._type.device}{errors.here()}"
        )
    if fit == "exact" and found is not wanted:
        raise RuntimeError(
            f"Expected out tensor to have dtype {found.name}, but got {wanted.name} instead\n  in {name}{errors.here()}"
        )
    if not dtypes.can_cast(found, wanted):
        raise RuntimeError(
            f"result type {found.scalar_name} can't be cast to the desired output type {wanted.scalar_name}\n"
            f"  in {name}{errors.here()}"
        )
    namespace = out._type.namespace
    values = namespace.cast(result._array, out._type.numpy)
    if out._array.shape == result._array.shape:
        with modes.no_grad():
            check_writable(out, name)
        namespace.setitem(out._array, (...,), values)
    else:
        if out._array.size:
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out._array.shape)}, which does "
                f"not match the required output shape {list(values.shape)}. This behavior is deprecated, and in a future "
                "PyTorch release outputs will not be resized unless they have zero elements. You can explicitly reuse an "
                "out tensor t by resizing it, inplace, to zero elements with t.resize_(0).",
                UserWarning,
                stacklevel=4,
            )
        out._array = namespace.copy(values)
        out._view = None
    bump(out)


# -- functions that take it ------------------------------------------------------------------------------------------------


def accepts_out(function: Callable[..., Any], fit: Fit = "cast") -> Callable[..., Any]:
    """`function`, with a keyword ``out``.

    Args:
        function: the `apply` of a compiled op, or any function of tensors.
        fit: what happens to an `out` of another dtype than the result's. "cast": the result is converted, unless that
            loses a kind of number; "exact": an error; "compute": the function computes in the dtype of `out`.
    """
    record = getattr(function, "__globals__", {}).get("record")
    if isinstance(record, Op) and function is record.apply:
        return compile_call(record, into=op_into if fit == "cast" else functools.partial(op_into, fit=fit))
    environment: dict[str, Any] = {
        "function": function, "into": function_into, "fit": fit, "complete": _complete, "__name__": "autograd_gpu.out",
        "__builtins__": builtins,
    }  # fmt: skip
    front = FunctionType(_first_call.__code__, environment, function.__name__)
    environment["itself"] = front
    functools.update_wrapper(front, function)
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    end = len(parameters) - bool(parameters and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD)
    parameters.insert(
        end, inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Any")
    )
    front.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return front


def _first_call(*arguments: Any, **named: Any) -> Any:
    return complete(itself)(*arguments, **named)  # type: ignore[name-defined]  # noqa: F821 - see accepts_out


def _complete(front: Any) -> Callable[..., Any]:
    """Give a generated function the code it was meant to have: when it is first called, for most never are."""
    environment = dict(front.__globals__)
    function = environment["function"]
    finished = execute(_source(function, environment), function.__name__, environment)
    front.__globals__.update(environment)
    front.__code__ = finished.__code__
    front.__defaults__ = finished.__defaults__
    front.__kwdefaults__ = finished.__kwdefaults__
    return front  # type: ignore[no-any-return]


def _source(function: Callable[..., Any], environment: dict[str, Any]) -> str:
    """Source of a function of the same signature that hands a call on, looking only at `out`."""
    plain = getattr(function, "plain", None)
    if plain is not None and plain is getattr(function, "__wrapped__", None):  # `ops.arguments.numpy_names`
        environment["plain"] = plain
        return (
            f"def {function.__name__}(*arguments, **named):\n"
            f"    if not named: return plain(*arguments)\n"
            f"    out = named.pop('out', None)\n"
            f"    if out is None: return function(*arguments, **named)\n"
            f"    return into(function, fit, out, arguments, named)\n"
        )
    declared: list[str] = []
    passed: list[str] = []
    kinds = inspect.Parameter
    seen_star = False
    rest = "{}"
    for name, parameter in inspect.signature(function, follow_wrapped=False).parameters.items():
        if parameter.kind is kinds.VAR_KEYWORD:
            rest = name
            continue
        if parameter.kind is kinds.VAR_POSITIONAL:
            seen_star = True
            declared.append(f"*{name}")
            passed.append(f"*{name}")
            continue
        if parameter.kind is kinds.KEYWORD_ONLY and not seen_star:
            seen_star = True
            declared.append("*")
        default = ""
        if parameter.default is not kinds.empty:
            environment[f"default_{name}"] = parameter.default
            default = f"=default_{name}"
        declared.append(name + default)
        passed.append(f"{name}={name}" if parameter.kind is kinds.KEYWORD_ONLY else name)
    if not seen_star:
        declared.append("*")
    declared.append("out=None")
    keywords = [each for each in passed if "=" in each]
    positional = [each for each in passed if "=" not in each]
    named = "{" + ", ".join(f"{each.split('=')[0]!r}: {each.split('=')[1]}" for each in keywords) + "}"
    if rest != "{}":
        declared.append(f"**{rest}")
        passed.append(f"**{rest}")
        named = f"{{**{named}, **{rest}}}"
    operands = f"({', '.join(positional)}{',' if positional else ''})"
    return (
        f"def {function.__name__}({', '.join(declared)}):\n"
        f"    if out is None: return function({', '.join(passed)})\n"
        f"    return into(function, fit, out, {operands}, {named})\n"
    )
