"""Images and volumes in another size (`interpolate`), and read at given places (`grid_sample`).

Resizing works on one dimension after the other. Along a dimension each output is a weighted sum of some inputs, its
taps: one for "nearest", two for "linear", four for "cubic", more for their antialiased forms. So is the gradient of each
input a weighted sum of outputs' gradients, with the table of taps turned around: the same code computes both, and
nothing is scattered.
"""

from __future__ import annotations

import functools
import itertools
import math
import struct
import warnings
from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS, op
from autograd_gpu.ops import pool
from autograd_gpu.ops.arguments import check_tensor

Sizes = tuple[int, ...]
#: for each output: (input, weight) pairs
Taps = list[list[tuple[int, float]]]


# -- taps ----------------------------------------------------------------------------------------------------


def _float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _step(size: int, out: int, scale: float | None, align_corners: bool) -> float:
    """How far apart neighbouring outputs are in the input."""
    if align_corners:
        return (size - 1) / (out - 1) if out > 1 else 0.0
    return 1 / scale if scale is not None and scale > 0 else size / out


def _nearest(size: int, out: int, scale: float | None, exact: bool) -> Taps:
    # In float32, as PyTorch does: rounding decides which neighbour is nearest.
    step = _float32(1 / scale if scale is not None else _float32(size) / _float32(out))
    if exact:
        places = [math.floor(_float32((i + 0.5) * step)) for i in range(out)]
    else:
        places = [math.floor(_float32(i * step)) for i in range(out)]
    return [[(min(place, size - 1), 1.0)] for place in places]


def _linear(size: int, out: int, step: float, align_corners: bool) -> Taps:
    taps: Taps = []
    for i in range(out):
        place = step * i if align_corners else max(step * (i + 0.5) - 0.5, 0.0)
        low = min(int(place), size - 1)
        part = min(max(place - low, 0.0), 1.0)
        taps.append([(low, 1 - part), (min(low + 1, size - 1), part)])
    return taps


def _cubic_weight(distance: float, a: float) -> float:
    """Keys, Cubic convolution interpolation for digital image processing (1981)."""
    x = abs(distance)
    if x <= 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return ((x - 5) * x + 8) * x * a - 4 * a if x < 2 else 0.0


def _cubic(size: int, out: int, step: float, align_corners: bool) -> Taps:
    taps: Taps = []
    for i in range(out):
        place = step * i if align_corners else step * (i + 0.5) - 0.5
        low = math.floor(place)
        taps.append(
            [(min(max(low + k, 0), size - 1), _cubic_weight(place - (low + k), -0.75)) for k in (-1, 0, 1, 2)]
        )
    return taps


def _antialiased(size: int, out: int, step: float, cubic: bool) -> Taps:
    """The filter, widened to cover all inputs that an output stands for; its weights sum to 1."""
    width = max(step, 1.0)
    reach = (2 if cubic else 1) * width
    taps: Taps = []
    for i in range(out):
        centre = step * (i + 0.5)
        first, last = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), size)
        distances = [(k - centre + 0.5) / width for k in range(first, last)]
        weights = [_cubic_weight(d, -0.5) if cubic else max(1 - abs(d), 0.0) for d in distances]
        total = sum(weights)
        taps.append([(first + k, weight / total) for k, weight in enumerate(weights)])
    return taps


def _adjoint(taps: Taps, size: int) -> Taps:
    """For each input: (output, weight) pairs."""
    turned: Taps = [[] for _ in range(size)]
    for output, pairs in enumerate(taps):
        for place, weight in pairs:
            if weight:
                turned[place].append((output, weight))
    return turned


