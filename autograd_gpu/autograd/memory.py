"""Layer 5: `ag.autograd.memory`, what a graph keeps for backward."""

from __future__ import annotations

from typing import NamedTuple

from autograd_gpu.autograd.kept import Text, kept_by, leaf_owners, nodes_below, owner, root_of, short, size
from autograd_gpu.core.graph import Tensor


class Row(NamedTuple):
    """Arrays of one kind: kept by the same op, at the same line, with the same name, shape and dtype."""

    op: str
    place: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    #: how many arrays
    times: int
    #: bytes that only the graph needs: each array's memory is counted once, in the row that comes first
    bytes: int
    #: "", "shared" (counted in another row) or "leaf" (memory of a parameter or an input, there without the graph)
    note: str


class Memory(Text):
    """The table as text; `rows` has it as data, `total` the sum of bytes that the graph keeps, `of_leaves` the bytes of
    leaves that it refers to (and that are not in `total`)."""

    __slots__ = ("of_leaves", "rows", "total")

    rows: tuple[Row, ...]
    total: int
    of_leaves: int

    def __new__(cls, rows: tuple[Row, ...], total: int, of_leaves: int) -> Memory:
        made = super().__new__(cls, _table(rows, total, of_leaves))
        made.rows, made.total, made.of_leaves = rows, total, of_leaves
        return made


def memory(loss: Tensor) -> Memory:
    """What the graph of `loss` keeps for backward: a table by op, line, name, shape and dtype, the largest first.

    Memory that several nodes keep is counted once, and memory of leaves (parameters, inputs) apart. An array that is a
    part of another one counts with all of it, since all of it stays allocated. Equal calls of one line are one row, so a
    loop of many steps gives a table of few lines.

    Args:
        loss: the tensor whose graph is looked at.

    Returns:
        the table: a str with the attributes `rows`, `total` and `of_leaves` (bytes).

    Raises:
        RuntimeError: if the tensor has no graph.

    >>> x = ag.ones(256, 256, requires_grad=True)
    >>> table = ag.autograd.memory((x * 2).exp().sum())
    >>> table.total
    262144
    >>> [(row.op, row.name, row.shape, row.note) for row in table.rows if row.bytes]
    [('ExpBackward0', 'out', (256, 256), '')]
    """
    nodes = nodes_below(root_of(loss, "memory"))
    leaves = leaf_owners(nodes)
    seen: set[int] = set()
    of_leaves = 0
    counts: dict[tuple[str, str, str, tuple[int, ...], str, str], list[int]] = {}
    for node in reversed(nodes):  # in the order of the forward
        place = short(node)
        for kept in kept_by(node):
            memory = owner(kept.array)
            fresh = id(memory) not in seen
            seen.add(id(memory))
            note = "leaf" if id(memory) in leaves else "" if fresh else "shared"
            new = int(memory.nbytes) if fresh else 0
            if note == "leaf":
                of_leaves += new
                new = 0
            key = (node.name(), place, kept.name, tuple(kept.array.shape), kept.dtype, note)
            counted = counts.setdefault(key, [0, 0])
            counted[0] += 1
            counted[1] += new
    rows = [Row(*key[:5], count, amount, key[5]) for key, (count, amount) in counts.items()]
    rows.sort(key=lambda row: -row.bytes)
    return Memory(tuple(rows), sum(row.bytes for row in rows), of_leaves)


def _table(rows: tuple[Row, ...], total: int, of_leaves: int) -> str:
    lines = [("bytes", "op", "keeps", "shape", "dtype", "times", "made at")]
    lines += [
        (
            row.note or size(row.bytes),
            row.op,
            row.name,
            str(list(row.shape)),
            row.dtype,
            str(row.times),
            row.place,
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(
            [
                line[0].rjust(widths[0]),
                *(cell.ljust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for line in lines
    ]
    arrays = sum(row.times for row in rows if not row.note)
    text.append(
        f"{size(total)} in {arrays} array{'s' * (arrays != 1)}; besides {size(of_leaves)} of leaves, not counted"
    )
    return "\n".join(text)
