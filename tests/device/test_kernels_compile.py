"""Every kernel compiles for every supported card: NVRTC needs neither a GPU nor a driver."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from autograd_gpu.device import kernels

#: Volta, Turing, Ampere (A100; RTX 30), Ada, Hopper, Blackwell (B200; RTX 50)
ARCHITECTURES = (70, 75, 80, 86, 89, 90, 100, 120)
#: more would halve the warps that a multiprocessor can hold (65,536 registers, blocks of 256 threads: two blocks)
REGISTERS = 128

nvrtc: Any = pytest.importorskip(
    "cupy_backends.cuda.libs.nvrtc", reason="CuPy is not installed: kernels are not compiled"
)


def supported() -> tuple[int, ...]:
    try:
        return tuple(nvrtc.getSupportedArchs())
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"NVRTC cannot be loaded, so kernels are not compiled: {error}", allow_module_level=True)


SUPPORTED = supported()
GROUPS = [(file, group) for file, groups in kernels.INSTANCES.items() for group in groups]


def compiled(file: str, group: str, architecture: int) -> tuple[Any, int, dict[str, str]]:
    """The program's log, the size of its machine code, and the compiled name of each instance."""
    program = nvrtc.createProgram(kernels.source(file), f"{file}.cu", (), ())
    try:
        for name in kernels.INSTANCES[file][group]:
            nvrtc.addNameExpression(program, name)
        options = (
            *kernels.options(),
            f"-arch=sm_{architecture}",
            "-ftz=true",
            "-default-device",
            "--ptxas-options=-v",
        )
        try:
            nvrtc.compileProgram(program, options)
        except Exception:
            pytest.fail(
                f"{file}.cu, {group}, sm_{architecture}:\n{nvrtc.getProgramLog(program)}", pytrace=False
            )
        names = {name: nvrtc.getLoweredName(program, name) for name in kernels.INSTANCES[file][group]}
        return nvrtc.getProgramLog(program), len(nvrtc.getCUBIN(program)), names
    finally:
        nvrtc.destroyProgram(program)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("file", "group"), GROUPS)
def test_compiles(file: str, group: str, architecture: int) -> None:
    if architecture not in SUPPORTED:
        pytest.skip(f"this NVRTC does not know sm_{architecture}")
    log, size, names = compiled(file, group, architecture)
    # NVRTC 12.9 warns of Volta's end.
    warnings = [
        line for line in log.splitlines() if "warning" in line and "Architectures prior to" not in line
    ]
    assert warnings == []
    assert size > 0
    registers = [int(number) for number in re.findall(r"Used (\d+) registers", log)]
    assert len(registers) >= len(names)  # a kernel that is no template is in every group
    assert max(registers) <= REGISTERS, log
    assert set(re.findall(r"(\d+) bytes spill", log)) <= {"0"}, log
    assert len(set(names.values())) == len(names)


def test_every_kernel_has_an_instance_and_every_file_is_known() -> None:
    files = {path.stem: path.read_text() for path in kernels.folder().glob("*.cu")}
    assert set(files) == set(kernels.INSTANCES)
    for file, text in files.items():
        defined = set(re.findall(r"__global__ void (\w+)\(", text))
        used = {name.partition("<")[0] for names in kernels.INSTANCES[file].values() for name in names}
        assert defined == used, file


def test_sources_are_where_the_wheel_puts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "autograd_gpu" / "kernels"
    inside.mkdir(parents=True)
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "autograd_gpu" / "device" / "kernels.py"))
    assert kernels.folder() == inside
    inside.rmdir()
    with pytest.raises(RuntimeError, match="reinstall autograd_gpu"):
        kernels.folder()
