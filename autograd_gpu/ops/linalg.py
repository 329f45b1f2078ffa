"""Products of matrices and vectors. `matmul` sends the common cases to ops of their own (mm, mv, dot), whose
derivatives are one line each; batches and broadcasting are the general op's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core import modes
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import expose_inplace
from autograd_gpu.core.op import TensorNamespace, expose, op
from autograd_gpu.ops.arguments import canonical_dim, check_tensor
from autograd_gpu.ops.shape import Shape, common_shape, expand, integers, permute, reshape

#: what PyTorch calls the dtypes in the message about operands of different ones
CPP_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short", "int32": "int",
    "int64": "long int", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float",
    "float64": "double", "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


def check_operands(function: str, *tensors: Any) -> None:
    """Products take tensors of one dtype, and not bool. (Active interceptors, autocast among them, come
    first.)"""
    first = tensors[0]
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            check_tensor(tensor, function, ("input", "other", "bias")[position], position + 1)
        if (
            tensor._type is not first._type
            and tensor._type.dtype is not first._type.dtype
            and not modes.intercepting
        ):
            names = [CPP_NAMES[each._type.dtype.name] for each in (first, tensor)]
            raise RuntimeError(
                f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}\n  in "
                f"{function}(); convert one "
                f"with .to(dtype){errors.here()}"
            )
    if first._type.dtype is dtypes.bool_:
        raise NotImplementedError(f"\"{function}\" not implemented for 'Bool'{errors.here()}")


def _rows(F: Any, x: Any) -> Any:
    """A stack of matrices or vectors as one matrix."""
    return x if x.ndim == 2 else F.reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


def _times(g: Any, factor: Any) -> Any:
    return g if factor == 1 else g * factor


def _cannot_be_multiplied(a: Sequence[int], b: Sequence[int]) -> RuntimeError:
    return RuntimeError(
        f"mat1 and mat2 shapes cannot be multiplied ({math.prod(a[:-1])}x{a[-1]} and "
        f"{b[0]}x{math.prod(b[1:])})"
    )


# -- two dimensions and less ---------------------------------------------------------------------------------


@op("bilinear")
def mm(F: Any, input: Any, mat2: Any) -> Any:
    """The product of two matrices, (n, k) and (k, m); no broadcasting.

    Raises:
        RuntimeError: the operands are not matrices, do not fit, or have different dtypes.

    >>> ag.mm(ag.tensor([[1.0, 2.0]]), ag.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    return F.matmul(input, mat2)


mm.rule(input=lambda F, g, mat2: F.matmul(g, F.mT(mat2)), mat2=lambda F, g, input: F.matmul(F.mT(input), g))


@op("bilinear")
def mv(F: Any, input: Any, vec: Any) -> Any:
    """The product of a matrix (n, k) and a vector (k).

    >>> ag.mv(ag.tensor([[1.0, 2.0]]), ag.tensor([3.0, 4.0]))
    tensor([11.])
    """
    return F.matmul(input, vec)


mv.rule(input=lambda F, g, vec: F.outer(g, vec), vec=lambda F, g, input: F.matmul(F.mT(input), g))


@op("bilinear")
def dot(F: Any, input: Any, tensor: Any) -> Any:
    """The product of two vectors of the same length: the sum of their elements' products. Nothing is
    conjugated.

    >>> ag.dot(ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0]))
    tensor(11.)
    """
    return F.dot(input, tensor)


dot.rule(input=lambda F, g, tensor: g * tensor, tensor=lambda F, g, input: g * input)


@op("bilinear", promote="common", grad_name="MulBackward0")
def outer(F: Any, input: Any, vec2: Any) -> Any:
    """The matrix of all products of an element of one vector (rows) and one of another (columns).

    >>> ag.outer(ag.tensor([1, 2]), ag.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    return F.outer(input, vec2)


outer.rule(input=lambda F, g, vec2: F.matmul(g, vec2), vec2=lambda F, g, input: F.matmul(F.mT(g), input))


def _explain_mm(tensors: Sequence[Tensor], params: dict[str, Any]) -> None:
    raise _cannot_be_multiplied(tensors[0]._array.shape, tensors[1]._array.shape)


def _explain_mv(tensors: Sequence[Tensor], params: dict[str, Any]) -> None:
    matrix, vector = tensors[0]._array.shape, tensors[1]._array.shape
    raise RuntimeError(
        f"size mismatch, got input ({matrix[0]}), mat ({matrix[0]}x{matrix[1]}), vec ({vector[0]})"
    )


def _explain_dot(tensors: Sequence[Tensor], params: dict[str, Any]) -> None:
    a, b = (tensor._array.shape[0] for tensor in tensors)
    raise RuntimeError(
        f"inconsistent tensor size, expected tensor [{a}] and src [{b}] to have the same number of elements, "
        f"but got {a} and "
        f"{b} elements respectively"
    )


mm.explain_error, mv.explain_error, dot.explain_error = _explain_mm, _explain_mv, _explain_dot


@mm.surface
def _mm(input: Tensor, mat2: Tensor) -> Tensor:
    check_operands("mm", input, mat2)
    if input._array.ndim != 2:
        raise RuntimeError(
            f"self must be a matrix\n  in mm(): it has {input._array.ndim} dimensions{errors.here()}"
        )
    if mat2._array.ndim != 2:
        raise RuntimeError(
            f"mat2 must be a matrix\n  in mm(): it has {mat2._array.ndim} dimensions{errors.here()}"
        )
    result: Tensor = mm.apply(input, mat2)
    return result


@mv.surface
def _mv(input: Tensor, vec: Tensor) -> Tensor:
    check_operands("mv", input, vec)
    if input._array.ndim != 2 or vec._array.ndim != 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got 1, {input._array.ndim}, {vec._array.ndim}{errors.here()}"
        )
    result: Tensor = mv.apply(input, vec)
    return result


@dot.surface
def _dot(input: Tensor, tensor: Tensor) -> Tensor:
    check_tensor(input, "dot")
    check_tensor(tensor, "dot", "tensor", 2)
    if input._array.ndim != 1 or tensor._array.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input._array.ndim}D and {tensor._array.ndim}D "
            f"tensors{errors.here()}"
        )
    if input._type.dtype is not tensor._type.dtype and not modes.intercepting:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{input._type.dtype.scalar_name} and {tensor._type.dtype.scalar_name}{errors.here()}"
        )
    check_operands("dot", input, tensor)
    result: Tensor = dot.apply(input, tensor)
    return result


@outer.surface
def _outer(input: Tensor, vec2: Tensor) -> Tensor:
    check_tensor(input, "outer")
    check_tensor(vec2, "outer", "vec2", 2)
    for name, tensor in (("self", input), ("vec2", vec2)):
        if tensor._array.ndim != 1:
            raise RuntimeError(
                f"outer: Expected 1-D argument {name}, but got {tensor._array.ndim}-D{errors.here()}"
            )
    result: Tensor = outer.apply(input, vec2)
    return result


_mm.__doc__, _mv.__doc__, _dot.__doc__, _outer.__doc__ = mm.__doc__, mv.__doc__, dot.__doc__, outer.__doc__


# -- batches -------------------------------------------------------------------------------------------------


@op("bilinear", grad_name="UnsafeViewBackward0")
def matmul(F: Any, input: Any, other: Any) -> Any:
    """The matrix product, ``input @ other``. Vectors count as a row on the left and as a column on the right,
    and that dimension is dropped from the result; dimensions before the last two are batches, which
    broadcast.

    Raises:
        RuntimeError: shapes that do not fit, a 0-d operand, or different dtypes.

    >>> (ag.ones(5, 2, 3) @ ag.ones(3, 4)).shape
    ag.Size([5, 2, 4])
    """
    return F.matmul(input, other)


def _matmul_input(F: Any, g: Any, input_like: Any, other: Any) -> Any:
    if other.ndim == 1:
        return g[..., None] * other
    if input_like.ndim == 1:
        return F.matmul(other, g[..., None])[..., 0]
    return F.matmul(g, F.mT(other))


def _matmul_other(F: Any, g: Any, input: Any, other_like: Any) -> Any:
    if input.ndim == 1 and other_like.ndim == 1:
        return g * input
    if input.ndim == 1:
        return input[:, None] * g[..., None, :]
    if other_like.ndim == 1:
        return F.matmul(F.mT(_rows(F, input)), F.reshape(g, shape=(math.prod(g.shape),)))
    if other_like.ndim == 2:  # one product that sums over the batches, too
        return F.matmul(F.mT(_rows(F, input)), _rows(F, g))
    return F.matmul(F.mT(input), g)


matmul.rule(input=_matmul_input, other=_matmul_other)


def _explain_matmul(tensors: Sequence[Tensor], params: dict[str, Any]) -> None:
    a, b = (tensor._array.shape for tensor in tensors)
    if len(b) == 1:
        rows = math.prod(a[:-1])
        raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{a[-1]}), vec ({b[0]})")
    if len(b) == 2 or len(a) == 1:
        raise _cannot_be_multiplied(a if len(a) > 1 else (1, *a), b[-2:])
    batch = common_shape([_Shaped(a[:-2]), _Shaped(b[:-2])])  # type: ignore[list-item]
    count = math.prod(batch)
    raise RuntimeError(
        f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {a[-1]}] but got: "
        f"[{count}, {b[-2]}]."
    )


class _Shaped:
    """Just enough of a tensor for `common_shape`."""

    def __init__(self, shape: Shape) -> None:
        self._array = self
        self.shape = shape


matmul.explain_error = _explain_matmul


@matmul.surface
def _matmul(input: Tensor, other: Tensor) -> Tensor:
    check_operands("matmul", input, other)
    rank, other_rank = input._array.ndim, other._array.ndim
    result: Tensor
    if rank == 2 and other_rank == 2:
        result = mm.apply(input, other)
    elif rank == 0 or other_rank == 0:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {rank}D and "
            f"{other_rank}D{errors.here()}"
        )
    elif other_rank == 1 and rank <= 2 and not modes.intercepting:  # autocast treats mv and dot otherwise
        result = mv.apply(input, other) if rank == 2 else dot.apply(input, other)
    else:
        result = matmul.apply(input, other)
    return result


_matmul.__doc__ = matmul.__doc__


@op("bilinear")
def bmm(F: Any, input: Any, mat2: Any) -> Any:
    """The products of two stacks of matrices, (b, n, k) and (b, k, m); no broadcasting.

    >>> ag.bmm(ag.ones(5, 2, 3), ag.ones(5, 3, 4)).shape
    ag.Size([5, 2, 4])
    """
    return F.matmul(input, mat2)


bmm.rule(input=lambda F, g, mat2: F.matmul(g, F.mT(mat2)), mat2=lambda F, g, input: F.matmul(F.mT(input), g))


@bmm.surface
def _bmm(input: Tensor, mat2: Tensor) -> Tensor:
    check_operands("bmm", input, mat2)
    a, b = input._array.shape, mat2._array.shape
    for name, shape in (("batch1", a), ("batch2", b)):
        if len(shape) != 3:
            raise RuntimeError(
                f"{name} must be a 3D tensor\n  in bmm(): it has shape {list(shape)}{errors.here()}"
            )
    if (a[0], a[2]) != b[:2]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] but got: "
            f"[{b[0]}, {b[1]}]."
            f"\n  in bmm(){errors.here()}"
        )
    result: Tensor = bmm.apply(input, mat2)
    return result


_bmm.__doc__ = bmm.__doc__

expose(mm, "mm")
expose(mv, "mv")
expose(dot, "dot")
expose(outer, "outer", "ger")
expose(matmul, "matmul")
expose(bmm, "bmm")


# -- linear layers -------------------------------------------------------------------------------------------


@op("general", grad_name="AddmmBackward0")
def linear(F: Any, input: Any, weight: Any, bias: Any) -> Any:
    """``input @ weight.T + bias``: a layer's outputs (..., n) from inputs (..., k), weights (n, k) and
    optional biases (n).

    Raises:
        RuntimeError: shapes that do not fit, or different dtypes.

    >>> ag.nn.functional.linear(ag.ones(2, 3), ag.ones(4, 3), ag.zeros(4)).shape
    ag.Size([2, 4])
    """
    out = F.matmul(input, F.mT(weight))
    out += bias
    return out


def _linear_weight(F: Any, g: Any, input: Any) -> Any:
    return F.matmul(F.mT(_rows(F, g)), _rows(F, input))


linear.rule(
    input=lambda F, g, weight: F.matmul(g, weight),
    weight=_linear_weight,
    bias=lambda F, g: g,
)


@op("bilinear", grad_name="MmBackward0")
def linear_unbiased(F: Any, input: Any, weight: Any) -> Any:
    """``input @ weight.T``."""
    return F.matmul(input, F.mT(weight))


linear_unbiased.rule(input=lambda F, g, weight: F.matmul(g, weight), weight=_linear_weight)


def _explain_linear(tensors: Sequence[Tensor], params: dict[str, Any]) -> None:
    shape, weight = tensors[0]._array.shape, tensors[1]._array.shape
    if shape[-1] != weight[1]:
        raise _cannot_be_multiplied(shape, (weight[1], weight[0]))
    if len(tensors) > 2:
        expand(tensors[2], (*shape[:-1], weight[0]))


linear.explain_error = linear_unbiased.explain_error = _explain_linear


@linear.surface
def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if bias is None:
        check_operands("linear", input, weight)
    else:
        check_operands("linear", input, weight, bias)
    rank, weights = input._array.ndim, weight._array.ndim
    if rank == 0 or weights == 0:
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {rank}D and "
            f"{weights}D{errors.here()}"
        )
    result: Tensor
    if weights != 2:
        if weights > 2:
            raise RuntimeError(
                f"linear(): weight must have 1 or 2 dimensions, got shape {list(weight.shape)}{errors.here()}"
            )
        result = _matmul(input, weight)
        return result if bias is None else result + bias
    if bias is None:
        return linear_unbiased.apply(input, weight)  # type: ignore[no-any-return]
    if bias._array.ndim > 1:
        bias = expand(bias, (*input._array.shape[:-1], weight._array.shape[0]))
    result = linear.apply(input, weight, bias)
    return result


_linear.__doc__ = linear.__doc__


# -- with something added ------------------------------------------------------------------------------------


@op("general")
def addmm(F: Any, input: Any, mat1: Any, mat2: Any, *, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * (mat1 @ mat2)``; `input` broadcasts to the product. With ``beta=0`` it is not
    read (nan stays out).

    >>> ag.addmm(ag.ones(2), ag.ones(2, 3), ag.ones(3, 2), alpha=2)
    tensor([[7., 7.],
            [7., 7.]])
    """
    out = F.matmul(mat1, mat2)
    if alpha != 1:
        out *= F.scalar(alpha, out.dtype)
    if beta:
        out += input if beta == 1 else input * F.scalar(beta, out.dtype)
    return out


addmm.rule(
    input=lambda F, g, *, beta: _times(g, beta),
    mat1=lambda F, g, mat2, *, alpha: _times(F.matmul(g, F.mT(mat2)), alpha),
    mat2=lambda F, g, mat1, *, alpha: _times(F.matmul(F.mT(mat1), g), alpha),
)


def _check_sum(function: str, input: Tensor, first: Tensor, beta: Any, alpha: Any) -> None:
    if input._type.dtype is not first._type.dtype and not modes.intercepting:
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {input._type.dtype.scalar_name} and "
            f"{first._type.dtype.scalar_name}\n  in {function}(){errors.here()}"
        )
    if not input._type.differentiable:
        for name, factor in (("beta", beta), ("alpha", alpha)):
            if isinstance(factor, float):
                raise RuntimeError(
                    f"For integral input tensors, argument {name} must not be a floating point "
                    f"number.{errors.here()}"
                )


