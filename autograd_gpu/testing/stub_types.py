"""The types that `stubs.py` cannot read off a function: what may be passed under a parameter's name, and what
functions return whose result depends on how they are called.

An annotation in the implementation wins over `PARAMETERS` unless it is Any. The names below are those that
stubs have: `_int`, `_bool`, ... are Python's own types (`ag.int` is a dtype, `Tensor.int` a method).
"""

from __future__ import annotations

#: abbreviations, defined in core/tensor_methods.pyi
ALIASES = {
    "Number": "_bool | _int | _float | _complex | np.number[Any] | np.bool_",
    "Operand": "Tensor | Number",
    "DTypeLike": "DType | str | type | np.dtype[Any]",
    "DeviceLike": "Device | str | _int",
    "Dims": "_int | Sequence[_int]",
    "Sizes": "SupportsIndex | Sequence[SupportsIndex]",
}

#: parameter (stars included), or function.parameter for one function only -> its type, if the function has
#: none
PARAMETERS = {
    "input": "Operand",
    "other": "Operand",
    "end": "Operand",
    "exponent": "Operand",
    "max": "Operand",
    "min": "Operand",
    "start": "Operand",
    "step": "Operand",
    "tensor": "Operand",
    "tensor1": "Operand",
    "tensor2": "Operand",
    "value": "Operand",
    "values": "Operand",
    "weight": "Operand",
    "*bounds": "Operand",
    "alpha": "Number",
    "beta": "Number",
    "correction": "Number",
    "fill_value": "Number",
    "s": "Number",
    "dim": "Dims",
    "dims": "Dims",
    "destination": "Dims",
    "shifts": "Dims",
    "source": "Dims",
    "indices_or_sections": "Tensor | Dims",
    "split_size_or_sections": "Dims",
    "split_sizes": "Sequence[_int]",
    "stride": "Sequence[_int]",
    "*dims": "Sizes",
    "*repeats": "Sizes",
    "*size": "Sizes",
    "*sizes": "Sizes",
    "*shapes": "Sizes",
    "**named": "Sizes",
    "size": "Sizes",
    "sizes": "Sizes",
    "shape": "Sizes",
    "high": "_int",
    "low": "_int",
    "m": "_int",
    "n": "_int",
    "steps": "_int",
    "to": "_int",
    "device": "DeviceLike",
    "dtype": "DTypeLike",
    "tensors": "Sequence[Tensor]",
    "*matrices": "Tensor | Sequence[Tensor]",
    "*tensors": "Tensor | Sequence[Tensor]",
    "equation": "str | Tensor",
    "index": "Tensor",
    "indices": "Sequence[Tensor | None]",
    "mean": "Tensor | _float",
    "output_size": "_int | Sequence[_int | None]",
    "p": "Tensor | _float",
    "pad": "Sequence[_int]",
    "var": "Tensor | _float",
    "repeats": "Tensor | _int",
    "src": "Operand",
    "std": "Tensor | _float",
    "inputs": "Tensor | Sequence[Tensor]",
    "ord": "_float | str",
    "norm.p": "_float | str",
    "view.*size": "Sizes | DTypeLike",
    "atleast_1d.*tensors": "Operand | Sequence[Operand]",
    "atleast_2d.*tensors": "Operand | Sequence[Operand]",
    "atleast_3d.*tensors": "Operand | Sequence[Operand]",
    **{
        f"{function}.dim": "_int"
        for function in (
            "aminmax argmax argmin cummax cummin cumprod cumsum kthvalue logcumsumexp scatter scatter_add "
            "unique"
        ).split()
    },
}

#: functions that always return this, where the implementation says Any; the others return a tensor
RETURNS = {
    "__new__": "Self",
    "__dlpack__": "Any",
    "tolist": "Any",
    "item": "Any",  # whoever calls it knows which kind of number it is
    "is_tensor": "TypeGuard[Tensor]",
    "aminmax": "return_types.aminmax",
    "cummax": "return_types.cummax",
    "cummin": "return_types.cummin",
    "kthvalue": "return_types.kthvalue",
    "sort": "return_types.sort",
    "topk": "return_types.topk",
}

