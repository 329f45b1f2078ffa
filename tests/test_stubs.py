"""What type checkers and editors are told: stubs are what the op table gives, and mypy agrees with them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_gpu as ag
from autograd_gpu.testing import stubs

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = Path(__file__).parent / "typing" / "program.py"
WRITTEN = stubs.stubs()
#: modules that are attributes of the package because something imported them; not part of what `ag` offers
INTERNAL = {"core", "dtypes", "errors", "printing"}


def declared(body: list[ast.stmt]) -> set[str]:
    """The names that a stub declares: functions, classes, variables, imports under their own name."""
    names: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.add(statement.target.id)
        elif isinstance(statement, ast.Assign):
            names.update(target.id for target in statement.targets if isinstance(target, ast.Name))
        elif isinstance(statement, ast.ImportFrom):
            names.update(name.asname for name in statement.names if name.asname == name.name)
    return names


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(stubs.PACKAGE)))
def test_the_files_are_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == WRITTEN[path], "run python -m autograd_gpu.testing.stubs"


def test_every_public_name_is_declared() -> None:
    tree = ast.parse(WRITTEN[stubs.PACKAGE / "__init__.pyi"])
    public = set(dir(ag)) - INTERNAL
    assert public - declared(tree.body) == set()


def test_every_method_is_declared() -> None:
    tree = ast.parse(WRITTEN[stubs.PACKAGE / "core" / "tensor_methods.pyi"])
    (methods,) = (each for each in tree.body if isinstance(each, ast.ClassDef))
    public = {name for name in vars(ag.Tensor) if not name.startswith("_")}
    operators = {"__add__", "__radd__", "__iadd__", "__eq__", "__getitem__", "__len__", "__neg__", "__bool__"}
    assert (public | operators) - declared(methods.body) == set()


def test_the_command_says_what_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some.pyi"
    monkeypatch.setattr(stubs, "stubs", lambda: {path: "x: int\n"})
    assert stubs.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert not path.exists()
    assert stubs.main([]) == 0
    assert path.read_text(encoding="utf-8") == "x: int\n"
    assert stubs.main(["--check"]) == 0
    assert stubs.main(["--chekc"]) == 2


def test_mypy_accepts_a_program_and_finds_its_mistakes() -> None:
    pytest.importorskip("mypy", reason="mypy, of the extra [dev], is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(PROGRAM)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr, found.returncode) == ("", "", 0)


def test_the_program_runs() -> None:
    names: dict[str, object] = {"__name__": "program"}
    exec(compile(PROGRAM.read_text(encoding="utf-8"), str(PROGRAM), "exec"), names)
    train, functions, methods = (names[name] for name in ("train", "functions", "methods"))
    assert callable(train)
    assert callable(functions)
    assert callable(methods)
    assert train(ag.rand(16, 2), ag.rand(16, 1)) > 0
    functions(ag.rand(1, 2, 2, 2), ag.float64, ag.device("cpu"))
    methods(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
