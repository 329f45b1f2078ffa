"""Cases of autograd_gpu/ops/fourier.py. NumPy's transforms are the reference; they compute in double precision here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_gpu import fft
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

TOLERANCES = {"float32": 1e-5, "complex64": 1e-5}  # sums
PLAIN: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
    ((5,), {}),
    ((2, 4), {}),
    ((4, 2), {"dim": 0}),
    ((4,), {"n": 6}),
    ((5,), {"n": 3}),
    ((4,), {"norm": "ortho"}),
    ((5,), {"norm": "forward"}),
    ((0, 3), {}),
)
SEVERAL: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
    ((2, 3), {}),
    ((2, 3, 2), {"dim": (0, 2)}),
    ((2, 3, 2), {"s": (3, 4)}),
    ((3, 2, 2), {"s": (2, -1), "dim": (0, -1), "norm": "ortho"}),
    ((2, 2, 2), {"norm": "forward"}),
)


def one(name: str) -> Callable[..., Any]:
    return lambda x, n=None, dim=-1, norm=None: getattr(np.fft, name)(x, n, dim, norm)


def several(name: str) -> Callable[..., Any]:
    def reference(x: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
        if dim is None and s is not None:
            dim = range(-len(s), 0)
        return getattr(np.fft, name)(x, s, None if dim is None else tuple(dim), norm)

    return reference


def samples(calls: Sequence[tuple[tuple[int, ...], dict[str, Any]]]) -> Callable[[Make], list[S]]:
    return lambda make: [S(make(*shape), **options) for shape, options in calls]


LENGTH = ErrorCase(
    lambda make: S(make(3), n=0), RuntimeError, r"Invalid number of data points \(0\) specified"
)
NORM = ErrorCase(lambda make: S(make(3), norm="all"), RuntimeError, 'Invalid normalization mode: "all"')
DIM = ErrorCase(lambda make: S(make(3), dim=1), IndexError, "Dimension out of range")
HALF = ErrorCase(lambda make: S(make(4)), RuntimeError, "Unsupported dtype Half", dtype="float16")


def case(op: str, name: str, dtypes: str, errors: Sequence[ErrorCase] = ()) -> OpCase:
    function = getattr(fft, name)
    many = name.endswith("n")
    shared = [NORM, HALF] if many else [LENGTH, NORM, DIM, HALF]
    return OpCase(
        op,
        variant=name,
        samples=samples(SEVERAL if many else PLAIN),
        call=function,
        ref=(several if many else one)(name),
        dtypes=dtypes,
        tol=TOLERANCES,
        errors=[*shared, *errors],
    )


def complex_refused(name: str) -> list[ErrorCase]:
    return [
        ErrorCase(
            lambda make: S(make(4)),
            RuntimeError,
            f"{name} expects a real input tensor, but got ComplexFloat",
            dtype="complex64",
        )
    ]


CASES = [
    case("fft_c2c", "fft", "float complex int64 bool"),
    case("fft_c2c", "ifft", "float complex int64"),
    case(
        "fft_c2c",
        "fftn",
        "float complex int64",
        [
            ErrorCase(
                lambda make: S(make(), dim=0),
                IndexError,
                "Dimension specified as 0 but tensor has no dimensions",
            ),
            ErrorCase(lambda make: S(make(2, 2), dim=(0, -2)), RuntimeError, "FFT dims must be unique"),
            ErrorCase(
                lambda make: S(make(2, 2), s=(2,), dim=(0, 1)),
                RuntimeError,
                "dim and shape arguments must have the same",
            ),
            ErrorCase(
                lambda make: S(make(2), s=(2, 2)),
                RuntimeError,
                "Got shape with 2 values but input tensor only has 1",
            ),
        ],
    ),
    case("fft_c2c", "ifftn", "float complex"),
    case("fft_r2c", "rfft", "float int64 bool", complex_refused("rfft")),
    case("fft_r2c", "ihfft", "float int64", complex_refused("ihfft")),
    case("fft_r2c", "rfftn", "float int64", complex_refused("rfftn")),
    case("fft_c2r", "irfft", "float complex int64"),
    case("fft_c2r", "hfft", "float complex int64"),
    case("fft_c2r", "irfftn", "float complex"),
    OpCase(
        "fft_c2c",
        variant="frequencies",
        samples=lambda make: [S(n) for n in (1, 4, 5)],
        call=lambda n: (fft.fftfreq(n, 0.5), fft.rfftfreq(n, 0.5)),
        ref=lambda n: (np.fft.fftfreq(n, 0.5).astype(np.float32), np.fft.rfftfreq(n, 0.5).astype(np.float32)),
        dtypes="float32",
        gradient=False,
    ),
    OpCase(
        "fft_c2c",
        variant="shift",
        samples=lambda make: [S(make(5)), S(make(4, 3)), S(make(4, 3), 1), S(make(4, 3), (0,))],
        call=lambda x, dim=None: (fft.fftshift(x, dim), fft.ifftshift(x, dim)),
        ref=lambda x, dim=None: (np.fft.fftshift(x, dim), np.fft.ifftshift(x, dim)),
        dtypes="float half int complex",
    ),
]
