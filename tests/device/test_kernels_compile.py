"""Every kernel compiles for every supported card: NVRTC needs neither a GPU nor a driver."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from autograd_gpu.__main__ import main
from autograd_gpu.device import compiler, instances, kernels

#: more would halve the warps that a multiprocessor can hold (65,536 registers, blocks of 256 threads: two blocks)
REGISTERS = 128
GROUPS = [(file, group) for file, groups in kernels.INSTANCES.items() for group in groups]
#: The architectures that every group is compiled for: the oldest and the newest (where the language and the number of registers
#: could differ), and the two that most cards in use have. For those between, float32 stands for all dtypes: all groups for all
#: architectures take one processor eight minutes, and in none was there a difference within a generation
#: (``--all-architectures`` compiles them).
THOROUGH = (70, 80, 90, 120)
OTHER_DTYPES = tuple(kind for kind in kernels.TYPES.values() if kind != "float")

needs_nvrtc = pytest.mark.skipif(
    compiler.unavailable_reason() is not None, reason=str(compiler.unavailable_reason())
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function is test_compiles:
        everything = metafunc.config.getoption("--all-architectures")
        cases = [
            (file, group, architecture)
            for architecture in compiler.ARCHITECTURES
            for file, group in GROUPS
            if everything or architecture in THOROUGH or not group.startswith(OTHER_DTYPES)
        ]
        metafunc.parametrize(("file", "group", "architecture"), cases)


@needs_nvrtc
def test_compiles(file: str, group: str, architecture: int) -> None:
    if architecture not in compiler.supported():
        pytest.skip(f"this NVRTC does not know sm_{architecture}")
    names = kernels.INSTANCES[file][group]
    outcome = compiler.compile_source(kernels.source_of(file), names, architecture)
    assert outcome.warnings == ()
    assert outcome.size > 0
    assert {facts.instance for facts in outcome.facts} >= set(
        names
    )  # a kernel that is no template is in every group
    for facts in outcome.facts:
        assert 0 < facts.registers <= REGISTERS, facts
        assert facts.spills == 0, facts


def test_every_kernel_has_an_instance_and_every_file_is_known() -> None:
    files = {path.stem: path.read_text() for path in kernels.folder().glob("*.cu")}
    assert set(files) == set(kernels.INSTANCES)
    for file, text in files.items():
        defined = set(re.findall(r"__global__ void (?:__launch_bounds__\(\w+\) )?(\w+)\(", text))
        used = {name.partition("<")[0] for names in kernels.INSTANCES[file].values() for name in names}
        assert defined == used, file


@pytest.mark.parametrize("path", sorted(kernels.folder().glob("*.cu*")), ids=lambda path: path.name)
def test_places_in_the_grid_are_64_bit(path: Path) -> None:
    """blockIdx.x * anything is an unsigned product of 32 bits, unless one side is cast, or declared, as 64-bit."""
    text = re.sub(r"//[^\n]*", "", path.read_text())
    place = r"\(?blockIdx\.[xyz](?: \+ 1\))?"
    for cast, factor in re.findall(rf"(\(i64\)|\(long long\))?{place} \* \(?(\w+)", text):
        wide = re.search(rf"\bi64\b[^;{{}}]*\b{factor}\b", text)
        assert cast or wide or factor == "2", f"{path.name}: blockIdx * {factor}"  # twice 2^31 - 1 still fits
    for factor in re.findall(rf"(\w+)\)? \* {place}", text):
        assert re.search(rf"\bi64\b[^;{{}}]*\b{factor}\b", text), f"{path.name}: {factor} * blockIdx"


def test_the_table_of_instances_is_one() -> None:
    assert kernels.INSTANCES is instances.INSTANCES


def test_sources_are_where_the_wheel_puts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "autograd_gpu" / "kernels"
    inside.mkdir(parents=True)
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "autograd_gpu" / "device" / "kernels.py"))
    assert kernels.folder() == inside
    inside.rmdir()
    with pytest.raises(RuntimeError, match="reinstall autograd_gpu"):
        kernels.folder()


def test_headers_are_part_of_the_cache_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CuPy's own key knows the source, not what it includes."""
    (tmp_path / "common.cuh").write_text("// one")
    monkeypatch.setattr(kernels, "folder", lambda: tmp_path)
    options = kernels.options.__wrapped__
    before = options()
    assert options() == before
    (tmp_path / "common.cuh").write_text("// two")
    assert options() != before
    assert options(64)[-1] == "-DBLOCK=64"


