// Maximum and average pooling over (images x channels, up to three spatial axes), forward and backward.
//
// Forward, one thread looks at each window. Backward gathers: one thread for each place of the input looks at the windows
// that see it, in their order, so sums need neither atomics nor a sort. Of equal maxima the first counts; NaN is larger than
// all; where all are -inf, the window's first place inside the input counts (PyTorch's rules).
//
// Windows that are two wide and lie side by side (the usual ones) read and write rows in pairs, so that every access of a warp
// is to whole sectors; where they also cover the input exactly, backward has a thread for each window, which reads its gradient
// and position once.
//
// Bytes moved per element of s bytes, the least possible where windows that overlap are read from the cache: maximum: s for
// the input, s + 8 for each output, both ways; average: s for the input, s for each output.

#include "geometry.cuh"
#include "pack.cuh"

// A window by its number: its plane and its first place along each axis, counted from the padding.
struct Window {
    i64 plane;
    int start[3];

    __device__ __forceinline__ Window(const Geometry &shape, i64 index) {
#pragma unroll
        for (int axis = 2; axis >= 0; --axis) {
            start[axis] = (int)(index % shape.places[axis]) * shape.stride[axis] - shape.padding[axis];
            index /= shape.places[axis];
        }
        plane = index;
    }
};

// Two neighbours of a row in one access. In assembly, lest the compiler makes two of it.
template <typename T>
__device__ __forceinline__ void load_pair(const T *from, Wide<T> (&values)[2]) {
    T pair[2];
    if constexpr (sizeof(T) == 2) {
        unsigned raw;
        asm volatile("ld.global.u32 %0, [%1];" : "=r"(raw) : "l"(__cvta_generic_to_global(from)));
        memcpy(pair, &raw, 4);
    } else if constexpr (sizeof(T) == 4) {
        uint2 raw;
        asm volatile("ld.global.v2.u32 {%0, %1}, [%2];"
                     : "=r"(raw.x), "=r"(raw.y)
                     : "l"(__cvta_generic_to_global(from)));
        memcpy(pair, &raw, 8);
    } else {
        Pack<T> raw = load_pack(from);
        memcpy(pair, &raw, 16);
    }
    values[0] = load(pair[0]);
    values[1] = load(pair[1]);
}

template <typename T>
__device__ __forceinline__ void store_pair(T *to, Wide<T> first, Wide<T> second) {
    T pair[2] = {store<T>(first), store<T>(second)};
    if constexpr (sizeof(T) == 2) {
        unsigned raw;
        memcpy(&raw, pair, 4);
        asm volatile("st.global.u32 [%0], %1;" : : "l"(__cvta_generic_to_global(to)), "r"(raw) : "memory");
    } else if constexpr (sizeof(T) == 4) {
        uint2 raw;
        memcpy(&raw, pair, 8);
        asm volatile("st.global.v2.u32 [%0], {%1, %2};"
                     :
                     : "l"(__cvta_generic_to_global(to)), "r"(raw.x), "r"(raw.y)
                     : "memory");
    } else {
        Pack<T> raw;
        memcpy(&raw, pair, 16);
        store_pack(to, raw);
    }
}

template <typename T, bool PAIRS>
__global__ void max_forward(const T *x, T *best, i64 *where, i64 windows, Geometry shape) {
    i64 index = thread_index();
    if (index >= windows) return;
    Window window(shape, index);
    const T *plane = x + window.plane * shape.image[0] * shape.image[1] * shape.image[2];
    Wide<T> highest = -INFINITY;
    i64 position = -1;
    auto consider = [&](Wide<T> value, i64 at) {
        if (position < 0 || value > highest || value != value) {
            highest = value;
            position = at;
        }
    };
    for (int i = 0; i < shape.kernel[0]; ++i) {
        int a = window.start[0] + i * shape.dilation[0];
        if (a < 0 || a >= shape.image[0]) continue;
        for (int j = 0; j < shape.kernel[1]; ++j) {
            int b = window.start[1] + j * shape.dilation[1];
            if (b < 0 || b >= shape.image[1]) continue;
            i64 row = ((i64)a * shape.image[1] + b) * shape.image[2];
            if constexpr (PAIRS) {
                Wide<T> values[2];
                load_pair(plane + row + window.start[2], values);
                consider(values[0], row + window.start[2]);
                consider(values[1], row + window.start[2] + 1);
            } else {
                for (int k = 0; k < shape.kernel[2]; ++k) {
                    int c = window.start[2] + k * shape.dilation[2];
                    if (c >= 0 && c < shape.image[2]) consider(load(plane[row + c]), row + c);
                }
            }
        }
    }
    best[index] = store<T>(highest);
    where[index] = position;
}

