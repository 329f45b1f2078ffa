"""Cases of autograd_gpu/ops/einsum.py: one for each group of subscripts that the planner treats in its own
way."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S


def _samples(make: Make) -> list[S]:
    return [
        S("ij,jk->ik", make(2, 3), make(3, 4)),
        S("ij,jk", make(2, 3), make(3, 4)),
        S("bij,bjk->bik", make(2, 2, 3), make(2, 3, 2)),  # batches
        S("ij->ji", make(2, 3)),
        S("ij->", make(2, 3)),
        S("ii->i", make(3, 3)),  # a diagonal
        S("ii", make(3, 3)),
        S("i,j->ji", make(2), make(3)),  # nothing contracted
        S("i,i", make(3), make(3)),  # everything contracted
        S("ij,ik->jk", make(3, 2), make(3, 2)),
        S("ij,kj,lk->il", make(2, 3), make(2, 3), make(2, 2)),  # three operands
        S("...ij,jk->...ik", make(2, 2, 3), make(3, 2)),
        S("i...,i...->...", make(3, 2), make(3, 2)),
        S("ij,jk->ik", make(0, 3), make(3, 2)),
        S("ij,jk->ik", make(2, 0), make(0, 2)),
    ]


def _reference(equation: str, *operands: Any) -> Any:
    return np.einsum(equation, *operands)


CASES = [
    OpCase(
        "einsum",
        samples=_samples,
        ref=_reference,
        dtypes="float half complex",
        # intermediate results of three operands are rounded, too
        tol={"float16": 1e-2, "bfloat16": 8e-2},
        errors=[
            ErrorCase(
                lambda make: S("ij,jk", make(2, 3), make(4, 5)),
                RuntimeError,
                "subscript j has size 4 for operand 1 which does not broadcast with previously seen size 3",
            ),
            ErrorCase(
                lambda make: S("ij->iz", make(2, 3)),
                RuntimeError,
                "output subscript z does not appear in the equation",
            ),
            ErrorCase(
                lambda make: S("ijk", make(2, 3)),
                RuntimeError,
                r"the number of subscripts in the equation \(3\) does not match",
            ),
            ErrorCase(
                lambda make: S("ij", make(2, 3), make(3)),
                RuntimeError,
                "more operands were provided than specified",
            ),
            ErrorCase(
                lambda make: S("ij,jk", make(2, 3)),
                RuntimeError,
                "fewer operands were provided than specified",
            ),
            ErrorCase(lambda make: S("i-j", make(2, 3)), RuntimeError, "invalid subscript given at index 1"),
            ErrorCase(
                lambda make: S("ij->ii", make(2, 3)),
                RuntimeError,
                "output subscript i appears more than once",
            ),
            ErrorCase(
                lambda make: S("i.j", make(2, 3)),
                RuntimeError,
                "found '.' for operand 0 that is not part of any ellipsis",
            ),
            ErrorCase(
                lambda make: S("ij,jk", make(2, 3), make(3, 2, dtype="float64")),
                RuntimeError,
                "expected m1 and m2 to have the same dtype",
            ),
        ],
    ),
]
