// Layer and root-mean-square normalisation over the last axes, forward and backward.
//
// The array is (rows, columns), contiguous. A warp or a block keeps a row in registers, 16 bytes at a time where addresses
// allow it (see rows.cuh), so variance is taken from deviations without reading again: E[x^2] - E[x]^2 would lose all digits
// for large means. Backward goes over g and x once: each block takes a slice of rows, writes their gradients for x, and
// keeps the column sums that the gradients for weight and bias are made of; a second launch adds the slices. No atomics, and
// slices do not depend on the GPU. Rows that no block can hold are read again from the cache (`_long`); their column
// sums are a launch of their own (`slices`).
// Formulas: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization" (2016); B. Zhang, R. Sennrich, "Root mean square layer
// normalization" (2019); those of autograd_gpu/device/portable/norm.py. Halves are computed in float32 and rounded once;
// parameters of a half array may be float32.
//
// Bytes moved per element of s bytes, the least possible: forward 2 s, all gradients 3 s, and 16 / rows_of_a_slice for the
// slices' sums. Long rows: forward 4 s, gradients 7 s, of which all but 2 s and 3 s (5 s) come from the cache.

#include "rows.cuh"

// N neighbours of a vector of parameters, of the array's type or of the wide one; null stands for `missing`.
template <typename T, int N>
__device__ __forceinline__ void parameters(const void *vector, bool wide, i64 column, Wide<T> missing, Wide<T> (&values)[N]) {
    if (!vector) {
#pragma unroll
        for (int n = 0; n < N; ++n) values[n] = missing;
    } else if (wide && N > 1) {
        const int M = N > 1 ? Pack<Wide<T>>::size : 1;
#pragma unroll
        for (int n = 0; n < N; n += M) {
            Pack<Wide<T>> pack = load_pack(static_cast<const Wide<T> *>(vector) + column + n);
#pragma unroll
            for (int m = 0; m < M; ++m) values[n + m] = pack.at[m];
        }
    } else if (wide) {
        values[0] = static_cast<const Wide<T> *>(vector)[column];
    } else {
        load_wide<N>(static_cast<const T *>(vector) + column, values);
    }
}

template <typename T>
__device__ __forceinline__ Wide<T> parameter(const void *vector, bool wide, i64 column, Wide<T> missing) {
    Wide<T> one[1];
    parameters<T, 1>(vector, wide, column, missing, one);
    return one[0];
}

template <typename T, bool RMS, int N, int COUNT, int THREADS>
__global__ void forward_row(
    const T *x, const void *weight, const void *bias, bool wide, T *out, Wide<T> *means, Wide<T> *rstds, i64 rows,
    int columns, Wide<T> eps) {
    typedef Wide<T> W;
    i64 row = thread_index() / THREADS;
    if (row >= rows) return;
    RowPart<T, N, COUNT, THREADS> part;
    part.load_row(x + row * columns, columns, 0);
    W sum = 0, mean = 0, squares = 0;
    if (!RMS) {
#pragma unroll
        for (int k = 0; k < COUNT; ++k)
#pragma unroll
            for (int n = 0; n < N; ++n) sum += part.values[k][n];
        mean = team_sum<THREADS>(sum) / columns;
    }
#pragma unroll
    for (int k = 0; k < COUNT; ++k)
        if (part.column(k) < columns)
#pragma unroll
            for (int n = 0; n < N; ++n) squares += (part.values[k][n] - mean) * (part.values[k][n] - mean);
    W rstd = 1 / root(team_sum<THREADS>(squares) / columns + eps);
    if (threadIdx.x % THREADS == 0) {
        if (!RMS) means[row] = mean;
        rstds[row] = rstd;
    }
#pragma unroll
    for (int k = 0; k < COUNT; ++k) {
        if (part.column(k) >= columns) continue;
        W weights[N], biases[N];
        parameters<T, N>(weight, wide, part.column(k), 1, weights);
        parameters<T, N>(bias, wide, part.column(k), 0, biases);
#pragma unroll
        for (int n = 0; n < N; ++n) {
            W y = (part.values[k][n] - mean) * rstd;
            if (weight) y *= weights[n];
            part.values[k][n] = bias ? y + biases[n] : y;
        }
    }
    part.store_row(out + row * columns, columns);
}

template <typename T, bool RMS>
__global__ void forward_long(
    const T *x, const void *weight, const void *bias, bool wide, T *out, Wide<T> *means, Wide<T> *rstds, i64 rows,
    i64 columns, Wide<T> eps) {
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
            W y = (load(from[column]) - mean) * rstd * parameter<T>(weight, wide, column, 1);
            to[column] = store<T>(y + parameter<T>(bias, wide, column, 0));
        }
    }
}