@addmm.surface
def _addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    check_operands("addmm", mat1, mat2)
    check_tensor(input, "addmm")
    _check_sum("addmm", input, mat1, beta, alpha)
    a, b = mat1._array.shape, mat2._array.shape
    for name, shape in (("mat1", a), ("mat2", b)):
        if len(shape) != 2:
            raise RuntimeError(f"{name} must be a matrix, got {len(shape)}-D tensor{errors.here()}")
    if a[1] != b[0]:
        raise RuntimeError(f"{_cannot_be_multiplied(a, b)}\n  in addmm(){errors.here()}")
    if input._array.shape != (a[0], b[1]):
        input = expand(input, (a[0], b[1]))
    result: Tensor = addmm.apply(input, mat1, mat2, beta=beta, alpha=alpha)
    return result


_addmm.__doc__ = addmm.__doc__


def _added(function: str, input: Tensor, product: Tensor, beta: Any, alpha: Any) -> Tensor:
    check_tensor(input, function)
    _check_sum(function, input, product, beta, alpha)
    if alpha != 1:
        product = product * alpha
    input = expand(input, product._array.shape)
    if not beta:
        return product
    return (input if beta == 1 else input * beta) + product


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)`` for a matrix and a vector."""
    return _added("addmv", input, _mv(mat, vec), beta, alpha)


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``."""
    return _added("addr", input, _outer(vec1, vec2), beta, alpha)


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2)``."""
    return _added("baddbmm", input, _bmm(batch1, batch2), beta, alpha)


def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * sum of the products in the batch``: one product of (n, b k) and (b k, m).

    >>> ag.addbmm(ag.zeros(1, 1), ag.ones(4, 1, 2), ag.ones(4, 2, 1))
    tensor([[8.]])
    """
    check_operands("addbmm", batch1, batch2)
    a, b = batch1._array.shape, batch2._array.shape
    for name, shape in (("batch1", a), ("batch2", b)):
        if len(shape) != 3:
            raise RuntimeError(
                f"{name} must be a 3D tensor\n  in addbmm(): it has shape {list(shape)}{errors.here()}"
            )
    if (a[0], a[2]) != b[:2]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] but got: "
            f"[{b[0]}, {b[1]}]."
            f"\n  in addbmm(){errors.here()}"
        )
    left = reshape(permute.apply(batch1, dims=(1, 0, 2)), (a[1], a[0] * a[2]))
    return _added("addbmm", input, mm.apply(left, reshape(batch2, (b[0] * b[1], b[2]))), beta, alpha)


