// Sums over some axes of a contiguous array, in one launch: the gradients of what was broadcast, of biases, of means.
//
// Two forms cover what there is once neighbouring axes are made one: planes, (images, channels, places) summed to
// (channels), of which rows are the case of one image; and columns, (outer, length, inner) summed to (outer, inner). Both
// read along memory, 16 bytes at a time where addresses allow it, and add slices of fixed size in a fixed order (see
// partials.cuh). Halves are summed in float32 and rounded once.
//
// Bytes moved per element of s bytes, the least possible: s, and 8 / rows_of_a_slice for the partial sums of columns.

#include "partials.cuh"

template <typename T>
struct Result {
    typedef Wide<T> W;
    void *out;
    bool wide;  // whether results are of the wide type
    W divisor;

    __device__ __forceinline__ void write(i64 i, W total) const {
        total /= divisor;
        if (wide)
            static_cast<W *>(out)[i] = total;
        else
            static_cast<T *>(out)[i] = store<T>(total);
    }
};

template <typename T, int N, bool WARP>
__global__ void planes(
    const T *x, void *out, bool wide, Wide<T> divisor, i64 images, i64 channels, i64 places, i64 segments_each,
    Sum<Wide<T>> *partials, unsigned *counters) {
    typedef Wide<T> W;
    Result<T> result{out, wide, divisor};
    merge_planes<Sum<W>, N, WARP>(
        images, channels, places, segments_each, partials, counters,
        [&](i64, i64 i, Sum<W> &sum) {
            W values[N];
            load_wide<N>(x + i, values);
#pragma unroll
            for (int n = 0; n < N; ++n) sum.total += values[n];
        },
        [&](i64 channel, Sum<W> sum) { result.write(channel, sum.total); });
}

template <typename T, int N>
__global__ void columns(
    const T *x, void *out, bool wide, Wide<T> divisor, i64 length, i64 inner, i64 rows_each, Sum<Wide<T>> *partials,
    unsigned *counters) {
    typedef Wide<T> W;
    Result<T> result{out, wide, divisor};
    merge_columns<Sum<W>, N>(
        length, inner, rows_each, partials, counters,
        [&](i64 outer, i64 row, i64 column, Sum<W> (&sums)[N]) {
            W values[N];
            load_wide<N>(x + (outer * length + row) * inner + column, values);
#pragma unroll
            for (int n = 0; n < N; ++n) sums[n].total += values[n];
        },
        [&](i64 outer, i64 column, Sum<W> (&sums)[N]) {
            if (wide) {
                for (int n = 0; n < N; ++n) result.write(outer * inner + column + n, sums[n].total);
            } else {
                W totals[N];
#pragma unroll
                for (int n = 0; n < N; ++n) totals[n] = sums[n].total / divisor;
                store_wide<N>(static_cast<T *>(out) + outer * inner + column, totals);
            }
        });
}
