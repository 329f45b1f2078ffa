"""Random numbers: generators, tensors of samples, and in-place sampling. As a module it is also `ag.random`.

A generator is a seed and an offset, nothing else. Every call that draws (one `rand`, one `dropout`, whatever its size)
uses the current offset and moves it on by one; the sample at logical position i then is a function of seed, offset and
i alone (Philox 4x32-10, see `device/philox.py`). So all devices draw the same numbers, and dropout need not keep its mask.
Uniforms, integers, masks and permutations are the same to the last bit; normals agree to rounding.
"""

from __future__ import annotations

import math
import operator
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.inplace import inplace
from autograd_gpu.core.op import expose, op
from autograd_gpu.device import ArrayType, Device, type_for
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.creation import finish, target_type
from autograd_gpu.ops.shape import integers

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
]  # fmt: skip

#: what a new Generator starts from, as in PyTorch
DEFAULT_SEED = 67280421310721

_WORDS = 2**64
_STATE_BYTES = 16


# -- generators ----------------------------------------------------------------------------------------------------------


class Generator:
    """A stream of random numbers: pass it as ``generator=`` to keep a stream apart from the default one.

    Args:
        device: kept for programs written for PyTorch, as the attribute `device`. Any generator serves every device.

    >>> g = ag.Generator().manual_seed(0)
    >>> a = ag.rand(3, generator=g)
    >>> bool((a == ag.rand(3, generator=g.manual_seed(0))).all())
    True
    """

    __slots__ = ("__weakref__", "_lock", "_offset", "_seed", "device")

    def __init__(self, device: Any = "cpu") -> None:
        self.device = Device(device)
        self._lock = threading.Lock()
        self._seed = DEFAULT_SEED
        self._offset = 0

    def __repr__(self) -> str:
        return f"<ag.Generator seed={self._seed} offset={self._offset}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.device, self._seed, self._offset)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed` from its beginning. Returns the generator.

        Args:
            seed: in [-2^63, 2^64 - 1]; a negative one means ``2^64 + seed``.

        Raises:
            ValueError: outside of that range.
        """
        seed = int(seed)
        if not -(2**63) <= seed < _WORDS:
            raise ValueError(
                f"Overflow when unpacking long long: a seed lies in [-2^63, 2^64 - 1], but got {seed}{errors.here()}"
            )
        with self._lock:
            self._seed = seed % _WORDS
            self._offset = 0
        return self

    def seed(self) -> int:
        """Start a stream with a seed from the operating system, and return that seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """The seed of the stream."""
        return self._seed

    def get_offset(self) -> int:
        """How many calls have drawn from the stream."""
        return self._offset

    def set_offset(self, offset: int) -> None:
        """Go to where `offset` calls have drawn from the stream."""
        offset = operator.index(offset)
        if not 0 <= offset < _WORDS:
            raise ValueError(f"an offset lies in [0, 2^64 - 1], but got {offset}{errors.here()}")
        with self._lock:
            self._offset = offset

    def get_state(self) -> Tensor:
        """The state: 16 bytes (uint8, on the CPU), the seed and then the offset, both little-endian."""
        state = self._seed.to_bytes(8, "little") + self._offset.to_bytes(8, "little")
        type = type_for(dtypes.uint8, Device("cpu"))
        return wrap(type.namespace.asarray(list(state), type.numpy), type)

    def set_state(self, new_state: Tensor) -> None:
        """Go back to a state that `get_state` returned, of this or another generator.

        Raises:
            TypeError: not a uint8 tensor.
            RuntimeError: not of 16 bytes.
        """
        if not isinstance(new_state, Tensor):
            raise TypeError(
                f"expected a uint8 tensor (a ByteTensor), but got {type(new_state).__name__}{errors.here()}"
            )
        if new_state._type.dtype is not dtypes.uint8:
            raise TypeError(
                f"RNG state must be a uint8 tensor (a ByteTensor), but is of dtype {new_state._type.dtype.name}{errors.here()}"
            )
        if new_state._array.size != _STATE_BYTES:
            raise RuntimeError(
                f"Expected an RNG state of size {_STATE_BYTES} but found the input RNG state size to be "
                f"{new_state._array.size}{errors.here()}"
            )
        state = bytes(new_state._array.reshape(-1).tolist())
        with self._lock:
            self._seed = int.from_bytes(state[:8], "little")
            self._offset = int.from_bytes(state[8:], "little")

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        return _rebuild(self.device, self._seed, self._offset)

    @contextmanager
    def draw(self) -> Iterator[tuple[int, int]]:
        """Seed and offset for one call; the offset moves on, unless the call fails."""
        with self._lock:
            seed, offset = self._seed, self._offset
            self._offset = (offset + 1) % _WORDS
        try:
            yield seed, offset
        except BaseException:
            with self._lock:
                if (self._seed, self._offset) == (seed, (offset + 1) % _WORDS):
                    self._offset = offset
            raise