@functools.lru_cache(maxsize=128)
def _tables(
    F: Any,
    size: int,
    out: int,
    scale: float | None,
    mode: str,
    align_corners: bool,
    dtype: Any,
    adjoint: bool,
) -> list[tuple[Any, Any]]:
    """The taps of a dimension as arrays: pairs of indices and weights (None: all are 1), one pair per tap."""
    step = _step(size, out, scale, align_corners)
    if mode.startswith("nearest"):
        taps = _nearest(size, out, scale, mode == "nearest-exact")
    elif mode.endswith("-antialias"):
        taps = _antialiased(size, out, step, mode.startswith("cubic"))
    else:
        taps = (_linear if mode == "linear" else _cubic)(size, out, step, align_corners)
    if adjoint:
        taps = _adjoint(taps, size)
    most = max((len(pairs) for pairs in taps), default=0)
    columns = [[pairs[k] if k < len(pairs) else (0, 0.0) for pairs in taps] for k in range(most)]
    int64 = dtypes.int64.numpy
    return [
        (
            F.asarray([place for place, _ in column], int64),
            None if all(w == 1.0 for _, w in column) else F.asarray([w for _, w in column], dtype),
        )
        for column in columns
    ]


def _along(F: Any, x: Any, dim: int, tables: list[tuple[Any, Any]], count: int) -> Any:
    """The weighted sums along one dimension."""
    total: Any = None
    shape = (-1, *(1,) * (x.ndim - dim - 1))
    for places, weights in tables:
        part = F.index_select(x, places, dim=dim)
        if weights is not None:
            # A weight of zero leaves out what it stands before, even infinity.
            part = F.where(
                F.reshape(weights == 0, shape), F.zeros_like(part), part * F.reshape(weights, shape)
            )
        total = part if total is None else total + part
    return F.zeros((*x.shape[:dim], count, *x.shape[dim + 1 :]), x.dtype) if total is None else total


def _resampled(
    F: Any, x: Any, sizes: Sizes, out: Sizes, scales: Any, mode: str, align_corners: bool, adjoint: bool
) -> Any:
    given = x
    if x.dtype.itemsize == 2:
        x = F.cast(x, dtypes.float32.numpy)
    for axis, (size, count, scale) in enumerate(zip(sizes, out, scales, strict=True)):
        if size != count or scale not in (None, 1.0):
            tables = _tables(F, size, count, scale, mode, align_corners, x.dtype, adjoint)
            x = _along(F, x, axis + 2, tables, size if adjoint else count)
    return F.copy(given) if x is given else F.cast(F.contiguous(x), given.dtype)


@op("linear", grad_name="UpsampleBackward0")
def resample(
    F: Any, input: Any, *, size: Sizes, to: Sizes, scales: Any, mode: str, align_corners: bool
) -> Any:
    """`input` (n, c, *size) at the places of a grid of the size `to`."""
    return _resampled(F, input, size, to, scales, mode, align_corners, False)


@op("linear", grad_name="UpsampleBackwardBackward0")
def resample_backward(
    F: Any, grad: Any, *, size: Sizes, to: Sizes, scales: Any, mode: str, align_corners: bool
) -> Any:
    """The adjoint of `resample`: each element of `grad` (n, c, *to) added to the inputs it was made of."""
    return _resampled(F, grad, size, to, scales, mode, align_corners, True)


resample.rule(
    input=lambda F, g, *, size, to, scales, mode, align_corners: F.resample_backward(
        g, size=size, to=to, scales=scales, mode=mode, align_corners=align_corners
    )
)
resample_backward.rule(
    grad=lambda F, g, *, size, to, scales, mode, align_corners: F.resample(
        g, size=size, to=to, scales=scales, mode=mode, align_corners=align_corners
    )
)

