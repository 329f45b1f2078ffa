"""Benchmarks.

`python -m benchmarks` compares this library with PyTorch, JAX, HIPS autograd and NumPy by hand; with `--device cuda` it also
measures every kernel against its traffic bound. `python -m benchmarks FAMILY ...` compares it with PyTorch on the workloads of
`bench_FAMILY.py`. What is not installed is left out.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from benchmarks import comparison, harness


def _python(text: str) -> tuple[str, str]:
    library, separator, path = text.partition("=")
    if not separator or library not in comparison.TITLES:
        raise argparse.ArgumentTypeError(
            f"LIBRARY=PATH with one of {', '.join(comparison.TITLES)}; got {text!r}"
        )
    return library, path


def main() -> None:
    families = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("family", nargs="*", metavar="FAMILY", help=", ".join(families))
    parser.add_argument(
        "--python", type=_python, action="append", default=[], metavar="LIBRARY=PATH",
        help="the interpreter that has a library (default: this one); may be given several times",
    )  # fmt: skip
    parser.add_argument("--torch-python", help="short for --python torch=PATH")
    parser.add_argument("--rounds", type=int, help="default: 21; 9 in the comparison; 3 with --quick")
    parser.add_argument("--seconds", type=float, default=0.05, help="length of one library's turn in a round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a first look")
    parser.add_argument(
        "--tiny", action="store_true", help="small sizes: whether everything runs, not how fast"
    )
    parser.add_argument("--json", type=Path, help="append one JSON object per figure to this file")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER",
        help="write the comparison's tables and plots there (default: nowhere; with --device cuda benchmarks/results)",
    )  # fmt: skip
    arguments = parser.parse_args()
    for family in arguments.family:
        if family not in families:
            parser.error(f"there is no family {family!r}: choose from {', '.join(families)}")
    pythons = dict(arguments.python)
    if arguments.torch_python:
        pythons["torch"] = arguments.torch_python
    found = comparison.libraries(pythons, arguments.device, arguments.tiny)
    rounds = arguments.rounds or (1 if arguments.tiny else 3 if arguments.quick else None)
    seconds = 0.001 if arguments.tiny else 0.02 if arguments.quick else arguments.seconds
    if not arguments.family:
        _compare(arguments, found, rounds or 9, seconds)
    two = {library: found[library] for library in ("autograd_gpu", "torch") if library in found}
    for family in arguments.family:
        module = importlib.import_module(f"benchmarks.bench_{family}")
        rows = harness.compare(
            family,
            two,
            "torch",
            module.UNITS,
            rounds=rounds or 21,
            seconds_per_round=seconds,
            threads=arguments.threads,
            device=arguments.device,
            tiny=arguments.tiny,
        )
        print(harness.table(rows, "torch"))
        if arguments.json is not None:
            harness.save(rows, arguments.json)


def _compare(arguments: argparse.Namespace, found: dict[str, str], rounds: int, seconds: float) -> None:
    """Everything: the comparison, and on a GPU each kernel against its traffic bound."""
    device, output = arguments.device, arguments.output
    if output is None and device != "cpu":
        output = Path(__file__).parent / "results"
    rows = comparison.run(
        found, rounds=rounds, seconds=seconds, threads=arguments.threads, device=device, quick=arguments.quick,
        tiny=arguments.tiny,
    )  # fmt: skip
    table = comparison.table(rows)
    print(table)
    if arguments.json is not None:
        harness.save(rows, arguments.json)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        name = f"comparison-{device.replace(':', '-')}"
        command = f"python -m benchmarks --device {device}{' --tiny' if arguments.tiny else ''}"
        text = f"# Comparison with other libraries\n\nMade by `{command}` ({harness.machine()}).\n\n```\n{table}\n```\n"
        (output / f"{name}.md").write_text(text, encoding="utf-8")
        comparison.plot(rows, output / f"{name}.png")
    if device != "cpu":
        from benchmarks import traffic

        size = ["--tiny"] if arguments.tiny else ["--scale", "256"]
        traffic.main([*size, "--output", str(output / "kernels.md")])


if __name__ == "__main__":
    main()
