"""Between dtypes and devices: `.to(...)`, `.cpu()`, `.cuda()`, `.float()` and their kin, with their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu.device import cuda_unavailable_reason

CONVERTERS = {
    "half": ag.float16, "bfloat16": ag.bfloat16, "float": ag.float32, "double": ag.float64, "byte": ag.uint8, "char": ag.int8,
    "short": ag.int16, "int": ag.int32, "long": ag.int64, "bool": ag.bool, "cfloat": ag.complex64, "cdouble": ag.complex128,
}  # fmt: skip


@pytest.mark.parametrize("name", CONVERTERS)
def test_converters(name: str, device: str) -> None:
    x = ag.tensor([0.0, 1.0, 2.0], device=device)
    y = getattr(x, name)()
    assert y.dtype is CONVERTERS[name]
    assert y.device is x.device
    assert [complex(v) for v in y.tolist()] == ([0, 1, 1] if name == "bool" else [0, 1, 2])
    assert getattr(y, name)() is y


def test_to_in_all_its_forms(device: str) -> None:
    x = ag.ones(2)
    other = ag.zeros(3, dtype=ag.float64, device=device)
    for y in (
        x.to(other),
        x.to(other.device, ag.float64),
        x.to(device, ag.float64),
        x.to(device=device, dtype=ag.float64),
        x.to(ag.float64).to(device),
        x.to(device, np.float64, non_blocking=True),
        x.type_as(other),
    ):
        assert y.dtype is ag.float64
        assert y.device is other.device
    same = other.to(device)
    assert same is other
    assert other.to(device, copy=True) is not other
    with pytest.raises(TypeError, match="unexpected"):
        x.to(colour="red")
    with pytest.raises(TypeError, match="dtype must be"):
        x.to("float99")


def test_gradients_come_back_in_dtype_and_device(device: str) -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x.to(device).double()
    (y * y).sum().backward()
    assert x.grad.dtype is ag.float32
    assert x.grad.device is x.device
    assert x.grad.tolist() == [2.0, 4.0]
    (g,) = ag.autograd.grad((x.to(device) ** 3).sum(), x, create_graph=True)
    assert ag.autograd.grad(g.sum(), x)[0].tolist() == [6.0, 12.0]


def test_cpu_and_cuda_methods(device: str) -> None:
    x = ag.ones(2, device=device)
    assert x.cpu().device.type == "cpu"
    assert x.is_cuda is (device != "cpu")
    if device != "cpu":
        assert x.cuda(x.device) is x
        assert x.cpu().cuda(x.device).device is x.device


@pytest.mark.skipif(cuda_unavailable_reason() is None, reason="there is a GPU here")
def test_without_a_gpu_one_sentence_says_what_to_do() -> None:
    for ask in (
        lambda: ag.ones(1).cuda(),
        lambda: ag.ones(1).to("cuda:0"),
        lambda: ag.zeros(1, device="cuda"),
    ):
        with pytest.raises(RuntimeError) as caught:
            ask()
        assert cuda_unavailable_reason() in str(caught.value)


@pytest.mark.gpu
def test_mixed_devices_are_named() -> None:
    x, y = ag.ones(2, device="cuda"), ag.ones(2)
    with pytest.raises(
        RuntimeError, match="Expected all tensors to be on the same device, but found at least two devices"
    ):
        x + y
    assert (x + ag.tensor(1.0)).tolist() == [2.0, 2.0]  # zero-dim CPU tensors may meet a GPU's, as in PyTorch


def test_memory_that_is_not_page_locked() -> None:
    x = ag.ones(2)
    assert not x.is_pinned()
    if cuda_unavailable_reason() is not None:
        with pytest.raises(RuntimeError, match=r"pin_memory\(\) requires a CUDA backend"):
            x.pin_memory()
    with pytest.raises(NotImplementedError, match="record_stream: the tensor is on cpu"):
        x.record_stream(None)
    with pytest.raises(RuntimeError, match="Invalid device, must be cuda device, but got cpu"):
        x.cuda("cpu")


@pytest.mark.gpu
def test_page_locked_memory() -> None:
    x = ag.arange(6.0).reshape(2, 3).T
    pinned = x.pin_memory()
    assert pinned.is_pinned()
    assert pinned.pin_memory() is pinned
    assert pinned[1:].is_pinned()
    assert not x.is_pinned()
    assert pinned.tolist() == x.tolist()
    for y in (ag.zeros(3, pin_memory=True), ag.tensor([1, 2], pin_memory=True), ag.rand(3, pin_memory=True)):
        assert y.is_pinned()
    there = pinned.to("cuda", non_blocking=True)
    pinned.zero_()  # the copy is not affected, whether it ran already or not
    assert there.tolist() == x.tolist()
    assert not there.is_pinned()
    with pytest.raises(RuntimeError, match="only dense CPU tensors can be pinned; this one is on cuda:0"):
        there.pin_memory()


@pytest.mark.gpu
def test_memory_that_another_stream_reads_is_kept() -> None:
    stream = ag.cuda.Stream()
    x = ag.ones(1000, device="cuda")
    stream.wait_stream(ag.cuda.current_stream())
    with ag.cuda.stream(stream):
        y = x + 1
    before = ag.cuda.memory_allocated()
    x.record_stream(stream)
    del x
    assert ag.cuda.memory_allocated() == before
    stream.synchronize()
    ag.cuda.empty_cache()
    assert ag.cuda.memory_allocated() < before
    assert y.sum().item() == 2000


def test_devices() -> None:
    assert ag.device("cuda", 1) is ag.device("cuda:1")
    assert str(ag.device("cuda:1")) == "cuda:1"
    assert repr(ag.device("cpu")) == "device(type='cpu')"
    assert ag.ones(1).device == ag.device("cpu")
    for wrong in ("tpu", "cuda:x", "cuda:-1"):
        with pytest.raises(RuntimeError):
            ag.device(wrong)
    with pytest.raises(TypeError, match="must be str, int or device"):
        ag.device(1.5)


def test_the_op_behind_them(device: str) -> None:
    from autograd_gpu.ops.transfer import to_device

    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = to_device.apply(x, device=ag.zeros(1, device=device).device)
    y.backward(ag.ones(2, device=device))
    assert x.grad.tolist() == [1.0, 1.0]
