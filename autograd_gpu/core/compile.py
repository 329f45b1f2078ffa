"""Layer 2: code generation. From an op's signature, the function that users call and the pullbacks that the engine calls.

Straight-line source without argument handling, compiled once: this is the hot path of the library, and what makes an op
in Python cost less than one in C++ with a general dispatcher. To read what an op became, print `call_source(op)`.
"""

from __future__ import annotations

import builtins
import sys
import warnings
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from itertools import product
from sys import getrefcount
from types import FunctionType
from typing import TYPE_CHECKING, Any

from autograd_gpu import errors
from autograd_gpu.core import modes
from autograd_gpu.core.call import apply, compute, constant, raise_clearly, view_of
from autograd_gpu.core.graph import MultiNode, Node, Pick, Spec, Specs, Tensor, next_sequence, node_of
from autograd_gpu.core.saved import NEVER
from autograd_gpu.device import type_of, type_of_array
from autograd_gpu.device.blocks import smallest

if TYPE_CHECKING:
    from autograd_gpu.core.op import Op, Rule

# NumPy announces overflow and division by zero as warnings; tensors give inf and nan silently, as PyTorch's do. To silence
# them around every call would cost a third of a small addition, so compiled code lets them come: here is where they end
# (and where a user turned them into errors, the call is repeated under silence).
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"autograd_gpu\.")


def execute(source: str, name: str, environment: dict[str, Any]) -> Any:
    """Run generated source and return what it calls `name`. Its file name marks its frames as this package's own."""
    filename = f"<autograd_gpu {name}>"
    errors.internal.add(filename)
    code = compile(source, filename, "exec")
    exec(code, environment)
    return environment[name]


class Modified(Exception):
    """A kept array was changed in place. The engine turns it into the error that users see."""

    def __init__(self, name: str, version: list[Any], expected: int) -> None:
        self.name = name
        self.version = version
        self.expected = expected


def check_group(name: str, versions: Sequence[list[Any]], counts: Sequence[int]) -> None:
    """Raise `Modified` for the first array of a variadic input that was changed in place."""
    for version, expected in zip(versions, counts, strict=True):
        if version[0] != expected:
            raise Modified(name, version, expected)


