"""PyTorch's word on the elementwise functions: the same call through both libraries, for all dtypes, several
shapes and the numbers at which functions break: values, dtypes, first and second derivatives.

Where PyTorch refuses a dtype, ours may compute or refuse too, with an exception that PyTorch's would be
caught as.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402
from autograd_gpu.core.op import Op  # noqa: E402
from autograd_gpu.ops import activation, comparison, elementwise  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:ComplexHalf support:UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning:autograd_gpu"),
]


class Case(NamedTuple):
    """`call(library, functional, *tensors)`, and the intervals that the tensors' numbers are drawn from."""

    name: str
    call: Callable[..., Any]
    domains: tuple[tuple[float, float], ...]


class Functional:
    """Our activations, under PyTorch's names in torch.nn.functional."""

    def __getattr__(self, name: str) -> Any:
        for module in (activation, elementwise, comparison):
            found = getattr(module, name, None)
            if found is not None:
                return found.public if isinstance(found, Op) else found
        raise AttributeError(name)


OURS, THEIRS = (ag, Functional()), (torch, torch.nn.functional)
WIDE = (-3.0, 3.0)
POSITIVE = (0.1, 3.0)
UNIT = (-0.9, 0.9)


def plain(names: str, *domains: tuple[float, float]) -> list[Case]:
    """Functions of tensors only."""
    return [
        Case(name, lambda lib, F, *tensors, name=name: getattr(lib, name)(*tensors), domains)
        for name in names.split()
    ]


def functional(name: str, *domains: tuple[float, float], **options: Any) -> Case:
    label = f"{name}-{'-'.join(f'{key}={value}' for key, value in options.items())}" if options else name
    return Case(label, lambda lib, F, *tensors: getattr(F, name)(*tensors, **options), domains or (WIDE,))


def written(name: str, call: Callable[..., Any], *domains: tuple[float, float]) -> Case:
    return Case(name, lambda lib, F, *tensors: call(lib, *tensors), domains or (WIDE,))


def operation(name: str, other: Any, reflected: bool = False) -> Callable[..., Any]:
    """Python's operator with a number on the right, or on the left."""
    function = getattr(operator, name)
    return lambda lib, x: function(other, x) if reflected else function(x, other)