_SPATIAL = {"nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "area": (1, 2, 3), "linear": (1,), "bilinear": (2,)} | {
    "bicubic": (2,), "trilinear": (3,)
}  # fmt: skip


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """`input` (n, c, *places) in another size.

    Args:
        input: floating (nearest: any dtype), with one, two or three spatial dimensions.
        size: the spatial size of the result, a number for all dimensions or one each.
        scale_factor: instead of `size`: how many times larger.
        mode: "nearest", "nearest-exact", "linear" (3-D input), "bilinear", "bicubic" (4-D), "trilinear" (5-D), or
            "area": means of adaptive windows.
        align_corners: whether the centres of the corner elements of input and result lie on each other (default
            False), rather than their outer corners. Not for "nearest" and "area".
        recompute_scale_factor: whether places follow from the result's size, not from `scale_factor`.
        antialias: for "bilinear" and "bicubic": whether a smaller result averages over all inputs.

    Raises:
        ValueError: both or neither of `size` and `scale_factor`, of a wrong length; an option that the mode does not
            have.
        NotImplementedError: the mode is for inputs of other dimensions.
        RuntimeError: an empty size, or a dtype without fractions.

    >>> x = ag.tensor([[[0.0, 4.0]]])
    >>> ag.nn.functional.interpolate(x, scale_factor=2, mode="linear")
    tensor([[[0., 1., 3., 4.]]])
    """
    check_tensor(input, "interpolate", "input")
    spatial = tuple(int(each) for each in input.shape[2:])
    count = len(spatial)
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
                f"trilinear{errors.here()}"
            )
    elif align_corners is None:
        align_corners = False
    if size is not None and scale_factor is not None:
        raise ValueError(f"only one of size or scale_factor should be defined{errors.here()}")
    scales: tuple[float | None, ...] = (None,) * count
    if size is not None:
        if isinstance(size, (list, tuple)):
            _check_length(size, spatial, "output_size")
        out = tuple(int(each) for each in size) if isinstance(size, (list, tuple)) else (int(size),) * count
    elif scale_factor is not None:
        if isinstance(scale_factor, (list, tuple)):
            _check_length(scale_factor, spatial, "scale_factor")
            factors = tuple(float(each) for each in scale_factor)
        else:
            factors = (float(scale_factor),) * count
        out = tuple(math.floor(each * factor) for each, factor in zip(spatial, factors, strict=True))
        if not recompute_scale_factor:
            scales = factors
    else:
        raise ValueError(f"either size or scale_factor should be defined{errors.here()}")
    if recompute_scale_factor and size is not None:
        raise ValueError(f"recompute_scale_factor is not meaningful with an explicit size.{errors.here()}")
    if antialias and not (mode in ("bilinear", "bicubic") and input.ndim == 4):
        raise ValueError(
            f"Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input{errors.here()}"
        )
    if mode not in _SPATIAL or count not in _SPATIAL[mode]:
        kinds = {3: "3D", 4: "4D", 5: "5D"}
        if mode in _SPATIAL and count in (1, 2, 3):
            wanted = kinds[_SPATIAL[mode][0] + 2]
            raise NotImplementedError(
                f"Got {kinds[input.ndim]} input, but {mode} mode needs {wanted} input{errors.here()}"
            )
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported (got "
            f"{input.ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | area | nearest-exact "
            f"(got {mode}){errors.here()}"
        )
    if mode == "area":
        pools = (pool.adaptive_avg_pool1d, pool.adaptive_avg_pool2d, pool.adaptive_avg_pool3d)
        return pools[count - 1](input, out if count > 1 else out[0])
    if 0 in spatial or any(each <= 0 for each in out):
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {list(spatial)} and output "
            f"{list(out)}\n  in interpolate{errors.here()}"
        )
    dtype = input._type.dtype
    if not (dtype.is_floating_point or mode.startswith("nearest")):
        raise NotImplementedError(
            f'"upsample_{mode}" not implemented for {dtype.scalar_name!r}; convert the input to a floating dtype '
            f"first{errors.here()}"
        )
    kind = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
    result: Tensor = resample.apply(
        input,
        size=spatial,
        to=out,
        scales=scales,
        mode=f"{kind}-antialias" if antialias else kind,
        align_corners=bool(align_corners),
    )
    return result


def _check_length(given: Sequence[Any], spatial: Sizes, name: str) -> None:
    if len(given) != len(spatial):
        raise ValueError(
            f"Input and {name} must have the same number of spatial dimensions, but got input with spatial dimensions of "
            f"{list(spatial)} and {name} of {tuple(given)}{errors.here()}"
        )


