"""Cases of autograd_gpu/ops/bias_activation.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_gpu.ops.bias_activation import bias_activation
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

REFERENCES = {
    "relu": lambda z: np.maximum(z, 0),
    "gelu": lambda z: z * 0.5 * (1 + np.vectorize(math.erf, otypes=[float])(z / math.sqrt(2))),
    "gelu_tanh": lambda z: 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}


def _samples(make: Make) -> list[S]:
    return [
        *(S(make(3, 5), make(5), activation) for activation in REFERENCES),
        S(make(2, 3, 8), make(8)),  # as many columns as make 16 bytes
        S(make(70, 4), make(4)),  # several slices of rows on the GPU
        S(make(3, 1), make(4)),  # broadcasts both ways
        S(make(0, 3), make(3)),
        S(make(), make()),
    ]


def _reference(x: Any, bias: Any, activation: str = "gelu") -> Any:
    return REFERENCES[activation]((x + bias).astype(np.result_type(x, np.float32)))


CASES = [
    OpCase(
        "bias_activation",
        call=bias_activation.public,
        samples=_samples,
        ref=_reference,
        dtypes="float half",
        errors=[
            ErrorCase(lambda make: S(make(2), make(2), "swish"), ValueError, "must be one of relu, gelu"),
            ErrorCase(
                lambda make: S(make(2), make(3)),
                RuntimeError,
                r"The size of tensor a \(2\) must match the size of tensor b \(3\) at non-singleton dimension 0",
            ),
            ErrorCase(lambda make: S([1.0], make(3)), TypeError, "must be Tensor, not list"),
            ErrorCase(
                lambda make: S(make(2, dtype="int64"), make(2, dtype="int64")),
                NotImplementedError,
                "not implemented for 'Long'",
            ),
        ],
    ),
]  # fmt: skip