// dx = rstd (t - mean(t) - n mean(t n)) with n = (x - mean) rstd and t = g weight; without mean(t) for RMS. A block takes
// `rows_each` rows and writes its sums of g n and of g to (slices, 2, columns). dx and partials may be null.
template <typename T, bool RMS, int N, int COUNT, int THREADS>
__launch_bounds__(BLOCK, 2) __global__ void backward_row(
    const T *g, const T *x, const void *weight, bool wide, const Wide<T> *means, const Wide<T> *rstds, T *dx,
    Wide<T> *partials, i64 rows, int columns, i64 rows_each) {
    typedef Wide<T> W;
    const int TEAMS = BLOCK / THREADS;
    int team = threadIdx.x / THREADS;
    W products[COUNT][N], sums[COUNT][N];
#pragma unroll
    for (int k = 0; k < COUNT; ++k)
#pragma unroll
        for (int n = 0; n < N; ++n) products[k][n] = sums[k][n] = 0;
    i64 end = min((blockIdx.x + 1) * rows_each, rows);
    for (i64 row = blockIdx.x * rows_each + team; row < end; row += TEAMS) {
        W mean = 0, rstd = 0, sum = 0, product = 0;
        if (threadIdx.x % 32 == 0) {
            if (!RMS) mean = means[row];
            rstd = rstds[row];
        }
        mean = __shfl_sync(0xffffffffu, mean, 0);
        rstd = __shfl_sync(0xffffffffu, rstd, 0);
        RowPart<T, N, COUNT, THREADS> toward, normal;
        toward.load_row(g + row * columns, columns, 0);
        normal.load_row(x + row * columns, columns, mean);
#pragma unroll
        for (int k = 0; k < COUNT; ++k) {
            if (toward.column(k) >= columns) continue;
            W weights[N];
            parameters<T, N>(weight, wide, toward.column(k), 1, weights);
#pragma unroll
            for (int n = 0; n < N; ++n) {
                normal.values[k][n] = (normal.values[k][n] - mean) * rstd;
                sums[k][n] += toward.values[k][n];
                products[k][n] += toward.values[k][n] * normal.values[k][n];
                toward.values[k][n] *= weights[n];
                sum += toward.values[k][n];
                product += toward.values[k][n] * normal.values[k][n];
            }
        }
        if (!dx) continue;
        sum = RMS ? W(0) : team_sum<THREADS>(sum) / columns;
        product = team_sum<THREADS>(product) / columns;
#pragma unroll
        for (int k = 0; k < COUNT; ++k)
#pragma unroll
            for (int n = 0; n < N; ++n)
                toward.values[k][n] = rstd * (toward.values[k][n] - sum - normal.values[k][n] * product);
        toward.store_row(dx + row * columns, columns);
    }
    if (!partials) return;
    partials += blockIdx.x * 2 * (i64)columns;
    __shared__ W added[2 * THREADS * N * COUNT];
    for (int turn = 0; turn < TEAMS; ++turn) {  // the teams add one after the other
        if (team == turn)
#pragma unroll
            for (int k = 0; k < COUNT; ++k) {
                int column = RowPart<T, N, COUNT, THREADS>::column(k);
                if (column >= columns) continue;
#pragma unroll
                for (int n = 0; n < N; ++n) {
                    added[column + n] = products[k][n] + (turn > 0 ? added[column + n] : W(0));
                    added[columns + column + n] = sums[k][n] + (turn > 0 ? added[columns + column + n] : W(0));
                }
            }
        __syncthreads();
    }
    for (int i = threadIdx.x; i < 2 * columns; i += BLOCK) partials[i] = added[i];
}

template <typename T, bool RMS>
__global__ void backward_long(
    const T *g, const T *x, const void *weight, bool wide, const Wide<T> *means, const Wide<T> *rstds, T *dx, i64 rows,
    i64 columns) {
    typedef Wide<T> W;
    for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
        i64 start = row * columns;
        W mean = RMS ? W(0) : means[row], rstd = rstds[row], sum = 0, product = 0;
        for (i64 column = threadIdx.x; column < columns; column += BLOCK) {
            W toward = load(g[start + column]) * parameter<T>(weight, wide, column, 1);
            sum += toward;
            product += toward * (load(x[start + column]) - mean) * rstd;
        }
        sum = RMS ? W(0) : block_sum(sum) / columns;
        product = block_sum(product) / columns;
        for (i64 column = threadIdx.x; column < columns; column += BLOCK) {
            W toward = load(g[start + column]) * parameter<T>(weight, wide, column, 1);
            W normal = (load(x[start + column]) - mean) * rstd;
            dx[start + column] = store<T>(rstd * (toward - sum - normal * product));
        }
    }
}

// Sums over a slice of rows of g n and of g, to (slices, 2, columns). A block serves 32 columns, its warps every eighth
// row of the slice.
template <typename T, bool RMS>
__global__ void slices(
    const T *g, const T *x, const Wide<T> *means, const Wide<T> *rstds, Wide<T> *partials, i64 rows, i64 columns,
    i64 rows_each) {
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
            product += toward * (load(x[row * columns + column]) - (RMS ? W(0) : means[row])) * rstds[row];
        }
    }
    parts[0][warp][lane] = product;
    parts[1][warp][lane] = sum;
    __syncthreads();
    if (warp < 2 && column < columns) {
        W total = 0;
        for (int part = 0; part < WARPS; ++part) total += parts[warp][part][lane];
        partials[(slice * 2 + warp) * columns + column] = total;
    }
}

// Adds the slices: 32 columns for a block, whose warps take every eighth slice. Either result may be null.
template <typename T>
__global__ void add_slices(const Wide<T> *partials, void *g_weight, bool wide, void *g_bias, bool wide_bias, i64 count, i64 columns) {
    typedef Wide<T> W;
    const int WARPS = BLOCK / 32;
    __shared__ W parts[2][WARPS][32];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    i64 column = (i64)blockIdx.x * 32 + lane;
    W product = 0, sum = 0;
    if (column < columns)
        for (i64 slice = warp; slice < count; slice += WARPS) {
            product += partials[slice * 2 * columns + column];
            sum += partials[(slice * 2 + 1) * columns + column];
        }
    parts[0][warp][lane] = product;
    parts[1][warp][lane] = sum;
    __syncthreads();
    if (warp >= 2 || column >= columns) return;
    W total = 0;
    for (int part = 0; part < WARPS; ++part) total += parts[warp][part][lane];
    void *result = warp == 0 ? g_weight : g_bias;
    if (!result) return;
    if (warp == 0 ? wide : wide_bias)
        static_cast<W *>(result)[column] = total;
    else
        static_cast<T *>(result)[column] = store<T>(total);
}
