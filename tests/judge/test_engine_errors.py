"""`backward`, `grad`, tensors in the graph and their errors: the same program through both libraries."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, leaf, raised, ramp, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


# -- backward --------------------------------------------------------------------------------------------------------

BACKWARD: dict[str, Callable[[Any, Any, Any], Any]] = {
    "scalar": lambda L, x, y: y.sum().backward(),
    "one_element": lambda L, x, y: y[:1].backward(),
    "one_element_matrix": lambda L, x, y: y[:1].view(1, 1).backward(),
    "empty": lambda L, x, y: y[:0].backward(),
    "not_scalar": lambda L, x, y: y.backward(),
    "none_gradient_for_a_vector": lambda L, x, y: y.backward(None),
    "gradient": lambda L, x, y: y.backward(L.ones(2, dtype=L.float64)),
    "gradient_by_name": lambda L, x, y: y.backward(gradient=L.ones(2, dtype=L.float64)),
    "gradient_of_another_shape": lambda L, x, y: y.backward(L.ones(3, dtype=L.float64)),
    "gradient_that_would_broadcast": lambda L, x, y: y.backward(L.ones(1, dtype=L.float64)),
    "gradient_of_another_dtype": lambda L, x, y: y.backward(L.ones(2)),
    "gradient_of_integers": lambda L, x, y: y.backward(L.ones(2, dtype=L.int64)),
    "gradient_of_complex": lambda L, x, y: y.backward(L.ones(2, dtype=L.complex128)),
    "gradient_number": lambda L, x, y: y.sum().backward(2.0),
    "gradient_list": lambda L, x, y: y.backward([1.0, 1.0]),
    "gradient_scalar_tensor": lambda L, x, y: y.sum().backward(L.tensor(3.0, dtype=L.float64)),
    "gradient_that_requires_grad": lambda L, x, y: y.backward(leaf(L, 1.0, 1.0)),
    "of_a_leaf": lambda L, x, y: x.backward(L.ones(2, dtype=L.float64)),
    "of_a_leaf_twice": lambda L, x, y: [x.backward(L.ones(2, dtype=L.float64)) for _ in range(2)],
    "of_a_constant": lambda L, x, y: L.ones(1).backward(),
    "of_integers": lambda L, x, y: L.ones(1, dtype=L.int64).backward(),
    "of_detached": lambda L, x, y: y.detach().sum().backward(),
    "inputs_leaf": lambda L, x, y: y.sum().backward(inputs=x),
    "inputs_list": lambda L, x, y: y.sum().backward(inputs=[x]),
    "inputs_tuple": lambda L, x, y: y.sum().backward(inputs=(x,)),
    "inputs_empty": lambda L, x, y: y.sum().backward(inputs=[]),
    "inputs_unused": lambda L, x, y: y.sum().backward(inputs=[leaf(L, 1.0), x]),
    "inputs_constant": lambda L, x, y: y.sum().backward(inputs=[L.ones(1)]),
    "inputs_middle": lambda L, x, y: (y * y).sum().backward(inputs=[y, x]),
    "roots": lambda L, x, y: L.autograd.backward([y.sum(), y.sum()]),
    "roots_with_gradients": lambda L, x, y: L.autograd.backward([y, y.sum()], [L.ones(2, dtype=L.float64), None]),
    "roots_with_too_few_gradients": lambda L, x, y: L.autograd.backward([y, y], [L.ones(2, dtype=L.float64)]),
    "roots_with_one_gradient": lambda L, x, y: L.autograd.backward(y, L.ones(2, dtype=L.float64)),
    "roots_empty": lambda L, x, y: L.autograd.backward([]),
    "roots_one_constant": lambda L, x, y: L.autograd.backward([y.sum(), L.ones(1)]),
    "roots_the_same_twice": lambda L, x, y: L.autograd.backward([z := y.sum(), z]),
    "roots_that_depend_on_each_other": lambda L, x, y: L.autograd.backward([y.sum(), (y * y).sum()]),
    "root_and_its_leaf": lambda L, x, y: L.autograd.backward([y.sum(), x.sum()]),
    "retain_graph": lambda L, x, y: [(z := y.sum()).backward(retain_graph=True), z.backward()],
    "create_graph_implies_retain": lambda L, x, y: [(z := y.sum()).backward(create_graph=True), z.backward()],
    "create_graph_without_retain": lambda L, x, y: [
        (z := y.sum()).backward(create_graph=True, retain_graph=False), z.backward(),
    ],
    "twice": lambda L, x, y: [(z := y.sum()).backward(), z.backward()],
    "twice_from_different_roots": lambda L, x, y: [y.sum().backward(), (y * 2).sum().backward()],
    "after_grad": lambda L, x, y: [L.autograd.grad(y.sum(), x), y.sum().backward()],
    "wrong_argument": lambda L, x, y: y.sum().backward(what=1),
}  # fmt: skip


#: errors whose texts come from Python's own checks in one of the libraries
TEXTS_OF_THEIR_OWN = frozenset(("gradient_number", "gradient_list", "wrong_argument", "inputs_constant"))


def for_each_backward(name: str, call: Callable[[Any, Any, Any], Any]) -> None:
    def run(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0)
        y = x * x
        failed = raised(lambda: call(L, x, y))
        if name in TEXTS_OF_THEIR_OWN:
            failed = failed[0]
        # After create_graph an old .grad with a history is added to in place in PyTorch, and replaced here.
        recorded = None if "implies" in name or x.grad is None else x.grad.requires_grad
        return failed, x.grad, recorded

    program[f"backward_{name}"] = run


for _name, _call in BACKWARD.items():
    for_each_backward(_name, _call)


# -- grad ------------------------------------------------------------------------------------------------------------

GRAD: dict[str, Callable[[Any, Any, Any], Any]] = {
    "leaf": lambda L, x, y: L.autograd.grad(y.sum(), x),
    "list": lambda L, x, y: L.autograd.grad([y.sum()], [x]),
    "middle": lambda L, x, y: L.autograd.grad((y * y).sum(), y),
    "itself": lambda L, x, y: L.autograd.grad(z := y.sum(), z),
    "itself_and_more": lambda L, x, y: L.autograd.grad(z := y.sum(), [z, y, x]),
    "leaf_of_itself": lambda L, x, y: L.autograd.grad(x, x, L.ones(2, dtype=L.float64)),
    "the_same_input_twice": lambda L, x, y: L.autograd.grad(y.sum(), [x, x]),
    "the_same_output_twice": lambda L, x, y: L.autograd.grad([z := y.sum(), z], x),
    "unused": lambda L, x, y: L.autograd.grad(y.sum(), leaf(L, 1.0)),
    "unused_allowed": lambda L, x, y: L.autograd.grad(y.sum(), [leaf(L, 1.0), x], allow_unused=True),
    "unused_materialized": lambda L, x, y: L.autograd.grad(
        y.sum(), [leaf(L, 1.0), x], materialize_grads=True
    ),
    "materialized_but_not_allowed": lambda L, x, y: L.autograd.grad(
        y.sum(), x, materialize_grads=True, allow_unused=False
    ),
    "materialized_under_create_graph": lambda L, x, y: (
        L.autograd.grad(y.sum(), [leaf(L, 1.0)], materialize_grads=True, create_graph=True)[0].requires_grad
    ),
    "constant_input": lambda L, x, y: L.autograd.grad(y.sum(), L.ones(1)),
    "constant_output": lambda L, x, y: L.autograd.grad(L.ones(1), x),
    "constant_output_allowed": lambda L, x, y: L.autograd.grad(L.ones(1), x, allow_unused=True),
    "no_inputs": lambda L, x, y: L.autograd.grad(y.sum(), []),
    "no_outputs": lambda L, x, y: L.autograd.grad([], x),
    "not_scalar": lambda L, x, y: L.autograd.grad(y, x),
    "grad_outputs": lambda L, x, y: L.autograd.grad(y, x, L.tensor([1.0, 10.0], dtype=L.float64)),
    "grad_outputs_in_a_list_with_none": lambda L, x, y: L.autograd.grad(
        [y, y.sum()], x, [L.ones(2, dtype=L.float64), None]
    ),
    "grad_outputs_of_another_shape": lambda L, x, y: L.autograd.grad(y, x, L.ones(2, 2, dtype=L.float64)),
    "grad_outputs_that_require_grad": lambda L, x, y: L.autograd.grad(
        L.autograd.grad(y, x, v := leaf(L, 1.0, 3.0), create_graph=True)[0].sum(), v
    ),
    "batched": lambda L, x, y: L.autograd.grad(y, x, L.eye(2, dtype=L.float64), is_grads_batched=True),
    "batched_of_another_shape": lambda L, x, y: L.autograd.grad(
        y, x, L.ones(2, 3, dtype=L.float64), is_grads_batched=True
    ),
    "twice": lambda L, x, y: [L.autograd.grad(z := y.sum(), x), L.autograd.grad(z, x)],
    "twice_with_retain": lambda L, x, y: [
        L.autograd.grad(z := y.sum(), x, retain_graph=True),
        L.autograd.grad(z, x),
    ],
    "detached_input": lambda L, x, y: L.autograd.grad(y.sum(), x.detach()),
    "clone_of_the_input": lambda L, x, y: L.autograd.grad(y.sum(), x.clone()),
    "view_of_the_input": lambda L, x, y: L.autograd.grad(y.sum(), x[:1]),
    "input_written_in_place_since": lambda L, x, y: L.autograd.grad((w := x * 1).mul_(2).sum(), w),
    "integers": lambda L, x, y: L.autograd.grad(y.long().sum(), x),
    "through_integers": lambda L, x, y: L.autograd.grad((y.long() * y).sum(), x),
    "through_a_comparison": lambda L, x, y: (y > 1).requires_grad,
    "through_argmax": lambda L, x, y: y.argmax().requires_grad,
    "through_item": lambda L, x, y: L.autograd.grad((y * y[0].item()).sum(), x),
    "through_numpy": lambda L, x, y: y.numpy(),
    "through_tolist": lambda L, x, y: y.tolist(),
    "through_bool": lambda L, x, y: bool(y[0] > 0),
    "through_no_grad": lambda L, x, y: no_grad_part(L, x, y),
}


def no_grad_part(L: Any, x: Any, y: Any) -> Any:
    with L.no_grad():
        z = y * 3
    return L.autograd.grad((y * z).sum(), x)


def for_each_grad(name: str, call: Callable[[Any, Any, Any], Any]) -> None:
    def run(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0)
        result = call(L, x, x * x)
        return result, x.grad is None

    program[f"grad_{name}"] = run


for _name, _call in GRAD.items():
    for_each_grad(_name, _call)


# -- tensors in the graph ----------------------------------------------------------------------------------------------


@program
def attributes_of_leaves_and_results(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    tensors = {
        "leaf": x, "result": x * 2, "constant": L.ones(1), "detached": (x * 2).detach(), "clone": x.clone(), "view": x[0],
        "integer": x.long(), "same": x.contiguous(), "cast": x.float(), "data": x.data,
    }  # fmt: skip
    return {
        name: (
            t.is_leaf,
            t.requires_grad,
            t.output_nr,
            t.retains_grad,
            t._version,
            t.grad_fn is None,
            t._is_view(),
        )
        for name, t in tensors.items()
    }


REQUIRES: dict[str, Callable[[Any], Any]] = {
    "on": lambda L: L.ones(1).requires_grad_().requires_grad,
    "off": lambda L: leaf(L, 1.0).requires_grad_(False).requires_grad,
    "attribute": lambda L: setattr_and_get(L.ones(1), True),
    "attribute_off": lambda L: setattr_and_get(leaf(L, 1.0), False),
    "integers": lambda L: L.ones(1, dtype=L.int64).requires_grad_(),
    "integers_off": lambda L: L.ones(1, dtype=L.int64).requires_grad_(False).requires_grad,
    "integers_by_attribute": lambda L: setattr_and_get(L.ones(1, dtype=L.int64), True),
    "bools": lambda L: L.tensor([True], requires_grad=True),
    "integers_in_a_factory": lambda L: L.zeros(1, dtype=L.int64, requires_grad=True),
    "result_on": lambda L: (leaf(L, 1.0) * 2).requires_grad_().requires_grad,
    "result_off": lambda L: (leaf(L, 1.0) * 2).requires_grad_(False),
    "result_off_by_attribute": lambda L: setattr_and_get(leaf(L, 1.0) * 2, False),
    "complex": lambda L: L.ones(1, dtype=L.complex64).requires_grad_().requires_grad,
    "under_no_grad": lambda L: no_grad_requires(L),
    "of_a_view": lambda L: (v := L.ones(2)[:1].requires_grad_(), v.is_leaf, v._is_view())[1:],
}


def setattr_and_get(tensor: Any, flag: bool) -> bool:
    tensor.requires_grad = flag
    return tensor.requires_grad


def no_grad_requires(L: Any) -> Any:
    with L.no_grad():
        x = L.ones(1, requires_grad=True)
        y = L.ones(1).requires_grad_()
    return x.requires_grad, y.requires_grad, (x * y).requires_grad


for _name, _requires in REQUIRES.items():
    program[f"requires_grad_{_name}"] = _requires

COPIES: dict[str, Callable[[Any, Any], Any]] = {
    "copy": lambda L, t: copy.copy(t),
    "deepcopy": lambda L, t: copy.deepcopy(t),
    "pickle": lambda L, t: pickle.loads(pickle.dumps(t)),
    "clone": lambda L, t: t.clone(),
    "detach_clone": lambda L, t: t.detach().clone(),
    "tensor": lambda L, t: warned(lambda: L.tensor(t))[1],
    "as_tensor": lambda L, t: L.as_tensor(t),
    "new_tensor": lambda L, t: warned(lambda: t.new_tensor(t))[1],
    "empty_like": lambda L, t: L.zeros_like(t),
}


def for_each_copy(name: str, make: Callable[[Any, Any], Any]) -> None:
    def of_a_leaf(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0)
        (x * x).sum().backward()
        y = make(L, x)
        y_grad = y.grad if y.is_leaf else None
        return (
            y, y.requires_grad, y.is_leaf, y_grad is None or y_grad, y is x,
            y.data_ptr() == x.data_ptr(), y_grad is not None and y_grad is x.grad,
        )  # fmt: skip

    def of_a_result(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0)
        y = make(L, x * 2)
        return y, y.requires_grad, y.is_leaf

    for function in (of_a_leaf, of_a_result):
        program[f"{name}_{function.__name__}"] = function


for _name, _make in COPIES.items():
    for_each_copy(_name, _make)


@program
def deepcopy_of_shared_leaves(L: Any) -> Any:
    x = leaf(L, 1.0)
    a, b = copy.deepcopy([x, x])
    return a is b, a is x


@program
def attributes_of_users_are_copied(L: Any) -> Any:
    x = leaf(L, 1.0)
    x.tag = "mine"
    return copy.deepcopy(x).tag, hasattr(x.clone(), "tag"), hasattr(x.detach(), "tag")


@program
def variable(L: Any) -> Any:
    x = L.autograd.Variable(L.tensor([1.0, 2.0]), requires_grad=True)
    (x * x).sum().backward()
    return x.grad, x.requires_grad, isinstance(x, L.Tensor), isinstance(L.ones(1), L.autograd.Variable)


@program
def variable_shares_memory(L: Any) -> Any:
    t = L.tensor([1.0, 2.0])
    x = L.autograd.Variable(t)
    x.add_(1)
    return t, x.requires_grad


@program
def multithreading_switch(L: Any) -> Any:
    x = leaf(L, 1.0)
    with L.autograd.set_multithreading_enabled(False):
        (x * 2).sum().backward()
        inside = L.autograd.grad_mode.set_multithreading_enabled is L.autograd.set_multithreading_enabled
    return x.grad, inside


# -- resizing ----------------------------------------------------------------------------------------------------------

RESIZE: dict[str, Callable[[Any], Any]] = {
    "smaller": lambda L: L.arange(6).resize_(2, 2),
    "as_a_tuple": lambda L: L.arange(6).resize_((3, 2)),
    "to_nothing": lambda L: L.arange(6).resize_(0),
    "grown": lambda L: L.arange(4).resize_(2, 3).view(-1)[:4],
    "in_place_of_the_same_size": lambda L: (x := L.arange(4), y := x.resize_(2, 2), x is y, y._version)[1:],
    "shares_memory": lambda L: (x := L.arange(4), v := x.view(2, 2), x.resize_(2), x.zero_(), v)[-1],
    "resize_as_": lambda L: L.arange(4).resize_as_(L.ones(1, 2)),
    "negative": lambda L: raised(lambda: L.arange(4).resize_(-1))[0],
    "requires_grad": lambda L: leaf(L, 1.0).resize_(2),
    "requires_grad_same_size": lambda L: leaf(L, 1.0, 2.0).resize_(2),
    "result": lambda L: (leaf(L, 1.0, 2.0) * 2).resize_(1),
    "requires_grad_under_no_grad": lambda L: no_grad_resize(L),
}


def no_grad_resize(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    with L.no_grad():
        x.resize_(1)
    return x, x.requires_grad


for _name, _resize in RESIZE.items():
    program[f"resize_{_name}"] = _resize


# -- everyday loops ------------------------------------------------------------------------------------------------------


@program
def gradient_accumulation_over_micro_batches(L: Any) -> Any:
    w, x = ramp(L, 3), ramp(L, 4, 3)
    for part in x.detach().chunk(2):
        ((part @ w) ** 2).sum().backward()
    whole = L.autograd.grad(((x.detach() @ w) ** 2).sum(), w)
    return w.grad, whole


@program
def control_flow_by_values(L: Any) -> Any:
    x = leaf(L, 3.0)
    y, steps = x, 0
    while y < 100:
        y = y * x if steps % 2 else y + x
        steps += 1
    y.backward()
    return x.grad, steps


@program
def partly_frozen(L: Any) -> Any:
    a, b = leaf(L, 2.0), leaf(L, 3.0)
    results = []
    for frozen in (a, b):
        frozen.requires_grad_(False)
        (a * b * a).sum().backward()
        results.append([a.grad, b.grad])
        frozen.requires_grad_(True)
        a.grad = b.grad = None
    return results


@program
def recurrent_loop(L: Any) -> Any:
    w, h = leaf(L, 0.9), L.ones(1, dtype=L.float64)
    losses = 0
    for t in range(200):
        h = (w * h).tanh() + 0.01 * t
        losses = losses + h.sum()
    losses.backward()
    return w.grad


@program
def truncated_recurrence(L: Any) -> Any:
    w, h = leaf(L, 0.9), L.ones(1, dtype=L.float64)
    for t in range(6):
        h = (w * h).tanh()
        if t % 2:
            h.sum().backward()
            h = h.detach()
    return w.grad, h


@program
def forgotten_detach_in_a_recurrence(L: Any) -> Any:
    w, h = leaf(L, 0.9), L.ones(1, dtype=L.float64)
    for _ in range(2):
        h = (w * h).tanh()
        h.sum().backward()


@program
def step_between_forward_and_backward(L: Any) -> Any:
    net = L.nn.Linear(2, 1).double()
    optimizer = L.optim.SGD(net.parameters(), lr=0.1)
    x = leaf(L, 1.0, 2.0)
    loss = net(net.weight * x).sum()
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    optimizer.step()
    loss.backward()
