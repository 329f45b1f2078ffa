"""Helpers for training loops: clipping gradients, parameters as one vector, sequences of different lengths (`rnn`), weights
computed from others."""

from autograd_gpu.nn.utils import parametrizations, parametrize, rnn
from autograd_gpu.nn.utils.clip import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from autograd_gpu.nn.utils.spectral_norm import remove_spectral_norm, spectral_norm
from autograd_gpu.nn.utils.vector import parameters_to_vector, vector_to_parameters
from autograd_gpu.nn.utils.weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "remove_spectral_norm",
    "remove_weight_norm",
    "rnn",
    "spectral_norm",
    "vector_to_parameters",
    "weight_norm",
]
