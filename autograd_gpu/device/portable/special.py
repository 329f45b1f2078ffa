"""Special functions: erf and its relatives, log-gamma and digamma.

Every function is a few polynomials, each good on one range of the argument. ``_piecewise`` joins them; it has
no branch per element, so the same code serves arrays of any device. float64 results are within a few units in
the last place; halves and (except for erf) float32 are computed in the next wider type.

Unless a source is given, a polynomial interpolates the function named beside it at Chebyshev nodes, computed
with 60 digits; ``tests/device/special_coefficients.py`` does that, and a test holds the coefficients to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from autograd_gpu.device.portable.base import Array, DType, float32, float64
from autograd_gpu.device.portable.creation import Creation

Part = Callable[[Array], Array]

#: atanh(erf(x)) / x - 1 in x * x on |x| < 4, weighted for the smallest relative error of erf (3e-8)
ATANH_ERF = (
    0.1283791959285736, 0.10277131199836731, -0.00020215164113324136, -0.000603681372012943, 7.64899086789228e-05,
    -1.861188025031879e-06, -5.15069814355229e-07, 5.391421353806436e-08, -1.640675262315483e-09,
)  # fmt: skip

#: erf(x) / x - 1 in x * x near zero, its Taylor series (DLMF 7.6.1); and the square up to which tanh is less exact
ERF_TINY = (0.1283791670955126, -0.37612638903183754, 0.11283791670955126, -0.026866170645131252)
TINY_SQUARE = 0.011

#: erf(x) / x in x * x on |x| < 1
ERF_SMALL = (
    1.1283791670955126, -0.3761263890318375, 0.11283791670954879, -0.026866170645076792,
    0.0052239776248180145, -0.000854832698083379, 0.0001205533111164271, -1.4925595266831182e-05,
    1.6461000484121368e-06, -1.6350312701054695e-07, 1.4659775274047436e-08, -1.1372848856791674e-09,
    5.957176147748911e-11,
)  # fmt: skip

#: exp(x * x) * erfc(x) * (x + 3.75) in (x - 3.75) / (x + 3.75) on 1 < x < 28; the variable is that of
#: J. L. Schonfelder, "Chebyshev expansions for the error and related functions", Math. Comp. 32 (1978)
ERFC_LARGE = (
    1.0919229095627891, -0.9587415766529096, 0.7363189252217518, -0.4904702912076721, 0.27906204903376614,
    -0.13195540117882465, 0.049118778615916035, -0.012535880034942671, 0.0009863380677334816,
    0.0007948230296360451, -0.0003486467251704941, 1.0594456010401073e-05, 3.747083721793781e-05,
    -8.90576635111691e-06, -3.285683359156999e-06, 1.6599225901820464e-06, 2.6987068157089947e-07,
    -2.667145433684496e-07, -1.2097466505219571e-08, 3.729854848107893e-08, -6.299552911613729e-09,
)  # fmt: skip

#: lgamma(2 + u) / u on |u| < 1/2
LGAMMA_NEAR_2 = (
    0.42278433509846713, 0.32246703342411326, -0.0673523010531981, 0.02058080842778038,
    -0.0073855510286719986, 0.002890510331034267, -0.0011927539118428156, 0.0005096695154115458,
    -0.00022315475400520507, 9.945767355819498e-05, -4.49263133791557e-05, 2.0505590755833454e-05,
    -9.438715099211532e-06, 4.38470440459836e-06, -2.0439048107029907e-06, 9.200527894968101e-07,
    -4.3252393445604814e-07, 2.78740805211359e-07, -1.3219945666117874e-07,
)  # fmt: skip

#: B(2k) / (2k (2k - 1)), the coefficients of Stirling's series (DLMF 5.11.1)
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)

#: B(2k) / (2k), the coefficients of digamma's asymptotic series (DLMF 5.11.2)
DIGAMMA_SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)

# Quantiles of the normal distribution: M. J. Wichura, "Algorithm AS 241", Applied Statistics 37 (1988),
# PPND16. The first pair is for |p - 1/2| <= 0.425, the others for sqrt(-log p) up to 5 and beyond.
QUANTILE_CENTRE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
     3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
QUANTILE_MIDDLE = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
     7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9),
)  # fmt: skip
QUANTILE_TAIL = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
     2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15),
)  # fmt: skip


class Special(Creation):
    """erf, erfc, erfinv, lgamma, digamma."""

    def erf(self, x: Array, out: Array | None = None) -> Array:
        """``2 / sqrt(pi) * integral of exp(-t^2) from 0 to x``; within 2 units in the last place."""
        if x.dtype == float64:
            return self._special(self._erf64, x, out, float64)
        return self._special(self._erf32, x, out, float32)

    def erfc(self, x: Array, out: Array | None = None) -> Array:
        """``1 - erf(x)`` without its cancellation."""
        return self._special(self._erfc64, x, out, float64)

    def erfinv(self, x: Array, out: Array | None = None) -> Array:
        """The ``y`` with ``erf(y) = x``; infinite at -1 and 1, NaN outside."""
        return self._special(self._erfinv64, x, out, float64)

    def lgamma(self, x: Array, out: Array | None = None) -> Array:
        """``log(|gamma(x)|)``; infinite at 0 and the negative integers."""
        return self._special(self._lgamma64, x, out, float64)

    def digamma(self, x: Array, out: Array | None = None) -> Array:
        """The derivative of lgamma; NaN at the negative integers, minus infinity (plus, for -0) at 0."""
        return self._special(self._digamma64, x, out, float64)

    def _special(self, function: Part, x: Array, out: Array | None, inside: DType) -> Array:
        """Applies ``function`` in the dtype ``inside``; the result has the dtype of ``x``."""
        result = self.cast(function(self.cast(x, inside)), x.dtype)
        if out is None:
            return result
        out[...] = result
        return out

    def _piecewise(self, x: Array, key: Array, edges: Sequence[float], parts: Sequence[Part]) -> Array:
        """``parts[i](x)`` where ``edges[i - 1] <= key < edges[i]``; the first part sees NaN."""
        result = parts[0](x)
        for edge, part in zip(edges, parts[1:], strict=True):
            result = self.xp.where(key >= edge, part(x), result)
        return result

    def _erf32(self, x: Array) -> Array:
        # tanh's argument is nearly linear in x, and an error in it fades as tanh saturates. Of a number and its small
        # correction the sum is exact to half a unit, which that of the polynomial's first terms is not.
        square = self.xp.minimum(x * x, np.float32(16))
        result = polynomial(square, ATANH_ERF) * x
        result += x
        return self._erf_near_zero(x, square, self.xp.tanh(result))

    def _erf_near_zero(self, x: Array, square: Array, result: Array) -> Array:
        """`result` with what is near zero replaced: there libraries' tanh is off by more than a unit."""
        tiny = polynomial(square, ERF_TINY) * x + x
        return self.xp.where(square < TINY_SQUARE, tiny, result)

    def _erf64(self, x: Array) -> Array:
        xp = self.xp
        return self._piecewise(
            x,
            xp.abs(x),
            (1.0,),
            (
                lambda x: x * polynomial(x * x, ERF_SMALL),
                lambda x: xp.copysign(1.0 - self._erfc_large(xp.minimum(xp.abs(x), 6.0)), x),
            ),
        )

    def _erfc64(self, x: Array) -> Array:
        xp = self.xp
        return self._piecewise(
            x,
            x,
            (-1.0, 0.5, 1.0),
            (
                lambda x: 2.0 - self._erfc_large(xp.clip(-x, 1.0, 6.0)),
                lambda x: 1.0 - x * polynomial(x * x, ERF_SMALL),
                # erf is above a half here: subtract the parts one by one to keep their digits.
                lambda x: 0.5 - (x * polynomial(x * x, ERF_SMALL) - 0.5),
                lambda x: self._erfc_large(xp.minimum(x, 28.0)),
            ),
        )

    def _erfc_large(self, x: Array) -> Array:
        """erfc for 1 <= x <= 28."""
        xp = self.xp
        total = x + 3.75
        scaled = polynomial((x - 3.75) / total, ERFC_LARGE) / total
        # exp(-x * x) with the rounding error of x * x put back: the square of 24 bits is exact.
        high = x.astype(float32).astype(float64)
        return scaled * xp.exp(-high * high) * xp.exp((high - x) * (high + x))

    def _erfinv64(self, x: Array) -> Array:
        xp = self.xp
        size = xp.abs(x)

        def centre(x: Array) -> Array:
            half = 0.5 * x
            return half * _ratio(0.180625 - half * half, QUANTILE_CENTRE)

        def tail(x: Array, shift: float, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Array:
            root = xp.sqrt(-xp.log(0.5 * (1.0 - xp.abs(x))))
            return xp.copysign(_ratio(root - shift, coefficients), x)

        quantile = self._piecewise(
            x,
            size,
            (0.85, 1.0 - 2.0 * math.exp(-25.0), 1.0),
            (
                centre,
                lambda x: tail(x, 1.6, QUANTILE_MIDDLE),
                lambda x: tail(x, 5.0, QUANTILE_TAIL),
                lambda x: xp.where(xp.abs(x) > 1.0, math.nan, xp.copysign(math.inf, x)),
            ),
        )
        return quantile * math.sqrt(0.5)

    def _lgamma64(self, x: Array) -> Array:
        xp = self.xp

        def reflected(x: Array) -> Array:
            # gamma(x) gamma(-x) = -pi / (x sin(pi x)); the sine of the distance to the nearest integer
            sine = xp.abs(xp.sin(math.pi * (x - xp.rint(x)))) / math.pi
            return xp.where(sine == 0.0, math.inf, -xp.log(sine) - xp.log(-x) - positive(-x))

        def positive(x: Array) -> Array:
            return self._piecewise(x, x, (8.0,), (self._lgamma_small, self._lgamma_large))

        # -inf comes out as -inf - ... = NaN from the reflection; both infinities give inf.
        finite = self._piecewise(-x, -x, (0.0,), (lambda y: positive(-y), lambda y: reflected(-y)))
        return xp.where(xp.isinf(x), math.inf, finite)

    def _lgamma_small(self, x: Array) -> Array:
        """lgamma for 0 <= x < 8: moves the argument to 2 + u, |u| <= 1/2, by gamma(x + 1) = x gamma(x)."""
        xp = self.xp
        whole = xp.floor(x + 0.5)
        u = x - whole  # exact, so results near the zeros at 1 and 2 keep their relative accuracy
        product = xp.where(whole < 1.0, x * (x + 1.0), xp.where(whole < 2.0, x, 1.0))
        for step in range(2, 8):
            product = xp.where(whole > step, product * (u + step), product)
        sign = xp.where(whole < 2.0, -1.0, 1.0)
        return u * polynomial(u, LGAMMA_NEAR_2) + sign * xp.log(product)

    def _lgamma_large(self, x: Array) -> Array:
        """lgamma for x >= 8 by Stirling's series."""
        inverse = 1.0 / x
        series = inverse * polynomial(inverse * inverse, STIRLING)
        return (x - 0.5) * (self.xp.log(x) - 1.0) + (0.5 * math.log(2 * math.pi) - 0.5 + series)

    def _digamma64(self, x: Array) -> Array:
        xp = self.xp

        def reflected(x: Array) -> Array:
            # digamma(1 - x) - digamma(x) = pi / tan(pi x); the tangent of the distance to the nearest integer
            distance = x - xp.rint(x)
            value = positive(1.0 - x) - math.pi / xp.tan(math.pi * distance)
            value = xp.where(distance == 0.0, math.nan, value)
            return xp.where(x == 0.0, xp.copysign(math.inf, -x), value)

        def positive(x: Array) -> Array:
            result = xp.zeros_like(x)
            for _ in range(10):
                small = x < 10.0
                result = xp.where(small, result - 1.0 / x, result)
                x = xp.where(small, x + 1.0, x)
            inverse = 1.0 / (x * x)
            return result + (xp.log(x) - 0.5 / x - inverse * polynomial(inverse, DIGAMMA_SERIES))

        return self._piecewise(-x, -x, (0.0,), (lambda y: positive(-y), lambda y: reflected(-y)))


def polynomial(x: Array, coefficients: Sequence[float]) -> Array:
    """``c[0] + c[1] x + c[2] x^2 + ...`` in the dtype of ``x`` by Horner's rule."""
    kind = x.dtype.type
    result = x * kind(coefficients[-1])
    for coefficient in coefficients[-2:0:-1]:
        result += kind(coefficient)
        result *= x
    result += kind(coefficients[0])
    return result


def _ratio(x: Array, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Array:
    return polynomial(x, coefficients[0]) / polynomial(x, coefficients[1])
