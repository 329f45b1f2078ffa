"""CUDA's raw array namespace against the CPU's, function by function: values, dtypes and shapes.

`CALLS` has at least one row for every function of the namespace; a test holds it to that.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autograd_gpu import dtypes
from autograd_gpu.device import Device, type_for
from autograd_gpu.device.cpu import cpu
from autograd_gpu.device.namespace import ArrayNamespace
from autograd_gpu.device.portable.elementwise import UFUNC_NAMES

ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16 arrays are those of ml_dtypes")

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
REAL = ("float16", BFLOAT16, "float32", "float64")
FLOAT = (*REAL, "complex64", "complex128")
INTEGER = ("int64", "int32", "int16", "int8", "uint8")
ANY = (*FLOAT, *INTEGER)

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:Casting complex values to real:numpy.exceptions.ComplexWarning"),
]

#: relative tolerance by dtype. Both sides round halves once, but not from the same float32 values.
TOLERANCE = {
    "float16": 2e-3, "bfloat16": 1.6e-2, "float32": 5e-6, "float64": 1e-12, "complex64": 5e-6, "complex128": 1e-12,
}  # fmt: skip


@pytest.fixture(scope="module")
def cuda() -> Any:
    return type_for(dtypes.float32, Device("cuda")).namespace


def values(
    shape: tuple[int, ...], dtype: Any = "float32", low: float = -3, high: float = 3, seed: int = 0
) -> Any:
    generator = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return generator.random(shape) < 0.5
    if dtype.kind in "iu":
        return generator.integers(
            max(0, math.ceil(low)) if dtype.kind == "u" else math.ceil(low), int(high) + 1, shape
        ).astype(dtype)
    x = generator.uniform(low, high, shape)
    if dtype.kind == "c":
        x = x + 1j * generator.uniform(low, high, shape)
    return np.asarray(x).astype(dtype)


def to_device(F: Any, argument: Any) -> Any:
    """NumPy arrays, also those in lists and tuples, as new arrays of a namespace, in the same layout."""
    if isinstance(argument, np.ndarray):
        if argument.ndim > 1 and not argument.flags.c_contiguous and argument.flags.f_contiguous:
            return F.from_host(argument.T.copy()).T
        return F.from_host(argument.copy())
    if isinstance(argument, (list, tuple)):
        return type(argument)(to_device(F, part) for part in argument)
    return argument


def check(got: Any, expected: Any, tolerance: float | None = None) -> None:
    if isinstance(expected, (tuple, list)):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            check(one, other, tolerance)
        return
    if expected is None or isinstance(expected, bool):
        assert got is expected
        return
    expected = np.asarray(expected)
    got = got if isinstance(got, (np.ndarray, np.generic)) else got.get()
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    limit = TOLERANCE.get(str(expected.dtype), 0.0) if tolerance is None else tolerance
    if expected.dtype == BFLOAT16:
        got, expected = got.astype("f4"), expected.astype("f4")
    np.testing.assert_allclose(got, expected, rtol=limit, atol=limit)


class Call:
    """A function's name and its arguments, arrays as NumPy arrays."""

    def __init__(self, name: str, *args: Any, tolerance: float | None = None, **kwargs: Any) -> None:
        self.name, self.args, self.kwargs, self.tolerance = name, args, kwargs, tolerance

    def on(self, F: Any) -> Any:
        """What the call returns, or the first argument where that is changed in place."""
        args = [to_device(F, a) for a in self.args]
        kwargs = {name: to_device(F, value) for name, value in self.kwargs.items()}
        result = getattr(F, self.name)(*args, **kwargs)
        if self.name in CHANGED:
            return [args[position] for position in CHANGED[self.name]]
        return result

    def __str__(self) -> str:
        def show(value: Any) -> str:
            if isinstance(value, np.ndarray):
                return f"{value.dtype}{list(value.shape)}"
            return ",".join(map(show, value)) if isinstance(value, (list, tuple)) else str(value)

        return f"{self.name}({','.join([*map(show, self.args), *(f'{n}={show(v)}' for n, v in self.kwargs.items())])})"


#: functions that work in place -> the positions of what they change
CHANGED = {
    "extreme_at": (0,),
    "setitem": (0,), "index_put_add": (0,), "sgd_step": (0, 2), "adam_step": (0, 2, 3), "rmsprop_step": (0, 2),
    "adagrad_step": (0, 2), "scale_to_norm": (0,), "clamp_all": (0,), "unscale": (0, 2), "track_statistics": (0, 1),
    "advance_steps": (0,), "update_scale": (0, 1),
}  # fmt: skip


def layouts(dtype: Any, low: float = -3, high: float = 3) -> Iterator[Any]:
    """0-d, empty, contiguous, transposed."""
    yield values((), dtype, low, high)
    yield values((0, 3), dtype, low, high)
    yield values((4, 5), dtype, low, high)
    yield values((37, 70), dtype, low, high).T


