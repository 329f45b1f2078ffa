"""Files: what each library writes, the other reads."""

from __future__ import annotations

import collections
import io
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the judge here")

import autograd_gpu as ag  # noqa: E402

DTYPES = [
    "float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool", "complex64",
    "complex128",
]  # fmt: skip


def through(writer: Any, value: Any, reader: Any, **options: Any) -> Any:
    file = io.BytesIO()
    writer.save(value, file)
    file.seek(0)
    return reader.load(file, **options)


PAIRS = pytest.mark.parametrize(
    ("writer", "reader"), [(ag, torch), (torch, ag), (ag, ag)], ids=["to torch", "from torch", "own"]
)


@PAIRS
@pytest.mark.parametrize("name", DTYPES)
def test_dtypes(writer: Any, reader: Any, name: str) -> None:
    tensor = writer.tensor([[0, 1, 2], [3, 0, 1]], dtype=getattr(writer, name))
    result, dtype = through(writer, (tensor, tensor.dtype), reader)
    assert result.dtype is dtype is getattr(reader, name)
    assert result.tolist() == tensor.tolist()
    assert not result.requires_grad


@PAIRS
def test_shapes_and_strides(writer: Any, reader: Any) -> None:
    base = writer.arange(24.0).reshape(2, 3, 4)
    views = [
        base,
        base[1],
        base[:, ::2, 1:3],
        base.permute(2, 0, 1),
        base[0, 0, 0],
        base[:0],
        writer.ones(1).expand(5),
    ]
    for view, result in zip(views, through(writer, views, reader), strict=True):
        assert tuple(result.shape) == tuple(view.shape)
        assert result.stride() == view.stride()
        assert result.tolist() == view.tolist()


@PAIRS
def test_memory_stays_shared(writer: Any, reader: Any) -> None:
    base = writer.zeros(4)
    row, same, whole = through(writer, [base[1:3], base[1:3], base], reader)
    whole[1] = 7.0
    assert row.tolist() == same.tolist() == [7.0, 0.0]


@PAIRS
def test_tied_weights_stay_tied(writer: Any, reader: Any) -> None:
    weight = writer.nn.Parameter(writer.ones(2))
    first, second = through(writer, {"a": weight, "b": weight}, reader).values()
    assert first is second
    assert type(first) is reader.nn.Parameter
    assert first.requires_grad


@PAIRS
def test_what_tensors_carry(writer: Any, reader: Any) -> None:
    frozen = writer.nn.Parameter(writer.ones(2), requires_grad=False)
    named = writer.nn.Parameter(writer.ones(2))
    named.tag = "first"
    plain = writer.zeros(1)
    plain.note = [1, "two"]
    leaf = writer.ones(2, requires_grad=True)
    results = through(writer, [frozen, named, plain, leaf], reader)
    assert [type(each) is reader.nn.Parameter for each in results] == [True, True, False, False]
    assert [each.requires_grad for each in results] == [False, True, False, True]
    assert results[1].tag == "first"
    assert results[2].note == [1, "two"]
    assert all(each.is_leaf for each in results)


@PAIRS
def test_other_objects(writer: Any, reader: Any) -> None:
    value = {
        "numbers": [1, -(2**70), 2.5, 1 + 2j, True, None],
        "text": ["é", b"bytes"],
        "groups": ({1, 2}, (3,), collections.OrderedDict(a=1), collections.Counter("aab")),
        "names like the file's own": "cautograd_gpu.serialization\nrebuild_tensor\n",
        5: "an integer as a key",
    }
    assert through(writer, value, reader) == value
    device, size = through(writer, [writer.device("cpu"), writer.Size([1, 2])], reader)
    assert device == reader.device("cpu")
    assert type(size) is reader.Size
    assert tuple(size) == (1, 2)


def trained(L: Any) -> tuple[Any, Any]:
    net = L.nn.Sequential(L.nn.Linear(3, 4), L.nn.BatchNorm1d(4), L.nn.Linear(4, 2))
    with L.no_grad():
        for number, parameter in enumerate(net.parameters()):
            parameter.copy_(L.arange(parameter.numel()).reshape(parameter.shape) * 0.1 - 0.2 * number)
    optimizer = L.optim.AdamW(net.parameters(), lr=0.1)
    step(L, net, optimizer)
    return net, optimizer


def step(L: Any, net: Any, optimizer: Any) -> float:
    optimizer.zero_grad()
    loss = (net(L.arange(12.0).reshape(4, 3) / 6) ** 2).sum()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


@PAIRS
def test_training_goes_on_from_a_checkpoint(writer: Any, reader: Any) -> None:
    net, optimizer = trained(writer)
    saved = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}
    twin, its_optimizer = trained(reader)
    step(reader, twin, its_optimizer)
    read = through(writer, saved, reader)
    twin.load_state_dict(read["net"])
    its_optimizer.load_state_dict(read["optimizer"])
    assert dict(read["net"]._metadata) == dict(net.state_dict()._metadata)
    losses = [step(writer, net, optimizer) for _ in range(3)]
    np.testing.assert_allclose([step(reader, twin, its_optimizer) for _ in range(3)], losses, rtol=1e-5)


def test_map_location_is_told_pytorchs_names() -> None:
    told: list[Any] = []

    def place(storage: Any, location: str) -> Any:
        told.append(location)
        return storage

    assert through(torch, torch.ones(2), ag, map_location=place).tolist() == [1.0, 1.0]
    assert told == ["cpu"]


def test_old_files_are_refused_with_a_remedy() -> None:
    file = io.BytesIO()
    torch.save(torch.ones(2), file, _use_new_zipfile_serialization=False)
    with pytest.raises(Exception, match="is not a zip archive"):
        ag.load(file)
