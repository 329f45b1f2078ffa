// What the kernels over lists of tensors share: a table in device memory has a row for each tensor; the grid has a block
// for each chunk of CHUNK elements, and a block finds its tensor by bisection. The principle is that of NVIDIA Apex's
// multi_tensor_apply; here the table is not limited by the size of kernel parameters.

#pragma once
#include "common.cuh"

const int CHUNK = 8192;

// 16 bytes, loaded and stored at once.
template <typename T>
struct alignas(16) Pack {
    static const int LANES = 16 / sizeof(T);
    T lane[LANES];
};

// An address from a table as a pointer; one of global memory, which the compiler cannot know and is told. Not for null.
template <typename T>
__device__ __forceinline__ T *pointer_to(u64 address) {
    return (T *)__cvta_global_to_generic((size_t)address);
}

// The last row whose first chunk is not behind this block, for all threads of the block, one of which reads it.
template <typename Row>
__device__ __forceinline__ const Row &row_of(const Row *table, int rows) {
    __shared__ Row found;
    if (threadIdx.x == 0) {
        int low = 0, high = rows;
        while (high - low > 1) {
            int middle = (low + high) / 2;
            if (table[middle].first_chunk <= (i64)blockIdx.x) low = middle;
            else high = middle;
        }
        found = table[low];
    }
    __syncthreads();
    return found;
}
