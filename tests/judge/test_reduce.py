"""PyTorch's word on reductions, extremes, norms, scans, sorting and softmax."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402
from autograd_gpu.ops import vector_norm  # noqa: E402
from tests.judge.agreement import agree, refuse  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*degrees of freedom is <= 0:UserWarning"),
    pytest.mark.filterwarnings("ignore:Implicit dimension choice:UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning:autograd_gpu"),
]


def random(*shape: int, dtype: str = "float64", seed: int = 0) -> Any:
    rng = np.random.default_rng(seed + len(shape))
    if np.dtype(dtype).kind == "c":
        return np.asarray(rng.uniform(-2, 2, shape) + 1j * rng.uniform(-2, 2, shape)).astype(dtype)
    return np.asarray(rng.uniform(-2, 2, shape) * (1 if np.dtype(dtype).kind == "f" else 3)).astype(dtype)


def both(name: str) -> tuple[Any, Any]:
    return getattr(ag, name), getattr(torch, name)


SHAPES = [(3, 4), (2, 3, 4), (), (3, 1), (5,)]
ONE_DIM = [{}, {"dim": 0}, {"dim": -1}, {"dim": 0, "keepdim": True}]
SEVERAL = [*ONE_DIM, {"dim": (0, 1)}, {"dim": (-1, 0), "keepdim": True}]


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["sum", "mean", "nansum", "nanmean", "amax", "amin", "var", "std"])
def test_reductions(name: str, shape: tuple[int, ...], dtype: str) -> None:
    if dtype == "complex128" and name in ("amax", "amin", "nansum", "nanmean"):
        return  # PyTorch has these for real numbers only
    x = random(*shape, dtype=dtype)
    for options in SEVERAL:
        if isinstance(options.get("dim"), tuple) and len(shape) < 2:
            continue
        if name in ("var", "std") and (x.size == 1 or 1 in shape):
            continue  # NaN, and gradients that PyTorch itself leaves undefined
        agree(*both(name), x, **options)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "name",
    [
        "prod",
        "max",
        "min",
        "median",
        "nanmedian",
        "argmax",
        "argmin",
        "any",
        "all",
        "count_nonzero",
        "aminmax",
    ],
)
def test_reductions_of_one_dimension(name: str, shape: tuple[int, ...]) -> None:
    for options in ONE_DIM:
        if "keepdim" in options and name == "count_nonzero":
            continue
        agree(*both(name), random(*shape), **options)


@pytest.mark.parametrize(
    "zeros", [[1, 0, 3, 2], [0, 0, 3], [0, 0, 0, 1], [2], [0], [[1, 0, 3], [0, 0, 2], [4, 3, 2]]], ids=str
)
def test_products_with_zeros(zeros: Any) -> None:
    x = np.array(zeros, dtype=float)
    agree(*both("prod"), x)
    for dim in (0, -1):
        agree(*both("prod"), x, dim=dim)
        agree(*both("cumprod"), x, dim=dim)


@pytest.mark.parametrize("correction", [0, 1, 2, 0.5])
@pytest.mark.parametrize("name", ["var", "std", "var_mean", "std_mean"])
def test_corrections(name: str, correction: float) -> None:
    agree(*both(name), random(3, 4), dim=1, correction=correction)
    agree(*both(name), random(3, 4), 0, True, True)
    agree(*both(name), random(3, 4), False)


@pytest.mark.parametrize("name", ["amax", "amin"])
def test_ties_share_the_gradient(name: str) -> None:
    ties = np.array([[1.0, 5, 5], [5, 2, 2]])
    agree(*both(name), ties, dim=1)
    agree(*both(name), ties, dim=(0, 1))
    agree(*both(name[1:]), ties)
    agree(*both("median"), ties)
    agree(*both(name[1:]), ties, random(3))


@pytest.mark.parametrize(
    "name",
    [
        "max",
        "min",
        "median",
        "nanmedian",
        "argmax",
        "argmin",
        "cummax",
        "cummin",
        "sort",
        "nansum",
        "nanmean",
        "amax",
    ],
)
def test_nan(name: str) -> None:
    agree(*both(name), np.array([[1.0, np.nan, 2], [3, 1, 2]]), dim=1, order=1)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 1.5, 0.5, -1, math.inf, -math.inf])
def test_vector_norms(order: float) -> None:
    for x in (random(3, 4), random(2, 3, 4), random(3, 4, dtype="complex128")):
        for options in ({}, {"dim": 0}, {"dim": (-1, 0), "keepdim": True}):
            agree(vector_norm._vector_norm, torch.linalg.vector_norm, x, ord=order, **options)


def test_other_norms() -> None:
    agree(*both("norm"), np.zeros(3), order=1)  # PyTorch's second derivative at zero is NaN
    agree(*both("norm"), random(3, 4), dim=1)
    agree(*both("norm"), random(3, 4), p=1)
    agree(*both("norm"), random(3, 4), dtype=None)
    for p in (1, 2, 3):
        agree(*both("dist"), random(3, 4), random(4), p=p)
    for order in (None, 1, -1, math.inf, -math.inf, "fro"):
        agree(vector_norm.linalg_norm, torch.linalg.norm, random(3, 4), ord=order)
        if order is not None:
            for dims in ((0, 2), (2, 1)):
                agree(vector_norm.matrix_norm, torch.linalg.matrix_norm, random(2, 3, 4), order, dims, True)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool", "float32", "float16"])
@pytest.mark.parametrize(
    "name",
    [
        "sum",
        "prod",
        "any",
        "all",
        "count_nonzero",
        "cumsum",
        "cumprod",
        "amax",
        "amin",
        "max",
        "sort",
        "logsumexp",
    ],
)
def test_dtypes(name: str, dtype: str) -> None:
    x = random(3, 4, dtype=dtype)
    tolerance = 5e-3 if dtype == "float16" else 1e-5
    if name in ("max", "sort") and dtype in ("int64", "int32", "uint8", "bool"):
        # Of equal elements PyTorch may name any.
        agree(lambda x: getattr(ag, name)(x, dim=1)[0], lambda x: getattr(torch, name)(x, dim=1)[0], x)
    else:
        agree(*both(name), x, dim=1, order=1, tolerance=tolerance)


@pytest.mark.parametrize("shape", [(3, 4), (), (2, 3, 4), (1,), (7, 2)], ids=str)
@pytest.mark.parametrize(
    "name",
    ["cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "softmax", "log_softmax", "logsumexp", "sort"],
)
def test_along_a_dimension(name: str, shape: tuple[int, ...]) -> None:
    for dim in (0, -1):
        agree(*both(name), random(*shape), dim=dim)


def test_scans_of_extreme_numbers() -> None:
    agree(*both("logcumsumexp"), np.array([-1000.0, 1000, 999, -5, 1001]), dim=0)
    agree(*both("cummax"), np.array([1.0, 1, 0, np.nan, 5]), dim=0, order=1)
    agree(*both("cumsum"), random(3, dtype="int32"), dim=0, dtype=None)


def test_order_statistics() -> None:
    x = random(3, 4)
    for options in ({}, {"dim": 0}, {"largest": False}, {"dim": 0, "largest": False, "sorted": True}):
        agree(*both("topk"), x, 2, **options)
    agree(*both("kthvalue"), x, 2, dim=0, keepdim=True)
    agree(*both("sort"), x, descending=True, stable=True)
    agree(*both("sort"), np.array([1, 1, 1, 2, 0]), descending=True, stable=True)
    agree(*both("sort"), np.array([np.nan, 1, np.inf]), descending=True, order=1)
    agree(*both("argsort"), x, 1, True)
    agree(*both("msort"), x)
    agree(*both("logsumexp"), x, (0, 1))
    agree(*both("logsumexp"), random(3, 4, dtype="complex128"), 1, True)


def test_counting_and_searching() -> None:
    labels = np.array([[3, 1], [1, 3], [3, 1]])
    agree(*both("unique"), labels)
    agree(*both("unique"), labels, return_inverse=True, return_counts=True)
    agree(*both("unique"), labels, return_inverse=True, return_counts=True, dim=0)
    agree(*both("bincount"), np.array([1, 1, 3]), minlength=7)
    agree(*both("bincount"), np.array([1, 1, 3]), np.array([0.5, 1, 2], np.float32), order=0)
    agree(*both("bincount"), np.array([1, 1, 3]), np.array([5, 1, 2]), order=0)
    values = random(50, dtype="float32").round(2)
    agree(*both("histc"), values, bins=7, order=0)
    agree(*both("histc"), values, bins=7, min=-1, max=1, order=0)
    boundaries = np.sort(random(3, 4))
    agree(*both("searchsorted"), boundaries, random(3, 2, seed=1), right=True, order=0)
    agree(*both("searchsorted"), boundaries[0], random(3, 2, seed=1), order=0)
    agree(*both("searchsorted"), boundaries[0], 0.5, out_int32=True, order=0)
    agree(*both("bucketize"), random(3), boundaries[0], right=True, order=0)


EMPTY, INTEGERS, COMPLEX = np.zeros((0, 3)), np.arange(3), np.ones(2, np.complex64)
ROWS = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("sum", (ROWS, 2)), ("sum", (ROWS, (0, -2))), ("sum", (3.0,)), ("amax", (EMPTY,)), ("amax", (EMPTY,
        0)), ("max", (EMPTY,)), ("max", (EMPTY, 0)), ("argmax", (EMPTY,)), ("argmax", (EMPTY, 0)), ("aminmax",
        (EMPTY,)), ("median", (EMPTY, 0)), ("mean", (INTEGERS,)), ("var", (INTEGERS,)), ("std", (INTEGERS,)),
        ("var_mean", (INTEGERS,)), ("nanmean", (INTEGERS,)), ("argmax", (COMPLEX,)), ("argmin", (np.ones(2,
        bool),)), ("norm", (INTEGERS,)), ("norm", (EMPTY, math.inf)), ("cumsum", (ROWS, 2)), ("cumsum",
        (ROWS,)), ("topk", (ROWS, 4)), ("topk", (ROWS, -1)), ("kthvalue", (ROWS, 5)), ("softmax", (ROWS, 3)),
        ("bincount", (np.array([-1]),)), ("bincount", (INTEGERS, np.ones(2))), ("logsumexp", (ROWS,)),
        ("searchsorted", (ROWS, np.ones(2))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_errors_in_the_same_words(name: str, arguments: tuple[Any, ...]) -> None:
    theirs = getattr(torch, name)
    words = not (
        name == "searchsorted" or (name == "argmax" and len(arguments) == 1 and arguments[0] is EMPTY)
    )
    refuse(getattr(ag, name), theirs, *arguments, text=words)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("max", (COMPLEX,)), ("amax", (COMPLEX,)), ("cummax", (COMPLEX, 0)), ("logcumsumexp", (INTEGERS, 0)),
     ("softmax", (INTEGERS, 0)), ("log_softmax", (INTEGERS, 0)), ("softmax", (COMPLEX, 0)), ("median",
     (COMPLEX,)), ("bincount", (ROWS,)), ("histc", (INTEGERS, 3)), ("sort", (COMPLEX,))],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_refused_dtypes(name: str, arguments: tuple[Any, ...]) -> None:
    refuse(getattr(ag, name), getattr(torch, name), *arguments, text=False)


def test_named_tuples_look_alike() -> None:
    ours = ag.max(ag.tensor([[1.0, 3.0], [4.0, 2.0]]), dim=1)
    theirs = torch.max(torch.tensor([[1.0, 3.0], [4.0, 2.0]]), dim=1)
    assert repr(ours) == repr(theirs).replace("torch.", "ag.")
    assert type(ours).__name__ == type(theirs).__name__.split(".")[-1]