#: unary functions: dtypes and range
UNARY: dict[str, tuple[tuple[Any, ...], float, float]] = {
    "neg": ((*FLOAT, "int64"), -3, 3), "abs": ((*FLOAT, *INTEGER), -3, 3), "exp": (FLOAT, -3, 3), "exp2": (REAL, -3, 3),
    "expm1": (REAL, -3, 3), "log": (FLOAT, 0.1, 3), "log2": (REAL, 0.1, 3), "log10": (REAL, 0.1, 3),
    "log1p": (REAL, -0.9, 3), "sqrt": (FLOAT, 0.1, 3), "reciprocal": (FLOAT, 0.1, 3), "square": (ANY, -3, 3),
    "sin": (FLOAT, -3, 3), "cos": (FLOAT, -3, 3), "tan": (REAL, -1.2, 1.2), "asin": (REAL, -1, 1),
    "acos": (REAL, -0.99, 0.99), "atan": (REAL, -3, 3), "sinh": (REAL, -3, 3), "cosh": (REAL, -3, 3),
    "tanh": (FLOAT, -3, 3), "asinh": (REAL, -3, 3), "acosh": (REAL, 1.1, 3), "atanh": (REAL, -0.9, 0.9),
    "floor": ((*REAL, *INTEGER), -3, 3), "ceil": ((*REAL, *INTEGER), -3, 3), "trunc": ((*REAL, *INTEGER), -3, 3),
    "isnan": (ANY, -3, 3), "isinf": (ANY, -3, 3), "isfinite": (ANY, -3, 3), "logical_not": ((*ANY, "bool"), -3, 3),
    "bitwise_not": ((*INTEGER, "bool"), -3, 3), "positive": (ANY, -3, 3), "sign": ((*ANY, "bool"), -3, 3),
    "rsqrt": (FLOAT, 0.1, 3), "round": ((*REAL, *INTEGER), -3, 3), "frac": (REAL, -3, 3), "sigmoid": (FLOAT, -3, 3),
    "relu": ((*REAL, *INTEGER), -3, 3), "conj": (ANY, -3, 3), "real": (FLOAT, -3, 3), "imag": (FLOAT, -3, 3),
    "angle": (("float32", "float64", "complex64", "complex128"), -3, 3), "nan_to_num": (ANY, -3, 3),
    "erf": (REAL, -5, 5), "erfc": (REAL, -2, 4), "erfinv": (REAL, -0.95, 0.95), "lgamma": (REAL, 0.1, 20),
    "digamma": (REAL, 2, 20), "signbit": (REAL, -3, 3),
}  # fmt: skip

#: binary functions: dtypes and range of both operands
BINARY: dict[str, tuple[tuple[Any, ...], float, float]] = {
    "add": ((*ANY, "bool"), -3, 3), "sub": (ANY, -3, 3), "mul": ((*ANY, "bool"), -3, 3), "div": (FLOAT, 0.5, 3),
    "floor_divide": ((*REAL, *INTEGER), 1, 3), "remainder": ((*REAL, *INTEGER), 1, 3), "fmod": ((*REAL, *INTEGER), 1, 3),
    "maximum": ((*REAL, *INTEGER, "bool"), -3, 3), "minimum": ((*REAL, *INTEGER, "bool"), -3, 3),
    "fmax": ((*REAL, *INTEGER), -3, 3), "fmin": ((*REAL, *INTEGER), -3, 3), "atan2": (REAL, -3, 3),
    "hypot": (REAL, -3, 3), "copysign": (REAL, -3, 3), "eq": ((*ANY, "bool"), -3, 3), "ne": ((*ANY, "bool"), -3, 3),
    "lt": ((*REAL, *INTEGER), -3, 3), "le": ((*REAL, *INTEGER), -3, 3), "gt": ((*REAL, *INTEGER), -3, 3),
    "ge": ((*REAL, *INTEGER), -3, 3), "logical_and": ((*ANY, "bool"), -3, 3), "logical_or": ((*ANY, "bool"), -3, 3),
    "logical_xor": ((*ANY, "bool"), -3, 3), "bitwise_and": ((*INTEGER, "bool"), -3, 3),
    "bitwise_or": ((*INTEGER, "bool"), -3, 3), "bitwise_xor": ((*INTEGER, "bool"), -3, 3),
    "bitwise_left_shift": (INTEGER, 0, 3), "bitwise_right_shift": (INTEGER, 0, 3),
    "nextafter": (("float32", "float64"), -3, 3), "logaddexp": (REAL, -3, 3), "logaddexp2": (REAL, -3, 3),
    "pow": ((*FLOAT, *INTEGER), 0.5, 3),
    "heaviside": (REAL, -3, 3),
}  # fmt: skip

SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, math.inf, -math.inf, math.nan, 1e30, -1e30], "f4")


