"""Connectionist temporal classification: the loss of a sequence of labels against frames without alignment."""

from __future__ import annotations

from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.ops.arguments import check_tensor

#: stands for the logarithm of zero: sums of it stay finite, and so do gradients
_NEVER = -1e30


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the logarithm of the probability of all alignments of labels with frames (Graves et al., 2006).

    Args:
        log_probs: logarithms of probabilities (frames, batch, classes) or (frames, classes).
        targets: labels, (batch, most labels), or all of them one after the other.
        input_lengths: frames of each sequence, (batch,).
        target_lengths: labels of each sequence, (batch,).
        blank: the class that stands for no label.
        reduction: "none"; "mean": of each loss divided by its number of labels; "sum".
        zero_infinity: whether losses of labels that do not fit into their frames are 0, rather than infinite.

    As in PyTorch, the gradient is that of a `log_probs` which comes from log_softmax.

    Raises:
        RuntimeError: `log_probs` is not floating, lengths do not fit, or `blank` is no class.
        ValueError: an unknown `reduction`.

    >>> frames = ag.full((3, 1, 2), 0.5).log()
    >>> ag.nn.functional.ctc_loss(frames, ag.tensor([[1]]), [3], [1])
    tensor(0.2877)
    """
    check_tensor(log_probs, "ctc_loss", "log_probs")
    check_tensor(targets, "ctc_loss", "targets", 2)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction{errors.here()}")
    if log_probs._type.dtype not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(
            f'"ctc_loss" not implemented for {log_probs._type.dtype.scalar_name!r}; use float32 or '
            f"float64{errors.here()}"
        )
    single = log_probs.ndim == 2
    if single:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.reshape(1, -1)
    frames, batch, classes = (int(each) for each in log_probs.shape)
    lengths = _lengths(input_lengths, batch, "input_lengths")
    counts = _lengths(target_lengths, batch, "target_lengths")
    if not 0 <= blank < classes:
        raise RuntimeError(
            f"blank must be in label range\n  in ctc_loss: {blank} of {classes} classes{errors.here()}"
        )
    if max(lengths, default=0) > frames:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {frames}, but got value {max(lengths)} (while checking "
            f"arguments for ctc_loss){errors.here()}"
        )
    labels = _padded(targets.to(dtypes.int64), counts, batch, blank)
    loss = _losses(log_probs, labels, lengths, counts, blank)
    never = loss.detach() > 1e29
    loss = loss.masked_fill(never, 0.0 if zero_infinity else float("inf"))
    # PyTorch's gradient has the softmax of the frames in it, which the derivative of log_softmax takes out again.
    weight = _before(frames, lengths, log_probs).unsqueeze(2)
    if zero_infinity:
        weight = weight * never.logical_not().to(log_probs.dtype).reshape(1, -1, 1)
    mass = (log_probs.exp() * weight).sum((0, 2))
    loss = loss + (mass - mass.detach())
    if reduction == "mean":
        return (loss / loss.new_tensor([max(count, 1) for count in counts])).mean()
    if reduction == "sum":
        return loss.sum()
    return loss.squeeze(0) if single else loss


def _lengths(given: Any, batch: int, name: str) -> list[int]:
    values = given.reshape(-1).tolist() if isinstance(given, Tensor) else given
    values = [int(each) for each in (values if isinstance(values, (list, tuple)) else [values])]
    if len(values) != batch:
        raise RuntimeError(
            f"{name} must be of size batch_size\n  in ctc_loss: {len(values)} of {batch}{errors.here()}"
        )
    if min(values, default=0) < 0:
        raise RuntimeError(f"{name} must be non-negative\n  in ctc_loss: {values}{errors.here()}")
    return values


def _padded(targets: Tensor, counts: list[int], batch: int, blank: int) -> Tensor:
    """Labels as (batch, most labels), what is behind a sequence's own being blank."""
    most = max(counts, default=0)
    if targets.ndim == 2:
        if most > targets.shape[1]:
            raise RuntimeError(
                f"Expected tensor to have size at least {most} at dimension 1, but got size {list(targets.shape)} "
                f"(while checking arguments for ctc_loss){errors.here()}"
            )
        targets = targets[:, :most]
        rows = list(targets.unbind(0))
    else:
        if targets.shape[0] != sum(counts):
            raise RuntimeError(
                f"Expected tensor to have size {sum(counts)} at dimension 0, but got size {list(targets.shape)} (while "
                f"checking arguments for ctc_loss){errors.here()}"
            )
        rows = list(targets.split(counts, 0))
    padded = targets.new_full((batch, most), blank)
    for number, (row, count) in enumerate(zip(rows, counts, strict=True)):
        padded[number, :count] = row[:count]
    return padded


def _before(frames: int, lengths: list[int], like: Tensor) -> Tensor:
    """(frames, batch): 1 where a frame belongs to its sequence, else 0."""
    places = FUNCTIONS["arange"](frames, device=like.device).unsqueeze(1)
    inside: Tensor = places < FUNCTIONS["tensor"](lengths, dtype=dtypes.int64, device=like.device)
    return inside.to(like.dtype)


def _losses(log_probs: Tensor, labels: Tensor, lengths: list[int], counts: list[int], blank: int) -> Tensor:
    """The forward recursion over states blank, label, blank, label, ..., blank."""
    frames, batch, _ = (int(each) for each in log_probs.shape)
    states = 2 * int(labels.shape[1]) + 1
    path = labels.new_full((batch, states), blank)
    path[:, 1::2] = labels
    scores = log_probs.gather(2, path.expand(frames, batch, states))
    # A label can follow another one without a blank between them if it differs.
    skips = FUNCTIONS["zeros"](batch, states, dtype=dtypes.bool_, device=labels.device)
    skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    never = scores.new_full((batch, states), _NEVER)
    if not frames:
        alpha = never
    else:
        alpha = FUNCTIONS["cat"]([scores[0, :, :2], never[:, 2:]], dim=1)
    inside = _before(frames, lengths, log_probs).to(dtypes.bool_)
    for frame in range(1, frames):
        one = FUNCTIONS["cat"]([never[:, :1], alpha[:, :-1]], dim=1)
        two = FUNCTIONS["cat"]([never[:, :2], alpha[:, :-2]], dim=1)[:, :states].where(skips, never)
        moved = FUNCTIONS["stack"]([alpha, one, two]).logsumexp(0) + scores[frame]
        alpha = moved.where(inside[frame].unsqueeze(1), alpha)
    empty = FUNCTIONS["tensor"]([length == 0 for length in lengths], device=labels.device).unsqueeze(1)
    started = never.clone()
    started[:, 0] = 0.0
    alpha = started.where(empty, alpha)
    last = FUNCTIONS["tensor"]([2 * count for count in counts], dtype=dtypes.int64, device=labels.device)
    on_blank = alpha.gather(1, last.unsqueeze(1))
    on_label = alpha.gather(1, (last - 1).clamp(min=0).unsqueeze(1))
    on_label = on_label.masked_fill((last == 0).unsqueeze(1), _NEVER)
    likelihood: Tensor = FUNCTIONS["cat"]([on_blank, on_label], dim=1).logsumexp(1)
    return -likelihood
