"""Modified Bessel functions of the first kind, the scaled complementary error function, quantiles of the normal
distribution and Hurwitz's zeta function: computed in float64, relative errors up to about 1e-14."""

from __future__ import annotations

import math

from autograd_gpu.device.portable.base import Array, float64
from autograd_gpu.device.portable.special import (
    ERFC_LARGE,
    QUANTILE_CENTRE,
    QUANTILE_MIDDLE,
    QUANTILE_TAIL,
    Special,
    _ratio,
    polynomial,
)

#: B(2k), for the Euler-Maclaurin formula
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)

# The interpolants at the Chebyshev nodes (`interpolation` in tests/device/special_coefficients.py) of exp(-x) I0(x) and
# exp(-x) I1(x) / x in x / 4 - 1 up to x = 8, and of sqrt(x) exp(-x) I0(x) and sqrt(x) exp(-x) I1(x) in 16 / x - 1 from
# there on: the ranges of W. J. Cody, J. Stoltz and of Cephes.
I0_SMALL = (
    0.20700192122398836, -0.11300432688620594, 0.09451562853939374, -0.08904344136060437, 0.08734341620669155,
    -0.0849633809248512, 0.07927522522302392, -0.06954119542643243, 0.05677703981170538, -0.04298595162799615,
    0.03017785929705627, -0.019682639980469964, 0.011960306434375186, -0.006792463654092764, 0.0036164646667078315,
    -0.0018117020024304993, 0.0008576214584645875, -0.0003832670754814723, 0.00016064714039417657,
    -6.50168086983983e-05, 2.6781961726378307e-05, -9.69423521444068e-06, 2.3353191924627867e-06,
    -8.371207537104731e-07, 6.43645703535344e-07, -1.919683430117996e-07,
)  # fmt: skip
I1_SMALL = (
    0.04468770987560898, -0.06112433802966633, 0.06805759990946096, -0.06848260620581192, 0.06376740371623943,
    -0.055280039227809406, 0.044674572559076246, -0.03367135550327885, 0.023686017666094288, -0.015571309446428408,
    0.009583957355379827, -0.0055345664749481, 0.0030057832157554046, -0.001538880541080664, 0.0007444520750266004,
    -0.00034115857077822735, 0.00014854033282115045, -6.145849532535901e-05, 2.4073175916428656e-05,
    -9.088672834384311e-06, 3.4385503267382193e-06, -1.1770397975868784e-06, 2.93663229170861e-07,
    -9.776684596957229e-08, 6.373585824774218e-08, -1.8194601103294593e-08,
)  # fmt: skip
I0_LARGE = (
    0.4021765094450081, 0.0033605519836678944, 0.00013621607439186705, 1.1143033787545386e-05,
    1.4838475687894938e-06, 2.9735996224521226e-07, 8.872214307451732e-08, 3.932437699533459e-08,
    2.15488936175863e-08, 7.566352487698237e-09, -6.750552282740284e-09, -1.346629294837396e-08,
    -5.394456734259438e-09, 7.737147033780934e-09, 7.406235049001522e-09, -3.905230623712341e-09,
    -5.91556056510856e-09, 2.1053080134403423e-09, 3.5985362919394714e-09, -1.1448789558755036e-09,
    -1.5930354799216344e-09, 5.122212147228388e-10, 4.4789181847911815e-10, -1.5066113686101474e-10,
    -5.905024573995148e-11, 2.0820835852793106e-11,
)  # fmt: skip
I1_LARGE = (
    0.38939845902587233, -0.009749577193235768, -0.00021923576383382282, -1.5038547197358572e-05,
    -1.8349101357991557e-06, -3.4838567401229716e-07, -1.0001282610189342e-07, -4.312778920167609e-08,
    -2.337446787242448e-08, -8.43880090582137e-09, 6.737493433374833e-09, 1.408852075202545e-08,
    5.963645798166707e-09, -7.816968266767898e-09, -7.863004697555056e-09, 3.803814960536081e-09,
    6.202984113000443e-09, -1.992076551203188e-09, -3.75344338735913e-09, 1.0715528639398075e-09,
    1.657764699456319e-09, -4.798751536934023e-10, -4.6561597954216946e-10, 1.417650842869536e-10,
    6.135932778393812e-11, -1.9677083272584384e-11,
)  # fmt: skip


