"""The two classifiers of the demonstration."""

from __future__ import annotations

from autograd_gpu import nn


def mlp() -> nn.Sequential:
    """Two hidden layers: 64 -> 128 -> 64 -> 10."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 128),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def cnn() -> nn.Sequential:
    """Three convolutions with batch normalisation, two poolings, one linear layer.

    The convolutions have no bias: normalisation takes it away again, so that its gradient is nothing but rounding errors, which
    Adam makes as large as any other.
    """
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.25), nn.Linear(256, 10),
    )  # fmt: skip


MODELS = {"mlp": mlp, "cnn": cnn}
