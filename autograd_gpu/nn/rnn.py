"""Recurrent layers and their cells.

Each direction of each layer is one op over the whole sequence (`ops/recurrent.py`). Names and layouts of the parameters
are PyTorch's: the rows of ``weight_ih_l0`` are the gates one below the other (LSTM: input, forget, cell, output;
GRU: reset, update, new).
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from numbers import Number
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core.op import FUNCTIONS
from autograd_gpu.nn import functional as F, init
from autograd_gpu.nn.linear import new_parameter
from autograd_gpu.nn.module import Module
from autograd_gpu.nn.parameter import Parameter
from autograd_gpu.nn.utils.rnn import PackedSequence, lengths_of, pack_padded_sequence, pad_packed_sequence
from autograd_gpu.ops import recurrent
from autograd_gpu.tensor import Tensor

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]

#: what a step leaves behind: (h,) or, for LSTM, (h, c)
State = tuple[Tensor, ...]

#: mode -> (the op of a layer, that of a cell, their parameters, how many gates there are)
MODES: dict[str, tuple[Callable[..., Any], Callable[..., Any], dict[str, Any], int]] = {
    "RNN_TANH": (recurrent.rnn_layer.public, recurrent.rnn_cell.public, {"nonlinearity": "tanh"}, 1),
    "RNN_RELU": (recurrent.rnn_layer.public, recurrent.rnn_cell.public, {"nonlinearity": "relu"}, 1),
    "LSTM": (recurrent.lstm_layer.public, recurrent.lstm_cell.public, {}, 4),
    "GRU": (recurrent.gru_layer.public, recurrent.gru_cell.public, {}, 3),
}


# -- layers --------------------------------------------------------------------------------------------------


class RNNBase(Module):
    """What the recurrent layers have in common; `mode` is a key of `MODES`."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_arguments(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
                f"expects num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=3,
            )
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        rows = MODES[mode][3] * hidden_size
        out = proj_size or hidden_size
        directions = 2 if bidirectional else 1
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        for layer in range(num_layers):
            for end in self._endings(layer):
                width = input_size if layer == 0 else out * directions
                setattr(self, f"weight_ih{end}", new_parameter(rows, width, **place))
                setattr(self, f"weight_hh{end}", new_parameter(rows, out, **place))
                if bias:
                    setattr(self, f"bias_ih{end}", new_parameter(rows, **place))
                    setattr(self, f"bias_hh{end}", new_parameter(rows, **place))
                if proj_size:
                    setattr(self, f"weight_hr{end}", new_parameter(proj_size, hidden_size, **place))
        self.reset_parameters()

    def _endings(self, layer: int) -> list[str]:
        """What a layer's parameter names end with, one for each direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"] if self.bidirectional else [f"_l{layer}"]

    def reset_parameters(self) -> None:
        """Draw new starting values: uniform on [-b, b) with b = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Does nothing: for PyTorch, whose GPU library wants all weights in one piece."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"]
        ends = [end for layer in range(self.num_layers) for end in self._endings(layer)]
        return [
            [getattr(self, kind + end) for kind in kinds if kind + end in self._parameters] for end in ends
        ]

    def _run(self, input: Any, hx: Any, states: int) -> tuple[Any, State]:
        """Output (L, N, D * H) or (N, L, D * H) or (L, D * H) or packed, and the last states (num_layers * D, N, H)
        or without N."""
        if isinstance(input, PackedSequence):
            return self._run_packed(input, hx, states)
        name = self.mode.partition("_")[0]
        if input.ndim not in (2, 3):
            raise ValueError(
                f"{name}: Expected input to be 2D or 3D, got {input.ndim}D instead{errors.here()}"
            )
        batched = input.ndim == 3
        if not batched:
            input = input.unsqueeze(1)
        elif self.batch_first:
            input = input.transpose(0, 1)
        sequence, final = self._layers(input, self._initial(input, hx, states, batched))
        if not batched:
            return sequence.squeeze(1), tuple(each.squeeze(1) for each in final)
        return (sequence.transpose(0, 1) if self.batch_first else sequence), final

    def _run_packed(self, packed: PackedSequence, hx: Any, states: int) -> tuple[PackedSequence, State]:
        """The same for sequences of different lengths: those of one length together."""
        _, sizes, order, back = packed
        padded, _ = pad_packed_sequence(packed._replace(sorted_indices=None, unsorted_indices=None))
        if hx is not None and order is not None:
            given = hx if states > 1 else (hx,)
            sorted_states = tuple(each.index_select(1, order) if each.ndim == 3 else each for each in given)
            hx = sorted_states if states > 1 else sorted_states[0]
        initial = self._initial(padded, hx, states, True)
        lengths = lengths_of(sizes.tolist())
        outputs, finals = [], []
        for length, members in itertools.groupby(range(len(lengths)), key=lambda number: lengths[number]):
            numbers = list(members)
            some = slice(numbers[0], numbers[-1] + 1)
            output, final = self._layers(padded[:length, some], tuple(each[:, some] for each in initial))
            outputs.append(F.pad(output, (0, 0, 0, 0, 0, lengths[0] - length)))
            finals.append(final)
        data = pack_padded_sequence(FUNCTIONS["cat"](outputs, 1), lengths).data
        last = tuple(FUNCTIONS["cat"](list(each), 1) for each in zip(*finals, strict=True))
        if back is not None:
            last = tuple(each.index_select(1, back) for each in last)
        return packed._replace(data=data), last

    def _layers(self, input: Tensor, initial: State) -> tuple[Tensor, State]:
        """All layers on (L, N, input size), from given states (num_layers * D, N, H)."""
        sequence = input
        last: list[State] = []
        for layer in range(self.num_layers):
            if layer and self.dropout and self.training:
                sequence = F.dropout(sequence, self.dropout)
            outputs = []
            for direction, end in enumerate(self._endings(layer)):
                number = layer * len(self._endings(layer)) + direction
                output, state = self._scan(
                    sequence, tuple(each[number] for each in initial), end, direction == 1
                )
                outputs.append(output)
                last.append(state)
            sequence = outputs[0] if len(outputs) == 1 else FUNCTIONS["cat"](outputs, -1)
        return sequence, tuple(
            each[0].unsqueeze(0) if len(each) == 1 else FUNCTIONS["stack"](list(each))
            for each in zip(*last, strict=True)
        )

    def _scan(self, sequence: Tensor, state: State, end: str, backwards: bool) -> tuple[Tensor, State]:
        """One direction of one layer."""
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr" if self.proj_size else None)
        weights = [None if kind is None else self._parameters.get(kind + end) for kind in kinds]
        if self.mode != "LSTM":
            weights.pop()
        layer, _, params, _ = MODES[self.mode]
        output, *last = layer(sequence, *state, *weights, reverse=backwards, **params)
        return output, tuple(last)

    def _initial(self, input: Tensor, hx: Any, states: int, batched: bool) -> State:
        """The states to start from, (num_layers * D, N, H) each: zeros, or `hx` after checking it."""
        weight = next(self.parameters())
        if input.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). Convert "
                f"input: input.to({weight.dtype}), or convert model: model.to({input.dtype}){errors.here()}"
            )
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{input.shape[-1]}{errors.here()}"
            )
        if input.shape[0] == 0:
            raise RuntimeError(f"Expected sequence length to be larger than 0 in RNN{errors.here()}")
        count = self.num_layers * (2 if self.bidirectional else 1)
        shapes = [
            (count, input.shape[1], size) for size in (self.proj_size or self.hidden_size, self.hidden_size)
        ][:states]
        if hx is None:
            return tuple(
                FUNCTIONS["zeros"](shape, dtype=input.dtype, device=input.device) for shape in shapes
            )
        given: State = hx if states > 1 else (hx,)
        rank = 3 if batched else 2
        if any(each.ndim != rank for each in given):
            word = "batched 3-D" if batched else "unbatched 2-D"
            if states > 1:
                ranks = ", ".join(f"{each.ndim}-D" for each in given)
                raise RuntimeError(
                    f"For {word} input, hx and cx should also be {rank}-D but got ({ranks}) "
                    f"tensors{errors.here()}"
                )
            raise RuntimeError(
                f"For {word} input, hx should also be {rank}-D but got {given[0].ndim}-D "
                f"tensor{errors.here()}"
            )
        if not batched:
            given = tuple(each.unsqueeze(1) for each in given)
        for number, (each, shape) in enumerate(zip(given, shapes, strict=True)):
            if each.shape != shape:
                label = "hidden size" if states == 1 else f"hidden[{number}] size"
                raise RuntimeError(f"Expected {label} {shape}, got {list(each.shape)}{errors.here()}")
        return given

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.proj_size != 0:
            parts.append(f"proj_size={self.proj_size}")
        if self.num_layers != 1:
            parts.append(f"num_layers={self.num_layers}")
        if self.bias is not True:
            parts.append(f"bias={self.bias}")
        if self.batch_first is not False:
            parts.append(f"batch_first={self.batch_first}")
        if self.dropout != 0:
            parts.append(f"dropout={self.dropout}")
        if self.bidirectional is not False:
            parts.append(f"bidirectional={self.bidirectional}")
        return ", ".join(parts)


