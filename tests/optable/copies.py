"""Cases of autograd_gpu/ops/copies.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.testing.opcase import OpCase, Sample as S

EVERYTHING = "float half int bool complex"


def _row(name: str, arguments: tuple[Any, ...], ref: Any) -> OpCase:
    """One call of a function that copies what a method gives a view of."""
    return OpCase(
        name, samples=lambda make: [S(make(2, 3), *arguments)], ref=lambda x, *_: ref(x), dtypes=EVERYTHING
    )


CASES = [
    _row("diagonal_copy", (), np.diagonal),
    _row("expand_copy", ((4, 2, 3),), lambda x: np.broadcast_to(x, (4, 2, 3))),
    _row("permute_copy", ((1, 0),), np.transpose),
    _row("select_copy", (1, 2), lambda x: x[:, 2]),
    _row("squeeze_copy", (), np.squeeze),
    _row("t_copy", (), np.transpose),
    _row("transpose_copy", (0, 1), np.transpose),
    _row("unfold_copy", (1, 2, 1), lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, 1)),
    _row("unsqueeze_copy", (1,), lambda x: x[:, None]),
    OpCase(
        "view_copy",
        samples=lambda make: [S(make(2, 3))],
        call=lambda x: ag.view_copy(x.contiguous(), (3, 2)),
        ref=lambda x: x.reshape(3, 2),
        dtypes=EVERYTHING,
    ),
    _row("split_copy", (2, 1), lambda x: (x[:, :2], x[:, 2:])),
    _row("unbind_copy", (1,), lambda x: tuple(x.T)),
    _row("unsafe_chunk", (2, 1), lambda x: (x[:, :2], x[:, 2:])),
    _row("unsafe_split", (2, 1), lambda x: (x[:, :2], x[:, 2:])),
    _row("alias_copy", (), np.copy),
    _row("constant_pad_nd", ((1, 0),), lambda x: np.pad(x, ((0, 0), (1, 0)))),
    _row("resolve_neg", (), np.asarray),
    OpCase(
        "fill",
        samples=lambda make: [S(make(2, 3), 1), S(make(2), make())],
        ref=lambda x, v: np.full_like(x, v),
        dtypes=EVERYTHING,
    ),
    OpCase(
        "detach_copy", samples=lambda make: [S(make(2, 3))], ref=np.copy, dtypes=EVERYTHING, gradient=False
    ),
    OpCase(
        "is_neg",
        samples=lambda make: [S(make(2))],
        ref=lambda x: False,
        dtypes="float complex",
        gradient=False,
    ),
    OpCase(
        "abs",
        variant="function in place",
        samples=lambda make: [S(make(2, 3))],
        call=lambda x: ag.abs_(x.clone()),
        ref=np.abs,
        dtypes="float int",
    ),
]
