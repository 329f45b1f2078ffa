"""What ops ask of their operands before they compute: dtypes they accept, promotion outside an op, halves
through float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.call import REGISTRY, constant, operand
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import Op
from autograd_gpu.device import type_for
from autograd_gpu.dtypes import BOOL, COMPLEX, FLOAT, INTEGER, DType, float32, result_type

#: categories of dtypes, for `accepts` and `require`
INTEGRAL = (BOOL, INTEGER)
FLOATING = (FLOAT, COMPLEX)
REAL = (BOOL, INTEGER, FLOAT)


def accepts(
    record: Op, *categories: int, message: str | None = None, error: type[Exception] = NotImplementedError
) -> None:
    """Raise PyTorch's error where an operand of `record` is of none of these categories of dtypes."""

    def check(inputs: Sequence[Any]) -> None:
        require(record.name, inputs, categories, message, error)

    def explain(inputs: Sequence[Any], params: dict[str, Any]) -> None:
        found = refused(inputs, categories)
        if found is not None:
            raise error(message or not_implemented(record.name, found))

    record.check = check
    record.explain_error = explain  # plain floating tensors are computed with before anything is checked


def require(
    name: str,
    values: Sequence[Any],
    categories: Sequence[int],
    message: str | None = None,
    error: type[Exception] = NotImplementedError,
) -> None:
    """Raise PyTorch's error where a tensor among `values` is of none of these categories of dtypes."""
    found = refused(values, categories)
    if found is not None:
        supported = " or ".join(
            ("bool", "integer", "floating", "complex")[category] for category in categories
        )
        raise error(
            f"{message or not_implemented(name, found)}\n  in {name}({found._type.dtype.name}"
            f"{list(found._array.shape)}), which takes {supported} tensors{errors.here()}"
        )


def refused(values: Sequence[Any], categories: Sequence[int]) -> Tensor | None:
    """The first tensor among `values` of none of these categories of dtypes."""
    for value in values:
        if isinstance(value, Tensor) and value._type.dtype.category not in categories:
            return value
    return None


def not_implemented(name: str, found: Tensor) -> str:
    """PyTorch's sentence for a kernel that it does not have."""
    return f"\"{name}_{found._type.device.type}\" not implemented for '{found._type.dtype.scalar_name}'"


def is_complex(dtype: Any) -> bool:
    """Whether a `DType`, or the `numpy.dtype` that a rule sees of a raw array, is complex."""
    found: bool = dtype.is_complex if isinstance(dtype, DType) else dtype.kind == "c"
    return found


def number(value: Any) -> Any:
    """A NumPy scalar as a Python number; anything else as it is."""
    return value.item() if hasattr(value, "item") and not isinstance(value, Tensor) else value


def common_dtype(*values: Any) -> DType:
    """The dtype that tensors and numbers are promoted to."""
    return result_type(*(operand(value) for value in values))


def promoted(*values: Any, dtype: DType | None = None) -> list[Tensor]:
    """Tensors and numbers (at least one tensor) as tensors of their common dtype, or of `dtype`."""
    if dtype is None:
        dtype = common_dtype(*values)
    device = next(value._type.device for value in values if isinstance(value, Tensor))
    return [as_operand(value, dtype, device) for value in values]


def as_operand(value: Any, dtype: DType, device: Any) -> Tensor:
    """A tensor or number as a tensor of `dtype`; numbers come to be on `device`."""
    if not isinstance(value, Tensor):
        return constant(type_for(dtype, device), value)
    if value._type.dtype is dtype:
        return value
    cast: Tensor = REGISTRY["cast"].apply(value, dtype=dtype.numpy)
    return cast


def through_float32(body: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for bodies of several steps: float16 and bfloat16 are computed in float32 and rounded once,
    at the end.

    So does PyTorch; and NumPy would turn bfloat16 into float32 on its own at the first Python number.
    """

    @wraps(body)
    def wide(F: Any, *arrays: Any, **params: Any) -> Any:
        dtype = arrays[0].dtype
        if dtype.itemsize != 2 or dtype.kind not in "fV":
            return body(F, *arrays, **params)
        return F.cast(body(F, *(F.cast(array, float32.numpy) for array in arrays), **params), dtype)

    return wide