def _rebuild(device: Device, seed: int, offset: int) -> Generator:
    generator = Generator(device)
    generator._seed, generator._offset = seed, offset
    return generator


#: the stream of all calls without `generator=`; it starts from a seed of the operating system's
default_generator = Generator()
default_generator.seed()


def manual_seed(seed: int) -> Generator:
    """Start the default stream of `seed` from its beginning, on all devices; see `Generator.manual_seed`.

    >>> generator = ag.manual_seed(1)
    >>> ag.initial_seed()
    1
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default stream with a seed from the operating system, and return that seed.

    >>> ag.seed() == ag.initial_seed()
    True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default stream.

    >>> generator = ag.manual_seed(-1)
    >>> ag.initial_seed() == 2**64 - 1
    True
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default stream; see `Generator.get_state`.

    >>> ag.get_rng_state().shape
    ag.Size([16])
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Take the default stream back to a state that `get_rng_state` returned.

    >>> state = ag.get_rng_state()
    >>> x = ag.rand(2)
    >>> ag.set_rng_state(state)
    >>> bool((x == ag.rand(2)).all())
    True
    """
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """What is drawn inside does not change what is drawn after it.

    Args:
        devices: accepted for programs written for PyTorch; there is one default stream for all devices.
        enabled: False makes it do nothing.

    >>> with ag.random.fork_rng():
    ...     generator = ag.manual_seed(0)
    """
    state = default_generator.get_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            default_generator.set_state(state)


