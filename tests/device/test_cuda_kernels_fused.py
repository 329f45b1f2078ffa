"""Activations, losses, sums, batch normalisation, attention and scans on the GPU against the same on the CPU: sizes that are
prime, 0, 1, unaligned and above 65,536, every dtype, special values, the same result in every run."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import dtypes
from autograd_gpu.device import Device, cpu_namespace, type_for
from autograd_gpu.nn import functional as F

ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16 arrays are those of ml_dtypes")
cpu: Any = cpu_namespace
REAL = (ag.float16, ag.bfloat16, ag.float32, ag.float64)
LIMITS = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 1e-5, "float64": 1e-12}
inf, nan = math.inf, math.nan

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")]


@pytest.fixture(scope="module")
def cuda() -> Any:
    return type_for(dtypes.float32, Device("cuda")).namespace


def normal(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Any:
    return np.asarray(np.random.default_rng(seed).normal(size=shape)).astype(dtype.numpy)


def close(got: Any, expected: Any, dtype: Any, factor: float = 1.0) -> None:
    limit = factor * LIMITS[dtype.name]
    assert got.shape == expected.shape
    np.testing.assert_allclose(
        np.asarray(got).astype("f8"), np.asarray(expected).astype("f8"), rtol=limit, atol=limit
    )


def results(function: Callable[..., Any], arrays: list[Any], device: str) -> list[Any]:
    """The value of a function and its gradients, from a fixed gradient for the value."""
    tensors = [ag.tensor(array, device=device, requires_grad=True) for array in arrays]
    value = function(*tensors)
    value.backward(
        ag.tensor(np.cos(np.arange(value.numel(), dtype="f8")).reshape(value.shape), device=device).to(
            value.dtype
        )
    )
    found = [value.detach(), *(tensor.grad for tensor in tensors)]
    return [None if each is None else each.cpu() for each in found]


def same_on_both(function: Callable[..., Any], arrays: list[Any], dtype: Any, factor: float = 1.0) -> None:
    # The reference is the CPU in the next wider dtype, so that only the kernel rounds.
    wide = [array.astype("f8" if dtype is ag.float64 else "f4") for array in arrays]
    for got, expected in zip(results(function, arrays, "cuda"), results(function, wide, "cpu"), strict=True):
        assert (got is None) == (expected is None)
        if got is not None:
            assert got.dtype is dtype
            close(got.to(ag.float64).numpy(), expected.to(ag.float64).numpy(), dtype, factor)


# -- one element at a time: nothing, one, a block and a bit, aligned and not ----------------------------------

SIZES = [(0,), (), (1,), (7,), (31, 33), (1024, 8), (70001,)]
CURVES: dict[str, Callable[[Any], Any]] = {
    "relu": ag.relu, "gelu": F.gelu, "gelu tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "mish": F.mish,
    "softplus": lambda x: F.softplus(x, 2.0, 1.5), "logsigmoid": F.logsigmoid, "elu": lambda x: F.elu(x, 0.7),
    "selu": F.selu, "leaky_relu": lambda x: F.leaky_relu(x, 0.2), "hardtanh": lambda x: F.hardtanh(x, -0.5, 0.25),
    "hardsigmoid": F.hardsigmoid, "hardswish": F.hardswish, "softsign": F.softsign, "sigmoid": ag.sigmoid, "tanh": ag.tanh,
}  # fmt: skip


@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("name", CURVES)
def test_activations(name: str, dtype: Any) -> None:
    for shape in SIZES:
        same_on_both(CURVES[name], [normal(shape, dtype) * dtype.numpy.type(2)], dtype)


@pytest.mark.parametrize("name", CURVES)
def test_activations_at_special_values(name: str) -> None:
    x = np.array([nan, inf, -inf, 0.0, -0.0, 1e30, -1e30, 20.5, -20.5], "f4")
    got, expected = (CURVES[name](ag.tensor(x, device=device)).cpu().numpy() for device in ("cuda", "cpu"))
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_activations_of_views() -> None:
    x = normal((40, 50), ag.float32)
    whole = ag.tensor(x, device="cuda")
    for view, expected in (
        (whole.t(), x.T),
        (whole[:, ::3], x[:, ::3]),
        (whole.reshape(-1)[1:], x.reshape(-1)[1:]),
    ):
        close(F.silu(view).cpu().numpy(), F.silu(ag.tensor(expected.copy())).numpy(), ag.float32)


LOSSES: dict[str, Callable[..., Any]] = {
    "mse": F.mse_loss, "l1": F.l1_loss, "smooth_l1": lambda *a, **k: F.smooth_l1_loss(*a, beta=0.3, **k),
    "huber": lambda *a, **k: F.huber_loss(*a, delta=0.4, **k), "bce": F.binary_cross_entropy,
    "bce with logits": F.binary_cross_entropy_with_logits,
}  # fmt: skip


@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str, dtype: Any) -> None:
    for shape in ((1,), (13, 17), (70001,)):
        generator = np.random.default_rng(1)
        x, target = (generator.uniform(0.1, 0.9, shape).astype(dtype.numpy) for _ in range(2))
        for reduction in ("none", "mean", "sum"):
            factor = math.sqrt(x.size) if reduction == "sum" and dtype.itemsize > 2 else 2.0
            same_on_both(
                lambda x, t, reduction=reduction: LOSSES[name](x, t.detach(), reduction=reduction),
                [x, target],
                dtype,
                factor,
            )


@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid"])
def test_bias_and_activation(activation: str, dtype: Any) -> None:
    for shape in ((1, 1), (5, 13), (70, 64), (3, 2, 1000), (1300, 7)):
        arrays = [normal(shape, dtype), normal(shape[-1:], dtype, 1)]
        same_on_both(
            lambda x, b: F.bias_activation(x, b, activation),
            arrays,
            dtype,
            4 * math.sqrt(math.prod(shape[:-1])),
        )


# -- sums: any axes, rows by warp and by block, columns in several slices, more groups of axes than planes ------

SUMMED = [
    (1,), (7,), (70001,), (5, 1), (3, 33), (2, 5000), (300, 2, 7), (9, 6, 49), (4, 3, 2, 5, 6), (1000, 10), (257, 512),
]  # fmt: skip


@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
def test_sums_and_means(cuda: Any, dtype: Any) -> None:
    for shape in SUMMED:
        x = normal(shape, dtype)
        X = cuda.from_host(x)
        for count in range(1, len(shape) + 1):
            for dims in itertools.combinations(range(len(shape)), count):
                expected = x.astype("f8").sum(dims)
                got = cuda.sum(X, dim=dims)
                assert got.dtype == dtype.numpy
                close(got.get(), expected, dtype, max(1.0, math.sqrt(x.size / expected.size)))
                close(
                    cuda.mean(X, dim=dims, keepdim=True).get(),
                    x.astype("f8").mean(dims, keepdims=True),
                    dtype,
                )


def test_sums_are_the_same_in_every_run(cuda: Any) -> None:
    X = cuda.from_host(normal((3000, 37), ag.float32))
    for dims in (0, 1, (0, 1)):
        first = cuda.sum(X, dim=dims).get()
        assert all(np.array_equal(cuda.sum(X, dim=dims).get(), first) for _ in range(3))


# -- batch normalisation: columns, planes by warp and by block, float32 parameters of halves ----------------------


@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
def test_batch_norm(dtype: Any) -> None:
    for shape in ((5, 3), (70, 33), (2000, 8), (6, 5, 49), (3, 16, 8, 8), (2, 2, 40, 60), (2, 3, 3, 4, 5)):
        for wide in (False, True) if dtype.itemsize == 2 else (False,):
            own = ag.float32 if wide else dtype
            x = (normal(shape, dtype) + dtype.numpy.type(3)).astype(dtype.numpy)
            arrays = [x, normal(shape[1:2], own, 1), normal(shape[1:2], own, 2)]
            kept = {}
            for device in ("cpu", "cuda"):
                running = [
                    ag.full(shape[1:2], value, device=device, dtype=ag.float32 if wide else dtype)
                    for value in (0.5, 2.0)
                ]
                found = results(
                    lambda x, w, b, running=running: F.batch_norm(x, *running, w, b, training=True, momentum=0.3),
                    arrays, device,
                )  # fmt: skip
                kept[device] = [*found, *(each.cpu() for each in running)]
            for got, expected in zip(kept["cuda"], kept["cpu"], strict=True):
                assert got.dtype is expected.dtype
                factor = 8 * math.sqrt(math.prod(shape) / shape[1])
                close(got.to(ag.float64).numpy(), expected.to(ag.float64).numpy(), dtype, factor)


def test_statistics_keep_their_digits_where_the_mean_is_large(cuda: Any) -> None:
    x = normal((64, 3, 100), ag.float32) + np.float32(1e4)
    _, var = cuda.batch_norm_statistics(cuda.from_host(x))
    np.testing.assert_allclose(var.get(), x.astype("f8").var((0, 2)), rtol=1e-4)


# -- attention: keys for a warp, a block and beyond; masks; dropout; parts of images and of queries --------------

ATTENDED = [
    ((2, 3), 5, 7, 8, 4),
    ((3,), 33, 129, 16, 16),
    ((1,), 3, 600, 4, 4),
    ((1,), 2, 1030, 4, 6),
    ((1,), 1, 4100, 3, 2),
]


@pytest.mark.parametrize("bound", [2**27, 3000], ids=["one part", "many parts"])
@pytest.mark.parametrize("dtype", [ag.float32, ag.float16, ag.float64], ids=lambda dtype: dtype.name)
def test_attention(cuda: Any, monkeypatch: pytest.MonkeyPatch, dtype: Any, bound: int) -> None:
    from autograd_gpu.device.cuda import attention

    monkeypatch.setattr(attention, "SCORES_BYTES", bound)
    factor = 8 if dtype.itemsize == 2 else 2
    for lead, queries, keys, width, value_width in ATTENDED:
        q, k, v, g = (
            normal((*lead, *shape), dtype, seed)
            for seed, shape in enumerate(
                ((queries, width), (keys, width), (keys, value_width), (queries, value_width))
            )
        )
        seen = np.random.default_rng(0).random((queries, keys)) < 0.5
        seen[0] = False  # a query that may see nothing
        masks = [None, seen, normal((*lead[:-1], 1, 1, keys), dtype), normal((queries, 1), ag.float32)]
        for mask, is_causal, dropout_p in itertools.product(masks, (False, True), (0.0, 0.4)):
            if is_causal and mask is not None:
                continue
            options = {"scale": 0.3, "is_causal": is_causal, "dropout_p": dropout_p, "seed": 5, "offset": 9}
            out, lse = cpu.attention_forward(q, k, v, mask, **options)
            Q, K, V, G, OUT, LSE = map(cuda.from_host, (q, k, v, g, out, lse))
            MASK = None if mask is None else cuda.from_host(mask)
            got = cuda.attention_forward(Q, K, V, MASK, **options)
            close(got[0].get(), out, dtype, factor)
            close(got[1].get(), lse, dtype, factor)
            needs = (True, True, True, mask is not None and mask.dtype != bool)
            expected = cpu.attention_backward(g, q, k, v, mask, out, lse, needs=needs, **options)
            found = cuda.attention_backward(G, Q, K, V, MASK, OUT, LSE, needs=needs, **options)
            for one, other in zip(found, expected, strict=True):
                assert (one is None) == (other is None)
                if one is not None:
                    assert one.dtype == other.dtype
                    close(one.get(), other, dtype, 4 * factor)


@pytest.mark.parametrize(
    "bounds", [(2**27, 2**22), (2**27, 1), (9000, 1)], ids=["copied", "each of the batch", "parts"]
)
@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
def test_attention_of_heads_that_were_split_off(
    monkeypatch: pytest.MonkeyPatch, dtype: Any, bounds: tuple[int, int]
) -> None:
    from autograd_gpu.device.cuda import attention

    for name, bound in zip(("SCORES_BYTES", "BATCH_BYTES"), bounds, strict=True):
        monkeypatch.setattr(attention, name, bound)

    def batch_first(q: Any, k: Any, v: Any) -> Any:
        heads = (each.reshape(*each.shape[:-1], 3, -1).transpose(-2, -3) for each in (q, k, v))
        return F.scaled_dot_product_attention(*heads).transpose(-2, -3)

    def length_first(q: Any, k: Any, v: Any) -> Any:
        heads = (each.reshape(each.shape[0], -1, 4).transpose(0, 1) for each in (q, k, v))
        return F.scaled_dot_product_attention(*heads).transpose(0, 1)

    operands = [normal((2, length, 12), dtype, seed) for seed, length in enumerate((23, 37, 37))]
    same_on_both(batch_first, operands, dtype, 8)
    same_on_both(batch_first, [each[:, None] for each in operands], dtype, 8)
    same_on_both(length_first, [each.swapaxes(0, 1) for each in operands], dtype, 8)


# -- scans: rows in one block and in chunks, columns, few long columns, from the end -------------------------------


@pytest.mark.parametrize("chunk", [65536, 1000])
@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp"])
def test_scans(cuda: Any, monkeypatch: pytest.MonkeyPatch, name: str, dtype: Any, chunk: int) -> None:
    from autograd_gpu.device.cuda import scans

    monkeypatch.setattr(scans, "CHUNK", chunk)
    for shape in ((1,), (7,), (70001,), (5, 1), (3, 33), (2, 2049), (300, 2, 7), (1500, 3), (4, 1024)):
        x = normal(shape, dtype)
        if name == "cumprod":
            x = (1 + x.astype("f8") / 1000).astype(dtype.numpy)
        for dim in range(len(shape)):
            for turned in (False, True):
                X = cuda.from_host(x)
                got = getattr(cuda, name)(cuda.flip(X, (dim,)) if turned else X, dim=dim)
                wide = x.astype("f8")
                expected = getattr(cpu, name)(np.flip(wide, dim) if turned else wide, dim=dim)
                assert got.dtype == dtype.numpy
                close(got.get(), expected, dtype, 3 * math.sqrt(shape[dim]))


def test_scans_at_special_values(cuda: Any) -> None:
    x = np.array([-inf, 1.0, -inf, inf, 2.0], "f4")
    for values in (x, np.array([1.0, nan, 2.0], "f4"), np.array([-inf, -inf], "f4")):
        for name in ("cumsum", "cumprod", "logcumsumexp"):
            got = getattr(cuda, name)(cuda.from_host(values), dim=0).get()
            np.testing.assert_allclose(got, getattr(cpu, name)(values, dim=0), rtol=1e-6)


@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("name", ["cumprod", "logcumsumexp"])
def test_gradients_of_scans(monkeypatch: pytest.MonkeyPatch, name: str, dtype: Any) -> None:
    from autograd_gpu.device.cuda import scans

    monkeypatch.setattr(scans, "CHUNK", 1000)
    for shape in ((1,), (5, 1), (3, 33), (2, 2049), (30, 2, 7), (1100, 3)):
        x = normal(shape, dtype)
        if name == "cumprod":
            x = (1 + x.astype("f8") / 1000).astype(dtype.numpy)
        for dim in range(len(shape)):
            same_on_both(
                lambda x, dim=dim: getattr(ag, name)(x, dim=dim), [x], dtype, 6 * math.sqrt(shape[dim])
            )


def test_gradients_of_scans_at_special_values() -> None:
    zeros = np.array([[2.0, 0.0, 3.0, 0.0, 4.0], [0.0, 1.0, 2.0, 3.0, 0.0]], "f4")
    empty = np.array([[-inf, -inf, 1.0, 2.0, -inf], [1.0, -inf, 0.0, -inf, -1.0]], "f4")
    for name, x in (("cumprod", zeros), ("logcumsumexp", empty)):
        for dim in (0, 1):
            same_on_both(lambda x, name=name, dim=dim: getattr(ag, name)(x, dim=dim), [x], ag.float32)


@pytest.mark.parametrize(
    "dtype", [*REAL, ag.int64, ag.int32, ag.int16, ag.int8, ag.uint8, ag.bool], ids=lambda dtype: dtype.name
)
@pytest.mark.parametrize("name", ["cummax", "cummin"])
def test_running_extremes(cuda: Any, monkeypatch: pytest.MonkeyPatch, name: str, dtype: Any) -> None:
    from autograd_gpu.device.cuda import scans

    monkeypatch.setattr(scans, "CHUNK", 1000)
    generator = np.random.default_rng(3)
    for shape in ((1,), (7,), (5, 1), (3, 33), (2, 2049), (30, 2, 7), (1100, 3)):
        x = generator.integers(0 if dtype in (ag.uint8, ag.bool) else -20, 20, shape).astype(dtype.numpy)
        for dim in range(len(shape)):
            for got, expected in zip(
                getattr(cuda, name)(cuda.from_host(x), dim=dim),
                getattr(cpu, name)(x, dim=dim),
                strict=True,
            ):
                assert got.dtype == expected.dtype
                np.testing.assert_array_equal(got.get(), expected)


@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
def test_running_extremes_at_special_values(cuda: Any, dtype: Any) -> None:
    x = np.array([[-inf, inf, 1.0, inf, -inf], [2.0, nan, 3.0, nan, inf], [-inf, -inf, -inf, -5.0, nan]])
    x = x.astype(dtype.numpy)
    for name, dim in itertools.product(("cummax", "cummin"), (0, 1)):
        got = getattr(cuda, name)(cuda.from_host(x), dim=dim)
        for one, other in zip(got, getattr(cpu, name)(x, dim=dim), strict=True):
            np.testing.assert_array_equal(one.get().astype("f8"), np.asarray(other).astype("f8"))


def test_long_rows_are_scanned_in_chunks(cuda: Any) -> None:
    x = normal((70001,), ag.float32)
    for got, expected in zip(cuda.cummax(cuda.from_host(x), dim=0), cpu.cummax(x, dim=0), strict=True):
        np.testing.assert_array_equal(got.get(), expected)
    factors = (1 + x.astype("f8") / 1000).astype("f4")
    same_on_both(lambda x: ag.cumprod(x, dim=0), [factors], ag.float32, 1000)


# -- numbers for each channel: batch normalisation in evaluation, the affine part of group and instance normalisation ----


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
def test_channel_affine(cuda: Any, dtype: Any, narrow: bool) -> None:
    wide = np.dtype("f8" if dtype is ag.float64 else "f4")
    kind = dtype.numpy if narrow else wide
    for shape in (
        (3, 5),
        (3, 4, 1),
        (70, 8),
        (65, 33),
        (2, 3, 7, 11),
        (2, 3, 32, 32),
        (1, 2, 20000),
        (33, 2, 1030),
    ):
        x, g = normal(shape, dtype), normal(shape, dtype, 1)
        weight, bias, mean = (normal(shape[1:2], ag.float64, seed).astype(kind) for seed in (2, 3, 4))
        var = np.abs(normal(shape[1:2], ag.float64, 5)).astype(kind)
        for w, b, m, v in ((weight, bias, mean, var), (weight, None, None, None), (None, bias, mean, None)):
            up = [None if each is None else each.astype(wide) for each in (x, w, b, m, v)]
            down = [None if each is None else cuda.from_host(each) for each in (x, w, b, m, v)]
            got = cuda.channel_affine(*down, eps=1e-3).get()
            close(got, cpu.channel_affine(*up, eps=1e-3), dtype, 8)
            assert got.dtype == dtype.numpy
            G, (X, W, _, M, V) = cuda.from_host(g), down
            for needs in ((True, True, True), (True, False, False), (False, True, True), (True, False, True)):
                found = cuda.channel_affine_backward(G, X, W, M, V, eps=1e-3, dtype=kind, needs=needs)
                expected = cpu.channel_affine_backward(
                    g.astype(wide), up[0], up[1], up[3], up[4], eps=1e-3, dtype=wide, needs=needs
                )
                for one, other in zip(found, expected, strict=True):
                    assert (one is None) == (other is None)
                    if one is not None:
                        factor = 8 if one.shape == shape else 8 * math.sqrt(x.size / shape[1])
                        close(one.get(), other, dtype, factor)
