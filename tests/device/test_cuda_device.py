"""Whether CUDA can be used and why not, that CuPy waits for its first use, devices by number, moving between them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import dtypes
from autograd_gpu.device import Device, cpu_namespace, cuda, type_for, type_of
from autograd_gpu.device.cuda import availability


def test_importing_the_library_does_not_import_cupy() -> None:
    script = (
        "import sys, autograd_gpu as ag, autograd_gpu.nn; ag.ones(2).sum(); "
        "from autograd_gpu.device import cuda; "
        "assert not {'cupy', 'cupyx', 'cupy_backends'} & set(sys.modules), 'CuPy was imported'"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# -- why not --------------------------------------------------------------------------------------------------


def one_sentence(reason: str | None, *parts: str) -> None:
    assert reason is not None
    assert reason.endswith("or use device='cpu'.")
    assert "\n" not in reason
    for part in parts:
        assert part in reason


def test_cupy_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(availability, "cupy_packages", list)
    one_sentence(
        availability.unavailable_reason(), "not installed", "pip install 'autograd_gpu[cuda12]'", "[cuda13]"
    )


def test_two_cupy_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "cupy_packages", lambda: ["cupy-cuda12x", "cupy-cuda13x"])
    one_sentence(
        availability.unavailable_reason(),
        "cupy-cuda12x, cupy-cuda13x",
        "pip uninstall -y cupy-cuda12x cupy-cuda13x",
    )


def test_cupy_packages_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Installed:
        def __init__(self, name: str) -> None:
            self.metadata = {"Name": name}

    names = ["cupy-cuda12x", "numpy", "CuPy", "cupyx-extras", "cupy-rocm-5-0", "cupy-cuda13x"]
    monkeypatch.setattr(availability.importlib.metadata, "distributions", lambda: map(Installed, names))
    assert availability.cupy_packages() == ["cupy", "cupy-cuda12x", "cupy-cuda13x", "cupy-rocm-5-0"]


class Runtime:
    """Stands for `cupy.cuda.runtime` on a machine of our choice."""

    class CUDARuntimeError(RuntimeError):
        def __init__(self, status: int) -> None:
            super().__init__(f"error {status}")
            self.status = status

    def __init__(self, status: int | None, driver: int, runtime: int, count: int = 1) -> None:
        self.status, self.driver, self.runtime, self.count = status, driver, runtime, count

    def getDeviceCount(self) -> int:
        if self.status is not None:
            raise self.CUDARuntimeError(self.status)
        return self.count

    def driverGetVersion(self) -> int:
        return self.driver

    def runtimeGetVersion(self) -> int:
        return self.runtime


@pytest.mark.parametrize(
    ("runtime", "parts"),
    [
        (Runtime(35, 0, 12090), ("NVIDIA driver, and none is loaded", "nvidia-smi")),
        (
            Runtime(35, 11040, 12090),
            ("too old", "supports CUDA 11.4", "needs 12.9", "update the driver, or use"),
        ),
        (
            Runtime(35, 12040, 13000),
            ("supports CUDA 12.4", "pip uninstall -y cupy-cuda13x", "pip install 'autograd_gpu[cuda12]'"),
        ),
        (Runtime(100, 12090, 12090), ("NVIDIA GPU, and the driver shows none", "CUDA_VISIBLE_DEVICES")),
        (Runtime(None, 12090, 12090, 0), ("NVIDIA GPU, and the driver shows none", "CUDA_VISIBLE_DEVICES")),
        (Runtime(999, 12090, 12090), ("CUDARuntimeError: error 999", "repair")),
    ],
    ids=["no driver", "old driver", "package too new", "no device", "no visible device", "anything else"],
)
def test_drivers(monkeypatch: pytest.MonkeyPatch, runtime: Any, parts: tuple[str, ...]) -> None:
    fake = type(sys)("cupy.cuda")
    fake.runtime = runtime  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cupy", type(sys)("cupy"))
    monkeypatch.setitem(sys.modules, "cupy.cuda", fake)
    monkeypatch.setattr(availability, "_missing_package", lambda: None)
    monkeypatch.setattr(availability, "_missing_compiler", lambda: None)
    one_sentence(availability.unavailable_reason(), *parts)


@pytest.mark.skipif(availability.unavailable_reason() is None, reason="CUDA is available here")
def test_without_cuda_every_road_to_it_says_why() -> None:
    reason = cuda.unavailable_reason()
    for road in (lambda: ag.ones(2).to("cuda"), lambda: ag.ones(2, device="cuda"), lambda: ag.ones(2).cuda()):
        with pytest.raises(RuntimeError) as error:
            road()
        assert str(error.value).startswith(str(reason))


# -- with a card ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def namespace() -> Any:
    return type_for(dtypes.float32, Device("cuda")).namespace


@pytest.mark.gpu
def test_types_exist_once(namespace: Any) -> None:
    place = cuda.resolve(Device("cuda"))
    assert place == Device("cuda", 0)
    for dtype in dtypes.all_dtypes:
        kind = type_for(dtype, place)
        assert kind is type_for(dtype, Device("cuda"))
        assert kind is type_of(namespace.zeros((2,), dtype.numpy))
        assert (kind.device, kind.dtype, kind.namespace) == (place, dtype, namespace)


@pytest.mark.gpu
def test_a_card_that_does_not_exist() -> None:
    with pytest.raises(RuntimeError, match="invalid device ordinal: there is no cuda:99; this machine has"):
        cuda.resolve(Device("cuda", 99))


@pytest.mark.gpu
def test_facts(namespace: Any) -> None:
    facts = cuda.describe()
    assert {"CUDA", "NVRTC", "CuPy build", "cuda:0"} <= set(facts)
    assert all(isinstance(value, str) and value for value in facts.values())


@pytest.mark.gpu
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "strided", "0-d", "empty"])
def test_there_and_back(namespace: Any, layout: str) -> None:
    x = np.arange(24.0).reshape(4, 6)
    x = {"contiguous": x, "transposed": x.T, "strided": x[::2, ::-3], "0-d": np.array(3.0), "empty": x[:0]}[
        layout
    ]
    there = cpu_namespace.to_device(x, Device("cuda", 0))
    assert type_of(there).namespace is namespace
    assert namespace.to_device(there, Device("cuda", 0)) is there
    back = namespace.to_device(there, Device("cpu"))
    assert isinstance(back, np.ndarray)
    np.testing.assert_array_equal(back, x)
    assert cpu_namespace.to_device(x, Device("cpu")) is x


@pytest.mark.gpu
def test_addresses(namespace: Any) -> None:
    for F in (cpu_namespace, namespace):
        x = F.zeros((4, 5), np.dtype("f4"))
        assert F.address(x[2:, 1:]) - F.address(x) == (2 * 5 + 1) * 4


@pytest.mark.gpu
def test_numbers_stay_on_the_host(namespace: Any) -> None:
    two = namespace.scalar(2, np.dtype("f4"))
    assert isinstance(two, np.float32)
    x = namespace.ones((3,), np.dtype("f4"))
    for result in (x * two, two * x, namespace.where(x > two, two, x), namespace.expand(two, (3,))):
        assert type(result) is type(x)
        assert result.dtype == np.float32
        assert result.shape == (3,)


@pytest.mark.gpu
def test_each_namespace_computes_on_its_own_card(namespace: Any) -> None:
    import cupy

    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("needs two CUDA devices, and there is one")
    other = type_for(dtypes.float32, Device("cuda", 1)).namespace
    assert cupy.cuda.runtime.getDevice() == 0
    x = other.from_host(np.arange(6.0, dtype="f4").reshape(2, 3))
    for result in (
        x,
        other.exp(x),
        other.sum(x, dim=0),
        other.matmul(x, other.mT(x)),
        other.softmax(x, dim=1),
    ):
        assert type_of(result).device == Device("cuda", 1)
    assert cupy.cuda.runtime.getDevice() == 0
    moved = namespace.to_host(other.to_device(x, Device("cuda", 0)))
    np.testing.assert_array_equal(moved, np.arange(6.0).reshape(2, 3))
