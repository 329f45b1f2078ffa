// Sums (or other states that merge) which several blocks share, in one launch: each block writes its part, and the block
// that finishes last merges them, in a fixed order. Which block that is does not matter for the result. Slices have a
// fixed size, so results do not depend on the GPU either. Counters are integers that are 0 before and after a launch.

#pragma once

#include "pack.cuh"

// Elements whose sum one block makes, where all of an array are summed.
const int PIECE = 16384;
// Elements of a row that a warp takes at a time, where a block has several.
const int SEGMENT = 1024;

template <typename W>
struct Sum {
    typedef W type;
    W total;
    __device__ __forceinline__ Sum() : total(0) {}
    __device__ __forceinline__ void merge(Sum other) { total += other.total; }
};

template <typename W>
struct TwoSums {
    typedef W type;
    W first, second;
    __device__ __forceinline__ TwoSums() : first(0), second(0) {}
    __device__ __forceinline__ void merge(TwoSums other) {
        first += other.first;
        second += other.second;
    }
};

// Mean and sum of squared deviations: B. P. Welford (1962); merged as by T. F. Chan, G. H. Golub, R. J. LeVeque (1983).
template <typename W>
struct Moments {
    typedef W type;
    W count, mean, squares;
    __device__ __forceinline__ Moments() : count(0), mean(0), squares(0) {}
    __device__ __forceinline__ void add(W x) {
        count += 1;
        W deviation = x - mean;
        mean += deviation / count;
        squares += deviation * (x - mean);
    }
    __device__ __forceinline__ void merge(Moments other) {
        if (other.count == 0) return;
        W both = count + other.count, deviation = other.mean - mean, part = other.count / both;
        mean += deviation * part;
        squares += other.squares + deviation * deviation * count * part;
        count = both;
    }
};

// Past the first-level cache, which does not know what other blocks have written.
template <typename State>
__device__ __forceinline__ State load_fresh(const State *from) {
    typedef typename State::type W;
    State result;
    for (int i = 0; i < (int)(sizeof(State) / sizeof(W)); ++i)
        reinterpret_cast<W *>(&result)[i] = __ldcg(reinterpret_cast<const W *>(from) + i);
    return result;
}

template <typename State>
__device__ __forceinline__ State from_lane(State own, int distance) {
    typedef typename State::type W;
    State result;
    for (int i = 0; i < (int)(sizeof(State) / sizeof(W)); ++i)
        reinterpret_cast<W *>(&result)[i] = __shfl_down_sync(0xffffffffu, reinterpret_cast<W *>(&own)[i], distance);
    return result;
}

// What all lanes of a warp have, in its first lane.
template <typename State>
__device__ __forceinline__ void merge_warp(State &state) {
    for (int distance = 16; distance; distance /= 2) state.merge(from_lane(state, distance));
}

// What all threads of a block have, in the first one.
template <typename State>
__device__ __forceinline__ void merge_block(State &state) {
    typedef typename State::type W;
    __shared__ W raw[BLOCK / 32 * (sizeof(State) / sizeof(W))];
    State *parts = reinterpret_cast<State *>(raw);
    merge_warp(state);
    __syncthreads();
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = state;
    __syncthreads();
    if (threadIdx.x == 0)
        for (int part = 1; part < BLOCK / 32; ++part) state.merge(parts[part]);
}

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

// What the threads with the same place in their group have, in the first group.
template <typename State, int N>
__device__ __forceinline__ void merge_groups(State (&states)[N], State *parts, int wide, int groups) {
    if (groups == 1) return;
    int group = threadIdx.x / wide;
#pragma unroll
    for (int n = 0; n < N; ++n) parts[n * BLOCK + threadIdx.x] = states[n];
    for (int left = groups; left > 1;) {
        int half = (left + 1) / 2;
        __syncthreads();
        if (group < left - half)
#pragma unroll
            for (int n = 0; n < N; ++n) parts[n * BLOCK + threadIdx.x].merge(parts[n * BLOCK + threadIdx.x + half * wide]);
        left = half;
    }
    __syncthreads();
#pragma unroll
    for (int n = 0; n < N; ++n) states[n] = parts[n * BLOCK + threadIdx.x];
    __syncthreads();
}