def compile_pull(
    op: Op, recorded: int, needed: int, variant: str, on_tensors: bool = False
) -> Callable[..., Any]:
    """Compile the pullback: unpack what was kept, check versions, call the rules.

    `variant` is "" for real numbers, "conjugate" for complex ones, "cast" for dtypes that NumPy promotes with
    Python scalars (bfloat16): there results are cast back to the dtype of `g`; "blocks" for large arrays on the CPU.
    With `on_tensors` it takes the node as well, and turns what was kept into tensors that know where they came from.
    """
    if variant == "blocks" and not on_tensors:
        return _in_blocks(op, recorded, needed)
    environment: dict[str, Any] = {
        "Modified": Modified, "check_group": check_group, "unimplemented": unimplemented, "conjugated": conjugated,
        "dtype_of": dtype_of, "rewrapped": rewrapped, "own": own, "carry": _carry,
    }  # fmt: skip
    unpack: list[str] = []
    checks: list[str] = []
    tensors: list[str] = []
    carried: list[str] = []
    for name in op.layout(recorded):
        kept = f"k_{name}"
        if name in op.inputs or name in op.outputs:
            unpack += [kept, f"v_{name}", f"n_{name}"]
            checks.append(f"    if v_{name}[0] != n_{name}: raise Modified({name!r}, v_{name}, n_{name})")
            source = (
                f"edges[{op.inputs.index(name)}]"
                if name in op.inputs
                else f"own(node, {kept}, {op.outputs.index(name)})"
            )
            tensors.append(f"    {kept} = rewrapped({kept}, {source})")
            carried.append(f"        carry({kept}, tangents.get({name!r}))")
        elif name == op.variadic:
            unpack += [kept, f"v_{name}", f"n_{name}"]
            checks.append(f"    check_group({name!r}, v_{name}, n_{name})")
            tensors.append(f"    {kept} = tuple(map(rewrapped, {kept}, edges[{len(op.inputs)}:]))")
            carried.append(
                f"        for each, found in zip({kept}, tangents.get({name!r}) or ()): carry(each, found)"
            )
        else:
            unpack.append(kept)
            if name in op.saves:
                tensors.append(f"    {kept} = rewrapped({kept}, None)")
    lines = [f"def pull(F, g, kept, params{', node' if on_tensors else ''}):"]
    if unpack:
        lines.append(f"    {', '.join(unpack)}, = kept")
    lines += checks
    if on_tensors and tensors:
        lines += ["    edges = node.edges", *tensors]
        if carried:
            lines += ["    if node.hooks is not None:", "        tangents = node.hooks.tangents", *carried]
    conjugate = variant == "conjugate" and op.holomorphic
    if conjugate:
        lines.append("    g = conjugated(F, g)")

    def call(name: str, rule: Rule) -> str:
        environment[f"rule_{name}"] = rule.function
        arguments = ["F", "g", *(f"k_{n}" for n in rule.names)]
        arguments += [f"{p}=params[{p!r}]" for p in rule.params if p != "needs"]
        if "needs" in rule.params:
            arguments.append(f"needs={tuple(bool(needed >> i & 1) for i in range(len(op.groups)))}")
        return f"rule_{name}({', '.join(arguments)})"

    def finish(expression: str) -> str:
        if conjugate:
            return f"F.conj({expression})"
        return f"F.cast({expression}, dtype_of(g))" if variant == "cast" else expression

    plain = on_tensors and bool(op.plain_rules)
    rules = op.plain_rules if plain else op.rules
    if op.joint is not None and not plain:
        joint = call("joint", op.joint)
        if conjugate:
            joint = f"conjugated(F, {joint})"
        elif variant == "cast":
            joint = f"[None if r is None else F.cast(r, dtype_of(g)) for r in {joint}]"
        lines.append(f"    return {joint}")
    else:
        results = []
        for position, name in enumerate(op.groups):
            if not needed >> position & 1:
                results.append("None" if name != op.variadic else "")
            elif name not in rules:
                results.append(f"unimplemented({op.name!r}, {name!r})")
            elif name == op.variadic:
                results.append(
                    f"*({finish('r')} for r in {call(name, rules[name])})"
                    if variant in ("conjugate", "cast")
                    else f"*{call(name, rules[name])}"
                )
            else:
                results.append(finish(call(name, rules[name])))
        lines.append(f"    return ({''.join(result + ', ' for result in results if result)})")
    pull: Callable[..., Any] = execute("\n".join(lines), "pull", environment)
    if not on_tensors:
        _describe(pull, recorded, needed, variant)
    return pull


def _describe(pull: Any, recorded: int, needed: int, variant: str) -> None:
    """Let a pullback say what it is for, so that the engine can ask for its relatives."""
    pull.recorded, pull.needed, pull.variant = recorded, needed, variant
    #: the same on tensors, once it was asked for
    pull.on_tensors = None


def rewrapped(array: Any, node: Node | None) -> Tensor | None:
    """What a node kept, as a tensor that was made by `node`."""
    if array is None:
        return None
    tensor = object.__new__(Tensor)
    tensor._array = array
    tensor._type = type_of(array)
    tensor._node = node
    tensor._view = None
    tensor._changes = [0]
    tensor._grad = None
    return tensor


def own(node: Node, array: Any, index: int) -> Node | None:
    """Where the gradient of one of a node's own outputs, if it has one, comes in."""
    if not type_of(array).differentiable:
        return None
    return Pick(node, index) if isinstance(node, MultiNode) else node


def _carry(tensor: Tensor | None, tangents: dict[int, Tensor] | None) -> None:
    if tensor is not None and tangents:
        tensor.__dict__["_tangents"] = tangents


