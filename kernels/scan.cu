// Running sums, running products and logarithms of running sums of exponentials, along one axis, from either end.
//
// The array is (outer, length, inner), contiguous. With inner = 1 a block takes a row, or a chunk of one (see scan.cuh). With inner >
// 1 each thread takes a column, neighbours side by side. Halves are computed in float32 and rounded once.
//
// Bytes moved per element of s bytes, the least possible: 2 s; in chunks 3 s.

#include "curves.cuh"
#include "pack.cuh"
#include "scan.cuh"

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

// A block for each chunk of a row. With `totals` only they are made; with `before` chunks start from there.
template <typename T, template <typename> class Join>
__global__ void rows(
    const T *x, T *out, i64 count, i64 length, i64 chunk, Wide<T> *totals, const Wide<T> *before, bool backwards) {
    typedef Wide<T> W;
    const int N = Pack<T>::size;
    Part part(count, length, chunk);
    if (!part.exists) return;
    i64 size = part.size, at = part.row * length + (backwards ? length - part.first - size : part.first);
    x += at;
    out = totals ? (T *)nullptr : out + at;
    bool packs = aligned(x) && aligned(out) && size % N == 0;
    W total = scan_tiles<Join<W>>(
        size, begin<Join<W>>(before, part),
        [&](i64 start, W *tile) {
            if (packs) {
                for (int place = threadIdx.x * N; place < BLOCK * EACH; place += BLOCK * N) {
                    W some[N];
#pragma unroll
                    for (int n = 0; n < N; ++n) some[n] = Join<W>::nothing();
                    if (start + place < size) load_wide<N>(x + (backwards ? size - N - (start + place) : start + place), some);
#pragma unroll
                    for (int n = 0; n < N; ++n) tile[place + (backwards ? N - 1 - n : n)] = some[n];
                }
                return;
            }
#pragma unroll
            for (int place = threadIdx.x; place < BLOCK * EACH; place += BLOCK) {
                i64 i = start + place;
                tile[place] = i < size ? load(x[backwards ? size - 1 - i : i]) : Join<W>::nothing();
            }
        },
        [&](i64 start, W *tile) {
            if (!out) return;
            if (packs) {
                for (int place = threadIdx.x * N; place < BLOCK * EACH && start + place < size; place += BLOCK * N) {
                    W some[N];
#pragma unroll
                    for (int n = 0; n < N; ++n) some[n] = tile[place + (backwards ? N - 1 - n : n)];
                    store_wide<N>(out + (backwards ? size - N - (start + place) : start + place), some);
                }
                return;
            }
#pragma unroll
            for (int place = threadIdx.x; place < BLOCK * EACH; place += BLOCK) {
                i64 i = start + place;
                if (i < size) out[backwards ? size - 1 - i : i] = store<T>(tile[place]);
            }
        });
    if (totals && threadIdx.x == 0) totals[blockIdx.x] = total;
}

template <typename T, template <typename> class Join>
__global__ void carry(const Wide<T> *totals, Wide<T> *before, i64 count, i64 chunks) {
    carry_row<Join<Wide<T>>>(totals, before, count, chunks);
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
