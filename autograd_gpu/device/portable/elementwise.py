"""Elementwise functions.

Those that the array library has under the same meaning are its own ufuncs, bound as attributes, so that a
call costs nothing extra and ``out=`` works; the others are methods that accept ``out=`` too. Halves (float16,
bfloat16) come out as halves; special functions compute them through float32 (see ``special.py``).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_gpu.device.portable.base import Array, Base, Ufunc, float32, float64, is_half

UFUNC_NAMES = {
    "neg": "negative", "abs": "absolute", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log",
    "log2": "log2", "log10": "log10", "log1p": "log1p", "sqrt": "sqrt", "reciprocal": "reciprocal",
    "square": "square", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "isnan": "isnan",
    "isinf": "isinf", "isfinite": "isfinite", "logical_not": "logical_not", "bitwise_not": "invert",
    "positive": "positive", "add": "add", "sub": "subtract", "mul": "multiply", "div": "true_divide",
    "floor_divide": "floor_divide", "remainder": "remainder", "fmod": "fmod", "maximum": "maximum",
    "minimum": "minimum", "fmax": "fmax", "fmin": "fmin", "atan2": "arctan2", "hypot": "hypot",
    "copysign": "copysign", "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal",
    "gt": "greater", "ge": "greater_equal", "logical_and": "logical_and", "logical_or": "logical_or",
    "logical_xor": "logical_xor", "bitwise_and": "bitwise_and", "bitwise_or": "bitwise_or",
    "bitwise_xor": "bitwise_xor", "bitwise_left_shift": "left_shift", "bitwise_right_shift": "right_shift",
    "nextafter": "nextafter", "logaddexp": "logaddexp",
    "logaddexp2": "logaddexp2", "signbit": "signbit",
}  # fmt: skip
"""Our (PyTorch's) name of a function: the array library's."""


Number = float | complex
"""What `complex` means as an annotation; inside the class it is a function."""


class Elementwise(Base):
    """Unary, binary and ternary elementwise functions."""

    neg: Ufunc
    abs: Ufunc
    exp: Ufunc
    exp2: Ufunc
    expm1: Ufunc
    log: Ufunc
    log2: Ufunc
    log10: Ufunc
    log1p: Ufunc
    sqrt: Ufunc
    reciprocal: Ufunc
    square: Ufunc
    sin: Ufunc
    cos: Ufunc
    tan: Ufunc
    asin: Ufunc
    acos: Ufunc
    atan: Ufunc
    sinh: Ufunc
    cosh: Ufunc
    tanh: Ufunc
    asinh: Ufunc
    acosh: Ufunc
    atanh: Ufunc
    floor: Ufunc
    ceil: Ufunc
    trunc: Ufunc
    isnan: Ufunc
    isinf: Ufunc
    isfinite: Ufunc
    logical_not: Ufunc
    bitwise_not: Ufunc
    positive: Ufunc
    add: Ufunc
    sub: Ufunc
    mul: Ufunc
    div: Ufunc
    floor_divide: Ufunc
    remainder: Ufunc
    fmod: Ufunc
    maximum: Ufunc
    minimum: Ufunc
    fmax: Ufunc
    fmin: Ufunc
    atan2: Ufunc
    hypot: Ufunc
    copysign: Ufunc
    eq: Ufunc
    ne: Ufunc
    lt: Ufunc
    le: Ufunc
    gt: Ufunc
    ge: Ufunc
    logical_and: Ufunc
    logical_or: Ufunc
    logical_xor: Ufunc
    bitwise_and: Ufunc
    bitwise_or: Ufunc
    bitwise_xor: Ufunc
    bitwise_left_shift: Ufunc
    bitwise_right_shift: Ufunc
    nextafter: Ufunc
    logaddexp: Ufunc
    logaddexp2: Ufunc
    signbit: Ufunc

    def __init__(self, xp: Any) -> None:
        super().__init__(xp)
        for name, name_there in UFUNC_NAMES.items():
            setattr(self, name, getattr(xp, name_there))

    # -- unary -----------------------------------------------------------------------------------------

    def sign(self, x: Array, out: Array | None = None) -> Array:
        """-1, 0 or 1; ``z / |z|`` for complex; 0 for NaN, as in PyTorch."""
        if x.dtype.kind == "c":
            size = self.abs(x)
            return self.div(x, self.xp.where(size == 0, self._constant(1, size.dtype), size), out=out)
        if x.dtype.kind in "bu":
            return self._into(out, (x != self._constant(0, x.dtype)).astype(x.dtype))
        zero = self._constant(0, x.dtype)
        return self._into(out, (x > zero).astype(x.dtype) - (x < zero).astype(x.dtype))

    def rsqrt(self, x: Array, out: Array | None = None) -> Array:
        root = self.sqrt(x, out=out)
        return self.reciprocal(root, out=_writable(root, out))

    def round(self, x: Array, decimals: int = 0, out: Array | None = None) -> Array:
        """To the nearest multiple of ``10 ** -decimals``, halves to the even one."""
        if x.dtype.kind in "iub":
            if decimals >= 0:
                return self._into(out, x.copy())
            return self._into(out, self.xp.round(x, decimals))
        if decimals == 0:
            return self.xp.rint(x, out=out)
        if is_half(x.dtype):
            return self._into(out, self.round(x.astype(float32), decimals).astype(x.dtype))
        # PyTorch's formula: scale by a power of ten that is exact, so multiply or divide by 10 ** |decimals|.
        power = self.scalar(10.0 ** abs(decimals), x.dtype)
        scaled, back = (self.mul, self.div) if decimals > 0 else (self.div, self.mul)
        rounded = self.xp.rint(scaled(x, power))
        return back(rounded, power, out=out)

    def frac(self, x: Array, out: Array | None = None) -> Array:
        return self.sub(x, self.trunc(x), out=out)

    def sigmoid(self, x: Array, out: Array | None = None) -> Array:
        """``1 / (1 + exp(-x))``: where ``exp(-x)`` overflows the result is the correct 0, and small results
        keep all digits."""
        result = self.neg(x, out=out)
        result = self.exp(result, out=_writable(result, out))
        result = self.add(result, self._constant(1, x.dtype), out=_writable(result, out))
        return self.reciprocal(result, out=_writable(result, out))

    def relu(self, x: Array, out: Array | None = None) -> Array:
        return self.maximum(x, self._constant(0, x.dtype), out=out)

    def conj(self, x: Array, out: Array | None = None) -> Array:
        """The complex conjugate; ``x`` itself, not a copy, where ``x`` is real and ``out`` is not given."""
        if x.dtype.kind == "c" or out is not None:
            return self.xp.conjugate(x, out=out)
        return x

    def real(self, x: Array, out: Array | None = None) -> Array:
        """The real part: a view; ``x`` itself where ``x`` is real."""
        return self._into(out, x.real if x.dtype.kind == "c" else x)

    def imag(self, x: Array, out: Array | None = None) -> Array:
        """The imaginary part: a view; new zeros where ``x`` is real."""
        return self._into(out, x.imag if x.dtype.kind == "c" else self.xp.zeros_like(x))

    def angle(self, x: Array, out: Array | None = None) -> Array:
        """The argument of a complex number; for a real one pi where it is negative, else 0, and NaN for
        NaN."""
        if x.dtype.kind == "c":
            return self.atan2(x.imag, x.real, out=out)
        zero = self._constant(0, x.dtype)
        result = self.where(x < zero, self._constant(math.pi, x.dtype), zero)
        return self._into(out, self.where(x != x, x, result))

    def nan_to_num(
        self,
        x: Array,
        nan: float = 0.0,
        posinf: float | None = None,
        neginf: float | None = None,
        out: Array | None = None,
    ) -> Array:
        """Replaces NaN and the infinities; the infinities by the dtype's largest and smallest number unless
        given."""
        if x.dtype.kind in "iub":
            return self._into(out, x.copy())
        if x.dtype.kind == "c":
            result = self.xp.empty(x.shape, x.dtype) if out is None else out
            self.nan_to_num(x.real, nan, posinf, neginf, out=result.real)
            self.nan_to_num(x.imag, nan, posinf, neginf, out=result.imag)
            return result
        largest = _largest(x.dtype)
        high = largest if posinf is None else posinf
        low = -largest if neginf is None else neginf
        result = self.where(x == self._constant(math.inf, x.dtype), self.scalar(high, x.dtype), x)
        result = self.where(result == self._constant(-math.inf, x.dtype), self.scalar(low, x.dtype), result)
        return self._into(out, self.where(x != x, self.scalar(nan, x.dtype), result))

    def polygamma(self, x: Array, *, n: int, out: Array | None = None) -> Array:
        """The n-th derivative of digamma, n >= 1: ``(-1)^(n+1) n! sum over k >= 0 of 1 / (x + k)^(n+1)``.

        Source: DLMF 5.15 (the series and its asymptotic expansion; the reflection formula for x < 1/2).
        """
        xp = self.xp
        wide = x.astype(float64)
        left = wide < 0.5
        y = xp.where(left, 1.0 - wide, wide)
        # Ten terms of the sum one by one, the rest by the Euler-Maclaurin formula.
        total = xp.zeros_like(y)
        for k in range(10):
            total = total + (y + k) ** -(n + 1.0)
        y = y + 10.0
        total = total + y**-n / n + 0.5 * y ** -(n + 1.0)
        factor = n + 1.0
        for k, bernoulli in enumerate(BERNOULLI, 1):
            total = total + bernoulli / math.factorial(2 * k) * factor * y ** -(n + 2.0 * k)
            factor *= (n + 2.0 * k) * (n + 2.0 * k + 1.0)
        result = math.factorial(n) * total * (-1.0) ** (n + 1)
        # (-1)^n psi_n(1 - x) - psi_n(x) = pi d^n/dx^n cot(pi x), a polynomial in the cotangent
        distance = wide - xp.rint(wide)
        cotangent = 1.0 / xp.tan(math.pi * distance)
        reflected = (-1.0) ** n * result - math.pi ** (n + 1) * _cotangent_derivative(cotangent, n)
        pole = xp.where(distance == 0.0, math.inf * (-1.0) ** (n + 1), reflected)
        return self._into(out, xp.where(left, pole, result).astype(x.dtype))

    def view_as_real(self, x: Array) -> Array:
        """A view of complex numbers as pairs of real ones."""
        return x[..., None].view(x.real.dtype)

    def view_as_complex(self, x: Array) -> Array:
        """A view of pairs of real numbers, next to each other in memory, as complex ones."""
        if x.size == 0:  # whose strides may be anything
            return self.xp.empty(x.shape[:-1], _complex_of(x.dtype))
        return x.view(_complex_of(x.dtype))[..., 0]

    # -- binary ----------------------------------------------------------------------------------------

    def pow(self, x: Array, y: Array, out: Array | None = None) -> Array:
        """``x ** y``; an integer to a negative power is 1 / x ** -y rounded towards zero, as in PyTorch."""
        if x.dtype.kind != "i":
            return self.xp.power(x, y, out=out)
        zero, one = self._constant(0, x.dtype), self._constant(1, x.dtype)
        negative = y < zero
        positive_power = self.xp.power(x, self.xp.where(negative, -y, y))
        # Only 1 and -1 have an integer inverse, and it is themselves.
        inverse = self.xp.where((x == one) | (x == -one), positive_power, zero)
        return self._into(out, self.xp.where(negative, inverse, positive_power))

    def heaviside(self, x: Array, y: Array, out: Array | None = None) -> Array:
        """0 where ``x`` is negative or NaN, ``y`` where it is zero, 1 where it is positive."""
        zero = self._constant(0, x.dtype)
        return self._into(out, self.where(x == zero, y, (x > zero).astype(x.dtype)))

    def complex(self, real: Array, imag: Array) -> Array:
        """``real + 1j * imag``, exact for infinities and NaN too."""
        shape = np.broadcast_shapes(real.shape, imag.shape)
        result = self.xp.empty(shape, _complex_of(real.dtype))
        result.real[...] = real
        result.imag[...] = imag
        return result

    def stack_parts(self, real: Array, imag: Array) -> Array:
        """Two arrays side by side in a new last axis."""
        return self.xp.stack((real, imag), axis=-1)

    def zero_where(self, x: Array, condition: Array) -> Array:
        """``x``, but 0 where ``condition``, even where ``x`` is infinite or NaN.

        Done with bits: a selection with ``where`` takes six times as long on random conditions, and a product
        would turn infinities into NaN.
        """
        bits = _SAME_SIZE.get(x.dtype.itemsize)
        if bits is None or x.dtype.kind not in "fVc":
            return self.xp.where(condition, self._constant(0, x.dtype), x)
        keep = condition.view(np.int8) - np.int8(1)  # all bits set where the condition is false
        return self.xp.bitwise_and(x.view(bits), keep).view(x.dtype)

    # -- ternary ---------------------------------------------------------------------------------------

    def where(self, condition: Array, x: Array, y: Array, out: Array | None = None) -> Array:
        return self._into(out, self.xp.where(condition, x, y))

    def clamp(
        self, x: Array, min: Array | None = None, max: Array | None = None, out: Array | None = None
    ) -> Array:
        """``minimum(maximum(x, min), max)``; NaN in any operand propagates; ``max`` wins where it is below
        ``min``."""
        if min is not None:
            x = self.maximum(x, min, out=out)
        if max is not None:
            x = self.minimum(x, max, out=out)
        elif min is None:
            x = self._into(out, x.copy())
        return x

    def lerp(self, start: Array, end: Array, weight: Array, out: Array | None = None) -> Array:
        """``start + weight * (end - start)``, computed from the nearer end so that weights 0 and 1 are
        exact."""
        difference = end - start
        half, one = self._constant(0.5, start.dtype), self._constant(1, start.dtype)
        near_start = self.abs(weight) < half
        from_start = start + weight * difference
        from_end = end - difference * (one - weight)
        return self._into(out, self.where(near_start, from_start, from_end))

    def addcmul(self, x: Array, a: Array, b: Array, value: Number = 1, out: Array | None = None) -> Array:
        """``x + value * a * b``."""
        product = self.mul(a, b)
        if value != 1:
            product = self.mul(product, self.scalar(value, product.dtype), out=_writable(product, None))
        return self.add(x, product, out=out)

    def addcdiv(self, x: Array, a: Array, b: Array, value: Number = 1, out: Array | None = None) -> Array:
        """``x + value * a / b``."""
        if value != 1:
            a = self.mul(a, self.scalar(value, a.dtype))
        return self.add(x, self.div(a, b), out=out)

    def _into(self, out: Array | None, result: Array) -> Array:
        """``result``, written to ``out`` where that is given."""
        if out is None:
            return result
        out[...] = result
        return out


#: integers of as many bytes
_SAME_SIZE = {2: np.dtype(np.int16), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}

#: the Bernoulli numbers B(2), B(4), ...
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)


def _cotangent_derivative(cotangent: Array, n: int) -> Array:
    """The n-th derivative of cot from its value c, by cot' = -(1 + c^2), which is a polynomial in c again."""
    coefficients = [0, 1]  # of c^0, c^1, ...
    for _ in range(n):
        slope = [power * coefficient for power, coefficient in enumerate(coefficients)][1:]
        coefficients = [-low - high for low, high in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    result = cotangent * 0.0 + coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        result = result * cotangent + coefficient
    return result


def _complex_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.complex128 if dtype == float64 else np.complex64)


def _writable(result: Array, out: Array | None) -> Array | None:
    """Where the next step of a function may write: its own intermediate result, unless that is a NumPy
    scalar."""
    if out is not None:
        return out
    return None if isinstance(result, np.generic) else result


def _largest(dtype: np.dtype[Any]) -> float:
    if dtype.kind == "V":
        return 3.3895313892515355e38  # bfloat16: (2 - 2 ** -7) * 2 ** 127
    return float(np.finfo(dtype).max)
