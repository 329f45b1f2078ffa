"""Recurrent layers and cells: one op, and so one node, for a whole sequence through one direction of one layer.

The bodies are the formulas in plain ops. What runs on arrays are the device's implementations (`device/portable/recurrent.py`),
which also say the first derivative. Derivatives of derivatives, forward mode and `vmap` run the body on tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_gpu import dtypes, errors
from autograd_gpu.core import engine, modes
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import Op, TensorNamespace, op, tensor_namespace

# -- layers --------------------------------------------------------------------------------------------------


@op("general", outputs=("out", "last", "last_cell"), saves=("gates", "cells", "states"))
def lstm_layer(
    F: Any,
    input: Any,
    h: Any,
    c: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
    weight_hr: Any = None,
    *,
    reverse: bool,
) -> Any:
    """Long short-term memory (S. Hochreiter, J. Schmidhuber, 1997) over a sequence (steps, images, width): all h, the last
    h and the last c. c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c'), projected by `weight_hr` if
    there is one; i, f, g, o are what the weights make of input and h. `reverse` starts with the last step."""
    arrays = _wide(F, input, h, c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr)
    sequence, state, cell, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = arrays
    projected = _affine(F, sequence, weight_ih, bias_ih)
    results = []
    for t in _steps(input, reverse):
        state, cell = _lstm_step(F, projected[t], state, cell, weight_hh, bias_hh)
        if weight_hr is not None:
            state = _affine(F, state, weight_hr, None)
        results.append(state)
    outputs = (_in_order(F, results, reverse), state, cell)
    return *(F.cast(each, dtype=input.dtype) for each in outputs), None, None, None


@op("general", outputs=("out", "last"), saves=("gates", "states"))
def gru_layer(
    F: Any,
    input: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
    *,
    reverse: bool,
) -> Any:
    """Gated recurrent units (K. Cho et al., 2014) over a sequence (steps, images, width): all h and the last one.
    h' = (1 - z) n + z h with r, z = sigmoid(...) and n = tanh(W_in x + b_in + r (W_hn h + b_hn))."""
    arrays = _wide(F, input, h, weight_ih, weight_hh, bias_ih, bias_hh)
    sequence, state, weight_ih, weight_hh, bias_ih, bias_hh = arrays
    projected = _affine(F, sequence, weight_ih, bias_ih)
    results = []
    for t in _steps(input, reverse):
        state = _gru_step(F, projected[t], state, weight_hh, bias_hh)
        results.append(state)
    outputs = (_in_order(F, results, reverse), state)
    return *(F.cast(each, dtype=input.dtype) for each in outputs), None, None


