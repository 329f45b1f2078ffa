// Sums that several blocks share, in one launch: each block writes its partial sums, and the block that finishes last adds
// them, in a fixed order. Which block that is does not matter for the result. Slices have a fixed size, so results do not
// depend on the GPU either. Counters are integers that are 0 before and after a launch.

#pragma once

#include "pack.cuh"

// Elements whose sum one block makes, where all of an array are summed.
const int PIECE = 16384;

// Whether this block is the last of `count` blocks that come here; what the others wrote before is then visible to it.
__device__ __forceinline__ bool is_last_of(unsigned *counter, i64 count) {
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(counter, 1u) == (unsigned)(count - 1);
        if (last) *counter = 0;
    }
    __syncthreads();
    __threadfence();
    return last;
}

// The sums of the threads with the same place in their group, in the first group. Threads outside of the groups add nothing.
template <typename W, int COUNT>
__device__ __forceinline__ void add_groups(W (&sums)[COUNT], W *parts, int wide, int groups) {
    if (groups == 1) return;
    int group = threadIdx.x / wide;
#pragma unroll
    for (int i = 0; i < COUNT; ++i) parts[i * BLOCK + threadIdx.x] = sums[i];
    for (int left = groups; left > 1;) {
        int half = (left + 1) / 2;
        __syncthreads();
        if (group < left - half)
#pragma unroll
            for (int i = 0; i < COUNT; ++i)
                parts[i * BLOCK + threadIdx.x] += parts[i * BLOCK + threadIdx.x + half * wide];
        left = half;
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < COUNT; ++i) sums[i] = parts[i * BLOCK + threadIdx.x];
    __syncthreads();
}

// Sums down the columns of (outer, length, inner): SUMS of them for each of N neighbouring columns. visit(outer, row, column,
// sums) adds what one row gives; write(outer, column, sums) takes the results. A block serves a tile of columns of a
// slice of `rows_each` rows: as many groups of threads as fit side by side take the rows in turn.
template <typename W, int N, int SUMS, typename Visit, typename Write>
__device__ __forceinline__ void column_sums(
    i64 length, i64 inner, i64 rows_each, W *partials, unsigned *counters, Visit visit, Write write) {
    __shared__ W parts[SUMS * N * BLOCK];
    i64 units = inner / N;
    int wide = (int)min(units, (i64)BLOCK), groups = BLOCK / wide;
    i64 tiles = (units + wide - 1) / wide, slices = (length + rows_each - 1) / rows_each;
    i64 slice = blockIdx.x % slices, rest = blockIdx.x / slices;
    i64 tile = rest % tiles, outer = rest / tiles;
    int group = threadIdx.x / wide;
    i64 unit = tile * wide + threadIdx.x % wide, column = unit * N;
    bool active = group < groups && unit < units;
    W sums[SUMS * N];
#pragma unroll
    for (int i = 0; i < SUMS * N; ++i) sums[i] = 0;
    if (active) {
        i64 end = min((slice + 1) * rows_each, length);
        for (i64 row = slice * rows_each + group; row < end; row += groups) visit(outer, row, column, sums);
    }
    add_groups(sums, parts, wide, groups);
    if (slices > 1) {
        if (active && group == 0)
#pragma unroll
            for (int i = 0; i < SUMS; ++i)
#pragma unroll
                for (int n = 0; n < N; ++n)
                    partials[((outer * slices + slice) * SUMS + i) * inner + column + n] = sums[i * N + n];
        if (!is_last_of(counters + outer * tiles + tile, slices)) return;
#pragma unroll
        for (int i = 0; i < SUMS * N; ++i) sums[i] = 0;
        if (active)
            for (i64 from = group; from < slices; from += groups)
#pragma unroll
                for (int i = 0; i < SUMS; ++i)
#pragma unroll
                    for (int n = 0; n < N; ++n)
                        sums[i * N + n] += __ldcg(partials + ((outer * slices + from) * SUMS + i) * inner + column + n);
        add_groups(sums, parts, wide, groups);
    }
    if (active && group == 0) write(outer, column, sums);
}
