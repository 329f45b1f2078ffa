"""Nodes in users' hands, `backward(inputs=...)`, what in-place changes move: the same program through both libraries."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, leaf, raised, ramp, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


# -- nodes ---------------------------------------------------------------------------------------------------------


@program
def names_of_types(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = (x * x).exp().sum()
    found = []
    node = y.grad_fn
    while node is not None:
        found.append(type(node).__name__)
        following = node.next_functions
        node = following[0][0] if following else None
    y.backward()
    return found, x.grad


@program
def types_of_nodes(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    node = (x * x).grad_fn
    return isinstance(node, L.autograd.graph.Node), issubclass(type(node), L.autograd.graph.Node)


@program
def a_type_does_not_change_the_gradient(L: Any) -> Any:
    x = ramp(L, 2, 3)
    values, _ = x.max(1)
    first, second = x.unbind(0)
    assert values.grad_fn is not None
    assert first.grad_fn is not None
    (values.sum() + (first * second).sum()).backward(create_graph=True)
    return x.grad, type(first.grad_fn).__name__


@program
def calling_a_node(L: Any) -> Any:
    x, y = leaf(L, 2.0), leaf(L, 3.0)
    return (x * y).grad_fn(L.ones(1, dtype=L.float64)), x.grad


@program
def calling_a_node_with_one_input(L: Any) -> Any:
    return leaf(L, 2.0, 3.0).exp().grad_fn(L.ones(2, dtype=L.float64))


@program
def calling_a_node_that_needs_one_input_only(L: Any) -> Any:
    return (leaf(L, 2.0) * L.full((1,), 5.0, dtype=L.float64)).grad_fn(L.ones(1, dtype=L.float64))


@program
def calling_a_node_without_gradient(L: Any) -> Any:
    node = leaf(L, 2.0).exp().grad_fn
    return raised(lambda: node()), raised(lambda: node(L.ones(1), L.ones(1)))


@program
def calling_a_node_that_was_freed(L: Any) -> Any:
    x = leaf(L, 2.0)
    y = x.exp()
    y.sum().backward()
    return raised(lambda: y.grad_fn(L.ones(1, dtype=L.float64)))


@program
def metadata_of_what_comes_in(L: Any) -> Any:
    y = ramp(L, 2, 3) * 2
    (found,) = y.grad_fn._input_metadata
    return list(found.shape), found.dtype is L.float64, str(found.device)


@program
def sequence_numbers_grow(L: Any) -> Any:
    x = leaf(L, 2.0)
    y = x.exp()
    z = y.sin()
    return z.grad_fn._sequence_nr() > y.grad_fn._sequence_nr()


# -- backward(inputs=...) ------------------------------------------------------------------------------------------


@program
def hooks_of_leaves_in_inputs(L: Any) -> Any:
    log: list[str] = []
    x = leaf(L, 1.0)
    accumulator = x.view_as(x).grad_fn.next_functions[0][0]
    x.register_hook(lambda g: log.append("tensor"))
    accumulator.register_prehook(lambda outputs: log.append("before"))
    accumulator.register_hook(lambda inputs, outputs: log.append("after"))
    x.register_post_accumulate_grad_hook(lambda tensor: log.append("accumulated"))
    (x * 2).sum().backward(inputs=[x])
    return log, x.grad


@program
def prehooks_of_leaves_replace(L: Any) -> Any:
    x = leaf(L, 1.0)
    x.view_as(x).grad_fn.next_functions[0][0].register_prehook(lambda outputs: (outputs[0] * 10,))
    (x * 2).sum().backward(inputs=[x])
    return x.grad


@program
def grad_runs_no_hooks_of_accumulation(L: Any) -> Any:
    log: list[str] = []
    x = leaf(L, 1.0)
    accumulator = x.view_as(x).grad_fn.next_functions[0][0]
    accumulator.register_prehook(lambda outputs: log.append("before"))
    accumulator.register_hook(lambda inputs, outputs: log.append("after"))
    return L.autograd.grad((x * 2).sum(), x), log


@program
def prehooks_of_inputs_that_are_no_leaves(L: Any) -> Any:
    log: list[int] = []
    y = leaf(L, 1.0) * 1
    y.grad_fn.register_prehook(lambda outputs: log.append(1))
    y.register_hook(lambda g: g * 3)
    (y * 2).sum().backward(inputs=[y])
    return log, y.grad


@program
def order_of_hooks_at_a_leaf(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    accumulator = x.view_as(x).grad_fn.next_functions[0][0]

    def after(inputs: Any, outputs: Any) -> None:
        x.grad = x.grad * 10

    def accumulated(tensor: Any) -> None:
        tensor.grad.add_(0.5)

    accumulator.register_hook(after)
    x.register_post_accumulate_grad_hook(accumulated)
    x.sum().backward()
    return x.grad


# -- in place ------------------------------------------------------------------------------------------------------


@program
def retained_through_a_view_that_changed(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0).clone()
    x.retain_grad()
    view = x[:]
    view *= 2
    x *= 3
    x.sum().backward()
    return x.grad


@program
def retained_views_of_a_changed_base(L: Any) -> Any:
    base = leaf(L, 1.0).clone()
    first, second = base[:], base[:]
    first.retain_grad()
    second.retain_grad()
    first.mul_(2)
    (first + second).sum().backward()
    return first.grad, second.grad


@program
def strided_region_with_a_gradient_of_other_strides(L: Any) -> Any:
    x, y = ramp(L, 3, 4), ramp(L, 2, 2)
    copy = x.clone()
    copy.as_strided((2, 2), (4, 1)).copy_(y)
    copy.backward(L.arange(12, dtype=L.float64).reshape(4, 3).t())
    return x.grad, y.grad


@program
def set_to_another_tensor(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    edge = L.autograd.graph.get_gradient_edge(x)
    y = (x * 3).sum()
    with L.no_grad():
        x.set_(L.zeros(2, dtype=L.float64))
    return x, raised(lambda: L.autograd.grad(y, x, retain_graph=True)), L.autograd.grad(y, edge)


@program
def set_to_what_does_not_fit(L: Any) -> Any:
    x = L.zeros(2)
    return raised(lambda: x.set_(1.0)), raised(lambda: leaf(L, 1.0).set_(L.ones(1, dtype=L.float64)))


# -- functions -----------------------------------------------------------------------------------------------------


@program
def gradients_of_outputs_that_are_no_tensors(L: Any) -> Any:
    found: list[Any] = []

    class Several(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return 3, x * 2, None, "text", x * 3

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            found.extend(gradients)
            return gradients[1] * 2

    x = leaf(L, 1.0)
    Several.apply(x)[1].sum().backward()
    return found, x.grad


@program
def saved_variables(L: Any) -> Any:
    class Old(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_variables
            return g * x

    x = leaf(L, 3.0)
    return warned(lambda: Old.apply(x).sum().backward()), x.grad


# -- tensors -------------------------------------------------------------------------------------------------------


@program
def numpy_without_recording(L: Any) -> Any:
    x = leaf(L, 1.0)
    with L.no_grad():
        return raised(lambda: x.numpy()), x.numpy()


@program
def only_inputs(L: Any) -> Any:
    x = leaf(L, 3.0)
    return L.autograd.grad(x * x, x, only_inputs=True), warned(
        lambda: L.autograd.grad(x * x, x, only_inputs=False)
    )


@program
def versions_of_inference_tensors(L: Any) -> Any:
    with L.inference_mode():
        x = L.ones(2)
    return raised(lambda: L.autograd.graph.increment_version(x))


@program
def tensors_of_a_type(L: Any) -> Any:
    made = [L.LongTensor([1, 2]), L.FloatTensor([[1, 2]]), L.DoubleTensor([1.5]), L.BoolTensor([True, False])]
    return (
        made,
        [isinstance(each, L.FloatTensor) for each in made],
        L.IntTensor(2, 3).shape,
        L.ByteTensor().shape,
    )


@program
def casting_to_a_type(L: Any) -> Any:
    x = L.tensor([1.5, 2.5])
    return x.type(L.LongTensor), x.type("torch.DoubleTensor"), x.type(L.int8), x.type_as(L.LongTensor([1]))


@program
def new_tensors_like_one(L: Any) -> Any:
    x = L.tensor([1, 2])
    return x.new([1.0, 2.0]), x.new(2, 3).shape, x.new(x.size()).shape


@program
def put_and_its_gradients(L: Any) -> Any:
    x, source = ramp(L, 2, 3), ramp(L, 3, start=9.0)
    index = L.tensor([0, 4, -1])
    y = x.put(index, source) * L.arange(6, dtype=L.float64).reshape(2, 3)
    z = x.put(index, source, accumulate=True)
    return (
        y,
        z,
        L.autograd.grad(y.sum() + z.sum(), (x, source)),
        x.detach().clone().put_(index, source.detach()),
    )


@program
def scattered_into_strides(L: Any) -> Any:
    x, source = ramp(L, 3, 3), ramp(L, 3, start=9.0)
    y = L.as_strided_scatter(x, source, (3,), (4,))
    # PyTorch's gradient of x is the one of its diagonal: that is not what changes the result.
    return y, L.autograd.grad((y * y).sum(), source), x.narrow_copy(1, 1, 2)


@program
def functions_of_elements(L: Any) -> Any:
    x = L.tensor([1.0, 2.0])
    y = x.clone().map_(L.tensor([10.0, 20.0]), lambda mine, other: mine + other)
    return x.apply_(lambda value: value * 2), y, raised(lambda: leaf(L, 1.0).apply_(abs))


@program
def memory_in_common(L: Any) -> Any:
    x = L.zeros(3, 4)
    views = [x[1], x.t(), x.detach(), x.view(-1)[2:]]
    copies = [x.clone(), x + 0]
    address = x.untyped_storage().data_ptr()
    return (
        [each.untyped_storage().data_ptr() == address for each in (*views, *copies)],
        x[1].untyped_storage().nbytes(),
        x.is_set_to(x.detach()),
        x.is_set_to(x[1]),
        str(x.layout).rpartition(".")[2],
        x.is_sparse,
    )


# -- the dtype of gradients ----------------------------------------------------------------------------------------


def widened(L: Any) -> Any:
    """A Function whose gradient has another dtype than its input."""

    class Widened(L.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g.to(L.float64)

    return Widened.apply


@program
def dtypes_of_gradients(L: Any) -> Any:
    found = []
    for choice in ("own", None, L.float16, L.float64):
        x = L.ones(2, requires_grad=True)
        if choice != "own":
            x.grad_dtype = choice
        widened(L)(x).sum().backward()
        first = x.grad.clone()
        (x * 3).sum().backward()
        found += [first, x.grad]
    return found


@program
def grad_dtype_and_assigned_gradients(L: Any) -> Any:
    x = L.ones(2, requires_grad=True)
    own = x.grad_dtype is L.float32
    x.grad_dtype = L.float16
    refused = raised(lambda: setattr(x, "grad", L.ones(2)))
    x.grad_dtype = None
    x.grad = L.ones(2, dtype=L.float64)
    taken = raised(lambda: setattr(x, "grad_dtype", L.float16))
    return own, refused, x.grad, taken, x.grad_dtype


@program
def grad_dtype_of_what_is_no_leaf(L: Any) -> Any:
    y = L.ones(2, requires_grad=True) * 2
    return raised(lambda: y.grad_dtype), raised(lambda: setattr(y, "grad_dtype", L.float16))
