"""Layer 0: the exceptions that PyTorch does not have a built-in type for, and how the user's source line is named.

Where PyTorch raises a built-in exception (RuntimeError, TypeError, ValueError, IndexError), so do we.
A place in the user's code is kept as two values that cost next to nothing, a code object and an instruction offset,
and turned into file, line and expression only here, when someone wants to read it.
"""

from __future__ import annotations

import linecache
import os
import sys
from types import CodeType
from typing import NamedTuple

PACKAGE = os.path.dirname(sys._getframe().f_code.co_filename)


class OutOfMemoryError(RuntimeError):
    """The device has no room for an array. The message names the op, the bytes asked for and what can be done."""


class LinAlgError(RuntimeError):
    """A matrix that an equation or a decomposition cannot do with: singular, not positive-definite, not finite."""


class Place(NamedTuple):
    """A line of the user's code: file, line number (1-based), function and the expression that ran."""

    filename: str
    line: int
    function: str
    expression: str

    def __str__(self) -> str:
        where = f"{_cell(self.filename) or self.filename}:{self.line}, in {self.function}"
        return f"{where}: {self.expression}" if self.expression else where


def _cell(filename: str) -> str | None:
    """``Cell In[3]`` for the temporary file that a notebook keeps a cell's code in."""
    IPython = sys.modules.get("IPython")
    shell = None if IPython is None else IPython.get_ipython()
    if shell is None:
        return None
    named = shell.compile.format_code_name(filename)
    return None if named is None or named[0] != "Cell" else " ".join(named)


#: file names of this package's own code; generated code adds the names it gives itself
internal: set[str] = {
    os.path.join(folder, name)
    for folder, _, names in os.walk(PACKAGE)
    for name in names
    if name.endswith(".py")
}


def user_frame() -> tuple[CodeType, int]:
    """Code object and instruction offset of the innermost frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename in internal:
        if frame.f_back is None:
            break
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


def place(code: CodeType, offset: int) -> Place:
    """File, line, function and expression of an instruction."""
    positions = list(code.co_positions())
    index = offset // 2
    line, end_line, column, end_column = positions[index] if 0 <= index < len(positions) else (None,) * 4
    line = line or code.co_firstlineno
    text = linecache.getline(code.co_filename, line).rstrip("\n")
    expression = text.strip()
    if text and end_line == line and column is not None and end_column is not None:
        # Columns count UTF-8 bytes.
        expression = text.encode()[column:end_column].decode(errors="replace").strip() or expression
    return Place(code.co_filename, line, code.co_name, expression)


def here() -> str:
    """Two-space-indented "at FILE:LINE, in FUNCTION: EXPRESSION" for the end of an error message."""
    return f"\n  at {place(*user_frame())}"