CASES = [
    *plain(
        "exp exp2 expm1 sin cos tan atan arctan sinh cosh tanh asinh arcsinh sigmoid abs absolute neg "
        "negative "
        "square sgn erf erfc sinc deg2rad rad2deg nan_to_num relu selu celu hardshrink isnan isinf isfinite "
        "isreal logical_not conj angle real positive",
        WIDE,
    ),
    *plain("sign floor ceil trunc fix frac round isposinf isneginf signbit bitwise_not", WIDE),
    *plain("sqrt rsqrt reciprocal log log2 log10 log1p lgamma digamma", POSITIVE),
    *plain("asin arcsin acos arccos atanh arctanh erfinv", UNIT),
    *plain("acosh arccosh", (1.1, 4.0)),
    *plain("logit", (0.1, 0.9)),
    *plain("add sub subtract mul multiply div divide true_divide rsub atan2 arctan2 copysign", WIDE, WIDE),
    *plain("eq ne not_equal lt less le less_equal gt greater ge greater_equal hypot logaddexp", WIDE, WIDE),
    *plain("logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor logaddexp2", WIDE, WIDE),
    *plain("maximum minimum fmax fmin", WIDE, WIDE),
    *plain("floor_divide remainder fmod xlogy", POSITIVE, (0.3, 3.0)),
    *plain("bitwise_left_shift bitwise_right_shift", (0, 5), (0, 5)),
    *plain("pow float_power", POSITIVE, WIDE),
    *plain("addcmul addcdiv", WIDE, WIDE, POSITIVE),
    *plain("lerp", WIDE, WIDE, (0.0, 1.0)),
    *plain("clamp", WIDE, (-2, -1), (1, 2)),
    *plain("ldexp", WIDE, (-3, 3)),
    *plain("prelu", WIDE, WIDE),
    written("remainder-signs", lambda lib, x, y: lib.remainder(x, y), WIDE, WIDE),
    written("fmod-signs", lambda lib, x, y: lib.fmod(x, y), WIDE, WIDE),
    written("div-floor", lambda lib, x, y: lib.div(x, y, rounding_mode="floor"), WIDE, WIDE),
    written("div-trunc", lambda lib, x, y: lib.div(x, y, rounding_mode="trunc"), WIDE, WIDE),
    written("add-alpha", lambda lib, x, y: lib.add(x, y, alpha=2), WIDE, WIDE),
    written("add-alpha-float", lambda lib, x, y: lib.add(x, y, alpha=2.5), WIDE, WIDE),
    written("sub-alpha", lambda lib, x, y: lib.sub(x, y, alpha=3), WIDE, WIDE),
    written("rsub-alpha", lambda lib, x: lib.rsub(x, 2.5, alpha=3)),
    written("addcmul-value", lambda lib, x, y, z: lib.addcmul(x, y, z, value=0.5), WIDE, WIDE, WIDE),
    written("addcdiv-value", lambda lib, x, y, z: lib.addcdiv(x, y, z, value=2), WIDE, WIDE, POSITIVE),
    written("lerp-number", lambda lib, x, y: lib.lerp(x, y, 0.3), WIDE, WIDE),
    *(
        written(f"operator-{name}-{other!r}", operation(name, other))
        for name in "add sub mul truediv floordiv mod eq lt ge and_ or_ xor lshift".split()
        for other in (2, 2.5, True, 1j)
    ),
    *(
        written(f"reflected-{name}-{other!r}", operation(name, other, reflected=True), POSITIVE)
        for name in ("add", "sub", "mul", "truediv", "pow")
        for other in (2, 2.5, True, 1j, 0)
    ),
    *(
        written(f"pow-{power!r}", lambda lib, x, power=power: x**power)
        for power in (0, 1, 2, 3, 4, 5, -1, -2, 0.5, -0.5, 1.5, 2.0, True, 1j, 0.0)
    ),
    written("pow-integers", lambda lib, x, y: lib.pow(x, y), WIDE, (-2, 4)),
    written("float_power-number", lambda lib, x: lib.float_power(x, 3)),
    written("float_power-base", lambda lib, x: lib.float_power(2, x)),
    written("neg-operator", lambda lib, x: -x),
    written("invert-operator", lambda lib, x: ~x),
    written("abs-operator", lambda lib, x: abs(x)),
    written("logit-eps", lambda lib, x: lib.logit(x, 0.2), (0.0, 1.0)),
    written("round-1", lambda lib, x: lib.round(x, decimals=1)),
    written("round-tens", lambda lib, x: lib.round(x, decimals=-1), (-50, 50)),
    written("nan_to_num-values", lambda lib, x: lib.nan_to_num(x, nan=1.5, posinf=2.5, neginf=-2.5)),
    *(written(f"polygamma-{n}", lambda lib, x, n=n: lib.polygamma(n, x), (0.1, 20.0)) for n in (0, 1, 2, 3)),
    written("trigamma-left", lambda lib, x: lib.polygamma(1, x), (-5.0, 0.0)),
    written("lgamma-left", lambda lib, x: lib.lgamma(x), (-5.0, 0.0)),
    written("digamma-left", lambda lib, x: lib.digamma(x), (-5.0, 0.0)),
    written("clamp-min", lambda lib, x: lib.clamp(x, min=-1)),
    written("clamp-max", lambda lib, x: lib.clamp(x, max=1.5)),
    written("clamp-both", lambda lib, x: lib.clamp(x, -1, 1)),
    written("clip-crossed", lambda lib, x: lib.clip(x, 2, 1)),
    written("clamp-min-tensor", lambda lib, x, y: lib.clamp(x, min=y), WIDE, WIDE),
    written("clamp-max-tensor", lambda lib, x, y: lib.clamp(x, max=y), WIDE, WIDE),
    written("clamp-crossed-tensors", lambda lib, x, y, z: lib.clamp(x, y, z), WIDE, WIDE, WIDE),
    written("clamp_min", lambda lib, x: lib.clamp_min(x, 0)),
    written("clamp_max", lambda lib, x: lib.clamp_max(x, 0)),
    written("where", lambda lib, x, y: lib.where(x > y, x, y), WIDE, WIDE),
    written("where-number", lambda lib, x: lib.where(x > 0, x, 0)),
    written("where-number-first", lambda lib, x: lib.where(x > 0, 1.5, x)),
    written("where-method", lambda lib, x: x.where(x < 0, 7)),
    written("isclose", lambda lib, x, y: lib.isclose(x, y, rtol=0.3, atol=0.2), WIDE, WIDE),
    written("isclose-nan", lambda lib, x: lib.isclose(x, x, equal_nan=True)),
    written("imag", lambda lib, x: lib.imag(x)),
    written("view_as_real", lambda lib, x: lib.view_as_real(x)),
    written("view_as_complex", lambda lib, x: lib.view_as_complex(lib.stack([x, x], -1))),
    written("complex", lambda lib, x, y: lib.complex(x, y), WIDE, WIDE),
    written("polar", lambda lib, x, y: lib.polar(x, y), POSITIVE, WIDE),
    written("heaviside", lambda lib, x, y: lib.heaviside(x, y), WIDE, WIDE),
    written("nextafter", lambda lib, x, y: lib.nextafter(x, y), WIDE, WIDE),
    written("threshold", lambda lib, x: lib.threshold(x, 0.5, 7)),
    *(functional(name) for name in "gelu silu softplus elu leaky_relu hardtanh relu6".split()),
    *(functional(name) for name in "hardsigmoid hardswish mish logsigmoid softsign".split()),
    *(functional(name) for name in ("tanhshrink", "softshrink")),
    functional("gelu", approximate="tanh"),
    functional("softplus", beta=2.5, threshold=4),
    functional("elu", alpha=-0.5),
    functional("celu", alpha=0.7),
    functional("leaky_relu", negative_slope=1.5),
    functional("leaky_relu", negative_slope=-0.5),
    functional("hardtanh", min_val=-0.5, max_val=2),
    functional("hardshrink", lambd=1),
    functional("softshrink", lambd=1),
    functional("threshold", threshold=1, value=-3),
    written("glu", lambda lib, x: Functional().glu(x, 0) if lib is ag else torch.nn.functional.glu(x, 0)),
]  # fmt: skip

