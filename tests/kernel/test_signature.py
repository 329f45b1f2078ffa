"""Reading the parameters of kernels out of CUDA texts."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_gpu.device.signature import Parameter, signatures

TEXT = """
// __global__ void no(int x) { }
/* template <typename T> __global__ void neither(T *x) { } */
struct Pair { float a, b; };
template <typename T> __device__ T helper(T x) { return x; }

template <typename T, typename U, int columns, bool FAST>
__global__ void __launch_bounds__(256) first(
    const T* __restrict__ x,   // read
    U *y, const long   long n, Wide<T> scale, const complex< float > *z) {
    y[0] = helper(x[0]);
}
extern "C" __global__ void second(float *a, unsigned int k, T_unused *) ;
static __global__ void third(const double x[], i64 n) { }
"""


def test_parameters() -> None:
    found = signatures(TEXT)
    assert list(found) == ["first", "third"]
    first = found["first"]
    assert (first.types, first.values) == (("T", "U"), ("columns", "FAST"))
    assert first.parameters == (
        Parameter("x", "T", pointer=True, const=True),
        Parameter("y", "U", pointer=True, const=False),
        Parameter("n", "long long", pointer=False, const=True),
        Parameter("scale", "Wide<T>", pointer=False, const=False),
        Parameter("z", "complex<float>", pointer=True, const=True),
    )
    assert str(first.parameters[0]) == "const T *x"
    assert found["third"].pointers == (Parameter("x", "double", pointer=True, const=True),)


def test_dtypes_and_instances() -> None:
    first = signatures(TEXT)["first"]
    half, single, complex64 = np.dtype("float16"), np.dtype("float32"), np.dtype("complex64")
    bound = first.bind({"x": half, "y": np.dtype("int64"), "z": complex64})
    assert bound == {"T": half, "U": np.dtype("int64")}
    numbers = {parameter.name: first.dtype(parameter, bound) for parameter in first.numbers}
    assert numbers == {"n": np.dtype("int64"), "scale": single}
    assert first.instance(bound, {"columns": 4, "FAST": True}) == "first<half, long long, 4, true>"
    with pytest.raises(TypeError, match="z is complex128, and the kernel first takes complex64"):
        first.bind({"z": np.dtype("complex128")})


def test_cudas_own_halves() -> None:
    (own,) = signatures("#include <cuda_fp16.h>\ntemplate <typename T> __global__ void f(T *x) { }").values()
    assert own.instance({"T": np.dtype("float16")}, {}) == "f<__half>"