def elementwise_calls() -> Iterator[Call]:
    for name, (kinds, low, high) in UNARY.items():
        for kind in kinds:
            for x in layouts(kind, low, high):
                yield Call(name, x)
        if "float32" in kinds and name not in ("lgamma", "digamma", "tan", "sin", "cos"):
            yield Call(name, SPECIAL)
    for name, (kinds, low, high) in BINARY.items():
        for kind in kinds:
            for x, y in zip(layouts(kind, low, high), layouts(kind, low, high), strict=True):
                yield Call(name, x, y[::-1] if y.ndim and y.shape[0] else y)
            yield Call(name, values((3, 1, 4), kind, low, high), values((5, 1), kind, low, high))
            yield Call(name, values((3, 4), kind, low, high), np.dtype(kind).type(2))
        if "float32" in kinds and name not in ("pow", "remainder", "floor_divide"):
            yield Call(name, SPECIAL[:, None], SPECIAL)
    f4 = values((3, 4))
    condition = values((3, 4), "bool")
    for kind in (*ANY, "bool"):
        x, y = values((3, 4), kind), values((3, 4), kind, seed=1)
        yield Call("where", condition, x, y)
        yield Call("where", condition, np.dtype(kind).type(1), y)
        yield Call("where", condition[:, :1], x, np.dtype(kind).type(0))
        yield Call("masked_fill", x, condition, np.dtype(kind).type(1))
        yield Call("masked_select", x, condition)
    for kind in REAL:
        x, y, z = (values((3, 4), kind, seed=seed) for seed in range(3))
        yield Call("clamp", x, np.dtype(kind).type(-1), np.dtype(kind).type(1))
        yield Call("lerp", x, y, z)
        yield Call("lerp", x, y, np.dtype(kind).type(0.3))
        yield Call("addcmul", x, y, z, 0.5)
        yield Call("addcdiv", x, y, values((3, 4), kind, 1, 3), 0.5)
        yield Call("zero_where", x, condition)
        yield Call("round", x, 1)
    for n in (1, 2, 3):
        yield Call("polygamma", values((3, 4), "float64", -3.3, 9), n=n, tolerance=1e-7)
    yield Call("complex", f4, f4)
    yield Call("stack_parts", f4, f4)
    yield Call("view_as_real", values((3, 4), "complex64"))
    yield Call("view_as_complex", values((3, 2)))


def creation_calls() -> Iterator[Call]:
    for kind in (*ANY, "bool"):
        dtype = np.dtype(kind)
        for name in ("zeros", "ones"):
            yield Call(name, (3, 4), dtype)
            yield Call(name, (), dtype)
            yield Call(name + "_like", values((3, 0), kind))
        yield Call("full", (3, 4), 1, dtype)
        yield Call("full_like", values((3, 4), kind), 1)
        yield Call("eye", 3, 4, dtype)
        yield Call("copy", values((3, 4), kind).T)
        yield Call("run", operator.itemgetter(slice(1, None)), values((3, 4), kind))
        yield Call("contiguous", values((3, 4), kind).T)
        yield Call("tril", values((4, 5), kind), 1)
        yield Call("triu", values((2, 4, 5), kind), -1)
        yield Call("diagonal", values((4, 5), kind), 1)
        yield Call("diag_embed", values((2, 3), kind), -1)
        for other in (*ANY, "bool"):
            yield Call("cast", values((3, 4), kind, 0, 3), np.dtype(other))
    for kind in ("float32", "int64", "int32", "float16"):
        yield Call("arange", 1, 10, 2, np.dtype(kind))
    yield Call("linspace", -1.0, 2.0, 7, np.dtype("float32"))
    yield Call("asarray", values((3, 4)), np.dtype("float64"))
    yield Call("is_contiguous", values((3, 4)).T)


def shape_calls() -> Iterator[Call]:
    for kind in (BFLOAT16, "float32", "complex64", "int64", "bool"):
        x = values((2, 3, 4), kind)
        yield Call("reshape", x, (4, 6))
        yield Call("reshape", values((3, 4), kind).T, (2, 6))
        yield Call("permute", x, (2, 0, 1))
        yield Call("transpose", x, 0, 2)
        yield Call("expand", values((3, 1), kind), (2, 3, 4))
        yield Call("squeeze", values((1, 3, 1), kind), 0)
        yield Call("unsqueeze", x, -1)
        yield Call("flip", x, (0, 2))
        yield Call("roll", x, (1, 2), (0, 2))
        yield Call("roll", x, 5)
        yield Call("cat", [x, x], dim=1)
        yield Call("stack", [x, x], dim=2)
        yield Call("split", x, [1, 2], dim=1)
        yield Call("narrow", x, 1, 1, 2)
        yield Call("select", x, 1, 2)
        yield Call("tile", x, (2, 1, 2))
        yield Call("repeat_interleave", x, 2, 1)
        yield Call("repeat_interleave", x, np.array([1, 0, 2]), 1)
        yield Call("unfold", x, 2, 2, 1)
        yield Call("as_strided", x, (2, 5), (3, 1), 4)
        yield Call("mT", x)
        for mode in ("constant", "reflect", "replicate", "circular"):
            yield Call("pad", x, (1, 2, 2, 1), mode)
    yield Call("pad", values((2, 3)), (-1, 2), "constant", 1.5)


