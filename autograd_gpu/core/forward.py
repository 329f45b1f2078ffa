"""Layer 2: forward-mode differentiation. Tangents ride along with tensors while a level is open.

A level is an interceptor (`modes.intercept`): it sees every op call of its thread, lets the call happen one level
further down, and computes the tangent of the result from the op's kind:

- elementwise: the derivative rule applied to the tangent is the tangent's derivative;
- linear, view: the op itself, applied to the tangents;
- bilinear: the product rule;
- anything else: the vector-Jacobian product is linear in its cotangent, so its own vector-Jacobian product is the
  Jacobian-vector product (the "double backward trick", J. Townsend, 2017).

Everything is computed with ordinary tensor ops, so tangents can be differentiated backward, and levels nest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core import engine, modes
from autograd_gpu.core.call import REGISTRY, compute, prepare, record, replay
from autograd_gpu.core.graph import Leaf, Node, Tensor, alias_of, hooks_of, node_of, wrap
from autograd_gpu.core.leaves import LEAF, detach
from autograd_gpu.core.op import Op, Rule, tensor_namespace

_next_level = count(1).__next__


class Level:
    """One open forward-mode level of one thread."""

    def __init__(self) -> None:
        self.number = _next_level()
        self._carriers: list[dict[int, Tensor]] = []

    def tangent(self, value: Any) -> Tensor | None:
        """The tangent that a value carries on this level."""
        if not isinstance(value, Tensor):
            return None
        if value._view is not None:  # the base may have been written to since the view was made
            base = self.tangent(value._view.base)
            if base is not None:
                moved: Tensor = _moved(base, value._view.steps)
                return moved
        found: dict[int, Tensor] | None = value.__dict__.get("_tangents")
        return None if found is None else found.get(self.number)

    def set_tangent(self, tensor: Tensor, tangent: Tensor) -> None:
        if not tensor._type.differentiable:  # the integers that a cast makes do not move
            return
        tangents = tensor.__dict__.setdefault("_tangents", {})
        tangents[self.number] = tangent
        self._carriers.append(tangents)
        node = tensor._node
        if node.__class__ is Node:  # its derivative may keep this output
            hooks_of(node).tangents["out"] = tangents

    def close(self) -> None:
        """Take the tangents of this level off everything that carries them (outputs and their nodes hold each other)."""
        for tangents in self._carriers:
            tangents.pop(self.number, None)
        self._carriers.clear()

    def __call__(self, op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        tensors = prepare(op, inputs)  # casts carry tangents along
        tangents = [self.tangent(t) for t in tensors]
        modes.local.interceptors.remove(self)
        try:
            if all(t is None for t in tangents) or not op.rules:
                return _call(op, tensors, params)
            return self._propagate(op, tensors, tangents, params)
        finally:
            modes.local.interceptors.append(self)

    def _propagate(
        self,
        op: Op,
        tensors: Sequence[Tensor | None],
        tangents: Sequence[Tensor | None],
        params: dict[str, Any],
    ) -> Any:
        complex_values = any(t is not None and t._type.is_complex for t in tensors)
        direct = op.holomorphic or not complex_values
        if op.kind == "elementwise" and direct and len(op.outputs) == 1:
            result = _call(op, tensors, params)
            self.set_tangent(result, _elementwise(op, tensors, tangents, result, params))
            return result
        if op.kind in ("linear", "view") and not op.fused:
            result = _call(op, tensors, params)
            zeros = [
                _zeros(t) if tangent is None and t is not None and t._type.differentiable else tangent
                for t, tangent in zip(tensors, tangents, strict=True)
            ]
            moved = [t if z is None else z for t, z in zip(tensors, zeros, strict=True)]
            outcome: Any = (
                _call(op, moved, params) if op.name != "view" else _moved(moved[0], ((op, params),))
            )
            several = isinstance(result, tuple)
            for out, tangent in zip(
                result if several else (result,), outcome if several else (outcome,), strict=True
            ):
                self.set_tangent(out, tangent)
            return result
        if op.kind == "bilinear" and not op.fused:
            result = _call(op, tensors, params)
            total: Tensor | None = None
            for position, tangent in enumerate(tangents[:2]):
                if tangent is not None:
                    replaced = list(tensors)
                    replaced[position] = tangent
                    term: Tensor = _call(op, replaced, params)
                    total = term if total is None else total + term
            assert total is not None
            self.set_tangent(result, total)
            return result
        return self._transposed_twice(op, tensors, tangents, params)

    def _transposed_twice(
        self,
        op: Op,
        tensors: Sequence[Tensor | None],
        tangents: Sequence[Tensor | None],
        params: dict[str, Any],
    ) -> Any:
        recording = modes.is_grad_enabled()
        attached = recording and any(t is not None and node_of(t) is not None for t in tensors)
        # A tangent has a history if something that it depends on has one. Outer levels see tensors, never raw arrays.
        recorded = recording and (attached or any(t is not None and node_of(t) is not None for t in tangents))
        as_tensors = recorded or bool(modes.local.interceptors)
        alias = REGISTRY["alias"].apply
        with modes.enable_grad():
            moving: list[Tensor | None] = []
            for t, tangent in zip(tensors, tangents, strict=True):
                if t is None:
                    moving.append(None)
                elif tangent is None:
                    moving.append(t if attached else detach(t))
                elif attached and node_of(t) is not None:
                    moving.append(alias(t))
                else:
                    moving.append(_leaf(t))
            for t, twin in zip(tensors, moving, strict=True):
                if t is not None and twin is not None and twin is not t and "_tangents" in t.__dict__:
                    twin.__dict__["_tangents"] = t.__dict__["_tangents"]
            results = _call(op, moving, params)
            outputs = results if isinstance(results, tuple) else (results,)
            goals = [
                m._node
                for m, tangent in zip(moving, tangents, strict=True)
                if m is not None and tangent is not None
            ]
            given = [tangent for tangent in tangents if tangent is not None]
            differentiable = [out for out in outputs if out._node is not None]
            cotangents = [_leaf(_zeros(out)) for out in differentiable]
            first = engine.run(
                [out._node for out in differentiable if out._node is not None],
                cotangents,
                wanted=[goal for goal in goals if goal is not None],
                retain_graph=True,
                create_graph=True,
            )
            pairs = [
                (vjp, t)
                for vjp, t in zip(first, given, strict=True)
                if vjp is not None and vjp._node is not None
            ]
            second = engine.run(
                [vjp._node for vjp, _ in pairs],
                [t if as_tensors else t._array for _, t in pairs],
                wanted=[u._node for u in cotangents if u._node is not None],
                retain_graph=as_tensors,
                create_graph=as_tensors,
            )
        final = tuple(out if attached else _released(out) for out in outputs)
        jvps = iter(second)
        for before, out in zip(outputs, final, strict=True):
            if before._node is not None:
                tangent = next(jvps)
                if tangent is None:
                    tangent = _zeros(out)
                elif not isinstance(tangent, Tensor):
                    tangent = wrap(tangent)
                elif not recorded:
                    tangent = _released(tangent)
                self.set_tangent(out, tangent)
        return final if isinstance(results, tuple) else final[0]


def _moved(tangent: Any, steps: Sequence[tuple[Op, dict[str, Any]]]) -> Any:
    """The tangent, a tensor, of a view. It is copied where the view's memory allows another shape, and its own does not."""
    for op, params in steps:
        tangent = (
            tangent.reshape(params["shape"]) if op.name == "view" else replay(None, tangent, ((op, params),))
        )
    return tangent


