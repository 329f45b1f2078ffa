"""`einsum`: sums of products written as subscripts, planned as permutations, reshapes and batched matrix
products.

Each operand first loses what it can on its own: repeated subscripts become diagonals, subscripts that nothing
else uses are summed. Then two operands at a time are multiplied, the pair with the smallest result first,
where the subscripts fall into four groups: batch (in both, still needed), contracted (in both, needed no
more), and those of one operand only. That is one batched matrix product. Every step is an ordinary
differentiable op.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import REGISTRY, expose
from autograd_gpu.ops.arguments import check_tensor
from autograd_gpu.ops.linalg import bmm, check_operands, mm
from autograd_gpu.ops.parts import diagonal
from autograd_gpu.ops.shape import permute, reshape

#: a subscript: a letter, or "...0", "...1" (counted from the right) for what an ellipsis stands for
Labels = tuple[str, ...]


def einsum(equation: Any, *operands: Any) -> Tensor:
    """The sum of products that `equation` describes, in Einstein's notation.

    Subscripts a-z and A-Z name dimensions; those missing on the right of ``->`` are summed. Without ``->``
    the result has the subscripts that appear once, in alphabetical order. ``...`` stands for dimensions that
    broadcast. A subscript that appears twice in one operand takes the diagonal. Dimensions of size 1
    broadcast.

    Args:
        equation: for example ``"ij,jk->ik"``; or instead of it and the operands: operand, list of numbers,
        operand, ...

    Raises:
        RuntimeError: subscripts that do not fit the operands, or different dtypes.

    >>> a, b = ag.ones(2, 3), ag.ones(3, 4)
    >>> ag.einsum("ij,jk->ik", a, b).shape
    ag.Size([2, 4])
    """
    if isinstance(equation, Tensor):
        equation, operands = _from_lists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    if not operands:
        raise RuntimeError(f"einsum(): must provide at least one operand{errors.here()}")
    for operand in operands:
        check_tensor(operand, "einsum", "operands", 2)
    inputs, output = _parse(equation, operands)
    sizes = _sizes(inputs, operands)
    terms = [_alone(tensor, labels, sizes) for tensor, labels in zip(operands, inputs, strict=True)]
    while len(terms) > 1:
        i, j = _next_pair([labels for _, labels in terms], output, sizes)
        rest = [term for position, term in enumerate(terms) if position not in (i, j)]
        needed = set(output).union(*(labels for _, labels in rest))
        rest.append(_multiply(terms[i], terms[j], needed, sizes))
        terms = rest
    tensor, labels = _summed(*terms[0], set(output))
    return _ordered(tensor, labels, output)


def _fail(text: str) -> RuntimeError:
    return RuntimeError(f"einsum(): {text}{errors.here()}")


def _from_lists(arguments: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """The equation of ``einsum(a, [0, 1], b, [1, 2], [0, 2])``."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    def text(numbers: Sequence[Any]) -> str:
        for number in numbers:
            if number is not Ellipsis and not 0 <= number < len(letters):
                raise _fail(f"sublist subscripts must be in the range [0, 52), got {number}")
        return "".join("..." if number is Ellipsis else letters[number] for number in numbers)

    pairs = len(arguments) // 2
    equation = ",".join(text(arguments[2 * i + 1]) for i in range(pairs))
    if len(arguments) % 2:
        equation += "->" + text(arguments[-1])
    return equation, tuple(arguments[2 * i] for i in range(pairs))


def _parse(equation: str, operands: Sequence[Tensor]) -> tuple[list[Labels], Labels]:
    left, arrow, right = equation.partition("->")
    texts = left.split(",")
    if len(texts) < len(operands):
        raise _fail("more operands were provided than specified in the equation")
    if len(texts) > len(operands):
        raise _fail("fewer operands were provided than specified in the equation")
    inputs: list[Labels] = []
    start = 0
    for position, (text, operand) in enumerate(zip(texts, operands, strict=True)):
        labels, dots = _labels(text, start, f"for operand {position}")
        start += len(text) + 1
        rank = operand._array.ndim
        if dots is None and len(labels) != rank:
            raise _fail(
                f"the number of subscripts in the equation ({len(labels)}) does not match the number of "
                f"dimensions ({rank}) for "
                f"operand {position} and no ellipsis was given"
            )
        if dots is not None:
            if len(labels) > rank:
                raise _fail(
                    f"the number of subscripts in the equation ({len(labels)}) is more than the number of "
                    f"dimensions ({rank}) "
                    f"for operand {position}"
                )
            labels[dots:dots] = _ellipsis(rank - len(labels))
        inputs.append(tuple(labels))
    most = max(
        (label for labels in inputs for label in labels if label.startswith(".")), default=None, key=_number
    )
    hidden = [] if most is None else _ellipsis(_number(most) + 1)
    used = [label for labels in inputs for label in labels]
    if not arrow:
        letters = sorted({label for label in used if not label.startswith(".")})
        return inputs, (*hidden, *(label for label in letters if used.count(label) == 1))
    output, dots = _labels(right, start + 1, "for the output")
    for label in output:
        if output.count(label) > 1:
            raise _fail(f"output subscript {label} appears more than once in the output")
        if label not in used:
            raise _fail(f"output subscript {label} does not appear in the equation for any input operand")
    if dots is not None:
        output[dots:dots] = hidden
    return inputs, tuple(output)


