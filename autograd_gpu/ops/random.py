"""Random numbers: tensors of samples, and sampling in place. As a module it is also `ag.random`.

How a generator works is written in `ops/generators.py`. Every call below draws once, whatever its size.
Uniforms, integers, masks and permutations are the same to the last bit on all devices; normals agree to
rounding.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.inplace import inplace
from autograd_gpu.core.op import expose, op
from autograd_gpu.device import ArrayType
from autograd_gpu.device.checks import extremes
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.creation import finish, target_type
from autograd_gpu.ops.distributions import sample
from autograd_gpu.ops.generators import (
    Generator,
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
    the_generator,
    varied,
)
from autograd_gpu.ops.shape import integers

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


# Samples do not depend on what was in the tensor before: the gradient of that is zero.
@op("elementwise", grad_name="RandomBackward0")
def random_fill(F: Any, input: Any, *, distribution: str, numbers: Any, seed: int, offset: int) -> Any:
    """Samples in place of the elements of `input`."""
    return sample(F, input.shape, input.dtype, distribution, numbers, seed, offset)


random_fill.rule(input=lambda F, g: F.zeros_like(g))


def fill(input: Tensor, generator: Any, name: str, distribution: str, *numbers: Any) -> Tensor:
    """Overwrite `input` with samples of a distribution; what all the in-place functions do."""
    with the_generator(name, generator).draw() as (seed, offset):
        return inplace(
            random_fill, input, distribution=distribution, numbers=numbers, seed=seed, offset=offset
        )


def _new(
    name: str,
    shape: tuple[int, ...],
    type: ArrayType,
    generator: Any,
    requires_grad: bool,
    pin_memory: bool,
    distribution: str,
    *numbers: Any,
) -> Tensor:
    if any(size < 0 for size in shape):
        negative = next(size for size in shape if size < 0)
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {negative}: {list(shape)}{errors.here()}"
        )
    if requires_grad and not type.differentiable:
        raise RuntimeError(
            f"Only Tensors of floating point and complex dtype can require gradients, not "
            f"{type.dtype.name}{errors.here()}"
        )
    type = varied(type)
    with the_generator(name, generator).draw() as (seed, offset):
        F = type.namespace
        array = F.run(sample, F, shape, type.numpy, distribution, numbers, seed, offset)
    return finish(wrap(array, type), requires_grad, pin_memory)


def _require_floating(kernel: str, name: str, type: ArrayType, complex_too: bool = True) -> None:
    if not type.dtype.is_floating_point and not (complex_too and type.is_complex):
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{type.dtype.scalar_name}'\n  in {name}: dtype must be "
            f"floating point, "
            f"not {type.dtype.name}; for integers use randint{errors.here()}"
        )


def _size(name: str, sizes: tuple[Any, ...], size: Any) -> tuple[int, ...]:
    if size is not None:
        sizes = (size,)
    elif not sizes:
        raise TypeError(
            f"{name}() received an invalid combination of arguments: argument 'size' is "
            f"missing{errors.here()}"
        )
    return integers(sizes, name)


# -- tensors of samples --------------------------------------------------------------------------------------


def rand(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of samples that are uniform on [0, 1) (complex: in both parts).

    Args:
        sizes: the shape, as ``rand(2, 3)``, ``rand((2, 3))`` or ``rand(size=(2, 3))``.
        generator: the stream to draw from. Default: the default one.
        dtype: floating point or complex. Default: the default dtype.
        device: where the tensor goes. Default: the default device.
        requires_grad: whether backward should fill its ``.grad``.
        pin_memory: put it into page-locked main memory (needs CUDA).

    Raises:
        RuntimeError: a negative size.
        NotImplementedError: an integer dtype.

    >>> generator = ag.manual_seed(0)
    >>> ag.rand(2, 3)
    tensor([[0.3990, 0.8805, 0.7357],
            [0.6055, 0.9722, 0.3621]])
    """
    shape = _size("rand", sizes, size)
    type = target_type(dtype, device)
    _require_floating("check_uniform_bounds", "rand", type)
    return _new("rand", shape, type, generator, requires_grad, pin_memory, "uniform", 0.0, 1.0)


