"""What runs on the card for an `ag.kernel`: a user's CUDA function, or a formula. Both know what they read and fill."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_gpu import dtypes, errors
from autograd_gpu.core.op import FUNCTIONS, parameter_names
from autograd_gpu.device import kernels
from autograd_gpu.device.signature import Launch, Parameter, Result, Signature
from autograd_gpu.kernel_ops.formula import Formula
from autograd_gpu.kernel_ops.text import CudaText

if TYPE_CHECKING:
    from autograd_gpu.device.cuda.custom import Allocate


class Like(NamedTuple):
    """What the functions for `shape`, `grid`, `block`, `shared` and `scalars` see of a tensor.

    Attributes:
        shape: tuple of ints.
        dtype: ag's dtype.
    """

    shape: tuple[int, ...]
    dtype: dtypes.DType

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


class Options(NamedTuple):
    """How a CUDA function is launched, and what it fills; see `ag.kernel`."""

    shape: Any = None
    dtype: Any = None
    grid: Any = None
    block: Any = None
    shared: Any = 0
    scalars: Mapping[str, Any] = {}


class CudaProgram:
    """A ``__global__`` function of a CUDA text.

    Args:
        text: where it is.
        signature: which one.
        inputs: the names of arrays that it may read.
        results: the names of the arrays that it fills.
        params: the names of the numbers that callers give.
        like: for a result, the name of the array whose shape and dtype it has, unless `options` say otherwise.
    """

    def __init__(
        self,
        text: CudaText,
        signature: Signature,
        inputs: Sequence[str],
        results: Sequence[str],
        params: Sequence[str],
        like: Mapping[str, str],
        options: Options,
    ) -> None:
        self.name = signature.name
        self.text = text
        self.signature = signature
        self.options = options
        self.given = tuple(p.name for p in signature.pointers if p.name not in results)
        self.results = tuple(results)
        self._like = like
        self._pointers = {p.name: p for p in signature.pointers}
        self._instances: dict[tuple[Any, ...], str] = {}
        self._bound: dict[tuple[Any, ...], tuple[dict[str, Any], dict[str, Any]]] = {}
        for parameter in signature.numbers:
            self._check_number(parameter.name, inputs, params)
        for value in signature.values:
            self._check_number(value, inputs, params)

    def _check_number(self, name: str, inputs: Sequence[str], params: Sequence[str]) -> None:
        if name in params or name in self.options.scalars or name == "n" or self._of_shape(name, inputs):
            return
        raise TypeError(
            f"the kernel {self.name} has a number {name}, and nothing says what it is: give the reference a keyword-only "
            f"parameter {name}, or ag.kernel scalars={{{name!r}: lambda {', '.join(inputs)}: ...}}. Known without saying are "
            f"n (the elements of the first result), and for each array x: x_size, x_ndim, x_shape_0, x_shape_1, ..."
            f"{errors.here()}"
        )

    def _of_shape(self, name: str, arrays: Sequence[str]) -> tuple[str, str] | None:
        """``("x", "shape_1")`` for ``x_shape_1``."""
        for array in (*arrays, *self.results):
            rest = name.removeprefix(f"{array}_")
            if rest != name and (
                rest in ("size", "ndim") or (rest.startswith("shape_") and rest[6:].isdigit())
            ):
                return array, rest
        return None

    # -- what it fills -----------------------------------------------------------------------------------

    def bind(self, likes: Mapping[str, Like | None]) -> tuple[dict[str, Any], dict[str, Any]]:
        """NumPy's dtypes of the template's type names, and of the results."""
        key = tuple(None if (like := likes.get(name)) is None else like.dtype for name in self.given)
        found = self._bound.get(key)
        if found is None:
            known = {
                name: dtype.numpy for name, dtype in zip(self.given, key, strict=True) if dtype is not None
            }
            for name in self.results:
                asked = self.options.dtype
                if isinstance(asked, Mapping):
                    asked = asked.get(name)
                if isinstance(asked, str):
                    like = likes[asked]
                    asked = None if like is None else like.dtype
                if asked is not None:
                    known[name] = asked.numpy
            bound = self.signature.bind(known)
            of_results = {
                name: self.signature.dtype(self._pointers[name], bound) if name in self._pointers else None
                for name in self.results
            }
            found = self._bound[key] = (bound, of_results)
        return found

    def describe(self, likes: Mapping[str, Like | None], params: Mapping[str, Any]) -> list[Result]:
        """Names, shapes and dtypes of the results."""
        _, of_results = self.bind(likes)
        return [Result(name, self._shape(name, likes, params), of_results[name]) for name in self.results]

    def _shape(
        self, name: str, likes: Mapping[str, Like | None], params: Mapping[str, Any]
    ) -> tuple[int, ...]:
        asked = self.options.shape
        if isinstance(asked, Mapping):
            asked = asked.get(name)
        if asked is None:
            asked = self._like[name]
        if callable(asked):
            asked = inject(asked, {**likes, **params}, f"shape of {name}")
        if isinstance(asked, str):
            like = likes.get(asked)
            if like is None:
                raise TypeError(f"{self.name}: the shape of {name} is that of {asked}, which is not given")
            return like.shape
        try:
            shape = (
                (asked.__index__(),)
                if hasattr(asked, "__index__")
                else tuple(size.__index__() for size in asked)
            )
        except (TypeError, AttributeError):
            raise TypeError(f"{self.name}: the shape of {name} is to be ints, got {asked!r}") from None
        if any(size < 0 for size in shape):
            raise ValueError(f"{self.name}: the shape of {name} has a negative size: {list(shape)}")
        return shape

    # -- running -----------------------------------------------------------------------------------------

    def run(
        self,
        F: Any,
        arrays: Mapping[str, Any],
        likes: Mapping[str, Like | None],
        params: Mapping[str, Any],
        results: Sequence[Result],
        allocate: Allocate | None = None,
    ) -> dict[str, Any]:
        """Fill the results on the card of the namespace `F`."""
        from autograd_gpu.device.cuda import custom

        bound, _ = self.bind(likes)
        n = math.prod(results[0].shape) if results else 0
        known: dict[str, Any] = {**likes, **params, "n": n}
        for result in results:
            known.setdefault(result.name, Like(result.shape, dtypes.of_numpy(result.dtype)))
        launch = self._launch(known, n)
        numbers = {name: self._number(name, known) for name in self._numbers}
        instance = self._instance(bound, tuple(numbers[name] for name in self.signature.values))
        return custom.run(
            F._card, self.source(math.prod(launch.block)), self.signature, instance, bound, arrays, results, numbers,
            launch, *(() if allocate is None else (allocate,)),
        )  # fmt: skip

    def _instance(self, bound: Mapping[str, Any], values: tuple[Any, ...]) -> str:
        key = (*bound.values(), *values)
        found = self._instances.get(key)
        if found is None:
            named = dict(zip(self.signature.values, values, strict=True))
            found = self._instances[key] = self.signature.instance(bound, named)
        return found

    @functools.cached_property
    def _numbers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*(p.name for p in self.signature.numbers), *self.signature.values]))

    def _number(self, name: str, known: Mapping[str, Any]) -> Any:
        if name in self.options.scalars:
            value = self.options.scalars[name]
            return inject(value, known, f"scalars[{name!r}]") if callable(value) else value
        if name in known:
            return known[name]
        found = self._of_shape(name, [key for key, value in known.items() if isinstance(value, Like)])
        if found is None:
            raise TypeError(f"{self.name}: the number {name} asks for a tensor that was not given")
        like, what = known[found[0]], found[1]
        if not what.startswith("shape_"):
            return getattr(like, what)
        axis = int(what[6:])
        if axis >= like.ndim:
            raise RuntimeError(
                f"{self.name}: {name} asks for axis {axis} of {found[0]}, which has shape {list(like.shape)}"
            )
        return like.shape[axis]

    def _launch(self, known: Mapping[str, Any], n: int) -> Launch:
        options = self.options
        block = self._sizes("block", options.block, known) or (kernels.BLOCK,)
        threads = math.prod(block)
        if not 1 <= threads <= kernels.LARGEST_BLOCK:
            raise ValueError(
                f"{self.name}: a block of {' x '.join(map(str, block))} threads; a block has 1 to {kernels.LARGEST_BLOCK}"
            )
        grid = self._sizes("grid", options.grid, known) or (-(-n // threads),)
        shared = inject(options.shared, known, "shared") if callable(options.shared) else options.shared
        return Launch(grid, block, int(shared))

    def _sizes(self, what: str, asked: Any, known: Mapping[str, Any]) -> tuple[int, ...] | None:
        if callable(asked):
            asked = inject(asked, known, what)
        if asked is None:
            return None
        sizes = (asked,) if isinstance(asked, int) else asked
        if not (isinstance(sizes, tuple) and 1 <= len(sizes) <= 3 and all(isinstance(s, int) for s in sizes)):
            raise TypeError(f"{self.name}: {what} is an int or a tuple of one to three ints, got {asked!r}")
        return sizes

    @functools.cache  # noqa: B019 - kernels live as long as the program, as their compiled modules do
    def source(self, block: int) -> kernels.Source:
        """The text as it is compiled for blocks of so many threads."""
        return self.text.source(self.name, block)

    def text_of_source(self) -> str:
        """CUDA text."""
        return self.text.text

    def example(self, dtype: dtypes.DType) -> tuple[kernels.Source, str] | None:
        """A source and an instance of it for `dtype`, to compile without a card; None if that needs numbers."""
        if self.signature.values:
            return None
        block = self.options.block
        if callable(block):
            return None
        threads = math.prod((block,) if isinstance(block, int) else block or (kernels.BLOCK,))
        bound = dict.fromkeys(self.signature.types, dtype.numpy)
        return self.source(threads), self.signature.instance(bound, {})


class FormulaProgram:
    """A formula, applied to every element of tensors that broadcast."""

    def __init__(self, name: str, formula: Formula, results: Sequence[str]) -> None:
        self.name = name
        self.formula = formula
        self.given = formula.inputs
        self.results = tuple(results)
        self._parts: dict[tuple[str, ...], FormulaProgram] = {}

    def only(self, results: tuple[str, ...]) -> FormulaProgram:
        """The program of a derivative that fills some of its results, at least; it reads what those need."""
        if not results or results == self.results:
            return self
        found = self._parts.get(results)
        if found is None:
            formula = self.formula.only(results)
            # A gradient of a result has the shape that all broadcast to.
            whole = not any(name.endswith("_grad") for name in formula.inputs)
            found = self._parts[results] = self if whole else FormulaProgram(self.name, formula, results)
        return found

    def describe(self, likes: Mapping[str, Like | None], params: Mapping[str, Any]) -> list[Result]:
        """Names, shapes and dtypes of the results."""
        given = [like for name in self.given if (like := likes[name]) is not None]
        shape = given[0].shape
        if any(like.shape != shape for like in given):
            shape = tuple(FUNCTIONS["broadcast_shapes"](*(like.shape for like in given)))
        return [Result(name, shape, given[0].dtype.numpy) for name in self.results]

    def run(
        self,
        F: Any,
        arrays: Mapping[str, Any],
        likes: Mapping[str, Like | None],
        params: Mapping[str, Any],
        results: Sequence[Result],
        allocate: Allocate | None = None,
    ) -> dict[str, Any]:
        """Fill the results on the card of the namespace `F`."""
        from autograd_gpu.device.cuda import custom

        kind = kernels.FLOATS[results[0].dtype.name]
        given = [arrays[name] for name in self.given]
        return custom.run_formula(
            F._card, self.source, kind, given, results, *(() if allocate is None else (allocate,))
        )

    @functools.cached_property
    def source(self) -> kernels.Source:
        """The CUDA text made of the formula."""
        return kernels.Source(self.name, self.formula.cuda(), kernels.options())

    def text_of_source(self) -> str:
        """CUDA text."""
        return self.formula.cuda()

    def example(self, dtype: dtypes.DType) -> tuple[kernels.Source, str] | None:
        """A source and an instance of it for `dtype`, to compile without a card."""
        return self.source, f"contiguous<Formula, {kernels.FLOATS[dtype.name]}, 0>"


Program = CudaProgram | FormulaProgram


def inject(function: Callable[..., Any], known: Mapping[str, Any], what: str) -> Any:
    """Call a user's function with what its parameters are named after."""
    positional, _, named = parameter_names(function)
    missing = [name for name in (*positional, *named) if name not in known]
    if missing:
        raise TypeError(
            f"the function for {what} asks for {', '.join(missing)}; there are {', '.join(known)}"
        )
    return function(*(known[name] for name in positional), **{name: known[name] for name in named})


