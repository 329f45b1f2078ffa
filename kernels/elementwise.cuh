// A formula applied to every element: what `ag.kernel("y = ...")` compiles.
//
// `Formula` is a struct with INPUTS, OUTPUTS and apply(in, out) on wide numbers. Bytes moved per element of s bytes:
// (INPUTS + OUTPUTS) s, the least possible. Inputs in MASK are numbers, handed over by value.

#pragma once

#include "pack.cuh"

const int AXES = 8;

template <typename Formula>
struct Operands {
    u64 input[Formula::INPUTS];
    double number[Formula::INPUTS];
    u64 output[Formula::OUTPUTS];
};

template <typename Formula>
struct Layout {
    i64 size[AXES], step[Formula::INPUTS][AXES], axes;
};

// Neighbouring threads take neighbouring 16 bytes; without `packs` (unaligned arrays), or at the end, single elements.
template <typename Formula, typename T, int MASK>
__global__ void contiguous(const Operands<Formula> operands, i64 n, bool packs) {
    typedef Wide<T> W;
    const int LANES = Pack<T>::size, INPUTS = Formula::INPUTS, OUTPUTS = Formula::OUTPUTS;
    i64 first = thread_index() * LANES;
    if (packs && first + LANES <= n) {
        Pack<T> in[INPUTS], out[OUTPUTS];
#pragma unroll
        for (int k = 0; k < INPUTS; ++k)
            if (!(MASK >> k & 1)) in[k] = load_pack((const T *)operands.input[k] + first);
#pragma unroll
        for (int lane = 0; lane < LANES; ++lane) {
            W values[INPUTS], results[OUTPUTS];
#pragma unroll
            for (int k = 0; k < INPUTS; ++k)
                values[k] = MASK >> k & 1 ? W(operands.number[k]) : load(in[k].at[lane]);
            Formula::apply(values, results);
#pragma unroll
            for (int k = 0; k < OUTPUTS; ++k) out[k].at[lane] = store<T>(results[k]);
        }
#pragma unroll
        for (int k = 0; k < OUTPUTS; ++k) store_pack((T *)operands.output[k] + first, out[k]);
    } else {
        for (i64 i = first; i < n && i < first + LANES; ++i) {
            W values[INPUTS], results[OUTPUTS];
#pragma unroll
            for (int k = 0; k < INPUTS; ++k)
                values[k] = MASK >> k & 1 ? W(operands.number[k]) : load(((const T *)operands.input[k])[i]);
            Formula::apply(values, results);
#pragma unroll
            for (int k = 0; k < OUTPUTS; ++k) ((T *)operands.output[k])[i] = store<T>(results[k]);
        }
    }
}

// Inputs of any strides, outputs contiguous. Index is unsigned for fewer than 2^31 elements (its division is faster).
template <typename Formula, typename T, int MASK, typename Index>
__global__ void strided(const Operands<Formula> operands, const Layout<Formula> layout, i64 n) {
    typedef Wide<T> W;
    const int INPUTS = Formula::INPUTS, OUTPUTS = Formula::OUTPUTS;
    i64 i = thread_index();
    if (i >= n) return;
    i64 at[INPUTS] = {};
    Index rest = (Index)i;
    for (int axis = (int)layout.axes - 1; axis >= 0; --axis) {
        Index size = (Index)layout.size[axis], next = rest / size;
        i64 place = rest - next * size;
#pragma unroll
        for (int k = 0; k < INPUTS; ++k) at[k] += place * layout.step[k][axis];
        rest = next;
    }
    W values[INPUTS], results[OUTPUTS];
#pragma unroll
    for (int k = 0; k < INPUTS; ++k)
        values[k] = MASK >> k & 1 ? W(operands.number[k]) : load(((const T *)operands.input[k])[at[k]]);
    Formula::apply(values, results);
#pragma unroll
    for (int k = 0; k < OUTPUTS; ++k) ((T *)operands.output[k])[i] = store<T>(results[k]);
}

// What formulas may call besides CUDA's own functions.

// The smaller one; NaN if either is.
template <typename W>
__device__ __forceinline__ W smaller(W a, W b) {
    return (a < b || a != a) ? a : b;
}

// -1, 0 or 1; 0 for NaN.
template <typename W>
__device__ __forceinline__ W sign_of(W x) {
    return W((x > 0) - (x < 0));
}

template <typename W>
__device__ __forceinline__ W logistic(W x) {
    return 1 / (1 + exponential(-x));
}

// x to the N, by squaring.
template <int N, typename W>
__device__ __forceinline__ W whole_power(W x) {
    if constexpr (N == 0) return W(1);
    else if constexpr (N < 0) return 1 / whole_power<-N>(x);
    else if constexpr (N % 2) return x * whole_power<N - 1>(x);
    else return whole_power<N / 2>(x * x);
}
