"""Compare libraries fairly on a noisy machine: one process per library, all alive at once, rounds interleaved.

A workload is written once, over a module `lib` with PyTorch's interface, so both libraries run the very same lines. In
each round every library runs the workload once (A B, A B, ...), long enough to be timed; what is reported is the median
over the rounds, the spread, and the median of the per-round *ratios*, which a machine that slows down for a
while does not disturb.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.tiny import shrink

ROOT = Path(__file__).resolve().parents[1]

Workload = Callable[[Any], Callable[[], object]]


@dataclass
class Row:
    """One workload on one library: microseconds per unit of work, and the ratio to the reference library."""

    workload: str
    library: str
    version: str
    median_us: float
    spread: float
    ratio: float | None
    rounds: int
    samples_us: list[float] = field(repr=False)


class Peer:
    """A library in a process of its own, which runs workloads when told to."""

    def __init__(
        self, library: str, python: str, family: str, threads: int, device: str = "cpu", tiny: bool = False
    ) -> None:
        self.library = library
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
        environment["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
        # On a GPU float32 is computed in float32 by all, as is our default (see also _workloads).
        environment["JAX_PLATFORMS"] = "cpu" if device == "cpu" else "cuda"
        environment["JAX_DEFAULT_MATMUL_PRECISION"] = "highest"
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
        # An older OpenBLAS may need these two; a benchmark of a current one must not be slowed down by them.
        environment.pop("OPENBLAS_CORETYPE", None)
        environment.pop("OPENBLAS_L2_SIZE", None)
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.harness", library, family, str(threads), device, *(["tiny"] if tiny else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
        )  # fmt: skip
        self.version = str(self._ask({"do": "version"}))

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the {self.library} process died on {request}")
        return json.loads(line)

    def seconds(self, workload: str, repeats: int) -> float:
        """Seconds for `repeats` runs of a workload."""
        return float(self._ask({"do": "run", "workload": workload, "repeats": repeats}))

    def names(self) -> list[str]:
        """The workloads that the library has."""
        return list(self._ask({"do": "names"}))

    def peak(self) -> int:
        """Bytes by which the process (on a GPU: its memory there) grew at most during the family's memory workload."""
        return int(self._ask({"do": "peak"}))

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


#: programs that fail where a library sees no GPU
SEES_GPU = {
    "torch": "import sys, torch; sys.exit(not torch.cuda.is_available())",
    "jax": "import jax; jax.devices('cuda')",
}


