"""`ag.save` and `ag.load`: files, what is refused, where tensors go. What PyTorch reads and writes is in tests/judge."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

import autograd_gpu as ag


class Settings:
    """A class of a user's own."""

    def __init__(self, width: int) -> None:
        self.width = width


def saved(value: Any) -> io.BytesIO:
    file = io.BytesIO()
    ag.save(value, file)
    return file


def test_paths_and_open_files(tmp_path: Path, device: str) -> None:
    path = tmp_path / "model.pt"
    tensor = ag.arange(3.0, device=device)
    ag.save(tensor, path)
    for file in (path, str(path)):
        assert ag.load(file).tolist() == [0.0, 1.0, 2.0]
    with open(path, "rb") as opened:
        result = ag.load(opened)
    assert result.device == tensor.device
    with open(path, "wb") as opened:
        ag.save([tensor], opened)
    assert ag.load(path)[0].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "map_location", ["cpu", ag.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage.cpu()]
)
def test_map_location(device: str, map_location: Any) -> None:
    result = ag.load(saved(ag.arange(3.0, device=device)), map_location=map_location)
    assert result.device.type == "cpu"
    assert result.tolist() == [0.0, 1.0, 2.0]


def test_map_location_to_the_device(device: str) -> None:
    assert ag.load(saved(ag.ones(2)), map_location=device).device.type == device
    assert ag.load(saved(ag.ones(2)), map_location=lambda storage, location: None).device.type == "cpu"


def test_entries_are_aligned_and_mapped(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    ag.save([ag.arange(5), ag.ones(3, 2), ag.ones(0)], path)
    with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
        for entry in archive.infolist():
            file.seek(entry.header_offset + 26)
            name, extra = int.from_bytes(file.read(2), "little"), int.from_bytes(file.read(2), "little")
            assert (entry.header_offset + 30 + name + extra) % 64 == 0
    numbers, ones, none = ag.load(path, mmap=True)
    assert numbers.tolist() == [0, 1, 2, 3, 4]
    assert none.shape == (0,)
    ones[0, 0] = 5.0
    assert ones.sum().item() == 10.0
    assert ag.load(path)[1].sum().item() == 6.0  # the file has not changed
    with pytest.raises(ValueError, match="must be a file path in order to use the mmap argument"):
        ag.load(io.BytesIO(), mmap=True)


def test_only_weights_by_default() -> None:
    file = saved({"settings": Settings(3), "weight": ag.ones(1)})
    with pytest.raises(pickle.UnpicklingError, match=r"Weights only load failed.*Settings"):
        ag.load(file)
    assert ag.load(file, weights_only=False)["settings"].width == 3
    with ag.serialization.safe_globals([Settings]):
        assert ag.load(file)["settings"].width == 3
        assert ag.serialization.get_safe_globals() == [Settings]
    assert ag.serialization.get_safe_globals() == []
    ag.serialization.add_safe_globals([(Settings, f"{Settings.__module__}.Settings")])
    assert ag.load(file)["settings"].width == 3
    ag.serialization.clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        ag.load(file)


def test_code_in_a_file_does_not_run() -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.system, ("exit 1",)

    with pytest.raises(pickle.UnpicklingError, match=r"names (posix|nt)\.system"):
        ag.load(saved([Evil()]))


def test_whole_modules() -> None:
    net = ag.nn.Sequential(ag.nn.Linear(2, 3), ag.nn.BatchNorm1d(3), ag.nn.ReLU()).eval()
    file = saved(net)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        ag.load(file)
    twin = ag.load(file, weights_only=False)
    x = ag.randn(4, 2)
    assert twin(x).tolist() == net(x).tolist()
    assert [type(each) for each in twin.parameters()] == [ag.nn.Parameter] * 4


def test_results_in_a_graph_are_saved_as_leaves() -> None:
    x = ag.ones(2, requires_grad=True)
    result = ag.load(saved(x * 2))
    assert result.is_leaf
    assert result.requires_grad


def test_shared_memory_counts_changes_together() -> None:
    base = ag.ones(4, requires_grad=True)
    part, whole = ag.load(saved([base.detach()[:2], base.detach()]))
    y = (part.requires_grad_() * part).sum()
    whole.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_files_that_are_something_else(tmp_path: Path) -> None:
    with pytest.raises(pickle.UnpicklingError, match="is not a zip archive"):
        ag.load(io.BytesIO(b"text"))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("folder/file.txt", "text")
    with pytest.raises(pickle.UnpicklingError, match=r"has no data\.pkl"):
        ag.load(other)
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("folder/data.pkl", "")
        archive.writestr("folder/constants.pkl", "")
    with pytest.raises(pickle.UnpicklingError, match="is a TorchScript program"):
        ag.load(other)
    with pytest.raises(FileNotFoundError):
        ag.load(tmp_path / "nothing.pt")


def test_tensors_of_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(saved(ag.ones(1))) as archive, zipfile.ZipFile(file, "w") as copy:
        for name in archive.namelist():
            data = archive.read(name)
            copy.writestr(name, data.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"))
    monkeypatch.setattr("autograd_gpu.serialization.cuda_unavailable_reason", lambda: "There is no GPU.")
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        ag.load(file)
    assert ag.load(file, map_location="cpu").tolist() == [1.0]
