"""The loader: what every launch is held to, compilation on first use, one compilation for each dtype and card."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_gpu.device import kernels

pytestmark = pytest.mark.gpu

TEXT = """
#include <common.cuh>
template <typename T> __global__ void twice(const T *x, T *y, i64 n) {
    i64 i = thread_index();
    if (i < n) y[i] = store<T>(2 * load(x[i]));
}
__global__ void shared_sum(const float *x, float *y, int n) {
    extern __shared__ float copy[];
    for (int i = threadIdx.x; i < n; i += BLOCK) copy[i] = x[i];
    __syncthreads();
    if (threadIdx.x == 0) { float sum = 0; for (int i = 0; i < n; ++i) sum += copy[i]; y[0] = sum; }
}
"""


@pytest.fixture
def cupy() -> Any:
    return pytest.importorskip("cupy", reason="CUDA arrays are those of CuPy")


@pytest.fixture
def source() -> kernels.Source:
    return kernels.Source("t.cu", TEXT, kernels.options())


def test_a_launch(cupy: Any, source: kernels.Source) -> None:
    x = cupy.arange(1000, dtype=np.float32)
    y = cupy.empty_like(x)
    function = source.function("twice<float>")
    kernels.start(function, "twice", (kernels.blocks_for(1000),), (kernels.BLOCK,), (x, y, np.int64(1000)))
    assert (y == 2 * x).all()
    assert source.function("twice<float>") is function


def test_what_no_launch_may_be(cupy: Any, source: kernels.Source) -> None:
    function = source.function("twice<float>")
    x = cupy.arange(12, dtype=np.float32).reshape(3, 4)
    with pytest.raises(ValueError, match=r"twice: an array of shape \(4, 3\) is not C-contiguous"):
        kernels.start(function, "twice", (1,), (256,), (x.T, x, np.int64(12)))
    with pytest.raises(TypeError, match="twice: wrap the number 12 in the NumPy type"):
        kernels.start(function, "twice", (1,), (256,), (x, x, 12))
    with pytest.raises(ValueError, match="the largest is"):
        kernels.start(function, "twice", (2**31,), (256,), (x, x, np.int64(12)))
    with pytest.raises(ValueError, match="the largest is"):
        kernels.start(function, "twice", (1, 2**16), (256,), (x, x, np.int64(12)))
    with pytest.raises(RuntimeError, match="the card refuses to launch .* blocks of .* threads"):
        kernels.start(function, "twice", (1,), (2048,), (x, x, np.int64(12)))


def test_nothing_is_launched_for_nothing(cupy: Any, source: kernels.Source, counting: Any) -> None:
    function = source.function("twice<float>")
    x = cupy.empty(0, np.float32)
    with counting.profile() as profile:
        kernels.start(function, "twice", (0,), (256,), (x, x, np.int64(0)))
        kernels.start(function, "twice", (3, 0), (256,), (x, x, np.int64(0)))
        kernels.launch("softmax", "float", "no such instance", 0, ())
    assert profile["counts"]["kernel_launches"] == 0


def test_much_shared_memory(cupy: Any, source: kernels.Source) -> None:
    x = cupy.ones(20_000, np.float32)
    y = cupy.empty(1, np.float32)
    function = source.function("shared_sum")
    kernels.start(function, "shared_sum", (1,), (256,), (x, y, np.int32(20_000)), shared=80_000)
    assert float(y[0]) == 20_000


def test_groups_are_compiled_together_and_others_not(source: kernels.Source) -> None:
    group = ("twice<float>", "twice<double>")
    source.function("twice<float>", group)
    source.function("twice<double>", group)
    assert list(source._modules) == [group]
    source.function("twice<half>")
    assert list(source._modules) == [group, ("twice<half>",)]


def test_what_does_not_compile() -> None:
    source = kernels.Source(
        "t.cu", '#line 7 "own.cu"\n__global__ void f(float *x) { x[0] = nothing; }', ("-std=c++17",)
    )
    with pytest.raises(
        RuntimeError, match=r"t.cu: f does not compile:\nown.cu\(7\): error: identifier \"nothing\""
    ):
        source.function("f")


def test_contiguous(cupy: Any) -> None:
    x = cupy.arange(6, dtype=np.float32).reshape(2, 3)
    assert kernels.contiguous(x) is x
    assert kernels.contiguous(x, np.float32) is x
    assert kernels.contiguous(x.T).flags.c_contiguous
    assert kernels.contiguous(x.T, np.float64).dtype == np.float64
