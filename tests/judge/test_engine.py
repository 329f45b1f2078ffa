"""The same program through both libraries: the same values, or the same exception with the same first words."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the judge here")

import autograd_gpu as ag  # noqa: E402 - after the check for PyTorch

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


def leaf(L: Any, *shape: int, start: float = 1.0) -> Any:
    count = int(np.prod(shape)) if shape else 1
    return (L.arange(count, dtype=L.float64).reshape(shape) * 0.25 + start).requires_grad_()


@program
def reuse_in_a_product(L: Any) -> Any:
    x = leaf(L, 3)
    y = x * x
    (y * y * x).sum().backward()
    return x.grad


@program
def accumulation(L: Any) -> Any:
    x = leaf(L, 3)
    for _ in range(3):
        (x * x).sum().backward()
    return x.grad


@program
def gradient_argument(L: Any) -> Any:
    x = leaf(L, 2, 2)
    (x.exp()).backward(L.ones(2, 2, dtype=L.float64) * 2)
    return x.grad


@program
def non_scalar(L: Any) -> Any:
    (leaf(L, 3) * 2).backward()


@program
def twice(L: Any) -> Any:
    y = (leaf(L, 3) * leaf(L, 3)).sum()
    y.backward()
    y.backward()


@program
def twice_without_kept_arrays(L: Any) -> Any:
    x = leaf(L, 3)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    return x.grad


@program
def no_graph(L: Any) -> Any:
    L.ones(1).backward()


@program
def integer_leaf(L: Any) -> Any:
    L.tensor([1, 2], requires_grad=True)


@program
def leaf_in_place(L: Any) -> Any:
    leaf(L, 3).add_(1)


@program
def view_of_leaf_in_place(L: Any) -> Any:
    leaf(L, 3)[1:].mul_(2)


@program
def leaf_in_place_under_no_grad(L: Any) -> Any:
    x = leaf(L, 3)
    with L.no_grad():
        x.mul_(2)
    (x * x).sum().backward()
    return x, x.grad, x.requires_grad


@program
def kept_array_changed(L: Any) -> Any:
    y = leaf(L, 3).exp()
    y.mul_(2)
    y.sum().backward()


@program
def kept_input_changed(L: Any) -> Any:
    x = leaf(L, 3)
    y = x * 1
    z = y * y
    y.add_(1)
    z.sum().backward()


@program
def kept_view_changed_through_base(L: Any) -> Any:
    x = leaf(L, 4)
    base = x * 1
    z = base[:2].exp().sin()
    w = base[2:] * base[2:]
    base.add_(1)
    (z.sum() + w.sum()).backward()


@program
def in_place_chain(L: Any) -> Any:
    x = leaf(L, 3)
    y = x * 2
    y.mul_(x).add_(1)
    y[0] = 5.0
    y[1:].sigmoid_()
    y.sum().backward()
    return x.grad, y, y._version


@program
def base_after_view_write(L: Any) -> Any:
    x = leaf(L, 2, 3)
    base = x * 1
    base.t()[1].mul_(L.tensor([2.0, 3.0], dtype=L.float64))
    base.view(-1)[0:2].exp_()
    (base * base).sum().backward()
    return base, x.grad, base.grad_fn.name()


@program
def view_after_base_write(L: Any) -> Any:
    x = leaf(L, 2, 3)
    base = x * 1
    view = base[0]
    deeper = view[1:]
    base.mul_(3)
    (view * view).sum().backward(retain_graph=True)
    first = x.grad.clone()
    deeper.sum().backward()
    return first, x.grad, view._base is base, deeper._base is base


@program
def buffer_filled_by_steps(L: Any) -> Any:
    w = leaf(L, 3)
    buffer = L.zeros(4, 3, dtype=L.float64)
    state = w
    for t in range(4):
        state = (state * w).tanh()
        buffer[t] = state
    (buffer * buffer).sum().backward()
    return w.grad, buffer.requires_grad


@program
def index_put_with_tensor_index(L: Any) -> Any:
    x, v = leaf(L, 5), leaf(L, 3, start=4.0)
    y = x * 1
    y[L.tensor([0, 2, 4])] = v * v
    (y * L.arange(5, dtype=L.float64)).sum().backward()
    return x.grad, v.grad


@program
def mask_assignment(L: Any) -> Any:
    x = leaf(L, 4)
    y = x * 2
    y[y > 3] = 0.0
    y.sum().backward()
    return x.grad


@program
def no_grad_view(L: Any) -> Any:
    y = leaf(L, 4) * 1
    with L.no_grad():
        v = y[:2]
    v.add_(1)


@program
def one_of_several_views(L: Any) -> Any:
    a, _ = (leaf(L, 4) * 1).split(2)
    a.mul_(2)


@program
def unbound_view(L: Any) -> Any:
    a, *_ = (leaf(L, 2, 2) * 1).unbind()
    a.mul_(2)


@program
def one_of_several_views_after_the_base(L: Any) -> Any:
    base = leaf(L, 4) * 1
    part = base.split(2)[1]
    base.mul_(2)
    part * 2


@program
def expanded(L: Any) -> Any:
    L.zeros(1).expand(3).add_(1)


@program
def detach_shares_memory(L: Any) -> Any:
    x = leaf(L, 3)
    y = x * 2
    d = y.detach()
    d.zero_()
    return y, d.requires_grad, d.is_leaf, y._version, d._version


@program
def detached_kept_output(L: Any) -> Any:
    y = leaf(L, 3).exp()
    y.detach().zero_()
    y.sum().backward()


@program
def data_attribute(L: Any) -> Any:
    x = leaf(L, 3)
    y = x * x
    x.data.mul_(10)
    y.sum().backward()
    return x.grad, x._version


@program
def hooks_in_order(L: Any) -> Any:
    x = leaf(L, 2)
    seen: list[Any] = []
    y = x * 3
    y.register_hook(lambda g: seen.append(("first", g.tolist())))
    y.register_hook(lambda g: g * 2)
    y.retain_grad()
    y.register_hook(lambda g: seen.append(("last", g.tolist())))
    x.register_hook(lambda g: g + 1)
    y.sum().backward()
    return seen, y.grad, x.grad


@program
def hook_before_in_place(L: Any) -> Any:
    x = leaf(L, 2)
    y = x * 3
    seen: list[Any] = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.mul_(5)
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.sum().backward()
    return seen, x.grad


@program
def post_accumulate(L: Any) -> Any:
    x = leaf(L, 2)
    seen: list[Any] = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.tolist()))
    (x * x).sum().backward()
    (x * x).sum().backward()
    return seen


@program
def hook_on_no_grad(L: Any) -> Any:
    L.ones(2).register_hook(lambda g: g)


@program
def hook_changes_shape(L: Any) -> Any:
    y = leaf(L, 2) * 2
    y.register_hook(lambda g: g.sum())
    y.sum().backward()


@program
def retain_grad_in_place(L: Any) -> Any:
    y = leaf(L, 2) * 2
    y.retain_grad()
    y.mul_(3)
    (y * y).sum().backward()
    return y.grad, y.retains_grad


@program
def retain_grad_without_grad(L: Any) -> Any:
    L.ones(2).retain_grad()


@program
def grad_of_middle_and_leaf(L: Any) -> Any:
    x = leaf(L, 3)
    y = x * x
    z = (y * y).sum()
    return L.autograd.grad(z, (y, x)), x.grad


@program
def grad_unused(L: Any) -> Any:
    x, u = leaf(L, 2), leaf(L, 2)
    L.autograd.grad((x * x).sum(), (x, u))


@program
def grad_allow_unused(L: Any) -> Any:
    x, u = leaf(L, 2), leaf(L, 2)
    return L.autograd.grad((x * x).sum(), (x, u), allow_unused=True)


@program
def grad_materialized(L: Any) -> Any:
    x, u = leaf(L, 2), leaf(L, 2)
    return L.autograd.grad((x * x).sum(), (x, u), materialize_grads=True)


@program
def grad_wrong_count(L: Any) -> Any:
    x = leaf(L, 2)
    L.autograd.grad((x * x, x * 2), x, (L.ones(2, dtype=L.float64),))


@program
def grad_wrong_shape(L: Any) -> Any:
    x = leaf(L, 2)
    L.autograd.grad(x * x, x, L.ones(3, dtype=L.float64))


@program
def grad_of_no_grad_input(L: Any) -> Any:
    x = leaf(L, 2)
    L.autograd.grad((x * x).sum(), L.ones(2))


@program
def several_roots(L: Any) -> Any:
    x = leaf(L, 2)
    y = x * x
    L.autograd.backward([y.sum(), (y * 3).sum()])
    return x.grad


@program
def batched(L: Any) -> Any:
    x = leaf(L, 3)
    return L.autograd.grad(x * x * x, x, L.eye(3, dtype=L.float64), is_grads_batched=True)


@program
def backward_inputs(L: Any) -> Any:
    x, w = leaf(L, 2), leaf(L, 2, start=2.0)
    (x * w * w).sum().backward(inputs=[w])
    return x.grad, w.grad


@program
def third_order(L: Any) -> Any:
    x = leaf(L, 3)
    y = (x**4 * x.sin()).sum()
    for _ in range(3):
        (g,) = L.autograd.grad(y, x, create_graph=True)
        y = g.sum()
    return g


@program
def create_graph_into_grad(L: Any) -> Any:
    x = leaf(L, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (x**3).sum().backward(create_graph=True)
    return x.grad.requires_grad, L.autograd.grad(x.grad.sum(), x)


@program
def hessian_vector_product(L: Any) -> Any:
    x = leaf(L, 4)
    f = (x.tanh() * x.roll(1)).sum()
    (g,) = L.autograd.grad(f, x, create_graph=True)
    return L.autograd.grad(g, x, L.arange(4, dtype=L.float64))


@program
def freezing(L: Any) -> Any:
    x, w = leaf(L, 2), leaf(L, 2)
    w.requires_grad_(False)
    (x * w).sum().backward()
    w.requires_grad_(True)
    (x * w).sum().backward()
    return x.grad, w.grad


@program
def unfreezing_a_computed_tensor(L: Any) -> Any:
    (leaf(L, 2) * 2).requires_grad_(False)


@program
def names(L: Any) -> Any:
    x, w = leaf(L, 3), leaf(L, 3)
    made = [
        x + w, x - w, x * w, x / w, x**2, -x, x.exp(), x.log(), x.sin(), x.tanh(), x.sigmoid(), x.relu(), x.sum(), x.mean(),
        x.clone(), x.view(3, 1), x.reshape(1, 3).t(), x[0], x[1:], x.unsqueeze(0), x.expand(2, 3), x.softmax(0), x.abs(),
        x.max(), x.prod(), x.var(), x.std(), x.cumsum(0), x.sqrt(), x.clamp(0, 1), L.cat([x, w]), L.stack([x, w]),
        x.view(1, 3) @ w.view(3, 1), x.unbind()[1], x.split(2)[0], x.index_select(0, L.tensor([0])), x.flip(0),
        x.log_softmax(0), x.norm(), x.squeeze(), x.permute(0), x.view(3, 1).transpose(0, 1), x.float(),
    ]  # fmt: skip
    return [t.grad_fn.name() for t in made]


@program
def next_functions(L: Any) -> Any:
    x = leaf(L, 3)
    node = (x.exp() * x + L.ones(3, dtype=L.float64)).grad_fn
    inner = node.next_functions[0][0]
    return (
        [None if f is None else f.name() for f, _ in node.next_functions],
        [f.name() for f, _ in inner.next_functions],
        inner.next_functions[1][0].variable is x,
    )


@program
def leaves_and_numbers(L: Any) -> Any:
    x = leaf(L, 4)
    y = x * 1
    a, b = y.split(2)
    return (
        x.is_leaf,
        y.is_leaf,
        y.detach().is_leaf,
        L.ones(1).is_leaf,
        a.output_nr,
        b.output_nr,
        x.grad_fn is None,
    )


@program
def grad_assignment(L: Any) -> Any:
    x = leaf(L, 2)
    x.grad = L.ones(2, dtype=L.float64)
    (x * x).sum().backward()
    return x.grad


@program
def grad_assignment_of_wrong_shape(L: Any) -> Any:
    leaf(L, 2).grad = L.ones(3, dtype=L.float64)


@program
def grad_assignment_of_wrong_dtype(L: Any) -> Any:
    leaf(L, 2).grad = L.ones(2)


@program
def deepcopy_of_a_leaf(L: Any) -> Any:
    x = leaf(L, 2)
    (x * x).sum().backward()
    y = copy.deepcopy(x)
    return y, y.grad, y.requires_grad, y.grad is not x.grad


@program
def deepcopy_of_a_computed_tensor(L: Any) -> Any:
    copy.deepcopy(leaf(L, 2) * 2)


@program
def numpy_of_a_recorded_tensor(L: Any) -> Any:
    leaf(L, 2).numpy()


@program
def truth_of_several(L: Any) -> Any:
    bool(L.ones(2))


@program
def broadcast_error(L: Any) -> Any:
    L.ones(2, 3) + L.ones(4)


@program
def in_place_broadcast_error(L: Any) -> Any:
    L.ones(3).add_(L.ones(2, 3))


@program
def in_place_dtype_error(L: Any) -> Any:
    L.ones(3, dtype=L.int64).mul_(1.5)


@program
def matmul_error(L: Any) -> Any:
    L.ones(2, 3) @ L.ones(4, 5)


@program
def index_error(L: Any) -> Any:
    L.ones(3)[5]


@program
def float_index(L: Any) -> Any:
    L.ones(3)[L.tensor([0.5])]


@program
def label_out_of_range(L: Any) -> Any:
    L.nn.functional.cross_entropy(L.zeros(2, 3), L.tensor([0, 3]))


@program
def embedding_out_of_range(L: Any) -> Any:
    L.nn.functional.embedding(L.tensor([5]), L.zeros(3, 2))


@program
def zero_size(L: Any) -> Any:
    x = L.zeros(0, 3, dtype=L.float64, requires_grad=True)
    w = leaf(L, 3, 2)
    ((x @ w).exp().sum() + w.sum()).backward()
    return x.grad.shape[0], w.grad, (x @ w).mean()


@program
def mixed_dtypes(L: Any) -> Any:
    x = leaf(L, 3)
    f = L.ones(3, requires_grad=True)
    i = L.arange(3)
    y = x * f * i + 2
    y.sum().backward()
    return str(y.dtype)[-7:], str(f.grad.dtype)[-7:], x.grad, f.grad


@program
def complex_gradients(L: Any) -> Any:
    z = L.tensor([1 + 2j, 3 - 1j], dtype=L.complex128, requires_grad=True)
    w = (z * z.exp() / (z + 1)).abs().sum()
    w.backward()
    return z.grad


@program
def real_to_complex_and_back(L: Any) -> Any:
    x = leaf(L, 3)
    y = (x * (1 + 2j)).sin()
    (y.real * y.imag).sum().backward()
    return x.grad


@program
def state_after_failure(L: Any) -> Any:
    x = leaf(L, 2)
    y = x * x

    def refuse(g: Any) -> None:
        raise ValueError("no")

    y.register_hook(refuse)
    with pytest.raises(ValueError, match="no"):
        y.sum().backward()
    (x * 3).sum().backward()
    return x.grad, L.is_grad_enabled()


@program
def max_ties(L: Any) -> Any:
    x = L.tensor([1.0, 3.0, 3.0], requires_grad=True)
    L.autograd.backward([x.max(), x.amax(), x.max(dim=0).values, L.maximum(x, L.tensor(3.0)).sum()])
    return x.grad


@program
def where_and_clamp_at_the_edge(L: Any) -> Any:
    x = L.tensor([-1.0, 0.0, 1.0, 2.0], requires_grad=True)
    (x.clamp(0.0, 1.0) + x.relu() + L.where(x > 0, x * x, -x) + x.abs()).sum().backward()
    return x.grad


@program
def prod_with_zeros(L: Any) -> Any:
    x = L.tensor([[1.0, 0.0, 3.0], [0.0, 0.0, 2.0]], requires_grad=True)
    x.prod(dim=1).sum().backward()
    return x.grad


@program
def no_grad_decorator_and_modes(L: Any) -> Any:
    x = leaf(L, 2)

    @L.no_grad()
    def f() -> Any:
        return x * 2

    with L.no_grad():
        with L.enable_grad():
            inner = (x * 2).requires_grad
        outer = (x * 2).requires_grad
    with L.set_grad_enabled(False):
        third = (x * 2).requires_grad
    return f().requires_grad, inner, outer, third, L.is_grad_enabled()


@program
def inference_tensors(L: Any) -> Any:
    w = leaf(L, 2)
    with L.inference_mode():
        x = L.ones(2, dtype=L.float64)
        y = w * 2
        x.add_(1)
        with L.inference_mode(False):
            z = w * 2
        v = x[0]
    return (
        x,
        x.is_inference(),
        y.is_inference(),
        y.requires_grad,
        z.requires_grad,
        z.is_inference(),
        v.is_inference(),
        x + 1,
    )


@program
def inference_tensor_kept(L: Any) -> Any:
    with L.inference_mode():
        x = L.ones(2, dtype=L.float64)
    (x * leaf(L, 2)).sum().backward()


@program
def inference_tensor_not_kept(L: Any) -> Any:
    with L.inference_mode():
        x = L.ones(2, dtype=L.float64)
    w = leaf(L, 2)
    (x + w).sum().backward()
    return w.grad, (x + w).is_inference(), x.clone().is_inference()


@program
def inference_tensor_in_place(L: Any) -> Any:
    with L.inference_mode():
        x = L.ones(2)
    x.add_(1)


@program
def inference_tensor_requires_grad(L: Any) -> Any:
    with L.inference_mode():
        x = L.ones(2)
    x.requires_grad_()


@program
def inference_tensor_version(L: Any) -> Any:
    with L.inference_mode():
        x = L.ones(2)
    return x._version


@program
def inference_mode_as_decorator(L: Any) -> Any:
    @L.inference_mode()
    def f(x: Any) -> Any:
        return x * 2, L.is_inference_mode_enabled()

    @L.inference_mode
    def g(x: Any) -> Any:
        return x * 2

    return (
        f(leaf(L, 2))[0].is_inference(),
        f(leaf(L, 2))[1],
        g(leaf(L, 2)).requires_grad,
        L.is_inference_mode_enabled(),
    )


@program
def functional_layers(L: Any) -> Any:
    F = L.nn.functional
    x = leaf(L, 2, 3, 6, 6)
    w = leaf(L, 4, 3, 3, 3, start=-3.0)
    y = F.max_pool2d(F.relu(F.conv2d(x * 0.1, w * 0.1, padding=1)), 2)
    y = F.layer_norm(y.flatten(1), (36,))
    F.cross_entropy(y, L.tensor([1, 5])).backward()
    return x.grad, w.grad


def plain(value: Any) -> Any:
    """Tensors of either library as NumPy arrays, everything else as it is."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "detach"):
        return value.detach().numpy()
    return value.removeprefix("torch::autograd::") if isinstance(value, str) else value


