"""Large arrays, block by block and on several threads: the same results as in one piece, whatever the number of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.device import blocks, threads
from autograd_gpu.device.cpu import QUADS, CpuNamespace, cpu
from autograd_gpu.device.namespace import ArrayNamespace

F = ag.nn.functional
N = blocks.LARGER + 5  # the last block is not a whole one


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    count = threads.get_num_threads()
    yield
    threads.set_num_threads(count)


def numbers(*shape: int, seed: int = 0, dtype: str = "float32") -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def run(function: Callable[..., Any], arrays: tuple[Any, ...]) -> list[Any]:
    """The result and the gradients."""
    tensors = [ag.tensor(array, requires_grad=array.dtype.kind == "f") for array in arrays]
    out = function(*tensors)
    out.backward(ag.tensor(numbers(*out.shape, seed=9).astype(str(out.numpy(force=True).dtype))))
    return [out.detach().numpy(), *(t.grad.numpy() for t in tensors if t.requires_grad)]


ACTIVATIONS = (
    "relu", "gelu", "silu", "mish", "softplus", "elu", "leaky_relu", "hardtanh", "hardswish", "logsigmoid", "softsign",
)  # fmt: skip
CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{name: (getattr(F, name), (numbers(N),)) for name in ACTIVATIONS},
    "gelu of tanh": (lambda x: F.gelu(x, approximate="tanh"), (numbers(N),)),
    "same shapes": (lambda x, y: x * y + ag.tanh(x) * y - x / (y * y + 1), (numbers(N), numbers(N, seed=1))),
    "numbers": (lambda x: 2.0 * x - x / 3 + 1, (numbers(N),)),
    "double": (lambda x: ag.exp(-x * x) * ag.erf(x), (numbers(N, dtype="float64"),)),
    "half": (lambda x: F.gelu(x) * x, (numbers(N, dtype="float16"),)),
    "a vector per row": (lambda x, y: x * y + y, (numbers(3200, 700), numbers(700))),
    "a vector per row, first": (lambda y, x: ag.tanh(y) / (x * x + 1), (numbers(700), numbers(3200, 700))),
    "a number per row": (lambda x, y: x * y - ag.sigmoid(y), (numbers(3200, 700), numbers(3200, 1))),
    "a number per channel": (lambda x, y: x * y, (numbers(20, 32, 60, 60), numbers(32, 1, 1))),
    "a number per image and channel": (lambda x, y: x * y, (numbers(20, 32, 60, 60), numbers(20, 32, 1, 1))),
    "one row": (lambda x, y: x * y, (numbers(1, N), numbers(1, 1))),
    "both are repeated": (lambda x, y: x * y, (numbers(3200, 1), numbers(1, 700))),
    "transposed": (lambda x, y: x.T * y.T + x.T, (numbers(3200, 700), numbers(3200, 700, seed=1))),
    "where": (lambda x, y: ag.where(x > y, x * 2, y), (numbers(N), numbers(N, seed=1))),
    "maximum": (ag.maximum, (numbers(N), numbers(N, seed=1))),
    "floor": (lambda x: ag.floor(x) + x, (numbers(N),)),
    "clamp": (lambda x: x.clamp(-0.5, 0.5), (numbers(N),)),
    "power": (lambda x: x**2 + x**3, (numbers(N),)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_blocks_give_what_the_whole_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, arrays = CASES[name]
    threads.set_num_threads(2)
    cut = run(function, arrays)
    threads.set_num_threads(1)
    alone = run(function, arrays)
    threads.set_num_threads(3)
    three = run(function, arrays)
    monkeypatch.setattr(CpuNamespace, "blocks", None)
    whole = run(function, arrays)
    for a, b, c, d in zip(cut, alone, three, whole, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
        assert a.dtype == d.dtype
        assert a.strides == d.strides
        # Vector and remainder loops of a ufunc differ in the last place, and blocks end elsewhere.
        np.testing.assert_allclose(a, d, rtol=1e-2 if a.dtype == np.float16 else 1e-5, atol=1e-5)


def test_large_arrays_are_really_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    threads.set_num_threads(2)
    calls: list[int] = []
    before = threads.for_ranges
    monkeypatch.setattr(threads, "for_ranges", lambda *given: (calls.append(given[1]), before(*given)))
    x = ag.tensor(numbers(N), requires_grad=True)
    (x * x).backward(ag.ones(N))
    assert calls == [N, N]
    small = ag.tensor(numbers(1000), requires_grad=True)
    (small * small).backward(ag.ones(1000))
    assert calls == [N, N]
    threads.set_num_threads(1)  # nothing to gain for a single step
    (x * x).backward(ag.ones(N))
    assert calls == [N, N]
    F.gelu(x[: blocks.LARGE])  # several steps
    assert calls == [N, N, blocks.LARGE]


def test_a_gradient_that_somebody_holds_is_not_written_over() -> None:
    x = ag.tensor(numbers(N), requires_grad=True)
    g = ag.ones(N)
    (x * 2).backward(g)
    assert bool((g == 1).all())

    kept: list[Any] = []
    y = x * 2
    z = y * 3
    y.register_hook(kept.append)  # holds the gradient of y
    y.retain_grad()
    z.backward(ag.ones(N))
    assert bool((kept[0] == 3).all())
    assert bool((y.grad == 3).all())


def test_hooks_of_nodes_see_the_gradient_that_came_in() -> None:
    x = ag.tensor(numbers(N), requires_grad=True)
    y = x * 2
    z = y * 3
    seen: list[float] = []
    assert y.grad_fn is not None
    y.grad_fn.register_hook(
        lambda inputs, outputs: seen.extend((float(inputs[0].mean()), float(outputs[0].mean())))
    )
    z.backward(ag.ones(N))
    assert seen == pytest.approx([6, 3])


def test_gradients_that_two_operands_share_stay_apart() -> None:
    x, y = (ag.tensor(numbers(N, seed=seed), requires_grad=True) for seed in (0, 1))
    total = x * 2 + y * 3  # both get the one gradient of the sum
    total.backward(ag.ones(N))
    assert bool((x.grad == 2).all())
    assert bool((y.grad == 3).all())


def test_derivatives_of_higher_order() -> None:
    x = ag.tensor(numbers(N, dtype="float64"), requires_grad=True)
    (first,) = ag.autograd.grad((x * x * x).sum(), x, create_graph=True)
    (second,) = ag.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(second.numpy(), 6 * x.detach().numpy(), rtol=1e-12)


def test_changed_operands_are_noticed() -> None:
    x = ag.tensor(numbers(N), requires_grad=True)
    y = x * 1
    z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_samples_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    p = ag.full((N,), 0.5)
    ag.manual_seed(1)
    cut = ag.bernoulli(p)
    monkeypatch.setattr(CpuNamespace, "blocks", None)
    ag.manual_seed(1)
    assert bool((ag.bernoulli(p) == cut).all())


def test_errors_name_the_whole_shapes() -> None:
    with pytest.raises(RuntimeError, match=rf"\({N}\) must match the size of tensor b \({N + 1}\)"):
        ag.ones(N) * ag.ones(N + 1)


@pytest.mark.parametrize("count", [2, 7, 64])
@pytest.mark.parametrize("transposed", [False, True])
def test_batches_of_products(count: int, transposed: bool) -> None:
    a, b = numbers(count, 3, 150, 120), numbers(count, 3, 120, 160, seed=1)
    if transposed:
        b = np.ascontiguousarray(b.swapaxes(-1, -2)).swapaxes(-1, -2)
    found = []
    for workers in (1, 2, 3):
        threads.set_num_threads(workers)
        found.append(cpu.matmul(a, b))
        np.testing.assert_array_equal(found[0], found[-1])
    np.testing.assert_allclose(
        found[0], np.einsum("bhij,bhjk->bhik", a.astype(float), b), rtol=1e-4, atol=1e-4
    )


def test_random_words_do_not_depend_on_threads() -> None:
    portable = ArrayNamespace(np)
    for count in (5, 4 * QUADS, 12 * QUADS + 3):
        threads.set_num_threads(3)
        words = cpu.random_words(count, seed=2**40 + 1, offset=2**33 + 5)
        np.testing.assert_array_equal(words, portable.random_words(count, seed=2**40 + 1, offset=2**33 + 5))
