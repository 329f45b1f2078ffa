"""Attention in blocks on several threads, against its body in plain ops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.core.op import tensor_namespace
from autograd_gpu.ops.attention import attention


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = ag.get_num_threads()
    ag.set_num_threads(2)
    yield
    ag.set_num_threads(before)


def _make(*shape: int) -> Any:
    return ag.randn(*shape, dtype=ag.float64).requires_grad_()


# leading dimensions, queries, keys: what is computed together is several heads, one head, part of one head
SIZES = {"heads": ((3, 4), 60, 70), "one head": ((1, 3), 300, 130), "queries of one": ((2,), 400, 500)}
KINDS = ["plain", "causal", "bool mask", "float mask", "dropout"]


def _inputs(size: str, kind: str) -> tuple[list[Any], dict[str, Any]]:
    ag.manual_seed(0)
    leading, queries, keys = SIZES[size]
    inputs = [_make(*leading, queries, 16), _make(*leading, keys, 16), _make(*leading, keys, 24), None]
    if kind == "bool mask":
        inputs[3] = ag.rand(queries, keys) > 0.3
        inputs[3][5] = False  # a query that sees nothing
    elif kind == "float mask":
        inputs[3] = _make(*leading, queries, keys)
    dropout = 0.25 if kind == "dropout" else 0.0
    return inputs, {
        "scale": 0.25, "is_causal": kind == "causal", "dropout_p": dropout, "seed": 3, "offset": 0,
    }  # fmt: skip


def _run(call: Any, inputs: list[Any], toward: Any) -> list[np.ndarray]:
    out = call(inputs)
    leaves = [each for each in inputs if each is not None and each.requires_grad]
    gradients = ag.autograd.grad(out, leaves, toward)
    return [each.detach().numpy() for each in (out, *gradients)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_blocks_give_what_the_body_gives(size: str, kind: str, two_threads: None) -> None:
    inputs, params = _inputs(size, kind)
    toward = ag.randn(*inputs[0].shape[:-1], 24, dtype=ag.float64)
    namespace = tensor_namespace(ag.device("cpu"))
    ours = _run(lambda given: attention.apply(*given, **params), inputs, toward)
    oracle = _run(lambda given: attention.body(namespace, *given, **params)[0], inputs, toward)
    for found, wanted in zip(ours, oracle, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)
    ag.set_num_threads(1)
    for found, again in zip(
        ours, _run(lambda given: attention.apply(*given, **params), inputs, toward), strict=True
    ):
        np.testing.assert_array_equal(found, again)