@op("general", outputs=("out", "last"), saves=("states",))
def rnn_layer(
    F: Any,
    input: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
    *,
    nonlinearity: str,
    reverse: bool,
) -> Any:
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or max(..., 0) (J. L. Elman, 1990), over a sequence (steps, images, width):
    all h and the last one."""
    arrays = _wide(F, input, h, weight_ih, weight_hh, bias_ih, bias_hh)
    sequence, state, weight_ih, weight_hh, bias_ih, bias_hh = arrays
    projected = _affine(F, sequence, weight_ih, bias_ih)
    activation = F.tanh if nonlinearity == "tanh" else F.relu
    results = []
    for t in _steps(input, reverse):
        state = activation(projected[t] + _affine(F, state, weight_hh, bias_hh))
        results.append(state)
    outputs = (_in_order(F, results, reverse), state)
    return *(F.cast(each, dtype=input.dtype) for each in outputs), None


# -- cells ---------------------------------------------------------------------------------------------------


@op("general", outputs=("out", "cell"), saves=("gates", "cells", "states"))
def lstm_cell(
    F: Any,
    input: Any,
    h: Any,
    c: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
) -> Any:
    """One step of `lstm_layer`: the new h and c, (images, hidden size) each."""
    arrays = _wide(F, input, h, c, weight_ih, weight_hh, bias_ih, bias_hh)
    now, state, cell, weight_ih, weight_hh, bias_ih, bias_hh = arrays
    outputs = _lstm_step(F, _affine(F, now, weight_ih, bias_ih), state, cell, weight_hh, bias_hh)
    return *(F.cast(each, dtype=input.dtype) for each in outputs), None, None, None


@op("general", saves=("gates", "states"))
def gru_cell(
    F: Any, input: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any = None, bias_hh: Any = None
) -> Any:
    """One step of `gru_layer`: the new h, (images, hidden size)."""
    now, state, weight_ih, weight_hh, bias_ih, bias_hh = _wide(
        F, input, h, weight_ih, weight_hh, bias_ih, bias_hh
    )
    state = _gru_step(F, _affine(F, now, weight_ih, bias_ih), state, weight_hh, bias_hh)
    return F.cast(state, dtype=input.dtype), None, None


@op("general", saves=("states",))
def rnn_cell(
    F: Any,
    input: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
    *,
    nonlinearity: str,
) -> Any:
    """One step of `rnn_layer`: the new h, (images, hidden size)."""
    now, state, weight_ih, weight_hh, bias_ih, bias_hh = _wide(
        F, input, h, weight_ih, weight_hh, bias_ih, bias_hh
    )
    total = _affine(F, now, weight_ih, bias_ih) + _affine(F, state, weight_hh, bias_hh)
    state = F.tanh(total) if nonlinearity == "tanh" else F.relu(total)
    return F.cast(state, dtype=input.dtype), None


# -- parts of the bodies -------------------------------------------------------------------------------------


def _wide(F: Any, *arrays: Any) -> list[Any]:
    """Halves as float32."""
    wide = dtypes.float32.numpy
    return [x if x is None or x.dtype.itemsize > 2 else F.cast(x, dtype=wide) for x in arrays]


def _affine(F: Any, x: Any, weight: Any, bias: Any) -> Any:
    product = F.matmul(x, F.mT(weight))
    return product if bias is None else product + bias


def _steps(input: Any, reverse: bool) -> range:
    length = input.shape[0]
    return range(length - 1, -1, -1) if reverse else range(length)


def _in_order(F: Any, results: list[Any], reverse: bool) -> Any:
    return F.stack(results[::-1] if reverse else results, dim=0)


def _lstm_step(F: Any, projected: Any, h: Any, c: Any, weight_hh: Any, bias_hh: Any) -> tuple[Any, Any]:
    total = projected + _affine(F, h, weight_hh, bias_hh)
    size = weight_hh.shape[0] // 4
    i, f, g, o = (total[:, k * size : (k + 1) * size] for k in range(4))
    c = F.sigmoid(f) * c + F.sigmoid(i) * F.tanh(g)
    return F.sigmoid(o) * F.tanh(c), c


def _gru_step(F: Any, projected: Any, h: Any, weight_hh: Any, bias_hh: Any) -> Any:
    recurrent = _affine(F, h, weight_hh, bias_hh)
    size = weight_hh.shape[0] // 3
    r, z, new = (slice(k * size, (k + 1) * size) for k in range(3))
    reset = F.sigmoid(projected[:, r] + recurrent[:, r])
    update = F.sigmoid(projected[:, z] + recurrent[:, z])
    candidate = F.tanh(projected[:, new] + reset * recurrent[:, new])
    return candidate + update * (h - candidate)


# -- derivatives ---------------------------------------------------------------------------------------------

lstm_layer.joint_rule(
    lambda F, g, input, h, c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, gates, cells, states, *, reverse, needs: (
        F.lstm_layer_backward(
            g, input, h, c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, gates, cells, states,
            reverse=reverse, needs=needs,
        )
    )
)  # fmt: skip
gru_layer.joint_rule(
    lambda F, g, input, h, weight_ih, weight_hh, bias_ih, bias_hh, gates, states, *, reverse, needs: (
        F.gru_layer_backward(
            g, input, h, weight_ih, weight_hh, bias_ih, bias_hh, gates, states, reverse=reverse, needs=needs
        )
    )
)
rnn_layer.joint_rule(
    lambda F, g, input, h, weight_ih, weight_hh, bias_ih, bias_hh, states, *, nonlinearity, reverse, needs: (
        F.rnn_layer_backward(
            g, input, h, weight_ih, weight_hh, bias_ih, bias_hh, states,
            nonlinearity=nonlinearity, reverse=reverse, needs=needs,
        )
    )
)  # fmt: skip
lstm_cell.joint_rule(
    lambda F, g, input, h, c, weight_ih, weight_hh, bias_ih, bias_hh, gates, cells, states, *, needs: (
        F.lstm_cell_backward(
            g, input, h, c, weight_ih, weight_hh, bias_ih, bias_hh, gates, cells, states, needs=needs
        )
    )
)
gru_cell.joint_rule(
    lambda F, g, input, h, weight_ih, weight_hh, bias_ih, bias_hh, gates, states, *, needs: (
        F.gru_cell_backward(g, input, h, weight_ih, weight_hh, bias_ih, bias_hh, gates, states, needs=needs)
    )
)
rnn_cell.joint_rule(
    lambda F, g, input, h, weight_ih, weight_hh, bias_ih, bias_hh, states, *, nonlinearity, needs: (
        F.rnn_cell_backward(
            g,
            input,
            h,
            weight_ih,
            weight_hh,
            bias_ih,
            bias_hh,
            states,
            nonlinearity=nonlinearity,
            needs=needs,
        )
    )
)


def _through_tensors(record: Op) -> None:
    """Let rules and users run the body of `record` on tensors where the device's implementation cannot be differentiated."""

    def backward(g: Any, *arrays: Any, needs: tuple[bool, ...], **params: Any) -> tuple[Tensor | None, ...]:
        # Each input is aliased, so that only its direct use in this op counts, not what it shares with others.
        given = arrays[: len(record.inputs)]
        alias = REGISTRY["alias"].apply
        inputs = [alias(x) if needed else x for x, needed in zip(given, needs, strict=True)]
        results = _visible(record, inputs, params)
        pairs = [
            (out._node, toward)
            for out, toward in zip(results, g if len(results) > 1 else (g,), strict=True)
            if out._node is not None
        ]
        gradients = iter(
            engine.run(
                [node for node, _ in pairs],
                [toward for _, toward in pairs],
                wanted=[x._node for x, needed in zip(inputs, needs, strict=True) if needed],
                retain_graph=True,
                create_graph=True,
            )
        )
        return tuple(next(gradients) if needed else None for needed in needs)

    setattr(TensorNamespace, f"{record.name}_backward", staticmethod(backward))

    def check(inputs: Sequence[Any]) -> None:
        for x in inputs:
            if isinstance(x, Tensor) and not x._type.differentiable:
                raise NotImplementedError(
                    f"\"{record.name}\" not implemented for '{x._type.dtype.scalar_name}'\n  convert with .float()"
                    f"{errors.here()}"
                )

    record.check = check

    @record.surface
    def public(*inputs: Any, **params: Any) -> Any:
        inputs += (None,) * (len(record.inputs) - len(inputs))
        if modes.intercepting and modes.local.interceptors:
            results = _visible(record, inputs, params)
            return results if len(results) > 1 else results[0]
        return record.apply(*inputs, **params)

    public.__doc__ = record.__doc__


def _visible(record: Op, inputs: Any, params: dict[str, Any]) -> tuple[Tensor, ...]:
    """What users see of the body's results on tensors."""
    results: tuple[Tensor, ...] = record.body(tensor_namespace(inputs[0]._type.device), *inputs, **params)
    return results[: len(record.outputs)]


for _record in (lstm_layer, gru_layer, rnn_layer, lstm_cell, gru_cell, rnn_cell):
    _through_tensors(_record)