#: (case, kind of argument) -> why ours is not what PyTorch gives; "second": the second derivative
DIFFERENT = {
    **{
        (
            f"clamp-{bounds}",
            "uint8",
        ): "PyTorch lets the bound -1 wrap around to 255, and only there; ours is its usual error"
        for bounds in ("min", "both")
    },
    ("threshold-threshold=1-value=-3", "uint8"): "PyTorch lets -3 wrap around to 253",
    ("gelu", "special"): "PyTorch's float32 gives NaN at infinity, its float64 infinity",
    ("logit", "special"): "PyTorch's float32 and float64 differ in the sign of the derivative at -0.0",
    ("softsign", "special"): "PyTorch's derivative at infinity is NaN; it is 0",
    ("logit-eps", "special"): "PyTorch's float32 gives NaN as the derivative at NaN, its float64 zero",
    ("hardsigmoid", "second"): "PyTorch has no second derivative",
    ("polar", "special"): "PyTorch's derivative takes the distance for positive",
    ("reflected-truediv-1j", "special"): "complex division by zero: NaN or infinite",
    ("reflected-pow-0", "second"): "0 ** x is constant for x > 0; PyTorch's second derivative is NaN",
    **{
        (
            name,
            what,
        ): "PyTorch's sine of multiples of pi is not zero at the poles, its zeta function is NaN at infinity"
        for name in ("digamma-left", "trigamma-left", "digamma", "lgamma-left", "polygamma-0", "polygamma-1")
        for what in ("special", "int")
    },
    **{(f"polygamma-{n}", "special"): "PyTorch's zeta function is NaN at infinity" for n in (2, 3)},
    **{(name, "complex"): "not implemented: the error says so" for name in ("softsign", "logaddexp")},
}