def randn(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of samples of the standard normal distribution (G. E. P. Box, M. E. Muller, 1958); arguments
    as for `rand`.

    Complex samples have variance 1: 1/2 in each part.

    >>> generator = ag.manual_seed(0)
    >>> ag.randn(3)
    tensor([ 0.9911, -0.9247, -0.6176])
    """
    shape = _size("randn", sizes, size)
    type = target_type(dtype, device)
    _require_floating("normal_kernel_cpu", "randn", type)
    return _new("randn", shape, type, generator, requires_grad, pin_memory, "normal", 0.0, 1.0)


def randint(
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of integers that are uniform on [low, high): ``randint(high, size)`` or ``randint(low, high,
    size)``.

    Args:
        low, high: the bounds; `high` is excluded.
        size: the shape, a tuple.
        dtype: default int64; a floating dtype holds whole numbers.
        generator, device, requires_grad, pin_memory: as for `rand`.

    Raises:
        RuntimeError: no integer in the range, or bounds that the dtype does not hold.

    >>> generator = ag.manual_seed(0)
    >>> ag.randint(10, (5,))
    tensor([8, 6, 3, 0, 3])
    """
    if size is None:
        if isinstance(high, (tuple, list)):
            low, high, size = 0, low, high
        else:
            raise TypeError(f"randint() missing 1 required argument: 'size', a tuple of ints{errors.here()}")
    elif high is None:
        low, high = 0, low
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            f"randint(): argument 'size' must be tuple of ints, not {size.__class__.__name__}{errors.here()}"
        )
    shape = integers((size,), "randint")
    type = target_type(dtype, device, dtypes.int64)
    return _randint("randint", low, high, shape, type, generator, requires_grad, pin_memory)


def _randint(
    name: str,
    low: Any,
    high: Any,
    shape: Any,
    type: ArrayType,
    generator: Any,
    requires_grad: bool,
    pin_memory: bool,
) -> Tensor:
    first, end = _integer(name, "low", low), _integer(name, "high", high)
    _check_range(name, first, end, type)
    return _new(name, shape, type, generator, requires_grad, pin_memory, "integers", first, end)


def _integer(name: str, argument: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}(): argument '{argument}' must be int, not {type(value).__name__}{errors.here()}"
        ) from None


def _check_range(name: str, low: int, high: int, type: ArrayType) -> None:
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}\n  in "
            f"{name}{errors.here()}"
        )
    smallest, largest = _limits(type.dtype)
    for label, value in (("from", low), ("to - 1", high - 1)):
        if not smallest <= value <= largest:
            raise RuntimeError(
                f"{label} is out of bounds for {type.dtype.name}: it is {value}\n  in {name}{errors.here()}"
            )


