"""`vmap` over every row of the op table, against a Python loop over the examples: values, dtypes, and derivatives."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import dtypes
from autograd_gpu.core.graph import Tensor
from autograd_gpu.func import batched, grad, vmap
from autograd_gpu.testing.opcase import HostArray, OpCase, Sample, tensor_of
from tests.optable import CASES

DYNAMIC = "vmap: We do not support batching operators that can output dynamic shape"
RANDOM = "vmap: called random operation while in randomness error mode"

LOOKED_AT = r"calling .item\(\)"

#: rows of which some samples are refused, as in PyTorch, and how
REFUSED = {
    "__getitem__": DYNAMIC,  # masks that vary
    "__setitem__": DYNAMIC,
    "argwhere": DYNAMIC,
    "index_put": DYNAMIC,
    "index_put_": DYNAMIC,
    "masked_select": DYNAMIC,
    "nonzero": DYNAMIC,
    "nonzero.as_tuple": DYNAMIC,
    "unique": DYNAMIC,
    "unique_consecutive": DYNAMIC,
    # what is looked at: whether frequencies are negative, whether fractions are between 0 and 1
    "cov": LOOKED_AT,
    "nanquantile": LOOKED_AT,
    "quantile": LOOKED_AT,
    # what is written to in place (running statistics, a table) is the same for all examples
    "embedding_rows.max_norm": "changing in place a Tensor that is not being vmapped over|inplace arithmetic",
    "native_batch_norm": "Batch norm got a batched tensor as input",
    "native_layer_norm.instance_norm": "Batch norm got a batched tensor as input",
}

#: rows that the loop cannot judge
SKIPPED = {
    "embedding_rows.bag": "where bags begin must ascend, and is looked at on the CPU only",
    "embedding_frequency": "calls backward itself, whose gradients are sums over the batch",
    "embedding_rows.gradient": "calls backward itself, whose gradients are sums over the batch",
    "embedding_rows.padding_gradient": "calls backward itself, whose gradients are sums over the batch",
    "resample_backward.gradient": "calls backward itself, which transforms refuse",
}

#: rows whose first argument must be sorted: examples are alike
SORTED = {"bucketize", "searchsorted", "searchsorted.in_rows"}

#: primitives that run example by example: what they do depends on values
LOOPED = {"bincount", "getitem", "histc", "repeat_interleave"}


def variants(array: HostArray) -> list[HostArray]:
    """Three examples: an array and its elements in the opposite order, so that indices and domains stay valid."""
    return [array, np.flip(array).copy() if array.ndim else array.copy(), array.copy()]


def tensors_in(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from tensors_in(member)
    elif isinstance(value, (tuple, list)):
        for member in value:
            yield from tensors_in(member)


def caller(case: OpCase, sample: Sample) -> Callable[..., tuple[Tensor, ...]]:
    """The row's function of the sample's tensors, which come flat."""

    def call(*tensors: Tensor) -> tuple[Tensor, ...]:
        given = iter(tensors)
        filled = sample.map(lambda array: next(given))
        return tuple(tensors_in(case.function(*filled.args, **filled.kwargs)))

    return call


def weighted(case: OpCase, sample: Sample) -> Callable[..., Tensor]:
    """A number made of all outputs, each element with a weight of its own."""
    call = caller(case, sample)

    def total(*tensors: Tensor) -> Tensor:
        device = tensors[0].device
        result = ag.zeros((), dtype=ag.float64, device=device)
        for out in call(*tensors):
            if out._type.differentiable:
                weights = 1.3 + 0.1 * ag.arange(out.numel(), dtype=ag.float64, device=device).reshape(
                    out.shape
                )
                value = (out * weights).sum()
                result = result + (value.real + 0.5 * value.imag if value.is_complex() else value)
        return result

    return total


def compare(
    function: Callable[..., tuple[Tensor, ...]],
    arrays: list[HostArray],
    chosen: list[bool],
    dim: int,
    tolerance: float,
    device: str,
    vary: bool = True,
) -> None:
    """`function` under vmap over the `chosen` arguments, with the batch in dimension `dim`, against a loop."""
    examples = [
        variants(array) if varies and vary else [array] * 3
        for array, varies in zip(arrays, chosen, strict=True)
    ]
    dims = tuple(
        (0 if dim == 0 else array.ndim) if varies else None
        for array, varies in zip(arrays, chosen, strict=True)
    )
    loop = [function(*(tensor_of(each[number], device) for each in examples)) for number in range(3)]
    if not loop[0]:
        return
    batch = [
        tensor_of(array if place is None else np.stack(each, axis=place), device)
        for array, each, place in zip(arrays, examples, dims, strict=True)
    ]
    found = vmap(function, in_dims=dims)(*batch)
    assert len(found) == len(loop[0])
    for position, out in enumerate(found):
        expected = [each[position] for each in loop]
        assert out.dtype == expected[0].dtype
        np.testing.assert_allclose(
            wide(out), np.stack([wide(each) for each in expected]), rtol=tolerance, atol=tolerance
        )


def wide(tensor: Tensor) -> HostArray:
    array = tensor.detach().cpu().numpy()
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def dtype_of(case: OpCase) -> dtypes.DType:
    return dtypes.float64 if dtypes.float64 in case.supported else case.supported[0]


@pytest.mark.parametrize("case", [case for case in CASES if not case.factory], ids=lambda case: case.id)
def test_every_op(case: OpCase, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if case.id in SKIPPED:
        pytest.skip(SKIPPED[case.id])
    slow: set[str] = set()
    monkeypatch.setattr(batched, "warn_slow", slow.add)
    monkeypatch.setattr("autograd_gpu.func.rules.warn_slow", slow.add)
    dtype = dtype_of(case)
    tolerance = 1e-9 if dtype is dtypes.float64 or dtype.itemsize == 16 else 1e-5
    refusals = 0
    for sample in case.make_samples(dtype):
        arrays = sample.arrays()
        if not arrays:
            continue
        every, first = [True] * len(arrays), [position == 0 for position in range(len(arrays))]
        real = [position for position, array in enumerate(arrays) if array.dtype.kind in "fc"]
        if isinstance(case.gradient, tuple):
            real = [real[position] for position in case.gradient if position < len(real)]
        call = caller(case, sample)
        jobs = [(call, every, 0), (call, every, -1)]
        if len(arrays) > 1 and "sorter" not in sample.kwargs:  # (a sorter is for one order of the values)
            jobs.append((call, first, 0))
        if case.gradient is not False and real:
            jobs.append((grad(weighted(case, sample), argnums=tuple(real)), every, 0))
        for function, chosen, dim in jobs:
            try:
                compare(function, arrays, chosen, dim, tolerance, device, case.id not in SORTED)
            except Exception as error:
                allowed = REFUSED.get(case.id, RANDOM if draws(case) else "(?!)")
                if not (isinstance(error, RuntimeError) and re.search(allowed, str(error))):
                    raise AssertionError(f"{sample}, batch in {dim} of {chosen}: {error}") from error
                refusals += 1
    unseen = device != "cpu" and REFUSED.get(case.id) == LOOKED_AT  # values are looked at on the CPU only
    assert refusals or case.id not in REFUSED or unseen, "nothing is refused: take the row out of REFUSED"
    assert slow <= LOOPED


def draws(case: OpCase) -> bool:
    """Whether a row is about random numbers."""
    return any(
        word in case.id
        for word in (
            "attention", "bernoulli", "cauchy", "dropout", "exponential", "geometric", "multinomial", "normal", "rand",
            "uniform",
        )
    )  # fmt: skip


@pytest.mark.parametrize("randomness", ["same", "different"])
@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.factory and draws(case)], ids=lambda case: case.id
)
def test_every_random_op(case: OpCase, randomness: str, device: str) -> None:
    dtype = dtype_of(case)
    for sample in case.make_samples(dtype):
        arrays = sample.arrays()
        if not arrays:
            continue
        call = caller(case, sample)
        batch = [tensor_of(np.stack([array] * 3), device) for array in arrays]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = vmap(call, randomness=randomness)(*batch)
        expected = call(*(tensor_of(array, device) for array in arrays))
        assert [tuple(out.shape) for out in found] == [(3, *out.shape) for out in expected]
        assert [out.dtype for out in found] == [out.dtype for out in expected]
        if randomness == "same":
            for out in found:
                assert np.array_equal(wide(out[0]), wide(out[1]), equal_nan=True)
                assert np.array_equal(wide(out[1]), wide(out[2]), equal_nan=True)
