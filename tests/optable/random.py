"""Cases of autograd_gpu/ops/random.py: every call is the first of the stream of seed 7, and Philox in plain
integers (tests/philox.py) says what must come out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_gpu import dtypes
from autograd_gpu.core.op import FUNCTIONS, METHODS
from autograd_gpu.ops import random
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S
from tests import philox

SEED = 7
DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def _seeded(name: str) -> Callable[..., Any]:
    """The function, or the method, with a stream from its beginning. In-place methods get a tensor of their
    own."""

    def call(*arguments: Any, **named: Any) -> Any:
        generator = random.Generator().manual_seed(SEED)
        if name in FUNCTIONS:
            return FUNCTIONS[name](*arguments, generator=generator, **named)
        target, *others = arguments
        return METHODS[name](target.clone(), *others, generator=generator, **named)

    return call


def _shape(*sizes: Any, size: Any = None) -> tuple[int, ...]:
    if size is not None:
        return tuple(size)
    return tuple(sizes[0]) if sizes and isinstance(sizes[0], tuple) else sizes


def _name(dtype: Any) -> str:
    return "float32" if dtype is None else dtypes.as_dtype(dtype).name


def _numpy(dtype: Any) -> Any:
    return dtypes.as_dtype(dtype).numpy


def _rand(*sizes: Any, size: Any = None, dtype: Any = None) -> Any:
    shape, name = _shape(*sizes, size=size), _name(dtype)
    if name.startswith("complex"):
        digits = 24 if name == "complex64" else 53
        parts = philox.uniforms((*shape, 2), SEED, 0, digits)
        return (parts[..., 0] + 1j * parts[..., 1]).astype(name)
    return philox.uniforms(shape, SEED, 0, DIGITS[name]).astype(_numpy(name))


def _randn(*sizes: Any, size: Any = None, dtype: Any = None) -> Any:
    shape, name = _shape(*sizes, size=size), _name(dtype)
    if name.startswith("complex"):
        parts = philox.normals((*shape, 2), SEED, 0, name == "complex128") * math.sqrt(0.5)
        return (parts[..., 0] + 1j * parts[..., 1]).astype(name)
    return philox.normals(shape, SEED, 0, name == "float64").astype(_numpy(name))


def _randint(low: Any = 0, high: Any = None, size: Any = None, dtype: Any = "int64") -> Any:
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    return philox.integers(tuple(size), SEED, 0, low, high).astype(_numpy(dtype))


def _double(shape: Any) -> Any:
    return philox.uniforms(shape, SEED, 0, 53)


def _typed(make: Make, *sizes: Any, **named: Any) -> S:
    return S(*sizes, dtype=make.dtype, **named)


def _uniform(x: Any, low: float = 0.0, to: float = 1.0) -> Any:
    return (_rand(x.shape, dtype=x.dtype) * (to - low) + low).astype(x.dtype)


def _normal(x: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    return (_randn(x.shape, dtype=x.dtype) * std + mean).astype(x.dtype)


def _integers(x: Any, low: Any = None, to: Any = None) -> Any:
    if low is None and to is None:
        digits = DIGITS.get(x.dtype.name)
        ends = {"bool": 2, "uint8": 256, "int32": 2**31, "int64": 2**63}
        low, to = 0, (2**digits + 1 if digits else ends[x.dtype.name])
    elif to is None:
        low, to = 0, low
    return philox.integers(x.shape, SEED, 0, low, to).astype(x.dtype)


def _method(
    name: str, dtypes: str, samples: Any, reference: Any, errors: Any = (), tol: Any = None
) -> OpCase:
    # The gradient of samples for what was there before is zero, which finite differences confirm.
    return OpCase(
        name,
        dtypes=dtypes,
        samples=samples,
        ref=reference,
        call=_seeded(name),
        upcast=False,
        errors=errors,
        tol=tol,
    )


def _in_range(result: Any, input: Any, num_samples: int, replacement: bool = False) -> None:
    drawn, weights = result.cpu().numpy(), input.cpu().numpy().astype(np.float64)
    assert drawn.shape == (*weights.shape[:-1], num_samples)
    assert drawn.dtype == np.int64
    for row, row_weights in zip(
        drawn.reshape(-1, num_samples), weights.reshape(-1, weights.shape[-1]), strict=True
    ):
        positive = (row_weights > 0).sum()
        # Indices with probability 0 come last, and only where the others are used up.
        assert (row_weights[row[:positive]] > 0).all() if not replacement else (row_weights[row] > 0).all()
        assert replacement or len(set(row.tolist())) == num_samples


FLOATING = "float half"
LOOSE = {
    "float16": 4e-3,
    "bfloat16": 3.2e-2,
    "float32": 1e-5,
}  # normals: logarithm, sine and cosine of float32

CASES = [
    OpCase(
        "rand",
        factory=True,
        dtypes="float half complex",
        gradient=False,
        upcast=False,
        samples=lambda make: [
            _typed(make, 2, 3),
            _typed(make, (5,)),
            _typed(make, ()),
            _typed(make, size=(0, 3)),
        ],
        ref=_rand,
        call=_seeded("rand"),
        tol={"float32": 0, "float64": 0, "float16": 0, "bfloat16": 0, "complex64": 0, "complex128": 0},
        errors=[
            ErrorCase(
                lambda make: S(2, -1),
                RuntimeError,
                r"Trying to create tensor with negative dimension -1: \[2, -1\]",
            ),
            ErrorCase(lambda make: S("a"), TypeError, "argument 'size' must be tuple of ints"),
            ErrorCase(lambda make: S(2.5), TypeError, "argument 'size' must be tuple of ints"),
            ErrorCase(lambda make: S(), TypeError, "'size' is missing", call=lambda **k: FUNCTIONS["rand"]()),
            ErrorCase(
                lambda make: S(2, dtype="int64"),
                NotImplementedError,
                "\"check_uniform_bounds\" not implemented for 'Long'",
            ),
            ErrorCase(
                lambda make: S(2),
                TypeError,
                "'generator' must be Generator, not int",
                call=lambda n, **k: FUNCTIONS["rand"](n, generator=3),
            ),
        ],
    ),
    OpCase(
        "randn",
        factory=True,
        dtypes="float half complex",
        gradient=False,
        upcast=False,
        samples=lambda make: [_typed(make, 2, 3), _typed(make, (5,)), _typed(make, ()), _typed(make, 0)],
        ref=_randn,
        call=_seeded("randn"),
        tol=LOOSE | {"complex64": 1e-5},
        errors=[
            ErrorCase(
                lambda make: S(2, dtype="int64"),
                NotImplementedError,
                "\"normal_kernel_cpu\" not implemented for 'Long'",
            ),
        ],
    ),
    OpCase(
        "randint",
        factory=True,
        dtypes="float half int bool int8",
        gradient=False,
        upcast=False,
        samples=lambda make: [
            _typed(make, 2, (4,)),
            _typed(make, 0, 2, (2, 3)),
            _typed(make, -100, 27, (9,)).only("int64 int8 float32"),
            _typed(make, -(2**63), 2**63, (4,)).only("int64"),
            _typed(make, 256, (4,)).only("uint8"),
            _typed(make, low=1, high=2, size=(0,)),
            _typed(make, high=2, size=()),
        ],
        ref=_randint,
        call=_seeded("randint"),
        errors=[
            ErrorCase(
                lambda make: S(5, 3, (2,)),
                RuntimeError,
                "random_ expects 'from' to be less than 'to', but got from=5 >= to=3",
            ),
            ErrorCase(lambda make: S(5), TypeError, "missing 1 required argument: 'size'"),
            ErrorCase(
                lambda make: S(5, size=2), TypeError, r"argument 'size' must be tuple of ints, not int"
            ),
            ErrorCase(lambda make: S(5.5, (2,)), TypeError, "argument 'high' must be int, not float"),
            ErrorCase(
                lambda make: S(300, (2,), dtype="uint8"), RuntimeError, "to - 1 is out of bounds for uint8"
            ),
            ErrorCase(
                lambda make: S(-129, 5, (2,), dtype="int8"), RuntimeError, "from is out of bounds for int8"
            ),
            ErrorCase(
                lambda make: S(5, (2,), requires_grad=True),
                RuntimeError,
                "Only Tensors of floating point and complex dtype can require gradients",
            ),
        ],
    ),
    OpCase(
        "randperm",
        factory=True,
        dtypes="float half int",
        gradient=False,
        upcast=False,
        samples=lambda make: [_typed(make, 9), _typed(make, 1), _typed(make, 0)],
        ref=lambda n, dtype: philox.permutation(n, SEED, 0).astype(_numpy(dtype)),
        call=_seeded("randperm"),
        errors=[
            ErrorCase(lambda make: S(-1), RuntimeError, "negative dimension -1"),
            ErrorCase(lambda make: S(5.0), TypeError, "argument 'n' must be int, not float"),
            ErrorCase(lambda make: S(300, dtype="uint8"), RuntimeError, "too large for dtype uint8"),
            ErrorCase(
                lambda make: S(3, dtype="bool"),
                NotImplementedError,
                "\"randperm\" not implemented for 'Bool'",
            ),
            ErrorCase(lambda make: S(3, requires_grad=True), RuntimeError, "can require gradients"),
        ],
    ),
    OpCase(
        "rand_like",
        dtypes="float half complex",
        upcast=False,
        gradient=False,
        samples=lambda make: [S(make(2, 3)), S(make(2, 3), dtype="float64"), S(make())],
        ref=lambda x, dtype=None: _rand(x.shape, dtype=x.dtype if dtype is None else dtype),
        call=_seeded("rand_like"),
    ),
    OpCase(
        "randn_like",
        dtypes="float half complex",
        upcast=False,
        gradient=False,
        samples=lambda make: [S(make(2, 3)), S(make(2, 3), dtype="float64"), S(make())],
        ref=lambda x, dtype=None: _randn(x.shape, dtype=x.dtype if dtype is None else dtype),
        call=_seeded("randn_like"),
        tol=LOOSE | {"complex64": 1e-5},
    ),
    OpCase(
        "randint_like",
        dtypes="float half int",
        upcast=False,
        gradient=False,
        samples=lambda make: [S(make(2, 3), 9), S(make(2, 3), 3, 9), S(make(2), 9, dtype="int64")],
        ref=lambda x, low, high=None, dtype=None: _randint(
            0 if high is None else low,
            low if high is None else high,
            x.shape,
            x.dtype if dtype is None else dtype,
        ),
        call=_seeded("randint_like"),
    ),
    OpCase(
        "normal",
        also="normal_samples",
        dtypes=FLOATING,
        upcast=False,
        samples=lambda make: [
            S(make(2, 3), make(3, low=0.5)),
            S(make(2, 3), 0.5),
            S(make(4)),
            S(1.5, make(4, low=0.5)),
        ],
        # what the gradient is compared with: samples do not move with mean and std, as in PyTorch
        gradient=False,
        ref=lambda mean, std=1.0: _normals_like(mean, std),
        call=_seeded("normal"),
        tol=LOOSE,
        errors=[
            ErrorCase(lambda make: S(make(2), make(3, low=1)), RuntimeError, "size|shape|broadcast"),
            ErrorCase(
                lambda make: S(make(2), -1.0), RuntimeError, r"normal expects std >= 0.0, but found std -1"
            ),
            ErrorCase(
                lambda make: S(make(2), make(2, low=-2, high=-1)),
                RuntimeError,
                "all elements of std >= 0.0",
                looks_at_values=True,
            ),
            ErrorCase(lambda make: S(0.0, 1.0), TypeError, "two numbers need the argument 'size'"),
            ErrorCase(lambda make: S(make(2), 1.0, (2,)), TypeError, "go with two numbers, not with tensors"),
            ErrorCase(
                lambda make: S(make(2)), NotImplementedError, "not implemented for 'Long'", dtype="int64"
            ),
        ],
    ),
    OpCase(
        "normal",
        variant="numbers",
        factory=True,
        dtypes=FLOATING,
        upcast=False,
        gradient=False,
        samples=lambda make: [S(1.0, 2.0, (2, 3), dtype=make.dtype), S(0, 0, (2,), dtype=make.dtype)],
        ref=lambda mean, std, size, dtype: (_randn(size, dtype=dtype).astype(np.float64) * std + mean).astype(
            _numpy(dtype)
        ),
        call=_seeded("normal"),
        tol=LOOSE | {"float16": 8e-3, "bfloat16": 6.4e-2},
    ),
    OpCase(
        "bernoulli",
        also="bernoulli_samples",
        dtypes=FLOATING,
        upcast=False,
        gradient=False,
        samples=lambda make: [
            S(make(4, 5, low=0, high=1)),
            S(make(3, low=0, high=1), 0.3),
            S(make(), 1.0),
            S(make(2), 0.0),
        ],
        ref=lambda x, p=None: (
            philox.uniforms(x.shape, SEED, 0, 53 if x.dtype == np.float64 else 24) < x.astype(np.float64)
            if p is None
            else philox.kept(x.shape, 1 - p, SEED, 0)
        ).astype(x.dtype),
        call=_seeded("bernoulli"),
        errors=[
            ErrorCase(
                lambda make: S(make(3, low=2, high=3)),
                RuntimeError,
                "Expected p_in >= 0 && p_in <= 1",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3) * np.nan),
                RuntimeError,
                "Expected p_in >= 0 && p_in <= 1",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(make(3), 1.5),
                RuntimeError,
                r"bernoulli_ expects p to be in \[0, 1\], but got p=1.5",
            ),
            ErrorCase(
                lambda make: S(make(3)),
                NotImplementedError,
                "\"bernoulli_tensor_cpu_p_\" not implemented for 'Long'",
                dtype="int64",
            ),
        ],
    ),
    OpCase(
        "multinomial",
        dtypes=FLOATING,
        gradient=False,
        samples=lambda make: [
            S(make(3, 5, low=0.1, high=1), 5),
            S(np.array([0, 1, 0, 2, 0], make.dtype.numpy), 4),
            S(np.array([0, 1, 0, 2, 0], make.dtype.numpy), 50, True),
            S(make(2, 3, low=0.1, high=1), 40, replacement=True),
            S(make(0, 3, low=0.1, high=1), 2),
        ],
        check=_in_range,
        errors=[
            ErrorCase(
                lambda make: S(np.zeros(2, "f"), 1),
                RuntimeError,
                r"sum of probabilities <= 0",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(np.ones(2, "f"), 3),
                RuntimeError,
                r"n_sample > prob_dist.size\(-1\) samples without",
            ),
            ErrorCase(
                lambda make: S(np.ones(2, "f"), 0), RuntimeError, "cannot sample n_sample <= 0 samples"
            ),
            ErrorCase(
                lambda make: S(np.array([1, -2], "f"), 1),
                RuntimeError,
                "contains either `inf`, `nan` or element < 0",
                looks_at_values=True,
            ),
            ErrorCase(
                lambda make: S(np.ones((2, 2, 2), "f"), 1), RuntimeError, "prob_dist must be 1 or 2 dim"
            ),
            ErrorCase(
                lambda make: S(np.ones(2, np.int64), 1), RuntimeError, "only supports floating-point dtypes"
            ),
        ],
    ),
    _method(
        "uniform_",
        FLOATING,
        lambda make: [S(make(2, 3)), S(make(5), -1, 3), S(make(), 1.0, 1.0), S(make(0))],
        _uniform,
        [
            ErrorCase(lambda make: S(make(2), 1, 0), RuntimeError, "found from=1 > to=0"),
            ErrorCase(
                lambda make: S(make(2)), NotImplementedError, "not implemented for 'Long'", dtype="int64"
            ),
            ErrorCase(
                lambda make: S(make(2)),
                RuntimeError,
                "a leaf Variable that requires grad",
                requires_grad=True,
                call=lambda x: x.uniform_(),
            ),
            ErrorCase(lambda make: S(make(2), end=3), TypeError, "unexpected keyword argument 'end'"),
        ],
    ),
    _method(
        "normal_",
        "float half complex",
        lambda make: [S(make(2, 3)), S(make(5), 1, 2), S(make()), S(make(0))],
        _normal,
        [
            ErrorCase(
                lambda make: S(make(2), 0, -1), RuntimeError, "normal expects std >= 0.0, but found std -1"
            ),
            ErrorCase(
                lambda make: S(make(2)), NotImplementedError, "not implemented for 'Long'", dtype="int64"
            ),
        ],
        LOOSE | {"complex64": 1e-5, "float16": 8e-3, "bfloat16": 6.4e-2},
    ),
    _method(
        "bernoulli_",
        "float half int bool",
        lambda make: [S(make(2, 3)), S(make(5), 0.3), S(make(), 1), S(make(0))],
        lambda x, p=0.5: philox.kept(x.shape, 1 - p, SEED, 0).astype(x.dtype),
        [
            ErrorCase(
                lambda make: S(make(2), 2.0),
                RuntimeError,
                r"bernoulli_ expects p to be in \[0, 1\], but got p=2",
            ),
            ErrorCase(lambda make: S(make(2)), NotImplementedError, "'ComplexFloat'", dtype="complex64"),
        ],
    ),
    OpCase(
        "bernoulli_",
        variant="tensor",
        dtypes="float int",
        upcast=False,
        gradient=False,
        samples=lambda make: [S(make(2, 3), np.array([0.0, 1.0, 0.5]))],
        ref=lambda x, p: (_double(x.shape) < p).astype(x.dtype),
        out_dtype=lambda dtype: dtype,
        call=_seeded("bernoulli_"),
    ),
    _method(
        "exponential_",
        FLOATING,
        lambda make: [S(make(2, 3)), S(make(5), 3.0), S(make()), S(make(0))],
        lambda x, rate=1.0: (-np.log1p(-_double(x.shape)) / rate).astype(x.dtype),
        [
            ErrorCase(
                lambda make: S(make(2), 0),
                RuntimeError,
                "exponential_ expects lambda > 0.0, but found lambda=0",
            ),
            ErrorCase(
                lambda make: S(make(2)),
                RuntimeError,
                "Exponential distribution is a continuous",
                dtype="int64",
            ),
        ],
    ),
    _method(
        "geometric_",
        "float half int",
        lambda make: [S(make(2, 3), 0.5), S(make(5), 0.1), S(make(0), 0.5)],
        lambda x, p: (np.floor(np.log1p(-_double(x.shape)) / math.log1p(-p)) + 1).astype(x.dtype),
        [
            ErrorCase(
                lambda make: S(make(2), 0),
                RuntimeError,
                r"geometric_ expects p to be in \(0, 1\), but got p=0",
            )
        ],
    ),
    _method(
        "cauchy_",
        FLOATING,
        lambda make: [S(make(2, 3)), S(make(5), 1.0, 2.0)],
        lambda x, median=0.0, sigma=1.0: (median + sigma * np.tan(math.pi * (_double(x.shape) - 0.5))).astype(
            x.dtype
        ),
        [
            ErrorCase(
                lambda make: S(make(2), 0.0, 0.0),
                RuntimeError,
                "cauchy_ expects sigma > 0.0, but found sigma=0",
            ),
            ErrorCase(
                lambda make: S(make(2)), RuntimeError, "Cauchy distribution is a continuous", dtype="int64"
            ),
        ],
    ),
    _method(
        "log_normal_",
        FLOATING,
        lambda make: [S(make(2, 3)), S(make(5), 0.0, 0.5)],
        lambda x, mean=1.0, std=2.0: np.exp(mean + std * philox.normals(x.shape, SEED, 0, True)).astype(
            x.dtype
        ),
        [
            ErrorCase(
                lambda make: S(make(2), 0.0, 0.0),
                RuntimeError,
                "log_normal_ expects std > 0.0, but found std=0",
            ),
            ErrorCase(
                lambda make: S(make(2)), RuntimeError, "LogNormal distribution is a continuous", dtype="int64"
            ),
        ],
    ),
    _method(
        "random_",
        "float half int bool",
        lambda make: [
            S(make(2, 3)),
            S(make(5), 2),
            S(make(5), 0, 2),
            S(make(5), -5, 100).only("int64 float32"),
            S(make(0)),
        ],
        _integers,
        [
            ErrorCase(lambda make: S(make(2), 5, 3), RuntimeError, "but got from=5 >= to=3"),
            ErrorCase(lambda make: S(make(2), 0), RuntimeError, "but got from=0 >= to=0"),
            ErrorCase(
                lambda make: S(make(2), 300), RuntimeError, "to - 1 is out of bounds for uint8", dtype="uint8"
            ),
            ErrorCase(lambda make: S(make(2)), NotImplementedError, "'ComplexFloat'", dtype="complex64"),
        ],
    ),
    OpCase(
        "manual_seed",
        also="initial_seed",
        dtypes="float32",
        gradient=False,
        samples=lambda make: [S(3), S(-1), S(2**64 - 1)],
        call=lambda seed: FUNCTIONS["manual_seed"](seed) and str(FUNCTIONS["initial_seed"]()),
        check=lambda result, seed: _equal(result, str(seed % 2**64)),
        errors=[ErrorCase(lambda make: S(2**64), ValueError, "Overflow when unpacking long long")],
    ),
    OpCase(
        "seed",
        dtypes="float32",
        gradient=False,
        samples=lambda make: [S()],
        call=lambda: str(FUNCTIONS["seed"]()),
        check=lambda result: _equal(result, str(FUNCTIONS["initial_seed"]())),
    ),
    OpCase(
        "set_rng_state",
        also="get_rng_state",
        dtypes="float32",
        gradient=False,
        samples=lambda make: [S(5)],
        call=lambda n: _twice(n),
        check=lambda result, n: _equal(*(values.tolist() for values in result)),
        errors=[
            ErrorCase(
                lambda make: S(make(16)), TypeError, "must be a uint8 tensor", call=FUNCTIONS["set_rng_state"]
            )
        ],
    ),
    OpCase(
        "random_fill",
        variant="truncated_normal",
        dtypes=FLOATING,
        upcast=False,
        samples=lambda make: [S(make(2, 3)), S(make(50), 1.0, 2.0, 0.0, 1.5), S(make(0))],
        call=lambda x, *numbers: random.truncated_normal_(
            x * 1, *numbers, generator=random.Generator().manual_seed(SEED)
        ),
        check=lambda result, x, mean=0.0, std=1.0, low=-2.0, high=2.0: _within(result, low, high),
        errors=[
            ErrorCase(
                lambda make: S(make(2), 0.0, 1.0, 2.0, -2.0), ValueError, "trunc_normal_ expects a < b"
            ),
            ErrorCase(lambda make: S(make(2), 0.0, -1.0), RuntimeError, "expects std >= 0.0"),
        ],
    ),
]


def _normals_like(mean: Any, std: Any) -> Any:
    main = mean if isinstance(mean, np.ndarray) else std
    shape = np.broadcast_shapes(np.shape(mean), np.shape(std))
    samples = philox.normals(shape, SEED, 0, main.dtype == np.float64).astype(main.dtype)
    mean, std = (np.asarray(value).astype(np.float64) for value in (mean, std))
    return (mean + std * samples.astype(np.float64)).astype(main.dtype)


def _within(result: Any, low: float, high: float) -> None:
    values = result.cpu().numpy()
    assert ((values >= low) & (values <= high)).all()
    assert values.size < 2 or len(set(values.ravel().tolist())) > 1


def _equal(found: Any, expected: Any) -> None:
    assert found == expected


def _twice(n: int) -> tuple[Any, Any]:
    """What the default stream gives, before and after it is taken back."""
    state = FUNCTIONS["get_rng_state"]()
    first = FUNCTIONS["rand"](n)
    FUNCTIONS["set_rng_state"](state)
    return first, FUNCTIONS["rand"](n)
