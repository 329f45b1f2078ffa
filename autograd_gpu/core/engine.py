"""Layer 2: the backward scheduler. One loop for `.backward()`, `autograd.grad` and everything built on them.

A node runs when every node that was made later, and could still send it a gradient, has run. Sequence numbers grow from
inputs to outputs, so the pending node with the largest number is always ready: a heap of numbers is the whole scheduler,
without discovery pass, dependency counts or recursion.

Gradients on their way are raw arrays, or tensors under `create_graph`; the rules cannot tell. The first gradient that
arrives at a node is borrowed; the second is added to it in place only if nobody else holds it (see `exclusive`), so
nothing is ever written into an array that a rule, a hook or the user may still see. Leaves have the oldest numbers and
accumulate last: a backward pass that fails has changed no `.grad`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from heapq import heapify, heappop, heappush
from sys import getrefcount
from typing import Any

from autograd_gpu import errors
from autograd_gpu.core import hooks, modes
from autograd_gpu.core.call import REGISTRY
from autograd_gpu.core.compile import Modified, check_group
from autograd_gpu.core.graph import OWN, Array, Leaf, MultiNode, Node, Pick, Spec, Specs, Tensor, bump, wrap
from autograd_gpu.core.op import Op, tensor_namespace
from autograd_gpu.core.saved import Withheld
from autograd_gpu.device import SILENT, restore, silence, type_of

Watch = Callable[[Sequence[Node], set[int] | None], AbstractContextManager[Any]]

#: pulls gradients through a node: its edges, its pullback, the gradient and what was kept -> namespace and results
Within = Callable[[Node, Sequence[Node | None], Any, Any, Any], tuple[Any, Any]]

#: context managers to open around every pass, while somebody watches passes (anomaly mode, hooks on several gradients);
#: called with the roots and the sequences of the nodes that gradients are computed for, None for all
around: list[Watch] = []


def _references_when_exclusive() -> int:
    array = bytearray(1)
    return getrefcount(array)


#: what getrefcount says of a local variable's value that nothing else holds (interpreters differ)
EXCLUSIVE = _references_when_exclusive()


def run(
    roots: Sequence[Node],
    gradients: Sequence[Any],
    *,
    wanted: Sequence[Node] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
    recording: bool = True,
    accumulating: bool = False,
    within: Within | None = None,
) -> list[Any]:
    """Send `gradients` (raw arrays; tensors under create_graph) from `roots` towards the leaves.

    Without `wanted`, every leaf accumulates into its tensor's ``.grad``. With it, only nodes on a path to a wanted node
    run, no ``.grad`` changes, and the result lists the gradients at the wanted nodes, None where none arrived. If they are
    `accumulating`, the wanted nodes' pre-hooks see them too.

    With `create_graph` the rules run on tensors: for whoever watches ops, and, unless `recording` is off, recorded. With
    `within`, gradients are raw arrays that need not be of the nodes' own namespaces: it finds the namespace of each.
    """
    captures: dict[int, Any] | None = None
    needed: dict[int, tuple[Node | None, ...] | None] = {}
    if wanted is not None:
        captures = dict.fromkeys((node.sequence for node in wanted), None)
        needed = on_a_path(roots, captures)
    mode: Any = modes.enable_grad() if create_graph and recording else modes.no_grad()
    token = silence(SILENT)
    try:
        with mode:
            if around:
                with ExitStack() as stack:
                    for watch in tuple(around):
                        stack.enter_context(watch(roots, None if captures is None else {*needed, *captures}))
                    _loop(
                        roots, gradients, needed, captures, retain_graph, create_graph, accumulating, within
                    )
            else:
                _loop(roots, gradients, needed, captures, retain_graph, create_graph, accumulating, within)
    finally:
        restore(token)
    return [] if wanted is None or captures is None else [captures[node.sequence] for node in wanted]


def _loop(
    roots: Sequence[Node],
    gradients: Sequence[Any],
    needed: dict[int, tuple[Node | None, ...] | None],
    captures: dict[int, Any] | None,
    retain_graph: bool,
    create_graph: bool,
    accumulating: bool,
    within: Within | None,
) -> None:
    pending: dict[int, Any] = {}  # sequence -> gradient so far
    nodes: dict[int, Node] = {}  # sequence -> node, for every entry of `heap`
    heap: list[int] = []  # negative sequences
    freed = None if retain_graph else Withheld()

    for root, gradient in zip(roots, gradients, strict=True):
        key = root.sequence
        if key in nodes:
            pending[key] = pending[key] + gradient
        else:
            pending[key] = gradient
            nodes[key] = root
            heap.append(-key)
    heapify(heap)
    gradients = gradient = None  # type: ignore[assignment]

    seen: Any = (
        None  # what hooks see of the gradients of several outputs: None, not zeros, where none arrived
    )
    while heap:
        key = -heappop(heap)
        node = nodes.pop(key)
        g = pending.pop(key)
        if node.hooks is not None:
            g = hooks.before(node, g)
            if captures is None:
                seen = g = hooks.entering(node, g)
        if captures is not None:
            if key in captures:
                captures[key] = g
            if key not in needed:
                if accumulating and node.hooks is not None:
                    hooks.entering(node, g)  # what they return is for the node itself, which does not run
                continue
            if node.hooks is not None:
                seen = g = hooks.entering(node, g)
        if node.__class__ is not Node:
            if node.__class__ is Leaf:
                seen = None
                exclusive = getrefcount(g) == EXCLUSIVE and _owns_memory(g)
                _accumulate(node, g, exclusive, create_graph)
                continue
            if node.__class__ is Pick:
                _deliver(node, g, pending, nodes, heap)
                continue
            g = _materialize(node, g, create_graph)
        kept = node.kept
        if kept.__class__ is Withheld:
            kept = kept.open(node)
        edges = node.edges
        pull = node.pull
        if captures is not None and (fewer := needed[key]) is not None:
            edges, pull = fewer, _restricted(node, fewer)
        try:
            if create_graph:
                namespace: Any = tensor_namespace(node.type.device)
                results = differentiable_pull(node, edges, pull, namespace, g, kept)
            elif within is not None:
                namespace, results = within(node, edges, pull, g, kept)
            else:
                namespace = node.type.namespace
                results = (
                    pull(namespace, g, kept, node.params)
                    if node.__class__ is Node or not isinstance(node, MultiNode)
                    else node.run(namespace, g, kept)
                )
        except Modified as change:
            raise _modified_error(node, kept, change) from None
        except Exception as error:
            error.add_note(f"in the backward of {node.name()}, made at {node.place}")
            raise
        if freed is not None and kept is not None and kept[-1].__class__ not in _HARMLESS:
            node.kept = freed
        kept = None
        if node.hooks is not None:
            results = hooks.after(node, results, g if seen is None else seen)
        g = seen = None
        shape = node.shape if node.op.kind == "elementwise" else None
        for edge, result in zip(edges, results):  # noqa: B905 - trailing inputs without a rule have no result
            if edge is None or result is None:
                continue
            if (shape or result.shape) != edge.shape:
                result = namespace.sum_to(result, edge.shape)
            key = edge.sequence
            if key not in nodes:
                nodes[key] = edge
                pending[key] = result
                heappush(heap, -key)
            else:
                before = pending.pop(key)
                if (
                    not create_graph
                    and within is None
                    and getrefcount(before) == EXCLUSIVE
                    and _owns_memory(before)
                ):
                    before += result
                    pending[key] = before
                else:
                    pending[key] = before + result
                before = None
        results = result = None


#: kept entries that hold no array, so that going through them twice does no harm
_HARMLESS = frozenset((Spec, Specs))


def _owns_memory(array: Array) -> bool:
    """Whether an array is nobody's view, so that holding the only reference means that nobody else can see its data."""
    return getattr(array, "base", None) is None


