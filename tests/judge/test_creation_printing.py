"""PyTorch's word on what tensors look like and on what the factories make of their arguments."""

from __future__ import annotations

import math
import re
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import autograd_gpu as ag  # noqa: E402

random = np.random.default_rng(0)
normal = random.standard_normal
inf, nan = math.inf, math.nan

ARRAYS: dict[str, Any] = {
    "number": 2.5,
    "whole number": 3.0,
    "zero": 0.0,
    "negative zero": -0.0,
    "large number": 1e10,
    "small number": 1e-7,
    "infinite number": -inf,
    "integer": 7,
    "bool": True,
    "complex number": 1 - 2j,
    "whole numbers": [1.0, -2.0, 300.0],
    "fractions": [0.5, -1.25, 3.0],
    "zeros": [0.0, -0.0, 0.0],
    "more digits than are shown": [1 / 3, 2 / 3, 1e-3],
    "rounded up to a longer number": [9.99996, 1.0],
    "range of exactly 1000": [1.0, 1000.0],
    "range of more than 1000": [1.0, 1000.5],
    "whole numbers in a wide range": [1.0, 5000.0],
    "exactly 1e8": [1e8, 1e8],
    "more than 1e8": [1.1e8, 1.2e8],
    "exactly 1e-4": [1e-4, 2e-4],
    "less than 1e-4": [0.9e-4, 2e-4],
    "tiny next to zero": [1e-30, 0.0],
    "exponents of three digits": [1e-300, 1.0],
    "with nan": [1.0, nan, 2.0],
    "with inf": [1.5, inf, -inf],
    "nan only": [nan, nan],
    "inf only": [inf, -inf],
    "inf in scientific notation": [1e-9, inf, nan],
    "negative in scientific notation": [-1e-9, 1.0],
    "line break in floats": normal(30),
    "line break in a matrix": normal((3, 20)),
    "exactly one line": np.arange(10) / 10,
    "matrix": normal((3, 4)),
    "cube": normal((2, 2, 3)),
    "four dimensions": normal((2, 1, 2, 2)),
    "one element, three dimensions": [[[1.0]]],
    "transposed": normal((3, 4)).T,
    "every other": normal(10)[::2],
    "integers": [1, -20, 300],
    "long integers": [2**62, -1],
    "many integers": np.arange(100),
    "integer cube": np.arange(24).reshape(2, 3, 4),
    "bools": [True, False],
    "many bools": np.arange(40) % 3 == 0,
    "complex": [1 + 2j, -1.5 - 0.25j],
    "whole complex": [1 + 2j, -3 + 0j],
    "complex with infinite parts": [complex(inf, 1), complex(1, -inf), complex(nan, nan)],
    "complex in a wide range": [1e-9 + 1j, 1 + 1e9j],
    "complex negative zero": [complex(0.0, -0.0), complex(-0.0, 0.0)],
    "complex line break": normal(12) + 1j * normal(12),
    "complex matrix": normal((3, 3)) + 1j * normal((3, 3)),
    "empty": np.zeros(0),
    "empty matrix": np.zeros((0, 3)),
    "empty on the inside": np.zeros((2, 0, 4)),
    "1000 elements": np.arange(1000.0),
    "1001 elements": np.arange(1001.0),
    "1001 integers": np.arange(1001),
    "large matrix": normal((40, 50)),
    "long and narrow": np.arange(2000).reshape(500, 4),
    "short and wide": np.arange(2000).reshape(4, 500),
    "narrow with seven": np.arange(7 * 200).reshape(200, 7),
    "large cube": normal((20, 10, 10)),
    "large with few rows": normal((2, 7, 100)),
    "outlier where it is not shown": np.where(np.arange(2000) == 1000, 1e30, 1.0),
    "outlier where it is shown": np.where(np.arange(2000) == 1, 1e30, 1.0),
    "large complex": normal(1200) + 1j * normal(1200),
    "large bools": np.arange(2000).reshape(2, 1000) % 2 == 0,
}