def _in_blocks(op: Op, recorded: int, needed: int) -> Callable[..., Any]:
    """A pullback of an elementwise op that goes through large arrays block by block."""
    rules = op.pull(recorded, needed)

    def pull(F: Any, g: Any, kept: Any, params: dict[str, Any]) -> Any:
        mine = getrefcount(g) == HANDED_ON and g.base is None
        return F.blocks.pull(rules, F, g, kept, params, mine)

    _describe(pull, recorded, needed, "blocks")
    return pull


def _references_when_handed_on() -> int:
    def called(F: Any, g: Any, kept: Any, params: Any) -> int:
        return getrefcount(g)

    array = bytearray(1)
    return called(None, array, None, None)


#: what getrefcount says of an argument that only the caller's local variable holds besides (interpreters differ)
HANDED_ON = _references_when_handed_on()


def conjugated(F: Any, gradients: Any) -> Any:
    """The conjugate of a gradient, or of each of several."""
    if isinstance(gradients, (list, tuple)):
        return [None if g is None else F.conj(g) for g in gradients]
    return F.conj(gradients)


def dtype_of(gradients: Any) -> Any:
    """The dtype of a gradient, or of the first of several."""
    return gradients[0].dtype if isinstance(gradients, list) else gradients.dtype


def unimplemented(op_name: str, name: str) -> Any:
    raise NotImplementedError(f"the derivative for '{name}' of {op_name} is not implemented")


def compile_call(
    op: Op, apply: Callable[..., Any] = apply, into: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """The function that computes and records a call of `op`; `apply` is where it goes when a call is not plain, `into`
    (if the function is to have a keyword `out`) where it goes when there is one.

    It is compiled when it is first called: a program uses a few dozen of the hundreds of ops that importing the package
    defines. Until then its code is `_first_call`'s; the function object, which others hold, stays the same.
    """
    environment: dict[str, Any] = {
        "Tensor": Tensor, "Node": Node, "Spec": Spec, "new": object.__new__, "record": op, "modes": modes, "apply": apply,
        "into": into, "__name__": "autograd_gpu.compiled", "compute": compute, "type_of": type_of, "node_of": node_of,
        "view_of": view_of, "no_params": {}, "next_sequence": next_sequence, "getframe": sys._getframe,
        "internal": errors.internal, "bottom": _Bottom, "raise_clearly": raise_clearly, "constant": constant,
        "complete": _complete, "array_classes": type_of_array,
        "__builtins__": builtins,  # array libraries import modules late, through the globals of the running function
    }  # fmt: skip
    function = FunctionType(_first_call.__code__, environment, op.name)
    environment[op.name] = environment["itself"] = function
    function.__qualname__ = op.name
    function.__doc__ = op.__doc__
    function.__module__ = op.body.__module__
    parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in op.inputs]
    parameters += [Parameter(name, Parameter.KEYWORD_ONLY) for name in op.params]
    if into is not None:
        parameters.append(Parameter("out", Parameter.KEYWORD_ONLY, default=None))
        function.__kwdefaults__ = {"out": None}
    function.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return function


def _first_call(*arguments: Any, **named: Any) -> Any:
    return complete(record, itself)(*arguments, **named)  # type: ignore[name-defined]  # noqa: F821 - see compile_call


def _complete(op: Op, function: Any) -> Callable[..., Any]:
    """Give a function of `op` the code it was meant to have."""
    environment = function.__globals__
    for mask in range(1, 1 << len(op.inputs)):
        environment[f"pull{mask}"] = op.pull(mask, mask)
    finished = execute(call_source(op, environment["into"] is not None), op.name, dict(environment))
    function.__code__ = finished.__code__
    return function  # type: ignore[no-any-return]


