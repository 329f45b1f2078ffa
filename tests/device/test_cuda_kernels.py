"""The kernels that replace an op's body, against that body on NumPy: sizes by code path, special values, determinism."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag  # noqa: F401 - gives the namespaces the bodies of all ops
from autograd_gpu import dtypes
from autograd_gpu.device import Device, cpu_namespace, type_for

cpu: Any = cpu_namespace
ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16 arrays are those of ml_dtypes")

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
REAL = (np.dtype("float16"), BFLOAT16, np.dtype("float32"), np.dtype("float64"))
inf, nan = math.inf, math.nan

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")]


@pytest.fixture(scope="module")
def cuda() -> Any:
    return type_for(dtypes.float32, Device("cuda")).namespace


def normal(shape: tuple[int, ...], dtype: Any, seed: int = 0, mean: float = 0.0) -> Any:
    return np.asarray(np.random.default_rng(seed).normal(size=shape) + mean).astype(dtype)


def close(got: Any, expected: Any, dtype: Any, factor: float = 1.0) -> None:
    """Equal to `factor` times what one rounding of the results, or of float32 sums, may differ by."""
    if expected is None:
        assert got is None
        return
    expected = np.asarray(expected)
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    limit = (
        factor
        * {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 3e-6, "float64": 1e-13}[np.dtype(dtype).name]
    )
    np.testing.assert_allclose(got.get().astype("f8"), expected.astype("f8"), rtol=limit, atol=limit)


# -- softmax: one lane, a warp with 1, 4, 16 elements a lane, a block, columns, nothing -----------------------

SHAPES = [
    (5, 1),
    (3, 31),
    (3, 33),
    (7, 129),
    (2, 512),
    (2, 513),
    (1, 70001),
    (2, 5, 3),
    (300, 2, 7),
    (0, 3),
    (3, 0),
]
ROWS = np.array(
    [[0, inf, 1], [inf, inf, 0], [-inf] * 3, [nan, 1, 2], [1, nan, 2], [1, 2, nan], [-inf, 0, 1], [0, -inf, -inf]], "f4"
)  # fmt: skip


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_softmax(cuda: Any, name: str, dtype: Any) -> None:
    for shape in SHAPES:
        x, g = normal(shape, dtype) * dtype.type(5), normal(shape, dtype, 1)
        for dim in range(-1, x.ndim - 1):
            out = getattr(cpu, name)(x, dim=dim)
            close(getattr(cuda, name)(cuda.from_host(x), dim=dim), out, dtype)
            wide, g_wide = out.astype("f8"), g.astype("f8")
            if name == "softmax":
                expected = wide * (g_wide - (g_wide * wide).sum(dim, keepdims=True))
            else:
                expected = g_wide - np.exp(wide) * g_wide.sum(dim, keepdims=True)
            got = getattr(cuda, f"{name}_backward")(cuda.from_host(g), cuda.from_host(out), dim=dim)
            close(got, expected.astype(dtype), dtype, max(8, math.sqrt(max(shape))))


#: columns: few and many side by side, in registers and not, several teams of threads in a block and one
COLUMNS = [
    (3, 10, 2),
    (40, 3, 3),
    (2, 300, 5),
    (2, 4100, 3),
    (1, 17, 300),
    (2, 600, 40),
    (1, 2, 1000),
    (7, 1, 9),
]


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_softmax_of_columns(cuda: Any, name: str, dtype: Any) -> None:
    for shape in COLUMNS:
        x, g = normal(shape, dtype) * dtype.type(5), normal(shape, dtype, 1)
        out = getattr(cpu, name)(x, dim=1)
        X, G = cuda.from_host(x), cuda.from_host(g)
        # a thread adds what it sees one by one, and rescales the sum whenever there is a new maximum
        close(getattr(cuda, name)(X, dim=1), out, dtype, max(1, math.sqrt(shape[1]) / 16))
        # the same numbers as rows
        got = getattr(cuda, f"{name}_backward")(G, cuda.from_host(out), dim=1)
        rows = getattr(cuda, f"{name}_backward")(
            cuda.from_host(np.swapaxes(g, 1, 2).copy()), cuda.from_host(np.swapaxes(out, 1, 2).copy()), dim=2
        )
        close(got, np.swapaxes(rows.get(), 1, 2), dtype, max(8, math.sqrt(shape[1])))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_at_special_values(cuda: Any, name: str) -> None:
    for x in (ROWS, ROWS.T.copy(), np.tile(ROWS, 200), np.tile(ROWS, 30)):
        for dim in (0, 1):
            close(getattr(cuda, name)(cuda.from_host(x), dim=dim), getattr(cpu, name)(x, dim=dim), "float32")


# -- normalisation: a warp with 4 and 16 elements a lane, a block, many rows ----------------------------------

NORMALISED = [
    ((3, 1), 1),
    ((5, 127), 1),
    ((5, 129), 1),
    ((2, 513), 1),
    ((2, 3, 40, 20), 2),
    ((700, 33), 1),
    ((6,), 1),
]


@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_layer_and_rms_norm(cuda: Any, dtype: Any) -> None:
    for shape, dims in NORMALISED:
        own = shape[len(shape) - dims :]
        x, g, w, b = (
            normal(shape, dtype),
            normal(shape, dtype, 1),
            normal(own, dtype, 2),
            normal(own, dtype, 3),
        )
        X, G, W, B = map(cuda.from_host, (x, g, w, b))
        sums = 64.0 if shape[0] < 100 else 512.0
        for weight, bias, on_card in ((w, b, (W, B)), (None, None, (None, None))):
            expected = cpu.native_layer_norm_forward(x, weight, bias, dims=dims, eps=1e-5)
            for one, other in zip(
                cuda.native_layer_norm_forward(X, *on_card, dims=dims, eps=1e-5), expected, strict=True
            ):
                close(one, other, dtype, 8)
            for needs in (
                (True, True, True),
                (True, False, False),
                (False, True, False),
                (False, False, True),
            ):
                options = {"dims": dims, "needs": needs}
                wanted = cpu.native_layer_norm_backward(g, x, weight, *expected[1:], **options)
                kept = map(cuda.from_host, expected[1:])
                got = cuda.native_layer_norm_backward(G, X, on_card[0], *kept, **options)
                for one, other in zip(got, wanted, strict=True):
                    # the gradient for a bias has the dtype of the weight already
                    close(one, other if one is None else other.astype(one.dtype), dtype, sums)
            expected = cpu.fused_rms_norm_forward(x, weight, dims=dims, eps=1e-5)
            for one, other in zip(
                cuda.fused_rms_norm_forward(X, on_card[0], dims=dims, eps=1e-5), expected, strict=True
            ):
                close(one, other, dtype, 8)
            options = {"dims": dims, "needs": (True, True)}
            wanted = cpu.fused_rms_norm_backward(g, x, weight, expected[1], **options)
            got = cuda.fused_rms_norm_backward(G, X, on_card[0], cuda.from_host(expected[1]), **options)
            for one, other in zip(got, wanted, strict=True):
                close(one, other, dtype, sums)


def test_variance_keeps_its_digits_where_the_mean_is_large(cuda: Any) -> None:
    for columns in (100, 2000):
        x = normal((3, columns), "float32", mean=1e4)
        _, _, rstd = cuda.native_layer_norm_forward(cuda.from_host(x), dims=1, eps=0.0)
        np.testing.assert_allclose(rstd.get(), 1 / x.astype("f8").std(1, keepdims=True), rtol=1e-4)


# -- cross-entropy: a thread, a warp, a block for a row, classes not last -------------------------------------

LOGITS = [
    ((7,), 0),
    ((3, 5), 1),
    ((9, 33), 1),
    ((4, 1024), 1),
    ((3, 1025), 1),
    ((2, 4, 3, 5), 1),
    ((9000, 3), 1),
]


@pytest.mark.parametrize("dtype", REAL, ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy(cuda: Any, dtype: Any, reduction: str) -> None:
    inside = np.dtype("float32") if dtype.itemsize == 2 else dtype
    for shape, dim in LOGITS:
        x, classes, rows = normal(shape, dtype), shape[dim], shape[:dim] + shape[dim + 1 :]
        generator = np.random.default_rng(0)
        target = np.where(generator.random(rows) < 0.2, -100, generator.integers(0, classes, rows))
        weight = generator.uniform(0.5, 1.5, classes).astype(dtype)
        for own in (None, weight):
            for smoothing in (0.0, 0.1):
                options = {"dim": dim, "ignore_index": -100, "label_smoothing": smoothing, "inside": inside}
                expected = cpu.cross_entropy_forward(x, target, own, reduction=reduction, **options)
                arrays = [
                    cuda.from_host(x),
                    cuda.from_host(np.asarray(target)),
                    None if own is None else cuda.from_host(own),
                ]
                got = cuda.cross_entropy_forward(*arrays, reduction=reduction, **options)
                for one, other in zip(got, expected, strict=True):
                    close(one, other, dtype, 32)
                g = cuda.from_host(normal(np.shape(expected[0]), dtype, 1))
                dx = cuda.cross_entropy_backward(g, *arrays, *got[1:], **options).get().astype("f8")
                wanted = reference_gradient(x, target, own, g.get(), reduction, dim, smoothing)
                limit = {2: 2e-2, 4: 2e-5, 8: 1e-12}[dtype.itemsize]
                np.testing.assert_allclose(dx, wanted, rtol=limit, atol=limit)


def reference_gradient(
    x: Any, target: Any, weight: Any, g: Any, reduction: str, dim: int, smoothing: float
) -> Any:
    """The textbook's: softmax minus the smoothed target distribution, weighted, in double precision."""
    x = np.moveaxis(x.astype("f8"), dim, -1)
    classes = x.shape[-1]
    weights = np.ones(classes) if weight is None else weight.astype("f8")
    valid = target != -100
    label = np.where(valid, target, 0)
    p = np.exp(x - x.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    toward = (1 - smoothing) * np.eye(classes)[label] * weights + smoothing / classes * weights
    result = p * toward.sum(-1, keepdims=True) - toward
    share = g.astype("f8") / ((valid * weights[label]).sum() if reduction == "mean" else 1)
    return np.moveaxis(np.where(valid, share, 0)[..., None] * result, -1, dim)


def test_a_label_that_is_no_class_shows(cuda: Any) -> None:
    x, target = cuda.from_host(normal((2, 3), "float32")), cuda.from_host(np.array([1, 3]))
    options = {"dim": 1, "ignore_index": -100, "label_smoothing": 0.0, "inside": np.dtype("float32")}
    losses = cuda.cross_entropy_forward(x, target, None, reduction="none", **options)[0].get()
    assert np.array_equal(np.isnan(losses), [False, True])


# -- dropout --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*REAL, np.dtype("complex64")], ids=str)
@pytest.mark.parametrize("mask_shape", [(5, 6, 7), (5, 6, 1), (5, 1, 1), (1, 1, 1), (1, 6, 1), (1, 1, 7)])
def test_dropout(cuda: Any, dtype: Any, mask_shape: tuple[int, ...]) -> None:
    x = normal((5, 6, 7), "float32").astype(dtype)
    for p in (0.0, 0.3, 1.0):
        options = {"p": p, "scale": 1.25, "mask_shape": mask_shape, "seed": 3, "offset": 4}
        expected, got = cpu.native_dropout(x, **options), cuda.native_dropout(cuda.from_host(x), **options)
        assert got.dtype == dtype
        assert np.array_equal(got.get() == 0, expected == 0)
        np.testing.assert_allclose(
            got.get().astype("c16"), expected.astype("c16"), rtol=2e-2 if dtype.itemsize == 2 else 1e-6
        )


# -- sums over repeated indices -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["float32", "float16", BFLOAT16, "float64", "complex64", "int64", "uint8", "bool"]
)
def test_sums_over_repeated_indices(cuda: Any, dtype: Any) -> None:
    generator = np.random.default_rng(0)
    # one index owns all; more levels of chunks; a single value; values for every row
    for count, height, width in (
        (1, 1, 1),
        (33, 1, 1),
        (1025, 1, 5),
        (70, 2, 33),
        (5000, 3000, 1),
        (40_000, 5, 2),
    ):
        rows = generator.integers(0, height, count)
        values = generator.integers(0, 5, (count, width)).astype(dtype)
        target = generator.integers(0, 5, (height, width)).astype(dtype)
        expected = target.astype("c16") if target.dtype != bool else target.copy()
        np.add.at(expected, rows, values.astype(expected.dtype))
        got = cuda.from_host(target)
        cuda._add_rows(got, cuda.from_host(rows), cuda.from_host(values))
        if target.dtype == np.uint8:
            expected = expected.real.astype(np.int64).astype(np.uint8)
        # whole numbers: sums are exact, and halves round once
        np.testing.assert_array_equal(
            got.get(), expected.real.astype(dtype) if dtype != "complex64" else expected
        )


