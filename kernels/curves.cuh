// Activation functions and their derivatives, as functors: value(x) and slope(kept), where what is kept is x, or, for
// functors with OUT, the value. a and b are the op's numbers. Formulas: autograd_gpu/ops/activation.py.

#pragma once

#include "common.cuh"

__device__ __forceinline__ float hyperbolic_tangent(float x) { return tanhf(x); }
__device__ __forceinline__ double hyperbolic_tangent(double x) { return tanh(x); }
__device__ __forceinline__ float error_function(float x) { return erff(x); }
__device__ __forceinline__ double error_function(double x) { return erf(x); }
__device__ __forceinline__ float logarithm_of_1_plus(float x) { return log1pf(x); }
__device__ __forceinline__ double logarithm_of_1_plus(double x) { return log1p(x); }
__device__ __forceinline__ float exponential_minus_1(float x) { return expm1f(x); }
__device__ __forceinline__ double exponential_minus_1(double x) { return expm1(x); }
__device__ __forceinline__ float magnitude(float x) { return fabsf(x); }
__device__ __forceinline__ double magnitude(double x) { return fabs(x); }

template <typename W>
__device__ __forceinline__ W logistic(W x) {
    return 1 / (1 + exponential(-x));
}

// The nearest number between low and high; NaN stays.
template <typename W>
__device__ __forceinline__ W between(W x, W low, W high) {
    return x < low ? low : x > high ? high : x;
}

#define CURVE(name, out, value_of_x, slope_of_x)                              \
    struct name {                                                             \
        static const bool OUT = out;                                          \
        template <typename W>                                                 \
        static __device__ __forceinline__ W value(W x, W a, W b) {            \
            return value_of_x;                                                \
        }                                                                     \
        /* the gradient for the input, from g and what is kept */             \
        template <typename W>                                                 \
        static __device__ __forceinline__ W slope(W g, W x, W a, W b) {       \
            return slope_of_x;                                                \
        }                                                                     \
    };

template <typename W>
__device__ __forceinline__ W softplus_of(W x, W beta, W threshold) {
    return x * beta > threshold ? x : logarithm_of_1_plus(exponential(x * beta)) / beta;
}

template <typename W>
__device__ __forceinline__ W gelu_tanh_curve(W x) {
    return hyperbolic_tangent((x * x * W(0.044715) + 1) * x * W(0.7978845608028654));
}

template <typename W>
__device__ __forceinline__ W gelu_tanh_slope(W x) {
    W curve = gelu_tanh_curve(x);
    W inner = (1 - curve * curve) * ((x * x * W(3 * 0.044715) + 1) * W(0.7978845608028654));
    return (curve + 1) * W(0.5) + x * inner * W(0.5);
}

template <typename W>
__device__ __forceinline__ W gelu_slope(W x) {
    W density = exponential(x * x * W(-0.5)) * W(0.3989422804014327);
    return (error_function(x * W(0.7071067811865476)) + 1) * W(0.5) + x * density;
}

template <typename W>
__device__ __forceinline__ W silu_slope(W x) {
    W s = logistic(x);
    return s * (1 + x * (1 - s));
}

template <typename W>
__device__ __forceinline__ W mish_slope(W x) {
    W curve = hyperbolic_tangent(softplus_of(x, W(1), W(20)));
    return curve + x * logistic(x) * (1 - curve * curve);
}

// a NaN in x passes through comparisons written so that it takes the branch that keeps it
CURVE(Identity, true, x, g)
CURVE(Relu, true, (x <= 0 ? W(0) : x), (x <= 0 ? W(0) : g))
CURVE(Sigmoid, true, logistic(x), g * ((1 - x) * x))
CURVE(Tanh, true, hyperbolic_tangent(x), g * (1 - x * x))
CURVE(Gelu, false, ((error_function(x * W(0.7071067811865476)) + 1) * x * W(0.5)), g * gelu_slope(x))
CURVE(GeluTanh, false, ((gelu_tanh_curve(x) + 1) * x * W(0.5)), g * gelu_tanh_slope(x))
CURVE(Silu, false, x * logistic(x), g * silu_slope(x))
CURVE(Mish, false, x * hyperbolic_tangent(softplus_of(x, W(1), W(20))), g * mish_slope(x))
CURVE(Softplus, false, softplus_of(x, a, b), (x * a > b ? g : g * logistic(x * a)))
CURVE(LogSigmoid, false, ((x < 0 ? x : x != x ? x : W(0)) - logarithm_of_1_plus(exponential(-magnitude(x)))), g * logistic(-x))
// a: alpha, b: the scale outside (inside: 1)
CURVE(Elu, false, (x > 0 ? x * b : exponential_minus_1(x) * (a * b)), (x <= 0 ? g * (exponential(x) * (a * b)) : g * b))
CURVE(LeakyRelu, false, (x > 0 ? x : x * a), (x > 0 ? g : g * a))
CURVE(HardTanh, false, between(x, a, b), (x <= a || x >= b ? W(0) : g))
CURVE(HardSigmoid, false, between(x + 3, W(0), W(6)) / 6, (x > -3 && x < 3 ? g / 6 : W(0)))
CURVE(HardSwish, false, x * between(x + 3, W(0), W(6)) / 6, (x <= -3 ? W(0) : x < 3 ? g * (x / 3 + W(0.5)) : g))
CURVE(SoftSign, false, x / (1 + magnitude(x)), g / ((1 + magnitude(x)) * (1 + magnitude(x))))
