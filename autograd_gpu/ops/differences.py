"""Differences of neighbours, numerical derivatives and integrals of sampled functions."""

from __future__ import annotations

from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import expose
from autograd_gpu.ops.arguments import canonical_dim, canonical_dims, check_tensor, numpy_names
from autograd_gpu.ops.joining import cat


@numpy_names
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """The `n`-th differences of neighbours along `dim`; of bools, whether they differ.

    Args:
        prepend, append: put before and after `input` along `dim` first.

    >>> ag.diff(ag.tensor([1, 3, 2]))
    tensor([ 2, -1])
    """
    check_tensor(input, "diff")
    if not input._array.ndim:
        raise RuntimeError(f"diff expects input to be at least one-dimensional{errors.here()}")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}{errors.here()}")
    place = canonical_dim(dim, input._array.ndim)
    if n == 0:
        return input.clone()
    if prepend is not None or append is not None:
        input = cat.public([part for part in (prepend, input, append) if part is not None], place)
    for _ in range(min(n, input._array.shape[place])):
        extent = input.shape[place]
        later, earlier = input.narrow(place, 1, extent - 1), input.narrow(place, 0, extent - 1)
        input = later ^ earlier if input._type.dtype is dtypes.bool_ else later - earlier
    return input


def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """The derivative of a sampled function along each dimension of `dim`, by second-order differences.

    Args:
        input: the samples; integers are computed in the default dtype.
        spacing: the distance of the samples: a number, a list with one for each dimension, or a list of tensors with
            their coordinates.
        dim: int or tuple of ints; None for all dimensions.
        edge_order: the order of the differences at the borders, 1 or 2.

    >>> ag.gradient(ag.tensor([0.0, 1.0, 4.0, 9.0]))[0]
    tensor([1., 2., 4., 5.])
    """
    check_tensor(input, "gradient")
    if edge_order not in (1, 2):
        raise RuntimeError(f"torch.gradient only supports edge_order=1 and edge_order=2.{errors.here()}")
    spacing = 1 if spacing is None else spacing
    given = isinstance(spacing, (list, tuple))
    if dim is None and given and len(spacing) != input.ndim:
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to "
            f"'self.dim() = {input.ndim}', since dim argument was not given, but got a list of length "
            f"{len(spacing)}{errors.here()}"
        )
    dims = canonical_dims(dim, input.ndim)
    dims = tuple(range(input.ndim)) if dims is None else dims
    steps = list(spacing) if given else [spacing] * len(dims)
    if len(steps) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same "
            f"length, but got a spacing argument of length {len(steps)} and a dim argument of length {len(dims)}."
            f"{errors.here()}"
        )
    if input._type.dtype.category < dtypes.FLOAT:
        input = input.to(dtype=dtypes.get_default_dtype())
    results = []
    for place, step in zip(dims, steps, strict=True):
        if input.shape[place] < edge_order + 1:
            raise RuntimeError(
                f"torch.gradient expected each dimension size to be at least edge_order+1{errors.here()}"
            )
        results.append(_derivative(input, place, step, edge_order))
    return tuple(results)


def _derivative(input: Tensor, place: int, step: Any, edge_order: int) -> Tensor:
    x = input.movedim(place, -1)
    extent = x.shape[-1]
    if isinstance(step, Tensor) and step.ndim:
        distances = step[1:] - step[:-1]
    else:
        distances = input.new_ones((extent - 1,)) * step
    left, right = distances[:-1], distances[1:]
    slopes = (x[..., 1:] - x[..., :-1]) / distances
    # The parabola through three points has the mean of both slopes in the middle, each with the other's distance.
    middle = (slopes[..., :-1] * right + slopes[..., 1:] * left) / (left + right)
    first, last = slopes[..., :1], slopes[..., -1:]
    if edge_order == 2:
        bend = (slopes[..., 1:] - slopes[..., :-1]) / (left + right)  # half of the second derivative
        first = first - distances[:1] * bend[..., :1]
        last = last + distances[-1:] * bend[..., -1:]
    return cat.public((first, middle, last), -1).movedim(-1, place)  # type: ignore[no-any-return]


def _areas(function: str, y: Tensor, x: Tensor | None, dx: Any, dim: int) -> Tensor:
    """The areas between neighbours, last dimension first."""
    check_tensor(y, function, "y")
    if y._type.dtype is dtypes.bool_ or (x is not None and x._type.dtype is dtypes.bool_):
        raise RuntimeError(f"{function}: received a bool input, but bool is not supported{errors.here()}")
    place = canonical_dim(dim, y.ndim)
    heights = y.movedim(place, -1)
    widths: Any = dx
    if x is not None:
        if x.ndim == 1:
            if x.shape[0] != heights.shape[-1]:
                raise RuntimeError(
                    f"{function}: There must be one `x` value for each sample point{errors.here()}"
                )
            widths = x[1:] - x[:-1]
        else:
            wide = x
            while wide.ndim < y.ndim:
                wide = wide.unsqueeze(0)
            wide = wide.movedim(place, -1)
            widths = wide[..., 1:] - wide[..., :-1]
    return (heights[..., 1:] + heights[..., :-1]) * widths / 2.0  # type: ignore[no-any-return]


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """The integral of samples `y` along `dim` by the trapezoidal rule.

    Args:
        y: the samples.
        x: where they were taken, as long as y's `dim`, or of y's shape; None: at distance `dx`.

    >>> ag.trapezoid(ag.tensor([1.0, 2.0, 3.0]))
    tensor(4.)
    """
    return _areas("trapezoid", y, x, dx, dim).sum(-1)


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """The integrals from the first sample to each of the others: see `ag.trapezoid`.

    >>> ag.cumulative_trapezoid(ag.tensor([1.0, 2.0, 3.0]))
    tensor([1.5000, 4.0000])
    """
    place = canonical_dim(dim, y.ndim)
    return _areas("cumulative_trapezoid", y, x, dx, dim).cumsum(-1).movedim(-1, place)


expose(diff, "diff")
expose(gradient, "gradient", method=False)
expose(trapezoid, "trapezoid", "trapz", method=False)
expose(cumulative_trapezoid, "cumulative_trapezoid", method=False)
