// Sums over repeated indices, the same in every run: no atomics.
//
// Algorithm: the caller sorts the row numbers (a stable radix sort); here runs of equal rows are summed in fixed chunks of
// CHUNK sorted places. A run that lies inside its chunk is complete and goes to its row of the target. The first and the
// last run of a chunk may go on in the neighbours: their sums are written out, two for each chunk, still in the order of
// rows, and the same kernel is applied to them, until there is one chunk. So every row of the target is written once, in
// an order that does not depend on the GPU, and one row that owns all indices costs a few levels instead of a long loop.
// The principle is that of segmented reductions: G. E. Blelloch, "Prefix sums and their applications" (1990).
//
// Bytes moved for n rows of width w and u different ones: 12 n (row, place) + s n w (values) + 2 s u w (target), the least
// possible after the sort, and 2 / CHUNK of that for the next level.

#include "common.cuh"

const int CHUNK = 32;

__device__ __forceinline__ bool plus(bool a, bool b) { return a || b; }
template <typename T>
__device__ __forceinline__ T plus(T a, T b) {
    return a + b;
}

// What is carried from level to level.
template <typename T, bool FIRST> struct Given { typedef T type; };
template <typename T> struct Given<T, false> { typedef Wide<T> type; };

// rows: count sorted row numbers. The values of sorted place i are row `order[i]` of `values` at the first level, row i at
// the others. Threads run over columns first. With one chunk nothing is left over; else `left_rows` (2 for each chunk)
// and `left` (as many rows of width w) take the first and the last run of each chunk.
// Rows outside the target are left out.
template <typename T, bool FIRST>
__global__ void add_runs(
    T *target, i64 height, i64 width, const i64 *rows, const i64 *order, const typename Given<T, FIRST>::type *values,
    i64 count, i64 *left_rows, Wide<T> *left) {
    i64 chunks = (count + CHUNK - 1) / CHUNK;
    i64 index = thread_index();
    i64 chunk = index / width, column = index % width;
    if (chunk >= chunks) return;
    i64 place = chunk * CHUNK, end = min(place + CHUNK, count);
    bool first_run = true;
    while (place < end) {
        i64 row = rows[place];
        Wide<T> sum = load(values[(FIRST ? order[place] : place) * width + column]);
        for (++place; place < end && rows[place] == row; ++place)
            sum = plus(sum, load(values[(FIRST ? order[place] : place) * width + column]));
        bool last_run = place == end;
        if (chunks > 1 && (first_run || last_run)) {
            i64 slot = 2 * chunk + (first_run ? 0 : 1);
            left[slot * width + column] = sum;
            if (column == 0) left_rows[slot] = row;
            if (first_run && last_run) {  // one run fills the chunk: the second slot adds nothing to it
                left[(slot + 1) * width + column] = Wide<T>();
                if (column == 0) left_rows[slot + 1] = row;
            }
        } else if (row >= 0 && row < height) {
            T *there = target + row * width + column;
            *there = store<T>(plus(load(*there), sum));
        }
        first_run = false;
    }
}
