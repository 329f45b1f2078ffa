"""Views and in-place ops: the same program through both libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is the judge here")

from tests.judge.programs import Programs, leaf, raised, ramp, warned

program = Programs()


@pytest.mark.parametrize("name", program)
def test_program(name: str) -> None:
    program.check(name)


def facts(*tensors: Any) -> list[Any]:
    """What the graph says of tensors."""
    return [
        [
            t.is_leaf,
            t.requires_grad,
            None if t.grad_fn is None else t.grad_fn.name(),
            t.output_nr,
            t._version,
            t._is_view(),
        ]
        for t in tensors
    ]


# -- views in every op --------------------------------------------------------------------------------------------

VIEWS: dict[str, Callable[[Any], Any]] = {
    "slice": lambda x: x[1:],
    "stepped": lambda x: x[:, ::2],
    "integer": lambda x: x[1],
    "newaxis": lambda x: x[None],
    "ellipsis": lambda x: x[..., 1],
    "select": lambda x: x.select(1, 2),
    "narrow": lambda x: x.narrow(1, 1, 2),
    "t": lambda x: x.t(),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "transpose": lambda x: x.transpose(0, 1),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "movedim": lambda x: x.movedim(0, 1),
    "permute": lambda x: x.permute(1, 0),
    "view": lambda x: x.view(4, 3),
    "view_as": lambda x: x.view_as(x.t().reshape(4, 3)),
    "reshape": lambda x: x.reshape(2, 6),
    "flatten": lambda x: x.flatten(),
    "unflatten": lambda x: x.unflatten(1, (2, 2)),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "squeeze": lambda x: x[:1].squeeze(0),
    "diagonal": lambda x: x.diagonal(),
    "unfold": lambda x: x.unfold(1, 2, 2),
    "as_strided": lambda x: x.as_strided((2, 2), (4, 1), 1),
    "expand_back": lambda x: x.unsqueeze(0).expand(1, 3, 4),
    "two_levels": lambda x: x[1:].t()[::2],
    "three_levels": lambda x: x.view(-1)[2:10].view(2, 4)[:, 1:],
}


def for_each_view(name: str, view: Callable[[Any], Any]) -> None:
    def writing(L: Any) -> Any:
        x = ramp(L, 3, 4)
        base = x * 2
        part = view(base)
        part.mul_(3)
        weights = L.arange(12, dtype=L.float64).reshape(3, 4)
        (base * weights).sum().backward()
        return base, x.grad, facts(base, part), part._base is base, base.grad_fn.next_functions[0][0].name()

    def written_below(L: Any) -> Any:
        x = ramp(L, 3, 4)
        base = x * 2
        part = view(base)
        before = part.grad_fn.name()
        base.mul_(x)
        after = part.grad_fn.name()
        (part * part).sum().backward()
        return part, x.grad, before, after, facts(base)

    def without_grad(L: Any) -> Any:
        base = ramp(L, 3, 4).detach()
        part = view(base)
        part.add_(leaf(L, 1.0).sum())
        return base, facts(base, part)

    def of_a_leaf(L: Any) -> Any:
        x = ramp(L, 3, 4)
        seen = raised(lambda: view(x).zero_())
        with L.no_grad():
            view(x).zero_()
        return seen, x, facts(x)

    for function in (writing, written_below, without_grad, of_a_leaf):
        program[f"{name}_{function.__name__}"] = function


for _name, _view in VIEWS.items():
    for_each_view(_name, _view)


# -- ops with several views ----------------------------------------------------------------------------------------

SEVERAL: dict[str, Callable[[Any], Any]] = {
    "split": lambda x: x.split(2, dim=1),
    "split_sizes": lambda x: x.split([1, 3], dim=1),
    "chunk": lambda x: x.chunk(2, dim=1),
    "unbind": lambda x: x.unbind(1),
    "tensor_split": lambda x: x.tensor_split(2, dim=1),
    "hsplit": lambda x: x.hsplit(2),
    "vsplit": lambda x: x.vsplit([1]),
}


def for_each_several(name: str, op: Callable[[Any], Any]) -> None:
    def in_place_on_one(L: Any) -> Any:
        op(ramp(L, 3, 4) * 1)[1].mul_(2)

    def in_place_without_grad(L: Any) -> Any:
        base = ramp(L, 3, 4).detach()
        op(base)[1].mul_(2)
        return base, base._version

    def in_place_under_no_grad(L: Any) -> Any:
        x = ramp(L, 3, 4)
        base = x * 1
        with L.no_grad():
            op(base)[1].mul_(2)
        base.sum().backward()
        return base, x.grad, base._version

    def of_a_leaf_under_no_grad(L: Any) -> Any:
        x = ramp(L, 3, 4)
        with L.no_grad():
            op(x)[0].zero_()
        return x, facts(x)

    def after_the_base_changed(L: Any) -> Any:
        base = ramp(L, 3, 4) * 1
        part = op(base)[1]
        base.mul_(2)
        return part.grad_fn.name()

    def only_one_is_used(L: Any) -> Any:
        x = ramp(L, 3, 4)
        part = op(x * 1)[1]
        (part * part).sum().backward()
        return x.grad, facts(part)

    def hooks_on_two(L: Any) -> Any:
        x = ramp(L, 3, 4)
        first, second, *_ = op(x * 1)
        seen: list[Any] = []
        first.register_hook(lambda g: g * 2)
        second.register_hook(lambda g: seen.append(g))
        second.retain_grad()
        (first.sum() * second.sum()).backward()
        return x.grad, seen, second.grad

    def second_order(L: Any) -> Any:
        x = ramp(L, 3, 4)
        parts = op(x * x)
        (g,) = L.autograd.grad(parts[0].sum() * parts[1].sum(), x, create_graph=True)
        return g, L.autograd.grad(g.sum(), x)

    for function in (
        in_place_on_one, in_place_without_grad, in_place_under_no_grad, of_a_leaf_under_no_grad, after_the_base_changed,
        only_one_is_used, hooks_on_two, second_order,
    ):  # fmt: skip
        program[f"{name}_{function.__name__}"] = function


for _name, _op in SEVERAL.items():
    for_each_several(_name, _op)


# -- in-place ops that change the shape ----------------------------------------------------------------------------

RESHAPED: dict[str, Callable[[Any], Any]] = {
    "unsqueeze_": lambda x: x.unsqueeze_(0),
    "unsqueeze_last": lambda x: x.unsqueeze_(-1),
    "squeeze_": lambda x: x.unsqueeze_(0).squeeze_(),
    "squeeze_dim": lambda x: x.unsqueeze_(0).squeeze_(0),
    "squeeze_nothing": lambda x: x.squeeze_(0),
    "t_": lambda x: x.t_(),
    "transpose_": lambda x: x.transpose_(0, 1),
    "swapaxes_": lambda x: x.swapaxes_(0, -1),
    "swapdims_": lambda x: x.swapdims_(0, 1),
}


def for_each_reshaped(name: str, op: Callable[[Any], Any]) -> None:
    def of_a_computed_tensor(L: Any) -> Any:
        x = ramp(L, 2, 3)
        y = x * 1
        result = op(y)
        z = (y * L.arange(6, dtype=L.float64).reshape(y.shape)).exp()
        z.sum().backward()
        return result is y, list(y.shape), y.is_contiguous(), y, x.grad, facts(y)

    def of_a_leaf(L: Any) -> Any:
        return op(ramp(L, 2, 3))

    def of_a_leaf_under_no_grad(L: Any) -> Any:
        x = ramp(L, 2, 3)
        with L.no_grad():
            op(x)
        (x * x).sum().backward()
        return x, x.grad, facts(x)

    def of_plain_data(L: Any) -> Any:
        x = ramp(L, 2, 3).detach()
        op(x)
        return x, facts(x)

    def of_a_view(L: Any) -> Any:
        x = ramp(L, 4, 3)
        base = x * 1
        part = base[1:3]
        op(part)
        part.mul_(2)
        (base * L.arange(12, dtype=L.float64).reshape(4, 3)).sum().backward()
        return base, part, x.grad, part._base is base

    for function in (of_a_computed_tensor, of_a_leaf, of_a_leaf_under_no_grad, of_plain_data, of_a_view):
        program[f"{name}_{function.__name__}"] = function


for _name, _op in RESHAPED.items():
    for_each_reshaped(_name, _op)


@program
def t_of_three_dimensions(L: Any) -> Any:
    L.ones(1, 2, 3).t_()


@program
def unsqueeze_out_of_range(L: Any) -> Any:
    L.ones(2).unsqueeze_(4)


@program
def transpose_out_of_range(L: Any) -> Any:
    L.ones(2).transpose_(0, 2)


# -- other writes --------------------------------------------------------------------------------------------------

WRITES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "zero_": lambda L, y, v: y.zero_(),
    "fill_": lambda L, y, v: y.fill_(3.0),
    "fill_tensor": lambda L, y, v: y.fill_(v[0]),
    "copy_": lambda L, y, v: y.copy_(v),
    "copy_broadcast": lambda L, y, v: y.copy_(v[:1]),
    "setitem_number": lambda L, y, v: y.__setitem__(0, 2.0),
    "setitem_tensor": lambda L, y, v: y.__setitem__(slice(0, 2), v[1:3]),
    "setitem_mask": lambda L, y, v: y.__setitem__(y > 1.3, v[0]),
    "setitem_list": lambda L, y, v: y.__setitem__([0, 2], v[:2]),
    "index_fill_": lambda L, y, v: y.index_fill_(0, L.tensor([0]), 4.0),
    "index_copy_": lambda L, y, v: y.index_copy_(0, L.tensor([0, 1]), v[:2]),
    "index_add_": lambda L, y, v: y.index_add_(0, L.tensor([0, 0]), v[:2]),
    "scatter_": lambda L, y, v: y.scatter_(0, L.tensor([0, 2]), v[:2]),
    "scatter_add_": lambda L, y, v: y.scatter_add_(0, L.tensor([0, 0]), v[:2]),
    "masked_fill_": lambda L, y, v: y.masked_fill_(L.tensor([True, False, False, True]), 0.5),
    "masked_scatter_": lambda L, y, v: y.masked_scatter_(L.tensor([True, False, False, True]), v),
    "index_put_": lambda L, y, v: y.index_put_((L.tensor([1, 1]),), v[:2], accumulate=True),
    "addcmul_": lambda L, y, v: y.addcmul_(v, v, value=2),
    "addcdiv_": lambda L, y, v: y.addcdiv_(v, v + 1),
    "lerp_": lambda L, y, v: y.lerp_(v, 0.3),
    "clamp_": lambda L, y, v: y.clamp_(1.2, 1.6),
    "pow_": lambda L, y, v: y.pow_(v),
    "div_": lambda L, y, v: y.div_(v),
    "sub_alpha": lambda L, y, v: y.sub_(v, alpha=2),
    "relu_": lambda L, y, v: y.sub_(1.3).relu_(),
    "sigmoid_": lambda L, y, v: y.sigmoid_(),
    "cumsum_": lambda L, y, v: y.cumsum_(0),
    "neg_": lambda L, y, v: y.neg_(),
    "tril_": lambda L, y, v: y.view(2, 2).tril_(),
    "fill_diagonal_": lambda L, y, v: y.view(2, 2).fill_diagonal_(5),
    "sqrt_": lambda L, y, v: y.sqrt_(),
    "reciprocal_": lambda L, y, v: y.reciprocal_(),
    "abs_": lambda L, y, v: y.abs_(),
    "augmented": lambda L, y, v: y.__iadd__(v),
}  # fmt: skip


#: recorded here by another op than in PyTorch: the values agree, the names of the nodes do not
RECORDED_BY_ANOTHER = frozenset(("zero_", "fill_", "fill_tensor", "setitem_mask", "masked_scatter_"))


def for_each_write(name: str, write: Callable[[Any, Any, Any], Any]) -> None:
    def named(y: Any) -> Any:
        found = facts(y)[0]
        return found[:2] + found[3:] if name in RECORDED_BY_ANOTHER else found

    def recorded(L: Any) -> Any:
        x, v = leaf(L, 1.0, 1.25, 1.5, 1.75), leaf(L, 0.5, 2.0, 1.5, 3.0)
        y = x * 1
        write(L, y, v)
        (y * y).sum().backward()
        return y, x.grad, v.grad if v.grad is not None else 0, named(y)

    def in_a_view(L: Any) -> Any:
        x, v = ramp(L, 2, 4), leaf(L, 0.5, 2.0, 1.5, 3.0)
        y = x * 1
        write(L, y[1], v)
        (y * y).sum().backward()
        return y, x.grad, v.grad if v.grad is not None else 0, facts(y)

    def into_plain_data(L: Any) -> Any:
        v = leaf(L, 0.5, 2.0, 1.5, 3.0)
        y = L.arange(4, dtype=L.float64) * 0.25 + 1
        write(L, y, v)
        return y, named(y)

    def on_a_leaf(L: Any) -> Any:
        return write(L, leaf(L, 1.0, 1.25, 1.5, 1.75), leaf(L, 0.5, 2.0, 1.5, 3.0))

    for function in (recorded, in_a_view, into_plain_data, on_a_leaf):
        program[f"{name}_{function.__name__}"] = function


for _name, _write in WRITES.items():
    for_each_write(_name, _write)


# -- detach, data --------------------------------------------------------------------------------------------------


@program
def detach_in_place(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * 2
    z = y * 3
    result = y.detach_()
    w = y * 5
    z.sum().backward()
    return result is y, x.grad, w.requires_grad, facts(y)


@program
def detach_a_leaf_in_place(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    x.detach_()
    return facts(x)


@program
def detach_a_view_in_place(L: Any) -> Any:
    (leaf(L, 1.0, 2.0) * 1)[0].detach_()


@program
def detached_views(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * 1
    d = y.detach()
    v = d[0]
    v.zero_()
    return y, y._version, d._version, v._version, d._is_view(), d._base is None


@program
def writing_into_a_detached_twin(L: Any) -> Any:
    y = leaf(L, 1.0, 2.0) * 1
    z = y * y
    y.detach().add_(1)
    z.sum().backward()


@program
def data_is_a_leaf_of_its_own(L: Any) -> Any:
    y = leaf(L, 1.0, 2.0) * 1
    d = y.data
    d.add_(1)
    return y, facts(y, d)


@program
def data_assigned(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    x.data = L.tensor([5.0, 6.0, 7.0], dtype=L.float64)
    (x * x).sum().backward()
    return x, x.grad, facts(x)


@program
def data_of_another_dtype(L: Any) -> Any:
    x = L.ones(2, requires_grad=True)
    x.data = L.ones(2, dtype=L.float64) * 3
    (x * x).sum().backward()
    return x, x.grad


@program
def data_of_integers_for_a_leaf(L: Any) -> Any:
    leaf(L, 1.0).data = L.ones(1, dtype=L.int64)


@program
def data_of_integers_without_grad(L: Any) -> Any:
    x = L.ones(2)
    x.data = L.tensor([1, 2, 3])
    return x


@program
def data_that_is_no_tensor(L: Any) -> Any:
    leaf(L, 1.0).data = 3.0


@program
def data_of_a_computed_tensor(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x.exp()
    y.data = L.tensor([10.0, 20.0], dtype=L.float64)
    y.sum().backward()
    return y, x.grad


@program
def data_of_a_tensor_that_requires_grad(L: Any) -> Any:
    x = L.ones(2, dtype=L.float64)
    x.data = leaf(L, 3.0, 4.0)
    return x, facts(x)


@program
def data_deleted(L: Any) -> Any:
    x = leaf(L, 1.0)
    del x.data


@program
def data_keeps_hooks_and_grad(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    x.register_hook(lambda g: g * 10)
    (x * x).sum().backward()
    x.data = L.tensor([3.0, 4.0], dtype=L.float64)
    (x * x).sum().backward()
    return x.grad


# -- versions and what is kept ---------------------------------------------------------------------------------------


@program
def views_share_a_version(L: Any) -> Any:
    y = leaf(L, 1.0, 2.0, 3.0) * 1
    parts = [y[:2], y.detach(), y.view(3, 1), y.data]
    y.add_(1)
    parts[0].add_(1)
    parts[2].add_(1)
    return [p._version for p in (y, *parts)]


@program
def clone_has_a_version_of_its_own(L: Any) -> Any:
    y = leaf(L, 1.0) * 1
    y.add_(1)
    return y._version, y.clone()._version, y.contiguous()._version, y.to(L.float64)._version


@program
def sum_does_not_keep(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * 1
    z = y.sum() + y.mean() + (y + 3).sum() + (y * 2).sum()
    y.add_(1)
    z.backward()
    return x.grad


KEEPING: dict[str, Callable[[Any, Any], Any]] = {
    "exp": lambda L, y: y.exp(),
    "sin": lambda L, y: y.sin(),
    "square": lambda L, y: y**2,
    "matmul": lambda L, y: y.view(2, 2) @ y.view(2, 2),
    "division": lambda L, y: y / (y + 1),
    "softmax": lambda L, y: y.softmax(0),
    "relu": lambda L, y: y.relu(),
    "max": lambda L, y: y.max(),
    "norm": lambda L, y: y.norm(),
    "prod": lambda L, y: y.prod(),
    "cumprod": lambda L, y: y.cumprod(0),
    "gather": lambda L, y: y.gather(0, L.tensor([0, 1])),
    "var": lambda L, y: y.var(),
    "layer_norm": lambda L, y: L.nn.functional.layer_norm(y, (4,)),
    "cat": lambda L, y: L.cat([y, y]),
    "where": lambda L, y: L.where(y > 2, y, -y),
    "abs": lambda L, y: y.abs(),
    "clamp": lambda L, y: y.clamp(0, 2),
    "mse_loss": lambda L, y: L.nn.functional.mse_loss(y, L.zeros(4, dtype=L.float64)),
    "sort": lambda L, y: y.sort().values,
    "index": lambda L, y: y[L.tensor([0, 2])],
    "dot": lambda L, y: y.dot(y),
    "logsumexp": lambda L, y: y.logsumexp(0),
    "sigmoid": lambda L, y: y.sigmoid(),
    "gelu": lambda L, y: L.nn.functional.gelu(y),
}


#: what PyTorch keeps and this library does not need, so that it may change here
KEPT_BY_PYTORCH_ONLY = frozenset((("prod", "output_changed"), ("gather", "input_changed")))


def for_each_keeping(name: str, op: Callable[[Any, Any], Any]) -> None:
    def input_changed(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0, 3.0, 4.0)
        y = x * 1
        z = op(L, y)
        y.add_(1)
        z.sum().backward()
        return x.grad

    def output_changed(L: Any) -> Any:
        x = leaf(L, 1.0, 2.0, 3.0, 4.0)
        z = op(L, x * 1)
        z.mul_(2)
        z.sum().backward()
        return x.grad

    for function in (input_changed, output_changed):
        if (name, function.__name__) in KEPT_BY_PYTORCH_ONLY:
            continue
        program[f"{name}_{function.__name__}"] = function


for _name, _op in KEEPING.items():
    for_each_keeping(_name, _op)


@program
def leaf_changed_after_the_forward(L: Any) -> Any:
    w, x = leaf(L, 1.0, 2.0), leaf(L, 3.0, 4.0)
    y = (w * x).sum()
    with L.no_grad():
        w.add_(1)
    y.backward()


@program
def leaf_changed_through_data(L: Any) -> Any:
    w, x = leaf(L, 1.0, 2.0), leaf(L, 3.0, 4.0)
    y = (w * x).sum()
    w.data.add_(1)
    y.backward()
    return w.grad, x.grad


@program
def integer_index_changed(L: Any) -> Any:
    x, index = leaf(L, 1.0, 2.0), L.tensor([0, 1])
    y = x.gather(0, index)
    index.zero_()
    y.sum().backward()


@program
def retain_grad_on_a_view(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0, 3.0)
    base = x * 1
    view = base[1:]
    view.retain_grad()
    base.mul_(2)
    (view * view).sum().backward()
    return x.grad, view.retains_grad


@program
def hook_on_a_view_whose_base_changes(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0, 3.0)
    base = x * 1
    view = base[1:]
    seen: list[Any] = []
    view.register_hook(lambda g: seen.append(g))
    base.mul_(2)
    (view * view).sum().backward()
    return x.grad, len(seen)


@program
def hook_on_a_base_written_through_a_view(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0, 3.0)
    base = x * 1
    seen: list[Any] = []
    base.register_hook(lambda g: seen.append(g))
    base[1:].mul_(2)
    base.register_hook(lambda g: seen.append(g * 100))
    base.sum().backward()
    return x.grad, seen


@program
def requires_grad_of_a_buffer_and_its_views(L: Any) -> Any:
    buffer = L.zeros(3, dtype=L.float64)
    early = buffer[:1]
    buffer[1] = leaf(L, 2.0)[0]
    return facts(buffer, early, buffer[2:])


@program
def view_written_with_a_leaf(L: Any) -> Any:
    w = leaf(L, 2.0, 3.0)
    buffer = L.zeros(3, dtype=L.float64)
    view = buffer[1:]
    view.mul_(w).add_(w * w)
    buffer.pow(2).sum().backward()
    return w.grad, buffer, facts(buffer, view)


@program
def expanded_leaf(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x.expand(3, 2)
    (y * L.arange(6, dtype=L.float64).view(3, 2)).sum().backward()
    return x.grad, facts(y)


@program
def requires_grad_of_views_of_a_buffer_turned_on(L: Any) -> Any:
    buffer = L.zeros(3, dtype=L.float64)
    view = buffer[1:]
    buffer.requires_grad_()
    return facts(buffer), view.requires_grad, raised(lambda: view.mul_(2))


@program
def view_that_becomes_a_leaf(L: Any) -> Any:
    buffer = L.ones(3, dtype=L.float64)
    view = buffer[1:].requires_grad_()
    (view * view).sum().backward()
    return view.grad, facts(buffer, view)


@program
def base_of_a_view_that_is_a_leaf_is_written(L: Any) -> Any:
    buffer = L.ones(3, dtype=L.float64)
    view = buffer[1:].requires_grad_()
    buffer.mul_(3)
    (view * view).sum().backward()
    return view.grad, buffer


@program
def integers_are_written_freely(L: Any) -> Any:
    x = L.arange(4)
    view = x[1:]
    view.add_(2)
    view[0] = 9
    return x, facts(x, view)


@program
def comparison_in_place(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0)
    y = x * 1
    y.gt_(1.5)
    return y, y.requires_grad


@program
def in_place_makes_it_wider(L: Any) -> Any:
    L.ones(2).add_(L.ones(2, dtype=L.complex64))


@program
def in_place_with_a_wider_float(L: Any) -> Any:
    x = L.ones(2, requires_grad=True)
    y = x * 1
    v = leaf(L, 2.0, 3.0)
    y.mul_(v)
    y.sum().backward()
    return y, x.grad, v.grad


@program
def matmul_in_place_by_operator(L: Any) -> Any:
    x = ramp(L, 2, 2)
    y = x * 1
    y @= x
    y.sum().backward()
    return y, x.grad


@program
def real_part_is_written(L: Any) -> Any:
    z = L.tensor([1 + 2j, 3 - 1j], dtype=L.complex128, requires_grad=True)
    w = z * 1
    w.real.mul_(2)
    w.abs().sum().backward()
    return w, z.grad


@program
def view_as_real_is_written(L: Any) -> Any:
    z = L.tensor([1 + 2j, 3 - 1j], dtype=L.complex128, requires_grad=True)
    w = z * 1
    L.view_as_real(w)[:, 1].mul_(2)
    w.abs().sum().backward()
    return w, z.grad


@program
def chain_of_writes_to_views_of_views(L: Any) -> Any:
    x = ramp(L, 4, 4)
    y = x * 1
    rows = y[1:3]
    rows[:, 1:3].mul_(2)
    rows.t()[0].exp_()
    y.view(-1)[::5] = 0.5
    y.sum().backward()
    return y, x.grad, facts(y, rows)


@program
def second_order_through_writes(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0, 3.0)
    y = x * x
    y[1:].mul_(x[1:])
    y[0] = x[2] * x[0]
    (g,) = L.autograd.grad((y * y).sum(), x, create_graph=True)
    return g, L.autograd.grad((g * g).sum(), x)


@program
def swapped_halves(L: Any) -> Any:
    x = leaf(L, 1.0, 2.0, 3.0, 4.0)
    y = x * x
    first = y[:2].clone()
    y[:2] = y[2:]
    y[2:] = first
    (y * L.arange(4, dtype=L.float64)).sum().backward()
    return y, x.grad


# -- scatters: out-of-place writes -------------------------------------------------------------------------------------

SCATTERS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "select_scatter": lambda L, x, v: L.select_scatter(x, v[0], 0, 1),
    "select_scatter_last": lambda L, x, v: x.select_scatter(v[0, :3], -1, -1),
    "slice_scatter": lambda L, x, v: L.slice_scatter(x, v[:2], 0, 1, 3),
    "slice_scatter_step": lambda L, x, v: x.slice_scatter(v[:, :2], dim=1, start=0, step=2),
    "slice_scatter_all": lambda L, x, v: x.slice_scatter(v),
    "diagonal_scatter": lambda L, x, v: L.diagonal_scatter(x, v[0, :3]),
    "diagonal_scatter_above": lambda L, x, v: x.diagonal_scatter(v[0, :3], 1),
    "select_scatter_of_a_wrong_shape": lambda L, x, v: L.select_scatter(x, v[0, :2], 0, 1),
    "slice_scatter_of_a_wrong_shape": lambda L, x, v: L.slice_scatter(x, v[0], 0, 1, 3),
    "diagonal_scatter_of_a_wrong_shape": lambda L, x, v: L.diagonal_scatter(x, v[0]),
    "select_scatter_out_of_range": lambda L, x, v: L.select_scatter(x, v[0], 0, 5),
}


def for_each_scatter(name: str, op: Callable[[Any, Any, Any], Any]) -> None:
    def run(L: Any) -> Any:
        x, v = ramp(L, 3, 4), ramp(L, 3, 4, start=-3.0)
        y = op(L, x * 1, v)
        (y * y * y).sum().backward()
        return y, x.grad, v.grad, y._is_view()

    program[name] = run


for _name, _op in SCATTERS.items():
    for_each_scatter(_name, _op)


# -- keyword forms -------------------------------------------------------------------------------------------------


@program
def keyword_sizes(L: Any) -> Any:
    x = ramp(L, 2, 3)
    return x.expand(size=(4, 2, 3)), x.view(size=(3, 2)), x.reshape(shape=(6,)), x.permute(dims=(1, 0))


@program
def warning_for_grad_of_a_non_leaf(L: Any) -> Any:
    y = leaf(L, 1.0) * 2
    return warned(lambda: y.grad)


@program
def diagonals_filled(L: Any) -> Any:
    return (
        L.zeros(7, 2).fill_diagonal_(1, wrap=True),
        L.zeros(7, 2).fill_diagonal_(1),
        L.zeros(2, 2, 2).fill_diagonal_(1),
        raised(lambda: L.zeros(2).fill_diagonal_(1)),
        raised(lambda: L.zeros(2, 2, 3).fill_diagonal_(1)),
    )


@program
def reversed_tensor(L: Any) -> Any:
    return reversed(ramp(L, 2, 3)), list(reversed(L.arange(3)))
