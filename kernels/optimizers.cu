// Optimiser updates of any number of tensors in one launch.
//
// Algorithm: a table in device memory has a row for each tensor (addresses, size, number of its first chunk); a block finds
// the tensor of its chunk by bisection and updates its elements, four at a time where all addresses allow it. The principle
// is that of NVIDIA Apex's multi_tensor_apply; here the table is not limited by the size of kernel parameters. Formulas are
// those of autograd_gpu/device/portable/optimizers.py. Halves are computed in float32 and rounded once.
//
// Bytes moved per element of s bytes, all the least possible: SGD 3 s, with momentum 5 s; Adam 7 s, AMSGrad 9 s; RMSprop
// 5 s, and 2 s more for each of mean and momentum.

#include "common.cuh"

const int CHUNK = 4096;
const int STATES = 3;

struct Tensor {
    u64 param, grad, state[STATES];  // addresses; 0 where there is no such state
    i64 size, first_chunk, first_step;
};

template <typename T>
struct alignas(sizeof(T) == 2 ? 8 : 16) Four {
    T lane[4];
};

template <typename T, typename Rule>
__device__ __forceinline__ void update_one(const Rule &rule, T &p, T g, T *states, bool first) {
    Wide<T> wide_p = load(p), wide_states[STATES];
#pragma unroll
    for (int i = 0; i < STATES; ++i) wide_states[i] = load(states[i]);
    rule.update(wide_p, load(g), wide_states, first);
    p = store<T>(wide_p);
#pragma unroll
    for (int i = 0; i < STATES; ++i) states[i] = store<T>(wide_states[i]);
}

template <typename T, typename Rule>
__device__ void update(const Tensor *table, int tensors, const Rule &rule) {
    // the last tensor whose first chunk is not behind this one
    int low = 0, high = tensors;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (table[middle].first_chunk <= (i64)blockIdx.x) low = middle;
        else high = middle;
    }
    const Tensor tensor = table[low];
    i64 start = ((i64)blockIdx.x - tensor.first_chunk) * CHUNK, end = min(start + CHUNK, tensor.size);
    bool first = tensor.first_step != 0;
    T *param = (T *)tensor.param, *state[STATES];
    const T *grad = (const T *)tensor.grad;
    u64 addresses = tensor.param | tensor.grad;
#pragma unroll
    for (int i = 0; i < STATES; ++i) {
        state[i] = (T *)tensor.state[i];
        addresses |= tensor.state[i];
    }
    i64 at = start;
    if (addresses % alignof(Four<T>) == 0) {
        i64 groups = (end - start) / 4;
        for (i64 group = threadIdx.x; group < groups; group += BLOCK) {
            i64 place = start / 4 + group;
            Four<T> p = ((Four<T> *)param)[place], g = ((const Four<T> *)grad)[place], s[STATES];
#pragma unroll
            for (int i = 0; i < STATES; ++i)
                if (state[i]) s[i] = ((Four<T> *)state[i])[place];
#pragma unroll
            for (int lane = 0; lane < 4; ++lane) {
                T states[STATES];
#pragma unroll
                for (int i = 0; i < STATES; ++i) states[i] = state[i] ? s[i].lane[lane] : T();
                update_one(rule, p.lane[lane], g.lane[lane], states, first);
#pragma unroll
                for (int i = 0; i < STATES; ++i) s[i].lane[lane] = states[i];
            }
            ((Four<T> *)param)[place] = p;
#pragma unroll
            for (int i = 0; i < STATES; ++i)
                if (state[i]) ((Four<T> *)state[i])[place] = s[i];
        }
        at = start + groups * 4;
    }
    for (i64 place = at + threadIdx.x; place < end; place += BLOCK) {
        T p = param[place], states[STATES];
#pragma unroll
        for (int i = 0; i < STATES; ++i) states[i] = state[i] ? state[i][place] : T();
        update_one(rule, p, grad[place], states, first);
        param[place] = p;
#pragma unroll
        for (int i = 0; i < STATES; ++i)
            if (state[i]) state[i][place] = states[i];
    }
}

// The gradient that is descended.
template <typename W>
__device__ __forceinline__ W effective(W p, W g, W decay, bool maximize) {
    return (maximize ? -g : g) + decay * p;
}

template <typename W>
struct Sgd {
    W lr, momentum, undamped, decay;
    bool nesterov, maximize;

    // states: velocity
    __device__ __forceinline__ void update(W &p, W g, W *states, bool first) const {
        g = effective(p, g, decay, maximize);
        if (momentum != 0) {
            states[0] = first ? g : states[0] * momentum + g * undamped;
            g = nesterov ? states[0] * momentum + g : states[0];
        }
        p -= lr * g;
    }
};

template <typename T>
__global__ void sgd(
    const Tensor *table, int tensors, Wide<T> lr, Wide<T> momentum, Wide<T> undamped, Wide<T> decay, bool nesterov,
    bool maximize) {
    update<T>(table, tensors, Sgd<Wide<T>>{lr, momentum, undamped, decay, nesterov, maximize});
}

// size: learning rate / (1 - beta1^step); bias: sqrt(1 - beta2^step); keep: what decoupled decay leaves of a parameter.
template <typename W>
struct Adam {
    W size, bias, one_minus_beta1, beta2, one_minus_beta2, eps, decay, keep;
    bool amsgrad, maximize;

    // states: mean, mean of squares, its maximum
    __device__ __forceinline__ void update(W &p, W g, W *states, bool) const {
        p *= keep;
        g = effective(p, g, decay, maximize);
        states[0] += (g - states[0]) * one_minus_beta1;
        states[1] = states[1] * beta2 + g * g * one_minus_beta2;
        if (amsgrad) states[2] = larger(states[2], states[1]);
        p -= size * (states[0] / (root(amsgrad ? states[2] : states[1]) / bias + eps));
    }
};

template <typename T>
__global__ void adam(
    const Tensor *table, int tensors, Wide<T> size, Wide<T> bias, Wide<T> one_minus_beta1, Wide<T> beta2,
    Wide<T> one_minus_beta2, Wide<T> eps, Wide<T> decay, Wide<T> keep, bool amsgrad, bool maximize) {
    update<T>(
        table, tensors,
        Adam<Wide<T>>{size, bias, one_minus_beta1, beta2, one_minus_beta2, eps, decay, keep, amsgrad, maximize});
}

template <typename W>
struct RmsProp {
    W lr, alpha, one_minus_alpha, eps, decay, momentum;
    bool centered, maximize;

    // states: mean of squares, mean, velocity
    __device__ __forceinline__ void update(W &p, W g, W *states, bool) const {
        g = effective(p, g, decay, maximize);
        states[0] = states[0] * alpha + g * g * one_minus_alpha;
        W variance = states[0];
        if (centered) {
            states[1] += (g - states[1]) * one_minus_alpha;
            variance -= states[1] * states[1];
        }
        W step = g / (root(variance) + eps);
        if (momentum > 0) step = states[2] = states[2] * momentum + step;
        p -= lr * step;
    }
};

template <typename T>
__global__ void rmsprop(
    const Tensor *table, int tensors, Wide<T> lr, Wide<T> alpha, Wide<T> one_minus_alpha, Wide<T> eps, Wide<T> decay,
    Wide<T> momentum, bool centered, bool maximize) {
    update<T>(
        table, tensors, RmsProp<Wide<T>>{lr, alpha, one_minus_alpha, eps, decay, momentum, centered, maximize});
}