def outcome(function: Callable[[Any], Any], library: Any) -> Any:
    try:
        return "value", plain(function(library))
    except Exception as error:
        return "error", type(error), str(error)


def first_words(message: str) -> str:
    """What both messages begin with, without what each library calls its own things."""
    message = re.sub(r"torch\.|ag\.", "", message.split("\n")[0])
    return re.split(r"[.;:\[('] ?", message)[0][:60]


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, np.ndarray):
        return (
            isinstance(ours, np.ndarray)
            and ours.shape == theirs.shape
            and ours.dtype == theirs.dtype
            and np.allclose(ours, theirs, rtol=1e-10 if theirs.dtype.itemsize >= 8 else 1e-5, equal_nan=True)
        )
    return bool(ours == theirs)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    theirs = outcome(PROGRAMS[name], torch)
    ours = outcome(PROGRAMS[name], ag)
    assert ours[0] == theirs[0], f"ours: {ours}\ntheirs: {theirs}"
    if theirs[0] == "value":
        assert same(ours[1], theirs[1]), f"ours: {ours[1]}\ntheirs: {theirs[1]}"
    else:
        assert ours[1] is theirs[1], f"ours: {ours}\ntheirs: {theirs}"
        assert first_words(ours[2]) == first_words(theirs[2])
