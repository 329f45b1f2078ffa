// Windows that move over images: sizes along three spatial axes. One and two axes are three, the first ones of size 1.

#pragma once

#include "common.cuh"

struct Geometry {
    int image[3], kernel[3], stride[3], padding[3], dilation[3], places[3];
};