_ALONG = [
    "(input: Tensor, dim: _int, keepdim: _bool = False) -> return_types.{name}",
    "(input: Tensor, *, axis: _int, keepdim: _bool = False) -> return_types.{name}",
    "(input: Tensor, *, axis: _int, keepdims: _bool) -> return_types.{name}",
    "(input: Tensor, dim: _int, *, keepdims: _bool) -> return_types.{name}",
]
_LARGEST = ["(input: Tensor) -> Tensor", "(input: Tensor, other: Tensor) -> Tensor", *_ALONG]
_MIDDLE = ["(input: Tensor) -> Tensor", *_ALONG]
_TENSORS = [
    "(tensors: Operand, /) -> Tensor",
    "(tensors: Sequence[Operand], /) -> tuple[Tensor, ...]",
    "(first: Operand, second: Operand, /, *others: Operand) -> tuple[Tensor, ...]",
]
_POOL = (
    "(input: Tensor, kernel_size: Dims, stride: Dims | None = None, padding: Dims = 0, dilation: Dims = 1, "
    "ceil_mode: _bool = False, "
)
_ADAPTIVE = "(input: Tensor, output_size: _int | Sequence[_int | None], "
_UNIQUE = "(input: Tensor, sorted: _bool = True, "
_RANDINT = (
    "*, generator: Generator | None = None, dtype: DTypeLike | None = None, "
    "device: DeviceLike | None = None, requires_grad: _bool = False, pin_memory: _bool = False) -> Tensor"
)

#: functions and methods with several forms, as `typing.overload` says them; a method's first parameter is
#: `self`
OVERLOADS = {
    "atleast_1d": _TENSORS,
    "atleast_2d": _TENSORS,
    "atleast_3d": _TENSORS,
    "max": _LARGEST,
    "min": _LARGEST,
    "median": _MIDDLE,
    "nanmedian": _MIDDLE,
    "nonzero": [
        "(input: Tensor, *, as_tuple: Literal[False] = False) -> Tensor",
        "(input: Tensor, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]",
        "(input: Tensor, *, as_tuple: _bool) -> Any",
    ],
    "randint": [
        f"(high: _int, size: Sequence[_int], {_RANDINT}",
        f"(low: _int, high: _int, size: Sequence[_int], {_RANDINT}",
    ],
    "size": [
        "(input: Tensor, dim: None = None) -> Size",
        "(input: Tensor, dim: _int) -> _int",
    ],
    "stride": [
        "(input: Tensor, dim: None = None) -> tuple[_int, ...]",
        "(input: Tensor, dim: _int) -> _int",
    ],
    "Tensor.to": [
        "(input: Tensor, dtype: DTypeLike, non_blocking: _bool = False, copy: _bool = False) -> Tensor",
        "(input: Tensor, device: DeviceLike | None = None, dtype: DTypeLike | None = None, "
        "non_blocking: _bool = False, copy: _bool = False) -> Tensor",
        "(input: Tensor, other: Tensor, non_blocking: _bool = False, copy: _bool = False) -> Tensor",
    ],
    "unique": [
        _UNIQUE + "return_inverse: Literal[False] = False, return_counts: Literal[False] = False, "
        "dim: _int | None = None) -> Tensor",
        _UNIQUE + "return_inverse: _bool = False, return_counts: _bool = False, "
        "dim: _int | None = None) -> Any",
    ],
    "where": [
        "(condition: Tensor) -> tuple[Tensor, ...]",
        "(condition: Tensor, input: Operand, other: Operand) -> Tensor",
    ],
    "Tensor.where": ["(input: Tensor, condition: Tensor, other: Operand) -> Tensor"],
    **{
        f"max_pool{n}d": [
            _POOL + "return_indices: Literal[False] = False) -> Tensor",
            _POOL + "*, return_indices: Literal[True]) -> tuple[Tensor, Tensor]",
            _POOL + "return_indices: _bool = False) -> Any",
        ]
        for n in (1, 2, 3)
    },
    **{
        f"adaptive_max_pool{n}d": [
            _ADAPTIVE + "return_indices: Literal[False] = False) -> Tensor",
            _ADAPTIVE + "return_indices: Literal[True]) -> tuple[Tensor, Tensor]",
            _ADAPTIVE + "return_indices: _bool) -> Any",
        ]
        for n in (1, 2, 3)
    },
}

#: the left operand of an operator where Python asks the right one: never a tensor
REFLECTED = "_bool | _int | _float | _complex"