def _limits(dtype: dtypes.DType) -> tuple[int, int]:
    if dtype is dtypes.bool_:
        return 0, 1
    if dtype.category == dtypes.INTEGER:
        info = dtypes.iinfo(dtype)
        return info.min, info.max
    return -(2**63), 2**63 - 1


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The numbers 0 ... n - 1 in random order.

    Args:
        n: how many.
        dtype: default int64.
        generator, device, requires_grad, pin_memory: as for `rand`.

    Raises:
        RuntimeError: `n` is negative, or the dtype does not hold n - 1.

    >>> generator = ag.manual_seed(0)
    >>> ag.randperm(5)
    tensor([3, 4, 2, 1, 0])
    """
    n = _integer("randperm", "n", n)
    type = target_type(dtype, device, dtypes.int64)
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]{errors.here()}")
    if type.dtype is dtypes.bool_ or type.is_complex:
        raise NotImplementedError(
            f"\"randperm\" not implemented for '{type.dtype.scalar_name}'{errors.here()}"
        )
    largest = (
        2 ** (11 if type.dtype is dtypes.float16 else 8)
        if type.dtype.itemsize == 2 and type.dtype.is_floating_point
        else _limits(type.dtype)[1]
    )
    if n - 1 > largest:
        raise RuntimeError(
            f"n is too large for dtype {type.dtype.name}: value cannot be converted without overflow: "
            f"{n}{errors.here()}"
        )
    if requires_grad and not type.differentiable:
        raise RuntimeError(
            f"Only Tensors of floating point and complex dtype can require gradients, not "
            f"{type.dtype.name}{errors.here()}"
        )
    type = varied(type)
    with the_generator("randperm", generator).draw() as (seed, offset):
        array = type.namespace.random_permutation(n, seed, offset)
    return finish(wrap(type.namespace.cast(array, type.numpy), type), requires_grad, pin_memory)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`rand` in the shape, and by default with the dtype and on the device, of `input`.

    >>> ag.rand_like(ag.zeros(2, 3)).shape
    ag.Size([2, 3])
    """
    type = _like("rand_like", input, dtype, device)
    _require_floating("check_uniform_bounds", "rand_like", type)
    return _new("rand_like", input._array.shape, type, generator, requires_grad, False, "uniform", 0.0, 1.0)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`randn` in the shape, and by default with the dtype and on the device, of `input`.

    >>> ag.randn_like(ag.zeros(2, 3)).shape
    ag.Size([2, 3])
    """
    type = _like("randn_like", input, dtype, device)
    _require_floating("normal_kernel_cpu", "randn_like", type)
    return _new("randn_like", input._array.shape, type, generator, requires_grad, False, "normal", 0.0, 1.0)


def randint_like(
    input: Tensor,
    low: int = 0,
    high: int | None = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`randint` in the shape, and by default with the dtype and on the device, of `input`.

    >>> ag.randint_like(ag.zeros(2, 3), 10).shape
    ag.Size([2, 3])
    """
    if high is None:
        low, high = 0, low
    type = _like("randint_like", input, dtype, device)
    return _randint("randint_like", low, high, input._array.shape, type, generator, requires_grad, False)


def _like(name: str, input: Any, dtype: Any, device: Any) -> ArrayType:
    check_tensor(input, name)
    return target_type(
        input._type.dtype if dtype is None else dtype, input._type.device if device is None else device
    )


@op("general", grad_name="NormalBackward0")
def normal_samples(F: Any, mean: Any, std: Any, *, seed: int, offset: int) -> Any:
    """Normal samples, each with its own mean and standard deviation; the gradients are zero, as in
    PyTorch."""
    shape = (mean + std).shape
    return F.cast(mean + std * F.random_normal(shape, seed, offset, mean.dtype), mean.dtype)


