"""`ag.backends`: its switches, on any machine. What they do on a GPU is tested in tests/device/test_cuda_matmul.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import autograd_gpu as ag


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    ag.set_float32_matmul_precision("highest")


def test_one_switch_with_three_names() -> None:
    matmul = ag.backends.cuda.matmul
    assert ag.get_float32_matmul_precision() == "highest"
    assert matmul.allow_tf32 is False
    assert matmul.fp32_precision == "ieee"
    for name in ("high", "medium"):
        ag.set_float32_matmul_precision(name)
        assert ag.get_float32_matmul_precision() == name
        assert matmul.allow_tf32 is True
        assert matmul.fp32_precision == "tf32"
    matmul.allow_tf32 = False
    assert ag.get_float32_matmul_precision() == "highest"
    matmul.fp32_precision = "tf32"
    assert ag.get_float32_matmul_precision() == "high"


def test_wrong_values() -> None:
    matmul = ag.backends.cuda.matmul
    with pytest.warns(UserWarning, match="exact is not one of 'highest', 'high', or 'medium'"):
        ag.set_float32_matmul_precision("exact")
    assert ag.get_float32_matmul_precision() == "highest"
    with pytest.raises(RuntimeError, match="set_allow_tf32_cublas expects a bool, but got int"):
        matmul.allow_tf32 = 1  # type: ignore[assignment]
    with pytest.raises(TypeError, match="allow_fp16_reduced_precision_reduction expects a bool"):
        matmul.allow_fp16_reduced_precision_reduction = "no"  # type: ignore[assignment]
    with pytest.raises(RuntimeError, match="fp32_precision is one of"):
        matmul.fp32_precision = "fp8"
    with pytest.raises(AttributeError, match="Unknown attribute allow_tf23"):
        matmul.allow_tf23 = True  # type: ignore[attr-defined]


def test_sums_of_halves() -> None:
    matmul = ag.backends.cuda.matmul
    assert matmul.allow_fp16_reduced_precision_reduction is True
    assert matmul.allow_bf16_reduced_precision_reduction is True
    matmul.allow_bf16_reduced_precision_reduction = False
    try:
        assert matmul.allow_bf16_reduced_precision_reduction is False
        assert matmul.allow_fp16_reduced_precision_reduction is True
    finally:
        matmul.allow_bf16_reduced_precision_reduction = True


def test_the_cpu_does_not_care() -> None:
    x = ag.tensor([[1.0 + 2**-20]])
    ag.set_float32_matmul_precision("medium")
    assert (x @ ag.ones(1, 1)).item() == x.item()


def test_cudnn_is_accepted() -> None:
    cudnn = ag.backends.cudnn
    assert not cudnn.is_available()
    assert cudnn.version() is None
    assert (cudnn.enabled, cudnn.benchmark, cudnn.deterministic) == (True, False, False)
    with cudnn.flags(enabled=False, benchmark=True):
        assert (cudnn.enabled, cudnn.benchmark) == (False, True)
    assert (cudnn.enabled, cudnn.benchmark) == (True, False)
    with pytest.raises(TypeError, match="unexpected keyword argument 'fast'"), cudnn.flags(fast=True):
        pass
    assert ag.backends.cuda.is_built() is ag.cuda.is_available()
