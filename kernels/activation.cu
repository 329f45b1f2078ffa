// Activation functions, forward and backward, alone or behind the addition of a bias.
//
// One pass over contiguous arrays, 16 bytes at a time; the functions are those of curves.cuh. Behind a bias, the array is
// (rows, columns) with a bias for each column; backward computes the gradient for the sum and, in the same launch, its
// column sums, which are the gradient for the bias (see partials.cuh). Halves are computed in float32 and rounded once.
//
// Bytes moved per element of s bytes, the least possible: forward 2 s, backward 3 s, and 16 / rows_of_a_slice for the
// partial sums.

#include "curves.cuh"
#include "partials.cuh"

template <typename T, typename Curve>
__global__ void forward(const T *x, T *out, i64 count, double a, double b) {
    typedef Wide<T> W;
    const int N = Pack<T>::size;
    W wide_a = (W)a, wide_b = (W)b;
    stream<T>(
        count, aligned(x) && aligned(out),
        [&](i64 i) {
            W values[N];
            load_wide<N>(x + i, values);
#pragma unroll
            for (int n = 0; n < N; ++n) values[n] = Curve::value(values[n], wide_a, wide_b);
            store_wide<N>(out + i, values);
        },
        [&](i64 i) { out[i] = store<T>(Curve::value(load(x[i]), wide_a, wide_b)); });
}

template <typename T, typename Curve>
__global__ void backward(const T *g, const T *kept, T *dx, i64 count, double a, double b) {
    typedef Wide<T> W;
    const int N = Pack<T>::size;
    W wide_a = (W)a, wide_b = (W)b;
    stream<T>(
        count, aligned(g) && aligned(kept) && aligned(dx),
        [&](i64 i) {
            W gs[N], values[N];
            load_wide<N>(g + i, gs);
            load_wide<N>(kept + i, values);
#pragma unroll
            for (int n = 0; n < N; ++n) values[n] = Curve::slope(gs[n], values[n], wide_a, wide_b);
            store_wide<N>(dx + i, values);
        },
        [&](i64 i) { dx[i] = store<T>(Curve::slope(load(g[i]), load(kept[i]), wide_a, wide_b)); });
}

// out = curve(x + bias): N neighbours of ROWS rows for each thread.
template <typename T, int N, typename Curve>
__global__ void bias_forward(const T *x, const T *bias, T *out, i64 rows, i64 columns) {
    typedef Wide<T> W;
    const int ROWS = 8;
    i64 units = columns / N, first = thread_index() / units * ROWS, column = thread_index() % units * N;
    if (first >= rows) return;
    W values[N], shifts[N];
    load_wide<N>(bias + column, shifts);
    for (i64 row = first; row < min(first + ROWS, rows); ++row) {
        load_wide<N>(x + row * columns + column, values);
#pragma unroll
        for (int n = 0; n < N; ++n) values[n] = Curve::value(values[n] + shifts[n], W(0), W(0));
        store_wide<N>(out + row * columns + column, values);
    }
}

// dz = g curve'(x + bias), and its column sums.
template <typename T, int N, typename Curve>
__global__ void bias_backward(
    const T *g, const T *x, const T *bias, T *dz, T *dbias, i64 rows, i64 columns, i64 rows_each, Sum<Wide<T>> *partials,
    unsigned *counters) {
    typedef Wide<T> W;
    W shifts[N];
    bool ready = false;  // a thread's columns are the same for all its rows
    merge_columns<Sum<W>, N>(
        rows, columns, rows_each, partials, counters,
        [&](i64, i64 row, i64 column, Sum<W> (&sums)[N]) {
            i64 i = row * columns + column;
            W gs[N], values[N];
            if (!ready) load_wide<N>(bias + column, shifts);
            ready = true;
            load_wide<N>(g + i, gs);
            load_wide<N>(x + i, values);
#pragma unroll
            for (int n = 0; n < N; ++n) {
                W z = values[n] + shifts[n];
                values[n] = Curve::slope(gs[n], Curve::OUT ? Curve::value(z, W(0), W(0)) : z, W(0), W(0));
                sums[n].total += values[n];
            }
            store_wide<N>(dz + i, values);
        },
        [&](i64, i64 column, Sum<W> (&sums)[N]) {
            W totals[N];
#pragma unroll
            for (int n = 0; n < N; ++n) totals[n] = sums[n].total;
            store_wide<N>(dbias + column, totals);
        });
}
