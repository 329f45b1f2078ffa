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
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

from autograd_gpu.core.call import (
    REGISTRY,
    apply,
    apply_keywords,
    apply_operator,
    constant,
    describe,
    operand,
)  # fmt: skip
from autograd_gpu.core.compile import compile_call, compile_keep, compile_pull
from autograd_gpu.core.graph import Array
from autograd_gpu.device import Device

__all__ = [
    "FUNCTIONS", "METHODS", "REGISTRY", "Op", "Rule", "TensorNamespace", "apply", "constant", "describe",
    "elementwise_gradient", "expose", "fused_gradient", "install", "op", "operand", "tensor_namespace",
]  # fmt: skip

Kind = Literal["elementwise", "linear", "bilinear", "reduction", "view", "general"]
Promote = Literal["common", "float", "none"]


#: called with each op when its rules are known
when_defined: list[Callable[[Op], None]] = []


def parameter_names(function: Callable[..., Any]) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    """Names of the positional parameters, of ``*args`` (or None), and of the keyword-only ones.

    Read off the code object: `inspect.signature` for every op and rule would be a third of the package's import time.
    """
    code = inspect.unwrap(function).__code__
    fixed, named = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames
    variadic = names[fixed + named] if code.co_flags & inspect.CO_VARARGS else None
    return names[:fixed], variadic, names[fixed : fixed + named]


class Rule:
    """A derivative and what its signature asks for."""

    __slots__ = ("function", "names", "params")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        positional, _, self.params = parameter_names(function)
        if positional[:2] != ("F", "g"):
            raise TypeError(f"a rule starts with F, g; this one with {positional[:2]}")
        self.names = positional[2:]


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
        self.grad_name: str = (
            grad_name or "".join(part.capitalize() for part in self.name.split("_")) + "Backward0"
        )
        self.__doc__ = body.__doc__
        self.__name__ = self.name

        positional, self.variadic, self.params = parameter_names(body)
        self.inputs = positional[1:]
        defaults: tuple[Any, ...] = inspect.unwrap(body).__defaults__ or ()
        self.optional: frozenset[str] = frozenset(positional[len(positional) - len(defaults) :])
        self.groups: tuple[str, ...] = self.inputs + ((self.variadic,) if self.variadic else ())

        self.rules: dict[str, Rule] = {}
        self.joint: Rule | None = None
        #: of a fused op: its derivative in plain ops, for derivatives of higher order; without it the body runs again
        self.plain_rules: dict[str, Rule] = {}
        #: looks at the operands (before promotion) of calls that are not plain, and raises for dtypes the op cannot take
        self.check: Callable[[Sequence[Any]], None] | None = None
        #: how users' mistakes are told apart, if the op can do better than its array library: fn(inputs, params)
        self.explain_error: Callable[..., None] | None = None
        self.forward_name = self.name + "_forward" if self.saves else self.name
        self._pulls: dict[tuple[int, int, str], Callable[..., Any]] = {}
        self._layouts: dict[int, tuple[str, ...]] = {}
        #: functions (tensors, arrays, wrapped, saved) -> what a node keeps, by the mask of inputs that want gradients
        self.keepers: dict[int, Callable[..., Any]] = {}
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
        self.rules = dict.fromkeys(self.groups, self.joint)
        self._compile()

    def plain_rule(self, **rules: Callable[..., Any]) -> None:
        """Say the derivatives of a fused op in plain ops, for derivatives of higher order. What the body `saves` is
        constant in them."""
        self.plain_rules = {name: Rule(function) for name, function in rules.items()}

    def operator(self) -> Callable[..., Any]:
        """`apply` for Python's operators: returns NotImplemented for operands it does not know."""
        return compile_call(self, apply_operator)

    def no_rule(self) -> None:
        """Say that the op has no derivative: its output never requires grad."""
        self._compile()

    def surface(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator for the function users call, when it has more to say than the body's canonical arguments."""
        self.public = function
        named: Any = function
        while (
            named is not None
        ):  # so that Python's own complaints about arguments use the name that users know
            named.__name__ = named.__qualname__ = self.name
            named = getattr(named, "__wrapped__", None)
        setattr(TensorNamespace, self.name, staticmethod(function))
        return function

    def _compile(self) -> None:
        for tell in when_defined:
            tell(self)
        simple = not (
            self.optional or self.variadic or self.saves or self.outputs != ("out",) or len(self.inputs) > 3
        )
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
                    if group in self.plain_rules:
                        names.update(dict.fromkeys(self.plain_rules[group].names))
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

    def keeper(self, mask: int) -> Callable[..., Any]:
        """The function in `keepers` for a mask, made now."""
        self.keepers[mask] = compile_keep(self, mask)
        return self.keepers[mask]

    def pull_on_tensors(self, pull: Any) -> Callable[..., Any]:
        """The function (F, g, kept, params, node) -> gradients that computes in tensors what `pull` does in arrays."""
        pull.on_tensors = compile_pull(self, pull.recorded, pull.needed, pull.variant, on_tensors=True)
        return pull.on_tensors  # type: ignore[no-any-return]


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


def expose(
    function: Op | Callable[..., Any], *names: str, function_too: bool = True, method: bool = True
) -> None:
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


#: functions of raw arrays that rules of fused ops call and devices may have kernels for, in plain ops
FUSED_GRADIENTS: dict[str, Callable[..., Any]] = {}


def fused_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: install ``function(F, ...)`` in the raw namespaces under its name, unless they have a kernel of that name."""
    FUSED_GRADIENTS[function.__name__] = function
    return function


def elementwise_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a rule that devices may have a kernel for: ``F.NAME(g, ...)`` is then that kernel, or ``function(F, g,
    ...)`` where there is none and on tensors. For rules of several steps, on each of which a device would go through memory.
    """
    setattr(TensorNamespace, function.__name__, function)
    return fused_gradient(function)


def install(namespace: Any) -> None:
    """Give a raw namespace every op whose body it does not override with an implementation of its own.

    A namespace with ``with_kernel(name, body)`` may put something in front of the body, which gets the namespace first, too.
    """
    with_kernel = getattr(namespace, "with_kernel", None)

    def put(name: str, body: Callable[..., Any]) -> None:
        if not hasattr(namespace, name):
            setattr(
                namespace, name, partial(body if with_kernel is None else with_kernel(name, body), namespace)
            )

    for name, function in FUSED_GRADIENTS.items():
        put(name, function)
    for record in REGISTRY.values():
        put(record.forward_name, record.body)
        if record.saves and not hasattr(namespace, record.name):
            setattr(namespace, record.name, partial(_without_saves, namespace, record))


def _without_saves(namespace: Any, record: Op, *arrays: Array, **params: Any) -> Any:
    results = getattr(namespace, record.forward_name)(*arrays, **params)
    visible = len(record.outputs)
    return results[0] if visible == 1 else results[:visible]
