// Losses of an element of the input and one of the target, summed in the same launch or not, and their derivatives.
//
// One pass over contiguous arrays, 16 bytes at a time. The sum is one of pieces of fixed size, which the block that
// finishes last adds (see partials.cuh): one launch, in an order that does not depend on the GPU, without rounding to halves
// in between. Formulas: autograd_gpu/ops/loss.py.
//
// Bytes moved per element of s bytes, the least possible: forward 2 s (3 s unreduced), gradient 3 s.

#include "curves.cuh"
#include "partials.cuh"

template <typename W>
__device__ __forceinline__ W sign_of(W x) {
    return W(x > 0) - W(x < 0);
}

// value(x, t, a): the loss; slope(x, t, a): its derivative for x. a is the op's number.
#define LOSS(name, value_of, slope_of)                                        \
    struct name {                                                             \
        template <typename W>                                                 \
        static __device__ __forceinline__ W value(W x, W t, W a) {            \
            W d = x - t;                                                      \
            return value_of;                                                  \
        }                                                                     \
        template <typename W>                                                 \
        static __device__ __forceinline__ W slope(W x, W t, W a) {            \
            W d = x - t;                                                      \
            return slope_of;                                                  \
        }                                                                     \
    };

LOSS(Square, d * d, 2 * d)
LOSS(Distance, magnitude(d), sign_of(d))
LOSS(SmoothL1, (magnitude(d) < a ? d * d * (W(0.5) / a) : magnitude(d) - W(0.5) * a), between(d / a, W(-1), W(1)))
LOSS(Huber, (magnitude(d) <= a ? d * d * W(0.5) : (magnitude(d) - W(0.5) * a) * a), between(d, -a, a))
LOSS(
    Binary, -(t * larger(logarithm(x), W(-100)) + (1 - t) * larger(logarithm_of_1_plus(-x), W(-100))),
    d / larger(x * (1 - x), W(1e-12)))
LOSS(
    BinaryLogits, (1 - t) * x + larger(-x, W(0)) + logarithm_of_1_plus(exponential(-magnitude(x))), logistic(x) - t)
LOSS(Divergence, (t == 0 ? W(0) : t * logarithm(t)) - t * x, -t)
LOSS(LogDivergence, exponential(t) * (t - x), -exponential(t))

template <typename T, typename Loss>
__global__ void each(const T *x, const T *target, T *out, i64 count, double a) {
    typedef Wide<T> W;
    const int N = Pack<T>::size;
    W wide = (W)a;
    stream<T>(
        count, aligned(x) && aligned(target) && aligned(out),
        [&](i64 i) {
            W xs[N], ts[N];
            load_wide<N>(x + i, xs);
            load_wide<N>(target + i, ts);
#pragma unroll
            for (int n = 0; n < N; ++n) xs[n] = Loss::value(xs[n], ts[n], wide);
            store_wide<N>(out + i, xs);
        },
        [&](i64 i) { out[i] = store<T>(Loss::value(load(x[i]), load(target[i]), wide)); });
}

// dx = g share loss'(x), where g is one number or one for each element.
template <typename T, typename Loss>
__global__ void gradient(const T *g, bool one_g, const T *x, const T *target, T *dx, i64 count, double a, double share) {
    typedef Wide<T> W;
    const int N = Pack<T>::size;
    W wide = (W)a, scale = (W)share;
    if (one_g) scale *= load(g[0]);
    stream<T>(
        count, aligned(x) && aligned(target) && aligned(dx) && (one_g || aligned(g)),
        [&](i64 i) {
            W xs[N], ts[N], gs[N];
            load_wide<N>(x + i, xs);
            load_wide<N>(target + i, ts);
            if (!one_g) load_wide<N>(g + i, gs);
#pragma unroll
            for (int n = 0; n < N; ++n) xs[n] = Loss::slope(xs[n], ts[n], wide) * (one_g ? scale : scale * gs[n]);
            store_wide<N>(dx + i, xs);
        },
        [&](i64 i) {
            W own = one_g ? scale : scale * load(g[i]);
            dx[i] = store<T>(Loss::slope(load(x[i]), load(target[i]), wide) * own);
        });
}

// *out = scale * the sum of all losses.
template <typename T, typename Loss>
__global__ void total(
    const T *x, const T *target, T *out, i64 count, double a, double scale, Wide<T> *partials, unsigned *counter) {
    typedef Wide<T> W;
    const int N = Pack<T>::size, ROUNDS = PIECE / (BLOCK * N);
    W wide = (W)a, sum = 0;
    bool packs = aligned(x) && aligned(target);
    i64 start = (i64)blockIdx.x * PIECE;
    if (packs && start + PIECE <= count) {
        for (int round = 0; round < ROUNDS; ++round) {
            i64 i = start + ((i64)round * BLOCK + threadIdx.x) * N;
            W xs[N], ts[N];
            load_wide<N>(x + i, xs);
            load_wide<N>(target + i, ts);
#pragma unroll
            for (int n = 0; n < N; ++n) sum += Loss::value(xs[n], ts[n], wide);
        }
    } else {
        i64 end = min(start + PIECE, count);
        for (i64 i = start + threadIdx.x; i < end; i += BLOCK) sum += Loss::value(load(x[i]), load(target[i]), wide);
    }
    sum = block_sum(sum);
    if (gridDim.x > 1) {
        if (threadIdx.x == 0) partials[blockIdx.x] = sum;
        if (!is_last_of(counter, gridDim.x)) return;
        sum = 0;
        for (i64 i = threadIdx.x; i < gridDim.x; i += BLOCK) sum += __ldcg(partials + i);
        sum = block_sum(sum);
    }
    if (threadIdx.x == 0) *out = store<T>(sum * (W)scale);
}
