// What all kernels share: half types without CUDA's headers, conversion on load and store, sums over a warp and a block.
//
// BLOCK, the number of threads in every block, is defined by the loader.

#pragma once

typedef unsigned long long u64;
typedef long long i64;

#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)

// float16 and bfloat16 as bits. Arithmetic is done in float32: convert on load, round once on store.

struct half {
    unsigned short bits;
};

struct bfloat16 {
    unsigned short bits;
};

template <typename T>
struct complex {
    T re, im;
};

// The type to compute in.
template <typename T> struct wide { typedef T type; };
template <> struct wide<half> { typedef float type; };
template <> struct wide<bfloat16> { typedef float type; };
template <typename T> using Wide = typename wide<T>::type;

template <typename T>
__device__ __forceinline__ Wide<T> load(T x) {
    return x;
}

__device__ __forceinline__ float load(half x) {
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(x.bits));
    return result;
}

__device__ __forceinline__ float load(bfloat16 x) {
    return __uint_as_float((unsigned)x.bits << 16);
}

// store<T>(value): a value of the wide type as a T, rounded to the nearest, ties to even.
template <typename T>
struct Store {
    static __device__ __forceinline__ T of(Wide<T> x) { return x; }
};

template <>
struct Store<half> {
    static __device__ __forceinline__ half of(float x) {
        half result;
        asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(x));
        return result;
    }
};

template <>
struct Store<bfloat16> {
    static __device__ __forceinline__ bfloat16 of(float x) {
        unsigned bits = __float_as_uint(x);
        bfloat16 result;
        if (x != x)
            result.bits = 0x7fc0 | bits >> 31 << 15;
        else
            result.bits = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        return result;
    }
};

template <typename T>
__device__ __forceinline__ T store(Wide<T> x) {
    return Store<T>::of(x);
}

template <typename T>
__device__ __forceinline__ complex<T> operator+(complex<T> a, complex<T> b) {
    return {a.re + b.re, a.im + b.im};
}

// The index of this thread among all threads of the grid, in 64 bits.
__device__ __forceinline__ i64 thread_index() {
    return (i64)blockIdx.x * BLOCK + threadIdx.x;
}

// Functions that differ by precision only.
__device__ __forceinline__ float exponential(float x) { return expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }
__device__ __forceinline__ float logarithm(float x) { return logf(x); }
__device__ __forceinline__ double logarithm(double x) { return log(x); }
__device__ __forceinline__ float root(float x) { return sqrtf(x); }
__device__ __forceinline__ double root(double x) { return sqrt(x); }

// The larger one; NaN if either is.
template <typename T>
__device__ __forceinline__ T larger(T a, T b) {
    return (a > b || a != a) ? a : b;
}

// Sum of a value over the lanes of a warp, in every lane, in a fixed order.
template <typename T>
__device__ __forceinline__ T warp_sum(T x) {
    for (int distance = 16; distance; distance /= 2) x += __shfl_xor_sync(0xffffffffu, x, distance);
    return x;
}

template <typename T>
__device__ __forceinline__ T warp_max(T x) {
    for (int distance = 16; distance; distance /= 2) x = larger(x, __shfl_xor_sync(0xffffffffu, x, distance));
    return x;
}

// Sum of a value over the threads of a block, in every thread, in a fixed order.
template <typename T>
__device__ T block_sum(T x) {
    __shared__ T parts[BLOCK / 32];
    x = warp_sum(x);
    __syncthreads();  // an earlier call's readers are done
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    T total = parts[0];
    for (int part = 1; part < BLOCK / 32; ++part) total += parts[part];
    return total;
}
