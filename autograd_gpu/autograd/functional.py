"""Layer 5: ``ag.autograd.functional``: products with, and whole, Jacobians and Hessians of functions of tensors.

PyTorch's older interface to what `ag.func` does with transforms. A Jacobian-vector product is computed in reverse mode
by the double backward trick (J. Townsend, 2017): the vector-Jacobian product is linear in its vector, so its transpose
is the Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_gpu.autograd import forward_ad
from autograd_gpu.core import modes
from autograd_gpu.core.backward import grad
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.graph import Tensor, wrap
from autograd_gpu.core.leaves import detach, refuse_within_transforms, require_grad
from autograd_gpu.func.transforms import released
from autograd_gpu.func.vectorize import vmap

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Function = Callable[..., Any]
Tensors = tuple[Tensor, ...]

_INDEPENDENT = "This is not allowed in strict mode."


# -- inputs and outputs --------------------------------------------------------------------------------------------------


def _as_tuple(value: Any, what: str, function: str) -> tuple[bool, Tensors]:
    """Whether a value is a tuple, and the value as one.

    Raises:
        TypeError: if it holds anything but tensors.
    """
    several = isinstance(value, tuple)
    members: tuple[Any, ...] = value if several else (value,)
    for index, member in enumerate(members):
        if not isinstance(member, Tensor):
            place = f"value at index {index}" if several else f"given {what}"
            raise TypeError(
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but the {place} has type "
                f"{type(member)}."
            )
    return several, members


def _unpacked(value: Any, several: bool | tuple[bool, bool]) -> Any:
    """The inverse of `_as_tuple`, for one level of tuples or for two."""
    if isinstance(several, bool):
        return value if several else value[0]
    outer, inner = several
    rows = tuple(value) if inner else tuple(row[0] for row in value)
    return rows if outer else rows[0]


def _attached(inputs: Tensors, create_graph: bool, need_graph: bool) -> Tensors:
    """New tensors in the place of the inputs, so that only what passes through the arguments counts."""
    alias = REGISTRY["alias"].apply
    attached = []
    for x in inputs:
        if create_graph and x.requires_grad:
            attached.append(alias(x))
        else:
            refuse_within_transforms("requires_grad_")
            attached.append(require_grad(detach(x), need_graph))
    return tuple(attached)


def _returned(values: Any, create_graph: bool) -> Any:
    if create_graph:
        return values
    if isinstance(values, Tensor):
        return detach(values)
    return tuple(_returned(value, create_graph) for value in values)


def _check_vector(v: Tensors, other: Tensors, several: bool) -> None:
    if len(v) != len(other):
        if several:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(other)} but got {len(v)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for index, (mine, wanted) in enumerate(zip(v, other, strict=True)):
        if mine._array.shape != wanted._array.shape:
            start = f"Entry {index} in " if several else ""
            raise RuntimeError(f"{start}v has invalid size: should be {wanted.size()} but got {mine.size()}.")


_NO_GRADIENT = {
    "outputs": "Output {} of the user-provided function does not require gradients. The outputs must be computed in a "
    "differentiable manner from the input when running in strict mode.",
    "grad_inputs": "The gradient with respect to input {} is independent of the inputs of the user-provided function. "
    + _INDEPENDENT,
    "jacobian": "While computing the hessian, found that the jacobian of the user-provided function with respect to input {} "
    f"is independent of the input. {_INDEPENDENT} You should ensure that your function is twice differentiable and that the "
    "jacobian depends on the inputs (this would be violated by a linear function for example).",
    "hessian": f"The hessian of the user-provided function with respect to input {{}} is independent of the input. "
    f"{_INDEPENDENT} You should ensure that your function is thrice differentiable and that the hessian depends on the inputs.",
}


def _check_gradients(values: Sequence[Tensor | None], what: str, strict: bool) -> None:
    """In strict mode: everything is there and has a history."""
    if not strict:
        return
    for index, value in enumerate(values):
        if value is None:
            raise RuntimeError(
                f"The output of the user-provided function is independent of input {index}. {_INDEPENDENT}"
            )
        if not value.requires_grad:
            raise RuntimeError(_NO_GRADIENT[what].format(index))


def _grad(
    outputs: Sequence[Tensor | None], inputs: Tensors, given: Sequence[Tensor | None] | None, create_graph: bool,
    retain_graph: bool | None = None, batched: bool = False,
) -> tuple[Tensor | None, ...]:  # fmt: skip
    """`autograd.grad` of those outputs that have a history."""
    vectors = [None] * len(outputs) if given is None else list(given)
    pairs = [
        (out, v) for out, v in zip(outputs, vectors, strict=True) if out is not None and out.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    return grad(
        [out for out, _ in pairs], inputs, [v for _, v in pairs],
        retain_graph=retain_graph, create_graph=create_graph, allow_unused=True, is_grads_batched=batched,
    )  # fmt: skip


_MISSING = {
    "back": "The output of the user-provided function is independent of input {}.",
    "back_trick": "The gradient with respect to the input is independent of entry {} in the grad_outputs when using the double "
    "backward trick to compute forward mode gradients.",
    "double_back": "The jacobian of the user-provided function is independent of input {}.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {} in the grad_jacobian.",
}


def _filled(
    found: Sequence[Tensor | None], like: Tensors, strict: bool, create_graph: bool, stage: str
) -> Tensors:
    """Zeros where there is no gradient; in strict mode an error."""
    result = []
    for index, (g, x) in enumerate(zip(found, like, strict=True)):
        if g is None:
            if strict:
                end = (
                    "This is not allowed in strict mode as it prevents from using the double backward trick to replace forward "
                    "mode AD." if stage == "double_back_trick" else _INDEPENDENT
                )  # fmt: skip
                raise RuntimeError(f"{_MISSING[stage].format(index)} {end}")
            result.append(_zeros_like(x))
            continue
        if strict and create_graph and not g.requires_grad:
            what = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(
                f"The {what} of the user-provided function is independent of input {index}. This is not allowed in strict mode "
                "when create_graph=True."
            )
        result.append(g)
    return tuple(result)


def _zeros_like(x: Tensor) -> Tensor:
    return wrap(x._type.namespace.zeros(x._array.shape, x._type.numpy))


def _vector(v: Any, name: str, create_graph: bool, other: Tensors, several: bool) -> Tensors:
    _, members = _as_tuple(v, "v", name)
    given = _attached(members, create_graph, False)
    _check_vector(given, other, several)
    return given


def _scalar_output(outputs: Any, name: str, strict: bool) -> Tensors:
    several, members = _as_tuple(outputs, "outputs of the user-provided function", name)
    _check_gradients(members, "outputs", strict)
    if several:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if members[0]._array.size != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element"
        )
    return members


# -- products ------------------------------------------------------------------------------------------------------------


def vjp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The value of a function, and the product of a vector with its Jacobian.

    Args:
        func: takes tensors, returns a tensor or a tuple of them.
        inputs: its argument, or a tuple of them.
        v: the vector: shapes are the outputs'. May be left out if there is one output with one element.
        create_graph: results can be differentiated further.
        strict: raise where an output does not depend on an input, instead of returning zeros.

    Returns:
        ``(func(*inputs), product)``; the product has the nesting and shapes of the inputs.

    Raises:
        TypeError: for anything but tensors.
        RuntimeError: for a `v` that does not fit; in strict mode for independence.

    >>> ag.autograd.functional.vjp(lambda x: x ** 2, ag.tensor([1.0, 2.0]), ag.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with modes.enable_grad():
        several, given = _as_tuple(inputs, "inputs", "vjp")
        given = _attached(given, create_graph, True)
        several_outputs, outputs = _as_tuple(func(*given), "outputs of the user-provided function", "vjp")
        _check_gradients(outputs, "outputs", strict)
        vector: Tensors | None = None
        if v is not None:
            vector = _vector(v, "vjp", create_graph, outputs, several_outputs)
        elif len(outputs) != 1 or outputs[0]._array.size != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
            )
    with modes.set_grad_enabled(create_graph or modes.is_grad_enabled()):
        product = _filled(_grad(outputs, given, vector, create_graph), given, strict, create_graph, "back")
    return (
        _unpacked(_returned(outputs, create_graph), several_outputs),
        _unpacked(_returned(product, create_graph), several),
    )


def jvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The value of a function, and the product of its Jacobian with a vector.

    Arguments, results and errors are those of `vjp`, but `v` has the shapes of the inputs and the product those of the
    outputs. Goes backward twice; `ag.func.jvp` computes the same in forward mode.

    >>> ag.autograd.functional.jvp(lambda x: x ** 2, ag.tensor([1.0, 2.0]), ag.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with modes.enable_grad():
        several, given = _as_tuple(inputs, "inputs", "jvp")
        given = _attached(given, create_graph, True)
        vector: Tensors | None = None
        if v is not None:
            vector = _vector(v, "jvp", create_graph, given, several)
        elif len(given) != 1 or given[0]._array.size != 1:
            raise RuntimeError(
                "The vector v can only be None if the input to the user-provided function is a single Tensor with a single "
                "element."
            )
        several_outputs, outputs = _as_tuple(func(*given), "outputs of the user-provided function", "jvp")
        _check_gradients(outputs, "outputs", strict)
        # The product is linear in these, so that their values do not matter.
        cotangents = tuple(require_grad(_zeros_like(out)) for out in outputs)
        pulled = _grad(outputs, given, cotangents, True)
        _check_gradients(pulled, "grad_inputs", strict)
    with modes.set_grad_enabled(create_graph or modes.is_grad_enabled()):
        found = _grad(pulled, cotangents, vector, create_graph)
        product = _filled(found, outputs, strict, create_graph, "back_trick")
    return (
        _unpacked(_returned(outputs, create_graph), several_outputs),
        _unpacked(_returned(product, create_graph), several_outputs),
    )


def vhp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The value of a function with one number as its result, and the product of a vector with its Hessian.

    Arguments are those of `vjp`; `v` and the product have the nesting and shapes of the inputs.

    >>> ag.autograd.functional.vhp(lambda x: (x ** 3).sum(), ag.tensor([1.0, 2.0]), ag.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with modes.enable_grad():
        several, given, vector, outputs, slope = _gradient("vhp", func, inputs, v, create_graph, strict)
    with modes.set_grad_enabled(create_graph or modes.is_grad_enabled()):
        product = _filled(
            _grad(slope, given, vector, create_graph), given, strict, create_graph, "double_back"
        )
    return _returned(outputs, create_graph)[0], _unpacked(_returned(product, create_graph), several)


def hvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The value of a function with one number as its result, and the product of its Hessian with a vector.

    The same as `vhp` where the Hessian is symmetric (twice continuously differentiable functions), and slower.

    >>> ag.autograd.functional.hvp(lambda x: (x ** 3).sum(), ag.tensor([1.0, 2.0]), ag.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with modes.enable_grad():
        several, given, vector, outputs, slope = _gradient("hvp", func, inputs, v, create_graph, strict)
        weights = tuple(require_grad(_zeros_like(x)) for x in given)
        pulled = _grad(slope, given, weights, True)
        _check_gradients(slope, "hessian", strict)
    with modes.set_grad_enabled(create_graph or modes.is_grad_enabled()):
        found = _grad(pulled, weights, vector, create_graph)
        product = _filled(found, given, strict, create_graph, "double_back_trick")
    return _returned(outputs, create_graph)[0], _unpacked(_returned(product, create_graph), several)


def _gradient(
    name: str, func: Function, inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[bool, Tensors, Tensors | None, Tensors, tuple[Tensor | None, ...]]:
    """What `vhp` and `hvp` start from: whether inputs are several, inputs, vector, output, gradient with a history."""
    several, given = _as_tuple(inputs, "inputs", name)
    given = _attached(given, create_graph, True)
    vector: Tensors | None = None
    if v is not None:
        vector = _vector(v, name, create_graph, given, several)
    elif len(given) != 1 or given[0]._array.size != 1:
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
        )
    outputs = _scalar_output(func(*given), name, strict)
    slope = _grad(outputs, given, None, True)
    _check_gradients(slope, "jacobian", strict)
    return several, given, vector, outputs, slope


# -- matrices ------------------------------------------------------------------------------------------------------------


def jacobian(
    func: Function, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Jacobian of a function of tensors.

    Args:
        func: takes tensors, returns a tensor or a tuple of them.
        inputs: its argument, or a tuple of them.
        create_graph: the result can be differentiated further.
        strict: raise where an output does not depend on an input, instead of returning zeros.
        vectorize: compute all rows (columns in forward mode) at once.
        strategy: "reverse-mode", or "forward-mode" (which needs `vectorize`).

    Returns:
        For one input of shape T and one output of shape S a tensor of shape S + T; for several inputs or outputs a
        tuple, for both a tuple (one entry per output) of tuples.

    Raises:
        TypeError: for anything but tensors.
        RuntimeError: in strict mode for independence, and for `strict` together with `vectorize`.
        NotImplementedError: for forward mode with `create_graph` or without `vectorize`.

    >>> ag.autograd.functional.jacobian(lambda x: x ** 2, ag.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs than '
            'inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                'ag.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not supported together '
                '(yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
            )
        return _forward_jacobian(func, inputs, strict, vectorize)
    with modes.enable_grad():
        several, given = _as_tuple(inputs, "inputs", "jacobian")
        given = _attached(given, create_graph, True)
        several_outputs, outputs = _as_tuple(
            func(*given), "outputs of the user-provided function", "jacobian"
        )
        _check_gradients(outputs, "outputs", strict)
        if vectorize and strict:
            raise RuntimeError(
                "ag.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. Please "
                "either set `strict=False` or `vectorize=False`."
            )
        rows = _vectorized_rows if vectorize else _rows
        result = tuple(rows(index, out, given, create_graph, strict) for index, out in enumerate(outputs))
        return _unpacked(_returned(result, create_graph), (several_outputs, several))


def _rows(index: int, output: Tensor, inputs: Tensors, create_graph: bool, strict: bool) -> Tensors:
    """The Jacobian of one output, element by element."""
    found: list[list[Tensor]] = [[] for _ in inputs]
    flat = output.reshape(-1)
    for element in range(output._array.size):
        row = _grad((flat[element],), inputs, None, create_graph, retain_graph=True)
        for position, (g, x) in enumerate(zip(row, inputs, strict=True)):
            if g is None:
                if strict:
                    raise RuntimeError(
                        f"Output {index} of the user-provided function is independent of input {position}. {_INDEPENDENT}"
                    )
                g = _zeros_like(x)
            elif strict and create_graph and not g.requires_grad:
                raise RuntimeError(
                    f"The jacobian of the user-provided function is independent of input {index}. This is not allowed in "
                    "strict mode when create_graph=True."
                )
            found[position].append(g)
    return _assembled(found, output, inputs)


def _assembled(found: Sequence[list[Tensor]], output: Tensor, inputs: Tensors) -> Tensors:
    stack = REGISTRY["stack"].public
    result = []
    for rows, x in zip(found, inputs, strict=True):
        shape = (*output._array.shape, *x._array.shape)
        if rows:
            result.append(stack(rows).reshape(shape))
        else:
            result.append(wrap(x._type.namespace.zeros(shape, x._type.numpy)))
    return tuple(result)


def _basis(x: Tensor) -> Tensor:
    """The unit vectors of the space that a tensor is in, one per row: (elements, *shape)."""
    size = int(x._array.size)
    namespace = x._type.namespace
    return wrap(namespace.reshape(namespace.eye(size, size, x._type.numpy), (size, *x._array.shape)))


def _vectorized_rows(
    index: int, output: Tensor, inputs: Tensors, create_graph: bool, strict: bool
) -> Tensors:
    """The Jacobian of one output in one pass over a batch of unit vectors."""
    if not output._array.size:
        return _assembled([[] for _ in inputs], output, inputs)
    found = _grad((output,), inputs, (_basis(output),), create_graph, retain_graph=True, batched=True)
    result = []
    for g, x in zip(found, inputs, strict=True):
        shape = (*output._array.shape, *x._array.shape)
        result.append(wrap(x._type.namespace.zeros(shape, x._type.numpy)) if g is None else g.reshape(shape))
    return tuple(result)


def _forward_jacobian(func: Function, inputs: Any, strict: bool, vectorize: bool) -> Any:
    if strict:
        raise RuntimeError(
            'ag.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not supported together (yet). '
            'Please either set `strict=False` or `strategy="reverse-mode"`.'
        )
    several, given = _as_tuple(inputs, "inputs", "jacobian")
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only implemented for `vectorize=True`."
        )
    blocks: list[list[Tensor]] = []
    several_outputs = False
    for position, x in enumerate(given):

        def column(tangent: Tensor, position: int = position) -> Tensors:
            nonlocal several_outputs
            with forward_ad.dual_level():
                moving = list(given)
                moving[position] = forward_ad.make_dual(given[position], tangent)
                several_outputs, outputs = _as_tuple(
                    func(*moving), "outputs of the user-provided function", "jacobian"
                )
                unpacked = [forward_ad.unpack_dual(out) for out in outputs]
                return tuple(
                    _zeros_like(dual.primal) if dual.tangent is None else released(dual.tangent, ())
                    for dual in unpacked
                )

        columns = vmap(column)(_basis(x))
        blocks.append([c.movedim(0, -1).reshape((*c.shape[1:], *x._array.shape)) for c in columns])
    return _unpacked(tuple(zip(*blocks, strict=True)), (several_outputs, several))


def hessian(
    func: Function, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Hessian of a function with one number as its result.

    Arguments are those of `jacobian`; `outer_jacobian_strategy` says how the gradient is differentiated.

    Returns:
        For one input of shape T a tensor of shape T + T; for several inputs a tuple of tuples.

    >>> ag.autograd.functional.hessian(lambda x: (x ** 3).sum(), ag.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    several, given = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def value(*arguments: Tensor) -> Tensor:
        (output,) = _scalar_output(func(*arguments), "hessian", strict)
        return output.reshape(())

    def gradient(*arguments: Tensor) -> Any:
        if outer_jacobian_strategy == "forward-mode":
            arguments = tuple(x if x.requires_grad else require_grad(x) for x in arguments)
        found = jacobian(value, arguments, create_graph=True)
        _check_gradients(found, "jacobian", strict)
        return found

    result = jacobian(
        gradient,
        given,
        create_graph=create_graph,
        strict=strict,
        vectorize=vectorize,
        strategy=outer_jacobian_strategy,
    )
    return _unpacked(result, (several, several))