def _call(op: Op, tensors: Sequence[Tensor | None], params: dict[str, Any]) -> Any:
    """A call of an op whose inputs are prepared, seen by the remaining interceptors."""
    if modes.local.interceptors:
        return modes.local.interceptors[-1](op, tensors, params)
    namespace = next(t for t in tensors if t is not None)._type.namespace
    arrays = [None if t is None else t._array for t in tensors]
    return record(op, tensors, arrays, compute(op, namespace, tensors, arrays, params), params)


def _zeros(tensor: Tensor) -> Tensor:
    return wrap(tensor._type.namespace.zeros(tensor._array.shape, tensor._type.numpy), tensor._type)


def _released(tensor: Tensor) -> Tensor:
    """The tensor without its history, but with its tangents on other levels."""
    twin = detach(tensor)
    if "_tangents" in tensor.__dict__:
        twin.__dict__["_tangents"] = tensor.__dict__["_tangents"]
    return twin


def _leaf(tensor: Tensor) -> Tensor:
    leaf = detach(tensor)
    leaf._node = Leaf(leaf, LEAF)
    return leaf


def _elementwise(
    op: Op,
    tensors: Sequence[Tensor | None],
    tangents: Sequence[Tensor | None],
    result: Tensor,
    params: dict[str, Any],
) -> Tensor:
    namespace = tensor_namespace(result._type.device)
    total: Tensor | None = None
    if op.joint is not None:
        raise NotImplementedError(f"{op.name}: an elementwise op has one rule per input")
    for name, tangent in zip(op.inputs, tangents, strict=True):
        if tangent is None:
            continue
        rule: Rule = op.rules[name]
        known: dict[str, Any] = dict(zip(op.inputs, tensors, strict=True))
        known["out"] = result
        arguments = [known[n.removesuffix("_like")] for n in rule.names]
        term = rule.function(namespace, tangent, *arguments, **{p: params[p] for p in rule.params})
        total = term if total is None else total + term
    assert total is not None
    if total._array.shape != result._array.shape:
        total = namespace.expand(total, shape=result._array.shape)  # type: ignore[attr-defined]
    if total._type is not result._type:
        total = REGISTRY["cast"].apply(total, dtype=result._type.numpy)
    assert isinstance(total, Tensor)
    return total


