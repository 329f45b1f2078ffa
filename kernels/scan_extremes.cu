// Running maxima and minima along one axis, and where each was last seen: cummax and cummin in one launch.
//
// The array is (outer, length, inner), contiguous. With inner = 1 a block takes a row, or a chunk of one (see scan.cuh). With inner >
// 1 each thread takes a column, neighbours side by side. Of equal elements the last one is taken; NaN, once met, stays, and the
// last NaN is where it was seen, as in PyTorch.
//
// Bytes moved per element of s bytes, the least possible: 2 s + 8; in chunks 3 s + 8.

#include "scan.cuh"

// What elements of a type are compared as.
template <typename T> using Compared = decltype(load(T()) + 0);

template <typename W>
struct Extreme {
    W value;
    i64 place;  // -1: nothing yet
};

template <typename W>
__device__ __forceinline__ Extreme<W> earlier(Extreme<W> own, int distance) {
    return {earlier(own.value, distance), earlier(own.place, distance)};
}

template <typename W, bool LARGEST>
struct Later {
    typedef Extreme<W> State;
    static __device__ __forceinline__ State nothing() { return {0, -1}; }
    static __device__ __forceinline__ State join(State a, State b) {
        if (b.place < 0) return a;
        bool further = LARGEST ? b.value >= a.value : b.value <= a.value;
        return a.place < 0 || b.value != b.value || (a.value == a.value && further) ? b : a;
    }
};

// A block for each chunk of a row. With `totals` only they are made; with `before` chunks start from there.
template <typename T, bool LARGEST>
__global__ void rows(
    const T *x, T *values, i64 *places, i64 count, i64 length, i64 chunk, Extreme<Compared<T>> *totals,
    const Extreme<Compared<T>> *before) {
    typedef Extreme<Compared<T>> State;
    typedef Later<Compared<T>, LARGEST> Join;
    Part part(count, length, chunk);
    if (!part.exists) return;
    i64 at = part.row * length + part.first;
    State total = scan_tiles<Join>(
        part.size, begin<Join>(before, part),
        [&](i64 start, State *tile) {
#pragma unroll
            for (int place = threadIdx.x; place < BLOCK * EACH; place += BLOCK) {
                i64 i = start + place;
                tile[place] = i < part.size ? State{load(x[at + i]), part.first + i} : Join::nothing();
            }
        },
        [&](i64 start, State *tile) {
            if (totals) return;
#pragma unroll
            for (int place = threadIdx.x; place < BLOCK * EACH; place += BLOCK) {
                i64 i = start + place;
                if (i >= part.size) continue;
                values[at + i] = store<T>((Wide<T>)tile[place].value);
                places[at + i] = tile[place].place;
            }
        });
    if (totals && threadIdx.x == 0) totals[blockIdx.x] = total;
}

template <typename T, bool LARGEST>
__global__ void carry(const Extreme<Compared<T>> *totals, Extreme<Compared<T>> *before, i64 count, i64 chunks) {
    carry_row<Later<Compared<T>, LARGEST>>(totals, before, count, chunks);
}

template <typename T, bool LARGEST>
__global__ void columns(const T *x, T *values, i64 *places, i64 outer, i64 length, i64 inner) {
    typedef Later<Compared<T>, LARGEST> Join;
    i64 column = thread_index();
    if (column >= outer * inner) return;
    i64 at = column / inner * length * inner + column % inner;
    Extreme<Compared<T>> carried = Join::nothing();
    for (i64 i = 0; i < length; ++i, at += inner) {
        carried = Join::join(carried, {load(x[at]), i});
        values[at] = store<T>((Wide<T>)carried.value);
        places[at] = carried.place;
    }
}