normal_samples.rule(mean=lambda F, g: F.zeros_like(g), std=lambda F, g: F.zeros_like(g))


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Samples of normal distributions.

    Args:
        mean, std: tensors that broadcast together, one sample per element; one may be a number. Or two
            numbers and
        size: the shape, a tuple.
        generator: the stream to draw from. Default: the default one.
        dtype, device, requires_grad: as for `rand`; with `size` only.

    Raises:
        RuntimeError: a negative standard deviation (on a GPU, where looking would stall it, only if a
            number).

    >>> generator = ag.manual_seed(0)
    >>> ag.normal(ag.tensor([0.0, 100.0]), 1.0).shape
    ag.Size([2])
    >>> ag.normal(0.0, 1.0, (2, 3)).shape
    ag.Size([2, 3])
    """
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        if size is None:
            raise TypeError(
                "normal() received an invalid combination of arguments: two numbers need the argument "
                "'size', a tuple of ints"
                f"{errors.here()}"
            )
        type = target_type(dtype, device)
        _require_floating("normal_kernel_cpu", "normal", type)
        _check_std(std)
        shape = integers((size,), "normal")
        return _new("normal", shape, type, generator, requires_grad, False, "normal", mean, std)
    if size is not None or dtype is not None or device is not None:
        raise TypeError(
            "normal() received an invalid combination of arguments: size, dtype and device go with two "
            "numbers, not with tensors"
            f"{errors.here()}"
        )
    main: Tensor = mean if isinstance(mean, Tensor) else std
    for value in (mean, std):
        if isinstance(value, Tensor):
            _require_floating("normal_kernel_cpu", "normal", value._type)
    if not isinstance(std, Tensor):
        _check_std(std)
    elif std._type.is_complex:
        raise RuntimeError(f"normal expects standard deviation to be non-complex{errors.here()}")
    elif (found := extremes(std._type, std._array)) is not None and not found[0] >= 0:
        raise RuntimeError(f"normal expects all elements of std >= 0.0{errors.here()}")
    centre, width = (_operand(value, main) for value in (mean, std))
    with the_generator("normal", generator).draw() as (seed, offset):
        result: Tensor = normal_samples.apply(centre, width, seed=seed, offset=offset)
    return result


def _operand(value: Any, main: Tensor) -> Tensor:
    if isinstance(value, Tensor):
        return value
    return wrap(main._type.namespace.full((), value, main._type.numpy), main._type)


def _check_std(std: Any) -> None:
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}{errors.here()}")


@op("elementwise", grad_name="BernoulliBackward0")
def bernoulli_samples(F: Any, input: Any, *, seed: int, offset: int) -> Any:
    """1 with the probability that `input` says, else 0; the gradient is zero, as in PyTorch."""
    inside = dtypes.float64.numpy if input.dtype.itemsize == 8 else dtypes.float32.numpy
    return F.cast(F.random_uniform(input.shape, seed, offset, inside) < F.cast(input, inside), input.dtype)


bernoulli_samples.rule(input=lambda F, g: F.zeros_like(g))


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of `input` says (or with probability `p`), else 0, in the
    dtype of `input`.

    Raises:
        RuntimeError: a probability outside [0, 1] (on a GPU, where looking would stall it, only if a number).
        NotImplementedError: probabilities that are not real floating point.

    >>> ag.bernoulli(ag.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    check_tensor(input, "bernoulli")
    if p is not None:
        result: Tensor = bernoulli_(input.detach().clone(), p, generator=generator)
        return result
    _require_floating("bernoulli_tensor_cpu_p_", "bernoulli", input._type, complex_too=False)
    _check_probabilities("bernoulli", input)
    with the_generator("bernoulli", generator).draw() as (seed, offset):
        samples: Tensor = bernoulli_samples.apply(input, seed=seed, offset=offset)
    return samples


def _check_probabilities(name: str, p: Tensor) -> None:
    found = extremes(p._type, p._array)
    if found is not None and not (found[0] >= 0 and found[1] <= 1):
        raise RuntimeError(
            f"Expected p_in >= 0 && p_in <= 1 to be true, but got false.\n  in {name}: probabilities lie in "
            f"[0, 1]{errors.here()}"
        )


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Indices drawn from each row of `input` with probabilities in proportion to its elements.

    Args:
        input: ``(k,)`` or ``(rows, k)``, floating point, not negative; rows need not sum to 1.
        num_samples: how many indices to draw per row.
        replacement: whether an index may be drawn again.
        generator: the stream to draw from. Default: the default one.

    Returns:
        int64, ``(num_samples,)`` or ``(rows, num_samples)``, in the order drawn. Without replacement by the
        exponential
        race: the index with the smallest ``exponential / probability`` first.

    Raises:
        RuntimeError: other shapes or dtypes; more samples than there are elements without replacement;
            elements that are negative or not finite, or rows that sum to 0 (on a GPU, where looking would
            stall it, not noticed).

    >>> ag.multinomial(ag.tensor([0.0, 1.0, 0.0]), 3, replacement=True)
    tensor([1, 1, 1])
    """
    check_tensor(input, "multinomial")
    shape = input._array.shape
    if len(shape) not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, but input has shape {list(shape)}{errors.here()}")
    if not input._type.dtype.is_floating_point:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: "
            f"{input._type.dtype.scalar_name}{errors.here()}"
        )
    num_samples = _integer("multinomial", "num_samples", num_samples)
    if num_samples <= 0:
        raise RuntimeError(
            f"cannot sample n_sample <= 0 samples: num_samples is {num_samples}{errors.here()}"
        )
    if not replacement and num_samples > shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement: "
            f"{num_samples} of {shape[-1]}{errors.here()}"
        )
    F = varied(input._type).namespace
    weights = F.cast(input._array, dtypes.float64.numpy).reshape(-1, shape[-1])
    found = extremes(input._type, weights)
    if found is not None:
        if not (found[0] >= 0 and found[1] < math.inf):
            raise RuntimeError(
                f"probability tensor contains either `inf`, `nan` or element < 0{errors.here()}"
            )
        if bool(F.run(lambda: (weights.sum(1) <= 0).any())):
            raise RuntimeError(f"invalid multinomial distribution (sum of probabilities <= 0){errors.here()}")
    with the_generator("multinomial", generator).draw() as (seed, offset):
        indices = F.run(_drawn, F, weights, num_samples, replacement, seed, offset)
    indices = F.contiguous(indices).reshape(*shape[:-1], num_samples)
    return wrap(F.cast(indices, dtypes.int64.numpy))


