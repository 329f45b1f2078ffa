"""The notebooks as stored: run from top to bottom, without errors, with nothing of the machine in them.

That their cells still run is a test of its own: ``pytest --nbmake notebooks``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

#: absolute paths (Unix, Windows), the temporary files of Jupyter's cells, and addresses of objects
OF_THE_MACHINE = re.compile(r"(?<![\w./])/\w[\w.-]*/|\b[A-Za-z]:\\|ipykernel|\b0x[0-9a-f]{6,}")


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def texts(output: dict[str, Any]) -> list[str]:
    data = {"text": output.get("text", ""), **output.get("data", {})}
    return ["".join(value) for kind, value in data.items() if not kind.startswith("image/png")]


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_ran_once_from_top_to_bottom(self, path: Path) -> None:
        code = cells(path, "code")
        assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))

    def test_outputs_are_clean(self, path: Path) -> None:
        for cell in cells(path, "code"):
            for output in cell["outputs"]:
                assert output["output_type"] != "error", output
                assert output.get("name") != "stderr", output
                for text in texts(output):
                    assert not OF_THE_MACHINE.search(text), text

    def test_links_lead_somewhere(self, path: Path) -> None:
        for cell in cells(path, "markdown"):
            for target in re.findall(r"\]\((?!https?:)([^)#]+)", "".join(cell["source"])):
                assert (FOLDER / target).exists(), target
