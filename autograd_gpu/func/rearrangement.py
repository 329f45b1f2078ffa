"""`rearrange`: dimensions named, split, merged and reordered by a pattern, as in A. Rogozhnikov's einops (2018)."""

from __future__ import annotations

import keyword
import math
import warnings
from collections.abc import Sequence

from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import Tensor

ELLIPSIS = "..."
_SIGN = "\u2026"  # what stands for an ellipsis while a pattern is read


class Side:
    """One side of a pattern: for each dimension the names that it is made of (none: size 1), or `ELLIPSIS`."""

    def __init__(self, text: str) -> None:
        self.groups: list[list[str] | str] = []
        self.names: set[str] = set()
        self.has_ellipsis = "." in text
        self.ellipsis_in_parentheses = False
        self.other_numbers = False
        if self.has_ellipsis:
            if ELLIPSIS not in text:
                raise ValueError("Expression may contain dots only inside ellipsis (...)")
            if text.count(ELLIPSIS) != 1 or text.count(".") != 3:
                raise ValueError(
                    "Expression may contain dots only inside ellipsis (...); only one ellipsis for tensor "
                )
            text = text.replace(ELLIPSIS, _SIGN)
        group: list[str] | None = None
        word = ""
        for character in text:
            if character in "() ":
                if word:
                    self._add(word, group)
                word = ""
                if character == "(":
                    if group is not None:
                        raise ValueError(
                            "Axis composition is one-level (brackets inside brackets not allowed)"
                        )
                    group = []
                elif character == ")":
                    if group is None:
                        raise ValueError("Brackets are not balanced")
                    self.groups.append(group)
                    group = None
            elif character.isalnum() or character in ("_", _SIGN):
                word += character
            else:
                raise ValueError(f"Unknown character '{character}'")
        if group is not None:
            raise ValueError(f"Imbalanced parentheses in expression: '{text}'")
        if word:
            self._add(word, group)

    def _add(self, word: str, group: list[str] | None) -> None:
        if word in self.names:
            raise ValueError(f"Indexing expression contains duplicate dimension '{word}'")
        if word == _SIGN:
            self.names.add(word)
            self.ellipsis_in_parentheses = group is not None
            if group is None:
                self.groups.append(ELLIPSIS)
            else:
                group.append(word)
            return
        if word.isdecimal():
            if int(word) != 1:
                self.other_numbers = True
            if group is None:
                self.groups.append([])
            return
        if not word.isidentifier():
            raise ValueError(f"Invalid axis identifier: {word}\nnot a valid python identifier")
        if word[0] == "_" or word[-1] == "_":
            raise ValueError(
                f"Invalid axis identifier: {word}\naxis name should should not start or end with underscore"
            )
        if keyword.iskeyword(word):
            warnings.warn(
                f"It is discouraged to use axes names that are keywords: {word}", RuntimeWarning, stacklevel=5
            )
        self.names.add(word)
        if group is None:
            self.groups.append([word])
        else:
            group.append(word)


def _sides(pattern: str, lengths: dict[str, int]) -> tuple[Side, Side]:
    if pattern.count("->") != 1:
        raise ValueError("Pattern must contain a single '->' separator")
    left, right = (Side(text) for text in pattern.split("->"))
    if right.has_ellipsis and not left.has_ellipsis:
        raise ValueError(f"Ellipsis found in right side, but not left side of a pattern {pattern}")
    if left.ellipsis_in_parentheses:
        raise ValueError(f"Ellipsis is parenthesis in the left side is not allowed: {pattern}")
    for length in lengths.values():
        if type(length) is not int:
            raise TypeError(f"rearrange axis lengths must be integers, got: {type(length)}")
    if left.other_numbers or right.other_numbers:
        raise ValueError("rearrange only supports unnamed axes of size 1")
    if left.names != right.names:
        raise ValueError(
            "Identifiers only on one side of rearrange expression (should be on both): "
            f"{left.names ^ right.names}"
        )
    if lengths.keys() - left.names:
        raise ValueError(f"Identifiers not found in rearrange expression: {lengths.keys() - left.names}")
    return left, right


def rearrange(tensor: Tensor | Sequence[Tensor], pattern: str, **axes_lengths: int) -> Tensor:
    """The elements of a tensor in dimensions that a pattern describes: permuted, split, merged, or dropped.

    Args:
        tensor: a tensor, or several of one shape, which are stacked first.
        pattern: ``"before -> after"``, each a list of names, one per dimension. Parentheses around names mean one dimension
            made of several, ``1`` one of size 1, and ``...`` any number of further dimensions.
        axes_lengths: sizes of names that cannot be found from the tensor's shape.

    Raises:
        ValueError: a pattern that is none, or does not fit the tensor.
        TypeError: a size that is no int.

    >>> images = ag.zeros(32, 30, 40, 3)
    >>> ag.func.rearrange(images, "b (h1 h) (w1 w) c -> (b h1 w1) h w c", h1=2, w1=2).shape
    ag.Size([128, 15, 20, 3])
    """
    if not isinstance(tensor, Tensor):
        tensor = REGISTRY["stack"].public(tensor)
    assert isinstance(tensor, Tensor)
    left, right = _sides(pattern, axes_lengths)
    shape = tuple(tensor.shape)
    named = len(left.groups) - left.has_ellipsis
    if left.has_ellipsis and named > len(shape):
        raise ValueError(
            f"Number of dimensions in pattern ({named}) must be less than or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
        )
    if not left.has_ellipsis and named != len(shape):
        raise ValueError(
            f"Number of dimensions in pattern ({named}) must be equal to the number of dimensions in the tensor ({len(shape)})"
        )
    others = [f"{_SIGN}{number}" for number in range(len(shape) - named)]
    names: list[str] = []
    sizes = dict(axes_lengths)
    for group, extent in zip(_spread(left, others), shape, strict=True):
        names += group
        _measure(pattern, group, extent, sizes)
    split = tensor.reshape(tuple(sizes[name] for name in names))
    groups = _spread(right, others)
    order = [names.index(name) for group in groups for name in group]
    result: Tensor = split.permute(tuple(order)).reshape(
        tuple(math.prod(sizes[name] for name in group) for group in groups)
    )
    return result


def _spread(side: Side, others: list[str]) -> list[list[str]]:
    """The groups of a side with names in the place of the ellipsis."""
    result: list[list[str]] = []
    for group in side.groups:
        if isinstance(group, str):
            result += [[name] for name in others]
        else:
            result.append([name for member in group for name in (others if member == _SIGN else [member])])
    return result


def _measure(pattern: str, group: list[str], extent: int, sizes: dict[str, int]) -> None:
    """Find the sizes of the names that a dimension is made of."""
    unknown = [name for name in group if name not in sizes]
    known = math.prod(sizes[name] for name in group if name in sizes)
    if len(unknown) > 1:
        raise ValueError(f"cannot infer the sizes of {unknown} in {pattern!r}: give all of them but one")
    if unknown and known and extent % known == 0:
        sizes[unknown[0]] = extent // known
    elif unknown or known != extent:
        raise ValueError(
            f"{group} in {pattern!r} does not fit a dimension of size {extent}: it is made of {known}"
        )