for _function in (addmm, addmv, addr, baddbmm, addbmm):
    expose(_function, _function.__name__)
for _function in (_addmm, addmv, addr, baddbmm, addbmm):
    expose_inplace(_function, _function.__name__.lstrip("_") + "_")


# -- more products -------------------------------------------------------------------------------------------


def inner(input: Tensor, other: Tensor) -> Tensor:
    """Sums of products over the last dimensions of both: the dot product of vectors, and in general a tensor
    of shape ``input.shape[:-1] + other.shape[:-1]``. A number is a factor.

    >>> ag.inner(ag.ones(2, 3), ag.ones(4, 3)).shape
    ag.Size([2, 4])
    """
    check_tensor(input, "inner")
    check_tensor(other, "inner", "other", 2)
    a, b = input._array.shape, other._array.shape
    if not a or not b:
        return input * other
    if a[-1] != b[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(a)} and {list(b)}{errors.here()}"
        )
    if len(a) == len(b) == 1:
        result: Tensor = _dot(input, other)
        return result
    return tensordot(input, other, dims=((len(a) - 1,), (len(b) - 1,)))


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Sums of products over dimensions of `a` and `b`.

    Args:
        dims: a number n: the last n of `a` and the first n of `b`; or two lists of dimensions that belong
        together.

    >>> ag.tensordot(ag.ones(2, 3, 4), ag.ones(4, 3, 5), dims=([1, 2], [1, 0])).shape
    ag.Size([2, 5])
    """
    check_operands("tensordot", a, b)
    rank, other_rank = a._array.ndim, b._array.ndim
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}{errors.here()}")
        if dims > min(rank, other_rank):
            raise RuntimeError(
                f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}, ndim_a={rank}, "
                f"ndim_b={other_rank}"
                f"{errors.here()}"
            )
        left, right = tuple(range(rank - dims, rank)), tuple(range(dims))
    else:
        left = tuple(canonical_dim(dim, rank) for dim in integers((dims[0],), "tensordot", "dims"))
        right = tuple(canonical_dim(dim, other_rank) for dim in integers((dims[1],), "tensordot", "dims"))
    if len(left) != len(right):
        raise RuntimeError(f"both dimension lists should have same length{errors.here()}")
    for first, second in zip(left, right, strict=True):
        sizes = a._array.shape[first], b._array.shape[second]
        if sizes[0] != sizes[1] and 1 in sizes:  # a dimension of size one broadcasts: the other one is summed
            if sizes[0] == 1:
                b = b.sum(second, True, dtype=b._type.dtype)
            else:
                a = a.sum(first, True, dtype=a._type.dtype)
            continue
        if sizes[0] != sizes[1]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {sizes[0]} in dim {first} and "
                "second has size "
                f"{sizes[1]} in dim {second}{errors.here()}"
            )
    rows = [dim for dim in range(rank) if dim not in left]
    columns = [dim for dim in range(other_rank) if dim not in right]
    row_sizes = tuple(a._array.shape[dim] for dim in rows)
    column_sizes = tuple(b._array.shape[dim] for dim in columns)
    width = math.prod(a._array.shape[dim] for dim in left)
    first_matrix = reshape(permute.apply(a, dims=(*rows, *left)), (math.prod(row_sizes), width))
    second_matrix = reshape(permute.apply(b, dims=(*right, *columns)), (width, math.prod(column_sizes)))
    return reshape(mm.apply(first_matrix, second_matrix), row_sizes + column_sizes)


def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: `input` with each element replaced by its product with `other`.

    >>> ag.kron(ag.tensor([1, 10]), ag.tensor([1, 2]))
    tensor([ 1,  2, 10, 20])
    """
    check_tensor(input, "kron")
    check_tensor(other, "kron", "other", 2)
    rank = max(input._array.ndim, other._array.ndim)
    a = (1,) * (rank - input._array.ndim) + input._array.shape
    b = (1,) * (rank - other._array.ndim) + other._array.shape
    left = reshape(input, tuple(extent for size in a for extent in (size, 1)))
    right = reshape(other, tuple(extent for size in b for extent in (1, size)))
    return reshape(left * right, tuple(m * n for m, n in zip(a, b, strict=True)))


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of two or more matrices in the order of multiplication that takes the fewest operations
    (Cormen et al., Introduction to Algorithms, 15.2). The first and the last may be vectors.

    >>> ag.chain_matmul(ag.ones(2, 3), ag.ones(3, 4), ag.ones(4))
    tensor([12., 12.])
    """
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}{errors.here()}")
    check_operands("multi_dot", *tensors)
    members = list(tensors)
    row, column = members[0]._array.ndim == 1, members[-1]._array.ndim == 1
    if row:
        members[0] = reshape(members[0], (1, members[0]._array.size))
    if column:
        members[-1] = reshape(members[-1], (members[-1]._array.size, 1))
    for position, member in enumerate(members):
        if member._array.ndim != 2:
            raise RuntimeError(
                f"multi_dot(): tensor {position} must be 2D but got "
                f"{tensors[position]._array.ndim}D{errors.here()}"
            )
    for position in range(len(members) - 1):
        if members[position]._array.shape[1] != members[position + 1]._array.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {position} and {position + 1} with shapes "
                f"{list(tensors[position]._array.shape)} and "
                f"{list(tensors[position + 1]._array.shape)} cannot be multiplied{errors.here()}"
            )
    product = _best_order(members)
    shape = product._array.shape
    if row or column:
        product = reshape(product, shape[int(row) : 2 - int(column)])
    return product


def _best_order(members: list[Tensor]) -> Tensor:
    sizes = [members[0]._array.shape[0], *(member._array.shape[1] for member in members)]
    count = len(members)
    cost = {(i, i): 0 for i in range(count)}
    cut: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            cost[first, last], cut[first, last] = min(
                (cost[first, k] + cost[k + 1, last] + sizes[first] * sizes[k + 1] * sizes[last + 1], k)
                for k in range(first, last)
            )
    # Products in order of length, so that no product waits for another (and nothing recurses).
    wanted = [(0, count - 1)]
    for first, last in wanted:
        if first < last:
            wanted += [(first, cut[first, last]), (cut[first, last] + 1, last)]
    done: dict[tuple[int, int], Tensor] = {(i, i): member for i, member in enumerate(members)}
    for first, last in reversed(wanted):
        if first < last:
            middle = cut[first, last]
            done[first, last] = mm.apply(done[first, middle], done[middle + 1, last])
    return done[0, count - 1]


def chain_matmul(*matrices: Any) -> Tensor:
    """The product of matrices in the cheapest order; a single one is returned as it is."""
    if len(matrices) == 1 and isinstance(matrices[0], (tuple, list)):
        matrices = tuple(matrices[0])
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


@op("linear", out="infer")
def trace(F: Any, input: Any) -> Any:
    """The sum of the elements on the diagonal of a matrix.

    >>> ag.trace(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return F.sum(F.diagonal(input, 0, 0, 1), dim=0)


trace.rule(
    input=lambda F, g, input_like: F.diagonal_backward(
        F.expand(g, shape=(min(input_like.shape),)), shape=input_like.shape, offset=0, dim1=0, dim2=1
    )
)


@op("bilinear", promote="common")
def linalg_cross(F: Any, input: Any, other: Any, *, dim: Any) -> Any:
    """The cross product of the vectors of length 3 along dimension `dim`; the other dimensions broadcast.

    >>> ag.cross(ag.tensor([1, 0, 0]), ag.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    dims: Callable[[int], tuple[int]] = lambda ndim: (ndim + dim,)  # noqa: E731 - the operands may differ in rank
    a1, a2 = (F.roll(input, (shift,), dims(input.ndim)) for shift in (-1, -2))
    b1, b2 = (F.roll(other, (shift,), dims(other.ndim)) for shift in (-1, -2))
    return a1 * b2 - a2 * b1


linalg_cross.rule(
    input=lambda F, g, other, *, dim: F.linalg_cross(other, g, dim=dim),
    other=lambda F, g, input, *, dim: F.linalg_cross(g, input, dim=dim),
)


@linalg_cross.surface
def _linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    check_tensor(input, "linalg.cross")
    check_tensor(other, "linalg.cross", "other", 2)
    rank = input._array.ndim
    if rank != other._array.ndim:
        raise RuntimeError(f"linalg.cross: inputs must have the same number of dimensions.{errors.here()}")
    place = canonical_dim(dim, rank)
    if rank == 0 or input._array.shape[place] != 3 or other._array.shape[place] != 3:
        sizes = [tensor._array.shape[place] if rank else 1 for tensor in (input, other)]
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {sizes[0]} and "
            f"{sizes[1]}{errors.here()}"
        )
    if input._type.dtype is other._type.dtype is dtypes.bool_:
        raise NotImplementedError(f"\"cross\" not implemented for 'Bool'{errors.here()}")
    common_shape((input, other))
    result: Tensor = linalg_cross.apply(input, other, dim=place - rank)
    return result


_linalg_cross.__doc__ = linalg_cross.__doc__


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross product along `dim`; without it, along the first dimension of size 3."""
    check_tensor(input, "cross")
    if dim is None:
        found = [axis for axis, extent in enumerate(input._array.shape) if extent == 3]
        if not found:
            raise RuntimeError(f"no dimension of size 3 in input{errors.here()}")
        dim = found[0]
    result: Tensor = _linalg_cross(input, other, dim=dim)
    return result


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``result[..., o] = sum over i, j of input1[..., i] weight[o, i, j] input2[..., j]``, plus `bias` (o).

    >>> ag.nn.functional.bilinear(ag.ones(2, 3), ag.ones(2, 4), ag.ones(5, 3, 4)).shape
    ag.Size([2, 5])
    """
    check_operands("bilinear", input1, input2, weight)
    a, b, w = input1._array.shape, input2._array.shape, weight._array.shape
    if len(a) != len(b) or len(w) != 3:
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {len(a)} and {len(b)}, and a weight of shape "
            f"{list(w)}"
            f"{errors.here()}"
        )
    for axis, (m, n) in enumerate(zip(a[:-1], b[:-1], strict=True)):
        if m != n:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {axis}: got {m} and "
                f"{n}{errors.here()}"
            )
    for name, given, expected in (("input1", a[-1], w[1]), ("input2", b[-1], w[2])):
        if given != expected:
            raise RuntimeError(
                f"bilinear(): {name} size does not match weight size: got {given} but expected "
                f"{expected}{errors.here()}"
            )
    count = math.prod(a[:-1])
    first, second = reshape(input1, (count, a[-1])), reshape(input2, (count, b[-1]))
    # (n, i) @ (i, o j) -> (n, o, j), and that times (n, j, 1)
    flat = reshape(permute.apply(weight, dims=(1, 0, 2)), (w[1], w[0] * w[2]))
    halfway = reshape(mm.apply(first, flat), (count, w[0], w[2]))
    result = reshape(bmm.apply(halfway, reshape(second, (count, b[-1], 1))), (*a[:-1], w[0]))
    return result if bias is None else result + bias


expose(inner, "inner")
expose(tensordot, "tensordot", method=False)
expose(kron, "kron")
expose(chain_matmul, "chain_matmul", method=False)
expose(trace, "trace")
expose(cross, "cross")

TensorNamespace.tensordot = staticmethod(tensordot)  # type: ignore[attr-defined]
