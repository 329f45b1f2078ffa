"""Cases of autograd_gpu/ops/linalg.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.ops import linalg
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S

NUMBERS = "float half int complex"
DIFFERENTIABLE = "float half complex"
DTYPES_DIFFER = "expected m1 and m2 to have the same dtype, but got: float != double"


def _sum(product: Any) -> Any:
    def reference(x: Any, a: Any, b: Any, beta: float = 1, alpha: float = 1) -> Any:
        result = product(a, b)
        return np.broadcast_to(x, result.shape) * (beta or 0) + alpha * result

    return reference


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    result = x @ weight.T
    return result if bias is None else result + bias


def _sums(name: str, product: Any, x: tuple[int, ...], a: tuple[int, ...], b: tuple[int, ...]) -> OpCase:
    def samples(make: Make) -> list[S]:
        return [
            S(make(*x), make(*a), make(*b)),
            S(make(*x), make(*a), make(*b), beta=2, alpha=3),
            S(make(*x), make(*a), make(*b), beta=0),
            S(make(), make(*a), make(*b)),
        ]

    return OpCase(
        name,
        samples=samples,
        ref=_sum(product),
        dtypes=NUMBERS,
        inplace=None,
        also=f"{name}_",
        tol={"float16": 2e-2, "bfloat16": 1.6e-1},  # the product is rounded before the sum
        errors=[
            ErrorCase(
                lambda make: S(make(7), make(*a), make(*b)),
                RuntimeError,
                r"The expanded size of the tensor \(\d\) must match the existing size \(7\)",
            ),
            ErrorCase(
                lambda make: S(make(*x, dtype="float64"), make(*a), make(*b)),
                RuntimeError,
                "self and mat2 must have the same dtype, but got Double and Float",
            ),
            ErrorCase(
                lambda make: S(make(*x), make(*a), make(*b), alpha=0.5),
                RuntimeError,
                "argument alpha must not be a floating point number",
                dtype="int64",
            ),
        ],
    )


def _tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    if not isinstance(dims, int) and len(dims[0]) == 1:
        (first,), (second,) = dims
        if a.shape[first] == 1:
            b = b.sum(second, keepdims=True, dtype=b.dtype)
        elif b.shape[second] == 1:
            a = a.sum(first, keepdims=True, dtype=a.dtype)
    return np.tensordot(a, b, dims)


CASES = [
    OpCase(
        "mm",
        samples=lambda make: [
            S(make(2, 3), make(3, 4)),
            S(make(0, 3), make(3, 2)),
            S(make(2, 0), make(0, 3)),
        ],
        ref=np.matmul,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(4, 5)),
                RuntimeError,
                r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)",
            ),
            ErrorCase(lambda make: S(make(2, 3), make(3)), RuntimeError, "mat2 must be a matrix"),
            ErrorCase(lambda make: S(make(3), make(3, 2)), RuntimeError, "self must be a matrix"),
            ErrorCase(lambda make: S(make(2, 3), make(3, 2, dtype="float64")), RuntimeError, DTYPES_DIFFER),
            ErrorCase(lambda make: S(make(2, 3), 2.0), TypeError, "must be Tensor, not float"),
        ],
    ),
    OpCase(
        "mv",
        samples=lambda make: [S(make(2, 3), make(3)), S(make(2, 0), make(0))],
        ref=np.matmul,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(4)),
                RuntimeError,
                r"size mismatch, got input \(2\), mat \(2x3\), vec \(4\)",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), make(3, 2)),
                RuntimeError,
                r"vector \+ matrix @ vector expected, got 1, 2, 2",
            ),
        ],
    ),
    OpCase(
        "dot",
        samples=lambda make: [S(make(3), make(3)), S(make(0), make(0))],
        ref=np.dot,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(2), make(3)),
                RuntimeError,
                r"expected tensor \[2\] and src \[3\] to have the same number",
            ),
            ErrorCase(
                lambda make: S(make(2, 2), make(2)),
                RuntimeError,
                "1D tensors expected, but got 2D and 1D tensors",
            ),
            ErrorCase(
                lambda make: S(make(2), make(2, dtype="float64")), RuntimeError, "but found Float and Double"
            ),
        ],
    ),
    OpCase(
        "outer",
        also="ger",
        samples=lambda make: [S(make(2), make(3)), S(make(0), make(2))],
        ref=np.outer,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 2), make(2)), RuntimeError, "Expected 1-D argument self, but got 2-D"
            )
        ],
    ),
    OpCase(
        "matmul",
        samples=lambda make: [
            S(make(3), make(3)),
            S(make(2, 3), make(3)),
            S(make(3), make(3, 2)),
            S(make(2, 3), make(3, 2)),
            S(make(2, 2, 3), make(3)),
            S(make(3), make(2, 3, 2)),
            S(make(2, 2, 3), make(3, 2)),  # folded into one product
            S(make(2, 3), make(2, 3, 2)),
            S(make(2, 2, 3), make(2, 3, 2)),
            S(make(2, 1, 2, 3), make(2, 3, 2)),  # batches broadcast
            S(make(0, 2, 3), make(3, 2)),
            S(make(2, 2, 0), make(2, 0, 2)),
        ],
        ref=np.matmul,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(4, 5)),
                RuntimeError,
                r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)",
            ),
            ErrorCase(
                lambda make: S(make(2, 2, 3), make(4, 5)),
                RuntimeError,
                r"mat1 and mat2 shapes cannot be multiplied \(4x3 and 4x5\)",
            ),
            ErrorCase(
                lambda make: S(make(2, 2, 3), make(3, 3, 5)),
                RuntimeError,
                r"The size of tensor a \(2\) must match the size of tensor b \(3\)",
            ),
            ErrorCase(
                lambda make: S(make(2, 2, 3), make(2, 4, 5)),
                RuntimeError,
                r"Expected size for first two dimensions of batch2 tensor to be: \[2, 3\] but got: \[2, 4\]",
            ),
            ErrorCase(
                lambda make: S(make(), make(3)),
                RuntimeError,
                "need to be at least 1D, but they are 0D and 1D",
            ),
            ErrorCase(lambda make: S(make(2, 3), make(3, 2, dtype="float64")), RuntimeError, DTYPES_DIFFER),
            ErrorCase(
                lambda make: S(make(2, 2), make(2, 2)),
                NotImplementedError,
                "not implemented for 'Bool'",
                dtype="bool",
            ),
        ],
    ),
    OpCase(
        "bmm",
        samples=lambda make: [S(make(2, 2, 3), make(2, 3, 2)), S(make(0, 2, 3), make(0, 3, 2))],
        ref=np.matmul,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 2, 3), make(3, 3, 5)),
                RuntimeError,
                r"to be: \[2, 3\] but got: \[3, 3\]",
            ),
            ErrorCase(lambda make: S(make(2, 3), make(2, 3, 5)), RuntimeError, "batch1 must be a 3D tensor"),
        ],
    ),
    OpCase(
        "linear",
        also="linear_unbiased",
        samples=lambda make: [
            S(make(2, 3), make(4, 3), make(4)),
            S(make(2, 3), make(4, 3)),
            S(make(2, 2, 3), make(4, 3), make(4)),
            S(make(3), make(4, 3), make(4)),
            S(make(2, 3), make(3)),
            S(make(0, 3), make(2, 3), make(2)),
        ],
        ref=_linear,
        dtypes=NUMBERS,
        tol={"float16": 1e-2, "bfloat16": 8e-2},  # the product is rounded before the sum
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(4, 5)),
                RuntimeError,
                r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 5x4\)",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), make(5, 3), make(4)),
                RuntimeError,
                r"The expanded size of the tensor \(5\) must match the existing size \(4\)",
            ),
            ErrorCase(lambda make: S(make(2, 3), make(5, 3, dtype="float64")), RuntimeError, DTYPES_DIFFER),
            ErrorCase(lambda make: S(make(), make(3)), RuntimeError, "need to be at least 1D"),
        ],
    ),
    _sums("addmm", np.matmul, (2, 2), (2, 3), (3, 2)),
    _sums("addmv", np.matmul, (2,), (2, 3), (3,)),
    _sums("addr", np.outer, (2, 3), (2,), (3,)),
    _sums("baddbmm", np.matmul, (2, 2, 2), (2, 2, 3), (2, 3, 2)),
    _sums("addbmm", lambda a, b: np.matmul(a, b).sum(0, dtype=a.dtype), (2, 2), (2, 2, 3), (2, 3, 2)),
    OpCase(
        "inner",
        samples=lambda make: [
            S(make(3), make(3)),
            S(make(2, 3), make(4, 3)),
            S(make(2, 3), make(3)),
            S(make(), make(2)),
        ],
        ref=np.inner,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(lambda make: S(make(2, 3), make(2, 4)), RuntimeError, r"the last dimension must match")
        ],
    ),
    OpCase(
        "tensordot",
        samples=lambda make: [
            S(make(2, 3, 2), make(3, 2, 2)),
            S(make(2, 3), make(3, 2), 1),
            S(make(2), make(3), 0),
            S(make(2, 3, 2), make(2, 3, 2), ([1, -1], [1, 0])),
            S(make(2, 1), make(3, 2), ([1], [0])),  # a dimension of size one broadcasts
            S(make(2, 3), make(1, 2), ([1], [0])),
        ],
        ref=_tensordot,
        dtypes=NUMBERS,
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(4, 3), ([0], [1])),
                RuntimeError,
                "first has size 2 in dim 0 and second has size 3 in dim 1",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), make(4, 3), ([0, 1], [1])),
                RuntimeError,
                "both dimension lists should have same length",
            ),
        ],
    ),
    OpCase(
        "kron",
        samples=lambda make: [
            S(make(2), make(3)),
            S(make(2, 2), make(2, 3)),
            S(make(2), make(2, 2)),
            S(make(), make(2)),
        ],
        ref=np.kron,
        dtypes=NUMBERS,
    ),
    OpCase(
        "chain_matmul",
        samples=lambda make: [S(make(2, 3), make(3, 4), make(4, 2)), S(make(2, 2))],
        ref=lambda *xs: np.linalg.multi_dot(xs) if len(xs) > 1 else xs[0],
        dtypes=DIFFERENTIABLE,
        tol={"float16": 2e-2, "bfloat16": 2e-1},  # intermediate results are rounded, too
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), make(4, 3)),
                RuntimeError,
                r"tensors 0 and 1 with shapes \[2, 3\] and \[4, 3\] cannot be multiplied",
            ),
            ErrorCase(
                lambda make: S([make(2, 3)]),
                RuntimeError,
                "expected at least 2 tensors but got 1",
                call=linalg.multi_dot,
            ),
        ],
    ),
    OpCase(
        "trace",
        samples=lambda make: [S(make(3, 3)), S(make(2, 4)), S(make(0, 0))],
        ref=np.trace,
        dtypes="float half complex int64",
        errors=[
            ErrorCase(
                lambda make: S(make(3)), RuntimeError, "trace: expected a matrix, but got tensor with dim 1"
            )
        ],
    ),
    OpCase(
        "cross",
        also="linalg_cross",
        samples=lambda make: [
            S(make(3), make(3)),
            S(make(2, 3), make(2, 3)),
            S(make(3, 2), make(3, 2), 0),
            S(make(2, 3), make(1, 3), 1),
        ],
        ref=lambda a, b, dim=-1: np.cross(a, b, axis=dim),
        dtypes="float half complex int64 int32",
        tol={"float16": 1e-2, "bfloat16": 8e-2},  # a difference of rounded products
        errors=[
            ErrorCase(lambda make: S(make(4), make(4)), RuntimeError, "no dimension of size 3 in input"),
            ErrorCase(lambda make: S(make(3), make(4)), RuntimeError, "must have length 3. Got 3 and 4"),
            ErrorCase(
                lambda make: S(make(3), make(2, 3)),
                RuntimeError,
                "inputs must have the same number of dimensions",
            ),
        ],
    ),
]
