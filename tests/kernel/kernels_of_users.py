"""Kernels as users write them, for the tests on both devices."""

from __future__ import annotations

import autograd_gpu as ag

silu = ag.kernel(
    "y = x / (1 + exp(-x))",
    backward="s = 1 / (1 + exp(-x)); x_grad = y_grad * s * (1 + x * (1 - s))",
    name="silu",
)

fused = ag.kernel(
    "y = a * x + b",
    backward="a_grad = y_grad * x; x_grad = y_grad * a; b_grad = y_grad",
    name="fused",
)

#: no derivative given: through the reference
polar = ag.kernel(
    "angle = atan2(y, x); radius = sqrt(x * x + y * y)", outputs=("radius", "angle"), name="polar"
)


@ag.kernel(
    """
    template <typename T>
    __global__ void softplus(const T *x, T *y, long long n, Wide<T> beta) {
        long long i = thread_index();
        if (i < n) y[i] = store<T>(log1p(exp(beta * load(x[i]))) / beta);
    }""",
    backward=lambda x, y_grad, *, beta: y_grad * ag.sigmoid(beta * x),
)
def softplus(x, *, beta=1.0):  # type: ignore[no-untyped-def]
    """``log(1 + exp(beta x)) / beta``."""
    return ag.log1p(ag.exp(beta * x)) / beta


#: both directions in CUDA; the backward one with blocks of its own and a sum over rows
ROWS = """
template <typename T>
__global__ void scale_rows(const T *x, const T *s, T *y, long long n, long long x_shape_1) {
    long long i = thread_index();
    if (i < n) y[i] = store<T>(load(x[i]) * load(s[i / x_shape_1]));
}

template <typename T>
__global__ void scale_rows_backward(
    const T *x, const T *s, const T *y_grad, T *x_grad, T *s_grad, long long x_shape_1) {
    Wide<T> sum = 0;
    long long row = blockIdx.x;
    for (long long column = threadIdx.x; column < x_shape_1; column += BLOCK) {
        long long i = row * x_shape_1 + column;
        x_grad[i] = store<T>(load(y_grad[i]) * load(s[row]));
        sum += load(y_grad[i]) * load(x[i]);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) s_grad[row] = store<T>(sum);
}
"""

scale_rows = ag.kernel(
    ROWS,
    lambda x, s: x * s.unsqueeze(1),
    name="scale_rows",
    backward="scale_rows_backward",
    backward_launch={"grid": lambda x: x.shape[0], "block": 64},
)


#: two results of different dtypes, one of which has no derivative; shapes of their own
@ag.kernel(
    """
    template <typename T>
    __global__ void row_max(const T *x, T *values, long long *indices, long long x_shape_0, int x_shape_1) {
        long long row = thread_index();
        if (row >= x_shape_0) return;
        int best = 0;
        for (int i = 1; i < x_shape_1; ++i)
            if (load(x[row * x_shape_1 + i]) > load(x[row * x_shape_1 + best])) best = i;
        values[row] = x[row * x_shape_1 + best];
        indices[row] = best;
    }""",
    shape=lambda x: x.shape[:1],
    backward=lambda x, indices, values_grad: ag.zeros_like(x).scatter(
        1, indices.unsqueeze(1), values_grad.unsqueeze(1)
    ),
)
def row_max(x):  # type: ignore[no-untyped-def]
    values, indices = x.max(dim=1)
    return values, indices


#: several floating results, the derivative in plain ops of results
@ag.kernel(
    """
    template <typename T>
    __global__ void both(const T *x, T *c, T *s, long long n) {
        long long i = thread_index();
        if (i < n) {
            c[i] = store<T>(cos(load(x[i])));
            s[i] = store<T>(sin(load(x[i])));
        }
    }""",
    backward=lambda c, s, c_grad, s_grad: s_grad * c - c_grad * s,
)
def both(x):  # type: ignore[no-untyped-def]
    return ag.cos(x), ag.sin(x)


#: a number as a template parameter, an optional input, shared memory asked for
@ag.kernel(
    """
    template <typename T, int degree>
    __global__ void monomial(const T *x, const T *weight, T *y, i64 n) {
        extern __shared__ double scratch[];
        i64 i = thread_index();
        Wide<T> result = 1;
        scratch[threadIdx.x] = 0;
        if (i >= n) return;
        for (int k = 0; k < degree; ++k) result *= load(x[i]);
        y[i] = store<T>(weight ? result * load(weight[i]) : result);
    }""",
    block=32,
    grid=lambda n: (-(-n // 32), 1),
    shared=lambda x: 32 * 8,
)
def monomial(x, weight=None, *, degree):  # type: ignore[no-untyped-def]
    result = x**degree
    return result if weight is None else result * weight


#: no template: one dtype only
@ag.kernel(
    "__global__ void twice(const float *x, float *y, int n) { int i = thread_index(); if (i < n) y[i] = 2 * x[i]; }"
)
def twice(x):  # type: ignore[no-untyped-def]
    return 2 * x