def call_source(op: Op, out: bool = False) -> str:
    """Source of the function that computes and records a call: the hot path of the whole library.

    It handles plain tensors of one real floating dtype on one device, with gradients wanted or not, views included.
    Anything else, and every error, is `apply`'s.
    """
    inputs = op.inputs
    many = range(len(inputs))
    named = (*op.params, "out=None") if out else op.params
    signature = ", ".join((*inputs, "*", *named) if named else inputs)
    operands = f"({', '.join(inputs)},)"
    params = "{" + ", ".join(f"{p!r}: {p}" for p in op.params) + "}" if op.params else "no_params"
    same_type = (
        "".join(f" and x{i}._type is t" for i in many[1:])
        if op.promote != "none"
        else "".join(f" and x{i}._type.device is t.device" for i in many[1:])
    )
    arguments = ", ".join([f"a{i}" for i in many] + [f"{p}={p}" for p in op.params])
    lines = [
        f"def {op.name}({signature}):",
        *([f"    if out is not None: return into(record, out, {operands}, {params})"] if out else ()),
        f"    if {' and '.join(f'isinstance({name}, Tensor)' for name in inputs)} and not modes.intercepting:",
        *(f"        x{i} = {name}" for i, name in enumerate(inputs)),
        "        t = x0._type",
        f"        if t.fast{same_type}:",
        *(f"            a{i} = x{i}._array" for i in many),
    ]
    if op.kind == "elementwise":
        lines += [
            f"            if a0.size >= {smallest(op.name)} and t.namespace.blocks is not None:",
            f"                return apply(record, {operands}, {params})",
        ]
    lines += [
        "            try:",
        f"                array = t.namespace.{op.name}({arguments})",
        "            except (RuntimeWarning, FloatingPointError):",
        f"                array = compute(record, t.namespace, {operands}, ({', '.join(f'a{i}' for i in many)},), {params})",
        "            except Exception as error:",
        f"                raise_clearly(record, {operands}, {params}, error)",
        # NumPy gives scalars where arrays have no dimensions. (An op like to_device changes the class on purpose.)
        f"            if array.__class__ {'is not a0.__class__' if op.out == 'same' else 'not in array_classes'}:",
        "                array = t.namespace.asarray(array)",
        "            out = new(Tensor)",
        "            out._array = array",
        f"            out._type = {'t' if op.out == 'same' else 'type_of(array)'}",
        "            out._grad = None",
    ]
    if op.kind == "view":
        lines += [
            "            out._changes = x0._changes",
            f"            out._view = view_of(x0, record, {params})",
        ]
    else:
        lines += ["            out._changes = [0]", "            out._view = None"]
    if not op.rules:
        lines += ["            out._node = None", "            return out"]
    else:
        lines += [f"            u{i} = x{i}._node if x{i}._view is None else node_of(x{i})" for i in many]
        nothing = " and ".join(f"u{i} is None" for i in many)
        lines += [
            f"            if {nothing} or modes.grad_disabled and not modes.local.grad_enabled"
            + (" or not out._type.differentiable:" if op.out == "infer" else ":"),
            "                out._node = None",
            "                return out",
            "            node = out._node = Node()",
            f"            node.edges = ({', '.join(f'u{i}' for i in many)},)",
        ]
        branches: list[tuple[str, str]] = []
        for choice in product((True, False), repeat=len(inputs)):
            mask = sum(1 << i for i in many if choice[i])
            if mask:
                condition = " and ".join(f"u{i} is not None" for i in many if choice[i])
                branches.append((condition, f"node.pull = pull{mask}; node.kept = {_kept_source(op, mask)}"))
        if len(branches) == 1:
            lines.append(f"            {branches[0][1]}")
        else:
            for number, (condition, statement) in enumerate(branches):
                head = "if" if number == 0 else "elif"
                lines.append(f"            {head} {condition}: {statement}")
        lines += [
            "            node.op = record",
            f"            node.params = {params}",
            "            node.sequence = next_sequence()",
            "            node.shape = array.shape",
            f"            node.type = {'t' if op.out == 'same' else 'out._type'}",
            "            node.hooks = None",
            "            frame = getframe(1)",
            "            node.code = frame.f_code",
            "            while node.code.co_filename in internal: frame = frame.f_back or bottom; node.code = frame.f_code",
            "            node.offset = frame.f_lasti",
            "            return out",
        ]
    if len(inputs) == 2 and op.kind == "elementwise" and op.promote != "none":
        handed_on = "".join(f", {p}={p}" for p in op.params)
        lines.append("    if not modes.intercepting:")
        for literal, tensor in (reversed(inputs), inputs):
            both = ", ".join(
                f"constant({tensor}._type, {name})" if name == literal else name for name in inputs
            )
            lines += [
                f"        if ({literal}.__class__ is float or {literal}.__class__ is int)"
                f" and isinstance({tensor}, Tensor) and {tensor}._type.fast:",
                f"            return {op.name}({both}{handed_on})",
            ]
    lines.append(f"    return apply(record, {operands}, {params})")
    return "\n".join(lines)


