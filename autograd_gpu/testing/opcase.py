"""Op cases: how an op is called, what it must give, and for which dtypes. `opchecks.py` holds an op to its
case.

OpCase(
    "mul",
    samples=lambda make: [S(make(3, 4), make(3, 4)), S(make(3, 1), make(4)), S(make(), 2.5)],
    ref=np.multiply,
    dtypes="float half int bool complex",
    inplace="mul_",
    errors=[ErrorCase(lambda make: S(make(2), make(3)), RuntimeError, "must match the size of tensor b")],
)
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from autograd_gpu import dtypes
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.op import FUNCTIONS, METHODS, REGISTRY
from autograd_gpu.device import Device, type_for
from autograd_gpu.dtypes import DType

__all__ = ["DTYPE_GROUPS", "ErrorCase", "Make", "OpCase", "Sample", "dtypes_of", "map_arrays", "tensor_of"]

#: what the words in `OpCase.dtypes` stand for; names of single dtypes are understood as well
DTYPE_GROUPS: dict[str, tuple[str, ...]] = {
    "float": ("float32", "float64"),
    "half": ("float16", "bfloat16"),
    "int": ("int64", "int32", "uint8"),
    "bool": ("bool",),
    "complex": ("complex64", "complex128"),
}
_GROUP_OF = {name: group for group, names in DTYPE_GROUPS.items() for name in names}

#: how far results may be from the reference, (rtol, atol); a few units in the last place of results of size
#: one
FORWARD_TOLERANCES: dict[str, tuple[float, float]] = {
    "float16": (4e-3, 4e-3),
    "bfloat16": (3.2e-2, 3.2e-2),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-10, 1e-10),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-10, 1e-10),
}

HostArray = np.ndarray[Any, Any]


def dtypes_of(words: str) -> tuple[DType, ...]:
    """The dtypes that a string of groups and names lists.

    Example:
        >>> from autograd_gpu.testing.opcase import dtypes_of
        >>> dtypes_of("half int8")
        (ag.float16, ag.bfloat16, ag.int8)
    """
    names = [name for word in words.split() for name in DTYPE_GROUPS.get(word, (word,))]
    return tuple(dtypes.as_dtype(name) if name != "bool" else dtypes.bool_ for name in names)


class Sample:
    """Arguments for one call. NumPy arrays in them (also inside lists, tuples and dicts) become tensors."""

    __slots__ = ("args", "dtypes", "kwargs")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs
        #: the dtypes it is for; None: all that the case lists
        self.dtypes: tuple[DType, ...] | None = None

    def only(self, words: str) -> Sample:
        """Restrict the sample to some dtypes, ``S(make(3)).only("float")``; returns it."""
        self.dtypes = dtypes_of(words)
        return self

    def map(self, function: Callable[[HostArray], Any]) -> Sample:
        """The sample with `function` applied to all arrays."""
        result = Sample(*map_arrays(self.args, function), **map_arrays(self.kwargs, function))
        result.dtypes = self.dtypes
        return result

    def arrays(self) -> list[HostArray]:
        """All arrays, in order."""
        found: list[HostArray] = []
        self.map(found.append)
        return found

    def __repr__(self) -> str:
        def show(value: Any) -> str:
            return repr(map_arrays(value, lambda array: _Text(f"{array.dtype.name}{list(array.shape)}")))

        parts = [show(value) for value in self.args] + [
            f"{name}={show(value)}" for name, value in self.kwargs.items()
        ]
        return f"({', '.join(parts)})"


class _Text(str):
    """A string that shows without quotes."""

    def __repr__(self) -> str:
        return str(self)


def map_arrays(value: Any, function: Callable[[HostArray], Any]) -> Any:
    """`value` with `function` applied to every array in it, containers included."""
    if isinstance(value, np.ndarray):
        return function(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(map_arrays(item, function) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(map_arrays(item, function) for item in value)
    if isinstance(value, Mapping):
        return {key: map_arrays(item, function) for key, item in value.items()}
    return value


class Make:
    """Maker of random arrays: what a case's `samples` function gets. The same numbers in every run.

    `make.dtype` is the `DType` under test, `make.rng` a NumPy generator for whatever arrays the samples need
    besides.
    """

    def __init__(self, dtype: DType, seed: str = "") -> None:
        self.dtype = dtype
        self.rng = np.random.default_rng(zlib.crc32(f"{seed}-{dtype.name}".encode()))

    def __call__(
        self,
        *shape: int,
        low: float = -2,
        high: float = 2,
        dtype: Any = None,
        transposed: bool = False,
        strided: bool = False,
    ) -> HostArray:
        """An array of random numbers.

        Args:
            shape: the extents; none: an array without dimensions.
            low, high: the numbers lie in [low, high); real and imaginary part each. Integers lie in the same
                interval, for uint8 at least at 0. Booleans are random, but True if `low` is positive.
            dtype: a dtype in any form, if not the one under test.
            transposed: in memory, the first dimension is the one that varies fastest.
            strided: in memory, the elements are two apart in every dimension.
        """
        kind = self.dtype if dtype is None else dtypes.bool_ if dtype == "bool" else dtypes.as_dtype(dtype)
        if transposed:
            return np.asarray(self._values(shape[::-1], low, high, kind)).T
        if strided:
            return np.asarray(spread_out(self._values(shape, low, high, kind)))
        return self._values(shape, low, high, kind)

    def _values(self, shape: tuple[int, ...], low: float, high: float, kind: DType) -> HostArray:
        values: Any
        if kind.category == dtypes.BOOL:
            values = self.rng.random(shape) < (1.0 if low > 0 else 0.5)
        elif kind.category == dtypes.INTEGER:
            smallest = math.ceil(low) if kind.is_signed else max(math.ceil(low), 0)
            values = self.rng.integers(smallest, max(math.ceil(high), smallest + 1), shape)
        elif kind.category == dtypes.COMPLEX:
            values = self.rng.uniform(low, high, shape) + 1j * self.rng.uniform(low, high, shape)
        else:
            values = self.rng.uniform(low, high, shape)
        return np.asarray(np.asarray(values).astype(kind.numpy))


def spread_out(array: Any) -> Any:
    """The same values with gaps in memory: every dimension steps over every second element. For NumPy and
    CuPy arrays."""
    wide = array
    for axis in range(array.ndim):
        wide = wide.repeat(2, axis=axis)
    return wide[(slice(None, None, 2),) * array.ndim] if array.ndim else array


def tensor_of(array: HostArray, device: str = "cpu", layout: str | None = None) -> Tensor:
    """A tensor with the values of a NumPy array, never sharing its memory.

    `layout` is None (that of the array), "contiguous", "transposed" or "strided", as for `Make`.
    """
    if layout is None:
        if array.flags.c_contiguous:
            layout = "contiguous"
        else:
            layout = "transposed" if array.T.flags.c_contiguous else "strided"
    kind = type_for(dtypes.of_numpy(array.dtype), Device(device))
    transposed = layout == "transposed"
    source = np.array(array.T if transposed else array, order="C")
    raw = kind.namespace.from_host(source)
    if transposed:
        raw = raw.T
    elif layout == "strided":
        raw = kind.namespace.run(spread_out, raw)
    return wrap(raw)


@dataclass(frozen=True)
class ErrorCase:
    """A call that must fail.

    Attributes:
        sample: function of a `Make` that gives the `Sample`.
        type: the exception's exact type.
        match: regular expression that the message contains.
        dtype: the dtype under test.
        call: what to call instead of the case's function.
        place: whether the message must name the user's line.
        requires_grad: whether floating inputs require grad.
        looks_at_values: whether the mistake is in what a tensor holds (an index out of range, a negative probability).
            Such mistakes are found on the CPU only: to look, a program would have to wait for the GPU.
    """

    sample: Callable[[Make], Sample]
    type: type[BaseException]
    match: str
    dtype: str = "float32"
    call: Callable[..., Any] | None = None
    place: bool = True
    requires_grad: bool = False
    looks_at_values: bool = False


@dataclass(frozen=True)
class OpCase:
    """What is claimed of one op; see the module's docstring for an example."""

    #: name in the registry, or of an exposed function or method
    name: str
    _: KW_ONLY
    #: function of a `Make` that gives the list of `Sample`s: 0-d, empty, broadcast, one for each code path
    samples: Callable[[Make], Sequence[Sample]]
    #: the same on NumPy arrays (a tuple for several outputs); None if the result is random, see `check`
    ref: Callable[..., Any] | None = None
    #: groups of DTYPE_GROUPS and names of dtypes, with which the op works
    dtypes: str = "float half"
    #: whether it has gradients; or the positions of the arrays (of those with floating elements) that have
    gradient: bool | tuple[int, ...] = True
    #: the highest order of derivative to check
    order: int = 2
    #: whether to check forward mode
    forward: bool = True
    #: the name of the in-place method (or several, separated by spaces)
    inplace: str | None = None
    #: dtype name or group -> tolerance of the results, a number or (rtol, atol), where the default does not
    #: fit
    tol: Mapping[str, float | tuple[float, float]] | None = None
    #: the same for gradients
    grad_tol: Mapping[str, float | tuple[float, float]] | None = None
    errors: Sequence[ErrorCase] = ()
    #: how users call it, if not by the name: a function of tensors
    call: Callable[..., Any] | None = None
    #: further ops and functions that this case stands for
    also: str | Sequence[str] = ()
    #: distinguishes the cases of one op
    variant: str = ""
    #: the dtype of the outputs, if not to be told from the reference's: a dtype, or a function of the dtype
    #: under test
    out_dtype: Any = None
    #: give the reference double precision, and round its result; turn it off where the result depends on the
    #: dtype's limits
    upcast: bool = True
    #: further claims about a result: check(outputs, *args, **kwargs), on tensors, raising AssertionError
    check: Callable[..., None] | None = None
    #: whether the function makes tensors and must be told where, with device=
    factory: bool = False

    @property
    def id(self) -> str:
        """The name in test reports."""
        return f"{self.name}.{self.variant}" if self.variant else self.name

    @property
    def function(self) -> Callable[..., Any]:
        """What users call."""
        if self.call is not None:
            return self.call
        if self.name in REGISTRY:
            return REGISTRY[self.name].public
        if self.name in FUNCTIONS:
            return FUNCTIONS[self.name]
        return METHODS[self.name]

    @property
    def names(self) -> tuple[str, ...]:
        """All names that the case stands for, in-place methods not counted."""
        also = self.also.split() if isinstance(self.also, str) else tuple(self.also)
        return (self.name, *also)

    @property
    def inplace_names(self) -> tuple[str, ...]:
        return tuple(self.inplace.split()) if self.inplace else ()

    @property
    def supported(self) -> tuple[DType, ...]:
        """The dtypes of `dtypes`."""
        return dtypes_of(self.dtypes)

    def make_samples(self, dtype: DType) -> list[Sample]:
        """The samples for a dtype; the same in every call.

        Raises:
            ValueError: if there is none.
        """
        with np.errstate(all="ignore"):
            samples = list(self.samples(Make(dtype, self.id)))
        samples = [sample for sample in samples if sample.dtypes is None or dtype in sample.dtypes]
        if not samples:
            raise ValueError(f"{self.id} lists {dtype.name} but has no sample for it")
        return samples

    def tolerance(self, dtype: DType) -> tuple[float, float]:
        """(rtol, atol) for results of a dtype."""
        return _tolerance(self.tol, dtype, FORWARD_TOLERANCES.get(dtype.name, (0.0, 0.0)))

    def gradient_tolerance(self, dtype: DType, default: tuple[float, float]) -> tuple[float, float]:
        """(rtol, atol) for gradients of a dtype."""
        return _tolerance(self.grad_tol, dtype, _tolerance(self.tol, dtype, default))

    def expected(self, sample: Sample) -> tuple[HostArray, ...]:
        """The reference's outputs for a sample, in the dtypes that the op's must have."""
        outputs = self._reference(sample.map(_widened) if self.upcast else sample)
        kinds = {array.dtype.kind for array in sample.arrays()}
        if kinds <= set("bui") and any(output.dtype in (np.float16, np.float32) for output in outputs):
            # NumPy computes functions of small integers in float16, PyTorch in the default dtype.
            outputs = self._reference(sample.map(lambda array: array.astype(np.int64)))
        with np.errstate(all="ignore"):
            return tuple(output.astype(self._dtype_of(sample, output).numpy) for output in outputs)

    def _reference(self, sample: Sample) -> list[HostArray]:
        assert self.ref is not None
        with np.errstate(all="ignore"):
            result = self.ref(*sample.args, **sample.kwargs)
        return [np.asarray(each) for each in (result if isinstance(result, (tuple, list)) else (result,))]

    def _dtype_of(self, sample: Sample, output: HostArray) -> DType:
        """The dtype that an output must have: the reference says whether bool, integer, real or complex, the
        inputs say which of them."""
        arrays = sample.arrays()
        if self.out_dtype is not None:
            chosen = self.out_dtype
            if callable(chosen) and not isinstance(chosen, type):
                chosen = chosen(dtypes.of_numpy(arrays[0].dtype) if arrays else None)
            return dtypes.bool_ if chosen == "bool" else dtypes.as_dtype(chosen)
        if sample.kwargs.get("dtype") is not None:
            return dtypes.as_dtype(sample.kwargs["dtype"])
        if output.dtype.kind == "b":
            return dtypes.bool_
        if output.dtype.kind in "iu":
            return (
                dtypes.int64
                if output.dtype.kind == "u" and output.itemsize > 1
                else dtypes.of_numpy(output.dtype)
            )
        found = dtypes.get_default_dtype()
        kinds = [dtypes.of_numpy(array.dtype) for array in arrays]
        if any(kind.category >= dtypes.FLOAT for kind in kinds):
            found = dtypes.result_type(
                *(
                    (kind, dtypes.DIMENSIONED if array.ndim else dtypes.ZERO_DIM)
                    for kind, array in zip(kinds, arrays, strict=True)
                )
            )
        return found.to_complex() if output.dtype.kind == "c" else found.to_real()


def _tolerance(
    table: Mapping[str, float | tuple[float, float]] | None, dtype: DType, default: tuple[float, float]
) -> tuple[float, float]:
    for key in (dtype.name, _GROUP_OF.get(dtype.name, "")):
        if table is not None and key in table:
            found = table[key]
            return found if isinstance(found, tuple) else (found, found)
    return default


def _widened(array: HostArray) -> HostArray:
    """Floating arrays in double precision, others as they are."""
    kind = dtypes.of_numpy(array.dtype)
    if kind.category == dtypes.COMPLEX:
        return array.astype(np.complex128)
    return array.astype(np.float64) if kind.category == dtypes.FLOAT else array