# -- the command -----------------------------------------------------------------------------------------


@needs_nvrtc
def test_the_command_lists_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernels", "scatter", "--arch", "sm_80"]) == 0
    printed = capsys.readouterr().out
    expected = sum(len(names) for names in kernels.INSTANCES["scatter"].values())
    assert re.search(rf"^{expected} kernels in 1 files; 0 spill registers", printed, re.MULTILINE)
    assert re.search(r"^add_runs<half, true> +float16 +\d+ ", printed, re.MULTILINE)


@needs_nvrtc
def test_the_command_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernels", "philox.cu", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["architecture"] == "sm_90"
    rows = {row["instance"]: row for row in found["kernels"]}
    assert set(rows) == {name for names in kernels.INSTANCES["philox"].values() for name in names}
    assert rows["random_words"]["dtype"] == "any"
    assert rows["random_words"]["stores"] >= 1  # four words at a time
    assert rows["normal<double>"]["dtype"] == "float64"


@needs_nvrtc
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["softmx"], "no kernel file softmx; there are"),
        (["--arch", "sm_13"], "does not compile for sm_13; it knows"),
    ],
)
def test_the_command_refuses(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernels", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_command_without_nvrtc(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "_candidates", lambda: ("/nowhere/libnvrtc.so",))
    compiler._library.cache_clear()
    compiler.supported.cache_clear()
    try:
        assert main(["kernels"]) == 2
    finally:
        compiler._library.cache_clear()
        compiler.supported.cache_clear()
    message = capsys.readouterr().err
    assert "pip install nvidia-cuda-nvrtc-cu12" in message
    assert message.count("\n") == 1


@needs_nvrtc
def test_wide_accesses_and_spills_are_seen() -> None:
    text = """
    __global__ void wide(const float4 *x, float4 *y) { y[threadIdx.x] = x[threadIdx.x]; }
    __global__ void narrow(const float *x, float *y) { y[threadIdx.x] = x[threadIdx.x]; }
    __global__ void __launch_bounds__(1024) crowded(const float *x, float *y) {
        float all[200];
        #pragma unroll
        for (int i = 0; i < 200; ++i) all[i] = x[i * 7 + threadIdx.x];
        __syncthreads();
        float sum = 0;
        #pragma unroll
        for (int i = 0; i < 200; ++i) { sum += all[i] * all[199 - i]; y[i * 5 + threadIdx.x] = sum; }
    }
    """
    outcome = compiler.compile_source(
        kernels.Source("t.cu", text, ("-std=c++17",)), ("wide", "narrow", "crowded"), 80
    )
    found = {facts.instance: facts for facts in outcome.facts}
    assert (found["wide"].loads, found["wide"].stores) == (1, 1)
    assert (found["narrow"].loads, found["narrow"].stores) == (0, 0)
    assert found["crowded"].spills > 0
    assert found["crowded"].stack > 0


@needs_nvrtc
def test_what_does_not_compile_is_shown() -> None:
    source = kernels.Source("t.cu", "__global__ void f(float *x) { x[0] = nothing; }", ())
    with pytest.raises(compiler.CompileError, match='identifier "nothing" is undefined') as caught:
        compiler.compile_source(source, ("f",), 80)
    assert "detected in the compilation" not in str(caught.value)
