"""Every op against its case in tests/optable; what is checked is written in
autograd_gpu/testing/opchecks.py."""

from __future__ import annotations

import pytest

import autograd_gpu as ag
from autograd_gpu import dtypes
from autograd_gpu.dtypes import DType
from autograd_gpu.testing import opchecks
from autograd_gpu.testing.opcase import ErrorCase, OpCase
from tests.optable import CASES


def pairs(rows: list[tuple[OpCase, DType]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("case", "dtype"), [pytest.param(case, dtype, id=f"{case.id}-{dtype.name}") for case, dtype in rows]
    )


SUPPORTED = [(case, dtype) for case in CASES for dtype in case.supported]
DIFFERENTIATED = [
    (case, dtype)
    for case, dtype in SUPPORTED
    if case.gradient is not False and dtype.category >= dtypes.FLOAT
]


@pairs(SUPPORTED)
def test_forward(case: OpCase, dtype: DType, device: str) -> None:
    opchecks.check_forward(case, dtype, device)


@pairs([(case, dtype) for case in CASES for dtype in dtypes.all_dtypes if dtype not in case.supported])
def test_other_dtypes_work_or_raise_a_clear_error(case: OpCase, dtype: DType, device: str) -> None:
    opchecks.check_unlisted(case, dtype, device)


@pairs([(case, dtype) for case, dtype in DIFFERENTIATED if dtype in (dtypes.float64, dtypes.complex128)])
def test_gradients_are_right(case: OpCase, dtype: DType) -> None:
    opchecks.check_gradient(case, dtype)


@pairs(DIFFERENTIATED)
def test_backward(case: OpCase, dtype: DType, device: str) -> None:
    opchecks.check_backward(case, dtype, device)


@pytest.mark.parametrize(
    ("case", "name", "dtype"),
    [
        pytest.param(case, name, dtype, id=f"{case.id}-{name}-{dtype.name}")
        for case in CASES
        for name in case.inplace_names
        for dtype in case.supported
    ],
)
def test_inplace(case: OpCase, name: str, dtype: DType, device: str) -> None:
    opchecks.check_inplace(case, name, dtype, device)


@pytest.mark.parametrize(
    ("case", "error"),
    [
        pytest.param(case, error, id=f"{case.id}-{number}")
        for case in CASES
        for number, error in enumerate(case.errors)
    ],
)
def test_errors(case: OpCase, error: ErrorCase, device: str) -> None:
    # What a GPU tensor holds is only looked at if that is asked for: the program has to wait for it.
    with ag.cuda.check_values(error.looks_at_values):
        opchecks.check_error(case, error, device)
