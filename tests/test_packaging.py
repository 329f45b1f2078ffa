"""What a user installs: the metadata, and (with -m packaging) the built wheel in an empty environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import autograd_gpu as ag

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KERNELS = sorted(path.name for path in (ROOT / "kernels").iterdir() if path.suffix in {".cu", ".cuh"})


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without this environment's PYTHONPATH and the like."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_numpy_is_the_only_hard_dependency() -> None:
    assert PROJECT["dependencies"] == ["numpy>=2.1"]
    assert PROJECT["requires-python"] == ">=3.11"


def test_the_changelog_knows_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(ag.__version__)}\]", changelog, re.MULTILINE)


# ---- the wheel -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from it: what the sdist lacks, the wheel cannot have."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment in which nothing but the wheel was installed."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    (wheel,) = built.glob("*.whl")
    done = run(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return programs


@pytest.mark.packaging
def test_the_sdist_is_complete(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for wanted in ("README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "tests/test_packaging.py"):
        assert wanted in names
    assert any(name.startswith("benchmarks/") for name in names)
    assert any(name.startswith("notebooks/") for name in names)
    assert sorted(Path(name).name for name in names if re.fullmatch(r"kernels/.*\.cuh?", name)) == KERNELS


@pytest.mark.packaging
def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (path,) = built.glob("*.whl")
    names = zipfile.ZipFile(path).namelist()
    assert path.name == f"autograd_gpu-{ag.__version__}-py3-none-any.whl"
    assert {name.split("/")[0] for name in names} == {
        "autograd_gpu",
        f"autograd_gpu-{ag.__version__}.dist-info",
    }
    assert "autograd_gpu/py.typed" in names
    assert {"autograd_gpu/__init__.pyi", "autograd_gpu/core/tensor_methods.pyi"} <= set(names)
    assert KERNELS
    assert (
        sorted(Path(name).name for name in names if re.fullmatch(r"autograd_gpu/kernels/.*\.cuh?", name))
        == KERNELS
    )


@pytest.mark.packaging
def test_the_wheel_installs_numpy_only(installed: Path) -> None:
    listed = run(installed / "python", "-m", "pip", "list", "--format=freeze", cwd=installed)
    names = {line.partition("==")[0] for line in listed.stdout.split()}
    assert names - {"pip", "setuptools"} == {"autograd_gpu", "numpy"}, listed.stdout + listed.stderr


@pytest.mark.packaging
def test_the_installed_package_trains(installed: Path) -> None:
    code = (
        "import autograd_gpu as ag\n"
        f"assert ag.__version__ == {ag.__version__!r}\n"
        "assert 'site-packages' in ag.__file__\n"
        "x = ag.tensor([1.0, 2.0], requires_grad=True)\n"
        "(x * x).sum().backward()\n"
        "assert x.grad.tolist() == [2.0, 4.0]\n"
    )
    done = run(installed / "python", "-W", "error", "-c", code, cwd=installed)
    assert done.returncode == 0, done.stderr


@pytest.mark.packaging
@pytest.mark.parametrize("command", [("python", "-m", "autograd_gpu"), ("autograd_gpu",)], ids=" ".join)
def test_info_runs_where_only_the_wheel_is_installed(installed: Path, command: tuple[str, ...]) -> None:
    done = run(installed / command[0], *command[1:], "info", cwd=installed)
    assert done.returncode == 0, done.stderr
    assert ag.__version__ in done.stdout


@pytest.mark.packaging
def test_train_without_its_extra_names_the_remedy(installed: Path) -> None:
    done = run(installed / "python", "-m", "autograd_gpu", "train", "--epochs", "1", cwd=installed)
    assert done.returncode != 0
    assert "autograd_gpu[demo]" in done.stderr
    assert "Traceback" not in done.stderr