def test_sums_are_the_same_in_every_run(cuda: Any) -> None:
    generator = np.random.default_rng(0)
    rows, values = generator.integers(0, 7, 10_000), generator.normal(size=(10_000, 3)).astype("f4")
    results = []
    for _ in range(2):
        target = cuda.zeros((7, 3), np.dtype("f4"))
        cuda._add_rows(target, cuda.from_host(rows), cuda.from_host(values))
        results.append(target.get())
    np.testing.assert_array_equal(*results)


def test_rows_outside_the_target_are_left_out(cuda: Any) -> None:
    target = cuda.zeros((2, 1), np.dtype("f4"))
    cuda._add_rows(target, cuda.from_host(np.array([0, 5, -3, 1])), cuda.ones((4, 1), np.dtype("f4")))
    np.testing.assert_array_equal(target.get(), [[1], [1]])


# -- products -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*REAL, np.dtype("complex64")], ids=str)
def test_products_of_views(cuda: Any, dtype: Any) -> None:
    """Transposed, with steps, reversed, broadcast, batches whose axes do not follow each other, more than 16 of them."""
    a, b = normal((4, 3, 5, 6), dtype), normal((4, 3, 6, 2), dtype, 1)
    A, B = cuda.from_host(a), cuda.from_host(b)
    many, other = normal((20, 30, 2, 3), dtype), normal((30, 20, 3, 2), dtype, 1)
    MANY, OTHER = cuda.from_host(many), cuda.from_host(other)
    for x, y, X, Y in (
        (a, b, A, B),
        (a.swapaxes(0, 1), b.swapaxes(0, 1), A.swapaxes(0, 1), B.swapaxes(0, 1)),
        (a, b[:, :1], A, B[:, :1]),
        (a[0], b, A[0], B),
        (a[..., ::2], b[..., ::2, :], A[..., ::2], B[..., ::2, :]),
        (a[..., ::-1], b, A[..., ::-1], B),
        (a[..., 1:4, 2:5], b[..., 1:4, :], A[..., 1:4, 2:5], B[..., 1:4, :]),
        (a, b[0, 0], A, B[0, 0]),
        (b.swapaxes(-1, -2), a.swapaxes(-1, -2), B.swapaxes(-1, -2), A.swapaxes(-1, -2)),
        (many, other.swapaxes(0, 1), MANY, OTHER.swapaxes(0, 1)),
        (np.broadcast_to(a[:1, :1], a.shape), b, cuda.expand(A[:1, :1], a.shape), B),
        (a[..., :1], b[..., :1, :], A[..., :1], B[..., :1, :]),
    ):
        expected = cpu.matmul(x, y)
        got = cuda.matmul(X, Y)
        assert got.dtype == dtype
        np.testing.assert_allclose(
            got.get().astype("c16"), expected.astype("c16"),
            rtol={2: 2e-2}.get(dtype.itemsize, 1e-5), atol={2: 5e-2}.get(dtype.itemsize, 1e-5),
        )  # fmt: skip


