"""The polynomials of the special functions against their definitions, by mpmath (PyTorch brings it along)."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_gpu.device.activations import ATANH_PHI
from autograd_gpu.device.portable import special

pytest.importorskip("mpmath", reason="mpmath computes the coefficients anew")


def test_interpolants() -> None:
    from tests.device.special_coefficients import (
        erf_small,
        erfc_large,
        interpolation,
        lgamma_near_2,
        variable,
    )

    np.testing.assert_array_equal(special.ERF_SMALL, interpolation(erf_small, 0, 1, 12))
    np.testing.assert_array_equal(
        special.ERFC_LARGE, interpolation(erfc_large, variable(1), variable(28), 20)
    )
    np.testing.assert_array_equal(special.LGAMMA_NEAR_2, interpolation(lgamma_near_2, -0.5, 0.5, 18))


def test_fit() -> None:
    from tests.device.special_coefficients import atanh_erf, atanh_phi

    # How far the repeated fit gets depends on the last digits of the linear algebra.
    np.testing.assert_allclose(special.ATANH_ERF[:2], atanh_erf()[:2], rtol=1e-7)
    np.testing.assert_allclose(special.ATANH_ERF, atanh_erf(), rtol=1e-3)
    np.testing.assert_allclose(ATANH_PHI, atanh_phi(), rtol=1e-2)
