"""The named tuples that functions with several results return, as in `torch.return_types`.

>>> result = ag.max(ag.tensor([[1.0, 3.0], [4.0, 2.0]]), dim=1)
>>> result
ag.return_types.max(
values=tensor([3., 4.]),
indices=tensor([1, 0]))
>>> values, indices = result
>>> result.values is values
True
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def _return_type(name: str, *fields: str) -> Any:
    base = namedtuple(name, fields)  # type: ignore[misc]

    def __repr__(self: Any) -> str:
        entries = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self, strict=True))
        return f"ag.return_types.{name}(\n{entries})"

    return type(name, (base,), {"__repr__": __repr__, "__slots__": (), "__module__": __name__})


max = _return_type("max", "values", "indices")
min = _return_type("min", "values", "indices")
aminmax = _return_type("aminmax", "min", "max")
cummax = _return_type("cummax", "values", "indices")
cummin = _return_type("cummin", "values", "indices")
kthvalue = _return_type("kthvalue", "values", "indices")
median = _return_type("median", "values", "indices")
nanmedian = _return_type("nanmedian", "values", "indices")
sort = _return_type("sort", "values", "indices")
topk = _return_type("topk", "values", "indices")

frexp = _return_type("frexp", "mantissa", "exponent")
histogram = _return_type("histogram", "hist", "bin_edges")
mode = _return_type("mode", "values", "indices")
slogdet = _return_type("slogdet", "sign", "logabsdet")
svd = _return_type("svd", "U", "S", "V")
qr = _return_type("qr", "Q", "R")
triangular_solve = _return_type("triangular_solve", "solution", "cloned_coefficient")
lu_unpack = _return_type("lu_unpack", "P", "L", "U")
linalg_slogdet = _return_type("linalg_slogdet", "sign", "logabsdet")
linalg_qr = _return_type("linalg_qr", "Q", "R")
linalg_eigh = _return_type("linalg_eigh", "eigenvalues", "eigenvectors")
linalg_eig = _return_type("linalg_eig", "eigenvalues", "eigenvectors")
linalg_svd = _return_type("linalg_svd", "U", "S", "Vh")
linalg_lu = _return_type("linalg_lu", "P", "L", "U")
linalg_lu_factor = _return_type("linalg_lu_factor", "LU", "pivots")
linalg_lu_factor_ex = _return_type("linalg_lu_factor_ex", "LU", "pivots", "info")
linalg_inv_ex = _return_type("linalg_inv_ex", "inverse", "info")
linalg_cholesky_ex = _return_type("linalg_cholesky_ex", "L", "info")
linalg_solve_ex = _return_type("linalg_solve_ex", "result", "info")
linalg_lstsq = _return_type("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
