"""PyTorch's word on dtypes: all properties, and the whole of promote_types, result_type and can_cast."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from autograd_gpu import dtypes  # noqa: E402
from autograd_gpu.dtypes import DIMENSIONED, SCALAR, ZERO_DIM, DType  # noqa: E402

PAIRS = list(itertools.product(dtypes.all_dtypes, repeat=2))
SCALARS = (True, 3, 2.5, 1j)


def torchs(dtype: DType):
    return getattr(torch, dtype.name)


def ours(dtype) -> DType:
    # complex32 is the one type of PyTorch's that these calls can return and we do not have
    return (
        dtypes.complex64 if dtype is torch.complex32 else dtypes.as_dtype(str(dtype).removeprefix("torch."))
    )


def test_properties() -> None:
    for dtype in dtypes.all_dtypes:
        theirs = torchs(dtype)
        for attribute in ("itemsize", "is_floating_point", "is_complex", "is_signed"):
            assert getattr(dtype, attribute) == getattr(theirs, attribute), (dtype, attribute)
        assert torch.empty(0, dtype=theirs).type() == f"torch.{dtype.scalar_name}Tensor"
        assert dtype.to_real() is ours(theirs.to_real())
        if dtype.category >= dtypes.FLOAT:
            assert dtype.to_complex() is ours(theirs.to_complex())


@pytest.mark.parametrize("alias", ["half", "float", "double", "short", "int", "long", "cfloat", "cdouble"])
def test_aliases(alias: str) -> None:
    assert dtypes.as_dtype(alias) is ours(getattr(torch, alias))


def test_promote_types() -> None:
    for a, b in PAIRS:
        assert dtypes.promote_types(a, b) is ours(torch.promote_types(torchs(a), torchs(b))), (a, b)


def test_can_cast() -> None:
    for a, b in PAIRS:
        assert dtypes.can_cast(a, b) == torch.can_cast(torchs(a), torchs(b)), (a, b)


@pytest.fixture(params=["float16", "float32", "float64"])
def default_dtype(request: pytest.FixtureRequest):
    before = torch.get_default_dtype(), dtypes.get_default_dtype()
    torch.set_default_dtype(getattr(torch, request.param))
    dtypes.set_default_dtype(request.param)
    yield
    torch.set_default_dtype(before[0])
    dtypes.set_default_dtype(before[1])


# PyTorch announces complex32, which it makes from float16 and a complex scalar, as experimental.
@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental:UserWarning")
@pytest.mark.usefixtures("default_dtype")
@pytest.mark.parametrize("shapes", [((2,), (2,)), ((2,), ()), ((), (2,)), ((), ())], ids=str)
def test_result_type_of_two_tensors(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    first, second = (DIMENSIONED if shape else ZERO_DIM for shape in shapes)
    for a, b in PAIRS:
        x, y = torch.empty(shapes[0], dtype=torchs(a)), torch.empty(shapes[1], dtype=torchs(b))
        assert dtypes.result_type((a, first), (b, second)) is ours(torch.result_type(x, y)), (a, b)


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental:UserWarning")
@pytest.mark.usefixtures("default_dtype")
@pytest.mark.parametrize("shape", [(2,), ()], ids=str)
def test_result_type_of_a_tensor_and_a_scalar(shape: tuple[int, ...]) -> None:
    priority = DIMENSIONED if shape else ZERO_DIM
    for dtype, scalar in itertools.product(dtypes.all_dtypes, SCALARS):
        expected = ours(torch.result_type(torch.empty(shape, dtype=torchs(dtype)), scalar))
        assert dtypes.result_type((dtype, priority), (dtypes.scalar_dtype(scalar), SCALAR)) is expected, (
            dtype,
            scalar,
        )


@pytest.mark.usefixtures("default_dtype")
def test_result_type_of_two_scalars() -> None:
    for a, b in itertools.product(SCALARS, repeat=2):
        operands = ((dtypes.scalar_dtype(value), SCALAR) for value in (a, b))
        assert dtypes.result_type(*operands) is ours(torch.result_type(a, b)), (a, b)


def test_limits() -> None:
    for dtype in dtypes.all_dtypes:
        if dtype.category >= dtypes.FLOAT:
            mine, theirs = dtypes.finfo(dtype), torch.finfo(torchs(dtype))
            names = "bits eps max min tiny smallest_normal resolution dtype".split()
        elif dtype.category == dtypes.INTEGER:
            mine, theirs = dtypes.iinfo(dtype), torch.iinfo(torchs(dtype))
            names = "bits max min dtype".split()
        else:
            continue
        assert [getattr(mine, name) for name in names] == [getattr(theirs, name) for name in names], dtype
        assert repr(mine) == repr(theirs)