def reachable(roots: Sequence[Node]) -> list[Node]:
    """The nodes that gradients from `roots` can get to, the roots included, each once."""
    reached: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.sequence not in reached:
            reached[node.sequence] = node
            stack.extend(edge for edge in node.edges if edge is not None)
    return list(reached.values())


def on_a_path(roots: Sequence[Node], goals: dict[int, Any]) -> dict[int, tuple[Node | None, ...] | None]:
    """The nodes that have an edge to a goal, or to a node that has, by sequence; each with its edges without those that
    lead nowhere wanted, or None if all of them do."""
    oldest = min(goals, default=0)  # edges lead to older nodes: what is older than every goal leads to none
    reached: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        sequence = node.sequence
        if sequence > oldest and sequence not in reached:
            reached[sequence] = node
            for edge in node.edges:
                if edge is not None:
                    stack.append(edge)
    needed: dict[int, tuple[Node | None, ...] | None] = {}
    for sequence in sorted(reached):
        edges = reached[sequence].edges
        all_wanted, found = True, False
        for edge in edges:
            if edge is not None:
                if edge.sequence in goals or edge.sequence in needed:
                    found = True
                else:
                    all_wanted = False
        if found:
            needed[sequence] = (
                None
                if all_wanted
                else tuple(
                    edge if edge is not None and (edge.sequence in goals or edge.sequence in needed) else None
                    for edge in edges
                )
            )
    return needed


def _restricted(node: Node, edges: Sequence[Node | None]) -> Any:
    """The pullback of a node that computes no gradients but those for `edges`."""
    if not isinstance(node.op, Op):
        return node.pull
    recorded, wanted = node.pull.recorded, mask_of(node.op, edges)
    return node.pull if recorded == wanted else node.op.pull(recorded, wanted, node.pull.variant)


