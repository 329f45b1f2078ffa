"""Looking at a graph: why a gradient is None or zero, what is kept for backward, a picture; and guards against NaN."""

from __future__ import annotations

import gc
import pathlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.autograd import explain


def leaf(*values: float) -> ag.Tensor:
    return ag.tensor(values if len(values) > 1 else values[0], requires_grad=True)


# -- explain -------------------------------------------------------------------------------------------------


def test_a_gradient_that_is_there() -> None:
    x = leaf(0.0, 2.0)
    text = explain((x * x).sum(), x)
    assert text.startswith("The gradient is there: 1 of its 2 elements are zero.")
    assert x.grad is None


def test_integers_have_no_gradient() -> None:
    x = leaf(1.0)
    assert "dtype is int64" in explain(x * 2, ag.tensor([1, 2]))


def test_a_leaf_that_does_not_require_grad() -> None:
    x, w = ag.ones(2), leaf(1.0, 2.0)
    text = explain((x * w).sum(), x)
    assert "does not require grad" in text
    assert re.search(r"constant in MulBackward0 at .*test_debugging.py:\d+, in .*: x \* w", text)


def test_requires_grad_that_came_too_late() -> None:
    x, w = ag.ones(2), leaf(1.0, 2.0)
    y = (x * w).sum()
    x.requires_grad_()
    text = explain(y, x)
    assert re.search(r"requires_grad was set after the loss was computed, at .*: x.requires_grad_\(\)", text)


def test_a_loss_without_a_graph() -> None:
    x = leaf(1.0)
    with ag.no_grad():
        y = x * 2
    assert "the loss does not require grad" in explain(y, x)


def test_not_reachable_says_how_to_learn_more() -> None:
    x, w = leaf(1.0), leaf(2.0)
    text = explain(w * 2, x)
    assert "no path of recorded ops" in text
    assert "explain(lambda: ..., tensor)" in text


def detached(x: ag.Tensor, w: ag.Tensor) -> ag.Tensor:
    y = (x * 2).detach()
    return (y * w).sum()


def by_data(x: ag.Tensor, w: ag.Tensor) -> ag.Tensor:
    y = (x * 2).data
    return (y * w).sum()


def without_recording(x: ag.Tensor, w: ag.Tensor) -> ag.Tensor:
    with ag.no_grad():
        y = x * 2
    return (y * w).sum()


def by_a_comparison(x: ag.Tensor, w: ag.Tensor) -> ag.Tensor:
    return ((x * 2 > 1) * w).sum()


def through_numbers(x: ag.Tensor, w: ag.Tensor) -> ag.Tensor:
    return (ag.tensor((x * 2).tolist()) * w).sum()


def not_at_all(x: ag.Tensor, w: ag.Tensor) -> ag.Tensor:
    return (w * 2).sum()


class Twice(ag.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
        return x.clone() * 2

    @staticmethod
    def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
        return g * 2


def after_a_function(x: ag.Tensor, w: ag.Tensor) -> ag.Tensor:
    return (Twice.apply(x).detach() * w).sum()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (detached, r"detach\(\) \(or .data\) cut the path: the result of MulBackward0 at .*: x \* 2\n  entered mul .*: y \* w"),
        (by_data, r"cut the path: the result of MulBackward0 at .*: x \* 2"),
        (without_recording, r"Recording was off \(no_grad\) in mul at .*test_debugging.py:\d+, in without_recording: x \* 2"),
        (by_a_comparison, r"A result of dtype bool has no gradient: gt at .*: x \* 2 > 1"),
        (through_numbers, r"the values left the library on the way"),
        (not_at_all, r"No op used the tensor"),
        (after_a_function, r"cut the path: .*\n  entered mul .*detach\(\) \* w"),
    ],
)  # fmt: skip
def test_the_line_that_cut_the_path(function: Callable[..., ag.Tensor], words: str) -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    text = explain(lambda: function(x, w), x)
    assert "no path of recorded ops" in text
    assert re.search(words, text), text
    assert x.grad is None
    assert "gradient is there" in explain(lambda: function(x, w), w)


def test_a_gradient_that_becomes_zero() -> None:
    x = leaf(-1.0, -2.0)
    text = explain((x * 3).relu().sum(), x)
    assert "The gradient is zero everywhere." in text
    assert re.search(
        r"It becomes zero in ReluBackward0 at .*\(all of its inputs are negative or zero\)", text
    )


def test_a_gradient_that_becomes_nan() -> None:
    x = leaf(0.0, 1.0)
    text = explain((x * 1).sqrt().sum(), x)
    assert re.search(r"NaN or infinite.\nThe first come out of SqrtBackward0 at .*test_debugging", text)


def test_a_function_that_returns_none() -> None:
    class Nothing(ag.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor) -> None:
            return None

    x = leaf(1.0)
    text = explain(Nothing.apply(x) * 2, x)
    assert "None although a path exists" in text


def test_a_graph_that_was_used_up() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    assert re.search(r"freed by the backward at .*: y.backward\(\)", explain(y, x))


def test_a_kept_array_that_was_changed() -> None:
    x, w = leaf(1.0, 2.0), ag.ones(2)
    y = (x * w).sum()
    w.add_(1)
    assert re.search(
        r"MulBackward0 at .*x \* w kept other, which was changed in place at .*w.add_\(1\)", explain(y, x)
    )


def test_a_computed_tensor_has_no_grad_attribute_filled() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    text = explain((y * y).sum(), y)
    assert "gradient is there" in text
    assert "not a leaf" in text
    assert "retain_grad()" in text


def test_explaining_changes_no_grad() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    explain((y * y).sum(), x)
    assert x.grad is None
    assert y.grad is None