def reduction_calls() -> Iterator[Call]:
    for kind in ANY:
        for x in (values((5, 300), kind), values((2, 3, 4), kind).T, values((), kind)):
            for dim in (None, 0, (0, x.ndim - 1) if x.ndim > 1 else None):
                if x.ndim == 0 and dim is not None:
                    continue
                # sums that nearly cancel: to so many units of the largest partial sum
                loose = 3e-2 if np.dtype(kind).itemsize == 2 and np.dtype(kind).kind in "fV" else 2e-4
                loose = loose if np.dtype(kind).kind in "fVc" else 0.0
                yield Call("sum", x, dim=dim, tolerance=loose)
                yield Call("count_nonzero", x, dim=dim)
                yield Call("any", x, dim=dim)
                yield Call("all", x, dim=dim, keepdim=True)
                if np.dtype(kind).kind != "c":
                    yield Call("amax", x, dim=dim)
                    yield Call("amin", x, dim=dim, keepdim=True)
                if np.dtype(kind).kind in "fVc":
                    yield Call("mean", x, dim=dim, tolerance=loose)
                if np.dtype(kind).kind in "fV" and x.ndim:
                    yield Call("var", x, dim=dim, tolerance=loose)
                    yield Call("std", x, dim=dim, correction=0, tolerance=loose)
                    yield Call("logsumexp", x, dim=dim)
        x = values((3, 7), kind)
        yield Call(
            "prod",
            values((3, 5), kind, 0.5, 2),
            dim=1,
            tolerance=2e-2 if np.dtype(kind).itemsize == 2 else 1e-5,
        )
        yield Call("cumsum", x, dim=1, tolerance=2e-2 if np.dtype(kind).itemsize == 2 else 1e-5)
        yield Call(
            "cumprod",
            values((3, 5), kind, 0.5, 2),
            dim=0,
            tolerance=2e-2 if np.dtype(kind).itemsize == 2 else 1e-5,
        )
        yield Call("sum", x, dtype=np.dtype("float64"), tolerance=1e-5)
        if np.dtype(kind).kind != "c":
            for name in ("argmax", "argmin"):
                yield Call(name, x, dim=1)
                yield Call(name, x)
            for name in ("max_with_index", "min_with_index", "cummax", "cummin"):
                yield Call(name, x, dim=1)
        if np.dtype(kind).kind in "fV":
            yield Call("logcumsumexp", x, dim=1)
    for name in ("amax", "amin", "argmax", "argmin", "sum", "logsumexp"):
        yield Call(name, SPECIAL)
    yield Call("sum_to", values((5, 3, 4)), (3, 1))
    yield Call("sum", values((0, 3)), dim=0)
    yield Call("logsumexp", np.full((2, 3), -math.inf, "f4"), dim=1)


def ordering_calls() -> Iterator[Call]:
    for kind in (*REAL, *INTEGER):
        x = values((3, 40), kind, -9, 9)
        for descending in (False, True):
            yield Call("sort", x, dim=1, descending=descending)
            yield Call("argsort", x.T, dim=0, descending=descending)
        yield Call("topk", x, 3, dim=1)
        yield Call("topk", x, 2, dim=0, largest=False)
        yield Call("unique", x, return_inverse=True, return_counts=True)
        yield Call("nonzero", x)
        if np.dtype(kind).kind != "V":
            yield Call("searchsorted", np.sort(x[0]), x)
            yield Call("searchsorted", np.sort(x, axis=1), x, right=True)
    yield Call("sort", SPECIAL)
    yield Call("unique", values((6, 2), "int64", 0, 1), dim=0)
    yield Call("bincount", values((50,), "int64", 0, 9), minlength=12)
    yield Call("bincount", values((50,), "int64", 0, 9), values((50,)))
    yield Call("bincount", values((50,), "int64", 0, 9), values((50,), "float64"), minlength=12)
    yield Call("bincount", np.zeros(0, "int64"))
    yield Call("occurrences", values((50,), "int64", 0, 9), 12)
    yield Call("occurrences", np.zeros(0, "int64"), 3)
    yield Call("nonzero", values((), "bool"))