REAL = ("float64", "float32", "float16", "bfloat16")
DTYPES = (*REAL, "complex128", "complex64", "int64", "int32", "int16", "uint8", "bool")
TOLERANCES = {
    "float64": 1e-10, "complex128": 1e-10, "float32": 2e-5, "complex64": 2e-5, "float16": 4e-3,
    "bfloat16": 3.2e-2,
}  # fmt: skip
LOOSER = {
    "celu-alpha=0.7": 1e-7,  # PyTorch's 1 / alpha is a float32
    "hardsigmoid": 1e-7,  # PyTorch's 1/6 is a float32
    "trigamma-left": 1e-4,  # PyTorch computes float32 in float32
}
#: where functions break; the extremes are too large for PyTorch's float32 to compare with
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 6.0, math.inf, -math.inf, math.nan, 100.0, -100.0)
SHAPES = {
    "matrix": [(4, 3)] * 3,
    "scalar": [()] * 3,
    "empty": [(0, 3)] * 3,
    "broadcast": [(4, 1), (3,), (2, 1, 3)],
}


def values(case: Case, shape: str, dtype: str) -> list[np.ndarray]:
    """The arguments, as float64, complex128 or integer arrays."""
    rng = np.random.default_rng(7)
    if shape == "special":
        if len(case.domains) == 1:
            return [np.array(SPECIAL)]
        grids = np.meshgrid(*[np.array(SPECIAL)] * 2)
        arrays = [grid.ravel() for grid in grids]
        return arrays + [np.full(arrays[0].shape, 0.25)] * (len(case.domains) - 2)
    arrays = []
    for extents, (low, high) in zip(SHAPES[shape], case.domains, strict=False):
        array = rng.uniform(low, high, extents)
        if dtype.startswith("complex"):
            array = array + 1j * rng.uniform(-2, 2, extents)
        elif dtype.startswith("int"):
            array = np.round(array)
        elif dtype == "uint8":
            array = np.abs(np.round(array))
        elif dtype == "bool":
            array = array > (low + high) / 2
        arrays.append(np.asarray(array))
    return arrays


def both(array: np.ndarray, dtype: str) -> tuple[Any, Any]:
    """One tensor in each library, of the same values and the same layout."""
    theirs = torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape)).to(getattr(torch, dtype))
    return ag.tensor(host(theirs), dtype=getattr(ag, dtype)), theirs


def host(tensor: Any) -> np.ndarray:
    """Values in a dtype that NumPy has."""
    if isinstance(tensor, torch.Tensor):
        return (tensor.double() if tensor.dtype is torch.bfloat16 else tensor).numpy(force=True)
    tensor = tensor.detach()
    return (tensor.to(ag.float64) if tensor.dtype is ag.bfloat16 else tensor).numpy()


