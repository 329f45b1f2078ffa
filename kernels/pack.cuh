// 16 bytes at a time, where addresses allow it.

#pragma once

#include "common.cuh"

template <typename T>
struct alignas(16) Pack {
    static const int size = 16 / sizeof(T);
    T at[size];
};

// Whether a pointer may be read 16 bytes at a time; null, which is not read, may.
__device__ __forceinline__ bool aligned(const void *pointer) { return (u64)pointer % 16 == 0; }

template <typename T>
__device__ __forceinline__ Pack<T> load_pack(const T *from) {
    uint4 raw;  // in assembly, lest the compiler reads parts of it one by one
    asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(raw.x), "=r"(raw.y), "=r"(raw.z), "=r"(raw.w)
                 : "l"(__cvta_generic_to_global(from)));
    Pack<T> result;
    memcpy(&result, &raw, 16);
    return result;
}

template <typename T>
__device__ __forceinline__ void store_pack(T *to, Pack<T> values) {
    uint4 raw;
    memcpy(&raw, &values, 16);
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};"
                 :
                 : "l"(__cvta_generic_to_global(to)), "r"(raw.x), "r"(raw.y), "r"(raw.z), "r"(raw.w)
                 : "memory");
}

// N neighbours (one, or as many as make 16 bytes) as wide numbers, and back.
template <int N, typename T>
__device__ __forceinline__ void load_wide(const T *from, Wide<T> (&values)[N]) {
    if constexpr (N == 1) {
        values[0] = load(from[0]);
    } else {
        Pack<T> pack = load_pack(from);
#pragma unroll
        for (int i = 0; i < N; ++i) values[i] = load(pack.at[i]);
    }
}

template <int N, typename T>
__device__ __forceinline__ void store_wide(T *to, const Wide<T> (&values)[N]) {
    if constexpr (N == 1) {
        to[0] = store<T>(values[0]);
    } else {
        Pack<T> pack;
#pragma unroll
        for (int i = 0; i < N; ++i) pack.at[i] = store<T>(values[i]);
        store_pack(to, pack);
    }
}

// Calls each(pack, i) for 16 bytes' worth of elements from i on, or one(i) for a single element: what this thread has to do
// of `count` elements, Pack<T>::size for each thread of the grid. Neighbouring threads get neighbouring elements.
template <typename T, typename Each, typename One>
__device__ __forceinline__ void stream(i64 count, bool packs, Each each, One one) {
    const int N = Pack<T>::size;
    i64 start = (i64)blockIdx.x * (BLOCK * N);
    if (packs && start + BLOCK * N <= count) {
        each(start + (i64)threadIdx.x * N);
    } else {
#pragma unroll
        for (int k = 0; k < N; ++k) {
            i64 i = start + k * BLOCK + threadIdx.x;
            if (i < count) one(i);
        }
    }
}