class Bessel(Special):
    """i0, i0e, i1, i1e, erfcx, ndtri, zeta."""

    def i0(self, x: Array, out: Array | None = None) -> Array:
        """The modified Bessel function of order zero."""
        return self._special(lambda x: self._grown(self._i0e64(x), x), x, out, float64)

    def i0e(self, x: Array, out: Array | None = None) -> Array:
        """``exp(-|x|) * i0(x)``."""
        return self._special(self._i0e64, x, out, float64)

    def i1(self, x: Array, out: Array | None = None) -> Array:
        """The modified Bessel function of order one."""
        return self._special(lambda x: self._grown(self._i1e64(x), x), x, out, float64)

    def i1e(self, x: Array, out: Array | None = None) -> Array:
        """``exp(-|x|) * i1(x)``."""
        return self._special(self._i1e64, x, out, float64)

    def _i0e64(self, x: Array) -> Array:
        xp = self.xp
        size = xp.abs(x)
        far = xp.maximum(size, 8.0)
        near = polynomial(xp.minimum(size, 8.0) * 0.25 - 1.0, I0_SMALL)
        return xp.where(size <= 8.0, near, polynomial(16.0 / far - 1.0, I0_LARGE) / xp.sqrt(far))

    def _i1e64(self, x: Array) -> Array:
        xp = self.xp
        size = xp.abs(x)
        far = xp.maximum(size, 8.0)
        near = size * polynomial(xp.minimum(size, 8.0) * 0.25 - 1.0, I1_SMALL)
        return xp.copysign(
            xp.where(size <= 8.0, near, polynomial(16.0 / far - 1.0, I1_LARGE) / xp.sqrt(far)), x
        )

    def _grown(self, scaled: Array, x: Array) -> Array:
        """``scaled * exp(|x|)``, infinite at infinity."""
        xp = self.xp
        half = xp.exp(0.5 * xp.abs(x))  # in two steps: exp overflows before the product does
        return xp.where(xp.isinf(x), xp.copysign(math.inf, scaled), scaled * half * half)

    def erfcx(self, x: Array, out: Array | None = None) -> Array:
        """``exp(x * x) * erfc(x)`` without overflow."""
        return self._special(self._erfcx64, x, out, float64)

    def _erfcx64(self, x: Array) -> Array:
        xp = self.xp
        inside = xp.clip(x, -27.0, 1.0)
        total = xp.clip(x, 1.0, 28.0) + 3.75
        middle = polynomial((total - 7.5) / total, ERFC_LARGE) / total
        # DLMF 7.12.1
        far = xp.maximum(x, 28.0)
        square = 1.0 / (far * far)
        large = (1.0 - 0.5 * square * (1.0 - 1.5 * square * (1.0 - 2.5 * square))) / (
            far * math.sqrt(math.pi)
        )
        small = xp.exp(inside * inside) * self._erfc64(inside)
        result = xp.where(x < 1.0, small, xp.where(x <= 28.0, middle, large))
        return xp.where(xp.isnan(x), x, xp.where(x < -27.0, math.inf, result))

    def ndtri(self, x: Array, out: Array | None = None) -> Array:
        """The ``y`` below which a normally distributed number lies with probability ``x``: Wichura's AS 241."""
        return self._special(self._ndtri64, x, out, float64)

    def _ndtri64(self, x: Array) -> Array:
        xp = self.xp
        offset = x - 0.5
        size = xp.minimum(xp.abs(offset), 0.425)
        centre = xp.copysign(size, offset) * _ratio(0.180625 - size * size, QUANTILE_CENTRE)
        smaller = xp.minimum(x, 1.0 - x)
        root = xp.sqrt(-xp.log(xp.clip(smaller, 5e-324, 0.5)))
        middle = _ratio(xp.minimum(root, 5.0) - 1.6, QUANTILE_MIDDLE)
        tail = xp.where(root <= 5.0, middle, _ratio(xp.maximum(root, 5.0) - 5.0, QUANTILE_TAIL))
        tail = xp.copysign(xp.where(smaller == 0.0, math.inf, tail), offset)
        inside = xp.where(xp.abs(offset) <= 0.425, centre, tail)
        return xp.where(smaller >= 0.0, inside, math.nan)

    def zeta(self, x: Array, q: Array) -> Array:
        """``sum over k >= 0 of 1 / (k + q) ** x`` for x > 1, by the Euler-Maclaurin formula after ten terms."""
        xp = self.xp
        wide, start = x.astype(float64), q.astype(float64)
        exponent = xp.where(wide > 1.0, wide, 2.0)
        total = xp.zeros_like(exponent * start)
        for k in range(10):
            total = total + (start + k) ** -exponent
        y = start + 10.0
        total = total + y ** (1.0 - exponent) / (exponent - 1.0) + 0.5 * y**-exponent
        factor = exponent
        for k, bernoulli in enumerate(BERNOULLI, 1):
            total = total + bernoulli / math.factorial(2 * k) * factor * y ** -(exponent + 2.0 * k - 1.0)
            factor = factor * (exponent + 2.0 * k - 1.0) * (exponent + 2.0 * k)
        whole = xp.floor(start) == start
        total = xp.where((start <= 0.0) & whole, math.inf, total)
        total = xp.where((start < 0.0) & ~whole & (xp.floor(exponent) != exponent), math.nan, total)
        result = xp.where(wide > 1.0, total, xp.where(wide == 1.0, math.inf, math.nan))
        return result.astype(x.dtype)
