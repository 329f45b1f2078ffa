"""`ag.kernel`: on the CPU the reference, on a GPU the kernel; on both an op like any other."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.autograd import forward_ad
from autograd_gpu.testing import assert_close, gradcheck, gradgradcheck
from autograd_gpu.utils.checkpoint import checkpoint
from tests.kernel.kernels_of_users import (
    ROWS,
    both,
    fused,
    monomial,
    polar,
    row_max,
    scale_rows,
    silu,
    softplus,
    twice,
)

TOLERANCES = {ag.float64: 1e-12, ag.float32: 1e-5, ag.float16: 4e-3, ag.bfloat16: 3e-2}
DTYPES = tuple(TOLERANCES)


def random(*shape: int, seed: int = 0, dtype: Any = ag.float64, device: str = "cpu") -> ag.Tensor:
    return ag.tensor(np.random.default_rng(seed).uniform(-2, 2, shape)).to(device, dtype)


def with_gradients(function: Any, *inputs: ag.Tensor, **params: Any) -> list[ag.Tensor]:
    """Results and gradients, on the host in float64."""
    leaves = [x.detach().requires_grad_() for x in inputs]
    returned = function(*leaves, **params)
    outputs = returned if isinstance(returned, tuple) else (returned,)
    loss = sum(((1 + k) * out * out).sum() for k, out in enumerate(outputs) if out.requires_grad)
    found = ag.autograd.grad(loss, leaves)
    return [x.detach().cpu().to(ag.float64) for x in (*outputs, *found)]


CALLS = {
    "silu": (silu, lambda d, t: (random(3, 5, dtype=t, device=d),), {}, lambda x: ag.nn.functional.silu(x)),
    "fused": (
        fused,
        lambda d, t: tuple(random(*s, seed=k, dtype=t, device=d) for k, s in enumerate([(3, 1), (4,), (2, 3, 4)])),
        {},
        lambda a, x, b: a * x + b,
    ),
    "polar": (
        polar,
        lambda d, t: (random(2, 3, dtype=t, device=d) + 3, random(2, 3, seed=1, dtype=t, device=d)),
        {},
        lambda y, x: (ag.sqrt(x * x + y * y), ag.atan2(y, x)),
    ),
    "softplus": (
        softplus,
        lambda d, t: (random(7, dtype=t, device=d),),
        {"beta": 2.0},
        lambda x, beta: ag.nn.functional.softplus(x, beta=beta),
    ),
    "scale_rows": (
        scale_rows,
        lambda d, t: (random(3, 70, dtype=t, device=d), random(3, seed=1, dtype=t, device=d)),
        {},
        lambda x, s: x * s.unsqueeze(1),
    ),
    "row_max": (row_max, lambda d, t: (random(4, 5, dtype=t, device=d),), {}, lambda x: x.max(dim=1)),
    "both": (both, lambda d, t: (random(6, dtype=t, device=d),), {}, lambda x: (ag.cos(x), ag.sin(x))),
    "monomial": (
        monomial,
        lambda d, t: (random(40, dtype=t, device=d), random(40, seed=1, dtype=t, device=d)),
        {"degree": 3},
        lambda x, weight, degree: x**degree * weight,
    ),
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients_are_those_of_plain_ops(name: str, dtype: ag.dtype, device: str) -> None:
    function, inputs, params, plain = CALLS[name]
    given = inputs(device, dtype)
    exact = [x.cpu().to(ag.float64) for x in given]
    results = with_gradients(function, *given, **params)
    returned = function(*given, **params)
    for out in returned if isinstance(returned, tuple) else (returned,):
        assert out.device.type == ag.device(device).type
        assert out.dtype in (dtype, ag.int64)
    for got, expected in zip(results, with_gradients(plain, *exact, **params), strict=True):
        assert got.shape == expected.shape
        scale = max(1.0, float(expected.abs().max()))
        assert float((got - expected).abs().max()) <= 4 * TOLERANCES[dtype] * scale


@pytest.mark.parametrize("name", [name for name in CALLS if name != "row_max"])
def test_derivatives_of_every_order_and_mode(name: str, device: str) -> None:
    function, inputs, params, _ = CALLS[name]
    given = tuple(x[..., :6].clone().requires_grad_() for x in inputs(device, ag.float64))
    if name == "scale_rows":
        given = (given[0], given[1])
    call = lambda *tensors: function(*tensors, **params)  # noqa: E731
    gradcheck(call, given, check_forward_ad=True)
    gradgradcheck(call, given, check_fwd_over_rev=True)


def test_a_derivative_of_one_of_several_results(device: str) -> None:
    x = random(5, device=device).requires_grad_()
    cosine, _ = both(x)
    cosine.sum().backward()
    assert x.grad is not None
    assert_close(x.grad, -ag.sin(x.detach()))
    indices = row_max(random(3, 4, device=device).requires_grad_())[1]
    assert indices.dtype is ag.int64
    assert not indices.requires_grad


def test_only_what_backward_asks_for_is_kept() -> None:
    tanh = ag.kernel("y = tanh(x)", backward="x_grad = y_grad * (1 - y * y)", name="own_tanh")
    x = random(3).requires_grad_()
    middle = x * 1
    y = tanh(middle)
    gone = weakref.ref(middle._array)
    del middle
    gc.collect()
    assert gone() is None
    (g,) = ag.autograd.grad(y.sum(), x, create_graph=True)
    assert_close(g, 1 - ag.tanh(x) ** 2)
    (second,) = ag.autograd.grad(g.sum(), x)
    assert_close(second, -2 * ag.tanh(x.detach()) * (1 - ag.tanh(x.detach()) ** 2))


def test_a_change_in_place_of_what_is_kept_is_noticed(device: str) -> None:
    x = random(3, device=device).requires_grad_()
    middle = x * 1
    y = silu(middle)
    middle.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_transforms(device: str) -> None:
    x = random(4, 3, device=device)
    assert_close(ag.func.vmap(silu)(x), silu(x))
    gradients = ag.func.vmap(ag.func.grad(lambda row: softplus(row, beta=2.0).sum()))(x)
    assert_close(gradients, ag.sigmoid(2 * x))
    weights = ag.tensor([1.0, 2.0, 3.0], dtype=ag.float64, device=device)
    assert_close(ag.func.vmap(fused, in_dims=(0, None, None))(x, weights, 0.5), x * weights + 0.5)
    _, tangent = ag.func.jvp(silu, (x,), (ag.ones_like(x),))
    leaf = x.clone().requires_grad_()
    silu(leaf).sum().backward()
    assert_close(tangent, leaf.grad)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, ag.ones_like(x))
        assert_close(forward_ad.unpack_dual(silu(dual)).tangent, leaf.grad)
    plain = ag.func.hessian(lambda v: ag.nn.functional.silu(v).sum())(x[0])
    assert_close(ag.func.hessian(lambda v: silu(v).sum())(x[0]), plain)


def test_batches_of_gradients(device: str) -> None:
    x = random(3, 4, device=device).requires_grad_()
    s = random(3, seed=1, device=device)
    given = random(2, 3, 4, seed=2, device=device)
    expected = ag.stack([ag.autograd.grad(scale_rows(x, s), x, g)[0] for g in given])
    assert_close(ag.func.vmap(lambda g: ag.autograd.grad(scale_rows(x, s), x, g)[0])(given), expected)
    assert_close(ag.autograd.grad(scale_rows(x, s), x, given, is_grads_batched=True)[0], expected)
    _, pullback = ag.func.vjp(lambda x: scale_rows(x, s), x.detach())
    assert_close(ag.func.vmap(pullback)(given)[0], expected)


def test_what_saves_memory_and_what_looks_for_mistakes(device: str) -> None:
    x = random(5, device=device).requires_grad_()
    expected = ag.autograd.grad(softplus(x).sum(), x)[0]
    assert_close(ag.autograd.grad(checkpoint(softplus, x, use_reentrant=False).sum(), x)[0], expected)
    with ag.autograd.graph.saved_tensors_hooks(lambda t: t.detach().cpu(), lambda t: t.to(device)):
        y = softplus(x)
    assert_close(ag.autograd.grad(y.sum(), x)[0], expected)
    with ag.autograd.detect_nonfinite(), pytest.raises(FloatingPointError, match="softplus"):
        softplus(ag.tensor([1e30], device=device))
    with ag.inference_mode():
        assert not softplus(x).requires_grad


def test_threads(device: str) -> None:
    fresh = ag.kernel("y = 2 * x", backward="x_grad = 2 * y_grad", name="fresh")
    x = random(4, device=device).requires_grad_()
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(ag.autograd.grad(fresh(x).sum(), x)[0]))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [g.tolist() for g in found] == [[2.0] * 4] * 6


def test_numbers_where_a_formula_takes_tensors(device: str) -> None:
    x = ag.arange(3, device=device)
    result = fused(2, x, 1.5)
    assert result.dtype is ag.float32
    assert result.tolist() == [1.5, 3.5, 5.5]
    scalar = ag.tensor(2.0, dtype=ag.float64)  # of the host, without dimensions: goes along anywhere
    assert fused(scalar, x.to(ag.float32), 1.0).tolist() == [1.0, 3.0, 5.0]


def test_results_that_no_tensor_goes_into(device: str) -> None:
    step = ag.kernel("y = 1 if x > 0 else 0", backward="x_grad = 0 * y_grad", name="step")
    x = ag.tensor([-1.0, 2.0], device=device, requires_grad=True)
    y = step(x)
    assert (y.tolist(), y.dtype) == ([0.0, 1.0], ag.float32)
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.0]
    first = ag.kernel("y = a + 0 * b", backward="a_grad = y_grad; b_grad = 0", name="first")
    b = ag.ones(2, device=device, requires_grad=True)
    first(x, b).sum().backward()
    assert b.grad is not None
    assert b.grad.tolist() == [0.0, 0.0]
    (g,) = ag.autograd.grad(first(x.detach(), b).sum(), b)
    assert g.tolist() == [0.0, 0.0]
    partly = ag.kernel("y = a * b", backward="a_grad = y_grad * b", name="partly")
    with pytest.raises(NotImplementedError, match="the derivative for b is wanted"):
        partly(x.detach(), b).sum().backward()
    assert b.grad.device.type == ag.device(device).type


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (1, 1, 1)])
def test_shapes_without_much_in_them(shape: tuple[int, ...], device: str) -> None:
    x = random(*shape, device=device).requires_grad_()
    y = silu(x)
    assert y.shape == shape
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.shape == shape
    assert softplus(x).shape == shape


@pytest.mark.parametrize(
    "arrange", ["transposed", "every other", "unaligned", "expanded", "backwards", "nine axes"]
)
def test_layouts(arrange: str, device: str) -> None:
    x = random(6, 4, dtype=ag.float32, device=device)
    x = {
        "transposed": lambda: x.T,
        "every other": lambda: x[::2, 1::2],
        "unaligned": lambda: x.reshape(-1)[1:],
        "expanded": lambda: x[:1].expand(5, 4),
        "backwards": lambda: x.flip(0),
        "nine axes": lambda: (
            random(2, 3, 2, 3, 2, 3, 2, 3, 2, device=device)[..., ::2, :, :].permute(8, 6, 4, 2, 0, 1, 3, 5, 7)
        ),
    }[arrange]()  # fmt: skip
    assert_close(silu(x), x / (1 + ag.exp(-x)))
    assert_close(softplus(x), ag.log1p(ag.exp(x)))
    assert_close(fused(x, x, x.contiguous()), x * x + x)


def test_a_file(tmp_path: Path, device: str) -> None:
    (tmp_path / "own.cuh").write_text("#define FACTOR 3\n")
    (tmp_path / "triple.cu").write_text(
        '#include "own.cuh"\n'
        "template <typename T> __global__ void triple(const T *x, T *y, i64 n) {\n"
        "    i64 i = thread_index();\n    if (i < n) y[i] = store<T>(FACTOR * load(x[i]));\n}\n"
        "template <typename T> __global__ void back(const T *y_grad, T *x_grad, i64 n) {\n"
        "    i64 i = thread_index();\n    if (i < n) x_grad[i] = store<T>(FACTOR * load(y_grad[i]));\n}\n"
    )
    triple = ag.kernel(tmp_path / "triple.cu", lambda x: 3 * x, name="triple", backward="back")
    assert triple.cuda_source.startswith('#include "own.cuh"')
    x = random(5, device=device).requires_grad_()
    y = triple(x)
    y.sum().backward()
    assert_close(y, 3 * x)
    assert_close(x.grad, ag.full_like(x, 3.0))


def test_names_and_documentation() -> None:
    assert repr(softplus) == "<kernel softplus(x, *, beta=1.0)>"
    assert softplus.__doc__ == "``log(1 + exp(beta x)) / beta``."
    assert (softplus.inputs, softplus.outputs) == (("x",), ("y",))
    x = random(2).requires_grad_()
    y = softplus(x=x, beta=3.0)
    assert y.grad_fn is not None
    assert y.grad_fn.name() == "SoftplusBackward0"
    assert "softplus(x=x, beta=3.0)" in str(y.grad_fn.place)
    assert "struct Formula" in silu.cuda_source


def test_a_reference_that_returns_its_input_does_not_share_it() -> None:
    same = ag.kernel(
        "template <typename T> __global__ void same(const T *x, T *y, i64 n) {"
        " i64 i = thread_index(); if (i < n) y[i] = x[i]; }",
        lambda x: x,
    )
    x = random(3)
    y = same(x)
    y.add_(1)
    assert_close(x, random(3))
    assert y.grad_fn is None


def test_a_kernel_in_a_module_and_under_no_grad(device: str) -> None:
    class Block(ag.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = ag.nn.Linear(4, 4, device=device)

        def forward(self, x: ag.Tensor) -> ag.Tensor:
            return silu(self.linear(x))

    block = Block()
    block(random(2, 4, dtype=ag.float32, device=device)).sum().backward()
    assert all(parameter.grad is not None for parameter in block.parameters())
    with ag.no_grad():
        assert not block(random(2, 4, dtype=ag.float32, device=device)).requires_grad


def test_copies_and_pickles_are_the_kernel_itself() -> None:
    assert copy.deepcopy(softplus) is softplus
    assert copy.deepcopy([silu])[0] is silu
    for kernel in (softplus, silu):
        assert pickle.loads(pickle.dumps(kernel)) is kernel
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(ag.kernel("y = x", name="nobody"))


# -- on a GPU only ---------------------------------------------------------------------------------------


@pytest.mark.gpu
def test_a_launch_for_each_direction(counting: Any) -> None:
    x = random(1000, dtype=ag.float32, device="cuda").requires_grad_()
    silu(x).sum().backward()  # compiled
    for function, inputs in ((silu, (x,)), (fused, (x, x, x))):
        with counting.profile() as profile:
            y = function(*inputs)
        assert profile["counts"]["kernel_launches"] == 1
        given = ag.ones_like(x)
        with counting.profile() as profile:
            ag.autograd.grad(y, x, given)
        assert profile["counts"]["kernel_launches"] == 1 + 2 * (function is fused)  # x thrice: two additions
    y = fused(x, x.detach(), 1.0)
    ag.autograd.grad(y, x, given, retain_graph=True)
    with counting.profile() as profile:
        ag.autograd.grad(y, x, given)
    totals = profile["kernel_totals"]  # x_grad and b_grad are not computed
    assert totals["global_read_bytes"] + totals["global_write_bytes"] <= 1.1 * 3 * x.nbytes
    with counting.profile() as profile:
        silu(x[:0]), softplus(x[:0])
    assert profile["counts"]["kernel_launches"] == 0


@pytest.mark.gpu
def test_streaming_moves_what_it_must(counting: Any) -> None:
    x = random(100_000, dtype=ag.float32, device="cuda")
    silu(x)
    with counting.profile() as profile:
        silu(x)
    totals = profile["kernel_totals"]
    assert totals["global_read_bytes"] + totals["global_write_bytes"] <= 1.01 * 2 * x.nbytes


@pytest.mark.gpu
def test_a_dtype_is_compiled_once() -> None:
    program = softplus._program
    x = random(3, dtype=ag.float32, device="cuda")
    softplus(x)
    source = program.source(256)
    compiled = dict(source._functions)
    softplus(x, beta=2.0), softplus(random(5, dtype=ag.float32, device="cuda"))
    assert source._functions == compiled
    softplus(x.to(ag.float64))
    assert len(source._functions) >= len(compiled)
    assert program.source(256) is source


@pytest.mark.gpu
def test_every_type_of_number_arrives() -> None:
    types = {
        "bool": True, "signed char": -3, "unsigned char": 200, "short": -300, "unsigned short": 60000, "int": -70000,
        "unsigned": 4_000_000_000, "long long": -(2**40), "unsigned long long": 2**63, "float": 0.5, "double": 0.1,
        "T": 1.5, "Wide<T>": 2.5,
    }  # fmt: skip
    text = (
        "template <typename T> __global__ void numbers(const T *x, double *y, "
        + ", ".join(f"{kind} a{k}" for k, kind in enumerate(types))
        + ") {\n"
        + "\n".join(
            f"    y[{k}] = (double){f'load(a{k})' if kind == 'T' else f'a{k}'};"
            for k, kind in enumerate(types)
        )
        + "\n}"
    )
    values = {f"a{k}": value for k, value in enumerate(types.values())}
    numbers = ag.kernel(
        text,
        lambda x: ag.zeros(len(types), dtype=ag.float64),
        scalars=values,
        shape=len(types),
        grid=1,
        block=1,
        name="numbers",
    )
    for dtype in DTYPES:
        got = numbers(ag.zeros(1, dtype=dtype, device="cuda"))
        assert got.tolist() == [float(value) for value in types.values()]


@pytest.mark.gpu
def test_cudas_own_halves() -> None:
    pytest.importorskip("cupy", reason="CUDA arrays are those of CuPy")
    own = ag.kernel(
        """
        #include <cuda_fp16.h>
        __global__ void twice(const __half *x, __half *y, long long n) {
            long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) y[i] = __hadd(x[i], x[i]);
        }""",
        lambda x: x + x,
    )
    x = random(9, dtype=ag.float16, device="cuda")
    assert_close(own(x), x + x)


@pytest.mark.gpu
def test_block_and_template_numbers_by_call() -> None:
    x = random(100, dtype=ag.float32, device="cuda")
    for degree in (0, 1, 5):
        assert_close(monomial(x, degree=degree), x**degree, rtol=1e-5, atol=1e-5)
    rows = ag.kernel(
        ROWS, lambda x, s: x * s.unsqueeze(1), name="scale_rows", block=lambda x: 32 * x.shape[0]
    )
    assert_close(rows(x.reshape(4, 25), x[:4]), x.reshape(4, 25) * x[:4].unsqueeze(1))


@pytest.mark.gpu
def test_the_other_card() -> None:
    if ag.cuda.device_count() < 2:
        pytest.skip("needs two CUDA devices, and there is one")
    x = random(10, dtype=ag.float32, device="cuda:1").requires_grad_()
    y = softplus(x)
    assert str(y.device) == "cuda:1"
    silu(y).sum().backward()
    assert str(x.grad.device) == "cuda:1"
    assert_close(y.cpu(), softplus(x.detach().cpu()))


def test_one_dtype_only(device: str) -> None:
    assert twice(ag.tensor([1.0, 2.0], device=device)).tolist() == [2.0, 4.0]
    with pytest.raises(
        TypeError, match=r"x is float64, and the kernel twice takes float32 there \(const float \*x\)"
    ):
        twice(random(3, device=device))
