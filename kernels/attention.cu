// What attention does with its scores between two matrix products: scale, mask, softmax and dropout forward, and backward the
// gradient for the scores from that for the probabilities, each in one launch.
//
// Scores are a block (images, queries, keys) of all scores, contiguous, in the wide type; a row runs over the keys. A warp,
// or a block for more than 512 keys, keeps a row in registers, four neighbours for each thread; above 4096 keys
// it goes over it three times instead. Maximum and sum first, then the weights: the softmax of softmax.cu. What dropout
// keeps is a function of an element's place among all scores, so it does not depend on how they are cut into blocks, and
// is the CPU's, bit for bit (philox.cuh). A query that may see no key gets weights 0 and the logarithm +infinity.
// Formulas: A. Vaswani et al., "Attention is all you need" (2017); gradients as in T. Dao et al., "FlashAttention" (2022):
// ds = p (dp - sum(p dp)).
//
// Bytes moved per score, w of the wide type and s of the arrays', the least possible between two products: forward w + s,
// backward 2 w + 2 s.

#include "philox.cuh"
#include "rows.cuh"

struct Mask {
    const void *values;
    int kind;  // 0: none, 1: bool, 2: numbers of the arrays' type, 3: of the wide type
    int unused;
    i64 sizes[4], steps[4];  // of the leading axes, together the images
    i64 query_step, key_step;
};

struct Problem {
    i64 first_image, first_query, images, queries;  // of this block
    i64 all_queries, keys;
    u64 seed, offset;
    double scale, kept_scale;
    unsigned threshold;
    int dropped;  // whether there is dropout
    int causal;
    int unused;
};

// A row: where it is, and what its elements are.
template <typename T>
struct Row {
    typedef Wide<T> W;
    const Problem &problem;
    const Mask &mask;
    i64 query, place, mask_place;
    W scale, kept_scale;

    __device__ __forceinline__ Row(const Problem &problem, const Mask &mask, i64 row)
        : problem(problem), mask(mask), scale((W)problem.scale), kept_scale((W)problem.kept_scale) {
        i64 image = row / problem.queries;
        query = problem.first_query + row - image * problem.queries;
        image += problem.first_image;
        place = (image * problem.all_queries + query) * problem.keys;
        mask_place = query * mask.query_step;
        if (mask.kind)
            for (int axis = 3; axis >= 0; --axis) {
                i64 outer = image / mask.sizes[axis];
                mask_place += (image - outer * mask.sizes[axis]) * mask.steps[axis];
                image = outer;
            }
    }

    // Scores, scaled and masked: as many neighbours as there are keys.
    template <int N>
    __device__ __forceinline__ void see(i64 key, W (&scores)[N]) const {
#pragma unroll
        for (int n = 0; n < N; ++n) scores[n] = problem.causal && key + n > query ? W(-INFINITY) : scores[n] * scale;
        if (!mask.kind) return;
#pragma unroll
        for (int n = 0; n < N; ++n) {
            if (key + n >= problem.keys) continue;
            i64 at = mask_place + (key + n) * mask.key_step;
            if (mask.kind == 1)
                scores[n] = static_cast<const bool *>(mask.values)[at] ? scores[n] : W(-INFINITY);
            else
                scores[n] += mask.kind == 2 ? load(static_cast<const T *>(mask.values)[at])
                                            : static_cast<const W *>(mask.values)[at];
        }
    }

    __device__ __forceinline__ W seen(W score, i64 key) const {
        W one[1] = {score};
        see(key, one);
        return one[0];
    }

    // What dropout multiplies four neighbours with.
    __device__ __forceinline__ void factors(i64 key, W (&result)[4]) const {
        if (!problem.dropped) {
#pragma unroll
            for (int n = 0; n < 4; ++n) result[n] = 1;
            return;
        }
        u64 first = place + key;
        unsigned begins = first % 4;
#pragma unroll 1
        for (unsigned quad = 0; quad < (begins ? 2 : 1); ++quad) {
            Words words = philox<1>(first / 4 + quad, problem.offset, problem.seed);
#pragma unroll
            for (int lane = 0; lane < 4; ++lane) {
                W factor = words.lane[lane] >= problem.threshold ? kept_scale : W(0);
#pragma unroll
                for (int n = 0; n < 4; ++n)
                    if (begins + n == 4 * quad + lane) result[n] = factor;
            }
        }
    }
};

