"""`python -m benchmarks FAMILY`: compare this library with PyTorch on the workloads of `bench_FAMILY.py`."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks import harness


def main() -> None:
    families = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "family", nargs="*", choices=families, help="default: all", metavar=f"{{{','.join(families)}}}"
    )
    parser.add_argument(
        "--torch-python", default=sys.executable, help="an interpreter that has PyTorch (default: this one)"
    )
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seconds", type=float, default=0.05, help="length of one library's turn in a round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="append one JSON object per figure to this file")
    arguments = parser.parse_args()
    libraries = {"autograd_gpu": sys.executable}
    if harness.available("torch", arguments.torch_python):
        libraries["torch"] = arguments.torch_python
    else:
        print("PyTorch is not installed here: no ratios (pip install torch, or --torch-python PATH)")
    for family in arguments.family or families:
        module = importlib.import_module(f"benchmarks.bench_{family}")
        rows = harness.compare(
            family, libraries, "torch", module.UNITS,
            rounds=arguments.rounds, seconds_per_round=arguments.seconds, threads=arguments.threads,
        )  # fmt: skip
        print(harness.table(rows, "torch"))
        if arguments.json is not None:
            harness.save(rows, arguments.json)


if __name__ == "__main__":
    main()
