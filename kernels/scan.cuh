// A running state along a row by one block: what the scans of scan.cu, scan_extremes.cu and scan_gradients.cu share.
//
// A scan is known by its Join: the State, nothing() (joined to a state, it changes nothing) and join(before, after), which is
// associative. A block takes a row, or a chunk of one, a tile of BLOCK EACH elements at a time, and carries what came before into
// the next: threads scan their own elements, warps scan the threads' totals by shuffles (W. D. Hillis, G. L. Steele, "Data
// parallel algorithms", 1986). Rows that are longer than a chunk of fixed size are cut: a first launch makes each chunk's total,
// a second (carry) scans the totals, a third starts each chunk from what precedes it, so results do not depend on the GPU.

#pragma once

#include "common.cuh"

const int EACH = 4;

// A lane's state `distance` lanes before this one.
__device__ __forceinline__ float earlier(float own, int distance) { return __shfl_up_sync(0xffffffffu, own, distance); }
__device__ __forceinline__ double earlier(double own, int distance) { return __shfl_up_sync(0xffffffffu, own, distance); }
__device__ __forceinline__ int earlier(int own, int distance) { return __shfl_up_sync(0xffffffffu, own, distance); }
__device__ __forceinline__ i64 earlier(i64 own, int distance) { return __shfl_up_sync(0xffffffffu, own, distance); }

// Scans `length` elements, starting from `carried`; fill(start, tile) puts the elements from place `start` on there, as states
// (nothing() behind the end), and flush(start, tile) takes the running states from there. Returns the total.
template <typename Join, typename Fill, typename Flush>
__device__ __forceinline__ typename Join::State scan_tiles(
    i64 length, typename Join::State carried, Fill fill, Flush flush) {
    typedef typename Join::State State;
    __shared__ State totals[BLOCK / 32], tile[BLOCK * EACH];
    for (i64 start = 0; start < length; start += BLOCK * EACH) {
        State values[EACH], total;
        fill(start, tile);  // along memory; the elements of a thread are neighbours after that
        __syncthreads();
#pragma unroll
        for (int n = 0; n < EACH; ++n) {
            values[n] = tile[threadIdx.x * EACH + n];
            total = n ? Join::join(total, values[n]) : values[n];
            values[n] = total;
        }
        State scanned = total;
#pragma unroll
        for (int distance = 1; distance < 32; distance *= 2) {
            State other = earlier(scanned, distance);
            if ((int)(threadIdx.x % 32) >= distance) scanned = Join::join(other, scanned);
        }
        if (threadIdx.x % 32 == 31) totals[threadIdx.x / 32] = scanned;
        __syncthreads();
        State before = carried;
        for (int warp = 0; warp < (int)threadIdx.x / 32; ++warp) before = Join::join(before, totals[warp]);
        for (int warp = 0; warp < BLOCK / 32; ++warp) carried = Join::join(carried, totals[warp]);
        State left = earlier(scanned, 1);
        if (threadIdx.x % 32) before = Join::join(before, left);
#pragma unroll
        for (int n = 0; n < EACH; ++n) tile[threadIdx.x * EACH + n] = Join::join(before, values[n]);
        __syncthreads();
        flush(start, tile);
        __syncthreads();
    }
    return carried;
}

// The chunk of a row that is this block's: `first` is its first place, counted in the order of the scan.
struct Part {
    i64 row, first, size;
    bool exists;

    __device__ __forceinline__ Part(i64 count, i64 length, i64 chunk) {
        i64 chunks = (length + chunk - 1) / chunk;
        row = blockIdx.x / chunks;
        first = (blockIdx.x - row * chunks) * chunk;
        size = min(chunk, length - first);
        exists = row < count;
    }
};

// What a chunk starts from: the total of those before it in its row.
template <typename Join>
__device__ __forceinline__ typename Join::State begin(const typename Join::State *before, Part part) {
    return before && part.first ? before[(i64)blockIdx.x - 1] : Join::nothing();
}

// For each row the running totals of its chunks.
template <typename Join>
__device__ __forceinline__ void carry_row(
    const typename Join::State *totals, typename Join::State *before, i64 count, i64 chunks) {
    typedef typename Join::State State;
    i64 row = blockIdx.x;
    if (row >= count) return;
    scan_tiles<Join>(
        chunks, Join::nothing(),
        [&](i64 start, State *tile) {
            for (int place = threadIdx.x; place < BLOCK * EACH; place += BLOCK)
                tile[place] = start + place < chunks ? totals[row * chunks + start + place] : Join::nothing();
        },
        [&](i64 start, State *tile) {
            for (int place = threadIdx.x; place < BLOCK * EACH && start + place < chunks; place += BLOCK)
                before[row * chunks + start + place] = tile[place];
        });
}
