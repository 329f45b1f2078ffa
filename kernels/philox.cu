// Random numbers by Philox 4x32-10, and dropout that makes its mask on the fly.
//
// Algorithm: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011);
// normals: G. E. P. Box, M. E. Muller (1958). Counter = (element / 4, offset), key = seed, lane = element % 4, where
// element is the logical (C-order) index: the words are those of autograd_gpu/device/philox.py, bit for bit.
//
// Bytes moved per element, all the least possible: words 4, masks 1, uniform and normal s (the size of an element),
// dropout 2 s each way and no mask: backward makes the same numbers again. One thread makes 16 bytes' worth of elements.

#include "pack.cuh"
#include "philox.cuh"

__global__ void random_words(unsigned *out, i64 count, u64 seed, u64 offset) {
    i64 quad = thread_index();
    if (quad >= (count + 3) / 4) return;
    Words words = philox(quad, offset, seed);
    if (4 * quad + 4 <= count)
        reinterpret_cast<uint4 *>(out)[quad] = make_uint4(words.lane[0], words.lane[1], words.lane[2], words.lane[3]);
    else
        for (int i = 0; 4 * quad + i < count; ++i) out[4 * quad + i] = words.lane[i];
}

// out[i] = whether word i is at least `threshold`.
__global__ void dropout_mask(bool *out, i64 count, u64 seed, u64 offset, unsigned threshold) {
    i64 quad = thread_index();
    if (quad >= (count + 3) / 4) return;
    Words words = philox(quad, offset, seed);
    if (4 * quad + 4 <= count) {
        uchar4 four = make_uchar4(
            words.lane[0] >= threshold, words.lane[1] >= threshold, words.lane[2] >= threshold, words.lane[3] >= threshold);
        reinterpret_cast<uchar4 *>(out)[quad] = four;  // `out` is a new array
    } else {
        for (int i = 0; 4 * quad + i < count; ++i) out[4 * quad + i] = words.lane[i] >= threshold;
    }
}

// How many binary digits a uniform number of a type gets: all it has.
template <typename T> struct Digits { static const int value = 24; };
template <> struct Digits<half> { static const int value = 11; };
template <> struct Digits<bfloat16> { static const int value = 8; };

// Uniform on [0, 1) from one word (or from two, the low one first, for double).
template <typename T>
struct Uniform {
    static const int per_quad = 4;
    static __device__ __forceinline__ T of(const Words &words, int i) {
        return store<T>((float)(words.lane[i] >> (32 - Digits<T>::value)) * (1.0f / (1u << Digits<T>::value)));
    }
};

template <>
struct Uniform<double> {
    static const int per_quad = 2;
    static __device__ __forceinline__ double of(const Words &words, int i) {
        u64 both = (u64)words.lane[2 * i + 1] << 32 | words.lane[2 * i];
        return (double)(both >> 11) * 0x1p-53;
    }
};

// 16 bytes' worth of elements, made by make(words, values) from as many counters as it takes, PER_QUAD elements each.
template <typename T, int PER_QUAD, typename Make>
__device__ __forceinline__ void fill(T *out, i64 count, u64 seed, u64 offset, Make make) {
    const int N = Pack<T>::size;
    i64 start = thread_index() * N;
    if (start >= count) return;
    Pack<T> values;
#pragma unroll
    for (int i = 0; i < N; i += PER_QUAD) make(philox((start + i) / PER_QUAD, offset, seed), values.at + i);
    if (start + N <= count && aligned(out))
        store_pack(out + start, values);
    else
#pragma unroll
        for (int i = 0; i < N; ++i)
            if (start + i < count) out[start + i] = values.at[i];
}

template <typename T>
__global__ void uniform(T *out, i64 count, u64 seed, u64 offset) {
    const int n = Uniform<T>::per_quad;
    fill<T, n>(out, count, seed, offset, [](const Words &words, T *values) {
#pragma unroll
        for (int i = 0; i < n; ++i) values[i] = Uniform<T>::of(words, i);
    });
}

// Two normals from two uniforms, both half a unit above the lower edge of their interval, so that the logarithm's argument
// is never 0.
__device__ __forceinline__ void box_muller(float u, float v, float *pair) {
    float radius = sqrtf(-2.0f * logf(u)), sine, cosine;
    sincospif(2 * v, &sine, &cosine);
    pair[0] = radius * cosine;
    pair[1] = radius * sine;
}

__device__ __forceinline__ void box_muller(double u, double v, double *pair) {
    double radius = sqrt(-2.0 * log(u)), sine, cosine;
    sincospi(2 * v, &sine, &cosine);
    pair[0] = radius * cosine;
    pair[1] = radius * sine;
}

template <typename T>
struct Normals {
    static const int per_quad = 4;
    static __device__ __forceinline__ void of(const Words &words, float *result) {
        const float unit = 0x1p-32f;
        for (int i = 0; i < 4; i += 2)
            box_muller((float)words.lane[i] * unit + unit / 2, (float)words.lane[i + 1] * unit + unit / 2, result + i);
    }
};

template <>
struct Normals<double> {
    static const int per_quad = 2;
    static __device__ __forceinline__ void of(const Words &words, double *result) {
        const double unit = 0x1p-53;
        u64 first = (u64)words.lane[1] << 32 | words.lane[0], second = (u64)words.lane[3] << 32 | words.lane[2];
        box_muller((double)(first >> 11) * unit + unit / 2, (double)(second >> 11) * unit + unit / 2, result);
    }
};

template <typename T>
__global__ void normal(T *out, i64 count, u64 seed, u64 offset) {
    const int n = Normals<T>::per_quad;
    fill<T, n>(out, count, seed, offset, [](const Words &words, T *values) {
        Wide<T> wide[n];
        Normals<T>::of(words, wide);
#pragma unroll
        for (int i = 0; i < n; ++i) values[i] = store<T>(wide[i]);
    });
}

// out[i] = x[i] * (word i / inner is at least threshold) * scale: one mask element for `inner` elements next to each other.
// NaN and infinity are multiplied by 0 where they are dropped, as in the op's formula.
template <typename T>
__global__ void dropout(const T *x, T *out, i64 count, i64 inner, u64 seed, u64 offset, unsigned threshold, Wide<T> scale) {
    typedef Wide<T> W;
    const int N = Pack<T>::size, LANES = N < 4 ? N : 4;
    i64 start = thread_index() * N;
    if (start >= count) return;
    W factors[N];
    if (inner == 1) {
#pragma unroll
        for (int i = 0; i < N; i += LANES) {
            Words words = philox((start + i) / 4, offset, seed);
#pragma unroll
            for (int lane = 0; lane < 4; ++lane)
#pragma unroll
                for (int n = 0; n < LANES; ++n)
                    if ((start + i) % 4 + n == lane) factors[i + n] = words.lane[lane] >= threshold;
        }
    } else {
        u64 known = ~0ull;
        Words words;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            u64 element = (start + i) / inner;
            if (element / 4 != known) words = philox<1>(known = element / 4, offset, seed);
#pragma unroll
            for (int lane = 0; lane < 4; ++lane)
                if (element % 4 == lane) factors[i] = words.lane[lane] >= threshold;
        }
    }
    if (start + N <= count && aligned(x) && aligned(out)) {
        W values[N];
        load_wide<N>(x + start, values);
#pragma unroll
        for (int i = 0; i < N; ++i) values[i] = values[i] * factors[i] * scale;
        store_wide<N>(out + start, values);
    } else {
#pragma unroll
        for (int i = 0; i < N; ++i)
            if (start + i < count) out[start + i] = store<T>(load(x[start + i]) * factors[i] * scale);
    }
}
