"""Cases of autograd_gpu/ops/complex.py."""

from __future__ import annotations

import numpy as np

import autograd_gpu as ag
from autograd_gpu.core.op import REGISTRY
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S


def one(make: Make) -> list[S]:
    return [
        S(make(3, 4)),
        S(make(3, 4, transposed=True)),
        S(make(3, 4, strided=True)),
        S(make()),
        S(make(0, 2)),
    ]


CASES = [
    OpCase("real", samples=one, ref=np.real, dtypes="complex float half int bool"),
    OpCase(
        "imag",
        samples=one,
        ref=np.imag,
        dtypes="complex",
        errors=[
            ErrorCase(
                lambda make: S(make(2)),
                RuntimeError,
                "imag is not implemented for tensors with non-complex dtypes",
            )
        ],
    ),
    OpCase("conj", samples=one, ref=np.conj, dtypes="complex float int", also="conj_physical"),
    OpCase("resolve_conj", samples=one, ref=lambda x: x, dtypes="complex float"),
    OpCase("is_conj", samples=one, ref=lambda x: np.array(False), dtypes="complex float", gradient=False),
    OpCase(
        "view_as_real",
        samples=one,
        ref=lambda x: np.stack([x.real, x.imag], -1),
        dtypes="complex",
        errors=[
            ErrorCase(
                lambda make: S(make(2)), RuntimeError, "view_as_real is only supported for complex tensors"
            )
        ],
    ),
    OpCase(
        "view_as_complex",
        # whatever its layout, made such that the two parts lie side by side
        call=lambda x: ag.view_as_complex(x.contiguous()),
        samples=lambda make: [S(make(3, 4, 2)), S(make(2)), S(make(0, 2))],
        ref=lambda x: x[..., 0] + 1j * x[..., 1],
        dtypes="float",
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3)), RuntimeError, "Tensor must have a last dimension of size 2, not 3"
            ),
            ErrorCase(
                lambda make: S(make(2)), RuntimeError, "but got a tensor of scalar type: Long", dtype="int64"
            ),
            ErrorCase(lambda make: S(make()), RuntimeError, "Input tensor must have one or more dimensions"),
            ErrorCase(
                lambda make: S(make(2, 2, transposed=True)),
                RuntimeError,
                "Tensor must have a last dimension with stride 1",
                call=ag.view_as_complex,
            ),
        ],
    ),
    OpCase(
        "stack_parts",
        call=lambda x, y: REGISTRY["stack_parts"].apply(x, y),
        samples=lambda make: [S(make(3, 2), make(3, 2)), S(make(), make()), S(make(0, 2), make(0, 2))],
        ref=lambda x, y: np.stack([x, y], -1),
    ),
    OpCase(
        "complex",
        samples=lambda make: [
            S(make(3, 4), make(3, 4)),
            S(make(3, 1), make(4)),
            S(make(), make()),
            S(make(0, 2), make(2)),
        ],
        ref=lambda x, y: x + 1j * y,
        dtypes="float",
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(2, dtype="int64")),
                RuntimeError,
                "Expected both inputs to be .* got Float and Long",
            ),
            ErrorCase(
                lambda make: S(make(2), make(2, dtype="float64")),
                RuntimeError,
                "Expected object of scalar type Float",
            ),
        ],
    ),
    OpCase(
        "polar",
        samples=lambda make: [S(make(3, 4, low=0.1), make(3, 4)), S(make(3, 1), make(4)), S(make(), make())],
        ref=lambda r, angle: r * np.exp(1j * angle),
        dtypes="float",
    ),
    OpCase(
        "angle",
        samples=lambda make: [S(make(3, 4)), S(make()), S(make(0, 2))],
        ref=lambda x: np.angle(x) if x.dtype.kind == "c" else np.where(x < 0, np.pi, 0.0),
        dtypes="complex float half int",
    ),
]
