// Batch normalisation: statistics of each channel, their running averages, the normalised output, and the gradients.
//
// The array is (images, channels, places), contiguous; with one place it is read as columns, else as planes (see
// partials.cuh). Statistics come from one pass, as merged moments: no difference of mean square and squared mean, which
// would lose all digits where the mean is large. Formulas: S. Ioffe, C. Szegedy, "Batch normalization" (2015); those of
// autograd_gpu/device/portable/norm.py. Halves are computed in float32 and rounded once; parameters of a half array may be
// float32.
//
// With given statistics (evaluation), or none (the affine part of group and instance normalisation), it is one launch each way.
//
// Bytes moved per element of s bytes, the least possible in two launches each way: forward s + 2 s, backward 2 s + 3 s; with given
// statistics forward 2 s, backward 3 s.

#include "partials.cuh"

// A vector of parameters, of the array's type or of the wide one; null stands for `missing`.
template <typename T>
__device__ __forceinline__ Wide<T> parameter(const void *vector, bool wide, i64 i, Wide<T> missing) {
    if (!vector) return missing;
    return wide ? static_cast<const Wide<T> *>(vector)[i] : load(static_cast<const T *>(vector)[i]);
}

template <typename T, int N, bool WARP>
__global__ void statistics_planes(
    const T *x, Wide<T> *mean, Wide<T> *var, i64 images, i64 channels, i64 places, i64 segments_each,
    Moments<Wide<T>> *partials, unsigned *counters) {
    typedef Wide<T> W;
    merge_planes<Moments<W>, N, WARP>(
        images, channels, places, segments_each, partials, counters,
        [&](i64, i64 i, Moments<W> &moments) {
            W values[N];
            load_wide<N>(x + i, values);
#pragma unroll
            for (int n = 0; n < N; ++n) moments.add(values[n]);
        },
        [&](i64 channel, Moments<W> moments) {
            mean[channel] = moments.mean;
            var[channel] = moments.squares / moments.count;
        });
}

template <typename T, int N>
__global__ void statistics_columns(
    const T *x, Wide<T> *mean, Wide<T> *var, i64 images, i64 channels, i64 rows_each, Moments<Wide<T>> *partials,
    unsigned *counters) {
    typedef Wide<T> W;
    merge_columns<Moments<W>, N>(
        images, channels, rows_each, partials, counters,
        [&](i64, i64 row, i64 column, Moments<W> (&moments)[N]) {
            W values[N];
            load_wide<N>(x + row * channels + column, values);
#pragma unroll
            for (int n = 0; n < N; ++n) moments[n].add(values[n]);
        },
        [&](i64, i64 column, Moments<W> (&moments)[N]) {
            for (int n = 0; n < N; ++n) {
                mean[column + n] = moments[n].mean;
                var[column + n] = moments[n].squares / moments[n].count;
            }
        });
}

// Sums over each channel of g and of g times the normalised x; also in the array's type where that is asked for.
template <typename T, int N, bool WARP>
__global__ void products_planes(
    const T *g, const T *x, const Wide<T> *mean, const Wide<T> *var, Wide<T> eps, Wide<T> *sums, Wide<T> *products,
    T *g_weight, T *g_bias, i64 images, i64 channels, i64 places, i64 segments_each, TwoSums<Wide<T>> *partials, unsigned *counters) {
    typedef Wide<T> W;
    merge_planes<TwoSums<W>, N, WARP>(
        images, channels, places, segments_each, partials, counters,
        [&](i64 channel, i64 i, TwoSums<W> &both) {
            W middle = mean[channel], gs[N], values[N];
            load_wide<N>(g + i, gs);
            load_wide<N>(x + i, values);
#pragma unroll
            for (int n = 0; n < N; ++n) {
                both.first += gs[n];
                both.second += gs[n] * (values[n] - middle);
            }
        },
        [&](i64 channel, TwoSums<W> both) {
            W product = both.second / root(var[channel] + eps);
            sums[channel] = both.first;
            products[channel] = product;
            if (g_weight) g_weight[channel] = store<T>(product);
            if (g_bias) g_bias[channel] = store<T>(both.first);
        });
}

