// Depthwise convolution (as many groups as channels) and its gradients, without columns: a product of matrices of one row each
// would be made of launches and of copies.
//
// The outputs are (images, outputs, places), `outputs` a multiple of the channels; one, two and three spatial axes are three. Forward,
// a thread makes an output from its window; the gradient for the input gathers, a thread for each place of the image, over the
// windows that see it, in a fixed order; the gradient for the weight is a sum for each tap, by one block or, in slices of fixed size,
// by several, of which the last adds up (partials.cuh). No atomics. Halves are computed in float32 and rounded once.
// Source of the form: F. Chollet, "Xception: Deep learning with depthwise separable convolutions" (2017), section 2.
//
// Bytes moved, the least possible, s for each element: forward and the gradient for the input, input and output once; neighbours
// share windows, which they find in the cache. Gradient for the weight: both arrays once for all taps, if the cache holds them.

#include "geometry.cuh"
#include "partials.cuh"

// Places of an output channel that one block takes.
const int SLICE = 16384;

// The sizes of a window and of the outputs.
__device__ __forceinline__ i64 product(const int (&sizes)[3]) { return (i64)sizes[0] * sizes[1] * sizes[2]; }

__device__ __forceinline__ void split(i64 flat, const int (&sizes)[3], int (&at)[3]) {
    unsigned rest = (unsigned)flat;  // an image has fewer places than 2^31
#pragma unroll
    for (int axis = 2; axis >= 0; --axis) {
        unsigned outer = rest / (unsigned)sizes[axis];
        at[axis] = (int)(rest - outer * (unsigned)sizes[axis]);
        rest = outer;
    }
}

// Where in its image the window at `place` sees through `tap`; -1 beside it.
__device__ __forceinline__ i64 seen(const Geometry &shape, const int (&place)[3], const int (&tap)[3]) {
    i64 offset = 0;
    bool inside = true;
#pragma unroll
    for (int axis = 0; axis < 3; ++axis) {
        int at = place[axis] * shape.stride[axis] + tap[axis] * shape.dilation[axis] - shape.padding[axis];
        inside = inside && at >= 0 && at < shape.image[axis];
        offset = offset * shape.image[axis] + at;
    }
    return inside ? offset : -1;
}

template <typename T>
__global__ void forward(
    const T *x, const T *weight, const T *bias, T *out, i64 images, i64 channels, i64 outputs, Geometry shape) {
    i64 places = product(shape.places), size = product(shape.image);
    i64 index = thread_index();
    if (index >= images * outputs * places) return;
    i64 plane = index / places, image = plane / outputs, output = plane - image * outputs;
    int place[3], tap[3];
    split(index - plane * places, shape.places, place);
    const T *from = x + (image * channels + output / (outputs / channels)) * size;
    const T *factor = weight + output * product(shape.kernel);
    Wide<T> sum = bias ? load(bias[output]) : Wide<T>(0);
    for (tap[0] = 0; tap[0] < shape.kernel[0]; ++tap[0])
        for (tap[1] = 0; tap[1] < shape.kernel[1]; ++tap[1])
            for (tap[2] = 0; tap[2] < shape.kernel[2]; ++tap[2], ++factor) {
                i64 at = seen(shape, place, tap);
                if (at >= 0) sum += load(from[at]) * load(*factor);
            }
    out[index] = store<T>(sum);
}

template <typename T>
__global__ void input_gradient(const T *g, const T *weight, T *dx, i64 images, i64 channels, i64 outputs, Geometry shape) {
    i64 places = product(shape.places), size = product(shape.image), taps = product(shape.kernel), each = outputs / channels;
    i64 index = thread_index();
    if (index >= images * channels * size) return;
    i64 plane = index / size, image = plane / channels, channel = plane - image * channels;
    int at[3], tap[3];
    split(index - plane * size, shape.image, at);
    Wide<T> sum = 0;
    for (i64 output = channel * each; output < (channel + 1) * each; ++output) {
        const T *from = g + (image * outputs + output) * places, *factor = weight + output * taps;
        for (tap[0] = 0; tap[0] < shape.kernel[0]; ++tap[0])
            for (tap[1] = 0; tap[1] < shape.kernel[1]; ++tap[1])
                for (tap[2] = 0; tap[2] < shape.kernel[2]; ++tap[2], ++factor) {
                    i64 place = 0;
                    bool sees = true;
#pragma unroll
                    for (int axis = 0; axis < 3; ++axis) {
                        int distance = at[axis] + shape.padding[axis] - tap[axis] * shape.dilation[axis];
                        int window = distance / shape.stride[axis];
                        sees = sees && distance >= 0 && window * shape.stride[axis] == distance && window < shape.places[axis];
                        place = place * shape.places[axis] + window;
                    }
                    if (sees) sum += load(from[place]) * load(*factor);
                }
    }
    dx[index] = store<T>(sum);
}

// A block for a slice of the places, in all images, of one tap of one output.
template <typename T>
__global__ void weight_gradient(
    const T *g, const T *x, T *dweight, i64 images, i64 channels, i64 outputs, Geometry shape, Sum<Wide<T>> *partials,
    unsigned *counters) {
    i64 places = product(shape.places), size = product(shape.image), taps = product(shape.kernel), all = images * places;
    i64 slices = (all + SLICE - 1) / SLICE;
    i64 result = blockIdx.x / slices, slice = blockIdx.x - result * slices;
    i64 output = result / taps, channel = output / (outputs / channels);
    int tap[3], place[3];
    split(result - output * taps, shape.kernel, tap);
    Sum<Wide<T>> sum;
    i64 end = min((slice + 1) * SLICE, all);
    for (i64 i = slice * SLICE + threadIdx.x; i < end; i += BLOCK) {
        i64 image = i / places, flat = i - image * places;
        split(flat, shape.places, place);
        i64 at = seen(shape, place, tap);
        if (at >= 0) sum.total += load(g[(image * outputs + output) * places + flat]) * load(x[(image * channels + channel) * size + at]);
    }
    merge_block(sum);
    if (slices > 1) {
        if (threadIdx.x == 0) partials[blockIdx.x] = sum;
        if (!is_last_of(counters + result, slices)) return;
        sum = Sum<Wide<T>>();
        for (i64 from = threadIdx.x; from < slices; from += BLOCK) sum.merge(load_fresh(partials + result * slices + from));
        merge_block(sum);
    }
    if (threadIdx.x == 0) dweight[result] = store<T>(sum.total);
}
