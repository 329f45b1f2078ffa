"""Sequences of different lengths, padded and packed, and the recurrent layers on them, judged by PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag

torch = pytest.importorskip("torch", reason="PyTorch is the judge")

LENGTHS = {"sorted": [5, 3, 3, 1], "unsorted": [2, 5, 1, 5], "equal": [4, 4, 4, 4]}
LIBRARIES = (torch, ag)


def _same(theirs: Any, ours: Any) -> None:
    assert tuple(theirs.shape) == tuple(ours.shape)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-5, atol=1e-6)


def _same_packed(theirs: Any, ours: Any) -> None:
    for a, b in zip(theirs, ours, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            _same(a, b)


def _weights(layer: Any) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        name: rng.uniform(-0.5, 0.5, tuple(p.shape)).astype(np.float32)
        for name, p in layer.named_parameters()
    }


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True, "batch_first": True}])
@pytest.mark.parametrize("given", [False, True])
def test_recurrent_layers_on_packed_sequences(
    kind: str, lengths: str, options: dict[str, Any], given: bool
) -> None:
    rng = np.random.default_rng(1)
    data = rng.standard_normal((4, 5, 3)).astype(np.float32)
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    start = rng.standard_normal((2, count, 4, 6)).astype(np.float32)
    found = []
    for lib in LIBRARIES:
        layer = getattr(lib.nn, kind)(3, 6, **options)
        layer.load_state_dict({name: lib.tensor(value) for name, value in _weights(layer).items()})
        x = lib.tensor(data).requires_grad_()
        packed = lib.nn.utils.rnn.pack_padded_sequence(
            x, LENGTHS[lengths], batch_first=True, enforce_sorted=lengths != "unsorted"
        )
        h, c = lib.tensor(start[0]), lib.tensor(start[1])
        hx = None if not given else (h, c) if kind == "LSTM" else h
        output, last = layer(packed, hx)
        padded, sizes = lib.nn.utils.rnn.pad_packed_sequence(output, batch_first=True, padding_value=0.5)
        states = last if kind == "LSTM" else (last,)
        ((padded**2).sum() + sum((each**3).sum() for each in states)).backward()
        found.append((output, padded, sizes, states, x.grad, [p.grad for p in layer.parameters()]))
    theirs, ours = found
    _same_packed(theirs[0], ours[0])
    for a, b in zip(theirs[1:3], ours[1:3], strict=True):
        _same(a, b)
    for a, b in zip((*theirs[3], theirs[4], *theirs[5]), (*ours[3], ours[4], *ours[5]), strict=True):
        _same(a, b)


def test_padding_and_packing() -> None:
    arrays = [np.arange(2 * n, dtype=np.float32).reshape(n, 2) for n in (2, 4, 1)]
    results = []
    for lib in LIBRARIES:
        rnn, members = lib.nn.utils.rnn, [lib.tensor(each) for each in arrays]
        packed = rnn.pack_sequence(members, enforce_sorted=False)
        padded, lengths = rnn.pad_packed_sequence(packed, total_length=6, padding_value=-1.0)
        results.append(
            [
                *packed, padded, lengths, rnn.pad_sequence(members, padding_value=2.0),
                rnn.pad_sequence(members, batch_first=True, padding_side="left"), *rnn.unpack_sequence(packed),
                *rnn.unpad_sequence(rnn.pad_sequence(members), lib.tensor([2, 4, 1])),
                rnn.invert_permutation(lib.tensor([2, 0, 1])), packed.double().data,
            ]
        )  # fmt: skip
    for a, b in zip(*results, strict=True):
        _same(a, b)


ERRORS = {
    "not sorted": lambda lib, rnn: rnn.pack_padded_sequence(lib.ones(3, 2), [1, 3]),
    "too few lengths": lambda lib, rnn: rnn.pack_padded_sequence(lib.ones(3, 2), [3]),
    "empty sequence": lambda lib, rnn: rnn.pack_padded_sequence(lib.ones(3, 2), [3, 0]),
    "total length": lambda lib, rnn: rnn.pad_packed_sequence(
        rnn.pack_padded_sequence(lib.ones(3, 2), [3, 1]), total_length=2
    ),
    "padding side": lambda lib, rnn: rnn.pad_sequence([lib.ones(2)], padding_side="top"),
}


@pytest.mark.parametrize("mistake", ERRORS)
def test_mistakes_raise_what_pytorch_raises(mistake: str) -> None:
    raised = []
    for lib in LIBRARIES:
        with pytest.raises(Exception) as caught:
            ERRORS[mistake](lib, lib.nn.utils.rnn)
        raised.append(caught.value)
    theirs, ours = raised
    assert type(ours) is type(theirs)
    assert str(ours).split("\n")[0][:60] == str(theirs).split("\n")[0][:60]
