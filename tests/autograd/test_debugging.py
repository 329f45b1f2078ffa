"""Looking at a graph: why a gradient is None or zero, what is kept for backward, a picture; and guards against NaN."""

from __future__ import annotations

import gc
import pathlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.autograd import explain
from autograd_gpu.core import engine, modes


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


# -- anomaly mode --------------------------------------------------------------------------------------------


@pytest.fixture
def anomalies() -> Iterator[None]:
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        mode = ag.autograd.detect_anomaly()
    with mode:
        yield


def bad_root(x: ag.Tensor) -> ag.Tensor:
    return x.sqrt() * 0


@pytest.mark.usefixtures("anomalies")
def test_nan_in_backward_names_the_forward_line() -> None:
    x = leaf(0.0, 1.0)
    y = bad_root(x).sum()
    with pytest.raises(
        RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output"
    ) as caught:
        y.backward()
    assert re.search(
        r"the forward was at .*test_debugging.py:\d+, in bad_root: x.sqrt\(\)", str(caught.value)
    )
    assert "the gradient that it got was free of NaN" in str(caught.value)
    (note,) = caught.value.__notes__
    assert "Traceback of forward call that caused the error" in note
    assert "y = bad_root(x).sum()" in note  # the caller's line, too
    assert "autograd_gpu/core" not in note
    assert x.grad is None


@pytest.mark.usefixtures("anomalies")
def test_an_error_in_backward_gets_the_forward_traceback() -> None:
    x = leaf(1.0)
    y = x * 2
    y.grad_fn.register_hook(lambda inputs, outputs: 3)
    with pytest.raises(TypeError) as caught:
        y.backward()
    assert "Error detected in MulBackward0. Traceback of forward call" in "".join(caught.value.__notes__)
    assert "y = x * 2" in "".join(caught.value.__notes__)


@pytest.mark.usefixtures("anomalies")
def test_what_works_works_under_anomaly_mode() -> None:
    x = leaf(1.0, 2.0)
    a, b = (x * x).split(1)
    (g,) = ag.autograd.grad((a * b).sum(), x, create_graph=True)
    g.sum().backward()
    assert x.grad.tolist() == [2.0 * 4 + 8, 2.0 + 8]
    x.grad = None
    y, w = x.clone(), leaf(3.0, 4.0)
    y.mul_(w)
    y.sum().backward()
    assert (x.grad.tolist(), w.grad.tolist()) == ([3.0, 4.0], [1.0, 2.0])


def test_a_forward_outside_of_anomaly_mode_is_named_without_a_traceback() -> None:
    x = leaf(0.0)
    y = bad_root(x)
    with (
        ag.autograd.set_detect_anomaly(True),
        pytest.raises(RuntimeError, match="in bad_root: x.sqrt") as caught,
    ):
        y.backward()
    assert "run the forward with detect_anomaly" in "".join(caught.value.__notes__)


def test_anomaly_mode_leaves_nothing_behind() -> None:
    x = leaf(0.0)
    y = bad_root(x)
    before = list(engine.around), modes.intercepting, list(modes.local.interceptors)
    with ag.autograd.set_detect_anomaly(True):
        assert ag.autograd.is_anomaly_enabled()
        with ag.autograd.set_detect_anomaly(False):
            assert not ag.autograd.is_anomaly_enabled()
        with ag.autograd.set_detect_anomaly(True, check_nan=False):
            assert not ag.autograd.is_anomaly_check_nan_enabled()
            y.backward(retain_graph=True)
        with pytest.raises(RuntimeError, match="nan values"):
            y.backward(retain_graph=True)
    assert (list(engine.around), modes.intercepting, list(modes.local.interceptors)) == before
    y.backward()
    assert x.grad.isnan().all()


def test_the_switch_holds_until_it_is_switched_back() -> None:
    x = leaf(0.0)
    ag.autograd.set_detect_anomaly(True)
    try:
        with ag.autograd.detect_nonfinite(), pytest.raises(RuntimeError, match="nan values"):
            bad_root(x).backward()
    finally:
        ag.autograd.set_detect_anomaly(False)
    assert modes.intercepting == 0
    bad_root(x).backward()