// Merges down the columns of (outer, length, inner), N neighbouring columns for each thread: visit(outer, row, column,
// states) takes in what one row gives, write(outer, column, states) takes the results. A block serves a tile of columns of
// a slice of `rows_each` rows: as many groups of threads as fit side by side take the rows in turn.
template <typename State, int N, typename Visit, typename Write>
__device__ __forceinline__ void merge_columns(
    i64 length, i64 inner, i64 rows_each, State *partials, unsigned *counters, Visit visit, Write write) {
    typedef typename State::type W;
    __shared__ W raw[N * BLOCK * (sizeof(State) / sizeof(W))];
    State *parts = reinterpret_cast<State *>(raw);
    i64 units = inner / N;
    int wide = (int)min(units, (i64)BLOCK), groups = BLOCK / wide;
    i64 tiles = (units + wide - 1) / wide, slices = (length + rows_each - 1) / rows_each;
    i64 slice = blockIdx.x % slices, rest = blockIdx.x / slices;
    i64 tile = rest % tiles, outer = rest / tiles;
    int group = threadIdx.x / wide;
    i64 unit = tile * wide + threadIdx.x % wide, column = unit * N;
    bool active = group < groups && unit < units;
    State states[N];
    if (active) {
        i64 end = min((slice + 1) * rows_each, length);
        for (i64 row = slice * rows_each + group; row < end; row += groups) visit(outer, row, column, states);
    }
    merge_groups(states, parts, wide, groups);
    if (slices > 1) {
        if (active && group == 0)
#pragma unroll
            for (int n = 0; n < N; ++n) partials[((outer * slices + slice) * N + n) * units + unit] = states[n];
        if (!is_last_of(counters + outer * tiles + tile, slices)) return;
#pragma unroll
        for (int n = 0; n < N; ++n) states[n] = State();
        if (active)
            for (i64 from = group; from < slices; from += groups)
#pragma unroll
                for (int n = 0; n < N; ++n)
                    states[n].merge(load_fresh(partials + ((outer * slices + from) * N + n) * units + unit));
        merge_groups(states, parts, wide, groups);
    }
    if (active && group == 0) write(outer, column, states);
}

// Merges the planes of (images, channels, places) that belong to a channel: visit(channel, index, state) takes in N
// neighbours, write(channel, state) takes the result. Each warp takes segments of planes in turn. With WARP, a warp serves a channel, else
// a block serves a slice of `segments_each` segments of one.
template <typename State, int N, bool WARP, typename Visit, typename Write>
__device__ __forceinline__ void merge_planes(
    i64 images, i64 channels, i64 places, i64 segments_each, State *partials, unsigned *counters, Visit visit, Write write) {
    i64 per_plane = (places + SEGMENT - 1) / SEGMENT, segments = images * per_plane;
    i64 slices = WARP ? 1 : (segments + segments_each - 1) / segments_each;
    i64 slice = WARP ? 0 : blockIdx.x % slices;
    i64 channel = WARP ? thread_index() / 32 : blockIdx.x / slices;
    if (channel >= channels) return;
    int lane = threadIdx.x % 32;
    State state;
    i64 end = WARP ? segments : min((slice + 1) * segments_each, segments);
    for (i64 segment = WARP ? 0 : slice * segments_each + threadIdx.x / 32; segment < end; segment += WARP ? 1 : BLOCK / 32) {
        i64 image = segment / per_plane, part = segment - image * per_plane;
        i64 start = (image * channels + channel) * places + part * SEGMENT;
        int size = (int)min((i64)SEGMENT, places - part * SEGMENT);
        for (int i = lane * N; i < size; i += 32 * N) visit(channel, start + i, state);
    }
    if (WARP) {
        merge_warp(state);
        if (lane == 0) write(channel, state);
        return;
    }
    merge_block(state);
    if (slices > 1) {
        if (threadIdx.x == 0) partials[channel * slices + slice] = state;
        if (!is_last_of(counters + channel, slices)) return;
        state = State();
        for (i64 from = threadIdx.x; from < slices; from += BLOCK) state.merge(load_fresh(partials + channel * slices + from));
        merge_block(state);
    }
    if (threadIdx.x == 0) write(channel, state);
}
