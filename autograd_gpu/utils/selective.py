"""Layer 6: selective checkpoints. A policy says which ops' results are kept, so that they need not be computed again.

The two context managers see every op call below all other interceptors, where it is computed and recorded: the first
stores results that the policy wants kept, the second records a call with the stored results instead of computing them.
Views are always made again: they cost nothing, and must be views of what is there.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.call import REGISTRY, compute, prepare, record
from autograd_gpu.core.graph import Tensor
from autograd_gpu.core.op import Op
from autograd_gpu.device import type_of


class CheckpointPolicy(enum.Enum):
    """What a policy says of one op call. MUST and PREFER mean the same here, as in PyTorch's eager mode."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3


class SelectiveCheckpointContext:
    """What a policy gets to know.

    Attributes:
        is_recompute: always False: policies are asked in the first call only.
        op_output: what the call returned.
    """

    def __init__(self, *, is_recompute: bool, op_output: Any = None) -> None:
        self.is_recompute = is_recompute
        self.op_output = op_output


Policy = Callable[..., CheckpointPolicy | bool]

_SAVE = (CheckpointPolicy.MUST_SAVE, CheckpointPolicy.PREFER_SAVE)
_RECOMPUTE = object()
_CONSUMED = object()
_MISMATCH = (
    "This can happen if the operations in the checkpointed region are nondeterministic or depend on global state that "
    "changed between forward and backward."
)


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Policy | list[Any], allow_cache_entry_mutation: bool = False
) -> tuple[Any, Any]:
    """The two contexts for `checkpoint(..., context_fn=...)` that keep the results of chosen ops.

    Args:
        policy_fn_or_list: ``policy(ctx, op, *args, **kwargs) -> CheckpointPolicy`` (or True to save), where ``op.name`` is
            the op's name; or a list of ops to save, as functions (``ag.matmul``) or names (``"matmul"``).
        allow_cache_entry_mutation: do not complain when a kept result was changed in place.

    Raises:
        TypeError: neither a function nor a list.
        ValueError: the list names something that is no op.
        RuntimeError: in backward, when the second call calls other ops, or for a second backward.

    >>> from functools import partial
    >>> from autograd_gpu.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts
    >>> x, w = ag.ones(2, 2, requires_grad=True), ag.ones(2, 2)
    >>> contexts = partial(create_selective_checkpoint_contexts, [ag.matmul])
    >>> y = checkpoint(lambda x: (x @ w).tanh(), x, use_reentrant=False, context_fn=contexts)
    >>> y.sum().backward()  # computes tanh again, and not the product
    """
    if isinstance(policy_fn_or_list, list):
        chosen = {name for each in policy_fn_or_list for name in _names_of(each)}

        def policy(ctx: SelectiveCheckpointContext, op: Op, *args: Any, **kwargs: Any) -> CheckpointPolicy:
            return CheckpointPolicy.MUST_SAVE if op.name in chosen else CheckpointPolicy.PREFER_RECOMPUTE

    elif callable(policy_fn_or_list):
        policy = policy_fn_or_list  # type: ignore[assignment]
    else:
        raise TypeError(f"policy_fn_or_list must be either a function or a list of ops.{errors.here()}")
    storage: dict[str, list[Any]] = {}
    return _Storing(policy, storage), _Stored(storage, allow_cache_entry_mutation)


#: functions that are one of several ops, by the shapes they are given
_SEVERAL = {"matmul": ("matmul", "mm", "bmm", "mv", "dot"), "linear": ("linear", "linear_unbiased")}


def _names_of(op: Any) -> tuple[str, ...]:
    name = op if isinstance(op, str) else getattr(op, "name", getattr(op, "__name__", None))
    if name not in REGISTRY:
        raise ValueError(
            f"Expected op in `op_list` to be an op but got: {op} of type {type(op)}.{errors.here()}"
        )
    return _SEVERAL.get(str(name), (str(name),))


class _AtTheBottom:
    """A context manager that sees every op call of the thread below all other interceptors."""

    def __enter__(self) -> None:
        modes.local.interceptors.insert(0, self)
        with modes.lock:
            modes.intercepting += 1

    def __exit__(self, *exception: object) -> None:
        modes.local.interceptors.remove(self)
        with modes.lock:
            modes.intercepting -= 1


class _Storing(_AtTheBottom):
    """Stores the results that the policy wants kept, with their versions, in the order of the calls of each op."""

    def __init__(self, policy: Policy, storage: dict[str, list[Any]]) -> None:
        self._policy = policy
        self._storage = storage

    def __call__(self, op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        tensors, arrays, namespace = _operands(op, inputs)
        results = compute(op, namespace, tensors, arrays, params)
        outputs = record(op, tensors, arrays, results, params)
        if op.kind == "view":
            return outputs
        said = self._policy(
            SelectiveCheckpointContext(is_recompute=False, op_output=outputs), op, *inputs, **params
        )
        keep = said in _SAVE if isinstance(said, CheckpointPolicy) else bool(said)
        versions = [(each._changes, each._changes[0]) for each in _listed(outputs)]
        self._storage.setdefault(op.name, []).append((results, versions) if keep else _RECOMPUTE)
        return outputs


class _Stored(_AtTheBottom):
    """Records calls with the stored results."""

    def __init__(self, storage: dict[str, list[Any]], allow_mutation: bool) -> None:
        self._storage = storage
        self._allow_mutation = allow_mutation
        self._counts: dict[str, int] = {}

    def __enter__(self) -> None:
        self._counts.clear()
        super().__enter__()

    def __call__(self, op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        tensors, arrays, namespace = _operands(op, inputs)
        entry: Any = _RECOMPUTE
        if op.kind != "view":
            index = self._counts.get(op.name, 0)
            self._counts[op.name] = index + 1
            stored = self._storage.get(op.name, [])
            if index >= len(stored):
                raise RuntimeError(
                    f"{op.name} invocation index {index} encountered during backward but not found in storage. {_MISMATCH}"
                    f"{errors.here()}"
                )
            entry = stored[index]
            if entry is _CONSUMED:
                raise RuntimeError(
                    "Trying to backward an extra time. You are only allowed to backward once on any region computed under "
                    f"selective activation checkpoint.{errors.here()}"
                )
            if entry is not _RECOMPUTE:
                stored[index] = _CONSUMED
        if entry is _RECOMPUTE:
            results = compute(op, namespace, tensors, arrays, params)
        else:
            results, versions = entry
            if not self._allow_mutation and any(version[0] != before for version, before in versions):
                raise RuntimeError(
                    "Tensor cached during selective activation checkpoint has been mutated: the result of "
                    f"{op.name}{errors.here()}"
                )
        return record(op, tensors, arrays, results, params)


def _operands(op: Op, inputs: Sequence[Any]) -> tuple[list[Tensor | None], list[Any], Any]:
    tensors = prepare(op, inputs)
    arrays = [None if t is None else t._array for t in tensors]
    first = next(array for array in arrays if array is not None)
    return tensors, arrays, type_of(first).namespace


def _listed(outputs: Any) -> list[Tensor]:
    return list(outputs) if isinstance(outputs, tuple) else [outputs]
