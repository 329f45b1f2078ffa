"""Checkpoints as safetensors: arrays and a JSON header. Reading one runs no code, whatever the file contains."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import autograd_gpu as ag
from autograd_gpu.core.graph import Tensor

FORMAT = "autograd_gpu digits checkpoint 1"


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message is one sentence for the person at the terminal."""


def save(path: Path, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    """Write arrays and header. The file appears under its name only when it is complete."""
    from safetensors.numpy import save_file

    arrays = {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in tensors.items()}
    unfinished = path.with_name(path.name + ".unfinished")
    save_file(arrays, unfinished, metadata={"format": FORMAT, "header": json.dumps(header)})
    os.replace(unfinished, path)


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Arrays (on the CPU) and header of a file that `save` wrote.

    Raises:
        CheckpointError: if there is no such file, or it is damaged, or something else.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint at {path}: start without --resume, or name its folder with --out."
        )
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            names = list(file.keys())
            if metadata.get("format") != FORMAT:
                raise CheckpointError(f"{path} is a safetensors file, but not a checkpoint of this program.")
            header = json.loads(metadata["header"])
            tensors = {name: ag.tensor(file.get_tensor(name)) for name in names}
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is not a checkpoint, or it is damaged ({error}).") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path} is not a checkpoint, or it is damaged (its header is no table).")
    return tensors, header