def test_halves_are_summed_in_float32(cuda: Any) -> None:
    ones = cuda.ones((1, 4096), np.dtype("float16"))
    assert float(cuda.matmul(ones, ones.T)[0, 0]) == 4096.0  # in float16, 2048 + 1 is 2048


def test_products_that_do_not_fit(cuda: Any) -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(4, 5\)"):
        cuda.matmul(cuda.zeros((2, 3), np.dtype("f4")), cuda.zeros((4, 5), np.dtype("f4")))


# -- launches -------------------------------------------------------------------------------------------------


def test_a_view_is_refused_instead_of_read_as_if_it_were_contiguous(cuda: Any) -> None:
    from autograd_gpu.device import kernels

    with pytest.raises(ValueError, match="not C-contiguous"):
        kernels.launch(
            "philox",
            "bits",
            "random_words",
            1,
            (cuda.zeros((4, 4), np.dtype("u4"))[:, ::2], *(np.int64(0),) * 3),
        )


def test_optimiser_table_is_copied_only_when_an_address_changes(cuda: Any) -> None:
    arrays = [[cuda.ones((size,), np.dtype("f4")) for size in (3, 5)] for _ in range(2)]
    cuda._tables.clear()
    for _ in range(3):
        cuda.sgd_step(*arrays, [None, None], lr=0.1)
    assert len(cuda._tables) == 1
    arrays[1][0] = cuda.ones((3,), np.dtype("f4"))
    cuda.sgd_step(*arrays, [None, None], lr=0.1)
    assert len(cuda._tables) == 2
    np.testing.assert_allclose(arrays[0][0].get(), 0.6, rtol=1e-6)


