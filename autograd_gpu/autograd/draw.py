"""Layer 5: `ag.autograd.draw`, a picture of a graph.

The layout is a small one of Sugiyama's kind: every node goes one layer below the lowest node that uses it, long edges
are led through empty places in the layers between, each layer is ordered by the mean position of its neighbours in a few
sweeps, and nodes are then moved towards those neighbours as far as their order and sizes allow.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

from autograd_gpu import errors
from autograd_gpu.autograd.kept import kept_by, nodes_below, root_of, short, size
from autograd_gpu.core.graph import Leaf, MultiNode, Node, Tensor

#: sizes in pixels
_CHARACTER, _LINE, _MARGIN, _GAP, _LAYER_GAP = 7.0, 15, 8, 18, 34
_LONGEST_TEXT = 44
#: edges over more layers are drawn straight: leading them around would fill the layers
_LONGEST_ROUTE = 24
_SWEEPS = 12

_FILL = {"root": "#f6d7b0", "node": "#e8eef7", "leaf": "#cfe8cf"}


class _Box:
    """A node, or (with no text) a place where a long edge passes a layer."""

    __slots__ = ("above", "below", "height", "kind", "layer", "text", "width", "x", "y")

    def __init__(self, layer: int, kind: str = "", text: Sequence[str] = ()) -> None:
        self.layer = layer
        self.kind = kind
        self.text = text
        self.width = max((len(line) for line in text), default=0) * _CHARACTER + 2 * _MARGIN * bool(text)
        self.height = len(text) * _LINE + 2 * _MARGIN * bool(text)
        self.x = self.y = 0.0
        self.above: list[_Box] = []
        self.below: list[_Box] = []


def draw(loss: Tensor, path: str | os.PathLike[str], names: Mapping[str, Tensor] | None = None) -> None:
    """Write a picture of the graph of `loss`: the loss on top, the leaves below, gradients flow down.

    Every node shows its op, the shape and dtype of its output, the line that made it, and the bytes that it keeps for
    backward (without regard to sharing; see `ag.autograd.memory` for sums).

    Args:
        loss: the tensor whose graph is drawn.
        path: where to write; ``.svg`` gives a picture (nothing else is needed for that), ``.dot`` text for Graphviz.
        names: names of leaves, for example ``dict(model.named_parameters())``.

    Raises:
        RuntimeError: if the tensor has no graph.
        ValueError: for another kind of file.

    >>> import pathlib, tempfile
    >>> x = ag.ones(2, 3, requires_grad=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ag.autograd.draw((x * x).sum(), f"{folder}/graph.svg", names={"x": x})
    ...     pathlib.Path(folder, "graph.svg").read_text()[:4]
    '<svg'
    """
    kind = os.path.splitext(os.fspath(path))[1].lower()
    if kind not in (".svg", ".dot"):
        raise ValueError(
            f"draw(): the name of the file must end in .svg or .dot, but it is {os.fspath(path)!r}{errors.here()}"
        )
    nodes = nodes_below(root_of(loss, "draw"))
    known = {id(tensor): name for name, tensor in (names or {}).items()}
    texts = {node.sequence: _texts(node, known) for node in nodes}
    text = _svg(nodes, texts) if kind == ".svg" else _dot(nodes, texts)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _texts(node: Node, names: Mapping[int, str]) -> list[str]:
    shapes = node.outputs if isinstance(node, MultiNode) else (node,)
    outputs = ", ".join(f"{spec.type.dtype.name}{list(spec.shape)}" for spec in shapes if spec is not None)
    if isinstance(node, Leaf):
        tensor = node.variable
        name = names.get(id(tensor), "leaf") if tensor is not None else "leaf (gone)"
        return [_cut(name), _cut(outputs), _cut(short(node))]
    lines = [_cut(node.name()), _cut(outputs), _cut(short(node))]
    kept = list(kept_by(node))
    if kept:
        total = sum(int(each.array.nbytes) for each in kept)
        lines.append(_cut(f"keeps {', '.join(each.name for each in kept)}: {size(total)}"))
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _kind(node: Node, nodes: Sequence[Node]) -> str:
    return "leaf" if isinstance(node, Leaf) else "root" if node is nodes[0] else "node"


def _children(node: Node) -> list[Node]:
    return list({child.sequence: child for child, _ in node.next_functions if child is not None}.values())


# -- DOT -----------------------------------------------------------------------------------------------------------


def _dot(nodes: Sequence[Node], texts: Mapping[int, Sequence[str]]) -> str:
    lines = ["digraph autograd {", '  node [shape=box, style=filled, fontname="monospace", fontsize=10];']
    for node in nodes:
        label = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in texts[node.sequence])
        lines.append(f'  n{node.sequence} [label="{label}", fillcolor="{_FILL[_kind(node, nodes)]}"];')
    for node in nodes:
        lines += [f"  n{node.sequence} -> n{child.sequence};" for child in _children(node)]
    return "\n".join([*lines, "}", ""])


# -- SVG -----------------------------------------------------------------------------------------------------------


def _svg(nodes: Sequence[Node], texts: Mapping[int, Sequence[str]]) -> str:
    boxes, routes = _layers(nodes, texts)
    layers: list[list[_Box]] = [[] for _ in range(1 + max(box.layer for box in boxes))]
    for box in boxes:
        layers[box.layer].append(box)
    _order(layers)
    _place(layers)
    width = max(box.x + box.width / 2 for box in boxes) + _GAP
    height = max(box.y + box.height for box in boxes) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#556"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>',
    ]
    parts += [_curve(route) for route in routes]
    parts += [_rectangle(box) for box in boxes if box.text]
    return "\n".join([*parts, "</svg>", ""])


def _layers(nodes: Sequence[Node], texts: Mapping[int, Sequence[str]]) -> tuple[list[_Box], list[list[_Box]]]:
    """The boxes, and for each edge the boxes that it passes."""
    layer: dict[int, int] = {nodes[0].sequence: 0}
    for node in nodes:  # users come before what they use
        for child in _children(node):
            layer[child.sequence] = max(layer.get(child.sequence, 0), layer[node.sequence] + 1)
    found = {
        node.sequence: _Box(layer[node.sequence], _kind(node, nodes), texts[node.sequence]) for node in nodes
    }
    boxes = list(found.values())
    routes: list[list[_Box]] = []
    for node in nodes:
        for child in _children(node):
            start, end = found[node.sequence], found[child.sequence]
            route = [start]
            if end.layer - start.layer <= _LONGEST_ROUTE:
                route += [_Box(number) for number in range(start.layer + 1, end.layer)]
                boxes += route[1:]
            route.append(end)
            routes.append(route)
            for above, below in pairwise(route):
                above.below.append(below)
                below.above.append(above)
    return boxes, routes


def _mean(boxes: Sequence[_Box], otherwise: float) -> float:
    return sum(box.x for box in boxes) / len(boxes) if boxes else otherwise


def _order(layers: Sequence[list[_Box]]) -> None:
    for layer in layers:
        for position, box in enumerate(layer):
            box.x = position
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            layer.sort(key=lambda box: _mean(box.above if down else box.below, box.x))
            for position, box in enumerate(layer):
                box.x = position


def _place(layers: Sequence[list[_Box]]) -> None:
    y = float(_GAP)
    for layer in layers:
        for box in layer:
            box.y = y
        height = max(box.height for box in layer)
        for box in layer:
            box.height = box.height or height  # a passing edge goes straight through
        y += height + _LAYER_GAP
        x = 0.0
        for box in layer:
            box.x = x + box.width / 2
            x += box.width + _GAP
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            _settle(layer, [_mean(box.above if down else box.below, box.x) for box in layer])
    left = min(box.x - box.width / 2 for layer in layers for box in layer)
    for layer in layers:
        for box in layer:
            box.x += _GAP - left


def _settle(layer: Sequence[_Box], wished: Sequence[float]) -> None:
    """Put boxes as near to the wished centres as their order allows: the mean of packing from the left and the right."""
    from_left: list[float] = []
    edge = float("-inf")
    for box, wish in zip(layer, wished, strict=True):
        from_left.append(max(wish, edge + box.width / 2))
        edge = from_left[-1] + box.width / 2 + _GAP
    from_right: list[float] = []
    edge = float("inf")
    for box, wish in zip(reversed(layer), reversed(wished), strict=True):
        from_right.append(min(wish, edge - box.width / 2))
        edge = from_right[-1] - box.width / 2 - _GAP
    for box, first, second in zip(layer, from_left, reversed(from_right), strict=True):
        box.x = (first + second) / 2


def _curve(route: Sequence[_Box]) -> str:
    start, end = route[0], route[-1]
    path = [f"M{start.x:.1f},{start.y + start.height:.1f}"]
    for above, below in pairwise(route):
        top, bottom = above.y + above.height, below.y
        middle = (top + bottom) / 2
        path.append(f"C{above.x:.1f},{middle:.1f} {below.x:.1f},{middle:.1f} {below.x:.1f},{bottom:.1f}")
        if below is not end:
            path.append(f"L{below.x:.1f},{below.y + below.height:.1f}")
    return f'<path d="{" ".join(path)}" fill="none" stroke="#556" marker-end="url(#tip)"/>'


def _rectangle(box: _Box) -> str:
    lines: list[Any] = [
        f'<rect x="{box.x - box.width / 2:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="5" '
        f'fill="{_FILL[box.kind]}" stroke="#556"/>'
    ]
    for number, line in enumerate(box.text):
        weight = ' font-weight="bold"' if number == 0 else ""
        lines.append(
            f'<text x="{box.x:.1f}" y="{box.y + _MARGIN + (number + 0.8) * _LINE:.1f}" text-anchor="middle"{weight}>'
            f"{escape(line)}</text>"
        )
    return "\n".join(lines)
