"""How each array primitive computes with a hidden batch dimension.

A rule gets the batch, the primitive's name and its arguments by name (arrays are `BatchedArray`s), and returns batched
results, or `NO_RULE` where a case is not covered: then the primitive runs example by example, with one warning.
Dimensions count from 0 behind the hidden one, so they move up by one; negative ones are right as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NoReturn

from autograd_gpu import dtypes, errors
from autograd_gpu.core.call import REGISTRY, replay
from autograd_gpu.core.op import Op
from autograd_gpu.device import cpu_namespace
from autograd_gpu.func.batched import (
    Array,
    Batch,
    BatchedArray,
    BatchedNamespace,
    aligned,
    broadcast,
    copy_for,
    elementwise,
    grown,
    inside,
    is_array,
    joint,
    lifted,
    loop,
    warn_slow,
)  # fmt: skip

NO_RULE: Any = object()

Rule = Callable[..., Any]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    def put(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return put


def method(plain: Any, name: str) -> Callable[..., Any]:
    """The primitive `name` as a method of `BatchedNamespace`s whose memory, innermost, is that of the namespace `plain`."""
    getattr(plain, name)  # an unknown name is an AttributeError here
    if name in ("empty", "full", "ones", "zeros"):  # what is written into them may vary
        return lambda self, shape, *arguments, **params: BatchedArray(
            getattr(self.base, name)((self.batch.size, *shape), *arguments, **params), self.batch
        )
    if name in ("arange", "eye", "from_host", "linspace"):
        return lambda self, *arguments, **params: lifted(
            self.batch, getattr(self.base, name)(*arguments, **params)
        )
    if name in SAMPLERS:
        return lambda self, *arguments, **params: _sampled(
            self.batch, getattr(self.base, name), *arguments, **params
        )
    if name == "random_permutation":
        return lambda self, *arguments, **params: _shuffled(self.batch, self.base, *arguments, **params)
    if name in DYNAMIC:
        return partial(_refused, name)
    record = REGISTRY.get(name)
    special = RULES.get(name)
    if special is None and (
        name in ELEMENTWISE or (record is not None and record.kind == "elementwise" and name not in RANDOM)
    ):
        return _pointwise(name)
    if special is None:
        # (A device may have a kernel for what others compute from primitives.)
        body = _body(record, getattr(cpu_namespace, name, None), name)
        if body is not None:
            return lambda self, *arguments, **params: body(self, *arguments, **params)
    positional, variadic = _parameters(plain, name)

    def call(self: BatchedNamespace, *arguments: Any, **params: Any) -> Any:
        batch = self.batch
        if special is not None:
            named = dict(params)
            if variadic is None or len(arguments) <= len(positional):
                named.update(zip(positional, arguments, strict=False))
            else:
                named.update(zip(positional, arguments[: len(positional)], strict=True))
                named[variadic] = arguments[len(positional) :]
            for key, value in named.items():
                named[key] = _batched(batch, value)
            if hasattr(named.get("x"), "item") and not is_array(named["x"]):  # a constant
                named["x"] = self.asarray(named["x"])
            result = special(batch, name, **named)
            if result is not NO_RULE:
                return result
            warn_slow(name)
        elif any(is_array(a) or isinstance(a, (tuple, list)) for a in (*arguments, *params.values())):
            warn_slow(name)
        return loop(
            batch, name, lambda *a, **k: getattr(_namespace(self, a), name)(*a, **k), arguments, params
        )

    return call


def _refused(name: str, *arguments: Any, **params: Any) -> NoReturn:
    raise RuntimeError(
        f"vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over {name}."
        f"{errors.here()}"
    )


def _pointwise(name: str) -> Callable[..., Any]:
    def call(self: BatchedNamespace, *arrays: Any, **params: Any) -> Any:
        keys = [key for key, value in params.items() if is_array(value)] if params else []
        operands = (*arrays, *(params[key] for key in keys)) if keys else arrays
        batch, values, where = broadcast(self.batch, operands)
        if where is None:  # numbers only
            return getattr(self.base, name)(*arrays, **params)
        if keys:
            params.update(zip(keys, values[len(arrays) :], strict=True))
        return BatchedArray(getattr(where, name)(*values[: len(arrays)], **params), batch)

    return call


def _body(record: Op | None, primitive: Any, name: str) -> Callable[..., Any] | None:
    """What computes a primitive in terms of others: then theirs are the rules that count."""
    if isinstance(primitive, partial) and name not in LOOPED:
        return primitive.func
    return record.body if record is not None and (name in BODIES or record.fused) else None


def _namespace(namespace: BatchedNamespace, arguments: tuple[Any, ...]) -> Any:
    flat = [m for a in arguments for m in (a if isinstance(a, (tuple, list)) else (a,)) if is_array(m)]
    return joint(flat) if flat else namespace.base


def _batched(batch: Batch, value: Any) -> Any:
    if is_array(value):
        return lifted(batch, value)
    if isinstance(value, (tuple, list)) and value and all(is_array(member) for member in value):
        return type(value)(lifted(batch, member) for member in value)
    return value


@cache
def _parameters(namespace: Any, name: str) -> tuple[list[str], str | None]:
    """Names of the parameters of a primitive that may be given by position, and of a variadic one; what is first is
    called x."""
    try:
        parameters = inspect.signature(getattr(namespace, name)).parameters.values()
    except ValueError:
        return [], None
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if names and names[0] in ("input", "grad", "g"):
        names[0] = "x"
    return names, next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)


#: ops whose body says what the primitive does
BODIES = frozenset(("batch_norm_statistics",))

#: ops whose body looks at values
LOOPED = frozenset(("histc",))

#: broadcasting functions that are no elementwise op of the table
ELEMENTWISE = frozenset((
    "alias", "cast", "clone", "complex", "conj", "contiguous", "copy", "empty_like", "full_like", "imag",
    "ones_like", "positive", "real", "to_device", "view_as_real", "where", "zeros_like", "view_dtype",
))  # fmt: skip

#: primitives whose results' shapes depend on values
DYNAMIC = frozenset(("distinct", "masked_select", "nonzero", "unique"))

#: ops that draw random numbers; `vmap` decides whether these differ between examples
RANDOM = frozenset((
    "alpha_dropout_shift", "bernoulli_samples", "native_dropout", "normal_samples", "random_fill",
))  # fmt: skip

#: primitives that take a shape first, and draw
SAMPLERS = frozenset(("dropout_mask", "random_integers", "random_normal", "random_uniform"))


def _sampled(batch: Batch, target: Callable[..., Any], shape: Any, *arguments: Any, **params: Any) -> Any:
    if batch.randomness == "same":
        return lifted(batch, target(shape, *arguments, **params))
    return BatchedArray(target((batch.size, *shape), *arguments, **params), batch)


def _shuffled(batch: Batch, base: Any, n: int, seed: int, offset: int) -> Any:
    if batch.randomness == "same":
        return lifted(batch, base.random_permutation(n, seed, offset))
    keys = base.random_uniform((batch.size, n), seed, offset, dtypes.float64.numpy)
    return BatchedArray(base.argsort(keys, dim=1), batch)


def wrapped(batch: Batch, value: Any) -> Any:
    """Results as batched arrays."""
    if isinstance(value, (tuple, list)):
        return type(value)(wrapped(batch, member) for member in value)
    return BatchedArray(value, batch)


def along(dim: int) -> int:
    """A dimension of an example as one of the array inside."""
    return dim + 1 if dim >= 0 else dim


def up(dim: Any) -> Any:
    """Dimensions of an example as dimensions of the array inside."""
    if isinstance(dim, (tuple, list)):
        return tuple(up(d) for d in dim)
    return along(dim)


def run(name: str, *values: Array, **params: Any) -> Any:
    """The primitive on what is inside."""
    return getattr(joint(values), name)(*values, **params)


# -- reductions and everything else along dimensions ---------------------------------------------------------------------


@rule(
    "sum",
    "mean",
    "prod",
    "nansum",
    "amax",
    "amin",
    "any",
    "all",
    "count_nonzero",
    "var",
    "std",
    "logsumexp",
    "vector_norm",
)
def _reduce(
    batch: Batch, name: str, x: BatchedArray, dim: Any = None, keepdim: Any = None, **params: Any
) -> Any:
    value = x.value
    if keepdim is not None:
        params["keepdim"] = keepdim
    if not x.ndim:
        result = run(name, inside(value).unsqueeze(value, 1), dim=(1,) if dim is None or isinstance(dim, tuple) else 1,
                     **{**params, **({"keepdim": False} if keepdim is not None else {})})  # fmt: skip
        return wrapped(batch, result)
    if dim == () and name in ("any", "all"):
        return elementwise(batch, lambda value: value != 0, [x])
    if dim is None or dim == ():
        dim = tuple(range(x.ndim))
    return wrapped(batch, run(name, value, dim=up(dim), **params))


@rule("frexp")
def _each_element(batch: Batch, name: str, x: BatchedArray) -> Any:
    return wrapped(batch, run(name, x.value))


@rule("argmax", "argmin")
def _argument(batch: Batch, name: str, x: BatchedArray, dim: int | None = None, keepdim: bool = False) -> Any:
    value = x.value
    if dim is not None and x.ndim:
        return wrapped(batch, run(name, value, dim=up(dim), keepdim=keepdim))
    found = run(name, inside(value).reshape(value, (value.shape[0], -1)), dim=1)
    return wrapped(batch, inside(found).reshape(found, (value.shape[0], *((1,) * x.ndim if keepdim else ()))))


@rule(
    "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "sort", "argsort", "topk", "kthvalue", "max_with_index",
    "min_with_index", "median_with_index", "softmax", "log_softmax", "flip", "roll", "select", "narrow", "unfold", "split",
    "split_with_sizes", "unbind", "squeeze",
)  # fmt: skip
def _along(batch: Batch, name: str, x: BatchedArray, **params: Any) -> Any:
    key = "dims" if "dims" in params else "dim"
    dim = params.get(key)
    if name in ("sort", "argsort", "topk") and dim is None:
        dim = -1
    if name == "squeeze" and dim is None:
        dim = tuple(d for d, extent in enumerate(x.shape) if extent == 1)
    if not x.ndim:
        if name in ("flip", "squeeze", "roll"):
            return x
        if name == "unfold":
            return x[None]
        if name in ("select", "narrow", "split", "split_with_sizes", "unbind"):
            return NO_RULE
        found = run(name, inside(x.value).unsqueeze(x.value, 1), **{**params, key: 1})
        if isinstance(found, tuple):
            return tuple(wrapped(batch, inside(each).reshape(each, x.value.shape)) for each in found)
        return wrapped(batch, inside(found).reshape(found, x.value.shape))
    if dim is None and name == "roll":
        rows = inside(x.value).reshape(x.value, (x.value.shape[0], -1))
        found = run(name, rows, params["shifts"], 1)
        return wrapped(batch, inside(found).reshape(found, x.value.shape))
    if dim is None:
        return NO_RULE
    if name == "squeeze" and dim == ():
        return x
    return wrapped(batch, run(name, x.value, **{**params, key: up(dim)}))


@rule("softmax_backward", "log_softmax_backward")
def _along_both(batch: Batch, name: str, x: BatchedArray, *, dim: int | None, **other: BatchedArray) -> Any:
    (result,) = other.values()
    first, second = grown(batch, x), grown(batch, result)
    if dim is None or not x.ndim:
        space = inside(first)
        lifted = run(name, space.unsqueeze(first, 1), space.unsqueeze(second, 1), dim=1)
        return wrapped(batch, lifted.reshape(first.shape))
    return wrapped(batch, run(name, first, second, dim=up(dim)))


@rule("track_statistics")
def _track_statistics(
    batch: Batch,
    name: str,
    running_mean: Any,
    running_var: Any,
    mean: Any,
    var: Any,
    *,
    momentum: float,
    unbiased: float,
) -> None:
    for running, value in ((running_mean, mean), (running_var, var * unbiased)):
        if running is not None and running.value.shape[0] == 1 and value.value.shape[0] != 1:
            raise RuntimeError(
                "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in "
                "place, were not batched.\nIf you are using a module and do not need eval mode, please set "
                "`track_running_stats` to be False, or use ag.func.replace_all_batch_norm_modules_."
                f"{errors.here()}"
            )
        if running is not None:
            running *= 1 - momentum
            running += (value * momentum).reshape(running.shape)


@rule("searchsorted")
def _searchsorted(
    batch: Batch, name: str, boundaries: BatchedArray, values: BatchedArray, right: bool = False
) -> Any:
    edges = same(boundaries)
    if edges is not None and boundaries.ndim == 1:
        return wrapped(batch, run(name, edges, values.value, right=right))
    rows, sought = grown(batch, boundaries), grown(batch, values)
    if boundaries.ndim == 1:
        sought = inside(sought).reshape(sought, (batch.size, values.size))
    found = run(name, rows, sought, right=right)
    return wrapped(batch, inside(found).reshape(found, (batch.size, *values.shape)))


@rule("as_strided")
def _as_strided(batch: Batch, name: str, x: BatchedArray, shape: Any, strides: Any, offset: int = 0) -> Any:
    memory = inside(x.value).contiguous(x.value)
    return wrapped(batch, run(name, memory, (memory.shape[0], *shape), (memory.shape[1], *strides), offset))


@rule("copy_values")
def _copy_values(batch: Batch, name: str, x: BatchedArray, src: BatchedArray) -> Any:
    return src.namespace.cast(src.namespace.expand(src, x.shape), x.dtype)


@rule("stack_parts")
def _stack_parts(batch: Batch, name: str, **parts: BatchedArray) -> Any:
    return wrapped(batch, run(name, *(grown(batch, part) for part in parts.values())))


@rule("unsqueeze")
def _unsqueeze(batch: Batch, name: str, x: BatchedArray, dim: int) -> Any:
    return wrapped(batch, run(name, x.value, up(dim)))


@rule("transpose")
def _transpose(batch: Batch, name: str, x: BatchedArray, dim0: int, dim1: int) -> Any:
    return x if not x.ndim else wrapped(batch, run(name, x.value, up(dim0), up(dim1)))


@rule("diagonal", "diag_embed")
def _diagonal(
    batch: Batch,
    name: str,
    x: BatchedArray,
    offset: int = 0,
    dim1: int | None = None,
    dim2: int | None = None,
) -> Any:
    first, second = (0, 1) if name == "diagonal" else (-2, -1)
    dims = {"dim1": up(first if dim1 is None else dim1), "dim2": up(second if dim2 is None else dim2)}
    return wrapped(batch, run(name, x.value, offset=offset, **dims))


@rule(
    "diagonal_backward",
    "unfold_backward",
    "slice_backward",
    "pad_backward",
)
def _scattered(batch: Batch, name: str, x: BatchedArray, *, shape: Any, **params: Any) -> Any:
    if name == "unfold_backward" and not shape:
        return x[0]
    if name == "slice_backward":
        key = params["key"]
        params["key"] = (slice(None), *(key if isinstance(key, tuple) else (key,)))
    else:
        params = {k: up(v) if k.startswith("dim") else v for k, v in params.items()}
    return wrapped(batch, run(name, x.value, shape=(x.value.shape[0], *shape), **params))


@rule("permute")
def _permute(batch: Batch, name: str, x: BatchedArray, dims: Any) -> Any:
    return wrapped(batch, run(name, x.value, (0, *(d % x.ndim + 1 for d in dims))))


@rule("t")
def _t(batch: Batch, name: str, x: BatchedArray) -> Any:
    return x if x.ndim < 2 else wrapped(batch, run("transpose", x.value, 1, 2))


@rule("mT")
def _mt(batch: Batch, name: str, x: BatchedArray) -> Any:
    return wrapped(batch, run("transpose", x.value, -2, -1))


@rule("trace")
def _trace(batch: Batch, name: str, x: BatchedArray) -> Any:
    return wrapped(batch, run("sum", run("diagonal", x.value, 0, 1, 2), dim=1))


@rule("tril", "triu", "view_as_complex")
def _last_dimensions(batch: Batch, name: str, x: BatchedArray, **params: Any) -> Any:
    return wrapped(batch, run(name, x.value, **params))


@rule("max_all", "min_all")
def _extreme(batch: Batch, name: str, x: BatchedArray) -> Any:
    return (
        wrapped(batch, run("amax" if name == "max_all" else "amin", x.value, dim=tuple(range(1, x.ndim + 1))))
        if x.ndim
        else x
    )


@rule("linalg_cross")
def _cross(batch: Batch, name: str, x: BatchedArray, other: BatchedArray, dim: int) -> Any:
    return wrapped(batch, run(name, *aligned([x, other]), dim=up(dim)))


@rule(
    "cholesky", "cofactor", "det", "eig", "eigh", "fft_c2c", "fft_c2r", "fft_r2c", "inv", "lu_factor", "matrix_exp",
    "permutation_of", "qr", "slogdet", "solve", "solve_triangular", "svd", "svdvals",
)  # fmt: skip
def _matrices(batch: Batch, name: str, **named: Any) -> Any:
    """Functions of the last dimensions, or of dimensions counted from the end, which broadcast over the others."""
    arrays = [value for value in named.values() if isinstance(value, BatchedArray)]
    params = {key: value for key, value in named.items() if not isinstance(value, BatchedArray)}
    return wrapped(batch, run(name, *aligned(arrays), **params))


@rule("repeat_interleave")
def _repeat_interleave(batch: Batch, name: str, x: BatchedArray, repeats: Any, dim: int | None = None) -> Any:
    if not isinstance(repeats, int) or dim is None or not x.ndim:
        return NO_RULE
    return wrapped(batch, run(name, x.value, repeats, up(dim)))


# -- shapes --------------------------------------------------------------------------------------------------------------


@rule("reshape", "view", "reshape_copy")
def _reshape(batch: Batch, name: str, x: BatchedArray, shape: Any) -> Any:
    return wrapped(batch, run(name, x.value, shape=(x.value.shape[0], *shape)))


@rule("expand")
def _expand(batch: Batch, name: str, x: BatchedArray, shape: Any) -> Any:
    value = x.value
    padded = (value.shape[0], *(1,) * (len(shape) - x.ndim), *x.shape)
    goal = tuple(old if new == -1 else new for old, new in zip(padded[1:], shape, strict=True))
    return wrapped(batch, run(name, inside(value).reshape(value, padded), (value.shape[0], *goal)))


@rule("sum_to")
def _sum_to(batch: Batch, name: str, x: BatchedArray, shape: Any) -> Any:
    value = x.value
    extra = x.ndim - len(shape)
    dims = tuple(range(1, extra + 1))
    dims += tuple(d + 1 for d in range(extra, x.ndim) if shape[d - extra] == 1 and x.shape[d] != 1)
    if not dims:
        return x
    summed = run("sum", value, dim=dims, keepdim=True)
    return wrapped(batch, inside(summed).reshape(summed, (value.shape[0], *shape)))


@rule("tile", "repeat")
def _repeat(batch: Batch, name: str, x: BatchedArray, **params: Any) -> Any:
    key, repeats = next(iter(params.items()))
    value = x.value
    if len(repeats) < x.ndim:
        return NO_RULE
    value = inside(value).reshape(value, (value.shape[0], *(1,) * (len(repeats) - x.ndim), *x.shape))
    return wrapped(batch, run(name, value, **{key: (1, *repeats)}))


@rule("pad")
def _pad(batch: Batch, name: str, x: BatchedArray, **params: Any) -> Any:
    return wrapped(batch, run(name, x.value, **params))


@rule("cat", "stack", "cat_inputs", "stack_inputs")
def _join(batch: Batch, name: str, dim: int = 0, **members: Any) -> Any:
    arrays = [lifted(batch, member) for member in next(iter(members.values()))]
    alike = all(array.value.shape[0] == 1 for array in arrays)
    values = [array.value if alike else grown(batch, array) for array in arrays]
    return wrapped(batch, getattr(joint(values), name.removesuffix("_inputs"))(values, dim=up(dim)))


def same(array: BatchedArray) -> Array | None:
    """What is inside without the hidden dimension, if nothing varies."""
    return inside(array.value).select(array.value, 0, 0) if array.value.shape[0] == 1 else None


# -- parts of arrays that are written to ---------------------------------------------------------------------------------


@rule("copy_slices")
def _copy_slices(batch: Batch, name: str, base: BatchedArray, values: BatchedArray, steps: Any) -> Any:
    result = copy_for(base, values)
    replay(result.namespace, result, steps)[...] = values
    return result


# -- products ------------------------------------------------------------------------------------------------------------


@rule("matmul", "mm", "bmm", "mv", "dot")
def _matmul(batch: Batch, name: str, **operands: Any) -> Any:
    first, second = operands.values()
    return product(batch, first, second)


def product(batch: Batch, first: BatchedArray, second: BatchedArray) -> Any:
    """matmul, example by example."""
    a, b = first.value, second.value
    if b.shape[0] == 1 and a.shape[0] != 1 and second.ndim == 2 and first.ndim:
        # The same matrix for all: one large product.
        return wrapped(batch, run("matmul", a, inside(b).select(b, 0, 0)))
    if first.ndim == 1:
        a = inside(a).unsqueeze(a, 1)
    if second.ndim == 1:
        b = inside(b).unsqueeze(b, 2)
    a, b = aligned([BatchedArray(a, batch), BatchedArray(b, batch)])
    # (An outer product for each example, as weights' gradients are, is no work for a matrix product.)
    result = run("matmul" if a.shape[-1] != 1 or b.shape[-2] != 1 else "mul", a, b)
    if second.ndim == 1:
        result = run("select", result, len(result.shape) - 1, 0)
    if first.ndim == 1:
        result = run("select", result, len(result.shape) - (1 if second.ndim == 1 else 2), 0)
    return wrapped(batch, result)


@rule("outer")
def _outer(batch: Batch, name: str, **operands: Any) -> Any:
    first, second = (operand.value for operand in operands.values())
    a, b = inside(first).unsqueeze(first, 2), inside(second).unsqueeze(second, 1)
    return wrapped(batch, run("mul", a, b))


@rule("linear_unbiased", "linear")
def _linear(
    batch: Batch, name: str, x: BatchedArray, weight: BatchedArray, bias: BatchedArray | None = None
) -> Any:
    result = product(
        batch, x, wrapped(batch, run("transpose", weight.value, 1, 2)) if weight.ndim == 2 else weight
    )
    return result if bias is None else result + bias


@rule("addmm")
def _addmm(
    batch: Batch, name: str, x: BatchedArray, mat1: BatchedArray, mat2: BatchedArray, beta: Any, alpha: Any
) -> Any:
    result = product(batch, mat1, mat2)
    if alpha != 1:
        result = result * alpha
    return result if beta == 0 else result + (x if beta == 1 else x * beta)


# -- losses --------------------------------------------------------------------------------------------------------------


@rule(
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div",
)  # fmt: skip
def _loss(
    batch: Batch, name: str, x: BatchedArray, target: BatchedArray, reduction: str, **params: Any
) -> Any:
    # A weight of positive targets has a name on one device and is one of any number of arrays on another.
    weight = params.pop("pos_weight", None)
    if weight is None:
        weight = next(iter(params.pop("more", ())), None)
    if reduction not in ("none", "mean", "sum"):
        return NO_RULE
    operands = [x, target] if weight is None else [x, target, weight]
    losses = wrapped(batch, run(name, *aligned(operands), reduction="none", **params))
    return losses if reduction == "none" else _reduce(batch, reduction, losses, None, False)


# -- convolution and pooling ---------------------------------------------------------------------------------------------


def folded(value: Array) -> Array:
    """The hidden dimension and the first one of the example as one."""
    return inside(value).reshape(value, (value.shape[0] * value.shape[1], *value.shape[2:]))


def unfolded(value: Array, size: int) -> Array:
    """The inverse of `folded`."""
    return inside(value).reshape(value, (size, value.shape[0] // size, *value.shape[1:]))


def _channels(value: Array) -> Array:
    """(batch, N, C, ...) as (N, batch * C, ...)."""
    moved = inside(value).transpose(value, 0, 1)
    return inside(moved).reshape(moved, (moved.shape[0], moved.shape[1] * moved.shape[2], *moved.shape[3:]))


def _unchannels(value: Array, size: int) -> Array:
    """The inverse of `_channels`."""
    split = inside(value).reshape(value, (value.shape[0], size, value.shape[1] // size, *value.shape[2:]))
    return inside(split).transpose(split, 0, 1)


@rule("convolution")
def _convolution(
    batch: Batch,
    name: str,
    x: BatchedArray,
    weight: BatchedArray,
    bias: BatchedArray | None = None,
    *,
    groups: int,
    **params: Any,
) -> Any:
    spatial = x.ndim - 2
    kernels = same(weight)
    if kernels is not None:
        size = x.value.shape[0]
        result = wrapped(
            batch, unfolded(run(name, folded(x.value), kernels, None, groups=groups, **params), size)
        )
    else:
        size = batch.size
        value = run(
            name, _channels(grown(batch, x)), folded(weight.value), None, groups=groups * size, **params
        )
        result = wrapped(batch, _unchannels(value, size))
    if bias is None:
        return result
    return result + bias.reshape(bias.shape[0], *(1,) * spatial)


@rule("convolution_input")
def _convolution_input(
    batch: Batch,
    name: str,
    x: BatchedArray,
    weight: BatchedArray,
    *,
    input_shape: Any,
    groups: int,
    **params: Any,
) -> Any:
    kernels = same(weight)
    if kernels is not None:
        size = x.value.shape[0]
        shape = (size * input_shape[0], *input_shape[1:])
        value = run(name, folded(x.value), kernels, input_shape=shape, groups=groups, **params)
        return wrapped(batch, unfolded(value, size))
    size = batch.size
    shape = (input_shape[0], size * input_shape[1], *input_shape[2:])
    value = run(
        name,
        _channels(grown(batch, x)),
        folded(weight.value),
        input_shape=shape,
        groups=groups * size,
        **params,
    )
    return wrapped(batch, _unchannels(value, size))


@rule("convolution_weight")
def _convolution_weight(
    batch: Batch,
    name: str,
    x: BatchedArray,
    input: BatchedArray,
    *,
    weight_shape: Any,
    groups: int,
    **params: Any,
) -> Any:
    size = batch.size
    shape = (size * weight_shape[0], *weight_shape[1:])
    gradient, given = _channels(grown(batch, x)), _channels(grown(batch, input))
    return wrapped(
        batch, unfolded(run(name, gradient, given, weight_shape=shape, groups=groups * size, **params), size)
    )


@rule("average_pool", "adaptive_average_pool", "max_pool", "adaptive_max_pool")
def _pool(batch: Batch, name: str, x: BatchedArray, **params: Any) -> Any:
    size = x.value.shape[0]
    result = run(name, folded(x.value), **params)
    if isinstance(result, tuple):
        return tuple(wrapped(batch, unfolded(value, size)) for value in result)
    return wrapped(batch, unfolded(result, size))


@rule("average_pool_backward", "adaptive_average_pool_backward", "max_pool_backward")
def _pool_backward(
    batch: Batch, name: str, x: BatchedArray, indices: Any = None, *, input_shape: Any, **params: Any
) -> Any:
    values = [x.value] if indices is None else [grown(batch, x), grown(batch, indices)]
    size = values[0].shape[0]
    shape = (size * input_shape[0], *input_shape[1:])
    return wrapped(batch, unfolded(run(name, *map(folded, values), input_shape=shape, **params), size))


# -- random numbers ------------------------------------------------------------------------------------------------------


@rule("native_dropout", "alpha_dropout_shift")
def _dropout(batch: Batch, name: str, x: BatchedArray, *, mask_shape: Any, **params: Any) -> Any:
    if x.ndim != len(mask_shape):
        return NO_RULE
    leading = 1 if batch.randomness == "same" else batch.size
    return wrapped(batch, run(name, grown(batch, x), mask_shape=(leading, *mask_shape), **params))
