"""PyTorch's word on products: the same call through both libraries. Values, shapes, dtypes, first and second
derivatives, names of nodes, and the type and first words of errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402
from autograd_gpu.core.op import REGISTRY  # noqa: E402
from autograd_gpu.ops import linalg as our_linalg  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.chain_matmul is deprecated:UserWarning"),
    pytest.mark.filterwarnings("ignore:Using torch.cross without specifying:UserWarning"),
    pytest.mark.filterwarnings("ignore:torch.outer:UserWarning"),
]

Shapes = tuple[tuple[int, ...], ...]


class Case(NamedTuple):
    name: str
    call: Callable[..., Any]
    shapes: Shapes

    def __str__(self) -> str:
        return f"{self.name}-{'-'.join('x'.join(map(str, shape)) or 'number' for shape in self.shapes)}"


def linear(L: Any, *tensors: Any) -> Any:
    return torch.nn.functional.linear(*tensors) if L is torch else REGISTRY["linear"].public(*tensors)


def bilinear(L: Any, *tensors: Any) -> Any:
    return torch.nn.functional.bilinear(*tensors) if L is torch else our_linalg.bilinear(*tensors)


def multi_dot(L: Any, *tensors: Any) -> Any:
    return torch.linalg.multi_dot(tensors) if L is torch else our_linalg.multi_dot(tensors)


def linalg_cross(L: Any, *tensors: Any, dim: int = -1) -> Any:
    return (
        torch.linalg.cross(*tensors, dim=dim)
        if L is torch
        else REGISTRY["linalg_cross"].public(*tensors, dim=dim)
    )


def named(name: str, **params: Any) -> Callable[..., Any]:
    return lambda L, *tensors: getattr(L, name)(*tensors, **params)


def einsum(equation: str) -> Callable[..., Any]:
    return lambda L, *tensors: L.einsum(equation, *tensors)


MATMUL: list[Shapes] = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (1, 3, 4)),
    ((2, 1, 2, 3), (5, 3, 4)),
    ((2, 5, 2, 3), (3,)),
    ((2, 5, 2, 3), (3, 4)),
    ((0, 3), (3, 4)),
    ((2, 0), (0, 4)),
    ((5, 0, 3), (3, 4)),
    ((0, 2, 3), (0, 3, 4)),
    ((0,), (0,)),
]

EINSUMS: list[tuple[str, Shapes]] = [
    ("ij,jk->ik", ((2, 3), (3, 4))),
    ("ij,jk", ((2, 3), (3, 4))),
    ("ij,jk->ki", ((2, 3), (3, 4))),
    ("ij->ji", ((2, 3),)),
    ("ij->", ((2, 3),)),
    ("ij->j", ((2, 3),)),
    ("ba", ((2, 3),)),
    ("ii", ((3, 3),)),
    ("ii->i", ((3, 3),)),
    ("iij->ij", ((3, 3, 2),)),
    ("iji->j", ((3, 2, 3),)),
    ("i,j->ij", ((2,), (3,))),
    ("i,i", ((3,), (3,))),
    ("bij,bjk->bik", ((5, 2, 3), (5, 3, 4))),
    ("bij,bkj->bik", ((5, 2, 3), (5, 4, 3))),
    ("bhqd,bhkd->bhqk", ((2, 3, 4, 5), (2, 3, 6, 5))),
    ("...ij,...jk->...ik", ((5, 2, 3), (5, 3, 4))),
    ("...ij,...jk->...ik", ((2, 1, 2, 3), (5, 3, 4))),
    ("...ij,jk", ((5, 2, 3), (3, 4))),
    ("i...,i...->...", ((3, 2, 4), (3, 4))),
    ("i...->i", ((2, 3),)),
    ("...", ((2, 3),)),
    ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 5))),
    ("ij,jk,kl,lm->im", ((2, 3), (3, 4), (4, 5), (5, 2))),
    ("ijk,jil->kl", ((2, 3, 4), (3, 2, 5))),
    ("ij,ij->ij", ((2, 3), (2, 3))),
    ("ij,ij->", ((2, 3), (2, 3))),
    ("ij,kl->", ((2, 3), (4, 5))),
    ("ij,i->j", ((2, 3), (1,))),
    ("ij,jk->ik", ((2, 1), (3, 4))),
    ("a,ab,abc->abc", ((2,), (2, 3), (2, 3, 4))),
    (" i j , j k -> i k ", ((2, 3), (3, 4))),
    ("nc,oc->no", ((0, 3), (4, 3))),
    ("xY,Yz", ((2, 3), (3, 4))),
]

CASES = [
    *(Case("matmul", named("matmul"), shapes) for shapes in MATMUL),
    Case("mm", named("mm"), ((2, 3), (3, 4))),
    Case("mv", named("mv"), ((2, 3), (3,))),
    Case("dot", named("dot"), ((3,), (3,))),
    Case("bmm", named("bmm"), ((5, 2, 3), (5, 3, 4))),
    Case("outer", named("outer"), ((2,), (3,))),
    Case("ger", named("ger"), ((2,), (3,))),
    *(
        Case("linear", linear, shapes)
        for shapes in [
            ((2, 3), (4, 3)),
            ((2, 3), (4, 3), (4,)),
            ((5, 2, 3), (4, 3), (4,)),
            ((5, 2, 3), (4, 3)),
            ((3,), (4, 3), (4,)),
            ((3,), (4, 3)),
            ((2, 3), (3,)),
            ((0, 3), (4, 3), (4,)),
            ((2, 0), (4, 0), (4,)),
        ]
    ),
    *(
        Case(f"addmm{params}", named("addmm", **params), shapes)
        for params in ({}, {"beta": 0}, {"beta": 2, "alpha": -0.5}, {"beta": 0.5}, {"alpha": 3})
        for shapes in [
            ((2, 4), (2, 3), (3, 4)),
            ((4,), (2, 3), (3, 4)),
            ((2, 1), (2, 3), (3, 4)),
            ((), (2, 3), (3, 4)),
        ]
    ),
    *(
        Case(f"{name}{params}", named(name, **params), shapes)
        for params in ({}, {"beta": 0}, {"beta": 2, "alpha": -0.5})
        for name, shapes in [
            ("addmv", ((2,), (2, 3), (3,))),
            ("addr", ((2, 3), (2,), (3,))),
            ("baddbmm", ((5, 2, 4), (5, 2, 3), (5, 3, 4))),
            ("baddbmm", ((4,), (5, 2, 3), (5, 3, 4))),
            ("addbmm", ((2, 4), (5, 2, 3), (5, 3, 4))),
        ]
    ),
    *(
        Case("inner", named("inner"), shapes)
        for shapes in [((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), (3,)), ((), (2, 3)), ((5, 2, 3), (4, 3))]
    ),
    Case("tensordot", named("tensordot"), ((2, 3, 4), (3, 4, 5))),
    Case("tensordot1", named("tensordot", dims=1), ((2, 3), (3, 4))),
    Case("tensordot0", named("tensordot", dims=0), ((2, 3), (4,))),
    Case("tensordot lists", named("tensordot", dims=([1, 2], [1, 0])), ((2, 3, 4), (4, 3, 5))),
    Case("tensordot negative", named("tensordot", dims=([-1], [0])), ((2, 3), (3, 2))),
    Case("tensordot all", named("tensordot", dims=2), ((2, 3), (2, 3))),
    *(
        Case("kron", named("kron"), shapes)
        for shapes in [((2,), (3,)), ((2, 3), (3, 2)), ((2,), (2, 2)), ((), (2,)), ((2, 1, 2), (2, 2))]
    ),
    Case("multi_dot", multi_dot, ((2, 3), (3, 4))),
    Case("multi_dot", multi_dot, ((2, 9), (9, 4), (4, 5), (5, 2))),
    Case("multi_dot", multi_dot, ((3,), (3, 4), (4,))),
    Case("multi_dot", multi_dot, ((3,), (3, 4), (4, 5))),
    Case("multi_dot", multi_dot, ((2, 3), (3, 4), (4,))),
    Case("chain_matmul", named("chain_matmul"), ((2, 3), (3, 4), (4, 2))),
    Case("trace", named("trace"), ((3, 3),)),
    Case("trace", named("trace"), ((2, 4),)),
    Case("cross", named("cross"), ((3,), (3,))),
    Case("cross", named("cross", dim=0), ((3, 2), (3, 2))),
    Case("cross", named("cross"), ((2, 3), (2, 3))),
    Case("linalg_cross", linalg_cross, ((2, 3), (1, 3))),
    Case("bilinear", bilinear, ((2, 3), (2, 4), (5, 3, 4))),
    Case("bilinear", bilinear, ((6, 2, 3), (6, 2, 4), (5, 3, 4), (5,))),
    *(Case(equation, einsum(equation), shapes) for equation, shapes in EINSUMS),
    Case("einsum lists", lambda L, a, b: L.einsum(a, [0, 1], b, [1, 2], [0, 2]), ((2, 3), (3, 4))),
    Case("einsum lists", lambda L, a, b: L.einsum(a, [0, 1], b, [1, 2]), ((2, 3), (3, 4))),
    Case("einsum lists", lambda L, a, b: L.einsum(a, [..., 0, 1], b, [1, 2], [..., 2]), ((5, 2, 3), (3, 4))),
]


def arrays(case: Case, complex_numbers: bool = False) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(3)
    real = [rng.uniform(-1, 1, shape) for shape in case.shapes]
    return [x + 1j * rng.uniform(-1, 1, x.shape) for x in real] if complex_numbers else real


def flat(values: Any) -> list[Any]:
    return [None if value is None else value.detach().resolve_conj().numpy() for value in values]


@pytest.mark.parametrize("complex_numbers", [False, True], ids=["real", "complex"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_derivatives(case: Case, complex_numbers: bool) -> None:
    if complex_numbers and case.call is bilinear:
        pytest.skip("PyTorch has no complex derivative of bilinear")

    def run(L: Any) -> list[Any]:
        inputs = [L.tensor(x, requires_grad=True) for x in arrays(case, complex_numbers)]
        out = case.call(L, *inputs)
        rng = np.random.default_rng(4)
        weights = L.tensor(rng.uniform(-1, 1, tuple(out.shape)))
        product = out * out * weights
        loss = (L.real(product * (1 + 2j)) if complex_numbers else product).sum()
        first = L.autograd.grad(loss, inputs, create_graph=True, allow_unused=True)
        total = sum(
            (L.real(g * L.tensor(x)) if complex_numbers else g * L.tensor(x)).sum()
            for g, x in zip(first, arrays(case, complex_numbers), strict=True)
            if g is not None
        )
        second = L.autograd.grad(total, inputs, allow_unused=True)
        return [out, *first, *second]

    for number, (ours, theirs) in enumerate(zip(flat_ours(run(ag)), flat(run(torch)), strict=True)):
        if theirs is None or ours is None:
            assert all(each is None or not each.any() for each in (ours, theirs)), number
            continue
        assert ours.shape == theirs.shape, number
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12, err_msg=str(number))


def flat_ours(values: Any) -> list[Any]:
    return [None if value is None else value.detach().numpy() for value in values]


@pytest.mark.parametrize(
    "dtype", ["float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool", "complex64"]
)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_dtypes(case: Case, dtype: str) -> None:
    def run(L: Any) -> Any:
        return case.call(L, *(L.tensor(np.abs(x * 3)).to(getattr(L, dtype)) for x in arrays(case)))

    try:
        expected = run(torch)
    except (RuntimeError, NotImplementedError) as error:
        try:  # we may do what PyTorch does not
            run(ag)
        except (RuntimeError, NotImplementedError):
            return
        pytest.skip(f"PyTorch: {str(error).splitlines()[0]}")
    if dtype == "bool" and any(0 in shape for shape in case.shapes):
        pytest.skip("PyTorch multiplies matrices of bools only if there are no elements; we never do")
    try:
        ours = run(ag)
    except RuntimeError as error:
        if isinstance(error, NotImplementedError):
            raise
        assert "must not be a floating point number" in str(error)  # noqa: PT017
        pytest.skip("PyTorch truncates alpha=-0.5 to 0 without a word")
    assert str(ours.dtype).removeprefix("ag.") == str(expected.dtype).removeprefix("torch.")
    wide = "complex128" if dtype == "complex64" else "float64"
    tolerance = {"bfloat16": 3e-2, "float16": 4e-3}.get(dtype, 1e-5)
    np.testing.assert_allclose(
        ours.to(getattr(ag, wide)).numpy(),
        expected.to(getattr(torch, wide)).numpy(),
        rtol=tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize(
    "shapes", [((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((5, 2, 3), (3, 4))], ids=str
)
def test_names_of_nodes(shapes: Shapes) -> None:
    names = []
    for L in (ag, torch):
        names.append(L.matmul(*(L.ones(*shape, requires_grad=True) for shape in shapes)).grad_fn.name())
    assert names[0] == names[1]


def test_nan_stays_out_with_beta_0() -> None:
    for name, shapes in (("addmm", ((2, 3), (3, 2))), ("addmv", ((2, 3), (3,))), ("addr", ((2,), (2,)))):
        broken = ag.full((2,), float("nan"))
        result = getattr(ag, name)(broken, *(ag.ones(*shape) for shape in shapes), beta=0)
        assert not bool(result.isnan().any())


ERRORS: list[tuple[str, Callable[..., Any]]] = [
    ("matmul", lambda L: L.ones(2, 3).matmul(L.ones(4, 5))),
    ("matmul vector", lambda L: L.ones(3).matmul(L.ones(4, 5))),
    ("matrix vector", lambda L: L.ones(2, 3).matmul(L.ones(4))),
    ("vectors", lambda L: L.ones(3).matmul(L.ones(4))),
    ("batches", lambda L: L.ones(2, 2, 3).matmul(L.ones(3, 3, 5))),
    ("batched", lambda L: L.ones(2, 2, 3).matmul(L.ones(2, 4, 5))),
    ("batch and matrix", lambda L: L.ones(2, 2, 3).matmul(L.ones(4, 5))),
    ("batch and vector", lambda L: L.ones(2, 2, 3).matmul(L.ones(4))),
    ("number", lambda L: L.ones(()).matmul(L.ones(4))),
    ("mm", lambda L: L.ones(2, 3).mm(L.ones(4, 5))),
    ("mm vector", lambda L: L.ones(2, 3).mm(L.ones(4))),
    ("bmm", lambda L: L.ones(2, 2, 3).bmm(L.ones(3, 3, 5))),
    ("bmm matrix", lambda L: L.ones(2, 3).bmm(L.ones(2, 4, 5))),
    ("mv", lambda L: L.ones(2, 3).mv(L.ones(4))),
    ("mv matrix", lambda L: L.ones(2, 3).mv(L.ones(4, 3))),
    ("dot", lambda L: L.ones(2).dot(L.ones(3))),
    ("dot matrix", lambda L: L.ones(2, 2).dot(L.ones(3))),
    ("dot dtypes", lambda L: L.dot(L.ones(2), L.ones(2).double())),
    ("inner", lambda L: L.inner(L.ones(2, 3), L.ones(2, 4))),
    ("outer", lambda L: L.outer(L.ones(2, 2), L.ones(2))),
    ("dtypes", lambda L: L.ones(2, 2) @ L.ones(2, 2).double()),
    ("float and long", lambda L: L.ones(2, 2) @ L.ones(2, 2).long()),
    ("bool", lambda L: L.ones(2, 2).bool() @ L.ones(2, 2).bool()),
    ("addmm", lambda L: L.addmm(L.ones(3), L.ones(2, 3), L.ones(4, 5))),
    ("addmm input", lambda L: L.addmm(L.ones(3), L.ones(2, 3), L.ones(3, 5))),
    ("addmm dtype", lambda L: L.addmm(L.ones(5).double(), L.ones(2, 3), L.ones(3, 5))),
    ("baddbmm", lambda L: L.baddbmm(L.ones(3), L.ones(2, 2, 3), L.ones(2, 3, 5))),
    ("addr", lambda L: L.addr(L.ones(3), L.ones(2), L.ones(2))),
    ("linear", lambda L: linear(L, L.ones(2, 3), L.ones(4, 5))),
    ("linear bias", lambda L: linear(L, L.ones(2, 3), L.ones(5, 3), L.ones(4))),
    ("linear dtype", lambda L: linear(L, L.ones(2, 3), L.ones(5, 3).double())),
    ("linear number", lambda L: linear(L, L.ones(()), L.ones(3))),
    ("tensordot", lambda L: L.tensordot(L.ones(2, 3), L.ones(4, 3), dims=([0], [1]))),
    ("tensordot lists", lambda L: L.tensordot(L.ones(2, 3), L.ones(4, 3), dims=([0, 1], [1]))),
    ("einsum sizes", lambda L: L.einsum("ij,jk", L.ones(2, 3), L.ones(4, 5))),
    ("einsum output", lambda L: L.einsum("ij,jk->iz", L.ones(2, 3), L.ones(3, 5))),
    ("einsum rank", lambda L: L.einsum("ijk,jk", L.ones(2, 3), L.ones(3, 5))),
    ("einsum operands", lambda L: L.einsum("ij", L.ones(2, 3), L.ones(3, 5))),
    ("einsum few", lambda L: L.einsum("ij,jk", L.ones(2, 3))),
    ("einsum sign", lambda L: L.einsum("i-j", L.ones(2, 3))),
    ("einsum twice", lambda L: L.einsum("ij->ii", L.ones(2, 3))),
    ("einsum dots", lambda L: L.einsum("i..", L.ones(2, 3))),
    ("multi_dot", lambda L: multi_dot(L, L.ones(2, 3))),
    ("multi_dot shapes", lambda L: multi_dot(L, L.ones(2, 3), L.ones(4, 3))),
    ("trace", lambda L: L.trace(L.ones(3))),
    ("cross", lambda L: L.cross(L.ones(3), L.ones(4))),
    ("cross size", lambda L: L.cross(L.ones(4), L.ones(4))),
    ("cross rank", lambda L: L.cross(L.ones(3), L.ones(2, 3))),
    ("bilinear", lambda L: bilinear(L, L.ones(2, 3), L.ones(2, 4), L.ones(5, 3, 3))),
    ("bilinear batch", lambda L: bilinear(L, L.ones(2, 3), L.ones(3, 4), L.ones(5, 3, 4))),
    ("no tensor", lambda L: L.matmul(L.ones(2, 2), 2.0)),
    ("no tensor at all", lambda L: L.ones(2, 2) @ [1.0]),
]


@pytest.mark.parametrize("call", [call for _, call in ERRORS], ids=[name for name, _ in ERRORS])
def test_errors(call: Callable[..., Any]) -> None:
    def error(L: Any) -> BaseException:
        with pytest.raises(Exception) as caught:
            call(L)
        return caught.value

    ours, theirs = error(ag), error(torch)
    assert type(ours) is type(theirs), f"{ours!r} is not {theirs!r}"
    if not isinstance(theirs, (TypeError, NotImplementedError)):
        assert str(theirs).splitlines()[0][:40] in str(ours)
        assert "test_linalg.py" in str(ours)