def the_generator(name: str, generator: Any) -> Generator:
    """The generator of a call: the default one, unless it was given one."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(
            f"{name}(): argument 'generator' must be Generator, not {type(generator).__name__}{errors.here()}"
        )
    return generator


# -- distributions -------------------------------------------------------------------------------------------------------


def _uniform(F: Any, shape: Any, dtype: Any, seed: int, offset: int, low: float, high: float) -> Any:
    return _scaled(F, F.random_uniform(shape, seed, offset, dtype), high - low, low)


def _normal(F: Any, shape: Any, dtype: Any, seed: int, offset: int, mean: complex, std: float) -> Any:
    return _scaled(F, F.random_normal(shape, seed, offset, dtype), std, mean)


def _scaled(F: Any, values: Any, factor: float, shift: complex) -> Any:
    """``values * factor + shift``, in place; halves are brought to float32 for it."""
    if (factor, shift) == (1.0, 0.0):
        return values
    if values.dtype.itemsize == 2:
        values = F.cast(values, dtypes.float32.numpy)
    values *= factor
    values += shift
    return values


def _bernoulli(F: Any, shape: Any, dtype: Any, seed: int, offset: int, p: float) -> Any:
    return F.dropout_mask(shape, 1 - p, seed, offset)


def _integers(F: Any, shape: Any, dtype: Any, seed: int, offset: int, low: int, high: int) -> Any:
    return F.random_integers(shape, seed, offset, low, high, dtype)


def _double(F: Any, shape: Any, seed: int, offset: int) -> Any:
    # Where a logarithm or a tangent stretches the ends of [0, 1), float32 uniforms would be too coarse there.
    return F.random_uniform(shape, seed, offset, dtypes.float64.numpy)


def _exponential(F: Any, shape: Any, dtype: Any, seed: int, offset: int, rate: float) -> Any:
    return F.log1p(-_double(F, shape, seed, offset)) / -rate


def _geometric(F: Any, shape: Any, dtype: Any, seed: int, offset: int, p: float) -> Any:
    return F.floor(F.log1p(-_double(F, shape, seed, offset)) / math.log1p(-p)) + 1


def _cauchy(F: Any, shape: Any, dtype: Any, seed: int, offset: int, median: float, sigma: float) -> Any:
    return median + sigma * F.tan(math.pi * (_double(F, shape, seed, offset) - 0.5))


def _log_normal(F: Any, shape: Any, dtype: Any, seed: int, offset: int, mean: float, std: float) -> Any:
    return F.exp(mean + std * F.random_normal(shape, seed, offset, dtypes.float64.numpy))


def _truncated_normal(
    F: Any, shape: Any, dtype: Any, seed: int, offset: int, mean: float, std: float, low: float, high: float
) -> Any:
    """Inversion of the distribution function: uniform between its values at the bounds, through its inverse."""
    bottom, top = (math.erf((bound - mean) / (std * math.sqrt(2))) for bound in (low, high))
    values = F.erfinv(bottom + (top - bottom) * _double(F, shape, seed, offset))
    values = mean + std * math.sqrt(2) * values
    return F.minimum(F.maximum(values, low), high)


#: name -> fn(F, shape, dtype, seed, offset, *numbers), which returns an array of shape (of any dtype)
DISTRIBUTIONS: dict[str, Callable[..., Any]] = {
    "uniform": _uniform, "normal": _normal, "bernoulli": _bernoulli, "integers": _integers, "exponential": _exponential,
    "geometric": _geometric, "cauchy": _cauchy, "log_normal": _log_normal, "truncated_normal": _truncated_normal,
}  # fmt: skip


def _sample(F: Any, shape: Any, dtype: Any, distribution: str, numbers: Any, seed: int, offset: int) -> Any:
    return F.cast(DISTRIBUTIONS[distribution](F, shape, dtype, seed, offset, *numbers), dtype)


# Samples do not depend on what was in the tensor before: the gradient of that is zero.
@op("elementwise", grad_name="RandomBackward0")
def random_fill(F: Any, input: Any, *, distribution: str, numbers: Any, seed: int, offset: int) -> Any:
    """Samples in place of the elements of `input`."""
    return _sample(F, input.shape, input.dtype, distribution, numbers, seed, offset)


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
            f"Only Tensors of floating point and complex dtype can require gradients, not {type.dtype.name}{errors.here()}"
        )
    with the_generator(name, generator).draw() as (seed, offset):
        array = _sample(type.namespace, shape, type.numpy, distribution, numbers, seed, offset)
    return finish(wrap(array, type), requires_grad, pin_memory)


def _require_floating(kernel: str, name: str, type: ArrayType, complex_too: bool = True) -> None:
    if not type.dtype.is_floating_point and not (complex_too and type.is_complex):
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{type.dtype.scalar_name}'\n  in {name}: dtype must be floating point, "
            f"not {type.dtype.name}; for integers use randint{errors.here()}"
        )


def _size(name: str, sizes: tuple[Any, ...], size: Any) -> tuple[int, ...]:
    if size is not None:
        sizes = (size,)
    elif not sizes:
        raise TypeError(
            f"{name}() received an invalid combination of arguments: argument 'size' is missing{errors.here()}"
        )
    return integers(sizes, name)


# -- tensors of samples --------------------------------------------------------------------------------------------------


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
    """A tensor of samples of the standard normal distribution (G. E. P. Box, M. E. Muller, 1958); arguments as for `rand`.

    Complex samples have variance 1: 1/2 in each part.

    >>> generator = ag.manual_seed(0)
    >>> ag.randn(3)
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
    """A tensor of integers that are uniform on [low, high): ``randint(high, size)`` or ``randint(low, high, size)``.

    Args:
        low, high: the bounds; `high` is excluded.
        size: the shape, a tuple.
        dtype: default int64; a floating dtype holds whole numbers.
        generator, device, requires_grad, pin_memory: as for `rand`.

    Raises:
        RuntimeError: no integer in the range, or bounds that the dtype does not hold.

    >>> generator = ag.manual_seed(0)
    >>> ag.randint(10, (5,))
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
            f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}{errors.here()}"
        )
    return _randint("randint", low, high, integers((size,), "randint"), target_type(dtype, device, dtypes.int64),
                    generator, requires_grad, pin_memory)  # fmt: skip


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
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}\n  in {name}{errors.here()}"
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
            f"n is too large for dtype {type.dtype.name}: value cannot be converted without overflow: {n}{errors.here()}"
        )
    if requires_grad and not type.differentiable:
        raise RuntimeError(
            f"Only Tensors of floating point and complex dtype can require gradients, not {type.dtype.name}{errors.here()}"
        )
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
    """Normal samples, each with its own mean and standard deviation; the gradients are zero, as in PyTorch."""
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
        mean, std: tensors that broadcast together, one sample per element; one may be a number. Or two numbers and
        size: the shape, a tuple.
        generator: the stream to draw from. Default: the default one.
        dtype, device, requires_grad: as for `rand`; with `size` only.

    Raises:
        RuntimeError: a negative standard deviation (on a GPU, where looking would stall it, only if a number).

    >>> generator = ag.manual_seed(0)
    >>> ag.normal(ag.tensor([0.0, 100.0]), 1.0).shape
    ag.Size([2])
    >>> ag.normal(0.0, 1.0, (2, 3)).shape
    ag.Size([2, 3])
    """
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        if size is None:
            raise TypeError(
                "normal() received an invalid combination of arguments: two numbers need the argument 'size', a tuple of ints"
                f"{errors.here()}"
            )
        type = target_type(dtype, device)
        _require_floating("normal_kernel_cpu", "normal", type)
        _check_std(std)
        shape = integers((size,) if isinstance(size, (tuple, list)) else (size,), "normal")
        return _new("normal", shape, type, generator, requires_grad, False, "normal", mean, std)
    if size is not None or dtype is not None or device is not None:
        raise TypeError(
            "normal() received an invalid combination of arguments: size, dtype and device go with two numbers, not with tensors"
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
    elif std._type.device.type == "cpu" and std._array.size and bool((std._array < 0).any()):
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
    """1 with the probability that each element of `input` says (or with probability `p`), else 0, in the dtype of `input`.

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
        result = bernoulli_samples.apply(input, seed=seed, offset=offset)
    return result


def _check_probabilities(name: str, p: Tensor) -> None:
    if p._type.device.type == "cpu" and not bool(((p._array >= 0) & (p._array <= 1)).all()):
        raise RuntimeError(
            f"Expected p_in >= 0 && p_in <= 1 to be true, but got false.\n  in {name}: probabilities lie in [0, 1]{errors.here()}"
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
        int64, ``(num_samples,)`` or ``(rows, num_samples)``, in the order drawn. Without replacement by the exponential
        race: the index with the smallest ``exponential / probability`` first.

    Raises:
        RuntimeError: other shapes or dtypes; more samples than there are elements without replacement; elements that
            are negative or not finite, or rows that sum to 0 (on a GPU, where looking would stall it, not noticed).

    >>> ag.multinomial(ag.tensor([0.0, 1.0, 0.0]), 3, replacement=True)
    tensor([1, 1, 1])
    """
    check_tensor(input, "multinomial")
    shape = input._array.shape
    if len(shape) not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, but input has shape {list(shape)}{errors.here()}")
    if not input._type.dtype.is_floating_point:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {input._type.dtype.scalar_name}{errors.here()}"
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
    F = input._type.namespace
    weights = F.cast(input._array, dtypes.float64.numpy).reshape(-1, shape[-1])
    if input._type.device.type == "cpu" and weights.size:
        if not bool((F.isfinite(weights) & (weights >= 0)).all()):
            raise RuntimeError(
                f"probability tensor contains either `inf`, `nan` or element < 0{errors.here()}"
            )
        if bool((weights.sum(1) <= 0).any()):
            raise RuntimeError(f"invalid multinomial distribution (sum of probabilities <= 0){errors.here()}")
    rows = weights.shape[0]
    with the_generator("multinomial", generator).draw() as (seed, offset):
        if replacement:
            edges = F.cumsum(weights, dim=1)
            total = edges[:, -1:]
            # Strictly below the last edge, whatever rounding does, so that an index with probability 0 never comes out.
            at = F.random_uniform((rows, num_samples), seed, offset, dtypes.float64.numpy) * total
            at = F.minimum(at, F.nextafter(total, F.zeros_like(total)))
            indices = F.searchsorted(edges, at, right=True)
        else:
            race = -F.log1p(-F.random_uniform(weights.shape, seed, offset, dtypes.float64.numpy))
            possible = weights > 0
            finish_line = F.where(possible, race / F.where(possible, weights, 1.0), math.inf)
            indices = F.argsort(finish_line, dim=1)[:, :num_samples]
    indices = F.contiguous(indices).reshape(*shape[:-1], num_samples)
    return wrap(F.cast(indices, dtypes.int64.numpy), type_for(dtypes.int64, input._type.device))


# -- in place ------------------------------------------------------------------------------------------------------------


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
    """Fill with samples of the normal distribution that lie in [low, high]; what ``nn.init.trunc_normal_`` is made of."""
    _require_floating("trunc_normal_", "trunc_normal_", input._type, complex_too=False)
    _check_std(std)
    if not low < high:
        raise ValueError(f"trunc_normal_ expects a < b, but got a={low} and b={high}{errors.here()}")
    return fill(input, generator, "trunc_normal_", "truncated_normal", mean, std, low, high)


def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with 1 with probability `p` (a number, or a tensor that broadcasts to this one), else 0; any dtype.

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
            f"{distribution} distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {input._type.dtype.scalar_name}{errors.here()}"
        )


def random_(
    input: Tensor, low: Any = None, to: Any = None, *, generator: Generator | None = None, **more: Any
) -> Tensor:
    """Fill with integers that are uniform on [low, to); ``random_(to)`` starts at 0; without bounds all that the dtype
    holds exactly. ``from=`` is another name of `low`.

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


for _function in (manual_seed, seed, initial_seed, get_rng_state, set_rng_state, rand, randn, randint, randperm, rand_like,
                  randn_like, randint_like, normal):  # fmt: skip
    expose(_function, _function.__name__, method=False)
expose(bernoulli, "bernoulli")
expose(multinomial, "multinomial")
for _function in (uniform_, normal_, bernoulli_, exponential_, geometric_, cauchy_, log_normal_, random_):
    expose(_function, _function.__name__, function_too=False)
