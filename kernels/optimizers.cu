// Optimiser updates of any number of tensors in one launch.
//
// Algorithm: see optimizers.cuh. Formulas are those of autograd_gpu/device/portable/optimizers.py. Halves are computed in
// float32 and rounded once. What depends on the number of the step and on the learning rate is worked out in float64 by the
// first thread of each block: both may lie in device memory, so that nobody waits for them. `found_inf`, where there is one,
// says that the step must not happen.
//
// Bytes moved per element of s bytes, all the least possible: SGD 3 s, with momentum 5 s; Adam 7 s, AMSGrad 9 s; RMSprop
// 5 s, and 2 s more for each of mean and momentum; Adagrad 5 s.

#include "optimizers.cuh"

const int STATES = 3;

struct Tensor {
    u64 param, grad, state[STATES];  // addresses; 0 where there is no such state
    u64 step;                        // address of the number of the step (float32), or 0: Settings has it
    i64 size, first_chunk, first_step;
};

// The same for all tensors of a launch; which option is what is said by the rules' constructors.
struct Settings {
    double lr, step, options[6];
    u64 lr_at;      // address of the learning rate, or 0
    u64 found_inf;  // address of a float32, or 0
    int lr_is_double, maximize, flags;
};

__device__ __forceinline__ double rate(const Settings &settings) {
    if (!settings.lr_at) return settings.lr;
    return settings.lr_is_double ? *(const double *)settings.lr_at : *(const float *)settings.lr_at;
}

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

template <typename T, template <typename> class Rule>
__global__ void update(const Tensor *table, int tensors, Settings settings) {
    if (settings.found_inf && *(const float *)settings.found_inf != 0) return;
    const Tensor tensor = row_of(table, tensors);
    __shared__ Rule<Wide<T>> shared_rule;
    if (threadIdx.x == 0)
        shared_rule.prepare(settings, rate(settings), tensor.step ? *(const float *)tensor.step : settings.step);
    __syncthreads();
    const Rule<Wide<T>> rule = shared_rule;
    i64 start = ((i64)blockIdx.x - tensor.first_chunk) * CHUNK, end = min(start + CHUNK, tensor.size);
    bool first = tensor.first_step != 0;
    T *param = pointer_to<T>(tensor.param), *state[STATES];
    const T *grad = pointer_to<const T>(tensor.grad);
    u64 addresses = tensor.param | tensor.grad;
#pragma unroll
    for (int i = 0; i < STATES; ++i) {
        state[i] = pointer_to<T>(tensor.state[i]);
        addresses |= tensor.state[i];
    }
    const int LANES = Pack<T>::LANES;
    i64 at = start;
    if (addresses % 16 == 0) {
        i64 packs = (end - start) / LANES;
        for (i64 pack = threadIdx.x; pack < packs; pack += BLOCK) {
            i64 place = start / LANES + pack;
            Pack<T> p = ((Pack<T> *)param)[place], g = ((const Pack<T> *)grad)[place], s[STATES];
#pragma unroll
            for (int i = 0; i < STATES; ++i)
                if (tensor.state[i]) s[i] = ((Pack<T> *)state[i])[place];
#pragma unroll
            for (int lane = 0; lane < LANES; ++lane) {
                T states[STATES];
#pragma unroll
                for (int i = 0; i < STATES; ++i) states[i] = tensor.state[i] ? s[i].lane[lane] : T();
                update_one(rule, p.lane[lane], g.lane[lane], states, first);
#pragma unroll
                for (int i = 0; i < STATES; ++i) s[i].lane[lane] = states[i];
            }
            ((Pack<T> *)param)[place] = p;
#pragma unroll
            for (int i = 0; i < STATES; ++i)
                if (tensor.state[i]) ((Pack<T> *)state[i])[place] = s[i];
        }
        at = start + packs * LANES;
    }
    for (i64 place = at + threadIdx.x; place < end; place += BLOCK) {
        T p = param[place], states[STATES];
#pragma unroll
        for (int i = 0; i < STATES; ++i) states[i] = tensor.state[i] ? state[i][place] : T();
        update_one(rule, p, grad[place], states, first);
        param[place] = p;
#pragma unroll
        for (int i = 0; i < STATES; ++i)
            if (tensor.state[i]) state[i][place] = states[i];
    }
}

// One more step in every tensor's number of steps.
__global__ void advance(const u64 *steps, i64 count, const float *found_inf) {
    if (found_inf && *found_inf != 0) return;
    i64 i = thread_index();
    if (i < count) *(float *)steps[i] += 1;
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

    // options: momentum, dampening, weight decay; flags: nesterov
    __device__ void prepare(const Settings &s, double rate, double) {
        lr = rate, momentum = s.options[0], undamped = 1 - s.options[1], decay = s.options[2];
        nesterov = s.flags, maximize = s.maximize;
    }

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

// size: learning rate / (1 - beta1^step); bias: sqrt(1 - beta2^step); keep: what decoupled decay leaves of a parameter.
template <typename W>
struct Adam {
    W size, bias, one_minus_beta1, beta2, one_minus_beta2, eps, decay, keep;
    bool amsgrad, maximize;

    // options: beta1, beta2, eps, weight decay; flags: 1 decoupled, 2 amsgrad
    __device__ void prepare(const Settings &s, double rate, double step) {
        size = rate / (1 - pow(s.options[0], step)), bias = sqrt(1 - pow(s.options[1], step));
        one_minus_beta1 = 1 - s.options[0], beta2 = s.options[1], one_minus_beta2 = 1 - s.options[1];
        eps = s.options[2], decay = s.flags & 1 ? 0 : s.options[3], keep = s.flags & 1 ? 1 - rate * s.options[3] : 1;
        amsgrad = s.flags & 2, maximize = s.maximize;
    }

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

template <typename W>
struct RmsProp {
    W lr, alpha, one_minus_alpha, eps, decay, momentum;
    bool centered, maximize;

    // options: alpha, eps, weight decay, momentum; flags: centered
    __device__ void prepare(const Settings &s, double rate, double) {
        lr = rate, alpha = s.options[0], one_minus_alpha = 1 - s.options[0], eps = s.options[1], decay = s.options[2];
        momentum = s.options[3], centered = s.flags, maximize = s.maximize;
    }

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

template <typename W>
struct Adagrad {
    W size, eps, decay;
    bool maximize;

    // options: lr decay, eps, weight decay
    __device__ void prepare(const Settings &s, double rate, double step) {
        size = rate / (1 + (step - 1) * s.options[0]), eps = s.options[1], decay = s.options[2], maximize = s.maximize;
    }

    // states: sum of squares
    __device__ __forceinline__ void update(W &p, W g, W *states, bool) const {
        g = effective(p, g, decay, maximize);
        states[0] += g * g;
        p -= size * (g / (root(states[0]) + eps));
    }
};
