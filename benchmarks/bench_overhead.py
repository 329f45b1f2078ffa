"""What one op costs: a chain of 100 elementwise ops, y = y * w + b, on arrays so small that overhead is all there is.

python -m benchmarks overhead                  # against PyTorch eager, interleaved
pytest benchmarks/bench_overhead.py            # this library alone
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

LENGTH = 50  # times two ops: a product and a sum


def _operands(lib: Any, size: int) -> tuple[Any, Any, Any]:
    x, w, b = (lib.full((size,), value).requires_grad_() for value in (1.0, 0.99, 0.01))
    return x, w, b


def forward(lib: Any, size: int) -> Callable[[], object]:
    """The chain, recorded."""
    x, w, b = _operands(lib, size)

    def run() -> Any:
        y = x
        for _ in range(LENGTH):
            y = y * w + b
        return y

    return run


def forward_backward(lib: Any, size: int) -> Callable[[], object]:
    """The chain and its backward, gradients accumulating in three leaves."""
    x, w, b = _operands(lib, size)
    start = lib.ones(size)

    def run() -> Any:
        y = x
        for _ in range(LENGTH):
            y = y * w + b
        y.backward(start)

    return run


def inference(lib: Any, size: int) -> Callable[[], object]:
    """The chain under no_grad."""
    x, w, b = _operands(lib, size)

    def run() -> Any:
        with lib.no_grad():
            y = x
            for _ in range(LENGTH):
                y = y * w + b
        return y

    return run


WORKLOADS: dict[str, Callable[[Any], Callable[[], object]]] = {
    f"{function.__name__}[{size}]": partial(function, size=size)
    for size in (4, 1000)
    for function in (forward, forward_backward, inference)
}
UNITS = dict.fromkeys(WORKLOADS, 2 * LENGTH)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_overhead(benchmark: Any, workload: str) -> None:
    import autograd_gpu as ag

    benchmark(WORKLOADS[workload](ag))
