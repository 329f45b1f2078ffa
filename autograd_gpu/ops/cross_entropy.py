"""Cross-entropy and the negative log-likelihood: losses of classifiers.

The class dimension is the second one, or the only one of an input without batch. Nothing here looks at the
values of a tensor on a GPU: counts of valid targets stay arrays, and labels are checked on the CPU only.
"""

from __future__ import annotations

from typing import Any

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import fused_gradient, op
from autograd_gpu.device.checks import extremes, on_host
from autograd_gpu.device.portable.base import float32, int64
from autograd_gpu.dtypes import FLOAT, float32 as float32_type, int64 as int64_type, uint8
from autograd_gpu.ops.arguments import check_tensor, in_dtype
from autograd_gpu.ops.reduction import reduction_name
from autograd_gpu.ops.softmax import log_softmax


def _rows(F: Any, target: Any, weight: Any, ignore_index: int, dtype: Any) -> tuple[Any, Any, Any]:
    """For each target: whether it counts, a class that can be looked up, and the weight of its loss."""
    valid = target != ignore_index
    label = target * F.cast(valid, dtype=int64)  # class 0 stands in for what is ignored
    counted = F.cast(valid, dtype=dtype)
    return valid, label, counted if weight is None else counted * F.cast(weight, dtype=dtype)[label]


@op("general", fused=True, saves=("highest", "total", "divisor"), grad_name="NllLossBackward0")
def cross_entropy(
    F: Any,
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    dim: int,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
    inside: Any,
) -> Any:
    """``-log softmax(input)[target]``, computed as ``log sum exp(x - max) - (x[target] - max)``, so that the
    softmax itself is never stored."""
    x = F.cast(input, dtype=inside)
    valid, label, per_row = _rows(F, target, weight, ignore_index, inside)
    highest = F.amax(x, dim=dim, keepdim=True)
    shifted = x - highest
    total = F.sum(F.exp(shifted), dim=dim, keepdim=True)
    log_total = F.log(total)
    picked = F.gather(shifted, dim=dim, index=F.unsqueeze(label, dim))
    loss = F.squeeze(log_total - picked, dim) * per_row
    if label_smoothing:
        classes = input.shape[dim]
        others = log_total - shifted
        if weight is not None:
            others = others * _along(F, F.cast(weight, dtype=inside), input, dim)
        others = F.sum(others, dim=(dim,), keepdim=False)
        loss = loss * (1 - label_smoothing) + others * (label_smoothing / classes)
    loss = F.where(valid, loss, F.zeros_like(loss))
    divisor = F.sum(per_row, dim=None, keepdim=False) if reduction == "mean" else None
    if reduction != "none":
        loss = F.sum(loss, dim=None, keepdim=False)
    if divisor is not None:
        loss = loss / divisor
    return F.cast(loss, dtype=input.dtype), highest, total, divisor


def _along(F: Any, vector: Any, like: Any, dim: int) -> Any:
    """A vector as an array that broadcasts along `dim`."""
    return F.reshape(vector, shape=tuple(-1 if axis == dim else 1 for axis in range(like.ndim)))


@fused_gradient
def cross_entropy_backward(
    F: Any,
    g: Any,
    input: Any,
    target: Any,
    weight: Any,
    highest: Any,
    total: Any,
    divisor: Any,
    *,
    dim: int,
    ignore_index: int,
    label_smoothing: float,
    inside: Any,
) -> Any:
    """``softmax(input) - onehot(target)``, in one buffer of the input's size.

    With smoothing e, the loss of a row is ``(1 - e) w[t] (-log p[t]) + e / C * sum(w (-log p))``; the
    gradient of ``-log p[c]`` is ``p - onehot(c)``.
    """
    valid, label, per_row = _rows(F, target, weight, ignore_index, inside)
    g = F.cast(g, inside)
    if divisor is not None:
        g = g / divisor
    g = F.where(valid, g, F.scalar(0, inside))  # where nothing counts, the divisor is zero
    on_target = F.unsqueeze(g * per_row * (1 - label_smoothing), dim)
    on_all = on_target
    if label_smoothing:
        classes = input.shape[dim]
        smoothed = F.unsqueeze(g * (label_smoothing / classes), dim)
        weights = None if weight is None else F.cast(weight, inside)
        on_all = on_target + smoothed * (classes if weights is None else F.sum(weights))
    result = F.asarray(F.sub(F.cast(input, inside), highest))
    F.exp(result, out=result)
    F.mul(result, on_all / total, out=result)
    if label_smoothing:
        F.sub(result, smoothed if weights is None else smoothed * _along(F, weights, input, dim), out=result)
    index = F.unsqueeze(label, dim)
    grid = tuple(
        index
        if axis == dim
        else F.reshape(
            F.arange(0, size, 1, int64), tuple(-1 if each == axis else 1 for each in range(input.ndim))
        )
        for axis, size in enumerate(input.shape)
    )
    result[grid] -= on_target
    return F.cast(result, input.dtype)


