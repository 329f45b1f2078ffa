"""One call through both libraries: values, dtypes, first and second derivatives must agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.core.graph import Tensor

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


def listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def same(ours: Any, theirs: Any, tolerance: float, what: str) -> None:
    """Equal in dtype, shape and, within `tolerance`, in value. A missing gradient is zero."""
    if ours is None and theirs is None:
        return
    if ours is None or theirs is None:
        present = theirs if ours is None else ours
        assert not np.any(numbers(present)), f"{what}: missing on one side, but not zero"
        return
    assert str(ours.dtype).split(".")[-1] == str(theirs.dtype).split(".")[-1], what
    np.testing.assert_allclose(numbers(ours), numbers(theirs), rtol=tolerance, atol=tolerance, err_msg=what)


def numbers(tensor: Any) -> Any:
    if isinstance(tensor, Tensor):
        array = tensor.detach().numpy()
    elif tensor.dtype is torch.bfloat16:
        array = tensor.float().numpy(force=True)
    else:
        array = tensor.numpy(force=True)
    return array.astype(np.float64) if array.dtype.itemsize == 2 else array


def agree(
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    *arguments: Any,
    order: int = 2,
    tolerance: float = 1e-9,
    grad: tuple[int, ...] | None = None,
    **options: Any,
) -> None:
    """Call both with the same `arguments` (NumPy arrays become tensors) and compare, to derivatives of order
    `order`.

    grad: the positions of the arguments that require grad; all floating ones by default.
    """
    rng = np.random.default_rng(0)
    mine = [ag.from_numpy(np.array(a)) if isinstance(a, np.ndarray) else a for a in arguments]
    other = [torch.from_numpy(np.array(a)) if isinstance(a, np.ndarray) else a for a in arguments]
    floating = [i for i, a in enumerate(arguments) if isinstance(a, np.ndarray) and a.dtype.kind in "fc"]
    chosen = [i for i in floating if grad is None or i in grad] if order else []
    for i in chosen:
        mine[i].requires_grad_()
        other[i].requires_grad_()
    inputs, their_inputs = [mine[i] for i in chosen], [other[i] for i in chosen]
    outputs, their_outputs = listed(ours(*mine, **options)), listed(theirs(*other, **options))
    assert len(outputs) == len(their_outputs)
    for number, (a, b) in enumerate(zip(outputs, their_outputs, strict=True)):
        same(a, b, tolerance, f"output {number}")

    def directions(tensors: list[Any]) -> tuple[list[Any], list[Any]]:
        arrays = [np.asarray(rng.uniform(-1, 1, tuple(t.shape)).astype(numbers_dtype(t))) for t in tensors]
        return [ag.from_numpy(a) for a in arrays], [torch.from_numpy(a) for a in arrays]

    for level in range(1, order + 1):
        live = [
            (a, b) for a, b in zip(outputs, their_outputs, strict=True) if a is not None and b is not None
        ]
        live = [(a, b) for a, b in live if a.requires_grad and b.requires_grad]
        if not live:
            return
        outputs, their_outputs = [a for a, _ in live], [b for _, b in live]
        mine_given, theirs_given = directions(outputs)
        if level == 1:  # the road without a graph, too
            raw = ag.autograd.grad(outputs, inputs, mine_given, retain_graph=True, allow_unused=True)
        outputs = list(ag.autograd.grad(outputs, inputs, mine_given, create_graph=True, allow_unused=True))
        their_outputs = list(
            torch.autograd.grad(
                their_outputs, their_inputs, theirs_given, create_graph=True, allow_unused=True
            )
        )
        for number, (a, b) in enumerate(zip(outputs, their_outputs, strict=True)):
            same(a, b, tolerance, f"derivative of order {level}, input {number}")
        if level == 1:
            for number, (a, b) in enumerate(zip(raw, their_outputs, strict=True)):
                same(a, b, tolerance, f"derivative without a graph, input {number}")


def numbers_dtype(tensor: Any) -> Any:
    return tensor.detach().numpy().dtype


def refuse(
    ours: Callable[..., Any], theirs: Callable[..., Any], *arguments: Any, text: bool = True, **options: Any
) -> None:
    """Both raise an exception of the same type; ours begins with PyTorch's first line, up to a final stop, if
    `text`."""
    mine = [ag.from_numpy(np.array(a)) if isinstance(a, np.ndarray) else a for a in arguments]
    other = [torch.from_numpy(np.array(a)) if isinstance(a, np.ndarray) else a for a in arguments]
    with pytest.raises((RuntimeError, TypeError, ValueError, IndexError)) as their_error:
        theirs(*other, **options)
    with pytest.raises(their_error.type) as our_error:
        ours(*mine, **options)
    assert our_error.type is their_error.type
    if text:
        first = str(their_error.value).splitlines()[0].strip().rstrip(".").replace("torch.Size", "ag.Size")
        assert first in str(our_error.value)
    assert "\n  at " in str(our_error.value) or "\n  in " in str(our_error.value)