def compile_keep(op: Op, mask: int) -> Callable[..., Any]:
    """The function that collects what the rules of the inputs in `mask` asked for, in the order of `op.layout(mask)`,
    for calls on the general road."""
    fixed = len(op.inputs)
    entries = []
    for name in op.layout(mask):
        like = name.endswith("_like")
        source = name.removesuffix("_like")
        if source in op.inputs:
            i = op.inputs.index(source)
            entry = f"Spec(arrays[{i}].shape, tensors[{i}]._type)"
            if not like:
                entry = f"arrays[{i}], (v := tensors[{i}]._changes), v[0]"
            if source in op.optional:
                entry = (
                    f"None if tensors[{i}] is None else {entry}"
                    if like
                    else f"*((None, NEVER, 0) if tensors[{i}] is None else ({entry}))"
                )
        elif source in op.outputs:
            out = f"wrapped[{op.outputs.index(source)}]"
            entry = f"Spec({out}._array.shape, {out}._type)"
            if not like:
                entry = f"{out}._array, (v := {out}._changes), v[0]"
        elif source == op.variadic and like:
            entry = f"Specs([Spec(t._array.shape, t._type) for t in tensors[{fixed}:]])"
        elif source == op.variadic:
            entry = (
                f"tuple(arrays[{fixed}:]), (vs := tuple([t._changes for t in tensors[{fixed}:]])), "
                "tuple([v[0] for v in vs])"
            )
        elif name in op.saves:
            entry = f"saved[{op.saves.index(name)}]"
        else:
            raise TypeError(
                f"a rule of {op.name} asks for {name}, which is neither input nor output nor saved"
            )
        entries.append(entry)
    result = f"({', '.join(entries)},)" if entries else "None"
    source_text = f"def keep(tensors, arrays, wrapped, saved): return {result}"
    keep: Callable[..., Any] = execute(source_text, "keep", {"Spec": Spec, "Specs": Specs, "NEVER": NEVER})
    return keep


class _Bottom:
    """Stands for the frame below the outermost one, when every frame of a thread is this package's own."""

    class f_code:
        co_filename = "?"
        co_firstlineno = 0
        co_name = "?"

        @staticmethod
        def co_positions() -> list[Any]:
            return []

    f_lasti = 0


def _kept_source(op: Op, mask: int) -> str:
    """Source of the tuple of what a call keeps when the inputs in `mask` want gradients."""
    entries = []
    for name in op.layout(mask):
        if name in op.inputs:
            i = op.inputs.index(name)
            entries.append(f"a{i}, (v{i} := x{i}._changes), v{i}[0]")
        elif name in op.outputs:
            entries.append("array, (v := out._changes), v[0]")
        elif name == "out_like":
            entries.append("Spec(array.shape, out._type)")
        else:
            i = op.inputs.index(name.removesuffix("_like"))
            entries.append(f"Spec(a{i}.shape, x{i}._type)")
    return f"({', '.join(entries)},)" if entries else "None"
