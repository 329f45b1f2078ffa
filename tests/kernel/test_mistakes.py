"""What users get wrong when they write a kernel, and what they are told: without a GPU wherever that is possible."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import autograd_gpu as ag
from tests.kernel.kernels_of_users import ROWS, both, fused, monomial, silu, softplus

COPY = "template <typename T> __global__ void copy(const T *x, T *y, long long n) { }"


def identity(x: Any) -> Any:
    return x + 0


# -- when it is defined ------------------------------------------------------------------------------------

FORMULAS = {
    "y = x > 0 ? x : 0": r"write `a if condition else b` for `condition \? a : b`",
    "x * x": "expected assignments like `y = x \\* x`, got 'x \\* x'",
    "y = foo(x)": "there is no function foo; a formula is made of names, numbers",
    "y = x.shape": "'x.shape' is not allowed",
    "y = exp(x, 2)": "exp takes 1 operands",
    "y = exp * x": "exp is a function",
    "y = x % 2": "'x % 2' is not allowed",
    "y = 0 < x < 1": "is not allowed",
    "y = x > 0": "y is a truth value.*`1 if x > 0 else 0`",
    "y = 1 + 2": "has no inputs",
    "y = y + x; z = y": "y is used before it is assigned",
    "": "there is no assignment",
    "y, z = x, x": "expected assignments",
    "y = 'a' * x": "is not allowed",
    "y = [x for x in range(3)]": "is not allowed",
    "y = __import__('os')": "there is no function __import__",
}


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=FORMULAS[text]):
        ag.kernel(text)


GRADIENTS = {
    "g = 2 * y_grad": r"backward of formula: none of x_grad is assigned",
    "x_grad = 2 * x": "a gradient is a multiple of y_grad",
    "x_grad = y_grad * z": "z is not known; there are x, y, y_grad",
    "x_grad = y_grad ? 1 : 0": "invalid syntax",
}


@pytest.mark.parametrize("text", GRADIENTS)
def test_derivatives_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=GRADIENTS[text]):
        ag.kernel("y = x * x", backward=text)


def test_outputs_that_are_not_assigned() -> None:
    with pytest.raises(ValueError, match="the output z is not assigned"):
        ag.kernel("y = x * x", outputs=("y", "z"))


def test_options_that_formulas_do_not_have() -> None:
    with pytest.raises(TypeError, match="leave out reference, grid"):
        ag.kernel("y = x", identity, grid=1)
    with pytest.raises(TypeError, match="outputs= is for formulas"):
        ag.kernel(COPY, identity, outputs=("y",))
    with pytest.raises(ValueError, match="is to be an identifier"):
        ag.kernel("y = x", name="my kernel")
    with pytest.raises(TypeError, match="'backward' must be a formula or a function, not int"):
        ag.kernel("y = x", backward=3)  # type: ignore[arg-type]


TEXTS = {
    "template <typename T> __global__ void f(const T *x, T y) {}": "fills nothing",
    "template <typename T> __global__ void f(const T *x, const T *z, T *y) {}": "reads z .*none of the inputs",
    "template <typename T> __global__ void f(T *x, T *y) {}": "could write into x .*declare what it reads as const",
    "template <typename T> __global__ void f(const T *x, T *y, int rows) {}": "has a number rows, and nothing says what it is",
    "template <typename T> __global__ void f(const T *x, float4 *y) {}": "arrays of type 'float4'",
    "template <typename T> __global__ void f(const T *x, T *y, long k) {}": "say int or long long",
    "template <typename T> __global__ void f(const T *x, T **y) {}": "cannot read the parameter",
    "template <int K, typename T> __global__ void f(const T *x, T *y) {}": "types of a template come before its numbers",
    "template <template<class> class C> __global__ void f(const float *x, float *y) {}": "neither `typename NAME` nor",
    "__global__ int f;": "there is no __global__ function",
}


@pytest.mark.parametrize("text", TEXTS)
def test_texts_that_do_not_fit_the_reference(text: str) -> None:
    with pytest.raises((TypeError, ValueError), match=TEXTS[text]):
        ag.kernel(text, identity)


def test_references_that_cannot_be() -> None:
    for reference, said in (
        (lambda *x: x, "a fixed number of them"),
        (lambda: 0, "at least one"),
        (lambda x, beta=1.0: x, "an optional tensor has the default None"),
    ):
        with pytest.raises(TypeError, match=said):
            ag.kernel(COPY, reference)
    with pytest.raises(TypeError, match="the reference is missing: decorate"):
        ag.kernel(COPY)(ag.ones(3))
    with pytest.raises(TypeError, match="the reference is missing"):
        ag.kernel(COPY)(ag.ones(3), ag.ones(3))
    with pytest.raises(TypeError, match="'source' must be a text or a path, not int"):
        ag.kernel(3, identity)  # type: ignore[arg-type]
    assert "without a reference" in repr(ag.kernel(COPY))


def test_several_kernels_in_a_text() -> None:
    text = COPY + COPY.replace("copy", "other")
    with pytest.raises(
        ValueError, match=r"several __global__ functions \(copy, other\), and none is called identity"
    ):
        ag.kernel(text, identity)
    assert ag.kernel(text, identity, name="other")(ag.ones(2)).tolist() == [1.0, 1.0]


def test_backwards_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="backward='nothing' is no __global__ function of the source"):
        ag.kernel(COPY, identity, backward="nothing")
    with pytest.raises(TypeError, match="computes no gradient: none of its arrays is called x_grad"):
        ag.kernel(
            COPY, identity, backward="template <typename T> __global__ void b(const T *x, const T *y_grad) {}"
        )
    with pytest.raises(TypeError, match="has an array z, which is none of the inputs, outputs and gradients"):
        ag.kernel(
            COPY, identity, backward="__global__ void b(const float *y_grad, float *x_grad, float *z) {}"
        )
    with pytest.raises(TypeError, match="backward asks for w; there are x, y, y_grad"):
        ag.kernel(COPY, identity, backward=lambda w, y_grad: y_grad)
    with pytest.raises(TypeError, match="'backward' must be a text or a function, not int"):
        ag.kernel(COPY, identity, backward=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="backward_launch takes grid, block and shared, not threads"):
        ag.kernel(COPY, identity, backward_launch={"threads": 3})
    with pytest.raises(ValueError, match="the text of backward has 2 __global__ functions"):
        ag.kernel(COPY, identity, backward=ROWS)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere.cu"):
        ag.kernel(tmp_path / "nowhere.cu", identity)
    with pytest.raises(FileNotFoundError, match="nowhere.cu"):
        ag.kernel("nowhere.cu", identity)


# -- when it is called -------------------------------------------------------------------------------------


def test_wrong_arguments() -> None:
    x = ag.ones(3)
    with pytest.raises(
        TypeError, match=r"softplus\(x, \*, beta=1.0\): too many positional arguments; 2 were given"
    ):
        softplus(x, x)
    with pytest.raises(TypeError, match="missing a required argument: 'b'"):
        fused(x, x)
    with pytest.raises(TypeError, match="unexpected keyword argument 'gamma'"):
        softplus(x, gamma=1)
    with pytest.raises(TypeError, match="missing a required.* argument: 'degree'"):
        monomial(x)
    with pytest.raises(
        TypeError, match="the parameter beta is keyword-only in the reference, so it is a number"
    ):
        softplus(x, beta=x)
    with pytest.raises(TypeError, match="must be Tensor, not list"):
        softplus([1.0])
    with pytest.raises(TypeError, match="must be Tensor, not float"):
        softplus(1.0)
    with pytest.raises(TypeError, match="silu is a formula for floating tensors, got complex64"):
        silu(ag.ones(2, dtype=ag.complex64))
    with pytest.raises(RuntimeError, match=r"broadcast|must match the size") as caught:
        fused(x, ag.ones(2), x)
    assert "fused(a: float32[3], x: float32[2], b: float32[3])" in str(caught.value)
    assert "fused(x, ag.ones(2), x)" in str(caught.value)  # the user's line


def test_dtypes_are_the_kernels_on_the_cpu_too() -> None:
    rows = ag.kernel(ROWS, lambda x, s: x * s.unsqueeze(1), name="scale_rows")
    with pytest.raises(
        TypeError, match="s is float64 and x is float32, and the kernel scale_rows declares both with"
    ):
        rows(ag.ones(2, 3), ag.ones(2, dtype=ag.float64))


def test_a_reference_that_disagrees_with_the_declaration() -> None:
    for reference, said in (
        (
            lambda x: x[1:],
            r"fills y of shape \[3\], and the reference returns shape \[2\]: say shape=lambda x",
        ),
        (lambda x: x.to(ag.float64), "fills y of dtype float32, and the reference returns float64"),
        (lambda x: (x, x), r"returned 2 tensors, and the kernel fills 1 \(y\)"),
        (lambda x: 3.0, "returned float, not a tensor"),
    ):
        with pytest.raises((RuntimeError, TypeError), match=said):
            ag.kernel(COPY, reference)(ag.ones(3))


def test_shapes_that_are_none() -> None:
    for shape, said in (
        (lambda x: x, "is to be ints"),
        (lambda q: q, "asks for q; there are x"),
        (-1, "has a negative size"),
        ("w", "which is not given"),
    ):
        with pytest.raises((TypeError, ValueError, RuntimeError), match=said):
            ag.kernel(COPY, identity, shape=shape)(ag.ones(3))
    with pytest.raises(TypeError, match="does not fill z: it fills y"):
        ag.kernel(COPY, identity, shape={"z": 1})


def test_a_template_type_that_no_input_has() -> None:
    text = "template <typename T, typename U> __global__ void f(const T *x, U *y, long long n) { }"
    with pytest.raises(
        TypeError, match="is a template of U, and no array that it is given has that type: say the dtype"
    ):
        ag.kernel(text, identity)(ag.ones(3))
    assert ag.kernel(text, lambda x: x.to(ag.float64), dtype=ag.float64)(ag.ones(3)).dtype is ag.float64


def test_derivatives_that_are_wrong_in_kind() -> None:
    x = ag.ones(3, requires_grad=True)
    for backward, error, said in (
        (lambda x, y_grad: (y_grad, y_grad), RuntimeError, "returned 2 gradients for 1 inputs"),
        (lambda x, y_grad: 3.0, TypeError, "returned float as the gradient of x"),
        (lambda x, y_grad: None, NotImplementedError, "the derivative for x is wanted"),
    ):
        y = ag.kernel("y = x * x", backward=backward)(x)
        with pytest.raises(error, match=said) as caught:
            y.sum().backward()
        assert "made at" in "".join(caught.value.__notes__)
    partly = ag.kernel("y = a * x", backward="a_grad = x * y_grad")
    partly(ag.ones(3), x.detach()).sum()
    with pytest.raises(NotImplementedError, match="the derivative for x is wanted"):
        partly(ag.ones(3), x).sum().backward()


# -- what the compiler says --------------------------------------------------------------------------------

WRONG = """
template <typename T>
__global__ void wrong(const T *x, T *y, long long n) {
    long long i = thread_index();
    if (i < n) y[i] = no_such_thing(x[i]);
}"""


@pytest.mark.gpu
def test_compile_errors_name_the_users_line() -> None:
    wrong = ag.kernel(WRONG, identity)
    with pytest.raises(RuntimeError, match='identifier "no_such_thing" is undefined') as caught:
        wrong(ag.ones(3, device="cuda"))
    message = str(caught.value)
    lines = Path(__file__).read_text().splitlines()
    number = next(k for k, line in enumerate(lines, 1) if "no_such_thing(x[i])" in line)
    assert f"test_mistakes.py({number}): error" in message
    assert "wrong<float> does not compile" in message
    assert "if (i < n) y[i] = no_such_thing(x[i]);" in message


@pytest.mark.gpu
def test_compile_errors_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "wrong.cu"
    path.write_text(WRONG)
    with pytest.raises(RuntimeError, match=re.escape(f"{path}(5): error")):
        ag.kernel(path, identity)(ag.ones(3, device="cuda"))


@pytest.mark.gpu
def test_launches_that_cannot_be() -> None:
    x = ag.ones(3, device="cuda")
    number = "template <typename T> __global__ void f(const T *x, T *y, int k) { }"
    for options, said in (
        ({"block": 2048}, "a block of 2048 threads; a block has 1 to 1024"),
        ({"block": 0}, "a block of 0 threads"),
        ({"grid": (1, 70000)}, "a grid of .* blocks; the largest is"),
        ({"grid": 0}, "launches nothing, and there are elements to compute"),
        ({"grid": 1.5}, "grid is an int or a tuple of one to three ints"),
        ({"shared": 10**6}, "the card refuses to launch .* with 1000000 bytes of dynamic shared memory"),
    ):
        with pytest.raises((RuntimeError, TypeError), match=said):
            ag.kernel(COPY, identity, **options)(x)
    for value, said in (
        (
            2**31,
            r"k = 2147483648 does not fit the type it is declared with \(int32\): declare it as long long",
        ),
        (0.5, "the parameter k is declared as an integer"),
        ("many", "the parameter k is declared as an integer"),
    ):
        with pytest.raises((OverflowError, TypeError), match=said):
            ag.kernel(number, identity, scalars={"k": value})(x)
    with pytest.raises(RuntimeError, match="x_shape_3 asks for axis 3 of x, which has shape"):
        ag.kernel(number.replace("int k", "int x_shape_3"), identity)(x)


def test_results_of_several_keep_their_names() -> None:
    assert both.outputs == ("c", "s")
