// Layer and root-mean-square normalisation over the last axes, forward and backward.
//
// The array is (rows, columns), contiguous. Forward and the gradient for x: one warp for each row that fits into its
// registers, else one block for each row, which it reads again from the cache. Variance is taken from deviations, in a
// second pass over what was read: E[x^2] - E[x]^2 would lose all digits for large means. The gradients for weight and bias
// are column sums in two launches: each block sums a slice of SLICE rows (or more, where there are many) for 32 columns,
// then one thread for each column adds the slices. No atomics, and slices do not depend on the GPU.
// Formulas: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization" (2016); B. Zhang, R. Sennrich, "Root mean square layer
// normalization" (2019); those of autograd_gpu/device/portable/norm.py. Halves are computed in float32 and rounded once.
//
// Bytes moved per element of s bytes: forward 2 s, gradient for x 3 s, for weight and bias 2 s (the least possible would be
// 3 s for all gradients together), and 16 / rows_of_a_slice for the slices' sums.

#include "common.cuh"

template <typename T, bool RMS, int LANE>
__global__ void forward_warp(
    const T *x, const T *weight, const T *bias, T *out, Wide<T> *means, Wide<T> *rstds, i64 rows, int columns,
    Wide<T> eps) {
    typedef Wide<T> W;
    i64 row = thread_index() / 32;
    if (row >= rows) return;
    int lane = threadIdx.x % 32;
    x += row * columns;
    out += row * columns;
    W values[LANE], sum = 0;
#pragma unroll
    for (int i = 0; i < LANE; ++i) {
        int column = i * 32 + lane;
        values[i] = column < columns ? load(x[column]) : W(0);
        sum += values[i];
    }
    W mean = RMS ? W(0) : warp_sum(sum) / columns, squares = 0;
#pragma unroll
    for (int i = 0; i < LANE; ++i)
        if (i * 32 + lane < columns) squares += (values[i] - mean) * (values[i] - mean);
    W rstd = 1 / root(warp_sum(squares) / columns + eps);
    if (lane == 0) {
        if (!RMS) means[row] = mean;
        rstds[row] = rstd;
    }
#pragma unroll
    for (int i = 0; i < LANE; ++i) {
        int column = i * 32 + lane;
        if (column < columns) {
            W y = (values[i] - mean) * rstd;
            if (weight) y *= load(weight[column]);
            if (bias) y += load(bias[column]);
            out[column] = store<T>(y);
        }
    }
}

template <typename T, bool RMS>
__global__ void forward_block(
    const T *x, const T *weight, const T *bias, T *out, Wide<T> *means, Wide<T> *rstds, i64 rows, i64 columns,
    Wide<T> eps) {
    typedef Wide<T> W;
    for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
        const T *from = x + row * columns;
        T *to = out + row * columns;
        W mean = 0, squares = 0;
        if (!RMS) {
            W sum = 0;
            for (i64 column = threadIdx.x; column < columns; column += BLOCK) sum += load(from[column]);
            mean = block_sum(sum) / columns;
        }
        for (i64 column = threadIdx.x; column < columns; column += BLOCK) {
            W deviation = load(from[column]) - mean;
            squares += deviation * deviation;
        }
        W rstd = 1 / root(block_sum(squares) / columns + eps);
        if (threadIdx.x == 0) {
            if (!RMS) means[row] = mean;
            rstds[row] = rstd;
        }
        for (i64 column = threadIdx.x; column < columns; column += BLOCK) {
            W y = (load(from[column]) - mean) * rstd;
            if (weight) y *= load(weight[column]);
            if (bias) y += load(bias[column]);
            to[column] = store<T>(y);
        }
    }
}

