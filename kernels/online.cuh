// Maximum of a row and sum of exponentials in one pass: M. Milakov, N. Gimelshein, "Online normalizer calculation for softmax"
// (2018). A new maximum rescales the sum so far.

#pragma once

#include "common.cuh"

// Maximum and sum of exp(x - maximum) of some elements of a row.
template <typename W>
struct Norm {
    W highest, sum;

    __device__ __forceinline__ Norm() : highest(-INFINITY), sum(0) {}

    __device__ __forceinline__ void add(W x) {
        if (!(x <= highest)) {  // larger, or NaN, which makes the sum NaN for good
            sum = sum * exponential(highest - x) + 1;
            highest = x;
        } else if (highest > -INFINITY) {
            sum += exponential(x - highest);
        }
    }

    __device__ __forceinline__ void merge(W other_highest, W other_sum) {
        if (other_sum == 0) return;  // nothing but -inf there
        W top = larger(highest, other_highest);
        sum = (sum == 0 ? W(0) : sum * exponential(highest - top)) + other_sum * exponential(other_highest - top);
        highest = top;
    }

    __device__ __forceinline__ void merge_warp() {
        for (int distance = 16; distance; distance /= 2)
            merge(__shfl_xor_sync(0xffffffffu, highest, distance), __shfl_xor_sync(0xffffffffu, sum, distance));
    }

    __device__ __forceinline__ void merge_block() {
        __shared__ W highests[BLOCK / 32], sums[BLOCK / 32];
        merge_warp();
        if (threadIdx.x % 32 == 0) {
            highests[threadIdx.x / 32] = highest;
            sums[threadIdx.x / 32] = sum;
        }
        __syncthreads();
        highest = highests[0];
        sum = sums[0];
        for (int part = 1; part < BLOCK / 32; ++part) merge(highests[part], sums[part]);
    }

    // What is subtracted for the logarithm, or what is multiplied with.
    template <bool LOG>
    __device__ __forceinline__ W finish() const {
        // inf - inf: the formula gives NaN for the whole row, also where it has one infinity only
        W total = highest == INFINITY ? W(NAN) : sum;
        return LOG ? logarithm(total) : 1 / total;
    }

    template <bool LOG>
    __device__ __forceinline__ W of(W x, W finished) const {
        return LOG ? (x - highest) - finished : exponential(x - highest) * finished;
    }
};
