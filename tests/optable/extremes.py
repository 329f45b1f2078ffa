"""Cases of autograd_gpu/ops/extremes.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

ORDERED = "float half int bool"
OUT_OF_RANGE = ErrorCase(
    lambda make: S(make(2, 3), 2), IndexError, r"Dimension out of range .*range of \[-2, 1\], but got 2"
)


def nothing(name: str, of_all: type[Exception] = RuntimeError) -> list[ErrorCase]:
    return [
        OUT_OF_RANGE,
        ErrorCase(
            lambda make: S(make(0, 3)),
            of_all,
            rf"{name}\(\): Expected reduction dim to be specified for input.numel\(\) == 0",
        ),
        ErrorCase(
            lambda make: S(make(0, 3), 0),
            IndexError,
            rf"{name}\(\): Expected reduction dim 0 to have non-zero size",
        ),
    ]


def unordered(
    name: str, kind: type[Exception] = NotImplementedError, text: str = "not implemented for"
) -> ErrorCase:
    return ErrorCase(lambda make: S(make(3)), kind, text, dtype="complex64")


def distinct(make: Make, *shape: int) -> Any:
    """Different numbers in random order: an extreme has one place, and a derivative."""
    size = int(np.prod(shape))
    return (
        make.rng.permutation(np.linspace(-2, 2, size) if size else np.zeros(0))
        .reshape(shape)
        .astype(make.dtype.numpy)
    )


def along(make: Make) -> list[S]:
    return [
        S(distinct(make, 3, 4), 0),
        S(distinct(make, 3, 4), dim=-1, keepdim=True),
        S(distinct(make, 2, 3, 4), 1),
        S(distinct(make, 5), 0),
        S(make(), 0),
        S(make(3, 0), 0),
        S(distinct(make, 3, 4), axis=1, keepdims=True),
    ]


def extreme(function: Any, argument: Any) -> Any:
    """Values and indices along a dimension."""

    def reference(
        x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False
    ) -> Any:
        dim = axis if dim is None else dim
        if not x.ndim:
            return x, np.int64(0)
        keep = keepdim or keepdims
        return function(x, axis=dim, keepdims=keep), argument(x, axis=dim, keepdims=keep)

    return reference


def several(make: Make) -> list[S]:
    return [
        S(distinct(make, 3, 4)),
        S(distinct(make, 3, 4), 0),
        S(distinct(make, 2, 3, 4), dim=(0, 2)),
        S(distinct(make, 2, 3, 4), dim=(-1, 0), keepdim=True),
        S(make()),
        S(make(), dim=0),
        S(make(3, 0), dim=0),
        S(distinct(make, 3, 4), axis=1, keepdims=True),
        S(np.array([[1, 1, 0], [0, 1, 0]], make.dtype.numpy), 1).only("float16 int64 bool"),  # ties
    ]


def numpy_reduction(function: Any) -> Any:
    def reference(
        x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False
    ) -> Any:
        dim = axis if dim is None else dim
        return function(x, axis=dim if x.ndim else None, keepdims=keepdim or keepdims)

    return reference


CASES = [
    *(
        OpCase(
            name,
            samples=several,
            ref=numpy_reduction(function),
            dtypes=ORDERED,
            errors=[*nothing(name), unordered(name)],
        )
        for name, function in (("amax", np.max), ("amin", np.min))
    ),
    *(
        OpCase(
            name,
            also=f"{name}_all",
            variant="of_all",
            samples=lambda make: [S(distinct(make, 3, 4)), S(make()), S(distinct(make, 2, 3, 2))],
            ref=function,
            dtypes=ORDERED,
            errors=[nothing(name)[1], unordered(name)],
        )
        for name, function in (("max", np.max), ("min", np.min))
    ),
    *(
        OpCase(
            name,
            also=f"{name}_with_index",
            variant="along",
            samples=along,
            ref=extreme(function, argument),
            dtypes=ORDERED,
            errors=[*nothing(name)[::2], unordered(name)],
        )
        for name, function, argument in (("max", np.max, np.argmax), ("min", np.min, np.argmin))
    ),
    *(
        OpCase(
            name,
            variant="of_two",
            samples=lambda make: [S(make(3, 4), make(4)), S(make(3), make(3)), S(make(2), other=make(2))],
            ref=lambda x, y=None, other=None, function=function: function(x, other if y is None else y),
            dtypes=ORDERED,
            errors=[
                ErrorCase(lambda make: S(make(2), make(3)), RuntimeError, "must match the size of tensor b")
            ],
        )
        for name, function in (("max", np.maximum), ("min", np.minimum))
    ),
    *(
        OpCase(
            name,
            samples=lambda make: [
                *along(make),
                S(distinct(make, 3, 4)),
                S(distinct(make, 3, 4), keepdim=True),
            ],
            ref=numpy_reduction(function),
            dtypes="float half int",
            gradient=False,
            errors=[
                *nothing(name, IndexError),
                unordered(name, RuntimeError, "does not support complex input"),
                ErrorCase(lambda make: S(make(3)), RuntimeError, "does not support bool input", dtype="bool"),
            ],
        )
        for name, function in (("argmax", np.argmax), ("argmin", np.argmin))
    ),
    OpCase(
        "aminmax",
        samples=lambda make: [
            S(distinct(make, 3, 4)),
            S(distinct(make, 3, 4), dim=0),
            S(distinct(make, 3, 4), dim=1, keepdim=True),
        ],
        ref=lambda x, dim=None, keepdim=False: (
            np.min(x, axis=dim, keepdims=keepdim),
            np.max(x, axis=dim, keepdims=keepdim),
        ),
        dtypes=ORDERED,
        errors=[
            ErrorCase(
                lambda make: S(make(0)),
                RuntimeError,
                "cannot compute aminmax over an empty dimension as the operation has no identity",
            )
        ],
    ),
]