cross_entropy.rule(
    input=lambda F, g, input, target, weight, highest, total, divisor, *, dim, ignore_index, label_smoothing, inside: (
        F.cross_entropy_backward(
            g, input, target, weight, highest, total, divisor,
            dim=dim, ignore_index=ignore_index, label_smoothing=label_smoothing, inside=inside,
        )
    )
)  # fmt: skip


def _in_plain_ops(
    F: Any,
    g: Any,
    input: Any,
    target: Any,
    weight: Any,
    divisor: Any,
    *,
    dim: int,
    ignore_index: int,
    label_smoothing: float,
    inside: Any,
) -> Any:
    """The same gradient, which can be differentiated again. (The divisor does not depend on `input`.)"""
    valid, label, per_row = _rows(F, target, weight, ignore_index, inside)
    g = F.cast(g, dtype=inside)
    if divisor is not None:
        g = g / divisor
    g = F.where(valid, g, F.zeros_like(g))  # where nothing counts, the divisor is zero
    on_target = F.unsqueeze(g * per_row * (1 - label_smoothing), dim)
    probabilities = F.softmax(F.cast(input, dtype=inside), dim=dim)
    at_target = F.place(on_target, F.unsqueeze(label, dim), dim=dim, size=input.shape[dim], unique=True)
    result = on_target * probabilities - at_target
    if label_smoothing:
        weights = F.ones_like(probabilities)
        if weight is not None:
            weights = weights * _along(F, F.cast(weight, dtype=inside), input, dim)
        smoothed = F.unsqueeze(g * (label_smoothing / input.shape[dim]), dim)
        result = result + smoothed * (F.sum(weights, dim=(dim,), keepdim=True) * probabilities - weights)
    return F.cast(result, dtype=input.dtype)


cross_entropy.plain_rule(input=_in_plain_ops)


@op("general", grad_name="NllLossBackward0")
def nll_loss(
    F: Any,
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    dim: int,
    ignore_index: int,
    reduction: str,
    inside: Any,
) -> Any:
    valid, label, per_row = _rows(F, target, weight, ignore_index, inside)
    picked = F.squeeze(F.gather(input, F.unsqueeze(label, dim), dim=dim), dim)
    loss = F.where(valid, -F.cast(picked, inside) * per_row, F.scalar(0, inside))
    if reduction != "none":
        loss = F.sum(loss)
    if reduction == "mean":
        loss = loss / F.sum(per_row)
    return F.cast(loss, input.dtype)


def _nll_loss_gradient(
    F: Any,
    g: Any,
    input_like: Any,
    target: Any,
    weight: Any,
    *,
    dim: int,
    ignore_index: int,
    reduction: str,
    inside: Any,
) -> Any:
    """Minus the weight, at the target."""
    valid, label, per_row = _rows(F, target, weight, ignore_index, inside)
    if reduction == "mean":
        share = per_row / F.sum(per_row, dim=None, keepdim=False)
        per_row = F.where(valid, share, F.zeros_like(share))  # where nothing counts, the sum is zero
    rows = F.cast(F.cast(g, dtype=inside) * -per_row, dtype=input_like.dtype)
    size = input_like.shape[dim]
    return F.place(F.unsqueeze(rows, dim), F.unsqueeze(label, dim), dim=dim, size=size, unique=True)


