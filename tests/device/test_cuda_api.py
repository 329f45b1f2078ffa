"""`ag.cuda`: what it says without a GPU, devices, streams, events, debugging switches."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import autograd_gpu as ag
from autograd_gpu.device import cuda_unavailable_reason

without_cuda = pytest.mark.skipif(cuda_unavailable_reason() is None, reason="there is a GPU here")


# -- without a GPU ----------------------------------------------------------------------------------------------------


def test_nothing_but_use_starts_cuda() -> None:
    script = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] not in ("cupy", "cupyx", "cupy_backends"), f"{name} was imported"
sys.meta_path.insert(0, Block())
import autograd_gpu as ag
ag.cuda.manual_seed_all(1)
ag.cuda.set_rng_state(ag.cuda.get_rng_state())
ag.cuda.empty_cache()
ag.cuda.ipc_collect()
ag.cuda.reset_peak_memory_stats()
ag.backends.cuda.matmul.allow_tf32 = True
ag.backends.cudnn.deterministic = True
assert ag.cuda.memory_allocated() == ag.cuda.max_memory_allocated() == ag.cuda.memory_reserved() == 0
assert ag.cuda.memory_stats() == {}
assert not ag.cuda.is_initialized()
with ag.device("cuda"), ag.cuda.device(None), ag.cuda.stream(None), ag.cuda.device_of(ag.ones(1, device="cpu")):
    pass
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@without_cuda
def test_questions_have_answers_without_cuda() -> None:
    assert not ag.cuda.is_available()
    assert ag.cuda.device_count() == 0
    assert not ag.cuda.is_bf16_supported()
    assert not ag.cuda.is_tf32_supported()
    assert ag.cuda.get_arch_list() == []


@without_cuda
@pytest.mark.parametrize(
    "ask",
    [
        ag.cuda.init,
        ag.cuda.current_device,
        ag.cuda.synchronize,
        ag.cuda.Stream,
        ag.cuda.Event,
        ag.cuda.current_stream,
        ag.cuda.get_device_name,
        ag.cuda.mem_get_info,
        ag.cuda.memory_summary,
        ag.cuda.get_sync_debug_mode,
        lambda: ag.cuda.set_device(0),
        lambda: ag.cuda.device(0),
    ],
)
def test_what_needs_cuda_says_why_there_is_none(ask: Callable[[], Any]) -> None:
    with pytest.raises(RuntimeError) as caught:
        ask()
    assert str(caught.value).startswith(str(cuda_unavailable_reason()))


def test_a_cpu_device_is_no_gpu() -> None:
    for ask in (ag.cuda.get_device_name, ag.cuda.synchronize, ag.cuda.set_device):
        with pytest.raises(ValueError, match="Expected a cuda device, but got: cpu"):
            ask("cpu")


def test_the_exception_has_one_class() -> None:
    assert ag.cuda.OutOfMemoryError is ag.OutOfMemoryError
    assert issubclass(ag.OutOfMemoryError, RuntimeError)


def test_seeds_are_those_of_all_devices() -> None:
    ag.cuda.manual_seed(3)
    assert ag.initial_seed() == ag.cuda.initial_seed() == 3
    state = ag.cuda.get_rng_state_all()
    x = ag.rand(2)
    ag.cuda.set_rng_state_all(state)
    assert x.tolist() == ag.rand(2).tolist()


# -- devices -------------------------------------------------------------------------------------------------------------


@pytest.mark.gpu
def test_devices() -> None:
    ag.cuda.init()
    assert ag.cuda.is_initialized()
    assert ag.cuda.device_count() >= 1
    assert ag.cuda.current_device() == 0
    ag.cuda.set_device("cuda:0")
    ag.cuda.set_device(-1)
    with ag.cuda.device(0), ag.cuda.device(-1), ag.cuda.device_of(ag.ones(1, device="cuda")):
        assert ag.cuda.current_device() == 0
    ag.cuda.synchronize()
    ag.cuda.synchronize(0)
    for ask in (ag.cuda.get_device_name, ag.cuda.set_device, ag.cuda.device, ag.cuda.synchronize):
        with pytest.raises(RuntimeError, match="invalid device ordinal: there is no cuda:99"):
            ask(99)


@pytest.mark.gpu
def test_properties() -> None:
    found = ag.cuda.get_device_properties()
    assert found.name == ag.cuda.get_device_name(0)
    assert (found.major, found.minor) == ag.cuda.get_device_capability("cuda:0")
    assert found.multi_processor_count > 0
    assert found.warp_size == 32
    free, total = ag.cuda.mem_get_info()
    assert 0 < free <= total == found.total_memory
    assert f"sm_{found.major}{found.minor}" in ag.cuda.get_arch_list()
    assert ag.cuda.is_bf16_supported()
    assert ag.cuda.is_tf32_supported() is (found.major >= 8)
    assert not ag.cuda.can_device_access_peer(0, 0)


# -- streams and events ------------------------------------------------------------------------------------------------


@pytest.mark.gpu
def test_work_goes_into_the_current_stream() -> None:
    default = ag.cuda.current_stream()
    assert default == ag.cuda.default_stream()
    assert default.cuda_stream == 0
    stream = ag.cuda.Stream()
    assert stream.device == ag.device("cuda:0")
    assert len({stream, default, ag.cuda.current_stream()}) == 2
    x = ag.ones(100, 100, device="cuda")
    stream.wait_stream(default)
    with ag.cuda.stream(stream):
        assert ag.cuda.current_stream() == stream
        y = x @ x
        with ag.cuda.stream(None):
            assert ag.cuda.current_stream() == stream
    assert ag.cuda.current_stream() == default
    default.wait_stream(stream)
    assert (y + 1)[0, 0].item() == 101
    stream.synchronize()
    assert stream.query()
    with stream, stream:
        assert ag.cuda.current_stream() == stream
    assert ag.cuda.current_stream() == default
    foreign = ag.cuda.ExternalStream(stream.cuda_stream)
    assert foreign == stream


@pytest.mark.gpu
def test_events() -> None:
    start, end = (ag.cuda.Event(enable_timing=True) for _ in range(2))
    assert start.query()
    start.synchronize()  # not recorded: nothing to wait for
    with pytest.raises(ValueError, match="must be recorded before"):
        start.elapsed_time(end)
    start.record()
    ag.ones(100, device="cuda").exp()
    end.record(ag.cuda.current_stream())
    end.synchronize()
    assert end.query()
    assert start.elapsed_time(end) >= 0
    with pytest.raises(ValueError, match="enable_timing=True"):
        ag.cuda.Event().elapsed_time(ag.cuda.Event())
    marked = ag.cuda.Stream().record_event()
    ag.cuda.current_stream().wait_event(marked)
    with pytest.raises(NotImplementedError, match="between processes"):
        ag.cuda.Event(interprocess=True)


@pytest.mark.gpu
def test_gradients_of_work_in_another_stream() -> None:
    x = ag.arange(4.0, device="cuda").requires_grad_()
    stream = ag.cuda.Stream()
    stream.wait_stream(ag.cuda.current_stream())
    with ag.cuda.stream(stream):
        (x * x).sum().backward()
    stream.synchronize()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 2.0, 4.0, 6.0]


# -- debugging ------------------------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize(
    "read",
    [
        lambda x: x[0].item(),
        lambda x: float(x[0]),
        lambda x: bool(x[0] > 1),
        lambda x: x[x > 1],
        lambda x: x.nonzero(),
        lambda x: x.cpu(),
        lambda x: x.tolist(),
        repr,
    ],
)
def test_copies_to_the_host_are_noticed(read: Callable[[ag.Tensor], Any]) -> None:
    x = ag.arange(3.0, device="cuda")
    assert ag.cuda.get_sync_debug_mode() == 0
    try:
        ag.cuda.set_sync_debug_mode("warn")
        with pytest.warns(UserWarning, match="synchronizing CUDA operation") as caught:
            read(x)
        assert "test_cuda_api.py" in str(caught[0].message)
        ag.cuda.set_sync_debug_mode("error")
        assert ag.cuda.get_sync_debug_mode() == 2
        with pytest.raises(RuntimeError, match="synchronizing CUDA operation"):
            read(x)
        (x * x).sum()
    finally:
        ag.cuda.set_sync_debug_mode("default")
    read(x)
    with pytest.raises(RuntimeError, match="invalid value of debug_mode"):
        ag.cuda.set_sync_debug_mode("loud")


@pytest.mark.gpu
def test_indices_are_looked_at_if_that_is_asked_for() -> None:
    x = ag.arange(4.0, device="cuda")
    wrong = ag.tensor([1, 4], device="cuda")
    looks: list[Callable[[], Any]] = [
        lambda: x[wrong],
        lambda: x.index_select(0, wrong),
        lambda: x.gather(0, wrong),
        lambda: ag.nn.functional.embedding(wrong, x.reshape(4, 1)),
        lambda: x.clone().__setitem__(wrong, 0.0),
        lambda: x.clone().index_put_((wrong,), ag.ones(2, device="cuda"), accumulate=True),
        lambda: ag.nn.functional.cross_entropy(ag.zeros(2, 4, device="cuda"), wrong),
    ]
    assert not ag.cuda.is_checking_values()
    for look in looks[:4]:
        look()  # not noticed
    with ag.cuda.check_values():
        for look in looks:
            with pytest.raises(
                (IndexError, RuntimeError), match=r"4 (is out of bounds|into weight|for dimension 0)"
            ) as caught:
                look()
            assert "test_cuda_api.py" in str(caught.value)
    assert not ag.cuda.is_checking_values()
    ag.cuda.check_values(True)
    assert ag.cuda.is_checking_values()
    ag.cuda.check_values(False)