def _drawn(F: Any, weights: Any, num_samples: int, replacement: bool, seed: int, offset: int) -> Any:
    """Indices of each row, drawn with its weights (raw arrays)."""
    if replacement:
        edges = F.cumsum(weights, dim=1)
        total = edges[:, -1:]
        # Strictly below the last edge, whatever rounding does, so that an index with probability 0 never comes out.
        at = F.random_uniform((weights.shape[0], num_samples), seed, offset, dtypes.float64.numpy) * total
        at = F.minimum(at, F.nextafter(total, F.zeros_like(total)))
        return F.searchsorted(edges, at, right=True)
    race = -F.log1p(-F.random_uniform(weights.shape, seed, offset, dtypes.float64.numpy))
    possible = weights > 0
    pace = F.where(possible, weights, F.ones_like(weights))
    finish_line = F.where(possible, race / pace, F.full_like(race, math.inf))
    return F.argsort(finish_line, dim=1)[:, :num_samples]


# -- in place ------------------------------------------------------------------------------------------------


def uniform_(
    input: Tensor, low: float = 0.0, to: float = 1.0, *, generator: Generator | None = None, **more: Any
) -> Tensor:
    """Fill with samples that are uniform on [low, to); ``from=`` is another name of `low`.

    >>> ag.zeros(2, 3).uniform_(-1, 1).shape
    ag.Size([2, 3])
    """
    low = _from("uniform_", more, low)
    _require_floating("check_uniform_bounds", "uniform_", input._type)
    if low > to:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={to}{errors.here()}"
        )
    return fill(input, generator, "uniform_", "uniform", low, to)


def _from(name: str, more: dict[str, Any], low: Any) -> Any:
    """PyTorch's argument `from`, which Python lets nobody write in a signature."""
    low = more.pop("from", low)
    if more:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(more))}'{errors.here()}")
    return low


def normal_(
    input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with samples of the normal distribution.

    >>> ag.zeros(2, 3).normal_(0, 0.02).shape
    ag.Size([2, 3])
    """
    _require_floating("normal_kernel_cpu", "normal_", input._type)
    _check_std(std)
    return fill(input, generator, "normal_", "normal", mean, std)


def truncated_normal_(
    input: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    low: float = -2.0,
    high: float = 2.0,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with samples of the normal distribution that lie in [low, high]; what ``nn.init.trunc_normal_`` is
    made of."""
    _require_floating("trunc_normal_", "trunc_normal_", input._type, complex_too=False)
    _check_std(std)
    if not low < high:
        raise ValueError(f"trunc_normal_ expects a < b, but got a={low} and b={high}{errors.here()}")
    return fill(input, generator, "trunc_normal_", "truncated_normal", mean, std, low, high)


def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with 1 with probability `p` (a number, or a tensor that broadcasts to this one), else 0; any
    dtype.

    >>> ag.zeros(3).bernoulli_(1.0)
    tensor([1., 1., 1.])
    """
    if isinstance(p, Tensor):
        samples = bernoulli(p.detach().expand(input._array.shape), generator=generator)
        result: Tensor = input.copy_(samples)
        return result
    if input._type.is_complex:
        raise NotImplementedError(
            f"\"bernoulli_scalar_cpu_\" not implemented for '{input._type.dtype.scalar_name}'{errors.here()}"
        )
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}{errors.here()}")
    return fill(input, generator, "bernoulli_", "bernoulli", float(p))


def exponential_(input: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with samples of the exponential distribution with rate `lambd`.

    >>> bool((ag.zeros(9).exponential_() >= 0).all())
    True
    """
    _require_continuous("Exponential", input)
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}{errors.here()}")
    return fill(input, generator, "exponential_", "exponential", float(lambd))