KINDS = {
    "b": ("bool",),
    "i": ("int64", "int32", "int16"),
    "f": ("float32", "float64", "float16", "bfloat16"),
    "c": ("complex64", "complex128"),
}
TABLE = [(name, dtype) for name in ARRAYS for dtype in KINDS[np.asarray(ARRAYS[name]).dtype.kind]]


def pair(name: str, dtype: str) -> tuple[Any, Any]:
    """One array as a tensor of ours and of PyTorch's."""
    with np.errstate(all="ignore"):
        theirs = torch.from_numpy(np.asarray(ARRAYS[name])).to(getattr(torch, dtype))
    exact = theirs.float() if dtype == "bfloat16" else theirs
    return ag.tensor(exact.numpy(), dtype=getattr(ag, dtype)), theirs


def joined(text: str) -> str:
    """A text with its remarks on the line of the values. "ag." is shorter than "torch.", so ours may break
    later; tests/test_printing.py tests where they break."""
    return re.sub(r",\n +(?=(dtype|size|requires_grad|grad_fn)=)", ", ", text.replace("torch.", "ag."))


def assert_same_text(mine: Any, theirs: Any) -> None:
    assert joined(repr(mine)) == joined(repr(theirs))
    assert str(mine) == repr(mine)


@pytest.mark.parametrize(("name", "dtype"), TABLE)
def test_repr(name: str, dtype: str) -> None:
    mine, theirs = pair(name, dtype)
    assert_same_text(mine, theirs)


@pytest.fixture
def both_options():
    yield
    ag.set_printoptions(profile="default")
    torch.set_printoptions(profile="default")


OPTIONS: list[dict[str, Any]] = [
    {"precision": 2},
    {"precision": 0},
    {"precision": 8, "linewidth": 120},
    {"threshold": 5},
    {"threshold": 5, "edgeitems": 1},
    {"threshold": 5, "edgeitems": 0},
    {"linewidth": 20},
    {"linewidth": 5},
    {"profile": "short"},
    {"profile": "full"},
    {"profile": "short", "precision": 3},
    {"sci_mode": True},
    {"sci_mode": False},
]


@pytest.mark.usefixtures("both_options")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_printoptions(options: dict[str, Any]) -> None:
    torch.set_printoptions(**options)
    ag.set_printoptions(**options)
    for name in (
        "number",
        "fractions",
        "less than 1e-4",
        "with inf",
        "matrix",
        "cube",
        "integer cube",
        "complex matrix",
        "zeros",
        "large matrix",
        "1001 elements",
        "large bools",
        "empty matrix",
    ):
        mine, theirs = pair(name, KINDS[np.asarray(ARRAYS[name]).dtype.kind][0])
        assert_same_text(mine, theirs)


def test_repr_follows_the_default_dtype() -> None:
    before = torch.get_default_dtype(), ag.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        ag.set_default_dtype(ag.float64)
        for name, dtype in TABLE:
            mine, theirs = pair(name, dtype)
            assert_same_text(mine, theirs)
    finally:
        torch.set_default_dtype(before[0])
        ag.set_default_dtype(before[1])


@pytest.mark.parametrize("values", [[1.0], list(normal(30)), [[1.0, 2.0]] * 3, [1e-9, 1.0], []], ids=len)
def test_repr_of_tensors_with_gradients(values: Any) -> None:
    for dtype in ("float32", "float64"):
        mine = ag.tensor(values, dtype=getattr(ag, dtype), requires_grad=True)
        theirs = torch.tensor(values, dtype=getattr(torch, dtype), requires_grad=True)
        assert_same_text(mine, theirs)
        assert_same_text(mine * 2, theirs * 2)
        assert_same_text(mine.detach(), theirs.detach())


