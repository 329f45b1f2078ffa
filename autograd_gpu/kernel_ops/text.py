"""CUDA texts of users: where they stand in the user's files, and what is put in front of them."""

from __future__ import annotations

import hashlib
import linecache
import os
from pathlib import Path
from typing import NamedTuple

from autograd_gpu import errors
from autograd_gpu.device import kernels


class CudaText(NamedTuple):
    """A CUDA text, and the file and line where it begins."""

    text: str
    file: str
    line: int

    def source(self, name: str, block: int) -> kernels.Source:
        """What is compiled for blocks of so many threads: our `common.cuh`, then the text, under its own line numbers."""
        # A text that includes CUDA's own half types gets those, and not ours of the same name.
        ours = "cuda_fp16.h" not in self.text and "cuda_bf16.h" not in self.text
        file = self.file.replace("\\", "\\\\").replace('"', '\\"')
        head = f'{"#include <common.cuh>" if ours else ""}\n#line {self.line} "{file}"\n'
        options = kernels.options(block)
        folder = Path(self.file).parent
        if self.file.endswith(".cu") and folder.is_dir():
            # CuPy's cache knows this text, but not the headers beside it.
            digest = hashlib.sha256()
            for header in sorted((*folder.glob("*.cuh"), *folder.glob("*.h"))):
                digest.update(header.read_bytes())
            options = (*options, f"-I{folder}", f"-DUSER_HEADERS=0x{digest.hexdigest()[:16]}")
        return kernels.Source(name, head + self.text, options)


def is_file(source: str | os.PathLike[str]) -> bool:
    """Whether a source is the name of a file, rather than a text."""
    return isinstance(source, os.PathLike) or (source.endswith(".cu") and "\n" not in source)


def read(source: str | os.PathLike[str]) -> CudaText:
    """A ``.cu`` file, or a text given in the user's program.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if is_file(source):
        path = Path(source).resolve()
        return CudaText(path.read_text(encoding="utf-8"), str(path), 1)
    text = str(source)
    code, offset = errors.user_frame()
    place = errors.place(code, offset)
    lines = linecache.getlines(place.filename)
    written = "".join(lines)
    start = written.find(text, len("".join(lines[: place.line - 1])))  # in the call, or above it
    if start < 0:
        start = written.find(text)
    file = str(place).partition(f":{place.line}, in ")[0]  # of a notebook: the cell
    if start >= 0 and text:
        return CudaText(text, file, written.count("\n", 0, start) + 1)
    # The text was put together somewhere.
    return CudaText(text, f"CUDA text given to ag.kernel at {file}:{place.line}", 1)
