"""``out=``: what functions write where, with which errors and warnings; the same program through both libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, leaf, raised, ramp, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


#: what to call each function with, where two matrices (one for the names in UNARY) will not do
ARGUMENTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "addbmm": lambda L, x, y: (x, x[None], L.stack([y.t() @ y])),
    "addcdiv": lambda L, x, y: (x, y, y),
    "addcmul": lambda L, x, y: (x, y, y),
    "addmm": lambda L, x, y: (x, x @ x.t(), y),
    "addmv": lambda L, x, y: (x[:, 0], x, y[0]),
    "addr": lambda L, x, y: (x, x[:, 0], y[0]),
    "baddbmm": lambda L, x, y: (x[None], (x @ x.t())[None], y[None]),
    "bmm": lambda L, x, y: (x[None], y.t()[None]),
    "bitwise_left_shift": lambda L, x, y: (x.long(), y.long()),
    "bitwise_right_shift": lambda L, x, y: (x.long(), y.long()),
    "bitwise_and": lambda L, x, y: (x.long(), y.long()),
    "bitwise_or": lambda L, x, y: (x.long(), y.long()),
    "bitwise_xor": lambda L, x, y: (x.long(), y.long()),
    "bitwise_not": lambda L, x, y: (x.long(),),
    "bucketize": lambda L, x, y: (x, x[0]),
    "cat": lambda L, x, y: ([x, y],),
    "concat": lambda L, x, y: ([x, y],),
    "concatenate": lambda L, x, y: ([x, y], 1),
    "chain_matmul": lambda L, x, y: (x, y.t()),
    "clamp": lambda L, x, y: (x, 1.2, 1.8),
    "clip": lambda L, x, y: (x, 1.2, 1.8),
    "clamp_max": lambda L, x, y: (x, 1.5),
    "clamp_min": lambda L, x, y: (x, 1.5),
    "column_stack": lambda L, x, y: ([x, y],),
    "dstack": lambda L, x, y: ([x, y],),
    "hstack": lambda L, x, y: ([x, y],),
    "vstack": lambda L, x, y: ([x, y],),
    "row_stack": lambda L, x, y: ([x, y],),
    "stack": lambda L, x, y: ([x, y],),
    "cross": lambda L, x, y: (x, y),
    "cummax": lambda L, x, y: (x, 0),
    "cummin": lambda L, x, y: (x, 0),
    "cumprod": lambda L, x, y: (x, 0),
    "cumsum": lambda L, x, y: (x, 0),
    "logcumsumexp": lambda L, x, y: (x, 0),
    "diag": lambda L, x, y: (x,),
    "dot": lambda L, x, y: (x[0], y[0]),
    "inner": lambda L, x, y: (x, y),
    "gather": lambda L, x, y: (x, 0, L.zeros(1, 3, dtype=L.int64)),
    "ger": lambda L, x, y: (x[0], y[0]),
    "outer": lambda L, x, y: (x[0], y[0]),
    "histc": lambda L, x, y: (x, 3),
    "index_add": lambda L, x, y: (x, 0, L.tensor([1, 0]), y),
    "index_copy": lambda L, x, y: (x, 0, L.tensor([1, 0]), y),
    "index_select": lambda L, x, y: (x, 0, L.tensor([1, 0])),
    "kthvalue": lambda L, x, y: (x, 1, 0),
    "lerp": lambda L, x, y: (x, y, 0.3),
    "log_softmax": lambda L, x, y: (x, 0),
    "softmax": lambda L, x, y: (x, 0),
    "logsumexp": lambda L, x, y: (x, 0),
    "masked_select": lambda L, x, y: (x, x > 1.5),
    "matmul": lambda L, x, y: (x, y.t()),
    "mm": lambda L, x, y: (x, y.t()),
    "mv": lambda L, x, y: (x, y[0]),
    "max": lambda L, x, y: (x, 0),
    "min": lambda L, x, y: (x, 0),
    "median": lambda L, x, y: (x, 0),
    "nanmedian": lambda L, x, y: (x, 0),
    "mean": lambda L, x, y: (x, 0),
    "nanmean": lambda L, x, y: (x, 0),
    "sum": lambda L, x, y: (x, 0),
    "nansum": lambda L, x, y: (x, 0),
    "prod": lambda L, x, y: (x, 0),
    "amax": lambda L, x, y: (x, 0),
    "amin": lambda L, x, y: (x, 0),
    "all": lambda L, x, y: (x > 1.5, 0),
    "any": lambda L, x, y: (x > 1.5, 0),
    "std": lambda L, x, y: (x, 0),
    "var": lambda L, x, y: (x, 0),
    "norm": lambda L, x, y: (x, 2, 0),
    "count_nonzero": lambda L, x, y: (x, 0),
    "argmax": lambda L, x, y: (x, 0),
    "argmin": lambda L, x, y: (x, 0),
    "complex": lambda L, x, y: (x, y),
    "polar": lambda L, x, y: (x, y),
    "nonzero": lambda L, x, y: (x - 1,),
    "polygamma": lambda L, x, y: (1, x),
    "pow": lambda L, x, y: (x, 2),
    "scatter": lambda L, x, y: (x, 0, L.zeros(1, 3, dtype=L.int64), y),
    "scatter_add": lambda L, x, y: (x, 0, L.zeros(1, 3, dtype=L.int64), y),
    "scatter_reduce": lambda L, x, y: (x, 0, L.zeros(1, 3, dtype=L.int64), y, "sum"),
    "searchsorted": lambda L, x, y: (x[0], y),
    "take": lambda L, x, y: (x, L.tensor([0, 4])),
    "take_along_dim": lambda L, x, y: (x, L.zeros(1, 3, dtype=L.int64), 0),
    "tensordot": lambda L, x, y: (x, y.t(), 1),
    "topk": lambda L, x, y: (x, 2),
    "where": lambda L, x, y: (x > 1.5, x, y),
    "logit": lambda L, x, y: (x / 4,),
    "heaviside": lambda L, x, y: (x - 1.5, y),
    "cholesky": lambda L, x, y: (_definite(L, x),),
    "cholesky_inverse": lambda L, x, y: (_triangle(L, x),),
    "cholesky_solve": lambda L, x, y: (y, _triangle(L, x)),
    "diff": lambda L, x, y: (x,),
    "inverse": lambda L, x, y: (_definite(L, x),),
    "lu_solve": lambda L, x, y: (y, *L.linalg.lu_factor(_definite(L, x))),
    "matrix_power": lambda L, x, y: (x @ y.t(), 2),
    "mode": lambda L, x, y: (x, 0),
    "nanquantile": lambda L, x, y: (x, 0.3),
    "quantile": lambda L, x, y: (x, 0.3),
    "qr": lambda L, x, y: (_definite(L, x),),
    "svd": lambda L, x, y: (_triangle(L, x),),
    "triangular_solve": lambda L, x, y: (y, _triangle(L, x), False),
}  # fmt: skip


def _definite(L: Any, x: Any) -> Any:
    return x @ x.t() + L.eye(2, dtype=x.dtype)


def _triangle(L: Any, x: Any) -> Any:
    return L.tensor([[2.0, 0.0], [0.5, 3.0]], dtype=x.dtype)


UNARY = frozenset("""
abs absolute acos acosh angle arccos arccosh arcsin arcsinh arctan arctanh argsort asin asinh atan atanh ceil conj_physical cos
cosh deg2rad digamma erf erfc erfinv exp exp2 expm1 fix floor frac isneginf isposinf lgamma log log10 log1p log2
logical_not msort nan_to_num neg negative rad2deg reciprocal round rsqrt sgn sigmoid sign signbit sin sinc sinh sort sqrt
square tan tanh tril triu trunc aminmax
""".split())  # fmt: skip
#: takes random numbers
RANDOM = frozenset(("multinomial",))
#: compositions in PyTorch too, which count their own steps as changes of `out`, or resize it on the way without warning
VERSIONS_OF_THEIR_OWN = frozenset(("kron", "nanmean", "svd"))
RESIZED_ON_THE_WAY = frozenset(("addbmm",))


def names() -> list[str]:
    from autograd_gpu.ops import outputs

    return [name for name, _ in outputs.names() if name not in RANDOM]


def kind_of(function: Callable[[], Any]) -> Any:
    """What a call returns, or only that it raises: PyTorch has a dozen texts for an `out` of a wrong dtype."""
    try:
        return function()
    except (RuntimeError, TypeError):
        return "refused"


def for_each(name: str) -> None:
    def operands(L: Any) -> Any:
        x, y = ramp(L, 2, 3).detach(), ramp(L, 2, 3, start=1.5).detach()
        make = ARGUMENTS.get(name)
        if make is not None:
            return make(L, x, y)
        return (x,) if name in UNARY else (x, y)

    def written(L: Any) -> Any:
        function, arguments = getattr(L, name), operands(L)
        plain = function(*arguments)
        several = isinstance(plain, tuple)
        outs = tuple(each * 0 for each in plain) if several else plain * 0
        if not several and plain.dtype is L.bool:
            outs = L.zeros_like(plain)
        result = function(*arguments, out=outs)
        pairs = list(zip(result, outs, strict=True)) if several else [(result, outs)]
        versions = None if name in VERSIONS_OF_THEIR_OWN else [b._version for _, b in pairs]
        return [a is b for a, b in pairs], outs, versions

    def resized(L: Any) -> Any:
        function, arguments = getattr(L, name), operands(L)
        plain = function(*arguments)
        several = isinstance(plain, tuple)
        results = plain if several else (plain,)
        outs = tuple(L.empty(7, dtype=each.dtype) for each in results)
        caught, _ = warned(lambda: function(*arguments, out=outs if several else outs[0]))
        return [text for kind, text in caught if kind == "UserWarning" and "deprecated" not in text], outs

    def of_another_dtype(L: Any) -> Any:
        function, arguments = getattr(L, name), operands(L)
        plain = function(*arguments)
        if isinstance(plain, tuple):
            return None
        return kind_of(lambda: function(*arguments, out=L.zeros(plain.shape, dtype=L.float32)))

    def of_a_narrower_dtype(L: Any) -> Any:
        function, arguments = getattr(L, name), operands(L)
        plain = function(*arguments)
        if isinstance(plain, tuple):
            return None
        return kind_of(lambda: function(*arguments, out=L.zeros(plain.shape, dtype=L.int32)))

    for each in (written, resized, of_another_dtype, of_a_narrower_dtype):
        if each is resized and name in RESIZED_ON_THE_WAY:
            continue
        program[f"{name}_{each.__name__}"] = each


for _name in names():
    for_each(_name)


@program
def out_that_requires_grad(L: Any) -> Any:
    L.add(L.ones(2), L.ones(2), out=L.zeros(2, requires_grad=True))


@program
def argument_that_requires_grad(L: Any) -> Any:
    L.mul(leaf(L, 1.0, 2.0), leaf(L, 1.0, 2.0), out=L.zeros(2, dtype=L.float64))


@program
def argument_in_a_list_that_requires_grad(L: Any) -> Any:
    L.cat([leaf(L, 1.0), leaf(L, 1.0)], out=L.zeros(2, dtype=L.float64))


@program
def sum_that_requires_grad(L: Any) -> Any:
    L.sum(leaf(L, 1.0, 2.0), 0, out=L.zeros((), dtype=L.float64))


@program
def under_no_grad(L: Any) -> Any:
    x, out = leaf(L, 1.0, 2.0), L.zeros(2, dtype=L.float64)
    with L.no_grad():
        L.exp(x, out=out)
        L.matmul(x, x, out=(dot := L.zeros((), dtype=L.float64)))
    return out, dot, out.requires_grad, out._version


@program
def leaf_as_out_under_no_grad(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    with L.no_grad():
        L.mul(x, 3, out=x)
    return x, x.requires_grad, x._version


@program
def the_input_itself(L: Any) -> Any:
    x = L.tensor([1.0, 2.0])
    L.add(x, x, out=x)
    L.exp(x, out=x)
    return x, x._version


@program
def into_a_view(L: Any) -> Any:
    base = L.zeros(2, 3)
    L.add(L.ones(3), 1, out=base[1])
    L.sum(L.ones(2, 2), 0, out=base[0, ::2])
    return base, base._version


@program
def into_a_transposed_view(L: Any) -> Any:
    base = L.zeros(3, 2)
    L.add(ramp(L, 2, 3).detach(), 1, out=base.t())
    return base


@program
def into_an_expanded_tensor(L: Any) -> Any:
    L.add(L.ones(2, 3), 1, out=L.zeros(1, 3).expand(2, 3))


@program
def into_an_empty_tensor(L: Any) -> Any:
    out = L.empty(0)
    caught, _ = warned(lambda: L.exp(L.zeros(2), out=out))
    return caught, out


@program
def kept_value_overwritten(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    kept = L.ones(2, dtype=L.float64)
    y = (x * kept).sum()
    L.exp(kept, out=kept)
    y.backward()


@program
def wrong_kinds_of_out(L: Any) -> Any:
    x = L.ones(2)
    return [
        raised(lambda: L.add(x, x, out=[x])),
        raised(lambda: L.exp(x, out="x")),
        raised(lambda: L.matmul(x, x, out=(x,))),
        L.add(x, x, out=None),
    ]


@program
def methods_do_not_take_it(L: Any) -> Any:
    return [
        raised(lambda: L.ones(2).add(1, out=L.ones(2))),
        raised(lambda: L.ones(2).sum(out=L.ones(2))),
    ]


@program
def scalars_and_mixed_dtypes(L: Any) -> Any:
    return (
        L.add(L.ones(2, dtype=L.int64), 1.5, out=L.zeros(2, dtype=L.float64)),
        L.mul(L.ones(2), L.ones(2, dtype=L.float64), out=L.zeros(2)),
        raised(lambda: L.add(L.ones(2, dtype=L.int64), 1.5, out=L.zeros(2, dtype=L.int64))),
        L.eq(L.ones(2), 1, out=L.zeros(2)),
        L.sqrt(L.tensor([4, 9]), out=L.zeros(2)),
    )