def index_calls() -> Iterator[Call]:
    index = values((7,), "int64", -5, 4)
    for largest in (True, False):
        yield Call("extreme_at", SPECIAL[:5], values((12,), "int64", 0, 3), SPECIAL, largest)
    for kind in (*ANY, "bool"):
        x = values((5, 6), kind)
        yield Call("getitem", x, (index, slice(1, 4)))
        yield Call("getitem", x, (slice(None), values((6,), "bool")))
        yield Call("getitem", values((2, 5, 6), kind), (1, slice(None), values((3,), "int64", 0, 5)))
        yield Call("setitem", x, (np.array([1, 3]), slice(1, 4)), values((2, 3), kind))
        yield Call("setitem", x, (values((5, 6), "bool"),), np.dtype(kind).type(1))
        yield Call("index_select", x, values((9,), "int64", 0, 5), dim=1)
        yield Call("index_copy", x, np.array([4, 1]), values((2, 6), kind), dim=0)
        yield Call("gather", x, values((2, 6), "int64", 0, 4), dim=0)
        yield Call("scatter", x, np.array([[0, 1, 2, 3, 4]]).T, values((5, 1), kind), dim=1)
        yield Call("take_along_dim", x, values((1, 6), "int64", 0, 4), 0)
        yield Call("take_along_dim", x, values((3,), "int64", 0, 29))
        sums = {"tolerance": 5e-2 if np.dtype(kind).itemsize == 2 and np.dtype(kind).kind in "fV" else None}
        yield Call("index_put_add", x, (index, slice(None)), values((7, 6), kind), **sums)
        yield Call("index_put_add", x, (index, values((7,), "int64", 0, 5)), values((7,), kind), **sums)
        yield Call("index_add", x, values((40,), "int64", 0, 5), values((5, 40), kind), dim=1, **sums)
        yield Call("scatter_add", x, values((2, 6), "int64", 0, 4), values((2, 6), kind), dim=0, **sums)
        if np.dtype(kind).kind in "fV":
            yield Call(
                "embedding_backward", values((70, 3), kind), values((7, 10), "int64", 0, 8), 9, 2, **sums
            )


def linear_algebra_calls() -> Iterator[Call]:
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((3, 4), (4, 5)), ((4,), (4,)), ((4,), (4, 5)), ((3, 4), (4,)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (7, 4, 5)), ((0, 4), (4, 5)), ((3, 0), (0, 5)), ((2, 3, 0), (0, 5)),
        ((1, 4), (4, 1)), ((2, 3, 1), (1, 5)),
        ((67, 33), (33, 129)), ((5, 2, 3), (3,)),
    ]  # fmt: skip
    for kind in (*FLOAT, "int64", "int32", "uint8", "bool"):
        half = np.dtype(kind).itemsize == 2
        for left, right in shapes:
            yield Call("matmul", values(left, kind), values(right, kind), tolerance=5e-2 if half else 1e-5)
        yield Call("matmul", values((4, 3), kind).T, values((5, 4), kind).T, tolerance=5e-2 if half else 1e-5)
        yield Call("dot", values((4,), kind), values((4,), kind), tolerance=5e-2 if half else 1e-5)
        yield Call("outer", values((4,), kind), values((5,), kind))
    for kind in FLOAT:
        half = np.dtype(kind).itemsize == 2
        x, y = values((2, 3, 4), kind), values((3, 4, 5), kind)
        yield Call("tensordot", x, y, 2, tolerance=5e-2 if half else 1e-5)
        yield Call("tensordot", x, y, ((1, 2), (0, 1)), tolerance=5e-2 if half else 1e-5)
        yield Call("tensordot", x, y, ((1,), (0,)), tolerance=5e-2 if half else 1e-5)


