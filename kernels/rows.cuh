// Rows that a team of threads (a warp or a block) keeps in registers: thread t has N neighbours from column (k THREADS + t) N
// on, for k < COUNT. N is 1 or as many elements as make 16 bytes; then rows are multiples of it.

#pragma once

#include "pack.cuh"

template <int THREADS, typename W>
__device__ __forceinline__ W team_sum(W x) {
    return THREADS == 32 ? warp_sum(x) : block_sum(x);
}

template <int THREADS, typename W>
__device__ __forceinline__ W team_max(W x) {
    x = warp_max(x);
    if (THREADS == 32) return x;
    __shared__ W parts[BLOCK / 32];
    __syncthreads();
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    x = parts[0];
    for (int part = 1; part < BLOCK / 32; ++part) x = larger(x, parts[part]);
    return x;
}

template <typename T, int N, int COUNT, int THREADS>
struct RowPart {
    typedef Wide<T> W;
    W values[COUNT][N];

    static __device__ __forceinline__ int column(int k) { return (k * THREADS + (int)(threadIdx.x % THREADS)) * N; }

    __device__ __forceinline__ void load_row(const T *row, int columns, W missing) {
#pragma unroll
        for (int k = 0; k < COUNT; ++k) {
            if (column(k) < columns) {
                load_wide<N>(row + column(k), values[k]);
            } else {
#pragma unroll
                for (int n = 0; n < N; ++n) values[k][n] = missing;
            }
        }
    }

    __device__ __forceinline__ void store_row(T *row, int columns) const {
#pragma unroll
        for (int k = 0; k < COUNT; ++k)
            if (column(k) < columns) store_wide<N>(row + column(k), values[k]);
    }
};