// dx = rstd (t - mean(t) - n mean(t n)) with n = (x - mean) rstd and t = g weight; without mean(t) for RMS.
template <typename T, bool RMS, int LANE>
__global__ void backward_warp(
    const T *g, const T *x, const T *weight, const Wide<T> *means, const Wide<T> *rstds, T *dx, i64 rows, int columns) {
    typedef Wide<T> W;
    i64 row = thread_index() / 32;
    if (row >= rows) return;
    int lane = threadIdx.x % 32;
    i64 start = row * columns;
    W mean = RMS ? W(0) : means[row], rstd = rstds[row];
    W toward[LANE], normal[LANE], sum = 0, product = 0;
#pragma unroll
    for (int i = 0; i < LANE; ++i) {
        int column = i * 32 + lane;
        if (column < columns) {
            toward[i] = load(g[start + column]) * (weight ? load(weight[column]) : W(1));
            normal[i] = (load(x[start + column]) - mean) * rstd;
            sum += toward[i];
            product += toward[i] * normal[i];
        }
    }
    sum = RMS ? W(0) : warp_sum(sum) / columns;
    product = warp_sum(product) / columns;
#pragma unroll
    for (int i = 0; i < LANE; ++i) {
        int column = i * 32 + lane;
        if (column < columns) dx[start + column] = store<T>(rstd * (toward[i] - sum - normal[i] * product));
    }
}

template <typename T, bool RMS>
__global__ void backward_block(
    const T *g, const T *x, const T *weight, const Wide<T> *means, const Wide<T> *rstds, T *dx, i64 rows, i64 columns) {
    typedef Wide<T> W;
    for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
        i64 start = row * columns;
        W mean = RMS ? W(0) : means[row], rstd = rstds[row], sum = 0, product = 0;
        for (i64 column = threadIdx.x; column < columns; column += BLOCK) {
            W toward = load(g[start + column]) * (weight ? load(weight[column]) : W(1));
            sum += toward;
            product += toward * (load(x[start + column]) - mean) * rstd;
        }
        sum = RMS ? W(0) : block_sum(sum) / columns;
        product = block_sum(product) / columns;
        for (i64 column = threadIdx.x; column < columns; column += BLOCK) {
            W toward = load(g[start + column]) * (weight ? load(weight[column]) : W(1));
            W normal = (load(x[start + column]) - mean) * rstd;
            dx[start + column] = store<T>(rstd * (toward - sum - normal * product));
        }
    }
}

// Sums over a slice of rows of g n and of g, for the gradients of weight and bias: (slices, columns) each, either may be
// absent. A block serves 32 columns, its warps every eighth row of the slice.
template <typename T, bool RMS>
__global__ void slices(
    const T *g, const T *x, const Wide<T> *means, const Wide<T> *rstds, Wide<T> *products, Wide<T> *sums, i64 rows,
    i64 columns, i64 rows_each) {
    typedef Wide<T> W;
    const int WARPS = BLOCK / 32;
    __shared__ W parts[2][WARPS][32];
    i64 tiles = (columns + 31) / 32;
    i64 slice = blockIdx.x / tiles, column = blockIdx.x % tiles * 32 + threadIdx.x % 32;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    W product = 0, sum = 0;
    if (column < columns) {
        i64 end = min((slice + 1) * rows_each, rows);
        for (i64 row = slice * rows_each + warp; row < end; row += WARPS) {
            W toward = load(g[row * columns + column]);
            sum += toward;
            if (products) product += toward * (load(x[row * columns + column]) - (RMS ? W(0) : means[row])) * rstds[row];
        }
    }
    parts[0][warp][lane] = product;
    parts[1][warp][lane] = sum;
    __syncthreads();
    if (warp < 2 && column < columns) {
        W total = 0;
        for (int part = 0; part < WARPS; ++part) total += parts[warp][part][lane];
        W *to = warp == 0 ? products : sums;
        if (to) to[slice * columns + column] = total;
    }
}

// Adds the slices.
template <typename T>
__global__ void add_slices(
    const Wide<T> *products, const Wide<T> *sums, T *g_weight, Wide<T> *g_bias, i64 count, i64 columns) {
    typedef Wide<T> W;
    i64 column = thread_index();
    if (column >= columns) return;
    W product = 0, sum = 0;
    for (i64 slice = 0; slice < count; ++slice) {
        if (products) product += products[slice * columns + column];
        if (sums) sum += sums[slice * columns + column];
    }
    if (g_weight) g_weight[column] = store<T>(product);
    if (g_bias) g_bias[column] = sum;
}