def layer_calls() -> Iterator[Call]:
    for kind in REAL:
        near = {
            "tolerance": {"float16": 2e-2, "bfloat16": 1e-1, "float32": 2e-5}.get(np.dtype(kind).name, 1e-11)
        }
        statistics = np.dtype("float32" if np.dtype(kind).itemsize == 2 else kind)
        x, g = values((6, 8, 16), kind), values((6, 8, 16), kind, seed=1)
        weight, bias = values((16,), kind), values((16,), kind, seed=2)
        mean, rstd = values((6, 8, 1), statistics), values((6, 8, 1), statistics, 0.5, 1)
        yield Call("native_layer_norm_forward", x, weight, bias, dims=1, eps=1e-5, **near)
        yield Call("native_layer_norm_forward", x, None, None, dims=2, eps=1e-5, **near)
        yield Call(
            "native_layer_norm_backward", g, x, weight, mean, rstd, dims=1, needs=(True, True, True), **near
        )
        yield Call("fused_rms_norm_forward", x, weight, dims=1, eps=1e-5, **near)
        yield Call("fused_rms_norm_backward", g, x, weight, rstd, dims=1, needs=(True, True), **near)
        channels = values((8,), kind), values((8,), kind, seed=3)
        mean, var = values((8,), statistics), values((8,), statistics, 0.5, 1)
        yield Call("batch_norm_statistics", x, **near)
        yield Call("native_batch_norm", x, *channels, mean, var, eps=1e-5, **near)
        yield Call(
            "native_batch_norm_backward",
            g,
            x,
            channels[0],
            mean,
            var,
            eps=1e-5,
            needs=(True, True, True),
            **near,
        )
        image, kernels = values((2, 4, 9, 8), kind), values((6, 2, 3, 3), kind)
        size = {"stride": (2, 1), "padding": (1, 1), "dilation": (1, 2), "groups": 2}
        gradient = values((2, 6, 5, 6), kind)
        yield Call("conv2d", image, kernels, values((6,), kind), **size, **near)
        yield Call("conv2d_input", gradient, kernels, input_shape=image.shape, **size, **near)
        yield Call("conv2d_weight", gradient, image, weight_shape=kernels.shape, **size, **near)
        yield Call(
            "conv2d",
            image,
            values((6, 4, 1, 1), kind),
            stride=(1, 1),
            padding=(0, 0),
            dilation=(1, 1),
            **near,
        )
        window = {"kernel": (3, 2), "stride": (2, 2), "padding": (1, 1)}
        yield Call("max_pool2d", image, **window, dilation=(1, 1))
        indices = cpu.max_pool2d(image, **window, dilation=(1, 1))[1]
        pooled = values(indices.shape, kind)
        yield Call(
            "max_pool2d_backward",
            pooled,
            indices,
            input_shape=image.shape,
            kernel=(3, 2),
            stride=(2, 2),
            dilation=(1, 1),
            **near,
        )
        yield Call("avg_pool2d", image, **window, count_include_pad=False, **near)
        yield Call("avg_pool2d_backward", pooled, input_shape=image.shape, **window, **near)
        q, k, v = (
            values((2, 3, 5, 4), kind),
            values((2, 3, 7, 4), kind, seed=1),
            values((2, 3, 7, 6), kind, seed=2),
        )
        mask = values((5, 7), "bool")
        mask[:, 0] = True
        options = {"scale": 0.5, "is_causal": False, "dropout_p": 0.0, "seed": 1, "offset": 2}
        yield Call("attention_forward", q, k, v, mask, **options, **near)
        yield Call(
            "attention_forward", q, k, v, None, **{**options, "is_causal": True, "dropout_p": 0.3}, **near
        )
        out, lse = cpu.attention_forward(q, k, v, mask, **options)
        g = values(out.shape, kind)
        yield Call(
            "attention_backward",
            g,
            q,
            k,
            v,
            mask,
            out,
            lse,
            **options,
            needs=(True, True, True, False),
            **near,
        )


def random_calls() -> Iterator[Call]:
    for count in (0, 1, 4, 1001):
        yield Call("random_words", count, 2**63 + 7, 2**40 + 3)
    for kind in FLOAT:
        for shape in ((), (0,), (3,), (33, 7)):
            yield Call("random_uniform", shape, 1, 2, np.dtype(kind), tolerance=0.0)
            yield Call("random_normal", shape, 1, 2, np.dtype(kind))
    for kind in INTEGER:
        yield Call("random_integers", (33, 7), 1, 2, 0, 100, np.dtype(kind))
    yield Call("random_permutation", 1000, 1, 2)
    for p in (0.0, 0.3, 1.0):
        yield Call("dropout_mask", (33, 7), p, 1, 2)


def optimizer_calls() -> Iterator[Call]:
    for kind in (*REAL, "complex64"):
        near = {
            "tolerance": {"float16": 4e-3, "bfloat16": 3e-2, "float32": 2e-6, "complex64": 2e-6}.get(
                np.dtype(kind).name, 1e-13
            )
        }
        shapes: list[tuple[int, ...]] = [(3, 4), (), (0, 2), (70_001,), (5,)]

        def arrays(seed: int, low: float = -1, kind: Any = kind, shapes: Any = shapes) -> list[Any]:
            return [values(shape, kind, low, 1, seed + number) for number, shape in enumerate(shapes)]

        for more in (
            {"momentum": 0.0},
            {
                "momentum": 0.9,
                "dampening": 0.1,
                "weight_decay": 0.01,
                "first_step": [True, False] * 2 + [True],
            },
            {"momentum": 0.9, "nesterov": True, "maximize": True},
        ):
            buffers = arrays(20) if more["momentum"] else [None] * 5
            yield Call("sgd_step", arrays(0), arrays(10), buffers, lr=0.1, **more, **near)
        for more in (
            {},
            {"weight_decay": 0.01, "amsgrad": True},
            {"weight_decay": 0.01, "decoupled": True, "maximize": True},
        ):
            largest = arrays(40, 0) if more.get("amsgrad") else None
            yield Call(
                "adam_step", arrays(0), arrays(10), arrays(20), arrays(30, 0), largest, step=3, lr=0.01, beta1=0.9,
                beta2=0.999, eps=1e-8 if np.dtype(kind).name != "float16" else 1e-4, **more, **near,
            )  # fmt: skip
        for more in ({}, {"weight_decay": 0.01, "momentum": 0.9}, {"centered": True, "maximize": True}):
            means = [0.1 * mean for mean in arrays(30)] if more.get("centered") else None
            means = means and [np.asarray(mean, kind) for mean in means]
            yield Call(
                "rmsprop_step", arrays(0), arrays(10), arrays(20, 0.5), means, arrays(40) if more.get("momentum") else None,
                lr=0.01, alpha=0.99, eps=1e-8, **more, **near,
            )  # fmt: skip


