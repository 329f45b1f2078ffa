"""Sequences of different lengths as one batch: padded to the longest, or packed.

A `PackedSequence` has the first places of all sequences, then the second places of those that have one, and so on; sequences
are sorted by length, longest first, so that those that go on are always the first ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from autograd_gpu import dtypes, errors
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.nn import functional as F
from autograd_gpu.tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class PackedSequence(NamedTuple):
    """What `pack_padded_sequence` makes and the recurrent layers take.

    `data` is (all places, ...); `batch_sizes`, int64 on the CPU, says how many sequences have a first, second, ... place;
    `sorted_indices` are the sequences, longest first (None: they are in that order), and `unsorted_indices` the way back.
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None

    @property
    def is_cuda(self) -> bool:
        """Whether the data are on a GPU."""
        return bool(self.data.is_cuda)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequences on another device or in another dtype; arguments are `Tensor.to`'s."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        indices = (None if each is None else each.to(data.device) for each in self[2:])
        return PackedSequence(data, self.batch_sizes, *indices)

    def cpu(self) -> PackedSequence:
        """On the CPU."""
        return self.to("cpu")

    def cuda(self, device: Any = "cuda") -> PackedSequence:
        """On a GPU."""
        return self.to(device)

    def double(self) -> PackedSequence:
        """In float64."""
        return self.to(dtypes.float64)

    def float(self) -> PackedSequence:
        """In float32."""
        return self.to(dtypes.float32)

    def half(self) -> PackedSequence:
        """In float16."""
        return self.to(dtypes.float16)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes one.

    >>> ag.nn.utils.rnn.invert_permutation(ag.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else permutation.argsort()


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack sequences that were padded to one length.

    Args:
        input: ``(places, sequences, ...)``, or ``(sequences, places, ...)`` if `batch_first`.
        lengths: how many places of each sequence count, at least 1; ints or a tensor of them.
        enforce_sorted: whether the sequences must come longest first; otherwise they are sorted here, and the layers
            and `pad_packed_sequence` give them back in the order they had.

    Raises:
        RuntimeError: `lengths` does not fit `input`, or is not sorted although it must be.

    >>> padded = ag.tensor([[1.0, 3.0], [2.0, 0.0]])
    >>> ag.nn.utils.rnn.pack_padded_sequence(padded, [2, 1]).data
    tensor([1., 3., 2.])
    """
    counts = [int(count) for count in (lengths.tolist() if isinstance(lengths, Tensor) else lengths)]
    if batch_first:
        input = input.transpose(0, 1)
    if len(counts) != input.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} (batch_size={input.shape[1]})"
            f"{errors.here()}"
        )
    if not counts:
        raise RuntimeError(f"Cannot pack empty tensors.{errors.here()}")
    if min(counts) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
            f"{errors.here()}"
        )
    if max(counts) > input.shape[0]:
        raise RuntimeError(
            f"Expected `lengths` to be at most the number of places, but got {max(counts)} of {input.shape[0]}"
            f"{errors.here()}"
        )
    order = None
    if not enforce_sorted:
        numbers = sorted(range(len(counts)), key=lambda number: -counts[number])
        counts = [counts[number] for number in numbers]
        order = _indices(numbers, input)
        input = input.index_select(1, order)
    elif counts != sorted(counts, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement"
            f"{errors.here()}"
        )
    sizes = [sum(count > place for count in counts) for place in range(counts[0])]
    data = input.flatten(0, 1).index_select(0, _indices(_places(sizes, len(counts)), input))
    return PackedSequence(data, FUNCTIONS["tensor"](sizes), order, invert_permutation(order))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The inverse of `pack_padded_sequence`: padded sequences, in the order they had, and their lengths.

    Args:
        sequence: what to unpack.
        batch_first: whether the result is ``(sequences, places, ...)``, not ``(places, sequences, ...)``.
        padding_value: what comes behind the ends.
        total_length: to how many places the result is padded; None: those of the longest sequence.

    Raises:
        ValueError: `total_length` is less than that.

    >>> packed = ag.nn.utils.rnn.pack_sequence([ag.tensor([1.0, 2.0]), ag.tensor([3.0])])
    >>> ag.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    (tensor([[1., 2.],
            [3., 0.]]), tensor([2, 1]))
    """
    sizes = sequence.batch_sizes.tolist()
    places = len(sizes)
    if total_length is not None:
        if total_length < places:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {places}{errors.here()}"
            )
        places = total_length
    data, width = sequence.data, sizes[0]
    padded = FUNCTIONS["full"](
        (places * width, *data.shape[1:]), padding_value, dtype=data.dtype, device=data.device
    )
    padded = padded.index_copy(0, _indices(_places(sizes, width), data), data)
    padded = padded.reshape((places, width, *data.shape[1:]))
    lengths = FUNCTIONS["tensor"](lengths_of(sizes))
    if sequence.unsorted_indices is not None:
        padded = padded.index_select(1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices.cpu()]
    return (padded.transpose(0, 1) if batch_first else padded), lengths


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences ``(length, ...)`` side by side, padded to the longest: ``(places, sequences, ...)``.

    Args:
        sequences: tensors that differ in the first dimension only.
        batch_first: whether the result is ``(sequences, places, ...)``.
        padding_value: what fills the places without a value.
        padding_side: "right" or "left".

    >>> ag.nn.utils.rnn.pad_sequence([ag.tensor([1.0, 2.0]), ag.tensor([3.0])], batch_first=True)
    tensor([[1., 2.],
            [3., 0.]])
    """
    if padding_side not in ("right", "left"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}{errors.here()}"
        )
    if not isinstance(sequences, Tensor) and not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
            f"{errors.here()}"
        )
    members = list(sequences)
    if not members:
        raise RuntimeError(f"received an empty list of sequences{errors.here()}")
    places = max(each.shape[0] for each in members)
    padded = []
    for each in members:
        missing = places - each.shape[0]
        before, after = (missing, 0) if padding_side == "left" else (0, missing)
        amounts = [0] * (2 * each.ndim - 2) + [before, after]
        padded.append(F.pad(each, amounts, value=padding_value) if missing else each)
    result: Tensor = FUNCTIONS["stack"](padded, 0 if batch_first else 1)
    return result


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False
) -> list[Tensor]:
    """The inverse of `pad_sequence`.

    >>> ag.nn.utils.rnn.unpad_sequence(ag.tensor([[1.0, 3.0], [2.0, 0.0]]), [2, 1])
    [tensor([1., 2.]), tensor([3.])]
    """
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    counts = lengths.tolist() if isinstance(lengths, Tensor) else lengths
    return [each[:count] for each, count in zip(padded_sequences, counts, strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences ``(length, ...)``; see `pack_padded_sequence`.

    >>> ag.nn.utils.rnn.pack_sequence([ag.tensor([1, 2]), ag.tensor([3])]).batch_sizes
    tensor([2, 1])
    """
    lengths = [each.shape[0] for each in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The inverse of `pack_sequence`.

    >>> packed = ag.nn.utils.rnn.pack_sequence([ag.tensor([1, 2]), ag.tensor([3])])
    >>> ag.nn.utils.rnn.unpack_sequence(packed)
    [tensor([1, 2]), tensor([3])]
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences))


def lengths_of(sizes: Sequence[int]) -> list[int]:
    """The lengths of the sequences, longest first, of which so many have a first, second, ... place."""
    return [sum(size > number for size in sizes) for number in range(sizes[0])]


def _places(sizes: Sequence[int], width: int) -> list[int]:
    """Where packed places are among padded ones (place by place, `width` sequences each)."""
    return [place * width + number for place, size in enumerate(sizes) for number in range(size)]


def _indices(numbers: Sequence[int], like: Tensor) -> Tensor:
    result: Tensor = FUNCTIONS["tensor"](numbers, dtype=dtypes.int64, device=like.device)
    return result