@pytest.mark.parametrize("offset", [0, 1])
def test_optimisers_take_views_at_any_address_and_in_any_layout(cuda: Any, offset: int) -> None:
    whole = cuda.ones((101,), np.dtype("f4"))
    grid = cuda.ones((8, 8), np.dtype("f4"))
    params = [whole[offset : offset + 90], grid[:, ::2]]
    cuda.sgd_step(params, [cuda.ones(p.shape, np.dtype("f4")) for p in params], [None, None], lr=0.5)
    expected = np.ones(101)
    expected[offset : offset + 90] = 0.5
    np.testing.assert_array_equal(whole.get(), expected)
    np.testing.assert_array_equal(grid.get(), np.where(np.arange(8) % 2, 1.0, 0.5) * np.ones((8, 1)))


# -- convolution and pooling: one, two, three axes; groups; steps and holes; pointwise; several blocks of images ----

CONVOLUTIONS = [
    ((2, 4, 9, 8), (6, 2, 3, 3), (2, 1), (1, 1), (1, 2), 2),
    ((3, 4, 9), (5, 4, 3), (2,), (1,), (1,), 1),
    ((2, 3, 5, 6, 4), (4, 3, 2, 3, 2), (1, 2, 1), (0, 1, 1), (1, 1, 2), 1),
    ((2, 4, 7, 7), (6, 4, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((2, 4, 7, 7), (6, 2, 1, 1), (1, 1), (0, 0), (1, 1), 2),
    ((2, 4, 7, 7), (6, 4, 1, 1), (2, 2), (0, 0), (1, 1), 1),
    ((0, 4, 7, 7), (6, 4, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((1, 4, 20, 20), (4, 1, 5, 5), (3, 3), (2, 2), (1, 1), 4),
    ((3, 6, 9, 8), (12, 1, 3, 2), (1, 2), (1, 0), (2, 1), 6),
    ((2, 5, 40), (5, 1, 7), (1,), (3,), (1,), 5),
    ((2, 3, 4, 5, 6), (3, 1, 2, 3, 2), (1, 2, 1), (0, 1, 1), (1, 1, 2), 3),
    ((3, 2, 100, 110), (2, 1, 3, 3), (1, 1), (1, 1), (1, 1), 2),  # several blocks for a tap
]


@pytest.mark.parametrize("workspace", [2**28, 4096], ids=["one block", "image by image, in parts"])
@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_convolution(cuda: Any, monkeypatch: pytest.MonkeyPatch, dtype: Any, workspace: int) -> None:
    from autograd_gpu.device.cuda import convolution

    monkeypatch.setattr(convolution, "WORKSPACE_BYTES", workspace)
    for x_shape, w_shape, stride, padding, dilation, groups in CONVOLUTIONS:
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        x, w, b = normal(x_shape, dtype), normal(w_shape, dtype, 1), normal(w_shape[:1], dtype, 2)
        out = cpu.conv2d(x, w, b, **options)
        g = normal(out.shape, dtype, 3)
        X, W, B, G = map(cuda.from_host, (x, w, b, g))
        close(cuda.conv2d(X, W, B, **options), out, dtype, 32)
        towards_x = cpu.conv2d_input(g, w, input_shape=x_shape, **options)
        close(cuda.conv2d_input(G, W, input_shape=x_shape, **options), towards_x, dtype, 32)
        towards_w = cpu.conv2d_weight(g, x, weight_shape=w_shape, **options)
        close(cuda.conv2d_weight(G, X, weight_shape=w_shape, **options), towards_w, dtype, 64)


POOLINGS = [
    ((2, 3, 9, 8), (3, 2), (2, 2), (1, 1), (1, 1)),
    ((2, 3, 9, 8), (3, 3), (1, 1), (1, 1), (1, 1)),
    ((2, 3, 9, 8), (2, 2), (2, 2), (0, 0), (1, 1)),
    ((2, 3, 11), (4,), (3,), (2,), (1,)),
    ((1, 2, 5, 6, 7), (2, 3, 2), (1, 2, 2), (1, 1, 0), (1, 1, 1)),
    ((2, 3, 12, 11), (3, 3), (2, 3), (2, 1), (2, 2)),
    ((2, 3, 9, 8), (2, 2), (3, 3), (0, 0), (1, 1)),
    # windows in pairs that cover the input: with one, two and three axes, and with another axis three wide
    ((3, 5, 22), (2,), (2,), (0,), (1,)),
    ((2, 3, 10, 26), (2, 2), (2, 2), (0, 0), (1, 1)),
    ((1, 2, 4, 6, 14), (2, 1, 2), (2, 1, 2), (0, 0, 0), (1, 1, 1)),
    ((2, 3, 9, 8), (3, 2), (3, 2), (0, 0), (1, 1)),
]


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_pooling(cuda: Any, dtype: Any, ceil_mode: bool) -> None:
    for shape, kernel, stride, padding, dilation in POOLINGS:
        size = {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
        x = normal(shape, dtype)
        x.reshape(-1)[::17] = -inf
        x.reshape(-1)[5::41] = nan
        for sample in (x, np.zeros_like(x), np.full_like(x, -inf)):
            best, where = cpu.max_pool2d(sample, dilation=dilation, **size)
            got = cuda.max_pool2d(cuda.from_host(sample), dilation=dilation, **size)
            np.testing.assert_array_equal(got[0].get().astype("f8"), best.astype("f8"))
            np.testing.assert_array_equal(got[1].get(), where)
            options = {"input_shape": shape, "kernel": kernel, "stride": stride, "dilation": dilation}
            g = normal(best.shape, dtype, 1)
            expected = cpu.max_pool2d_backward(g, where, **options)
            close(cuda.max_pool2d_backward(cuda.from_host(g), got[1], **options), expected, dtype, 8)
        if dilation == (1,) * len(kernel):
            x = normal(shape, dtype)
            for more in ({}, {"count_include_pad": False}, {"divisor_override": 3}):
                expected = cpu.avg_pool2d(x, **size, **more)
                close(cuda.avg_pool2d(cuda.from_host(x), **size, **more), expected, dtype, 8)
                g = normal(expected.shape, dtype, 1)
                wanted = cpu.avg_pool2d_backward(g, input_shape=shape, **size, **more)
                close(
                    cuda.avg_pool2d_backward(cuda.from_host(g), input_shape=shape, **size, **more),
                    wanted,
                    dtype,
                    8,
                )


@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_pooling_of_arrays_that_start_between_pairs(cuda: Any, dtype: Any) -> None:
    x = normal((2, 6, 8), dtype)
    size = {"kernel": (2,), "stride": (2,), "padding": (0,)}
    given = cuda.from_host(np.concatenate([np.zeros(1, x.dtype), x.reshape(-1)]))[1:].reshape(x.shape)
    best, where = cpu.max_pool2d(x, dilation=(1,), **size)
    got = cuda.max_pool2d(given, dilation=(1,), **size)
    np.testing.assert_array_equal(got[0].get().astype("f8"), best.astype("f8"))
    np.testing.assert_array_equal(got[1].get(), where)
    close(cuda.avg_pool2d(given, **size), cpu.avg_pool2d(x, **size), dtype, 8)


def test_positions_count_where_windows_are_others_than_said(cuda: Any) -> None:
    """Adaptive pooling gives the positions, and a geometry that only says that windows overlap."""
    g, where = normal((1, 1, 3), "float32"), np.array([[[0, 3, 8]]])
    options = {"input_shape": (1, 1, 9), "kernel": (2,), "stride": (1,), "dilation": (1,)}
    expected = cpu.max_pool2d_backward(g, where, **options)
    close(cuda.max_pool2d_backward(cuda.from_host(g), cuda.from_host(where), **options), expected, "float32")
