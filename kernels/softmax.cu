// Softmax and log-softmax over one axis, forward and backward.
//
// The array is (outer, length, inner), contiguous; rows run over `length`. Three kernels by layout:
//   row:     inner = 1: a warp or a block for each row, which it keeps in registers, 16 bytes at a time (see rows.cuh)
//   block:   inner = 1, still longer rows: one block for each row, which it reads twice (the second time from the cache)
//   columns: inner > 1: a team of `wide` columns side by side and `lanes` threads down each, whose places are neighbours in memory
//            as far as there are; with COUNT, each thread keeps as many elements in registers, else the columns are read twice
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

// The threads that share columns of one outer place: `wide` columns side by side, `lanes` threads down each (powers of two).
struct Team {
    int wide, lanes, lane;
    i64 start;  // of this thread's column
    bool active;

    __device__ __forceinline__ Team(i64 outer, i64 length, i64 inner, int wide, int lanes) : wide(wide), lanes(lanes) {
        int place = threadIdx.x % (wide * lanes);
        i64 tiles = (inner + wide - 1) / wide, team = thread_index() / (wide * lanes);
        i64 image = team / tiles, column = (team - image * tiles) * wide + place % wide;
        lane = place / wide;
        active = image < outer && column < inner;
        start = image * length * inner + column;
    }

    // What the threads of a column have, joined in a fixed order, in all of them. Every thread of a block must come here.
    template <typename W, typename Join>
    __device__ __forceinline__ W over(W own, Join join) const {
        __shared__ W parts[BLOCK];
        __syncthreads();
        parts[threadIdx.x] = own;
        for (int step = lanes / 2; step; step /= 2) {
            __syncthreads();
            if (lane < step) parts[threadIdx.x] = join(parts[threadIdx.x], parts[threadIdx.x + step * wide]);
        }
        __syncthreads();
        return parts[threadIdx.x - lane * wide];
    }
};

template <typename T, bool LOG, int COUNT>
__global__ void forward_columns(const T *x, T *out, i64 outer, i64 length, i64 inner, int wide, int lanes) {
    typedef Wide<T> W;
    Team team(outer, length, inner, wide, lanes);
    x += team.start;
    out += team.start;
    i64 end = team.active ? length : 0;
    W values[COUNT ? COUNT : 1], highest = -INFINITY, sum = 0;
    auto maximum = [](W a, W b) { return larger(a, b); };
    auto total = [](W a, W b) { return a + b; };
    if (COUNT) {
#pragma unroll
        for (int k = 0; k < COUNT; ++k) {
            i64 i = team.lane + (i64)k * lanes;
            values[k] = i < end ? load(x[i * inner]) : W(-INFINITY);
            highest = larger(highest, values[k]);
        }
        highest = team.over(highest, maximum);
#pragma unroll
        for (int k = 0; k < COUNT; ++k) {
            W shifted = values[k] - highest, power = exponential(shifted);
            if (team.lane + (i64)k * lanes < end) sum += power;
            values[k] = LOG ? shifted : power;
        }
        sum = team.over(sum, total);
        W finished = LOG ? logarithm(sum) : 1 / sum;
#pragma unroll
        for (int k = 0; k < COUNT; ++k) {
            i64 i = team.lane + (i64)k * lanes;
            if (i < end) out[i * inner] = store<T>(LOG ? values[k] - finished : values[k] * finished);
        }
        return;
    }
    Norm<W> norm;
    for (i64 i = team.lane; i < end; i += lanes) norm.add(load(x[i * inner]));
    highest = team.over(norm.highest, maximum);
    // a lane that has seen nothing but -infinity adds nothing
    norm.sum = norm.sum == 0 ? W(0) : norm.sum * exponential(norm.highest - highest);
    norm.highest = highest;
    norm.sum = team.over(norm.sum, total);
    W finished = norm.template finish<LOG>();
    for (i64 i = team.lane; i < end; i += lanes)
        out[i * inner] = store<T>(norm.template of<LOG>(load(x[i * inner]), finished));
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

template <typename T, bool LOG, int COUNT>
__global__ void backward_columns(
    const T *g, const T *out, T *dx, i64 outer, i64 length, i64 inner, int wide, int lanes) {
    typedef Wide<T> W;
    const int KEPT = COUNT ? COUNT : 1;
    Team team(outer, length, inner, wide, lanes);
    g += team.start;
    out += team.start;
    dx += team.start;
    i64 end = team.active ? length : 0;
    W gs[KEPT], outs[KEPT], sum = 0;
    if (COUNT) {
#pragma unroll
        for (int k = 0; k < KEPT; ++k) {
            i64 i = team.lane + (i64)k * lanes;
            gs[k] = i < end ? load(g[i * inner]) : W(0);
            outs[k] = i < end ? load(out[i * inner]) : W(0);
            sum += term<LOG>(gs[k], outs[k]);
        }
    } else {
        for (i64 i = team.lane; i < end; i += lanes) sum += term<LOG>(load(g[i * inner]), load(out[i * inner]));
    }
    sum = team.over(sum, [](W a, W b) { return a + b; });
    if (COUNT) {
#pragma unroll
        for (int k = 0; k < KEPT; ++k) {
            i64 i = team.lane + (i64)k * lanes;
            if (i < end) dx[i * inner] = store<T>(gradient<LOG>(gs[k], outs[k], sum));
        }
    } else {
        for (i64 i = team.lane; i < end; i += lanes)
            dx[i * inner] = store<T>(gradient<LOG>(load(g[i * inner]), load(out[i * inner]), sum));
    }
}
