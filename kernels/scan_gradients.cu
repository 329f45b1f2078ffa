// Gradients of running products and of logarithms of running sums of exponentials: one launch, without division.
//
// Both are recurrences from the end, h[i] = g[i] + a[i] h[i + 1]: a composition of affine maps, which is associative (G. E. Blelloch,
// "Prefix sums and their applications", 1990, section 1.4), so the scan of scan.cuh does it. The arrays are (outer, length, inner),
// contiguous; with inner > 1 each thread takes a column. Formulas: autograd_gpu/ops/scan.py. Halves are computed in float32.
//
// Bytes moved per element of s bytes, the least possible: 4 s (g, x, y read, the gradient written); in chunks 7 s.

#include "scan.cuh"

// h -> shift + factor h
template <typename W>
struct Affine {
    W factor, shift;
};

template <typename W>
__device__ __forceinline__ Affine<W> earlier(Affine<W> own, int distance) {
    return {earlier(own.factor, distance), earlier(own.shift, distance)};
}

template <typename W>
struct Compose {
    typedef Affine<W> State;
    static __device__ __forceinline__ State nothing() { return {1, 0}; }
    static __device__ __forceinline__ State join(State first, State then) {
        return {then.factor * first.factor, then.shift + then.factor * first.shift};
    }
};

// y[i] = y[i - 1] x[i]: a[i] = x[i + 1], and the gradient is h[i] y[i - 1]. `next` and `before`: the distance to the neighbour, 0
// where there is none.
template <typename T>
struct Product {
    typedef Wide<T> W;
    static __device__ __forceinline__ W factor(const T *x, const T *y, i64 i, i64 next) { return next ? load(x[i + next]) : W(0); }
    static __device__ __forceinline__ W gradient(W h, const T *x, const T *y, i64 i, i64 before) {
        return before ? h * load(y[i - before]) : h;
    }
};

// y[i] = log(exp(y[i - 1]) + exp(x[i])): a[i] = exp(y[i] - y[i + 1]), and the gradient is h[i] exp(x[i] - y[i]). Where nothing has
// been summed yet, y is -infinity, and 0 is taken for it: the difference would be NaN.
template <typename T>
struct LogSum {
    typedef Wide<T> W;
    static __device__ __forceinline__ W level(T y) {
        W value = load(y);
        return value == -INFINITY ? W(0) : value;
    }
    static __device__ __forceinline__ W factor(const T *x, const T *y, i64 i, i64 next) {
        return next ? exponential(load(y[i]) - level(y[i + next])) : W(0);
    }
    static __device__ __forceinline__ W gradient(W h, const T *x, const T *y, i64 i, i64 before) {
        return exponential(load(x[i]) - level(y[i])) * h;
    }
};

// A block for each chunk of a row, from the row's end. With `totals` only they are made; with `before` chunks start from there.
template <typename T, template <typename> class Of>
__global__ void rows(
    const T *g, const T *x, const T *y, T *dx, i64 count, i64 length, i64 chunk, Affine<Wide<T>> *totals,
    const Affine<Wide<T>> *before) {
    typedef Affine<Wide<T>> State;
    typedef Compose<Wide<T>> Join;
    Part part(count, length, chunk);
    if (!part.exists) return;
    i64 last = length - 1 - part.first;  // of the part, in the row
    i64 row = part.row * length;
    State total = scan_tiles<Join>(
        part.size, begin<Join>(before, part),
        [&](i64 start, State *tile) {
#pragma unroll
            for (int place = threadIdx.x; place < BLOCK * EACH; place += BLOCK) {
                i64 i = last - start - place;
                tile[place] = start + place < part.size
                    ? State{Of<T>::factor(x, y, row + i, i + 1 < length), load(g[row + i])} : Join::nothing();
            }
        },
        [&](i64 start, State *tile) {
            if (totals) return;
#pragma unroll
            for (int place = threadIdx.x; place < BLOCK * EACH; place += BLOCK) {
                i64 i = last - start - place;
                if (start + place < part.size)
                    dx[row + i] = store<T>(Of<T>::gradient(tile[place].shift, x, y, row + i, i > 0));
            }
        });
    if (totals && threadIdx.x == 0) totals[blockIdx.x] = total;
}

template <typename T>
__global__ void carry(const Affine<Wide<T>> *totals, Affine<Wide<T>> *before, i64 count, i64 chunks) {
    carry_row<Compose<Wide<T>>>(totals, before, count, chunks);
}

template <typename T, template <typename> class Of>
__global__ void columns(const T *g, const T *x, const T *y, T *dx, i64 outer, i64 length, i64 inner) {
    i64 column = thread_index();
    if (column >= outer * inner) return;
    i64 start = column / inner * length * inner + column % inner;
    Wide<T> h = 0;
    for (i64 i = length - 1; i >= 0; --i) {
        i64 at = start + i * inner;
        h = load(g[at]) + Of<T>::factor(x, y, at, i + 1 < length ? inner : 0) * h;
        dx[at] = store<T>(Of<T>::gradient(h, x, y, at, i ? inner : 0));
    }
}
