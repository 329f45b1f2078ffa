"""The public names of `ag`, for type checkers and editors.

Written by `python -m autograd_gpu.testing.stubs`; do not edit.
"""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeGuard, overload

import numpy as np

from autograd_gpu import amp as amp
from autograd_gpu import autograd as autograd
from autograd_gpu import backends as backends
from autograd_gpu import cpu as cpu
from autograd_gpu import cuda as cuda
from autograd_gpu import fft as fft
from autograd_gpu import func as func
from autograd_gpu import linalg as linalg
from autograd_gpu import nn as nn
from autograd_gpu import ops as ops
from autograd_gpu import optim as optim
from autograd_gpu import random as random
from autograd_gpu import serialization as serialization
from autograd_gpu import special as special
from autograd_gpu import testing as testing
from autograd_gpu import utils as utils
from autograd_gpu.amp.autocast_mode import autocast as autocast
from autograd_gpu.amp.autocast_mode import autocast_decrement_nesting as autocast_decrement_nesting
from autograd_gpu.amp.autocast_mode import autocast_increment_nesting as autocast_increment_nesting
from autograd_gpu.amp.autocast_mode import clear_autocast_cache as clear_autocast_cache
from autograd_gpu.amp.autocast_mode import get_autocast_dtype as get_autocast_dtype
from autograd_gpu.amp.autocast_mode import is_autocast_cache_enabled as is_autocast_cache_enabled
from autograd_gpu.amp.autocast_mode import is_autocast_enabled as is_autocast_enabled
from autograd_gpu.amp.autocast_mode import set_autocast_cache_enabled as set_autocast_cache_enabled
from autograd_gpu.amp.autocast_mode import set_autocast_dtype as set_autocast_dtype
from autograd_gpu.amp.autocast_mode import set_autocast_enabled as set_autocast_enabled
from autograd_gpu.autograd.anomaly import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled
from autograd_gpu.autograd.anomaly import is_anomaly_enabled as is_anomaly_enabled
from autograd_gpu.backends.precision import get_float32_matmul_precision as get_float32_matmul_precision
from autograd_gpu.backends.precision import set_float32_matmul_precision as set_float32_matmul_precision
from autograd_gpu.core.graph import Tensor as Tensor
from autograd_gpu.core.modes import enable_grad as enable_grad
from autograd_gpu.core.modes import inference_mode as inference_mode
from autograd_gpu.core.modes import is_grad_enabled as is_grad_enabled
from autograd_gpu.core.modes import is_inference_mode_enabled as is_inference_mode_enabled
from autograd_gpu.core.modes import no_grad as no_grad
from autograd_gpu.core.modes import set_grad_enabled as set_grad_enabled
from autograd_gpu.core.tensor_methods import DeviceLike, Dims, DTypeLike, Number, Operand, Sizes
from autograd_gpu.device import Device
from autograd_gpu.device.threads import get_num_threads as get_num_threads
from autograd_gpu.device.threads import set_num_threads as set_num_threads
from autograd_gpu.dtypes import DType
from autograd_gpu.dtypes import can_cast as can_cast
from autograd_gpu.dtypes import finfo as finfo
from autograd_gpu.dtypes import get_default_dtype as get_default_dtype
from autograd_gpu.dtypes import iinfo as iinfo
from autograd_gpu.dtypes import promote_types as promote_types
from autograd_gpu.dtypes import set_default_dtype as set_default_dtype
from autograd_gpu.errors import OutOfMemoryError as OutOfMemoryError
from autograd_gpu.func.vectorize import vmap as vmap
from autograd_gpu.kernel_ops.api import kernel as kernel
from autograd_gpu.ops import return_types
from autograd_gpu.ops.generators import Generator as Generator
from autograd_gpu.ops.generators import default_generator as default_generator
from autograd_gpu.ops.generators import fork_rng as fork_rng
from autograd_gpu.serialization import load as load
from autograd_gpu.serialization import save as save
from autograd_gpu.storage import layout as layout
from autograd_gpu.storage import strided as strided
from autograd_gpu.tensor import Size as Size

device = Device
dtype = DType
bfloat16: DType
bool: DType
cdouble: DType
cfloat: DType
complex64: DType
complex128: DType
double: DType
float16: DType
float32: DType
float64: DType
float: DType
half: DType
int8: DType
int16: DType
int32: DType
int64: DType
int: DType
long: DType
short: DType
uint8: DType
__version__: str
inf: _float
nan: _float
pi: _float
e: _float

BFloat16Tensor: type[Tensor]
BoolTensor: type[Tensor]
ByteTensor: type[Tensor]
CharTensor: type[Tensor]
DoubleTensor: type[Tensor]
FloatTensor: type[Tensor]
HalfTensor: type[Tensor]
IntTensor: type[Tensor]
LongTensor: type[Tensor]
ShortTensor: type[Tensor]

def abs(input: Operand, *, out: Any = None) -> Tensor:
    """The absolute value; for complex numbers their (real) distance from zero."""

def abs_(self: Tensor) -> Tensor:
    """In-place `abs`."""

def absolute(input: Operand, *, out: Any = None) -> Tensor:
    """The absolute value; for complex numbers their (real) distance from zero."""

def acos(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse cosine, in radians; NaN outside [-1, 1]."""

def acos_(input: Operand) -> Tensor:
    """In-place `arccos`: The inverse cosine, in radians; NaN outside [-1, 1]."""

def acosh(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse hyperbolic cosine; NaN below 1."""

def acosh_(input: Operand) -> Tensor:
    """In-place `arccosh`: The inverse hyperbolic cosine; NaN below 1."""

def adaptive_avg_pool1d(input: Tensor, output_size: _int | Sequence[_int | None]) -> Tensor:
    """Means of windows that cover the input evenly: window i of m is [floor(i size / m), ceil((i + 1) size
    / m)).
    """

def add(input: Operand, other: Operand, *, alpha: Number = 1, out: Any = None) -> Tensor:
    """`input + alpha * other`, element by element."""

def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1, out: Any = None
) -> Tensor:
    """``beta * input + alpha * sum of the products in the batch``: one product of (n, b k) and (b k, m)."""

def addcdiv(
    input: Operand, tensor1: Operand, tensor2: Operand, *, value: Operand = 1, out: Any = None
) -> Tensor:
    """`input + value * tensor1 / tensor2`, element by element."""

def addcmul(
    input: Operand, tensor1: Operand, tensor2: Operand, *, value: Operand = 1, out: Any = None
) -> Tensor:
    """`input + value * tensor1 * tensor2`, element by element."""

def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1, out: Any = None
) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``; `input` broadcasts to the product."""

def addmv(
    input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1, out: Any = None
) -> Tensor:
    """``beta * input + alpha * (mat @ vec)`` for a matrix and a vector."""

def addmv_(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """In-place `addmv`: ``beta * input + alpha * (mat @ vec)`` for a matrix and a vector."""

def addr(
    input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1, out: Any = None
) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``."""

def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions swapped, and complex numbers conjugated."""

def alias_copy(input: Tensor) -> Tensor:
    """A copy of the tensor."""

def all(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Whether all elements over `dim` are true (not zero)."""

def allclose(
    input: Tensor, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False
) -> _bool:
    """Whether `isclose` is true everywhere: a Python bool."""

def alpha_dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """``ag.nn.functional.alpha_dropout`` with required arguments `p` and `train`."""

def alpha_dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """``ag.nn.functional.alpha_dropout`` with required arguments `p` and `train`, in place."""

