"""Layer 2: what an op is, and how a call of one is computed and recorded.

An op is a **body** over a namespace `F`, plus one **rule** per input it has a derivative for:

    @op("elementwise", promote="float")
    def tanh(F, x):
        return F.tanh(x)
    tanh.rule(x=lambda F, g, out: g * (1 - out * out))

A rule's signature says what it needs, and what it needs is what is kept for backward, nothing else:
`g` is the gradient of the output; then, in any order, names of inputs (`x`), of the output (`out`), of extra results of the
body (`saves`), or `x_like` for an input of which only shape and dtype matter; then, keyword-only, parameters.
Run with the device's namespace a rule sees raw arrays; under `create_graph` the same line runs with tensors.

Rules are written for real numbers. For complex ones the engine uses `conj(rule(conj(g)))`, which is right for every
holomorphic op (the gradient convention is PyTorch's: the conjugate Wirtinger derivative); others say `holomorphic=False`.

From the signature this module compiles, once per op, the function that users call (`compile_call`) and the ones that
the engine calls (`compile_pull`): straight-line code, no argument handling. Whatever is out of the ordinary (scalars, mixed
dtypes, devices, complex numbers, active interceptors, errors) goes to `apply`, which takes its time.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any, Literal

import numpy as np

from autograd_gpu import dtypes, errors
from autograd_gpu.core import modes
from autograd_gpu.core.graph import (
    Array, MultiNode, Node, Pick, Spec, Specs, Tensor, View, next_sequence, node_of, wrap,
)  # fmt: skip
from autograd_gpu.device import SILENT, ArrayType, Device, restore, silence, type_of

Kind = Literal["elementwise", "linear", "bilinear", "reduction", "view", "general"]
Promote = Literal["common", "float", "none"]

# NumPy announces overflow and division by zero as warnings; tensors give inf and nan silently, as PyTorch's do. To silence
# them around every call would cost a third of a small addition, so compiled code lets them come: here is where they end
# (and where a user turned them into errors, the call is repeated under silence).
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"autograd_gpu\.compiled")

#: every op by name; the tests and the namespaces are generated from it
REGISTRY: dict[str, Op] = {}

#: the version of what can never change: constants and absent inputs
NEVER: list[Any] = [0]


class Rule:
    """A derivative and what its signature asks for."""

    __slots__ = ("function", "names", "params")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        parameters = list(inspect.signature(function).parameters.values())
        positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        if positional[:2] != ["F", "g"]:
            raise TypeError(f"a rule starts with F, g; this one with {positional[:2]}")
        self.names = tuple(positional[2:])
        self.params = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


class Op:
    """One differentiable op; see the module's docstring. `apply` records a call, `public` is what users call."""

    def __init__(
        self,
        body: Callable[..., Any],
        kind: Kind,
        *,
        promote: Promote,
        out: Literal["same", "infer"],
        outputs: Sequence[str],
        saves: Sequence[str],
        holomorphic: bool,
        fused: bool,
        grad_name: str | None,
        register: bool = True,
    ) -> None:
        self.name: str = body.__name__
        self.body = body
        self.kind: Kind = kind
        self.promote: Promote = promote
        self.out = out
        self.outputs = tuple(outputs)
        self.saves = tuple(saves)
        self.holomorphic = holomorphic
        self.fused = fused
        self.grad_name: str = grad_name or "".join(part.capitalize() for part in self.name.split("_")) + "Backward0"
        self.__doc__ = body.__doc__
        self.__name__ = self.name

        parameters = list(inspect.signature(body).parameters.values())[1:]
        self.inputs: tuple[str, ...] = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
        self.optional: frozenset[str] = frozenset(
            p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is None
        )
        variadic = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
        self.variadic: str | None = variadic[0] if variadic else None
        self.params: tuple[str, ...] = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        self.groups: tuple[str, ...] = self.inputs + ((self.variadic,) if self.variadic else ())

        self.rules: dict[str, Rule] = {}
        self.joint: Rule | None = None
        #: how users' mistakes are told apart, if the op can do better than its array library: fn(inputs, params)
        self.explain_error: Callable[..., None] | None = None
        self.forward_name = self.name + "_forward" if self.saves else self.name
        self._pulls: dict[tuple[int, int, str], Callable[..., Any]] = {}
        self._layouts: dict[int, tuple[str, ...]] = {}
        if register:
            if self.name in REGISTRY:
                raise ValueError(f"there is an op named {self.name} already")
            REGISTRY[self.name] = self
        self.apply: Callable[..., Any] = partial(apply_keywords, self)
        self.public: Callable[..., Any] = self.apply

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        return self.apply(*inputs, **params)

    def __repr__(self) -> str:
        return f"<op {self.name}({', '.join(self.groups + self.params)}): {self.kind}>"

    # -- definition ----------------------------------------------------------------------------------------------

    def rule(self, **rules: Callable[..., Any]) -> None:
        """Say the derivative with respect to each named input, then compile the op."""
        for name, function in rules.items():
            if name not in self.groups:
                raise TypeError(f"{self.name} has no input {name}: its inputs are {self.groups}")
            self.rules[name] = Rule(function)
        self._compile()

    def joint_rule(self, function: Callable[..., Any]) -> None:
        """Say all derivatives at once: the rule takes a keyword `needs` (a tuple of bools, one per input) and returns
        one gradient per input, None where not needed."""
        self.joint = Rule(function)
        self.rules = {name: self.joint for name in self.groups}
        self._compile()

    def no_rule(self) -> None:
        """Say that the op has no derivative: its output never requires grad."""
        self._compile()

    def surface(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator for the function users call, when it has more to say than the body's canonical arguments."""
        self.public = function
        setattr(TensorNamespace, self.name, staticmethod(function))
        return function

    def _compile(self) -> None:
        simple = not (self.optional or self.variadic or self.saves or len(self.outputs) > 1 or len(self.inputs) > 3)
        surfaced = self.public is not self.apply
        if simple and self.inputs:
            self.apply = compile_call(self)
        if not surfaced:
            self.public = self.apply
            setattr(TensorNamespace, self.name, staticmethod(self.apply))

    # -- use -----------------------------------------------------------------------------------------------------

    def layout(self, mask: int) -> tuple[str, ...]:
        """The names kept when the inputs in `mask` (one bit per input or group) want gradients."""
        found = self._layouts.get(mask)
        if found is None:
            names: dict[str, None] = {}
            for position, group in enumerate(self.groups):
                if mask >> position & 1 and group in self.rules:
                    names.update(dict.fromkeys(self.rules[group].names))
            if self.fused and mask:  # a higher derivative runs the body again, which needs the inputs
                names.update(dict.fromkeys(self.fused_inputs()))
            # Arrays last: the engine tells by the last entry whether there is anything to free.
            found = self._layouts[mask] = tuple(sorted(names, key=lambda name: not name.endswith("_like")))
        return found

    def fused_inputs(self) -> tuple[str, ...]:
        """Inputs that some rule keeps; the derivative does not depend on the others."""
        used = {name for rule in self.rules.values() for name in rule.names}
        return tuple(name for name in self.inputs if name in used)

    def pull(self, recorded: int, needed: int, variant: str = "") -> Callable[..., Any]:
        """The function (F, g, kept, params) -> gradients for a node recorded with mask `recorded`."""
        key = (recorded, needed, variant)
        found = self._pulls.get(key)
        if found is None:
            found = self._pulls[key] = compile_pull(self, recorded, needed, variant)
        return found


def op(
    kind: Kind = "general",
    *,
    promote: Promote = "none",
    out: Literal["same", "infer"] = "same",
    outputs: Sequence[str] = ("out",),
    saves: Sequence[str] = (),
    holomorphic: bool = True,
    fused: bool = False,
    grad_name: str | None = None,
) -> Callable[[Callable[..., Any]], Op]:
    """Decorator that makes an `Op` of a body. The body's positional arguments are arrays (default None: may be absent;
    `*name`: any number), its keyword-only arguments are parameters.

    Args:
        kind: what the forward-mode, vmap and test machinery may assume. "elementwise" broadcasts; the engine sums
            gradients to each input's shape. For "linear" ops the tangent is the op itself, "bilinear" twice.
        promote: "common": inputs are brought to their common dtype; "float": and integers to the default float dtype;
            "none": inputs may have different dtypes and are taken as they are.
        out: "same": the output has the (promoted) dtype of the first input; "infer": look at the result.
        outputs: names of the results that users see, for rules to refer to; ("*",) for a tuple of any length.
        saves: names of further results of the body that only rules see.
        holomorphic: see the module's docstring.
        fused: the rules are for raw arrays only; derivatives of higher order go through the body.
        grad_name: PyTorch's name of the node, if it is not the op's in CamelCase with "Backward0".
    """

    def make(body: Callable[..., Any]) -> Op:
        return Op(
            body, kind, promote=promote, out=out, outputs=outputs, saves=saves,
            holomorphic=holomorphic, fused=fused, grad_name=grad_name,
        )  # fmt: skip

    return make


#: what `import autograd_gpu as ag` offers: name -> function; and Tensor's methods
FUNCTIONS: dict[str, Callable[..., Any]] = {}
METHODS: dict[str, Callable[..., Any]] = {}


def expose(function: Op | Callable[..., Any], *names: str, function_too: bool = True, method: bool = True) -> None:
    """Publish an op (or a plain function of tensors) under `names`, as ``ag.name`` and as ``Tensor.name``."""
    target = function.public if isinstance(function, Op) else function
    for name in names:
        for table, wanted in ((FUNCTIONS, function_too), (METHODS, method)):
            if wanted:
                if name in table:
                    raise ValueError(f"{name} is exposed already")
                table[name] = target


# -- the namespaces ------------------------------------------------------------------------------------------------------


class TensorNamespace:
    """`F` under create_graph: the ops themselves, on tensors. Filled from the registry."""

    def __init__(self, device: Device) -> None:
        self.device = device


_tensor_namespaces: dict[Device, TensorNamespace] = {}


def tensor_namespace(device: Device) -> TensorNamespace:
    """The differentiable namespace whose factories make tensors on `device`."""
    found = _tensor_namespaces.get(device)
    if found is None:
        found = _tensor_namespaces[device] = TensorNamespace(device)
    return found


def install(namespace: Any) -> None:
    """Give a raw namespace every op whose body it does not override with an implementation of its own."""
    for record in REGISTRY.values():
        if not hasattr(namespace, record.forward_name):
            setattr(namespace, record.forward_name, partial(record.body, namespace))
        if record.saves and not hasattr(namespace, record.name):
            setattr(namespace, record.name, partial(_without_saves, namespace, record))


def _without_saves(namespace: Any, record: Op, *arrays: Array, **params: Any) -> Any:
    results = getattr(namespace, record.forward_name)(*arrays, **params)
    visible = len(record.outputs)
    return results[0] if visible == 1 else results[:visible]


# -- compiled code -------------------------------------------------------------------------------------------------------


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


def compile_pull(op: Op, recorded: int, needed: int, variant: str) -> Callable[..., Any]:
    """Compile the pullback: unpack what was kept, check versions, call the rules.

    `variant` is "" for real numbers, "conjugate" for complex ones, "cast" for dtypes that NumPy promotes with
    Python scalars (bfloat16): there results are cast back to the dtype of `g`.
    """
    environment: dict[str, Any] = {"Modified": Modified, "check_group": check_group, "unimplemented": unimplemented}
    unpack: list[str] = []
    checks: list[str] = []
    for name in op.layout(recorded):
        kept = f"k_{name}"
        if name in op.inputs or name in op.outputs:
            unpack += [kept, f"v_{name}", f"n_{name}"]
            checks.append(f"    if v_{name}[0] != n_{name}: raise Modified({name!r}, v_{name}, n_{name})")
        elif name == op.variadic:
            unpack += [kept, f"v_{name}", f"n_{name}"]
            checks.append(f"    check_group({name!r}, v_{name}, n_{name})")
        else:
            unpack.append(kept)
    lines = ["def pull(F, g, kept, params):"]
    if unpack:
        lines.append(f"    {', '.join(unpack)}, = kept")
    lines += checks
    if variant == "conjugate" and op.holomorphic:
        lines.append("    g = F.conj(g)")

    def call(name: str, rule: Rule) -> str:
        environment[f"rule_{name}"] = rule.function
        arguments = ["F", "g", *(f"k_{n}" for n in rule.names)]
        arguments += [f"{p}=params[{p!r}]" for p in rule.params if p != "needs"]
        if "needs" in rule.params:
            arguments.append(f"needs={tuple(bool(needed >> i & 1) for i in range(len(op.groups)))}")
        return f"rule_{name}({', '.join(arguments)})"

    def finish(expression: str) -> str:
        if variant == "conjugate" and op.holomorphic:
            return f"F.conj({expression})"
        return f"F.cast({expression}, g.dtype)" if variant == "cast" else expression

    if op.joint is not None:
        lines.append(f"    return {call('joint', op.joint)}")
    else:
        results = []
        for position, name in enumerate(op.groups):
            if not needed >> position & 1:
                results.append("None" if name != op.variadic else "")
            elif name not in op.rules:
                results.append(f"unimplemented({op.name!r}, {name!r})")
            elif name == op.variadic:
                results.append(f"*({finish('r')} for r in {call(name, op.rules[name])})" if variant else f"*{call(name, op.rules[name])}")
            else:
                results.append(finish(call(name, op.rules[name])))
        lines.append(f"    return ({''.join(result + ', ' for result in results if result)})")
    pull: Callable[..., Any] = execute("\n".join(lines), "pull", environment)
    pull.variant = variant  # type: ignore[attr-defined]
    return pull


def unimplemented(op_name: str, name: str) -> Any:
    raise NotImplementedError(f"the derivative for '{name}' of {op_name} is not implemented")


def compile_call(op: Op) -> Callable[..., Any]:
    """Compile the function that computes and records a call: the hot path of the whole library.

    It handles plain tensors of one real floating dtype on one device, with gradients wanted or not, views included.
    Anything else, and every error, is `apply`'s.
    """
    inputs = op.inputs
    many = range(len(inputs))
    signature = ", ".join(inputs + (("*",) + op.params if op.params else ()))
    params = "{" + ", ".join(f"{p!r}: {p}" for p in op.params) + "}" if op.params else "no_params"
    same_type = "".join(f" and x{i}._type is t" for i in many[1:]) if op.promote != "none" else "".join(
        f" and x{i}._type.device is t.device" for i in many[1:]
    )
    arguments = ", ".join([f"a{i}" for i in many] + [f"{p}={p}" for p in op.params])
    lines = [
        f"def {op.name}({signature}):",
        f"    if {' and '.join(f'isinstance({name}, Tensor)' for name in inputs)} and not modes.intercepting:",
        *(f"        x{i} = {name}" for i, name in enumerate(inputs)),
        "        t = x0._type",
        f"        if t.fast{same_type}:",
        *(f"            a{i} = x{i}._array" for i in many),
        "            try:",
        f"                array = t.namespace.{op.name}({arguments})",
        "            except (RuntimeWarning, FloatingPointError):",
        f"                array = compute(record, t.namespace, ({', '.join(inputs)},), ({', '.join(f'a{i}' for i in many)},), {params})",
        "            except Exception as error:",
        f"                raise_clearly(record, ({', '.join(inputs)},), {params}, error)",
        "            if array.__class__ is not a0.__class__: array = t.namespace.asarray(array)",
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
            "            while frame.f_code.co_filename in internal: frame = frame.f_back or bottom",
            "            node.code = frame.f_code",
            "            node.offset = frame.f_lasti",
            "            return out",
        ]
    lines.append(f"    return apply(record, ({', '.join(inputs)},), {params})")
    environment: dict[str, Any] = {
        "Tensor": Tensor, "Node": Node, "Spec": Spec, "new": object.__new__, "record": op, "modes": modes, "apply": apply,
        "__name__": "autograd_gpu.compiled", "compute": compute, "type_of": type_of, "node_of": node_of,
        "view_of": view_of, "no_params": {}, "next_sequence": next_sequence, "getframe": sys._getframe,
        "internal": errors.internal, "bottom": _Bottom, "raise_clearly": raise_clearly,
    }  # fmt: skip
    for mask in range(1, 1 << len(inputs)):
        environment[f"pull{mask}"] = op.pull(mask, mask)
    function: Callable[..., Any] = execute("\n".join(lines), op.name, environment)
    function.__doc__ = op.__doc__
    function.__module__ = op.body.__module__
    return function


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


def replay(F: Any, x: Any, steps: Sequence[tuple[Op, dict[str, Any]]]) -> Any:
    """Run the view ops of a `View` again: with a raw namespace on a raw array, with a TensorNamespace on a tensor."""
    for step, params in steps:
        given = {name: value for name, value in params.items() if name != "output"}
        x = step.apply(x, **given) if isinstance(x, Tensor) else getattr(F, step.forward_name)(x, **given)
        if "output" in params:
            x = x[params["output"]]
    return x


def view_of(x: Tensor, op: Op, params: dict[str, Any]) -> View:
    """The View that `op` makes of `x`: always in terms of the tensor that owns the memory."""
    restriction = None
    if modes.grad_disabled and not modes.local.grad_enabled:
        restriction = "no_grad"
    old = x._view
    if old is None:
        return View(x, ((op, params),), restriction)
    return View(old.base, (*old.steps, (op, params)), old.restriction or restriction)


# -- the general road ----------------------------------------------------------------------------------------------------


def apply_keywords(op: Op, *inputs: Any, **params: Any) -> Any:
    """What `op.apply` is for ops too irregular for compiled code."""
    return apply(op, inputs, params)


def apply(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
    """Compute and record a call of `op`, whatever its inputs are."""
    if modes.intercepting and modes.local.interceptors:
        return modes.local.interceptors[-1](op, inputs, params)
    tensors = prepare(op, inputs)
    first = next((t for t in tensors if t is not None), None)
    if first is None:
        raise TypeError(f"{op.name}(): expected at least one tensor")
    arrays = [None if t is None else t._array for t in tensors]
    results = compute(op, first._type.namespace, tensors, arrays, params)
    return record(op, tensors, arrays, results, params)


def compute(op: Op, namespace: Any, inputs: Sequence[Any], arrays: Sequence[Array], params: dict[str, Any]) -> Any:
    """Run the forward on raw arrays; errors come out in the users' terms."""
    token = silence(SILENT)
    try:
        return getattr(namespace, op.forward_name)(*arrays, **params)
    except Exception as error:
        raise_clearly(op, inputs, params, error)
    finally:
        restore(token)


def record(op: Op, tensors: Sequence[Tensor | None], arrays: Sequence[Array], results: Any, params: dict[str, Any]) -> Any:
    """Wrap the results of a call and remember how they were made."""
    main = next(t for t in tensors if t is not None)
    visible = 1 if op.outputs == ("out",) else len(op.outputs)
    if op.outputs == ("*",):
        outputs, saved = list(results), ()
    elif op.saves or visible > 1:
        outputs, saved = list(results[:visible]), results[visible:]
    else:
        outputs, saved = [results], ()
    wrapped = [_wrap_result(op, array, main) for array in outputs]
    if op.kind == "view":
        for index, tensor in enumerate(wrapped):
            tensor._changes = main._changes
            if op.outputs == ("*",):
                tensor._view = view_of(main, op, {**params, "output": index})
                tensor._view.restriction = "multiple"
            else:
                tensor._view = view_of(main, op, params)

    edges = tuple(None if t is None else node_of(t) for t in tensors)
    if op.rules and any(edges) and modes.local.grad_enabled:
        attach(op, tensors, arrays, edges, wrapped, saved, params)
    if op.outputs == ("*",):
        return tuple(wrapped)
    return wrapped[0] if visible == 1 else tuple(wrapped)


def _wrap_result(op: Op, array: Array, main: Tensor) -> Tensor:
    tensor = wrap(array)
    if op.out == "same" and tensor._type is not main._type and op.outputs == ("out",):
        # ml_dtypes promotes bfloat16 with Python scalars; the op's dtype is what it was given.
        tensor = wrap(main._type.namespace.cast(tensor._array, main._type.numpy))
    return tensor


def attach(
    op: Op,
    tensors: Sequence[Tensor | None],
    arrays: Sequence[Array],
    edges: tuple[Node | None, ...],
    wrapped: Sequence[Tensor],
    saved: Sequence[Array],
    params: dict[str, Any],
) -> None:
    """Make the node of a call and give it to the outputs that can have a gradient."""
    targets = [t for t in wrapped if t._type.differentiable]
    if not targets:
        return
    fixed = len(op.inputs)
    mask = 0
    for position, edge in enumerate(edges):
        if edge is not None:
            mask |= 1 << min(position, fixed)
    node = Node.__new__(Node) if len(targets) == 1 else MultiNode.__new__(MultiNode)
    node.op = op
    node.edges = edges
    node.pull = op.pull(mask, mask, _variant(tensors, targets[0]))
    node.params = params
    node.sequence = next_sequence()
    node.hooks = None
    node.code, node.offset = errors.user_frame()
    node.kept = keep(op, mask, tensors, arrays, wrapped, saved)
    if len(targets) == 1:
        node.shape = targets[0]._array.shape
        node.type = targets[0]._type
        targets[0]._node = node
        return
    assert isinstance(node, MultiNode)
    node.shape = ()
    node.type = targets[0]._type
    node.outputs = tuple(Spec(t._array.shape, t._type) for t in wrapped)
    node.materialize = True
    for index, tensor in enumerate(wrapped):
        if tensor._type.differentiable:
            pick = Pick.__new__(Pick)
            pick.op = op
            pick.edges = (node,)
            pick.pull = None
            pick.kept = None
            pick.params = params
            pick.hooks = None
            pick.sequence = next_sequence()
            pick.shape = tensor._array.shape
            pick.type = tensor._type
            pick.code, pick.offset = node.code, node.offset
            pick.index = index
            tensor._node = pick


def _variant(tensors: Sequence[Tensor | None], output: Tensor) -> str:
    types = [t._type for t in tensors if t is not None and t._type.differentiable]
    if output._type.is_complex or any(t.is_complex for t in types):
        return "conjugate"
    if any(t.dtype is dtypes.bfloat16 for t in types) and all(t is output._type for t in types):
        return "cast"
    return ""


def keep(
    op: Op,
    mask: int,
    tensors: Sequence[Tensor | None],
    arrays: Sequence[Array],
    wrapped: Sequence[Tensor],
    saved: Sequence[Array],
) -> tuple[Any, ...] | None:
    """What the rules of the inputs in `mask` asked for, in the order of `op.layout(mask)`."""
    fixed = len(op.inputs)
    kept: list[Any] = []
    for name in op.layout(mask):
        like = name.endswith("_like")
        source = name.removesuffix("_like")
        if source in op.inputs:
            index = op.inputs.index(source)
            tensor = tensors[index]
            if tensor is None:
                kept += [None] if like else [None, NEVER, 0]
            elif like:
                kept.append(Spec(arrays[index].shape, tensor._type))
            else:
                kept += [arrays[index], tensor._changes, tensor._changes[0]]
        elif source in op.outputs:
            output = wrapped[op.outputs.index(source)]
            kept += [Spec(output._array.shape, output._type)] if like else [output._array, output._changes, output._changes[0]]
        elif source == op.variadic:
            members = tensors[fixed:]
            if like:
                kept.append(Specs(Spec(t._array.shape, t._type) for t in members if t is not None))
            else:
                versions = tuple(t._changes for t in members if t is not None)
                kept += [tuple(arrays[fixed:]), versions, tuple(v[0] for v in versions)]
        elif name in op.saves:
            kept.append(saved[op.saves.index(name)])
        else:
            raise TypeError(f"a rule of {op.name} asks for {name}, which is neither input nor output nor saved")
    return tuple(kept) if kept else None


# -- operands ------------------------------------------------------------------------------------------------------------

_NUMBERS = (bool, int, float, complex, np.generic)


def constant(type: ArrayType, value: Any) -> Tensor:
    """A Python number as an operand of the given type. Common ones are made once."""
    key = value if value else repr(value)  # 0.0 and -0.0 are equal but not the same
    try:
        return type.constants[key]  # type: ignore[no-any-return]
    except KeyError:
        pass
    try:
        array = type.namespace.scalar(value, type.numpy)
    except OverflowError:
        raise RuntimeError(
            f"value cannot be converted to type {type.dtype.name} without overflow: {value}{errors.here()}"
        ) from None
    tensor = Tensor.__new__(Tensor)
    tensor._array = array
    tensor._type = type
    tensor._node = None
    tensor._view = None
    tensor._changes = NEVER
    tensor._grad = None
    if len(type.constants) >= 4096:
        type.constants.clear()
    type.constants[key] = tensor
    return tensor


def prepare(op: Op, inputs: Sequence[Any]) -> list[Tensor | None]:
    """Check the inputs of a call and bring them to one device and, if the op wants that, one dtype."""
    tensors: list[Any] = list(inputs)
    device: Device | None = None
    plain = True
    for position, value in enumerate(tensors):
        if isinstance(value, Tensor):
            if device is None or (value._type.device is not device and device.type == "cpu"):
                device = value._type.device
        elif value is None:
            if not (position < len(op.inputs) and op.inputs[position] in op.optional):
                raise _not_a_tensor(op, position, value)
        elif op.promote == "none" or not isinstance(value, _NUMBERS):
            raise _not_a_tensor(op, position, value)
        else:
            plain = False
    if device is None:
        if op.promote == "none" or all(value is None for value in tensors):
            raise _not_a_tensor(op, 0, tensors[0])
        device = Device("cpu")
    for position, value in enumerate(tensors):
        if isinstance(value, Tensor) and value._type.device is not device:
            # As in PyTorch, a zero-dim CPU tensor may meet tensors on a GPU.
            if op.promote != "none" and value._type.device.type == "cpu" and value._array.ndim == 0:
                tensors[position] = value.to(device)
            else:
                found = sorted({str(t._type.device) for t in tensors if isinstance(t, Tensor)})
                raise RuntimeError(
                    f"Expected all tensors to be on the same device, but found at least two devices, {' and '.join(found)}! "
                    f"(when checking argument {_argument_name(op, position)!r} of {op.name}; move it with .to({str(device)!r}))"
                    f"{errors.here()}"
                )
    if op.promote == "none":
        return tensors
    first = tensors[0]
    if plain and all(t is None or t._type is first._type for t in tensors):
        dtype = first._type.dtype
    else:
        dtype = dtypes.result_type(*(operand(value) for value in tensors if value is not None))
    if op.promote == "float" and dtype.category < dtypes.FLOAT:
        dtype = dtypes.get_default_dtype()
    target = type_for_device(dtype, device)
    for position, value in enumerate(tensors):
        if value is None:
            continue
        if not isinstance(value, Tensor):
            tensors[position] = constant(target, value.item() if isinstance(value, np.generic) else value)
        elif value._type is not target:
            tensors[position] = REGISTRY["cast"].apply(value, dtype=target.numpy)
    return tensors


def operand(value: Any) -> tuple[dtypes.DType, int]:
    """A value as `dtypes.result_type` wants it: dtype and rank among operands."""
    if isinstance(value, Tensor):
        return value._type.dtype, dtypes.DIMENSIONED if value._array.ndim else dtypes.ZERO_DIM
    if isinstance(value, np.generic):
        value = value.item()
    return dtypes.scalar_dtype(value), dtypes.SCALAR


def type_for_device(dtype: dtypes.DType, device: Device) -> ArrayType:
    """The ArrayType of a dtype on a device (a late import keeps CUDA out of `import autograd_gpu`)."""
    from autograd_gpu.device import type_for

    return type_for(dtype, device)


def _argument_name(op: Op, position: int) -> str:
    return op.inputs[position] if position < len(op.inputs) else f"{op.variadic}[{position - len(op.inputs)}]"


def _not_a_tensor(op: Op, position: int, value: Any) -> TypeError:
    hint = ""
    if isinstance(value, np.ndarray):
        hint = " (turn it into one with ag.from_numpy or ag.tensor)"
    return TypeError(
        f"{op.name}(): argument '{_argument_name(op, position)}' (position {position + 1}) must be Tensor, "
        f"not {type(value).__name__}{hint}{errors.here()}"
    )


# -- errors --------------------------------------------------------------------------------------------------------------


def describe(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> str:
    """``add(x: float32[2, 3], y: float32[4])`` and the user's line, for the end of a message."""
    parts = []
    for position, value in enumerate(inputs):
        if isinstance(value, Tensor):
            parts.append(f"{_argument_name(op, position)}: {value._type.dtype.name}{list(value._array.shape)}")
        else:
            parts.append(f"{_argument_name(op, position)}: {value!r}")
    parts += [f"{name}={value!r}" for name, value in params.items() if not hasattr(value, "__array__")]
    return f"\n  in {op.name}({', '.join(parts)}){errors.here()}"


def raise_clearly(op: Op, inputs: Sequence[Any], params: dict[str, Any], error: Exception) -> None:
    """Raise what PyTorch would for a failed forward, with op, arguments, shapes and the user's line."""
    where = describe(op, inputs, params)
    if op.explain_error is not None:
        try:
            op.explain_error(inputs, params)
        except Exception as better:
            raise type(better)(f"{better}{where}") from None
    shapes = [tuple(t._array.shape) for t in inputs if isinstance(t, Tensor)]
    if op.kind == "elementwise" and isinstance(error, ValueError) and len(shapes) > 1:
        raise RuntimeError(broadcast_message(shapes) + where) from None
    if isinstance(error, MemoryError):
        raise errors.OutOfMemoryError(f"{op.name}: {error}{where}") from error
    if isinstance(error, (IndexError, TypeError, NotImplementedError, RuntimeError, OverflowError)):
        raise type(error)(f"{error}{where}") from error
    raise RuntimeError(f"{op.name}: {error}{where}") from error


def broadcast_message(shapes: Sequence[tuple[int, ...]]) -> str:
    """PyTorch's sentence for shapes that do not broadcast."""
    for position, first in enumerate(shapes):
        for second in shapes[position + 1 :]:
            width = max(len(first), len(second))
            a = (1,) * (width - len(first)) + first
            b = (1,) * (width - len(second)) + second
            for dim in reversed(range(width)):
                if a[dim] != b[dim] and 1 not in (a[dim], b[dim]):
                    return (
                        f"The size of tensor a ({a[dim]}) must match the size of tensor b ({b[dim]}) "
                        f"at non-singleton dimension {dim}"
                    )
    return f"shapes {', '.join(str(list(s)) for s in shapes)} cannot be broadcast together"
