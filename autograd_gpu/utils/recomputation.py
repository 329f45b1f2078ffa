"""Layer 6: what checkpoints without re-entrance are made of.

The function runs as always and its nodes are recorded, but saved-tensor hooks give each node a number (`_Slot`) in the
place of what it would keep. The first node that wants its tensor back in a backward pass makes the frame call the function
again; hooks on that call collect what its nodes would keep, in the same order, until the last number is filled (early
stop). The method is PyTorch's: `torch/utils/checkpoint.py`, "Note [ Nested Checkpoint ]".
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from autograd_gpu import errors
from autograd_gpu.autograd import graph
from autograd_gpu.autograd.saved_tensors import Kept
from autograd_gpu.core import modes
from autograd_gpu.core.graph import Array, Tensor, wrap


class CheckpointError(RuntimeError):
    """Raised when a function does something else when it is called again in backward."""


class _Stop(Exception):
    """Ends a recomputation that has produced everything it is wanted for."""


class _Slot:
    """What a node of a checkpointed part keeps: a number, and the frame that can find the tensor."""

    __slots__ = ("__weakref__", "frame", "index")

    def __init__(self, index: int, frame: Frame) -> None:
        self.index = index
        self.frame = frame

    def holds(self) -> list[tuple[str, Array]]:
        """For those who count memory: what the second call needs."""
        return [("argument of the checkpoint", array) for array in self.frame.arrays()]


Description = tuple[tuple[int, ...], str, str]


def _described(tensor: Tensor) -> Description:
    kind = tensor._type
    return tuple(tensor._array.shape), kind.dtype.name, str(kind.device)


class Frame:
    """One checkpointed call: its arguments, the slots that its nodes keep, and what filled them in each backward pass.

    Args:
        again: calls the function with the arguments it is given.
        args: the arguments; tensors among them are kept as nodes keep theirs.
        early_stop: whether to end the second call when all slots are filled.
        check: whether tensors of the second call must have the shapes, dtypes and devices of the first.
    """

    def __init__(
        self, again: Callable[..., None], args: Sequence[Any], early_stop: bool, check: bool
    ) -> None:
        graph.note_passes()
        self._again = again
        self._args = [Kept(each) if isinstance(each, Tensor) else each for each in args]
        self._early_stop = early_stop
        self._check = check
        self._slots: list[weakref.ref[_Slot]] = []
        self._descriptions: list[Description] = []
        #: for each backward pass that recomputed: what was computed and not yet asked for, by number
        self._filled: weakref.WeakKeyDictionary[object, dict[int, Tensor]] = weakref.WeakKeyDictionary()
        self.code, self.offset = errors.user_frame()

    def arrays(self) -> list[Array]:
        """The arrays that are kept for the second call."""
        return [array for each in self._args if isinstance(each, Kept) for array in each.arrays()]

    def pack(self, tensor: Tensor) -> _Slot:
        """The hook of the first call."""
        slot = _Slot(len(self._slots), self)
        self._slots.append(weakref.ref(slot))
        if self._check:
            self._descriptions.append(_described(tensor))
        return slot

    def unpack(self, slot: _Slot) -> Tensor:
        """The hook of backward."""
        current = graph.current_pass()
        if current not in self._filled:
            self._filled[current] = self._recomputed()
        filled = self._filled[current]
        if slot.index not in filled:
            raise CheckpointError(
                "ag.utils.checkpoint: Unpack is being triggered for a tensor that was already unpacked once. If you are "
                "calling ctx.saved_tensors in backward, make sure to do so only once. (Or it was never recomputed: the "
                f"function did not come that far.){self._place()}"
            )
        return filled.pop(slot.index)

    def _recomputed(self) -> dict[int, Tensor]:
        """Call the function again and collect what its nodes would keep."""
        filled: dict[int, Tensor] = {}
        count = 0

        def collect(tensor: Tensor) -> Tensor:
            nonlocal count
            plain = wrap(tensor._array, tensor._type)
            plain._changes = tensor._changes
            if count >= len(self._slots):
                raise CheckpointError(
                    "ag.utils.checkpoint: trying to save more tensors during recomputation than during the original forward "
                    f"pass.{self._place()}"
                )
            if self._slots[count]() is not None:
                filled[count] = plain
            count += 1
            if self._early_stop and count == len(self._slots):
                raise _Stop
            return plain

        args = [each.tensor() if isinstance(each, Kept) else each for each in self._args]
        try:
            with modes.packing_saved_tensors(collect, lambda tensor: tensor), modes.enable_grad():
                self._again(*args)
        except _Stop:
            pass
        if count != len(self._slots):
            raise CheckpointError(
                "ag.utils.checkpoint: A different number of tensors was saved during the original forward and recomputation.\n"
                f"Number of tensors saved during forward: {len(self._slots)}\n"
                f"Number of tensors saved during recomputation: {count}.{self._place()}"
            )
        if self._check:
            self._compare(filled)
        return filled

    def _compare(self, filled: dict[int, Tensor]) -> None:
        different = [
            f"tensor at position {index}:\n  saved metadata: {self._descriptions[index]}\n"
            f"  recomputed metadata: {_described(tensor)}"
            for index, tensor in filled.items()
            if _described(tensor) != self._descriptions[index]
        ]
        if different:
            raise CheckpointError(
                "ag.utils.checkpoint: Recomputed values for the following tensors have different metadata than during the "
                "forward pass.\n" + "\n".join(different) + self._place()
            )

    def _place(self) -> str:
        return f"\n  the checkpoint is at {errors.place(self.code, self.offset)}"