def decomposition_calls() -> Iterator[Call]:
    """Factors whose signs are free are compared by what has none: triangles, values, determinants, solutions."""
    for kind in ("float32", "float64", "complex64", "complex128"):
        near = {
            "tolerance": 2e-4 if np.dtype(kind).itemsize // (1 + (np.dtype(kind).kind == "c")) == 4 else 1e-9
        }
        for shape in ((3, 3), (2, 4, 4), (0, 3, 3)):
            x = values(shape, kind) + 4 * np.eye(shape[-1], dtype=kind)
            definite = x @ np.conj(np.swapaxes(x, -1, -2)) + np.eye(shape[-1], dtype=kind)
            right = values((*shape[:-1], 2), kind, seed=1)
            yield Call("cholesky", definite, **near)
            yield Call("solve", x, right, **near)
            yield Call("inv", x, **near)
            yield Call("det", x, **near)
            yield Call("slogdet", x, **near)
            yield Call("matrix_exp", 0.1 * x, **near)
            yield Call("svdvals", x, **near)
            yield Call("lu_factor", x, **near)
            yield Call("solve_triangular", np.tril(x), right, upper=False, unitriangular=False, **near)
        yield Call("cofactor", values((3, 3), kind), **near)
        one = np.asarray([[2.0]], kind)
        yield Call("eig", one, **near)
        yield Call("eigh", one, uplo="L", **near)
        yield Call("qr", one, mode="reduced", **near)
        yield Call("svd", one, full_matrices=False, **near)
    for pivots in ([1, 2, 3], [3, 3, 3], [2, 2, 3]):
        yield Call("permutation_of", np.asarray(pivots, "int32"), rows=3)
    for kind in ("float32", "float64"):
        near = {"tolerance": 2e-4 if kind == "float32" else 1e-9}
        x = values((4, 6), kind)
        spectrum = values((4, 4), "complex64" if kind == "float32" else "complex128")
        for norm in ("backward", "ortho", "forward"):
            yield Call("fft_r2c", x, dim=(1,), norm=norm, onesided=True, **near)
            yield Call("fft_c2r", spectrum, dim=(1,), norm=norm, last=6, **near)
            yield Call("fft_c2c", spectrum, dim=(0, 1), norm=norm, forward=norm != "ortho", **near)
        yield Call("frexp", x)
        for name in ("i0", "i0e", "i1", "i1e", "erfcx"):
            yield Call(name, values((37,), kind), **near)
        yield Call("ndtri", values((37,), kind, 0.01, 0.99), **near)
        yield Call("zeta", values((37,), kind, 1.5, 5), values((37,), kind, 0.5, 4, 1), **near)
        weight, bias, mean = (values((5,), kind, seed=seed) for seed in (1, 2, 3))
        var, planes = values((5,), kind, 0.5, 2, 4), values((3, 5, 7), kind)
        yield Call("channel_affine", planes, weight, bias, mean, var, eps=1e-5, **near)
        yield Call(
            "channel_affine_backward", values((3, 5, 7), kind, seed=5), planes, weight, mean, var, eps=1e-5,
            dtype=np.dtype(kind), needs=(True,) * 3, **near,
        )  # fmt: skip
    yield Call("lcm", values((9,), "int64", 1, 30), values((9,), "int64", 1, 30, 1))


def together_calls() -> Iterator[Call]:
    """What is done to the gradients of all parameters at once."""
    shapes: list[tuple[int, ...]] = [(3, 4), (), (70_001,), (5,)]
    for kind in REAL:
        near = {
            "tolerance": {"float16": 4e-3, "bfloat16": 3e-2, "float32": 2e-6}.get(np.dtype(kind).name, 1e-13)
        }
        arrays = [values(shape, kind, -1, 1, number) for number, shape in enumerate(shapes)]
        steps = np.asarray(3.0, "float32")
        for more in ({}, {"weight_decay": 0.01, "lr_decay": 0.1, "maximize": True}):
            sums = [values(shape, kind, 0.5, 1, 20 + number) for number, shape in enumerate(shapes)]
            grads = [values(shape, kind, -1, 1, 10 + number) for number, shape in enumerate(shapes)]
            yield Call("adagrad_step", arrays, grads, sums, step=3, lr=0.1, eps=1e-4, **more, **near)
        for norm in (1.0, 2.0, 3.0, math.inf):
            yield Call("total_norm", arrays, norm, tolerance=near["tolerance"] * 4)
        for total in (0.5, 8.0):
            yield Call("scale_to_norm", arrays, np.asarray(total, kind), limit=2.0, **near)
        yield Call("clamp_all", arrays, limit=0.25, **near)
        for bad in (False, True):
            given = [array.copy() for array in arrays]
            if bad:
                given[2][70_000] = np.inf
            yield Call("unscale", given, np.asarray(4.0, "float32"), np.asarray(0.0, "float32"), **near)
        yield Call("zeros_together", arrays)
        running = values((7,), kind, seed=1), values((7,), kind, 0.5, 1, seed=2)
        wide = "float32" if near["tolerance"] > 1e-3 else kind
        new = values((7,), wide, seed=3), values((7,), wide, 0.5, 1, seed=4)
        yield Call("track_statistics", *running, *new, momentum=0.1, unbiased=1.5, **near)
    for found in (None, np.asarray(0.0, "float32"), np.asarray(1.0, "float32")):
        yield Call("advance_steps", [steps, np.asarray(4.0, "float32")], found)
    for found in (0.0, 1.0):
        for count in (1, 3):
            yield Call(
                "update_scale", np.asarray(8.0, "float32"), np.asarray(count, "int32"), np.asarray(found, "float32"),
                growth_factor=2.0, backoff_factor=0.5, growth_interval=4,
            )  # fmt: skip


