// What is done to all gradients of a model in one launch each: norm, scaling to a norm, limits, unscaling with a check for
// inf and nan; and the update of mixed precision's loss scale.
//
// Algorithm: see optimizers.cuh. The norm: a block sums the powers of its chunk and stores the sum in float64; the block that
// is done last (an integer counter tells) adds all sums in the order of the chunks. Chunks have a fixed size, so the result
// is the same on every card and in every run. The principle is llm.c's global_norm.cuh.
//
// Bytes moved per element of s bytes, all the least possible: norm s; scaling, limits and unscaling 2 s.

#include "optimizers.cuh"

struct Piece {
    u64 address;
    i64 size, first_chunk;
};

// Calls function(element, writes) for all elements of this block's chunk.
template <bool WRITES, typename T, typename Function>
__device__ __forceinline__ void for_chunk(const Piece *table, int pieces, Function function) {
    const Piece piece = row_of(table, pieces);
    i64 start = ((i64)blockIdx.x - piece.first_chunk) * CHUNK, end = min(start + CHUNK, piece.size);
    const int LANES = Pack<T>::LANES;
    T *data = pointer_to<T>(piece.address);
    i64 at = start;
    if (piece.address % 16 == 0) {
        i64 packs = (end - start) / LANES;
        for (i64 i = threadIdx.x; i < packs; i += BLOCK) {
            i64 place = start / LANES + i;
            Pack<T> pack = ((Pack<T> *)data)[place];
#pragma unroll
            for (int lane = 0; lane < LANES; ++lane) function(pack.lane[lane]);
            if (WRITES) ((Pack<T> *)data)[place] = pack;
        }
        at = start + packs * LANES;
    }
    for (i64 place = at + threadIdx.x; place < end; place += BLOCK) {
        T x = data[place];
        function(x);
        if (WRITES) data[place] = x;
    }
}

__device__ __forceinline__ double block_max(double x) {
    __shared__ double parts[BLOCK / 32];
    x = warp_max(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    double largest = parts[0];
    for (int part = 1; part < BLOCK / 32; ++part) largest = larger(largest, parts[part]);
    return largest;
}

__device__ __forceinline__ float power(float x, double p) { return powf(x, (float)p); }
__device__ __forceinline__ double power(double x, double p) { return pow(x, p); }

enum { ONE = 1, TWO = 2, ANY = 0, LARGEST = -1 };

// KIND: which p. `sums` has a place for each chunk, `done` counts blocks and is 0 before and after.
template <typename T, int KIND>
__global__ void norm(const Piece *table, int pieces, double *sums, unsigned *done, double p, T *total) {
    Wide<T> own = 0;
    for_chunk<false, T>(table, pieces, [&](T &element) {
        Wide<T> x = load(element);
        x = x < 0 ? -x : x;
        if (KIND == LARGEST) own = larger(own, x);
        else own += KIND == ONE ? x : KIND == TWO ? x * x : power(x, p);
    });
    double sum = KIND == LARGEST ? block_max(own) : block_sum((double)own);
    __shared__ bool last;
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = sum;
        __threadfence();
        last = atomicAdd(done, 1u) == gridDim.x - 1;
    }
    __syncthreads();
    if (!last) return;
    __threadfence();
    double all = 0;
    for (unsigned chunk = threadIdx.x; chunk < gridDim.x; chunk += BLOCK) {
        double part = __ldcg(sums + chunk);
        all = KIND == LARGEST ? larger(all, part) : all + part;
    }
    all = KIND == LARGEST ? block_max(all) : block_sum(all);
    if (threadIdx.x == 0) {
        *total = store<T>((Wide<T>)(KIND == TWO ? sqrt(all) : KIND == ANY ? pow(all, 1 / p) : all));
        *done = 0;
    }
}

// Every element times min(1, limit / (total + 1e-6)).
template <typename T>
__global__ void scale_to_norm(const Piece *table, int pieces, const T *total, double limit) {
    double quotient = limit / ((double)load(*total) + 1e-6);
    Wide<T> factor = quotient > 1 ? 1 : quotient;
    for_chunk<true, T>(table, pieces, [&](T &x) { x = store<T>(load(x) * factor); });
}

template <typename T>
__global__ void clamp_all(const Piece *table, int pieces, double limit) {
    Wide<T> high = limit;
    for_chunk<true, T>(table, pieces, [&](T &element) {
        Wide<T> x = load(element);
        element = store<T>(x > high ? high : x < -high ? -high : x);
    });
}

// Every element divided by *scale; *found_inf becomes 1 if one was inf or nan.
template <typename T, bool DIVIDE>
__global__ void unscale(const Piece *table, int pieces, const float *scale, float *found_inf) {
    Wide<T> inverse = DIVIDE ? (float)(1.0 / (double)*scale) : 1.0f;
    bool bad = false;
    for_chunk<DIVIDE, T>(table, pieces, [&](T &element) {
        Wide<T> x = load(element);
        bad |= !(x - x == 0);
        if (DIVIDE) element = store<T>(x * inverse);
    });
    if (bad) *found_inf = 1;
}

// One thread: see update_scale in autograd_gpu/device/portable/gradients.py.
__global__ void update_scale(
    float *scale, int *tracker, const float *found_inf, float growth_factor, float backoff_factor, int growth_interval) {
    if (threadIdx.x || blockIdx.x) return;
    if (*found_inf != 0) {
        *scale *= backoff_factor;
        *tracker = 0;
        return;
    }
    int count = *tracker + 1;
    if (count == growth_interval) {
        float grown = *scale * growth_factor;
        if (grown - grown == 0) *scale = grown;
        count = 0;
    }
    *tracker = count;
}
