"""`python -m benchmarks.traffic`: launches and memory traffic of every fused kernel against the least there could be.

For each kernel, at three shapes: how often the op launches, and the bytes its kernels read and write against the formula, which
counts every value once (N rows, C columns, s bytes per element; statistics and parameters where they matter). With an
instrument (see counters.py) both are counted, exactly; sectors show coalescing, and waits are copies to the host and
synchronisations. What a kernel reads again by its design although the cache has it (a layer's weights for every row, a
channel's statistics for every thread, an image for every tap) is a column of its own, and not part of the ratio. On a card
without an instrument, what is reported is the bandwidth, formula / time, against that of a copy.

    python -m benchmarks.traffic --counters MODULE --output benchmarks/results/traffic.md
    python -m benchmarks.traffic --scale 256           # on a card: arrays 256 times as long

A plot is drawn beside the table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import autograd_gpu as ag
from autograd_gpu.nn import functional as F
from benchmarks import counters, traffic_images
from benchmarks.counters import Counts

#: limits for traffic against the formula, and for sectors against bytes / 32
TRAFFIC, COALESCING = 1.1, 1.1
Call = Callable[[], object]
ROWS = [(96, 768), (64, 1000), (40, 4096)]


@dataclass(frozen=True)
class Row:
    """One kernel at one shape."""

    name: str
    shape: str
    dtype: str
    #: bytes that must move
    least: int
    #: launches that are allowed
    launches: int
    call: Call
    #: bytes of vectors that are read again from the cache
    again: int = 0
    #: the limit for sectors against the least that hold the bytes
    sectors: float = COALESCING


@dataclass(frozen=True)
class Figure:
    """What was measured of a row: counts where there is an instrument, else the time and the bandwidth of a copy."""

    row: Row
    counts: Counts | None = None
    seconds: float = 0.0
    copy: float = 0.0

    @property
    def traffic(self) -> float:
        """Bytes moved, but for those read again from the cache, against the formula's."""
        assert self.counts is not None
        return (self.counts.bytes - self.row.again) / self.row.least

    @property
    def coalescing(self) -> float:
        """Sectors against the least that hold the bytes."""
        assert self.counts is not None
        return self.counts.sectors * counters.SECTOR / self.counts.bytes

    @property
    def share(self) -> float:
        """The formula's bytes per second against those of a copy."""
        return self.row.least / self.seconds / self.copy