def recurrent_calls() -> Iterator[Call]:
    """Layers over sequences and their cells. The backward calls get what the CPU's forward calls keep."""
    steps, images, width, hidden = 3, 2, 5, 4
    for kind in ("float16", "float32", "float64"):
        near = {"tolerance": {"float16": 1e-2, "float32": 1e-5}.get(kind, 1e-12)}
        x, h, c = (
            values((steps, images, width), kind),
            values((images, hidden), kind),
            values((images, hidden), kind, seed=1),
        )
        for name, gates in (("lstm", 4), ("gru", 3), ("rnn", 1)):
            weights = [
                values((gates * hidden, width), kind, -1, 1, 2), values((gates * hidden, hidden), kind, -1, 1, 3),
                values((gates * hidden,), kind, seed=4), values((gates * hidden,), kind, seed=5),
            ]  # fmt: skip
            state = [h, c] if name == "lstm" else [h]
            more: dict[str, Any] = {"nonlinearity": "tanh"} if name == "rnn" else {}
            projection = [None] if name == "lstm" else []
            for reverse in (False, True):
                forward = Call(
                    f"{name}_layer_forward", x, *state, *weights, *projection, **more, reverse=reverse, **near
                )
                yield forward
                outputs = forward.on(cpu)
                visible = len(state) + 1
                g = [values(out.shape, kind, seed=6 + number) for number, out in enumerate(outputs[:visible])]
                needs = (True,) * (1 + len(state) + 4 + len(projection))
                if projection:
                    needs = (*needs[:-1], False)
                yield Call(
                    f"{name}_layer_backward", g, x, *state, *weights, *projection, *outputs[visible:], **more,
                    reverse=reverse, needs=needs, **near,
                )  # fmt: skip
            cell = Call(f"{name}_cell_forward", x[0], *state, *weights, **more, **near)
            yield cell
            outputs = cell.on(cpu)
            visible = len(state)
            g = [values(out.shape, kind, seed=6 + number) for number, out in enumerate(outputs[:visible])]
            yield Call(
                f"{name}_cell_backward", g if visible > 1 else g[0], x[0], *state, *weights, *outputs[visible:], **more,
                needs=(True,) * (1 + len(state) + 4), **near,
            )  # fmt: skip


CALLS = [
    call
    for calls in (
        elementwise_calls, creation_calls, shape_calls, reduction_calls, ordering_calls, index_calls, linear_algebra_calls,
        layer_calls, random_calls, optimizer_calls, decomposition_calls, together_calls, recurrent_calls,
    )
    for call in calls()
]  # fmt: skip

#: functions without a row, because they have tests of their own below
OTHERS = {"address", "empty", "empty_like", "from_host", "scalar", "to_device", "to_host"}


def test_every_function_has_a_row() -> None:
    members = {
        name: getattr(ArrayNamespace, name) for name in dir(ArrayNamespace) if not name.startswith("_")
    }
    functions = {name for name, member in members.items() if callable(member)} | set(UFUNC_NAMES)
    assert {call.name for call in CALLS} == functions - OTHERS


@pytest.mark.gpu
@pytest.mark.parametrize("name", sorted({call.name for call in CALLS}))
def test_as_on_the_cpu(cuda: Any, name: str) -> None:
    failures = []
    for call in CALLS:
        if call.name == name:
            try:
                expected: Any = call.on(cpu)
            except (TypeError, ValueError, NotImplementedError) as error:
                expected = error
            try:
                got = call.on(cuda)
                if isinstance(expected, Exception):
                    failures.append(f"{call}: the CPU raises {expected!r}, CUDA does not")
                else:
                    check(got, expected, call.tolerance)
            except Exception as error:
                if type(error) is not type(expected):
                    failures.append(f"{call}: {type(error).__name__}: {error}")
    assert not failures, f"{len(failures)} calls differ:\n" + "\n".join(failures[:8])