def mask_of(op: Op, edges: Sequence[Node | None]) -> int:
    """One bit for each input (all of a variadic input together) that has an edge."""
    fixed = len(op.inputs)
    mask = 0
    for position, edge in enumerate(edges):
        if edge is not None:
            mask |= 1 << min(position, fixed)
    return mask


# -- nodes with several outputs ------------------------------------------------------------------------------------------


def _deliver(pick: Node, g: Any, pending: dict[int, Any], nodes: dict[int, Node], heap: list[int]) -> None:
    """Put the gradient of one output into its slot of the node that made it."""
    parent = pick.edges[0]
    assert isinstance(parent, MultiNode)
    assert isinstance(pick, Pick)
    key = parent.sequence
    if key not in nodes:
        nodes[key] = parent
        pending[key] = [None] * len(parent.outputs)
        heappush(heap, -key)
    slots = pending[key]
    before = slots[
        pick.index
    ]  # of another pick of the same output: a saved output that was restored has its own
    slots[pick.index] = g if before is None else before + g


def _materialize(node: Node, gradients: Any, create_graph: bool) -> Any:
    """Zeros for the outputs that no gradient reached: rules for several outputs get all of them."""
    if not isinstance(node, MultiNode) or not node.materialize:
        return gradients
    filled = []
    for g, spec in zip(gradients, node.outputs, strict=True):
        if g is None and spec is not None:
            g = spec.type.namespace.zeros(spec.shape, spec.type.numpy)
            if create_graph:
                g = wrap(g, spec.type)
        filled.append(g)
    return filled


def evaluate(node: Node, gradients: Sequence[Tensor | None]) -> list[Tensor | None]:
    """What one node makes of the gradients of its outputs, its hooks left out; for leaves, accumulates."""
    several = isinstance(node, MultiNode)
    g: Any = list(gradients) if several else gradients[0]
    if isinstance(node, Leaf):
        _accumulate(node, g if modes.local.grad_enabled else g._array, False, modes.local.grad_enabled)
        return []
    kept = node.kept.open(node) if node.kept.__class__ is Withheld else node.kept
    namespace = tensor_namespace(node.type.device)
    try:
        return list(
            differentiable_pull(node, node.edges, node.pull, namespace, _materialize(node, g, True), kept)
        )
    except Modified as change:
        raise _modified_error(node, kept, change) from None


# -- leaves --------------------------------------------------------------------------------------------------------------


def _accumulate(leaf: Node, g: Any, exclusive: bool, create_graph: bool) -> None:
    """Add the final gradient of a leaf to its tensor's ``.grad``."""
    assert isinstance(leaf, Leaf)
    tensor = leaf.tensor()
    if tensor is None or tensor._node is None:  # gone, or frozen since the forward
        return
    accumulate_at(leaf, tensor, g, exclusive, create_graph)


def accumulate_at(leaf: Node, tensor: Tensor, g: Any, exclusive: bool, create_graph: bool) -> None:
    """`accumulate_into`, and the hooks that come after it."""
    if leaf.hooks is None or leaf.hooks.grad_dtype is OWN:
        accumulate_into(tensor, g, exclusive, create_graph)
    else:
        _accumulate_as(leaf.hooks.grad_dtype, tensor, g, create_graph)
    if leaf.hooks is not None:
        for hook in tuple(leaf.hooks.post_accumulate.values()):
            if hook(tensor) is not None:
                raise RuntimeError("Tensor post accumulate grad hooks should return None.")
        hooks.after(leaf, (), g)


def accumulate_into(tensor: Tensor, g: Any, exclusive: bool, create_graph: bool) -> None:
    """``tensor.grad += g``. An array that somebody else may see is copied, not kept; an existing ``.grad`` is changed in
    place, so that its address is stable, except under create_graph."""
    existing = tensor._grad
    namespace = tensor._type.namespace  # also makes its card the current one, where there are several
    if create_graph:
        tensor._grad = g if existing is None else existing + g
    elif existing is None:
        if not exclusive or not namespace.is_contiguous(g):
            g = namespace.copy(namespace.asarray(g))
        tensor._grad = wrap(g, tensor._type)
    elif existing._node is not None:  # left by an earlier create_graph: other tensors depend on its value
        tensor._grad = existing.detach() + wrap(g, tensor._type)
    else:
        array = existing._array
        array += g
        bump(existing)


