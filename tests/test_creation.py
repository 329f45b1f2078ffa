"""Making tensors from data and sizes, and getting data out again.

tests/judge/test_creation_printing.py compares hundreds of calls with PyTorch; here is what that cannot see:
memory that is shared or not, warnings, devices, histories, and where errors point.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import autograd_gpu as ag
from autograd_gpu import dtypes
from autograd_gpu.core.op import tensor_namespace

NUMPY_DTYPES = [dtype for dtype in dtypes.all_dtypes if dtype is not dtypes.bfloat16]


@pytest.fixture
def default_dtype():
    before = ag.get_default_dtype()
    yield ag.set_default_dtype
    ag.set_default_dtype(before)


# -- data -> tensors


@pytest.mark.parametrize(
    ("data", "dtype", "values"),
    [
        (3, "int64", 3),
        (2.5, "float32", 2.5),
        (True, "bool", True),
        (1j, "complex64", 1j),
        ([], "float32", []),
        ([1, 2.5, True], "float32", [1.0, 2.5, 1.0]),
        ([[1, 2], (3, 4)], "int64", [[1, 2], [3, 4]]),
        (range(3), "int64", [0, 1, 2]),
        (np.float64(1), "float64", 1.0),
        ([np.float16(1), 2.5], "float32", [1.0, 2.5]),
        ([np.int8(1), True], "int8", [1, 1]),
        (np.ones((1, 2)), "float64", [[1.0, 1.0]]),
        ([np.ones(2, np.float32), np.zeros(2, np.float32)], "float32", [[1.0, 1.0], [0.0, 0.0]]),
        ([np.ones(2, np.int64), np.zeros(2, np.float32)], "float32", [[1.0, 1.0], [0.0, 0.0]]),
        ([[np.ones(1)], [[2]]], "float64", [[[1.0]], [[2.0]]]),
        ([np.array(1, np.int8), np.array(2, np.int8)], "int8", [1, 2]),
    ],
)
def test_dtype_and_values_of_data(data: Any, dtype: str, values: Any) -> None:
    x = ag.tensor(data)
    assert (x.dtype.name, x.tolist()) == (dtype, values)
    assert x.grad_fn is None
    assert not x.requires_grad


def test_one_element_tensors_are_numbers() -> None:
    x = ag.tensor([ag.tensor(1), ag.tensor([[2.5]], dtype=ag.float64, requires_grad=True), 3])
    assert (x.dtype, x.tolist(), x.requires_grad) == (ag.float64, [1.0, 2.5, 3.0], False)


def test_data_follow_the_default_dtype(default_dtype) -> None:
    default_dtype(ag.float64)
    assert ag.tensor([1.0]).dtype is ag.float64
    assert ag.tensor([1j]).dtype is ag.complex128
    assert ag.tensor([]).dtype is ag.float64
    assert ag.zeros(1).dtype is ag.linspace(0, 1, 2).dtype is ag.full((1,), 2.0).dtype is ag.float64
    assert ag.tensor(np.float32(1)).dtype is ag.float32


@pytest.mark.parametrize("dtype", dtypes.all_dtypes, ids=str)
def test_every_dtype_can_be_asked_for(dtype: dtypes.DType, device: str) -> None:
    x = ag.tensor([[1, 0], [1, 1]], dtype=dtype, device=device)
    assert (x.dtype, x.device.type, x.tolist()) == (dtype, ag.device(device).type, [[1, 0], [1, 1]])


def test_data_are_copied() -> None:
    array = np.zeros(2)
    tensor = ag.from_numpy(array)
    copies = [
        ag.tensor(array),
        ag.tensor(array, dtype=ag.float64),
        ag.asarray(array, copy=True),
        ag.asarray(tensor, copy=True),
        tensor.new_tensor(array),
    ]
    array[0] = 1
    assert tensor.tolist() == [1.0, 0.0]
    for copy in copies:
        assert copy.tolist() == [0.0, 0.0]


def test_data_are_shared_where_they_can_be() -> None:
    array = np.zeros((2, 3))
    for shared in (
        ag.from_numpy(array),
        ag.as_tensor(array),
        ag.asarray(array),
        ag.asarray(array, copy=False),
        ag.from_dlpack(array),
    ):
        assert np.shares_memory(shared.numpy(), array)
    turned = ag.from_numpy(array.T[::-1])
    array[0, 2] = 5
    assert turned.tolist() == [[5.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    x = ag.zeros(2, requires_grad=True)
    assert ag.as_tensor(x) is x
    assert ag.asarray(x) is x


def test_a_tensor_as_data_is_announced_and_cut_loose() -> None:
    x = ag.ones(2, requires_grad=True)
    with pytest.warns(
        UserWarning, match=r"^To copy construct from a tensor.*rather than ag.tensor\("
    ) as caught:
        y = ag.tensor(x * 2)
    assert caught[0].filename == __file__
    assert (y.tolist(), y.requires_grad, y.grad_fn) == ([2.0, 2.0], False, None)
    with pytest.warns(UserWarning, match=r"rather than tensor.new_tensor\(sourceTensor\)\."):
        z = ag.zeros(1, dtype=ag.float64).new_tensor(x)
    assert z.dtype is ag.float64


def test_as_tensor_and_asarray_keep_the_history() -> None:
    x = ag.ones(2, requires_grad=True)
    for convert in (ag.as_tensor, lambda x, dtype: ag.asarray(x, dtype=dtype)):
        y = convert(x, dtype=ag.float64)
        assert y.dtype is ag.float64
        y.sum().backward()
        assert x.grad.tolist() == [1.0, 1.0]
        x.grad = None


def test_asarray_leaves_its_argument_as_it_is() -> None:
    x = ag.ones(2)
    y = ag.asarray(x, requires_grad=True)
    assert (x.requires_grad, y.requires_grad) == (False, True)
    assert np.shares_memory(x.numpy(), y.detach().numpy())
    assert not ag.asarray(y, requires_grad=False).requires_grad


@pytest.mark.parametrize("make", [ag.from_numpy, ag.as_tensor, ag.asarray])
def test_read_only_memory_is_announced(make: Any) -> None:
    array = np.zeros(2)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="^The given NumPy array is not writable") as caught:
        x = make(array)
    assert caught[0].filename == __file__
    assert x.tolist() == [0.0, 0.0]
    assert ag.tensor(array).numpy().flags.writeable


def test_read_only_buffers_are_announced() -> None:
    with pytest.warns(UserWarning, match="^The given buffer is not writable") as caught:
        assert ag.frombuffer(b"ab", dtype=ag.int8).tolist() == [97, 98]
    assert caught[0].filename == __file__
    buffer = bytearray(4)
    x = ag.frombuffer(buffer, dtype=ag.int16)
    buffer[0] = 7
    assert x.tolist() == [7, 0]


def test_subclasses_of_arrays_become_plain() -> None:
    class Special(np.ndarray):
        pass

    array = np.zeros(2).view(Special)
    for x in (ag.from_numpy(array), ag.as_tensor(array), ag.tensor(array)):
        assert type(x.numpy()) is np.ndarray
    assert np.shares_memory(ag.from_numpy(array).numpy(), array)


def test_objects_with_array_protocol() -> None:
    class Series:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.arange(3, dtype=np.int32)

    assert ag.tensor(Series()).tolist() == [0, 1, 2]
    assert ag.as_tensor(Series(), dtype=ag.float32).dtype is ag.float32


def test_other_names_of_the_same_numpy_dtype() -> None:
    for code in "lq":
        x = ag.from_numpy(np.zeros(2, code))
        assert x.dtype is ag.int64
        assert x._array.dtype is dtypes.int64.numpy


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        ([[1, 2], [3, 4, 5]], {}, ValueError, r"^expected sequence of length 2 at dim 1 \(got 3\)"),
        ([[1, 2], 3], {}, TypeError, r"^not a sequence"),
        ([1, [2]], {}, TypeError, r"^not a sequence"),
        ("text", {}, TypeError, r"^new\(\): invalid data type 'str'"),
        (["text"], {}, ValueError, r"^too many dimensions 'str'"),
        (None, {}, RuntimeError, r"^Could not infer dtype of NoneType"),
        ([{1}], {}, RuntimeError, r"^Could not infer dtype of set"),
        ([None], {"dtype": "float32"}, TypeError, r"^must be real number, not NoneType"),
        ([1j], {"dtype": "float32"}, TypeError, r"^must be real number, not complex"),
        ([2**63], {}, ValueError, r"^Overflow when unpacking long long"),
        (
            [300],
            {"dtype": "uint8"},
            RuntimeError,
            r"^value cannot be converted to type uint8 without overflow",
        ),
        (
            [1.5, float("nan")],
            {"dtype": "int32"},
            RuntimeError,
            r"^value cannot be converted to type int32 without overflow",
        ),
        (
            [1],
            {"requires_grad": True},
            RuntimeError,
            r"^Only Tensors of floating point and complex dtype can require grad",
        ),
        (np.zeros(1, "U1"), {}, TypeError, r"^can't convert np.ndarray of type numpy.str_"),
        (
            np.zeros(1, ">f4"),
            {},
            ValueError,
            r"^given numpy array has byte order different from the native byte order",
        ),
    ],
)
def test_unfit_data(data: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ag.tensor(data, **options)


def test_lists_that_contain_themselves() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="too many dimensions 'list'"):
        ag.tensor(endless)


def test_tensors_of_several_elements_are_to_be_stacked() -> None:
    with pytest.raises(
        ValueError, match=r"^only one element tensors can be converted to Python scalars; use ag.stack"
    ):
        ag.tensor([ag.ones(2), ag.ones(2)])
    with pytest.raises(TypeError, match=r"^only integer tensors of a single element.*use ag.stack"):
        ag.tensor([ag.arange(2)])


def test_errors_name_the_users_line() -> None:
    for call in (
        lambda: ag.tensor([[1], [2, 3]]),
        lambda: ag.zeros(-1),
        lambda: ag.full((2,), "a"),
        lambda: ag.arange(1, 5, 0),
        lambda: ag.ones(3).item(),
        lambda: ag.ones(1, requires_grad=True).numpy(),
        lambda: ag.zeros(10**10, 10**10),
    ):
        with pytest.raises(
            (RuntimeError, ValueError, TypeError), match=rf"\n  at .*{__name__.split('.')[-1]}.py:\d+, in "
        ):
            call()


# -- tensors -> data


@pytest.mark.parametrize("dtype", NUMPY_DTYPES, ids=str)
def test_to_numpy_and_back(dtype: dtypes.DType) -> None:
    x = ag.ones(2, 3, dtype=dtype)
    array = x.numpy()
    assert (array.dtype, array.shape) == (dtype.numpy, (2, 3))
    array[0, 0] = 0
    assert x.tolist()[0][0] == 0
    assert ag.from_numpy(array).dtype is dtype


def test_bfloat16_arrays() -> None:
    pytest.importorskip("ml_dtypes", reason="bfloat16 arrays are those of ml_dtypes")
    array = ag.tensor([1.5], dtype=ag.bfloat16).numpy()
    assert array.dtype.name == "bfloat16"
    assert ag.from_numpy(array).dtype is ag.bfloat16
    assert ag.tensor([array[0], 2]).dtype is ag.bfloat16
    assert ag.tensor(array).item() == 1.5


def test_numpy_of_tensors_with_gradients() -> None:
    x = ag.ones(2, requires_grad=True)
    for wanted in (x.numpy, (x * 2).numpy, lambda: np.asarray(x)):
        with pytest.raises(
            RuntimeError, match=r"^Can't call numpy\(\) on Tensor that requires grad. Use tensor.detach\(\)"
        ):
            wanted()
    assert x.numpy(force=True).tolist() == [1.0, 1.0]


def test_array_protocol() -> None:
    x = ag.arange(3)
    assert np.asarray(x) is not None
    assert np.shares_memory(np.asarray(x), x.numpy())
    assert np.array(x, dtype=np.float32).dtype == np.float32
    assert np.stack([x, x]).shape == (2, 3)


def test_item_and_tolist(device: str) -> None:
    for value in (True, 7, 2.5, 1 - 2j):
        x = ag.tensor([[value]], device=device)
        assert type(x.item()) is type(value)
        assert (x.item(), x.tolist(), ag.tensor(value, device=device).tolist()) == (value, [[value]], value)
    with pytest.raises(RuntimeError, match=r"^a Tensor with 3 elements cannot be converted to Scalar"):
        ag.ones(3, device=device).item()
    with pytest.raises(RuntimeError, match=r"^a Tensor with 0 elements cannot be converted to Scalar"):
        ag.ones(0, device=device).item()


def test_dlpack() -> None:
    x = ag.arange(6.0)
    array = np.from_dlpack(x)
    array[0] = 9
    assert x.tolist()[0] == 9.0
    assert x.__dlpack_device__() == (1, 0)
    assert ag.from_dlpack(x, copy=True).tolist() == x.tolist()
    assert not np.shares_memory(ag.from_dlpack(x, copy=True).numpy(), x.numpy())
    with pytest.raises(BufferError, match="Can't export tensors that require gradient, use tensor.detach"):
        np.from_dlpack(ag.ones(1, requires_grad=True))
    with pytest.raises(TypeError, match="must have __dlpack__ and __dlpack_device__, which list has not"):
        ag.from_dlpack([1])


# -- factories

FACTORIES: dict[str, tuple[Any, Any]] = {
    "zeros": (lambda **o: ag.zeros(2, 3, **o), np.zeros((2, 3))),
    "ones": (lambda **o: ag.ones((2, 3), **o), np.ones((2, 3))),
    "full": (lambda **o: ag.full((2,), 3, **o), np.full(2, 3)),
    "eye": (lambda **o: ag.eye(2, 3, **o), np.eye(2, 3)),
    "arange": (lambda **o: ag.arange(1, 8, 2, **o), np.arange(1, 8, 2)),
    "linspace": (lambda **o: ag.linspace(0, 6, 4, **o), np.array([0, 2, 4, 6])),
    "logspace": (lambda **o: ag.logspace(0, 3, 4, base=2, **o), np.array([1, 2, 4, 8])),
}


@pytest.mark.parametrize("name", FACTORIES)
def test_factories(name: str, device: str) -> None:
    make, expected = FACTORIES[name]
    for dtype in dtypes.all_dtypes:
        if name in ("arange", "linspace", "logspace") and dtype.category in (dtypes.BOOL, dtypes.COMPLEX):
            continue
        x = make(dtype=dtype, device=device)
        assert (x.dtype, x.device.type, x.is_contiguous()) == (dtype, ag.device(device).type, True)
        assert x.tolist() == expected.astype(dtype.numpy).tolist()
    x = make(dtype=ag.float64, device=device, requires_grad=True)
    assert x.requires_grad
    assert x.is_leaf


@pytest.mark.parametrize("name", FACTORIES)
def test_out(name: str) -> None:
    make, expected = FACTORIES[name]
    for out in (ag.empty(expected.shape, dtype=ag.float64), ag.empty(0, dtype=ag.float64)):
        before = out._version
        assert make(out=out) is out
        assert (out.dtype, out.tolist()) == (ag.float64, expected.tolist())
        assert out._version == before + 1
    with pytest.raises(RuntimeError, match=r"dtype Long does not match dtype of out parameter \(Double\)"):
        make(out=out, dtype=ag.int64)
    with pytest.raises(
        RuntimeError, match=r"functions with out=... arguments don't support automatic differentiation"
    ):
        make(out=ag.empty(0, requires_grad=True))
    with pytest.raises(TypeError, match=r"argument 'out' must be Tensor, not ndarray"):
        make(out=np.zeros(2))


def test_out_of_the_same_size_keeps_its_memory() -> None:
    base = ag.zeros(4)
    ag.ones(4, out=base)
    assert base.tolist() == [1.0] * 4
    array = np.zeros(4)
    ag.arange(4, out=ag.from_numpy(array))
    assert array.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_dtype_of_python_types(default_dtype) -> None:
    default_dtype(ag.float16)
    for python, expected in ((float, ag.float64), (complex, ag.complex128), (int, ag.int64), (bool, ag.bool)):
        assert ag.zeros(1, dtype=python).dtype is expected


def test_arange_does_not_add_up_errors() -> None:
    assert ag.arange(0, 10**6, 0.1, dtype=ag.float64)[-1].item() == pytest.approx(999999.9, rel=1e-15)
    assert ag.arange(2**53, 2**53 + 3).tolist() == [2**53, 2**53 + 1, 2**53 + 2]


@pytest.mark.parametrize(
    "like", [ag.zeros_like, ag.ones_like, ag.empty_like, lambda x, **o: ag.full_like(x, 3, **o)]
)
def test_like(like: Any, device: str) -> None:
    x = ag.ones(2, 3, 4, dtype=ag.int16, device=device)
    y = like(x)
    assert (y.shape, y.dtype, y.device, y.requires_grad) == (x.shape, x.dtype, x.device, False)
    turned = like(x.permute(2, 0, 1))
    assert (turned.shape, turned.stride()) == ((4, 2, 3), (1, 12, 4))
    y = like(x, dtype=ag.float64, device="cpu", requires_grad=True)
    assert (y.dtype, y.device.type, y.requires_grad) == (ag.float64, "cpu", True)


def test_new_methods() -> None:
    x = ag.ones(1, dtype=ag.float64)
    for y, expected in (
        (x.new_zeros(2), [0.0, 0.0]),
        (x.new_ones((2,)), [1.0, 1.0]),
        (x.new_full((2,), 3), [3.0, 3.0]),
        (x.new_tensor([1, 2]), [1.0, 2.0]),
        (x.new_empty(0), []),
    ):
        assert (y.dtype, y.tolist()) == (ag.float64, expected)
    assert x.new_zeros(1, dtype=ag.int8).dtype is ag.int8


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: ag.zeros(2.5),
            TypeError,
            r"^zeros\(\): argument 'size' \(position 1\) must be tuple of ints, not float",
        ),
        (lambda: ag.ones((2, 2.5)), TypeError, r"found element of type float at pos 1"),
        (lambda: ag.zeros(True), TypeError, r"must be tuple of ints, not bool"),
        (lambda: ag.zeros(), TypeError, r"missing 1 required positional arguments: \"size\""),
        (lambda: ag.zeros(2, -1), RuntimeError, r"^zeros: Dimension size must be non-negative"),
        (
            lambda: ag.full(2, 3),
            TypeError,
            r"^full\(\): argument 'size' \(position 1\) must be tuple of ints, not int",
        ),
        (
            lambda: ag.full((2,), 300, dtype=ag.uint8),
            RuntimeError,
            r"^value cannot be converted to type uint8 without",
        ),
        (
            lambda: ag.full((2,), 1e40),
            RuntimeError,
            r"^value cannot be converted to type float32 without overflow: 1e\+40",
        ),
        (lambda: ag.arange(5, 1), RuntimeError, r"^upper bound and lower bound inconsistent with step sign"),
        (lambda: ag.arange(1, 5, 0), RuntimeError, r"^step must be nonzero"),
        (lambda: ag.arange(float("inf")), RuntimeError, r"^unsupported range: 0 -> inf"),
        (
            lambda: ag.arange(3, dtype=ag.bool),
            NotImplementedError,
            r"^\"arange_cpu\" not implemented for 'Bool'",
        ),
        (lambda: ag.linspace(0, 1, -1), RuntimeError, r"^number of steps must be non-negative"),
        (
            lambda: ag.linspace(0, 1j, 3, dtype=ag.float32),
            RuntimeError,
            r"can't be safely cast to passed dtype Float",
        ),
        (lambda: ag.eye(-1), RuntimeError, r"^n must be greater or equal to 0, got -1"),
        (
            lambda: ag.zeros_like([1]),
            TypeError,
            r"^zeros_like\(\): argument 'input' \(position 1\) must be Tensor, not list",
        ),
        (
            lambda: ag.zeros(1, device="gpu"),
            RuntimeError,
            r"Expected one of cpu, cuda device type at start of device string: gpu",
        ),
        (lambda: ag.zeros(1, dtype="float31"), TypeError, r"^dtype must be a dtype"),
        (lambda: ag.zeros(10**10, 10**10), RuntimeError, r"Storage size calculation overflowed with sizes="),
        (
            lambda: ag.ones(10**8, 10**8),
            ag.OutOfMemoryError,
            r"^ones\(\): can't allocate memory: you tried to allocate "
            r"40000000000000000 bytes on cpu for float32\[100000000, ",
        ),
        (
            lambda: ag.result_type(1, "a"),
            TypeError,
            r"^result_type\(\): argument 'other' \(position 2\) must be Number, not str",
        ),
    ],
)
def test_unfit_arguments(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_result_type() -> None:
    assert ag.result_type(ag.ones(2, dtype=ag.float16), 2.5) is ag.float16
    assert ag.result_type(ag.arange(2), ag.tensor(2.5, dtype=ag.float64)) is ag.float64
    assert ag.result_type(1, 2.5) is ag.float32


def test_raw_factories_have_twins_for_rules() -> None:
    F = tensor_namespace(ag.device("cpu"))
    dtype = np.dtype("float64")
    x = ag.ones(2, dtype=ag.float64)
    made = [
        F.zeros((2,), dtype),
        F.ones((2,), dtype),
        F.full((2,), 3.0, dtype),
        F.arange(1, 3, 1, dtype),
        F.eye(1, 2, dtype),
        F.linspace(0.0, 1.0, 2, dtype),
        F.zeros_like(x),
        F.ones_like(x),
        F.full_like(x, 3.0),
    ]
    expected = [[0, 0], [1, 1], [3, 3], [1, 2], [[1, 0]], [0, 1], [0, 0], [1, 1], [3, 3]]
    assert [(t.dtype, t.tolist()) for t in made] == [(ag.float64, values) for values in expected]
    assert (F.empty((2, 3), dtype).shape, F.empty_like(x).dtype) == ((2, 3), ag.float64)


# -- devices


def test_default_device_belongs_to_the_thread() -> None:
    assert ag.get_default_device() is ag.device("cpu")
    with pytest.raises(RuntimeError, match="device string: tpu"):
        ag.set_default_device("tpu")
    seen = []
    thread = threading.Thread(
        target=lambda: (ag.set_default_device("cpu"), seen.append(ag.get_default_device()))
    )
    thread.start()
    thread.join()
    assert seen == [ag.device("cpu")]


def test_a_device_is_a_context_and_a_decorator() -> None:
    with ag.device("cuda") as outer:
        assert outer is ag.device("cuda")
        with ag.device("cpu"):
            assert ag.get_default_device() is ag.device("cpu")
            assert ag.zeros(1).device is ag.device("cpu")
        with pytest.raises(ZeroDivisionError), ag.device("cpu"):
            raise ZeroDivisionError
        if not ag.cuda.is_available():
            with pytest.raises(RuntimeError, match="CUDA"):
                ag.zeros(1)

    @ag.device("cpu")
    def where() -> ag.device:
        return ag.get_default_device()

    with ag.device("cuda"):
        assert where() is ag.device("cpu")
    assert ag.get_default_device() is ag.device("cpu")


@pytest.mark.gpu
def test_every_factory_follows_the_context() -> None:
    with ag.device("cuda"):
        made = [
            ag.zeros(2), ag.ones(2), ag.empty(2), ag.full((2,), 1.0), ag.arange(2), ag.linspace(0, 1, 2), ag.eye(2),
            ag.tensor([1]), ag.as_tensor([1]), ag.scalar_tensor(1), ag.rand(2), ag.randn(2), ag.randint(0, 2, (2,)),
            ag.randperm(3), ag.nn.Linear(2, 2).weight,
        ]  # fmt: skip
        assert ag.zeros(1, device="cpu").device.type == "cpu"
        assert ag.zeros_like(ag.zeros(1, device="cpu")).device.type == "cpu"
    assert {str(x.device) for x in made} == {"cuda:0"}


@pytest.mark.gpu
def test_default_device() -> None:
    ag.set_default_device("cuda")
    try:
        for x in (ag.zeros(1), ag.tensor([1]), ag.as_tensor(np.zeros(1)), ag.arange(3), ag.eye(2)):
            assert x.device.type == "cuda"
        assert ag.from_numpy(np.zeros(1)).device.type == "cpu"
    finally:
        ag.set_default_device(None)
    assert ag.zeros(1).device.type == "cpu"


@pytest.mark.gpu
def test_cuda_tensors_do_not_turn_into_arrays_by_themselves() -> None:
    x = ag.ones(2, device="cuda")
    with pytest.raises(
        TypeError, match=r"^can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu\(\)"
    ):
        x.numpy()
    assert x.numpy(force=True).tolist() == [1.0, 1.0]
    assert ag.asarray(x, copy=True).device == x.device
    with pytest.raises(ValueError, match="can't alias tensor from device"):
        ag.asarray(np.zeros(1), device="cuda", copy=False)


@pytest.mark.gpu
def test_cuda_arrays_are_shared() -> None:
    x = ag.zeros(2, device="cuda")
    for shared in (ag.as_tensor(x._array), ag.from_dlpack(x), ag.from_dlpack(x._array)):
        assert shared._array.data.ptr == x._array.data.ptr
    assert ag.tensor(x._array)._array.data.ptr != x._array.data.ptr
    assert x.__dlpack_device__() == (2, 0)


def test_pin_memory_without_cuda(monkeypatch) -> None:
    from autograd_gpu.ops import transfer

    monkeypatch.setattr(transfer, "cuda_unavailable_reason", lambda: "there is no card")
    with pytest.raises(RuntimeError, match=r"^pin_memory=True requires a CUDA.*there is no card"):
        ag.zeros(1, pin_memory=True)


def test_questions_about_tensors(device: str) -> None:
    x = ag.zeros(2, 3, device=device)
    assert ag.is_tensor(x)
    assert not ag.is_tensor(np.zeros(2))
    assert ag.is_floating_point(x)
    assert not ag.is_floating_point(x.long())
    assert not ag.is_complex(x)
    assert ag.is_complex(x.cfloat())
    assert ag.numel(x) == x.numel() == 6
    assert ag.is_nonzero(ag.scalar_tensor(2.0, device=device))
    assert not ag.scalar_tensor(0, device=device).is_nonzero()
    with pytest.raises(RuntimeError, match="Boolean value of Tensor with more than one value is ambiguous"):
        ag.is_nonzero(x)


@pytest.mark.gpu
def test_pin_memory() -> None:
    import cupy

    for x in (ag.tensor([[1.0, 2.0]], pin_memory=True), ag.ones(3, dtype=ag.int8, pin_memory=True)):
        assert cupy.cuda.runtime.pointerGetAttributes(x.data_ptr()).type == cupy.cuda.runtime.memoryTypeHost
        assert ag.equal(x.to("cuda").cpu(), x)
    assert ag.zeros(0, 2, pin_memory=True).shape == (0, 2)
    with pytest.raises(RuntimeError, match="only dense CPU tensors can be pinned; this one is on cuda:0"):
        ag.zeros(1, device="cuda", pin_memory=True)
