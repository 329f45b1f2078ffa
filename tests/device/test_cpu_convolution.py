"""The CPU's convolution against the portable one: every way to divide the work, and any number of threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.device import cpu_convolution, cpu_namespace, cpu_winograd
from autograd_gpu.device.namespace import ArrayNamespace

portable: Any = ArrayNamespace(np)

# images, channels, outputs, size, kernel, stride, padding, dilation, groups
SHAPES: dict[str, tuple[Any, ...]] = {
    "rows of one image": (3, 4, 6, (17, 11), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    "strides and dilation": (3, 4, 6, (19, 18), (3, 2), (2, 3), (2, 1), (2, 1), 2),
    "padding beyond the kernel": (2, 3, 2, (9, 9), (2, 2), (1, 1), (4, 3), (1, 1), 1),
    "small images together": (40, 3, 5, (4, 4), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    "several images in a part": (40, 4, 6, (11, 12), (3, 3), (1, 1), (1, 1), (1, 1), 2),
    "pointwise": (3, 8, 4, (12, 12), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    "depthwise": (2, 6, 6, (12, 12), (3, 3), (1, 1), (1, 1), (1, 1), 6),
    "more outputs than channels": (2, 2, 16, (13, 13), (3, 3), (1, 1), (0, 0), (1, 1), 1),
    "windows added up in planes": (3, 4, 16, (13, 16), (3, 3), (1, 1), (0, 0), (1, 1), 1),
    "planes, dilated and in groups": (3, 8, 30, (30, 30), (3, 3), (1, 1), (1, 1), (2, 2), 2),
    "planes of three axes": (2, 2, 10, (5, 30, 30), (2, 3, 3), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
    "one spatial axis": (3, 4, 5, (200,), (5,), (2,), (2,), (1,), 1),
    "three spatial axes": (2, 2, 3, (6, 7, 8), (2, 3, 3), (1, 2, 1), (1, 0, 1), (1, 1, 1), 1),
}


@pytest.fixture(params=["whole parts", "single rows"])
def parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_convolution, "ALONE", 0)
    if request.param == "single rows":
        monkeypatch.setattr(cpu_convolution, "PART_BYTES", 1)
        monkeypatch.setattr(cpu_convolution, "MOST_PARTIALS", 3)


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = ag.get_num_threads()
    ag.set_num_threads(2)
    yield
    ag.set_num_threads(before)


def _results(namespace: Any, shape: tuple[Any, ...], dtype: Any) -> list[np.ndarray]:
    images, channels, outputs, size, kernel, stride, padding, dilation, groups = shape
    rng = np.random.default_rng(0)
    x = rng.standard_normal((images, channels, *size)).astype(dtype)
    weight = rng.standard_normal((outputs, channels // groups, *kernel)).astype(dtype)
    bias = rng.standard_normal(outputs).astype(dtype)
    params = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    out = namespace.conv2d(x, weight, bias, **params)
    g = rng.standard_normal(out.shape).astype(dtype)
    return [
        out,
        namespace.conv2d_input(g, weight, input_shape=x.shape, **params),
        namespace.conv2d_weight(g, x, weight_shape=weight.shape, **params),
        # operands that are not contiguous
        namespace.conv2d(x[:, ::-1], weight[::-1], bias[::-1], **params),
    ]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_results_are_those_of_the_portable_namespace(
    shape: str, dtype: Any, parts: None, two_threads: None
) -> None:
    tolerance = {np.float64: 1e-11, np.float32: 2e-5, np.float16: 2e-2}[dtype]
    for ours, theirs in zip(
        _results(cpu_namespace, SHAPES[shape], dtype), _results(portable, SHAPES[shape], dtype), strict=True
    ):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * 10)


@pytest.mark.parametrize("shape", SHAPES)
def test_results_do_not_depend_on_the_number_of_threads(shape: str, parts: None, two_threads: None) -> None:
    with_two = _results(cpu_namespace, SHAPES[shape], np.float32)
    ag.set_num_threads(1)
    for one, two in zip(_results(cpu_namespace, SHAPES[shape], np.float32), with_two, strict=True):
        np.testing.assert_array_equal(one, two)


# images, channels, outputs, size, padding: tiles that fit, that do not, parts of an image, more padding than the kernel has
WINOGRAD: dict[str, tuple[Any, ...]] = {
    "whole tiles": (2, 32, 40, (16, 20), (1, 1)),
    "cut tiles": (2, 40, 32, (17, 23), (0, 1)),
    "parts of an image": (1, 64, 32, (70, 33), (1, 1)),
    "much padding": (1, 32, 32, (14, 13), (3, 2)),
    "several images": (13, 32, 32, (12, 12), (1, 1)),
}


@pytest.mark.parametrize("shape", WINOGRAD)
def test_winograd_is_a_convolution(shape: str, two_threads: None) -> None:
    images, channels, outputs, size, padding = WINOGRAD[shape]
    rng = np.random.default_rng(0)
    x = rng.standard_normal((images, channels, *size)).astype(np.float32)
    weight = rng.standard_normal((outputs, channels, 3, 3)).astype(np.float32)
    bias = rng.standard_normal(outputs).astype(np.float32)
    ones = (1, 1)
    params: Any = {"stride": ones, "padding": padding, "dilation": ones, "groups": 1}
    exact = portable.conv2d(
        x.astype(np.float64), weight.astype(np.float64), bias.astype(np.float64), **params
    )
    assert cpu_winograd.suits(x, weight, weight.shape, exact.shape[2:], ones, ones, 1)
    assert not cpu_winograd.suits(x.astype(np.float64), weight, weight.shape, exact.shape[2:], ones, ones, 1)
    ours = cpu_namespace.conv2d(x, weight, bias, **params)
    assert np.abs(ours - exact).max() < 4e-6 * np.abs(exact).max()
    ag.set_num_threads(1)
    np.testing.assert_array_equal(cpu_namespace.conv2d(x, weight, bias, **params), ours)
    g = rng.standard_normal(ours.shape).astype(np.float32)
    exact = portable.conv2d_input(
        g.astype(np.float64), weight.astype(np.float64), input_shape=x.shape, **params
    )
    ours = cpu_namespace.conv2d_input(g, weight, input_shape=x.shape, **params)
    assert np.abs(ours - exact).max() < 4e-6 * np.abs(exact).max()
    exact = portable.conv2d_weight(
        g.astype(np.float64), x.astype(np.float64), weight_shape=weight.shape, **params
    )
    ours = cpu_namespace.conv2d_weight(g, x, weight_shape=weight.shape, **params)
    assert np.abs(ours - exact).max() < 4e-6 * np.abs(exact).max()
    ag.set_num_threads(2)
    np.testing.assert_array_equal(
        cpu_namespace.conv2d_weight(g, x, weight_shape=weight.shape, **params), ours
    )


@pytest.mark.parametrize("channels", [3, 32])
def test_no_images(channels: int, two_threads: None) -> None:
    x, weight = np.zeros((0, channels, 16, 16), np.float32), np.ones((40, channels, 3, 3), np.float32)
    params: Any = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    result = cpu_namespace.conv2d(x, weight, **params)
    assert result.shape == (0, 40, 16, 16)
    assert cpu_namespace.conv2d_input(result, weight, input_shape=x.shape, **params).shape == x.shape
    gradient = cpu_namespace.conv2d_weight(result, x, weight_shape=weight.shape, **params)
    np.testing.assert_array_equal(gradient, np.zeros_like(weight))