def upsample(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
) -> Tensor:
    """`interpolate` under its old name."""
    _old("upsample", "interpolate")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with the nearest neighbour, under its old name."""
    _old("upsample_nearest", "interpolate")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """Bilinear `interpolate` with ``align_corners=True``, under its old name."""
    _old("upsample_bilinear", "interpolate")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _old(name: str, new: str) -> None:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.{new}` instead.", stacklevel=3)


# -- reading at given places -------------------------------------------------------------------------------------


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places of `grid_sample` that an affine map says.

    Args:
        theta: the maps, (n, 2, 3) or (n, 3, 4).
        size: the result's size, (n, c, height, width) or (n, c, depth, height, width).
        align_corners: as in `grid_sample`; default False.

    Returns:
        (n, *spatial, 2 or 3), -1 and 1 being the borders.

    Raises:
        TypeError: `theta` is not floating.
        ValueError: shapes that do not fit.
        NotImplementedError: `size` is not of length 4 or 5.

    >>> ag.nn.functional.affine_grid(ag.tensor([[[1.0, 0, 0], [0, 1, 0]]]), (1, 1, 1, 2), align_corners=False)
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    if align_corners is None:
        _says_default("affine_grid")
        align_corners = False
    check_tensor(theta, "affine_grid", "theta")
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}{errors.here()}")
    size = tuple(int(each) for each in size)
    if len(size) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{size}.{errors.here()}"
        )
    n = len(size) - 2
    if theta.ndim != 3 or tuple(theta.shape[-2:]) != (n, n + 1):
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {size}. Got "
            f"{tuple(theta.shape)}.{errors.here()}"
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}{errors.here()}")
    axes = []
    for axis, count in enumerate(reversed(size[2:])):
        places = theta.new_tensor([_place(i, count, align_corners) for i in range(count)])
        axes.append(places.reshape((-1, *(1,) * axis)).expand(size[2:]))
    axes.append(theta.new_tensor(1.0).expand(size[2:]))
    base = FUNCTIONS["stack"](axes, dim=-1).reshape(1, -1, n + 1)
    result: Tensor = (base @ theta.transpose(1, 2)).reshape(size[0], *size[2:], n)
    return result


def _place(index: int, count: int, align_corners: bool) -> float:
    """Where the centre of an element is, between -1 and 1."""
    if align_corners:
        return 2 * index / (count - 1) - 1 if count > 1 else 0.0
    return (2 * index + 1) / count - 1


def _says_default(name: str) -> None:
    warnings.warn(
        f"Default {name} behavior has changed to align_corners=False since 1.3.0. Please specify align_corners=True if the old "
        f"behavior is desired. See the documentation of {name} for details.",
        stacklevel=3,
    )


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """`input` at the places that `grid` says.

    Args:
        input: (n, c, height, width) or (n, c, depth, height, width).
        grid: (n, *result's spatial size, 2 or 3): x, y (and z) of each place, -1 and 1 being the borders.
        mode: "bilinear", "nearest", or for images "bicubic".
        padding_mode: what is outside: "zeros", the "border" element, or the "reflection" at the border.
        align_corners: whether -1 and 1 are the centres of the corner elements; default False: their outer corners.

    Returns:
        (n, c, *result's spatial size). Differentiable in both (to any order; "nearest" in `input` only).

    Raises:
        ValueError: an unknown mode.
        RuntimeError: shapes or dtypes that do not fit.

    >>> image = ag.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> ag.nn.functional.grid_sample(image, ag.tensor([[[[0.0, 0.0]]]]), align_corners=False)
    tensor([[[[2.5000]]]])
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: "
            f"'{mode}'{errors.here()}"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'{errors.here()}"
        )
    if align_corners is None:
        _says_default("grid_sample")
        align_corners = False
    check_tensor(input, "grid_sample", "input")
    check_tensor(grid, "grid_sample", "grid")
    _check_grid(input, grid, mode)
    spatial = tuple(int(each) for each in input.shape[2:])
    # grid's last dimension is x, y(, z): the last spatial dimension first
    places = [
        _unnormalised(grid[..., len(spatial) - 1 - axis], size, align_corners)
        for axis, size in enumerate(spatial)
    ]
    if mode != "bicubic":
        places = [
            _inside(place, size, padding_mode, align_corners)
            for place, size in zip(places, spatial, strict=True)
        ]
    if mode == "nearest":
        with_weights = [[(place.detach().round(), None)] for place in places]
    elif mode == "bilinear":
        with_weights = [_two(place) for place in places]
    else:
        with_weights = [_four(place) for place in places]
    total: Any = None
    flat = input.reshape(*input.shape[:2], -1)
    for corner in itertools.product(*with_weights):
        index: Any = 0
        valid: Any = None
        weight: Any = None
        for (place, share), size in zip(corner, spatial, strict=True):
            if mode == "bicubic":
                place = _inside(place, size, padding_mode, align_corners)
            within = (place >= 0) & (place <= size - 1)
            valid = within if valid is None else valid & within
            index = index * size + place.clamp(0, size - 1).nan_to_num(0.0).to(dtypes.int64)
            weight = share if weight is None else weight * share
        rows = index.reshape(index.shape[0], 1, -1).expand(-1, input.shape[1], -1)
        value = flat.gather(2, rows).reshape(*input.shape[:2], *index.shape[1:])
        value = value.masked_fill(valid.logical_not().unsqueeze(1), 0.0)
        if weight is not None:
            value = value * weight.unsqueeze(1)
        total = value if total is None else total + value
    result: Tensor = total
    return result


def _check_grid(input: Tensor, grid: Tensor, mode: str) -> None:
    if input.dtype is not grid.dtype:
        raise RuntimeError(
            f"grid_sampler(): expected input and grid to have same dtype, but input has {input.dtype} and grid has "
            f"{grid.dtype}{errors.here()}"
        )
    if input.ndim not in (4, 5) or input.ndim != grid.ndim:
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with sizes "
            f"{list(input.shape)} and grid with sizes {list(grid.shape)}{errors.here()}"
        )
    if input.shape[0] != grid.shape[0]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
            f"{list(input.shape)} and grid with sizes {list(grid.shape)}{errors.here()}"
        )
    if grid.shape[-1] != input.ndim - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, but got grid with sizes "
            f"{list(grid.shape)}{errors.here()}"
        )
    if 0 in input.shape[2:]:
        raise RuntimeError(
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
            f"{list(input.shape)}{errors.here()}"
        )
    if mode == "bicubic" and input.ndim == 5:
        raise RuntimeError(f"grid_sampler(): bicubic interpolation only supports 4D input{errors.here()}")


def _unnormalised(place: Any, size: int, align_corners: bool) -> Any:
    """From [-1, 1] to positions of elements."""
    return (place + 1) * ((size - 1) / 2) if align_corners else ((place + 1) * size - 1) / 2


def _inside(place: Any, size: int, padding_mode: str, align_corners: bool) -> Any:
    if padding_mode == "zeros":
        return place
    if padding_mode == "reflection":
        low, span = (0.0, float(size - 1)) if align_corners else (-0.5, float(size))
        if span == 0:
            place = place * 0
        else:
            distance = (place - low).abs()
            turns = (distance.detach() / span).floor()
            rest = distance - turns * span
            place = FUNCTIONS["where"](turns % 2 == 0, rest, span - rest) + low
    return place.clamp(0, size - 1)


def _two(place: Any) -> list[tuple[Any, Any]]:
    low = place.detach().floor()
    part = place - low
    return [(low, 1 - part), (low + 1, part)]


def _four(place: Any) -> list[tuple[Any, Any]]:
    low = place.detach().floor()
    part = place - low
    a = -0.75

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [(low - 1, far(part + 1)), (low, near(part)), (low + 1, near(1 - part)), (low + 2, far(2 - part))]