def _accumulate_as(dtype: Any, tensor: Tensor, g: Any, create_graph: bool) -> None:
    """`accumulate_into` for a tensor whose `grad_dtype` is set; an existing ``.grad`` keeps the dtype it has."""
    existing = tensor._grad
    addition = g if isinstance(g, Tensor) else wrap(tensor._type.namespace.copy(g))
    wanted = dtype if existing is None else existing._type.dtype
    if wanted is not None and addition._type.dtype is not wanted:
        addition = REGISTRY["cast"].apply(addition, dtype=wanted.numpy)
    tensor._grad = addition if existing is None else existing + addition


# -- create_graph --------------------------------------------------------------------------------------------------------


def differentiable_pull(
    node: Node, edges: Sequence[Node | None], pull: Any, namespace: Any, g: Any, kept: Any
) -> Any:
    """Run a node's rules on tensors, so that the gradients have a history of their own."""
    op = node.op
    if not isinstance(op, Op):
        assert isinstance(node, MultiNode)
        return node.run(namespace, g, kept)
    if op.fused and not op.plain_rules:
        with modes.enable_grad():
            return _through_body(node, edges, namespace, g, kept)
    on_tensors = pull.on_tensors or op.pull_on_tensors(pull)
    return on_tensors(namespace, g, kept, node.params, node)


def _tensor(array: Array, node: Node | None, tangents: dict[int, Tensor] | None = None) -> Tensor | None:
    if array is None:
        return None
    tensor = wrap(array, None, node)
    if tangents:
        tensor.__dict__["_tangents"] = tangents
    return tensor


def _through_body(
    node: Node, edges: Sequence[Node | None], namespace: Any, g: Any, kept: tuple[Any, ...] | None
) -> list[Tensor | None]:
    """Gradients of a fused op with a history: run its body again on tensors and go backward through that.

    Each input is first aliased, so that only its direct use in this op counts, not what it shares with other inputs.
    """
    op = node.op
    entries = iter(kept or ())
    found: dict[str, Any] = {}
    for name in op.layout(mask_of(op, node.edges)):
        entry = next(entries)
        if name in op.inputs or name in op.outputs:
            version, expected = next(entries), next(entries)
            if version[0] != expected:
                raise Modified(name, version, expected)
        elif name == op.variadic:
            check_group(name, next(entries), next(entries))
        found[name] = entry
    alias = REGISTRY["alias"].apply
    tangents = node.hooks.tangents if node.hooks is not None else {}
    inputs: list[Tensor | None] = []
    for name, edge, goal in zip(op.inputs, node.edges, edges, strict=True):
        array = found.get(name)
        if array is None and edge is not None:  # no derivative depends on its value
            array = edge.type.namespace.zeros(edge.shape, edge.type.numpy)
        tensor = _tensor(array, edge, tangents.get(name))
        inputs.append(alias(tensor) if goal is not None else tensor)
    results = op.body(namespace, *inputs, **node.params)
    outputs = (results if isinstance(results, tuple) else (results,))[: len(op.outputs)]
    if isinstance(node, MultiNode):
        sent = [(out._node, each) for out, each in zip(outputs, g, strict=True) if out._node is not None]
    else:
        sent = [(next(out._node for out in outputs if out._type.differentiable), g)]
    goals = [
        tensor._node
        for tensor, goal in zip(inputs, edges, strict=True)
        if goal is not None and tensor is not None
    ]
    gradients = iter(
        run(
            [root for root, _ in sent],
            [each for _, each in sent],
            wanted=[goal for goal in goals if goal],
            retain_graph=True,
            create_graph=True,
        )
    )
    return [None if goal is None else next(gradients) for goal in edges]


# -- errors --------------------------------------------------------------------------------------------------------------


def _modified_error(node: Node, kept: Any, change: Modified) -> RuntimeError:
    """PyTorch's message for a kept array that was overwritten, with the two lines that are at odds."""
    op = node.op
    entries = iter(kept)
    array: Any = None
    for name in op.layout(mask_of(op, node.edges)):
        array = next(entries)
        if name in op.inputs or name in op.outputs or name == op.variadic:
            next(entries), next(entries)
        if name == change.name:
            break
    if isinstance(array, tuple):
        array = array[0]
    source: Node | None = node
    if change.name in op.inputs:
        source = node.edges[op.inputs.index(change.name)]
    elif change.name == op.variadic:
        source = None
    maker = "" if source is None or isinstance(source, Leaf) else f", which is output 0 of {source.name()},"
    changed = change.version[1] if len(change.version) > 1 else None
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[ag.{type_of(array).dtype.scalar_name}Tensor {list(array.shape)}]{maker} is at version {change.version[0]}; "
        f"expected version {change.expected} instead.\n"
        f"  {node.name()} kept it ({change.name}) at {node.place}\n"
        + (f"  it was changed in place at {errors.place(*changed)}\n" if changed else "")
        + "  Use the out-of-place op there, or clone() the tensor before it is changed."
    )
