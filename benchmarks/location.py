"""What it costs to remember the user's line: `python -m benchmarks.location`.

Every recorded op stores the code object and the instruction offset of the frame that called it. This compiles the product op a
second time without the statements that do so, and times a chain of each, forward and backward, interleaved.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import autograd_gpu as ag
from autograd_gpu.core import compile as compiler
from autograd_gpu.core.op import REGISTRY

LENGTH = 100
ROUNDS = 201


def without_location() -> Callable[..., ag.Tensor]:
    """The product op, compiled without the statements that look at the caller's frame."""
    record = REGISTRY["mul"]
    record.apply(ag.ones(1), ag.ones(1))  # ops are compiled when they are first called
    source = compiler.call_source(record)
    kept = [
        line
        for line in source.split("\n")
        if not any(word in line for word in ("frame", "node.code", "node.offset"))
    ]
    assert len(kept) == len(source.split("\n")) - 4
    function: Callable[..., ag.Tensor] = compiler.execute(
        "\n".join(kept), "mul", dict(record.apply.__globals__)
    )
    return function


def main() -> None:
    x = ag.ones(4, requires_grad=True)
    w = ag.ones(4, requires_grad=True)
    start = ag.ones(4)
    products = {"with": REGISTRY["mul"].apply, "without": without_location()}

    def seconds(product: Callable[..., ag.Tensor], backward: bool) -> float:
        begin = time.perf_counter()
        y = x
        for _ in range(LENGTH):
            y = product(y, w)
        if backward:
            y.backward(start)
        return time.perf_counter() - begin

    for backward in (False, True):
        samples: dict[str, list[float]] = {name: [] for name in products}
        for _ in range(ROUNDS):
            for name, product in products.items():
                samples[name].append(seconds(product, backward) / LENGTH * 1e6)
        share = statistics.median(1 - b / a for a, b in zip(samples["with"], samples["without"], strict=True))
        label = "forward + backward" if backward else "forward"
        print(f"{label:20} {statistics.median(samples['with']):.3f} us per op, of which the line {share:.1%}")


if __name__ == "__main__":
    main()