def geometric_(input: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with how many trials it takes to the first success, of probability `p` each; any real dtype.

    >>> bool((ag.zeros(9).geometric_(0.5) >= 1).all())
    True
    """
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}{errors.here()}")
    return fill(input, generator, "geometric_", "geometric", float(p))


def cauchy_(
    input: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with samples of the Cauchy distribution.

    >>> ag.zeros(2).cauchy_().shape
    ag.Size([2])
    """
    _require_continuous("Cauchy", input)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}{errors.here()}")
    return fill(input, generator, "cauchy_", "cauchy", float(median), float(sigma))


def log_normal_(
    input: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with samples whose logarithm is normal with `mean` and `std`.

    >>> bool((ag.zeros(9).log_normal_() > 0).all())
    True
    """
    _require_continuous("LogNormal", input)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}{errors.here()}")
    return fill(input, generator, "log_normal_", "log_normal", float(mean), float(std))


def _require_continuous(distribution: str, input: Tensor) -> None:
    if not input._type.dtype.is_floating_point:
        raise RuntimeError(
            f"{distribution} distribution is a continuous probability distribution. dtype must be a floating "
            f"point but you "
            f"specified {input._type.dtype.scalar_name}{errors.here()}"
        )


def random_(
    input: Tensor, low: Any = None, to: Any = None, *, generator: Generator | None = None, **more: Any
) -> Tensor:
    """Fill with integers that are uniform on [low, to); ``random_(to)`` starts at 0; without bounds all that
    the dtype holds exactly. ``from=`` is another name of `low`.

    >>> bool((ag.zeros(9).random_(3) < 3).all())
    True
    """
    low = _from("random_", more, low)
    if input._type.is_complex:
        raise NotImplementedError(
            f"\"random_\" not implemented for '{input._type.dtype.scalar_name}'{errors.here()}"
        )
    dtype = input._type.dtype
    if low is None and to is None:
        digits = {dtypes.float16: 11, dtypes.bfloat16: 8, dtypes.float32: 24, dtypes.float64: 53}
        # As in PyTorch: from 0 to the largest integer up to which all are exact.
        first, end = 0, 2 ** digits[dtype] + 1 if dtype in digits else _limits(dtype)[1] + 1
    elif to is None:
        first, end = 0, _integer("random_", "to", low)
    else:
        first, end = _integer("random_", "from", 0 if low is None else low), _integer("random_", "to", to)
    _check_range("random_", first, end, input._type)
    return fill(input, generator, "random_", "integers", first, end)


_FUNCTIONS: list[Any] = [manual_seed, seed, initial_seed, get_rng_state, set_rng_state]
_FUNCTIONS += [rand, randn, randint, randperm, rand_like, randn_like, randint_like, normal]
_METHODS: list[Any] = [uniform_, normal_, bernoulli_, exponential_, geometric_, cauchy_, log_normal_, random_]

for _function in _FUNCTIONS:
    expose(_function, _function.__name__, method=False)
for _function in _METHODS:
    expose(_function, _function.__name__, function_too=False)
expose(bernoulli, "bernoulli")
expose(multinomial, "multinomial")
