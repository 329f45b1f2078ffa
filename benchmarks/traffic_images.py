"""Rows of the table of traffic for what works on images, channels, columns and running states: convolution, softmax over
channels, normalisation with given statistics or over groups, scans and their gradients.

Convolution multiplies columns (im2col) by cuBLAS, whose own traffic is not counted. The formula for the kernels around a
product, for x, out and K = channels x taps x places of columns: forward x + K (columns) + 2 out (bias); backward the columns
that lie inside the image + x (gradient for the input), x + K (columns), 2 g (images inside) and g (bias). The least for a
kernel that made columns on the fly would be x + out. Depthwise convolution does that: x + w + out, backward twice x + g + w,
and g for the bias.

Where neighbours are read one place beside themselves (the taps of a window, the element before), a warp touches one sector of
32 bytes more than its bytes fill, of 5 for float32 and of 3 for halves. Its neighbours touch the same one: the cache has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import autograd_gpu as ag
from autograd_gpu.nn import functional as F

Both = Callable[..., Iterator[Any]]
#: the limit for sectors, by the size of an element, where neighbours are read one place beside themselves
BESIDE = {2: 1.4, 4: 1.15, 8: 1.1}


def inside(side: int, kernel: int) -> int:
    """Over all places and taps of a square kernel on a square image padded to its size: how often the image is seen."""
    return int((kernel * side - (kernel // 2) * (kernel // 2 + 1)) ** 2)


def rows(dtype: Any, scale: int, shapes: int, array: Callable[..., Any], both: Both) -> Iterator[Any]:
    """Every measured call; `array` and `both` are those of `traffic.rows`."""
    size, wide = dtype.itemsize, 8 if dtype is ag.float64 else 4
    for n, c, places in ((4, 64, 320), (2, 19, 1024), (8, 100, 16))[:shapes]:
        n *= scale
        x = array(n, c, places)
        elements = n * c * places * size
        for name, softmax in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
            yield from both(
                f"{name} over channels", (n, c, places), lambda x=x, softmax=softmax: softmax(x, 1), [x],
                (2 * elements, 3 * elements), (1, 1),
            )  # fmt: skip
    for n, c in ((96, 768), (64, 1000), (40, 4096))[:shapes]:
        n *= scale
        x = array(n, c)
        elements = n * c * size
        for name, function, again in (
            ("cumprod", ag.cumprod, 0),
            ("logcumsumexp", ag.logcumsumexp, 2 * elements),
        ):
            yield from both(
                name, (n, c), lambda x=x, function=function: function(x, 1), [x],
                (2 * elements, 4 * elements), (1, 1), (0, again), BESIDE[size],
            )  # fmt: skip
    for n, c, side in ((2, 8, 32), (8, 16, 16), (3, 5, 64))[:shapes]:
        n *= scale
        x, w, b = array(n, c, side, side), array(c), array(c)
        elements = n * c * side * side * size
        threads, vector = elements // 16, c * size
        mean, var = (ag.ones(c, device="cuda", dtype=dtype) for _ in range(2))
        yield from both(
            "batch_norm in evaluation", (n, c, side, side),
            lambda x=x, w=w, b=b, mean=mean, var=var: F.batch_norm(x, mean, var, w, b), [x, w, b],
            (2 * elements + 4 * vector, 3 * elements + 6 * vector), (1, 1),
            (4 * (threads * size - vector), 3 * (threads * size - vector)),
        )  # fmt: skip
    for n, c, side in ((2, 8, 32), (8, 16, 16), (3, 6, 32))[
        :shapes
    ]:  # groups that a block keeps in registers
        n *= scale
        x, w, b = array(n, c, side, side), array(c), array(c)
        elements = n * c * side * side * size
        threads, vector, groups = elements // 16, c * size, 2 * n
        yield from both(
            "group_norm", (n, c, side, side), lambda x=x, w=w, b=b: F.group_norm(x, 2, w, b), [x, w, b],
            (4 * elements + 2 * vector + 2 * groups * wide, 6 * elements + 3 * vector + 2 * groups * wide), (2, 2),
            (2 * (threads * size - vector), threads * size - vector),
        )  # fmt: skip
    for n, c, side, outputs in ((2, 4, 64, 8), (4, 8, 32, 8), (2, 16, 48, 4))[:shapes]:
        n *= scale
        x, w, b = array(n, c, side, side), array(outputs, c, 3, 3), array(outputs)
        image, out, columns = (count * side * side * size for count in (n * c, n * outputs, n * c * 9))
        seen = n * c * inside(side, 3) * size
        yield from both(
            "convolution 3 x 3", (n, c, side, side), lambda x=x, w=w, b=b: F.conv2d(x, w, b, padding=1), [x, w, b],
            (image + columns + 2 * out + outputs * size, seen + 2 * image + columns + 3 * out + outputs * size), (2, 4),
            (seen - image + out - outputs * size, seen - image), BESIDE[size],
        )  # fmt: skip
    for n, c, side, kernel in ((2, 8, 64, 3), (4, 16, 32, 5), (8, 4, 64, 3))[:shapes]:
        n *= scale
        x, w, b = array(n, c, side, side), array(c, 1, kernel, kernel), array(c)
        image, weights, vector = n * c * side * side * size, c * kernel * kernel * size, c * size
        seen = n * c * inside(side, kernel) * size
        yield from both(
            f"depthwise convolution {kernel} x {kernel}", (n, c, side, side),
            lambda x=x, w=w, b=b, c=c, kernel=kernel: F.conv2d(x, w, b, padding=kernel // 2, groups=c), [x, w, b],
            (2 * image + weights + vector, 5 * image + 2 * weights + vector), (1, 3),
            (2 * seen - weights - vector, 4 * seen - 3 * image - weights), BESIDE[size],
        )  # fmt: skip
