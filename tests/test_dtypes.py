"""Dtypes: their properties, conversion, promotion and limits, against constants written out here."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from autograd_gpu import dtypes
from autograd_gpu.dtypes import DIMENSIONED, SCALAR, ZERO_DIM, DType, as_dtype, of_numpy, result_type

BY_NAME = {dtype.name: dtype for dtype in dtypes.all_dtypes}

# name: (itemsize, floating, complex, signed, what PyTorch calls it in messages)
PROPERTIES = {
    "bool": (1, False, False, False, "Bool"),
    "uint8": (1, False, False, False, "Byte"),
    "int8": (1, False, False, True, "Char"),
    "int16": (2, False, False, True, "Short"),
    "int32": (4, False, False, True, "Int"),
    "int64": (8, False, False, True, "Long"),
    "float16": (2, True, False, True, "Half"),
    "bfloat16": (2, True, False, True, "BFloat16"),
    "float32": (4, True, False, True, "Float"),
    "float64": (8, True, False, True, "Double"),
    "complex64": (8, False, True, True, "ComplexFloat"),
    "complex128": (16, False, True, True, "ComplexDouble"),
}

# The whole of promote_types. Rows and columns: b1 u1 i1 i2 i4 i8 f2 bf f4 f8 c8 c16.
CODES = dict(zip("b1 u1 i1 i2 i4 i8 f2 bf f4 f8 c8 c16".split(), PROPERTIES, strict=True))
PROMOTION = """
b1   b1  u1  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
u1   u1  u1  i2  i2  i4  i8  f2  bf  f4  f8  c8  c16
i1   i1  i2  i1  i2  i4  i8  f2  bf  f4  f8  c8  c16
i2   i2  i2  i2  i2  i4  i8  f2  bf  f4  f8  c8  c16
i4   i4  i4  i4  i4  i4  i8  f2  bf  f4  f8  c8  c16
i8   i8  i8  i8  i8  i8  i8  f2  bf  f4  f8  c8  c16
f2   f2  f2  f2  f2  f2  f2  f2  f4  f4  f8  c8  c16
bf   bf  bf  bf  bf  bf  bf  f4  bf  f4  f8  c8  c16
f4   f4  f4  f4  f4  f4  f4  f4  f4  f4  f8  c8  c16
f8   f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  c16 c16
c8   c8  c8  c8  c8  c8  c8  c8  c8  c8  c16 c8  c16
c16  c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16
"""


@pytest.fixture
def default_dtype():
    """Sets the default dtype, and restores it after the test."""
    before = dtypes.get_default_dtype()
    yield dtypes.set_default_dtype
    dtypes.set_default_dtype(before)


# ---- properties ----------------------------------------------------------------------------------


def test_every_dtype_is_listed() -> None:
    assert list(BY_NAME) == list(PROPERTIES)


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties(name: str) -> None:
    dtype = BY_NAME[name]
    found = (dtype.itemsize, dtype.is_floating_point, dtype.is_complex, dtype.is_signed, dtype.scalar_name)
    assert found == PROPERTIES[name]
    assert dtype.numpy.name == name
    assert dtype.numpy.itemsize == dtype.itemsize
    assert repr(dtype) == f"ag.{name}"


def test_categories_are_ordered() -> None:
    categories = [BY_NAME[name].category for name in ("bool", "uint8", "int64", "float16", "complex64")]
    assert categories == [dtypes.BOOL, dtypes.INTEGER, dtypes.INTEGER, dtypes.FLOAT, dtypes.COMPLEX]
    assert dtypes.BOOL < dtypes.INTEGER < dtypes.FLOAT < dtypes.COMPLEX


@pytest.mark.parametrize("dtype", dtypes.all_dtypes, ids=str)
def test_copies_and_pickles_are_the_same_object(dtype: DType) -> None:
    assert copy.copy(dtype) is dtype
    assert copy.deepcopy([dtype])[0] is dtype
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(dtype, protocol)) is dtype


def test_a_dtype_is_immutable() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        dtypes.float32.itemsize = 8
    with pytest.raises(AttributeError, match="immutable"):
        dtypes.float32.colour = "red"
    with pytest.raises(AttributeError, match="immutable"):
        del dtypes.float32.name
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = dtypes.float32.colour


def test_aliases() -> None:
    assert dtypes.half is dtypes.float16
    assert dtypes.float_ is dtypes.float32
    assert dtypes.double is dtypes.float64
    assert dtypes.short is dtypes.int16
    assert dtypes.int_ is dtypes.int32
    assert dtypes.long is dtypes.int64
    assert dtypes.cfloat is dtypes.complex64
    assert dtypes.cdouble is dtypes.complex128


def test_complex_and_real_counterparts() -> None:
    pairs = {"float16": "complex64", "bfloat16": "complex64", "float32": "complex64", "float64": "complex128"}
    for real, complex_ in pairs.items():
        assert BY_NAME[real].to_complex() is BY_NAME[complex_]
    assert dtypes.complex64.to_complex() is dtypes.complex64
    assert dtypes.complex64.to_real() is dtypes.float32
    assert dtypes.complex128.to_real() is dtypes.float64
    assert dtypes.int8.to_real() is dtypes.int8
    with pytest.raises(RuntimeError, match="Unknown Complex ScalarType for Long"):
        dtypes.int64.to_complex()


# ---- conversion ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", dtypes.all_dtypes, ids=str)
def test_every_form_of_a_dtype_is_understood(dtype: DType) -> None:
    assert of_numpy(dtype.numpy) is dtype
    for form in (dtype, dtype.numpy, dtype.numpy.type, dtype.name):
        assert as_dtype(form) is dtype


def test_platform_dependent_numpy_types_are_understood() -> None:
    for code in "bhilqBefdFD?":
        numpy_type = np.dtype(code)
        assert of_numpy(numpy_type).numpy == numpy_type


def test_names_of_aliases_are_understood() -> None:
    names = ("half", "float", "double", "short", "int", "long", "cfloat", "cdouble", "bool")
    expected = "float16 float32 float64 int16 int32 int64 complex64 complex128 bool".split()
    assert [as_dtype(name).name for name in names] == expected


def test_python_types_are_understood(default_dtype) -> None:
    assert as_dtype(bool) is dtypes.bool_
    assert as_dtype(int) is dtypes.int64
    assert (as_dtype(float), as_dtype(complex)) == (dtypes.float64, dtypes.complex128)
    default_dtype(dtypes.float16)  # changes nothing
    assert (as_dtype(float), as_dtype(complex)) == (dtypes.float64, dtypes.complex128)


@pytest.mark.parametrize("numpy_type", ["uint16", "uint32", "uint64", "object", "U3", "S3", "M8[s]", "i4,f4"])
def test_types_that_tensors_cannot_hold_are_refused(numpy_type: str) -> None:
    with pytest.raises(TypeError, match=r"can't convert np.ndarray of type numpy.*int64.*bool.*astype"):
        of_numpy(np.dtype(numpy_type))


def test_foreign_byte_order_is_refused() -> None:
    swapped = np.dtype("float32").newbyteorder("S")
    with pytest.raises(ValueError, match=r"byte order.*astype\(np.float32\)"):
        of_numpy(swapped)


@pytest.mark.parametrize("nonsense", ["float31", "Float32", "", None, 3, 2.5, list, str, object(), [np.int8]])
def test_what_is_no_dtype_is_refused(nonsense: object) -> None:
    with pytest.raises(TypeError, match="dtype must be a dtype such as ag.float32"):
        as_dtype(nonsense)


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ml_dtypes_is_imported_only_when_bfloat16_is_used() -> None:
    code = "import sys; from autograd_gpu import dtypes as d; print('ml_dtypes' in sys.modules);"
    assert run_python(code + "d.bfloat16.numpy; print('ml_dtypes' in sys.modules)").split() == [
        "False",
        "True",
    ]


def test_an_array_of_bfloat16_may_come_before_the_first_use() -> None:
    code = "import ml_dtypes, numpy as np; from autograd_gpu import dtypes as d; "
    assert run_python(code + "print(d.of_numpy(np.zeros(1, ml_dtypes.bfloat16).dtype))") == "ag.bfloat16\n"


def test_bfloat16_without_ml_dtypes_names_the_remedy(monkeypatch) -> None:
    without = DType("bfloat16", 2, dtypes.FLOAT, True, "BFloat16")
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    assert repr(without) == "ag.bfloat16"
    with pytest.raises(ImportError, match=r"needs the package ml_dtypes.*pip install"):
        _ = without.numpy


# ---- the default dtype ---------------------------------------------------------------------------


def test_default_dtype(default_dtype) -> None:
    assert dtypes.get_default_dtype() is dtypes.float32
    for form in (dtypes.float64, np.float16, "bfloat16"):
        default_dtype(form)
        assert dtypes.get_default_dtype() is as_dtype(form)


@pytest.mark.parametrize("wrong", [dtypes.int64, dtypes.bool_, dtypes.complex64, int])
def test_default_dtype_must_be_floating(wrong: object) -> None:
    with pytest.raises(TypeError, match="^only floating-point types are supported as the default type"):
        dtypes.set_default_dtype(wrong)
    assert dtypes.get_default_dtype() is dtypes.float32


def test_default_dtype_must_be_a_dtype() -> None:
    with pytest.raises(TypeError, match="^invalid dtype object: only floating-point types are supported"):
        dtypes.set_default_dtype("float31")


def test_scalar_dtype(default_dtype) -> None:
    def found() -> list[str]:
        return [dtypes.scalar_dtype(value).name for value in (True, 3, 2.5, 1j, np.float16(1), np.int8(1))]

    assert found() == ["bool", "int64", "float32", "complex64", "float16", "int8"]
    default_dtype("float64")
    assert found() == ["bool", "int64", "float64", "complex128", "float16", "int8"]
    with pytest.raises(TypeError, match="expected a number, got str"):
        dtypes.scalar_dtype("3")


# ---- promotion -----------------------------------------------------------------------------------


def test_promote_types() -> None:
    rows = [line.split() for line in PROMOTION.split("\n") if line]
    table = {(row[0], column): result for row in rows for column, result in zip(CODES, row[1:], strict=True)}
    assert len(table) == 144
    for (a, b), expected in table.items():
        found = dtypes.promote_types(BY_NAME[CODES[a]], BY_NAME[CODES[b]])
        assert found.name == CODES[expected], (a, b)


def test_promote_types_names_the_wrong_argument() -> None:
    with pytest.raises(TypeError, match=r"promote_types\(\): argument 'type2' \(position 2\).*not str"):
        dtypes.promote_types(dtypes.float32, "float32")
    with pytest.raises(TypeError, match=r"argument 'type1' \(position 1\).*not list"):
        dtypes.promote_types([], dtypes.float32)


RESULTS = [
    # operands (name, priority), result
    ([("int64", DIMENSIONED), ("float32", SCALAR)], "float32"),
    ([("int32", DIMENSIONED), ("int64", SCALAR)], "int32"),
    ([("int8", DIMENSIONED), ("bool", SCALAR)], "int8"),
    ([("bool", DIMENSIONED), ("int64", SCALAR)], "int64"),
    ([("bool", DIMENSIONED), ("float32", SCALAR)], "float32"),
    ([("float16", DIMENSIONED), ("float32", SCALAR)], "float16"),
    ([("float64", DIMENSIONED), ("float32", SCALAR)], "float64"),
    ([("float32", DIMENSIONED), ("complex64", SCALAR)], "complex64"),
    ([("float64", DIMENSIONED), ("complex64", SCALAR)], "complex128"),
    ([("int64", DIMENSIONED), ("complex64", SCALAR)], "complex64"),
    ([("float32", DIMENSIONED), ("float64", ZERO_DIM)], "float32"),
    ([("float16", DIMENSIONED), ("float64", ZERO_DIM)], "float16"),
    ([("int32", DIMENSIONED), ("int64", ZERO_DIM)], "int32"),
    ([("int32", DIMENSIONED), ("float64", ZERO_DIM)], "float64"),
    ([("bool", DIMENSIONED), ("uint8", ZERO_DIM)], "uint8"),
    ([("float32", DIMENSIONED), ("complex128", ZERO_DIM)], "complex64"),
    ([("uint8", DIMENSIONED), ("int8", DIMENSIONED)], "int16"),
    ([("int64", DIMENSIONED), ("float32", DIMENSIONED)], "float32"),
    ([("float16", DIMENSIONED), ("bfloat16", DIMENSIONED)], "float32"),
    ([("float32", ZERO_DIM), ("float64", ZERO_DIM)], "float64"),
    ([("int64", ZERO_DIM), ("float32", SCALAR)], "float32"),
    ([("float16", ZERO_DIM), ("float32", SCALAR)], "float16"),
    ([("int64", SCALAR), ("float32", SCALAR)], "float32"),
    ([("int8", DIMENSIONED), ("float16", ZERO_DIM), ("complex64", SCALAR)], "complex64"),
    ([("float64", SCALAR)], "float32"),
    ([("int16", ZERO_DIM)], "int16"),
]


@pytest.mark.parametrize(("operands", "expected"), RESULTS)
def test_result_type(operands: list[tuple[str, int]], expected: str) -> None:
    pairs = [(BY_NAME[name], priority) for name, priority in operands]
    assert result_type(*pairs).name == expected
    assert result_type(*reversed(pairs)).name == expected


def test_result_type_follows_the_default_dtype(default_dtype) -> None:
    default_dtype("float64")
    assert result_type((dtypes.int64, DIMENSIONED), (dtypes.float64, SCALAR)) is dtypes.float64
    assert result_type((dtypes.int64, DIMENSIONED), (dtypes.complex128, SCALAR)) is dtypes.complex128
    assert result_type((dtypes.float32, DIMENSIONED), (dtypes.float64, SCALAR)) is dtypes.float32


def test_result_type_needs_operands() -> None:
    with pytest.raises(ValueError, match="at least one operand"):
        result_type()


def test_can_cast() -> None:
    kinds = ["bool", "uint8", "float16", "complex64"]
    allowed = {(a, b) for a in kinds for b in kinds if dtypes.can_cast(BY_NAME[a], BY_NAME[b])}
    assert allowed == {(a, b) for i, a in enumerate(kinds) for b in kinds[i:]}
    assert dtypes.can_cast(dtypes.float64, dtypes.float16)
    assert dtypes.can_cast(dtypes.int64, dtypes.uint8)
    with pytest.raises(TypeError, match=r"can_cast\(\): argument 'to' \(position 2\)"):
        dtypes.can_cast(dtypes.float64, float)


# ---- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bits", "eps", "largest", "smallest_normal", "resolution"),
    [
        ("float16", 16, 0.0009765625, 65504.0, 6.103515625e-05, 1e-3),
        ("bfloat16", 16, 0.0078125, 3.3895313892515355e38, 1.1754943508222875e-38, 1e-2),
        ("float32", 32, 1.1920928955078125e-07, 3.4028234663852886e38, 1.1754943508222875e-38, 1e-6),
        ("float64", 64, 2.220446049250313e-16, 1.7976931348623157e308, 2.2250738585072014e-308, 1e-15),
    ],
)
def test_finfo(
    name: str, bits: int, eps: float, largest: float, smallest_normal: float, resolution: float
) -> None:
    info = dtypes.finfo(BY_NAME[name])
    assert (info.bits, info.eps, info.max, info.min) == (bits, eps, largest, -largest)
    assert (info.tiny, info.smallest_normal) == (smallest_normal, smallest_normal)
    assert (info.resolution, info.dtype) == (resolution, name)


def test_finfo_of_complex_and_default() -> None:
    assert dtypes.finfo(dtypes.complex128).dtype == "float64"
    assert dtypes.finfo().dtype == "float32"
    assert repr(dtypes.finfo()) == (
        "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, "
        "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=float32)"
    )


@pytest.mark.parametrize(
    ("name", "bits", "smallest", "largest"),
    [
        ("uint8", 8, 0, 255),
        ("int8", 8, -128, 127),
        ("int16", 16, -32768, 32767),
        ("int32", 32, -2147483648, 2147483647),
        ("int64", 64, -9223372036854775808, 9223372036854775807),
    ],
)
def test_iinfo(name: str, bits: int, smallest: int, largest: int) -> None:
    info = dtypes.iinfo(BY_NAME[name])
    assert (info.bits, info.min, info.max, info.dtype) == (bits, smallest, largest, name)
    assert repr(dtypes.iinfo(dtypes.uint8)) == "iinfo(min=0, max=255, dtype=uint8)"


def test_limits_of_the_wrong_kind() -> None:
    with pytest.raises(TypeError, match="requires a floating point input type. Use ag.iinfo"):
        dtypes.finfo(dtypes.int8)
    with pytest.raises(TypeError, match="requires a floating point input type"):
        dtypes.finfo(dtypes.bool_)
    with pytest.raises(TypeError, match="requires an integer input type. Use ag.finfo"):
        dtypes.iinfo(dtypes.float32)
    with pytest.raises(TypeError, match="bool is not supported"):
        dtypes.iinfo(dtypes.bool_)
