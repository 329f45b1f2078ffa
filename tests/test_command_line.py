"""`python -m autograd_gpu`: training start to finish, interruption and resumption, and every mistake a user can make."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from autograd_gpu.__main__ import main
from autograd_gpu.device import cuda_unavailable_reason

pytest.importorskip("sklearn", reason="the demonstration needs the extra 'demo'")
safetensors = pytest.importorskip("safetensors.numpy", reason="the demonstration needs the extra 'demo'")

FAST = ["--device", "cpu", "--model", "mlp", "--batch-size", "128"]


def train(out: Path, *arguments: str) -> int:
    return main(["train", *FAST, "--out", str(out), *arguments])


def test_training_writes_weights_metrics_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, "--epochs", "3") == 0
    printed = capsys.readouterr().out
    assert "epoch   3/3" in printed
    assert "test accuracy" in printed
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert [epoch["epoch"] for epoch in metrics["epochs"]] == [1, 2, 3]
    losses = [epoch["loss"] for epoch in metrics["epochs"]]
    assert losses[2] < losses[0]
    assert metrics["settings"]["model"] == "mlp"
    weights = safetensors.load_file(tmp_path / "model.safetensors")
    assert weights["1.weight"].shape == (128, 64)
    assert (tmp_path / "loss_curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert train(tmp_path / name, "--epochs", "2", "--seed", "3") == 0
    assert (tmp_path / "a/model.safetensors").read_bytes() == (tmp_path / "b/model.safetensors").read_bytes()


@pytest.mark.parametrize("batches", [1, 7])
def test_an_interrupted_run_continues_to_the_bit(
    tmp_path: Path, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after some steps of the second epoch; the resumed run ends with the very bytes of an undisturbed one."""
    from autograd_gpu.demo.train import Run

    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train(whole, "--epochs", "3") == 0

    steps = Run.steps

    def steps_with_interrupt(self: Run):  # type: ignore[no-untyped-def]
        for done in steps(self):
            if self.position.epoch == 1 and done == batches:
                os.kill(os.getpid(), signal.SIGINT)
            yield done

    monkeypatch.setattr(Run, "steps", steps_with_interrupt)
    assert train(parts, "--epochs", "3") == 130
    monkeypatch.setattr(Run, "steps", steps)
    assert not (parts / "model.safetensors").exists()
    assert main(["train", "--device", "cpu", "--resume", "--out", str(parts)]) == 0
    assert (parts / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    curves = [
        [
            {key: value for key, value in epoch.items() if key != "seconds"}
            for epoch in json.loads((folder / "metrics.json").read_text())["epochs"]
        ]
        for folder in (whole, parts)
    ]
    assert curves[0] == curves[1]


def test_control_c_in_a_real_process(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "autograd_gpu",
        "train",
        *FAST,
        "--epochs",
        "500",
        "--out",
        str(tmp_path),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "--resume" in output
    assert "Traceback" not in errors
    weights = safetensors.load_file(tmp_path / "checkpoint.safetensors")
    assert all(np.isfinite(array).all() for name, array in weights.items() if name.startswith("model."))


def test_resume_can_add_epochs(tmp_path: Path) -> None:
    assert train(tmp_path, "--epochs", "1") == 0
    assert main(["train", "--device", "cpu", "--resume", "--epochs", "2", "--out", str(tmp_path)]) == 0
    assert len(json.loads((tmp_path / "metrics.json").read_text())["epochs"]) == 2


def resume_error(out: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["train", "--device", "cpu", "--resume", "--out", str(out)]) == 2
    return capsys.readouterr().err


def test_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no checkpoint at" in resume_error(tmp_path, capsys)


def test_a_damaged_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(tmp_path, "--epochs", "1") == 0
    path = tmp_path / "checkpoint.safetensors"
    content = path.read_bytes()
    for damaged in (
        b"",
        b"nonsense" * 10,
        content[: len(content) // 2],
        struct.pack("<Q", 1 << 60) + content[8:],
    ):
        path.write_bytes(damaged)
        assert "is not a checkpoint, or it is damaged" in resume_error(tmp_path, capsys)


def test_a_foreign_safetensors_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    safetensors.save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "checkpoint.safetensors")
    assert "but not a checkpoint of this program" in resume_error(tmp_path, capsys)


def test_a_pickle_is_never_executed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "executed"),)

    (tmp_path / "checkpoint.safetensors").write_bytes(pickle.dumps(Trap()))
    assert "is not a checkpoint" in resume_error(tmp_path, capsys)
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_of_another_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from autograd_gpu.demo import checkpoint

    assert train(tmp_path, "--epochs", "1") == 0
    path = tmp_path / "checkpoint.safetensors"
    tensors, header = checkpoint.load(path)
    header["settings"]["model"] = "cnn"
    checkpoint.save(path, tensors, header)
    assert "does not fit this program" in resume_error(tmp_path, capsys)


@pytest.mark.skipif(cuda_unavailable_reason() is None, reason="there is a GPU here")
def test_cuda_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--device", "cuda"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert cuda_unavailable_reason() in captured.err


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    printed = capsys.readouterr().out
    for fact in ("autograd_gpu:", "Python:", "NumPy:", "BLAS:", "CuPy:"):
        assert fact in printed


def test_usage_errors_exit_with_2() -> None:
    for arguments in ([], ["train", "--epochs", "0"], ["train", "--model", "rnn"], ["nonsense"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2


@pytest.mark.gpu
@pytest.mark.parametrize(("model", "epochs", "tolerance"), [("mlp", 10, 1e-5), ("cnn", 2, 1e-4)])
def test_the_gpu_gives_the_cpus_loss_curve(model: str, epochs: int, tolerance: float, tmp_path: Path) -> None:
    """The same seed: the same starting weights, order and dropout masks, and the same losses but for rounding, which grows from
    step to step and, behind normalisation by the statistics of small batches, faster."""
    curves = []
    for device in ("cpu", "cuda"):
        out = tmp_path / device
        options = ["--device", device, "--model", model, "--epochs", str(epochs), "--batch-size", "128"]
        assert main(["train", *options, "--out", str(out)]) == 0
        curves.append(json.loads((out / "metrics.json").read_text())["epochs"])
    assert len(curves[0]) == len(curves[1]) == epochs
    for cpu, gpu in zip(*curves, strict=True):
        assert gpu["loss"] == pytest.approx(cpu["loss"], rel=tolerance)
        assert gpu["test_loss"] == pytest.approx(cpu["test_loss"], rel=tolerance)
        assert gpu["test_accuracy"] == cpu["test_accuracy"]
