"""scikit-learn's handwritten digits: 1,797 real images of 8 x 8 pixels, ten classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_gpu as ag
from autograd_gpu.core.graph import Tensor


@dataclass
class Digits:
    """Images float32 (N, 1, 8, 8) in [0, 1] and labels int64 (N,), for training and for testing."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    def to(self, device: Any) -> Digits:
        """The same data on another device."""
        return Digits(
            self.train_images.to(device), self.train_labels.to(device),
            self.test_images.to(device), self.test_labels.to(device),
        )  # fmt: skip


def load() -> Digits:
    """1,437 images to train on and 360 to test on, always the same split, each class in both in proportion."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    raw = load_digits()
    images = (raw.images / 16.0).astype(np.float32)[:, None]
    labels = raw.target.astype(np.int64)
    parts = train_test_split(images, labels, test_size=0.2, random_state=0, stratify=labels)
    train_images, test_images, train_labels, test_labels = (
        ag.from_numpy(np.ascontiguousarray(part)) for part in parts
    )
    return Digits(train_images, train_labels, test_images, test_labels)