// Calls function(window) for the windows of a plane that see the place `index` of the input, in their order; with
// ANY_PADDING for all that would see it with some padding up to half of a window (the most that pooling allows).
template <bool ANY_PADDING, typename F>
__device__ __forceinline__ void each_window(const Geometry &shape, i64 index, F function) {
    int low[3], high[3], at[3];
    i64 rest = index;
#pragma unroll
    for (int axis = 2; axis >= 0; --axis) {
        at[axis] = (int)(rest % shape.image[axis]) + shape.padding[axis];
        rest /= shape.image[axis];
        int reach = (shape.kernel[axis] - 1) * shape.dilation[axis];
        low[axis] = at[axis] <= reach ? 0 : (at[axis] - reach + shape.stride[axis] - 1) / shape.stride[axis];
        int furthest = at[axis] + (ANY_PADDING ? (reach + 1) / 2 : 0);
        high[axis] = min(furthest / shape.stride[axis] + 1, shape.places[axis]);
    }
    for (int i = low[0]; i < high[0]; ++i)
        for (int j = low[1]; j < high[1]; ++j)
            for (int k = low[2]; k < high[2]; ++k)
                function(((rest * shape.places[0] + i) * shape.places[1] + j) * shape.places[2] + k);
}

// The positions that forward kept tell which windows chose a place; the padding need not be known.
template <typename T>
__global__ void max_backward(const T *g, const i64 *where, T *dx, i64 elements, Geometry shape) {
    i64 index = thread_index();
    if (index >= elements) return;
    i64 place = index % ((i64)shape.image[0] * shape.image[1] * shape.image[2]);
    Wide<T> sum = 0;
    each_window<true>(shape, index, [&](i64 window) {
        if (where[window] == place) sum += load(g[window]);
    });
    dx[index] = store<T>(sum);
}

// Calls function(at) for every pair of places of window number `index`, at their number in the plane, where windows cover the
// input exactly and lie apart.
template <typename F>
__device__ __forceinline__ void each_pair(const Geometry &shape, const Window &window, F function) {
    for (int i = 0; i < shape.kernel[0]; ++i)
        for (int j = 0; j < shape.kernel[1]; ++j)
            function(((i64)(window.start[0] + i) * shape.image[1] + window.start[1] + j) * shape.image[2] + window.start[2]);
}

template <typename T>
__global__ void max_backward_apart(const T *g, const i64 *where, T *dx, i64 windows, Geometry shape) {
    i64 index = thread_index();
    if (index >= windows) return;
    Window window(shape, index);
    T *plane = dx + window.plane * shape.image[0] * shape.image[1] * shape.image[2];
    Wide<T> value = load(g[index]);
    i64 place = where[index];
    each_pair(shape, window, [&](i64 at) {
        store_pair(plane + at, at == place ? value : 0, at + 1 == place ? value : 0);
    });
}

// What a window's sum is divided by: `fixed`, or its places, with the padding or without.
template <typename W>
__device__ __forceinline__ W divisor(const Geometry &shape, i64 index, bool with_padding, double fixed) {
    if (fixed != 0) return (W)fixed;
    Window window(shape, index);
    W count = 1;
#pragma unroll
    for (int axis = 0; axis < 3; ++axis) {
        int start = window.start[axis], end = min(start + shape.kernel[axis], shape.image[axis] + shape.padding[axis]);
        if (!with_padding) {
            start = max(start, 0);
            end = min(end, shape.image[axis]);
        }
        count *= end - start;
    }
    return count;
}

template <typename T, bool PAIRS>
__global__ void average_forward(
    const T *x, T *out, i64 windows, Geometry shape, bool with_padding, double fixed) {
    i64 index = thread_index();
    if (index >= windows) return;
    Window window(shape, index);
    const T *plane = x + window.plane * shape.image[0] * shape.image[1] * shape.image[2];
    int low[3], high[3];
#pragma unroll
    for (int axis = 0; axis < 3; ++axis) {
        low[axis] = max(window.start[axis], 0);
        high[axis] = min(window.start[axis] + shape.kernel[axis], shape.image[axis]);
    }
    Wide<T> sum = 0;
    for (int i = low[0]; i < high[0]; ++i)
        for (int j = low[1]; j < high[1]; ++j) {
            i64 row = ((i64)i * shape.image[1] + j) * shape.image[2];
            if constexpr (PAIRS) {
                Wide<T> values[2];
                load_pair(plane + row + low[2], values);
                sum += values[0];
                sum += values[1];
            } else {
                for (int k = low[2]; k < high[2]; ++k) sum += load(plane[row + k]);
            }
        }
    out[index] = store<T>(sum / divisor<Wide<T>>(shape, index, with_padding, fixed));
}

template <typename T>
__global__ void average_backward(
    const T *g, T *dx, i64 elements, Geometry shape, bool with_padding, double fixed) {
    i64 index = thread_index();
    if (index >= elements) return;
    Wide<T> sum = 0;
    each_window<false>(shape, index, [&](i64 window) {
        sum += load(g[window]) / divisor<Wide<T>>(shape, window, with_padding, fixed);
    });
    dx[index] = store<T>(sum);
}

template <typename T>
__global__ void average_backward_apart(
    const T *g, T *dx, i64 windows, Geometry shape, bool with_padding, double fixed) {
    i64 index = thread_index();
    if (index >= windows) return;
    Window window(shape, index);
    T *plane = dx + window.plane * shape.image[0] * shape.image[1] * shape.image[2];
    Wide<T> value = load(g[index]) / divisor<Wide<T>>(shape, index, with_padding, fixed);
    each_pair(shape, window, [&](i64 at) { store_pair(plane + at, value, value); });
}