def name_of(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.").removeprefix("ag.")


def compare(ours: Any, theirs: Any, tolerance: float, what: str) -> None:
    assert name_of(ours.dtype) == name_of(theirs.dtype), what
    mine, reference = host(ours), host(theirs)
    assert mine.shape == reference.shape, what
    if mine.dtype.kind == "c":
        # libraries differ in which part of an infinite or undefined complex number they let be NaN
        bad = ~np.isfinite(reference) | ~np.isfinite(mine)
        mine, reference = np.where(bad, 0, mine), np.where(bad, 0, reference)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(mine, reference, rtol=tolerance, atol=tolerance, err_msg=what)


def shapes_for(case: Case, dtype: str, all_shapes: bool) -> list[str]:
    """The shapes to try; the special numbers only in the dtypes that hold them, and where the two libraries
    agree.
    """
    different = {what for name, what in DIFFERENT if name == case.name}
    if any(dtype.startswith(what) for what in different):
        return []
    shapes = list(SHAPES) if all_shapes else ["matrix", "broadcast"]
    if dtype in ("float64", "float32") and "special" not in different:
        shapes.append("special")
    return shapes


def outcome(case: Case, library: Any, tensors: list[Any]) -> tuple[Any, Exception | None]:
    try:
        return case.call(*library, *tensors), None
    except Exception as error:
        return None, error


def pair(case: Case, shape: str, dtype: str) -> list[tuple[Any, Any]]:
    return [both(array, dtype) for array in values(case, shape, dtype)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values(case: Case, dtype: str) -> None:
    for shape in shapes_for(case, dtype, True):
        pairs = pair(case, shape, dtype)
        theirs, refused = outcome(case, THEIRS, [b for _, b in pairs])
        ours, error = outcome(case, OURS, [a for a, _ in pairs])
        if refused is not None:
            # a TypeError of PyTorch's argument parser may be a more specific error here
            assert error is None or isinstance(error, (RuntimeError, TypeError, ValueError)), shape
            continue
        if theirs.dtype is torch.complex32:  # which we do not have
            continue
        if error is not None:
            raise error
        tolerance = max(TOLERANCES.get(name_of(theirs.dtype), 0), LOOSER.get(case.name, 0))
        if dtype in ("float16", "bfloat16"):
            tolerance = TOLERANCES[dtype]
        compare(ours, theirs, tolerance, shape)


@pytest.mark.parametrize("dtype", [*REAL, "complex128", "complex64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gradients(case: Case, dtype: str) -> None:
    """First derivatives; second ones in double precision."""
    for shape in shapes_for(case, dtype, dtype in ("float64", "float32")):
        pairs = pair(case, shape, dtype)
        for mine, reference in pairs:
            mine.requires_grad_()
            reference.requires_grad_()
        theirs, refused = outcome(case, THEIRS, [b for _, b in pairs])
        if refused is not None or theirs.dtype is torch.complex32:
            continue
        ours, error = outcome(case, OURS, [a for a, _ in pairs])
        if error is not None:
            raise error
        if not theirs.requires_grad:
            assert not ours.requires_grad, shape
            continue
        rng = np.random.default_rng(3)
        weights = rng.uniform(0.5, 1.5, tuple(theirs.shape))
        if theirs.dtype.is_complex:
            weights = weights + 1j * rng.uniform(0.5, 1.5, tuple(theirs.shape))
        cotangent, cotangent_there = both(np.asarray(weights), name_of(theirs.dtype))
        twice = dtype in ("float64", "complex128")
        try:
            expected = torch.autograd.grad(theirs, [b for _, b in pairs], cotangent_there, create_graph=twice)
        except RuntimeError:  # PyTorch has no derivative, or fails to broadcast
            continue
        assert ours.requires_grad, shape
        found = ag.autograd.grad(ours, [a for a, _ in pairs], cotangent, create_graph=twice)
        tolerance = max(4 * TOLERANCES[dtype], LOOSER.get(case.name, 0))
        for position, (mine, reference) in enumerate(zip(found, expected, strict=True)):
            compare(mine, reference, tolerance * scale(reference), f"gradient {position}, {shape}")
        if twice and shape != "special" and (case.name, "second") not in DIFFERENT:
            second_derivatives(pairs, found, expected, f"second derivative, {shape}")


def second_derivatives(pairs: list[tuple[Any, Any]], found: Any, expected: Any, what: str) -> None:
    total_there = sum((g * g.detach().conj().resolve_conj()).real.sum() for g in expected)
    if not total_there.requires_grad:
        return
    total = sum(ag.real(g * g.detach().conj()).sum() for g in found)
    reference = torch.autograd.grad(total_there, [b for _, b in pairs], allow_unused=True)
    leaves = [a for a, _ in pairs]
    # where the first derivative is piecewise constant, ours depends on nothing
    ours = ag.autograd.grad(total, leaves, allow_unused=True) if total.requires_grad else [None] * len(leaves)
    for mine, theirs in zip(ours, reference, strict=True):
        if theirs is None:
            assert mine is None or not np.any(host(mine)), what
        elif mine is None:
            assert not np.any(host(theirs)), what
        else:
            compare(mine, theirs, 1e-8 * scale(theirs), what)


def scale(tensor: Any) -> float:
    array = np.abs(host(tensor).astype(complex))
    return max(1.0, float(np.max(array[np.isfinite(array)], initial=0.0)))