def forward_program(
    text: CudaText, signature: Signature, inputs: Sequence[str], params: Sequence[str], options: Options
) -> CudaProgram:
    """The program of a kernel that computes the results of an op from its inputs.

    Raises:
        TypeError: its parameters do not fit the inputs.
    """
    results = [p.name for p in signature.pointers if p.name not in inputs]
    _check_pointers(signature, inputs, results, "inputs")
    if not results:
        raise TypeError(
            f"the kernel {signature.name} fills nothing: all its arrays ({', '.join(map(str, signature.pointers))}) are inputs "
            f"of the reference{errors.here()}"
        )
    for option in (options.shape, options.dtype):
        if isinstance(option, Mapping) and (unknown := [name for name in option if name not in results]):
            raise TypeError(
                f"the kernel {signature.name} does not fill {', '.join(unknown)}: it fills {', '.join(results)}{errors.here()}"
            )
    return CudaProgram(text, signature, inputs, results, params, dict.fromkeys(results, inputs[0]), options)


def backward_program(
    text: CudaText,
    signature: Signature,
    inputs: Sequence[str],
    outputs: Sequence[str],
    params: Sequence[str],
    options: Options,
) -> CudaProgram:
    """The program of a kernel that computes NAME_grad of inputs from inputs, outputs, and NAME_grad of outputs.

    Raises:
        TypeError: its parameters do not fit.
    """
    gradients = {f"{name}_grad": name for name in inputs}
    results = [p.name for p in signature.pointers if p.name in gradients]
    known = [*inputs, *outputs, *(f"{name}_grad" for name in outputs)]
    _check_pointers(signature, known, results, "inputs, outputs and gradients of outputs")
    if not results:
        raise TypeError(
            f"the kernel {signature.name} computes no gradient: none of its arrays is called {', '.join(gradients)}"
            f"{errors.here()}"
        )
    return CudaProgram(text, signature, known, results, params, gradients, options)


def _check_pointers(signature: Signature, known: Sequence[str], results: Sequence[str], what: str) -> None:
    pointers: dict[str, Parameter] = {p.name: p for p in signature.pointers}
    for parameter in pointers.values():
        if parameter.name in results and parameter.const:
            raise TypeError(
                f"the kernel {signature.name} reads {parameter.name} ({parameter}), which is none of the {what} "
                f"({', '.join(known)}){errors.here()}"
            )
        if parameter.name not in results and parameter.name not in known:
            raise TypeError(
                f"the kernel {signature.name} has an array {parameter.name}, which is none of the {what} "
                f"({', '.join(known)}){errors.here()}"
            )
        if parameter.name in known and parameter.name not in results and not parameter.const:
            raise TypeError(
                f"the kernel {signature.name} could write into {parameter.name} ({parameter}): declare what it reads as "
                f"const{errors.here()}"
            )
