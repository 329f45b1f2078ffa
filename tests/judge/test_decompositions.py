"""PyTorch's word on linear algebra, transforms and statistics: the same call through both libraries, values, shapes and
dtypes, and gradients of what does not depend on signs and phases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402

#: name -> (function of a library and tensors, shapes of the tensors)
CALLS: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "inv": (lambda L, x: L.linalg.inv(x), ((2, 3, 3),)),
    "solve": (lambda L, a, b: L.linalg.solve(a, b), ((2, 3, 3), (3, 2))),
    "solve vector": (lambda L, a, b: L.linalg.solve(a, b), ((3, 3), (3,))),
    "solve right": (lambda L, a, b: L.linalg.solve(a, b, left=False), ((3, 3), (2, 3))),
    "solve_triangular": (lambda L, a, b: L.linalg.solve_triangular(a, b, upper=True), ((3, 3), (3, 2))),
    "unitriangular": (
        lambda L, a, b: L.linalg.solve_triangular(a, b, upper=False, unitriangular=True),
        ((3, 3), (3, 2)),
    ),
    "det": (lambda L, x: L.linalg.det(x), ((2, 3, 3),)),
    "slogdet": (lambda L, x: L.linalg.slogdet(x).logabsdet, ((2, 3, 3),)),
    "cholesky": (
        lambda L, x: L.linalg.cholesky(x @ x.mH + 3 * L.eye(3, dtype=x.dtype)),
        ((2, 3, 3),),
    ),
    "qr": (lambda L, x: L.linalg.qr(x).R.abs(), ((4, 3),)),
    "qr wide": (lambda L, x: L.linalg.qr(x).R.abs(), ((2, 4),)),
    "eigh": (lambda L, x: L.linalg.eigh(x + x.mH).eigenvalues, ((3, 3),)),
    "eigh vectors": (lambda L, x: L.linalg.eigh(x + x.mH).eigenvectors.abs(), ((3, 3),)),
    "eigvals": (lambda L, x: L.linalg.eigvals(x).abs().sort().values, ((3, 3),)),
    "svd": (lambda L, x: L.linalg.svd(x, full_matrices=False).U.abs(), ((4, 3),)),
    "svdvals": (lambda L, x: L.linalg.svdvals(x), ((2, 3, 4),)),
    "lu": (lambda L, x: L.linalg.lu(x).U, ((3, 4),)),
    "lu_factor": (lambda L, x: L.linalg.lu_factor(x).LU, ((4, 3),)),
    "lu_solve": (lambda L, a, b: L.linalg.lu_solve(*L.linalg.lu_factor(a), b), ((3, 3), (3, 2))),
    "pinv": (lambda L, x: L.linalg.pinv(x), ((4, 3),)),
    "lstsq": (lambda L, a, b: L.linalg.lstsq(a, b).solution, ((4, 3), (4, 2))),
    "matrix_exp": (lambda L, x: L.linalg.matrix_exp(x), ((2, 3, 3),)),
    "matrix_power": (lambda L, x: L.linalg.matrix_power(x, -2), ((3, 3),)),
    "norm nuc": (lambda L, x: L.linalg.norm(x, "nuc"), ((3, 4),)),
    "norm 2": (lambda L, x: L.linalg.norm(x, 2), ((3, 4),)),
    "cond": (lambda L, x: L.linalg.cond(x), ((3, 3),)),
    "tensorsolve": (lambda L, a, b: L.linalg.tensorsolve(a, b), ((2, 3, 6), (2, 3))),
    "vander": (lambda L, x: L.linalg.vander(x, N=4), ((2, 3),)),
    "householder": (lambda L, a, t: L.linalg.householder_product(a, t), ((3, 2), (2,))),
    "cov": (lambda L, x: L.cov(x), ((3, 5),)),
    "fft": (lambda L, x: L.fft.fft(x, n=5, norm="ortho"), ((2, 4),)),
    "ifft": (lambda L, x: L.fft.ifft(x, n=3), ((2, 4),)),
    "irfft": (lambda L, x: L.fft.irfft(x, n=7), ((2, 4),)),
    "hfft": (lambda L, x: L.fft.hfft(x, norm="forward"), ((2, 4),)),
    "fftn": (lambda L, x: L.fft.fftn(x, s=(3, -1), dim=(0, 2)), ((2, 4, 3),)),
    "irfft2": (lambda L, x: L.fft.irfft2(x), ((2, 4, 3),)),
    "hfftn": (lambda L, x: L.fft.hfftn(x), ((2, 3),)),
    "diff": (lambda L, x: L.diff(x, n=2, dim=0), ((4, 3),)),
    "trapezoid": (lambda L, y: L.trapezoid(y, dx=0.5), ((2, 4),)),
}
#: the same, of real tensors only
REAL: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "rfft": (lambda L, x: L.fft.rfft(x), ((2, 5),)),
    "ihfft": (lambda L, x: L.fft.ihfft(x), ((2, 5),)),
    "rfft2": (lambda L, x: L.fft.rfft2(x, norm="forward"), ((2, 4, 3),)),
    "quantile": (lambda L, x: L.quantile(x, 0.3, dim=1, keepdim=True), ((3, 5),)),
    "nearest": (lambda L, x: L.quantile(x, 0.6, interpolation="nearest"), ((7,),)),
    "corrcoef": (lambda L, x: L.corrcoef(x)[0, 1], ((3, 5),)),
    "gradient": (lambda L, x: L.gradient(x, spacing=0.5, edge_order=2)[1], ((3, 5),)),
    "cdist": (lambda L, a, b: L.cdist(a, b, p=3.0), ((4, 2), (3, 2))),
    "cdist many": (lambda L, a, b: L.cdist(a, b), ((30, 2), (3, 2))),
    "pdist": (lambda L, x: L.pdist(x), ((5, 2),)),
    "i0": (lambda L, x: L.special.i0(x), ((5,),)),
    "i1": (lambda L, x: L.special.i1(x), ((5,),)),
    "i0e": (lambda L, x: L.special.i0e(x), ((5,),)),
    "i1e": (lambda L, x: L.special.i1e(x), ((5,),)),
    "erfcx": (lambda L, x: L.special.erfcx(x), ((5,),)),
    "log_ndtr": (lambda L, x: L.special.log_ndtr(x * 4), ((9,),)),
    "ndtri": (lambda L, x: L.special.ndtri(x.sigmoid()), ((9,),)),
    "mode": (lambda L, x: L.mode(x, 0).values, ((3, 4),)),
}
ROWS = [(name, *row, kind) for name, row in CALLS.items() for kind in ("f", "c")] + [
    (name, *row, "f") for name, row in REAL.items()
]


@pytest.mark.parametrize(("name", "call", "shapes", "kind"), ROWS, ids=[f"{row[0]}-{row[3]}" for row in ROWS])
def test_values_and_gradients(name: str, call: Any, shapes: Any, kind: str) -> None:
    generator = np.random.default_rng(len(name))
    arrays = [generator.uniform(-1, 1, shape) for shape in shapes]
    if kind == "c":
        arrays = [array + 1j * generator.uniform(-1, 1, array.shape) for array in arrays]
    for array in arrays:
        if array.ndim > 1 and array.shape[-1] == array.shape[-2]:
            array += np.diag(np.arange(1, len(array[..., 0, :].T) + 1) * 3)
    results = []
    for library in (torch, ag):
        tensors = [library.tensor(array, requires_grad=True) for array in arrays]
        result = call(library, *tensors)
        weights = library.tensor(np.cos(np.arange(np.prod(result.shape)).reshape(tuple(result.shape))))
        loss = (result * weights).sum()
        loss = loss.real + loss.imag if library.is_complex(loss) else loss
        gradients = library.autograd.grad(loss, tensors)
        results.append([np.asarray(each.detach().resolve_conj().numpy()) for each in (result, *gradients)])
    for expected, found in zip(*results, strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)
