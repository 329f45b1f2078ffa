"""Layer 5: which numbers are close, the question behind `gradcheck` and `ag.testing.assert_close`."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_close(
    actual: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], rtol: float, atol: float, equal_nan: bool
) -> np.ndarray[Any, Any]:
    """Which elements of two NumPy arrays of one dtype are close (a bool array). Differences are taken in
    double precision."""
    equal = np.asarray(actual == expected)
    if equal.all():
        return equal
    if actual.dtype.kind in "bui":
        # Differences of int64 do not fit in int64, nor int64 in float64: Python's integers have room for
        # both.
        a, e = actual.astype(object), expected.astype(object)
        return np.asarray(equal | np.asarray(abs(a - e) <= atol + rtol * abs(e), bool))
    wide = np.complex128 if actual.dtype.kind == "c" else np.float64
    a, e = actual.astype(wide), expected.astype(wide)
    with np.errstate(all="ignore"):
        difference = np.abs(a - e)
        matches = equal | (np.isfinite(difference) & (difference <= atol + rtol * np.abs(e)))
    # Where `expected` is infinite so is the tolerance, but only equal infinities are close.
    matches &= equal | np.isfinite(e)
    if equal_nan:
        matches |= np.isnan(a) & np.isnan(e)
    return np.asarray(matches)
