"""What a `Tensor` can do, for type checkers and editors.

Written by `python -m autograd_gpu.testing.stubs`; do not edit.
"""

from builtins import bool as _bool
from builtins import complex as _complex
from builtins import float as _float
from builtins import int as _int
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Self, SupportsIndex, TypeAlias, overload

import numpy as np

from autograd_gpu.core.graph import Node, Tensor
from autograd_gpu.core.hooks import RemovableHandle
from autograd_gpu.device import Device
from autograd_gpu.dtypes import DType
from autograd_gpu.ops import return_types
from autograd_gpu.ops.generators import Generator
from autograd_gpu.storage import UntypedStorage, layout
from autograd_gpu.tensor import Size

Number: TypeAlias = _bool | _int | _float | _complex | np.number[Any] | np.bool_
Operand: TypeAlias = Tensor | Number
DTypeLike: TypeAlias = DType | str | type | np.dtype[Any]
DeviceLike: TypeAlias = Device | str | _int
Dims: TypeAlias = _int | Sequence[_int]
Sizes: TypeAlias = SupportsIndex | Sequence[SupportsIndex]

class TensorMethods:
    @property
    def H(self) -> Tensor:
        """The conjugate transpose of a matrix."""

    @property
    def T(self) -> Tensor:
        """All dimensions in reversed order."""

    def __abs__(self) -> Tensor:
        """The absolute value; for complex numbers their (real) distance from zero."""

    def __add__(self, other: Operand) -> Tensor:
        """`input + other`."""

    def __and__(self, other: Operand) -> Tensor:
        """The bits set in both; `and` for bools."""

    def __array__(
        self, dtype: DTypeLike | None = None, copy: _bool | None = None
    ) -> np.ndarray[Any, Any]: ...
    def __bool__(self) -> _bool: ...
    def __complex__(self) -> _complex: ...
    def __contains__(self, element: Any) -> _bool: ...
    def __deepcopy__(self, memo: dict[_int, Any]) -> Tensor: ...
    def __dlpack__(self, **options: Any) -> Any:
        """A DLPack capsule on the tensor's memory, for other libraries' ``from_dlpack``."""

    def __dlpack_device__(self) -> tuple[_int, _int]:
        """The device as DLPack knows it: (1, 0) for the CPU, (2, index) for a GPU."""

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        """Where `input == other`."""

    def __float__(self) -> _float: ...
    def __floordiv__(self, other: Operand) -> Tensor: ...
    def __format__(self, spec: str) -> str: ...
    def __ge__(self, other: Operand) -> Tensor:
        """Where `input >= other`."""

    def __getitem__(self, key: Any) -> Tensor:
        """``input[key]``: a view for ints, slices, None and Ellipsis; a copy for integer and bool tensors,
        lists and arrays.
        """

    def __gt__(self, other: Operand) -> Tensor:
        """Where `input > other`."""

    def __hash__(self) -> _int: ...
    def __iadd__(self, other: Operand) -> Tensor:
        """In-place `add`."""

    def __iand__(self, other: Operand) -> Tensor:
        """In-place `bitwise_and`: The bits set in both; `and` for bools."""

    def __ifloordiv__(self, other: Operand) -> Tensor:
        """In-place `floor_divide`: `floor(input / other)`, element by element; integers stay integers."""

    def __ilshift__(self, other: Operand) -> Tensor:
        """In-place `bitwise_left_shift`: The bits moved up by `other` places."""

    def __imod__(self, other: Operand) -> Tensor:
        """In-place `remainder`: Python's ``input % other``, element by element: the result has the sign of
        `other`.
        """

    def __imul__(self, other: Operand) -> Tensor:
        """In-place `multiply`: `input * other`, element by element; `and` for bools."""

    def __index__(self) -> _int: ...
    def __int__(self) -> _int: ...
    def __invert__(self) -> Tensor:
        """Every bit inverted; `not` for bools."""

    def __ior__(self, other: Operand) -> Tensor:
        """In-place `bitwise_or`: The bits set in one or both; `or` for bools."""

    def __ipow__(self, other: Operand) -> Tensor:
        """In-place `pow`."""

    def __irshift__(self, other: Operand) -> Tensor:
        """In-place `bitwise_right_shift`: The bits moved down by `other` places, the sign kept."""

    def __isub__(self, other: Operand) -> Tensor:
        """In-place `sub`."""

    def __iter__(self) -> Iterator[Tensor]: ...
    def __itruediv__(self, other: Operand) -> Tensor:
        """In-place `div`."""

    def __ixor__(self, other: Operand) -> Tensor:
        """In-place `bitwise_xor`: The bits set in one of them; exclusive `or` for bools."""

    def __le__(self, other: Operand) -> Tensor:
        """Where `input <= other`."""

    def __len__(self) -> _int: ...
    def __lshift__(self, other: Operand) -> Tensor:
        """The bits moved up by `other` places."""

    def __lt__(self, other: Operand) -> Tensor:
        """Where `input < other`."""

    def __matmul__(self, other: Tensor) -> Tensor: ...
    def __mod__(self, other: Operand) -> Tensor: ...
    def __mul__(self, other: Operand) -> Tensor:
        """`input * other`, element by element; `and` for bools."""

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        """Where `input != other`; also where one of them is NaN."""

    def __neg__(self) -> Tensor:
        """`-input`, element by element; unsigned integers wrap around."""

    def __new__(cls, *arguments: Any, device: DeviceLike | None = None) -> Self:
        """``Tensor(data)`` or ``Tensor(2, 3)``: the default dtype, whatever the data's."""

    def __or__(self, other: Operand) -> Tensor:
        """The bits set in one or both; `or` for bools."""

    def __pos__(self) -> Tensor:
        """The same values as a tensor with a node of its own."""

    def __pow__(self, other: Operand) -> Tensor: ...
    def __radd__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rand__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]: ...
    def __repr__(self) -> str: ...
    def __reversed__(self) -> Tensor:
        """The first dimension flipped, as in PyTorch."""

    def __rfloordiv__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rlshift__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rmatmul__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rmod__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rmul__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __ror__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rpow__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rrshift__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rshift__(self, other: Operand) -> Tensor:
        """The bits moved down by `other` places, the sign kept."""

    def __rsub__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rtruediv__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __rxor__(self, other: _bool | _int | _float | _complex) -> Tensor: ...
    def __setitem__(self, key: Any, value: Operand) -> None:
        """``input[key] = value``, in place and recorded."""

    def __sub__(self, other: Operand) -> Tensor:
        """`input - other`."""

    def __truediv__(self, other: Operand) -> Tensor:
        """`input / other`."""

    def __xor__(self, other: Operand) -> Tensor:
        """The bits set in one of them; exclusive `or` for bools."""

    @property
    def _base(self) -> Tensor | None:
        """The tensor whose memory this one is a view of."""

    @property
    def _is_leaf(self) -> _bool:
        """Whether the tensor was made by the user rather than by a recorded op."""

    def _is_view(self) -> _bool: ...
    @property
    def _version(self) -> _int:
        """How often the memory was changed in place."""

    def abs(self) -> Tensor:
        """The absolute value; for complex numbers their (real) distance from zero."""

    def abs_(self) -> Tensor:
        """In-place `abs`."""

    def absolute(self) -> Tensor:
        """The absolute value; for complex numbers their (real) distance from zero."""

    def absolute_(self) -> Tensor:
        """In-place `abs`."""

    def acos(self) -> Tensor:
        """The inverse cosine, in radians; NaN outside [-1, 1]."""

    def acos_(self) -> Tensor:
        """In-place `arccos`: The inverse cosine, in radians; NaN outside [-1, 1]."""

    def acosh(self) -> Tensor:
        """The inverse hyperbolic cosine; NaN below 1."""

    def acosh_(self) -> Tensor:
        """In-place `arccosh`: The inverse hyperbolic cosine; NaN below 1."""

    def add(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        """`input + alpha * other`, element by element."""

    def add_(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        """In-place `add`."""

    def addbmm(self, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """``beta * input + alpha * sum of the products in the batch``: one product of (n, b k) and (b k,
        m).
        """

    def addbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """In-place `addbmm`: ``beta * input + alpha * sum of the products in the batch``: one product of
        (n, b k) and (b k, m).
        """

    def addcdiv(self, tensor1: Operand, tensor2: Operand, *, value: Operand = 1) -> Tensor:
        """`input + value * tensor1 / tensor2`, element by element."""

    def addcdiv_(self, tensor1: Operand, tensor2: Operand, *, value: Operand = 1) -> Tensor:
        """In-place `addcdiv`: `input + value * tensor1 / tensor2`, element by element."""

    def addcmul(self, tensor1: Operand, tensor2: Operand, *, value: Operand = 1) -> Tensor:
        """`input + value * tensor1 * tensor2`, element by element."""

    def addcmul_(self, tensor1: Operand, tensor2: Operand, *, value: Operand = 1) -> Tensor:
        """In-place `addcmul`: `input + value * tensor1 * tensor2`, element by element."""

    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """``beta * input + alpha * (mat1 @ mat2)``; `input` broadcasts to the product."""

    def addmm_(self, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """In-place `addmm`: ``beta * input + alpha * (mat1 @ mat2)``; `input` broadcasts to the product."""

    def addmv(self, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """``beta * input + alpha * (mat @ vec)`` for a matrix and a vector."""

    def addmv_(self, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """In-place `addmv`: ``beta * input + alpha * (mat @ vec)`` for a matrix and a vector."""

    def addr(self, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """``beta * input + alpha * outer(vec1, vec2)``."""

    def addr_(self, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """In-place `addr`: ``beta * input + alpha * outer(vec1, vec2)``."""

    def adjoint(self) -> Tensor:
        """The last two dimensions swapped, and complex numbers conjugated."""

    def all(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Whether all elements over `dim` are true (not zero)."""

    def allclose(
        self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False
    ) -> _bool:
        """Whether `isclose` is true everywhere: a Python bool."""

    def amax(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The largest value over `dim`; equal ones share the gradient."""

    def amin(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The smallest value over `dim`; equal ones share the gradient."""

    def aminmax(
        self,
        *,
        dim: _int | None = None,
        keepdim: _bool = False,
        axis: _int | None = ...,
        keepdims: _bool = ...,
    ) -> return_types.aminmax:
        """Smallest and largest value along one dimension, or of all elements, as a named tuple ``(min,
        max)``.
        """

    def angle(self) -> Tensor:
        """The angle of each number in the complex plane in radians: for real ones pi where they are
        negative, else 0.
        """

    def any(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Whether any element over `dim` is true (not zero)."""

    def apply_(self, callable: Callable[[Any], Any]) -> Tensor:
        """Replace each element by what a Python function makes of it, in place: slow, and for the CPU
        only.
        """

    def arccos(self) -> Tensor:
        """The inverse cosine, in radians; NaN outside [-1, 1]."""

    def arccos_(self) -> Tensor:
        """In-place `arccos`: The inverse cosine, in radians; NaN outside [-1, 1]."""

    def arccosh(self) -> Tensor:
        """The inverse hyperbolic cosine; NaN below 1."""

    def arccosh_(self) -> Tensor:
        """In-place `arccosh`: The inverse hyperbolic cosine; NaN below 1."""

    def arcsin(self) -> Tensor:
        """The inverse sine, in radians; NaN outside [-1, 1]."""

    def arcsin_(self) -> Tensor:
        """In-place `arcsin`: The inverse sine, in radians; NaN outside [-1, 1]."""

    def arcsinh(self) -> Tensor:
        """The inverse hyperbolic sine."""

    def arcsinh_(self) -> Tensor:
        """In-place `arcsinh`: The inverse hyperbolic sine."""

    def arctan(self) -> Tensor:
        """The inverse tangent, in radians."""

    def arctan2(self, other: Operand) -> Tensor:
        """The angle in radians, in [-pi, pi], of the point with the coordinates y = `input` and x =
        `other`.
        """

    def arctan2_(self, other: Operand) -> Tensor:
        """In-place `arctan2`: The angle in radians, in [-pi, pi], of the point with the coordinates y =
        `input` and x = `other`.
        """

    def arctan_(self) -> Tensor:
        """In-place `arctan`: The inverse tangent, in radians."""

    def arctanh(self) -> Tensor:
        """The inverse hyperbolic tangent; NaN outside [-1, 1]."""

    def arctanh_(self) -> Tensor:
        """In-place `arctanh`: The inverse hyperbolic tangent; NaN outside [-1, 1]."""

    def argmax(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        axis: _int | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Index (int64) of the first largest element along `dim`, or in the flattened tensor without
        `dim`.
        """

    def argmin(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        axis: _int | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Index (int64) of the first smallest element along `dim`, or in the flattened tensor without
        `dim`.
        """

    def argsort(
        self, dim: _int = -1, descending: _bool = False, stable: _bool = False, *, axis: _int = ...
    ) -> Tensor:
        """The indices (int64) that sort `input` along `dim`."""

    def argwhere(self) -> Tensor:
        """The places of the elements that are not zero, one row each: `nonzero`."""

    def as_strided(self, size: Sizes, stride: Sequence[_int], storage_offset: _int | None = None) -> Tensor:
        """A view of the tensor's memory with any `size`, `stride` and `storage_offset` (in elements;
        default: the tensor's own).
        """

    def as_strided_scatter(
        self, src: Tensor, size: Sizes, stride: Sequence[_int], storage_offset: _int | None = None
    ) -> Tensor:
        """A copy of `input` with `src` as the elements that ``input.as_strided(size, stride,
        storage_offset)`` shows.
        """

    def asin(self) -> Tensor:
        """The inverse sine, in radians; NaN outside [-1, 1]."""

    def asin_(self) -> Tensor:
        """In-place `arcsin`: The inverse sine, in radians; NaN outside [-1, 1]."""

    def asinh(self) -> Tensor:
        """The inverse hyperbolic sine."""

    def asinh_(self) -> Tensor:
        """In-place `arcsinh`: The inverse hyperbolic sine."""

    def atan(self) -> Tensor:
        """The inverse tangent, in radians."""

    def atan2(self, other: Operand) -> Tensor:
        """The angle in radians, in [-pi, pi], of the point with the coordinates y = `input` and x =
        `other`.
        """

    def atan2_(self, other: Operand) -> Tensor:
        """In-place `arctan2`: The angle in radians, in [-pi, pi], of the point with the coordinates y =
        `input` and x = `other`.
        """

    def atan_(self) -> Tensor:
        """In-place `arctan`: The inverse tangent, in radians."""

    def atanh(self) -> Tensor:
        """The inverse hyperbolic tangent; NaN outside [-1, 1]."""

    def atanh_(self) -> Tensor:
        """In-place `arctanh`: The inverse hyperbolic tangent; NaN outside [-1, 1]."""

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: _bool | None = None,
        create_graph: _bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add the gradient of this tensor to the ``.grad`` of the leaves it was computed from; see
        `ag.autograd.backward`.
        """

    def baddbmm(self, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """``beta * input + alpha * bmm(batch1, batch2)``."""

    def baddbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """In-place `baddbmm`: ``beta * input + alpha * bmm(batch1, batch2)``."""

    def bernoulli(self, p: _float | None = None, *, generator: Generator | None = None) -> Tensor:
        """1 with the probability that each element of `input` says (or with probability `p`), else 0, in
        the dtype of `input`.
        """

    def bernoulli_(self, p: Tensor | _float = 0.5, *, generator: Generator | None = None) -> Tensor:
        """Fill with 1 with probability `p` (a number, or a tensor that broadcasts to this one), else 0;
        any dtype.
        """

    def bfloat16(self, memory_format: Any = None) -> Tensor:
        """The tensor as bfloat16."""

    def bincount(self, weights: Tensor | None = None, minlength: _int = 0) -> Tensor:
        """How often each number occurs in a vector of non-negative integers, or the sum of its weights."""

    def bitwise_and(self, other: Operand) -> Tensor:
        """The bits set in both; `and` for bools."""

    def bitwise_and_(self, other: Operand) -> Tensor:
        """In-place `bitwise_and`: The bits set in both; `and` for bools."""

    def bitwise_left_shift(self, other: Operand) -> Tensor:
        """The bits moved up by `other` places."""

    def bitwise_left_shift_(self, other: Operand) -> Tensor:
        """In-place `bitwise_left_shift`: The bits moved up by `other` places."""

    def bitwise_not(self) -> Tensor:
        """Every bit inverted; `not` for bools."""

    def bitwise_not_(self) -> Tensor:
        """In-place `bitwise_not`: Every bit inverted; `not` for bools."""

    def bitwise_or(self, other: Operand) -> Tensor:
        """The bits set in one or both; `or` for bools."""

    def bitwise_or_(self, other: Operand) -> Tensor:
        """In-place `bitwise_or`: The bits set in one or both; `or` for bools."""

    def bitwise_right_shift(self, other: Operand) -> Tensor:
        """The bits moved down by `other` places, the sign kept."""

    def bitwise_right_shift_(self, other: Operand) -> Tensor:
        """In-place `bitwise_right_shift`: The bits moved down by `other` places, the sign kept."""

    def bitwise_xor(self, other: Operand) -> Tensor:
        """The bits set in one of them; exclusive `or` for bools."""

    def bitwise_xor_(self, other: Operand) -> Tensor:
        """In-place `bitwise_xor`: The bits set in one of them; exclusive `or` for bools."""

    def bmm(self, mat2: Tensor) -> Tensor:
        """The products of two stacks of matrices, (b, n, k) and (b, k, m); no broadcasting."""

    def bool(self, memory_format: Any = None) -> Tensor:
        """The tensor as bool."""

    def broadcast_to(self, size: Sizes) -> Tensor:
        """`input` expanded to `size` (a tuple); the same as ``input.expand(size)``."""

    def byte(self, memory_format: Any = None) -> Tensor:
        """The tensor as uint8."""

    def cauchy_(
        self, median: _float = 0.0, sigma: _float = 1.0, *, generator: Generator | None = None
    ) -> Tensor:
        """Fill with samples of the Cauchy distribution."""

    def cdouble(self, memory_format: Any = None) -> Tensor:
        """The tensor as complex128."""

    def ceil(self) -> Tensor:
        """The smallest integer not below each element."""

    def ceil_(self) -> Tensor:
        """In-place `ceil`: The smallest integer not below each element."""

    def cfloat(self, memory_format: Any = None) -> Tensor:
        """The tensor as complex64."""

    def char(self, memory_format: Any = None) -> Tensor:
        """The tensor as int8."""

    def cholesky(self, upper: _bool = False) -> Tensor:
        """The triangle `l` of a symmetric (complex: Hermitian) positive-definite matrix with ``l @ l.mH =
        input``.
        """

    def cholesky_inverse(self, upper: _bool = False) -> Tensor:
        """The inverse of the matrix of which `input` is the Cholesky factor."""

    def cholesky_solve(self, L: Tensor, upper: _bool = False) -> Tensor:
        """The solution `X` of ``A @ X = B``, given ``L = linalg.cholesky(A)`` (or ``L.mH``, if `upper`)."""

    def chunk(self, chunks: _int, dim: _int = 0, *, axis: _int = ...) -> tuple[Tensor, ...]:
        """At most `chunks` pieces of equal size along `dim` (the last one may be smaller)."""

    def clamp(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """`min(max(input, min), max)`, element by element."""

    def clamp_(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """In-place `clip`: `min(max(input, min), max)`, element by element."""

    def clamp_max(self, max: Operand) -> Tensor:
        """`clamp` with an upper bound only."""

    def clamp_max_(self, max: Operand) -> Tensor:
        """In-place `clamp_max`: `clamp` with an upper bound only."""

    def clamp_min(self, min: Operand) -> Tensor:
        """`clamp` with a lower bound only."""

    def clamp_min_(self, min: Operand) -> Tensor:
        """In-place `clamp_min`: `clamp` with a lower bound only."""

    def clip(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """`min(max(input, min), max)`, element by element."""

    def clip_(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """In-place `clip`: `min(max(input, min), max)`, element by element."""

    def clone(self, *, memory_format: Any = None) -> Tensor:
        """A copy with memory of its own; gradients flow through it."""

    def combinations(self, r: _int = 2, with_replacement: _bool = False) -> Tensor:
        """All choices of `r` elements of a vector, in order, as rows; each element once, or more often
        `with_replacement`.
        """

    def conj(self) -> Tensor:
        """The complex conjugate; a real tensor itself."""

    def conj_physical(self) -> Tensor:
        """The complex conjugate; a real tensor itself."""

    def contiguous(self, *, memory_format: Any = None) -> Tensor:
        """The tensor itself if its elements lie in memory in row-major order, else a copy that does."""

    def copy_(self, src: Tensor, non_blocking: _bool = False) -> Tensor:
        """Writes the values of `src`, which broadcasts, into this tensor, converting dtype and device."""

    def copysign(self, other: Operand) -> Tensor:
        """The size of `input` with the sign of `other` (also of -0.0)."""

    def copysign_(self, other: Operand) -> Tensor:
        """In-place `copysign`: The size of `input` with the sign of `other` (also of -0.0)."""

    def corrcoef(self) -> Tensor:
        """The correlation coefficients of variables (rows) over observations (columns): between -1 and 1."""

    def cos(self) -> Tensor:
        """The cosine of angles in radians."""

    def cos_(self) -> Tensor:
        """In-place `cos`: The cosine of angles in radians."""

    def cosh(self) -> Tensor:
        """The hyperbolic cosine."""

    def cosh_(self) -> Tensor:
        """In-place `cosh`: The hyperbolic cosine."""

    def count_nonzero(self, dim: Dims | None = None, *, axis: Dims | None = ...) -> Tensor:
        """How many elements over `dim` (int or tuple of ints; None for all) are not zero, as int64."""

    def cov(
        self, *, correction: _int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
    ) -> Tensor:
        """The covariance matrix of variables (rows) over observations (columns)."""

    def cpu(self, memory_format: Any = None) -> Tensor:
        """The tensor in main memory."""

    def cross(self, other: Tensor, dim: _int | None = None) -> Tensor:
        """The cross product along `dim`; without it, along the first dimension of size 3."""

    def cuda(
        self, device: DeviceLike | None = None, non_blocking: _bool = False, memory_format: Any = None
    ) -> Tensor:
        """The tensor on a GPU (default: the current one)."""

    def cummax(self, dim: _int | None = None, *, axis: _int | None = ...) -> return_types.cummax:
        """Running maximum along `dim` and where it was last seen: a named tuple ``(values, indices)``."""

    def cummin(self, dim: _int | None = None, *, axis: _int | None = ...) -> return_types.cummin:
        """Running minimum along `dim` and where it was last seen: a named tuple ``(values, indices)``."""

    def cumprod(
        self, dim: _int | None = None, *, dtype: DTypeLike | None = None, axis: _int | None = ...
    ) -> Tensor:
        """Running product along `dim`; the gradient is right where elements are zero."""

    def cumprod_(self, dim: Dims | None = None, *, dtype: DTypeLike | None = None) -> Tensor:
        """In-place `cumprod`: Running product along `dim`."""

    def cumsum(
        self, dim: _int | None = None, *, dtype: DTypeLike | None = None, axis: _int | None = ...
    ) -> Tensor:
        """Running sum along `dim`."""

    def cumsum_(self, dim: Dims | None = None, *, dtype: DTypeLike | None = None) -> Tensor:
        """In-place `cumsum`: Running sum along `dim`."""

    @property
    def data(self) -> Tensor:
        """The same memory as a leaf without gradient, and without the shared version count of `detach()`."""

    @data.setter
    def data(self, value: Tensor) -> None: ...
    @data.deleter
    def data(self) -> None: ...
    def data_ptr(self) -> _int:
        """The address of the first element."""

    def deg2rad(self) -> Tensor:
        """Angles in degrees as radians."""

    def deg2rad_(self) -> Tensor:
        """In-place `deg2rad`: Angles in degrees as radians."""

    def det(self) -> Tensor:
        """The determinant of a square matrix (..., n, n)."""

    def detach(self) -> Tensor:
        """A tensor on the same memory (and version) that is a leaf without gradient."""

    def detach_(self) -> Tensor:
        """Cut the tensor from its history, in place."""

    @property
    def device(self) -> Device:
        """Where the array lives."""

    def diag(self, diagonal: _int = 0) -> Tensor:
        """A matrix with a vector on a diagonal, or a copy of a matrix's diagonal as a vector."""

    def diag_embed(self, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
        """Zeros with the last dimension of `input` on the diagonal of the new dimensions `dim1` and
        `dim2`.
        """

    def diagflat(self, offset: _int = 0) -> Tensor:
        """A matrix with all elements of `input` on a diagonal."""

    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """The diagonal of the matrices in `dim1` and `dim2`, as the last dimension; `offset` > 0 is above
        the main one.
        """

    def diagonal_scatter(self, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """A copy of `input` with `src` on a diagonal of the matrices in `dim1` and `dim2`."""

    def diff(
        self,
        n: _int = 1,
        dim: _int = -1,
        prepend: Tensor | None = None,
        append: Tensor | None = None,
        *,
        axis: _int = ...,
    ) -> Tensor:
        """The `n`-th differences of neighbours along `dim`; of bools, whether they differ."""

    def digamma(self) -> Tensor:
        """The derivative of `lgamma`."""

    def digamma_(self) -> Tensor:
        """In-place `digamma`: The derivative of `lgamma`."""

    def dim(self) -> _int:
        """The number of dimensions."""

    def dist(self, other: Tensor, p: _float = 2) -> Tensor:
        """The p-norm of ``input - other``, which are broadcast together."""

    def div(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """`input / other`, element by element."""

    def div_(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """In-place `div`."""

    def divide(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """`input / other`, element by element."""

    def divide_(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """In-place `div`."""

    def dot(self, tensor: Tensor) -> Tensor:
        """The product of two vectors of the same length: the sum of their elements' products."""

    def double(self, memory_format: Any = None) -> Tensor:
        """The tensor as float64."""

    def dsplit(self, indices_or_sections: Tensor | Dims) -> tuple[Tensor, ...]:
        """`tensor_split` along depth: dimension 2; a number of sections must divide it."""

    @property
    def dtype(self) -> DType:
        """The element type."""

    def element_size(self) -> _int:
        """Bytes per element."""

    def eq(self, other: Operand) -> Tensor:
        """Where `input == other`."""

    def eq_(self, other: Operand) -> Tensor:
        """In-place `eq`: Where `input == other`."""

    def equal(self, other: Tensor) -> _bool:
        """Whether two tensors have the same shape and the same elements (NaN differs from itself): a
        Python bool.
        """

    def erf(self) -> Tensor:
        """The error function, `2 / sqrt(pi) * integral of exp(-t ** 2) for t from 0 to input`."""

    def erf_(self) -> Tensor:
        """In-place `erf`: The error function, `2 / sqrt(pi) * integral of exp(-t ** 2) for t from 0 to
        input`.
        """

    def erfc(self) -> Tensor:
        """The complementary error function, `1 - erf(input)` without its cancellation."""

    def erfc_(self) -> Tensor:
        """In-place `erfc`: The complementary error function, `1 - erf(input)` without its cancellation."""

    def erfinv(self) -> Tensor:
        """The inverse of `erf`; infinite at -1 and 1, NaN outside."""

    def erfinv_(self) -> Tensor:
        """In-place `erfinv`: The inverse of `erf`; infinite at -1 and 1, NaN outside."""

    def exp(self) -> Tensor:
        """`e` to the power of each element."""

    def exp2(self) -> Tensor:
        """2 to the power of each element."""

    def exp2_(self) -> Tensor:
        """In-place `exp2`: 2 to the power of each element."""

    def exp_(self) -> Tensor:
        """In-place `exp`: `e` to the power of each element."""

    def expand(self, *sizes: Sizes, size: Sizes | None = None, implicit: _bool = False) -> Tensor:
        """Dimensions of size 1 repeated, and new ones added in front, without using memory; -1 keeps a
        size.
        """

    def expand_as(self, other: Tensor) -> Tensor:
        """`input` expanded to the shape of `other`."""

    def expm1(self) -> Tensor:
        """`exp(input) - 1`, accurate near zero."""

    def expm1_(self) -> Tensor:
        """In-place `expm1`: `exp(input) - 1`, accurate near zero."""

    def exponential_(self, lambd: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Fill with samples of the exponential distribution with rate `lambd`."""

    def fill_(self, value: Operand) -> Tensor:
        """Set every element to a number or to a 0-d tensor (which may have a gradient), in place."""

    def fill_diagonal_(self, fill_value: _float, wrap: _bool = False) -> Tensor:
        """Write a number on the main diagonal, in place."""

    def fix(self) -> Tensor:
        """Each element rounded towards zero."""

    def fix_(self) -> Tensor:
        """In-place `fix`: Each element rounded towards zero."""

    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
        """The dimensions from `start_dim` to `end_dim` (inclusive) merged into one; a 0-d tensor becomes
        1-d.
        """

    def flip(self, *dims: Sizes, **named: Sizes) -> Tensor:
        """A copy with the order of the dimensions `dims` reversed."""

    def fliplr(self) -> Tensor:
        """A copy with columns (dimension 1) in reversed order."""

    def flipud(self) -> Tensor:
        """A copy with rows (dimension 0) in reversed order."""

    def float(self, memory_format: Any = None) -> Tensor:
        """The tensor as float32."""

    def float_power(self, exponent: Operand) -> Tensor:
        """`input` to the power of `exponent`, computed and returned in float64, or in complex128 if an
        operand is complex.
        """

    def float_power_(self, exponent: Operand) -> Tensor:
        """In-place `float_power`: `input` to the power of `exponent`, computed and returned in float64, or
        in complex128 if an operand is
        """

    def floor(self) -> Tensor:
        """The largest integer not above each element."""

    def floor_(self) -> Tensor:
        """In-place `floor`: The largest integer not above each element."""

    def floor_divide(self, other: Operand) -> Tensor:
        """`floor(input / other)`, element by element; integers stay integers."""

    def floor_divide_(self, other: Operand) -> Tensor:
        """In-place `floor_divide`: `floor(input / other)`, element by element; integers stay integers."""

    def fmax(self, other: Operand) -> Tensor:
        """The larger of two elements; the other one if one of them is NaN."""

    def fmin(self, other: Operand) -> Tensor:
        """The smaller of two elements; the other one if one of them is NaN."""

    def fmod(self, other: Operand) -> Tensor:
        """C's ``fmod(input, other)``, element by element: the result has the sign of `input`."""

    def fmod_(self, other: Operand) -> Tensor:
        """In-place `fmod`: C's ``fmod(input, other)``, element by element: the result has the sign of
        `input`.
        """

    def frac(self) -> Tensor:
        """`input - trunc(input)`: the part after the point, with the sign of the number."""

    def frac_(self) -> Tensor:
        """In-place `frac`: `input - trunc(input)`: the part after the point, with the sign of the number."""

    def frexp(self) -> Tensor:
        """Each number as ``mantissa * 2 ** exponent``, the mantissa's size from 1/2 to 1 (0 for 0)."""

    def gather(self, dim: _int, index: Tensor, *, sparse_grad: _bool = False, axis: _int = ...) -> Tensor:
        """``result[i][j][k] = input[i][index[i][j][k]][k]`` (for ``dim=1``)."""

    def gcd(self, other: Operand) -> Tensor:
        """The greatest common divisor of two integer tensors, element by element; ``gcd(0, 0)`` is 0."""

    def gcd_(self, other: Operand) -> Tensor:
        """In-place `gcd`: The greatest common divisor of two integer tensors, element by element; ``gcd(0,
        0)`` is 0.
        """

    def ge(self, other: Operand) -> Tensor:
        """Where `input >= other`."""

    def ge_(self, other: Operand) -> Tensor:
        """In-place `greater_equal`: Where `input >= other`."""

    def geometric_(self, p: _float, *, generator: Generator | None = None) -> Tensor:
        """Fill with how many trials it takes to the first success, of probability `p` each; any real
        dtype.
        """

    def ger(self, vec2: Tensor) -> Tensor:
        """The matrix of all products of an element of one vector (rows) and one of another (columns)."""

    def get_device(self) -> _int:
        """The index of the GPU, -1 for the CPU."""

    @property
    def grad(self) -> Tensor | None:
        """The accumulated gradient: None before the first backward, and again after it is set to None."""

    @grad.setter
    def grad(self, value: Tensor | None) -> None: ...
    @grad.deleter
    def grad(self) -> None: ...
    @property
    def grad_dtype(self) -> DType | None:
        """The dtype that backward gives ``.grad`` of this leaf: the tensor's own unless set; None for that
        of what arrives.
        """

    @grad_dtype.setter
    def grad_dtype(self, dtype: Any) -> None: ...
    @property
    def grad_fn(self) -> Node | None:
        """The node that made this tensor; None for leaves."""

    def greater(self, other: Operand) -> Tensor:
        """Where `input > other`."""

    def greater_(self, other: Operand) -> Tensor:
        """In-place `greater`: Where `input > other`."""

    def greater_equal(self, other: Operand) -> Tensor:
        """Where `input >= other`."""

    def greater_equal_(self, other: Operand) -> Tensor:
        """In-place `greater_equal`: Where `input >= other`."""

    def gt(self, other: Operand) -> Tensor:
        """Where `input > other`."""

    def gt_(self, other: Operand) -> Tensor:
        """In-place `greater`: Where `input > other`."""

    def half(self, memory_format: Any = None) -> Tensor:
        """The tensor as float16."""

    def hardshrink(self, lambd: _float = 0.5) -> Tensor:
        """`input`, but 0 between `-lambd` and `lambd`, the two included."""

    def heaviside(self, values: Operand) -> Tensor:
        """0 where `input` is negative, `values` where it is zero, 1 where it is positive."""

    def heaviside_(self, values: Operand) -> Tensor:
        """In-place `heaviside`: 0 where `input` is negative, `values` where it is zero, 1 where it is
        positive.
        """

    def histc(self, bins: _int = 100, min: _float = 0, max: _float = 0) -> Tensor:
        """Histogram of all elements with `bins` bins of equal width between `min` and `max`; if both are
        0, between the smallest and the largest element.
        """

    def histogram(
        self,
        bins: Any = 100,
        *,
        range: tuple[_float, _float] | None = None,
        weight: Tensor | None = None,
        density: _bool = False,
    ) -> Tensor:
        """How many elements lie in each bin, or the sum of their weights."""

    def hsplit(self, indices_or_sections: Tensor | Dims) -> tuple[Tensor, ...]:
        """`tensor_split` along columns: dimension 1, or 0 of a vector; a number of sections must divide
        it.
        """

    def hypot(self, other: Operand) -> Tensor:
        """`sqrt(input ** 2 + other ** 2)` without overflow."""

    def hypot_(self, other: Operand) -> Tensor:
        """In-place `hypot`: `sqrt(input ** 2 + other ** 2)` without overflow."""

    def i0(self) -> Tensor:
        """The modified Bessel function of the first kind of order zero."""

    def i0_(self) -> Tensor:
        """In-place `i0`: The modified Bessel function of the first kind of order zero."""

    @property
    def imag(self) -> Tensor:
        """The imaginary part of a complex tensor, a view."""

    def index_add(
        self, dim: _int, index: Tensor, source: Tensor, *, alpha: Number = 1, axis: _int = ...
    ) -> Tensor:
        """A copy of `input` with ``alpha * source`` added to the entries of dimension `dim` that `index`
        names; repeats add up.
        """

    def index_add_(self, dim: _int, index: Tensor, source: Tensor, *, alpha: Number = 1) -> Tensor:
        """In-place `index_add`: A copy of `input` with ``alpha * source`` added to the entries of
        dimension `dim` that `index` names;
        """

    def index_copy(self, dim: _int, index: Tensor, source: Tensor, *, axis: _int = ...) -> Tensor:
        """A copy of `input` with the entries of `source` in the places along `dim` that `index` names."""

    def index_copy_(self, dim: _int, index: Tensor, source: Tensor) -> Tensor:
        """In-place `index_copy`: A copy of `input` with the entries of `source` in the places along `dim`
        that `index` names.
        """

    def index_fill(self, dim: _int, index: Tensor, value: Operand, *, axis: _int = ...) -> Tensor:
        """A copy of `input` with `value` (a number or a tensor without dimensions) in the entries of `dim`
        that `index` names.
        """

    def index_fill_(self, dim: _int, index: Tensor, value: Operand) -> Tensor:
        """In-place `index_fill`: A copy of `input` with `value` (a number or a tensor without dimensions)
        in the entries of `dim` that
        """

    def index_put(
        self, indices: Sequence[Tensor | None], values: Operand, accumulate: _bool = False
    ) -> Tensor:
        """A copy of `input` with `values` (which broadcast) at `indices`; `accumulate` adds, repeated
        indices included.
        """

    def index_put_(
        self, indices: Sequence[Tensor | None], values: Operand, accumulate: _bool = False
    ) -> Tensor:
        """In-place `index_put`."""

    def index_select(self, dim: _int, index: Tensor, *, axis: _int = ...) -> Tensor:
        """The entries of dimension `dim` that the integer vector `index` names, in its order."""

    def inner(self, other: Tensor) -> Tensor:
        """Sums of products over the last dimensions of both: the dot product of vectors, and in general a
        tensor of shape ``input.shape[:-1] + other.shape[:-1]``.
        """

    def int(self, memory_format: Any = None) -> Tensor:
        """The tensor as int32."""

    def inverse(self) -> Tensor:
        """The inverse of a square matrix (..., n, n)."""

    def is_complex(self) -> _bool:
        """Whether the dtype is complex."""

    def is_conj(self) -> _bool:
        """False: conjugates are computed when they are asked for, never marked lazily."""

    def is_contiguous(self) -> _bool:
        """Whether the elements lie in memory in row-major order without gaps."""

    @property
    def is_cpu(self) -> _bool:
        """Whether the array lives in main memory."""

    @property
    def is_cuda(self) -> _bool:
        """Whether the array lives on a GPU."""

    def is_floating_point(self) -> _bool:
        """Whether the dtype is a real floating one."""

    def is_inference(self) -> _bool:
        """Whether the tensor was made in inference mode."""

    @property
    def is_leaf(self) -> _bool:
        """Whether the tensor was made by the user rather than by a recorded op."""

    @property
    def is_meta(self) -> _bool:
        """Whether the tensor is without memory: never."""

    def is_neg(self) -> _bool:
        """False: negatives are computed when they are asked for, never marked lazily."""

    @property
    def is_nested(self) -> _bool:
        """Whether the tensor is a list of tensors: never."""

    def is_nonzero(self) -> _bool:
        """Whether the only element of a tensor is not zero."""

    def is_pinned(self, device: DeviceLike | None = None) -> _bool:
        """Whether the tensor is in page-locked main memory."""

    @property
    def is_quantized(self) -> _bool:
        """Whether the tensor is quantized: never."""

    def is_same_size(self, other: Tensor) -> _bool:
        """Whether both have the same shape."""

    def is_set_to(self, tensor: Tensor) -> _bool:
        """Whether both are the same elements of the same memory, in the same order."""

    def is_signed(self) -> _bool:
        """Whether the dtype can hold negative numbers."""

    @property
    def is_sparse(self) -> _bool:
        """Whether the tensor is sparse: never."""

    def isclose(
        self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False
    ) -> Tensor:
        """Where `|input - other| <= atol + rtol * |other|`."""

    def isfinite(self) -> Tensor:
        """Where an element is neither infinite nor NaN."""

    def isinf(self) -> Tensor:
        """Where an element (or a part of a complex one) is infinite."""

    def isnan(self) -> Tensor:
        """Where an element (or a part of a complex one) is NaN."""

    def isneginf(self) -> Tensor:
        """Where an element is minus infinity."""

    def isposinf(self) -> Tensor:
        """Where an element is plus infinity."""

    def isreal(self) -> Tensor:
        """Where an element has no imaginary part."""

    def item(self) -> Any:
        """The only element as a Python number."""

    @property
    def itemsize(self) -> _int:
        """Bytes per element."""

    def kron(self, other: Tensor) -> Tensor:
        """The Kronecker product: `input` with each element replaced by its product with `other`."""

    def kthvalue(
        self, k: _int, dim: _int = -1, keepdim: _bool = False, *, axis: _int = ..., keepdims: _bool = ...
    ) -> return_types.kthvalue:
        """The `k`-th smallest element (counted from 1) along `dim` and its index: a named tuple ``(values,
        indices)``.
        """

    @property
    def layout(self) -> layout:
        """`ag.strided`: every tensor is a dense one."""

    def lcm(self, other: Operand) -> Tensor:
        """The least common multiple of two integer tensors, element by element, not negative."""

    def lcm_(self, other: Operand) -> Tensor:
        """In-place `lcm`: The least common multiple of two integer tensors, element by element, not
        negative.
        """

    def ldexp(self, other: Operand) -> Tensor:
        """`input * 2 ** other`, element by element."""

    def ldexp_(self, other: Operand) -> Tensor:
        """In-place `ldexp`: `input * 2 ** other`, element by element."""

    def le(self, other: Operand) -> Tensor:
        """Where `input <= other`."""

    def le_(self, other: Operand) -> Tensor:
        """In-place `less_equal`: Where `input <= other`."""

    def lerp(self, end: Operand, weight: Operand) -> Tensor:
        """`input + weight * (end - input)`, element by element: linear interpolation; exact for weights 0
        and 1.
        """

    def lerp_(self, end: Operand, weight: Operand) -> Tensor:
        """In-place `lerp`: `input + weight * (end - input)`, element by element: linear interpolation;
        exact for weights 0 and 1.
        """

    def less(self, other: Operand) -> Tensor:
        """Where `input < other`."""

    def less_(self, other: Operand) -> Tensor:
        """In-place `less`: Where `input < other`."""

    def less_equal(self, other: Operand) -> Tensor:
        """Where `input <= other`."""

    def less_equal_(self, other: Operand) -> Tensor:
        """In-place `less_equal`: Where `input <= other`."""

    def lgamma(self) -> Tensor:
        """The natural logarithm of the absolute value of the gamma function."""

    def lgamma_(self) -> Tensor:
        """In-place `lgamma`: The natural logarithm of the absolute value of the gamma function."""

    def log(self) -> Tensor:
        """The natural logarithm; NaN for negative numbers."""

    def log10(self) -> Tensor:
        """The logarithm to base 10."""

    def log10_(self) -> Tensor:
        """In-place `log10`: The logarithm to base 10."""

    def log1p(self) -> Tensor:
        """`log(1 + input)`, accurate near zero."""

    def log1p_(self) -> Tensor:
        """In-place `log1p`: `log(1 + input)`, accurate near zero."""

    def log2(self) -> Tensor:
        """The logarithm to base 2."""

    def log2_(self) -> Tensor:
        """In-place `log2`: The logarithm to base 2."""

    def log_(self) -> Tensor:
        """In-place `log`: The natural logarithm; NaN for negative numbers."""

    def log_normal_(
        self, mean: _float = 1.0, std: _float = 2.0, *, generator: Generator | None = None
    ) -> Tensor:
        """Fill with samples whose logarithm is normal with `mean` and `std`."""

    def log_softmax(
        self, dim: _int | None = None, *, dtype: DTypeLike | None = None, axis: _int | None = ...
    ) -> Tensor:
        """The logarithm of `ag.softmax`, without overflow and exact where the softmax is tiny."""

    def logaddexp(self, other: Operand) -> Tensor:
        """`log(exp(input) + exp(other))` without overflow."""

    def logaddexp2(self, other: Operand) -> Tensor:
        """`log2(2 ** input + 2 ** other)` without overflow."""

    def logcumsumexp(self, dim: _int | None = None, *, axis: _int | None = ...) -> Tensor:
        """Running ``log(sum(exp(x)))`` along `dim`, without overflow."""

    def logdet(self) -> Tensor:
        """The logarithm of the determinant of a square matrix; nan where that is negative, -inf where it
        is zero.
        """

    def logical_and(self, other: Operand) -> Tensor:
        """Where both `input` and `other` are not zero."""

    def logical_and_(self, other: Operand) -> Tensor:
        """In-place `logical_and`: Where both `input` and `other` are not zero."""

    def logical_not(self) -> Tensor:
        """Where `input` is zero."""

    def logical_not_(self) -> Tensor:
        """In-place `logical_not`: Where `input` is zero."""

    def logical_or(self, other: Operand) -> Tensor:
        """Where `input` or `other` is not zero."""

    def logical_or_(self, other: Operand) -> Tensor:
        """In-place `logical_or`: Where `input` or `other` is not zero."""

    def logical_xor(self, other: Operand) -> Tensor:
        """Where one of `input` and `other` is zero and the other is not."""

    def logical_xor_(self, other: Operand) -> Tensor:
        """In-place `logical_xor`: Where one of `input` and `other` is zero and the other is not."""

    def logit(self, eps: _float | None = None) -> Tensor:
        """`log(input / (1 - input))`, the inverse of `sigmoid`."""

    def logit_(self, eps: _float | None = None) -> Tensor:
        """In-place `logit`: `log(input / (1 - input))`, the inverse of `sigmoid`."""

    def logsumexp(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """``log(sum(exp(x)))`` over `dim`, without overflow; -inf for no elements."""

    def long(self, memory_format: Any = None) -> Tensor:
        """The tensor as int64."""

    def lt(self, other: Operand) -> Tensor:
        """Where `input < other`."""

    def lt_(self, other: Operand) -> Tensor:
        """In-place `less`: Where `input < other`."""

    def lu(self, pivot: _bool = True, get_infos: _bool = False) -> Tensor:
        """`ag.linalg.lu_factor`: (LU, pivots), and with `get_infos` zeros, int32."""

    def lu_solve(self, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
        """`ag.linalg.lu_solve` with the right side first."""

    @property
    def mH(self) -> Tensor:
        """The last two dimensions swapped, and complex numbers conjugated."""

    @property
    def mT(self) -> Tensor:
        """The last two dimensions swapped."""

    def map_(self, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
        """`apply_` with a function of two numbers, the other one from `tensor` (which is broadcast)."""

    def masked_fill(self, mask: Tensor, value: Operand) -> Tensor:
        """A copy of `input` with `value` (a number, or a tensor without dimensions) where the bool tensor
        `mask`, which broadcasts, is true.
        """

    def masked_fill_(self, mask: Tensor, value: Operand) -> Tensor:
        """In-place `masked_fill`."""

    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """A copy of `input` with the elements of `source`, one after the other, where `mask` is true;
        `mask` broadcasts.
        """

    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Tensor:
        """In-place `masked_scatter`: A copy of `input` with the elements of `source`, one after the other,
        where `mask` is true; `mask`
        """

    def masked_select(self, mask: Tensor) -> Tensor:
        """The elements of `input` where the bool tensor `mask` is true, as a vector; both broadcast."""

    def matmul(self, other: Tensor) -> Tensor:
        """The matrix product, ``input @ other``."""

    def matrix_exp(self) -> Tensor:
        """The exponential of a square matrix (..., n, n), ``1 + A + A @ A / 2 + ...``, by scaling and
        squaring.
        """

    def matrix_power(self, n: _int) -> Tensor:
        """The product of `n` times the square matrix `A` (..., n, n); of its inverse if `n` is negative."""

    @overload
    def max(self) -> Tensor:
        """Largest elements, in three forms:"""

    @overload
    def max(self, other: Tensor) -> Tensor: ...
    @overload
    def max(self, dim: _int, keepdim: _bool = False) -> return_types.max: ...
    @overload
    def max(self, *, axis: _int, keepdim: _bool = False) -> return_types.max: ...
    @overload
    def max(self, *, axis: _int, keepdims: _bool) -> return_types.max: ...
    @overload
    def max(self, dim: _int, *, keepdims: _bool) -> return_types.max: ...
    def maximum(self, other: Operand) -> Tensor:
        """The larger of two elements; NaN if one of them is."""

    def mean(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        dtype: DTypeLike | None = None,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Arithmetic mean over `dim`, or of all elements; NaN of no elements."""

    @overload
    def median(self) -> Tensor:
        """The median: of the two middle elements the lower one."""

    @overload
    def median(self, dim: _int, keepdim: _bool = False) -> return_types.median: ...
    @overload
    def median(self, *, axis: _int, keepdim: _bool = False) -> return_types.median: ...
    @overload
    def median(self, *, axis: _int, keepdims: _bool) -> return_types.median: ...
    @overload
    def median(self, dim: _int, *, keepdims: _bool) -> return_types.median: ...
    @overload
    def min(self) -> Tensor:
        """Smallest elements, in the three forms of `ag.max`."""

    @overload
    def min(self, other: Tensor) -> Tensor: ...
    @overload
    def min(self, dim: _int, keepdim: _bool = False) -> return_types.min: ...
    @overload
    def min(self, *, axis: _int, keepdim: _bool = False) -> return_types.min: ...
    @overload
    def min(self, *, axis: _int, keepdims: _bool) -> return_types.min: ...
    @overload
    def min(self, dim: _int, *, keepdims: _bool) -> return_types.min: ...
    def minimum(self, other: Operand) -> Tensor:
        """The smaller of two elements; NaN if one of them is."""

    def mm(self, mat2: Tensor) -> Tensor:
        """The product of two matrices, (n, k) and (k, m); no broadcasting."""

    def mode(
        self, dim: _int = -1, keepdim: _bool = False, *, axis: _int = ..., keepdims: _bool = ...
    ) -> Tensor:
        """The most frequent element along `dim` (the smallest of several), and the index of its last
        occurrence.
        """

    def moveaxis(self, source: Dims, destination: Dims) -> Tensor:
        """Dimensions moved from `source` to `destination` (ints, or tuples of equal length); the others
        keep their order.
        """

    def movedim(self, source: Dims, destination: Dims) -> Tensor:
        """Dimensions moved from `source` to `destination` (ints, or tuples of equal length); the others
        keep their order.
        """

    def msort(self) -> Tensor:
        """Values sorted along the first dimension."""

    def mul(self, other: Operand) -> Tensor:
        """`input * other`, element by element; `and` for bools."""

    def mul_(self, other: Operand) -> Tensor:
        """In-place `multiply`: `input * other`, element by element; `and` for bools."""

    def multinomial(
        self, num_samples: _int, replacement: _bool = False, *, generator: Generator | None = None
    ) -> Tensor:
        """Indices drawn from each row of `input` with probabilities in proportion to its elements."""

    def multiply(self, other: Operand) -> Tensor:
        """`input * other`, element by element; `and` for bools."""

    def multiply_(self, other: Operand) -> Tensor:
        """In-place `multiply`: `input * other`, element by element; `and` for bools."""

    def mv(self, vec: Tensor) -> Tensor:
        """The product of a matrix (n, k) and a vector (k)."""

    def mvlgamma(self, p: _int) -> Tensor:
        """The logarithm of the multivariate gamma function of dimension `p`: ``p (p - 1) / 4 log(pi) + sum
        over j < p of lgamma(input - j / 2)``.
        """

    def nan_to_num(
        self, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None
    ) -> Tensor:
        """`input` with NaN and the infinities replaced by numbers."""

    def nan_to_num_(
        self, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None
    ) -> Tensor:
        """In-place `nan_to_num`: `input` with NaN and the infinities replaced by numbers."""

    def nanmean(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        dtype: DTypeLike | None = None,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Mean over `dim` of the elements that are not NaN; NaN where there is none."""

    @overload
    def nanmedian(self) -> Tensor:
        """The median of the elements that are not NaN; see `ag.median`."""

    @overload
    def nanmedian(self, dim: _int, keepdim: _bool = False) -> return_types.nanmedian: ...
    @overload
    def nanmedian(self, *, axis: _int, keepdim: _bool = False) -> return_types.nanmedian: ...
    @overload
    def nanmedian(self, *, axis: _int, keepdims: _bool) -> return_types.nanmedian: ...
    @overload
    def nanmedian(self, dim: _int, *, keepdims: _bool) -> return_types.nanmedian: ...
    def nanquantile(
        self,
        q: Any,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        interpolation: str = "linear",
        axis: _int | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """`ag.quantile` of the elements that are not nan."""

    def nansum(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        dtype: DTypeLike | None = None,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Sum over `dim` that counts NaN as zero."""

    def narrow(self, dim: _int, start: _int, length: _int, *, axis: _int = ...) -> Tensor:
        """`length` entries of dimension `dim` from `start` on."""

    def narrow_copy(self, dim: _int, start: _int, length: _int) -> Tensor:
        """`narrow`, copied: `length` entries of dimension `dim` from `start` on."""

    @property
    def nbytes(self) -> _int:
        """Bytes of all elements."""

    @property
    def ndim(self) -> _int:
        """The number of dimensions."""

    def ndimension(self) -> _int:
        """The number of dimensions."""

    def ne(self, other: Operand) -> Tensor:
        """Where `input != other`; also where one of them is NaN."""

    def ne_(self, other: Operand) -> Tensor:
        """In-place `not_equal`: Where `input != other`; also where one of them is NaN."""

    def neg(self) -> Tensor:
        """`-input`, element by element; unsigned integers wrap around."""

    def neg_(self) -> Tensor:
        """In-place `negative`: `-input`, element by element; unsigned integers wrap around."""

    def negative(self) -> Tensor:
        """`-input`, element by element; unsigned integers wrap around."""

    def negative_(self) -> Tensor:
        """In-place `negative`: `-input`, element by element; unsigned integers wrap around."""

    def nelement(self) -> _int:
        """The number of elements."""

    def new(self, *arguments: Any, device: DeviceLike | None = None) -> Tensor:
        """A tensor of the same dtype and device, from data or with a shape: `new_tensor` and `new_empty`
        by their old name.
        """

    def new_empty(
        self,
        *sizes: Sizes,
        size: Sizes | None = None,
        dtype: DTypeLike | None = None,
        device: DeviceLike | None = None,
        requires_grad: _bool = False,
        pin_memory: _bool = False,
    ) -> Tensor:
        """`ag.empty` with the dtype and on the device of this tensor, unless told otherwise."""

    def new_full(
        self,
        size: Sizes,
        fill_value: Number,
        *,
        dtype: DTypeLike | None = None,
        device: DeviceLike | None = None,
        requires_grad: _bool = False,
        pin_memory: _bool = False,
    ) -> Tensor:
        """`ag.full` with the dtype and on the device of this tensor, unless told otherwise."""

    def new_ones(
        self,
        *sizes: Sizes,
        size: Sizes | None = None,
        dtype: DTypeLike | None = None,
        device: DeviceLike | None = None,
        requires_grad: _bool = False,
        pin_memory: _bool = False,
    ) -> Tensor:
        """`ag.ones` with the dtype and on the device of this tensor, unless told otherwise."""

    def new_tensor(
        self,
        data: Any,
        *,
        dtype: DTypeLike | None = None,
        device: DeviceLike | None = None,
        requires_grad: _bool = False,
        pin_memory: _bool = False,
    ) -> Tensor:
        """As `ag.tensor`, but dtype and device default to those of the tensor whose method this is."""

    def new_zeros(
        self,
        *sizes: Sizes,
        size: Sizes | None = None,
        dtype: DTypeLike | None = None,
        device: DeviceLike | None = None,
        requires_grad: _bool = False,
        pin_memory: _bool = False,
    ) -> Tensor:
        """`ag.zeros` with the dtype and on the device of this tensor, unless told otherwise."""

    def nextafter(self, other: Operand) -> Tensor:
        """The next number of the dtype after each element of `input`, towards `other`."""

    def nextafter_(self, other: Operand) -> Tensor:
        """In-place `nextafter`: The next number of the dtype after each element of `input`, towards
        `other`.
        """

    @overload
    def nonzero(self, *, as_tuple: Literal[False] = False) -> Tensor:
        """The places of the elements that are not zero: an int64 tensor with one row each; or, with
        ``as_tuple=True``, one vector of indices for each dimension.
        """

    @overload
    def nonzero(self, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
    @overload
    def nonzero(self, *, as_tuple: _bool) -> Any: ...
    def norm(
        self,
        p: _float | str = "fro",
        dim: Dims | None = None,
        keepdim: _bool = False,
        dtype: DTypeLike | None = None,
        *,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The p-norm of the elements over `dim`, or of all of them."""

    def normal_(self, mean: _float = 0.0, std: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Fill with samples of the normal distribution."""

    def not_equal(self, other: Operand) -> Tensor:
        """Where `input != other`; also where one of them is NaN."""

    def not_equal_(self, other: Operand) -> Tensor:
        """In-place `not_equal`: Where `input != other`; also where one of them is NaN."""

    def numel(self) -> _int:
        """The number of elements."""

    def numpy(self, *, force: _bool = False) -> np.ndarray[Any, Any]:
        """The values as a NumPy array; for a tensor in main memory, an array on the same memory."""

    def orgqr(self, tau: Tensor) -> Tensor:
        """The first n columns of the product of k Householder reflections ``1 - tau[i] v[i] v[i]^H``."""

    def outer(self, vec2: Tensor) -> Tensor:
        """The matrix of all products of an element of one vector (rows) and one of another (columns)."""

    @property
    def output_nr(self) -> _int:
        """Which output of `grad_fn` this tensor is."""

    def permute(self, *dims: Sizes, **named: Sizes) -> Tensor:
        """The dimensions in another order: dimension i of the result is dimension ``dims[i]`` of the
        input.
        """

    def pin_memory(self, device: DeviceLike | None = None) -> Tensor:
        """The values, without history, in page-locked main memory, which GPUs read directly; the tensor
        itself if it is there.
        """

    def pinverse(self, rcond: _float = 1e-15) -> Tensor:
        """The pseudoinverse: `ag.linalg.pinv` with ``rtol=rcond``."""

    def polygamma(self, n: _int) -> Tensor:
        """The n-th derivative of `digamma`: see `ag.polygamma`."""

    def polygamma_(self, n: _int) -> Tensor:
        """In-place `polygamma`: The n-th derivative of `digamma`: see `ag.polygamma`."""

    def positive(self) -> Tensor:
        """`input` itself."""

    def pow(self, exponent: Operand) -> Tensor:
        """`input` to the power of `exponent`, element by element."""

    def pow_(self, exponent: Operand) -> Tensor:
        """In-place `pow`."""

    def prelu(self, weight: Tensor) -> Tensor:
        """`input` where it is positive, else `weight * input`."""

    def prod(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        dtype: DTypeLike | None = None,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Product over `dim`, or of all elements."""

    def put(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
        """A copy of `input` with the elements of `source` at the places `index`, counted as if `input` had
        one dimension.
        """

    def put_(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
        """In-place `put`: A copy of `input` with the elements of `source` at the places `index`, counted
        as if `input` had one dimension.
        """

    def qr(self, some: _bool = True) -> Tensor:
        """``input = Q @ R``: `ag.linalg.qr`, reduced if `some`, else complete."""

    def quantile(
        self,
        q: Any,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        interpolation: str = "linear",
        axis: _int | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The `q`-quantiles of the elements along `dim`, or of all elements; nan where there is a nan."""

    def rad2deg(self) -> Tensor:
        """Angles in radians as degrees."""

    def rad2deg_(self) -> Tensor:
        """In-place `rad2deg`: Angles in radians as degrees."""

    def random_(
        self,
        low: _int | None = None,
        to: _int | None = None,
        *,
        generator: Generator | None = None,
        **more: Any,
    ) -> Tensor:
        """Fill with integers that are uniform on [low, to); ``random_(to)`` starts at 0; without bounds
        all that the dtype holds exactly.
        """

    def ravel(self) -> Tensor:
        """`input` as a contiguous 1-d tensor; a view where possible."""

    @property
    def real(self) -> Tensor:
        """The real part: a view of complex tensors, the tensor itself otherwise."""

    def reciprocal(self) -> Tensor:
        """`1 / input`."""

    def reciprocal_(self) -> Tensor:
        """In-place `reciprocal`: `1 / input`."""

    def record_stream(self, stream: Any) -> None:
        """Keep the tensor's memory until the work that a stream has now is done, even if the tensor goes
        before.
        """

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` when the gradient of this tensor is known; a tensor it returns takes the
        gradient's place.
        """

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` after backward has added to this leaf's ``.grad``."""

    def relu(self) -> Tensor:
        """`max(input, 0)`; NaN stays NaN."""

    def relu_(self) -> Tensor:
        """In-place `relu`: `max(input, 0)`; NaN stays NaN."""

    def remainder(self, other: Operand) -> Tensor:
        """Python's ``input % other``, element by element: the result has the sign of `other`."""

    def remainder_(self, other: Operand) -> Tensor:
        """In-place `remainder`: Python's ``input % other``, element by element: the result has the sign of
        `other`.
        """

    def renorm(self, p: _float, dim: _int, maxnorm: _float) -> Tensor:
        """`input` with each slice along `dim` scaled down to the p-norm `maxnorm` where its norm is
        larger.
        """

    def repeat(self, *repeats: Sizes, **named: Sizes) -> Tensor:
        """A copy with each dimension repeated that many times; more repeats than dimensions add dimensions
        in front.
        """

    def repeat_interleave(
        self,
        repeats: Tensor | _int | None = None,
        dim: _int | None = None,
        *,
        output_size: _int | None = None,
        axis: _int | None = ...,
    ) -> Tensor:
        """Each entry of dimension `dim` (None: of the flattened tensor) `repeats` times in a row."""

    @property
    def requires_grad(self) -> _bool:
        """Whether gradients are computed for this tensor."""

    @requires_grad.setter
    def requires_grad(self, flag: _bool) -> None: ...
    def requires_grad_(self, requires_grad: _bool = True) -> Tensor:
        """Set `requires_grad` in place; returns the tensor."""

    def reshape(self, *size: Sizes, shape: Sizes | None = None) -> Tensor:
        """The same elements, in row-major order, in another shape: a view where the memory layout allows
        one, else a copy.
        """

    def reshape_as(self, other: Tensor) -> Tensor:
        """`input` reshaped to the shape of `other`."""

    def resize_(self, *sizes: Sizes) -> Tensor:
        """Give the tensor another number of elements, in place: the first ones stay; new ones are not
        initialised.
        """

    def resize_as_(self, other: Tensor) -> Tensor:
        """`resize_` to the shape of `other`."""

    def resolve_conj(self) -> Tensor:
        """`input` itself: conjugates are computed when they are asked for, never marked lazily."""

    def resolve_neg(self) -> Tensor:
        """`input` itself: negatives are computed when they are asked for, never marked lazily."""

    def retain_grad(self) -> None:
        """Let ``.grad`` of a tensor that is not a leaf be filled by backward too."""

    @property
    def retains_grad(self) -> _bool:
        """Whether `retain_grad` was called on this (non-leaf) tensor."""

    def roll(self, shifts: Dims, dims: Dims | None = None) -> Tensor:
        """A copy with elements moved cyclically by `shifts` along `dims` (ints or tuples); over the
        flattened tensor if there are no `dims`.
        """

    def rot90(self, k: _int = 1, dims: Sequence[_int] = ...) -> Tensor:
        """Rotated by `k` times 90 degrees in the plane of `dims`, from the first towards the second."""

    def round(self, *, decimals: _int = 0) -> Tensor:
        """Each element rounded to the nearest integer, halves to the even one."""

    def round_(self, *, decimals: _int = 0) -> Tensor:
        """In-place `round`: Each element rounded to the nearest integer, halves to the even one."""

    def rsqrt(self) -> Tensor:
        """`1 / sqrt(input)`."""

    def rsqrt_(self) -> Tensor:
        """In-place `rsqrt`: `1 / sqrt(input)`."""

    def scatter(
        self,
        dim: _int,
        index: Tensor,
        src: Operand | None = None,
        *,
        value: Operand | None = None,
        reduce: str | None = None,
        axis: _int = ...,
    ) -> Tensor:
        """A copy of `input` with ``result[i][index[i][j][k]][k] = src[i][j][k]`` (for ``dim=1``)."""

    def scatter_(
        self,
        dim: Dims,
        index: Tensor,
        src: Operand | None = None,
        *,
        value: Operand | None = None,
        reduce: str | None = None,
    ) -> Tensor:
        """In-place `scatter`: A copy of `input` with ``result[i][index[i][j][k]][k] = src[i][j][k]`` (for
        ``dim=1``).
        """

    def scatter_add(self, dim: _int, index: Tensor, src: Operand, *, axis: _int = ...) -> Tensor:
        """A copy of `input` with ``result[i][index[i][j][k]][k] += src[i][j][k]`` (for ``dim=1``);
        repeated indices all add.
        """

    def scatter_add_(self, dim: Dims, index: Tensor, src: Operand) -> Tensor:
        """In-place `scatter_add`: A copy of `input` with ``result[i][index[i][j][k]][k] += src[i][j][k]``
        (for ``dim=1``); repeated
        """

    def scatter_reduce(
        self,
        dim: _int,
        index: Tensor,
        src: Tensor,
        reduce: str,
        *,
        include_self: _bool = True,
        axis: _int = ...,
    ) -> Tensor:
        """A copy of `input` in which the elements of `src` that `index` sends to one place along `dim` are
        combined.
        """

    def scatter_reduce_(
        self, dim: _int, index: Tensor, src: Tensor, reduce: str, *, include_self: _bool = True
    ) -> Tensor:
        """In-place `scatter_reduce`: A copy of `input` in which the elements of `src` that `index` sends
        to one place along `dim` are
        """

    def select(self, dim: _int, index: _int, *, axis: _int = ...) -> Tensor:
        """Entry `index` of dimension `dim`, which disappears."""

    def select_scatter(self, src: Tensor, dim: _int, index: _int) -> Tensor:
        """A copy of `input` with `src` as entry `index` of dimension `dim`."""

    def set_(self, source: Tensor | None = None) -> Tensor:
        """Let the tensor be the memory of `source` (nothing without one) from now on, in place; returns
        the tensor.
        """

    def sgn(self) -> Tensor:
        """`input / abs(input)`, and 0 at 0: the sign of each element, also of complex ones."""

    def sgn_(self) -> Tensor:
        """In-place `sgn`: `input / abs(input)`, and 0 at 0: the sign of each element, also of complex
        ones.
        """

    @property
    def shape(self) -> Size:
        """The extents."""

    def short(self, memory_format: Any = None) -> Tensor:
        """The tensor as int16."""

    def sigmoid(self) -> Tensor:
        """`1 / (1 + exp(-input))`."""

    def sigmoid_(self) -> Tensor:
        """In-place `sigmoid`: `1 / (1 + exp(-input))`."""

    def sign(self) -> Tensor:
        """-1, 0 or 1, as the sign of each element (for complex numbers see `sgn`)."""

    def sign_(self) -> Tensor:
        """In-place `sign`: -1, 0 or 1, as the sign of each element (for complex numbers see `sgn`)."""

    def signbit(self) -> Tensor:
        """Where an element is negative, -0.0 included."""

    def sin(self) -> Tensor:
        """The sine of angles in radians."""

    def sin_(self) -> Tensor:
        """In-place `sin`: The sine of angles in radians."""

    def sinc(self) -> Tensor:
        """`sin(pi * input) / (pi * input)`, and 1 at 0."""

    def sinc_(self) -> Tensor:
        """In-place `sinc`: `sin(pi * input) / (pi * input)`, and 1 at 0."""

    def sinh(self) -> Tensor:
        """The hyperbolic sine."""

    def sinh_(self) -> Tensor:
        """In-place `sinh`: The hyperbolic sine."""

    @overload
    def size(self, dim: None = None) -> Size:
        """The shape, or one extent of it."""

    @overload
    def size(self, dim: _int) -> _int: ...
    def slice_scatter(
        self,
        src: Tensor,
        dim: _int = 0,
        start: _int | None = None,
        end: _int | None = None,
        step: _int = 1,
        *,
        stop: _int | None = None,
    ) -> Tensor:
        """A copy of `input` with `src` as the entries ``start:end:step`` of dimension `dim`."""

    def slogdet(self) -> Tensor:
        """The sign of the determinant (complex: a number of size one), and the logarithm of its size."""

    def softmax(
        self, dim: _int | None = None, *, dtype: DTypeLike | None = None, axis: _int | None = ...
    ) -> Tensor:
        """``exp(x) / sum(exp(x))`` along `dim`: positive numbers that add up to one."""

    def sort(
        self, dim: _int = -1, descending: _bool = False, stable: _bool = False, *, axis: _int = ...
    ) -> return_types.sort:
        """Sorted values along `dim` and the indices they came from: a named tuple ``(values, indices)``."""

    def split(self, split_size_or_sections: Dims, dim: _int = 0, *, axis: _int = ...) -> tuple[Tensor, ...]:
        """Pieces of dimension `dim`, one after the other: of `split_size_or_sections` entries each (the
        last one may be smaller), or of the sizes that it lists.
        """

    def split_with_sizes(
        self, split_sizes: Sequence[_int], dim: _int = 0, *, axis: _int = ...
    ) -> tuple[Tensor, ...]:
        """Pieces of the given `split_sizes` along dimension `dim`."""

    def sqrt(self) -> Tensor:
        """The square root; NaN for negative numbers."""

    def sqrt_(self) -> Tensor:
        """In-place `sqrt`: The square root; NaN for negative numbers."""

    def square(self) -> Tensor:
        """The square of each element; integers stay integers."""

    def square_(self) -> Tensor:
        """In-place `square`: The square of each element; integers stay integers."""

    def squeeze(self, dim: Dims | None = None, *, axis: Dims | None = ...) -> Tensor:
        """The dimensions `dim` (an int, a tuple, or None for all) dropped where they have size 1; others
        stay.
        """

    def squeeze_(self, dim: Dims | None = None, *, axis: Dims | None = ...) -> Tensor:
        """`squeeze` in place: the tensor itself loses dimensions of size 1."""

    def std(
        self,
        dim: Dims | None = None,
        unbiased: _bool | None = None,
        keepdim: _bool = False,
        *,
        correction: Number | None = None,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Standard deviation: the square root of `ag.var`, with the same arguments."""

    def storage_offset(self) -> _int:
        """The position of the first element in the memory of the tensor that this one is a view of, in
        elements.
        """

    @overload
    def stride(self, dim: None = None) -> tuple[_int, ...]:
        """The steps between elements, in elements."""

    @overload
    def stride(self, dim: _int) -> _int: ...
    def sub(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        """`input - alpha * other`, element by element."""

    def sub_(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        """In-place `sub`."""

    def subtract(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        """`input - alpha * other`, element by element."""

    def subtract_(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        """In-place `sub`."""

    def sum(
        self,
        dim: Dims | None = None,
        keepdim: _bool = False,
        *,
        dtype: DTypeLike | None = None,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Sum over `dim`, or of all elements."""

    def sum_to_size(self, *size: Sizes) -> Tensor:
        """`input` summed to `size`, which must be broadcastable to its shape: the opposite of `expand`."""

    def svd(self, some: _bool = True, compute_uv: _bool = True) -> Tensor:
        """Singular values: ``input = U @ diag(S) @ V.mH``, a named tuple (U, S, V)."""

    def swapaxes(self, dim0: _int, dim1: _int) -> Tensor:
        """Dimensions `dim0` and `dim1` swapped."""

    def swapaxes_(self, dim0: _int, dim1: _int) -> Tensor:
        """`transpose` in place: the tensor itself gets the other shape."""

    def swapdims(self, dim0: _int, dim1: _int) -> Tensor:
        """Dimensions `dim0` and `dim1` swapped."""

    def swapdims_(self, dim0: _int, dim1: _int) -> Tensor:
        """`transpose` in place: the tensor itself gets the other shape."""

    def t(self) -> Tensor:
        """The transpose of a matrix; vectors and numbers stay as they are."""

    def t_(self) -> Tensor:
        """`t` in place: the tensor itself gets the transposed shape."""

    def take(self, index: Tensor) -> Tensor:
        """The elements of the flattened `input` at `index`, in the shape of `index`; negative ones count
        from the end.
        """

    def take_along_dim(self, indices: Tensor, dim: _int | None = None, *, axis: _int | None = ...) -> Tensor:
        """Like `gather`, but `input` and `indices` broadcast in the other dimensions; without `dim`, from
        the flattened tensor.
        """

    def tan(self) -> Tensor:
        """The tangent of angles in radians."""

    def tan_(self) -> Tensor:
        """In-place `tan`: The tangent of angles in radians."""

    def tanh(self) -> Tensor:
        """The hyperbolic tangent."""

    def tanh_(self) -> Tensor:
        """In-place `tanh`: The hyperbolic tangent."""

    def tensor_split(
        self, indices_or_sections: Tensor | Dims, dim: _int = 0, *, axis: _int = ...
    ) -> tuple[Tensor, ...]:
        """Pieces along `dim`: that many of nearly equal size, the larger ones first; or cut at the listed
        indices.
        """

    def tile(self, *dims: Sizes) -> Tensor:
        """Like `repeat`, but fewer repeats than dimensions are allowed: missing ones, in front, are 1."""

    @overload
    def to(self, dtype: DTypeLike, non_blocking: _bool = False, copy: _bool = False) -> Tensor:
        """The tensor with another dtype and/or on another device; itself if it has both already."""

    @overload
    def to(
        self,
        device: DeviceLike | None = None,
        dtype: DTypeLike | None = None,
        non_blocking: _bool = False,
        copy: _bool = False,
    ) -> Tensor: ...
    @overload
    def to(self, other: Tensor, non_blocking: _bool = False, copy: _bool = False) -> Tensor: ...
    def tolist(self) -> Any:
        """The values as nested lists of Python numbers; a number for a tensor without dimensions."""

    def topk(
        self, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True, *, axis: _int = ...
    ) -> return_types.topk:
        """The `k` largest (or smallest) elements along `dim`, in order, and their indices: a named tuple
        ``(values, indices)``.
        """

    def trace(self) -> Tensor:
        """The sum of the elements on the diagonal of a matrix."""

    def transpose(self, dim0: _int, dim1: _int) -> Tensor:
        """Dimensions `dim0` and `dim1` swapped."""

    def transpose_(self, dim0: _int, dim1: _int) -> Tensor:
        """`transpose` in place: the tensor itself gets the other shape."""

    def triangular_solve(
        self, A: Tensor, upper: _bool = True, transpose: _bool = False, unitriangular: _bool = False
    ) -> Tensor:
        """The solution of ``A @ X = b`` for a triangle `A`: a named tuple (solution, a copy of A)."""

    def tril(self, diagonal: _int = 0) -> Tensor:
        """The lower triangles of matrices, zeros above; `diagonal` > 0 keeps that many diagonals more."""

    def tril_(self, diagonal: _int = 0) -> Tensor:
        """In-place `tril`: The lower triangles of matrices, zeros above; `diagonal` > 0 keeps that many
        diagonals more.
        """

    def triu(self, diagonal: _int = 0) -> Tensor:
        """The upper triangles of matrices, zeros below; `diagonal` > 0 leaves that many diagonals out."""

    def triu_(self, diagonal: _int = 0) -> Tensor:
        """In-place `triu`: The upper triangles of matrices, zeros below; `diagonal` > 0 leaves that many
        diagonals out.
        """

    def true_divide(self, other: Operand) -> Tensor:
        """`input / other`, element by element: `div` without a rounding mode."""

    def true_divide_(self, other: Operand) -> Tensor:
        """In-place `true_divide`: `input / other`."""

    def trunc(self) -> Tensor:
        """Each element rounded towards zero."""

    def trunc_(self) -> Tensor:
        """In-place `fix`: Each element rounded towards zero."""

    def type(self, dtype: DTypeLike | None = None) -> Tensor | str:
        """The tensor with another dtype; without one, the name of its type, such as ``ag.FloatTensor``."""

    def type_as(self, other: Tensor) -> Tensor:
        """The tensor with the dtype and on the device of `other`."""

    def unbind(self, dim: _int = 0, *, axis: _int = ...) -> tuple[Tensor, ...]:
        """The entries of dimension `dim`, which disappears, as a tuple."""

    def unflatten(self, dim: _int, sizes: Sizes) -> Tensor:
        """Dimension `dim` split into `sizes` (one may be -1)."""

    def unfold(self, dim: _int, size: _int, step: _int) -> Tensor:
        """Windows of `size` entries, `step` apart, along dimension `dim`; the windows' entries are a new
        last dimension.
        """

    def uniform_(
        self, low: _float = 0.0, to: _float = 1.0, *, generator: Generator | None = None, **more: Any
    ) -> Tensor:
        """Fill with samples that are uniform on [low, to); ``from=`` is another name of `low`."""

    @overload
    def unique(
        self,
        sorted: _bool = True,
        return_inverse: Literal[False] = False,
        return_counts: Literal[False] = False,
        dim: _int | None = None,
    ) -> Tensor:
        """The distinct elements, or slices along `dim`, in ascending order."""

    @overload
    def unique(
        self,
        sorted: _bool = True,
        return_inverse: _bool = False,
        return_counts: _bool = False,
        dim: _int | None = None,
    ) -> Any: ...
    def unique_consecutive(
        self, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
    ) -> Tensor:
        """The elements (or slices along `dim`) that differ from the one before."""

    def unsafe_chunk(self, chunks: _int, dim: _int = 0, *, axis: _int = ...) -> tuple[Tensor, ...]:
        """At most `chunks` pieces of equal size along `dim` (the last one may be smaller)."""

    def unsafe_split(
        self, split_size_or_sections: Dims, dim: _int = 0, *, axis: _int = ...
    ) -> tuple[Tensor, ...]:
        """Pieces of dimension `dim`, one after the other: of `split_size_or_sections` entries each (the
        last one may be smaller), or of the sizes that it lists.
        """

    def unsqueeze(self, dim: _int, *, axis: _int = ...) -> Tensor:
        """A new dimension of size 1 at place `dim` of the result."""

    def unsqueeze_(self, dim: _int, *, axis: _int = ...) -> Tensor:
        """`unsqueeze` in place: the tensor itself gets a dimension of size 1."""

    def untyped_storage(self) -> UntypedStorage:
        """The memory that this tensor is a view of; two tensors share memory if it has the same
        `data_ptr()`.
        """

    def var(
        self,
        dim: Dims | None = None,
        unbiased: _bool | None = None,
        keepdim: _bool = False,
        *,
        correction: Number | None = None,
        axis: Dims | None = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """Variance over `dim`, or of all elements: ``sum(|x - mean|^2) / (n - correction)``, in two
        passes.
        """

    def vdot(self, other: Tensor) -> Tensor:
        """The sum of ``conj(input) * other`` for two vectors."""

    def view(
        self,
        *sizes: Sizes,
        size: Sizes | None = None,
        shape: Sizes | None = None,
        dtype: DTypeLike | None = None,
    ) -> Tensor:
        """The same elements in another shape (ints; one may be -1), sharing memory; or, given a dtype, the
        same bytes read as another dtype, which scales the last dimension by the ratio of the item sizes
        (no gradient).
        """

    def view_as(self, other: Tensor) -> Tensor:
        """`input` viewed in the shape of `other`."""

    def vsplit(self, indices_or_sections: Tensor | Dims) -> tuple[Tensor, ...]:
        """`tensor_split` along rows: dimension 0; a number of sections must divide it."""

    def where(self, condition: Tensor, other: Operand) -> Tensor:
        """`self` where `condition` is true, `other` elsewhere: see `ag.where`."""

    def xlogy(self, other: Operand) -> Tensor:
        """`input * log(other)`, and 0 where `input` is 0 (NaN where `other` is NaN)."""

    def xlogy_(self, other: Operand) -> Tensor:
        """In-place `xlogy`: `input * log(other)`, and 0 where `input` is 0 (NaN where `other` is NaN)."""

    def zero_(self) -> Tensor:
        """Set every element to 0, in place."""