template <typename T, int N>
__global__ void products_columns(
    const T *g, const T *x, const Wide<T> *mean, const Wide<T> *var, Wide<T> eps, Wide<T> *sums, Wide<T> *products,
    T *g_weight, T *g_bias, i64 images, i64 channels, i64 rows_each, TwoSums<Wide<T>> *partials, unsigned *counters) {
    typedef Wide<T> W;
    merge_columns<TwoSums<W>, N>(
        images, channels, rows_each, partials, counters,
        [&](i64, i64 row, i64 column, TwoSums<W> (&both)[N]) {
            W gs[N], values[N];
            load_wide<N>(g + row * channels + column, gs);
            load_wide<N>(x + row * channels + column, values);
#pragma unroll
            for (int n = 0; n < N; ++n) {
                both[n].first += gs[n];
                both[n].second += gs[n] * (values[n] - mean[column + n]);
            }
        },
        [&](i64, i64 column, TwoSums<W> (&both)[N]) {
            for (int n = 0; n < N; ++n) {
                W product = both[n].second / root(var[column + n] + eps);
                sums[column + n] = both[n].first;
                products[column + n] = product;
                if (g_weight) g_weight[column + n] = store<T>(product);
                if (g_bias) g_bias[column + n] = store<T>(both[n].first);
            }
        });
}

// The channel of an element, in 32 bits where that is enough.
__device__ __forceinline__ i64 channel_of(i64 i, i64 channels, i64 places, i64 count) {
    if (count <= 0x7fffffff) return (unsigned)i / (unsigned)places % (unsigned)channels;
    return i / places % channels;
}

// out = (x - mean) / sqrt(var + eps) weight + bias, by what there is of them; N neighbours for each thread, in one plane or (one
// place) in one row.
template <typename T, int N>
__global__ void normalize(
    const T *x, const void *mean, const void *var, bool wide_statistics, Wide<T> eps, const void *weight, bool wide_weight,
    const void *bias, bool wide_bias, T *out, i64 count, i64 channels, i64 places) {
    typedef Wide<T> W;
    i64 i = thread_index() * N;
    if (i >= count) return;
    W values[N];
    load_wide<N>(x + i, values);
    i64 channel = channel_of(i, channels, places, count);
    W middle, scale, shift;
#pragma unroll
    for (int n = 0; n < N; ++n) {
        if (n == 0 || places == 1) {
            i64 own = channel + n;
            middle = parameter<T>(mean, wide_statistics, own, W(0));
            scale = parameter<T>(weight, wide_weight, own, W(1));
            if (var) scale /= root(parameter<T>(var, wide_statistics, own, W(1)) + eps);
            shift = parameter<T>(bias, wide_bias, own, W(0));
        }
        values[n] = (values[n] - middle) * scale + shift;
    }
    store_wide<N>(out + i, values);
}

// The same with numbers that do not depend on x, and its gradient: what a channel's elements share.
template <typename T>
struct Given {
    typedef Wide<T> W;
    const void *mean, *var, *weight;
    bool wide_statistics, wide_weight;
    W eps;

    __device__ __forceinline__ W rstd(i64 channel) const {
        return var ? 1 / root(parameter<T>(var, wide_statistics, channel, W(1)) + eps) : W(1);
    }
    __device__ __forceinline__ W scale(i64 channel) const { return parameter<T>(weight, wide_weight, channel, W(1)) * rstd(channel); }
    __device__ __forceinline__ W middle(i64 channel) const { return parameter<T>(mean, wide_statistics, channel, W(0)); }
};

template <typename T>
__device__ __forceinline__ void put(void *vector, bool wide, i64 i, Wide<T> value) {
    if (!vector) return;
    if (wide)
        static_cast<Wide<T> *>(vector)[i] = value;
    else
        static_cast<T *>(vector)[i] = store<T>(value);
}

