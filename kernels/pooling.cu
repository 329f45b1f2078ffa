// Maximum and average pooling over (images x channels, up to three spatial axes), forward and backward.
//
// Forward, one thread looks at each window. Backward gathers: one thread for each place of the input looks at the windows
// that see it, in their order, so sums need neither atomics nor a sort. Of equal maxima the first counts; NaN is larger than
// all; where all are -inf, the window's first place inside the input counts (PyTorch's rules).
//
// Bytes moved per element of s bytes, the least possible where windows that overlap are read from the cache: maximum: s for
// the input, s + 8 for each output, both ways; average: s for the input, s for each output.

#include "geometry.cuh"

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

template <typename T>
__global__ void max_forward(const T *x, T *best, i64 *where, i64 windows, Geometry shape) {
    i64 index = thread_index();
    if (index >= windows) return;
    Window window(shape, index);
    const T *plane = x + window.plane * shape.image[0] * shape.image[1] * shape.image[2];
    Wide<T> highest = -INFINITY;
    i64 position = -1;
    for (int i = 0; i < shape.kernel[0]; ++i) {
        int a = window.start[0] + i * shape.dilation[0];
        if (a < 0 || a >= shape.image[0]) continue;
        for (int j = 0; j < shape.kernel[1]; ++j) {
            int b = window.start[1] + j * shape.dilation[1];
            if (b < 0 || b >= shape.image[1]) continue;
            for (int k = 0; k < shape.kernel[2]; ++k) {
                int c = window.start[2] + k * shape.dilation[2];
                if (c < 0 || c >= shape.image[2]) continue;
                i64 at = ((i64)a * shape.image[1] + b) * shape.image[2] + c;
                Wide<T> value = load(plane[at]);
                if (position < 0 || value > highest || value != value) {
                    highest = value;
                    position = at;
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

template <typename T>
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
        for (int j = low[1]; j < high[1]; ++j)
            for (int k = low[2]; k < high[2]; ++k)
                sum += load(plane[((i64)i * shape.image[1] + j) * shape.image[2] + k]);
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
