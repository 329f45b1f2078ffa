// Softmax and log-softmax over one axis, forward and backward.
//
// The array is (outer, length, inner), contiguous; rows run over `length`. Three kernels by layout:
//   row:     inner = 1: a warp or a block for each row, which it keeps in registers, 16 bytes at a time (see rows.cuh)
//   block:   inner = 1, still longer rows: one block for each row, which it reads twice (the second time from the cache)
//   columns: inner > 1: one thread for each row, neighbours in memory side by side
// Where a row is read twice, maximum and sum come from one pass (M. Milakov, N. Gimelshein, "Online normalizer calculation for
// softmax", 2018). Sums are in a fixed order. Halves are computed in float32 and rounded once.
//
// Bytes moved per element of s bytes: forward 2 s, backward 3 s, the least possible, where a row stays in registers or in
// the cache; else forward 3 s, backward 5 s.

#include "online.cuh"
#include "rows.cuh"

template <typename T, bool LOG, int N, int COUNT, int THREADS>
__global__ void forward_row(const T *x, T *out, i64 rows, int length) {
    typedef Wide<T> W;
    i64 row = thread_index() / THREADS;
    if (row >= rows) return;
    RowPart<T, N, COUNT, THREADS> part;
    part.load_row(x + row * length, length, -INFINITY);
    W highest = -INFINITY, sum = 0;
#pragma unroll
    for (int k = 0; k < COUNT; ++k)
#pragma unroll
        for (int n = 0; n < N; ++n) highest = larger(highest, part.values[k][n]);
    highest = team_max<THREADS>(highest);
#pragma unroll
    for (int k = 0; k < COUNT; ++k)
        if (part.column(k) < length)
#pragma unroll
            for (int n = 0; n < N; ++n) {
                W shifted = part.values[k][n] - highest, power = exponential(shifted);
                sum += power;
                part.values[k][n] = LOG ? shifted : power;
            }
    sum = team_sum<THREADS>(sum);
    W finished = LOG ? logarithm(sum) : 1 / sum;
#pragma unroll
    for (int k = 0; k < COUNT; ++k)
#pragma unroll
        for (int n = 0; n < N; ++n)
            part.values[k][n] = LOG ? part.values[k][n] - finished : part.values[k][n] * finished;
    part.store_row(out + row * length, length);
}

template <typename T, bool LOG>
__global__ void forward_block(const T *x, T *out, i64 rows, i64 length) {
    typedef Wide<T> W;
    for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
        const T *from = x + row * length;
        T *to = out + row * length;
        Norm<W> norm;
        for (i64 column = threadIdx.x; column < length; column += BLOCK) norm.add(load(from[column]));
        __syncthreads();  // the readers of the row before are done
        norm.merge_block();
        W finished = norm.template finish<LOG>();
        for (i64 column = threadIdx.x; column < length; column += BLOCK)
            to[column] = store<T>(norm.template of<LOG>(load(from[column]), finished));
    }
}

template <typename T, bool LOG>
__global__ void forward_columns(const T *x, T *out, i64 outer, i64 length, i64 inner) {
    typedef Wide<T> W;
    i64 row = thread_index();
    if (row >= outer * inner) return;
    i64 start = row / inner * length * inner + row % inner;
    Norm<W> norm;
    for (i64 i = 0; i < length; ++i) norm.add(load(x[start + i * inner]));
    W finished = norm.template finish<LOG>();
    for (i64 i = 0; i < length; ++i)
        out[start + i * inner] = store<T>(norm.template of<LOG>(load(x[start + i * inner]), finished));
}

// Softmax: dx = p (g - sum(g p)); log-softmax: dx = g - exp(out) sum(g).
template <bool LOG, typename W>
__device__ __forceinline__ W term(W g, W out) {
    return LOG ? g : g * out;
}

template <bool LOG, typename W>
__device__ __forceinline__ W gradient(W g, W out, W sum) {
    return LOG ? g - exponential(out) * sum : out * (g - sum);
}

template <typename T, bool LOG, int N, int COUNT, int THREADS>
__global__ void backward_row(const T *g, const T *out, T *dx, i64 rows, int length) {
    typedef Wide<T> W;
    i64 row = thread_index() / THREADS;
    if (row >= rows) return;
    RowPart<T, N, COUNT, THREADS> gs, outs;
    gs.load_row(g + row * length, length, 0);
    outs.load_row(out + row * length, length, 0);
    W sum = 0;
#pragma unroll
    for (int k = 0; k < COUNT; ++k)
#pragma unroll
        for (int n = 0; n < N; ++n) sum += term<LOG>(gs.values[k][n], outs.values[k][n]);
    sum = team_sum<THREADS>(sum);
#pragma unroll
    for (int k = 0; k < COUNT; ++k)
#pragma unroll
        for (int n = 0; n < N; ++n) gs.values[k][n] = gradient<LOG>(gs.values[k][n], outs.values[k][n], sum);
    gs.store_row(dx + row * length, length);
}

template <typename T, bool LOG>
__global__ void backward_block(const T *g, const T *out, T *dx, i64 rows, i64 length) {
    typedef Wide<T> W;
    for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
        i64 start = row * length;
        W sum = 0;
        for (i64 column = threadIdx.x; column < length; column += BLOCK)
            sum += term<LOG>(load(g[start + column]), load(out[start + column]));
        sum = block_sum(sum);
        for (i64 column = threadIdx.x; column < length; column += BLOCK)
            dx[start + column] = store<T>(gradient<LOG>(load(g[start + column]), load(out[start + column]), sum));
    }
}

template <typename T, bool LOG>
__global__ void backward_columns(const T *g, const T *out, T *dx, i64 outer, i64 length, i64 inner) {
    typedef Wide<T> W;
    i64 row = thread_index();
    if (row >= outer * inner) return;
    i64 start = row / inner * length * inner + row % inner;
    W sum = 0;
    for (i64 i = 0; i < length; ++i) sum += term<LOG>(load(g[start + i * inner]), load(out[start + i * inner]));
    for (i64 i = 0; i < length; ++i) {
        i64 at = start + i * inner;
        dx[at] = store<T>(gradient<LOG>(load(g[at]), load(out[at]), sum));
    }
}