def rows(dtype: Any, scale: int, shapes: int = 3) -> Iterator[Row]:
    """Every measured call, at so many shapes; arrays are made when their row's turn has come."""
    size = dtype.itemsize
    wide = 8 if dtype is ag.float64 else 4

    def array(*shape: int, grad: bool = True) -> Any:
        made = ag.randn(shape, device="cuda").to(dtype)
        return made.requires_grad_() if grad else made

    def both(
        name: str,
        shape: Any,
        out: Callable[[], Any],
        inputs: list[Any],
        least: tuple[float, float],
        launches: tuple[int, int],
        again: tuple[int, int] = (0, 0),
        sectors: float = COALESCING,
    ) -> Iterator[Row]:
        text = " x ".join(map(str, shape))
        yield Row(f"{name} forward", text, dtype.name, int(least[0]), launches[0], out, again[0], sectors)
        result = out()
        g = ag.randn(tuple(result.shape), device="cuda").to(result.dtype)
        yield Row(
            f"{name} backward", text, dtype.name, int(least[1]), launches[1],
            lambda: ag.autograd.grad(result, inputs, g, retain_graph=True), again[1], sectors,
        )  # fmt: skip

    for n, c in ROWS[:shapes]:
        n *= scale
        elements = n * c
        x, w, b = array(n, c), array(c), array(c)
        slices = min(512, -(-n // 32))
        sums = 16 * slices * c * wide // 4
        yield from both(
            "softmax",
            (n, c),
            lambda x=x: F.softmax(x, -1),
            [x],
            (2 * elements * size, 3 * elements * size),
            (1, 1),
        )
        yield from both(
            "log_softmax",
            (n, c),
            lambda x=x: F.log_softmax(x, -1),
            [x],
            (2 * elements * size, 3 * elements * size),
            (1, 1),
        )
        each_row, statistics = (n - 1) * c * size, n * wide
        yield from both(
            "layer_norm", (n, c), lambda x=x, w=w, b=b, c=c: F.layer_norm(x, (c,), w, b), [x, w, b],
            (2 * elements * size + 2 * c * size + 2 * statistics, 3 * elements * size + sums + 2 * statistics + 3 * c * size),
            (1, 2), (2 * each_row, each_row),
        )  # fmt: skip
        yield from both(
            "rms_norm", (n, c), lambda x=x, w=w, c=c: F.rms_norm(x, (c,), w), [x, w],
            (2 * elements * size + c * size + statistics, 3 * elements * size + sums + statistics + 2 * c * size), (1, 2),
            (each_row, each_row),
        )  # fmt: skip
        target = ag.randint(0, c, (n,), device="cuda")
        per_row = n * (8 + 2 * wide)
        yield from both(
            "cross_entropy", (n, c), lambda x=x, target=target: F.cross_entropy(x, target), [x],
            (elements * size + per_row + n * size, 2 * elements * size + per_row), (1, 1),
        )  # fmt: skip
        yield from both(
            "bias + gelu", (n, c), lambda x=x, b=b: F.bias_activation(x, b, "gelu"), [x, b],
            (2 * elements * size + c * size, 3 * elements * size + (sums // 2 if slices > 1 else 0) + 2 * c * size), (1, 1),
        )  # fmt: skip
        yield from both(
            "dropout",
            (n, c),
            lambda x=x: F.dropout(x, 0.1),
            [x],
            (2 * elements * size, 2 * elements * size),
            (1, 1),
        )
        for name, function in (("gelu", F.gelu), ("silu", F.silu), ("relu", F.relu), ("mish", F.mish)):
            yield from both(
                name, (n, c), lambda x=x, function=function: function(x), [x],
                (2 * elements * size, 3 * elements * size), (1, 1),
            )  # fmt: skip
        y = array(n, c, grad=False)
        for name, function in (("mse_loss", F.mse_loss), ("smooth_l1_loss", F.smooth_l1_loss)):
            yield from both(
                name, (n, c), lambda x=x, y=y, function=function: function(x, y), [x],
                (2 * elements * size, 3 * elements * size), (1, 1),
            )  # fmt: skip
        plain = x.detach()
        text = f"{n} x {c}"
        for name, dims in (("sum of columns", 0), ("sum of rows", 1), ("sum of all", (0, 1))):
            left = {0: c, 1: n}.get(dims, 1)  # type: ignore[call-overload]
            partial = 2 * wide * c * slices if dims == 0 and slices > 1 else 0
            yield Row(
                name, text, dtype.name, elements * size + left * size + partial, 1,
                lambda plain=plain, dims=dims: plain.sum(dims),
            )  # fmt: skip
        yield Row(
            "uniform",
            text,
            dtype.name,
            elements * size,
            1,
            lambda n=n, c=c: ag.rand(n, c, device="cuda", dtype=dtype),
        )
        yield Row("cumsum", text, dtype.name, 2 * elements * size, 1, lambda plain=plain: plain.cumsum(1))
    for n, c, side in ((2, 8, 32), (8, 16, 16), (3, 5, 64))[:shapes]:
        n *= scale
        x, w, b = array(n, c, side, side), array(c), array(c)
        elements, vectors = n * c * side * side, 8 * c * wide
        mean, var = (ag.zeros(c, device="cuda", dtype=dtype) for _ in range(2))
        threads = (
            elements * size // 16
        )  # each reads a channel's numbers: two statistics, weight, bias or sums
        yield from both(
            "batch_norm", (n, c, side, side),
            lambda x=x, w=w, b=b, mean=mean, var=var: F.batch_norm(x, mean, var, w, b, training=True), [x, w, b],
            (3 * elements * size + vectors, 5 * elements * size + vectors), (3, 2),
            (threads * (2 * wide + 2 * size), threads * (4 * wide + size) + threads * wide),
        )  # fmt: skip
        for name, function, kept in (("max_pool2d", F.max_pool2d, 8), ("avg_pool2d", F.avg_pool2d, 0)):
            moved = elements * size + elements // 4 * (size + kept)
            yield from both(
                name,
                (n, c, side, side),
                lambda x=x, function=function: function(x, 2),
                [x],
                (moved, moved),
                (1, 1),
            )
    for heads, length, width in ((4, 64, 32), (2, 200, 16), (1, 640, 16))[:shapes]:
        heads *= scale
        q, k, v = (array(heads, length, width) for _ in range(3))
        scores = heads * length * length
        # counted are the kernels between the products, not cuBLAS's
        yield from both(
            "attention", (heads, length, width), lambda q=q, k=k, v=v: F.scaled_dot_product_attention(q, k, v), [q, k, v],
            (scores * (wide + size) + 2 * heads * length * wide, scores * 2 * (wide + size) + 2 * heads * length * wide),
            (1, 1),
        )  # fmt: skip
    yield from traffic_images.rows(dtype, scale, shapes, array, both)
    if dtype is not ag.float32:
        return
    for sizes in ([(1000, 256)], [(300, 400), (400,), (7,)], [(30000,)] * 5)[:shapes]:
        parameters = [array(length * scale, *width) for length, *width in sizes]
        for parameter in parameters:
            parameter.grad = ag.ones_like(parameter)
        elements = sum(parameter.numel() for parameter in parameters)
        text = f"{len(parameters)} arrays, {elements}"
        for name, step, passes in (
            ("Adam", ag.optim.Adam(parameters).step, 7), ("AdamW", ag.optim.AdamW(parameters).step, 7),
            ("SGD with momentum", ag.optim.SGD(parameters, momentum=0.9).step, 5),
            ("RMSprop", ag.optim.RMSprop(parameters).step, 5),
            ("clip_grad_norm_", lambda parameters=parameters: ag.nn.utils.clip_grad_norm_(parameters, 1.0), 3),
        ):  # fmt: skip
            yield Row(f"{name}, all parameters", text, dtype.name, passes * elements * size, 2, step)


def measured(counting: Any, dtypes: list[Any], scale: int, shapes: int = 3) -> list[Figure]:
    """Every row's figure."""
    return [_figure(counting, row) for dtype in dtypes for row in rows(dtype, scale, shapes)]


def _figure(counting: Any, row: Row) -> Figure:
    if counting is not None:
        return Figure(row, counters.count(counting, row.call))
    source = ag.zeros(max(1, row.least // 8), device="cuda")  # a copy that moves as many bytes
    return Figure(row, None, counters.seconds(row.call), row.least / counters.seconds(lambda: source.clone()))


def failures(figures: list[Figure]) -> list[str]:
    """What is over its limit, of what was counted."""
    found = []
    for figure in figures:
        row, counts = figure.row, figure.counts
        if counts is None:
            continue
        for number, limit, what in (
            (counts.launches, row.launches, "launches"), (figure.traffic, TRAFFIC, "of the formula's bytes"),
            (figure.coalescing, row.sectors, "of the least sectors"), (counts.waits, 0, "waits"),
        ):  # fmt: skip
            if number > limit:
                found.append(f"{row.name} ({row.shape}, {row.dtype}): {number:.4g} {what}, limit {limit}")
    return found


def table(figures: list[Figure]) -> list[str]:
    """The lines of a table in Markdown."""
    if figures[0].counts is not None:
        columns = [
            "launches",
            "limit",
            "bytes",
            "of them again, cached",
            "formula",
            "ratio",
            "sectors x 32 / bytes",
            "waits",
        ]
    else:
        columns = ["formula bytes", "us", "GB/s", "of a copy"]
    lines = [
        f"| kernel | shape | dtype | {' | '.join(columns)} |",
        f"| --- | --- | --- | {' | '.join(['---:'] * len(columns))} |",
    ]
    for figure in figures:
        row, counts = figure.row, figure.counts
        if counts is not None:
            cells = (
                f"{counts.launches} | {row.launches} | {counts.bytes} | {row.again} | {row.least} | {figure.traffic:.3f} "
                f"| {figure.coalescing:.3f} | {counts.waits}"
            )
        else:
            cells = f"{row.least} | {figure.seconds * 1e6:.1f} | {row.least / figure.seconds / 1e9:.1f} | {figure.share:.2f}"
        lines.append(f"| {row.name} | {row.shape} | {row.dtype} | {cells} |")
    return lines


def plot(figures: list[Figure], path: Path) -> None:
    """A bar for each kernel and dtype, at the shape where it is worst: its share of a copy's bandwidth, or, where traffic
    was counted, the least there could be against what it moved."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    counted = figures[0].counts is not None
    worst: dict[str, dict[str, float]] = {}
    for figure in figures:
        of_kernel = worst.setdefault(figure.row.dtype, {})
        value = 1 / figure.traffic if counted else figure.share
        of_kernel[figure.row.name] = min(value, of_kernel.get(figure.row.name, value))
    names = list(dict.fromkeys(figure.row.name for figure in figures))
    drawing, axes = plt.subplots(figsize=(9, 0.3 * len(names) + 1.5), layout="constrained")
    height = 0.8 / len(worst)
    for position, (dtype, values) in enumerate(worst.items()):
        axes.barh(
            [names.index(name) + position * height for name in values],
            list(values.values()),
            height,
            label=dtype,
        )
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks([index + 0.4 - height / 2 for index in range(len(names))], names)
    axes.invert_yaxis()
    axes.set_xlabel("the formula's bytes / bytes moved" if counted else "bandwidth / that of a copy")
    axes.legend()
    drawing.savefig(path, dpi=120)
    plt.close(drawing)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.traffic", description=__doc__)
    parser.add_argument("--counters", help=f"module that counts (default: the variable {counters.VARIABLE})")
    parser.add_argument(
        "--dtype", action="append", choices=("float32", "float16", "float64"), help="default: the first two"
    )
    parser.add_argument("--scale", type=int, default=1, help="how many times as long arrays are (default: 1)")
    parser.add_argument(
        "--tiny", action="store_true", help="one shape each, float32: whether everything runs"
    )
    parser.add_argument(
        "--output", type=Path, help="write the table to this file, and a plot beside it (.png)"
    )
    given = parser.parse_args(arguments)
    counting = counters.instrument(given.counters)
    names = given.dtype or (("float32",) if given.tiny else ("float32", "float16"))
    dtypes = [getattr(ag, name) for name in names]
    figures = measured(counting, dtypes, given.scale, 1 if given.tiny else 3)
    lines, over = table(figures), failures(figures)
    command = " ".join(
        [
            "python -m benchmarks.traffic",
            *(f"--dtype {dtype.name}" for dtype in dtypes),
            f"--scale {given.scale}",
            *(["--tiny"] if given.tiny else []),
        ]
    )
    how = "counted exactly by an instrument (--counters MODULE)" if counting else "by event timers on a card"
    limits = (
        f" Limits: {TRAFFIC} of the formula's bytes,\n{COALESCING} of the least sectors (where neighbours are read one place "
        f"beside themselves, {traffic_images.BESIDE[4]} for\nfloat32 and {traffic_images.BESIDE[2]} for halves: see "
        "traffic_images.py), the launches in the table, no wait for the device."
    )
    head = [
        "# Traffic of the fused kernels",
        "",
        f"Made by `{command}`; {how}.{limits if counting else ''}",
        "",
    ]
    verdict = [] if counting is None else ["", *(over or ["All within their limits."])]
    text = "\n".join([*head, *lines, *verdict, ""])
    print(text)
    if given.output is not None:
        given.output.write_text(text, encoding="utf-8")
        plot(figures, given.output.with_suffix(".png"))
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
