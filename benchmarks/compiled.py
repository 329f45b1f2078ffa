"""`python -m benchmarks.compiled`: what the compilers make of every kernel, as a table with one row for each file and card.

Needs NVRTC and ptxas, no GPU. `python -m autograd_gpu kernels` lists each instance.

    python -m benchmarks.compiled --output benchmarks/results/compiled.md
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from autograd_gpu import info

ARCHITECTURES = (80, 90)


def table(architectures: tuple[int, ...]) -> list[str]:
    """The lines of the table, in Markdown."""
    lines = [
        "| card | file | instances | most registers | most shared bytes | spilled bytes | with accesses of 16 bytes |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for architecture in architectures:
        listing = json.loads(info.kernels(architecture, as_json=True))
        files: dict[str, list[dict[str, int]]] = {}
        for kernel in listing["kernels"]:
            files.setdefault(kernel["file"], []).append(kernel)
        for file, kernels in files.items():
            most = {name: max(kernel[name] for kernel in kernels) for name in ("registers", "shared")}
            spills = sum(kernel["spills"] for kernel in kernels)
            wide = sum(kernel["loads"] + kernel["stores"] > 0 for kernel in kernels)
            lines.append(
                f"| {listing['architecture']} | {file} | {len(kernels)} | {most['registers']} | {most['shared']} "
                f"| {spills} | {wide} |"
            )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiled", description=__doc__)
    parser.add_argument("--output", type=Path, help="write the table to this file, too")
    given = parser.parse_args()
    head = [
        "# What the kernels are compiled to", "",
        "Made by `python -m benchmarks.compiled`. Instances without 16-byte accesses are those for odd or unaligned rows,",
        "and kernels that gather.", "",
    ]  # fmt: skip
    text = "\n".join([*head, *table(ARCHITECTURES), ""])
    print(text)
    if given.output is not None:
        given.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