# -- levels ------------------------------------------------------------------------------------------------------------


class dual_level(modes.intercept):
    """Context in which tensors can carry tangents. Levels nest; each sees its own tangents only."""

    def __init__(self) -> None:
        super().__init__(Level())

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self.interceptor.close()


def innermost_level() -> Level | None:
    """The innermost open level of this thread."""
    for interceptor in reversed(modes.local.interceptors):
        if isinstance(interceptor, Level):
            return interceptor
    return None


def make_dual(tensor: Tensor, tangent: Tensor, level: Level) -> Tensor:
    """A view of `tensor` that carries `tangent` (same shape and dtype) on a level."""
    if not tensor._type.differentiable:
        raise ValueError(
            f"Expected primal to be floating point or complex, but got: {tensor._type.dtype}{errors.here()}"
        )
    if not tangent._type.differentiable:
        raise ValueError(
            f"Expected tangent to be floating point or complex, but got: {tangent._type.dtype}{errors.here()}"
        )
    if tensor._array.shape != tangent._array.shape:
        raise RuntimeError(
            f"Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(tensor._array.shape)} while the given forward gradient is of size "
            f"{list(tangent._array.shape)}.{errors.here()}"
        )
    interceptors = modes.local.interceptors
    position = interceptors.index(level)
    hidden = interceptors[position:]
    del interceptors[position:]
    try:
        dual = REGISTRY["alias"].apply(tensor)
        if tangent._type is not tensor._type:
            tangent = REGISTRY["cast"].apply(tangent, dtype=tensor._type.numpy)
    finally:
        interceptors.extend(hidden)
    if dual._node is None:
        # In-place changes of its parts are its own affair: what it is a view of has no tangent.
        dual._view = None
    lower = tensor.__dict__.get("_tangents")
    if lower:
        dual.__dict__["_tangents"] = {**lower, **dual.__dict__.get("_tangents", {})}
    level.set_tangent(dual, tangent)
    assert isinstance(dual, Tensor)
    return dual


def unpack_dual(tensor: Tensor, level: Level) -> tuple[Tensor, Tensor | None]:
    """The primal and the tangent (None if there is none) of a tensor on a level."""
    tangent = level.tangent(tensor)
    if tangent is None:
        return tensor, None
    primal = alias_of(tensor, node_of(tensor))
    primal._view = tensor._view
    lower = {
        number: t for number, t in tensor.__dict__.get("_tangents", {}).items() if number != level.number
    }
    if lower:
        primal.__dict__["_tangents"] = lower
    return primal, tangent