def _ellipsis(count: int) -> list[str]:
    return [f"...{number}" for number in reversed(range(count))]


def _number(label: str) -> int:
    return int(label[3:])


def _labels(text: str, start: int, where: str) -> tuple[list[str], int | None]:
    """The letters of a term, and where among them an ellipsis stands."""
    labels: list[str] = []
    dots: int | None = None
    position = 0
    while position < len(text):
        letter = text[position]
        if text.startswith("...", position):
            if dots is not None:
                raise _fail(f"found '.' {where} for which an ellipsis was already found")
            dots = len(labels)
            position += 3
            continue
        if letter == ".":
            raise _fail(f"found '.' {where} that is not part of any ellipsis")
        if letter != " ":
            if not (letter.isascii() and letter.isalpha()):
                raise _fail(
                    f"invalid subscript given at index {start + position} in the equation string, subscripts "
                    "must be in [a-zA-Z]"
                )
            labels.append(letter)
        position += 1
    return labels, dots


def _sizes(inputs: Sequence[Labels], operands: Sequence[Tensor]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for position, (labels, operand) in enumerate(zip(inputs, operands, strict=True)):
        for label, extent in zip(labels, operand._array.shape, strict=True):
            known = sizes.setdefault(label, extent)
            if known == 1:
                sizes[label] = extent
            elif extent not in (1, known):
                name = "..." if label.startswith(".") else label
                raise _fail(
                    f"subscript {name} has size {extent} for operand {position} which does not broadcast "
                    "with previously seen "
                    f"size {known}"
                )
    return sizes


Term = tuple[Tensor, Labels]


def _alone(tensor: Tensor, labels: Labels, sizes: dict[str, int]) -> Term:
    """Without dimensions of size 1 that other operands have in another size, and with diagonals of repeated
    subscripts."""
    kept = [axis for axis, label in enumerate(labels) if tensor._array.shape[axis] == sizes[label]]
    if len(kept) < len(labels):
        tensor = reshape(tensor, tuple(tensor._array.shape[axis] for axis in kept))
        labels = tuple(labels[axis] for axis in kept)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            tensor = diagonal.apply(tensor, offset=0, dim1=first, dim2=second)
            labels = (*labels[:first], *labels[first + 1 : second], *labels[second + 1 :], label)
    return tensor, labels


def _summed(tensor: Tensor, labels: Labels, needed: set[str]) -> Term:
    """Without the dimensions that nothing needs any more."""
    unneeded = tuple(axis for axis, label in enumerate(labels) if label not in needed)
    if unneeded:
        tensor = REGISTRY["sum"].public(tensor, dim=unneeded)
    return tensor, tuple(label for label in labels if label in needed)


def _ordered(tensor: Tensor, labels: Labels, wanted: Sequence[str]) -> Tensor:
    order = tuple(labels.index(label) for label in wanted)
    return tensor if order == tuple(range(len(order))) else permute.apply(tensor, dims=order)


def _next_pair(terms: Sequence[Labels], output: Labels, sizes: dict[str, int]) -> tuple[int, int]:
    """The two terms whose product is smallest."""
    if len(terms) == 2:
        return 0, 1

    def size(i: int, j: int) -> int:
        others = set(output).union(*(labels for k, labels in enumerate(terms) if k not in (i, j)))
        return math.prod(sizes[label] for label in {*terms[i], *terms[j]} & others)

    pairs = [(i, j) for i in range(len(terms)) for j in range(i + 1, len(terms))]
    return min(pairs, key=lambda pair: size(*pair))


def _multiply(first: Term, second: Term, needed: set[str], sizes: dict[str, int]) -> Term:
    """The product of two terms, summed over the subscripts that are not needed any more."""
    a, left = _summed(*first, needed | set(second[1]))
    b, right = _summed(*second, needed | set(left))
    batch = tuple(label for label in left if label in right and label in needed)
    contracted = tuple(label for label in left if label in right and label not in needed)
    rows = tuple(label for label in left if label not in right)
    columns = tuple(label for label in right if label not in left)

    def extent(labels: Labels) -> int:
        return math.prod(sizes[label] for label in labels)

    a, b = _ordered(a, left, batch + rows + contracted), _ordered(b, right, batch + contracted + columns)
    n, k, m = extent(rows), extent(contracted), extent(columns)
    product: Tensor
    count = extent(batch)
    if not contracted:
        product = reshape(a, (count, n, 1)) * reshape(b, (count, 1, m))
    elif batch:
        check_operands("einsum", a, b)
        product = bmm.apply(reshape(a, (count, n, k)), reshape(b, (count, k, m)))
    else:
        check_operands("einsum", a, b)
        product = mm.apply(reshape(a, (n, k)), reshape(b, (k, m)))
    labels = batch + rows + columns
    return reshape(product, tuple(sizes[label] for label in labels)), labels


expose(einsum, "einsum", method=False)