def test_what_cannot_be_explained() -> None:
    with pytest.raises(TypeError, match="'tensor' must be Tensor, not float"):
        explain(leaf(1.0), 3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'loss' must be Tensor or a function"):
        explain(3.0, leaf(1.0))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must return a Tensor, not int"):
        explain(lambda: 3, leaf(1.0))  # type: ignore[arg-type,return-value]


# -- memory --------------------------------------------------------------------------------------------------


def test_memory_counts_every_array_once() -> None:
    x = ag.ones(100, requires_grad=True)
    w = ag.ones(100)
    y = x.exp()
    loss = (y * w + y.sin() * w).sum()
    table = ag.autograd.memory(loss)
    assert table.total == 400 + 400  # y (kept by exp and sin), and w (kept by both products)
    assert table.of_leaves == 0


def test_memory_of_leaves_is_apart() -> None:
    x, w = ag.ones(100, requires_grad=True), ag.ones(100, requires_grad=True)
    table = ag.autograd.memory((x * w).sum())
    assert (table.total, table.of_leaves) == (0, 800)
    assert {row.note for row in table.rows} == {"leaf"}


def test_a_kept_view_counts_with_all_that_stays_allocated() -> None:
    w = ag.ones(100, 10)[:, 0]
    x = ag.ones(100, requires_grad=True)
    assert ag.autograd.memory((x * w).sum()).total == 4000


def test_memory_merges_the_steps_of_a_loop() -> None:
    x = ag.ones(10, requires_grad=True)
    y = x
    for _ in range(50):
        y = y.tanh()
    table = ag.autograd.memory(y.sum())
    (row,) = table.rows
    assert (row.op, row.times, row.bytes) == ("TanhBackward0", 50, 2000)
    assert "2.0 KiB in 50 arrays" in table
    assert "y.tanh()" in table
    assert repr(table) == str(table)


def test_memory_of_functions_and_lists_and_after_backward() -> None:
    class Square(ag.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            y = x * 1
            ctx.save_for_backward(y, None)
            return y * y

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
            return 2 * ctx.saved_tensors[0] * g

    x = ag.ones(10, requires_grad=True)
    loss = Square.apply(ag.cat([x, x])).sum()
    table = ag.autograd.memory(loss)
    assert [(row.op, row.name, row.bytes) for row in table.rows] == [("SquareBackward", "saved 0", 80)]
    loss.backward()
    assert ag.autograd.memory(loss).total == 0


def test_memory_needs_a_graph() -> None:
    with pytest.raises(RuntimeError, match="has no graph"):
        ag.autograd.memory(ag.ones(1))
    with pytest.raises(TypeError, match="must be Tensor, not int"):
        ag.autograd.memory(3)  # type: ignore[arg-type]


# -- draw ----------------------------------------------------------------------------------------------------


def network() -> tuple[ag.Tensor, dict[str, ag.Tensor]]:
    x = ag.ones(2, 4)
    weight, bias = ag.ones(4, 4, requires_grad=True), ag.zeros(4, requires_grad=True)
    h = (x @ weight + bias).relu()
    first, second = h.split(2, 1)
    return (ag.cat([second, first], 1) * h < 1).sum() + (ag.cat([second, first], 1) * h).sum(), {
        "weight": weight,
        "b<i>as": bias,
    }


def test_the_picture_has_every_node_and_edge(tmp_path: pathlib.Path) -> None:
    loss, names = network()
    ag.autograd.draw(loss, tmp_path / "graph.svg", names)
    root = ElementTree.fromstring((tmp_path / "graph.svg").read_text())
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text or "" for text in root.iter(f"{space}text")]
    for wanted in ("weight", "b<i>as", "SplitBackward0", "float32[2, 2], float32[2, 2]", "float32[4, 4]"):
        assert wanted in texts
    assert any(text.startswith("keeps ") for text in texts)
    assert any(text.startswith("test_debugging.py:") for text in texts)
    boxes = [
        tuple(float(box.get(key, "nan")) for key in ("x", "y", "width", "height"))
        for box in root.iter(f"{space}rect")
        if box.get("rx")
    ]
    ag.autograd.draw(loss, tmp_path / "graph.dot")
    dot = (tmp_path / "graph.dot").read_text()
    assert len(boxes) == dot.count("[label=")
    assert len([path for path in root.iter(f"{space}path") if path.get("marker-end")]) == dot.count(" -> ")
    width, height = float(root.get("width", "nan")), float(root.get("height", "nan"))
    for number, (x, y, w, h) in enumerate(boxes):
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
        for a, b, c, d in boxes[number + 1 :]:
            assert x + w <= a or a + c <= x or y + h <= b or b + d <= y, "two boxes overlap"


def test_a_long_chain_is_drawn(tmp_path: pathlib.Path) -> None:
    w = leaf(0.5)
    y = w
    for _ in range(1500):
        y = (y * w).tanh()
    ag.autograd.draw(y, tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text().count("TanhBackward0") == 1500


def test_what_cannot_be_drawn(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match=r"end in .svg or .dot"):
        ag.autograd.draw(leaf(1.0) * 2, tmp_path / "graph.png")
    with pytest.raises(RuntimeError, match="has no graph"):
        ag.autograd.draw(ag.ones(1), tmp_path / "graph.svg")
    assert list(tmp_path.iterdir()) == []


def test_looking_leaves_no_cycles(tmp_path: pathlib.Path) -> None:
    x = leaf(1.0, 2.0)

    def look() -> None:
        y = (x * x).exp().sum()
        explain(y, x)
        explain(lambda: (x * x).sum(), x)
        ag.autograd.memory(y)
        ag.autograd.draw(y, tmp_path / "graph.dot")

    look()
    gc.collect()
    gc.disable()
    try:
        look()
        assert gc.collect() == 0
    finally:
        gc.enable()