// dx = g scale, and the sums over each channel of g and of g times the normalised x, of which any may be absent.
template <typename T, int N, bool WARP>
__global__ void affine_planes(
    const T *g, const T *x, Given<T> given, T *dx, void *products, void *sums, bool wide_sums, i64 images, i64 channels, i64 places,
    i64 segments_each, TwoSums<Wide<T>> *partials, unsigned *counters) {
    typedef Wide<T> W;
    merge_planes<TwoSums<W>, N, WARP>(
        images, channels, places, segments_each, partials, counters,
        [&](i64 channel, i64 i, TwoSums<W> &both) {
            W gs[N], values[N];
            load_wide<N>(g + i, gs);
            if (products) load_wide<N>(x + i, values);
            W middle = given.middle(channel), scale = given.scale(channel);
#pragma unroll
            for (int n = 0; n < N; ++n) {
                both.first += gs[n];
                if (products) both.second += gs[n] * (values[n] - middle);
                gs[n] *= scale;
            }
            if (dx) store_wide<N>(dx + i, gs);
        },
        [&](i64 channel, TwoSums<W> both) {
            put<T>(products, wide_sums, channel, both.second * given.rstd(channel));
            put<T>(sums, wide_sums, channel, both.first);
        });
}

template <typename T, int N>
__global__ void affine_columns(
    const T *g, const T *x, Given<T> given, T *dx, void *products, void *sums, bool wide_sums, i64 images, i64 channels,
    i64 rows_each, TwoSums<Wide<T>> *partials, unsigned *counters) {
    typedef Wide<T> W;
    merge_columns<TwoSums<W>, N>(
        images, channels, rows_each, partials, counters,
        [&](i64, i64 row, i64 column, TwoSums<W> (&both)[N]) {
            W gs[N], values[N];
            load_wide<N>(g + row * channels + column, gs);
            if (products) load_wide<N>(x + row * channels + column, values);
#pragma unroll
            for (int n = 0; n < N; ++n) {
                both[n].first += gs[n];
                if (products) both[n].second += gs[n] * (values[n] - given.middle(column + n));
                gs[n] *= given.scale(column + n);
            }
            if (dx) store_wide<N>(dx + row * channels + column, gs);
        },
        [&](i64, i64 column, TwoSums<W> (&both)[N]) {
            for (int n = 0; n < N; ++n) {
                put<T>(products, wide_sums, column + n, both[n].second * given.rstd(column + n));
                put<T>(sums, wide_sums, column + n, both[n].first);
            }
        });
}

// dx = rstd weight (g - mean(g) - n mean(g n)) with n = (x - mean) rstd.
template <typename T, int N>
__global__ void gradient(
    const T *g, const T *x, const Wide<T> *mean, const Wide<T> *var, Wide<T> eps, const void *weight, bool wide_weight,
    const Wide<T> *sums, const Wide<T> *products, T *dx, i64 count, i64 channels, i64 places) {
    typedef Wide<T> W;
    i64 i = thread_index() * N;
    if (i >= count) return;
    W gs[N], values[N], per_channel = (W)(count / channels);
    load_wide<N>(g + i, gs);
    load_wide<N>(x + i, values);
    i64 channel = channel_of(i, channels, places, count);
    W middle, scale, average, slope;
#pragma unroll
    for (int n = 0; n < N; ++n) {
        if (n == 0 || places == 1) {
            i64 own = channel + n;
            W rstd = 1 / root(var[own] + eps);
            middle = mean[own];
            scale = parameter<T>(weight, wide_weight, own, W(1)) * rstd;
            average = sums[own] / per_channel;
            slope = products[own] / per_channel * rstd;
        }
        values[n] = scale * (gs[n] - average - (values[n] - middle) * slope);
    }
    store_wide<N>(dx + i, values);
}

// running = momentum value + (1 - momentum) running, for means and (unbiased) variances; either may be absent.
template <typename T>
__global__ void track(
    T *running_mean, T *running_var, const Wide<T> *mean, const Wide<T> *var, i64 channels, Wide<T> momentum,
    Wide<T> unbiased) {
    i64 i = thread_index();
    if (i >= channels) return;
    if (running_mean) running_mean[i] = store<T>(load(running_mean[i]) * (1 - momentum) + mean[i] * momentum);
    if (running_var) running_var[i] = store<T>(load(running_var[i]) * (1 - momentum) + var[i] * unbiased * momentum);
}
