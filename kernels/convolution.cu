// What convolution needs around its matrix products: the windows of an image as columns (im2col), and columns added back
// into an image (col2im).
//
// Method: K. Chellapilla, S. Puri, P. Simard, "High performance convolutional neural networks for document processing"
// (2006). Columns are (image, channel x tap, place) in memory, or (channel x tap, image, place): the caller gives the steps.
// Adding back gathers: each place of the image sums the columns that see it, in the order of the taps, without atomics.
// One, two and three spatial axes are three, the first ones of size 1. Both take a range of the places, `count` from `first` on.
//
// Bytes moved per element of the columns, s bytes each: windows s to write and, from the cache mostly, s to read;
// overlap s to read. A product that made the columns on the fly would save both.

#include "geometry.cuh"

template <typename T>
__global__ void windows(
    const T *x, T *columns, i64 images, i64 channels, Geometry shape, i64 first, i64 count, i64 image_step, i64 row_step) {
    i64 taps = (i64)shape.kernel[0] * shape.kernel[1] * shape.kernel[2];
    i64 places = (i64)shape.places[0] * shape.places[1] * shape.places[2];
    i64 index = thread_index();
    if (index >= images * channels * taps * count) return;
    i64 rest = index / count;
    int place = (int)(first + index - rest * count);
    i64 image = rest / (channels * taps);
    i64 row = rest - image * (channels * taps);
    i64 channel = row / taps;
    int tap = (int)(row - channel * taps);
    i64 offset = image * channels + channel;
    bool inside = true;
    int divisor_place = (int)places, divisor_tap = (int)taps;
#pragma unroll
    for (int axis = 0; axis < 3; ++axis) {
        divisor_place /= shape.places[axis];
        divisor_tap /= shape.kernel[axis];
        int at = place / divisor_place * shape.stride[axis] + tap / divisor_tap * shape.dilation[axis] - shape.padding[axis];
        place %= divisor_place;
        tap %= divisor_tap;
        inside = inside && at >= 0 && at < shape.image[axis];
        offset = offset * shape.image[axis] + at;
    }
    columns[image * image_step + row * row_step + (index - rest * count)] = inside ? x[offset] : T();
}

template <typename T>
__global__ void overlap(
    const T *columns, T *x, i64 images, i64 channels, Geometry shape, i64 first, i64 count, bool add) {
    i64 size = (i64)shape.image[0] * shape.image[1] * shape.image[2];
    i64 taps = (i64)shape.kernel[0] * shape.kernel[1] * shape.kernel[2];
    i64 index = thread_index();
    if (index >= images * channels * size) return;
    i64 plane = index / size;
    i64 rest = index - plane * size;
    int at[3];
    for (int axis = 2; axis >= 0; --axis) {
        at[axis] = (int)(rest % shape.image[axis]) + shape.padding[axis];
        rest /= shape.image[axis];
    }
    const T *seen = columns + plane * taps * count;
    Wide<T> sum = 0;
    int tap[3];
    for (tap[0] = 0; tap[0] < shape.kernel[0]; ++tap[0])
        for (tap[1] = 0; tap[1] < shape.kernel[1]; ++tap[1])
            for (tap[2] = 0; tap[2] < shape.kernel[2]; ++tap[2], seen += count) {
                i64 place = 0;
                bool sees = true;
#pragma unroll
                for (int axis = 0; axis < 3; ++axis) {
                    int distance = at[axis] - tap[axis] * shape.dilation[axis];
                    int window = distance / shape.stride[axis];
                    sees = sees && distance >= 0 && window * shape.stride[axis] == distance && window < shape.places[axis];
                    place = place * shape.places[axis] + window;
                }
                place -= first;
                if (sees && place >= 0 && place < count) sum += load(seen[place]);
            }
    x[index] = store<T>(add ? load(x[index]) + sum : sum);
}
