"""Recurrent layers over whole sequences: LSTM, GRU and the plain RNN, forward and backward through time.

The products with the input are one product for all steps; each step then costs one product with the recurrent weights and
a few elementwise calls into buffers that are allocated once. Backward, the factors that do not depend on later steps are
computed for all steps together, and so are the gradients of the weights, in one product each.

The images of a batch walk through the steps independently of each other, so a device may share them out.

Sequences are (steps, images, width). A layer keeps `gates` (the activations, overwriting the projected input) and the
states before and after each step in one array of steps + 1 places: step t reads place ``t + before`` and writes place
``t + after``. Halves are computed in float32 and rounded at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_gpu.device.portable.base import Array, DType, float32, is_half
from autograd_gpu.device.portable.linalg import LinearAlgebra
from autograd_gpu.device.portable.reductions import Reductions

Gradients = tuple[Array | None, ...]


class Recurrent(Reductions, LinearAlgebra):
    """lstm_layer, gru_layer, rnn_layer, their cells (layers of one step), and the gradients of all."""

    # -- LSTM ------------------------------------------------------------------------------------------

    def lstm_layer_forward(
        self,
        input: Array,
        h: Array,
        c: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None = None,
        bias_hh: Array | None = None,
        weight_hr: Array | None = None,
        *,
        reverse: bool,
    ) -> tuple[Array, ...]:
        """One direction of one layer.

        Args:
            input: (steps, images, input size); h: (images, size of the output); c: (images, hidden size).
            weight_ih, weight_hh: the gates input, forget, cell, output, one below the other.
            weight_hr: None, or the projection of h, (size of the output, hidden size).
            reverse: from the last step to the first.

        Returns:
            The outputs of all steps, the last h and c; then what the gradient needs: gates, cells, states.
        """
        dtype = input.dtype
        input, h, c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = self._all_wide(
            input, h, c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr
        )
        xp = self.xp
        length, images, _ = input.shape
        width = weight_hh.shape[0] // 4
        # The sums with their signs turned: a sigmoid is 1 / (1 + exp(-sum)), and tanh is odd.
        gates = self._projected(input, -weight_ih, bias_ih, bias_hh, xp.subtract)
        states, before, after, steps = self._walk(length, h, reverse)
        cells, *_ = self._walk(length, c, reverse)
        recurrent = -self.mT(weight_hh)
        one = self._constant(1, input.dtype)

        def walk(some: slice) -> None:
            product = xp.empty((some.stop - some.start, 4 * width), input.dtype)
            minus_new, work = xp.empty((2, some.stop - some.start, width), input.dtype)
            for t in steps:
                step = gates[t, some]
                i, f, new, o = _parts(step, 4)
                xp.matmul(states[t + before, some], recurrent, out=product)
                xp.add(product, step, out=product)
                xp.tanh(product[:, 2 * width : 3 * width], out=minus_new)
                # Sigmoids of all four, since that is one array without gaps.
                xp.exp(product, out=product)
                xp.add(product, one, out=product)
                xp.reciprocal(product, out=step)
                xp.negative(minus_new, out=new)
                cell = cells[t + after, some]
                xp.multiply(f, cells[t + before, some], out=cell)
                xp.multiply(i, new, out=work)
                xp.add(cell, work, out=cell)
                xp.tanh(cell, out=work)
                if weight_hr is None:
                    xp.multiply(work, o, out=states[t + after, some])
                else:
                    work *= o
                    xp.matmul(work, self.mT(weight_hr), out=states[t + after, some])

        self._each_share(walk, images, length, weight_hh.size)
        outputs = self._outputs(states, after, length, reverse, dtype)
        return *outputs, self._last(cells, reverse, dtype), gates, cells, states

    def lstm_layer_backward(
        self,
        g: Sequence[Array],
        input: Array,
        h: Array,
        c: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None,
        bias_hh: Array | None,
        weight_hr: Array | None,
        gates: Array,
        cells: Array,
        states: Array,
        *,
        reverse: bool,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """The gradients of the inputs (None where not needed), from those of outputs, last h and last c."""
        dtype = input.dtype
        g_out, carry, g_cell = self._all_wide(*g)
        input, weight_ih, weight_hh, weight_hr = self._all_wide(input, weight_ih, weight_hh, weight_hr)
        xp = self.xp
        length = input.shape[0]
        before, after, steps = _order(length, reverse)
        one = self._constant(1, gates.dtype)
        factors = xp.empty_like(gates)
        carry, g_cell = carry.copy(), g_cell.copy()
        images, width = g_cell.shape
        projecting = weight_hr is not None and needs[7]
        arrived = xp.empty(g_out.shape, g_out.dtype) if projecting else None
        hidden = xp.empty((length, images, width), g_out.dtype) if projecting else None

        def walk(some: slice) -> None:
            # What the gradients of the gates' sums are, but for the factors dc (input, forget, cell) and dh (output).
            i, f, new, o = _parts(gates[:, some], 4)
            for_i, for_f, for_new, for_o = _parts(factors[:, some], 4)
            slope = xp.tanh(cells[after : after + length, some])
            xp.subtract(one, gates[:, some], out=factors[:, some])
            factors[:, some] *= gates[:, some]
            for_i *= new
            for_f *= cells[before : before + length, some]
            xp.multiply(new, new, out=for_new)
            xp.subtract(one, for_new, out=for_new)
            for_new *= i
            for_o *= slope
            if hidden is not None:
                xp.multiply(o, slope, out=hidden[:, some])
            slope *= slope
            xp.subtract(one, slope, out=slope)
            slope *= o  # dh/dc
            toward, d_cell = carry[some], g_cell[some]
            g_hidden = toward if weight_hr is None else xp.empty_like(d_cell)
            work = xp.empty_like(d_cell)
            for t in reversed(steps):
                toward += g_out[t, some]
                if arrived is not None:
                    arrived[t, some] = toward
                if weight_hr is not None:
                    xp.matmul(toward, weight_hr, out=g_hidden)
                xp.multiply(g_hidden, slope[t], out=work)
                d_cell += work
                step = factors[t, some]
                three = step[:, : 3 * width].reshape(step.shape[0], 3, width)
                xp.multiply(three, d_cell[:, None], out=three)
                step[:, 3 * width :] *= g_hidden
                d_cell *= f[t]
                xp.matmul(step, weight_hh, out=toward)

        self._each_share(walk, images, length, weight_hh.size)
        g_input, g_ih, g_hh, g_bias = self._weight_gradients(
            factors, input, states[before : before + length], weight_ih, (*needs[:1], *needs[3:7])
        )
        g_hr = None
        if arrived is not None and hidden is not None:
            g_hr = self.mT(_rows(arrived)) @ _rows(hidden)
        return self._all_narrow(
            dtype, g_input, carry if needs[1] else None, g_cell if needs[2] else None, g_ih, g_hh,
            g_bias if needs[5] else None, g_bias if needs[6] else None, g_hr,
        )  # fmt: skip

    # -- GRU -------------------------------------------------------------------------------------------

    def gru_layer_forward(
        self,
        input: Array,
        h: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None = None,
        bias_hh: Array | None = None,
        *,
        reverse: bool,
    ) -> tuple[Array, ...]:
        """One direction of one layer: outputs, last h; then gates (reset, update, new, and the recurrent part of new
        before it is reset) and states. Arguments as for `lstm_layer_forward`; the gates are reset, update, new."""
        dtype = input.dtype
        input, h, weight_ih, weight_hh, bias_ih, bias_hh = self._all_wide(
            input, h, weight_ih, weight_hh, bias_ih, bias_hh
        )
        xp = self.xp
        length, images, _ = input.shape
        width = weight_hh.shape[0] // 3
        gates = xp.empty((length, images, 4 * width), input.dtype)
        gates[..., : 3 * width] = self._projected(input, weight_ih, bias_ih, None, xp.add)
        states, before, after, steps = self._walk(length, h, reverse)
        recurrent = self.mT(weight_hh)

        def walk(some: slice) -> None:
            product = xp.empty((some.stop - some.start, 3 * width), input.dtype)
            work = xp.empty((some.stop - some.start, width), input.dtype)
            for t in steps:
                step, past = gates[t, some], states[t + before, some]
                reset, update, new, part = _parts(step, 4)
                xp.matmul(past, recurrent, out=product)
                if bias_hh is not None:
                    product += bias_hh
                both = step[:, : 2 * width]
                both += product[:, : 2 * width]
                self._sigmoid_into(both)
                part[...] = product[:, 2 * width :]
                xp.multiply(reset, part, out=work)
                new += work
                xp.tanh(new, out=new)
                xp.subtract(past, new, out=work)
                work *= update
                xp.add(work, new, out=states[t + after, some])

        self._each_share(walk, images, length, weight_hh.size)
        return *self._outputs(states, after, length, reverse, dtype), gates, states

    def gru_layer_backward(
        self,
        g: Sequence[Array],
        input: Array,
        h: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None,
        bias_hh: Array | None,
        gates: Array,
        states: Array,
        *,
        reverse: bool,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """The gradients of the inputs (None where not needed), from those of outputs and last h."""
        dtype = input.dtype
        g_out, carry = self._all_wide(*g)
        input, weight_ih, weight_hh = self._all_wide(input, weight_ih, weight_hh)
        xp = self.xp
        length = input.shape[0]
        width = weight_hh.shape[0] // 3
        before, _, steps = _order(length, reverse)
        one = self._constant(1, gates.dtype)
        factors = xp.empty_like(gates)
        carry = carry.copy()

        def walk(some: slice) -> None:
            # For the sums of reset, update, the recurrent part of new, and new.
            reset, update, new, part = _parts(gates[:, some], 4)
            for_reset, for_update, for_part, for_new = _parts(factors[:, some], 4)
            _slope(xp, one, reset, part, for_reset)
            xp.subtract(states[before : before + length, some], new, out=for_part)
            _slope(xp, one, update, for_part, for_update)
            xp.multiply(new, new, out=for_new)
            xp.subtract(one, for_new, out=for_new)
            for_new *= xp.subtract(one, update, out=for_part)
            for_part[...] = reset
            toward = carry[some]
            total = xp.empty_like(toward)
            for t in reversed(steps):
                xp.add(toward, g_out[t, some], out=total)
                step = factors[t, some]
                d_reset, d_update, d_part, d_new = _parts(step, 4)
                d_update *= total
                d_new *= total
                d_reset *= d_new
                d_part *= d_new
                xp.matmul(step[:, : 3 * width], weight_hh, out=toward)
                total *= update[t]
                toward += total

        self._each_share(walk, carry.shape[0], length, weight_hh.size)
        rows = _rows(factors)
        recurrent, two, last = rows[:, : 3 * width], rows[:, : 2 * width], rows[:, 3 * width :]
        inputs, past = _rows(input), _rows(states[before : before + length])
        g_input = g_ih = g_hh = g_bias_ih = g_bias_hh = None
        wanted = []
        if needs[0]:
            g_input, rest = xp.empty((2, *input.shape), rows.dtype)
            wanted += [
                (two, weight_ih[: 2 * width], _rows(g_input)), (last, weight_ih[2 * width :], _rows(rest))
            ]  # fmt: skip
        if needs[2]:
            g_ih = xp.empty(weight_ih.shape, rows.dtype)
            wanted += [
                (self.mT(two), inputs, g_ih[: 2 * width]), (self.mT(last), inputs, g_ih[2 * width :])
            ]  # fmt: skip
        if needs[3]:
            g_hh = xp.empty(weight_hh.shape, rows.dtype)
            wanted.append((self.mT(recurrent), past, g_hh))
        self._products(*wanted)
        if needs[0]:
            g_input += rest
        if needs[4] or needs[5]:
            sums = self._sum(rows, axis=0)
            g_bias_hh = sums[: 3 * width]
            g_bias_ih = xp.concatenate((sums[: 2 * width], sums[3 * width :]))
        return self._all_narrow(
            dtype, g_input, carry if needs[1] else None, g_ih, g_hh, g_bias_ih if needs[4] else None,
            g_bias_hh if needs[5] else None,
        )  # fmt: skip

    # -- plain RNN -------------------------------------------------------------------------------------

    def rnn_layer_forward(
        self,
        input: Array,
        h: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None = None,
        bias_hh: Array | None = None,
        *,
        nonlinearity: str,
        reverse: bool,
    ) -> tuple[Array, ...]:
        """One direction of one layer: outputs, last h; then states. `nonlinearity` is "tanh" or "relu"."""
        dtype = input.dtype
        input, h, weight_ih, weight_hh, bias_ih, bias_hh = self._all_wide(
            input, h, weight_ih, weight_hh, bias_ih, bias_hh
        )
        xp = self.xp
        length = input.shape[0]
        projected = self._projected(input, weight_ih, bias_ih, bias_hh, xp.add)
        states, before, after, steps = self._walk(length, h, reverse)
        recurrent = self.mT(weight_hh)
        zero = self._constant(0, input.dtype)

        def walk(some: slice) -> None:
            for t in steps:
                state = states[t + after, some]
                xp.matmul(states[t + before, some], recurrent, out=state)
                state += projected[t, some]
                if nonlinearity == "tanh":
                    xp.tanh(state, out=state)
                else:
                    xp.maximum(state, zero, out=state)

        self._each_share(walk, input.shape[1], length, weight_hh.size)
        return *self._outputs(states, after, length, reverse, dtype), states

    def rnn_layer_backward(
        self,
        g: Sequence[Array],
        input: Array,
        h: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None,
        bias_hh: Array | None,
        states: Array,
        *,
        nonlinearity: str,
        reverse: bool,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """The gradients of the inputs (None where not needed), from those of outputs and last h."""
        dtype = input.dtype
        g_out, carry = self._all_wide(*g)
        input, weight_ih, weight_hh = self._all_wide(input, weight_ih, weight_hh)
        xp = self.xp
        length = input.shape[0]
        before, after, steps = _order(length, reverse)
        results = states[after : after + length]
        if nonlinearity == "tanh":
            factors = results * results
            xp.subtract(self._constant(1, factors.dtype), factors, out=factors)
        else:
            factors = (results > 0).astype(results.dtype)
        carry = carry.copy()

        def walk(some: slice) -> None:
            toward = carry[some]
            for t in reversed(steps):
                toward += g_out[t, some]
                step = factors[t, some]
                step *= toward
                xp.matmul(step, weight_hh, out=toward)

        self._each_share(walk, carry.shape[0], length, weight_hh.size)
        g_input, g_ih, g_hh, g_bias = self._weight_gradients(
            factors, input, states[before : before + length], weight_ih, (*needs[:1], *needs[2:6])
        )
        return self._all_narrow(
            dtype, g_input, carry if needs[1] else None, g_ih, g_hh, g_bias if needs[4] else None,
            g_bias if needs[5] else None,
        )  # fmt: skip

    # -- cells: layers of one step ---------------------------------------------------------------------

    def lstm_cell_forward(
        self,
        input: Array,
        h: Array,
        c: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None = None,
        bias_hh: Array | None = None,
    ) -> tuple[Array, ...]:
        """The new h and c of `lstm_layer_forward` for one step (images, input size), gates, cells and states."""
        _, *rest = self.lstm_layer_forward(
            input[None], h, c, weight_ih, weight_hh, bias_ih, bias_hh, reverse=False
        )
        return tuple(rest)

    def lstm_cell_backward(
        self,
        g: Sequence[Array],
        input: Array,
        h: Array,
        c: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None,
        bias_hh: Array | None,
        gates: Array,
        cells: Array,
        states: Array,
        *,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """See `lstm_layer_backward`."""
        g_h, g_c = g
        g_input, *rest = self.lstm_layer_backward(
            (g_h[None], self.xp.zeros_like(g_h), g_c), input[None], h, c, weight_ih, weight_hh, bias_ih, bias_hh, None,
            gates, cells, states, reverse=False, needs=(*needs, False),
        )  # fmt: skip
        return None if g_input is None else g_input[0], *rest[:-1]

    def gru_cell_forward(
        self,
        input: Array,
        h: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None = None,
        bias_hh: Array | None = None,
    ) -> tuple[Array, ...]:
        """The new h of `gru_layer_forward` for one step (images, input size), gates and states."""
        _, *rest = self.gru_layer_forward(
            input[None], h, weight_ih, weight_hh, bias_ih, bias_hh, reverse=False
        )
        return tuple(rest)

    def gru_cell_backward(
        self,
        g: Array,
        input: Array,
        h: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None,
        bias_hh: Array | None,
        gates: Array,
        states: Array,
        *,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """See `gru_layer_backward`."""
        g_input, *rest = self.gru_layer_backward(
            (g[None], self.xp.zeros_like(g)), input[None], h, weight_ih, weight_hh, bias_ih, bias_hh, gates, states,
            reverse=False, needs=needs,
        )  # fmt: skip
        return None if g_input is None else g_input[0], *rest

    def rnn_cell_forward(
        self,
        input: Array,
        h: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None = None,
        bias_hh: Array | None = None,
        *,
        nonlinearity: str,
    ) -> tuple[Array, ...]:
        """The new h of `rnn_layer_forward` for one step (images, input size), and states."""
        _, *rest = self.rnn_layer_forward(
            input[None], h, weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity=nonlinearity, reverse=False
        )
        return tuple(rest)

    def rnn_cell_backward(
        self,
        g: Array,
        input: Array,
        h: Array,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None,
        bias_hh: Array | None,
        states: Array,
        *,
        nonlinearity: str,
        needs: tuple[bool, ...],
    ) -> Gradients:
        """See `rnn_layer_backward`."""
        g_input, *rest = self.rnn_layer_backward(
            (g[None], self.xp.zeros_like(g)), input[None], h, weight_ih, weight_hh, bias_ih, bias_hh, states,
            nonlinearity=nonlinearity, reverse=False, needs=needs,
        )  # fmt: skip
        return None if g_input is None else g_input[0], *rest

    # -- what they share -------------------------------------------------------------------------------

    def _each_share(self, walk: Callable[[slice], None], images: int, length: int, products: int) -> None:
        """Walk through the steps with all images; a device may do so with some of them at a time, since the steps of one
        image do not depend on other images. `products` are the multiplications of one image's step."""
        walk(slice(0, images))

    def _all_wide(self, *arrays: Array | None) -> list[Array]:
        """Halves as float32."""
        return [x.astype(float32) if x is not None and is_half(x.dtype) else x for x in arrays]

    def _all_narrow(self, dtype: DType, *gradients: Array | None) -> Gradients:
        """Gradients as `dtype`."""
        return tuple(x if x is None or x.dtype == dtype else x.astype(dtype) for x in gradients)

    def _projected(
        self,
        input: Array,
        weight_ih: Array,
        bias_ih: Array | None,
        bias_hh: Array | None,
        with_bias: Callable[..., Array],
    ) -> Array:
        """The input's part of the sums of all steps, biases added or subtracted."""
        result = self.xp.empty((input.shape[0] * input.shape[1], weight_ih.shape[0]), input.dtype)
        self._products((_rows(input), self.mT(weight_ih), result))
        if bias_ih is not None:
            with_bias(result, bias_ih if bias_hh is None else bias_ih + bias_hh, out=result)
        return result.reshape(*input.shape[:2], weight_ih.shape[0])

    def _walk(self, length: int, start: Array, reverse: bool) -> tuple[Array, int, int, range]:
        """Room for the states, the first one filled in, and the order of the steps (see `_order`)."""
        states = self.xp.empty((length + 1, *start.shape), start.dtype)
        states[length if reverse else 0] = start
        return states, *_order(length, reverse)

    def _outputs(
        self, states: Array, after: int, length: int, reverse: bool, dtype: DType
    ) -> tuple[Array, Array]:
        """Copies of the states of all steps and of the last, which users may write into."""
        return states[after : after + length].astype(dtype), self._last(states, reverse, dtype)

    def _last(self, states: Array, reverse: bool, dtype: DType) -> Array:
        return states[0 if reverse else -1].astype(dtype)

    def _sigmoid_into(self, x: Array) -> None:
        """``x = 1 / (1 + exp(-x))``; where the exponential overflows the result is the correct 0."""
        self.xp.negative(x, out=x)
        self.xp.exp(x, out=x)
        self.xp.add(x, self._constant(1, x.dtype), out=x)
        self.xp.reciprocal(x, out=x)

    def _weight_gradients(
        self,
        toward: Array,
        input: Array,
        past: Array,
        weight_ih: Array,
        needs: tuple[bool, ...],
    ) -> tuple[Array | None, ...]:
        """The gradients of input, both weights and the biases from those of the sums of all steps."""
        rows, empty = _rows(toward), self.xp.empty
        g_input = empty(input.shape, rows.dtype) if needs[0] else None
        g_ih = empty(weight_ih.shape, rows.dtype) if needs[1] else None
        g_hh = empty((rows.shape[1], past.shape[2]), rows.dtype) if needs[2] else None
        wanted = []
        if g_input is not None:
            wanted.append((rows, weight_ih, _rows(g_input)))
        if g_ih is not None:
            wanted.append((self.mT(rows), _rows(input), g_ih))
        if g_hh is not None:
            wanted.append((self.mT(rows), _rows(past), g_hh))
        self._products(*wanted)
        return g_input, g_ih, g_hh, self._sum(rows, axis=0) if needs[3] or needs[4] else None

    def _products(self, *wanted: tuple[Array, Array, Array]) -> None:
        """Matrix products, each (a, b, where to); a device may compute them in pieces."""
        for a, b, out in wanted:
            self.xp.matmul(a, b, out=out)


def _order(length: int, reverse: bool) -> tuple[int, int, range]:
    """`before`, `after` (see the module's docstring) and the order of the steps."""
    return (1, 0, range(length - 1, -1, -1)) if reverse else (0, 1, range(length))


def _rows(x: Array) -> Array:
    """(steps, images, width) as (steps * images, width)."""
    return x.reshape(x.shape[0] * x.shape[1], x.shape[2])


def _parts(x: Array, count: int) -> list[Array]:
    """Views of equal parts of the last axis."""
    width = x.shape[-1] // count
    return [x[..., k * width : (k + 1) * width] for k in range(count)]


def _slope(xp: Any, one: Array, sigmoid: Array, factor: Array, out: Array) -> None:
    """``out = sigmoid * (1 - sigmoid) * factor``."""
    xp.subtract(one, sigmoid, out=out)
    out *= sigmoid
    out *= factor