def _check_arguments(
    input_size: Any,
    hidden_size: Any,
    num_layers: int,
    bias: Any,
    batch_first: Any,
    dropout: Any,
    proj_size: int,
) -> None:
    if not isinstance(dropout, Number) or isinstance(dropout, bool) or not 0 <= dropout <= 1:  # type: ignore[operator]
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being "
            "zeroed"
        )
    for name, value, kind in (
        ("bias", bias, bool), ("batch_first", batch_first, bool), ("input_size", input_size, int),
        ("hidden_size", hidden_size, int),
    ):  # fmt: skip
        if not isinstance(value, kind):
            raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNN(RNNBase):
    """Elman's recurrent layer: ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)`` for each step.

    Args:
        input_size, hidden_size: sizes of x and h.
        num_layers: layers on top of each other.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases.
        batch_first: sequences are (N, L, size) instead of (L, N, size).
        dropout: part of the outputs of all layers but the last that becomes 0 in training.
        bidirectional: a second direction, from the end to the beginning, beside the first.

    Forward takes the input (or a `nn.utils.rnn.PackedSequence`, and then gives one) and, if wanted, h_0
    (num_layers * directions, N, hidden_size); it gives the last
    layer's outputs of all steps and the last h of all layers. Parameters start uniform on [-b, b) with b = 1
    / sqrt(hidden_size).

    >>> output, h = ag.nn.RNN(10, 20, 2)(ag.randn(5, 3, 10))
    >>> output.shape, h.shape
    (ag.Size([5, 3, 20]), ag.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first, dropout,
            bidirectional, 0, device, dtype,
        )  # fmt: skip
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor | PackedSequence, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, (h,) = self._run(input, hx, 1)
        return output, h


class LSTM(RNNBase):
    """Long short-term memory (S. Hochreiter, J. Schmidhuber, 1997):
    ``c' = sigmoid(f) c + sigmoid(i) tanh(g)``, ``h' = sigmoid(o) tanh(c')``.
    Arguments as for `RNN`, and `proj_size`: if not 0, h is projected to it.

    Forward takes the input and, if wanted, (h_0, c_0); it gives the outputs and (h_n, c_n).

    >>> output, (h, c) = ag.nn.LSTM(10, 20, 2)(ag.randn(5, 3, 10))
    >>> output.shape, h.shape, c.shape
    (ag.Size([5, 3, 20]), ag.Size([2, 3, 20]), ag.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size,
            device, dtype
        )  # fmt: skip

    def forward(
        self, input: Tensor | PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        output, (h, c) = self._run(input, hx, 2)
        return output, (h, c)


class GRU(RNNBase):
    """Gated recurrent units (see `gru_step`). Arguments and results as for `RNN`.

    >>> output, h = ag.nn.GRU(10, 20, bidirectional=True)(ag.randn(5, 3, 10))
    >>> output.shape, h.shape
    (ag.Size([5, 3, 40]), ag.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device,
            dtype
        )  # fmt: skip

    def forward(self, input: Tensor | PackedSequence, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, (h,) = self._run(input, hx, 1)
        return output, h


# -- cells ---------------------------------------------------------------------------------------------------


class RNNCellBase(Module):
    """What the cells have in common."""

    bias_ih: Parameter | None
    bias_hh: Parameter | None
    nonlinearity = "tanh"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        self.weight_ih = new_parameter(rows, input_size, **place)
        self.weight_hh = new_parameter(rows, hidden_size, **place)
        self.register_parameter("bias_ih", new_parameter(rows, **place) if bias else None)
        self.register_parameter("bias_hh", new_parameter(rows, **place) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new starting values: uniform on [-b, b) with b = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _step(self, mode: str, input: Tensor, hx: State | None, states: int) -> State:
        name = type(self).__name__
        if input.ndim not in (1, 2):
            raise ValueError(
                f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead{errors.here()}"
            )
        for number, each in enumerate(hx or ()):
            if each.ndim not in (1, 2):
                what = "hidden" if states == 1 else f"hx[{number}]"
                raise ValueError(
                    f"{name}: Expected {what} to be 1D or 2D, got {each.ndim}D instead{errors.here()}"
                )
        batched = input.ndim == 2
        if not batched:
            input = input.unsqueeze(0)
            hx = None if hx is None else tuple(each.unsqueeze(0) for each in hx)
        if hx is None:
            shape = (input.shape[0], self.hidden_size)
            hx = (FUNCTIONS["zeros"](shape, dtype=input.dtype, device=input.device),) * states
        _, cell, params, _ = MODES[mode]
        result = cell(input, *hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, **params)
        state: State = result if isinstance(result, tuple) else (result,)
        return state if batched else tuple(each.squeeze(0) for each in state)

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.bias is not True:
            parts.append(f"bias={self.bias}")
        if self.nonlinearity != "tanh":
            parts.append(f"nonlinearity={self.nonlinearity}")
        return ", ".join(parts)


class RNNCell(RNNCellBase):
    """One step of `RNN`: (N, input_size) and (N, hidden_size) to (N, hidden_size).

    >>> ag.nn.RNNCell(10, 20)(ag.randn(3, 10)).shape
    ag.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(f"RNN_{self.nonlinearity.upper()}", input, None if hx is None else (hx,), 1)[0]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`: input and (h, c) to (h, c).

    >>> h, c = ag.nn.LSTMCell(10, 20)(ag.randn(3, 10))
    >>> h.shape
    ag.Size([3, 20])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        h, c = self._step("LSTM", input, hx, 2)
        return h, c


class GRUCell(RNNCellBase):
    """One step of `GRU`.

    >>> ag.nn.GRUCell(10, 20)(ag.randn(3, 10)).shape
    ag.Size([3, 20])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step("GRU", input, None if hx is None else (hx,), 1)[0]
