// Cross-entropy of class indices, with class weights, label smoothing and ignored labels, forward and backward.
//
// The array is (outer, classes, inner), contiguous; a row runs over `classes`. Forward makes a loss and a weight for each
// row from one pass over it (maximum and sum of exponentials together, see online.cuh); the block that finishes last adds
// what the blocks have, in a fixed order (see partials.cuh). Backward makes the softmax again from the two numbers that
// forward kept for each row and subtracts the target. Rows of up to 32 classes and rows with inner > 1 get one thread each,
// others a warp or, above 1024 classes, a block. The principle is that of llm.c's fused classifier (A. Karpathy).
// Formulas: autograd_gpu/ops/cross_entropy.py. Halves are computed in float32. A label that is neither a class nor ignored
// makes the loss and its row's gradient NaN.
//
// Bytes moved per element of s bytes, the least possible: forward s, backward 2 s; and about 40 for each row.

#include "online.cuh"
#include "partials.cuh"

// What all rows share.
template <typename T>
struct Problem {
    const T *x;
    const i64 *target;
    const T *weight;  // or null: all classes count the same
    i64 classes, ignored;
    Wide<T> smoothing;

    __device__ __forceinline__ Wide<T> weight_of(i64 label) const {
        return label < 0 || label >= classes ? Wide<T>(NAN) : weight ? load(weight[label]) : Wide<T>(1);
    }
};

// Sums of a class's weight and of its weighted logit, for smoothing.
template <typename W>
struct Smooth {
    W weights, logits;

    template <typename T>
    __device__ __forceinline__ void add(const Problem<T> &problem, i64 column, W x) {
        W weight = problem.weight ? load(problem.weight[column]) : W(1);
        weights += weight;
        if (weight != 0) logits += weight * x;
    }
};

// How the losses of all rows become one: the sum, or the sum divided by that of the weights, of partial sums for each block in
// the block that finishes last. Nothing without `loss`. Every thread of a block must come to `add`.
template <typename T>
struct Ending {
    typedef Wide<T> W;
    T *loss;
    W *divisor;  // where the sum of the weights goes
    TwoSums<W> *partials;
    unsigned *counter;
    i64 mean;

    __device__ __forceinline__ void add(TwoSums<W> both) const {
        if (!loss) return;
        merge_block(both);
        if (gridDim.x > 1) {
            if (threadIdx.x == 0) partials[blockIdx.x] = both;
            if (!is_last_of(counter, gridDim.x)) return;
            both = TwoSums<W>();
            for (i64 from = threadIdx.x; from < gridDim.x; from += BLOCK) both.merge(load_fresh(partials + from));
            merge_block(both);
        }
        if (threadIdx.x != 0) return;
        *loss = store<T>(mean ? both.first / both.second : both.first);
        *divisor = both.second;
    }
};

// Writes what forward keeps of a row.
template <typename T>
__device__ __forceinline__ void finish(
    const Problem<T> &problem, i64 row, i64 start, i64 step, const Norm<Wide<T>> &norm, const Smooth<Wide<T>> &smooth,
    T *losses, Wide<T> *highest, Wide<T> *total, TwoSums<Wide<T>> &both) {
    typedef Wide<T> W;
    i64 label = problem.target[row];
    W loss = 0, weight = 0;
    if (label != problem.ignored) {
        weight = problem.weight_of(label);
        W log_total = logarithm(norm.sum);
        W picked = weight == weight ? load(problem.x[start + label * step]) - norm.highest : W(NAN);
        loss = (log_total - picked) * weight;
        if (problem.smoothing != 0) {
            W others = smooth.weights * (log_total + norm.highest) - smooth.logits;
            loss = loss * (1 - problem.smoothing) + others * (problem.smoothing / problem.classes);
        }
    }
    if (losses) losses[row] = store<T>(loss);
    both.first = loss;
    both.second = weight;
    highest[row] = norm.highest;
    total[row] = norm.sum;
}

// One thread for each row.
template <typename T>
__global__ void forward_columns(
    const T *x, const i64 *target, const T *weight, i64 classes, i64 ignored, Wide<T> smoothing, i64 outer, i64 inner,
    T *losses, Wide<T> *highest, Wide<T> *total, Ending<T> ending) {
    typedef Wide<T> W;
    i64 row = thread_index();
    TwoSums<W> both;
    if (row >= outer * inner) {
        ending.add(both);
        return;
    }
    Problem<T> problem{x, target, weight, classes, ignored, smoothing};
    i64 start = row / inner * classes * inner + row % inner;
    Norm<W> norm;
    Smooth<W> smooth{0, 0};
    for (i64 column = 0; column < classes; ++column) {
        W value = load(x[start + column * inner]);
        norm.add(value);
        if (smoothing != 0) smooth.add(problem, column, value);
    }
    finish(problem, row, start, inner, norm, smooth, losses, highest, total, both);
    ending.add(both);
}