// Four neighbours of a row, of which `keys - key` exist; whole ones at once where rows allow it.
template <typename T>
struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) Four {
    T at[4];
};

template <typename T>
__device__ __forceinline__ void load_four(const T *row, i64 key, i64 keys, Wide<T> (&values)[4]) {
    if (keys % 4 == 0) {
        Four<T> four = *reinterpret_cast<const Four<T> *>(row + key);
#pragma unroll
        for (int n = 0; n < 4; ++n) values[n] = load(four.at[n]);
    } else {
#pragma unroll
        for (int n = 0; n < 4; ++n) values[n] = key + n < keys ? load(row[key + n]) : Wide<T>(0);
    }
}

template <typename T>
__device__ __forceinline__ void store_four(T *row, i64 key, i64 keys, const Wide<T> (&values)[4]) {
    if (keys % 4 == 0) {
        Four<T> four;
#pragma unroll
        for (int n = 0; n < 4; ++n) four.at[n] = store<T>(values[n]);
        *reinterpret_cast<Four<T> *>(row + key) = four;
    } else {
#pragma unroll
        for (int n = 0; n < 4; ++n)
            if (key + n < keys) row[key + n] = store<T>(values[n]);
    }
}

// Weights, and the logarithm of the sum of exponentials of each query. `weights` may be `scores`.
template <typename T, int THREADS, int FOURS>
__global__ void forward(const Wide<T> *scores, T *weights, Wide<T> *lse, Problem problem, Mask mask) {
    typedef Wide<T> W;
    i64 index = thread_index() / THREADS, keys = problem.keys;
    if (index >= problem.images * problem.queries) return;
    Row<T> row(problem, mask, index);
    const W *from = scores + index * keys;
    T *to = weights + index * keys;
    int first = threadIdx.x % THREADS * 4;
    W values[FOURS][4], highest = -INFINITY, sum = 0;
#pragma unroll
    for (int i = 0; i < FOURS; ++i) {
        i64 key = i * (4 * THREADS) + first;
        if (key < keys) {
            load_four(from, key, keys, values[i]);
            row.see(key, values[i]);
        }
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            if (key + n >= keys) values[i][n] = -INFINITY;
            highest = larger(highest, values[i][n]);
        }
    }
    highest = team_max<THREADS>(highest);
    W level = highest == -INFINITY ? W(0) : highest;
#pragma unroll
    for (int i = 0; i < FOURS; ++i)
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            values[i][n] = exponential(values[i][n] - level);
            sum += values[i][n];
        }
    sum = team_sum<THREADS>(sum);
    W share = sum == 0 ? W(0) : 1 / sum;
#pragma unroll
    for (int i = 0; i < FOURS; ++i) {
        i64 key = i * (4 * THREADS) + first;
        if (key >= keys) continue;
        W factor[4];
        row.factors(key, factor);
#pragma unroll
        for (int n = 0; n < 4; ++n) factor[n] *= values[i][n] * share;
        store_four(to, key, keys, factor);
    }
    if (threadIdx.x % THREADS == 0) lse[index] = sum == 0 ? W(INFINITY) : logarithm(sum) + level;
}

template <typename T>
__global__ void forward_long(const Wide<T> *scores, T *weights, Wide<T> *lse, Problem problem, Mask mask) {
    typedef Wide<T> W;
    i64 index = blockIdx.x, keys = problem.keys;
    Row<T> row(problem, mask, index);
    const W *from = scores + index * keys;
    T *to = weights + index * keys;
    W highest = -INFINITY, sum = 0;
    for (i64 key = threadIdx.x; key < keys; key += BLOCK) highest = larger(highest, row.seen(from[key], key));
    highest = team_max<BLOCK>(highest);
    W level = highest == -INFINITY ? W(0) : highest;
    for (i64 key = threadIdx.x; key < keys; key += BLOCK) sum += exponential(row.seen(from[key], key) - level);
    sum = block_sum(sum);
    W share = sum == 0 ? W(0) : 1 / sum;
    for (i64 key = 4 * threadIdx.x; key < keys; key += 4 * BLOCK) {
        W values[4], factor[4];
        load_four(from, key, keys, values);
        row.factors(key, factor);
#pragma unroll
        for (int n = 0; n < 4; ++n)
            if (key + n < keys) factor[n] *= exponential(row.seen(values[n], key + n) - level) * share;
        store_four(to, key, keys, factor);
    }
    if (threadIdx.x == 0) lse[index] = sum == 0 ? W(INFINITY) : logarithm(sum) + level;
}

