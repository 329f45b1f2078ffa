"""The CPU's raw array namespace against PyTorch, function by function: values, dtypes and shapes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from autograd_gpu.device.cpu import CpuNamespace
from tests.judge.device_support import (
    ANY,
    BFLOAT16,
    FLOAT,
    INTEGER,
    MARKS,
    REAL,
    TOLERANCE,
    check,
    layouts,
    to_torch,
    values,
)

torch = pytest.importorskip("torch", reason="PyTorch is the judge here")

F = CpuNamespace()
inf, nan = float("inf"), float("nan")

pytestmark = MARKS

#: name, dtypes, range
UNARY = [
    ("neg", (*FLOAT, "int64"), -3, 3),
    ("abs", (*REAL, *INTEGER), -3, 3),
    ("sign", (*REAL, *INTEGER, "bool"), -3, 3),
    ("exp", FLOAT, -3, 3),
    ("exp2", REAL, -3, 3),
    ("expm1", REAL, -3, 3),
    ("log", FLOAT, 0.1, 3),
    ("log2", REAL, 0.1, 3),
    ("log10", REAL, 0.1, 3),
    ("log1p", REAL, -0.9, 3),
    ("sqrt", FLOAT, 0.1, 3),
    ("rsqrt", FLOAT, 0.1, 3),
    ("reciprocal", FLOAT, 0.1, 3),
    ("square", (*FLOAT, *INTEGER), -3, 3),
    ("sin", FLOAT, -3, 3),
    ("cos", FLOAT, -3, 3),
    ("tan", REAL, -1.4, 1.4),
    ("asin", REAL, -1, 1),
    ("acos", REAL, -0.99, 0.99),
    ("atan", REAL, -3, 3),
    ("sinh", REAL, -3, 3),
    ("cosh", REAL, -3, 3),
    ("tanh", FLOAT, -3, 3),
    ("asinh", REAL, -3, 3),
    ("acosh", REAL, 1.1, 3),
    ("atanh", REAL, -0.9, 0.9),
    ("floor", (*REAL, *INTEGER), -3, 3),
    ("ceil", (*REAL, *INTEGER), -3, 3),
    ("round", (*REAL, *INTEGER), -3, 3),
    ("trunc", (*REAL, *INTEGER), -3, 3),
    ("frac", REAL, -3, 3),
    ("erf", REAL, -5, 5),
    ("erfc", REAL, -2, 5),
    ("erfinv", REAL, -0.99, 0.99),
    ("lgamma", REAL, 0.1, 20),
    ("digamma", REAL, 2, 20),
    ("sigmoid", FLOAT, -3, 3),
    ("isnan", ANY, -3, 3),
    ("isinf", ANY, -3, 3),
    ("isfinite", ANY, -3, 3),
    ("logical_not", (*ANY, "bool"), -3, 3),
    ("bitwise_not", (*INTEGER, "bool"), -3, 3),
    ("conj", (*FLOAT, "int64"), -3, 3),
    ("real", FLOAT, -3, 3),
    ("imag", ("complex64",), -3, 3),
    ("angle", ("float32", "float64", "complex64"), -3, 3),
    ("positive", ANY, -3, 3),
    ("nan_to_num", (*REAL, *INTEGER), -3, 3),
    ("relu", (*REAL, "int64"), -3, 3),
]


@pytest.mark.parametrize(
    ("name", "dtype", "low", "high"),
    [(name, dtype, low, high) for name, dtypes, low, high in UNARY for dtype in dtypes],
)
def test_unary(name: str, dtype: Any, low: float, high: float) -> None:
    theirs = getattr(torch, name)
    for x in layouts(dtype, low, high):
        check(getattr(F, name)(x), theirs(to_torch(x)))


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 2.5, 3.5, -2.5, inf, -inf, nan, 1e30, -1e30, 1e-30]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [name for name, dtypes, _, _ in UNARY if "float32" in dtypes])
def test_unary_at_special_values(name: str, dtype: Any) -> None:
    x = np.array(SPECIAL, dtype)
    # PyTorch's own lgamma and digamma are less exact than ours near their zeros.
    check(
        getattr(F, name)(x), getattr(torch, name)(to_torch(x)), absolute=1e-6 if dtype == "float32" else 1e-12
    )


@pytest.mark.parametrize("name", [name for name, dtypes, _, _ in UNARY if "float32" in dtypes])
def test_out(name: str) -> None:
    _, _, low, high = next(row for row in UNARY if row[0] == name)
    x = values((3, 4), "float32", low, high)
    expected = getattr(F, name)(x)
    out = np.empty_like(expected)
    assert getattr(F, name)(x, out=out) is out
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("decimals", [-2, -1, 0, 1, 3])
def test_round_decimals(decimals: int) -> None:
    x = np.array([0.05, 0.25, -1.35, 123.456, 15.0, 25.0, -0.5], "float32")
    check(F.round(x, decimals=decimals), torch.round(to_torch(x), decimals=decimals))


#: name, dtypes, range of the second operand
BINARY = [
    ("add", (*ANY, "bool"), -3, 3),
    ("sub", ANY, -3, 3),
    ("mul", (*ANY, "bool"), -3, 3),
    ("div", FLOAT, 0.5, 3),
    ("floor_divide", (*REAL, "int64", "int32"), 1, 3),
    ("remainder", (*REAL, "int64", "int32"), 1, 3),
    ("fmod", (*REAL, "int64", "int32"), 1, 3),
    ("pow", ("int64", "int32"), -3, 3),
    ("maximum", (*REAL, *INTEGER, "bool"), -3, 3),
    ("minimum", (*REAL, *INTEGER, "bool"), -3, 3),
    ("fmax", (*REAL, *INTEGER), -3, 3),
    ("fmin", (*REAL, *INTEGER), -3, 3),
    ("atan2", REAL, -3, 3),
    ("hypot", REAL, -3, 3),
    ("copysign", REAL, -3, 3),
    ("eq", (*ANY, "bool"), -3, 3),
    ("ne", (*ANY, "bool"), -3, 3),
    ("lt", (*REAL, *INTEGER, "bool"), -3, 3),
    ("le", (*REAL, *INTEGER, "bool"), -3, 3),
    ("gt", (*REAL, *INTEGER, "bool"), -3, 3),
    ("ge", (*REAL, *INTEGER, "bool"), -3, 3),
    ("logical_and", (*ANY, "bool"), -3, 3),
    ("logical_or", (*ANY, "bool"), -3, 3),
    ("logical_xor", (*ANY, "bool"), -3, 3),
    ("bitwise_and", (*INTEGER, "bool"), -3, 3),
    ("bitwise_or", (*INTEGER, "bool"), -3, 3),
    ("bitwise_xor", (*INTEGER, "bool"), -3, 3),
    ("bitwise_left_shift", INTEGER, 0, 5),
    ("bitwise_right_shift", INTEGER, 0, 5),
    ("nextafter", ("float32", "float64", BFLOAT16), -3, 3),
    ("logaddexp", ("float32", "float64", BFLOAT16), -3, 3),
    ("heaviside", (*REAL, "int64"), -3, 3),
]


@pytest.mark.parametrize(
    ("name", "dtype", "low", "high"),
    [(name, dtype, low, high) for name, dtypes, low, high in BINARY for dtype in dtypes],
)
def test_binary(name: str, dtype: Any, low: float, high: float) -> None:
    theirs = getattr(torch, name)
    for shape_x, shape_y in [((), ()), ((3, 4), (3, 4)), ((3, 1), (4,)), ((0, 4), (1, 4)), ((2, 3, 4), ())]:
        x, y = values(shape_x, dtype), values(shape_y, dtype, low, high, seed=1)
        check(getattr(F, name)(x, y), theirs(to_torch(x), to_torch(y)))


@pytest.mark.parametrize(
    "name", ["add", "mul", "div", "remainder", "fmod", "maximum", "minimum", "fmax", "fmin", "atan2", "hypot",
             "copysign", "eq", "lt", "ge", "heaviside", "floor_divide"]
)  # fmt: skip
def test_binary_at_special_values(name: str) -> None:
    pairs = np.array(list(itertools.product([0.0, -0.0, 1.0, -2.5, inf, -inf, nan], repeat=2)), "float32")
    x, y = pairs[:, 0].copy(), pairs[:, 1].copy()
    check(getattr(F, name)(x, y), getattr(torch, name)(to_torch(x), to_torch(y)))


def test_pow_of_floats() -> None:
    x, y = values((3, 4), "float32", 0.1, 3), values((4,), "float32")
    check(F.pow(x, y), torch.pow(to_torch(x), to_torch(y)))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", BFLOAT16])
def test_ternary(dtype: Any) -> None:
    dtype = np.dtype(dtype)
    x, y, z = (values((3, 4), dtype, seed=seed) for seed in range(3))
    weight = values((4,), dtype, -0.5, 1.5)
    tx, ty, tz, tw = map(to_torch, (x, y, z, weight))
    check(F.lerp(x, y, weight), torch.lerp(tx, ty, tw.expand(3, 4)), absolute=TOLERANCE[str(dtype)] * 3)
    check(F.addcmul(x, y, z, 0.5), torch.addcmul(tx, ty, tz, value=0.5), absolute=TOLERANCE[str(dtype)] * 3)
    z = values((3, 4), dtype, 0.5, 2)
    check(
        F.addcdiv(x, y, z, 0.5),
        torch.addcdiv(tx, ty, to_torch(z), value=0.5),
        absolute=TOLERANCE[str(dtype)] * 3,
    )
    low, high = F.scalar(-1, dtype), F.scalar(1.5, dtype)
    check(F.clamp(x, low, high), torch.clamp(tx, -1, 1.5))
    check(F.clamp(x, None, high), torch.clamp(tx, max=1.5))
    check(F.clamp(x, low, None), torch.clamp(tx, min=-1))
    check(F.clamp(x, high, low), torch.clamp(tx, 1.5, -1))
    check(F.where(x > y, x, y), torch.where(tx > ty, tx, ty))


def test_nan_to_num() -> None:
    for dtype in ("float16", "float32", "float64", BFLOAT16):
        x = np.array([nan, inf, -inf, 1.0]).astype(dtype)
        check(F.nan_to_num(x), torch.nan_to_num(to_torch(x)))
        check(F.nan_to_num(x, 1.0, 2.0, -3.0), torch.nan_to_num(to_torch(x), 1.0, 2.0, -3.0))


# -- creation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "float16"])
@pytest.mark.parametrize(
    "bounds", [(0, 5, 1), (1, 6, 2), (5, 0, -2), (0, 1, 0.1), (-2.5, 2.5, 0.5), (3, 3, 1), (0, 1000, 1)]
)
def test_arange(dtype: str, bounds: tuple[float, float, float]) -> None:
    if dtype.startswith("int") and any(bound != int(bound) for bound in bounds):
        return
    check(
        F.arange(*bounds, np.dtype(dtype)), torch.arange(*bounds, dtype=getattr(torch, dtype)), absolute=1e-6
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "complex64", "float16"])
@pytest.mark.parametrize(
    ("start", "stop", "steps"), [(0, 1, 5), (-3, 10, 7), (1, 1, 3), (2, 5, 1), (0, 1, 0), (5, -5, 11)]
)
def test_linspace(dtype: str, start: float, stop: float, steps: int) -> None:
    expected = torch.linspace(start, stop, steps, dtype=getattr(torch, dtype))
    check(F.linspace(start, stop, steps, np.dtype(dtype)), expected, absolute=1e-6)


@pytest.mark.parametrize("source", [*ANY, "bool"])
@pytest.mark.parametrize("target", [*ANY, "bool"])
def test_cast(source: Any, target: Any) -> None:
    x = values((3, 4), source, 0, 3)
    names = {BFLOAT16: "bfloat16"}
    theirs = to_torch(x).to(getattr(torch, names.get(target, str(target))))
    got = F.cast(x, np.dtype(target))
    check(got, theirs)
    assert (got is x) == (source == target)


@pytest.mark.parametrize("dtype", ["float32", "bool", BFLOAT16])
@pytest.mark.parametrize("k", [-2, 0, 1])
def test_triangles_and_diagonals(dtype: Any, k: int) -> None:
    x = values((2, 4, 5), dtype)
    t = to_torch(x)
    check(F.tril(x, k), torch.tril(t, k))
    check(F.triu(x, k), torch.triu(t, k))
    check(F.diagonal(x, k, -2, -1), torch.diagonal(t, k, -2, -1))
    check(F.diagonal(x, k, 2, 0), torch.diagonal(t, k, 2, 0))
    check(F.diag_embed(x, k), torch.diag_embed(t, k))
    check(F.diag_embed(x, k, 0, 2), torch.diag_embed(t, k, 0, 2))
    check(F.diag_embed(x, k, 2, 0), torch.diag_embed(t, k, 2, 0))


# -- reductions ----------------------------------------------------------------------------------------------

DIMS: list[Any] = [None, 0, -1, (0, 2), (0, 1, 2)]


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("dtype", [*ANY, "bool"])
def test_sum_and_extremes(dtype: Any, dim: Any, keepdim: bool) -> None:
    x = values((3, 4, 5), dtype).swapaxes(0, 1)
    t = to_torch(x)
    dims = tuple(range(3)) if dim is None else dim
    check(F.sum(x, dim=dim, keepdim=keepdim), torch.sum(t, dim=dims, keepdim=keepdim), absolute=1e-5)
    check(F.any(x, dim=dim, keepdim=keepdim).astype(bool), torch.any(t, dim=dims, keepdim=keepdim).bool())
    check(F.all(x, dim=dim, keepdim=keepdim).astype(bool), torch.all(t, dim=dims, keepdim=keepdim).bool())
    if not keepdim:
        check(F.count_nonzero(x, dim=dim), torch.count_nonzero(t, dim=dims))
    if x.dtype.kind != "c":
        check(F.amax(x, dim=dim, keepdim=keepdim), torch.amax(t, dim=dims, keepdim=keepdim))
        check(F.amin(x, dim=dim, keepdim=keepdim), torch.amin(t, dim=dims, keepdim=keepdim))
    if isinstance(dim, int):
        check(F.prod(x, dim=dim, keepdim=keepdim), torch.prod(t, dim=dim, keepdim=keepdim), absolute=1e-5)


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("dtype", FLOAT)
def test_moments(dtype: Any, dim: Any, keepdim: bool) -> None:
    x = values((3, 4, 5), dtype)
    t = to_torch(x)
    dims = tuple(range(3)) if dim is None else dim
    tolerance = TOLERANCE[str(x.dtype)]
    check(F.mean(x, dim=dim, keepdim=keepdim), torch.mean(t, dim=dims, keepdim=keepdim), absolute=tolerance)
    for correction in (0, 1, 2.5):
        expected = torch.var(t, dim=dims, keepdim=keepdim, correction=correction)
        check(F.var(x, dim=dim, keepdim=keepdim, correction=correction), expected, tolerance=2 * tolerance)
        check(
            F.std(x, dim=dim, keepdim=keepdim, correction=correction),
            expected.sqrt(),
            tolerance=2 * tolerance,
        )
    if x.dtype.kind != "c":
        expected = torch.logsumexp(t, dim=dims, keepdim=keepdim)
        check(F.logsumexp(x, dim=dim, keepdim=keepdim), expected, tolerance=2 * tolerance)


@pytest.mark.filterwarnings("ignore:.*degrees of freedom.*:UserWarning")
def test_moments_of_little() -> None:
    for x in (np.zeros((0, 3), "float32"), np.array([[2.0, 3.0]], "float32")):
        t = to_torch(x)
        check(F.mean(x, dim=0), torch.mean(t, dim=0))
        check(F.var(x, dim=0), torch.var(t, dim=0))
        check(F.var(x, dim=0, correction=3), torch.var(t, dim=0, correction=3))
        check(F.sum(x, dim=0), torch.sum(t, dim=0))
        check(F.prod(x, dim=0), torch.prod(t, dim=0))
        check(F.logsumexp(x, dim=0), torch.logsumexp(t, dim=0))
    x = np.float32(3)
    check(F.mean(x), torch.tensor(3.0))
    check(F.mean(np.array(x)), torch.tensor(3.0))
    check(F.var(np.array(x), correction=0), torch.tensor(0.0))


def test_logsumexp_of_infinities() -> None:
    x = np.array(
        [[-inf, -inf], [inf, 1], [-inf, 2], [nan, 1], [inf, -inf], [inf, nan], [1000, 1000]], "float32"
    )
    check(F.logsumexp(x, dim=1), torch.logsumexp(to_torch(x), dim=1))


@pytest.mark.parametrize("dtype", ["float32", BFLOAT16, "int64"])
@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("keepdim", [False, True])
def test_index_of_extremes(dtype: Any, dim: int, keepdim: bool) -> None:
    x = values((4, 5, 3), dtype)
    if dtype == "float32":
        x[1, 2], x[3, 2, 1] = nan, nan
    t = to_torch(x)
    for name in ("max", "min"):
        got, index = getattr(F, f"{name}_with_index")(x, dim=dim, keepdim=keepdim)
        check(got, getattr(torch, f"a{name}")(t, dim=dim, keepdim=keepdim))
        check(index, getattr(torch, f"arg{name}")(t, dim=dim, keepdim=keepdim))
        check(getattr(F, f"arg{name}")(x, dim=dim, keepdim=keepdim), from_index(t, name, dim, keepdim))
    check(F.argmax(x), torch.argmax(t))
    scalar = np.array(2).astype(dtype)
    assert F.max_with_index(scalar, dim=0)[1] == 0


def from_index(t: Any, name: str, dim: int, keepdim: bool) -> Any:
    return getattr(torch, f"arg{name}")(t, dim=dim, keepdim=keepdim)


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", BFLOAT16, "int64", "int32", "bool", "complex64"]
)
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_scans(dtype: Any, dim: int) -> None:
    for x in (values((4, 5, 3), dtype), values((4, 0, 3), dtype), values((), dtype)):
        t = to_torch(x)
        if x.ndim == 0 and dim == 1:
            continue
        check(F.cumsum(x, dim=dim), torch.cumsum(t, dim), absolute=1e-5)
        check(F.cumprod(x, dim=dim), torch.cumprod(t, dim), absolute=1e-5)
        if x.dtype.kind not in "bc" and x.size:
            for name in ("cummax", "cummin"):
                got, expected = getattr(F, name)(x, dim=dim), getattr(torch, name)(t, dim)
                check(got[0], expected.values)
                check(got[1], expected.indices)


def test_running_extremes_with_nan() -> None:
    x = np.array([1, 1, nan, 2, nan, inf, -inf], "float32")
    for name in ("cummax", "cummin"):
        got, expected = getattr(F, name)(x, dim=0), getattr(torch, name)(to_torch(x), 0)
        check(got[0], expected.values)
        check(got[1], expected.indices)


# -- sorting -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", BFLOAT16, "int64", "uint8", "bool"])
@pytest.mark.parametrize("dim", [0, -1])
@pytest.mark.parametrize("descending", [False, True])
def test_sort(dtype: Any, dim: int, descending: bool) -> None:
    x = values((6, 7), dtype)
    if dtype == "float32":
        x[2, 3], x[4, 3], x[1, 1], x[5, 5] = nan, nan, inf, -inf
    for sample in (x, values((), dtype), values((0, 3), dtype)):
        got, expected = (
            F.sort(sample, dim=dim, descending=descending),
            torch.sort(to_torch(sample), dim=dim, descending=descending, stable=True),
        )
        check(got[0], expected.values)
        check(got[1], expected.indices)


@pytest.mark.parametrize("dtype", ["float32", BFLOAT16, "int64"])
@pytest.mark.parametrize("dim", [0, -1])
@pytest.mark.parametrize("largest", [False, True])
def test_topk(dtype: Any, dim: int, largest: bool) -> None:
    x = np.random.default_rng(0).permutation(400)[:42].reshape(6, 7).astype(dtype)
    if dtype == "float32":
        x[2, 3] = nan
    for k in (0, 1, 4):
        got, expected = (
            F.topk(x, k, dim=dim, largest=largest),
            torch.topk(to_torch(x), k, dim=dim, largest=largest),
        )
        check(got[0], expected.values)
        if dtype != BFLOAT16:  # ties after rounding
            check(got[1], expected.indices)


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_searchsorted(dtype: str, right: bool) -> None:
    boundaries = np.sort(values((2, 3, 8), dtype), axis=-1)
    x = values((2, 3, 5), dtype, -4, 4)
    if dtype == "float32":
        boundaries[0, 0, -2:] = nan
        x[0, 0, :3] = [nan, inf, -inf]
    check(
        F.searchsorted(boundaries, x, right=right),
        torch.searchsorted(to_torch(boundaries), to_torch(x), right=right),
    )
    row = boundaries[1, 1]
    check(F.searchsorted(row, x, right=right), torch.searchsorted(to_torch(row), to_torch(x), right=right))


@pytest.mark.parametrize("dtype", ["float32", BFLOAT16, "int64", "bool"])
@pytest.mark.parametrize("dim", [None, 0, 1])
def test_unique(dtype: Any, dim: Any) -> None:
    x = np.round(values((5, 4), "float32", -1, 1)).astype(dtype)
    x[2] = x[0]
    got = F.unique(x, dim=dim, return_inverse=True, return_counts=True)
    expected = torch.unique(to_torch(x), dim=dim, return_inverse=True, return_counts=True)
    for ours, theirs in zip(got, expected, strict=True):
        check(ours, theirs)
    assert F.unique(x, dim=dim)[1:] == (None, None)
    check(F.unique(x, dim=dim)[0], expected[0])


def test_unique_keeps_every_nan() -> None:
    x = np.array([nan, 1, nan], "float32")
    check(F.unique(x)[0], torch.unique(to_torch(x)))


def test_counting() -> None:
    x = values((20,), "int64", 0, 6)
    check(F.bincount(x), torch.bincount(to_torch(x)))
    for dtype in ("float32", "float64"):
        weights = values((20,), dtype)
        expected = torch.bincount(to_torch(x), to_torch(weights), 9)
        check(F.bincount(x, weights, 9), expected, absolute=1e-6)
    for x in (
        values((4, 5), "bool"),
        values((2, 3, 2), "float32").round(),
        np.array(2.0),
        np.array(0.0),
        np.zeros((0, 2)),
    ):
        check(F.nonzero(x), torch.nonzero(to_torch(x)))


# -- linear algebra ------------------------------------------------------------------------------------------

SHAPES = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3,
     4)),
    ((2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((0, 3), (3, 4)),
    ((2, 0), (0, 4)), ((0, 2, 3), (3, 4)), ((5, 2, 0), (0, 4)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [*FLOAT, "int64", "uint8"])
@pytest.mark.parametrize(("shape_a", "shape_b"), SHAPES)
def test_matmul(dtype: Any, shape_a: tuple[int, ...], shape_b: tuple[int, ...]) -> None:
    a, b = values(shape_a, dtype), values(shape_b, dtype, seed=1)
    check(
        F.matmul(a, b),
        torch.matmul(to_torch(a), to_torch(b)),
        absolute=1e-2 if a.dtype.itemsize == 2 else 1e-5,
    )


def test_matmul_of_views() -> None:
    base = values((4, 6, 8), "float32")
    views = [
        base,
        base[:, ::2],
        base[..., ::2],
        base.transpose(1, 0, 2),
        base.transpose(2, 1, 0),
        base[::-1, ::-1],
        np.broadcast_to(base[:1], base.shape),
        np.broadcast_to(base[..., :1], base.shape),
    ]
    for a in views:
        b = values((a.shape[-1], 3), "float32")
        check(F.matmul(a, b), torch.matmul(to_torch(a), to_torch(b)), absolute=1e-5)
        check(F.matmul(F.mT(b), F.mT(a)), torch.matmul(to_torch(b).mT, to_torch(a).mT), absolute=1e-5)


@pytest.mark.parametrize("dtype", ["float32", BFLOAT16])
def test_other_products(dtype: Any) -> None:
    a, b = values((3, 4, 5), dtype), values((4, 5, 2), dtype)
    check(
        F.tensordot(a, b, 2),
        torch.tensordot(to_torch(a), to_torch(b), 2),
        absolute=1e-1 if dtype == BFLOAT16 else 1e-5,
    )
    dims = ((1, 2), (0, 1))
    check(
        F.tensordot(a, b, dims),
        torch.tensordot(to_torch(a), to_torch(b), dims),
        absolute=1e-1 if dtype == BFLOAT16 else 1e-5,
    )
    u, v = a[0, 0], b[0, :, 0]
    check(F.outer(u, v), torch.outer(to_torch(u), to_torch(v)))
    check(F.dot(u, v), torch.dot(to_torch(u), to_torch(v)), absolute=1e-1 if dtype == BFLOAT16 else 1e-5)


# -- shape ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", BFLOAT16, "bool", "complex64"])
def test_shape(dtype: Any) -> None:
    x = values((2, 3, 4), dtype)
    t = to_torch(x)
    check(F.reshape(x, (4, 6)), t.reshape(4, 6))
    check(F.permute(x, (2, 0, 1)), t.permute(2, 0, 1))
    check(F.transpose(x, 0, -1), t.transpose(0, -1))
    check(F.expand(x[:, :1], (5, 2, 3, -1)), t[:, :1].expand(5, 2, 3, -1))
    check(F.squeeze(x[:, :1], 1), t[:, :1].squeeze(1))
    check(F.squeeze(x, (0, 1)), t.squeeze((0, 1)))
    check(F.squeeze(x[:1, :1]), t[:1, :1].squeeze())
    for dim in (0, 1, 3, -1, -4):
        check(F.unsqueeze(x, dim), t.unsqueeze(dim))
    check(F.flip(x, (0, 2)), t.flip(0, 2))
    check(F.roll(x, (1, -2), (0, 2)), t.roll((1, -2), (0, 2)))
    check(F.roll(x, 5), t.roll(5))
    check(F.cat([x, x[:, :1]], dim=1), torch.cat([t, t[:, :1]], 1))
    check(F.stack([x, x], dim=-1), torch.stack([t, t], -1))
    for ours, theirs in zip(F.split(x, (1, 3), dim=-1), torch.split(t, (1, 3), -1), strict=True):
        check(ours, theirs)
        assert np.shares_memory(ours, x)
    check(F.narrow(x, -1, 1, 2), t.narrow(-1, 1, 2))
    check(F.select(x, 1, -1), t.select(1, -1))
    check(F.tile(x, (2, 1, 2, 1)), t.tile(2, 1, 2, 1))
    check(F.repeat_interleave(x, 2, 1), t.repeat_interleave(2, 1))
    check(F.repeat_interleave(x, 2), t.repeat_interleave(2))
    repeats = np.array([1, 0, 2])
    check(F.repeat_interleave(x, repeats, 1), t.repeat_interleave(to_torch(repeats), 1))
    check(F.unfold(x, 2, 2, 1), t.unfold(2, 2, 1))
    check(F.unfold(x.swapaxes(0, 1), -3, 2, 1), t.swapaxes(0, 1).unfold(-3, 2, 1))
    check(F.as_strided(x, (2, 2, 2), (1, 3, 2), 5), t.as_strided((2, 2, 2), (1, 3, 2), 5))
    with pytest.raises(RuntimeError, match="as_strided"):
        F.as_strided(x, (5, 5), (5, 1), 0)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("pads", [(1, 2), (1, 2, 2, 0), (2, 1, 0, 2), (0, 0, 1, 1)])
def test_pad(mode: str, pads: tuple[int, ...]) -> None:
    x = values((2, 3, 5, 4) if len(pads) == 4 else (2, 3, 4), "float32")
    value = {"value": 1.5} if mode == "constant" else {}
    check(F.pad(x, pads, mode, **value), torch.nn.functional.pad(to_torch(x), pads, mode, **value))


def test_pad_that_crops() -> None:
    x = values((2, 3, 5, 4), "float32")
    for pads in ((-1, 2), (1, -2, -1, 0), (-2, -1)):
        check(F.pad(x, pads), torch.nn.functional.pad(to_torch(x), pads))
    check(
        F.pad(np.ones((2, 2), bool), (1, 0), "constant", True),
        torch.nn.functional.pad(torch.ones(2, 2).bool(), (1, 0), value=True),
    )


@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 1), (3, 4), (1, 1), (1, 3, 4), (2, 3, 1), (2, 1, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float16", BFLOAT16, "int64"])
def test_sum_to(shape: tuple[int, ...], dtype: Any) -> None:
    g = values((2, 3, 4), dtype)
    check(
        F.sum_to(g, shape), to_torch(g).sum_to_size(shape), absolute=3e-2 if g.dtype.itemsize == 2 else 1e-5
    )
    assert F.sum_to(g, g.shape) is g