def available(library: str, python: str, device: str = "cpu") -> bool:
    """Whether an interpreter has a library that can use the device."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
    probe = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({library!r}) is None)"
    if device != "cpu":
        probe = SEES_GPU.get(library, probe)
    run = subprocess.run([python, "-c", probe], check=False, env=environment, stderr=subprocess.DEVNULL)
    return run.returncode == 0


def compare(
    family: str,
    libraries: dict[str, str],
    reference: str,
    units: dict[str, int],
    *,
    rounds: int = 21,
    seconds_per_round: float = 0.05,
    threads: int = 2,
    device: str = "cpu",
    tiny: bool = False,
) -> list[Row]:
    """Run the workloads of `benchmarks.bench_FAMILY` on each library (name -> interpreter), interleaved.

    `units` maps each workload to the number of units (ops, steps) that one run of it stands for. A library that does not
    have a workload has no row for it.
    """
    every = [Peer(library, python, family, threads, device, tiny) for library, python in libraries.items()]
    known = {peer: set(peer.names()) for peer in every}
    rows: list[Row] = []
    try:
        for workload, count in units.items():
            peers = [peer for peer in every if workload in known[peer]]
            repeats = {peer: _repeats(peer, workload, seconds_per_round) for peer in peers}
            samples: dict[Peer, list[float]] = {peer: [] for peer in peers}
            for _ in range(rounds):
                for peer in peers:
                    samples[peer].append(peer.seconds(workload, repeats[peer]) / repeats[peer] / count * 1e6)
            base = next((samples[peer] for peer in peers if peer.library == reference), None)
            for peer in peers:
                own = samples[peer]
                median = statistics.median(own)
                quartiles = statistics.quantiles(own, n=4) if len(own) > 1 else [median, median, median]
                ratio = None
                if base is not None:
                    ratio = statistics.median(a / b for a, b in zip(own, base, strict=True))
                rows.append(
                    Row(
                        workload,
                        peer.library,
                        peer.version,
                        median,
                        (quartiles[2] - quartiles[0]) / median,
                        ratio,
                        rounds,
                        own,
                    )
                )
    finally:
        for peer in every:
            peer.close()
    return rows


def _repeats(peer: Peer, workload: str, seconds: float) -> int:
    """How many runs take about `seconds` (the first, cold run does not count)."""
    once = peer.seconds(workload, 1)
    if once < seconds:
        peer.seconds(workload, 2)
        once = peer.seconds(workload, 3) / 3
    return max(1, round(seconds / max(once, 1e-7)))


def table(rows: Iterable[Row], reference: str) -> str:
    """The rows as text."""
    lines = [f"{'workload':34} {'library':18} {'us/unit':>10} {'spread':>7} {'x ' + reference:>10}"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:10.2f}"
        lines.append(f"{row.workload:34} {row.library:18} {row.median_us:10.3f} {row.spread:7.0%} {ratio}")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, versions, commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
    }


def save(rows: Iterable[Row], path: Path) -> None:
    """One JSON object per figure, appended."""
    context = machine()
    with path.open("a", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({**context, **asdict(row)}) + "\n")


#: libraries whose interface is not PyTorch's: their workloads are in `benchmarks/peers/`
OTHERS = ("jax", "autograd", "numpy")


def _workloads(
    library: str, family: str, device: str, tiny: bool
) -> tuple[Any, dict[str, Callable[[], Any]], Any, Any]:
    """A library, its workloads, the one whose memory is measured (or None), and what waits for the device."""
    lib = importlib.import_module(library)
    if library in OTHERS:
        module = importlib.import_module(f"benchmarks.peers.{library}_peer")
        return lib, module.WORKLOADS, None, None
    if device != "cpu":
        lib.set_default_device(device)
        if library == "torch":
            lib.backends.cudnn.allow_tf32 = False  # PyTorch's convolutions would compute in a shorter type
    module = importlib.import_module(f"benchmarks.bench_{family}")
    sized = shrink if tiny else partial
    makers = {name: partial(sized(make), lib) for name, make in module.WORKLOADS.items()}
    memory = getattr(module, "MEMORY", None)
    wait = None if device == "cpu" else lib.cuda.synchronize
    return lib, makers, memory and partial(sized(memory), lib), wait


def _version(library: str, lib: Any) -> str:
    return str(getattr(lib, "__version__", None) or metadata.version(library))


def _peak(lib: Any, make: Callable[[], Callable[[], object]], device: str) -> int:
    """Bytes by which the memory in use grows at most while a workload runs three times, beyond what it holds before: that of
    the process, or on a GPU that of the arrays."""
    run = make()
    if device != "cpu":
        lib.cuda.reset_peak_memory_stats()
        held = lib.cuda.memory_allocated()
        for _ in range(3):
            run()
        return int(lib.cuda.max_memory_allocated() - held)
    before = resident()
    for _ in range(3):
        run()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before


def resident() -> int:
    """Bytes of memory that the process has now."""
    with Path("/proc/self/statm").open(encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _serve(library: str, family: str, threads: int, device: str, tiny: bool) -> None:
    """The other end of a `Peer`: read requests from stdin, answer on stdout."""
    lib, makers, memory, wait = _workloads(library, family, device, tiny)
    if library == "torch":
        lib.set_num_threads(threads)
    ready: dict[str, Callable[[], object]] = {}
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a workload prints must not end up among the answers
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "version":
            answer: object = _version(library, lib)
        elif request["do"] == "names":
            answer = list(makers)
        elif request["do"] == "peak":
            answer = _peak(lib, memory, device)
        else:
            name = request["workload"]
            if name not in ready:
                ready.clear()  # what an earlier workload holds would be in the way
                ready[name] = makers[name]()
            run = ready[name]
            start = time.perf_counter()
            for _ in range(request["repeats"]):
                run()
            if wait is not None:
                wait()
            answer = time.perf_counter() - start
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], "tiny" in sys.argv[5:])