nll_loss.rule(input=_nll_loss_gradient)

# -- what users call -----------------------------------------------------------------------------------


def _class_dim(input: Any) -> int:
    return 0 if input.ndim == 1 else 1


def _index_target(
    name: str, input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> Tensor:
    """The labels as int64, after every check that PyTorch makes."""

    def where() -> str:
        return f" ({name}: input {list(input.shape)}, target {list(target.shape)}){errors.here()}"

    if input.ndim == 0:
        raise ValueError(f"Expected 1 or more dimensions (got 0){where()}")
    if input.ndim == 1:
        if target.ndim > 1 or (target.ndim == 1 and target.shape[0] != 1):
            raise ValueError(
                f"For 1D input, 1D target must have size 1, but got target size: {list(target.shape)}{where()}"
            )
    elif input.ndim == 2:
        if target.ndim and input.shape[0] != target.shape[0]:
            raise ValueError(
                f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
                f"({target.shape[0]}).{where()}"
            )
        if target.ndim != 1:
            raise RuntimeError(f"0D or 1D target tensor expected, multi-target not supported{where()}")
    else:
        expected = [input.shape[0], *input.shape[2:]]
        if list(target.shape) != expected:
            raise RuntimeError(f"Expected target size {expected}, got {list(target.shape)}{where()}")
    if target._type.dtype not in (int64_type, uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target._type.dtype.scalar_name}{where()}"
        )
    classes = input.shape[_class_dim(input)]
    _check_weight(name, input, weight, classes)
    labels = target._array
    found = extremes(target._type, labels)
    if found is not None and (found[0] < 0 or found[1] >= classes):
        labels = on_host(target._type, labels)
        wrong = labels[(labels != ignore_index) & ((labels < 0) | (labels >= classes))]
        if wrong.size:
            raise IndexError(
                f"Target {wrong.reshape(-1)[0]} is out of bounds. Class indices of {name} must be in [0, "
                f"{classes - 1}], "
                f"or ignore_index={ignore_index}{where()}"
            )
    result = in_dtype(target, int64_type)
    return result.reshape(()) if input.ndim == 1 and target.ndim == 1 else result


def _check_weight(name: str, input: Tensor, weight: Tensor | None, classes: int) -> None:
    if weight is None:
        return
    check_tensor(weight, name, "weight", 3)
    if weight.ndim != 1 or weight.shape[0] != classes:
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got "
            "weight tensor of "
            f"shape: {list(weight.shape)} ({name}){errors.here()}"
        )
    if weight._type.dtype is not input._type.dtype:
        raise RuntimeError(
            f"expected scalar type {input._type.dtype.scalar_name} but found "
            f"{weight._type.dtype.scalar_name} "
            f"({name}: the dtype of weight must be that of input){errors.here()}"
        )
    if weight.requires_grad and modes.is_grad_enabled():
        raise RuntimeError(
            f"The function '{name}' is not differentiable with respect to argument 'weight'. This input "
            "cannot have "
            f"requires_grad True.{errors.here()}"
        )


def _check_floating(name: str, input: Any) -> None:
    if not input._type.dtype.is_floating_point:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input._type.dtype.scalar_name}': the input must be floating"
            f"{errors.here()}"
        )


def _inside(input: Tensor) -> Any:
    """The precision to compute in: float32 for halves."""
    return float32 if input._type.dtype.itemsize < float32_type.itemsize else input._type.numpy