# Calls that must give the same values, dtype and text, or an error of the same type.
SAME = """
tensor(1) tensor(1.5) tensor(True) tensor(1j) tensor([]) tensor([[],[]]) tensor([1,2.5,True]) tensor((1,2))
tensor(range(3)) tensor([[1,2],[3,4]]) tensor([1,1j]) tensor([True,2]) tensor([[1],[2.5]]) tensor(1e400)
tensor([nan,inf]) tensor(np.float64(1)) tensor([np.float64(1)]) tensor([np.float32(1),2.5])
tensor([np.float16(1),np.float32(2)]) tensor([np.int8(1),True]) tensor([np.int8(1),3])
tensor([np.bool_(True)]) tensor([1j,np.float64(1)]) tensor(np.ones((2,3))) tensor([np.array([1,2.]),[3,4]])
tensor(np.arange(6).reshape(2,3).T) tensor(bytearray(b"ab")) tensor(memoryview(b"ab"))
tensor([m.tensor(1),m.tensor(2.5)]) tensor([m.tensor([1]),m.tensor([3])])
tensor([m.tensor(1,dtype=m.float64),2.5]) tensor([m.ones(1,1),2.]) tensor([1.7,-1.7],dtype=m.int64)
tensor([-1],dtype=m.uint8) tensor([-255],dtype=m.uint8) tensor([1e40],dtype=m.float32)
tensor([1e6],dtype=m.float16) tensor([2,0,.5,nan],dtype=m.bool) tensor([1j],dtype=m.bool)
tensor([1+2j],dtype=m.complex128) tensor([2**63],dtype=m.float32) tensor(1.5,dtype=int)
tensor(1.5,dtype=float) tensor([1.00048828125],dtype=m.float16) tensor([1.1],dtype=m.bfloat16)
tensor([1],dtype=complex) tensor(np.array([300]),dtype=m.uint8) tensor([Fraction(1,2)],dtype=m.float32)
tensor([1.,2.],requires_grad=True) tensor(np.float64(2),requires_grad=True) tensor([[1,2],[3]])
tensor([[1,2],[3,4,5]]) tensor([[1,2],3]) tensor([1,[3]]) tensor([[1,2],[]]) tensor([[[1],[2]],[[3],[4,5]]])
tensor("a") tensor(["a"]) tensor([["a"]]) tensor(None) tensor([None]) tensor({1,2}) tensor({1:2})
tensor([1,{1}]) tensor(b"ab") tensor([m.tensor([1,2]),m.tensor([3,4])]) tensor([m.ones(2),m.ones(2)])
tensor([2**63]) tensor([300],dtype=m.uint8) tensor([-256],dtype=m.uint8) tensor([-1.5],dtype=m.uint8)
tensor([1e10],dtype=m.int32) tensor([nan],dtype=m.int64) tensor([inf],dtype=m.uint8)
tensor([1j],dtype=m.float32) tensor([None],dtype=m.float32) tensor([10**400],dtype=m.float64)
tensor([1,2],requires_grad=True) tensor(np.array(["a"])) tensor(np.array([1,None])) tensor([Fraction(1,2)])
tensor([1],3) tensor(np.array([1.,2.]).astype(">f4")) tensor([1],device="gpu") tensor() as_tensor([1,2])
as_tensor(m.tensor([1.,2.],requires_grad=True)) as_tensor(np.array([1,2]),dtype=m.float32)
as_tensor([m.tensor(1.)]) asarray(3) asarray(np.float32(3)) asarray([1.,2.]) asarray(np.ones(2),copy=False)
asarray(m.ones(2),requires_grad=True) asarray(bytearray(b"abcd")) asarray(bytearray(b"abcd"),dtype=m.int16)
asarray([1.,2.],copy=False) asarray("a") asarray(m.ones(2),dtype=m.float64,copy=False)
asarray(np.ones(2),dtype=m.float32,copy=False) asarray([1,2],requires_grad=True) from_numpy(np.arange(3))
from_numpy(np.float32(1)) from_numpy([1]) from_numpy(np.array(["a"])) from_dlpack(np.arange(3.))
frombuffer(bytearray(b"abcdefgh"),dtype=m.int16)
frombuffer(bytearray(b"abcdefgh"),dtype=m.int32,count=1,offset=4)
frombuffer(bytearray(b"abcdefg"),dtype=m.int32) frombuffer(bytearray(b"abcdefg"),dtype=m.int32,offset=9)
frombuffer(bytearray(b"abcdefg"),dtype=m.int32,count=9) frombuffer(bytearray(b""),dtype=m.int32)
frombuffer([1],dtype=m.int32) frombuffer(bytearray(b"abcdefgh"),dtype=m.int32,count=0)
frombuffer(bytearray(b"abcdefgh"),dtype=m.float32,requires_grad=True) zeros(()) zeros(2,3) zeros([2,3])
zeros(size=(2,)) zeros([]) zeros(np.int64(2),m.tensor(3)) zeros(m.tensor(2)) zeros(2,0) zeros(2,dtype=float)
zeros(2,dtype=complex) zeros(2,dtype=int) zeros(2,dtype=bool) zeros(2,dtype=None) zeros(2,device=None)
zeros(2,requires_grad=True) zeros(2,out=m.ones(3)) zeros(3,out=m.ones(3))
zeros(3,out=m.ones(3,dtype=m.int64)) zeros() zeros(2.5) zeros((2.5,)) zeros(-1) zeros(2,-1) zeros("a")
zeros(2,"a") zeros(True) zeros((2,(3,))) zeros((2,),3) zeros(None) zeros(size=2) zeros(2,size=(2,))
zeros(3,out=m.ones(3),dtype=m.int64) zeros(2,dtype=m.int64,requires_grad=True) zeros(2,foo=None)
zeros(3,out=m.ones(3,requires_grad=True)) zeros(2,device="foo") zeros(10**10,10**10)
zeros(2,pin_memory=True) ones(2,3) ones((2,),dtype=m.int8) empty(2,0) empty((0,),dtype=m.float16)
full((2,),3) full((2,),3.) full((2,),True) full((2,),1j) full((2,),m.tensor(3.)) full((2,),m.tensor(3))
full((2,),np.float64(3)) full((2,),np.int32(3)) full((2,),fill_value=3) full(size=(2,),fill_value=3)
full((2,),1.7,dtype=m.int32) full((2,),-1,dtype=m.uint8) full((1,),-255,dtype=m.uint8)
full((1,),1+0j,dtype=m.float32) full((1,),2,dtype=m.bool) full((1,),1j,dtype=m.bool) full((1,),inf)
full((2,),3,out=m.empty(2)) full((2,),3.5,out=m.empty(2,dtype=m.int64)) full(2,3) full((2,),"a")
full((2,),m.tensor([3])) full((2,),300,dtype=m.uint8) full((1,),-256,dtype=m.uint8)
full((1,),-1.5,dtype=m.uint8) full((1,),255.7,dtype=m.uint8) full((2,),1e40) full((2,),1e6,dtype=m.float16)
full((2,),1j,dtype=m.float32) full((2,),nan,dtype=m.int32) full((2,),2**63) full((1,),1e40j) arange(5)
arange(5.) arange(1,5) arange(1,5,.5) arange(start=1,end=5) arange(end=5) arange(5,1,-1) arange(0)
arange(3,3) arange(True) arange(.5,3.5,dtype=m.int64) arange(0,10,2.5,dtype=m.int64)
arange(0,10,2.5,dtype=m.int32) arange(0,1,.1) arange(0,1,.1,dtype=m.float64) arange(3,dtype=m.float16)
arange(3,dtype=m.bfloat16) arange(m.tensor(3)) arange(m.tensor(3.)) arange(np.float32(3))
arange(300,dtype=m.uint8) arange(2**53,2**53+3) arange(3,out=m.empty(3))
arange(3,out=m.empty(3,dtype=m.int32)) arange(3.,requires_grad=True) arange(-3,4,3) arange(5,1)
arange(1,5,-1) arange(1,5,0) arange(nan) arange(inf) arange(3,dtype=m.bool) arange(3,dtype=m.complex64)
arange("a") arange() arange(1j) arange(3,requires_grad=True) arange(1,2,3,4) linspace(0,1,5) linspace(0,1,1)
linspace(0,1,0) linspace(0,10,5,dtype=m.int64) linspace(0,9,5,dtype=m.int64) linspace(-5,9,5,dtype=m.int64)
linspace(0,1j,3) linspace(m.tensor(0.),m.tensor(2.),3) linspace(m.tensor(0.),2,3) linspace(0,1,steps=3)
linspace(start=0,end=1,steps=3) linspace(.5,9.9,5,dtype=m.int64) linspace(0,1,m.tensor(3))
linspace(0,1,3,out=m.empty(0,dtype=m.float64)) linspace(0,1,7,dtype=m.float64) linspace(0,1,-1)
linspace(0,1) linspace(m.ones(2),2,3) linspace(0,1,2.5) linspace(0,1,3,dtype=m.bool)
linspace(0,1j,3,dtype=m.float32) linspace("a",1,3)
linspace(0,1,3,out=m.empty(0,dtype=m.float64),dtype=m.float32) logspace(0,2,3) logspace(0,2,3,2)
logspace(0,2,3,base=2.) logspace(0,2,0) logspace(0,2,1) logspace(0,2,3,dtype=m.int64) logspace(0,2j,3)
logspace(.5,2,3,dtype=m.int64) logspace(0,2,3,base=-2) logspace(m.tensor(0.),2,3) logspace(0,2,-1)
logspace(0,2,3,dtype=m.bool) logspace(0,2,3,base=2j) eye(2) eye(2,3) eye(3,2) eye(2,0) eye(0) eye(n=2,m=3)
eye(2,dtype=m.bool) eye(np.int64(2)) eye(m.tensor(2)) eye(3,out=m.empty(0)) eye(-1) eye(2,-1) eye(2.5)
eye((2,)) eye(True) zeros_like(m.ones(2,requires_grad=True))
zeros_like(m.ones(2),requires_grad=True,dtype=m.float64) zeros_like(input=m.ones(2))
ones_like(m.zeros(2,dtype=m.int8)) ones_like(m.zeros(2,3).t()) full_like(m.ones(2,dtype=m.int8),2.5)
full_like(m.ones(2),7,dtype=m.int64) full_like(m.ones(2,dtype=m.int8),m.tensor(3))
full_like(m.ones(2,dtype=m.int8),300) full_like(m.ones(2)) zeros_like([1])
zeros_like(m.ones(2,3).t()).stride() ones_like(m.ones(2,3,4).permute(2,0,1)).stride()
empty_like(m.ones(1).expand(3)).stride() full_like(m.ones(4,6)[::2,::2],1).stride()
zeros_like(m.ones(2,3,4).permute(2,0,1)).is_contiguous() ones(2).new_tensor([1,2])
ones(2).new_tensor([1.5,2],dtype=m.int32) ones(2,dtype=m.int32).new_tensor([1.5,2])
ones(2).new_tensor(np.ones(3)) ones(2).new_tensor([1j]) ones(2).new_zeros(2,3)
ones(2).new_zeros((2,3),dtype=m.int8) ones(2).new_full((2,),3) ones(2).new_empty(2,0) ones(2).new_ones([2])
ones(2).new_ones(size=(3,)) ones(2).new_full((2,),3,requires_grad=True)
ones(2).new_full(size=(1,),fill_value=1) ones(2,dtype=m.int32).new_full((1,),1.5) ones(2).new_zeros()
ones(2).new_full(2,1) ones(2).new_tensor([1,2],requires_grad=True) scalar_tensor(3)
scalar_tensor(3,dtype=m.int64) scalar_tensor(m.tensor(2)) scalar_tensor(3,requires_grad=True)
scalar_tensor("a") scalar_tensor(1j) is_tensor(3) is_tensor(m.ones(1)) is_floating_point(3)
is_floating_point(m.ones(2)) is_complex(m.ones(2)) is_complex(m.tensor(1j)) is_nonzero(m.tensor([]))
is_nonzero(m.tensor([1,2])) is_nonzero(m.tensor([1])) is_nonzero(m.tensor(0.)) numel(m.ones(2,3)) numel(3)
result_type(m.ones(2),3) result_type(3,3.) result_type(m.ones(2,dtype=m.int8),m.ones(2,dtype=m.uint8))
result_type(3,"a") result_type(3) tensor([True,False]).numpy() tensor([1.],requires_grad=True).numpy()
tensor([1.],requires_grad=True).numpy(force=True) tensor([1.,2,3]).item() tensor([]).item()
tensor([[2.5]]).item() tensor([[2,3]]).tolist() tensor(2.5).tolist() tensor([1.1],dtype=m.bfloat16).tolist()
tensor([1.1],dtype=m.float16).tolist() tensor([1j]).item() tensor(True).item()
tensor([1.1],dtype=m.bfloat16).item() ones(2,requires_grad=True).__dlpack__() ones(2).__dlpack_device__()[1]
get_default_device() set_default_device("foo")
"""
# Where ours says the same in other words: what Python itself says, or names that we do not have.
OTHER_WORDS = {
    "tensor([1,[3]])",
    "tensor()",
    'tensor([1],device="gpu")',
    "tensor([None],dtype=m.float32)",
    "tensor(np.array([1,None]))",
    "tensor([Fraction(1,2)])",
    'tensor(np.array(["a"]))',
    'from_numpy(np.array(["a"]))',
    'zeros(2,device="foo")',
    "zeros((2,(3,)))",
    "zeros(2,pin_memory=True)",
    "arange()",
    "arange(1j)",
    "arange(1,2,3,4)",
    "linspace(0,1)",
    "linspace(0,1,2.5)",
    "linspace(0,1j,3,dtype=m.float32)",
    'linspace("a",1,3)',
    "logspace(0,2,3,base=2j)",
    "full_like(m.ones(2))",
    'result_type(3,"a")',
    "result_type(3)",
    'set_default_device("foo")',
}
C_NAMES = {
    "c10::complex<float>": "complex64",
    "c10::Half": "float16",
    "uint8_t": "uint8",
    "int8_t": "int8",
    "int64_t": "int64",
    "type float ": "type float32 ",
    "type int ": "type int32 ",
}


def outcome(call: str, module: Any) -> tuple[Any, ...]:
    from fractions import Fraction

    names = {"m": module, "np": np, "inf": inf, "nan": nan, "Fraction": Fraction}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what PyTorch warns of, we test ourselves
        try:
            result = eval(f"m.{call}", names)
        except Exception as error:
            text = str(error).split("\n")[0].removesuffix(".").replace("torch.", "ag.").replace("aten::", "")
            for theirs, ours in C_NAMES.items():
                text = text.replace(theirs, ours)
            return type(error).__name__, text
    return (
        re.sub(r"\btorch\.", "ag.", repr(result)),
        str(getattr(result, "shape", "")).replace("torch.", "ag."),
        None,
    )


@pytest.mark.parametrize("call", SAME.split())
def test_same_outcome(call: str) -> None:
    mine, theirs = outcome(call, ag), outcome(call, torch)
    if len(theirs) == 2:
        assert mine[0] == theirs[0], (mine, theirs)
        if call not in OTHER_WORDS:
            assert theirs[1] in mine[1]
    else:
        assert mine == theirs
