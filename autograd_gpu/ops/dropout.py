"""Dropout of elements and of whole channels, and alpha dropout.

No mask is kept: what is dropped is a function of the generator's seed and the offset of the call, so the
gradient is the same op with the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.inplace import adopt, check_writable
from autograd_gpu.core.op import expose, op
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.generators import default_generator

#: the value that SELU tends to at minus infinity, negated: scale * alpha of G. Klambauer et al. (2017)
ALPHA = 1.7580993408473766


@op("linear")
def native_dropout(
    F: Any, input: Any, *, p: float, scale: float, mask_shape: Any, seed: int, offset: int
) -> Any:
    """``input * mask * scale``, where the mask, of a shape that broadcasts, is 0 with probability `p`, else
    1."""
    result = input * F.dropout_mask(mask_shape, p, seed, offset)
    return result * scale


# The mask is diagonal, so the op is its own adjoint.
native_dropout.rule(
    input=lambda F, g, *, p, scale, mask_shape, seed, offset: F.native_dropout(
        g, p=p, scale=scale, mask_shape=mask_shape, seed=seed, offset=offset
    )
)


@op("general")
def alpha_dropout_shift(
    F: Any, input: Any, *, p: float, scale: float, mask_shape: Any, seed: int, offset: int
) -> Any:
    """What alpha dropout adds: to kept elements what restores mean 0, to dropped ones -ALPHA besides."""
    kept = F.dropout_mask(mask_shape, p, seed, offset)
    shift = (F.cast(kept, input.dtype) - 1) * (ALPHA * scale) + ALPHA * scale * p
    return F.cast(shift, input.dtype)


alpha_dropout_shift.no_rule()


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element becomes 0 with probability `p`, else ``element / (1 - p)`` (G. E. Hinton et al., 2012).

    Args:
        input: floating point or complex, any shape.
        p: the probability of an element to be dropped, in [0, 1].
        training: False returns `input` itself.
        inplace: whether to overwrite `input`.

    Raises:
        ValueError: `p` is outside [0, 1].
        RuntimeError: `input` is of an integer dtype.

    >>> ag.nn.functional.dropout(ag.ones(3), p=0.0)
    tensor([1., 1., 1.])
    """
    return _dropout("dropout", input, p, training, inplace, lambda shape: shape)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Drops whole channels of ``(n, c, length)`` or ``(c, length)``; arguments as for `dropout`.

    >>> ag.nn.functional.dropout1d(ag.ones(1, 2, 2), p=1.0)
    tensor([[[0., 0.],
             [0., 0.]]])
    """
    return _channels_dropout(1, input, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Drops whole channels of ``(n, c, height, width)`` (J. Tompson et al., 2015); arguments as for
    `dropout`.

    As in PyTorch the first two dimensions are images and channels, whatever the number of dimensions.

    >>> ag.nn.functional.dropout2d(ag.ones(1, 1, 2, 2), p=0.0).shape
    ag.Size([1, 1, 2, 2])
    """
    return _channels_dropout(2, input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Drops whole channels of ``(n, c, depth, height, width)``; arguments as for `dropout`.

    >>> ag.nn.functional.dropout3d(ag.ones(1, 1, 2, 2, 2), p=0.0).shape
    ag.Size([1, 1, 2, 2, 2])
    """
    return _channels_dropout(3, input, p, training, inplace)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout for SELU networks (G. Klambauer et al., 2017): dropped elements take SELU's limit at minus
    infinity, and the result is scaled and shifted so that mean 0 and variance 1 stay; arguments as for
    `dropout`.

    >>> ag.nn.functional.alpha_dropout(ag.ones(3), p=0.5, training=False)
    tensor([1., 1., 1.])
    """
    return _dropout("alpha_dropout", input, p, training, inplace, lambda shape: shape, alpha=True)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels of ``(n, c, ...)``.

    >>> ag.nn.functional.feature_alpha_dropout(ag.ones(1, 2, 1), p=0.0, training=True).shape
    ag.Size([1, 2, 1])
    """
    return _dropout("feature_alpha_dropout", input, p, training, inplace, _per_channel, alpha=True)


def _channels_dropout(spatial: int, input: Any, p: float, training: bool, inplace: bool) -> Tensor:
    name = f"dropout{spatial}d"
    check_tensor(input, name)
    ndim = input._array.ndim
    if spatial == 1 and ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists "
            f"to "
            "provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an "
            f"optional batch dimension (i.e. 2D or 3D inputs).{errors.here()}"
        )
    unbatched = (spatial, ndim) in ((1, 2), (3, 4))
    return _dropout(name, input, p, training, inplace, _per_first if unbatched else _per_channel)


def _per_channel(shape: tuple[int, ...]) -> tuple[int, ...]:
    """One mask element for each channel of each image."""
    if len(shape) < 2:
        raise RuntimeError(f"Feature dropout requires at least 2 dimensions in the input{errors.here()}")
    return (*shape[:2], *(1,) * (len(shape) - 2))


def _per_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    """One mask element for each channel of an input without batch dimension."""
    return (shape[0], *(1,) * (len(shape) - 1))


def _dropout(
    name: str,
    input: Any,
    p: float,
    training: bool,
    inplace: bool,
    mask_shape_of: Callable[[tuple[int, ...]], tuple[int, ...]],
    alpha: bool = False,
) -> Tensor:
    check_tensor(input, name)
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}{errors.here()}")
    tensor: Tensor = input
    if p == 0 or not training or tensor._array.size == 0:
        return tensor
    mask_shape = mask_shape_of(tensor._array.shape)
    if inplace:
        check_writable(tensor, name)
    if p == 1:
        result = tensor * 0
    elif not tensor._type.differentiable:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {tensor._type.dtype.scalar_name}\n  "
            f"in {name}: "
            f"input must be floating point, not {tensor._type.dtype.name}{errors.here()}"
        )
    else:
        scale = 1 / math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p)) if alpha else 1 / (1 - p)
        with default_generator.draw() as (seed, offset):
            params = {"p": p, "scale": scale, "mask_shape": mask_shape, "seed": seed, "offset": offset}
            result = native_dropout.apply(tensor, **params)
            if alpha:
                result = result + alpha_dropout_shift.apply(tensor, **params)
    return adopt(tensor, result) if inplace else result


def _as_in_torch(function: Callable[..., Tensor], name: str, inplace: bool) -> Callable[..., Tensor]:
    """The function as PyTorch has it outside of ``nn.functional``: ``ag.dropout(input, p, train)``."""

    def with_train(input: Tensor, p: float, train: bool) -> Tensor:
        if not 0.0 <= p <= 1.0:
            raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}{errors.here()}")
        return function(input, p, train, inplace)

    with_train.__name__ = with_train.__qualname__ = name
    with_train.__doc__ = (
        f"``ag.nn.functional.{function.__name__}`` with required arguments `p` and `train`"
        + (", in place." if inplace else ".")
    )
    return with_train


def feature_dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Drops whole channels of ``(n, c, ...)``; arguments as for `dropout`."""
    return _dropout("feature_dropout", input, p, training, inplace, _per_channel)


for _function in (dropout, feature_dropout, alpha_dropout, feature_alpha_dropout):
    for _name, _inplace in ((_function.__name__, False), (_function.__name__ + "_", True)):
        expose(_as_in_torch(_function, _name, _inplace), _name, method=False)
