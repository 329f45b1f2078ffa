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
