"""Cases of autograd_gpu/ops/norm.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.ops import norm
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S


def _standardised(x: Any, axes: Any, eps: float) -> Any:
    if not x.size:
        return x
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def _layer_norm(x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    result = _standardised(x, tuple(range(x.ndim - len(shape), x.ndim)), eps)
    result = result if weight is None else result * weight
    return result if bias is None else result + bias


def _rms_norm(x: Any, shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    if not x.size:
        return x
    # The default is the spacing of the dtype that is computed in: of the samples' own, or float32 for halves.
    # Where it matters the samples give eps.
    result = x / np.sqrt((x * x).mean(axes, keepdims=True) + (0 if eps is None else eps))
    return result if weight is None else result * weight


def _per_channel(vector: Any, x: Any) -> Any:
    return vector.reshape(-1, *(1,) * (x.ndim - 2))


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else x * _per_channel(weight, x)
    return x if bias is None else x + _per_channel(bias, x)


def _with_channels(x: Any, *vectors: Any, eps: float = 1e-5) -> Any:
    return norm.channel_affine.apply(x, *vectors, *(None,) * (4 - len(vectors)), eps=eps)


def _channel_affine(
    x: Any, weight: Any = None, bias: Any = None, mean: Any = None, var: Any = None, eps: float = 1e-5
) -> Any:
    x = x if mean is None else x - _per_channel(mean, x)
    x = x if var is None else x / np.sqrt(_per_channel(var, x) + eps)
    return _affine(x, weight, bias)


def _trained(x: Any, mean: Any, var: Any, weight: Any = None, bias: Any = None, **params: Any) -> Any:
    mean, var = (None if t is None else t.detach().clone() for t in (mean, var))
    result = norm.batch_norm(x, mean, var, weight, bias, True, **params)
    return result if mean is None else (result, mean, var)


def _trained_reference(
    x: Any,
    mean: Any,
    var: Any,
    weight: Any = None,
    bias: Any = None,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    axes = (0, *range(2, x.ndim))
    result = _affine(_standardised(x, axes, eps), weight, bias)
    if mean is None:
        return result
    count = x.size // max(x.shape[1], 1)
    if not count:
        return result, mean, var
    unbiased = x.var(axes) * count / (count - 1)
    return (
        result,
        (1 - momentum) * mean + momentum * x.mean(axes),
        (1 - momentum) * var + momentum * unbiased,
    )


def _evaluated_reference(
    x: Any, mean: Any, var: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    return _affine((x - _per_channel(mean, x)) / np.sqrt(_per_channel(var, x) + eps), weight, bias)


def _group_norm(x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    rows = x.reshape(x.shape[0], groups, x[:1].size // groups if len(x) else 1)
    return _affine(_standardised(rows, 2, eps).reshape(x.shape), weight, bias)


def _instance(x: Any, mean: Any, var: Any, weight: Any, bias: Any, use_input_stats: bool = True) -> Any:
    mean, var = (None if t is None else t.detach().clone() for t in (mean, var))
    result = norm.instance_norm(x, mean, var, weight, bias, use_input_stats)
    return result if mean is None or not use_input_stats else (result, mean, var)


def _instance_reference(
    x: Any, mean: Any, var: Any, weight: Any, bias: Any, use_input_stats: bool = True
) -> Any:
    if not use_input_stats:
        return _evaluated_reference(x, mean, var, weight, bias)
    axes = tuple(range(2, x.ndim))
    result = _affine(_standardised(x, axes, 1e-5), weight, bias)
    if mean is None:
        return result
    places = x[0, 0].size
    return (
        result,
        0.9 * mean + 0.1 * x.mean(axes).mean(0),
        0.9 * var + 0.1 * (x.var(axes) * places / (places - 1)).mean(0),
    )


def _positive(make: Make, *shape: int) -> Any:
    return make(*shape, low=0.5, high=2)


#: halves: five roundings (mean, deviation, scale, weight, bias) of numbers up to 4
HALF = {"float16": (4e-3, 8e-3), "bfloat16": (3.2e-2, 6.4e-2)}

CASES = [
    OpCase(
        "layer_norm",
        also="native_layer_norm",
        samples=lambda make: [
            S(make(3, 4), (4,), make(4), make(4)),
            S(make(2, 3, 4), (3, 4), make(3, 4), make(3, 4)),
            S(make(2, 3), (3,)),
            S(make(2, 3), (3,), make(3)),
            S(make(2, 3), (3,), None, make(3)),  # bias without weight
            S(make(4), (4,), eps=0.5),  # one row
            S(make(3, 4, low=99, high=101), (4,), make(4)).only("float64"),  # a mean far from 0
            S(make(0, 3), (3,), make(3), make(3)),
            S(make(2, 0), (0,)),
        ],
        ref=_layer_norm,
        tol=HALF,
        # float32: the variance of a row is divided by, and so are its errors
        grad_tol={"float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1},
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), (4,)),
                RuntimeError,
                r"Given normalized_shape=\[4\], expected input with shape \[\*, 4\], but got input of "
                r"size\[2, 3\]",
            ),
            ErrorCase(lambda make: S(make(2, 3), ()), RuntimeError, "to be at least 1-dimensional"),
            ErrorCase(lambda make: S(make(2, 3), 3), TypeError, "must be tuple of ints, not int"),
            ErrorCase(
                lambda make: S(make(2, 3), (3,), make(4)),
                RuntimeError,
                r"Expected weight to be of same shape as normalized_shape, but got weight of shape \[4\]",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), (3,), None, make(4)),
                RuntimeError,
                "Expected bias to be of same shape",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), (3,)),
                NotImplementedError,
                "\"LayerNormKernelImpl\" not implemented for 'Long'",
                dtype="int64",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), (3,), make(3, dtype="float64")),
                RuntimeError,
                r"mixed dtype \(CPU\): expect parameter to have scalar type of Float",
            ),
            ErrorCase(
                lambda make: S([1.0], (1,)), TypeError, r"argument 'input' \(position 1\) must be Tensor"
            ),
        ],
    ),
    OpCase(
        "layer_norm",
        variant="float32_parameters",
        dtypes="half",
        samples=lambda make: [S(make(3, 4), (4,), make(4, dtype="float32"), make(4, dtype="float32"))],
        ref=_layer_norm,
        tol=HALF,
        grad_tol={"float16": 2e-2, "bfloat16": 1e-1},
        out_dtype=lambda dtype: dtype,
    ),
    OpCase(
        "rms_norm",
        also="fused_rms_norm",
        samples=lambda make: [
            S(make(3, 4), (4,), make(4)),
            S(make(2, 3, 4), (3, 4), make(3, 4), eps=0.1),
            S(_positive(make, 2, 3), (3,)),
            S(make(0, 3), (3,), make(3)),
            S(make(3, 0), (0,)),
        ],
        ref=_rms_norm,
        tol=HALF,
        grad_tol={"float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1},
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3), (4,)),
                RuntimeError,
                r"Given normalized_shape=\[4\], expected input with shape \[\*4\], but got input of size\[2, "
                r"3\]",
            ),
            ErrorCase(
                lambda make: S(make(2, 3), (3,)),
                NotImplementedError,
                "\"rms_norm\" not implemented for 'Long'",
                dtype="int64",
            ),
        ],
    ),
    OpCase(
        "native_batch_norm",
        also="batch_norm_statistics",
        call=_trained,
        samples=lambda make: [
            S(make(5, 2), make(2), _positive(make, 2), make(2), make(2)),  # no place but the channel's own
            S(make(3, 2, 4), make(2), _positive(make, 2), make(2), make(2), momentum=0.5),
            S(make(2, 2, 2, 3), make(2), _positive(make, 2), None, make(2), eps=0.1),
            S(make(4, 3), None, None),
            S(make(4, 3), None, None, make(3)),
            S(make(0, 3, 4), make(3), _positive(make, 3)),  # leaves the running statistics alone
        ],
        ref=_trained_reference,
        gradient=(0, 3, 4),
        tol=HALF,
        grad_tol={"float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1},
        errors=[
            ErrorCase(
                lambda make: S(make(1, 3), None, None),
                ValueError,
                r"Expected more than 1 value per channel when training, got input size \[1, 3\]",
            ),
            ErrorCase(lambda make: S(make(3), None, None), IndexError, "Dimension out of range"),
            ErrorCase(
                lambda make: S(make(4, 3), None, None, make(4)),
                RuntimeError,
                "weight should contain 3 elements not 4",
            ),
            ErrorCase(
                lambda make: S(make(4, 3), make(4), make(4)),
                RuntimeError,
                "running_mean should contain 3 elements not 4",
            ),
            ErrorCase(
                lambda make: S(make(4, 3), None, None, eps=0.0),
                ValueError,
                "eps must be positive during training, but got 0.0",
            ),
            ErrorCase(
                lambda make: S(make(4, 3), None, None),
                NotImplementedError,
                "\"batch_norm\" not implemented for 'Long'",
                dtype="int64",
            ),
            ErrorCase(
                lambda make: S(make(4, 3), None, None, make(3, dtype="float64")), RuntimeError, "mixed dtype"
            ),
        ],
    ),
    OpCase(
        "channel_affine",
        call=_with_channels,
        samples=lambda make: [
            S(make(3, 2, 5), make(2), make(2), make(2), _positive(make, 2)),
            S(make(3, 2), make(2), make(2)),
            S(make(3, 2, 4), None, make(2)),
            S(make(3, 2, 2, 3), None, None, make(2), _positive(make, 2), eps=0.1),
            S(make(2, 3, 1), make(3), None, make(3)),
            S(make(0, 2), make(2), make(2)),
        ],
        ref=_channel_affine,
        tol=HALF,
        grad_tol={"float16": 2e-2, "bfloat16": 1e-1},
    ),
    OpCase(
        "channel_affine",
        variant="batch_norm in evaluation",
        call=norm.batch_norm,
        samples=lambda make: [
            S(make(3, 2), make(2), _positive(make, 2), make(2), make(2)),
            S(make(1, 2, 3, 2), make(2), _positive(make, 2), eps=0.1),
            S(make(0, 2), make(2), _positive(make, 2)),
        ],
        ref=_evaluated_reference,
        tol=HALF,
        grad_tol={"float16": 2e-2, "bfloat16": 1e-1},
        errors=[
            ErrorCase(
                lambda make: S(make(4, 3), None, None),
                RuntimeError,
                "running_mean must be defined in evaluation mode",
            ),
        ],
    ),
    OpCase(
        "group_norm",
        samples=lambda make: [
            S(make(2, 4, 3), 2, make(4), make(4)),
            S(make(2, 4), 2),
            S(make(1, 3, 2, 2), 1, make(3), None, 0.1),
            S(make(2, 2, 4), 2, None, make(2)),  # as many groups as channels
            S(make(0, 4, 3), 2),
        ],
        ref=_group_norm,
        tol=HALF,
        grad_tol={"float32": 1e-4, "float16": 4e-2, "bfloat16": 2e-1},
        errors=[
            ErrorCase(
                lambda make: S(make(2, 6, 4), 4),
                RuntimeError,
                r"divisible by num_groups, but got input of shape \[2, 6, 4\] and num_groups=4",
            ),
            ErrorCase(lambda make: S(make(2, 6, 4), 0), RuntimeError, "num groups to be greater than 0"),
            ErrorCase(
                lambda make: S(make(6), 3),
                RuntimeError,
                "Expected at least 2 dimensions for input tensor but received 1",
            ),
            ErrorCase(lambda make: S(make(1, 6), 6), ValueError, "Expected more than 1 value per channel"),
            ErrorCase(
                lambda make: S(make(2, 6, 4), 3, make(4)),
                RuntimeError,
                "Expected weight to be a vector of size equal to the number of channels in input",
            ),
            ErrorCase(
                lambda make: S(make(2, 6, 4), 3),
                NotImplementedError,
                "\"GroupNormKernelImpl\" not implemented for 'Long'",
                dtype="int64",
            ),
        ],
    ),
    OpCase(
        "native_layer_norm",
        variant="instance_norm",
        call=_instance,
        samples=lambda make: [
            S(make(2, 3, 4), None, None, make(3), make(3)),
            S(make(2, 3, 2, 2), make(3), _positive(make, 3), None, None),
            S(make(2, 3, 4), make(3), _positive(make, 3), make(3), None, use_input_stats=False),
        ],
        ref=_instance_reference,
        gradient=(0,),
        tol=HALF,
        grad_tol={"float32": 1e-4, "float16": 4e-2, "bfloat16": 2e-1},
        errors=[
            ErrorCase(
                lambda make: S(make(2, 3, 1), None, None, None, None),
                ValueError,
                r"Expected more than 1 spatial element when training, got input size \[2, 3, 1\]",
            ),
            ErrorCase(
                lambda make: S(make(2, 3, 4), None, None, None, None, use_input_stats=False),
                RuntimeError,
                "Expected running_mean and running_var to be defined when use_input_stats is false",
            ),
        ],
    ),
    OpCase(
        "div",
        variant="normalize",
        call=norm.normalize,
        samples=lambda make: [
            S(make(3, 4)),
            S(make(3, 4), p=1.0, dim=0),
            S(make(2, 3, 2), dim=-1, eps=0.1),
            S(make(3), dim=0),
        ],
        ref=lambda x, p=2.0, dim=1, eps=1e-12: (
            x / np.maximum((np.abs(x) ** p).sum(dim, keepdims=True) ** (1 / p), eps)
        ),
        errors=[ErrorCase(lambda make: S(make(2, 3), dim=3), IndexError, "Dimension out of range")],
    ),
]