@cross_entropy.surface
def _cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy between the softmax of `input` and `target`: ``-log(softmax(input)[target])`` for class
    indices, ``-sum(target * log(softmax(input)))`` for probabilities.

    Keeps for backward its inputs and two numbers per row, not the softmax. Halves are computed in float32.

    Args:
        input: floating, logits; (C,), (N, C) or (N, C, d1, d2, ...).
        target: class indices, int64 or uint8, of shape (), (N,) or (N, d1, d2, ...); or probabilities,
            floating, of the shape of `input`.
        weight: (C,), of the dtype of `input`: a factor for the losses of each class.
        ignore_index: a label that does not count (class indices only).
        reduction: "mean" (by the sum of the targets' weights; for probabilities by N), "sum" or "none".
        label_smoothing: in [0, 1]: this much of each target is spread evenly over all classes.
        size_average, reduce: deprecated forms of `reduction`.

    Raises:
        IndexError: a label is out of range (checked on the CPU only).
        ValueError: the batch sizes differ; `reduction` is unknown.
        RuntimeError: wrong target dtype or shape, wrong weight.

    Example:
        >>> logits = ag.tensor([[2.0, 0.0], [0.0, 0.0]], requires_grad=True)
        >>> loss = ag.nn.functional.cross_entropy(logits, ag.tensor([0, 1]))
        >>> loss
        tensor(0.4100, grad_fn=<NllLossBackward0>)
        >>> loss.backward()
        >>> logits.grad
        tensor([[-0.0596,  0.0596],
                [ 0.2500, -0.2500]])
    """
    check_tensor(input, "cross_entropy")
    check_tensor(target, "cross_entropy", "target", 2)
    reduction = reduction_name("cross_entropy", reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(
            f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}{errors.here()}"
        )
    _check_floating("cross_entropy", input)
    if target.shape == input.shape:
        return _of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    labels = _index_target("cross_entropy", input, target, weight, ignore_index)
    return cross_entropy.apply(  # type: ignore[no-any-return]
        input,
        labels,
        weight,
        dim=_class_dim(input),
        ignore_index=int(ignore_index),
        reduction=reduction,
        label_smoothing=float(label_smoothing),
        inside=_inside(input),
    )


def _of_probabilities(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Tensor:
    if target._type.dtype.category != FLOAT:
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{target._type.dtype.scalar_name}{errors.here()}"
        )
    if ignore_index >= 0:
        raise RuntimeError(f"ignore_index is not supported for floating point target{errors.here()}")
    if input.ndim == 0:
        raise ValueError(f"Expected 1 or more dimensions (got 0){errors.here()}")
    dim = _class_dim(input)
    classes = input.shape[dim]
    _check_weight("cross_entropy", input, weight, classes)
    terms = log_softmax.public(input, dim)
    if weight is not None:
        terms = terms * weight.reshape(*(-1 if axis == dim else 1 for axis in range(input.ndim)))
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    terms = terms * target
    if reduction == "none":
        return -terms.sum(dim)  # type: ignore[no-any-return]
    total = -terms.sum()
    if reduction == "sum":
        return total  # type: ignore[no-any-return]
    rows = 1
    for axis, size in enumerate(input.shape):
        if axis != dim:
            rows *= size
    return total / rows  # type: ignore[no-any-return]


@nll_loss.surface
def _nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood: ``-input[target]`` times the weight of the class. `input` holds
    log-probabilities.

    Args:
        input: floating; (C,), (N, C) or (N, C, d1, d2, ...).
        target: class indices, int64 or uint8, of shape (), (N,) or (N, d1, d2, ...).
        weight, ignore_index, reduction, size_average, reduce: as for `cross_entropy`.

    Raises:
        IndexError: a label is out of range (checked on the CPU only).
        ValueError: the batch sizes differ; `reduction` is unknown.
        RuntimeError: wrong target dtype or shape, wrong weight.

    Example:
        >>> ag.nn.functional.nll_loss(ag.tensor([[-0.5, -1.0]]), ag.tensor([1]))
        tensor(1.)
    """
    check_tensor(input, "nll_loss")
    check_tensor(target, "nll_loss", "target", 2)
    reduction = reduction_name("nll_loss", reduction, size_average, reduce)
    labels = _index_target("nll_loss", input, target, weight, ignore_index)
    _check_floating("nll_loss", input)
    return nll_loss.apply(  # type: ignore[no-any-return]
        input,
        labels,
        weight,
        dim=_class_dim(input),
        ignore_index=int(ignore_index),
        reduction=reduction,
        inside=_inside(input),
    )
