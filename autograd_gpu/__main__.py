"""Layer 8: the command line. `python -m autograd_gpu train` trains a digit classifier, `info` prints facts for a bug report,
`kernels` compiles the CUDA kernels, on any machine, and says what they take of a card."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

import autograd_gpu as ag
from autograd_gpu import info
from autograd_gpu.device import cuda_unavailable_reason
from autograd_gpu.device.compiler import CompilerMissing


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns the exit status (0; 2 for what the user can mend; 130 after Ctrl-C)."""
    parser = argparse.ArgumentParser(prog="python -m autograd_gpu", description="Autograd on NumPy and CUDA.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("info", help="versions, devices, BLAS, CuPy and driver: what a bug report needs")
    listing = commands.add_parser(
        "kernels",
        help="compile all CUDA kernels (no GPU needed): registers, shared memory, stack, spills, 16-byte accesses",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    listing.add_argument("files", nargs="*", metavar="FILE", help="only these, for example softmax (all)")
    listing.add_argument("--arch", type=_architecture, default="sm_90", help="what to compile for")
    listing.add_argument("--json", action="store_true", help="for programs")
    train = commands.add_parser(
        "train",
        help="train a classifier of handwritten digits",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    train.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: a GPU if there is one"
    )
    train.add_argument("--model", choices=("mlp", "cnn"), default="cnn")
    train.add_argument("--epochs", type=_positive, default=None, help="10, or what the checkpoint says")
    train.add_argument("--batch-size", type=_positive, default=64)
    train.add_argument("--lr", type=float, default=2e-3, help="learning rate of Adam at the start")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--out", type=Path, default=Path("runs/digits"), help="folder for the results")
    train.add_argument(
        "--resume", action="store_true", help="go on with the checkpoint in --out, with its settings"
    )
    arguments = parser.parse_args(argv)
    if arguments.command == "info":
        print(info.report())
        return 0
    if arguments.command == "kernels":
        return _kernels(arguments)
    return _train(arguments)


def _architecture(text: str) -> int:
    number = text.removeprefix("sm_")
    if not number.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is no architecture; say sm_90")
    return int(number)


def _kernels(arguments: argparse.Namespace) -> int:
    files = [Path(file).stem for file in arguments.files]
    try:
        print(info.kernels(arguments.arch, files, arguments.json))
    except (CompilerMissing, ValueError) as error:
        return _fail(str(error))
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _train(arguments: argparse.Namespace) -> int:
    if arguments.device == "cuda":
        reason = cuda_unavailable_reason()
        if reason is not None:
            return _fail(reason)
    use_cuda = arguments.device != "cpu" and cuda_unavailable_reason() is None
    device = ag.device("cuda" if use_cuda else "cpu")
    missing = [
        name
        for name in ("matplotlib", "rich", "safetensors", "sklearn")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        return _fail(
            f"train needs packages that are not installed ({', '.join(missing)}): pip install 'autograd_gpu[demo]'"
        )
    from rich.console import Console

    from autograd_gpu.demo.checkpoint import CheckpointError
    from autograd_gpu.demo.train import CHECKPOINT, Interrupted, Run, Settings, train

    console = Console(highlight=False)
    try:
        if arguments.resume:
            run = Run.resume(arguments.out / CHECKPOINT, device, arguments.epochs)
        else:
            settings = Settings(
                arguments.model, arguments.epochs or 10, arguments.batch_size, arguments.lr, arguments.seed
            )
            run = Run(settings, device)
        console.print(f"{run.settings.model} on {device}: {len(run.digits.train_labels)} images to train on, "
                      f"{len(run.digits.test_labels)} to test on")  # fmt: skip
        train(run, arguments.out, console)
    except CheckpointError as error:
        return _fail(str(error))
    except Interrupted:
        console.print(f"stopped; go on with: python -m autograd_gpu train --resume --out {arguments.out}")
        return 130
    console.print(f"weights, metrics and loss curve are in {arguments.out}")
    return 0


def _fail(sentence: str) -> int:
    print(f"autograd_gpu: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