// THREADS threads for each row, a warp or a block; N neighbours at a time.
template <typename T, int THREADS, int N>
__global__ void forward_rows(
    const T *x, const i64 *target, const T *weight, i64 classes, i64 ignored, Wide<T> smoothing, i64 rows,
    T *losses, Wide<T> *highest, Wide<T> *total, Ending<T> ending) {
    typedef Wide<T> W;
    i64 row = thread_index() / THREADS;
    Problem<T> problem{x, target, weight, classes, ignored, smoothing};
    i64 start = row * classes;
    Norm<W> norm;
    Smooth<W> smooth{0, 0};
    if (row < rows)
        for (i64 column = threadIdx.x % THREADS * N; column < classes; column += THREADS * N) {
            W values[N];
            load_wide<N>(x + start + column, values);
#pragma unroll
            for (int n = 0; n < N; ++n) {
                norm.add(values[n]);
                if (smoothing != 0) smooth.add(problem, column + n, values[n]);
            }
        }
    if (THREADS == 32) {
        norm.merge_warp();
        if (smoothing != 0) smooth = {warp_sum(smooth.weights), warp_sum(smooth.logits)};
    } else {
        norm.merge_block();
        if (smoothing != 0) smooth = {block_sum(smooth.weights), block_sum(smooth.logits)};
    }
    TwoSums<W> both;
    if (row < rows && threadIdx.x % THREADS == 0)
        finish(problem, row, start, 1, norm, smooth, losses, highest, total, both);
    ending.add(both);
}

// What the gradient of a row is made of: on_all * softmax - smoothed * weight - on_target at the target.
template <typename T>
struct RowGradient {
    typedef Wide<T> W;
    i64 label;
    W highest, on_target, on_all, smoothed;

    __device__ __forceinline__ void make(
        const Problem<T> &problem, const T *g, bool one_g, const W *divisor, const W *weight_sum, const W *highests,
        const W *total, i64 row) {
        label = problem.target[row];
        highest = highests[row];
        on_target = on_all = smoothed = 0;
        if (label == problem.ignored) return;
        W share = load(g[one_g ? 0 : row]) / (divisor ? *divisor : W(1));
        on_target = share * problem.weight_of(label) * (1 - problem.smoothing);
        smoothed = share * (problem.smoothing / problem.classes);
        on_all = on_target;
        if (problem.smoothing != 0) on_all += smoothed * (weight_sum ? *weight_sum : W(problem.classes));
        on_all /= total[row];
    }

    __device__ __forceinline__ W of(const Problem<T> &problem, W x, i64 column) const {
        if (label == problem.ignored) return 0;
        W result = exponential(x - highest) * on_all;
        if (problem.smoothing != 0) result -= smoothed * (problem.weight ? load(problem.weight[column]) : W(1));
        return column == label ? result - on_target : result;
    }
};

template <typename T>
__global__ void backward_columns(
    const T *x, const i64 *target, const T *weight, i64 classes, i64 ignored, Wide<T> smoothing, i64 outer, i64 inner,
    const T *g, bool one_g, const Wide<T> *divisor, const Wide<T> *weight_sum, const Wide<T> *highest,
    const Wide<T> *total, T *dx) {
    i64 row = thread_index();
    if (row >= outer * inner) return;
    Problem<T> problem{x, target, weight, classes, ignored, smoothing};
    RowGradient<T> gradient;
    gradient.make(problem, g, one_g, divisor, weight_sum, highest, total, row);
    i64 start = row / inner * classes * inner + row % inner;
    for (i64 column = 0; column < classes; ++column) {
        i64 at = start + column * inner;
        dx[at] = store<T>(gradient.of(problem, load(x[at]), column));
    }
}

template <typename T, int THREADS, int N>
__global__ void backward_rows(
    const T *x, const i64 *target, const T *weight, i64 classes, i64 ignored, Wide<T> smoothing, i64 rows, const T *g,
    bool one_g, const Wide<T> *divisor, const Wide<T> *weight_sum, const Wide<T> *highest, const Wide<T> *total, T *dx) {
    __shared__ RowGradient<T> shared[BLOCK / THREADS];
    i64 row = thread_index() / THREADS;
    Problem<T> problem{x, target, weight, classes, ignored, smoothing};
    if (row < rows && threadIdx.x % THREADS == 0)
        shared[threadIdx.x / THREADS].make(problem, g, one_g, divisor, weight_sum, highest, total, row);
    __syncthreads();
    if (row >= rows) return;
    RowGradient<T> gradient = shared[threadIdx.x / THREADS];
    for (i64 column = threadIdx.x % THREADS * N; column < classes; column += THREADS * N) {
        i64 at = row * classes + column;
        Wide<T> values[N];
        load_wide<N>(x + at, values);
#pragma unroll
        for (int n = 0; n < N; ++n) values[n] = gradient.of(problem, values[n], column + n);
        store_wide<N>(dx + at, values);
    }
}
