"""`python -m benchmarks.traffic`: launches and memory traffic of every fused kernel against the least there could be.

For each kernel, at three shapes: how often the op launches, and the bytes its kernels read and write against the formula, which
counts every value once (N rows, C columns, s bytes per element; statistics and parameters where they matter). With an
instrument (see counters.py) both are counted, exactly; sectors show coalescing, and waits are copies to the host and
synchronisations. What a kernel reads again by its design although the cache has it (a layer's weights for every row, a
channel's statistics for every thread) is a column of its own, and not part of the ratio. On a card without an instrument,
what is reported is the bandwidth, formula / time, against that of a copy.

    python -m benchmarks.traffic --counters MODULE --output benchmarks/results/traffic.md
    python -m benchmarks.traffic --scale 64            # on a card: arrays 64 times as long
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
from benchmarks import counters

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


def rows(dtype: Any, scale: int) -> Iterator[Row]:
    """Every measured call; arrays are made when their row's turn has come."""
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
    ) -> Iterator[Row]:
        text = " x ".join(map(str, shape))
        yield Row(f"{name} forward", text, dtype.name, int(least[0]), launches[0], out, again[0])
        result = out()
        g = ag.randn(tuple(result.shape), device="cuda").to(result.dtype)
        yield Row(
            f"{name} backward", text, dtype.name, int(least[1]), launches[1],
            lambda: ag.autograd.grad(result, inputs, g, retain_graph=True), again[1],
        )  # fmt: skip

    for n, c in ROWS:
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
    for n, c, side in ((2, 8, 32), (8, 16, 16), (3, 5, 64)):
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
    for heads, length, width in ((4, 64, 32), (2, 200, 16), (1, 640, 16)):
        heads *= scale
        q, k, v = (array(heads, length, width) for _ in range(3))
        scores = heads * length * length
        # counted are the kernels between the products, not cuBLAS's
        yield from both(
            "attention", (heads, length, width), lambda q=q, k=k, v=v: F.scaled_dot_product_attention(q, k, v), [q, k, v],
            (scores * (wide + size) + 2 * heads * length * wide, scores * 2 * (wide + size) + 2 * heads * length * wide),
            (1, 1),
        )  # fmt: skip
    if dtype is not ag.float32:
        return
    for shapes in ([(1000, 256)], [(300, 400), (400,), (7,)], [(30000,)] * 5):
        parameters = [array(*shape) for shape in shapes]
        for parameter in parameters:
            parameter.grad = ag.ones_like(parameter)
        elements = sum(parameter.numel() for parameter in parameters)
        optimizer = ag.optim.Adam(parameters)
        yield Row(
            "Adam, all parameters",
            f"{len(parameters)} arrays, {elements}",
            dtype.name,
            7 * elements * size,
            2,
            optimizer.step,
        )


def measured(counting: Any, dtypes: list[Any], scale: int) -> tuple[list[str], list[str]]:
    """The table's lines, and what is over its limit."""
    lines, failures = [], []
    if counting is not None:
        lines += [
            "| kernel | shape | dtype | launches | limit | bytes | of them again, cached | formula | ratio "
            "| sectors x 32 / bytes | waits |",
            "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
    else:
        lines += [
            "| kernel | shape | dtype | formula bytes | us | GB/s | of a copy |",
            "| --- | --- | --- | ---: | ---: | ---: | ---: |",
        ]
    for dtype in dtypes:
        for row in rows(dtype, scale):
            if counting is None:
                lines.append(_timed(row))
                continue
            counts = counters.count(counting, row.call)
            traffic = (counts.bytes - row.again) / row.least
            sectors = counts.sectors * counters.SECTOR / counts.bytes
            lines.append(
                f"| {row.name} | {row.shape} | {row.dtype} | {counts.launches} | {row.launches} | {counts.bytes} "
                f"| {row.again} | {row.least} | {traffic:.3f} | {sectors:.3f} | {counts.waits} |"
            )
            for figure, limit, what in (
                (counts.launches, row.launches, "launches"), (traffic, TRAFFIC, "of the formula's bytes"),
                (sectors, COALESCING, "of the least sectors"), (counts.waits, 0, "waits"),
            ):  # fmt: skip
                if figure > limit:
                    failures.append(
                        f"{row.name} ({row.shape}, {row.dtype}): {figure:.4g} {what}, limit {limit}"
                    )
    return lines, failures


def _timed(row: Row) -> str:
    time = counters.seconds(row.call)
    speed = row.least / time / 1e9
    return (
        f"| {row.name} | {row.shape} | {row.dtype} | {row.least} | {time * 1e6:.1f} | {speed:.1f} "
        f"| {speed / _copy_speed(row.least):.2f} |"
    )


def _copy_speed(size: int) -> float:
    """GB/s, read and written together, of a copy that moves as many bytes."""
    source = ag.zeros(max(1, size // 8), device="cuda")
    return size / counters.seconds(lambda: source.clone()) / 1e9


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.traffic", description=__doc__)
    parser.add_argument("--counters", help=f"module that counts (default: the variable {counters.VARIABLE})")
    parser.add_argument(
        "--dtype", action="append", choices=("float32", "float16", "float64"), help="default: the first two"
    )
    parser.add_argument("--scale", type=int, default=1, help="how many times as long arrays are (default: 1)")
    parser.add_argument("--output", type=Path, help="write the table to this file, too")
    given = parser.parse_args(arguments)
    counting = counters.instrument(given.counters)
    dtypes = [getattr(ag, name) for name in given.dtype or ("float32", "float16")]
    lines, failures = measured(counting, dtypes, given.scale)
    command = " ".join(
        [
            "python -m benchmarks.traffic",
            *(f"--dtype {dtype.name}" for dtype in dtypes),
            f"--scale {given.scale}",
        ]
    )
    how = "counted exactly by an instrument (--counters MODULE)" if counting else "by event timers on a card"
    head = [
        "# Traffic of the fused kernels", "", f"Made by `{command}`; {how}. Limits: {TRAFFIC} of the formula's bytes,",
        f"{COALESCING} of the least sectors, the launches in the table, no wait for the device.", "",
    ]  # fmt: skip
    text = "\n".join([*head, *lines, "", *(failures or ["All within their limits."]), ""])
    print(text)
    if given.output is not None:
        given.output.write_text(text, encoding="utf-8")
    return 1 if failures and counting else 0


if __name__ == "__main__":
    sys.exit(main())
