"""The comparison with other libraries: what `python -m benchmarks` without a family does.

PyTorch, JAX, HIPS autograd and NumPy by hand (the floor), each in a process of its own, all alive at once and taking
turns (A B C, A B C). Besides times: peak memory of a deep network, import time, size of the installation.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks import bench_training, harness

#: what each library is called in the table
TITLES = {
    "autograd_gpu": "autograd_gpu", "torch": "PyTorch", "jax": "JAX (jit)", "autograd": "HIPS autograd",
    "numpy": "NumPy by hand",
}  # fmt: skip
REFERENCE, FLOOR = "torch", "numpy"


def libraries(pythons: dict[str, str], device: str, tiny: bool = False) -> dict[str, str]:
    """The libraries that are there: name -> interpreter. Says which are not. Those with workloads of their own have no tiny
    ones."""
    found = {"autograd_gpu": sys.executable}
    for library in TITLES:
        if library == "autograd_gpu" or (device != "cpu" and library in ("autograd", "numpy")):
            continue
        if tiny and library in harness.OTHERS:
            continue
        python = pythons.get(library, sys.executable)
        if harness.available(library, python, device):
            found[library] = python
        else:
            print(
                f"{TITLES[library]} is not installed here{'' if device == 'cpu' else ', or sees no GPU,'} and left out "
                f"(pip install 'autograd_gpu[bench]', or --python {library}=PATH)"
            )
    return found


def run(
    found: dict[str, str],
    *,
    rounds: int,
    seconds: float,
    threads: int,
    device: str,
    quick: bool,
    tiny: bool = False,
) -> list[harness.Row]:
    """All figures."""
    rows = harness.compare(
        "training", found, REFERENCE, bench_training.UNITS,
        rounds=rounds, seconds_per_round=seconds, threads=threads, device=device, tiny=tiny,
    )  # fmt: skip
    rows += _figures("peak memory, 50-layer MLP [MB]", {
        library: [_peak(library, python, threads, device, tiny)]
        for library, python in found.items() if library not in harness.OTHERS
    })  # fmt: skip
    if device == "cpu":
        repeats = 3 if quick else 9
        rows += _figures("import [ms]", {
            library: [_import_time(library, python) for _ in range(repeats)] for library, python in found.items()
        })  # fmt: skip
        rows += _figures("installed with its dependencies [MB]", {
            library: [_installed(library, python)] for library, python in found.items() if library != "numpy"
        })  # fmt: skip
    return rows


def _figures(name: str, values: dict[str, list[float]]) -> list[harness.Row]:
    base = statistics.median(values[REFERENCE]) if REFERENCE in values else None
    return [
        harness.Row(
            name, library, "", statistics.median(own), 0.0,
            None if base is None else statistics.median(own) / base, len(own), own,
        )
        for library, own in values.items()
    ]  # fmt: skip


def _peak(library: str, python: str, threads: int, device: str, tiny: bool) -> float:
    peer = harness.Peer(library, python, "training", threads, device, tiny)
    try:
        return peer.peak() / 1e6
    finally:
        peer.close()


def _environment() -> dict[str, str]:
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed library has its bytecode
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(harness.ROOT), environment.get("PYTHONPATH")))
    )
    return environment


def _ask(python: str, program: str) -> float:
    output = subprocess.run(
        [python, "-c", program], capture_output=True, text=True, check=True, env=_environment()
    ).stdout
    return float(output.strip().splitlines()[-1])


def _import_time(library: str, python: str) -> float:
    return _ask(
        python,
        f"import time; t = time.perf_counter(); import {library}; print((time.perf_counter() - t) * 1000)",
    )


_SIZE = """
import importlib.metadata as metadata, importlib.util, pathlib, re
def size(name, seen):
    key = re.sub("[-_.]+", "-", name).lower()
    if key in seen:
        return 0
    seen.add(key)
    try:
        files = metadata.files(name) or ()
        required = metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        return 0
    total = sum(f.locate().stat().st_size for f in files if f.locate().is_file())
    return total + sum(size(re.match(r"[A-Za-z0-9._-]+", r)[0], seen) for r in required if "extra ==" not in r)
LIBRARY = {library!r}
seen = set()
total = size(LIBRARY, seen)
if not total:  # not installed, but run from its sources: these and NumPy
    root = pathlib.Path(importlib.util.find_spec(LIBRARY).origin).parent
    folders = [root, root.parent / "kernels"]
    total = sum(p.stat().st_size for f in folders for p in f.rglob("*") if p.suffix in (".py", ".pyi", ".cu", ".cuh"))
    total += size("numpy", seen)
print(total / 1e6)
"""


def _installed(library: str, python: str) -> float:
    return _ask(python, _SIZE.replace("{library!r}", repr(library)))


def table(rows: Iterable[harness.Row]) -> str:
    """One line per workload: this library's figure, and every library's ratio to PyTorch's."""
    by_workload: dict[str, dict[str, harness.Row]] = {}
    for row in rows:
        by_workload.setdefault(row.workload, {})[row.library] = row
    present = [library for library in TITLES if any(library in found for found in by_workload.values())]
    others = [library for library in present if library != REFERENCE]
    head = f"{'':42} {'PyTorch':>12}" + "".join(f"{TITLES[library]:>15}" for library in others)
    lines = [head, "-" * len(head)]
    for workload, found in by_workload.items():
        base = found.get(REFERENCE)
        line = f"{workload:42} {_shown(base, workload):>12}"
        for library in others:
            row = found.get(library)
            cell = (
                ""
                if row is None
                else f"{row.ratio:.2f} x"
                if row.ratio is not None
                else _shown(row, workload)
            )
            line += f"{cell:>15}"
        lines.append(line)
    return "\n".join(lines)


def _shown(row: harness.Row | None, workload: str) -> str:
    if row is None:
        return ""
    if re.search(r"\[\w+\]$", workload):
        return f"{row.median_us:.0f}"
    return f"{row.median_us / 1000:.3f} ms" if row.median_us < 1e6 else f"{row.median_us / 1e6:.2f} s"


def plot(rows: Iterable[harness.Row], path: Path) -> None:
    """Ratios to PyTorch's time as bars, on a logarithmic axis; without PyTorch there are none."""
    rows = [row for row in rows if row.ratio is not None and row.library != REFERENCE]
    if not rows:
        print(f"No plot of ratios: {TITLES[REFERENCE]} is not there to compare with.")
        return
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    workloads = list(dict.fromkeys(row.workload for row in rows))
    present = [library for library in TITLES if any(row.library == library for row in rows)]
    figure, axes = plt.subplots(figsize=(9, 0.42 * len(workloads) + 1.5), layout="constrained")
    height = 0.8 / len(present)
    for position, library in enumerate(present):
        own = {row.workload: row.ratio for row in rows if row.library == library}
        places = [workloads.index(workload) + position * height for workload in own]
        axes.barh(places, list(own.values()), height, label=TITLES[library])
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks([index + 0.4 - height / 2 for index in range(len(workloads))], workloads)
    axes.invert_yaxis()
    axes.set_xlabel("times PyTorch's figure (less is better)")
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