# -- the guard of the forward --------------------------------------------------------------------------------


def normalise(x: ag.Tensor) -> ag.Tensor:
    return x / x.sum()


def test_the_op_that_makes_nan_is_named() -> None:
    x = ag.tensor([[1.0, -1.0], [0.0, 0.0]])
    with ag.autograd.detect_nonfinite(), pytest.raises(FloatingPointError) as caught:
        normalise(x)
    first, *rest = str(caught.value).splitlines()
    assert (
        first == "div made 4 values that are not finite (2 NaN, 2 infinite) of 4, the first at index [0, 0]"
    )
    assert "min -1, max 1, mean 0, 2 zeros, 1 negative" in rest[0]
    assert "float32[], min 0, max 0" in rest[1]
    assert re.search(r"in div\(.*float32\[2, 2\], .*float32\[\]\)", rest[2])
    assert re.search(r"test_debugging.py:\d+, in normalise: x / x.sum\(\)", rest[3])


def test_only_the_first_op_is_to_blame() -> None:
    x = ag.tensor([0.0, 1.0]).log()  # outside
    with ag.autograd.detect_nonfinite():
        assert (x * 2 + 1).exp().tolist() == pytest.approx([0.0, 2.71828], abs=1e-4)
        assert (x - x).isnan().tolist() == [True, False]


def test_infinities_that_were_asked_for() -> None:
    x = ag.tensor([0.5, 1.5])
    with ag.autograd.detect_nonfinite():
        hidden = x.masked_fill(x > 1, -ag.inf)
        assert hidden.softmax(0).tolist() == [1.0, 0.0]
        assert (x * ag.inf).isinf().all()
        assert ag.full((2,), ag.inf).isinf().all()
        assert ag.where(x > 1, x, -ag.inf).isinf().any()


def test_infinities_can_be_let_through() -> None:
    x = ag.tensor([0.0, 1.0])
    with ag.autograd.detect_nonfinite(check_inf=False):
        assert x.log().isinf().any()
        with pytest.raises(FloatingPointError, match="log made 2 values"):
            (x - 2).log()


def test_in_place_ops_are_guarded_before_they_write() -> None:
    x = ag.tensor([1.0, 0.0])
    with (
        ag.autograd.detect_nonfinite(),
        pytest.raises(FloatingPointError, match="log made 1 value that is not"),
    ):
        x.log_()
    assert x.tolist() == [1.0, 0.0]


def test_the_guard_as_a_decorator_and_nested() -> None:
    @ag.autograd.detect_nonfinite()
    def guarded(x: ag.Tensor) -> ag.Tensor:
        with ag.autograd.detect_nonfinite():
            assert (x + 1).isfinite().all()
        return x.log()

    assert guarded(ag.ones(2)).tolist() == [0.0, 0.0]
    with pytest.raises(FloatingPointError):
        guarded(ag.zeros(2))
    assert modes.intercepting == 0
    assert ag.zeros(2).log().isinf().all()


def test_the_guard_sees_complex_and_half() -> None:
    with ag.autograd.detect_nonfinite():
        with pytest.raises(FloatingPointError, match="absolute values: min 0"):
            ag.tensor([1j, 0j]).reciprocal()
        with pytest.raises(FloatingPointError, match="1 infinite"):
            ag.tensor([60000.0, 1.0], dtype=ag.float16).mul(2)
        assert (ag.tensor([1, 0]) // ag.tensor([1, 1])).tolist() == [1, 0]


def test_the_guard_and_gradients() -> None:
    x = leaf(1.0, 2.0)
    with ag.autograd.detect_nonfinite():
        a, b = (x * x).split(1)
        (a * b).sum().backward()
    assert x.grad.tolist() == [8.0, 4.0 * 1 * 1]


def test_anomaly_mode_of_a_thread_that_ended() -> None:
    from threading import Thread

    before = modes.intercepting
    thread = Thread(target=lambda: ag.autograd.set_detect_anomaly(True))
    thread.start()
    thread.join()
    assert ag.is_anomaly_enabled()
    ag.autograd.set_detect_anomaly(False)
    assert modes.intercepting == before  # or every op of the program would be slow from now on
