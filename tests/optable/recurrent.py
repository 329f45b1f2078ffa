"""Cases of autograd_gpu/ops/recurrent.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_gpu.ops import recurrent
from autograd_gpu.testing.opcase import ErrorCase, Make, OpCase, Sample as S


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return x @ weight.T if bias is None else x @ weight.T + bias


def _lstm_cell(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    i, f, g, o = np.split(_affine(x, w_ih, b_ih) + _affine(h, w_hh, b_hh), 4, -1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _gru_cell(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    x_r, x_z, x_n = np.split(_affine(x, w_ih, b_ih), 3, -1)
    h_r, h_z, h_n = np.split(_affine(h, w_hh, b_hh), 3, -1)
    z = _sigmoid(x_z + h_z)
    return (1 - z) * np.tanh(x_n + _sigmoid(x_r + h_r) * h_n) + z * h


def _rnn_cell(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None, *, nonlinearity: str
) -> Any:
    total = _affine(x, w_ih, b_ih) + _affine(h, w_hh, b_hh)
    return np.tanh(total) if nonlinearity == "tanh" else np.maximum(total, 0)


def _walk(length: int, reverse: bool) -> Any:
    return reversed(range(length)) if reverse else range(length)


def _lstm_layer(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None, w_hr: Any = None,
    *, reverse: bool,
) -> Any:  # fmt: skip
    out = np.empty((len(x), *h.shape), x.dtype)
    for t in _walk(len(x), reverse):
        h, c = _lstm_cell(x[t], h, c, w_ih, w_hh, b_ih, b_hh)
        out[t] = h = h if w_hr is None else h @ w_hr.T
    return out, h, c


def _gru_layer(x: Any, h: Any, *weights: Any, reverse: bool) -> Any:
    out = np.empty((len(x), *h.shape), x.dtype)
    for t in _walk(len(x), reverse):
        out[t] = h = _gru_cell(x[t], h, *weights)
    return out, h


def _rnn_layer(x: Any, h: Any, *weights: Any, reverse: bool, nonlinearity: str) -> Any:
    out = np.empty((len(x), *h.shape), x.dtype)
    for t in _walk(len(x), reverse):
        out[t] = h = _rnn_cell(x[t], h, *weights, nonlinearity=nonlinearity)
    return out, h


def _weights(make: Make, gates: int, inputs: int, hidden: int, outputs: int = 0) -> list[Any]:
    outputs = outputs or hidden
    rows = gates * hidden
    return [make(rows, inputs), make(rows, outputs), make(rows), make(rows)]


# float32 and rounded once, as the reference in float64 is; what differs is exp and tanh of sums
TOLERANCES: Any = {"float16": (4e-3, 8e-3), "bfloat16": (3.2e-2, 6.4e-2), "float32": (1e-5, 1e-5)}

CASES = [
    OpCase(
        "lstm_layer",
        call=recurrent.lstm_layer.public,
        dtypes="float half",
        samples=lambda make: [
            S(make(3, 2, 2), make(2, 2), make(2, 2), *_weights(make, 4, 2, 2), reverse=False),
            S(make(2, 1, 2), make(1, 2), make(1, 2), *_weights(make, 4, 2, 2)[:2], reverse=True),
            S(  # h is projected
                make(2, 2, 1), make(2, 1), make(2, 2), *_weights(make, 4, 1, 2, 1), make(1, 2), reverse=False
            ),
            S(make(2, 0, 2), make(0, 2), make(0, 2), *_weights(make, 4, 2, 2), reverse=False),
        ],
        ref=_lstm_layer,
        tol=TOLERANCES,
        errors=[
            ErrorCase(
                lambda make: S(
                    make(2, 2, 3), make(2, 2), make(2, 2), *_weights(make, 4, 2, 2), reverse=False
                ),
                RuntimeError,
                r"lstm_layer",
            )
        ],
    ),
    OpCase(
        "gru_layer",
        call=recurrent.gru_layer.public,
        dtypes="float half",
        samples=lambda make: [
            S(make(3, 2, 2), make(2, 2), *_weights(make, 3, 2, 2), reverse=False),
            S(make(2, 1, 2), make(1, 2), *_weights(make, 3, 2, 2)[:2], reverse=True),
            S(make(2, 0, 2), make(0, 2), *_weights(make, 3, 2, 2), reverse=False),
        ],
        ref=_gru_layer,
        tol=TOLERANCES,
        errors=[],
    ),
    OpCase(
        "rnn_layer",
        call=recurrent.rnn_layer.public,
        dtypes="float half",
        samples=lambda make: [
            S(make(3, 2, 2), make(2, 2), *_weights(make, 1, 2, 2), reverse=False, nonlinearity="tanh"),
            S(make(2, 1, 2), make(1, 2), *_weights(make, 1, 2, 2)[:2], reverse=True, nonlinearity="relu"),
            S(make(2, 0, 2), make(0, 2), *_weights(make, 1, 2, 2), reverse=False, nonlinearity="tanh"),
        ],
        ref=_rnn_layer,
        tol=TOLERANCES,
        errors=[],
    ),
    OpCase(
        "lstm_cell",
        call=recurrent.lstm_cell.public,
        dtypes="float half",
        samples=lambda make: [
            S(make(3, 2), make(3, 2), make(3, 2), *_weights(make, 4, 2, 2)),
            S(make(1, 3), make(1, 2), make(1, 2), *_weights(make, 4, 3, 2)[:2]),
            S(make(0, 2), make(0, 2), make(0, 2), *_weights(make, 4, 2, 2)),
        ],
        ref=_lstm_cell,
        tol=TOLERANCES,
        errors=[],
    ),
    OpCase(
        "gru_cell",
        call=recurrent.gru_cell.public,
        dtypes="float half",
        samples=lambda make: [
            S(make(3, 2), make(3, 2), *_weights(make, 3, 2, 2)),
            S(make(1, 3), make(1, 2), *_weights(make, 3, 3, 2)[:2]),
            S(make(0, 2), make(0, 2), *_weights(make, 3, 2, 2)),
        ],
        ref=_gru_cell,
        tol=TOLERANCES,
        errors=[],
    ),
    OpCase(
        "rnn_cell",
        call=recurrent.rnn_cell.public,
        dtypes="float half",
        samples=lambda make: [
            S(make(3, 2), make(3, 2), *_weights(make, 1, 2, 2), nonlinearity="tanh"),
            S(make(1, 3), make(1, 2), *_weights(make, 1, 3, 2)[:2], nonlinearity="relu"),
            S(make(0, 2), make(0, 2), *_weights(make, 1, 2, 2), nonlinearity="tanh"),
        ],
        ref=_rnn_cell,
        tol=TOLERANCES,
        errors=[],
    ),
]