def amax(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """The largest value over `dim`; equal ones share the gradient."""

def amin(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """The smallest value over `dim`; equal ones share the gradient."""

def aminmax(
    input: Tensor,
    *,
    dim: _int | None = None,
    keepdim: _bool = False,
    out: Any = None,
    axis: _int | None = ...,
    keepdims: _bool = ...,
) -> return_types.aminmax:
    """Smallest and largest value along one dimension, or of all elements, as a named tuple ``(min, max)``."""

def angle(input: Operand, *, out: Any = None) -> Tensor:
    """The angle of each number in the complex plane in radians: for real ones pi where they are negative,
    else 0.
    """

def any(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Whether any element over `dim` is true (not zero)."""

def arange(
    *bounds: Operand,
    start: Operand | None = None,
    end: Operand | None = None,
    step: Operand | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """``start``, ``start + step``, ..."""

def arccos(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse cosine, in radians; NaN outside [-1, 1]."""

def arccos_(input: Operand) -> Tensor:
    """In-place `arccos`: The inverse cosine, in radians; NaN outside [-1, 1]."""

def arccosh(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse hyperbolic cosine; NaN below 1."""

def arccosh_(input: Operand) -> Tensor:
    """In-place `arccosh`: The inverse hyperbolic cosine; NaN below 1."""

def arcsin(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse sine, in radians; NaN outside [-1, 1]."""

def arcsin_(input: Operand) -> Tensor:
    """In-place `arcsin`: The inverse sine, in radians; NaN outside [-1, 1]."""

def arcsinh(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse hyperbolic sine."""

def arcsinh_(input: Operand) -> Tensor:
    """In-place `arcsinh`: The inverse hyperbolic sine."""

def arctan(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse tangent, in radians."""

def arctan2(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The angle in radians, in [-pi, pi], of the point with the coordinates y = `input` and x = `other`."""

def arctan_(input: Operand) -> Tensor:
    """In-place `arctan`: The inverse tangent, in radians."""

def arctanh(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse hyperbolic tangent; NaN outside [-1, 1]."""

def arctanh_(input: Operand) -> Tensor:
    """In-place `arctanh`: The inverse hyperbolic tangent; NaN outside [-1, 1]."""

def argmax(
    input: Tensor,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    out: Any = None,
    axis: _int | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Index (int64) of the first largest element along `dim`, or in the flattened tensor without `dim`."""

def argmin(
    input: Tensor,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    out: Any = None,
    axis: _int | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Index (int64) of the first smallest element along `dim`, or in the flattened tensor without `dim`."""

def argsort(
    input: Tensor, dim: _int = -1, descending: _bool = False, stable: _bool = False, *, axis: _int = ...
) -> Tensor:
    """The indices (int64) that sort `input` along `dim`."""

def argwhere(input: Tensor) -> Tensor:
    """The places of the elements that are not zero, one row each: `nonzero`."""

def as_strided(
    input: Tensor, size: Sizes, stride: Sequence[_int], storage_offset: _int | None = None
) -> Tensor:
    """A view of the tensor's memory with any `size`, `stride` and `storage_offset` (in elements; default:
    the tensor's own).
    """

def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sizes, stride: Sequence[_int], storage_offset: _int | None = None
) -> Tensor:
    """A copy of `input` with `src` as the elements that ``input.as_strided(size, stride, storage_offset)``
    shows.
    """

def as_tensor(data: Any, dtype: DTypeLike | None = None, device: DeviceLike | None = None) -> Tensor:
    """`data` as a tensor, sharing memory with it where dtype and device allow; a tensor keeps its history."""

def asarray(
    obj: Any,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    copy: _bool | None = None,
    requires_grad: _bool | None = None,
) -> Tensor:
    """`obj` as a tensor; `copy` says whether memory must (True), must not (False) or may (None) be copied."""

def asin(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse sine, in radians; NaN outside [-1, 1]."""

def asin_(input: Operand) -> Tensor:
    """In-place `arcsin`: The inverse sine, in radians; NaN outside [-1, 1]."""

def asinh(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse hyperbolic sine."""

def asinh_(input: Operand) -> Tensor:
    """In-place `arcsinh`: The inverse hyperbolic sine."""

def atan(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse tangent, in radians."""

def atan2(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The angle in radians, in [-pi, pi], of the point with the coordinates y = `input` and x = `other`."""

def atan_(input: Operand) -> Tensor:
    """In-place `arctan`: The inverse tangent, in radians."""

def atanh(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse hyperbolic tangent; NaN outside [-1, 1]."""

def atanh_(input: Operand) -> Tensor:
    """In-place `arctanh`: The inverse hyperbolic tangent; NaN outside [-1, 1]."""

@overload
def atleast_1d(tensors: Operand, /) -> Tensor:
    """A number as a tensor of shape (1,); others as they are."""

@overload
def atleast_1d(tensors: Sequence[Operand], /) -> tuple[Tensor, ...]: ...
@overload
def atleast_1d(first: Operand, second: Operand, /, *others: Operand) -> tuple[Tensor, ...]: ...
@overload
def atleast_2d(tensors: Operand, /) -> Tensor:
    """Dimensions added in front until there are 2."""

@overload
def atleast_2d(tensors: Sequence[Operand], /) -> tuple[Tensor, ...]: ...
@overload
def atleast_2d(first: Operand, second: Operand, /, *others: Operand) -> tuple[Tensor, ...]: ...
@overload
def atleast_3d(tensors: Operand, /) -> Tensor:
    """At least 3 dimensions: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1)."""

@overload
def atleast_3d(tensors: Sequence[Operand], /) -> tuple[Tensor, ...]: ...
@overload
def atleast_3d(first: Operand, second: Operand, /, *others: Operand) -> tuple[Tensor, ...]: ...
def avg_pool1d(
    input: Tensor,
    kernel_size: _int | Sequence[_int],
    stride: _int | Sequence[_int] | None = None,
    padding: _int | Sequence[_int] = 0,
    ceil_mode: _bool = False,
    count_include_pad: _bool = True,
) -> Tensor:
    """The mean of each window."""

def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1, out: Any = None
) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2)``."""

def bartlett_window(window_length: _int, periodic: _bool = True, **options: Any) -> Tensor:
    """The triangular window."""

def bernoulli(input: Tensor, p: _float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of `input` says (or with probability `p`), else 0, in the
    dtype of `input`.
    """

def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of ``sigmoid(input)``, computed without overflow."""

def bincount(input: Tensor, weights: Tensor | None = None, minlength: _int = 0) -> Tensor:
    """How often each number occurs in a vector of non-negative integers, or the sum of its weights."""

def bitwise_and(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The bits set in both; `and` for bools."""

def bitwise_left_shift(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The bits moved up by `other` places."""

def bitwise_not(input: Operand, *, out: Any = None) -> Tensor:
    """Every bit inverted; `not` for bools."""

def bitwise_or(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The bits set in one or both; `or` for bools."""

def bitwise_right_shift(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The bits moved down by `other` places, the sign kept."""

def bitwise_xor(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The bits set in one of them; exclusive `or` for bools."""

def blackman_window(window_length: _int, periodic: _bool = True, **options: Any) -> Tensor:
    """The Blackman window, ``0.42 - 0.5 cos(2 pi k / n) + 0.08 cos(4 pi k / n)``, not below 0."""

def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along the diagonal of a larger one, zeros elsewhere."""

def bmm(input: Tensor, mat2: Tensor, *, out: Any = None) -> Tensor:
    """The products of two stacks of matrices, (b, n, k) and (b, k, m); no broadcasting."""

def broadcast_shapes(*shapes: Sizes) -> tuple[_int, ...]:
    """The shape that `shapes` (tuples or ints) broadcast to."""

def broadcast_tensors(*tensors: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    """All tensors expanded to their common shape."""

def broadcast_to(input: Tensor, size: Sizes) -> Tensor:
    """`input` expanded to `size` (a tuple); the same as ``input.expand(size)``."""

def bucketize(
    input: Operand, boundaries: Tensor, *, out_int32: _bool = False, right: _bool = False, out: Any = None
) -> Tensor:
    """The index of the bucket between sorted `boundaries` that each value of `input` falls into:
    `ag.searchsorted` with the arguments swapped.
    """

def cartesian_prod(*tensors: Tensor | Sequence[Tensor]) -> Tensor:
    """All combinations of one element from each vector, as rows."""

def cat(tensors: Sequence[Tensor], dim: _int = 0, *, out: Any = None, axis: _int = ...) -> Tensor:
    """Tensors one after the other along dimension `dim`."""

def cdist(
    x1: Tensor, x2: Tensor, p: _float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary"
) -> Tensor:
    """The p-norm of the difference of each point of `x1` and each of `x2`."""

def ceil(input: Operand, *, out: Any = None) -> Tensor:
    """The smallest integer not below each element."""

def ceil_(input: Operand) -> Tensor:
    """In-place `ceil`: The smallest integer not below each element."""

def celu(input: Tensor, alpha: _float = 1.0) -> Tensor:
    """`max(input, 0) + min(0, alpha * (exp(input / alpha) - 1))`."""

def chain_matmul(*matrices: Tensor | Sequence[Tensor], out: Any = None) -> Tensor:
    """The product of matrices in the cheapest order; a single one is returned as it is."""

def channel_shuffle(input: Tensor, groups: _int) -> Tensor:
    """Channels (dimension 1) dealt out anew: of each group the first, then of each the second, and so on."""

def cholesky(input: Tensor, upper: _bool = False, *, out: Any = None) -> Tensor:
    """The triangle `l` of a symmetric (complex: Hermitian) positive-definite matrix with ``l @ l.mH =
    input``.
    """

def cholesky_inverse(input: Tensor, upper: _bool = False, *, out: Any = None) -> Tensor:
    """The inverse of the matrix of which `input` is the Cholesky factor."""

def cholesky_solve(B: Tensor, L: Tensor, upper: _bool = False, *, out: Any = None) -> Tensor:
    """The solution `X` of ``A @ X = B``, given ``L = linalg.cholesky(A)`` (or ``L.mH``, if `upper`)."""

def chunk(input: Tensor, chunks: _int, dim: _int = 0, *, axis: _int = ...) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of equal size along `dim` (the last one may be smaller)."""

def clamp(
    input: Operand, min: Operand | None = None, max: Operand | None = None, *, out: Any = None
) -> Tensor:
    """`min(max(input, min), max)`, element by element."""

def clamp_(input: Operand, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """In-place `clip`: `min(max(input, min), max)`, element by element."""

def clamp_max(input: Operand, max: Operand, *, out: Any = None) -> Tensor:
    """`clamp` with an upper bound only."""

def clamp_max_(input: Operand, max: Operand) -> Tensor:
    """In-place `clamp_max`: `clamp` with an upper bound only."""

def clamp_min(input: Operand, min: Operand, *, out: Any = None) -> Tensor:
    """`clamp` with a lower bound only."""

def clamp_min_(input: Operand, min: Operand) -> Tensor:
    """In-place `clamp_min`: `clamp` with a lower bound only."""

def clip(
    input: Operand, min: Operand | None = None, max: Operand | None = None, *, out: Any = None
) -> Tensor:
    """`min(max(input, min), max)`, element by element."""

def clip_(input: Operand, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """In-place `clip`: `min(max(input, min), max)`, element by element."""

def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own; gradients flow through it."""

def column_stack(tensors: Sequence[Tensor], *, out: Any = None) -> Tensor:
    """Joined along dimension 1; vectors and numbers are columns."""

def combinations(input: Tensor, r: _int = 2, with_replacement: _bool = False) -> Tensor:
    """All choices of `r` elements of a vector, in order, as rows; each element once, or more often
    `with_replacement`.
    """

def complex(real: Tensor, imag: Tensor, *, out: Any = None) -> Tensor:
    """A complex tensor with the given real and imaginary parts."""

def concat(tensors: Sequence[Tensor], dim: _int = 0, *, out: Any = None, axis: _int = ...) -> Tensor:
    """Tensors one after the other along dimension `dim`."""

def concatenate(tensors: Sequence[Tensor], dim: _int = 0, *, out: Any = None, axis: _int = ...) -> Tensor:
    """Tensors one after the other along dimension `dim`."""

def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself."""

def conj_physical(input: Tensor, *, out: Any = None) -> Tensor:
    """The complex conjugate; a real tensor itself."""

def constant_pad_nd(input: Tensor, pad: Sequence[_int], value: Operand = 0) -> Tensor:
    """`ag.nn.functional.pad` with a constant."""

def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] | str = 0,
    dilation: _int | Sequence[_int] = 1,
    groups: _int = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 1 spatial dimension."""

def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] | str = 0,
    dilation: _int | Sequence[_int] = 1,
    groups: _int = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 2 spatial dimensions."""

def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] | str = 0,
    dilation: _int | Sequence[_int] = 1,
    groups: _int = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 3 spatial dimensions."""

def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    output_padding: _int | Sequence[_int] = 0,
    groups: _int = 1,
    dilation: _int | Sequence[_int] = 1,
) -> Tensor:
    """Transposed convolution over 1 spatial dimension (M."""

def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    output_padding: _int | Sequence[_int] = 0,
    groups: _int = 1,
    dilation: _int | Sequence[_int] = 1,
) -> Tensor:
    """Transposed convolution over 2 spatial dimensions (M."""

def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    output_padding: _int | Sequence[_int] = 0,
    groups: _int = 1,
    dilation: _int | Sequence[_int] = 1,
) -> Tensor:
    """Transposed convolution over 3 spatial dimensions (M."""

def copysign(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The size of `input` with the sign of `other` (also of -0.0)."""

def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of variables (rows) over observations (columns): between -1 and 1."""

def cos(input: Operand, *, out: Any = None) -> Tensor:
    """The cosine of angles in radians."""

def cos_(input: Operand) -> Tensor:
    """In-place `cos`: The cosine of angles in radians."""

def cosh(input: Operand, *, out: Any = None) -> Tensor:
    """The hyperbolic cosine."""

def cosh_(input: Operand) -> Tensor:
    """In-place `cosh`: The hyperbolic cosine."""

def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: _float = 0,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``1 - cos(input1, input2)`` where `target` is 1, ``max(0, cos - margin)`` where it is -1."""

def cosine_similarity(
    x1: Tensor, x2: Tensor, dim: _int = 1, eps: _float = 1e-08, *, axis: _int = ...
) -> Tensor:
    """``x1 ."""

def count_nonzero(input: Tensor, dim: Dims | None = None, *, axis: Dims | None = ...) -> Tensor:
    """How many elements over `dim` (int or tuple of ints; None for all) are not zero, as int64."""

def cov(
    input: Tensor, *, correction: _int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariance matrix of variables (rows) over observations (columns)."""

def cross(input: Tensor, other: Tensor, dim: _int | None = None, *, out: Any = None) -> Tensor:
    """The cross product along `dim`; without it, along the first dimension of size 3."""

def cummax(
    input: Tensor, dim: _int | None = None, *, out: Any = None, axis: _int | None = ...
) -> return_types.cummax:
    """Running maximum along `dim` and where it was last seen: a named tuple ``(values, indices)``."""

def cummin(
    input: Tensor, dim: _int | None = None, *, out: Any = None, axis: _int | None = ...
) -> return_types.cummin:
    """Running minimum along `dim` and where it was last seen: a named tuple ``(values, indices)``."""

def cumprod(
    input: Tensor,
    dim: _int | None = None,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: _int | None = ...,
) -> Tensor:
    """Running product along `dim`; the gradient is right where elements are zero."""

def cumsum(
    input: Tensor,
    dim: _int | None = None,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: _int | None = ...,
) -> Tensor:
    """Running sum along `dim`."""

def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: _int = -1) -> Tensor:
    """The integrals from the first sample to each of the others: see `ag.trapezoid`."""

def deg2rad(input: Operand, *, out: Any = None) -> Tensor:
    """Angles in degrees as radians."""

def deg2rad_(input: Operand) -> Tensor:
    """In-place `deg2rad`: Angles in degrees as radians."""

def det(A: Tensor) -> Tensor:
    """The determinant of a square matrix (..., n, n)."""

def detach_copy(input: Tensor) -> Tensor:
    """A copy of the tensor that does not require grad."""

def diag(input: Tensor, diagonal: _int = 0, *, out: Any = None) -> Tensor:
    """A matrix with a vector on a diagonal, or a copy of a matrix's diagonal as a vector."""

def diag_embed(input: Tensor, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
    """Zeros with the last dimension of `input` on the diagonal of the new dimensions `dim1` and `dim2`."""

def diagflat(input: Tensor, offset: _int = 0) -> Tensor:
    """A matrix with all elements of `input` on a diagonal."""

def diagonal(input: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
    """The diagonal of the matrices in `dim1` and `dim2`, as the last dimension; `offset` > 0 is above the
    main one.
    """

def diagonal_copy(input: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
    """`ag.Tensor.diagonal`, as a copy instead of a view."""

def diagonal_scatter(input: Tensor, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
    """A copy of `input` with `src` on a diagonal of the matrices in `dim1` and `dim2`."""

def diff(
    input: Tensor,
    n: _int = 1,
    dim: _int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Any = None,
    axis: _int = ...,
) -> Tensor:
    """The `n`-th differences of neighbours along `dim`; of bools, whether they differ."""

def digamma(input: Operand, *, out: Any = None) -> Tensor:
    """The derivative of `lgamma`."""

def dist(input: Tensor, other: Tensor, p: _float = 2) -> Tensor:
    """The p-norm of ``input - other``, which are broadcast together."""

def div(input: Operand, other: Operand, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """`input / other`, element by element."""

def divide(input: Operand, other: Operand, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """`input / other`, element by element."""

def dot(input: Tensor, tensor: Tensor, *, out: Any = None) -> Tensor:
    """The product of two vectors of the same length: the sum of their elements' products."""

def dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """``ag.nn.functional.dropout`` with required arguments `p` and `train`."""

def dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """``ag.nn.functional.dropout`` with required arguments `p` and `train`, in place."""

def dsplit(input: Tensor, indices_or_sections: Tensor | Dims) -> tuple[Tensor, ...]:
    """`tensor_split` along depth: dimension 2; a number of sections must divide it."""

def dstack(tensors: Sequence[Tensor], *, out: Any = None) -> Tensor:
    """Joined along depth: dimension 2, added where there is none."""

def einsum(equation: str | Tensor, *operands: Any) -> Tensor:
    """The sum of products that `equation` describes, in Einstein's notation."""

def embedding(
    weight: Tensor,
    indices: Tensor,
    padding_idx: _int = -1,
    scale_grad_by_freq: _bool = False,
    sparse: _bool = False,
) -> Tensor:
    """`ag.nn.functional.embedding` with its arguments the other way round; `padding_idx` -1 means none."""

def empty(
    *sizes: Sizes,
    size: Sizes | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A tensor with whatever is in its memory; the arguments are those of `ag.zeros`."""

def empty_like(
    input: Tensor,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Uninitialised memory in the shape of `input`, with its dtype, device and memory order by default."""

def eq(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input == other`."""

def equal(input: Tensor, other: Tensor) -> _bool:
    """Whether two tensors have the same shape and the same elements (NaN differs from itself): a Python
    bool.
    """

def erf(input: Operand, *, out: Any = None) -> Tensor:
    """The error function, `2 / sqrt(pi) * integral of exp(-t ** 2) for t from 0 to input`."""

def erf_(input: Operand) -> Tensor:
    """In-place `erf`: The error function, `2 / sqrt(pi) * integral of exp(-t ** 2) for t from 0 to input`."""

def erfc(input: Operand, *, out: Any = None) -> Tensor:
    """The complementary error function, `1 - erf(input)` without its cancellation."""

def erfc_(input: Operand) -> Tensor:
    """In-place `erfc`: The complementary error function, `1 - erf(input)` without its cancellation."""

def erfinv(input: Operand, *, out: Any = None) -> Tensor:
    """The inverse of `erf`; infinite at -1 and 1, NaN outside."""

def exp(input: Operand, *, out: Any = None) -> Tensor:
    """`e` to the power of each element."""

def exp2(input: Operand, *, out: Any = None) -> Tensor:
    """2 to the power of each element."""

def exp2_(input: Operand) -> Tensor:
    """In-place `exp2`: 2 to the power of each element."""

def exp_(input: Operand) -> Tensor:
    """In-place `exp`: `e` to the power of each element."""

def expand_copy(input: Tensor, *sizes: Sizes, size: Sizes | None = None, implicit: _bool = False) -> Tensor:
    """`ag.Tensor.expand`, as a copy instead of a view."""

def expm1(input: Operand, *, out: Any = None) -> Tensor:
    """`exp(input) - 1`, accurate near zero."""

def expm1_(input: Operand) -> Tensor:
    """In-place `expm1`: `exp(input) - 1`, accurate near zero."""

def eye(
    n: _int,
    m: _int | None = None,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Ones on the diagonal of an ``(n, m)`` matrix of zeros; `m` is `n` if left out."""

def feature_alpha_dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """``ag.nn.functional.feature_alpha_dropout`` with required arguments `p` and `train`."""

def feature_alpha_dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """``ag.nn.functional.feature_alpha_dropout`` with required arguments `p` and `train`, in place."""

def feature_dropout(input: Tensor, p: _float, train: _bool) -> Tensor:
    """``ag.nn.functional.feature_dropout`` with required arguments `p` and `train`."""

def feature_dropout_(input: Tensor, p: _float, train: _bool) -> Tensor:
    """``ag.nn.functional.feature_dropout`` with required arguments `p` and `train`, in place."""

def fill(input: Tensor, value: Operand) -> Tensor:
    """A tensor like `input`, filled with `value`: a number, or a tensor without dimensions, which has a
    gradient.
    """

def fix(input: Operand, *, out: Any = None) -> Tensor:
    """Each element rounded towards zero."""

def fix_(input: Operand) -> Tensor:
    """In-place `fix`: Each element rounded towards zero."""

def flatten(input: Tensor, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` (inclusive) merged into one; a 0-d tensor becomes 1-d."""

def flip(input: Tensor, *dims: Sizes, **named: Sizes) -> Tensor:
    """A copy with the order of the dimensions `dims` reversed."""

def fliplr(input: Tensor) -> Tensor:
    """A copy with columns (dimension 1) in reversed order."""

def flipud(input: Tensor) -> Tensor:
    """A copy with rows (dimension 0) in reversed order."""

def float_power(input: Operand, exponent: Operand, *, out: Any = None) -> Tensor:
    """`input` to the power of `exponent`, computed and returned in float64, or in complex128 if an operand
    is complex.
    """

def floor(input: Operand, *, out: Any = None) -> Tensor:
    """The largest integer not above each element."""

def floor_(input: Operand) -> Tensor:
    """In-place `floor`: The largest integer not above each element."""

def floor_divide(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """`floor(input / other)`, element by element; integers stay integers."""

def fmax(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The larger of two elements; the other one if one of them is NaN."""

def fmin(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The smaller of two elements; the other one if one of them is NaN."""

def fmod(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """C's ``fmod(input, other)``, element by element: the result has the sign of `input`."""

def frac(input: Operand, *, out: Any = None) -> Tensor:
    """`input - trunc(input)`: the part after the point, with the sign of the number."""

def frac_(input: Operand) -> Tensor:
    """In-place `frac`: `input - trunc(input)`: the part after the point, with the sign of the number."""

def frexp(input: Tensor) -> Tensor:
    """Each number as ``mantissa * 2 ** exponent``, the mantissa's size from 1/2 to 1 (0 for 0)."""

def from_dlpack(ext_tensor: Any, *, device: DeviceLike | None = None, copy: _bool | None = None) -> Tensor:
    """A tensor on the memory of another library's array (PyTorch, JAX, CuPy, ...), by the DLPack protocol."""

def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the memory of a NumPy array: what is written into one appears in the other."""

def frombuffer(
    buffer: Any, *, dtype: DTypeLike, count: _int = -1, offset: _int = 0, requires_grad: _bool = False
) -> Tensor:
    """A one-dimensional tensor on the memory of an object with the buffer protocol (bytearray, mmap, ...)."""

def full(
    size: Sizes,
    fill_value: Number,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A tensor of one value."""

def full_like(
    input: Tensor,
    fill_value: Number,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """One value in the shape of `input`, and with its dtype, device and memory order unless told
    otherwise.
    """

def gather(
    input: Tensor, dim: _int, index: Tensor, *, sparse_grad: _bool = False, out: Any = None, axis: _int = ...
) -> Tensor:
    """``result[i][j][k] = input[i][index[i][j][k]][k]`` (for ``dim=1``)."""

def gcd(input: Operand, other: Operand) -> Tensor:
    """The greatest common divisor of two integer tensors, element by element; ``gcd(0, 0)`` is 0."""

def gcd_(input: Operand, other: Operand) -> Tensor:
    """In-place `gcd`: The greatest common divisor of two integer tensors, element by element; ``gcd(0,
    0)`` is 0.
    """

def ge(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input >= other`."""

def ger(input: Tensor, vec2: Tensor, *, out: Any = None) -> Tensor:
    """The matrix of all products of an element of one vector (rows) and one of another (columns)."""

def get_default_device() -> Device:
    """The device of new tensors whose ``device=`` is not given, in this thread."""

def get_printoptions() -> dict[str, Any]:
    """The options as a dictionary that `set_printoptions` takes."""

def get_rng_state() -> Tensor:
    """The state of the default stream; see `Generator.get_state`."""

def gradient(
    input: Tensor, *, spacing: Any = 1, dim: Dims | None = None, edge_order: _int = 1
) -> tuple[Tensor, ...]:
    """The derivative of a sampled function along each dimension of `dim`, by second-order differences."""

def greater(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input > other`."""

def greater_equal(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input >= other`."""

def group_norm(
    input: Tensor,
    num_groups: _int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: _float = 1e-05,
) -> Tensor:
    """Group normalisation (Y."""

def gt(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input > other`."""

def hamming_window(
    window_length: _int, periodic: _bool = True, alpha: _float = 0.54, beta: _float = 0.46, **options: Any
) -> Tensor:
    """The Hamming window, ``alpha - beta cos(2 pi k / n)``."""

def hann_window(window_length: _int, periodic: _bool = True, **options: Any) -> Tensor:
    """The Hann window, ``sin(pi k / n) ** 2``."""

def hardshrink(input: Tensor, lambd: _float = 0.5) -> Tensor:
    """`input`, but 0 between `-lambd` and `lambd`, the two included."""

def heaviside(input: Operand, values: Operand, *, out: Any = None) -> Tensor:
    """0 where `input` is negative, `values` where it is zero, 1 where it is positive."""

def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: _float = 1.0,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`input` where `target` is 1, ``max(0, margin - input)`` where it is -1 (elsewhere both)."""

def histc(input: Tensor, bins: _int = 100, min: _float = 0, max: _float = 0, *, out: Any = None) -> Tensor:
    """Histogram of all elements with `bins` bins of equal width between `min` and `max`; if both are 0,
    between the smallest and the largest element.
    """

def histogram(
    input: Tensor,
    bins: Any = 100,
    *,
    range: tuple[_float, _float] | None = None,
    weight: Tensor | None = None,
    density: _bool = False,
) -> Tensor:
    """How many elements lie in each bin, or the sum of their weights."""

def hsplit(input: Tensor, indices_or_sections: Tensor | Dims) -> tuple[Tensor, ...]:
    """`tensor_split` along columns: dimension 1, or 0 of a vector; a number of sections must divide it."""

def hstack(tensors: Sequence[Tensor], *, out: Any = None) -> Tensor:
    """Joined along columns: dimension 1, or 0 for vectors and numbers."""

def hypot(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """`sqrt(input ** 2 + other ** 2)` without overflow."""

def i0(input: Operand) -> Tensor:
    """The modified Bessel function of the first kind of order zero."""

def i0_(input: Operand) -> Tensor:
    """In-place `i0`: The modified Bessel function of the first kind of order zero."""

def imag(input: Tensor) -> Tensor:
    """The imaginary parts: a view of a complex tensor."""

def index_add(
    input: Tensor,
    dim: _int,
    index: Tensor,
    source: Tensor,
    *,
    alpha: Number = 1,
    out: Any = None,
    axis: _int = ...,
) -> Tensor:
    """A copy of `input` with ``alpha * source`` added to the entries of dimension `dim` that `index`
    names; repeats add up.
    """

def index_copy(
    input: Tensor, dim: _int, index: Tensor, source: Tensor, *, out: Any = None, axis: _int = ...
) -> Tensor:
    """A copy of `input` with the entries of `source` in the places along `dim` that `index` names."""

def index_fill(input: Tensor, dim: _int, index: Tensor, value: Operand, *, axis: _int = ...) -> Tensor:
    """A copy of `input` with `value` (a number or a tensor without dimensions) in the entries of `dim`
    that `index` names.
    """

def index_put(
    input: Tensor, indices: Sequence[Tensor | None], values: Operand, accumulate: _bool = False
) -> Tensor:
    """A copy of `input` with `values` (which broadcast) at `indices`; `accumulate` adds, repeated indices
    included.
    """

def index_put_(
    input: Tensor, indices: Sequence[Tensor | None], values: Operand, accumulate: _bool = False
) -> Tensor:
    """In-place `index_put`."""

def index_select(input: Tensor, dim: _int, index: Tensor, *, out: Any = None, axis: _int = ...) -> Tensor:
    """The entries of dimension `dim` that the integer vector `index` names, in its order."""

def initial_seed() -> _int:
    """The seed of the default stream."""

def inner(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """Sums of products over the last dimensions of both: the dot product of vectors, and in general a
    tensor of shape ``input.shape[:-1] + other.shape[:-1]``.
    """

def inverse(A: Tensor, *, out: Any = None) -> Tensor:
    """The inverse of a square matrix (..., n, n)."""

def is_complex(input: Tensor) -> _bool:
    """Whether a tensor's dtype is complex."""

def is_conj(input: Tensor) -> _bool:
    """False: conjugates are computed when they are asked for, never marked lazily."""

def is_floating_point(input: Tensor) -> _bool:
    """Whether a tensor's dtype is a real floating one."""

def is_neg(input: Tensor) -> _bool:
    """False: negatives are computed when they are asked for, never marked lazily."""

def is_nonzero(input: Tensor) -> _bool:
    """Whether the only element of a tensor is not zero."""

def is_tensor(obj: Any, /) -> TypeGuard[Tensor]:
    """Whether an object is a tensor."""

def isclose(
    input: Tensor, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False
) -> Tensor:
    """Where `|input - other| <= atol + rtol * |other|`."""

def isfinite(input: Operand) -> Tensor:
    """Where an element is neither infinite nor NaN."""

def isin(
    elements: Any, test_elements: Any, *, assume_unique: _bool = False, invert: _bool = False, out: Any = None
) -> Tensor:
    """Whether each of `elements` is among `test_elements` (with `invert`: is not)."""

def isinf(input: Operand) -> Tensor:
    """Where an element (or a part of a complex one) is infinite."""

def isnan(input: Operand) -> Tensor:
    """Where an element (or a part of a complex one) is NaN."""

def isneginf(input: Operand, *, out: Any = None) -> Tensor:
    """Where an element is minus infinity."""

def isposinf(input: Operand, *, out: Any = None) -> Tensor:
    """Where an element is plus infinity."""

def isreal(input: Operand) -> Tensor:
    """Where an element has no imaginary part."""

def kaiser_window(window_length: _int, periodic: _bool = True, beta: _float = 12.0, **options: Any) -> Tensor:
    """The Kaiser window, ``i0(beta sqrt(1 - (2 k / n - 1)^2)) / i0(beta)``."""

def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
    log_target: _bool = False,
) -> Tensor:
    """The Kullback-Leibler divergence ``target (log(target) - input)``; `input` holds log-probabilities."""

def kron(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """The Kronecker product: `input` with each element replaced by its product with `other`."""

def kthvalue(
    input: Tensor,
    k: _int,
    dim: _int = -1,
    keepdim: _bool = False,
    *,
    out: Any = None,
    axis: _int = ...,
    keepdims: _bool = ...,
) -> return_types.kthvalue:
    """The `k`-th smallest element (counted from 1) along `dim` and its index: a named tuple ``(values,
    indices)``.
    """

def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[_int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: _float = 1e-05,
) -> Tensor:
    """Layer normalisation (J."""

def lcm(input: Operand, other: Operand) -> Tensor:
    """The least common multiple of two integer tensors, element by element, not negative."""

def lcm_(input: Operand, other: Operand) -> Tensor:
    """In-place `lcm`: The least common multiple of two integer tensors, element by element, not negative."""

def ldexp(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """`input * 2 ** other`, element by element."""

def ldexp_(input: Operand, other: Operand) -> Tensor:
    """In-place `ldexp`: `input * 2 ** other`, element by element."""

def le(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input <= other`."""

def lerp(input: Operand, end: Operand, weight: Operand, *, out: Any = None) -> Tensor:
    """`input + weight * (end - input)`, element by element: linear interpolation; exact for weights 0 and
    1.
    """

def less(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input < other`."""

def less_equal(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input <= other`."""

def lgamma(input: Operand, *, out: Any = None) -> Tensor:
    """The natural logarithm of the absolute value of the gamma function."""

def linspace(
    start: Operand,
    end: Operand,
    steps: _int,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """`steps` values at equal distances, from `start` to `end`, both included."""

def log(input: Operand, *, out: Any = None) -> Tensor:
    """The natural logarithm; NaN for negative numbers."""

def log10(input: Operand, *, out: Any = None) -> Tensor:
    """The logarithm to base 10."""

def log10_(input: Operand) -> Tensor:
    """In-place `log10`: The logarithm to base 10."""

def log1p(input: Operand, *, out: Any = None) -> Tensor:
    """`log(1 + input)`, accurate near zero."""

def log1p_(input: Operand) -> Tensor:
    """In-place `log1p`: `log(1 + input)`, accurate near zero."""

def log2(input: Operand, *, out: Any = None) -> Tensor:
    """The logarithm to base 2."""

def log2_(input: Operand) -> Tensor:
    """In-place `log2`: The logarithm to base 2."""

def log_(input: Operand) -> Tensor:
    """In-place `log`: The natural logarithm; NaN for negative numbers."""

def log_softmax(
    input: Tensor,
    dim: _int | None = None,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: _int | None = ...,
) -> Tensor:
    """The logarithm of `ag.softmax`, without overflow and exact where the softmax is tiny."""

def logaddexp(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """`log(exp(input) + exp(other))` without overflow."""

def logaddexp2(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """`log2(2 ** input + 2 ** other)` without overflow."""

def logcumsumexp(
    input: Tensor, dim: _int | None = None, *, out: Any = None, axis: _int | None = ...
) -> Tensor:
    """Running ``log(sum(exp(x)))`` along `dim`, without overflow."""

def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant of a square matrix; nan where that is negative, -inf where it is
    zero.
    """

def logical_and(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where both `input` and `other` are not zero."""

def logical_not(input: Operand, *, out: Any = None) -> Tensor:
    """Where `input` is zero."""

def logical_or(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input` or `other` is not zero."""

def logical_xor(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where one of `input` and `other` is zero and the other is not."""

def logit(input: Operand, eps: _float | None = None, *, out: Any = None) -> Tensor:
    """`log(input / (1 - input))`, the inverse of `sigmoid`."""

def logit_(input: Operand, eps: _float | None = None) -> Tensor:
    """In-place `logit`: `log(input / (1 - input))`, the inverse of `sigmoid`."""

def logspace(
    start: Operand,
    end: Operand,
    steps: _int,
    base: _float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """`base` to the power of each of `ag.linspace(start, end, steps)`; other arguments as for
    `ag.linspace`.
    """

def logsumexp(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """``log(sum(exp(x)))`` over `dim`, without overflow; -inf for no elements."""

def lt(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input < other`."""

def lu(A: Tensor, pivot: _bool = True, get_infos: _bool = False) -> Tensor:
    """`ag.linalg.lu_factor`: (LU, pivots), and with `get_infos` zeros, int32."""

def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Any = None) -> Tensor:
    """`ag.linalg.lu_solve` with the right side first."""

def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: _bool = True, unpack_pivots: _bool = True
) -> Tensor:
    """The three matrices that `ag.linalg.lu_factor` packs: a named tuple (P, L, U)."""

def manual_seed(seed: _int) -> Generator:
    """Start the default stream of `seed` from its beginning, on all devices; see `Generator.manual_seed`."""

def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: _float = 0,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, -target (input1 - input2) + margin)``: target 1 wants `input1` larger, -1 `input2`."""

def masked_fill(input: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """A copy of `input` with `value` (a number, or a tensor without dimensions) where the bool tensor
    `mask`, which broadcasts, is true.
    """

def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy of `input` with the elements of `source`, one after the other, where `mask` is true; `mask`
    broadcasts.
    """

def masked_select(input: Tensor, mask: Tensor, *, out: Any = None) -> Tensor:
    """The elements of `input` where the bool tensor `mask` is true, as a vector; both broadcast."""

def matmul(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """The matrix product, ``input @ other``."""

def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of a square matrix (..., n, n), ``1 + A + A @ A / 2 + ...``, by scaling and
    squaring.
    """

def matrix_power(A: Tensor, n: _int, *, out: Any = None) -> Tensor:
    """The product of `n` times the square matrix `A` (..., n, n); of its inverse if `n` is negative."""

@overload
def max(input: Tensor) -> Tensor:
    """Largest elements, in three forms:"""

@overload
def max(input: Tensor, other: Tensor) -> Tensor: ...
@overload
def max(input: Tensor, dim: _int, keepdim: _bool = False) -> return_types.max: ...
@overload
def max(input: Tensor, *, axis: _int, keepdim: _bool = False) -> return_types.max: ...
@overload
def max(input: Tensor, *, axis: _int, keepdims: _bool) -> return_types.max: ...
@overload
def max(input: Tensor, dim: _int, *, keepdims: _bool) -> return_types.max: ...
@overload
def max_pool1d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: Literal[False] = False,
) -> Tensor:
    """The maximum of each window; NaN counts as the largest, the first of equals is taken."""

@overload
def max_pool1d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
@overload
def max_pool1d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: _bool = False,
) -> Any: ...
@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: Literal[False] = False,
) -> Tensor:
    """The maximum of each window; NaN counts as the largest, the first of equals is taken."""

@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: _bool = False,
) -> Any: ...
@overload
def max_pool3d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: Literal[False] = False,
) -> Tensor:
    """The maximum of each window; NaN counts as the largest, the first of equals is taken."""

@overload
def max_pool3d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
@overload
def max_pool3d(
    input: Tensor,
    kernel_size: Dims,
    stride: Dims | None = None,
    padding: Dims = 0,
    dilation: Dims = 1,
    ceil_mode: _bool = False,
    return_indices: _bool = False,
) -> Any: ...
def maximum(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The larger of two elements; NaN if one of them is."""

def mean(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Arithmetic mean over `dim`, or of all elements; NaN of no elements."""

@overload
def median(input: Tensor) -> Tensor:
    """The median: of the two middle elements the lower one."""

@overload
def median(input: Tensor, dim: _int, keepdim: _bool = False) -> return_types.median: ...
@overload
def median(input: Tensor, *, axis: _int, keepdim: _bool = False) -> return_types.median: ...
@overload
def median(input: Tensor, *, axis: _int, keepdims: _bool) -> return_types.median: ...
@overload
def median(input: Tensor, dim: _int, *, keepdims: _bool) -> return_types.median: ...
def meshgrid(*tensors: Tensor | Sequence[Tensor], indexing: str = "ij") -> tuple[Tensor, ...]:
    """Grids of coordinates: tensor number i of the result varies along dimension i like vector number i."""

@overload
def min(input: Tensor) -> Tensor:
    """Smallest elements, in the three forms of `ag.max`."""

@overload
def min(input: Tensor, other: Tensor) -> Tensor: ...
@overload
def min(input: Tensor, dim: _int, keepdim: _bool = False) -> return_types.min: ...
@overload
def min(input: Tensor, *, axis: _int, keepdim: _bool = False) -> return_types.min: ...
@overload
def min(input: Tensor, *, axis: _int, keepdims: _bool) -> return_types.min: ...
@overload
def min(input: Tensor, dim: _int, *, keepdims: _bool) -> return_types.min: ...
def minimum(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The smaller of two elements; NaN if one of them is."""

def mm(input: Tensor, mat2: Tensor, *, out: Any = None) -> Tensor:
    """The product of two matrices, (n, k) and (k, m); no broadcasting."""

def mode(
    input: Tensor,
    dim: _int = -1,
    keepdim: _bool = False,
    *,
    out: Any = None,
    axis: _int = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """The most frequent element along `dim` (the smallest of several), and the index of its last
    occurrence.
    """

def moveaxis(input: Tensor, source: Dims, destination: Dims) -> Tensor:
    """Dimensions moved from `source` to `destination` (ints, or tuples of equal length); the others keep
    their order.
    """

def movedim(input: Tensor, source: Dims, destination: Dims) -> Tensor:
    """Dimensions moved from `source` to `destination` (ints, or tuples of equal length); the others keep
    their order.
    """

def msort(input: Tensor, *, out: Any = None) -> Tensor:
    """Values sorted along the first dimension."""

def mul(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """`input * other`, element by element; `and` for bools."""

def multinomial(
    input: Tensor,
    num_samples: _int,
    replacement: _bool = False,
    *,
    generator: Generator | None = None,
    out: Any = None,
) -> Tensor:
    """Indices drawn from each row of `input` with probabilities in proportion to its elements."""

def multiply(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """`input * other`, element by element; `and` for bools."""

def mv(input: Tensor, vec: Tensor, *, out: Any = None) -> Tensor:
    """The product of a matrix (n, k) and a vector (k)."""

def mvlgamma(input: Tensor, p: _int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`: ``p (p - 1) / 4 log(pi) + sum
    over j < p of lgamma(input - j / 2)``.
    """

def nan_to_num(
    input: Operand,
    nan: _float | None = None,
    posinf: _float | None = None,
    neginf: _float | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """`input` with NaN and the infinities replaced by numbers."""

def nan_to_num_(
    input: Operand, nan: _float | None = None, posinf: _float | None = None, neginf: _float | None = None
) -> Tensor:
    """In-place `nan_to_num`: `input` with NaN and the infinities replaced by numbers."""

def nanmean(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Mean over `dim` of the elements that are not NaN; NaN where there is none."""

@overload
def nanmedian(input: Tensor) -> Tensor:
    """The median of the elements that are not NaN; see `ag.median`."""

@overload
def nanmedian(input: Tensor, dim: _int, keepdim: _bool = False) -> return_types.nanmedian: ...
@overload
def nanmedian(input: Tensor, *, axis: _int, keepdim: _bool = False) -> return_types.nanmedian: ...
@overload
def nanmedian(input: Tensor, *, axis: _int, keepdims: _bool) -> return_types.nanmedian: ...
@overload
def nanmedian(input: Tensor, dim: _int, *, keepdims: _bool) -> return_types.nanmedian: ...
def nanquantile(
    input: Tensor,
    q: Any,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: str = "linear",
    out: Any = None,
    axis: _int | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """`ag.quantile` of the elements that are not nan."""

def nansum(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Sum over `dim` that counts NaN as zero."""

def narrow(input: Tensor, dim: _int, start: _int, length: _int, *, axis: _int = ...) -> Tensor:
    """`length` entries of dimension `dim` from `start` on."""

def narrow_copy(input: Tensor, dim: _int, start: _int, length: _int) -> Tensor:
    """`narrow`, copied: `length` entries of dimension `dim` from `start` on."""

def ne(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input != other`; also where one of them is NaN."""

def neg(input: Operand, *, out: Any = None) -> Tensor:
    """`-input`, element by element; unsigned integers wrap around."""

def neg_(input: Operand) -> Tensor:
    """In-place `negative`: `-input`, element by element; unsigned integers wrap around."""

def negative(input: Operand, *, out: Any = None) -> Tensor:
    """`-input`, element by element; unsigned integers wrap around."""

def negative_(input: Operand) -> Tensor:
    """In-place `negative`: `-input`, element by element; unsigned integers wrap around."""

def nextafter(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """The next number of the dtype after each element of `input`, towards `other`."""

@overload
def nonzero(input: Tensor, *, as_tuple: Literal[False] = False) -> Tensor:
    """The places of the elements that are not zero: an int64 tensor with one row each; or, with
    ``as_tuple=True``, one vector of indices for each dimension.
    """

@overload
def nonzero(input: Tensor, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
@overload
def nonzero(input: Tensor, *, as_tuple: _bool) -> Any: ...
def norm(
    input: Tensor,
    p: _float | str = "fro",
    dim: Dims | None = None,
    keepdim: _bool = False,
    dtype: DTypeLike | None = None,
    *,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """The p-norm of the elements over `dim`, or of all of them."""

def normal(
    mean: Tensor | _float,
    std: Tensor | _float = 1.0,
    size: Sizes | None = None,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
) -> Tensor:
    """Samples of normal distributions."""

def not_equal(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Where `input != other`; also where one of them is NaN."""

def numel(input: Tensor) -> _int:
    """The number of elements of a tensor."""

def ones(
    *sizes: Sizes,
    size: Sizes | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A tensor of ones; the arguments are those of `ag.zeros`."""

def ones_like(
    input: Tensor,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Ones in the shape of `input`, and with its dtype, device and memory order unless told otherwise."""

def orgqr(A: Tensor, tau: Tensor) -> Tensor:
    """The first n columns of the product of k Householder reflections ``1 - tau[i] v[i] v[i]^H``."""

def outer(input: Tensor, vec2: Tensor, *, out: Any = None) -> Tensor:
    """The matrix of all products of an element of one vector (rows) and one of another (columns)."""

def pairwise_distance(
    x1: Tensor, x2: Tensor, p: _float = 2.0, eps: _float = 1e-06, keepdim: _bool = False
) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` over the last dimension, after broadcasting."""

def pdist(input: Tensor, p: _float = 2) -> Tensor:
    """The p-norms of the differences of each two rows of a matrix (n, k): n (n - 1) / 2 numbers."""

def permute(input: Tensor, *dims: Sizes, **named: Sizes) -> Tensor:
    """The dimensions in another order: dimension i of the result is dimension ``dims[i]`` of the input."""

def permute_copy(input: Tensor, *dims: Sizes, **named: Sizes) -> Tensor:
    """`ag.Tensor.permute`, as a copy instead of a view."""

def pinverse(input: Tensor, rcond: _float = 1e-15) -> Tensor:
    """The pseudoinverse: `ag.linalg.pinv` with ``rtol=rcond``."""

def pixel_shuffle(input: Tensor, upscale_factor: _int) -> Tensor:
    """Channels as pixels: ``(*, c r², h, w)`` to ``(*, c, h r, w r)``."""

def pixel_unshuffle(input: Tensor, downscale_factor: _int) -> Tensor:
    """Pixels as channels: ``(*, c, h r, w r)`` to ``(*, c r², h, w)``; undoes `pixel_shuffle`."""

def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: _bool = True,
    full: _bool = False,
    size_average: _bool | None = None,
    eps: _float = 1e-08,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of counts `target` under Poisson distributions with rate ``exp(input)``, or
    `input`.
    """

def polar(abs: Tensor, angle: Tensor, *, out: Any = None) -> Tensor:
    """The complex numbers with the given distances from zero and angles in radians."""

def polygamma(n: _int, input: Tensor, *, out: Any = None) -> Tensor:
    """The n-th derivative of `digamma`."""

def positive(input: Operand) -> Tensor:
    """`input` itself."""

def pow(input: Operand, exponent: Operand, *, out: Any = None) -> Tensor:
    """`input` to the power of `exponent`, element by element."""

def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """`input` where it is positive, else `weight * input`."""

def printoptions(**options: Any) -> AbstractContextManager[None]:
    """`set_printoptions` for the length of a ``with`` block."""

def prod(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Product over `dim`, or of all elements."""

def put(input: Tensor, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
    """A copy of `input` with the elements of `source` at the places `index`, counted as if `input` had one
    dimension.
    """

def qr(input: Tensor, some: _bool = True, *, out: Any = None) -> Tensor:
    """``input = Q @ R``: `ag.linalg.qr`, reduced if `some`, else complete."""

def quantile(
    input: Tensor,
    q: Any,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: str = "linear",
    out: Any = None,
    axis: _int | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """The `q`-quantiles of the elements along `dim`, or of all elements; nan where there is a nan."""

def rad2deg(input: Operand, *, out: Any = None) -> Tensor:
    """Angles in radians as degrees."""

def rad2deg_(input: Operand) -> Tensor:
    """In-place `rad2deg`: Angles in radians as degrees."""

def rand(
    *sizes: Sizes,
    size: Sizes | None = None,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A tensor of samples that are uniform on [0, 1) (complex: in both parts)."""

def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
) -> Tensor:
    """`rand` in the shape, and by default with the dtype and on the device, of `input`."""

@overload
def randint(
    high: _int,
    size: Sequence[_int],
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A tensor of integers that are uniform on [low, high): ``randint(high, size)`` or ``randint(low,
    high, size)``.
    """

@overload
def randint(
    low: _int,
    high: _int,
    size: Sequence[_int],
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor: ...
def randint_like(
    input: Tensor,
    low: _int = 0,
    high: _int | None = None,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
) -> Tensor:
    """`randint` in the shape, and by default with the dtype and on the device, of `input`."""

def randn(
    *sizes: Sizes,
    size: Sizes | None = None,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A tensor of samples of the standard normal distribution (G."""

def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
) -> Tensor:
    """`randn` in the shape, and by default with the dtype and on the device, of `input`."""

def randperm(
    n: _int,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """The numbers 0 ..."""

def ravel(input: Tensor) -> Tensor:
    """`input` as a contiguous 1-d tensor; a view where possible."""

def real(input: Tensor) -> Tensor:
    """The real parts: a view of a complex tensor, or a real tensor itself."""

def reciprocal(input: Operand, *, out: Any = None) -> Tensor:
    """`1 / input`."""

def reciprocal_(input: Operand) -> Tensor:
    """In-place `reciprocal`: `1 / input`."""

def relu(input: Operand) -> Tensor:
    """`max(input, 0)`; NaN stays NaN."""

def relu_(input: Operand) -> Tensor:
    """In-place `relu`: `max(input, 0)`; NaN stays NaN."""

def remainder(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """Python's ``input % other``, element by element: the result has the sign of `other`."""

def renorm(input: Tensor, p: _float, dim: _int, maxnorm: _float) -> Tensor:
    """`input` with each slice along `dim` scaled down to the p-norm `maxnorm` where its norm is larger."""

def repeat_interleave(
    input: Tensor,
    repeats: Tensor | _int | None = None,
    dim: _int | None = None,
    *,
    output_size: _int | None = None,
    axis: _int | None = ...,
) -> Tensor:
    """Each entry of dimension `dim` (None: of the flattened tensor) `repeats` times in a row."""

def reshape(input: Tensor, *size: Sizes, shape: Sizes | None = None) -> Tensor:
    """The same elements, in row-major order, in another shape: a view where the memory layout allows one,
    else a copy.
    """

def resolve_conj(input: Tensor) -> Tensor:
    """`input` itself: conjugates are computed when they are asked for, never marked lazily."""

def resolve_neg(input: Tensor) -> Tensor:
    """`input` itself: negatives are computed when they are asked for, never marked lazily."""

def result_type(tensor: Operand, other: Operand) -> DType:
    """The dtype of the result of arithmetic on two tensors or numbers."""

def rms_norm(
    input: Tensor, normalized_shape: Sequence[_int], weight: Tensor | None = None, eps: _float | None = None
) -> Tensor:
    """Root-mean-square normalisation (B."""

def roll(input: Tensor, shifts: Dims, dims: Dims | None = None) -> Tensor:
    """A copy with elements moved cyclically by `shifts` along `dims` (ints or tuples); over the flattened
    tensor if there are no `dims`.
    """

def rot90(input: Tensor, k: _int = 1, dims: Sequence[_int] = ...) -> Tensor:
    """Rotated by `k` times 90 degrees in the plane of `dims`, from the first towards the second."""

def round(input: Operand, *, decimals: _int = 0, out: Any = None) -> Tensor:
    """Each element rounded to the nearest integer, halves to the even one."""

def round_(input: Operand, *, decimals: _int = 0) -> Tensor:
    """In-place `round`: Each element rounded to the nearest integer, halves to the even one."""

def row_stack(tensors: Sequence[Tensor], *, out: Any = None) -> Tensor:
    """Joined along rows: dimension 0; vectors are rows."""

def rsqrt(input: Operand, *, out: Any = None) -> Tensor:
    """`1 / sqrt(input)`."""

def rsqrt_(input: Operand) -> Tensor:
    """In-place `rsqrt`: `1 / sqrt(input)`."""

def rsub(input: Operand, other: Operand, *, alpha: Number = 1) -> Tensor:
    """`other - alpha * input`: `sub` with its operands exchanged."""

def scalar_tensor(
    s: Number,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A number as a tensor without dimensions, of the default dtype unless `dtype` says otherwise."""

def scatter(
    input: Tensor,
    dim: _int,
    index: Tensor,
    src: Operand | None = None,
    *,
    value: Operand | None = None,
    reduce: str | None = None,
    out: Any = None,
    axis: _int = ...,
) -> Tensor:
    """A copy of `input` with ``result[i][index[i][j][k]][k] = src[i][j][k]`` (for ``dim=1``)."""

def scatter_add(
    input: Tensor, dim: _int, index: Tensor, src: Operand, *, out: Any = None, axis: _int = ...
) -> Tensor:
    """A copy of `input` with ``result[i][index[i][j][k]][k] += src[i][j][k]`` (for ``dim=1``); repeated
    indices all add.
    """

def scatter_reduce(
    input: Tensor,
    dim: _int,
    index: Tensor,
    src: Tensor,
    reduce: str,
    *,
    include_self: _bool = True,
    out: Any = None,
    axis: _int = ...,
) -> Tensor:
    """A copy of `input` in which the elements of `src` that `index` sends to one place along `dim` are
    combined.
    """

def searchsorted(
    sorted_sequence: Tensor,
    input: Operand,
    *,
    out_int32: _bool = False,
    right: _bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
    out: Any = None,
) -> Tensor:
    """Where each value would have to go in the sorted last dimension of `sorted_sequence` to keep it
    sorted.
    """

def seed() -> _int:
    """Start the default stream with a seed from the operating system, and return that seed."""

def select(input: Tensor, dim: _int, index: _int, *, axis: _int = ...) -> Tensor:
    """Entry `index` of dimension `dim`, which disappears."""

def select_copy(input: Tensor, dim: _int, index: _int, *, axis: _int = ...) -> Tensor:
    """`ag.Tensor.select`, as a copy instead of a view."""

def select_scatter(input: Tensor, src: Tensor, dim: _int, index: _int) -> Tensor:
    """A copy of `input` with `src` as entry `index` of dimension `dim`."""

def selu(input: Tensor) -> Tensor:
    """`elu` with the scales that keep mean 0 and variance 1 from layer to layer."""

def set_default_device(device: DeviceLike) -> None:
    """Set the device of new tensors whose ``device=`` is not given, in this thread; None means the CPU
    again.
    """

def set_printoptions(
    precision: _int | None = None,
    threshold: _float | None = None,
    edgeitems: _int | None = None,
    linewidth: _int | None = None,
    profile: str | None = None,
    sci_mode: _bool | None = None,
) -> None:
    """Change how tensors are printed, in all threads; what is not given stays as it is (but see
    `sci_mode`).
    """

def set_rng_state(new_state: Tensor) -> None:
    """Take the default stream back to a state that `get_rng_state` returned."""

def sgn(input: Operand, *, out: Any = None) -> Tensor:
    """`input / abs(input)`, and 0 at 0: the sign of each element, also of complex ones."""

def sigmoid(input: Operand, *, out: Any = None) -> Tensor:
    """`1 / (1 + exp(-input))`."""

def sigmoid_(input: Operand) -> Tensor:
    """In-place `sigmoid`: `1 / (1 + exp(-input))`."""

def sign(input: Operand, *, out: Any = None) -> Tensor:
    """-1, 0 or 1, as the sign of each element (for complex numbers see `sgn`)."""

def signbit(input: Operand, *, out: Any = None) -> Tensor:
    """Where an element is negative, -0.0 included."""

def sin(input: Operand, *, out: Any = None) -> Tensor:
    """The sine of angles in radians."""

def sin_(input: Operand) -> Tensor:
    """In-place `sin`: The sine of angles in radians."""

def sinc(input: Operand, *, out: Any = None) -> Tensor:
    """`sin(pi * input) / (pi * input)`, and 1 at 0."""

def sinc_(input: Operand) -> Tensor:
    """In-place `sinc`: `sin(pi * input) / (pi * input)`, and 1 at 0."""

def sinh(input: Operand, *, out: Any = None) -> Tensor:
    """The hyperbolic sine."""

def sinh_(input: Operand) -> Tensor:
    """In-place `sinh`: The hyperbolic sine."""

def slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: _int = 0,
    start: _int | None = None,
    end: _int | None = None,
    step: _int = 1,
    *,
    stop: _int | None = None,
) -> Tensor:
    """A copy of `input` with `src` as the entries ``start:end:step`` of dimension `dim`."""

def slogdet(A: Tensor) -> Tensor:
    """The sign of the determinant (complex: a number of size one), and the logarithm of its size."""

def softmax(
    input: Tensor,
    dim: _int | None = None,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: _int | None = ...,
) -> Tensor:
    """``exp(x) / sum(exp(x))`` along `dim`: positive numbers that add up to one."""

def sort(
    input: Tensor,
    dim: _int = -1,
    descending: _bool = False,
    stable: _bool = False,
    *,
    out: Any = None,
    axis: _int = ...,
) -> return_types.sort:
    """Sorted values along `dim` and the indices they came from: a named tuple ``(values, indices)``."""

def split(
    input: Tensor, split_size_or_sections: Dims, dim: _int = 0, *, axis: _int = ...
) -> tuple[Tensor, ...]:
    """Pieces of dimension `dim`, one after the other: of `split_size_or_sections` entries each (the last
    one may be smaller), or of the sizes that it lists.
    """

def split_copy(
    input: Tensor, split_size_or_sections: Dims, dim: _int = 0, *, axis: _int = ...
) -> tuple[Tensor, ...]:
    """`ag.Tensor.split`, as a copy instead of a view."""

def split_with_sizes(
    input: Tensor, split_sizes: Sequence[_int], dim: _int = 0, *, axis: _int = ...
) -> tuple[Tensor, ...]:
    """Pieces of the given `split_sizes` along dimension `dim`."""

def sqrt(input: Operand, *, out: Any = None) -> Tensor:
    """The square root; NaN for negative numbers."""

def sqrt_(input: Operand) -> Tensor:
    """In-place `sqrt`: The square root; NaN for negative numbers."""

def square(input: Operand, *, out: Any = None) -> Tensor:
    """The square of each element; integers stay integers."""

def square_(input: Operand) -> Tensor:
    """In-place `square`: The square of each element; integers stay integers."""

def squeeze(input: Tensor, dim: Dims | None = None, *, axis: Dims | None = ...) -> Tensor:
    """The dimensions `dim` (an int, a tuple, or None for all) dropped where they have size 1; others stay."""

def squeeze_copy(input: Tensor, dim: Dims | None = None, *, axis: Dims | None = ...) -> Tensor:
    """`ag.Tensor.squeeze`, as a copy instead of a view."""

def stack(tensors: Sequence[Tensor], dim: _int = 0, *, out: Any = None, axis: _int = ...) -> Tensor:
    """Tensors of one shape, stacked along a new dimension at place `dim` of the result; dtypes are
    promoted.
    """

def std(
    input: Tensor,
    dim: Dims | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: Number | None = None,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Standard deviation: the square root of `ag.var`, with the same arguments."""

def std_mean(
    input: Tensor,
    dim: Dims | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: Number | None = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> tuple[Tensor, Tensor]:
    """`ag.std` and `ag.mean` over the same dimensions, as a tuple."""

def sub(input: Operand, other: Operand, *, alpha: Number = 1, out: Any = None) -> Tensor:
    """`input - alpha * other`, element by element."""

def subtract(input: Operand, other: Operand, *, alpha: Number = 1, out: Any = None) -> Tensor:
    """`input - alpha * other`, element by element."""

def sum(
    input: Tensor,
    dim: Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: DTypeLike | None = None,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Sum over `dim`, or of all elements."""

def svd(input: Tensor, some: _bool = True, compute_uv: _bool = True, *, out: Any = None) -> Tensor:
    """Singular values: ``input = U @ diag(S) @ V.mH``, a named tuple (U, S, V)."""

def swapaxes(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """Dimensions `dim0` and `dim1` swapped."""

def swapdims(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """Dimensions `dim0` and `dim1` swapped."""

def t(input: Operand) -> Tensor:
    """The transpose of a matrix; vectors and numbers stay as they are."""

def t_copy(input: Operand) -> Tensor:
    """`ag.Tensor.t`, as a copy instead of a view."""

def take(input: Tensor, index: Tensor, *, out: Any = None) -> Tensor:
    """The elements of the flattened `input` at `index`, in the shape of `index`; negative ones count from
    the end.
    """

def take_along_dim(
    input: Tensor, indices: Tensor, dim: _int | None = None, *, out: Any = None, axis: _int | None = ...
) -> Tensor:
    """Like `gather`, but `input` and `indices` broadcast in the other dimensions; without `dim`, from the
    flattened tensor.
    """

def tan(input: Operand, *, out: Any = None) -> Tensor:
    """The tangent of angles in radians."""

def tan_(input: Operand) -> Tensor:
    """In-place `tan`: The tangent of angles in radians."""

def tanh(input: Operand, *, out: Any = None) -> Tensor:
    """The hyperbolic tangent."""

def tanh_(input: Operand) -> Tensor:
    """In-place `tanh`: The hyperbolic tangent."""

def tensor(
    data: Any,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A new tensor with a copy of `data`."""

def tensor_split(
    input: Tensor, indices_or_sections: Tensor | Dims, dim: _int = 0, *, axis: _int = ...
) -> tuple[Tensor, ...]:
    """Pieces along `dim`: that many of nearly equal size, the larger ones first; or cut at the listed
    indices.
    """

def tensordot(a: Tensor, b: Tensor, dims: Dims = 2, *, out: Any = None) -> Tensor:
    """Sums of products over dimensions of `a` and `b`."""

def threshold(input: Tensor, threshold: _float, value: _float) -> Tensor:
    """`input` where it is above `threshold`, else `value`."""

def tile(input: Tensor, *dims: Sizes) -> Tensor:
    """Like `repeat`, but fewer repeats than dimensions are allowed: missing ones, in front, are 1."""

def topk(
    input: Tensor,
    k: _int,
    dim: _int = -1,
    largest: _bool = True,
    sorted: _bool = True,
    *,
    out: Any = None,
    axis: _int = ...,
) -> return_types.topk:
    """The `k` largest (or smallest) elements along `dim`, in order, and their indices: a named tuple
    ``(values, indices)``.
    """

def trace(input: Operand) -> Tensor:
    """The sum of the elements on the diagonal of a matrix."""

def transpose(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """Dimensions `dim0` and `dim1` swapped."""

def transpose_copy(input: Tensor, dim0: _int, dim1: _int) -> Tensor:
    """`ag.Tensor.transpose`, as a copy instead of a view."""

def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: _int = -1) -> Tensor:
    """The integral of samples `y` along `dim` by the trapezoidal rule."""

def trapz(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: _int = -1) -> Tensor:
    """The integral of samples `y` along `dim` by the trapezoidal rule."""

def triangular_solve(
    b: Tensor,
    A: Tensor,
    upper: _bool = True,
    transpose: _bool = False,
    unitriangular: _bool = False,
    *,
    out: Any = None,
) -> Tensor:
    """The solution of ``A @ X = b`` for a triangle `A`: a named tuple (solution, a copy of A)."""

def tril(input: Tensor, diagonal: _int = 0, *, out: Any = None) -> Tensor:
    """The lower triangles of matrices, zeros above; `diagonal` > 0 keeps that many diagonals more."""

def tril_indices(
    row: _int, col: _int, offset: _int = 0, *, dtype: DTypeLike = ..., device: DeviceLike = "cpu"
) -> Tensor:
    """The places of the lower triangle of a (row, col) matrix: rows and columns as an integer tensor of
    shape (2, count).
    """

def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: _float = 1.0,
    p: _float = 2,
    eps: _float = 1e-06,
    swap: _bool = False,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, d(anchor, positive) - d(anchor, negative) + margin)`` with the distance
    `ag.pairwise_distance`.
    """

def triu(input: Tensor, diagonal: _int = 0, *, out: Any = None) -> Tensor:
    """The upper triangles of matrices, zeros below; `diagonal` > 0 leaves that many diagonals out."""

def triu_indices(
    row: _int, col: _int, offset: _int = 0, *, dtype: DTypeLike = ..., device: DeviceLike = "cpu"
) -> Tensor:
    """The places of the upper triangle of a (row, col) matrix: rows and columns as an integer tensor of
    shape (2, count).
    """

def true_divide(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """`input / other`, element by element: `div` without a rounding mode."""

def trunc(input: Operand, *, out: Any = None) -> Tensor:
    """Each element rounded towards zero."""

def trunc_(input: Operand) -> Tensor:
    """In-place `fix`: Each element rounded towards zero."""

def unbind(input: Tensor, dim: _int = 0, *, axis: _int = ...) -> tuple[Tensor, ...]:
    """The entries of dimension `dim`, which disappears, as a tuple."""

def unbind_copy(input: Tensor, dim: _int = 0, *, axis: _int = ...) -> tuple[Tensor, ...]:
    """`ag.Tensor.unbind`, as a copy instead of a view."""

def unflatten(input: Tensor, dim: _int, sizes: Sizes) -> Tensor:
    """Dimension `dim` split into `sizes` (one may be -1)."""

def unfold_copy(input: Tensor, dim: _int, size: _int, step: _int) -> Tensor:
    """`ag.Tensor.unfold`, as a copy instead of a view."""

@overload
def unique(
    input: Tensor,
    sorted: _bool = True,
    return_inverse: Literal[False] = False,
    return_counts: Literal[False] = False,
    dim: _int | None = None,
) -> Tensor:
    """The distinct elements, or slices along `dim`, in ascending order."""

@overload
def unique(
    input: Tensor,
    sorted: _bool = True,
    return_inverse: _bool = False,
    return_counts: _bool = False,
    dim: _int | None = None,
) -> Any: ...
def unique_consecutive(
    input: Tensor, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
) -> Tensor:
    """The elements (or slices along `dim`) that differ from the one before."""

def unravel_index(indices: Tensor, shape: _int | Sequence[_int]) -> tuple[Tensor, ...]:
    """The places in a tensor of `shape` that indices into its elements in order stand for, one tensor per
    dimension.
    """

def unsafe_chunk(input: Tensor, chunks: _int, dim: _int = 0, *, axis: _int = ...) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of equal size along `dim` (the last one may be smaller)."""

def unsafe_split(
    input: Tensor, split_size_or_sections: Dims, dim: _int = 0, *, axis: _int = ...
) -> tuple[Tensor, ...]:
    """Pieces of dimension `dim`, one after the other: of `split_size_or_sections` entries each (the last
    one may be smaller), or of the sizes that it lists.
    """

def unsqueeze(input: Tensor, dim: _int, *, axis: _int = ...) -> Tensor:
    """A new dimension of size 1 at place `dim` of the result."""

def unsqueeze_copy(input: Tensor, dim: _int, *, axis: _int = ...) -> Tensor:
    """`ag.Tensor.unsqueeze`, as a copy instead of a view."""

def vander(x: Tensor, N: _int | None = None, increasing: _bool = False) -> Tensor:
    """The powers of each element of a vector as columns, N - 1 first unless `increasing`, as in NumPy."""

def var(
    input: Tensor,
    dim: Dims | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: Number | None = None,
    out: Any = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> Tensor:
    """Variance over `dim`, or of all elements: ``sum(|x - mean|^2) / (n - correction)``, in two passes."""

def var_mean(
    input: Tensor,
    dim: Dims | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: Number | None = None,
    axis: Dims | None = ...,
    keepdims: _bool = ...,
) -> tuple[Tensor, Tensor]:
    """`ag.var` and `ag.mean` over the same dimensions, as a tuple."""

def vdot(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """The sum of ``conj(input) * other`` for two vectors."""

def view_as_complex(input: Tensor) -> Tensor:
    """A view of a float32 or float64 tensor whose last dimension has size 2 (and stride 1) as complex
    numbers.
    """

def view_as_real(input: Tensor) -> Tensor:
    """A view of a complex tensor as real numbers, with a last dimension for real and imaginary part."""

def view_copy(
    input: Tensor,
    *sizes: Sizes,
    size: Sizes | None = None,
    shape: Sizes | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """`ag.Tensor.view`, as a copy instead of a view."""

def vsplit(input: Tensor, indices_or_sections: Tensor | Dims) -> tuple[Tensor, ...]:
    """`tensor_split` along rows: dimension 0; a number of sections must divide it."""

def vstack(tensors: Sequence[Tensor], *, out: Any = None) -> Tensor:
    """Joined along rows: dimension 0; vectors are rows."""

@overload
def where(condition: Tensor) -> tuple[Tensor, ...]:
    """`input` where `condition` is true, `other` elsewhere."""

@overload
def where(condition: Tensor, input: Operand, other: Operand) -> Tensor: ...
def xlogy(input: Operand, other: Operand, *, out: Any = None) -> Tensor:
    """`input * log(other)`, and 0 where `input` is 0 (NaN where `other` is NaN)."""

def xlogy_(input: Operand, other: Operand) -> Tensor:
    """In-place `xlogy`: `input * log(other)`, and 0 where `input` is 0 (NaN where `other` is NaN)."""

def zeros(
    *sizes: Sizes,
    size: Sizes | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """A tensor of zeros; its size is given as ``zeros(2, 3)``, ``zeros((2, 3))`` or ``zeros(size=(2,
    3))``.
    """

def zeros_like(
    input: Tensor,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike | None = None,
    requires_grad: _bool = False,
    pin_memory: _bool = False,
) -> Tensor:
    """Zeros in the shape of `input`, and with its dtype, device and memory order unless told otherwise."""