// From scores and the gradient for the dropped-out weights: these weights again, the gradient for the products of query and
// key, and (where asked for) that for the mask. `towards` is null where only the weights are wanted. Results may replace
// what they come from.
template <typename T, int THREADS, int FOURS>
__global__ void backward(
    const Wide<T> *scores, const Wide<T> *towards, const Wide<T> *lse, T *weights, T *products, Wide<T> *for_mask,
    Problem problem, Mask mask) {
    typedef Wide<T> W;
    i64 index = thread_index() / THREADS, keys = problem.keys;
    if (index >= problem.images * problem.queries) return;
    Row<T> row(problem, mask, index);
    i64 start = index * keys;
    int first = threadIdx.x % THREADS * 4;
    W level = threadIdx.x % 32 == 0 ? lse[index] : W(0), p[FOURS][4], dp[FOURS][4], sum = 0;
    level = __shfl_sync(0xffffffffu, level, 0);
#pragma unroll
    for (int i = 0; i < FOURS; ++i) {
        i64 key = i * (4 * THREADS) + first;
        if (key >= keys) continue;
        W factor[4];
        load_four(scores + start, key, keys, p[i]);
        if (towards) load_four(towards + start, key, keys, dp[i]);
        row.factors(key, factor);
        row.see(key, p[i]);
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            if (key + n >= keys) continue;
            p[i][n] = exponential(p[i][n] - level);
            if (towards) {
                dp[i][n] *= factor[n];
                sum += p[i][n] * dp[i][n];
            }
            factor[n] *= p[i][n];
        }
        if (weights) store_four(weights + start, key, keys, factor);
    }
    if (!towards) return;
    sum = team_sum<THREADS>(sum);
#pragma unroll
    for (int i = 0; i < FOURS; ++i) {
        i64 key = i * (4 * THREADS) + first;
        if (key >= keys) continue;
#pragma unroll
        for (int n = 0; n < 4; ++n) dp[i][n] = p[i][n] * (dp[i][n] - sum);
        if (for_mask) store_four(for_mask + start, key, keys, dp[i]);
#pragma unroll
        for (int n = 0; n < 4; ++n) dp[i][n] *= row.scale;
        store_four(products + start, key, keys, dp[i]);
    }
}

template <typename T>
__global__ void backward_long(
    const Wide<T> *scores, const Wide<T> *towards, const Wide<T> *lse, T *weights, T *products, Wide<T> *for_mask,
    Problem problem, Mask mask) {
    typedef Wide<T> W;
    i64 index = blockIdx.x, keys = problem.keys;
    Row<T> row(problem, mask, index);
    i64 start = index * keys;
    W level = lse[index], sum = 0, p[4], dp[4], factor[4];
    if (towards)
        for (i64 key = 4 * threadIdx.x; key < keys; key += 4 * BLOCK) {
            load_four(scores + start, key, keys, p);
            load_four(towards + start, key, keys, dp);
            row.factors(key, factor);
#pragma unroll
            for (int n = 0; n < 4; ++n)
                if (key + n < keys) sum += exponential(row.seen(p[n], key + n) - level) * dp[n] * factor[n];
        }
    sum = block_sum(sum);
    for (i64 key = 4 * threadIdx.x; key < keys; key += 4 * BLOCK) {
        load_four(scores + start, key, keys, p);
        row.factors(key, factor);
        if (towards) load_four(towards + start, key, keys, dp);
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            if (key + n >= keys) continue;
            p[n] = exponential(row.seen(p[n], key + n) - level);
            if (towards) dp[n] = p[n] * (dp[n] * factor[n] - sum);
            factor[n] *= p[n];
        }
        if (weights) store_four(weights + start, key, keys, factor);
        if (!towards) continue;
        if (for_mask) store_four(for_mask + start, key, keys, dp);
#pragma unroll
        for (int n = 0; n < 4; ++n) dp[n] *= row.scale;
        store_four(products + start, key, keys, dp);
    }
}
