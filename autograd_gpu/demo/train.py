"""Training the digit classifier: the loop, its state, and what it leaves in the output folder.

The state between two steps is everything that the next step depends on: weights, buffers, optimiser, schedule, random
generator, and the position in the epoch. It is what a checkpoint holds, so an interrupted run continues to the bit.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import autograd_gpu as ag
from autograd_gpu import nn, optim
from autograd_gpu.core.graph import Tensor
from autograd_gpu.demo import checkpoint, data
from autograd_gpu.demo.models import MODELS

CHECKPOINT = "checkpoint.safetensors"


@dataclass
class Settings:
    """What a run is determined by."""

    model: str = "cnn"
    epochs: int = 10
    batch_size: int = 64
    lr: float = 2e-3
    seed: int = 0


@dataclass
class Epoch:
    """What is known of a finished epoch: mean training loss and accuracy, test loss and accuracy, seconds."""

    epoch: int
    loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float


@dataclass
class Position:
    """Where in the run the next step is, and the sums over the current epoch so far."""

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    seconds: float = 0.0
    history: list[Epoch] = field(default_factory=list)


class Interrupted(Exception):
    """The user asked to stop; the checkpoint has been written."""


class Run:
    """One training run, new or resumed."""

    def __init__(self, settings: Settings, device: Any) -> None:
        self.settings = settings
        self.device = device
        self.digits = data.load().to(device)
        ag.manual_seed(settings.seed)
        self.model = MODELS[settings.model]().to(device)
        # A larger eps than Adam's own: with 1e-8, gradients that are nothing but rounding errors make steps of full length, and
        # no two devices give the same curve.
        self.optimizer = optim.Adam(self.model.parameters(), lr=settings.lr, eps=1e-5)
        self.schedule = optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=max(settings.epochs, 1))
        self.position = Position()
        self.order_state: Tensor = ag.get_rng_state()  # the generator's state when the current epoch began

    # -- the loop ----------------------------------------------------------------------------------------------------

    def batches(self) -> int:
        """Steps per epoch."""
        return -(-len(self.digits.train_labels) // self.settings.batch_size)

    def steps(self) -> Iterator[int]:
        """Train what is left of the current epoch, one step at a time; yields the number of the batch just done."""
        position = self.position
        size = self.settings.batch_size
        if position.batch == 0:
            self.order_state = ag.get_rng_state()
            order = ag.randperm(len(self.digits.train_labels)).to(self.device)
        else:  # draw the epoch's order again, then go on with the generator where it was
            now = ag.get_rng_state()
            ag.set_rng_state(self.order_state)
            order = ag.randperm(len(self.digits.train_labels)).to(self.device)
            ag.set_rng_state(now)
        self.model.train()
        while position.batch < self.batches():
            start = time.perf_counter()
            chosen = order[position.batch * size : (position.batch + 1) * size]
            images, labels = self.digits.train_images[chosen], self.digits.train_labels[chosen]
            self.optimizer.zero_grad()
            logits = self.model(images)
            loss = nn.functional.cross_entropy(logits, labels)
            loss.backward()
            self.optimizer.step()
            position.loss_sum += loss.item() * len(labels)
            position.correct += int((logits.argmax(dim=1) == labels).sum().item())
            position.seconds += time.perf_counter() - start
            position.batch += 1
            yield position.batch

    @ag.no_grad()
    def evaluate(self) -> tuple[float, float]:
        """Loss and accuracy on the test images."""
        self.model.eval()
        logits = self.model(self.digits.test_images)
        labels = self.digits.test_labels
        loss = nn.functional.cross_entropy(logits, labels).item()
        return loss, (logits.argmax(dim=1) == labels).sum().item() / len(labels)

    def finish_epoch(self) -> Epoch:
        """Evaluate, step the schedule, and move on to the next epoch."""
        position = self.position
        count = len(self.digits.train_labels)
        test_loss, test_accuracy = self.evaluate()
        self.schedule.step()
        done = Epoch(
            position.epoch + 1,
            position.loss_sum / count,
            position.correct / count,
            test_loss,
            test_accuracy,
            position.seconds,
        )
        history = [*position.history, done]
        self.position = Position(epoch=position.epoch + 1, history=history)
        return done

    # -- its state ---------------------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write everything the next step depends on."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        described: dict[str, Any] = self.optimizer.state_dict()
        plain: dict[str, dict[str, Any]] = {}
        for index, entries in described["state"].items():
            plain[str(index)] = {}
            for name, value in entries.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{index}.{name}"] = value
                else:
                    plain[str(index)][name] = value
        tensors["generator"] = ag.get_rng_state()
        tensors["generator at epoch start"] = self.order_state
        header = {
            "settings": asdict(self.settings),
            "position": asdict(self.position),
            "optimizer": {"param_groups": described["param_groups"], "state": plain},
            "schedule": self.schedule.state_dict(),
        }
        checkpoint.save(path, tensors, header)

    @classmethod
    def resume(cls, path: Path, device: Any, epochs: int | None) -> Run:
        """The run that a checkpoint was written by, ready for its next step.

        Raises:
            checkpoint.CheckpointError: if the file cannot be used.
        """
        tensors, header = checkpoint.load(path)
        try:
            settings = Settings(**header["settings"])
            if epochs is not None:
                settings.epochs = epochs
            run = cls(settings, device)
            run.model.load_state_dict(
                {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
            )
            state: dict[int, dict[str, Any]] = {
                int(k): dict(v) for k, v in header["optimizer"]["state"].items()
            }
            for name, tensor in tensors.items():
                if name.startswith("optimizer."):
                    _, index, entry = name.split(".")
                    state.setdefault(int(index), {})[entry] = tensor.to(device)
            run.optimizer.load_state_dict(
                {"state": state, "param_groups": header["optimizer"]["param_groups"]}
            )
            run.schedule.load_state_dict(header["schedule"])
            position = dict(header["position"])
            history = [Epoch(**epoch) for epoch in position.pop("history")]
            run.position = Position(**position, history=history)
            run.order_state = tensors["generator at epoch start"]
            ag.set_rng_state(tensors["generator"])
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise checkpoint.CheckpointError(f"{path} does not fit this program ({error}).") from error
        return run


@contextmanager
def stop_between_steps() -> Iterator[list[bool]]:
    """While active, Ctrl-C does not tear a step apart: it fills the list that is yielded. A second Ctrl-C does."""
    asked: list[bool] = []

    def note(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def train(run: Run, out: Path, console: Any) -> None:
    """Train to the end of the last epoch, with a progress bar; then write weights, metrics and the loss curve.

    Raises:
        Interrupted: on Ctrl-C, after a checkpoint was written.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    out.mkdir(parents=True, exist_ok=True)
    total = run.settings.epochs * run.batches()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with stop_between_steps() as asked, Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(
            "training", total=total, completed=run.position.epoch * run.batches() + run.position.batch
        )
        while run.position.epoch < run.settings.epochs:
            for _ in run.steps():
                progress.advance(bar)
                if asked:
                    run.save(out / CHECKPOINT)
                    raise Interrupted
            done = run.finish_epoch()
            run.save(out / CHECKPOINT)
            console.print(
                f"epoch {done.epoch:3d}/{run.settings.epochs}  loss {done.loss:.4f}  accuracy {done.accuracy:.2%}  "
                f"test loss {done.test_loss:.4f}  test accuracy {done.test_accuracy:.2%}  {done.seconds:.1f} s",
                soft_wrap=True,
            )
    report(run, out)


def report(run: Run, out: Path) -> None:
    """Write ``model.safetensors``, ``metrics.json`` and ``loss_curve.png``."""
    from safetensors.numpy import save_file

    arrays = {
        name: tensor.detach().cpu().contiguous().numpy() for name, tensor in run.model.state_dict().items()
    }
    save_file(arrays, out / "model.safetensors", metadata={"model": run.settings.model})
    history = [asdict(epoch) for epoch in run.position.history]
    metrics = {"settings": asdict(run.settings), "device": str(run.device), "epochs": history}
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    draw(run.position.history, out / "loss_curve.png")


def draw(history: list[Epoch], path: Path) -> None:
    """Training and test loss over the epochs, as a picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    epochs = [done.epoch for done in history]
    axes.plot(epochs, [done.loss for done in history], label="training", marker="o")
    axes.plot(epochs, [done.test_loss for done in history], label="test", marker="o")
    axes.set(xlabel="epoch", ylabel="cross-entropy (nats)", yscale="log", title="Handwritten digits")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
