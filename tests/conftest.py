"""What every test gets: the `device` fixture, the options that choose devices, and a seed.

pytest                       the CPU, and CUDA where there is a device
pytest --device cpu          the CPU only
pytest --device cuda -m gpu  nothing but the tests that use a CUDA device
pytest --device cuda:1       tests with the fixture on the second card, while the first is the current one
pytest --dtypes float32,int64  of the op rows, only those of these dtypes
pytest --require-gpu         fail, rather than skip, where a test needs a CUDA device and there is none
"""

from __future__ import annotations

import functools
import os
from typing import Any

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Processes side by side: a BLAS that spins for work on all cores in each of them makes all of them slower.
    for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(_variable, "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("autograd_gpu")
    group.addoption(
        "--device",
        choices=("cpu", "cuda", "cuda:1", "all"),
        default="all",
        help="the devices that tests with the `device` fixture run on (default: all)",
    )
    group.addoption(
        "--dtypes",
        type=lambda names: frozenset(names.split(",")),
        help="run what is parametrised by dtype with these only (default: all)",
    )
    group.addoption(
        "--require-gpu",
        action="store_true",
        help="fail the tests that need a CUDA device where there is none, instead of skipping them",
    )
    group.addoption(
        "--all-architectures",
        action="store_true",
        help="compile every kernel for every card; by default, every dtype for some cards, float32 for the others",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--require-gpu") and config.getoption("--device") == "cpu":
        raise pytest.UsageError("--require-gpu contradicts --device cpu")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "device" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--device")
        params: list[Any] = []
        if chosen in ("cpu", "all"):
            params.append("cpu")
        if chosen != "cpu":
            params.append(pytest.param("cuda" if chosen == "all" else chosen, marks=pytest.mark.gpu))
        metafunc.parametrize("device", params, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unwanted = set()
    if "packaging" not in config.getoption("-m"):
        unwanted.add("packaging")
    if config.getoption("--device") == "cpu":
        unwanted.add("gpu")
    dtypes = config.getoption("--dtypes")

    def leave_out(item: pytest.Item) -> bool:
        if unwanted.intersection(mark.name for mark in item.iter_markers()):
            return True
        dtype = item.callspec.params.get("dtype") if hasattr(item, "callspec") else None
        return dtypes is not None and getattr(dtype, "name", None) is not None and dtype.name not in dtypes

    deselected = [item for item in items if leave_out(item)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in set(deselected)]


@functools.cache
def _why_no_cuda() -> str | None:
    from autograd_gpu.device import cuda_unavailable_reason

    return cuda_unavailable_reason()


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Skipping from this one place makes pytest report all skipped GPU tests in one line.
    if item.get_closest_marker("gpu") is not None and (reason := _why_no_cuda()) is not None:
        if item.config.getoption("--require-gpu"):
            pytest.fail(f"--require-gpu: {reason}", pytrace=False)
        pytest.skip(reason)


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """The device to put tensors on; a test that asks for it runs once on each."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Every test starts from the same random numbers, whichever tests ran before it."""
    import autograd_gpu as ag

    if hasattr(ag, "manual_seed"):
        ag.manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def _doctest_names(doctest_namespace: dict[str, Any]) -> None:
    """Docstring examples may use `ag` without importing it."""
    import autograd_gpu as ag

    doctest_namespace["ag"] = ag


@pytest.fixture
def counting() -> Any:
    """The module that counts what a CUDA device is asked for, where the environment has one (see `benchmarks/counters.py`)."""
    from benchmarks import counters

    instrument = counters.instrument()
    if instrument is None:
        pytest.skip(f"{counters.VARIABLE} names no module that counts what a device is asked for")
    return instrument
