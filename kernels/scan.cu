// Running sums, running products and logarithms of running sums of exponentials, along one axis, from either end.
//
// The array is (outer, length, inner), contiguous. With inner = 1 a block takes a row, a tile of BLOCK EACH elements at a
// time, and carries what came before into the next: threads scan their own elements, warps scan the threads' totals by
// shuffles (W. D. Hillis, G. L. Steele, "Data parallel algorithms", 1986). Rows that are longer than a chunk of fixed size
// are cut: a first launch makes each chunk's total, a second scans the totals, a third starts each chunk from what
// precedes it, so results do not depend on the GPU. With inner > 1 each thread takes a column, neighbours side by side.
// Halves are computed in float32 and rounded once.
//
// Bytes moved per element of s bytes, the least possible: 2 s; in chunks 3 s.

#include "curves.cuh"
#include "pack.cuh"

const int EACH = 4;

template <typename W>
struct Plus {
    typedef W State;
    static __device__ __forceinline__ State nothing() { return 0; }
    static __device__ __forceinline__ State join(State a, State b) { return a + b; }
};

template <typename W>
struct Times {
    typedef W State;
    static __device__ __forceinline__ State nothing() { return 1; }
    static __device__ __forceinline__ State join(State a, State b) { return a * b; }
};

// log(exp(a) + exp(b))
template <typename W>
struct LogPlus {
    typedef W State;
    static __device__ __forceinline__ State nothing() { return -INFINITY; }
    static __device__ __forceinline__ State join(State a, State b) {
        W high = larger(a, b), low = a > b ? b : a;
        if (high == -INFINITY || high == INFINITY || high != high) return high;
        return high + logarithm_of_1_plus(exponential(low - high));
    }
};

template <typename W, template <typename> class Join>
__device__ __forceinline__ W from_before(W own, int distance) {
    W other = __shfl_up_sync(0xffffffffu, own, distance);
    return (int)(threadIdx.x % 32) >= distance ? Join<W>::join(other, own) : own;
}

// Scans `length` elements with a block, `backwards` from their end, starting from `carried`; nothing is written without `out`.
// Returns the total.
template <typename T, template <typename> class Join>
__device__ Wide<T> scan_row(const T *x, T *out, i64 length, bool backwards, Wide<T> carried) {
    typedef Wide<T> W;
    const int N = Pack<T>::size;
    __shared__ W totals[BLOCK / 32], tile[BLOCK * EACH];
    bool packs = aligned(x) && aligned(out) && length % N == 0;
    for (i64 start = 0; start < length; start += BLOCK * EACH) {
        W values[EACH], total = Join<W>::nothing();
        // along memory; the elements of a thread are neighbours after that
        if (packs) {
            for (int place = threadIdx.x * N; place < BLOCK * EACH; place += BLOCK * N) {
                W some[N];
#pragma unroll
                for (int n = 0; n < N; ++n) some[n] = Join<W>::nothing();
                if (start + place < length) load_wide<N>(x + (backwards ? length - N - (start + place) : start + place), some);
#pragma unroll
                for (int n = 0; n < N; ++n) tile[place + (backwards ? N - 1 - n : n)] = some[n];
            }
        } else {
#pragma unroll
            for (int n = 0; n < EACH; ++n) {
                i64 i = start + n * BLOCK + threadIdx.x;
                tile[n * BLOCK + threadIdx.x] = i < length ? load(x[backwards ? length - 1 - i : i]) : Join<W>::nothing();
            }
        }
        __syncthreads();
#pragma unroll
        for (int n = 0; n < EACH; ++n) {
            values[n] = tile[threadIdx.x * EACH + n];
            total = n ? Join<W>::join(total, values[n]) : values[n];
            values[n] = total;
        }
        W scanned = total;
#pragma unroll
        for (int distance = 1; distance < 32; distance *= 2) scanned = from_before<W, Join>(scanned, distance);
        if (threadIdx.x % 32 == 31) totals[threadIdx.x / 32] = scanned;
        __syncthreads();
        W before = carried;
        for (int warp = 0; warp < (int)threadIdx.x / 32; ++warp) before = Join<W>::join(before, totals[warp]);
        W all = carried;
        for (int warp = 0; warp < BLOCK / 32; ++warp) all = Join<W>::join(all, totals[warp]);
        W left = __shfl_up_sync(0xffffffffu, scanned, 1);
        if (threadIdx.x % 32) before = Join<W>::join(before, left);
#pragma unroll
        for (int n = 0; n < EACH; ++n) tile[threadIdx.x * EACH + n] = Join<W>::join(before, values[n]);
        carried = all;
        __syncthreads();
        if (out && packs) {
            for (int place = threadIdx.x * N; place < BLOCK * EACH && start + place < length; place += BLOCK * N) {
                W some[N];
#pragma unroll
                for (int n = 0; n < N; ++n) some[n] = tile[place + (backwards ? N - 1 - n : n)];
                store_wide<N>(out + (backwards ? length - N - (start + place) : start + place), some);
            }
        } else if (out) {
#pragma unroll
            for (int n = 0; n < EACH; ++n) {
                i64 i = start + n * BLOCK + threadIdx.x;
                if (i < length) out[backwards ? length - 1 - i : i] = store<T>(tile[n * BLOCK + threadIdx.x]);
            }
        }
        __syncthreads();
    }
    return carried;
}

// A block for each chunk of a row. With `totals` only they are made; with `before` chunks start from there.
template <typename T, template <typename> class Join>
__global__ void rows(
    const T *x, T *out, i64 count, i64 length, i64 chunk, bool backwards, Wide<T> *totals, const Wide<T> *before) {
    typedef Wide<T> W;
    i64 chunks = (length + chunk - 1) / chunk, row = blockIdx.x / chunks, part = blockIdx.x - row * chunks;
    if (row >= count) return;
    i64 start = part * chunk, size = min(chunk, length - start);
    i64 at = row * length + (backwards ? length - start - size : start);
    W carried = before && part ? before[blockIdx.x - 1] : Join<W>::nothing();
    carried = scan_row<T, Join>(x + at, totals ? (T *)nullptr : out + at, size, backwards, carried);
    if (totals && threadIdx.x == 0) totals[blockIdx.x] = carried;
}

template <typename T, template <typename> class Join>
__global__ void columns(const T *x, T *out, i64 outer, i64 length, i64 inner, bool backwards) {
    typedef Wide<T> W;
    i64 column = thread_index();
    if (column >= outer * inner) return;
    i64 start = column / inner * length * inner + column % inner;
    W carried = Join<W>::nothing();
    for (i64 i = 0; i < length; ++i) {
        i64 at = start + (backwards ? length - 1 - i : i) * inner;
        carried = Join<W>::join(carried, load(x[at]));
        out[at] = store<T>(carried);
    }
}
