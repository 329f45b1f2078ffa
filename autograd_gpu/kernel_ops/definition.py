"""An `ag.kernel` as an op: a reference in plain ops, a program for the card, and a derivative, put together on an op record.

The record's body runs the program where arrays are on a card, and the reference everywhere else. Its rule does the same
for the derivative; where there is no program (on the CPU, under create_graph), a formula is used as it is, and without one
backward goes through the reference. Transforms (forward mode, vmap) see the reference instead of the op.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from itertools import count
from typing import TYPE_CHECKING, Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core import modes
from autograd_gpu.core.backward import grad
from autograd_gpu.core.call import REGISTRY, apply
from autograd_gpu.core.compile import execute
from autograd_gpu.core.forward import Level
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.leaves import detach, require_grad
from autograd_gpu.core.op import Op, Rule, TensorNamespace, parameter_names
from autograd_gpu.device import type_of
from autograd_gpu.device.namespace import ArrayNamespace
from autograd_gpu.func.vectorize import Vectorizer
from autograd_gpu.kernel_ops.programs import FormulaProgram, Like, Program, inject
from autograd_gpu.ops.operands import as_operand, common_dtype

if TYPE_CHECKING:
    from autograd_gpu.device.signature import Result
    from autograd_gpu.kernel_ops.check import Report

_next_number = count(1).__next__


class Kernel:
    """A function of tensors with a kernel of its own; made by `ag.kernel`.

    Call it like any function of tensors. `check(*inputs)` holds the kernel, the reference and the derivative against
    each other.

    Attributes:
        reference: the function in plain ops.
        inputs: the names of the tensors it takes, in order.
        outputs: the names of its results.
        cuda_source: the CUDA text that is compiled.
    """

    def __init__(
        self,
        name: str,
        reference: Callable[..., Any],
        inputs: Sequence[str],
        optional: frozenset[str],
        params: Mapping[str, Any],
        outputs: Sequence[str],
        program: Program,
        backward: Program | None,
        formula: Callable[..., Any] | None,
        promote: bool,
    ) -> None:
        self.__name__ = self.__qualname__ = name
        self.__doc__ = reference.__doc__
        #: None for a formula: pickle then looks for the module that has it
        self.__module__ = None if promote else reference.__module__  # type: ignore[assignment]
        self.__wrapped__ = reference
        self.reference = reference
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self._optional = optional
        self._params = dict(params)
        self._program = program
        self._backward = backward
        self._formula = formula
        self._promote = promote
        self._signature = inspect.Signature(
            [
                inspect.Parameter(
                    each,
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=None if each in optional else inspect.Parameter.empty,
                )
                for each in self.inputs
            ]
            + [
                inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=default)
                for each, default in params.items()
            ]
        )
        self.__signature__ = self._signature
        self._all_defaults = inspect.Parameter.empty not in params.values()
        #: what of inputs and outputs the derivative is given
        self._kept = self._asked_for()
        self._op = self._record(self._forward)
        #: the same without the kernel's demands on dtypes: finite differences want float64
        self._reference_op = self._record(self._forward_by_reference)

    @property
    def cuda_source(self) -> str:
        return self._program.text_of_source()

    def __repr__(self) -> str:
        return f"<kernel {self.__name__}{self._signature}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Kernel:
        """Itself, as for functions: a copied module uses the same kernel."""
        return self

    def __reduce__(self) -> str:
        """Pickled by name, as functions are: it must be found under `__name__` in its module."""
        return self.__name__

    # -- calls ---------------------------------------------------------------------------------------------

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        tensors, params = self.bind(inputs, named)
        return self._call(self._op, tensors, params)

    def bind(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The inputs in order, and the other parameters, of a call."""
        if not named and len(inputs) == len(self.inputs) and self._all_defaults:  # the usual call
            return tuple(inputs), dict(self._params)
        try:
            bound = self._signature.bind(*inputs, **named)
        except TypeError as error:
            raise TypeError(
                f"{self.__name__}{self._signature}: {error}; {len(inputs)} were given by position"
                + (f", by name {', '.join(named)}" if named else "")
                + errors.here()
            ) from None
        bound.apply_defaults()
        arguments = bound.arguments
        params = {name: arguments[name] for name in self._params}
        for name, value in params.items():
            if isinstance(value, Tensor):
                raise TypeError(
                    f"{self.__name__}: the parameter {name} is keyword-only in the reference, so it is a number and has no "
                    f"derivative; got a tensor. Make it a positional parameter of the reference to give tensors{errors.here()}"
                )
        return tuple(arguments[name] for name in self.inputs), params

    def _call(self, record: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        if modes.intercepting and any(
            isinstance(each, (Level, Vectorizer)) for each in modes.local.interceptors
        ):
            return self._through_transforms(inputs, params)
        for value in inputs:
            if isinstance(value, Tensor):
                namespace = value._type.namespace
                if record.forward_name not in namespace.__dict__:
                    setattr(namespace, record.forward_name, _with(record.body, namespace))
        return apply(record, inputs, params)

    def _through_transforms(self, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        """Forward mode and vmap look into the reference, and go through its ops."""
        tensors = list(inputs)
        if self._promote and any(isinstance(value, Tensor) for value in inputs):
            dtype = common_dtype(*inputs)
            if dtype.category < dtypes.FLOAT:
                dtype = dtypes.get_default_dtype()
            device = next(value._type.device for value in inputs if isinstance(value, Tensor))
            tensors = [as_operand(value, dtype, device) for value in inputs]
        return self.reference(*tensors, **params)

    # -- the op record -------------------------------------------------------------------------------------

    def _asked_for(self) -> tuple[str, ...]:
        known = (*self.inputs, *self.outputs)
        if self._formula is not None:
            positional, _, named = parameter_names(self._formula)
            return tuple(name for name in known if name in (*positional, *named))
        if self._backward is None:
            return self.inputs
        # Where there is no card, and for higher derivatives, backward goes through the reference.
        return tuple(name for name in known if name in self.inputs or name in self._backward.given)

    def _record(self, forward: Callable[..., Any]) -> Op:
        inputs = ", ".join(f"{name}=None" if name in self._optional else name for name in self.inputs)
        params = "".join(f", {name}" for name in self._params)
        handed = "{" + ", ".join(f"{name!r}: {name}" for name in self._params) + "}"
        body = execute(
            f"def {self.__name__}(F, {inputs}{', *' if params else ''}{params}):\n"
            f"    return forward(F, ({', '.join(self.inputs)},), {handed})",
            self.__name__,
            {"forward": forward},
        )
        body.__doc__ = self.__doc__
        names = [name if name in self._kept else f"{name}_like" for name in (*self.inputs, *self.outputs)]
        rule = execute(
            f"def rule(F, g, {', '.join(names)}, *{params}, needs):\n"
            f"    return backward(F, g, {{{', '.join(f'{name!r}: {name}' for name in names)}}}, {handed}, needs)",
            "rule",
            {"backward": self._derivative},
        )
        record = Op(
            body, "general", promote="float" if self._promote else "none", out="infer", outputs=self.outputs, saves=(),
            holomorphic=False, fused=False, grad_name=None, register=False,
        )  # fmt: skip
        record.forward_name = f"{self.__name__} (kernel {_next_number()})"
        record.joint = Rule(rule)
        record.rules = dict.fromkeys(record.groups, record.joint)
        return record

    # -- forward -------------------------------------------------------------------------------------------

    def _forward(self, F: Any, arrays: Sequence[Any], params: dict[str, Any]) -> Any:
        likes = {
            name: None if array is None else like(array)
            for name, array in zip(self.inputs, arrays, strict=True)
        }
        self.check_dtypes(likes)
        results = self._program.describe(likes, params)
        if on_card(F, arrays):
            given = dict(zip(self.inputs, arrays, strict=True))
            filled = self._program.run(F, given, likes, params, results)
            return self._plain([filled[result.name] for result in results])
        return self._forward_by_reference(F, arrays, params, results)

    def check_dtypes(self, likes: Mapping[str, Like | None]) -> None:
        """TypeError for dtypes that the kernel does not take; on the CPU too, so that programs do not differ."""
        if not self._promote:
            return  # `describe` compares them with the C types
        dtype = next(each.dtype for each in likes.values() if each is not None)
        if dtype.category != dtypes.FLOAT:
            raise TypeError(f"{self.__name__} is a formula for floating tensors, got {dtype.name}")

    def _forward_by_reference(
        self, F: Any, arrays: Sequence[Any], params: dict[str, Any], results: Sequence[Result] | None = None
    ) -> Any:
        with modes.no_grad():
            returned = self.as_tuple(
                self.reference(*(None if array is None else wrap(array) for array in arrays), **params)
            )
        if results is not None:
            self.compare(returned, results)
        # What the reference hands back unchanged is the caller's: an op's output has memory of its own.
        return self._plain(
            [F.copy(t._array) if any(t._array is array for array in arrays) else t._array for t in returned]
        )

    def as_tuple(self, returned: Any) -> tuple[Tensor, ...]:
        """What a reference returned, as a tuple of as many tensors as there are outputs."""
        tensors = tuple(returned) if isinstance(returned, (tuple, list)) else (returned,)
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                raise TypeError(
                    f"the reference of {self.__name__} returned {type(tensor).__name__}, not a tensor"
                )
        if len(tensors) != len(self.outputs):
            raise RuntimeError(
                f"the reference of {self.__name__} returned {len(tensors)} tensors, and the kernel fills {len(self.outputs)} "
                f"({', '.join(self.outputs)})"
            )
        return tensors

    def compare(self, returned: Sequence[Tensor], results: Sequence[Result]) -> None:
        """RuntimeError where the reference's results have other shapes or dtypes than those that the kernel fills."""
        for tensor, result in zip(returned, results, strict=True):
            if tuple(tensor.shape) != result.shape:
                raise RuntimeError(
                    f"{self.__name__}: the kernel fills {result.name} of shape {list(result.shape)}, and the reference returns "
                    f"shape {list(tensor.shape)}: say shape=lambda {', '.join(self.inputs)}: ... in ag.kernel"
                )
            if result.dtype is not None and tensor._type.numpy != result.dtype:
                raise RuntimeError(
                    f"{self.__name__}: the kernel fills {result.name} of dtype {result.dtype.name}, and the reference returns "
                    f"{tensor._type.dtype.name}: convert in the reference, or change the type in the kernel"
                )

    def _plain(self, arrays: Sequence[Any]) -> Any:
        return arrays[0] if len(self.outputs) == 1 else tuple(arrays)

    # -- backward ------------------------------------------------------------------------------------------

    def _derivative(
        self, F: Any, g: Any, known: dict[str, Any], params: dict[str, Any], needs: tuple[bool, ...]
    ) -> list[Any]:
        raw = not isinstance(F, TensorNamespace)
        values = {
            name.removesuffix("_like") if name not in self._kept else name: value
            for name, value in known.items()
        }
        values.update(self._gradients(g, values))
        given = {
            name: value for name, value in values.items() if name in self._kept or name.endswith("_grad")
        }
        if raw and self._backward is not None and on_card(F, list(given.values())):
            program = self._backward
            if isinstance(program, FormulaProgram):
                wanted = {f"{name}_grad" for name, need in zip(self.inputs, needs, strict=True) if need}
                program = program.only(tuple(name for name in program.results if name in wanted))
            likes = {name: None if value is None else like(value) for name, value in values.items()}
            filled = program.run(F, given, likes, params, program.describe(likes, params))
            return self._in_order(filled, needs)
        if raw:
            given = {
                name: wrap(value) if value is not None and not isinstance(value, Tensor) else value
                for name, value in given.items()
            }
        if self._formula is None:
            gradients = self._through_reference(given, params, needs, create_graph=not raw)
        else:
            with modes.no_grad() if raw else nullcontext():
                gradients = self._by_formula(given, params, needs)
        return [g._array if raw and g is not None else g for g in gradients]

    def _gradients(self, g: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        """The gradients of the outputs, by name: ``y_grad``. An output without one (of integers) has none."""
        if isinstance(g, list):
            return {f"{name}_grad": each for name, each in zip(self.outputs, g, strict=True)}
        if len(self.outputs) == 1:
            return {f"{self.outputs[0]}_grad": g}
        floating = [name for name in self.outputs if like(values[name]).dtype.category >= dtypes.FLOAT]
        return {f"{name}_grad": g if name == floating[0] else None for name in self.outputs}

    def _in_order(self, found: Mapping[str, Any], needs: Sequence[bool]) -> list[Any]:
        gradients = []
        for name, need in zip(self.inputs, needs, strict=True):
            g = found.get(f"{name}_grad")
            if need and g is None:
                raise NotImplementedError(
                    f"{self.__name__}: the derivative for {name} is wanted, and {self._backward_name()} gives no {name}_grad"
                )
            gradients.append(g if need else None)
        return gradients

    def _backward_name(self) -> str:
        return "the formula" if self._backward is None else f"the kernel {self._backward.name}"

    def _by_formula(
        self, given: Mapping[str, Any], params: Mapping[str, Any], needs: Sequence[bool]
    ) -> list[Any]:
        assert self._formula is not None
        returned = inject(self._formula, {**given, **params}, f"backward of {self.__name__}")
        if isinstance(returned, Mapping):
            return self._in_order(returned, needs)
        gradients = list(returned) if isinstance(returned, (tuple, list)) else [returned]
        if len(gradients) != len(self.inputs):
            raise RuntimeError(
                f"{self.__name__}: backward returned {len(gradients)} gradients for {len(self.inputs)} inputs "
                f"({', '.join(self.inputs)}): return one for each, None for those without"
            )
        for name, g in zip(self.inputs, gradients, strict=True):
            if g is not None and not isinstance(g, Tensor):
                raise TypeError(
                    f"{self.__name__}: backward returned {type(g).__name__} as the gradient of {name}, not a tensor"
                )
        return self._in_order(
            {f"{name}_grad": g for name, g in zip(self.inputs, gradients, strict=True)}, needs
        )

    def _through_reference(
        self, given: Mapping[str, Any], params: dict[str, Any], needs: Sequence[bool], create_graph: bool
    ) -> list[Any]:
        """Run the reference again and go backward through it."""
        alias = REGISTRY["alias"].apply
        with modes.enable_grad():
            inputs: list[Tensor | None] = []
            for name, need in zip(self.inputs, needs, strict=True):
                tensor = given[name]
                if tensor is None or not need:
                    inputs.append(tensor)
                elif create_graph:  # only its direct use here counts, not what it shares with other inputs
                    inputs.append(alias(tensor))
                else:
                    inputs.append(require_grad(detach(tensor)))
            returned = self.as_tuple(self.reference(*inputs, **params))
            pairs = [
                (output, given[f"{name}_grad"])
                for output, name in zip(returned, self.outputs, strict=True)
                if output.requires_grad and given[f"{name}_grad"] is not None
            ]
            wanted = [
                tensor for tensor, need in zip(inputs, needs, strict=True) if need and tensor is not None
            ]
            if not pairs:
                return [None] * len(inputs)
            found = iter(
                grad(
                    [output for output, _ in pairs],
                    wanted,
                    [g for _, g in pairs],
                    create_graph=create_graph,
                    allow_unused=True,
                )
            )
        return [next(found) if need else None for need in needs]

    # -- checking ------------------------------------------------------------------------------------------

    def check(
        self, *inputs: Any, rtol: float | None = None, atol: float | None = None, **params: Any
    ) -> Report:
        """Hold kernel, reference and derivative against each other.

        On any machine: the reference's results have the shapes and dtypes that the kernel fills; the derivative agrees with
        finite differences (in float64, on the CPU), in backward mode, forward mode and second order. With NVRTC
        installed: the kernels compile. On a machine with a GPU, for each floating dtype that the kernel takes: kernel and
        reference agree for contiguous and for strided inputs, nothing is written outside of the results, and the
        gradients agree with the reference's.

        Args:
            inputs: tensors to call with, small ones: finite differences take two calls for each element. Floating tensors
                of any dtype and device will do.
            rtol, atol: how far kernel and reference may be apart; by default as far as rounding of the dtype
                explains, relative to the largest element.
            params: the keyword-only parameters of the reference.

        Returns:
            a report that prints as a table: what was checked, and what was not and why.

        Raises:
            GradcheckError: the derivative is wrong.
            AssertionError: kernel and reference disagree, or the kernel writes where it must not.
            RuntimeError: the reference's results have other shapes or dtypes than the kernel's, or the kernel does not
                compile.

        Example:
            >>> cube = ag.kernel("y = x**3", backward="x_grad = 3 * x * x * y_grad", name="cube")
            >>> report = cube.check(ag.tensor([0.5, -2.0]))
            >>> [step.what for step in report.steps][:2]
            ['shapes and dtypes of the reference', 'gradient, by finite differences']
        """
        from autograd_gpu.kernel_ops.check import check

        tensors, bound = self.bind(inputs, params)
        return check(self, tensors, bound, rtol, atol)


def _with(body: Callable[..., Any], namespace: Any) -> Callable[..., Any]:
    def forward(*arrays: Any, **params: Any) -> Any:
        return body(namespace, *arrays, **params)

    return forward


def like(array: Any) -> Like:
    """Shape and dtype of a raw array, a tensor or a `Spec`."""
    if isinstance(array, Tensor):
        return Like(tuple(array._array.shape), array._type.dtype)
    return Like(tuple(array.shape), dtypes.of_numpy(array.dtype))


def on_card(F: Any, arrays: Sequence[Any]) -> bool:
    """Whether `F` computes on a card and all arrays are there (or are scalars); not so in the batches of vmap."""
    return (
        isinstance(F, ArrayNamespace)
        and F.xp.__name__ == "cupy"
        and all(
            array is None or isinstance(array, F.xp.ndarray) or type_of(array).device.type == "cpu"
            for array in arrays
        )
    )
